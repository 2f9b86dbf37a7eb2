# SPDX-License-Identifier: Apache-2.0
"""Idempotent producers that are silent for long are forgotten, and no sooner."""

import time

import wire

OUT_OF_ORDER_SEQUENCE_NUMBER = 45


def test_a_silent_producer_is_forgotten(start_eddy, topic):
    settings = {"EDDY_STORE_PRODUCER_EXPIRATION": "2s", "EDDY_STORE_RETENTION_CHECK": "100ms"}
    server = start_eddy(environment=settings)
    long_ago = int(time.time() * 1000) - 3_600_000  # the time of a record says nothing about its producer
    with wire.Connection(server) as connection:
        wire.new_topic(connection, topic)
        first = wire.batch(producer=(7, 0, 0), stamp=long_ago)
        later = wire.batch(producer=(7, 0, 5), stamp=long_ago)
        assert wire.produce(connection, topic, first) == (0, 0)
        time.sleep(0.5)
        assert wire.produce(connection, topic, first) == (0, 0), "a duplicate was stored"
        assert wire.produce(connection, topic, later)[0] == OUT_OF_ORDER_SEQUENCE_NUMBER
        deadline = time.monotonic() + 20
        while wire.produce(connection, topic, later) != (0, 1):
            assert time.monotonic() < deadline, "the producer is still known"
            time.sleep(0.2)
