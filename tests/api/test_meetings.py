"""
Findings of history, sweeps, recurring items and meeting packs, over months: the daemon's clock is moved by the test.
"""

import datetime
import json

import pytest

from support import cli as client_program, client, daemon as daemons, database as databases
from support.client import Client, problem_pointers
from support.timeshift import Timeshift
from support.waiting import wait_until
from support.workspace import ROLES, RUBRIC, Workspace, item

LONG_DAYS = 730


@pytest.fixture(scope="module")
def place(cluster, tmp_path_factory):
    """A daemon of its own on a database of its own: its time is ahead of all others'."""
    database = cluster.create(databases.fresh_name())
    daemons.migrate(database)
    folder = tmp_path_factory.mktemp("meetings")
    token = daemons.bootstrap(database, folder / "token")
    client.minted.add(token)
    shift = Timeshift(folder / "clock")
    own = daemons.Daemon(database, folder, "--jobs-every-ms", 100, **shift.variables)
    own.start()
    operator = Client(own.url, token)
    made = []
    for n in range(8):
        ws = Workspace(operator, f"meetings-{n}")
        made.append(Client(own.url, ws.token(*ROLES, expires_in_days=LONG_DAYS)["secret"], ws.prefix))
    # From here on it is a January that begins on some day; months and weeks are the calendar's.
    year = shift.now().year + 1
    first = datetime.datetime(year, 1, 1, 9, tzinfo=datetime.timezone.utc)
    shift.go_to(first + datetime.timedelta(days=-first.weekday() % 7))
    yield made, shift, own
    assert own.stop() == 0
    database.drop()


def revision(ws):
    return ws.get("").json()["revision"]


def push(ws, items):
    return ws.post("/items", 200, json=items).json()


def history(ws, **params):
    return ws.get("/findings/history", params={"min_revision": revision(ws), **params}).json()


def put_settings(ws, **settings):
    now = ws.get("/settings")
    ws.put("/settings", 200, json={**now.json(), **settings}, headers={"If-Match": now.headers["ETag"]})


def subjects(found, kind):
    """By which they are known again: an item whatever its stream is."""

    def of(subject):
        return {**subject, "item": subject["item"]["id"], "stream": None} if "item" in subject else subject

    return sorted(json.dumps(of(each["subject"]), sort_keys=True) for each in of_kind(found, kind))


def await_told(ws, kind):
    """What is open as events is what history finds, which is answered."""
    found = subjects(history(ws), kind)

    def is_told():
        changes = ws.get("/findings/changes", params={"state": "open"}).json()["changes"]
        return subjects({"findings": changes}, kind) == found

    wait_until(is_told, f"{kind} is told")
    return found


def kinds(found):
    return sorted({each["kind"] for each in found["findings"]})


def of_kind(found, kind):
    return [each for each in found["findings"] if each["kind"] == kind]


def pack(ws, name):
    return ws.get(f"/packs/{name}", params={"min_revision": revision(ws)}).json()


def one(found, kind):
    (finding,) = of_kind(found, kind)
    return finding


def text_of(ws, name):
    answer = ws.get(f"/packs/{name}", params={"min_revision": revision(ws)}, headers={"Accept": "text/markdown"})
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    return answer.text


def section(pack, name):
    (found,) = [each for each in pack["sections"] if each["id"] == name]
    return found


def agree(ws, contract):
    version = ws.post("/contracts", (200, 201), json=contract).json()["version"]
    ws.put("/contract-aliases/active", 201, json={"contract": version}, headers={"If-None-Match": "*"})


def stamp(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


SHARES = {
    "name": "shares",
    "streams": [
        {"stream": "incident", "lane": True},
        {"stream": "engineering_bug", "share": {"at_least": 0.2, "at_most": 0.3}},
        {
            "stream": "feature_request",
            "share": {"at_least": 0.3, "at_most": 0.5},
            "stale": {"active_days": 14},
            "timeboxes": [{"id": "build", "status": "in_progress", "days": 12}],
        },
    ],
    "views": [
        {"id": "capability", "when": {"fact": "stream", "eq": "feature_request"}, "measures": ["user_impact"]},
        {"id": "reliability", "when": {"fact": "stream", "eq": "engineering_bug"}},
    ],
}


def test_incidents_eat_the_capacity(place):
    """Three weeks of incidents: the weekly review says so, the month's allocation shows who paid for it."""
    (ws, *_), shift, _ = place
    monday = shift.now()
    agree(ws, SHARES)
    put_settings(ws, finding_events=["lane_over_capacity", "share_off_plan"])
    push(ws, [item(f"I-{n}", stream="incident", status="in_progress") for n in range(2)])
    push(ws, [item(f"B-{n}", stream="engineering_bug", status="in_progress") for n in range(3)])
    assert kinds(history(ws)) == []

    shift.go_to(monday.replace(hour=1) + datetime.timedelta(days=14))
    assert of_kind(history(ws), "lane_over_capacity") == [], "two weeks are not three"

    shift.go_to(monday.replace(hour=1) + datetime.timedelta(days=21))
    lane = one(history(ws), "lane_over_capacity")
    assert lane["subject"] == {"stream": "incident"}
    assert lane["since"] == stamp(monday.replace(hour=0, minute=0, second=0))
    assert lane["evidence"]["weeks_running"] == 3 and lane["evidence"]["last_week"] == 0.4
    assert lane["evidence"]["at_most"] == 0.2
    assert await_told(ws, "lane_over_capacity")

    # The third week was quieter: the run is broken, and three new weeks would be needed.
    push(ws, [item("I-0", stream="incident", status="done")])
    shift.on(days=7)
    push(ws, [item("I-0", stream="incident", status="in_progress")])
    shift.on(days=7)
    assert one(history(ws), "lane_over_capacity")["evidence"]["weeks_running"] == 5, "a quarter is beyond a fifth"
    push(ws, [item(f"I-{n}", stream="incident", status="done") for n in range(2)])
    shift.on(days=7)
    assert of_kind(history(ws), "lane_over_capacity") == []

    assert not await_told(ws, "lane_over_capacity") and await_told(ws, "share_off_plan")
    ends = [change for change, kind in told(ws) if kind == "lane_over_capacity"]
    assert ends == ["opened", "closed"], "the run went on, and was told once"

    off = of_kind(history(ws), "share_off_plan")
    by_period = {(each["subject"]["stream"], each["subject"]["period"]): each["evidence"] for each in off}
    assert by_period["feature_request", "last_month"]["actual"] == 0, "nobody worked on features"
    assert by_period["engineering_bug", "last_month"]["actual"] > 0.5
    assert ("incident", "last_month") not in by_period, "a lane has a rule of its own"
    bug = by_period["engineering_bug", "last_month"]
    (month,) = [period for period in history(ws)["shares"] if period["period"] == "last_month"]
    incident, bugs = [
        [line["actual"] for line in month["streams"] if line["stream"] == name][0]
        for name in ("incident", "engineering_bug")
    ]
    assert incident + bugs == pytest.approx(1, abs=1e-3)
    assert bug["planned_at_most"] == pytest.approx(0.3 * (1 - incident), abs=1e-3), "the lane draws on the others"

    text = text_of(ws, "allocation")
    assert "# Allocation" in text and "| engineering_bug |" in text and "share\\_off" not in text
    assert section(pack(ws, "allocation"), "shares")["findings"] == [
        each for each in history(ws)["findings"] if each["kind"] in ("share_off_plan", "lane_over_capacity")
    ]


def test_what_got_stuck(place):
    (_, ws, *_), shift, _ = place
    agree(ws, SHARES)
    put_settings(ws, finding_events=["item_stale", "timebox_over"])
    begun = shift.now()
    due = stamp(begun + datetime.timedelta(days=10))
    push(
        ws,
        [
            item("late", due_at=due),
            item("still", stream="feature_request", status="in_progress", created_at=stamp(begun)),
        ],
    )
    shift.on(days=10, hours=-1)
    assert of_kind(history(ws), "item_overdue") == of_kind(history(ws), "item_stale") == []
    shift.on(days=10)
    found = history(ws)
    assert one(found, "item_overdue")["since"] == due
    assert one(found, "item_overdue")["evidence"] == {"days_over": 9}
    stale = one(found, "item_stale")
    assert stale["subject"]["item"]["external_id"] == "still" and stale["evidence"]["days_allowed"] == 14
    assert await_told(ws, "item_stale") and await_told(ws, "timebox_over")
    review = pack(ws, "stream-review")
    assert section(review, "attention")["counts"] == {
        "lane_over_capacity": 0,
        "timebox_over": 1,
        "item_stale": 1,
        "item_overdue": 1,
    }
    streams = {each["stream"]: each for each in section(review, "streams")["streams"]}
    assert streams["feature_request"]["in_flight"] == 1
    assert section(review, "movement")["difference"]["entered_count"] == 0
    token = ws.post("/tokens", 201, json={"label": "r", "roles": ["reader"], "expires_in_days": LONG_DAYS}).json()
    read = section(pack(Client(ws.url, token["secret"], ws.prefix), "stream-review"), "movement")
    assert (read["difference"], read["withheld"]) == (None, True) and "withheld" not in section(review, "movement")
    joint = pack(ws, "prioritization")
    assert [view["id"] for view in section(joint, "backlogs")["views"]] == ["capability", "reliability"]
    assert [[each["external_id"] for each in top["items"]] for top in section(joint, "tops")["tops"]] == [
        ["still"],
        ["late"],
    ]


def winnow(ws, own, token, *args, **more):
    return client_program.run(*args, url=own.url, workspace=ws.prefix.rsplit("/", 1)[1], token=token, **more)


def test_the_client(place):
    """The quarter's sweep from the command line."""
    (*_, ws, _), shift, own = place
    token = ws.secret
    push(ws, [item(f"old-{n}", features=WORTHLESS, due_at=stamp(shift.now())) for n in range(3)])
    shift.on(days=200)
    assert "item_overdue" in winnow(ws, own, token, "findings", "--history", "--min-revision", revision(ws)).stdout
    assert "stream-review" in winnow(ws, own, token, "pack").stdout
    assert winnow(ws, own, token, "pack", "sweep").stdout.startswith("# Icebox sweep\n")
    assert json.loads(winnow(ws, own, token, "pack", "sweep", "--json").stdout)["pack"] == "sweep"
    made = json.loads(winnow(ws, own, token, "sweep", "create", "--json").stdout)
    assert made["stale_count"] == 3
    winnow(ws, own, token, "sweep", "close", made["id"], "--all", expect=client_program.USAGE)
    winnow(ws, own, token, "sweep", "close", made["id"], "--because", "Long since gone.", expect=client_program.USAGE)
    reason = ("--because", "Long since gone.")
    assert "closed 1 " in winnow(ws, own, token, "sweep", "close", made["id"], "old-0", *reason).stderr
    assert "closed 2 items, left 1 " in winnow(ws, own, token, "sweep", "close", made["id"], "--all", *reason).stderr
    shown = winnow(ws, own, token, "sweep", "show", made["id"]).stdout
    assert shown.count("closed") >= 3
    assert made["id"] in winnow(ws, own, token, "sweep", "list").stdout
    grown = winnow(ws, own, token, "sweep", "create", "--months", 1, "--factor", 2, expect=client_program.USAGE)
    assert "--feature" in grown.stderr


WORTHLESS = dict.fromkeys(RUBRIC, 1)
PRECIOUS = dict.fromkeys(RUBRIC, 3)


def test_scores_grow_old_and_the_icebox_is_swept(place):
    """A clinic after two months, a sweep after six: closed in bulk, and what grew is promoted."""
    (_, _, ws, *_), shift, _ = place
    begun = shift.now()
    push(ws, [item(f"cold-{n}", features=WORTHLESS) for n in range(4)])
    push(ws, [item("hot", features=PRECIOUS), item("begun", features=WORTHLESS, status="in_progress")])
    shift.on(days=58)
    assert of_kind(history(ws), "rescore_due") == []
    shift.on(days=5)
    due = one(history(ws), "rescore_due")
    assert due["subject"]["item"]["external_id"] == "hot", "two months; the icebox has a quarter"
    clinic = pack(ws, "triage-clinic")
    assert [each["external_id"] for each in section(clinic, "rescore")["items"]] == ["hot"]
    assert section(clinic, "new_items")["count"] == 0

    # A title is no score, a value is.
    push(ws, [item("hot", title="Hotter", features=PRECIOUS), item("cold-0", title="Colder", features=WORTHLESS)])
    assert one(history(ws), "rescore_due")["subject"]["item"]["title"] == "Hotter"
    push(ws, [item("hot", title="Hotter", features={**PRECIOUS, "fix_confidence": 2})])
    assert of_kind(history(ws), "rescore_due") == []
    push(ws, [item("cold-1", features={**WORTHLESS, "cost_of_delay": 2})])

    shift.go_to(begun + datetime.timedelta(days=179))
    assert section(pack(ws, "sweep"), "found")["stale"] == []
    shift.go_to(begun + datetime.timedelta(days=186))
    preview = section(pack(ws, "sweep"), "found")
    assert {each["item"]["external_id"] for each in preview["stale"]} == {"cold-0", "cold-2", "cold-3"}

    before = revision(ws)
    at = {"min_revision": before}
    made = ws.post("/sweeps", 201, params=at, headers={"Idempotency-Key": "quarter"})
    sweep = made.json()
    assert revision(ws) == before + 1 == sweep["revision"]
    assert ws.post("/sweeps", 201, params=at, headers={"Idempotency-Key": "quarter"}).json()["id"] == sweep["id"]
    assert revision(ws) == before + 1
    assert {each["item"]["external_id"] for each in sweep["stale"]} == {"cold-0", "cold-2", "cold-3"}
    assert [(each["item"]["external_id"], each["was"], each["is"]) for each in sweep["promoted"]] == [("cold-1", 1, 2)]

    # What is found stays; an item that somebody begins meanwhile is left alone.
    push(ws, [item("cold-3", status="in_progress", features=WORTHLESS)])
    path = f"/sweeps/{sweep['id']}"
    assert len(ws.get(path).json()["stale"]) == 3
    problem = ws.post(f"{path}:close", 422, json={"items": "all", "rationale": "  no  "})
    assert problem_pointers(problem) == ["/rationale"]
    stranger = sweep["promoted"][0]["item"]["id"]
    ws.post(f"{path}:close", 422, json={"items": [stranger], "rationale": "Not in the list of old ones."})
    closed = ws.post(f"{path}:close", 200, json={"items": "all", "rationale": "Nobody asked for half a year."}).json()
    assert (closed["closed"], closed["left"], closed["remaining"]) == (2, 1, 0)
    again = ws.post(f"{path}:close", 200, json={"items": "all", "rationale": "Nobody asked for half a year."}).json()
    assert (again["closed"], again["left"], again["remaining"]) == (0, 3, 0)

    shown = ws.get(path, params={"min_revision": revision(ws)}).json()
    statuses = {each["item"]["external_id"]: each["item"]["status"] for each in shown["stale"]}
    assert statuses["cold-3"] == "in_progress" and statuses["cold-0"] == statuses["cold-2"] != "open"
    assert [closing["rationale"] for closing in shown["closings"]] == ["Nobody asked for half a year."]
    # The tracker's next word does not open it again: people decided.
    push(ws, [item("cold-0", title="Colder", features=WORTHLESS, status="open")])
    shown = ws.get(path, params={"min_revision": revision(ws)}).json()
    assert {each["item"]["external_id"]: each["item"]["status"] for each in shown["stale"]}["cold-0"] != "open"

    actions = [record["action"] for record in ws.get("/audit", params={"limit": 1000}).json()["records"]]
    assert actions.count("sweep.create") == 1 and actions.count("sweep.close") == 1
    assert "Nobody asked" not in ws.get("/audit", params={"limit": 1000}).text
    assert ws.get("/audit/verify").json()["ok"]
    assert [each["id"] for each in ws.get("/sweeps").json()["sweeps"]] == [sweep["id"]]
    assert "cold-1" in text_of(ws, "sweep")


def told(ws):
    return [(each["change"], each["kind"]) for each in ws.get("/findings/changes").json()["changes"]]


def sensitive(ws, fields):
    put_settings(ws, sensitive_fields=fields)


def test_signals_that_jump(place):
    (_, _, _, ws, *_), shift, own = place
    put_settings(ws, finding_events=["reporter_burst", "value_jump"])
    for week in range(4):
        push(ws, [item(f"w{week}-{n}", reporter="gwyn") for n in range(2)])
        shift.on(days=7, hours=1)
    push(ws, [item(f"new-{n}", reporter="gwyn") for n in range(9)])
    assert of_kind(history(ws), "reporter_burst") == []
    push(ws, [item("new-9", reporter="gwyn"), item("calm", reporter="bob", features=WORTHLESS)])
    burst = one(history(ws), "reporter_burst")
    assert burst["subject"]["reporter"] == "gwyn" and burst["evidence"]["count"] >= 10
    assert burst["evidence"]["mean_before"] <= 2
    events = [("opened", "reporter_burst")]
    wait_until(lambda: told(ws) == events, "the burst is told")
    (change,) = ws.get("/findings/changes").json()["changes"]
    assert change["subject"] == {} and change["since"] == burst["since"], "an event names nobody"
    (record,) = [each for each in ws.get("/audit?limit=1000").json()["records"] if each["action"] == "finding.open"]
    assert "gwyn" not in json.dumps(record)

    # Where reporters are sensitive a burst of one is, too: it ends as an event, and readers are told of none.
    reader = Client(
        own.url, ws.post("/tokens", 201, json={"label": "r", "roles": ["reader"]}).json()["secret"], ws.prefix
    )
    assert one(history(reader), "reporter_burst")["subject"]["reporter"] == "gwyn"
    sensitive(ws, ["reporter"])
    assert of_kind(history(reader), "reporter_burst") == [] and one(history(ws), "reporter_burst")
    events.append(("closed", "reporter_burst"))
    wait_until(lambda: told(ws) == events, "its event has ended")
    assert told(reader) == []
    sensitive(ws, [])
    events.append(("opened", "reporter_burst"))
    wait_until(lambda: told(ws) == events, "it is told again")

    push(ws, [item("calm", reporter="bob", features={**WORTHLESS, "user_impact": 2})])
    jump = one(history(ws), "value_jump")
    assert jump["subject"]["feature"] == "user_impact" and jump["subject"]["item"]["external_id"] == "calm"
    assert {"was": 1, "is": 2, "of_span": 0.5}.items() <= jump["evidence"].items()
    events.append(("opened", "value_jump"))
    wait_until(lambda: told(ws) == events, "the jump is told")
    shift.on(days=8)
    assert kinds(history(ws)) == [], "a week later it is nobody's news"
    wait_until(lambda: len(told(ws)) == 6, "nor is it told to be there")
    assert sorted(told(ws)[4:]) == [("closed", "reporter_burst"), ("closed", "value_jump")]


def test_people_override_more_than_before(place):
    (_, _, _, _, ws, *_), shift, _ = place
    push(ws, [item(f"{n}", stream="engineering_bug", features=WORTHLESS) for n in range(8)])
    shift.on(days=28 * 4 + 1)
    put_settings(ws, finding_events=["override_drift"])
    body = {"kind": "boost", "delta": 1, "justification": "The model does not see this."}
    items = ws.get("/queue", params={"min_revision": revision(ws)}).json()["entries"]
    for entry in items[:4]:
        ws.post(
            "/overrides",
            201,
            json={**body, "item": entry["id"], "expires_at": stamp(shift.now() + datetime.timedelta(days=7))},
        )
    assert of_kind(history(ws), "override_drift") == []
    for entry in items[4:]:
        ws.post(
            "/overrides",
            201,
            json={**body, "item": entry["id"], "expires_at": stamp(shift.now() + datetime.timedelta(days=7))},
        )
    drift = one(history(ws), "override_drift")
    assert drift["subject"] == {"stream": "engineering_bug", "override_kind": "boost"}
    assert drift["evidence"] == {"count": 8, "mean_before": 0, "periods_before": 4}
    assert await_told(ws, "override_drift")


def test_forms_of_a_pack(place):
    (_, _, _, _, _, ws, *_), _, _ = place
    push(ws, [item("x", title="<b>a|b</b> [c](d)")])
    names = [pack["name"] for pack in ws.get("/packs").json()["packs"]]
    for name in names:
        found = ws.get(f"/packs/{name}", params={"min_revision": revision(ws)}).json()
        assert found["pack"] == name
        text = ws.get(f"/packs/{name}", params={"format": "markdown"}).text
        for each in found["sections"]:
            assert f"## {each['title']}\n" in text
    assert ws.get("/packs/triage-clinic?format=json", headers={"Accept": "text/markdown"}).json()["pack"]
    assert "\\<b\\>a\\|b\\</b\\> \\[c\\](d)" in text_of(ws, "triage-clinic")
    ws.get("/packs/nothing", 404)
    assert problem_pointers(ws.get("/packs/sweep?format=pdf", 422)) == ["/query/format"]


def raised(ws):
    return {each["external_id"]: each for each in ws.get("/items", params={"source": "winnow"}).json()["items"]}


def test_work_that_comes_back(place, cluster, tmp_path_factory):
    """Each period once: over a restart, beside a second daemon, and also when nobody was there for months."""
    (*_, ws), shift, own = place
    new = {"If-None-Match": "*"}
    day = datetime.timedelta(days=1)
    month = shift.now().replace(day=28, hour=9) + 5 * day  # of a month's first days
    shift.go_to(month)
    retrain = {"title": "Retrain", "stream": "model_quality", "period": "month", "features": {"effort": 3}}
    retrain["start"] = (month + 10 * day).strftime("%Y-%m-%d")
    ws.put("/recurrences/retrain", 201, json=retrain, headers=new)
    watch = {"title": "Look at drift", "stream": "model_quality", "period": "week", "start": "2026-01-01"}
    ws.put("/recurrences/watch", 201, json=watch, headers=new)
    week = "{0}-W{1:02}".format(*shift.now().isocalendar())
    wait_until(lambda: raised(ws), "the week's item is raised")
    assert set(raised(ws)) == {f"watch/{week}"}, "the other begins later"
    assert raised(ws)[f"watch/{week}"]["title"] == f"Look at drift ({week})"

    # A second daemon and a restart of the first raise nothing again, and leave what people changed.
    push(ws, [{"source": "winnow", "external_id": f"watch/{week}", "status": "in_progress"}])
    before = revision(ws)
    second = daemons.Daemon(own.database, tmp_path_factory.mktemp("second"), "--jobs-every-ms", 100, **shift.variables)
    second.start()
    assert own.stop() == 0
    own.start()
    seen = [each.metric("jobs_run_total") for each in (own, second)]
    wait_until(
        lambda: all(each.metric("jobs_run_total") > was + 12 for each, was in zip((own, second), seen)),
        "jobs went round",
    )
    assert revision(ws) == before and raised(ws)[f"watch/{week}"]["status"] == "in_progress"

    # Two months later: the present month and week, not those that nobody saw.
    shift.go_to(month + 65 * day)
    name = shift.now().strftime("retrain/%Y-%m")
    wait_until(lambda: name in raised(ws), "the month's item is raised")
    wait_until(lambda: len(raised(ws)) == 3, "the week's item, too")
    assert raised(ws)[name]["features"]["effort"]["value"] == 3
    assert second.stop() == 0
    actions = [record["action"] for record in ws.get("/audit", params={"limit": 1000}).json()["records"]]
    assert 2 <= actions.count("items.recur") <= 3

    in_use = ws.delete("/features/effort", 409, headers={"If-Match": ws.get("/features/effort").headers["ETag"]})
    assert "recurrence retrain" in in_use.text
    ws.delete("/recurrences/retrain", 204, headers={"If-Match": ws.get("/recurrences/retrain").headers["ETag"]})
    ws.get("/recurrences/retrain", 404)
    faults = ws.put(
        "/recurrences/bad", 422, json={**watch, "stream": "nowhere", "features": {"effort": -1, "x": 1}}, headers=new
    )
    assert len(problem_pointers(faults)) >= 2
    assert problem_pointers(ws.put("/recurrences/bad", 422, json={**watch, "start": "soon"}, headers=new))


def test_nothing_sensitive_is_told(operator):
    """A feature that is sensitive promotes nothing, comes back in no item, and hides what was kept of it."""
    ws = Workspace(operator)
    ws.put_feature("salary_risk", sensitive=True)
    ws.push([item("1", features={"salary_risk": 1})])
    ws.post("/sweeps", 422, json={"promote": {"feature": "salary_risk"}})
    weekly = {"title": "Look", "stream": "incident", "period": "week", "start": "2026-01-01"}
    new = {"If-None-Match": "*"}
    told = ws.put("/recurrences/look", 422, json={**weekly, "features": {"salary_risk": 1}}, headers=new)
    assert problem_pointers(told) == ["/features/salary_risk"]
    ws.put("/recurrences/look", 201, json={**weekly, "features": {"effort": 1}}, headers=new)
    definition = ws.get("/features/effort")
    body = {k: v for k, v in definition.json().items() if k not in ("id", "revision", "name")}
    ws.put("/features/effort", 422, json={**body, "sensitive": True}, headers={"If-Match": definition.headers["ETag"]})
    ws.push([item("1", features={"salary_risk": 9})])
    for role, seen in (("admin", ["salary_risk"]), ("reader", [])):
        found = history(ws.as_role(role))["findings"]
        assert [each["subject"].get("feature") for each in found if each["kind"] == "value_jump"] == seen
        text = ws.as_role(role).get("/packs/triage-clinic?format=markdown").text
        assert ("salary_risk" in text) == bool(seen)
