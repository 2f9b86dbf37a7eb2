# SPDX-License-Identifier: Apache-2.0
"""Bytes of a closed segment rot while the server is stopped: that place is answered as corrupt and nothing else is."""

import re

import confluent_kafka
import wire

CORRUPT_MESSAGE = 2
BATCHES = 80
PADDING = 40_000


def consume(server, topic, offset, end):
    """The values from OFFSET on, by a client that was put there."""
    settings = {"bootstrap.servers": server.bootstrap, "group.id": topic, "enable.auto.commit": False, "check.crcs": True}
    consumer = confluent_kafka.Consumer(settings)
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, offset)])
    values = {}
    try:
        while offset + len(values) < end:
            message = consumer.poll(15)
            assert message is not None, f"nothing comes behind {max(values, default=offset)}"
            assert message.error() is None, message.error()
            values[message.offset()] = message.value()
    finally:
        consumer.close()
    return values


def test_a_damaged_place_is_reported_and_the_rest_is_read(eddy, topic):
    values = [b"%04d" % number + b"." * PADDING for number in range(BATCHES)]
    with wire.Connection(eddy) as connection:
        wire.new_topic(connection, topic, configs=[("segment.bytes", str(1 << 20))])
        for value in values:
            assert wire.produce(connection, topic, wire.batch([value]))[0] == 0
    assert eddy.stop() == 0

    segments = sorted((eddy.data / f"{topic}-0").glob("*.log"))
    assert len(segments) > 2, "nothing is closed"
    rotten = segments[1]
    content = bytearray(rotten.read_bytes())
    first = int(rotten.stem)
    damaged = first + 4
    at = content.index(values[damaged]) + 1000
    for i in range(at, at + 100):
        content[i] ^= 0x40
    rotten.write_bytes(content)
    eddy.restart()

    with wire.Connection(eddy) as connection:
        offset = 0
        while True:
            error, high_watermark, records = wire.fetch(connection, topic, offset, max_bytes=60_000)
            if error:
                break
            assert high_watermark == BATCHES
            assert values[offset] in records
            offset += records.count(b"." * PADDING)
        assert (error, offset) == (CORRUPT_MESSAGE, damaged)
        error, _, records = wire.fetch(connection, topic, damaged + 1, max_bytes=60_000)
        assert error == 0 and values[damaged + 1] in records
    assert list(consume(eddy, topic, 0, damaged).values())[:damaged] == values[:damaged]
    assert list(consume(eddy, topic, damaged + 1, BATCHES).values()) == values[damaged + 1 :]

    line = next(line for line in eddy.log(1 << 20).splitlines() if "damaged data set aside" in line)
    assert rotten.name in line
    start, end = (int(re.search(rf'{name}\W+(\d+)', line).group(1)) for name in ("from_byte", "to_byte"))
    assert start < at and at + 100 <= end < len(content)
    with wire.Connection(eddy) as connection:
        assert wire.produce(connection, topic, wire.batch())[1] == BATCHES
    assert eddy.stop() == 0
    assert rotten.read_bytes() == content, "what is damaged is kept as it is"

    eddy.restart()
    with wire.Connection(eddy) as connection:
        assert wire.fetch(connection, topic, damaged)[0] == CORRUPT_MESSAGE
        assert wire.fetch(connection, topic, damaged + 1)[0] == 0
