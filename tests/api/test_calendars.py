"""Calendars: kept by name, followed by freezes, not deleted while a policy in force follows them."""

import datetime

import pytest

from support.client import problem_pointers, problem_type
from support.workspace import item
from test_proposals import WHY, decide, person, rules

NEW = {"If-None-Match": "*"}
CALENDAR = {
    "utc_offset": "+02:00",
    "windows": [{"from": "2026-12-20T00:00:00+02:00", "until": "2027-01-04T00:00:00+02:00", "reason": "year's end"}],
    "weekly": [{"from": "fri 16:00", "until": "mon 08:00"}],
}
ALWAYS = {"weekly": [{"from": "mon 00:00", "until": "thu 00:00"}, {"from": "thu 00:00", "until": "mon 00:00"}]}


def put(ws, name="freeze", expect=201, body=None, headers=None):
    return ws.put(f"/calendars/{name}", expect, json=CALENDAR if body is None else body, headers=headers or NEW)


def freeze(ws, calendar="freeze"):
    rule = {"id": "frozen", "when": {"fact": "stream", "eq": "incident"}, "effect": "freeze", "reason": "Quiet."}
    return ws.post("/policies", 201, json={"name": "p", "rules": [{**rule, "calendar": calendar}]}).json()["version"]


def propose(client, expect=201, change="calendar", body=None, delete=False, **more):
    """`body` null is the deletion, and absent a slip."""
    given = {"body": None} if delete else {} if body is None else {"body": body}
    return client.post("/proposals", expect, json={"change": change, "rationale": WHY, **given, **more})


def ranked(ws):
    return {entry["external_id"] for entry in ws.queue()["entries"]}


def test_define_read_change(ws):
    assert ws.get("/calendars").json() == {"calendars": []}
    made = put(ws)
    assert made.json() == {
        "name": "freeze",
        "revision": ws.revision(),
        "utc_offset": "+02:00",
        "windows": [{"from": "2026-12-19T22:00:00Z", "until": "2027-01-03T22:00:00Z", "reason": "year's end"}],
        "weekly": [{"from": "fri 16:00", "until": "mon 08:00"}],
    }
    answer = ws.get("/calendars/freeze")
    assert answer.json() == made.json() and answer.headers["ETag"] == made.headers["ETag"]
    ws.get("/calendars/freeze", 304, headers={"If-None-Match": answer.headers["ETag"]})
    tag, before = {"If-Match": answer.headers["ETag"]}, ws.revision()
    put(ws, expect=200, headers=tag)
    assert ws.revision() == before, "the same again is no change"
    assert put(ws, expect=200, body={}, headers=tag).json()["windows"] == []
    put(ws, expect=412, headers=tag)
    put(ws, expect=412)
    put(ws, "another", body={})
    assert [calendar["name"] for calendar in ws.get("/calendars").json()["calendars"]] == ["another", "freeze"]
    assert "calendar.put" in [record["action"] for record in ws.records()]


def test_preconditions(ws):
    ws.put("/calendars/x", 428, json=CALENDAR)
    ws.put("/calendars/x", 412, json=CALENDAR, headers={"If-Match": '"r1"'})
    ws.delete("/calendars/x", 428)
    ws.delete("/calendars/x", 404, headers={"If-Match": '"r1"'})
    put(ws)
    ws.delete("/calendars/freeze", 412, headers={"If-Match": '"r1"'})
    ws.get("/calendars/freeze")


@pytest.mark.parametrize("name", ["Freeze", "1st", "a b", "x" * 64])
def test_names(ws, name):
    assert problem_pointers(put(ws, name, 422)) == [""]
    ws.get(f"/calendars/{name}", 404)


def test_all_faults_at_once(ws):
    body = {
        "utc_offset": "2",
        "windows": [{"from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, {"until": "never"}, 7],
        "weekly": [{"from": "fri 16:00", "until": "fri 16:00"}, {"from": "friday", "until": "mon 25:00", "x": 1}],
        "surprise": 1,
    }
    before = ws.revision()
    assert set(problem_pointers(put(ws, expect=422, body=body))) == {
        "/utc_offset",
        "/windows/0/until",
        "/windows/1/from",
        "/windows/1/until",
        "/windows/2",
        "/weekly/0/until",
        "/weekly/1/from",
        "/weekly/1/until",
        "/weekly/1/x",
        "/surprise",
    }
    assert ws.revision() == before
    assert problem_pointers(put(ws, expect=422, body=[])) == [""]
    assert problem_pointers(put(ws, expect=422, body={"deleted": True})) == ["/deleted"]


def test_a_freeze_follows_its_calendar(ws):
    """By the windows that are open now, whatever day it is: the whole week, or a year that is past."""
    past = datetime.datetime.now(datetime.timezone.utc).year - 2
    gone = {"windows": [{"from": f"{past}-01-01T00:00:00Z", "until": f"{past}-12-31T00:00:00Z"}]}
    ws.push([item("1", stream="incident"), item("2")])
    put(ws, body=ALWAYS)
    ws.enforce(freeze(ws))
    assert ranked(ws) == {"2"}
    put(ws, expect=200, body=gone, headers={"If-Match": ws.etag("/calendars/freeze")})
    assert ranked(ws) == {"1", "2"}


def test_deletion(ws):
    put(ws)
    policy = freeze(ws)
    ws.enforce(policy)
    ws.enforce(policy, name="candidate")
    before = ws.revision()
    answer = ws.delete_named("/calendars/freeze", 409)
    assert problem_type(answer) == "in-use" and ws.revision() == before
    users = [fault["detail"] for fault in answer.json()["errors"]]
    assert len(users) == 2 and "policy 1 (active)" in users[0] and "policy 1 (candidate)" in users[1]

    ws.enforce(None)
    ws.enforce(None, name="candidate")
    answer = ws.delete_named("/calendars/freeze")
    assert not answer.content and answer.headers["Winnow-Head"].startswith(f"{ws.revision()}:")
    ws.get("/calendars/freeze", 404)
    assert ws.get("/calendars").json() == {"calendars": []}
    assert ws.records()[-1]["action"] == "calendar.delete" or ws.records()[0]["action"] == "calendar.delete"
    refused = ws.enforce(policy, 409)
    assert problem_pointers(refused) == ["/policy"] and "freeze" in refused.json()["detail"]
    put(ws, body={})
    ws.enforce(policy)


def test_roles(ws):
    put(ws)
    tag = {"If-Match": ws.etag("/calendars/freeze")}
    ws.as_role("reader").get("/calendars/freeze")
    for role in ("reader", "reviewer", "auditor"):
        ws.as_role(role).delete("/calendars/freeze", 403, headers=tag)
        ws.as_role(role).put("/calendars/freeze", 403, json={}, headers=tag)


def test_a_calendar_under_approval(ws):
    """A policy that others approved is not undone by the calendar that its freeze goes by."""
    ws.push([item("frozen", stream="incident")])
    put(ws, body={})
    ws.enforce(freeze(ws))
    rules(ws, "policy", "calendar")
    tag = {"If-Match": ws.etag("/calendars/freeze")}
    assert problem_type(put(ws, expect=409, body=ALWAYS, headers=tag)) == "approval-required"
    assert problem_type(ws.put("/calendars/another", 409, json=ALWAYS, headers=NEW)) == "approval-required"
    put(ws, expect=200, body={}, headers=tag)  # what changes nothing is let through
    assert ranked(ws) == {"frozen"}

    ann, bob = person(ws, "ann"), person(ws, "bob")
    made = propose(ann, change="calendar", name="freeze", body=ALWAYS).json()
    assert made["effect"]["simulated"] and made["effect"]["removed_count"] == 1
    applied = decide(bob, made).json()
    assert (applied["state"], applied["end"]["result"]) == ("applied", "calendar:freeze")
    assert ranked(ws) == set()

    # Deleting is a change, too; and it is judged as the direct deletion would be.
    ws.delete("/calendars/freeze", 409, headers={"If-Match": ws.etag("/calendars/freeze")})
    assert problem_type(propose(ann, 409, name="freeze", delete=True)) == "in-use"

    made = propose(ann, change="calendar", name="other", body=CALENDAR).json()
    decide(bob, made)
    ws.delete("/calendars/other", 409, headers={"If-Match": ws.etag("/calendars/other")})
    decide(bob, propose(ann, change="calendar", name="other", delete=True).json())
    ws.get("/calendars/other", 404)


@pytest.mark.parametrize(
    "proposed, pointer",
    [
        ({"change": "calendar", "body": CALENDAR}, "/name"),
        ({"change": "calendar", "name": "No slug", "body": CALENDAR}, "/body"),
        ({"change": "calendar", "name": "absent", "delete": True}, "/name"),
        ({"change": "calendar", "name": "x", "body": 7}, "/body"),
        ({"change": "mapping", "name": "github", "delete": True}, "/body"),
        ({"change": "mapping", "name": "absent", "body": {}}, "/name"),
        ({"change": "business_hours", "body": {}}, "/name"),
        ({"change": "slas", "name": "workspace", "body": {"rules": []}}, "/name"),
        ({"change": "contract", "body": {"contract": 9}}, "/body/contract"),
    ],
)
def test_faults_of_what_is_proposed(ws, proposed, pointer):
    assert pointer in problem_pointers(propose(person(ws, "ann"), 422, **proposed))


def test_mappings_and_contracts_under_approval(ws):
    rules(ws, "mapping", "contract")
    ann, bob = person(ws, "ann"), person(ws, "bob")
    mapping, tag = {"stream": "incident"}, {"If-Match": ws.etag("/sources/github/mapping")}
    assert problem_type(ws.put("/sources/github/mapping", 409, json=mapping, headers=tag)) == "approval-required"
    decide(bob, propose(ann, change="mapping", name="github", body=mapping).json())
    assert ws.get("/sources/github/mapping").json()["stream"] == "incident"
    assert problem_type(ws.agree({"name": "c", "streams": [{"stream": "incident"}]}, 409)) == "approval-required"
    applied = decide(bob, propose(ann, change="contract", body={"contract": 1}).json()).json()
    assert applied["end"]["result"] == "contract:1"
    assert ws.get("/contract-aliases/active").json()["contract"] == 1
