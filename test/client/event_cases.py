# SPDX-License-Identifier: Apache-2.0
"""What an SDK of CloudEvents must be able to do through eddy, written once for the SDKs of all languages.

An event, as an SDK is asked to send it:
    {"attributes": {name: text}, "extensions": {name: value}, "data": None or {"json" | "text" | "base64": value}}
where the value of an extension is a string, an integer, a boolean, or {"time": text}. Whoever reads one says
    {"path", "mode": "binary" | "structured", "attributes": {name: text}, "data": base64 or None}
with the extensions among the attributes, as CloudEvents writes them.
"""

import base64
import datetime
import http.client
import json
import time
import urllib.parse

SECONDS = 30
MODES = ("binary", "structured")
DELIVERIES = (None, "binary", "json")  # the values of a Trigger's spec.delivery.format, and none

TIME = "2026-01-02T03:04:05.678Z"
ORDER = {"a": [1, None, "\u20ac\n"], "b": {"c": True, "d": 1.5}}


def event(extensions=None, data=None, **attributes):
    attributes = {"source": "/test", "type": "order", "time": TIME, **attributes}
    return {"attributes": attributes, "extensions": extensions or {}, "data": data}


# "unicode" and "percent" are what HTTP fields hold only in escapes.
EVENTS = {
    "json": event(
        {"word": "v", "count": 7, "least": -2147483648, "yes": True, "no": False, "moment": {"time": "2026-05-06T07:08:09Z"}},
        {"json": ORDER},
        source="https://example.com/shop?a=b#c",
        subject="tea",
        dataschema="https://example.com/schema.json",
        datacontenttype="application/json",
    ),
    "charset": event({}, {"json": ORDER}, datacontenttype="application/json; charset=utf-8"),
    "suffix": event({}, {"json": ORDER}, datacontenttype="application/vnd.shop.order+json"),
    "text": event({}, {"text": 'line\n\u00e4 "q" \U0001f422'}, datacontenttype="text/plain"),
    "bytes": event({}, {"base64": base64.b64encode(bytes(range(256))).decode()}, datacontenttype="application/octet-stream"),
    "nothing": event(),
    "unicode": event({"word": 'z\u00f3\u0142w 5" 100%'}, {"json": {}}, subject="\u4e80 \U0001f422", datacontenttype="application/json"),
    "percent": event({"word": "%41"}),
}


class Sdk:
    """An SDK as the cases use it. A subclass has the functions, and says what its SDK does otherwise."""

    has_escapes = False  # does it write and read percent-encoded fields (HTTP binding 1.0.2 3.1.3.2)?
    cannot_unicode = False  # can it send no letters beyond ASCII in fields?

    def text_of(self, mode, value):
        """What it writes for the value of an extension."""
        if isinstance(value, dict):
            return value["time"]
        return value if isinstance(value, str) else json.dumps(value)

    def send(self, url, messages):
        """Sends each of (mode, event) and returns the status of each answer."""
        raise NotImplementedError

    def receive(self):
        """A running HTTP server: `port`, `got` (what arrived so far), close(). It answers with 202; on the paths /binary
        and /structured with an event in that mode: what came, its type "reply", its id with "-reply" behind it."""
        raise NotImplementedError


def wait_for(condition, what):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


def can_send(sdk, mode, name):
    if mode != "binary" or sdk.has_escapes:
        return True
    return name != "percent" and not (sdk.cannot_unicode and name == "unicode")


def messages_of(sdk, modes=MODES):
    """What the SDK can send, each with an id of its own."""
    return [
        (mode, {**one, "attributes": {**one["attributes"], "id": f"{mode}-{name}"}})
        for mode in modes
        for name, one in EVENTS.items()
        if can_send(sdk, mode, name)
    ]


# --- comparing


def moment(text):
    return datetime.datetime.fromisoformat(text)


def comparable(attributes):
    return {name: moment(text) if name in ("time", "moment") else text for name, text in attributes.items()}


def bytes_of(data):
    if data is None:
        return b""
    (kind, value), *_ = data.items()
    return {"json": lambda: json.dumps(value).encode(), "text": lambda: value.encode(), "base64": lambda: base64.b64decode(value)}[kind]()


def expected_attributes(sdk, mode, sent, came_in):
    """What the SDK reads of SENT, which it sent in MODE and got in the mode CAME_IN."""
    extensions = {name: sdk.text_of(mode, value) for name, value in sent["extensions"].items()}
    attributes = {"specversion": "1.0", **sent["attributes"], **extensions}
    if came_in == "binary" and not sdk.has_escapes:
        safe = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')
        fields = {name: text for name, text in attributes.items() if name != "datacontenttype"}
        attributes.update({name: urllib.parse.quote(text, safe=safe) for name, text in fields.items()})
    return attributes


def check(sdk, mode, sent, got):
    """That the SDK got what it sent."""
    attributes = dict(got["attributes"])
    moment(attributes.pop("knativearrivaltime"))
    wanted = expected_attributes(sdk, mode, sent, got["mode"])
    if "datacontenttype" not in wanted:
        attributes.pop("datacontenttype", None)  # some SDKs say what the absence of it means
    assert comparable(attributes) == comparable(wanted), (mode, got)
    data = base64.b64decode(got["data"] or "")
    if sent["data"] is not None and "json" in sent["data"]:
        assert json.loads(data) == sent["data"]["json"], (mode, got)
    else:
        assert data == bytes_of(sent["data"]), (mode, got)


def check_all(sdk, messages, got):
    by_id = {one["attributes"]["id"]: one for one in got}
    assert sorted(by_id) == sorted(sent["attributes"]["id"] for _, sent in messages)
    for mode, sent in messages:
        check(sdk, mode, sent, by_id[sent["attributes"]["id"]])


def dated(one):
    """Only the door of a broker dates an event."""
    return {**one, "attributes": {"knativearrivaltime": TIME, **one["attributes"]}}


# --- cases: functions of a namespace (test_events.Space) and an SDK


def door(space):
    return "http://{}:{}/{}/default".format(*space.kube.server.doors["events"], space.name)


def post(port, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("POST", "/in", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def events_arrive_as_they_were_sent(space, sdk, delivery=None):
    messages = messages_of(sdk)
    receiver = sdk.receive()
    try:
        space.broker()
        space.trigger("t", f"http://127.0.0.1:{receiver.port}/in", **({"delivery": {"format": delivery}} if delivery else {}))
        assert sdk.send(door(space), messages) == [202] * len(messages)
        wait_for(lambda: len(receiver.got) >= len(messages), lambda: receiver.got)
        if delivery:
            assert {one["mode"] for one in receiver.got} == {{"json": "structured", "binary": "binary"}[delivery]}
        check_all(sdk, messages, receiver.got)
    finally:
        receiver.close()


def answer_to(sdk, sent):
    """What the receiver makes of SENT; extensions came to it as strings."""
    changed = {"type": "reply", "id": sent["attributes"]["id"] + "-reply"}
    extensions = {name: sdk.text_of("structured", value) for name, value in sent["extensions"].items()}
    return {**sent, "attributes": {**sent["attributes"], **changed}, "extensions": extensions}


def answers_go_back_into_the_broker(space, sdk, mode):
    """The receiver answers in MODE with what it got."""
    messages = messages_of(sdk, ["structured"])
    if not sdk.has_escapes:  # what it read was not what was sent
        messages = [(how, sent) for how, sent in messages if not sent["attributes"]["id"].endswith(("unicode", "percent"))]
    receiver = sdk.receive()
    try:
        space.broker()
        space.trigger("ask", f"http://127.0.0.1:{receiver.port}/{mode}", filter={"attributes": {"type": "order"}})
        space.trigger("answers", f"http://127.0.0.1:{receiver.port}/in", filter={"attributes": {"type": "reply"}})
        assert sdk.send(door(space), messages) == [202] * len(messages)

        def answers():
            return [one for one in list(receiver.got) if one["path"] == "/in"]

        wait_for(lambda: len(answers()) >= len(messages), lambda: receiver.got)
        check_all(sdk, [(mode, answer_to(sdk, sent)) for _, sent in messages], answers())
        assert space.dead_letters() == []
    finally:
        receiver.close()


def batches_are_refused(space, sdk):
    """As by Knative's brokers."""
    space.broker()
    assert sdk.send(door(space), [("batch", messages_of(sdk, ["structured"])[0][1])]) == [400]


def a_record_reaches_the_trigger(space, sdk):
    """What the SDK's Kafka binding writes into the broker's topic."""
    messages = messages_of(sdk)
    receiver = sdk.receive()
    try:
        space.broker()
        space.trigger("t", f"http://127.0.0.1:{receiver.port}/in")
        sdk.produce(space.kube.server.bootstrap, f"knative-broker-{space.name}-default", messages)
        wait_for(lambda: len(receiver.got) >= len(messages), lambda: receiver.got)
        check_all(sdk, messages, [dated(one) for one in receiver.got])
    finally:
        receiver.close()


def sink_with_what_was_posted(space, sdk, mode):
    """The topic of a KafkaSink in MODE that has all that the SDK can send, and the messages."""
    messages = messages_of(sdk)
    topic = f"{space.name}-{mode}"
    space.make("KafkaSink", "sink", {"topic": topic, "bootstrapServers": ["localhost:9092"], "contentMode": mode})
    url = "http://{}:{}/kafkasinks/{}/sink".format(*space.kube.server.doors["events"], space.name)
    assert sdk.send(url, messages) == [202] * len(messages)
    return topic, messages


def a_kafka_sink_writes_what_it_reads(space, sdk, mode):
    """Its Kafka binding reads the topic of a KafkaSink in MODE."""
    topic, messages = sink_with_what_was_posted(space, sdk, mode)
    got = sdk.consume(space.kube.server.bootstrap, topic, len(messages))
    assert {one["mode"] for one in got} == {mode}
    check_all(sdk, messages, [{**dated(one), "mode": "kafka"} for one in got])


def the_json_is_what_it_reads(space, sdk):
    """The SDK's HTTP server reads eddy's JSON format, as it stands in a topic."""
    topic, messages = sink_with_what_was_posted(space, sdk, "structured")
    receiver = sdk.receive()
    try:
        for headers, value in space.records(topic):
            assert post(receiver.port, {"Content-Type": headers["content-type"]}, value) == 202
        wait_for(lambda: len(receiver.got) >= len(messages), lambda: receiver.got)  # it answers before it tells
        assert {one["mode"] for one in receiver.got} == {"structured"}
        check_all(sdk, messages, [dated(one) for one in receiver.got])
    finally:
        receiver.close()


def the_topic_has_what_was_posted(space, sdk):
    """The SDK's Kafka binding reads what its HTTP binding sent."""
    messages = messages_of(sdk)
    space.broker()
    assert sdk.send(door(space), messages) == [202] * len(messages)
    got = sdk.consume(space.kube.server.bootstrap, f"knative-broker-{space.name}-default", len(messages))
    for one in got:
        assert one["mode"] == "binary" and one["attributes"].pop("knativebrokerttl") == "255"
        one["mode"] = "kafka"  # its headers hold no escapes
    check_all(sdk, messages, got)
