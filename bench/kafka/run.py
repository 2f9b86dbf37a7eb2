#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same load on eddy and on Apache Kafka, in one run on one machine, one server at a time.

    bench/kafka/run.py [--quick] [--only NAME[,NAME]] [--systems eddy,kafka,kafka-flush] [--append]

Each row is one load. A server's CPU time comes from /proc, its peak memory from VmHWM. Absolute figures on a small machine mean
little; the ratio is what counts. --append adds the table to bench/RESULTS.md.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "common"))
from bench import Eddy, Kafka, Table, bench_main, build_load, run_load, start_load  # noqa: E402


class Load:
    """The programs that make load, built once."""

    def __init__(self, folder):
        self.raw = build_load(folder, ["kafka/raw_load.c", "common/client.c"], ["-lisal"])
        self.librdkafka = build_load(folder, ["kafka/rdkafka_load.c"], ["-lrdkafka"])

    def raw_run(self, mode, address, **options):
        return run_load(self.raw, mode, address, **options)

    def raw_start(self, mode, address, **options):
        return start_load(self.raw, mode, address, **options)

    def rdkafka_run(self, mode, address, **options):
        return run_load(self.librdkafka, mode, address, **options)

    @staticmethod
    def java_perf(address, topic, records, size):
        """kafka-producer-perf-test, as people run it."""
        command = Kafka.tool_command(
            "org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", records, "--record-size", size,
            "--throughput", -1, "--producer-props", "acks=all", f"bootstrap.servers={address}", "linger.ms=10",
            "batch.size=131072")
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
        line = [line for line in done.stdout.splitlines() if "records sent" in line][-1]
        words = [word.strip(".") for word in line.replace(",", "").split()]
        seconds = records / float(words[words.index("records/sec") - 1])
        megabytes = records * size / 1e6
        return {"seconds": seconds, "megabytes": megabytes, "megabytes_per_s": megabytes / seconds,
                "records_per_s": records / seconds, "p50_ms": float(words[words.index("50th") - 2]),
                "p99_ms": float(words[words.index("99th") - 2]), "p999_ms": float(words[words.index("99.9th") - 2])}


def dirty_run(load, address, seconds, partitions):
    """64 KB per request over many partitions. A first pass over all of them creates their files and is not measured."""
    options = {"topic": f"d{partitions}", "partitions": partitions, "spread": min(64, partitions), "batch": 1024, "record": 960}
    if partitions == 1:
        options.update(batch=65_536, spread=1)
    else:
        load.raw_run("produce", address, **options, seconds=60, megabytes=3 * partitions * 1024 / 1e6)
    return lambda: load.raw_run("produce", address, **options, seconds=seconds)


def tail_run(load, address, seconds):
    """A reader at the tail beside a writer at full speed: what the reader gets."""
    load.raw_run("produce", address, topic="tail", seconds=1, megabytes=1)
    reader = load.raw_start("consume", address, topic="tail", follow=seconds + 1)
    load.raw_run("produce", address, topic="tail", seconds=seconds)
    return reader()


def half_load_run(load, address, seconds):
    """End to end at half the rate at which this server takes requests of one record."""
    most = load.raw_run("produce", address, topic="most", seconds=seconds / 2, batch=1024, record=960)["requests_per_s"]
    return lambda: load.raw_run("e2e", address, topic="half", rate=int(most / 2), seconds=seconds)


def scenarios(load, quick):
    """name, what is shown, function(address) -> figures, or a function that is measured in its place; each on its own topic."""
    s = 3 if quick else 8
    records = 200_000 if quick else 1_000_000
    return [
        ("warm", "warm-up (not counted)", lambda a: load.raw_run("produce", a, topic="warm", seconds=s, partitions=4, spread=1)),
        ("raw-64k", "raw driver, 64 KB batches of 1 KB records, 1 partition",
         lambda a: load.raw_run("produce", a, topic="raw64", seconds=s)),
        ("raw-1m", "raw driver, 900 KB batches of 1 KB records, 1 partition",
         lambda a: load.raw_run("produce", a, topic="raw1m", seconds=s, batch=900_000)),
        ("raw-100b", "raw driver, 16 KB batches of 100 B records, 1 partition, 4 connections",
         lambda a: load.raw_run("produce", a, topic="raw100", seconds=s, batch=16_384, record=100, connections=4)),
        ("dirty-1", "64 KB per request in 1 partition", lambda a: dirty_run(load, a, s, 1)),
        ("dirty-100", "64 KB per request over 64 of 100 partitions", lambda a: dirty_run(load, a, s, 100)),
        ("dirty-1000", "64 KB per request over 64 of 1,000 partitions", lambda a: dirty_run(load, a, s, 1000)),
        ("rdkafka-1k", "librdkafka, acks=all, 1 KB records",
         lambda a: load.rdkafka_run("produce", a, topic="rdk1k", records=records, size=1024)),
        ("rdkafka-100b", "librdkafka, acks=all, 100 B records",
         lambda a: load.rdkafka_run("produce", a, topic="rdk100", records=records * 2, size=100)),
        ("java-1k", "kafka-producer-perf-test, acks=all, 1 KB records", lambda a: load.java_perf(a, "java1k", records, 1024)),
        ("java-100b", "kafka-producer-perf-test, acks=all, 100 B records",
         lambda a: load.java_perf(a, "java100", records * 2, 100)),
        ("consume-start", "raw fetch from the start of what raw-64k wrote",
         lambda a: load.raw_run("consume", a, topic="raw64", megabytes=20_000)),
        ("consume-rdkafka", "librdkafka consumer from the start, 1 KB records",
         lambda a: load.rdkafka_run("consume", a, topic="rdk1k", records=records)),
        ("tail", "raw fetch at the tail beside a writer at full speed, 64 KB batches", lambda a: tail_run(load, a, s)),
        ("e2e-half", "one record per request and a reader at the tail, at half of what the server takes",
         lambda a: half_load_run(load, a, s)),
        ("e2e", "one record per request and a reader at the tail, 2,000 a second",
         lambda a: load.raw_run("e2e", a, topic="e2e", rate=2000, seconds=s)),
    ]


def commits(server):
    """Group commits so far and their bytes, as eddy's own metrics tell; nothing for other servers."""
    if not isinstance(server, Eddy):
        return None
    host, port = server.doors["console"]
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=30) as page:
        text = page.read().decode()
    count = re.search(r"^eddy_store_commit_seconds_count (\d+)", text, re.MULTILINE)
    return int(count[1]), sum(map(int, re.findall(r"^eddy_store_committed_bytes_total\{.*\} (\d+)", text, re.MULTILINE)))


def compare_bare(load, server, figures, before, seconds):
    """What a bare loop does that appends and flushes as much at a time, on the same disk, right afterwards."""
    after = commits(server)
    size = (after[1] - before[1]) // max(after[0] - before[0], 1)
    if size <= 0:
        return
    bare = load.raw_run("bare", server.folder / "bare", batch=size, seconds=seconds)
    (server.folder / "bare").unlink()
    figures["commit_kb"] = size / 1000
    figures["of_bare"] = figures["megabytes_per_s"] / bare["megabytes_per_s"]


def measure_one(name_of_server, server, load, quick, only):
    rows = {}
    started = time.monotonic()
    server.start()
    try:
        first = load.raw_run("produce", server.bootstrap, topic="first", megabytes=0.01, seconds=30, batch=1024)
        assert first["requests"] > 0
        rows["start"] = {"seconds": time.monotonic() - started}
        for name, _, run in scenarios(load, quick):
            if name not in only and not (name == "raw-64k" and "consume-start" in only):
                continue
            cpu = server.cpu_seconds()
            before = commits(server)
            figures = run(server.bootstrap)
            if callable(figures):
                cpu = server.cpu_seconds()
                figures = figures()
            figures["cpu_s"] = server.cpu_seconds() - cpu
            if figures.get("megabytes"):
                figures["cpu_s_per_gb"] = figures["cpu_s"] / (figures["megabytes"] / 1000)
            if before and name.startswith("raw-"):
                compare_bare(load, server, figures, before, 3 if quick else 5)
            if name == "warm" and isinstance(server, Eddy):
                time.sleep(5)  # the journal's first zeroing belongs to no load
            rows[name] = figures
            print(f"  {name_of_server:12} {name:16} " + " ".join(
                f"{k}={figures[k]:.3g}" for k in ("megabytes_per_s", "cpu_s_per_gb", "p50_ms", "p99_ms", "p999_ms", "commit_kb", "of_bare") if k in figures),
                file=sys.stderr, flush=True)
        rows["memory"] = {"peak_mb": server.peak_memory_bytes() / 1e6}
    finally:
        server.stop()
    return rows


def table(results, quick):
    names = list(results)
    titles = {name: title for name, title, _ in scenarios(None, quick)}
    out = Table(names)

    def row(title, key, figure, digits=1):
        out.row(title, figure, [results[name].get(key, {}).get(figure) for name in names], digits)

    row("exec to first acknowledged produce", "start", "seconds", 3)
    for key, title in titles.items():
        if key == "warm":
            continue
        for figure, digits in (("rate", 0), ("megabytes_per_s", 0), ("cpu_s_per_gb", 2), ("p50_ms", 2), ("p99_ms", 2), ("p999_ms", 2),
                               ("commit_kb", 0), ("of_bare", 2)):
            row(title, key, figure, digits)
    row("peak resident memory under that load", "memory", "peak_mb", 0)
    return str(out)


def measure(args, folder):
    load, results = Load(folder), {}
    make = {
        "eddy": lambda: Eddy(folder / "eddy"),
        "kafka": lambda: Kafka(folder / "kafka", heap=args.heap),
        "kafka-flush": lambda: Kafka(folder / "kafka-flush", {"log.flush.interval.messages": 1}, args.heap),
    }
    for name in args.systems:
        results[name] = measure_one(name, make[name](), load, args.quick, args.only)
        shutil.rmtree(folder / name, ignore_errors=True)
    return f"Kafka {Kafka.version()}, heap {args.heap}; client and server share the cores.\n\n" + table(results, args.quick)


if __name__ == "__main__":
    bench_main(__doc__, measure, "", [name for name, *_ in scenarios(None, False)], ("eddy", "kafka", "kafka-flush"),
               heap={"default": "1g", "help": "Kafka's heap (its own default is 1g)"})
