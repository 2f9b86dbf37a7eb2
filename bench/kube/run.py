#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the Kubernetes API costs eddy, and kube-apiserver with its etcd. They run at the same time and take turns, so that they see
the same machine; a figure is the median of the rounds.

    bench/kube/run.py [--quick] [--only start,write,memory,list,kubectl,apply,watch,idle,cold] [--systems eddy,kube-apiserver,plain] [--append]

kube_load.c says what is measured. The objects are ConfigMaps with 800 bytes of data, 1.2 KB as the API shows them. CPU time and memory are
the server's (of kube-apiserver and etcd together), and count where client and servers share the cores. eddy and kube-apiserver
speak TLS; "plain" is eddy with --kube-tls=false. Creations are durable: both flush before they answer. kube-apiserver is there when
bench/kube/build_peer has built it. --append adds the table to bench/RESULTS.md.
"""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench" / "common"), str(ROOT / "bench" / "kube")]
from bench import Table, allow_files, bench_main, build_load, run_load, stop_servers, take_turns  # noqa: E402
from kube_servers import EddyKube, KubeApiserver, PlainEddyKube  # noqa: E402

SYSTEMS = {"eddy": EddyKube, "kube-apiserver": KubeApiserver, "plain": PlainEddyKube}
PARTS = ("start", "write", "memory", "list", "kubectl", "apply", "watch", "idle", "cold")
KUBECTL = ROOT / ".cache/kubectl/new/usr/bin/kubectl"
TABLE_TYPE = "application/json;as=Table;v=v1;g=meta.k8s.io"
SIZE = 800
FILES = 4000


class Sizes:
    """How much of everything: enough to measure, or just enough to see that it works."""

    def __init__(self, quick):
        self.rounds = 1 if quick else 3
        self.warm = 200 if quick else 2000
        self.requests = 200 if quick else 5000
        self.objects = 500 if quick else 10_000
        self.lists = 2 if quick else 10
        self.applied = 20 if quick else 500
        self.watchers = [1, 10] if quick else [1, 100, 1000]
        self.events = 20 if quick else 300
        self.idle = (10, 1) if quick else (1000, 10)
        self.cold = 1000 if quick else 100_000


class Bench:
    def __init__(self, load, folder, names, sizes, table):
        self.load, self.folder, self.names, self.sizes, self.table = load, folder, names, sizes, table
        self.servers, self.spaces, self.skipped = {}, 0, ""

    def run(self, mode, server, **options):
        return run_load(self.load, mode, server.address, token=server.token, tls=int(server.tls), pids=server.pids, **options)

    def rows(self, title, results, **digits_of):
        for figure, digits in digits_of.items():
            self.table.row(title, figure, [results.get(name, {}).get(figure) for name in self.table.names], digits)
            values = " ".join(f"{name}={results[name][figure]:.4g}" for name in results if figure in results[name])
            print(f"  {title}: {figure} {values}", file=sys.stderr, flush=True)

    def take_turns(self, run, rounds=None, warm_rounds=0):
        return take_turns(self.servers, rounds or self.sizes.rounds, warm_rounds, run)

    def new_space(self, server):
        self.spaces += 1
        return server.new_space(f"bench-{self.spaces}")

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

    def timed_start(self, server):
        started = time.monotonic()
        server.start()
        ready = server.wait_ready(started)
        cpu = server.cpu_seconds_of_all()
        time.sleep(1)
        return {"ready_ms": ready * 1e3, "cpu_ms": cpu * 1e3, "memory_mb": server.memory_mb()}

    def start(self):
        """On an empty folder."""
        def run(server, _):
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)
            return self.timed_start(server)
        results = self.take_turns(run)
        self.rows("start on an empty folder, to /readyz", results, ready_ms=1, cpu_ms=1, memory_mb=1)

    def write(self):
        def create(connections, count):
            return lambda server, _: self.run("create", server, namespace=self.new_space(server), connections=connections, count=count, size=SIZE)
        self.take_turns(create(16, self.sizes.warm), 1)
        self.rows("create, 1 connection", self.take_turns(create(1, self.sizes.requests // 5)), per_s=0, cpu_us=0, p50_us=0, p99_us=0)
        self.rows("create, 16 connections", self.take_turns(create(16, self.sizes.requests)), per_s=0, cpu_us=0, p50_us=0, p99_us=0)
        spaces = {}

        def get(server, number):
            if server not in spaces:
                spaces[server] = self.new_space(server)
                self.run("create", server, namespace=spaces[server], connections=16, count=self.sizes.requests // 5, size=SIZE)
            return self.run("get", server, namespace=spaces[server], connections=16, count=self.sizes.requests, objects=self.sizes.requests // 5)
        self.rows("get, 16 connections", self.take_turns(get), per_s=0, cpu_us=1, p50_us=0, p99_us=0)

    def memory(self):
        """Of servers that were started just before: how they grow by so many objects."""
        self.lists = {}
        results = {}
        for name, server in self.servers.items():
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)
            server.start()
            self.lists[name] = self.new_space(server)
            time.sleep(1)
            before = server.memory_mb()
            self.run("create", server, namespace=self.lists[name], connections=16, count=self.sizes.objects, size=SIZE)
            time.sleep(1)
            shown = self.run("list", server, count=1, path=f"/api/v1/namespaces/{self.lists[name]}/configmaps")["size_mb"]
            grown = server.memory_mb() - before
            results[name] = {"kb_each": grown * 1e3 / self.sizes.objects, "by_json": grown / shown}
        self.rows(f"memory of {self.sizes.objects} objects", results, kb_each=2, by_json=2)

    def list(self):
        for title, accept in (("JSON", "application/json"), ("Table", TABLE_TYPE)):
            results = take_turns(self.servers, self.sizes.rounds, 1, lambda server, _, accept=accept: self.run(
                "list", server, count=self.sizes.lists, accept=accept, path=f"/api/v1/namespaces/{self.lists[self.name_of(server)]}/configmaps"))
            self.rows(f"list of {self.sizes.objects} as {title}", results, cpu_ms=1, wall_ms=1, size_mb=2)

    def name_of(self, server):
        return next(name for name, known in self.servers.items() if known is server)

    def run_kubectl(self, server, *arguments):
        """Its wall time, its own CPU time, and the server's."""
        home = self.folder / f"home-{self.name_of(server)}"
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(server.kubeconfig)}
        before, server_before, started = resource.getrusage(resource.RUSAGE_CHILDREN), server.cpu_seconds_of_all(), time.monotonic()
        subprocess.run([KUBECTL, *map(str, arguments)], env=environment, stdout=subprocess.DEVNULL, check=True, timeout=300)
        wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"wall_ms": wall * 1e3, "kubectl_cpu_ms": own * 1e3, "cpu_ms": (server.cpu_seconds_of_all() - server_before) * 1e3}

    def with_tls(self):
        return {name: server for name, server in self.servers.items() if server.tls}

    def kubectl(self):
        results = take_turns(self.with_tls(), self.sizes.rounds, 1, lambda server, _: self.run_kubectl(
            server, "get", "configmaps", "-n", self.lists[self.name_of(server)]))
        self.rows(f"kubectl get, {self.sizes.objects} objects", results, wall_ms=0, kubectl_cpu_ms=0, cpu_ms=1)

    def apply(self):
        """One file with all of them, which are not there yet."""
        path = self.folder / "apply.yaml"
        text = "x" * SIZE
        path.write_text("---\n".join(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{i}}}\ndata: {{text: {text}}}\n"
                                     for i in range(self.sizes.applied)))

        def run(server, number, *flags):
            figures = self.run_kubectl(server, "apply", *flags, "-f", path, "-n", self.new_space(server))
            return {**figures, "objects_per_s": self.sizes.applied * 1e3 / figures["wall_ms"]}
        for title, flags in (("kubectl apply", ()), ("kubectl apply --server-side", ("--server-side",))):
            results = take_turns(self.with_tls(), self.sizes.rounds, 1, lambda server, number, flags=flags: run(server, number, *flags))
            self.rows(f"{title}, {self.sizes.applied} objects", results, objects_per_s=0, wall_ms=0, kubectl_cpu_ms=0, cpu_ms=0)

    def watch(self):
        for watchers in self.sizes.watchers:
            results = self.take_turns(lambda server, _, watchers=watchers: self.run(
                "watch", server, namespace=self.new_space(server), watchers=watchers, count=self.sizes.events, size=SIZE))
            self.rows(f"1 writer, {watchers} watches", results, events_per_s=0, cpu_us=1, writes_per_s=0)

    def idle(self):
        watchers, seconds = self.sizes.idle

        def run(server, _):
            server.stop()
            server.restart()
            space = self.new_space(server)
            time.sleep(1)
            base = server.cpu_seconds_of_all()
            time.sleep(seconds)
            alone = (server.cpu_seconds_of_all() - base) * 1e3 / seconds
            return {**self.run("idle", server, namespace=space, watchers=watchers, seconds=seconds), "alone_cpu_ms_per_s": alone}
        self.rows(f"{watchers} idle watches", self.take_turns(run, 1), kb_each=1, cpu_ms_per_s=2, alone_cpu_ms_per_s=2)

    def cold(self):
        """Stopped in order, and started again."""
        for name, server in self.servers.items():
            self.run("create", server, namespace=self.new_space(server), connections=32, count=self.sizes.cold, size=SIZE)
            print(f"  {name} has {self.sizes.cold} more objects", file=sys.stderr, flush=True)

        def run(server, _):
            server.stop()
            return self.timed_start(server)
        self.rows(f"start with {self.sizes.cold} objects, to /readyz", self.take_turns(run), ready_ms=0, cpu_ms=0, memory_mb=0)


def measure(args, folder):
    load = build_load(folder, ["kube/kube_load.c", "common/client.c"], ["-lssl", "-lcrypto", "-lpthread"])
    names = [name for name in args.systems if name != "kube-apiserver" or KubeApiserver.is_available()]
    table = Table(names)
    allow_files(FILES)
    bench = Bench(load, folder, names, Sizes(args.quick), table)
    if len(names) < len(args.systems):
        bench.skipped = " bench/kube/build_peer has not built kube-apiserver."
    wanted = set(args.only)
    bench.start_servers()
    try:
        if not {"list", "kubectl"}.isdisjoint(wanted):
            wanted.add("memory")
        for part in PARTS:
            if part in wanted:
                getattr(bench, part)()
    finally:
        bench.stop_servers()
    peer = f"{KubeApiserver.version()}; " if "kube-apiserver" in names else ""
    return f"{peer}clients and servers share the cores; the median of the rounds, in which the servers take turns.{bench.skipped}\n\n{table}"


if __name__ == "__main__":
    bench_main(__doc__, measure, "Kubernetes API, ", PARTS, SYSTEMS)
