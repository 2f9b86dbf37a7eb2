# SPDX-License-Identifier: Apache-2.0
"""The files on disk are Kafka's: Kafka's own tool verifies eddy's, and eddy serves what Kafka wrote."""

import pathlib
import random
import shutil
import sys

import pytest
import servers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "client"))
import kafka_python_cases as cases  # noqa: E402
import wire  # noqa: E402

DUMP = "org.apache.kafka.tools.DumpLogSegments"
SMALL_SEGMENTS = [("segment.bytes", "1048576"), ("segment.index.bytes", "4096"), ("index.interval.bytes", "4096")]
CODECS = [None, "gzip", "snappy", "lz4", "zstd"]


def fill(server, topic, count=2000):
    """Sends COUNT records of 1 KB with every codec and returns their values in order."""
    values = []
    noise = random.Random(1)  # what compresses well would never fill a segment
    for codec in CODECS:
        sender = cases.producer(server.bootstrap, compression_type=codec, batch_size=16_384, linger_ms=5)
        for i in range(count // len(CODECS)):
            values.append(f"{codec} {i} ".encode() + noise.randbytes(1000))
            sender.send(topic, values[-1], key=b"%d" % i)
        sender.flush(30)
        sender.close()
    return values


def verify(java, folder, count):
    """Kafka's tool reads every record and every index entry of the folder."""
    logs = sorted(folder.glob("*.log"))
    assert len(logs) > 2, "the segments did not roll"
    out = java(DUMP, "--deep-iteration", "--print-data-log", "--files", ",".join(map(str, logs)))
    assert "isvalid: false" not in out and "Found invalid" not in out and "non-consecutive" not in out.lower()
    offsets = [line.split("offset: ")[1].split()[0] for line in out.splitlines() if line.startswith("| offset: ")]
    assert offsets == [str(i) for i in range(count)]
    for kind in ("*.index", "*.timeindex"):
        # The last one belongs to the open segment; Kafka too keeps it longer than it is filled.
        indexes = sorted(folder.glob(kind))[:-1]
        assert indexes
        said = java(DUMP, "--index-sanity-check", "--files", ",".join(map(str, indexes)))
        assert "Exception" not in said and said.count("passed sanity check") == len(indexes), said
        checked = java(DUMP, "--verify-index-only", "--files", ",".join(map(str, indexes)))
        assert "Mismatches" not in checked and "Found" not in checked, checked


def test_kafka_verifies_the_segments_that_eddy_wrote(java, start_eddy, topic):
    server = start_eddy()
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic, configs=SMALL_SEGMENTS)
    values = fill(server, topic, 5000)
    assert server.stop() == 0
    verify(java, server.data / f"{topic}-0", len(values))


@pytest.fixture
def kafka_folder(tmp_path, topic):
    """A partition folder that a real Kafka wrote, with its values."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")
    peer = servers.Kafka(tmp_path / "kafka").start()
    try:
        with wire.Connection(peer) as connection:
            wire.new_topic(connection, topic, configs=SMALL_SEGMENTS[:1])
        values = fill(peer, topic, 5000)
    finally:
        peer.stop()
    return peer.data / f"{topic}-0", values


def test_the_check_accepts_what_kafka_wrote(java, kafka_folder):
    folder, values = kafka_folder
    verify(java, folder, len(values))


def test_eddy_serves_the_folder_that_kafka_wrote(start_eddy, tmp_path, topic, kafka_folder):
    source, values = kafka_folder
    data = tmp_path / "eddy" / "data"
    data.mkdir(parents=True)
    shutil.copytree(source, data / source.name)
    server = start_eddy(folder=tmp_path / "eddy")
    records = cases.read_from_start(server.bootstrap, topic, len(values))
    assert [record.value for record in records] == values
    with wire.Connection(server) as connection:
        assert wire.produce(connection, topic, wire.batch([b"eddy's"])) == (0, len(values))
        assert wire.fetch(connection, topic, len(values))[1] == len(values) + 1


def test_what_was_deleted_in_kafka_stays_deleted(start_eddy, tmp_path, topic):
    """The log start lies inside a segment: only Kafka's checkpoint of the data folder knows it."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")
    peer = servers.Kafka(tmp_path / "kafka").start()
    try:
        with wire.Connection(peer) as connection:
            wire.new_topic(connection, topic)
            for number in range(40):
                assert wire.produce(connection, topic, wire.batch([b"%d" % number])) == (0, number)
            body = wire.struct.pack(">i", 1) + wire.text(topic) + wire.struct.pack(">iiqi", 1, 0, 25, 10_000)
            reader = connection.ask(21, 1, body)  # DeleteRecords
            assert reader.take("ii") == (0, 1) and reader.text() == topic and reader.take("iiqh") == (1, 0, 25, 0)
    finally:
        peer.stop()
    data = tmp_path / "eddy" / "data"
    data.mkdir(parents=True)
    shutil.copytree(peer.data / f"{topic}-0", data / f"{topic}-0")
    for file in peer.data.glob("*-checkpoint"):
        shutil.copy(file, data / file.name)
    server = start_eddy(folder=tmp_path / "eddy")
    with wire.Connection(server) as connection:
        assert wire.fetch(connection, topic, 24)[0] == 1, "a deleted record is back"
        assert wire.fetch(connection, topic, 25)[:2] == (0, 40)


def test_kafka_reads_the_state_of_producers(java, eddy, topic):
    sender = cases.producer(eddy.bootstrap)  # which is idempotent
    for i in range(5):
        sender.send(topic, b"%d" % i).get(30)
    sender.close()
    assert eddy.stop() == 0
    snapshots = sorted((eddy.data / f"{topic}-0").glob("*.snapshot"))
    assert snapshots
    out = java(DUMP, "--files", snapshots[-1])
    rows = [line for line in out.splitlines() if line.startswith("producerId: ")]
    assert len(rows) == 5, out  # one for each batch that may come again; Kafka counts the last
    for i, row in enumerate(rows):
        assert "producerEpoch: 0 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong.empty" in row, row
        assert f"firstSequence: {i} lastSequence: {i} lastOffset: {i} offsetDelta: 0" in row, row
