# SPDX-License-Identifier: Apache-2.0
"""What is delivered again after a stop or a kill: what was held, and what no commit had said yet; nothing else, however much it is."""

import time

import confluent_kafka
import confluent_kafka.admin
import kafka
import pytest
from test_events import SECONDS, Space, broker_topic, receiver, wait_for  # noqa: F401

# An event that fails rests for an hour.
RESTS = {"retry": 5, "backoffPolicy": "exponential", "backoffDelay": "PT1H"}
COMMITTED_SECONDS = 1.5  # commits are half a second apart


def committed(space, trigger):
    """(offset, metadata) of the trigger's group in the broker's topic. Not by confluent-kafka, which reads on behind the metadata's end."""
    group = f"knative-trigger-{space.name}-{trigger}"
    admin = kafka.KafkaAdminClient(bootstrap_servers="{}:{}".format(*space.kube.server.doors["kafka"]))
    try:
        (found,) = admin.list_group_offsets(group)[group].values()
    finally:
        admin.close()
    return found.offset, found.metadata


def send_when_open(space, id):
    event = {"ce-specversion": "1.0", "ce-id": id, "ce-source": "/test", "ce-type": "a.b"}
    wait_for(lambda: space.post(event)[0] == 202, "the door opens")


def fail_stuck(path, headers, body):
    return (503 if headers["ce-id"].startswith("stuck") else 202, {}, b"")


@pytest.fixture
def space(start_kube, receiver):  # noqa: F811
    space = Space(start_kube(environment={"EDDY_KUBE_RESYNC": "300ms"}))
    space.broker()
    receiver.answer = fail_stuck
    return space


def came_twice(receiver, path):  # noqa: F811
    ids = receiver.ids(path)
    return {id for id in ids if ids.count(id) > 1}


@pytest.mark.parametrize("order", ["unordered", "ordered"])
@pytest.mark.parametrize("way", ["kill", "stop"])
def test_behind_an_event_that_rests_nothing_comes_again(space, receiver, way, order):  # noqa: F811
    annotations = {"kafka.eventing.knative.dev/delivery.order": order}
    spec = {"broker": "default", "subscriber": {"uri": receiver.uri("/in")}, "delivery": RESTS}
    space.make("Trigger", "t", spec, annotations=annotations)
    ids = [f"e{number}" for number in range(500)]
    before, behind = (ids[:100], ids[100:]) if order == "unordered" else (ids, [])
    for id in [*before, "stuck", *behind]:
        space.send(id)
    wait_for(lambda: set(receiver.ids("/in")) == {*ids, "stuck"}, lambda: len(receiver.got))
    time.sleep(COMMITTED_SECONDS if way == "kill" else 0)
    offset, metadata = committed(space, "t")
    if way == "kill":
        assert offset == len(before) and (metadata.endswith(f" {offset} 501") if behind else metadata == "")
        space.kube.server.kill()
    else:
        assert space.kube.server.stop() == 0
    space.kube.server.restart()
    send_when_open(space, "end")
    last = "end" if order == "unordered" else "stuck"
    wait_for(lambda: receiver.ids("/in").count("stuck") == 2 and last in receiver.ids("/in"), lambda: receiver.ids("/in")[-5:])
    assert came_twice(receiver, "/in") == {"stuck"}


def test_what_was_delivered_in_the_last_half_second_may_come_again_and_no_more(space, receiver):  # noqa: F811
    space.trigger("t", receiver.uri("/in"), delivery=RESTS)
    old, new = [f"old{number}" for number in range(300)], [f"new{number}" for number in range(30)]
    for id in ["stuck1", *old, "stuck2"]:
        space.send(id)
    wait_for(lambda: len(receiver.got) == len(old) + 2, lambda: len(receiver.got))
    time.sleep(COMMITTED_SECONDS)
    for id in new:
        space.send(id)
    space.kube.server.kill()
    space.kube.server.restart()
    send_when_open(space, "end")
    wait_for(lambda: {*new, "end"} <= set(receiver.ids("/in")) and receiver.ids("/in").count("stuck2") == 2, lambda: receiver.ids("/in"))
    assert came_twice(receiver, "/in") <= {"stuck1", "stuck2", *new}
    assert {"stuck1", "stuck2"} <= came_twice(receiver, "/in")


def test_a_change_of_the_trigger_brings_nothing_again(space, receiver):  # noqa: F811
    space.trigger("t", receiver.uri("/in"), delivery=RESTS)
    for id in ["stuck", *(f"e{number}" for number in range(50))]:
        space.send(id)
    wait_for(lambda: len(receiver.got) == 51, lambda: len(receiver.got))
    admin = space.admin()
    parts = confluent_kafka.admin.NewPartitions(broker_topic(space), 2)  # its topic is read anew
    admin.create_partitions([parts])[broker_topic(space)].result(SECONDS)
    wait_for(lambda: receiver.ids("/in").count("stuck") == 2, lambda: receiver.ids("/in"))
    space.send("end")
    wait_for(lambda: "end" in receiver.ids("/in"), lambda: receiver.ids("/in")[-5:])
    assert came_twice(receiver, "/in") == {"stuck"}


def test_from_where_an_admin_client_puts_it_everything_comes(space, receiver):  # noqa: F811
    space.trigger("t", receiver.uri("/in"), delivery=RESTS)
    for id in ["a", "stuck", "b", "c"]:
        space.send(id)
    wait_for(lambda: len(receiver.got) == 4, lambda: receiver.ids("/in"))
    # While it is there its own place counts.
    assert space.apply("Trigger", "t", {"broker": "default", "subscriber": {"uri": "http://s.ns.svc/"}}).status == 200
    wait_for(lambda: space.condition("Trigger", "t").get("status") == "False", lambda: space.get("Trigger", "t"))
    wait_for(lambda: committed(space, "t")[0] == 1 and committed(space, "t")[1], lambda: committed(space, "t"))
    place = confluent_kafka.TopicPartition(broker_topic(space), 0, 0)
    asked = confluent_kafka.ConsumerGroupTopicPartitions(f"knative-trigger-{space.name}-t", [place])
    admin = space.admin()
    admin.alter_consumer_group_offsets([asked])[asked.group_id].result(SECONDS)
    assert not committed(space, "t")[1]
    space.trigger("t", receiver.uri("/in"), delivery=RESTS)
    wait_for(lambda: len(receiver.got) == 8, lambda: receiver.ids("/in"))
    assert sorted(receiver.ids("/in")[4:]) == ["a", "b", "c", "stuck"]


def test_a_topic_that_is_made_anew_is_delivered_as_a_whole(space, receiver):  # noqa: F811
    admin = space.admin()
    space.trigger("t", receiver.uri("/in"), delivery=RESTS)
    for round in range(3):
        ids = [f"{round}-{number}" for number in range(20)]
        for id in [f"stuck{round}", *ids]:
            space.send(id)
        wait_for(lambda ids=ids: set(ids) <= set(receiver.ids("/in")), lambda: receiver.ids("/in"))
        time.sleep(COMMITTED_SECONDS if round == 0 else 0)
        admin.delete_topics([broker_topic(space)])[broker_topic(space)].result(SECONDS)
        send_when_open(space, f"{round}-first")
        wait_for(lambda round=round: f"{round}-first" in receiver.ids("/in"), "an event that was taken arrives")


# Nobody reads the topic, so its end is noticed late; what is delivered of the old one is committed meanwhile.
def test_a_topic_that_is_made_anew_while_there_is_no_room_is_delivered_as_a_whole(space, receiver):  # noqa: F811
    admin = space.admin()
    receiver.answer = lambda path, headers, body: (time.sleep(0.5 if headers["ce-id"].startswith("old") else 0), (202, {}, b""))[1]
    space.trigger("t", receiver.uri("/in"))
    for number in range(400):
        space.send(f"old{number}")
    wait_for(lambda: len(receiver.got) > 100, lambda: len(receiver.got))
    admin.delete_topics([broker_topic(space)])[broker_topic(space)].result(SECONDS)
    send_when_open(space, "new")
    ids = ["new", *(f"new{number}" for number in range(20))]
    for id in ids[1:]:
        space.send(id)
    wait_for(lambda: set(ids) <= set(receiver.ids("/in")), lambda: sorted(set(ids) - set(receiver.ids("/in"))))
