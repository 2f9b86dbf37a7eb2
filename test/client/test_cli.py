# SPDX-License-Identifier: Apache-2.0
"""The command line: what it prints, what it says when something is wrong, and the exit codes that scripts rely on."""

import base64
import json
import os
import re
import subprocess
import time

import pytest
import servers
import wire

WORKED, FAILED, USAGE = 0, 1, 2
UNKNOWN_TOPIC = 3


def test_version(cli):
    assert cli("version").startswith("eddy ")
    assert "version" in json.loads(cli("version", "--json"))


def test_help_names_every_command(cli):
    said = cli("--help")
    for command in ("serve", "topic", "group", "produce", "consume", "config", "version"):
        assert command in said
        assert "usage: eddy " + command in cli(command, "--help")
        assert cli("help", command) == cli(command, "--help")
    assert cli("help", "group", "reset") == cli("group", "reset", "--help")
    assert "--kafka" in cli("serve", "--help")


# Words of a command line, the exit code, and what standard error must name. TOPIC has one partition with offsets 0 to 2,
# WIDE has three that hold nothing, FREE is a port where nobody listens, HTTP one where the console does.
MISTAKES = {
    "no_command": ("", USAGE, []),
    "a_command_that_is_nearly_right": ("consum", USAGE, ['"consume"', "eddy help"]),
    "help_for_a_command_that_is_not": ("help topics", USAGE, ['"topics"', '"topic"']),
    "a_flag_that_is_nearly_right": ("serve --kafk off", USAGE, ["--kafk", "--kafka"]),
    "a_nats_server_for_a_kafka_command": ("topic list --server nats://x:1", USAGE, ["--server: this command speaks Kafka", "--bootstrap"]),
    "its_letter": ("topic list -s x:1", USAGE, ["-s: this command speaks Kafka"]),
    "a_kafka_server_for_a_nats_command": ("pub a b --bootstrap x:1", USAGE, ["--bootstrap: this command speaks NATS", "--server"]),
    "a_flag_of_kafkas_tools": ("topic list --bootstrap-server x:1", USAGE, ["--bootstrap-server", "did you mean --bootstrap?"]),
    "another_flag_of_kafkas_tools": ("consume t --from-beginning", USAGE, ["--from-beginning", "did you mean --from?"]),
    "an_option_without_a_flag": ("serve --kafka-group-size-max 5", USAGE, ["no flag", "EDDY_KAFKA_GROUP_SIZE_MAX"]),
    "a_flag_without_its_value": ("serve --data", USAGE, ["--data", "needs a value"]),
    "an_argument_for_serve": ("serve now", USAGE, ["now", "no option"]),
    "a_config_file_that_is_not": ("serve --config nofile.yaml", USAGE, ["nofile.yaml", "no such config file", "--defaults"]),
    "a_folder_as_config_file": ("serve --config /tmp", USAGE, ["/tmp", "must be a file"]),
    "a_host_that_is_not": (
        "serve --data {folder} --insecure --console off --kafka nohost.invalid:9",
        FAILED,
        ["--kafka", "nohost.invalid:9"],
    ),
    "an_address_of_another_machine": (
        "serve --data {folder} --insecure --console off --kafka 192.0.2.1:9999",
        FAILED,
        ["--kafka", "192.0.2.1:9999"],
    ),
    "a_data_folder_that_is_a_file": ("serve --data {file} --console off", FAILED, ["{file}:", "is no folder", "--data"]),
    "no_topic_to_create": ("topic create", USAGE, ["NAME is missing", "usage: eddy topic create NAME"]),
    "one_argument_too_many": ("topic list t", USAGE, ["t:", "one too many", "usage: eddy topic list"]),
    "an_action_that_is_nearly_right": ("topic lst", USAGE, ["lst", '"list"']),
    "a_config_without_a_value": ("topic create x retention.ms", USAGE, ["retention.ms", "KEY=VALUE"]),
    "a_config_without_a_name": ("topic create x =5", USAGE, ["=5", "KEY=VALUE"]),
    "a_config_that_is_not": ("topic create x no.such=1 {place}", FAILED, ["x:", "no.such"]),
    "a_config_of_the_wrong_kind": ("topic create x retention.ms=soon {place}", FAILED, ["retention.ms", "soon"]),
    "no_partitions": ("topic create x -p 0 {place}", FAILED, ["x:", "partitions"]),
    "partitions_that_are_no_number": ("topic create x -p many", USAGE, ["-p", "many", "whole number"]),
    "a_topic_that_is_there": ("topic create {topic} {place}", FAILED, ["{topic}", "already exists"]),
    "a_name_that_no_topic_can_have": ("topic create a/b {place}", FAILED, ["a/b", "alphanumerics"]),
    "a_description_of_a_topic_that_is_not": ("topic describe nope {place}", FAILED, ["nope", "eddy topic create nope"]),
    "a_description_of_what_is_no_name": ("topic describe a/b {place}", FAILED, ["a/b", "letters, digits"]),
    "a_deletion_of_a_topic_that_is_not": ("topic delete nope {place}", FAILED, ["nope", "no such topic", "eddy topic list"]),
    "a_deletion_of_the_servers_own_topic": ("topic delete __consumer_offsets {place}", FAILED, ["the server's own"]),
    "nothing_to_alter": ("topic alter x", USAGE, ["x:", "nothing to change", "--partitions N"]),
    "an_alteration_without_a_value": ("topic alter x retention.ms", USAGE, ["retention.ms", "KEY=VALUE"]),
    "an_alteration_without_a_name": ("topic alter x -p 2 =5", USAGE, ["=5", "KEY=VALUE"]),
    "nothing_to_take_back": ("topic alter x --delete-config=", USAGE, ["--delete-config", "empty"]),
    "partitions_that_are_too_many": ("topic alter x -p 100001", USAGE, ["-p", "100001", "out of range"]),
    "no_topic_to_alter": ("topic alter", USAGE, ["NAME is missing"]),
    "partitions_of_a_topic_that_is_not": ("topic alter nope -p 4 {place}", FAILED, ["nope", "no such topic", "eddy topic list"]),
    "a_config_of_a_topic_that_is_not": ("topic alter nope retention.ms=5 {place}", FAILED, ["nope", "UNKNOWN_TOPIC_OR_PARTITION"]),
    "fewer_partitions": ("topic alter {wide} -p 2 {place}", FAILED, ["{wide}", "3", "INVALID_PARTITIONS"]),
    "no_more_partitions": ("topic alter {wide} -p 3 {place}", FAILED, ["{wide}", "3 partition", "INVALID_PARTITIONS"]),
    "a_new_config_that_is_not": ("topic alter {topic} no.such=1 {place}", FAILED, ["{topic}", "no.such", "INVALID_CONFIG"]),
    "a_new_config_of_the_wrong_kind": ("topic alter {topic} retention.ms=soon {place}", FAILED, ["retention.ms", "soon"]),
    "an_old_config_that_is_not": ("topic alter {topic} --delete-config no.such {place}", FAILED, ["{topic}", "no.such"]),
    "produce_without_a_topic": ("produce", USAGE, ["TOPIC is missing", "usage: eddy produce TOPIC"]),
    "produce_to_what_is_no_name": ("produce a/b {place}", FAILED, ["a/b", "letters, digits"]),
    "produce_to_a_partition_that_is_not": ("produce {wide} -p 3 {place}", FAILED, ["--partition", "{wide}", "0 to 2", "not 3"]),
    "produce_to_a_high_partition_of_no_topic": (
        "produce nope -p 5 {place}",
        FAILED,
        ["nope", "no such topic", "eddy topic create nope --partitions 6"],
    ),
    "an_unknown_compression": ("produce t -z brotli", USAGE, ["-z", "brotli", "zstd"]),
    "an_empty_separator": ("produce t --key-separator= ", USAGE, ["--key-separator", "empty"]),
    "consume_without_a_topic": ("consume", USAGE, ["TOPIC is missing"]),
    "a_count_that_is_no_number": ("consume t --count many", USAGE, ["--count", "many"]),
    "a_time_that_is_none": ("consume t --from yesterday", USAGE, ["--from", "yesterday", "earliest"]),
    "a_time_without_its_zone": ("consume t --from 2026-01-31T12:00:00", USAGE, ["--from", "with its zone", "12:00:00Z"]),
    "a_day_that_is_none": ("consume t --from 2026-02-30", USAGE, ["--from", "2026-02-30"]),
    "from_the_end_to_the_end": ("consume t --to-end", USAGE, ["--to-end", "--from earliest"]),
    "consume_a_topic_that_is_not": ("consume nope {place}", FAILED, ["nope", "no such topic", "eddy topic create nope"]),
    "consume_a_partition_that_is_not": ("consume {topic} -p 4 {place}", FAILED, ["--partition", "only partition 0", "not 4"]),
    "from_behind_the_end": ("consume {topic} --from 9 {place}", FAILED, ["--from", "offsets 0 to 2", "not 9"]),
    "from_behind_the_end_to_the_end": ("consume {topic} --from 9 -e {place}", FAILED, ["--from", "offsets 0 to 2", "not 9"]),
    "from_an_offset_of_an_empty_topic": (
        "consume {wide} --from 1 {place}",
        FAILED,
        ["--from", "partition 0", "holds nothing", "--partition"],
    ),
    "a_bootstrap_that_is_empty": ("topic list --bootstrap=", USAGE, ["--bootstrap", "host:port"]),
    "a_bootstrap_that_is_a_url": ("topic list -b http://localhost:9092", USAGE, ["--bootstrap", "http://", "host:port"]),
    "a_bootstrap_without_a_port_that_can_be": ("topic list -b localhost:99999", USAGE, ["--bootstrap", "99999"]),
    "a_server_that_is_not": ("topic list -b 127.0.0.1:{free}", FAILED, ["127.0.0.1:{free}", "eddy serve", "--bootstrap"]),
    "two_servers_that_are_not": ("topic list -b 127.0.0.1:{free},127.0.0.1:{free}", FAILED, ["none of the 2 addresses"]),
    "a_server_of_another_protocol": ("topic list -b 127.0.0.1:{http}", FAILED, ["does not speak Kafka's protocol"]),
    "a_server_on_no_host": ("topic list -b nohost.invalid:9092", FAILED, ["nohost.invalid", "no host of this name"]),
}


@pytest.fixture(scope="module")
def scene(broker):
    """What the placeholders of MISTAKES stand for."""
    with wire.Connection(broker) as connection:
        wire.new_topic(connection, "mistakes")
        wire.new_topic(connection, "mistakes-wide", 3)
        assert wire.produce(connection, "mistakes", wire.batch([b"0", b"1", b"2"])) == (0, 0)
    return {
        "place": f"--bootstrap {broker.bootstrap}",
        "topic": "mistakes",
        "wide": "mistakes-wide",
        "free": servers.free_port(),
        "http": broker.doors["console"][1],
    }


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_explained(broker, scene, tmp_path, case):
    line, code, words = MISTAKES[case]
    place = {**scene, "folder": tmp_path / "data", "file": tmp_path / "file"}
    place["file"].touch()
    arguments = [word.format(**place) for word in line.split()]
    arguments = [word for argument in arguments for word in argument.split()]
    done = subprocess.run(
        [broker.binary, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    if code == USAGE and not arguments:
        assert "usage: eddy COMMAND" in done.stdout
        return
    said = [said for said in done.stderr.splitlines() if not re.match(r"[\d-]+T[\d:.]+Z", said)]  # without serve's log
    assert said and said[0].startswith("eddy") and done.stdout == "", done.stdout + done.stderr
    for word in words:
        assert word.format(**place) in done.stderr, done.stderr
    with wire.Connection(broker) as connection:
        assert wire.fetch(connection, "nope", 0)[0] == UNKNOWN_TOPIC, "a mistake made a topic"


def test_says_what_was_stored_before_a_failure(cli, broker, topic):
    small, large = ["a"] * 3, "x" * 2_000_000
    said = cli("produce", topic, "--bootstrap", broker.bootstrap, lines=small, code=WORKED)
    said = cli("produce", topic, "--bootstrap", broker.bootstrap, lines=[large], code=FAILED)
    assert f"{topic}, partition 0" in said and "max.message.bytes" in said and "stored are 0 of the 1 records" in said


def test_says_that_the_server_stopped(start_eddy, topic):
    server = start_eddy()
    place = ("--bootstrap", server.bootstrap)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    producer = subprocess.Popen([server.binary, "produce", topic, "--json", *place], **pipes)
    producer.stdin.write("one\n")
    producer.stdin.flush()
    assert json.loads(producer.stdout.readline())["offset"] == 0
    consumer = subprocess.Popen([server.binary, "consume", topic, "--from", "earliest", *place], **pipes)
    assert consumer.stdout.readline() == "one\n"
    server.stop()
    _, said = producer.communicate("two\n", timeout=30)
    assert producer.returncode == FAILED and server.bootstrap in said and "stored are 1 of the 2 records" in said
    _, said = consumer.communicate(timeout=30)
    assert consumer.returncode == FAILED and server.bootstrap in said and "the server stopped" in said


def test_says_where_the_server_sends_its_clients(start_eddy, cli, topic):
    server = start_eddy("--kafka-advertise", f"127.0.0.1:{servers.free_port()}")
    said = cli("produce", topic, "--bootstrap", server.bootstrap, lines=["x"], code=FAILED)
    assert server.arguments[1] in said and "--kafka-advertise" in said


def test_says_that_the_topic_is_missing_where_none_is_made(start_eddy, cli, topic):
    server = start_eddy("--no-kafka-auto-create")
    started = time.monotonic()
    said = cli("produce", topic, "--bootstrap", server.bootstrap, lines=["x"], code=FAILED)
    assert "no such topic" in said and f"eddy topic create {topic}" in said
    assert time.monotonic() - started < 8


def test_says_that_the_topic_was_deleted(broker, cli, topic):
    place = ("--bootstrap", broker.bootstrap)
    cli("topic", "create", topic, *place)
    consumer = subprocess.Popen([broker.binary, "consume", topic, *place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    assert json.loads(cli("topic", "delete", topic, "--json", *place)) == {"name": topic, "deleted": True}
    _, said = consumer.communicate(timeout=30)
    assert consumer.returncode == FAILED and topic in said and "deleted" in said


def test_a_mistyped_variable_is_named(broker):
    environment = {**os.environ, "EDDY_BOOTSTRP": "x", "EDDY_LOG_LEVL": "debug", "EDDY_OTHER": "1"}
    done = subprocess.run([broker.binary, "version"], capture_output=True, text=True, timeout=30, env=environment, check=False)
    assert done.returncode == WORKED and done.stdout.startswith("eddy ")
    assert "did you mean EDDY_BOOTSTRAP?" in done.stderr and "did you mean EDDY_LOG_LEVEL?" in done.stderr
    assert "EDDY_OTHER" not in done.stderr


def test_copies_that_are_not_made_are_named(cli, broker, topic):
    assert "1, not 3" in cli("topic", "create", topic, "--replication-factor", 3, "--bootstrap", broker.bootstrap)


def test_topics(cli, broker, topic):
    place = ("--bootstrap", broker.bootstrap)
    cli("topic", "create", topic, "--partitions", 3, "retention.ms=60000", *place)
    assert topic in cli("topic", "list", *place)
    rows = [json.loads(line) for line in cli("topic", "list", "--json", *place).splitlines()]
    assert [row["partitions"] for row in rows if row["name"] == topic] == [3]
    assert topic in cli("topic", "describe", topic, *place)
    assert topic in cli("topic", "create", topic, *place, code=FAILED)
    cli("topic", "create", topic + "-x", "no.such.config=1", *place, code=FAILED)
    cli("topic", "delete", topic, *place)
    deadline = time.monotonic() + 20
    while topic in cli("topic", "list", *place):
        assert time.monotonic() < deadline
    cli("topic", "delete", topic, *place, code=FAILED)


def described(cli, topic, place):
    """What describe says to programs: number of partitions, and what the configurations are and where they come from."""
    found = json.loads(cli("topic", "describe", topic, "--json", *place))
    assert found["name"] == topic and found["internal"] is False
    return len(found["partitions"]), {row["name"]: (row["value"], row["source"]) for row in found["configs"]}


def test_alters_and_describes_a_topic(cli, broker, topic):
    place = ("--bootstrap", broker.bootstrap)
    cli("topic", "create", topic, "--partitions", 2, *place)
    said = cli("topic", "alter", topic, "-p", 3, "retention.ms=60000", "cleanup.policy=compact", "segment.ms=70000", *place)
    assert topic in said and "3 partitions" in said
    count, configs = described(cli, topic, place)
    assert count == 3 and configs["retention.ms"] == ("60000", "topic") and configs["cleanup.policy"] == ("compact", "topic")
    assert configs["segment.bytes"] == ("1073741824", "default") and len(configs) > 20
    lines = [line.split() for line in cli("topic", "describe", topic, *place).splitlines()]
    assert ["retention.ms", "60000", "topic"] in lines and ["segment.ms", "70000", "topic"] in lines
    assert not any(line[-1:] == ["default"] for line in lines)
    lines = [line.split() for line in cli("topic", "describe", topic, "--all-configs", *place).splitlines()]
    assert ["retention.ms", "60000", "topic"] in lines and ["segment.bytes", "1073741824", "default"] in lines
    back = ("--delete-config", "retention.ms", "--delete-config", "cleanup.policy")
    assert json.loads(cli("topic", "alter", topic, "max.message.bytes=5000", *back, "--json", *place)) == {"name": topic, "altered": True}
    _, configs = described(cli, topic, place)
    assert configs["retention.ms"] == ("604800000", "default") and configs["cleanup.policy"] == ("delete", "default")
    assert configs["max.message.bytes"] == ("5000", "topic") and configs["segment.ms"] == ("70000", "topic")


def test_an_alteration_is_made_whole_or_not_at_all(cli, broker, topic):
    place = ("--bootstrap", broker.bootstrap)
    cli("topic", "create", topic, "--partitions", 2, *place)
    before = described(cli, topic, place)
    assert "soon" in cli("topic", "alter", topic, "-p", 3, "retention.ms=soon", *place, code=FAILED)
    assert "INVALID_PARTITIONS" in cli("topic", "alter", topic, "-p", 1, "retention.ms=60000", *place, code=FAILED)
    many = " ".join(f"x{i}" for i in range(3000))
    assert "INVALID_CONFIG" in cli("topic", "alter", topic, "--delete-config", many, *place, code=FAILED)
    assert described(cli, topic, place) == before


def test_describe_says_where_a_configuration_comes_from(start_eddy, cli, topic):
    server = start_eddy(environment={"EDDY_TOPIC_RETENTION": "1h"})
    place = ("--bootstrap", server.bootstrap)
    with wire.Connection(server) as connection:
        for broker, name, value in (("1", "log.segment.bytes", "2000000"), ("", "message.max.bytes", "5000")):
            assert wire.alter_config(connection, wire.BROKER, broker, name, value)[0] == 0
    cli("topic", "create", topic, "segment.ms=70000", *place)
    _, configs = described(cli, topic, place)
    assert configs["retention.ms"] == ("3600000", "server option") and configs["segment.ms"] == ("70000", "topic")
    assert configs["segment.bytes"] == ("2000000", "broker") and configs["max.message.bytes"] == ("5000", "all brokers")
    lines = cli("topic", "describe", topic, *place)
    assert [line.split("  ")[0] for line in lines.split("\n\n")[1].splitlines()] == [
        "CONFIGURATION",
        "max.message.bytes",
        "retention.ms",
        "segment.bytes",
        "segment.ms",
    ]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_produces_and_consumes(cli, broker, topic, codec):
    place = ("--bootstrap", broker.bootstrap)
    lines = [f"line {i}" for i in range(1000)]
    cli("produce", topic, "--compression", codec, *place, lines=lines)
    assert cli("consume", topic, "--from", "earliest", "--to-end", *place).splitlines() == lines
    assert cli("consume", topic, "--from", "990", "--count", 3, *place).splitlines() == lines[990:993]


def test_keys_and_json(cli, broker, topic):
    place = ("--bootstrap", broker.bootstrap)
    cli("produce", topic, "--key-separator", ":", *place, lines=["a:1", "b:2", "3"])
    (first, second, third) = [
        json.loads(line) for line in cli("consume", topic, "--from", "earliest", "--count", 3, "--json", *place).splitlines()
    ]
    assert (first["key"], first["value"], first["offset"], first["partition"]) == ("a", "1", 0, 0)
    assert (second["key"], third["key"], third["value"]) == ("b", None, "3")


def test_json_loses_nothing(cli, broker, topic):
    import confluent_kafka

    place = ("--bootstrap", broker.bootstrap)
    headers = [("n", b"1"), ("m", b"\xff\x00"), ("n", b"2"), ("empty", b""), ("none", None)]
    producer = confluent_kafka.Producer({"bootstrap.servers": broker.bootstrap})
    producer.produce(topic, key=b"\xfe", value=b"\x00\xff\x80", headers=headers)
    producer.produce(topic, key="\ufffd".encode(), value=None)
    assert producer.flush(20) == 0
    lines = cli("consume", topic, "--from", "earliest", "--count", 2, "--json", *place).splitlines()
    first, second = [json.loads(line) for line in lines]
    assert "key" not in first and "value" not in first
    assert base64.b64decode(first["key_base64"]) == b"\xfe" and base64.b64decode(first["value_base64"]) == b"\x00\xff\x80"
    assert first["headers"] == [
        {"name": "n", "value": "1"},
        {"name": "m", "value_base64": "/wA="},
        {"name": "n", "value": "2"},
        {"name": "empty", "value": ""},
        {"name": "none", "value": None},
    ]
    assert (second["key"], second["value"], second["headers"]) == ("\ufffd", None, [])


@pytest.mark.parametrize("data", [b"no newline", b"a\0b\xff\xfe\n\n\r\n", b"\n", b""])
def test_bytes_come_back_as_they_were(broker, topic, data):
    place = ["--bootstrap", broker.bootstrap]
    subprocess.run([broker.binary, "produce", topic, *place], input=data, capture_output=True, timeout=30, check=True)
    read = [broker.binary, "consume", topic, "--from", "earliest", "--to-end", *place]
    done = subprocess.run(read, capture_output=True, timeout=30, check=True)
    assert done.stdout == (data if data.endswith(b"\n") or not data else data + b"\n")


def test_consumes_from_a_time(cli, broker, topic):
    place = ("--bootstrap", broker.bootstrap)
    cli("produce", topic, *place, lines=["old"])
    time.sleep(1.1)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)
    cli("produce", topic, *place, lines=["new"])
    assert cli("consume", topic, "--from", now, "--count", 1, *place) == "new\n"


def test_config_shows_where_a_value_comes_from(cli, tmp_path):
    file = tmp_path / "eddy.yaml"
    file.write_text("flush: interval\n")
    assert "flush" in cli("config")
    assert "interval" in cli("config", "--config", file)
    file.write_text("flsh: interval\n")
    assert "flush" in cli("config", "--config", file, code=USAGE), "a close key is suggested"


def test_output_that_cannot_be_written_is_a_failure(eddy):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([eddy.binary, "version"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "standard output" in done.stderr and "full" in done.stderr


def test_closed_standard_streams_do_no_harm(eddy, topic):
    command = f'"{eddy.binary}" produce {topic} --bootstrap {eddy.bootstrap} <&-'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
