# SPDX-License-Identifier: Apache-2.0
"""Brokers and Triggers: events that are sent over HTTP reach whoever asked for them, are tried again, answered for, or kept
as dead letters."""

import base64
import http.client
import http.server
import json
import threading
import time
import uuid

import confluent_kafka.admin
import pytest

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}
SECONDS = 20
KINDS = {
    "eventing.knative.dev/v1": ("Broker", "Trigger"),
    "eventing.knative.dev/v1alpha1": ("KafkaSink",),
    "messaging.knative.dev/v1": ("Channel", "InMemoryChannel", "Subscription"),
    "messaging.knative.dev/v1beta1": ("KafkaChannel",),
    "flows.knative.dev/v1": ("Sequence", "Parallel"),
    "sources.knative.dev/v1": ("PingSource", "KafkaSource"),
}
EVENTING = {kind: f"/apis/{version}/namespaces" for version, kinds in KINDS.items() for kind in kinds}


class Receiver:
    """An HTTP server that keeps what it gets. `answer(path, headers, body)` gives (status, headers, body)."""

    def __init__(self, port=0):
        self.got = []
        self.answer = lambda path, headers, body: (202, {}, b"")
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.got.append((self.path, headers, body))
                status, more, answer = outer.answer(self.path, headers, body)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def uri(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def ids(self, path):
        return [headers["ce-id"] for where, headers, _ in list(self.got) if where == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


class Space:
    """A namespace with brokers and triggers."""

    def __init__(self, kube, name=None):
        self.kube = kube
        self.name = kube.new_space(name)

    def apply(self, kind, name, spec, annotations=None):
        body = {
            "apiVersion": EVENTING[kind].removeprefix("/apis/").removesuffix("/namespaces"),
            "kind": kind,
            "metadata": {"name": name, "namespace": self.name, "annotations": annotations or {}},
            "spec": spec,
        }
        path = f"{EVENTING[kind]}/{self.name}/{kind.lower()}s/{name}?fieldManager=test&force=true"
        return self.kube.ask("PATCH", path, json.dumps(body).encode(), "application/apply-patch+yaml")

    def make(self, kind, name, spec, **options):
        answer = self.apply(kind, name, spec, **options)
        assert answer.status in (200, 201), answer.body
        self.ready(kind, name)

    def ask(self, kind, name):
        return self.kube.ask("GET", f"{EVENTING[kind]}/{self.name}/{kind.lower()}s/{name}")

    def get(self, kind, name):
        return self.ask(kind, name).tree

    def delete(self, kind, name):
        assert self.kube.ask("DELETE", f"{EVENTING[kind]}/{self.name}/{kind.lower()}s/{name}").status == 200
        wait_for(lambda: self.ask(kind, name).status == 404, f"{name} goes")

    def condition(self, kind, name, type="Ready"):
        conditions = self.get(kind, name).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == type), {})

    def is_ready(self, kind, name):
        object = self.get(kind, name)
        status = object.get("status", {})
        ready = [one["status"] for one in status.get("conditions", []) if one["type"] == "Ready"]
        return ready == ["True"] and status["observedGeneration"] == object["metadata"]["generation"]

    def ready(self, kind, name):
        wait_for(lambda: self.is_ready(kind, name), lambda: self.get(kind, name))

    def broker(self, name="default", **spec):
        self.make("Broker", name, spec)

    def trigger(self, name, uri, broker="default", **spec):
        self.make("Trigger", name, {"broker": broker, "subscriber": {"uri": uri}, **spec})

    def post(self, headers, body=b"", path=None, method="POST"):
        connection = http.client.HTTPConnection(*self.kube.server.doors["events"], timeout=SECONDS)
        try:
            connection.request(method, path or f"/{self.name}/default", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def send(self, id, type="a.b", body=b"{}", path=None, **more):
        headers = {"ce-specversion": "1.0", "ce-id": id, "ce-source": "/test", "ce-type": type, "Content-Type": "application/json"}
        status, _, answer = self.post({**headers, **{f"ce-{name}": value for name, value in more.items()}}, body, path)
        assert status == 202, (status, answer)

    def admin(self):
        return confluent_kafka.admin.AdminClient({"bootstrap.servers": "{}:{}".format(*self.kube.server.doors["kafka"])})

    def partitions(self, topic):
        """How many the topic has; 0: there is none."""
        found = self.admin().list_topics(timeout=SECONDS).topics.get(topic)
        return len(found.partitions) if found else 0

    def config(self, topic, name):
        resource, admin = confluent_kafka.admin.ConfigResource("topic", topic), self.admin()
        return admin.describe_configs([resource])[resource].result(SECONDS)[name].value

    def records(self, topic):
        """(headers, value) of all records of a topic."""
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": "{}:{}".format(*self.kube.server.doors["kafka"]),
                "group.id": uuid.uuid4().hex,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,
            }
        )
        found = []
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING)])
        while True:
            message = consumer.poll(SECONDS)
            if message is None or message.error():
                break
            found.append(({name: value.decode() for name, value in message.headers() or []}, message.value()))
        consumer.close()
        return found

    def dead_letters(self, broker="default"):
        return self.records(f"knative-broker-{self.name}-{broker}-dead-letters")


@pytest.fixture
def space(kube):
    return Space(kube)


def wait_for(condition, what):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.02)


# --- the way of an event


def test_each_trigger_gets_what_its_filter_passes(space, receiver):
    space.broker()
    space.trigger("all", receiver.uri("/all"))
    space.trigger("type", receiver.uri("/type"), filter={"attributes": {"type": "order"}})
    space.trigger("prefix", receiver.uri("/prefix"), filters=[{"prefix": {"type": "or"}}, {"not": {"exact": {"subject": "x"}}}])
    space.trigger("any", receiver.uri("/any"), filters=[{"any": [{"suffix": {"type": "l"}}, {"exact": {"region": "eu"}}]}])
    space.trigger("sql", receiver.uri("/sql"), filters=[{"cesql": "LENGTH(type) > 4 AND EXISTS region"}])
    space.send("1", "order")
    space.send("2", "mail")
    space.send("3", "order", subject="x")
    space.send("4", "order", region="eu")
    wanted = {"/all": "1234", "/type": "134", "/prefix": "14", "/any": "24", "/sql": "4"}
    wait_for(lambda: len(receiver.got) == sum(map(len, wanted.values())), lambda: receiver.got)
    for path, ids in wanted.items():
        assert sorted(receiver.ids(path)) == list(ids), path


def test_an_event_arrives_as_it_was_sent_with_what_knative_adds(space, receiver):
    space.broker()
    space.trigger("t", receiver.uri("/in"))
    space.send("1", body=b'{"a": 1}', subject="s", myext="v")
    wait_for(lambda: receiver.got, "an event")
    _, headers, body = receiver.got[0]
    assert body == b'{"a": 1}' and headers["content-type"] == "application/json"
    assert {name: headers[name] for name in ("ce-id", "ce-source", "ce-type", "ce-specversion", "ce-subject", "ce-myext")} == {
        "ce-id": "1", "ce-source": "/test", "ce-type": "a.b", "ce-specversion": "1.0", "ce-subject": "s", "ce-myext": "v",
    }  # fmt: skip
    assert headers["prefer"] == "reply" and headers["kn-namespace"] == space.name
    assert headers["ce-knativearrivaltime"].endswith("Z") and "ce-knativebrokerttl" not in headers
    status, _, _ = space.post(
        {"Content-Type": "application/cloudevents+json"},
        json.dumps({"specversion": "1.0", "id": "2", "source": "/s", "type": "t", "data": {"b": 2}}).encode(),
    )
    assert status == 202
    wait_for(lambda: len(receiver.got) == 2, "a second event")
    assert json.loads(receiver.got[1][2]) == {"b": 2} and receiver.got[1][1]["ce-id"] == "2"


def test_the_door_answers_as_knatives(space):
    space.broker()
    good = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
    without_id = {name: value for name, value in good.items() if name != "ce-id"}
    cases = [
        (202, {}),
        (405, {"method": "GET"}),
        (405, {"method": "PUT"}),
        (404, {"path": "/"}),
        (400, {"path": f"/{space.name}"}),
        (400, {"path": f"/{space.name}/default/more"}),
        (404, {"path": f"/{space.name}/nope"}),
        (400, {"headers": without_id}),
        (400, {"headers": {}, "body": b"hello"}),
        (400, {"headers": {"Content-Type": "application/cloudevents+json"}, "body": b"{"}),
        (400, {"headers": {"Content-Type": "application/cloudevents-batch+json"}, "body": b"[]"}),
        (400, {"headers": {**good, "ce-knativebrokerttl": "1"}}),
        (202, {"headers": {**good, "Host": "broker-ingress.knative-eventing.svc.cluster.local"}}),
        (202, {"headers": {**good, "Host": "broker-ingress.knative-eventing"}}),
        (202, {"headers": {**good, "Host": "kafka-broker-ingress.knative-eventing.svc.cluster.local."}}),
        (404, {"headers": {**good, "Host": "broker-ingress.knative-eventing"}, "path": "/"}),
        (421, {"headers": {**good, "Host": "evil.example"}}),
        (421, {"headers": {**good, "Host": "c-kn-channel.example"}}),
    ]
    for wanted, case in cases:
        options = {"headers": good, "body": b"", **case}
        status, _, body = space.post(options.pop("headers"), options.pop("body"), **options)
        assert status == wanted, (case, body)
    status, headers, _ = space.post({}, method="OPTIONS")
    assert status == 200 and headers["WebHook-Allowed-Origin"] == "*" and headers["Allow"] == "POST, OPTIONS"
    address = space.get("Broker", "default")["status"]["address"]
    assert address == {"name": "http", "url": "http://{}:{}".format(*space.kube.server.doors["events"]) + f"/{space.name}/default"}


# --- answers


LUGGAGE = {
    "X-Request-Id": "r-1",
    "Knative-Mood": "fine",
    "x-b3-traceid": "463ac35c9f6413ad48485a3953bb6124",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "a=1,b=2",
}


def test_headers_that_travel_with_an_event(space, receiver):
    """Those that Knative passes through, and a trace's: to the subscriber, with its answer, to the dead letters; a Kafka client sees them."""
    answer = {"ce-specversion": "1.0", "ce-id": "r", "ce-source": "/r", "ce-type": "answer"}
    receiver.answer = lambda path, headers, body: {"/in": (200, answer, b""), "/bad": (503, {}, b"")}.get(path, (202, {}, b""))
    space.broker(delivery={"retry": 0})
    space.trigger("t", receiver.uri("/in"), filter={"attributes": {"type": "a.b"}})
    space.trigger("answers", receiver.uri("/answers"), filter={"attributes": {"type": "answer"}})
    space.trigger("bad", receiver.uri("/bad"), filter={"attributes": {"type": "a.b"}}, delivery={"retry": 1, "backoffDelay": "PT0.05S"})
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "a.b", "Cookie": "no", "x-request": "no", "Retry-After": "3"}
    assert space.post({**headers, **LUGGAGE, "Knative-Long": "x" * 2000})[0] == 202
    wait_for(lambda: receiver.ids("/answers") and len(receiver.ids("/bad")) == 2 and space.dead_letters(), lambda: receiver.got)
    for path, got, _ in receiver.got:
        seen = {name.lower(): value for name, value in got.items()}
        assert {name.lower(): value for name, value in LUGGAGE.items()}.items() <= seen.items(), path
        assert not {"cookie", "x-request", "retry-after", "knative-long"} & set(seen), path
    letter, _ = space.dead_letters()[0]
    assert letter["traceparent"] == LUGGAGE["traceparent"] and letter["x-request-id"] == "r-1"


def test_an_answer_goes_back_into_the_broker(space, receiver):
    space.broker()
    answer = {"ce-specversion": "1.0", "ce-id": "r", "ce-source": "/r", "ce-type": "answer", "Content-Type": "text/plain"}
    receiver.answer = lambda path, headers, body: (200, answer, b"hello") if path == "/ask" else (202, {}, b"")
    space.trigger("ask", receiver.uri("/ask"), filter={"attributes": {"type": "question"}})
    space.trigger("answers", receiver.uri("/answers"), filter={"attributes": {"type": "answer"}})
    space.send("1", "question")
    wait_for(lambda: receiver.ids("/answers") == ["r"], lambda: receiver.got)
    assert receiver.got[-1][2] == b"hello" and space.dead_letters() == []
    assert receiver.got[-1][1]["ce-knativearrivaltime"].endswith("Z")


def test_a_loop_of_answers_ends(space, receiver):
    space.broker()
    answer = {"ce-specversion": "1.0", "ce-id": "r", "ce-source": "/r", "ce-type": "t"}
    receiver.answer = lambda path, headers, body: (200, answer, b"")
    space.trigger("loop", receiver.uri("/loop"))
    space.send("1", "t", knativebrokerttl="6")
    wait_for(lambda: len(space.dead_letters()) == 1, "the last answer cannot be taken")
    assert len(receiver.got) == 5
    time.sleep(0.3)
    assert len(receiver.got) == 5


def test_a_loop_of_dead_letters_ends(space, receiver):
    """A broker as the dead letter sink of its own trigger."""
    space.broker()
    receiver.answer = lambda path, headers, body: (400, {}, b"")
    broker = {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}}
    space.trigger("loop", receiver.uri("/loop"), delivery={"retry": 0, "deadLetterSink": broker})
    space.send("1", "t", knativebrokerttl="6")
    wait_for(lambda: len(space.dead_letters()) == 1, "the last letter cannot be taken")
    assert len(receiver.got) == 5
    time.sleep(0.3)
    assert len(receiver.got) == 5


# --- what cannot be delivered


def test_what_fails_is_tried_again_then_kept(space, receiver):
    space.broker()
    receiver.answer = lambda path, headers, body: (503 if headers["ce-id"] == "bad" else 202, {}, b"no room")
    space.trigger("t", receiver.uri("/in"), delivery={"retry": 2, "backoffPolicy": "exponential", "backoffDelay": "PT0.05S"})
    space.send("good")
    space.send("bad", body=b'{"x": 1}')
    space.send("last")
    wait_for(lambda: len(space.dead_letters()) == 1, "a dead letter")
    assert receiver.ids("/in").count("bad") == 3
    assert sorted(set(receiver.ids("/in"))) == ["bad", "good", "last"]
    headers, value = space.dead_letters()[0]
    assert value == b'{"x": 1}' and headers["ce_id"] == "bad"
    assert headers["ce_knativeerrordest"] == receiver.uri("/in") and headers["ce_knativeerrorcode"] == "503"
    assert headers["ce_knativeerrordata"] == "bm8gcm9vbQ=="


def test_a_dead_letter_sink_gets_it_instead(space, receiver):
    space.broker(delivery={"retry": 0, "deadLetterSink": {"uri": receiver.uri("/dead")}})
    receiver.answer = lambda path, headers, body: (202 if path == "/dead" else 400, {}, b"")
    space.trigger("t", receiver.uri("/in"))
    assert space.get("Broker", "default")["status"]["deadLetterSinkUri"] == receiver.uri("/dead")
    assert space.get("Trigger", "t")["status"]["deadLetterSinkUri"] == receiver.uri("/dead")
    space.send("1")
    wait_for(lambda: receiver.ids("/dead") == ["1"], lambda: receiver.got)
    _, headers, _ = receiver.got[-1]
    assert headers["ce-knativeerrorcode"] == "400" and "prefer" not in headers
    assert space.dead_letters() == []


@pytest.mark.parametrize("broker_class, size", [("MTChannelBasedBroker", 768), ("Kafka", 1024)])
def test_a_dead_letter_has_the_begin_of_the_answer(space, receiver, broker_class, size):
    """knativeerrordata: 1024 characters of base64 by Knative's Go code, 1024 bytes before that by its Java code."""
    body = bytes(range(256)) * 8
    receiver.answer = lambda path, headers, _: (400, {}, body)
    space.make("Broker", "default", {}, annotations={"eventing.knative.dev/broker.class": broker_class})
    space.trigger("t", receiver.uri("/in"))
    space.send("1")
    wait_for(lambda: len(space.dead_letters()) == 1, "a dead letter")
    headers, _ = space.dead_letters()[0]
    assert base64.b64decode(headers["ce_knativeerrordata"]) == body[:size]


def test_a_subscriber_that_is_away_gets_its_events_when_it_is_back(space, receiver):
    space.broker()
    away = Receiver()
    port = away.port
    away.close()
    delivery = {"retry": 50, "backoffPolicy": "linear", "backoffDelay": "PT0.1S"}
    space.trigger("away", f"http://127.0.0.1:{port}/in", delivery=delivery)
    space.trigger("here", receiver.uri("/in"))
    ids = [f"e{i}" for i in range(200)]
    for id in ids:
        space.send(id)
    wait_for(lambda: len(receiver.got) == len(ids), "the other is not held up")
    back = Receiver(port)
    wait_for(lambda: set(back.ids("/in")) == set(ids), lambda: sorted(set(ids) - set(back.ids("/in"))))
    back.close()


def test_a_wait_is_as_long_as_it_was_asked_for(space, receiver):
    """Also when the trigger is looked at meanwhile, and another one comes."""
    space.broker()
    receiver.answer = lambda path, headers, body: (503, {}, b"")
    space.trigger("t", receiver.uri("/in"), delivery={"retry": 5, "backoffPolicy": "exponential", "backoffDelay": "PT30S"})
    space.send("1")
    wait_for(lambda: receiver.ids("/in") == ["1"], "the first attempt")
    space.trigger("another", receiver.uri("/another"))
    time.sleep(1)
    assert receiver.ids("/in") == ["1"]
    space.trigger("t", receiver.uri("/in"), delivery={"retry": 5, "backoffPolicy": "exponential", "backoffDelay": "PT31S"})
    wait_for(lambda: receiver.ids("/in") == ["1", "1"], "a change makes it try at once")


def test_an_ordered_trigger_keeps_the_order(space, receiver):
    space.broker()
    failed = set()

    def answer(path, headers, body):
        id = headers["ce-id"]
        fails = int(id) % 5 == 0 and id not in failed
        failed.add(id)
        return (500 if fails else 202), {}, b""

    receiver.answer = answer
    space.make(
        "Trigger",
        "t",
        {"broker": "default", "subscriber": {"uri": receiver.uri("/in")}, "delivery": {"retry": 3}},
        annotations={"kafka.eventing.knative.dev/delivery.order": "ordered"},
    )
    for i in range(40):
        space.send(str(i))
    wait_for(lambda: "39" in receiver.ids("/in"), "the last one")
    ids = list(map(int, receiver.ids("/in")))
    assert ids == sorted(ids) and set(ids) == set(range(40))


def test_nothing_is_lost_when_it_is_killed(start_kube, receiver):
    kube = start_kube()
    space = Space(kube)
    space.broker()
    receiver.answer = lambda path, headers, body: (time.sleep(0.005), (202, {}, b""))[1]
    space.trigger("t", receiver.uri("/in"))
    sent = []
    for round in range(3):
        for i in range(150):
            sent.append(f"{round}-{i}")
            space.send(sent[-1])
        kube.server.kill()
        kube.server.restart()
        space.ready("Trigger", "t")
    wait_for(lambda: set(receiver.ids("/in")) == set(sent), lambda: sorted(set(sent) - set(receiver.ids("/in"))))
    assert len(receiver.got) < 4 * len(sent)  # each kill repeats what was not committed yet


def test_a_stop_lets_deliveries_end_that_are_under_way(start_kube, receiver):
    kube = start_kube()
    space = Space(kube)
    space.broker()
    receiver.answer = lambda path, headers, body: (time.sleep(0.7), (202, {}, b""))[1]
    space.trigger("t", receiver.uri("/in"))
    for number in range(10):
        space.send(str(number))
    wait_for(lambda: len(receiver.got) == 10, lambda: receiver.got)
    kube.server.stop()
    kube.server.restart()
    space.ready("Trigger", "t")
    space.send("behind")
    wait_for(lambda: "behind" in receiver.ids("/in"), lambda: receiver.got)
    assert sorted(receiver.ids("/in")) == sorted([*map(str, range(10)), "behind"]), "each once"


def test_a_stop_does_not_wait_for_ever(start_kube, receiver):
    kube = start_kube(environment={"EDDY_EVENTS_DRAIN": "300ms"})
    space = Space(kube)
    space.broker()
    over = threading.Event()
    receiver.answer = lambda path, headers, body: (over.wait(10), (202, {}, b""))[1]
    space.trigger("t", receiver.uri("/in"))
    space.send("1")
    wait_for(lambda: len(receiver.got) == 1, lambda: receiver.got)
    began = time.monotonic()
    kube.server.stop()
    took = time.monotonic() - began
    over.set()
    assert 0.3 <= took < 5
    kube.server.restart()
    wait_for(lambda: receiver.ids("/in") == ["1", "1"], lambda: receiver.got)


# --- a source


def make_ping(space, name, spec):
    body = {"apiVersion": "sources.knative.dev/v1", "kind": "PingSource", "metadata": {"name": name}, "spec": spec}
    path = f"/apis/sources.knative.dev/v1/namespaces/{space.name}/pingsources"
    return space.kube.ask("POST", path, body)


def ping_condition(space, name, type="Ready"):
    path = f"/apis/sources.knative.dev/v1/namespaces/{space.name}/pingsources/{name}"
    conditions = space.kube.ask("GET", path).tree.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == type), {})


def test_a_ping_source_fires_by_its_schedule(space, receiver):
    spec = {
        "schedule": "*/2 * * * * *",
        "contentType": "application/json",
        "data": '{"message": "Hello from PingSource!"}',
        "ceOverrides": {"extensions": {"myext": "v"}},
        "sink": {"uri": receiver.uri("/ping")},
    }
    assert make_ping(space, "p", spec).status == 201
    wait_for(lambda: len(receiver.got) >= 3, "three events")
    path, headers, body = receiver.got[0]
    assert path == "/ping" and json.loads(body) == {"message": "Hello from PingSource!"}
    assert headers["ce-type"] == "dev.knative.sources.ping" and headers["ce-myext"] == "v"
    assert headers["ce-source"] == f"/apis/v1/namespaces/{space.name}/pingsources/p"
    assert headers["content-type"] == "application/json" and headers["kn-namespace"] == space.name
    assert len({headers["ce-id"] for _, headers, _ in receiver.got}) == len(receiver.got)
    times = [headers["ce-time"] for _, headers, _ in receiver.got[:3]]
    seconds = [int(time[17:19]) for time in times]
    assert all(second % 2 == 0 for second in seconds), times
    assert space.kube.ask("DELETE", f"/apis/sources.knative.dev/v1/namespaces/{space.name}/pingsources/p").status == 200
    time.sleep(0.2)
    count = len(receiver.got)
    time.sleep(2.5)
    assert len(receiver.got) == count


def test_a_ping_source_into_a_broker(space, receiver):
    sink = {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}}
    assert make_ping(space, "p", {"schedule": "* * * * * *", "timezone": "Europe/Paris", "sink": sink}).status == 201
    wait_for(lambda: ping_condition(space, "p", "SinkProvided").get("status") == "False", "the broker is not there")
    space.broker()
    space.trigger("t", receiver.uri("/in"), filter={"attributes": {"type": "dev.knative.sources.ping"}})
    wait_for(lambda: ping_condition(space, "p").get("status") == "True", "it is ready")
    wait_for(lambda: len(receiver.got) >= 2, "two events")
    assert "content-type" not in receiver.got[0][1] and receiver.got[0][2] == b""


def test_a_ping_source_that_cannot_be(space, receiver):
    sink = {"uri": receiver.uri("/in")}
    answer = make_ping(space, "p", {"schedule": "61 * * * *", "sink": sink})
    assert answer.status == 422 and b"spec.schedule" in answer.body
    answer = make_ping(space, "p", {"schedule": "@daily", "timezone": "Europe/Nowhere", "sink": sink})
    assert answer.status == 422 and 'there is no time zone "Europe/Nowhere"' in answer.tree["message"]


# --- a sink


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_a_kafka_sink_as_dead_letter_sink(space, receiver, mode):
    """As the tutorial does it: dead letters in a topic of one's own."""
    topic = f"dead-letter-queue-{uuid.uuid4().hex[:8]}"
    space.make("KafkaSink", "dlq", {"topic": topic, "bootstrapServers": ["localhost:9092"], "contentMode": mode})
    address = space.get("KafkaSink", "dlq")["status"]["address"]["url"]
    ref = {"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": "dlq"}
    space.broker(delivery={"retry": 0, "deadLetterSink": {"ref": ref}})
    receiver.answer = lambda path, headers, body: (500, {}, b"")
    space.trigger("t", receiver.uri("/in"))
    assert space.get("Trigger", "t")["status"]["deadLetterSinkUri"] == address
    space.send("1", body=b'{"a": 1}')
    wait_for(lambda: space.records(topic), "a dead letter")
    headers, value = space.records(topic)[0]
    if mode == "binary":
        assert value == b'{"a": 1}' and headers["ce_id"] == "1" and headers["ce_knativeerrorcode"] == "500"
    else:
        event = json.loads(value)
        assert event["data"] == {"a": 1} and event["id"] == "1" and event["knativeerrorcode"] == "500"
    space.send("2", path=address[address.index("/", 8) :])
    wait_for(lambda: len(space.records(topic)) == 2, "it takes events itself")
    space.delete("KafkaSink", "dlq")
    assert len(space.records(topic)) == 2


def assert_name_taken(space, name, older):
    wait_for(lambda: space.condition("Broker", name).get("reason") == "NameTaken", lambda: space.get("Broker", name))
    assert f"The Broker {older}, which was there before" in space.condition("Broker", name, "TriggerChannelReady")["message"]
    assert "address" not in space.get("Broker", name)["status"]


def test_brokers_whose_topics_would_have_one_name_do_not_share_it(space, receiver):
    """Namespace a, Broker b-c, and namespace a-b, Broker c: both are knative-broker-a-b-c, as Knative names it."""
    other = Space(space.kube, f"{space.name}-b")
    space.broker("b-c")
    space.trigger("t", receiver.uri("/t"), broker="b-c")
    assert other.apply("Broker", "c", {}).status == 201
    assert_name_taken(other, "c", f"b-c of {space.name}")
    assert space.apply("Broker", "b-c-dead-letters", {}).status == 201
    assert_name_taken(space, "b-c-dead-letters", f"b-c of {space.name}")
    other.delete("Broker", "c")
    space.delete("Broker", "b-c-dead-letters")
    assert space.partitions(f"knative-broker-{space.name}-b-c") == 1, "what was refused takes nothing along"
    assert space.partitions(f"knative-broker-{space.name}-b-c-dead-letters") == 1
    space.send("1", path=f"/{space.name}/b-c")
    wait_for(lambda: receiver.ids("/t") == ["1"], lambda: receiver.got)
    assert other.apply("Broker", "c", {}).status == 201
    space.delete("Broker", "b-c")
    other.ready("Broker", "c")


def test_the_servers_own_topics_are_not_for_events(space):
    spec = {"topic": "__consumer_offsets", "bootstrapServers": ["localhost:9092"]}
    assert space.apply("KafkaSink", "k", spec).status == 201
    wait_for(lambda: space.condition("KafkaSink", "k", "TopicReady").get("status") == "False", lambda: space.get("KafkaSink", "k"))
    assert "one of the server's own" in space.condition("KafkaSink", "k")["message"]
    external = {"kafka.eventing.knative.dev/external.topic": "__consumer_offsets"}
    assert space.apply("Broker", "b", {}, annotations=external).status == 201
    wait_for(lambda: space.condition("Broker", "b", "TriggerChannelReady").get("status") == "False", lambda: space.get("Broker", "b"))
    assert "one of the server's own" in space.condition("Broker", "b")["message"]
    assert "address" not in space.get("Broker", "b")["status"]


def test_a_trigger_depends_on_its_source(space, receiver):
    dependency = json.dumps({"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "KafkaSink", "name": "other"})
    space.broker()
    space.apply("Trigger", "t", {"broker": "default", "subscriber": {"uri": receiver.uri("/t")}}, annotations={"knative.dev/dependency": dependency})
    wait_for(lambda: space.condition("Trigger", "t").get("reason") == "DependencyDoesNotExist", lambda: space.get("Trigger", "t"))
    assert space.condition("Trigger", "t")["message"] == 'Dependency does not exist: KafkaSink "other" not found'
    space.make("KafkaSink", "other", {"topic": "dependency.topic", "bootstrapServers": ["x"]})
    space.ready("Trigger", "t")
    space.apply("KafkaSink", "other", {"topic": "__consumer_offsets", "bootstrapServers": ["x"]})
    wait_for(lambda: space.condition("Trigger", "t", "DependencyReady").get("reason") == "TopicFailed", lambda: space.get("Trigger", "t"))
    assert space.condition("KafkaSink", "other", "Addressable")["status"] == "Unknown" and "address" not in space.get("KafkaSink", "other")["status"]
    space.send("1")  # it is not ready, and delivers nevertheless, as Knative's does
    wait_for(lambda: receiver.ids("/t") == ["1"], lambda: receiver.got)
    space.delete("KafkaSink", "other")
    wait_for(lambda: space.condition("Trigger", "t").get("reason") == "DependencyDoesNotExist", lambda: space.get("Trigger", "t"))


# --- topics that others change


def broker_topic(space):
    return f"knative-broker-{space.name}-default"


@pytest.fixture
def admin(space):
    return space.admin()


def test_a_topic_that_is_deleted_comes_again(space, receiver, admin):
    space.broker()
    space.trigger("t", receiver.uri("/in"))
    space.send("1")
    wait_for(lambda: receiver.ids("/in") == ["1"], "an event")
    admin.delete_topics([broker_topic(space)])[broker_topic(space)].result(SECONDS)
    good = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "/s", "ce-type": "t"}
    wait_for(lambda: space.post(good)[0] == 202, "the door opens again")
    wait_for(lambda: "2" in receiver.ids("/in"), "an event that was taken arrives")


def test_a_trigger_that_goes_takes_its_group_along(space, receiver):
    space.broker()
    space.trigger("t", receiver.uri("/t"))
    space.send("1")
    wait_for(lambda: receiver.ids("/t") == ["1"], lambda: receiver.got)
    group, admin = f"knative-trigger-{space.name}-t", space.admin()

    def groups():
        return {one.group_id for one in admin.list_consumer_groups().result(SECONDS).valid}

    wait_for(lambda: group in groups(), groups)
    space.delete("Trigger", "t")
    wait_for(lambda: group not in groups(), groups)


def test_partitions_that_are_added_are_delivered_from(space, receiver, admin):
    space.broker()
    space.trigger("t", receiver.uri("/in"))
    space.send("first")
    wait_for(lambda: receiver.ids("/in") == ["first"], "an event")
    admin.create_partitions([confluent_kafka.admin.NewPartitions(broker_topic(space), 4)])[broker_topic(space)].result(SECONDS)
    ids = [f"e{i}" for i in range(40)]
    for id in ids:
        space.send(id, partitionkey=id)
    wait_for(lambda: set(ids) <= set(receiver.ids("/in")), lambda: sorted(set(ids) - set(receiver.ids("/in"))))


# --- what they say of themselves


def test_a_trigger_waits_for_its_broker(space, receiver):
    assert space.apply("Trigger", "t", {"broker": "b", "subscriber": {"uri": receiver.uri("/in")}}).status == 201
    wait_for(lambda: space.condition("Trigger", "t").get("reason") == "BrokerDoesNotExist", lambda: space.get("Trigger", "t"))
    assert space.condition("Trigger", "t")["message"] == 'Broker "b" does not exist'
    space.broker("b")
    space.ready("Trigger", "t")
    assert space.get("Trigger", "t")["status"]["subscriberUri"] == receiver.uri("/in")
    space.send("1", path=f"/{space.name}/b")
    wait_for(lambda: receiver.ids("/in") == ["1"], "an event")
    space.delete("Broker", "b")
    wait_for(lambda: space.condition("Trigger", "t").get("reason") == "BrokerDoesNotExist", lambda: space.get("Trigger", "t"))
    space.broker("b")
    space.ready("Trigger", "t")
    space.send("2", path=f"/{space.name}/b")
    wait_for(lambda: receiver.ids("/in") == ["1", "2"], "it goes on")


@pytest.mark.parametrize("kind", ["Trigger", "PingSource", "KafkaSource"])
def test_what_is_deleted_and_held_by_others_does_not_become_ready(space, receiver, kind):
    nowhere = {"uri": "http://s.ns.svc.cluster.local/"}
    specs = {
        "Trigger": {"broker": "nope", "subscriber": nowhere},
        "PingSource": {"schedule": "@daily", "sink": nowhere},
        "KafkaSource": {"topics": ["t"], "bootstrapServers": ["x"], "sink": nowhere},
    }
    space.apply(kind, "held", specs[kind])
    wait_for(lambda: space.condition(kind, "held").get("status") == "False", lambda: space.get(kind, "held"))
    path = f"{EVENTING[kind]}/{space.name}/{kind.lower()}s/held"
    finalizers = [*space.get(kind, "held")["metadata"].get("finalizers", []), "example.com/hold"]

    def hold(finalizers):
        patch = json.dumps({"metadata": {"finalizers": finalizers}}).encode()
        assert space.kube.ask("PATCH", path, patch, "application/merge-patch+json").status == 200

    hold(finalizers)
    space.kube.ask("DELETE", path)
    wait_for(lambda: space.get(kind, "held")["metadata"]["finalizers"] == ["example.com/hold"], lambda: space.get(kind, "held"))
    time.sleep(0.5)  # it is looked at again
    assert space.condition(kind, "held")["status"] == "False"
    hold([])
    wait_for(lambda: space.ask(kind, "held").status == 404, "it goes")


def test_a_trigger_without_a_broker_takes_the_default_one_which_comes(space, receiver):
    """As the tutorial writes it."""
    spec = {"filter": {"attributes": {"type": "my.event.type"}}, "subscriber": {"uri": receiver.uri("/in")}}
    assert space.apply("Trigger", "filter-events", spec).status == 201
    space.ready("Trigger", "filter-events")
    space.ready("Broker", "default")
    trigger = space.get("Trigger", "filter-events")
    assert trigger["spec"]["broker"] == "default" and trigger["metadata"]["labels"]["eventing.knative.dev/broker"] == "default"
    space.send("1", "other")
    space.send("2", "my.event.type")
    wait_for(lambda: receiver.got, "an event")
    assert receiver.ids("/in") == ["2"]


@pytest.mark.parametrize(
    ("spec", "type", "words"),
    [
        ({"subscriber": {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "s"}}}, "SubscriberResolved", "eddy does not deliver to a Service of serving.knative.dev/v1 yet"),
        ({"subscriber": {"ref": {"apiVersion": "v1", "kind": "Service", "name": "s"}}}, "SubscriberResolved", "eddy does not deliver to a Service of v1 yet: name a uri"),
        ({"subscriber": {"uri": "http://c-kn-channel.ns.svc.cluster.local/x"}}, "SubscriberResolved", 'c-kn-channel.ns.svc.cluster.local takes no events at the path "/x"'),
        ({"subscriber": {"uri": "http://broker-ingress.knative-eventing/"}}, "SubscriberResolved", 'broker-ingress.knative-eventing takes no events at the path "/"'),
        ({"subscriber": {"uri": "http://s.ns.svc.cluster.local/"}}, "SubscriberResolved", "is a name of the cluster that nothing here answers to"),
        ({"subscriber": {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "nope"}}}, "SubscriberResolved", "does not exist, or is not ready"),
        ({"delivery": {"deadLetterSink": {"uri": "http://s.ns.svc/"}}}, "DeadLetterSinkResolved", "is a name of the cluster"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_condition(space, receiver, spec, type, words):
    space.broker()
    whole = {"broker": "default", "subscriber": {"uri": receiver.uri("/in")}, **spec}
    assert space.apply("Trigger", "t", whole).status == 201
    wait_for(lambda: space.condition("Trigger", "t", type).get("status") == "False", lambda: space.get("Trigger", "t"))
    assert words in space.condition("Trigger", "t", type)["message"]
    assert space.condition("Trigger", "t")["status"] == "False" and words in space.condition("Trigger", "t")["message"]
    assert space.apply("Trigger", "t", {"broker": "default", "subscriber": {"uri": receiver.uri("/in")}, "filters": [], "delivery": {}}).status == 200
    space.ready("Trigger", "t")


def test_events_wait_for_a_trigger_that_is_put_right(space, receiver):
    space.broker()
    space.trigger("t", receiver.uri("/in"))
    assert space.apply("Trigger", "t", {"broker": "default", "subscriber": {"uri": "http://s.ns.svc/"}}).status == 200
    wait_for(lambda: space.condition("Trigger", "t").get("status") == "False", lambda: space.get("Trigger", "t"))
    assert space.condition("Trigger", "t", "SubscriptionReady")["status"] == "Unknown"
    space.send("1")
    time.sleep(0.3)
    space.trigger("t", receiver.uri("/in"))
    wait_for(lambda: receiver.ids("/in") == ["1"], "what came meanwhile")


def test_the_broker_of_a_trigger_cannot_be_changed(space, receiver):
    space.broker()
    space.trigger("t", receiver.uri("/in"))
    answer = space.apply("Trigger", "t", {"broker": "other", "subscriber": {"uri": receiver.uri("/in")}})
    assert answer.status == 422 and b"spec.broker" in answer.body


def test_a_change_of_a_trigger_counts_for_what_comes(space, receiver):
    space.broker()
    space.trigger("t", receiver.uri("/one"), filter={"attributes": {"type": "a"}})
    space.send("1", "a")
    wait_for(lambda: receiver.ids("/one") == ["1"], "an event")
    space.trigger("t", receiver.uri("/two"), filter={"attributes": {"type": "b"}})
    wait_for(lambda: space.get("Trigger", "t")["status"]["subscriberUri"] == receiver.uri("/two"), "the change is seen")
    space.send("2", "a")
    space.send("3", "b")
    wait_for(lambda: receiver.ids("/two") == ["3"], lambda: receiver.got)
    assert receiver.ids("/one") == ["1"]


def test_what_is_deleted_takes_its_topics_along(space, receiver):
    space.broker()
    space.trigger("t", receiver.uri("/in"))
    admin = confluent_kafka.Consumer({"bootstrap.servers": "{}:{}".format(*space.kube.server.doors["kafka"]), "group.id": "x"})
    own = {f"knative-broker-{space.name}-default", f"knative-broker-{space.name}-default-dead-letters"}
    assert own <= set(admin.list_topics(timeout=SECONDS).topics)
    space.delete("Trigger", "t")
    space.delete("Broker", "default")
    assert not own & set(admin.list_topics(timeout=SECONDS).topics)
    status, _, _ = space.post({"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"})
    assert status == 404
    admin.close()


def test_kubectl_shows_them(kubectl, receiver):
    kubectl.apply(
        {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "metadata": {"name": "default"}},
        {
            "apiVersion": "eventing.knative.dev/v1",
            "kind": "Trigger",
            "metadata": {"name": "t"},
            "spec": {"broker": "default", "subscriber": {"uri": receiver.uri("/in")}},
        },
    )
    kubectl.run("wait", "--for=condition=Ready", "broker/default", "trigger/t", "--timeout=20s")
    head, row = kubectl.run("get", "trigger").splitlines()
    assert head.split() == ["NAME", "BROKER", "SUBSCRIBER_URI", "AGE", "READY", "REASON"]
    assert row.split()[:3] == ["t", "default", receiver.uri("/in")] and row.split()[-1] == "True"
    head, row = kubectl.run("get", "broker", "-o", "wide").splitlines()
    assert head.split() == ["NAME", "URL", "AGE", "READY", "REASON", "CLASS"]
    assert row.split()[1].endswith(f"/{kubectl.space}/default") and row.split()[-1] == "MTChannelBasedBroker"
    assert not kubectl.is_new or "attributes" in kubectl.run("explain", "trigger.spec.filter")
