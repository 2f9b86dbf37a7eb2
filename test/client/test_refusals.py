# SPDX-License-Identifier: Apache-2.0
"""What is refused of Knative's kinds, and with which words: the field, what is wrong with it, and what to do."""

import copy

import pytest

from test_events import wait_for

SINK = {"uri": "http://127.0.0.1:9/x"}
GROUPS = {
    "Broker": "eventing.knative.dev/v1",
    "Trigger": "eventing.knative.dev/v1",
    "InMemoryChannel": "messaging.knative.dev/v1",
    "KafkaChannel": "messaging.knative.dev/v1",
    "Channel": "messaging.knative.dev/v1",
    "Subscription": "messaging.knative.dev/v1",
    "Sequence": "flows.knative.dev/v1",
    "Parallel": "flows.knative.dev/v1",
    "PingSource": "sources.knative.dev/v1",
    "KafkaSource": "sources.knative.dev/v1",
    "KafkaSink": "eventing.knative.dev/v1alpha1",
    "EventType": "eventing.knative.dev/v1beta3",
}
CHANNEL = {"apiVersion": "messaging.knative.dev/v1", "kind": "Channel", "name": "c"}
GOOD = {
    "Broker": {},
    "Trigger": {"broker": "default", "subscriber": SINK},
    "InMemoryChannel": {},
    "KafkaChannel": {},
    "Channel": {},
    "Subscription": {"channel": CHANNEL, "subscriber": SINK},
    "Sequence": {"steps": [SINK]},
    "Parallel": {"branches": [{"subscriber": SINK}]},
    "PingSource": {"sink": SINK},
    "KafkaSource": {"bootstrapServers": ["localhost:9092"], "topics": ["t"], "sink": SINK},
    "KafkaSink": {"bootstrapServers": ["localhost:9092"], "topic": "t"},
    "EventType": {},
}


def path_of(kind, space, name=""):
    return f"/apis/{GROUPS[kind]}/namespaces/{space}/{kind.lower()}s" + (f"/{name}" if name else "")


def tree_of(kind, annotations=None, **spec):
    tree = {"apiVersion": GROUPS[kind], "kind": kind, "metadata": {"name": "a", "annotations": annotations or {}}}
    tree["spec"] = {**copy.deepcopy(GOOD[kind]), **spec}
    return tree


def refused(kube, kind, annotations=None, **spec):
    """All that is said, without its head."""
    space = kube.new_space()
    answer = kube.ask("POST", path_of(kind, space), tree_of(kind, annotations, **spec))
    assert answer.status == 422, answer.body
    head, _, words = answer.tree["message"].partition(" is invalid: ")
    assert head == f'{kind}.{GROUPS[kind].split("/")[0]} "a"'
    return words


@pytest.mark.parametrize("path, wrap", [("[0]", lambda filter: filter), ("[0].all[1]", lambda filter: {"all": [{}, filter]})])
def test_a_filter_has_one_dialect(kube, path, wrap):
    filters = [wrap({"exact": {"type": "a"}, "prefix": {"type": "b"}})]
    words = refused(kube, "Trigger", filters=filters)
    assert words == f"spec.filters{path}: Invalid value: multiple dialects found, filters can have only one dialect set"


NO_OPERAND = "expected an attribute, a value, a function or NOT, but the expression ends here"


@pytest.mark.parametrize(
    ("filter", "path", "words"),
    [
        ({"cesql": "type = "}, "", f"line 1, column 8: {NO_OPERAND}"),
        ({"any": [{"not": {"cesql": "("}}]}, ".any[0].not", f"line 1, column 2: {NO_OPERAND}"),
    ],
)
def test_an_expression_that_is_none_is_refused(kube, filter, path, words):
    assert refused(kube, "Trigger", filters=[filter]) == f"spec.filters[0]{path}.cesql: Invalid value: {words}"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1 + 1", "it gives an Integer, and only true, a Boolean, passes"),
        ("UPPER(type)", "it gives a String, and only true, a Boolean, passes"),
        ("mybool", "an attribute alone is a String, and only true, a Boolean, passes: compare it, as in name = TRUE"),
        ("LENGHT(id) = 3", "line 1, column 1: there is no function LENGHT; did you mean LENGTH"),
    ],
)
def test_a_filter_that_hardly_passes_is_told_at_once_and_in_an_event(kube, expression, words):
    space = kube.new_space()
    assert kube.ask("POST", path_of("Broker", space), tree_of("Broker") | {"metadata": {"name": "default"}}).status == 201
    answer = kube.ask("POST", path_of("Trigger", space), tree_of("Trigger", filters=[{"cesql": expression}]))
    assert answer.status == 201
    assert answer.headers["Warning"] == f'299 - "spec.filters[0].cesql: {words}"'
    wait_for(lambda: f"spec.filters[0].cesql: {words}" in doubts(kube, space), lambda: doubts(kube, space))


def doubts(kube, space):
    events = kube.ask("GET", f"/api/v1/namespaces/{space}/events").tree["items"]
    return [event["message"] for event in events if event["reason"] == "FilterDoubt"]


# --- names of other things


def test_a_time_zone_is_one_of_this_machine(kube):
    words = refused(kube, "PingSource", timezone="Mars/Phobos")
    assert words == (
        'spec.timezone: Invalid value: "Mars/Phobos": provided bad location: there is no time zone "Mars/Phobos" on this machine'
    )


def test_a_topic_has_a_name_that_topics_can_have(kube):
    words = "Invalid value: Topic name is invalid: 'bad topic!' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
    assert refused(kube, "KafkaSink", topic="bad topic!") == f"spec.topic: {words}"
    assert refused(kube, "KafkaSource", topics=["good", "bad topic!"]) == f"spec.topics[1]: {words}"


@pytest.mark.parametrize("kind", ["Trigger", "Subscription", "KafkaSource"])
@pytest.mark.parametrize(("name", "value"), [("eddy.dev/rate-limit", "fast"), ("eddy.dev/rate-limit", "0/s"), ("eddy.dev/concurrency", "2.5")])
def test_a_limit_is_a_number(kube, kind, name, value):
    assert refused(kube, kind, {name: value}).startswith(f'metadata.annotations[{name}]: Invalid value: "{value}" is n')


@pytest.mark.parametrize("kind", ["Trigger", "Subscription"])
def test_an_order_is_one_of_two(kube, kind):
    name = "kafka.eventing.knative.dev/delivery.order"
    words = refused(kube, kind, {name: "sorted"})
    assert words == f'metadata.annotations[{name}]: Invalid value: "sorted" is neither ordered nor unordered'


# --- delivery


NO_DURATION = "is no duration of ISO 8601, such as PT0.2S or PT1M"
NO_LENGTH = "has years or months, which have no fixed length: write weeks, days or hours"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("backoffDelay", "1s", f'"1s" {NO_DURATION}'),
        ("backoffDelay", "P", f'"P" {NO_DURATION}'),
        ("backoffDelay", "P1Y", f'"P1Y" {NO_LENGTH}'),
        ("backoffDelay", "PT25H", '"PT25H" is not between PT0S and PT24H'),
        ("timeout", "PT0S", '"PT0S" is not between PT0.001S and PT24H'),
        ("retryAfterMax", "soon", f'"soon" {NO_DURATION}'),
        ("retry", 100000000, "100000000 is not between 0 and 1000"),
        ("retry", -1, "-1 is not between 0 and 1000"),
    ],
)
def test_a_member_of_delivery_is_told_in_one_sentence(kube, field, value, words):
    assert refused(kube, "Broker", delivery={field: value}) == f"spec.delivery.{field}: Invalid value: {words}"


WAIT = {"delivery": {"backoffDelay": "1s"}}


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("Trigger", WAIT, "spec"),
        ("InMemoryChannel", WAIT, "spec"),
        ("KafkaChannel", WAIT, "spec"),
        ("Channel", WAIT, "spec"),
        ("Subscription", WAIT, "spec"),
        ("KafkaSource", WAIT, "spec"),
        ("Sequence", {"steps": [SINK, {**SINK, **WAIT}]}, "spec.steps[1]"),
        ("Parallel", {"branches": [{"subscriber": SINK, **WAIT}]}, "spec.branches[0]"),
    ],
)
def test_every_kind_that_has_a_delivery_tells_it(kube, kind, spec, path):
    assert refused(kube, kind, **spec) == f'{path}.delivery.backoffDelay: Invalid value: "1s" {NO_DURATION}'


def test_all_that_is_wrong_is_told_at_once(kube):
    words = refused(kube, "Broker", delivery={"retry": "many", "timeout": "PT0S", "backoffDelay": "1s"})
    assert 'spec.delivery.retry: Invalid value: "string"' in words
    assert "spec.delivery.timeout: Invalid value" in words and "spec.delivery.backoffDelay: Invalid value" in words


def test_the_retention_of_a_channel_has_a_length(kube):
    assert refused(kube, "KafkaChannel", retentionDuration="P1M") == f'spec.retentionDuration: Invalid value: "P1M" {NO_LENGTH}'


# --- destinations


@pytest.mark.parametrize(
    ("kind", "wrap", "path"),
    [
        ("Trigger", lambda one: {"subscriber": one}, "spec.subscriber"),
        ("Broker", lambda one: {"delivery": {"deadLetterSink": one}}, "spec.delivery.deadLetterSink"),
        ("Subscription", lambda one: {"delivery": {"deadLetterSink": one}}, "spec.delivery.deadLetterSink"),
        ("PingSource", lambda one: {"sink": one}, "spec.sink"),
        ("KafkaSource", lambda one: {"sink": one}, "spec.sink"),
        ("Sequence", lambda one: {"steps": [SINK, one]}, "spec.steps[1]"),
        ("Sequence", lambda one: {"reply": one}, "spec.reply"),
        ("Parallel", lambda one: {"branches": [{"subscriber": SINK, "filter": one}]}, "spec.branches[0].filter"),
        ("Parallel", lambda one: {"branches": [{"subscriber": one}]}, "spec.branches[0].subscriber"),
        ("Parallel", lambda one: {"branches": [{"subscriber": SINK, "reply": one}]}, "spec.branches[0].reply"),
        ("Parallel", lambda one: {"reply": one}, "spec.reply"),
    ],
)
def test_a_destination_that_leads_nowhere_is_told(kube, kind, wrap, path):
    none = f"{path}: Invalid value: expected at least one, got none: {path}.ref, {path}.uri"
    assert refused(kube, kind, **wrap({})) == none
    words = refused(kube, kind, **wrap({"uri": "/only/a/path"}))
    assert words.startswith(f'{path}.uri: Invalid value: "/only/a/path": Relative URI is not allowed when Ref')
    assert "anyOf" not in words and "<nil>" not in words


def test_an_empty_subscriber_of_a_subscription_is_none(kube):
    assert refused(kube, "Subscription", subscriber={}) == "spec.subscriber: Required value: a subscription has a subscriber or a reply"
    assert refused(kube, "Subscription", reply={"uri": "x"}).startswith('spec.reply.uri: Invalid value: "x": Relative URI')


def test_a_reference_of_a_kafka_source_names_its_kind(kube):
    words = refused(kube, "KafkaSource", sink={"ref": {"kind": "Broker", "name": "default"}})
    assert words == "spec.sink.ref.apiVersion: Required value: apiVersion, or group, says of which kind it is"


def test_the_channel_of_a_subscription_is_in_its_namespace(kube):
    words = refused(kube, "Subscription", channel={**CHANNEL, "namespace": "other"})
    assert words.startswith("spec.channel.namespace: Forbidden: only apiVersion, kind and name are supported")


def test_an_event_type_says_of_which_events(kube):
    assert refused(kube, "EventType") == "spec.type: Required value: it, or spec.attributes in v1beta3, says of which events"


# --- fields that there are not


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("Trigger", {"subscriber": None, "subscribr": SINK}, "spec.subscribr"),
        ("Trigger", {"delivery": {"retries": 3}}, "spec.delivery.retries"),
        ("Subscription", {"channel": {**CHANNEL, "nam": "c"}}, "spec.channel.nam"),
        ("Parallel", {"branches": [{"subscriber": SINK, "filtr": SINK}]}, "spec.branches[0].filtr"),
    ],
)
def test_a_field_that_there_is_not_is_named(kube, kind, spec, field):
    """kubectl asks for a strict look; other clients get a Warning."""
    space = kube.new_space()
    tree = tree_of(kind, **spec)
    tree["spec"] = {name: value for name, value in tree["spec"].items() if value is not None}
    answer = kube.ask("POST", path_of(kind, space) + "?fieldValidation=Strict", tree)
    assert answer.status == 400 and f'unknown field \\"{field}\\"' in answer.body.decode()
    answer = kube.ask("POST", path_of(kind, space), tree)
    assert f'unknown field \\"{field}\\"' in answer.headers["Warning"]
