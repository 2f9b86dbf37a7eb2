# SPDX-License-Identifier: Apache-2.0
"""The official Python client: objects, pages, watches over a restart, server-side apply, and the bodies of errors."""

import json
import time

import kube_tools
import kubernetes
import pytest
from kube_tools import GROUP, PLURAL, VERSION, widget
from kubernetes.client.exceptions import ApiException

SECONDS = 20


class Widgets:
    """The widgets of one namespace, through the client."""

    def __init__(self, kube, space):
        self.kube = kube
        self.space = space
        self.client = kubernetes.config.new_client_from_config(str(kube.kubeconfig))
        self.api = kubernetes.client.CustomObjectsApi(self.client)
        self.at = {"group": GROUP, "version": VERSION, "namespace": space, "plural": PLURAL}

    def create(self, body, **options):
        return self.api.create_namespaced_custom_object(**self.at, body=body, **options)

    def get(self, name="one"):
        return self.api.get_namespaced_custom_object(**self.at, name=name)

    def list(self, **options):
        return self.api.list_namespaced_custom_object(**self.at, **options)

    def replace(self, body):
        return self.api.replace_namespaced_custom_object(**self.at, name=body["metadata"]["name"], body=body)

    def patch(self, body, name="one", **options):
        return self.api.patch_namespaced_custom_object(**self.at, name=name, body=body, **options)

    def delete(self, name="one", **options):
        return self.api.delete_namespaced_custom_object(**self.at, name=name, **options)

    def watch(self, version, seconds=SECONDS):
        """The events after that version, as (type, name, version), on one connection."""
        watch = kubernetes.watch.Watch()
        stream = watch.stream(
            self.api.list_namespaced_custom_object, **self.at, resource_version=version, timeout_seconds=seconds, _request_timeout=SECONDS
        )
        for event in stream:
            metadata = event["object"]["metadata"]
            yield event["type"], metadata["name"], metadata["resourceVersion"]

    def wait_gone(self, name):
        deadline = time.monotonic() + SECONDS
        while name in names(self.list()):
            assert time.monotonic() < deadline, f"{name} is still there"
            time.sleep(0.05)


def names(listed):
    return [item["metadata"]["name"] for item in listed["items"]]


@pytest.fixture
def widgets(kube):
    kube.define_widgets()
    made = Widgets(kube, kube.new_space())
    yield made
    made.client.close()


def refusal(call, *arguments, **options):
    """The Status with which the server refuses that call."""
    with pytest.raises(ApiException) as caught:
        call(*arguments, **options)
    status = json.loads(caught.value.body)
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status["code"] == caught.value.status
    return status


def test_an_object_from_its_making_to_its_end(widgets):
    made = widgets.create(widget(replicas=1))
    metadata = made["metadata"]
    assert metadata["generation"] == 1
    assert made["spec"]["colour"] == "grey"
    assert widgets.get() == made
    made["spec"]["replicas"] = 2
    replaced = widgets.replace(made)
    assert replaced["metadata"]["generation"] == 2
    assert int(replaced["metadata"]["resourceVersion"]) > int(metadata["resourceVersion"])
    assert widgets.patch({"spec": {"colour": None, "replicas": 3}})["spec"] == {"size": "small", "replicas": 3, "colour": "grey"}
    deleted = widgets.delete()
    assert deleted["status"] == "Success"
    assert deleted["details"]["uid"] == metadata["uid"]
    assert names(widgets.list()) == []


def test_status_is_changed_apart_from_the_rest(widgets):
    made = widgets.create({**widget(), "status": {"replicas": 5}})
    assert "status" not in made
    body = {"spec": {"size": "large"}, "status": {"replicas": 7}}
    changed = widgets.api.patch_namespaced_custom_object_status(**widgets.at, name="one", body=body)
    assert changed["status"] == {"replicas": 7}
    assert changed["spec"]["size"] == "small"
    assert changed["metadata"]["generation"] == 1


def test_pages_are_of_one_version_while_objects_change(widgets):
    for i in range(10):
        widgets.create(widget(f"w{i}"))
    first = widgets.list(limit=4)
    assert names(first) == ["w0", "w1", "w2", "w3"]
    assert first["metadata"]["remainingItemCount"] == 6
    widgets.delete("w5")
    widgets.create(widget("w45"))
    widgets.patch({"spec": {"size": "large"}}, "w6")
    found, page = names(first), first
    while page["metadata"].get("continue"):
        page = widgets.list(limit=4, _continue=page["metadata"]["continue"])
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        assert all(item["spec"]["size"] == "small" for item in page["items"])
        found += names(page)
    assert found == [f"w{i}" for i in range(10)]
    assert names(widgets.list()) == ["w0", "w1", "w2", "w3", "w4", "w45", "w6", "w7", "w8", "w9"]


def take(events, count):
    """The first COUNT of the events; its connection is closed."""
    found = [next(events) for _ in range(count)]
    events.close()
    return found


def test_a_watch_goes_on_from_the_last_version_that_was_seen(widgets):
    version = widgets.list()["metadata"]["resourceVersion"]
    widgets.create(widget("a"))
    widgets.create(widget("b"))
    widgets.patch({"spec": {"replicas": 1}}, "a")
    seen = take(widgets.watch(version), 2)
    widgets.delete("b")
    seen += take(widgets.watch(seen[-1][2]), 2)
    assert [event[:2] for event in seen] == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    versions = [int(event[2]) for event in seen]
    assert versions == sorted(set(versions))


def test_a_watch_goes_on_over_crashes(start_kube):
    kube = start_kube()
    kube.define_widgets()
    space = kube.new_space()
    widgets = Widgets(kube, space)
    first = widgets.create(widget("a"))["metadata"]["resourceVersion"]
    widgets.create(widget("b"))
    kube.server.kill()
    kube.server.restart()
    kube.define_widgets()  # waits until it is served
    widgets.patch({"metadata": {"labels": {"k": "v"}}}, name="a", _content_type="application/merge-patch+json")
    widgets.delete("b")
    widgets.create(widget("b"))
    kube.server.kill()
    kube.server.restart()
    kube.define_widgets()
    widgets.create(widget("c"))
    seen = take(widgets.watch(first), 5)
    assert [event[:2] for event in seen] == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b"), ("ADDED", "b"), ("ADDED", "c")]
    widgets.client.close()


def test_a_page_that_a_crash_has_forgotten_is_expired(start_kube):
    kube = start_kube()
    kube.define_widgets()
    widgets = Widgets(kube, kube.new_space())
    widgets.create(widget("a"))
    version = widgets.list()["metadata"]["resourceVersion"]
    widgets.create(widget("b"))
    kube.server.kill()
    kube.server.restart()
    kube.define_widgets()
    # What was added since can be left out again; what was changed before it was changed is not known any more.
    assert names(widgets.list(resource_version=version, resource_version_match="Exact")) == ["a"]
    changed = widgets.list()["metadata"]["resourceVersion"]
    widgets.patch({"metadata": {"labels": {"k": "v"}}}, name="a", _content_type="application/merge-patch+json")
    kube.server.kill()
    kube.server.restart()
    kube.define_widgets()
    status = refusal(widgets.list, resource_version=changed, resource_version_match="Exact")
    assert (status["code"], status["reason"]) == (410, "Expired")
    widgets.client.close()


def test_a_watch_from_before_what_is_kept_is_told_to_list_again(start_kube):
    kube = start_kube(environment={"EDDY_KUBE_HISTORY": "10"})
    kube.define_widgets()
    widgets = Widgets(kube, kube.new_space())
    version = widgets.create(widget("a"))["metadata"]["resourceVersion"]
    for name in "bcdefghijklm":
        widgets.create(widget(name))
    kube.server.kill()
    kube.server.restart()
    kube.define_widgets()
    with pytest.raises(ApiException) as caught:
        list(widgets.watch(version))
    assert caught.value.status == 410
    assert names(widgets.list()) == list("abcdefghijklm")
    widgets.client.close()


def test_a_watch_ends_when_its_time_is_up(widgets):
    started = time.monotonic()
    assert list(widgets.watch(widgets.list()["metadata"]["resourceVersion"], seconds=1)) == []
    assert 0.9 < time.monotonic() - started < 10


def test_server_side_apply_knows_who_wrote_what(widgets):
    apply = {"_content_type": "application/apply-patch+yaml"}
    widgets.patch(widget(replicas=1), field_manager="first", **apply)
    status = refusal(widgets.patch, widget(replicas=2), field_manager="second", **apply)
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert [(cause["reason"], cause["field"]) for cause in status["details"]["causes"]] == [("FieldManagerConflict", ".spec.replicas")]
    forced = widgets.patch(widget(replicas=2), field_manager="second", force=True, **apply)
    assert forced["spec"]["replicas"] == 2
    assert sorted(entry["manager"] for entry in forced["metadata"]["managedFields"]) == ["first", "second"]
    assert "size" in widgets.patch(widget(), field_manager="second", **apply)["spec"]
    assert "replicas" not in widgets.get()["spec"]


def test_refusals_say_what_is_wrong(widgets):
    status = refusal(widgets.get, "nobody")
    assert (status["code"], status["reason"]) == (404, "NotFound")
    assert status["details"] == {"name": "nobody", "group": GROUP, "kind": PLURAL}
    made = widgets.create(widget())
    status = refusal(widgets.create, widget())
    assert (status["code"], status["reason"]) == (409, "AlreadyExists")
    widgets.patch({"spec": {"replicas": 1}})
    status = refusal(widgets.replace, made)
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert status["message"].startswith(f'Operation cannot be fulfilled on {PLURAL}.{GROUP} "one": the object has been modified')
    status = refusal(widgets.patch, {"spec": {"replicas": "many"}})
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert [(cause["reason"], cause["field"]) for cause in status["details"]["causes"]] == [("FieldValueTypeInvalid", "spec.replicas")]
    status = refusal(widgets.create, widget("two", oops=1), field_validation="Strict")
    assert status["code"] == 400
    assert 'strict decoding error: unknown field "spec.oops"' in status["message"]


def test_versions_and_places_that_are_none(widgets):
    assert refusal(widgets.list, _continue="nonsense", limit=1)["code"] == 400
    assert refusal(widgets.list, resource_version="nonsense")["code"] == 400
    status = refusal(widgets.list, resource_version="999999999")
    assert (status["code"], status["reason"]) == (504, "Timeout")


def test_a_collection_is_deleted_by_its_labels(widgets):
    for i in range(6):
        widgets.create(widget(f"w{i}", {"odd": str(i % 2)}))
    widgets.api.delete_collection_namespaced_custom_object(**widgets.at, label_selector="odd=1")
    assert names(widgets.list()) == ["w0", "w2", "w4"]


def test_an_object_waits_for_its_finalizers(widgets):
    body = widget()
    body["metadata"]["finalizers"] = ["shop.example.org/wait"]
    widgets.create(body)
    assert "deletionTimestamp" in widgets.delete()["metadata"]
    assert names(widgets.list()) == ["one"]
    widgets.patch({"metadata": {"finalizers": None}})
    assert refusal(widgets.get)["code"] == 404


@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan"])
def test_what_is_owned_goes_with_its_owner(widgets, policy):
    owner = widgets.create(widget())
    reference = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Widget", "name": "one", "uid": owner["metadata"]["uid"]}
    for name in ("child", "other"):
        body = widget(name)
        body["metadata"]["ownerReferences"] = [{**reference, "blockOwnerDeletion": True}]
        widgets.create(body)
    widgets.delete(propagation_policy=policy)
    widgets.wait_gone("one")
    if policy == "Orphan":
        assert names(widgets.list()) == ["child", "other"]
        assert not any(item["metadata"].get("ownerReferences") for item in widgets.list()["items"])
    else:
        widgets.wait_gone("child")
        widgets.wait_gone("other")


def test_typed_objects(widgets):
    core = kubernetes.client.CoreV1Api(widgets.client)
    body = kubernetes.client.V1ConfigMap(metadata=kubernetes.client.V1ObjectMeta(generate_name="c-"), data={"a": "b"})
    made = core.create_namespaced_config_map(widgets.space, body)
    assert made.metadata.name.startswith("c-")
    found = core.list_namespaced_config_map(widgets.space, field_selector=f"metadata.name={made.metadata.name}")
    assert [item.data for item in found.items] == [{"a": "b"}]
    assert widgets.space in [item.metadata.name for item in core.list_namespace().items]
