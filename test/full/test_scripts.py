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
    after_nats = done.stdout.split("installs NATS", 1)[1]
    assert "\nReceived: Hello from NATS!\n" in after_nats and '"in_msgs": 1,' in after_nats
    assert "Killed" not in done.stderr, "the shell's own words about the kill are kept out"


def test_the_bench_measures_eddy():
    command = [ROOT / ".venv/bin/python", ROOT / "bench/kafka/run.py", "--quick", "--systems", "eddy", "--only", "raw-64k,consume-start"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "raw driver, 64 KB batches" in done.stdout and "| exec to first acknowledged produce |" in done.stdout


def test_the_bench_of_groups_measures_eddy():
    command = [ROOT / ".venv/bin/python", ROOT / "bench/groups/run.py", "--quick", "--systems", "eddy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    figures = {}
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 6 and cells[3].replace(".", "").isdigit():
            figures[cells[1], cells[2]] = float(cells[3])
    # A member hears of the eleventh from its heartbeat, 200 ms apart; a group that waits 1 s for more is there a wait later.
    assert 100 < figures["one more joins 10", "join_ms"] < 3000
    assert 1000 <= figures["10 members join a new group that waits 1 s for more", "cold_ms"] < 5000
    assert figures["commits of 10 partitions, 64 connections, 16 in flight each", "commits_per_s"] > 0
    waiting = "20 consumers wait, 10 in each group, 1 connection each"
    assert figures[waiting, "groups_settled"] == 2
    assert 20 <= figures[waiting, "fetches_per_s"] <= 60


def test_the_bench_of_nats_measures_eddy():
    command = [ROOT / ".venv/bin/python", ROOT / "bench/nats/run.py", "--quick", "--systems", "eddy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    figures = {}
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 6 and cells[3].replace(".", "").isdigit():
            figures[cells[1], cells[2]] = float(cells[3])
    assert 0 < figures["exec to INFO, empty folder on the disk", "info_ms"] < 2000
    for load in ("publish 16 B", "1 to 1, 128 B", "1 to 10, 16 B", "random publish over 1000 subscriptions, 16 B"):
        assert 1 < figures[load, "cpu_ns"] < 100_000
    assert figures["request and reply, 16 B", "p99_us"] >= figures["request and reply, 16 B", "p50_us"] > 0
    assert figures["100 connections, each with a subscription", "memory_mb"] > 1


def test_the_bench_counts_instructions_and_refuses_too_many():
    """The binary against itself, with a limit below one: the figures are there, the ratio is one, and that is too much."""
    command = [ROOT / ".venv/bin/python", ROOT / "bench/instructions/run.py", "--quick", "--rounds", "1", "--most", "0.8"]
    done = subprocess.run([*command, "--against", ROOT / "build/eddy"], capture_output=True, text=True, timeout=300, check=False)
    ratios = [float(line.split("|")[5]) for line in done.stdout.splitlines() if "instructions per batch" in line]
    assert len(ratios) == 2, done.stdout + done.stderr
    assert all(0.9 < ratio < 1.1 for ratio in ratios)
    assert done.returncode == 1 and "times the instructions of the baseline" in done.stderr


def test_the_fuzzers_run():
    done = subprocess.run([ROOT / "script/fuzz", "2"], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
