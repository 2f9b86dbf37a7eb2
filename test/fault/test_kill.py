# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load: what was acknowledged is there afterwards, unchanged and at its offset, without gaps."""

import struct
import time

import wire

PARTITIONS = 4
ROUNDS = 5


def leader_epoch(batch):
    return struct.unpack_from(">i", batch, 12)[0]


def test_kill_under_load(eddy, load, read_partition, topic):
    with wire.Connection(eddy) as connection:
        wire.new_topic(connection, topic, PARTITIONS)
    acked, last_epoch = {}, -1
    for number in range(ROUNDS):
        running = load(eddy, topic, PARTITIONS, first_mark=number * 1_000_000)
        time.sleep(0.5 + 0.2 * number)
        eddy.kill()
        running.join()
        assert len(running.acked) > 10
        acked.update(running.acked)
        eddy.restart()
        stored = [read_partition(eddy, topic, partition) for partition in range(PARTITIONS)]
        for values in stored:
            assert list(values) == list(range(len(values))), "offsets have a gap"
        for mark, (partition, offset, _) in acked.items():
            assert running.value(mark) in stored[partition][offset], f"{mark} is lost or at another offset"
        marks = [batch[batch.index(b"EDDYMARK") :][:16] for values in stored for batch in values.values()]
        assert len(marks) == len(set(marks)), "something was stored twice"
        epoch = max(leader_epoch(batch) for values in stored for batch in values.values())
        assert epoch > last_epoch, "the leader epoch rises after an unclean stop"
        last_epoch = epoch


def test_a_client_of_before_the_kill_learns_where_its_log_parts(eddy, topic):
    """KIP-595: what a client read in the epoch before the kill and what came behind it can be told apart."""
    with wire.Connection(eddy) as connection:
        wire.new_topic(connection, topic)
        assert wire.produce(connection, topic, wire.batch([b"1", b"2"])) == (0, 0)
        before = leader_epoch(wire.fetch(connection, topic, 0)[2])
    eddy.kill()
    eddy.restart()
    with wire.Connection(eddy) as connection:
        assert wire.fetch_behind(connection, topic, 3, before) == (0, b"", (before, 2)), "nothing was written since"
        assert wire.produce(connection, topic, wire.batch([b"3", b"4", b"5"])) == (0, 2)
        assert wire.fetch_behind(connection, topic, 3, before) == (0, b"", (before, 2))
        error, records, diverging = wire.fetch_behind(connection, topic, 2, before)
        assert (error, len(records) > 0, diverging) == (0, True, None)


def test_a_clean_stop_and_start_keeps_everything(eddy, load, read_partition, topic):
    with wire.Connection(eddy) as connection:
        wire.new_topic(connection, topic)
    running = load(eddy, topic, 1)
    time.sleep(0.5)
    running.stop()
    assert eddy.stop() == 0
    eddy.restart()
    values = read_partition(eddy, topic, 0)
    assert len(values) == len(running.acked)
    for mark, (_, offset, _) in running.acked.items():
        assert running.value(mark) in values[offset]


def test_a_second_server_on_the_same_folder_is_refused(eddy, start_eddy, topic):
    import servers

    second = servers.Eddy(eddy.folder.parent / "second", ["--data", str(eddy.data)])
    try:
        second.start()
        raise AssertionError("two servers took one folder")
    except servers.ServerFailed as refused:
        assert str(eddy.data) in str(refused), "the sentence names the folder"
    with wire.Connection(eddy) as connection:
        wire.new_topic(connection, topic)
