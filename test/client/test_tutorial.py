# SPDX-License-Identifier: Apache-2.0
"""The tutorial's own files, byte for byte; only the address kafka:9092 leads to the server that the test started."""

import os
import pathlib
import signal
import subprocess
import time

import pytest
import servers

SHARED = pathlib.Path(os.environ.get("EDDY_SHARED", servers.ROOT / ".." / "shared"))
TUTORIAL = SHARED / "tutorial"
MAPPED = pathlib.Path(__file__).with_name("mapped")
WAIT_SECONDS = 30

pytestmark = pytest.mark.skipif(not TUTORIAL.is_dir(), reason="the tutorial's files (../shared/tutorial) are not here")


def run(python, name, broker, **extra):
    """Starts a tutorial file; mapped/sitecustomize.py, which Python loads by itself, maps the address."""
    environment = {**os.environ, "PYTHONPATH": str(MAPPED), "MAP_FROM": "kafka:9092", "MAP_TO": broker.bootstrap}
    command = [servers.ROOT / python / "bin/python", "-u", TUTORIAL / name]
    return subprocess.Popen(command, env=environment, text=True, **extra)


# One test for both versions: they share the topic, which the tutorial names.
@pytest.mark.parametrize("python", [".venv", ".venv-kafka202"])
def test_producer_reaches_consumer(broker, tmp_path, python):
    out = tmp_path / "out"
    with open(out, "wb") as file:
        consumer = run(python, "consumer.py", broker, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        # The consumer starts at the end of the topic, so the producer is run until one event comes after that.
        while "Received: Hello from Kafka!" not in out.read_text():
            assert consumer.poll() is None, out.read_text()
            assert time.monotonic() < deadline, "nothing arrived: " + out.read_text()
            producer = run(python, "producer.py", broker, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            said, _ = producer.communicate(timeout=WAIT_SECONDS)
            assert (producer.returncode, said) == (0, "")
            time.sleep(0.5)
    finally:
        consumer.send_signal(signal.SIGKILL)
        consumer.wait(10)
    assert set(out.read_text().splitlines()) == {"Received: Hello from Kafka!"}
