# SPDX-License-Identifier: Apache-2.0
"""What kubectl printed against a real kube-apiserver with Knative's definitions, recorded in ../shared/golden/kubectl, is
what it prints against eddy with the same definitions: command by command, but for times, ids, and what only the other
server had in it."""

import os
import pathlib
import re
import textwrap

import kube_tools
import pytest
import servers
import yaml

SHARED = pathlib.Path(os.environ.get("EDDY_SHARED", servers.ROOT / ".." / "shared"))
GOLDEN = SHARED / "golden/kubectl"
RECORDED = {"old": GOLDEN / "output-1.20.txt", "new": GOLDEN / "output-1.33.txt"}
DEFINITIONS = ("broker", "trigger", "eventpolicy", "eventtransform", "eventtype", "requestreply")
SHOWN = 13  # lines that the record has of each command

pytestmark = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the recorded output (../shared/golden) is not here")

MANIFEST = """
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default, namespace: default}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: t1, namespace: default}
spec:
  broker: default
  filter: {attributes: {type: TYPE}}
  subscriber: {uri: "http://127.0.0.1:9/x"}
"""

# Commands whose record says nothing of an API server, or not this one: its own state, its address, its version.
LEFT_OUT = {
    "diff": "the two files are compared in test_kube_kubectl.py; here the record has what that server defaulted",
    "cluster-info": "its address",
    "version": "its version",
}
LEFT_OUT_OLD = {
    "apply -f b.yaml": "the object was there already, with a warning",
    "create ns": "the namespace was being deleted at the time",
    "delete ns": "the same",
}
# Rows of objects that others had made on that server, and of what is built into it.
OTHERS = re.compile(r"\bt[79]\b|test-ogqtjsad|/p1\b|/d1\b|/j1\b|service/kubernetes|^(NAME|pod/p1) .*(STATUS|CLUSTER-IP|COMPLETIONS)")


def renamed(text):
    """Other names of the same length: eddy has some of these kinds itself, with a life of their own."""
    for name, other in (("knative", "knatove"), ("roker", "raker"), ("ROKER", "RAKER"), ("rigger", "ripper"), ("RIGGER", "RIPPER")):
        text = text.replace(name, other)
    return text


def recorded(age):
    """(command, lines) in the order in which they were typed."""
    for part in renamed(RECORDED[age].read_text()).split("### ")[1:]:
        command, *lines = part.splitlines()
        yield command, lines


def plain(lines):
    """Without what differs from run to run."""
    kept = []
    for line in lines:
        if OTHERS.search(line) or "Unsolicited response" in line:
            continue
        line = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", line)
        line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UID", line)
        line = re.sub(r"(esource ?[vV]ersion: +)\"?\d+\"?", r"\1N", line)
        line = re.sub(r" +\d+m?\d*s\b", " AGE", line)  # columns are as wide as what is in them
        line = re.sub(r" +", " ", line).rstrip()
        if line or (kept and kept[-1]):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def newer(command, line):
    """What kubectl 1.36 prints where 1.33 printed LINE."""
    if command.startswith("delete") and "namespace" not in line:
        return line.replace(" deleted", " deleted from default namespace")
    return line


@pytest.fixture
def server(start_kube):
    kube = start_kube()
    for name in DEFINITIONS:
        definition = yaml.safe_load(renamed((SHARED / f"spec/knative-crds/{name}.yaml").read_text()))
        definition["spec"].pop("conversion", None)  # by a webhook, which is refused here
        made = kube.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        assert made.status == 201, made.body
    return kube


def test_prints_what_it_printed_against_a_real_one(server, age, home):
    kubectl = kube_tools.Kubectl(age, server, home, None)
    (kubectl.folder / "b.yaml").write_text(renamed(textwrap.dedent(MANIFEST)).replace("TYPE", "a.b"))
    (kubectl.folder / "b2.yaml").write_text(renamed(textwrap.dedent(MANIFEST)).replace("TYPE", "a.c"))
    kubectl.run("get", renamed("brokers"))  # the kinds are served
    left_out = LEFT_OUT if age == "new" else {**LEFT_OUT, **LEFT_OUT_OLD}
    compared = 0
    for command, lines in recorded(age):
        wanted = [newer(command, line) if age == "new" else line for line in plain(lines)]
        editor = {"EDITOR": "sed -i s/a[.]c/a.d/"}
        printed = kubectl.run(*command.split(" "), code=None, environment=editor, both=True)
        if any(command.startswith(start) for start in left_out):
            continue
        told = plain(printed.splitlines())
        if command == "get all":  # the record ends before the brokers, and the order of kinds is not a promise
            told = told[told.index(wanted[0]) :]
        # The record ends somewhere in the middle of what is long.
        if len(lines) >= SHOWN - 1:
            told = told[: len(wanted)]
        assert told == wanted, command
        compared += 1
    assert compared >= 20
