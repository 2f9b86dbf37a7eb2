# SPDX-License-Identifier: Apache-2.0
"""What senders of events get wrong, and what they may do in more than one way: the door says which attribute breaks which rule, or
reads what was meant. Bare sockets: no client repeats a field."""

import json
import socket

import pytest
from test_events import SECONDS, Space

KUBE_ENVIRONMENT = {"EDDY_KUBE_RESYNC": "300ms"}

GOOD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
JSON = "application/cloudevents+json"


@pytest.fixture(scope="module")
def space(kube):
    space = Space(kube)
    space.broker()
    return space


def post(space, fields, body=b""):
    """(status, text) of a POST of these fields, each name and value as bytes."""
    host, port = space.kube.server.doors["events"]
    head = f"POST /{space.name}/default HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n".encode()
    head += b"".join(name + b": " + value + b"\r\n" for name, value in fields)
    if not any(name.lower() == b"transfer-encoding" for name, _ in fields):
        head += f"Content-Length: {len(body)}\r\n".encode()
    with socket.create_connection((host, port), timeout=SECONDS) as connection:
        connection.sendall(head + b"\r\n" + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2].decode()


def in_fields(more=(), content_type=None, **changes):
    """The fields of a binary event: GOOD with CHANGES (None: without it), and MORE behind them."""
    attributes = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    fields = [(f"ce-{name}".encode(), value if isinstance(value, bytes) else value.encode()) for name, value in attributes.items()]
    fields += [(name.encode(), value.encode()) for name, value in more]
    return fields + ([(b"Content-Type", content_type.encode())] if content_type is not None else [])


def in_json(**changes):
    return json.dumps({**GOOD, **changes}).encode()


REFUSED_FIELDS = {
    "another_version": (in_fields(specversion="2.0"), "specversion: must be 1.0 or 0.3"),
    "half_a_version": (in_fields(specversion="1"), "specversion: must be 1.0 or 0.3"),
    "no_version": (in_fields(specversion=None), "specversion: is required, as ce-specversion or in a body of the type application/cloudevents+json"),
    "no_id": (in_fields(id=None), "id: is required"),
    "no_source": (in_fields(source=None), "source: is required"),
    "no_type": (in_fields(type=None), "type: is required"),
    "an_empty_id": (in_fields(id=""), "id: must not be empty"),
    "an_empty_subject": (in_fields(subject=""), "subject: must not be empty"),
    "an_attribute_twice": (in_fields([("CE-ID", "2")]), "id: must be there only once"),
    "an_extension_twice": (in_fields([("ce-ext", "1"), ("Ce-Ext", "1")]), "ext: must be there only once"),
    "content_type_twice": (in_fields([("Content-Type", "a/b")], "a/b"), "only one Content-Type"),
    "datacontenttype_as_a_field": (in_fields([("ce-datacontenttype", "a/b")]), "datacontenttype: must be in the field Content-Type"),
    "escapes_that_are_no_utf8": (in_fields(subject="%FF"), "subject: must be well-formed UTF-8"),
    "an_escape_longer_than_it_may_be": (in_fields(subject="%C0%A0"), "subject: must be well-formed UTF-8"),
    "an_escaped_end_of_line": (in_fields(subject="%0D%0Ace-x: y"), "subject: must not hold control characters"),
    "latin_1": (in_fields(subject=b"\xe4"), "subject: must be well-formed UTF-8"),
    "a_source_with_a_space": (in_fields(source="/a b"), "source: must be a URI-reference"),
    "a_relative_schema": (in_fields(dataschema="x"), "dataschema: must be an absolute URI"),
    "a_time_without_zone": (in_fields(time="2026-01-02T03:04:05"), "time: must be a time as in 2026-01-02T03:04:05Z"),
    "a_date": (in_fields(time="2026-01-02"), "time: must be a time"),
    "a_name_with_a_hyphen": (in_fields([("ce-my-ext", "1")]), "my-ext: a name must consist of"),
    "a_media_type_that_is_none": (in_fields(content_type="json"), "datacontenttype: must be a media type"),
}

REFUSED_JSON = {
    "a_part": (JSON, b'{"specversion": "1.0"', "a comma"),
    "nothing": (JSON, b"", "an object or an array is expected"),
    "text_behind_it": (JSON, in_json() + b"x", "the end of the text is expected"),
    "an_array": (JSON, b"[]", "must be a JSON object"),
    "not_utf8": (JSON, b'{"id": "\xff"}', "well-formed UTF-8 is expected"),
    "a_member_twice": (JSON, b'{"id": "1", "id": "2"}', "id: must be there only once"),
    "a_batch": ("application/cloudevents-batch+json", b"[" + in_json() + b"]", "content-type: must not be a batch"),
    "another_format": ("application/cloudevents+avro", in_json(), "content-type: names an event format other than JSON"),
    "the_media_type_of_any_json": ("application/json", in_json(), "specversion: is required, as ce-specversion or in a body"),
    "another_charset": (JSON + "; charset=iso-8859-1", in_json(), "content-type: must have no charset other than utf-8"),
    "an_id_that_is_a_number": (JSON, in_json(id=7), "id: must be a string"),
    "an_id_that_is_null": (JSON, in_json(id=None), "id: is required"),
    "a_version_that_is_a_number": (JSON, in_json(specversion=1.0), "specversion: must be a string"),
    "a_fraction": (JSON, in_json(ext=1.5), "ext: must be an integer"),
    "a_large_number": (JSON, in_json(ext=2**31), "ext: must be an integer"),
    "an_extension_that_is_an_object": (JSON, in_json(ext={"a": 1}), "ext: must be a string, an integer or a boolean, not an object"),
    "a_name_in_capitals": (JSON, in_json(myExt="1"), "myExt: a name must consist of"),
    "data_twice": (JSON, in_json(data=1, data_base64="AA=="), "data_base64: must not be there beside data"),
    "data_that_is_no_base64": (JSON, in_json(data_base64="!"), "data_base64: must be base64"),
    "an_object_that_is_text": (JSON, in_json(datacontenttype="text/plain", data={}), "data: must be a string"),
}


@pytest.mark.parametrize("name", REFUSED_FIELDS)
def test_refuses_in_fields(space, name):
    fields, words = REFUSED_FIELDS[name]
    status, text = post(space, fields, b"x")
    assert status == 400 and words in text, (status, text)


@pytest.mark.parametrize("name", REFUSED_JSON)
def test_refuses_in_json(space, name):
    content_type, body, words = REFUSED_JSON[name]
    status, text = post(space, [(b"Content-Type", content_type.encode())], body)
    assert status == 400 and words in text, (status, text)


def test_refuses_a_compressed_body(space):
    status, text = post(space, in_fields([("Content-Encoding", "gzip")], "application/json"), b"\x1f\x8b")
    assert status == 415 and "without Content-Encoding" in text


# (fields, body, what is stored of it)
TAKEN = {
    "escapes": (in_fields(subject="%e4%BA%80%20%22%2541"), b"", {"ce_subject": '\u4e80 "%41'}),
    "what_is_no_escape": (in_fields(subject="100% %zz"), b"", {"ce_subject": "100% %zz"}),
    "quotes": (in_fields(subject='"a \\"b\\" c"'), b"", {"ce_subject": 'a "b" c'}),
    "utf8": (in_fields(subject="\u4e80 a"), b"", {"ce_subject": "\u4e80 a"}),
    "an_escaped_source": (in_fields(source="/b%C3%BCro"), b"", {"ce_source": "/b%C3%BCro"}),
    "names_in_capitals": (in_fields([("CE-EXT", "1")]), b"", {"ce_ext": "1"}),
    "an_empty_extension": (in_fields([("ce-ext", "")]), b"", {"ce_ext": ""}),
    "chunks": (in_fields([("Transfer-Encoding", "chunked")], "text/plain"), b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", {"value": b"abc"}),
    "json_that_is_none": (in_fields(content_type="application/json"), b"{", {"value": b"{"}),
    "fields_beside_json": (in_fields(content_type=JSON, id="other"), in_json(subject="json"), {"ce_subject": "json"}),
    "utf8_by_its_other_name": (in_fields(content_type=JSON + ";charset=utf8"), in_json(subject="s"), {"ce_subject": "s"}),
    "utf8_in_quotes": (in_fields(content_type=JSON + '; charset="UTF-8"'), in_json(subject="s"), {"ce_subject": "s"}),
    "null": ([(b"Content-Type", JSON.encode())], in_json(ext=None), {}),
    "version_0.3": (in_fields(specversion="0.3", schemaurl="http://a/b"), b"", {"ce_specversion": "1.0", "ce_dataschema": "http://a/b"}),
    "base64_of_0.3": (
        [(b"Content-Type", JSON.encode())],
        in_json(specversion="0.3", datacontentencoding="base64", data="YWI=", datacontenttype="text/plain"),
        {"ce_specversion": "1.0", "value": b"ab", "content-type": "text/plain"},
    ),
}


@pytest.fixture(scope="module")
def stored(space):
    """What became of each: they are in one partition, in their order."""
    answers = {name: post(space, fields, body) for name, (fields, body, _) in TAKEN.items()}
    assert {name: answer for name, answer in answers.items() if answer[0] != 202} == {}
    return dict(zip(TAKEN, space.records(f"knative-broker-{space.name}-default"), strict=True))


@pytest.mark.parametrize("name", TAKEN)
def test_takes(stored, name):
    headers, value = stored[name]
    wanted = {**{f"ce_{attribute}": text for attribute, text in GOOD.items()}, **TAKEN[name][2]}
    found = {**headers, "value": value}
    assert {key: found.get(key) for key in wanted} == wanted
