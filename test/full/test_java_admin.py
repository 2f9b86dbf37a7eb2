# SPDX-License-Identifier: Apache-2.0
"""Kafka's own administration tools, newest."""

import json
import re

TOPICS = "org.apache.kafka.tools.TopicCommand"
CONFIGS = "kafka.admin.ConfigCommand"
PRODUCER = "org.apache.kafka.tools.ConsoleProducer"


def test_topics(tool, topic):
    tool(TOPICS, "--create", "--topic", topic, "--partitions", 2, "--config", "retention.ms=77")
    tool(TOPICS, "--alter", "--topic", topic, "--partitions", 5)
    out = tool(TOPICS, "--describe", "--topic", topic)
    assert "PartitionCount: 5" in out and "retention.ms=77" in out
    assert len(re.findall(r"Leader: 1\s", out)) == 5
    tool(TOPICS, "--delete", "--topic", topic)


def test_topics_are_found_in_many_ways(tool, refused, topic):
    tool(TOPICS, "--create", "--topic", topic, "--partitions", 2, "--config", "retention.ms=77")
    tool(TOPICS, "--create", "--topic", topic, "--if-not-exists")
    assert f"Topic '{topic}' already exists" in refused(TOPICS, "--create", "--topic", topic)
    described = tool(TOPICS, "--describe", "--topic", topic)
    topic_id = re.search(r"TopicId: (\S{22})\s", described).group(1)
    assert re.search(rf"Topic: {topic}\s+Partition: 1\s+Leader: 1\s+Replicas: 1\s+Isr: 1\s", described), described
    by_id = tool(TOPICS, "--describe", "--topic-id", topic_id)
    assert f"Topic: {topic}\t" in by_id and "PartitionCount: 2" in by_id, by_id
    listed = tool(TOPICS, "--list", "--exclude-internal").split()
    assert topic in listed and "__consumer_offsets" not in listed
    for nothing_is in ("--under-replicated-partitions", "--unavailable-partitions", "--under-min-isr-partitions"):
        assert topic not in tool(TOPICS, "--describe", nothing_is)
    assert re.search(rf"Topic: {topic}\s.*retention.ms=77", tool(TOPICS, "--describe", "--topics-with-overrides"))
    assert "does not exist" in refused(TOPICS, "--describe", "--topic", "no-such-topic")
    words = "currently has 2 partition(s); 1 would not be an increase"
    assert words in refused(TOPICS, "--alter", "--topic", topic, "--partitions", 1)
    tool(TOPICS, "--delete", "--topic", topic)
    assert "does not exist" in refused(TOPICS, "--delete", "--topic", topic)
    tool(TOPICS, "--delete", "--topic", topic, "--if-exists")


def test_configs_that_are_refused(tool, refused, topic):
    tool(TOPICS, "--create", "--topic", topic)
    of_topic = ("--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config")
    assert "Not a number of type LONG" in refused(CONFIGS, *of_topic, "retention.ms=soon")
    assert "Unknown topic config name: no.such.config" in refused(CONFIGS, *of_topic, "no.such.config=1")
    of_broker = ("--alter", "--entity-type", "brokers", "--entity-name", 1, "--add-config")
    assert "Cannot update these configs dynamically" in refused(CONFIGS, *of_broker, "num.partitions=3")


def test_configs_of_a_topic(tool, topic):
    tool(TOPICS, "--create", "--topic", topic)
    of_topic = ("--entity-type", "topics", "--entity-name", topic)
    tool(CONFIGS, "--alter", *of_topic, "--add-config", "retention.ms=4711,cleanup.policy=[delete,compact]")
    out = tool(CONFIGS, "--describe", *of_topic)
    assert "retention.ms=4711" in out and "DYNAMIC_TOPIC_CONFIG:retention.ms=4711" in out
    assert "cleanup.policy=delete,compact" in out
    tool(CONFIGS, "--alter", *of_topic, "--delete-config", "retention.ms")
    assert "retention.ms" not in tool(CONFIGS, "--describe", *of_topic)
    everything = tool(CONFIGS, "--describe", "--all", *of_topic)
    assert "retention.ms=604800000 sensitive=false synonyms={}" in everything  # log.retention.ms has no default
    assert "segment.bytes=1073741824 sensitive=false synonyms={DEFAULT_CONFIG:log.segment.bytes=1073741824}" in everything
    tool(TOPICS, "--delete", "--topic", topic)


def test_configs_of_brokers(tool):
    one, every = ("--entity-type", "brokers", "--entity-name", 1), ("--entity-type", "brokers", "--entity-default")
    tool(CONFIGS, "--alter", *every, "--add-config", "log.retention.ms=123456")
    assert "log.retention.ms=123456" in tool(CONFIGS, "--describe", *every)
    tool(CONFIGS, "--alter", *one, "--add-config", "log.retention.ms=654321")
    out = tool(CONFIGS, "--describe", *one)
    assert "DYNAMIC_BROKER_CONFIG:log.retention.ms=654321" in out
    assert "DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=123456" in out
    for entity in (one, every):
        tool(CONFIGS, "--alter", *entity, "--delete-config", "log.retention.ms")
    assert len(tool(CONFIGS, "--describe", "--all", *one).splitlines()) > 300


def test_broker_loggers(tool):
    entity = ("--entity-type", "broker-loggers", "--entity-name", 1)
    tool(CONFIGS, "--alter", *entity, "--add-config", "root=WARN")
    assert "root=WARN" in tool(CONFIGS, "--describe", *entity)
    tool(CONFIGS, "--alter", *entity, "--add-config", "root=INFO")


def test_delete_records_and_get_offsets(tool, topic, tmp_path):
    tool(PRODUCER, "--topic", topic, lines=["1", "2", "3", "4"])
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"version": 1, "partitions": [{"topic": topic, "partition": 0, "offset": 3}]}))
    out = tool("org.apache.kafka.tools.DeleteRecordsCommand", "--offset-json-file", plan)
    assert "low_watermark: 3" in out
    assert tool("org.apache.kafka.tools.GetOffsetShell", "--topic", topic, "--time", -2).strip() == f"{topic}:0:3"


def test_log_dirs(tool, topic):
    tool(TOPICS, "--create", "--topic", topic)
    out = tool("org.apache.kafka.tools.LogDirsCommand", "--describe", "--topic-list", topic)
    found = json.loads(out.splitlines()[-1])
    assert found["brokers"][0]["logDirs"][0]["partitions"][0]["partition"] == f"{topic}-0"
    out = tool("org.apache.kafka.tools.LogDirsCommand", "--describe", "--broker-list", 1)
    (folder,) = json.loads(out.splitlines()[-1])["brokers"][0]["logDirs"]
    assert folder["error"] is None
    (row,) = [row for row in folder["partitions"] if row["partition"] == f"{topic}-0"]
    assert (row["size"], row["offsetLag"], row["isFuture"]) == (0, 0, False)


def test_leader_election(tool, topic):
    tool(TOPICS, "--create", "--topic", topic)
    out = tool("org.apache.kafka.tools.LeaderElectionCommand", "--election-type", "preferred", "--topic", topic, "--partition", 0)
    assert "Valid replica already elected" in out


def test_cluster_id(java, broker):
    out = java("org.apache.kafka.tools.ClusterTool", "cluster-id", "--bootstrap-server", broker.bootstrap)
    assert re.search(r"Cluster ID: \S{22}", out)


def test_metadata_quorum(tool):
    tool_class = "org.apache.kafka.tools.MetadataQuorumCommand"
    status = tool(tool_class, "describe", "--status")
    assert re.search(r"LeaderId:\s+1\b", status)
    head, *rows = tool(tool_class, "describe", "--replication").splitlines()
    assert head.split()[:2] == ["NodeId", "DirectoryId"] and len(rows) == 1, rows
    assert rows[0].split()[0] == "1" and rows[0].split()[-1] == "Leader", rows


def test_broker_api_versions(tool):
    out = tool("org.apache.kafka.tools.BrokerApiVersionsCommand")
    for row in ("DescribeConfigs(32): 1 to 4", "CreatePartitions(37): 0 to 3", "DescribeLogDirs(35): 1 to 5"):
        assert row in out


def test_reassign_partitions(tool):
    out = tool("org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--list")
    assert "No partition reassignments found" in out
