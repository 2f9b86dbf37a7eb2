# SPDX-License-Identifier: Apache-2.0
"""@kubernetes/client-node of JavaScript: objects, patches, apply, watches, and an informer over crashes."""

import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "clients"), str(HERE.parent / "client")]
pytest.register_assert_rewrite("kube_tools", "kube_program")
from kube_program import Informer, has_everything, lines_of  # noqa: E402

SOURCE = HERE / "clients/kube-js"


@pytest.fixture(scope="module")
def program():
    if shutil.which("node") is None or not (SOURCE / "node_modules/@kubernetes/client-node").exists():
        pytest.skip("the Kubernetes client of JavaScript is not there: script/setup --full")
    return ["node", SOURCE / "main.js"]


def test_objects_patches_apply_and_watches(program, kube):
    kube.define_widgets()
    names = [line["ok"] for line in lines_of([*program, "self", kube.kubeconfig, kube.new_space()])]
    assert names == ["crud", "patches", "apply", "anyObject", "custom", "watches"]


def test_informers_hold_what_is_there_over_crashes(program, start_kube):
    kube = start_kube()
    kube.define_widgets()
    space = kube.new_space()
    informer = Informer([*program, "informer", kube.kubeconfig, space])
    try:
        has_everything(informer, kube, space)
    finally:
        informer.kill()
