"""The shipped presets on the demo backlog, each checked against its definition, read here a second time in Python."""

import datetime
import json
import pathlib
import subprocess

import pytest

from support.workspace import ndjson

DEMO = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "demo"


@pytest.fixture(scope="module")
def backlog():
    text = subprocess.run(
        [DEMO / "render.sh"], input=(DEMO / "backlog.ndjson").read_bytes(), stdout=subprocess.PIPE, check=True
    ).stdout
    return {item["external_id"]: item for item in map(json.loads, text.splitlines())}


@pytest.fixture
def demo(ws, backlog):
    ws.push_lines(backlog.values())
    return ws


def value(item, feature):
    found = item["features"].get(feature)
    return found["value"] if isinstance(found, dict) else found


FORMULAS = {
    "rice": (
        ("reach", "impact", "confidence", "effort"),
        lambda reach, impact, confidence, effort: reach * impact * (confidence / 100) / (max(effort, 1) / 20),
    ),
    "ice": (("impact", "confidence", "ease"), lambda impact, confidence, ease: impact * (confidence / 10) * ease),
    "wsjf": (
        ("business_value", "time_criticality", "risk_reduction", "job_size"),
        lambda value, time, risk, size: (value + time + risk) / size,
    ),
    "cost_of_delay": (("delay_cost", "effort"), lambda cost, effort: cost / (max(effort, 1) / 5)),
    "value_effort": (
        ("user_impact", "cost_of_delay", "effort"),
        lambda impact, delay, effort: (impact + delay) / max(effort, 1),
    ),
}


def test_every_preset_of_a_model_is_read_here():
    """A preset added later wants a reading of its own below."""
    source = (DEMO.parents[1] / "src" / "codec" / "presets.c").read_text()
    assert source.count('\t{"model", "') == len(FORMULAS) + 1


def rank_by(ws, preset):
    version = ws.post("/models", 201, json={"preset": preset}).json()["version"]
    ws.promote(version)
    entries = ws.whole_queue()
    assert ws.queue()["model"]["version"] == version
    return entries


@pytest.mark.parametrize("preset", FORMULAS)
def test_formula_presets(demo, backlog, preset):
    inputs, formula = FORMULAS[preset]
    entries = rank_by(demo, preset)
    assert len(entries) == sum(item["status"] in ("open", "in_progress") for item in backlog.values())
    known = 0
    for entry in entries:
        values = [value(backlog[entry["external_id"]], name) for name in inputs]
        if None in values:
            continue
        known += 1
        assert entry["score"] == pytest.approx(formula(*values), rel=1e-12), entry["external_id"]
        assert entry["range"] == {"lowest": entry["score"], "highest": entry["score"]}
    assert known > 25


def test_a_missing_value_never_helps(demo, backlog):
    """What is unknown counts by its worse end: the same item with any value stands no lower."""
    entries = {entry["external_id"]: entry for entry in rank_by(demo, "wsjf")}
    name = next(n for n, e in entries.items() if value(backlog[n], "job_size") is None and e["score"] is not None)
    before = entries[name]
    item = {**backlog[name], "features": {"job_size": 20}}
    demo.push([item])
    after = next(e for e in demo.whole_queue() if e["external_id"] == name)
    assert after["score"] >= before["score"] and before["range"]["highest"] >= after["range"]["highest"]


def test_balanced_pareto(demo, backlog):
    """No item of a front dominates another one of it; each item of a later front is dominated by one of the front before."""
    entries = rank_by(demo, "balanced_pareto")
    points, fronts = {}, {}
    for entry in entries:
        item = backlog[entry["external_id"]]
        impact, delay, effort = (value(item, f) for f in ("user_impact", "cost_of_delay", "effort"))
        # Unknown: the worse end of the definition's bounds.
        points[entry["external_id"]] = (
            1 if impact is None else impact,
            1 if delay is None else delay,
            -(120 if effort is None else effort),
        )
        fronts.setdefault(int(-(entry["score"] // 1)) + 1, []).append(entry["external_id"])

    def dominates(a, b):
        return a != b and all(x >= y for x, y in zip(points[a], points[b])) and points[a] != points[b]

    assert sorted(fronts) == list(range(1, len(fronts) + 1)) and len(fronts) > 2
    for number, front in fronts.items():
        assert not any(dominates(a, b) for a in front for b in front)
        if number > 1:
            assert all(any(dominates(a, b) for a in fronts[number - 1]) for b in front)


def due_within(item, days):
    date = value(item, "regulatory_due")
    if date is None:
        return False
    due = datetime.datetime.fromisoformat(date.replace("Z", "+00:00"))
    if due.tzinfo is None:
        due = due.replace(tzinfo=datetime.timezone.utc)
    return due - datetime.datetime.now(datetime.timezone.utc) <= datetime.timedelta(days=days)


def test_field_guards(demo, backlog):
    """Each rule of the preset policy, against the items that it says something of."""
    before = {entry["external_id"]: entry for entry in demo.whole_queue()}
    policy = demo.post("/policies", 201, json={"preset": "field_guards"}).json()["version"]
    demo.enforce(policy)
    entries = demo.whole_queue()
    assert demo.queue()["policy"]["version"] == policy
    capped, held, pinned = set(), set(), set()
    for entry in entries:
        name = entry["external_id"]
        item = backlog[name]
        no_case = item["stream"] == "feature_request" and (
            value(item, "capability_note") is None or value(item, "success_metric") is None
        )
        no_timebox = value(item, "fix_confidence") == 1 and value(item, "timebox_days") is None
        if no_case or no_timebox or value(item, "reversibility") == 1:
            capped.add(name)
            assert entry["band"] != "next_sprint", name
        else:
            assert entry["band"] == before[name]["band"], name
        if value(item, "reversibility") == 1 or (
            value(item, "risk_category") is None and (value(item, "user_impact") or 0) >= 3
        ):
            held.add(name)
        if due_within(item, 30):
            pinned.add(name)
    assert capped and held and pinned
    assert {e["external_id"] for e in entries if e.get("held")} == held
    assert {e["external_id"] for e in entries if e.get("pinned")} == pinned
    top = [backlog[e["external_id"]]["stream"] for e in entries[:20]]
    assert top.count("incident") <= 2 < sum(item["stream"] == "incident" for item in backlog.values())
    # What is pinned stands first, but for what has to be done before it.
    carried = {e["external_id"] for e in entries if e.get("carries")}
    first_free = next(i for i, e in enumerate(entries) if e["external_id"] not in pinned | carried)
    assert all(e["external_id"] not in pinned for e in entries[first_free:])

    demo.enforce(None)
    after = {entry["external_id"]: entry for entry in demo.whole_queue()}
    assert [(n, e["rank"], e["band"]) for n, e in after.items()] == [
        (n, e["rank"], e["band"]) for n, e in before.items()
    ]


@pytest.mark.parametrize("name, missing", [("FR-309", 2), ("FR-311", 1)])
def test_what_a_case_would_do(demo, backlog, name, missing):
    """The guard is taken off by what it asks for, and a simulation with that says the same."""
    demo.enforce(demo.post("/policies", 201, json={"preset": "field_guards"}).json()["version"])
    entry = next(e for e in demo.whole_queue() if e["external_id"] == name)
    assert entry["band"] == "ready"
    answer = demo.get(f"/items/{entry['id']}/counterfactual", params={"band": "next_sprint"}).json()
    lift = answer["lift"]
    assert answer["impossible"] is None and answer["reachable"] and answer["complete"]
    assert [rule["id"] for rule in lift["rules"]] == ["feature-without-case"]
    asked = {"capability_note", "success_metric"} - backlog[name]["features"].keys()
    assert {c["feature"] for c in lift["changes"]} == asked and len(asked) == missing
    assert all((c["from"], c["to"], c["any"]) == (None, None, True) for c in lift["changes"])
    features = {feature: "There is one" for feature in asked}
    for change in (answer["single"] or {"changes": []})["changes"]:
        features[change["feature"]] = change["to"]
    change = {"item": {"source": "demo", "external_id": name}, "features": features}
    simulated = demo.post("/simulations", 200, json={"changes": [change], "top": 100}).json()
    told = answer["single"] or lift
    assert told["met"] and told["band_after"] == "next_sprint"
    ranks = {e["item"]["external_id"]: (e["rank"], e["band"]) for e in simulated["top"]}
    assert ranks[name] == (told["rank_after"], told["band_after"])


def test_the_backlog_can_be_sent_again(demo, backlog):
    answer = demo.post(
        "/items", 200, data=ndjson(backlog.values()), headers={"Content-Type": "application/x-ndjson"}
    ).json()
    assert answer["unchanged"] == len(backlog)
