# SPDX-License-Identifier: Apache-2.0
"""report.py is what decides whether a run passed: it is checked itself."""

import pathlib
import subprocess
import sys

REPORT = pathlib.Path(__file__).with_name("report.py")
PASSED = '<testcase classname="client.test_a" name="test_one"/>'
FAILED = '<testcase classname="client.test_a" name="test_two"><failure message="wrong">here</failure></testcase>'
SKIPPED = '<testcase classname="client.test_a" name="test_three"><skipped message="no such folder"/></testcase>'


def report(folder, cases, expected=""):
    results = folder / "results"
    results.mkdir()
    (results / "client.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    skips = folder / "expected-skips.txt"
    skips.write_text(expected)
    done = subprocess.run([sys.executable, REPORT, results, skips], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout.strip().splitlines()[-1]


def test_counts_what_passed(tmp_path):
    assert report(tmp_path, [PASSED]) == (0, "1 passed, 0 failed, 0 skipped")


def test_fails_when_a_test_failed(tmp_path):
    assert report(tmp_path, [PASSED, FAILED]) == (1, "1 passed, 1 failed, 0 skipped")


def test_fails_when_a_skip_is_not_expected(tmp_path):
    assert report(tmp_path, [PASSED, SKIPPED])[0] == 1


def test_accepts_an_expected_skip(tmp_path):
    expected = "client:client.test_a::test_three -- the folder is not part of the project\n"
    assert report(tmp_path, [PASSED, SKIPPED], expected) == (0, "1 passed, 0 failed, 1 skipped")


def test_fails_when_nothing_ran(tmp_path):
    assert report(tmp_path, [])[0] == 1
