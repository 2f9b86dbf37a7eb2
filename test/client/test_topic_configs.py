# SPDX-License-Identifier: Apache-2.0
"""Every topic configuration that takes effect, changed while the server runs: before and after, without a restart."""

import itertools
import random
import struct
import time

import pytest
import wire

OFTEN = {"EDDY_STORE_RETENTION_CHECK": "200ms", "EDDY_STORE_CHECKPOINT": "300ms"}
WAIT_SECONDS = 20
MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD = 10, 32, 87
CODECS = ["uncompressed", "gzip", "snappy", "lz4", "zstd"]


@pytest.fixture
def server(start_eddy):
    return start_eddy(environment=OFTEN)


@pytest.fixture
def connection(server, topic):
    with wire.Connection(server) as found:
        wire.new_topic(found, topic)
        yield found


def set_config(connection, topic, **settings):
    for name, value in settings.items():
        assert wire.alter_config(connection, wire.TOPIC, topic, name.replace("_", "."), str(value)) == (0, None)


def wait_until(condition):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def produce(connection, topic, count=1, **batch):
    for _ in range(count):
        error, _ = wire.produce(connection, topic, wire.batch(**batch))
        assert error == 0


def segments(server, topic):
    return sorted((server.data / f"{topic}-0").glob("*.log"))


def batches(connection, topic, offset=0):
    """(base offset, attributes, base time, max time) of each batch from OFFSET on."""
    error, _, data = wire.fetch(connection, topic, offset)
    assert error == 0
    found = []
    while data:
        base, size = struct.unpack_from(">qi", data)
        attributes, _, first, last = struct.unpack_from(">hiqq", data, 21)
        found.append((base, attributes, first, last))
        data = data[12 + size :]
    return found


# --- what is kept


def test_retention_ms(server, connection, topic):
    produce(connection, topic)
    time.sleep(0.8)
    assert wire.fetch(connection, topic, 0)[0] == 0
    set_config(connection, topic, retention_ms=200)
    wait_until(lambda: wire.fetch(connection, topic, 0)[0] == 1)


def test_retention_bytes(server, connection, topic):
    set_config(connection, topic, segment_bytes=1 << 20)
    produce(connection, topic, 40, values=[b"v" * 100_000])
    time.sleep(0.8)
    assert wire.fetch(connection, topic, 0)[0] == 0
    set_config(connection, topic, retention_bytes=1_000_000)
    wait_until(lambda: sum(f.stat().st_size for f in segments(server, topic)) < 2_200_000)


def test_segment_bytes(server, connection, topic):
    produce(connection, topic, 15, values=[b"v" * 100_000])
    set_config(connection, topic, segment_bytes=1 << 20)
    produce(connection, topic, 15, values=[b"v" * 100_000])
    wait_until(lambda: len(segments(server, topic)) == 3)


def test_segment_ms(server, connection, topic):
    produce(connection, topic)
    set_config(connection, topic, segment_ms=100)
    time.sleep(0.2)
    produce(connection, topic)
    wait_until(lambda: len(segments(server, topic)) == 2)


def test_segment_index_bytes(server, connection, topic):
    produce(connection, topic, 30, values=[b"v" * 5000])
    assert len(segments(server, topic)) == 1
    set_config(connection, topic, segment_index_bytes=120)  # ten entries of the time index
    produce(connection, topic, 30, values=[b"v" * 5000])
    wait_until(lambda: len(segments(server, topic)) == 4)


def test_index_interval_bytes(server, connection, topic):
    def entries(number):  # of a closed segment
        set_config(connection, topic, segment_ms=100)
        time.sleep(0.2)
        produce(connection, topic)
        set_config(connection, topic, segment_ms=604_800_000)
        wait_until(lambda: len(segments(server, topic)) == number + 1)
        index = segments(server, topic)[number - 1].with_suffix(".index")
        wait_until(lambda: index.exists() and index.stat().st_size > 0)
        return index.stat().st_size // 8

    produce(connection, topic, 60, values=[b"v" * 1000])
    assert 5 < entries(1) < 20, "one for 4096 bytes"
    set_config(connection, topic, index_interval_bytes=100)
    produce(connection, topic, 60, values=[b"v" * 1000])
    assert entries(2) >= 59


def test_preallocate(server, connection, topic):
    def space(path):
        return path.stat().st_blocks * 512

    set_config(connection, topic, segment_bytes=8 << 20, preallocate="true")
    produce(connection, topic)
    wait_until(lambda: segments(server, topic) and segments(server, topic)[0].stat().st_size > 0)
    first = segments(server, topic)[0]
    assert first.stat().st_size < 5000 and space(first) >= 8 << 20
    produce(connection, topic, 90, values=[b"v" * 100_000])
    wait_until(lambda: len(segments(server, topic)) == 2)
    wait_until(lambda: space(first) < first.stat().st_size + 100_000)
    server.kill()
    server.restart()
    with wire.Connection(server) as again:
        assert wire.fetch(again, topic, 0)[1] == 91


# --- what is accepted


def test_max_message_bytes(connection, topic):
    produce(connection, topic, values=[b"v" * 2000])
    set_config(connection, topic, max_message_bytes=1000)
    assert wire.produce(connection, topic, wire.batch([b"v" * 2000]))[0] == MESSAGE_TOO_LARGE
    produce(connection, topic, values=[b"v" * 100])


def test_message_timestamp_limits(connection, topic):
    now = int(time.time() * 1000)
    produce(connection, topic, stamp=now - 10_000_000)
    assert wire.produce(connection, topic, wire.batch(stamp=now + 7_200_000))[0] == INVALID_TIMESTAMP
    set_config(connection, topic, message_timestamp_before_max_ms=60_000, message_timestamp_after_max_ms=9_000_000)
    assert wire.produce(connection, topic, wire.batch(stamp=now - 10_000_000))[0] == INVALID_TIMESTAMP
    produce(connection, topic, stamp=now + 7_200_000)


def test_message_timestamp_type(connection, topic):
    produce(connection, topic, stamp=1000)
    before = int(time.time() * 1000)
    set_config(connection, topic, message_timestamp_type="LogAppendTime")
    produce(connection, topic, stamp=1000)
    (_, first, _, first_time), (_, second, _, second_time) = batches(connection, topic)
    assert (first & 8, first_time) == (0, 1000)
    assert second & 8 and second_time >= before


def test_records_without_a_key_are_refused_by_name(connection, topic):
    produce(connection, topic, values=[b"1"])
    set_config(connection, topic, cleanup_policy="compact")
    body = wire.produce_body(topic, wire.batch([b"1", b"2"]))
    reader = connection.ask(wire.PRODUCE, 8, body)
    assert reader.take("i") == 1 and reader.text() == topic and reader.take("i") == 1
    _, error, offset, _, _, errors = reader.take("ihqqqi")
    assert (error, offset, errors) == (INVALID_RECORD, -1, 1)
    index, words = reader.take("i"), reader.text()
    assert (index, words) == (0, "Compacted topic cannot accept message without key.")
    assert reader.text() == "One or more records have been rejected due to validation failures."


# --- compression.type


@pytest.mark.parametrize("codec", CODECS)
def test_compression_type(connection, topic, codec):
    value = b"the same words again and again " * 200
    produce(connection, topic, values=[value])
    set_config(connection, topic, compression_type=codec)
    produce(connection, topic, 3, values=[value])
    set_config(connection, topic, compression_type="producer")
    produce(connection, topic, values=[value])
    found = batches(connection, topic)
    assert [base for base, *_ in found] == [0, 1, 2, 3, 4]
    number = CODECS.index(codec)
    assert [attributes & 7 for _, attributes, *_ in found] == [0, number, number, number, 0]


@pytest.mark.parametrize("codec, low, high", [("gzip", 1, 9), ("lz4", 9, 12), ("zstd", -50, 19)])
def test_compression_levels(connection, topic, codec, low, high):
    """lz4's 9 is Kafka's name for the fast compressor."""
    words = random.Random(7)
    value = " ".join(words.choice(("event", "log", "offset", "leader", "batch", "topic")) for _ in range(30_000)).encode()
    set_config(connection, topic, compression_type=codec)
    for level in (low, high, low):
        set_config(connection, topic, **{f"compression_{codec}_level": level})
        produce(connection, topic, values=[value])
    set_config(connection, topic, compression_type="producer")  # or zstd is refused to old consumers
    ends = [0]
    error, _, data = wire.fetch(connection, topic, 0)
    while ends[-1] < len(data):
        ends.append(ends[-1] + 12 + struct.unpack_from(">i", data, ends[-1] + 8)[0])
    sizes = [end - start for start, end in itertools.pairwise(ends)]
    assert (error, len(sizes)) == (0, 3)
    assert sizes[1] < 0.95 * min(sizes[0], sizes[2]), sizes


@pytest.mark.parametrize("codec", CODECS[1:])
def test_recompressed_records_are_read_by_clients(server, connection, topic, codec):
    from confluent_kafka import Consumer, Producer, TopicPartition

    set_config(connection, topic, compression_type=codec)
    for sent in ("none", "gzip", "zstd", "lz4", "snappy"):
        source = Producer({"bootstrap.servers": server.bootstrap, "compression.type": sent, "enable.idempotence": True})
        for i in range(500):
            source.produce(topic, b"%s %d" % (sent.encode(), i), key=b"%d" % i, headers={"h": b"x"})
        assert source.flush(WAIT_SECONDS) == 0
    sink = Consumer({"bootstrap.servers": server.bootstrap, "group.id": "unused", "check.crcs": True, "enable.auto.commit": False})
    sink.assign([TopicPartition(topic, 0, 0)])
    found = []
    while len(found) < 2500:
        message = sink.poll(WAIT_SECONDS)
        assert message is not None and not message.error()
        assert message.headers() == [("h", b"x")]
        found.append(message.value())
    sink.close()
    assert found == [b"%s %d" % (sent.encode(), i) for sent in ("none", "gzip", "zstd", "lz4", "snappy") for i in range(500)]


# --- compaction


def keyed(connection, topic, count, keys, size=50_000):
    """COUNT batches of one record; their keys repeat after KEYS."""
    for i in range(count):
        record = wire.record(0, b"v" * size, b"key%d" % (i % keys))
        produce(connection, topic, records=[record])


def size_of(server, topic):
    return sum(f.stat().st_size for f in segments(server, topic))


@pytest.fixture
def compacted(connection, topic):
    set_config(connection, topic, cleanup_policy="compact", segment_bytes=1 << 20)
    return connection


def test_min_cleanable_dirty_ratio(server, compacted, topic):
    keyed(compacted, topic, 66, 10)
    wait_until(lambda: size_of(server, topic) < 2_000_000)  # in one pass or several: more than half of it is dirty
    set_config(compacted, topic, min_cleanable_dirty_ratio="0.95")
    keyed(compacted, topic, 66, 10)
    time.sleep(1.2)
    assert size_of(server, topic) > 3_300_000, "a part of the log is clean, so less than all of it is dirty"
    set_config(compacted, topic, min_cleanable_dirty_ratio="0.01")
    wait_until(lambda: size_of(server, topic) < 2_000_000)


def test_min_compaction_lag_ms(server, compacted, topic):
    set_config(compacted, topic, min_compaction_lag_ms=3_600_000, min_cleanable_dirty_ratio="0.01")
    keyed(compacted, topic, 66, 10)
    time.sleep(1.2)
    assert size_of(server, topic) > 3_200_000
    set_config(compacted, topic, min_compaction_lag_ms=0)
    wait_until(lambda: size_of(server, topic) < 2_000_000)


def test_max_compaction_lag_ms(server, compacted, topic):
    set_config(compacted, topic, min_cleanable_dirty_ratio="1.0")
    keyed(compacted, topic, 20, 2, size=1000)
    time.sleep(1.2)
    assert size_of(server, topic) > 20_000
    set_config(compacted, topic, max_compaction_lag_ms=300)
    time.sleep(0.5)
    produce(compacted, topic, records=[wire.record(0, b"last", b"last")])  # the active segment is too old by now
    wait_until(lambda: size_of(server, topic) < 12_000)


@pytest.mark.parametrize("keep", [True, False])
def test_delete_retention_ms(server, compacted, topic, keep):
    set_config(compacted, topic, min_cleanable_dirty_ratio="0.01", segment_ms=200)
    set_config(compacted, topic, delete_retention_ms=3_600_000 if keep else 1)
    produce(compacted, topic, records=[wire.record(0, b"v", b"gone")])
    produce(compacted, topic, records=[wire.tombstone(0, b"gone")])
    for _ in range(4):
        time.sleep(0.5)
        produce(compacted, topic, records=[wire.record(0, b"v", b"other")])
    time.sleep(0.7)
    server.kill()
    server.restart()  # what is in memory is not compacted
    with wire.Connection(server) as again:
        first = batches(again, topic)[0][0]
    assert first == 1 if keep else first > 1
