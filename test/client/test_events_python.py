# SPDX-License-Identifier: Apache-2.0
"""CloudEvents' SDK of Python, through the door, a Broker and a Trigger: its interface of today (cloudevents.core), and the one from
before version 2 (cloudevents.v1)."""

import base64
import http.client
import json
import urllib.parse
import uuid

import confluent_kafka
import pytest
from cloudevents.core.bindings import http as binding
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import conversion
from cloudevents.v1.http import CloudEvent as OldCloudEvent
from cloudevents.v1.http import from_http as old_from_http

pytest.register_assert_rewrite("event_cases")
import event_cases  # noqa: E402
from test_events import SECONDS, Receiver, Space  # noqa: E402

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}


def data_of(one):
    """The data as a program of Python has it."""
    if one["data"] is None:
        return None
    (kind, value), *_ = one["data"].items()
    return base64.b64decode(value) if kind == "base64" else value


def bytes_of(data):
    if isinstance(data, str):
        return data.encode()
    return data if data is None or isinstance(data, bytes) else json.dumps(data).encode()


def text_of(value):
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, str) else json.dumps(value)


def mode_of(headers):
    return "structured" if "ce-id" not in headers else "binary"


class Receiving:
    """READ makes an event of fields and a body, WRITE a mode and an event fields and a body; SHOWN says what it is."""

    def __init__(self, read, write, shown):
        self.got = []
        self.server = Receiver()
        self.port = self.server.port

        def answer(path, headers, body):
            one = read(headers, body)
            self.got.append({"path": path, "mode": mode_of(headers), **shown(one)})
            mode = path.removeprefix("/")
            return (200, *write(mode, one)) if mode in event_cases.MODES else (202, {}, b"")

        self.server.answer = answer

    def close(self):
        self.server.close()


class PythonSdk(event_cases.Sdk):
    def text_of(self, mode, value):
        """A boolean in a field is Python's word for it."""
        return str(value) if mode == "binary" and isinstance(value, bool) else super().text_of(mode, value)

    def post(self, url, headers, body):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
        try:
            connection.request("POST", parts.path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def send(self, url, messages):
        return [self.post(url, *self.write(mode, self.event(one))) for mode, one in messages]

    def receive(self):
        return Receiving(self.read, lambda mode, one: self.write(mode, self.answer(one)), self.shown)


class Today(PythonSdk):
    has_escapes = True

    def event(self, one):
        attributes = {"specversion": "1.0", **one["attributes"]}
        attributes["time"] = event_cases.moment(attributes["time"])
        for name, value in one["extensions"].items():
            attributes[name] = event_cases.moment(value["time"]) if isinstance(value, dict) else value
        return CloudEvent(attributes, data_of(one))

    def write(self, mode, one):
        message = {"binary": binding.to_binary, "structured": binding.to_structured}[mode](one, JSONFormat())
        return message.headers, message.body

    def read(self, headers, body):
        return binding.from_http(binding.HTTPMessage(headers, body), JSONFormat())

    def answer(self, one):
        attributes = one.get_attributes()
        return CloudEvent({**attributes, "type": "reply", "id": attributes["id"] + "-reply"}, one.get_data())

    def shown(self, one):
        data = bytes_of(one.get_data())
        return {
            "attributes": {name: text_of(value) for name, value in one.get_attributes().items()},
            "data": None if data is None else base64.b64encode(data).decode(),
        }

    def produce(self, bootstrap, topic, messages):
        producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
        for mode, one in messages:
            message = {"binary": kafka.to_binary, "structured": kafka.to_structured}[mode](self.event(one), JSONFormat())
            producer.produce(topic, message.value, message.key, headers=message.headers)
        assert producer.flush(SECONDS) == 0

    def consume(self, bootstrap, topic, count):
        settings = {"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
        consumer = confluent_kafka.Consumer(settings)
        consumer.subscribe([topic])
        found = []
        while len(found) < count:
            message = consumer.poll(SECONDS)
            assert message is not None and not message.error(), found
            headers = dict(message.headers())
            one = kafka.from_kafka(kafka.KafkaMessage(headers, message.key(), message.value() or b""), JSONFormat())
            found.append({"mode": "binary" if "ce_id" in headers else "structured", **self.shown(one)})
        consumer.close()
        return found


class BeforeVersion2(PythonSdk):
    """It escapes nothing, and Python's HTTP client sends no letters beyond Latin-1."""

    cannot_unicode = True

    def event(self, one):
        attributes = {**one["attributes"], **one["extensions"]}
        attributes = {name: value["time"] if isinstance(value, dict) else value for name, value in attributes.items()}
        return OldCloudEvent(attributes, data_of(one))

    def write(self, mode, one):
        if mode == "structured":
            return conversion.to_structured(one)
        headers, body = conversion.to_binary(one, bytes_of)  # by itself it writes all strings as JSON
        return headers, body or b""

    def read(self, headers, body):
        return old_from_http(headers, body)

    def answer(self, one):
        return OldCloudEvent({**one.get_attributes(), "type": "reply", "id": one["id"] + "-reply"}, one.get_data())

    def shown(self, one):
        data = bytes_of(one.get_data())
        return {
            "attributes": {name: text_of(value) for name, value in one.get_attributes().items()},
            "data": None if data is None else base64.b64encode(data).decode(),
        }


@pytest.fixture
def space(kube):
    return Space(kube)


@pytest.fixture(params=[Today, BeforeVersion2])
def sdk(request):
    return request.param()


@pytest.mark.parametrize("delivery", event_cases.DELIVERIES)
def test_events_arrive_as_they_were_sent(space, sdk, delivery):
    event_cases.events_arrive_as_they_were_sent(space, sdk, delivery)


@pytest.mark.parametrize("mode", event_cases.MODES)
def test_answers_go_back_into_the_broker(space, sdk, mode):
    event_cases.answers_go_back_into_the_broker(space, sdk, mode)


def test_a_record_of_its_kafka_binding_reaches_the_trigger(space):
    event_cases.a_record_reaches_the_trigger(space, Today())


def test_its_kafka_binding_reads_what_was_posted(space):
    event_cases.the_topic_has_what_was_posted(space, Today())


@pytest.mark.parametrize("mode", event_cases.MODES)
def test_its_kafka_binding_reads_what_a_kafka_sink_wrote(space, mode):
    event_cases.a_kafka_sink_writes_what_it_reads(space, Today(), mode)


def test_it_reads_the_json(space, sdk):
    event_cases.the_json_is_what_it_reads(space, sdk)


def test_filters_find_types_in_the_text(space, sdk):
    """An Integer and a Boolean are text in the topic, whichever mode they came in."""
    receiver = sdk.receive()
    try:
        space.broker()
        space.trigger("sql", f"http://127.0.0.1:{receiver.port}/sql", filters=[{"cesql": "count > 6 AND count + 1 = 8 AND yes AND NOT no"}])
        space.trigger("exact", f"http://127.0.0.1:{receiver.port}/exact", filters=[{"exact": {"count": "7"}}])
        space.trigger("other", f"http://127.0.0.1:{receiver.port}/other", filters=[{"cesql": "count > 7"}, {"exact": {"word": "v"}}])
        messages = [(mode, one) for mode, one in event_cases.messages_of(sdk) if one["extensions"].get("count")]
        assert sdk.send(event_cases.door(space), messages) == [202, 202]
        wanted = sorted((path, one["attributes"]["id"]) for _, one in messages for path in ("/sql", "/exact"))
        event_cases.wait_for(lambda: len(receiver.got) >= len(wanted), lambda: receiver.got)
        assert sorted((one["path"], one["attributes"]["id"]) for one in receiver.got) == wanted
    finally:
        receiver.close()
