# SPDX-License-Identifier: Apache-2.0
"""The console door: /metrics, /healthz, /readyz, and what a strict HTTP/1.1 server refuses (RFC 9112)."""

import os
import pathlib
import re
import socket
import subprocess
import time

import pytest
import wire



@pytest.fixture
def console(broker, request):
    if not hasattr(broker, "doors"):
        pytest.skip("the peer has no console")
    return broker.doors["console"]


def ask(address, request, size=1 << 20):
    """Sends raw bytes and returns (status, header section, body); the server closes or has answered whole."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request)
        data = b""
        while True:
            head, separator, body = data.partition(b"\r\n\r\n")
            if separator:
                lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
                if len(body) >= int(lines.get(b"content-length", size)) or request.startswith(b"HEAD"):
                    break
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]) if head else None, head.decode(), body.decode()


def get(address, path, host=None):
    host = host or f"{address[0]}:{address[1]}"
    return ask(address, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
def test_answers(console, path):
    assert get(console, path)[0] == 200


def test_unknown_path(console):
    assert get(console, "/no/such/page")[0] == 404


def test_unknown_method(console):
    assert ask(console, b"DELETE /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[0] in (405, 501)


def test_head_has_no_body(console):
    status, _, body = ask(console, b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (status, body) == (200, "")


def test_metrics_count_what_was_produced(console, broker, topic):
    with wire.Connection(broker) as connection:
        wire.new_topic(connection, topic)
        for _ in range(3):
            assert wire.produce(connection, topic, wire.batch())[0] == 0
    status, head, body = get(console, "/metrics")
    assert status == 200
    assert "content-type: text/plain" in head.lower()
    line = next(line for line in body.splitlines() if line.startswith("kafka_topic_partition_current_offset") and topic in line)
    assert float(line.split()[-1]) == 3


def test_promtool_finds_nothing_to_complain_about(console, promtool):
    _, _, body = get(console, "/metrics")
    done = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:1@evil.example"])
def test_refuses_a_foreign_host(console, host):
    """A page on another site that had its name resolve to 127.0.0.1 (rebinding) is refused."""
    assert get(console, "/metrics", host)[0] in (400, 403, 421)


BAD = {
    "no_host": b"GET / HTTP/1.1\r\n\r\n",
    "two_hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "a_space_before_the_colon": b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "a_folded_line": b"GET / HTTP/1.1\r\nHost: localhost\r\n X: 1\r\n\r\n",
    "a_bare_carriage_return": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
    "length_and_chunked": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two_lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a_negative_length": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -3\r\n\r\n",
    "a_length_with_a_sign": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +3\r\n\r\nabc",
    "no_request_line": b"hello\r\n\r\n",
    "a_version_of_the_future": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a_null_in_the_path": b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("case", BAD)
def test_refuses(console, case):
    status, head, _ = ask(console, BAD[case])
    assert status in (400, 405, 501, 505), head


def test_limits(console):
    assert ask(console, b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] in (400, 414, None)
    many = b"".join(b"X-%d: 1\r\n" % i for i in range(10_000))
    assert ask(console, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")[0] in (400, 431, None)
    assert get(console, "/healthz")[0] == 200


def test_pipelined_requests_are_answered_in_order(console):
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(console, timeout=10) as connection:
        connection.sendall(one * 5 + last)
        data = b""
        while piece := connection.recv(65536):
            data += piece
    assert re.findall(rb"HTTP/1\.1 (\d+) ", data) == [b"200"] * 5 + [b"404"]


def test_metrics_of_many_partitions_hold_nobody_up(start_eddy, topic):
    server = start_eddy()
    console = server.doors["console"]
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, 2000)
    slowest = 0
    with socket.create_connection(console, timeout=10) as scraper, socket.create_connection(console, timeout=10) as other:
        scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        for _ in range(200):
            started = time.monotonic()
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert other.recv(4096).startswith(b"HTTP/1.1 200 ")
            slowest = max(slowest, time.monotonic() - started)
        page = b""
        while piece := scraper.recv(1 << 20):
            page += piece
    assert slowest < 0.5
    assert page.count(b'kafka_log_log_size{topic="' + topic.encode()) == 2000


def test_ready_again_after_a_restart(start_eddy):
    server = start_eddy()
    assert get(server.doors["console"], "/readyz")[0] == 200
    assert server.stop() == 0
    server.restart()
    assert get(server.doors["console"], "/readyz")[0] == 200


def test_answers_all_that_was_asked_before_the_end_of_the_stream(start_eddy, topic):
    server = start_eddy()
    console = server.doors["console"]
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, 1000)  # the page is made in many turns
    with socket.create_connection(console, timeout=10) as script:
        script.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3 + b"GET /healthz HT")
        script.shutdown(socket.SHUT_WR)
        data = b""
        while piece := script.recv(65536):
            data += piece
    assert data.count(b"HTTP/1.1 200 OK") == 3
