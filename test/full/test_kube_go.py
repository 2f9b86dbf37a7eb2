# SPDX-License-Identifier: Apache-2.0
"""client-go, newest: typed and dynamic clients, informers over crashes, leader election, a controller with a work queue."""

import base64
import json
import os
import pathlib
import subprocess
import sys

import pytest
import servers

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "clients"), str(HERE.parent / "client")]
pytest.register_assert_rewrite("kube_tools", "kube_program")
import kube_tools  # noqa: E402
from kube_program import Informer, Running, has_everything, lines_of, maps_path, secrets_path, wait_until  # noqa: E402
from test_go import find_go  # noqa: E402

SOURCE = HERE / "clients/kube-go"
PROGRAM = servers.ROOT / "build/clients-kube-go"


@pytest.fixture(scope="module")
def program():
    go = find_go()
    if go is None:
        pytest.skip("there is no Go: script/setup --full")
    offline = {**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    have = subprocess.run([go, "mod", "download"], cwd=SOURCE, env=offline, capture_output=True, text=True, check=False)
    if have.returncode:
        pytest.skip("the Go modules are not there: script/setup --full")
    done = subprocess.run([go, "build", "-o", PROGRAM, "."], cwd=SOURCE, env=offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [PROGRAM]


@pytest.fixture
def start(program):
    """start(mode, kube, space, *words): the program in the background."""
    started = []

    def begin(mode, kube, space, *words, kind=Running):
        started.append(kind([*program, mode, kube.kubeconfig, space, *words]))
        return started[-1]

    yield begin
    for one in started:
        one.kill()


@pytest.mark.parametrize("form", [(), ("protobuf",)], ids=["json", "protobuf"])
def test_objects_patches_apply_and_pages(program, kube, form):
    kube.define_widgets()
    names = [line["ok"] for line in lines_of([*program, "self", kube.kubeconfig, kube.new_space(), *form])]
    assert names == ["crud", "errors", "conflict", "patches", "apply", "pages", "collection", "dynamic"]


@pytest.mark.parametrize("form", [(), ("protobuf",)], ids=["json", "protobuf"])
def test_informers_hold_what_is_there_over_crashes(start, start_kube, form):
    kube = start_kube()
    kube.define_widgets()
    space = kube.new_space()
    informer = start("informer", kube, space, *form, kind=Informer)
    has_everything(informer, kube, space)


def test_an_informer_that_is_too_late_lists_again(start, start_kube):
    kube = start_kube()
    kube.server.environment["EDDY_KUBE_HISTORY"] = "10"
    kube.server.stop()
    kube.server.restart()
    kube.define_widgets()
    space = kube.new_space()
    informer = start("informer", kube, space, kind=Informer)
    for name in ("kept", "gone"):
        assert kube.ask("POST", maps_path(space), {"metadata": {"name": name}}).status == 201
    informer.wait_for(kube, space)
    informer.process.send_signal(19)  # SIGSTOP: it sees nothing of what follows
    kube.server.kill()
    kube.server.restart()
    assert kube.ask("DELETE", f"{maps_path(space)}/gone").status == 200
    for i in range(100):
        assert kube.ask("POST", maps_path(space), {"metadata": {"name": f"n{i}"}}).status == 201
    kube.server.kill()
    kube.server.restart()
    informer.process.send_signal(18)
    state = informer.wait_for(kube, space)
    assert (state["configmaps"]["added"], state["configmaps"]["ended"]) == (102, 1)


def test_one_leads_and_another_takes_over(start, start_kube):
    kube = start_kube()
    space = kube.new_space()
    first = start("leader", kube, space, "first")
    first.wait_for({"leads": "first"})
    second = start("leader", kube, space, "second")
    second.wait_for({"sees": "first"})
    kube.server.kill()
    kube.server.restart()  # quickly enough: the first one goes on
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{space}/leases/election"
    before = kube.ask("GET", lease).tree["spec"]
    wait_until(lambda: kube.ask("GET", lease).tree["spec"]["renewTime"] > before["renewTime"], "the lease is not renewed")
    assert kube.ask("GET", lease).tree["spec"]["holderIdentity"] == "first"
    assert {"leads": "second"} not in second.lines
    first.end()  # lets go
    second.wait_for({"leads": "second"})
    assert kube.ask("GET", lease).tree["spec"]["leaseTransitions"] > before["leaseTransitions"]
    third = start("leader", kube, space, "third")
    second.kill()  # does not let go: its lease runs out
    third.wait_for({"leads": "third"})


def test_a_controller_gets_its_work_done_over_a_crash(start, start_kube):
    kube = start_kube()
    space = kube.new_space()
    working = start("controller", kube, space)
    working.wait_for({"ready": True})
    for i in range(60):
        body = {"metadata": {"name": f"m{i}", "labels": {"mirror": "yes"}}, "data": {"i": str(i)}}
        assert kube.ask("POST", maps_path(space), body).status == 201
        if i == 30:
            kube.server.kill()
            kube.server.restart()
    assert kube.ask("PATCH", f"{maps_path(space)}/m7", {"data": {"i": "seven"}}, "application/merge-patch+json").status == 200
    wanted = {f"m{i}": "seven" if i == 7 else str(i) for i in range(60)}

    def mirrored():
        secrets = kube.ask("GET", secrets_path(space)).tree["items"]
        return {one["metadata"]["name"]: base64.b64decode(one.get("data", {}).get("i", "")).decode() for one in secrets}

    wait_until(lambda: mirrored() == wanted, lambda: f"{mirrored()} {working}")
    # What the controller made belongs to what it was made for.
    assert kube.ask("DELETE", maps_path(space) + "?labelSelector=mirror%3Dyes").status == 200
    wait_until(lambda: mirrored() == {}, lambda: json.dumps(mirrored()))


def test_the_kind_of_an_informer_comes_and_goes(start, start_kube):
    kube = start_kube()
    kube.define_widgets()
    space = kube.new_space()
    informer = start("informer", kube, space, kind=Informer)
    path = kube_tools.widgets_path(space)
    assert kube.ask("POST", path, kube_tools.widget("one")).status == 201
    informer.wait_for(kube, space)
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert kube.ask("DELETE", f"{definitions}/widgets.shop.example.org").status == 200
    wait_until(lambda: kube.ask("GET", path).status == 404, "the kind is still served")
    kube.define_widgets()
    assert kube.ask("POST", path, kube_tools.widget("two")).status == 201
    assert list(informer.wait_for(kube, space)["widgets"]["holds"]) == ["two"]
