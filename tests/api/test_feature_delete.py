"""Deleting a feature: refused while something in force uses it; gone for what is new, kept for what was."""

from support.client import problem_pointers, problem_type
from support.workspace import item, rubric, value_of


def users(answer):
    assert problem_type(answer) == "in-use"
    return [fault["detail"] for fault in answer.json()["errors"]]


def weighted(ws, *features):
    body = {"name": "m", "kind": "weighted_sum", "bands": [{"name": "next_sprint", "at_least": 1}, {"name": "icebox"}]}
    terms = [{"feature": feature, "weight": 1} for feature in features]
    return ws.post("/models", 201, json={**body, "terms": terms}).json()["version"]


def policy(ws, when):
    rule = {"id": "r", "when": when, "effect": "hold", "reason": "x"}
    return ws.post("/policies", 201, json={"name": "p", "rules": [rule]}).json()["version"]


def test_one_that_nothing_uses(ws):
    made = ws.put_feature("confusion").json()
    item_id = ws.push(item("1", features={"confusion": 3}))["results"][0]["id"]
    before = ws.revision()
    answer = ws.delete_named("/features/confusion")
    assert not answer.content and answer.headers["Winnow-Revision"] == str(before + 1)
    assert [record["action"] for record in ws.records(after=before)] == ["feature.delete"]
    ws.get("/features/confusion", 404)
    ws.delete("/features/confusion", 404, headers={"If-Match": "*"})
    assert "confusion" not in {feature["name"] for feature in ws.get("/features").json()["features"]}
    assert value_of(ws.item(item_id), "confusion") is None
    assert problem_pointers(ws.push(item("2", features={"confusion": 3}), 207)["results"][0]["problem"]) == [
        "/features/confusion"
    ]

    again = ws.put_feature("confusion").json()
    assert again["id"] == made["id"] and again["revision"] > made["revision"]
    assert value_of(ws.item(item_id), "confusion") == 3, "it comes back with the values that it had"


def test_another_type_does_not_come_back(ws):
    ws.put_feature("confusion")
    ws.delete_named("/features/confusion")
    body = {"type": "boolean", "family": "effort", "description": "x"}
    answer = ws.put("/features/confusion", 422, json=body, headers={"If-None-Match": "*"})
    assert problem_pointers(answer) == ["/type"]


def test_preconditions(ws):
    ws.put_feature("confusion")
    ws.delete("/features/confusion", 428)
    ws.delete("/features/confusion", 412, headers={"If-Match": '"r1"'})
    ws.delete("/features/nonsense", 404, headers={"If-Match": '"r1"'})
    ws.as_role("reviewer").delete("/features/confusion", 403, headers={"If-Match": "*"})
    ws.get("/features/confusion")


def test_all_users_are_named(ws):
    before = ws.revision()
    told = users(ws.delete_named("/features/user_impact", 409))
    assert any("model 1 (active)" in text for text in told) and ws.revision() == before

    ws.put_feature("confusion")
    model = weighted(ws, "confusion", "user_impact")
    other = ws.post(
        "/models",
        201,
        json={
            "name": "b",
            "kind": "blend",
            "components": [{"model": 1, "weight": 1}, {"model": model, "weight": 1}],
            "bands": [{"name": "next_sprint"}],
        },
    ).json()["version"]
    assert ws.put("/aliases/candidate", 201, json={"model": other}, headers={"If-None-Match": "*"})
    ws.enforce(policy(ws, {"any": [{"not": {"feature": "confusion", "ge": 2}}]}))
    mapping = ws.get("/sources/github/mapping")
    body = {key: value for key, value in mapping.json().items() if key not in ("format", "revision")}
    rules = body.get("rules", []) + [{"label": "confusing", "set": {"features": {"confusion": 5}}}]
    ws.put("/sources/github/mapping", 200, json={**body, "rules": rules}, headers={"If-Match": mapping.headers["ETag"]})
    told = users(ws.delete_named("/features/confusion", 409))
    assert len(told) == 3
    for text, word in zip(told, (f"model {other} (candidate)", "policy 1 (active)", "mapping github")):
        assert word in text


def test_old_versions_do_not_hold_a_feature_but_cannot_come_back(ws):
    ws.put_feature("confusion")
    ws.push([item("1", features={**rubric(3, 3, 3, 3), "confusion": 3})])
    model = weighted(ws, "confusion")
    rules = policy(ws, {"feature": "confusion", "ge": 2})
    ws.promote(model)
    ws.enforce(rules)
    assert ws.queue()["entries"][0]["score"] == 0.3
    ws.promote(1)
    ws.enforce(None)
    ws.delete_named("/features/confusion")
    assert [term["feature"] for term in ws.get(f"/models/{model}").json()["terms"]] == ["confusion"]
    assert ws.get(f"/policies/{rules}").json()["rules"][0]["when"] == {"feature": "confusion", "ge": 2}
    assert ws.queue()["entries"][0]["score"] == 24

    answer = ws.put("/aliases/active", 409, json={"model": model}, headers={"If-Match": ws.etag("/aliases/active")})
    assert problem_pointers(answer) == ["/model"] and "confusion" in answer.json()["detail"]
    answer = ws.enforce(rules, 409)
    assert problem_pointers(answer) == ["/policy"] and "confusion" in answer.json()["detail"]
    terms = [{"feature": "confusion", "weight": 1}]
    assert problem_pointers(
        ws.post("/models", 422, json={"name": "m", "kind": "weighted_sum", "terms": terms, "bands": [{"name": "a"}]})
    ) == ["/terms/0/feature"]

    ws.put_feature("confusion")
    ws.promote(model)
    assert ws.queue()["entries"][0]["score"] == 0.3
    assert ws.verify()["ok"]
