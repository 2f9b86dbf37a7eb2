# SPDX-License-Identifier: Apache-2.0
"""What is said to a NATS server, byte for byte, to see what it answers: one row each.

A row is a name, steps, and options. A step is bytes for connection `a`, or (connection, bytes); a list of bytes is sent in
pieces. nats_wire.py plays rows; nats_answers.json holds what nats-server answered; SERVERS are the configurations.
"""

import dataclasses
import pathlib

HEADERS = b'{"verbose":false,"headers":true,"no_responders":true}'
LAX = b'{"verbose":false,"pedantic":false}'
VERBOSE = b'{"verbose":true}'
HEADER = b"NATS/1.0\r\nA: b\r\n\r\n"

# "builder", hashed as cheaply as bcrypt allows.
BCRYPT = "$2a$04$eddyTestsOnlyNoSecret.kbCmzhNqOHvrlgSrKc80qIixFXo61ia"

# A certificate for localhost and its key, made for these tests and trusted by nobody.
CERTIFICATE = pathlib.Path(__file__).with_name("nats_server.pem")

# Configurations in nats-server's own syntax, by the name that a row asks for.
SERVERS = {
    "plain": "",
    "small": "max_payload: 64, max_control_line: 256",
    "few_subscriptions": "max_subscriptions: 3",
    "few_connections": "max_connections: 2",
    "few_tokens": "max_sub_tokens: 4",
    "impatient": 'ping_interval: "150ms", ping_max: 1',
    "no_headers": "no_header_support: true",
    "token": "authorization { token: s3cret, timeout: 0.5 }",
    "password": "authorization { user: bob, password: builder, timeout: 0.5 }",
    "hashed": f'authorization {{ user: bob, password: "{BCRYPT}" }}',
    "users": """
        authorization {
            timeout: 0.5
            default_permissions = { publish: "open.>", subscribe: ["open.>", "_INBOX.>"] }
            users = [
                { user: admin, password: a }
                { user: root, password: r, permissions: { publish: ">", subscribe: ">" } }
                { user: writer, password: w, permissions: { publish: ["in.*", "out.>"], subscribe: "_INBOX.>" } }
                { user: denied, password: d, permissions: {
                    publish: { deny: "secret.>" }, subscribe: { deny: ["secret.>", "private"] } } }
                { user: mixed, password: m, permissions: {
                    publish: { allow: "a.>", deny: "a.b" }, subscribe: { allow: "a.>", deny: "a.b" } } }
                { user: queues, password: q, permissions: { publish: ">", subscribe: ["foo v1", "bar v.*", "_INBOX.>"] } }
                { user: queued, password: q, permissions: { subscribe: { deny: ["a.b q", "a.c v.*"] } } }
                { user: answers, password: n, permissions: {
                    publish: "none", subscribe: "service", allow_responses: { max: 2, expires: "1m" } } }
                { user: nothing, password: z, permissions: { publish: { deny: ">" }, subscribe: { deny: ">" } } }
            ]
        }""",
    "accounts": """
        accounts {
            A { users = [ { user: a, password: a }, { user: a2, password: a2 } ] }
            B { users = [ { user: b, password: b } ] }
        }
        no_auth_user: b""",
    "sharing": """
        accounts {
            A { users = [ { user: a, password: a } ]
                exports = [ { stream: "shared.>" }, { service: "help" } ] }
            B { users = [ { user: b, password: b } ]
                imports = [ { stream: { account: A, subject: "shared.>" }, prefix: from_a }
                            { service: { account: A, subject: "help" } } ] }
        }""",
    "tls": f'tls {{ cert_file: "{CERTIFICATE}", key_file: "{CERTIFICATE}", timeout: 0.5 }}',
    "tls_or_not": f'tls {{ cert_file: "{CERTIFICATE}", key_file: "{CERTIFICATE}" }}\nallow_non_tls: true',
    "nkey": 'authorization { users = [ { nkey: "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4" } ] }',
}

# The same as options of eddy, where it has them: in this way no file of nats-server's is needed.
EDDY_OPTIONS = {
    "plain": {},
    "small": {"EDDY_NATS_MAX_PAYLOAD": "64", "EDDY_NATS_MAX_CONTROL_LINE": "256"},
    "few_subscriptions": {"EDDY_NATS_MAX_SUBSCRIPTIONS": "3"},
    "few_connections": {"EDDY_NATS_MAX_CONNECTIONS": "2"},
    "few_tokens": {"EDDY_NATS_MAX_SUBJECT_TOKENS": "4"},
    "impatient": {"EDDY_NATS_PING_INTERVAL": "150ms", "EDDY_NATS_PING_MAX": "1"},
}

# Of these, all concerns who may come in: eddy takes it as a file (--nats-auth).
EDDY_AUTH = ("token", "password", "hashed", "users", "accounts", "tls", "tls_or_not", "nkey")

# What eddy answers otherwise, and why.
DIFFERENT = {
    "connect: deep": ({"a": ["<end>"]}, "JSON is read to a depth of 64: nobody means more"),
    "connect: a name of odd bytes": ({"a": ["<end>"]}, "JSON is UTF-8; nats-server replaces the bytes"),
}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    steps: tuple  # of (connection, bytes or a list of pieces)
    connect: object = HEADERS  # CONNECT's JSON, None for no CONNECT, or a dict of these by connection
    server: str = "plain"
    closes: tuple = ()  # the connections that the server must close
    quiet: bool = False  # the server is in the middle of something: no PING may follow, so time must pass
    merges: bool = False
    tells_info: bool = False
    keeps_pings: bool = False

    def connect_of(self, connection):
        return self.connect.get(connection, HEADERS) if isinstance(self.connect, dict) else self.connect


def row(name, *steps, closes=False, **options):
    """closes=True says that connection `a` is closed; else the names of those that are, as in "ab"."""
    named = tuple(step if isinstance(step, tuple) else ("a", step) for step in steps)
    return Case(name, named, closes=("a",) if closes is True else tuple(closes or ()), **options)


def pub(subject, payload=b"x", reply=b""):
    return b"PUB %s %s%d\r\n%s\r\n" % (subject, reply + b" " if reply else b"", len(payload), payload)


def hpub(subject, payload=b"x", reply=b"", header=HEADER):
    middle = reply + b" " if reply else b""
    return b"HPUB %s %s%d %d\r\n%s%s\r\n" % (subject, middle, len(header), len(header) + len(payload), header, payload)


def user(name, password, more=b""):
    return b'{"verbose":false,"headers":true,"no_responders":true,"user":"%s","pass":"%s"%s}' % (name, password, more)


def bytewise(data):
    return [data[i : i + 1] for i in range(len(data))]


# The rows that the first transcript of nats-server 2.15.1 has too, under the same names.
TRANSCRIPT = [
    row("ping", b"PING\r\n"),
    row("lf only", b"PING\n"),
    row("lower", b"ping\r\nsub foo 1\r\npub foo 2\r\nhi\r\n"),
    row("verbose", b"SUB foo 1\r\nPUB foo 2\r\nhi\r\nUNSUB 1\r\nPING\r\n", connect=VERBOSE),
    row("unknown", b"FOO\r\n", closes=True),
    row("badpub", b"PUB foo\r\n", closes=True),
    row("badpub2", b"PUB foo bar baz 2\r\nhi\r\n", closes=True),
    row("negsize", b"PUB foo -1\r\n", closes=True),
    row("shortpayload", b"PUB foo 2\r\nhixx\r\n", closes=True),
    row("maxpayload", b"PUB foo 1048577\r\n", closes=True),
    row("wild pub nonpedantic", b"SUB > 1\r\nPUB foo.* 2\r\nhi\r\nPING\r\n"),
    row("wild pub pedantic", b"PUB foo.* 2\r\nhi\r\nPING\r\n", connect=b'{"verbose":false,"pedantic":true}'),
    row("bad sub", b"SUB foo..bar 1\r\nSUB .a 2\r\nSUB a.>.b 3\r\nPING\r\n"),
    row("sub 3 args", b"SUB foo q 1\r\nPUB foo 1\r\nx\r\nPING\r\n"),
    row("sub 4 args", b"SUB foo q 1 2\r\n", closes=True),
    row("sub 1 arg", b"SUB foo\r\n", closes=True),
    row("unsub max", b"SUB foo 1\r\nUNSUB 1 2\r\nPUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nPUB foo 1\r\nc\r\nPING\r\n"),
    row("dup sid", b"SUB foo 1\r\nSUB bar 1\r\nPUB foo 1\r\na\r\nPUB bar 1\r\nb\r\nPING\r\n"),
    row("reply", b"SUB foo 1\r\nPUB foo  rep   1\r\na\r\nPING\r\n"),
    row("tabs", b"SUB\tfoo\t1\r\nPUB\tfoo\t1\r\na\r\nPING\r\n"),
    row("noresp", b"SUB rep 9\r\nPUB nobody rep 1\r\na\r\nPING\r\n"),
    row("noresp off", b"SUB rep 9\r\nPUB nobody rep 1\r\na\r\nPING\r\n", connect=b'{"verbose":false,"headers":true}'),
    row("noresp w/o headers", b"PING\r\n", connect=b'{"verbose":false,"no_responders":true}', closes=True),
    row("hpub", b"SUB foo 1\r\n" + hpub(b"foo", b"hi") + b"PING\r\n"),
    row("hpub reply", b"SUB foo 1\r\n" + hpub(b"foo", b"hi", b"rep") + b"PING\r\n"),
    row(
        "hpub no hdr support sub",
        b"SUB foo 1\r\n" + hpub(b"foo", b"hi") + b"PING\r\n",
        connect=b'{"verbose":false}',
        closes=True,
    ),
    row("hpub bad hdr", b"SUB foo 1\r\nHPUB foo 4 6\r\nabcdhi\r\nPING\r\n"),
    row("hpub hdr>total", b"HPUB foo 10 6\r\nabcdhi\r\nPING\r\n", closes=True),
    row("noecho", b"SUB foo 1\r\nPUB foo 1\r\na\r\nPING\r\n", connect=b'{"verbose":false,"echo":false,"protocol":1}'),
    row("proto1", b"PING\r\n", connect=b'{"verbose":false,"protocol":1}'),
    row("proto2", b"PING\r\n", connect=b'{"verbose":false,"protocol":2}', closes=True),
    row("bad json", b"PING\r\n", connect=b"{bad", closes=True),
    row("control line", b"SUB " + b"a" * 5000 + b" 1\r\n", closes=True),
    row("no connect first", b"PING\r\nSUB foo 1\r\nPUB foo 1\r\na\r\n", connect=None),
    row("http on port", b"GET / HTTP/1.1\r\n\r\n", connect=None, closes=True),
    row("MSG verb", b"MSG foo 1 2\r\nhi\r\n", closes=True),
    row("INFO verb", b"INFO {}\r\nPING\r\n"),
    row("+OK", b"+OK\r\nPING\r\n"),
    row("-ERR", b"-ERR 'x'\r\nPING\r\n", closes=True),
]

LINES = [
    row("info: the first line", b"PING\r\n", tells_info=True, connect=None),
    row("info: after CONNECT with protocol 1", b"PING\r\nPING\r\n", connect=b'{"verbose":false,"protocol":1}', tells_info=True),
    row("info: once only", b"PING\r\nPING\r\nPING\r\n", connect=b'{"verbose":false,"protocol":1}'),
    row("info: not without a PING", b"SUB foo 1\r\n", connect=b'{"verbose":false,"protocol":1}', quiet=True),
    row("info: PING before CONNECT", b'PING\r\nCONNECT {"verbose":false,"protocol":1}\r\nPING\r\n', connect=None),
    row("ping: mixed case", b"pInG\r\nPiNg\n"),
    row("ping: words behind it", b"PINGxyz\r\n"),
    row("ping: spaces behind it", b"PING   \t \r\n"),
    row("ping: arguments", b"PING 1 2 3\r\n"),
    row("ping: a lone CR is not an end", b"PING\rPING\r\n"),
    row("ping: a space before it", b" PING\r\n", closes=True),
    row("ping: cut", b"PIN\r\n", closes=True),
    row("ping: before CONNECT", b"PING\r\n", connect=None),
    row("ping: many", b"PING\r\n" * 100),
    row("pong: from the client", b"PONG\r\nPONG\r\nPING\r\n"),
    row("pong: words behind it", b"PONGxyz\r\npong\r\n"),
    row("pong: cut", b"PON\r\n", closes=True),
    row("line: empty", b"\r\n", closes=True),
    row("line: only LF", b"\n", closes=True),
    row("line: zeros", b"\0\0\0\0\r\n", closes=True),
    row("line: TLS on the port", bytes.fromhex("16030100c5010000c10303"), connect=None, closes=True),
    row("line: high bytes", b"\xff\xfe\r\n", closes=True),
    row("verb: P", b"P\r\n", closes=True),
    row("verb: PU", b"PU foo 1\r\n", closes=True),
    row("verb: PUBX", b"PUBX foo 1\r\n", closes=True),
    row("verb: SUBX", b"SUBX foo 1\r\n", closes=True),
    row("verb: SUBfoo", b"SUBfoo 1\r\n", closes=True),
    row("verb: UNSU", b"UNSU 1\r\n", closes=True),
    row("verb: UNSUB1", b"UNSUB1\r\n", closes=True),
    row("verb: HPUBfoo", b"HPUBfoo 1 2\r\n", closes=True),
    row("verb: HMSG", b"HMSG foo 1 2 2\r\nhi\r\n", closes=True),
    row("verb: RMSG", b"RMSG $G foo 2\r\nhi\r\n", closes=True),
    row("verb: RS+", b"RS+ $G foo\r\n", closes=True),
    row("verb: RS-", b"RS- $G foo\r\n", closes=True),
    row("verb: LS+", b"LS+ foo\r\n", closes=True),
    row("verb: LMSG", b"LMSG foo 2\r\nhi\r\n", closes=True),
    row("verb: A+", b"A+ $G\r\n", closes=True),
    row("verb: A-", b"A- $G\r\n", closes=True),
    row("verb: +OKAY", b"+OKAY\r\nPING\r\n"),
    row("verb: +ok", b"+ok\r\nPING\r\n"),
    row("verb: +", b"+\r\n", closes=True),
    row("verb: -err", b"-err\r\n", closes=True),
    row("verb: -ERR with nothing", b"-ERR\r\n", closes=True),
    row("verb: -ER", b"-ER x\r\n", closes=True),
    row("verb: INFO that is no JSON", b"INFO {bad\r\nPING\r\n", closes=True),
    row("verb: INFO with nothing", b"INFO\r\nPING\r\n", closes=True),
    row("verb: INFOxyz", b"INFOxyz\r\n", closes=True),
    row("verb: info", b"info {}\r\nPING\r\n"),
    row("verb: CONNEC", b"CONNEC {}\r\n", connect=None, closes=True),
    row("verb: SUB with nothing", b"SUB\r\n", closes=True),
    row("verb: SUB with spaces", b"SUB   \r\n", closes=True),
    row("verb: PUB with nothing", b"PUB\r\n", closes=True),
    row("verb: HPUB with nothing", b"HPUB\r\n", closes=True),
    row("verb: UNSUB with nothing", b"UNSUB\r\n", closes=True),
    row("verb: UNSUB with a space", b"UNSUB \r\n", closes=True),
]

CONNECT = [
    row("connect: the defaults", b"SUB foo 1\r\n" + pub(b"foo") + pub(b"foo.*"), connect=b"{}"),
    row("connect: nothing", b"CONNECT\r\n", connect=None, closes=True),
    row("connect: a space", b"CONNECT \r\n", connect=None, closes=True),
    row("connect: no space before the JSON", b"CONNECT{}\r\nPING\r\n", connect=None),
    row("connect: spaces around the JSON", b'CONNECT  \t {"verbose":false}  \r\nPING\r\n', connect=None),
    row("connect: lower case and LF", b'connect {"verbose":false}\nPING\r\n', connect=None),
    row("connect: words behind it", b"CONNECTED {}\r\n", connect=None, closes=True),
    row("connect: unknown keys", b"PING\r\n", connect=b'{"verbose":false,"colour":"red","deep":{"a":[1,{"b":null}]}}'),
    row("connect: keys in another case", b"SUB foo 1\r\n", connect=b'{"VERBOSE":false,"Pedantic":false}'),
    row("connect: verbose as a text", b"PING\r\n", connect=b'{"verbose":"no"}', closes=True),
    row("connect: verbose as a number", b"PING\r\n", connect=b'{"verbose":0}', closes=True),
    row("connect: verbose null", b"SUB foo 1\r\n", connect=b'{"verbose":null}'),
    row("connect: name as a number", b"PING\r\n", connect=b'{"name":5}', closes=True),
    row("connect: protocol as a text", b"PING\r\n", connect=b'{"verbose":false,"protocol":"1"}', closes=True),
    row("connect: protocol with a fraction", b"PING\r\n", connect=b'{"verbose":false,"protocol":1.5}', closes=True),
    row("connect: protocol 1.0", b"PING\r\n", connect=b'{"verbose":false,"protocol":1.0}', closes=True),
    row("connect: protocol -1", b"PING\r\n", connect=b'{"verbose":false,"protocol":-1}', closes=True),
    row("connect: protocol 99", b"PING\r\n", connect=b'{"verbose":false,"protocol":99}', closes=True),
    row("connect: protocol 0", b"PING\r\n", connect=b'{"verbose":false,"protocol":0}'),
    row("connect: an array", b"PING\r\n", connect=b"[]", closes=True),
    row("connect: a text", b"PING\r\n", connect=b'"x"', closes=True),
    row("connect: null", b"SUB foo 1\r\n", connect=b"null"),
    row("connect: an open map", b"PING\r\n", connect=b'{"verbose":false', closes=True),
    row("connect: a comma too much", b"PING\r\n", connect=b'{"verbose":false,}', closes=True),
    row("connect: words behind the JSON", b"PING\r\n", connect=b'{"verbose":false} x', closes=True),
    row("connect: two maps", b"PING\r\n", connect=b'{"verbose":false}{}', closes=True),
    row("connect: a key twice", b"SUB foo 1\r\n", connect=b'{"verbose":true,"verbose":false}'),
    row("connect: escapes in a key", b"SUB foo 1\r\n", connect=b'{"\\u0076erbose":false}'),
    row("connect: a name of odd bytes", b"PING\r\n", connect=b'{"verbose":false,"name":"\xff\xfe"}'),
    row("connect: a name with a tab", b"PING\r\n", connect=b'{"verbose":false,"name":"a\tb"}', closes=True),
    row("connect: a long name", b"PING\r\n", connect=b'{"verbose":false,"name":"%s"}' % (b"n" * 3000)),
    row("connect: too long", b"PING\r\n", connect=b'{"verbose":false,"name":"%s"}' % (b"n" * 5000), closes=True),
    row("connect: deep", b"PING\r\n", connect=b'{"verbose":false,"x":' + b"[" * 500 + b"]" * 500 + b"}"),
    row("connect: tls_required on a plain port", b"PING\r\n", connect=b'{"verbose":false,"tls_required":true}'),
    row("connect: a user that nobody asks for", b"PING\r\n", connect=b'{"verbose":false,"user":"u","pass":"p"}'),
    row("connect: a token that nobody asks for", b"PING\r\n", connect=b'{"verbose":false,"auth_token":"t"}'),
    row("connect: a jwt that nobody asks for", b"PING\r\n", connect=b'{"verbose":false,"jwt":"x","sig":"y"}'),
    row("connect: an account that nobody asks for", b"PING\r\n", connect=b'{"verbose":false,"account":"ACC"}', closes=True),
    row("connect: twice", b'SUB foo 1\r\nCONNECT {"verbose":true}\r\nSUB bar 2\r\nPING\r\n'),
    row(
        "connect: twice, the second without echo",
        b"SUB foo 1\r\n" + pub(b"foo", b"1") + b'CONNECT {"verbose":false,"echo":false}\r\n' + pub(b"foo", b"2"),
    ),
    row("connect: twice, the second is no JSON", b"CONNECT {bad\r\n", closes=True),
    row("connect: twice, the second is silent on headers", b'CONNECT {"verbose":false}\r\n' + hpub(b"foo")),
    row("connect: twice, the second turns headers off", b'CONNECT {"headers":false,"no_responders":false}\r\n' + hpub(b"foo"), closes=True),
    row("connect: twice, the second is silent on echo", b'SUB foo 1\r\nCONNECT {"verbose":true}\r\n' + pub(b"foo"), connect=b'{"echo":false}'),
    row("connect: after SUB", b'SUB foo 1\r\nCONNECT {"verbose":false}\r\n' + pub(b"foo"), connect=None),
    row("connect: in small pieces", bytewise(b'CONNECT {"verbose":false}\r\nPING\r\n'), connect=None),
    row("connect: no_responders without headers in a second one", b'CONNECT {"no_responders":true,"headers":false}\r\n', closes=True),
    row("connect: verbose, no_responders without headers", b"", connect=b'{"no_responders":true}', closes=True),
    row("connect: protocol 2, verbose", b"", connect=b'{"protocol":2}', closes=True),
]

# Subjects that SUB may refuse, and what is published to match them.
SUBJECTS = [b"foo.", b".foo", b".", b"..", b"foo..bar", b">.foo", b"foo.>.bar", b"*.>.*"]
SUBJECTS += [b"foo.*bar", b"foo*", b"*foo", b"fo*o", b"foo>", b">foo", b"foo.>>", b"**", b"foo.**", b">>"]

SUB = [
    row("sub: spaces behind it", b"SUB foo 1   \r\n" + pub(b"foo")),
    row("sub: spaces and tabs between", b"SUB  \t foo \t  q\t\t1\r\n" + pub(b"foo")),
    row("sub: an id of letters", b"SUB foo abc\r\n" + pub(b"foo")),
    row("sub: an id of odd bytes", b"SUB foo \xff\x01*>.\r\n" + pub(b"foo")),
    row("sub: an id of UTF-8", "SUB foo Größe\r\n".encode() + pub(b"foo")),
    row("sub: ids that are equal as numbers", b"SUB foo 1\r\nSUB foo 01\r\nSUB foo -1\r\nSUB foo 1.0\r\n" + pub(b"foo")),
    row("sub: a long id", b"SUB foo " + b"9" * 1000 + b"\r\n" + pub(b"foo")),
    row("sub: several of one connection", b"SUB foo 1\r\nSUB foo 2\r\nSUB foo 3\r\n" + pub(b"foo")),
    row("sub: several that match", b"SUB foo.bar 1\r\nSUB foo.* 2\r\nSUB > 3\r\nSUB *.bar 4\r\nSUB foo.> 5\r\n" + pub(b"foo.bar")),
    row("sub: > needs a token", b"SUB foo.> 1\r\n" + pub(b"foo") + pub(b"foo.a") + pub(b"foo.a.b.c")),
    row("sub: * is one token", b"SUB foo.*.baz 1\r\n" + pub(b"foo.baz") + pub(b"foo.a.baz") + pub(b"foo.a.b.baz")),
    row("sub: * alone", b"SUB * 1\r\n" + pub(b"foo") + pub(b"foo.bar")),
    row("sub: *.*", b"SUB *.* 1\r\n" + pub(b"foo") + pub(b"foo.bar") + pub(b"a.b.c")),
    row("sub: *.>", b"SUB *.> 1\r\n" + pub(b"foo") + pub(b"foo.bar") + pub(b"a.b.c")),
    row("sub: > and what the server itself says", b"SUB > 1\r\nSUB $SYS.> 2\r\n" + pub(b"foo")),
    row("sub: letters in another case", b"SUB foo 1\r\n" + pub(b"FOO") + pub(b"foo")),
    row("sub: a subject of UTF-8", "SUB Straße.日本 1\r\n".encode() + pub("Straße.日本".encode())),
    row("sub: a subject that is no UTF-8", b"SUB foo.\xff\xfe 1\r\n" + pub(b"foo.\xff\xfe")),
    row("sub: a subject of control characters", b"SUB foo.\x01\x7f 1\r\n" + pub(b"foo.\x01\x7f")),
    row("sub: a subject with a zero", b"SUB foo.\0 1\r\n" + pub(b"foo.\0") + b"PING\r\n"),
    row("sub: a subject with a form feed", b"SUB foo.\x0c 1\r\n" + pub(b"foo.\x0c") + b"PING\r\n"),
    row("sub: quotes and braces", b'SUB "{foo}" 1\r\n' + pub(b'"{foo}"')),
    row("sub: a long subject", b"SUB " + b"a" * 4000 + b" 1\r\n" + pub(b"a" * 4000)),
    row("sub: a thousand tokens", b"SUB " + b"a." * 999 + b"b 1\r\n" + pub(b"a." * 999 + b"b")),
    row("sub: a hundred wildcards", b"SUB " + b"*." * 99 + b"> 1\r\n" + pub(b"a." * 100 + b"b")),
    row("sub: forty tokens", b"SUB " + b"a." * 39 + b"* 1\r\n" + pub(b"a." * 39 + b"b")),
    row("sub: the reserved prefixes", b"SUB $SYS.foo 1\r\nSUB $JS.x 2\r\nSUB _INBOX.x 3\r\n" + pub(b"_INBOX.x")),
    row("sub: a bad subject, verbose", b"SUB foo. 1\r\nSUB foo 2\r\n", connect=VERBOSE),
    row("sub: a bad subject, not pedantic", b"SUB foo. 1\r\nSUB foo 2\r\n" + pub(b"foo"), connect=LAX),
    row("sub: a bad subject takes no id", b"SUB foo. 1\r\nSUB foo 1\r\n" + pub(b"foo")),
    row("sub: a bad queue", b"SUB foo q. 1\r\nSUB foo q.*.> 2\r\n" + pub(b"foo"), merges=True),
    row("sub: an id twice, verbose", b"SUB foo 1\r\nSUB bar 1\r\n", connect=VERBOSE),
    row("sub: an id again after UNSUB", b"SUB foo 1\r\nUNSUB 1\r\nSUB bar 1\r\n" + pub(b"foo") + pub(b"bar")),
    row("sub: the same id on two connections", b"SUB foo 1\r\n", ("b", b"SUB foo 1\r\n" + pub(b"foo"))),
    row("sub: a connection that is gone", b"SUB foo 1\r\n", ("b", b"SUB foo 1\r\nFOO\r\n"), pub(b"foo"), closes="b"),
    row("sub: a thousand", b"".join(b"SUB s.%d %d\r\n" % (i, i) for i in range(1000)) + pub(b"s.0") + pub(b"s.999")),
    row("sub: too few arguments, verbose", b"SUB foo\r\n", connect=VERBOSE, closes=True),
]
SUB += [row(f"sub: {subject.decode()}", b"SUB %s 1\r\nSUB > 2\r\n" % subject + pub(subject), connect=LAX) for subject in SUBJECTS]

PUB = [
    row("pub: no payload", b"SUB foo 1\r\nPUB foo 0\r\n\r\n"),
    row("pub: no payload, with a reply", b"SUB foo 1\r\nPUB foo rep 0\r\n\r\n"),
    row("pub: all bytes", b"SUB foo 1\r\n" + pub(b"foo", bytes(range(256)))),
    row("pub: a payload that looks like verbs", b"SUB foo 1\r\n" + pub(b"foo", b"\r\nPUB foo 1\r\nx\r\nMSG foo 1 1\r\n")),
    row("pub: LF only", b"SUB foo 1\nPUB foo 2\nhi\nPING\n", closes=True),
    row("pub: LF after the line, CRLF after the payload", b"SUB foo 1\nPUB foo 2\nhi\r\nPING\n"),
    row("pub: no CRLF after the payload", b"PUB foo 2\r\nhiPUB foo 1\r\nx\r\n", closes=True),
    row("pub: a byte too few", b"PUB foo 3\r\nhi\r\nPING\r\n", closes=True),
    row("pub: a size with zeros before it", b"SUB foo 1\r\nPUB foo 0002\r\nhi\r\n"),
    row("pub: a size of nine digits", b"SUB foo 1\r\nPUB foo 000000002\r\nhi\r\n"),
    row("pub: a size of ten digits", b"SUB foo 1\r\nPUB foo 0000000002\r\nhi\r\nPING\r\n", closes=True),
    row("pub: a size of thirty digits", b"PUB foo " + b"9" * 30 + b"\r\n", closes=True),
    row("pub: a size with a plus", b"PUB foo +2\r\nhi\r\n", closes=True),
    row("pub: a size in hex", b"PUB foo 0x2\r\nhi\r\n", closes=True),
    row("pub: a size with a fraction", b"PUB foo 2.0\r\nhi\r\n", closes=True),
    row("pub: a size and a letter", b"PUB foo 2a\r\nhi\r\n", closes=True),
    row("pub: a size that is a word", b"PUB foo two\r\nhi\r\n", closes=True),
    row("pub: spaces around everything", b"SUB foo 1\r\nPUB   foo \t  2 \t \r\nhi\r\n"),
    row("pub: only a size", b"PUB 2\r\nhi\r\n", closes=True),
    row("pub: the largest payload", b"SUB foo 1\r\n" + pub(b"foo", b"x" * (1 << 20))),
    row("pub: the largest size", b"PUB foo 999999999\r\n", closes=True),
    row("pub: nobody listens", pub(b"foo") + pub(b"foo", b"x", b"rep")),
    row("pub: before CONNECT", pub(b"foo") + b"PING\r\n", connect=None),
    row("pub: a reply that nobody reads", b"SUB foo 1\r\n" + pub(b"foo", b"x", b"rep.ly")),
    row("pub: a reply with wildcards", b"SUB foo 1\r\n" + pub(b"foo", b"x", b"rep.*") + pub(b"foo", b"x", b">")),
    row("pub: a reply with an empty token", b"SUB foo 1\r\n" + pub(b"foo", b"x", b"rep..ly")),
    row("pub: a reply of odd bytes", b"SUB foo 1\r\n" + pub(b"foo", b"x", b"\xff\x01")),
    row("pub: a wildcard matches by its letters", b"SUB foo.* 1\r\nSUB foo.bar 2\r\n" + pub(b"foo.*") + pub(b"foo.>"), connect=LAX),
    row("pub: wildcards, pedantic", b"SUB > 1\r\n" + pub(b">") + pub(b"*") + pub(b"a.*.b") + pub(b"a*") + pub(b"a.>b")),
    row("pub: empty tokens, pedantic", b"SUB > 1\r\n" + pub(b"a..b") + pub(b".a") + pub(b"a.") + pub(b".")),
    row("pub: empty tokens", b"SUB > 1\r\nSUB a.> 2\r\n" + pub(b"a..b") + pub(b".a") + pub(b"a.") + pub(b"."), connect=LAX),
    row("pub: pedantic and verbose", pub(b"foo.*") + pub(b"foo"), connect=b'{"verbose":true,"pedantic":true}'),
    row("pub: subjects of the server", pub(b"$SYS.foo") + pub(b"$JS.foo")),
    row("pub: order is kept", b"SUB foo 1\r\n" + b"".join(pub(b"foo", b"%d" % i) for i in range(500))),
    row("pub: to another connection", ("b", b"SUB foo 7\r\n"), pub(b"foo", b"1") + pub(b"foo", b"2", b"rep")),
    row("pub: to ten connections", *((name, b"SUB foo 1\r\n") for name in "bcdefghijk"), pub(b"foo") * 3),
    row("pub: a line in pieces", [b"SUB foo 1\r\nPU", b"B fo", b"o ", b"2", b"\r", b"\nh", b"i", b"\r", b"\n"]),
    row("pub: byte by byte", bytewise(b"SUB foo 1\r\nPUB foo rep 2\r\nhi\r\nUNSUB 1\r\nPING\r\n")),
    row("pub: a payload in pieces", [b"SUB foo 1\r\nPUB foo 10\r\n012", b"345", b"6789", b"\r", b"\nPING\r\n"]),
    row("pub: pieces end at the wrong byte", [b"PUB foo 2\r\nhi", b"\r", b"x"], closes=True),
    row("pub: a payload that never ends", b"PUB foo 10\r\nabc", quiet=True),
    row("pub: a line that never ends", b"PUB foo", quiet=True),
    row("pub: a large payload in pieces", [b"SUB foo 1\r\nPUB foo 200000\r\n" + b"a" * 70000, b"b" * 70000, b"c" * 60000 + b"\r\n"]),
    row("pub: four arguments with HPUB's sizes", b"PUB foo rep 18 20\r\n", closes=True),
    row("pub: bad after good in one write", b"SUB foo 1\r\n" + pub(b"foo") + b"FOO\r\n" + pub(b"foo"), closes=True),
    row("pub: verbose", pub(b"foo") + hpub(b"foo"), connect=b'{"headers":true}'),
]

HPUB = [
    row("hpub: lower case", b"SUB foo 1\r\nhpub foo 18 19\r\n" + HEADER + b"x\r\n"),
    row("hpub: no payload", b"SUB foo 1\r\n" + hpub(b"foo", b"")),
    row("hpub: no payload, with a reply", b"SUB foo 1\r\n" + hpub(b"foo", b"", b"rep")),
    row("hpub: no header bytes", b"SUB foo 1\r\nHPUB foo 0 2\r\nhi\r\n"),
    row("hpub: nothing at all", b"SUB foo 1\r\nHPUB foo 0 0\r\n\r\n"),
    row("hpub: only the first line", b"SUB foo 1\r\n" + hpub(b"foo", header=b"NATS/1.0\r\n\r\n")),
    row("hpub: a status", b"SUB foo 1\r\n" + hpub(b"foo", header=b"NATS/1.0 503 No\r\nA: b\r\n\r\n")),
    row("hpub: a header without its end", b"SUB foo 1\r\n" + hpub(b"foo", header=b"NATS/1.0\r\nA: b")),
    row("hpub: a header with odd bytes", b"SUB foo 1\r\n" + hpub(b"foo", header=b"NATS/1.0\r\n\xff: \0\r\n\r\n")),
    row("hpub: a header twice", b"SUB foo 1\r\n" + hpub(b"foo", header=b"NATS/1.0\r\nA: b\r\nA: c\r\n\r\n")),
    row("hpub: a large header", b"SUB foo 1\r\n" + hpub(b"foo", header=b"NATS/1.0\r\nA: " + b"b" * 100000 + b"\r\n\r\n")),
    row("hpub: a negative header size", b"HPUB foo -1 2\r\nhi\r\n", closes=True),
    row("hpub: a header size that is a word", b"HPUB foo a 2\r\nhi\r\n", closes=True),
    row("hpub: a total that is a word", b"HPUB foo 1 a\r\nhi\r\n", closes=True),
    row("hpub: one size", b"HPUB foo 2\r\nhi\r\n", closes=True),
    row("hpub: five arguments", b"HPUB foo rep x 18 20\r\n", closes=True),
    row("hpub: larger than the largest payload", b"HPUB foo 10 1048577\r\n", closes=True),
    row("hpub: a byte too few", b"HPUB foo 18 22\r\n" + HEADER + b"hi\r\nPING\r\n", closes=True),
    row("hpub: before CONNECT", hpub(b"foo"), connect=None, closes=True),
    row("hpub: pedantic wildcards", hpub(b"foo.*")),
    row("hpub: byte by byte", bytewise(b"SUB foo 1\r\n" + hpub(b"foo", b"hi", b"rep"))),
    row("hpub: in pieces", [b"SUB foo 1\r\nHPUB foo 18", b" 20\r\nNATS/1", b".0\r\nA: b\r\n\r\nh", b"i\r\n"]),
    row(
        "hpub: the header is taken off for who cannot read it",
        ("b", b"SUB foo 1\r\n"),
        hpub(b"foo", b"hi") + hpub(b"foo", b"hi", b"rep") + hpub(b"foo", b""),
        connect={"b": LAX},
    ),
    row(
        "hpub: with and without headers",
        ("b", b"SUB foo 1\r\n"),
        ("c", b"SUB foo 1\r\n"),
        hpub(b"foo", b"hi"),
        connect={"b": LAX},
    ),
    row("hpub: to a queue", b"SUB foo q 1\r\n" + hpub(b"foo", b"hi")),
    row("hpub: nobody listens", b"SUB rep 1\r\n" + hpub(b"nobody", b"hi", b"rep")),
    row("hpub: to itself without headers", b"SUB foo 1\r\n", ("b", hpub(b"foo")), connect={"a": VERBOSE}),
]

UNSUB = [
    row("unsub: at once", b"SUB foo 1\r\nUNSUB 1\r\n" + pub(b"foo")),
    row("unsub: an unknown id", b"UNSUB 7\r\nPING\r\n"),
    row("unsub: an unknown id, verbose", b"UNSUB 7\r\nPING\r\n", connect=VERBOSE),
    row("unsub: twice", b"SUB foo 1\r\nUNSUB 1\r\nUNSUB 1\r\n" + pub(b"foo")),
    row("unsub: lower case, tabs, spaces", b"SUB foo 1\r\nunsub\t 1  \t1 \r\n" + pub(b"foo") * 2),
    row("unsub: max 0", b"SUB foo 1\r\nUNSUB 1 0\r\n" + pub(b"foo")),
    row("unsub: max -1", b"SUB foo 1\r\nUNSUB 1 -1\r\n" + pub(b"foo")),
    row("unsub: max is a word", b"SUB foo 1\r\nUNSUB 1 two\r\n" + pub(b"foo")),
    row("unsub: max is huge", b"SUB foo 1\r\nUNSUB 1 99999999999999999999\r\n" + pub(b"foo")),
    row("unsub: three arguments", b"SUB foo 1\r\nUNSUB 1 2 3\r\n", closes=True),
    row("unsub: max 1", b"SUB foo 1\r\nUNSUB 1 1\r\n" + pub(b"foo", b"1") + pub(b"foo", b"2")),
    row("unsub: max that was reached before", b"SUB foo 1\r\n" + pub(b"foo") * 3 + b"UNSUB 1 2\r\n" + pub(b"foo")),
    row("unsub: max that is reached just now", b"SUB foo 1\r\n" + pub(b"foo") * 2 + b"UNSUB 1 2\r\n" + pub(b"foo")),
    row("unsub: max counts from SUB", b"SUB foo 1\r\n" + pub(b"foo") * 2 + b"UNSUB 1 3\r\n" + pub(b"foo") * 3),
    row("unsub: max is raised", b"SUB foo 1\r\nUNSUB 1 1\r\nUNSUB 1 3\r\n" + pub(b"foo") * 5),
    row("unsub: max is lowered", b"SUB foo 1\r\nUNSUB 1 5\r\nUNSUB 1 1\r\n" + pub(b"foo") * 5),
    row("unsub: max is taken back", b"SUB foo 1\r\nUNSUB 1 2\r\nUNSUB 1\r\n" + pub(b"foo")),
    row("unsub: max of a queue member", b"SUB foo q 1\r\nUNSUB 1 2\r\n" + pub(b"foo") * 4),
    row("unsub: max frees the id", b"SUB foo 1\r\nUNSUB 1 1\r\n" + pub(b"foo") + b"SUB bar 1\r\n" + pub(b"foo") + pub(b"bar")),
    row("unsub: max counts across connections", b"SUB foo 1\r\nUNSUB 1 2\r\n", ("b", pub(b"foo")), ("c", pub(b"foo") * 3)),
    row("unsub: max and no responders after it", b"SUB foo 1\r\nSUB rep 2\r\nUNSUB 1 1\r\n" + pub(b"foo", b"x", b"rep") * 2),
    row("unsub: one of two", b"SUB foo 1\r\nSUB foo 2\r\nUNSUB 1\r\n" + pub(b"foo")),
    row("unsub: another connection's id", b"SUB foo 1\r\n", ("b", b"UNSUB 1\r\n" + pub(b"foo"))),
    row("unsub: before CONNECT", b"UNSUB 1\r\nPING\r\n", connect=None),
    row("unsub: byte by byte", bytewise(b"SUB foo 1\r\nUNSUB 1 1\r\n" + pub(b"foo") * 2)),
]

QUEUES = [
    row("queue: one member", b"SUB foo q 1\r\n" + pub(b"foo") * 3),
    row("queue: two members of one connection", b"SUB foo q 1\r\nSUB foo q 2\r\n" + pub(b"foo") * 20, merges=True),
    row("queue: two connections", b"SUB foo q 1\r\n", ("b", b"SUB foo q 1\r\n"), ("c", pub(b"foo") * 20), merges=True),
    row("queue: two groups", b"SUB foo q 1\r\nSUB foo r 2\r\n" + pub(b"foo") * 4),
    row("queue: a group and one that is alone", b"SUB foo q 1\r\nSUB foo q 2\r\nSUB foo 3\r\n" + pub(b"foo") * 4, merges=True),
    row("queue: the same group on subjects that overlap", b"SUB foo.* q 1\r\nSUB foo.> q 2\r\n" + pub(b"foo.a") * 4, merges=True),
    row("queue: names in another case", b"SUB foo q 1\r\nSUB foo Q 2\r\n" + pub(b"foo")),
    row("queue: a name of odd bytes", b"SUB foo \xff\x01 1\r\n" + pub(b"foo")),
    row("queue: a name with dots and wildcards", b"SUB foo a.b 1\r\nSUB foo * 2\r\n" + pub(b"foo"), merges=True),
    row("queue: a long name", b"SUB foo " + b"q" * 2000 + b" 1\r\n" + pub(b"foo")),
    row("queue: a member that left", b"SUB foo q 1\r\nSUB foo q 2\r\nUNSUB 1\r\n" + pub(b"foo") * 4),
    row("queue: a member whose connection ended", ("b", b"SUB foo q 1\r\nFOO\r\n"), b"SUB foo q 9\r\n" + pub(b"foo") * 4, closes="b"),
    row("queue: a reply", b"SUB foo q 1\r\nSUB rep 2\r\n" + pub(b"foo", b"x", b"rep")),
    row("queue: a wildcard", b"SUB foo.> q 1\r\n" + pub(b"foo.a.b") * 2),
    row(
        "queue: without echo, the other member gets all",
        b"SUB foo q 1\r\n",
        ("b", b"SUB foo q 1\r\n"),
        pub(b"foo") * 10,
        connect={"a": b'{"verbose":false,"echo":false}'},
    ),
    row("queue: empty members of a spent max", b"SUB foo q 1\r\nUNSUB 1 1\r\nSUB foo q 2\r\n" + pub(b"foo") * 6, merges=True),
]

NO_ECHO = b'{"verbose":false,"echo":false,"headers":true,"no_responders":true}'
ANSWERS = [
    row("echo: off", b"SUB foo 1\r\n" + pub(b"foo"), connect=NO_ECHO),
    row("echo: off, others hear it", b"SUB foo 1\r\n", ("b", b"SUB foo 1\r\n"), pub(b"foo"), connect={"a": NO_ECHO}),
    row("echo: off, hears others", b"SUB foo 1\r\n", ("b", pub(b"foo")), connect={"a": NO_ECHO}),
    row("echo: on, said so", b"SUB foo 1\r\n" + pub(b"foo"), connect=b'{"verbose":false,"echo":true,"protocol":1}'),
    row("noresp: echo off and only oneself listens", b"SUB foo 1\r\nSUB rep 2\r\n" + pub(b"foo", b"x", b"rep"), connect=NO_ECHO),
    row("noresp: echo off and the answer", b"SUB rep 2\r\n" + pub(b"foo", b"x", b"rep"), connect=NO_ECHO),
    row("noresp: with a payload of none", b"SUB rep 9\r\nPUB nobody rep 0\r\n\r\n"),
    row("noresp: without a reply", pub(b"nobody")),
    row("noresp: nobody reads the answer either", pub(b"nobody", b"x", b"rep")),
    row("noresp: a wildcard reads the answer", b"SUB rep.* 9\r\n" + pub(b"nobody", b"x", b"rep.1")),
    row("noresp: several read the answer", b"SUB rep.* 8\r\nSUB rep.1 9\r\n" + pub(b"nobody", b"x", b"rep.1")),
    row("noresp: a queue reads the answer", b"SUB rep q 9\r\n" + pub(b"nobody", b"x", b"rep")),
    row("noresp: another connection reads the answer", b"SUB rep 9\r\n", ("b", pub(b"nobody", b"x", b"rep"))),
    row("noresp: the answer counts for max", b"SUB rep 9\r\nUNSUB 9 1\r\n" + pub(b"nobody", b"x", b"rep") * 2),
    row("noresp: a reply with a wildcard", b"SUB rep.* 9\r\n" + pub(b"nobody", b"x", b"rep.*")),
    row("noresp: off by default", b"SUB rep 9\r\n" + pub(b"nobody", b"x", b"rep"), connect=VERBOSE),
    row("noresp: verbose", b"SUB rep 9\r\n" + pub(b"nobody", b"x", b"rep"), connect=b'{"headers":true,"no_responders":true}'),
    row("noresp: somebody listens and says nothing", b"SUB rep 9\r\n", ("b", b"SUB foo 1\r\n"), pub(b"foo", b"x", b"rep")),
    row("noresp: they are gone", ("b", b"SUB foo 1\r\nUNSUB 1\r\n"), b"SUB rep 9\r\n" + pub(b"foo", b"x", b"rep")),
    row("noresp: subject and reply are one", b"SUB foo 9\r\n" + pub(b"foo", b"x", b"foo")),
    row("noresp: a long subject", b"SUB rep 9\r\n" + pub(b"n" * 3000, b"x", b"rep")),
    row("noresp: a wildcard subject", b"SUB rep 9\r\n" + pub(b"n.*", b"x", b"rep")),
    row("request: and its answer", ("b", b"SUB help 1\r\n"), b"SUB rep 9\r\n" + pub(b"help", b"?", b"rep"), ("b", pub(b"rep", b"!"))),
    row("verbose: all the verbs", b"PING\r\nSUB a 1\r\nSUB a q 2\r\nUNSUB 2 5\r\n" + pub(b"a") + b"UNSUB 1\r\nPONG\r\n+OK\r\n", connect=VERBOSE),
    row("verbose: another connection's message", b"SUB foo 1\r\n", ("b", pub(b"foo")), connect=VERBOSE),
    row("verbose: an error is its own answer", b"SUB foo..a 1\r\nUNSUB 1\r\n", connect=VERBOSE),
]

LIMITS = [
    row("control line: 4096 bytes", b"SUB " + b"a" * 4094 + b" 1\r\n" + pub(b"foo")),
    row("control line: 4097 bytes", b"SUB " + b"a" * 4095 + b" 1\r\n" + pub(b"foo"), closes=True),
    row("control line: 4096 bytes in pieces", [b"SUB " + b"a" * 2000, b"a" * 2094 + b" 1\r\n"]),
    row("control line: 4097 bytes in pieces", [b"SUB " + b"a" * 2000, b"a" * 2095 + b" 1\r\n"], closes=True),
    row("control line: too long before it ends", [b"SUB " + b"a" * 3000, b"a" * 3000], closes=True),
    row("control line: PUB", b"PUB " + b"a" * 5000 + b" 1\r\nx\r\n", closes=True),
    row("control line: HPUB", b"HPUB " + b"a" * 5000 + b" 18 19\r\n", closes=True),
    row("control line: UNSUB", b"UNSUB " + b"1" * 5000 + b"\r\n", closes=True),
    row("control line: INFO", b"INFO {" + b" " * 5000 + b"}\r\nPING\r\n", closes=True),
    row("control line: -ERR", b"-ERR '" + b"x" * 5000 + b"'\r\n", closes=True),
    row("control line: PING", b"PING" + b" " * 5000 + b"\r\nPING\r\n"),
    row("control line: +OK", b"+OK" + b" " * 5000 + b"\r\nPING\r\n"),
    row("control line: spaces before the argument", b"SUB " + b" " * 5000 + b"foo 1\r\n" + pub(b"foo")),
    row("control line: spaces behind the argument", b"SUB foo 1" + b" " * 5000 + b"\r\n", closes=True),
    row("small: a line of 256 bytes", b"SUB " + b"a" * 254 + b" 1\r\nPING\r\n", server="small"),
    row("small: a line of 257 bytes", b"SUB " + b"a" * 255 + b" 1\r\nPING\r\n", server="small", closes=True),
    row("small: CONNECT of more", b"PING\r\n", connect=b'{"name":"%s"}' % (b"n" * 300), server="small", closes=True),
    row("small: the largest payload", b"SUB foo 1\r\n" + pub(b"foo", b"x" * 64), server="small", tells_info=True),
    row("small: a byte more", b"SUB foo 1\r\n" + pub(b"foo", b"x" * 65), server="small", closes=True),
    row("small: a header counts", b"SUB foo 1\r\n" + hpub(b"foo", b"x" * 46) + hpub(b"foo", b"x" * 47), server="small", closes=True),
    row("small: a large payload's subscribers see nothing", ("b", b"SUB foo 1\r\n"), pub(b"foo", b"x" * 65), server="small", closes=True),
    row("small: a line in pieces", [b"SUB " + b"a" * 200, b"a" * 100 + b" 1\r\n"], server="small", closes=True),
    row("few subscriptions: the fourth", b"".join(b"SUB s%d %d\r\n" % (i, i) for i in range(5)) + pub(b"s2") + pub(b"s3"), server="few_subscriptions"),
    row("few subscriptions: one is given back", b"SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nUNSUB 1\r\nSUB d 4\r\n" + pub(b"d"), server="few_subscriptions"),
    row("few subscriptions: verbose", b"SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nSUB d 4\r\n", server="few_subscriptions", connect=VERBOSE),
    row("few subscriptions: queues count", b"SUB a q 1\r\nSUB b q 2\r\nSUB c q 3\r\nSUB d q 4\r\n", server="few_subscriptions"),
    row("few tokens: four", b"SUB a.b.c.d 1\r\n" + pub(b"a.b.c.d"), server="few_tokens"),
    row("few tokens: five", b"SUB a.b.c.d.e 1\r\nPING\r\n", server="few_tokens", quiet=True),
    row("few connections: the third", b"PING\r\n", ("b", b"PING\r\n"), ("c", b""), server="few_connections", closes="c"),
    row("impatient: pings that nobody answers", b"", server="impatient", closes=True, keeps_pings=True),
    row("no headers: INFO says so", b"PING\r\n", server="no_headers", tells_info=True, connect=LAX),
    row("no headers: HPUB", hpub(b"foo"), server="no_headers", closes=True, connect=b'{"verbose":false,"headers":true}'),
    row("no headers: CONNECT with no_responders", b"", server="no_headers", closes=True),
]

NO_PASSWORD = b'{"verbose":false}'
AUTH = [
    row("token: INFO says so", b"PING\r\n", server="token", connect=b'{"verbose":false,"auth_token":"s3cret"}', tells_info=True),
    row("token: wrong", b"", server="token", connect=b'{"verbose":false,"auth_token":"x"}', closes=True),
    row("token: none", b"", server="token", connect=NO_PASSWORD, closes=True),
    row("token: a part of it", b"", server="token", connect=b'{"auth_token":"s3cre"}', closes=True),
    row("token: as a password", b"", server="token", connect=b'{"user":"x","pass":"s3cret"}', closes=True),
    row("token: with a name", b"PING\r\n", server="token", connect=b'{"verbose":false,"user":"x","pass":"y","auth_token":"s3cret"}'),
    row("token: wrong, with a name", b"", server="token", connect=b'{"user":"x","pass":"y","auth_token":"x"}', closes=True),
    row("token: PING first", b"PING\r\n", server="token", connect=None, closes=True),
    row("token: SUB first", b"SUB foo 1\r\n", server="token", connect=None, closes=True),
    row("token: PUB first", b"PUB foo 1\r\nx\r\n", server="token", connect=None, closes=True),
    row("token: an unknown verb first", b"FOO\r\n", server="token", connect=None, closes=True),
    row("token: a part of CONNECT and silence", b"CONN", server="token", connect=None, closes=True),
    row("token: silence", b"", server="token", connect=None, closes=True),
    row("token: then a CONNECT that is wrong", b'CONNECT {"auth_token":"x"}\r\n', server="token", connect=b'{"verbose":false,"auth_token":"s3cret"}', closes=True),
    row("password: right", b"SUB foo 1\r\n" + pub(b"foo"), server="password", connect=user(b"bob", b"builder")),
    row("password: wrong", b"", server="password", connect=user(b"bob", b"x"), closes=True),
    row("password: another user", b"", server="password", connect=user(b"eve", b"builder"), closes=True),
    row("password: letters in another case", b"", server="password", connect=user(b"Bob", b"builder"), closes=True),
    row("password: none", b"", server="password", connect=NO_PASSWORD, closes=True),
    row("password: empty", b"", server="password", connect=user(b"bob", b""), closes=True),
    row("hashed: right", pub(b"foo"), server="hashed", connect=user(b"bob", b"builder")),
    row("hashed: wrong", b"", server="hashed", connect=user(b"bob", b"Builder"), closes=True),
    row("hashed: the hash is no password", b"", server="hashed", connect=user(b"bob", BCRYPT.encode()), closes=True),
    row("users: no such user", b"", server="users", connect=user(b"eve", b"x"), closes=True),
    row("users: the default permissions", b"SUB open.a 1\r\nSUB shut 2\r\nSUB > 3\r\n" + pub(b"open.a") + pub(b"shut"), server="users", connect=user(b"admin", b"a")),
    row("users: everything is allowed", b"SUB > 1\r\n" + pub(b"a") + pub(b"secret.a"), server="users", connect=user(b"root", b"r")),
    row("users: what may be published", pub(b"in.a") + pub(b"in.a.b") + pub(b"out.a.b") + pub(b"else"), server="users", connect=user(b"writer", b"w")),
    row("users: what may be subscribed", b"SUB _INBOX.a 1\r\nSUB in.a 2\r\nSUB in.a q 3\r\n", server="users", connect=user(b"writer", b"w")),
    row("users: verbose", pub(b"else") + b"SUB else 1\r\n" + pub(b"in.a"), server="users", connect=b'{"user":"writer","pass":"w"}'),
    row("users: HPUB", hpub(b"else") + hpub(b"in.a"), server="users", connect=user(b"writer", b"w")),
    row("users: no_responders of what is forbidden", b"SUB _INBOX.a 1\r\n" + pub(b"else", b"x", b"_INBOX.a"), server="users", connect=user(b"writer", b"w")),
    row("users: a reply is not checked", b"SUB _INBOX.a 1\r\n" + pub(b"in.a", b"x", b"_INBOX.a"), server="users", connect=user(b"writer", b"w")),
    row("users: publish is denied", pub(b"secret.a") + pub(b"secret") + pub(b"open"), server="users", connect=user(b"denied", b"d")),
    row("users: subscribe is denied", b"SUB secret.a 1\r\nSUB secret.* 2\r\nSUB secret.> 3\r\nSUB private 4\r\nSUB open 5\r\n", server="users", connect=user(b"denied", b"d")),
    row(
        "users: a wildcard does not deliver what is denied",
        b"SUB > 1\r\nSUB *.a 2\r\nSUB * 3\r\n",
        ("b", pub(b"secret.a") + pub(b"open.a") + pub(b"private")),
        server="users",
        connect={"a": user(b"denied", b"d"), "b": user(b"root", b"r")},
    ),
    row("users: allow and deny", pub(b"a.b") + pub(b"a.c") + pub(b"b") + b"SUB a.b 1\r\nSUB a.c 2\r\nSUB a.* 3\r\n" + pub(b"a.c"), server="users", connect=user(b"mixed", b"m")),
    row("users: queues that are allowed", b"SUB foo v1 1\r\nSUB bar v.2 2\r\nSUB bar v.x 3\r\n", server="users", connect=user(b"queues", b"q")),
    row("users: queues that are not", b"SUB foo v2 1\r\nSUB foo 2\r\nSUB bar x 3\r\nSUB bar 4\r\n", server="users", connect=user(b"queues", b"q")),
    row(
        "users: a wildcard does not deliver to a queue what is denied to it",
        b"SUB a.* q 1\r\nSUB > v.1 2\r\nSUB a.b q 3\r\nSUB a.c v.1 4\r\n",
        ("b", pub(b"a.b") + pub(b"a.c")),
        server="users",
        connect={"a": user(b"queued", b"q"), "b": user(b"root", b"r")},
    ),
    row(
        "users: answers are allowed twice",
        ("b", b"SUB service 1\r\n"),
        b"SUB rep 1\r\n" + pub(b"service", b"?", b"rep"),
        ("b", pub(b"rep", b"1") + pub(b"rep", b"2") + pub(b"rep", b"3")),
        server="users",
        connect={"a": user(b"root", b"r"), "b": user(b"answers", b"n")},
    ),
    row("users: answers to nothing", pub(b"rep") + pub(b"none"), server="users", connect=user(b"answers", b"n")),
    row("users: nothing is allowed", pub(b"a") + b"SUB a 1\r\nSUB > 2\r\nPING\r\n", server="users", connect=user(b"nothing", b"z")),
    row("users: pedantic wildcards and permissions", pub(b"in.*") + pub(b">") + pub(b"x.*"), server="users", connect=user(b"writer", b"w")),
    row("users: a second CONNECT changes nobody", b'CONNECT {"verbose":false,"user":"root","pass":"r"}\r\n' + pub(b"else"), server="users", connect=user(b"writer", b"w")),
    row("users: an odd subject in the complaint", pub(b"x'y\"z") + b"SUB x'y\"z 1\r\n", server="users", connect=user(b"writer", b"w")),
    row("accounts: INFO tells the account", b"PING\r\n", server="accounts", connect=user(b"a", b"a", b',"protocol":1')),
    row("accounts: their subjects are their own", b"SUB > 1\r\n", ("b", b"SUB foo 1\r\n" + pub(b"foo")), server="accounts", connect={"a": user(b"a", b"a"), "b": user(b"b", b"b")}),
    row("accounts: one account, two users", b"SUB > 1\r\n", ("b", pub(b"foo")), server="accounts", connect={"a": user(b"a", b"a"), "b": user(b"a2", b"a2")}),
    row("accounts: INFO asks for nothing", b"PING\r\n", server="accounts", connect=b'{"verbose":false}', tells_info=True),
    row("accounts: who says nothing is the no_auth_user", b"SUB foo 1\r\n" + pub(b"foo") + b"PING\r\n", server="accounts", connect=b'{"verbose":false,"protocol":1}'),
    row("accounts: without CONNECT", b"PING\r\n", server="accounts", connect=None),
    row("accounts: a wrong password is not no_auth_user", b"", server="accounts", connect=user(b"b", b"x"), closes=True),
    row("sharing: an imported stream", b"SUB from_a.> 1\r\n", ("b", pub(b"shared.x")), server="sharing", connect={"a": user(b"b", b"b"), "b": user(b"a", b"a")}),
    row(
        "sharing: an imported service",
        ("b", b"SUB help 1\r\n"),
        b"SUB rep 1\r\n" + pub(b"help", b"?"),
        server="sharing",
        connect={"a": user(b"b", b"b"), "b": user(b"a", b"a")},
    ),
    row("tls: INFO says so", b"", server="tls", connect=None, tells_info=True, closes=True),
    row("tls: PING in plain text", b"PING\r\n", server="tls", connect=None, closes=True),
    row("tls: CONNECT in plain text", b"", server="tls", closes=True),
    row("tls: CONNECT that asks for TLS", b"", server="tls", connect=b'{"tls_required":true}', closes=True),
    row("tls or not: INFO says so", b"PING\r\n", server="tls_or_not", connect=None, tells_info=True),
    row("tls or not: plain text", b"SUB foo 1\r\n" + pub(b"foo"), server="tls_or_not"),
    row("nkey: INFO has a nonce", b"", server="nkey", connect=None, tells_info=True, quiet=True),
    row("nkey: no signature", b"", server="nkey", connect=b'{"nkey":"UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"}', closes=True),
    row("nkey: a wrong signature", b"", server="nkey", connect=b'{"nkey":"UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4","sig":"%s"}' % (b"A" * 86), closes=True),
    row("nkey: no nkey", b"", server="nkey", connect=NO_PASSWORD, closes=True),
]

CASES = [*TRANSCRIPT, *LINES, *CONNECT, *SUB, *PUB, *HPUB, *UNSUB, *QUEUES, *ANSWERS, *LIMITS, *AUTH]
BY_NAME = {case.name: case for case in CASES}
