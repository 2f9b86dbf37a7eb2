# SPDX-License-Identifier: Apache-2.0
"""`eddy get` beside `kubectl get` on the same server: what one prints the other does."""

import json
import re
import subprocess

import pytest
import servers
from kube_tools import EddyCommands, widget

ONE = "widget.shop.example.org/one"


@pytest.fixture
def some(both):
    """Three widgets with and without labels, and a ConfigMap."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "<b>\n", "n": "1"}}
    both.kubectl.apply(
        widget(labels={"app": "web", "tier": "a"}, replicas=2, colour="red"),
        widget("a-longer-name", labels={"app": "web"}, size="large"),
        widget("three"),
        config,
    )
    return both


TABLES = (
    ["widgets"],
    ["wd", "-o", "wide"],
    ["Widget", "one"],
    ["widget", "one", "a-longer-name"],
    ["widgets.shop.example.org", "--no-headers"],
    ["widgets.v1.shop.example.org", "--show-labels"],
    ["widgets", "-L", "app,tier", "-L", "none"],
    ["widgets", "-l", "app=web"],
    ["widgets", "-l=app in (web),tier!=a"],
    ["widgets", "--field-selector=metadata.name=three"],
    ["widgets", "-A", "-l", "tier"],
    ["widgets,configmaps"],
    ["widget/one", "cm/c"],
    ["widget/one", "cm/c", "--no-headers"],
    ["shop"],
    ["namespace", "default"],
    ["widget", "missing", "--ignore-not-found"],
)


@pytest.mark.parametrize("arguments", TABLES, ids=" ".join)
def test_tables_are_those_of_kubectl(some, arguments):
    some.same("get", *arguments)


FORMS = ("json", "yaml", "name", "jsonpath={.spec.size}", "jsonpath-as-json={.metadata.labels}", "custom-columns=N:.metadata.name,S:.spec.size")
LIST_FORMS = (
    "json",
    "yaml",
    "name",
    'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}',
    "jsonpath-as-json={.items[*].spec}",
    "custom-columns=N:.metadata.name,L:.metadata.labels",
)


@pytest.mark.parametrize("form", FORMS)
def test_one_object_in_every_form(some, form):
    some.same("get", "widget", "one", "-o", form)
    some.same("get", "widget/one", f"-o={form}")


@pytest.mark.parametrize("form", LIST_FORMS)
def test_lists_in_every_form(some, form):
    some.same("get", "widgets", "-o", form)
    some.same("get", "widgets,configmaps", "-o", form)
    some.same("get", "widgets", "-l", "none=here", "-o", form)


def test_managed_fields_are_shown_on_request(some):
    some.same("get", "widget", "one", "-o", "yaml", "--show-managed-fields")
    some.same("get", "cm", "c", "-o", "json", "--show-managed-fields")


def test_a_list_of_many_pages_is_whole(both):
    both.kubectl.apply(*({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{i}"}} for i in range(501)))
    assert both.eddy.run("get", "cm", "-o", "name").count("\n") == 501
    assert both.eddy.run("get", "cm", "--no-headers").count("\n") == 501


# --- failures


def test_what_is_not_there_fails_behind_what_is(some):
    done = subprocess.run(
        some.eddy.command("get", "widget", "one", "x"), capture_output=True, text=True, timeout=60, check=False, env=some.eddy.environment()
    )
    assert done.returncode == 1
    assert "one" in done.stdout
    assert done.stderr == 'eddy get: widgets.shop.example.org "x" not found (NotFound)\n'


def test_nothing_found_is_said_on_standard_error(both):
    for arguments in (["widgets"], ["widgets", "-A", "-l", "no=where"]):
        sides = [
            subprocess.run(side.command("get", *arguments), capture_output=True, text=True, timeout=60, check=True, env=side.environment())
            for side in (both.eddy, both.kubectl)
        ]
        assert sides[0].stderr == sides[1].stderr
        assert sides[0].stdout == sides[1].stdout == ""


def test_a_mistyped_kind_is_told_the_nearest(both):
    assert both.eddy.run("get", "widgts", code=1) == 'eddy get: widgts: the server has no such kind; did you mean "widgets"?\n'
    assert "the server has no such kind\n" in both.eddy.run("get", "nonsense", code=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "KIND is missing"),
        (["widget/one", "two"], "all arguments are KIND/NAME, or none is"),
        (["widget", "one", "-l", "a=b"], "a selector chooses among all"),
        (["widget", "one", "-A"], "a name is one of a single namespace"),
        (["widgets", "-o", "xml"], '"xml" is no form of output'),
        (["widgets", "-o", "custom-columns=N"], "expected <header>:<json-path-expr>"),
        (["widgets,cm", "-w"], "only one kind can be watched"),
    ],
)
def test_a_wrong_command_line_is_explained(both, arguments, words):
    assert words in both.eddy.run("get", *arguments, code=2)


def test_selectors_that_the_server_refuses(some):
    assert "field label not supported: spec.size (BadRequest)" in some.eddy.run("get", "wd", "--field-selector", "spec.size=x", code=1)


# --- where the server is


def test_the_kubeconfig_of_the_data_folder_is_found(both):
    bare = {"KUBECONFIG": "", "PATH": "/bin"}
    command = [servers.eddy_binary(), "get", "ns", "default", "-o", "name"]
    for more in (["--data", both.kube.server.data], ["--kubeconfig", both.kube.kubeconfig]):
        done = subprocess.run([*command, *more], env=bare, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "namespace/default\n"
    wrong = {**bare, "KUBECONFIG": "/nowhere/kubeconfig"}
    named = subprocess.run([*command, "--data", both.kube.server.data], env=wrong, capture_output=True, text=True, timeout=60, check=True)
    assert named.stdout == "namespace/default\n"
    found = subprocess.run(
        command, env={**bare, "KUBECONFIG": f"/nowhere/a:{both.kube.kubeconfig}"}, capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout == "namespace/default\n"


def refused(arguments, environment, code=1):
    done = subprocess.run([servers.eddy_binary(), *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr


def test_without_a_server_the_way_to_one_is_named(both, tmp_path):
    words = refused(["get", "ns", "--data", tmp_path], {})
    assert f"{tmp_path}/kubeconfig" in words
    assert "eddy serve" in words
    assert "--kubeconfig" in words
    port = servers.free_port()
    words = refused(["get", "ns", "--kubeconfig", both.kube.kubeconfig, "--server", f"https://127.0.0.1:{port}"], {})
    assert words.startswith(f"eddy get: https://127.0.0.1:{port}: nobody listens there. `eddy serve` starts a server")
    assert "no URL" not in refused(["get", "ns", "--server", "localhost"], {})


def test_a_wrong_token_and_one_that_may_only_read(both):
    words = refused(["get", "ns", "--kubeconfig", both.kube.kubeconfig, "--token", "wrong"], {})
    assert "the server does not know the token (401)" in words
    done = subprocess.run(
        [servers.eddy_binary(), "get", "ns", "default", "-o", "name", "--kubeconfig", both.kube.kubeconfig, "--token", both.kube.viewer_token],
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "namespace/default\n"


def test_a_server_of_another_authority_is_not_trusted(both, start_kube, tmp_path):
    other = start_kube()
    config = both.kube.config()
    config["clusters"][0]["cluster"]["server"] = other.config()["clusters"][0]["cluster"]["server"]
    path = tmp_path / "mixed"
    path.write_text(json.dumps(config))
    assert "its certificate is not the one that the kubeconfig trusts" in refused(["get", "ns", "--kubeconfig", path], {})


# --- watches


def lines_of(process, count):
    return [process.stdout.readline() for _ in range(count)]


def watching(eddy: EddyCommands, *arguments):
    return subprocess.Popen(eddy.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=eddy.environment())


def test_a_watch_shows_what_is_there_and_each_change(some):
    with watching(some.eddy, "get", "widgets", "-w", "--output-watch-events") as watch:
        try:
            first = lines_of(watch, 4)
            assert [line.split()[0] for line in first] == ["EVENT", "ADDED", "ADDED", "ADDED"]
            some.kubectl.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"replicas":7}}')
            assert lines_of(watch, 1)[0].split()[:4] == ["MODIFIED", "one", "small", "7"]
            some.kubectl.run("delete", "widget", "one")
            assert lines_of(watch, 1)[0].split()[:2] == ["DELETED", "one"]
        finally:
            watch.kill()


def test_a_watch_of_one_object_in_other_forms(some):
    with watching(some.eddy, "get", "widget", "one", "-w", "-o", "name") as watch:
        try:
            assert lines_of(watch, 1) == [f"{ONE}\n"]
            some.kubectl.run("patch", "widget", "three", "--type=merge", "-p", '{"spec":{"replicas":3}}')
            some.kubectl.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"replicas":3}}')
            assert lines_of(watch, 1) == [f"{ONE}\n"]
        finally:
            watch.kill()
    assert 'widget.shop.example.org "x" not found' in some.eddy.run("get", "widget", "x", "-w", code=1)


def test_a_watch_ends_when_the_server_is_gone(start_kube, tmp_path):
    kube = start_kube()
    eddy = EddyCommands(kube, tmp_path, "default")
    with watching(eddy, "get", "ns", "-w") as watch:
        assert re.match(r"NAME +STATUS +AGE", lines_of(watch, 1)[0])
        kube.server.kill()
        assert watch.wait(20) == 1
        assert watch.stderr.read().startswith("eddy get: https://127.0.0.1:")
