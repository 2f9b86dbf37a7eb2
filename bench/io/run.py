#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a loop of io/ costs beside bare epoll, and what TLS costs beside plain text, each in one run.

    bench/io/run.py [loop|tls]

Loop: CPU of the server's thread for each echo, and for each message; ratios near 1 mean that the loop adds nothing to its
system calls. TLS: an echo over loopback, the client in the same process; throughput is both sides' on shared cores, CPU
is what counts.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARIES = [ROOT / "build" / "release" / "src" / f"libeddy_{room}.a" for room in ("io_testing", "io", "io_common", "base")]
SYSTEM = ["-luv", "-lssl", "-lcrypto", "-lpthread"]
LOADS = [(1, 20000, 64), (10, 20000, 64), (1000, 200, 64), (1000, 200, 4096)]  # connections, rounds, bytes
CIPHERS = [
    "plain",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
]
FLOWS = [(65536, 1, 16), (1024, 16, 16), (64, 100, 1)]  # bytes, connections, pieces on the way


def compile_to(folder, name):
    program = pathlib.Path(folder) / name
    source = ROOT / "bench" / "io" / f"{name}.c"
    subprocess.run(
        ["gcc", "-O2", "-D_GNU_SOURCE", "-I", ROOT / "src", "-o", program, source, *LIBRARIES, *SYSTEM], check=True
    )
    return program


def run(program, *arguments):
    command = [program, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)


def bench_loop(folder):
    program = compile_to(folder, "loop_bench")
    print("| connections | bytes | io, ns/echo | epoll, ns/echo | ratio | ns/message |\n|---|---|---|---|---|---|")
    for load in LOADS:
        row = run(program, *load)
        print(
            f"| {row['connections']} | {row['size']} | {row['io_ns']:.0f} | {row['epoll_ns']:.0f} "
            f"| {row['ratio']:.2f} | {row['message_ns']:.1f} |"
        )


def bench_tls(folder):
    program = compile_to(folder, "tls_bench")
    print("| bytes | connections | cipher | MB/s | server, CPU s/GB | ratio | server, ns/echo |\n|---|---|---|---|---|---|---|")
    for size, connections, window in FLOWS:
        plain = None
        for cipher in CIPHERS:
            row = run(program, cipher, size, connections, window, 3000)
            plain = plain or row["server_cpu_s_per_gb"]
            print(
                f"| {size} | {connections} | {cipher} | {row['megabytes_per_s']:.0f} | {row['server_cpu_s_per_gb']:.2f} "
                f"| {row['server_cpu_s_per_gb'] / plain:.2f} | {row['server_ns_per_echo']:.0f} |"
            )
    print("\n| 1,000 connections | CPU to open, both sides, us | idle, bytes for one side |\n|---|---|---|")
    for cipher in CIPHERS[:2]:
        row = run(program, cipher, 64, 1000, 0, 100)
        print(f"| {cipher} | {row['open_us']:.0f} | {row['idle_bytes']:.0f} |")


def main():
    parts = {"loop": bench_loop, "tls": bench_tls}
    if any(name not in parts for name in sys.argv[1:]):
        raise SystemExit(__doc__)
    missing = [path for path in LIBRARIES if not path.exists()]
    if missing:
        raise SystemExit(f"{missing[0]} is missing: run script/build first")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    print(f"commit {commit}\n")
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or parts:
            parts[name](folder)


if __name__ == "__main__":
    main()
