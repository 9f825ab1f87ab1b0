"""The ranked queue: order, filters, pages, conditional reads, blockers."""

import csv
import threading
import uuid

import pytest

from support import places
from support.client import problem_pointers, problem_type
from support.waiting import wait_until
from support.workspace import item, rubric, scored


def order(entries):
    return [entry["external_id"] for entry in entries]


def by_name(entries):
    return {entry["external_id"]: entry for entry in entries}


# ---- scores and bands ----


def test_the_issue_s_example(ws):
    ws.push([item("1", features=rubric(3, 2, 2, 2), team="t", labels=["x"], url="https://example.org/1")])
    page = ws.queue()
    entry = page["entries"][0]
    assert (page["count"], entry["rank"], entry["score"], entry["band"]) == (1, 1, 19, "next_sprint")
    assert entry["range"] == {"lowest": 19, "highest": 19}
    assert (entry["team"], entry["title"], entry["status"]) == ("t", "Item 1", "open")
    assert len(entry["reasons"]) == 3 and "user_impact" in entry["reasons"][0] and "9" in entry["reasons"][0]
    assert page["model"] == {"version": 1, "name": "triage_rubric"}
    assert page["ranking"].split(".")[0] == str(page["revision"])


def test_all_81_rubrics(ws):
    with open(places.VECTORS / "triage_rubric.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(rows) == 81
    names = ("user_impact", "fix_confidence", "reversibility", "cost_of_delay")
    ws.push([item("-".join(row[n] for n in names), features={n: int(row[n]) for n in names}) for row in rows])
    entries = by_name(ws.whole_queue())
    for row in rows:
        entry = entries["-".join(row[n] for n in names)]
        assert entry["score"] == float(row["score"]) and entry["band"] == row["band"], row
        assert entry["range"] == {"lowest": entry["score"], "highest": entry["score"]}


def test_unknown_is_the_worst_end_with_the_span_as_range(ws):
    ws.push(
        [
            item("none"),
            item("impact", features=rubric(3)),
            item("three", features=rubric(1, 1, 1)),
            item("all", features=rubric(1, 1, 1, 1)),
        ]
    )
    entries = by_name(ws.queue()["entries"])
    assert {name: (e["score"], e["range"]["lowest"], e["range"]["highest"]) for name, e in entries.items()} == {
        "none": (8, 8, 24),
        "impact": (14, 14, 24),
        "three": (8, 8, 10),
        "all": (8, 8, 8),
    }
    assert entries["none"]["band"] == "icebox"


def test_leaving_a_value_out_never_helps(ws, rng):
    for i in range(40):
        values = [rng.choice((1, 2, 3)) for _ in range(4)]
        kept = [value if rng.random() < 0.6 else None for value in values]
        ws.push([item(f"{i}-full", features=rubric(*values)), item(f"{i}-part", features=rubric(*kept))])
    entries = by_name(ws.whole_queue())
    for i in range(40):
        full, part = entries[f"{i}-full"], entries[f"{i}-part"]
        assert part["score"] <= full["score"]
        assert part["range"]["lowest"] <= full["score"] <= part["range"]["highest"]


def test_default_and_exclude(ws):
    terms = [
        {"feature": "user_impact", "weight": 1, "scale": "value", "unknown": "exclude"},
        {"feature": "reversibility", "weight": 1, "scale": "value", "unknown": "default", "default": 2},
    ]
    version = ws.post(
        "/models",
        201,
        json={
            "name": "m",
            "kind": "weighted_sum",
            "terms": terms,
            "bands": [{"name": "a", "at_least": 4}, {"name": "b"}],
        },
    ).json()["version"]
    ws.promote(version)
    ws.push(
        [
            item("nothing"),
            item("impact", features=rubric(1)),
            item("both", features={"user_impact": 1, "reversibility": 3}),
        ]
    )
    entries = ws.queue()["entries"]
    assert [(e["external_id"], e["score"], e["band"]) for e in entries] == [
        ("both", 4, "a"),
        ("impact", 3, "b"),
        ("nothing", None, None),
    ]
    assert entries[1]["range"] == {"lowest": 3, "highest": 3} and entries[2]["range"] is None
    assert [e["rank"] for e in entries] == [1, 2, 3]


def test_direction_and_unit_scale(ws):
    ws.put_feature("pain", bounds={"lower": 0, "upper": 4})
    ws.put_feature("days", bounds={"lower": 0, "upper": 10}, direction="lower_is_better")
    terms = [{"feature": "pain", "weight": 3, "scale": "unit"}, {"feature": "days", "weight": 1, "scale": "unit"}]
    ws.promote(
        ws.post(
            "/models", 201, json={"name": "m", "kind": "weighted_sum", "terms": terms, "bands": [{"name": "a"}]}
        ).json()["version"]
    )
    ws.push(
        [
            item("x", features={"pain": 2, "days": 10}),
            item("y", features={"pain": 1, "days": 0}),
            item("z", features={"pain": 4}),
        ]
    )
    assert [(e["external_id"], e["score"], e["range"]["highest"]) for e in ws.queue()["entries"]] == [
        ("z", 3, 4),
        ("y", 1.75, 1.75),
        ("x", 1.5, 1.5),
    ]


# ---- order ----


def test_order_by_score_then_first_stored_then_id(ws):
    ws.push([scored("late", 12)])
    ws.push([scored("b", 20), scored("a", 20), scored("low", 9)])
    ws.push([scored("late2", 20), scored("late", 20)])  # late was there first of all
    entries = ws.queue()["entries"]
    same = sorted((e["id"], e["external_id"]) for e in entries if e["external_id"] in "ab")
    assert order(entries) == ["late", *(name for _, name in same), "late2", "low"]
    assert [e["rank"] for e in entries] == [1, 2, 3, 4, 5]


def test_the_order_is_that_of_the_specification(ws, rng):
    """Random backlogs without blockers, compared with sorting in Python."""
    for batch in range(4):
        ws.push(
            [item(f"{batch}-{i}", features=rubric(*(rng.choice((1, 2, 3, None)) for _ in range(4)))) for i in range(40)]
        )
    facts = {}
    for each in ws.pages("/items", "items", limit=1000):
        values = [
            each["features"].get(n, {}).get("value", 1)
            for n in ("user_impact", "fix_confidence", "reversibility", "cost_of_delay")
        ]
        facts[each["external_id"]] = (
            -sum(w * v for w, v in zip((3, 2, 2, 1), values)),
            each["first_revision"],
            uuid.UUID(each["id"]).bytes,
        )
    entries = ws.whole_queue(limit=37)
    assert order(entries) == sorted(facts, key=facts.get)
    assert [e["rank"] for e in entries] == list(range(1, 161))


def test_done_and_dropped_do_not_rank(ws):
    ws.push(
        [
            item("open"),
            item("progress", status="in_progress"),
            item("done", status="done"),
            item("dropped", status="dropped"),
        ]
    )
    assert sorted(order(ws.queue()["entries"])) == ["open", "progress"]
    assert ws.queue()["count"] == 2
    ws.push([item("open", status="done"), item("done", status="open")])
    assert sorted(order(ws.queue()["entries"])) == ["done", "progress"]


def test_an_empty_queue(ws):
    page = ws.queue()
    assert page["entries"] == [] and page["count"] == 0 and "next" not in page


# ---- blockers ----


def test_a_blocker_stands_before_what_it_blocks_and_inherits_urgency(ws):
    ws.push(
        [
            scored("urgent", 24, blocked_by=["base"]),
            scored("middle", 15),
            scored("base", 9, blocked_by=["root"]),
            scored("root", 8),
            scored("low", 10),
        ]
    )
    entries = ws.queue()["entries"]
    assert order(entries) == ["root", "base", "urgent", "middle", "low"]
    shown = by_name(entries)
    assert shown["base"]["carries"]["external_id"] == "urgent" == shown["root"]["carries"]["external_id"]
    assert (shown["base"]["score"], shown["base"]["band"]) == (9, "icebox"), "score and band stay its own"
    assert "carries" not in shown["urgent"] and "carries" not in shown["middle"]
    (blocker,) = shown["urgent"]["blocked_by"]
    assert (blocker["source"], blocker["external_id"], blocker["state"]) == ("test", "base", "open")
    assert "blocked_by" not in shown["root"]


def test_equal_inherited_urgency_goes_by_the_items_own(ws):
    ws.push([scored("top", 24, blocked_by=["a", "b"]), scored("a", 9), scored("b", 11), scored("x", 20)])
    assert order(ws.queue()["entries"]) == ["b", "a", "top", "x"]


def test_blockers_that_order_nothing_are_reported(ws, other_ws):
    other_ws.push([item("elsewhere")])
    ws.push(
        [
            scored(
                "a", 20, blocked_by=["done", "dropped", "missing", "elsewhere", {"source": "other", "external_id": "x"}]
            ),
            scored("done", 8, status="done"),
            scored("dropped", 8, status="dropped"),
            scored("b", 12),
        ]
    )
    entries = by_name(ws.queue()["entries"])
    assert order(ws.queue()["entries"]) == ["a", "b"]
    states = {(b["source"], b["external_id"]): b["state"] for b in entries["a"]["blocked_by"]}
    assert states[("test", "dropped")] == "dropped"
    assert states[("test", "missing")] == states[("test", "elsewhere")] == states[("other", "x")] == "missing"
    assert states.get(("test", "done"), "done") == "done"


def test_a_blocker_may_arrive_later(ws):
    ws.push([scored("a", 20, blocked_by=["later"])])
    assert ws.queue()["entries"][0]["blocked_by"][0]["state"] == "missing"
    ws.push([scored("later", 8), scored("other", 12)])
    assert order(ws.queue()["entries"]) == ["later", "a", "other"]
    ws.push([{"source": "test", "external_id": "later", "status": "done"}])
    assert order(ws.queue()["entries"]) == ["a", "other"]


def test_cycles_are_found_and_do_not_block(ws):
    ws.push(
        [
            scored("a", 20, blocked_by=["b"]),
            scored("b", 10, blocked_by=["c"]),
            scored("c", 15, blocked_by=["a"]),
            scored("tail", 22, blocked_by=["a"]),
            scored("d", 12, blocked_by=["e"]),
            scored("e", 11, blocked_by=["d"]),
        ]
    )
    entries = by_name(ws.queue()["entries"])
    assert entries["a"]["cycle"] == entries["b"]["cycle"] == entries["c"]["cycle"]
    assert entries["d"]["cycle"] == entries["e"]["cycle"] != entries["a"]["cycle"]
    assert "cycle" not in entries["tail"]
    assert entries["a"]["rank"] < entries["tail"]["rank"], "who waits for a member of a cycle still waits"
    assert entries["a"]["carries"]["external_id"] == "tail"
    ws.push([{"source": "test", "external_id": "c", "blocked_by": None}])
    entries = by_name(ws.queue()["entries"])
    assert not any("cycle" in entries[name] for name in "abc") and "cycle" in entries["d"]
    assert entries["c"]["rank"] < entries["b"]["rank"] < entries["a"]["rank"]


def test_no_item_stands_before_its_blocker(ws, rng):
    """Random graphs: each order is a permutation in which only members of one cycle may ignore their blockers."""
    names = [str(i) for i in range(60)]
    for turn in range(4):
        links = {name: rng.sample([n for n in names if n != name], rng.choice((0, 0, 1, 1, 2))) for name in names}
        ws.push(
            [
                scored(
                    name,
                    rng.randint(8, 24),
                    blocked_by=links[name] or None,
                    status=rng.choice(("open", "in_progress", "done")),
                )
                for name in names
            ]
        )
        entries = by_name(ws.whole_queue())
        assert sorted(e["rank"] for e in entries.values()) == list(range(1, len(entries) + 1))
        for name, entry in entries.items():
            for blocker in links[name]:
                if blocker in entries and not ("cycle" in entry and entries[blocker].get("cycle") == entry["cycle"]):
                    assert entries[blocker]["rank"] < entry["rank"], (turn, blocker, name)


# ---- filters and pages ----


def test_filters_keep_the_rank_in_the_whole_queue(ws):
    ws.push(
        [
            scored(str(i), 8 + i % 17, team=("a", "b", "c")[i % 3], stream=("incident", "engineering_bug")[i % 2])
            for i in range(50)
        ]
    )
    whole = ws.whole_queue()
    for params in (
        {"stream": "incident"},
        {"team": "a"},
        {"band": "ready"},
        {"band": "icebox", "team": "b"},
        {"stream": "engineering_bug", "team": "c", "band": "next_sprint"},
    ):
        expected = [e for e in whole if all(e[key] == value for key, value in params.items())]
        assert expected, params
        assert ws.whole_queue(limit=4, **params) == expected
        assert ws.queue(**params)["count"] == 50
    for params in ({"team": "nobody"}, {"stream": "no"}, {"band": "no"}):
        assert ws.get("/queue", (200, 422), params=params).json().get("entries", []) == []


def test_limits(ws):
    ws.push([item(str(i)) for i in range(520)])
    assert len(ws.queue()["entries"]) == 50
    assert len(ws.queue(limit=100000)["entries"]) == 500
    assert len(ws.whole_queue(limit=500)) == 520
    for bad in ("0", "-1", "x", ""):
        assert problem_pointers(ws.get("/queue", 422, params={"limit": bad})) == ["/query/limit"]
    assert problem_pointers(ws.get("/queue", 422, params={"offset": "5", "sort": "score"})) == [
        "/query/offset",
        "/query/sort",
    ]


def test_a_cursor_belongs_to_its_query(ws, other_ws):
    for each in (ws, other_ws):
        each.push([item(str(i), team="a") for i in range(5)])
        each.queue()
    cursor = ws.get("/queue", params={"limit": 2, "team": "a"}).json()["next"]
    ws.get("/queue", params={"limit": 3, "team": "a", "cursor": cursor})
    for params in ({}, {"team": "b"}, {"team": "a", "stream": "incident"}):
        assert problem_type(ws.get("/queue", 400, params={"cursor": cursor, **params})) == "bad-cursor"
    other_ws.get("/queue", 400, params={"team": "a", "cursor": cursor})
    ws.get("/items", 400, params={"team": "a", "cursor": cursor})
    for bad in ("", "x", cursor[:-2], "A" * 3000):
        ws.get("/queue", 400, params={"team": "a", "cursor": bad})


def test_a_page_walk_neither_skips_nor_repeats_while_the_queue_moves(ws):
    ws.push([scored(str(i), 8 + i % 17) for i in range(300)])
    first = ws.queue(limit=11)
    stop, faults, client = threading.Event(), [], ws.at(ws.url)

    def turn_over():
        turn = 0
        while not stop.is_set():
            turn += 1
            try:
                client.post(
                    "/items",
                    json=[scored(str(i), 8 + (i * 7 + turn) % 17) for i in range(0, 300, 3)] + [item(f"new {turn}")],
                )
            except AssertionError as fault:
                faults.append(fault)
                return

    writer = threading.Thread(target=turn_over)
    writer.start()
    try:
        start = ws.revision()
        wait_until(lambda: ws.revision() > start + 2, "writes go on")
        entries, page = list(first["entries"]), first
        while "next" in page:
            page = ws.get("/queue", params={"limit": 11, "cursor": page["next"]}).json()
            assert page["ranking"] == first["ranking"] and page["revision"] == first["revision"]
            entries += page["entries"]
    finally:
        stop.set()
        writer.join()
    assert not faults
    assert [e["rank"] for e in entries] == list(range(1, 301))
    assert sorted(int(e["external_id"]) for e in entries) == list(range(300))
    assert ws.queue()["ranking"] != first["ranking"]


# ---- conditional and fresh reads ----


def test_etag(ws):
    ws.push([scored("a", 20), scored("b", 10)])
    ws.queue()
    first = ws.get("/queue")
    tag = first.headers["ETag"]
    assert first.json()["ranking"] in tag and first.headers["Cache-Control"] == "private"
    same = ws.get("/queue", 304, headers={"If-None-Match": tag})
    assert same.headers["ETag"] == tag and same.headers["Winnow-Revision"] == first.headers["Winnow-Revision"]
    ws.get("/queue", 304, headers={"If-None-Match": f'"x", W/{tag}'})
    ws.get("/queue", 200, headers={"If-None-Match": '"x"'})
    ws.push([scored("c", 15)])
    ws.queue()
    assert ws.get("/queue", 200, headers={"If-None-Match": tag}).headers["ETag"] != tag


def test_gzip(ws):
    ws.push([scored(f"i{number}", 20) for number in range(50)])
    ws.queue()
    plain = ws.get("/queue", headers={"Accept-Encoding": "identity"})
    coded = ws.get("/queue", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert "Content-Encoding" not in plain.headers and coded.headers["Content-Encoding"] == "gzip"
    assert coded.json() == plain.json()
    assert int(coded.headers["Content-Length"]) * 3 < int(plain.headers["Content-Length"])
    assert coded.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'
    assert coded.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding, Authorization"
    # Either tag is still good, whatever the coding that would be sent now.
    for kept in (plain, coded):
        for coding in ("identity", "gzip"):
            headers = {"If-None-Match": kept.headers["ETag"], "Accept-Encoding": coding}
            same = ws.get("/queue", 304, headers=headers)
            assert same.headers["ETag"] == kept.headers["ETag"] and "Content-Encoding" not in same.headers
    # A filtered page, and the next one of a walk.
    for path in ("/queue?limit=20&held=false", ws.get("/queue?limit=20").json()["next"]):
        path = path if path.startswith("/queue") else f"/queue?limit=20&cursor={path}"
        one, other = (ws.get(path, headers={"Accept-Encoding": coding}) for coding in ("gzip", "identity"))
        assert one.headers["Content-Encoding"] == "gzip" and one.json() == other.json()
    head = ws.head("/queue", headers={"Accept-Encoding": "gzip"})
    assert head.headers["Content-Length"] == coded.headers["Content-Length"]
    assert "Content-Encoding" not in ws.get("/queue", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_small_answers_are_not_coded(ws):
    ws.queue()
    page = ws.get("/queue", headers={"Accept-Encoding": "gzip"})
    assert page.json()["count"] == 0 and "Content-Encoding" not in page.headers


def test_different_pages_do_not_share_a_body(ws):
    """Whatever the tag: a filtered page is never served for another query."""
    ws.push([scored(str(i), 8 + i, team=("a", "b")[i % 2]) for i in range(10)])
    ws.queue()
    for _ in range(3):
        assert {e["team"] for e in ws.get("/queue", params={"team": "a"}).json()["entries"]} == {"a"}
        assert {e["team"] for e in ws.get("/queue", params={"team": "b"}).json()["entries"]} == {"b"}
        assert len(ws.get("/queue", params={"limit": 3}).json()["entries"]) == 3
        assert len(ws.get("/queue").json()["entries"]) == 10
        assert [e["rank"] for e in ws.get("/queue", params={"limit": 3, "team": "b"}).json()["entries"]] != [1, 2, 3]


def test_min_revision_reads_what_was_written(ws):
    for i in range(25):
        answer = ws.push([scored(str(i), 8 + i % 17)])
        page = ws.get("/queue", params={"min_revision": answer["revision"], "limit": 500})
        assert int(page.headers["Winnow-Revision"]) >= answer["revision"] and page.json()["revision"] == int(
            page.headers["Winnow-Revision"]
        )
        assert str(i) in order(page.json()["entries"])


def test_min_revision_beyond_the_head(ws):
    head = ws.revision()
    assert problem_type(ws.get("/queue", 422, params={"min_revision": head + 1})) == "revision-beyond-head"
    for bad in ("-1", "x", "", "1.5", "9223372036854775808"):
        assert problem_pointers(ws.get("/queue", 422, params={"min_revision": bad})) == ["/query/min_revision"]
    ws.get("/queue", params={"min_revision": 0})


def test_many_wait_for_the_same_revision(ws):
    answers = []
    target = ws.push([item("1")])["revision"]

    def wait():
        answers.append(ws.at(ws.url).get("/queue", params={"min_revision": target}).json()["revision"])

    threads = [threading.Thread(target=wait) for _ in range(16)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(answers) == 16 and min(answers) >= target


# ---- explanations ----


def test_contributions_add_up_to_the_score_to_the_last_bit(ws, rng):
    ws.put_feature("pain", bounds={"lower": -0.3, "upper": 7.7}, direction="lower_is_better")
    terms = [
        {"feature": "pain", "weight": 0.1, "scale": "unit"},
        {"feature": "user_impact", "weight": 1 / 3, "scale": "unit"},
        {"feature": "effort", "weight": 0.7, "scale": "unit"},
        {"feature": "demand", "weight": 1e-7, "scale": "value"},
        {"feature": "severity", "weight": 2.2, "scale": "unit"},
        {"feature": "handles_personal_data", "weight": 0.3, "scale": "unit"},
    ]
    bands = [{"name": "high", "at_least": 1.5}, {"name": "low"}]
    ws.promote(
        ws.post("/models", 201, json={"name": "odd", "kind": "weighted_sum", "terms": terms, "bands": bands}).json()[
            "version"
        ]
    )
    ws.push(
        [
            item(
                str(i),
                features={
                    name: value
                    for name, value in (
                        ("pain", rng.uniform(-0.3, 7.7)),
                        ("user_impact", rng.uniform(1, 3)),
                        ("effort", rng.uniform(0, 200)),
                        ("demand", rng.randrange(2000)),
                        ("severity", rng.choice(("sev4", "sev3", "sev2", "sev1"))),
                        ("handles_personal_data", rng.random() < 0.5),
                    )
                    if rng.random() < 0.7
                },
            )
            for i in range(60)
        ]
    )
    entries = ws.whole_queue()
    for entry in entries:
        shown = ws.get(f"/items/{entry['id']}/explanation").json()
        total = 0.0
        for part in shown["contributions"]:
            total += part["contribution"]
            assert part["lowest"] <= part["contribution"] <= part["highest"]
            assert part["assumed"] == (part["value"] is None)
            assert part["text"]
        assert total == shown["sum"] == shown["score"] == entry["score"]
        assert (shown["rank"], shown["band"], shown["range"]) == (entry["rank"], entry["band"], entry["range"])
        assert shown["ranking"] and shown["ranked"] and shown["text"]
        assert [part["feature"] for part in shown["contributions"]] == [term["feature"] for term in terms]


def test_explanation_of_order(ws):
    made = ws.push(
        [
            scored("urgent", 24, blocked_by=["base", "gone"]),
            scored("base", 9),
            scored("loop", 12, blocked_by=["loop2"]),
            scored("loop2", 12, blocked_by=["loop"]),
        ]
    )
    ids = {r["external_id"]: r["id"] for r in made["results"]}
    read = {
        name: ws.get(f"/items/{ids[name]}/explanation", params={"min_revision": made["revision"]}).json()
        for name in ids
    }
    assert read["base"]["order"]["carries"]["external_id"] == "urgent" and read["urgent"]["order"]["carries"] is None
    assert {b["external_id"]: b["state"] for b in read["urgent"]["order"]["blocked_by"]} == {
        "base": "open",
        "gone": "missing",
    }
    assert read["loop"]["order"]["cycle"] and read["urgent"]["order"]["cycle"] is None
    assert "urgent" in read["base"]["order"]["text"] or "Item urgent" in read["base"]["order"]["text"]


def test_explanation_of_what_is_not_ranked(ws):
    made = ws.push([scored("1", 20, status="done")])
    shown = ws.get(f"/items/{made['results'][0]['id']}/explanation", params={"min_revision": made["revision"]}).json()
    assert shown["ranked"] is False and shown["rank"] is None and "done" in shown["why_not_ranked"]


def test_evidence_is_shown(ws):
    made = ws.push([item("1", features={"user_impact": {"value": 3, "evidence": "measured"}})])
    parts = ws.get(f"/items/{made['results'][0]['id']}/explanation", params={"min_revision": made["revision"]}).json()[
        "contributions"
    ]
    assert parts[0]["evidence"] == "measured" and parts[1]["assumed"] and "evidence" not in parts[1]
    assert (parts[0]["value"], parts[0]["weight"], parts[0]["contribution"]) == (3, 3, 9)
