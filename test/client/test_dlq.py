# SPDX-License-Identifier: Apache-2.0
"""eddy dlq: dead letters are listed, shown, replayed, edited and dropped, and nothing is replayed twice by accident."""

import collections
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

import confluent_kafka
import confluent_kafka.admin
import pytest
import servers
from test_events import KUBE_ENVIRONMENT, SECONDS, receiver, space, wait_for  # noqa: F401 fixtures, and what the server is started with


class Dlq:
    def __init__(self, space):
        self.space = space
        self.bootstrap = "{}:{}".format(*space.kube.server.doors["kafka"])

    def run(self, *arguments, code=0, both=False, **environment):
        command = [servers.eddy_binary(), "dlq", *map(str, arguments), "--bootstrap", self.bootstrap]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env={**os.environ, **environment})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr if both else done.stdout if code == 0 else done.stderr

    def list(self, *arguments):
        """Those of this namespace."""
        lines = self.run("list", "--json", *arguments).splitlines()
        return [letter for letter in map(json.loads, lines) if f"/{self.space.name}/" in letter.get("from", "") or self.space.name in letter["id"]]

    def trigger(self, name):
        return ["--trigger", f"{self.space.name}/{name}"]


def kubeconfig(space):
    return ["--kubeconfig", space.kube.kubeconfig]


def editor(folder, expression):
    """A command that makes of the TEXT of a file what EXPRESSION says."""
    path = folder / f"editor-{len(list(folder.iterdir()))}"
    path.write_text(f"#!{sys.executable}\nimport pathlib, sys\npath = pathlib.Path(sys.argv[1])\ntext = path.read_text()\npath.write_text({expression})\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def dlq(space):
    return Dlq(space)


def fail(space, receiver, count=1, name="t", status=400, **trigger):
    """A trigger NAME whose subscriber refuses COUNT events, and takes all from then on."""
    topic = f"knative-broker-{space.name}-default-dead-letters"
    before = len(space.records(topic)) if space.ask("Broker", "default").status == 200 else 0
    receiver.answer = lambda path, headers, body: (status if path == f"/{name}" else 202, {"Content-Type": "text/plain"}, b"no, thanks")
    if before == 0:
        space.broker()
    space.trigger(name, receiver.uri(f"/{name}"), **trigger)
    for number in range(count):
        space.send(f"{name}{number}")
    wait_for(lambda: len(space.records(topic)) == before + count, lambda: space.records(topic))
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    receiver.got.clear()


def test_list_and_show_say_what_failed_and_why(space, receiver, dlq):
    fail(space, receiver)
    (letter,) = dlq.list()
    assert letter["id"] == f"knative-broker-{space.name}-default-dead-letters/0/0"
    assert (letter["state"], letter["from"], letter["replays"]) == ("new", f"trigger/{space.name}/t", 0)
    assert letter["record"] == f"knative-broker-{space.name}-default/0/0"
    assert letter["error"] == {"code": "400", "destination": receiver.uri("/t"), "data": "no, thanks"}
    assert letter["event"]["id"] == "t0"
    text = dlq.run("list", *dlq.trigger("t"))
    assert text.splitlines()[0].split() == ["ID", "FAILED", "STATE", "FROM", "TYPE", "EVENT", "REPLAYS", "CODE", "ERROR"]
    shown = dlq.run("show", letter["id"])
    assert json.loads(shown[shown.index("\n{\n") :]) == letter["event"]
    assert "400 from " + receiver.uri("/t") in shown and "no, thanks" in shown and '"id": "t0"' in shown


def test_an_event_is_shown_and_edited_as_it_is(space, receiver, dlq, tmp_path):
    """No letter is escaped that JSON does not want escaped, and numbers stay as they were written."""
    fail(space, receiver)
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    body = b'{"text":"a & b < c > d","number":1.50,"none":{},"list":[1,[]]}'
    space.send("odd", body=body)
    wait_for(lambda: len(dlq.list()) == 2, lambda: dlq.list())
    letter = dlq.list()[-1]
    assert '"text": "a & b < c > d",\n        "number": 1.50,\n        "none": {},\n        "list": [\n            1,\n            []\n' in dlq.run("show", letter["id"])
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    receiver.got.clear()
    dlq.run("edit", letter["id"], EDITOR=editor(tmp_path, "text.replace('a.b', 'c.d')"), KUBE_EDITOR="")
    wait_for(lambda: receiver.got, "the edited one")
    assert json.loads(receiver.got[0][2]) == json.loads(body) and b"1.50" in receiver.got[0][2] and receiver.got[0][1]["ce-type"] == "c.d"


def test_filters_choose(space, receiver, dlq):
    fail(space, receiver, 2, "a", 400)
    fail(space, receiver, 1, "b", 410)
    assert sorted(one["event"]["id"] for one in dlq.list(*dlq.trigger("a"))) == ["a0", "a1"]  # they fail at the same time
    assert [one["event"]["id"] for one in dlq.list("--error", "410")] == ["b0"]
    assert len(dlq.list("--error", "THANKS")) == 3 and dlq.list("--error", "other") == []
    assert len(dlq.list("--since", "1h")) == 3 and dlq.list("--until", "1h") == []
    topic = f"knative-broker-{space.name}-default-dead-letters"
    assert len(dlq.list("--topic", topic)) == 3
    assert len(dlq.list("-n", space.name)) == 3 and dlq.list("-n", "elsewhere") == []
    assert [one["event"]["id"] for one in dlq.list("-n", space.name, "--trigger", "b")] == ["b0"]
    assert "2 would be replayed." in dlq.run("replay", "-n", space.name, "--trigger", "a", "--dry-run")
    assert "3 would be dropped" in dlq.run("drop", "-n", space.name, "--dry-run")


def test_a_word_finds_those_that_no_answer_came_for(space, receiver, dlq):
    silent = socket.create_server(("127.0.0.1", 0))  # it takes connections, and says nothing
    closed = socket.create_server(("127.0.0.1", 0))
    space.broker()
    delivery = {"retry": 0, "timeout": "PT0.3S"}
    for name, server in (("silent", silent), ("closed", closed)):
        space.trigger(name, "http://127.0.0.1:{}/".format(server.getsockname()[1]), delivery=delivery)
    closed.close()
    space.send("1")
    wait_for(lambda: len(dlq.list()) == 2, lambda: dlq.list())
    silent.close()
    for word, name in (("timeout", "silent"), ("refused", "closed")):
        assert [letter["from"] for letter in dlq.list("--error", word)] == [f"trigger/{space.name}/{name}"]
    words = dlq.run("list", "--help")
    assert all(word in words for word in ("timeout", "refused", "reset", "dns"))


def test_a_replay_goes_to_the_one_who_failed_and_is_not_repeated(space, receiver, dlq):
    space.broker()
    space.trigger("other", receiver.uri("/other"))
    space.trigger("picky", receiver.uri("/picky"), filter={"attributes": {"type": "never"}})
    fail(space, receiver, 3)
    text = dlq.run("replay", *dlq.trigger("t"))
    assert text.splitlines()[-1] == "3 replayed."
    wait_for(lambda: sorted(receiver.ids("/t")) == ["t0", "t1", "t2"], lambda: receiver.got)
    assert receiver.ids("/other") == [] and receiver.ids("/picky") == []
    headers = receiver.got[0][1]
    assert headers["ce-eddyreplays"] == "1" and headers["ce-knativeerrorcode"] == "400"
    assert "3 skipped" in dlq.run("replay", *dlq.trigger("t"))
    assert dlq.list() == [] and {one["state"] for one in dlq.list("--all")} == {"replayed"}
    for count in (2, 3):
        assert dlq.run("replay", *dlq.trigger("t"), "--again").splitlines()[-1] == "3 replayed."
        wait_for(lambda: len(receiver.ids("/t")) == 3 * count, lambda: receiver.got)  # noqa: B023 it is waited for here
        assert {headers["ce-eddyreplays"] for _, headers, _ in receiver.got[-3:]} == {str(count)}
        assert {one["replays"] for one in dlq.list("--all")} == {count}
    assert re.search(r"^Replays: +3$", dlq.run("show", dlq.list("--all")[0]["id"]), re.MULTILINE)


def test_a_replay_that_fails_again_is_a_dead_letter_with_its_history(space, receiver, dlq):
    fail(space, receiver)
    receiver.answer = lambda path, headers, body: (410, {}, b"")
    (letter,) = dlq.list()
    dlq.run("replay", letter["id"])
    wait_for(lambda: len(dlq.list()) == 1, lambda: dlq.list("--all"))
    (again,) = dlq.list()
    assert again["replays"] == 1 and again["error"]["code"] == "410" and again["id"] != letter["id"]
    shown = json.loads(dlq.run("show", again["id"], "--json"))
    assert [one["id"] for one in shown["history"]] == [letter["id"]]


def test_a_replay_into_the_broker_and_into_a_topic(space, receiver, dlq):
    fail(space, receiver)
    space.trigger("other", receiver.uri("/other"))
    (letter,) = dlq.list()
    dlq.run("replay", letter["id"], "--to", "broker")
    wait_for(lambda: receiver.ids("/other") == ["t0"] and receiver.ids("/t") == ["t0"], lambda: receiver.got)
    topic = f"elsewhere-{space.name}"
    admin = space.admin()
    admin.create_topics([confluent_kafka.admin.NewTopic(topic, 1)])[topic].result(SECONDS)
    dlq.run("replay", letter["id"], "--to", f"topic:{topic}", "--again")
    ((headers, value),) = space.records(topic)
    assert headers["ce_id"] == "t0" and headers["ce_eddyreplays"] == "2" and value == b"{}"


def test_a_replay_has_all_its_hops_again(space, receiver, dlq):
    """Else what is answered to it, or becomes of it, would be refused as a loop."""
    fail(space, receiver)
    space.trigger("answers", receiver.uri("/answers"), filter={"attributes": {"type": "answer"}})
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    space.send("last", knativebrokerttl="2")
    wait_for(lambda: len(dlq.list()) == 2, lambda: dlq.list())
    letter = dlq.list()[-1]
    assert letter["event"]["knativebrokerttl"] == "1"
    answer = {"ce-specversion": "1.0", "ce-id": "r", "ce-source": "/r", "ce-type": "answer"}
    receiver.answer = lambda path, headers, body: (200, answer, b"") if headers["ce-id"] == "last" else (202, {}, b"")
    dlq.run("replay", letter["id"])
    wait_for(lambda: receiver.ids("/answers") == ["r"], lambda: (receiver.got, dlq.list()))


def test_a_rate_is_kept_and_a_dry_run_does_nothing(space, receiver, dlq):
    fail(space, receiver, 10)
    assert "10 would be replayed." in dlq.run("replay", *dlq.trigger("t"), "--dry-run")
    assert len(dlq.list()) == 10
    started = time.monotonic()
    dlq.run("replay", *dlq.trigger("t"), "--rate", "5/s")
    assert 1.6 <= time.monotonic() - started < 10
    wait_for(lambda: len(receiver.ids("/t")) == 10, lambda: receiver.got)


def test_drop_leaves_them_out(space, receiver, dlq):
    fail(space, receiver, 2)
    first, second = dlq.list()
    assert "1 dropped, 0 skipped." in dlq.run("drop", first["id"])
    assert dlq.list() == [second]
    assert "1 skipped" in dlq.run("replay", first["id"]) and receiver.got == []


def test_edit_replays_what_the_editor_made(space, receiver, dlq, tmp_path):
    fail(space, receiver)
    (letter,) = dlq.list()
    assert "Edit cancelled" in dlq.run("edit", letter["id"], EDITOR="true", KUBE_EDITOR="")
    assert "edited and replayed" in dlq.run("edit", letter["id"], EDITOR=editor(tmp_path, "text.replace('a.b', 'c.d')"), KUBE_EDITOR="")
    wait_for(lambda: receiver.ids("/t") == ["t0"], lambda: receiver.got)
    assert receiver.got[0][1]["ce-type"] == "c.d"
    broken = editor(tmp_path, "'{}'")
    assert "--again" in dlq.run("edit", letter["id"], code=1, EDITOR=broken, KUBE_EDITOR="")
    words = dlq.run("edit", letter["id"], "--again", code=1, EDITOR=broken, KUBE_EDITOR="", TMPDIR=str(tmp_path))
    assert "specversion" in words and "what was edited is kept in" in words


def test_what_was_edited_is_not_lost(space, receiver, dlq, tmp_path):
    """It comes back into the editor with what is wrong; when it ends there it is kept."""
    fail(space, receiver)
    (letter,) = dlq.list()
    environment = {"KUBE_EDITOR": "", "TMPDIR": str(tmp_path)}
    broken = editor(tmp_path, """text.replace('"a.b"', 'c.d')""")
    words = dlq.run("edit", letter["id"], code=1, EDITOR=broken, **environment)
    (kept,) = re.findall("eddy dlq edit: what was edited is kept in (.*)", words)
    lines = pathlib.Path(kept).read_text().splitlines()
    (number,) = re.findall(r"eddy dlq edit: no event: line (\d+): ", words)
    assert "c.d" in lines[int(number) - 1] and any(f"# * line {number}: " in line for line in lines)
    mended = editor(tmp_path, """text.replace('c.d', '"c.d"') if 'c.d' in text else text.replace('"a.b"', 'c.d')""")
    assert "edited and replayed" in dlq.run("edit", letter["id"], EDITOR=mended, **environment)
    wait_for(lambda: [headers["ce-type"] for _, headers, _ in receiver.got] == ["c.d"], lambda: receiver.got)
    pathlib.Path(kept).unlink()
    pathlib.Path(kept).parent.rmdir()
    assert list(tmp_path.glob("eddy-edit-*")) == []


def test_what_a_topic_refuses_is_as_it_was(space, receiver, dlq):
    fail(space, receiver, 2)
    first, second = (letter["id"] for letter in dlq.list())
    topic = f"small-{space.name}"
    admin = space.admin()
    admin.create_topics([confluent_kafka.admin.NewTopic(topic, 1, config={"max.message.bytes": "100"})])[topic].result(SECONDS)
    dlq.run("replay", first)
    for id in (first, second):
        dlq.run("replay", id, "--to", f"topic:{topic}", "--again", code=1)
    assert {letter["id"]: letter["state"] for letter in dlq.list("--all")} == {first: "replayed", second: "new"}
    assert space.records(topic) == []


def test_a_kafka_sinks_dead_letters_are_known_too(space, receiver, dlq):
    topic = f"queue-{space.name}"
    space.make("KafkaSink", "queue", {"topic": topic, "bootstrapServers": ["x"], "contentMode": "structured"})
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    space.broker()
    sink = {"ref": {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": "queue"}}
    space.trigger("t", receiver.uri("/t"), delivery={"deadLetterSink": sink})
    space.send("1")
    wait_for(lambda: space.records(topic), "a dead letter")
    (letter,) = dlq.list("--topic", topic)
    assert letter["from"] == f"trigger/{space.name}/t" and letter["event"]["id"] == "1"
    assert dlq.list(*kubeconfig(space)) == [letter] and dlq.list() == []
    words = dlq.run("list", *dlq.trigger("nobody"), both=True)
    assert words.count("\n") == 2 and "KafkaSinks: their topics were not looked into; --topic names one" in words
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    receiver.got.clear()
    dlq.run("replay", letter["id"])
    wait_for(lambda: receiver.ids("/t") == ["1"], lambda: receiver.got)


def test_what_was_delivered_to_a_kafka_sink_is_no_dead_letter(space, receiver, dlq):
    """Not even a replayed event, which kept the error that it failed with."""
    topic = f"archive-{space.name}"
    space.make("KafkaSink", "archive", {"topic": topic, "bootstrapServers": ["x"]})
    fail(space, receiver)
    space.make("Trigger", "archive", {"broker": "default", "subscriber": {"ref": {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": "archive"}}})
    space.send("2")
    dlq.run("replay", *dlq.trigger("t"), "--to", "broker")
    wait_for(lambda: len(space.records(topic)) == 2, lambda: space.records(topic))
    assert any(headers.get("ce_knativeerrorcode") == "400" for headers, _ in space.records(topic))
    assert [letter["state"] for letter in dlq.list("--all", *kubeconfig(space))] == ["replayed"]


# --- who is not there any more


@pytest.mark.parametrize("asks", [True, False], ids=["kubeconfig", "kafka-alone"])
def test_a_replay_to_a_trigger_that_is_gone_is_refused(space, receiver, dlq, tmp_path, asks):
    server = kubeconfig(space) if asks else ["--data", tmp_path]
    fail(space, receiver, 2)
    (id, *_) = (letter["id"] for letter in dlq.list())
    space.delete("Trigger", "t")
    touch = f"touch {tmp_path}/edited #"
    for command in (["replay", *dlq.trigger("t")], ["replay", id, "--dry-run"], ["edit", id]):
        words = dlq.run(*command, *server, code=1, EDITOR=touch, KUBE_EDITOR="")
        assert f"trigger/{space.name}/t" in words and "nobody would get it" in words and "--to broker" in words, words
        assert ("does not exist any more at https://" if asks else "does not read the topic") in words
    assert not (tmp_path / "edited").exists()
    assert [letter["state"] for letter in dlq.list()] == ["new", "new"]
    space.trigger("other", receiver.uri("/other"))
    assert "1 replayed." in dlq.run("replay", id, "--to", "broker", *server)
    wait_for(lambda: len(receiver.ids("/other")) == 1, lambda: receiver.got)
    space.trigger("t", receiver.uri("/t"))  # one of its name gets what is its
    assert "1 replayed. 1 skipped" in dlq.run("replay", *dlq.trigger("t"), *server)
    wait_for(lambda: len(receiver.ids("/t")) == 1, lambda: receiver.got)


def test_a_replay_into_a_topic_that_is_not_eddys_own_says_so(space, receiver, dlq):
    topic = f"theirs-{space.name}"
    admin = space.admin()
    admin.create_topics([confluent_kafka.admin.NewTopic(topic, 1)])[topic].result(SECONDS)
    annotations = {"eventing.knative.dev/broker.class": "Kafka", "kafka.eventing.knative.dev/external.topic": topic}
    space.make("Broker", "default", {}, annotations=annotations)
    space.trigger("t", receiver.uri("/t"))
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    space.send("1")
    wait_for(lambda: dlq.list(), "a dead letter")
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    (letter,) = dlq.list()
    shared = f", into {topic}, which its other consumers read as well."
    for to in ("trigger", "broker"):
        assert dlq.run("replay", letter["id"], "--to", to, "--again").endswith(f"1 replayed{shared}\n")


def test_a_replay_to_a_trigger_of_another_broker_is_refused(space, receiver, dlq):
    fail(space, receiver)
    space.delete("Trigger", "t")
    space.broker("another")
    space.trigger("t", receiver.uri("/t"), broker="another")
    words = dlq.run("replay", *dlq.trigger("t"), *kubeconfig(space), code=1)
    assert f"does not read the topic knative-broker-{space.name}-default (the group knative-trigger-{space.name}-t " in words


def test_a_replay_to_a_subscription_that_is_gone_is_refused(space, receiver, dlq):
    channel = {"apiVersion": "messaging.knative.dev/v1", "kind": "InMemoryChannel", "name": "c"}
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    space.make("InMemoryChannel", "c", {})
    space.make("Subscription", "s", {"channel": channel, "subscriber": {"uri": receiver.uri("/s")}})
    space.send("1", path=f"/channels/{space.name}/c")
    wait_for(lambda: dlq.list(), "a dead letter")
    (letter,) = dlq.list()
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    assert "1 would be replayed." in dlq.run("replay", letter["id"], "--dry-run", *kubeconfig(space))
    assert "which has no broker" in dlq.run("replay", letter["id"], "--to", "broker", code=1)
    space.delete("Subscription", "s")
    words = dlq.run("replay", letter["id"], *kubeconfig(space), code=1)
    assert "does not exist any more" in words and "--to topic:" in words and "--to broker" not in words
    assert "does not read the topic" in dlq.run("replay", letter["id"], code=1)


def test_a_replay_to_a_source_asks_for_its_object(space, receiver, dlq):
    """Its group may be the user's, and stay behind."""
    topic, queue = f"topic-{space.name}", f"queue-{space.name}"
    for name in (topic, queue):
        space.make("KafkaSink", name, {"topic": name, "bootstrapServers": ["x"]})
    sink = {"ref": {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": queue}}
    spec = {"bootstrapServers": ["x"], "topics": [topic], "consumerGroup": f"group-{space.name}", "sink": {"uri": receiver.uri("/in")}, "delivery": {"deadLetterSink": sink}}
    space.make("KafkaSource", "s", spec)
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    space.send("1", path=f"/kafkasinks/{space.name}/{topic}")
    wait_for(lambda: dlq.list("--topic", queue), "a dead letter")
    (letter,) = dlq.list("--topic", queue)
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    receiver.got.clear()
    assert letter["from"] == f"kafkasource/{space.name}/s"
    assert "whether it exists is not known" in dlq.run("replay", letter["id"], code=1)
    shared = f"replayed, into {topic}, which its other consumers read as well."
    assert "1 would be " + shared in dlq.run("replay", letter["id"], "--dry-run", *kubeconfig(space))
    words = dlq.run("replay", letter["id"], "--to", "broker", *kubeconfig(space), code=1)
    assert f"is of kafkasource/{space.name}/s, which has no broker: --to topic:{topic} " in words
    assert "1 " + shared in dlq.run("replay", letter["id"], *kubeconfig(space))
    wait_for(lambda: receiver.ids("/in") == ["1"], lambda: receiver.got)
    space.make("KafkaSource", "s", {**spec, "topics": [queue]})
    assert "does not read the topic" in dlq.run("replay", letter["id"], "--again", *kubeconfig(space), code=1)
    space.delete("KafkaSource", "s")
    assert "does not exist any more" in dlq.run("replay", letter["id"], "--again", *kubeconfig(space), code=1)


# --- several commands, and those that do not come to their end


def begin(dlq, *arguments):
    command = [servers.eddy_binary(), "dlq", "replay", *arguments, "--bootstrap", dlq.bootstrap]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_replays_at_the_same_moment_share_the_letters(space, receiver, dlq):
    """Each letter is replayed by one of them, and both say what they did."""
    count = 1000  # they begin a hundred at a time
    fail(space, receiver, count)
    processes = [begin(dlq, *dlq.trigger("t")) for _ in range(4)]
    ended = [(*process.communicate(timeout=SECONDS), process.returncode) for process in processes]
    assert all(code == 0 and errors.count("\n") == 1 and "KafkaSinks" in errors for _, errors, code in ended), ended
    told = [line.split()[1] for output, _, _ in ended for line in output.splitlines()[:-1]]
    assert len(told) == len({*told}) == count
    summaries = [output.splitlines()[-1] for output, _, _ in ended]
    assert sum(int(number) for summary in summaries for number in re.findall(r"\d+", summary)) == 4 * count, summaries
    wait_for(lambda: len(receiver.ids("/t")) >= count, lambda: len(receiver.ids("/t")))
    assert sorted(receiver.ids("/t")) == sorted(f"t{number}" for number in range(count))
    assert {letter["state"] for letter in dlq.list("--all")} == {"replayed"}


def test_a_replay_that_is_killed_repeats_nothing_that_was_sent(space, receiver, dlq):
    fail(space, receiver, 30)
    process = begin(dlq, *dlq.trigger("t"), "--rate", "20/s")
    wait_for(lambda: len(receiver.ids("/t")) >= 5, lambda: receiver.got)
    process.kill()
    process.communicate(timeout=SECONDS)
    dlq.run("replay", *dlq.trigger("t"))
    uncertain = dlq.list("--uncertain")
    assert len(uncertain) <= 100
    dlq.run("replay", *dlq.trigger("t"), "--uncertain", "--again")
    wait_for(lambda: {*receiver.ids("/t")} == {f"t{number}" for number in range(30)}, lambda: receiver.ids("/t"))
    assert len(receiver.ids("/t")) == 30, sorted(receiver.ids("/t"))


def test_replays_that_are_killed_at_any_moment_lose_nothing_and_tell_what_is_uncertain(space, receiver, dlq):
    count = 500
    fail(space, receiver, count)
    everything = {f"t{number}" for number in range(count)}
    for lines in (0, 1, 50, 100):  # a line is printed for what is sent for sure; then it goes on with the next hundred
        process = begin(dlq, *dlq.trigger("t"))
        for _ in range(lines):
            process.stdout.readline()
        time.sleep(0.01)
        process.kill()
        process.communicate(timeout=SECONDS)
    dlq.run("replay", *dlq.trigger("t"))
    uncertain = {letter["event"]["id"] for letter in dlq.list("--uncertain")}
    wait_for(lambda: {*receiver.ids("/t")} >= everything - uncertain, lambda: everything - {*receiver.ids("/t")})
    assert len(receiver.ids("/t")) == len({*receiver.ids("/t")})  # nothing twice without a word
    dlq.run("replay", *dlq.trigger("t"), "--uncertain", "--again")
    wait_for(lambda: {*receiver.ids("/t")} == everything, lambda: everything - {*receiver.ids("/t")})
    twice = {id for id, number in collections.Counter(receiver.ids("/t")).items() if number > 1}
    assert twice <= uncertain and dlq.list() == []


# --- what was done, when the letters go


def ledger(space, dlq):
    """The letters of this namespace that the ledger has a mark of, with the ids of their topics."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": dlq.bootstrap, "group.id": "none", "enable.partition.eof": True, "fetch.wait.max.ms": 10})
    consumer.assign([confluent_kafka.TopicPartition("eddy-dlq", 0, confluent_kafka.OFFSET_BEGINNING)])
    last = {}
    while (message := consumer.poll(SECONDS)) is not None and not message.error():
        last[message.key().decode()] = message.value()
    consumer.close()
    return {tuple(key.split(" ")[:2]) for key, value in last.items() if value is not None and space.name in key}


def test_a_topic_that_was_made_anew_has_new_letters(space, receiver, dlq):
    """What was done with the old ones hides none of them, and is forgotten."""
    topic = f"knative-broker-{space.name}-default-dead-letters"
    fail(space, receiver, 3)
    dlq.run("replay", *dlq.trigger("t"))
    dlq.run("drop", f"{topic}/0/2", "--topic", topic)
    wait_for(lambda: len(receiver.ids("/t")) == 3, lambda: receiver.got)
    before = ledger(space, dlq)
    assert len(before) == 3
    admin = space.admin()
    admin.delete_topics([topic])[topic].result(SECONDS)
    wait_for(lambda: space.partitions(topic) == 1, "the broker makes it anew")
    fail(space, receiver, 3, "u")
    assert [(letter["id"], letter["state"]) for letter in dlq.list()] == [(f"{topic}/0/{offset}", "new") for offset in range(3)]
    assert dlq.run("replay", *dlq.trigger("u")).splitlines()[-1] == "3 replayed."
    wait_for(lambda: len(receiver.ids("/u")) == 3, lambda: receiver.got)
    assert dlq.list() == [] and len(ledger(space, dlq)) == 3 and not before & ledger(space, dlq)


def test_what_was_done_with_letters_that_are_gone_is_forgotten(space, receiver, dlq):
    topic = f"knative-broker-{space.name}-default-dead-letters"
    fail(space, receiver, 4)
    dlq.run("drop", *dlq.trigger("t"), "--topic", topic)
    assert len(ledger(space, dlq)) == 4
    admin = space.admin()
    place = confluent_kafka.TopicPartition(topic, 0, 3)  # as retention does it
    admin.delete_records([place])[place].result(SECONDS)
    dlq.list("--all")
    assert len(ledger(space, dlq)) == 4  # who only looks writes nothing
    fail(space, receiver, 1, "u")
    dlq.run("drop", *dlq.trigger("u"))
    assert {letter for letter, _ in ledger(space, dlq)} == {f"{topic}/0/3", f"{topic}/0/4"}
    end = len(space.records("eddy-dlq"))
    dlq.run("replay", f"{topic}/0/4", "--again")
    assert len(space.records("eddy-dlq")) == end + 3  # that it begins, that it is done, and that it does not begin any more


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["replay"], 2, "--all-of-them"),
        (["drop"], 2, "--all-of-them"),
        (["replay", "x"], 2, "is no id of a dead letter"),
        (["show", "nowhere-dead-letters/0/0"], 1, "there is no such topic"),
        (["list", "--since", "yesterday"], 2, "expected how long ago"),
        (["replay", "--all-of-them", "--to", "moon"], 2, "expected trigger, broker or topic:NAME"),
        (["replay", "--all-of-them", "--rate", "0"], 2, "expected a number of events"),
        (["show", "{topic}/0/99"], 1, "the partition ends before"),
    ],
)
def test_what_is_wrong_is_said(space, receiver, dlq, arguments, code, words):
    if "{topic}/0/99" in arguments:
        fail(space, receiver)
    arguments = [word.format(topic=f"knative-broker-{space.name}-default-dead-letters") for word in arguments]
    assert words in dlq.run(*arguments, code=code)
