# SPDX-License-Identifier: Apache-2.0
"""What a Kafka client must be able to do, written once for the clients of all languages.

A case is a function of a client (program.py), a server and a topic that does not exist yet. CASES has them by name, with
what a client must have for it; test_go.py and test_js.py run those that their clients have.
"""

import pathlib
import struct
import sys
import time

from program import Members, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "client"))
import wire  # noqa: E402

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")  # the number of each in a batch is its place here

# Error codes of Kafka's protocol.
OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS = 1, 3, 17, 36
INVALID_PARTITIONS, INVALID_CONFIG, NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND, FENCED_INSTANCE_ID = 37, 40, 68, 69, 82
GROUP_SUBSCRIBED_TO_TOPIC = 86

PARTITIONS = 6  # of the topics that groups share
NODE = 1


def record(value, partition=0, key=None, timestamp=0, headers=()):
    return {"partition": partition, "timestamp": timestamp, "key": key, "value": value, "headers": list(headers)}


def spread(prefix, count):
    """COUNT records, as many in each partition."""
    return [record(f"{prefix}{i}", i % PARTITIONS) for i in range(count)]


def now_ms():
    return int(time.time() * 1000)


# Producing and consuming.


def stored_codecs(broker, topic):
    """The codecs of the batches as they are stored."""
    with wire.Connection(broker) as connection:
        data = wire.fetch(connection, topic, 0, max_bytes=50_000_000)[2]
    codecs, at = set(), 0
    while at + 61 <= len(data):
        codecs.add(CODECS[struct.unpack_from(">h", data, at + 21)[0] & 7])
        at += 12 + struct.unpack_from(">i", data, at + 8)[0]
    return codecs


def a_codec(codec):
    def records_come_back_as_they_were(client, broker, topic):
        client.admin(broker, "create", topic, 1)
        stamp = now_ms() - 60_000
        sent = [record(f"value {i}", 0, f"key {i}", stamp + i, [["number", str(i)], ["empty", ""]]) for i in range(300)]
        sent += [record("without a key", 0, None, stamp), record(None, 0, "a tombstone", stamp), record("", 0, "", stamp)]
        sent += [record("żółw 亀 🐢", 0, "ключ", stamp, [["čeština", "ř"]]), record("large " * 60_000, 0, "k", stamp)]
        places = client.produce(broker, topic, sent, codec=codec)
        assert [place["offset"] for place in places] == list(range(len(sent)))
        found = client.consume(broker, topic, len(sent))
        assert found == [{**one, "offset": offset} for offset, one in enumerate(sent)]
        assert stored_codecs(broker, topic) == {codec}

    return records_come_back_as_they_were


def acks(client, broker, topic):
    """Whatever the acknowledgement, the records arrive."""
    client.admin(broker, "create", topic, 1)
    for count, wanted in enumerate(("all", "1", "0"), 1):
        client.produce(broker, topic, [record(wanted)], acks=wanted, idempotent="yes" if wanted == "all" else "no")
        found = client.consume(broker, topic, count)
        assert [one["value"] for one in found] == ["all", "1", "0"][:count]


def many(client, broker, topic):
    """Many batches under way at once keep their order in each partition."""
    client.admin(broker, "create", topic, 4)
    count = 20_000
    client.produce(broker, topic, [record(f"{i} {'x' * 100}", i % 4) for i in range(count)], batch=16_384, codec="lz4")
    for partition in range(4):
        found = client.consume(broker, topic, count // 4, partition=partition)
        assert [int(one["value"].split()[0]) for one in found] == list(range(partition, count, 4))


def new_topic(client, broker, topic):
    """A topic that nobody created is there with its first record."""
    client.produce(broker, topic, [record("first")])
    assert [one["value"] for one in client.consume(broker, topic, 1)] == ["first"]


def seek(client, broker, topic):
    """By offset, by time, to the beginning, back and forth on the same connection."""
    client.admin(broker, "create", topic, 1)
    start = now_ms() - 1_000_000
    client.produce(broker, topic, [record(str(i), 0, None, start + i * 1000) for i in range(100)])
    places = {"90": 90, f"time:{start + 41_001}": 42, "3": 3, "earliest": 0, f"time:{start}": 0, f"time:{start + 97_000}": 97, "97": 97}
    found = client.consume(broker, topic, 3, **{"from": ",".join(places)})
    expected = [offset + i for offset in places.values() for i in range(3)]
    assert [one["offset"] for one in found] == expected
    assert [int(one["value"]) for one in found] == expected


def lost_answer(client, broker, topic, **options):
    """Sends 2,000 records, of which one answer gets lost, and returns what is in the partition then."""
    client.admin(broker, "create", topic, 1)
    client.produce(broker, topic, [record(f"{i} {'x' * 500}") for i in range(2000)], batch=32_768, lose=3, **options)
    end = client.admin(broker, "offsets", topic)["0"][1]
    return [int(one["value"].split()[0]) for one in client.consume(broker, topic, end)]


def idempotent(client, broker, topic):
    """The producer does not learn that a batch was written, and sends it again: it is there once, in its order."""
    assert lost_answer(client, broker, topic) == list(range(2000))


def not_idempotent(client, broker, topic):
    """The same without idempotence is there twice: so the case before shows something."""
    found = lost_answer(client, broker, topic, idempotent="no")
    assert set(found) == set(range(2000)) and len(found) > 2000, f"{len(found)} records"


# Groups.


def group_of(topic):
    return "g-" + topic


def wait_for_shares(members, *sizes):
    """Waits until MEMBERS have as many partitions each as SIZES says, and together each one once."""

    def is_so():
        owned = [list(member.owned) for member in members]
        return sorted(map(len, owned)) == sorted(sizes) and sorted(sum(owned, [])) == list(range(PARTITIONS))

    wait_until(is_so, lambda: f"not shared {sizes}: " + "; ".join(map(str, members)))


def wait_for_values(members, records):
    """Waits until MEMBERS read all of RECORDS, and complains about one that was read twice."""
    wanted = sorted(one["value"] for one in records)

    def values():
        return sorted(value for member in members for value in member.values())

    wait_until(lambda: len(values()) >= len(wanted), lambda: f"{len(values())} of {len(wanted)}: " + "; ".join(map(str, members)))
    assert values() == wanted


def wait_for_commit(client, broker, topic, offset):
    """Waits until every partition is committed at OFFSET."""
    found = {}

    def is_committed():
        found.update(client.admin(broker, "group-offsets", group_of(topic)))
        return [found.get(str(p), {}).get("offset") for p in range(PARTITIONS)] == [offset] * PARTITIONS

    wait_until(is_committed, lambda: f"not committed at {offset}: {found}")


def sharing(protocol):
    def members_come_leave_and_crash(client, broker, topic):
        client.admin(broker, "create", topic, PARTITIONS)
        with Members() as members:
            started = []
            for sizes in ((6,), (3, 3), (2, 2, 2)):
                started.append(members.start(client, broker, topic, group_of(topic), protocol=protocol))
                wait_for_shares(started, *sizes)
            one, two, three = started
            if protocol.startswith("cooperative"):
                assert sorted(map(len, one.losses)) == [1, 3], f"gave up more than it had to: {one}"
            else:
                assert one.losses[0] == list(range(PARTITIONS)), f"did not give up everything: {one}"
            sent = spread("a", 600)
            client.produce(broker, topic, sent)
            wait_for_values(started, sent)
            assert [len(member.records) for member in started] == [200] * 3
            wait_for_commit(client, broker, topic, 100)
            three.stop()
            wait_for_shares([one, two], 3, 3)
            more = spread("b", 60)
            client.produce(broker, topic, more)
            wait_for_values(started, sent + more)
            wait_for_commit(client, broker, topic, 110)
            two.crash()
            wait_for_shares([one], 6)
            last = spread("c", 60)
            client.produce(broker, topic, last)
            wait_for_values(started, sent + more + last)
            one.stop()
        assert client.admin(broker, "group", group_of(topic))["state"] == "Empty"

    return members_come_leave_and_crash


def static_members(client, broker, topic):
    """A member with a name comes back to its partitions, and nobody else notices; a second one of its name fences it."""
    client.admin(broker, "create", topic, PARTITIONS)
    with Members() as members:

        def start(instance):
            return members.start(client, broker, topic, group_of(topic), instance=instance, session=8000, protocol="range")

        one, two = start("one"), start("two")
        wait_for_shares([one, two], 3, 3)
        owned, losses = list(two.owned), list(one.losses)
        found = client.admin(broker, "group", group_of(topic))["members"]
        assert {member["instance"]: member["partitions"] for member in found} == {"one": one.owned, "two": owned}
        two.stop()
        two = start("two")
        wait_until(lambda: two.owned == owned, lambda: f"has not its partitions {owned} again: {two}")
        assert one.losses == losses, f"noticed that the other was away: {one}"
        other = start("two")
        wait_until(lambda: other.owned == owned, lambda: f"did not take over {owned}: {other}")
        fenced = lambda: FENCED_INSTANCE_ID in [error["code"] for error in two.errors]  # noqa: E731
        wait_until(fenced, lambda: f"was not fenced: {two}")
        two.crash()
        assert one.losses == losses, f"noticed the fencing: {one}"
        other.crash()
        wait_for_shares([one], 6)


def commits(client, broker, topic):
    """Offsets by hand, with words of the client's own; the next member begins there."""
    client.admin(broker, "create", topic, PARTITIONS)
    sent = spread("a", 60)
    client.produce(broker, topic, sent)
    with Members() as members:
        first = members.start(client, broker, topic, group_of(topic), commit="hand")
        wait_for_values([first], sent)
        first.tell("commit", 2, 7, "where-I-was")
        assert client.admin(broker, "group-offsets", group_of(topic)) == {"2": {"offset": 7, "metadata": "where-I-was"}}
        first.stop()
        second = members.start(client, broker, topic, group_of(topic), commit="hand")
        wait_for_values([second], [one for i, one in enumerate(sent) if one["partition"] != 2 or i // PARTITIONS >= 7])
        second.tell("commit")
        second.stop()
        wait_for_commit(client, broker, topic, 10)
        more = spread("b", 12)
        third = members.start(client, broker, topic, group_of(topic))
        wait_for_shares([third], 6)
        client.produce(broker, topic, more)
        wait_for_values([third], more)
        wait_for_commit(client, broker, topic, 12)
        third.stop()


def seek_in_a_group(client, broker, topic):
    """A member goes back in one partition."""
    client.admin(broker, "create", topic, PARTITIONS)
    sent = spread("a", 60)
    client.produce(broker, topic, sent)
    with Members() as members:
        member = members.start(client, broker, topic, group_of(topic))
        wait_for_values([member], sent)
        member.tell("seek", 1, 8)
        wait_for_values([member], sent + [sent[8 * PARTITIONS + 1], sent[9 * PARTITIONS + 1]])
        member.stop()


def server_restarts(client, server, topic, can_leave=True):
    """The server crashes and comes back: producers and members go on, nothing is lost, and the group stays.

    CAN_LEAVE is False for a client whose members do not end in order once they lost a connection.
    """
    client.admin(server, "create", topic, PARTITIONS)
    with Members() as members:
        pair = [members.start(client, server, topic, group_of(topic), session=20_000) for _ in range(2)]
        wait_for_shares(pair, 3, 3)
        sent = []
        for turn in range(3):
            if turn > 0:
                server.kill()
                server.restart()
            more = spread(f"{turn}-", 60)
            client.produce(server, topic, more)
            sent += more
            wait_for_values(pair, sent)
            wait_for_commit(client, server, topic, 10 * (turn + 1))
        wait_for_shares(pair, 3, 3)
        for member in pair if can_leave else []:
            member.stop()


# Administration.


def topics(client, broker, topic):
    assert client.admin(broker, "create", topic, 3) in (3, None)
    assert topic in client.admin(broker, "list")
    assert client.admin(broker, "describe", topic) == [NODE] * 3
    assert client.ask(broker, "create", topic, 3)["code"] == TOPIC_ALREADY_EXISTS
    assert client.ask(broker, "create", "not/a/name", 3)["code"] == INVALID_TOPIC_EXCEPTION
    client.admin(broker, "partitions", topic, 5)
    wait_until(lambda: client.admin(broker, "describe", topic) == [NODE] * 5, lambda: "there are no five partitions")
    assert client.ask(broker, "partitions", topic, 2)["code"] == INVALID_PARTITIONS
    client.produce(broker, topic, [record("in the new one", 4)])
    assert client.consume(broker, topic, 1, partition=4)[0]["value"] == "in the new one"
    client.admin(broker, "delete", topic)
    wait_until(lambda: topic not in client.admin(broker, "list"), lambda: "the deleted topic is still listed")
    assert client.ask(broker, "delete", topic)["code"] == UNKNOWN_TOPIC_OR_PARTITION
    assert client.ask(broker, "describe", topic)["code"] == UNKNOWN_TOPIC_OR_PARTITION


def configs(client, broker, topic):
    client.admin(broker, "create", topic, 1, **{"retention.ms": 4711, "cleanup.policy": "compact,delete"})
    found = client.admin(broker, "configs", topic)
    assert (found["retention.ms"], found["cleanup.policy"], found["segment.bytes"]) == ("4711", "compact,delete", "1073741824")
    client.admin(broker, "alter", topic, **{"retention.ms": 815, "cleanup.policy": "delete"})
    found = client.admin(broker, "configs", topic)
    assert (found["retention.ms"], found["cleanup.policy"]) == ("815", "delete")
    assert client.ask(broker, "alter", topic, **{"retention.ms": "soon"})["code"] == INVALID_CONFIG
    assert client.ask(broker, "alter", topic, **{"no.such.name": 1})["code"] == INVALID_CONFIG
    assert client.admin(broker, "configs", topic)["retention.ms"] == "815"
    assert client.ask(broker, "create", topic + "-2", 1, **{"retention.ms": "soon"})["code"] == INVALID_CONFIG


def offsets(client, broker, topic):
    """Where a partition begins and ends, where a time is in it, and deleting what is before an offset."""
    client.admin(broker, "create", topic, 2)
    start = now_ms() - 1_000_000
    client.produce(broker, topic, [record(str(i), 1, None, start + i * 1000) for i in range(10)])
    assert client.admin(broker, "offsets", topic) == {"0": [0, 0], "1": [0, 10]}
    assert client.admin(broker, "offsets", topic, at=start + 5500)["1"] == [6]
    client.admin(broker, "delete-records", topic, **{"1": 4})
    assert client.admin(broker, "offsets", topic) == {"0": [0, 0], "1": [4, 10]}
    assert [one["offset"] for one in client.consume(broker, topic, 6, partition=1)] == [4, 5, 6, 7, 8, 9]
    assert client.ask(broker, "delete-records", topic, **{"1": 11})["code"] == OFFSET_OUT_OF_RANGE
    assert client.admin(broker, "offsets", topic)["1"] == [4, 10]


def groups(client, broker, topic):
    """Groups are listed, described and deleted when nobody is in them."""
    group = group_of(topic)
    client.admin(broker, "create", topic, PARTITIONS)
    sent = spread("a", 60)
    client.produce(broker, topic, sent)
    with Members() as members:
        member = members.start(client, broker, topic, group, protocol="roundrobin")
        wait_for_values([member], sent)
        wait_for_commit(client, broker, topic, 10)
        assert group in client.admin(broker, "groups")
        found = client.admin(broker, "group", group)
        assert found["state"] == "Stable" and "round" in found["protocol"].lower(), found
        assert found["members"] == [{"host": "/127.0.0.1", "instance": "", "partitions": list(range(PARTITIONS))}]
        assert client.ask(broker, "delete-group", group)["code"] == NON_EMPTY_GROUP
        member.stop()
    found = client.admin(broker, "group", group)
    assert (found["state"], found["members"]) == ("Empty", [])
    client.admin(broker, "delete-group", group)
    assert group not in client.admin(broker, "groups")
    gone = client.ask(broker, "group", group)  # newer versions of the API have an error for it
    assert gone["code"] == GROUP_ID_NOT_FOUND or gone["answer"]["state"] == "Dead", gone
    assert client.ask(broker, "delete-group", group)["code"] == GROUP_ID_NOT_FOUND


def offsets_of_a_group(client, broker, topic):
    """Set from outside, they are where the next member begins."""
    group = group_of(topic)
    client.admin(broker, "create", topic, PARTITIONS)
    sent = spread("a", 60)
    client.produce(broker, topic, sent)
    client.admin(broker, "set-offsets", group, topic, **{str(p): 9 for p in range(PARTITIONS)})
    wait_for_commit(client, broker, topic, 9)
    with Members() as members:
        member = members.start(client, broker, topic, group)
        wait_for_values([member], sent[-PARTITIONS:])
        wait_for_commit(client, broker, topic, 10)
        member.stop()


def deleting_offsets(client, broker, topic):
    """Not while a member reads the topic."""
    group = group_of(topic)
    client.admin(broker, "create", topic, PARTITIONS)
    client.admin(broker, "set-offsets", group, topic, **{str(p): 0 for p in range(PARTITIONS)})
    with Members() as members:
        member = members.start(client, broker, topic, group)
        wait_for_shares([member], 6)
        assert client.ask(broker, "delete-offsets", group, topic, 0)["code"] == GROUP_SUBSCRIBED_TO_TOPIC
        member.stop()
    client.admin(broker, "delete-offsets", group, topic, 0)
    assert sorted(client.admin(broker, "group-offsets", group)) == [str(p) for p in range(1, PARTITIONS)]


def cluster(client, broker, _topic):
    assert client.admin(broker, "cluster") == {"brokers": [NODE], "controller": NODE}


# name: (case, what a client needs for it)
CASES = {
    **{f"codec-{codec}": (a_codec(codec), None) for codec in CODECS},
    "acks": (acks, None),
    "many": (many, None),
    "new_topic": (new_topic, None),
    "seek": (seek, None),
    "idempotent": (idempotent, None),
    "not_idempotent": (not_idempotent, None),
    "range": (sharing("range"), "range"),
    "roundrobin": (sharing("roundrobin"), "roundrobin"),
    "sticky": (sharing("sticky"), "sticky"),
    "cooperative-sticky": (sharing("cooperative-sticky"), "cooperative-sticky"),
    "static_members": (static_members, "static members"),
    "commits": (commits, None),
    "seek_in_a_group": (seek_in_a_group, "seek in a group"),
    "topics": (topics, None),
    "configs": (configs, None),
    "offsets": (offsets, None),
    "groups": (groups, None),
    "offsets_of_a_group": (offsets_of_a_group, None),
    "deleting_offsets": (deleting_offsets, "deleting offsets"),
    "cluster": (cluster, None),
}


def names(*has):
    """The cases for a client that HAS this of what not every client has."""
    return [name for name, (_, needs) in CASES.items() if needs is None or needs in has]
