# SPDX-License-Identifier: Apache-2.0
"""Triggers are looked at again when what they wait for comes, and many of them on one broker each get their own events.
Nothing here is mended by a look that comes by itself: those are an hour apart."""

import concurrent.futures
import http.client

import pytest
from test_events import Receiver, Space, wait_for

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "1h"}
MANY = 600


@pytest.fixture
def space(kube):
    return Space(kube)


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def trigger(space, name, subscriber, broker="default", **spec):
    answer = space.apply("Trigger", name, {"broker": broker, "subscriber": subscriber, **spec})
    assert answer.status in (200, 201), answer.body


def not_ready(space, name, type):
    wait_for(lambda: space.condition("Trigger", name, type).get("status") in ("False", "Unknown"), lambda: space.get("Trigger", name))


def test_a_trigger_is_there_before_its_broker_and_stays_when_that_goes(space, receiver):
    trigger(space, "t", {"uri": receiver.uri("/in")}, broker="late")
    not_ready(space, "t", "BrokerReady")
    for turn in range(2):
        space.broker("late")
        space.ready("Trigger", "t")
        space.send(str(turn), path=f"/{space.name}/late")
        wait_for(lambda: str(turn) in receiver.ids("/in"), "an event")
        space.delete("Broker", "late")
        not_ready(space, "t", "BrokerReady")


def test_a_trigger_follows_the_address_that_it_delivers_to(space, receiver):
    reference = {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "second"}}
    space.broker()
    trigger(space, "t", reference)
    not_ready(space, "t", "SubscriberResolved")
    for turn in range(2):
        space.broker("second")
        space.ready("Trigger", "t")
        space.trigger(f"behind-{turn}", receiver.uri(f"/{turn}"), broker="second")
        space.send(str(turn))
        wait_for(lambda: receiver.ids(f"/{turn}") == [str(turn)], lambda: receiver.got)
        space.delete("Broker", "second")
        not_ready(space, "t", "SubscriberResolved")


def spec_of(number):
    """Filters of each form, of which exactly one takes the type of that number."""
    type = f"order.{number}.created"
    return [
        {"filter": {"attributes": {"type": type}}},
        {"filters": [{"prefix": {"type": f"order.{number}."}}]},
        {"filters": [{"suffix": {"type": f".{number}.created"}}]},
        {"filters": [{"cesql": f"source = '/test' AND type IN ('{type}', 'x')"}]},
        {"filters": [{"cesql": f"LENGTH(type) > 3 AND subject = 's{number}'"}]},
        {"filters": [{"not": {"not": {"exact": {"type": type}}}}]},
    ][number % 6]


def send_all(space, round):
    connection = http.client.HTTPConnection(*space.kube.server.doors["events"], timeout=20)
    for number in range(MANY):
        headers = {"ce-specversion": "1.0", "ce-id": f"{round}-{number}", "ce-source": "/test", "ce-type": f"order.{number}.created",
                   "ce-subject": f"s{number}"}  # fmt: skip
        connection.request("POST", f"/{space.name}/default", b"{}", headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202
    connection.close()


def test_of_many_triggers_each_gets_its_own(start_kube, receiver):
    space = Space(start_kube())
    space.broker()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: trigger(space, f"t{i}", {"uri": receiver.uri(f"/{i}")}, **spec_of(i)), range(MANY)))

    def ready():
        items = space.kube.ask("GET", f"/apis/eventing.knative.dev/v1/namespaces/{space.name}/triggers").tree["items"]
        return sum({"Ready": "True"}.items() <= {one["type"]: one["status"] for one in item.get("status", {}).get("conditions", [])}.items() for item in items)

    wait_for(lambda: ready() == MANY, lambda: f"{ready()} are ready")
    send_all(space, 1)
    wait_for(lambda: len(receiver.got) >= MANY, lambda: f"{len(receiver.got)} came")
    got = {(path, headers["ce-id"]) for path, headers, _ in receiver.got}
    assert got == {(f"/{i}", f"1-{i}") for i in range(MANY)} and len(receiver.got) == MANY
    # All are back after a kill, and miss nothing of what came right after it.
    receiver.got.clear()
    space.kube.server.kill()
    space.kube.server.restart()
    wait_for(lambda: space.post({"ce-specversion": "1.0", "ce-id": "0", "ce-source": "/", "ce-type": "nobody"})[0] == 202, "the door")
    send_all(space, 2)
    wanted = {(f"/{i}", f"2-{i}") for i in range(MANY)}
    wait_for(lambda: wanted <= {(path, headers["ce-id"]) for path, headers, _ in list(receiver.got)}, lambda: f"{len(receiver.got)} came")
    again = {(path, headers["ce-id"]) for path, headers, _ in receiver.got} - wanted
    assert again <= {(f"/{i}", f"1-{i}") for i in range(MANY)}, "nobody got what is not its own"
