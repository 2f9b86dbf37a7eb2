# SPDX-License-Identifier: Apache-2.0
"""The kinds of charts/eddy/crds are what a cluster takes too: applied under another group, as a user's, they are served."""

import pytest
import servers
import yaml

FILES = sorted((servers.ROOT / "charts/eddy/crds").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_definition_is_as_good_as_a_users(kubectl, path):
    text = path.read_text()
    group = yaml.safe_load(text)["spec"]["group"]
    text = text.replace(f"group: {group}\n", f"group: copy.{group}\n").replace(f".{group}\n", f".copy.{group}\n", 1)
    definition = yaml.safe_load(text)
    name = definition["metadata"]["name"]
    try:
        kubectl.run("apply", "-f", "-", text=text)
        kubectl.run("wait", "--for=condition=Established", f"crd/{name}", "--timeout=20s")
        assert kubectl.run("get", name, "-o", "name") == ""
        version = definition["spec"]["versions"][0]["name"]
        singular = definition["spec"]["names"]["singular"]
        for field in ("spec", "status"):
            described = kubectl.run("explain", f"{singular}.{field}", f"--api-version=copy.{group}/{version}")
            assert "<empty>" not in described and "<no description>" not in described
    finally:
        kubectl.run("delete", "crd", name)
