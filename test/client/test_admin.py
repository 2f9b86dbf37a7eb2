# SPDX-License-Identifier: Apache-2.0
"""Administration by unmodified clients: kafka-python's KafkaAdminClient and confluent-kafka's AdminClient (librdkafka).

Everything here holds for Apache Kafka too (pytest --peer kafka), but for the tests that start eddy themselves.
"""

import time

import pytest
import wire
from confluent_kafka import (
    ElectionType,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from kafka import TopicPartition as Place
from kafka.admin import ConfigResource as Resource
from kafka.admin import ConfigResourceType, KafkaAdminClient

WAIT_SECONDS = 20


@pytest.fixture
def admin(broker):
    return AdminClient({"bootstrap.servers": broker.bootstrap})


@pytest.fixture
def python_admin(broker):
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    yield client
    client.close()


def done(futures):
    """The results of an admin call by key; raises what the server answered."""
    return {key: future.result(WAIT_SECONDS) for key, future in futures.items()}


def refusal(futures):
    """The error that the one future ended with."""
    (future,) = futures.values()
    with pytest.raises(KafkaException) as refused:
        future.result(WAIT_SECONDS)
    return refused.value.args[0]


def create(admin, topic, partitions=1, config=None):
    done(admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1, config=config or {})]))
    wait_for(lambda: is_there(admin, topic))


def is_there(admin, topic):
    (future,) = admin.describe_topics(TopicCollection([topic])).values()
    return future.exception(WAIT_SECONDS) is None


def produce(broker, topic, values, partition=0, settings=None, key=None):
    client = Producer({"bootstrap.servers": broker.bootstrap, **(settings or {})})
    errors = []
    for value in values:
        client.produce(topic, value, key=key, partition=partition, on_delivery=lambda error, _: errors.append(error))
    assert client.flush(WAIT_SECONDS) == 0
    return errors


def configs(admin, kind, name):
    resource = ConfigResource(kind, str(name))
    return done(admin.describe_configs([resource]))[resource]


def change(admin, kind, resource_name, *entries, **options):
    """entries: (name, operation, value)"""
    changes = [ConfigEntry(name, value, incremental_operation=operation) for name, operation, value in entries]
    return admin.incremental_alter_configs([ConfigResource(kind, str(resource_name), incremental_configs=changes)], **options)


def wait_for(check):
    """Kafka applies what it accepted a moment later."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


SET, DELETE = AlterConfigOpType.SET, AlterConfigOpType.DELETE
APPEND, SUBTRACT = AlterConfigOpType.APPEND, AlterConfigOpType.SUBTRACT


# --- partitions


def test_create_partitions(admin, topic):
    create(admin, topic)
    done(admin.create_partitions([NewPartitions(topic, 3)], validate_only=True))
    assert len(admin.list_topics(topic).topics[topic].partitions) == 1
    done(admin.create_partitions([NewPartitions(topic, 3)]))
    wait_for(lambda: len(admin.list_topics(topic).topics[topic].partitions) == 3)
    for count in (3, 2):
        error = refusal(admin.create_partitions([NewPartitions(topic, count)]))
        assert error.code() == KafkaError.INVALID_PARTITIONS
    error = refusal(admin.create_partitions([NewPartitions(topic, 5, replica_assignment=[[9], [9]])]))
    assert error.code() == KafkaError.INVALID_REPLICA_ASSIGNMENT
    error = refusal(admin.create_partitions([NewPartitions("no-such-topic", 3)]))
    assert error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_new_partitions_take_records(broker, admin, topic):
    create(admin, topic)
    done(admin.create_partitions([NewPartitions(topic, 2)]))
    assert produce(broker, topic, [b"1", b"2"], partition=1) == [None, None]
    fresh = AdminClient({"bootstrap.servers": broker.bootstrap})  # the other remembers a topic of one partition
    latest = done(fresh.list_offsets({TopicPartition(topic, 1): OffsetSpec.latest()}))
    assert latest[TopicPartition(topic, 1)].offset == 2


# --- records


def test_delete_records(broker, admin, topic):
    create(admin, topic)
    produce(broker, topic, [b"%d" % i for i in range(10)])
    place = TopicPartition(topic, 0, 4)
    assert done(admin.delete_records([place]))[place].low_watermark == 4
    earliest = done(admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.earliest()}))
    assert earliest[TopicPartition(topic, 0)].offset == 4
    all_of_it = TopicPartition(topic, 0, -1)
    assert done(admin.delete_records([all_of_it]))[all_of_it].low_watermark == 10
    assert refusal(admin.delete_records([TopicPartition(topic, 0, 11)])).code() == KafkaError.OFFSET_OUT_OF_RANGE


def test_delete_records_is_not_for_compacted_topics(broker, admin, topic):
    create(admin, topic, config={"cleanup.policy": "compact"})
    produce(broker, topic, [b"1"], key=b"k")
    assert refusal(admin.delete_records([TopicPartition(topic, 0, 1)])).code() == KafkaError.POLICY_VIOLATION


def test_list_offsets(broker, admin, topic):
    create(admin, topic)
    produce(broker, topic, [b"1", b"2", b"3"])
    place = TopicPartition(topic, 0)
    for spec, offset in ((OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 3), (OffsetSpec.for_timestamp(0), 0)):
        assert done(admin.list_offsets({place: spec}))[place].offset == offset
    latest = admin.list_offsets({place: OffsetSpec.latest()}, isolation_level=IsolationLevel.READ_COMMITTED)
    assert done(latest)[place].offset == 3
    assert done(admin.list_offsets({place: OffsetSpec.max_timestamp()}))[place].offset in (0, 1, 2)


# --- configurations of topics


def test_a_topic_shows_where_its_configurations_come_from(admin, topic):
    create(admin, topic, config={"retention.ms": "1000"})
    found = configs(admin, ResourceType.TOPIC, topic)
    assert found["retention.ms"].value == "1000"
    assert found["retention.ms"].source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    assert found["retention.ms"].synonyms["retention.ms"].value == "1000"
    assert found["segment.bytes"].value == str(1 << 30)
    assert found["segment.bytes"].is_default
    assert found["segment.bytes"].synonyms["log.segment.bytes"].source == ConfigSource.DEFAULT_CONFIG.value
    assert not found["segment.bytes"].is_read_only
    assert found["cleanup.policy"].value == "delete"
    assert len(found) >= 35


@pytest.mark.parametrize("only_checked", [True, False])
def test_a_name_that_collides_is_refused(admin, topic, only_checked):
    done(admin.create_topics([NewTopic(f"{topic}.a", 1)]))
    wait_for(lambda: f"{topic}.a" in admin.list_topics().topics)
    error = refusal(admin.create_topics([NewTopic(f"{topic}_a", 1)], validate_only=only_checked))
    assert error.code() == KafkaError.TOPIC_EXCEPTION


def test_create_topics_answers_all_configurations_with_their_sources(admin, python_admin, topic):
    wanted = {topic: {"num_partitions": 2, "configs": {"retention.ms": "1000", "cleanup.policy": "compact"}}}
    for only_checked in (True, False):
        (made,) = python_admin.create_topics(wanted, validate_only=only_checked)["topics"]
        assert (made["num_partitions"], made["replication_factor"], made["topic_config_error_code"]) == (2, 1, 0)
        rows = made["configs"]
        assert (rows["retention.ms"]["value"], rows["retention.ms"]["config_source"]) == ("1000", "DYNAMIC_TOPIC_CONFIG")
        assert (rows["segment.ms"]["value"], rows["segment.ms"]["config_source"]) == ("604800000", "DEFAULT_CONFIG")
        assert not any(row["read_only"] or row["is_sensitive"] for row in rows.values())
    wait_for(lambda: topic in admin.list_topics().topics)
    described = configs(admin, ResourceType.TOPIC, topic)
    assert {name: row["value"] for name, row in rows.items()} == {name: row.value for name, row in described.items()}


def test_incremental_changes_of_a_topic(admin, topic):
    create(admin, topic, config={"retention.ms": "1000", "segment.ms": "5000"})
    done(change(admin, ResourceType.TOPIC, topic, ("retention.ms", SET, "2000"), validate_only=True))
    assert configs(admin, ResourceType.TOPIC, topic)["retention.ms"].value == "1000"
    done(change(admin, ResourceType.TOPIC, topic, ("retention.ms", SET, "2000"), ("cleanup.policy", APPEND, "compact")))
    wait_for(lambda: configs(admin, ResourceType.TOPIC, topic)["retention.ms"].value == "2000")
    found = configs(admin, ResourceType.TOPIC, topic)
    assert sorted(found["cleanup.policy"].value.split(",")) == ["compact", "delete"]
    assert found["segment.ms"].value == "5000"
    done(change(admin, ResourceType.TOPIC, topic, ("retention.ms", DELETE, None), ("cleanup.policy", SUBTRACT, "delete")))
    wait_for(lambda: configs(admin, ResourceType.TOPIC, topic)["retention.ms"].is_default)
    found = configs(admin, ResourceType.TOPIC, topic)
    assert found["retention.ms"].value == "604800000"
    assert found["cleanup.policy"].value == "compact"


def test_alter_configs_replaces_what_was_set(admin, topic):
    create(admin, topic, config={"retention.ms": "1000", "segment.ms": "5000"})
    done(admin.alter_configs([ConfigResource(ResourceType.TOPIC, topic, set_config={"retention.bytes": "7"})]))
    wait_for(lambda: configs(admin, ResourceType.TOPIC, topic)["retention.bytes"].value == "7")
    found = configs(admin, ResourceType.TOPIC, topic)
    assert found["retention.ms"].is_default
    assert found["segment.ms"].is_default


@pytest.mark.parametrize(
    "name, operation, value, code, words",
    [
        ("no.such.config", SET, "1", KafkaError.INVALID_CONFIG, "Unknown topic config name: no.such.config"),
        ("retention.ms", SET, "soon", KafkaError.INVALID_CONFIG, "Not a number of type LONG"),
        ("retention.ms", SET, "-2", KafkaError.INVALID_CONFIG, "Value must be at least -1"),
        ("segment.bytes", SET, "1", KafkaError.INVALID_CONFIG, "Value must be at least 1048576"),
        ("cleanup.policy", SET, "burn", KafkaError.INVALID_CONFIG, "burn"),
        ("min.compaction.lag.ms", SET, "9223372036854775807", None, ""),
        ("retention.ms", APPEND, "1", KafkaError.INVALID_CONFIG, "Can't APPEND to key retention.ms"),
    ],
)
def test_bad_configurations_of_a_topic(admin, topic, name, operation, value, code, words):
    create(admin, topic)
    futures = change(admin, ResourceType.TOPIC, topic, (name, operation, value))
    if code is None:
        done(futures)
        return
    error = refusal(futures)
    assert error.code() == code
    assert words in error.str()
    assert configs(admin, ResourceType.TOPIC, topic)["retention.ms"].is_default


def test_configurations_of_a_topic_that_is_not_there(admin):
    assert refusal(change(admin, ResourceType.TOPIC, "no-such-topic", ("retention.ms", SET, "1"))).code() == (
        KafkaError.UNKNOWN_TOPIC_OR_PART
    )
    resource = ConfigResource(ResourceType.TOPIC, "no-such-topic")
    assert refusal(admin.describe_configs([resource])).code() == KafkaError.UNKNOWN_TOPIC_OR_PART


# --- configurations of the broker


def test_a_broker_shows_its_configurations(admin, broker):
    found = configs(admin, ResourceType.BROKER, 1)
    assert found["num.partitions"].value == "1"
    assert found["num.partitions"].is_read_only
    assert not found["log.retention.ms"].is_read_only
    assert found["node.id"].value == "1"
    assert found["ssl.keystore.password"].is_sensitive
    assert found["ssl.keystore.password"].value is None
    assert found["advertised.listeners"].value.startswith("PLAINTEXT://")
    assert len(found) > 300


def alter_broker(broker, resource_name, name, value, operation=SET):
    """Clients refuse to send what is meant for all brokers (an empty name), or for a broker that is not there."""
    with wire.Connection(broker) as connection:
        return wire.alter_config(connection, wire.BROKER, resource_name, name, value, operation.value)


def test_a_default_of_all_brokers_reaches_topics(admin, broker, topic):
    create(admin, topic)
    create(admin, topic + "-own", config={"retention.ms": "77"})
    assert alter_broker(broker, "", "log.retention.ms", "123456") == (0, None)
    wait_for(lambda: configs(admin, ResourceType.TOPIC, topic)["retention.ms"].value == "123456")
    entry = configs(admin, ResourceType.TOPIC, topic)["retention.ms"]
    assert entry.source == ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value
    assert configs(admin, ResourceType.TOPIC, topic + "-own")["retention.ms"].value == "77"
    done(change(admin, ResourceType.BROKER, 1, ("log.retention.ms", SET, "654321")))
    wait_for(lambda: configs(admin, ResourceType.TOPIC, topic)["retention.ms"].value == "654321")
    entry = configs(admin, ResourceType.BROKER, 1)["log.retention.ms"]
    assert entry.source == ConfigSource.DYNAMIC_BROKER_CONFIG.value
    for name in ("1", ""):
        assert alter_broker(broker, name, "log.retention.ms", None, DELETE) == (0, None)
    wait_for(lambda: configs(admin, ResourceType.TOPIC, topic)["retention.ms"].is_default)


@pytest.mark.parametrize(
    "broker_name, name, value, operation, code, words",
    [
        ("1", "num.partitions", "3", SET, KafkaError.INVALID_REQUEST, "Cannot update these configs dynamically"),
        ("", "listeners", "PLAINTEXT://:1", SET, KafkaError.INVALID_REQUEST, "at default cluster level"),
        ("2", "log.retention.ms", "3", SET, KafkaError.INVALID_REQUEST, "Unexpected broker id"),
        ("x", "log.retention.ms", "3", SET, KafkaError.INVALID_REQUEST, "x"),
        ("", "log.cleaner.threads", "many", SET, KafkaError.INVALID_REQUEST, "Not a number of type INT"),
        ("", "log.cleaner.threads", "-1", SET, KafkaError.INVALID_REQUEST, "Value must be at least 0"),
        ("", "log.cleanup.policy", "burn", SET, KafkaError.INVALID_REQUEST, "burn"),
        ("", "log.retention.ms", None, SET, KafkaError.INVALID_REQUEST, "Null value not supported"),
        ("", "log.retention.ms", "1", APPEND, KafkaError.INVALID_CONFIG, "Config value append is not allowed"),
    ],
)
def test_bad_configurations_of_a_broker(broker, broker_name, name, value, operation, code, words):
    error, message = alter_broker(broker, broker_name, name, value, operation)
    assert (error, words in (message or "")) == (code, True), message


@pytest.mark.parametrize("name", ["leader.replication.throttled.rate", "follower.replication.throttled.rate"])
def test_throttles_of_replication_are_taken_and_taken_back(broker, name):
    """kafka-reassign-partitions sets them with --throttle, and deletes them with --verify whether they are set or not."""
    assert alter_broker(broker, "1", name, None, DELETE) == (0, None)
    assert alter_broker(broker, "1", name, "1000") == (0, None)
    assert alter_broker(broker, "1", name, None, DELETE) == (0, None)
    error, message = alter_broker(broker, "1", name, "-1")
    assert (error, "Value must be at least 0" in message) == (KafkaError.INVALID_REQUEST, True), message


def test_an_unknown_configuration_of_a_broker_is_refused_by_name(eddy):
    # Kafka takes it: a plug-in might know it.
    error, message = alter_broker(eddy, "1", "no.such.config", "3")
    assert (error, message) == (KafkaError.INVALID_CONFIG, "Unknown broker config name: no.such.config")


# --- the cluster


def test_describe_cluster(admin, broker, python_admin):
    cluster = admin.describe_cluster().result(WAIT_SECONDS)
    assert len(cluster.cluster_id) == 22
    assert [(node.id, node.port) for node in cluster.nodes] == [(1, broker.port)]
    assert cluster.controller.id == 1
    described = python_admin.describe_cluster()
    assert described["cluster_id"] == cluster.cluster_id
    assert [row["broker_id"] for row in described["brokers"]] == [1]


def test_describe_topics(admin, topic):
    create(admin, topic, partitions=3)
    found = done(admin.describe_topics(TopicCollection([topic])))[topic]
    assert [(row.id, row.leader.id, [node.id for node in row.isr]) for row in found.partitions] == [
        (i, 1, [1]) for i in range(3)
    ]
    assert refusal(admin.describe_topics(TopicCollection(["no-such-topic"]))).code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_elect_leaders(admin, topic):
    create(admin, topic)
    place = TopicPartition(topic, 0)
    results = admin.elect_leaders(ElectionType.PREFERRED, [place, TopicPartition(topic, 5)]).result(WAIT_SECONDS)
    assert results[place].code() == KafkaError.ELECTION_NOT_NEEDED
    assert results[TopicPartition(topic, 5)].code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_log_dirs(broker, admin, python_admin, topic):
    create(admin, topic)
    produce(broker, topic, [b"x" * 1000] * 10)
    ((rows,),) = [[found["log_dirs"] for found in python_admin.describe_log_dirs()]]
    assert len(rows) == 1
    found = {(t["name"], p["partition_index"]): p["partition_size"] for t in rows[0]["topics"] for p in t["partitions"]}
    assert found[(topic, 0)] > 9000
    assert rows[0]["total_bytes"] > rows[0]["usable_bytes"] > 0
    assert rows[0]["error_code"] == 0


def test_describe_producers(broker, admin, python_admin, topic):
    create(admin, topic)
    produce(broker, topic, [b"1", b"2"], settings={"enable.idempotence": True})
    (found,) = python_admin.describe_producers([Place(topic, 0)]).values()
    (row,) = found.active_producers
    assert (row.last_sequence, row.producer_epoch) == (1, 0)
    assert (row.coordinator_epoch, row.current_transaction_start_offset) == (-1, -1)  # nobody began a transaction


def test_metadata_quorum_has_one_voter(python_admin):
    quorum = python_admin.describe_metadata_quorum()
    (partition,) = quorum["topics"][0]["partitions"]
    assert partition["leader_id"] == 1
    assert [row["replica_id"] for row in partition["current_voters"]] == [1]
    assert partition["observers"] == []
    assert partition["high_watermark"] >= 0


def test_reassignments(admin, python_admin, topic):
    create(admin, topic)
    assert not python_admin.list_partition_reassignments()


def test_config_resources(admin, python_admin, topic):
    create(admin, topic)
    found = python_admin.list_config_resources()
    assert topic in str(found)


# --- what is set stays set, and counts at once


def test_changes_survive_a_restart(eddy, topic):
    admin = AdminClient({"bootstrap.servers": eddy.bootstrap})
    create(admin, topic)
    done(change(admin, ResourceType.TOPIC, topic, ("retention.ms", SET, "4711")))
    assert alter_broker(eddy, "", "log.segment.bytes", "2097152") == (0, None)
    done(admin.create_partitions([NewPartitions(topic, 4)]))
    eddy.kill()
    eddy.restart()
    admin = AdminClient({"bootstrap.servers": eddy.bootstrap})
    found = configs(admin, ResourceType.TOPIC, topic)
    assert found["retention.ms"].value == "4711"
    assert found["segment.bytes"].value == "2097152"
    assert len(admin.list_topics(topic).topics[topic].partitions) == 4


def test_options_of_the_start_are_shown(start_eddy, topic):
    eddy = start_eddy("--kafka-partitions", "3", environment={"EDDY_TOPIC_RETENTION": "1h"})
    admin = AdminClient({"bootstrap.servers": eddy.bootstrap})
    found = configs(admin, ResourceType.BROKER, 1)
    assert (found["num.partitions"].value, found["num.partitions"].source) == ("3", ConfigSource.STATIC_BROKER_CONFIG.value)
    assert found["log.retention.ms"].value == "3600000"
    assert found["log.dirs"].value == str(eddy.data)
    create(admin, topic)
    entry = configs(admin, ResourceType.TOPIC, topic)["retention.ms"]
    assert (entry.value, entry.source) == ("3600000", ConfigSource.STATIC_BROKER_CONFIG.value)


def test_the_log_level_is_changed_while_it_runs(eddy):
    admin = KafkaAdminClient(bootstrap_servers=eddy.bootstrap)
    admin.alter_configs([Resource(ConfigResourceType.BROKER_LOGGER, "1", configs={"root": "DEBUG"})])
    found = admin.describe_configs([Resource(ConfigResourceType.BROKER_LOGGER, "1")], config_filter="all")
    admin.close()
    assert "DEBUG" in str(found)
