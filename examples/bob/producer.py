# SPDX-License-Identifier: Apache-2.0
# Sends one greeting to the topic "events". A plain kafka-python program: it runs on eddy and on Apache Kafka alike.
import os

from kafka import KafkaProducer

servers = os.environ.get("BOOTSTRAP", "localhost:9092")

producer = KafkaProducer(bootstrap_servers=servers, acks="all")
sent = producer.send("events", b"Hello from Bob!").get(timeout=30)
print(f"Sent to {sent.topic}[{sent.partition}] at offset {sent.offset}")
producer.close()
