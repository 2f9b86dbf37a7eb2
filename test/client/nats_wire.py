# SPDX-License-Identifier: Apache-2.0
"""Plays one case of nats_cases.py against a NATS server and returns what each connection was told, normalised.

A case is a list of steps on named connections. Before the next step is on another connection, and at the end, the player
sends PING and waits for as many PONGs as it sent PINGs: so everything that the steps caused has arrived, and no case waits
for time to pass but those that are marked `quiet`, and those whose server must close.
"""

import json
import re
import socket
import time

DEADLINE_SECONDS = 10
QUIET_SECONDS = 0.35
SPLIT_SECONDS = 0.004
OPEN = b"<open>"  # the server was expected to close and did not
END = b"<end>"  # the server closed; a reset counts as an end, for it only tells that bytes were left unread

INFO_LINE = re.compile(rb"INFO (\{.*?\}) ?\r\n", flags=re.S)
LINE = re.compile(rb"(PING|PONG|\+OK|-ERR [^\r\n]*|-ERR)\r\n")
MESSAGE = re.compile(rb"(H?MSG) ([^\r\n]*)\r\n")
# What two servers of the same protocol may differ in, or one server between two runs.
INFO_LEFT_OUT = ("git_commit", "go", "eddy", "xkey", "jetstream", "api_lvl", "cluster", "domain")
INFO_FORMS = {
    "server_id": r"N[A-Z2-7]{55}",
    "server_name": r".+",
    "version": r"2\.(1[4-9]|[2-9]\d)\.\d+(-.*)?",
    "host": r"127\.0\.0\.1|0\.0\.0\.0|localhost",
    "port": r"\d+",
    "client_id": r"\d+",
    "nonce": r"[A-Za-z0-9_-]{15,}",
}


def normal_info(text):
    """INFO's JSON with the values that differ from server to server replaced by their names, when their form is right."""
    info = json.loads(text)
    for key in INFO_LEFT_OUT:
        info.pop(key, None)
    for key, form in INFO_FORMS.items():
        if key in info and re.fullmatch(form, str(info[key])):
            info[key] = f"<{key}>"
    return b"INFO " + json.dumps(info, sort_keys=True).encode() + b"\r\n"


def normal_message(frame):
    """A service's request tells the round-trip time of who asks: another number, and maybe another size, each time."""
    if b'{"acc":' not in frame:
        return frame
    line, rest = frame.split(b"\r\n", 1)
    sizes = re.sub(rb"\d+ \d+$", b"<sizes>", line)
    return sizes + b"\r\n" + re.sub(rb'"rtt":\d+', b'"rtt":<time>', rest)


def frames_of(data):
    """The protocol messages in DATA; what is none of them comes last, in one piece."""
    frames, at = [], 0
    while at < len(data):
        if found := INFO_LINE.match(data, at):
            frames.append(normal_info(found.group(1)))
        elif found := LINE.match(data, at):
            frames.append(found.group(0))
        elif found := MESSAGE.match(data, at):
            end = found.end() + int(found.group(2).rsplit(b" ", 1)[-1]) + 2
            frames.append(normal_message(data[at:end]))
            at = end
            continue
        else:
            frames.append(data[at:])
            break
        at = found.end()
    return frames


def _subject_and_sid(frame):
    words = frame.split(b"\r\n", 1)[0].split(b" ")
    return words[1], words[2]


def without_sid(frame):
    """The frame of a message with `sid` for its subscription's id, so that it counts whoever of a group got it."""
    line, rest = frame.split(b"\r\n", 1)
    words = line.split(b" ")
    words[2] = b"sid"
    return b" ".join(words) + b"\r\n" + rest


def is_message(frame):
    return frame.startswith((b"MSG ", b"HMSG "))


def sort_fan_out(frames):
    """One message that several subscriptions of a connection get comes in any order: such runs are sorted by id."""
    done, run = [], []
    for frame in [*frames, None]:
        if run and (frame is None or not is_message(frame) or without_sid(frame) != without_sid(run[0])):
            done += sorted(run, key=_subject_and_sid)
            run = []
        if frame is not None:
            (run if is_message(frame) else done).append(frame)
    return done


class Connection:
    """One socket, what came over it, and how many PONGs are still owed."""

    def __init__(self, address, connect):
        self.socket = socket.create_connection(address, timeout=DEADLINE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        self.pings = 0
        self.is_at_end = False
        self._read_until(lambda: b"\r\n" in self.data, DEADLINE_SECONDS)
        self.hello, _, self.data = self.data.partition(b"\r\n")
        if connect is not None:
            self.send(b"CONNECT " + connect + b"\r\n")

    def send(self, data):
        """Sends bytes, or a list of pieces one after the other. A server that has closed is no error here."""
        pieces = data if isinstance(data, list) else [data]
        try:
            for number, piece in enumerate(pieces):
                if number > 0:
                    time.sleep(SPLIT_SECONDS)
                self.socket.sendall(piece)
        except OSError:
            pass
        self.pings += len(re.findall(rb"(?im)^ping", b"".join(pieces)))

    def _read_until(self, is_done, seconds):
        deadline = time.monotonic() + seconds
        while not self.is_at_end and not is_done():
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                more = self.socket.recv(1 << 16)
            except TimeoutError:
                return
            except OSError:
                more = b""
            self.is_at_end = not more
            self.data += more

    def settle(self):
        """Two PINGs: what a server sends after its first PONG stands before the second."""
        self.send(b"PING\r\nPING\r\n")
        self._read_until(lambda: self.frames().count(b"PONG\r\n") >= self.pings, DEADLINE_SECONDS)

    def wait_for_end(self, seconds=DEADLINE_SECONDS):
        self._read_until(lambda: False, seconds)

    def frames(self):
        return frames_of(self.data)

    def close(self):
        self.socket.close()


def _let_arrive(connection, name, case):
    if name in case.closes:
        connection.wait_for_end()
    elif case.quiet:
        connection.wait_for_end(QUIET_SECONDS)
    else:
        connection.settle()


def _finish(connections, last, case):
    """The connection of the last step first: what it caused on the others is then on its way before their PONGs."""
    for name, connection in sorted(connections.items(), key=lambda item: item[0] != last):
        _let_arrive(connection, name, case)


def _told(name, connection, case):
    frames = [frame for frame in connection.frames() if frame != b"PING\r\n" or case.keeps_pings]
    if case.tells_info:
        frames.insert(0, normal_info(connection.hello[5:]))
    if connection.is_at_end:
        frames.append(END)
    elif name in case.closes:
        frames.append(OPEN)
    return sort_fan_out(frames)


def play(address, case):
    """{connection: [frame, ...]}. With `case.merges`, the messages of all connections are counted in a connection of
    their own, without the ids of their subscriptions: which member of a queue group gets a message is not told."""
    connections, last = {}, None
    try:
        for name, data in case.steps:
            if last is not None and name != last:
                _let_arrive(connections[last], last, case)
            if name not in connections:
                connections[name] = Connection(address, case.connect_of(name))
            connections[name].send(data)
            last = name
        _finish(connections, last, case)
        told = {name: _told(name, connection, case) for name, connection in connections.items()}
    finally:
        for connection in connections.values():
            connection.close()
    if case.merges:
        messages = sorted(without_sid(frame) for frames in told.values() for frame in frames if is_message(frame))
        told = {name: [frame for frame in frames if not is_message(frame)] for name, frames in told.items()}
        told["messages"] = messages
    return told


def as_text(told):
    """What JSON can hold: bytes as Latin-1; a byte that stands there more than 64 times is counted."""

    def counted(match):
        return b"<%d times %s>" % (len(match.group(0)), match.group(1))

    return {
        name: [re.sub(rb"(?s)([^<>])\1{64,}", counted, frame).decode("latin-1") for frame in frames]
        for name, frames in told.items()
    }
