# SPDX-License-Identifier: Apache-2.0
"""Each acknowledgement follows the flush that covers it: counted in the system calls of the running program.

kill -9 cannot show this (the page cache survives it); only the order of write, flush and answer can.
"""

import pathlib
import shutil
import subprocess
import time

import pytest
import wire

SHIM_SOURCE = pathlib.Path(__file__).with_name("flush_shim.c")


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "flush_shim.so"
    flags = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-shared", "-fPIC"]
    subprocess.run([shutil.which("gcc"), *flags, "-o", library, SHIM_SOURCE, "-ldl"], check=True)
    return library


class Journal:
    """What the shim saw."""

    def __init__(self, path):
        self.writes, self.flushes = [], []
        for line in path.read_text().splitlines():
            fields = line.split(" ")
            if fields[0] == "write":
                marks = [] if fields[6] == "-" else [int(mark) for mark in fields[6].split(",")]
                self.writes.append((int(fields[1]), int(fields[2]), fields[3], fields[5] == "1", marks))
            else:
                self.flushes.append((int(fields[1]), int(fields[2]), fields[3]))

    def durable_ns(self):
        """For each mark, the earliest time at which a flush covered a write of it."""
        durable = {}
        for _, ended, path, dsync, marks in self.writes:
            if not marks:
                continue
            covered = ended if dsync else self._first_flush(path, ended)
            for mark in marks:
                if covered is not None and covered < durable.get(mark, 1 << 63):
                    durable[mark] = covered
        return durable

    def _first_flush(self, path, after):
        """A flush counts only when it began after the write had ended. `*` is syncfs, which flushes every file."""
        ends = [end for began, end, flushed in self.flushes if began >= after and flushed in (path, "*")]
        return min(ends, default=None)


def early_acks(journal, acked):
    """The marks that were acknowledged before they were durable."""
    durable = journal.durable_ns()
    return [mark for mark, (_, _, when) in acked.items() if durable.get(mark, 1 << 63) > when]


def run_load(start_eddy, shim, tmp_path, load, topic, partitions, acks, *arguments, settings=None):
    # A folder that the test names, because it must know the root before the server starts.
    folder = tmp_path / "eddy"
    places = {"FLUSH_SHIM_LOG": str(tmp_path / "calls"), "FLUSH_SHIM_ROOT": str(folder / "data")}
    environment = {"LD_PRELOAD": str(shim), **places, **(settings or {})}
    server = start_eddy(*arguments, environment=environment, folder=folder)
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, partitions)
    running = load(server, topic, partitions, acks=acks)
    time.sleep(2)
    running.stop()
    assert not running.refused
    assert len(running.acked) > 50, "too little was acknowledged to mean anything"
    return Journal(tmp_path / "calls"), running.acked


@pytest.mark.parametrize("acks", [-1, 1])
@pytest.mark.parametrize("partitions", [1, 2, 16])
def test_each_ack_follows_the_flush_that_covers_it(start_eddy, shim, tmp_path, load, topic, partitions, acks):
    journal, acked = run_load(start_eddy, shim, tmp_path, load, topic, partitions, acks)
    early = early_acks(journal, acked)
    assert not early, f"{len(early)} of {len(acked)} acknowledgements came before their flush"
    flushes = len(journal.flushes) + sum(1 for write in journal.writes if write[3])
    assert flushes > 0


def test_each_ack_follows_the_write_to_the_journal(start_eddy, shim, tmp_path, load, topic):
    """A small journal is ready at once, so that commits to many partitions go through it."""
    settings = {"EDDY_STORE_JOURNAL": "16MB"}
    journal, acked = run_load(start_eddy, shim, tmp_path, load, topic, 16, -1, settings=settings)
    carried = [mark for write in journal.writes if write[2].endswith("/journal") for mark in write[4]]
    assert len(carried) > len(acked) / 4, "the journal carried little: this shows nothing about it"
    assert not early_acks(journal, acked)


def test_the_check_notices_a_missing_flush(start_eddy, shim, tmp_path, load, topic):
    """The named weaker mode acknowledges what is only written: the same check must say so."""
    journal, acked = run_load(start_eddy, shim, tmp_path, load, topic, 2, -1, "--flush", "never")
    assert early_acks(journal, acked)


@pytest.mark.parametrize("mode", [["--flush", "never"], ["--flush", "interval", "--flush-interval", "500ms"]], ids=lambda mode: mode[1])
def test_the_weaker_modes_flush_less(start_eddy, shim, tmp_path, load, topic, mode):
    """And what a kill leaves is still everything that was acknowledged: test/sim shows that for each of them."""
    journal, acked = run_load(start_eddy, shim, tmp_path, load, topic, 2, -1, *mode)
    segments = [flush for flush in journal.flushes if flush[2].endswith(".log") or flush[2] == "*"]
    assert len(segments) < len(acked) / 10


@pytest.mark.parametrize("mode", [["--flush", "never"], ["--acks-one", "written"]], ids=lambda mode: mode[1])
def test_a_kill_takes_nothing_in_the_weaker_modes(start_eddy, load, read_partition, topic, mode):
    server = start_eddy(*mode)
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic)
    running = load(server, topic, 1, acks=1)
    time.sleep(1)
    server.kill()
    running.join()
    assert len(running.acked) > 10
    server.restart()
    values = read_partition(server, topic, 0)
    for mark, (_, offset, _) in running.acked.items():
        assert running.value(mark) in values[offset]
