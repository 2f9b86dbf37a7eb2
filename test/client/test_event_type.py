# SPDX-License-Identifier: Apache-2.0
"""EventTypes: whether what they refer to is there, and those that make themselves from what brokers take."""

import hashlib
import json
import time

import pytest

from test_events import Receiver, Space, wait_for

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}
FEATURES = "/api/v1/namespaces/knative-eventing/configmaps"


class Types(Space):
    """A namespace with EventTypes."""

    def path(self, name="", version="v1beta3"):
        return f"/apis/eventing.knative.dev/{version}/namespaces/{self.name}/eventtypes/{name}".rstrip("/")

    def put(self, name, spec, version="v1beta3"):
        body = {"apiVersion": f"eventing.knative.dev/{version}", "kind": "EventType", "metadata": {"name": name}, "spec": spec}
        return self.kube.ask("POST", self.path(version=version), body)

    def look(self, name, version="v1beta3"):
        return self.kube.ask("GET", self.path(name, version)).tree

    def state(self, name, type="ReferenceExists"):
        conditions = self.look(name).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == type), {})

    def says(self, name, status, reason=None):
        wait_for(lambda: self.state(name, "Ready").get("status") == status, lambda: self.look(name))
        assert self.state(name).get("status") == status and self.state(name).get("reason") == reason

    def all(self):
        return {item["metadata"]["name"]: item for item in self.kube.ask("GET", self.path()).tree["items"]}

    def name_of(self, type, source, broker="default"):
        return f"et-{broker}-{hashlib.md5(f'{type}{source}{self.name}{broker}'.encode()).hexdigest()}"


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def space(kube):
    return Types(kube)


def set_feature(kube, value):
    kube.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "knative-eventing"}})
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config-features"}, "data": {"eventtype-auto-create": value}}
    path = f"{FEATURES}/config-features?fieldManager=test&force=true"
    assert kube.ask("PATCH", path, json.dumps(body).encode(), "application/apply-patch+yaml").status in (200, 201)


@pytest.fixture
def auto(space):
    set_feature(space.kube, "enabled")
    time.sleep(0.3)  # the ConfigMap is seen
    yield
    assert space.kube.ask("DELETE", f"{FEATURES}/config-features").status == 200


def attributes(**values):
    return [{"name": name, "required": True, **({"value": value} if value else {})} for name, value in values.items()]


ORDER = attributes(type="order", source="/shop", specversion="", id="")


# --- what they refer to


def test_it_is_ready_when_its_reference_is_there(space):
    reference = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}
    assert space.put("e", {"attributes": ORDER, "reference": reference}).status == 201
    space.says("e", "False", "ResourceDoesNotExist")
    assert space.state("e")["message"] == "Resource in spec.reference does not exist"
    space.broker()
    space.says("e", "True")
    assert space.look("e")["status"]["observedGeneration"] == 1
    space.delete("Broker", "default")
    space.says("e", "False", "ResourceDoesNotExist")


def test_any_kind_may_be_referred_to(space):
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "c"}
    assert space.put("e", {"attributes": ORDER, "reference": reference}).status == 201
    space.says("e", "False", "ResourceDoesNotExist")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    assert space.kube.ask("POST", f"/api/v1/namespaces/{space.name}/configmaps", config).status == 201
    space.says("e", "True")
    unknown = {"apiVersion": "example.com/v1", "kind": "Unknown", "name": "u"}
    assert space.put("f", {"attributes": ORDER, "reference": unknown}).status == 201
    space.says("f", "False", "ResourceDoesNotExist")


def test_without_a_reference_it_is_ready(space):
    assert space.put("e", {"attributes": ORDER}).status == 201
    space.says("e", "True", "ReferenceNotSet")


def test_the_broker_of_older_versions_counts(space):
    assert space.put("e", {"type": "order", "source": "/shop", "broker": "b"}, "v1beta1").status == 201
    space.says("e", "False", "ResourceDoesNotExist")
    space.broker("b")
    space.says("e", "True")
    assert {one["name"]: one.get("value") for one in space.look("e")["spec"]["attributes"]}["source"] == "/shop"


# --- what each version shows


OLD = {"type": "order", "source": "/shop", "schema": "http://schema/1", "schemaData": "{}", "broker": "b", "description": "d"}


def test_a_version_shows_what_it_has(space):
    made = space.put("e", OLD, "v1beta2")
    assert made.status == 201 and made.tree["spec"] == OLD
    assert space.look("e", "v1beta1")["spec"] == space.look("e", "v1beta2")["spec"] == OLD
    attributes = space.look("e")["spec"].pop("attributes")
    assert {one["name"]: one.get("value") for one in attributes} == {
        "type": "order", "source": "/shop", "schemadata": "http://schema/1", "specversion": None, "id": None
    }  # fmt: skip
    assert set(space.look("e")["spec"]) == {"attributes", "description"}
    assert set(space.all()["e"]["spec"]) == {"attributes", "description"}
    made = space.put("f", {"attributes": ORDER})
    assert made.status == 201 and made.tree["spec"] == {"attributes": ORDER}
    assert space.look("f", "v1beta2")["spec"] == {"type": "order", "source": "/shop"}


@pytest.mark.parametrize("strict", ["", "?fieldValidation=Strict"])
def test_what_one_version_does_not_show_outlives_a_change_in_it(space, strict):
    space.put("e", OLD, "v1beta2")
    seen = space.look("e")
    seen["spec"]["attributes"].append({"name": "colour", "value": "red"})
    next(one for one in seen["spec"]["attributes"] if one["name"] == "type")["value"] = "mail"
    assert space.kube.ask("PUT", space.path("e") + strict, seen).status == 200
    assert space.look("e", "v1beta2")["spec"] == {**OLD, "type": "mail"}
    patch = {"spec": {"type": "parcel"}}
    patched = space.kube.ask("PATCH", space.path("e", "v1beta2") + strict, patch, "application/merge-patch+json")
    assert patched.status == 200 and patched.tree["spec"] == {**OLD, "type": "parcel"}
    values = {one["name"]: one.get("value") for one in space.look("e")["spec"]["attributes"]}
    assert values["type"] == "parcel" and values["colour"] == "red"
    generation = space.look("e")["metadata"]["generation"]
    again = space.kube.ask("PATCH", space.path("e") + strict, {"spec": {"description": "d"}}, "application/merge-patch+json")
    assert again.status == 200 and again.tree["metadata"]["generation"] == generation, "nothing has changed"


def test_kubectl_changes_it_in_either_version(space, kubectl):
    manifest = "apiVersion: eventing.knative.dev/v1beta3\nkind: EventType\nmetadata: {name: e}\nspec:\n  attributes:\n"
    lines = ["name: type, value: order", "name: source, value: /shop", "name: specversion", "name: id"]
    text = manifest + "".join(f"  - {{{line}}}\n" for line in lines)
    kubectl.run("apply", "-f", "-", text=text)
    assert "unchanged" in kubectl.run("apply", "-f", "-", text=text)
    shown = kubectl.run("get", "eventtypes.v1beta3.eventing.knative.dev", "e", "-o", "yaml")
    assert "\n  type:" not in shown and "- name: type" in shown
    kubectl.run("replace", "-f", "-", text=shown)
    shown = kubectl.run("get", "eventtypes.v1beta2.eventing.knative.dev", "e", "-o", "yaml")
    assert "\n  type: order" in shown and "\n  attributes:" not in shown
    kubectl.run("apply", "-f", "-", text=text.replace("value: order", "value: mail"))
    assert "  type: mail" in kubectl.run("get", "eventtypes.v1beta2.eventing.knative.dev", "e", "-o", "yaml")


# --- those that make themselves


def test_by_default_none_makes_itself(space):
    space.broker()
    space.send("1")
    time.sleep(0.3)
    assert space.all() == {}


def test_each_new_type_and_source_makes_one(space, auto):
    space.broker()
    for i in range(3):
        space.send(f"{i}", "order", dataschema="http://schema/1")
    space.send("3", "mail")
    wait_for(lambda: len(space.all()) == 2, lambda: list(space.all()))
    name = space.name_of("order", "/test")
    assert set(space.all()) == {name, space.name_of("mail", "/test")}
    space.says(name, "True")
    made = space.look(name, "v1beta2")
    broker = space.get("Broker", "default")
    owner = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default", "uid": broker["metadata"]["uid"]}
    assert made["metadata"]["ownerReferences"] == [owner]
    spec = made["spec"]
    assert spec["reference"] == {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default", "namespace": space.name}
    assert (spec["type"], spec["source"], spec["schema"]) == ("order", "/test", "http://schema/1")
    assert spec["description"] == "Event Type auto-created by controller"
    assert {one["name"]: one.get("value") for one in space.look(name)["spec"]["attributes"]}["schemadata"] == "http://schema/1"


def test_answers_make_some_too(space, auto, receiver):
    reply = {"ce-specversion": "1.0", "ce-id": "r", "ce-source": "/r", "ce-type": "answer", "Content-Type": "application/json"}
    receiver.answer = lambda path, headers, body: (200, reply, b"{}")
    space.broker()
    space.trigger("t", receiver.uri("/in"), filter={"attributes": {"type": "order"}})
    space.send("1", "order")
    wait_for(lambda: space.name_of("answer", "/r") in space.all(), lambda: list(space.all()))


def test_one_that_is_deleted_comes_again(space, auto):
    space.broker()
    space.send("1", "order")
    name = space.name_of("order", "/test")
    wait_for(lambda: name in space.all(), "it makes itself")
    assert space.kube.ask("DELETE", space.path(name)).status == 200
    wait_for(lambda: name not in space.all(), "it goes")

    def comes():
        space.send("2", "order")  # one that comes while the deletion is being seen changes nothing
        return name in space.all()

    wait_for(comes, "it makes itself again")


def test_they_go_with_their_broker(space, auto):
    space.broker()
    space.send("1", "order")
    wait_for(lambda: space.all(), "it makes itself")
    space.delete("Broker", "default")
    wait_for(lambda: not space.all(), lambda: list(space.all()))


def test_they_stop_when_the_feature_is_off(space, auto):
    space.broker()
    space.send("1", "order")
    wait_for(lambda: len(space.all()) == 1, "it makes itself")
    set_feature(space.kube, "disabled")
    time.sleep(0.3)
    space.send("2", "mail")
    time.sleep(0.3)
    assert len(space.all()) == 1


def test_kubectl_shows_them(kubectl):
    kubectl.apply(
        {
            "apiVersion": "eventing.knative.dev/v1beta2",
            "kind": "EventType",
            "metadata": {"name": "e"},
            "spec": {"type": "order", "source": "/shop", "description": "An order"},
        }
    )
    kubectl.run("wait", "--for=condition=Ready", "eventtype/e", "--timeout=20s")
    head, row = kubectl.run("get", "eventtypes.v1beta3.eventing.knative.dev").splitlines()
    assert head.split() == ["NAME", "TYPE", "SOURCE", "REFERENCE", "NAME", "REFERENCE", "KIND", "DESCRIPTION", "READY", "REASON"]
    assert row.split() == ["e", "order", "/shop", "An", "order", "True"]
