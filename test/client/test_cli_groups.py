# SPDX-License-Identifier: Apache-2.0
"""`eddy group` on groups of real consumers: what it prints, what it changes, what it refuses, and its exit codes.

The same file passes against Apache Kafka: pytest --peer kafka.
"""

import json
import re
import socket
import struct
import threading
import time

import group_cases as cases
import pytest
import servers
import test_group_errors
import wire
from confluent_kafka import Consumer, TopicPartition
from test_groups import Member

FAILED, USAGE = 1, 2
PARTITIONS = cases.PARTITIONS


@pytest.fixture
def place(broker):
    return ("--bootstrap", broker.bootstrap)


@pytest.fixture
def describe(cli, place):
    return lambda group: json.loads(cli("group", "describe", group, "--json", *place))


@pytest.fixture
def filled(broker, topic):
    """A topic whose four partitions hold five records each."""
    cases.create(broker.bootstrap, topic)
    cases.produce(broker.bootstrap, topic, [b"%d" % i for i in range(5 * PARTITIONS)])
    return topic


@pytest.fixture
def join(broker):
    """join(topic, group): a kafka-python consumer that read the 20 records of `filled` and committed them."""
    sources = []

    def start(topic, group, commit=True, **settings):
        source = cases.consumer(broker.bootstrap, topic, group, enable_auto_commit=False, **settings)
        sources.append(source)
        assert len(cases.read(source, 5 * PARTITIONS)) == 5 * PARTITIONS
        if commit:
            source.commit()
        return source

    yield start
    for source in sources:
        source.close()


def committed_at(broker, topic, group, offsets):
    """Makes an empty group with these offsets, one for each partition."""
    source = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group})
    places = [TopicPartition(topic, partition, offset) for partition, offset in enumerate(offsets)]
    deadline = time.monotonic() + 30  # Kafka makes room for groups when the first comes
    while True:
        try:
            source.commit(offsets=places, asynchronous=False)
            break
        except Exception:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    source.close()


def commits(description):
    return [row["committed"] for row in description["partitions"]]


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


# --- list and describe


def test_help_shows_an_example(cli):
    said = cli("group", "--help")
    assert "usage: eddy group list|describe|reset|delete" in said
    assert "eddy group reset orders-app --topic orders --to earliest --execute" in said
    for action in ("list", "describe", "reset", "delete"):
        assert f"usage: eddy group {action}" in cli("group", action, "--help")


def test_list_shows_lag_at_a_glance(broker, cli, place, filled, join):
    busy, idle = "busy-" + filled, "idle-" + filled
    join(filled, busy)
    committed_at(broker, filled, idle, [1, 2])
    cases.produce(broker.bootstrap, filled, [b"more"] * PARTITIONS)
    found = {row["group"]: row for row in rows(cli("group", "list", "--json", *place))}
    same = {"type": "classic", "coordinator": 1}
    consumer = {"protocol_type": "consumer", "protocol": "range"}
    assert found[busy] == {"group": busy, "state": "Stable", "members": 1, "lag": 4, **consumer, **same}
    assert found[idle] == {"group": idle, "state": "Empty", "members": 0, "lag": 9, **same, "protocol_type": "", "protocol": ""}
    lines = cli("group", "list", *place).splitlines()
    assert lines[0].split() == ["GROUP", "STATE", "TYPE", "PROTOCOL", "MEMBERS", "LAG"]
    assert [busy, "Stable", "classic", "range", "1", "4"] in [line.split() for line in lines]
    assert [idle, "Empty", "classic", "-", "0", "9"] in [line.split() for line in lines]
    stable = cli("group", "list", "--state", "stable", *place)
    assert busy in stable and idle not in stable
    empty = [row["group"] for row in rows(cli("group", "list", "--state", "Empty", "--json", *place))]
    assert idle in empty and busy not in empty


def test_describe_shows_members_and_lag(broker, cli, place, describe, filled, join):
    group = "g-" + filled
    join(filled, group, client_id="app", group_instance_id="first")
    cases.produce(broker.bootstrap, filled, [b"more"] * 6)
    found = describe(group)
    assert (found["group"], found["state"], found["type"], found["lag"]) == (group, "Stable", "classic", 6)
    assert (found["protocol_type"], found["protocol"], found["coordinator"]) == ("consumer", "range", 1)
    assert found["coordinator_address"] == broker.bootstrap
    (member,) = found["members"]
    assert (member["client_id"], member["instance_id"], member["host"]) == ("app", "first", "127.0.0.1")
    assert member["partitions"] == [{"topic": filled, "partition": partition} for partition in range(PARTITIONS)]
    expected = {"topic": filled, "committed": 5, "member_id": member["member_id"]}
    lags = [2, 2, 1, 1]
    assert found["partitions"] == [
        {"partition": partition, "end": 5 + lag, "lag": lag, **expected} for partition, lag in enumerate(lags)
    ]
    text = cli("group", "describe", group, *place)
    assert text.splitlines()[0] == f"{group}: Stable, 1 member, lag 6"
    assert f"coordinator 1 at {broker.bootstrap}" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["#1", "app", "127.0.0.1", "first", f"{filled}:0-3", member["member_id"]] in lines
    assert [filled, "0", "5", "7", "2", "#1", "app"] in lines and [filled, "3", "5", "6", "1", "#1", "app"] in lines


def test_members_are_numbered_by_client(broker, cli, place, describe, filled):
    group = "g-" + filled
    members = [Member(broker, filled, group, **{"client.id": name}) for name in ("b", "a")]
    cases.wait_until(lambda: all(len(member.assigned) == 2 for member in members), lambda: [member.assigned for member in members])
    found = describe(group)
    assert [member["client_id"] for member in found["members"]] == ["a", "b"]
    for member in found["members"]:
        held = [row["partition"] for row in found["partitions"] if row["member_id"] == member["member_id"]]
        assert held == [one["partition"] for one in member["partitions"]] and len(held) == 2
    text = cli("group", "describe", group, *place)
    owners = [" ".join(line.split()[5:]) for line in text.splitlines() if line.startswith(filled)]
    assert sorted(owners) == ["#1 a", "#1 a", "#2 b", "#2 b"]
    for member in members:
        member.stop()


def test_describe_before_anything_is_committed(cli, place, describe, filled, join):
    group = "g-" + filled
    join(filled, group, commit=False)
    found = describe(group)
    assert found["lag"] is None and found["state"] == "Stable"
    assert commits(found) == [None] * PARTITIONS and [row["lag"] for row in found["partitions"]] == [None] * PARTITIONS
    assert [row["end"] for row in found["partitions"]] == [5] * PARTITIONS
    assert cli("group", "describe", group, *place).splitlines()[0] == f"{group}: Stable, 1 member, nothing committed of 4 partitions"
    (row,) = [row for row in rows(cli("group", "list", "--json", *place)) if row["group"] == group]
    assert row["lag"] is None


def test_a_topic_that_is_gone_does_not_hide_the_others(broker, cli, place, describe, filled, topic):
    other, group = topic + "-gone", "g-" + topic
    cases.create(broker.bootstrap, other)
    committed_at(broker, filled, group, [1])
    committed_at(broker, other, group, [0])
    cli("topic", "delete", other, *place)
    found = describe(group)
    assert [(row["committed"], row["lag"]) for row in found["partitions"] if row["topic"] == filled] == [(1, 4)]
    assert found["lag"] == 4


# Behind version 0: more topics than there are, a topic of length 9, more partitions than there are, half a partition.
FORMS = [b"", b"a", struct.pack(">hi", 0, 1), struct.pack(">hih", 0, 1, 9) + b"x", struct.pack(">hihci", 0, 1, 1, b"x", 1 << 30)]
FORMS += [struct.pack(">hihcih", 0, 1, 1, b"x", 1, 0), struct.pack(">hihci", 0, 1, 1, b"x", -1), struct.pack(">hih", 0, 1, -1)]


@pytest.fixture
def assign(broker):
    """assign(topic, data): a member of group g-TOPIC, whose leader assigned it DATA."""
    members = []

    def start(topic, data):
        member = test_group_errors.Member(broker, topic)
        members.append(member)
        assert member.join() == 0
        body = wire.text(member.group) + struct.pack(">i", member.generation) + wire.text(member.id) + wire.text(None)
        body += struct.pack(">i", 1) + wire.text(member.id) + struct.pack(">i", len(data)) + data
        assert member.connection.ask(test_group_errors.SYNC, 3, body).take("ih")[1] == 0

    yield start
    for member in members:
        member.leave()
        member.connection.socket.close()


@pytest.mark.parametrize("form", FORMS)
def test_an_assignment_of_an_unknown_form_is_none(broker, cli, place, describe, filled, assign, form):
    group = "g-" + filled
    committed_at(broker, filled, group, [1])
    assign(filled, form)
    found = describe(group)
    assert [one["partitions"] for one in found["members"]] == [[]] and commits(found) == [1]
    assert "#1 raw" not in cli("group", "describe", group, *place).split("TOPIC")[1]


def test_an_assigned_topic_that_is_not_there_has_no_end(broker, cli, place, describe, filled, assign):
    group = "g-" + filled
    committed_at(broker, filled, group, [1])
    assign(filled, struct.pack(">hihciii", 0, 1, 1, b"x", 2, 1, 0))
    found = describe(group)
    (member,), (known, first, second) = found["members"], found["partitions"]  # a name that begins with t, then x
    assert member["partitions"] == [{"topic": "x", "partition": 0}, {"topic": "x", "partition": 1}]
    nothing = {"topic": "x", "committed": None, "end": None, "lag": None, "member_id": member["member_id"]}
    assert (first, second) == ({"partition": 0, **nothing}, {"partition": 1, **nothing})
    assert (known["committed"], known["member_id"], found["lag"]) == (1, None, 4)


def test_names_do_not_steer_the_terminal(broker, cli, place, filled):
    group = f"\x1b[31m\n{filled}"
    committed_at(broker, filled, group, [0])
    said = cli("group", "list", *place)
    assert f"?[31m?{filled}" in said and "\x1b" not in said
    assert f"?[31m?{filled}: Empty" in cli("group", "describe", group, *place)
    assert group in [row["group"] for row in rows(cli("group", "list", "--json", *place))]


def test_topic_describe_shows_who_is_behind(broker, cli, place, filled):
    group = "g-" + filled
    committed_at(broker, filled, group, [5, 4, 3])
    found = json.loads(cli("topic", "describe", filled, "--json", *place))
    assert found["groups"] == [{"group": group, "state": "Empty", "lag": 3}]
    assert [group, "Empty", "3"] in [line.split() for line in cli("topic", "describe", filled, *place).splitlines()]


# --- reset


def test_a_plan_changes_nothing(broker, cli, place, describe, filled):
    group = "g-" + filled
    committed_at(broker, filled, group, [5, 4, 3, 2])
    plan = rows(cli("group", "reset", group, "--to", "earliest", "--json", *place))
    expected = {"group": group, "topic": filled, "to": 0, "lag": 5, "executed": False}
    assert plan == [{"partition": partition, "from": 5 - partition, **expected} for partition in range(PARTITIONS)]
    text = cli("group", "reset", group, "--to", "earliest", *place)
    assert [filled, "1", "4", "0", "-4", "5"] in [line.split() for line in text.splitlines()]
    assert "--execute" in text and "Nothing is changed yet" in text
    assert commits(describe(group)) == [5, 4, 3, 2]


def test_reset_moves_where_a_consumer_goes_on(broker, cli, place, describe, filled, join):
    group = "g-" + filled
    join(filled, group).close()
    said = cli("group", "reset", group, "--to", "earliest", "--execute", *place)
    assert f"reset 4 partitions of {group}" in said
    assert commits(describe(group)) == [0] * PARTITIONS
    join(filled, group)  # which reads all records again


def test_reset_by_name_offset_and_shift(broker, cli, place, describe, filled, topic):
    group, other = "g-" + filled, topic + "-other"
    cases.create(broker.bootstrap, other)
    committed_at(broker, filled, group, [1, 1, 1, 1])

    def reset(*arguments):
        moved = rows(cli("group", "reset", group, *arguments, "--execute", "--json", *place))
        assert all(row["executed"] for row in moved)
        return commits(describe(group))

    assert reset("--to", "latest") == [5, 5, 5, 5]
    assert reset("--to", 2, "--topic", f"{filled}:1,3") == [5, 2, 5, 2]
    assert reset("--shift-by", -1) == [4, 1, 4, 1]
    assert reset("--shift-by", -3, "-t", f"{filled}:0", "-t", f"{filled}:1") == [1, 0, 4, 1]  # not below the start
    assert reset("--shift-by", "+3") == [4, 3, 5, 4]  # nor beyond the end
    assert reset("--to", "earliest", "--topic", f"{filled}:2", "--topic", other) == [4, 3, 0, 4, 0, 0, 0, 0]


def test_reset_to_a_time(broker, cli, place, describe, filled):
    group = "g-" + filled
    committed_at(broker, filled, group, [0, 0, 0, 0])
    time.sleep(1.1)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)
    cases.produce(broker.bootstrap, filled, [b"new"])  # to partition 0; the others end before that time
    cli("group", "reset", group, "--to", now, "--execute", *place)
    assert commits(describe(group)) == [5, 5, 5, 5] and describe(group)["lag"] == 1
    cli("group", "reset", group, "--to", "2020-01-31", "--execute", *place)
    assert commits(describe(group)) == [0, 0, 0, 0]


def test_a_group_is_given_its_place_before_it_reads(broker, cli, place, describe, filled):
    group = "g-" + filled
    plan = cli("group", "reset", group, "--topic", filled, "--to", 3, *place)
    assert "not there yet" in plan and "-" in plan
    assert group in cli("group", "describe", group, *place, code=FAILED)
    cli("group", "reset", group, "--topic", filled, "--to", 3, "--execute", *place)
    assert commits(describe(group)) == [3] * PARTITIONS
    source = cases.consumer(broker.bootstrap, filled, group)
    assert len(cases.read(source, 2 * PARTITIONS)) == 2 * PARTITIONS
    source.close()


def test_reset_refuses_while_somebody_reads(cli, place, describe, filled, join):
    group = "g-" + filled
    join(filled, group, client_id="app")
    for extra in ([], ["--execute"]):
        said = cli("group", "reset", group, "--to", "earliest", *extra, *place, code=FAILED)
        assert group in said and "app at 127.0.0.1" in said and "Stable" in said and "stop its consumers" in said
    assert commits(describe(group)) == [5] * PARTITIONS


# --- delete


def test_delete(broker, cli, place, filled, join):
    busy, first, second = ("busy-" + filled, "first-" + filled, "second-" + filled)
    join(filled, busy)
    committed_at(broker, filled, first, [1])
    committed_at(broker, filled, second, [1])
    said = cli("group", "delete", first, busy, "no-" + filled, *place, code=FAILED)
    assert len(said.splitlines()) == 2
    assert re.search(f"{busy}: the group has members; stop its consumers.*NON_EMPTY_GROUP", said)
    assert re.search(f"no-{filled}: there is no such group; .eddy group list. .*GROUP_ID_NOT_FOUND", said)
    assert rows(cli("group", "delete", second, "--json", *place)) == [{"group": second, "deleted": True}]
    left = [row["group"] for row in rows(cli("group", "list", "--json", *place))]
    assert busy in left and first not in left and second not in left
    assert "no such group" in cli("group", "describe", first, *place, code=FAILED)


# --- older servers

COMMIT, FETCH, FIND, DESCRIBE, LIST, API_VERSIONS = 8, 9, 10, 15, 16, 18


class OlderVersions(threading.Thread):
    """Stands before a server and takes the newer versions of some APIs out of what it says it can do."""

    def __init__(self, newest):
        super().__init__(daemon=True)
        self.newest, self.server = newest, None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = set()
        self.start()

    def run(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        with near, socket.create_connection((self.server.host, self.server.port)) as far:
            while (request := self.frame(near)) is not None:
                key, version = struct.unpack_from(">hh", request)
                self.asked.add((key, version))
                far.sendall(struct.pack(">i", len(request)) + request)
                answer = self.frame(far)
                if key == API_VERSIONS:
                    answer = self.older(answer)
                near.sendall(struct.pack(">i", len(answer)) + answer)

    def older(self, answer):
        """The list of versions begins behind correlation id, error and length; an item is key, first, last, no tags."""
        answer = bytearray(answer)
        for at in range(7, 7 + 7 * (answer[6] - 1), 7):
            key, first, last = struct.unpack_from(">hhh", answer, at)
            struct.pack_into(">hhh", answer, at, key, first, min(last, self.newest.get(key, last)))
        return bytes(answer)

    @staticmethod
    def frame(connection):
        stream = b""
        size = 4
        while len(stream) < size:
            data = connection.recv(size - len(stream))
            if not data:
                return None
            stream += data
            if len(stream) == 4 and size == 4:
                size += struct.unpack(">i", stream)[0]
        return stream[4:]


@pytest.mark.parametrize(
    "newest", [{FIND: 3, FETCH: 7, COMMIT: 7, DESCRIBE: 4, LIST: 2}, {FIND: 4, FETCH: 9, COMMIT: 9, DESCRIBE: 5, LIST: 4}]
)
def test_older_servers_are_understood(start_eddy, cli, topic, newest):
    between = OlderVersions(newest)
    between.server = broker = start_eddy("--kafka-advertise", f"127.0.0.1:{between.port}")
    group, place = "g-" + topic, ("--bootstrap", f"127.0.0.1:{between.port}")
    cases.create(broker.bootstrap, topic)
    cases.produce(broker.bootstrap, topic, [b"x"] * 5 * PARTITIONS)
    committed_at(broker, topic, group, [5, 4])
    assert [group, "1"] == [cli("group", "list", *place).split()[at] for at in (6, -1)]
    assert "no such group" in cli("group", "describe", "nope", *place, code=FAILED)
    cli("group", "reset", group, "--shift-by", -1, "--execute", *place)
    found = json.loads(cli("group", "describe", group, "--json", *place))
    assert commits(found) == [4, 3] and (found["state"], found["lag"]) == ("Empty", 3)
    assert set(newest.items()) <= between.asked
    between.listener.close()


# --- mistakes

# Words of a command line, the exit code, and what standard error must name. GROUP committed 5, 4, 3 of TOPIC's four
# partitions with offsets 0 to 4; EMPTY is a topic without records.
MISTAKES = {
    "an_action_that_is_nearly_right": ("group lst", USAGE, ["lst", '"list"']),
    "an_action_that_is_not": ("group frobnicate", USAGE, ["frobnicate", "list, describe, reset, delete"]),
    "an_argument_for_list": ("group list g", USAGE, ["g:", "one too many"]),
    "a_state_that_is_not": ("group list --state stabel", USAGE, ["--state", "stabel", "Stable", "Empty"]),
    "no_group_to_describe": ("group describe", USAGE, ["GROUP is missing", "usage: eddy group describe GROUP"]),
    "a_description_of_a_group_that_is_not": ("group describe nope {place}", FAILED, ["nope", "no such group", "eddy group list"]),
    "no_group_to_delete": ("group delete", USAGE, ["GROUP is missing"]),
    "a_deletion_of_a_group_that_is_not": ("group delete nope {place}", FAILED, ["nope", "no such group"]),
    "no_group_to_reset": ("group reset --to latest", USAGE, ["GROUP is missing"]),
    "a_reset_to_nowhere": ("group reset {group}", USAGE, ["--to", "is missing", "--shift-by"]),
    "a_reset_to_two_places": ("group reset {group} --to 1 --shift-by 1", USAGE, ["--shift-by", "--to"]),
    "a_time_that_is_none": ("group reset {group} --to yesterday", USAGE, ["--to", "yesterday", "earliest"]),
    "a_time_without_its_zone": ("group reset {group} --to 2026-01-31T12:00:00", USAGE, ["--to", "with its zone"]),
    "a_day_that_is_none": ("group reset {group} --to 2026-02-30", USAGE, ["--to", "2026-02-30"]),
    "an_offset_below_zero": ("group reset {group} --to -1", USAGE, ["--to", "-1", "an offset"]),
    "a_shift_that_is_no_number": ("group reset {group} --shift-by far", USAGE, ["--shift-by", "far", "whole number"]),
    "a_topic_without_a_name": ("group reset {group} --to 1 --topic :1", USAGE, ["--topic", ":1", "orders:0,2"]),
    "an_empty_topic": ("group reset {group} --to 1 --topic=", USAGE, ["--topic"]),
    "a_partition_that_is_no_number": ("group reset {group} --to 1 --topic t:1,x", USAGE, ["--topic", "t:1,x"]),
    "a_partition_that_is_missing": ("group reset {group} --to 1 --topic t:", USAGE, ["--topic", "t:"]),
    "a_reset_of_a_group_that_is_not": ("group reset nope --to latest {place}", FAILED, ["nope", "no such group", "--topic"]),
    "a_reset_of_a_topic_that_is_not": (
        "group reset {group} --topic nope --to latest {place}",
        FAILED,
        ["nope", "no such topic", "eddy topic list"],
    ),
    "a_reset_of_a_partition_that_is_not": (
        "group reset {group} --topic {topic}:1,4 --to latest {place}",
        FAILED,
        ["--topic", "partitions 0 to 3, not 4"],
    ),
    "an_offset_beyond_the_end": ("group reset {group} --to 9 {place}", FAILED, ["partition 0", "begins at offset 0", "ends at 5", "9"]),
    "an_offset_of_an_empty_topic": ("group reset {group} -t {empty} --to 1 {place}", FAILED, ["{empty}", "ends at 0"]),
    "a_shift_of_what_is_not_committed": (
        "group reset {group} -t {topic} --shift-by 1 {place}",
        FAILED,
        ["--shift-by", "partition 3", "nothing to shift"],
    ),
    "a_server_that_is_not": ("group list -b 127.0.0.1:{free}", FAILED, ["127.0.0.1:{free}", "eddy serve"]),
}


@pytest.fixture(scope="module")
def scene(broker):
    topic, empty, group = "mistaken", "mistaken-empty", "mistaken-app"
    cases.create(broker.bootstrap, topic)
    cases.create(broker.bootstrap, empty)
    cases.produce(broker.bootstrap, topic, [b"%d" % i for i in range(5 * PARTITIONS)])
    committed_at(broker, topic, group, [5, 4, 3])
    place = f"--bootstrap {broker.bootstrap}"
    return {"place": place, "topic": topic, "empty": empty, "group": group, "free": servers.free_port()}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_explained(cli, describe, scene, case):
    line, code, words = MISTAKES[case]
    arguments = line.format(**scene).split()
    said = cli(*arguments, code=code)
    assert len(said.splitlines()) == 1 and said.startswith("eddy group")
    for word in words:
        assert word.format(**scene) in said, said
    # Execution changes nothing either.
    if code == FAILED and arguments[1] == "reset":
        cli(*arguments, "--execute", code=code)
    assert commits(describe(scene["group"])) == [5, 4, 3]
