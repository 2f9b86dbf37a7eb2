# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: programs that make load, a server's CPU time, tables with ratios, and where results go."""
import argparse
import contextlib
import datetime
import json
import mmap
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "RESULTS.md"
sys.path.insert(0, str(ROOT / "test"))
import servers  # noqa: E402
from servers import Eddy, Kafka, Nats  # noqa: E402, F401


def build_load(folder, sources, libraries=()):
    """Compiles a program that makes load from files of bench/ into the folder, under the name of the first one."""
    program = folder / pathlib.Path(sources[0]).stem
    files = [ROOT / "bench" / source for source in sources]
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", program, *files, *libraries], check=True)
    return program


def load_command(program, mode, address, options):
    parts = [program, mode, address, *(part for name, value in options.items() for part in (f"--{name}", value))]
    return [str(part) for part in parts]


def run_load(program, mode, address, timeout=600, **options):
    """Runs one to its end and returns the figures that it printed."""
    command = load_command(program, mode, address, options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode}: {done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def start_load(program, mode, address, **options):
    """The same in the background: a function that waits for the figures."""
    command = load_command(program, mode, address, options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def wait():
        out, _ = process.communicate(timeout=600)
        if process.returncode != 0:
            raise RuntimeError(f"{command}: {process.returncode}")
        return json.loads(out.strip().splitlines()[-1])
    return wait


def stop_servers(servers):
    for server in servers.values():
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def take_turns(servers, rounds, warm_rounds, run):
    """run(server, number of the round) -> figures, on each server in turn; the medians of the rounds after the first ones."""
    seen = {name: [] for name in servers}
    for number in range(warm_rounds + rounds):
        for name, server in servers.items():
            figures = run(server, number)
            if number >= warm_rounds:
                seen[name].append(figures)
    return {name: {key: statistics.median(figures[key] for figures in list_of) for key, value in list_of[0].items() if not isinstance(value, str)}
            for name, list_of in seen.items()}


def allow_files(files):
    """Servers inherit the limit. Returns whether they may open as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        if soft < files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(hard, files)))
    except (ValueError, OSError):
        return False
    return True


def touch_memory():
    """On a virtual machine the host serves the first touch of each page, at a fifth of the speed of memory: whoever runs first
    would pay for it. So most of what is free is touched once."""
    text = pathlib.Path("/proc/meminfo").read_text(encoding="ascii")
    size = int(re.search(r"MemAvailable: +(\d+) kB", text)[1]) * 1024 * 7 // 10
    with mmap.mmap(-1, size) as memory:
        zeros = bytes(16 << 20)
        for at in range(0, size - len(zeros), len(zeros)):
            memory[at:at + len(zeros)] = zeros


# At the start: the tree may go on while a long run measures what was built from it.
COMMIT = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False).stdout.strip()


class Table:
    """One row for each figure, one column for each server, and the first server's figure by the second's."""

    def __init__(self, names):
        self.names = names
        peer = names[1] if len(names) > 1 else "-"
        self.lines = [f"| load | figure | {' | '.join(names)} | {names[0]} / {peer} |", "|" + "---|" * (len(names) + 3)]

    def row(self, title, figure, values, digits=1):
        """The values in the order of the names; None: this server has no such figure. A row without any is left out."""
        if all(value is None for value in values):
            return
        cells = ["-" if value is None else f"{value:.{digits}f}" for value in values]
        ratio = "-"
        if len(values) > 1 and values[0] is not None and values[1]:
            ratio = f"{values[0] / values[1]:.2f}"
        self.lines.append(f"| {title} | {figure} | {' | '.join(cells)} | {ratio} |")

    def __str__(self):
        return "\n".join(self.lines)


def report(text, append, title=""):
    """Prints a section of results, with the date, the commit and the machine, and adds it to RESULTS.md when asked to."""
    command = " ".join([os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]])
    section = (f"\n## {title}{datetime.date.today()}, commit {COMMIT}\n\n"
               f"`{command}` on {os.cpu_count()} cores, Linux {platform.release()}; {text}\n")
    print(section)
    if append:
        with open(RESULTS, "a", encoding="utf-8") as results_file:
            results_file.write(section)


@contextlib.contextmanager
def bench_folder():
    """A folder that goes at the end, also when SIGTERM is it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="eddy-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def names_of(known):
    """Reads names with commas between."""
    def read(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return names
    return read


def bench_main(description, measure, title="", parts=(), systems=(), **options):
    """All of a run.py but what it measures: measure(args, folder) returns the text of its section of results. args.quick; args.only, some of
    PARTS; args.systems, some of SYSTEMS; and OPTIONS, each with its settings for argparse."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: shows that it works, not how fast")
    parser.add_argument("--append", action="store_true", help="adds the results to bench/RESULTS.md")
    for name, known in (("--only", parts), ("--systems", systems)):
        if known:
            parser.add_argument(name, type=names_of(known), default=list(known), help=",".join(known))
    for name, settings in options.items():
        parser.add_argument(f"--{name}", **settings)
    args = parser.parse_args()
    with bench_folder() as folder:
        if not args.quick:
            touch_memory()
        report(measure(args, folder), args.append, title)
