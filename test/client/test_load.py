# SPDX-License-Identifier: Apache-2.0
"""Many connections and slow peers: memory stays bounded, and others are served as if nothing were there."""

import concurrent.futures
import resource
import struct
import threading
import time

import pytest
import wire

IDLE_CONNECTIONS = 10_000
IDLE_MEMORY_LIMIT = 8 * 1024
PENDING_FETCHES = 200


@pytest.fixture
def many_files():
    """Sockets for the test itself; the server inherits the limit when it starts afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE_CONNECTIONS + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"the machine allows only {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_sanitized(server):
    return "asan" in str(server.binary) or "tsan" in str(server.binary)


def test_serves_beside_many_idle_connections(many_files, start_eddy, topic):
    server = start_eddy()
    with wire.Connection(server) as first:
        wire.new_topic(first, topic)
    before = server.memory_bytes()
    idle = [wire.Connection(server) for _ in range(IDLE_CONNECTIONS)]
    try:
        with wire.Connection(server) as busy:
            started = time.monotonic()
            for number in range(100):
                assert wire.produce(busy, topic, wire.batch()) == (0, number)
            assert time.monotonic() - started < 10
        # Idle, and yet heard: the last that came and the first.
        for one in (idle[-1], idle[0]):
            assert wire.produce(one, topic, wire.batch())[0] == 0
        if not is_sanitized(server):
            assert (server.memory_bytes() - before) / IDLE_CONNECTIONS < IDLE_MEMORY_LIMIT
    finally:
        for one in idle:
            one.socket.close()
    with wire.Connection(server) as last:
        assert wire.produce(last, topic, wire.batch())[0] == 0


def test_slow_readers_cost_bounded_memory(start_eddy, topic):
    """Each asks for 200 times a megabyte and reads nothing; whole answers would be 4 GB."""
    server = start_eddy()
    with wire.Connection(server) as writer:
        wire.new_topic(writer, topic)
        big = wire.batch([b"x" * 900_000])
        for _ in range(10):
            assert wire.produce(writer, topic, big)[0] == 0
        before = server.memory_bytes()
        slow = [wire.Connection(server, receive_buffer=4096) for _ in range(20)]
        body = wire.fetch_body(topic, 0, max_bytes=1 << 20)
        for one in slow:
            one.socket.settimeout(1)
            for _ in range(PENDING_FETCHES):
                one.request(wire.FETCH, 4, body)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            assert wire.produce(writer, topic, wire.batch())[0] == 0
            time.sleep(0.1)
        limit = 400_000_000 if is_sanitized(server) else 150_000_000
        assert server.memory_bytes() - before < limit
        # One of them wakes up, and gets every answer whole.
        slow[0].socket.settimeout(30)
        for number in range(PENDING_FETCHES):
            answer = slow[0].receive()
            assert answer is not None and len(answer) > 900_000, number
        for one in slow:
            one.socket.close()


def test_large_batches_in_flight_stay_within_the_memory(start_eddy, topic):
    """16 connections with 8 requests of 900 KB each on their way: beside the newest records, all of it would be 180 MB."""
    server = start_eddy()
    connections = [wire.Connection(server, timeout=60) for _ in range(16)]
    wire.new_topic(connections[0], topic, partitions=4)
    big = wire.batch([b"x" * 900_000])

    def run(connection, partition):
        body = wire.produce_body(topic, big, partition)
        sender = threading.Thread(target=lambda: [connection.request(wire.PRODUCE, 7, body) for _ in range(24)])
        sender.start()
        answers = [connection.receive() for _ in range(24)]
        sender.join()
        # Correlation id, topics, name, partitions, partition: then the error.
        at = 4 + 4 + 2 + len(topic) + 4 + 4
        return [struct.unpack_from(">h", answer, at)[0] for answer in answers]

    with concurrent.futures.ThreadPoolExecutor(len(connections)) as pool:
        errors = list(pool.map(run, connections, [number % 4 for number in range(len(connections))]))
    assert errors == [[0] * 24] * len(connections)
    if not is_sanitized(server):
        assert server.peak_memory_bytes() < 90_000_000
    for one in connections:
        one.socket.close()


def test_a_slow_sender_does_not_hold_others(start_eddy, topic):
    server = start_eddy()
    half = struct.pack(">ihhih", 1000, wire.METADATA, 1, 1, -1)
    slow = [wire.Connection(server) for _ in range(100)]
    for one in slow:
        one.send(half)
    with wire.Connection(server) as other:
        wire.new_topic(other, topic)
        assert wire.produce(other, topic, wire.batch()) == (0, 0)
    for one in slow:
        one.socket.close()


def test_announced_sizes_cost_nothing_before_the_bytes_come(start_eddy):
    """200 connections each announce a request of 100 MB and send a little of it."""
    server = start_eddy()
    before = server.memory_bytes()
    liars = [wire.Connection(server) for _ in range(200)]
    for one in liars:
        one.send(struct.pack(">ihhih", 100_000_000, wire.PRODUCE, 7, 1, -1) + b"\0" * 100)
    time.sleep(1)
    assert server.memory_bytes() - before < 100_000_000
    for one in liars:
        one.socket.close()


def test_answers_all_that_was_asked_before_the_end_of_the_stream(start_eddy, topic):
    """A script (`... | nc`) half-closes behind its last request; the acknowledgements come turns later."""
    server = start_eddy()
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic)
    with wire.Connection(server) as script:
        for _ in range(20):
            script.request(wire.PRODUCE, 7, wire.produce_body(topic, wire.batch()))
        script.request(wire.FETCH, 4, wire.fetch_body(topic, 0, wait_ms=20_000, min_bytes=1 << 30))
        script.request(wire.METADATA, 1, struct.pack(">i", 0))
        script.end()
        for correlation in range(1, 23):
            answer = script.receive()
            assert answer is not None, f"answer {correlation} is missing"
            assert struct.unpack(">i", answer[:4])[0] == correlation
        assert script.closed()
    with wire.Connection(server) as connection:
        assert wire.fetch(connection, topic, 0)[1] == 20


def test_ends_a_stream_that_ends_inside_of_a_frame(start_eddy):
    with wire.Connection(start_eddy()) as script:
        script.request(wire.METADATA, 1, struct.pack(">i", 0))
        script.send(struct.pack(">ihh", 1000, wire.METADATA, 1))
        script.end()
        assert script.receive() is not None
        assert script.closed()
