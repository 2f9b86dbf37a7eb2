# SPDX-License-Identifier: Apache-2.0
"""`eddy apply`: alone, and on the same objects as `kubectl apply`."""

import json
import subprocess

import pytest
from kube_tools import DEFINITION, widget

ONE = "widget.shop.example.org/one"
LAST = "kubectl.kubernetes.io/last-applied-configuration"


def spec(both, name="one"):
    return both.kubectl.tree("widget", name)["spec"]


def write(both, name, text):
    path = both.eddy.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_created_configured_unchanged(both):
    assert both.eddy.apply(widget(replicas=2)) == f"{ONE} created\n"
    version = both.kubectl.tree("widget", "one")["metadata"]["resourceVersion"]
    assert both.eddy.apply(widget(replicas=2)) == f"{ONE} unchanged\n"
    assert both.kubectl.tree("widget", "one")["metadata"]["resourceVersion"] == version
    assert both.eddy.apply(widget(replicas=3)) == f"{ONE} configured\n"
    assert spec(both) == {"size": "small", "replicas": 3, "colour": "grey"}


def test_what_the_manifest_does_not_say_any_more_goes_and_what_others_wrote_stays(both):
    both.eddy.apply(widget(replicas=2, colour="red"))
    both.kubectl.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"tags":["mine"]}}')
    both.eddy.apply(widget(colour="red"))
    assert spec(both) == {"size": "small", "colour": "red", "tags": ["mine"]}


def test_both_tools_apply_the_same_object_in_turn(both):
    first, second = widget(labels={"a": "b"}, replicas=2, colour="<red> & blue"), widget(size="large")
    assert both.kubectl.apply(first) == f"{ONE} created\n"
    assert both.eddy.apply(first) == f"{ONE} unchanged\n"
    mine = both.eddy.apply(second)
    assert mine == f"{ONE} configured\n"
    assert spec(both) == {"size": "large", "colour": "grey"}
    metadata = both.kubectl.tree("widget", "one", "--show-managed-fields")["metadata"]
    written = metadata["annotations"][LAST]
    assert [entry["manager"] for entry in metadata["managedFields"]] == ["kubectl-client-side-apply"]
    assert both.kubectl.apply(second) == f"{ONE} unchanged\n"
    assert both.kubectl.apply(first) == f"{ONE} configured\n"
    assert both.kubectl.apply(second) == f"{ONE} configured\n"
    assert both.kubectl.tree("widget", "one")["metadata"]["annotations"][LAST] == written


def test_built_in_kinds_with_defaults_are_unchanged_the_second_time(both):
    job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: j}
        spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}
        """
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    assert both.eddy.apply(job) == "job.batch/j created\n"
    assert both.eddy.apply(job) == "job.batch/j unchanged\n"
    assert both.kubectl.apply(job) == "job.batch/j unchanged\n"
    assert both.eddy.apply(secret) == "secret/s created\n"
    assert both.eddy.apply(secret) == "secret/s unchanged\n"


# --- on the server


def test_on_the_server_and_with_kubectl_in_turn(both):
    side = ["--server-side"]
    assert both.eddy.apply(widget(replicas=2), arguments=side) == f"{ONE} serverside-applied\n"
    assert both.kubectl.apply(widget(replicas=3), arguments=side) == f"{ONE} serverside-applied\n"
    assert both.eddy.apply(widget(size="large"), arguments=side) == f"{ONE} serverside-applied\n"
    assert spec(both) == {"size": "large", "colour": "grey"}


def test_a_conflict_names_the_owner_and_the_line(both):
    both.kubectl.apply(widget(replicas=2), arguments=["--server-side", "--field-manager=other"])
    text = "apiVersion: shop.example.org/v1\nkind: Widget\nmetadata:\n  name: one\nspec:\n  replicas: 2\n  size: large\n"
    path = write(both, "w.yaml", text)
    words = both.eddy.run("apply", "--server-side", "-f", path, code=1)
    assert f'eddy apply: {path}:7: {ONE}: spec.size: conflict with "other"' in words
    assert "--force-conflicts" in words
    assert spec(both)["size"] == "small"
    assert both.eddy.run("apply", "--server-side", "--force-conflicts", "-f", path) == f"{ONE} serverside-applied\n"
    assert spec(both)["size"] == "large"


# --- dry runs


def test_a_dry_run_changes_nothing(both):
    for way, note in (("client", "dry run"), ("server", "server dry run")):
        assert both.eddy.apply(widget(), arguments=[f"--dry-run={way}"]) == f"{ONE} created ({note})\n"
    assert both.kubectl.run("get", "widgets") == ""
    both.eddy.apply(widget())
    for way, note in (("client", "dry run"), ("server", "server dry run")):
        assert both.eddy.apply(widget(replicas=3), arguments=[f"--dry-run={way}"]) == f"{ONE} configured ({note})\n"
        assert both.eddy.apply(widget(), arguments=[f"--dry-run={way}"]) == f"{ONE} unchanged ({note})\n"
    side = both.eddy.apply(widget(replicas=3), arguments=["--server-side", "--dry-run=server"])
    assert side == f"{ONE} serverside-applied (server dry run)\n"
    assert "replicas" not in spec(both)


# --- manifests


def test_documents_lists_folders_and_standard_input(both):
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
    folder = write(both, "d/b.yaml", config % "b1" + "---\n" + config % "b2").parent
    write(both, "d/a.json", json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}))
    write(both, "d/c.yml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n")
    write(both, "d/notes.txt", "no manifest")
    write(both, "d/inside/d.yaml", config % "d")
    assert both.eddy.run("apply", "-f", folder) == "configmap/a created\nconfigmap/b1 created\nconfigmap/b2 created\nconfigmap/c created\n"
    assert both.eddy.run("apply", "-R", "-f", folder).splitlines()[-1] == "configmap/d created"
    both.kubectl.run("delete", "cm", "--all")
    assert both.eddy.run("apply", "-f", "-", text=config % "e" + "---\n---\n" + config % "f") == "configmap/e created\nconfigmap/f created\n"
    assert both.eddy.run("apply", "-f", "/dev/stdin", text=config % "e") == "configmap/e unchanged\n"  # a pipe is a file, too
    files = f"{folder}/a.json,{folder}/c.yml"
    assert both.eddy.run("apply", "-f", files, "-f", folder / "inside") == "configmap/a created\nconfigmap/c created\nconfigmap/d created\n"


def test_a_kind_and_its_objects_in_one_manifest(both):
    fresh = DEFINITION.replace("shop.example.org", "fresh.example.org").replace("widgets.fresh", "gizmos.fresh")
    fresh = fresh.replace("plural: widgets, singular: widget, kind: Widget, listKind: WidgetList, shortNames: [wd], categories: [all, shop]", "plural: gizmos, kind: Gizmo")
    gizmo = "apiVersion: fresh.example.org/v1\nkind: Gizmo\nmetadata: {name: one}\nspec: {size: small}\n"
    words = both.eddy.run("apply", "-f", "-", text=f"{fresh}\n---\n{gizmo}")
    assert words == "customresourcedefinition.apiextensions.k8s.io/gizmos.fresh.example.org created\ngizmo.fresh.example.org/one created\n"
    both.kubectl.run("delete", "crd", "gizmos.fresh.example.org")


def test_the_namespace_of_the_manifest_and_of_the_command_line(both):
    other = both.kube.new_space()
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": other}}
    assert f"the manifest is for the namespace {other}, --namespace says {both.space}" in both.eddy.apply(config, code=1)
    command = [both.eddy.program, "apply", "-f", both.eddy.file(config)]
    done = subprocess.run(command, env=both.eddy.environment(), capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "configmap/c created\n"
    assert both.kube.ask("GET", f"/api/v1/namespaces/{other}/configmaps/c").status == 200


# --- failures name file and line

MANIFEST = """# one good object, and others
apiVersion: v1
kind: ConfigMap
metadata:
  name: good
---
apiVersion: shop.example.org/v1
kind: Widget
metadata:
  name: one
spec:
  size: huge
  parts:
  - name: a
    weight: 1
  - name: b
    weight: heavy
  replicas: 50
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: last
"""


def test_others_are_applied_when_one_fails_and_each_fault_has_its_line(both):
    path = write(both, "shop.yaml", MANIFEST)
    done = subprocess.run(
        both.eddy.command("apply", "-f", path), capture_output=True, text=True, timeout=60, check=False, env=both.eddy.environment()
    )
    assert done.returncode == 1
    assert done.stdout == "configmap/good created\nconfigmap/last created\n"
    for line, words in (
        (12, 'spec.size: Unsupported value: "huge"'),
        (17, "spec.parts[1].weight: Invalid value"),
        (18, "spec.replicas: Invalid value: 50"),
    ):
        assert f"eddy apply: {path}:{line}: {ONE}: {words}" in done.stderr


def test_unknown_fields_have_their_lines(both):
    text = MANIFEST.replace("size: huge", "size: small\n  weight: 1").replace("heavy", "1").replace("replicas: 50", "replica: 5")
    path = write(both, "shop.yaml", text)
    words = both.eddy.run("apply", "-f", path, code=1)
    assert f'eddy apply: {path}:13: {ONE}: unknown field "spec.weight"\n' in words
    assert f'eddy apply: {path}:19: {ONE}: unknown field "spec.replica"' in words
    assert f"{ONE} created" in both.eddy.run("apply", "--validate=ignore", "-f", path)
    words = both.eddy.run("apply", "--server-side", "-f", path, code=1)
    assert f"eddy apply: {path}:13: {ONE}: " in words


def test_items_of_a_list_have_their_lines(both):
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: shop.example.org/v1\n  kind: Widget\n  metadata: {name: one}\n  spec:\n    size: huge\n- 1\n"
    path = write(both, "list.yaml", text)
    words = both.eddy.run("apply", "-f", path, code=1)
    assert f"{path}:8: {ONE}: spec.size: Unsupported value" in words
    assert f"{path}:9: is no object" in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1\nb: 2\n", ":2: this is not YAML"),
        ("# nothing\n", ": there are no objects in it"),
        ("kind: ConfigMap\nmetadata: {name: a}\n", ":1: apiVersion is missing"),
        ("apiVersion: v1\nmetadata: {name: a}\n", ":1: kind is missing"),
        ("apiVersion: v1\nkind: ConfigMap\n", ":1: metadata is missing"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", ":3: metadata.name is missing"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n", ":3: the object needs a name"),
        ("apiVersion: v1\nkind: ConfigMpa\nmetadata: {name: a}\n", ":2: the server has no kind ConfigMpa; did you mean ConfigMap?"),
        ("apiVersion: v2\nkind: ConfigMap\nmetadata: {name: a}\n", ":1: the server has no ConfigMap in v2, but in v1"),
        ("apiVersion: a.b/v1\nkind: Thingamajig\nmetadata: {name: a}\n", ":2: the server has no kind Thingamajig in a.b/v1; is its"),
    ],
)
def test_what_is_no_object_is_explained(both, text, words):
    path = write(both, "bad.yaml", text)
    assert f"eddy apply: {path}{words}" in both.eddy.run("apply", "-f", path, code=1)


def test_a_file_that_is_not_there_and_a_wrong_command_line(both):
    good = both.eddy.file(widget())
    words = both.eddy.run("apply", "-f", "missing.yaml", "-f", good, code=1)
    assert f"{ONE} created" in words
    assert "eddy apply: missing.yaml: no such thing" in words
    assert "-f FILE says what to apply" in both.eddy.run("apply", code=2)
    assert "only with --server-side" in both.eddy.run("apply", "-f", good, "--force-conflicts", code=2)
    assert "=server" in both.eddy.run("apply", "-f", good, "--server-side", "--dry-run=client", code=2)


def test_who_may_only_read_is_refused(both):
    words = both.eddy.run("apply", "-f", both.eddy.file(widget()), "--token", both.kube.viewer_token, code=1)
    assert f"{ONE}: " in words
    assert "(Forbidden)" in words
