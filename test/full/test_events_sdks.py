# SPDX-License-Identifier: Apache-2.0
"""CloudEvents' SDKs of Go, JavaScript and Java through the door, a Broker and a Trigger: client/event_cases.py with the programs in
clients/events-*."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import servers

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = HERE / "clients"
sys.path[:0] = [str(CLIENTS), str(HERE.parent / "client")]
pytest.register_assert_rewrite("event_cases", "kube_program")
import event_cases  # noqa: E402
from kube_program import Running  # noqa: E402
from test_events import Space  # noqa: E402
from test_go import find_go  # noqa: E402

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}
GO_PROGRAM = servers.ROOT / "build/clients-events-go"
JARS = servers.ROOT / ".cache/cloudevents"


class Receiving(Running):
    """A program that receives events, and says so."""

    def __init__(self, command):
        super().__init__(command)
        event_cases.wait_for(lambda: self.lines, lambda: f"no port: {self}")
        self.port = self.lines[0]["port"]

    @property
    def got(self):
        found = self.lines[1:]
        assert not any("error" in one for one in found), found
        return found

    close = Running.kill


class Program(event_cases.Sdk):
    def __init__(self, command):
        self.command = command

    def run(self, *words, messages=()):
        done = subprocess.run(
            [str(word) for word in (*self.command, *words)],
            input="".join(json.dumps({"mode": mode, "event": one}) + "\n" for mode, one in messages),
            capture_output=True,
            text=True,
            timeout=event_cases.SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def send(self, url, messages):
        return [line["status"] for line in self.run("send", url, messages=messages)]

    def receive(self):
        return Receiving([*self.command, "receive"])

    def produce(self, bootstrap, topic, messages):
        self.run("produce", bootstrap, topic, messages=messages)

    def consume(self, bootstrap, topic, count):
        return self.run("consume", bootstrap, topic, count)


class JavaScript(Program):
    cannot_unicode = True  # Node refuses; the others send UTF-8 as it is


@pytest.fixture(scope="session")
def go():
    found = find_go()
    if found is None:
        pytest.skip("there is no Go: script/setup --full")
    how = {
        "cwd": CLIENTS / "events-go",
        "env": {**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=readonly -buildvcs=false"},
        "capture_output": True,
        "text": True,
        "check": False,
    }
    if subprocess.run([found, "mod", "download"], **how).returncode:
        pytest.skip("the Go modules are not there: script/setup --full")
    done = subprocess.run([found, "build", "-o", GO_PROGRAM, "."], **how)
    assert done.returncode == 0, done.stderr
    return Program([GO_PROGRAM])


@pytest.fixture(scope="session")
def javascript():
    source = CLIENTS / "events-js"
    if shutil.which("node") is None or not (source / "node_modules/cloudevents").exists():
        pytest.skip("the SDK of JavaScript is not there: script/setup --full")
    return JavaScript(["node", source / "main.js"])


@pytest.fixture(scope="session")
def java_sdk(tmp_path_factory):
    if shutil.which("javac") is None or not JARS.is_dir():
        pytest.skip("the SDK of Java is not there: script/setup --full")
    classes = tmp_path_factory.mktemp("classes")
    command = ["javac", "-J-Xmx256m", "-Werror", "-d", classes, "-cp", f"{JARS}/*", CLIENTS / "events-java/Events.java"]
    subprocess.run(command, check=True, timeout=120)
    java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8"]
    return Program([*java, "-cp", f"{classes}:{JARS}/*", "Events"])


@pytest.fixture
def space(kube):
    return Space(kube)


@pytest.fixture(params=["go", "javascript", "java_sdk"])
def sdk(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("delivery", event_cases.DELIVERIES)
def test_events_arrive_as_they_were_sent(space, sdk, delivery):
    event_cases.events_arrive_as_they_were_sent(space, sdk, delivery)


@pytest.mark.parametrize("mode", event_cases.MODES)
def test_answers_go_back_into_the_broker(space, sdk, mode):
    event_cases.answers_go_back_into_the_broker(space, sdk, mode)


def test_batches_are_refused(space, go):
    event_cases.batches_are_refused(space, go)


def test_a_record_of_its_kafka_binding_reaches_the_trigger(space, java_sdk):
    event_cases.a_record_reaches_the_trigger(space, java_sdk)


def test_its_kafka_binding_reads_what_was_posted(space, java_sdk):
    event_cases.the_topic_has_what_was_posted(space, java_sdk)


@pytest.mark.parametrize("mode", event_cases.MODES)
def test_its_kafka_binding_reads_what_a_kafka_sink_wrote(space, java_sdk, mode):
    event_cases.a_kafka_sink_writes_what_it_reads(space, java_sdk, mode)


def test_it_reads_the_json(space, sdk):
    event_cases.the_json_is_what_it_reads(space, sdk)
