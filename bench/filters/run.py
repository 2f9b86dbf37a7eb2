#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an event costs that finds the one trigger among many that takes it, by the form of their filters.

    bench/filters/run.py [--rounds N] [--append]

CPU nanoseconds for each event, medians: by the index over all filters with 1 and with 10,000 triggers, and by asking all of the
10,000 in turn; beside what it costs to read one event out of its record, which comes before. "ratio" is reading and finding with
10,000 triggers by the same with 1. Bytes are those of the index for each trigger. "explain" is what `eddy explain` takes for one
filter, microseconds.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "common"))
from bench import report  # noqa: E402

ROOMS = ("eventing", "cloudevents_filter", "cloudevents_cesql", "cloudevents", "kube", "http", "nats", "nats_config", "auth", "engine",
         "io", "io_common", "base")  # fmt: skip
LIBRARIES = [ROOT / "build" / "release" / "src" / f"libeddy_{room}.a" for room in ROOMS]
SYSTEM = ("uv", "ssl", "crypto", "pthread", "isal", "z", "zstd", "lz4", "snappy", "yaml", "crypt", "pcre2-8", "m")
FORMS = (
    "exact",
    "exact source, type",
    "prefix",
    "suffix",
    "any of two",
    "cesql, type",
    "cesql, LIKE",
    "cesql, all the same",
    "cesql, nothing to look up",
)
MANY = 10_000


def compile_to(folder):
    program = pathlib.Path(folder) / "filter_bench"
    source = ROOT / "bench" / "filters" / "filter_bench.c"
    libraries = ["-Wl,--start-group", *LIBRARIES, "-Wl,--end-group", *(f"-l{name}" for name in SYSTEM)]
    subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-I", ROOT / "src", "-o", program, source, *libraries], check=True)
    return program


def medians(program, form, count, rounds):
    command = [program, form, str(count)]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout) for _ in range(rounds)]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--append", action="store_true")
    arguments = parser.parse_args()
    missing = [path for path in LIBRARIES if not path.exists()]
    if missing:
        raise SystemExit(f"{missing[0]} is missing: run script/build first")
    lines = [
        f"| filters | 1 trigger | {MANY:,} | asking all | reading | ratio | bytes | explain |",
        "|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        program = compile_to(folder)
        for form in FORMS:
            one, many = (medians(program, form, count, arguments.rounds) for count in (1, MANY))
            read = one["read_ns"]
            ratio = (read + many["index_ns"]) / (read + one["index_ns"])
            lines.append(
                f"| {form} | {one['index_ns']:.0f} | {many['index_ns']:,.0f} | {many['all_ns']:,.0f} | {read:.0f} | {ratio:.2f} "
                f"| {many['bytes']:.0f} | {one['explain_ns'] / 1000:.1f} |"
            )
    report("CPU ns for each event.\n\n" + "\n".join(lines), arguments.append, "Filters of many triggers: ")


if __name__ == "__main__":
    main()
