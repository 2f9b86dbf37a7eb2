# SPDX-License-Identifier: Apache-2.0
"""A data folder without eddy's own checkpoint, as another broker leaves it: Kafka's files say where its logs begin."""

import struct

import wire

RECORDS, DELETED = 30, 12


def test_deleted_records_do_not_come_back(eddy, topic):
    with wire.Connection(eddy) as connection:
        wire.new_topic(connection, topic)
        for number in range(RECORDS):
            assert wire.produce(connection, topic, wire.batch([b"%d" % number])) == (0, number)
    assert eddy.stop() == 0
    starts = eddy.data / "log-start-offset-checkpoint"
    assert f"{topic} 0 0\n" in starts.read_text()
    starts.write_text(starts.read_text().replace(f"{topic} 0 0\n", f"{topic} 0 {DELETED}\n"))
    epochs = eddy.data / f"{topic}-0" / "leader-epoch-checkpoint"
    epochs.write_text(f"0\n2\n0 0\n7 {RECORDS}\n")  # the newest leader has written nothing
    for name in ("checkpoint-0", "checkpoint-1", "journal", "format"):
        (eddy.data / name).unlink(missing_ok=True)
    eddy.restart()
    with wire.Connection(eddy) as connection:
        assert wire.fetch(connection, topic, DELETED - 1)[0] == 1, "a deleted record is back"
        error, high_watermark, records = wire.fetch(connection, topic, DELETED)
        assert (error, high_watermark) == (0, RECORDS) and records
        assert wire.produce(connection, topic, wire.batch()) == (0, RECORDS)
        _, _, records = wire.fetch(connection, topic, RECORDS)
        assert struct.unpack_from(">i", records, 12)[0] >= 7, "the leader epoch went back"
    eddy.kill()
    eddy.restart()
    with wire.Connection(eddy) as connection:
        assert wire.fetch(connection, topic, DELETED - 1)[0] == 1
        assert wire.fetch(connection, topic, DELETED)[0] == 0
