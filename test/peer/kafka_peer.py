#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs an Apache Kafka of one node until it is interrupted: kafka_peer.py FOLDER [--heap 1g] [key=value...]."""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import servers  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--heap", default="1g")
    parser.add_argument("settings", nargs="*", help="broker settings, such as flush.messages=1")
    options = parser.parse_args()
    settings = dict(setting.split("=", 1) for setting in options.settings)
    peer = servers.Kafka(options.folder, settings, options.heap).start()
    print(f"kafka listening on {peer.bootstrap}\nready", flush=True)
    try:
        peer.process.wait()
    except KeyboardInterrupt:
        peer.stop()


if __name__ == "__main__":
    main()
