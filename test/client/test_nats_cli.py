# SPDX-License-Identifier: Apache-2.0
"""eddy pub, sub, request and reply on the NATS door."""

import json
import socket
import subprocess
import threading
import uuid

import pytest

WAIT_SECONDS = 20


@pytest.fixture
def subject():
    return f"c.{uuid.uuid4().hex[:10]}"


@pytest.fixture
def eddy_run(nats_server):
    def run(*arguments, text=None, code=0):
        command = [nats_server.binary, arguments[0], "--server", nats_server.nats, *arguments[1:]]
        done = subprocess.run(command, input=text, capture_output=True, timeout=WAIT_SECONDS, check=False)
        assert done.returncode == code, done
        return done.stdout, done.stderr.decode()

    return run


@pytest.fixture
def eddy_start(nats_server):
    started = []

    def start(*arguments):
        """Starts a command that waits, and returns it once its subscription is there."""
        before = subscriptions(nats_server)
        command = [nats_server.binary, arguments[0], "--server", nats_server.nats, *arguments[1:]]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        while subscriptions(nats_server) == before:
            assert started[-1].poll() is None, started[-1].communicate()
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=WAIT_SECONDS)


def subscriptions(server):
    from test_nats_wire import metric

    return metric(server, "gnatsd_varz_subscriptions")


def test_a_published_text_is_printed(eddy_run, eddy_start, subject):
    sub = eddy_start("sub", subject, "--count", "2")
    assert eddy_run("pub", subject, "Hello from NATS!") == (b"", "")
    assert eddy_run("pub", subject, "", "--json") == (b'{"published":1}\n', "")
    assert sub.communicate(timeout=WAIT_SECONDS) == (b"Hello from NATS!\n\n", b"")
    assert sub.returncode == 0


def test_each_line_of_the_input_is_a_message(eddy_run, eddy_start, subject):
    lines = [b"%d %s" % (i, b"x" * (i % 300)) for i in range(5000)]
    sub = eddy_start("sub", f"{subject}.>", "--count", "5000")
    eddy_run("pub", f"{subject}.lines", text=b"\n".join(lines))
    out, _ = sub.communicate(timeout=WAIT_SECONDS)
    assert out.splitlines() == lines


def test_json_loses_nothing(eddy_run, eddy_start, subject):
    sub = eddy_start("sub", subject, "--count", "2", "--json")
    eddy_run("pub", subject, "text", "--reply", "to.me")
    eddy_run("pub", subject, text=b"\xff\x00")
    out, _ = sub.communicate(timeout=WAIT_SECONDS)
    assert [json.loads(line) for line in out.splitlines()] == [
        {"subject": subject, "reply": "to.me", "data": "text"},
        {"subject": subject, "data_base64": "/wA="},
    ]


def test_a_request_is_answered(eddy_run, eddy_start, subject):
    echo = eddy_start("reply", subject, "--count", "1")
    assert eddy_run("request", subject, "are you there?") == (b"are you there?\n", "")
    assert echo.communicate(timeout=WAIT_SECONDS) == (b"are you there?\n", b"")
    eddy_start("reply", subject, "yes", "--count", "1")
    assert eddy_run("request", subject) == (b"yes\n", "")


def test_a_queue_shares_the_messages(eddy_run, eddy_start, subject):
    first, second = (eddy_start("sub", subject, "--queue", "q", "--count", "1") for _ in range(2))
    for _ in range(50):
        eddy_run("pub", subject, "x", "--count", "10")
        if first.poll() is not None and second.poll() is not None:
            break
    assert (first.returncode, second.returncode) == (0, 0)


# What is wrong, what the sentence names, and the exit code: 2 when the command line is wrong, 1 when it was tried.
FAILURES = {
    "publish_to_a_wildcard": (["pub", "a.*", "x"], "no wildcards", 2),
    "empty_token": (["sub", "a..b"], "tokens with a dot between them", 2),
    "space": (["pub", "a b", "x"], "tokens with a dot between them", 2),
    "not_a_url": (["pub", "a", "x", "--server", "http://localhost"], "nats://HOST:PORT", 2),
    "nobody_answers": (["request", "no.such.service"], "no service is subscribed", 1),
    "nobody_listens": (["pub", "a", "x", "--server", "127.0.0.1:1"], "eddy serve", 1),
    "too_large": (["pub", "a"], "more than the server takes", 1),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures_say_what_to_do(eddy_run, case):
    arguments, words, code = FAILURES[case]
    _, said = eddy_run(*arguments, text=b"x" * (2 << 20), code=code)
    assert words in said and said.startswith(f"eddy {arguments[0]}: "), said


def test_a_service_that_is_silent_times_out(eddy_run, eddy_start, subject):
    eddy_start("sub", subject)
    _, said = eddy_run("request", subject, "--timeout", "200ms", code=1)
    assert "no answer within 200 ms" in said


def test_something_else_than_nats_is_recognised(eddy_run):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with server.accept()[0] as connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                connection.recv(100)

        thread = threading.Thread(target=answer)
        thread.start()
        _, said = eddy_run("pub", "a", "x", "--server", f"127.0.0.1:{server.getsockname()[1]}", code=1)
        thread.join(WAIT_SECONDS)
    assert "does not speak NATS" in said
