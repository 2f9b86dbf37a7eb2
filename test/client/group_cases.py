# SPDX-License-Identifier: Apache-2.0
"""What kafka-python does with consumer groups, in one file for both versions of it.

test_groups.py imports it for the newest, and runs `group_cases.py CASE BOOTSTRAP TOPIC` with the Python of 2.0.2.
The topic has four partitions.
"""

import sys
import threading
import time

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import OffsetAndMetadata

WAIT_SECONDS = 30
PARTITIONS = 4
# kafka-python 3.0.12 loses its assignment when poll() times out while the leader joins: rarely, with polls this long.
POLL_MS = 2000


def create(bootstrap, topic):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    admin.close()


def produce(bootstrap, topic, values):
    sender = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    for i, value in enumerate(values):
        sender.send(topic, value=value, partition=i % PARTITIONS)
    sender.flush(WAIT_SECONDS)
    sender.close()


def consumer(bootstrap, topic, group, **settings):
    return KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", **settings)


def read(source, count):
    """Polls until COUNT records came."""
    values = []
    deadline = time.monotonic() + WAIT_SECONDS
    while len(values) < count:
        assert time.monotonic() < deadline, f"only {len(values)} of {count} records came"
        for batch in source.poll(timeout_ms=500).values():
            values.extend(record.value for record in batch)
    return values


def subscribe(bootstrap, topic):
    """As in every tutorial: subscribe, iterate, commit by itself; the next consumer goes on where this one stopped."""
    create(bootstrap, topic)
    first = [b"a%d" % i for i in range(100)]
    produce(bootstrap, topic, first)
    source = consumer(bootstrap, topic, "g-" + topic)
    assert sorted(read(source, 100)) == sorted(first)
    source.close()
    go_on(bootstrap, topic)


def go_on(bootstrap, topic):
    more = [b"b%d" % i for i in range(20)]
    produce(bootstrap, topic, more)
    source = consumer(bootstrap, topic, "g-" + topic)
    assert sorted(read(source, 20)) == sorted(more)
    assert source.poll(timeout_ms=500) == {}
    source.close()


class Member(threading.Thread, ConsumerRebalanceListener):
    """A consumer on its own thread; `assigned` are its partitions, `values` what it read."""

    def __init__(self, bootstrap, topic, group):
        super().__init__(daemon=True)
        self.source = consumer(bootstrap, topic, group, heartbeat_interval_ms=300, metadata_max_age_ms=2000)
        self.values, self.assigned, self.error, self.is_stopping = [], set(), None, False
        self.source.subscribe([topic], listener=self)
        self.start()

    def on_partitions_revoked(self, revoked):
        self.assigned = set()

    def on_partitions_assigned(self, assigned):
        self.assigned = {place.partition for place in assigned}

    def run(self):
        try:
            while not self.is_stopping:
                for batch in self.source.poll(timeout_ms=POLL_MS).values():
                    self.values.extend(record.value for record in batch)
            self.source.close()
        except Exception as error:  # told by the main thread
            self.error = error

    def stop(self):
        self.is_stopping = True
        self.join(WAIT_SECONDS)
        assert self.error is None, self.error


def wait_until(condition, what):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def share(bootstrap, topic):
    """Two members have two partitions each; when one goes, the other has all; nothing is read twice or left out."""
    create(bootstrap, topic)
    group = "g-" + topic
    one, two = Member(bootstrap, topic, group), Member(bootstrap, topic, group)
    wait_until(
        lambda: len(one.assigned) == 2 and len(two.assigned) == 2 and not one.assigned & two.assigned,
        lambda: f"not shared: {one.assigned} {two.assigned}",
    )
    first = [b"a%d" % i for i in range(200)]
    produce(bootstrap, topic, first)
    wait_until(lambda: len(one.values) + len(two.values) >= 200, lambda: f"{len(one.values)} + {len(two.values)} of 200")
    assert len(one.values) == len(two.values) == 100
    two.stop()
    wait_until(lambda: len(one.assigned) == 4, lambda: f"only {one.assigned}")
    more = [b"b%d" % i for i in range(40)]
    produce(bootstrap, topic, more)
    wait_until(lambda: len(one.values) >= 140, lambda: f"{len(one.values)} of 140")
    one.stop()
    assert sorted(one.values + two.values) == sorted(first + more)


def committed_entry(offset, metadata):
    fields = (offset, metadata) if len(OffsetAndMetadata._fields) == 2 else (offset, metadata, -1)
    return OffsetAndMetadata(*fields)


def commit(bootstrap, topic):
    """Offsets by hand, with metadata; seek; what was committed counts for the next one."""
    create(bootstrap, topic)
    produce(bootstrap, topic, [b"%d" % i for i in range(40)])
    place = TopicPartition(topic, 0)
    source = consumer(bootstrap, topic, "g-" + topic, enable_auto_commit=False)
    read(source, 40)
    source.commit({place: committed_entry(7, "where I was")})
    assert source.committed(place) == 7
    assert source.committed(place, metadata=True).metadata == "where I was"
    assert source.committed(TopicPartition(topic, 1)) is None
    source.seek(place, 3)
    assert read(source, 7) == [b"%d" % i for i in range(12, 40, 4)]
    source.close()
    source = consumer(bootstrap, topic, "g-" + topic, enable_auto_commit=False)
    values = read(source, 33)  # 3 of partition 0, all of the others
    assert b"28" in values and b"24" not in values
    source.close()


def assign_and_commit(bootstrap, topic):
    """A group without members: whoever assigns itself partitions commits all the same."""
    create(bootstrap, topic)
    produce(bootstrap, topic, [b"%d" % i for i in range(8)])
    place = TopicPartition(topic, 1)
    for start in (0, 1):
        source = KafkaConsumer(
            bootstrap_servers=bootstrap, group_id="g-" + topic, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        source.assign([place])
        assert read(source, 2 - start) == [b"1", b"5"][start:]
        source.commit({place: committed_entry(1, "")})
        source.close()


def admin(bootstrap, topic):
    """Groups are listed, described, their offsets read, and deleted when nobody is in them."""
    create(bootstrap, topic)
    produce(bootstrap, topic, [b"x"] * 8)
    group = "g-" + topic
    source = consumer(bootstrap, topic, group)
    read(source, 8)
    source.commit()
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    assert group in str(client.list_consumer_groups() if hasattr(client, "list_consumer_groups") else client.list_groups())
    described = str(describe(client, group))
    assert "Stable" in described and "/127.0.0.1" in described, described
    offsets = group_offsets(client, group)
    assert {place.partition: entry.offset for place, entry in offsets.items()} == {0: 2, 1: 2, 2: 2, 3: 2}
    assert "NonEmptyGroup" in str(delete(client, group))
    source.close()
    assert "Empty" in str(describe(client, group))
    assert "NonEmptyGroup" not in str(delete(client, group))
    assert group_offsets(client, group) == {}
    client.close()


def describe(client, group):
    return client.describe_consumer_groups([group]) if hasattr(client, "describe_consumer_groups") else client.describe_groups([group])


def group_offsets(client, group):
    if hasattr(client, "list_group_offsets"):
        return client.list_group_offsets(group)[group]
    return client.list_consumer_group_offsets(group)


def delete(client, group):
    try:
        return client.delete_consumer_groups([group]) if hasattr(client, "delete_consumer_groups") else client.delete_groups([group])
    except Exception as error:  # the newest raises, the old one returns
        return repr(error)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
