"""Stopping the active model, letting it go on, going back: in one call each, and the queue says what it goes by."""

import pytest

from support import cli
from support.client import problem_pointers, problem_type
from support.decisions import override
from support.workspace import item, scored

WHY = "The scores jumped after this morning's import"


def suspend(ws, fallback="rules", expect=200, **more):
    return ws.post("/suspend", expect, json={"fallback": fallback, "rationale": WHY, **more})


def resume(ws, expect=200, **more):
    return ws.post("/resume", expect, json={"rationale": WHY, **more})


def order(ws, **params):
    return [entry["external_id"] for entry in ws.whole_queue(**params)]


def filled(ws):
    """First stored is the worst."""
    for each in (scored("low", 9), scored("middle", 14), scored("high", 21)):
        ws.push([each])
    return ["high", "middle", "low"]


def new_model(ws, name="another", **weights):
    terms = [{"feature": feature, "weight": weight, "scale": "value"} for feature, weight in weights.items()]
    body = {"name": name, "kind": "weighted_sum", "terms": terms, "bands": [{"name": "ready", "at_least": 3}]}
    body["bands"].append({"name": "icebox"})
    return ws.post("/models", 201, json=body).json()["version"]


# ---- the rules ----


def test_by_the_rules_there_is_no_score_and_who_was_first_is_first(ws):
    best = filled(ws)
    assert order(ws) == best
    answer = suspend(ws).json()
    assert (answer["action"], answer["model_version"], answer["fallback"], answer["ranks"]) == (
        "suspend",
        1,
        "rules",
        0,
    )
    entries = ws.whole_queue()
    assert [entry["external_id"] for entry in entries] == ["low", "middle", "high"]
    assert {(entry["score"], entry["band"]) for entry in entries} == {(None, None)}


def test_every_page_says_so_until_it_is_resumed(ws):
    filled(ws)
    assert "suspended" not in ws.queue() and "Winnow-Suspended" not in ws.get("/queue").headers
    since = suspend(ws).json()["revision"]
    told = {"model_version": 1, "fallback": "rules", "since_revision": since}
    first = ws.queue(limit=1)
    item_id = first["entries"][0]["id"]
    pages = [
        ws.get("/queue", params={"limit": 1, "cursor": first["next"]}),
        ws.get("/queue/excluded"),
        ws.get("/queue/unknowns"),
        ws.get("/queue", params={"stream": "engineering_bug"}),
    ]
    for page in pages:
        assert page.json()["suspended"] == told, page.url
        assert page.headers["Winnow-Suspended"] == "rules", page.url
    explained = ws.get(f"/items/{item_id}/explanation").json()
    assert explained["suspended"] == told and "no score" in explained["formula"]
    resume(ws)
    after = ws.queue()
    assert "suspended" not in after and after["model"]["version"] == 1
    assert "Winnow-Suspended" not in ws.get("/queue").headers
    assert [entry["external_id"] for entry in after["entries"]] == ["high", "middle", "low"]


def test_policy_and_overrides_still_hold(ws):
    filled(ws)
    rule = {"id": "top", "when": {"fact": "kind", "eq": "incident"}, "effect": "pin_top", "reason": "incidents first"}
    ws.push([item("fire", kind="incident")])
    ws.enforce(ws.post("/policies", 201, json={"name": "p", "rules": [rule]}).json()["version"])
    suspend(ws)
    assert order(ws) == ["fire", "low", "middle", "high"]


# ---- the last ranking that was kept ----


def test_the_kept_order_holds_and_newcomers_come_behind(ws):
    filled(ws)
    ws.queue()
    kept = ws.post("/rankings", 201, json={}).json()
    ws.push([scored("newcomer", 24)])
    assert order(ws)[0] == "newcomer"
    answer = suspend(ws, "last_approved_ranking").json()
    assert (answer["ranking"], answer["ranks"]) == (kept["id"], 3)
    entries = ws.whole_queue()
    assert [entry["external_id"] for entry in entries] == ["high", "middle", "low", "newcomer"]
    assert [entry["band"] for entry in entries][-1] is None
    assert ws.queue()["suspended"]["ranking"] == kept["id"]


def test_bands_keep_their_names_and_sizes(ws):
    filled(ws)
    before = [entry["band"] for entry in ws.whole_queue()]
    ws.post("/rankings", 201, json={})
    suspend(ws, "last_approved_ranking")
    assert [entry["band"] for entry in ws.whole_queue()] == before


def test_without_a_kept_ranking(ws):
    filled(ws)
    assert problem_type(suspend(ws, "last_approved_ranking", 409)) == "conflict"
    suspend(ws, "last_approved_ranking", 409, ranking="1.1")


def test_a_ranking_kept_while_suspended_is_no_fallback(ws):
    filled(ws)
    ws.queue()
    first = ws.post("/rankings", 201, json={}).json()["id"]
    suspend(ws)
    ws.queue()
    ws.post("/rankings", 201, json={})
    resume(ws)
    ws.queue()
    assert suspend(ws, "last_approved_ranking").json()["ranking"] == first


# ---- proof ----


@pytest.mark.parametrize("fallback", ("rules", "last_approved_ranking"))
def test_receipts_replays_and_bundles_hold(ws, tmp_path, fallback):
    filled(ws)
    ws.queue()
    ws.post("/rankings", 201, json={})
    revision = suspend(ws, fallback).json()["revision"]
    during = order(ws)
    kept = ws.post("/rankings", 201, json={}).json()
    resume(ws)
    assert order(ws) != during or fallback == "last_approved_ranking"
    past = ws.queue(fresh=False, revision=revision)
    assert [entry["external_id"] for entry in past["entries"]] == during
    assert past["suspended"]["fallback"] == fallback
    replayed = ws.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()
    assert replayed["same"] is True, replayed
    bundle = tmp_path / "bundle.ndjson"
    bundle.write_bytes(ws.get(f"/rankings/{kept['id']}/bundle").content)
    assert cli.run("rank", "--offline", bundle).stdout == ws.get(f"/rankings/{kept['id']}/order").text
    assert ws.verify()["ok"]


# ---- refusals ----


@pytest.mark.parametrize(
    "body, pointers",
    [
        ({}, ["/fallback", "/rationale"]),
        ({"fallback": "rules"}, ["/rationale"]),
        ({"fallback": "rules", "rationale": "too short"}, ["/rationale"]),
        ({"fallback": "guess", "rationale": WHY}, ["/fallback"]),
        ({"fallback": "rules", "ranking": "1.1", "rationale": WHY}, ["/ranking"]),
        ({"fallback": "rules", "rationale": WHY, "until": "x"}, ["/until"]),
    ],
)
def test_all_faults_are_told(ws, body, pointers):
    before = ws.revision()
    assert problem_pointers(ws.post("/suspend", 422, json=body)) == pointers
    assert ws.revision() == before


def test_twice_is_a_conflict_and_so_is_a_move_meanwhile(ws):
    version = new_model(ws, user_impact=3)
    resume(ws, 409)
    suspend(ws)
    suspend(ws, expect=409)
    etag = ws.etag("/aliases/active")
    moved = ws.put("/aliases/active", 409, json={"model": version}, headers={"If-Match": etag})
    assert "suspended" in moved.json()["errors"][0]["detail"]
    ws.post("/rollback", 409, json={"model_version": 1, "rationale": WHY})
    resume(ws)


def test_a_fixed_order_is_not_posted(ws):
    body = {"name": "mine", "kind": "fixed_order", "items": "", "bands": [{"name": "all"}]}
    assert problem_pointers(ws.post("/models", 422, json=body)) == ["/kind"]


def keep(ws, client):
    return client.post("/rankings", 201, json={}, params={"min_revision": ws.revision()}).json()


def test_the_fallback_is_no_order_of_an_agents_making(ws):
    best = filled(ws)
    keep(ws, ws)
    agent = ws.client(ws.token("reviewer", actor_kind="agent"))
    pin = override(ws, "low", "pin", rank=1)
    keep(ws, agent)
    ws.post(f"/overrides/{pin['id']}:revoke", 200, json={})
    suspend(ws, "last_approved_ranking")
    assert order(ws) == best


def test_an_order_that_stood_in_is_no_fallback_by_name_either(ws):
    filled(ws)
    suspend(ws)
    kept = keep(ws, ws)
    resume(ws)
    suspend(ws, "last_approved_ranking", expect=409, ranking=kept["id"])


# ---- back ----


def test_roll_back_in_one_call(ws):
    version = new_model(ws, user_impact=3)
    ws.promote(version)
    before = ws.revision()
    answer = ws.post("/rollback", 200, json={"model_version": 1, "rationale": WHY}).json()
    assert (answer["action"], answer["active_version"], answer["rationale"]) == ("rollback", 1, WHY)
    assert ws.get("/aliases/active").json()["model"] == 1
    assert ws.revision() == before + 1
    record = ws.records()[-1]
    assert (record["action"], record["subject"]) == ("model.rollback", "model:1")
    assert WHY not in str(record)
    ws.post("/rollback", 200, json={"model_version": version, "rationale": WHY})


def test_only_what_was_in_force_can_be_gone_back_to(ws):
    version = new_model(ws, user_impact=3)
    for body in ({"model_version": version}, {"model_version": 99}, {"policy_version": 1}, {"model_version": 1}):
        ws.post("/rollback", 409, json={**body, "rationale": WHY})
    for body in ({}, {"model_version": 1, "policy_version": 1}):
        assert problem_pointers(ws.post("/rollback", 422, json={**body, "rationale": WHY})) == [""]


def propose_weights(client, impact, verb, *deciders):
    body = {"change": "model", "body": {"weights": {"user_impact": impact}}, "rationale": WHY}
    proposal = client.post("/proposals", 201, json=body).json()
    for decider in deciders:
        seen = {"digest": proposal["digest"], "rationale": WHY}
        decided = decider.post(f"/proposals/{proposal['id']}:{verb}", 200, json=seen).json()
    return int(decided["end"]["result"].split(":")[1])


def test_under_a_rule_one_goes_back_only_to_what_was_approved(ws):
    ann, bob = (ws.client(ws.token("reviewer", "admin", actor_kind="human", person=name)) for name in ("ann", "bob"))
    rules = {"rules": [{"change": "model"}], "bypass": ["ann"]}
    ws.put("/approval-rules", 201, json=rules, headers={"If-None-Match": "*"})

    def back(version, expect=200):
        return bob.post("/rollback", expect, json={"model_version": version, "rationale": WHY})

    approved = propose_weights(ann, 7, "approve", bob)
    bypassed = propose_weights(ann, 8, "bypass", ann)
    newest = propose_weights(ann, 9, "approve", bob)
    assert problem_type(back(bypassed, 409)) == "approval-required", "nobody has approved it"
    back(approved)
    assert problem_type(back(newest, 409)) == "approval-required", "it was gone back from"
    suspend(bob)
    assert problem_type(resume(bob, 409, model_version=newest)) == "approval-required"
    resume(bob, model_version=1)
    assert problem_type(back(approved, 409)) == "approval-required", "and so was this, by resuming with another"


def test_resuming_does_not_make_a_bypass_approved(ws):
    ann, bob = (ws.client(ws.token("reviewer", "admin", actor_kind="human", person=name)) for name in ("ann", "bob"))
    rules = {"rules": [{"change": "model"}], "bypass": ["ann"]}
    ws.put("/approval-rules", 201, json=rules, headers={"If-None-Match": "*"})
    bypassed = propose_weights(ann, 8, "bypass", ann)
    suspend(bob)
    resume(bob)
    assert ws.get("/aliases/active").json()["model"] == bypassed
    approved = propose_weights(ann, 9, "approve", bob)
    answer = bob.post("/rollback", 409, json={"model_version": bypassed, "rationale": WHY})
    assert problem_type(answer) == "approval-required"
    bob.post("/rollback", 200, json={"model_version": 1, "rationale": WHY})
    assert approved != bypassed


def test_a_policy_rolls_back_too(ws):
    rule = {"id": "r", "when": {"fact": "kind", "eq": "bug"}, "effect": "hold", "reason": "looked at first"}
    versions = [ws.post("/policies", 201, json={"name": n, "rules": [rule]}).json()["version"] for n in ("a", "b")]
    for version in versions:
        ws.enforce(version)
    ws.post("/rollback", 200, json={"policy_version": versions[0], "rationale": WHY})
    assert ws.get("/policy-aliases/active").json()["policy"] == versions[0]


def test_resumed_with_an_earlier_version(ws):
    version = new_model(ws, user_impact=3)
    ws.promote(version)
    stood_in = suspend(ws).json()["active_version"]
    resume(ws, 409, model_version=stood_in)
    assert resume(ws, model_version=1).json()["active_version"] == 1
    assert "suspended" not in ws.queue()
    ws.post("/rollback", 409, json={"model_version": stood_in, "rationale": WHY})


def test_sent_again_it_is_done_once(ws):
    headers = {"Idempotency-Key": "stop-1"}
    body = {"fallback": "rules", "rationale": WHY}
    first = ws.post("/suspend", 200, json=body, headers=headers)
    again = ws.post("/suspend", 200, json=body, headers=headers)
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"


def test_the_roll_out_tells_it_all(ws):
    filled(ws)
    ws.queue()
    shown = ws.get("/rollout").json()
    assert shown["candidate"] is None and shown["interventions"] == []
    version = new_model(ws, user_impact=3)
    ws.put("/aliases/candidate", 201, json={"model": version}, headers={"If-None-Match": "*"})
    suspend(ws)
    resume(ws)
    ws.queue()
    shown = ws.get("/rollout", params={"min_revision": ws.revision()}).json()
    assert [each["action"] for each in shown["interventions"]] == ["resume", "suspend"]
    candidate = shown["candidate"]
    assert (candidate["model_version"], candidate["differences"]["simulated"]) == (version, True)
    assert candidate["differences"]["base"]["model"] == 1
    assert [entry["external_id"] for entry in ws.queue()["entries"]] == ["high", "middle", "low"], "shadow alone"
