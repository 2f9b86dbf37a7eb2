# SPDX-License-Identifier: Apache-2.0
"""kubectl, the oldest and the newest that Debian has, command by command. What is expected are the words that kubectl
prints against a kube-apiserver."""

import json
import re
import subprocess
import time

import kube_tools
import pytest
from kube_tools import widget

ONE = "widget.shop.example.org/one"


@pytest.fixture
def one(kubectl):
    """The widget `one` of size small with 2 replicas is there."""
    kubectl.apply(widget(replicas=2))
    return kubectl


def spec(kubectl, name="one"):
    return kubectl.tree("widget", name)["spec"]


def table(text):
    """The rows of a table, each a list of its words."""
    return [line.split() for line in text.splitlines()]


# --- apply


def test_apply_creates_configures_and_leaves_unchanged(kubectl):
    assert kubectl.apply(widget(replicas=2)) == f"{ONE} created\n"
    version = kubectl.tree("widget", "one")["metadata"]["resourceVersion"]
    assert kubectl.apply(widget(replicas=2)) == f"{ONE} unchanged\n"
    assert kubectl.tree("widget", "one")["metadata"]["resourceVersion"] == version
    assert kubectl.apply(widget(replicas=3)) == f"{ONE} configured\n"
    assert spec(kubectl) == {"size": "small", "replicas": 3, "colour": "grey"}


def test_apply_removes_what_the_manifest_does_not_say_any_more(one):
    one.apply(widget(colour="red"))
    assert spec(one) == {"size": "small", "colour": "red"}


def test_apply_keeps_what_others_wrote(one):
    one.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"tags":["mine"]}}')
    one.apply(widget(replicas=3))
    assert spec(one)["tags"] == ["mine"]


def test_apply_of_several_objects(kubectl):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
    assert kubectl.apply(widget(), config) == f"{ONE} created\nconfigmap/c created\n"


def test_apply_of_what_the_schema_refuses(kubectl):
    words = kubectl.apply(widget(replicas=50), arguments=["--validate=false"], code=1)
    assert 'The Widget "one" is invalid: spec.replicas: Invalid value: 50: spec.replicas in body should be less than or equal to 9' in words
    words = kubectl.apply(widget(size="huge"), arguments=["--validate=false"], code=1)
    assert 'spec.size: Unsupported value: "huge": supported values: "small", "large"' in words
    words = kubectl.apply(widget(weight=1), code=1)
    assert ('unknown field "spec.weight"' if kubectl.is_new else 'unknown field "weight"') in words


def test_apply_on_the_server_meets_a_conflict_and_forces_it(kubectl):
    kubectl.apply(widget(replicas=2), arguments=["--server-side", "--field-manager=first"])
    other = ["--server-side", "--field-manager=other"]
    words = kubectl.apply(widget(size="large"), arguments=other, code=1)
    assert 'conflict with "first"' in words
    assert ".spec.size" in words
    assert spec(kubectl)["size"] == "small"
    assert kubectl.apply(widget(size="large"), arguments=[*other, "--force-conflicts"]) == f"{ONE} serverside-applied\n"
    assert spec(kubectl) == {"size": "large", "replicas": 2, "colour": "grey"}


def test_apply_on_the_server_merges_a_list_by_its_keys(kubectl):
    kubectl.apply(widget(parts=[{"name": "wheel", "weight": 1}]), arguments=["--server-side"])
    kubectl.apply(widget(parts=[{"name": "door", "weight": 2}]), arguments=["--server-side", "--field-manager=other"])
    assert sorted(part["name"] for part in spec(kubectl)["parts"]) == ["door", "wheel"]
    kubectl.apply(widget(), arguments=["--server-side"])
    assert spec(kubectl)["parts"] == [{"name": "door", "weight": 2}]


def test_apply_prune_deletes_what_is_not_in_the_manifest_any_more(kubectl):
    flag = "--prune-allowlist" if kubectl.is_new else "--prune-whitelist"
    prune = ["--prune", "-l", "app=x", f"{flag}=shop.example.org/v1/Widget"]
    kubectl.apply(widget(labels={"app": "x"}), widget("two", {"app": "x"}), arguments=prune)
    words = kubectl.apply(widget("two", {"app": "x"}), arguments=prune)
    assert f"{ONE} pruned" in words
    assert kubectl.run("get", "widgets", "-o", "name") == "widget.shop.example.org/two\n"


def test_a_dry_run_on_the_server_changes_nothing(one):
    assert one.apply(widget(replicas=3), arguments=["--dry-run=server"]) == f"{ONE} configured (server dry run)\n"
    assert spec(one)["replicas"] == 2
    words = one.apply(widget("two"), arguments=["--dry-run=server"])
    assert words == "widget.shop.example.org/two created (server dry run)\n"
    assert one.run("get", "widgets", "-o", "name") == f"{ONE}\n"


def test_diff_shows_the_change_and_makes_none(one):
    words = one.run("diff", "-f", one.file(widget(replicas=3)), code=1)
    assert "\n-  replicas: 2\n+  replicas: 3\n" in words
    assert "\n-  generation: 1\n+  generation: 2\n" in words
    assert spec(one)["replicas"] == 2
    assert one.run("diff", "-f", one.file(widget(replicas=2))) == ""


# --- get


def test_get_prints_the_columns_of_the_kind(one):
    rows = table(one.run("get", "wd"))
    assert rows[0] == ["NAME", "SIZE", "REPLICAS", "READY", "AGE"]
    assert rows[1][:3] == ["one", "small", "2"]
    assert re.fullmatch(r"\d+s", rows[1][3])
    assert table(one.run("get", "widget", "one", "-o", "wide"))[0] == ["NAME", "SIZE", "REPLICAS", "READY", "COLOUR", "AGE"]
    assert table(one.run("get", "widget", "one", "--no-headers", "--show-labels"))[0][-1] == "<none>"


def test_get_in_every_form(one):
    forms = {
        "name": f"{ONE}\n",
        "jsonpath={.spec.size}": "small",
        'go-template={{.spec.size}}{{"\\n"}}': "small\n",
        "custom-columns=N:.metadata.name,S:.spec.size": "N     S\none   small\n",
    }
    for form, text in forms.items():
        assert one.run("get", "widget", "one", "-o", form) == text, form
    assert one.tree("widget", "one")["kind"] == "Widget"
    assert "\n  size: small\n" in one.run("get", "widget", "one", "-o", "yaml")
    listed = one.tree("widgets")
    assert listed["kind"] == "List"
    assert [item["metadata"]["name"] for item in listed["items"]] == ["one"]


def test_get_of_nothing_and_of_what_is_not_there(kubectl):
    assert kubectl.run("get", "widgets") == ""
    assert kubectl.run("get", "widget", "x", code=1) == 'Error from server (NotFound): widgets.shop.example.org "x" not found\n'
    assert kubectl.run("get", "nonsense", code=1) == 'error: the server doesn\'t have a resource type "nonsense"\n'


def test_get_of_all_namespaces_and_of_categories(one):
    rows = table(one.run("get", "widgets", "-A"))
    assert rows[0][:2] == ["NAMESPACE", "NAME"]
    assert [one.space, "one"] in [row[:2] for row in rows]
    for category in ("all", "shop"):
        assert "one" in one.run("get", category)


def test_get_selects_by_labels_and_fields(kubectl):
    kubectl.apply(widget(labels={"a": "b", "n": "1"}), widget("two", {"a": "c"}), widget("three"))

    def names(*arguments):
        return sorted(kubectl.run("get", "widgets", "-o", "jsonpath={.items[*].metadata.name}", *arguments).split())

    assert names("-l", "a=b") == ["one"]
    assert names("-l", "a") == ["one", "two"]
    assert names("-l", "!a") == ["three"]
    assert names("-l", "a in (b, c),n!=1") == ["two"]
    assert names("--field-selector", "metadata.name=two") == ["two"]
    assert names("--field-selector", "metadata.name!=two") == ["one", "three"]
    assert "field label not supported: spec.size" in kubectl.run("get", "widgets", "--field-selector", "spec.size=x", code=1)


def test_get_in_chunks(kubectl):
    kubectl.apply(*(widget(f"w{i}") for i in range(5)))
    rows = table(kubectl.run("get", "widgets", "--chunk-size=2"))
    assert [row[0] for row in rows] == ["NAME", "w0", "w1", "w2", "w3", "w4"]


def read_until(stream, words):
    """The first line with WORDS."""
    while line := stream.readline():
        if words in line:
            return line
    raise AssertionError(f"no {words!r}")


def test_get_watches(one):
    command = one.command("get", "widgets", "--watch", "--output-watch-events", "--request-timeout=20s")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=one.environment()) as watch:
        try:
            read_until(watch.stdout, "ADDED")
            one.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"replicas":7}}')
            assert read_until(watch.stdout, "MODIFIED").split()[:4] == ["MODIFIED", "one", "small", "7"]
            one.run("delete", "widget", "one")
            read_until(watch.stdout, "DELETED")
        finally:
            watch.kill()


def test_describe(one):
    words = one.run("describe", "widget", "one")
    for line in (r"Name: +one", r"Labels: +<none>", r"API Version: +shop\.example\.org/v1", r"Kind: +Widget", r"  Size: +small"):
        assert re.search(f"^{line}$", words, flags=re.M), (line, words)


def test_explain(kubectl):
    words = kubectl.run("explain", "widget.spec.parts")
    assert "What it is made of." in words
    assert "The name of the part." in words
    assert re.search(r"parts\s+<\[\]Object>", kubectl.run("explain", "widget.spec", "--recursive"))


# --- change


def test_label_and_annotate(one):
    assert one.run("label", "widget", "one", "x=y") == f"{ONE} labeled\n"
    assert "'x' already has a value (y), and --overwrite is false" in one.run("label", "widget", "one", "x=z", code=1)
    assert one.run("label", "widget", "one", "x=z", "--overwrite") == f"{ONE} labeled\n"
    assert one.run("annotate", "widget", "one", "q=z") == f"{ONE} annotated\n"
    metadata = one.tree("widget", "one")["metadata"]
    assert metadata["labels"] == {"x": "z"}
    assert metadata["annotations"]["q"] == "z"
    assert metadata["generation"] == 1
    one.run("label", "widget", "one", "x-")
    assert not one.tree("widget", "one")["metadata"].get("labels")


def test_patch_of_every_type(one):
    assert one.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"replicas":5}}') == f"{ONE} patched\n"
    change = '[{"op":"test","path":"/spec/replicas","value":5},{"op":"replace","path":"/spec/replicas","value":6}]'
    assert one.run("patch", "widget", "one", "--type=json", "-p", change) == f"{ONE} patched\n"
    assert spec(one)["replicas"] == 6
    words = one.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"replicas":6}}')
    assert words == f"{ONE} patched (no change)\n"
    words = one.run("patch", "widget", "one", "-p", '{"spec":{"replicas":7}}', code=1)
    assert "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml" in words
    one.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}})
    assert one.run("patch", "configmap", "c", "-p", '{"data":{"a":null,"c":"3"}}') == "configmap/c patched\n"
    assert one.tree("configmap", "c")["data"] == {"b": "2", "c": "3"}


def test_edit(one):
    editor = {"EDITOR": "sed -i s/size:.small/size:\\ large/"}
    assert one.run("edit", "widget", "one", environment=editor) == f"{ONE} edited\n"
    assert spec(one)["size"] == "large"
    one.run("edit", "widget", "one", environment={"EDITOR": "true"})
    assert one.tree("widget", "one")["metadata"]["generation"] == 2


def test_replace(one):
    assert one.run("replace", "-f", one.file(widget(size="large"))) == f"{ONE} replaced\n"
    assert spec(one) == {"size": "large", "colour": "grey"}
    stale = one.tree("widget", "one")
    one.run("annotate", "widget", "one", "q=z")
    words = one.run("replace", "-f", one.file(stale), code=1)
    assert "the object has been modified; please apply your changes to the latest version and try again" in words
    assert 'widgets.shop.example.org "two" not found' in one.run("replace", "-f", one.file(widget("two")), code=1)
    one.run("replace", "--force", "-f", one.file(widget()))
    assert one.tree("widget", "one")["metadata"]["uid"] != stale["metadata"]["uid"]


def test_scale(one):
    assert one.run("scale", "widget", "one", "--replicas=7") == f"{ONE} scaled\n"
    assert one.run("scale", "widget", "one", "--replicas=8", "--current-replicas=7") == f"{ONE} scaled\n"
    assert spec(one)["replicas"] == 8
    words = one.run("scale", "widget", "one", "--replicas=9", "--current-replicas=7", code=1)
    assert words == "error: Expected replicas to be 7, was 8\n"


def test_wait_for_conditions_and_values(one, kube):
    words = one.run("wait", "--for=condition=Ready", "widget/one", "--timeout=1s", code=1)
    assert words == "error: timed out waiting for the condition on widgets/one\n"
    command = one.command("wait", "--for=condition=Ready", "widget/one", "--timeout=20s")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=one.environment()) as waiting:
        ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        path = kube_tools.widgets_path(one.space, "one", "status")
        answer = kube.ask("PATCH", path, ready, "application/merge-patch+json")
        assert answer.status == 200, answer.body
        assert waiting.communicate(timeout=kube_tools.SECONDS)[0] == f"{ONE} condition met\n"
    assert table(one.run("get", "widget", "one"))[1][3] == "True"
    if one.is_new:
        assert one.run("wait", "--for=jsonpath={.spec.replicas}=2", "widget/one", "--timeout=5s") == f"{ONE} condition met\n"


# --- delete


def gone(kubectl, name):
    """Waits until nothing has that name any more."""
    deadline = time.monotonic() + kube_tools.SECONDS
    while kubectl.kube.ask("GET", kube_tools.widgets_path(kubectl.space, name)).status != 404:
        assert time.monotonic() < deadline, f"{name} is still there"
        time.sleep(0.05)


def test_delete(one):
    assert one.run("delete", "widget", "one").startswith('widget.shop.example.org "one" deleted')
    words = one.run("delete", "widget", "one", code=1)
    assert words == 'Error from server (NotFound): widgets.shop.example.org "one" not found\n'
    assert one.run("delete", "widget", "one", "--ignore-not-found") == ""


def test_delete_by_file_by_label_and_all(kubectl):
    kubectl.apply(widget("a", {"x": "y"}), widget("b", {"x": "y"}), widget("c"), widget("d"))
    kubectl.run("delete", "-f", kubectl.file(widget("d")))
    kubectl.run("delete", "widgets", "-l", "x=y")
    assert kubectl.run("get", "widgets", "-o", "name") == "widget.shop.example.org/c\n"
    kubectl.run("delete", "widgets", "--all")
    assert kubectl.run("get", "widgets", "-o", "name") == ""


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_delete_cascades_as_it_is_told(one, cascade):
    uid = one.tree("widget", "one")["metadata"]["uid"]
    child = widget("child")
    child["metadata"]["ownerReferences"] = [
        {"apiVersion": "shop.example.org/v1", "kind": "Widget", "name": "one", "uid": uid, "blockOwnerDeletion": True}
    ]
    one.apply(child)
    one.run("delete", "widget", "one", f"--cascade={cascade}")
    if cascade == "orphan":
        assert "ownerReferences" not in one.tree("widget", "child")["metadata"]
    else:
        gone(one, "child")


def test_delete_waits_for_finalizers(one):
    one.run("patch", "widget", "one", "--type=merge", "-p", '{"metadata":{"finalizers":["shop.example.org/wait"]}}')
    command = one.command("delete", "widget", "one")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=one.environment()) as deletion:
        read_until(deletion.stdout, "deleted")
        one.run("wait", "--for=delete", "widget/one", "--timeout=1s", code=1)
        assert "deletionTimestamp" in one.tree("widget", "one")["metadata"]
        assert deletion.poll() is None
        one.run("patch", "widget", "one", "--type=json", "-p", '[{"op":"remove","path":"/metadata/finalizers"}]')
        deletion.communicate(timeout=kube_tools.SECONDS)
        assert deletion.returncode == 0


def test_deletes_a_namespace_with_what_is_in_it(one, kube):
    one.run("delete", "namespace", one.space)
    assert kube.ask("GET", kube_tools.widgets_path(one.space, "one")).status == 404
    assert kube.ask("GET", f"/api/v1/namespaces/{one.space}").status == 404


# --- what is there


def test_creates_what_everybody_has(kubectl):
    assert kubectl.run("create", "configmap", "c", "--from-literal=a=b") == "configmap/c created\n"
    assert kubectl.run("create", "secret", "generic", "s", "--from-literal=a=b") == "secret/s created\n"
    assert kubectl.tree("secret", "s")["data"] == {"a": "Yg=="}
    assert kubectl.run("create", "namespace", f"{kubectl.space}-2") == f"namespace/{kubectl.space}-2 created\n"
    assert kubectl.run("delete", "namespace", f"{kubectl.space}-2").startswith(f'namespace "{kubectl.space}-2" deleted')


def test_who_am_i_and_what_may_i_do(kubectl):
    assert kubectl.run("auth", "can-i", "create", "widgets") == "yes\n"
    if kubectl.is_new:
        assert "eddy-admin" in kubectl.run("auth", "whoami")


def test_api_resources_and_versions(kubectl):
    rows = table(kubectl.run("api-resources", "--api-group=shop.example.org"))
    assert rows == [["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"], ["widgets", "wd", "shop.example.org/v1", "true", "Widget"]]
    names = kubectl.run("api-resources", "-o", "name").split()
    assert {"configmaps", "namespaces", "customresourcedefinitions.apiextensions.k8s.io", "widgets.shop.example.org"} <= set(names)
    assert {"apiextensions.k8s.io/v1", "shop.example.org/v1", "v1"} <= set(kubectl.run("api-versions").split())


def test_version_and_cluster_info(kubectl):
    server = json.loads(kubectl.run("version", "-o", "json"))["serverVersion"]
    assert re.fullmatch(r"v1\.\d+\.\d+\+eddy-.*", server["gitVersion"])
    assert kubectl.run("get", "--raw", "/readyz") == "ok"
    assert "is running at" in kubectl.run("cluster-info")


def test_a_definition_that_is_deleted_takes_its_objects_along(kubectl):
    text = kube_tools.DEFINITION.replace("shop.example.org", "gone.example.org")
    assert kubectl.apply(text) == "customresourcedefinition.apiextensions.k8s.io/widgets.gone.example.org created\n"
    kubectl.run("wait", "--for=condition=Established", "crd/widgets.gone.example.org", "--timeout=10s")
    kubectl.apply({**widget(), "apiVersion": "gone.example.org/v1"})
    kubectl.run("delete", "crd", "widgets.gone.example.org")
    assert "gone.example.org/v1" not in kubectl.run("api-versions")
