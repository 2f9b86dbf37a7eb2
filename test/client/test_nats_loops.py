# SPDX-License-Identifier: Apache-2.0
"""Accounts on several loops: clients come in anywhere, move when they have said CONNECT, and are seen as one server."""

import asyncio
import datetime
import json
import signal
import socket
import ssl
import time
import urllib.request

import nats
import nats.errors
import nats_cases
import pytest

ACCOUNTS = ["A", "B", "C", "D", "E"]


def users_of(accounts):
    return "accounts {\n" + "".join(f"{a} {{ users [ {{ user: {a.lower()}, password: p }} ] }}\n" for a in accounts) + "}\n"


USERS = users_of(ACCOUNTS)
CERTIFICATE = nats_cases.CERTIFICATE
TLS = f'tls {{ cert_file: "{CERTIFICATE}", key_file: "{CERTIFICATE}", timeout: 5 }}\n'
MESSAGES = 300


@pytest.fixture
def start(start_eddy, tmp_path):
    """start(loops, text, environment): eddy with as many loops and these users."""

    def start_it(loops, text=USERS, environment=None):
        path = tmp_path / "auth.conf"
        path.write_text(text)
        return start_eddy("--loops", str(loops), "--nats-auth", path, environment=environment)

    return start_it


def run(test):
    asyncio.run(asyncio.wait_for(test, 60))


async def connect(server, account, **options):
    host, port = server.nats_address
    options = {"allow_reconnect": False, "max_reconnect_attempts": 0, **options}
    return await nats.connect(f"nats://{host}:{port}", user=account.lower(), password="p", **options)


def ask(server, path):
    host, port = server.monitor_address
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as answer:
        return json.load(answer)


async def traffic_of(server, account, **options):
    """Two that listen, one that publishes, one that answers; nothing but their own account's may come."""
    clients = [await connect(server, account, name=f"{account}{i}", **options) for i in range(4)]
    heard = [await client.subscribe(">") for client in clients[:2]]

    async def answer(message):
        await message.respond(account.encode())

    await clients[2].subscribe("service", queue="q", cb=answer)
    for client in clients:
        await client.flush()
    for number in range(MESSAGES):
        await clients[3].publish("t", f"{account} {number} ".encode() + b"." * (number % 7 * 4000))
        if number % 50 == 0:
            await asyncio.sleep(0)
    for subscription in heard:
        for number in range(MESSAGES):
            message = await subscription.next_msg(timeout=20)
            assert message.data.split()[:2] == [account.encode(), str(number).encode()], "another account's, or out of order"
    assert (await clients[3].request("service", b"?", timeout=10)).data == account.encode()
    return clients


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("loops", [1, 2, 4])
def test_accounts_are_apart_on_any_number_of_loops(start, loops, secure):
    server = start(loops, TLS + USERS if secure else USERS)
    options = {}
    if secure:
        options = {"tls": ssl.create_default_context(cafile=CERTIFICATE), "tls_hostname": "localhost"}

    async def test():
        clients = sum(await asyncio.gather(*(traffic_of(server, a, **options) for a in ACCOUNTS)), [])
        assert len({client.client_id for client in clients}) == len(clients)
        await asyncio.to_thread(look_at_pages, server)
        for client in clients:
            await client.close()
        await asyncio.to_thread(look_at_closed, server, len(clients))

    run(test())


def look_at_closed(server, count):
    deadline = time.monotonic() + 5
    while ask(server, "/connz?state=closed")["total"] < count and time.monotonic() < deadline:
        time.sleep(0.02)
    page = ask(server, "/connz?state=closed&sort=stop")
    assert [connection["reason"] for connection in page["connections"]] == ["Client Closed"] * count
    stops = [datetime.datetime.fromisoformat(connection["stop"]) for connection in page["connections"]]
    assert stops == sorted(stops, reverse=True)


def look_at_metrics(server):
    host, port = server.doors["console"]
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
        lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line.startswith("gnatsd_"))
    found = {name.split("{")[0]: float(value) for name, value in lines.items() if "account=" not in name}
    count = 4 * len(ACCOUNTS)
    assert (found["gnatsd_varz_connections"], found["gnatsd_connz_total"], found["gnatsd_healthz_status"]) == (count, count, 1)
    assert found["gnatsd_connz_in_msgs"] == found["gnatsd_varz_in_msgs"] == (MESSAGES + 2) * len(ACCOUNTS)
    accounts = [float(value) for name, value in lines.items() if name.startswith("gnatsd_accstatz_received_messages{")]
    assert sorted(accounts) == [0, 0] + [MESSAGES + 2] * len(ACCOUNTS)


def look_at_pages(server):
    """The numbers of all loops on each page."""
    count = 4 * len(ACCOUNTS)
    varz = ask(server, "/varz")
    assert (varz["connections"], varz["total_connections"]) == (count, count)
    assert varz["in_msgs"] == (MESSAGES + 2) * len(ACCOUNTS)
    page = ask(server, "/connz?auth=1&subs=1")
    assert (page["num_connections"], page["total"]) == (count, count)
    ids = [connection["cid"] for connection in page["connections"]]
    assert ids == sorted(ids)
    names = {connection["name"]: connection["account"] for connection in page["connections"]}
    assert names == {f"{account}{i}": account for account in ACCOUNTS for i in range(4)}
    # A page at a time, each of them once.
    parts = [ask(server, f"/connz?limit=6&offset={offset}")["connections"] for offset in range(0, count, 6)]
    assert [connection["cid"] for part in parts for connection in part] == ids
    assert ask(server, "/connz?acc=B")["total"] == 4
    by_traffic = [connection["in_msgs"] for connection in ask(server, "/connz?sort=msgs_from")["connections"]]
    assert by_traffic == sorted(by_traffic, reverse=True) and by_traffic[0] == MESSAGES + 1
    assert ask(server, f"/connz?cid={ids[3]}")["connections"][0]["cid"] == ids[3]

    accounts = {row["acc"]: row for row in ask(server, "/accstatz?unused=1")["account_statz"]}
    assert set(accounts) == {"$G", "$SYS", *ACCOUNTS}
    for account in ACCOUNTS:
        assert (accounts[account]["conns"], accounts[account]["received"]["msgs"]) == (4, MESSAGES + 2)
    assert ask(server, "/accountz")["accounts"] == ["$G", "$SYS", *ACCOUNTS]
    assert ask(server, "/accountz?acc=E")["account_detail"]["client_connections"] == 4
    assert ask(server, "/subsz")["num_subscriptions"] == varz["subscriptions"]
    listed = ask(server, "/subsz?subs=1")["subscriptions_list"]
    assert len(listed) == varz["subscriptions"]
    assert {sub["account"] for sub in listed} == set(ACCOUNTS)
    assert len(ask(server, "/subsz?subs=1&test=t")["subscriptions_list"]) == 2 * len(ACCOUNTS)
    look_at_metrics(server)


def connect_line(account):
    return f'CONNECT {{"user":"{account.lower()}","pass":"p","verbose":false}}\r\n'.encode()


def read_until(connection, end):
    told = b""
    while not told.endswith(end):
        piece = connection.recv(1 << 16)
        assert piece, told[-200:]
        told += piece
    return told


@pytest.mark.parametrize("piece", [1, 7, 1 << 20], ids=["bytewise", "in_pieces", "at_once"])
def test_what_follows_connect_arrives_whole(start, piece):
    """Commands behind CONNECT, a message of 900 KB among them, in one go: what was read before the move and what was not."""
    server = start(4)
    payload = bytes(range(256)) * (3600 if piece > 7 else 4)
    for account in ACCOUNTS:
        with socket.create_connection(server.nats_address, timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            said = connect_line(account) + b"SUB x 1\r\nPUB x %d\r\n%s\r\nPUB x 2\r\nok\r\nPING\r\n" % (len(payload), payload)
            for at in range(0, len(said), piece):
                connection.sendall(said[at : at + piece])
            told = read_until(connection, b"PONG\r\n")
        assert told.split(b"\r\n", 1)[1] == b"MSG x 1 %d\r\n%s\r\nMSG x 1 2\r\nok\r\nPONG\r\n" % (len(payload), payload)


def test_a_client_may_go_into_another_account(start):
    server = start(4)
    with socket.create_connection(server.nats_address, timeout=20) as connection:
        for account in ["A", "B", "C", "D", "A", "A", "C"]:
            connection.sendall(connect_line(account) + b"SUB x 1\r\nPUB x 1\r\n" + account.encode() + b"\r\nPING\r\n")
            told = read_until(connection, b"PONG\r\n")
            assert told.endswith(b"MSG x 1 1\r\n" + account.encode() + b"\r\nPONG\r\n")
            page = ask(server, "/connz?auth=1&subs=1")
            assert [(c["account"], c["subscriptions"]) for c in page["connections"]] == [(account, 1)]


def test_who_need_not_connect_is_moved_by_the_first_command(start):
    server = start(3, USERS + "no_auth_user: b\n")
    heard = []
    for _ in range(12):
        connection = socket.create_connection(server.nats_address, timeout=20)
        connection.sendall(b"SUB x 1\r\nPING\r\n")
        read_until(connection, b"PONG\r\n")
        heard.append(connection)
    with socket.create_connection(server.nats_address, timeout=20) as publisher:
        publisher.sendall(b"PUB x 2\r\nhi\r\nPING\r\n")
        read_until(publisher, b"PONG\r\n")
    for connection in heard:
        assert read_until(connection, b"hi\r\n") == b"MSG x 1 2\r\nhi\r\n"
        connection.close()


def test_the_limit_of_connections_is_one_for_all_loops(start):
    server = start(4, environment={"EDDY_NATS_MAX_CONNECTIONS": "10"})
    connections = [socket.create_connection(server.nats_address, timeout=20) for _ in range(10)]
    for number, connection in enumerate(connections):
        connection.sendall(connect_line(ACCOUNTS[number % 5]) + b"PING\r\n")
        read_until(connection, b"PONG\r\n")
    for _ in range(8):
        with socket.create_connection(server.nats_address, timeout=20) as more:
            assert b"maximum connections exceeded" in read_until(more, b"'\r\n")
    connections.pop().close()
    deadline = time.monotonic() + 5
    while ask(server, "/varz")["connections"] > 9 and time.monotonic() < deadline:
        time.sleep(0.01)
    with socket.create_connection(server.nats_address, timeout=20) as again:
        again.sendall(connect_line("C") + b"PING\r\n")
        read_until(again, b"PONG\r\n")
    for connection in connections:
        connection.close()


def test_users_are_read_again_while_clients_come(start, tmp_path):
    """Who is in stays in, who comes in the middle comes in or may come again, and a new account has a loop at once."""
    server = start(3)
    more = users_of([*ACCOUNTS, "F"])

    async def come(account, until):
        came = 0
        while time.monotonic() < until:
            try:
                client = await connect(server, account)
                assert (await asyncio.wait_for(echo(client), 10)) == account.encode()
                await client.close()
                came += 1
            except (nats.errors.Error, OSError) as error:
                assert "uthorization" not in str(error)
        return came

    async def echo(client):
        subscription = await client.subscribe("e")
        await client.publish("e", client.options["user"].upper().encode())
        return (await subscription.next_msg(timeout=10)).data

    async def test():
        stays = [await connect(server, account) for account in ACCOUNTS]
        until = time.monotonic() + 3
        coming = asyncio.gather(*(come(account, until) for account in ACCOUNTS))
        for number in range(12):
            await asyncio.sleep(0.2)
            (tmp_path / "auth.conf").write_text(more if number % 2 == 0 else USERS)
            server.process.send_signal(signal.SIGHUP)
        assert all(came > 3 for came in await coming)
        for client, account in zip(stays, ACCOUNTS, strict=True):
            assert await echo(client) == account.encode()
            await client.close()
        (tmp_path / "auth.conf").write_text(more)
        server.process.send_signal(signal.SIGHUP)
        new, deadline = None, time.monotonic() + 5
        while new is None:
            try:
                new = await connect(server, "F")
            except nats.errors.Error:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
        assert await echo(new) == b"F"
        await new.close()

    run(test())


def test_it_stops_in_order_with_clients_everywhere(start):
    server = start(4)
    connections = []
    for number in range(40):
        connection = socket.create_connection(server.nats_address, timeout=20)
        if number % 4 != 0:
            connection.sendall(connect_line(ACCOUNTS[number % 5]) + b"SUB > 1\r\nPING\r\n")
            read_until(connection, b"PONG\r\n")
        connections.append(connection)
    for connection in connections[::3]:
        connection.sendall(connect_line("A") + b"PUB a 1\r\nx\r\n")  # on its way, perhaps
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0
    for connection in connections:
        while connection.recv(1 << 16):
            pass
        connection.close()
