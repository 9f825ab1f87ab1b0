"""Findings as events: what appears and what is gone is told once, to whoever follows, at whichever daemon."""

import datetime

import pytest

from support import cli, client, daemon as daemons, database as databases
from support.client import Client, problem_pointers
from support.decisions import enforce, labelled, override
from support.events import Stream
from support.timeshift import Timeshift
from support.waiting import wait_until
from support.workspace import ROLES, Workspace, item, scored

OFTEN = ("--jobs-every-ms", 50)
TOLD = ("finding.open", "finding.close", "finding.change")


@pytest.fixture(scope="module")
def quick(database, operator_token, tmp_path_factory):
    """A daemon whose jobs run all the time."""
    own = daemons.Daemon(database, tmp_path_factory.mktemp("quick"), *OFTEN)
    own.start()
    yield Client(own.url, operator_token)
    assert own.stop() == 0


@pytest.fixture
def ws(quick):
    return Workspace(quick)


@pytest.fixture
def own_database(cluster):
    own = cluster.create(databases.fresh_name())
    daemons.migrate(own)
    yield own
    own.drop()


def ask_for(ws, *kinds, **settings):
    ws.put_settings(finding_events=list(kinds), **settings)
    ws.queue()  # from now on it is in memory


def changes(ws, **params):
    return list(ws.pages("/findings/changes", "changes", params))


def told(ws):
    """(change, kind, external id) of all, by revision."""
    return [(each["change"], each["kind"], each["subject"].get("item", {}).get("external_id")) for each in changes(ws)]


def await_told(ws, *expected):
    wait_until(lambda: told(ws) == list(expected), f"{expected} are told")


def due(**ago):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)).isoformat()


def records(ws):
    return [each for each in ws.records() if each["action"] in TOLD]


# ---- appearing and going ----


def test_a_finding_appears_and_is_gone(ws):
    """A reader who follows the stream is told that there is something, and reads what."""
    reader = ws.as_role("reader")
    ask_for(ws, "item_overdue")
    with Stream(reader) as stream:
        stream.first("open")
        ws.push([item("late", due_at=due(days=3)), item("fine", due_at=due(days=-3))])
        while (event := stream.first("revision")).data["action"] != "finding.open":
            pass
        assert set(event.data) == {"revision", "at", "action"}
        opened = event.data["revision"]
        (change,) = reader.get("/findings/changes", params={"after": opened - 1}).json()["changes"]
        assert (change["change"], change["kind"], change["revision"]) == ("opened", "item_overdue", opened)
        assert change["subject"]["item"]["external_id"] == "late" and change["at"] == event.data["at"]
        assert change["since"] < change["at"]

        ws.push([item("late", due_at=due(days=3), status="done")])
        while (event := stream.first("revision")).data["action"] != "finding.close":
            pass
        closed = event.data["revision"]
        (change,) = reader.get("/findings/changes", params={"after": opened}).json()["changes"]
        assert (change["change"], change["why"], change["revision"]) == ("closed", "gone", closed)
        assert change["subject"]["item"]["external_id"] == "late"
    assert reader.get("/findings/changes", params={"state": "open"}).json() == {"changes": []}

    # It comes back, and is another finding.
    ws.push([item("late", due_at=due(days=3), status="open")])
    await_told(ws, *((change, "item_overdue", "late") for change in ("opened", "closed", "opened")))
    assert len({each["id"] for each in changes(ws)}) == 2
    assert ws.verify()["ok"]


def test_off_unless_asked_for(ws):
    ws.push([item("late", due_at=due(days=3))])
    other = Workspace(ws.operator)
    ask_for(other, "item_overdue")
    ws.queue()
    other.push([item("late", due_at=due(days=3))])
    await_told(other, ("opened", "item_overdue", "late"))  # the job has gone by
    assert told(ws) == [] and records(ws) == []


def test_many_at_once_are_one_revision(ws):
    ask_for(ws, "item_overdue", "cycles")
    before = ws.revision()
    ws.push_lines([item(n, due_at=due(days=3)) for n in range(1200)])
    wait_until(lambda: len(changes(ws)) >= 1000, "a thousand are told")
    ws.push([item("news")])
    ws.queue()
    assert len(changes(ws)) == 1000, "no more of a kind at one time"
    assert len({each["revision"] for each in changes(ws)}) == len(records(ws)) <= 3
    assert len(changes(ws, limit=7, state="open")) == 1000, "pages neither skip nor repeat"
    assert ws.revision() <= before + 5


def test_more_than_a_look_takes_in(ws):
    """What was told stays so as long as it is there, however many others stand before it."""
    ask_for(ws, "item_overdue")
    ws.push_lines([item(n, due_at=due(days=3)) for n in range(1000)])
    wait_until(lambda: len(changes(ws)) == 1000, "a thousand are told")
    ws.push_lines([item(f"older-{n}", due_at=due(days=9)) for n in range(5001)])
    ws.get("/queue", params={"min_revision": ws.revision()})
    other = Workspace(ws.operator)
    ask_for(other, "item_overdue")
    other.push([item("late", due_at=due(days=3))])
    await_told(other, ("opened", "item_overdue", "late"))
    other.push([item("late", due_at=due(days=3), status="done")])
    wait_until(lambda: len(told(other)) == 2, "the job has gone by in between")
    assert len(changes(ws)) == 1000
    ws.push([item(7, due_at=due(days=3), status="done")])
    wait_until(lambda: len(changes(ws)) == 1002, "one is gone, and has made room for another")
    (gone,) = [each for each in changes(ws) if each["change"] == "closed"]
    assert gone["subject"]["item"]["external_id"] == item(7)["external_id"]


def test_a_kind_that_is_not_asked_for_any_more_ends(ws):
    ask_for(ws, "item_overdue")
    ws.push([item("late", due_at=due(days=3))])
    await_told(ws, ("opened", "item_overdue", "late"))
    ask_for(ws)
    await_told(ws, ("opened", "item_overdue", "late"), ("closed", "item_overdue", "late"))
    assert changes(ws)[-1]["why"] == "unwatched"
    ask_for(ws, "item_overdue")
    await_told(ws, *((change, "item_overdue", "late") for change in ("opened", "closed", "opened")))


def test_what_the_newest_ranking_met(ws):
    """Each kind of GET …/findings, by the same word."""
    ask_for(
        ws,
        "cycles",
        "dangling_blockers",
        "contradictions",
        "breaches",
        "sla_breached",
        "sla_due_soon",
    )
    enforce(
        ws,
        labelled("down", "at_most_band", band="icebox"),
        labelled("up", "at_least_band", band="next_sprint"),
        labelled("late", "not_above", rank=9),
    )
    every = {"all": []}
    rules = [{"id": "day", "when": every, "target_hours": 24, "due_soon_hours": 2}]
    ws.put("/slas", 201, json={"rules": rules}, headers={"If-None-Match": "*"})
    ws.push(
        [
            scored("a", 10, blocked_by=["b"], created_at=due(hours=1)),
            scored("b", 12, blocked_by=["a"], created_at=due(hours=1)),
            scored("c", 20, blocked_by=["missing"], created_at=due(hours=1)),
            scored("d", 18, labels=["down", "up"], created_at=due(hours=23)),
            scored("e", 17, labels=["late"], created_at=due(hours=30)),
        ]
    )
    wait_until(lambda: len(changes(ws, state="open")) >= 6, "all are told")
    found = {each["kind"]: each["subject"] for each in changes(ws, state="open")}
    assert len(changes(ws)) == 6
    (cycle,) = ws.get("/findings", params={"min_revision": ws.revision()}).json()["cycles"]
    assert found["cycles"]["item"]["id"] == min(each["id"] for each in cycle["members"])
    assert found["dangling_blockers"]["item"]["external_id"] == "c" and found["dangling_blockers"]["blocker"]
    assert found["contradictions"] == {"holds": "down", "yields": "up"}
    assert found["breaches"] == {"rule": "late"}
    assert (found["sla_breached"]["item"]["external_id"], found["sla_breached"]["rule"]) == ("e", "day")
    assert found["sla_due_soon"]["item"]["external_id"] == "d"
    (breached,) = [each for each in changes(ws) if each["kind"] == "sla_breached"]
    assert breached["since"] < breached["at"], "since when its time was over"
    # The rule still is broken, by another item at another rank: the same finding.
    ws.push([scored("e", 17, status="done"), scored("f", 8, labels=["late"], created_at=due(hours=1))])
    wait_until(lambda: len(changes(ws)) >= 7, "the clock of e is stopped")
    assert {each["kind"] for each in changes(ws) if each["change"] == "closed"} == {"sla_breached"}


def test_a_rule_that_is_broken_all_over_hides_no_other(ws):
    ask_for(ws, "breaches")
    enforce(ws, labelled("many", "not_above", rank=9000), labelled("last", "not_above", rank=9000))
    ws.push_lines([*(scored(n, 20, labels=["many"]) for n in range(5001)), scored("z", 9, labels=["last"])])
    wait_until(lambda: len(changes(ws)) >= 2, "both are told")
    assert {each["subject"]["rule"] for each in changes(ws)} == {"many", "last"}


def test_an_override_that_is_defeated(ws):
    ask_for(ws, "defeated_overrides")
    enforce(ws, labelled("down", "at_most_band", band="icebox"))
    ws.push([scored("a", 9, labels=["down"])])
    made = override(ws, "a", "band", band="next_sprint")
    await_told(ws, ("opened", "defeated_overrides", "a"))
    assert changes(ws)[0]["subject"]["override"] == made["id"]


def test_settings(ws):
    answer = ws.get("/settings")
    body = {key: answer.json()[key] for key in ("streams", "kinds", "statuses")}
    put = {"headers": {"If-Match": answer.headers["ETag"]}}
    refused = ws.put("/settings", 422, json={**body, "finding_events": ["item_overdue", "overdue"]}, **put)
    assert problem_pointers(refused) == ["/finding_events/1"]
    assert problem_pointers(ws.get("/findings/changes", 422, params={"state": "closed"})) == ["/query/state"]
    ask_for(ws, "item_overdue", "value_jump")
    assert ws.get("/settings").json()["finding_events"] == ["item_overdue", "value_jump"]


# ---- masking ----


def test_what_is_hidden_is_no_event(ws):
    """Not the jump of a sensitive feature, nor the breach of a rule that reads one; what was told before is hidden then."""
    ws.put_feature("pay", sensitive=True)
    ws.put_feature("reach_of_it")
    ask_for(ws, "value_jump", "breaches")
    hidden = {"id": "by-pay", "when": {"feature": "pay", "ge": 1}, "effect": "not_above", "rank": 9, "reason": "x"}
    open_one = {**hidden, "id": "by-reach", "when": {"feature": "reach_of_it", "ge": 1}}
    ws.post("/policies", 201, json={"name": "rules", "rules": [hidden, open_one]})
    ws.enforce(1)
    ws.push([item("a", features={"pay": 1, "reach_of_it": 1})])
    ws.push([item("a", features={"pay": 9, "reach_of_it": 9})])
    wait_until(lambda: len(changes(ws)) >= 2, "two are told")
    ws.push([item("b")])
    ws.queue()
    now = {"min_revision": ws.revision()}
    broken = ws.get("/findings", params=now).json()["breaches"]
    assert {each["rule"]["id"] for each in broken} == {"by-pay", "by-reach"}, "an admin who asks is told of both"
    jumps = ws.get("/findings/history", params=now).json()["findings"]
    assert {each["subject"]["feature"] for each in jumps} == {"pay", "reach_of_it"}
    names = {each["kind"]: each["subject"] for each in changes(ws)}
    assert len(changes(ws)) == 2, "not even admins are told by events"
    assert names["value_jump"]["feature"] == "reach_of_it" and names["breaches"] == {"rule": "by-reach"}
    reader = ws.as_role("reader")
    assert len(changes(reader)) == 2
    definition = ws.get("/features/reach_of_it")
    body = {key: value for key, value in definition.json().items() if key not in ("name", "revision", "version", "id")}
    body["sensitive"] = True
    ws.put("/features/reach_of_it", 200, json=body, headers={"If-Match": definition.headers["ETag"]})
    wait_until(lambda: len(changes(ws)) == 4, "both end")
    assert changes(reader) == [] and "reach_of_it" not in reader.get("/findings/changes").text


# ---- several daemons, restarts ----


def test_two_daemons_tell_it_once(own_database, tmp_path):
    pair = [daemons.Daemon(own_database, tmp_path, *OFTEN, name=name).start() for name in ("one", "two")]
    secret = daemons.bootstrap(own_database, tmp_path / "token")
    ws = Workspace(Client(pair[0].url, secret))
    both = [ws.at(own.url) for own in pair]
    ask_for(ws, "item_overdue")
    both[1].get("/queue", params={"min_revision": ws.revision()})
    expected = []
    for n in range(5):
        late = item("late", due_at=due(days=3), status="open")
        both[n % 2].post("/items", 200, json=[late])
        expected.append(("opened", "item_overdue", "late"))
        await_told(ws, *expected)
        both[(n + 1) % 2].post("/items", 200, json=[{**late, "status": "done"}])
        expected.append(("closed", "item_overdue", "late"))
        await_told(ws, *expected)
    # Both have looked since, and have nothing to add.
    marks = [own.metric("jobs_run_total") for own in pair]
    for own, mark in zip(pair, marks):
        wait_until(lambda: own.metric("jobs_run_total") > mark + 30, "some turns")
    assert told(ws) == expected and len(records(ws)) == len(expected)
    assert ws.verify()["ok"]
    for own in pair:
        assert own.stop() == 0


def test_a_restart_tells_nothing_again(own_database, tmp_path):
    own = daemons.Daemon(own_database, tmp_path, *OFTEN, name="again")
    own.start()
    secret = daemons.bootstrap(own_database, tmp_path / "token")
    ws = Workspace(Client(own.url, secret))
    ask_for(ws, "item_overdue")
    ws.push([item("late", due_at=due(days=3))])
    await_told(ws, ("opened", "item_overdue", "late"))
    head = ws.revision()
    own.kill()
    own.start()
    here = ws.at(own.url)
    with Stream(here, after=head) as stream:
        assert stream.first("open").data["revision"] == head
        # Nobody reads its queue: that somebody follows it is enough.
        here.post("/items", 200, json=[item("other", due_at=due(days=2))])
        while stream.first("revision").data["action"] != "finding.open":
            pass
    assert [each["subject"]["item"]["external_id"] for each in changes(here)] == ["late", "other"]
    assert own.stop() == 0


# ---- time ----


def test_time_alone_brings_them(cluster, tmp_path):
    """An SLA is due soon, then breached; a score grows old: nobody wrote anything."""
    database = cluster.create(databases.fresh_name())
    daemons.migrate(database)
    token = daemons.bootstrap(database, tmp_path / "token")
    client.minted.add(token)
    shift = Timeshift(tmp_path / "clock")
    own = daemons.Daemon(database, tmp_path, "--jobs-every-ms", 100, **shift.variables)
    own.start()
    operator = Client(own.url, token)
    made = Workspace(operator)
    ws = Client(own.url, made.token(*ROLES, expires_in_days=400)["secret"], made.prefix)
    ask_for(made, "sla_breached", "sla_due_soon", "rescore_due")
    rule = {"id": "day", "when": {"all": []}, "target_hours": 24, "due_soon_hours": 2}
    ws.put("/slas", 201, json={"rules": [rule]}, headers={"If-None-Match": "*"})
    ws.post("/items", 200, json=[scored("a", 20, created_at=shift.now().isoformat())])
    assert told(ws) == []
    expected = [("opened", "sla_due_soon", "a")]
    shift.on(hours=23)
    await_told(ws, *expected)
    shift.on(hours=2)
    wait_until(lambda: len(told(ws)) == 3, "it is breached")
    last = [each for each in changes(ws) if each["revision"] > changes(ws)[0]["revision"]]
    assert len({each["revision"] for each in last}) == 1, "the one goes and the other comes in one revision"
    assert {(each["change"], each["kind"]) for each in last} == {("closed", "sla_due_soon"), ("opened", "sla_breached")}
    shift.on(days=70)
    wait_until(lambda: told(ws)[3:] == [("opened", "rescore_due", "a")], "its score is old")
    assert own.metric("findings_opened_total") == 3 and own.metric("findings_closed_total") == 1
    assert own.stop() == 0
    database.drop()


def test_the_client(ws):
    ask_for(ws, "item_overdue")
    ws.push([item("late", due_at=due(days=3))])
    await_told(ws, ("opened", "item_overdue", "late"))
    shown = cli.run("findings", "--changes", url=ws.url, workspace=ws.name, token=ws.secret)
    assert all(word in shown.stdout for word in ("opened", "item_overdue", "late"))
