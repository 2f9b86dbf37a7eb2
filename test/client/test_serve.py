# SPDX-License-Identifier: Apache-2.0
"""`eddy serve`: start, stop, and what refuses to start."""

import signal
import socket
import subprocess
import time

import pytest
import servers
import wire


def refused(start_eddy, *arguments, environment=None):
    """Starts eddy, which must end by itself, and returns what it said."""
    with pytest.raises(servers.ServerFailed) as ended:
        start_eddy(*arguments, environment=environment)
    return str(ended.value)


def test_a_busy_port_names_the_flag_that_moves_it(start_eddy):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(start_eddy, "--kafka", f"127.0.0.1:{port}")
        assert str(port) in said and "--kafka" in said
        assert "--console" in refused(start_eddy, "--console", f"127.0.0.1:{port}")


def test_a_folder_that_a_failed_start_made_is_as_good_as_a_new_one(start_eddy, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(servers.ServerFailed):
            start_eddy("--console", f"127.0.0.1:{taken.getsockname()[1]}", folder=tmp_path / "one")
    assert (tmp_path / "one" / "data" / "format").exists()
    server = start_eddy(folder=tmp_path / "one")
    with wire.Connection(server) as connection:
        wire.new_topic(connection, "t")
        assert wire.produce(connection, "t", wire.batch()) == (0, 0)
    assert "set aside" not in server.log() and "torn" not in server.log()


# The command line, and what the sentence must name. Nothing is made, and the exit code is 2.
WRONG_OPTIONS = {
    "beyond_loopback_without_insecure": (["--kafka", "0.0.0.0:0"], ["--kafka", "0.0.0.0", "--insecure"]),
    "two_doors_on_one_port": (["--kafka", "127.0.0.1:9092", "--console", "127.0.0.1:9092"], ["--kafka", "--console", "9092"]),
    "one_door_on_all_addresses": (
        ["--kafka", "0.0.0.0:9092", "--console", "127.0.0.1:9092", "--insecure"],
        ["--kafka", "--console", "9092"],
    ),
    "one_port_on_localhost_and_its_number": (["--kafka", "localhost:9092", "--console", "[::1]:9092"], ["--console", "9092"]),
    "all_doors_off": (
        ["--kafka", "off", "--nats", "off", "--kube", "off", "--console", "off"],
        ["--kafka", "--nats", "--console", "off"],
    ),
    "advertise_without_a_port": (["--kafka-advertise", "example.com"], ["--kafka-advertise", "example.com", "HOST:PORT"]),
    "advertise_without_a_host": (["--kafka-advertise", ":9092"], ["--kafka-advertise", "HOST:PORT"]),
    "advertise_a_port_alone": (["--kafka-advertise", "9092"], ["--kafka-advertise", "HOST:PORT"]),
    "advertise_port_0": (["--kafka-advertise", "example.com:0"], ["--kafka-advertise", "HOST:PORT"]),
    "advertise_a_listener_of_kafka": (["--kafka-advertise", "PLAINTEXT://example.com:9092"], ["PLAINTEXT://", "HOST:PORT"]),
    "advertise_two": (["--kafka-advertise", "a:9092,b:9092"], ["--kafka-advertise", "HOST:PORT"]),
    "advertise_nats_without_a_port": (["--nats-advertise", "example.com"], ["--nats-advertise", "HOST:PORT"]),
    "nats_beyond_loopback": (["--nats", "0.0.0.0:0"], ["--nats", "0.0.0.0", "--insecure"]),
    "kube_beyond_loopback_without_tls": (["--kube", "0.0.0.0:0", "--kube-tls=false"], ["--kube", "0.0.0.0", "--kube-tls", "--insecure"]),
    "apply_without_the_kubernetes_api": (["--apply", ".", "--kube", "off"], ["--apply", "--kube", "off"]),
    "advertise_all_addresses": (["--kafka-advertise", "0.0.0.0:9092"], ["0.0.0.0", "no client can connect"]),
}


@pytest.mark.parametrize("case", WRONG_OPTIONS)
def test_refuses_before_anything_is_made(start_eddy, tmp_path, case):
    arguments, words = WRONG_OPTIONS[case]
    binary = start_eddy().binary
    for command in ("serve", "config"):
        done = subprocess.run(
            [binary, command, "--data", tmp_path / "new", *arguments], capture_output=True, text=True, timeout=20, check=False
        )
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert all(word in done.stderr for word in words), done.stderr
        assert done.stderr.count("\n") == 1, "one sentence, and no log line"
    assert not (tmp_path / "new").exists()


def test_advertises_what_it_is_told(start_eddy):
    server = start_eddy("--kafka-advertise", "broker.example.com:19092")
    with wire.Connection(server) as connection:
        reader = connection.ask(wire.METADATA, 1, b"\0\0\0\0")
        assert reader.take("i") == 1
        assert (reader.take("i"), reader.text(), reader.take("i")) == (1, "broker.example.com", 19092)


def test_a_variable_that_is_no_option_is_named(start_eddy):
    """And what Kubernetes sets for a service of our name is not."""
    links = {"EDDY_SERVICE_HOST": "10.0.0.1", "EDDY_SERVICE_PORT_KAFKA": "9092", "EDDY_PORT": "tcp://10.0.0.1:9092"}
    links |= {"EDDY_PORT_9092_TCP_ADDR": "10.0.0.1", "EDDY_KAFKA_PORT": "tcp://10.0.0.1:9092", "EDDY_BOOTSTRAP": "localhost:9092"}
    wrong = {"EDDY_LOG_LEVL": "debug", "EDDY_NOTHING_LIKE_IT": "1", "EDDY_EMPTY": ""}
    server = start_eddy(environment={**links, **wrong})
    said = wait_for_log(server, "eddy starts")
    assert "variable=EDDY_LOG_LEVL did_you_mean=EDDY_LOG_LEVEL" in said
    assert "variable=EDDY_NOTHING_LIKE_IT" in said
    for name in [*links, "EDDY_EMPTY"]:
        assert f"variable={name}\n" not in said and f"variable={name} " not in said


def test_a_later_flag_overrides_an_earlier_one_and_flags_override_the_environment(start_eddy):
    server = start_eddy("--console", "off", "--console", "127.0.0.1:0", environment={"EDDY_CONSOLE": "off"})
    assert "console" in server.doors


def test_a_closed_door_is_not_opened(start_eddy):
    assert "console" not in start_eddy("--console", "off").doors


def test_a_config_file(start_eddy, tmp_path):
    file = tmp_path / "eddy.yaml"
    file.write_text("console: 'off'\n")
    # The harness gives --console, which wins over the file; the file's own mistakes are still reported.
    assert "console" in start_eddy("--config", str(file)).doors
    file.write_text("consol: 'off'\n")
    assert "consol" in refused(start_eddy, "--config", str(file))
    file.write_text("flush: sometimes\n")
    assert "sometimes" in refused(start_eddy, "--config", str(file))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_order(start_eddy, topic, number):
    server = start_eddy()
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic)
        assert wire.produce(connection, topic, wire.batch()) == (0, 0)
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert connection.closed()
    server.restart()
    with wire.Connection(server) as connection:
        assert wire.fetch(connection, topic, 0)[1] == 1


def test_ends_while_a_fetch_waits(start_eddy, topic):
    server = start_eddy()
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic)
        connection.request(wire.FETCH, 4, wire.fetch_body(topic, 0, wait_ms=60_000, min_bytes=1))
        time.sleep(0.2)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 10


def test_listens_on_both_families_of_localhost(start_eddy):
    server = start_eddy("--kafka", "localhost:0")
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            probe = socket.socket(family)
            probe.bind((host, 0))
        except OSError:
            continue  # this machine has no such family
        probe.close()
        with socket.create_connection((host, server.port), timeout=5) as connection:
            connection.sendall(b"\0\0\0\x0a\0\x12\0\0\0\0\0\1\xff\xff")
            assert len(connection.recv(8)) > 0


def test_log_lines_in_json(start_eddy, topic):
    import json

    server = start_eddy("--log-format", "json")
    server.stop()
    lines = server.log(1 << 20).splitlines()
    assert lines
    for line in lines:
        assert {"time", "level"} <= set(json.loads(line)), line


def test_the_lock_is_gone_with_its_process(start_eddy):
    server = start_eddy()
    server.kill()
    server.restart()
    assert server.is_running()


def test_leaves_no_process_behind(start_eddy):
    server = start_eddy()
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True, check=False).stdout.split()
    server.kill()
    deadline = time.monotonic() + 5
    while any(subprocess.run(["ps", "-p", child], capture_output=True, check=False).returncode == 0 for child in children):
        assert time.monotonic() < deadline, "the keeper outlived eddy"
        time.sleep(0.05)


def test_hangup_applies_what_is_live_and_names_the_rest(start_eddy, tmp_path):
    file = tmp_path / "eddy.yaml"
    file.write_text("log.level: info\n")
    server = start_eddy("--config", str(file))
    file.write_text("log.level: debug\nmemory: 65MB\n")
    server.process.send_signal(signal.SIGHUP)
    file_read = wait_for_log(server, "needs a restart option=memory")
    assert "option changed option=log.level" in file_read
    file.write_text("log.levl: debug\n")
    server.process.send_signal(signal.SIGHUP)
    assert "did you mean log.level" in wait_for_log(server, "is not valid; nothing changes")
    assert server.is_running()
    assert server.stop() == 0


def test_signals_of_nats_server_do_not_end_it(start_eddy):
    server = start_eddy()
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        server.process.send_signal(number)
        wait_for_log(server, f"this signal means nothing here signal={int(number)}")
    assert server.stop() == 0


def wait_for_log(server, words):
    deadline = time.monotonic() + 10
    while words not in server.log(1 << 20):
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)
    time.sleep(0.1)
    return server.log(1 << 20)


def test_several_loops_share_the_doors(start_eddy, topic):
    server = start_eddy("--loops", "3")
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, 8)
    for number in range(24):
        with wire.Connection(server) as connection:
            assert wire.produce(connection, topic, wire.batch(), partition=number % 8) == (0, number // 8)
    assert server.stop() == 0


def test_the_defaults_that_config_prints_are_accepted(start_eddy, tmp_path):
    server = start_eddy()
    printed = subprocess.run([server.binary, "config", "--defaults"], capture_output=True, text=True, timeout=10, check=True).stdout
    file = tmp_path / "defaults.yaml"
    file.write_text(printed)
    assert start_eddy("--config", str(file)).is_running()
