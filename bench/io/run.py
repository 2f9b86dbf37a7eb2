#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a loop of io/ costs beside bare epoll, in one run: CPU of the server's thread for each echo, and for each message.

    bench/io/run.py

Ratios near 1 mean that the loop adds nothing to its system calls; a message between loops should cost tens of nanoseconds.
"""
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = [ROOT / "build" / "release" / "src" / f"libeddy_{room}.a" for room in ("io", "io_common", "base")]
LOADS = [(1, 20000, 64), (10, 20000, 64), (1000, 200, 64), (1000, 200, 4096)]  # connections, rounds, bytes


def main():
    missing = [path for path in LIBRARIES if not path.exists()]
    if missing:
        raise SystemExit(f"{missing[0]} is missing: run script/build first")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "loop_bench"
        source = ROOT / "bench" / "io" / "loop_bench.c"
        subprocess.run(
            ["gcc", "-O2", "-D_GNU_SOURCE", "-I", ROOT / "src", "-o", program, source, *LIBRARIES, "-luv", "-lpthread"],
            check=True,
        )
        print(f"commit {commit}\n| connections | bytes | io, ns/echo | epoll, ns/echo | ratio | ns/message |\n|---|---|---|---|---|---|")
        for load in LOADS:
            out = subprocess.run([program, *map(str, load)], check=True, capture_output=True, text=True, timeout=60).stdout
            row = json.loads(out)
            print(
                f"| {row['connections']} | {row['size']} | {row['io_ns']:.0f} | {row['epoll_ns']:.0f} "
                f"| {row['ratio']:.2f} | {row['message_ns']:.1f} |"
            )


if __name__ == "__main__":
    main()
