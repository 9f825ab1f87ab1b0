"""What if: other weights, models, policies, values; items dropped, delayed, finished. Nothing is written."""

import json
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from support import daemon as daemons, places
from support.client import problem_pointers
from support.workspace import item, rubric, scored

IMPACT = {
    "name": "impact_only",
    "kind": "weighted_sum",
    "terms": [{"feature": "user_impact", "weight": 2, "scale": "value", "unknown": "span"}],
    "bands": [{"name": "next_sprint", "at_least": 5}, {"name": "later"}],
}


def named(external_id):
    return {"source": "test", "external_id": str(external_id)}


def order(entries):
    return [entry.get("item", entry)["external_id"] for entry in entries]


def simulate(ws, expect=200, **body):
    return ws.post("/simulations", expect, json=body, params={"min_revision": ws.revision()}).json()


def rule(rule_id, when, effect, **more):
    return {"id": rule_id, "when": when, "effect": effect, "reason": f"Because of {rule_id}.", **more}


def policy(*rules):
    return {"name": "candidate", "rules": list(rules)}


EVERYTHING = {"all": []}


@pytest.fixture
def backlog(ws):
    """Ranked a b c d e by the shipped rubric."""
    ws.push(
        [
            item("a", features=rubric(3, 3, 3, 3)),  # 24
            item("b", features=rubric(3, 2, 2, 2), stream="model_quality"),  # 19
            item("c", features=rubric(1, 3, 3, 3)),  # 18
            item("d", features=rubric(2, 2, 1, 2), stream="model_quality"),  # 14
            item("e", features=rubric(1, 1, 1, 1)),  # 8
        ]
    )
    assert order(ws.queue()["entries"]) == list("abcde")
    return ws


def test_nothing_asked_is_nothing_changed_and_nothing_is_written(backlog):
    ws, before = backlog, backlog.revision()
    answer = simulate(ws)
    queue = ws.queue()
    assert answer["base"] == {key: queue[key] for key in ("ranking", "revision", "as_of", "model", "policy")}
    assert answer["model"] == {"version": 1, "name": "triage_rubric"} and answer["policy"] is None
    assert (answer["tau"], answer["churn"]) == (1, {"top": 5, "entered": 0, "left": 0})
    assert order(answer["top"]) == list("abcde") and [e["was"] for e in answer["top"]] == [1, 2, 3, 4, 5]
    assert (answer["moved"], answer["moved_count"], answer["bands"]) == ([], 0, [])
    simulate(
        ws, weights={"user_impact": 0}, items={"finish": [named("a")]}, changes=[{"item": named("b"), "status": "done"}]
    )
    assert ws.revision() == before
    assert order(ws.queue()["entries"]) == list("abcde")


def test_the_same_question_has_the_same_answer(backlog):
    body = {"weights": {"user_impact": 0}, "top": 2}
    answers = {backlog.post("/simulations", 200, json=body).content for _ in range(3)}
    assert len(answers) == 1


def test_other_weights_are_the_model_with_those_weights(backlog):
    ws = backlog
    answer = simulate(ws, weights={"user_impact": 0, "cost_of_delay": 4}, top=2)
    assert answer["model"] == {"version": None, "name": "triage_rubric"}
    body = {key: value for key, value in ws.get("/models/1").json().items() if key in ("name", "kind", "bands")}
    weights = {"user_impact": 0, "fix_confidence": 2, "reversibility": 2, "cost_of_delay": 4}
    body["terms"] = [
        {"feature": feature, "weight": weight, "scale": "value", "unknown": "span"}
        for feature, weight in weights.items()
    ]
    same = simulate(ws, model=body, top=2)
    for key in ("tau", "churn", "top", "moved", "bands", "streams"):
        assert answer[key] == same[key], key
    version = ws.post("/models", 201, json={**body, "name": "stored"}).json()["version"]
    stored = simulate(ws, model=version, top=2)
    assert stored["model"] == {"version": version, "name": "stored"} and stored["top"] == answer["top"]
    ws.promote(version)
    assert order(ws.queue()["entries"])[:2] == order(answer["top"])


def test_what_a_simulation_says_is_what_happens(backlog):
    """Tau, moves, crossings and shares, against the two queues."""
    ws = backlog
    before = ws.queue()["entries"]
    answer = simulate(ws, model=IMPACT, top=2)
    ws.promote(ws.post("/models", 201, json=IMPACT).json()["version"])
    after = ws.queue()["entries"]
    a, b = order(before), order(after)
    assert order(answer["top"]) == b[:2]
    assert [(e["score"], e["band"]) for e in answer["top"]] == [(e["score"], e["band"]) for e in after[:2]]
    pairs = [(x, y) for i, x in enumerate(a) for y in a[i + 1 :]]
    concordant = sum(b.index(x) < b.index(y) for x, y in pairs)
    assert answer["tau"] == pytest.approx((2 * concordant - len(pairs)) / len(pairs))
    assert {(order([m])[0], m["was"], m["rank"]) for m in answer["moved"]} == {
        (x, a.index(x) + 1, b.index(x) + 1) for x in a if a.index(x) != b.index(x)
    }
    bands = {x["external_id"]: x["band"] for x in after}
    crossed = {}
    for entry in before:
        pair = (entry["band"], bands[entry["external_id"]])
        if pair[0] != pair[1]:
            crossed[pair] = crossed.get(pair, 0) + 1
    assert {(c["from"], c["to"]): c["count"] for c in answer["bands"]} == crossed
    streams = {e["external_id"]: e["stream"] for e in before}
    for share in answer["streams"]:
        assert share["share_before"] == sum(streams[x] == share["stream"] for x in a[:2]) / 2
        assert share["share_after"] == sum(streams[x] == share["stream"] for x in b[:2]) / 2


def test_changed_values_and_statuses(backlog):
    ws = backlog
    ws.push([item("z", features=rubric(3, 3, 3, 2), status="done")])
    answer = simulate(
        ws,
        changes=[
            {"item": named("e"), "features": {"user_impact": 3, "fix_confidence": 3, "reversibility": 3}},
            {"item": named("c"), "features": {"user_impact": None}},
            {"item": named("a"), "status": "done"},
            {"item": named("z"), "status": "open"},
        ],
    )
    assert order(answer["top"]) == ["z", "e", "b", "c", "d"]
    assert [e["score"] for e in answer["top"]] == [23, 22, 19, 18, 14]
    assert [(order([r])[0], r["was"], r["because"]) for r in answer["removed"]] == [("a", 1, "status")]
    assert [(order([r])[0], r["rank"]) for r in answer["added"]] == [("z", 1)]
    assert (answer["removed_count"], answer["added_count"], answer["count"]) == (1, 1, 5)


def test_a_feature_that_no_item_has_yet(backlog):
    ws = backlog
    ws.put_feature("pull")
    version = ws.post(
        "/models",
        201,
        json={**IMPACT, "terms": [{"feature": "pull", "weight": 1, "scale": "value", "unknown": "span"}]},
    ).json()["version"]
    answer = simulate(ws, model=version, changes=[{"item": named("d"), "features": {"pull": 7}}])
    assert order(answer["top"])[0] == "d" and answer["top"][0]["score"] == 7


def test_a_simulated_status_is_seen_by_a_simulated_policy(backlog):
    """Also one that no item has: the population knows no such word."""
    ws = backlog
    settings = ws.get("/settings").json()
    ws.put_settings(statuses=[*settings["statuses"], {"name": "parked", "class": "todo"}])
    parked = policy(rule("parked", {"fact": "status", "eq": "parked"}, "exclude"))
    answer = simulate(ws, policy=parked, changes=[{"item": named("a"), "status": "parked"}])
    assert order(answer["top"]) == list("bcde")
    assert [(r["because"], r["rule"]["id"]) for r in answer["removed"]] == [("rule", "parked")]


def test_drop_delay_and_finish(ws):
    """A blocker that is finished frees what waits; one that is dropped or delayed does too, but is named."""
    ws.push(
        [
            item("top", features=rubric(3, 3, 3, 3), blocked_by=[{"external_id": "low"}]),
            item("low", features=rubric(1, 1, 1, 1)),
            item("mid", features=rubric(2, 2, 2, 2)),
        ]
    )
    assert order(ws.queue()["entries"]) == ["low", "top", "mid"]
    for event, word in (("drop", "dropped"), ("delay", "delayed"), ("finish", "finished")):
        answer = simulate(ws, items={event: [named("low")]})
        assert order(answer["top"]) == ["top", "mid"], event
        assert [(order([r])[0], r["because"]) for r in answer["removed"]] == [("low", word)]
        waits = [(u["item"]["external_id"], u["blocker"]["external_id"], u["state"]) for u in answer["unresolved"]]
        assert waits == ([] if event == "finish" else [("top", "low", word)])
    ids = {e["external_id"]: e["id"] for e in ws.queue()["entries"]}
    assert order(simulate(ws, items={"drop": [ids["top"]], "finish": [ids["mid"]]})["top"]) == ["low"]


def test_relative_models_are_scored_anew_when_an_item_goes(backlog):
    """In a front model an item's score depends on who is there."""
    ws = backlog
    front = {
        "name": "fronts",
        "kind": "pareto",
        "objectives": [
            {"feature": "user_impact", "goal": "maximise", "unknown": "span"},
            {"feature": "cost_of_delay", "goal": "maximise", "unknown": "span"},
        ],
        "bands": [{"name": "front", "at_least": -0.5}, {"name": "behind"}],
    }
    answer = ws.post("/models", (201, 422), json=front)
    assert answer.status_code == 201, answer.text
    ws.promote(answer.json()["version"])
    simulated = simulate(ws, items={"finish": [named("a")]})
    ws.push([item("a", status="done")])
    assert [(e["external_id"], e["score"]) for e in ws.queue()["entries"]] == [
        (e["item"]["external_id"], e["score"]) for e in simulated["top"]
    ]


def test_policies(backlog):
    ws = backlog
    capped = policy(rule("cap", {"fact": "stream", "eq": "engineering_bug"}, "at_most_band", band="icebox"))
    answer = simulate(ws, policy=capped)
    assert order(answer["top"]) == ["b", "d", "a", "c", "e"] and answer["policy"] == {
        "version": None,
        "name": "candidate",
    }
    assert {(c["from"], c["to"]): c["count"] for c in answer["bands"]} == {("next_sprint", "icebox"): 2}
    version = ws.post("/policies", 201, json=capped).json()["version"]
    assert simulate(ws, policy=version)["top"] == answer["top"]
    ws.put("/policy-aliases/active", (200, 201), json={"policy": version}, headers=alias_tag(ws))
    assert simulate(ws)["top"] == [{**e, "was": i + 1} for i, e in enumerate(answer["top"])]
    assert order(simulate(ws, policy=None)["top"]) == list("abcde"), "null is none"


def alias_tag(ws):
    answer = ws.get("/policy-aliases/active", (200, 404))
    return {"If-Match": answer.headers["ETag"]} if answer.status_code == 200 else {"If-None-Match": "*"}


def test_overrides_stay_in_force(backlog):
    ws = backlog
    ids = {e["external_id"]: e["id"] for e in ws.queue()["entries"]}
    ws.post(
        "/overrides",
        201,
        json={
            "item": ids["e"],
            "kind": "band",
            "band": "next_sprint",
            "justification": "The customer waits for this one.",
            "expires_at": in_days(5),
        },
    )
    answer = simulate(ws, weights={"user_impact": 4})
    assert answer["base"]["revision"] == ws.revision()
    assert [e["band"] for e in answer["top"] if order([e]) == ["e"]] == ["next_sprint"]
    other = {
        **IMPACT,
        "bands": [{"name": "now", "at_least": 100}, {"name": "next_sprint", "at_least": 50}, {"name": "x"}],
    }
    bands = {order([e])[0]: e["band"] for e in simulate(ws, model=other)["top"]}
    assert bands == {"a": "x", "b": "x", "c": "x", "d": "x", "e": "next_sprint"}, "by name, wherever it is"
    gone = {**IMPACT, "bands": [{"name": "now", "at_least": 100}, {"name": "x"}]}
    assert {e["band"] for e in simulate(ws, model=gone)["top"]} == {"x"}


def in_days(days):
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_contradictions_and_breaches_before_and_after(backlog):
    ws = backlog
    first = policy(rule("late", EVERYTHING, "not_above", rank=3))
    version = ws.post("/policies", 201, json=first).json()["version"]
    ws.put("/policy-aliases/active", (200, 201), json={"policy": version}, headers=alias_tag(ws))
    answer = simulate(
        ws,
        policy=policy(
            rule("up", {"fact": "stream", "eq": "model_quality"}, "at_least_band", band="next_sprint"),
            rule("down", {"fact": "stream", "eq": "model_quality"}, "at_most_band", band="icebox"),
        ),
    )
    assert [(b["rule"], b["rank"]) for b in answer["before"]["breaches"]] == [("late", 1), ("late", 2)]
    assert (answer["breaches"], answer["breach_count"], answer["before"]["breach_count"]) == ([], 0, 2)
    (conflict,) = answer["conflicts"]
    assert (conflict["holds"], conflict["yields"], conflict["count"]) == ("down", "up", 2)
    assert sorted(e["external_id"] for e in conflict["first"]) == ["b", "d"]


def test_check_says_what_each_rule_does(backlog):
    ws, before = backlog, backlog.revision()
    candidate = policy(
        rule("out", {"feature": "user_impact", "eq": 2}, "exclude"),
        rule("out-too", {"feature": "user_impact", "le": 2}, "exclude", until="2020-01-01T00:00:00Z"),
        rule("hold", {"feature": "user_impact", "ge": 3}, "hold"),
        rule("top", {"feature": "fix_confidence", "eq": 1}, "pin_top"),
        rule("cap", {"feature": "fix_confidence", "ge": 2}, "at_most_band", band="ready"),
    )
    answer = ws.post("/policies:check", 200, json={"policy": candidate, "top": 3}).json()
    assert order(answer["top"]) == ["e", "a", "b"]
    rules = {r.pop("id"): r for r in answer["rules"]}
    assert list(rules) == ["out", "out-too", "hold", "top", "cap"]
    counts = ("in_force", "hits", "out", "held", "pinned", "band_changed", "moved")
    assert {name: tuple(r[count] for count in counts) for name, r in rules.items()} == {
        "out": (True, 1, 1, 0, 0, 0, 1),
        "out-too": (False, 0, 0, 0, 0, 0, 0),
        "hold": (True, 2, 0, 2, 0, 0, 2),
        "top": (True, 1, 0, 0, 1, 0, 1),
        "cap": (True, 4, 0, 0, 0, 3, 4),
    }
    assert [e["held"] for e in answer["top"]] == [False, True, True]
    assert ws.revision() == before
    version = ws.post("/policies", 201, json=candidate).json()["version"]
    params = {"min_revision": ws.revision()}
    stored = ws.post("/policies:check", 200, json={"policy": version, "top": 3}, params=params).json()
    assert stored["rules"] == [{"id": name, **r} for name, r in rules.items()]


def test_the_preset_can_be_checked(backlog):
    answer = backlog.post("/policies:check", 200, json={"policy": {"preset": "field_guards"}}).json()
    lane = next(r for r in answer["rules"] if r["id"] == "cautious-lane")
    assert lane["hits"] == 2 and lane["in_force"]


@pytest.mark.parametrize(
    "body, pointers",
    [
        ({"policy": None}, ["/policy"]),
        ({}, ["/policy"]),
        ({"policy": 9}, ["/policy"]),
        ({"policy": "x"}, ["/policy"]),
        ({"policy": {"name": "p", "rules": []}}, ["/policy/rules"]),
        ({"policy": 9, "weights": {}}, ["/policy", "/weights"]),
    ],
)
def test_faults_of_a_check(backlog, body, pointers):
    assert problem_pointers(backlog.post("/policies:check", 422, json=body)) == pointers


@pytest.mark.parametrize(
    "body, pointers",
    [
        ([], [""]),
        ({"tops": 3}, ["/tops"]),
        ({"top": 0}, ["/top"]),
        ({"top": 501}, ["/top"]),
        ({"weights": 3}, ["/weights"]),
        ({"weights": {"effort": 1}}, ["/weights/effort"]),
        ({"weights": {"user_impact": "x", "cost_of_delay": None}}, ["/weights/cost_of_delay", "/weights/user_impact"]),
        ({"weights": {"user_impact": -1}}, ["/weights/user_impact"]),
        (
            {"weights": {"user_impact": 0, "fix_confidence": 0, "reversibility": 0, "cost_of_delay": 0}},
            ["/weights"],
        ),
        ({"model": 7}, ["/model"]),
        ({"model": "7"}, ["/model"]),
        ({"model": {**IMPACT, "terms": [{"feature": "nope", "weight": 1}]}}, ["/model/terms/0/feature"]),
        ({"policy": 3}, ["/policy"]),
        ({"policy": policy({"id": "x"})}, ["/policy/rules/0/effect", "/policy/rules/0/reason", "/policy/rules/0/when"]),
        ({"changes": {}}, ["/changes"]),
        ({"changes": [3]}, ["/changes/0"]),
        ({"changes": [{"item": named("a")}]}, ["/changes/0"]),
        ({"changes": [{"item": named("nope"), "status": "nope"}]}, ["/changes/0/item", "/changes/0/status"]),
        ({"changes": [{"item": named("a"), "features": {"user_impact": 9}}]}, ["/changes/0/features/user_impact"]),
        ({"changes": [{"item": named("a"), "status": "done"}] * 2}, ["/changes/1/item"]),
        ({"items": {"drop": [named("nope")], "keep": []}}, ["/items/drop/0", "/items/keep"]),
        ({"items": {"drop": [named("a")], "finish": [named("a")]}}, ["/items/finish/0"]),
        ({"items": [named("a")]}, ["/items"]),
        ({"items": {"drop": ["x"]}}, ["/items/drop/0"]),
    ],
)
def test_faults_of_a_simulation(backlog, body, pointers):
    assert problem_pointers(backlog.post("/simulations", 422, json=body)) == pointers


def test_kinds_without_weights_say_so(backlog):
    answer = backlog.post("/simulations", 422, json={"model": {"preset": "ice"}, "weights": {"impact": 2}})
    assert problem_pointers(answer) == ["/weights"] and "weighted_sum" in answer.text


def test_sensitive_features_are_for_those_who_see_them(backlog):
    ws = backlog
    ws.put_feature("revenue", sensitive=True)
    body = {"changes": [{"item": named("a"), "features": {"revenue": 3}}]}
    params = {"min_revision": ws.revision()}
    ws.as_role("admin").post("/simulations", 200, json=body, params=params)
    answer = ws.as_role("reviewer").post("/simulations", 422, json=body, params=params)
    assert problem_pointers(answer) == ["/changes/0/features/revenue"]


def test_an_empty_workspace(ws):
    answer = simulate(ws, weights={"user_impact": 1})
    assert (answer["count"], answer["top"], answer["tau"], answer["streams"]) == (0, [], 1, [])


def test_random_changes_come_true(ws, rng):
    """What a simulation of some changed values says is the queue once they are stored."""
    features = ("user_impact", "fix_confidence", "reversibility", "cost_of_delay")
    names = [str(i) for i in range(60)]
    ws.push([item(n, features={f: rng.randint(1, 3) for f in features}) for n in names])
    for _ in range(5):
        chosen = rng.sample(names, 7)
        changes = {n: {f: rng.choice((None, 1, 2, 3)) for f in rng.sample(features, 2)} for n in chosen}
        answer = simulate(ws, top=500, changes=[{"item": named(n), "features": v} for n, v in changes.items()])
        ws.push([item(n, features=v) for n, v in changes.items()])
        entries = ws.whole_queue()
        assert [(e["external_id"], e["score"], e["band"]) for e in entries] == [
            (e["item"]["external_id"], e["score"], e["band"]) for e in answer["top"]
        ]


def test_ties_stay_as_they_are(ws):
    ws.push([scored(n, 12) for n in "xyz"])
    now = order(ws.queue()["entries"])
    answer = simulate(ws, weights={"user_impact": 3})
    assert order(answer["top"]) == now and answer["tau"] == 1


def run_client(ws, *args, expect=0):
    """The client's output."""
    environment = daemons.clean_environment(WINNOW_URL=ws.url, WINNOW_TOKEN=ws.secret, WINNOW_WORKSPACE=ws.name)
    done = subprocess.run(
        [places.winnow(), *args], env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_client(backlog, tmp_path):
    ws = backlog
    rows = run_client(
        ws,
        "simulate",
        "--plain",
        "--top",
        "3",
        "--weight",
        "user_impact=0",
        "--weight",
        "cost_of_delay=4",
        "--finish",
        "test/a",
    ).splitlines()[:3]
    same = simulate(ws, top=3, weights={"user_impact": 0, "cost_of_delay": 4}, items={"finish": [named("a")]})
    assert [row.split("\t")[:5] for row in rows] == [
        [str(e["rank"]), str(e["was"]), str(e["score"]), e["band"], f"test/{order([e])[0]}"] for e in same["top"]
    ]
    model, rules = tmp_path / "model.json", tmp_path / "policy.json"
    model.write_text(json.dumps(IMPACT))
    rules.write_text(json.dumps(policy(rule("out", {"feature": "user_impact", "eq": 3}, "exclude"))))
    told = json.loads(
        run_client(ws, "simulate", "--json", "--model", str(model), "--policy", str(rules), "--delay", "c")
    )
    assert order(told["top"]) == ["d", "e"] and told["removed_count"] == 3
    assert json.loads(run_client(ws, "simulate", "--json", "--model", "1", "--policy", "none"))["tau"] == 1
    for slip in ("user_impact", "=3", "user_impact=", "user_impact=x", "user_impact=nan"):
        assert "FEATURE=NUMBER" in run_client(ws, "simulate", "--weight", slip, expect=2)
    assert "/weights/nope" in run_client(ws, "simulate", "--weight", "nope=3", expect=1)


def random_rule(rng, number):
    when = {
        "any": [
            {"feature": rng.choice(("user_impact", "cost_of_delay")), rng.choice(("eq", "ge")): rng.randint(1, 3)},
            {"fact": "stream", "eq": rng.choice(("incident", "model_quality"))},
        ]
    }
    effect, more = rng.choice(
        (
            ("exclude", {}),
            ("hold", {}),
            ("pin_top", {}),
            ("at_least_band", {"band": "ready"}),
            ("at_most_band", {"band": "ready"}),
            ("not_above", {"rank": 5}),
            ("limit", {"at_most": 3, "top": 10, "per": "stream"}),
            ("share", {"at_least": 0.4, "top": 10}),
            ("share", {"at_most": 0.5, "top": 8}),
        )
    )
    return rule(f"r{number}", when, effect, **more)


def test_random_policies_come_true(ws, rng):
    """The order under a policy that is only asked about is the queue when it is active; findings too."""
    features = ("user_impact", "fix_confidence", "reversibility", "cost_of_delay")
    names = [str(n) for n in range(1, 50)]
    ws.push(
        [
            item(
                n,
                stream=rng.choice(("incident", "model_quality", "engineering_bug")),
                features={f: rng.randint(1, 3) for f in features},
                blocked_by=[{"external_id": m} for m in rng.sample(names, 1) if m != n and rng.random() < 0.2],
            )
            for n in names
        ]
    )
    for _ in range(6):
        candidate = policy(*(random_rule(rng, i) for i in range(4)))
        asked = simulate(ws, policy=candidate, top=500)
        checked = ws.post("/policies:check", 200, json={"policy": candidate, "top": 500}).json()
        version = ws.post("/policies", (200, 201), json=candidate).json()["version"]
        before = ws.whole_queue()
        ws.put("/policy-aliases/active", (200, 201), json={"policy": version}, headers=alias_tag(ws))
        entries = ws.whole_queue()
        assert [(e["external_id"], e["score"], e["band"]) for e in entries] == [
            (e["item"]["external_id"], e["score"], e["band"]) for e in asked["top"]
        ]
        now = simulate(ws)
        assert (now["conflicts"], now["breaches"]) == (asked["conflicts"], asked["breaches"])
        assert now["before"]["breaches"] == asked["breaches"] and now["before"]["conflicts"] == asked["conflicts"]
        gone = {e["external_id"] for e in before} - {e["external_id"] for e in entries}
        assert {order([r])[0] for r in asked["removed"] if r["because"] == "rule"} == gone
        assert checked["top"] == asked["top"]
        assert sum(r["out"] for r in checked["rules"]) == 49 - len(entries)


@pytest.mark.parametrize("own, bound", [("user_impact", None), ("fix_confidence", 0.4)])
def test_weights_are_those_of_the_base_terms(backlog, own, bound):
    """A team's own term of the same feature keeps its weight; the bound on influence follows the new weights."""
    ws = backlog
    ws.push([item("b", team="search"), item("c", team="search")])
    model = {
        "name": "teams",
        "kind": "weighted_sum",
        "terms": [
            {"feature": f, "weight": w} for f, w in (("user_impact", 3), ("cost_of_delay", 2), ("reversibility", 1))
        ],
        "teams": [{"team": "search", "share": 0.2, "terms": [{"feature": own, "weight": 2}]}],
        "bands": [{"name": "now", "at_least": 3}, {"name": "later"}],
    }
    if bound:
        model["max_influence"] = bound
    other = {**model, "terms": [{**model["terms"][0], "weight": 1}, *model["terms"][1:]]}
    weighed = simulate(ws, model=model, weights={"user_impact": 1})
    assert weighed["top"] == simulate(ws, model=other)["top"] != simulate(ws, model=model)["top"]


def test_claims_that_are_only_asked_about_are_held_to_the_same_bound(backlog):
    """An asserted value counts up to the model's bound on one principal, stored or simulated."""
    ws = backlog
    terms = [{"feature": f, "weight": 1} for f in ("user_impact", "cost_of_delay", "reversibility", "fix_confidence")]
    bands = [{"name": "now", "at_least": 3}, {"name": "later"}]
    model = {"name": "bounded", "kind": "weighted_sum", "terms": terms, "max_influence": 0.25, "bands": bands}
    ws.promote(ws.post("/models", 201, json=model).json()["version"])
    claims = {f: {"value": 3, "evidence": "asserted"} for f in ("user_impact", "cost_of_delay")}
    asked = simulate(ws, changes=[{"item": named("e"), "features": claims}])
    score = next(e["score"] for e in asked["top"] if order([e]) == ["e"])
    measured = {f: {"value": 3, "evidence": "measured"} for f in ("user_impact", "cost_of_delay")}
    sure = simulate(ws, changes=[{"item": named("e"), "features": measured}])
    assert score == 1 and next(e["score"] for e in sure["top"] if order([e]) == ["e"]) == 2
    ws.push([item("e", features=claims)])
    assert next(e["score"] for e in ws.queue()["entries"] if e["external_id"] == "e") == score
