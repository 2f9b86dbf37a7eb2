# SPDX-License-Identifier: Apache-2.0
"""confluent-kafka: librdkafka, newest."""

import time

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

WAIT_SECONDS = 30


def producer(broker, **settings):
    return Producer({"bootstrap.servers": broker.bootstrap, **{key.replace("_", "."): value for key, value in settings.items()}})


def produce(sender, topic, values, **extra):
    """Sends VALUES and returns their offsets."""
    answers = []
    for value in values:
        while True:
            try:
                sender.produce(topic, value, on_delivery=lambda error, message: answers.append((error, message)), **extra)
                break
            except BufferError:
                sender.poll(0.1)
    assert sender.flush(WAIT_SECONDS) == 0
    assert [error for error, _ in answers if error] == []
    return [message.offset() for _, message in answers]


def read(broker, place, count, **settings):
    source = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            **{key.replace("_", "."): value for key, value in settings.items()},
        }
    )
    source.assign([place])
    messages = []
    deadline = time.monotonic() + WAIT_SECONDS
    while len(messages) < count:
        assert time.monotonic() < deadline, f"only {len(messages)} of {count} records came"
        message = source.poll(1)
        if message is not None:
            assert message.error() is None, message.error()
            messages.append(message)
    source.close()
    return messages


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_roundtrip(broker, topic, acks):
    values = [b"v%d" % i for i in range(1000)]
    offsets = produce(producer(broker, acks=acks), topic, values, key=b"k", headers=[("h", b"1")])
    if acks != "0":
        assert offsets == list(range(1000))
    messages = read(broker, TopicPartition(topic, 0, 0), 1000)
    assert [message.value() for message in messages] == values
    assert {message.key() for message in messages} == {b"k"}
    assert messages[0].headers() == [("h", b"1")]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compression(broker, topic, codec):
    values = [(b"%d " % i) * 50 for i in range(500)]
    sender = producer(broker, compression_type=codec, linger_ms=50)
    assert produce(sender, topic, values) == list(range(500))
    assert [message.value() for message in read(broker, TopicPartition(topic, 0, 0), 500)] == values


def test_idempotent_producer(broker, topic):
    sender = producer(broker, enable_idempotence=True)
    values = [b"%d" % i for i in range(20_000)]
    assert produce(sender, topic, values) == list(range(20_000))
    assert [message.value() for message in read(broker, TopicPartition(topic, 0, 0), 20_000)] == values


def test_seek_by_time(broker, topic):
    sender = producer(broker)
    for i in range(10):
        produce(sender, topic, [b"%d" % i], timestamp=1_600_000_000_000 + 1000 * i)
    source = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "unused"})
    (found,) = source.offsets_for_times([TopicPartition(topic, 0, 1_600_000_003_500)], timeout=WAIT_SECONDS)
    assert found.offset == 4
    assert source.get_watermark_offsets(TopicPartition(topic, 0), timeout=WAIT_SECONDS) == (0, 10)
    source.close()
    messages = read(broker, TopicPartition(topic, 0, found.offset), 6)
    assert [message.value() for message in messages] == [b"%d" % i for i in range(4, 10)]
    assert messages[0].timestamp()[1] == 1_600_000_004_000


def test_large_message(broker, topic):
    sender = producer(broker, message_max_bytes=5_000_000)
    value = bytes(range(256)) * 3900
    assert produce(sender, topic, [value]) == [0]
    errors = []
    sender.produce(topic, value * 2, on_delivery=lambda error, _: errors.append(error))
    assert sender.flush(WAIT_SECONDS) == 0
    assert errors[0].code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert [message.value() for message in read(broker, TopicPartition(topic, 0, 0), 1)] == [value]


def test_offset_out_of_range_starts_again_where_told(broker, topic):
    produce(producer(broker), topic, [b"1", b"2", b"3"])
    messages = read(broker, TopicPartition(topic, 0, 1000), 3, auto_offset_reset="earliest")
    assert [message.value() for message in messages] == [b"1", b"2", b"3"]


def test_partition_end_is_reported(broker, topic):
    produce(producer(broker), topic, [b"1"])
    source = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "unused", "enable.partition.eof": True})
    source.assign([TopicPartition(topic, 0, 0)])
    seen = []
    deadline = time.monotonic() + WAIT_SECONDS
    while len(seen) < 2 and time.monotonic() < deadline:
        message = source.poll(1)
        if message is not None:
            seen.append(message.error().code() if message.error() else message.value())
    source.close()
    assert seen == [b"1", KafkaError._PARTITION_EOF]


def test_admin(broker, topic):
    client = AdminClient({"bootstrap.servers": broker.bootstrap})
    client.create_topics([NewTopic(topic, num_partitions=4, replication_factor=1)])[topic].result(WAIT_SECONDS)
    assert len(client.list_topics(topic, timeout=WAIT_SECONDS).topics[topic].partitions) == 4
    with pytest.raises(KafkaException) as refused:
        client.create_topics([NewTopic(topic, num_partitions=4, replication_factor=1)])[topic].result(WAIT_SECONDS)
    assert refused.value.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
    with pytest.raises(KafkaException) as refused:
        client.create_topics([NewTopic("a b", num_partitions=1, replication_factor=1)])["a b"].result(WAIT_SECONDS)
    assert refused.value.args[0].code() == KafkaError.TOPIC_EXCEPTION
    client.delete_topics([topic])[topic].result(WAIT_SECONDS)
    deadline = time.monotonic() + WAIT_SECONDS
    while topic in client.list_topics(timeout=WAIT_SECONDS).topics:
        assert time.monotonic() < deadline
        time.sleep(0.1)
