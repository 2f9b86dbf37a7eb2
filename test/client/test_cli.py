# SPDX-License-Identifier: Apache-2.0
"""The command line: what it prints, what it says when something is wrong, and the exit codes that scripts rely on."""

import json
import subprocess
import time

import pytest
import servers

WORKED, FAILED, USAGE = 0, 1, 2


@pytest.fixture
def cli(tmp_path):
    """cli(*arguments, lines=None, code=0): runs a subcommand and returns its standard output, or the error for code > 0."""
    binary = servers.Eddy(tmp_path).binary

    def run(*arguments, lines=None, code=WORKED):
        done = subprocess.run(
            [binary, *map(str, arguments)],
            input="".join(line + "\n" for line in lines or []),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        if code:
            assert done.stderr.strip(), "a failure says what to do"
        return done.stderr if code else done.stdout

    return run


def test_version(cli):
    assert cli("version").startswith("eddy ")
    assert "version" in json.loads(cli("version", "--json"))


def test_help_names_every_command(cli):
    said = cli("--help")
    for command in ("serve", "topic", "produce", "consume", "config", "version"):
        assert command in said
        assert "usage: eddy " + command in cli(command, "--help")
    assert "--kafka" in cli("serve", "--help")


def test_mistakes_are_explained(cli):
    assert "consume" in cli("consum", code=USAGE), "a close name is suggested"
    assert "--kafka" in cli("serve", "--kafk", "off", code=USAGE)
    assert "--data" in cli("serve", "--data", code=USAGE)
    cli("topic", "create", code=USAGE)
    cli("consume", "t", "--count", "many", code=USAGE)
    cli("topic", "list", "--bootstrap", f"127.0.0.1:{servers.free_port()}", code=FAILED)


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
