# SPDX-License-Identifier: Apache-2.0
"""What no client should send is answered as Apache Kafka answers it; afterwards the server serves as before."""

import struct

import pytest
import wire

NONE, OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE, UNKNOWN_TOPIC_OR_PARTITION = 0, 1, 2, 3
MESSAGE_TOO_LARGE, INVALID_TOPIC, INVALID_REQUIRED_ACKS, UNSUPPORTED_VERSION = 10, 17, 21, 35
INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_CONFIG = 37, 38, 40
INVALID_REQUEST, OUT_OF_ORDER_SEQUENCE, INVALID_PRODUCER_EPOCH, INVALID_RECORD = 42, 45, 47, 87


@pytest.fixture
def connection(broker, topic):
    """A connection; behind the test another one shows that the server still serves."""
    with wire.Connection(broker) as made:
        wire.new_topic(made, topic)
        yield made
    with wire.Connection(broker) as other:
        error, offset = wire.produce(other, topic, wire.batch())
        assert error == NONE and offset >= 0


FRAMES = {
    "a_negative_size": struct.pack(">i", -1),
    "the_smallest_size": struct.pack(">i", -(2**31)),
    "a_size_over_the_limit": struct.pack(">i", 104_857_601),
    "the_largest_size": struct.pack(">i", 2**31 - 1),
    "an_empty_frame": struct.pack(">i", 0),
    "a_frame_smaller_than_a_header": struct.pack(">ihb", 3, 18, 0),
    "an_unknown_api": struct.pack(">ihhih", 10, 9999, 0, 1, -1),
    "a_negative_api": struct.pack(">ihhih", 10, -1, 0, 1, -1),
    "an_unknown_version": struct.pack(">ihhih", 10, wire.METADATA, 99, 1, -1),
    "a_negative_version": struct.pack(">ihhih", 10, wire.METADATA, -1, 1, -1),
    "a_client_id_longer_than_the_frame": struct.pack(">ihhih", 10, wire.METADATA, 1, 1, 30_000),
    "a_truncated_body": struct.pack(">ihhihh", 12, wire.METADATA, 1, 1, -1, 0),
    "an_array_larger_than_the_frame": struct.pack(">ihhihi", 14, wire.METADATA, 1, 1, -1, 2**31 - 1),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls": bytes.fromhex("16030100c8010000c403030000000000000000000000"),
}


@pytest.mark.parametrize("frame", FRAMES)
def test_closes_the_connection_after(connection, broker, frame):
    with wire.Connection(broker) as bad:
        bad.send(FRAMES[frame])
        assert bad.closed()


def test_answers_an_unknown_version_of_api_versions_in_version_0(connection):
    reader = connection.ask(wire.API_VERSIONS, 99, b"\0")
    error, count = reader.take("hi")
    rows = [reader.take("hhh") for _ in range(count)]
    assert error == UNSUPPORTED_VERSION
    assert wire.API_VERSIONS in [row[0] for row in rows]
    assert reader.at == len(reader.data)


def test_advertises_produce_from_version_0_and_closes_on_it(connection, broker, topic):
    reader = connection.ask(wire.API_VERSIONS, 0, b"")
    _, count = reader.take("hi")
    rows = {row[0]: row[1:] for row in (reader.take("hhh") for _ in range(count))}
    assert rows[wire.PRODUCE][0] == 0
    assert rows[wire.FETCH][0] == 4


def test_a_frame_that_comes_byte_by_byte_is_served(connection):
    for byte in struct.pack(">ihhih", 10, wire.API_VERSIONS, 0, 77, -1):
        connection.send(bytes([byte]))
    assert wire.Reader(connection.receive()).take("ih") == (77, NONE)


def test_requests_in_one_packet_are_answered_in_order(connection):
    one = b"".join(struct.pack(">ihhih", 10, wire.API_VERSIONS, 0, number, -1) for number in range(50))
    connection.send(one)
    assert [wire.Reader(connection.receive()).take("i") for _ in range(50)] == list(range(50))


BATCHES = {
    "a_wrong_crc": (wire.batch(crc=1), {CORRUPT_MESSAGE}),
    "a_count_that_is_too_high": (wire.batch(count=2), {INVALID_RECORD, CORRUPT_MESSAGE}),
    "a_count_that_is_too_low": (wire.batch([b"1", b"2"], count=1), {INVALID_RECORD, CORRUPT_MESSAGE}),
    "a_negative_count": (wire.batch(count=-1), {INVALID_RECORD, CORRUPT_MESSAGE}),
    "a_last_delta_that_does_not_fit_the_count": (wire.batch([b"1", b"2"], last_delta=5), {INVALID_RECORD, CORRUPT_MESSAGE}),
    "a_control_batch": (wire.batch(attributes=0x20), {INVALID_RECORD}),
    "an_unknown_codec": (wire.batch(attributes=7), {CORRUPT_MESSAGE, INVALID_RECORD, -1}),
    "magic_3": (wire.batch(magic=3), {CORRUPT_MESSAGE, INVALID_RECORD}),
    "a_record_over_max_message_bytes": (wire.batch([b"x" * 1_100_000]), {MESSAGE_TOO_LARGE}),
}


@pytest.mark.parametrize("case", BATCHES)
def test_refuses_a_batch_with(connection, topic, case):
    records, errors = BATCHES[case]
    error, offset = wire.produce(connection, topic, records)
    assert (error in errors, offset) == (True, -1), f"error {error}"
    assert wire.produce(connection, topic, wire.batch()) == (NONE, 0), "what was refused took no offset"


def test_refuses_two_batches_for_one_partition(connection, topic):
    error, _ = wire.produce(connection, topic, wire.batch() + wire.batch())
    assert error == INVALID_RECORD


@pytest.mark.parametrize("magic", [0, 1])
def test_refuses_the_old_message_format(connection, topic, magic):
    """Produce v3 and later carry only the new format (KIP-98)."""
    error, _ = wire.produce(connection, topic, wire.old_message_set(magic=magic))
    assert error == INVALID_RECORD


@pytest.mark.parametrize("size", [1, 11, 12, 30, 60])
def test_a_cut_batch_is_not_stored(connection, broker, topic, size):
    with wire.Connection(broker) as bad:
        bad.request(wire.PRODUCE, 7, wire.produce_body(topic, wire.batch()[:size]))
        data = bad.receive()
    if data is not None:
        reader = wire.Reader(data)
        reader.take("ii")
        reader.text()
        assert reader.take("iih")[2] in {CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE}
    assert wire.fetch(connection, topic, 0)[1] == 0


def test_refuses_unknown_acks(connection, topic):
    error, _ = wire.produce(connection, topic, wire.batch(), acks=5)
    assert error == INVALID_REQUIRED_ACKS


def test_refuses_an_unknown_partition(connection, topic):
    error, _ = wire.produce(connection, topic, wire.batch(), partition=99)
    assert error == UNKNOWN_TOPIC_OR_PARTITION
    error, _ = wire.produce(connection, topic, wire.batch(), partition=-1)
    assert error == UNKNOWN_TOPIC_OR_PARTITION


def test_checks_sequences_of_an_idempotent_producer(connection, topic):
    producer, epoch = wire.init_producer_id(connection)

    def send(sequence, epoch=epoch):
        return wire.produce(connection, topic, wire.batch([b"1", b"2"], producer=(producer, epoch, sequence)))

    assert send(0) == (NONE, 0)
    assert send(2) == (NONE, 2)
    assert send(0) == (NONE, 0), "a batch that was stored before is answered with its offset"
    assert send(7)[0] == OUT_OF_ORDER_SEQUENCE
    assert send(4) == (NONE, 4)
    assert send(0, epoch + 1) == (NONE, 6)
    assert send(6, epoch)[0] == INVALID_PRODUCER_EPOCH
    assert wire.fetch(connection, topic, 0)[1] == 8


def test_two_producers_get_different_ids(connection):
    assert wire.init_producer_id(connection)[0] != wire.init_producer_id(connection)[0]


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "ä", "a\0b", "x" * 250])
def test_refuses_an_illegal_topic_name(connection, name):
    assert wire_create(connection, name) == INVALID_TOPIC


def wire_create(connection, name):
    """create_topic for names that are not ASCII."""
    encoded = name.encode()
    body = struct.pack(">ih", 1, len(encoded)) + encoded + struct.pack(">ihiiib", 1, 1, 0, 0, 10_000, 0)
    reader = connection.ask(wire.CREATE_TOPICS, 2, body)
    reader.take("ii")
    assert reader.text() == name
    return reader.take("h")


def test_refuses_impossible_topics(connection, topic):
    assert wire.create_topic(connection, topic + "-0", partitions=0) == INVALID_PARTITIONS
    assert wire.create_topic(connection, topic + "-c", configs=[("no.such.config", "1")]) == INVALID_CONFIG
    assert wire.create_topic(connection, topic + "-v", configs=[("retention.ms", "soon")]) == INVALID_CONFIG


def test_metadata_of_an_illegal_name_creates_nothing(connection):
    body = struct.pack(">i", 1) + wire.text("a b") + b"\1"
    reader = connection.ask(wire.METADATA, 4, body)
    reader.take("i")
    for _ in range(reader.take("i")):
        reader.take("i"), reader.text(), reader.take("i"), reader.text()
    reader.text(), reader.take("i")
    assert reader.take("ih") == (1, INVALID_TOPIC)


@pytest.mark.parametrize("offset", [-1, -2, 2, 2**63 - 1])
def test_refuses_to_fetch_out_of_range(connection, topic, offset):
    assert wire.produce(connection, topic, wire.batch()) == (NONE, 0)
    error, _, records = wire.fetch(connection, topic, offset)
    assert (error, records) == (OFFSET_OUT_OF_RANGE, b"")
    assert wire.fetch(connection, topic, 1) == (NONE, 1, b""), "the end itself is in range"


def test_answers_a_partition_that_is_listed_twice_once_with_an_error(connection, topic):
    assert wire.produce(connection, topic, wire.batch()) == (NONE, 0)
    other = topic + "-two"
    wire.new_topic(connection, other, 2)
    twice = [(topic, [(0, -1), (0, -2)]), (other, [(0, -1), (1, -1)]), (other, [(1, -2)])]
    expected = [(topic, 0, INVALID_REQUEST, -1), (other, 0, NONE, 0), (other, 1, INVALID_REQUEST, -1)]
    assert wire.list_offsets(connection, twice) == expected
    unknown = "no-such-topic"
    assert wire.list_offsets(connection, [(unknown, [(0, -1), (0, -1)])]) == [(unknown, 0, INVALID_REQUEST, -1)]
    assert wire.list_offsets(connection, [(topic, [(0, -1)])]) == [(topic, 0, NONE, 1)]


SPECIAL_TIMES = {"latest": (-1, 3), "earliest": (-2, 0), "earliest_local": (-4, 0), "latest_tiered": (-5, -1), "pending_upload": (-6, -1)}


@pytest.mark.parametrize("name", SPECIAL_TIMES)
def test_offset_of_the_special_time(connection, topic, name):
    """Without tiered storage everything is local and nothing is tiered."""
    timestamp, offset = SPECIAL_TIMES[name]
    wire.produce(connection, topic, wire.batch([b"1", b"2", b"3"]))
    assert wire.list_offsets(connection, [(topic, [(0, timestamp)])]) == [(topic, 0, NONE, offset)]


def test_refuses_special_times_that_are_not_there(connection, topic):
    unknown = [(topic, 0, UNSUPPORTED_VERSION, -1)]
    assert wire.list_offsets(connection, [(topic, [(0, -6)])], version=10) == unknown
    assert wire.list_offsets(connection, [(topic, [(0, -7)])]) == unknown


def test_tells_where_the_log_of_a_client_parts_from_the_servers(connection, topic):
    wire.produce(connection, topic, wire.batch([b"1", b"2"]))
    epoch = struct.unpack_from(">i", wire.fetch(connection, topic, 0)[2], 12)[0]
    error, records, diverging = wire.fetch_behind(connection, topic, 1, epoch)
    assert (error, len(records) > 0, diverging) == (NONE, True, None)
    assert wire.fetch_behind(connection, topic, 3, epoch) == (NONE, b"", (epoch, 2))
    assert wire.fetch_behind(connection, topic, 1, epoch + 1) == (OFFSET_OUT_OF_RANGE, b"", None)
    assert wire.fetch_behind(connection, topic, -1, epoch)[0] == OFFSET_OUT_OF_RANGE


def test_fetch_of_an_unknown_topic(connection):
    assert wire.fetch(connection, "no-such-topic", 0)[0] == UNKNOWN_TOPIC_OR_PARTITION


def test_what_is_fetched_is_what_was_sent(connection, topic):
    """Byte for byte, but for base offset and leader epoch, which stand before the CRC's reach."""
    sent = wire.batch([b"one", b"two"])
    wire.produce(connection, topic, wire.batch([b"zero"]))
    assert wire.produce(connection, topic, sent) == (NONE, 1)
    _, high_watermark, records = wire.fetch(connection, topic, 1)
    assert high_watermark == 3
    assert struct.unpack_from(">q", records)[0] == 1
    assert records[8:12] == sent[8:12] and records[16:] == sent[16:]
    assert wire.fetch(connection, topic, 2)[2] == records, "an offset inside a batch brings the whole batch"


def test_acks_0_answers_nothing(connection, topic):
    connection.request(wire.PRODUCE, 7, wire.produce_body(topic, wire.batch(), acks=0))
    assert wire.fetch(connection, topic, 0, wait_ms=5000, min_bytes=1)[1] == 1
