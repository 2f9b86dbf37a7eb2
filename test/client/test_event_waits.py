# SPDX-License-Identifier: Apache-2.0
"""What brokers and channels wait for is seen when it comes, long before every object is looked at again."""

import confluent_kafka.admin
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
