#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many instructions eddy's own code and its libraries take for a batch that is produced or consumed, in two builds.

    bench/instructions/run.py --baseline COMMIT [--most 1.05] [--rounds N] [--quick] [--append]
    bench/instructions/run.py --against BINARY ...

Time on a shared machine tells nothing about a few per cent; instructions do, and they are the same again and again. callgrind
counts them, because virtual machines seldom have the processor's counters. The kernel's work is not in it. The baseline is built
outside the tree and removed afterwards. One request is in flight, so that each commit has one batch: with more, how many share a
commit depends on time. What start and stop cost is taken off: it is the same in a short run and a long one. Exits with 1 when a
figure is more than --most times the baseline's.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "common"))
from bench import Eddy, Table, bench_folder, build_load, report, run_load, servers  # noqa: E402

READS = 10  # to read costs so little that once would drown in what goes on anyhow
# what it is, bytes of a batch, bytes of a record's value
LOADS = (("64 KB batches of 1 KB records", 65_536, 1024), ("16 KB batches of 100 B records", 16_384, 100))


def build_baseline(commit, folder):
    """The release binary of a commit."""
    tree = folder / "tree"
    tree.mkdir()
    archive = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    for command in (["cmake", "--preset", "release", *launcher], ["nice", "ninja", "-C", "build/release", "eddy"]):
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{commit} does not build:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    shutil.copy(next(path for path in (tree / "build/release").rglob("eddy") if path.is_file()), folder / "baseline")
    shutil.rmtree(tree)
    return folder / "baseline"


def counted(binary, folder, load):
    """Runs load(address) on a server under callgrind; returns the instructions of the server's whole life, and what load did."""
    counts = folder / "counts"
    wrapper = folder / "eddy-counted"
    wrapper.write_text(f"#!/bin/sh\nexec valgrind -q --tool=callgrind --callgrind-out-file={counts}.%p {binary} \"$@\"\n")
    wrapper.chmod(0o755)
    server = Eddy(folder / "server", binary=wrapper)
    server.start()
    try:
        figures = load(server.bootstrap)
    finally:
        server.stop()
    text = pathlib.Path(f"{counts}.{server.pid}").read_text(encoding="utf-8")
    for path in folder.glob("counts.*"):  # of the keeper of child processes too
        path.unlink()
    shutil.rmtree(server.folder)
    return int(re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)[1]), figures


class Counter:
    def __init__(self, raw, folder, batches):
        self.raw, self.folder, self.batches = raw, folder, batches

    def count(self, binary, size, record):
        """Instructions for one batch, produced and consumed, and for a GB of them."""
        def produce(address, batches):
            return run_load(self.raw, "produce", address, topic="counted", batch=size, record=record, inflight=1, seconds=500,
                            megabytes=batches * size / 1e6)

        def produce_and_consume(address):
            done = produce(address, self.batches * 3)
            for _ in range(READS):
                run_load(self.raw, "consume", address, topic="counted", megabytes=done["megabytes"])
            return done

        short, few = counted(binary, self.folder, lambda address: produce(address, self.batches))
        long, many = counted(binary, self.folder, lambda address: produce(address, self.batches * 3))
        both, read = counted(binary, self.folder, produce_and_consume)
        produced = (long - short) / (many["requests"] - few["requests"])
        consumed = (both - long) / (read["requests"] * READS)
        batch_gb = read["megabytes"] / 1000 / read["requests"]
        return {"produce": produced, "consume": consumed, "batch_gb": batch_gb}


def measure(args, folder, binaries):
    raw = build_load(folder, ["kafka/raw_load.c", "common/client.c"], ["-lisal"])
    counter = Counter(raw, folder, 100 if args.quick else 1000)
    table, worst, spread = Table(list(binaries)), 0, 0
    for title, size, record in LOADS[:1] if args.quick else LOADS:
        rounds = {name: [] for name in binaries}
        for _ in range(args.rounds):
            for name, binary in binaries.items():
                rounds[name].append(counter.count(binary, size, record))
                print(f"  {title}: {name} {rounds[name][-1]}", file=sys.stderr, flush=True)
        for what in ("produce", "consume"):
            medians = [statistics.median(figures[what] for figures in rounds[name]) for name in binaries]
            batch_gb = rounds["now"][0]["batch_gb"]
            table.row(f"{what} {title}", "instructions per batch", medians, 0)
            table.row(f"{what} {title}", "10^9 instructions per GB", [value / batch_gb / 1e9 for value in medians], 3)
            for values in ([figures[what] for figures in rounds[name]] for name in binaries):
                spread = max(spread, (max(values) - min(values)) / statistics.median(values))
            worst = max(worst, medians[0] / medians[1])
    return f"The rounds differ by at most {spread * 100:.1f} %.\n\n{table}", worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", help="a commit, which is built and compared with")
    parser.add_argument("--against", help="a binary to compare with instead")
    parser.add_argument("--binary", default=ROOT / "build/eddy", help="what is measured")
    parser.add_argument("--most", type=float, default=1.05, help="how many times the baseline's instructions are accepted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one load, few batches: shows that it works")
    parser.add_argument("--append", action="store_true")
    args = parser.parse_args()
    if (args.baseline is None) == (args.against is None):
        parser.error("name what to compare with: --baseline COMMIT or --against BINARY")
    servers.START_SECONDS = servers.STOP_SECONDS = 120  # valgrind takes its time
    with bench_folder() as folder:
        against = build_baseline(args.baseline, folder) if args.baseline else pathlib.Path(args.against).resolve()
        table, worst = measure(args, folder, {"now": os.path.realpath(args.binary), "before": against})
        report(f"callgrind, user space only, one request in flight; before is {args.baseline or args.against}. {table}", args.append,
               "Instructions, ")
    if worst > args.most:
        raise SystemExit(f"{worst:.3f} times the instructions of the baseline, more than {args.most}")


if __name__ == "__main__":
    main()
