# SPDX-License-Identifier: Apache-2.0
"""Java's KafkaProducer, KafkaConsumer and AdminClient: the program in clients/java runs all scenarios in one Java, and each
is a test here. It passes against Apache Kafka too (pytest --peer kafka)."""

import pathlib
import re
import subprocess
import time

import pytest

HERE = pathlib.Path(__file__)
SOURCES = sorted((HERE.parent / "clients/java").glob("*.java"))
SCENARIO = re.compile(r"^    static void (\w+)\(Setup setup\)", flags=re.M)
SCENARIOS = [f"{path.stem}.{name}" for path in SOURCES for name in SCENARIO.findall(path.read_text())]


@pytest.fixture(scope="module")
def results(request, broker, java_program):
    """What became of each scenario that was asked for: "ok", or the reason why not."""
    wanted = [item.callspec.params["name"] for item in request.session.items if item.path == HERE and "name" in item.callspec.params]
    command = java_program("Scenarios", broker.bootstrap, *wanted)
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    found = re.findall(r"^== (\S+) (.*?)(?=^== |\Z)", done.stdout, flags=re.M | re.S)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: text.strip() for name, text in found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(results, name):
    assert results.get(name) == "ok", results.get(name, "it did not end")


@pytest.mark.parametrize("ends", [["kill", "kill", "kill"], ["stop", "kill", "stop"]], ids=["kill", "stop"])
def test_clients_go_on_over_restarts(eddy, java_program, ends):
    """Every record is stored once and in order, and the member of the group keeps its partition."""
    command = java_program("Steady", eddy.bootstrap, 2500)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout.readline() == "begins\n"
            for end in ends:
                time.sleep(1)
                getattr(eddy, end)()
                eddy.restart()
            said = running.stdout.read()
        finally:
            running.kill()
    assert said == "ok\n", said
