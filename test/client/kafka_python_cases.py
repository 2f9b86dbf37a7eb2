# SPDX-License-Identifier: Apache-2.0
"""What kafka-python must be able to do, in one file for both versions of it.

test_kafka_python.py imports it; test_kafka202.py runs `kafka_python_cases.py CASE BOOTSTRAP TOPIC [ARGUMENT]` with the
Python of the old version. Consumers take their partitions by assignment.
"""

import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import MessageSizeTooLargeError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

WAIT_SECONDS = 30


def producer(bootstrap, **settings):
    return KafkaProducer(bootstrap_servers=bootstrap, **settings)


def consumer(bootstrap, *partitions, **settings):
    made = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, **settings)
    made.assign(list(partitions))
    return made


def read(source, count):
    """Polls until COUNT records came."""
    records = []
    deadline = time.monotonic() + WAIT_SECONDS
    while len(records) < count:
        assert time.monotonic() < deadline, f"only {len(records)} of {count} records came"
        for batch in source.poll(timeout_ms=500).values():
            records.extend(batch)
    return records


def read_from_start(bootstrap, topic, count, partition=0, **settings):
    place = TopicPartition(topic, partition)
    source = consumer(bootstrap, place, **settings)
    source.seek_to_beginning(place)
    records = read(source, count)
    source.close()
    return records


def roundtrip(bootstrap, topic, acks="all"):
    sender = producer(bootstrap, acks={"0": 0, "1": 1}.get(acks, acks))
    sent = [
        sender.send(topic, key=b"k%d" % i, value=b"v%d" % i, headers=[("n", b"%d" % i)], timestamp_ms=1_600_000_000_000 + i)
        for i in range(100)
    ]
    sender.flush(WAIT_SECONDS)
    if acks != "0":
        assert [one.get(WAIT_SECONDS).offset for one in sent] == list(range(100))
    sender.close()
    records = read_from_start(bootstrap, topic, 100)
    assert [record.offset for record in records] == list(range(100))
    assert [record.key for record in records] == [b"k%d" % i for i in range(100)]
    assert [record.value for record in records] == [b"v%d" % i for i in range(100)]
    assert [list(record.headers) for record in records] == [[("n", b"%d" % i)] for i in range(100)]
    assert [record.timestamp for record in records] == [1_600_000_000_000 + i for i in range(100)]


def nulls(bootstrap, topic):
    sender = producer(bootstrap)
    sender.send(topic, key=b"deleted", value=None).get(WAIT_SECONDS)
    sender.send(topic, key=None, value=b"").get(WAIT_SECONDS)
    sender.close()
    records = read_from_start(bootstrap, topic, 2)
    assert [(record.key, record.value) for record in records] == [(b"deleted", None), (None, b"")]


def compression(bootstrap, topic, codec):
    values = [(b"%d " % i) * 50 for i in range(500)]
    sender = producer(bootstrap, compression_type=codec, linger_ms=20, batch_size=65536)
    sent = [sender.send(topic, value) for value in values]
    assert [one.get(WAIT_SECONDS).offset for one in sent] == list(range(500))
    sender.close()
    assert [record.value for record in read_from_start(bootstrap, topic, 500)] == values


def seek_by_time(bootstrap, topic):
    place = TopicPartition(topic, 0)
    sender = producer(bootstrap)
    for i in range(10):
        sender.send(topic, b"%d" % i, timestamp_ms=1_600_000_000_000 + 1000 * i).get(WAIT_SECONDS)
    sender.close()
    source = consumer(bootstrap, place)
    assert source.beginning_offsets([place]) == {place: 0}
    assert source.end_offsets([place]) == {place: 10}
    found = source.offsets_for_times({place: 1_600_000_003_500})[place]
    assert (found.offset, found.timestamp) == (4, 1_600_000_004_000)
    assert source.offsets_for_times({place: 1_600_000_004_000})[place].offset == 4
    assert source.offsets_for_times({place: 0})[place].offset == 0
    assert source.offsets_for_times({place: 1_700_000_000_000})[place] is None
    source.seek(place, found.offset)
    assert [record.value for record in read(source, 6)] == [b"%d" % i for i in range(4, 10)]
    assert source.position(place) == 10
    source.close()


def large_message(bootstrap, topic):
    value = bytes(range(256)) * 3900
    sender = producer(bootstrap, max_request_size=5_000_000)
    assert sender.send(topic, value).get(WAIT_SECONDS).offset == 0
    try:
        sender.send(topic, value * 2).get(WAIT_SECONDS)
        raise AssertionError("a record over max.message.bytes was accepted")
    except MessageSizeTooLargeError:
        pass
    sender.close()
    # A new producer: the error ends an idempotent one.
    sender = producer(bootstrap)
    assert sender.send(topic, b"small").get(WAIT_SECONDS).offset == 1
    sender.close()
    records = read_from_start(bootstrap, topic, 2)
    assert [record.value for record in records] == [value, b"small"]


def larger_than_the_fetch(bootstrap, topic):
    """KIP-74: the first batch comes whole even when it is larger than what was asked for."""
    values = [bytes([i]) * 200_000 for i in range(5)]
    sender = producer(bootstrap, batch_size=0)
    for value in values:
        sender.send(topic, value).get(WAIT_SECONDS)
    sender.close()
    records = read_from_start(bootstrap, topic, 5, fetch_max_bytes=1000, max_partition_fetch_bytes=1000)
    assert [record.value for record in records] == values


def long_poll(bootstrap, topic):
    place = TopicPartition(topic, 0)
    sender = producer(bootstrap)
    sender.send(topic, b"old").get(WAIT_SECONDS)
    source = consumer(bootstrap, place, fetch_max_wait_ms=5000)
    source.seek_to_end(place)
    assert source.position(place) == 1
    assert source.poll(timeout_ms=300) == {}
    sender.send(topic, b"new").get(WAIT_SECONDS)
    sent = time.monotonic()
    assert [record.value for record in read(source, 1)] == [b"new"]
    assert time.monotonic() - sent < 2, "the waiting fetch was not answered when the record came"
    sender.close()
    source.close()


def admin(bootstrap, topic):
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    client.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])
    assert topic in client.list_topics()
    try:
        client.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])
        raise AssertionError("a topic was created twice")
    except TopicAlreadyExistsError:
        pass
    sender = producer(bootstrap)
    assert sender.partitions_for(topic) == {0, 1, 2}
    for partition in range(3):
        assert sender.send(topic, b"%d" % partition, partition=partition).get(WAIT_SECONDS).offset == 0
    sender.close()
    places = [TopicPartition(topic, partition) for partition in range(3)]
    source = consumer(bootstrap, *places)
    source.seek_to_beginning(*places)
    assert sorted((record.partition, record.value) for record in read(source, 3)) == [(0, b"0"), (1, b"1"), (2, b"2")]
    source.close()
    client.delete_topics([topic])
    deadline = time.monotonic() + WAIT_SECONDS
    while topic in client.list_topics():
        assert time.monotonic() < deadline, "the deleted topic is still listed"
        time.sleep(0.1)
    try:
        client.delete_topics([topic])
        raise AssertionError("a topic was deleted twice")
    except UnknownTopicOrPartitionError:
        pass
    client.close()


def idempotent(bootstrap, topic):
    sender = producer(bootstrap, enable_idempotence=True, acks="all", linger_ms=2)
    sent = [sender.send(topic, b"%d" % i) for i in range(1000)]
    assert [one.get(WAIT_SECONDS).offset for one in sent] == list(range(1000))
    sender.close()
    assert [record.value for record in read_from_start(bootstrap, topic, 1000)] == [b"%d" % i for i in range(1000)]


def main():
    case, bootstrap, topic, *rest = sys.argv[1:]
    globals()[case](bootstrap, topic, *rest)


if __name__ == "__main__":
    main()
