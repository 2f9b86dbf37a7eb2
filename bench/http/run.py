#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a POST costs the one who sends it: eddy's HTTP client beside libcurl's multi interface, taking turns.

    bench/http/run.py [--rounds N]

CPU of the client's thread for each request, medians; the server is eddy's own, on a thread of its own. libcurl's headers
must be there (libcurl4-openssl-dev).
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = [ROOT / "build" / "release" / "src" / f"libeddy_{room}.a" for room in ("http", "io", "io_common", "base")]
SYSTEM = ["uv", "ssl", "crypto", "pthread", "curl", "z", "isal", "zstd", "lz4", "snappy", "yaml", "m"]
LOADS = [(64, 256, 200000), (64, 4096, 200000), (1, 256, 50000)]  # requests under way, bytes, requests


def compile_to(folder):
    program = pathlib.Path(folder) / "client_bench"
    source = ROOT / "bench" / "http" / "client_bench.c"
    libraries = [*LIBRARIES, *(f"-l{name}" for name in SYSTEM)]
    subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-I", ROOT / "src", "-o", program, source, *libraries], check=True)
    return program


def run(program, client, load):
    command = [program, client, *map(str, load)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)


def medians(rows):
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    middle["cpu_us"] = statistics.median(row["user_us"] + row["system_us"] for row in rows)
    return middle


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    missing = [path for path in LIBRARIES if not path.exists()]
    if missing:
        raise SystemExit(f"{missing[0]} is missing: run script/build first")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    print(f"commit {commit}, bench/http/run.py --rounds {rounds}\n")
    print("| under way | bytes | eddy, CPU us (user) | libcurl, CPU us (user) | ratio | eddy, requests/s | libcurl |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        program = compile_to(folder)
        for load in LOADS:
            rows = {"eddy": [], "curl": []}
            for _ in range(rounds):
                for client, results in rows.items():
                    results.append(run(program, client, load))
            own, other = medians(rows["eddy"]), medians(rows["curl"])
            print(
                f"| {load[0]} | {load[1]} | {own['cpu_us']:.1f} ({own['user_us']:.1f}) "
                f"| {other['cpu_us']:.1f} ({other['user_us']:.1f}) | {own['cpu_us'] / other['cpu_us']:.2f} "
                f"| {own['per_s']:.0f} | {other['per_s']:.0f} |"
            )


if __name__ == "__main__":
    main()
