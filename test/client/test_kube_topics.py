# SPDX-License-Identifier: Apache-2.0
"""KafkaTopics: topics by YAML, with the oldest and the newest kubectl, looked at with Kafka's own clients."""

import itertools
import json
import time
import uuid

import pytest
import servers
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}
SECONDS = 30
EXAMPLE = servers.ROOT / "examples/kubernetes/topic.yaml"


class Topics:
    """What Kafka's clients see."""

    def __init__(self, server):
        self.server = server
        self.admin = AdminClient({"bootstrap.servers": server.bootstrap})

    def partitions(self, name):
        """How many there are; 0: no such topic."""
        found = self.admin.list_topics(timeout=SECONDS).topics
        return len(found[name].partitions) if name in found else 0

    def config(self, name):
        resource = ConfigResource(ResourceType.TOPIC, name)
        return {k: v.value for k, v in self.admin.describe_configs([resource])[resource].result(SECONDS).items()}

    def set(self, name, key, value):
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
        self.admin.incremental_alter_configs([resource])[resource].result(SECONDS)

    def make(self, name, partitions):
        self.admin.create_topics([NewTopic(name, partitions)])[name].result(SECONDS)

    def delete(self, name):
        self.admin.delete_topics([name])[name].result(SECONDS)


@pytest.fixture(scope="module")
def topics(kube):
    return Topics(kube.server)


@pytest.fixture
def name():
    return f"t-{uuid.uuid4().hex[:12]}"


def manifest(name, version="v1", annotations=None, **spec):
    metadata = {"name": name, "labels": {"strimzi.io/cluster": "my-cluster"}, "annotations": annotations or {}}
    return {"apiVersion": f"kafka.strimzi.io/{version}", "kind": "KafkaTopic", "metadata": metadata, "spec": spec}


def until(condition):
    """What CONDITION returns when it is true; it is asked until then."""
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
    return found


def ready(kubectl, name):
    kubectl.run("wait", "--for=condition=Ready", f"kafkatopic/{name}", "--timeout=20s")
    return kubectl.tree("kt", name)["status"]


def condition(kubectl, name, wanted="Ready"):
    found = kubectl.tree("kt", name).get("status", {}).get("conditions", [])
    return next((one for one in found if one["type"] == wanted), {})


def refusal(kubectl, name, reason):
    """The sentence of a resource that is not ready for that reason."""
    return until(lambda: (one := condition(kubectl, name)).get("status") == "False" and one["reason"] == reason and one)["message"]


def settled(kubectl, name):
    """The resource as soon as its status tells of its newest generation."""

    def look():
        found = kubectl.tree("kt", name)
        return found if found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"] else None

    return until(look)


# --- the life of a topic


def test_a_topic_by_yaml_is_written_and_read(kubectl, topics, name):
    assert kubectl.apply(manifest(name, partitions=3, replicas=1)) == f"kafkatopic.kafka.strimzi.io/{name} created\n"
    status = ready(kubectl, name)
    assert status["topicName"] == name and status["observedGeneration"] == 1
    assert topics.partitions(name) == 3
    producer = Producer({"bootstrap.servers": topics.server.bootstrap})
    producer.produce(name, b"hello", on_delivery=lambda error, _: pytest.fail(str(error)) if error else None)
    assert producer.flush(SECONDS) == 0
    consumer = Consumer({"bootstrap.servers": topics.server.bootstrap, "group.id": name, "auto.offset.reset": "earliest"})
    consumer.subscribe([name])
    assert consumer.poll(SECONDS).value() == b"hello"
    consumer.close()


def test_it_changes_and_goes_with_its_resource(kubectl, topics, name):
    kubectl.apply(manifest(name, partitions=1, config={"retention.ms": 3600000, "cleanup.policy": ["compact", "delete"]}))
    first = ready(kubectl, name)
    assert topics.config(name)["retention.ms"] == "3600000" and topics.config(name)["cleanup.policy"] == "compact,delete"
    kubectl.apply(manifest(name, partitions=4, config={"retention.ms": 7200000, "min.cleanable.dirty.ratio": 0.25}))
    until(lambda: topics.partitions(name) == 4)
    status = settled(kubectl, name)["status"]
    assert status["topicId"] == first["topicId"] and status["observedGeneration"] == 2
    seen = topics.config(name)
    assert (seen["retention.ms"], seen["cleanup.policy"], seen["min.cleanable.dirty.ratio"]) == ("7200000", "delete", "0.25")
    kubectl.run("patch", "kt", name, "--type=merge", "-p", json.dumps({"spec": {"config": {"retention.ms": None}}}))
    until(lambda: topics.config(name)["retention.ms"] == "604800000")
    assert kubectl.run("delete", "kt", name).startswith(f'kafkatopic.kafka.strimzi.io "{name}" deleted')
    assert topics.partitions(name) == 0
    assert kubectl.run("get", "kt", name, "--ignore-not-found") == ""


def test_kubectl_shows_strimzis_columns(kubectl, name):
    kubectl.apply(manifest(name, partitions=3, replicas=1))
    ready(kubectl, name)
    header, row = kubectl.run("get", "kt").splitlines()
    assert header.split() == ["NAME", "CLUSTER", "PARTITIONS", "REPLICATION", "FACTOR", "READY"]
    assert row.split() == [name, "my-cluster", "3", "1", "True"]
    assert kubectl.run("get", "kafkatopics.v1beta2.kafka.strimzi.io", "--no-headers").split() == row.split()
    assert name in kubectl.run("get", "strimzi", "-o", "name")
    said = kubectl.run("explain", "kafkatopic.spec")
    assert "There can be more later, never fewer" in said and "topicName" in said and "replicas" in said
    assert "retention.ms" in kubectl.run("explain", "kafkatopic.spec.config")
    assert "Topic Id:" in kubectl.run("describe", "kt", name)


def test_both_versions_are_one_resource(kubectl, topics, name):
    kubectl.apply(manifest(name, "v1beta2", partitions=2))
    ready(kubectl, name)
    assert kubectl.tree("kt", name)["apiVersion"] == "kafka.strimzi.io/v1"
    assert "configured" in kubectl.apply(manifest(name, "v1", partitions=3))
    until(lambda: topics.partitions(name) == 3)
    assert kubectl.tree("kafkatopics.v1beta2.kafka.strimzi.io", name)["spec"]["partitions"] == 3


def test_the_example_is_applied(kubectl, topics):
    kubectl.run("apply", "-f", EXAMPLE)
    found = settled(kubectl, "orders")
    assert found["status"]["conditions"][0]["status"] == "True"
    assert topics.partitions("orders") == found["spec"]["partitions"]
    kubectl.run("delete", "-f", EXAMPLE)
    assert topics.partitions("orders") == 0


def test_a_namespace_takes_its_topics_along(kube, kubectl, topics):
    names = [f"t-{uuid.uuid4().hex[:12]}" for _ in range(5)]
    kubectl.apply({"apiVersion": "v1", "kind": "List", "items": [manifest(one) for one in names]})
    for one in names:
        ready(kubectl, one)
    kubectl.run("delete", "namespace", kubectl.space)
    assert [topics.partitions(one) for one in names] == [0] * 5


def test_whoever_writes_the_resource_does_not_lose_the_topic(kubectl, topics, name):
    """The finalizer stands in nobody's manifest; without it the topic would outlive its resource."""
    whole = manifest(name, partitions=2)
    for arguments in (["apply", "--server-side"], ["apply", "--server-side"], ["replace"]):
        kubectl.run(*arguments, "-f", kubectl.file(whole))
        ready(kubectl, name)
        until(lambda: kubectl.tree("kt", name)["metadata"].get("finalizers") == ["strimzi.io/topic-operator"])
    kubectl.run("delete", "kt", name)
    assert topics.partitions(name) == 0


# --- what is there already, and what others do


def test_a_topic_that_is_there_is_adopted(kubectl, topics, name):
    topics.make(name, 4)
    topics.set(name, "retention.ms", "1234567")
    kubectl.apply(manifest(name, config={"max.message.bytes": 100000}))
    assert ready(kubectl, name)["configNames"] == ["max.message.bytes"]
    assert topics.partitions(name) == 4
    kubectl.apply(manifest(name, config={}))
    until(lambda: topics.config(name)["max.message.bytes"] == "1048588")
    assert topics.config(name)["retention.ms"] == "1234567", "somebody else set it"


def test_what_others_did_is_undone_where_the_resource_says_otherwise(kubectl, topics, name):
    kubectl.apply(manifest(name, partitions=2, config={"retention.ms": 3600000}))
    first = ready(kubectl, name)["topicId"]
    topics.set(name, "retention.ms", "1")
    topics.set(name, "segment.ms", "3600001")
    until(lambda: topics.config(name)["retention.ms"] == "3600000")
    assert topics.config(name)["segment.ms"] == "3600001"
    topics.delete(name)
    until(lambda: topics.partitions(name) == 2)
    assert until(lambda: (found := settled(kubectl, name)["status"]["topicId"]) != first and found)
    assert topics.config(name)["retention.ms"] == "3600000"


def test_nothing_is_written_while_nothing_changes(kubectl, topics, name):
    kubectl.apply(manifest(name, partitions=2, config={"cleanup.policy": "compact, delete", "retention.ms": " 5000 "}))
    ready(kubectl, name)
    consumer = Consumer({"bootstrap.servers": topics.server.bootstrap, "group.id": name})
    own = [TopicPartition(one, 0) for one in ("__resources", "__eddy_topics")]
    time.sleep(0.2)
    before = [consumer.get_watermark_offsets(one, SECONDS)[1] for one in own]
    time.sleep(1)  # a few looks
    assert [consumer.get_watermark_offsets(one, SECONDS)[1] for one in own] == before
    consumer.close()


def test_an_installer_may_bring_the_definition_of_a_kind_that_eddy_has(kubectl, topics, name):
    definition = servers.ROOT / "charts/eddy/crds/kafkatopic.yaml"
    kubectl.apply(manifest(name, partitions=1))
    ready(kubectl, name)
    try:
        kubectl.run("apply", "-f", definition)
        kubectl.run("wait", "--for=condition=Established", "crd/kafkatopics.kafka.strimzi.io", "--timeout=20s")
        assert "eddy serves this kind itself" in kubectl.run("describe", "crd", "kafkatopics.kafka.strimzi.io")
    finally:
        kubectl.run("delete", "crd", "kafkatopics.kafka.strimzi.io")
    kubectl.apply(manifest(name, partitions=2))
    ready(kubectl, name)
    assert topics.partitions(name) == 2


# --- what cannot be


def test_partitions_do_not_get_fewer(kubectl, topics, name):
    kubectl.apply(manifest(name, partitions=3))
    ready(kubectl, name)
    kubectl.apply(manifest(name, partitions=2))
    assert refusal(kubectl, name, "NotSupported") == "Decreasing partitions not supported"
    assert kubectl.run("get", "kt", name, "--no-headers").split()[-1] == "False"
    events = kubectl.run("describe", "kt", name).split("Events:")[1].splitlines()[3:]
    assert [line.split()[:2] for line in events] == [["Warning", "NotSupported"]] and "Decreasing partitions not supported" in events[0]
    assert topics.partitions(name) == 3
    kubectl.apply(manifest(name, partitions=3))
    ready(kubectl, name)


def test_copies_that_one_node_cannot_have_are_a_warning(kubectl, name):
    kubectl.apply(manifest(name, partitions=1, replicas=3, config={"min.insync.replicas": 2}))
    ready(kubectl, name)
    assert "keeps one copy of each partition" in condition(kubectl, name, "Warning")["message"]


def test_configurations_that_kafka_does_not_have_are_told(kubectl, topics, name):
    kubectl.apply(manifest(name, config={"no.such.thing": 1}))
    assert refusal(kubectl, name, "KafkaError") == "Unknown topic config name: no.such.thing"
    kubectl.apply(manifest(name, config={"retention.ms": "soon"}))
    until(lambda: "Invalid value soon for configuration retention.ms" in refusal(kubectl, name, "KafkaError"))
    assert topics.partitions(name) == 0
    said = kubectl.apply(manifest(name, config={"retention.ms": {"a": 1}}), code=1)
    assert "spec.config[retention.ms]: Invalid value: must be a text, a number, true, false, or a list of these" in said
    kubectl.apply(manifest(name))
    ready(kubectl, name)


def test_what_the_schema_refuses_is_refused_at_once(kubectl, name):
    assert "spec.partitions" in kubectl.apply(manifest(name, partitions=0), code=1)
    bare = {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": {"name": name}}
    assert "spec: Required value" in kubectl.apply(bare, arguments=["--validate=false"], code=1)


def test_the_name_of_the_topic_stays(kubectl, topics, name):
    topic = name.upper().replace("-", "_")
    kubectl.apply(manifest(name, topicName=topic))
    assert ready(kubectl, name)["topicName"] == topic
    assert topics.partitions(topic) == 1
    said = kubectl.apply(manifest(name, topicName="another"), code=1)
    assert 'spec.topicName: Invalid value: "another": field is immutable' in said
    remove = '[{"op":"remove","path":"/spec/topicName"}]'
    assert "field is immutable" in kubectl.run("patch", "kt", name, "--type=json", "-p", remove, code=1)
    kubectl.run("delete", "kt", name)
    assert topics.partitions(topic) == 0


def test_a_name_that_kafka_does_not_have_is_told(kubectl, name):
    kubectl.apply(manifest(name, topicName="a topic"))
    assert "contains one or more characters other than ASCII alphanumerics" in refusal(kubectl, name, "KafkaError")
    kubectl.run("delete", "kt", name)


@pytest.mark.parametrize("own", ["__resources", "__eddy_topics", "__consumer_offsets"])
def test_the_servers_own_topics_are_left_alone(kubectl, topics, name, own):
    before = (topics.partitions(own), topics.config(own))
    assert before[0] > 0
    kubectl.apply(manifest(name, topicName=own, partitions=5, config={"retention.ms": 1}))
    assert refusal(kubectl, name, "NotSupported") == f"The topic '{own}' is the server's own and is left alone"
    kubectl.run("delete", "kt", name)
    assert (topics.partitions(own), topics.config(own)) == before


# --- whose it is


def test_the_older_of_two_has_the_topic(kubectl, topics, name):
    kubectl.apply(manifest(f"{name}-z", topicName=name, partitions=2))
    ready(kubectl, f"{name}-z")
    kubectl.apply(manifest(f"{name}-a", topicName=name, partitions=7, config={"retention.ms": 1}))
    said = refusal(kubectl, f"{name}-a", "ResourceConflict")
    assert said == f"The topic '{name}' is managed by the KafkaTopic {kubectl.space}/{name}-z, which is older"
    assert topics.partitions(name) == 2
    kubectl.run("delete", "kt", f"{name}-a")
    assert topics.partitions(name) == 2
    kubectl.apply(manifest(f"{name}-a", topicName=name, partitions=7))
    refusal(kubectl, f"{name}-a", "ResourceConflict")
    kubectl.run("delete", "kt", f"{name}-z")
    ready(kubectl, f"{name}-a")
    assert topics.partitions(name) == 7


def test_an_annotation_keeps_the_topic(kubectl, topics, name):
    kubectl.apply(manifest(name, partitions=2))
    ready(kubectl, name)
    kubectl.run("annotate", "kt", name, "strimzi.io/managed=false")
    until(lambda: condition(kubectl, name, "Unmanaged").get("status") == "True")
    assert condition(kubectl, name) == {}
    kubectl.apply(manifest(name, annotations={"strimzi.io/managed": "false"}, partitions=5))
    settled(kubectl, name)
    assert topics.partitions(name) == 2
    kubectl.run("delete", "kt", name)
    assert topics.partitions(name) == 2
    kubectl.apply(manifest(name, partitions=3))
    ready(kubectl, name)
    assert topics.partitions(name) == 3


def test_another_annotation_is_a_pause(kubectl, topics, name):
    kubectl.apply(manifest(name, partitions=2))
    ready(kubectl, name)
    kubectl.apply(manifest(name, annotations={"strimzi.io/pause-reconciliation": "true"}, partitions=5))
    until(lambda: condition(kubectl, name, "ReconciliationPaused").get("status") == "True")
    time.sleep(0.5)
    assert topics.partitions(name) == 2
    kubectl.run("annotate", "kt", name, "strimzi.io/pause-reconciliation-")
    ready(kubectl, name)
    until(lambda: topics.partitions(name) == 5)


# --- crashes

PATH = "/apis/kafka.strimzi.io/v1/namespaces/default/kafkatopics"


def resources(kube):
    return {one["metadata"]["name"]: one for one in kube.ask("GET", PATH).tree["items"]}


def is_ready(one):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in one.get("status", {}).get("conditions", []))


@pytest.mark.parametrize("delay", [0, 0.001, 0.003, 0.01, 0.03])
def test_a_crash_in_between_loses_nothing(start_kube, delay):
    kube = start_kube()
    names = [f"t{i}" for i in range(20)]
    for one in names:
        assert kube.ask("POST", PATH, manifest(one, partitions=3, config={"retention.ms": 5000})).status == 201
    time.sleep(delay)
    kube.server.kill()
    kube.server.restart()
    until(lambda: all(is_ready(one) for one in resources(kube).values()))
    topics = Topics(kube.server)
    assert sorted(resources(kube)) == sorted(names)
    assert {topics.partitions(one) for one in names} == {3}
    for one in names:
        assert kube.ask("DELETE", f"{PATH}/{one}").status == 200
    time.sleep(delay)
    kube.server.kill()
    kube.server.restart()
    until(lambda: not resources(kube))
    topics = Topics(kube.server)
    assert {topics.partitions(one) for one in names} == {0}


@pytest.mark.parametrize("delay", [0, 0.003, 0.02])
def test_a_stop_in_between_is_in_order(start_kube, delay):
    kube = start_kube()
    for number in range(30):
        assert kube.ask("POST", PATH, manifest(f"t{number}", partitions=3)).status == 201
    time.sleep(delay)
    assert kube.server.stop() == 0
    kube.server.restart()
    until(lambda: all(is_ready(one) for one in resources(kube).values()))
    assert len(resources(kube)) == 30
    assert kube.ask("DELETE", PATH).status == 200
    time.sleep(delay)
    assert kube.server.stop() == 0
    kube.server.restart()
    until(lambda: not resources(kube))


def test_a_topic_is_made_after_a_crash_that_hit_its_change(start_kube):
    """Partitions and configurations are two steps: the second comes after the restart."""
    kube = start_kube()
    assert kube.ask("POST", PATH, manifest("t", partitions=1)).status == 201
    until(lambda: is_ready(resources(kube)["t"]))
    for partitions in itertools.islice(itertools.count(2), 10):
        patch = {"spec": {"partitions": partitions, "config": {"retention.ms": partitions * 1000}}}
        assert kube.ask("PATCH", f"{PATH}/t", patch, "application/merge-patch+json").status == 200
        kube.server.kill()
        kube.server.restart()
        topics = Topics(kube.server)
        until(lambda wanted=partitions, now=topics: now.partitions("t") == wanted)
        assert topics.config("t")["retention.ms"] == str(partitions * 1000)
