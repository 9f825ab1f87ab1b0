"""Posting items: forms of the body, outcomes, merging, modes, and what it means not to write."""

import datetime
import json
import threading
import uuid

import pytest

from support.client import problem_pointers, problem_type
from support.workspace import item, ndjson, value_of

FULL = {
    "body": "Steps:\n1. start it\n2. see",
    "url": "https://example.org/7?a=b#c",
    "kind": "bug",
    "status": "in_progress",
    "labels": ["zeta", "alpha", "alpha beta"],
    "team": "payments",
    "assignee": "Ada",
    "reporter": "Grace",
    "created_at": "2026-01-02T03:04:05.123456Z",
    "updated_at": "2026-02-03T04:05:06Z",
    "due_at": "2027-01-01T00:00:00Z",
    "estimate": 2.5,
    "blocked_by": ["8", {"source": "other", "external_id": "9"}],
    "parent": "0",
    "artifacts": [{"kind": "model", "name": "ranker", "version": "3"}, {"kind": "dataset", "name": "clicks"}],
    "source_version": "17",
}


def ago(**delta):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**delta)).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ"
    )


def outcomes(answer):
    return [result["outcome"] for result in answer["results"]]


def pushed(ws, **fields):
    """One item as it is stored."""
    answer = ws.push([item("1", **fields)])
    return ws.item(answer["results"][0]["id"])


# ---- forms of the body ----


def test_one_object(ws):
    answer = ws.push(item("1"))
    assert outcomes(answer) == ["created"] and answer["created"] == 1 and not answer["errors"]
    result = answer["results"][0]
    assert result["index"] == 0 and "line" not in result
    stored = ws.item(result["id"])
    assert stored["title"] == "Item 1" and stored["revision"] == result["revision"] == answer["revision"]
    assert stored["first_revision"] == stored["revision"]


def test_an_array_keeps_its_order(ws):
    items = [item(str(i)) for i in range(30)]
    answer = ws.push(items)
    assert [r["external_id"] for r in answer["results"]] == [i["external_id"] for i in items]
    assert [r["index"] for r in answer["results"]] == list(range(30))
    assert len({r["revision"] for r in answer["results"]}) == 1


@pytest.mark.parametrize("ending", [b"\n", b"", b"\r\n", b"\n\n\n"])
def test_ndjson(ws, ending):
    body = b"\n" + ndjson([item("1")]).rstrip() + b"\r\n\n" + ndjson([item("2")]).rstrip() + ending
    answer = ws.post("/items", 200, data=body, headers={"Content-Type": "application/x-ndjson"}).json()
    assert outcomes(answer) == ["created", "created"]
    assert [(r["index"], r["line"]) for r in answer["results"]] == [(0, 2), (1, 4)]


def test_ndjson_in_chunks_of_a_thousand(ws):
    before = ws.revision()
    answer = ws.push_lines(item(str(i)) for i in range(2500))
    assert answer["created"] == 2500
    assert answer["revision"] == before + 3 == ws.revision(), "one revision per chunk"
    assert sorted({r["revision"] for r in answer["results"]}) == [before + 1, before + 2, before + 3]
    again = ws.push_lines(item(str(i)) for i in range(2500))
    assert again["unchanged"] == 2500 and again["revision"] == before + 3 == ws.revision()


def test_chunked_transfer(ws):
    lines = [ndjson([item(str(i))]) for i in range(50)]
    answer = ws.post("/items", 200, data=pieces(lines), headers={"Content-Type": "application/x-ndjson"}).json()
    assert answer["created"] == 50


def pieces(lines):
    """The same bytes, cut in unkind places."""
    data = b"".join(lines)
    for at in range(0, len(data), 37):
        yield data[at : at + 37]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"],
)
def test_media_type_spellings(ws, content_type):
    ws.post("/items", 200, data=json.dumps(item("1")), headers={"Content-Type": content_type})


def test_empty_bodies(ws):
    before = ws.revision()
    ws.post("/items", (200, 422), json=[])
    ws.post("/items", (200, 422), data=b"", headers={"Content-Type": "application/x-ndjson"})
    ws.post("/items", (400, 422), data=b"", headers={"Content-Type": "application/json"})
    assert ws.revision() == before


# ---- an item with everything ----


def test_every_field_comes_back(ws):
    stored = pushed(
        ws,
        **FULL,
        features={
            "user_impact": 3,
            "severity": "sev1",
            "regulatory_due": "2027-05-01",
            "owners": "SRE",
            "handles_personal_data": True,
        },
    )
    for name, value in FULL.items():
        if name == "blocked_by":
            value = [{"source": "test", "external_id": "8"}, {"source": "other", "external_id": "9"}]
        if name == "parent":
            value = {"source": "test", "external_id": "0"}
        assert stored[name] == value, name
    assert value_of(stored, "user_impact") == 3
    assert value_of(stored, "severity") == "sev1"
    assert value_of(stored, "regulatory_due") == "2027-05-01"
    assert value_of(stored, "owners") == "SRE"
    assert value_of(stored, "handles_personal_data") is True


def test_defaults_of_a_bare_item(ws):
    stored = pushed(ws)
    assert (stored["status"], stored["labels"], stored["features"]) == ("open", [], {})
    assert stored["kind"] == ws.get("/settings").json()["kinds"][0]
    for absent in ("body", "url", "team", "assignee", "due_at", "estimate", "blocked_by", "parent", "patched"):
        assert absent not in stored


def test_provenance(ws):
    stored = pushed(
        ws,
        features={
            "user_impact": {
                "value": 2,
                "evidence": "measured",
                "observed_at": "2026-03-01T10:00:00+02:00",
                "justification": "12 of 40 sessions",
            },
            "fix_confidence": 1,
        },
    )
    feature = stored["features"]["user_impact"]
    assert feature == {
        "value": 2,
        "evidence": "measured",
        "observed_at": feature["observed_at"],
        "justification": "12 of 40 sessions",
        "revision": stored["revision"],
    }
    assert feature["observed_at"].startswith("2026-03-01T08:00:00")
    assert "evidence" not in stored["features"]["fix_confidence"]
    ws.push([item("1", features={"fix_confidence": 2})])
    later = ws.item(stored["id"])
    assert later["features"]["user_impact"]["revision"] == stored["revision"], "a value knows the revision that set it"
    assert later["features"]["fix_confidence"]["revision"] == later["revision"] > stored["revision"]


def test_times_are_kept_to_the_microsecond_in_utc(ws):
    stored = pushed(ws, due_at="2030-06-01T12:00:00.000001+05:30")
    assert stored["due_at"] == "2030-06-01T06:30:00.000001Z"


@pytest.mark.parametrize(
    "number, text",
    [
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (5e-324, "5e-324"),
        (100, "100"),
        (0.30000000000000004, "0.30000000000000004"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (123456789012345680, "123456789012345680"),
    ],
)
def test_numbers_are_the_shortest_text(ws, number, text):
    answer = ws.push([item("1", estimate=number)])
    raw = ws.get(f"/items/{answer['results'][0]['id']}").text
    shown = raw.split('"estimate":')[1].split(",")[0].split("}")[0]
    assert float(shown) == number and len(shown) <= len(text)


# ---- identity ----


def test_the_id_is_made_of_source_and_external_id(ws, other_ws):
    id_1 = ws.push([item("1", "a")])["results"][0]["id"]
    assert ws.push([item("1", "a", title="Again")])["results"][0]["id"] == id_1
    assert ws.push([item("1", "b")])["results"][0]["id"] != id_1
    assert other_ws.push([item("1", "a")])["results"][0]["id"] != id_1
    assert id_1 == str(uuid.uuid5(uuid.UUID(ws.id), "a\0" + "1"))


# ---- merging ----


def test_absent_stays_null_clears_arrays_are_replaced(ws):
    first = pushed(ws, **FULL, features={"user_impact": 3, "fix_confidence": 2})
    merge = {
        "source": "test",
        "external_id": "1",
        "source_version": "18",
        "body": None,
        "labels": ["only"],
        "team": None,
        "blocked_by": None,
        "features": {"user_impact": None, "reversibility": 1},
    }
    answer = ws.push(merge)
    assert outcomes(answer) == ["updated"]
    now = ws.item(first["id"])
    assert "body" not in now and "team" not in now and "blocked_by" not in now
    assert now["labels"] == ["only"]
    assert {name: f["value"] for name, f in now["features"].items()} == {"fix_confidence": 2, "reversibility": 1}
    for name in (
        "title",
        "url",
        "kind",
        "status",
        "assignee",
        "reporter",
        "created_at",
        "due_at",
        "estimate",
        "parent",
        "artifacts",
        "stream",
    ):
        assert now[name] == first[name], name
    assert now["first_revision"] == first["first_revision"]


def test_null_brings_back_the_default(ws):
    first = pushed(ws, kind="spike", status="done")
    ws.push({"source": "test", "external_id": "1", "kind": None, "status": None})
    now = ws.item(first["id"])
    assert (now["kind"], now["status"]) == (ws.get("/settings").json()["kinds"][0], "open")


def test_required_fields_cannot_be_cleared(ws):
    pushed(ws)
    for field in ("title", "stream"):
        answer = ws.push({"source": "test", "external_id": "1", field: None}, 207)
        assert problem_pointers(answer["results"][0]["problem"]) == [f"/{field}"]


def test_a_new_item_needs_title_and_stream(ws):
    answer = ws.push({"source": "test", "external_id": "1"}, 207)
    assert problem_pointers(answer["results"][0]["problem"]) == ["/stream", "/title"]
    ws.push(item("1"))
    assert outcomes(ws.push({"source": "test", "external_id": "1", "team": "x"})) == ["updated"]


def test_unchanged_takes_no_revision(ws, database):
    everything = item("1", **FULL, features={"user_impact": 3, "owners": "SRE"})
    ws.push([everything, item("2")])
    before, counts = ws.get("").json(), database.counts()
    answer = ws.push([everything, item("2")])
    assert outcomes(answer) == ["unchanged"] * 2 and answer["revision"] == before["revision"]
    assert answer["unchanged"] == 2
    assert ws.get("").json()["revision"] == before["revision"]
    assert database.counts() == counts
    # A part of what is stored is no change either.
    assert outcomes(ws.push({"source": "test", "external_id": "1", "team": "payments"})) == ["unchanged"]


def test_one_change_among_unchanged(ws):
    ws.push([item(str(i)) for i in range(5)])
    before = ws.revision()
    answer = ws.push([item(str(i), **({"team": "x"} if i == 3 else {})) for i in range(5)])
    assert outcomes(answer) == ["unchanged"] * 3 + ["updated", "unchanged"]
    assert answer["revision"] == before + 1
    assert [r.get("revision") for r in answer["results"]].count(before + 1) == 1


def test_posted_twice_in_one_batch(ws):
    """In request order, as if posted one after the other."""
    answer = ws.push(
        [
            item("1", team="a"),
            item("2"),
            item("1", team="b"),
            item("1", team="b"),
            {"source": "test", "external_id": "1", "labels": ["x"]},
        ]
    )
    assert outcomes(answer) == ["created", "created", "updated", "unchanged", "updated"]
    stored = ws.item(answer["results"][0]["id"])
    assert (stored["team"], stored["labels"], stored["title"]) == ("b", ["x"], "Item 1")
    assert len(ws.get(f"/items/{stored['id']}/versions").json()["versions"]) == 1, "one version per revision"


# ---- older, newer ----


@pytest.mark.parametrize(
    "stored, posted, expected",
    [
        ("9", "10", "updated"),
        ("10", "9", "stale"),
        ("10", "10", "updated"),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", "stale"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "updated"),
        ("b", "a", "updated"),
        ("099", "100", "updated"),
        ("18446744073709551616", "18446744073709551617", "updated"),
        ("18446744073709551617", "18446744073709551616", "stale"),
    ],
)
def test_source_version(ws, stored, posted, expected):
    ws.push([item("1", source_version=stored)])
    answer = ws.push([item("1", source_version=posted, title="Other")])
    assert outcomes(answer) == [expected]
    assert ws.item(answer["results"][0]["id"])["title"] == ("Item 1" if expected == "stale" else "Other")


def test_updated_at_when_there_is_no_version(ws):
    ws.push([item("1", updated_at="2026-01-02T00:00:00Z")])
    before = ws.revision()
    answer = ws.push([item("1", updated_at="2026-01-01T00:00:00Z", title="Old news")])
    assert outcomes(answer) == ["stale"] and answer["stale"] == 1 and answer["revision"] == before
    assert outcomes(ws.push([item("1", updated_at="2026-01-02T00:00:00Z", title="Same time")])) == ["updated"]
    assert outcomes(ws.push([item("1", updated_at="2026-01-02T00:00:00Z", title="Same time")])) == ["unchanged"]
    assert outcomes(ws.push([item("1", title="No time at all")])) == ["updated"]


def test_the_future(ws):
    assert outcomes(ws.push([item("1", updated_at=ago(minutes=-4))])) == ["created"]
    answer = ws.push([item("2", updated_at=ago(minutes=-6))], 207)
    assert problem_pointers(answer["results"][0]["problem"]) == ["/updated_at"] or problem_pointers(
        answer["results"][0]["problem"]
    ) == ["/0/updated_at"]
    assert problem_type(answer["results"][0]["problem"]) == "validation"


# ---- modes ----


def test_partial(ws):
    before = ws.revision()
    answer = ws.push([item("1"), item("2", stream="no such stream"), item("3")], 207)
    assert outcomes(answer) == ["created", "rejected", "created"]
    assert (answer["mode"], answer["errors"], answer["created"], answer["rejected"]) == ("partial", True, 2, 1)
    assert answer["revision"] == before + 1
    problem = answer["results"][1]["problem"]
    assert problem["status"] == 422 and problem_pointers(problem)[0].endswith("/stream")
    assert [i["external_id"] for i in ws.get("/items", params={"external_id": "2"}).json()["items"]] == []


def test_nothing_but_rejects_is_207_and_no_revision(ws):
    before = ws.revision()
    answer = ws.push([item("1", stream="x"), 7, None, "x", []], 207)
    assert outcomes(answer) == ["rejected"] * 5 and answer["revision"] == before == ws.revision()


def test_atomic(ws):
    before = ws.revision()
    answer = ws.post(
        "/items",
        422,
        json=[item("1"), item("2", stream="x"), item("3", team=7, estimate="long")],
        params={"mode": "atomic"},
    )
    assert problem_pointers(answer) == ["/1/stream", "/2/estimate", "/2/team"]
    assert ws.revision() == before and ws.get("/items").json()["items"] == []
    good = ws.push([item("1"), item("2")], mode="atomic")
    assert good["mode"] == "atomic" and good["created"] == 2 and good["revision"] == before + 1


def test_atomic_ndjson(ws):
    before = ws.revision()
    lines = [item(str(i)) for i in range(1500)]
    ws.push_lines([*lines, item("x", stream="no")], 422, mode="atomic")
    assert ws.revision() == before
    answer = ws.push_lines(lines, mode="atomic")
    assert answer["created"] == 1500 and ws.revision() == before + 1, "all in one revision"


@pytest.mark.parametrize(
    "params, pointer",
    [
        ({"mode": "Atomic"}, "/query/mode"),
        ({"mode": ""}, "/query/mode"),
        ({"dry_run": "yes"}, "/query/dry_run"),
        ({"dry_run": ""}, "/query/dry_run"),
        ({"dryrun": "true"}, "/query/dryrun"),
    ],
)
def test_faulty_parameters(ws, params, pointer):
    assert problem_pointers(ws.post("/items", 422, json=item("1"), params=params)) == [pointer]


def test_all_faults_of_an_item_at_once(ws):
    bad = {
        "source": "test",
        "external_id": "1",
        "title": 7,
        "stream": "x",
        "kind": "nonsense",
        "status": "closed",
        "labels": "a",
        "estimate": -1,
        "due_at": "tomorrow",
        "url": "javascript:alert(1)",
        "surprise": 1,
        "blocked_by": [{"source": "a"}],
        "artifacts": [{"name": "x"}],
        "features": {"user_impact": 4, "no_such_feature": 1, "severity": "sev9", "regulatory_due": "x"},
    }
    answer = ws.push(bad, 207)
    pointers = problem_pointers(answer["results"][0]["problem"])
    assert set(pointers) >= {
        "/title",
        "/stream",
        "/kind",
        "/status",
        "/labels",
        "/estimate",
        "/due_at",
        "/url",
        "/surprise",
        "/artifacts/0/kind",
        "/features/user_impact",
        "/features/no_such_feature",
        "/features/severity",
        "/features/regulatory_due",
    }
    assert any(pointer.startswith("/blocked_by/0") for pointer in pointers)


def test_pointers_are_escaped(ws):
    answer = ws.push(item("1", features={"a/b~c": 1}), 207)
    assert problem_pointers(answer["results"][0]["problem"]) == ["/features/a~1b~0c"]


@pytest.mark.parametrize(
    "field, good, bad",
    [
        ("title", "x" * 1024, "x" * 1025),
        ("title", "ä" * 512, "ä" * 513),
        ("title", "x", ""),
        ("body", "x" * 262144, "x" * 262145),
        ("url", "https://e.org/" + "x" * 2034, "https://e.org/" + "x" * 2035),
        ("team", "x" * 255, "x" * 256),
        ("labels", ["x" * 255], ["x" * 256]),
        ("labels", [str(i) for i in range(100)], [str(i) for i in range(101)]),
        ("blocked_by", [str(i + 10) for i in range(1000)], [str(i + 10) for i in range(1001)]),
        ("artifacts", [{"kind": "k", "name": "n"}] * 100, [{"kind": "k", "name": "n"}] * 101),
        ("estimate", 0, -0.001),
        ("external_id", "x" * 255, "x" * 256),
        ("external_id", "é…/ 1", ""),
        ("external_id", "1", "a\tb"),
        ("source", "a" * 255, "a" * 256),
        ("source", "github:octo/app", "no blanks"),
        ("source_version", "x" * 255, "x" * 256),
        ("labels", [], [""]),
        ("labels", ["ä"], [7]),
        ("parent", {"external_id": "9"}, {"id": "9"}),
        ("due_at", "2028-02-29T00:00:00Z", "2027-02-29T00:00:00Z"),
        ("due_at", "2027-01-01T00:00:00Z", "2027-01-01"),
        ("due_at", "2027-01-01t00:00:00z", "2027-01-01T25:00:00Z"),
    ],
)
def test_limits(ws, field, good, bad):
    answer = ws.push(item("1", **{}) | {field: bad}, 207)
    assert all(pointer.startswith(f"/{field}") for pointer in problem_pointers(answer["results"][0]["problem"]))
    assert ws.push(item("1") | {field: good})["created"] == 1


def test_an_item_does_not_block_itself(ws):
    for link in ("1", {"source": "test", "external_id": "1"}):
        answer = ws.push(item("1", blocked_by=[link]), 207)
        assert problem_pointers(answer["results"][0]["problem"])[0].startswith("/blocked_by")


# ---- features ----


def test_feature_bounds_refuse_or_clamp(ws):
    ws.put_feature("strict", bounds={"lower": -1, "upper": 1})
    ws.put_feature("lenient", bounds={"lower": -1, "upper": 1}, out_of_bounds="clamp")
    assert problem_pointers(ws.push(item("1", features={"strict": 1.0000001}), 207)["results"][0]["problem"]) == [
        "/features/strict"
    ]
    stored = ws.item(ws.push(item("1", features={"lenient": 7, "strict": 1}))["results"][0]["id"])
    assert value_of(stored, "lenient") == 1 and value_of(stored, "strict") == 1
    stored = ws.item(ws.push(item("1", features={"lenient": -1e300}))["results"][0]["id"])
    assert value_of(stored, "lenient") == -1


@pytest.mark.parametrize(
    "feature, good, bad",
    [
        ("user_impact", [1, 2.5, 3.0], ["3", True, [3], 0, 4, {"evidence": "measured"}]),
        ("handles_personal_data", [True, False], [1, 0, "true"]),
        ("severity", ["sev4", "sev1"], ["SEV1", "", 0, "critical"]),
        ("regulatory_due", ["2027-05-01", "2027-05-01T10:00:00Z"], ["2027-5-1", 20270501, "01.05.2027", "2027-02-30"]),
        ("owners", ["SRE", "x" * 16384, "ünï"], ["x" * 16385, 7, ""]),
    ],
)
def test_feature_types(ws, feature, good, bad):
    for value in bad:
        answer = ws.push(item("1", features={feature: value}), 207)
        assert problem_pointers(answer["results"][0]["problem"])[0].startswith(f"/features/{feature}"), value
    for value in good:
        stored = ws.item(ws.push(item("1", features={feature: value}))["results"][0]["id"])
        shown = value_of(stored, feature)
        assert shown == value or (isinstance(value, str) and "T" in value and shown.startswith(value[:19])), value


@pytest.mark.parametrize(
    "more",
    [{"evidence": "guessed"}, {"evidence": 1}, {"observed_at": "noon"}, {"justification": "x" * 4097}, {"by": "me"}],
)
def test_feature_provenance_is_checked(ws, more):
    answer = ws.push(item("1", features={"user_impact": {"value": 2, **more}}), 207)
    assert problem_pointers(answer["results"][0]["problem"]) == [f"/features/user_impact/{next(iter(more))}"]


# ---- dry runs ----


def test_dry_run_writes_nothing(ws, database):
    ws.push([item("1", source_version="5"), item("2")])
    before, counts = ws.get(""), database.counts()
    batch = [
        item("1", source_version="6", title="New title"),
        item("2"),
        item("3", labels=["x"]),
        item("4", stream="x"),
        item("1", source_version="4"),
    ]
    answer = ws.push(batch, 207, dry_run="true")
    assert answer["dry_run"] is True
    assert outcomes(answer) == ["updated", "unchanged", "created", "rejected", "stale"]
    assert answer["revision"] == before.json()["revision"]
    ws.post("/items", 422, json=batch, params={"dry_run": "true", "mode": "atomic"})
    lines = ws.push_lines(batch, 207, dry_run="true")
    assert outcomes(lines) == outcomes(answer)
    ws.post(
        "/items:features",
        200,
        json={"items": [{"source": "test", "external_id": "1", "features": {"user_impact": 3}}]},
        params={"dry_run": "true"},
    )
    assert database.counts() == counts
    assert ws.revision() == before.json()["revision"]
    real = ws.push(batch, 207)
    assert outcomes(real) == outcomes(answer), "a dry run tells what would happen"
    assert [r["id"] for r in real["results"] if "id" in r] == [r["id"] for r in answer["results"] if "id" in r]


# ---- features of existing items ----


def test_features_for_many_items(ws):
    ids = [
        r["id"]
        for r in ws.push([item(str(i), features={"user_impact": 1, "fix_confidence": 1}) for i in range(3)])["results"]
    ]
    before = ws.revision()
    answer = ws.post(
        "/items:features",
        207,
        json={
            "items": [
                {"id": ids[0], "features": {"user_impact": 3}},
                {
                    "source": "test",
                    "external_id": "1",
                    "features": {"user_impact": None, "reversibility": {"value": 2, "evidence": "estimated"}},
                },
                {"source": "test", "external_id": "absent", "features": {"user_impact": 1}},
                {"id": str(uuid.uuid4()), "features": {"user_impact": 1}},
                {"id": ids[2], "features": {"user_impact": 9}},
                {"id": ids[2], "features": {"user_impact": 1}},
            ]
        },
    ).json()
    assert outcomes(answer) == ["updated", "updated", "rejected", "rejected", "rejected", "unchanged"]
    assert [r["problem"]["status"] for r in answer["results"] if "problem" in r] == [404, 404, 422]
    assert answer["revision"] == before + 1
    assert {n: f["value"] for n, f in ws.item(ids[1])["features"].items()} == {"fix_confidence": 1, "reversibility": 2}
    assert value_of(ws.item(ids[0]), "user_impact") == 3 and ws.item(ids[0])["title"] == "Item 0"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": []},
        {"items": {}},
        {"items": [{"features": {}}]},
        {"items": [7]},
        [],
        {"items": [], "mode": "atomic"},
        {"items": [{"source": "test", "features": {}}]},
        {"items": [{"id": "x", "features": {}}]},
        {"items": [{"source": "test", "external_id": "1", "features": {}, "title": "x"}]},
    ],
)
def test_features_bad_bodies(ws, body):
    before = ws.revision()
    ws.post("/items:features", (207, 422), json=body)
    assert ws.revision() == before


# ---- reading many ----


def test_batch_get(ws):
    ids = [r["id"] for r in ws.push([item(str(i)) for i in range(5)])["results"]]
    absent = str(uuid.uuid4())
    answer = ws.post(
        "/items:batch-get",
        200,
        json={
            "ids": [ids[3], absent, ids[0]],
            "items": [{"source": "test", "external_id": "4"}, {"source": "no", "external_id": "1"}],
        },
    ).json()
    assert [i["id"] for i in answer["items"]] == [ids[3], ids[0], ids[4]]
    assert answer["missing"] == [absent, {"source": "no", "external_id": "1"}]
    assert answer["items"][0]["title"] == "Item 3" and set(answer["items"][0]) >= set(ws.item(ids[3])) - {"recorded_at"}


@pytest.mark.parametrize(
    "bad",
    [
        {"ids": ["x"]},
        {"ids": [str(uuid.UUID(int=i)) for i in range(1001)]},
        {"id": []},
        {"ids": "x"},
        [],
        {"items": [{"source": "a"}]},
        {"items": {}},
    ],
)
def test_batch_get_faults(ws, bad):
    ws.post("/items:batch-get", 422, json=bad)


def test_batch_get_of_a_thousand(ws):
    ws.post("/items:batch-get", 200, json={"ids": [str(uuid.uuid4()) for _ in range(1000)]})


# ---- several writers ----


def test_concurrent_batches_all_count(ws):
    """Revisions have no gaps and no batch is lost, whoever comes first."""
    before = ws.revision()
    faults = []

    def push(writer):
        client = ws.at(ws.url)
        for i in range(10):
            answer = client.post("/items", json=[item(f"{writer}-{i}"), item("shared", title=f"{writer}-{i}")]).json()
            if answer["created"] + answer["updated"] != 2:
                faults.append(answer)

    threads = [threading.Thread(target=push, args=(writer,)) for writer in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not faults
    assert ws.revision() == before + 60
    assert len(list(ws.pages("/items", "items"))) == 61
    assert [r["revision"] for r in ws.records()] == list(range(1, before + 61))
    assert ws.verify()["ok"]
