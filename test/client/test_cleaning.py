# SPDX-License-Identifier: Apache-2.0
"""Retention and compaction of the running server, as a client and a look into the folder see them."""

import json
import subprocess
import time

import wire

OFTEN = {"EDDY_STORE_RETENTION_CHECK": "200ms", "EDDY_STORE_CHECKPOINT": "300ms"}
WAIT_SECONDS = 20


def offsets(server, topic):
    """(earliest, latest) of partition 0."""
    command = [server.binary, "topic", "describe", topic, "--json", "--bootstrap", server.bootstrap]
    line = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    found = json.loads(line)["partitions"][0]
    return found["earliest"], found["latest"]


def wait_until(condition):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def consume(server, topic):
    command = [server.binary, "consume", topic, "--from", "earliest", "--to-end", "--key-separator", "=", "--bootstrap", server.bootstrap]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()


def test_the_last_segment_of_an_idle_partition_expires(start_eddy, topic):
    server = start_eddy(environment=OFTEN)
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, configs=[("retention.ms", "700")])
        for _ in range(3):
            assert wire.produce(connection, topic, wire.batch([b"x", b"y"]))[0] == 0
    wait_until(lambda: offsets(server, topic) == (6, 6))
    wait_until(lambda: not list((server.data / f"{topic}-0").glob("*.log")))
    server.kill()
    server.process.wait()
    server.start()
    assert offsets(server, topic) == (6, 6)
    with wire.Connection(server) as connection:
        assert wire.produce(connection, topic, wire.batch([b"z"])) == (0, 6)


def test_size_keeps_the_newest_segments(start_eddy, topic):
    server = start_eddy(environment=OFTEN)
    value = b"v" * 100_000
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, configs=[("retention.bytes", "3000000"), ("segment.bytes", "1048576")])
        for _ in range(100):
            assert wire.produce(connection, topic, wire.batch([value]))[0] == 0
    wait_until(lambda: offsets(server, topic)[0] > 0)
    wait_until(lambda: sum(f.stat().st_size for f in (server.data / f"{topic}-0").glob("*.log")) < 4_200_000)
    earliest, latest = offsets(server, topic)
    assert latest == 100 and 100 - earliest >= 29, "not less than retention.bytes is kept"


def test_compaction_keeps_the_newest_value_of_each_key(start_eddy, topic):
    server = start_eddy(environment=OFTEN)
    configs = [("cleanup.policy", "compact"), ("segment.bytes", "1048576"), ("min.cleanable.dirty.ratio", "0.1")]
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, configs=configs)
    lines = "".join(f"key{i % 100}={i} {'x' * 200}\n" for i in range(20_000))
    command = [server.binary, "produce", topic, "--key-separator", "=", "--bootstrap", server.bootstrap]
    subprocess.run(command, input=lines, text=True, timeout=60, check=True)
    folder = server.data / f"{topic}-0"
    before = sum(f.stat().st_size for f in folder.glob("*.log"))
    wait_until(lambda: sum(f.stat().st_size for f in folder.glob("*.log")) < before / 3)
    for _ in range(2):
        newest = {}
        for line in consume(server, topic):
            key, _, value = line.partition("=")
            newest[key] = int(value.split(" ")[0])
        assert newest == {f"key{i}": 19_900 + i for i in range(100)}
        assert offsets(server, topic)[1] == 20_000, "offsets are never given anew"
        # From the files alone, not from what is in memory.
        server.kill()
        server.process.wait()
        server.start()
