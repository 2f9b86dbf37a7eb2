# SPDX-License-Identifier: Apache-2.0
"""Eddy in the place of nats-server: what it does beyond what test_nats_server_name.py asks of both, and what it refuses."""

import os
import re
import signal
import socket
import subprocess
import time

import pytest
import servers

PATIENCE = 15


@pytest.fixture
def program(request, tmp_path):
    if request.config.getoption("--peer") != "eddy":
        pytest.skip("about eddy only")
    return servers.eddy_as_nats_server(tmp_path)


@pytest.fixture
def start(program, tmp_path):
    running = []

    def begin(*flags, config=""):
        server = servers.Nats(tmp_path / f"s{len(running)}", config, flags, program)
        running.append(server)
        return server.start()

    yield begin
    for server in running:
        server.finish()


def run(program, *flags, **more):
    return subprocess.run([program, *map(str, flags)], capture_output=True, text=True, timeout=PATIENCE, check=False, **more)


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def talk(server, words, until):
    with socket.create_connection(server.nats_address, timeout=PATIENCE) as connection:
        connection.sendall(words)
        return read_until(connection, until)


def read_until(connection, pattern):
    data = b""
    while not re.search(pattern, data, flags=re.S):
        more = connection.recv(1 << 16)
        assert more, f"the connection ended behind {data!r}"
        data += more
    return data


def test_is_a_command_too():
    done = run(servers.eddy_binary(), "nats-server", "--version")
    assert done.stdout.startswith("nats-server: v2.") and done.returncode == 0


def test_listens_everywhere_and_keeps_nothing(program, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    port = servers.free_port()
    process = subprocess.Popen([program, "-p", str(port)], cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        lines = []
        while not lines or not lines[-1].endswith("Server is ready\n"):
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        assert any(line.endswith(f"Listening for client connections on 0.0.0.0:{port}\n") for line in lines), lines
        assert os.listdir(folder) == []
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert "Server Exiting.." in rest
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize(
    "flags", [["--cluster", "nats://127.0.0.1:6222"], ["--routes", "nats://127.0.0.1:6222"], ["--cluster_name", "x"]]
)
def test_a_cluster_is_refused_with_where_to_find_one(program, flags):
    done = run(program, *flags)
    assert done.returncode == 1 and "a NATS cluster, which nats-server makes" in done.stderr


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("cluster { name: x }", "server.conf:1:1: \"cluster\""),
        ("max_control_line: 1mb", "max_control_line: is 64 here at least and 65536 at most"),
        ("max_payload: 100mb, max_pending: 200mb", "max_payload: is 1 here at least and 67108864 at most"),
        ("https_port: 8222", "https_port: monitoring is served in plain text only: http_port"),
        ("http_port: 8222, http_base_path: /nats", "http_base_path: the pages of monitoring are at / and nowhere else"),
        ("client_advertise: nothing", "client_advertise: \"nothing\" is not of the form HOST:PORT"),
    ],
)
def test_what_it_cannot_do_is_refused(program, tmp_path, config, words):
    path = tmp_path / "server.conf"
    path.write_text(config)
    for flags in (["-c", path], ["-t", "-c", path]):
        done = run(program, *flags)
        assert done.returncode == 1 and words in done.stderr, done.stderr


def test_what_changes_nothing_is_said(start):
    server = start(config="prof_port: 0\nlogfile_size_limit: 10mb\n")
    assert re.search(r"\[WRN\] .*server.conf:2: .*rename the file and send SIGUSR1", server.log()), server.log()


def test_a_port_of_minus_one_is_a_free_one(program, tmp_path):
    process = subprocess.Popen([program, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", tmp_path], stderr=subprocess.DEVNULL)
    try:
        path = tmp_path / f"nats-server_{process.pid}.ports"
        wait_for(path.exists, "no ports file")
        port = int(re.search(r'"nats://127\.0\.0\.1:(\d+)"', path.read_text()).group(1))
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        process.terminate()
        assert process.wait(PATIENCE) == 0 and not path.exists()
    finally:
        process.kill()
        process.wait()


def test_lame_duck_mode_ends_the_server(start):
    server = start()
    server.process.send_signal(signal.SIGUSR2)
    assert server.process.wait(PATIENCE) == 0
    assert "Entering lame duck mode" in server.log() and "Server Exiting.." in server.log()


def test_a_signal_ends_lame_duck_mode_at_once(start):
    server = start()
    with socket.create_connection(server.nats_address, timeout=PATIENCE) as connection:
        read_until(connection, rb"INFO .*\r\n")
        server.process.send_signal(signal.SIGUSR2)
        wait_for(lambda: "Entering lame duck mode" in server.log(), server.log())
        server.process.send_signal(signal.SIGUSR2)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0


def test_a_reload_changes_limits_for_those_who_are_there(start):
    server = start(config="max_payload: 100\n")
    with socket.create_connection(server.nats_address, timeout=PATIENCE) as connection:
        connection.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
        read_until(connection, rb"PONG\r\n")
        (server.folder / "server.conf").write_text("max_payload: 5\n")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "Reloaded server configuration" in server.log(), server.log())
        connection.sendall(b"PUB foo 6\r\nabcdef\r\n")
        read_until(connection, rb"-ERR 'Maximum Payload Violation'\r\n")
    assert b'"max_payload":5' in talk(server, b"", rb"INFO .*\r\n")


def test_a_reload_changes_what_is_logged(start):
    server = start(config="debug: false\n")
    for text, wanted in (("trace: true\n", "<<- [PING]"), ("debug: true\n", "Client connection created")):
        assert wanted not in server.log()
        before = server.log().count("Reloaded server configuration")
        (server.folder / "server.conf").write_text(text)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.log().count("Reloaded server configuration") > before, server.log())  # noqa: B023
        talk(server, b"PING\r\n", rb"PONG\r\n")
        wait_for(lambda: wanted in server.log(), server.log())  # noqa: B023


def test_a_reload_reads_included_files_and_keeps_who_is_still_there(start, tmp_path):
    who = tmp_path / "s0" / "who.conf"
    who.parent.mkdir()
    who.write_text("authorization { users = [ { user: a, password: a }, { user: b, password: b } ] }\n")
    server = start(config="include 'who.conf'\n")
    words = b'CONNECT {"verbose":false,"user":"%s","pass":"%s"}\r\nPING\r\n'
    with (
        socket.create_connection(server.nats_address, timeout=PATIENCE) as stays,
        socket.create_connection(server.nats_address, timeout=PATIENCE) as goes,
    ):
        stays.sendall(words % (b"a", b"a"))
        goes.sendall(words % (b"b", b"b"))
        read_until(stays, rb"PONG\r\n")
        read_until(goes, rb"PONG\r\n")
        who.write_text("authorization { users = [ { user: a, password: a }, { user: b, password: other } ] }\n")
        for times in (1, 2):
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: server.log().count("Reloaded server configuration") == times, server.log())  # noqa: B023
        read_until(goes, rb"-ERR 'Authorization Violation'\r\n")
        stays.sendall(b"SUB foo 1\r\nPUB foo 2\r\nhi\r\n")
        read_until(stays, rb"MSG foo 1 2\r\nhi\r\n")
    talk(server, words % (b"b", b"b"), rb"-ERR 'Authorization Violation'\r\n")
    talk(server, words % (b"b", b"other"), rb"PONG\r\n")


def test_a_reload_that_needs_a_restart_changes_nothing(start):
    server = start(config="server_name: one\nmax_payload: 100\n")
    (server.folder / "server.conf").write_text("server_name: two\nmax_payload: 5\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "config reload not supported for server_name" in server.log(), server.log())
    info = talk(server, b"", rb"INFO .*\r\n")
    assert b'"server_name":"one"' in info and b'"max_payload":100' in info


def test_a_reload_without_a_file_is_an_error(program, tmp_path):
    port = servers.free_port()
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([program, "-a", "127.0.0.1", "-p", str(port)], stderr=log)
    try:
        wait_for(lambda: "Server is ready" in (tmp_path / "log").read_text(), "not ready")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: "there is no configuration file" in (tmp_path / "log").read_text(), "nothing said")
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    finally:
        process.kill()
        process.wait()


def test_a_signal_needs_somebody_to_get_it(program, start, tmp_path):
    for target in ("99999999", "0", "-1", tmp_path / "nothing", __file__):
        done = run(program, "--signal", f"reload={target}")
        assert done.returncode == 1 and done.stderr.startswith("nats-server: "), done
    first, second = start(), start()
    done = run(program, "--signal", "reload")
    assert done.returncode == 1 and done.stderr.startswith("nats-server: multiple nats-server processes running:\n")
    assert {str(first.pid), str(second.pid)} <= set(done.stderr.split())
    done = run(program, "--signal", "reload=0*")
    assert done.returncode == 1 and "no nats-server processes running with the id 0*" in done.stderr
    # Others may run beside this test: only these two are told.
    for server in (first, second):
        assert run(program, "--signal", f"reopen={server.pid}*").returncode == 0
        wait_for(lambda: "File log re-open ignored" in server.log(), server.log())  # noqa: B023


@pytest.mark.parametrize(("name", "words"), [("reload", "Reloaded server configuration"), ("reopen", "File log re-open ignored")])
def test_tells_another_by_its_pid_file(program, start, tmp_path, name, words):
    server = start("-P", tmp_path / "pid")
    assert run(program, f"--signal={name}={tmp_path / 'pid'}").returncode == 0
    wait_for(lambda: words in server.log(), server.log())


def test_a_pid_file_that_cannot_be_written_ends_it(program, tmp_path):
    done = run(program, "-a", "127.0.0.1", "-p", servers.free_port(), "-P", tmp_path / "nowhere" / "pid")
    assert done.returncode == 1 and "cannot write the pid file" in done.stderr


def test_a_log_file_that_cannot_be_opened_ends_it(program, tmp_path):
    done = run(program, "-a", "127.0.0.1", "-p", servers.free_port(), "-l", tmp_path / "nowhere" / "log")
    assert done.returncode == 1 and "cannot open the log file" in done.stderr
