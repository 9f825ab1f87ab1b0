"""What waits for an item, against a search in Python over random graphs."""

import collections

from support.client import problem_pointers
from support.decisions import enforce, fresh, item_id, labelled, override
from support.workspace import item, scored


def impact(ws, external_id, **params):
    return fresh(ws, f"/items/{item_id(ws, external_id)}/impact", **params)


def names(items):
    return [each["external_id"] for each in items]


def test_directly_and_in_all(ws):
    ws.push(
        [
            scored("base", 8),
            scored("a", 20, blocked_by=["base"], team="ops", stream="incident"),
            scored("b", 10, blocked_by=["base", "a"], team="web"),
            scored("c", 15, blocked_by=["b"]),
            scored("finished", 24, blocked_by=["base"], status="done"),
            scored("apart", 22),
        ]
    )
    found = impact(ws, "base")
    assert found["item"]["external_id"] == "base" and found["item"]["rank"] == 2
    assert (found["direct_count"], found["count"], found["furthest"]) == (2, 3, 2)
    assert names(found["direct"]) == ["a", "b"] and names(found["all"]) == ["a", "b", "c"]
    assert [each["distance"] for each in found["all"]] == [1, 1, 2]
    assert found["carried_score"] == 45 and found["unscored"] == 0 and found["best"]["external_id"] == "a"
    assert found["streams"] == [{"stream": "engineering_bug", "items": 2}, {"stream": "incident", "items": 1}]
    assert found["teams"] == [
        {"team": None, "items": 1},
        {"team": "ops", "items": 1},
        {"team": "web", "items": 1},
    ]
    cut = impact(ws, "base", limit=1)
    assert names(cut["direct"]) == names(cut["all"]) == ["a"] and cut["count"] == 3 and cut["carried_score"] == 45


def test_teams_are_cut_to_the_limit(ws):
    ws.push([scored("base", 8)] + [scored(str(n), 20, team=f"t{n % 5}", blocked_by=["base"]) for n in range(12)])
    found = impact(ws, "base")
    assert (found["team_count"], len(found["teams"])) == (5, 5)
    cut = impact(ws, "base", limit=2)
    assert cut["team_count"] == 5 and cut["teams"] == found["teams"][:2]
    assert cut["teams"] == [{"team": "t0", "items": 3}, {"team": "t1", "items": 3}]


def test_nothing_waits(ws):
    ws.push([scored("1", 20), scored("old", 9, status="done"), scored("waits", 9, blocked_by=["old"])])
    for name in ("1", "old"):
        found = impact(ws, name)
        assert found["count"] == found["carried_score"] == found["furthest"] == 0 and found["best"] is None
        assert found["direct"] == found["all"] == found["streams"] == found["teams"] == []


def test_cycles_end(ws):
    ws.push([scored("a", 20, blocked_by=["c"]), scored("b", 10, blocked_by=["a"]), scored("c", 15, blocked_by=["b"])])
    ws.push([scored("tail", 11, blocked_by=["c"])])
    found = impact(ws, "a")
    assert sorted(names(found["all"])) == ["b", "c", "tail"] and found["furthest"] == 3


def test_what_is_out_waits_without_a_rank(ws):
    enforce(ws, labelled("no", "exclude"))
    ws.push([scored("base", 8), scored("a", 24, blocked_by=["base"], labels=["no"]), scored("b", 9, blocked_by=["a"])])
    found = impact(ws, "base")
    assert [(each["external_id"], each["rank"]) for each in found["all"]] == [("b", 1), ("a", None)]
    assert found["carried_score"] == 33 and found["best"]["external_id"] == "b"


def test_scores_are_final_and_the_unknown_is_counted(ws):
    terms = [{"feature": "user_impact", "weight": 1, "scale": "value", "unknown": "exclude"}]
    body = {"name": "m", "kind": "weighted_sum", "terms": terms, "bands": [{"name": "all"}]}
    ws.promote(ws.post("/models", 201, json=body).json()["version"])
    ws.push([item("base"), item("a", blocked_by=["base"]), item("b", blocked_by=["base"], features={"user_impact": 2})])
    override(ws, "b", "boost", delta=5)
    found = impact(ws, "base")
    assert (found["carried_score"], found["unscored"], found["count"]) == (7, 1, 2)


def test_random_graphs(ws, rng):
    ids = [str(i) for i in range(50)]
    status = {i: rng.choice(("open", "open", "in_progress", "done")) for i in ids}
    links = {i: rng.sample([other for other in ids if other != i], rng.choice((0, 1, 1, 2))) for i in ids}
    ws.push([scored(i, rng.randint(8, 24), status=status[i], blocked_by=links[i] or None) for i in ids])
    entries = {entry["external_id"]: entry for entry in ws.whole_queue()}
    for start in rng.sample(ids, 12):
        distance, todo = {start: 0}, collections.deque([start] if start in entries else [])
        while todo:
            at = todo.popleft()
            for other in entries:
                if at in links[other] and other not in distance:
                    distance[other] = distance[at] + 1
                    todo.append(other)
        del distance[start]
        found = impact(ws, start)
        assert {each["external_id"]: each["distance"] for each in found["all"]} == distance
        assert names(found["all"]) == sorted(distance, key=lambda i: entries[i]["rank"])
        assert found["direct_count"] == len(found["direct"]) == list(distance.values()).count(1)
        assert found["carried_score"] == sum(entries[i]["score"] for i in distance)
        assert found["furthest"] == max(distance.values(), default=0)


def test_faults(ws):
    ws.push([scored("1", 20)])
    first = ws.get(f"/items/{item_id(ws, '1')}/impact", params={"min_revision": ws.revision()})
    ws.get(f"/items/{item_id(ws, '1')}/impact", 304, headers={"If-None-Match": first.headers["ETag"]})
    ws.get("/items/00000000-0000-0000-0000-000000000000/impact", 404)
    ws.get("/items/x/impact", 404)
    assert problem_pointers(ws.get(f"/items/{item_id(ws, '1')}/impact", 422, params={"limit": "x"})) == ["/query/limit"]
