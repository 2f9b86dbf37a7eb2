# SPDX-License-Identifier: Apache-2.0
"""Kafka's own Java tools, newest: the strictest clients there are. The consumer takes its partition by assignment."""

import pathlib
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "client"))
import wire  # noqa: E402

PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"


def consume(java, broker, topic, count, *arguments):
    place = ("--bootstrap-server", broker.bootstrap, "--topic", topic, "--partition", 0, "--max-messages", count)
    return java(CONSUMER, *place, *arguments).splitlines()


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_console_producer_and_consumer(java, broker, topic, codec):
    lines = [f"line {i} " + "x" * 100 for i in range(500)]
    java(PRODUCER, "--bootstrap-server", broker.bootstrap, "--topic", topic, "--compression-codec", codec, lines=lines)
    assert consume(java, broker, topic, 500, "--offset", "earliest") == lines
    assert consume(java, broker, topic, 2, "--offset", 498) == lines[498:]


def test_keys_headers_and_timestamps(java, broker, topic):
    settings = ("--reader-property", "parse.key=true", "--reader-property", "key.separator=:")
    java(PRODUCER, "--bootstrap-server", broker.bootstrap, "--topic", topic, *settings, lines=["a:1", "b:2"])
    shown = ("--formatter-property", "print.key=true", "--formatter-property", "print.offset=true")
    out = consume(java, broker, topic, 2, "--offset", "earliest", *shown)
    assert out == ["Offset:0\ta\t1", "Offset:1\tb\t2"]


def test_acks_1_and_all_and_none(java, broker, topic):
    for acks in ("1", "all", "0"):
        settings = ("--command-property", f"acks={acks}", "--command-property", "enable.idempotence=false")
        java(PRODUCER, "--bootstrap-server", broker.bootstrap, "--topic", topic, *settings, lines=[acks])
    assert sorted(consume(java, broker, topic, 3, "--offset", "earliest")) == ["0", "1", "all"]


def test_producer_perf_test(java, broker, topic):
    numbers = ("--num-records", 200_000, "--record-size", 1024, "--throughput", -1)
    properties = ("--producer-props", "acks=all", f"bootstrap.servers={broker.bootstrap}")
    out = java("org.apache.kafka.tools.ProducerPerformance", "--topic", topic, *numbers, *properties)
    assert "200000 records sent" in out.splitlines()[-1]


def test_topics_tool(java, broker, topic):
    tool = ("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", broker.bootstrap)
    java(*tool, "--create", "--topic", topic, "--partitions", 3)
    assert topic in java(*tool, "--list").split()
    java(*tool, "--delete", "--topic", topic)
    assert topic not in java(*tool, "--list").split()


def test_get_offsets(java, broker, topic):
    java(PRODUCER, "--bootstrap-server", broker.bootstrap, "--topic", topic, lines=["1", "2", "3"])
    tool = ("org.apache.kafka.tools.GetOffsetShell", "--bootstrap-server", broker.bootstrap, "--topic", topic)
    assert java(*tool, "--time", -1).strip() == f"{topic}:0:3"
    assert java(*tool, "--time", -2).strip() == f"{topic}:0:0"
    # The first record with the largest timestamp; all three may have the same.
    assert java(*tool, "--time", -3).strip() in [f"{topic}:0:{offset}" for offset in range(3)]
    # Without tiered storage everything is local and nothing is tiered: the tool prints no offset, as with Apache Kafka.
    assert java(*tool, "--time", "earliest-local").strip() == f"{topic}:0:0"
    assert java(*tool, "--time", -4).strip() == f"{topic}:0:0"
    assert java(*tool, "--time", "latest-tiered").strip() == ""
    assert java(*tool, "--time", -5).strip() == ""


def test_get_offsets_by_time(java, broker, topic):
    hour = 3_600_000
    start = int(time.time() * 1000) - 10 * hour
    with wire.Connection(broker) as connection:
        wire.new_topic(connection, topic)
        for number in range(5):
            wire.produce(connection, topic, wire.batch([b"a", b"b"], stamp=start + number * hour))
    tool = ("org.apache.kafka.tools.GetOffsetShell", "--bootstrap-server", broker.bootstrap, "--topic", topic)
    expected = {start - 1: "0", start: "0", start + 1: "2", start + 2 * hour: "4", start + 4 * hour: "8"}
    for moment, offset in expected.items():
        assert java(*tool, "--time", moment).strip() == f"{topic}:0:{offset}", moment
    # Behind the newest record there is none: the tool prints nothing, as with Apache Kafka.
    assert java(*tool, "--time", start + 4 * hour + 1).strip() == ""
