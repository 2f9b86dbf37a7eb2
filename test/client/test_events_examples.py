# SPDX-License-Identifier: Apache-2.0
"""examples/knative: every file can be applied, and each object of it becomes ready; the receiver gets what its README says."""

import http.client
import json
import os
import subprocess
import sys

import pytest
import servers
from test_events import SECONDS, wait_for

EXAMPLES = servers.ROOT / "examples/knative"
FILES = sorted(EXAMPLES.glob("*.yaml"))


@pytest.fixture
def eddy_command(start_kube):
    """eddy_command(*arguments, text=None): a subcommand on a new server; what it prints."""
    kube = start_kube()

    def run(*arguments, text=None):
        done = subprocess.run(
            [servers.eddy_binary(), *map(str, arguments)],
            input=text,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "KUBECONFIG": str(kube.kubeconfig)},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run.server = kube.server
    return run


def is_ready(eddy_command, name):
    conditions = json.loads(eddy_command("get", name, "-o", "json")).get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def wait_until_ready(eddy_command, applied):
    """APPLIED is what `eddy apply` printed."""
    names = [line.split()[0] for line in applied.splitlines()]
    for name in names:
        if ".knative.dev/" in name:
            wait_for(lambda name=name: is_ready(eddy_command, name), lambda name=name: eddy_command("get", name, "-o", "yaml"))
    return names


def test_every_example_becomes_ready(eddy_command):
    assert {path.name for path in FILES} >= {"broker.yaml", "pingsource.yaml", "kafkasink.yaml"}
    eddy_command("topic", "create", "payments", "--bootstrap", eddy_command.server.bootstrap)  # as kafkasource.yaml says
    applied = "".join(eddy_command("apply", "-f", path) for path in FILES)
    names = wait_until_ready(eddy_command, applied)
    kinds = {name.split(".")[0] for name in names}
    assert {"broker", "trigger", "pingsource", "kafkasink"} <= kinds
    assert "".join(eddy_command("apply", "-f", path) for path in FILES).count(" unchanged") == len(names)


def test_the_receiver_gets_the_orders(eddy_command):
    def post(id, type, item):
        connection = http.client.HTTPConnection(*eddy_command.server.doors["events"], timeout=SECONDS)
        fields = {"ce-specversion": "1.0", "ce-id": id, "ce-source": "/shop", "ce-type": type, "Content-Type": "application/json"}
        connection.request("POST", "/default/default", json.dumps({"item": item}), fields)
        assert connection.getresponse().status == 202
        connection.close()

    receiver = subprocess.Popen([sys.executable, EXAMPLES / "receiver.py", "0"], stdout=subprocess.PIPE, text=True)
    try:
        port = receiver.stdout.readline().split()[-1]
        text = (EXAMPLES / "broker.yaml").read_text().replace("8099", port)
        wait_until_ready(eddy_command, eddy_command("apply", "-f", "-", text=text))
        post("1", "order", "this will fail")
        post("2", "mail", "nobody asked for it")
        lines = [receiver.stdout.readline() for _ in range(3)]
        assert lines == ['refused order 1 {"item": "this will fail"}\n'] * 3
        post("3", "order", "tea")
        assert receiver.stdout.readline() == 'got order 3 {"item": "tea"}\n'
    finally:
        receiver.kill()
        receiver.communicate()
    bootstrap = eddy_command.server.bootstrap
    arguments = ("knative-broker-default-default-dead-letters", "--from", "earliest", "--count", 1, "--json", "--bootstrap", bootstrap)
    dead = json.loads(eddy_command("consume", *arguments))
    assert json.loads(dead["value"]) == {"item": "this will fail"}, dead
