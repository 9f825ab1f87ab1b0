"""Policies: immutable versions of rules, behind aliases that fit the model in force."""

import pytest

from support.client import problem_pointers, problem_type
from support.workspace import item, rubric, scored

NEW = {"If-None-Match": "*"}


def rule(rule_id="first", effect="hold", **more):
    return {"id": rule_id, "when": {"fact": "stream", "eq": "incident"}, "effect": effect, "reason": "Because.", **more}


def made(ws, *rules, expect=201, **more):
    return ws.post("/policies", expect, json={"name": "p", "rules": list(rules), **more})


def order(ws):
    return [entry["external_id"] for entry in ws.queue()["entries"]]


def details(answer):
    return [fault["detail"] for fault in answer.json()["errors"]]


def test_versions_are_immutable_and_numbered(ws):
    assert ws.get("/policies").json() == {"policies": [], "aliases": {}}
    answer = made(ws, rule())
    assert answer.json()["version"] == 1 and answer.headers["Location"] == f"{ws.prefix}/policies/1"
    assert answer.headers["Winnow-Head"].startswith(f"{ws.revision()}:")
    assert made(ws, rule("other")).json()["version"] == 2
    listed = ws.get("/policies").json()
    assert [policy["version"] for policy in listed["policies"]] == [2, 1]
    assert ws.get("/policies/1").json() == answer.json() == listed["policies"][1]
    for method in ("PUT", "PATCH", "DELETE"):
        ws.request(method, "/policies/1", 405)
    ws.get("/policies/1", 304, headers={"If-None-Match": ws.etag("/policies/1")})
    assert "policy.put" in [record["action"] for record in ws.records()]


@pytest.mark.parametrize("version", ["0", "2", "99999999999999999999", "-1", "x", "1.0", "active"])
def test_unknown_versions_are_404(ws, version):
    made(ws, rule())
    ws.get(f"/policies/{version}", 404)


def test_the_same_policy_again_is_the_version_that_it_is(ws):
    first = made(ws, rule(effect="limit", at_most=2, top=10)).json()
    before = ws.revision()
    assert made(ws, rule(effect="limit", at_most=2.0, top=10), expect=200).json() == first
    spelt = rule(effect="limit", at_most=2, top=10, per="workspace", count="items", mode="enforce", band=None)
    assert made(ws, spelt, expect=200).json() == first
    assert ws.revision() == before
    kept = {key: value for key, value in first.items() if key not in ("version", "revision")}
    assert ws.post("/policies", 200, json=kept).json() == first, "what is shown can be posted"


def test_all_faults_at_once(ws):
    answer = made(
        ws,
        rule("A b", when={"fact": "stream", "eq": "nowhere"}),
        rule("x", effect="at_most_band", band="nothing"),
        rule("x", effect="explode"),
        {"id": "y", "effect": "limit", "reason": "", "when": {"feature": "nonsense", "ge": 1}, "at_most": -1},
        rule("z", effect="freeze", calendar="absent"),
        "rule",
        expect=422,
        name="",
        surprise=1,
    )
    assert set(problem_pointers(answer)) >= {
        "/name",
        "/surprise",
        "/rules/0/id",
        "/rules/0/when/eq",
        "/rules/1/band",
        "/rules/2/id",
        "/rules/2/effect",
        "/rules/3/reason",
        "/rules/3/when/feature",
        "/rules/3/at_most",
        "/rules/3/top",
        "/rules/4/calendar",
        "/rules/5",
    }


def nested(depth):
    test = {"fact": "stream", "eq": "incident"}
    for _ in range(depth):
        test = {"not": test}
    return test


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"when": nested(16)}, "/rules/0/when/not"),
        ({"when": {"any": [{"fact": "stream", "eq": "incident"}] * 256}}, "/rules/0/when"),
        ({"when": {}}, "/rules/0/when"),
        ({"when": {"all": [], "any": []}}, "/rules/0/when"),
        ({"when": None}, "/rules/0/when"),
        ({"when": {"fact": "stream", "lt": "incident"}}, "/rules/0/when"),
        ({"when": {"feature": "user_impact", "eq": "high"}}, "/rules/0/when/eq"),
        ({"when": {"feature": "user_impact", "missing": False}}, "/rules/0/when/missing"),
        ({"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/rules/0/until"),
        ({"from": "soon"}, "/rules/0/from"),
        ({"band": "ready"}, "/rules/0/band"),
        ({"effect": "not_above", "rank": 1}, "/rules/0/rank"),
        ({"effect": "limit", "at_most": 1.5, "top": 3}, "/rules/0/at_most"),
        ({"effect": "share", "at_most": 0.5, "at_least": 0.1, "top": 3}, "/rules/0"),
        ({"effect": "share", "at_most": 1.5, "top": 3}, "/rules/0/at_most"),
        ({"effect": "freeze"}, "/rules/0"),
    ],
)
def test_rule_faults(ws, change, pointer):
    before = ws.revision()
    pointers = problem_pointers(made(ws, {**rule(), **change}, expect=422))
    assert any(found.startswith(pointer) for found in pointers), pointers
    assert ws.revision() == before and ws.get("/policies").json()["policies"] == []


def test_at_most_64_rules_of_limit_and_share(ws):
    bounds = [
        {"effect": "limit", "at_most": 2},
        {"effect": "share", "at_most": 0.5},
        {"effect": "share", "at_least": 0.1},
    ]
    rules = [rule("held")] + [rule(f"r{n}", **bounds[n % 3], top=10) for n in range(65)]
    answer = made(ws, *rules, expect=422)
    assert problem_pointers(answer) == ["/rules/65"]
    assert "64" in details(answer)[0]
    made(ws, *rules[:-1])


@pytest.mark.parametrize("depth, expect", [(15, 201), (16, 422)])
def test_predicates_are_as_deep_as_promised(ws, depth, expect):
    made(ws, rule(when=nested(depth)), expect=expect)


# ---- in force ----


def test_into_force_and_out_again(ws):
    ws.push([scored("low", 8, stream="incident"), scored("high", 24)])
    assert order(ws) == ["high", "low"]
    made(ws, rule(effect="pin_top"))
    assert order(ws) == ["high", "low"], "a version alone changes nothing"
    ws.get("/policy-aliases/active", 404)

    before = ws.revision()
    alias = ws.enforce(1, 201).json()
    assert alias == {"name": "active", "policy": 1, "revision": before + 1} == ws.get("/policy-aliases/active").json()
    assert order(ws) == ["low", "high"]
    assert ws.get("/policies").json()["aliases"] == {"active": 1}
    ws.enforce(1, 200)
    assert ws.revision() == before + 1, "the same again is no change"

    assert ws.enforce(None, 200).json()["policy"] is None
    assert order(ws) == ["high", "low"]
    assert ws.get("/policies").json()["aliases"] == {"active": None}
    assert [r["action"] for r in ws.records(after=before)].count("policy_alias.put") == 2


def test_candidate(ws):
    made(ws, rule())
    ws.enforce(1, 201, name="candidate")
    ws.get("/policy-aliases/active", 404)
    ws.put("/policy-aliases/candidate", 412, json={"policy": 1}, headers=NEW)


def test_alias_faults(ws):
    made(ws, rule())
    for body, pointer in (
        ({"policy": 2}, "/policy"),
        ({"policy": 0}, "/policy"),
        ({"policy": "1"}, "/policy"),
        ({"policy": 1.5}, "/policy"),
        ({}, "/policy"),
        ({"policy": None, "x": 1}, "/x"),
        ([], "/policy"),
    ):
        answer = ws.put("/policy-aliases/active", 422, json=body, headers=NEW)
        assert problem_pointers(answer) == [pointer], body
    ws.put("/policy-aliases/active", 428, json={"policy": 1})
    ws.put("/policy-aliases/active", 412, json={"policy": 1}, headers={"If-Match": '"r1"'})
    for name in ("production", "ACTIVE", "a b"):
        ws.get(f"/policy-aliases/{name}", 404)
        ws.put(f"/policy-aliases/{name}", 404, json={"policy": 1}, headers=NEW)


# ---- model and policy fit each other ----

TWO_BANDS = {
    "name": "two bands",
    "kind": "weighted_sum",
    "terms": [{"feature": "user_impact", "weight": 2, "scale": "value"}],
    "bands": [{"name": "now", "at_least": 5}, {"name": "later"}],
}


def banded(ws, *bands):
    return made(ws, *(rule(f"r{i}", "at_most_band", band=band) for i, band in enumerate(bands))).json()["version"]


def test_a_model_without_the_active_policys_bands_is_refused(ws):
    ws.enforce(banded(ws, "ready", "icebox", "ready"))
    ws.post("/models", 201, json=TWO_BANDS)
    before = ws.revision()
    answer = ws.put("/aliases/active", 409, json={"model": 2}, headers={"If-Match": ws.etag("/aliases/active")})
    assert problem_type(answer) == "conflict" and problem_pointers(answer) == ["/model"] * 3
    assert all(word in details(answer)[0] for word in ("r0", "policy 1", "ready", "model 2"))
    assert ws.revision() == before and ws.get("/aliases/active").json()["model"] == 1
    ws.put("/aliases/candidate", 201, json={"model": 2}, headers=NEW)
    ws.enforce(None)
    ws.promote(2)


def test_a_policy_without_the_active_models_bands_is_refused(ws):
    version = banded(ws, "ready")
    ws.post("/models", 201, json=TWO_BANDS)
    ws.promote(2)
    answer = ws.enforce(version, 409)
    assert problem_pointers(answer) == ["/policy"] and "ready" in details(answer)[0]
    ws.enforce(version, 201, name="candidate")
    assert problem_pointers(made(ws, rule("again", "at_most_band", band="ready"), expect=422)) == ["/rules/0/band"]
    ws.promote(1)
    ws.enforce(version, 201)


# ---- the preset ----


def test_the_preset(ws):
    first = ws.post("/policies", 201, json={"preset": "field_guards"}).json()
    body = ws.operator.get("/v1/presets/policy/field_guards").json()["body"]
    assert ws.post("/policies", 200, json=body).json() == first
    assert first["name"] == "field_guards" and len(first["rules"]) == len(body["rules"])
    named = ws.post("/policies", 201, json={"preset": "field_guards", "name": "ours", "description": None}).json()
    assert (named["name"], named["rules"]) == ("ours", first["rules"])
    faults = ws.post("/policies", 422, json={"preset": "nothing"})
    assert problem_pointers(faults) == ["/preset"] and "field_guards" in details(faults)[0]
    assert problem_pointers(ws.post("/policies", 422, json={"preset": "rice"})) == ["/preset"]
    assert problem_pointers(ws.post("/policies", 422, json={"preset": "field_guards", "rules": []})) == ["/rules"]


def test_the_presets_guards_hold(ws):
    ws.post("/policies", 201, json={"preset": "field_guards"})
    ws.push(
        [
            scored("wish", 24, stream="feature_request"),
            item("plain", features=rubric(3, 3, 3, 1)),
            item("cause unknown", features=rubric(3, 1, 3, 3)),
        ]
    )
    assert {e["external_id"]: e["band"] for e in ws.queue()["entries"]} == {
        "wish": "next_sprint",
        "plain": "next_sprint",
        "cause unknown": "next_sprint",
    }
    ws.enforce(1)
    assert {e["external_id"]: e["band"] for e in ws.queue()["entries"]} == {
        "wish": "ready",
        "plain": "next_sprint",
        "cause unknown": "ready",
    }


def test_readers_see_the_rules(ws):
    made(ws, rule())
    for role in ("reader", "reviewer", "admin", "auditor"):
        assert ws.as_role(role).get("/policies/1").json()["rules"][0]["id"] == "first"
    ws.as_role("contributor").get("/policies", 403)
    ws.as_role("reviewer").post("/policies", 403, json={"preset": "field_guards"})
