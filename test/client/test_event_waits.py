# SPDX-License-Identifier: Apache-2.0
"""What brokers and channels wait for is seen when it comes, long before every object is looked at again."""

import confluent_kafka.admin
from test_channels import ref
from test_events import SECONDS, Space, receiver, space, wait_for  # noqa: F401 fixtures

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "1h"}
EXTERNAL = "kafka.eventing.knative.dev/external.topic"


def states(space, kind, name):
    return {one["type"]: one["status"] for one in space.get(kind, name).get("status", {}).get("conditions", [])}


def says(space, kind, name, reason):
    wait_for(lambda: space.condition(kind, name).get("reason") == reason, lambda: space.get(kind, name))


def assert_nothing_is_known(space, kind, name, false):
    """All conditions are there, and no address."""
    wanted = {"Broker": "TriggerChannelReady IngressReady FilterReady", "KafkaChannel": "TopicReady ConfigMapUpdated ChannelServiceReady"}
    assert states(space, kind, name) == {
        **dict.fromkeys([*wanted[kind].split(), "Addressable"], "Unknown"),
        "DeadLetterSinkResolved": "True", "EventPoliciesReady": "True", "Ready": "False", false: "False",
    }  # fmt: skip
    assert "address" not in space.get(kind, name)["status"]


def test_the_topic_of_a_broker_comes_later(space, receiver):
    topic = f"{space.name}-late"
    space.apply("Broker", "default", {}, annotations={EXTERNAL: topic})
    says(space, "Broker", "default", "TopicFailed")
    assert_nothing_is_known(space, "Broker", "default", "TriggerChannelReady")
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": space.kube.server.bootstrap})
    admin.create_topics([confluent_kafka.admin.NewTopic(topic, 2)])[topic].result(SECONDS)
    space.ready("Broker", "default")
    assert set(states(space, "Broker", "default").values()) == {"True"}
    space.trigger("t", receiver.uri("/t"))
    space.send("1")
    wait_for(lambda: receiver.ids("/t") == ["1"], lambda: receiver.got)


def put_config(space, name, data):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    answer = space.kube.ask("PUT", f"/api/v1/namespaces/{space.name}/configmaps/{name}", body)
    if answer.status == 404:
        answer = space.kube.ask("POST", f"/api/v1/namespaces/{space.name}/configmaps", body)
    assert answer.status in (200, 201), answer.body


def config_of(name, kind="ConfigMap", **more):
    return {"config": {"apiVersion": "v1", "kind": kind, "name": name, **more}}


KAFKA = {"eventing.knative.dev/broker.class": "Kafka"}


def test_the_config_of_a_broker_comes_later(space):
    space.apply("Broker", "b", config_of("mine"))
    says(space, "Broker", "b", "ChannelTemplateFailed")
    assert_nothing_is_known(space, "Broker", "b", "TriggerChannelReady")
    assert f'configmap "mine" not found in namespace "{space.name}"' in space.condition("Broker", "b")["message"]
    put_config(space, "mine", {"default.topic.partitions": "3", "default.topic.config.retention.ms": "3600000", "default.topic.config.max.message.bytes": "5000",
                               "default.topic.replication.factor": "3", "bootstrap.servers": "elsewhere:9092"})  # fmt: skip
    space.ready("Broker", "b")
    topic = f"knative-broker-{space.name}-b"
    assert space.partitions(topic) == 3
    assert (space.config(topic, "retention.ms"), space.config(topic, "max.message.bytes")) == ("3600000", "5000")
    assert space.config(topic + "-dead-letters", "retention.ms") != "3600000"


def test_a_config_that_cannot_be_is_told_and_mended(space):
    put_config(space, "c", {"default.topic.partitions": "many"})
    space.apply("Broker", "b", config_of("c"))
    says(space, "Broker", "b", "ChannelTemplateFailed")
    assert 'default.topic.partitions of the ConfigMap is "many"' in space.condition("Broker", "b")["message"]
    put_config(space, "c", {"default.topic.config.retention.ms": "long"})
    says(space, "Broker", "b", "TopicFailed")
    assert "retention.ms" in space.condition("Broker", "b")["message"]
    put_config(space, "c", {})
    space.ready("Broker", "b")
    space.apply("Broker", "s", config_of("c", kind="Secret"))
    says(space, "Broker", "s", "ChannelTemplateFailed")
    assert "only [kind: ConfigMap, apiVersion: v1]" in space.condition("Broker", "s")["message"]


def test_the_default_of_partitions_is_that_of_the_class(space):
    """A ConfigMap of Knative's own installation is as good as there."""
    installed = config_of("kafka-broker-config", namespace="knative-eventing")
    for name, spec, annotations, wanted in (("kafka", installed, KAFKA, 10), ("plain", {}, KAFKA, 1), ("other", installed, None, 1)):
        space.make("Broker", name, spec, annotations=annotations)
        assert space.partitions(f"knative-broker-{space.name}-{name}") == wanted, name


def test_a_broker_whose_config_went_goes_on(start_kube, receiver):
    kube = start_kube()
    space = Space(kube)
    put_config(space, "c", {"default.topic.partitions": "2"})
    space.broker(**config_of("c"))
    space.trigger("t", receiver.uri("/t"))
    assert kube.ask("DELETE", f"/api/v1/namespaces/{space.name}/configmaps/c").status == 200
    kube.server.stop()
    kube.server.restart()
    says(space, "Broker", "default", "ChannelTemplateFailed")
    space.send("1")
    wait_for(lambda: receiver.ids("/t") == ["1"], lambda: receiver.got)
    put_config(space, "c", {})
    space.ready("Broker", "default")
    assert space.partitions(f"knative-broker-{space.name}-default") == 2


def test_a_broker_of_a_class_that_nobody_has_is_left_alone(space, receiver):
    answer = space.apply("Broker", "b", {}, annotations={"eventing.knative.dev/broker.class": "RabbitMQBroker"})
    assert answer.status == 201 and "nothing here runs brokers of this class" in answer.headers["Warning"]
    space.apply("Trigger", "t", {"broker": "b", "subscriber": {"uri": receiver.uri("/t")}})
    says(space, "Trigger", "t", "BrokerNotReady")
    space.make("Broker", "ours", {}, annotations=KAFKA)
    assert "status" not in space.get("Broker", "b") and "finalizers" not in space.get("Broker", "b")["metadata"]
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "t"}
    assert space.post(headers, path=f"/{space.name}/b")[0] == 404
    assert space.partitions(f"knative-broker-{space.name}-b") == 0
    space.delete("Broker", "b")


def test_the_broker_that_came_first_has_the_name_also_over_a_restart(start_kube, receiver):
    """Most pairs come in one second."""
    kube = start_kube(environment=KUBE_ENVIRONMENT)
    pairs = [(Space(kube, f"p{number}"), Space(kube, f"p{number}-b")) for number in range(6)]
    for first, second in pairs:
        assert first.apply("Broker", "b-c", {}).status == 201 and second.apply("Broker", "c", {}).status == 201

    def check():
        for first, second in pairs:
            first.ready("Broker", "b-c")
            says(second, "Broker", "c", "NameTaken")
            assert_nothing_is_known(second, "Broker", "c", "TriggerChannelReady")
            assert f"The Broker b-c of {first.name}, which was there before, has topics of the same names" in second.condition("Broker", "c")["message"]

    check()
    kube.server.stop()
    kube.server.restart()
    for first, _ in pairs:
        first.make("Trigger", "t", {"broker": "b-c", "subscriber": {"uri": receiver.uri("/t")}})  # its station is open
    check()
    for first, second in pairs:
        first.delete("Broker", "b-c")
        second.ready("Broker", "c")


def test_the_kind_of_channel_that_came_first_has_the_name_also_over_a_restart(start_kube):
    kube = start_kube(environment=KUBE_ENVIRONMENT)
    spaces = [(Space(kube), pair) for pair in (("KafkaChannel", "InMemoryChannel"), ("InMemoryChannel", "KafkaChannel")) for _ in range(3)]
    for space, kinds in spaces:
        for kind in kinds:
            assert space.apply(kind, "c", {}).status == 201

    def check():
        for space, (first, second) in spaces:
            space.ready(first, "c")
            says(space, second, "c", "NameTaken")
            assert states(space, second, "c")["Addressable"] == "Unknown" and "address" not in space.get(second, "c")["status"]
            assert f"The {first} c of {space.name}, which was there before, has that address" in space.condition(second, "c")["message"]

    check()
    kube.server.stop()
    kube.server.restart()
    for space, (first, _) in spaces:
        space.make("Subscription", "s", {"channel": ref(first, "c"), "subscriber": {"uri": "http://127.0.0.1:1"}})
    check()
    for space, (first, second) in spaces:
        space.delete(first, "c")
        space.ready(second, "c")
