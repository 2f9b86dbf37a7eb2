# SPDX-License-Identifier: Apache-2.0
"""eddy's command line on what only Apache Kafka has: groups of the newer consumer protocol (KIP-848), several brokers."""

import json
import pathlib
import re
import sys
import time

import pytest
import servers
from confluent_kafka import Consumer, TopicPartition

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


def second_broker(folder, first):
    """A broker that joins the cluster whose only node, broker and controller, is FIRST."""
    settings = (first.folder / "server.properties").read_text()
    known = (first.data / "meta.properties").read_text()
    second = servers.Kafka(folder, heap="512m", cluster=re.search(r"^cluster.id=(.*)", known, flags=re.M).group(1))
    second.port = servers.free_port()
    second.settings = {
        **first.settings,
        "process.roles": "broker",
        "node.id": 2,
        "controller.quorum.voters": re.search(r"controller.quorum.voters=(.*)", settings).group(1),
        "listeners": f"PLAINTEXT://127.0.0.1:{second.port}",
    }
    return second


@pytest.fixture
def two_brokers(tmp_path):
    """Groups are coordinated by both."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")
    first = servers.Kafka(tmp_path / "first", {"offsets.topic.num.partitions": 8}, heap="512m")
    second = None
    try:
        second = second_broker(tmp_path / "second", first.start())
        yield second.start()
    finally:
        for broker in (second, first):
            if broker is not None and broker.process is not None:
                broker.stop()


def test_a_cluster_of_two_brokers(two_brokers, cli, topic):
    place = ("--bootstrap", two_brokers.bootstrap)

    def told(*arguments):
        return [json.loads(line) for line in cli(*arguments, "--json", *place).splitlines()]

    deadline = time.monotonic() + 60  # until both brokers are there
    while True:
        cli("topic", "create", topic, "--partitions", 4, *place)
        (found,) = told("topic", "describe", topic)
        if {row["leader"] for row in found["partitions"]} == {1, 2}:
            break
        assert time.monotonic() < deadline
        cli("topic", "delete", topic, *place)
        time.sleep(1)
    cases.produce(two_brokers.bootstrap, topic, [b"%d" % i for i in range(20)])
    groups = [f"g{i}-{topic}" for i in range(8)]
    for group in groups:
        cli("group", "reset", group, "--topic", topic, "--to", 3, "--execute", *place)
    listed = told("group", "list")
    assert [(row["group"], row["state"], row["lag"]) for row in listed] == [(group, "Empty", 8) for group in groups]
    assert {row["coordinator"] for row in listed} == {1, 2}
    for row in listed:
        (found,) = told("group", "describe", row["group"])
        assert (found["coordinator"], found["lag"]) == (row["coordinator"], 8)
    source = Consumer({"bootstrap.servers": two_brokers.bootstrap, "group.id": groups[0]})
    assert [place.offset for place in source.committed([TopicPartition(topic, i) for i in range(4)], timeout=20)] == [3] * 4
    source.close()
    (found,) = told("topic", "describe", topic)
    assert [(row["group"], row["lag"]) for row in found["groups"]] == [(group, 8) for group in groups]
    cli("topic", "alter", topic, "-p", 6, "retention.ms=86400000", *place)
    assert len(told("group", "delete", *groups)) == 8 and told("group", "list") == []
