# SPDX-License-Identifier: Apache-2.0
"""The kinds of charts/eddy/crds are what a cluster takes too: applied under another group, as a user's, they are served, take
what is good, refuse what is not, and are shown as Knative's own definitions show them."""

import copy
import os
import pathlib
import re
import time

import chart_cases
import pytest
import servers
import yaml

FILES = sorted((servers.ROOT / "charts/eddy/crds").glob("*.yaml"))
SHARED = pathlib.Path(os.environ.get("EDDY_SHARED", servers.ROOT / ".." / "shared"))
TUTORIAL = SHARED / "tutorial"
KNATIVE = SHARED / "spec/knative-crds"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
# Knative's file of a kind, where its name is another.
KNATIVE_FILES = {
    "inmemorychannel": "in-memory-channel",
    "kafkachannel": "100-kafka-channel",
    "kafkasink": "100-kafka-sink",
    "kafkasource": "100-kafka-source",
}
KNATIVE_KINDS = [path.stem for path in FILES if path.stem != "kafkatopic"]

needs_knative = pytest.mark.skipif(not KNATIVE.is_dir(), reason="Knative's definitions (../shared/spec) are not here")


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


def ours(stem):
    return yaml.safe_load((servers.ROOT / f"charts/eddy/crds/{stem}.yaml").read_text())


def knatives(stem):
    """Without the conversion, which needs a webhook."""
    definition = next(yaml.safe_load_all((KNATIVE / f"{KNATIVE_FILES.get(stem, stem)}.yaml").read_text()))
    definition["spec"].pop("conversion", None)
    return definition


def define(kube, definition, prefix):
    """Serves a copy of it under the group PREFIX.GROUP."""
    spec = definition["spec"]
    spec["group"] = f"{prefix}.{spec['group']}"
    definition["metadata"]["name"] = f"{spec['names']['plural']}.{spec['group']}"
    made = kube.ask("POST", DEFINITIONS, definition)
    assert made.status == 201, made.body
    deadline = time.monotonic() + 20
    for version in spec["versions"]:
        while kube.ask("GET", f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}").status != 200:
            assert time.monotonic() < deadline, f"{spec['names']['plural']} are not served"
            time.sleep(0.02)


def path_of(tree, prefix, space, version=None, name=""):
    group, own = tree["apiVersion"].split("/")
    plural = tree["kind"].lower() + "s"
    return f"/apis/{prefix}.{group}/{version or own}/namespaces/{space}/{plural}" + (f"/{name}" if name else "")


def create(kube, tree, prefix, space):
    sent = {**tree, "apiVersion": f"{prefix}.{tree['apiVersion']}"}
    return kube.ask("POST", path_of(tree, prefix, space), sent)


@pytest.fixture(scope="module")
def served(kube):
    """All of them, as ours.GROUP."""
    for stem in KNATIVE_KINDS:
        define(kube, ours(stem), "ours")
    return kube


@pytest.fixture(scope="module")
def both(served):
    """And Knative's own, as theirs.GROUP."""
    for stem in KNATIVE_KINDS:
        define(served, knatives(stem), "theirs")
    return served


def test_the_cases_know_every_kind():
    kinds = {ours(stem)["spec"]["names"]["kind"] for stem in KNATIVE_KINDS}
    assert {tree["kind"] for tree in chart_cases.good()} == kinds
    assert {case[0] for case in chart_cases.BAD} == kinds


@pytest.mark.parametrize("tree", chart_cases.good(), ids=lambda tree: f"{tree['kind']}-{tree['metadata']['name']}")
def test_takes_what_is_good_and_loses_nothing(served, tree):
    space = served.new_space()
    made = create(served, tree, "ours", space)
    assert made.status == 201, made.body
    assert holds(made.tree.get("spec", {}), tree.get("spec", {}))
    for version in (version["name"] for version in ours(tree["kind"].lower())["spec"]["versions"]):
        seen = served.ask("GET", path_of(tree, "ours", space, version, tree["metadata"]["name"]))
        assert seen.status == 200
        assert seen.tree.get("spec", {}) == made.tree.get("spec", {}), "each version shows the same"


def holds(tree, part):
    """Whether TREE has all that PART has; there may be defaults beside it."""
    if isinstance(part, dict):
        return isinstance(tree, dict) and all(key in tree and holds(tree[key], value) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(tree, list) and len(tree) == len(part) and all(map(holds, tree, part))
    return tree == part


@pytest.mark.parametrize("case", chart_cases.BAD, ids=lambda case: f"{case[0]}-{case[1]}")
def test_refuses_what_is_not_and_says_where(served, case):
    kind, path, value, field = case
    tree = chart_cases.changed(chart_cases.good_of(kind), path, value)
    answer = create(served, tree, "ours", served.new_space())
    assert answer.status == 422, answer.body
    # That none of several schemas fits is an error of the object as a whole, as Kubernetes says it: the field is in its text.
    causes = answer.tree["details"]["causes"]
    assert any(cause["field"] == field or re.search(rf'"{re.escape(field)}" must (not )?validate', cause["message"]) for cause in causes), causes


@pytest.mark.skipif(not TUTORIAL.is_dir(), reason="the tutorial's files (../shared/tutorial) are not here")
@pytest.mark.parametrize("name", ["pingsource.yaml", "trigger.yaml"])
def test_takes_the_tutorials_manifests(served, name):
    for tree in yaml.safe_load_all((TUTORIAL / name).read_text()):
        made = create(served, tree, "ours", served.new_space())
        assert made.status == 201, made.body
        assert holds(made.tree["spec"], tree["spec"])


def test_defaults_are_filled_in(served):
    space = served.new_space()
    sink = {"sink": {"uri": "http://127.0.0.1:9/x"}}
    ping = {"apiVersion": "sources.knative.dev/v1", "kind": "PingSource", "metadata": {"name": "p"}, "spec": sink}
    assert create(served, ping, "ours", space).tree["spec"]["schedule"] == "* * * * *"
    bare = chart_cases.changed(chart_cases.good_of("KafkaSource"), "spec", {**sink, "bootstrapServers": ["a"], "topics": ["b"]})
    spec = create(served, bare, "ours", space).tree["spec"]
    assert {"consumers": 1, "initialOffset": "latest", "ordering": "ordered"}.items() <= spec.items()


def fields(schema, path=""):
    """The dotted path of every field of a schema."""
    found = {path}
    for name, inner in schema.get("properties", {}).items():
        found |= fields(inner, f"{path}.{name}")
    if "items" in schema:
        found |= fields(schema["items"], f"{path}[]")
    return found


@needs_knative
@pytest.mark.parametrize("stem", KNATIVE_KINDS)
def test_knows_all_that_knatives_definition_knows(stem):
    own, theirs = ours(stem)["spec"], knatives(stem)["spec"]
    assert own["group"] == theirs["group"] and own["scope"] == theirs["scope"]
    singular, kind = theirs["names"]["kind"].lower(), theirs["names"]["kind"]
    assert own["names"] == {"singular": singular, "listKind": f"{kind}List", **theirs["names"]}
    labels = {name: value for name, value in knatives(stem)["metadata"]["labels"].items() if not name.startswith("app.kubernetes.io/")}
    assert ours(stem)["metadata"]["labels"] == labels
    assert len(own["versions"]) == len(theirs["versions"])
    for mine, other in zip(own["versions"], theirs["versions"]):
        for key in ("name", "served", "storage", "subresources", "deprecated"):
            assert mine.get(key) == other.get(key)
        missing = fields(other["schema"]["openAPIV3Schema"]) - fields(mine["schema"]["openAPIV3Schema"])
        assert missing <= {".apiVersion", ".kind", ".metadata"}  # of every object


def descriptions(tree):
    """Every text that says what something is."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "description" and isinstance(value, str):
                yield " ".join(value.split())
            else:
                yield from descriptions(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from descriptions(value)


@needs_knative
@pytest.mark.parametrize("stem", KNATIVE_KINDS)
def test_describes_it_in_its_own_words(stem):
    assert not set(descriptions(ours(stem))) & set(descriptions(knatives(stem)))


@needs_knative
@pytest.mark.parametrize("stem", KNATIVE_KINDS)
def test_shows_what_knatives_definition_shows(both, stem):
    definition = ours(stem)
    tree = chart_cases.good_of(definition["spec"]["names"]["kind"])
    space = both.new_space()
    tables = {}
    for prefix in ("ours", "theirs"):
        made = create(both, tree, prefix, space)
        assert made.status == 201, made.body
        path = path_of(tree, prefix, space, name=tree["metadata"]["name"])
        told = both.ask("PUT", f"{path}/status", {**made.tree, "status": copy.deepcopy(chart_cases.STATUS)})
        assert told.status == 200, told.body
        tables[prefix] = [table(both, tree, prefix, space, version["name"]) for version in definition["spec"]["versions"]]
    assert tables["ours"] == tables["theirs"]


def table(kube, tree, prefix, space, version):
    """What kubectl prints: the columns and the one row, but for the age."""
    shown = kube.ask("GET", path_of(tree, prefix, space, version), headers=TABLE).tree
    columns = [{key: column[key] for key in ("name", "type", "format", "priority")} for column in shown["columnDefinitions"]]
    (row,) = shown["rows"]
    assert len(columns) == len(row["cells"]) > 1
    return columns, ["" if column["name"] == "Age" else cell for column, cell in zip(columns, row["cells"])]
