"""What a candidate would change, told to those who may simulate and see what it reads."""

import json
import random

import pytest

from support import cli
from support import daemon as daemons
from support.client import Client, problem_pointers
from support.waiting import wait_until
from support.workspace import Workspace, item, rubric, scored
from test_access import BANDS, pay_decides

NEW = {"If-None-Match": "*"}
PAY_RULE = {"id": "rich", "when": {"feature": "salary", "ge": 7}, "effect": "exclude", "reason": "By pay."}


def candidate(ws, role):
    return ws.as_role(role).get("/rollout", 200, params={"min_revision": ws.revision()}).json()


def open_candidate(ws):
    term = {"feature": "user_impact", "weight": 2, "unknown": "span"}
    body = {"name": "by impact", "kind": "weighted_sum", "bands": BANDS, "terms": [term]}
    ws.put("/aliases/candidate", 201, json={"model": ws.post("/models", 201, json=body).json()["version"]}, headers=NEW)


def test_readers_see_that_there_is_one_and_not_what_it_would_do(ws):
    ws.push([scored("a", 24), scored("b", 20)])
    open_candidate(ws)
    told = candidate(ws, "reader")["candidate"]
    assert told == {"model_version": 2, "policy_version": 0, "differences": None}
    for role in ("reviewer", "auditor", "admin"):
        assert candidate(ws, role)["candidate"]["differences"]["simulated"], role


def test_a_candidate_policy_over_hidden_values_is_not_tried_for_others(ws):
    ws.put_feature("salary", sensitive=True, family="business_value")
    ws.push([item("ann", features={"salary": 9}), item("bob", features={"salary": 5})])
    version = ws.post("/policies", 201, json={"name": "p", "rules": [PAY_RULE]}).json()["version"]
    ws.enforce(version, name="candidate")
    told, whole = candidate(ws, "reviewer"), candidate(ws, "admin")
    assert told["masked"] and told["candidate"]["differences"] is None
    assert "masked" not in whole and whole["candidate"]["differences"]["simulated"]


def test_nor_is_an_open_candidate_beside_a_model_of_hidden_values(ws):
    pay_decides(ws)
    ws.push([item("ann", features={"salary": 9}), item("bob", features={"salary": 5})])
    open_candidate(ws)
    told, whole = candidate(ws, "reviewer"), candidate(ws, "admin")
    assert told["masked"] and told["candidate"]["differences"] is None
    assert whole["candidate"]["differences"]["simulated"]


# ---- of a part, and in metrics ----


def a_model(ws, feature):
    term = {"feature": feature, "weight": 2, "scale": "value"}
    body = {"name": f"by {feature}", "kind": "weighted_sum", "bands": BANDS, "terms": [term]}
    return ws.post("/models", 201, json=body).json()["version"]


def differences(ws, **params):
    told = ws.get("/rollout", 200, params={"min_revision": ws.revision(), **params}).json()
    return told["candidate"]["differences"]


def mixed(ws, count=40):
    """Items of all streams and three teams, or none; by one model before, by another beside it."""
    chance = random.Random(count)
    streams = ["model_quality", "engineering_bug", "feature_request", "incident"]
    for at in range(count):
        team = chance.choice([None, "a", "b", "c"])
        fields = {"stream": chance.choice(streams), **({"team": team} if team else {})}
        values = rubric(*(chance.randint(1, 3) for _ in range(4)))
        ws.push([item(f"i{at}", features=values, **fields)])
    ws.promote(a_model(ws, "user_impact"))
    ws.put("/aliases/candidate", 201, json={"model": a_model(ws, "cost_of_delay")}, headers=NEW)


def tau(before, after):
    places = {name: at for at, name in enumerate(after)}
    pairs = [(a, b) for i, a in enumerate(before) for b in before[i + 1 :]]
    agree = sum(1 if places[a] < places[b] else -1 for a, b in pairs)
    return agree / len(pairs) if pairs else 1


def expected(before, after, belongs, top=20):
    """What is told of a part, from the two whole queues."""
    old, new = ([entry["id"] for entry in queue if belongs(entry)] for queue in (before, after))
    moved = sum(old.index(one) != new.index(one) for one in old)
    top = min(top, len(old))
    entered = len(set(new[:top]) - set(old[:top]))
    return {
        "count": len(new),
        "moved_count": moved,
        "churn": {"entered": entered, "left": entered, "top": top},
        "top": [{"id": one, "rank": at + 1, "was": old.index(one) + 1} for at, one in enumerate(new[:top])],
        "tau": tau(old, new),
    }


def test_the_report_of_a_part(ws):
    mixed(ws)
    asked = {
        "all": {},
        "stream": {"streams": "model_quality"},
        "streams": {"streams": "model_quality,incident"},
        "team": {"teams": "a"},
        "either": {"streams": "incident", "teams": "b,c"},
        "none": {"teams": "nobody"},
    }
    told = {name: differences(ws, **params) for name, params in asked.items()}
    before = ws.whole_queue()
    ws.promote(ws.get("/aliases/candidate").json()["model"])
    after = ws.whole_queue()
    for name, params in asked.items():
        streams, teams = (params.get(key, "").split(",") for key in ("streams", "teams"))
        belongs = lambda entry: not params or entry["stream"] in streams or (entry.get("team") or "-") in teams
        wanted = expected(before, after, belongs)
        assert abs(told[name]["tau"] - wanted.pop("tau")) < 1e-12
        assert {key: told[name][key] for key in wanted} == wanted, name
    assert [one["stream"] for one in told["stream"]["streams"]] == ["model_quality"]
    assert told["stream"]["streams"][0]["share_after"] == 1


def test_the_client(ws):
    env = {"url": ws.url, "token": ws.secret, "workspace": ws.name}
    ws.push([scored("a", 24)])
    ws.queue()
    assert "none" in cli.run("rollout", **env).stdout
    mixed(ws, 12)
    told = differences(ws, streams="incident")
    shown = cli.run("rollout", "--min-revision", ws.revision(), "--streams", "incident", **env).stdout
    churn = told["churn"]
    assert f"{told['moved_count']} of {told['count']} items, 0 come in, 0 go out" in shown
    assert f"{churn['entered']} in, {churn['left']} out of the first {churn['top']}" in shown
    assert json.loads(cli.run("rollout", "--teams", "a,b", "--json", **env).stdout)["candidate"]["part"] == {
        "streams": [],
        "teams": ["a", "b"],
    }


def test_the_part_is_named(ws):
    mixed(ws, 3)
    told = ws.get("/rollout", 200, params={"streams": "incident", "teams": "x,y", "min_revision": ws.revision()}).json()
    assert told["candidate"]["part"] == {"streams": ["incident"], "teams": ["x", "y"]}
    assert "part" not in ws.get("/rollout").json()["candidate"]
    for params, pointers in (
        ({"streams": "incident,"}, ["/query/streams"]),
        ({"streams": "sea,incident,sky"}, ["/query/streams", "/query/streams"]),
        ({"teams": ""}, ["/query/teams"]),
        ({"teams": ",".join(map(str, range(65)))}, ["/query/teams"]),
        ({"stream": "incident"}, ["/query/stream"]),
    ):
        assert problem_pointers(ws.get("/rollout", 422, params=params)) == pointers


@pytest.fixture
def quick(database, operator_token, tmp_path):
    own = daemons.Daemon(database, tmp_path, "--jobs-every-ms", 50)
    own.start()
    yield own
    assert own.stop() == 0


def test_candidates_are_watched(quick, operator_token):
    """Without asking: the gauges are of all workspaces in memory together, and fall when a candidate goes."""
    names = ("shadow_candidates", "shadow_top_entered", "shadow_items_moved")
    gauges = lambda: tuple(quick.metric(name) for name in names)
    first, second = (Workspace(Client(quick.url, operator_token)) for _ in range(2))
    mixed(first, 40)
    mixed(second, 30)
    told = [differences(ws) for ws in (first, second)]
    entered = sum(one["churn"]["entered"] for one in told)
    moved = sum(one["moved_count"] for one in told)
    assert entered > 0 and moved > 0
    wait_until(lambda: gauges() == (2, entered, moved), f"{(2, entered, moved)} is shown")
    second.promote(second.get("/aliases/candidate").json()["model"])
    second.queue()
    wait_until(lambda: gauges() == (2, told[0]["churn"]["entered"], told[0]["moved_count"]), "one has nothing to tell")
    assert quick.metric("shadow_passes_total") > 0
