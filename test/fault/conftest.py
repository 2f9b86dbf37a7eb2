# SPDX-License-Identifier: Apache-2.0
"""What the fault tests share: the wire module of the client tests, and a load of several connections."""

import pathlib
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "client"))
import wire  # noqa: E402


class Load:
    """Threads that each produce marked batches to one partition, one request in flight, until the server goes away.

    `acked` maps a mark to (partition, offset, monotonic nanoseconds when the acknowledgement had come).
    """

    def __init__(self, server, topic, partitions, first_mark=0, padding=200, acks=-1):
        self.server, self.topic, self.acks = server, topic, acks
        self.padding = b"." * padding
        self.acked = {}
        self.refused = []
        self.next_mark = first_mark
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(partition,)) for partition in range(partitions)]

    def value(self, mark):
        return b"EDDYMARK%08d" % mark + self.padding

    def _run(self, partition):
        try:
            with wire.Connection(self.server, timeout=30) as connection:
                while not self.stopping.is_set():
                    with self.lock:
                        mark = self.next_mark
                        self.next_mark += 1
                    records = wire.batch([self.value(mark)])
                    error, offset = wire.produce(connection, self.topic, records, partition, self.acks)
                    if error:
                        self.refused.append(error)
                        return
                    self.acked[mark] = (partition, offset, time.monotonic_ns())
        except (AssertionError, OSError):
            pass  # the server is gone: what counts is what was acknowledged before

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def join(self):
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def stop(self):
        self.stopping.set()
        self.join()


def read_values(server, topic, partition):
    """Everything in a partition, as {offset: value}; the load's batches hold one record each."""
    values, offset = {}, 0
    with wire.Connection(server, timeout=30) as connection:
        while True:
            error, high_watermark, records = wire.fetch(connection, topic, offset, partition)
            assert error == 0
            if offset >= high_watermark:
                return values
            reader = wire.Reader(records)
            while reader.at + 61 <= len(records):
                start = reader.at
                base, size = reader.take("qi")
                if start + 12 + size > len(records):
                    break
                batch = records[start : start + 12 + size]
                body = batch[21:]
                assert wire.crc32c(body) == int.from_bytes(batch[17:21], "big"), "a stored batch was changed"
                values[base] = batch
                reader.at = start + 12 + size
                offset = base + 1


@pytest.fixture
def load():
    """load(server, topic, partitions, ...): starts one; stopped after the test."""
    made = []

    def start(*arguments, **settings):
        made.append(Load(*arguments, **settings).start())
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture
def read_partition():
    return read_values
