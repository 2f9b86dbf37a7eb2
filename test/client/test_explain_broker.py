# SPDX-License-Identifier: Apache-2.0
"""`eddy explain --broker`: which triggers take an event, and which part of a filter decided."""

import json
import re

import pytest
import yaml
from kube_tools import EddyCommands
from test_events import Receiver, Space, wait_for

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}
EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.created", "region": "eu", "count": 5, "data": {"item": "tea"}}
FILTERS = {
    "all": ({}, "match", "nothing is filtered"),
    "count": ({"filter": {"attributes": {"count": "5"}}}, "match", "count is '5'"),  # a text, once it is in the topic
    "exact": ({"filter": {"attributes": {"type": "order.created"}}}, "match", "type is 'order.created'"),
    "later": ({"filter": {"attributes": {"knativebrokerttl": "255"}}}, "match", "knativebrokerttl is '255'"),  # what the door adds
    "mail": ({"filter": {"attributes": {"type": "mail"}}}, "no match", "type is 'order.created', not 'mail'"),
    "prefix": ({"filters": [{"prefix": {"type": "order."}}, {"suffix": {"type": ".paid"}}]}, "no match",
               "type is 'order.created', which does not end with '.paid'"),
    "sql": ({"filters": [{"cesql": "type LIKE 'order%' AND region = 'us'"}]}, "no match", "region = 'us' is false: region is 'eu'"),
}  # fmt: skip


class Asking:
    def __init__(self, space, receiver, tmp_path):
        self.space, self.receiver, self.folder = space, receiver, tmp_path
        self.eddy = EddyCommands(space.kube, tmp_path, space.name)
        self.file = tmp_path / "event.json"
        self.file.write_text(json.dumps(EVENT))
        self.bootstrap = "{}:{}".format(*space.kube.server.doors["kafka"])

    def explain(self, *arguments, broker="default", **options):
        return self.eddy.run("explain", "--broker", broker, *arguments, "--bootstrap", self.bootstrap, **options)

    def rows(self, *arguments):
        lines = [re.split(r" {2,}", line) for line in self.explain(*arguments).splitlines()]
        return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]

    def tree(self, *arguments):
        return json.loads(self.explain(*arguments, "-o", "json"))


@pytest.fixture
def asking(kube, tmp_path):
    receiver = Receiver()
    space = Space(kube)
    space.broker()
    yield Asking(space, receiver, tmp_path)
    receiver.close()


@pytest.fixture
def triggers(asking):
    for name, (spec, _, _) in FILTERS.items():
        asking.space.trigger(name, asking.receiver.uri(f"/{name}"), **spec)
    return asking


def test_each_trigger_says_what_it_makes_of_an_event(triggers):
    rows = triggers.rows("--event", triggers.file)
    assert [row["TRIGGER"] for row in rows] == sorted(FILTERS)
    for row in rows:
        _, result, why = FILTERS[row["TRIGGER"]]
        assert (row["RESULT"], row["WHY"]) == (result, why)
        assert row["READY"] == "True" and row["SUBSCRIBER"] == triggers.receiver.uri(f"/{row['TRIGGER']}")
    assert triggers.explain("--event", "-", text=json.dumps(EVENT)) == triggers.explain("--event", triggers.file)
    other = triggers.eddy.run("explain", "--namespace=default", f"--broker={triggers.space.name}/default", "--event", triggers.file)
    assert other == triggers.explain("--event", triggers.file)
    tree = triggers.tree("--event", triggers.file)
    assert tree["event"]["id"] == "1" and tree["broker"] == "default" and "offset" not in tree
    assert {one["name"]: (one["result"], one["why"]) for one in tree["triggers"]} == {name: row[1:] for name, row in FILTERS.items()}


def test_it_is_what_the_server_does(triggers):
    """The same event, sent: those it says get it, and no other."""
    status, _, _ = triggers.space.post({"Content-Type": "application/cloudevents+json"}, json.dumps(EVENT).encode())
    assert status == 202
    said = {row["TRIGGER"] for row in triggers.rows("--event", triggers.file) if row["RESULT"] == "match"}
    wait_for(lambda: len(triggers.receiver.got) == len(said), lambda: triggers.receiver.got)
    triggers.space.send("2", "nobody")
    wait_for(lambda: triggers.receiver.ids("/all") == ["1", "2"], "the one behind it")
    assert {path for path, headers, _ in triggers.receiver.got if headers["ce-id"] == "1"} == {f"/{name}" for name in said}


def test_an_event_that_came_is_found_by_its_id(triggers):
    triggers.space.send("before", "mail")
    triggers.space.send("5f3a", "mail")
    triggers.space.send("after", "mail")
    tree = triggers.tree("--id", "5f3a")
    assert (tree["partition"], tree["offset"], tree["event"]["type"]) == (0, 1, "mail")
    assert tree["topic"] == f"knative-broker-{triggers.space.name}-default"
    assert {one["name"] for one in tree["triggers"] if one["result"] == "match"} == {"all", "mail", "later"}
    wait_for(lambda: all(one["done"] for one in triggers.tree("--id", "5f3a")["triggers"] if one["result"] == "match"), "all is done")
    assert {row["DONE"] for row in triggers.rows("--id", "5f3a") if row["RESULT"] == "match"} == {"yes"}


def test_what_is_not_delivered_yet_is_not_done(asking):
    asking.receiver.answer = lambda path, headers, body: (503, {}, b"")
    asking.space.trigger("t", asking.receiver.uri("/in"), delivery={"retry": 5, "backoffDelay": "PT60S", "backoffPolicy": "linear"})
    asking.space.send("1")
    wait_for(lambda: asking.receiver.got, "the first attempt")
    asking.space.trigger("other", asking.receiver.uri("/other"), filter={"attributes": {"type": "mail"}})
    done = {row["TRIGGER"]: row["DONE"] for row in asking.rows("--id", "1")}
    assert done == {"t": "not yet", "other": "-"}, "a trigger that it does not match has nothing to do"
    assert {one["name"]: one.get("done") for one in asking.tree("--id", "1")["triggers"]} == {"t": False, "other": None}


def test_one_of_two_with_the_same_id_is_named_by_its_source(asking):
    for source in ("/a", "/b"):
        asking.space.post({"ce-specversion": "1.0", "ce-id": "1", "ce-source": source, "ce-type": "t"})
    words = asking.explain("--id", "1", code=1)
    assert words == "eddy explain: 1: several sources have sent an event with this id, as /a and /b: --source names one\n"
    assert asking.tree("--id", "1", "--source", "/a")["event"]["source"] == "/a"
    assert "no event with this id and source came" in asking.explain("--id", "1", "--source", "/c", code=1)


def test_an_expression_that_gives_no_boolean_is_told(asking):
    """In a topic every extension is a text."""
    asking.file.write_text(json.dumps({**EVENT, "mybool": True}))
    for name, expression in (("attribute", "mybool"), ("compared", "mybool = TRUE"), ("sum", "1 + 1")):
        asking.space.trigger(name, asking.receiver.uri("/"), filters=[{"cesql": expression}])
    assert {row["TRIGGER"]: (row["RESULT"], row["WHY"]) for row in asking.rows("--event", asking.file)} == {
        "attribute": ("no match", "mybool is 'true', of type String: only true, a Boolean, passes"),
        "compared": ("match", "mybool = TRUE is true: mybool is 'true'"),
        "sum": ("no match", "1 + 1 is always 2, of type Integer: only true, a Boolean, passes"),
    }


def test_yaml_is_the_same_as_json(triggers):
    trees = yaml.safe_load(triggers.explain("--event", triggers.file, "-o", "yaml")), triggers.tree("--event", triggers.file)
    for tree in trees:
        assert tree["event"].pop("knativearrivaltime")
    assert trees[0] == trees[1]


def test_only_triggers_of_the_broker_are_asked(asking):
    asking.space.broker("other")
    asking.space.trigger("t", asking.receiver.uri("/"), broker="other")
    assert asking.explain("--event", asking.file) == f"No trigger of {asking.space.name}/default asks for events.\n"
    assert asking.tree("--event", asking.file)["triggers"] == []
    assert "t  " in asking.explain("--event", asking.file, broker="other")


@pytest.mark.parametrize(
    "text,words",
    [
        ("{", "this is no event that a broker takes: "),
        ("[]", "this is no event that a broker takes: "),
        (json.dumps({**EVENT, "id": ""}), "id: "),
        (json.dumps({name: value for name, value in EVENT.items() if name != "source"}), "source: "),
        (json.dumps({**EVENT, "time": "today"}), "time: "),
        (json.dumps({**EVENT, "My-Ext": 1}), "My-Ext"),
        (json.dumps({**EVENT, "knativebrokerttl": 1}), "no hops are left"),
    ],
)
def test_what_is_no_event_is_told_with_what_is_wrong(asking, text, words):
    asking.file.write_text(text)
    said = asking.explain("--event", asking.file, code=1)
    assert said.startswith(f"eddy explain: {asking.file}: this is no event that a broker takes: ") and words in said


def test_what_is_not_there_is_told(asking):
    said = asking.explain("--event", asking.file, broker="nope", code=1)
    assert said == f'eddy explain: {asking.space.name}/nope: brokers.eventing.knative.dev "nope" not found\n'
    assert "no such thing" in asking.explain("--event", asking.folder / "nope.json", code=1).lower()
    topic = f"knative-broker-{asking.space.name}-default"
    assert asking.explain("--id", "1", code=1) == f"eddy explain: 1: no event with this id came to the broker in the last hour (topic {topic})\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--event: name an event: a file by --event, or one that came by --id"),
        (("--event", "a", "--id", "b"), "--event: name one event, by --event or by --id, not by both"),
        (("--event", "a", "--source", "b"), "--source: says which event of --id is meant, and there is none"),
        (("--event", "a", "pod"), ""),
    ],
)
def test_the_command_line_is_checked_first(asking, arguments, words):
    assert f"eddy explain: {words}" in asking.explain(*arguments, code=2)


@pytest.mark.parametrize("flag", ["--event", "--id", "--source"])
def test_an_event_goes_with_a_broker(asking, flag):
    said = asking.eddy.run("explain", "default", flag, "f", code=2)
    assert said == f"eddy explain: {flag}: goes with --broker: eddy explain --broker NAME --event FILE|--id ID\n"


def test_the_help_of_both_forms(asking):
    assert "--recursive" in asking.eddy.run("explain", "--help") and "explain --broker" in asking.eddy.run("explain", "--help")
    assert "--recursive" not in asking.eddy.run("explain", "--broker", "b", "--help")
