# SPDX-License-Identifier: Apache-2.0
"""Kafka's own tools and consumer groups: what they show of a group, and what they read of __consumer_offsets."""

import pathlib
import shutil
import sys

import pytest
import servers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "client"))
import group_cases as cases  # noqa: E402

DUMP = "org.apache.kafka.tools.DumpLogSegments"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
FORMATTERS = "org.apache.kafka.tools.consumer"


def fill(server, topic):
    """A group with offsets 2 in each of four partitions, and a member."""
    cases.create(server.bootstrap, topic)
    cases.produce(server.bootstrap, topic, [b"%d" % i for i in range(8)])
    member = cases.consumer(server.bootstrap, topic, "g-" + topic)
    cases.read(member, 8)
    member.commit()
    return member


def test_kafka_decodes_consumer_offsets(java, start_eddy, topic):
    server = start_eddy()
    fill(server, topic).close()
    assert server.stop() == 0
    log = server.data / "__consumer_offsets-0" / f"{0:020}.log"
    out = java(DUMP, "--offsets-decoder", "--deep-iteration", "--files", log)
    assert f'"group":"g-{topic}","topic":"{topic}","partition":3' in out, out
    assert '"offset":2,' in out and '"protocolType":"consumer"' in out, out
    assert '"protocol":"range"' in out and '"clientHost":"/127.0.0.1"' in out, out
    assert '"generation":1,' in out and "Failed to decode" not in out, out


@pytest.mark.parametrize(
    ("formatter", "wanted"), [("OffsetsMessageFormatter", '"offset":2'), ("GroupMetadataMessageFormatter", '"protocol":"range"')]
)
def test_the_console_consumer_formats_consumer_offsets(java, broker, topic, formatter, wanted):
    fill(broker, topic).close()
    out = java(
        CONSUMER,
        *("--bootstrap-server", broker.bootstrap, "--topic", "__consumer_offsets", "--from-beginning"),
        *("--formatter", f"{FORMATTERS}.{formatter}", "--timeout-ms", 5000),
    )
    assert f"g-{topic}" in out and wanted in out, out


def test_the_console_consumer_joins_a_group(java, broker, topic):
    fill(broker, topic).close()
    cases.produce(broker.bootstrap, topic, [b"new"] * 4)
    arguments = ["--bootstrap-server", broker.bootstrap, "--topic", topic, "--group", "g-" + topic, "--timeout-ms", 8000]
    assert java(CONSUMER, *arguments).split() == ["new"] * 4
    assert java(CONSUMER, *arguments).split() == []


def test_the_groups_tool(java, broker, topic):
    group = "g-" + topic
    member = fill(broker, topic)

    def tool(*arguments):
        return java(GROUPS, "--bootstrap-server", broker.bootstrap, *arguments)

    assert group in tool("--list").split()
    assert "Stable" in tool("--list", "--state")
    lines = [line.split() for line in tool("--describe", "--group", group).splitlines() if topic in line]
    assert sorted((line[2], line[3], line[4], line[5]) for line in lines) == [(str(i), "2", "2", "0") for i in range(4)]
    assert "/127.0.0.1" in lines[0], lines
    state = next(line for line in tool("--describe", "--group", group, "--state").splitlines() if group in line)
    assert "range" in state and "Stable" in state and f"{servers.Eddy.host}:{broker.port}" in state
    assert "is not empty" in tool("--delete", "--group", group)
    member.close()
    reset = ("--reset-offsets", "--group", group, "--topic", f"{topic}:1", "--to-offset", "1", "--execute")
    assert any(line.split()[-3:] == [topic, "1", "1"] for line in tool(*reset).splitlines())
    lines = [line.split() for line in tool("--describe", "--group", group, "--offsets").splitlines() if topic in line]
    assert sorted((line[2], line[3]) for line in lines) == [("0", "2"), ("1", "1"), ("2", "2"), ("3", "2")]
    assert "Successful" in tool("--delete-offsets", "--group", group, "--topic", f"{topic}:0")
    assert "successful" in tool("--delete", "--group", group)
    assert group not in tool("--list").split()


def test_the_groups_tool_resets_offsets_in_every_way(java, broker, topic):
    group = "g-" + topic
    fill(broker, topic).close()

    def tool(*arguments):
        return java(GROUPS, "--bootstrap-server", broker.bootstrap, *arguments)

    def reset(*how):
        """The new offsets by partition."""
        out = tool("--reset-offsets", "--group", group, *how)
        rows = [line.split() for line in out.splitlines() if line.startswith(group)]
        assert all(row[1] == topic for row in rows), out
        return {int(row[2]): int(row[3]) for row in rows}

    whole = ("--topic", topic)
    assert reset(*whole, "--to-earliest", "--dry-run") == {0: 0, 1: 0, 2: 0, 3: 0}
    assert reset(*whole, "--to-current", "--dry-run") == {0: 2, 1: 2, 2: 2, 3: 2}  # nothing was changed yet
    assert reset("--all-topics", "--shift-by", -1, "--execute") == {0: 1, 1: 1, 2: 1, 3: 1}
    assert reset(*whole, "--shift-by", 5, "--dry-run") == {0: 2, 1: 2, 2: 2, 3: 2}  # no further than the end
    assert reset("--topic", f"{topic}:0,2", "--to-latest", "--execute") == {0: 2, 2: 2}
    assert reset(*whole, "--by-duration", "PT1H", "--dry-run") == {0: 0, 1: 0, 2: 0, 3: 0}
    assert reset(*whole, "--to-datetime", "2020-01-01T00:00:00.000", "--execute") == {0: 0, 1: 0, 2: 0, 3: 0}
    out = tool("--describe", "--all-groups", "--offsets")
    rows = [line.split() for line in out.splitlines() if line.startswith(group)]
    assert sorted(row[2:6] for row in rows) == [[str(i), "0", "2", "2"] for i in range(4)]


def test_the_groups_tool_shows_members(java, broker, topic):
    group = "g-" + topic
    member = fill(broker, topic)
    out = java(GROUPS, "--bootstrap-server", broker.bootstrap, "--describe", "--group", group, "--members", "--verbose")
    (row,) = [line.split() for line in out.splitlines() if line.startswith(group)]
    assert row[2] == "/127.0.0.1" and "4" in row, row
    assert f"{topic}:0,1,2,3" in out
    member.close()


def test_eddy_goes_on_with_the_groups_that_kafka_had(start_eddy, tmp_path, topic):
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")
    peer = servers.Kafka(tmp_path / "kafka").start()
    try:
        fill(peer, topic).close()
    finally:
        peer.stop()
    data = tmp_path / "eddy" / "data"
    data.mkdir(parents=True)
    for name in [f"{topic}-{i}" for i in range(cases.PARTITIONS)] + ["__consumer_offsets-0"]:
        shutil.copytree(peer.data / name, data / name)
    server = start_eddy(folder=tmp_path / "eddy")
    cases.go_on(server.bootstrap, topic)  # from where the group was
