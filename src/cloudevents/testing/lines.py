# SPDX-License-Identifier: Apache-2.0
"""What compare_go.py and compare_python.py share: running the tool, and events that can be compared."""

import base64
import datetime
import json
import re
import subprocess
import sys
import tempfile


def run(tool, messages):
    """The tool's answer to each message: {"error": text}, or {"event": ..., "messages": ...}."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for message in messages:
            file.write(json.dumps(message, ensure_ascii=False) + "\n")
        file.flush()
        done = subprocess.run([tool, file.name], capture_output=True, check=False, timeout=60)
    if done.returncode:
        sys.exit(f"the tool failed: {done.stderr.decode(errors='replace')}")
    answers = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert len(answers) == len(messages), (len(answers), len(messages))
    return answers


def encoded(data):
    return None if data is None else base64.b64encode(data).decode()


def decoded(text):
    return None if text is None else base64.b64decode(text)


def instant(text):
    """A time as (seconds, digits behind the point), whatever its offset; digits beyond microseconds stay."""
    whole, fraction = re.fullmatch(r"([^.+Zz]*?\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|[+-]\d\d:\d\d)", text).groups()
    zone = text[len(whole) + (len(fraction) + 1 if fraction else 0) :].upper().replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(whole.upper() + zone).timestamp(), (fraction or "").rstrip("0")


def comparable(attributes):
    return {name: instant(value) if name == "time" else value for name, value in attributes.items()}


def report(problems, count, what):
    for problem in problems[:10]:
        print(problem[:1000])
    print(f"{count} {what} compared, {len(problems)} differ")
    return 1 if problems or count == 0 else 0
