# SPDX-License-Identifier: Apache-2.0
"""Channels and Subscriptions, and what is made of them: Sequences and Parallels."""

import json

import pytest
from test_events import KUBE_ENVIRONMENT, Receiver, Space, receiver, space, wait_for  # noqa: F401 fixtures, and what the server is started with

CHANNELS = ["Channel", "InMemoryChannel", "KafkaChannel"]
VERSIONS = {"KafkaChannel": "messaging.knative.dev/v1beta1"}


def ref(kind, name, group="messaging.knative.dev/v1"):
    return {"apiVersion": VERSIONS.get(kind, group), "kind": kind, "name": name}


def subscribe(space, name, channel, uri=None, kind="InMemoryChannel", **spec):
    subscriber = {} if uri is None else {"subscriber": {"uri": uri}}
    space.make("Subscription", name, {"channel": ref(kind, channel), **subscriber, **spec})


def send(space, channel, id, **more):
    space.send(id, path=f"/channels/{space.name}/{channel}", **more)


def event_answer(path, headers, body):
    """An event whose type tells the way that it came."""
    return 200, {"ce-specversion": "1.0", "ce-id": headers["ce-id"] + path, "ce-source": "/answer", "ce-type": headers["ce-type"] + path}, body


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_subscription_of_a_channel_gets_every_event(space, receiver, kind):
    space.make(kind, "c", {})
    subscribe(space, "one", "c", receiver.uri("/one"), kind)
    subscribe(space, "two", "c", receiver.uri("/two"), kind)
    for number in range(5):
        send(space, "c", str(number))
    wait_for(lambda: len(receiver.got) == 10, lambda: receiver.got)
    for path in ("/one", "/two"):
        assert sorted(receiver.ids(path)) == list("01234")
    headers = receiver.got[0][1]
    assert headers["prefer"] == "reply" and headers["kn-namespace"] == space.name
    assert not any(name.startswith("ce-knative") for name in headers)  # a channel adds nothing


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_status_of_a_channel_tells_its_address_and_its_subscribers(space, receiver, kind):
    space.make(kind, "c", {"delivery": {"deadLetterSink": {"uri": receiver.uri("/dead")}}})
    status = space.get(kind, "c")["status"]
    assert status["address"] == {"name": "http", "url": "http://{}:{}/channels/{}/c".format(*space.kube.server.doors["events"], space.name)}
    assert status["deadLetterSinkUri"] == receiver.uri("/dead")
    subscribe(space, "s", "c", receiver.uri("/s"), kind)
    subscription = space.get("Subscription", "s")
    wanted = [{"uid": subscription["metadata"]["uid"], "observedGeneration": 1, "ready": "True"}]
    wait_for(lambda: space.get(kind, "c")["status"].get("subscribers") == wanted, lambda: space.get(kind, "c"))
    assert subscription["status"]["physicalSubscription"] == {"subscriberUri": receiver.uri("/s"), "deadLetterSinkUri": receiver.uri("/dead")}
    assert {one["type"] for one in subscription["status"]["conditions"]} == {
        "Ready", "ReferencesResolved", "AddedToChannel", "ChannelReady", "OIDCIdentityCreated",
    }  # fmt: skip
    space.delete("Subscription", "s")
    wait_for(lambda: "subscribers" not in space.get(kind, "c")["status"], lambda: space.get(kind, "c"))


CONDITIONS = {
    "Broker": "IngressReady TriggerChannelReady FilterReady Addressable DeadLetterSinkResolved EventPoliciesReady",
    "Trigger": "BrokerReady SubscriptionReady DependencyReady SubscriberResolved DeadLetterSinkResolved OIDCIdentityCreated",
    "Channel": "BackingChannelReady Addressable DeadLetterSinkResolved EventPoliciesReady",
    "InMemoryChannel": "DispatcherReady ServiceReady EndpointsReady Addressable ChannelServiceReady DeadLetterSinkResolved EventPoliciesReady",
    "KafkaChannel": "TopicReady ConfigMapUpdated ChannelServiceReady Addressable DeadLetterSinkResolved EventPoliciesReady",
    "Subscription": "ReferencesResolved AddedToChannel ChannelReady OIDCIdentityCreated",
    "Sequence": "ChannelsReady SubscriptionsReady Addressable EventPoliciesReady",
    "Parallel": "ChannelsReady SubscriptionsReady Addressable EventPoliciesReady",
}


def test_conditions_are_knatives(space, receiver):
    there = {"uri": receiver.uri("/")}
    specs = {
        "Trigger": {"broker": "o", "subscriber": there},
        "Subscription": {"channel": ref("Channel", "o"), "subscriber": there},
        "Sequence": {"steps": [there]},
        "Parallel": {"branches": [{"subscriber": there}]},
    }
    for kind, wanted in CONDITIONS.items():
        name = "o" if kind in ("Broker", "Trigger", "Channel", "Subscription") else kind.lower()
        space.make(kind, name, specs.get(kind, {}))
        conditions = space.get(kind, name)["status"]["conditions"]
        assert {one["type"]: one["status"] for one in conditions} == dict.fromkeys(["Ready", *wanted.split()], "True"), kind
        assert all(one["lastTransitionTime"] for one in conditions)
    before = space.get("Trigger", "o")["status"]["conditions"]
    space.make("Trigger", "o", {**specs["Trigger"], "filter": {"attributes": {"type": "x"}}})
    after = space.get("Trigger", "o")["status"]
    assert after["observedGeneration"] == 2 and after["conditions"] == before  # what stays as it is keeps its time


def test_a_channel_is_what_its_template_says(space):
    space.make("Channel", "plain", {})
    assert space.get("Channel", "plain")["spec"]["channelTemplate"] == {"apiVersion": "messaging.knative.dev/v1", "kind": "InMemoryChannel"}
    assert space.get("Channel", "plain")["status"]["channel"] == {**ref("InMemoryChannel", "plain"), "namespace": space.name}
    template = {"apiVersion": "messaging.knative.dev/v1beta1", "kind": "KafkaChannel", "spec": {"numPartitions": 3, "retentionDuration": "PT1H"}}
    space.make("Channel", "kafka", {"channelTemplate": template, "delivery": {"retry": 2}})
    backing = space.get("KafkaChannel", "kafka")
    assert backing["spec"]["numPartitions"] == 3 and backing["spec"]["delivery"] == {"retry": 2}
    assert backing["metadata"]["ownerReferences"][0]["name"] == "kafka"
    topic = f"knative-messaging-kafka.{space.name}.kafka"
    assert space.partitions(topic) == 3 and space.config(topic, "retention.ms") == "3600000"
    space.delete("Channel", "kafka")
    wait_for(lambda: space.ask("KafkaChannel", "kafka").status == 404, "the backing channel goes")
    wait_for(lambda: space.partitions(topic) == 0, "its topic goes")


def test_a_channel_of_no_kind_that_there_is(space):
    space.apply("Channel", "c", {"channelTemplate": {"apiVersion": "messaging.knative.dev/v1", "kind": "Channel"}})
    wait_for(lambda: space.condition("Channel", "c").get("reason") == "ChannelTemplate", lambda: space.get("Channel", "c"))
    assert "there are no channels of the kind Channel" in space.condition("Channel", "c")["message"]


def test_an_answer_goes_to_the_reply(space, receiver):
    receiver.answer = lambda path, headers, body: event_answer(path, headers, body) if path == "/step" else (202, {}, b"")
    space.make("InMemoryChannel", "in", {})
    space.make("InMemoryChannel", "out", {})
    subscribe(space, "step", "in", receiver.uri("/step"), reply={"ref": ref("InMemoryChannel", "out")})
    subscribe(space, "end", "out", receiver.uri("/end"))
    send(space, "in", "1")
    wait_for(lambda: receiver.ids("/end") == ["1/step"], lambda: receiver.got)


def test_a_subscription_without_subscriber_hands_on(space, receiver):
    space.make("InMemoryChannel", "in", {})
    subscribe(space, "on", "in", reply={"uri": receiver.uri("/on")})
    send(space, "in", "1")
    wait_for(lambda: receiver.ids("/on") == ["1"], lambda: receiver.got)
    answer = space.apply("Subscription", "none", {"channel": ref("InMemoryChannel", "in")})
    assert answer.status == 422 and "a subscription has a subscriber or a reply" in answer.tree["message"]


def test_what_a_channel_does_with_an_answer_that_is_no_event(space, receiver):
    """Knative's two dispatchers differ: one takes no notice, one counts it as a failure."""
    receiver.answer = lambda path, headers, body: (200, {"Content-Type": "text/plain"}, b"thanks") if path != "/dead" else (202, {}, b"")
    for kind in ("InMemoryChannel", "KafkaChannel"):
        name = kind.lower()
        space.make(kind, name, {})
        subscribe(space, name, name, receiver.uri(f"/{name}"), kind, delivery={"deadLetterSink": {"uri": receiver.uri("/dead")}})
        send(space, name, name)
    wait_for(lambda: receiver.ids("/dead"), lambda: receiver.got)
    assert receiver.ids("/inmemorychannel") == ["inmemorychannel"] and receiver.ids("/dead") == ["kafkachannel"]


def test_deliveries_fail_as_the_channel_or_the_subscription_says(space, receiver):
    receiver.answer = lambda path, headers, body: (500 if path.startswith("/fails") else 202, {}, b"")
    space.make("InMemoryChannel", "c", {"delivery": {"retry": 1, "deadLetterSink": {"uri": receiver.uri("/of-channel")}}})
    subscribe(space, "a", "c", receiver.uri("/fails/a"))
    subscribe(space, "b", "c", receiver.uri("/fails/b"), delivery={"retry": 2})  # takes the place of the channel's as a whole
    send(space, "c", "1")
    wait_for(lambda: receiver.ids("/of-channel") and len(receiver.ids("/fails/b")) == 3, lambda: receiver.got)
    assert len(receiver.ids("/fails/a")) == 2
    dead = next(headers for path, headers, _ in receiver.got if path == "/of-channel")
    assert dead["ce-knativeerrorcode"] == "500" and dead["ce-knativeerrordest"] == receiver.uri("/fails/a")
    topic = f"knative-messaging-memory.{space.name}.c-dead-letters"
    wait_for(lambda: space.records(topic), "the channel keeps what has no dead letter sink")
    assert space.records(topic)[0][0]["ce_id"] == "1"
    space.make("InMemoryChannel", "c", {"delivery": {"retry": 0}})  # a change reaches the subscriptions
    send(space, "c", "2")
    wait_for(lambda: len(space.records(topic)) == 3, lambda: space.records(topic))
    assert receiver.ids("/fails/a").count("2") == 1


def test_references_that_lead_nowhere_are_told_and_mended(space, receiver):
    spec = {"channel": ref("InMemoryChannel", "c"), "subscriber": {"ref": ref("Broker", "b", "eventing.knative.dev/v1")}}
    space.apply("Subscription", "s", spec)
    wait_for(lambda: space.condition("Subscription", "s").get("reason") == "ChannelReferenceFailed", lambda: space.get("Subscription", "s"))
    space.make("InMemoryChannel", "c", {})
    wait_for(lambda: space.condition("Subscription", "s").get("reason") == "SubscriberResolveFailed", lambda: space.get("Subscription", "s"))
    space.broker("b")
    space.trigger("t", receiver.uri("/t"), broker="b")
    space.ready("Subscription", "s")
    send(space, "c", "1")
    wait_for(lambda: receiver.ids("/t") == ["1"], lambda: receiver.got)
    space.delete("InMemoryChannel", "c")
    wait_for(lambda: space.condition("Subscription", "s").get("reason") == "ChannelReferenceFailed", lambda: space.get("Subscription", "s"))


def test_events_wait_for_a_subscription_over_a_restart(start_kube):
    space = Space(start_kube())
    gone = Receiver()
    space.make("KafkaChannel", "c", {"numPartitions": 2})
    subscribe(space, "s", "c", gone.uri("/s"), "KafkaChannel", delivery={"retry": 1000, "backoffPolicy": "linear", "backoffDelay": "PT0.1S"})
    gone.close()
    for number in range(20):
        send(space, "c", str(number))
    space.kube.server.kill()
    space.kube.server.restart()
    back = Receiver(gone.port)
    wait_for(lambda: {*back.ids("/s")} == {str(number) for number in range(20)}, lambda: back.got)
    back.close()


def test_what_cannot_be_changed(space, receiver):
    space.make("Channel", "c", {})
    space.make("KafkaChannel", "k", {})
    subscribe(space, "s", "c", receiver.uri("/s"), "Channel")
    for kind, name, spec, text in [
        ("Channel", "c", {"channelTemplate": {"apiVersion": "messaging.knative.dev/v1beta1", "kind": "KafkaChannel"}}, "the template of a channel"),
        ("KafkaChannel", "k", {"numPartitions": 2}, "what the topic of a channel was made with"),
        ("Subscription", "s", {"channel": ref("Channel", "other"), "subscriber": {"uri": receiver.uri("/s")}}, "the channel of a subscription"),
    ]:
        answer = space.apply(kind, name, spec)
        assert answer.status == 422 and text in answer.tree["message"], answer.body


def test_two_kinds_of_channels_have_one_name(space):
    space.make("InMemoryChannel", "c", {})
    space.apply("KafkaChannel", "c", {})
    wait_for(lambda: space.condition("KafkaChannel", "c").get("reason") == "NameTaken", lambda: space.get("KafkaChannel", "c"))
    assert "address" not in space.get("KafkaChannel", "c")["status"]
    space.delete("KafkaChannel", "c")
    assert space.condition("InMemoryChannel", "c")["status"] == "True"
    send(space, "c", "1")


CLUSTER_NAMES = [
    "http://c-kn-channel.{0}.svc.cluster.local",
    "http://c-kn-channel.{0}.svc.cluster.local./",
    "http://kafka-channel-ingress.knative-eventing.svc.cluster.local/{0}/c",
    "http://imc-dispatcher.knative-eventing/{0}/c",
    "http://broker-ingress.knative-eventing/{0}/b",
    "http://broker-ingress.knative-eventing.svc.cluster.local./{0}/b",
]


def test_names_of_the_cluster_lead_here_however_they_are_written(space, receiver):
    space.make("InMemoryChannel", "in", {})
    space.make("InMemoryChannel", "c", {})
    space.broker("b")
    subscribe(space, "end", "c", receiver.uri("/c"))
    space.trigger("end", receiver.uri("/b"), broker="b")
    for number, uri in enumerate(CLUSTER_NAMES):
        subscribe(space, f"s{number}", "in", uri.format(space.name))
    send(space, "in", "1")
    wait_for(lambda: len(receiver.got) == len(CLUSTER_NAMES), lambda: receiver.got)
    assert (len(receiver.ids("/c")), len(receiver.ids("/b"))) == (4, 2)


# --- Sequence


def steps(receiver, *paths):
    return [{"uri": receiver.uri(path)} for path in paths]


def test_a_sequence_takes_its_steps_in_order(space, receiver):
    receiver.answer = lambda path, headers, body: event_answer(path, headers, body) if path != "/end" else (202, {}, b"")
    space.make("Sequence", "s", {"steps": steps(receiver, "/a", "/b", "/c"), "reply": {"uri": receiver.uri("/end")}})
    status = space.get("Sequence", "s")["status"]
    assert [one["channel"]["name"] for one in status["channelStatuses"]] == [f"s-kn-sequence-{number}" for number in range(3)]
    assert all(one["ready"]["status"] == "True" for one in status["channelStatuses"] + status["subscriptionStatuses"])
    path = "/channels/{}/s-kn-sequence-0".format(space.name)
    assert status["address"]["url"].endswith(path)
    space.send("1", "t", path=path)
    wait_for(lambda: receiver.ids("/end"), lambda: receiver.got)
    assert [(path, headers["ce-type"]) for path, headers, _ in receiver.got] == [("/a", "t"), ("/b", "t/a"), ("/c", "t/a/b"), ("/end", "t/a/b/c")]


def test_a_sequence_follows_its_spec(space, receiver):
    receiver.answer = lambda path, headers, body: event_answer(path, headers, body) if path != "/end" else (202, {}, b"")
    space.make("Sequence", "s", {"steps": steps(receiver, "/a", "/b", "/c"), "reply": {"uri": receiver.uri("/end")}})
    space.make("Sequence", "s", {"steps": steps(receiver, "/x", "/y"), "reply": {"uri": receiver.uri("/end")}})
    wait_for(lambda: space.ask("InMemoryChannel", "s-kn-sequence-2").status == 404 and space.ask("Subscription", "s-kn-sequence-2").status == 404, "the third step goes")
    wait_for(lambda: space.get("Subscription", "s-kn-sequence-1")["status"]["physicalSubscription"].get("replyUri") == receiver.uri("/end"), "the new reply")
    space.send("1", "t", path=f"/channels/{space.name}/s-kn-sequence-0")
    wait_for(lambda: receiver.ids("/end"), lambda: receiver.got)
    assert receiver.got[-1][1]["ce-type"] == "t/x/y"
    space.delete("Sequence", "s")
    for kind in ("InMemoryChannel", "Subscription"):
        wait_for(lambda kind=kind: space.ask(kind, "s-kn-sequence-0").status == 404, f"its {kind} goes with it")


def test_a_sequence_of_other_channels(space, receiver):
    template = {"apiVersion": "messaging.knative.dev/v1beta1", "kind": "KafkaChannel", "spec": {"numPartitions": 2}}
    space.make("Sequence", "s", {"steps": steps(receiver, "/a")})
    space.make("Sequence", "s", {"steps": steps(receiver, "/a"), "channelTemplate": template})
    wait_for(lambda: space.ask("InMemoryChannel", "s-kn-sequence-0").status == 404, "the old channel goes")
    wait_for(lambda: space.ask("KafkaChannel", "s-kn-sequence-0").status == 200, "the new one comes")
    space.ready("Sequence", "s")
    assert space.partitions(f"knative-messaging-kafka.{space.name}.s-kn-sequence-0") == 2
    space.send("1", path=f"/channels/{space.name}/s-kn-sequence-0")
    wait_for(lambda: receiver.ids("/a") == ["1"], lambda: receiver.got)


def test_a_step_has_its_own_delivery(space, receiver):
    receiver.answer = lambda path, headers, body: (500 if path == "/a" else 202, {}, b"")
    space.make("Sequence", "s", {"steps": [{"uri": receiver.uri("/a"), "delivery": {"retry": 1, "deadLetterSink": {"uri": receiver.uri("/dead")}}}]})
    space.send("1", path=f"/channels/{space.name}/s-kn-sequence-0")
    wait_for(lambda: receiver.ids("/dead") == ["1"], lambda: receiver.got)
    assert len(receiver.ids("/a")) == 2


def test_a_part_that_somebody_else_has(space, receiver):
    space.make("InMemoryChannel", "s-kn-sequence-0", {})
    space.apply("Sequence", "s", {"steps": steps(receiver, "/a")})
    wait_for(lambda: space.condition("Sequence", "s").get("reason") == "PartFailed", lambda: space.get("Sequence", "s"))
    assert 'The InMemoryChannel "s-kn-sequence-0" is there and belongs to somebody else.' == space.condition("Sequence", "s")["message"]


@pytest.mark.parametrize("kind", ["Sequence", "Parallel"])
def test_a_flow_says_which_part_is_not_ready_and_why(space, receiver, kind):
    step = {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "later"}}
    good = steps(receiver, "/a")
    specs = {"Sequence": lambda step: {"steps": [*good, step]}, "Parallel": lambda step: {"branches": [{"subscriber": good[0]}, {"subscriber": step}]}}
    space.apply(kind, "f", specs[kind](step))
    wanted = f"Subscriptions are not ready yet, or there are none: f-kn-{kind.lower()}-1: Failed to resolve spec.subscriber: eddy does not deliver to a Service"
    wait_for(lambda: space.condition(kind, "f").get("message", "").startswith(wanted), lambda: space.get(kind, "f"))
    assert space.condition(kind, "f")["reason"] == "SubscriptionsNotReady" and space.condition(kind, "f", "ChannelsReady")["status"] == "True"
    space.make(kind, "f", specs[kind](good[0]))


# --- Parallel


def test_a_parallel_hands_an_event_to_every_branch_that_lets_it_pass(space, receiver):
    def answer(path, headers, body):
        if path == "/only-a":
            return event_answer(path, headers, body) if headers["ce-type"] == "a" else (200, {}, b"")
        return event_answer(path, headers, body) if path.startswith("/sub") else (202, {}, b"")

    receiver.answer = answer
    space.make(
        "Parallel",
        "p",
        {
            "branches": [
                {"filter": {"uri": receiver.uri("/only-a")}, "subscriber": {"uri": receiver.uri("/sub/1")}},
                {"subscriber": {"uri": receiver.uri("/sub/2")}, "reply": {"uri": receiver.uri("/own")}},
            ],
            "reply": {"uri": receiver.uri("/all")},
        },
    )
    status = space.get("Parallel", "p")["status"]
    assert status["ingressChannelStatus"]["channel"]["name"] == "p-kn-parallel"
    assert [
        (one["filterChannelStatus"]["channel"]["name"], one["filterSubscriptionStatus"]["subscription"]["name"], one["subscriberSubscriptionStatus"]["subscription"]["name"])
        for one in status["branchStatuses"]
    ] == [(f"p-kn-parallel-{number}", f"p-kn-parallel-filter-{number}", f"p-kn-parallel-{number}") for number in range(2)]
    for id, type in (("1", "a"), ("2", "b")):
        space.send(id, type, path=f"/channels/{space.name}/p-kn-parallel")
    wait_for(lambda: len(receiver.ids("/own")) == 2 and len(receiver.ids("/all")) == 1, lambda: receiver.got)
    assert sorted(receiver.ids("/sub/1")) == ["1/only-a"] and sorted(receiver.ids("/sub/2")) == ["1", "2"]
    assert receiver.ids("/all") == ["1/only-a/sub/1"] and sorted(receiver.ids("/own")) == ["1/sub/2", "2/sub/2"]


def test_a_trigger_into_a_sequence(space, receiver):
    receiver.answer = lambda path, headers, body: event_answer(path, headers, body) if path == "/a" else (202, {}, b"")
    space.broker()
    space.make("Sequence", "s", {"steps": steps(receiver, "/a"), "reply": {"uri": receiver.uri("/end")}})
    space.make("Trigger", "t", {"broker": "default", "subscriber": {"ref": ref("Sequence", "s", "flows.knative.dev/v1")}})
    space.send("1")
    wait_for(lambda: receiver.ids("/end") == ["1/a"], lambda: receiver.got)
    assert json.loads(receiver.got[-1][2]) == {}
