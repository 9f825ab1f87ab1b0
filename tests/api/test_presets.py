"""Presets: public, complete, and each can be posted by its name or as it is."""

import pytest

from support.client import Client, problem_pointers
from support.workspace import item, rubric

MODELS = ("rice", "ice", "wsjf", "cost_of_delay", "value_effort", "balanced_pareto")


def test_anybody_may_read_them(operator):
    nobody = Client(operator.url)
    presets = nobody.get("/v1/presets").json()["presets"]
    assert [(preset["kind"], preset["name"]) for preset in presets] == [
        *(("model", name) for name in MODELS),
        ("policy", "field_guards"),
        ("contract", "field_contract"),
    ]
    for preset in presets:
        assert nobody.get(f"/v1/presets/{preset['kind']}/{preset['name']}").json() == preset
        assert preset["body"]["name"] == preset["name"]
    for path in ("model/nothing", "policy/rice", "thing/rice", "model/RICE"):
        nobody.get(f"/v1/presets/{path}", 404)
    assert problem_pointers(nobody.get("/v1/presets", 422, params={"kind": "model"})) == ["/query/kind"]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_preset(ws, name):
    by_name = ws.post("/models", 201, json={"preset": name}).json()
    body = ws.operator.get(f"/v1/presets/model/{name}").json()["body"]
    assert ws.post("/models", 200, json=body).json() == by_name
    own = ws.post("/models", 201, json={"preset": name, "name": "ours", "bands": [{"name": "all"}]}).json()
    assert (own["name"], own["kind"], own["bands"]) == ("ours", by_name["kind"], [{"name": "all"}])
    ws.push([item("known", features=rubric(3, 2, 2, 3)), item("unknown")])
    ws.promote(by_name["version"])
    queue = ws.queue()
    assert queue["model"] == {"version": 2, "name": name}
    assert {entry["external_id"] for entry in queue["entries"]} == {"known", "unknown"}


def test_faults(ws):
    answer = ws.post("/models", 422, json={"preset": "nothing"})
    assert problem_pointers(answer) == ["/preset"] and "wsjf" in answer.json()["detail"]
    assert problem_pointers(ws.post("/models", 422, json={"preset": 7})) == ["/preset"]
    assert problem_pointers(ws.post("/models", 422, json={"preset": "rice", "kind": "expression"})) == ["/kind"]
    assert problem_pointers(ws.post("/models", 422, json={"preset": "rice", "bands": []})) == ["/bands"]
