# SPDX-License-Identifier: Apache-2.0
"""The built-in kinds, column by column and refusal by refusal, with the oldest and the newest kubectl."""

import json

import pytest

POD = """
apiVersion: v1
kind: Pod
metadata: {name: p1, labels: {app: web}}
spec:
  containers:
  - name: c
    image: nginx:1.25
    env: [{name: A, value: b}]
    ports: [{containerPort: 80}]
    resources: {limits: {memory: 1Gi}}
"""

EVENT = """
apiVersion: v1
kind: Event
metadata: {name: p1.1, namespace: SPACE}
involvedObject: {kind: Pod, name: p1, namespace: SPACE, uid: UID}
reason: Started
message: "Started container c "
type: Normal
count: 3
firstTimestamp: "2020-01-01T00:00:00Z"
lastTimestamp: "2020-01-01T00:00:00Z"
source: {component: kubelet, host: n1}
"""


def columns(text):
    return text.splitlines()[0].split()


def test_pods_show_what_kubernetes_shows(kubectl):
    assert kubectl.run("apply", "-f", "-", text=POD) == "pod/p1 created\n"
    header, row = kubectl.run("get", "pods", "-o", "wide").splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED", "NODE", "READINESS", "GATES"]
    assert row.split()[:4] == ["p1", "0/1", "Pending", "0"] and row.split()[5:] == ["<none>"] * 4
    said = kubectl.run("describe", "pod", "p1")
    assert "QoS Class:" in said and "Burstable" in said
    template = "{.spec.restartPolicy} {.spec.terminationGracePeriodSeconds} {..imagePullPolicy} {..ports[0].protocol}"
    assert kubectl.run("get", "pod", "p1", "-o", f"jsonpath={template}") == "Always 30 IfNotPresent TCP"
    assert "pod/p1 configured" in kubectl.run("apply", "-f", "-", text=POD.replace("1.25", "1.26"))
    said = kubectl.run("apply", "-f", "-", text=POD.replace("value: b", "value: c"), code=1)
    assert "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`" in said


def test_a_pod_that_runs_is_written_to_its_status(kubectl, kube):
    kubectl.run("apply", "-f", "-", text=POD)
    path = f"/api/v1/namespaces/{kubectl.space}/pods/p1/status"
    status = {
        "phase": "Running",
        "containerStatuses": [
            {"name": "c", "ready": True, "restartCount": 2, "image": "i", "imageID": "", "state": {"running": {"startedAt": None}}}
        ],
    }
    assert kube.ask("PATCH", path, {"status": status}, content_type="application/merge-patch+json").status == 200
    assert kubectl.run("get", "pod", "p1", "--no-headers").split()[:4] == ["p1", "1/1", "Running", "2"]


def test_events_are_found_by_their_object(kubectl):
    kubectl.run("apply", "-f", "-", text=POD)
    uid = kubectl.run("get", "pod", "p1", "-o", "jsonpath={.metadata.uid}")
    kubectl.run("create", "-f", "-", text=EVENT.replace("UID", uid).replace("SPACE", kubectl.space))
    header, row = kubectl.run("get", "events").splitlines()
    assert header.split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert row.split()[1:] == ["Normal", "Started", "pod/p1", "Started", "container", "c"]
    wide = kubectl.run("get", "events", "-o", "wide")
    assert "kubelet, n1" in wide and wide.splitlines()[1].split()[-2:] == ["3", "p1.1"]
    assert kubectl.run("get", "events", "--field-selector", "involvedObject.kind=Node", "-o", "name") == ""
    assert "Started container c" in kubectl.run("describe", "pod", "p1")


def test_services_show_their_ports(kubectl):
    kubectl.run("create", "service", "nodeport", "np", "--tcp=5678:8080", "--node-port=30000")
    kubectl.run("create", "service", "externalname", "en", "--external-name=db.example")
    kubectl.run("create", "service", "loadbalancer", "lb", "--tcp=80")
    said = kubectl.run("get", "services", "-o", "wide")
    assert columns(said) == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]
    rows = {row.split()[0]: row.split()[1:5] + row.split()[6:] for row in said.splitlines()[1:]}
    assert rows == {
        "np": ["NodePort", "<none>", "<none>", "5678:30000/TCP", "app=np"],
        "en": ["ExternalName", "<none>", "db.example", "<none>", "app=en"],
        "lb": ["LoadBalancer", "<none>", "<pending>", "80/TCP", "app=lb"],
    }
    assert kubectl.run("get", "service", "np", "-o", "jsonpath={.spec.ports[0].targetPort}") == "8080"
    wrong = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "9"}, "spec": {"ports": [{"port": 80}]}})
    assert "metadata.name: Invalid value" in kubectl.run("apply", "-f", "-", text=wrong, code=1)


def test_deployments_and_jobs_are_checked(kubectl):
    kubectl.run("create", "deployment", "web", "--image=nginx:1")
    header, row = kubectl.run("get", "deployments", "-o", "wide").splitlines()
    assert header.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]
    assert row.split()[:4] + row.split()[5:] == ["web", "0/1", "0", "0", "nginx", "nginx:1", "app=web"]
    kubectl.run("set", "image", "deployment/web", "nginx=nginx:2")
    assert kubectl.run("get", "deployment", "web", "-o", "jsonpath={..image} {.metadata.generation}") == "nginx:2 2"
    said = kubectl.run("patch", "deployment", "web", "-p", '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}', code=1)
    assert "`selector` does not match template `labels`" in said and "field is immutable" in said
    kubectl.run("create", "job", "once", "--image=busybox", "--", "true")
    assert columns(kubectl.run("get", "jobs")) == ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"]
    assert kubectl.run("get", "job", "once", "-o", "jsonpath={.spec.template.spec.restartPolicy} {.spec.completions}") == "Never 1"


def test_secrets_have_types(kubectl):
    said = kubectl.run("create", "secret", "generic", "t", "--type=kubernetes.io/tls", "--from-literal=tls.crt=x", code=1)
    assert "data[tls.key]: Required value" in said
    kubectl.run("create", "secret", "docker-registry", "hub", "--docker-username=u", "--docker-password=p")
    assert columns(kubectl.run("get", "secrets")) == ["NAME", "TYPE", "DATA", "AGE"]
    assert kubectl.run("get", "secret", "hub", "--no-headers").split()[:3] == ["hub", "kubernetes.io/dockerconfigjson", "1"]
    text = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "immutable": True, "stringData": {"a": "b"}})
    kubectl.run("apply", "-f", "-", text=text)
    said = kubectl.run("apply", "-f", "-", text=text.replace('"b"', '"c"'), code=1)
    assert "data: Forbidden: field is immutable when `immutable` is set" in said


def test_the_viewer_is_told_what_it_may(kubectl, kube):
    viewer = kube.viewer_token
    assert kubectl.run("--token", viewer, "auth", "can-i", "list", "pods") == "yes\n"
    assert kubectl.run("auth", "can-i", "delete", "pods") == "yes\n"
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    for verb, allowed in [("list", True), ("delete", False), ("*", False), ("create", False)]:
        question = {"spec": {"resourceAttributes": {"verb": verb, "resource": "pods"}}}
        answer = kube.ask("POST", path, question, token=viewer)
        assert (answer.status, answer.tree["status"]["allowed"]) == (201, allowed)
    answer = kube.ask("POST", path, {"spec": {}})
    assert (answer.status, answer.tree["reason"]) == (422, "Invalid")
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    for user, allowed in [("eddy-admin", True), ("eddy-viewer", False), ("nobody", False)]:
        question = {"spec": {"user": user, "resourceAttributes": {"verb": "delete", "resource": "pods"}}}
        assert kube.ask("POST", path, question).tree["status"]["allowed"] is allowed


def test_tokens_have_their_limits(kube):
    space = kube.new_space()
    accounts = f"/api/v1/namespaces/{space}/serviceaccounts"
    assert kube.ask("POST", accounts, {"metadata": {"name": "robot"}}).status == 201
    answer = kube.ask("POST", f"{accounts}/robot/token", {"spec": {"expirationSeconds": 600}})
    assert answer.status == 201 and answer.tree["spec"] == {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 600}
    assert kube.ask("POST", f"{accounts}/robot/token", {"spec": {"expirationSeconds": 599}}).status == 422
    assert kube.ask("POST", f"{accounts}/robot/token", {"spec": {"boundObjectRef": {"kind": "Pod"}}}).status == 400
    assert kube.ask("POST", f"{accounts}/nobody/token", {}).status == 404
    token = answer.tree["status"]["token"]
    answer = kube.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, token=token)
    assert answer.tree["status"]["userInfo"]["username"] == f"system:serviceaccount:{space}:robot"
    # A token for somebody else is none for this API, and a reader makes no tokens.
    other = kube.ask("POST", f"{accounts}/robot/token", {"spec": {"audiences": ["vault"]}}).tree["status"]["token"]
    assert kube.ask("GET", accounts, token=other).status == 401
    assert kube.ask("POST", f"{accounts}/robot/token", {}, token=token).status == 403
    # Another account of the same name is another one.
    assert kube.ask("DELETE", f"{accounts}/robot").status == 200
    assert kube.ask("POST", accounts, {"metadata": {"name": "robot"}}).status == 201
    assert kube.ask("GET", accounts, token=token).status == 401


@pytest.mark.parametrize("age", ["old"], indirect=True)
def test_an_old_kubectl_explains_and_validates(kubectl):
    """With /openapi/v2, which is protocol buffers."""
    said = kubectl.run("explain", "pod.spec.containers.env")
    assert "RESOURCE: env <[]Object>" in said and "-required-" in said
    assert "How many pods are wanted." in kubectl.run("explain", "deployment.spec.replicas")
    said = kubectl.run("apply", "-f", "-", text=POD.replace("ports:", "prots:"), code=1)
    assert 'unknown field "prots" in io.k8s.api.core.v1.Pod.spec.containers' in said
    assert kubectl.run("apply", "--dry-run=server", "-f", "-", text=POD) == "pod/p1 created (server dry run)\n"
    assert "How big it is." in kubectl.run("explain", "widget.spec.size")


@pytest.mark.parametrize("body", [b"k8s\0", b"k8s\0\x0a\xff", b"{}", b""])
def test_odd_bodies_are_refused_in_order(kube, body):
    status = kube.ask("POST", "/api/v1/namespaces/default/configmaps", body, content_type="application/vnd.kubernetes.protobuf")
    assert status.status in (400, 422) and status.tree["kind"] == "Status"
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    status = kube.ask("POST", definitions, b"k8s\0", content_type="application/vnd.kubernetes.protobuf")
    assert (status.status, status.tree["reason"]) == (415, "UnsupportedMediaType")
