# SPDX-License-Identifier: Apache-2.0
"""The monitoring pages against nats-server's: the same members of the same types, the same numbers after the same traffic.

What nats-server answers is looked up in nats-server itself, in the full tier; the other tests run against either of them.
"""

import datetime
import json
import re
import socket
import ssl
import struct
import time
import urllib.error
import urllib.request

import nats_cases
import pytest
import servers

QUIET = {"verbose": False, "headers": True, "no_responders": True}
# Members that nats-server has and eddy does not, and why.
ABSENT = {
    "feature_flags": "switches of nats-server's JetStream",
    "imports": "nats-server's own requests under $SYS, which eddy does not serve",
    "exports": "the same, from the side of the system's account",
}


class Client:
    """A connection; what it sends is handled when the call returns."""

    def __init__(self, server, *lines, **options):
        self.socket = socket.create_connection(server.nats_address, timeout=10)
        self.stream = self.socket.makefile("rb")
        self.info = json.loads(self.stream.readline().split(b" ", 1)[1])
        self.say("CONNECT " + json.dumps({**QUIET, **options}), *lines)

    @property
    def cid(self):
        return self.info["client_id"]

    def say(self, *lines):
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "PING")).encode())
        while self.stream.readline() != b"PONG\r\n":
            pass

    def close(self):
        self.stream.close()
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


class Monitored:
    """A server with its monitoring port."""

    def __init__(self, server, monitor):
        self.server = server
        self.nats_address = server.nats_address
        self.monitor = monitor

    def ask(self, path):
        """(status, head, body)."""
        try:
            with urllib.request.urlopen(f"http://{self.monitor[0]}:{self.monitor[1]}{path}", timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def get(self, path):
        status, head, body = self.ask(path)
        assert (status, head["Content-Type"]) == (200, "application/json"), body
        return json.loads(body)

    def wait_for(self, path, is_there, what):
        deadline = time.monotonic() + 10
        while not is_there(page := self.get(path)):
            assert time.monotonic() < deadline, f"{what}: {page}"
            time.sleep(0.01)
        return page

    def closed(self, cid):
        page = self.wait_for(f"/connz?state=closed&cid={cid}&subs=detail", lambda page: page["connections"], f"{cid} closed")
        return page["connections"][0]


def start_peer(folder):
    port = servers.free_port()
    return Monitored(servers.Nats(folder, arguments=["-m", str(port)]).start(), ("127.0.0.1", port))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """nats-server, with the same traffic behind it as `ours`."""
    if not servers.Nats.is_available():
        pytest.skip("nats-server is not there: script/setup --full")
    monitored = start_peer(tmp_path_factory.mktemp("real"))
    yield monitored
    monitored.server.stop()


@pytest.fixture(scope="module")
def ours(request, tmp_path_factory):
    """eddy, or nats-server with --peer nats."""
    peer = request.config.getoption("--peer")
    if peer == "kafka":
        pytest.skip("Kafka has no NATS door")
    if peer == "nats":
        if not servers.Nats.is_available():
            pytest.skip("nats-server is not there: script/setup --full")
        monitored = start_peer(tmp_path_factory.mktemp("nats"))
        yield monitored
        monitored.server.stop()
        return
    server = servers.Eddy(tmp_path_factory.mktemp("eddy")).start()
    yield Monitored(server, server.monitor_address)
    server.finish()


class Traffic:
    """Two clients that stay and four that went, with messages between them."""

    def __init__(self, monitored):
        self.listener = Client(
            monitored, "SUB foo 1", "SUB bar.* q 2", "SUB gone 3", "UNSUB 3", "UNSUB 1 5", "SUB a.*.> 4",
            name="listener", lang="py", version="1.2",
        )  # fmt: skip
        self.talker = Client(monitored, "PUB foo 3\r\nabc", "PUB bar.x 2\r\nhi", "PUB nobody 4\r\nlost", "SUB own 1")
        self.listener.say()
        self.talker.say("HPUB foo 12 14\r\nNATS/1.0\r\n\r\nok", "PUB own 1\r\nx")
        self.gone = {}
        leaver = Client(monitored, "SUB zz 1", "SUB yy q 2", name="leaver")
        leaver.close()
        self.gone[leaver.cid] = "Client Closed"
        for line, reason in ((b"NONSENSE\r\n", "Protocol Violation"), (b"PUB a 99999999\r\n", "Maximum Message Payload Exceeded")):
            client = Client(monitored)
            client.socket.sendall(line)
            client.stream.read()
            self.gone[client.cid] = reason
        for cid in self.gone:
            monitored.closed(cid)
        self.all = [self.listener, self.talker]

    def close(self):
        for client in self.all:
            client.close()


@pytest.fixture(scope="module")
def both(ours, real):
    """[(eddy or the peer, its traffic), (nats-server, its traffic)]."""
    pairs = [(each, Traffic(each)) for each in (ours, real)]
    yield pairs
    for _, traffic in pairs:
        traffic.close()


def type_of(value):
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def shape(value, path=""):
    """{path: type} of all members; lists by their items."""
    found = {path: type_of(value)}
    if isinstance(value, dict):
        for name, member in value.items():
            if name not in ABSENT:
                found |= shape(member, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            found |= shape(item, f"{path}[]")
    return found


PAGES = [
    "/varz", "/connz", "/connz?subs=1", "/connz?subs=detail&auth=1", "/connz?state=closed", "/connz?state=closed&subs=1&sort=stop",
    "/connz?state=closed&subs=detail&sort=reason", "/connz?state=any&auth=true", "/connz?cid=999999", "/connz?sort=msgs_from&limit=1",
    "/connz?acc=$G", "/connz?user=nobody", "/connz?mqtt_client=x", "/routez", "/routez?subs=1", "/gatewayz", "/leafz", "/subsz",
    "/subsz?subs=1", "/subscriptionsz?subs=1&test=foo", "/subsz?subs=1&test=none", "/accountz", "/accountz?acc=$G",
    "/accountz?acc=$SYS", "/accstatz", "/accstatz?unused=1", "/healthz", "/healthz?details=1&js-enabled-only=1", "/jsz", "/routez?subs=detail",
]  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("path", PAGES)
def test_pages_have_the_members_of_nats_server(both, path):
    """In the same order, too, but for JetStream's, whose parts are in Go's."""
    (ours, _), (real, _) = both
    told, wanted = (each.get(path) for each in (ours, real))
    assert shape(told) == shape(wanted)
    if path != "/jsz":
        assert [name for name in told if name not in ABSENT] == [name for name in wanted if name not in ABSENT]


@pytest.mark.full
def test_the_server_counts_the_same(both):
    (ours, _), (real, _) = both
    told, wanted = (each.get("/varz") for each in (ours, real))
    names = [name for name in wanted if re.search("msgs|bytes|connections|slow|stale|stalled|max_|ping_|timeout|deadline|proto", name)]
    assert len(names) == 25
    # nats-server's own start took one connection more (the harness waits for INFO).
    wanted["total_connections"] -= isinstance(ours.server, servers.Eddy)
    assert {name: told[name] for name in names} == {name: wanted[name] for name in names}
    assert told["server_id"] == ours_info(ours)["server_id"]
    assert told["http_port"] == ours.monitor[1] and told["port"] == ours.nats_address[1]


def ours_info(monitored):
    client = Client(monitored)
    client.close()
    return client.info


@pytest.mark.full
def test_connections_count_the_same(both):
    pages = []
    for each, traffic in both:
        page = each.get("/connz?subs=detail&state=open")
        names = {client.cid: name for client, name in ((traffic.listener, "listener"), (traffic.talker, "talker"))}
        conns = {names[conn["cid"]]: conn for conn in page["connections"] if conn["cid"] in names}
        for conn in conns.values():
            assert conn["port"] > 0 and conn["ip"] == "127.0.0.1"
            for name in ("cid", "port", "start", "last_activity", "rtt", "uptime", "idle"):
                del conn[name]
            for sub in conn.get("subscriptions_list_detail", []):
                assert sub.pop("cid") in names
            conn.get("subscriptions_list_detail", []).sort(key=lambda sub: sub["sid"])
        pages.append(conns)
    assert pages[0] == pages[1]
    assert (pages[0]["listener"]["out_msgs"], pages[0]["talker"]["in_msgs"], pages[0]["talker"]["in_bytes"]) == (3, 5, 24)


@pytest.mark.full
def test_closed_connections_have_their_reasons(both):
    for each, traffic in both:
        assert {cid: each.closed(cid)["reason"] for cid in traffic.gone} == traffic.gone
    told, wanted = ([each.closed(cid) for cid in traffic.gone] for each, traffic in both)
    for one, other in zip(told, wanted, strict=True):
        assert one.get("name") == other.get("name")
        assert (one["in_msgs"], one["subscriptions"]) == (other["in_msgs"], other["subscriptions"])
        subs = [sorted((sub["subject"], sub["sid"], sub.get("qgroup")) for sub in conn.get("subscriptions_list_detail", [])) for conn in (one, other)]
        assert subs[0] == subs[1]


def test_a_connection_that_was_reset_has_a_reason(ours):
    client = Client(ours)
    client.reset()
    assert ours.closed(client.cid)["reason"] in ("Client Closed", "Read Error")


@pytest.mark.full
def test_subscriptions_are_found_by_subject(both):
    for each, traffic in both:
        for subject, wanted in (("foo", {"foo"}), ("bar.x", {"bar.*"}), ("a.b.c.d", {"a.*.>"}), ("a.b", set()), ("own", {"own"})):
            page = each.get(f"/subsz?subs=1&test={subject}")
            assert {sub["subject"] for sub in page.get("subscriptions_list", [])} == wanted
            assert page["total"] == len(wanted)
        one = each.get("/subsz?subs=1&test=foo")["subscriptions_list"][0]
        assert one == {"account": "$G", "account_tag": "$G", "subject": "foo", "sid": "1", "msgs": 2, "max": 5, "cid": traffic.listener.cid}


@pytest.mark.full
def test_accounts_count_the_same(both):
    def account(each):
        page = each.get("/accstatz")
        assert [row["acc"] for row in page["account_statz"]] == ["$G"]
        row = page["account_statz"][0]
        del row["num_subscriptions"]
        return row

    (ours, _), (real, _) = both
    assert account(ours) == account(real)
    assert set(ours.get("/accountz")["accounts"]) == {"$G", "$SYS"}


def test_pages_of_connections(ours):
    clients = [Client(ours, *["PUB a 1\r\nx"] * n, *[f"SUB s.{i} {i}" for i in range(5 - n)], name=f"sorted{n}") for n in (2, 0, 4, 1, 3)]

    def names(query):
        page = ours.get("/connz?" + query)
        return [conn["name"] for conn in page["connections"] if conn.get("name", "").startswith("sorted")], page

    try:
        everything, page = names("")
        assert everything == [f"sorted{n}" for n in (2, 0, 4, 1, 3)]  # as they came
        assert names("sort=msgs_from")[0] == [f"sorted{n}" for n in (4, 3, 2, 1, 0)]
        assert names("sort=bytes_from")[0] == [f"sorted{n}" for n in (4, 3, 2, 1, 0)]
        assert names("sort=subs")[0] == [f"sorted{n}" for n in (0, 1, 2, 3, 4)]
        assert sorted(names("sort=uptime")[0]) == sorted(everything)
        for sort in ("start", "pending", "msgs_to", "bytes_to", "last", "idle", "rtt"):
            assert sorted(names(f"sort={sort}")[0]) == sorted(everything)
        total = page["total"]
        first, second = (ours.get(f"/connz?limit=2&offset={offset}") for offset in (0, 2))
        assert [page["num_connections"] for page in (first, second)] == [2, 2]
        assert [conn["cid"] for page in (first, second) for conn in page["connections"]] == [conn["cid"] for conn in page["connections"][:4]]
        assert (first["total"], first["limit"], second["offset"]) == (total, 2, 2)
        assert ours.get(f"/connz?offset={total + 5}")["connections"] == []
        one = ours.get(f"/connz?cid={clients[2].cid}")
        assert [conn["name"] for conn in one["connections"]] == ["sorted4"] and one["limit"] == 1
    finally:
        for client in clients:
            client.close()


def test_pages_of_subscriptions(ours):
    client = Client(ours, *[f"SUB many.{i} {i}" for i in range(300)])
    try:
        seen = [sub["sid"] for offset in range(0, 320, 50) for sub in ours.get(f"/subsz?subs=1&limit=50&offset={offset}").get("subscriptions_list", []) if sub["cid"] == client.cid]
        if isinstance(ours.server, servers.Eddy):  # nats-server gives them in an order that changes
            assert sorted(map(int, seen)) == list(range(300))
        page = ours.get("/subsz?subs=1&limit=7")
        assert len(page["subscriptions_list"]) == 7 and page["limit"] == 7 and page["total"] >= 300
        assert page["total"] == page["num_subscriptions"]
    finally:
        client.close()


REFUSED = {
    "/connz?sort=nope": "invalid sorting option: nope",
    "/connz?sort=stop": "sort by stop only valid on closed connections",
    "/connz?sort=reason&state=any": "sort by reason only valid on closed connections",
    "/connz?state=foo": "Error decoding state for foo",
    "/connz?limit=x": "Error decoding int for 'limit': ",
    "/connz?offset=1.5": "Error decoding int for 'offset': ",
    "/connz?cid=-1": "Error decoding uint64 for 'cid': ",
    "/connz?auth=yes": "Error decoding boolean for 'auth': ",
    "/connz?subs=zz": "Error decoding boolean for 'subs': ",
    "/subsz?test=foo.*": "invalid test subject, must be valid publish subject: foo.*",
    "/subsz?test=a..b": "invalid test subject, must be valid publish subject: a..b",
    "/accountz?acc=nope": "Account nope does not exist",
    "/accstatz?unused=2": "Error decoding boolean for 'unused': ",
    "/healthz?details=x": "Error decoding boolean for 'details': ",
    "/healthz?js-meta-only=x": "Error decoding boolean for 'js-meta-only': ",
    "/routez?subs=x": "Error decoding boolean for 'subs': ",
    "/leafz?subs=detail": "Error decoding boolean for 'subs': ",
    "/gatewayz?accs=x": "Error decoding boolean for 'accs': ",
    "/jsz?raft=x": "Error decoding boolean for 'raft': ",
    "/jsz?limit=x": "Error decoding int for 'limit': ",
    "/connz?limit=%2B-5": "Error decoding int for 'limit': ",
    "/connz?limit=%2B": "Error decoding int for 'limit': ",
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_makes_no_sense_is_refused(ours, path):
    status, head, body = ours.ask(path)
    assert (status, head["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert body.startswith(REFUSED[path]) and (REFUSED[path].endswith(" ") or body == REFUSED[path])


@pytest.mark.parametrize(
    "query",
    ["state=ANY", "subs=Detail", "auth=T", "limit=-5&offset=-1", "limit=&sort=", "st%61te=any", "acc=%24G", "callback=cb", "nothing=1", "&&=&", "limit=%2B1024", "limit=2;subs=x", "subs=1;limit=2"],
)
def test_what_nats_server_lets_pass_is_let_pass(ours, query):
    page = ours.get("/connz?" + query)
    assert page["offset"] == 0 and page["limit"] == 1024


HEALTH = {
    "stream=s": (400, {"status": "error", "error": '"account" must not be empty when checking stream health'}),
    "account=a&stream=s&consumer=c": (200, {"status": "ok"}),
    "account=a&consumer=c": (400, {"status": "error", "error": '"stream" must not be empty when checking consumer health'}),
    "consumer=c&details=1": (
        400,
        {"status": "error", "errors": [{"type": "BAD_REQUEST", "error": '"stream" must not be empty when checking consumer health'}]},
    ),
}


@pytest.mark.parametrize("query", HEALTH)
def test_health_of_a_stream_needs_its_account(ours, query):
    status, _, body = ours.ask("/healthz?" + query)
    assert (status, json.loads(body)) == HEALTH[query]


def test_unknown_paths_and_methods(ours):
    assert ours.ask("/nothere")[0] == 404
    status, head, body = ours.ask("/")
    assert status == 200 and head["Content-Type"].startswith("text/html")
    assert "./varz" in body and "./connz" in body


def ask_as(monitored, host):
    """The status, and who may read, for who calls the server by that name."""
    request = urllib.request.Request(f"http://{monitored.monitor[0]}:{monitored.monitor[1]}/varz", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["Access-Control-Allow-Origin"]
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Access-Control-Allow-Origin"]


def test_requests_are_counted(ours):
    before = ours.get("/varz")["http_req_stats"]
    ours.get("/subscriptionsz")
    ours.get("/subsz")
    after = ours.get("/varz")["http_req_stats"]
    assert after["/subsz"] - before.get("/subsz", 0) == 2 and after["/varz"] - before["/varz"] == 1
    assert list(after) == sorted(after)


def test_times_and_durations(ours):
    client = Client(ours)
    try:
        conn = ours.get(f"/connz?cid={client.cid}")["connections"][0]
        assert re.fullmatch(r"[\d.]+(ns|µs|ms|s)", conn["rtt"]) and conn["rtt"] != "0s"
        assert re.fullmatch(r"\d+s", conn["uptime"]) and re.fullmatch(r"\d+s", conn["idle"])
        for text in (conn["start"], conn["last_activity"], ours.get("/varz")["start"]):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z", text)
            there = datetime.datetime.fromisoformat(text)
            assert abs((datetime.datetime.now(datetime.UTC) - there).total_seconds()) < 120
        assert ours.get(f"/connz?cid={client.cid}")["connections"][0]["start"] == conn["start"]
        time.sleep(1.1)
        client.say()  # a ping is no activity
        assert ours.get(f"/connz?cid={client.cid}")["connections"][0]["idle"] != "0s"
        client.say("PUB a 0\r\n")
        assert ours.get(f"/connz?cid={client.cid}")["connections"][0]["idle"] == "0s"
    finally:
        client.close()


# --- eddy alone


def test_closed_connections_are_forgotten_in_time(start_eddy):
    server = start_eddy(environment={"EDDY_NATS_MAX_CLOSED_CLIENTS": "3"})
    monitored = Monitored(server, server.monitor_address)
    cids = []
    for i in range(5):
        client = Client(monitored, *[f"SUB {'long' * 50}.{k} {k}" for k in range(100)], name=f"c{i}")
        client.close()
        cids.append(client.cid)
        monitored.closed(client.cid)
    page = monitored.get("/connz?state=closed&sort=stop&subs=1")
    assert [conn["cid"] for conn in page["connections"]] == cids[:1:-1] or sorted(conn["cid"] for conn in page["connections"]) == cids[2:]
    for conn in page["connections"]:
        assert conn["subscriptions"] == 100 and 1 <= len(conn["subscriptions_list"]) <= 64


def test_a_page_is_limited(start_eddy):
    server = start_eddy()
    monitored = Monitored(server, server.monitor_address)
    client = Client(monitored, *[f"SUB s.{i} {i}" for i in range(5000)])
    page = monitored.get("/subsz?subs=1&limit=1000000")
    assert page["limit"] == len(page["subscriptions_list"]) == 4096 and page["total"] == 5000
    conn = monitored.get("/connz?subs=1")["connections"][0]
    assert conn["subscriptions"] == 5000 and len(conn["subscriptions_list"]) == 4096
    client.close()


def test_the_door_can_be_off(start_eddy):
    server = start_eddy("--nats-monitor", "off")
    assert "nats" in server.doors and "nats-monitor" not in server.doors
    server = start_eddy("--nats", "off")
    assert "nats" not in server.doors and "nats-monitor" not in server.doors


def test_other_sites_do_not_read(start_eddy):
    """Not under a name that they point here, and not from their own pages."""
    server = start_eddy("--console-hosts", "nats.example, other.example")
    monitored = Monitored(server, server.monitor_address)
    assert ask_as(monitored, "evil.example") == (421, None)
    for host in ("localhost", "127.0.0.1:8222", "nats.example:8222", "other.example"):
        assert ask_as(monitored, host) == (200, None)


@pytest.fixture
def as_nats_server(tmp_path):
    """begin(config): eddy by the name of nats-server, with its monitoring port."""
    running = []

    def begin(config=""):
        port = servers.free_port()
        program = servers.eddy_as_nats_server(tmp_path)
        server = servers.Nats(tmp_path / f"s{len(running)}", config, ["-m", str(port)], program).start()
        running.append(server)
        return Monitored(server, ("127.0.0.1", port))

    yield begin
    for server in running:
        server.finish()


def test_by_the_name_of_nats_server_it_is_as_open_as_its_address(as_nats_server):
    local = as_nats_server()
    assert ask_as(local, "evil.example") == (421, None) and ask_as(local, "localhost") == (200, None)
    assert ask_as(as_nats_server('http: "0.0.0.0:8222"'), "nats.example") == (200, "*")


USERS = """
accounts {
  A { users = [ { user: bob, password: pw } ] }
  B { users = [ { user: eve, password: pw } ] }
  S { users = [ { user: sys, password: pw } ] }
}
system_account: S
no_auth_user: eve
authorization { timeout: 1.5 }
"""


@pytest.mark.parametrize("is_real", [False, pytest.param(True, marks=pytest.mark.full)], ids=["eddy", "nats-server"])
def test_users_and_accounts(as_nats_server, tmp_path, is_real):
    if is_real:
        if not servers.Nats.is_available():
            pytest.skip("nats-server is not there: script/setup --full")
        port = servers.free_port()
        each = Monitored(servers.Nats(tmp_path / "real", USERS, ["-m", str(port)]).start(), ("127.0.0.1", port))
    else:
        each = as_nats_server(USERS)
    bob = Client(each, user="bob", **{"pass": "pw"})
    bob.say("SUB foo 1", "PUB foo 2\r\nhi")  # nats-server counts what comes in one piece with CONNECT for $G
    nobody = Client(each, name="nobody")
    nobody.say("PUB foo 5\r\nhello")

    def who(query):
        return [(conn["cid"], conn.get("authorized_user"), conn.get("account"), conn.get("name_tag")) for conn in each.get("/connz?" + query)["connections"]]

    as_bob, as_eve = (bob.cid, "bob", "A", "A"), (nobody.cid, "eve", "B", "B")
    assert who("auth=1") == [as_bob, as_eve]
    assert who("auth=1&user=bob") == who("auth=1&acc=A") == [as_bob]
    assert who("auth=1&user=eve&acc=B") == [as_eve] and who("auth=1&user=eve&acc=A") == []
    assert who("") == [(cid, None, None, None) for cid in (bob.cid, nobody.cid)]
    varz = each.get("/varz")
    assert (varz["auth_required"], varz["auth_timeout"], varz["tls_timeout"], varz["system_account"]) == (True, 1.5, 2, "S")
    assert "tls_required" not in varz and "tls_verify" not in varz
    assert {"$G", "A", "B", "S"} <= set(each.get("/accountz")["accounts"])
    assert each.get("/accountz?acc=S")["account_detail"]["is_system"]

    def traffic(page):
        return {row["acc"]: (row["conns"], row["received"]["msgs"], row["received"]["bytes"], row["sent"]["msgs"]) for row in page["account_statz"]}

    # nats-server counts a little after the answer to PING.
    each.wait_for("/accstatz", lambda page: traffic(page) == {"A": (1, 1, 2, 1), "B": (1, 1, 5, 0)}, "traffic")
    bob.close()
    nobody.close()
    each.closed(bob.cid)
    each.closed(nobody.cid)
    assert {row for row in who("auth=1&state=closed") if row[1]} == {as_bob, as_eve}
    assert who("auth=1&state=closed&user=bob") == [as_bob]
    each.server.stop()


def test_who_was_not_let_in_is_nobody(as_nats_server):
    each = as_nats_server(USERS)
    with socket.create_connection(each.nats_address, timeout=10) as refused:
        refused.sendall(b'CONNECT {"user":"bob","pass":"no"}\r\n')
        while refused.recv(4096):
            pass
    page = each.wait_for("/connz?auth=1&state=closed&sort=stop", lambda page: "Authentication Failure" in str(page), "closed")
    (conn,) = (conn for conn in page["connections"] if conn["reason"] == "Authentication Failure")
    assert not {"authorized_user", "account", "name_tag"} & set(conn)


@pytest.mark.parametrize("is_real", [False, pytest.param(True, marks=pytest.mark.full)], ids=["eddy", "nats-server"])
def test_tls(as_nats_server, tmp_path, is_real):
    tls = f'tls {{ cert_file: "{nats_cases.CERTIFICATE}", key_file: "{nats_cases.CERTIFICATE}", timeout: 3 }}'
    if is_real:
        if not servers.Nats.is_available():
            pytest.skip("nats-server is not there: script/setup --full")
        port = servers.free_port()
        each = Monitored(servers.Nats(tmp_path / "real", tls, ["-m", str(port)]).start(), ("127.0.0.1", port))
    else:
        each = as_nats_server(tls)
    varz = each.get("/varz")
    assert (varz["tls_required"], varz["tls_timeout"], varz["auth_timeout"]) == (True, 3, 4)
    assert "auth_required" not in varz and "tls_verify" not in varz
    plain = socket.create_connection(each.nats_address, timeout=10)
    info = plain.recv(1 << 16)
    secure = ssl._create_unverified_context().wrap_socket(plain)  # noqa: S323: a certificate of the test
    secure.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
    assert info.startswith(b"INFO ") and b"PONG" in secure.recv(4096)
    (conn,) = each.get("/connz")["connections"]
    told = (conn["tls_version"], conn["tls_cipher_suite"])
    assert told == ("1.3", secure.cipher()[0])
    secure.close()
    closed = each.closed(conn["cid"])
    assert (closed["tls_version"], closed["tls_cipher_suite"]) == told
    each.server.stop()


def metrics_of(server):
    host, port = server.doors["console"]
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_metrics_are_those_of_the_exporter(start_eddy):
    """Every number of /varz under its path, as prometheus-nats-exporter names it."""
    server = start_eddy()
    monitored = Monitored(server, server.monitor_address)
    traffic = Traffic(monitored)
    found = {}
    for line in metrics_of(server).splitlines():
        if matched := re.fullmatch(r"(gnatsd_\w+)\{(.*)\} (\S+)", line):
            assert matched[1] not in found or matched[1].startswith("gnatsd_accstatz"), line
            found.setdefault(matched[1], (float(matched[3]), dict(re.findall(r'(\w+)="([^"]*)"', matched[2]))))
    varz = monitored.get("/varz")

    def numbers(value, path):
        if isinstance(value, dict):
            return {name: n for key, member in value.items() for name, n in numbers(member, f"{path}_{key}").items()}
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return {re.sub("_+", "_", path.replace("/", "_")).strip("_"): value} if is_number else {}

    wanted = numbers(varz, "gnatsd_varz")
    assert len(wanted) > 40
    moving = {"gnatsd_varz_mem", "gnatsd_varz_cpu", "gnatsd_varz_http_req_stats_varz"}
    ours = {name: value for name, (value, _) in found.items()}
    assert {name: ours.get(name) for name in wanted if name not in moving and "http_req" not in name} == {
        name: value for name, value in wanted.items() if name not in moving and "http_req" not in name
    }
    assert ours["gnatsd_varz_mem"] > 1 << 20 and "gnatsd_varz_cpu" in ours
    assert found["gnatsd_varz_version"] == (1, {"server_id": varz["server_id"], "value": varz["version"]})
    assert abs(found["gnatsd_varz_start"][0] - time.time() * 1000) < 120000
    assert ours["gnatsd_connz_num_connections"] == ours["gnatsd_connz_total"] == 2
    assert (ours["gnatsd_connz_in_msgs"], ours["gnatsd_connz_out_msgs"]) == (5, 4)
    assert ours["gnatsd_connz_limit"] == 1024 and ours["gnatsd_connz_pending_bytes"] == 0
    assert ours["gnatsd_subsz_num_subscriptions"] == ours["gnatsd_varz_subscriptions"] == ours["gnatsd_connz_subscriptions"]
    assert ours["gnatsd_routez_num_routes"] == 0 and ours["gnatsd_healthz_status"] == 1
    value, labels = found["gnatsd_accstatz_received_messages"]
    assert (value, labels["account"], labels["account_name"]) == (5, "$G", "$G")
    traffic.close()


def test_metrics_go_on_without_the_nats_door(start_eddy):
    assert "gnatsd_" not in metrics_of(start_eddy("--nats", "off"))
    assert "gnatsd_varz_connections" in metrics_of(start_eddy("--nats-monitor", "off"))
