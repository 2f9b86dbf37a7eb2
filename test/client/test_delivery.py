# SPDX-License-Identifier: Apache-2.0
"""How fast, how many at a time, and what is seen of a subscriber that fails."""

import http.client
import subprocess
import threading
import time

import confluent_kafka
import pytest
from test_events import KUBE_ENVIRONMENT, SECONDS, receiver, space, wait_for  # noqa: F401 fixtures, and what the server is started with

RATE, CONCURRENCY = "eddy.dev/rate-limit", "eddy.dev/concurrency"


def trigger(space, receiver, path, annotations=None, **spec):
    space.make("Trigger", path.strip("/"), {"broker": "default", "subscriber": {"uri": receiver.uri(path)}, **spec}, annotations=annotations)


class Meter:
    """Answers slowly, and knows how many were asked at a time."""

    def __init__(self, receiver, seconds):
        self.lock, self.now, self.most, self.times = threading.Lock(), 0, 0, []
        self.seconds = seconds
        receiver.answer = self.answer

    def answer(self, path, headers, body):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.times.append(time.monotonic())
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        return 202, {}, b""


def test_a_rate_is_kept(space, receiver):
    meter = Meter(receiver, 0)
    space.broker()
    trigger(space, receiver, "/t", {RATE: "20/s"})
    for number in range(30):
        space.send(str(number))
    wait_for(lambda: len(receiver.got) == 30, lambda: len(receiver.got))
    assert 29 / 20 - 0.1 <= meter.times[-1] - meter.times[0] < 5
    assert sorted(map(int, receiver.ids("/t"))) == list(range(30))


def test_retries_count_for_the_rate(space, receiver):
    times = []
    receiver.answer = lambda path, headers, body: (times.append(time.monotonic()), (503, {}, b""))[1]
    space.broker()
    trigger(space, receiver, "/t", {RATE: "20"}, delivery={"retry": 9})
    for number in range(2):
        space.send(str(number))
    wait_for(lambda: len(space.dead_letters()) == 2, "both are given up")
    assert len(times) == 20 and times[-1] - times[0] >= 19 / 20 - 0.1


@pytest.mark.parametrize("partitions", [1, 3])
def test_no_more_than_so_many_at_a_time(space, receiver, partitions):
    meter = Meter(receiver, 0.05)
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"default.topic.partitions": str(partitions)}}
    assert space.kube.ask("POST", f"/api/v1/namespaces/{space.name}/configmaps", config).status == 201
    space.broker(config={"apiVersion": "v1", "kind": "ConfigMap", "name": "c"})
    trigger(space, receiver, "/t", {CONCURRENCY: "2"})
    for number in range(20):
        space.send(str(number), partitionkey=str(number))
    wait_for(lambda: len(receiver.got) == 20 and meter.now == 0, lambda: len(receiver.got))
    assert meter.most == 2
    trigger(space, receiver, "/t", {CONCURRENCY: "7"})  # a change counts at once
    for number in range(40):
        space.send(str(number), partitionkey=str(number))
    wait_for(lambda: len(receiver.got) == 60, lambda: len(receiver.got))
    assert meter.most == 7


def test_a_subscription_has_limits_too(space, receiver):
    meter = Meter(receiver, 0.05)
    space.make("InMemoryChannel", "c", {})
    spec = {"channel": {"apiVersion": "messaging.knative.dev/v1", "kind": "InMemoryChannel", "name": "c"}, "subscriber": {"uri": receiver.uri("/s")}}
    space.make("Subscription", "s", spec, annotations={CONCURRENCY: "1"})
    for number in range(10):
        space.send(str(number), path=f"/channels/{space.name}/c")
    wait_for(lambda: len(receiver.got) == 10, lambda: len(receiver.got))
    assert meter.most == 1


def events_of(space, name):
    found = space.kube.ask("GET", f"/api/v1/namespaces/{space.name}/events?fieldSelector=involvedObject.name={name}").tree["items"]
    return {(one["type"], one["reason"]): one["message"] for one in found}


def test_a_subscriber_that_fails_is_seen(space, receiver):
    receiver.answer = lambda path, headers, body: (503, {}, b"")
    space.broker()
    trigger(space, receiver, "/t", delivery={"retry": 1000, "backoffPolicy": "linear", "backoffDelay": "PT0.05S"})
    assert space.condition("Trigger", "t", "SubscriberHealthy") == {}
    space.send("1")
    wait_for(lambda: space.condition("Trigger", "t", "SubscriberHealthy").get("status") == "False", lambda: space.get("Trigger", "t"))
    condition = space.condition("Trigger", "t", "SubscriberHealthy")
    assert condition["severity"] == "Warning" and condition["reason"] == "SubscriberFails"
    assert condition["message"] == "5 attempts in a row failed; the last one was answered with 503."
    assert space.condition("Trigger", "t")["status"] == "True"  # Ready: it delivers
    wait_for(lambda: ("Warning", "SubscriberFails") in events_of(space, "t"), lambda: events_of(space, "t"))
    receiver.answer = lambda path, headers, body: (202, {}, b"")
    wait_for(lambda: space.condition("Trigger", "t", "SubscriberHealthy")["status"] == "True", lambda: space.get("Trigger", "t"))
    assert "reason" not in space.condition("Trigger", "t", "SubscriberHealthy")
    wait_for(lambda: ("Normal", "SubscriberRecovered") in events_of(space, "t"), lambda: events_of(space, "t"))
    log = space.kube.server.log(1 << 20)
    assert f'WARN a subscriber fails for=trigger/{space.name}/t what="5 attempts in a row failed; the last one was' in log
    assert f"INFO a subscriber recovered for=trigger/{space.name}/t" in log


def test_the_log_tells_of_dead_letters_once_a_minute(space, receiver):
    receiver.answer = lambda path, headers, body: (422, {}, b"")
    space.broker()
    trigger(space, receiver, "/t")
    for id in ("a", "b", "c"):
        space.send(id)
    wait_for(lambda: len(space.dead_letters()) == 3, "dead letters")
    lines = [line for line in space.kube.server.log(1 << 20).splitlines() if "becomes a dead letter" in line and f"trigger/{space.name}/t" in line]
    assert len(lines) == 1
    assert f"sink={receiver.uri('/t')} id=a attempts=1 status=422" in lines[0]


def test_a_subscriber_that_is_not_there_is_seen(space, receiver):
    receiver.close()
    space.broker()
    trigger(space, receiver, "/t", delivery={"retry": 1000, "backoffPolicy": "linear", "backoffDelay": "PT0.05S"})
    space.send("1")
    wait_for(lambda: space.condition("Trigger", "t", "SubscriberHealthy").get("status") == "False", lambda: space.get("Trigger", "t"))
    assert "had no answer: " in space.condition("Trigger", "t", "SubscriberHealthy")["message"]


# --- metrics


def page_of(space):
    connection = http.client.HTTPConnection(*space.kube.server.doors["console"], timeout=SECONDS)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def figures(space, name, kind="trigger"):
    """The figures of one name, without the labels that say so."""
    labels = f'kind="{kind}",namespace="{space.name}",name="{name}"'
    lines = [line.replace(labels + ",", "").replace("{" + labels + "}", "") for line in page_of(space).splitlines() if labels in line]
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


def test_metrics_count_what_becomes_of_events(space, receiver):
    answers = {"/good": 202, "/bad": 400, "/down": 503}
    receiver.answer = lambda path, headers, body: (answers[path], {}, b"")
    space.broker()
    for path in answers:
        trigger(space, receiver, path, filter={"attributes": {"type": "wanted"}}, delivery={"retry": 1})
    for number in range(3):
        space.send(str(number), "wanted")
    space.send("other", "unwanted")
    wait_for(lambda: len(space.dead_letters()) == 6, lambda: space.dead_letters())
    wait_for(lambda: figures(space, "good")["eddy_events_lag"] == 0, lambda: figures(space, "good"))
    attempts = 'eddy_event_attempts_total{{result="{}"}}'.format
    good, bad, down = (figures(space, name) for name in ("good", "bad", "down"))
    assert good["eddy_events_matched_total"] == bad["eddy_events_matched_total"] == 3
    assert [good[attempts(result)] for result in ("delivered", "retried", "failed")] == [3, 0, 0]
    assert [bad[attempts(result)] for result in ("delivered", "retried", "failed")] == [0, 0, 3]
    assert [down[attempts(result)] for result in ("delivered", "retried", "failed")] == [0, 3, 3]
    assert [one["eddy_dead_letters_total"] for one in (good, bad, down)] == [0, 3, 3]
    assert [one["eddy_subscriber_failing"] for one in (good, bad, down)] == [0, 0, 1]
    latency = figures(space, "default", "broker")
    assert latency["eddy_event_attempt_seconds_count"] == latency['eddy_event_attempt_seconds_bucket{le="+Inf"}'] == 3 + 3 + 6
    assert 0 < latency["eddy_event_attempt_seconds_sum"] < 10


def test_metrics_show_what_waits(space, receiver):
    hold = threading.Event()
    receiver.answer = lambda path, headers, body: (hold.wait(SECONDS), (202, {}, b""))[1]
    space.broker()
    trigger(space, receiver, "/t")
    for number in range(60):
        space.send(str(number))
    wait_for(lambda: figures(space, "t")["eddy_events_in_delivery"] == 50 and figures(space, "t")["eddy_events_lag"] == 60, lambda: figures(space, "t"))
    hold.set()
    wait_for(lambda: figures(space, "t")["eddy_events_in_delivery"] == 0 and figures(space, "t")["eddy_events_lag"] == 0, lambda: figures(space, "t"))


def test_what_is_deleted_before_it_could_be_delivered_is_told(space, receiver):
    """As retention does it to a trigger that is behind for too long: here a Kafka client deletes the records."""
    hold, topic, count = threading.Event(), f"knative-broker-{space.name}-default", 300
    receiver.answer = lambda path, headers, body: (hold.wait(SECONDS), (202, {}, b""))[1]
    space.broker()
    trigger(space, receiver, "/t")
    for number in range(count):
        space.send(str(number), body=b"x" * 20_000)
    wait_for(lambda: figures(space, "t")["eddy_events_in_delivery"] == 50, lambda: figures(space, "t"))
    assert figures(space, "t")["eddy_event_records_missed_total"] == 0
    admin = space.admin()
    admin.delete_records([confluent_kafka.TopicPartition(topic, 0, count - 10)])[confluent_kafka.TopicPartition(topic, 0)].result(SECONDS)
    hold.set()
    wait_for(lambda: str(count - 1) in receiver.ids("/t") and figures(space, "t")["eddy_events_lag"] == 0, lambda: figures(space, "t"))
    missed = figures(space, "t")["eddy_event_records_missed_total"]
    assert missed > 100 and missed + len(set(receiver.ids("/t"))) == count, "each is delivered, or counted as missed"
    lines = [line for line in space.kube.server.log(1 << 20).splitlines() if "records were deleted before" in line and topic in line]
    assert lines and f"to={count - 10}" in lines[-1]


def test_metrics_count_what_becomes_of_a_ping_source(space, receiver):
    statuses, hold = [503, 202, 400], threading.Event()
    receiver.answer = lambda path, headers, body: (statuses.pop(0) if statuses else 202, {}, b"")
    spec = {"schedule": "* * * * * *", "sink": {"uri": receiver.uri("/in")}}
    space.make("PingSource", "p", spec)
    attempts = 'eddy_event_attempts_total{{result="{}"}}'.format
    wait_for(lambda: figures(space, "p", "pingsource")[attempts("failed")] == 1, lambda: figures(space, "p", "pingsource"))
    seen = figures(space, "p", "pingsource")
    assert seen[attempts("retried")] == 1 and seen[attempts("delivered")] >= 1
    assert seen["eddy_event_attempt_seconds_count"] == sum(seen[attempts(result)] for result in ("delivered", "retried", "failed"))
    assert {name.split("{")[0] for name in seen if "_seconds" not in name} == {"eddy_event_attempts_total"}  # it reads no topic
    receiver.answer = lambda path, headers, body: (hold.wait(SECONDS), (202, {}, b""))[1]
    receiver.got.clear()
    wait_for(lambda: receiver.got, "one is on its way")
    space.make("PingSource", "p", {**spec, "data": "other"})  # a change gives up what is on its way, and counts on
    wait_for(lambda: figures(space, "p", "pingsource")[attempts("failed")] >= 2, lambda: figures(space, "p", "pingsource"))
    assert figures(space, "p", "pingsource")[attempts("delivered")] >= seen[attempts("delivered")]
    hold.set()
    space.delete("PingSource", "p")
    assert figures(space, "p", "pingsource") == {}


def test_promtool_finds_nothing_to_complain_about(space, receiver, promtool):
    space.broker()
    trigger(space, receiver, "/t")
    space.make("PingSource", "p", {"schedule": "@yearly", "sink": {"uri": receiver.uri("/in")}})
    topic = {"bootstrapServers": ["x"], "topic": f"topic-{space.name}"}
    space.make("KafkaSink", "topic", topic)
    space.make("KafkaSource", "s", {**topic, "topics": [topic["topic"]], "sink": {"uri": receiver.uri("/in")}})
    page = page_of(space)
    assert "eddy_event_attempt_seconds_bucket" in page
    for kind, name in (("trigger", "t"), ("pingsource", "p"), ("kafkasource", "s")):
        assert f'kind="{kind}",namespace="{space.name}",name="{name}"' in page
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
