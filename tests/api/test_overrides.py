"""Overrides: what people decide against the order, what beats them, and how they end."""

import datetime
import json
import subprocess
import time
import uuid

import pytest

from support import daemon as daemons, places
from support.client import Client, problem_pointers, problem_type
from support.waiting import wait_until
from support.workspace import Workspace, item, rubric, scored

WHY = "Promised to a customer for Friday."
KINDS = ("pin", "boost", "band", "before", "exclude", "defer")


def ahead(**span):
    """A time in the future, as the API takes it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).isoformat()


def named(external_id):
    return {"source": "test", "external_id": external_id}


def body(external_id, kind, **more):
    return {
        "item": named(external_id),
        "kind": kind,
        "justification": WHY,
        "expires_at": ahead(days=7),
        **more,
    }


def override(ws, external_id, kind, expect=201, **more):
    """Made against a ranking that has what was pushed before."""
    params = {"min_revision": ws.revision()}
    return ws.post("/overrides", expect, json=body(external_id, kind, **more), params=params).json()


def shown(ws, made):
    """The override, with what a ranking of now made of it."""
    return ws.get(f"/overrides/{made['id']}", params={"min_revision": ws.revision()}).json()


def effect(ws, made):
    return shown(ws, made)["effect"]


def untimed(override):
    """Without the id of the ranking: it goes on with the minutes."""
    told = override["effect"] and {name: value for name, value in override["effect"].items() if name != "ranking"}
    return {**override, "effect": told}


def order(ws):
    return [entry["external_id"] for entry in ws.whole_queue()]


def entry_of(ws, external_id):
    return next(entry for entry in ws.whole_queue() if entry["external_id"] == external_id)


def item_id(ws, external_id):
    return next(iter(ws.pages("/items", "items", {"external_id": external_id})))["id"]


def rule(ws, effect_name, hits, **more):
    """Puts a policy of one rule in force that hits the item of this external id."""
    ws.push([{**item(name), "labels": ["ruled"]} for name in hits])
    rules = [
        {
            "id": "the-rule",
            "when": {"fact": "labels", "contains": "ruled"},
            "effect": effect_name,
            "reason": "A test's own.",
            **more,
        }
    ]
    version = ws.post("/policies", (200, 201), json={"name": f"p{uuid.uuid4().hex}", "rules": rules}).json()["version"]
    ws.put("/policy-aliases/active", 201, json={"policy": version}, headers={"If-None-Match": "*"})


BY_RULE = {"rule": {"id": "the-rule", "reason": "A test's own."}}


@pytest.fixture
def five(ws):
    """a 24, b 20, c 16, d 12, e 8."""
    ws.push([scored(name, score) for name, score in zip("abcde", (24, 20, 16, 12, 8))])
    assert order(ws) == list("abcde")
    return ws


# ---- what each kind does ----


def test_pin(five):
    made = override(five, "d", "pin", rank=2)
    assert order(five) == ["a", "d", "b", "c", "e"]
    assert entry_of(five, "d")["rank"] == 2 and entry_of(five, "d")["band"] == "ready", "the band stays its own"
    told = effect(five, made)
    assert told["ranking"].startswith(f"{made['made_revision']}.")
    assert (told["fate"], told["by"]) == ("applied", None)


def test_boost(five):
    made = override(five, "d", "boost", delta=10)
    assert order(five) == ["a", "d", "b", "c", "e"]
    entry = entry_of(five, "d")
    assert (entry["score"], entry["band"]) == (22, "next_sprint"), "a boost counts for the band"
    assert entry["range"]["highest"] == 12, "ranges are by evidence"
    override(five, "d", "boost", delta=-15)
    assert entry_of(five, "d")["score"] == 7 and order(five)[-1] == "d", "boosts add up"
    assert effect(five, made)["fate"] == "applied"


def test_band(five):
    made = override(five, "e", "band", band="next_sprint")
    assert order(five) == ["a", "b", "e", "c", "d"], "the band goes first, then the score"
    assert (entry_of(five, "e")["band"], entry_of(five, "e")["score"]) == ("next_sprint", 8)
    assert effect(five, made)["fate"] == "applied"
    already = override(five, "a", "band", band="next_sprint")
    assert effect(five, already)["fate"] == "without_effect"


def test_before(five):
    made = override(five, "e", "before", before=named("b"))
    assert order(five) == ["a", "e", "b", "c", "d"]
    assert made["before"] == {"id": item_id(five, "b"), **named("b"), "title": "Item b"}
    assert effect(five, made)["fate"] == "applied"


@pytest.mark.parametrize("kind", ["exclude", "defer"])
def test_out_of_the_ranking(five, kind):
    made = override(five, "b", kind)
    assert order(five) == ["a", "c", "d", "e"] and five.queue()["count"] == 4
    assert effect(five, made)["fate"] == "applied"


def test_what_is_out_blocks_nothing(five):
    five.push([scored("b", 20, blocked_by=["e"])])
    assert order(five).index("e") < order(five).index("b")
    override(five, "e", "exclude")
    assert order(five) == ["a", "b", "c", "d"]


def test_an_item_by_its_id(five):
    made = override(five, "c", "pin", rank=1, item=item_id(five, "c"))
    assert made["item"] == {"id": item_id(five, "c"), **named("c"), "title": "Item c"}
    assert order(five)[0] == "c"


# ---- what is kept ----


def test_what_is_kept(five):
    five_revision = five.revision()
    made = override(five, "d", "pin", rank=2, link="https://example.org/why", team="payments")
    assert made["made_revision"] == five_revision + 1
    assert made["author"] == f"token:{five.operator.get('/v1/whoami').json()['token_id']}"
    assert (made["kind"], made["rank"], made["team"]) == ("pin", 2, "payments")
    assert (made["justification"], made["link"]) == (WHY, "https://example.org/why")
    assert (made["model_version"], made["rank_before"], made["band_before"]) == (1, 4, "ready")
    assert made["state"] == "in_force" and "ended_at" not in made and made["effect"] is None
    assert {**shown(five, made), "effect": None} == made


def test_a_write_names_its_revision_and_its_place(five):
    answer = five.post("/overrides", 201, json=body("a", "exclude"))
    made = answer.json()
    assert answer.headers["Location"] == f"{five.prefix}/overrides/{made['id']}"
    assert answer.headers["Winnow-Revision"] == str(made["made_revision"]) == str(five.revision())
    assert answer.headers["Winnow-Head"].startswith(f"{made['made_revision']}:")


def test_the_page_s_example(ws):
    page = (places.ROOT / "docs" / "overrides.md").read_text()
    example = json.loads(page.split("```json")[1].split("```")[0])
    ws.push([item("7", source="github")])
    made = ws.post("/overrides", 201, json={**example, "expires_at": ahead(days=14)}).json()
    assert {name: made[name] for name in ("kind", "rank", "justification", "link", "team")} == {
        name: example[name] for name in ("kind", "rank", "justification", "link", "team")
    }


def test_a_daemon_that_has_not_loaded_the_workspace(five, database, tmp_path):
    """Where the item stands is part of the record, so it is waited for."""
    own = daemons.Daemon(database, tmp_path)
    own.start()
    there = five.at(own.url)
    made = there.post("/overrides", 201, json=body("d", "pin", rank=2)).json()
    assert (made["rank_before"], made["band_before"]) == (4, "ready")
    shown_there = there.get(f"/overrides/{made['id']}", params={"min_revision": made["made_revision"]}).json()
    assert own.stop() == 0
    assert untimed(shown_there) == untimed(shown(five, made)) and shown_there["effect"]["fate"] == "applied"


def test_where_an_unranked_item_stood(five):
    first = override(five, "b", "exclude")
    second = override(five, "b", "boost", delta=1)
    assert (first["rank_before"], first["band_before"]) == (2, "next_sprint")
    assert (second["rank_before"], second["band_before"]) == (None, None)


def test_the_audit_log_has_no_personal_text(five):
    secret_reason, link, team = "Because Ms Example rang at home.", "https://example.org/ms-example", "payments"
    before = five.revision()
    made = override(five, "d", "pin", rank=2, justification=secret_reason, link=link, team=team)
    five.post(f"/overrides/{made['id']}:revoke", 200, json={})
    records = five.records(after=before)
    assert [r["action"] for r in records] == ["override.create", "override.revoke"]
    assert {r["subject"] for r in records} == {f"override:{made['id']}"}
    detail = records[0]["detail"]
    detail = json.loads(detail) if isinstance(detail, str) else detail
    assert (detail["kind"], detail["rank"], detail["item"]) == ("pin", 2, item_id(five, "d"))
    text = json.dumps(records) + five.get("/audit/export").text
    for personal in ("Example", "ms-example", "rang at home"):
        assert personal not in text
    assert five.verify()["ok"]


def test_erased_words(five):
    """They are in the side table alone, and what was decided outlives them."""
    made = override(five, "d", "pin", rank=2, link="https://example.org/why")
    five.post(f"/items/{item_id(five, 'd')}:erase", 200, json={"rationale": "asked for"})
    again = shown(five, made)
    assert again["justification"] is None and "link" not in again and again["effect"]["fate"] == "applied"
    assert five.verify()["ok"], "an erased text is no fault"


# ---- what defeats one ----


@pytest.mark.parametrize(
    "kind, value, effect_name, more, expected",
    [
        ("band", {"band": "next_sprint"}, "at_most_band", {"band": "ready"}, None),
        ("pin", {"rank": 1}, "not_above", {"rank": 3}, None),
        ("pin", {"rank": 1}, "exclude", {}, "out"),
        ("boost", {"delta": 3}, "exclude", {}, "out"),
    ],
)
def test_defeated_by_a_rule(five, kind, value, effect_name, more, expected):
    made = override(five, "d", kind, **value)
    assert effect(five, made)["fate"] == "applied"
    rule(five, effect_name, ["d"], **more)
    told = effect(five, made)
    assert (told["fate"], told["by"]) == ("defeated", BY_RULE)
    if expected == "out":
        assert "d" not in order(five)
    elif kind == "band":
        assert entry_of(five, "d")["band"] == "ready"
    else:
        assert order(five).index("d") == 2, "as near as the rule lets it"


def test_a_pin_waits_for_what_is_pinned_to_the_top(five):
    rule(five, "pin_top", ["e"])
    made = override(five, "d", "pin", rank=1)
    assert order(five)[:2] == ["e", "d"]
    told = effect(five, made)
    assert (told["fate"], told["by"]) == ("defeated", BY_RULE)


def test_defeated_by_a_limit(five):
    made = override(five, "d", "pin", rank=2)
    rule(five, "limit", ["a", "d"], at_most=1, top=3)
    assert order(five) == ["a", "b", "c", "d", "e"]
    assert (effect(five, made)["fate"], effect(five, made)["by"]) == ("defeated", BY_RULE)


def test_defeated_by_a_freeze_while_it_lasts(five):
    made = override(five, "d", "boost", delta=10)
    rule(five, "freeze", ["d"], until=ahead(days=1))
    assert "d" not in order(five)
    assert (effect(five, made)["fate"], effect(five, made)["by"]) == ("defeated", BY_RULE)


def test_what_is_put_out_by_a_person_stays_out(five):
    pinned = override(five, "d", "pin", rank=1)
    banded = override(five, "d", "band", band="next_sprint")
    out = override(five, "d", "defer")
    assert "d" not in order(five) and effect(five, out)["fate"] == "applied"
    for made in (pinned, banded):
        assert (effect(five, made)["fate"], effect(five, made)["by"]) == ("defeated", {"override": out["id"]})


def test_two_befores_that_close_a_circle(five):
    older = override(five, "d", "before", before=named("e"))
    newer = override(five, "e", "before", before=named("d"))
    assert effect(five, older)["fate"] == "applied"
    assert (effect(five, newer)["fate"], effect(five, newer)["by"]) == ("defeated", {"override": older["id"]})


def test_defeated_by_a_blocker(five):
    five.push([scored("a", 24, blocked_by=["e"])])
    made = override(five, "a", "pin", rank=1)
    assert order(five)[:2] == ["e", "a"]
    told = effect(five, made)
    assert told["fate"] == "defeated"
    assert told["by"] == {"item": {"id": item_id(five, "e"), **named("e"), "title": "Item e"}}


def test_of_two_for_one_place_the_newer_wins(five):
    older = override(five, "d", "pin", rank=1)
    newer = override(five, "e", "pin", rank=1)
    assert order(five) == ["e", "d", "a", "b", "c"]
    assert effect(five, newer)["fate"] == "applied"
    assert effect(five, older)["by"] == {"override": newer["id"]}


def test_of_two_pins_of_one_item_the_newer_counts(five):
    older = override(five, "e", "pin", rank=1)
    newer = override(five, "e", "pin", rank=3)
    assert order(five) == ["a", "b", "e", "c", "d"]
    assert (effect(five, older)["fate"], effect(five, older)["by"]) == ("defeated", {"override": newer["id"]})


def test_a_band_that_the_active_model_no_longer_has(five):
    made = override(five, "e", "band", band="next_sprint")
    terms = [{"feature": "user_impact", "weight": 1, "scale": "value", "unknown": "span"}]
    model = {"name": "m", "kind": "weighted_sum", "terms": terms, "bands": [{"name": "x"}]}
    five.promote(five.post("/models", 201, json=model).json()["version"])
    told = shown(five, made)
    assert told["effect"]["fate"] == "without_effect" and told["state"] == "in_force"


def test_a_finished_item_leaves_its_override_without_effect(five):
    made = override(five, "d", "pin", rank=1)
    five.push([{**named("d"), "status": "done"}])
    assert effect(five, made)["fate"] == "without_effect" and order(five) == ["a", "b", "c", "e"]
    five.push([{**named("d"), "status": "open"}])
    assert effect(five, made)["fate"] == "applied" and order(five)[0] == "d"


def test_an_import_never_undoes_one(five):
    pinned = override(five, "e", "pin", rank=1)
    excluded = override(five, "a", "exclude")
    banded = override(five, "d", "band", band="next_sprint")
    five.push([scored(name, score, title="again") for name, score in zip("abcde", (24, 9, 9, 9, 9))])
    five.push_lines([scored("e", 8, labels=["other"])])
    assert order(five)[:2] == ["e", "d"] and "a" not in order(five)
    assert [effect(five, each)["fate"] for each in (pinned, excluded, banded)] == ["applied"] * 3
    assert all(shown(five, each)["state"] == "in_force" for each in (pinned, excluded, banded))


# ---- faults ----


def faults(ws, external_id, kind, **more):
    before = ws.revision()
    answer = ws.post("/overrides", 422, json=body(external_id, kind, **more), params={"min_revision": before})
    assert ws.revision() == before, "nothing is stored"
    return problem_pointers(answer)


@pytest.mark.parametrize(
    "kind, more, pointers",
    [
        ("pin", {}, ["/rank"]),
        ("pin", {"rank": 0}, ["/rank"]),
        ("pin", {"rank": 6}, ["/rank"]),
        ("pin", {"rank": "1"}, ["/rank"]),
        ("pin", {"rank": 1.5}, ["/rank"]),
        ("pin", {"rank": 1, "delta": 2}, ["/delta"]),
        ("boost", {}, ["/delta"]),
        ("boost", {"delta": 0}, ["/delta"]),
        ("boost", {"delta": "3"}, ["/delta"]),
        ("band", {}, ["/band"]),
        ("band", {"band": "gold"}, ["/band"]),
        ("before", {}, ["/before"]),
        ("before", {"before": named("absent")}, ["/before"]),
        ("before", {"before": named("d")}, ["/before"]),
        ("before", {"before": "x"}, ["/before"]),
        ("before", {"before": {"source": "test"}}, ["/before/external_id"]),
        ("exclude", {"rank": 1, "band": "ready", "before": named("a")}, ["/band", "/before", "/rank"]),
        ("promote", {}, ["/kind"]),
        ("defer", {"until": "x"}, ["/until"]),
        ("defer", {"item": None}, ["/item"]),
        ("defer", {"item": 7}, ["/item"]),
        ("defer", {"item": "d"}, ["/item"]),
        ("defer", {"item": {"source": "test", "external_id": "d", "x": 1}}, ["/item/x"]),
        ("defer", {"justification": "too short"}, ["/justification"]),
        ("defer", {"justification": "   short \t\n    "}, ["/justification"]),
        ("defer", {"justification": "\u3000\u200b\u2800 nothing" + "\u00a0" * 9}, ["/justification"]),
        ("defer", {"justification": None}, ["/justification"]),
        ("defer", {"justification": "x" * 4097}, ["/justification"]),
        ("defer", {"expires_at": None}, ["/expires_at"]),
        ("defer", {"expires_at": "tomorrow"}, ["/expires_at"]),
        ("defer", {"expires_at": "2020-01-01T00:00:00Z"}, ["/expires_at"]),
        ("defer", {"expires_at": "9000-01-01T00:00:00Z"}, ["/expires_at"]),
        ("defer", {"link": "ftp://example.org"}, ["/link"]),
        ("defer", {"team": ""}, ["/team"]),
        ("defer", {"team": "x" * 256}, ["/team"]),
    ],
)
def test_faults(five, kind, more, pointers):
    assert faults(five, "d", kind, **more) == pointers


def test_a_pin_may_go_to_the_last_rank(five):
    override(five, "a", "pin", rank=5)
    assert order(five) == ["b", "c", "d", "e", "a"]


def test_all_faults_at_once(five):
    answer = five.post(
        "/overrides",
        422,
        json={
            "item": "nonsense",
            "kind": "pin",
            "delta": 3,
            "band": "x",
            "before": 3,
            "surprise": True,
            "justification": "no",
            "link": "x",
            "team": "",
        },
    )
    assert problem_pointers(answer) == sorted(
        ["/item", "/rank", "/delta", "/band", "/before", "/surprise", "/justification", "/expires_at", "/link", "/team"]
    )
    assert problem_pointers(five.post("/overrides", 422, json={})) == [
        "/expires_at",
        "/item",
        "/justification",
        "/kind",
    ]
    assert problem_pointers(five.post("/overrides", 422, json=[])) == [""]
    assert problem_pointers(five.post("/overrides", 422, json=body("a", "exclude"), params={"x": 1})) == ["/query/x"]


def test_the_workspace_s_limit(five):
    """90 days unless the settings say otherwise."""
    assert faults(five, "d", "defer", expires_at=ahead(days=91)) == ["/expires_at"]
    made = override(five, "d", "defer", expires_at=ahead(days=89))
    five.put_settings(override_max_days=3)
    assert faults(five, "d", "defer", expires_at=ahead(days=4)) == ["/expires_at"]
    override(five, "d", "defer", expires_at=ahead(days=2))
    assert shown(five, made)["state"] == "in_force", "what was made stays"


def test_a_missing_item_is_404_and_a_finished_one_409(five, other_ws):
    before = five.revision()
    other_ws.push([item("elsewhere")])
    for absent in (named("absent"), named("elsewhere"), str(uuid.uuid4()), item_id(other_ws, "elsewhere")):
        answer = five.post("/overrides", 404, json=body(None, "exclude", item=absent))
        assert problem_pointers(answer) == ["/item"]
    assert five.revision() == before
    five.push([{**named("a"), "status": "done"}, {**named("b"), "status": "dropped"}])
    for finished in "ab":
        answer = five.post("/overrides", 409, json=body(finished, "exclude"))
        assert problem_pointers(answer) == ["/item"]
    assert faults(five, "c", "before", before=named("a")) == ["/before"]


def test_roles(five):
    made = five.as_role("reviewer").post("/overrides", 201, json=body("a", "exclude")).json()
    five.as_role("admin").post("/overrides", 201, json=body("b", "exclude"))
    for role in ("reader", "contributor", "auditor"):
        five.as_role(role).post("/overrides", 403, json=body("c", "exclude"))
        five.as_role(role).post(f"/overrides/{made['id']}:revoke", 403, json={})
    for role in ("reader", "reviewer", "admin", "auditor"):
        assert five.as_role(role).get(f"/overrides/{made['id']}").json()["justification"] == WHY
        assert len(five.as_role(role).get("/overrides").json()["overrides"]) == 2
        five.as_role(role).get("/overrides/report")
    five.as_role("contributor").get("/overrides", 403)
    five.as_role("reviewer").post(f"/overrides/{made['id']}:revoke", 200, json={})


# ---- the end ----


def test_revoke(five):
    made = override(five, "e", "pin", rank=1)
    assert order(five)[0] == "e"
    answer = five.post(f"/overrides/{made['id']}:revoke", 200, json={})
    ended = answer.json()
    assert ended["state"] == "revoked" and ended["ended_by"] == made["author"]
    assert ended["ended_revision"] == five.revision() == int(answer.headers["Winnow-Revision"])
    assert order(five) == list("abcde")
    assert shown(five, made) == ended and ended["effect"] is None


def test_revoke_without_a_body(five):
    made = override(five, "e", "pin", rank=1)
    assert five.post(f"/overrides/{made['id']}:revoke", 200).json()["state"] == "revoked"


def test_revoke_faults(five, other_ws):
    made = override(five, "e", "pin", rank=1)
    assert problem_pointers(five.post(f"/overrides/{made['id']}:revoke", 422, json={"x": 1})) == ["/x"]
    assert problem_pointers(five.post(f"/overrides/{made['id']}:revoke", 422, json=[])) == [""]
    five.post(f"/overrides/{made['id']}:revoke", 200, json={})
    before = five.revision()
    assert problem_type(five.post(f"/overrides/{made['id']}:revoke", 409, json={})) == "conflict"
    for absent in (str(uuid.uuid4()), "x", item_id(five, "a")):
        five.post(f"/overrides/{absent}:revoke", 404, json={})
        five.get(f"/overrides/{absent}", 404)
    other_ws.post(f"/overrides/{made['id']}:revoke", 404, json={})
    other_ws.get(f"/overrides/{made['id']}", 404)
    assert five.revision() == before


@pytest.fixture(scope="module")
def quick(database, operator_token, tmp_path_factory):
    """A workspace at a daemon whose jobs run all the time."""
    own = daemons.Daemon(database, tmp_path_factory.mktemp("quick"), "--jobs-every-ms", 100)
    own.start()
    yield Workspace(Client(own.url, operator_token))
    assert own.stop() == 0


def test_expiry_is_recorded_by_itself(quick):
    quick.push([scored("x", 20), scored("y", 12), scored("z", 8)])
    made = override(quick, "y", "exclude", expires_at=ahead(seconds=2))
    kept = override(quick, "z", "pin", rank=1)
    assert made["state"] == "in_force"

    def expired():
        now = quick.get(f"/overrides/{made['id']}").json()
        return now if "ended_revision" in now else None

    ended = wait_until(expired, "the expiry is on record")
    assert (ended["state"], ended["ended_by"]) == ("expired", "system")
    (record,) = [r for r in quick.records(after=made["made_revision"]) if r["action"] == "override.expire"]
    assert record["revision"] == ended["ended_revision"] and record["actor"] == "system"
    quick.post(f"/overrides/{made['id']}:revoke", 409, json={})
    assert order(quick) == ["z", "x", "y"], "out of the rankings after it, and it alone"
    assert effect(quick, made) is None and effect(quick, kept)["fate"] == "applied"
    assert quick.verify()["ok"]


def test_expired_before_it_is_on_record(ws):
    """Time ends an override, the record follows: it can no longer be revoked, and is not active."""
    ws.push([scored("x", 20)])
    made = override(ws, "x", "boost", delta=1, expires_at=ahead(milliseconds=1500))
    wait_until(lambda: ws.get(f"/overrides/{made['id']}").json()["state"] == "expired", "it has expired")
    ws.post(f"/overrides/{made['id']}:revoke", 409, json={})
    assert ws.get("/overrides", params={"active": "true"}).json()["overrides"] == []
    assert [o["id"] for o in ws.get("/overrides", params={"active": "false"}).json()["overrides"]] == [made["id"]]


# ---- lists ----


def test_lists(five):
    made = [
        override(five, "a", "exclude"),
        override(five, "b", "pin", rank=1),
        override(five, "b", "boost", delta=2),
        override(five, "c", "before", before=named("b")),
    ]
    five.post(f"/overrides/{made[1]['id']}:revoke", 200, json={})
    newest_first = [each["id"] for each in reversed(made)]

    def ids(**params):
        return [each["id"] for each in five.get("/overrides", params=params).json()["overrides"]]

    assert ids() == newest_first
    assert ids(active="true") == [each for each in newest_first if each != made[1]["id"]]
    assert ids(active="false") == [made[1]["id"]]
    assert ids(item=item_id(five, "b")) == [made[2]["id"], made[1]["id"]]
    assert ids(kind="before") == [made[3]["id"]]
    assert ids(kind="pin", active="true") == [] and ids(item=str(uuid.uuid4())) == []
    page = five.get("/overrides", params={"min_revision": five.revision()}).json()["overrides"]
    assert [untimed(shown(five, each)) for each in reversed(made)] == [untimed(each) for each in page]


def test_pages_neither_skip_nor_repeat(five):
    made = [override(five, "abcde"[i % 5], "boost", delta=i + 1)["id"] for i in range(7)]
    seen = [each["id"] for each in five.pages("/overrides", "overrides", limit=3)]
    assert seen == made[::-1]
    assert [each["id"] for each in five.pages("/overrides", "overrides", {"item": item_id(five, "a")}, limit=1)] == [
        made[5],
        made[0],
    ]
    cursor = five.get("/overrides", params={"limit": 2}).json()["next"]
    override(five, "a", "boost", delta=9)
    rest = five.get("/overrides", params={"limit": 2, "cursor": cursor}).json()["overrides"]
    assert [each["id"] for each in rest] == made[::-1][2:4], "what is newer is not on later pages"
    for params in ({"cursor": cursor, "kind": "boost"}, {"cursor": cursor, "active": "true"}, {"cursor": "x"}):
        assert problem_type(five.get("/overrides", 400, params=params)) == "bad-cursor"


@pytest.mark.parametrize(
    "name, value",
    [
        ("item", "b"),
        ("kind", "promote"),
        ("active", "yes"),
        ("limit", "0"),
        ("min_revision", "x"),
        ("state", "expired"),
    ],
)
def test_list_faults(ws, name, value):
    assert problem_pointers(ws.get("/overrides", 422, params={name: value})) == [f"/query/{name}"]


# ---- the report ----


def tally(ws, **params):
    report = ws.get("/overrides/report", params=params).json()
    for part in ("by_model", "by_team", "by_kind"):
        assert sum(each["total"] for each in report[part]) == report["total"]
    assert report["total"] == sum(report[name] for name in ("proved_right", "proved_wrong", "withdrawn", "open"))
    return report


def test_the_report(five):
    empty = tally(five)
    assert empty["total"] == 0 and empty["by_model"] == empty["by_team"] == empty["by_kind"] == []

    override(five, "d", "pin", rank=1, team="payments")  # moved up, and done: right
    override(five, "c", "boost", delta=3, team="payments")  # moved up, and dropped: wrong
    override(five, "b", "exclude")  # put back, and done all the same: wrong
    override(five, "a", "boost", delta=-3)  # put back, and dropped: right
    withdrawn = override(five, "e", "band", band="ready", team="search")
    override(five, "e", "before", before=named("a"), team="search")  # open
    five.post(f"/overrides/{withdrawn['id']}:revoke", 200, json={})
    statuses = {"d": "done", "c": "dropped", "b": "done", "a": "dropped"}
    five.push([{**named(name), "status": status} for name, status in statuses.items()])

    report = tally(five)
    assert {key: value for key, value in report.items() if isinstance(value, int)} == {
        "total": 6,
        "in_force": 5,
        "proved_right": 2,
        "proved_wrong": 2,
        "withdrawn": 1,
        "open": 1,
        "team_count": 3,
    }
    assert [(each["model_version"], each["total"]) for each in report["by_model"]] == [(1, 6)]
    assert [(each["team"], each["total"], each["proved_right"]) for each in report["by_team"]] == [
        (None, 2, 1),
        ("payments", 2, 1),
        ("search", 2, 0),
    ]
    assert [(each["kind"], each["total"], each["proved_wrong"]) for each in report["by_kind"]] == [
        ("pin", 1, 0),
        ("boost", 2, 1),
        ("band", 1, 0),
        ("before", 1, 0),
        ("exclude", 1, 1),
    ]


def test_the_report_of_many_teams(five, database):
    """Their names are free: those with the most overrides are told."""
    database.tamper(
        """
        INSERT INTO winnow.overrides (workspace_id, override_id, revision, item_id, kind, made_at, expires_at, author,
            author_team, model_version, rank_before, text_ref)
        SELECT %s, gen_random_uuid(), 1, gen_random_uuid(), 'exclude', now(), now() + interval '1 day', 'test',
            'team ' || to_char(n, 'FM0000'), 1 + n %% 11, 0, decode(repeat('00', 32), 'hex')
        FROM generate_series(1, 1005) n, generate_series(0, (n > 1000)::int)
        """,
        five.id,
    )
    report = five.get("/overrides/report").json()
    assert (report["total"], report["team_count"], len(report["by_team"])) == (1010, 1005, 1000)
    told = [each["team"] for each in report["by_team"]]
    assert told == [f"team {n:04}" for n in (*range(1, 996), *range(1001, 1006))]
    assert [each["total"] for each in report["by_team"]] == [1] * 995 + [2] * 5
    assert [each["model_version"] for each in report["by_model"]] == list(range(1, 12)), "as numbers"
    database.tamper("DELETE FROM winnow.overrides WHERE workspace_id = %s", five.id)


def test_the_report_s_span(five):
    first = override(five, "a", "exclude")
    second = override(five, "b", "exclude")
    assert tally(five, **{"from": second["made_at"]})["total"] == 1, "from this time on"
    assert tally(five, to=second["made_at"])["total"] == 1, "before this time"
    assert tally(five, **{"from": first["made_at"], "to": ahead(days=1)})["total"] == 2
    for params, pointer in (
        ({"from": "yesterday"}, "from"),
        ({"to": "2026"}, "to"),
        ({"from": ahead(days=2)}, "from"),
        ({"from": second["made_at"], "to": first["made_at"]}, "to"),
        ({"since": "x"}, "since"),
    ):
        assert problem_pointers(five.get("/overrides/report", 422, params=params)) == [f"/query/{pointer}"]


# ---- whatever comes together ----


def test_random_overrides_keep_the_queue_a_permutation(ws, rng):
    names = [f"i{i}" for i in range(20)]
    ws.push(
        [
            item(
                name,
                features=rubric(*(rng.choice((1, 2, 3)) for _ in range(4))),
                blocked_by=rng.sample([other for other in names if other != name], rng.choice((0, 0, 1))),
            )
            for name in names
        ]
    )
    ws.whole_queue()
    for _ in range(30):
        kind, name = rng.choice(KINDS[:4]), rng.choice(names)
        value = {
            "pin": {"rank": rng.randint(1, 20)},
            "boost": {"delta": rng.choice((-4, 1, 7))},
            "band": {"band": rng.choice(("next_sprint", "ready", "icebox"))},
            "before": {"before": named(rng.choice([other for other in names if other != name]))},
        }[kind]
        ws.post("/overrides", 201, json=body(name, kind, **value))
    queue = ws.whole_queue()
    assert sorted(entry["external_id"] for entry in queue) == sorted(names)
    assert [entry["rank"] for entry in queue] == list(range(1, 21))
    ranks = {entry["external_id"]: entry["rank"] for entry in queue}
    for each in ws.get("/overrides", params={"min_revision": ws.revision()}).json()["overrides"]:
        fate, name = each["effect"]["fate"], each["item"]["external_id"]
        assert (each["effect"]["by"] is not None) == (fate == "defeated")
        if fate == "applied" and each["kind"] == "pin":
            assert ranks[name] <= each["rank"]
        if fate == "applied" and each["kind"] == "before":
            assert ranks[name] < ranks[each["before"]["external_id"]]


# ---- the client ----


@pytest.fixture
def cli(five):
    def call(*args, expect=0):
        environment = daemons.clean_environment(
            WINNOW_URL=five.url, WINNOW_TOKEN=five.secret, WINNOW_WORKSPACE=five.name
        )
        done = subprocess.run(
            [places.winnow(), "override", *map(str, args)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == expect, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return call


def test_client_adds_each_kind(five, cli):
    ends = ("--because", WHY, "--for", "14d")
    made = {
        kind: cli("add", f"test/{name}", kind, *value, *ends, *more).stdout.strip()
        for name, kind, value, more in (
            ("d", "pin", ["1"], ["--team", "payments", "--link", "https://example.org/why"]),
            ("c", "boost", [], ["--", "-2.5"]),
            ("e", "band", ["ready"], []),
            ("b", "before", ["a"], []),
            ("a", "defer", [], []),
        )
    }
    kept = {each["id"]: each for each in five.get("/overrides").json()["overrides"]}
    assert {kind: kept[made[kind]]["kind"] for kind in made} == {kind: kind for kind in made}
    pin = kept[made["pin"]]
    assert (pin["rank"], pin["team"], pin["link"], pin["justification"]) == (
        1,
        "payments",
        "https://example.org/why",
        WHY,
    )
    assert kept[made["boost"]]["delta"] == -2.5 and kept[made["band"]]["band"] == "ready"
    assert kept[made["before"]]["before"]["external_id"] == "a"
    days = datetime.datetime.fromisoformat(pin["expires_at"].replace("Z", "+00:00")) - datetime.datetime.now(
        datetime.timezone.utc
    )
    assert datetime.timedelta(days=13, hours=23) < days <= datetime.timedelta(days=14)


def test_client_until_a_day(five, cli):
    day = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)).date().isoformat()
    made = json.loads(cli("add", "b", "exclude", "--because", WHY, "--until", day, "--json").stdout)
    assert made["expires_at"] == f"{day}T00:00:00Z" and made["item"]["external_id"] == "b"


def test_client_lists_shows_and_revokes(five, cli):
    rule(five, "not_above", ["d"], rank=3)
    pinned = override(five, "d", "pin", rank=1, team="payments")
    ended = override(five, "b", "exclude")
    five.post(f"/overrides/{ended['id']}:revoke", 200, json={})
    five.queue()
    listed = cli("list", "--plain").stdout.splitlines()
    assert len(listed) == 1
    cells = listed[0].split("\t")
    assert cells[:5] == [pinned["id"], "test/d", "pin 1", "in_force", "defeated by rule the-rule"]
    assert cells[6:] == ["payments", WHY]
    assert len(cli("list", "--all", "--plain").stdout.splitlines()) == 2
    assert cli("list", "--item", "test/b", "--plain").stdout == ""
    assert [o["id"] for o in json.loads(cli("list", "--item", "b", "--all", "--json").stdout)["overrides"]] == [
        ended["id"]
    ]
    text = cli("show", pinned["id"]).stdout
    for word in (
        "test/d",
        "pin 1",
        "in_force",
        "defeated by rule the-rule",
        "A test's own.",
        WHY,
        "payments",
        "rank 4",
    ):
        assert word in text
    assert pinned["id"] in cli("revoke", pinned["id"]).stderr
    assert five.get(f"/overrides/{pinned['id']}").json()["state"] == "revoked"
    assert "ended" in cli("revoke", pinned["id"], expect=1).stderr


def test_client_reports(five, cli):
    override(five, "d", "pin", rank=1, team="payments")
    override(five, "c", "exclude")
    five.push([{**named("d"), "status": "done"}])
    rows = [line.split("\t") for line in cli("report", "--plain").stdout.splitlines()]
    assert rows == [
        ["all", "2", "2", "1", "0", "0", "1"],
        ["kind pin", "1", "1", "1", "0", "0", "0"],
        ["kind exclude", "1", "1", "0", "0", "0", "1"],
        ["model 1", "2", "2", "1", "0", "0", "1"],
        ["no team", "1", "1", "0", "0", "0", "1"],
        ["team payments", "1", "1", "1", "0", "0", "0"],
    ]
    assert json.loads(cli("report", "--to", "2026-01-01", "--json").stdout)["total"] == 0


@pytest.mark.parametrize(
    "args, word",
    [
        (["add", "a", "pin", "1", "--for", "1d"], "--because"),
        (["add", "a", "pin", "1", "--because", WHY], "--for or --until"),
        (["add", "a", "pin", "1", "--because", WHY, "--for", "1d", "--until", "2030-01-01"], "--for or --until"),
        (["add", "a", "pin", "1", "--because", WHY, "--for", "1y"], "14d"),
        (["add", "a", "pin", "1", "--because", WHY, "--until", "soon"], "2027-01-31"),
        (["add", "a", "pin", "--because", WHY, "--for", "1d"], "needs its RANK"),
        (["add", "a", "pin", "first", "--because", WHY, "--for", "1d"], "no number"),
        (["add", "a", "boost", "inf", "--because", WHY, "--for", "1d"], "no number"),
        (["add", "a", "exclude", "1", "--because", WHY, "--for", "1d"], "takes nothing"),
        (["add", "a", "raise", "--because", WHY, "--for", "1d"], "no kind"),
        (["report", "--from", "x"], "no time"),
    ],
)
def test_client_slips(five, cli, args, word):
    before = five.revision()
    done = cli(*args, expect=2)
    assert word in done.stderr and not done.stdout and five.revision() == before


def test_client_tells_the_server_s_faults(five, cli):
    told = cli("add", "a", "pin", "9", "--because", "short", "--for", "1d", expect=1).stderr
    assert "queue ends at rank 5" in told and "at least 10 characters" in told
    assert "there is no item" in cli("add", "absent", "exclude", "--because", WHY, "--for", "1d", expect=1).stderr


# ---- how many ----


def test_no_more_than_ten_thousand_in_force(five, database):
    """All but one are put where the daemon keeps them: to ask for each would take a minute."""
    database.tamper(
        """
        INSERT INTO winnow.overrides (workspace_id, override_id, revision, item_id, kind, made_at,
            expires_at, author, model_version, rank_before, text_ref)
        SELECT %s, gen_random_uuid(), 1, gen_random_uuid(), 'exclude', now(),
            now() + interval '1 day', 'put here', 0, 0, decode(repeat('00', 32), 'hex')
        FROM generate_series(1, 9999)
        """,
        five.id,
    )
    try:
        made = override(five, "d", "boost", delta=1)
        refused = five.post("/overrides", 409, json=body("e", "boost", delta=1))
        assert "10000" in refused.json()["detail"]
        five.post(f"/overrides/{made['id']}:revoke", 200, json={})
        override(five, "e", "boost", delta=1)
    finally:
        database.tamper("DELETE FROM winnow.overrides WHERE author = 'put here'")


# ---- without a ranking ----


def test_overrides_of_a_workspace_that_cannot_be_ranked(ws, database):
    """A row that nobody can read keeps the queue away, and no override."""
    ws.push([item("a"), item("b")])
    broken = item_id(ws, "b")
    extra = database.value("SELECT extra FROM winnow.item_versions WHERE item_id = %s", broken)

    def put_extra(text):
        assert database.tamper("UPDATE winnow.item_versions SET extra = %s WHERE item_id = %s", text, broken) == 1

    put_extra('{"e":')
    try:
        # As long as nothing has failed, a ranking is waited for.
        first = ws.get("/overrides", (200, 503))
        assert first.status_code == 503 or first.json()["overrides"] == []
        made = ws.post("/overrides", 201, json=body("a", "pin", rank=1)).json()
        assert (made["rank_before"], made["band_before"], made["effect"]) == (None, None, None)
        assert [o["effect"] for o in ws.get("/overrides").json()["overrides"]] == [None]
        alone = ws.get(f"/overrides/{made['id']}").json()
        assert (alone["effect"], alone["item"]["external_id"]) == (None, "a")
        ws.post(f"/overrides/{made['id']}:revoke", 200, json={})
        ws.get("/queue", 503)
    finally:
        put_extra(extra)
    wait_until(lambda: ws.get("/queue", (200, 503)).status_code == 200, "a ranking of the whole row", 30)


def test_nothing_is_pinned_in_an_empty_queue(ws):
    ws.push([item("a"), item("b")])
    rule(ws, "exclude", ["a", "b"])
    assert order(ws) == []
    refused = ws.post("/overrides", 422, json=body("a", "pin", rank=1), params={"min_revision": ws.revision()})
    assert problem_pointers(refused) == ["/rank"]
    assert "empty" in refused.json()["errors"][0]["detail"]


# ---- another model ----


def test_a_simulated_model_has_the_bands_that_people_gave(five):
    """A band of a model that is not active yet is without effect, and has it when that is simulated or promoted."""
    before = five.get("/aliases/active").json()["model"]
    band = entry_of(five, "a")["band"]
    other = next(name for name in ("next_sprint", "ready", "backlog", "icebox") if name != band)
    made = override(five, "a", "band", band=other)
    plain = {
        "name": "two bands",
        "kind": "weighted_sum",
        "terms": [{"feature": "user_impact", "weight": 1}],
        "bands": [{"name": "now", "at_least": 50}, {"name": "later"}],
    }
    five.promote(five.post("/models", 201, json=plain).json()["version"])
    assert effect(five, made)["fate"] == "without_effect"
    answer = five.post("/simulations", 200, json={"model": before}, params={"min_revision": five.revision()}).json()
    simulated = {entry["item"]["external_id"]: entry["band"] for entry in answer["top"]}
    five.promote(before)
    promoted = {entry["external_id"]: entry["band"] for entry in five.whole_queue()}
    assert simulated == promoted and promoted["a"] == other


# ---- whose it is to take back ----


def test_an_agent_proposes_overrides(five):
    """It makes none and takes none back, its own neither, since there is none: people agree to both."""
    made = override(five, "a", "exclude")
    agent = five.client(five.token("reviewer", "admin", actor_kind="agent"))
    before = five.revision()
    for path, asked in ((f"/overrides/{made['id']}:revoke", {}), ("/overrides", body("b", "exclude"))):
        assert problem_type(agent.post(path, 403, json=asked)) == "agent-may-not-decide"
    assert five.revision() == before and "a" not in order(five) and "b" in order(five)
    asked = {key: value for key, value in body("b", "exclude").items() if key not in ("justification", "link")}
    asked = {"change": "override", "body": asked, "rationale": "By what it has cost us so far"}
    proposal = agent.post("/proposals", 201, json=asked, params={"min_revision": five.revision()}).json()
    agreed = {"digest": proposal["digest"], "rationale": "Looked at it, and agreed"}
    bob = five.client(five.token("reviewer", actor_kind="human", person="bob"))
    result = bob.post(f"/proposals/{proposal['id']}:approve", 200, json=agreed).json()["end"]["result"]
    path = f"/overrides/{result.partition(':')[2]}:revoke"
    assert problem_type(agent.post(path, 403, json={})) == "agent-may-not-decide"
    assert not {"a", "b"} & set(order(five))
    bob.post(path, 200, json={})
    assert "b" in order(five)


def test_what_others_approved_is_not_undone_by_one(five):
    """Of a kind that takes an approval nobody takes one back alone, its author neither; of other kinds everybody does."""
    free, guarded = override(five, "b", "boost", delta=1), override(five, "a", "exclude")
    mine = five.client(five.token("reviewer", actor_kind="human"))
    own = mine.post("/overrides", 201, json=body("c", "exclude")).json()
    rule = {"change": "override", "kinds": ["exclude"], "approvers": 2}
    five.put("/approval-rules", 201, json={"rules": [rule], "bypass": []}, headers={"If-None-Match": "*"})
    for each in (guarded, own):
        refused = mine.post(f"/overrides/{each['id']}:revoke", 409, json={})
        assert problem_type(refused) == "approval-required" and "…/proposals" in refused.json()["errors"][0]["detail"]
    mine.post(f"/overrides/{free['id']}:revoke", 200, json={})
    assert not {"a", "c"} & set(order(five)) and "b" in order(five)
