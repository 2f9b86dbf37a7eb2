# SPDX-License-Identifier: Apache-2.0
"""KafkaSources: records of topics reach a sink as events, whatever they are, from where the group is."""

import base64
import json
import pathlib
import struct
import time
import uuid

import confluent_kafka
import confluent_kafka.admin
import pytest
import yaml

from test_delivery import figures
from test_events import SECONDS, Receiver, Space, wait_for

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}
EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/knative"


class Sources(Space):
    """A namespace with KafkaSources, and a Kafka client."""

    def __init__(self, kube, name=None):
        super().__init__(kube, name)
        self.kafka = {"bootstrap.servers": "{}:{}".format(*kube.server.doors["kafka"])}
        self.admin = confluent_kafka.admin.AdminClient(self.kafka)
        self.producer = confluent_kafka.Producer(self.kafka)

    def path(self, name, subresource="", version="v1"):
        return f"/apis/sources.knative.dev/{version}/namespaces/{self.name}/kafkasources/{name}{subresource}"

    def put(self, name, spec, labels=None, version="v1"):
        body = {
            "apiVersion": f"sources.knative.dev/{version}",
            "kind": "KafkaSource",
            "metadata": {"name": name, "labels": labels or {}},
            "spec": {"bootstrapServers": ["localhost:9092"], **spec},
        }
        path = self.path(name, "?fieldManager=test&force=true", version)
        return self.kube.ask("PATCH", path, json.dumps(body).encode(), "application/apply-patch+yaml")

    def source(self, name, topics, uri, labels=None, **spec):
        answer = self.put(name, {"topics": topics, "sink": {"uri": uri}, **spec}, labels)
        assert answer.status in (200, 201), answer.body
        self.becomes_ready(name, answer.tree["metadata"]["generation"])
        return self.look(name)

    def look(self, name):
        return self.kube.ask("GET", self.path(name)).tree

    def state(self, name, type="Ready"):
        conditions = self.look(name).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == type), {})

    def becomes_ready(self, name, generation=0):
        def seen():
            status = self.look(name).get("status", {})
            return status.get("observedGeneration", 0) >= generation and self.state(name).get("status") == "True"

        wait_for(seen, lambda: self.look(name))

    def says(self, name, words, type="Ready"):
        wait_for(lambda: words in self.state(name, type).get("message", ""), lambda: self.look(name))
        assert self.state(name, type)["status"] == "False"

    def remove(self, name):
        assert self.kube.ask("DELETE", self.path(name)).status == 200
        wait_for(lambda: self.kube.ask("GET", self.path(name)).status == 404, f"{name} goes")

    def new_topic(self, partitions=1, name=None):
        name = name or f"t-{uuid.uuid4().hex[:8]}"
        self.admin.create_topics([confluent_kafka.admin.NewTopic(name, partitions)])[name].result(SECONDS)
        return name

    def drop_topic(self, name):
        self.admin.delete_topics([name])[name].result(SECONDS)

    def topics(self):
        return self.admin.list_topics(timeout=SECONDS).topics

    def write(self, topic, value, key=None, headers=(), partition=0, **more):
        self.producer.produce(topic, value, key, partition, headers=list(headers), **more)
        assert self.producer.flush(SECONDS) == 0

    def offsets(self, group, topic, partitions=1):
        consumer = confluent_kafka.Consumer({**self.kafka, "group.id": group})
        asked = [confluent_kafka.TopicPartition(topic, i) for i in range(partitions)]
        found = [one.offset for one in consumer.committed(asked, SECONDS)]
        consumer.close()
        return found


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def space(kube):
    return Sources(kube)


def bodies(receiver):
    return [body.decode() for _, _, body in list(receiver.got)]


# --- what arrives


def test_a_plain_record_is_an_event_of_knative(space, receiver):
    topic = space.new_topic()
    source = space.source("s", [topic], receiver.uri("/in"))
    headers = [("Content-Type", b"Text/Plain"), ("x-Trace_ID", b"abc"), ("raw", b"\xff\x00")]
    space.write(topic, b"hello", b"k1", headers, timestamp=1700000000123)
    wait_for(lambda: receiver.got, lambda: space.look("s"))
    path, got, body = receiver.got[0]
    assert path == "/in" and body == b"hello" and got["content-type"] == "text/plain"
    assert {name: value for name, value in got.items() if name.startswith("ce-")} == {
        "ce-specversion": "1.0",
        "ce-type": "dev.knative.kafka.event",
        "ce-source": f"/apis/v1/namespaces/{space.name}/kafkasources/s#{topic}",
        "ce-subject": "partition:0#0",
        "ce-id": "partition:0/offset:0",
        "ce-time": "2023-11-14T22:13:20.123Z",
        "ce-partitionkey": "k1",
        "ce-key": "k1",
        "ce-kafkaheaderxtraceid": "abc",
        "ce-kafkaheaderraw": base64.b64encode(b"\xff\x00").decode(),
        "ce-knativekafkapartition": "0",
        "ce-knativekafkaoffset": "0",
    }
    assert got["kn-namespace"] == space.name
    space.write(topic, None, b"gone")  # a tombstone
    wait_for(lambda: len(receiver.got) == 2, "a second event")
    assert receiver.got[1][2] == b"" and receiver.got[1][1]["ce-key"] == "gone"
    status = source["status"]
    assert status["sinkUri"] == receiver.uri("/in") and status["consumers"] == 1 and status["claims"] == f"{topic}:0-0"
    assert status["ceAttributes"] == [{"type": "dev.knative.kafka.event", "source": got["ce-source"]}]
    names = {one["type"]: one["status"] for one in status["conditions"]}
    assert names == {"Ready": "True", "SinkProvided": "True", "ConsumerGroup": "True", "OIDCIdentityCreated": "True"}


def test_a_record_that_is_an_event_stays_one(space, receiver):
    topic = space.new_topic()
    space.source("s", [topic], receiver.uri("/in"), ceOverrides={"extensions": {"added": "v"}})
    binary = {"ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/shop", "ce_type": b"order", "content-type": b"application/json"}
    space.write(topic, b'{"a": 1}', b"key", binary.items())
    structured = json.dumps({"specversion": "1.0", "id": "2", "source": "/shop", "type": "order", "data": {"a": 2}}).encode()
    space.write(topic, structured, headers=[("content-type", b"application/cloudevents+json; charset=UTF-8")])
    space.write(topic, b"x", headers=[("ce_specversion", b"1.0"), ("ce_id", b"3")])  # says it is one, and is none
    wait_for(lambda: len(receiver.got) == 3, lambda: receiver.got)
    (_, one, first), (_, two, second), (_, three, third) = receiver.got
    assert (one["ce-id"], one["ce-type"], one["ce-source"], one["ce-added"], first) == ("1", "order", "/shop", "v", b'{"a": 1}')
    assert "ce-key" not in one and "ce-partitionkey" not in one
    assert (two["ce-id"], two["ce-added"], json.loads(second)) == ("2", "v", {"a": 2})
    assert (three["ce-type"], three["ce-kafkaheaderceid"], three["ce-added"], third) == ("dev.knative.kafka.event", "3", "v", b"x")


@pytest.mark.parametrize(
    ("type", "key", "shown"),
    [
        ("string", b"abc", "abc"),
        ("int", struct.pack(">i", -5), "-5"),
        ("int", struct.pack(">q", 1 << 40), str(1 << 40)),
        ("int", b"abc", "abc"),
        ("float", struct.pack(">f", 0.1), "0.1"),
        ("float", struct.pack(">d", 2.5), "2.5"),
        ("byte-array", b"abc", "YWJj"),
    ],
    ids=["string", "int32", "int64", "no-int", "float32", "float64", "byte-array"],
)
def test_keys_are_what_the_label_says(space, receiver, type, key, shown):
    topic = space.new_topic()
    space.source("s", [topic], receiver.uri("/in"), {"kafkasources.sources.knative.dev/key-type": type})
    space.write(topic, b"v", key)
    wait_for(lambda: receiver.got, "an event")
    assert receiver.got[0][1]["ce-key"] == receiver.got[0][1]["ce-partitionkey"] == shown


def test_into_a_broker_and_through_a_trigger(space, receiver):
    topic = space.new_topic()
    ref = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}
    assert space.put("s", {"topics": [topic], "sink": {"ref": ref}}).status == 201
    space.says("s", "does not exist", "SinkProvided")
    space.write(topic, b"early")  # waits: the group is where the topic ended when the source was made
    space.broker()
    space.trigger("t", receiver.uri("/in"), filter={"attributes": {"type": "dev.knative.kafka.event"}})
    space.becomes_ready("s")
    space.write(topic, b"late")
    wait_for(lambda: "late" in bodies(receiver), lambda: receiver.got)
    assert space.look("s")["spec"]["sink"]["ref"]["namespace"] == space.name


# --- where it begins, and what it remembers


def test_where_a_new_group_begins(space, receiver):
    topic = space.new_topic()
    for value, when in ((b"a", 1_000_000), (b"b", 2_000_000), (b"c", 3_000_000)):
        space.write(topic, value, timestamp=when)
    space.source("latest", [topic], receiver.uri("/latest"))
    space.source("earliest", [topic], receiver.uri("/earliest"), initialOffset="earliest")
    space.source("time", [topic], receiver.uri("/time"), initialOffset="1970-01-01T00:25:00Z")
    space.source("future", [topic], receiver.uri("/future"), initialOffset="2999-01-01T00:00:00Z")
    space.write(topic, b"d", timestamp=4_000_000)
    wanted = {"/latest": "d", "/earliest": "abcd", "/time": "bcd", "/future": "d"}
    wait_for(lambda: len(receiver.got) == sum(map(len, wanted.values())), lambda: receiver.got)
    for path, values in wanted.items():
        assert "".join(body.decode() for where, _, body in receiver.got if where == path) == values


def test_the_group_is_one_of_kafka(space, receiver, cli):
    topic = space.new_topic(3)
    group = f"g-{uuid.uuid4().hex[:8]}"
    source = space.source("s", [topic], receiver.uri("/in"), consumerGroup=group, initialOffset="earliest")
    assert source["spec"]["consumerGroup"] == group and source["status"]["claims"] == f"{topic}:0-2"
    for i in range(9):
        space.write(topic, b"%d" % i, partition=i % 3)
    wait_for(lambda: len(receiver.got) == 9, "nine events")
    wait_for(lambda: space.offsets(group, topic, 3) == [3, 3, 3], lambda: space.offsets(group, topic, 3))
    place = ("--bootstrap", "{}:{}".format(*space.kube.server.doors["kafka"]))
    assert topic in cli("group", "describe", group, *place)
    space.remove("s")
    space.write(topic, b"meanwhile")
    assert space.offsets(group, topic, 3) == [3, 3, 3]  # the group is the user's: it stays
    space.source("s", [topic], receiver.uri("/in"), consumerGroup=group)
    wait_for(lambda: bodies(receiver)[9:] == ["meanwhile"], lambda: bodies(receiver))
    space.remove("s")
    cli("group", "reset", group, "--topic", f"{topic}:1", "--to", "earliest", "--execute", *place)
    space.source("s", [topic], receiver.uri("/in"), consumerGroup=group)
    wait_for(lambda: bodies(receiver)[10:] == ["1", "4", "7"], lambda: bodies(receiver))


def test_a_group_of_its_own_is_made_and_goes_with_it(space, receiver):
    topic = space.new_topic()
    source = space.source("s", [topic], receiver.uri("/in"))
    group = source["spec"]["consumerGroup"]
    assert group == f"knative-kafka-source-{source['metadata']['uid']}"
    again = space.source("s", [topic], receiver.uri("/other"))  # a manifest that does not name it
    assert again["spec"]["consumerGroup"] == group
    assert space.put("s", {"topics": [topic], "sink": {"uri": receiver.uri("/in")}, "consumerGroup": "other"}).status == 422
    space.write(topic, b"1")
    wait_for(lambda: space.offsets(group, topic) == [1], "it is committed")
    dead = f"knative-source-{space.name}-s-dead-letters"
    assert dead in space.topics()
    space.remove("s")
    assert space.offsets(group, topic) == [confluent_kafka.OFFSET_INVALID]
    assert dead not in space.topics()


def test_two_sources_do_not_share_a_group(space, receiver):
    topic, other = space.new_topic(), space.new_topic()
    space.source("one", [topic], receiver.uri("/one"), consumerGroup="shared")
    spec = {"topics": [topic, other], "sink": {"uri": receiver.uri("/two")}, "consumerGroup": "shared"}
    assert space.put("two", spec).status == 201
    space.says("two", "another KafkaSource reads topic", "ConsumerGroup")
    space.write(topic, b"1")
    space.write(other, b"2")
    wait_for(lambda: len(receiver.got) == 2, lambda: receiver.got)
    assert sorted((path, body) for path, _, body in receiver.got) == [("/one", b"1"), ("/two", b"2")]
    wait_for(lambda: space.offsets("shared", topic) == [1], "it is committed")
    space.remove("one")
    space.becomes_ready("two")
    space.write(topic, b"3")
    wait_for(lambda: receiver.got[2:] and receiver.got[2][0] == "/two", lambda: receiver.got)
    assert [body for path, _, body in receiver.got if path == "/two"] == [b"2", b"3"]


def test_a_kafka_consumer_of_the_same_group_reads_the_same(space, receiver):
    """A source is no member of its group: nobody is kept from anything. What both commit is one place."""
    topic = space.new_topic()
    consumer = confluent_kafka.Consumer({**space.kafka, "group.id": "both", "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([topic])
    space.source("s", [topic], receiver.uri("/in"), consumerGroup="both", initialOffset="earliest")
    space.write(topic, b"1")
    message = consumer.poll(SECONDS)
    assert message.value() == b"1"
    wait_for(lambda: bodies(receiver) == ["1"], lambda: receiver.got)
    consumer.close()


# --- topics that others change


def test_topics_that_are_not_there_are_waited_for(space, receiver):
    there, late = space.new_topic(), f"late-{uuid.uuid4().hex[:8]}"
    assert space.put("s", {"topics": [there, late], "sink": {"uri": receiver.uri("/in")}}).status == 201
    space.says("s", late, "ConsumerGroup")
    assert space.state("s")["reason"] == "TopicNotPresentOrInvalid" and there not in space.state("s")["message"]
    wait_for(lambda: space.look("s")["status"].get("claims") == f"{there}:0-0", lambda: space.look("s"))
    space.write(there, b"1")
    wait_for(lambda: bodies(receiver) == ["1"], "the other topic is read")
    space.new_topic(name=late)
    space.write(late, b"2")  # most likely before the source has seen it
    space.becomes_ready("s")
    wait_for(lambda: bodies(receiver) == ["1", "2"], lambda: bodies(receiver))


def test_a_topic_is_seen_soon_after_it_comes(start_kube, receiver):
    space = Sources(start_kube(environment={"EDDY_KUBE_RESYNC": "10m"}))
    late = f"late-{uuid.uuid4().hex[:8]}"
    assert space.put("s", {"topics": [late], "sink": {"uri": receiver.uri("/in")}}).status == 201
    space.says("s", late, "ConsumerGroup")
    space.new_topic(name=late)
    space.becomes_ready("s")


def test_a_topic_that_is_made_again_is_read_from_its_beginning(space, receiver):
    topic = space.new_topic()
    space.source("s", [topic], receiver.uri("/in"))
    for i in range(5):
        space.write(topic, b"old%d" % i)
    wait_for(lambda: len(receiver.got) == 5, "five events")
    space.drop_topic(topic)
    space.says("s", topic, "ConsumerGroup")
    space.new_topic(name=topic)
    for i in range(3):
        space.write(topic, b"new%d" % i)
    wait_for(lambda: bodies(receiver)[5:] == ["new0", "new1", "new2"], lambda: bodies(receiver))
    space.becomes_ready("s")


def test_partitions_that_are_added_are_read_from_their_beginning(space, receiver):
    topic = space.new_topic()
    space.source("s", [topic], receiver.uri("/in"))
    space.admin.create_partitions([confluent_kafka.admin.NewPartitions(topic, 3)])[topic].result(SECONDS)
    for i in range(3):
        space.write(topic, b"%d" % i, partition=i)
    wait_for(lambda: set(bodies(receiver)) == {"0", "1", "2"}, lambda: bodies(receiver))
    wait_for(lambda: space.look("s")["status"]["claims"] == f"{topic}:0-2", lambda: space.look("s"))


def test_the_servers_own_topics_are_not_read(space, receiver):
    assert space.put("s", {"topics": ["__consumer_offsets"], "sink": {"uri": receiver.uri("/in")}}).status == 201
    space.says("s", "the server's own: __consumer_offsets", "ConsumerGroup")


# --- delivery


def test_what_fails_is_tried_again_then_kept(space, receiver):
    topic = space.new_topic()
    receiver.answer = lambda path, headers, body: (500 if body == b"bad" else 202, {}, b"no")
    delivery = {"retry": 2, "backoffPolicy": "linear", "backoffDelay": "PT0.05S"}
    space.source("s", [topic], receiver.uri("/in"), delivery=delivery)
    space.write(topic, b"bad", b"k")
    space.write(topic, b"good")
    dead = f"knative-source-{space.name}-s-dead-letters"
    wait_for(lambda: space.records(dead), "a dead letter")
    assert bodies(receiver) == ["bad", "bad", "bad", "good"]  # in order
    headers, value = space.records(dead)[0]
    assert value == b"bad" and headers["ce_type"] == "dev.knative.kafka.event" and headers["ce_key"] == "k"
    assert headers["ce_knativeerrorcode"] == "500" and headers["ce_knativeerrordest"] == receiver.uri("/in")


def test_sources_whose_dead_letters_would_have_one_topic_do_not_share_it(space, receiver):
    """Namespace a, source b-c, and namespace a-b, source c, as with brokers; and one that is called what another's topic is."""
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    other, topic = Sources(space.kube, f"{space.name}-b"), space.new_topic()
    space.source("b-c", [topic], receiver.uri("/in"))
    space.source("b-c-dead-letters", [topic], receiver.uri("/too"))
    assert other.put("c", {"topics": [topic], "sink": {"uri": receiver.uri("/other")}}).status == 201
    other.says("c", f"The KafkaSource b-c of {space.name}, which was there before, has topics of the same names")
    assert other.state("c", "ConsumerGroup")["reason"] == "NameTaken" and other.look("c")["status"]["sinkUri"] == receiver.uri("/other")
    space.write(topic, b"bad")
    dead = f"knative-source-{space.name}-b-c-dead-letters"
    wait_for(lambda: space.records(dead), "a dead letter")
    other.remove("c")
    assert len(space.records(dead)) == 1, "what was refused takes nothing along"
    assert other.put("c", {"topics": [topic], "sink": {"uri": receiver.uri("/other")}, "initialOffset": "earliest"}).status == 201
    other.says("c", "which was there before")
    space.remove("b-c")
    other.becomes_ready("c")
    wait_for(lambda: "/other" in [path for path, _, _ in receiver.got], lambda: receiver.got)


def test_a_dead_letter_sink_and_answers(space, receiver):
    topic = space.new_topic()

    def answer(path, headers, body):
        reply = {"ce-specversion": "1.0", "ce-id": "r", "ce-source": "/r", "ce-type": "reply"}
        return (400, {}, b"") if body == b"bad" and path == "/in" else (200, reply, b"no event") if body == b"event" else (200, {}, b"text")

    receiver.answer = answer
    space.source("s", [topic], receiver.uri("/in"), delivery={"deadLetterSink": {"uri": receiver.uri("/dead")}})
    for value in (b"bad", b"event", b"text", b"end"):
        space.write(topic, value)
    wait_for(lambda: "end" in bodies(receiver), lambda: receiver.got)
    got = [(path, body.decode()) for path, _, body in receiver.got]
    assert got == [("/in", "bad"), ("/dead", "bad"), ("/in", "event"), ("/in", "text"), ("/in", "end")]
    dead = next(headers for path, headers, _ in receiver.got if path == "/dead")
    assert dead["ce-knativeerrorcode"] == "400"
    assert space.records(f"knative-source-{space.name}-s-dead-letters") == []


@pytest.mark.parametrize(("ordering", "wanted"), [("ordered", ["1", "1", "2"]), ("unordered", ["1", "2", "1"])])
def test_the_next_record_waits_if_it_shall(space, receiver, ordering, wanted):
    topic = space.new_topic()
    receiver.answer = lambda path, headers, body: (503 if bodies(receiver).count("1") == 1 and body == b"1" else 202, {}, b"")
    delivery = {"retry": 5, "backoffPolicy": "linear", "backoffDelay": "PT1S"}
    space.source("s", [topic], receiver.uri("/in"), ordering=ordering, delivery=delivery)
    space.write(topic, b"1")
    space.write(topic, b"2")
    wait_for(lambda: len(receiver.got) == 3, lambda: receiver.got)
    assert bodies(receiver) == wanted


def test_no_consumers_means_wait_and_scale_starts_it(space, receiver):
    topic = space.new_topic()
    space.source("s", [topic], receiver.uri("/in"), consumers=0)
    assert space.state("s", "ConsumerGroup")["reason"] == "NoConsumers"
    space.write(topic, b"1")
    time.sleep(0.7)
    assert receiver.got == []
    patch = json.dumps({"spec": {"replicas": 3}}).encode()
    assert space.kube.ask("PATCH", space.path("s", "/scale"), patch, "application/merge-patch+json").status == 200
    wait_for(lambda: bodies(receiver) == ["1"], lambda: receiver.got)
    wait_for(lambda: space.look("s")["status"]["consumers"] == 3, lambda: space.look("s"))
    scale = space.kube.ask("GET", space.path("s", "/scale")).tree
    assert scale["spec"]["replicas"] == scale["status"]["replicas"] == 3 and scale["status"]["selector"]


# --- metrics

ATTEMPTS = [f'eddy_event_attempts_total{{result="{result}"}}' for result in ("delivered", "retried", "failed")]


def counts(space, name):
    return figures(space, name, "kafkasource")


def test_metrics_count_what_becomes_of_records(space, receiver):
    """Of all topics and partitions of a source together, each record once, whatever is changed meanwhile."""
    one, two = space.new_topic(), space.new_topic(2)
    answers = {"good": 202, "bad": 400, "down": 503}
    receiver.answer = lambda path, headers, body: (answers[body.decode()], {}, b"")
    delivery = {"retry": 1, "backoffPolicy": "linear", "backoffDelay": "PT0.01S"}
    group = space.source("s", [one, two], receiver.uri("/in"), delivery=delivery)["spec"]["consumerGroup"]
    for topic, partition in ((one, 0), (two, 0), (two, 1)):
        for word in answers:
            space.write(topic, word.encode(), partition=partition)
    wait_for(lambda: counts(space, "s")["eddy_dead_letters_total"] == 6, lambda: counts(space, "s"))
    wait_for(lambda: counts(space, "s")["eddy_events_lag"] == 0, lambda: counts(space, "s"))
    seen = counts(space, "s")
    assert [seen[name] for name in ATTEMPTS] == [3, 3, 6]
    assert seen["eddy_events_matched_total"] == 9 and seen["eddy_event_replies_total"] == 0
    assert seen["eddy_event_attempt_seconds_count"] == seen['eddy_event_attempt_seconds_bucket{le="+Inf"}'] == 3 + 3 + 6
    assert 0 < seen["eddy_event_attempt_seconds_sum"] < 10
    space.source("s", [one], receiver.uri("/in"), delivery=delivery, consumers=3)  # a topic less: what it counted stays
    wait_for(lambda: space.offsets(group, one) == [3], "it is committed, so that nothing comes again")
    space.admin.create_partitions([confluent_kafka.admin.NewPartitions(one, 2)])[one].result(SECONDS)
    wait_for(lambda: space.look("s")["status"].get("claims") == f"{one}:0-1", lambda: space.look("s"))
    space.producer = confluent_kafka.Producer(space.kafka)  # the first one has not heard of that
    for partition in range(2):
        space.write(one, b"good", partition=partition)
    wait_for(lambda: counts(space, "s")[ATTEMPTS[0]] == 5, lambda: counts(space, "s"))
    assert [counts(space, "s")[name] for name in ATTEMPTS] == [5, 3, 6]
    space.remove("s")
    assert counts(space, "s") == {}
    space.source("s", [one], receiver.uri("/in"))
    assert [counts(space, "s")[name] for name in ATTEMPTS] == [0, 0, 0]


def test_metrics_show_what_waits_in_all_topics(space, receiver):
    one, two = space.new_topic(), space.new_topic(2)
    receiver.answer = lambda path, headers, body: (503, {}, b"")
    delivery = {"retry": 1000, "backoffPolicy": "linear", "backoffDelay": "PT0.01S"}
    space.source("s", [one, two], receiver.uri("/in"), delivery=delivery, consumers=0)
    for number in range(30):
        space.write(one, b"%d" % number)
        space.write(two, b"%d" % number, partition=number % 2)
    wait_for(lambda: counts(space, "s")["eddy_events_lag"] == 60, lambda: counts(space, "s"))
    assert counts(space, "s")["eddy_subscriber_failing"] == 0
    space.source("s", [one, two], receiver.uri("/in"), delivery=delivery, consumers=2)
    wait_for(lambda: counts(space, "s")["eddy_subscriber_failing"] == 1, lambda: counts(space, "s"))
    assert counts(space, "s")["eddy_events_lag"] == 60 and counts(space, "s")["eddy_events_in_delivery"] == 60
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    wait_for(lambda: counts(space, "s")["eddy_events_lag"] == counts(space, "s")["eddy_events_in_delivery"] == 0, lambda: counts(space, "s"))
    assert counts(space, "s")[ATTEMPTS[0]] == 60 and counts(space, "s")["eddy_subscriber_failing"] == 0


def test_nothing_is_lost_when_it_is_killed(start_kube, receiver):
    kube = start_kube(environment=KUBE_ENVIRONMENT)
    space = Sources(kube)
    topic = space.new_topic()
    space.source("s", [topic], receiver.uri("/in"))
    receiver.answer = lambda path, headers, body: (503, {}, b"")
    for i in range(100):
        space.write(topic, b"%d" % i)
    wait_for(lambda: receiver.got, "a first attempt")
    kube.server.kill()
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    kube.server.start()
    wait_for(lambda: set(bodies(receiver)) == {str(i) for i in range(100)}, lambda: len(set(bodies(receiver))))


# --- what is wrong


@pytest.mark.parametrize(
    ("spec", "labels", "type", "words"),
    [
        ({"sink": {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "s"}}}, {}, "SinkProvided", "does not deliver to a Service"),
        ({}, {"kafkasources.sources.knative.dev/key-type": "word"}, "ConsumerGroup", "expected string, int, float or byte-array"),
        ({"ceOverrides": {"extensions": {"Upper": "v"}}}, {}, "ConsumerGroup", "a name must consist"),
        ({"delivery": {"deadLetterSink": {"uri": "http://x.y.svc.cluster.local/z"}}}, {}, "ConsumerGroup", "nothing here answers to"),
    ],
    ids=["sink", "key-type", "extension", "dead-letter-sink"],
)  # fmt: skip
def test_what_is_wrong_is_said_and_events_wait(space, receiver, spec, labels, type, words):
    topic = space.new_topic()
    good = {"topics": [topic], "sink": {"uri": receiver.uri("/in")}}
    assert space.put("s", {**good, **spec}, labels).status == 201
    space.says("s", words, type)
    wait_for(lambda: space.look("s")["status"].get("claims"), "its place is kept")
    space.write(topic, b"1")
    time.sleep(0.4)
    assert receiver.got == []
    assert space.put("s", good).status == 200
    wait_for(lambda: bodies(receiver) == ["1"], lambda: space.look("s"))
    space.becomes_ready("s")


def test_the_examples_run(space, receiver):
    """examples/knative: into the Broker, whose trigger here takes everything."""
    space.broker()
    space.trigger("t", receiver.uri("/in"))
    for file, path in (("kafkasource.yaml", space.path("")), ("eventtype.yaml", f"/apis/eventing.knative.dev/v1beta3/namespaces/{space.name}/eventtypes/")):
        tree = yaml.safe_load((EXAMPLES / file).read_text())
        answer = space.kube.ask("POST", path.rstrip("/"), tree)
        assert answer.status == 201, answer.body
    space.new_topic(name="payments")
    space.write("payments", b'{"amount": 3}')
    wait_for(lambda: bodies(receiver) == ['{"amount": 3}'], lambda: space.look("payments"))
    path = f"/apis/eventing.knative.dev/v1beta3/namespaces/{space.name}/eventtypes/orders"
    ready = [{"type": "Ready", "status": "True"}, {"type": "ReferenceExists", "status": "True"}]
    found = space.kube.ask("GET", path).tree["status"]["conditions"]
    assert sorted(({k: one[k] for k in ("type", "status")} for one in found), key=lambda one: one["type"]) == ready


def test_kubectl_shows_and_scales_it(kubectl, receiver):
    topic = Sources(kubectl.kube).new_topic()
    kubectl.apply(
        {
            "apiVersion": "sources.knative.dev/v1beta1",
            "kind": "KafkaSource",
            "metadata": {"name": "s"},
            "spec": {"bootstrapServers": ["localhost:9092"], "topics": [topic], "sink": {"uri": receiver.uri("/in")}},
        }
    )
    kubectl.run("wait", "--for=condition=Ready", "kafkasource/s", "--timeout=20s")
    head, row = kubectl.run("get", "kafkasource").splitlines()
    assert head.split() == ["NAME", "TOPICS", "BOOTSTRAPSERVERS", "READY", "REASON", "AGE"]
    assert row.split()[:4] == ["s", f'["{topic}"]', '["localhost:9092"]', "True"]
    kubectl.run("scale", "kafkasource/s", "--replicas=2")
    assert kubectl.run("get", "kafkasource", "s", "-o", "jsonpath={.spec.consumers}") == "2"
