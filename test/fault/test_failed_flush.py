# SPDX-License-Identifier: Apache-2.0
"""A failed flush ends the promise: nothing is acknowledged after it, /readyz and the log say why, the program ends with 3,
and a start without the fault has everything that was acknowledged."""

import http.client
import pathlib
import shutil
import subprocess
import time

import pytest
import wire

SHIM_SOURCE = pathlib.Path(__file__).with_name("eio_shim.c")
EXIT_DISK_FAILED = 3
# An answer that was sent before may be read by a busy thread of this program later; the server goes on for a second.
READING_NS = 300_000_000


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "eio_shim.so"
    flags = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-shared", "-fPIC"]
    subprocess.run([shutil.which("gcc"), *flags, "-o", library, SHIM_SOURCE, "-ldl"], check=True)
    return library


def ask_ready(server):
    """(status, body) of /readyz, or None when nobody answers."""
    connection = http.client.HTTPConnection(*server.doors["console"], timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return None
    finally:
        connection.close()


def wait_not_ready(server):
    """Asks until the answer is 503; its body, and when it came."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        answer = ask_ready(server)
        if answer is not None and answer[0] == 503:
            return answer[1], time.monotonic_ns()
        assert answer is not None, "the program ended and /readyz never said that it is not ready"
        time.sleep(0.01)
    raise AssertionError("flushes fail, and /readyz says that all is well")


@pytest.mark.parametrize("after", [0, 25])
@pytest.mark.parametrize(("partitions", "journal"), [(1, "0"), (16, "0"), (16, "16MB")])
def test_a_failed_flush_ends_the_promise(start_eddy, shim, tmp_path, load, read_partition, topic, partitions, journal, after):
    folder, trigger = tmp_path / "eddy", tmp_path / "trigger"
    settings = {"LD_PRELOAD": str(shim), "EDDY_STORE_JOURNAL": journal, "EIO_SHIM_AFTER": str(after)}
    settings.update(EIO_SHIM_ROOT=str(folder / "data"), EIO_SHIM_TRIGGER=str(trigger))
    server = start_eddy(environment=settings, folder=folder)
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, partitions)
    assert ask_ready(server)[0] == 200
    running = load(server, topic, partitions)
    time.sleep(1)
    trigger.touch()
    reason, when = wait_not_ready(server)
    assert "disk" in reason or "flush" in reason, reason
    assert server.process.wait(20) == EXIT_DISK_FAILED, server.log()
    running.join()
    assert len(running.acked) > 10, "too little was acknowledged to mean anything"
    late = [mark for mark, (_, _, acked_at) in running.acked.items() if acked_at > when + READING_NS]
    assert not late, f"{len(late)} acknowledgements came after /readyz had said that the store failed"
    assert "nothing is acknowledged any more" in server.log(1 << 20)
    assert not server.complaints(), server.complaints()

    server.environment = {}
    server.restart()
    stored = [read_partition(server, topic, partition) for partition in range(partitions)]
    for mark, (partition, offset, _) in running.acked.items():
        assert running.value(mark) in stored[partition][offset], f"{mark} was acknowledged and is not there"
