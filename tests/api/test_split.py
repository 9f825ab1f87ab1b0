"""A candidate that is active for chosen streams or teams: one order of two models, and what that takes."""

import pytest

from support import cli
from support.client import problem_pointers
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
