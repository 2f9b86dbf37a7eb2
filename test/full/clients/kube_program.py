# SPDX-License-Identifier: Apache-2.0
"""Runs the programs of clients/kube-*: a line of JSON for each thing that they have to say."""

import json
import subprocess
import threading
import time

import kube_tools

COMMAND_SECONDS = 100
WAIT_SECONDS = 90  # client-go waits up to half a minute before it tries again


def wait_until(condition, what):
    """Waits until CONDITION() holds; WHAT is the sentence for when it never does, or makes it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)


def lines_of(command, environment=None):
    """Runs COMMAND to its end and returns the values that it printed."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


class Running:
    """A program in the background; `lines` are the values that it printed so far."""

    def __init__(self, command, environment=None):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment
        )
        self.lines = []
        self.words = ""
        self.readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_words)]
        for reader in self.readers:
            reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def _read_words(self):
        for line in self.process.stderr:
            self.words = (self.words + line)[-4000:]

    def __str__(self):
        return f"it said {self.lines[-5:]} {self.words}"

    def wait_for(self, line):
        wait_until(lambda: line in self.lines, lambda: f"no {line}: {self}")

    def end(self):
        """The end of its input: it ends in order."""
        self.process.stdin.close()
        assert self.process.wait(WAIT_SECONDS) == 0, str(self)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT_SECONDS)


def maps_path(space):
    return f"/api/v1/namespaces/{space}/configmaps"


def secrets_path(space):
    return f"/api/v1/namespaces/{space}/secrets"


class Informer(Running):
    """A program that holds ConfigMaps and Widgets, and answers each line with what it holds."""

    def __init__(self, command, environment=None):
        super().__init__(command, environment)
        Running.wait_for(self, {"ready": True})

    def state(self):
        count = len(self.lines)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        wait_until(lambda: len(self.lines) > count, lambda: f"no answer: {self}")
        return self.lines[-1]

    def wait_for(self, kube, space):
        """Waits until it holds what a list shows, version for version; what it holds, and told its handlers."""
        paths = {"configmaps": maps_path(space), "widgets": kube_tools.widgets_path(space)}

        def listed(path):
            items = kube.ask("GET", path).tree["items"]
            return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in items}

        def is_same():
            state = self.state()
            return all(state[kind]["holds"] == listed(path) for kind, path in paths.items())

        wait_until(is_same, lambda: f"{self}, and there is {[listed(path) for path in paths.values()]}")
        state = self.state()
        for kind in paths:
            assert state[kind]["wrong"] == [], f"{kind}: {self}"
            assert state[kind]["added"] - state[kind]["ended"] == len(state[kind]["holds"]), f"{kind}: {self}"
        return state


def has_everything(informer, kube, space):
    """Objects come, change and go while the informer follows, and while the server is killed and comes again."""
    maps, widgets = maps_path(space), kube_tools.widgets_path(space)

    def change(round_):
        for i in range(10):
            assert kube.ask("POST", maps, {"metadata": {"name": f"m{round_}-{i}"}, "data": {"i": "0"}}).status == 201
            assert kube.ask("POST", widgets, kube_tools.widget(f"w{round_}-{i}")).status == 201
        for i in range(0, 10, 2):
            assert kube.ask("PATCH", f"{maps}/m{round_}-{i}", {"data": {"i": "1"}}, "application/merge-patch+json").status == 200
        for i in range(0, 10, 3):
            assert kube.ask("DELETE", f"{maps}/m{round_}-{i}").status == 200
            assert kube.ask("DELETE", f"{widgets}/w{round_}-{i}").status == 200

    change(0)
    informer.wait_for(kube, space)
    kube.server.kill()
    kube.server.restart()
    informer.wait_for(kube, space)
    change(1)
    informer.wait_for(kube, space)
    change(2)
    kube.server.stop()  # what it was told last, it knows
    kube.server.restart()
    change(3)
    state = informer.wait_for(kube, space)
    assert len(state["configmaps"]["holds"]) == len(state["widgets"]["holds"]) == 24
