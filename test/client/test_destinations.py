# SPDX-License-Identifier: Apache-2.0
"""Where a destination leads, and how events go there: the format of a delivery, authorities of its own, an audience, and
paths below what a ref names."""

import json
import ssl
import subprocess

import pytest
from test_channels import event_answer, ref, send
from test_events import KUBE_ENVIRONMENT, Receiver, Space, receiver, space, wait_for  # noqa: F401 fixtures, and what the server is started with

STRUCTURED = "application/cloudevents+json"


def mode(headers):
    return "json" if headers.get("content-type", "").startswith(STRUCTURED) else "binary"


def modes(receiver):
    return {path: mode(headers) for path, headers, _ in list(receiver.got)}


# --- format


@pytest.mark.parametrize("own, brokers, wanted", [(None, None, "binary"), ("json", None, "json"), ("binary", "json", "binary"), (None, "json", "json")])
def test_a_trigger_gets_the_format_of_its_delivery_or_of_its_brokers(space, receiver, own, brokers, wanted):
    """Whatever the mode in which an event came; dead letters go in the same one."""
    receiver.answer = lambda path, headers, body: (400 if path == "/in" else 202, {}, b"")
    dead = {"deadLetterSink": {"uri": receiver.uri("/dead")}}
    space.broker(**({"delivery": {"format": brokers, **dead}} if brokers else {}))
    space.trigger("t", receiver.uri("/in"), **({"delivery": {**({"format": own} if own else {}), **dead}} if own or not brokers else {}))
    space.send("1", body=b'{"a": 1}')
    event = {"specversion": "1.0", "id": "2", "source": "/s", "type": "t", "data": {"a": 1}}
    assert space.post({"Content-Type": STRUCTURED}, json.dumps(event).encode())[0] == 202
    wait_for(lambda: len(receiver.got) == 4, lambda: receiver.got)
    for _, headers, body in receiver.got:
        assert mode(headers) == wanted
        assert json.loads(body)["data"] == {"a": 1} if wanted == "json" else json.loads(body) == {"a": 1}


def test_a_change_of_the_format_reaches_the_next_event(space, receiver):
    space.broker()
    for number, format in enumerate(["json", "binary", "json"]):
        space.trigger("t", receiver.uri(f"/{number}"), delivery={"format": format})
        space.send(str(number))
        wait_for(lambda: f"/{number}" in modes(receiver), lambda: receiver.got)
        assert modes(receiver)[f"/{number}"] == format


@pytest.mark.parametrize("format", ["json", "binary"])
def test_a_subscription_sends_replies_in_its_format_too(space, receiver, format):
    receiver.answer = lambda path, headers, body: (200, {"ce-specversion": "1.0", "ce-id": "a", "ce-source": "/a", "ce-type": "a"}, b"")
    space.make("InMemoryChannel", "c", {"delivery": {"format": format}})
    space.make("Subscription", "s", {"channel": ref("InMemoryChannel", "c"), "subscriber": {"uri": receiver.uri("/in")}, "reply": {"uri": receiver.uri("/reply")}})
    send(space, "c", "1")
    wait_for(lambda: "/reply" in modes(receiver), lambda: receiver.got)
    assert modes(receiver) == {"/in": format, "/reply": format}


def test_a_format_that_is_none_is_refused(space, receiver):
    space.broker()
    answer = space.apply("Trigger", "t", {"broker": "default", "subscriber": {"uri": receiver.uri("/")}, "delivery": {"format": "xml"}})
    assert answer.status == 422 and b"spec.delivery.format" in answer.body


# --- authorities


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    """A folder with an authority (ca.pem), what it has signed for 127.0.0.1 (server.pem), and another authority."""
    folder = tmp_path_factory.mktemp("authorities")

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True, timeout=60)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("ca", "other"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    return folder


@pytest.fixture
def secure(authorities):
    """A receiver that speaks https."""
    receiver = Receiver()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authorities / "server.pem", authorities / "server.key")
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.uri = lambda path: f"https://127.0.0.1:{receiver.port}{path}"
    yield receiver
    receiver.close()


def pem(authorities, name="ca"):
    return (authorities / f"{name}.pem").read_text()


def test_a_sink_with_a_certificate_of_the_authorities_it_names_is_trusted(space, receiver, secure, authorities):
    there = {"uri": secure.uri("/in"), "CACerts": pem(authorities)}
    dead = {"uri": secure.uri("/dead"), "CACerts": pem(authorities), "audience": "dead"}
    secure.answer = lambda path, headers, body: (400 if path == "/in" else 202, {}, b"")
    space.broker(delivery={"deadLetterSink": dead})
    space.make("Trigger", "t", {"broker": "default", "subscriber": there})
    space.send("1")
    wait_for(lambda: secure.ids("/dead") == ["1"], lambda: space.get("Trigger", "t"))
    assert secure.ids("/in") == ["1"]
    status = space.get("Trigger", "t")["status"]
    assert status["subscriberCACerts"] == pem(authorities) and status["deadLetterSinkCACerts"] == pem(authorities)
    assert space.get("Broker", "default")["status"]["deadLetterSinkCACerts"] == pem(authorities)


@pytest.mark.parametrize("name", ["other", None])
def test_a_sink_that_is_not_trusted_gets_nothing(space, receiver, secure, authorities, name):
    there = {"uri": secure.uri("/in"), **({"CACerts": pem(authorities, name)} if name else {})}
    space.broker()
    space.make("Trigger", "t", {"broker": "default", "subscriber": there, "delivery": {"deadLetterSink": {"uri": receiver.uri("/dead")}}})
    space.send("1")
    wait_for(lambda: receiver.ids("/dead") == ["1"], lambda: space.get("Trigger", "t"))
    assert not secure.got and receiver.got[0][1]["ce-knativeerrorcode"] == "500"


def test_authorities_hold_for_the_destination_that_names_them_alone(space, receiver, secure, authorities):
    """Two triggers to one server, one of which trusts it: no connection of the one is used for the other."""
    space.broker()
    dead = {"deadLetterSink": {"uri": receiver.uri("/dead")}}
    space.make("Trigger", "one", {"broker": "default", "subscriber": {"uri": secure.uri("/one"), "CACerts": pem(authorities)}, "delivery": dead})
    space.make("Trigger", "two", {"broker": "default", "subscriber": {"uri": secure.uri("/two")}, "delivery": dead})
    for id in "12":
        space.send(id)
        wait_for(lambda: id in secure.ids("/one") and id in receiver.ids("/dead"), lambda: (secure.got, receiver.got))
    assert not secure.ids("/two") and sorted(receiver.ids("/dead")) == ["1", "2"]


def test_a_change_of_the_authorities_reaches_the_next_event(space, receiver, secure, authorities):
    space.broker()
    dead = {"deadLetterSink": {"uri": receiver.uri("/dead")}}
    for id, name in ("1", "ca"), ("2", "other"), ("3", "ca"):
        space.make("Trigger", "t", {"broker": "default", "subscriber": {"uri": secure.uri("/in"), "CACerts": pem(authorities, name)}, "delivery": dead})
        space.send(id)
        wait_for(lambda: id in (secure.ids("/in") if name == "ca" else receiver.ids("/dead")), lambda: space.get("Trigger", "t"))


def test_a_subscription_and_a_source_trust_theirs(space, secure, authorities):
    there = {"CACerts": pem(authorities), "audience": "a"}
    secure.answer = lambda path, headers, body: event_answer(path, headers, body) if path == "/in" else (202, {}, b"")
    space.make("InMemoryChannel", "c", {})
    subscriber, reply = {"uri": secure.uri("/in"), **there}, {"uri": secure.uri("/reply"), **there}
    dead = {"uri": secure.uri("/dead"), **there}
    space.make("Subscription", "s", {"channel": ref("InMemoryChannel", "c"), "subscriber": subscriber, "reply": reply, "delivery": {"deadLetterSink": dead}})
    send(space, "c", "1")
    wait_for(lambda: secure.ids("/reply") == ["1/in"], lambda: secure.got)
    assert space.get("Subscription", "s")["status"]["physicalSubscription"] == {
        f"{name}{end}": value
        for name, uri in (("subscriber", "/in"), ("reply", "/reply"), ("deadLetterSink", "/dead"))
        for end, value in (("Uri", secure.uri(uri)), ("CACerts", pem(authorities)), ("Audience", "a"))
    }
    space.make("PingSource", "p", {"schedule": "* * * * * *", "sink": {"uri": secure.uri("/ping"), **there}})
    wait_for(lambda: secure.ids("/ping"), lambda: space.get("PingSource", "p"))
    status = space.get("PingSource", "p")["status"]
    assert (status["sinkUri"], status["sinkCACerts"], status["sinkAudience"]) == (secure.uri("/ping"), pem(authorities), "a")


@pytest.mark.parametrize("text", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_authorities_that_cannot_be_read_are_a_condition(space, receiver, secure, text):
    space.broker()
    space.apply("Trigger", "t", {"broker": "default", "subscriber": {"uri": secure.uri("/in"), "CACerts": text}})
    wait_for(lambda: space.condition("Trigger", "t", "SubscriberResolved").get("status") == "False", lambda: space.get("Trigger", "t"))
    condition = space.condition("Trigger", "t", "SubscriberResolved")
    assert condition["reason"] == "Unable to get the Subscriber's URI" and condition["message"].startswith("CACerts cannot be used: "), condition
    assert "subscriberCACerts" not in space.get("Trigger", "t")["status"]
    space.trigger("t", receiver.uri("/in"))  # and put right
    assert space.condition("Trigger", "t", "SubscriberResolved")["status"] == "True"


# --- audience


def test_an_audience_is_shown_and_no_token_is_sent(space, receiver):
    space.broker()
    space.make("Trigger", "t", {"broker": "default", "subscriber": {"uri": receiver.uri("/in"), "audience": "me"}})
    space.send("1")
    wait_for(lambda: receiver.got, lambda: space.get("Trigger", "t"))
    assert "authorization" not in receiver.got[0][1]
    assert space.get("Trigger", "t")["status"]["subscriberAudience"] == "me"
    identity = space.condition("Trigger", "t", "OIDCIdentityCreated")
    assert (identity["status"], identity["reason"]) == ("True", "AuthOIDCDisabled")
    space.trigger("u", receiver.uri("/in"))
    assert "subscriberAudience" not in space.get("Trigger", "u")["status"]


# --- a ref with a relative uri


def test_a_uri_beside_a_ref_is_resolved_against_its_address(space, receiver):
    """As links are: a name takes the place of the last one."""
    space.broker()
    space.broker("other")
    space.trigger("all", receiver.uri("/other"), broker="other")
    door = "http://{}:{}".format(*space.kube.server.doors["events"])
    broker = ref("Broker", "default", "eventing.knative.dev/v1")
    for name, uri, wanted in [
        ("sibling", "other", f"{door}/{space.name}/other"),
        ("path", f"/{space.name}/./other", f"{door}/{space.name}/other"),
        ("query", "other?a=b", f"{door}/{space.name}/other"),
        ("away", receiver.uri("/away").removeprefix("http:"), receiver.uri("/away")),
    ]:
        space.make("Trigger", name, {"broker": "default", "filter": {"attributes": {"type": name}}, "subscriber": {"ref": broker, "uri": uri}})
        assert space.get("Trigger", name)["status"]["subscriberUri"] == wanted
        space.send(name, name)
    wait_for(lambda: len(receiver.got) == 4, lambda: receiver.got)
    assert sorted(receiver.ids("/other")) == ["path", "query", "sibling"] and receiver.ids("/away") == ["away"]


@pytest.mark.parametrize(
    "uri, sentence",
    [
        ("default/below", "with ref, the uri leads to {door}/{space}/default/below, where no events are taken"),
        ("nope", "{space}/nope does not exist, or is not ready"),
        ("http://127.0.0.1:1/", "absolute URI is not allowed when Ref exists"),
        ("/with space", "the path, query or fragment has characters that must be percent-encoded"),
    ],
)
def test_a_uri_beside_a_ref_that_leads_nowhere_is_a_condition(space, uri, sentence):
    space.broker()
    subscriber = {"ref": ref("Broker", "default", "eventing.knative.dev/v1"), "uri": uri}
    space.apply("Trigger", "t", {"broker": "default", "subscriber": subscriber})
    wait_for(lambda: space.condition("Trigger", "t", "SubscriberResolved").get("status") == "False", lambda: space.get("Trigger", "t"))
    door = "http://{}:{}".format(*space.kube.server.doors["events"])
    assert space.condition("Trigger", "t", "SubscriberResolved")["message"] == sentence.format(door=door, space=space.name)
