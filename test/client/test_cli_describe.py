# SPDX-License-Identifier: Apache-2.0
"""`eddy describe` beside `kubectl describe`, where kubectl has no words of its own for the kind."""

import subprocess

from kube_tools import widget

WIDGET = widget("two", {"x": "y", "b": "c"}, parts=[{"name": "a", "weight": 1}, {"name": "b"}], tags=["t1", "t2"], replicas=2)


def tell(both, name, reason, **more):
    """An Event of the widget NAME."""
    uid = both.kubectl.tree("widget", name)["metadata"]["uid"]
    involved = {"kind": "Widget", "name": name, "namespace": both.space, "uid": uid, "apiVersion": "shop.example.org/v1"}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{name}.{reason.lower()}"}, "involvedObject": involved}
    event |= {"reason": reason, "type": "Normal", "message": f"{reason} it.\n", "source": {"component": "maker"}, **more}
    assert both.kube.ask("POST", f"/api/v1/namespaces/{both.space}/events", event).status == 201


def test_kinds_of_users_are_described_as_by_kubectl(both):
    both.kubectl.apply(WIDGET)
    both.kubectl.run("annotate", "widget", "two", "note=hello", "multi=a\nb", "long=" + "x" * 200)
    both.same("describe", "widget", "two")
    tell(both, "two", "Made", firstTimestamp="2020-01-01T10:00:00Z", lastTimestamp="2020-01-03T10:00:00Z", count=3)
    tell(both, "two", "Seen", firstTimestamp="2020-01-02T10:00:00Z", lastTimestamp="2020-01-02T10:00:00Z", count=1)
    text = both.same("describe", "widget/two")
    assert "Normal  Seen" in text
    assert "Events" not in both.same("describe", "widget/two", "--show-events=false")


def test_several_objects_and_the_beginnings_of_names(both):
    both.kubectl.apply(WIDGET, widget("twins"), widget())
    both.same("describe", "widgets")
    both.same("describe", "widget", "two", "one")
    both.same("describe", "widgets", "-l", "x=y")
    both.same("describe", "widgets", "--show-events")
    assert "Name:         twins" in both.eddy.run("describe", "widget", "tw")
    assert "Name:         one" not in both.eddy.run("describe", "widget", "tw")


def test_the_definition_of_a_kind_is_described(both):
    both.same("describe", "crd", "widgets.shop.example.org")


def test_config_maps_and_secrets(both):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "one", "b": "two\nlines\n"}}
    both.kubectl.apply({**config, "binaryData": {"z": "AAECAw=="}}, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "hush"}})
    both.same("describe", "cm", "c")
    assert "hush" not in both.same("describe", "secret", "s")


def test_what_is_not_there(both):
    assert both.eddy.run("describe", "widget", "x", code=1) == 'eddy describe: widgets.shop.example.org "x" not found (NotFound)\n'
    done = subprocess.run(
        both.eddy.command("describe", "widgets"), capture_output=True, text=True, timeout=60, check=True, env=both.eddy.environment()
    )
    assert (done.stdout, done.stderr) == ("", f"No resources found in {both.space} namespace.\n")
    assert "did you mean" in both.eddy.run("describe", "widgts", code=1)
    assert "a selector chooses among all" in both.eddy.run("describe", "widget", "one", "-l", "a=b", code=2)
