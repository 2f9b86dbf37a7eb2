#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What two loops make of two busy accounts: eddy with two loops and eddy with one run at the same time and take turns; a figure
is the median of the rounds.

    bench/nats/loops.py [--quick] [--append]

Each account has a publisher and a subscriber of its own, both at once. cpu_ns is the server's CPU time for each message that is
delivered. How many messages get through says as much about the load, which shares the processors with the server.
"""
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "common"))
from bench import Eddy, Table, bench_main, build_load, start_load, stop_servers, take_turns  # noqa: E402

ACCOUNTS = "ab"
USERS = "accounts {\n" + "".join(f"{a} {{ users [ {{ user: {a}, password: p }} ] }}\n" for a in ACCOUNTS) + "}\n"
LOADS = (("1 to 1, 16 B", 16, 4_000_000), ("1 to 1, 1024 B", 1024, 800_000))


def start_server(folder, loops):
    users = folder / "users.conf"
    users.write_text(USERS)
    server = Eddy(folder / f"loops{loops}", ["--loops", str(loops), "--nats-auth", users])
    server.start()
    return server


def measure(args, folder):
    load = build_load(folder, ["nats/nats_load.c", "common/client.c"], ["-lpthread"])
    servers = {title: start_server(folder, loops) for title, loops in (("2 loops", 2), ("1 loop", 1))}
    table = Table(list(servers))
    for title, size, messages in LOADS:
        count = messages // 100 if args.quick else messages

        def run(server, _, size=size, count=count):
            host, port = server.nats_address
            before, began = server.cpu_seconds(), time.monotonic()
            waits = [start_load(load, "flow", f"{host}:{port}", pid=server.pid, publishers=1, subscribers=1, messages=count,
                                size=size, user=account) for account in ACCOUNTS]
            for wait in waits:
                wait()
            took, delivered = time.monotonic() - began, count * len(ACCOUNTS)
            return {"cpu_ns": (server.cpu_seconds() - before) * 1e9 / delivered, "messages_per_s": delivered / took}
        results = take_turns(servers, 1 if args.quick else 5, 0 if args.quick else 1, run)
        for figure in ("cpu_ns", "messages_per_s"):
            table.row(f"two accounts, {title} each", figure, [results[server][figure] for server in servers], 0)
    stop_servers(servers)
    return f"two loops beside one, taking turns.\n\n{table}"


if __name__ == "__main__":
    bench_main(__doc__, measure, "NATS, accounts on loops: ")
