"""Reviews: what stands high or is held waits for a person, who decides on what was seen, once."""

import datetime
import hashlib
import json
import uuid

import pytest

from support import daemon as daemons
from support.cli import REFUSED, USAGE, run
from support.client import Client, problem_pointers, problem_type
from support.decisions import enforce, override
from support.waiting import wait_until
from support.workspace import Workspace, item, scored

WHY = "Agreed in the weekly review."


def ahead(**span):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).isoformat()


@pytest.fixture(scope="module")
def quick(database, operator_token, tmp_path_factory):
    """A daemon whose jobs run all the time."""
    own = daemons.Daemon(database, tmp_path_factory.mktemp("quick"), "--jobs-every-ms", 50)
    own.start()
    yield Client(own.url, operator_token)
    assert own.stop() == 0


@pytest.fixture
def five(quick):
    """a … e from rank 1 on; the first two of each stream need an approval."""
    ws = Workspace(quick)
    ws.push([scored(name, score) for name, score in zip("abcde", (24, 21, 18, 15, 12))])
    ws.put_settings(review={"top": 2, "above": 1})
    return ws


def entries(ws, **params):
    return {entry["external_id"]: entry for entry in ws.queue(**params)["entries"]}


def state(ws, name):
    return entries(ws)[name].get("review", {}).get("state")


def item_id(ws, name):
    return entries(ws)[name]["id"]


def reviews(ws, **params):
    params.setdefault("min_revision", ws.revision())
    return ws.get("/reviews", params=params).json()["reviews"]


def opened(ws, name):
    """The open review of an item, once the job has opened it."""

    def found():
        return next((r for r in reviews(ws, state="open") if r["item"].get("external_id") == name), None)

    return wait_until(found, f"a review of {name} is open")


def decide(ws, review, verb="approve", expect=200, **more):
    digest = more.pop("digest", None) or review["evidence"]["digest"]
    body = {"digest": digest, "rationale": WHY, **more}
    body = {key: value for key, value in body.items() if value is not None}
    params = {"min_revision": ws.revision()}
    return ws.post(f"/reviews/{review['id']}:{verb}", expect, json=body, params=params).json()


def settled(ws, count):
    """Once the job has nothing more to open."""
    return wait_until(
        lambda: (lambda r: r if len(r) == count else None)(reviews(ws, state="open")), f"{count} are open"
    )


# ---- the story ----


def test_the_story(five):
    """What enters the top waits, a person approves what was seen, change takes the approval back."""
    page = five.queue()
    assert page["review"] == {"pending": 2, "committed": 0}
    assert [e.get("review", {}).get("state") for e in page["entries"]] == ["pending", "pending", None, None, None]
    assert page["entries"][0]["review"]["why"] == ["top"]

    review = opened(five, "a")
    assert (review["reason"], review["rank"], review["state"], review["decision"]) == ("top", 1, "open", None)
    assert review["evidence"]["score"] == 24 and review["evidence"]["pending"]
    assert review["suggestion"]["decision"] == "approve" and review["suggestion"]["reason"]
    assert entries(five)["a"]["review"]["id"] == review["id"]

    done = decide(five, review)
    assert (done["state"], done["decision"]["outcome"], done["decision"]["rank"]) == ("decided", "approved", 1)
    assert done["decision"]["rationale"] == WHY and done["decision"]["digest"] == review["evidence"]["digest"]
    at = five.revision()
    page = five.queue()
    assert page["review"] == {"pending": 1, "committed": 1}
    assert page["entries"][0]["review"] == {"state": "approved", "why": ["top"], "id": review["id"], "approved_rank": 1}
    assert list(entries(five, review="approved")) == ["a"] and list(entries(five, review="pending")) == ["b"]

    # It is another item now: what was approved is not what is there.
    five.push([scored("a", 23)])
    assert state(five, "a") == "pending"
    again = opened(five, "a")
    assert again["id"] != review["id"] and again["evidence"]["digest"] != review["evidence"]["digest"]
    old = five.get(f"/reviews/{review['id']}").json()
    assert (old["state"], old["lapsed"]["why"]) == ("lapsed", "item")

    # What was so then is so in every replay.
    then = five.get("/queue", params={"revision": at}).json()
    assert then["review"] == {"pending": 1, "committed": 1}
    assert then["entries"][0]["review"]["state"] == "approved"

    actions = [r["action"] for r in five.records()]
    assert {"review.open", "review.approve", "review.close"} <= set(actions)
    assert WHY not in json.dumps(five.records()), "the log has no personal text"
    assert five.verify()["ok"]


def test_off_unless_asked_for(ws):
    ws.push([scored("a", 24)])
    page = ws.queue()
    assert "review" not in page and "review" not in page["entries"][0]
    assert reviews(ws) == []


def test_a_digest_can_be_computed_by_anybody(five):
    review = opened(five, "b")
    told = review["evidence"]
    text = '{"item":"%s","item_revision":%d,"model":%d,"policy":null}' % (
        review["item"]["id"],
        five.item(review["item"]["id"])["revision"],
        five.queue()["model"]["version"],
    )
    assert told["digest"] == hashlib.sha256(text.encode()).hexdigest()


def test_streams_have_numbers_of_their_own(quick):
    ws = Workspace(quick)
    ws.push([scored(f"x{n}", 24 - 2 * n, stream="engineering_bug") for n in range(3)])
    ws.push([scored(f"y{n}", 15 - n, stream="feature_request") for n in range(3)])
    ws.put_settings(review={"top": 1, "streams": {"feature_request": 2}})
    pending = [e["external_id"] for e in ws.queue()["entries"] if e.get("review")]
    assert pending == ["x0", "y0", "y1"]
    ws.put_settings(review={"top": 0})
    assert ws.queue()["review"] == {"pending": 0, "committed": 0}
    wait_until(lambda: not reviews(ws, state="open"), "what nothing asks for is withdrawn")
    assert {r["decision"]["outcome"] for r in reviews(ws, state="lapsed")} <= {"withdrawn"}


def test_faults_of_the_settings(ws):
    answer = ws.get("/settings")
    base = {key: answer.json()[key] for key in ("streams", "kinds", "statuses")}
    for rules, pointer in (
        ({"top": -1}, "/review/top"),
        ({"top": 1001}, "/review/top"),
        ({"streams": {"nowhere": 3}}, "/review/streams/nowhere"),
        ({"streams": []}, "/review/streams"),
        ({"above": 1.5}, "/review/above"),
        ({"escalate_to": "leads"}, "/review/escalate_after_hours"),
        ({"surprise": 1}, "/review/surprise"),
        (7, "/review"),
    ):
        refused = ws.put("/settings", 422, json={**base, "review": rules}, headers={"If-Match": answer.headers["ETag"]})
        assert problem_pointers(refused) == [pointer]


# ---- decisions ----


def test_an_adjustment_is_an_override_in_the_same_revision(five):
    review = opened(five, "a")
    before = five.revision()
    done = decide(five, review, "adjust", rank=4, expires_at=ahead(days=7))
    assert done["decision"]["outcome"] == "adjusted" and done["decision"]["rank"] == 4
    assert done["decision"]["revision"] == before + 1
    made = five.get(f"/overrides/{done['decision']['override']}").json()
    assert (made["kind"], made["rank"], made["justification"], made["made_revision"]) == ("pin", 4, WHY, before + 1)
    assert [e["external_id"] for e in five.queue()["entries"]] == ["b", "c", "d", "a", "e"]
    assert state(five, "a") == "approved"


def test_an_adjustment_to_a_band_or_a_later_time(five):
    done = decide(five, opened(five, "a"), "adjust", band="icebox", expires_at=ahead(days=7))
    assert done["decision"]["outcome"] == "adjusted" and "rank" not in done["decision"]
    assert entries(five)["a"]["band"] == "icebox" and state(five, "a") == "approved"
    done = decide(five, opened(five, "b"), "adjust", defer=True, expires_at=ahead(days=7))
    assert done["decision"]["outcome"] == "deferred"
    assert "b" not in entries(five)
    five.post(f"/overrides/{done['decision']['override']}:revoke", 200, json={})
    assert state(five, "b") == "pending", "nobody has approved it"


def test_a_rejection_takes_it_out_for_a_while(five):
    done = decide(five, opened(five, "a"), "reject", expires_at=ahead(days=7))
    assert done["decision"]["outcome"] == "rejected"
    assert "a" not in entries(five)
    assert five.get(f"/overrides/{done['decision']['override']}").json()["kind"] == "exclude"


def test_far_above_what_was_approved(five):
    """An approval names a rank; another item's rise is no matter, its own is."""
    decide(five, opened(five, "b"))
    decide(five, opened(five, "a"), "adjust", rank=5, expires_at=ahead(days=7))
    assert state(five, "a") == "approved"
    pin = next(o for o in five.get("/overrides").json()["overrides"] if o["kind"] == "pin")
    five.post(f"/overrides/{pin['id']}:revoke", 200, json={})
    told = entries(five)["a"]["review"]
    assert told["state"] == "pending" and told["why"] == ["top", "above"] and told["approved_rank"] == 5
    review = opened(five, "a")
    assert review["suggestion"]["decision"] == "adjust" and review["suggestion"]["rank"] == 5
    decide(five, review)
    assert state(five, "a") == "approved"
    assert [r["lapsed"]["why"] for r in reviews(five, item=item_id(five, "a")) if "lapsed" in r] == ["superseded"]


def test_what_a_rule_holds(five):
    review = opened(five, "b")
    five.push([scored("e", 12, labels=["safety"])])
    rule = {"id": "safety-case", "effect": "hold", "reason": "It touches the safety case.", "when": None}
    rule["when"] = {"fact": "labels", "contains": "safety"}
    made = five.post("/policies", 201, json={"name": "p", "rules": [rule]}).json()
    five.enforce(made["version"])
    told = entries(five)["e"]
    assert told["held"] and told["review"]["state"] == "pending" and told["review"]["why"] == ["held"]
    held = opened(five, "e")
    assert (held["reason"], held["rule"], held["evidence"]["rule"]["id"]) == ("held", "safety-case", "safety-case")
    assert held["suggestion"] == {**held["suggestion"], "decision": "adjust", "defer": True}
    decide(five, held)
    assert state(five, "e") == "approved", "a person settled what the rule asked for"
    # The policy is another one than the review of b was opened under.
    stale = {"evidence": {"digest": review["evidence"]["digest"]}, "id": review["id"]}
    refused = decide(five, stale, expect=409)
    assert refused["errors"][0]["pointer"] == "#/digest"


# ---- gates ----


def test_no_approval_by_an_agent(five):
    review = opened(five, "a")
    agent = five.client(five.token("reviewer", "admin", actor_kind="agent"))
    before = five.revision()
    body = {"digest": review["evidence"]["digest"], "rationale": WHY}
    for verb in ("approve", "adjust", "reject"):
        answer = agent.post(f"/reviews/{review['id']}:{verb}", 403, json=body)
        assert problem_type(answer) == "agent-may-not-decide"
    agent.post(
        "/reviews:batch", 403, json={"approve": [{"id": review["id"], "digest": body["digest"]}], "rationale": WHY}
    )
    assert agent.get("/reviews").json()["reviews"], "it may look"
    assert five.revision() == before and state(five, "a") == "pending"


def test_no_approval_of_what_was_not_seen(five, rng):
    review = opened(five, "a")
    before = five.revision()
    for digest in ("0" * 64, hashlib.sha256(rng.randbytes(9)).hexdigest()):
        refused = decide(five, review, expect=409, digest=digest)
        assert refused["errors"][0]["pointer"] == "#/digest"
    for digest in ("", "x" * 64, review["evidence"]["digest"][:-1]):
        body = {"digest": digest, "rationale": WHY}
        assert problem_pointers(five.post(f"/reviews/{review['id']}:approve", 422, json=body)) == ["/digest"]
    assert five.revision() == before
    five.push([scored("a", 22)])
    decide(five, review, expect=409)
    assert state(five, "a") == "pending"


def test_a_model_that_is_another_one(five):
    review = opened(five, "a")
    decide(five, opened(five, "b"))
    terms = [{"feature": "user_impact", "weight": 1, "scale": "value", "unknown": "span"}]
    model = {"name": "m", "kind": "weighted_sum", "terms": terms, "bands": [{"name": "x"}]}
    five.promote(five.post("/models", 201, json=model).json()["version"])
    decide(five, review, expect=409)
    assert five.queue()["review"]["committed"] == 0, "what was approved was another model's"


def test_a_decision_is_made_once(five, rng):
    """Whatever is tried after the first decision, the review stays as it was decided."""
    review = opened(five, "a")
    first = decide(five, review)
    before = five.revision()
    tries = ["approve", "adjust", "reject"] * 2
    rng.shuffle(tries)
    for verb in tries:
        more = {
            "approve": {},
            "adjust": {"rank": 2, "expires_at": ahead(days=1)},
            "reject": {"expires_at": ahead(days=1)},
        }
        decide(five, review, verb, expect=409, **more[verb])
    kept = five.get(f"/reviews/{review['id']}").json()
    assert kept["decision"] == first["decision"] and five.revision() == before


def test_faults(five):
    review = opened(five, "a")
    digest = review["evidence"]["digest"]
    before = five.revision()

    def faults(verb, **body):
        return problem_pointers(five.post(f"/reviews/{review['id']}:{verb}", 422, json=body))

    assert faults("approve") == ["/digest", "/rationale"]
    assert faults("approve", digest=digest, rationale="too short") == ["/rationale"]
    assert faults("approve", digest=digest, rationale=WHY, rank=3) == ["/rank"]
    assert faults("adjust", digest=digest, rationale=WHY, expires_at=ahead(days=1)) == [""]
    assert faults("adjust", digest=digest, rationale=WHY, rank=1, band="ready", expires_at=ahead(days=1)) == [""]
    assert faults("adjust", digest=digest, rationale=WHY, rank=2) == ["/expires_at"]
    assert faults("adjust", digest=digest, rationale=WHY, rank=99, expires_at=ahead(days=1)) == ["/rank"]
    assert faults("adjust", digest=digest, rationale=WHY, band="gold", expires_at=ahead(days=1)) == ["/band"]
    assert faults("reject", digest=digest, rationale=WHY) == ["/expires_at"]
    five.post(f"/reviews/{uuid.uuid4()}:approve", 404, json={"digest": digest, "rationale": WHY})
    assert five.revision() == before


def test_roles(five):
    review = opened(five, "a")
    body = {"digest": review["evidence"]["digest"], "rationale": WHY}
    for role in ("reader", "contributor", "auditor"):
        five.as_role(role).post(f"/reviews/{review['id']}:approve", 403, json=body)
    five.as_role("reviewer").post(f"/reviews/{review['id']}:approve", 200, json=body)


def test_the_same_key_decides_once(five):
    review = opened(five, "a")
    body = {"digest": review["evidence"]["digest"], "rationale": WHY}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = five.post(f"/reviews/{review['id']}:approve", 200, json=body, headers=headers)
    again = five.post(f"/reviews/{review['id']}:approve", 200, json=body, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["decision"] == first.json()["decision"]


# ---- many ----


def test_many_approvals(five):
    two = [opened(five, "a"), opened(five, "b")]
    named = [{"id": r["id"], "digest": r["evidence"]["digest"]} for r in two]
    before = five.revision()
    stale = [{**named[0], "digest": "0" * 64}, named[1], {"id": str(uuid.uuid4()), "digest": "0" * 64}]
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answer = five.post("/reviews:batch", 207, json={"approve": stale, "rationale": WHY}, headers=headers)
    told = answer.json()
    assert told["approved"] == 1 and [r["status"] for r in told["results"]] == [409, 200, 404]
    assert five.revision() == before + 1, "one revision for all"
    again = five.post("/reviews:batch", 207, json={"approve": stale, "rationale": WHY}, headers=headers)
    assert again.json() == told and five.revision() == before + 1
    five.post("/reviews:batch", 200, json={"approve": named[:1], "rationale": WHY})
    assert five.queue()["review"] == {"pending": 0, "committed": 2}
    refused = five.post("/reviews:batch", 422, json={"approve": [named[0], named[0]], "rationale": "no"})
    erased = {"subject": f"review:{two[1]['id']}", "rationale": "Asked for by the person concerned."}
    assert five.post("/erasures", 200, json=erased).json()["texts"] == 1
    assert [five.get(f"/reviews/{r['id']}").json()["decision"]["rationale"] for r in two] == [None, None], "one for all"
    assert problem_pointers(refused) == ["/approve/1/id"]


def test_lists_page_by_page(five):
    settled(five, 2)
    five.put_settings(review={"top": 5})
    settled(five, 5)
    whole = reviews(five)
    paged = list(five.pages("/reviews", "reviews", limit=2))
    assert [r["id"] for r in paged] == [r["id"] for r in whole] and len(whole) == 5
    assert reviews(five, reason="held") == [] and len(reviews(five, stream="engineering_bug")) == 5
    assert [r["item"]["external_id"] for r in reviews(five, item=item_id(five, "c"))] == ["c"]
    assert problem_pointers(five.get("/reviews", 422, params={"state": "x"})) == ["/query/state"]


# ---- several daemons ----


def test_two_daemons_open_it_once(five, database, tmp_path):
    other = daemons.Daemon(database, tmp_path, "--jobs-every-ms", 50).start()
    there = five.at(other.url)
    for top in (2, 3, 4, 5):
        five.put_settings(review={"top": top})
        there.get("/queue", params={"min_revision": five.revision()})
        settled(five, top)
    items = [r["item"]["id"] for r in reviews(five, state="open")]
    assert len(items) == len(set(items))
    assert other.stop() == 0


# ---- what it teaches ----


def strengths(ws):
    return ws.get("/comparisons/strengths", params={"min_revision": ws.revision()}).json()["strengths"]


def test_decisions_become_comparisons_with_their_origin(five):
    review = opened(five, "a")
    decide(five, review)
    (made,) = five.get("/comparisons").json()["comparisons"]
    assert made["review"] == review["id"]
    assert (made["before"]["external_id"], made["after"]["external_id"]) == ("a", "c")
    rejected = opened(five, "b")
    decide(five, rejected, "reject", expires_at=ahead(days=3))
    newest = five.get("/comparisons").json()["comparisons"][0]
    assert (newest["before"]["external_id"], newest["after"]["external_id"]) == ("c", "b")
    # Without what people compared themselves there is nothing to learn from: it would be its own echo.
    assert strengths(five) == []


def test_what_was_learned_is_learned_again_anywhere(five, tmp_path):
    """Direct and derived comparisons, weighed: the daemon, a replay and the client offline agree."""
    for before, after in (("c", "a"), ("e", "d"), ("e", "b")):
        pair = [{"source": "test", "external_id": name} for name in (before, after)]
        five.post("/comparisons", 201, json={"before": pair[0], "after": pair[1]})
    direct = {each["external_id"]: each["strength"] for each in strengths(five)}
    decide(five, opened(five, "a"))
    decide(five, opened(five, "b"))
    both = {each["external_id"]: each["strength"] for each in strengths(five)}
    assert both["a"] > direct["a"] and both["b"] > direct["b"], "a and b were approved before c"
    # 2 derived ones weigh 9/7 beside 3 direct ones; at full weight a's win would make up for its loss.
    assert both["a"] < both["c"]
    model = {"name": "p", "kind": "pairwise", "unknown": "average", "bands": [{"name": "all"}]}
    five.promote(five.post("/models", 201, json=model).json()["version"])
    kept = five.post("/rankings", 201, json={}, params={"min_revision": five.revision()}).json()
    assert five.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()["same"]
    path = tmp_path / "bundle.ndjson"
    path.write_bytes(five.get(f"/rankings/{kept['id']}/bundle").content)
    assert b'"derived":true' in path.read_bytes()
    assert run("rank", "--offline", path).stdout == five.get(f"/rankings/{kept['id']}/order").text


def test_labels(five):
    decide(five, opened(five, "a"))
    at = five.item(item_id(five, "a"))["revision"]
    five.push([scored("a", 20)])
    (label,) = five.get("/reviews/labels").json()["labels"]
    assert label["decision"]["outcome"] == "approved" and label["rank_before"] == 1
    assert label["item"]["revision"] == at, "as it was when it was decided"
    assert label["item"]["features"]["user_impact"]["value"] == 3


# ---- what has no rank ----


def test_what_has_no_rank_is_not_approved(five, tmp_path):
    """Else it would hold wherever the item comes back."""
    reviews_of = {name: opened(five, name) for name in "ab"}
    before = five.queue()["review"]
    slow = override(five, "b", "exclude")
    body = {"digest": reviews_of["b"]["evidence"]["digest"], "rationale": WHY}
    params = {"min_revision": five.revision()}
    answer = five.post(f"/reviews/{reviews_of['b']['id']}:approve", 409, json=body, params=params)
    assert problem_type(answer) == "conflict"
    several = {"approve": [{"id": reviews_of["b"]["id"], "digest": body["digest"]}], "rationale": WHY}
    told = five.post("/reviews:batch", 207, json=several, params=params).json()
    assert told["approved"] == 0 and [each["status"] for each in told["results"]] == [409]
    five.post(f"/overrides/{slow['id']}:revoke", 200, json={})
    override(five, "b", "pin", rank=1)
    assert state(five, "b") == "pending" and before["committed"] == 0


# ---- what is hidden ----


def hold_by_pay(ws):
    """A policy in force that holds c by what its reader may not see; "why" of nothing else is by a rule."""
    ws.put_feature("salary", sensitive=True, family="business_value")
    rule = {"id": "hidden-hold", "when": {"feature": "salary", "ge": 5}, "effect": "hold", "reason": "By pay."}
    enforce(ws, rule)
    ws.push([{**scored("c", 18), "features": {**scored("c", 18)["features"], "salary": 9}}])


def test_a_hidden_rule_is_not_named(five):
    hold_by_pay(five)
    whole = opened(five, "c")
    assert (whole["reason"], whole["rule"], whole["evidence"]["rule"]["id"]) == ("held", "hidden-hold", "hidden-hold")
    assert "hidden-hold" in whole["suggestion"]["reason"]
    reader = five.as_role("reader")
    params = {"min_revision": five.revision()}
    (told,) = [r for r in reader.get("/reviews", params=params).json()["reviews"] if r["id"] == whole["id"]]
    assert told["reason"] is None and "rule" not in told
    assert told["evidence"]["why"] == [] and "rule" not in told["evidence"] and told["evidence"]["score"] == 18
    assert told["suggestion"]["decision"] == "approve"
    for text in (
        reader.get("/reviews", params=params).text,
        reader.get(f"/reviews/{whole['id']}", params=params).text,
        reader.get("/queue", params=params).text,
    ):
        assert "hidden-hold" not in text and "By pay" not in text and "held" not in text.replace('"held":0', "")
    refused = reader.get("/reviews", 403, params={**params, "reason": "held"})
    assert problem_type(refused) == "sensitive-input"
    assert [r["id"] for r in reviews(five, reason="held")] == [whole["id"]]
    # A decision and its label say no more.
    done = five.as_role("reviewer").post(
        f"/reviews/{whole['id']}:approve", 200, json={"digest": whole["evidence"]["digest"], "rationale": WHY}
    )
    assert "hidden-hold" not in done.text and done.json()["reason"] is None
    assert reader.get("/reviews/labels").json()["labels"][0]["reason"] is None
    assert five.get("/reviews/labels").json()["labels"][0]["reason"] == "held"
    # The rule is in force no more, and what it opened is told no more for that.
    five.put(
        "/policy-aliases/active", 200, json={"policy": None}, headers={"If-Match": five.etag("/policy-aliases/active")}
    )
    assert "hidden-hold" not in reader.get("/reviews", params={"min_revision": five.revision()}).text


def test_a_suggestion_tells_nothing_of_hidden_scores(quick):
    ws = Workspace(quick)
    ws.put_feature("salary", sensitive=True, family="business_value")
    bands = [{"name": "now", "at_least": 0.6}, {"name": "later"}]
    terms = [{"feature": "salary", "weight": 1, "unknown": "span"}]
    model = {"name": "by pay", "kind": "weighted_sum", "terms": terms, "bands": bands}
    ws.promote(ws.post("/models", 201, json=model).json()["version"])
    ws.put_settings(review={"top": 2, "above": 1})
    ws.push([item("known", features={"salary": 5}), item("unknown")])
    settled(ws, 2)
    whole = {r["item"]["external_id"]: r["suggestion"] for r in reviews(ws, state="open")}
    assert whole["known"]["decision"] == "approve" and whole["unknown"]["defer"]
    told = ws.as_role("reader").get("/reviews", params={"min_revision": ws.revision()}).json()["reviews"]
    assert [(r["suggestion"], r["evidence"]["score"]) for r in told] == [(None, None)] * 2


def test_a_field_that_is_sensitive_is_for_admins(five):
    """Also in the answer to a decision, which is by no ranking; and reading labels is on record."""
    five.put_settings(
        review={"top": 2, "above": 1}, sensitive_fields=["title", "body"], access_log={"on": True, "keep_days": 9}
    )
    five.push([scored("a", 24, title="Needle", body="Haystack")])
    review = opened(five, "a")
    assert review["item"]["title"] == "Needle"
    body = {"digest": review["evidence"]["digest"], "rationale": WHY}
    reviewer = five.as_role("reviewer")
    assert "Needle" not in reviewer.get("/reviews", params={"min_revision": five.revision()}).text
    assert "Needle" not in reviewer.post(f"/reviews/{review['id']}:approve", 200, json=body).text
    before = len(five.get("/access-log").json()["records"])
    assert "Haystack" not in reviewer.get("/reviews/labels").text
    assert len(five.get("/access-log").json()["records"]) == before
    assert "Haystack" in five.get("/reviews/labels").text
    record = five.get("/access-log").json()["records"][0]
    assert record["target"].endswith("/reviews/labels") and {"title", "body"} <= set(record["features"])


# ---- erasing ----


def test_erasing_an_item_takes_its_rationales(five):
    name = "as Quentin Needle wishes"
    done = decide(five, opened(five, "a"), "adjust", rank=2, expires_at=ahead(days=3), rationale=f"Moved, {name}")
    decide(five, opened(five, "b"), rationale="Of b, and said by nobody else")
    erased = five.post(f"/items/{done['item']['id']}:erase", 200, json={"rationale": "Asked for by the person."}).json()
    assert erased["texts"] >= 3, "the item's, the review's and the override's"
    params = {"min_revision": five.revision()}
    for path in ("/reviews", f"/reviews/{done['id']}", "/reviews/labels", "/overrides"):
        assert name not in five.get(path, params=params).text
    assert five.get(f"/reviews/{done['id']}").json()["decision"]["rationale"] is None
    assert "Of b" in five.get("/reviews", params=params).text
    assert state(five, "a") == "pending", "another version is another item"
    assert five.verify()["ok"]


# ---- suspended ----


def test_reviews_say_that_the_model_is_suspended(five):
    review = opened(five, "a")
    assert "suspended" not in five.get("/reviews", params={"min_revision": five.revision()}).json()
    five.post("/suspend", 200, json={"fallback": "rules", "rationale": "Stop this model at once"})
    params = {"min_revision": five.revision()}
    page = five.get("/reviews", params=params)
    assert page.headers["Winnow-Suspended"] == "rules" and page.json()["suspended"]["fallback"] == "rules"
    one = five.get(f"/reviews/{review['id']}", params=params)
    assert one.headers["Winnow-Suspended"] == "rules" and one.json()["evidence"]["suspended"]["fallback"] == "rules"


# ---- the client ----


def test_the_client(five):
    def cli(*args, **more):
        return run(*args, **{"url": five.url, "token": five.secret, "workspace": five.name, **more})

    a, b = opened(five, "a"), opened(five, "b")
    rows = {line.split("\t")[1]: line.split("\t") for line in cli("reviews", "list", "--plain").stdout.splitlines()}
    seen = rows["test/a"][-1]
    assert rows["test/a"][0] == a["id"] and a["evidence"]["digest"].startswith(seen)
    text = cli("reviews", "show", a["id"]).stdout
    assert "test/a" in text and a["suggestion"]["reason"] in text and a["evidence"]["digest"] in text
    why = ("--because", WHY)
    assert "--because" in cli("reviews", "approve", a["id"], "--seen", seen, expect=USAGE).stderr
    assert "--seen" in cli("reviews", "approve", a["id"], *why, expect=USAGE).stderr
    assert "look again" in cli("reviews", "approve", a["id"], "--seen", "0" * 8, *why, expect=REFUSED).stderr
    assert "test/a: approved" in cli("reviews", "approve", a["id"], "--seen", seen, *why).stderr
    seen = b["evidence"]["digest"][:8]
    told = cli("reviews", "adjust", b["id"], "--seen", seen, "--rank", 4, "--for", "14d", *why, "--json").stdout
    assert json.loads(told)["decision"]["rank"] == 4
    assert "b: adjusted" not in cli("reviews", "list").stdout
    c = opened(five, "c")
    seen = c["evidence"]["digest"][:8]
    cli("reviews", "reject", c["id"], "--seen", seen, "--until", "2020-01-01", *why, expect=REFUSED)
    cli("reviews", "reject", c["id"], "--seen", seen, "--for", "3d", *why)
    queue = cli("queue", "--plain", "--review", "approved", "--min-revision", five.revision())
    assert [line.split("\t")[4] for line in queue.stdout.splitlines()] == ["a", "b"]
    assert " committed" in queue.stderr and "approved" in queue.stdout
    assert "rationale" in cli("reviews", "show", a["id"]).stdout
