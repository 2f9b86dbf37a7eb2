# SPDX-License-Identifier: Apache-2.0
"""Kafka's own tools that measure, verify and move, newest; and those that need what is not served yet, which must say so.

Everything here holds for Apache Kafka too (pytest --peer kafka), but for what test_what_is_not_served_yet says.
"""

import json
import re
import subprocess

import pytest
import servers

TOOLS = "org.apache.kafka.tools."
PRODUCER = TOOLS + "ConsoleProducer"
GROUPS = TOOLS + "consumer.group.ConsumerGroupCommand"
REASSIGN = TOOLS + "reassign.ReassignPartitionsCommand"


def events(out, name):
    """The lines of JSON that have this name."""
    rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [row for row in rows if row["name"] == name]


def numbers(out):
    """The last line of a table of comma-separated values, by the name of its column."""
    head, row = [re.split(r",\s*", line.strip()) for line in out.splitlines() if "," in line][-2:]
    return dict(zip(head, row, strict=True))


def read(tool, topic, count):
    """COUNT records that a group has read, which then is empty."""
    tool(TOOLS + "VerifiableProducer", "--topic", topic, "--max-messages", count)
    group = ("--group-id", "g-" + topic, "--reset-policy", "earliest")
    tool(TOOLS + "VerifiableConsumer", "--topic", topic, *group, "--max-messages", count)


# --- producers and consumers that check or measure


def test_verifiable_producer_and_consumer(tool, topic):
    out = tool(TOOLS + "VerifiableProducer", "--topic", topic, "--max-messages", 500, "--acks", -1, "--value-prefix", 7)
    assert [(row["sent"], row["acked"]) for row in events(out, "tool_data")] == [(500, 500)]
    assert [row["offset"] for row in events(out, "producer_send_success")] == list(range(500))
    assert events(out, "producer_send_error") == []
    arguments = ("--topic", topic, "--group-id", "g-" + topic, "--reset-policy", "earliest", "--verbose")
    out = tool(TOOLS + "VerifiableConsumer", *arguments, "--max-messages", 500)
    assert events(out, "partitions_assigned")[0]["partitions"] == [{"topic": topic, "partition": 0}]
    assert [row["value"] for row in events(out, "record_data")] == [f"7.{i}" for i in range(500)]
    committed = events(out, "offsets_committed")
    assert all(row["success"] for row in committed)
    assert committed[-1]["offsets"] == [{"topic": topic, "partition": 0, "offset": 500}]
    described = tool(GROUPS, "--describe", "--group", "g-" + topic)
    assert re.search(rf"{topic}\s+0\s+500\s+500\s+0\s", described), described


def test_perf_tools(tool, java, broker, topic):
    settings = ("--producer-props", "acks=all", "compression.type=lz4", f"bootstrap.servers={broker.bootstrap}")
    amount = ("--num-records", 20_000, "--record-size", 200, "--throughput", -1)
    out = java(TOOLS + "ProducerPerformance", "--topic", topic, *amount, *settings)
    assert re.match(r"20000 records sent, [\d.]+ records/sec", out.splitlines()[-1]), out
    found = numbers(tool(TOOLS + "ConsumerPerformance", "--topic", topic, "--num-records", 20_000, "--timeout", 20_000))
    assert int(found["data.consumed.in.nMsg"]) == 20_000
    assert float(found["data.consumed.in.MB"]) == pytest.approx(20_000 * 200 / (1 << 20), abs=0.001)


def test_end_to_end_latency(tool, topic):
    out = tool(TOOLS + "EndToEndLatency", "--topic", topic, "--num-records", 300, "--producer-acks", "all", "--record-size", 100)
    average = float(re.search(r"Avg latency: ([\d.]+) ms", out).group(1))
    assert 0 < average < 1000, out
    assert re.search(r"Percentiles: 50th = \d+, 99th = \d+, 99.9th = \d+", out), out


# --- Kafka's own tests of a broker


def test_client_compatibility(tool, request, topic):
    """Topics, configurations, offsets by time, ids and large records; ACLs only where they are served."""
    acls = str(request.config.getoption("--peer") == "kafka").lower()
    supported = ("offsets-for-times", "cluster-id", "create-topics", "describe-configs", "idempotent-producer")
    arguments = [word for name in supported for word in (f"--{name}-supported", "true")]
    arguments += ["--describe-acls-supported", acls, "--expect-record-too-large-exception", "false", "--num-cluster-nodes", 1]
    out = tool(TOOLS + "ClientCompatibilityTest", "--topic", topic, *arguments)
    assert "SUCCESS." in out and "FAILED" not in out, out


def test_log_compaction(tool):
    """Keys that repeat, a third of them deleted at last: what is read is what was written last."""
    amount = ("--messages", 5000, "--duplicates", 5, "--percent-deletes", 30, "--topics", 1, "--sleep", 1)
    out = tool(TOOLS + "LogCompactionTester", *amount)
    assert "5000 rows of data produced" in out and "Data verification is completed" in out, out
    validated, mismatches = re.search(r"Validated (\d+) values, (\d+) mismatches", out).groups()
    assert int(validated) > 100 and mismatches == "0", out


def test_replica_verification(java, broker, topic):
    """It reads on until it is ended: every replica, of which there is one, has the same checksums."""
    java(PRODUCER, "--bootstrap-server", broker.bootstrap, "--topic", topic, lines=["1", "2", "3"])
    arguments = ("--broker-list", broker.bootstrap, "--topics-include", topic, "--report-interval-ms", 500)
    command = servers.Kafka.tool_command(TOOLS + "ReplicaVerificationTool", *arguments, heap="256m", quick=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            lines = [line for line, _ in zip(running.stdout, range(8), strict=False)]
        finally:
            running.terminate()
    assert lines[-1].strip().endswith(f"max lag is 0 for partition {topic}-0 at offset 3 among 1 partitions"), lines


# --- the cluster, and what would move if there were more of it


def test_groups_tool_lists_groups_with_their_type(tool, topic):
    read(tool, topic, 1)
    listing = re.compile(rf"^g-{topic}\s+Classic\s+consumer\s*$", flags=re.M)
    assert listing.search(tool(TOOLS + "GroupsCommand", "--list"))
    assert listing.search(tool(TOOLS + "GroupsCommand", "--list", "--group-type", "classic"))
    assert listing.search(tool(TOOLS + "GroupsCommand", "--list", "--consumer"))
    assert not listing.search(tool(TOOLS + "GroupsCommand", "--list", "--group-type", "share"))


def test_cluster_endpoints(java, broker):
    out = java(TOOLS + "ClusterTool", "list-endpoints", "--bootstrap-server", broker.bootstrap)
    assert re.search(rf"^1\s+127\.0\.0\.1\s+{broker.port}\s+null\s+unfenced\s+broker", out, flags=re.M), out


def test_describe_producers(tool, topic):
    """Nobody began a transaction: neither has a coordinator an epoch, nor is there an offset where one began."""
    tool(PRODUCER, "--topic", topic, "--sync", lines=["1", "2", "3", "4", "5"])
    out = tool(TOOLS + "TransactionsCommand", "describe-producers", "--topic", topic, "--partition", 0)
    head, row = [line.split() for line in out.splitlines()][-2:]
    found = dict(zip(head, row, strict=True))
    assert found["LastSequence"] == "4" and found["ProducerEpoch"] == "0", out
    assert (found["LatestCoordinatorEpoch"], found["CurrentTransactionStartOffset"]) == ("-1", "None"), out


def test_reassign_partitions(tool, refused, tmp_path, topic):
    tool(PRODUCER, "--topic", topic, lines=["1"])
    plan, topics = tmp_path / "plan.json", tmp_path / "topics.json"
    topics.write_text(json.dumps({"version": 1, "topics": [{"topic": topic}]}))
    out = tool(REASSIGN, "--generate", "--broker-list", 1, "--topics-to-move-json-file", topics)
    proposed = json.loads(out.strip().splitlines()[-1])
    assert [(row["topic"], row["partition"], row["replicas"]) for row in proposed["partitions"]] == [(topic, 0, [1])]
    plan.write_text(json.dumps(proposed))
    out = tool(REASSIGN, "--execute", "--reassignment-json-file", plan, "--throttle", 1_000_000)
    assert f"Successfully started partition reassignment for {topic}-0" in out
    out = tool(REASSIGN, "--verify", "--reassignment-json-file", plan)
    assert f"Reassignment of partition {topic}-0 is completed." in out
    assert "Clearing broker-level throttles on broker 1" in out and f"Clearing topic-level throttles on topic {topic}" in out
    assert "No partition reassignments found" in tool(REASSIGN, "--list")
    plan.write_text(json.dumps({"version": 1, "partitions": [{"topic": topic, "partition": 0, "replicas": [7]}]}))
    assert "Unknown broker id 7" in refused(REASSIGN, "--execute", "--reassignment-json-file", plan)


def test_streams_resetter_rewinds_a_group(tool, topic):
    read(tool, topic, 20)
    out = tool(TOOLS + "StreamsResetter", "--application-id", "g-" + topic, "--input-topics", topic, "--to-offset", 5, "--force")
    assert f"Topic: {topic} Partition: 0 Offset: 5" in out, out
    assert re.search(rf"{topic}\s+0\s+5\s+20\s+15\s", tool(GROUPS, "--describe", "--group", "g-" + topic))


# --- what is not served yet


@pytest.fixture
def eddy_only(request):
    if request.config.getoption("--peer") == "kafka":
        pytest.skip("Apache Kafka serves it")


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("AclCommand", ["--list"], "does not support DESCRIBE_ACLS"),
        ("ClientMetricsCommand", ["--alter", "--name", "x", "--interval", "1000"], "client metrics are not served by this broker"),
        ("TransactionsCommand", ["list"], "does not support LIST_TRANSACTIONS"),
        ("DelegationTokenCommand", ["--describe", "--command-config", "/dev/null"], "does not support DESCRIBE_DELEGATION_TOKEN"),
    ],
)
def test_what_is_not_served_yet_is_said_at_once(refused, eddy_only, name, arguments, words):
    assert words in refused(TOOLS + name, *arguments)


def test_no_feature_is_finalized(tool, eddy_only):
    """Nothing that a client must know before it speaks: transactions and the new group protocols come with it."""
    assert tool(TOOLS + "FeatureCommand", "describe").strip() == ""


def test_there_are_no_groups_of_other_kinds(tool):
    for name in ("consumer.group.ShareGroupCommand", "streams.StreamsGroupCommand"):
        assert tool(TOOLS + name, "--list").strip() == ""
    assert tool(TOOLS + "ClientMetricsCommand", "--list").strip() == ""
