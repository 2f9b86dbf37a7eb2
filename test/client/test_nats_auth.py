# SPDX-License-Identifier: Apache-2.0
"""nats-py, unmodified, where it has to prove who it is, and over TLS. Each test runs against nats-server too (--peer nats).

The byte-for-byte answers to those that may not come in are rows of nats_cases.py.
"""

import asyncio
import signal
import socket
import ssl
import subprocess
import time

import nats
import nats.errors
import nats_cases
import pytest

WAIT_SECONDS = 20
NKEY = "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"
SEED = "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"
OTHER_SEED = "SUAGMXEHH4BJB45HF6UJS43YJN37BT64ZLX4SG7RPKNWFPSZ5ZPF2WOZLU"
NKEY_TEXT = f"authorization {{ users = [ {{ nkey: {NKEY} }} ] }}"
CERTIFICATE = nats_cases.CERTIFICATE


def run(test):
    asyncio.run(asyncio.wait_for(test, WAIT_SECONDS))


async def connect(server, **options):
    host, port = server.nats_address
    options = {"allow_reconnect": False, "max_reconnect_attempts": 0, **options}
    return await nats.connect(f"nats://{host}:{port}", **options)


async def echoes(client):
    """What the client publishes comes back to it."""
    subscription = await client.subscribe("t.echo")
    await client.publish("t.echo", b"hello")
    assert (await subscription.next_msg(timeout=5)).data == b"hello"
    await subscription.unsubscribe()


async def works(server, **options):
    client = await connect(server, **options)
    await echoes(client)
    await client.close()


async def is_refused(server, **options):
    with pytest.raises((nats.errors.Error, OSError)):
        client = await connect(server, **options)
        await client.flush(timeout=5)


def test_a_token(nats_door):
    async def test(server):
        await works(server, token="s3cret")
        await is_refused(server, token="x")
        await is_refused(server)

    run(test(nats_door(nats_cases.SERVERS["token"], None, True)))


@pytest.mark.parametrize("kind", ["password", "hashed"])
def test_a_user_with_a_password(nats_door, kind):
    async def test(server):
        await works(server, user="bob", password="builder")
        await is_refused(server, user="bob", password="x")
        await is_refused(server, user="eve", password="builder")

    run(test(nats_door(nats_cases.SERVERS[kind], None, True)))


def test_many_hashed_logins_hold_nobody_up(nats_door):
    async def test(server):
        first = await connect(server, user="bob", password="builder")
        others = await asyncio.gather(*(connect(server, user="bob", password="builder") for _ in range(20)))
        await echoes(first)
        for client in [first, *others]:
            await client.close()

    run(test(nats_door(nats_cases.SERVERS["hashed"], None, True)))


def test_who_goes_away_during_a_login_leaves_nothing_behind(nats_door):
    server = nats_door(nats_cases.SERVERS["hashed"], None, True)
    for _ in range(20):
        with socket.create_connection(server.nats_address, timeout=5) as connection:
            connection.recv(4096)
            connection.sendall(b'CONNECT {"user":"bob","pass":"builder"}\r\nPING\r\n')
    run(works(server, user="bob", password="builder"))


def test_an_nkey(nats_door):
    async def test(server):
        await works(server, nkeys_seed_str=SEED)
        await is_refused(server, nkeys_seed_str=OTHER_SEED)
        await is_refused(server, user="bob", password="builder")

    run(test(nats_door(NKEY_TEXT, None, True)))


def test_permissions(nats_door):
    async def test(server):
        complaints = []

        async def on_error(error):
            complaints.append(str(error).lower())

        client = await connect(server, user="writer", password="w", error_cb=on_error)
        await client.publish("in.a", b"x")
        await client.flush()
        assert complaints == []
        await client.publish("else", b"x")
        await client.subscribe("in.a")
        await client.flush()
        deadline = time.monotonic() + 5
        while len(complaints) < 2 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert 'permissions violation for publish to "else"' in complaints[0]
        assert 'permissions violation for subscription to "in.a"' in complaints[1]
        assert client.is_connected
        await client.close()

    run(test(nats_door(nats_cases.SERVERS["users"], None, True)))


def test_a_service_may_answer_what_it_is_asked(nats_door):
    async def test(server):
        service = await connect(server, user="answers", password="n")
        asking = await connect(server, user="root", password="r")

        async def answer(message):
            await message.respond(b"yes")

        await service.subscribe("service", cb=answer)
        await service.flush()
        assert (await asking.request("service", b"?", timeout=5)).data == b"yes"
        await service.close()
        await asking.close()

    run(test(nats_door(nats_cases.SERVERS["users"], None, True)))


def test_accounts_do_not_see_each_other(nats_door):
    async def test(server):
        one, other = await connect(server, user="a", password="a"), await connect(server, user="b", password="b")
        heard = await other.subscribe(">")
        await other.flush()
        await one.publish("secret", b"x")
        await one.flush()
        await other.publish("own", b"y")
        assert (await heard.next_msg(timeout=5)).subject == "own"
        with pytest.raises(nats.errors.NoRespondersError):
            await one.request("own", b"?", timeout=5)
        await one.close()
        await other.close()

    run(test(nats_door(nats_cases.SERVERS["accounts"], None, True)))


# --- TLS


def openssl(folder, *arguments):
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A folder with an authority (ca.pem) and a client's certificate that it signed (client.pem), of bob@example.com."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Tests", "-days", "2")
    openssl(folder, "req", *key, "-keyout", "client.key", "-out", "client.csr", "-subj", "/CN=bob/O=Builders")
    (folder / "names").write_text("subjectAltName=email:bob@example.com\nextendedKeyUsage=clientAuth\n")
    by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl(folder, "x509", "-req", "-in", "client.csr", "-out", "client.crt", *by)
    (folder / "client.pem").write_text((folder / "client.crt").read_text() + (folder / "client.key").read_text())
    return folder


def trusting(certificate=None):
    context = ssl.create_default_context(cafile=CERTIFICATE)
    if certificate:
        context.load_cert_chain(certificate)
    return context


def tls_text(more=""):
    return f'tls {{ cert_file: "{CERTIFICATE}", key_file: "{CERTIFICATE}", {more} }}\n'


def test_tls(nats_door):
    async def test(server):
        await works(server, tls=trusting(), tls_hostname="localhost")
        await is_refused(server, tls=ssl.create_default_context(), tls_hostname="localhost")

    run(test(nats_door(tls_text("timeout: 5"), None, True)))


def test_large_messages_over_tls(nats_door):
    async def test(server):
        client = await connect(server, tls=trusting(), tls_hostname="localhost")
        subscription = await client.subscribe("large")
        payload = bytes(range(256)) * 4000
        for _ in range(20):
            await client.publish("large", payload)
        for _ in range(20):
            assert (await subscription.next_msg(timeout=10)).data == payload
        await client.close()

    run(test(nats_door(tls_text("timeout: 5"), None, True)))


def test_tls_or_not(nats_door):
    async def test(server):
        await works(server)
        await works(server, tls=trusting(), tls_hostname="localhost")

    run(test(nats_door(nats_cases.SERVERS["tls_or_not"], None, True)))


@pytest.mark.parametrize("value", ["true", "auto"])
def test_the_handshake_first(nats_door, value):
    async def test(server):
        await works(server, tls=trusting(), tls_hostname="localhost", tls_handshake_first=True)
        if value == "auto":  # who waits for INFO gets it
            await works(server, tls=trusting(), tls_hostname="localhost")

    run(test(nats_door(tls_text(f"handshake_first: {value}, timeout: 5"), None, True)))


def test_tls_and_a_password(nats_door):
    async def test(server):
        options = {"tls": trusting(), "tls_hostname": "localhost", "user": "bob"}
        await works(server, password="builder", **options)
        await is_refused(server, password="x", **options)

    run(test(nats_door(tls_text() + "authorization { user: bob, password: builder }", None, True)))


def test_a_client_has_to_show_a_certificate(nats_door, certificates):
    async def test(server):
        await works(server, tls=trusting(certificates / "client.pem"), tls_hostname="localhost")
        await is_refused(server, tls=trusting(), tls_hostname="localhost")

    run(test(nats_door(tls_text(f'verify: true, ca_file: "{certificates}/ca.pem"'), None, True)))


def test_a_certificate_says_who_it_is(nats_door, certificates):
    tls = tls_text(f'verify_and_map: true, ca_file: "{certificates}/ca.pem"')
    known = tls + 'authorization { users = [ { user: "bob@example.com", permissions: { publish: "t.>", subscribe: ">" } } ] }'
    unknown = tls + 'authorization { users = [ { user: "eve@example.com" } ] }'

    async def test(server, other):
        options = {"tls": trusting(certificates / "client.pem"), "tls_hostname": "localhost"}
        await works(server, **options)
        await is_refused(other, **options)

    run(test(nats_door(known, None, True), nats_door(unknown, None, True)))


# --- eddy itself


def test_beyond_loopback_somebody_has_to_prove_who_they_are(start_eddy, tmp_path):
    path = tmp_path / "auth.conf"
    path.write_text(nats_cases.SERVERS["token"])
    server = start_eddy("--nats", "0.0.0.0:0", "--nats-auth", path)
    run(works(server, token="s3cret"))
    assert server.stop() == 0


def test_a_door_beyond_loopback_without_users_is_refused(start_eddy, cli, tmp_path):
    path = tmp_path / "auth.conf"
    path.write_text("max_payload: 100\n")
    told = cli("serve", "--data", tmp_path / "data", "--nats", "0.0.0.0:0", "--nats-auth", path, code=2)
    assert "--nats: 0.0.0.0 can be reached from other machines" in told and "--nats-auth" in told


def test_a_wrong_file_is_named_with_its_place(start_eddy, cli, tmp_path):
    path = tmp_path / "auth.conf"
    path.write_text("authorization {\n  tokn: x\n}\n")
    told = cli("serve", "--data", tmp_path / "data", "--nats-auth", path, code=2)
    assert f"{path}:2:3" in told and "tokn" in told


def test_a_changed_file_is_read_at_sighup(start_eddy, tmp_path):
    path = tmp_path / "auth.conf"

    def write(carol):
        users = "{ user: bob, password: b }, { user: free, password: f }, " + carol
        path.write_text(f'authorization {{ users = [ {users} ] }}')

    write('{ user: carol, password: c }, { user: ruled, password: r, permissions: { publish: ">" } }')
    server = start_eddy("--nats", "127.0.0.1:0", "--nats-auth", path)

    async def test():
        bob, carol = await connect(server, user="bob", password="b"), await connect(server, user="carol", password="c")
        complaints = []

        async def on_error(error):
            complaints.append(str(error).lower())

        ruled = await connect(server, user="ruled", password="r", error_cb=on_error)
        write('{ user: carol, password: other }, { user: ruled, password: r, permissions: { publish: "a" } }')
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 5
        while carol.is_connected and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert not carol.is_connected and ruled.is_connected
        await echoes(bob)
        await bob.close()
        await ruled.publish("b", b"x")
        await ruled.flush()
        assert any("permissions violation for publish" in complaint for complaint in complaints), complaints
        await ruled.close()
        await is_refused(server, user="carol", password="c")
        await works(server, user="carol", password="other")
        # A file that is wrong changes nothing.
        path.write_text("authorization { tokn: x }")
        server.process.send_signal(signal.SIGHUP)
        while "tokn" not in server.log() and time.monotonic() < deadline + 5:
            await asyncio.sleep(0.01)
        await works(server, user="carol", password="other")

    run(test())


def test_log_lines_tell_why_and_no_secret(start_eddy, tmp_path):
    path = tmp_path / "auth.conf"
    path.write_text(nats_cases.SERVERS["password"])
    server = start_eddy("--nats", "127.0.0.1:0", "--nats-auth", path)
    run(is_refused(server, user="bob", password="not-the-builder"))
    deadline = time.monotonic() + 5
    while "the password is wrong" not in server.log() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "the password is wrong" in server.log() and "bob" in server.log()
    assert "builder" not in server.log()
