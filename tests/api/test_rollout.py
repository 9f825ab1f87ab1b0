"""What a candidate would change, told to those who may simulate and see what it reads."""

from support.workspace import item, scored
from test_access import BANDS, pay_decides

NEW = {"If-None-Match": "*"}
PAY_RULE = {"id": "rich", "when": {"feature": "salary", "ge": 7}, "effect": "exclude", "reason": "By pay."}


def candidate(ws, role):
    return ws.as_role(role).get("/rollout", 200, params={"min_revision": ws.revision()}).json()


def open_candidate(ws):
    term = {"feature": "user_impact", "weight": 2, "unknown": "span"}
    body = {"name": "by impact", "kind": "weighted_sum", "bands": BANDS, "terms": [term]}
    ws.put("/aliases/candidate", 201, json={"model": ws.post("/models", 201, json=body).json()["version"]}, headers=NEW)


def test_readers_see_that_there_is_one_and_not_what_it_would_do(ws):
    ws.push([scored("a", 24), scored("b", 20)])
    open_candidate(ws)
    told = candidate(ws, "reader")["candidate"]
    assert told == {"model_version": 2, "policy_version": 0, "differences": None}
    for role in ("reviewer", "auditor", "admin"):
        assert candidate(ws, role)["candidate"]["differences"]["simulated"], role


def test_a_candidate_policy_over_hidden_values_is_not_tried_for_others(ws):
    ws.put_feature("salary", sensitive=True, family="business_value")
    ws.push([item("ann", features={"salary": 9}), item("bob", features={"salary": 5})])
    version = ws.post("/policies", 201, json={"name": "p", "rules": [PAY_RULE]}).json()["version"]
    ws.enforce(version, name="candidate")
    told, whole = candidate(ws, "reviewer"), candidate(ws, "admin")
    assert told["masked"] and told["candidate"]["differences"] is None
    assert "masked" not in whole and whole["candidate"]["differences"]["simulated"]


def test_nor_is_an_open_candidate_beside_a_model_of_hidden_values(ws):
    pay_decides(ws)
    ws.push([item("ann", features={"salary": 9}), item("bob", features={"salary": 5})])
    open_candidate(ws)
    told, whole = candidate(ws, "reviewer"), candidate(ws, "admin")
    assert told["masked"] and told["candidate"]["differences"] is None
    assert whole["candidate"]["differences"]["simulated"]
