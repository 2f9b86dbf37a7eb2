# SPDX-License-Identifier: Apache-2.0
"""Consumer groups with real clients: kafka-python (newest and 2.0.2), confluent-kafka, kcat."""

import pathlib
import subprocess
import threading
import time

import group_cases as cases
import pytest
import servers
from confluent_kafka import Consumer, ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

OLD_PYTHON = servers.ROOT / ".venv-kafka202/bin/python"
CASES = pathlib.Path(__file__).with_name("group_cases.py")
WAIT_SECONDS = 30


def run_old(bootstrap, topic, case):
    done = subprocess.run(
        [OLD_PYTHON, CASES, case, bootstrap, topic], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


ALL_CASES = ["subscribe", "share", "commit", "assign_and_commit", "admin"]


@pytest.mark.parametrize("case", ALL_CASES)
def test_kafka_python(broker, topic, case):
    getattr(cases, case)(broker.bootstrap, topic)


@pytest.mark.parametrize("case", ALL_CASES)
def test_kafka_python_202(broker, topic, case):
    run_old(broker.bootstrap, topic, case)


# --- confluent-kafka


def group_of(broker, group):
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    return admin.describe_consumer_groups([group])[group].result(WAIT_SECONDS)


class Member(threading.Thread):
    """A confluent-kafka consumer on its own thread, which counts what it is given and what is taken."""

    def __init__(self, broker, topic, group, **settings):
        super().__init__(daemon=True)
        self.assigned, self.values, self.given, self.taken, self.error = set(), [], 0, 0, None
        self.errors = []
        self.is_stopping = False
        self.source = Consumer(
            {
                "bootstrap.servers": broker.bootstrap,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "heartbeat.interval.ms": 300,
                "session.timeout.ms": 6000,
                **settings,
            }
        )
        self.is_cooperative = settings.get("partition.assignment.strategy") == "cooperative-sticky"
        self.source.subscribe([topic], on_assign=self.on_assign, on_revoke=self.on_revoke)
        self.start()

    def on_assign(self, source, places):
        self.given += len(places)
        if self.is_cooperative:
            source.incremental_assign(places)
        else:
            source.assign(places)

    def on_revoke(self, source, places):
        self.taken += len(places)
        if self.is_cooperative:
            source.incremental_unassign(places)
        else:
            source.unassign()

    def run(self):
        try:
            while not self.is_stopping:
                message = self.source.poll(0.1)
                if message is not None and message.error() is None:
                    self.values.append(message.value())
                elif message is not None:
                    self.errors.append(message.error())
                self.assigned = {place.partition for place in self.source.assignment()}
            self.source.close()
        except Exception as error:  # told by the main thread
            self.error = error

    def stop(self):
        self.is_stopping = True
        self.join(WAIT_SECONDS)
        assert not self.is_alive() and self.error is None, self.error


def wait_until(condition, what):
    cases.wait_until(condition, what)


@pytest.mark.parametrize("is_clean", [True, False])
def test_offsets_and_members_outlive_a_restart(eddy, topic, is_clean):
    cases.create(eddy.bootstrap, topic)
    cases.produce(eddy.bootstrap, topic, [b"a%d" % i for i in range(20)])
    gone, member = Member(eddy, topic, "gone-" + topic), Member(eddy, topic, "live-" + topic)
    wait_until(lambda: len(gone.values) == len(member.values) == 20, lambda: f"{gone.values} {member.values}")
    gone.stop()  # which commits
    before = group_of(eddy, "live-" + topic)
    if is_clean:
        eddy.stop()
    else:
        eddy.kill()
    eddy.restart()
    # The group is as it was: the member does not have to join again.
    after = group_of(eddy, "live-" + topic)
    assert after.state == before.state == ConsumerGroupState.STABLE
    assert [one.member_id for one in after.members] == [one.member_id for one in before.members]
    assert after.members[0].assignment.topic_partitions == before.members[0].assignment.topic_partitions
    cases.produce(eddy.bootstrap, topic, [b"b%d" % i for i in range(8)])
    wait_until(lambda: len(member.values) >= 28, lambda: str(member.values))
    assert (member.given, member.taken) == (4, 0)
    member.stop()
    again = Member(eddy, topic, "gone-" + topic)
    wait_until(lambda: len(again.values) >= 8, lambda: str(again.values))
    again.stop()
    assert sorted(again.values) == [b"b%d" % i for i in range(8)]


@pytest.mark.parametrize("strategy", ["range", "roundrobin", "cooperative-sticky"])
def test_members_share(broker, topic, strategy):
    cases.create(broker.bootstrap, topic)
    settings = {"partition.assignment.strategy": strategy}
    members = [Member(broker, topic, topic, **settings)]
    wait_until(lambda: len(members[0].assigned) == 4, lambda: str(members[0].assigned))
    members.append(Member(broker, topic, topic, **settings))
    wait_until(lambda: [len(m.assigned) for m in members] == [2, 2], lambda: str([m.assigned for m in members]))
    assert not members[0].assigned & members[1].assigned
    if strategy == "cooperative-sticky":
        assert (members[0].given, members[0].taken) == (4, 2)  # what stays is never taken away
    values = [b"%d" % i for i in range(100)]
    cases.produce(broker.bootstrap, topic, values)
    wait_until(lambda: sum(len(m.values) for m in members) >= 100, lambda: str([len(m.values) for m in members]))
    members[1].stop()
    wait_until(lambda: len(members[0].assigned) == 4, lambda: str(members[0].assigned))
    members[0].stop()
    assert sorted(members[0].values + members[1].values) == sorted(values)


def test_a_static_member_comes_back_without_a_rebalance(broker, topic):
    cases.create(broker.bootstrap, topic)
    one = Member(broker, topic, topic, **{"group.instance.id": "one", "session.timeout.ms": 30000})
    two = Member(broker, topic, topic, **{"group.instance.id": "two", "session.timeout.ms": 30000})
    wait_until(lambda: len(one.assigned) == 2 and len(two.assigned) == 2, lambda: f"{one.assigned} {two.assigned}")
    had, given = two.assigned, one.given
    two.stop()  # a static member does not leave the group
    assert [m.group_instance_id for m in sorted(group_of(broker, topic).members, key=lambda m: m.group_instance_id)] == ["one", "two"]
    again = Member(broker, topic, topic, **{"group.instance.id": "two", "session.timeout.ms": 30000})
    wait_until(lambda: again.assigned == had, lambda: str(again.assigned))
    assert (one.given, one.taken) == (given, one.taken) and len(one.assigned) == 2
    one.stop()
    again.stop()


def test_a_second_holder_of_an_instance_id_fences_the_first(broker, topic):
    cases.create(broker.bootstrap, topic)
    one = Member(broker, topic, topic, **{"group.instance.id": "same"})
    wait_until(lambda: len(one.assigned) == 4, lambda: str(one.assigned))
    two = Member(broker, topic, topic, **{"group.instance.id": "same"})
    wait_until(lambda: len(two.assigned) == 4, lambda: str(two.assigned))
    wait_until(lambda: one.errors, lambda: "the first does not know")
    assert one.errors[0].code() == KafkaError._FATAL and "fenced" in one.errors[0].str(), one.errors
    two.stop()
    one.stop()


def test_a_member_that_dies_is_replaced_after_its_session(broker, topic):
    cases.create(broker.bootstrap, topic)
    one = Member(broker, topic, topic)
    doomed = subprocess.Popen(
        [
            servers.ROOT / ".venv/bin/python",
            "-c",
            "import sys, time; from confluent_kafka import Consumer\n"
            "c = Consumer({'bootstrap.servers': sys.argv[1], 'group.id': sys.argv[2], 'session.timeout.ms': 6000})\n"
            "c.subscribe([sys.argv[2]])\n"
            "while True: c.poll(0.1)",
            broker.bootstrap,
            topic,
        ]
    )
    try:
        wait_until(lambda: len(one.assigned) == 2, lambda: str(one.assigned))
        doomed.kill()
        started = time.monotonic()
        wait_until(lambda: len(one.assigned) == 4, lambda: str(one.assigned))
        assert time.monotonic() - started < 12
    finally:
        doomed.kill()
        doomed.wait(10)
    one.stop()


def test_admin(broker, topic):
    cases.create(broker.bootstrap, topic)
    cases.produce(broker.bootstrap, topic, [b"x"] * 8)
    member = Member(broker, topic, topic)
    wait_until(lambda: len(member.values) == 8, lambda: str(member.values))
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    listed = admin.list_consumer_groups(states={ConsumerGroupState.STABLE}).result(WAIT_SECONDS)
    assert topic in [row.group_id for row in listed.valid] and not listed.errors
    empty = admin.list_consumer_groups(states={ConsumerGroupState.EMPTY}).result(WAIT_SECONDS)
    assert topic not in [row.group_id for row in empty.valid]
    group = group_of(broker, topic)
    assert group.partition_assignor == "range" and len(group.members) == 1
    assert sorted(place.partition for place in group.members[0].assignment.topic_partitions) == [0, 1, 2, 3]
    with pytest.raises(KafkaException) as caught:
        admin.delete_consumer_groups([topic])[topic].result(WAIT_SECONDS)
    assert caught.value.args[0].code() == KafkaError.NON_EMPTY_GROUP
    wanted = ConsumerGroupTopicPartitions(topic, [TopicPartition(topic, 2, 1)])
    refused = admin.alter_consumer_group_offsets([wanted])[topic].result(WAIT_SECONDS)
    assert refused.topic_partitions[0].error.code() == KafkaError.UNKNOWN_MEMBER_ID
    member.stop()
    admin.alter_consumer_group_offsets([wanted])[topic].result(WAIT_SECONDS)
    found = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(topic)])[topic].result(WAIT_SECONDS)
    assert {place.partition: place.offset for place in found.topic_partitions} == {0: 2, 1: 2, 2: 1, 3: 2}
    admin.delete_consumer_groups([topic])[topic].result(WAIT_SECONDS)
    with pytest.raises(KafkaException) as caught:
        admin.delete_consumer_groups([topic])[topic].result(WAIT_SECONDS)
    assert caught.value.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND


def test_kcat(broker, topic):
    cases.create(broker.bootstrap, topic)
    cases.produce(broker.bootstrap, topic, [b"%d" % i for i in range(12)])
    command = ["kcat", "-b", broker.bootstrap, "-G", "k-" + topic, "-X", "auto.offset.reset=earliest", "-c", "12", "-q", topic]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=True)
    assert sorted(done.stdout.split(), key=int) == [str(i) for i in range(12)]
