# SPDX-License-Identifier: Apache-2.0
"""The CustomResourceDefinitions of eddy's own kinds: they are there for whoever looks for them, and whoever brings Knative's may."""

import os
import pathlib
import re
import time

import pytest
import servers
import yaml

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
KNATIVE = pathlib.Path(os.environ.get("EDDY_SHARED", servers.ROOT / ".." / "shared")) / "spec/knative-crds"
OWN = {
    definition["metadata"]["name"]: definition
    for definition in (yaml.safe_load(path.read_text()) for path in (servers.ROOT / "charts/eddy/crds").glob("*.yaml"))
}
BROKERS = "brokers.eventing.knative.dev"


def names(kube, selector=""):
    return {item["metadata"]["name"] for item in kube.ask("GET", DEFINITIONS + selector).tree["items"]}


@pytest.fixture
def all_there(kube):
    """After a start they are made one by one."""
    deadline = time.monotonic() + 20
    while not set(OWN) <= names(kube):
        assert time.monotonic() < deadline, set(OWN) - names(kube)
        time.sleep(0.02)
    return kube


def look(kube, name):
    answer = kube.ask("GET", f"{DEFINITIONS}/{name}")
    assert answer.status == 200, answer.body
    return answer.tree


def conditions(definition):
    return {one["type"]: one["status"] for one in definition["status"]["conditions"]}


def test_each_is_what_the_chart_has(all_there):
    for name, chart in OWN.items():
        definition = look(all_there, name)
        spec = definition["spec"]
        assert spec.pop("conversion") == {"strategy": "None"}
        assert spec == chart["spec"]
        assert definition["metadata"].get("labels", {}) == chart["metadata"].get("labels", {})
        assert definition["status"]["acceptedNames"] == chart["spec"]["names"]


def test_clients_find_kinds_by_labels(all_there):
    """kn source list-types, kn channel list-types."""
    sources = {"pingsources.sources.knative.dev", "kafkasources.sources.knative.dev"}
    channels = {f"{kind}.messaging.knative.dev" for kind in ("channels", "inmemorychannels", "kafkachannels")}
    assert names(all_there, "?labelSelector=duck.knative.dev/source%3Dtrue") == sources
    assert names(all_there, "?labelSelector=messaging.knative.dev/subscribable%3Dtrue") == channels


def test_installers_wait_for_them(all_there, kubectl):
    crds = [f"crd/{name}" for name in sorted(OWN)]
    said = kubectl.run("wait", "--for=condition=Established", "--timeout=10s", *crds)
    assert said.count("condition met") == len(OWN)
    assert "brokers.eventing.knative.dev" in kubectl.run("get", "crd")


def test_they_outlive_a_restart(all_there):
    before = {name: look(all_there, name)["metadata"] for name in OWN}
    all_there.server.stop()
    all_there.server.start()
    assert {name: look(all_there, name)["metadata"] for name in OWN} == before


def test_one_that_is_deleted_comes_back(all_there, kubectl):
    uid = look(all_there, BROKERS)["metadata"]["uid"]
    space = all_there.new_space()
    broker = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "metadata": {"name": "b"}}
    path = f"/apis/eventing.knative.dev/v1/namespaces/{space}/brokers"
    assert all_there.ask("POST", path, broker).status == 201
    kubectl.run("delete", "crd", BROKERS, "--timeout=10s")
    deadline = time.monotonic() + 10
    while BROKERS not in names(all_there):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert look(all_there, BROKERS)["metadata"]["uid"] != uid
    assert all_there.ask("GET", f"{path}/b").status == 200, "its objects stay"


@pytest.mark.skipif(not KNATIVE.is_dir(), reason="Knative's definitions (../shared/spec) are not here")
def test_those_of_knative_may_be_applied(all_there, kubectl):
    """Also those that ask for a webhook to convert versions: eddy's own definition counts."""
    try:
        for path in sorted(KNATIVE.glob("*.yaml")):
            found = [tree for tree in yaml.safe_load_all(path.read_text()) if tree and tree.get("metadata", {}).get("name") in OWN]
            for tree in found:
                kubectl.run("apply", "-f", "-", text=yaml.safe_dump(tree))
                name = tree["metadata"]["name"]
                kubectl.run("wait", "--for=condition=Established", f"crd/{name}", "--timeout=10s")
                assert "its own definition counts, this one is kept" in kubectl.run("describe", "crd", name)
        assert "webhook" in look(all_there, "eventtypes.eventing.knative.dev")["spec"]["conversion"]
        assert "Which events go where." in kubectl.run("explain", "trigger.spec")
    finally:
        for name in OWN:
            kubectl.run("delete", "crd", name, "--timeout=10s")


@pytest.mark.parametrize("kind", ["broker", "trigger", "kafkasource", "subscription", "channel"])
def test_kubectl_explains_a_delivery(kubectl, kind):
    words = kubectl.run("explain", f"{kind}.spec.delivery")
    assert re.search(r"^  *timeout\t<string>", words, re.MULTILINE), words
    assert kind == "kafkasource" or "Without it eddy keeps them" in " ".join(words.split())
