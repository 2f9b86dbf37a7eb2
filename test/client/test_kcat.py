# SPDX-License-Identifier: Apache-2.0
"""kcat with Debian's librdkafka, which is older than the one that confluent-kafka brings."""

import json
import subprocess

import pytest


def kcat(broker, *arguments, lines=None):
    done = subprocess.run(
        ["kcat", "-b", broker.bootstrap, *arguments],
        input=None if lines is None else "".join(line + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_produces_and_consumes(broker, topic, codec):
    lines = [f"line {i} " + "x" * 200 for i in range(1000)]
    kcat(broker, "-P", "-t", topic, "-z", codec, "-X", "linger.ms=50", lines=lines)
    assert kcat(broker, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q") == lines


def test_keys_and_headers(broker, topic):
    kcat(broker, "-P", "-t", topic, "-K", ":", "-H", "colour=blue", lines=["a:1", "b:2"])
    out = kcat(broker, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q", "-f", "%o %k %s %h\\n")
    assert out == ["0 a 1 colour=blue", "1 b 2 colour=blue"]


def test_offsets_from_the_end(broker, topic):
    kcat(broker, "-P", "-t", topic, lines=[str(i) for i in range(10)])
    assert kcat(broker, "-C", "-t", topic, "-p", "0", "-o", "-3", "-e", "-q") == ["7", "8", "9"]
    assert kcat(broker, "-C", "-t", topic, "-p", "0", "-o", "4", "-c", "2", "-q") == ["4", "5"]


def test_seeks_by_time(broker, topic):
    kcat(broker, "-P", "-t", topic, lines=["1", "2"])
    stamps = kcat(broker, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q", "-f", "%T\\n")
    assert kcat(broker, "-C", "-t", topic, "-p", "0", "-o", f"s@{stamps[0]}", "-e", "-q") == ["1", "2"]
    assert kcat(broker, "-Q", "-t", f"{topic}:0:{stamps[0]}") == [f"{topic} [0] offset 0"]


def test_idempotent_producer(broker, topic):
    lines = [str(i) for i in range(5000)]
    kcat(broker, "-P", "-t", topic, "-X", "enable.idempotence=true", lines=lines)
    assert kcat(broker, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q") == lines


def test_lists_metadata(broker, topic):
    kcat(broker, "-P", "-t", topic, lines=["1"])
    (text,) = kcat(broker, "-L", "-J")
    metadata = json.loads(text)
    assert topic in [row["topic"] for row in metadata["topics"]]
    assert [row["name"] for row in metadata["brokers"]] == [broker.bootstrap]
