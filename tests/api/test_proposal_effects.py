"""What a proposal says it would do is what the queue does when it is applied, whatever it changes."""

import collections
import datetime

import pytest

from support import daemon as daemons, database as databases
from support.client import Client, minted, problem_pointers, problem_type
from support.timeshift import Timeshift
from support.workspace import Workspace, item, rubric, scored
from test_proposals import WHY, decide, in_days, person, rules, seen

NEW = {"If-None-Match": "*"}
STREAMS = ("engineering_bug", "feature_request", "incident")
TOP = 20
# Open whenever the test runs.
ALWAYS = {"weekly": [{"from": "mon 00:00", "until": "thu 00:00"}, {"from": "thu 00:00", "until": "mon 00:00"}]}


def ago(**span):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)).isoformat()


def fill(ws):
    items = []
    for number in range(30):
        one = scored(f"i{number}", 8 + number * 7 % 17, stream=STREAMS[number % 3])
        one["created_at"] = ago(hours=6.5 + number % 5)
        one["status"] = "in_progress" if number % 5 == 0 else "open"
        if number % 4 == 0:
            one["features"]["severity"] = "sev1"
        items.append(one)
    ws.push(items)


@pytest.fixture
def backlog(ws):
    """Thirty items in three streams and all bands, some of one severity, some in flight."""
    fill(ws)
    return ws


@pytest.fixture(scope="module")
def later(cluster, tmp_path_factory):
    """A workspace of a daemon whose clock the test moves."""
    database = cluster.create(databases.fresh_name())
    daemons.migrate(database)
    folder = tmp_path_factory.mktemp("effects")
    token = daemons.bootstrap(database, folder / "token")
    minted.add(token)
    shift = Timeshift(folder / "clock")
    own = daemons.Daemon(database, folder, **shift.variables)
    own.start()
    yield Workspace(Client(own.url, token)), shift
    assert own.stop() == 0
    database.drop()


def queue_of(ws):
    return {entry["id"]: entry for entry in ws.whole_queue()}


def tops(queue):
    return sorted(queue.values(), key=lambda entry: entry["rank"])[:TOP]


def shares(queue):
    first = tops(queue)
    counts = collections.Counter(entry["stream"] for entry in first)
    return {stream: count / len(first) for stream, count in counts.items()}


def check_foretold(effect, before, after):
    """The effect against the queues before and after: top, moves, bands, churn and shares."""
    assert effect["simulated"], effect
    assert [(each["id"], each["rank"]) for each in effect["top"]] == [(e["id"], e["rank"]) for e in tops(after)]
    assert [each["was"] for each in effect["top"]] == [before.get(e["id"], {"rank": 0})["rank"] for e in tops(after)]
    both = before.keys() & after.keys()
    assert effect["moved_count"] == sum(before[i]["rank"] != after[i]["rank"] for i in both)
    assert effect["added_count"] == len(after.keys() - before.keys())
    assert effect["removed_count"] == len(before.keys() - after.keys())
    assert effect["count"] == len(after)
    crossed = collections.Counter(
        (before[i]["band"], after[i]["band"]) for i in both if before[i]["band"] != after[i]["band"]
    )
    assert {(each["from"], each["to"]): each["count"] for each in effect["bands"]} == crossed
    entered = {entry["id"] for entry in tops(after)} - {entry["id"] for entry in tops(before)}
    assert effect["churn"]["entered"] == len(entered)
    told = {each["stream"]: each["share_after"] for each in effect["streams"] if each["share_after"]}
    assert told == pytest.approx(shares(after))


def propose(ws, client, change, body, expect=201, **more):
    asked = {"change": change, "body": body, "rationale": WHY, **more}
    return client.post("/proposals", expect, json=asked, params={"min_revision": ws.revision()}).json()


def without_base(effect):
    return {key: value for key, value in effect.items() if key != "base"}


def apply_and_compare(ws, change, body, people=None, **more):
    """Proposes, refreshes, has it approved, and compares. Gives the effect and the queues before and after."""
    ann, bob = people or (person(ws, "ann"), person(ws, "bob"))
    before = queue_of(ws)
    proposal = propose(ws, ann, change, body, **more)
    effect = proposal["effect"]
    again = seen(ws, proposal, refresh="true", min_revision=ws.revision())
    assert again["effect"] == effect and without_base(again["effect_now"]) == without_base(effect)
    assert queue_of(ws) == before, "nothing has happened yet"
    assert decide(bob, proposal).json()["state"] == "applied"
    after = queue_of(ws)
    check_foretold(effect, before, after)
    assert ws.verify()["ok"]
    return effect, before, after


def moves(effect):
    return effect["moved_count"] + effect["added_count"] + effect["removed_count"]


def item_at(ws, rank):
    return tops(queue_of(ws))[rank - 1]["id"]


def override(item_id, kind, **more):
    return {"item": item_id, "kind": kind, "expires_at": in_days(3), **more}


# ---- overrides ----


@pytest.mark.parametrize(
    "kind, more",
    [
        ("pin", {"rank": 2}),
        ("boost", {"delta": 9}),
        ("band", {}),
        ("before", {}),
        ("exclude", {}),
        ("defer", {}),
    ],
)
def test_an_override(backlog, kind, more):
    target = item_at(backlog, 15)
    if kind == "before":
        more = {"before": item_at(backlog, 3)}
    elif kind == "band":
        more = {"band": tops(queue_of(backlog))[0]["band"]}
    effect, before, after = apply_and_compare(backlog, "override", override(target, kind, **more))
    assert effect["fate"] == "applied" and moves(effect) > 0
    rank = after.get(target, {"rank": 0})["rank"]
    assert effect["item"] == {"id": target, "rank": rank, "was": 15}
    (made,) = backlog.get("/overrides").json()["overrides"]
    assert (made["rank_before"], made["band_before"]) == (15, before[target]["band"]), "as one that is made directly"


def test_an_override_that_a_rule_defeats(backlog):
    """What would be in vain says so."""
    out = {"id": "out", "when": {"fact": "stream", "eq": "incident"}, "effect": "exclude", "reason": "Not here."}
    backlog.enforce(backlog.post("/policies", 201, json={"name": "p", "rules": [out]}).json()["version"])
    hidden = next(e["id"] for e in backlog.get("/items").json()["items"] if e["stream"] == "incident")
    effect, _, _ = apply_and_compare(backlog, "override", override(hidden, "pin", rank=1))
    assert effect["fate"] == "defeated" and moves(effect) == 0 and effect["item"]["rank"] == 0


def test_an_override_among_others(backlog):
    """The newest of two pins to one rank, as the queue has it."""
    first, second = item_at(backlog, 10), item_at(backlog, 12)
    backlog.post("/overrides", 201, json={**override(first, "pin", rank=1), "justification": "Promised for Friday"})
    effect, _, after = apply_and_compare(backlog, "override", override(second, "pin", rank=1))
    assert after[second]["rank"] == effect["item"]["rank"]


def test_what_cannot_be_made_any_more_is_told_so(backlog):
    ann = person(backlog, "ann")
    refused = propose(backlog, ann, "override", override(item_at(backlog, 5), "pin", rank=99), expect=422)
    assert [fault["pointer"] for fault in refused["errors"]] == ["#/body/rank"]
    backlog.put_feature("extra")
    proposal = propose(backlog, ann, "feature", None, name="extra")
    backlog.delete_named("/features/extra")
    shown = seen(backlog, proposal, refresh="true", min_revision=backlog.revision())
    assert shown["state"] == "stale" and shown["effect"]["simulated"]
    assert shown["effect_now"].keys() == {"simulated", "why"} and "would be refused" in shown["effect_now"]["why"]


# ---- revocations ----


def make_override(ws, kind="exclude", client=None, **more):
    body = {**override(item_at(ws, 4), kind, **more), "justification": "Promised to the customer"}
    return (client or ws).post("/overrides", 201, json=body).json()


@pytest.mark.parametrize("kind, more", [("exclude", {}), ("pin", {"rank": 1}), ("boost", {"delta": -9})])
def test_a_revocation(backlog, kind, more):
    made = make_override(backlog, kind, **more)
    effect, _, after = apply_and_compare(backlog, "override", {"revoke": made["id"]})
    assert "fate" not in effect and effect["item"]["id"] == made["item"]["id"] and moves(effect) > 0
    assert effect["item"]["rank"] == after[made["item"]["id"]]["rank"] == 4
    ended = backlog.get(f"/overrides/{made['id']}").json()
    assert ended["state"] == "revoked" and ended["ended_revision"] == backlog.revision()


def test_what_others_approve_is_ended_by_no_one_alone(backlog):
    """Neither by its author nor by anybody else; together, in one revision."""
    ann, bob, carl = (person(backlog, name) for name in ("ann", "bob", "carl"))
    rules(backlog, "override", kinds=["exclude"], approvers=2)
    made = propose(backlog, ann, "override", override(item_at(backlog, 4), "exclude"))
    decide(bob, made)
    override_id = decide(carl, made).json()["end"]["result"].split(":")[1]
    assert backlog.get(f"/overrides/{override_id}").json()["author"] == ann.id
    for client in (ann, bob, backlog):
        refused = client.post(f"/overrides/{override_id}:revoke", 409, json={})
        assert problem_type(refused) == "approval-required"
    proposal = propose(backlog, ann, "override", {"revoke": override_id})
    assert proposal["needed"] == 2
    assert decide(bob, proposal).json()["state"] == "open"
    assert backlog.get(f"/overrides/{override_id}").json()["state"] == "in_force"
    head = backlog.revision()
    applied = decide(carl, proposal).json()
    assert applied["end"]["result"] == f"revocation:{override_id}" and backlog.revision() == head + 1
    shown = backlog.get(f"/overrides/{override_id}").json()
    assert (shown["state"], shown["ended_by"]) == ("revoked", ann.id)
    assert backlog.verify()["ok"]


def test_faults_of_a_revocation(backlog):
    made, ann, bob = make_override(backlog), person(backlog, "ann"), person(backlog, "bob")
    absent = "00000000-0000-4000-8000-000000000000"
    for body, pointer in (
        ({"revoke": "x"}, "/body/revoke"),
        ({"revoke": 7}, "/body/revoke"),
        ({"revoke": absent}, "/body/revoke"),
        ({"revoke": made["id"], "kind": "pin"}, "/body/kind"),
    ):
        asked = {"change": "override", "body": body, "rationale": WHY}
        assert problem_pointers(ann.post("/proposals", 422, json=asked)) == [pointer]
    proposal = propose(backlog, ann, "override", {"revoke": made["id"]})
    backlog.post(f"/overrides/{made['id']}:revoke", 200, json={})
    now = seen(backlog, proposal, refresh="true", min_revision=backlog.revision())["effect_now"]
    assert not now["simulated"] and "not in force" in now["why"]
    assert problem_type(decide(bob, proposal, expect=409)) == "conflict"
    refused = {"change": "override", "body": {"revoke": made["id"]}, "rationale": WHY}
    assert problem_type(ann.post("/proposals", 409, json=refused)) == "conflict"
    contributor = backlog.as_role("contributor")
    assert problem_type(contributor.post("/proposals", 403, json=refused)) == "forbidden"


def test_why_a_revocation_was_proposed_is_erased_with_its_item(backlog):
    made = make_override(backlog)
    proposal = propose(backlog, person(backlog, "ann"), "override", {"revoke": made["id"]})
    because = {"rationale": "Their lawyers have asked for it"}
    backlog.post(f"/items/{item_at(backlog, 1)}:erase", 200, json=because)
    assert seen(backlog, proposal)["rationale"] == WHY
    backlog.post(f"/items/{made['item']['id']}:erase", 200, json=because)
    assert seen(backlog, proposal)["rationale"] is None
    assert backlog.verify()["ok"]


# ---- definitions ----


def defined(ws, name, **changes):
    shown = ws.get(f"/features/{name}").json()
    return {**{key: value for key, value in shown.items() if key not in ("id", "name", "revision")}, **changes}


def two_terms(name, **weights):
    terms = [{"feature": feature, "weight": weight, "unknown": "span"} for feature, weight in weights.items()]
    return {"name": name, "kind": "weighted_sum", "bands": [{"name": "all"}], "terms": terms}


def test_a_definition_that_the_model_is_pinned_to(backlog):
    """A new definition moves nothing before the model's next version, and the effect says that."""
    weights = {"user_impact": 2, "fix_confidence": 1}
    backlog.promote(backlog.post("/models", 201, json=two_terms("first", **weights)).json()["version"])
    body = defined(backlog, "user_impact", bounds={"lower": 1, "upper": 300})
    effect, _, _ = apply_and_compare(backlog, "feature", body, name="user_impact")
    assert moves(effect) == 0 and "Model 2 goes by the definition that it was made with" in effect["why"]
    effect, _, _ = apply_and_compare(backlog, "model", {"model": two_terms("next", **weights)})
    assert moves(effect) > 0, "the next version of the same model goes by it"


def test_a_definition_that_the_policy_reads(backlog):
    """Categories can only grow at their end, so that what a rule hits stays."""
    rule = {"id": "bad", "when": {"feature": "severity", "ge": "sev1"}, "effect": "pin_top", "reason": "It burns."}
    backlog.enforce(backlog.post("/policies", 201, json={"name": "p", "rules": [rule]}).json()["version"])
    grown = [*backlog.get("/features/severity").json()["categories"], "sev_worst"]
    body = defined(backlog, "severity", categories=grown)
    effect, _, _ = apply_and_compare(backlog, "feature", body, name="severity")
    assert moves(effect) == 0 and "Policy 1 reads its values" in effect["why"]


def test_definitions_that_nothing_reads(backlog):
    backlog.put_feature("extra")
    body = defined(backlog, "extra", bounds={"lower": 0, "upper": 99})
    for given in (body, None):
        effect, _, _ = apply_and_compare(backlog, "feature", given, name="extra")
        assert moves(effect) == 0 and "Neither" in effect["why"]
    new = {**body, "description": "Another"}
    effect, _, _ = apply_and_compare(backlog, "feature", new, name="brand_new")
    assert moves(effect) == 0 and "Neither" in effect["why"]


# ---- settings, calendars, service levels ----


def settings_with(ws, **changes):
    shown = ws.get("/settings").json()
    return {**{key: shown[key] for key in ("streams", "kinds", "statuses")}, **changes}


def test_settings_by_which_other_statuses_rank(backlog):
    body = settings_with(
        backlog, statuses=[{"name": "open", "class": "todo"}, {"name": "in_progress", "class": "done"}]
    )
    effect, _, _ = apply_and_compare(backlog, "settings", body)
    assert effect["removed_count"] == 6 and effect["moved_count"] > 0
    back = settings_with(
        backlog, statuses=[{"name": "open", "class": "todo"}, {"name": "in_progress", "class": "active"}]
    )
    effect, _, _ = apply_and_compare(backlog, "settings", back)
    assert effect["added_count"] == 6


def test_settings_that_change_no_rank(backlog):
    effect, _, _ = apply_and_compare(backlog, "settings", settings_with(backlog, override_max_days=7))
    assert moves(effect) == 0


def freeze_by(ws, name="quiet"):
    ws.put(f"/calendars/{name}", 201, json={}, headers=NEW)
    rule = {"id": "f", "when": {"fact": "stream", "eq": "incident"}, "effect": "freeze", "reason": "Quiet."}
    rules_of = [{**rule, "calendar": name}]
    ws.enforce(ws.post("/policies", 201, json={"name": "p", "rules": rules_of}).json()["version"])


def test_a_calendar_that_a_freeze_goes_by(backlog):
    freeze_by(backlog)
    effect, before, after = apply_and_compare(backlog, "calendar", ALWAYS, name="quiet")
    assert effect["removed_count"] == 10 and len(after) == len(before) - 10
    effect, _, _ = apply_and_compare(backlog, "calendar", {"windows": []}, name="quiet")
    assert effect["added_count"] == 10


def test_a_calendar_whose_window_opened_after_the_ranking(later):
    """The newest ranking is hours old, for nothing has happened: the effect is that of now all the same."""
    ws, shift = later
    fill(ws)
    freeze_by(ws)
    people = person(ws, "ann"), person(ws, "bob")
    old = ws.queue()["as_of"]
    shift.on(hours=3)
    assert ws.queue()["as_of"] == old
    window = {"from": (shift.now() - datetime.timedelta(hours=1)).isoformat(), "until": in_days(9), "reason": "New"}
    effect, _, _ = apply_and_compare(ws, "calendar", {"windows": [window]}, people, name="quiet")
    assert effect["removed_count"] == 10


def test_a_calendar_that_nothing_goes_by(backlog):
    effect, _, _ = apply_and_compare(backlog, "calendar", ALWAYS, name="unused")
    assert moves(effect) == 0
    effect, _, _ = apply_and_compare(backlog, "calendar", None, name="unused")
    assert moves(effect) == 0


def severe_first(ws, hours="sla_left_hours"):
    """A policy that puts first what has little time left."""
    rule = {"id": "late", "when": {"fact": hours, "lt": 0}, "effect": "pin_top", "reason": "It is over its time."}
    ws.enforce(ws.post("/policies", 201, json={"name": "p", "rules": [rule]}).json()["version"])


def levels(target, **more):
    return {"rules": [{"id": "bad", "when": {"feature": "severity", "ge": "sev1"}, "target_hours": target, **more}]}


def put_levels(ws, body):
    before = ws.get("/slas", (200, 404))
    headers = {"If-Match": before.headers["ETag"]} if before.status_code == 200 else NEW
    ws.put("/slas", (200, 201), json=body, headers=headers)


def test_service_levels(backlog):
    """First rules, where nobody read the history of statuses yet; then other ones; then none."""
    severe_first(backlog)
    effect, _, _ = apply_and_compare(backlog, "slas", levels(8))
    severe = 8
    assert effect["sla"]["clocks"] == {"before": 0, "after": severe} and effect["sla"]["changed"] == severe
    tried = effect["sla"]["breached"]["after"]
    assert 0 < tried < severe and moves(effect) > 0
    effect, _, _ = apply_and_compare(backlog, "slas", levels(1))
    assert effect["sla"]["breached"] == {"before": tried, "after": severe}
    assert effect["sla"]["newly_breached"] == severe - tried and moves(effect) > 0
    effect, _, _ = apply_and_compare(backlog, "slas", {"rules": []})
    assert effect["sla"]["clocks"] == {"before": severe, "after": 0} and moves(effect) > 0


def test_the_counts_are_those_of_the_dry_run(backlog):
    put_levels(backlog, levels(8))
    proposal = propose(backlog, person(backlog, "ann"), "slas", levels(1))
    dry = backlog.put(
        "/slas",
        200,
        json=levels(1),
        headers={"If-Match": backlog.etag("/slas")},
        params={"dry_run": "true", "min_revision": backlog.revision()},
    ).json()
    assert proposal["effect"]["sla"] == {key: dry[key] for key in proposal["effect"]["sla"]}
    assert moves(proposal["effect"]) == 0, "no rule and no model reads the time left"


def test_business_hours(backlog):
    severe_first(backlog)
    always = {"zone": "UTC", "weekly": [{"days": list(DAYS), "from": "00:00", "until": "24:00"}]}
    backlog.put("/business-hours/office", 201, json=always, headers=NEW)
    put_levels(backlog, levels(2, hours="office"))
    holidays = [{"date": day} for day in last_days(3)]
    effect, _, _ = apply_and_compare(backlog, "business_hours", {**always, "special_days": holidays}, name="office")
    assert effect["sla"]["no_longer_breached"] == 8 and moves(effect) > 0


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def last_days(count):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return [str(today + datetime.timedelta(days=1 - back)) for back in reversed(range(count + 1))]


# ---- what is planned of the streams ----


def planned(ws):
    answer = ws.get("/streams", params={"min_revision": ws.revision()}).json()
    return {each["stream"]: each["capacity"] for each in answer["streams"]}


def plan_and_compare(ws, change, body, **more):
    """What changes no rank: the streams' plans of before and after are those of GET …/streams."""
    ann, bob = person(ws, "ann"), person(ws, "bob")
    before, queue = planned(ws), queue_of(ws)
    proposal = propose(ws, ann, change, body, **more)
    effect = proposal["effect"]
    assert not effect["simulated"] and "no rank" in effect["why"] and effect["base"]["model"] == 1
    assert decide(bob, proposal).json()["state"] == "applied"
    after = planned(ws)
    assert queue_of(ws) == queue
    told = {each["stream"]: each for each in effect["planned"]}
    changed = {name for name in after if before[name]["planned"] != after[name]["planned"]}
    assert told.keys() == changed
    for name in changed:
        assert told[name]["before"] == pytest.approx(before[name]["planned"])
        assert told[name]["after"] == pytest.approx(after[name]["planned"])
        assert (told[name]["standing_before"], told[name]["standing_after"]) == (
            before[name]["standing"],
            after[name]["standing"],
        )
    return effect, changed


CONTRACT = {
    "name": "shares",
    "streams": [
        {"stream": "engineering_bug", "share": {"at_least": 0.2, "at_most": 0.3}},
        {"stream": "feature_request", "share": {"at_least": 0.3, "at_most": 0.5}},
    ],
}


def test_a_contract(backlog):
    version = backlog.post("/contracts", 201, json=CONTRACT).json()["version"]
    _, changed = plan_and_compare(backlog, "contract", {"contract": version})
    assert changed == {"engineering_bug", "feature_request"}
    plan_and_compare(backlog, "contract", {"contract": None})


def test_a_launch_takes_an_approval_where_a_rule_says_so(backlog):
    backlog.agree(CONTRACT)
    rules(backlog, "launch")
    launch = {"at": ago(days=1), "share": 0.3, "stream": "engineering_bug"}
    refused = backlog.put("/launches/one", 409, json=launch, headers=NEW)
    assert problem_type(refused) == "approval-required"
    effect, changed = plan_and_compare(backlog, "launch", launch, name="one")
    assert changed == {"engineering_bug", "feature_request"}
    assert backlog.get("/launches/one").json()["share"] == 0.3
    refused = backlog.delete("/launches/one", 409, headers={"If-Match": backlog.etag("/launches/one")})
    assert problem_type(refused) == "approval-required"
    plan_and_compare(backlog, "launch", None, name="one")
    backlog.get("/launches/one", 404)


def test_a_launch_to_come_is_told_as_it_begins(backlog):
    backlog.agree(CONTRACT)
    launch = {"at": in_days(9), "share": 0.3, "stream": "engineering_bug"}
    effect = propose(backlog, person(backlog, "ann"), "launch", launch, name="later")["effect"]
    assert len(effect["planned"]) == 2 and effect["planned_at"] > in_days(8)


# ---- one after the other ----


def any_change(ws, rng):
    """A change of any kind that ranks, which can be made now: its change, body and name."""
    queue = tops(queue_of(ws))
    made = [each["id"] for each in ws.get("/overrides", params={"active": "true"}).json()["overrides"]]
    target, other = (each["id"] for each in rng.sample(queue, 2))
    kind = rng.choice(("pin", "boost", "before", "exclude", "revoke", "revoke", "model", "policy", "calendar", "slas"))
    if kind == "revoke" and made:
        return "override", {"revoke": rng.choice(made)}, {}
    if kind == "boost":
        return "override", override(target, kind, delta=rng.choice((-7, 7))), {}
    if kind == "before":
        return "override", override(target, kind, before=other), {}
    if kind == "exclude":
        return "override", override(target, kind), {}
    if kind == "model":
        weights = {name: round(rng.uniform(1, 9), 3) for name in ("user_impact", "cost_of_delay")}
        return "model", {"weights": weights}, {}
    if kind == "policy":
        late = {"fact": "sla_left_hours", "lt": 0}
        rule = {
            "id": "late",
            "when": late,
            "effect": rng.choice(("pin_top", "hold", "exclude")),
            "reason": "It is late",
        }
        quiet = {"id": "f", "when": {"fact": "stream", "eq": "incident"}, "effect": "freeze", "reason": "Quiet."}
        return "policy", {"policy": {"name": f"p{rng.random()}", "rules": [rule, {**quiet, "calendar": "quiet"}]}}, {}
    if kind == "calendar":
        return "calendar", rng.choice((ALWAYS, {"windows": []})), {"name": "quiet"}
    if kind == "slas":
        return "slas", levels(rng.choice((1, 8, 99))), {}
    return "override", override(target, "pin", rank=rng.randint(1, len(queue))), {}


def test_whatever_is_proposed_in_whatever_order(backlog, rng):
    """Overrides in each other's way, rules, freezes, clocks and weights: each effect is what the queue does next."""
    people = person(backlog, "ann"), person(backlog, "bob")
    backlog.put("/calendars/quiet", 201, json={}, headers=NEW)
    seen_changes = collections.Counter()
    while len(seen_changes) < 5 or seen_changes.total() < 20:
        change, body, more = any_change(backlog, rng)
        effect, _, _ = apply_and_compare(backlog, change, body, people, **more)
        seen_changes[change] += 1
    assert backlog.verify()["ok"]


# ---- what has no effect on a queue ----


def test_what_changes_no_rank_says_so(backlog):
    ann = person(backlog, "ann")
    mapping = backlog.get("/sources/github/mapping").json()
    mapping = {key: value for key, value in mapping.items() if key not in ("format", "revision")}
    for change, body, more in (
        ("mapping", {**mapping, "rules": []}, {"name": "github"}),
        ("approval_rules", {"rules": [{"change": "model"}]}, {}),
    ):
        effect = propose(backlog, ann, change, body, **more)["effect"]
        assert effect.keys() == {"simulated", "why"} and not effect["simulated"] and "no rank" in effect["why"]


# ---- what may be seen ----


def test_an_effect_by_sensitive_inputs_is_hidden(ws):
    """Of an override, of settings and of a calendar as of a model: who may not see the inputs sees no effect."""
    ws.put_feature("salary", sensitive=True)
    ws.push([item(f"s{n}", features={"salary": n, **rubric(1, 2, 1, 1)}) for n in range(5)])
    terms = [{"feature": "salary", "weight": 1, "unknown": "span"}]
    paid = {"name": "paid", "kind": "weighted_sum", "bands": [{"name": "all"}], "terms": terms}
    ws.promote(ws.post("/models", 201, json=paid).json()["version"])
    ann, reviewer = person(ws, "ann"), ws.as_role("reviewer")
    for change, body, more in (
        ("override", override(item_at(ws, 5), "pin", rank=1), {}),
        ("settings", settings_with(ws, override_max_days=7), {}),
        ("calendar", ALWAYS, {"name": "quiet"}),
    ):
        proposal = propose(ws, ann, change, body, **more)
        assert proposal["effect"]["simulated"]
        shown = seen(reviewer, proposal, refresh="true")
        assert shown["effect"] is None and shown["masked"] and "effect_now" not in shown
        assert shown["body"] is not None
        made = propose(ws, reviewer, change, body, **more)
        assert made["effect"] is None and made["masked"]
