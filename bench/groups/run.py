#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What consumer groups cost eddy and Apache Kafka: rebalances, commits, and many consumers that wait. Both servers run at the
same time and take turns, so that they see the same machine; a figure is the median of the rounds.

    bench/groups/run.py [--quick] [--only rebalance,delay,commit,idle] [--systems eddy,kafka] [--append]

group_load.c says what is measured. eddy flushes a commit and an assignment before it answers, Kafka answers from the page
cache. --append adds the table to bench/RESULTS.md.
"""
import pathlib
import resource
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "common"))
from bench import Eddy, Kafka, Table, allow_files, bench_main, build_load, run_load, stop_servers, take_turns  # noqa: E402

SYSTEMS = ("eddy", "kafka")
PARTS = ("rebalance", "delay", "commit", "idle")
SOURCES = [*(f"groups/{name}.c" for name in ("group_load", "commit", "idle", "member", "link")), "common/client.c"]
FILES = 2000  # what a server opens besides its connections


class Sizes:
    """How much of everything: enough to measure, or just enough to see that it works."""

    def __init__(self, quick):
        self.members = [10] if quick else [10, 100, 500]
        self.rounds, self.warm_rounds = (1, 0) if quick else (5, 2)
        self.heartbeat_ms = 200 if quick else 3000  # Java's default
        self.delay_s = 1 if quick else 3
        self.commit_s = 1 if quick else 5
        self.idle_groups, self.idle_members = (2, 10) if quick else (100, 100)
        self.idle_s, self.idle_warm_s = (1, 1) if quick else (20, 15)
        self.alone_s = 1 if quick else 10


def start_servers(names, folder, heap, delay_ms):
    """Kafka with its default of 50 partitions for offsets; both with the same delay before a group's first generation."""
    make = {
        "eddy": lambda at: Eddy(at, environment={"EDDY_KAFKA_GROUP_INITIAL_DELAY": f"{delay_ms}ms"}),
        "kafka": lambda at: Kafka(at, {"offsets.topic.num.partitions": 50, "group.initial.rebalance.delay.ms": delay_ms}, heap),
    }
    servers = {}
    try:
        for name in names:
            servers[name] = make[name](folder / f"{name}-{delay_ms}")
            servers[name].start()
    except BaseException:
        stop_servers(servers)
        raise
    return servers


class Bench:
    def __init__(self, load, raw, servers, sizes, table):
        self.load, self.raw, self.servers, self.sizes, self.table = load, raw, servers, sizes, table

    def run(self, mode, server, **options):
        return run_load(self.load, mode, server.bootstrap, pid=server.pid, heartbeat=self.sizes.heartbeat_ms, **options)

    def rows(self, title, results, **digits_of):
        for figure, digits in digits_of.items():
            self.table.row(title, figure, [results[name].get(figure) for name in self.table.names], digits)
            values = " ".join(f"{name}={results[name][figure]:.4g}" for name in results if figure in results[name])
            print(f"  {title}: {figure} {values}", file=sys.stderr, flush=True)

    def alone(self):
        """What a server uses that nobody is connected to."""
        def run(server, _):
            before = server.cpu_seconds()
            time.sleep(self.sizes.alone_s)
            return {"cpu_ms_per_s": (server.cpu_seconds() - before) * 1000 / self.sizes.alone_s, "memory_mb": server.memory_bytes() / 1e6}
        self.rows("nobody is connected, before the first load", take_turns(self.servers, 1, 0, run), cpu_ms_per_s=0, memory_mb=0)

    def rebalance(self):
        for members in self.sizes.members:
            results = take_turns(self.servers, self.sizes.rounds, self.sizes.warm_rounds, lambda server, number: self.run(
                "rebalance", server, group=f"r{members}-{number}", members=members))
            for phase, what in (("cold", f"{members} members join a new group"), ("join", f"one more joins {members}"),
                                ("leave", f"one of {members + 1} leaves")):
                self.rows(what, results, **{f"{phase}_ms": 0, f"{phase}_answer_ms": 2, f"{phase}_cpu_ms": 1})

    def delay(self):
        for members in self.sizes.members:
            results = take_turns(self.servers, max(self.sizes.rounds - 2, 1), self.sizes.warm_rounds // 2, lambda server, number: self.run(
                "rebalance", server, group=f"d{members}-{number}", members=members))
            self.rows(f"{members} members join a new group that waits {self.sizes.delay_s} s for more", results, cold_ms=0, cold_cpu_ms=1)

    def compare_bare(self, server, figures):
        """What a bare loop that appends a page and flushes it does on the same disk, right afterwards."""
        file = server.folder / "bare"
        bare = run_load(self.raw, "bare", file, batch=4096, seconds=self.sizes.commit_s)
        file.unlink()
        figures["of_bare"] = figures["commits_per_s"] * bare["seconds"] / bare["commits"]
        figures["bare_p99_ms"] = bare["p99_ms"]

    def commits_of(self, server, number, members, inflight, partitions):
        figures = self.run("commit", server, group=f"c{members}-{inflight}-{partitions}-{number}", topic=f"commit{partitions}",
                           members=members, inflight=inflight, partitions=partitions, seconds=self.sizes.commit_s)
        if members * inflight == 1 and isinstance(server, Eddy):
            self.compare_bare(server, figures)
        return figures

    def commit(self):
        for members, inflight in ((1, 1), (64, 1), (64, 16)):
            for partitions in (1, 10):
                results = take_turns(self.servers, max(self.sizes.rounds - 2, 1), self.sizes.warm_rounds // 2,
                                     lambda server, number: self.commits_of(server, number, members, inflight, partitions))
                title = f"commits of {partitions} partition{'s' * (partitions > 1)}, {members} connection{'s' * (members > 1)}, {inflight} in flight each"
                self.rows(title, results, commits_per_s=0, p50_ms=3, p99_ms=3, cpu_us_per_commit=1, of_bare=2, bare_p99_ms=3)

    def idle(self):
        """As many connections in two shapes: one for each consumer, or a second one for its fetches, as Java's client has it."""
        sizes = self.sizes
        for connections in (1, 2):
            groups = sizes.idle_groups // connections
            results = take_turns(self.servers, max(sizes.rounds - 3, 1), 0, lambda server, number: self.run(
                "idle", server, group=f"i{connections}-{number}", topic="idle", partitions=sizes.idle_members, groups=groups,
                members=sizes.idle_members, connections=connections, seconds=sizes.idle_s, warm=sizes.idle_warm_s))
            title = (f"{groups * sizes.idle_members} consumers wait, {sizes.idle_members} in each group, "
                     f"{connections} connection{'s' * (connections > 1)} each")
            self.rows(title, results, all_joined_s=1, cpu_ms_per_s=0, memory_mb=0, fetches_per_s=0, heartbeats_per_s=0, heartbeat_p99_ms=1,
                      groups_settled=0)


def measure(args, folder):
    load = build_load(folder, SOURCES)
    raw = build_load(folder, ["kafka/raw_load.c", "common/client.c"], ["-lisal"])
    names = args.systems
    sizes, table, skipped = Sizes(args.quick), Table(names), ""
    for delay_ms, parts in ((0, ("alone", "rebalance", "idle", "commit")), (sizes.delay_s * 1000, ("delay",))):
        wanted = [part for part in parts if part in args.only]
        if "idle" in wanted and not allow_files(sizes.idle_groups * sizes.idle_members + FILES):
            wanted.remove("idle")
            skipped += f" Waiting consumers are not measured: a process may open only {resource.getrlimit(resource.RLIMIT_NOFILE)[1]} files."
        if not wanted:
            continue
        servers = start_servers(names, folder, args.heap, delay_ms)
        try:
            bench = Bench(load, raw, servers, sizes, table)
            if delay_ms == 0:
                bench.alone()
            for part in wanted:
                getattr(bench, part)()
        finally:
            stop_servers(servers)
    kafka = f"Kafka {Kafka.version()}, heap {args.heap}; " if "kafka" in names else ""
    return (f"{kafka}client and servers share the cores. eddy flushes a commit and an assignment before it answers, Kafka does not; "
            f"group.initial.rebalance.delay.ms is 0 on both unless a row says otherwise.{skipped}\n\n{table}")


if __name__ == "__main__":
    bench_main(__doc__, measure, "Groups, ", PARTS, SYSTEMS, heap={"default": "1g", "help": "Kafka's heap (its own default is 1g)"})
