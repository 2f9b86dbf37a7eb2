# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes API as the tests need it: its kubeconfig, bare requests, the kind Widget, and kubectl."""

import base64
import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import textwrap
import time
import uuid

import pytest
import servers

SECONDS = 30
GROUP, VERSION, PLURAL = "shop.example.org", "v1", "widgets"

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.shop.example.org}
spec:
  group: shop.example.org
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList, shortNames: [wd], categories: [all, shop]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
    additionalPrinterColumns:
    - {name: Size, type: string, jsonPath: .spec.size}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Colour, type: string, jsonPath: .spec.colour, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: A widget is a thing that the shop sells.
        required: [spec]
        properties:
          spec:
            type: object
            description: What the widget should be.
            required: [size]
            properties:
              size: {type: string, enum: [small, large], description: How big it is.}
              colour: {type: string, default: grey, description: Its paint.}
              replicas: {type: integer, format: int32, minimum: 0, maximum: 9, description: How many.}
              tags: {type: array, items: {type: string}, x-kubernetes-list-type: set}
              parts:
                type: array
                description: What it is made of.
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string, description: The name of the part.}
                    weight: {type: integer}
          status:
            type: object
            properties:
              replicas: {type: integer}
              selector: {type: string}
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [type, status]
                  properties: {type: {type: string}, status: {type: string}, reason: {type: string}}
"""


def widget(name="one", labels=None, **spec):
    metadata = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Widget", "metadata": metadata, "spec": {"size": "small", **spec}}


def widgets_path(space, name="", subresource=""):
    parts = [f"/apis/{GROUP}/{VERSION}/namespaces/{space}/{PLURAL}", name, subresource]
    return "/".join(part for part in parts if part)


class Answer:
    """`tree` is the body where it is JSON, else None."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        try:
            self.tree = json.loads(self.body) if self.headers.get_content_type() == "application/json" else None
        except json.JSONDecodeError:  # of a watch: one tree a line
            self.tree = None


class Kube:
    """The Kubernetes API of a running eddy."""

    def __init__(self, server):
        self.server = server

    @property
    def kubeconfig(self):
        return self.server.data / "kubeconfig"

    def config(self):
        return json.loads(self.kubeconfig.read_text())

    @property
    def token(self):
        return self.config()["users"][0]["user"]["token"]

    @property
    def viewer_token(self):
        return (self.server.data / "kube/viewer-token").read_text().strip()

    @property
    def address(self):
        return self.server.doors["kube"]

    def tls(self):
        """A context that trusts this server only."""
        authority = self.config()["clusters"][0]["cluster"]["certificate-authority-data"]
        return ssl.create_default_context(cadata=base64.b64decode(authority).decode())

    def ask(self, method, path, body=None, content_type="application/json", token=None, headers=None):
        """One request on a connection of its own. A body that is no bytes is sent as JSON; token "" sends none."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        token = self.token if token is None else token
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            sent["Content-Type"] = content_type
        connection = http.client.HTTPSConnection(*self.address, timeout=SECONDS, context=self.tls())
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def define_widgets(self):
        """Makes the kind Widget, unless it is there, and waits until it is served."""
        body = DEFINITION.encode()
        made = self.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body, "application/yaml")
        assert made.status in (201, 409), made.body
        deadline = time.monotonic() + SECONDS
        while self.ask("GET", f"/apis/{GROUP}/{VERSION}/{PLURAL}").status != 200:
            assert time.monotonic() < deadline, "the kind is not served"
            time.sleep(0.05)

    def new_space(self, name=None):
        """The name of a new namespace."""
        name = name or f"s-{uuid.uuid4().hex[:8]}"
        made = self.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        assert made.status == 201, made.body
        return name


KUBECTLS = {age: servers.ROOT / f".cache/kubectl/{age}/usr/bin/kubectl" for age in ("old", "new")}


class Kubectl:
    """kubectl in one namespace (None: the one of the kubeconfig), with files, a home and a cache of its own in `folder`."""

    def __init__(self, age, kube, folder, space):
        if not KUBECTLS[age].exists():
            pytest.skip(f"the {age} kubectl could not be had (script/setup)")
        self.is_new = age == "new"
        self.program = KUBECTLS[age]
        self.kube = kube
        self.folder = pathlib.Path(folder)
        self.space = space

    def environment(self, **more):
        return {**os.environ, "KUBECONFIG": str(self.kube.kubeconfig), "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **more}

    def command(self, *arguments):
        space = ["--namespace", self.space] if self.space else []
        return [self.program, *space, *map(str, arguments)]

    def run(self, *arguments, code=0, text=None, seconds=SECONDS, environment=None, both=False):
        """What it prints to standard output, with TEXT as its input; with another exit code than 0 expected, or BOTH, to
        both outputs. CODE None: any."""
        done = subprocess.run(
            self.command(*arguments),
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            cwd=self.folder,
            env=self.environment(**(environment or {})),
        )
        assert code is None or done.returncode == code, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if code == 0 and not both else done.stdout + done.stderr

    def file(self, *objects):
        """A manifest with one YAML text, or with these trees."""
        texts = [json.dumps(one) if isinstance(one, dict) else textwrap.dedent(one) for one in objects]
        path = self.folder / "objects.yaml"
        # The old kubectl reads a file that begins as JSON as JSON to its end: no "---" in it.
        path.write_text("\n".join(texts))
        return path

    def apply(self, *objects, arguments=(), code=0):
        return self.run("apply", *arguments, "-f", self.file(*objects), code=code)

    def tree(self, *arguments):
        return json.loads(self.run("get", *arguments, "-o", "json"))


class EddyCommands(Kubectl):
    """eddy's own commands in the same way: get, apply, delete and their kin."""

    def __init__(self, kube, folder, space):
        super().__init__("new", kube, folder, space)
        self.program = servers.eddy_binary()

    def command(self, *arguments):
        verb, *rest = map(str, arguments)
        return [self.program, verb, "--namespace", self.space, *rest]


class Both:
    """eddy's commands and the newest kubectl side by side, in one namespace."""

    def __init__(self, kube, folder, home):
        self.kube = kube
        self.space = kube.new_space()
        self.eddy = EddyCommands(kube, folder, self.space)
        self.kubectl = Kubectl("new", kube, home, self.space)

    def same(self, *arguments, code=0):
        """What both print for these arguments; ages may differ."""
        mine, theirs = (ageless(side.run(*arguments, code=code)) for side in (self.eddy, self.kubectl))
        assert mine == theirs, f"{arguments}\n--- eddy\n{mine}\n--- kubectl\n{theirs}"
        return mine


def ageless(text):
    return re.sub(r"\b(\d+[dhms]){1,2}\b *", "AGE ", text)
