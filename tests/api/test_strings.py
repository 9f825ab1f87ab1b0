"""Texts come back byte for byte, whatever is in them."""

import json

import pytest

from support.workspace import item

OWN = [
    "plain",
    " leading and trailing ",
    "\ttab\nnewline\r\nreturn",
    'quote " backslash \\ slash /',
    "'; DROP TABLE winnow.items; --",
    "%s%n%x %00",
    "${jndi:ldap://x} $(id) `id`",
    "<script>alert(1)</script>&amp;<!--",
    "ünïcödé ß ſ ı İ",
    "日本語 한국어 العربية עברית",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪",
    "e\u0301 \u00e9",
    "\u202eright to left\u202c \u200b\ufeff\u00a0",
    "\ud7ff\ue000\uffff \U0010ffff",
    "\u0001\u001f\u007f\u0080\u009f",
    "NULL",
    "null",
    "true",
    "1e400",
    "-0",
    "\\u0041 \\n \\x00",
    '{"a":[1,2]}',
    "a" * 1024,
    "\u2028\u2029",
    "\ufffd",
    "COPY x FROM stdin;\n\\.\n",
    "\\N",
    "{}",
    "{a,b}",
    "(1,2)",
]


def round_trip(ws, texts, source="test"):
    """As title where it fits, as body, label, team and text feature; read back from every place that shows them."""
    items = []
    for number, text in enumerate(texts):
        fields = {"body": text, "features": {"owners": {"value": text, "justification": text}}}
        if len(text.encode()) <= 1024:
            fields["title"] = text
        if 0 < len(text.encode()) <= 255:
            fields |= {
                "team": text,
                "labels": [text],
                "assignee": text,
                "reporter": text,
                "artifacts": [{"kind": text, "name": text, "version": text}],
                "blocked_by": None,
                "source_version": text,
            }
        items.append(item(number, source, **fields))
    answer = ws.push(items)
    assert answer["created"] == len(texts)
    stored = {i["external_id"]: i for i in ws.pages("/items", "items", {"source": source}, limit=1000)}
    queued = {e["external_id"]: e for e in ws.whole_queue() if e["source"] == source}
    for posted in items:
        shown = stored[posted["external_id"]]
        for field in ("title", "body", "team", "labels", "assignee", "reporter", "artifacts", "source_version"):
            if field in posted:
                assert encode(shown[field]) == encode(posted[field]), (field, posted[field])
        owners = shown["features"]["owners"]
        assert encode([owners["value"], owners["justification"]]) == encode([posted["body"]] * 2)
        entry = queued[posted["external_id"]]
        assert encode([entry["title"], entry.get("team"), entry["stream"]]) == encode(
            [shown["title"], shown.get("team"), shown["stream"]]
        )
    assert ws.push(items)["unchanged"] == len(texts), "what came back is what was stored"


def encode(value):
    return json.dumps(value, ensure_ascii=False).encode()


def test_own_list(ws):
    round_trip(ws, OWN)
    assert ws.verify()["ok"]


def test_as_ndjson_and_escaped(ws):
    """The same text written raw, escaped, and with surrogate pairs is the same text."""
    for number, text in enumerate(OWN):
        if len(text.encode()) > 1024:
            continue
        for spelling in (
            json.dumps(text),
            json.dumps(text, ensure_ascii=False),
            '"' + "".join(f"\\u{unit:04X}" for unit in units(text)) + '"',
        ):
            body = '{"source":"s","external_id":"%d","stream":"incident","title":%s}' % (number, spelling)
            answer = ws.post(
                "/items", 200, data=body.encode() + b"\n", headers={"Content-Type": "application/x-ndjson"}
            ).json()
        assert answer["unchanged"] == 1
        assert ws.item(answer["results"][0]["id"])["title"] == text


def units(text):
    raw = text.encode("utf-16-be")
    return [raw[i] << 8 | raw[i + 1] for i in range(0, len(raw), 2)]


def test_filters_find_strange_names(ws):
    names = [t for t in OWN if 0 < len(t.encode()) <= 255]
    ws.push([item(i, team=name) for i, name in enumerate(names)])
    for i, name in enumerate(names):
        found = [x["external_id"] for x in ws.get("/items", params={"team": name}).json()["items"]]
        assert found == [str(i)], name


def test_the_big_list(ws, real_data):
    texts = json.loads((real_data / "strings" / "blns.json").read_text())
    texts = [t for t in texts if t and "\0" not in t]
    assert len(texts) > 400
    round_trip(ws, texts, "blns")


@pytest.mark.parametrize(
    "text",
    [
        b'"\\u0000"',
        b'"a\\u0000b"',
        b'"\x00"',
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\xf4\x90\x80\x80"',
        b'"\xe2\x82"',
        b'"\n"',
        b'"\t"',
    ],
)
def test_what_is_no_text(ws, text):
    """NUL, bad UTF-8, lone surrogates and raw control characters are refused, as JSON and as a line."""
    body = b'{"source":"s","external_id":"1","stream":"incident","title":' + text + b"}"
    ws.post("/items", (400, 207), data=body, headers={"Content-Type": "application/json"})
    if b"\n" not in text:
        lines = body + b"\n" + b'{"source":"s","external_id":"2","stream":"incident","title":"x"}\n'
        answer = ws.post("/items", 207, data=lines, headers={"Content-Type": "application/x-ndjson"}).json()
        assert [r["outcome"] for r in answer["results"]][:1] == ["rejected"] and answer["results"][-1][
            "outcome"
        ] == "created"
    assert ws.get("/items", params={"external_id": "1"}).json()["items"] == []
