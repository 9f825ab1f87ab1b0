"""Who sees what of the streams: people by name, what is sensitive by now, what was, and what a full limit tells."""

import pytest

from support.client import problem_type
from support.decisions import item_id
from support.workspace import item, scored

STREAM = {"stream": "engineering_bug", "limits": [{"id": "bugs", "at_most": 1, "per": "assignee"}]}
CONTRACT = {
    "name": "people",
    "limits": [{"id": "all", "at_most": 1, "per": "assignee"}],
    "streams": [STREAM],
    "quadrants": {
        "user_visibility": {"fact": "stream", "eq": "engineering_bug"},
        "system_risk": {"fact": "stream", "eq": "engineering_bug"},
    },
}
HEALTH = "/streams/engineering_bug/health"
TITLE, PERSON = "A customer by name", "Quentin Needle"


def now(ws, client, path, **params):
    return client.get(path, 200, params={"min_revision": ws.revision(), **params})


@pytest.fixture
def hidden(ws):
    """An assignee and a title that became sensitive after the revision that is given."""
    ws.agree(CONTRACT)
    ws.push([item("a", title=TITLE, status="in_progress", assignee=PERSON)])
    open_until = ws.revision()
    ws.put_settings(sensitive_fields=["assignee", "title"], access_log={"on": True, "keep_days": 30})
    return ws, open_until


def test_people_are_named_to_who_may_see_them(hidden):
    ws, open_until = hidden
    admin, reviewer = ws.as_role("admin"), ws.as_role("reviewer")
    for path in ("/streams", HEALTH):
        for params in ({}, {"revision": open_until}):
            params = params or {"min_revision": ws.revision()}
            told, whole = reviewer.get(path, 200, params=params), admin.get(path, 200, params=params)
            assert PERSON not in told.text and TITLE not in told.text, (path, params)
            assert PERSON in whole.text and TITLE in whole.text, (path, params)
            (limit,) = told.json()["limits"]
            assert (
                limit["masked"] and limit["groups"] == [] and "group_count" not in limit and "over_count" not in limit
            )
            (limit,) = whole.json()["limits"]
            assert "masked" not in limit and limit["group_count"] == 1
    assert PERSON not in now(ws, ws.as_role("reader"), "/streams").text


def test_titles_are_there_for_who_may_see_them(hidden):
    ws, _ = hidden
    admin, reader = ws.as_role("admin"), ws.as_role("reader")
    for path in ("/quadrants", f"/items/{item_id(ws, 'a')}/sla"):
        assert TITLE in now(ws, admin, path).text and TITLE not in now(ws, reader, path).text, path


def test_who_read_the_names_is_on_record(hidden):
    ws, _ = hidden
    admin = ws.as_role("admin")
    for path in ("/streams", HEALTH):
        now(ws, admin, path)
        (record,) = [each for each in ws.get("/access-log").json()["records"] if path in each["target"]]
        assert record["features"] == ["assignee"], path


def test_the_past_is_not_for_readers(ws):
    ws.push([scored("a", 24)])
    before = ws.revision()
    reader = ws.as_role("reader")
    for path in ("/queue", "/streams", HEALTH):
        assert problem_type(reader.get(path, 403, params={"revision": before})) == "forbidden", path
        ws.as_role("auditor").get(path, 200, params={"revision": before})


def test_a_full_limit_names_items_to_who_may_know_whose_they_are(ws):
    ws.agree(CONTRACT)
    ws.push([item("theirs", status="in_progress", assignee="ann"), item("mine")])

    def refused(client):
        path = f"/items/{item_id(ws, 'mine')}"
        headers = {"If-Match": client.get(path).headers["ETag"]}
        change = {"assignee": "ann", "status": "in_progress"}
        return client.patch(path, 409, json=change, headers=headers).text

    reviewer, admin = ws.as_role("reviewer"), ws.as_role("admin")
    assert "test/theirs" in refused(reviewer)
    # Who may only post is not told what others have posted.
    contributor = ws.client(ws.token("contributor", sources=["elsewhere"]))
    probe = item("probe", source="elsewhere", status="in_progress", assignee="ann")
    told = contributor.post("/items", 207, json=[probe]).text
    assert "wip-limit" in told and "theirs" not in told and "in flight are" not in told
    ws.put_settings(sensitive_fields=["assignee"])
    assert "theirs" not in refused(reviewer)
    assert "test/theirs" in refused(admin)


def test_a_limit_of_teams_names_items_though_assignees_are_hidden(ws):
    ws.agree({"name": "teams", "limits": [{"id": "all", "at_most": 1, "per": "team"}], "streams": []})
    ws.put_settings(sensitive_fields=["assignee"])
    ws.push([item("theirs", status="in_progress", team="core"), item("mine", team="core")])
    reviewer, path = ws.as_role("reviewer"), f"/items/{item_id(ws, 'mine')}"
    headers = {"If-Match": reviewer.get(path).headers["ETag"]}
    assert "test/theirs" in reviewer.patch(path, 409, json={"status": "in_progress"}, headers=headers).text


def test_while_the_model_is_suspended_the_streams_say_so(ws):
    ws.agree(CONTRACT)
    ws.push([scored("a", 24)])
    paths = ("/streams", HEALTH, f"/items/{item_id(ws, 'a')}/sla", "/rollout")
    for path in paths:
        answer = now(ws, ws, path)
        assert "suspended" not in answer.json() and "Winnow-Suspended" not in answer.headers, path
    ws.post("/suspend", 200, json={"fallback": "rules", "rationale": "The scores are not to be trusted"})
    for path in paths:
        answer = now(ws, ws, path)
        assert answer.json()["suspended"]["fallback"] == "rules", path
        assert answer.headers["Winnow-Suspended"] == "rules", path
