"""Open items that are out of the queue: which, why, until when, and page by page."""

from support.client import problem_pointers, problem_type
from support.decisions import enforce, fresh, item_id, labelled, override
from support.workspace import scored


def excluded(ws, **params):
    return fresh(ws, "/queue/excluded", **params)


def names(items):
    return [each["external_id"] for each in items]


def test_nothing_is_out(ws):
    ws.push([scored("1", 20), scored("done", 20, status="done")])
    page = excluded(ws)
    assert page["count"] == 0 and page["items"] == page["reasons"] == [] and ws.queue()["excluded"] == 0


def test_by_reason(ws):
    enforce(
        ws,
        labelled("second", "exclude", until="2099-01-01T00:00:00Z"),
        labelled("third", "freeze", until="2098-01-01T00:00:00Z"),
        labelled("fourth", "exclude"),
    )
    ws.push([scored("f", 20, labels=["fourth"])])
    ws.push([scored("d", 20, labels=["third"]), scored("stays", 9)])
    ws.push([scored("c", 20, labels=["fourth", "second"])])
    ws.push([scored("b", 20, labels=["second"]), scored("x", 12), scored("y", 13), scored("gone", 9, status="done")])
    deferred, away = override(ws, "x", "defer"), override(ws, "y", "exclude")
    page = excluded(ws)
    assert names(page["items"]) == ["c", "b", "d", "f", "y", "x"] and page["count"] == 6
    told = {each["external_id"]: each for each in page["items"]}
    assert told["c"]["by"] == {"rule": "second", "effect": "exclude"} and told["c"]["score"] == 20
    assert told["d"]["by"] == {"rule": "third", "effect": "freeze"} and told["d"]["until"].startswith("2098-01-01")
    assert told["f"]["until"] is None and told["f"]["reason"] == "Because of fourth."
    assert told["x"]["by"] == {"override": deferred["id"], "kind": "defer"}
    assert told["x"]["until"] == deferred["expires_at"] and told["x"]["reason"] is None
    assert told["y"]["by"] == {"override": away["id"], "kind": "exclude"}
    assert [(each["by"].get("rule", each["by"].get("kind")), each["items"]) for each in page["reasons"]] == [
        ("second", 2),
        ("third", 1),
        ("fourth", 1),
        ("exclude", 1),
        ("defer", 1),
    ]
    queue = ws.queue()
    assert (queue["excluded"], queue["count"]) == (6, 1) and names(queue["entries"]) == ["stays"]


def test_pages_and_filters(ws):
    enforce(ws, labelled("a", "exclude"), labelled("b", "exclude"))
    ws.push(
        [
            scored(str(i), 8 + i % 17, labels=["ab"[i % 2]], team=("x", "y", "z")[i % 3], stream="incident")
            for i in range(30)
        ]
    )
    whole = excluded(ws, limit=500)["items"]
    assert len(whole) == 30 and [each["by"]["rule"] for each in whole] == ["a"] * 15 + ["b"] * 15
    for params in ({}, {"rule": "b"}, {"team": "x"}, {"rule": "a", "team": "y"}, {"stream": "incident", "team": "z"}):
        expected = [
            each
            for each in whole
            if params.get("rule") in (None, each["by"]["rule"]) and params.get("team") in (None, each["team"])
        ]
        assert list(ws.pages("/queue/excluded", "items", params, limit=4)) == expected and expected
        assert excluded(ws, **params)["count"] == 30
    assert excluded(ws, rule="no")["items"] == excluded(ws, stream="engineering_bug")["items"] == []


def test_a_walk_stays_in_its_ranking(ws, other_ws):
    enforce(ws, labelled("a", "exclude"))
    ws.push([scored(str(i), 9, labels=["a"]) for i in range(6)])
    first = excluded(ws, limit=2)
    ws.push([scored("new", 9, labels=["a"]), scored("0", 9, labels=[])])
    assert excluded(ws)["ranking"] != first["ranking"]
    page = ws.get("/queue/excluded", params={"limit": 9, "cursor": first["next"]}).json()
    assert page["ranking"] == first["ranking"] and len(page["items"]) == 4
    assert len({each["id"] for each in first["items"] + page["items"]}) == 6
    for path, params in (("/queue", {}), ("/queue/unknowns", {}), ("/queue/excluded", {"rule": "a"})):
        assert problem_type(ws.get(path, 400, params={**params, "cursor": first["next"]})) == "bad-cursor"
    other_ws.get("/queue/excluded", 400, params={"cursor": first["next"]})


def test_faults(ws):
    assert problem_pointers(ws.get("/queue/excluded", 422, params={"limit": 0})) == ["/query/limit"]
    assert problem_pointers(ws.get("/queue/excluded", 422, params={"band": "x"})) == ["/query/band"]
    assert problem_pointers(ws.get("/queue/excluded", 422, params={"rule": "x" * 256})) == ["/query/rule"]
    first = ws.get("/queue/excluded", params={"min_revision": ws.revision()})
    ws.get("/queue/excluded", 304, headers={"If-None-Match": first.headers["ETag"]})


# ---- what the queue itself tells ----


def test_marks_in_the_queue(ws):
    version = enforce(ws, labelled("look", "hold"), labelled("first", "pin_top"))
    ws.push(
        [scored("a", 9, labels=["look", "first"]), scored("b", 20), scored("c", 12, labels=["look"]), scored("d", 8)]
    )
    override(ws, "b", "boost", delta=1)
    override(ws, "b", "band", band="ready")
    page = ws.queue()
    told = {each["external_id"]: each for each in page["entries"]}
    assert page["policy"] == {"version": version, "name": "rules of a test"}
    assert (page["held"], page["excluded"], page["count"]) == (2, 0, 4)
    assert told["a"]["held"] is told["a"]["pinned"] is True and page["entries"][0]["external_id"] == "a"
    assert told["c"]["held"] is True and "pinned" not in told["c"]
    assert told["b"]["overrides"] == ["boost", "band"] and told["b"]["band"] == "ready" and told["b"]["score"] == 21
    assert not {"held", "pinned", "overrides"} & set(told["d"])
    assert names(ws.whole_queue(held="true", limit=1)) == ["a", "c"]
    assert names(ws.whole_queue(held="false")) == names(page["entries"])
    assert problem_pointers(ws.get("/queue", 422, params={"held": "maybe"})) == ["/query/held"]
    assert item_id(ws, "a") == told["a"]["id"]


def test_without_a_policy(ws):
    ws.push([scored("1", 20)])
    assert (ws.queue()["policy"], ws.queue()["held"]) == (None, 0) and ws.whole_queue(held="true") == []
