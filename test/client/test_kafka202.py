# SPDX-License-Identifier: Apache-2.0
"""kafka-python 2.0.2, which guesses the server's version by probing and speaks the oldest requests."""

import pathlib
import subprocess

import pytest
import servers

PYTHON = servers.ROOT / ".venv-kafka202/bin/python"
CASES = pathlib.Path(__file__).with_name("kafka_python_cases.py")


def run(broker, topic, case, *arguments):
    done = subprocess.run(
        [PYTHON, CASES, case, broker.bootstrap, topic, *arguments], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_roundtrip(broker, topic, acks):
    run(broker, topic, "roundtrip", acks)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compression(broker, topic, codec):
    run(broker, topic, "compression", codec)


@pytest.mark.parametrize("case", ["nulls", "seek_by_time", "large_message", "larger_than_the_fetch", "long_poll", "admin"])
def test_case(broker, topic, case):
    run(broker, topic, case)
