"""Scores of items that are not stored: the same as if they were, and nothing is."""

import pytest

from support.client import problem_pointers
from support.workspace import RUBRIC, item, rubric, scored


def ask(ws, items, expect=200):
    body = {"items": items} if isinstance(items, list) else items
    return ws.post("/scores", expect, json=body, params={"min_revision": ws.revision()}).json()


def activate(ws, *rules):
    version = ws.post("/policies", 201, json={"name": "p", "rules": list(rules)}).json()["version"]
    answer = ws.get("/policy-aliases/active", (200, 404))
    tag = {"If-Match": answer.headers["ETag"]} if answer.status_code == 200 else {"If-None-Match": "*"}
    ws.put("/policy-aliases/active", (200, 201), json={"policy": version}, headers=tag)


def rule(rule_id, when, effect, **more):
    return {"id": rule_id, "when": when, "effect": effect, "reason": f"Because of {rule_id}.", **more}


URGENT = {"title": "It is on fire", "stream": "incident", "features": rubric(3, 3, 2, 3)}


def test_an_urgent_ticket(ws):
    ws.push([scored("a", 24), scored("b", 18), scored("c", 10)])
    before, queue = ws.revision(), ws.queue()
    answer = ask(ws, URGENT)
    assert {k: answer[k] for k in ("ranking", "revision", "model")} == {
        k: queue[k] for k in ("ranking", "revision", "model")
    }
    (result,) = answer["results"]
    assert (result["score"], result["band"], result["range"]) == (22, "next_sprint", {"lowest": 22, "highest": 22})
    assert (result["would_rank"], result["held"], result["pinned"], result["out"], result["rules"]) == (
        2,
        False,
        False,
        None,
        [],
    )
    assert [(c["feature"], c["contribution"]) for c in result["contributions"]] == [
        ("user_impact", 9),
        ("fix_confidence", 6),
        ("reversibility", 4),
        ("cost_of_delay", 3),
    ]
    assert "source" not in result and "external_id" not in result
    assert ws.revision() == before and ws.queue()["count"] == 3


def test_the_same_body_gives_the_same_bytes(ws):
    ws.push([scored("a", 20)])
    params = {"min_revision": ws.revision()}
    assert len({ws.post("/scores", 200, json=URGENT, params=params).content for _ in range(4)}) == 1


def test_unknown_values_span(ws):
    (result,) = ask(ws, {"title": "?", "stream": "incident"})["results"]
    assert result["score"] == 8 and result["range"] == {"lowest": 8, "highest": 24} and result["band"] == "icebox"
    assert all(c["assumed"] and c["value"] is None for c in result["contributions"])


def test_as_if_stored(ws, rng):
    """Score, band and place of random items are those of the queue once they are there, one by one."""
    features = ("user_impact", "fix_confidence", "reversibility", "cost_of_delay")

    def random_item(name):
        values = {f: rng.randint(1, 3) for f in features if rng.random() < 0.8}
        return item(
            name, features=values, labels=rng.sample(["x", "y"], rng.randint(0, 2)), team=rng.choice(("red", "blue"))
        )

    activate(
        ws,
        rule("x", {"fact": "labels", "contains": "x"}, "at_most_band", band="ready"),
        rule("red", {"all": [{"fact": "team", "eq": "red"}, {"fact": "labels", "contains": "y"}]}, "pin_top"),
        rule("y", {"feature": "user_impact", "eq": 1}, "hold"),
    )
    ws.push([random_item(i) for i in range(40)])
    asked = [random_item(f"new-{i}") for i in range(12)]
    for one, result in zip(asked, ask(ws, asked)["results"]):
        ws.push([one])
        entry = next(e for e in ws.whole_queue() if e["external_id"] == one["external_id"])
        assert (result["score"], result["band"], result["range"]) == (entry["score"], entry["band"], entry["range"])
        assert result["would_rank"] == entry["rank"] and result["external_id"] == one["external_id"]
        ws.push([{**one, "status": "done"}])


def test_policy_speaks(ws):
    ws.push([scored("a", 24)])
    activate(
        ws,
        rule("no-incidents", {"fact": "stream", "eq": "incident"}, "exclude"),
        rule("careful", {"feature": "user_impact", "ge": 3}, "hold"),
        rule("nameless", {"fact": "source", "missing": True}, "pin_top"),
        rule("some-day", {"all": []}, "hold", until="2020-01-01T00:00:00Z"),
    )
    out, held, named = ask(
        ws, [URGENT, {**URGENT, "stream": "model_quality"}, {**URGENT, "stream": "model_quality", "source": "pager"}]
    )["results"]
    assert out["out"] == {"id": "no-incidents", "effect": "exclude", "reason": "Because of no-incidents."}
    assert out["would_rank"] is None and [r["id"] for r in out["rules"]] == ["no-incidents", "careful", "nameless"]
    assert (held["out"], held["held"], held["pinned"], held["would_rank"]) == (None, True, True, 1)
    assert (named["pinned"], named["would_rank"], named["source"]) == (False, 2, "pager")


def test_what_does_not_rank_has_no_place(ws):
    (result,) = ask(ws, {**URGENT, "status": "done"})["results"]
    assert result["would_rank"] is None and result["score"] is None


def test_other_kinds_show_their_tree(ws):
    ws.promote(ws.post("/models", 201, json={"preset": "ice"}).json()["version"])
    (result,) = ask(ws, {**URGENT, "features": {"impact": 10, "confidence": 50, "ease": 4}}, (200, 422))["results"]
    assert "contributions" not in result
    root = result["tree"][0]
    assert (root["depth"], root["value"]) == (0, result["score"])
    assert {s["feature"] for s in result["tree"]} >= {"impact", "confidence", "ease"}


def test_faults_are_the_items_own(ws):
    answer = ask(ws, [URGENT, {"title": "no stream"}, 3, {**URGENT, "features": {"user_impact": 9}}, URGENT], 207)
    assert [("error" in r, r["index"]) for r in answer["results"]] == [
        (False, 0),
        (True, 1),
        (True, 2),
        (True, 3),
        (False, 4),
    ]
    assert [problem_pointers(r["error"]) for r in answer["results"] if "error" in r] == [
        ["/items/1/stream"],
        ["/items/2"],
        ["/items/3/features/user_impact"],
    ]
    assert answer["results"][0] == {**answer["results"][4], "index": 0}
    assert [r["index"] for r in ask(ws, [{}], 207)["results"]] == [0]


@pytest.mark.parametrize(
    "body, pointers",
    [
        ([], [""]),
        ({}, ["/stream", "/title"]),
        ({"items": []}, ["/items"]),
        ({"items": {}}, ["/items"]),
        ({"items": [{}] * 1001}, ["/items"]),
        ({"items": [URGENT], "x": 1}, ["/x"]),
        ({**URGENT, "colour": "red"}, ["/colour"]),
        ({**URGENT, "features": {"nope": 1}}, ["/features/nope"]),
    ],
)
def test_faults_of_a_request(ws, body, pointers):
    assert problem_pointers(ws.post("/scores", 422, json=body)) == pointers


def test_sensitive_features_are_for_those_who_see_them(ws):
    ws.put_feature("revenue", sensitive=True)
    params = {"min_revision": ws.revision()}
    body = {**URGENT, "features": {"revenue": 3}}
    ws.as_role("admin").post("/scores", 200, json=body, params=params)
    reviewer = ws.as_role("reviewer")
    answer = reviewer.post("/scores", 422, json=body, params=params)
    assert problem_pointers(answer) == ["/features/revenue"]
    # Nor does a value that cannot be tell what can.
    answer = reviewer.post("/scores", 422, json={**URGENT, "features": {"revenue": 1e12}}, params=params)
    assert problem_pointers(answer) == ["/features/revenue"] and "bounds" not in answer.text


def test_relative_models_have_no_score_for_one(ws):
    front = {
        "name": "fronts",
        "kind": "pareto",
        "objectives": [
            {"feature": "user_impact", "goal": "maximise"},
            {"feature": "cost_of_delay", "goal": "maximise"},
        ],
        "bands": [{"name": "front", "at_least": -0.5}, {"name": "behind"}],
    }
    ws.promote(ws.post("/models", 201, json=front).json()["version"])
    answer = ws.post("/scores", 422, json=URGENT, params={"min_revision": ws.revision()})
    assert "pareto" in answer.text and problem_pointers(answer) == [""]


def test_a_thousand(ws):
    assert len(ask(ws, [URGENT] * 1000)["results"]) == 1000


def test_blends_show_the_trees_of_their_parts(ws):
    other = ws.post("/models", 201, json={"preset": "ice"}).json()["version"]
    blend = {
        "name": "both",
        "kind": "blend",
        "rule": "weighted",
        "components": [{"model": 1, "weight": 1}, {"model": other, "weight": 1}],
        "bands": [{"name": "now", "at_least": 1}, {"name": "later"}],
    }
    ws.promote(ws.post("/models", 201, json=blend).json()["version"])
    (result,) = ask(ws, {**URGENT, "features": {**rubric(3, 3, 3, 3), "impact": 10, "confidence": 50, "ease": 4}})[
        "results"
    ]
    read = {s["feature"]: s["value"] for s in result["tree"] if s["feature"]}
    assert read["user_impact"] == 3 or read["user_impact"] == 9
    assert set(read) == {*RUBRIC, "impact", "confidence", "ease"} and result["score"] > 1
