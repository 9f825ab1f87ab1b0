"""What is malformed gets a clear answer; nothing is lost, nothing half written, and never a 5xx."""

import json
import re
import string

import pytest

from support.client import Client, problem_type, the_contract
from support.workspace import Workspace, item, ndjson
from support.wire import Wire, request_text

MIB = 1 << 20
GOOD = '"source":"s","external_id":"1","title":"t","stream":"incident"'


def post(ws, body, expect=None, content_type="application/json", path="/items", **params):
    return ws.post(
        path,
        expect,
        data=body if isinstance(body, bytes) else body.encode(),
        headers={"Content-Type": content_type},
        params=params,
    )


def nothing_stored(ws, revision):
    assert ws.revision() == revision and ws.get("/items").json()["items"] == []


# ---- JSON ----

MALFORMED = {
    "empty": "",
    "blank": " \n ",
    "cut": "{" + GOOD,
    "cut in a string": '{"source":"s',
    "no quotes": "{source:1}",
    "single quotes": "{'source':'s'}",
    "trailing comma": "{" + GOOD + ",}",
    "two values": "{" + GOOD + "} {}",
    "comment": "{" + GOOD + "/* */}",
    "duplicate key": "{" + GOOD + ',"title":"u"}',
    "escaped duplicate": "{" + GOOD + ',"t\\u0069tle":"u"}',
    "duplicate deep": "{" + GOOD + ',"features":{"user_impact":1,"user_impact":2}}',
    "too deep": "[" * 100 + "]" * 100,
    "far too deep": "[" * 100000,
    "deep objects": '{"a":' * 5000 + "1" + "}" * 5000,
    "NaN": "{" + GOOD + ',"estimate":NaN}',
    "Infinity": "{" + GOOD + ',"estimate":Infinity}',
    "1e400": "{" + GOOD + ',"estimate":1e400}',
    "-1e400": "{" + GOOD + ',"estimate":-1e400}',
    "big integer": "{" + GOOD + ',"estimate":9223372036854775808}',
    "leading zero": "{" + GOOD + ',"estimate":01}',
    "plus": "{" + GOOD + ',"estimate":+1}',
    "hex": "{" + GOOD + ',"estimate":0x10}',
    "dot": "{" + GOOD + ',"estimate":1.}',
    "NUL escape": "{" + GOOD + ',"body":"\\u0000"}',
    "bad escape": "{" + GOOD + ',"body":"\\x41"}',
    "lone surrogate": "{" + GOOD + ',"body":"\\ud800"}',
    "control": "{" + GOOD + ',"body":"a\tb"}',
    "BOM": "\ufeff{" + GOOD + "}",
    "only BOM": "\ufeff",
    "true in capitals": "True",
    "a word": "hello",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_json(ws, name):
    before = ws.revision()
    answer = post(ws, MALFORMED[name], 400)
    assert problem_type(answer) == "malformed-json"
    assert any(
        word in answer.json()["detail"].lower() for word in ("line", "empty", "deep", "nest", "twice", "duplicate")
    ), answer.json()["detail"]
    nothing_stored(ws, before)


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3\x28", b"\xe2\x82", b"\xed\xa0\x80", b"\x00", b"\xf8\x88\x80\x80\x80"])
def test_bytes_that_are_no_text(ws, raw):
    before = ws.revision()
    assert problem_type(post(ws, b"{" + GOOD.encode() + b',"body":"' + raw + b'"}', 400)) == "malformed-json"
    post(ws, raw, 400)
    nothing_stored(ws, before)


@pytest.mark.parametrize("body", ["null", "true", "7", '"text"', "7.5"])
def test_no_object_and_no_array(ws, body):
    before = ws.revision()
    post(ws, body, (207, 422))
    nothing_stored(ws, before)


@pytest.mark.parametrize(
    "path, method",
    [
        ("/tokens", "POST"),
        ("/grants", "POST"),
        ("/models", "POST"),
        ("/policies", "POST"),
        ("/policy-aliases/active", "PUT"),
        ("/settings", "PUT"),
        ("/features/x_y", "PUT"),
        ("/aliases/active", "PUT"),
        ("/sources/github/mapping", "PUT"),
        ("/items:features", "POST"),
        ("/items:batch-get", "POST"),
    ],
)
def test_every_body_is_held_to_the_same(ws, path, method):
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    if path.startswith("/features"):
        headers = {"Content-Type": "application/json", "If-None-Match": "*"}
    before = ws.revision()
    for body, expect in (
        (b"{", 400),
        (b"", 400),
        (b'{"a":1,"a":2}', 400),
        (b"[" * 1000, 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b"7", 422),
        (b"null", 422),
        (b"{}", 422),
        (b'{"nonsense":1}', 422),
        (b'"x"', 422),
    ):
        if (path, body) == ("/items:batch-get", b"{}"):
            expect = (200, 422)
        ws.request(method, path, expect, data=body, headers=headers)
    ws.request(method, path, 415, data=b"{}", headers={**headers, "Content-Type": "text/plain"})
    ws.request(method, path, 413, data=b" " * (9 * MIB), headers=headers)
    assert ws.revision() == before


def test_numbers_at_the_edge(ws):
    for text, value in (
        ("1e-400", 0),
        ("5e-324", 5e-324),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("9223372036854775807", 9223372036854775807.0),
        ("-0.0", 0),
        ("1E2", 100),
    ):
        answer = post(
            ws, '{"source":"s","external_id":"%s","title":"t","stream":"incident","estimate":%s}' % (text, text), 200
        ).json()
        assert float(ws.item(answer["results"][0]["id"])["estimate"]) == value


# ---- NDJSON: a bad line fails alone, with its number ----

BAD_LINES = [
    b"garbage",
    b"{",
    b"{}",
    b"[]",
    b"null",
    b'{"source":"s"}',
    b"\xff\xfe",
    b'{"a":1,"a":2}',
    b"[" * 200,
    b'{"source":"s","external_id":"1","title":"t","stream":"incident"} trailing',
    b"\x00",
    b'{"source":"s","external_id":"x","title":"\\u0000","stream":"incident"}',
    b"{" + GOOD.encode() + b',"nonsense":1}',
]


def test_a_line_of_garbage_and_the_rest_goes_on(ws):
    lines = []
    for number, bad in enumerate(BAD_LINES):
        lines += [ndjson([item(f"good {number}")]), bad + b"\n"]
    answer = post(ws, b"".join(lines), 207, "application/x-ndjson").json()
    assert answer["created"] == len(BAD_LINES) == answer["rejected"] and answer["errors"]
    for position, result in enumerate(answer["results"]):
        assert (result["index"], result["line"]) == (position, position + 1)
        assert result["outcome"] == ("rejected" if position % 2 else "created"), lines[position]
        if position % 2:
            assert result["problem"]["type"] in ("/problems/malformed-json", "/problems/validation"), result
    malformed = [r for r in answer["results"] if r.get("problem", {}).get("type") == "/problems/malformed-json"]
    assert len(malformed) >= 7 and all(str(r["line"]) in r["problem"]["detail"] for r in malformed), malformed


def test_bad_lines_in_every_chunk(ws):
    lines = [b"x\n" if i % 100 == 37 else ndjson([item(str(i))]) for i in range(2500)]
    answer = post(ws, b"".join(lines), 207, "application/x-ndjson").json()
    assert (answer["created"], answer["rejected"]) == (2475, 25)
    assert [r["line"] for r in answer["results"] if r["outcome"] == "rejected"] == list(range(38, 2500, 100))


def test_a_line_that_is_too_long(ws):
    long = b'{"source":"s","external_id":"long","title":"t","stream":"incident","body":"' + b"x" * (3 * MIB) + b'"}\n'
    answer = post(ws, ndjson([item("1")]) + long + ndjson([item("2")]), 207, "application/x-ndjson").json()
    assert [(r["line"], r["outcome"]) for r in answer["results"]] == [(1, "created"), (2, "rejected"), (3, "created")]
    assert answer["results"][1]["problem"]["status"] in (400, 413, 422)


def test_an_atomic_stream_with_a_bad_line(ws):
    before = ws.revision()
    answer = post(
        ws, ndjson([item("1")]) + b"garbage\n" + ndjson([item("2")]), (400, 422), "application/x-ndjson", mode="atomic"
    )
    assert "2" in answer.text
    nothing_stored(ws, before)


# ---- sizes ----


def test_bodies_up_to_eight_mebibytes(ws):
    body = json.dumps([item(str(i), body="x" * 200_000) for i in range(41)]).encode()
    assert 8 * MIB - 300_000 < len(body) < 8 * MIB
    assert post(ws, body.ljust(8 * MIB), 200).json()["created"] == 41
    answer = post(ws, body.ljust(8 * MIB + 1), 413)
    assert problem_type(answer) == "body-too-large" and "8388608" in answer.json()["detail"] or "8 MiB" in answer.text


def test_an_atomic_stream_is_held_to_the_same(ws):
    before = ws.revision()
    lines = ndjson([item(str(i), body="x" * 200_000) for i in range(45)])
    assert len(lines) > 8 * MIB
    post(ws, lines, 413, "application/x-ndjson", mode="atomic")
    assert ws.revision() == before
    assert post(ws, lines, 200, "application/x-ndjson").json()["created"] == 45


def test_ten_thousand_items(ws):
    before = ws.revision()
    post(ws, json.dumps([item(str(i)) for i in range(10001)]), (413, 422))
    assert ws.revision() == before
    compact = [{"source": "s", "external_id": str(i), "title": "t", "stream": "incident"} for i in range(10000)]
    answer = ws.post("/items", 200, json=compact, params={"mode": "atomic"}).json()
    assert answer["created"] == 10000 and ws.revision() == before + 1


def test_hostile_shapes_do_not_eat_the_memory(ws, daemon):
    """Millions of tiny values in one body: refused or settled, and the memory comes back."""
    before = daemon.rss_bytes()
    for body in (
        b"[" + b"{}," * 2_000_000 + b"{}]",
        b"[" + b"[]," * 2_000_000 + b"[]]",
        b"{" + b",".join(b'"%d":0' % i for i in range(600_000)) + b"}",
    ):
        assert post(ws, body, (207, 413, 422)).status_code < 500
    assert daemon.rss_bytes() < before + 1500 * MIB


def test_a_large_chunked_body_without_a_length(ws):
    def endless():
        for _ in range(20):
            yield b" " * MIB

    try:
        ws.post("/tokens", 413, data=endless(), headers={"Content-Type": "application/json"})
    except (ConnectionError, OSError):
        pass  # the server may hang up while the client still sends
    ws.get("/tokens")


def test_a_long_target(ws):
    assert problem_type(ws.get("/items", 414, params={"team": "x" * 9000})) == "uri-too-long"
    ws.get("/" + "x" * 9000, 414)


def test_many_parameters(ws):
    ws.get("/items", 422, params={f"p{i}": "x" for i in range(60)})
    answer = ws.get("/items?" + "&".join(f"p{i}=x" for i in range(700)), (400, 414, 422))
    assert answer.status_code < 500


def test_large_headers(ws):
    with Wire(ws.url) as wire:
        wire.send(request_text("GET", "/livez", [f"X-Filler-{i}: {'x' * 1000}" for i in range(40)]))
        status, headers, body = wire.read_response()
    assert status == 431
    if headers.get("content-type", "").startswith("application/problem+json"):
        assert json.loads(body)["type"] == "/problems/headers-too-large"
    with Wire(ws.url) as wire:
        wire.send(request_text("GET", "/livez", [f"X-{i}: x" for i in range(200)]))
        assert wire.read_response()[0] == 431


# ---- media types, codings, methods ----


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "json",
        "",
        "application/merge-patch+json",
        "text/json",
        "application/json, text/plain",
    ],
)
def test_unsupported_media_types(ws, content_type):
    before = ws.revision()
    answer = post(ws, json.dumps(item("1")), 415, content_type)
    assert "Accept-Encoding" not in answer.headers
    assert "application/json" in answer.headers["Accept"] and "application/x-ndjson" in answer.headers["Accept"]
    nothing_stored(ws, before)


def test_no_media_type_at_all(ws):
    with Wire(ws.url) as wire:
        body = json.dumps(item("1")).encode()
        wire.send(
            request_text(
                "POST",
                ws.prefix + "/items",
                [f"Authorization: Bearer {ws.secret}", f"Content-Length: {len(body)}"],
                body,
            )
        )
        assert wire.read_response()[0] == 415


@pytest.mark.parametrize("coding", ["deflate", "br", "x-nonsense", "gzip, gzip", "identity, gzip", "gzip;q=1", ""])
def test_unsupported_content_codings(ws, coding):
    before = ws.revision()
    answer = ws.post(
        "/items",
        415,
        data=json.dumps(item("1")),
        headers={"Content-Type": "application/json", "Content-Encoding": coding},
    )
    assert problem_type(answer) == "unsupported-content-coding"
    assert answer.headers["Accept-Encoding"] == "gzip"  # RFC 7694
    nothing_stored(ws, before)


def test_a_body_where_none_is_expected(ws):
    """Ignored or refused, but the connection stays in step."""
    for _ in range(3):
        ws.get("/items", (200, 400, 413, 415), data=b"x" * 1000)
        ws.get("/items")


def test_methods(ws):
    for method in ("BREW", "TRACE", "CONNECT", "PROPFIND", "options", "get"):
        with Wire(ws.url) as wire:
            wire.send(request_text(method, ws.prefix + "/items", [f"Authorization: Bearer {ws.secret}"]))
            answer = wire.read_response()
            assert answer is None or answer[0] in (400, 405, 501), (method, answer)
            if answer and answer[0] == 405:
                assert {m.strip() for m in answer[1]["allow"].split(",")} == {"GET", "HEAD", "POST"}


# ---- uploads that end early ----


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("chunked", [False, True])
def test_truncated_uploads(ws, content_type, chunked):
    """The client hangs up in the middle: nothing of an unfinished line or document is stored."""
    before = ws.revision()
    body = json.dumps(item("cut")).encode()
    headers = [f"Authorization: Bearer {ws.secret}", f"Content-Type: {content_type}"]
    with Wire(ws.url) as wire:
        if chunked:
            wire.send(
                request_text(
                    "POST",
                    ws.prefix + "/items",
                    [*headers, "Transfer-Encoding: chunked"],
                    b"%x\r\n%s\r\n" % (len(body) - 1, body[:-1]),
                )
            )
        else:
            wire.send(request_text("POST", ws.prefix + "/items", [*headers, f"Content-Length: {len(body)}"], body[:-1]))
    ws.push([item("after")])
    assert [i["external_id"] for i in ws.pages("/items", "items")] == ["after"]
    assert ws.revision() == before + 1


def test_garbage_as_chunks(ws):
    before = ws.revision()
    headers = [f"Authorization: Bearer {ws.secret}", "Content-Type: application/json", "Transfer-Encoding: chunked"]
    for chunks in (
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n{}\r\n",
        b"ffffffffffffffffff\r\n{}",
        b"2\r\n{}xx\r\n0\r\n\r\n",
        b"\r\n",
    ):
        with Wire(ws.url, timeout=5) as wire:
            wire.send(request_text("POST", ws.prefix + "/items", headers, chunks))
            wire.socket.shutdown(1)
            answer = wire.read_response()
            assert answer is None or 400 <= answer[0] < 500, (chunks, answer)
    nothing_stored(ws, before)


# ---- odd but legal ----


def test_request_ids(ws):
    assert ws.get("/items", headers={"X-Request-Id": "abc_DEF-123"}).headers["X-Request-Id"] == "abc_DEF-123"
    for bad in ("", "a b", "x" * 65, "a;b", "é".encode().decode("latin-1"), "<script>", "{}"):
        shown = ws.get("/items", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert shown != bad and len(shown) == 36
    assert len({ws.get("/items").headers["X-Request-Id"] for _ in range(20)}) == 20


def test_percent_encoding_in_paths(ws):
    item_id = ws.push(item("1"))["results"][0]["id"]
    assert ws.get("/items/" + "".join(f"%{ord(c):02x}" for c in item_id)).json()["id"] == item_id
    for path in (
        "/items/..%2f..%2ftokens",
        "/items/%2e%2e/tokens",
        "/../../livez",
        "/%",
        "/%zz",
        "/items/%ff",
        "/items/%c3%28",
        "/items%3ffoo",
        "/items;x=1",
        "/items//",
    ):
        assert Client(ws.url, ws.secret).request("GET", ws.prefix + path).status_code in (400, 404), path


def test_no_cors(operator):
    answer = operator.get("/v1/whoami", headers={"Origin": "https://evil.example"})
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_pipelined_requests_are_answered_in_order(ws):
    ids = [r["id"] for r in ws.push([item(str(i)) for i in range(8)])["results"]]
    with Wire(ws.url) as wire:
        wire.send(
            b"".join(
                request_text(
                    "GET", f"{ws.prefix}/items/{i}", [f"Authorization: Bearer {ws.secret}", "X-Request-Id: " + i]
                )
                for i in ids
            )
        )
        data = b""
        while data.count(b"HTTP/1.1 200") < 8 or not data.rstrip().endswith(b"}"):
            piece = wire.socket.recv(65536)
            assert piece
            data += piece
    assert [
        line.split(b": ")[1].decode() for line in data.split(b"\r\n") if line.lower().startswith(b"x-request-id")
    ] == ids


# ---- mutations ----


def mutate(rng, value, depth=0):
    """Something near `value`: wrong types, missing and foreign members, extremes."""
    odd = [
        None,
        True,
        False,
        0,
        -1,
        1.5,
        1e308,
        -1e308,
        2**53 + 1,
        "",
        "x",
        "\u0001",
        "é" * 300,
        "' OR 1=1 --",
        [],
        {},
        [[]],
        {"a": {}},
        "2026-13-01T00:00:00Z",
        "9" * 30,
        ["a"] * 200,
        {"value": None},
        "\U0001f989",
        "null",
        -(2**63),
        2**63 - 1,
    ]
    if rng.random() < 0.15 or depth > 5:
        return rng.choice(odd)
    if isinstance(value, dict):
        out = {
            key: mutate(rng, each, depth + 1) if rng.random() < 0.3 else each
            for key, each in value.items()
            if rng.random() > 0.08
        }
        if rng.random() < 0.15:
            out["".join(rng.choices(string.printable, k=rng.randint(0, 12)))] = rng.choice(odd)
        return out
    if isinstance(value, list):
        out = [mutate(rng, each, depth + 1) if rng.random() < 0.4 else each for each in value]
        return out * rng.choice((1, 1, 1, 0, 2)) if len(out) < 50 else out
    return rng.choice(odd) if rng.random() < 0.5 else value


def contract_examples(operation_id):
    """The bodies that the contract shows for an operation."""
    for _, _, operation in the_contract().operations():
        if operation["operationId"] == operation_id:
            media = operation["requestBody"]["content"]["application/json"]
            return [media["example"]] if "example" in media else [each["value"] for each in media["examples"].values()]
    raise AssertionError(f"no operation {operation_id}")


def seeds(ws, item_id):
    """(method, path, headers, body) of good requests, from which the mutations begin."""
    full = item(
        "fuzz",
        body="b",
        url="https://e.org",
        labels=["a"],
        team="t",
        estimate=2,
        due_at="2027-01-01T00:00:00Z",
        blocked_by=["1", {"source": "x", "external_id": "y"}],
        artifacts=[{"kind": "model", "name": "m", "version": "1"}],
        parent="p",
        source_version="7",
        features={
            "user_impact": 2,
            "severity": "sev1",
            "owners": {
                "value": "x",
                "evidence": "measured",
                "observed_at": "2026-01-01T00:00:00Z",
                "justification": "j",
            },
        },
    )
    feature = {
        "type": "number",
        "unit": "u",
        "family": "effort",
        "description": "d",
        "bounds": {"lower": 0, "upper": 1},
        "direction": "higher_is_better",
        "out_of_bounds": "clamp",
        "sensitive": False,
    }
    model = {
        "name": "m",
        "kind": "weighted_sum",
        "description": "d",
        "terms": [{"feature": "user_impact", "weight": 1, "scale": "unit", "unknown": "default", "default": 2}],
        "bands": [{"name": "a", "at_least": 1}, {"name": "b"}],
    }
    issue = {
        "number": 7,
        "title": "t",
        "state": "open",
        "labels": [{"name": "bug"}],
        "comments": 3,
        "html_url": "https://github.com/a/b/issues/7",
        "user": {"login": "x"},
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "repository_url": "https://api.github.com/repos/a/b",
        "milestone": {"due_on": "2026-01-01T00:00:00Z"},
        "reactions": {"total_count": 3},
        "assignee": {"login": "y"},
    }
    alerts = {
        "version": "4",
        "status": "firing",
        "receiver": "r",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "x", "severity": "critical"},
                "annotations": {"summary": "s"},
                "startsAt": "2026-01-01T00:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "abc",
                "generatorURL": "http://x",
            }
        ],
    }
    settings = {key: ws.get("/settings").json()[key] for key in ("streams", "kinds", "statuses")}
    mapping = {k: v for k, v in ws.get("/sources/github/mapping").json().items() if k not in ("format", "revision")}
    star = {"If-Match": "*"}
    slas = {"rules": [{**rule, "hours": None} for body in contract_examples("putSlas") for rule in body["rules"]]}
    slas["rules"][0]["pauses_at"] = ["in_progress"]
    return [
        ("POST", "/items", {}, [full, item("2")]),
        ("POST", "/items?mode=atomic", {}, [full]),
        ("POST", "/items?dry_run=true", {}, full),
        (
            "POST",
            "/items:features",
            {},
            {
                "items": [
                    {"id": item_id, "features": {"user_impact": 1}},
                    {"source": "test", "external_id": "1", "features": {}},
                ]
            },
        ),
        ("POST", "/items:batch-get", {}, {"ids": [item_id], "items": [{"source": "test", "external_id": "1"}]}),
        (
            "PATCH",
            f"/items/{item_id}",
            star,
            {k: v for k, v in full.items() if k not in ("source", "external_id", "source_version")},
        ),
        ("PUT", "/settings", star, settings),
        ("PUT", "/features/fuzzed", star, feature),
        ("PUT", "/features/fuzzed_too", {"If-None-Match": "*"}, feature),
        ("POST", "/models", {}, model),
        *(("POST", "/models", {}, body) for body in contract_examples("createModel")),
        *(("POST", "/policies", {}, body) for body in contract_examples("createPolicy")),
        *(("PUT", "/calendars/fuzzed", {"If-None-Match": "*"}, body) for body in contract_examples("putCalendar")),
        *(
            ("PUT", "/business-hours/fuzzed", {"If-None-Match": "*"}, body)
            for body in contract_examples("putBusinessHours")
        ),
        ("PUT", "/slas", {"If-None-Match": "*"}, slas),
        ("PUT", "/aliases/active", star, {"model": 1}),
        ("PUT", "/policy-aliases/active", {"If-None-Match": "*"}, {"policy": 1}),
        ("POST", "/comparisons", {}, {"before": item_id, "after": {"source": "test", "external_id": "2"}}),
        *(("POST", "/comparisons", {}, body) for body in contract_examples("createComparisons")),
        *(("POST", "/comparisons:weights", {}, body) for body in contract_examples("weighCriteria")),
        ("PUT", "/sources/github/mapping", star, mapping),
        ("POST", "/sources/github/items", {}, [issue]),
        (
            "POST",
            "/sources/github/items",
            {},
            {"action": "opened", "issue": issue, "repository": {"full_name": "a/b"}, "sender": {}},
        ),
        ("POST", "/sources/alertmanager/items", {}, alerts),
        ("POST", "/tokens", {}, {"label": "l", "roles": ["contributor"], "sources": ["s"], "expires_in_days": 3}),
        (
            "POST",
            "/grants",
            {},
            {"token_id": item_id, "roles": ["reader"], "sources": ["s"], "expires_at": "2027-01-01T00:00:00Z"},
        ),
    ]


def test_mutated_documents(operator, rng):
    """Every answer is documented (the client checks), none is a 5xx, and the log still holds."""
    ws = Workspace(operator)
    item_id = ws.push(item("1"))["results"][0]["id"]
    requests = seeds(ws, item_id)
    for turn in range(500):
        method, path, headers, body = rng.choice(requests)
        mutated = mutate(rng, body)
        answer = ws.request(
            method, path, headers={"Content-Type": "application/json", **headers}, data=json.dumps(mutated).encode()
        )
        assert answer.status_code < 500, (turn, method, path, mutated, answer.text)
    assert ws.verify()["ok"]
    assert ws.queue()["ranking"]


def test_whatever_is_accepted_ranks(operator, rng):
    """A mutated model or policy that is accepted and put in force gives a queue of all items but those it takes out."""
    ws = Workspace(operator)
    names = [{"user_impact": 3, "effort": 2, "exploitation": "active"}, {"user_impact": 1}, {}]
    ws.push([item(str(n), features=features) for n, features in enumerate(names)])
    models, policies = contract_examples("createModel"), contract_examples("createPolicy")
    ranked = 0
    for turn in range(200):
        is_model = rng.random() < 0.7
        body = mutate(rng, rng.choice(models if is_model else policies))
        made = ws.post("/models" if is_model else "/policies", (200, 201, 400, 422), json=body)
        if made.status_code >= 400:
            continue
        version = made.json()["version"]
        if is_model:
            tag = {"If-Match": ws.etag("/aliases/active")}
            moved = ws.put("/aliases/active", (200, 409), json={"model": version}, headers=tag)
        else:
            moved = ws.enforce(version, (200, 201, 409))
        ranked += moved.status_code != 409
        page = ws.queue()
        assert page["count"] <= len(names), (turn, body)
        if ws.get("/policies").json()["aliases"].get("active") is None:
            assert page["count"] == len(names), (turn, body)
    assert ranked > 0 and ws.verify()["ok"]


def test_mutated_bytes(operator, rng):
    ws = Workspace(operator)
    item_id = ws.push(item("1"))["results"][0]["id"]
    requests = seeds(ws, item_id)
    for turn in range(400):
        method, path, headers, body = rng.choice(requests)
        raw = bytearray(json.dumps(body, ensure_ascii=False).encode())
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(raw))
            choice = rng.random()
            if choice < 0.3:
                raw[at] = rng.randrange(256)
            elif choice < 0.5:
                del raw[at : at + rng.randint(1, 20)]
            elif choice < 0.7:
                raw[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
            elif choice < 0.85:
                raw[at:at] = raw[: rng.randint(1, 60)]
            else:
                raw[at:at] = rng.choice(
                    (b"\x00", b"\\u0000", b"\xff", b"1e999", b"[[[[", b'{"":', b"\xed\xa0\x80", b"\n", b"'")
                )
            raw = raw or bytearray(b" ")
        kind = (
            "application/x-ndjson"
            if path.startswith("/items") and ":" not in path and method == "POST" and rng.random() < 0.5
            else "application/json"
        )
        answer = ws.request(method, path, headers={"Content-Type": kind, **headers}, data=bytes(raw))
        assert answer.status_code < 500, (turn, method, path, bytes(raw), answer.text)
    assert ws.verify()["ok"]


def test_mutated_queries(ws, rng):
    item_id = ws.push(item("1"))["results"][0]["id"]
    odd = [
        "",
        "0",
        "-1",
        "1e9",
        "9" * 40,
        "%00",
        "%",
        "é",
        "\U0001f989",
        "' OR 1=1 --",
        "null",
        "true",
        "x" * 500,
        "a,b",
        "[]",
        "1",
        "50",
        "..",
        "\r\nX: y",
        "+",
        "&",
        "%0d%0a",
    ]
    ranking_ids = (ws.queue()["ranking"], "1.1", "999999.1", "-1.0")
    gets = [
        (path, [p["name"] for p in the_contract().parameters(path, operation) if p["in"] == "query"])
        for method, path, operation in the_contract().operations()
        if method == "GET" and "{ws}" in path
    ]
    for turn in range(400):
        template, names = rng.choice(gets)
        values = {name: rng.choice((*odd[5:8], *ranking_ids, "1", "x")) for name in re.findall(r"{(\w+)}", template)}
        values |= {"id": rng.choice((item_id, *odd[5:8], "x")), "name": "active", "format": "github"}
        path = template.removeprefix("/v1/workspaces/{ws}").format(**values)
        params = {
            rng.choice(names) if names and rng.random() < 0.8 else rng.choice(("x", "q", "")): rng.choice(odd)
            for _ in range(rng.randint(1, 3))
        }
        answer = ws.request(
            "GET", path.replace("%", "%25") if rng.random() < 0.5 else path.replace("%", ""), params=params
        )
        assert answer.status_code < 500, (turn, path, params, answer.text)


def test_random_headers(ws, rng):
    for turn in range(200):
        headers = {
            rng.choice(
                (
                    "If-None-Match",
                    "If-Match",
                    "Accept",
                    "Accept-Encoding",
                    "Content-Type",
                    "X-Request-Id",
                    "Range",
                    "If-Modified-Since",
                    "Expect",
                    "Cookie",
                    "X-HTTP-Method-Override",
                )
            ): "".join(
                rng.choices(string.ascii_letters + string.digits + '",*/;= W()<>@', k=rng.randint(0, 40))
            ).strip()
            for _ in range(rng.randint(1, 4))
        }
        headers.pop("Expect", None)
        answer = ws.request("GET", rng.choice(("/items", "/queue", "/settings", "")), headers=headers)
        assert answer.status_code in (200, 304), (turn, headers, answer.text)
