# SPDX-License-Identifier: Apache-2.0
"""Java's KafkaProducer, KafkaConsumer and AdminClient: the program in clients/java runs all scenarios in one Java, and each
is a test here. It passes against Apache Kafka too (pytest --peer kafka)."""

import pathlib
import re
import subprocess

import pytest
import servers

SOURCES = sorted((pathlib.Path(__file__).parent / "clients/java").glob("*.java"))
SCENARIO = re.compile(r"^    static void (\w+)\(Setup setup\)", flags=re.M)
SCENARIOS = [f"{path.stem}.{name}" for path in SOURCES for name in SCENARIO.findall(path.read_text())]


@pytest.fixture(scope="module")
def results(request, broker, tmp_path_factory):
    """What became of each scenario that was asked for: "ok", or the reason why not."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")
    classes = tmp_path_factory.mktemp("classes")
    jars = f"{servers.Kafka.tools_jars}/*:{servers.Kafka.jars}/*"
    subprocess.run(["javac", "-J-Xmx256m", "-Werror", "-d", classes, "-cp", jars, *SOURCES], check=True, timeout=120)
    wanted = [item.callspec.params["name"] for item in request.session.items if item.path == pathlib.Path(__file__)]
    java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{classes}:{jars}"]
    done = subprocess.run(
        [*java, "Scenarios", broker.bootstrap, *wanted], capture_output=True, text=True, timeout=280, check=False
    )
    found = re.findall(r"^== (\S+) (.*?)(?=^== |\Z)", done.stdout, flags=re.M | re.S)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: text.strip() for name, text in found}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(results, name):
    assert results.get(name) == "ok", results.get(name, "it did not end")
