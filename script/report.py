#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Merges the results of ctest, the fuzz replay and pytest into one list and prints the closing line.

Usage: report.py RESULTS_FOLDER EXPECTED_SKIPS. Every *.xml in the folder is a JUnit file; its name is the stage
("asan", "client", ...). A program of unit tests counts once for each of its cmocka tests. A skip that is not listed in
EXPECTED_SKIPS fails; so does a stage that ran nothing. Exit code 1 when anything failed.
"""

import fnmatch
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

CMOCKA = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\] (\w+)\s*$", flags=re.M)
MAX_WORDS = 4000


def cmocka_results(name, output):
    """One result for each test of a program; cmocka lists failed ones twice (when run, and in its summary)."""
    results = {}
    for state, test in CMOCKA.findall(output):
        results[test] = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[state]
    return [(f"{name}::{test}", state, "skip() in the test" if state == "skipped" else "") for test, state in results.items()]


def case_results(stage, case):
    classname, test = case.get("classname", ""), case.get("name", "")
    name = f"{stage}:{classname}::{test}" if classname not in ("", test) else f"{stage}:{test}"
    output = "".join(part.text or "" for part in case.findall("system-out"))
    problem = next((case.find(tag) for tag in ("failure", "error") if case.find(tag) is not None), None)
    skipped = case.find("skipped")
    if problem is not None:
        words = (problem.get("message") or "") + "\n" + (problem.text or "") + "\n" + output[-MAX_WORDS:]
        inner = [result for result in cmocka_results(name, output) if result[1] != "failed"]
        broken = [result[0] for result in cmocka_results(name, output) if result[1] == "failed"]
        return inner + [(one, "failed", words) for one in broken or [name]]
    if skipped is not None:
        return [(name, "skipped", (skipped.get("message") or skipped.text or "").strip())]
    inner = cmocka_results(name, output)
    # A program that must fail (sim/ in a broken build) passes as one test, whatever it printed.
    return inner if inner and all(result[1] != "failed" for result in inner) else [(name, "passed", "")]


def read_results(folder):
    results, empty = [], []
    for path in sorted(folder.glob("*.xml")):
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        if not cases:
            empty.append(path.stem)
        for case in cases:
            results.extend(case_results(path.stem, case))
    return results, empty


def read_expected_skips(path):
    """Rows `name -- reason`; the name may hold * and is matched against the whole name of the test."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, separator, reason = line.partition(" -- ")
            if not separator or not reason.strip():
                sys.exit(f"{path}: a row is `name -- reason`: {line}")
            rows.append(name.strip())
    return rows


def main():
    folder, expected = pathlib.Path(sys.argv[1]), read_expected_skips(pathlib.Path(sys.argv[2]))
    results, empty = read_results(folder)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, state, words in results:
        if state == "skipped" and not any(fnmatch.fnmatchcase(name, row) for row in expected):
            state, words = "failed", f"skipped, but not listed in {sys.argv[2]}: {words}"
        elif state == "skipped":
            print(f"skipped {name}: {words}")
        counts[state] += 1
        if state == "failed":
            print(f"FAILED {name}\n{words[:2 * MAX_WORDS]}\n")
    for stage in empty:
        print(f"note: the stage {stage} had nothing to run")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
