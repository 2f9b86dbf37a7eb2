# SPDX-License-Identifier: Apache-2.0
"""The NATS protocol with bare sockets: what each line is answered with, byte for byte as nats-server 2.15 does it, and
what becomes of clients that flood, do not read, fall silent, or come by the thousands."""

import json
import random
import re
import resource
import socket
import time
import urllib.request

import pytest

QUIET = '{"verbose":false,"headers":true,"no_responders":true}'
HEADER = b"NATS/1.0\r\nA: b\r\n\r\n"
EOF = b"<EOF>"
MANY = 10000


class Client:
    """A connection that has read the first INFO and sent CONNECT (None: it does not)."""

    def __init__(self, server, options=QUIET):
        self.socket = socket.create_connection((server.host, server.nats_port), timeout=10)
        self.rest = b""
        self.info = json.loads(self.line().removeprefix(b"INFO "))
        if options is not None:
            self.send(b"CONNECT " + options.encode() + b"\r\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        while b"\n" not in self.rest:
            more = self.socket.recv(65536)
            assert more, f"closed after {self.rest!r}"
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.rstrip(b"\r")

    def read(self, size):
        """SIZE bytes, or all until the end, which is shown as <EOF>."""
        while len(self.rest) < size:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            self.rest += more or EOF
            if not more:
                break
        got, self.rest = self.rest[:size], self.rest[size:]
        return got

    def sync(self):
        """Returns once everything before was handled; what came meanwhile is dropped."""
        self.send(b"PING\r\n")
        while self.line() != b"PONG":
            pass

    def is_closed_within(self, seconds):
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(1 << 20):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True


def hpub(subject, payload=b"hi", header=HEADER):
    return b"HPUB %s %d %d\r\n%s%s\r\n" % (subject, len(header), len(header) + len(payload), header, payload)


NO_RESPONDERS = b"HMSG rep 9 38 38\r\nNATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n\r\n"
UNKNOWN = b"-ERR 'Unknown Protocol Operation'\r\n" + EOF
HMSG = b"HMSG foo 1 18 20\r\n" + HEADER + b"hi\r\n"

# name: what is sent, what is answered, the CONNECT
ROWS = {
    "ping": (b"PING\r\n", b"PONG\r\n"),
    "lf_only": (b"PING\n", b"PONG\r\n"),
    "lower_case": (b"ping\r\nsub foo 1\r\npub foo 2\r\nhi\r\n", b"PONG\r\nMSG foo 1 2\r\nhi\r\n"),
    "words_behind_a_ping": (b"PINGxyz\r\nPONGabc\r\n+OKzz\r\nPING\r\n", b"PONG\r\nPONG\r\n"),
    "verbose": (
        b"SUB foo 1\r\nPUB foo 2\r\nhi\r\nUNSUB 1\r\nPING\r\n",
        b"+OK\r\n+OK\r\n+OK\r\nMSG foo 1 2\r\nhi\r\n+OK\r\nPONG\r\n",
        '{"verbose":true}',
    ),
    "no_connect": (b"PING\r\nSUB foo 1\r\nPUB foo 1\r\na\r\n", b"PONG\r\n+OK\r\n+OK\r\nMSG foo 1 1\r\na\r\n", None),
    # the protocol is broken
    "unknown_command": (b"FOO\r\n", UNKNOWN),
    "http": (b"GET / HTTP/1.1\r\n\r\n", UNKNOWN, None),
    "tls": (b"\x16\x03\x01\x00\x05hello", UNKNOWN, None),
    "empty_line": (b"\r\n", UNKNOWN),
    "leading_space": (b" PING\r\n", UNKNOWN),
    "command_of_a_server": (b"MSG foo 1 2\r\nhi\r\n", UNKNOWN),
    "payload_too_long": (b"PUB foo 2\r\nhixx\r\n", UNKNOWN),
    "payload_end_at_its_first_byte": (b"PUB foo 2\r\nhix", UNKNOWN),
    "payload_ended_by_lf": (b"PUB foo 2\r\nhi\nPING\r\n", UNKNOWN),
    "pub_without_space": (b"PUB\r\n", UNKNOWN),
    "err_without_space": (b"-ERR\r\n", UNKNOWN),
    "pub_without_size": (b"PUB foo\r\n", EOF),
    "pub_without_anything": (b"PUB \r\n", EOF),
    "pub_four_arguments": (b"PUB foo bar baz 2\r\nhi\r\n", EOF),
    "negative_size": (b"PUB foo -1\r\n", EOF),
    "signed_size": (b"PUB foo +1\r\n", EOF),
    "size_of_ten_digits": (b"PUB foo 1234567890\r\n", EOF),
    "sub_four_arguments": (b"SUB foo q 1 2\r\n", EOF),
    "sub_one_argument": (b"SUB foo\r\n", EOF),
    "unsub_three_arguments": (b"UNSUB 1 2 3\r\n", EOF),
    "hpub_without_headers": (b"SUB foo 1\r\n" + hpub(b"foo"), EOF, '{"verbose":false}'),
    "hpub_header_beyond_the_end": (b"HPUB foo 10 6\r\nabcdhi\r\n", EOF),
    "client_complains": (b"-ERR 'x'\r\nPING\r\n", EOF),
    "payload_over_the_limit": (b"PUB foo 1048577\r\n", b"-ERR 'Maximum Payload Violation'\r\n" + EOF),
    "line_over_the_limit": (b"SUB " + b"a" * 5000 + b" 1\r\n", b"-ERR 'maximum control line exceeded'\r\n" + EOF),
    "line_just_over_the_limit": (b"SUB " + b"a" * 4095 + b" 1\r\n", b"-ERR 'maximum control line exceeded'\r\n" + EOF),
    "line_at_the_limit": (b"SUB " + b"a" * 4094 + b" 1\r\nPING\r\n", b"PONG\r\n"),
    # CONNECT and INFO
    "protocol_1": (b"PING\r\nPING\r\n", b"PONG\r\nINFO", '{"verbose":false,"protocol":1}'),
    "protocol_2": (b"PING\r\n", b"-ERR 'invalid client protocol'\r\n" + EOF, '{"verbose":false,"protocol":2}'),
    "bad_json": (b"PING\r\n", EOF, "{bad"),
    "empty_connect": (b"CONNECT\r\nPING\r\n", EOF, None),
    "connect_with_a_wrong_type": (b"PING\r\n", EOF, '{"verbose":1}'),
    "connect_with_null": (b"PING\r\n", b"+OK\r\nPONG\r\n", '{"verbose":null,"name":null}'),
    "connect_in_another_case": (b"PING\r\n", b"PONG\r\n", '{"VERBOSE":false}'),
    "connect_names_an_account": (b"PING\r\n", b"-ERR 'Authorization Violation'\r\n" + EOF, '{"verbose":false,"account":"x"}'),
    "connect_again_forgets_subscriptions": (b'SUB foo 1\r\nCONNECT {"verbose":false}\r\nPUB foo 1\r\na\r\nPING\r\n', b"PONG\r\n"),
    "no_responders_needs_headers": (
        b"PING\r\n",
        b"-ERR 'no responders requires headers support'\r\n" + EOF,
        '{"verbose":false,"no_responders":true}',
    ),
    "info_is_ignored": (b"INFO {}\r\nPING\r\n", b"PONG\r\n"),
    "info_is_no_json": (b"INFO x\r\nPING\r\n", EOF),
    "ok_is_ignored": (b"+OK\r\nPING\r\n", b"PONG\r\n"),
    # subjects
    "publish_to_a_wildcard": (
        b"SUB > 1\r\nPUB wild.* 2\r\nhi\r\nPING\r\n",
        b"-ERR 'Invalid Publish Subject'\r\nMSG wild.* 1 2\r\nhi\r\nPONG\r\n",
    ),
    "publish_to_a_wildcard_not_pedantic": (
        b"SUB > 1\r\nPUB wild.* 2\r\nhi\r\nPING\r\n",
        b"MSG wild.* 1 2\r\nhi\r\nPONG\r\n",
        '{"verbose":false,"pedantic":false}',
    ),
    "publish_with_an_empty_token": (
        b"SUB > 1\r\nPUB a..b 1\r\na\r\nPUB .a 1\r\na\r\nPUB a. 1\r\na\r\nPING\r\n",
        b"PONG\r\n",
        '{"verbose":false,"pedantic":false}',
    ),
    "bad_subscriptions": (
        b"SUB foo..bar 1\r\nSUB .a 2\r\nSUB a.>.b 3\r\nPING\r\n",
        b"-ERR 'Invalid Subject'\r\n" * 3 + b"PONG\r\n",
    ),
    "star_inside_a_token": (b"SUB a*b 1\r\nPUB a*b 1\r\na\r\nPUB axb 1\r\nb\r\nPING\r\n", b"MSG a*b 1 1\r\na\r\nPONG\r\n"),
    "utf8": ("SUB fü.* 1\r\nPUB fü.x 1\r\na\r\nPING\r\n".encode(), "MSG fü.x 1 1\r\na\r\nPONG\r\n".encode()),
    "subject_of_the_servers": (
        b"PUB _GR_.x 1\r\na\r\nPING\r\n",
        b"-ERR 'Permissions Violation for Publish to \"_GR_.x\"'\r\nPONG\r\n",
    ),
    "reply_of_the_servers": (
        b"SUB foo 1\r\nPUB foo $JS.ACK.x.y 1\r\na\r\nPING\r\n",
        b"-ERR 'Permissions Violation for Publish with Reply of \"$JS.ACK.x.y\"'\r\nPONG\r\n",
    ),
    "queue_of_the_servers": (
        b"SUB foo _sys_ 1\r\nPING\r\n",
        b"-ERR 'Permissions Violation for Subscription to \"foo\" using queue \"_sys_\"'\r\nPONG\r\n",
    ),
    # delivery
    "queue": (b"SUB foo q 1\r\nPUB foo 1\r\nx\r\nPING\r\n", b"MSG foo 1 1\r\nx\r\nPONG\r\n"),
    "unsubscribe_after_two": (
        b"SUB foo 1\r\nUNSUB 1 2\r\n" + b"PUB foo 1\r\na\r\n" * 3 + b"PING\r\n",
        b"MSG foo 1 1\r\na\r\n" * 2 + b"PONG\r\n",
    ),
    "unsubscribe_counts_from_the_start": (
        b"SUB foo 1\r\nPUB foo 1\r\na\r\nUNSUB 1 1\r\nPUB foo 1\r\nb\r\nPING\r\n",
        b"MSG foo 1 1\r\na\r\nPONG\r\n",
    ),
    "an_id_twice": (
        b"SUB foo 1\r\nSUB bar 1\r\nPUB foo 1\r\na\r\nPUB bar 1\r\nb\r\nPING\r\n",
        b"MSG foo 1 1\r\na\r\nPONG\r\n",
    ),
    "spaces_are_not_kept": (b"SUB foo 1\r\nPUB foo  rep   1\r\na\r\nPING\r\n", b"MSG foo 1 rep 1\r\na\r\nPONG\r\n"),
    "tabs": (b"SUB\tfoo\t1\r\nPUB\tfoo\t1\r\na\r\nPING\r\n", b"MSG foo 1 1\r\na\r\nPONG\r\n"),
    "leading_zeros_are_kept": (b"SUB foo 1\r\nPUB foo 0002\r\nhi\r\nPING\r\n", b"MSG foo 1 0002\r\nhi\r\nPONG\r\n"),
    "empty_payload": (b"SUB foo 1\r\nPUB foo 0\r\n\r\nPING\r\n", b"MSG foo 1 0\r\n\r\nPONG\r\n"),
    "no_responders": (b"SUB rep 9\r\nPUB nobody rep 1\r\na\r\nPING\r\n", NO_RESPONDERS + b"PONG\r\n"),
    "no_responders_not_asked_for": (
        b"SUB rep 9\r\nPUB nobody rep 1\r\na\r\nPING\r\n",
        b"PONG\r\n",
        '{"verbose":false,"headers":true}',
    ),
    "no_responders_through_a_wildcard": (
        b"SUB rep.* 9\r\nPUB nobody rep.1 1\r\na\r\nPING\r\n",
        NO_RESPONDERS.replace(b"rep 9", b"rep.1 9") + b"PONG\r\n",
    ),
    "no_responders_not_through_a_queue": (b"SUB rep q 9\r\nPUB nobody rep 1\r\na\r\nPING\r\n", b"PONG\r\n"),
    "no_echo": (b"SUB foo 1\r\nPUB foo 1\r\na\r\nPING\r\n", b"PONG\r\n", '{"verbose":false,"echo":false}'),
    "header": (b"SUB foo 1\r\n" + hpub(b"foo") + b"PING\r\n", HMSG + b"PONG\r\n"),
    "header_and_reply": (b"SUB foo 1\r\n" + hpub(b"foo rep") + b"PING\r\n", HMSG.replace(b"foo 1", b"foo 1 rep") + b"PONG\r\n"),
    "header_is_not_looked_into": (b"SUB foo 1\r\nHPUB foo 4 6\r\nabcdhi\r\nPING\r\n", b"HMSG foo 1 4 6\r\nabcdhi\r\nPONG\r\n"),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_answers_as_nats_server_does(nats_server, row):
    sent, answer, *options = row
    with Client(nats_server, *options) as client:
        client.send(sent)
        assert client.read(len(answer)) == answer
        if not answer.endswith((EOF, b"INFO")):  # nothing more comes
            client.send(b"PING\r\n")
            assert client.read(6) == b"PONG\r\n"


def test_info_says_what_clients_look_for(nats_server):
    with Client(nats_server, '{"verbose":false,"protocol":1}') as client:
        info = client.info
        assert re.fullmatch("N[A-Z2-7]{55}", info["server_id"])
        assert [int(part) for part in info["version"].split(".")] >= [2, 14, 0] and info["eddy"]
        assert (info["proto"], info["headers"], info["max_payload"]) == (1, True, 1048576)
        assert (info["host"], info["port"], info["client_ip"]) == ("127.0.0.1", nats_server.nats_port, "127.0.0.1")
        assert "auth_required" not in info and "connect_info" not in info and "jetstream" not in info
        client.send(b"PING\r\nPING\r\n")
        assert client.line() == b"PONG"
        again = client.line()
        assert again.endswith(b"} ")
        more = json.loads(again.removeprefix(b"INFO "))
        assert (more["connect_info"], more["remote_account"]) == (True, "$G")
        assert more["client_id"] == info["client_id"]
        assert client.line() == b"PONG"
        with Client(nats_server) as other:
            assert other.info["client_id"] > info["client_id"]


def test_a_client_without_headers_gets_them_stripped(nats_server):
    with Client(nats_server) as publisher, Client(nats_server, '{"verbose":false}') as plain:
        plain.send(b"SUB strip 1\r\n")
        plain.sync()
        publisher.send(hpub(b"strip rep", b"payload"))
        publisher.send(hpub(b"strip", b""))
        expected = b"MSG strip 1 rep 7\r\npayload\r\nMSG strip 1 0\r\n\r\n"
        assert plain.read(len(expected)) == expected


def test_every_cut_of_the_stream_means_the_same(nats_server):
    choose = random.Random(7)
    script = b"SUB cut.> 1\r\nSUB cut.a q 2\r\n"
    expected = b""
    for number in range(40):
        payload = bytes(choose.choices(b"ab\r\n ", k=choose.choice([0, 1, 7, 300, 17000])))
        message = b"cut.b 1 r.%d %d\r\n%s\r\n" % (number, len(payload), payload)
        script += b"PUB cut.b r.%d %d\r\n%s\r\n" % (number, len(payload), payload)
        expected += b"MSG " + message
        script += hpub(b"cut.c", payload)
        expected += b"HMSG cut.c 1 18 %d\r\n%s%s\r\n" % (18 + len(payload), HEADER, payload)
    for most in (1 << 20, 5000, 100, 17):
        with Client(nats_server) as client:
            at = 0
            while at < len(script):
                size = choose.randint(1, most)
                client.send(script[at : at + size])
                at += size
                if most == 17 and at > 3000:
                    most = 2000  # enough single bytes
            assert client.read(len(expected)) == expected


def test_a_message_of_the_largest_size_reaches_all(nats_server):
    payload = random.Random(1).randbytes(1 << 20)
    clients = [Client(nats_server) for _ in range(5)]
    for client in clients:
        client.send(b"SUB large 1\r\n")
        client.sync()
    with Client(nats_server) as publisher:
        publisher.send(b"PUB large %d\r\n" % len(payload) + payload + b"\r\n")
        expected = b"MSG large 1 %d\r\n" % len(payload) + payload + b"\r\n"
        for client in clients:
            assert client.read(len(expected)) == expected
            client.socket.close()


def test_what_was_asked_before_the_end_of_the_stream_is_answered(nats_server):
    with Client(nats_server) as client:
        client.send(b"SUB foo 1\r\nPUB foo 2\r\nhi\r\nPING\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read(1000) == b"MSG foo 1 2\r\nhi\r\nPONG\r\n" + EOF


# --- limits


def test_too_many_connections_are_told_so(start_eddy):
    eddy = start_eddy(environment={"EDDY_NATS_MAX_CONNECTIONS": "2"})
    first, second = Client(eddy), Client(eddy)
    with Client(eddy, None) as third:
        assert third.read(100) == b"-ERR 'maximum connections exceeded'\r\n" + EOF
    first.sync()
    second.socket.close()
    deadline = time.monotonic() + 10
    while True:
        with Client(eddy, None) as again:
            again.send(b"PING\r\n")
            if again.read(6) == b"PONG\r\n":
                break
        assert time.monotonic() < deadline
    first.socket.close()


def test_limits_of_subscriptions_do_not_close(start_eddy):
    eddy = start_eddy(environment={"EDDY_NATS_MAX_SUBSCRIPTIONS": "2", "EDDY_NATS_MAX_SUBJECT_TOKENS": "3"})
    with Client(eddy) as client:
        client.send(b"SUB a.b.c.d 1\r\nSUB a.b.c 2\r\nSUB b 3\r\nSUB c 4\r\nUNSUB 3\r\nSUB c 4\r\nPING\r\n")
        expected = b"-ERR 'Permissions Violation for Subscription to \"a.b.c.d\", too many tokens'\r\n"
        expected += b"-ERR 'maximum subscriptions exceeded'\r\nPONG\r\n"
        assert client.read(len(expected)) == expected


def test_a_silent_client_is_pinged_and_then_stale(start_eddy):
    eddy = start_eddy(environment={"EDDY_NATS_PING_INTERVAL": "150ms", "EDDY_NATS_PING_MAX": "2"})
    with Client(eddy) as silent, Client(eddy) as alive:
        alive.socket.settimeout(0.05)
        deadline = time.monotonic() + 1.5
        pings = 0
        while time.monotonic() < deadline:
            try:
                if alive.socket.recv(100) == b"PING\r\n":
                    pings += 1
                    alive.send(b"PONG\r\n")
            except TimeoutError:
                pass
        assert pings >= 3
        assert silent.read(1000) == b"PING\r\nPING\r\n-ERR 'Stale Connection'\r\n" + EOF
        alive.socket.settimeout(5)
        alive.sync()
    assert metric(eddy, "gnatsd_varz_stale_connections") == 1


# --- clients that do not read


def metric(eddy, name):
    host, port = eddy.doors["console"]
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
        found = re.search(rf"^{name}{{server_id=\"N\w+\"}} (\d+)", answer.read().decode(), flags=re.M)
    return int(found.group(1))


def drain(client, size):
    got = len(client.rest)
    while got < size:
        more = client.socket.recv(1 << 20)
        assert more, f"closed after {got} of {size} bytes"
        got += len(more)
    return got


def test_a_slow_consumer_is_closed_and_the_others_get_everything(start_eddy):
    eddy = start_eddy(environment={"EDDY_NATS_MAX_PENDING": "4MB", "EDDY_NATS_WRITE_DEADLINE": "1m"})
    before = eddy.memory_bytes()
    with Client(eddy) as slow, Client(eddy) as fast, Client(eddy) as publisher:
        for client in (slow, fast):
            client.send(b"SUB flood 1\r\n")
            client.sync()
        message = b"PUB flood 1000\r\n" + b"x" * 1000 + b"\r\n"
        delivered = len(b"MSG flood 1 1000\r\n") + 1002
        sent, deadline = 0, time.monotonic() + 60
        while metric(eddy, "gnatsd_varz_slow_consumers") == 0:
            assert time.monotonic() < deadline, f"{sent} messages did not make it slow"
            publisher.send(message * 500)
            sent += 500
            drain(fast, 500 * delivered)
        assert slow.is_closed_within(10)
        publisher.sync()
        assert metric(eddy, "gnatsd_varz_slow_consumers") == 1
        assert eddy.peak_memory_bytes() - before < 64 << 20


def test_a_publisher_to_a_slow_consumer_is_slowed_down_first(start_eddy):
    eddy = start_eddy(environment={"EDDY_NATS_MAX_PENDING": "64MB", "EDDY_NATS_WRITE_DEADLINE": "1m"})
    with Client(eddy) as slow, Client(eddy) as publisher:
        slow.send(b"SUB flood 1\r\n")
        slow.sync()
        message = b"PUB flood 10000\r\n" + b"x" * 10000 + b"\r\n"
        deadline = time.monotonic() + 60
        while metric(eddy, "gnatsd_varz_stalled_clients") == 0:
            assert time.monotonic() < deadline
            publisher.send(message * 50)
        assert metric(eddy, "gnatsd_varz_slow_consumers") == 0
        publisher.sync()


def test_a_client_that_takes_nothing_is_closed_at_the_write_deadline(start_eddy):
    eddy = start_eddy(environment={"EDDY_NATS_WRITE_DEADLINE": "500ms"})
    with Client(eddy) as stuck, Client(eddy) as publisher:
        stuck.send(b"SUB flood 1\r\n")
        stuck.sync()
        for _ in range(200):
            publisher.send(b"PUB flood 100000\r\n" + b"x" * 100000 + b"\r\n")
        publisher.sync()
        deadline = time.monotonic() + 20
        while metric(eddy, "gnatsd_varz_slow_consumers") == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert stuck.is_closed_within(10)


def test_a_flood_of_pings_that_nobody_reads_takes_bounded_memory(start_eddy):
    eddy = start_eddy(environment={"EDDY_NATS_WRITE_DEADLINE": "1s"})
    before = eddy.memory_bytes()
    with Client(eddy) as flood:
        flood.socket.settimeout(5)
        try:
            for _ in range(400):
                flood.send(b"PING\r\n" * 20000)
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            pass
        assert eddy.peak_memory_bytes() - before < 128 << 20
    with Client(eddy) as client:
        client.sync()


def test_garbage_on_many_connections_disturbs_nobody(nats_server):
    choose = random.Random(3)
    with Client(nats_server) as steady:
        for _ in range(200):
            with Client(nats_server, None) as client:
                start = choose.choice([b"", b"PUB x ", b"CONNECT ", b"SUB ", b"HPUB a 1 ", b"UNSUB "])
                client.send(start + choose.randbytes(choose.randint(1, 4000)))
        steady.send(b"SUB calm 1\r\nPUB calm 1\r\nx\r\nPING\r\n")
        assert steady.read(23) == b"MSG calm 1 1\r\nx\r\nPONG\r\n"


# --- numbers


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the machine allows only {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_connections_get_one_message_each(many_files, start_eddy):
    eddy = start_eddy()
    before = eddy.memory_bytes()
    clients = [Client(eddy) for _ in range(MANY)]
    for client in clients:
        client.send(b"SUB all 1\r\n")
    for client in clients:
        client.sync()
    idle = eddy.memory_bytes() - before
    with Client(eddy) as publisher:
        publisher.send(b"PUB all 5\r\nhello\r\n")
        for client in clients:
            assert client.read(20) == b"MSG all 1 5\r\nhello\r\n"
    assert metric(eddy, "gnatsd_varz_connections") >= MANY
    assert metric(eddy, "gnatsd_varz_subscriptions") == MANY
    assert "san" in str(eddy.binary) or idle / MANY < 4096, idle / MANY
    for client in clients:
        client.socket.close()


def test_a_hundred_thousand_subscriptions_are_found(start_eddy):
    eddy = start_eddy()
    with Client(eddy) as client, Client(eddy) as publisher:
        client.sync()
        before = eddy.memory_bytes()
        client.send(b"".join(b"SUB foo.bar.%d.%d %d\r\n" % (i % 1000, i, i) for i in range(100000)))
        client.sync()
        each = (eddy.memory_bytes() - before) / 100000
        assert "san" in str(eddy.binary) or each < 250, each
        for i in range(0, 100000, 997):
            publisher.send(b"PUB foo.bar.%d.%d 1\r\nx\r\n" % (i % 1000, i))
            assert client.line() == b"MSG foo.bar.%d.%d %d 1" % (i % 1000, i, i)
            assert client.line() == b"x"
        assert metric(eddy, "gnatsd_varz_subscriptions") == 100000
        client.send(b"".join(b"UNSUB %d\r\n" % i for i in range(100000)))
        client.sync()
        assert metric(eddy, "gnatsd_varz_subscriptions") == 0
