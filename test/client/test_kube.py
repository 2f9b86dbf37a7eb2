# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API as a whole: who comes in, the words of answers, what outlives a crash, a door that is taken."""

import json

import pytest
import servers

MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name, **data):
    return {"metadata": {"name": name}, "data": data}


def said(answer):
    return answer.status, answer.tree["reason"], answer.tree["message"]


def test_answers_are_those_of_kube_apiserver(kube):
    maps = f"/api/v1/namespaces/{kube.new_space()}/configmaps"
    assert said(kube.ask("GET", f"{maps}/nope")) == (404, "NotFound", 'configmaps "nope" not found')
    assert kube.ask("POST", maps, config_map("a", x="1")).status == 201
    assert said(kube.ask("POST", maps, config_map("a", x="1"))) == (409, "AlreadyExists", 'configmaps "a" already exists')
    answer = kube.ask("POST", maps, config_map("A b"))
    assert (answer.status, answer.tree["details"]["causes"][0]["field"]) == (422, "metadata.name")
    old = kube.ask("GET", f"{maps}/a").tree
    assert kube.ask("PUT", f"{maps}/a", {**old, "data": {"x": "2"}}).status == 200
    why = "the object has been modified; please apply your changes to the latest version and try again"
    wanted = (409, "Conflict", f'Operation cannot be fulfilled on configmaps "a": {why}')
    assert said(kube.ask("PUT", f"{maps}/a", {**old, "data": {"x": "3"}})) == wanted
    assert kube.ask("PATCH", f"{maps}/a", {}, content_type="application/unknown").status == 415
    nowhere = kube.ask("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a"))
    assert said(nowhere) == (404, "NotFound", 'namespaces "nowhere" not found')


def test_an_unknown_field_is_refused_by_name_with_the_nearest_known_one(kube):
    wrong = {"metadata": {"name": "a", "lables": {}}, "dat": {}}
    words = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat", did you mean "data", '
    words += 'unknown field "metadata.lables", did you mean "metadata.labels"'
    assert said(kube.ask("POST", f"{MAPS}?fieldValidation=Strict", wrong)) == (400, "BadRequest", words)


def test_nobody_comes_in_without_a_token_and_a_viewer_changes_nothing(kube):
    assert said(kube.ask("GET", MAPS, token="wrong")) == (401, "Unauthorized", "Unauthorized")
    assert kube.ask("GET", MAPS, token=kube.viewer_token).status == 200
    assert kube.ask("POST", MAPS, config_map("a"), token=kube.viewer_token).status == 403
    assert kube.kubeconfig.stat().st_mode & 0o077 == 0


def test_it_is_alive_and_ready(kube):
    for path in ("/healthz", "/livez", "/readyz"):
        answer = kube.ask("GET", path, token="")
        assert (answer.status, answer.body) == (200, b"ok")


@pytest.mark.parametrize("age", ["new"], indirect=True)
def test_a_service_account_may_read_with_its_token(kubectl, kube):
    kubectl.run("create", "serviceaccount", "robot")
    token = kubectl.run("create", "token", "robot").strip()
    assert kube.ask("GET", MAPS, token=token).status == 200
    assert kube.ask("POST", MAPS, config_map("a"), token=token).status == 403
    assert kube.ask("GET", MAPS, token=token[:-4] + "AAAA").status == 401
    kubectl.run("delete", "serviceaccount", "robot")
    assert kube.ask("GET", MAPS, token=token).status == 401


def test_a_watch_has_every_change_behind_its_version(kube):
    maps = f"/api/v1/namespaces/{kube.new_space()}/configmaps"
    begin = kube.ask("GET", maps).tree["metadata"]["resourceVersion"]
    kube.ask("POST", maps, config_map("a", x="1"))
    kube.ask("PATCH", f"{maps}/a", {"data": {"x": "2"}}, content_type="application/merge-patch+json")
    kube.ask("DELETE", f"{maps}/a")
    lines = kube.ask("GET", f"{maps}?watch=true&timeoutSeconds=1&resourceVersion={begin}").body.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(versions) and versions[0] > int(begin)


def test_a_busy_port_fails_the_start_in_order(kube, start_eddy, tmp_path):
    port = kube.address[1]
    with pytest.raises(servers.ServerFailed, match=f"--kube.*{port}|{port}.*--kube"):
        start_eddy("--kube", f"127.0.0.1:{port}", folder=tmp_path / "second")


def test_objects_outlive_a_crash(start_kube):
    kube = start_kube()
    made = kube.ask("POST", MAPS, config_map("kept", x="1")).tree
    kube.server.kill()
    kube.server.restart()
    assert kube.ask("GET", f"{MAPS}/kept").tree == made
