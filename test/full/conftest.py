# SPDX-License-Identifier: Apache-2.0
"""Tests of this folder run with script/test --full only: they start Java, other languages and peers."""

import pathlib
import subprocess

import pytest
import servers


def pytest_collection_modifyitems(items):
    here = pathlib.Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.full)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def java():
    """java(main_class, *arguments, lines=None): runs one of Kafka's own tools and returns what it printed."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")

    def run(main_class, *arguments, lines=None, timeout=200):
        done = subprocess.run(
            servers.Kafka.tool_command(main_class, *arguments),
            input=None if lines is None else "".join(line + "\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
