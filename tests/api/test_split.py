"""A candidate that is active for chosen streams or teams: one order of two models, and what that takes."""

import pytest

from support import cli
from support.client import problem_pointers
from support.decisions import fresh, item_id
from support.workspace import item, rubric

BANDS = [{"name": "ready", "at_least": 4}, {"name": "icebox"}]
WHY = "Tried on one stream before it counts for all"


def a_model(ws, name, feature, bands=None, weight=2):
    body = {"name": name, "kind": "weighted_sum", "terms": [{"feature": feature, "weight": weight, "scale": "value"}]}
    return ws.post("/models", 201, json={**body, "bands": bands or BANDS}).json()["version"]


def split(ws, *components, expect=201, bands=None):
    body = {"name": "tried on a part", "kind": "blend", "rule": "split", "components": list(components)}
    return ws.post("/models", expect, json={**body, "bands": bands or BANDS})


def filled(ws):
    for name, stream, team, impact, delay in (
        ("bug", "engineering_bug", None, 3, 1),
        ("quality", "model_quality", None, 1, 3),
        ("wish", "feature_request", "payments", 1, 2),
        ("other", "feature_request", "search", 2, 3),
    ):
        fields = {"stream": stream, "features": rubric(impact, 2, 2, delay)}
        ws.push([item(name, **fields, **({"team": team} if team else {}))])


def scores(ws):
    return {entry["external_id"]: entry["score"] for entry in ws.whole_queue()}


def test_chosen_streams_and_teams_have_the_candidates_score(ws, tmp_path):
    filled(ws)
    old, new = a_model(ws, "old", "user_impact"), a_model(ws, "new", "cost_of_delay")
    made = split(ws, {"model": new, "streams": ["model_quality"], "teams": ["payments"]}, {"model": old}).json()
    assert made["formula"] == f"model {new} for model_quality, payments; model {old} for the rest"
    assert made["components"][0]["streams"] == ["model_quality"] and "streams" not in made["components"][1]
    ws.promote(made["version"])
    assert scores(ws) == {"bug": 6, "quality": 6, "wish": 4, "other": 4}
    queue = ws.queue()
    assert queue["model"]["version"] == made["version"]

    explained = ws.get(f"/items/{queue['entries'][0]['id']}/explanation").json()
    labels = [step["label"] for step in explained["tree"] if step["depth"] == 1]
    assert sorted(labels) == ["of others", "of this item"]

    kept = ws.post("/rankings", 201, json={}).json()
    assert kept["receipt"]["model"] == made["version"]
    assert ws.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()["same"] is True
    bundle = tmp_path / "bundle.ndjson"
    bundle.write_bytes(ws.get(f"/rankings/{kept['id']}/bundle").content)
    assert cli.run("rank", "--offline", bundle).stdout == ws.get(f"/rankings/{kept['id']}/order").text

    ws.promote(old)
    ws.post("/rollback", 200, json={"model_version": made["version"], "rationale": WHY})
    assert scores(ws)["quality"] == 6


def test_a_share_is_proposed_and_approved_as_any_model(ws):
    filled(ws)
    old, new = a_model(ws, "old", "user_impact"), a_model(ws, "new", "cost_of_delay")
    ws.promote(old)
    ws.put("/approval-rules", 201, json={"rules": [{"change": "model"}]}, headers={"If-None-Match": "*"})
    components = [{"model": new, "streams": ["model_quality"]}, {"model": old}]
    document = {"name": "a part", "kind": "blend", "rule": "split", "components": components, "bands": BANDS}
    ann, bob = (ws.client(ws.token("reviewer", actor_kind="human", person=who)) for who in ("ann", "bob"))
    ws.queue()
    body = {"change": "model", "body": {"model": document}, "rationale": WHY}
    proposal = ann.post("/proposals", 201, json=body, params={"min_revision": ws.revision()}).json()
    assert proposal["effect"]["simulated"] and proposal["effect"]["base"]["model"] == old
    done = bob.post(f"/proposals/{proposal['id']}:approve", 200, json={"digest": proposal["digest"], "rationale": WHY})
    assert done.json()["state"] == "applied"
    assert scores(ws) == {"bug": 6, "quality": 6, "wish": 2, "other": 4}


def test_relative_models_can_be_a_share_too(ws):
    filled(ws)
    inputs = [{"feature": "user_impact"}, {"feature": "cost_of_delay"}]
    pareto = {"name": "fronts", "kind": "pareto", "objectives": inputs, "bands": BANDS}
    answer = ws.post("/models", (201, 422), json=pareto)
    if answer.status_code == 422:
        pytest.fail(answer.text)
    old = a_model(ws, "old", "user_impact")
    made = split(ws, {"model": answer.json()["version"], "streams": ["model_quality"]}, {"model": old}).json()
    alone = ws.promote(answer.json()["version"]) and scores(ws)
    ws.promote(made["version"])
    assert scores(ws) == {"bug": 6, "wish": 2, "other": 4, "quality": alone["quality"]}


@pytest.mark.parametrize(
    "first, last, pointers",
    [
        ({}, {}, ["/components/0"]),
        ({"streams": ["nowhere"]}, {}, ["/components/0/streams/0"]),
        ({"streams": ["model_quality"]}, {"teams": ["payments"]}, ["/components/1"]),
        ({"streams": ["model_quality"], "weight": 2}, {}, ["/components/0/weight"]),
    ],
)
def test_faults(ws, first, last, pointers):
    old, new = a_model(ws, "old", "user_impact"), a_model(ws, "new", "cost_of_delay")
    answer = split(ws, {"model": new, **first}, {"model": old, **last}, expect=422)
    assert problem_pointers(answer) == pointers


def test_scores_must_be_comparable(ws):
    """The same bands, by name and by threshold; else a score of one means nothing beside a score of the other."""
    old = a_model(ws, "old", "user_impact")
    for bands in (
        [{"name": "ready", "at_least": 5}, {"name": "icebox"}],
        [{"name": "now", "at_least": 4}, {"name": "icebox"}],
    ):
        new = a_model(ws, "new", "cost_of_delay", bands)
        answer = split(ws, {"model": new, "streams": ["model_quality"]}, {"model": old}, expect=422)
        assert problem_pointers(answer) == ["/components/0/model"]


# ---- policies on a part ----


def a_policy(ws, *rules, name="p", expect=201):
    return ws.post("/policies", expect, json={"name": name, "rules": list(rules)}).json()["version"]


def a_rule(rule_id, effect="hold", when=None, **more):
    when = {"all": []} if when is None else when
    return {"id": rule_id, "when": when, "effect": effect, "reason": f"Because of {rule_id}.", **more}


def join(ws, *parts, expect=201, **more):
    return ws.post("/policies", expect, json={"name": "tried on a part", "split": list(parts), **more})


def verdicts(ws):
    """What rules did, by item."""
    found = {}
    for name in ("bug", "quality", "wish", "other"):
        rules = fresh(ws, f"/items/{item_id(ws, name)}/explanation")["rules"]
        found[name] = sorted(rule["id"] for rule in rules)
    return found


def test_a_policy_is_tried_on_a_part(ws, tmp_path):
    """Version 2 for one stream and one team, version 1 for the rest; what both say holds for all."""
    filled(ws)
    same = a_rule("risk", when={"feature": "risk_category", "missing": True})
    old = a_policy(ws, same, a_rule("metric", when={"feature": "success_metric", "missing": True}))
    new = a_policy(ws, same, a_rule("metric", "at_most_band", band="icebox"), a_rule("quality", "pin_top"))
    ws.enforce(old)
    part = {"policy": new, "streams": ["model_quality"], "teams": ["payments"]}
    made = join(ws, part, {"policy": old}).json()
    assert made["split"] == [part, {"policy": old}]
    assert [rule["id"] for rule in made["rules"]] == ["risk", "metric-v2", "quality-v2", "metric-v1"]
    assert made["rules"][0] == same
    assert ws.get(f"/policies/{made['version']}").json() == made
    assert join(ws, part, {"policy": old}, expect=200).json()["version"] == made["version"]

    ws.put("/policy-aliases/candidate", 201, json={"policy": made["version"]}, headers={"If-None-Match": "*"})
    shadow = fresh(ws, "/rollout")["candidate"]
    assert shadow["policy_version"] == made["version"] and shadow["differences"]["moved_count"] > 0
    checked = ws.post("/policies:check", 200, json={"policy": {"name": "x", "split": [part, {"policy": old}]}}).json()
    assert {rule["id"]: rule["hits"] for rule in checked["rules"]} == {
        "risk": 4,
        "metric-v2": 2,
        "quality-v2": 2,
        "metric-v1": 2,
    }

    ws.enforce(made["version"])
    theirs, others = ["metric-v2", "quality-v2", "risk"], ["metric-v1", "risk"]
    assert verdicts(ws) == {"quality": theirs, "wish": theirs, "bug": others, "other": others}
    queue = ws.queue()
    assert queue["policy"]["version"] == made["version"]
    assert {entry["external_id"] for entry in queue["entries"][:2]} == {"quality", "wish"}

    kept = ws.post("/rankings", 201, json={}).json()
    assert kept["receipt"]["policy"] == made["version"]
    assert ws.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()["same"] is True
    bundle = tmp_path / "bundle.ndjson"
    bundle.write_bytes(ws.get(f"/rankings/{kept['id']}/bundle").content)
    assert cli.run("rank", "--offline", bundle).stdout == ws.get(f"/rankings/{kept['id']}/order").text
    env = {"url": ws.url, "token": ws.secret, "workspace": ws.name}
    shown = cli.run("policy", "show", made["version"], **env).stdout
    assert "version 2 for streams model_quality for teams payments" in shown and "version 1 for the rest" in shown

    back = ws.post("/rollback", 200, json={"policy_version": old, "rationale": WHY}).json()
    assert back["active_version"] == old
    assert verdicts(ws)["quality"] == ["metric", "risk"]


def test_places_of_the_whole_queue_are_not_parted(ws):
    filled(ws)
    bugs = {"fact": "stream", "eq": "engineering_bug"}
    lane = {"at_most": 2, "top": 2}
    old = a_policy(ws, a_rule("lane", "limit", **lane), a_rule("bugs", "limit", when=bugs, **lane))
    new = a_policy(ws, a_rule("lane", "limit", at_most=3, top=3), a_rule("bugs", "limit", when=bugs, at_most=1, top=1))
    parts = [{"policy": new, "streams": ["engineering_bug"]}, {"policy": old}]
    answer = join(ws, *parts, expect=422)
    assert problem_pointers(answer) == ["/split/0", "/split/1"] and "lane" in answer.text
    # The same limit in both is one limit; that of a stream follows the stream.
    new = a_policy(ws, a_rule("lane", "limit", **lane), a_rule("bugs", "limit", when=bugs, at_most=0, top=3))
    made = join(ws, {**parts[0], "policy": new}, parts[1]).json()
    assert [rule["id"] for rule in made["rules"]] == ["lane", f"bugs-v{new}"]
    ws.enforce(made["version"])
    queue = ws.queue()
    assert queue["entries"][-1]["external_id"] == "bug"


def test_faults_of_parts(ws):
    filled(ws)
    one, two = a_policy(ws, a_rule("a")), a_policy(ws, a_rule("b"))
    for parts, pointers in (
        ([{"policy": one}], ["/split"]),
        ([{"policy": one}, {"policy": two}], ["/split/0"]),
        (
            [{"policy": 9, "streams": ["nowhere"]}, {"policy": two, "teams": ["x"]}],
            ["/split/0/policy", "/split/0/streams/0", "/split/1"],
        ),
    ):
        assert problem_pointers(join(ws, *parts, expect=422)) == pointers
    good = [{"policy": one, "teams": ["x"]}, {"policy": two}]
    assert problem_pointers(join(ws, *good, expect=422, rules=[a_rule("c")])) == ["/rules"]
    made = join(ws, *good).json()["version"]
    nested = [{"policy": made, "teams": ["y"]}, {"policy": one}]
    assert problem_pointers(join(ws, *nested, expect=422)) == ["/split/0/policy"]
    body = {"name": "copied", "rules": [a_rule("a")], "split": good}
    assert problem_pointers(ws.post("/policies", 422, json=body)) == ["/rules"]


def test_a_version_that_is_hidden_is_put_together_with_none(ws):
    """What does not fit would name its rules: to who may not see them nothing is said."""
    filled(ws)
    ws.put_feature("pay", sensitive=True)
    hidden = a_policy(ws, a_rule("pay-cap", "limit", when={"feature": "pay", "ge": 1}, at_most=2, top=2))
    parts = [{"policy": hidden, "streams": ["model_quality"]}, {"policy": a_policy(ws, a_rule("open"))}]
    document = {"name": "a part", "split": parts}
    assert "pay-cap" in join(ws, *parts, expect=422).text
    now = {"min_revision": ws.revision()}
    proposal = {"change": "policy", "body": {"policy": document}, "rationale": WHY}
    for role, path, body in (
        ("contributor", "/proposals", proposal),
        ("reviewer", "/proposals", proposal),
        ("reviewer", "/simulations", {"policy": document}),
        ("reviewer", "/policies:check", {"policy": document}),
    ):
        answer = ws.as_role(role).post(path, 403, json=body, params=now)
        assert answer.json()["type"] == "/problems/sensitive-input" and "pay-cap" not in answer.text, (role, path)


def test_a_part_is_proposed_and_approved_as_any_policy(ws):
    filled(ws)
    old, new = a_policy(ws, a_rule("a")), a_policy(ws, a_rule("b", "exclude"))
    ws.enforce(old)
    ws.put("/approval-rules", 201, json={"rules": [{"change": "policy"}]}, headers={"If-None-Match": "*"})
    document = {"name": "a part", "split": [{"policy": new, "streams": ["model_quality"]}, {"policy": old}]}
    ann, bob = (ws.client(ws.token("reviewer", actor_kind="human", person=who)) for who in ("ann", "bob"))
    ws.queue()
    body = {"change": "policy", "body": {"policy": document}, "rationale": WHY}
    proposal = ann.post("/proposals", 201, json=body, params={"min_revision": ws.revision()}).json()
    assert proposal["effect"]["simulated"] and proposal["effect"]["removed_count"] == 1
    done = bob.post(f"/proposals/{proposal['id']}:approve", 200, json={"digest": proposal["digest"], "rationale": WHY})
    assert done.json()["state"] == "applied"
    assert sorted(entry["external_id"] for entry in ws.whole_queue()) == ["bug", "other", "wish"]
