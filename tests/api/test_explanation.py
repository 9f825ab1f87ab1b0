"""Why an item stands where it stands: evidence of every kind of model, policy, overrides, ranges."""

from support.client import problem_pointers
from support.decisions import enforce, explanation, fresh, item_id, labelled, override
from support.workspace import RUBRIC, item, rubric, scored

BANDS = [{"name": "high", "at_least": 5}, {"name": "low"}]


def use_model(ws, **model):
    body = {"name": "m", "bands": BANDS, **model}
    version = ws.post("/models", 201, json=body).json()["version"]
    ws.promote(version)
    return version


def parts_of(shown):
    return {part["feature"]: part for part in shown["contributions"]}


def did(shown):
    return {rule["id"]: rule["did"] for rule in shown["rules"]}


# ---- evidence ----


def test_a_cut_signal_shows_what_it_was(ws):
    terms = [{"feature": name, "weight": weight, "scale": "unit"} for name, weight in zip(RUBRIC, (6, 2, 1, 1))]
    use_model(ws, kind="weighted_sum", terms=terms, max_influence=0.3)
    ws.push([item("1", features=rubric(3, 3, 1, 1))])
    shown = explanation(ws, "1")
    impact, confidence = (parts_of(shown)[name] for name in RUBRIC[:2])
    assert (impact["own"], impact["contribution"], impact["clip"]) == (6, 3, "signal") and "group" not in impact
    assert (confidence["own"], confidence["contribution"], confidence["clip"]) == (2, 2, "none")
    assert "cut by max_influence to 3" in impact["text"]
    assert shown["sum"] == shown["base_score"] == shown["score"] == 5


def test_claims_of_one_principal_are_one_group(ws):
    terms = [{"feature": name, "weight": 2, "scale": "unit"} for name in RUBRIC]
    use_model(ws, kind="weighted_sum", terms=terms, max_influence=0.25)
    claim = {"value": 3, "evidence": "asserted"}
    ws.push([item("1", features={RUBRIC[0]: claim, RUBRIC[1]: claim, RUBRIC[2]: 3})])
    shown = explanation(ws, "1")
    first, second, third = (parts_of(shown)[name] for name in RUBRIC[:3])
    assert first["clip"] == second["clip"] == "principal" and first["group"] == second["group"] == RUBRIC[0]
    assert (first["contribution"], second["contribution"], third["contribution"]) == (2, 0, 2)
    assert first["own"] == second["own"] == 2 and f"counted with {RUBRIC[0]}" in second["text"]
    total = 0.0
    for part in shown["contributions"]:
        total += part["contribution"]
    assert total == shown["sum"] == shown["base_score"] == 4


def test_terms_of_a_team_are_shown_to_its_items_alone(ws):
    terms = [{"feature": "user_impact", "weight": 2, "scale": "unit"}]
    team = {"team": "ops", "share": 0.5, "terms": [{"feature": "cost_of_delay", "weight": 5, "scale": "unit"}]}
    use_model(ws, kind="weighted_sum", terms=terms, teams=[team])
    ws.push([item(name, team=name, features=rubric(3, delay=3)) for name in ("ops", "web")])
    ours, theirs = explanation(ws, "ops"), explanation(ws, "web")
    assert [part["feature"] for part in theirs["contributions"]] == ["user_impact"]
    part = parts_of(ours)["cost_of_delay"]
    assert (part["own"], part["contribution"], part["clip"]) == (5, 1, "team")
    assert (ours["sum"], theirs["sum"]) == (3, 2)
    assert len(fresh(ws, "/queue")["entries"][0]["reasons"]) == 2


def test_an_expression_shows_its_tree(ws):
    use_model(ws, kind="expression", expression="user_impact * 2 + cost_of_delay")
    ws.push([item("1", features=rubric(3)), item("2", features=rubric(1, delay=2))])
    shown = explanation(ws, "1")
    assert "contributions" not in shown and "sum" not in shown
    root, *rest = shown["tree"]
    assert root["depth"] == 0 and root["value"] == shown["base_score"] == 7 and root["highest"] == 9
    assert [node["depth"] for node in shown["tree"]] == [0, 1, 2, 2, 1]
    inputs = {node["feature"]: node for node in rest if "feature" in node}
    assert inputs["user_impact"]["value"] == 3 and not inputs["user_impact"]["assumed"]
    assert inputs["cost_of_delay"]["assumed"] and inputs["cost_of_delay"]["highest"] == 3
    reasons = ws.queue()["entries"][0]["reasons"]
    assert reasons == ["user_impact 3", "cost_of_delay unknown, counted as 1"], "the model's constant is none"


def test_words_of_a_tree_are_words(ws):
    """Not the numbers that this daemon has for them, which depend on what it met first."""
    ws.push([item("0", stream="incident", team="zebra", source="other")])
    use_model(
        ws,
        kind="expression",
        expression='user_impact + if(stream == "incident", 2, 0) + if(team == "never met", 1, 0)',
    )
    ws.push([item("1", stream="incident", features=rubric(3)), item("2", team="t", features=rubric(1))])
    words = lambda shown: {node["label"]: node["word"] for node in shown["tree"] if "word" in node}
    texts = lambda shown: [node["word"] for node in shown["tree"] if node["label"] == "text"]
    shown = explanation(ws, "1")
    assert words(shown) == {"stream": "incident", "team": None, "text": "never met"}
    assert texts(shown) == ["incident", "never met"]
    assert all(node[k] is None for node in shown["tree"] if "word" in node for k in ("value", "lowest", "highest"))
    other = explanation(ws, "2")
    assert words(other)["stream"] == "engineering_bug" and words(other)["team"] == "t"
    assert ws.queue()["entries"][0]["reasons"] == ["user_impact 3", "stream incident"]
    scored = ws.post("/scores", 200, json=item("3", team="t", features=rubric(2))).json()["results"][0]
    assert words(scored) == {"stream": "engineering_bug", "team": "t", "text": "never met"}


def test_a_table_shows_its_rule_and_categories(ws):
    body = {
        "name": "patching",
        "kind": "decision_table",
        "inputs": [{"feature": "exploitation"}, {"feature": "system_exposure"}],
        "outcomes": ["act", "attend", "track"],
        "rules": [
            {"when": {"exploitation": "active"}, "then": "act"},
            {"when": {"exploitation": "public poc", "system_exposure": "open"}, "then": "attend"},
            {"when": {"exploitation": "public poc", "system_exposure": ["small", "controlled"]}, "then": "track"},
            {"when": {"exploitation": "none"}, "then": "track"},
        ],
    }
    ws.promote(ws.post("/models", 201, json=body).json()["version"])
    ws.push([item("1", features={"exploitation": "public poc"})])
    shown = explanation(ws, "1")
    root, rule, *inputs = shown["tree"]
    assert root["label"] == "track" == shown["band"] and (rule["label"], rule["value"]) == ("rule", 3)
    assert {node["feature"]: node.get("category") for node in inputs}["exploitation"] == "public poc"
    assert inputs[1]["assumed"] and shown["range"] == {"lowest": 1, "highest": 2}
    assert ws.queue()["entries"][0]["reasons"][:2] == ["rule 3", "exploitation public poc"]


def test_a_blend_shows_its_models(ws):
    second = ws.post(
        "/models", 201, json={"name": "late", "kind": "expression", "expression": "cost_of_delay", "bands": BANDS}
    ).json()["version"]
    parts = [{"model": 1, "weight": 1}, {"model": second, "weight": 2}]
    use_model(
        ws, kind="blend", rule="weighted", components=parts, bands=[{"name": "top", "at_least": 2}, {"name": "rest"}]
    )
    ws.push([item("1", features=rubric(3, 3, 3, 3))])
    shown = explanation(ws, "1")
    models = [node for node in shown["tree"] if "model" in node]
    assert [(node["depth"], node["label"], node["model"]["version"]) for node in models] == [
        (1, "unit", 1),
        (1, "unit", second),
    ]
    read = [node["feature"] for node in shown["tree"] if "feature" in node]
    assert read == [*RUBRIC, "cost_of_delay"], "each component names its own inputs"
    assert shown["score"] == 3 and len(ws.queue()["entries"][0]["reasons"]) == 3


def test_a_pareto_model_says_that_its_ranges_are_outer(ws):
    inputs = [{"feature": "user_impact"}, {"feature": "cost_of_delay"}]
    use_model(ws, kind="pareto", objectives=inputs, place="weights", bands=[{"name": "all"}])
    ws.push(
        [item("1", features=rubric(3, delay=1)), item("2", features=rubric(1)), item("3", features=rubric(2, delay=1))]
    )
    shown = explanation(ws, "1")
    labels = [node["label"] for node in shown["tree"]]
    assert labels[0] == "pareto" and "front" in labels and labels.count("objective") == 2
    assert shown["rank_range"]["exact"] is False


# ---- ranges ----


def test_rank_ranges_are_those_of_enumeration(ws, rng):
    """Best: everyone else at their worst. Worst: everyone else at their best. By score, then by who was first."""
    items = [item(i, features=rubric(*(rng.choice((1, 2, 3, None)) for _ in range(4)))) for i in range(25)]
    for each in items:
        ws.push([each])
    entries = {int(entry["external_id"]): entry["range"] for entry in ws.whole_queue()}
    enforce(ws, labelled("unused", "exclude"))
    for i in rng.sample(range(25), 6):
        mine = entries[i]
        best = 1 + sum((-o["lowest"], n) < (-mine["highest"], i) for n, o in entries.items() if n != i)
        worst = 1 + sum((-o["highest"], n) < (-mine["lowest"], i) for n, o in entries.items() if n != i)
        shown = explanation(ws, i)
        assert shown["rank_range"] == {"best": best, "worst": worst, "exact": True}
        assert best <= shown["rank"] <= worst
        assert ("could stand at rank" in shown["text"]) == (best != worst)


# ---- policy ----


def test_every_rule_that_hits_says_what_it_did(ws):
    version = enforce(
        ws,
        labelled("look", "hold"),
        labelled("first", "pin_top"),
        labelled("up", "at_least_band", band="next_sprint"),
        labelled("floor", "at_least_band", band="icebox"),
        labelled("down", "at_most_band", band="ready"),
        labelled("lower", "not_above", rank=2),
        labelled("few", "limit", at_most=3, top=5),
        labelled("else", "exclude"),
    )
    ws.push([scored("a", 9, labels=["look", "first", "up", "floor", "few"]), scored("b", 22, labels=["down", "lower"])])
    ws.push([scored("c", 20, labels=["up", "down"]), scored("plain", 23)])
    a, b, c, plain = (explanation(ws, name) for name in ("a", "b", "c", "plain"))
    assert a["policy"] == {"version": version, "name": "rules of a test"}
    assert did(a) == {"look": "held", "first": "pinned", "up": "raised_band", "floor": "nothing", "few": "counted"}
    assert (a["rank"], a["band"], a["held"], a["pinned"], a["out"]) == (1, "next_sprint", True, True, None)
    assert a["band_by"] == {"what": "rule", "rule": {"id": "up", "reason": "Because of up."}}
    assert "Pinned to the top by the rule first: Because of first." in a["text"] and "Rank 1 of 4" in a["text"]
    assert did(b) == {"down": "lowered_band", "lower": "bounds_rank"} and b["band_by"]["rule"]["id"] == "down"
    assert did(c) == {"up": "nothing", "down": "lowered_band"}
    assert plain["rules"] == [] and plain["band_by"] == {"what": "score"} and not plain["held"]


def test_a_raised_band_that_another_rule_takes_back(ws):
    enforce(
        ws,
        labelled("up", "at_least_band", "x", band="next_sprint"),
        labelled("down", "at_most_band", "x", band="ready"),
    )
    ws.push([scored("1", 8, labels=["x"])])
    shown = explanation(ws, "1")
    assert did(shown) == {"up": "yielded", "down": "lowered_band"} and shown["band"] == "ready"


def test_a_rule_that_nothing_else_could_keep_is_broken(ws):
    enforce(ws, labelled("late", "not_above", rank=3))
    ws.push([scored("only", 20, labels=["late"])])
    shown = explanation(ws, "only")
    assert shown["rank"] == 1 and did(shown) == {"late": "broken"} and "breaks the rule late" in shown["text"]


def test_what_a_rule_takes_out_is_explained(ws):
    until = "2099-01-01T00:00:00Z"
    enforce(ws, labelled("no", "exclude", "x", until=until), labelled("top", "pin_top", "x"))
    ws.push([scored("1", 20, labels=["x"])])
    shown = explanation(ws, "1")
    assert shown["ranked"] is False and shown["rank"] is None
    assert did(shown) == {"no": "took_out", "top": "nothing"} and shown["pinned"] is False
    assert shown["out"]["by"] == {"rule": "no", "effect": "exclude"}
    assert shown["out"]["reason"] == "Because of no." and shown["out"]["until"] == "2099-01-01T00:00:00Z"
    assert shown["why_not_ranked"] == "Not ranked: excluded by the rule no: Because of no. (until 2099-01-01T00:00:00Z)"
    assert shown["base_score"] == 20 and shown["rank_range"] == {"best": 1, "worst": 1, "exact": True}


# ---- overrides ----


def test_boosts_are_added_to_the_base_score(ws):
    ws.push([scored("1", 12), scored("2", 15)])
    first, second = override(ws, "1", "boost", delta=4.5), override(ws, "1", "boost", delta=3)
    shown = explanation(ws, "1")
    assert (shown["base_score"], shown["sum"], shown["score"]) == (12, 12, 19.5)
    assert shown["boosts"] == [{"override": first["id"], "delta": 4.5}, {"override": second["id"], "delta": 3}]
    assert shown["band"] == "next_sprint" and shown["band_by"] == {"what": "boost"}
    assert "12 by the model, the rest by boosts" in shown["text"]
    assert [each["effect"]["fate"] for each in shown["overrides"]] == ["applied", "applied"]


def test_a_band_by_a_person_and_one_by_a_rule(ws):
    ws.push([scored("1", 12, labels=["down"])])
    made = override(ws, "1", "band", band="next_sprint")
    shown = explanation(ws, "1")
    assert shown["band_by"] == {"what": "override", "override": made["id"]} and shown["band"] == "next_sprint"
    enforce(ws, labelled("down", "at_most_band", band="ready"))
    shown = explanation(ws, "1")
    assert shown["band_by"]["what"] == "rule" and shown["band"] == "ready"
    (told,) = shown["overrides"]
    assert told["effect"]["fate"] == "defeated" and told["effect"]["by"]["rule"]["id"] == "down"
    assert "defeated by the rule down" in shown["text"] and "justification" not in told


def test_what_a_person_takes_out_is_explained(ws):
    ws.push([scored("1", 20), scored("2", 20)])
    away, later = override(ws, "1", "exclude"), override(ws, "2", "defer")
    for name, made, kind in (("1", away, "exclude"), ("2", later, "defer")):
        out = explanation(ws, name)["out"]
        assert out["by"] == {"override": made["id"], "kind": kind} and out["reason"] is None
        assert out["until"] == made["expires_at"]
    assert "deferred by an override" in explanation(ws, "2")["why_not_ranked"]


def test_a_finished_item_has_no_rank_range(ws):
    ws.push([scored("1", 20, status="done")])
    shown = explanation(ws, "1")
    assert shown["rank_range"] is None and shown["out"] is None and "done" in shown["why_not_ranked"]
    assert shown["band_by"] is None


def test_blockers_that_are_out_say_so(ws):
    enforce(ws, labelled("no", "exclude"))
    ws.push([scored("gone", 9, labels=["no"]), scored("later", 9), scored("going", 9, status="in_progress")])
    ws.push([scored("1", 20, blocked_by=["gone", "later", "going", "nowhere"])])
    override(ws, "later", "defer")
    states = {each["external_id"]: each["state"] for each in explanation(ws, "1")["order"]["blocked_by"]}
    assert states == {"gone": "excluded", "later": "deferred", "going": "in_progress", "nowhere": "missing"}


def test_what_gave_an_item_its_place(ws):
    enforce(ws, labelled("first", "pin_top"))
    ws.push([scored("a", 9, labels=["first"]), scored("b", 8), scored("c", 20), scored("d", 15, blocked_by=["e"])])
    ws.push([scored("e", 9)])
    override(ws, "b", "pin", rank=3)
    told = {name: explanation(ws, name)["order"]["text"] for name in "abce"}
    assert told["a"].startswith("It is pinned to the top") and told["b"] == "An override puts it here."
    assert told["c"].startswith("Its place is by its own") and "urgency of d" in told["e"]


def test_it_is_of_the_ranking_that_it_names(ws):
    ws.push([scored("1", 20)])
    path = f"/items/{item_id(ws, '1')}/explanation"
    first = ws.get(path, params={"min_revision": ws.revision()})
    assert first.json()["ranking"] in first.headers["ETag"]
    ws.get(path, 304, headers={"If-None-Match": first.headers["ETag"]})
    ws.get("/items/00000000-0000-0000-0000-000000000000/explanation", 404)
    assert problem_pointers(ws.get(path, 422, params={"minimum": 1})) == ["/query/minimum"]
