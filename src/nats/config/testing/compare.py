# SPDX-License-Identifier: Apache-2.0
"""Usage: compare.py nats_config_check nats-server. Which configuration files and flags do both accept, which does either refuse?

Exit code 77: there is no nats-server to compare with.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

INCLUDED = {
    "users.conf": "users: [ {user: a, password: b} ]\n",
    "limits.conf": "max_payload: 1mb\nping_max: 3\n",
    "broken.conf": "max_payload: [\n",
    "deep/one.conf": "include two.conf\n",
    "deep/two.conf": "debug: true\n",
}
ENVIRONMENT = {"NATS_PORT": "4444", "NATS_USERS": "[{user: a, password: b}]", "NATS_SIZE": "2mb", "NATS_LOOP": "$NATS_LOOP"}
USERS = "authorization { users: [ {user: a, password: b%s} ] }"

BOTH_ACCEPT = [
    "port: 4222",
    "port = 4222",
    "port 4222",
    "port: -1",
    "listen: 127.0.0.1:4222",
    "listen: 4222",
    'listen: ":4222"',
    'listen: "[::1]:4222"',
    "listen: localhost:-1",
    "host: 127.0.0.1; port: 4222",
    '{"port": 4222, "host": "127.0.0.1"}',
    '{\n  "port": 4222,\n  "authorization": {"users": [{"user": "a", "password": "b"}]}\n}\n',
    "# nothing but a comment\ndebug: false // and another\n",
    "DEBUG: true\nTrace: yes\nlogtime: off",
    "max_payload: 1MB",
    "max_payload: 64k; max_pending: 128mb",
    "max_payload: 1kib\nmax_control_line: 2k",
    "max_connections: 100\nmax_subscriptions: 10\nmax_sub_tokens: 8",
    "max_conn: -1\nmax_subs: 0",
    'ping_interval: "20s"\nping_max: 3',
    "ping_interval: 10s",
    'write_deadline: "1m30s"',
    'write_timeout: "close"',
    'lame_duck_duration: "1m"\nlame_duck_grace_period: "5s"',
    "lame_duck_duration: 60s",
    "server_name: one",
    "server_name: 'a-b_c'",
    'server_tags: ["a", "b:c"]',
    "server_tags: a",
    "client_advertise: 'example.com:4222'",
    "http: 8222",
    "http: localhost:8222",
    "http_port: 8222\nhttp_base_path: /nats",
    "monitor_port: 8222",
    "https: 8443",
    "log_file: /tmp/x.log\nlogfile_size_limit: 10mb",
    "pid_file: '/tmp/x.pid'\nports_file_dir: /tmp",
    "max_traced_msg_len: 100\nmax_closed_clients: 10",
    "no_header_support: true\nno_fast_producer_stall: true\ndisable_sublist_cache: true",
    "connect_error_reports: 10\nreconnect_error_reports: 10\nprof_port: 0",
    "authorization { token: abc }",
    "authorization { token: $2a$11$PWIFAL8RsWyGI3jVZtO9Nu8.6jOxzxfZo7c/W0eLk017hjgUKWrhy }",
    "authorization { user: a, password: b, timeout: 2 }",
    "authorization { user: a, pass: b, timeout: 0.5 }",
    "authorization { user: a, pass: b, timeout: '2s' }",
    "authorization: { username: a\n password: b }",
    USERS % "",
    USERS % ", permissions: { publish: foo, subscribe: [a, b] }",
    USERS % ", permissions: { publish: { allow: foo, deny: [bar] }, subscribe: { deny: '>' } }",
    USERS % ", permissions: { sub: ['foo queue', 'bar v.*'] }",
    USERS % ", permissions: { pub: a, allow_responses: true }",
    USERS % ", permissions: { allow_responses: { max: 5, expires: '1m' } }",
    USERS % ", allowed_connection_types: [STANDARD, WEBSOCKET]",
    "authorization { ADMIN { publish: '>' }\n users: [ {user: a, password: b, permissions: $ADMIN} ] }",
    "ADMIN { publish: '>' }\nauthorization { users: [ {user: a, password: b, permissions: $ADMIN} ] }",
    "authorization { default_permissions { publish: a }\n users: [ {user: a, password: b} ] }",
    "authorization { users: [] }",
    "authorization { users: [ {nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4} ] }",
    "authorization { include users.conf }",
    USERS % "" + "\nno_auth_user: a",
    "accounts: [A, B]",
    "accounts { A { users: [ {user: a, password: b} ] }, B { users: [ {user: c, password: d} ] } }",
    "accounts { A { users: [ {user: a, password: b} ], limits { max_connections: 5, max_subs: 3, max_payload: 1k } } }",
    "accounts { A { default_permissions { publish: a }\n users: [ {user: a, password: b} ] } }",
    "accounts { SYS { users: [ {user: a, password: b} ] } }\nsystem_account: SYS",
    "accounts { A { users: [ {user: a, password: b} ] } }\nno_auth_user: a",
    "include limits.conf",
    "include './limits.conf'\ninclude \"deep/one.conf\"",
    "port: $NATS_PORT",
    "authorization { users: $NATS_USERS }",
    "SIZE: 1mb\nmax_payload: $SIZE",
    "max_payload: $NATS_SIZE",
    "port: 1\nport: 2",
    "http: ':8222'",
    "server_name: ''\nclient_advertise: ''\npid_file: ''\nports_file_dir: ''\nno_auth_user: ''",
    "authorization { users: [ {nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4} ] }\n"
    "no_auth_user: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
    "jetstream: disabled",
    "jetstream: false",
    "store_dir: /tmp/x",
    "no_system_account: true",
    "proxy_protocol: false\nsyslog: false",
    "host: (\n127.0.0.1\n)\n",
    "server_name: \"\\x41\\x42\"",
    "feature_flags { a: true }",
    "server_metadata { a: b }",
]

BOTH_REFUSE = [
    "prt: 4222",
    "port: abc",
    "port: '4222'",
    "port:",
    "port",
    "port: [4222",
    "port: {",
    "port: 4222 debug: true",
    'host: "x',
    "host: 'x",
    'host: "\\q"',
    'host: "\\x4"',
    "host: .5",
    "host: 1.x",
    "host: -x",
    "host: 2016-05-04",
    "host: 5",
    "host: true",
    "debug: 1",
    "debug: maybe",
    "listen: localhost",
    "listen: a:b:1",
    "listen: localhost:x",
    "listen: [1]",
    "max_payload: large",
    "max_payload: 3gb",
    "max_payload: 1.5",
    "max_sub_tokens: 0",
    "max_sub_tokens: 300",
    "ping_interval: fast",
    "ping_interval: true",
    'lame_duck_duration: "10s"',
    "lame_duck_duration: 2m",
    'lame_duck_grace_period: "-1s"',
    "server_name: 'a b'",
    "server_tags: [1]",
    "write_timeout: never",
    "authorization: true",
    "authorization { usr: a }",
    "authorization { user: a, password: b, token: c }",
    "authorization { user: a, password: b, users: [ {user: c, password: d} ] }",
    "authorization { token: a, users: [ {user: c, password: d} ] }",
    "authorization { user: 5, password: b }",
    "authorization { user: a, timeout: soon }",
    "authorization { users: a }",
    "authorization { users: [a] }",
    "authorization { users: [ {password: b} ] }",
    "authorization { users: [ {nkey: UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4, user: a} ] }",
    "authorization { users: [ {user: a, password: b}, {user: a, password: c} ] }",
    USERS % ", colour: red",
    USERS % ", permissions: foo",
    USERS % ", permissions: { publsh: foo }",
    USERS % ", permissions: { publish: 5 }",
    USERS % ", permissions: { publish: [5] }",
    USERS % ", permissions: { publish: { alow: foo } }",
    USERS % ", permissions: { allow_responses: 5 }",
    USERS % ", permissions: { allow_responses: { max: many } }",
    USERS % ", permissions: { allow_responses: { expires: 5 } }",
    USERS % ", permissions: { allow_responses: { until: '5s' } }",
    "accounts: [5]",
    "accounts: ['$G']",
    "accounts: [A, A]",
    "accounts { A { usrs: [] } }",
    "accounts { A { limits { max_con: 5 } } }",
    "accounts { A { users: [ {user: a, password: b} ] }, B { users: [ {user: a, password: d} ] } }",
    "include nothing.conf",
    "include broken.conf",
    "include",
    "port: $NOTHING",
    "port: $NATS_LOOP",
    "max_payload: $SIZE\nSIZE: 1mb",
    "tls { cert_fil: a }",
    "tls { verify: 1 }",
    "tls { handshake_first: maybe }",
    "tls { pinned_certs: [abc] }",
    "tls { min_version: '0.9' }",
    "tls { curve_preferences: 5 }",
    "jetstream: perhaps",
    "websocket { prt: 1 }",
    "mqtt: 5",
    "cluster { nme: x }",
]

# What nats-server serves and eddy does not, or what only eddy refuses because nobody can mean it.
ONLY_NATS_SERVER = {
    "cluster { name: x, port: 6222 }": "real NATS clusters are nats-server's",
    "leafnodes { port: 7422 }": "real NATS clusters are nats-server's",
    "gateway { name: x, port: 7222 }\ncluster { name: x }": "real NATS clusters are nats-server's",
    "jetstream: enabled": "not served yet",
    "jetstream { max_mem: 1gb }": "not served yet",
    "websocket { port: 8080, no_tls: true }": "not served yet",
    "mappings { foo: bar }": "not served yet",
    "accounts { A { exports: [ {stream: a} ] } }": "not served yet",
    "accounts { A { mappings { foo: bar } } }": "not served yet",
    "proxy_protocol: true": "not served",
    "syslog: true": "not served",
    "max_payload: 128mb": "more than max_pending: nats-server refuses it when it starts",
    'lame_duck_duration: "30s"\nlame_duck_grace_period: "40s"': "nats-server refuses it when it starts",
    USERS % "" + "\nno_auth_user: b": "nats-server refuses it when it starts",
    "accounts: A": "neither a map nor an array: nats-server makes no account of it",
    "port: 70000": "there is no such port",
    "max_payload: -1": "a negative size",
    "port: 4222 }": "a brace that nobody opened",
    "host: ": "an entry without a value",
    "host: a'": "a quote inside a bare word",
    "max_pending: 9223372036854775807k": "overflows",
}

# What only eddy accepts.
ONLY_EDDY = {
    "ping_interval: 5": "a number of seconds: nats-server complains in its test, and starts",
    "write_deadline: 2": "a number of seconds: nats-server complains in its test, and starts",
    "prof_port: [1k]\nconnect_error_reports: 1": "a value that changes nothing is not looked at",
    "authorization { token: $2b$11$PWIFAL8RsWyGI3jVZtO9Nu8.6jOxzxfZo7c/W0eLk017hjgUKWrhy }": "bcrypt of any letter",
}

# Behind `-t -c FILE`: both say yes, or both say the same words and end with the same exit code.
FLAGS = {
    "-p 4333": "valid",
    "--port=4333 -a 127.0.0.1 -m 8222": "valid",
    "-net ::1 --p -1": "valid",
    "-D -V -T=false --logtime_utc": "valid",
    "-DV -DVV -VV": "valid",
    "-n one --pid /tmp/x -l /tmp/y --ports_file_dir /tmp": "valid",
    "--user a --pass b": "valid",
    "--auth t": "valid",
    "-sd /tmp/x -js=false": "valid",
    "--max_traced_msg_len 10 --client_advertise h:1": "valid",
    "--profile 6060": "valid",
    "-zzz": "flag provided but not defined: -zzz",
    "--zzz=1": "flag provided but not defined: -zzz",
    "-p": "flag needs an argument: -p",
    "-p x": 'invalid value "x" for flag -p: parse error',
    "-m 1x": 'invalid value "1x" for flag -m: parse error',
    "-D=maybe": 'invalid boolean value "maybe" for -D: parse error',
    "---p 1": "bad flag syntax: ---p",
    "-=1": "bad flag syntax: -=1",
    "foo": 'unrecognized command: "foo"',
    "-D - x": 'unrecognized command: "-"',
}


def run(command, path, *arguments):
    words = [command[0], *command[1:], path, *arguments]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **ENVIRONMENT})
    if done.returncode not in (0, 1):
        print(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        sys.exit(1)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def accepts(command, folder, text):
    path = folder / "server.conf"
    path.write_text(text, encoding="utf-8")
    return run(command, path)


def compare_flags(check, peer, folder):
    path = folder / "server.conf"
    path.write_text("debug: false\n", encoding="utf-8")
    failures = 0
    for line, words in FLAGS.items():
        results = run(check, path, *line.split()), run(peer, path, *line.split())
        if results[0][0] != results[1][0] or not all(words in said for _, said in results):
            failures += 1
            print(f"{line!r}\n  eddy {results[0]}\n  nats-server {results[1]}\n  wanted {words!r}")
    return failures


def main():
    check, peer = ([program, "-t", "-c"] for program in sys.argv[1:3])
    if not pathlib.Path(sys.argv[2]).exists():
        print("there is no nats-server to compare with: script/setup --full")
        return 77
    rows = [(text, True, True) for text in BOTH_ACCEPT] + [(text, False, False) for text in BOTH_REFUSE]
    rows += [(text, False, True) for text in ONLY_NATS_SERVER] + [(text, True, False) for text in ONLY_EDDY]
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, text in INCLUDED.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        for text, eddy, nats in rows:
            results = accepts(check, folder, text), accepts(peer, folder, text)
            if (results[0][0], results[1][0]) != (eddy, nats):
                failures += 1
                print(f"{text!r}\n  eddy {results[0]}\n  nats-server {results[1]}\n  wanted {eddy}, {nats}")
        failures += compare_flags(check, peer, folder)
    print(f"{len(rows)} files and {len(FLAGS)} command lines compared, {failures} otherwise than wanted")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
