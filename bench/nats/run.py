#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What messages cost eddy and nats-server. Both run at the same time and take turns, so that they see the same machine; a
figure is the median of the rounds.

    bench/nats/run.py [--quick] [--only flow,random,request,connections,start,cli] [--systems eddy,nats-server] [--append]

nats_load.c says what is measured; cpu_ns is the server's CPU time for each message that goes out (in, if none does), and is
what counts where client and server share the cores. Memory is that of a server that was just started. --append adds the table
to bench/RESULTS.md.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "common"))
from bench import Eddy, Nats, Table, allow_files, bench_main, build_load, run_load, stop_servers, take_turns  # noqa: E402
from servers import eddy_binary, free_port  # noqa: E402

SYSTEMS = {"eddy": Eddy, "nats-server": Nats}
PARTS = ("start", "flow", "random", "request", "connections", "cli")
CLI = ROOT / ".cache/nats/nats"
FILES = 2000  # what a server opens besides its connections

# title, publishers, subscribers, whether each pair has a subject of its own, bytes, millions that are published
FLOWS = [
    ("publish 16 B", 1, 0, 0, 16, 10),
    ("publish 128 B", 1, 0, 0, 128, 10),
    ("1 to 1, 16 B", 1, 1, 0, 16, 5),
    ("1 to 1, 128 B", 1, 1, 0, 128, 3),
    ("1 to 1, 1024 B", 1, 1, 0, 1024, 1),
    ("2 to 2 on two subjects, 16 B", 2, 2, 1, 16, 5),
    ("2 to 2 on two subjects, 128 B", 2, 2, 1, 128, 3),
    ("1 to 4, 16 B", 1, 4, 0, 16, 1.5),
    ("1 to 4, 128 B", 1, 4, 0, 128, 1),
    ("1 to 10, 16 B", 1, 10, 0, 16, 0.6),
    ("1 to 10, 128 B", 1, 10, 0, 128, 0.5),
]


class Sizes:
    """How much of everything: enough to measure, or just enough to see that it works."""

    def __init__(self, quick):
        self.rounds, self.warm_rounds = (1, 0) if quick else (5, 1)
        self.share = 0.01 if quick else 1
        self.subscriptions = 1000 if quick else 100_000
        self.requests = 300 if quick else 30_000
        self.connections = [100] if quick else [1000, 10_000]
        self.starts = 2 if quick else 15
        self.cli_messages = 20_000 if quick else 2_000_000


def address_of(server):
    host, port = server.nats_address
    return f"{host}:{port}"


def start_command(name, folder, port):
    """A server on a folder that is empty, as people start it."""
    if name == "nats-server":
        return [Nats.peer, "-a", "127.0.0.1", "-p", port]
    nowhere = "127.0.0.1:0"
    return [eddy_binary(), "serve", "--data", folder, "--nats", f"127.0.0.1:{port}", "--kafka", nowhere, "--kube", "off", "--console", nowhere]


class Bench:
    def __init__(self, load, folder, names, sizes, table):
        self.load, self.folder, self.names, self.sizes, self.table = load, folder, names, sizes, table
        self.servers, self.skipped = {}, ""

    def run(self, mode, server, **options):
        return run_load(self.load, mode, address_of(server), pid=server.pid, **options)

    def rows(self, title, results, **digits_of):
        for figure, digits in digits_of.items():
            self.table.row(title, figure, [results[name].get(figure) for name in self.table.names], digits)
            values = " ".join(f"{name}={results[name][figure]:.4g}" for name in results if figure in results[name])
            print(f"  {title}: {figure} {values}", file=sys.stderr, flush=True)

    def start_servers(self):
        try:
            for name in self.names:
                self.servers[name] = SYSTEMS[name](self.folder / name)
                self.servers[name].start()
        except BaseException:
            self.stop_servers()
            raise

    def stop_servers(self):
        stop_servers(self.servers)
        self.servers = {}

    def take_turns(self, run, rounds=None, warm_rounds=None):
        sizes = self.sizes
        return take_turns(self.servers, rounds or sizes.rounds, sizes.warm_rounds if warm_rounds is None else warm_rounds, run)

    def fresh(self, run, rounds):
        """The same with servers that were started just before."""
        def run_fresh(server, _):
            server.stop()
            shutil.rmtree(server.data, ignore_errors=True)
            return run(server.restart())
        return self.take_turns(run_fresh, rounds, 0)

    def start(self):
        """In a folder on the disk, and in one that costs no flush."""
        for where, parent in (("on the disk", self.folder), ("in memory", pathlib.Path("/dev/shm"))):
            if not parent.is_dir():
                continue

            def run(name, _, parent=parent):
                with tempfile.TemporaryDirectory(prefix="eddy-bench-", dir=parent) as folder:
                    address = f"127.0.0.1:{free_port()}"
                    command = start_command(name, f"{folder}/data", address.rsplit(":", 1)[1])
                    done = subprocess.run([self.load, "start", address, *map(str, command)], capture_output=True, text=True,
                                          timeout=60, check=True, cwd=folder)
                    return json.loads(done.stdout)
            results = take_turns({name: name for name in self.names}, self.sizes.starts, 1, run)
            self.rows(f"exec to INFO, empty folder {where}", results, info_ms=1)

    def flow(self):
        for title, publishers, subscribers, distinct, size, millions in FLOWS:
            messages = int(millions * 1e6 * self.sizes.share)
            results = self.take_turns(lambda server, _: self.run(
                "flow", server, publishers=publishers, subscribers=subscribers, distinct=distinct, size=size, messages=messages))
            self.rows(title, results, cpu_ns=1, messages_per_s=0)

    def random(self):
        count = self.sizes.subscriptions
        results = self.fresh(lambda server: self.run(
            "random", server, subscriptions=count, messages=int(1e6 * self.sizes.share), size=16), max(self.sizes.rounds - 2, 1))
        self.rows(f"{count} subscriptions on one connection", results, bytes_each=0)
        self.rows(f"random publish over {count} subscriptions, 16 B", results, cpu_ns=1, messages_per_s=0)

    def request(self):
        results = self.take_turns(lambda server, _: self.run("request", server, messages=self.sizes.requests, size=16))
        self.rows("request and reply, 16 B", results, p50_us=0, p99_us=0, cpu_us=2, requests_per_s=0)

    def connections(self):
        for count in self.sizes.connections:
            if not allow_files(count + FILES):
                self.skipped += f" {count} connections are not measured: a process may not open as many files."
                continue
            results = self.fresh(lambda server: self.run("connections", server, connections=count), max(self.sizes.rounds - 2, 1))
            self.rows(f"{count} connections, each with a subscription", results, memory_mb=1, kb_each=1, connect_cpu_us=1,
                      connects_per_s=0)

    def cli_run(self, server, with_subscriber):
        """`nats bench`: what the client prints, and the server's CPU time for each message."""
        messages = self.sizes.cli_messages
        flags = ["--msgs", str(messages), "--no-progress"]
        command = [CLI, "--server", f"nats://{address_of(server)}", "bench"]
        subscriber = None
        if with_subscriber:
            subscriber = subprocess.Popen([*command, "sub", "b", *flags, "--size", "128"], stdout=subprocess.PIPE, text=True,
                                          stderr=subprocess.DEVNULL)
            time.sleep(1)  # it says nothing when its subscription is there
        try:
            before = server.cpu_seconds()
            out = subprocess.run([*command, "pub", "b", *flags, "--size", "128"], capture_output=True, text=True, timeout=120,
                                 check=True).stdout
            if subscriber:
                out, _ = subscriber.communicate(timeout=60)
        finally:
            if subscriber:
                subscriber.kill()
        rate = float(re.search(r"([\d,]+) msgs/sec", out)[1].replace(",", ""))
        return {"messages_per_s": rate, "cpu_ns": (server.cpu_seconds() - before) * 1e9 / messages}

    def cli(self):
        if not CLI.exists():
            self.skipped += " The rows of `nats bench` are missing: script/setup --full builds it."
            return
        for title, with_subscriber in (("publish", False), ("1 to 1", True)):
            results = self.take_turns(lambda server, _: self.cli_run(server, with_subscriber), max(self.sizes.rounds - 2, 1))
            self.rows(f"`nats bench`, {title}, 128 B (bound by the client)", results, cpu_ns=0, messages_per_s=0)


def measure(args, folder):
    load = build_load(folder, ["nats/nats_load.c", "common/client.c"], ["-lpthread"])
    names = args.systems
    table = Table(names)
    allow_files(max(Sizes(args.quick).connections) + FILES)  # servers inherit it
    bench = Bench(load, folder, names, Sizes(args.quick), table)
    bench.start_servers()
    try:
        for part in PARTS:
            if part in args.only:
                getattr(bench, part)()
    finally:
        bench.stop_servers()
    peer = f"nats-server {Nats.version()} without JetStream; " if "nats-server" in names else ""
    return f"{peer}client and servers share the cores; the median of the rounds, in which the servers take turns.{bench.skipped}\n\n{table}"


if __name__ == "__main__":
    bench_main(__doc__, measure, "NATS, ", PARTS, SYSTEMS)
