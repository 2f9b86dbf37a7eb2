# SPDX-License-Identifier: Apache-2.0
"""kafkajs, newest, of JavaScript: clients/cases.py with the program in clients/js."""

import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "clients"))
pytest.register_assert_rewrite("cases", "program")
import cases  # noqa: E402
import program  # noqa: E402

SOURCE = HERE / "clients/js"


@pytest.fixture
def client():
    if shutil.which("node") is None or not (SOURCE / "node_modules/kafkajs").exists():
        pytest.skip("kafkajs is not there: script/setup --full")
    return program.Program(["node", SOURCE / "main.js"])


@pytest.mark.parametrize("case", cases.names("roundrobin", "seek in a group"))
def test_case(client, broker, topic, case):
    cases.CASES[case][0](client, broker, topic)


def test_goes_on_when_the_server_restarts(client, start_eddy, topic):
    # kafkajs 2.2.4: consumer.disconnect() hangs after a lost connection, also with Apache Kafka.
    cases.server_restarts(client, start_eddy(), topic, can_leave=False)
