# SPDX-License-Identifier: Apache-2.0
"""The NATS protocol byte by byte: each row of nats_cases.py, against what nats-server answered (nats_answers.json)."""

import json
import pathlib

import nats_cases
import nats_wire
import pytest

ANSWERS = json.loads(pathlib.Path(__file__).with_name("nats_answers.json").read_text(encoding="ascii"))


@pytest.mark.parametrize("case", nats_cases.CASES, ids=[case.name for case in nats_cases.CASES])
def test_answers_as_nats_server_does(request, nats_door, case):
    is_auth = case.server in nats_cases.EDDY_AUTH
    server = nats_door(nats_cases.SERVERS[case.server], nats_cases.EDDY_OPTIONS.get(case.server), is_auth)
    told = nats_wire.as_text(nats_wire.play(server.nats_address, case))
    wanted = ANSWERS["answers"][case.name]
    if request.config.getoption("--peer") == "eddy" and case.name in nats_cases.DIFFERENT:
        wanted, _ = nats_cases.DIFFERENT[case.name]
    assert told == wanted


def test_every_row_has_an_answer():
    assert list(ANSWERS["answers"]) == [case.name for case in nats_cases.CASES]
    assert len(nats_cases.BY_NAME) == len(nats_cases.CASES)


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (b"PONG\r\n+OK\r\nPING\r\n", [b"PONG\r\n", b"+OK\r\n", b"PING\r\n"]),
        (b"MSG a 1 8\r\nPONG\r\n\r\n\r\nPONG\r\n", [b"MSG a 1 8\r\nPONG\r\n\r\n\r\n", b"PONG\r\n"]),
        (b"MSG a 2 1\r\nx\r\nMSG a 1 1\r\nx\r\nMSG a 1 1\r\ny\r\n", [b"MSG a 1 1\r\nx\r\n", b"MSG a 2 1\r\nx\r\n", b"MSG a 1 1\r\ny\r\n"]),
        (b"-ERR 'x'\r\ngarbage\r\nPONG\r\n", [b"-ERR 'x'\r\n", b"garbage\r\nPONG\r\n"]),
        (b'INFO {"version":"1.0.0","port":1}\r\n', [b'INFO {"port": "<port>", "version": "1.0.0"}\r\n']),
    ],
)
def test_the_player_tells_messages_apart(data, frames):
    assert nats_wire.sort_fan_out(nats_wire.frames_of(data)) == frames
