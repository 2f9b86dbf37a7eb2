# SPDX-License-Identifier: Apache-2.0
"""`eddy watch`: each change with what it was, as `kubectl get --watch --output-watch-events` shows it."""

import json
import subprocess

from kube_tools import ageless, widget


def watching(side, *arguments):
    return subprocess.Popen(side.command(*arguments), stdout=subprocess.PIPE, text=True, env=side.environment())


def change(both):
    """One of each: a creation, a change, a deletion."""
    both.kubectl.apply(widget("two", size="large"))
    both.kubectl.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"replicas":7}}')
    both.kubectl.run("delete", "widget", "one")


def test_the_lines_are_those_of_kubectl(both):
    both.kubectl.apply(widget(labels={"a": "b"}))
    with (
        watching(both.eddy, "watch", "widgets", "--show-labels") as mine,
        watching(both.kubectl, "get", "widgets", "-w", "--output-watch-events", "--show-labels") as theirs,
    ):
        try:
            first = [ageless(side.stdout.readline() + side.stdout.readline()) for side in (mine, theirs)]
            change(both)
            rest = [ageless("".join(side.stdout.readline() for _ in range(3))) for side in (mine, theirs)]
        finally:
            mine.kill()
            theirs.kill()
    assert first[0] == first[1]
    assert rest[0] == rest[1]
    assert [line.split()[:2] for line in rest[0].splitlines()] == [["ADDED", "two"], ["MODIFIED", "one"], ["DELETED", "one"]]


def test_objects_as_json_are_events(both):
    both.kubectl.apply(widget())
    decoder = json.JSONDecoder()
    with watching(both.eddy, "watch", "widgets", "-o", "json") as watch:
        try:
            text, events = "", []
            while len(events) < 4:
                text += watch.stdout.readline()
                if text.endswith("\n}\n"):
                    events.append(decoder.decode(text))
                    text = ""
                    if len(events) == 1:
                        change(both)
        finally:
            watch.kill()
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "MODIFIED", "DELETED"]
    assert events[2]["object"]["spec"]["replicas"] == 7
    assert all("managedFields" not in event["object"]["metadata"] for event in events)


def test_a_watch_ends_when_its_reader_is_gone(both):
    both.kubectl.apply(widget())
    with watching(both.eddy, "watch", "widgets") as watch:
        watch.stdout.readline()
        watch.stdout.close()
        both.kubectl.run("patch", "widget", "one", "--type=merge", "-p", '{"spec":{"replicas":7}}')
        assert watch.wait(20) == 0


def test_only_one_kind_is_watched(both):
    assert "only one kind can be watched" in both.eddy.run("watch", "widgets,cm", code=2)
    assert "did you mean" in both.eddy.run("watch", "widgts", code=1)
