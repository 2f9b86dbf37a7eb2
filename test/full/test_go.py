# SPDX-License-Identifier: Apache-2.0
"""franz-go and sarama, newest, of Go: clients/cases.py with the program in clients/go."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import servers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "clients"))
pytest.register_assert_rewrite("cases", "program")
import cases  # noqa: E402
import program  # noqa: E402

SOURCE = HERE / "clients/go"
PROGRAM = servers.ROOT / "build/clients-go"

FRANZ = ("range", "roundrobin", "sticky", "cooperative-sticky", "static members", "seek in a group", "deleting offsets")
SARAMA = ("range", "roundrobin", "sticky", "static members", "deleting offsets")
# What the tests run: sarama speaks the versions of Kafka 2.8 where it is not told which, so it is tried twice.
CLIENTS = {
    "franz": (("franz",), {}, FRANZ),
    "sarama": (("sarama",), {}, SARAMA),
    "sarama-2.8": (("sarama",), {"version": "default"}, SARAMA),
}


def find_go():
    """The Go that script/setup --full found or fetched."""
    fetched = servers.ROOT / ".cache/go/bin/go"
    return str(fetched) if fetched.exists() else shutil.which("go")


@pytest.fixture(scope="module")
def built():
    go = find_go()
    if go is None:
        pytest.skip("there is no Go: script/setup --full")
    offline = {**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    have = subprocess.run([go, "mod", "download"], cwd=SOURCE, env=offline, capture_output=True, text=True, check=False)
    if have.returncode:
        pytest.skip("the Go modules are not there: script/setup --full")
    done = subprocess.run([go, "build", "-o", PROGRAM, "."], cwd=SOURCE, env=offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return PROGRAM


@pytest.fixture
def client(built, name):
    words, options, _ = CLIENTS[name]
    return program.Program([built, *words], options)


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, (_, _, has) in CLIENTS.items() for case in cases.names(*has)])
def test_case(client, broker, topic, case):
    cases.CASES[case][0](client, broker, topic)


@pytest.mark.parametrize("name", CLIENTS)
def test_goes_on_when_the_server_restarts(client, start_eddy, topic):
    cases.server_restarts(client, start_eddy(), topic)
