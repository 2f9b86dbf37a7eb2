# SPDX-License-Identifier: Apache-2.0
"""The scripts that a newcomer runs first."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]


def test_the_demo_shows_what_it_says():
    done = subprocess.run([ROOT / "script/demo"], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Received: Hello from Bob!" in done.stdout
    after_the_kill = done.stdout.split("kill -9", 1)[1]
    assert "ready again after" in after_the_kill and "\nHello from Bob!" in after_the_kill
    assert "Killed" not in done.stderr, "the shell's own words about the kill are kept out"


def test_the_bench_measures_eddy():
    command = [ROOT / ".venv/bin/python", ROOT / "bench/kafka/run.py", "--quick", "--systems", "eddy", "--only", "raw-64k,consume-start"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "raw driver, 64 KB batches" in done.stdout and "| exec to first acknowledged produce |" in done.stdout


def test_the_fuzzers_run():
    done = subprocess.run([ROOT / "script/fuzz", "2"], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
