#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes test/client/nats_answers.json: what nats-server answers to each row of nats_cases.py."""

import json
import pathlib
import sys
import tempfile

TEST = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TEST), str(TEST / "client")]
import nats_cases  # noqa: E402
import nats_wire  # noqa: E402
import servers  # noqa: E402


def record(folder):
    told = {}
    for name, config in nats_cases.SERVERS.items():
        server = servers.Nats(pathlib.Path(folder) / name, config).start()
        try:
            for case in nats_cases.CASES:
                if case.server == name:
                    told[case.name] = nats_wire.as_text(nats_wire.play(server.nats_address, case))
        finally:
            server.stop()
    return {case.name: told[case.name] for case in nats_cases.CASES}


def main():
    with tempfile.TemporaryDirectory() as folder:
        answers = {"nats-server": servers.Nats.version(), "answers": record(folder)}
    (TEST / "client/nats_answers.json").write_text(json.dumps(answers, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
