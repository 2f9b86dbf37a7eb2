# SPDX-License-Identifier: Apache-2.0
"""kafka-python, newest."""

import kafka_python_cases as cases
import pytest


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_roundtrip(broker, topic, acks):
    cases.roundtrip(broker.bootstrap, topic, acks)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compression(broker, topic, codec):
    cases.compression(broker.bootstrap, topic, codec)


CASES = ["nulls", "seek_by_time", "large_message", "larger_than_the_fetch", "long_poll", "admin", "idempotent"]


@pytest.mark.parametrize("case", CASES)
def test_case(broker, topic, case):
    getattr(cases, case)(broker.bootstrap, topic)
