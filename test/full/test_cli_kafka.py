# SPDX-License-Identifier: Apache-2.0
"""eddy's command line on what only Apache Kafka has: groups of the newer consumer protocol (KIP-848)."""

import json
import pathlib
import sys
import time

from confluent_kafka import Consumer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "client"))
import group_cases as cases  # noqa: E402

FAILED = 1


def start(broker, topic, group, name):
    source = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": group,
            "group.protocol": "consumer",
            "client.id": name,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    source.subscribe([topic])
    return source


def test_groups_of_the_newer_protocol(peer, cli, topic):
    group, place = "g-" + topic, ("--bootstrap", peer.bootstrap)
    cases.create(peer.bootstrap, topic)
    cases.produce(peer.bootstrap, topic, [b"%d" % i for i in range(20)])
    members = [start(peer, topic, group, name) for name in ("b", "a")]
    deadline, count = time.monotonic() + 60, 0
    while count < 20 or not all(len(member.assignment()) == 2 for member in members):
        assert time.monotonic() < deadline
        for member in members:
            message = member.poll(0.2)
            count += message is not None and message.error() is None
    for member in members:
        for held in member.assignment():
            held.offset = 3
            member.commit(offsets=[held], asynchronous=False)
    found = json.loads(cli("group", "describe", group, "--json", *place))
    assert (found["type"], found["state"], found["lag"]) == ("consumer", "Stable", 8)
    assert [member["client_id"] for member in found["members"]] == ["a", "b"]
    for member in found["members"]:
        held = [row["partition"] for row in found["partitions"] if row["member_id"] == member["member_id"]]
        assert held == [one["partition"] for one in member["partitions"]] and len(held) == 2
    listed = [line.split() for line in cli("group", "list", *place).splitlines()]
    assert [group, "Stable", "consumer", "uniform", "2", "8"] in listed
    said = cli("group", "reset", group, "--to", "earliest", "--execute", *place, code=FAILED)
    assert "a at 127.0.0.1" in said and "stop its consumers" in said
    for member in members:
        member.close()
    cli("group", "reset", group, "--to", "earliest", "--execute", *place)
    found = json.loads(cli("group", "describe", group, "--json", *place))
    assert [row["committed"] for row in found["partitions"]] == [0] * 4 and found["members"] == []
    assert cli("group", "delete", group, *place) == f"deleted {group}\n"
