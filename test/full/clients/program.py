# SPDX-License-Identifier: Apache-2.0
"""Runs the client programs of this folder; README.md says what they understand and print."""

import json
import queue
import subprocess
import threading
import time

COMMAND_SECONDS = 100
WAIT_SECONDS = 40


def wait_until(condition, what):
    """Waits until CONDITION() holds; what() is the sentence for when it never does."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


class Program:
    """One client: COMMAND is its command line, OPTIONS are given to each of its commands."""

    def __init__(self, command, options=None):
        self.command = [str(word) for word in command]
        self.options = options or {}

    def words(self, name, broker, *words, **options):
        named = [f"{key}={value}" for key, value in {**self.options, **options}.items()]
        return [*self.command, name, broker.bootstrap, *map(str, words), *named]

    def run(self, name, broker, *words, lines=(), **options):
        """Runs a command and returns the values of the lines that it printed."""
        done = subprocess.run(
            self.words(name, broker, *words, **options),
            input="".join(json.dumps(line) + "\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(done.args)} ended with {done.returncode}\n{done.stderr[-3000:]}{done.stdout[-1000:]}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def produce(self, broker, topic, records, **options):
        """Sends RECORDS and returns their places: {"partition", "offset"}."""
        return self.run("produce", broker, topic, lines=records, **options)

    def consume(self, broker, topic, count, **options):
        return self.run("consume", broker, topic, count=count, **options)

    def ask(self, broker, operation, *words, **options):
        """An operation of the administration: {"code", "answer"}."""
        return self.run("admin", broker, operation, *words, **options)[-1]

    def admin(self, broker, operation, *words, **options):
        """An operation that must succeed: its answer."""
        outcome = self.ask(broker, operation, *words, **options)
        assert outcome["code"] == 0, f"{operation} {words}: {outcome}"
        return outcome.get("answer")

    def member(self, broker, topic, group, **options):
        return Member(self.words("member", broker, topic, group=group, **options))


class Member:
    """A running member of a group. `owned` are its partitions, `records` what it read, `losses` each revocation."""

    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.owned, self.records, self.losses, self.errors, self.done = [], [], [], [], queue.Queue()
        self.words = ""
        self.readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_words)]
        for reader in self.readers:
            reader.start()

    def _read(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if "owns" in event:
                self.owned = event["owns"]
                if event["revoked"]:
                    self.losses.append(event["revoked"])
            elif "value" in event:
                self.records.append(event)
            elif "error" in event:
                self.errors.append(event)
            else:
                self.done.put(event["done"])

    def _read_words(self):
        for line in self.process.stderr:
            self.words = (self.words + line)[-4000:]

    def __str__(self):
        return f"owns {self.owned}, lost {self.losses}, read {len(self.records)}, errors {self.errors[-3:]} {self.words}"

    def values(self):
        return [record["value"] for record in self.records]

    def tell(self, *words):
        """Gives the member a command and waits until it is carried out."""
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        try:
            assert self.done.get(timeout=WAIT_SECONDS) == words[0]
        except queue.Empty:
            raise AssertionError(f"{words} was not carried out: {self}") from None

    def stop(self):
        """Ends the member in order: it leaves its group."""
        self.process.stdin.close()
        assert self._finish() == 0, f"the member ended with {self.process.returncode}: {self}"

    def crash(self):
        """Ends the member without a word to the server."""
        if self.process.poll() is None:
            self.process.kill()
        self._finish()

    def _finish(self):
        try:
            self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the member did not end within {WAIT_SECONDS} s: {self}") from None
        for reader in self.readers:
            reader.join(WAIT_SECONDS)
        return self.process.returncode


class Members:
    """The members of one test; those that still run at its end are killed."""

    def __init__(self):
        self.all = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.all:
            member.crash()

    def start(self, client, broker, topic, group, **options):
        self.all.append(client.member(broker, topic, group, **options))
        return self.all[-1]
