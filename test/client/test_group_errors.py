# SPDX-License-Identifier: Apache-2.0
"""Every wrong member, generation, instance, group id, protocol and timeout is answered as Apache Kafka answers it.

The same file passes against Apache Kafka: pytest --peer kafka.
"""

import struct
import time

import pytest
import wire
from wire import text

COMMIT, FETCH, FIND, JOIN, HEARTBEAT, LEAVE, SYNC, DESCRIBE, LIST, DELETE, OFFSET_DELETE = 8, 9, 10, 11, 12, 13, 14, 15, 16, 42, 47

NONE, UNKNOWN_TOPIC, METADATA_TOO_LARGE = 0, 3, 12
ILLEGAL_GENERATION, INCONSISTENT_PROTOCOL, INVALID_GROUP_ID, UNKNOWN_MEMBER, INVALID_SESSION_TIMEOUT = 22, 23, 24, 25, 26
REBALANCE_IN_PROGRESS, INVALID_REQUEST, NON_EMPTY_GROUP, GROUP_NOT_FOUND, MEMBER_ID_REQUIRED = 27, 42, 68, 69, 79
FENCED_INSTANCE, GROUP_SUBSCRIBED = 82, 86

SUBSCRIPTION = struct.pack(">hi", 0, 1)  # version 0, one topic; its name and no user data follow


class Member:
    """One member on a connection of its own, speaking the last versions that are not flexible."""

    def __init__(self, broker, topic, instance=None):
        self.connection = wire.Connection(broker, timeout=30)
        self.topic, self.group, self.instance = topic, "g-" + topic, instance
        self.id, self.generation = "", -1

    def join(self, **changes):
        """JoinGroup v5; joins again with the id it is given; returns the error."""
        self.ask_join(**changes)
        error = self.joined()
        return self.join(**changes) if error == MEMBER_ID_REQUIRED else error

    def ask_join(self, session_ms=10_000, kind="consumer", protocols=("range",), **changes):
        body = text(changes.get("group", self.group)) + struct.pack(">ii", session_ms, 10_000)
        body += text(changes.get("id", self.id)) + text(self.instance) + text(kind) + struct.pack(">i", len(protocols))
        metadata = SUBSCRIPTION + text(self.topic) + struct.pack(">i", -1)
        for name in protocols:
            body += text(name) + struct.pack(">i", len(metadata)) + metadata
        self.connection.request(JOIN, 5, body)

    def answer(self):
        data = self.connection.receive()
        assert data is not None
        reader = wire.Reader(data)
        reader.take("i")
        return reader

    def joined(self):
        _, error, generation = (reader := self.answer()).take("ihi")
        reader.text(), reader.text()
        member = reader.text()
        if error in (NONE, MEMBER_ID_REQUIRED):
            self.id, self.generation = member, generation
        return error

    def sync(self, **changes):
        """SyncGroup v3 as the leader; returns the error."""
        assignment = struct.pack(">i", 1) + text(self.id) + struct.pack(">i", 1) + b"a"
        body = text(changes.get("group", self.group)) + struct.pack(">i", changes.get("generation", self.generation))
        body += text(changes.get("id", self.id)) + text(changes.get("instance", self.instance)) + assignment
        return self.connection.ask(SYNC, 3, body).take("ih")[1]

    def heartbeat(self, **changes):
        body = text(changes.get("group", self.group)) + struct.pack(">i", changes.get("generation", self.generation))
        body += text(changes.get("id", self.id)) + text(changes.get("instance", self.instance))
        return self.connection.ask(HEARTBEAT, 3, body).take("ih")[1]

    def leave(self, **changes):
        """LeaveGroup v3 of one; returns the error of the whole, or of the member."""
        body = text(changes.get("group", self.group)) + struct.pack(">i", 1)
        body += text(changes.get("id", self.id)) + text(changes.get("instance", self.instance))
        reader = self.connection.ask(LEAVE, 3, body)
        _, error, count = reader.take("ihi")
        if error:
            return error
        assert count == 1
        reader.text(), reader.text()
        return reader.take("h")

    def commit(self, partition=0, offset=1, metadata="", topic=None, **changes):
        """OffsetCommit v7."""
        body = text(changes.get("group", self.group)) + struct.pack(">i", changes.get("generation", self.generation))
        body += text(changes.get("id", self.id)) + text(changes.get("instance", self.instance)) + struct.pack(">i", 1)
        body += text(topic or self.topic) + struct.pack(">iiqi", 1, partition, offset, -1) + text(metadata)
        reader = self.connection.ask(COMMIT, 7, body)
        reader.take("ii")
        assert reader.text() == (topic or self.topic)
        return reader.take("iih")[2]

    def commit_for(self, retention_ms):
        """OffsetCommit v3 of nobody's, whose offset is kept for so long."""
        body = text(self.group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", retention_ms, 1)
        body += text(self.topic) + struct.pack(">iiq", 1, 0, 1) + text("")
        reader = self.connection.ask(COMMIT, 3, body)
        reader.take("ii")
        assert reader.text() == self.topic
        return reader.take("iih")[2]

    def fetch(self, partition=0):
        """OffsetFetch v5: offset, epoch, metadata, error."""
        body = text(self.group) + struct.pack(">i", 1) + text(self.topic) + struct.pack(">ii", 1, partition)
        reader = self.connection.ask(FETCH, 5, body)
        reader.take("ii")
        reader.text()
        _, _, offset, epoch = reader.take("iiqi")
        return offset, epoch, reader.text(), reader.take("h")

    def offset_delete(self, topic=None, partition=0, group=None):
        body = text(self.group if group is None else group) + struct.pack(">i", 1)
        body += text(topic or self.topic) + struct.pack(">ii", 1, partition)
        reader = self.connection.ask(OFFSET_DELETE, 0, body)
        error, _, count = reader.take("hii")
        if error:
            return error
        assert count == 1
        reader.text()
        return reader.take("iih")[2]

    def delete_group(self, group=None):
        reader = self.connection.ask(DELETE, 1, struct.pack(">i", 1) + text(self.group if group is None else group))
        reader.take("ii")
        reader.text()
        return reader.take("h")

    def describe(self, group=None):
        """DescribeGroups v4: error, state, protocol type, protocol, members."""
        reader = self.connection.ask(DESCRIBE, 4, struct.pack(">i", 1) + text(self.group if group is None else group) + b"\0")
        reader.take("ii")
        error = reader.take("h")
        reader.text()
        return error, reader.text(), reader.text(), reader.text(), reader.take("i")


@pytest.fixture
def make(broker, topic):
    made = []

    def make_one(instance=None):
        made.append(Member(broker, topic, instance))
        return made[-1]

    with wire.Connection(broker) as connection:
        wire.new_topic(connection, topic)
        deadline = time.monotonic() + 30  # Kafka makes __consumer_offsets when it is first asked, and loads it
        while (
            connection.ask(FIND, 1, text("g-" + topic) + b"\0").take("ih")[1] != NONE
            or make_one().heartbeat(id="nobody") != UNKNOWN_MEMBER
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield make_one
    for one in made:
        one.connection.socket.close()


@pytest.fixture
def stable(make):
    one = make()
    assert one.join() == NONE
    assert one.sync() == NONE
    return one


def test_joins(make):
    one = make()
    assert one.join(group="") == INVALID_GROUP_ID
    assert one.join(session_ms=5_999) == INVALID_SESSION_TIMEOUT
    assert one.join(session_ms=1_800_001) == INVALID_SESSION_TIMEOUT
    assert one.join(id="nobody") == UNKNOWN_MEMBER
    assert one.join(kind="") == INCONSISTENT_PROTOCOL
    assert one.join(protocols=()) == INCONSISTENT_PROTOCOL
    assert one.describe()[1] in ("Dead", "Empty")  # Kafka has made the group meanwhile, we have not
    assert one.join() == NONE


def test_joins_of_another_kind(stable, make):
    other = make()
    assert other.join(kind="connect") == INCONSISTENT_PROTOCOL
    assert other.join(protocols=("sticky",)) == INCONSISTENT_PROTOCOL
    assert stable.describe() == (NONE, "Stable", "consumer", "range", 1)


def test_stale_members(stable):
    for ask in (stable.heartbeat, stable.sync, stable.commit):
        assert ask(generation=stable.generation + 1) == ILLEGAL_GENERATION
        assert ask(generation=stable.generation - 1) == ILLEGAL_GENERATION
        assert ask(id="nobody") == UNKNOWN_MEMBER
        assert ask(instance="nobody") == UNKNOWN_MEMBER
    assert stable.heartbeat(group="") == stable.sync(group="") == stable.leave(group="") == INVALID_GROUP_ID
    assert stable.heartbeat(group="none") == stable.sync(group="none") == stable.leave(group="none") == UNKNOWN_MEMBER
    assert stable.commit(group="none") == ILLEGAL_GENERATION
    assert stable.commit(generation=-1) == ILLEGAL_GENERATION
    assert stable.commit(generation=-1, id="") == UNKNOWN_MEMBER
    assert stable.leave(id="nobody") == UNKNOWN_MEMBER
    assert stable.leave(id="", instance="nobody") == UNKNOWN_MEMBER
    assert stable.leave(id="") == UNKNOWN_MEMBER
    assert stable.heartbeat() == stable.commit() == stable.sync() == stable.leave() == NONE
    assert stable.heartbeat() == stable.commit() == stable.sync() == stable.leave() == UNKNOWN_MEMBER


def test_while_the_group_rebalances(stable, make):
    late = make()
    late.ask_join()
    assert late.joined() == MEMBER_ID_REQUIRED
    assert stable.heartbeat() == NONE
    late.ask_join()
    deadline = time.monotonic() + 10
    while stable.heartbeat() != REBALANCE_IN_PROGRESS:
        assert time.monotonic() < deadline
    assert stable.sync() == REBALANCE_IN_PROGRESS
    assert stable.commit() == NONE  # its generation is the newest
    assert late.connection and stable.describe()[1] == "PreparingRebalance"
    assert stable.join() == NONE
    assert late.joined() == NONE
    assert stable.commit() == REBALANCE_IN_PROGRESS  # until the assignment is there
    assert stable.heartbeat() == NONE
    assert stable.describe()[1:4] == ("CompletingRebalance", "consumer", "")
    assert stable.sync() == NONE
    assert late.sync() == NONE
    assert stable.generation == late.generation == 2


def test_instances(make):
    one, two = make(instance="same"), make(instance="same")
    assert one.join() == one.sync() == NONE
    assert two.join() == NONE
    for ask in (one.heartbeat, one.sync, one.commit, one.leave):
        assert ask() == FENCED_INSTANCE
    assert one.join() == FENCED_INSTANCE
    assert two.heartbeat() == two.sync() == NONE
    assert two.generation == 1
    assert one.leave(id="") == NONE  # as an administrator does it
    assert two.heartbeat() == UNKNOWN_MEMBER


def test_offsets(make):
    simple = make()
    assert simple.fetch() == (-1, -1, "", NONE)
    assert simple.commit(topic="no-such-topic-" + simple.topic) == UNKNOWN_TOPIC
    assert simple.commit(partition=1) == UNKNOWN_TOPIC
    assert simple.commit(metadata="x" * 4097) == METADATA_TOO_LARGE
    assert simple.commit(offset=7, metadata="x" * 4096) == NONE
    assert simple.fetch() == (7, -1, "x" * 4096, NONE)
    assert simple.describe() == (NONE, "Empty", "", "", 0)
    assert simple.commit(generation=3) == UNKNOWN_MEMBER
    assert simple.offset_delete(group="") == INVALID_GROUP_ID
    assert simple.offset_delete(group="none-" + simple.topic) == GROUP_NOT_FOUND
    assert simple.offset_delete(partition=1) == UNKNOWN_TOPIC
    assert simple.offset_delete() == NONE
    assert simple.fetch() == (-1, -1, "", NONE)


def test_groups_that_are_in_use(stable):
    assert stable.commit() == NONE
    assert stable.offset_delete() == GROUP_SUBSCRIBED
    assert stable.delete_group() == NON_EMPTY_GROUP
    assert stable.leave() == NONE
    assert stable.describe() == (NONE, "Empty", "consumer", "", 0)
    assert stable.offset_delete() == NONE
    assert stable.delete_group() == NONE
    assert stable.delete_group() == GROUP_NOT_FOUND
    assert stable.describe()[:2] == (NONE, "Dead")
    assert stable.describe(group="")[:2] == (NONE, "Dead")
    assert stable.delete_group(group="") == GROUP_NOT_FOUND


@pytest.mark.parametrize("retention_ms", [-1, 3600_000, 2**62])
def test_a_group_outlives_its_last_offset(make, retention_ms):
    """Until somebody cleans up, however long its offset was to be kept."""
    one = make()
    assert one.commit_for(retention_ms) == NONE
    assert one.offset_delete() == NONE
    assert one.describe()[:2] == (NONE, "Empty")
    assert one.delete_group() == NONE


def test_offsets_of_another_kind_of_group(make):
    connect = make()
    assert connect.join(kind="connect") == connect.sync() == NONE
    assert connect.commit() == NONE
    assert connect.offset_delete() == NON_EMPTY_GROUP


def test_coordinators_of_what(make):
    one = make()
    for kind, wanted in ((0, NONE), (2, INVALID_REQUEST), (3, INVALID_REQUEST)):
        assert one.connection.ask(FIND, 2, text("key") + struct.pack(">b", kind)).take("ih")[1] == wanted
