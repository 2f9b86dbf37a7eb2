# SPDX-License-Identifier: Apache-2.0
"""The power of a machine that runs eddy fails again and again, under load of events and of records: its disk loses what was not flushed.
Whatever was acknowledged is there afterwards; and with `--flush never` the same check sees that it is not."""

import json
import time
import types

import machine
import pytest
import wire
from nbd_disk import FLUSH, WRITE
from test_events_account import Account, Receiving, Sending, compile_c, dead_letters, wait_until
from test_events_account import SOURCE as ACCOUNT_SOURCE

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]
TOPIC, PARTITIONS = "records", 2
# Before which request to the disk the power fails, and how much of what is not flushed then is lost.
CUTS = [(FLUSH, 1.0), (WRITE, 0.5), (FLUSH, 0.1), (FLUSH, 0.5), (WRITE, 0.9), (FLUSH, 0.9)]
WANTED = {"fine": {0, 1, 2, 3}, "flaky": {0}, "order": {3}}
QUIET_SECONDS = 5  # longer than what waits for its next attempt


def manifests(receiver):
    """A broker, and triggers that accept, that fail, and that keep the order."""
    broker = {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "metadata": {"name": "default", "namespace": "default"}}
    delivery = {"retry": 4, "backoffPolicy": "linear", "backoffDelay": "PT0.05S", "timeout": "PT2S"}
    of = {"fine": {}, "flaky": {"filters": [{"exact": {"type": "t0"}}], "delivery": delivery}, "order": {"filters": [{"exact": {"type": "t3"}}]}}

    def trigger(path, spec):
        notes = {"kafka.eventing.knative.dev/delivery.order": "ordered"} if path == "order" else {}
        subscriber = {"uri": receiver.uri(path).replace("127.0.0.1", machine.HOST)}
        meta = {"name": path, "namespace": "default", "annotations": notes}
        return {"apiVersion": broker["apiVersion"], "kind": "Trigger", "metadata": meta, "spec": {"broker": "default", "subscriber": subscriber, **spec}}

    return {f"{number}.yaml": json.dumps(item) for number, item in enumerate([broker, *(trigger(*item) for item in of.items())])}


@pytest.fixture
def scene(tmp_path):
    """scene(*arguments of eddy): the machine, a receiver, and the program that sends."""
    if machine.missing():
        pytest.skip(f"not here: {machine.missing()}; script/setup --full brings it")
    program, opened = compile_c(ACCOUNT_SOURCE, tmp_path / "events_account"), []

    def start(*arguments):
        opened.append(Receiving(program, tmp_path / "received"))
        opened.append(machine.Machine(tmp_path / "machine", manifests(opened[0]), arguments))
        return types.SimpleNamespace(receiver=opened[0], server=opened[1].start(), program=program)

    yield start
    for one in reversed(opened):
        one.close()


def fail_under_load(scene, load, count, cuts):
    """Sends COUNT events while the power fails; returns what was acknowledged: records by their mark, and ids that were sent more than once."""
    place = types.SimpleNamespace(name="default", kube=types.SimpleNamespace(server=scene.server))
    sender, records, lost = Sending(scene.program, place, 0, count, connections=16), {}, []
    with wire.Connection(scene.server) as connection:
        wire.new_topic(connection, TOPIC, PARTITIONS)
    for number, (command, chance) in enumerate(cuts):
        writers = load(scene.server, TOPIC, PARTITIONS, first_mark=number * 1_000_000)
        goal = count * (number + 1) // (len(cuts) + 1)
        wait_until(lambda goal=goal: scene.receiver.counts()["fine"] >= goal, 100, scene.receiver.counts)
        lost.append(scene.server.lose_power(command, chance, number))
        writers.join()
        records.update(writers.acked)
        scene.server.start()
    _, _, again = sender.finish(200)
    dead, seen, since = {}, None, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        dead_letters(place, dead)
        now = (scene.receiver.counts(), {path: len(ids) for path, ids in dead.items() if path != "next"})
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)
    scene.receiver.close()
    return types.SimpleNamespace(records=records, account=Account(scene.receiver, WANTED, dead, [], again), lost=lost)


def missing_records(acknowledged, read_partition, server):
    stored = {partition: read_partition(server, TOPIC, partition) for partition in {place[0] for place in acknowledged.values()}}
    return [mark for mark, (partition, offset, _) in acknowledged.items() if b"EDDYMARK%08d" % mark not in stored[partition].get(offset, b"")]


def test_what_was_acknowledged_outlives_the_power(scene, load, read_partition, record_property):
    count, scene = 3000, scene()
    after = fail_under_load(scene, load, count, CUTS)
    report = {"events": count, "records": len(after.records), "sectors that were not flushed": after.lost}
    print(json.dumps(report))
    record_property("power", json.dumps(report))
    assert all(after.lost), "each time something was on its way"
    for path in WANTED:
        assert not after.account.missing(path, count), path
    assert len(after.records) > 100
    assert not missing_records(after.records, read_partition, scene.server)


def test_without_flushes_the_same_check_sees_what_is_lost(scene, load, read_partition):
    count, scene = 3000, scene("--flush", "never")
    after = fail_under_load(scene, load, count, [(WRITE, 1.0)] * 2)
    assert any(after.account.missing(path, count) for path in WANTED) or missing_records(after.records, read_partition, scene.server)
