"""Trackers' own payloads: GitHub issues and Alertmanager webhooks; what is not theirs is refused by name."""

import copy
import json

import pytest

from support import places
from support.client import problem_type
from support.workspace import value_of


def issue(number, **fields):
    return {
        "number": number,
        "title": f"Issue {number}",
        "body": "Text",
        "state": "open",
        "state_reason": None,
        "labels": [],
        "comments": 0,
        "reactions": {"total_count": 0},
        "user": {"login": "ada"},
        "assignee": None,
        "html_url": f"https://github.com/acme/app/issues/{number}",
        "url": f"https://api.github.com/repos/acme/app/issues/{number}",
        "repository_url": "https://api.github.com/repos/acme/app",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        **fields,
    }


def labels(*names):
    return [{"name": name, "color": "ffffff"} for name in names]


def event(action, an_issue, **more):
    return {
        "action": action,
        "issue": an_issue,
        "repository": {"full_name": "acme/app"},
        "sender": {"login": "ada"},
        **more,
    }


def alert(name="HighLatency", **fields):
    return {
        "status": "firing",
        "labels": {"alertname": name, "severity": "critical", "team": "sre"},
        "annotations": {"summary": f"{name} is on"},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prom:9090/graph?g0.expr=up",
        "fingerprint": "00aa" + name.encode().hex()[:12].ljust(12, "0"),
        **fields,
    }


def webhook(*alerts, **fields):
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing",
        "receiver": "winnow",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://am:9093",
        "alerts": list(alerts),
        **fields,
    }


def github(ws, payload, expect=200, headers=None, **params):
    return ws.post("/sources/github/items", expect, json=payload, params=params, headers=headers).json()


def alertmanager(ws, payload, expect=200, **params):
    return ws.post("/sources/alertmanager/items", expect, json=payload, params=params).json()


def stored(ws, answer, index=0):
    return ws.item(answer["results"][index]["id"])


# ---- GitHub ----


def test_a_page_of_issues(ws):
    pull = issue(3, pull_request={"url": "https://api.github.com/repos/acme/app/pulls/3"})
    answer = github(ws, [issue(1), issue(2, state="closed"), pull, issue(4)])
    assert (answer["created"], answer["skipped"], len(answer["results"])) == (3, 1, 3)
    assert "pull request" in answer["skipped_why"]
    shown = stored(ws, answer)
    assert (
        shown["source"] == "github"
        and shown["title"] == "Issue 1"
        and shown["url"] == "https://github.com/acme/app/issues/1"
    )
    assert shown["reporter"] == "ada" and shown["body"] == "Text" and shown["created_at"].startswith("2026-01-01")
    assert [stored(ws, answer, i)["status"] for i in range(3)] == ["open", "done", "open"]
    assert github(ws, [issue(1), issue(2, state="closed"), pull, issue(4)])["unchanged"] == 3


def test_a_page_of_nothing_but_pull_requests(ws):
    before = ws.revision()
    answer = github(ws, [issue(1, pull_request={"url": "x"})])
    assert answer["skipped"] == 1 and answer["results"] == [] and answer["revision"] == before == ws.revision()


def test_one_issue_and_its_events(ws):
    first = github(ws, issue(1))
    item_id = first["results"][0]["id"]
    for day, (action, change, status) in enumerate(
        [
            ("edited", {"title": "Better title"}, "open"),
            ("labeled", {"labels": labels("bug")}, "open"),
            ("closed", {"state": "closed", "state_reason": "completed"}, "done"),
            ("reopened", {"state": "open"}, "open"),
            ("closed", {"state": "closed", "state_reason": "not_planned"}, "dropped"),
        ],
        start=3,
    ):
        answer = github(
            ws,
            event(action, issue(1, updated_at=f"2026-01-{day:02}T00:00:00Z", **change)),
            headers={"X-GitHub-Event": "issues"},
        )
        assert [(r["id"], r["outcome"]) for r in answer["results"]] == [(item_id, "updated")], action
        assert ws.item(item_id)["status"] == status, action


@pytest.mark.parametrize("action", ["deleted", "transferred"])
def test_gone_is_dropped(ws, action):
    item_id = github(ws, issue(1))["results"][0]["id"]
    github(ws, event(action, issue(1)))
    assert ws.item(item_id)["status"] == "dropped"


def test_an_older_event_is_stale(ws):
    github(ws, issue(1, updated_at="2026-01-05T00:00:00Z"))
    assert github(ws, event("edited", issue(1, title="Old", updated_at="2026-01-04T00:00:00Z")))["stale"] == 1


def test_labels_and_signals_become_features(ws):
    answer = github(
        ws,
        [
            issue(1, labels=labels("bug", "sev1")),
            issue(2, labels=labels("enhancement"), comments=60, reactions={"total_count": 40}),
            issue(3),
        ],
    )
    loud, asked, quiet = (stored(ws, answer, i) for i in range(3))
    assert (loud["stream"], asked["stream"]) == ("engineering_bug", "feature_request")
    assert loud["labels"] == ["bug", "sev1"]
    assert value_of(loud, "user_impact") == 3 and value_of(loud, "cost_of_delay") == 3
    assert value_of(asked, "demand") == 100 and value_of(asked, "user_impact") > value_of(quiet, "user_impact")
    for shown in (loud, asked, quiet):
        known = [
            n
            for n in ("user_impact", "fix_confidence", "reversibility", "cost_of_delay")
            if value_of(shown, n) is not None
        ]
        assert len(known) >= 2, "at least two inputs of the default model"
        assert all(feature.get("evidence") for feature in shown["features"].values())
    ranges = {e["external_id"]: e["range"] for e in ws.queue()["entries"]}
    assert all(r["highest"] > r["lowest"] for r in ranges.values()), "the rest is unknown, with its span"


def test_another_source_name(ws):
    answer = github(ws, [issue(1)], source="github-enterprise")
    assert answer["results"][0]["source"] == "github-enterprise"
    assert github(ws, [issue(1)])["created"] == 1
    ws.post("/sources/github/items", (207, 422), json=[issue(1)], params={"source": "no blanks please"})


def test_dry_run_and_atomic(ws, database):
    before, counts = ws.revision(), database.counts()
    assert github(ws, [issue(1)], dry_run="true")["created"] == 1
    github(ws, [issue(1), issue(2, title=7)], 422, mode="atomic")
    assert ws.revision() == before and database.counts() == counts
    answer = github(ws, [issue(1), issue(2, title=7), issue(3)], 207)
    assert [r["outcome"] for r in answer["results"]] == ["created", "rejected", "created"]


@pytest.mark.parametrize("name", ["push", "pull_request", "issue_comment", "ping", "star", "nonsense"])
def test_other_events_by_header(ws, name):
    answer = ws.post("/sources/github/items", 422, json=event("opened", issue(1)), headers={"X-GitHub-Event": name})
    assert problem_type(answer) == "not-an-item-event" and name in answer.text


@pytest.mark.parametrize(
    "payload, name",
    [
        (
            {"action": "created", "alert": {"number": 1, "rule": {"id": "x"}}, "repository": {}, "sender": {}},
            "code_scanning_alert",
        ),
        (
            {"action": "created", "issue": issue(1), "comment": {"id": 1}, "repository": {}, "sender": {}},
            "issue_comment",
        ),
        ({"zen": "Design for failure.", "hook_id": 1, "hook": {}}, "ping"),
        ({"ref": "refs/heads/main", "commits": [], "repository": {}, "sender": {}}, "push"),
    ],
)
def test_other_events_by_shape(ws, payload, name):
    answer = ws.post("/sources/github/items", 422, json=payload)
    assert problem_type(answer) == "not-an-item-event" and name in answer.json()["detail"]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        [[]],
        [7],
        {"issue": 7},
        {"issue": {}},
        {"title": "x"},
        [{"number": "1", "title": "x"}],
        {"key": "ABC-1", "fields": {"summary": "Jira"}},
        {"object_kind": "issue", "object_attributes": {"iid": 1, "title": "GitLab"}},
        [issue(1), {"not": "an issue"}],
    ],
)
def test_payloads_of_others(ws, payload):
    before = ws.revision()
    answer = ws.post("/sources/github/items", (200, 422) if payload == [] else 422, json=payload)
    assert payload == [] or (problem_type(answer) == "validation" and "GitHub" in answer.text)
    assert ws.revision() == before


def test_trackers_are_told_apart(ws):
    assert "Alertmanager" in ws.post("/sources/alertmanager/items", 422, json=[issue(1)]).text
    assert "GitHub" in ws.post("/sources/github/items", 422, json=webhook(alert())).text


def test_an_unknown_status_is_a_reject(ws):
    tag = ws.etag("/sources/github/mapping")
    body = {k: v for k, v in ws.get("/sources/github/mapping").json().items() if k not in ("format", "revision")}
    ws.put("/sources/github/mapping", 200, json={**body, "statuses": {"open": "open"}}, headers={"If-Match": tag})
    answer = github(ws, [issue(1), issue(2, state="closed")], 207)
    assert [r["outcome"] for r in answer["results"]] == ["created", "rejected"]
    assert "closed" in json.dumps(answer["results"][1]["problem"])


def test_formats(ws):
    ws.post("/sources/nonsense/items", 404, json=[])
    for source in ws.get("/sources").json()["sources"]:
        assert source["title"] and source["default_source"]
        ws.get(f"/sources/{source['format']}/mapping")


# ---- Alertmanager ----


def test_firing_and_resolved(ws):
    answer = alertmanager(
        ws, webhook(alert(), alert("DiskFull", labels={"alertname": "DiskFull", "severity": "warning"}))
    )
    assert answer["created"] == 2
    shown = stored(ws, answer)
    assert (shown["external_id"], shown["source"], shown["stream"], shown["status"], shown["title"]) == (
        alert()["fingerprint"],
        "alertmanager",
        "incident",
        "open",
        "HighLatency is on",
    )
    assert shown["team"] == "sre" and value_of(shown, "user_impact") == 3 and value_of(shown, "cost_of_delay") == 3
    assert value_of(stored(ws, answer, 1), "user_impact") < 3

    resolved = alert(status="resolved", endsAt="2026-01-01T01:00:00Z")
    assert alertmanager(ws, webhook(resolved, status="resolved"))["updated"] == 1
    assert ws.item(shown["id"])["status"] == "done"
    again = alert(startsAt="2026-01-02T00:00:00Z")
    assert alertmanager(ws, webhook(again))["updated"] == 1
    assert ws.item(shown["id"])["status"] == "open"
    assert alertmanager(ws, webhook(again))["unchanged"] == 1
    assert alertmanager(ws, webhook(resolved))["stale"] == 1, "what comes late does not close a newer alert"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        [7],
        {"version": "4"},
        {"version": "3", "alerts": []},
        {"version": "4", "alerts": {}},
        {"version": "4", "alerts": [7]},
        webhook({**alert(), "fingerprint": ""}),
        webhook({"status": "firing", "labels": {}, "startsAt": "2026-01-01T00:00:00Z"}),
    ],
)
def test_what_is_no_webhook(ws, payload):
    before = ws.revision()
    ws.post("/sources/alertmanager/items", (200, 422) if payload == [] else 422, json=payload)
    assert ws.revision() == before


# ---- the project's own fixtures, and real data ----


def fixture_files(folder):
    return sorted(path for path in (places.FIXTURES / folder).rglob("*.json"))


@pytest.mark.parametrize(
    "path", [p for f in ("github", "alertmanager") for p in fixture_files(f)], ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_own_fixtures_settle(ws, path):
    """Posted twice: taken or refused with a reason, and the second time nothing changes."""
    tracker = "github" if "github" in path.parts else "alertmanager"
    payload = json.loads(path.read_text())
    first = ws.post(f"/sources/{tracker}/items", (200, 207, 422), json=payload)
    before = ws.revision()
    again = ws.post(f"/sources/{tracker}/items", first.status_code, json=payload).json()
    assert ws.revision() == before
    if first.status_code == 422:
        assert again["detail"]
    else:
        assert not again["created"] and not again["updated"]


def test_the_real_page(ws, real_data):
    page = json.loads((real_data / "github" / "issues_rest_page.json").read_text())
    answer = github(ws, page)
    assert (answer["created"], answer["skipped"], answer["rejected"]) == (75, 25, 0)
    numbers = [i["number"] for i in page if "pull_request" not in i]
    for number, result in zip(numbers, answer["results"]):
        assert result["external_id"].endswith(f"#{number}")
    open_ones = [i for i in page if "pull_request" not in i and i["state"] == "open"]
    entries = ws.whole_queue()
    assert len(entries) == len(open_ones)
    assert len({e["band"] for e in entries}) > 1, "the page fills more than one band"
    # Nine in ten of the page are closed; as if they were all open, there is a queue worth looking at.
    reopened = copy.deepcopy(page)
    for each in reopened:
        each.update(state="open", state_reason=None, updated_at="2026-01-01T00:00:00Z")
    github(ws, reopened)
    entries = ws.whole_queue()
    assert len(entries) == 75 and len({e["band"] for e in entries}) > 1
    by_title = {i["title"]: i for i in page}
    for e in entries:
        shown = ws.get(f"/items/{e['id']}").json()
        assert shown["title"] == by_title[shown["title"]]["title"]
        assert (shown.get("body") or None) == (by_title[shown["title"]]["body"] or None)
    assert github(ws, reopened)["unchanged"] == 75
    assert ws.verify()["ok"]


def test_all_real_webhooks(ws, real_data):
    outcomes = {}
    for path in sorted((real_data / "github" / "webhooks").glob("*.json")):
        payload = json.loads(path.read_text())
        name = path.name.split(".")[0]
        is_issue = "issue" in payload and not name.endswith("alert")
        answer = ws.post(
            "/sources/github/items",
            200 if is_issue else 422,
            json=payload,
            headers={} if is_issue else {"X-GitHub-Event": name},
        ).json()
        if not is_issue:
            assert answer["type"] == "/problems/not-an-item-event" and name in answer["detail"]
            by_shape = ws.post("/sources/github/items", 422, json=payload).json()
            assert by_shape["type"] == "/problems/not-an-item-event" and "alert" in by_shape["detail"], path.name
            continue
        result = answer["results"][0] if answer["results"] else {"outcome": "skipped"}
        outcomes[path.name] = result["outcome"]
        assert result["outcome"] != "rejected", path.name
        assert ("pull_request" in payload["issue"]) == (result["outcome"] == "skipped")
        if payload["action"] in ("deleted", "transferred") and result["outcome"] != "stale":
            assert ws.item(result["id"])["status"] == "dropped", path.name
    assert "created" in outcomes.values() and "skipped" in outcomes.values()


def test_real_alerts(ws, real_data):
    for name in ("webhook_devopsext.json", "webhook_prometheus_msteams.json"):
        payload = json.loads((real_data / "alertmanager" / name).read_text())
        answer = alertmanager(ws, payload)
        assert answer["created"] == len(payload["alerts"])
        for given, result in zip(payload["alerts"], answer["results"]):
            assert result["external_id"] == given.get("fingerprint", result["external_id"])
            shown = ws.item(result["id"])
            assert shown["stream"] == "incident" and shown["status"] == "open" and shown["title"]
        assert alertmanager(ws, payload)["unchanged"] == len(payload["alerts"])
    ws.post(
        "/sources/alertmanager/items",
        (200, 207, 422),
        json=json.loads((real_data / "alertmanager" / "api_v2_alerts_groups_0.31.0.json").read_text()),
    )
    assert len(ws.queue()["entries"]) >= 2


def test_payloads_of_other_real_trackers(ws, real_data):
    for path in [
        *(real_data / "gitlab").glob("*.json"),
        *(real_data / "pagerduty").glob("*.json"),
        real_data / "jira" / "search_page.json",
    ]:
        for tracker in ("github", "alertmanager"):
            # The sample from Jira holds NUL in a text, which is refused even before its shape is looked at.
            answer = ws.post(
                f"/sources/{tracker}/items",
                (400, 422),
                data=path.read_bytes(),
                headers={"Content-Type": "application/json"},
            )
            assert problem_type(answer) in ("validation", "not-an-item-event", "malformed-json"), path
    assert list(ws.pages("/items", "items")) == []
