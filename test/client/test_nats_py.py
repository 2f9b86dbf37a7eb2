# SPDX-License-Identifier: Apache-2.0
"""nats-py, unmodified, on the NATS door."""

import asyncio
import uuid

import nats
import nats.errors
import pytest

WAIT_SECONDS = 20


def run(test):
    """Runs an asynchronous test in bounded time."""

    def wrapped(nats_server):
        asyncio.run(asyncio.wait_for(test(nats_server), WAIT_SECONDS))

    wrapped.__name__ = test.__name__
    return wrapped


def subject():
    return f"t.{uuid.uuid4().hex[:10]}"


async def connect(server, **options):
    return await nats.connect(server.nats, **options)


async def texts(subscription, count):
    return [(await subscription.next_msg(timeout=5)).data.decode() for _ in range(count)]


async def assert_silent(subscription):
    with pytest.raises(nats.errors.TimeoutError):
        await subscription.next_msg(timeout=0.2)


@run
async def test_publishes_and_subscribes_in_order(server):
    nc = await connect(server)
    name = subject()
    sub = await nc.subscribe(name)
    for number in range(500):
        await nc.publish(name, str(number).encode())
    assert await texts(sub, 500) == [str(number) for number in range(500)]
    assert nc.connected_server_version.major == 2 and nc.connected_server_version.minor >= 14
    await nc.close()


@run
async def test_wildcards_match_tokens(server):
    nc = await connect(server)
    name = subject()
    star = await nc.subscribe(f"{name}.*.c")
    rest = await nc.subscribe(f"{name}.>")
    for end in ("a", "a.b", "a.c", "a.b.c"):
        await nc.publish(f"{name}.{end}", end.encode())
    await nc.publish(name, b"not below")
    assert await texts(rest, 4) == ["a", "a.b", "a.c", "a.b.c"]
    assert await texts(star, 1) == ["a.c"]
    await assert_silent(rest)
    await assert_silent(star)
    await nc.close()


@run
async def test_one_of_a_queue_group_gets_each_message(server):
    name = subject()
    clients = [await connect(server) for _ in range(3)]
    got = [[] for _ in clients]
    for client, mine in zip(clients, got):

        async def take(message, mine=mine):
            mine.append(int(message.data))

        await client.subscribe(name, queue="workers", cb=take)
        await client.flush()
    everybody = await clients[0].subscribe(name)
    publisher = await connect(server)
    for number in range(300):
        await publisher.publish(name, str(number).encode())
    await publisher.flush()
    assert len(await texts(everybody, 300)) == 300
    while sum(map(len, got)) < 300:
        await asyncio.sleep(0.01)
    assert sorted(sum(got, [])) == list(range(300))
    assert all(40 < len(mine) < 160 for mine in got), [len(mine) for mine in got]
    for client in [*clients, publisher]:
        await client.close()


@run
async def test_requests_are_answered(server):
    nc, service = await connect(server), await connect(server)
    name = subject()

    async def answer(message):
        await message.respond(b"re: " + message.data)

    await service.subscribe(name, cb=answer)
    await service.flush()
    answers = await asyncio.gather(*(nc.request(name, str(i).encode(), timeout=5) for i in range(50)))
    assert [a.data for a in answers] == [f"re: {i}".encode() for i in range(50)]
    old_style = await nc.request(name, b"x", timeout=5, old_style=True)
    assert old_style.data == b"re: x"
    await nc.close()
    await service.close()


@run
async def test_headers_arrive(server):
    nc = await connect(server)
    name = subject()
    sub = await nc.subscribe(name)
    await nc.publish(name, b"body", headers={"Trace-Id": "abc", "X": "1 2"})
    await nc.publish(name, b"", headers={"Only": "header"})
    await nc.publish(name, b"plain")
    first, second, third = [await sub.next_msg(timeout=5) for _ in range(3)]
    assert (first.headers, first.data) == ({"Trace-Id": "abc", "X": "1 2"}, b"body")
    assert (second.headers, second.data) == ({"Only": "header"}, b"")
    assert (third.headers, third.data) == (None, b"plain")
    await nc.close()


@run
async def test_a_request_that_nobody_serves_fails_at_once(server):
    nc = await connect(server)
    with pytest.raises(nats.errors.NoRespondersError):
        await nc.request(subject(), b"anybody?", timeout=10)
    await nc.close()


@run
async def test_unsubscribe_after_a_number_of_messages(server):
    nc = await connect(server)
    name = subject()
    sub = await nc.subscribe(name)
    await sub.unsubscribe(limit=3)
    for number in range(10):
        await nc.publish(name, str(number).encode())
    await nc.flush()
    assert await texts(sub, 3) == ["0", "1", "2"]
    await nc.close()


@run
async def test_drain_delivers_what_was_sent_and_then_closes(server):
    name = subject()
    got = []
    nc, publisher = await connect(server), await connect(server)

    async def take(message):
        await asyncio.sleep(0.001)
        got.append(message.data)

    await nc.subscribe(name, cb=take)
    await nc.flush()
    for number in range(200):
        await publisher.publish(name, str(number).encode())
    await publisher.flush()
    await nc.drain()
    assert nc.is_closed
    assert got == [str(number).encode() for number in range(200)]
    await publisher.close()


@run
async def test_without_echo_own_messages_do_not_come_back(server):
    nc, other = await connect(server, no_echo=True), await connect(server)
    name = subject()
    mine, theirs = await nc.subscribe(name), await other.subscribe(name)
    await other.flush()
    await nc.publish(name, b"x")
    await nc.flush()
    assert await texts(theirs, 1) == ["x"]
    await assert_silent(mine)
    await nc.close()
    await other.close()


@run
async def test_large_payloads_arrive_and_too_large_ones_are_refused(server):
    nc = await connect(server)
    name = subject()
    subs = [await nc.subscribe(name, pending_bytes_limit=1 << 30) for _ in range(3)]
    assert nc.max_payload == 1 << 20
    sent = [bytes([size % 251]) * size for size in (1 << 20, 17 << 10, 16 << 10, 8 << 10, 5, 1 << 20)]
    for payload in sent:
        await nc.publish(name, payload)
    for sub in subs:
        assert [(await sub.next_msg(timeout=5)).data for _ in sent] == sent
    with pytest.raises(nats.errors.MaxPayloadError):
        await nc.publish(name, b"x" * ((1 << 20) + 1))
    await nc.close()


@run
async def test_pedantic_and_verbose_clients_are_served(server):
    nc = await connect(server, verbose=True, pedantic=True)
    name = subject()
    sub = await nc.subscribe(name)
    await nc.publish(name, b"x")
    assert await texts(sub, 1) == ["x"]
    await nc.close()


def test_a_client_comes_back_after_a_restart(start_eddy):
    eddy = start_eddy()

    async def go():
        back = asyncio.Event()

        async def on_back():
            back.set()

        nc = await connect(eddy, reconnected_cb=on_back, reconnect_time_wait=0.05, max_reconnect_attempts=100)
        name = subject()
        sub = await nc.subscribe(name)
        eddy.stop()
        eddy.restart()
        await asyncio.wait_for(back.wait(), 10)
        await nc.publish(name, b"again")
        assert await texts(sub, 1) == ["again"]
        await nc.close()

    asyncio.run(asyncio.wait_for(go(), WAIT_SECONDS))
