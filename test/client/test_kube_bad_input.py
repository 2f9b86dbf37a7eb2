# SPDX-License-Identifier: Apache-2.0
"""What no client of the Kubernetes API should send is refused with a clear Status; afterwards the server serves as before."""

import json
import re
import socket

import kube_tools
import pytest
from kube_tools import widget

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def api(kube):
    """Behind the test another request shows that the server still serves."""
    kube.define_widgets()
    yield kube
    assert kube.server.is_running()
    assert not kube.server.complaints()
    assert kube.ask("GET", MAPS).status == 200


def status_of(answer, code, reason=None):
    """The Status of a refusal, which is complete."""
    assert answer.status == code, answer.body[:500]
    assert answer.tree["kind"] == "Status", answer.tree
    assert answer.tree["status"] == "Failure"
    assert answer.tree["code"] == code
    assert answer.tree["message"]
    assert reason is None or answer.tree["reason"] == reason
    return answer.tree


def config_map(**more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "m-"}, **more}


# --- who it is


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "bearer", "Bearer " + "x" * 5000])
def test_nobody_comes_in_without_the_token(api, header):
    headers = {} if header is None else {"Authorization": header}
    status_of(api.ask("GET", MAPS, token="", headers=headers), 401, "Unauthorized")
    status_of(api.ask("POST", MAPS, config_map(), token="", headers=headers), 401, "Unauthorized")


def test_a_part_of_the_token_or_more_than_it_is_wrong(api):
    for token in (api.token[:-1], api.token + "x", api.token[1:], api.token[0], api.token * 2):
        status_of(api.ask("GET", MAPS, token=token), 401, "Unauthorized")


def test_a_viewer_changes_nothing(api):
    assert api.ask("GET", MAPS, token=api.viewer_token).status == 200
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        path = MAPS if method == "POST" else f"{MAPS}/c"
        status_of(api.ask(method, path, config_map(), token=api.viewer_token), 403, "Forbidden")
    status_of(api.ask("DELETE", MAPS, token=api.viewer_token), 403, "Forbidden")


# --- paths


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default/configmaps/%2e%2e/secrets",
        "/api/v1/namespaces/default/configmaps/..%2fsecrets",
        "/api/v1/namespaces/%2e%2e/configmaps",
        "/api/v1/namespaces/default/../default/nonsense",
        "/api/v1/namespaces/default/configmaps/%00",
        "/api/v1/namespaces/default/configmaps/a%00b",
        "/api/v1/namespaces/default/configmaps/%ff%fe",
        "/api/v1/namespaces/default/configmaps/%zz",
        "/api/v1/namespaces/default/configmaps/a/b/c/d/e/f",
        "/api/v1/namespaces/default/nonsense",
        "/api/v2/namespaces/default/configmaps",
        "/apis/shop.example.org/v9/widgets",
        "/apis/shop.example.org",
        "/apis//v1/widgets",
        "/api/v1/" + "a/" * 500,
        "/api/v1/namespaces/default/configmaps/" + "a" * 6000,
        "/api/v1/namespaces/" + "a" * 6000 + "/configmaps/c",
    ],
)
def test_a_path_that_leads_nowhere(api, path):
    answer = api.ask("GET", path)
    if path == "/apis/shop.example.org":
        assert answer.tree["kind"] == "APIGroup"
        return
    status_of(answer, answer.status)
    assert answer.status in (400, 404), answer.body


def test_a_target_over_the_limit_is_refused(api):
    answer = api.ask("GET", MAPS + "?labelSelector=" + "a" * 200_000)
    assert answer.status in (400, 414, 431), answer.status


# --- bodies


def test_a_body_up_to_the_limit_is_taken_and_a_larger_one_refused(api):
    status_of(api.ask("POST", MAPS, config_map(data={"a": "x" * 4_000_000})), 413)
    answer = api.ask("POST", MAPS, config_map(data={"a": "x" * 2_900_000}))
    if answer.status != 201:  # a kind may have a limit of its own, as ConfigMap has
        status_of(answer, answer.status)
        assert answer.status in (413, 422), answer.body[:300]


BODIES = {
    "nothing": b"",
    "half an object": b'{"metadata":{"name":"x"',
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "text": b'"x"',
    "no UTF-8": b'{"metadata":{"name":"\xff\xfe"}}',
    "half a surrogate": b'{"metadata":{"name":"\\ud800"}}',
    "a NUL": b'{"metadata":{"name":"a\\u0000b"}}',
    "more behind it": b'{"metadata":{"name":"x"}}{"a":1}',
    "depth": b'{"metadata":{"name":"deep"},"data":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "brackets": b"[" * 2_000_000,
    "many members": b'{"metadata":{"name":"m"},"nonsense":{' + b",".join(b'"k%d":1' % i for i in range(200_000)) + b"}}",
    "another kind": b'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}',
    "another group": b'{"apiVersion":"x/v1","kind":"ConfigMap","metadata":{"name":"x"}}',
    "no name": b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}',
    "another namespace": b'{"metadata":{"name":"x","namespace":"kube-system"}}',
    "a name with a slash": b'{"metadata":{"name":"a/b"}}',
    "a name that climbs": b'{"metadata":{"name":".."}}',
    "a long name": b'{"metadata":{"name":"' + b"a" * 300 + b'"}}',
}


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_no_object(api, body):
    answer = api.ask("POST", MAPS, BODIES[body])
    if body == "many members" and answer.status == 201:  # fields that nobody knows are dropped
        assert "nonsense" not in answer.tree
        return
    status_of(answer, answer.status)
    assert answer.status in (400, 413, 422), answer.body[:300]


METADATA = {
    "labels": ["x", [], 1, {"a": 1}, {"a b": "c"}, {"a": "x" * 64}, {"/": "x"}],
    "annotations": ["x", [1], {"a": {}}, {"": "x"}, {"a": "x" * 300_000}],
    "finalizers": ["x", {"a": 1}, [1], [None], [""], ["no slash here"]],
    "ownerReferences": ["x", {}, [1], [{}], [{"uid": 1}], [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}]],
    "name": [1, [], {}, True],
    "generateName": [1, [], {}],
    "managedFields": ["x", [1], [{"fieldsV1": 1, "operation": "Apply"}]],
}


@pytest.mark.parametrize("field", METADATA)
def test_metadata_of_wrong_types(api, field):
    for value in METADATA[field]:
        for path, body in ((MAPS, config_map()), (kube_tools.widgets_path("default"), widget("x"))):
            body["metadata"] = {"name": "wrong", field: value}
            answer = api.ask("POST", path, body)
            assert answer.status in (400, 422), (path, value, answer.status, answer.body[:200])
            status_of(answer, answer.status)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_yaml_that_grows(api, method):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n" + "\n".join(lines) + "\n"
    before = api.server.peak_memory_bytes()
    if method == "POST":
        answer = api.ask("POST", MAPS, text.encode(), "application/yaml")
    else:
        answer = api.ask("PATCH", f"{MAPS}/bomb?fieldManager=x", text.encode(), "application/apply-patch+yaml")
    status_of(answer, 400, "BadRequest")
    assert api.server.peak_memory_bytes() - before < 200 << 20


@pytest.mark.parametrize("text", ["a: b: c", "\t- x", "a: *nobody", "--- a\n--- b", "&a [*a]", "a: [", "!!binary x", "? {a: 1}\n: 2"])
def test_yaml_that_is_none(api, text):
    answer = api.ask("POST", MAPS, text.encode(), "application/yaml")
    status_of(answer, answer.status)
    assert answer.status in (400, 422)


# --- headers


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "nonsense", "application/json, text/plain", "/", "a" * 4000])
def test_a_type_of_body_that_is_unknown(api, content_type):
    answer = api.ask("POST", MAPS, config_map(), content_type)
    status_of(answer, answer.status)
    assert answer.status in (400, 415)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/patch", "application/merge-patch+yaml"])
def test_a_type_of_patch_that_is_unknown(api, content_type):
    api.ask("POST", MAPS, {"metadata": {"name": "patched"}})
    status_of(api.ask("PATCH", f"{MAPS}/patched", {"data": {"a": "b"}}, content_type), 415, "UnsupportedMediaType")


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'[{"op":"x","path":"/a"}]', b'[{"op":"add"}]', b'[{"op":"add","path":"a","value":1}]', b"["])
def test_a_json_patch_that_is_none(api, body):
    api.ask("POST", MAPS, {"metadata": {"name": "patched"}})
    answer = api.ask("PATCH", f"{MAPS}/patched", body, "application/json-patch+json")
    status_of(answer, answer.status)
    assert answer.status in (400, 422)


def test_an_accept_that_nothing_fits(api):
    status_of(api.ask("GET", MAPS, headers={"Accept": "text/html"}), 406, "NotAcceptable")
    status_of(api.ask("GET", MAPS, headers={"Accept": "application/json;as=Nonsense;v=v1;g=meta.k8s.io"}), 406, "NotAcceptable")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_method_that_a_collection_has_not(api, method):
    status_of(api.ask(method, MAPS, config_map(), "application/merge-patch+json"), 405, "MethodNotAllowed")


# --- the bare connection


def raw(api, text):
    """What the server answers to these bytes before it closes the connection or is silent for a while."""
    with socket.create_connection(api.address, timeout=kube_tools.SECONDS) as plain:
        with api.tls().wrap_socket(plain, server_hostname=api.address[0]) as connection:
            connection.settimeout(3)
            answer = b""
            try:  # the server may have answered and closed before it has all of a long text
                connection.sendall(text)
                while data := connection.recv(1 << 16):
                    answer += data
            except OSError:
                pass
            return answer


SMUGGLED = {
    "a length and chunks": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": "Content-Length: 4\r\nContent-Length: 5\r\n",
    "a length with a sign": "Content-Length: +4\r\n",
    "a negative length": "Content-Length: -1\r\n",
    "a space before the colon": "Content-Length : 4\r\n",
    "an unknown coding": "Transfer-Encoding: gzip, chunked\r\n",
    "chunked twice": "Transfer-Encoding: chunked, chunked\r\n",
    "a folded line": "Content-Length: 0\r\n X: y\r\n",
}


@pytest.mark.parametrize("fields", SMUGGLED)
def test_a_body_of_two_lengths_is_refused_and_the_connection_closed(api, fields):
    head = f"POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.token}\r\nContent-Type: application/json\r\n"
    hidden = f"GET {MAPS}/smuggled HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    answer = raw(api, f"{head}{SMUGGLED[fields]}\r\n0\r\n\r\n{hidden}".encode())
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) in ([b"400"], [b"501"]), answer[:500]


@pytest.mark.parametrize("text", [b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"x" * 100_000])
def test_what_is_no_request(api, text):
    answer = raw(api, text)
    assert not answer or re.match(rb"HTTP/1\.[01] [45]\d\d ", answer), answer[:200]


def test_plain_text_on_a_door_of_tls(api):
    with socket.create_connection(api.address, timeout=kube_tools.SECONDS) as plain:
        plain.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" not in plain.recv(4096)


def test_a_page_of_another_site_does_not_come_in(api):
    """A browser sends Origin, and to a name that someone bound anew, a Host that is not ours."""
    foreign = {"Origin": "https://evil.example.org", "Host": "evil.example.org"}
    status_of(api.ask("GET", MAPS, headers=foreign), 421)
    for method in ("GET", "OPTIONS"):
        answer = api.ask(method, MAPS, headers={"Origin": foreign["Origin"]})
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "query",
    ["limit=x", "limit=-1", "watch=maybe", "timeoutSeconds=x", "labelSelector=a%20b%20c", "labelSelector=(", "fieldSelector=spec.x%3D1",
     "resourceVersion=x", "continue=x", "watch=1&resourceVersion=x", "resourceVersionMatch=Exact", "resourceVersion=0&resourceVersionMatch=Exact"],
)
def test_a_query_that_makes_no_sense(api, query):
    status_of(api.ask("GET", f"{MAPS}?{query}"), 400, "BadRequest")


@pytest.mark.parametrize("query", ["dryRun=Some", "fieldValidation=Never"])
def test_a_query_of_a_change_that_makes_no_sense(api, query):
    answer = api.ask("POST", f"{MAPS}?{query}", {"metadata": {"name": "odd"}})
    status_of(answer, answer.status)
    assert answer.status in (400, 422)
    assert json.loads(answer.body)["message"]


@pytest.mark.parametrize("member", [{"namespace": 1}, {"uid": 1}, {"generation": "x"}, {"generation": 10**30}, {"selfLink": []}, {"creationTimestamp": 1}])
def test_a_scalar_of_metadata_with_a_wrong_type_is_refused(api, member):
    status = status_of(api.ask("POST", MAPS, {"metadata": {"name": "odd", **member}}), 400, "BadRequest")
    assert f"metadata.{next(iter(member))} of type" in status["message"]


def test_a_method_that_the_api_does_not_know(api):
    status_of(api.ask("OPTIONS", MAPS), 405, "MethodNotAllowed")
