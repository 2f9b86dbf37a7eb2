# SPDX-License-Identifier: Apache-2.0
# Prints what arrives in the topic "events", from the first record on. COUNT ends it after that many records.
import os

from kafka import KafkaConsumer

servers = os.environ.get("BOOTSTRAP", "localhost:9092")
count = int(os.environ.get("COUNT", "0"))

consumer = KafkaConsumer("events", bootstrap_servers=servers, auto_offset_reset="earliest")
for number, message in enumerate(consumer, start=1):
    print(f"Received: {message.value.decode()}", flush=True)
    if number == count:
        break
consumer.close()
