# SPDX-License-Identifier: Apache-2.0
"""10,000 idle partitions: the start after a clean stop is short, and each costs no open file and little memory."""

import os
import time

import pytest
import servers
import wire

TOPICS, PARTITIONS = 10, 1000
START_SECONDS_MAX = 1.0
BYTES_PER_PARTITION_MAX = 2048
FILES_MAX = 20  # more than without partitions
SETTLE_SECONDS = 1.0


def is_sanitized(server):
    binary = server.binary.read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def open_files(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def started(folder):
    server = servers.Eddy(folder)
    began = time.monotonic()
    server.start()
    return server, time.monotonic() - began


def stopped(server):
    assert server.stop() == 0, server.log()
    assert not server.complaints(), server.complaints()


@pytest.fixture(scope="module")
def folder(request, tmp_path_factory):
    """A data folder that was stopped cleanly, with all the partitions in it; a few of them were written to."""
    if request.config.getoption("--peer") == "kafka":
        pytest.skip("looks into eddy itself, not at the protocol")
    folder = tmp_path_factory.mktemp("many")
    server, _ = started(folder)
    with wire.Connection(server, timeout=120) as connection:
        for number in range(TOPICS):
            wire.new_topic(connection, f"many-{number}", PARTITIONS)
            assert wire.produce(connection, f"many-{number}", wire.batch([b"there"]), PARTITIONS - 1)[0] == 0
    stopped(server)
    return folder


def test_starts_in_under_a_second_after_a_clean_stop(folder):
    times = []
    for _ in range(3):
        server, seconds = started(folder)
        times.append(seconds)
        with wire.Connection(server) as connection:
            error, high_watermark, records = wire.fetch(connection, "many-3", 0, PARTITIONS - 1)
        assert (error, high_watermark) == (0, 1) and b"there" in records
        stopped(server)
    limit = START_SECONDS_MAX * (5 if is_sanitized(server) else 1)
    assert min(times) < limit, f"started in {times} seconds"


def test_an_idle_partition_costs_no_open_file(folder, tmp_path):
    empty, _ = started(tmp_path / "empty")
    without = open_files(empty)
    stopped(empty)
    server, _ = started(folder)
    assert open_files(server) - without < FILES_MAX
    stopped(server)


def test_an_idle_partition_costs_little_memory(folder, tmp_path):
    empty, _ = started(tmp_path / "empty")
    if is_sanitized(empty):
        stopped(empty)
        pytest.skip("a sanitizer's memory is not eddy's")
    time.sleep(SETTLE_SECONDS)
    without = empty.memory_bytes()
    stopped(empty)
    server, _ = started(folder)
    time.sleep(SETTLE_SECONDS)
    cost = (server.memory_bytes() - without) / (TOPICS * PARTITIONS)
    stopped(server)
    assert cost < BYTES_PER_PARTITION_MAX, f"{cost:.0f} bytes for each partition"
