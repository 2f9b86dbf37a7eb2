# SPDX-License-Identifier: Apache-2.0
"""The rows of client/nats_cases.py against the newest nats-server itself, and eddy beside it in the same run."""

import ast
import json
import os
import pathlib
import re
import sys

import pytest
import servers

CLIENT = pathlib.Path(__file__).resolve().parent.parent / "client"
sys.path.insert(0, str(CLIENT))
import nats_cases  # noqa: E402
import nats_wire  # noqa: E402

ANSWERS = json.loads((CLIENT / "nats_answers.json").read_text(encoding="ascii"))["answers"]
SHARED = pathlib.Path(os.environ.get("EDDY_SHARED", servers.ROOT / ".." / "shared"))
TRANSCRIPT = SHARED / "golden/nats/transcript-2.15.1.txt"


@pytest.fixture
def start_peer(tmp_path):
    """start_peer(config, *arguments): a nats-server of its own, ended after the test."""
    if not servers.Nats.is_available():
        pytest.skip("nats-server is not there: script/setup --full")
    started = []

    def start(config="", *arguments):
        started.append(servers.Nats(tmp_path / f"nats{len(started)}", config, arguments))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


def played(server, name):
    return {
        case.name: nats_wire.as_text(nats_wire.play(server.nats_address, case))
        for case in nats_cases.CASES
        if case.server == name
    }


def differences(left, right):
    return {name: (told, right[name]) for name, told in left.items() if told != right[name]}


@pytest.mark.parametrize("name", nats_cases.SERVERS)
def test_the_recorded_answers_are_those_of_nats_server(start_peer, name):
    assert differences(played(start_peer(nats_cases.SERVERS[name]), name), ANSWERS) == {}


@pytest.mark.parametrize("name", nats_cases.SERVERS)
def test_eddy_answers_as_nats_server_in_the_same_run(nats_door, start_peer, name):
    text = nats_cases.SERVERS[name]
    wanted = played(start_peer(text), name)
    told = played(nats_door(text, nats_cases.EDDY_OPTIONS.get(name), name in nats_cases.EDDY_AUTH), name)
    assert set(differences(told, wanted)) <= set(nats_cases.DIFFERENT), differences(told, wanted)


def transcript():
    """(name, bytes that were sent, bytes that came) of the part without JetStream. Only the first 120 bytes of what was
    sent were written down."""
    text = TRANSCRIPT.read_text(encoding="utf-8").split("## js info")[0]
    for name, sent, told in re.findall(r"^## (.*?) *\n  > (.*?) *\n  < (.*)$", text, flags=re.M):
        yield name, ast.literal_eval(sent), ast.literal_eval(told)


# Of these even the first transcript's server differs from its next start.
DIFFERS = rb'"(server_id|server_name|version|git_commit|go|xkey)":"[^"]*"|"(port|client_id)":\d+'


def without_ids(told):
    return re.sub(DIFFERS, rb'"\1\2":*', told)


def test_the_first_transcript_comes_again_byte_for_byte(start_peer, tmp_path):
    if not TRANSCRIPT.exists():
        pytest.skip("the transcript is not part of the project")
    server = start_peer("", "-js", "-sd", str(tmp_path / "js"))
    rows = list(transcript())
    assert [name for name, _, _ in rows] == [case.name for case in nats_cases.TRANSCRIPT]
    for name, sent, told in rows:
        case = nats_cases.BY_NAME[name]
        ((_, data),) = case.steps
        assert data[:120] == sent, name
        connection = nats_wire.Connection(server.nats_address, case.connect)
        connection.send(data)
        connection.wait_for_end(nats_wire.QUIET_SECONDS)
        came = connection.data + (b"<EOF>" if connection.is_at_end else b"")
        connection.close()
        assert without_ids(came[:700]) == without_ids(told), name
