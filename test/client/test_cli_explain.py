# SPDX-License-Identifier: Apache-2.0
"""`eddy explain` prints what `kubectl explain` prints, to the byte."""

import pytest

KINDS = [
    "widget",
    "widgets.spec",
    "wd.spec.parts",
    "widget.spec.parts.name",
    "widget.spec.size",
    "widget.spec.tags",
    "widget.status.conditions.type",
    "widget.metadata",
    "widget.metadata.labels",
    "widget.metadata.ownerReferences",
    "configmap",
    "cm.data",
    "pod.spec",
    "pod.spec.containers",
    "pod.spec.containers.env.valueFrom",
    "pod.spec.containers.resources.limits",
    "deployment.spec.template.spec.containers.image",
    "service.spec.ports",
    "secret.type",
    "crd.spec.versions.schema.openAPIV3Schema",
    "namespace.status",
    "lease.spec",
    "event",
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_is_that_of_kubectl(both, kind):
    both.same("explain", kind)


@pytest.mark.parametrize("kind", ["widget", "widget.spec.parts", "pod", "cm", "crd", "job.spec", "deployment"])
def test_the_tree_of_fields_is_that_of_kubectl(both, kind):
    both.same("explain", kind, "--recursive")


def test_another_version_is_explained(both):
    both.same("explain", "widget", "--api-version=shop.example.org/v1")
    words = both.eddy.run("explain", "widget", "--api-version=shop.example.org/v2", code=1)
    assert words == "eddy explain: shop.example.org/v2: the server has no Widget in this version\n"


def test_what_is_not_there_is_told_with_the_nearest(both):
    assert both.eddy.run("explain", "widget.spec.part", code=1) == 'eddy explain: part: there is no such field; did you mean "parts"?\n'
    assert both.eddy.run("explain", "widget.spec.size.x", code=1) == "eddy explain: x: there is no such field\n"
    assert both.eddy.run("explain", "widgt", code=1) == 'eddy explain: widgt: the server has no such kind; did you mean "widget"?\n'
    assert "is missing" in both.eddy.run("explain", code=2)
