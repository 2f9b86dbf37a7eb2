# SPDX-License-Identifier: Apache-2.0
"""What tools that start a `nats-server` count on: its flags, files, signals, log lines and ports.

Runs against eddy by the name of nats-server, and with --peer nats against nats-server itself.
"""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
import servers

PATIENCE = 15
LOG_LINE = r"\[(\d+)\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[(INF|DBG|TRC|WRN|ERR)\] "


@pytest.fixture
def program(request, tmp_path):
    """The path of what goes by the name of nats-server."""
    if request.config.getoption("--peer") == "nats":
        if not servers.Nats.is_available():
            pytest.skip("nats-server is not there: script/setup --full")
        return servers.Nats.peer
    if request.config.getoption("--peer") == "kafka":
        pytest.skip("Kafka does not go by the name of nats-server")
    return servers.eddy_as_nats_server(tmp_path)


@pytest.fixture
def start(program, tmp_path):
    """start(*flags, config=""): a running one; its port is a free one. Ended after the test."""
    running = []

    def begin(*flags, config=""):
        server = servers.Nats(tmp_path / f"s{len(running)}", config, flags, program)
        running.append(server.start())
        return server

    yield begin
    for server in running:
        server.finish()


def run(program, *flags):
    return subprocess.run([program, *map(str, flags)], capture_output=True, text=True, timeout=PATIENCE, check=False)


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
    return found


def connect(server, options='{"verbose":false,"protocol":1}'):
    """A connection that has had the answer to its first PING, and INFO behind it."""
    connection = socket.create_connection(server.nats_address, timeout=PATIENCE)
    connection.sendall(f"CONNECT {options}\r\nPING\r\nPING\r\n".encode())
    assert read_until(connection, rb"(PONG.*){2}\r\n|-ERR.*\r\n").count(b"PONG") == 2
    return connection


def read_until(connection, pattern):
    data = b""
    while not re.search(pattern, data, flags=re.S):
        more = connection.recv(1 << 16)
        assert more, f"the connection ended behind {data!r}"
        data += more
    return data


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return json.load(answer)


@pytest.mark.parametrize("flags", [["-v"], ["--version"], ["version"]])
def test_tells_its_version(program, flags):
    done = run(program, *flags)
    assert re.fullmatch(r"nats-server: v2\.\d+\.\d+\S*\n", done.stdout) and done.returncode == 0


@pytest.mark.parametrize("flags", [["-h"], ["--help"], ["help"]])
def test_shows_its_help(program, flags):
    done = run(program, *flags)
    assert "Usage: nats-server [options]" in done.stdout and "-p, --port <port>" in done.stdout and done.returncode == 0


def test_shows_its_help_for_flags_that_it_does_not_know(program):
    done = run(program, "--zzz")
    assert done.stderr.startswith("flag provided but not defined: -zzz\n")
    assert "Usage: nats-server [options]" in done.stdout and done.returncode == 0


def test_tests_a_configuration(program, tmp_path):
    path = tmp_path / "x.conf"
    path.write_text("port: 4222\n")
    done = run(program, "-t", "-c", path)
    assert re.fullmatch(rf"nats-server: configuration file {path} is valid \(sha256:[0-9a-f]{{64}}\)\n", done.stderr)
    assert done.returncode == 0 and done.stdout == ""
    path.write_text("prt: 4222\n")
    done = run(program, "-t", "-c", path)
    assert done.stderr.startswith("nats-server: ") and f"{path}:1:" in done.stderr and "prt" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(("config", "code"), [("port: 4333\n" + "# long\n" * 12000, 0), ("port: {", 1)])
def test_a_configuration_may_come_through_a_pipe(program, config, code):
    command = ["bash", "-c", '"$0" -t -c <(printf %s "$1"; sleep 0.1; printf "%s" "$2")', str(program), config[:9], config[9:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code, done.stderr
    assert code != 0 or "is valid" in done.stderr


def test_log_lines(start):
    server = start("-D", config="max_payload: 1mb\n")
    wait_for(lambda: "Server is ready" in server.log(), server.log())
    lines = server.log().splitlines()
    assert all(re.match(LOG_LINE, line) for line in lines), lines
    assert {re.match(LOG_LINE, line).group(1) for line in lines} == {str(server.pid)}
    assert any(line.endswith(f"Listening for client connections on {server.host}:{server.port}") for line in lines), lines
    assert re.search(LOG_LINE + "Server is ready$", server.log(), flags=re.M)


def test_log_lines_without_the_time(start):
    server = start("-T=false")
    wait_for(lambda: "Server is ready" in server.log(), server.log())
    assert re.search(r"^\[\d+\] \[INF\] Server is ready$", server.log(), flags=re.M), server.log()


def test_traces_what_clients_say(start):
    server = start("-DV")
    connection = connect(server)
    connection.sendall(b"SUB foo 1\r\nPING\r\n")
    read_until(connection, rb"PONG\r\n")
    connection.close()
    wait_for(lambda: re.search(r"\[TRC\] .*<<- \[SUB foo +1\]", server.log()), server.log())


def test_a_pid_file(start, tmp_path):
    server = start("-P", tmp_path / "pid")
    assert (tmp_path / "pid").read_text().strip() == str(server.pid)


def test_a_ports_file(start, tmp_path):
    server = start("--ports_file_dir", tmp_path, "-m", "-1")
    path = wait_for(lambda: next(iter(tmp_path.glob("*.ports")), None), "no ports file")
    ports = wait_for(lambda: path.read_text() and json.loads(path.read_text()), "the ports file is empty")
    assert path.name == f"nats-server_{server.pid}.ports"
    assert ports["nats"] == [f"nats://{server.host}:{server.port}"]
    assert re.fullmatch(rf"http://{server.host}:\d+", ports["monitoring"][0])
    server.stop()
    assert not path.exists()


def test_a_log_file_is_opened_again(start, tmp_path):
    path = tmp_path / "server.log"
    server = start("-l", path)
    wait_for(lambda: "Server is ready" in path.read_text(), "no line in the file")
    path.rename(tmp_path / "old.log")
    server.process.send_signal(signal.SIGUSR1)
    wait_for(path.exists, "the file was not opened again")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(start, number):
    server = start()
    connection = connect(server)
    server.process.send_signal(number)
    assert server.process.wait(PATIENCE) == 0
    assert connection.recv(100) == b""


def test_lame_duck(start):
    server = start(config="lame_duck_duration: 30s, lame_duck_grace_period: 1s")
    connection = connect(server)
    server.process.send_signal(signal.SIGUSR2)
    assert b'"ldm":true' in read_until(connection, rb"INFO .*\r\n")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.nats_address, timeout=PATIENCE)
    connection.sendall(b"PING\r\n")  # who is there is served until it is closed
    read_until(connection, rb"PONG\r\n")
    connection.close()
    assert server.process.wait(PATIENCE) == 0  # nobody is left


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize("name", ["quit", "stop", "term"])
def test_tells_another_to_end(program, start, tmp_path, name, by_file):
    server = start("-P", tmp_path / "pid")
    done = run(program, "--signal", f"{name}={tmp_path / 'pid' if by_file else server.pid}")
    assert done.returncode == 0, done.stderr
    server.process.wait(PATIENCE)


def test_reload_changes_who_may_come_in(start):
    server = start(config="authorization { token: first }\n")
    connection = connect(server, '{"verbose":false,"auth_token":"first"}')
    (server.folder / "server.conf").write_text("authorization { token: second }\n")
    server.process.send_signal(signal.SIGHUP)
    assert b"-ERR 'Authorization Violation'" in read_until(connection, rb"-ERR.*\r\n")
    connect(server, '{"verbose":false,"auth_token":"second"}').close()


def test_reload_changes_what_those_who_are_there_may_do(start):
    text = "authorization { users = [ { user: ruled, password: r, permissions: { %s } } ] }"
    server = start(config=text % 'publish: ">", subscribe: ["a", "b"]')
    connection = connect(server, '{"verbose":false,"user":"ruled","pass":"r"}')
    connection.sendall(b"SUB a 1\r\nSUB b 2\r\nSUB b q 3\r\nPING\r\n")
    read_until(connection, rb"PONG\r\n")
    (server.folder / "server.conf").write_text(text % 'publish: ["a", "b"], subscribe: ["a", "c"]')
    server.process.send_signal(signal.SIGHUP)
    told = read_until(connection, rb"(-ERR.*\r\n){2}")
    assert b"-ERR 'Permissions Violation for Subscription to \"b\" (sid \"2\")'\r\n" in told
    assert b"-ERR 'Permissions Violation for Subscription to \"b\" using queue \"q\" (sid \"3\")'\r\n" in told
    connection.sendall(b"PUB c 0\r\n\r\nSUB c 4\r\nPUB b 1\r\nb\r\nPUB a 1\r\na\r\nPING\r\n")
    told = read_until(connection, rb"PONG\r\n")
    assert told == b"-ERR 'Permissions Violation for Publish to \"c\"'\r\nMSG a 1 1\r\na\r\nPONG\r\n"


def test_reload_keeps_what_it_has_when_the_file_is_wrong(start):
    server = start(config="authorization { token: first }\n")
    connection = connect(server, '{"verbose":false,"auth_token":"first"}')
    (server.folder / "server.conf").write_text("authorization { tokn: second }\n")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: re.search(r"\[ERR\] .*tokn", server.log()), server.log())
    connection.sendall(b"PING\r\n")
    read_until(connection, rb"PONG\r\n")
    connect(server, '{"verbose":false,"auth_token":"first"}').close()


def test_flags_are_stronger_than_the_file(start):
    server = start("--auth", "flag", config="authorization { token: file }\nport: 1\n")
    connect(server, '{"verbose":false,"auth_token":"flag"}').close()


def test_a_user_by_flags(start):
    server = start("--user", "bob", "--pass", "builder")
    connect(server, '{"verbose":false,"user":"bob","pass":"builder"}').close()


def test_monitoring(start):
    port = servers.free_port()
    server = start("-m", str(port), "-n", "one")
    connection = connect(server, '{"verbose":false,"name":"me","lang":"test"}')
    connection.sendall(b"SUB foo 1\r\nPUB foo 2\r\nhi\r\nPING\r\n")
    read_until(connection, rb"PONG\r\n")
    assert get(port, "/healthz") == {"status": "ok"}
    server_figures = get(port, "/varz")
    assert server_figures["server_name"] == "one" and server_figures["connections"] == 1
    assert server_figures["port"] == server.port and server_figures["max_payload"] == 1 << 20
    assert (server_figures["in_msgs"], server_figures["out_bytes"]) == (1, 2)
    (figures,) = get(port, "/connz?subs=1")["connections"]
    assert (figures["name"], figures["lang"], figures["in_bytes"]) == ("me", "test", 2)
    assert figures["subscriptions_list"] == ["foo"]
    assert get(port, "/subsz")["num_subscriptions"] >= 1


def test_a_port_that_is_taken(program, start):
    server = start()
    done = run(program, "-a", server.host, "-p", server.port)
    assert done.returncode == 1
    assert "address already in use" in done.stderr and str(server.port) in done.stderr
