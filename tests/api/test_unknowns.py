"""Which missing values leave bands open, against counting by hand."""

import pytest

from support.client import problem_pointers, problem_type
from support.decisions import enforce, fresh, labelled
from support.workspace import RUBRIC, item, rubric, scored

WEIGHTS = dict(zip(RUBRIC, (3, 2, 2, 1)))


def band(score):
    """Of the default model."""
    return next((name for name, least in (("next_sprint", 18), ("ready", 12)) if score >= least), "icebox")


def unknowns(ws, **params):
    return fresh(ws, "/queue/unknowns", **params)


def by_feature(page):
    return {each["feature"]: each for each in page["features"]}


def test_the_default_model_s_bands_are_the_ones_that_are_counted_here(ws):
    bands = ws.get("/models/1").json()["bands"]
    assert [(each["name"], each.get("at_least")) for each in bands] == [
        ("next_sprint", 18),
        ("ready", 12),
        ("icebox", None),
    ]


def test_counts_are_those_of_counting(ws, rng):
    values = {i: [rng.choice((1, 2, 3, None)) for _ in RUBRIC] for i in range(60)}
    ws.push([item(i, features=rubric(*row)) for i, row in values.items()])
    open_items = {}
    for i, row in values.items():
        lacks = [name for name, value in zip(RUBRIC, row) if value is None]
        low, high = (sum(WEIGHTS[name] * (value or end) for name, value in zip(RUBRIC, row)) for end in (1, 3))
        if band(low) != band(high):
            open_items[str(i)] = lacks
    page = unknowns(ws)
    assert page["exact"] is True and (page["open"], page["count"]) == (len(open_items), 60)
    for name in RUBRIC:
        lacking = {i for i, lacks in open_items.items() if name in lacks}
        told = by_feature(page)[name]
        assert told["items"] == len(lacking) and told["share"] == len(lacking) / 60
        assert told["decides"] == sum(open_items[i] == [name] for i in lacking)
        items = list(ws.pages("/queue/unknowns", "items", {"feature": name}, limit=7))
        assert {each["external_id"] for each in items} == lacking and len(items) == len(lacking)
        assert [each["rank"] for each in items] == sorted(each["rank"] for each in items)
        for each in items:
            assert each["unknown"] == open_items[each["external_id"]]
            assert each["lowest_band"] == band(each["range"]["lowest"]) != each["highest_band"]
            assert each["highest_band"] == band(each["range"]["highest"])
    counts = [(-each["items"], each["feature"]) for each in page["features"]]
    assert counts == sorted(counts)


def test_by_evidence_of_what_is_ranked(ws):
    """Neither a boost nor a rule closes a band; what is finished or out is nobody's question."""
    enforce(ws, labelled("low", "at_most_band", band="icebox"), labelled("no", "exclude"))
    ws.push([item("1", labels=["low"]), item("2", labels=["no"]), item("3", status="done"), scored("4", 20)])
    page = unknowns(ws)
    assert (page["open"], page["count"]) == (1, 2) and {each["items"] for each in page["features"]} == {1}
    (only,) = unknowns(ws, feature="user_impact")["items"]
    assert only["external_id"] == "1" and only["band"] == "icebox" and only["highest_band"] == "next_sprint"


def test_defaults_and_exclusion_open_nothing(ws):
    terms = [
        {"feature": "user_impact", "weight": 1, "scale": "value"},
        {"feature": "reversibility", "weight": 1, "scale": "value", "unknown": "default", "default": 2},
        {"feature": "cost_of_delay", "weight": 1, "scale": "value", "unknown": "exclude"},
        {"feature": "fix_confidence", "weight": 0, "scale": "value"},
    ]
    bands = [{"name": "a", "at_least": 5}, {"name": "b"}]
    ws.promote(
        ws.post("/models", 201, json={"name": "m", "kind": "weighted_sum", "terms": terms, "bands": bands}).json()[
            "version"
        ]
    )
    ws.push([item("1", features={"cost_of_delay": 1}), item("2")])
    page = unknowns(ws)
    assert [(each["feature"], each["items"], each["decides"]) for each in page["features"]] == [("user_impact", 1, 1)]
    for name in ("reversibility", "cost_of_delay", "fix_confidence", "effort", "no_such"):
        answer = ws.get("/queue/unknowns", 422, params={"feature": name})
        assert problem_pointers(answer) == ["/query/feature"]


def test_a_team_s_term_is_asked_of_its_items_alone(ws):
    terms = [{"feature": "user_impact", "weight": 2, "scale": "unit"}]
    team = {"team": "ops", "share": 0.5, "terms": [{"feature": "cost_of_delay", "weight": 5, "scale": "unit"}]}
    bands = [{"name": "a", "at_least": 1}, {"name": "b"}]
    body = {"name": "m", "kind": "weighted_sum", "terms": terms, "teams": [team], "bands": bands}
    ws.promote(ws.post("/models", 201, json=body).json()["version"])
    ws.push([item(name, team=name, features=rubric(1)) for name in ("ops", "web")])
    assert [(each["feature"], each["items"]) for each in unknowns(ws)["features"]] == [
        ("cost_of_delay", 1),
        ("user_impact", 0),
    ]


def test_a_category_of_later_is_unknown_to_the_model(ws):
    tier = {"type": "category", "family": "effort", "description": "A test's own", "categories": ["low", "high"]}
    etag = ws.put("/features/tier", 201, json=tier, headers={"If-None-Match": "*"}).headers["ETag"]
    terms = [
        {"feature": "tier", "weight": 2, "scale": "value"},
        {"feature": "user_impact", "weight": 1, "scale": "value"},
    ]
    bands = [{"name": "a", "at_least": 4}, {"name": "b"}]
    body = {"name": "m", "kind": "weighted_sum", "terms": terms, "bands": bands}
    ws.promote(ws.post("/models", 201, json=body).json()["version"])
    ws.put("/features/tier", 200, json={**tier, "categories": ["low", "high", "top"]}, headers={"If-Match": etag})
    ws.push([item(name, features={"tier": name, "user_impact": 3}) for name in ("low", "high", "top")])
    page = unknowns(ws)
    assert (page["open"], page["count"]) == (1, 3)
    assert [(each["feature"], each["items"], each["decides"]) for each in page["features"]] == [
        ("tier", 1, 1),
        ("user_impact", 0, 0),
    ]
    (only,) = unknowns(ws, feature="tier")["items"]
    assert only["external_id"] == "top" and only["range"] == {"lowest": 3, "highest": 5}
    assert (only["lowest_band"], only["highest_band"], only["unknown"]) == ("b", "a", ["tier"])


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("kind", ["weighted_sum", "blend"])
def test_a_claim_is_unknown_in_a_team_s_term_of_a_limited_model(ws, kind, limited):
    terms = [{"feature": "user_impact", "weight": 2, "scale": "unit"}]
    team = {"team": "ops", "share": 0.5, "terms": [{"feature": "cost_of_delay", "weight": 5, "scale": "unit"}]}
    bands = [{"name": "a", "at_least": 0.75}, {"name": "b"}]
    body = {"name": "m", "kind": "weighted_sum", "terms": terms, "teams": [team], "bands": bands}
    if limited:
        body["max_influence"] = 1
    version = ws.post("/models", 201, json=body).json()["version"]
    if kind == "blend":
        # Claims of base terms count: the other component knows the value, and that does not help the team's term.
        other = {"name": "o", "kind": "weighted_sum", "terms": [{"feature": "cost_of_delay", "weight": 1}]}
        other = ws.post("/models", 201, json={**other, "bands": bands, "max_influence": 1}).json()["version"]
        parts = [{"model": version, "weight": 4}, {"model": other, "weight": 1}]
        body = {"name": "both", "kind": "blend", "rule": "weighted", "components": parts}
        bands = [{"name": "a", "at_least": 1}, {"name": "b"}]
        version = ws.post("/models", 201, json={**body, "bands": bands}).json()["version"]
    ws.promote(version)
    low, middle = ({"value": value, "evidence": "asserted"} for value in (1, 2))
    claimed = {"user_impact": low, "cost_of_delay": middle}
    known = item("known", team="ops", features={"user_impact": middle, "cost_of_delay": 2})
    ws.push([*(item(name, team=name, features=claimed) for name in ("ops", "web")), known])
    page, found = unknowns(ws), unknowns(ws, feature="cost_of_delay")["items"]
    told = by_feature(page)["cost_of_delay"]
    assert by_feature(page)["user_impact"]["items"] == 0
    assert page["open"] == told["items"] == told["decides"] == len(found) == (1 if limited else 0)
    if limited:
        assert found[0]["external_id"] == "ops" and found[0]["unknown"] == ["cost_of_delay"]
        assert (found[0]["lowest_band"], found[0]["highest_band"]) == ("b", "a")


@pytest.mark.parametrize("kind", ["pareto", "blend"])
def test_other_kinds(ws, kind):
    pareto = {
        "name": "fronts",
        "kind": "pareto",
        "objectives": [{"feature": "user_impact"}, {"feature": "cost_of_delay"}],
        "bands": [{"name": "first", "at_least": 0}, {"name": "rest"}],
    }
    version = ws.post("/models", 201, json=pareto).json()["version"]
    if kind == "blend":
        parts = [{"model": 1, "weight": 1}, {"model": version, "weight": 1}]
        bands = [{"name": "top", "at_least": 1}, {"name": "rest"}]
        blend = {"name": "both", "kind": "blend", "rule": "weighted", "components": parts, "bands": bands}
        version = ws.post("/models", 201, json=blend).json()["version"]
    ws.promote(version)
    ws.push([item("1", features=rubric(3, delay=3)), item("2", features=rubric(2))])
    page = unknowns(ws)
    read = {"user_impact", "cost_of_delay"} if kind == "pareto" else set(RUBRIC)
    assert page["exact"] is False and set(by_feature(page)) == read
    items = unknowns(ws, feature="cost_of_delay")["items"]
    assert page["open"] == len({each["external_id"] for name in read for each in unknowns(ws, feature=name)["items"]})
    assert by_feature(page)["cost_of_delay"]["items"] == len(items)


def test_pages_of_features_and_faults(ws, other_ws):
    ws.push([item("1")])
    first = unknowns(ws, limit=3)
    assert len(first["features"]) == 3
    rest = ws.get("/queue/unknowns", params={"limit": 3, "cursor": first["next"]}).json()
    assert [each["feature"] for each in first["features"] + rest["features"]] == sorted(RUBRIC)
    assert "next" not in rest
    assert problem_type(ws.get("/queue/unknowns", 400, params={"cursor": first["next"], "feature": RUBRIC[0]})) == (
        "bad-cursor"
    )
    ws.get("/queue", 400, params={"cursor": first["next"]})
    other_ws.get("/queue/unknowns", 400, params={"cursor": first["next"]})
    assert problem_pointers(ws.get("/queue/unknowns", 422, params={"limit": 0, "what": 1})) == ["/query/what"]
    assert problem_pointers(ws.get("/queue/unknowns", 422, params={"feature": "x" * 256})) == ["/query/feature"]


def test_what_is_no_input_is_told_before_the_tag(ws):
    ws.push([item("1")])
    unknowns(ws)
    first = ws.get("/queue/unknowns")
    tag = {"If-None-Match": first.headers["ETag"]}
    ws.get("/queue/unknowns", 304, headers=tag)
    ws.get("/queue/unknowns", 304, headers=tag, params={"feature": RUBRIC[0]})
    answer = ws.get("/queue/unknowns", 422, headers=tag, params={"feature": "nosuch"})
    assert problem_pointers(answer) == ["/query/feature"] and "ETag" not in answer.headers


def test_an_empty_backlog(ws):
    page = unknowns(ws)
    assert page["open"] == page["count"] == 0 and {each["share"] for each in page["features"]} == {0}
    assert unknowns(ws, feature="user_impact")["items"] == []
