# SPDX-License-Identifier: Apache-2.0
"""`eddy delete` beside `kubectl delete`: the same lines, and the objects are gone."""

import subprocess
import time

import pytest
from kube_tools import widget

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


def fill(both):
    both.kubectl.apply(widget(labels={"a": "b"}), widget("two", {"a": "c"}), widget("three"), CONFIG)


def names(both):
    return both.kubectl.run("get", "widgets,configmaps", "-o", "name").split()


@pytest.mark.parametrize(
    "arguments",
    [
        ["widget", "one"],
        ["widget", "one", "two"],
        ["widget/one", "cm/c"],
        ["widgets", "-l", "a in (b,c)"],
        ["widgets", "--field-selector", "metadata.name=three"],
        ["widgets,cm", "--all"],
        ["widgets", "-l", "a=nothing"],
        ["widget", "one", "--dry-run=client"],
        ["widget", "one", "--dry-run=server"],
        ["widget", "missing", "--ignore-not-found"],
        ["widget", "one", "--cascade=foreground"],
        ["widget", "one", "--cascade=orphan", "--wait=false"],
    ],
    ids=" ".join,
)
def test_the_lines_and_what_is_left_are_those_of_kubectl(both, arguments):
    fill(both)
    mine, left = both.eddy.run("delete", *arguments), names(both)
    fill(both)
    assert both.kubectl.run("delete", *arguments) == mine
    assert names(both) == left


def test_a_kind_without_namespace_says_none(both):
    space = both.kube.new_space()
    assert both.eddy.run("delete", "ns", space) == f'namespace "{space}" deleted\n'
    assert both.kube.ask("GET", f"/api/v1/namespaces/{space}").status == 404  # it was waited for


def test_the_objects_of_manifests(both):
    fill(both)
    path = both.eddy.file(widget(), widget("missing"), CONFIG)
    done = subprocess.run(
        both.eddy.command("delete", "-f", path), capture_output=True, text=True, timeout=60, check=False, env=both.eddy.environment()
    )
    assert done.returncode == 1
    assert done.stdout == (
        f'widget.shop.example.org "one" deleted from {both.space} namespace\nconfigmap "c" deleted from {both.space} namespace\n'
    )
    assert done.stderr == (
        f'eddy delete: {path}:2: widget.shop.example.org/missing: widgets.shop.example.org "missing" not found (NotFound)\n'
    )
    assert both.eddy.run("delete", "-f", path, "--ignore-not-found") == ""


def test_others_are_deleted_when_one_is_missing(both):
    fill(both)
    words = both.eddy.run("delete", "widget", "x", "one", code=1)
    assert 'eddy delete: widgets.shop.example.org "x" not found (NotFound)\n' in words
    assert "widget.shop.example.org/one" not in names(both)


def test_it_waits_for_finalizers_or_not(both):
    both.kubectl.apply(CONFIG)
    both.kubectl.run("patch", "cm", "c", "-p", '{"metadata":{"finalizers":["example.org/wait"]}}')
    words = both.eddy.run("delete", "cm", "c", "--timeout=300ms", code=1)
    assert f'configmap "c" deleted from {both.space} namespace\n' in words
    assert "eddy delete: c: it is still there, perhaps for its finalizers" in words
    both.eddy.run("delete", "cm", "c", "--no-wait")
    with subprocess.Popen(both.eddy.command("delete", "cm", "c"), stdout=subprocess.PIPE, env=both.eddy.environment()) as delete:
        time.sleep(0.3)
        assert delete.poll() is None
        both.kubectl.run("patch", "cm", "c", "--type=json", "-p", '[{"op":"remove","path":"/metadata/finalizers"}]')
        assert delete.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "KIND NAME or -f FILE says what to delete"),
        (["widget"], "which of them?"),
        (["widget", "one", "--all"], "a name and a selector"),
        (["widget", "one", "-l", "a=b"], "a name and a selector"),
        (["widget", "one", "-f", "x.yaml"], "the manifests say what to delete"),
        (["widget", "one", "-A"], "a name is one of a single namespace"),
        (["widget", "one", "--cascade=no"], "expected one of background, foreground, orphan"),
    ],
)
def test_a_wrong_command_line_deletes_nothing(both, arguments, words):
    fill(both)
    assert words in both.eddy.run("delete", *arguments, code=2)
    assert len(names(both)) == 4
