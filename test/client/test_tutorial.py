# SPDX-License-Identifier: Apache-2.0
"""The tutorial's own files, byte for byte; only the addresses kafka:9092 and nats:4222 lead to the server that the test started."""

import os
import pathlib
import signal
import subprocess
import time

import pytest
import servers
import test_events

SHARED = pathlib.Path(os.environ.get("EDDY_SHARED", servers.ROOT / ".." / "shared"))
TUTORIAL = SHARED / "tutorial"
MAPPED = pathlib.Path(__file__).with_name("mapped")
WAIT_SECONDS = 30

pytestmark = pytest.mark.skipif(not TUTORIAL.is_dir(), reason="the tutorial's files (../shared/tutorial) are not here")


def run(python, name, broker, wrapper=(), stay=(), address="kafka:9092", port=None, **extra):
    """Starts a tutorial file; mapped/sitecustomize.py, which Python loads by itself, maps the address."""
    to = f"{broker.host}:{port or broker.port}"
    environment = {**os.environ, "PYTHONPATH": str(MAPPED), "MAP_FROM": address, "MAP_TO": to}
    command = [servers.ROOT / python / "bin/python", "-u", *wrapper, TUTORIAL / name, *stay]
    return subprocess.Popen(command, env=environment, text=True, **extra)


# One test for both versions: they share the topic, which the tutorial names.
@pytest.mark.parametrize("python", [".venv", ".venv-kafka202"])
def test_producer_reaches_consumer(broker, tmp_path, python):
    out = tmp_path / "out"
    with open(out, "wb") as file:
        consumer = run(python, "consumer.py", broker, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        # The consumer starts at the end of the topic, so the producer is run until one event comes after that.
        while "Received: Hello from Kafka!" not in out.read_text():
            assert consumer.poll() is None, out.read_text()
            assert time.monotonic() < deadline, "nothing arrived: " + out.read_text()
            producer = run(python, "producer.py", broker, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            said, _ = producer.communicate(timeout=WAIT_SECONDS)
            assert (producer.returncode, said) == (0, "")
            time.sleep(0.5)
    finally:
        consumer.send_signal(signal.SIGKILL)
        consumer.wait(10)
    assert set(out.read_text().splitlines()) == {"Received: Hello from Kafka!"}


def test_nats_publisher_reaches_subscriber(nats_server, tmp_path):
    nats = {"address": "nats:4222", "port": nats_server.nats_port, "wrapper": [MAPPED / "run_main.py"]}
    out = tmp_path / "out"
    with open(out, "wb") as file:
        subscriber = run(".venv", "nats_subscriber.py", nats_server, stay=["stay"], **nats, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        # Its main ends before the subscription has reached the server, so the publisher is run until one message arrives.
        while "Received: Hello from NATS!" not in out.read_text():
            assert subscriber.poll() is None, out.read_text()
            assert time.monotonic() < deadline, "nothing arrived: " + out.read_text()
            if "main is done" in out.read_text():
                publisher = run(".venv", "nats_publisher.py", nats_server, **nats, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                said, _ = publisher.communicate(timeout=WAIT_SECONDS)
                assert (publisher.returncode, said) == (0, "")
            time.sleep(0.1)
    finally:
        subscriber.send_signal(signal.SIGKILL)
        subscriber.wait(10)
    assert set(out.read_text().splitlines()) == {"main is done", "Received: Hello from NATS!"}


# --- events


def condition(kubectl, name, type):
    conditions = kubectl.tree(name).get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == type), {})


def test_its_trigger_takes_the_default_broker_which_comes(kubectl):
    """Its Knative Service comes with the processors: until then a condition says so."""
    said = kubectl.run("apply", "-f", TUTORIAL / "trigger.yaml", both=True)
    assert "trigger.eventing.knative.dev/filter-events created" in said
    assert "Warning: " in said and "default" in said
    kubectl.run("wait", "--for=condition=Ready", "broker/default", f"--timeout={WAIT_SECONDS}s")
    kubectl.run("wait", "--for=condition=SubscriberResolved=False", "trigger/filter-events", f"--timeout={WAIT_SECONDS}s")
    assert kubectl.tree("trigger/filter-events")["spec"]["broker"] == "default"
    assert "Service" in condition(kubectl, "trigger/filter-events", "SubscriberResolved")["message"]
    assert condition(kubectl, "trigger/filter-events", "BrokerReady")["status"] == "True"
    assert kubectl.run("apply", "-f", TUTORIAL / "trigger.yaml") == "trigger.eventing.knative.dev/filter-events unchanged\n"


def test_its_ping_source_waits_for_its_service(kubectl):
    assert kubectl.run("apply", "-f", TUTORIAL / "pingsource.yaml") == "pingsource.sources.knative.dev/test-ping created\n"
    kubectl.run("wait", "--for=condition=SinkProvided=False", "pingsource/test-ping", f"--timeout={WAIT_SECONDS}s")
    assert "Service" in condition(kubectl, "pingsource/test-ping", "SinkProvided")["message"]
    assert kubectl.tree("pingsource/test-ping")["spec"]["schedule"] == "*/1 * * * *"


def test_its_retry_consumer_prints_dead_letters(kube, tmp_path):
    """The topic of a KafkaSink that is a Broker's dead letter sink. The tutorial's file reads it at localhost:9092, from its end."""
    receiver = test_events.Receiver()
    receiver.answer = lambda path, headers, body: (500, {}, b"")
    space = test_events.Space(kube)
    space.make("KafkaSink", "dlq", {"topic": "dead-letter-queue", "bootstrapServers": ["localhost:9092"]})
    ref = {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": "dlq"}
    space.broker(delivery={"retry": 1, "deadLetterSink": {"ref": ref}})
    space.trigger("t", receiver.uri("/in"))
    out = tmp_path / "out"
    how = {"address": "localhost:9092", "wrapper": [MAPPED / "run_dlq.py"]}
    with open(out, "wb") as file:
        consumer = run(".venv", "dlq-consumer.py", kube.server, **how, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while "Retrying: " not in out.read_text():
            assert consumer.poll() is None, out.read_text()
            assert time.monotonic() < deadline, f"nothing arrived: {out.read_text()}, {receiver.got}"
            space.send("1", body=b'{"item": "tea"}')
            time.sleep(0.5)
    finally:
        consumer.send_signal(signal.SIGKILL)
        consumer.wait(10)
        receiver.close()
    assert set(out.read_text().splitlines()) == {'Retrying: {"item": "tea"}'}
