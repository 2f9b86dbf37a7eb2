# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API with kubectl, the oldest of Debian and the newest that script/setup could get, and by hand."""

import json
import os
import pathlib
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
import servers

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 30

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Color, type: string, jsonPath: .spec.color}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        description: Widget is a thing.
        type: object
        properties:
          spec:
            type: object
            required: [color]
            properties:
              color: {type: string, enum: [red, green], description: Color is how it looks.}
              replicas: {type: integer, minimum: 0, default: 1}
          status:
            type: object
            properties:
              replicas: {type: integer}
              conditions:
                type: array
                items:
                  type: object
                  properties:
                    type: {type: string}
                    status: {type: string}
"""

WIDGET = """
apiVersion: example.com/v1
kind: Widget
metadata: {name: w1}
spec: {color: COLOR}
"""


@pytest.fixture
def server(start_eddy):
    return start_eddy("--kube", "127.0.0.1:0")


def kubeconfig(server):
    return pathlib.Path(server.data) / "kubeconfig"


@pytest.fixture(params=["old", "new"])
def kubectl(request, server, tmp_path):
    """Runs kubectl; what it prints, or with fails=True what it complains about."""
    binary = ROOT / f".cache/kubectl/{request.param}/usr/bin/kubectl"
    if not binary.exists():
        pytest.skip(f"the {request.param} kubectl could not be had (script/setup)")
    environment = {"HOME": str(tmp_path), "KUBECONFIG": str(kubeconfig(server)), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def run(*arguments, text=None, fails=False):
        done = subprocess.run([binary, *arguments], input=text, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    return run


class Api:
    """The API by hand."""

    def __init__(self, server):
        config = json.loads(kubeconfig(server).read_text())
        self.url = config["clusters"][0]["cluster"]["server"]
        self.token = config["users"][0]["user"]["token"]
        self.context = ssl.create_default_context(cafile=pathlib.Path(server.data) / "kube/ca.crt")

    def ask(self, method, path, body=None, token=None, content_type="application/json", **fields):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}", "Content-Type": content_type, **fields}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE, context=self.context) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def config_map(name, **data):
    return {"metadata": {"name": name}, "data": data}


MAPS = "/api/v1/namespaces/default/configmaps"


def test_kubectl_defines_a_kind_and_uses_it(kubectl):
    assert "created" in kubectl("apply", "-f", "-", text=DEFINITION)
    kubectl("wait", "--for=condition=Established", "crd/widgets.example.com", f"--timeout={PATIENCE}s")
    assert kubectl("apply", "-f", "-", text=WIDGET.replace("COLOR", "red")) == "widget.example.com/w1 created\n"
    assert kubectl("apply", "-f", "-", text=WIDGET.replace("COLOR", "red")) == "widget.example.com/w1 unchanged\n"
    assert kubectl("apply", "-f", "-", text=WIDGET.replace("COLOR", "green")) == "widget.example.com/w1 configured\n"
    header, row = kubectl("get", "wd").splitlines()
    assert header.split() == ["NAME", "COLOR", "AGE"] and row.split()[:2] == ["w1", "green"]
    assert kubectl("get", "widget", "w1", "-o", "jsonpath={.metadata.generation} {.spec.replicas}") == "2 1"
    assert "w1" in kubectl("get", "all")
    assert kubectl("scale", "widget/w1", "--replicas=3") == "widget.example.com/w1 scaled\n"
    assert kubectl("get", "widget", "w1", "-o", "jsonpath={.spec.replicas}") == "3"
    assert "Color" in kubectl("describe", "widget", "w1")
    assert "widgets" in kubectl("api-resources", "--api-group=example.com")
    said = kubectl("apply", "--validate=false", "-f", "-", text=WIDGET.replace("COLOR", "blue"), fails=True)
    assert 'Unsupported value: "blue": supported values: "red", "green"' in said
    assert "deleted" in kubectl("delete", "crd", "widgets.example.com", f"--timeout={PATIENCE}s")
    assert kubectl("get", "crd", "-o", "name") == ""


def test_kubectl_applies_on_the_server_and_is_told_of_conflicts(kubectl):
    text = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", **config_map("shared", a="1")})
    assert kubectl("apply", "--server-side", "-f", "-", text=text) == "configmap/shared serverside-applied\n"
    other = text.replace('"1"', '"2"')
    said = kubectl("apply", "--server-side", "--field-manager=other", "-f", "-", text=other, fails=True)
    assert 'conflict with "kubectl"' in said and ".data.a" in said
    kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", text=other)
    assert kubectl("get", "cm", "shared", "-o", "jsonpath={.data.a}") == "2"


def test_kubectl_changes_labels_and_namespaces(kubectl):
    kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}))
    text = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", **config_map("a", x="1")})
    kubectl("apply", "-n", "shop", "-f", "-", text=text)
    assert kubectl("label", "-n", "shop", "cm", "a", "tier=web") == "configmap/a labeled\n"
    assert kubectl("get", "cm", "-A", "-l", "tier=web", "-o", "name") == "configmap/a\n"
    assert kubectl("get", "cm", "-A", "-l", "tier!=web,tier", "-o", "name") == ""
    assert kubectl("get", "cm", "-n", "shop", "--field-selector", "metadata.name=a", "-o", "name") == "configmap/a\n"
    assert kubectl("patch", "-n", "shop", "cm", "a", "--type=json", "-p", '[{"op":"remove","path":"/data/x"}]') == "configmap/a patched\n"
    kubectl("delete", "ns", "shop", f"--timeout={PATIENCE}s")
    assert kubectl("get", "cm", "-A", "-o", "name") == ""


def test_kubectl_makes_the_kinds_that_everybody_has(kubectl):
    """From 1.32 on it sends them as protocol buffers."""
    assert kubectl("create", "namespace", "zoo") == "namespace/zoo created\n"
    kubectl("create", "secret", "generic", "word", "--from-literal=a=b")
    assert kubectl("get", "secret", "word", "-o", "jsonpath={.data.a} {.type}") == "Yg== Opaque"
    kubectl("create", "configmap", "words", "--from-literal=x=y", "--from-literal=z=1")
    assert kubectl("get", "cm", "words", "--no-headers").split()[:2] == ["words", "2"]
    kubectl("create", "deployment", "web", "--image=nginx")
    assert kubectl("scale", "deployment", "web", "--replicas=2") == "deployment.apps/web scaled\n"
    assert kubectl("get", "deployment", "web", "--no-headers").split()[:2] == ["web", "0/2"]
    kubectl("create", "job", "once", "--image=busybox")
    kubectl("create", "service", "clusterip", "web", "--tcp=80")
    assert "80/TCP" in kubectl("get", "service", "web")
    assert kubectl("auth", "can-i", "create", "configmaps") == "yes\n"
    assert "web" in kubectl("get", "all")
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"A","value":"1"}]}]}}}}'
    kubectl("patch", "deployment", "web", "-p", patch)
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={..containers[*].image} {..env[0].value}") == "nginx 1"


@pytest.mark.parametrize("kubectl", ["new"], indirect=True)
def test_a_service_account_may_read_with_its_token(kubectl, server):
    kubectl("create", "serviceaccount", "robot")
    api = Api(server)
    token = kubectl("create", "token", "robot").strip()
    assert api.ask("GET", MAPS, token=token)[0] == 200
    assert api.ask("POST", MAPS, config_map("a"), token=token)[0] == 403
    assert api.ask("GET", MAPS, token=token[:-4] + "AAAA")[0] == 401
    kubectl("delete", "serviceaccount", "robot")
    assert api.ask("GET", MAPS, token=token)[0] == 401


@pytest.mark.parametrize("kubectl", ["new"], indirect=True)  # the old one is in test_kube_kinds.py
def test_explains_and_refuses_what_the_schema_does_not_know(kubectl):
    assert "ConfigMap holds configuration" in kubectl("explain", "configmap")
    wrong = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "lables": {}}, "dat": {}})
    said = kubectl("apply", "-f", "-", text=wrong, fails=True)
    assert 'strict decoding error: unknown field "dat", did you mean "data", unknown field "metadata.lables"' in said


def test_answers_are_those_of_kube_apiserver(server):
    api = Api(server)
    code, status = api.ask("GET", f"{MAPS}/nope")
    assert (code, status["reason"], status["message"]) == (404, "NotFound", 'configmaps "nope" not found')
    assert api.ask("POST", MAPS, config_map("a", x="1"))[0] == 201
    code, status = api.ask("POST", MAPS, config_map("a", x="1"))
    assert (code, status["reason"]) == (409, "AlreadyExists")
    code, status = api.ask("POST", MAPS, config_map("A b"))
    assert (code, status["reason"], status["details"]["causes"][0]["field"]) == (422, "Invalid", "metadata.name")
    old = api.ask("GET", f"{MAPS}/a")[1]
    assert api.ask("PUT", f"{MAPS}/a", {**old, "data": {"x": "2"}})[0] == 200
    code, status = api.ask("PUT", f"{MAPS}/a", {**old, "data": {"x": "3"}})
    assert (code, status["reason"]) == (409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version and try again" in status["message"]
    assert api.ask("PATCH", f"{MAPS}/a", {}, content_type="application/unknown")[0] == 415
    assert api.ask("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a"))[0] == 404


def test_nobody_comes_in_without_a_token_and_a_viewer_changes_nothing(server):
    api = Api(server)
    viewer = (pathlib.Path(server.data) / "kube/viewer-token").read_text()
    code, status = api.ask("GET", MAPS, token="wrong")
    assert (code, status["reason"]) == (401, "Unauthorized")
    assert api.ask("GET", MAPS, token=viewer)[0] == 200
    code, status = api.ask("POST", MAPS, config_map("a"), token=viewer)
    assert (code, status["reason"]) == (403, "Forbidden")
    assert api.ask("GET", MAPS, Host="evil.example")[0] == 421
    assert kubeconfig(server).stat().st_mode & 0o077 == 0


def test_pages_of_a_list_are_of_one_version(server):
    api = Api(server)
    for i in range(7):
        api.ask("POST", MAPS, config_map(f"m{i}", x="1"))
    code, page = api.ask("GET", f"{MAPS}?limit=3")
    assert (code, page["metadata"]["remainingItemCount"]) == (200, 4)
    names = [item["metadata"]["name"] for item in page["items"]]
    api.ask("DELETE", f"{MAPS}/m4")
    api.ask("POST", MAPS, config_map("m5a"))
    api.ask("PATCH", f"{MAPS}/m6", {"data": {"x": "2"}}, content_type="application/merge-patch+json")
    while page["metadata"].get("continue"):
        page = api.ask("GET", f"{MAPS}?limit=3&continue={page['metadata']['continue']}")[1]
        names += [item["metadata"]["name"] for item in page["items"]]
        assert all(item["data"]["x"] == "1" for item in page["items"])
    assert names == [f"m{i}" for i in range(7)]


def test_a_watch_goes_on_where_it_was(server):
    api = Api(server)
    begin = api.ask("GET", MAPS)[1]["metadata"]["resourceVersion"]
    api.ask("POST", MAPS, config_map("a", x="1"))
    api.ask("PATCH", f"{MAPS}/a", {"data": {"x": "2"}}, content_type="application/merge-patch+json")
    api.ask("DELETE", f"{MAPS}/a")
    request = urllib.request.Request(
        f"{api.url}{MAPS}?watch=true&timeoutSeconds=1&resourceVersion={begin}", headers={"Authorization": f"Bearer {api.token}"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE, context=api.context) as answer:
        events = [json.loads(line) for line in answer]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(versions) and versions[0] > int(begin)


def test_a_busy_port_fails_the_start_in_order(server, start_eddy, tmp_path):
    port = server.doors["kube"][1]
    with pytest.raises(servers.ServerFailed, match=f"--kube.*{port}|{port}.*--kube"):
        start_eddy("--kube", f"127.0.0.1:{port}", folder=tmp_path / "second")


def test_objects_outlive_a_crash(server):
    api = Api(server)
    made = api.ask("POST", MAPS, config_map("kept", x="1"))[1]
    server.kill()
    server.restart()
    api = Api(server)
    assert api.ask("GET", f"{MAPS}/kept")[1] == made
