#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an event costs eddy on its way from a POST to a subscriber, beside nginx as a plain reverse proxy.

    bench/events/run.py [--quick] [--only proxy,fan,exact,prefix,cesql,idle] [--append]

proxy: 64 connections post events of 1 KB in binary mode, to nginx (one worker, connections to the receiver are kept), which passes them on,
and to a Broker with one Trigger, which stores each (flushed before the 202) and delivers it. The receiver is the same nginx for both, and
answers 202. They run at the same time and take turns; a figure is the median of the rounds. per_s is the rate at which events have
arrived at the receiver, accepted_per_s that of the answers to the POSTs; CPU time is that of the process in between, all its threads.
The others are eddies beside each other, in turns: what an event costs with 10 Triggers that all want it (fan), and with 10,000 of which one
wants it, by an exact type, by a prefix, and by a CESQL expression, each beside one such Trigger; what 10,000 Triggers take to be made; memory
of 1,000 that have nothing to do (idle). --append adds the tables to bench/RESULTS.md.
"""
import pathlib
import shutil
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench" / "common"), str(ROOT / "bench" / "events")]
from bench import Table, allow_files, bench_main, build_load, run_load, stop_servers, take_turns  # noqa: E402
from event_servers import EddyEvents, Nginx, Proxy, Receiver, cpu_us  # noqa: E402

CONNECTIONS = 64
SIZE = 1024
TYPE = "com.example.order.created.7"  # what the load sends; others end in another number
FILES = 8192

# How a Trigger wants events of one type, by what its filter is made of.
FILTERS = {
    "exact": lambda type: {"filter": {"attributes": {"type": type}}},
    "prefix": lambda type: {"filters": [{"prefix": {"type": type}}]},
    "cesql": lambda type: {"filters": [{"cesql": f"type = '{type}' AND source LIKE '/b%'"}]},
}


class Sizes:
    """How much of everything: enough to measure, or just enough to see that it works."""

    def __init__(self, quick):
        self.rounds = 1 if quick else 7
        self.events = 2000 if quick else 60_000
        self.fan_events = 500 if quick else 10_000
        self.triggers = 100 if quick else 10_000
        self.filter_events = 200 if quick else 20_000
        self.idle = 100 if quick else 1000


class Bench:
    def __init__(self, load, folder, sizes):
        self.load, self.folder, self.sizes = load, folder, sizes
        self.servers, self.tables, self.started = {}, [], 0

    def start(self, server):
        """Servers are stopped when all is over, if not before."""
        self.started += 1
        self.servers[f"{server.folder.name}-{self.started}"] = server
        return server.start()

    def eddy(self):
        eddy = self.start(EddyEvents(self.folder / f"eddy-{self.started}"))
        eddy.broker()
        return eddy

    def send(self, server, count, connections=CONNECTIONS, deliveries=1):
        """Until all have arrived."""
        arrived, before, began = self.receiver.count(), cpu_us(server.pid), time.monotonic()
        figures = run_load(self.load, "send", server.address, path=server.path, count=count, connections=connections, size=SIZE, type=TYPE)
        seconds = self.receiver.wait(arrived + count * deliveries) - began
        return {"per_s": count / seconds, **figures, "cpu_us": (cpu_us(server.pid) - before) / count, "memory_mb": server.memory_bytes() / 1e6}

    def proxy(self):
        eddy = self.eddy()
        eddy.triggers([self.trigger({})])
        servers = {"eddy": eddy, "nginx": self.start(Proxy(self.folder / "proxy", self.receiver))}
        table = Table(list(servers))
        for title, connections, count in (("64 connections", CONNECTIONS, self.sizes.events), ("1 connection", 1, self.sizes.events // 20)):
            results = take_turns(servers, self.sizes.rounds, 1,
                                 lambda server, _, connections=connections, count=count: self.send(server, count, connections))
            for figure, digits in (("per_s", 0), ("accepted_per_s", 0), ("cpu_us", 1), ("p50_ms", 3), ("p99_ms", 3), ("memory_mb", 1)):
                table.row(f"one Trigger, {title}", figure, [results[name][figure] for name in servers], digits)
        self.tables.append(str(table))
        self.stop(eddy)

    def stop(self, server):
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)

    def trigger(self, wants):
        return {"subscriber": {"uri": f"http://{self.receiver.address}/"}, **wants}

    def compare(self, title, one, many, what, count, deliveries=1):
        """What an event costs the eddy with one Trigger and that with many, which take turns."""
        eddies = {what: many, "1 Trigger": one}
        results = take_turns(eddies, self.sizes.rounds, 1, lambda eddy, _: self.send(eddy, count, deliveries=deliveries if eddy is many else 1))
        table = Table(list(eddies))
        for figure, digits in (("cpu_us", 1), ("per_s", 0), ("p50_ms", 3), ("p99_ms", 3), ("memory_mb", 1)):
            table.row(title, figure, [results[name][figure] for name in eddies], digits)
        self.tables.append(str(table))
        self.stop(one)
        self.stop(many)

    def fan(self):
        one, many = self.eddy(), self.eddy()
        one.triggers([self.trigger({})])
        many.triggers([self.trigger({})] * 10)
        self.compare("fan-out", one, many, "10 Triggers, all want it", self.sizes.fan_events, deliveries=10)

    def filtered(self, kind):
        one, many = self.eddy(), self.eddy()
        for eddy in one, many:
            eddy.triggers([self.trigger(FILTERS[kind](TYPE))])
        others = [f"com.example.order.created.{number}x" for number in range(1, self.sizes.triggers)]
        before, began, memory = cpu_us(many.pid), time.monotonic(), many.memory_bytes()
        many.triggers([self.trigger(FILTERS[kind](other)) for other in others], before=1)
        made = {"seconds": time.monotonic() - began, "cpu_ms": (cpu_us(many.pid) - before) / 1e3 / len(others),
                "kb": (many.memory_bytes() - memory) / 1e3 / len(others)}
        self.compare(f"filters: {kind}", one, many, f"{self.sizes.triggers} Triggers, 1 wants it", self.sizes.filter_events)
        self.tables.append(f"Until all {len(others)} were ready: {made['seconds']:.1f} s, {made['cpu_ms']:.2f} ms of CPU time and "
                           f"{made['kb']:.1f} KB for each.")

    def exact(self):
        self.filtered("exact")

    def prefix(self):
        self.filtered("prefix")

    def cesql(self):
        self.filtered("cesql")

    def idle(self):
        eddy = self.eddy()
        eddy.triggers([self.trigger({})])
        time.sleep(1)
        memory = eddy.memory_bytes()
        eddy.triggers([self.trigger(FILTERS["exact"](f"t{number}")) for number in range(self.sizes.idle)], before=1)
        time.sleep(1)
        grown = (eddy.memory_bytes() - memory) / 1e3 / self.sizes.idle
        before = cpu_us(eddy.pid)
        time.sleep(5)
        busy = (cpu_us(eddy.pid) - before) / 5e3
        self.tables.append(f"{self.sizes.idle} Triggers with nothing to do: {grown:.1f} KB each, {busy:.1f} ms of CPU time a second for all.")
        self.stop(eddy)


PARTS = {"proxy": Bench.proxy, "fan": Bench.fan, "exact": Bench.exact, "prefix": Bench.prefix, "cesql": Bench.cesql, "idle": Bench.idle}


def measure(args, folder):
    load = build_load(folder, ["events/events_load.c", "common/client.c"])
    allow_files(FILES)
    bench = Bench(load, folder, Sizes(args.quick))
    try:
        bench.receiver = bench.start(Receiver(folder / "receiver"))
        for name in args.only:
            PARTS[name](bench)
    finally:
        stop_servers(bench.servers)
    tables = "\n\n".join(bench.tables)
    return f"nginx {Nginx.version()}; load, receiver and servers share the cores; medians of the rounds.\n\n{tables}"


if __name__ == "__main__":
    if not Nginx.is_available():
        sys.exit("script/setup --full fetches nginx")
    bench_main(__doc__, measure, "Events, ", PARTS)
