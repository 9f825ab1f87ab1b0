"""Streams as a contract: what was agreed, what is refused or warned of, and how the streams stand."""

import json
import threading

import pytest

from support import places
from support.client import problem_pointers, problem_type
from support.workspace import item
from test_sources import alert, alertmanager, webhook

NEW = {"If-None-Match": "*"}


def work(number, status="open", stream="engineering_bug", source="jira", **more):
    return item(f"W-{number}", source=source, stream=stream, status=status, **more)


def limited(at_most=2, stream="engineering_bug", **more):
    return {
        "name": "limits",
        "streams": [{"stream": stream, "limits": [{"id": "few", "at_most": at_most, **more}]}],
    }


def gated(stream="feature_request", **definitions):
    return {"name": "gates", "streams": [{"stream": stream, **definitions}]}


METRIC = {"id": "metric", "requires": {"feature": "success_metric", "present": True}, "reason": "Which number?"}


def outcomes(answer):
    return [result["outcome"] for result in answer["results"]]


def problem_of(answer, index=0):
    return answer["results"][index]["problem"]


def details(problem):
    return " ".join(fault["detail"] for fault in problem["errors"])


def health(ws, stream="engineering_bug", **params):
    params.setdefault("min_revision", ws.revision())
    return ws.get(f"/streams/{stream}/health", params=params).json()


def streams(ws, **params):
    params.setdefault("min_revision", ws.revision())
    answer = ws.get("/streams", params=params).json()
    return {stream["stream"]: stream for stream in answer["streams"]}, answer


# ---- the contract itself ----


def test_versions_are_immutable_and_numbered(ws):
    assert ws.get("/contracts").json() == {"contracts": [], "aliases": {}}
    first = ws.post("/contracts", 201, json=limited())
    assert first.json()["version"] == 1 and first.headers["Location"] == f"{ws.prefix}/contracts/1"
    assert first.json()["mirrors"] == ["alertmanager", "github"], "what is translated is mirrored unless said"
    before = ws.revision()
    shown = {key: value for key, value in first.json().items() if key not in ("version", "revision")}
    assert ws.post("/contracts", 200, json={**shown, "description": None}).json() == first.json()
    assert ws.revision() == before
    assert ws.post("/contracts", 201, json=limited(3)).json()["version"] == 2
    assert [version["version"] for version in ws.get("/contracts").json()["contracts"]] == [2, 1]
    assert ws.get("/contracts/1").json() == first.json()
    ws.get("/contracts/3", 404)
    assert "contract.put" in [record["action"] for record in ws.records()]
    assert ws.verify()["ok"]


def test_the_page_on_streams_shows_a_contract_and_a_launch(ws):
    page = (places.ROOT / "docs/streams.md").read_text()
    contract = json.loads(page.split("```json\n")[1].split("```")[0])
    ws.agree(contract)
    launch = json.loads(page.split("with `{")[1].split("}`")[0].join("{}"))
    ws.put("/launches/x", 201, json=launch, headers=NEW)


def test_the_preset_is_a_contract_of_a_new_workspace(ws):
    made = ws.post("/contracts", 201, json={"preset": "field_contract"}).json()
    shares = {stream["stream"]: stream.get("share") for stream in made["streams"]}
    assert shares == {
        "model_quality": {"at_least": 0.3, "at_most": 0.5},
        "engineering_bug": {"at_least": 0.2, "at_most": 0.3},
        "feature_request": {"at_least": 0.3, "at_most": 0.5},
        "incident": None,
    }
    ws.agree({"preset": "field_contract", "name": "ours", "mirrors": []})
    assert ws.get("/contracts/2").json()["name"] == "ours"


def test_all_faults_at_once(ws):
    answer = ws.post(
        "/contracts",
        422,
        json={
            "name": "",
            "surprise": 1,
            "mirrors": ["a", "a"],
            "limits": [{"id": "x", "at_most": -1, "per": "stream"}],
            "streams": [
                {"stream": "nowhere"},
                {"stream": "incident", "share": {"at_least": 0.6, "at_most": 0.5}},
                {"stream": "incident"},
                {
                    "stream": "feature_request",
                    "limits": [{"id": "A b", "at_most": 1}, {"id": "y", "at_most": 1, "per": "workspace"}],
                    "ready": {
                        "fields": ["features.nonsense", "weather"],
                        "gates": [
                            {"id": "g", "reason": "r"},
                            {"id": "g", "reason": "r", "requires": {"fact": "stream", "eq": "nowhere"}},
                            {"id": "h", "reason": "r", "requires": {"all": []}, "statuses": ["done"], "kinds": ["x"]},
                        ],
                    },
                    "done": [],
                    "timeboxes": [{"id": "t", "days": 3}, {"id": "u", "status": "unheard-of", "days": 3}],
                    "stale": {"todo_days": -1},
                },
                "stream",
            ],
            "quadrants": {"user_visibility": {"feature": "user_impact", "ge": 2}},
            "views": [
                {"id": "v", "when": {"all": []}, "measures": ["capability_note"]},
                {"id": "v", "when": {"all": []}},
            ],
        },
    )
    expected = {
        "/name",
        "/surprise",
        "/mirrors/1",
        "/limits/0/at_most",
        "/streams/0/stream",
        "/streams/1/share",
        "/streams/2/stream",
        "/streams/3/limits/0/id",
        "/streams/3/ready/fields/0/feature",
        "/streams/3/ready/fields/1/fact",
        "/streams/3/ready/gates/0/requires",
        "/streams/3/ready/gates/1/id",
        "/streams/3/ready/gates/1/requires/eq",
        "/streams/3/ready/gates/2/statuses/0",
        "/streams/3/ready/gates/2/kinds/0",
        "/streams/3/done",
        "/streams/3/timeboxes/0",
        "/streams/3/timeboxes/1/status",
        "/streams/3/stale/todo_days",
        "/streams/4",
        "/quadrants/system_risk",
        "/views/0/measures/0",
        "/views/1/id",
    }
    assert expected <= set(problem_pointers(answer)), expected - set(problem_pointers(answer))
    assert ws.get("/contracts").json()["contracts"] == []


def test_least_shares_fit_into_the_whole(ws):
    parts = [{"stream": name, "share": {"at_least": 0.4}} for name in ("model_quality", "engineering_bug")]
    ws.post("/contracts", 201, json={"name": "n", "streams": parts})
    parts.append({"stream": "feature_request", "share": {"at_least": 0.3}})
    assert problem_pointers(ws.post("/contracts", 422, json={"name": "n", "streams": parts})) == ["/streams"]


def test_a_feature_that_the_contract_reads_stays_and_stays_visible(ws):
    flag = {"type": "boolean", "family": "effort", "description": "d", "direction": "higher_is_better"}
    ws.put("/features/safety", 201, json=flag, headers=NEW)
    gate = {"id": "safe", "requires": {"feature": "safety", "eq": True}, "reason": "Is it safe?"}
    ws.agree(gated(ready={"gates": [gate]}))
    answer = ws.delete("/features/safety", 409, headers={"If-Match": ws.etag("/features/safety")})
    assert problem_type(answer) == "in-use" and "contract 1 (active)" in answer.text
    ws.put("/features/safety", 422, json={**flag, "sensitive": True}, headers={"If-Match": ws.etag("/features/safety")})
    ws.agree(None)
    ws.delete_named("/features/safety")
    etag = ws.etag("/contract-aliases/active")
    refused = ws.put("/contract-aliases/active", 409, json={"contract": 1}, headers={"If-Match": etag})
    assert "safety" in refused.text


def test_a_contract_reads_nothing_that_is_sensitive_already(ws):
    """What follows from it, gates, quadrants and views, is shown to every reader."""
    ws.put_feature("salary", sensitive=True)
    paid = {"feature": "salary", "ge": 7}
    contracts = {
        "/streams/0/ready/gates/0/requires/feature": gated(ready={"gates": [{**METRIC, "requires": paid}]}),
        "/views/0/when/feature": {"name": "v", "streams": [], "views": [{"id": "v", "when": paid}]},
        "/quadrants/system_risk/feature": {
            "name": "q",
            "streams": [],
            "quadrants": {"user_visibility": {"fact": "team", "present": True}, "system_risk": paid},
        },
    }
    for pointer, contract in contracts.items():
        assert problem_pointers(ws.post("/contracts", 422, json=contract)) == [pointer]


# ---- limits ----


def test_a_limit_is_held_and_names_who_is_in_flight(ws):
    ws.push([work(n) for n in range(4)])
    ws.agree(limited(2))
    assert outcomes(ws.push([work(0, "in_progress"), work(1, "in_progress")])) == ["updated", "updated"]
    answer = ws.push(work(2, "in_progress"), expect=207)
    assert outcomes(answer) == ["rejected"]
    problem = problem_of(answer)
    assert problem["type"] == "/problems/wip-limit" and problem["status"] == 409
    assert '"few"' in details(problem) and all(f"jira/W-{n}" in details(problem) for n in (0, 1))
    assert problem["errors"][0]["pointer"] == "#/status"
    # What is there can change, and be posted again; what leaves makes room.
    assert outcomes(ws.push([work(0, "in_progress"), work(1, "in_progress", team="a")])) == ["unchanged", "updated"]
    assert outcomes(ws.push([work(0, "done"), work(2, "in_progress")])) == ["updated", "updated"]


def test_the_limit_sees_the_batch_itself_in_its_order(ws):
    ws.agree(limited(1))
    answer = ws.push(
        [work(1, "in_progress"), work(2, "in_progress"), work(1, "done"), work(3, "in_progress")], expect=207
    )
    assert outcomes(answer) == ["created", "rejected", "updated", "created"]
    assert ws.push([work(4), work(5, "in_progress")], expect=422, mode="atomic")["errors"]
    assert outcomes(ws.push(work(3, "done"), dry_run="true")) == ["updated"]
    assert outcomes(ws.push(work(5, "in_progress"), expect=207, dry_run="true")) == ["rejected"]
    lines = ws.push_lines([work(6, "in_progress"), work(3, "done"), work(7, "in_progress")], expect=207)
    assert outcomes(lines) == ["rejected", "updated", "created"]


@pytest.mark.parametrize("per, key", [("team", "team"), ("assignee", "assignee")])
def test_limits_per_team_and_assignee(ws, per, key):
    ws.agree(limited(1, per=per))
    assert outcomes(ws.push([work(1, "in_progress", **{key: "ada"}), work(2, "in_progress", **{key: "bob"})])) == [
        "created",
        "created",
    ]
    assert outcomes(ws.push(work(3, "in_progress", **{key: "ada"}), expect=207)) == ["rejected"]
    assert outcomes(ws.push([work(4, "in_progress"), work(5, "in_progress")])) == ["created", "created"], "in no group"
    assert outcomes(ws.push(work(4, "in_progress", **{key: "bob"}), expect=207)) == [
        "rejected"
    ], "moved in while flying"
    groups = health(ws)["limits"][0]["groups"]
    assert sorted(group["group"] for group in groups) == ["ada", "bob"]


def test_limits_by_estimate(ws):
    ws.agree(limited(5, count="estimate"))
    assert outcomes(ws.push([work(1, "in_progress", estimate=3), work(2, "in_progress")])) == ["created", "created"]
    assert outcomes(ws.push(work(3, "in_progress", estimate=2.5), expect=207)) == ["rejected"]
    assert outcomes(ws.push(work(3, "in_progress", estimate=2))) == ["created"]
    assert outcomes(ws.push(work(1, "in_progress", estimate=4), expect=207)) == ["rejected"], "it grew in flight"
    assert outcomes(ws.push(work(1, "in_progress", estimate=1))) == ["updated"]


def test_a_limit_of_the_whole_workspace(ws):
    ws.agree({"name": "n", "streams": [], "limits": [{"id": "all", "at_most": 1}]})
    ws.push(work(1, "in_progress"))
    answer = ws.push(work(2, "in_progress", stream="incident"), expect=207)
    assert '"all"' in details(problem_of(answer))
    limit = streams(ws)[1]["limits"][0]
    assert (limit["id"], limit["group_count"], limit["over_count"]) == ("all", 1, 0)
    assert limit["groups"] == [{"group": None, "items": 1, "load": 1, "over": False}]


def test_limits_of_teams_across_streams(ws):
    ws.agree({"name": "n", "streams": [], "limits": [{"id": "who", "at_most": 1, "per": "assignee", "mode": "warn"}]})
    ws.push([work(1, "in_progress", assignee="ada"), work(2, "in_progress", stream="incident", assignee="ada")])
    ws.push(work(3, "in_progress", assignee="bob"))
    limit = streams(ws)[1]["limits"][0]
    assert limit["over_count"] == 1
    assert [(group["group"], group["items"]) for group in limit["groups"]] == [("ada", 2), ("bob", 1)]


def test_a_limit_may_only_warn(ws):
    ws.agree(limited(1, mode="warn"))
    answer = ws.push([work(1, "in_progress"), work(2, "in_progress")])
    assert outcomes(answer) == ["created", "created"]
    assert "warnings" not in answer["results"][0]
    assert '"few"' in answer["results"][1]["warnings"][0]["detail"]
    item_id = ws.push(work(3))["results"][0]["id"]
    patched = ws.patch_item(item_id, {"status": "in_progress"})
    assert patched["status"] == "in_progress" and '"few"' in patched["warnings"][0]["detail"]
    assert "warnings" not in ws.item(item_id)


def test_a_status_called_open_can_be_the_active_one(ws):
    ws.put_settings(
        statuses=[
            {"name": "new", "class": "todo"},
            {"name": "open", "class": "active"},
            {"name": "done", "class": "done"},
        ]
    )
    ws.agree(limited(1))
    ws.push(work(1, "open"))
    assert outcomes(ws.push(work(2, "open"), expect=207)) == ["rejected"]


def test_the_limit_holds_when_many_come_at_once(ws):
    ws.push([work(n) for n in range(24)])
    ws.agree(limited(5))
    taken, barrier = [], threading.Barrier(8)

    def start(worker):
        client = ws.client(worker_tokens[worker])
        barrier.wait()
        for n in range(worker, 24, 8):
            answer = client.post("/items", (200, 207), json=work(n, "in_progress")).json()
            taken.append(outcomes(answer)[0])

    worker_tokens = [ws.token("contributor") for _ in range(8)]
    threads = [threading.Thread(target=start, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count("updated") == 5 and taken.count("rejected") == 19
    assert health(ws)["in_flight"] == 5
    assert ws.verify()["ok"]


# ---- gates ----


def test_gates_of_ready_and_of_done_name_what_is_missing(ws):
    ws.agree(
        gated(
            ready={"fields": ["estimate", "assignee"], "gates": [METRIC]},
            done={"fields": ["features.acceptance_criteria"]},
        )
    )
    first = work(1, stream="feature_request")
    ws.push(first)
    answer = ws.push({**first, "status": "in_progress"}, expect=207)
    problem = problem_of(answer)
    assert problem["type"] == "/problems/gate" and problem["status"] == 409
    assert all(word in details(problem) for word in ('"estimate"', '"assignee"', '"metric"', "Which number?"))
    ready = {**first, "estimate": 2, "assignee": "ada", "features": {"success_metric": "p95 below 200 ms"}}
    assert outcomes(ws.push({**ready, "status": "in_progress"})) == ["updated"], "what is given with it counts"
    assert '"features.acceptance_criteria"' in details(problem_of(ws.push({**ready, "status": "done"}, expect=207)))
    ready["features"]["acceptance_criteria"] = "observed for a week"
    assert outcomes(ws.push({**ready, "status": "done"})) == ["updated"]


def test_no_way_around_a_gate(ws):
    ws.agree(gated(ready={"gates": [METRIC]}))
    # A new item in that status, and one that comes from a stream without the gate.
    assert outcomes(ws.push(work(1, "in_progress", stream="feature_request"), expect=207)) == ["rejected"]
    ws.push(work(2, "in_progress"))
    assert outcomes(ws.push(work(2, "in_progress", stream="feature_request"), expect=207)) == ["rejected"]
    # By hand, and by taking back what was set by hand.
    item_id = ws.push(work(3, stream="feature_request"))["results"][0]["id"]
    etag = ws.etag(f"/items/{item_id}")
    refused = ws.patch(f"/items/{item_id}", 409, json={"status": "in_progress"}, headers={"If-Match": etag})
    assert problem_type(refused) == "gate" and problem_pointers(refused) == ["/status"]
    ws.patch_item(item_id, {"status": "dropped"})
    ws.agree(None)
    assert outcomes(ws.push(work(3, "in_progress", stream="feature_request"))) == ["updated"]
    ws.agree(gated(ready={"gates": [METRIC]}))
    path = f"/items/{item_id}"
    assert problem_type(ws.delete(f"{path}/patch", 409, headers={"If-Match": ws.etag(path)})) == "gate"
    assert ws.item(item_id)["status"] == "dropped"


def test_a_gate_is_not_passed_with_what_the_same_batch_takes_away(ws):
    ws.agree(gated(ready={"fields": ["estimate"]}))
    begun = work(1, "in_progress", stream="feature_request", estimate=2)
    answer = ws.push([begun, work(1, "in_progress", stream="feature_request", estimate=None)], expect=207)
    assert outcomes(answer) == ["created", "rejected"]
    assert ws.item(answer["results"][0]["id"])["estimate"] == 2
    assert outcomes(ws.push(work(1, "in_progress", stream="feature_request", estimate=None))) == [
        "updated"
    ], "no change of status"
    assert health(ws, "feature_request")["gates"][0]["in_flight"] == 1


def test_gates_of_some_kinds_and_statuses(ws):
    ws.put_settings(
        statuses=[
            {"name": "open", "class": "todo"},
            {"name": "doing", "class": "active"},
            {"name": "trial", "class": "active"},
            {"name": "done", "class": "done"},
        ]
    )
    ws.agree(gated(ready={"gates": [{**METRIC, "kinds": ["feature"], "statuses": ["trial"]}]}))
    for status, kind, outcome in (
        ("doing", "feature", "created"),
        ("trial", "spike", "created"),
        ("trial", "feature", "rejected"),
    ):
        answer = ws.push(work(f"{status}-{kind}", status, stream="feature_request", kind=kind), expect=(200, 207))
        assert outcomes(answer) == [outcome]
    assert outcomes(ws.push(work("doing-feature", "trial", stream="feature_request", kind="feature"), expect=207)) == [
        "rejected"
    ]


def test_what_is_there_already_stays(ws):
    items = [work(n, "in_progress", stream="feature_request") for n in range(3)]
    ws.push(items)
    contract = gated(ready={"gates": [METRIC]}, limits=[{"id": "few", "at_most": 1}])
    ws.agree(contract)
    assert outcomes(ws.push(items)) == ["unchanged"] * 3
    assert outcomes(ws.push([{**one, "title": "Another"} for one in items])) == ["updated"] * 3
    state = health(ws, "feature_request")
    assert state["in_flight"] == 3 and state["limits"][0]["over_count"] == 1
    assert state["gates"][0]["in_flight"] == 3 and len(state["gates"][0]["items"]) == 3


def test_a_mirror_is_warned_and_loses_nothing(ws):
    ws.agree({**gated(ready={"gates": [METRIC]}, limits=[{"id": "few", "at_most": 0}]), "mirrors": ["jira"]})
    answer = ws.push(work(1, "in_progress", stream="feature_request"))
    assert outcomes(answer) == ["created"]
    told = " ".join(warning["detail"] for warning in answer["results"][0]["warnings"])
    assert '"metric"' in told and '"few"' in told
    assert outcomes(ws.push(work(1, "in_progress", stream="feature_request", source="linear"), expect=207)) == [
        "rejected"
    ]


def test_a_webhook_is_warned_unless_it_is_said_otherwise(ws):
    gate = {"id": "never", "requires": {"not": {"all": []}}, "reason": "Never."}
    contract = {"name": "n", "streams": [{"stream": "incident", "done": {"gates": [gate]}}]}
    ws.agree(contract)

    def fire(name, status, expect=200):
        return alertmanager(ws, webhook(alert(name, status=status, endsAt="2026-01-02T00:00:00Z")), expect)

    fire("One", "firing")
    answer = fire("One", "resolved")
    assert outcomes(answer) == ["updated"] and '"never"' in answer["results"][0]["warnings"][0]["detail"]
    assert outcomes(fire("One", "resolved")) == ["unchanged"]
    fire("Two", "firing")
    ws.agree({**contract, "mirrors": []})
    assert outcomes(fire("Two", "resolved", 207)) == ["rejected"]


# ---- how the streams stand ----


def test_the_story_of_a_quarter(ws):
    """A backlog is there; the team agrees on a contract, works by it, ships, and sees what that took."""
    ws.push([work(n, stream="feature_request", kind="feature") for n in range(3)])
    ws.push([work(n) for n in range(10, 14)])
    before, answer = streams(ws)
    assert answer["contract"] is None and before["feature_request"]["queued"] == 3
    ws.agree({"preset": "field_contract"})

    # Nothing is begun without saying what it is for.
    refused = ws.push(work(0, "in_progress", stream="feature_request", kind="feature"), expect=207)
    assert '"capability-note"' in details(problem_of(refused)) and '"success-metric"' in details(problem_of(refused))
    case = {"features": {"capability_note": "Search by voice", "success_metric": "1 % of searches"}}
    begun = work(0, "in_progress", stream="feature_request", kind="feature", estimate=5, **case)
    ws.push([begun, work(10, "in_progress", assignee="ada", estimate=2), work(11, "in_progress", assignee="ada")])

    # Two incidents at most; the third waits for one of them.
    incidents = [work(n, "in_progress", stream="incident", kind="incident") for n in (20, 21, 22)]
    assert outcomes(ws.push(incidents, expect=207)) == ["created", "created", "rejected"]

    # What the lane takes, it takes from the others.
    now, answer = streams(ws)
    assert answer["in_flight"] == 5 and answer["reserve"] is None
    assert now["incident"]["capacity"]["lane"] and now["incident"]["capacity"]["actual"] == pytest.approx(0.4)
    assert now["feature_request"]["capacity"]["agreed"] == {"at_least": 0.3, "at_most": 0.5}
    assert now["feature_request"]["capacity"]["planned"]["at_most"] == pytest.approx(0.5 * 0.6)
    assert now["engineering_bug"]["capacity"]["standing"] == "above"
    assert now["model_quality"]["capacity"]["standing"] == "below"

    # It ships; for sixty days a part of the capacity is the bugs'.
    shipped = {**begun, "status": "done"}
    ws.push(shipped)
    launch = ws.put(
        "/launches/voice", 201, json={"at": "2026-01-01T00:00:00Z", "stream": "engineering_bug"}, headers=NEW
    )
    assert launch.json()["until"] == "2026-03-02T00:00:00Z" and launch.json()["share"] == 0.3
    early = ws.revision()
    _, answer = streams(ws)
    assert answer["reserve"] is None, "its sixty days are over long since"
    etag = ws.etag("/launches/voice")
    recent = {"at": answer["at"][:10], "stream": "engineering_bug", "share": 0.4, "days": 60}
    recent["at"] += "T00:00:00Z"
    ws.put("/launches/voice", 200, json=recent, headers={"If-Match": etag})
    now, answer = streams(ws)
    assert answer["reserve"]["share"] == 0.4
    left = 1 - 0.4 - 0.5
    assert now["engineering_bug"]["capacity"]["planned"]["at_least"] == pytest.approx(0.2 * left + 0.4)
    assert now["engineering_bug"]["capacity"]["reserved"] == 0.4
    then, answer = streams(ws, min_revision=None, revision=early)
    assert answer["reserve"] is None and then["feature_request"]["in_flight"] == 0

    # The health tells what came and what left.
    told = health(ws, "feature_request", weeks=2)
    assert [week["inflow"] for week in told["weeks"]] == [0, 3] and told["weeks"][-1]["outflow"] == 1
    assert told["queued"] == 2 and told["oldest"]["age_days"] >= 0
    assert told["stuck_in_discovery"] == 0
    bugs = health(ws)
    group = next(limit for limit in bugs["limits"] if limit["id"] == "bugs-per-engineer")["groups"][0]
    assert group == {"group": "ada", "items": 2, "load": 2, "over": False}
    ws.delete_named("/launches/voice")
    assert streams(ws)[1]["reserve"] is None
    assert ws.verify()["ok"]


def test_timeboxes_and_staleness(ws):
    ws.agree(
        gated(
            "engineering_bug",
            timeboxes=[
                {"id": "at-once", "label": "spike", "days": 0, "discovery": True},
                {"id": "week", "status": "in_progress", "days": 7},
            ],
            stale={"todo_days": 30, "active_days": 3650},
        )
    )
    ws.push(
        [
            work(1, labels=["spike"], updated_at="2020-01-01T00:00:00Z"),
            work(2, "in_progress"),
            work(3, "done", labels=["spike"]),
        ]
    )
    told = health(ws)
    at_once, week = told["timeboxes"]
    assert (at_once["inside"], at_once["over_count"], week["inside"], week["over_count"]) == (1, 1, 1, 0)
    assert at_once["over"][0]["item"]["external_id"] == "W-1" and told["stuck_in_discovery"] == 1
    assert told["stale_count"] == 1 and told["stale"][0]["external_id"] == "W-1"
    since = at_once["over"][0]["since"]
    ws.push(work(1, labels=["spike", "more"], updated_at="2020-01-01T00:00:00Z"))
    assert health(ws)["timeboxes"][0]["over"][0]["since"] == since, "another change does not begin it anew"
    ws.push(work(1, labels=[], updated_at="2020-01-01T00:00:00Z"))
    assert health(ws)["timeboxes"][0]["inside"] == 0


def test_health_needs_a_stream_and_no_contract(ws):
    ws.push(work(1, "in_progress"))
    told = health(ws)
    assert told["contract"] is None and told["limits"] == [] and len(told["weeks"]) == 8
    assert told["weeks"][-1]["inflow"] == 1
    ws.get("/streams/nowhere/health", 404)
    ws.get("/streams/engineering_bug/health", 422, params={"weeks": 53})
    moved = ws.revision()
    ws.push(work(1, "in_progress", stream="incident"))
    assert health(ws)["weeks"][-1] == {**told["weeks"][-1], "outflow": 1}
    assert health(ws, "incident")["weeks"][-1]["inflow"] == 1
    assert health(ws, min_revision=None, revision=moved)["in_flight"] == 1


# ---- quadrants and views ----


def rated(number, impact=None, reversibility=None, **more):
    values = {"user_impact": impact, "reversibility": reversibility}
    return work(number, features={name: value for name, value in values.items() if value is not None}, **more)


def test_quadrants(ws):
    assert not ws.get("/quadrants").json()["drawn"]
    ws.agree({"preset": "field_contract"})
    ws.push([rated(1, 3, 1), rated(2, 1, 1), rated(3, 1, 3), rated(4, 3, 3), rated(5, 3), rated(6, 3, 1)])
    answer = ws.get("/quadrants", params={"min_revision": ws.revision(), "limit": 1}).json()
    counts = {one["quadrant"]: one["count"] for one in answer["quadrants"]}
    assert answer["drawn"] and counts == {
        "critical_features": 2,
        "model_hygiene": 1,
        "technical_debt": 1,
        "innovation": 1,
        "unplaced": 1,
    }
    assert [len(one["items"]) for one in answer["quadrants"]] == [1] * 5


def test_views_of_the_queue(ws):
    ws.agree({"preset": "field_contract"})
    ws.push([work(1, features={"debt_interest": 4}), work(2, features={"debt_interest": 2}, estimate=3)])
    ws.push(work(3, stream="feature_request", due_at="2020-01-01T00:00:00Z"))
    seen = ws.queue(view="reliability")
    assert sorted(entry["external_id"] for entry in seen["entries"]) == ["W-1", "W-2"]
    assert [entry["external_id"] for entry in ws.queue(view="capability")["entries"]] == ["W-3"]
    ws.get("/queue", 422, params={"view": "nothing"})
    views = {view["id"]: view for view in ws.get("/views", params={"min_revision": ws.revision()}).json()["views"]}
    assert views["reliability"]["items"] == 2 and views["reliability"]["estimated_days"] == 3
    assert views["capability"]["overdue"] == 1 and views["capability"]["in_top_20"] == 1
    debt = next(one for one in views["reliability"]["measures"] if one["feature"] == "debt_interest")
    assert debt == {"feature": "debt_interest", "known": 2, "sum": 6, "mean": 3}
    before = ws.revision()
    ws.agree(None)
    ws.get("/queue", 422, params={"view": "capability", "min_revision": ws.revision()})
    assert len(ws.get("/queue", params={"view": "reliability", "revision": before}).json()["entries"]) == 2


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({}, "/at"),
        ({"at": "soon"}, "/at"),
        ({"at": "2026-01-01T00:00:00Z", "share": 0.2}, "/share"),
        ({"at": "2026-01-01T00:00:00Z", "share": 0.5}, "/share"),
        ({"at": "2026-01-01T00:00:00Z", "days": 0}, "/days"),
        ({"at": "2026-01-01T00:00:00Z", "stream": "nowhere"}, "/stream"),
        ({"at": "2026-01-01T00:00:00Z", "more": 1}, "/more"),
    ],
)
def test_faults_of_launches(ws, body, pointer):
    assert problem_pointers(ws.put("/launches/x", 422, json=body, headers=NEW)) == [pointer]
    ws.put("/launches/Not-a-name", 422, json={"at": "2026-01-01T00:00:00Z"}, headers=NEW)
    assert ws.get("/launches").json() == {"launches": []}
