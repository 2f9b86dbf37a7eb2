# SPDX-License-Identifier: Apache-2.0
"""A small full file system: appends are refused with an error, what was acknowledged stays, and room helps."""

import os
import subprocess
import time

import pytest
import wire

DISK_SIZE = 48 << 20


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a small file system is not permitted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize(("journal", "reserve"), [("0", "2MB"), ("1MB", "0")])
def test_a_full_disk_refuses_and_keeps_its_promises(small_disk, start_eddy, load, read_partition, topic, journal, reserve):
    settings = {"EDDY_STORE_JOURNAL": journal, "EDDY_STORE_RESERVE": reserve}
    server = start_eddy(environment=settings, folder=small_disk / "eddy")
    filler = small_disk / "filler"
    partitions = 4
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, partitions=partitions)
        wire.new_topic(connection, topic + "-big")
    warm = load(server, topic, partitions)  # commits of several partitions: the journal is made
    time.sleep(1)
    warm.stop()
    with wire.Connection(server) as connection:
        # Others fill most of the disk, so that the test is short.
        room = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(b"\0" * max(room - (12 << 20), 0))
        big = wire.batch([b"x" * 500_000])
        errors = []
        for _ in range(100):
            error, _ = wire.produce(connection, topic + "-big", big)
            if error:
                errors.append(error)
                break
        assert errors, "a full disk was not noticed"
    assert server.is_running(), server.log()
    running = load(server, topic, partitions, first_mark=warm.next_mark, padding=20_000)
    running.join()  # each of them is refused, none waits
    assert len(running.refused) == partitions
    assert server.is_running(), server.log()
    values = [read_partition(server, topic, partition) for partition in range(partitions)]
    for done in (warm, running):
        for mark, (partition, offset, _) in done.acked.items():
            assert done.value(mark) in values[partition][offset]
    assert "the disk is nearly full" in server.log(1 << 20) or "the disk is full" in server.log(1 << 20), "the log says why"
    filler.unlink()
    deadline = time.monotonic() + 20
    with wire.Connection(server) as connection:
        while wire.produce(connection, topic, wire.batch())[0] != 0:
            assert time.monotonic() < deadline, "there is room again, and still nothing is accepted"
            time.sleep(0.2)
