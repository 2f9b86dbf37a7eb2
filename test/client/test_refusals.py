# SPDX-License-Identifier: Apache-2.0
"""What is refused of Knative's kinds, and with which words: the field, what is wrong with it, and what to do."""

import copy

import pytest

SINK = {"uri": "http://127.0.0.1:9/x"}
GROUPS = {
    "Broker": "eventing.knative.dev/v1",
    "Trigger": "eventing.knative.dev/v1",
}
GOOD = {
    "Broker": {},
    "Trigger": {"broker": "default", "subscriber": SINK},
}


def path_of(kind, space, name=""):
    return f"/apis/{GROUPS[kind]}/namespaces/{space}/{kind.lower()}s" + (f"/{name}" if name else "")


def tree_of(kind, annotations=None, **spec):
    tree = {"apiVersion": GROUPS[kind], "kind": kind, "metadata": {"name": "a", "annotations": annotations or {}}}
    tree["spec"] = {**copy.deepcopy(GOOD[kind]), **spec}
    return tree


def refused(kube, kind, annotations=None, **spec):
    """All that is said, without its head."""
    space = kube.new_space()
    answer = kube.ask("POST", path_of(kind, space), tree_of(kind, annotations, **spec))
    assert answer.status == 422, answer.body
    head, _, words = answer.tree["message"].partition(" is invalid: ")
    assert head == f'{kind}.{GROUPS[kind].split("/")[0]} "a"'
    return words


@pytest.mark.parametrize("path, wrap", [("[0]", lambda filter: filter), ("[0].all[1]", lambda filter: {"all": [{}, filter]})])
def test_a_filter_has_one_dialect(kube, path, wrap):
    filters = [wrap({"exact": {"type": "a"}, "prefix": {"type": "b"}})]
    words = refused(kube, "Trigger", filters=filters)
    assert words == f"spec.filters{path}: Invalid value: multiple dialects found, filters can have only one dialect set"
