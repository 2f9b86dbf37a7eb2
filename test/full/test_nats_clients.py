# SPDX-License-Identifier: Apache-2.0
"""nats.go, nats.js, nats.c and the `nats` CLI, alone and with each other.

A driver (clients/nats-*/) takes a URL and `self` (checks of its own), `serve PREFIX` (answers PREFIX.echo as one of a queue
group until PREFIX.stop, then drains), `ask PREFIX COUNT`, and `service PREFIX` (a service with the endpoint PREFIX.double).
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time
import uuid

import pytest
import servers

CACHE = servers.ROOT / ".cache/nats"
SOURCES = pathlib.Path(__file__).parent / "clients"
DRIVERS = {
    "go": [CACHE / "nats-go"],
    "js": ["node", SOURCES / "nats-js/driver.cjs"],
    "c": [CACHE / "nats-c"],
}
SERVING = ["go", "js", "c", "cli"]
SERVICES = ["go", "js"]
PATIENCE = 30


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """The environment of clients; skips where script/setup --full could not have them."""
    missing = [str(words[-1]) for words in DRIVERS.values() if not pathlib.Path(words[-1]).exists()]
    if missing or not (CACHE / "nats").exists() or not (CACHE / "js/node_modules").exists() or not shutil.which("node"):
        pytest.skip("the NATS clients are not there: script/setup --full")
    home = str(tmp_path_factory.mktemp("home"))
    return {**os.environ, "NODE_PATH": str(CACHE / "js/node_modules"), "HOME": home, "XDG_CONFIG_HOME": home}


@pytest.fixture
def prefix():
    return f"p{uuid.uuid4().hex[:10]}"


def url_of(server):
    return "nats://{}:{}".format(*server.nats_address)


def command(server, client, *arguments):
    if client == "cli":
        return [CACHE / "nats", "-s", url_of(server), *arguments]
    return [*DRIVERS[client], url_of(server), *arguments]


def run(tools, server, client, *arguments, code=0):
    done = subprocess.run(
        command(server, client, *map(str, arguments)), env=tools, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + (done.stderr if client == "cli" else "")


def ask(tools, server, client, prefix, count):
    if client == "cli":
        return [run(tools, server, "cli", "request", f"{prefix}.echo", str(i), "--raw").strip() for i in range(count)]
    return run(tools, server, client, "ask", prefix, count).split()


class Background:
    """A client that serves; its output goes to a file that is read while it runs."""

    def __init__(self, tools, server, client, log, *arguments):
        self.client = client
        self.path = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command(server, client, *arguments), env=tools, stdout=out, stderr=out)

    def text(self):
        return self.path.read_text(errors="replace")

    def wait_for(self, words):
        deadline = time.monotonic() + PATIENCE
        while words not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, f"no {words!r} in {self.text()!r}"
            time.sleep(0.01)
        return self

    def wait_for_end(self):
        assert self.process.wait(PATIENCE) == 0, self.text()
        return self.text()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)


@pytest.fixture
def start(tools, tmp_path):
    """start(server, client, mode, prefix): a client in the background, once it listens."""
    with contextlib.ExitStack() as stack:

        def begin(server, client, mode, prefix):
            log = tmp_path / f"{client}-{mode}-{uuid.uuid4().hex[:6]}"
            arguments = [mode, prefix]
            if client == "cli":
                arguments = ["reply", f"{prefix}.echo", "cli:{{.Request}}", "--queue", "q"]
            background = Background(tools, server, client, log, *arguments)
            stack.callback(background.end)
            background.wait_for("Listening on" if client == "cli" else "ready")
            if client == "cli":  # it says so before its subscription has arrived
                while run(tools, server, "cli", "request", f"{prefix}.echo", "here?", "--raw").strip() != "cli:here?":
                    assert background.process.poll() is None, background.text()
            return background

        yield begin


@pytest.mark.parametrize("client", DRIVERS)
def test_a_client_alone(tools, nats_door, client):
    out = run(tools, nats_door(), client, "self")
    assert len([line for line in out.splitlines() if line.startswith("ok ")]) >= 9, out


@pytest.mark.parametrize("server_side", SERVING)
@pytest.mark.parametrize("client_side", SERVING)
def test_one_asks_another_answers(tools, nats_door, start, prefix, client_side, server_side):
    server = nats_door()
    answering = start(server, server_side, "serve", prefix)
    count = 3 if client_side == "cli" else 50
    assert ask(tools, server, client_side, prefix, count) == [f"{server_side}:{i}" for i in range(count)]
    if server_side != "cli":
        run(tools, server, "cli", "publish", f"{prefix}.stop", "now")
        assert answering.wait_for_end().split()[-2:] == ["served", str(count)]


def test_a_queue_of_all_languages(tools, nats_door, start, prefix):
    server = nats_door()
    members = [start(server, client, "serve", prefix) for client in DRIVERS]
    answers = ask(tools, server, "go", prefix, 300)
    assert [int(answer.split(":")[1]) for answer in answers] == list(range(300))
    run(tools, server, "js", "ask", prefix, 1)
    run(tools, server, "cli", "publish", f"{prefix}.stop", "now")
    served = [int(member.wait_for_end().split()[-1]) for member in members]
    assert sum(served) == 301
    assert min(served) > 30, served  # each had its share


@pytest.mark.parametrize("client", DRIVERS)
def test_comes_back_after_a_restart(tools, start_nats, start, prefix, client):
    server = start_nats()
    answering = start(server, client, "serve", prefix)
    assert ask(tools, server, "go", prefix, 1) == [f"{client}:0"]
    server.stop()
    server.restart()
    answering.wait_for("reconnected")
    deadline = time.monotonic() + PATIENCE
    while "No responders" in (out := run(tools, server, "cli", "request", f"{prefix}.echo", "0", "--raw")):
        assert time.monotonic() < deadline, out
    assert out.strip() == f"{client}:0"
    assert ask(tools, server, "go", prefix, 20) == [f"{client}:{i}" for i in range(20)]
    run(tools, server, "cli", "publish", f"{prefix}.stop", "now")
    answering.wait_for_end()


@pytest.mark.parametrize("client", SERVICES)
def test_a_service(tools, nats_door, start, prefix, client):
    server = nats_door()
    offered = start(server, client, "service", prefix)
    assert run(tools, server, "cli", "request", f"{prefix}.double", "ab", "--raw").strip() == "abab"
    failed = run(tools, server, "cli", "request", f"{prefix}.double", "")
    assert "Nats-Service-Error: nothing to double" in failed and "Nats-Service-Error-Code: 400" in failed, failed
    assert prefix in run(tools, server, "cli", "micro", "list")
    info = run(tools, server, "cli", "micro", "info", prefix)
    assert "double" in info and "1.0.0" in info, info
    stats = run(tools, server, "cli", "micro", "stats", prefix)
    assert "double" in stats, stats
    assert prefix in run(tools, server, "cli", "micro", "ping", prefix)
    run(tools, server, "cli", "publish", f"{prefix}.stop", "now")
    offered.wait_for_end()
    assert prefix not in run(tools, server, "cli", "micro", "list", code=1)


def test_two_languages_offer_one_service(tools, nats_door, start, prefix):
    server = nats_door()
    offered = [start(server, client, "service", prefix) for client in SERVICES]
    listed = run(tools, server, "cli", "micro", "list", prefix)
    assert "go" in listed and "js" in listed, listed
    assert run(tools, server, "cli", "request", f"{prefix}.double", "x", "--raw").strip() == "xx"
    run(tools, server, "cli", "publish", f"{prefix}.stop", "now")
    for one in offered:
        one.wait_for_end()


def test_the_cli_subscribes(tools, nats_door, prefix, tmp_path):
    server = nats_door()
    listening = Background(tools, server, "cli", tmp_path / "sub", "subscribe", f"{prefix}.>", "--count", "2")
    try:
        listening.wait_for("Subscribing on")
        deadline = time.monotonic() + PATIENCE
        while "two" not in listening.text():  # it says so before its subscription has arrived
            assert time.monotonic() < deadline, listening.text()
            run(tools, server, "cli", "publish", f"{prefix}.a", "one", "-H", "Colour:blue")
            run(tools, server, "cli", "publish", f"{prefix}.b", "two")
            time.sleep(0.1)
        out = listening.wait_for_end()
    finally:
        listening.end()
    assert f'Received on "{prefix}.a"' in out and "Colour: blue" in out, out


def test_the_cli_checks_the_server(tools, nats_door):
    server = nats_door()
    assert "OK" in run(tools, server, "cli", "server", "check", "connection")
    assert url_of(server) in run(tools, server, "cli", "rtt")
    info = run(tools, server, "cli", "account", "info")
    assert "Headers Supported: true" in info and "Maximum Payload: 1.0 MiB" in info, info
    assert "msgs/sec" in run(tools, server, "cli", "bench", "pub", "b", "--msgs", "1000", "--no-progress")
