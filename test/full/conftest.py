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
def java_run():
    """java_run(main_class, *arguments, lines=None): runs one of Kafka's own tools to its end, however it ends."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")

    def run(main_class, *arguments, lines=None, timeout=200):
        return subprocess.run(
            servers.Kafka.tool_command(main_class, *arguments, heap="256m", quick=True),
            input=None if lines is None else "".join(line + "\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def java(java_run):
    """java(main_class, *arguments, lines=None): runs one of Kafka's own tools and returns what it printed."""

    def run(main_class, *arguments, **how):
        done = java_run(main_class, *arguments, **how)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def java_program(tmp_path_factory):
    """java_program(main_class, *arguments): the command line of a program of clients/java, which is compiled once."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")
    classes = tmp_path_factory.mktemp("classes")
    sources = sorted((pathlib.Path(__file__).parent / "clients/java").glob("*.java"))
    jars = f"{servers.Kafka.tools_jars}/*:{servers.Kafka.jars}/*"
    subprocess.run(["javac", "-J-Xmx256m", "-Werror", "-d", classes, "-cp", jars, *sources], check=True, timeout=120)
    java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{classes}:{jars}"]
    return lambda main_class, *arguments: [*java, main_class, *map(str, arguments)]


@pytest.fixture
def tool(java, broker):
    """tool(main_class, *arguments): java() with the broker's address."""
    return lambda main_class, *arguments, **how: java(main_class, "--bootstrap-server", broker.bootstrap, *arguments, **how)


@pytest.fixture
def refused(java_run, broker):
    """refused(main_class, *arguments): the tool must end by itself, and not well; returns all that it said."""

    def run(main_class, *arguments):
        done = java_run(main_class, "--bootstrap-server", broker.bootstrap, *arguments, timeout=30)
        said = done.stdout + done.stderr
        assert done.returncode != 0, said
        return said

    return run
