#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every fuzz target once over the files of its corpus and writes a JUnit file.

Usage: replay.py BUILD_FOLDER CORPUS_FOLDER JUNIT_FILE [FILTER]. A target's corpus is CORPUS_FOLDER/<target>/; a target
without one is a failure: every entrance of bytes starts from real traffic.
"""

import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

TIMEOUT_SECONDS = 300


def replay(target, files):
    """Returns the words of the failure, or None."""
    if not files:
        return f"fuzz/corpus/{target.name}/ is empty: put captured traffic there"
    try:
        run = subprocess.run([target, *files], capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return f"took more than {TIMEOUT_SECONDS} s"
    return run.stderr[-4000:] if run.returncode else None


def main():
    build, corpus, junit = (pathlib.Path(argument) for argument in sys.argv[1:4])
    wanted = sys.argv[4] if len(sys.argv) > 4 else ""
    suite = ElementTree.Element("testsuite", name="fuzz")
    for source in sorted(corpus.parent.glob("*_fuzz.c")):
        target = build / "fuzz" / source.stem
        if wanted not in f"fuzz:{target.name}":
            continue
        case = ElementTree.SubElement(suite, "testcase", name=target.name)
        failure = replay(target, sorted(path for path in (corpus / target.name).glob("*") if path.is_file()))
        if failure is not None:
            ElementTree.SubElement(case, "failure", message="the replay failed").text = failure
    ElementTree.ElementTree(suite).write(junit)


if __name__ == "__main__":
    main()
