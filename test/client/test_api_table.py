# SPDX-License-Identifier: Apache-2.0
"""The table of APIs in docs/kafka.md is what a running server tells its clients, no row more and none less."""

import re

import servers
import wire

ROW = re.compile(r"^\| \w+ \((\d+)\) \| (\d+)(?:-(\d+))?(?:, advertised from (\d+))?[^|]*\| \S[^|]* \|$", flags=re.M)


def documented():
    """(least, greatest version) by the number of the API."""
    table = (servers.ROOT / "docs/kafka.md").read_text(encoding="utf-8")
    rows = ROW.findall(table)
    assert len(rows) == len(set(key for key, *_ in rows)), "an API has two rows"
    return {int(key): (int(advertised or least), int(most or least)) for key, least, most, advertised in rows}


def test_the_table_of_apis_is_what_the_server_advertises(eddy):
    with wire.Connection(eddy) as connection:
        error, count = (reader := connection.ask(wire.API_VERSIONS, 0, b"")).take("hi")
        served = {key: (least, most) for key, least, most in (reader.take("hhh") for _ in range(count))}
    assert error == 0
    assert documented() == served
