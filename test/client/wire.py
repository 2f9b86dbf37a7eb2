# SPDX-License-Identifier: Apache-2.0
"""Kafka's wire format by hand, for requests that no client would send: classic versions, and flexible ones (KIP-482) where it takes them."""

import socket
import struct
import time

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, CREATE_TOPICS, INIT_PRODUCER_ID = 0, 1, 2, 3, 18, 19, 22
INCREMENTAL_ALTER_CONFIGS = 44
TOPIC, BROKER, BROKER_LOGGER = 2, 4, 8  # types of configuration resources

COORDINATOR_LOAD_IN_PROGRESS = 14

CRC_TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = (_byte >> 1) ^ (0x82F63B78 if _byte & 1 else 0)
    CRC_TABLE.append(_byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def text(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value)) + value.encode()


def varint(value):
    return uvarint((value << 1) ^ (value >> 63))


def uvarint(value):
    out = bytearray()
    while value & ~0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def compact(value):
    """A string of a flexible version."""
    return uvarint(len(value) + 1) + value.encode()


NO_TAGS = b"\0"


def record(delta, value, key=None):
    body = b"\0" + varint(0) + varint(delta)
    body += varint(-1) if key is None else varint(len(key)) + key
    body += varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def tombstone(delta, key):
    body = b"\0" + varint(0) + varint(delta) + varint(len(key)) + key + varint(-1) + varint(0)
    return varint(len(body)) + body


def batch(
    values=(b"x",), magic=2, attributes=0, producer=(-1, -1, -1), crc=None, count=None, last_delta=None, stamp=None, records=None
):
    """A record batch of VALUES without keys, or of encoded RECORDS; CRC, COUNT and LAST_DELTA replace the right ones."""
    stamp = int(time.time() * 1000) if stamp is None else stamp
    if records is not None:
        values = records
    records = b"".join(records or [record(i, value) for i, value in enumerate(values)])
    body = struct.pack(
        ">hiqqqhii",
        attributes,
        len(values) - 1 if last_delta is None else last_delta,
        stamp,
        stamp,
        producer[0],
        producer[1],
        producer[2],
        len(values) if count is None else count,
    )
    body += records
    tail = struct.pack(">ibI", -1, magic, crc32c(body) if crc is None else crc) + body
    return struct.pack(">qi", 0, len(tail)) + tail


def old_message_set(value=b"x", magic=1):
    """One message of the format before Kafka 0.11."""
    import zlib

    body = struct.pack(">bb", magic, 0) + (struct.pack(">q", 0) if magic == 1 else b"") + struct.pack(">i", -1)
    body += struct.pack(">i", len(value)) + value
    message = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", 0, len(message)) + message


class Reader:
    """Takes an answer apart."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0] if len(values) == 1 else values

    def text(self):
        size = self.take("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.take("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def bytes(self, size):
        self.at += size
        return self.data[self.at - size : self.at]

    def compact(self):
        """The bytes of a string or of records in a flexible version; None for null."""
        size = self.uvarint()
        return None if size == 0 else self.bytes(size - 1)

    def tags(self):
        """The tagged fields that stand here, by number."""
        return {self.uvarint(): self.bytes(self.uvarint()) for _ in range(self.uvarint())}


class Connection:
    """A socket to a server. `closed()` tells whether the server ended it."""

    def __init__(self, server, timeout=10, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((server.host, server.port))
        self.correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def end(self):
        """Sends nothing more, and goes on reading: what `... | nc` does."""
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self):
        """The next answer without its size, or None when the server closed."""
        head = self._exactly(4)
        return None if head is None else self._exactly(struct.unpack(">i", head)[0])

    def _exactly(self, size):
        data = bytearray()
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionResetError:
                return None
            if not piece:
                return None
            data += piece
        return bytes(data)

    def closed(self):
        """Whether the server ends the connection without an answer."""
        return self.receive() is None

    def request(self, api, version, body, client="raw", flexible=False):
        self.correlation += 1
        message = struct.pack(">hhi", api, version, self.correlation) + text(client) + (NO_TAGS if flexible else b"") + body
        self.send(struct.pack(">i", len(message)) + message)

    def ask(self, api, version, body, flexible=False):
        """Sends a request and returns a Reader behind the header of its answer."""
        self.request(api, version, body, flexible=flexible)
        data = self.receive()
        assert data is not None, "the server closed the connection"
        reader = Reader(data)
        assert reader.take("i") == self.correlation
        if flexible:
            reader.tags()
        return reader


def produce_body(topic, records, partition=0, acks=-1, transaction=None):
    head = text(transaction) + struct.pack(">hi", acks, 10_000)
    return head + struct.pack(">i", 1) + text(topic) + struct.pack(">iii", 1, partition, len(records)) + records


def produce(connection, topic, records, partition=0, acks=-1, version=7):
    """Returns (error code, base offset) of one batch."""
    reader = connection.ask(PRODUCE, version, produce_body(topic, records, partition, acks))
    assert reader.take("i") == 1 and reader.text() == topic and reader.take("i") == 1
    answered, error, offset = reader.take("ihq")
    assert answered == partition
    return error, offset


def create_topic(connection, topic, partitions=1, configs=()):
    """CreateTopics v2; returns the error code."""
    body = struct.pack(">i", 1) + text(topic) + struct.pack(">ihi", partitions, 1, 0) + struct.pack(">i", len(configs))
    body += b"".join(text(key) + text(value) for key, value in configs) + struct.pack(">ib", 10_000, 0)
    reader = connection.ask(CREATE_TOPICS, 2, body)
    reader.take("ii")
    assert reader.text() == topic
    return reader.take("h")


def alter_config(connection, resource_type, resource_name, name, value, operation=0):
    """IncrementalAlterConfigs v0 with one change; returns (error code, message)."""
    body = struct.pack(">ib", 1, resource_type) + text(resource_name)
    body += struct.pack(">i", 1) + text(name) + struct.pack(">b", operation) + text(value) + b"\0"
    reader = connection.ask(INCREMENTAL_ALTER_CONFIGS, 0, body)
    reader.take("ii")
    return reader.take("h"), reader.text()


def fetch_body(topic, offset, partition=0, max_bytes=1 << 20, wait_ms=0, min_bytes=0):
    """Fetch v4 to v6 differ; this is v4."""
    head = struct.pack(">iiiib", -1, wait_ms, min_bytes, max_bytes, 0)
    return head + struct.pack(">i", 1) + text(topic) + struct.pack(">iiqi", 1, partition, offset, max_bytes)


def fetch(connection, topic, offset, partition=0, **settings):
    """Fetch v4; returns (error code, high watermark, record bytes)."""
    reader = connection.ask(FETCH, 4, fetch_body(topic, offset, partition, **settings))
    reader.take("ii")
    assert reader.text() == topic
    _, _, error, high_watermark, _, aborted, size = reader.take("iihqqii")
    assert aborted <= 0
    return error, high_watermark, reader.data[reader.at : reader.at + max(size, 0)]


def fetch_behind(connection, topic, offset, last_epoch):
    """Fetch v12 of partition 0 by a client whose last record had LAST_EPOCH (KIP-595); returns (error code, record bytes,
    None or the epoch and end offset where the client's log and the server's part)."""
    head = struct.pack(">iiiibii", -1, 60_000, 1, 1 << 20, 0, 0, -1)
    row = struct.pack(">iiqiqi", 0, -1, offset, last_epoch, -1, 1 << 20) + NO_TAGS
    body = head + uvarint(2) + compact(topic) + uvarint(2) + row + NO_TAGS + uvarint(1) + compact("") + NO_TAGS
    reader = connection.ask(FETCH, 12, body, flexible=True)
    assert reader.take("ihi") == (0, 0, 0)
    assert (reader.uvarint(), reader.compact().decode(), reader.uvarint()) == (2, topic, 2)
    _, error, _, _, _ = reader.take("ihqqq")
    assert reader.uvarint() <= 1 and reader.take("i") == -1
    records, tags = reader.compact(), reader.tags()
    return error, records or b"", struct.unpack(">iq", tags[0][:12]) if 0 in tags else None


def list_offsets(connection, topics, version=11):
    """ListOffsets v10 or v11 of [(topic, [(partition, timestamp)])]; returns [(topic, partition, error code, offset)]."""
    body = struct.pack(">ib", -1, 0) + uvarint(len(topics) + 1)
    for topic, rows in topics:
        body += compact(topic) + uvarint(len(rows) + 1)
        body += b"".join(struct.pack(">iiq", partition, -1, timestamp) + NO_TAGS for partition, timestamp in rows) + NO_TAGS
    reader = connection.ask(LIST_OFFSETS, version, body + struct.pack(">i", 10_000) + NO_TAGS, flexible=True)
    answers = []
    reader.take("i")
    for _ in range(reader.uvarint() - 1):
        name = reader.compact().decode()
        for _ in range(reader.uvarint() - 1):
            partition, error, _, offset, _ = reader.take("ihqqi")
            reader.tags()
            answers.append((name, partition, error, offset))
        reader.tags()
    return sorted(answers)


def init_producer_id(connection):
    """InitProducerId v1 without a transaction; returns (producer id, epoch)."""
    for _ in range(50):
        reader = connection.ask(INIT_PRODUCER_ID, 1, text(None) + struct.pack(">i", 60_000))
        _, error, producer, epoch = reader.take("ihqh")
        if error != COORDINATOR_LOAD_IN_PROGRESS:
            break
        time.sleep(0.1)
    assert error == 0, error
    return producer, epoch


def new_topic(connection, topic, partitions=1, configs=()):
    """Creates TOPIC and waits until every partition is served: the peer announces a topic before that."""
    assert create_topic(connection, topic, partitions, configs) == 0
    for partition in range(partitions):
        for _ in range(200):
            if fetch(connection, topic, 0, partition)[0] == 0:
                break
            time.sleep(0.01)
        else:
            raise AssertionError(f"partition {partition} of the new topic is not served")
