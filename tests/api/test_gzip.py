"""Content-Encoding: gzip on bodies: every limit holds for what they inflate to, and nothing grows before it is told."""

import gzip
import json
import os
import zlib

import pytest

from support.client import problem_type
from support.workspace import item, ndjson

JSON = "application/json"
NDJSON = "application/x-ndjson"
MIB = 1 << 20


def post(ws, body, expect=200, content_type=JSON, path="/items", coding="gzip", **more):
    headers = {"Content-Type": content_type, "Content-Encoding": coding, **more.pop("headers", {})}
    return ws.post(path, expect, data=body, headers=headers, **more)


def peak_memory(daemon):
    """The most that was ever resident, in bytes."""
    with open(f"/proc/{daemon.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def zeros(mebibytes, byte=b"0"):
    """gzip of that much of nothing: a thousandth of its size."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [squeeze.compress(byte * MIB) for _ in range(mebibytes)]
    return b"".join([*pieces, squeeze.flush()])


@pytest.mark.parametrize("coding", ["gzip", "GZip", "x-gzip"])
def test_a_whole_body(ws, coding):
    answer = post(ws, gzip.compress(json.dumps([item("1"), item("2")]).encode()), coding=coding).json()
    assert answer["created"] == 2
    assert [i["external_id"] for i in ws.pages("/items", "items")] != []


def test_a_stream(ws, rng):
    lines = [item(str(n), title="x" * rng.randrange(1, 900)) for n in range(3500)]
    answer = post(ws, gzip.compress(ndjson(lines)), content_type=NDJSON).json()
    assert answer["created"] == len(lines) and [r["line"] for r in answer["results"]] == list(range(1, 3501))
    plain = ws.post("/items", 200, data=ndjson(lines), headers={"Content-Type": NDJSON}).json()
    assert plain["unchanged"] == len(lines)


def test_a_stream_in_chunks_and_in_members(ws, rng):
    """Cut anywhere, members as well as chunks of the transfer coding."""
    text = ndjson([item(str(n)) for n in range(2500)])
    cuts = sorted(rng.sample(range(1, len(text)), 5))
    coded = b"".join(gzip.compress(text[a:b]) for a, b in zip([0, *cuts], [*cuts, len(text)]))
    step = rng.randrange(1, 5000)
    pieces = (coded[at : at + step] for at in range(0, len(coded), step))
    assert post(ws, pieces, content_type=NDJSON).json()["created"] == 2500


def test_few_bytes_become_many_parts(ws):
    """A single read inflates to more than a chunk of lines; the request does not end with the first of them."""
    text = ndjson([item("same")] * 20000)
    coded = gzip.compress(text)
    assert len(coded) < 32 * 1024
    answer = post(ws, coded, content_type=NDJSON).json()
    assert (answer["created"], answer["unchanged"]) == (1, 19999)


def test_other_endpoints_and_methods(ws):
    made = ws.push(item("1"))["results"][0]["id"]
    tag = ws.get(f"/items/{made}").headers["ETag"]
    headers = {"Content-Encoding": "gzip", "If-Match": tag}
    patched = ws.patch(f"/items/{made}", data=gzip.compress(b'{"title":"Patched"}'), headers=headers)
    assert patched.json()["title"] == "Patched"
    assert post(ws, gzip.compress(b"{}"), path="/simulations", expect=(200, 422)).status_code == 200


def test_an_idempotency_key_covers_what_the_body_says(ws):
    """The same document is the same request, however it was packed."""
    body = json.dumps(item("1")).encode()
    key = {"Idempotency-Key": "packed"}
    first = post(ws, gzip.compress(body), headers=key)
    for again in (
        post(ws, gzip.compress(body, 1), headers=key),
        ws.post("/items", 200, data=body, headers={"Content-Type": JSON, **key}),
    ):
        assert again.headers["Idempotent-Replayed"] == "true" and again.json() == first.json()
    refused = post(ws, gzip.compress(json.dumps(item("2")).encode()), 422, headers=key)
    assert problem_type(refused) == "idempotency-key-reused"


@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_malformed(ws, content_type):
    before = ws.revision()
    good = gzip.compress(json.dumps(item("1")).encode() + b"\n")
    for bad in (b"{}", good[:-1], good[:-9], good[:5], good + b"x", good + b"\x1f", good[:-1] + b"\xff", b"\x1f"):
        answer = post(ws, bad, 400, content_type)
        assert problem_type(answer) == "bad-request" and "gzip" in answer.json()["detail"], bad
    for external_id in ws.pages("/items", "items"):
        raise AssertionError(f"{external_id} was stored")
    assert ws.revision() == before


def test_a_stream_that_breaks_says_what_is_stored(ws):
    lines = [item(str(n), title=f"{n * 7919 % 10007} {n}") for n in range(2500)]
    coded = gzip.compress(ndjson(lines))
    answer = post(ws, coded[:-4], 400, NDJSON).json()
    assert answer["committed"]["created"] == 2000 and answer["committed_through_line"] == 2000
    assert post(ws, coded, content_type=NDJSON).json()["created"] == 500


def test_limits_are_those_of_what_it_inflates_to(ws):
    text = "".join(str(n * 7919 % 10007) for n in range(60000))[:200000]
    fits = json.dumps([item(str(n), body=text) for n in range(40)]).encode()
    beyond = json.dumps([item(str(n), body=text) for n in range(43)]).encode()
    assert len(fits) < 8 * MIB < len(beyond)
    assert post(ws, gzip.compress(fits)).json()["created"] == 40
    assert problem_type(post(ws, gzip.compress(beyond), 413)) == "body-too-large"
    bomb = json.dumps([item("bomb", body="x" * 2 * MIB)]).encode()
    assert "256 times" in post(ws, gzip.compress(bomb), 413).json()["detail"]
    lines = ndjson([item(str(n), body=text) for n in range(43)])
    answer = post(ws, gzip.compress(lines), 413, NDJSON, params={"mode": "atomic"})
    assert problem_type(answer) == "body-too-large"


@pytest.mark.parametrize("content_type", [JSON, NDJSON])
@pytest.mark.parametrize("byte", [b"0", b"\n"])
def test_a_bomb(daemon, ws, content_type, byte):
    """256 MiB from a quarter of one: refused, and the memory for it never taken."""
    bomb = zeros(256, byte)
    assert len(bomb) < MIB
    before = peak_memory(daemon)
    answer = post(ws, bomb, 413, content_type, timeout=60)
    assert problem_type(answer) == "body-too-large"
    # A sanitizer keeps what was freed for a while.
    assert os.environ.get("SANITIZE") or peak_memory(daemon) - before < 48 * MIB
    assert ws.push(item("after"))["created"] == 1
