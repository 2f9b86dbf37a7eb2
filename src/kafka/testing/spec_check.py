#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares every row of the schema tables with Kafka's message definitions (JSON).

usage: spec_check.py SPEC_DUMP [FOLDER]
FOLDER defaults to $EDDY_SPEC, else ../shared/spec/kafka-messages beside the project. Exit code 77 when it is absent.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ANY = 127


def find_folder():
    if len(sys.argv) > 2:
        return pathlib.Path(sys.argv[2])
    if "EDDY_SPEC" in os.environ:
        return pathlib.Path(os.environ["EDDY_SPEC"]) / "kafka-messages"
    root = pathlib.Path(__file__).resolve().parents[3]
    for up in (root.parent, root.parent.parent):
        if (up / "shared/spec/kafka-messages").is_dir():
            return up / "shared/spec/kafka-messages"
    return root.parent / "shared/spec/kafka-messages"


def load(path):
    return json.loads(re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.M))


def versions(text):
    if text == "none":
        return None
    if text.endswith("+"):
        return int(text[:-1]), ANY
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def both(a, b):
    return max(a[0], b[0]), min(a[1], b[1])


def number(field):
    default = field.get("default", 0)
    if field["type"].startswith("[]") or field["type"] in ("string", "bytes", "records") or "fields" in field or default == "null":
        return 0
    if str(default).lower() in ("true", "false"):
        return int(str(default).lower() == "true")
    return int(str(default), 0)


def spec_rows(fields, path, outer, served, structs):
    for field in fields:
        span = both(versions(field["versions"]), outer)
        if both(span, served)[0] > both(span, served)[1]:
            continue
        null = versions(field.get("nullableVersions", "none"))
        here = f"{path}/{field['name']}"
        if "default" in field and field["type"] == "string":
            default = field["default"]
            assert default == ("null" if null else ""), f"{here}: the codec has no text default {default!r}"
        yield here, {
            "type": field["type"], "span": both(span, served),
            "null": max(null[0], span[0]) if null else ANY,
            "tag": field.get("tag", -1), "default": number(field) if field["type"] not in structs else 0,
        }
        inner = field.get("fields") or structs.get(field["type"].removeprefix("[]"))
        if inner:
            yield from spec_rows(inner, here, span, served, structs)


def main():
    folder = find_folder()
    if not folder.is_dir():
        print(f"skipped: Kafka's message definitions are not at {folder}")
        return 77
    apis, rows = {}, {}
    for line in subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines():
        kind, name, *rest = line.split("\t")
        if kind == "api":
            apis[name] = [int(x) for x in rest]
        else:
            rows[name] = rest
    problems, expected = [], {}
    for name, (key, low, high, flexible_from) in apis.items():
        for side in ("Request", "Response"):
            spec = load(folder / f"{name}{side}.json")
            structs = {s["name"]: s["fields"] for s in spec.get("commonStructs", [])}
            if spec["apiKey"] != key:
                problems.append(f"{name}: key {key} is {spec['apiKey']} in the spec")
            span = versions(spec["validVersions"])
            if low < span[0] or high > span[1]:
                problems.append(f"{name}: versions {low}-{high}, the spec has {span}")
            if (versions(spec["flexibleVersions"]) or (ANY,))[0] != flexible_from:
                problems.append(f"{name}: flexible from {flexible_from}, the spec says {spec['flexibleVersions']}")
            expected.update(spec_rows(spec["fields"], name + side, (0, ANY), (low, high), structs))
    spans = {}
    for path, (kind, low, high, null, tag, default) in rows.items():
        message = path.split("/")[0]
        api = apis[message.removesuffix("Request").removesuffix("Response")]
        outer = spans.get(path.rpartition("/")[0], (0, ANY))
        spans[path] = both((int(low), int(high)), outer)
        span = both(spans[path], (api[1], api[2]))
        null = int(null) if int(null) == ANY else max(int(null), spans[path][0])
        got = {"type": kind, "span": span, "null": null, "tag": int(tag), "default": int(default)}
        want = expected.pop(path, None)
        if want != got:
            problems.append(f"{path}: table {got}, spec {want}")
    problems += [f"{path}: missing in the tables" for path in expected]
    print("\n".join(problems) or f"{len(rows)} rows of {len(apis)} APIs agree with the spec")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
