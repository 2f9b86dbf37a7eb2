# SPDX-License-Identifier: Apache-2.0
"""Usage: compare_go.py cloudevents_check. Reads golden_cases.jsonl, the messages that the SDK of Go wrote and read, and wants eddy
to read the same events, and to refuse what the SDK refuses. A row with "differs" says why eddy does otherwise, and must do so.

With --go it also has the SDK read what eddy writes (go run, in go/).
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import lines

HERE = pathlib.Path(__file__).resolve().parent


def difference(row, answer):
    """None when eddy reads what the SDK reads."""
    expected, got = row["event"], answer.get("event")
    if expected is None or got is None:
        return None if expected is got else f"the SDK has {expected}, eddy {got or answer['error']}"
    if lines.comparable(expected["attributes"]) != lines.comparable(got["attributes"]):
        return f"attributes: {expected['attributes']} and {got['attributes']}"
    if (expected["data"] or None) != (got["data"] or None):
        return f"data: {lines.decoded(expected['data'])} and {lines.decoded(got['data'])}"
    return None


def compare_reading(tool, cases):
    problems = []
    for row, answer in zip(cases, lines.run(tool, cases)):
        problem = difference(row, answer)
        if "differs" in row and problem is None:
            problem = f"does not differ any more: {row['differs']}"
        elif "differs" in row:
            problem = None
        if problem:
            problems.append(f"{row['headers']} {lines.decoded(row['body'])}: {problem}")
    return problems, len(cases)


# What the SDK cannot read: it resolves no escapes in fields.
def is_readable(message):
    return not any("%" in value for _, value in message["headers"])


def sent_messages(tool, cases):
    for row, answer in zip(cases, lines.run(tool, cases)):
        for name in ("http binary", "http structured"):
            if "event" in answer and "differs" not in row and is_readable(answer["messages"][name]):
                yield answer["event"], name, answer["messages"][name]


def as_strings(attributes):
    """Fields of binary mode tell no types."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()}


def compare_writing(tool, cases):
    sent = list(sent_messages(tool, cases))
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(message, ensure_ascii=False) + "\n" for _, _, message in sent)
        file.flush()
        done = subprocess.run(["go", "run", ".", file.name], cwd=HERE / "go", capture_output=True, check=True, env=os.environ)
    problems = []
    for (event, name, message), line in zip(sent, done.stdout.decode("utf-8").splitlines()):
        read = json.loads(line)["event"]
        if name == "http binary":
            event = {**event, "attributes": as_strings(event["attributes"])}
        if read is not None and "datacontenttype" not in event["attributes"]:
            read["attributes"].pop("datacontenttype", None)  # JSON without it, in binary mode
        problem = difference({"event": read}, {"event": event})
        if problem:
            problems.append(f"{name} {message['headers']} {lines.decoded(message['body'])}: {problem}")
    return problems, len(sent)


def main():
    tool = sys.argv[1]
    text = (HERE / "golden_cases.jsonl").read_text(encoding="utf-8")
    cases = [json.loads(line) for line in text.splitlines()]
    code = lines.report(*compare_reading(tool, cases), "messages of Go's SDK")
    if "--go" in sys.argv[2:]:
        code |= lines.report(*compare_writing(tool, cases), "messages of eddy, read by Go's SDK,")
    return code


if __name__ == "__main__":
    sys.exit(main())
