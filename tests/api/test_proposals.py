"""A machine proposes, people decide: what needs approval, who counts as somebody else, and that one revision does it."""

import datetime
import json

import pytest

from support import cli
from support.client import Client, problem_pointers, problem_type
from support.workspace import ROLES, scored

WHY = "Impact was the better predictor in the last quarter"


def rules(ws, *changes, bypass=(), expect=201, **more):
    body = {"rules": [{"change": change, **more} for change in changes], "bypass": list(bypass)}
    return ws.put("/approval-rules", expect, json=body, headers={"If-None-Match": "*"})


def person(ws, name=None, *roles, kind="human"):
    made = ws.token(*(roles or ("reviewer", "admin")), actor_kind=kind, **({"person": name} if name else {}))
    client = ws.client(made)
    client.id, client.token_id = f"token:{made['id']}", made["id"]
    return client


def agent(ws):
    return person(ws, None, "contributor", "reviewer", kind="agent")


def propose(client, expect=201, change="model", body=None, rationale=WHY, **more):
    body = body if body is not None else {"weights": {"user_impact": 1, "cost_of_delay": 6}}
    return client.post("/proposals", expect, json={"change": change, "body": body, "rationale": rationale, **more})


def decide(client, proposal, verb="approve", expect=200, digest=None):
    body = {"rationale": "Looked at the effect, and it is what we want"}
    if verb in ("approve", "apply", "bypass"):
        body["digest"] = digest or proposal["digest"]
    return client.post(f"/proposals/{proposal['id']}:{verb}", expect, json=body)


def seen(ws, proposal, **params):
    return ws.get(f"/proposals/{proposal['id']}", params=params).json()


# ---- the story ----


def test_an_agent_proposes_and_people_decide(ws):
    """Weights are proposed with their effect, a second person approves, the queue moves, and goes back in one call."""
    ws.push([scored("urgent", 10, labels=["x"]), scored("broad", 17)])
    ws.push(
        [
            {
                **scored("late", 8),
                "features": {"cost_of_delay": 3, "user_impact": 1, "fix_confidence": 1, "reversibility": 1},
            }
        ]
    )
    before = [entry["external_id"] for entry in ws.whole_queue()]
    rules(ws, "model")
    machine, ann, bob = agent(ws), person(ws, "ann"), person(ws, "bob")

    proposal = propose(machine).json()
    assert (proposal["state"], proposal["proposer_kind"], proposal["needed"]) == ("open", "agent", 1)
    effect = proposal["effect"]
    assert effect["simulated"] and effect["base"]["model"] == 1 and effect["count"] == 3
    assert [each["rank"] for each in effect["top"]] == [1, 2, 3] and effect["streams"] and "churn" in effect
    assert [entry["external_id"] for entry in ws.whole_queue()] == before, "nothing has happened yet"

    assert problem_type(decide(machine, proposal, expect=403)) == "agent-may-not-decide"
    head = ws.revision()
    applied = decide(bob, proposal).json()
    assert (applied["state"], applied["end"]["result"]) == ("applied", "model:2")
    assert [each["approver"] for each in applied["approvals"]] == [bob.id]
    assert ws.revision() == head + 1, "approval, model and alias are one revision"
    record = ws.records()[-1]
    assert (record["action"], record["actor_kind"]) == ("proposal.apply", "human")
    assert record["detail"]["approvers"] == [bob.id] and record["detail"]["proposer"] == machine.id
    assert WHY not in ws.get("/audit").text, "why is personal text, and not in the log"

    moved = [entry["external_id"] for entry in ws.whole_queue()]
    by_effect = [each["id"] for each in effect["top"]]
    assert [entry["id"] for entry in ws.whole_queue()] == by_effect, "the queue is the one that was foretold"
    ann.post("/rollback", 200, json={"model_version": 1, "rationale": "It drowned the broad ones"})
    assert [entry["external_id"] for entry in ws.whole_queue()] == before != moved
    assert ws.verify()["ok"]


# ---- the gate ----


def test_direct_writes_are_refused_and_told_the_way(ws):
    policy = ws.post("/policies", 201, json={"preset": "field_guards"}).json()["version"]
    rules(ws, "policy", "settings", "feature")
    head = ws.revision()
    answers = [
        ws.put("/policy-aliases/active", 409, json={"policy": policy}, headers={"If-None-Match": "*"}),
        ws.put_feature("extra", 409),
        ws.delete("/features/user_impact", 409, headers={"If-Match": ws.etag("/features/user_impact")}),
    ]
    settings = ws.get("/settings")
    body = {**{key: settings.json()[key] for key in ("streams", "kinds", "statuses")}, "override_max_days": 7}
    answers.append(ws.put("/settings", 409, json=body, headers={"If-Match": settings.headers["ETag"]}))
    types = [problem_type(answer) for answer in answers]
    assert types == ["approval-required", "approval-required", "in-use", "approval-required"]
    assert "…/proposals" in answers[0].json()["errors"][0]["detail"]
    assert ws.revision() == head
    ws.put("/policy-aliases/candidate", 201, json={"policy": policy}, headers={"If-None-Match": "*"})


def test_what_changes_nothing_needs_nobody(ws):
    rules(ws, "model")
    ws.put("/aliases/active", 200, json={"model": 1}, headers={"If-Match": ws.etag("/aliases/active")})


def test_the_rules_cannot_be_taken_away_alone(ws):
    rules(ws, "model", approvers=2)
    none = {"rules": []}
    etag = ws.etag("/approval-rules")
    assert problem_type(ws.put("/approval-rules", 409, json=none, headers={"If-Match": etag})) == "approval-required"
    ann, bob, carl = (person(ws, name) for name in ("ann", "bob", "carl"))
    proposal = propose(ann, change="approval_rules", body=none).json()
    assert proposal["needed"] == 2
    assert decide(bob, proposal).json()["state"] == "open"
    assert decide(carl, proposal).json()["state"] == "applied"
    assert ws.get("/approval-rules").json() == none


@pytest.mark.parametrize("change", ("policy", "feature", "settings"))
def test_each_change_is_applied_as_the_direct_write_would(ws, change):
    rules(ws, change)
    ann, bob = person(ws, "ann"), person(ws, "bob")
    more = {}
    if change == "policy":
        rule = {"id": "r", "when": {"fact": "kind", "eq": "bug"}, "effect": "hold", "reason": "looked at first"}
        body = {"policy": {"name": "guard", "rules": [rule]}}
    elif change == "feature":
        more = {"name": "extra"}
        body = {"type": "boolean", "family": "effort", "description": "A test's own"}
    else:
        settings = ws.get("/settings").json()
        body = {**{key: settings[key] for key in ("streams", "kinds", "statuses")}, "override_max_days": 7}
    proposal = propose(ann, change=change, body=body, **more).json()
    assert decide(bob, proposal).json()["state"] == "applied"
    if change == "policy":
        assert ws.queue()["policy"] == {"version": 1, "name": "guard"}
    elif change == "feature":
        assert ws.get("/features/extra").json()["type"] == "boolean"
    else:
        assert ws.get("/settings").json()["override_max_days"] == 7
    assert ws.verify()["ok"]


def test_a_feature_is_deleted_by_null(ws):
    ws.put_feature("extra")
    rules(ws, "feature")
    ann, bob = person(ws, "ann"), person(ws, "bob")
    body = {"change": "feature", "name": "extra", "body": None, "rationale": WHY}
    decide(bob, ann.post("/proposals", 201, json=body).json())
    ws.get("/features/extra", 404)


@pytest.mark.parametrize(
    "body, pointers",
    [
        ({}, ["/body", "/change"]),
        ({"change": "model", "body": {"weights": {"user_impact": 5}}}, ["/rationale"]),
        ({"change": "weather", "body": {}, "rationale": WHY}, ["/change"]),
        ({"change": "model", "body": {}, "rationale": WHY}, ["/body"]),
        ({"change": "model", "body": {"model": 99}, "rationale": WHY}, ["/body/model"]),
        ({"change": "model", "body": {"model": 1}, "rationale": WHY}, ["/body/model"]),
        ({"change": "model", "body": {"weights": {"nothing": 5}}, "rationale": WHY}, ["/body/weights/nothing"]),
        ({"change": "policy", "body": {"policy": 7}, "rationale": WHY}, ["/body/policy"]),
        (
            {"change": "settings", "body": {"streams": []}, "rationale": WHY},
            ["/body/kinds", "/body/statuses", "/body/streams"],
        ),
        ({"change": "feature", "body": {"type": "x"}, "rationale": WHY}, ["/name"]),
        ({"change": "settings", "name": "x", "body": {}, "rationale": WHY}, ["/name"]),
    ],
)
def test_faults_are_those_of_the_direct_write(ws, body, pointers):
    head = ws.revision()
    assert problem_pointers(ws.post("/proposals", 422, json=body)) == pointers
    assert ws.revision() == head


# ---- overrides of chosen kinds ----


def in_days(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).isoformat()


def override(ws, kind="pin", days=3, **more):
    item_id = ws.queue()["entries"][-1]["id"]
    return {
        "item": item_id,
        "kind": kind,
        "expires_at": in_days(days),
        **({"rank": 1} if kind == "pin" else {}),
        **more,
    }


def test_overrides_of_chosen_kinds(ws):
    for each in (scored("a", 20), scored("b", 9)):
        ws.push([each])
    rules(ws, "override", kinds=["pin"])
    ann, bob = person(ws, "ann"), person(ws, "bob")
    pin, why = override(ws), "Promised to the customer for Friday"
    refused = ann.post("/overrides", 409, json={**pin, "justification": why})
    assert problem_type(refused) == "approval-required"
    ann.post("/overrides", 201, json={**override(ws, "boost"), "delta": 1, "justification": why})
    proposal = propose(ann, change="override", body=pin, rationale=why).json()
    applied = decide(bob, proposal).json()
    override_id = applied["end"]["result"].split(":")[1]
    made = ws.get(f"/overrides/{override_id}").json()
    assert (made["kind"], made["author"], made["justification"]) == ("pin", ann.id, why)
    assert [entry["external_id"] for entry in ws.queue()["entries"]] == ["b", "a"]
    assert ws.verify()["ok"]


def test_an_override_of_an_item_that_has_changed_is_stale(ws):
    ws.push([scored("a", 20)])
    ann, bob = person(ws, "ann"), person(ws, "bob")
    proposal = propose(ann, change="override", body=override(ws)).json()
    assert proposal["base_revision"] > 0
    ws.push([scored("a", 20)])
    other = propose(ann, change="override", body=override(ws)).json()
    assert decide(bob, other).json()["state"] == "applied", "nothing had changed"
    ws.push([scored("a", 20, title="Another thing altogether")])
    assert problem_type(decide(bob, proposal, expect=409)) == "proposal-stale"
    assert len(ws.get("/overrides").json()["overrides"]) == 1


def test_faults_of_a_proposed_override(ws):
    ws.push([scored("a", 20)])
    cases = [
        (override(ws, days=-1), ["/body/expires_at"]),
        (override(ws, justification="in the body for good"), ["/body/justification"]),
        ({**override(ws), "kind": "lift"}, ["/body/kind"]),
    ]
    for body, pointers in cases:
        assert problem_pointers(propose(ws, 422, change="override", body=body)) == pointers
    answer = ws.put(
        "/approval-rules",
        422,
        json={"rules": [{"change": "model", "kinds": ["pin"]}, {"change": "override", "kinds": ["lift"]}]},
        headers={"If-None-Match": "*"},
    )
    assert problem_pointers(answer) == ["/rules/0/kinds", "/rules/1/kinds/0"]


# ---- with the client ----


def test_with_the_client(ws, tmp_path):
    """The whole way from the shell: propose, read the digest, approve, go back."""
    ws.push([scored("a", 20)])
    rules(ws, "model")
    ann, bob = person(ws, "ann"), person(ws, "bob")

    def call(client, *args, **more):
        return cli.run(*args, url=ws.url, token=client.secret, workspace=ws.name, **more).stdout

    weights = cli.write(tmp_path / "weights.json", json.dumps({"weights": {"user_impact": 9}}))
    made = call(ann, "proposals", "add", "model", weights, "--because", WHY).strip()
    read = call(bob, "proposals", "show", made)
    shown = json.loads(call(bob, "--json", "proposals", "show", made))
    assert shown["state"] == "open" and "effect_now" in shown
    assert "0 of 1 approvals" in read and shown["digest"] in read and "on the newest ranking" in read
    assert "0 of 1" in call(bob, "proposals", "list", "--state", "open")
    refused = ("proposals", "approve", made, "--because", "I agree with myself")
    call(ann, *refused, expect=cli.USAGE)
    call(ann, *refused, "--digest", shown["digest"], expect=cli.DENIED)
    call(bob, *refused, "--digest", shown["digest"])
    assert ws.get("/aliases/active").json()["model"] == 2
    assert f"{bob.id}: I agree with myself" in call(ann, "proposals", "show", made)
    ws.post("/erasures", 200, json={"subject": f"proposal:{made}", "rationale": "Asked for by the person concerned."})
    lines = call(ann, "proposals", "show", made).splitlines()
    assert [line.endswith(bob.id) for line in lines if line.startswith("approved by")] == [True], "and no colon"
    call(bob, "rollback", "--model", "1", "--because", "It was a bad idea")
    call(bob, "suspend", "--fallback", "rules", "--because", "So was the other one")
    assert ws.queue()["suspended"]["fallback"] == "rules"
    call(bob, "resume", "--because", "There is none better")
    assert ws.get("/aliases/active").json()["model"] == 1


# ---- somebody else ----


def test_without_a_rule_it_takes_who_could_write_it(ws):
    """A reviewer who agrees with a contributor is no admin."""
    ann, bob, carl = (person(ws, *who) for who in (("ann", "contributor"), ("bob", "reviewer"), ("carl", "admin")))
    settings = {**ws.get("/settings").json(), "access_log": {"on": False}}
    for asked in (
        {"change": "settings", "body": settings},
        {"change": "model", "body": {"weights": {"user_impact": 9}}},
    ):
        proposal = ann.post("/proposals", 201, json={**asked, "rationale": WHY}).json()
        before = ws.revision()
        assert problem_type(decide(bob, proposal, expect=403)) == "forbidden"
        assert ws.revision() == before and seen(ws, proposal)["state"] == "open"
        assert decide(carl, proposal).json()["state"] == "applied"


def test_the_proposer_may_not_approve_nor_their_other_token(ws):
    rules(ws, "model")
    ann, ann_too, bob = person(ws, "ann"), person(ws, "ann"), person(ws, "bob")
    proposal = propose(ann).json()
    for same in (ann, ann_too):
        assert problem_type(decide(same, proposal, expect=403)) == "same-person"
    made = ann.post(
        "/tokens", 201, json={"label": "hers", "roles": ["reviewer"], "person": "eve", "actor_kind": "human"}
    )
    assert problem_type(decide(ws.client(made.json()), proposal, expect=403)) == "same-person", "she made it"
    assert problem_type(decide(ws, proposal, expect=403)) == "same-person", "it made hers"
    assert decide(bob, proposal).json()["state"] == "applied"


def test_n_distinct_people(ws):
    rules(ws, "model", approvers=2)
    ann, bob, bob_too, carl = person(ws, "ann"), person(ws, "bob"), person(ws, "bob"), person(ws, "carl")
    proposal = propose(ann).json()
    assert decide(bob, proposal).json()["state"] == "open"
    for same in (bob, bob_too):
        assert problem_type(decide(same, proposal, expect=403)) == "same-person"
    assert decide(carl, proposal).json()["state"] == "applied"


def test_out_of_those_who_are_named(ws):
    ann, bob, carl = person(ws, "ann"), person(ws, "bob"), person(ws, "carl")
    body = {"rules": [{"change": "model", "approvers": 2, "from": [bob.token_id, "carl"]}]}
    ws.put("/approval-rules", 201, json=body, headers={"If-None-Match": "*"})
    proposal = propose(ann).json()
    assert problem_type(decide(person(ws, "dave"), proposal, expect=403)) == "same-person"
    decide(bob, proposal)
    assert decide(carl, proposal).json()["state"] == "applied"


def test_rules_that_nobody_could_meet(ws):
    body = {"rules": [{"change": "model", "approvers": 2, "from": ["ann"]}, {"change": "model"}]}
    answer = ws.put("/approval-rules", 422, json=body, headers={"If-None-Match": "*"})
    assert problem_pointers(answer) == ["/rules/0/from"]


def test_by_hand(ws):
    rules(ws, "model", apply="by_hand")
    ann, bob = person(ws, "ann"), person(ws, "bob")
    proposal = propose(ann).json()
    assert problem_type(decide(bob, proposal, "apply", 409)) == "approval-required"
    assert decide(bob, proposal).json()["state"] == "approved"
    assert ws.get("/aliases/active").json()["model"] == 1
    assert decide(ann, proposal, "apply").json()["state"] == "applied"
    assert ws.get("/aliases/active").json()["model"] == 2


# ---- what was seen ----


def test_an_approval_is_of_what_was_seen(ws):
    rules(ws, "model")
    ann, bob = person(ws, "ann"), person(ws, "bob")
    proposal = propose(ann).json()
    other = propose(ann, body={"weights": {"user_impact": 9}}).json()
    assert problem_type(decide(bob, proposal, expect=409, digest=other["digest"])) == "proposal-stale"
    decide(bob, other)
    assert seen(ws, proposal)["state"] == "stale"
    assert problem_type(decide(bob, proposal, expect=409)) == "proposal-stale"
    fresh = seen(ws, other, refresh="true", min_revision=ws.revision())
    assert fresh["state"] == "applied" and fresh["effect_now"]["base"]["model"] == 2


def test_the_ends(ws):
    rules(ws, "model")
    machine, ann, bob = agent(ws), person(ws, "ann"), person(ws, "bob")
    rejected, withdrawn, left = (propose(machine).json() for _ in range(3))
    assert decide(bob, rejected, "reject").json()["state"] == "rejected"
    decide(ann, withdrawn, "withdraw", 403)
    assert decide(machine, withdrawn, "withdraw").json()["state"] == "withdrawn"
    for ended in (rejected, withdrawn):
        decide(bob, ended, expect=409)
        decide(bob, ended, "reject", 409)
    states = {
        name: [p["id"] for p in ws.get("/proposals", params={"state": name}).json()["proposals"]]
        for name in ("open", "rejected")
    }
    assert states == {"open": [left["id"]], "rejected": [rejected["id"]]}
    walked = [each["id"] for each in ws.pages("/proposals", "proposals", {}, limit=1)]
    assert walked == [left["id"], withdrawn["id"], rejected["id"]]


def test_a_bypass_is_a_permission_of_its_own_and_reported(ws):
    ann, lead = person(ws, "ann"), person(ws, "lead")
    rules(ws, "model", bypass=["lead"])
    proposal = propose(lead).json()
    decide(ann, proposal, "bypass", 403)
    assert decide(lead, proposal, "bypass").json()["state"] == "bypassed"
    assert ws.get("/aliases/active").json()["model"] == 2
    report = ws.get("/proposals", params={"state": "bypassed"}).json()["proposals"]
    assert [(each["id"], each["end"]["by"]) for each in report] == [(proposal["id"], lead.id)]
    assert [r["subject"] for r in ws.records(action="proposal.bypass")] == [f"proposal:{proposal['id']}"]


def test_sent_again_it_counts_once(ws):
    rules(ws, "model", approvers=2)
    ann, bob = person(ws, "ann"), person(ws, "bob")
    proposal = propose(ann).json()
    body = {"rationale": "Looked at the effect, and it is right", "digest": proposal["digest"]}
    answers = [
        bob.post(f"/proposals/{proposal['id']}:approve", 200, json=body, headers={"Idempotency-Key": "a"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json() and len(answers[1].json()["approvals"]) == 1


def test_no_effect_for_who_may_not_read_a_queue(ws):
    proposal = propose(person(ws, None, "contributor")).json()
    assert "effect" not in proposal
    assert "effect" in seen(ws, proposal)


# ---- who is somebody else, when names and tokens are made up ----


def test_nobody_gives_themselves_a_name_of_the_rules(ws):
    mallory, lead = person(ws, "mallory"), person(ws, "lead")
    named = {"label": "me too", "roles": ["reviewer", "admin"], "actor_kind": "human", "person": "lead"}
    planted = ws.client(mallory.post("/tokens", 201, json=named).json())
    rules(ws, "model", bypass=["lead"])
    assert problem_pointers(mallory.post("/tokens", 422, json=named)) == ["/person"]
    lead.post("/tokens", 201, json=named)
    proposal = propose(mallory).json()
    assert problem_type(decide(planted, proposal, "bypass", 403)) == "same-person"
    assert decide(lead, proposal, "bypass").json()["state"] == "bypassed"


def test_two_tokens_of_one_maker_are_one_person_unless_they_say(ws):
    rules(ws, "model")
    mallory = person(ws, "mallory")

    def made(**more):
        body = {"label": "x", "roles": ["reviewer", "admin"], "actor_kind": "human", **more}
        return ws.client(mallory.post("/tokens", 201, json=body).json())

    proposal = propose(made()).json()
    assert problem_type(decide(made(), proposal, expect=403)) == "same-person"
    assert decide(made(person="dave"), proposal).json()["state"] == "applied"


def test_whom_a_rule_names_is_asked_before_the_rules_change(ws):
    ann, bob, carl, dan = (person(ws, name) for name in ("ann", "bob", "carl", "dan"))
    body = {"rules": [{"change": "model", "from": ["ann"]}, {"change": "policy", "approvers": 2}]}
    ws.put("/approval-rules", 201, json=body, headers={"If-None-Match": "*"})
    proposal = propose(bob, change="approval_rules", body={"rules": []}).json()
    assert [decide(each, proposal).json()["state"] for each in (carl, dan)] == ["open", "open"]
    assert decide(ann, proposal).json()["state"] == "applied"


def test_only_those_count_whom_the_rules_of_now_name(ws):
    ann, bob, carl, dan = (person(ws, name) for name in ("ann", "bob", "carl", "dan"))
    rules(ws, "model", approvers=2)
    proposal = propose(ann).json()
    decide(bob, proposal)
    body = {"rules": [{"change": "model", "approvers": 2, "from": ["carl", "dan"]}]}
    changed = propose(ann, change="approval_rules", body=body).json()
    decide(bob, changed)
    decide(carl, changed)
    assert decide(dan, proposal).json()["state"] == "open", "bob is not named any more"
    assert decide(carl, proposal).json()["state"] == "applied"


# ---- what decides the effect ----


def test_stale_when_another_model_is_active(ws):
    rules(ws, "policy")
    ann, bob = person(ws, "ann"), person(ws, "bob")
    rule = {"id": "r", "when": {"fact": "kind", "eq": "bug"}, "effect": "hold", "reason": "looked at first"}
    proposal = propose(ann, change="policy", body={"policy": {"name": "guard", "rules": [rule]}}).json()
    other = {"name": "m", "kind": "pairwise", "unknown": "average", "bands": [{"name": "rest"}]}
    ws.promote(ws.post("/models", 201, json=other).json()["version"])
    assert seen(ws, proposal)["state"] == "stale"
    assert problem_type(decide(bob, proposal, expect=409)) == "proposal-stale"


def test_stale_when_what_it_reads_is_defined_anew(ws):
    rules(ws, "model")
    ann, bob = person(ws, "ann"), person(ws, "bob")
    ws.put_feature("extra")
    terms = [{"feature": "extra", "weight": 1, "unknown": "span"}]
    body = {"model": {"name": "m", "kind": "weighted_sum", "bands": [{"name": "all"}], "terms": terms}}
    proposal = propose(ann, body=body).json()
    ws.put_feature("unrelated")
    assert seen(ws, proposal)["state"] == "open"
    etag = ws.etag("/features/extra")
    turned = {key: value for key, value in ws.get("/features/extra").json().items() if key != "revision"}
    turned["direction"] = "lower_is_better"
    ws.put("/features/extra", 200, json=turned, headers={"If-Match": etag})
    assert seen(ws, proposal)["state"] == "stale"
    assert problem_type(decide(bob, proposal, expect=409)) == "proposal-stale"


# ---- what may be seen ----

PAID = {
    "name": "paid",
    "kind": "weighted_sum",
    "bands": [{"name": "all"}],
    "terms": [{"feature": "salary", "weight": 1, "unknown": "span"}],
}
RICH = {"id": "rich", "when": {"feature": "salary", "ge": 7}, "effect": "exclude", "reason": "By what they earn"}


def with_salary(ws):
    ws.put_feature("salary", sensitive=True)
    ws.push([scored("a", 20), scored("b", 9)])


@pytest.mark.parametrize(
    "change, body", [("model", {"model": PAID}), ("policy", {"policy": {"name": "p", "rules": [RICH]}})]
)
def test_a_proposal_shows_no_more_than_its_version_will(ws, change, body):
    with_salary(ws)
    ann, reviewer = person(ws, "ann"), ws.as_role("reviewer")
    proposal = propose(ann, change=change, body=body, rationale="By salary it is fairer").json()
    assert proposal["body"] == body and "masked" not in proposal
    for client in (reviewer, ws.as_role("reader")):
        shown = client.get(f"/proposals/{proposal['id']}", params={"refresh": "true"})
        assert "salary" not in shown.text
        shown = shown.json()
        assert shown["masked"] and (shown["body"], shown["effect"], shown["rationale"]) == (None, None, None)
        assert "effect_now" not in shown
        assert "salary" not in client.get("/proposals").text
    for verb in ("approve", "reject"):
        assert problem_type(decide(reviewer, proposal, verb, 403)) == "sensitive-input"
    asked = {"change": change, "body": body, "rationale": WHY}
    assert problem_type(reviewer.post("/proposals", 403, json=asked)) == "sensitive-input"


def test_what_is_hidden_is_not_shown_by_deciding(ws):
    body = {"type": "boolean", "family": "effort", "description": "A secret", "sensitive": True}
    proposal = propose(ws, change="feature", body=body, name="hush").json()
    reviewer = ws.as_role("reviewer")
    for verb in ("approve", "reject", "withdraw"):
        assert "secret" not in decide(reviewer, proposal, verb, 404).text
    assert seen(ws, proposal)["state"] == "open"


def test_nobody_opens_what_they_may_not_see(ws):
    """A field that is hidden stays so until somebody who sees it agrees; what leaves it hidden others may decide."""
    ws.put_settings(sensitive_fields=["reporter", "title"])
    rules(ws, "settings")
    words = {key: ws.get("/settings").json()[key] for key in ("streams", "kinds", "statuses")}
    ann, reviewer, contributor = (person(ws, name, name) for name in ("admin", "reviewer", "contributor"))
    for fields in ([], ["title"], None):
        body = words if fields is None else {**words, "sensitive_fields": fields}
        asked = {"change": "settings", "body": body, "rationale": WHY}
        assert problem_type(contributor.post("/proposals", 403, json=asked)) == "sensitive-input"
        proposal = ann.post("/proposals", 201, json=asked).json()
        assert problem_type(decide(reviewer, proposal, expect=403)) == "sensitive-input"
    body = {**words, "sensitive_fields": ["title", "reporter", "assignee"]}
    decide(reviewer, propose(contributor, change="settings", body=body).json())
    assert sorted(ws.get("/settings").json()["sensitive_fields"]) == ["assignee", "reporter", "title"]


@pytest.mark.parametrize("role", ("reviewer", "contributor"))
def test_a_proposal_is_no_way_to_ask_for_a_hidden_definition(ws, role):
    """Neither its type nor who uses it."""
    ws.put_feature("salary", sensitive=True)
    for body in (None, {"type": "boolean", "family": "effort", "description": "Another's"}):
        asked = {"change": "feature", "name": "salary", "body": body, "rationale": WHY}
        refused = ws.as_role(role).post("/proposals", 403, json=asked)
        assert problem_type(refused) == "sensitive-input" and "number" not in refused.text


@pytest.mark.parametrize(
    "change, body", [("model", {"model": PAID}), ("policy", {"policy": {"name": "p", "rules": [RICH]}})]
)
def test_what_a_proposal_tells_of_hidden_values_is_on_record(ws, change, body):
    """Each answer with an effect that was computed by them, as a simulation is; a list has none."""
    with_salary(ws)
    ws.put_settings(access_log={"on": True})
    ann, bob = person(ws, "ann", "admin"), person(ws, "bob", "admin")
    proposal = propose(ann, change=change, body=body).json()
    seen(bob, proposal)
    bob.get("/proposals")
    decide(bob, proposal)
    records = ws.get("/access-log").json()["records"][::-1]
    assert [(each["actor"], each["method"], each["features"]) for each in records] == [
        (ann.id, "POST", ["salary"]),
        (bob.id, "GET", ["salary"]),
        (bob.id, "POST", ["salary"]),
    ]
    ann.get("/queue", params={"min_revision": ws.revision()})
    again = propose(ann, change=change, body={change: None if change == "policy" else 1}).json()
    assert again["effect"]["base"][change] == (1 if change == "policy" else 2)
    newest = ws.get("/access-log").json()["records"][0]
    assert (newest["method"], newest["features"]) == ("POST", ["salary"]), "it is compared with what reads them"


def test_proposed_while_the_active_model_is_hidden(ws):
    """What is open can be proposed by whoever proposes; the effect is computed, kept, and not shown to them."""
    with_salary(ws)
    ws.promote(ws.post("/models", 201, json=PAID).json()["version"])
    reviewer = ws.as_role("reviewer")
    answer = reviewer.post("/proposals", 201, json={"change": "model", "body": {"model": 1}, "rationale": WHY}).json()
    assert answer["body"] == {"model": 1} and answer["effect"] is None and answer["masked"]
    assert seen(ws, answer, min_revision=ws.revision())["effect"]["simulated"]
    shown = seen(reviewer, answer, refresh="true")
    assert shown["effect"] is None and "effect_now" not in shown
    weights = {"change": "model", "body": {"weights": {"user_impact": 2}}, "rationale": WHY}
    assert problem_type(reviewer.post("/proposals", 403, json=weights)) == "sensitive-input"


def test_readers_do_not_simulate(ws):
    ws.push([scored("a", 20)])
    proposal = propose(ws).json()
    assert "effect_now" in seen(ws.as_role("reviewer"), proposal, refresh="true")
    assert "effect_now" not in seen(ws.as_role("reader"), proposal, refresh="true")


def test_a_contributor_does_not_probe_the_backlog(ws):
    contributor = ws.as_role("contributor")
    ws.push([scored("there", 20)])
    for name in ("there", "nowhere"):
        body = {"item": {"source": "test", "external_id": name}, "kind": "exclude", "expires_at": in_days(3)}
        asked = {"change": "override", "body": body, "rationale": WHY}
        assert problem_type(contributor.post("/proposals", 403, json=asked)) == "forbidden"


# ---- how much ----


def test_a_token_has_so_many_open_proposals(ws):
    ann = person(ws, "ann")
    made = [propose(ann).json() for _ in range(50)]
    assert "50" in propose(ann, 409).json()["errors"][0]["detail"]
    propose(person(ws, "bob"))
    decide(ann, made[0], "withdraw")
    propose(ann)


def test_a_list_has_no_bodies_and_no_long_pages(ws):
    proposal = propose(ws).json()
    (listed,) = ws.get("/proposals").json()["proposals"]
    assert listed == {key: value for key, value in proposal.items() if key not in ("body", "effect")}
    for name in ("ann", "bob"):
        client = person(ws, name)
        for _ in range(50):
            propose(client)
    page = ws.get("/proposals", params={"limit": 1000}).json()
    assert len(page["proposals"]) == 100 and page["next"]


# ---- property: nothing is applied without a second person ----


def test_random_steps_never_escape_the_gate(ws, rng):
    """
    Many actors do whatever they like, agents among them. Whenever the active model has moved, a proposal was applied
    whose approvers are as many people as the rules ask for, none of them its proposer, none an agent.
    """
    rules(ws, "model", approvers=2)
    actors = [(person(ws, name), name) for name in ("ann", "ann", "bob", "carl", "carl")] + [(agent(ws), None)] * 2
    kinds = {client.id: (name, "agent" if name is None else "human") for client, name in actors}
    proposals, active = [], 1
    for step in range(60):
        client, name = rng.choice(actors)
        if not proposals or rng.random() < 0.25:
            weights = {"user_impact": rng.randint(1, 99), "fix_confidence": rng.randint(1, 99)}
            answer = client.request(
                "POST", "/proposals", json={"change": "model", "body": {"weights": weights}, "rationale": WHY}
            )
            if answer.status_code == 201:
                proposals.append(answer.json())
        else:
            proposal = rng.choice(proposals[-4:])
            verb = rng.choice(["approve"] * 6 + ["apply", "bypass", "reject", "withdraw"])
            body = {"rationale": "A step that chance has chosen"}
            if verb in ("approve", "apply", "bypass"):
                body["digest"] = rng.choice([proposal["digest"]] * 5 + [proposals[0]["digest"]])
            answer = client.request("POST", f"/proposals/{proposal['id']}:{verb}", json=body)
            assert answer.status_code in (200, 403, 409), answer.text
            if name is None and verb != "withdraw":
                assert answer.status_code == 403
        now = ws.get("/aliases/active").json()["model"]
        if now != active:
            applied = [p for p in ws.get("/proposals", params={"state": "applied"}).json()["proposals"]]
            newest = max(applied, key=lambda p: p["end"]["revision"])
            assert newest["end"]["result"] == f"model:{now}"
            people = [kinds[each["approver"]][0] for each in newest["approvals"]]
            assert len(set(people)) == len(people) >= 2 and None not in people
            assert kinds[newest["proposed_by"]][0] not in people
            active = now
    assert ws.get("/proposals", params={"state": "bypassed"}).json()["proposals"] == []
    assert ws.verify()["ok"]
