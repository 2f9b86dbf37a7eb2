# SPDX-License-Identifier: Apache-2.0
"""Every event that was acknowledged is delivered, filtered or a dead letter, for each trigger, though eddy is killed again and
again and receivers fail in every way; what comes twice has a reason. events_account.c is both ends."""

import bisect
import http.client
import json
import pathlib
import shutil
import signal
import struct
import subprocess
import threading
import time

import confluent_kafka
import pytest
import servers
from test_events import Space, wait_for
from test_flush import SHIM_SOURCE, Journal, early_acks
from test_load import is_sanitized

SOURCE = pathlib.Path(__file__).with_name("events_account.c")
PATHS = ["fine", "flaky", "shy", "order"]
ACCEPTED = 0
# Deliveries are committed twice a second, also those behind an event that rests for longer.
COMMIT_SECONDS = 2


def compile_c(source, target, *flags):
    command = [shutil.which("gcc"), "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O2", "-g", *flags, "-o", target, source]
    subprocess.run(command, check=True, timeout=60)
    return target


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compile_c(SOURCE, tmp_path_factory.mktemp("account") / "events_account")


class Receiving:
    """A receiver; `log` are (id, path, answer, microseconds) once it is closed."""

    def __init__(self, program, path, port=0):
        self.path = path
        self.process = subprocess.Popen([program, "receive", path, str(port)], stdout=subprocess.PIPE, text=True)
        self.port, self.shy_port = map(int, self.process.stdout.readline().split())

    def uri(self, name):
        return f"http://127.0.0.1:{self.shy_port if name == 'shy' else self.port}/{name}"

    def counts(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", "/counts")
        counts = json.loads(connection.getresponse().read())
        connection.close()
        return counts

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(20) == 0
        self.process.stdout.close()

    def log(self):
        return [(id, PATHS[path], answer, us) for id, path, answer, _, us in struct.iter_unpack("<IBBHq", self.path.read_bytes())]


@pytest.fixture
def receiving(program, tmp_path):
    made = []

    def start(port=0):
        made.append(Receiving(program, tmp_path / f"received{len(made)}", port))
        return made[-1]

    yield start
    for one in made:
        one.close()


class Sending:
    """The sender, as a process; `finish` gives (seconds, refusals, ids that were sent more than once)."""

    def __init__(self, program, space, first, end, connections=64):
        port = space.kube.server.doors["events"][1]
        command = [program, "send", str(port), f"/{space.name}/default", str(first), str(end), str(connections)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def is_running(self):
        return self.process.poll() is None

    def finish(self, seconds):
        out, _ = self.process.communicate(timeout=seconds)
        assert self.process.returncode == 0
        took, refused, *again = out.split()
        return float(took), int(refused), {int(id) for id in again}


def open_space(start_kube, partitions, **settings):
    """On a server that keeps its ports."""
    environment = {"EDDY_KUBE_RESYNC": "300ms", "EDDY_EVENTS": f"127.0.0.1:{servers.free_port()}", **settings}
    return wide_space(start_kube(environment=environment), partitions)


def wide_space(kube, partitions):
    """A namespace whose broker has so many partitions."""
    space = Space(kube)
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "wide"}, "data": {"default.topic.partitions": str(partitions)}}
    assert space.kube.ask("POST", f"/api/v1/namespaces/{space.name}/configmaps", config).status == 201
    space.broker(config={"apiVersion": "v1", "kind": "ConfigMap", "name": "wide", "namespace": space.name})
    return space


def dead_letters(space, known):
    """The ids in the dead letter topic, for each path that did not take them; those that KNOWN has are not read again."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": "{}:{}".format(*space.kube.server.doors["kafka"]),
            "group.id": "account",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    topic = f"knative-broker-{space.name}-default-dead-letters"
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, known.get("next", 0))])
    while True:
        for message in consumer.consume(1000, 0.3):
            if message.error():
                assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF
                consumer.close()
                return known
            headers = dict(message.headers())
            path = headers["ce_knativeerrordest"].decode().rsplit("/", 1)[1]
            known.setdefault(path, []).append(int(headers["ce_id"]))
            known["next"] = message.offset() + 1


def make_triggers(space, receiver, rest):
    delivery = {"retry": 4, "backoffPolicy": "linear", "backoffDelay": rest, "timeout": "PT0.5S"}
    patient = {"retry": 1000, "backoffPolicy": "linear", "backoffDelay": "PT0.02S"}
    space.trigger("fine", receiver.uri("fine"))
    space.trigger("flaky", receiver.uri("flaky"), delivery=delivery, filter={"attributes": {"type": "t0"}})
    space.trigger("shy", receiver.uri("shy"), delivery=patient, filters=[{"any": [{"exact": {"type": "t1"}}, {"suffix": {"type": "2"}}]}])
    order = {"broker": "default", "subscriber": {"uri": receiver.uri("order")}, "filters": [{"cesql": "type = 't3'"}]}
    space.make("Trigger", "order", order, annotations={"kafka.eventing.knative.dev/delivery.order": "ordered"})
    return {"fine": {0, 1, 2, 3}, "flaky": {0}, "shy": {1, 2}, "order": {3}}


class Account:
    """What each trigger took, and why some of it more than once."""

    def __init__(self, receiver, wanted, dead, kills, sent_again):
        self.taken = {path: {} for path in wanted}
        self.seen = {}
        for id, path, answer, us in receiver.log():
            assert id % 4 in wanted[path], f"{path} got {id}, which its filter holds back"
            self.seen[path, answer] = self.seen.get((path, answer), 0) + 1
            if answer == ACCEPTED:
                self.taken[path].setdefault(id, []).append(us / 1e6)
        self.wanted, self.dead, self.kills, self.sent_again = wanted, dead, kills, sent_again

    def missing(self, path, count):
        ids = {id for id in range(count) if id % 4 in self.wanted[path]}
        return ids - set(self.taken[path]) - set(self.dead.get(path, []))

    def twice(self, path):
        """How often something came again because it was sent twice, because of a kill (and how old that was then), or without any
        reason."""
        sent, killed, oldest, unexplained = 0, 0, 0.0, []
        for id, times in self.taken[path].items():
            for before, after in zip(times, times[1:]):
                next_kill = bisect.bisect(self.kills, before)
                if next_kill < len(self.kills) and self.kills[next_kill] < after:
                    killed += 1
                    oldest = max(oldest, self.kills[next_kill] - before)
                elif id in self.sent_again:
                    sent += 1
                else:
                    unexplained.append(id)
        return sent, killed, oldest, unexplained


FULL = pytest.param(1_000_000, 12, "PT0.05S", marks=[pytest.mark.full, pytest.mark.timeout(1800)])


@pytest.mark.parametrize("count, kills, rest", [(20_000, 4, "PT0.5S"), FULL])
def test_no_event_is_lost_in_kills_and_failures(start_kube, receiving, program, count, kills, rest, record_property):
    space = open_space(start_kube, 3)
    server, receiver = space.kube.server, receiving()
    wanted = make_triggers(space, receiver, rest)
    began = time.monotonic()
    sender, killed = Sending(program, space, 0, count), []
    for number in range(kills):
        goal = count * (number + 1) // (kills + 1)
        wait_until(lambda: receiver.counts()["fine"] >= goal, count / 1000 + 10, receiver.counts)
        server.kill()
        killed.append(time.monotonic())
        server.restart()
    took, refused, again = sender.finish(count / 500 + 10)
    time.sleep(COMMIT_SECONDS + 0.5)
    server.kill()  # what rests now was behind all that is delivered, and is not any more
    killed.append(time.monotonic())
    server.restart()
    dead = {}

    def is_done():
        counts = receiver.counts()
        return all(counts[path] + len(set(dead.get(path, []))) >= count // 4 * len(types) for path, types in wanted.items())

    deadline = time.monotonic() + count / 1000 + 10
    while not is_done() and time.monotonic() < deadline:
        dead_letters(space, dead)
        time.sleep(0.2)
    seconds = time.monotonic() - began
    receiver.close()
    account = Account(receiver, wanted, dead, killed, again)
    report = {"events": count, "kills": len(killed), "seconds": round(seconds, 1), "sent in": took, "refused": refused, "sent again": len(again)}
    for path in wanted:
        assert not account.missing(path, count), (path, sorted(account.missing(path, count))[:20])
        sent, by_kill, oldest, unexplained = account.twice(path)
        report[path] = {"again: sent twice": sent, "again: kills": by_kill, "oldest": round(oldest, 2), "dead": len(dead.get(path, []))}
        assert not unexplained, (path, unexplained[:20])
        assert oldest < COMMIT_SECONDS, (path, oldest)
    print(json.dumps(report))
    record_property("account", json.dumps(report))
    hopeless = {id for id in range(0, count, 4) if id // 4 % 50 < 2}
    assert set(dead["flaky"]) == hopeless, "what was given up is what had no chance"
    assert {path for path in dead if path in PATHS} == {"flaky"}
    assert all((("flaky", answer) in account.seen) for answer in range(5)), "each kind of failure was met"


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


# --- a subscriber that is away


def topic_order(space, partitions):
    """The ids in each partition of the broker's topic."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": "{}:{}".format(*space.kube.server.doors["kafka"]),
            "group.id": "order",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    topic = f"knative-broker-{space.name}-default"
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(partitions)])
    ids, left = [[] for _ in range(partitions)], partitions
    while left > 0:
        for message in consumer.consume(1000, 0.3):
            if message.error():
                left -= 1
            else:
                ids[message.partition()].append(int(dict(message.headers())["ce_id"]))
    consumer.close()
    return ids


# What waits is in the log, not in memory: a cursor holds 50 events and a piece of 32 KB for each partition, whatever is behind
# them. The store keeps 4 MB of the newest records here; the rest of the room is for the allocator. 80,000 events that were kept
# for each of two triggers would need more.
BACKLOG_BYTES_MAX = 8 << 20


@pytest.mark.parametrize("count, away", [(20_000, 5), pytest.param(100_000, 60, marks=[pytest.mark.full, pytest.mark.timeout(600)])])
def test_a_subscriber_that_is_away_costs_no_memory_and_misses_nothing(start_kube, receiving, program, count, away, record_property):
    partitions = 3
    space = open_space(start_kube, partitions, EDDY_MEMORY="4MB")
    server, receiver, port = space.kube.server, receiving(), servers.free_port()
    space.trigger("fine", receiver.uri("fine"))
    delivery = {"retry": 1000, "backoffPolicy": "linear", "backoffDelay": "PT0.1S"}
    for name, annotations in (("order", {"kafka.eventing.knative.dev/delivery.order": "ordered"}), ("shy", {})):
        spec = {"broker": "default", "subscriber": {"uri": f"http://127.0.0.1:{port}/{name}"}, "delivery": delivery}
        space.make("Trigger", name, spec, annotations=annotations)
    memory, behind, began = [], [], time.monotonic()
    for first, end in ((0, count // 5), (count // 5, count)):
        Sending(program, space, first, end).finish(60)
        sent = time.monotonic()
        wait_until(lambda: receiver.counts()["fine"] >= end, 30, receiver.counts)
        behind.append(time.monotonic() - sent)
        memory.append(server.memory_bytes())
    while time.monotonic() - began < away:
        time.sleep(0.1)
    memory.append(server.memory_bytes())
    back, returned = receiving(port), time.monotonic()
    wait_until(lambda: {back.counts()[name] for name in ("order", "shy")} == {count}, count / 200 + 30, back.counts)
    drained = time.monotonic() - returned
    memory.append(server.memory_bytes())
    back.close()
    report = {
        "events": count,
        "away": away,
        "drained in": round(drained, 1),
        "the other was behind by": [round(seconds, 2) for seconds in behind],
        "memory in MB": [round(size / 1e6, 1) for size in memory],
    }
    print(json.dumps(report))
    record_property("backlog", json.dumps(report))
    if not is_sanitized(server):  # a sanitizer keeps what was freed
        assert memory[2] - memory[0] < BACKLOG_BYTES_MAX, memory
        assert memory[3] - memory[2] < BACKLOG_BYTES_MAX, memory
    assert max(behind) < 5, "the trigger that is there is not held up"
    got = [id for id, path, _, _ in back.log() if path == "order"]
    for ids in topic_order(space, partitions):
        mine = set(ids)
        assert [id for id in got if id in mine] == ids, "each partition comes in its order, each event once"


# --- 202 after the flush


class Posts:
    """Connections that each post marked events, one at a time. `acked` is what Journal compares: mark to (_, _, nanoseconds)."""

    def __init__(self, space, connections):
        self.space, self.acked, self.next_mark = space, {}, 0
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(connections)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        connection = http.client.HTTPConnection(*self.space.kube.server.doors["events"], timeout=20)
        headers = {"ce-specversion": "1.0", "ce-source": "/account", "ce-type": "t", "Content-Type": "text/plain"}
        while not self.stopping.is_set():
            with self.lock:
                mark = self.next_mark
                self.next_mark += 1
            connection.request("POST", f"/{self.space.name}/default", b"EDDYMARK%08d" % mark, {**headers, "ce-id": str(mark)})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 202
            self.acked[mark] = (0, 0, time.monotonic_ns())
        connection.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


@pytest.mark.parametrize("arguments, is_early", [([], False), (["--flush", "never"], True)], ids=["flushed", "flush-never"])
@pytest.mark.parametrize("partitions", [1, 16])
def test_202_comes_after_the_flush(start_eddy, tmp_path, partitions, arguments, is_early):
    """The order of write, flush and answer in the running program; with --flush never the same check sees that it is broken."""
    import kube_tools

    shim, folder = compile_c(SHIM_SOURCE, tmp_path / "flush_shim.so", "-shared", "-fPIC"), tmp_path / "eddy"
    places = {"FLUSH_SHIM_LOG": str(tmp_path / "calls"), "FLUSH_SHIM_ROOT": str(folder / "data")}
    server = start_eddy("--kube", "127.0.0.1:0", *arguments, environment={"LD_PRELOAD": str(shim), **places}, folder=folder)
    space = wide_space(kube_tools.Kube(server), partitions)
    posts = Posts(space, 8)
    time.sleep(2)
    posts.stop()
    assert len(posts.acked) > 50, "too little was acknowledged to mean anything"
    early = early_acks(Journal(tmp_path / "calls"), posts.acked)
    assert bool(early) == is_early, f"{len(early)} of {len(posts.acked)} came before their flush"
