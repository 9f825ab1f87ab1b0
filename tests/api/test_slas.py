"""Service levels: rules and hours, what a change of them would do, clocks, time left in models and policy, findings."""

import datetime
import json

import pytest

from support import cli
from support.client import problem_pointers, problem_type
from support.decisions import enforce, fresh, item_id
from support.workspace import item
from test_proposals import decide, person, propose, rules

NEW = {"If-None-Match": "*"}
OFFICE = {
    "zone": "Europe/Berlin",
    "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "until": "17:00"}],
    "special_days": [{"date": "2026-12-24", "open": [{"from": "09:00", "until": "12:00"}]}, {"date": "2026-12-25"}],
}
SEVERE = {"feature": "severity", "ge": "sev1"}


def rule(name="sev1", when=None, target=8, **more):
    return {"id": name, "when": SEVERE if when is None else when, "target_hours": target, **more}


@pytest.fixture(autouse=True)
def waiting_status(ws):
    statuses = [("open", "todo"), ("in_progress", "active"), ("in_review", "active"), ("done", "done")]
    ws.put_settings(statuses=[{"name": name, "class": of} for name, of in statuses])


def put(ws, *rules, expect=(200, 201), **params):
    before = ws.get("/slas", (200, 404))
    headers = {"If-Match": before.headers["ETag"]} if before.status_code == 200 else NEW
    return ws.put("/slas", expect, json={"rules": list(rules)}, headers=headers, params=params)


def try_out(ws, *rules):
    return put(ws, *rules, expect=200, dry_run="true", min_revision=ws.revision()).json()


def clock(ws, external_id):
    return fresh(ws, f"/items/{item_id(ws, external_id)}/sla")["sla"]


def ago(**span):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)).isoformat()


def severe(external_id, severity="sev1", hours=10, **more):
    return item(external_id, features={"severity": severity}, created_at=ago(hours=hours), **more)


def found(ws):
    findings = fresh(ws, "/findings")
    lists = {
        sort: [entry["item"]["external_id"] for entry in findings[sort]] for sort in ("sla_breached", "sla_due_soon")
    }
    assert {sort: len(names) for sort, names in lists.items()} == {sort: findings["counts"][sort] for sort in lists}
    return lists


def test_the_story(ws):
    """A team agrees on service levels, sees what they would do, sets them, and lives with them."""
    ws.push([severe("crash", hours=10), severe("slow", hours=7.5), severe("typo", "sev4", hours=500)])
    ws.put("/business-hours/office", 201, json=OFFICE, headers=NEW)
    before = ws.revision()

    # What would it mean? Nothing is written to find out.
    told = try_out(ws, rule(due_soon_hours=1))
    assert told["clocks"] == {"before": 0, "after": 2} and told["changed"] == 2
    assert told["breached"] == {"before": 0, "after": 1} and told["newly_breached"] == 1
    assert ws.revision() == before
    ws.get("/slas", 404)

    # It is agreed, and applies to the items that are there.
    assert put(ws, rule(due_soon_hours=1)).status_code == 201
    late, soon = clock(ws, "crash"), clock(ws, "slow")
    assert late["state"] == "breached" and -2.1 < late["left_hours"] <= -2
    assert soon["state"] == "running" and soon["due_soon"] and 0.4 < soon["left_hours"] <= 0.5
    assert clock(ws, "typo") is None
    assert found(ws) == {"sla_breached": ["crash"], "sla_due_soon": ["slow"]}

    # Twelve hours would have been enough.
    told = try_out(ws, rule(target=12))
    assert told["no_longer_breached"] == 1 and told["newly_breached"] == 0 and told["changed"] == 2
    put(ws, rule(target=12))
    assert found(ws) == {"sla_breached": [], "sla_due_soon": []}
    assert clock(ws, "crash")["state"] == "running"

    # Waiting for somebody else is nobody's time.
    put(ws, rule(target=12, pauses_at=["in_review"]))
    ws.push([severe("crash", status="in_review", hours=10)])
    paused = clock(ws, "crash")
    assert paused["state"] == "paused" and paused["due_at"] is None and paused["left_hours"] <= 2
    assert clock(ws, "crash")["left_hours"] == paused["left_hours"], "it stands still"

    # Done in time; the clock is stopped, and no finding.
    ws.push([severe("crash", status="done", hours=10)])
    met = clock(ws, "crash")
    assert met["state"] == "met" and met["stopped_at"] is not None
    assert ws.verify()["ok"]


def test_restarts(ws):
    put(ws, rule(restart_on_reopen=True, restart_on_change=["severity"], when={"all": []}))
    ws.push([severe("a", "sev2")])
    assert clock(ws, "a")["state"] == "breached"
    ws.push([severe("a", "sev1")])
    again = clock(ws, "a")
    assert again["state"] == "running" and again["restarts"] == 1 and again["left_hours"] > 7.9
    ws.push([severe("a", "sev1", title="Another title")])
    assert clock(ws, "a")["restarts"] == 1, "nothing that it watches has changed"
    ws.push([severe("a", status="done")])
    assert clock(ws, "a")["state"] == "met"
    ws.push([severe("a", status="open")])
    assert clock(ws, "a")["restarts"] == 2


def test_starts_at_a_status(ws):
    put(ws, rule(starts_at=["in_progress"], when={"all": []}))
    ws.push([severe("a")])
    waiting = clock(ws, "a")
    assert waiting["state"] == "not_started" and waiting["left_hours"] == 8 and waiting["started_at"] is None
    ws.push([severe("a", status="in_progress")])
    running = clock(ws, "a")
    assert running["state"] == "running" and running["left_hours"] > 7.9


def test_finished_before_it_was_seen(ws):
    """Of what came finished nothing is known, so there is nothing to judge."""
    ws.push([severe("a", status="done")])
    put(ws, rule())
    assert clock(ws, "a")["state"] == "not_started"


def test_the_first_rule_that_matches(ws):
    put(ws, rule("first", target=1), rule("rest", when={"all": []}, target=1000))
    ws.push([severe("a"), severe("b", "sev3")])
    assert (clock(ws, "a")["rule"], clock(ws, "b")["rule"]) == ("first", "rest")
    assert clock(ws, "b")["state"] == "running"


def test_changes_between_two_looks_are_seen(ws):
    """Several versions of an item in one move of the picture each count."""
    ws.push([severe("a"), severe("b")])
    put(ws, rule(pauses_at=["in_review"], restart_on_reopen=True))
    clock(ws, "a")
    for status in ("in_review", "done", "open", "done", "open"):
        ws.push([severe("a", status=status)])
    assert clock(ws, "a")["restarts"] == 2 and clock(ws, "b")["restarts"] == 0


def score_by_time_left(ws):
    """The less time is left the better."""
    body = {
        "name": "time left",
        "kind": "expression",
        "expression": "coalesce(100 - sla_left_hours, 0)",
        "bands": [{"name": "all"}],
    }
    return ws.post("/models", 201, json=body).json()["version"]


def test_time_left_in_a_model(ws):
    ws.push([severe("late", hours=20), severe("fresh", hours=1), severe("none", "sev4"), severe("old", hours=50)])
    put(ws, rule(target=100))
    ws.promote(score_by_time_left(ws))
    assert [entry["external_id"] for entry in ws.queue()["entries"]] == ["old", "late", "fresh", "none"]
    explanation = fresh(ws, f"/items/{item_id(ws, 'old')}/explanation")
    assert explanation["sla"]["rule"] == "sev1"
    assert abs(explanation["base_score"] - (100 - explanation["sla"]["left_hours"])) < 1e-9
    leaf = json.dumps(explanation["tree"])
    assert "sla_left_hours" in leaf


def sum_by_time_left(ws):
    """A term of a sum: on -20 to 80 hours, the less the more, two points; severity beside it."""
    body = {
        "name": "severity and time left",
        "kind": "weighted_sum",
        "terms": [
            {"fact": "sla_left_hours", "weight": 2, "lower": -20, "upper": 80},
            {"feature": "severity", "weight": 1, "unknown": "default", "default": "sev4"},
        ],
        "bands": [{"name": "all"}],
    }
    return ws.post("/models", 201, json=body).json()["version"]


def test_time_left_as_a_term_of_a_sum(ws):
    ws.push([severe("late", hours=70), severe("fresh", hours=1), severe("none", "sev4"), severe("over", hours=500)])
    put(ws, rule(target=100))
    version = sum_by_time_left(ws)
    model = ws.get(f"/models/{version}").json()
    assert model["timed"] and model["formula"] == "2*(80 - sla_left_hours)/100 + severity/3"
    shown = {"fact": "sla_left_hours", "weight": 2, "scale": "unit", "lower": -20, "upper": 80}
    assert model["terms"][0] == {**shown, "direction": "lower_is_better", "unknown": "default", "default": 80}
    ws.promote(version)
    queue = ws.queue()
    assert [entry["external_id"] for entry in queue["entries"]] == ["over", "late", "fresh", "none"]
    for entry in queue["entries"]:
        explanation = fresh(ws, f"/items/{entry['id']}/explanation")
        left = explanation["sla"]["left_hours"] if explanation["sla"] else None
        counted = 80 if left is None else min(max(left, -20), 80)
        term = explanation["contributions"][0]
        assert term["fact"] == "sla_left_hours" and "feature" not in term and "evidence" not in term
        assert term["value"] == left and term["counted"] == counted and term["assumed"] is (left is None)
        assert term["contribution"] == 2 * (1 - (counted + 20) / 100) == term["lowest"] == term["highest"]
        severity = 0 if entry["external_id"] == "none" else 1
        assert explanation["base_score"] == term["contribution"] + severity == explanation["sum"]
        assert explanation["range"] == {"lowest": explanation["base_score"], "highest": explanation["base_score"]}
    env = {"url": ws.url, "token": ws.secret, "workspace": ws.name}
    assert "sla_left_hours" in cli.run("explain", item_id(ws, "late"), **env).stdout
    assert "sla_left_hours" in cli.run("model", "show", version, **env).stdout


def test_nobody_can_change_time_left(ws):
    """It is neither missing to be found out, nor a way to another rank; its weight may be tried out."""
    ws.push([severe("late", hours=70), severe("none", "sev4")])
    put(ws, rule(target=100))
    ws.promote(sum_by_time_left(ws))
    ws.queue()
    assert fresh(ws, "/queue/unknowns")["features"] == []
    way = fresh(ws, f"/items/{item_id(ws, 'none')}/counterfactual", rank=1)
    assert "sla_left_hours" not in json.dumps(way)
    tried = ws.post(
        "/simulations", 200, json={"weights": {"sla_left_hours": 0}}, params={"min_revision": ws.revision()}
    )
    assert tried.json()["model"]["version"] is None and [e["score"] for e in tried.json()["top"]] == [1, 0]
    (asked,) = ws.post(
        "/scores", 200, json={"title": "new", "stream": "incident", "features": {"severity": "sev1"}}
    ).json()["results"]
    assert [(c.get("fact"), c["value"], c["contribution"]) for c in asked["contributions"]] == [
        ("sla_left_hours", None, 0),
        (None, 3, 1),
    ]
    term = {"fact": "sla_left_hours", "weight": 1, "lower": 5, "upper": 5, "unknown": "span", "evidence": 1}
    body = {"name": "no", "kind": "weighted_sum", "terms": [term], "bands": [{"name": "all"}]}
    answer = ws.post("/models", 422, json=body)
    assert sorted(problem_pointers(answer)) == ["/terms/0/evidence", "/terms/0/unknown", "/terms/0/upper"]


@pytest.mark.parametrize("model", [score_by_time_left, sum_by_time_left])
def test_kept_rankings_replay(ws, tmp_path, operator, model):
    """Time left is an input of a bundle; the rules may have changed since."""
    ws.push([severe("a", hours=20), severe("b", hours=30), severe("c", "sev4")])
    put(ws, rule(target=100, pauses_at=["in_review"]))
    ws.promote(model(ws))
    ws.push([severe("b", hours=30, status="in_review")])
    ws.queue()
    kept = ws.post("/rankings", 201, json={}).json()
    put(ws, rule(target=1))
    ws.push([severe("a", hours=20, status="done")])
    assert ws.post(f"/rankings/{kept['id']}:replay", 200).json()["same"] is True
    bundle = ws.get(f"/rankings/{kept['id']}/bundle").text
    lines = [json.loads(line) for line in bundle.splitlines()]
    left = {line["item"]["external_id"]: line["item"].get("sla_left_hours") for line in lines if "item" in line}
    assert left["c"] is None and left["a"] < 80.1 and left["b"] < 70.1
    assert not [line for line in lines if line.get("document", {}).get("kind") in ("slas", "business_hours")]
    path = tmp_path / "bundle.ndjson"
    path.write_text(bundle)
    assert cli.run("rank", "--offline", path).stdout == ws.get(f"/rankings/{kept['id']}/order").text


def test_time_left_in_a_policy(ws):
    ws.push([severe("late", hours=20), severe("fresh", hours=1)])
    put(ws, rule(target=10))
    overdue = {
        "id": "overdue",
        "when": {"fact": "sla_left_hours", "lt": 0},
        "effect": "pin_top",
        "reason": "Its time is over.",
    }
    enforce(ws, overdue)
    entries = {entry["external_id"]: entry for entry in ws.queue()["entries"]}
    explanation = fresh(ws, f"/items/{item_id(ws, 'late')}/explanation")
    assert entries["late"]["rank"] == 1 and explanation["pinned"]
    assert ws.get("/policies/1").json()["rules"][0]["when"] == {"fact": "sla_left_hours", "lt": 0}


def test_hours_of_the_week(ws):
    """Business hours in another zone, of which the offset's changes are kept."""
    made = ws.put("/business-hours/office", 201, json=OFFICE, headers=NEW).json()
    assert made["offsets"]["changes"] > 200 and made["zone"] == "Europe/Berlin"
    assert made["weekly"] == OFFICE["weekly"] and made["special_days"] == OFFICE["special_days"]
    assert ws.get("/business-hours").json() == {"business_hours": [made]}
    tag, before = {"If-Match": ws.etag("/business-hours/office")}, ws.revision()
    ws.put("/business-hours/office", 200, json=OFFICE, headers=tag)
    assert ws.revision() == before, "the same again is no change"
    put(ws, rule(hours="office", target=1000))
    ws.push([severe("a", hours=24 * 7)])
    assert 39.9 < clock(ws, "a")["used_hours"] <= 40, "a week has forty hours"

    # All of it would be open: a week of them.
    always = {
        "zone": "Europe/Berlin",
        "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "until": "24:00"}],
    }
    params = {"dry_run": "true", "min_revision": ws.revision()}
    told = ws.put("/business-hours/office", 200, json=always, headers=tag, params=params).json()
    assert told["changed"] == 1 and told["newly_breached"] == 0
    ws.put("/business-hours/office", 200, json=always, headers=tag)
    assert 167.9 < clock(ws, "a")["used_hours"] < 168.1


def test_hours_in_use(ws):
    ws.put("/business-hours/office", 201, json=OFFICE, headers=NEW)
    put(ws, rule(hours="office"))
    ws.delete_named("/business-hours/office", 409)
    put(ws)
    ws.delete_named("/business-hours/office")
    ws.get("/business-hours/office", 404)
    assert problem_pointers(put(ws, rule(hours="office"), expect=422)) == ["/rules/0/hours"]


def test_features_in_use(ws):
    put(ws, rule(restart_on_change=["severity"]))
    ws.delete_named("/features/severity", 409)
    ws.put_feature("secret", sensitive=True)
    assert problem_pointers(put(ws, rule(when={"feature": "secret", "gt": 1}), expect=422))
    assert problem_pointers(put(ws, rule(restart_on_change=["secret"]), expect=422)) == ["/rules/0/restart_on_change/0"]


def test_all_faults_of_rules_at_once(ws):
    faulty = [
        {"id": "a", "target_hours": 0, "when": {"fact": "nothing", "eq": 1}, "surprise": 1},
        rule("a", target=1, hours="none", starts_at=["open"], pauses_at=["open", "nowhere", "done"]),
        rule("b", when={"fact": "age_days", "gt": 1}, target="8"),
        rule("c", when={"fact": "sla_left_hours", "lt": 1}, restart_on_change=["nothing"]),
        7,
    ]
    before = ws.revision()
    assert set(problem_pointers(put(ws, *faulty, expect=422))) == {
        "/rules/0/surprise",
        "/rules/0/when/fact",
        "/rules/0/target_hours",
        "/rules/1/id",
        "/rules/1/hours",
        "/rules/1/pauses_at/1",
        "/rules/1/pauses_at/2",
        "/rules/2/when",
        "/rules/2/target_hours",
        "/rules/3/when",
        "/rules/3/restart_on_change/0",
        "/rules/4",
    }
    assert set(problem_pointers(put(ws, *faulty, expect=422, dry_run="true"))), "a dry run is refused as well"
    assert ws.revision() == before


def test_all_faults_of_hours_at_once(ws):
    body = {
        "zone": "Middle/Earth",
        "weekly": [
            {"days": ["mon", "tues"], "from": "9:00", "until": "25:00"},
            {"days": [], "from": "09:00", "until": "09:00"},
            7,
        ],
        "special_days": [
            {"date": "2027-02-29"},
            {"date": "2026-12-25", "open": [{"from": "12:00", "until": "09:00"}]},
            {"date": "2026-12-25"},
        ],
        "offsets": {},
    }
    refused = ws.put("/business-hours/office", 422, json=body, headers=NEW)
    assert set(problem_pointers(refused)) == {
        "/zone",
        "/weekly/0/days/1",
        "/weekly/0/from",
        "/weekly/0/until",
        "/weekly/1/days",
        "/weekly/1/until",
        "/weekly/2",
        "/special_days/0/date",
        "/special_days/1/open/0/until",
        "/special_days/2/date",
        "/offsets",
    }
    assert problem_pointers(ws.put("/business-hours/Office", 422, json=OFFICE, headers=NEW)) == [""]


def test_preconditions(ws):
    ws.put("/slas", 428, json={"rules": []})
    ws.put("/slas", 412, json={"rules": []}, headers={"If-Match": '"r1"'}, params={"dry_run": "true"})
    put(ws)
    ws.put("/slas", 412, json={"rules": []}, headers=NEW)
    assert ws.get("/slas").json()["rules"] == []
    ws.put("/slas", 200, json={"rules": []}, headers={"If-Match": ws.etag("/slas")}, params={"dry_run": "false"})


def test_a_queue_of_the_past(ws):
    """As of a revision rules and statuses are those of then."""
    ws.push([severe("a", hours=5)])
    put(ws, rule(target=6))
    ws.promote(score_by_time_left(ws))
    then = ws.revision()
    old = ws.queue(revision=then, fresh=False)["entries"][0]["score"]
    put(ws, rule(target=50))
    ws.push([severe("a", hours=5, status="done")])
    assert abs(ws.queue(revision=then, fresh=False)["entries"][0]["score"] - old) < 1e-9
    assert abs(old - 99) < 0.1


def test_service_levels_under_approval(ws):
    """A model that reads the time left is not reordered by whoever sets the targets alone."""
    ws.push([severe("x", hours=2), severe("y", "sev2", hours=1)])
    sev2 = {"feature": "severity", "ge": "sev2"}
    put(ws, rule(target=8), rule("sev2", sev2, target=20))
    ws.promote(score_by_time_left(ws))
    ws.put("/business-hours/office", 201, json=OFFICE, headers=NEW)
    before = [entry["external_id"] for entry in ws.queue()["entries"]]
    rules(ws, "model", "slas", "business_hours")
    swapped = [rule(target=800), rule("sev2", sev2, target=2)]
    assert problem_type(put(ws, *swapped, expect=409)) == "approval-required"
    try_out(ws, *swapped)  # to find out is nobody's decision
    assert [entry["external_id"] for entry in ws.queue()["entries"]] == before

    ann, bob = person(ws, "ann"), person(ws, "bob")
    made = propose(ann, change="slas", body={"rules": swapped}).json()
    assert decide(bob, made).json()["end"]["result"] == "slas:workspace"
    assert [entry["external_id"] for entry in ws.queue()["entries"]] == before[::-1]

    path, always = "/business-hours/office", {**OFFICE, "special_days": []}
    tag = {"If-Match": ws.etag(path)}
    assert problem_type(ws.put(path, 409, json=always, headers=tag)) == "approval-required"
    assert problem_type(ws.delete(path, 409, headers=tag)) == "approval-required"
    decide(bob, propose(ann, change="business_hours", name="office", body=always).json())
    assert ws.get(path).json().get("special_days", []) == []
