"""What it would take to be in a band or at a rank: the smallest change, proved, or what makes it impossible."""

from datetime import datetime, timedelta, timezone
from itertools import combinations, product

import pytest

from support.client import problem_pointers
from support.workspace import RUBRIC, item, rubric

WEIGHTS = dict(zip(RUBRIC, (3, 2, 2, 1)))


def ask(ws, external_id, expect=200, **params):
    ids = {i["external_id"]: i["id"] for i in ws.get("/items", params={"limit": 500}).json()["items"]}
    params.setdefault("min_revision", ws.revision())
    return ws.get(f"/items/{ids[external_id]}/counterfactual", expect, params=params).json()


def changes(way):
    return {c["feature"]: (c["from"], c["to"]) for c in way["changes"]}


def rules(lift):
    return [r["id"] for r in lift["rules"]]


def activate(ws, *rules):
    version = ws.post("/policies", 201, json={"name": "p", "rules": list(rules)}).json()["version"]
    answer = ws.get("/policy-aliases/active", (200, 404))
    tag = {"If-Match": answer.headers["ETag"]} if answer.status_code == 200 else {"If-None-Match": "*"}
    ws.put("/policy-aliases/active", (200, 201), json={"policy": version}, headers=tag)


def rule(rule_id, when, effect, **more):
    return {"id": rule_id, "when": when, "effect": effect, "reason": f"Because of {rule_id}.", **more}


def override(ws, external_id, kind, **more):
    until = (datetime.now(timezone.utc) + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"item": {"source": "test", "external_id": external_id}, "kind": kind, "expires_at": until, **more}
    return ws.post("/overrides", 201, json={**body, "justification": "Somebody has decided so."}).json()


@pytest.fixture
def backlog(ws):
    ws.push(
        [
            item("a", features=rubric(3, 3, 3, 3)),  # 24
            item("b", features=rubric(3, 2, 2, 2)),  # 19
            item("c", features=rubric(2, 2, 2, 2)),  # 16
            item("d", features=rubric(1, 1, 1, 1)),  # 8
        ]
    )
    return ws


def test_a_band(backlog):
    answer = ask(backlog, "c", band="next_sprint")
    assert (answer["rank"], answer["score"], answer["band"]) == (3, 16, "ready")
    assert (answer["reachable"], answer["already"], answer["needed_score"], answer["impossible"]) == (
        True,
        False,
        18,
        None,
    )
    single = answer["single"]
    assert changes(single) == {"user_impact": (2, 3)} and (single["size"], single["score"]) == (0.5, 19)
    assert (single["band_after"], single["met"], answer["pair"]) == ("next_sprint", True, None)
    assert answer["target"] == {"band": "next_sprint"} and "user_impact to 3" in answer["text"]


def test_two_where_one_is_not_enough(backlog):
    answer = ask(backlog, "d", band="ready")
    assert answer["single"] and changes(answer["single"]) == {"user_impact": (1, 3)}
    far = ask(backlog, "d", band="next_sprint")
    assert (far["single"], far["reachable"], far["pair"]) == (None, True, far["pair"])
    assert changes(far["pair"]) == {"user_impact": (1, 3), "fix_confidence": (1, 3)} and far["pair"]["met"]


def test_unknown_counts_as_its_worse_end(ws):
    ws.push([item("x", features=rubric(3, 3, None, 1))])
    answer = ask(ws, "x", band="next_sprint")
    assert answer["already"], answer
    ws.push([item("y", features=rubric(2, 3, None, 1))])
    answer = ask(ws, "y", band="next_sprint")
    assert changes(answer["single"]) == {"reversibility": (None, 3)} or changes(answer["single"]) == {
        "user_impact": (2, 3)
    }


def test_smallest_by_enumeration(ws, rng):
    """Whatever rubric: no smaller change of one or two inputs reaches the band, and the one told does."""
    size = {}
    for i in range(12):
        values = [rng.randint(1, 3) for _ in RUBRIC]
        ws.push([item(str(i), features=dict(zip(RUBRIC, values)))])
        size[str(i)] = values
    for name, values in size.items():
        for band, at_least in (("next_sprint", 18), ("ready", 12)):
            answer = ask(ws, name, band=band)
            score = sum(w * v for w, v in zip(WEIGHTS.values(), values))
            assert answer["already"] == (score >= at_least)
            if answer["already"]:
                continue
            best = {}
            for count in (1, 2):
                sizes = [
                    sum(abs(v - values[f]) / 2 for f, v in zip(chosen, new))
                    for chosen in combinations(range(4), count)
                    for new in product((1, 2, 3), repeat=count)
                    if score
                    + sum(
                        w * (v - values[f]) for f, v, w in zip(chosen, new, (list(WEIGHTS.values())[f] for f in chosen))
                    )
                    >= at_least
                ]
                best[count] = min(sizes, default=None)
            assert (answer["single"] or {"size": None})["size"] == best[1]
            if best[2] is not None and (best[1] is None or best[2] < best[1]):
                assert answer["pair"]["size"] == best[2] and answer["pair"]["met"]
            assert answer["reachable"] == (best[1] is not None or best[2] is not None)


def test_a_rank(backlog):
    answer = ask(backlog, "c", rank=2)
    assert answer["target"]["rank"] == 2 and answer["target"]["item"]["external_id"] == "b"
    ways = [w for w in (answer["single"], answer["pair"]) if w and w["met"]]
    assert answer["reachable"] and ways and all(w["rank_after"] <= 2 for w in ways)
    assert ask(backlog, "c", rank=3)["already"] and ask(backlog, "c", rank=4)["already"]
    first = ask(backlog, "d", rank=1)
    assert not first["reachable"] and first["impossible"] is None and "No change" in first["text"]


def test_what_is_told_comes_true(backlog):
    ws = backlog
    answer = ask(ws, "d", band="next_sprint")
    told = {feature: to for feature, (_, to) in changes(answer["pair"]).items()}
    ws.push([item("d", features=told)])
    entry = next(e for e in ws.queue()["entries"] if e["external_id"] == "d")
    way = answer["pair"]
    assert (entry["rank"], entry["band"], entry["score"]) == (way["rank_after"], way["band_after"], way["score"])


def test_blockers_are_counted_in(ws):
    """Its own blocker goes before it: to be second it has to be as urgent as the first."""
    ws.push(
        [
            item("a", features=rubric(3, 3, 2, 1)),  # 20
            item("b", features=rubric(3, 2, 2, 2)),  # 19
            item("c", features=rubric(2, 2, 2, 2), blocked_by=[{"external_id": "d"}]),
            item("d", features=rubric(1, 1, 1, 1)),
        ]
    )
    answer = ask(ws, "c", rank=2)
    for way in (answer["single"], answer["pair"]):
        if way and way["met"]:
            assert way["rank_after"] == 2 and way["score"] >= 20
    assert answer["reachable"]


def test_rules_that_make_it_impossible(backlog):
    """They rest on what is no feature, or on another item."""
    ws = backlog
    bugs = {"fact": "stream", "eq": "engineering_bug"}
    below = {"feature": "user_impact", "lt": 3}
    activate(
        ws,
        rule("cap", {"all": [bugs, {"fact": "team", "missing": True}]}, "at_most_band", band="ready"),
        rule("lift", {"feature": "user_impact", "eq": 1}, "at_least_band", band="ready"),
        rule("later", {"any": [bugs, below]}, "not_above", rank=3),
    )
    capped = ask(ws, "c", band="next_sprint")
    assert (capped["reachable"], capped["lift"], capped["single"], capped["pair"]) == (False, None, None, None)
    assert capped["impossible"] == {
        "by": "rule",
        "rule": {"id": "cap", "effect": "at_most_band", "reason": "Because of cap."},
    }
    assert capped["complete"]
    lifted = ask(ws, "d", band="ready")
    assert lifted["already"] and lifted["lifted_by"]["id"] == "lift" and lifted["reachable"]
    assert ask(ws, "c", rank=2)["impossible"]["rule"]["id"] == "later", "user_impact alone does not take it off"
    activate(
        ws,
        rule("never", below, "exclude"),
        rule("away", {"not": {"fact": "stream", "ne": "engineering_bug"}}, "exclude"),
    )
    out = ask(ws, "c", band="ready")
    assert (out["impossible"]["rule"]["id"], out["lift"]) == ("away", None), "one of the two could be taken off"
    activate(ws, rule("top", {"feature": "user_impact", "eq": 1}, "pin_top"))
    assert ask(ws, "a", rank=1)["impossible"]["rule"]["id"] == "top", "another item is pinned there"


def test_rules_that_values_take_off(backlog):
    ws = backlog
    activate(
        ws,
        rule("cap", {"feature": "user_impact", "eq": 2}, "at_most_band", band="ready"),
        rule("later", {"feature": "fix_confidence", "le": 2}, "not_above", rank=3),
        rule("away", {"feature": "cost_of_delay", "in": [1]}, "exclude"),
    )
    capped = ask(ws, "c", band="next_sprint")
    assert capped["impossible"] is None and capped["reachable"] and rules(capped["lift"]) == ["cap"]
    assert changes(capped["lift"]) == {"user_impact": (2, 3)} and capped["lift"]["band_after"] == "next_sprint"
    assert (capped["lift"]["met"], capped["single"], capped["pair"]) == (True, None, None)
    late = ask(ws, "c", rank=2)
    assert rules(late["lift"]) == ["later"] and changes(late["lift"]) == {"fix_confidence": (2, 3)}
    assert late["lift"]["met"] and late["lift"]["rank_after"] == 2 and late["text"].endswith("which is enough.")
    out = ask(ws, "d", band="ready")
    assert out["rank"] is None and rules(out["lift"]) == ["away"] and out["reachable"]
    assert changes(out["lift"]) == {"cost_of_delay": (1, 2)} and out["lift"]["rank_after"] == 4
    assert out["single"]["met"] and "cost_of_delay" not in changes(out["single"]), "it keeps the rule away"
    assert "no longer holds with cost_of_delay to 2. Enough besides" in out["text"]


def test_the_fewest_values_take_a_rule_off(ws):
    """A rule holds where all parts do: one is enough; `any` of them has to be undone whole, `not` turns it round."""
    both = {"all": [{"feature": "user_impact", "ge": 2}, {"feature": "cost_of_delay", "ge": 2}]}
    either = {"any": [{"feature": "user_impact", "missing": True}, {"feature": "cost_of_delay", "gt": 2}]}
    ws.push([item("x", features=rubric(2, 3, 3, 3)), item("y", features=rubric(None, 3, 3, 3))])
    activate(ws, rule("both", both, "exclude"))
    found = ask(ws, "x", band="icebox")["lift"]
    assert len(found["changes"]) == 1 and found["met"] and changes(found) == {"user_impact": (2, 1)}
    activate(ws, rule("either", either, "exclude"))
    found = ask(ws, "y", band="icebox")["lift"]
    assert changes(found) == {"user_impact": (None, 1), "cost_of_delay": (3, 2)} and found["met"]
    assert [c["any"] for c in found["changes"]] == [True, False]
    activate(ws, rule("neither", {"not": {"all": [{"feature": "user_impact", "eq": 3}, either]}}, "exclude"))
    found = ask(ws, "x", band="icebox")["lift"]
    assert changes(found) == {"user_impact": (2, 3)} and found["met"]


def test_values_of_every_type_take_rules_off(ws):
    common = {"family": "effort", "description": "A test's own", "sensitive": False}
    new = {"If-None-Match": "*"}
    ws.put("/features/alarm", 201, json={**common, "type": "boolean"}, headers=new)
    ws.put(
        "/features/tier", 201, json={**common, "type": "category", "categories": ["low", "mid", "high"]}, headers=new
    )
    ws.put("/features/day", 201, json={**common, "type": "date"}, headers=new)
    ws.put("/features/note", 201, json={**common, "type": "text"}, headers=new)
    number = {**common, "type": "number", "unit": "1", "bounds": {"lower": 0, "upper": 1}}
    ws.put("/features/ratio", 201, json=number, headers=new)
    ws.put("/features/cost", 201, json={**number, "bounds": {"lower": 0, "upper": 1000000}}, headers=new)
    values = {"alarm": True, "tier": "low", "day": "2020-01-10", "ratio": 0.5, "cost": 4000}
    ws.push([item("x", features={**rubric(3, 3, 3, 3), **values})])
    expected = (
        ({"feature": "alarm", "eq": True}, {"alarm": (True, False)}),
        ({"feature": "tier", "in": ["low", "mid"]}, {"tier": ("low", "high")}),
        ({"feature": "day", "lt": "2020-02-01"}, {"day": ("2020-01-10", "2020-02-01")}),
        ({"feature": "note", "missing": True}, {"note": (None, None)}),
        ({"feature": "tier", "present": True}, {"tier": ("low", None)}),
        ({"feature": "ratio", "le": 0.5}, {"ratio": (0.5, 0.501)}),
        ({"feature": "ratio", "ge": 0.5}, {"ratio": (0.5, 0.499)}),
        ({"feature": "ratio", "lt": 0.9995}, {"ratio": (0.5, 0.9995)}),
        ({"feature": "ratio", "le": 0.9995}, {"ratio": (0.5, 1)}),
        ({"feature": "ratio", "le": 0.5768}, {"ratio": (0.5, 0.577)}),
        ({"feature": "ratio", "in": [0.5, 0.501]}, {"ratio": (0.5, 0.499)}),
        ({"all": [{"feature": "ratio", "ge": 0.25}, {"fact": "team", "missing": True}]}, {"ratio": (0.5, 0.249)}),
        ({"feature": "cost", "gt": 120.5}, {"cost": (4000, 120.5)}),
        ({"feature": "cost", "ge": 120.5}, {"cost": (4000, 120)}),
    )
    for when, told in expected:
        body = {"name": "p", "rules": [rule("r", when, "at_most_band", band="icebox")]}
        ws.post("/policies:check", 200, json={"policy": body})
        activate(ws, body["rules"][0])
        answer = ask(ws, "x", band="next_sprint")
        assert answer["lift"] and changes(answer["lift"]) == told and answer["lift"]["met"], (when, answer)


DATES = {"family": "effort", "description": "A test's own", "sensitive": False, "type": "date"}


@pytest.mark.parametrize("days", [3e6, 1e9, 1e15, 1e300])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_date_beyond_those_of_items(ws, days, sign):
    """No date is that far; without one the rule does not hold."""
    ws.put("/features/day", 201, json=DATES, headers={"If-None-Match": "*"})
    ws.push([item("x", features={**rubric(3, 3, 3, 3), "day": "2026-01-10"})])
    when = {"days_to": "day", "lt" if sign > 0 else "gt": sign * days}
    activate(ws, rule("r", when, "at_most_band", band="icebox"))
    lift = ask(ws, "x", band="next_sprint")["lift"]
    assert changes(lift) == {"day": ("2026-01-10", None)} and lift["met"]
    ws.push([item("x", features={"day": None})])
    entry = ws.queue()["entries"][0]
    assert (entry["band"], entry["rank"]) == (lift["band_after"], lift["rank_after"])


@pytest.mark.parametrize(
    "when, told",
    [
        ({"feature": "day", "lt": "9999-12-31"}, "9999-12-31"),
        ({"feature": "day", "lt": "9999-12-31T10:00:00Z"}, "9999-12-31T23:59:59Z"),
        ({"feature": "day", "le": "9999-12-31T23:59:59Z"}, None),
        ({"feature": "day", "gt": "0001-01-01"}, "0001-01-01"),
        ({"feature": "day", "ge": "0001-01-01"}, None),
    ],
)
def test_the_ends_of_all_dates(ws, when, told):
    """What is told can be posted, and does it."""
    ws.put("/features/day", 201, json=DATES, headers={"If-None-Match": "*"})
    ws.push([item("x", features={**rubric(3, 3, 3, 3), "day": "2026-01-10"})])
    activate(ws, rule("r", when, "at_most_band", band="icebox"))
    lift = ask(ws, "x", band="next_sprint")["lift"]
    assert changes(lift) == {"day": ("2026-01-10", told)} and lift["met"]
    ws.push([item("x", features={"day": told})])
    assert ws.queue()["entries"][0]["band"] == lift["band_after"] == "next_sprint"


def test_what_could_not_be_told_is_not_impossible(backlog):
    """Parts that look at the same feature undo each other's value; user_impact 1 would do."""
    ws = backlog
    either = {"any": [{"feature": "user_impact", "eq": 2}, {"feature": "user_impact", "eq": 3}]}
    activate(ws, rule("r", either, "at_most_band", band="ready"))
    answer = ask(ws, "c", band="next_sprint")
    assert (answer["reachable"], answer["complete"], answer["impossible"]) == (None, False, None), answer


def test_rules_that_say_something_else_of_what_was_found(ws):
    """The smallest change meets a cap, which a larger one would not."""
    ws.push([item("x", features=rubric(1, 3, 2, 2))])  # 3 + 6 + 4 + 2 = 15: user_impact 2 gives 18
    activate(ws, rule("cap", {"feature": "user_impact", "eq": 2}, "at_most_band", band="ready"))
    answer = ask(ws, "x", band="next_sprint")
    assert changes(answer["single"]) == {"user_impact": (1, 2)} and not answer["single"]["met"], answer
    assert (answer["reachable"], answer["complete"]) == (None, False) and "may do" in answer["text"]
    ws.push([item("x", features=rubric(3, 3, 2, 2))])
    assert ask(ws, "x", band="next_sprint")["already"]


def test_a_search_that_is_cut_says_so(ws):
    """Too many pairs for one answer; what was found is told all the same."""
    new = {"If-None-Match": "*"}
    body = {"type": "number", "unit": "points", "family": "effort", "description": "One of many", "sensitive": False}
    for i in range(60):
        ws.put(f"/features/many_{i}", 201, json={**body, "bounds": {"lower": 1, "upper": 100}}, headers=new)
    product = " * ".join(f"many_{i} ^ 1.5" for i in range(60))
    model = {
        "name": "many",
        "kind": "expression",
        "expression": product,
        "inputs": [{"feature": f"many_{i}"} for i in range(60)],
        "bands": [{"name": "now", "at_least": 100000}, {"name": "later"}],
    }
    ws.promote(ws.post("/models", 201, json=model).json()["version"])
    ws.push([item("x", features={f"many_{i}": 1 for i in range(60)})])
    answer = ask(ws, "x", band="now")
    assert not answer["complete"] and answer["single"] is None and answer["pair"]["met"]


def test_overrides_that_make_it_impossible(backlog):
    ws = backlog
    made = override(ws, "c", "band", band="icebox")
    assert ask(ws, "c", band="ready")["impossible"] == {
        "by": "override",
        "override": {"id": made["id"], "kind": "band"},
    }
    made = override(ws, "b", "defer")
    assert ask(ws, "b", rank=1)["impossible"]["override"] == {"id": made["id"], "kind": "defer"}


def test_boosts_count(backlog):
    ws = backlog
    override(ws, "d", "boost", delta=8)
    answer = ask(ws, "d", band="next_sprint")
    assert (answer["score"], answer["needed_score"]) == (16, 18)
    assert answer["single"]["score"] >= 18 and answer["single"]["met"]


def test_done_items(backlog):
    backlog.push([item("d", status="done")])
    answer = ask(backlog, "d", band="ready")
    assert answer["impossible"] == {"by": "status"} and not answer["reachable"]


def test_relative_models_say_that_they_cannot_tell(backlog):
    ws = backlog
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
    answer = ask(ws, "d", rank=1)
    assert (answer["reachable"], answer["needed_score"], answer["impossible"]) == (None, None, None)
    assert "pareto" in answer["text"]


def test_categories_and_booleans_by_name(ws):
    common = {"family": "effort", "description": "A test's own", "sensitive": False}
    new = {"If-None-Match": "*"}
    ws.put("/features/alarm", 201, json={**common, "type": "boolean"}, headers=new)
    tiers = {**common, "type": "category", "categories": ["low", "mid", "high"]}
    ws.put("/features/tier", 201, json=tiers, headers=new)
    model = {
        "name": "m",
        "kind": "weighted_sum",
        "terms": [
            {"feature": "alarm", "weight": 1, "scale": "value", "unknown": "span"},
            {"feature": "tier", "weight": 1, "scale": "value", "unknown": "span"},
        ],
        "bands": [{"name": "now", "at_least": 2}, {"name": "then"}],
    }
    ws.promote(ws.post("/models", 201, json=model).json()["version"])
    ws.push([item("x", features={"alarm": False, "tier": "mid"})])
    answer = ask(ws, "x", band="now")
    assert changes(answer["single"]) == {"tier": ("mid", "high")} and answer["single"]["size"] == 0.5
    ws.push([item("x", features={"tier": "low"})])
    assert changes(ask(ws, "x", band="now")["single"]) == {"tier": ("low", "high")}


@pytest.mark.parametrize(
    "params, pointers",
    [
        ({}, ["/query"]),
        ({"band": "ready", "rank": 1}, ["/query"]),
        ({"band": "nope"}, ["/query/band"]),
        ({"rank": 0}, ["/query/rank"]),
        ({"rank": 5}, ["/query/rank"]),
        ({"rank": "x"}, ["/query/rank"]),
        ({"band": "ready", "top": 1}, ["/query/top"]),
    ],
)
def test_faults(backlog, params, pointers):
    assert problem_pointers(ask(backlog, "c", 422, **params)) == pointers


def test_unknown_items(ws):
    ws.get("/items/nope/counterfactual?band=ready", 404)
    ws.get("/items/2f0e8b1c-6a36-5c53-9a5f-3f8e5f9d1c77/counterfactual?band=ready", 404)


def test_the_same_bytes_and_a_tag(backlog):
    ws = backlog
    ids = {i["external_id"]: i["id"] for i in ws.get("/items").json()["items"]}
    path = f"/items/{ids['c']}/counterfactual?band=next_sprint&min_revision={ws.revision()}"
    first = ws.get(path)
    assert ws.get(path).content == first.content
    tag = {"If-None-Match": first.headers["ETag"]}
    ws.get(path, 304, headers=tag)
    for wrong in ("band=nosuch", "rank=99", "rank=1&band=ready", ""):
        ws.get(f"/items/{ids['c']}/counterfactual?{wrong}", 422, headers=tag)


def test_expressions(ws):
    ws.promote(ws.post("/models", 201, json={"preset": "ice"}).json()["version"])
    ws.push([item("x", features={"impact": 4, "confidence": 50, "ease": 5})])  # 100
    answer = ask(ws, "x", band="ready")
    assert answer["needed_score"] == 125 and answer["single"]["met"] and answer["single"]["score"] >= 125
    assert list(changes(answer["single"])) == ["impact"] and answer["single"]["band_after"] == "ready"


def test_decision_tables(ws):
    table = {
        "name": "exposed",
        "kind": "decision_table",
        "inputs": [{"feature": "exploitation"}, {"feature": "system_exposure"}],
        "outcomes": ["now", "later"],
        "rules": [
            {"when": {"exploitation": "active"}, "then": "now"},
            {"when": {"exploitation": ["none", "public poc"], "system_exposure": "open"}, "then": "now"},
            {
                "when": {"exploitation": ["none", "public poc"], "system_exposure": ["small", "controlled"]},
                "then": "later",
            },
        ],
    }
    ws.promote(ws.post("/models", 201, json=table).json()["version"])
    ws.push([item("x", features={"exploitation": "public poc", "system_exposure": "small"})])
    answer = ask(ws, "x", band="now")
    assert changes(answer["single"]) == {"exploitation": ("public poc", "active")} and answer["single"]["met"]


def test_blends_have_the_inputs_of_their_parts(ws):
    other = ws.post("/models", 201, json={"preset": "ice"}).json()["version"]
    blend = {
        "name": "both",
        "kind": "blend",
        "rule": "weighted",
        "components": [{"model": 1, "weight": 1}, {"model": other, "weight": 1}],
        "bands": [{"name": "now", "at_least": 1.4}, {"name": "later"}],
    }
    ws.promote(ws.post("/models", 201, json=blend).json()["version"])
    ws.push([item("x", features={**rubric(3, 3, 3, 3), "impact": 5, "confidence": 100, "ease": 5})])
    answer = ask(ws, "x", band="now")
    assert answer["single"]["met"] and set(changes(answer["single"])) <= {"impact", "ease"}


def test_a_model_of_many_inputs(ws):
    """Answered in time, and an input beyond those that are tried in pairs is found."""
    new = {"If-None-Match": "*"}
    body = {"type": "number", "unit": "points", "family": "effort", "description": "One of many", "sensitive": False}
    for i in range(60):
        ws.put(f"/features/many_{i}", 201, json={**body, "bounds": {"lower": 0, "upper": 100}}, headers=new)
    terms = [{"feature": f"many_{i}", "weight": 1 if i < 59 else 50} for i in range(60)]
    bands = [{"name": "now", "at_least": 10}, {"name": "later"}]
    model = {"name": "many", "kind": "weighted_sum", "terms": terms, "bands": bands}
    ws.promote(ws.post("/models", 201, json=model).json()["version"])
    ws.push([item("x")])
    answer = ask(ws, "x", band="now")
    assert list(changes(answer["single"])) == ["many_59"] and answer["single"]["met"] and answer["pair"] is None
    assert answer["single"]["size"] == pytest.approx(0.2, abs=1e-3)
