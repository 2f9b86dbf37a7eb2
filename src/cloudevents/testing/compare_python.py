# SPDX-License-Identifier: Apache-2.0
"""Usage: compare_python.py cloudevents_check [SEED]. Random events from the SDK of Python to eddy and back, over HTTP and Kafka, in
both modes; NATS has the fields of HTTP. Exit code 77: the package cloudevents is not there.
"""

import datetime
import json
import random
import sys
import urllib.parse

import lines

try:
    from cloudevents.core.bindings import http, kafka
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent
except ImportError:
    print("the package cloudevents is not there: script/setup")
    sys.exit(77)

COUNT = 300
TEXTS = ("a", "order", "com.example.created", "a b", '5" pipe', '"quoted"', "100%", "%41%", "\u20ac\U0001f600", "x\\y", "~!*'();:@&=+$,/?#[]", "k=v;w")
SOURCES = ("/s", "https://example.com/a?b=c#d", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "#f", "//h/p%20q", "mailto:a@b.c")
DATA = (
    (None, None),
    ("application/json", {"a": [1, None, "\u20ac\n"], "b": {"c": True}}),
    ("application/vnd.x+json; charset=utf-8", {"a": 1.5}),
    ("text/plain", 'line\n\u00e4 "q"'),
    ("text/plain; charset=utf-8", "\U0001f600"),
    ("application/xml", "<a/>"),
    ("application/octet-stream", bytes([0, 1, 254, 255])),
    (None, {"implied": "json"}),
)


def random_event(rng):
    attributes = {"specversion": "1.0", "id": rng.choice(TEXTS), "source": rng.choice(SOURCES), "type": rng.choice(TEXTS)}
    # Without a time the SDK takes the current one.
    moment = datetime.timedelta(seconds=rng.randrange(4 * 10**9), microseconds=rng.choice((0, 0, 1000, 123456)))
    attributes["time"] = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + moment
    if rng.random() < 0.5:
        attributes["subject"] = rng.choice(TEXTS)
    if rng.random() < 0.3:
        attributes["dataschema"] = "https://example.com/schema.json#/a%20b"
    for _ in range(rng.randrange(4)):
        value = rng.choice((rng.choice(TEXTS), rng.randrange(-(2**31), 2**31), ""))
        attributes[rng.choice(("ext", "x1", "comexample"))] = value
    if rng.random() < 0.3:
        attributes["partitionkey"] = rng.choice(TEXTS)
    content_type, data = rng.choice(DATA)
    if content_type is not None:
        attributes["datacontenttype"] = content_type
    return CloudEvent(attributes, data)


# --- messages of the SDK, in the tool's form and back


def of_http(message):
    return {"binding": "http", "headers": [list(pair) for pair in message.headers.items()], "body": lines.encoded(message.body)}


def of_kafka(message):
    headers = [[name, value.decode()] for name, value in message.headers.items()]
    return {"binding": "kafka", "headers": headers, "body": lines.encoded(message.value)}


def to_http(message):
    return http.HTTPMessage(headers=dict(message["headers"]), body=lines.decoded(message["body"]) or b"")


def to_kafka(message):
    headers = {name: value.encode() for name, value in message["headers"]}
    return kafka.KafkaMessage(headers=headers, key=lines.decoded(message["key"]), value=lines.decoded(message["body"]) or b"")


def nats_to_http(message):
    """NATS writes names as it likes, and datacontenttype among the attributes, escaped."""
    headers = {name.lower(): value for name, value in message["headers"]}
    if "ce-datacontenttype" in headers:
        headers["content-type"] = urllib.parse.unquote(headers.pop("ce-datacontenttype"))
    return to_http({**message, "headers": headers.items()})


WRITERS = {
    "http binary": lambda event: of_http(http.to_binary(event, JSONFormat())),
    "http structured": lambda event: of_http(http.to_structured(event, JSONFormat())),
    "kafka binary": lambda event: of_kafka(kafka.to_binary(event, JSONFormat())),
    "kafka structured": lambda event: of_kafka(kafka.to_structured(event, JSONFormat())),
}
READERS = {
    "http binary": lambda message: http.from_http(to_http(message), JSONFormat()),
    "http structured": lambda message: http.from_http(to_http(message), JSONFormat()),
    "kafka binary": lambda message: kafka.from_kafka(to_kafka(message), JSONFormat()),
    "kafka structured": lambda message: kafka.from_kafka(to_kafka(message), JSONFormat()),
    "nats binary": lambda message: http.from_http(nats_to_http(message), JSONFormat()),
    "nats structured": lambda message: http.from_http(nats_to_http(message), JSONFormat()),
}


# --- comparing


def expected_attributes(event, name):
    attributes = dict(event.get_attributes())
    attributes["time"] = attributes["time"].isoformat().replace("+00:00", "Z")
    if "binary" in name:
        attributes = {key: value if isinstance(value, str) else str(value) for key, value in attributes.items()}
    return lines.comparable(attributes)


def is_json(event):
    content_type = event.get_attributes().get("datacontenttype", "application/json")
    return content_type.split(";")[0].endswith("json")


def same_data(event, data):
    """DATA is what eddy has."""
    expected = event.get_data()
    if expected is None or data is None:
        return expected is None and not data
    if isinstance(expected, dict):
        return json.loads(data) == expected
    return data == (expected.encode() if isinstance(expected, str) else expected)


def check_answer(event, name, answer):
    if "error" in answer:
        return answer["error"]
    got = answer["event"]
    if lines.comparable(got["attributes"]) != expected_attributes(event, name):
        return f"attributes: {expected_attributes(event, name)} and {got['attributes']}"
    if not same_data(event, lines.decoded(got["data"])):
        return f"data: {event.get_data()} and {lines.decoded(got['data'])}"
    return None


def check_reading(event, arrived, name, message):
    """ARRIVED is how the event came to eddy: what came in fields stays a string."""
    try:
        again = READERS[name](message)
    except Exception as error:  # noqa: BLE001 - whatever the SDK says
        return f"the SDK refuses: {error}"
    expected = expected_attributes(event, f"{arrived} {name}")
    got = expected_attributes(again, name)
    if "datacontenttype" not in expected:
        got.pop("datacontenttype", None)  # JSON that did not say so
    if got != expected:
        return f"attributes: {expected} and {got}"
    # The SDK itself loses what the data was: bytes that are text come back as text.
    data, again_data = event.get_data(), again.get_data()
    if isinstance(again_data, (bytes, bytearray)) and not isinstance(data, (bytes, bytearray)):
        again_data = again_data.decode()
        again_data = json.loads(again_data) if is_json(event) and data is not None else again_data
    if data is None and not again_data:
        return None  # in Kafka the SDK writes an empty value where there is no data
    return None if again_data == data else f"data: {data} and {again_data}"


def main():
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    events = [random_event(rng) for _ in range(COUNT)]
    sent = [(event, name, write(event)) for event in events for name, write in WRITERS.items()]
    problems, count = [], 0
    for (event, name, message), answer in zip(sent, lines.run(sys.argv[1], [message for _, _, message in sent])):
        found = {"": check_answer(event, name, answer)}
        for mode, written in answer.get("messages", {}).items():
            found[f", back as {mode} {written}"] = check_reading(event, name, mode, written)
        problems += [f"{name} {message}{how}: {problem}" for how, problem in found.items() if problem]
        count += len(found)
    return lines.report(problems, count, "messages of and for Python's SDK")


if __name__ == "__main__":
    sys.exit(main())
