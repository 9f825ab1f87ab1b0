"""Models: immutable versions behind aliases; checked as a whole; promoted and rolled back in revisions."""

import csv
import re
import threading

import pytest

from support import places
from support.client import problem_pointers, the_contract
from support.workspace import item, rubric

SIMPLE = {
    "name": "impact_only",
    "kind": "weighted_sum",
    "terms": [{"feature": "user_impact", "weight": 2, "scale": "value", "unknown": "span"}],
    "bands": [{"name": "now", "at_least": 5}, {"name": "later"}],
}


def made(ws, expect=201, **changes):
    return ws.post("/models", expect, json={**SIMPLE, **changes})


def test_the_shipped_rubric(ws):
    model = ws.get("/models/1").json()
    assert (model["name"], model["kind"], model["version"]) == ("triage_rubric", "weighted_sum", 1)
    assert [(t["feature"], t["weight"], t["scale"]) for t in model["terms"]] == [
        ("user_impact", 3, "value"),
        ("fix_confidence", 2, "value"),
        ("reversibility", 2, "value"),
        ("cost_of_delay", 1, "value"),
    ]
    assert [(b["name"], b.get("at_least")) for b in model["bands"]] == [
        ("next_sprint", 18),
        ("ready", 12),
        ("icebox", None),
    ]
    assert ws.get("/aliases/active").json()["model"] == 1


def test_versions_are_immutable_and_numbered(ws):
    answer = made(ws)
    assert answer.json()["version"] == 2 and answer.headers["Location"] == f"{ws.prefix}/models/2"
    assert made(ws, name="other").json()["version"] == 3
    assert [m["version"] for m in ws.get("/models").json()["models"]] == [3, 2, 1]
    assert ws.get("/models/2").json() == answer.json()
    for method in ("PUT", "PATCH", "DELETE"):
        ws.request(method, "/models/2", 405)


def test_the_same_model_again_is_the_version_that_it_is(ws):
    first = made(ws).json()
    before = ws.revision()
    again = made(ws, 200).json()
    assert again == first and ws.revision() == before
    reordered = {key: SIMPLE[key] for key in reversed(SIMPLE)}
    reordered["terms"] = [{**SIMPLE["terms"][0], "weight": 2.0}]
    assert ws.post("/models", 200, json=reordered).json()["version"] == first["version"]


@pytest.mark.parametrize("version", ["0", "2", "99999999999999999999", "-1", "x", "1.0", "active"])
def test_unknown_versions_are_404_never_a_fallback(ws, version):
    ws.get(f"/models/{version}", 404)


def test_etag_of_a_version_never_changes(ws):
    tag = ws.etag("/models/1")
    made(ws)
    ws.get("/models/1", 304, headers={"If-None-Match": tag})


def test_promote_and_roll_back(ws):
    ws.push([item("a", features=rubric(3, 1, 1, 1)), item("b", features=rubric(1, 3, 3, 3))])
    assert [e["external_id"] for e in ws.queue()["entries"]] == ["b", "a"]
    made(ws)
    assert [e["external_id"] for e in ws.queue()["entries"]] == ["b", "a"], "a version alone changes nothing"

    before = ws.revision()
    assert ws.promote(2) == {**ws.get("/aliases/active").json(), "name": "active", "model": 2, "revision": before + 1}
    queue = ws.queue()
    assert queue["model"] == {"version": 2, "name": "impact_only"}
    assert [(e["external_id"], e["score"], e["band"]) for e in queue["entries"]] == [("a", 6, "now"), ("b", 2, "later")]

    ws.promote(1)
    assert [e["external_id"] for e in ws.queue()["entries"]] == ["b", "a"] and ws.queue()["model"]["version"] == 1
    actions = [r["action"] for r in ws.records(after=before)]
    assert len(actions) == 2 and all("alias" in action for action in actions)


def test_candidate(ws):
    made(ws)
    ws.get("/aliases/candidate", 404)
    ws.put("/aliases/candidate", 201, json={"model": 2}, headers={"If-None-Match": "*"})
    ws.put("/aliases/candidate", 412, json={"model": 2}, headers={"If-None-Match": "*"})
    assert ws.get("/models").json()["aliases"] == {"active": 1, "candidate": 2}
    assert ws.queue()["model"]["version"] == 1
    ws.promote(1, "candidate")


def test_alias_faults(ws):
    tag = {"If-Match": ws.etag("/aliases/active")}
    for body, pointer in (
        ({"model": 2}, "/model"),
        ({"model": 0}, "/model"),
        ({"model": "1"}, "/model"),
        ({"model": 1.5}, "/model"),
        ({}, "/model"),
        ({"model": 1, "x": 1}, "/x"),
    ):
        assert problem_pointers(ws.put("/aliases/active", 422, json=body, headers=tag)) == [pointer], body
    for name in ("production", "ACTIVE", "a b"):
        ws.get(f"/aliases/{name}", 404)
        ws.put(f"/aliases/{name}", (404, 422), json={"model": 1}, headers={"If-None-Match": "*"})


def test_all_faults_of_a_model_at_once(ws):
    body = {
        "name": "",
        "kind": "weighted_sum",
        "surprise": 1,
        "terms": [
            {"feature": "nonsense", "weight": 1},
            {"feature": "user_impact", "weight": -1, "scale": "log"},
            {"feature": "owners", "weight": 1},
            {"weight": 1},
        ],
        "bands": [{"name": "a", "at_least": 1}, {"name": "b", "at_least": 2}, {"name": "a"}],
    }
    pointers = set(problem_pointers(ws.post("/models", 422, json=body)))
    wanted = {
        "/name",
        "/surprise",
        "/terms/0/feature",
        "/terms/1/weight",
        "/terms/1/scale",
        "/terms/2/feature",
        "/terms/3/feature",
    }
    assert wanted - pointers == set()
    assert any(pointer.startswith("/bands/") for pointer in pointers)
    del body["kind"]
    assert (wanted | {"/kind"}) - set(problem_pointers(ws.post("/models", 422, json=body))) == set()


def test_of_an_unknown_kind_only_what_all_share_can_be_judged(ws):
    faulty = made(ws, 422, kind="magic", name="", bands=[{"name": "a"}, {"name": "b"}], surprise=1)
    pointers = problem_pointers(faulty)
    assert {"/kind", "/name", "/bands/0/at_least"} <= set(pointers), pointers
    assert "decision_table" in detail_at(faulty, "/kind")


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"terms": []}, "/terms"),
        ({"terms": None}, "/terms"),
        ({"bands": []}, "/bands"),
        ({"bands": [{"name": "a", "at_least": 1}]}, "/bands"),
        ({"bands": [{"name": "a"}, {"name": "b"}]}, "/bands"),
        ({"bands": [{"name": "", "at_least": 1}, {"name": "b"}]}, "/bands/0/name"),
        ({"bands": [{"name": "a", "at_least": 1}, {"name": "b", "at_least": 1}, {"name": "c"}]}, "/bands/1/at_least"),
        ({"bands": [{"name": "a", "at_least": "x"}, {"name": "b"}]}, "/bands/0/at_least"),
        ({"terms": [{"feature": "user_impact", "weight": "3"}]}, "/terms/0/weight"),
        ({"terms": [{"feature": "user_impact"}]}, "/terms/0/weight"),
        ({"terms": [{"feature": "user_impact", "weight": 1, "unknown": "zero"}]}, "/terms/0/unknown"),
        ({"terms": [{"feature": "user_impact", "weight": 1, "unknown": "default"}]}, "/terms/0/default"),
        ({"terms": [{"feature": "user_impact", "weight": 1, "unknown": "default", "default": 9}]}, "/terms/0/default"),
        (
            {"terms": [{"feature": "user_impact", "weight": 1}, {"feature": "user_impact", "weight": 1}]},
            "/terms/1/feature",
        ),
        ({"terms": [{"feature": "regulatory_due", "weight": 1}]}, "/terms/0/feature"),
        ({"version": 7}, "/version"),
        ({"terms": [{"feature": "user_impact", "weight": 1e309}]}, None),
        ({"name": "x" * 300}, "/name"),
    ],
)
def test_model_faults(ws, change, pointer):
    before = ws.revision()
    if pointer is None:
        ws.post(
            "/models",
            400,
            data=b'{"name":"x","kind":"weighted_sum","terms":[{"feature":"user_impact","weight":1e309}],"bands":[{"name":"a"}]}',
            headers={"Content-Type": "application/json"},
        )
    else:
        pointers = problem_pointers(made(ws, 422, **change))
        assert any(found == pointer or found.startswith(pointer) for found in pointers), pointers
    assert ws.revision() == before


def test_unbounded_features_cannot_be_in_a_model(ws):
    ws.put(
        "/features/endless",
        201,
        json={"type": "number", "family": "effort", "description": "x"},
        headers={"If-None-Match": "*"},
    )
    assert problem_pointers(made(ws, 422, terms=[{"feature": "endless", "weight": 1}])) == ["/terms/0/feature"]


def test_a_model_keeps_the_definition_that_it_was_checked_against(ws):
    """Wider bounds of a feature move no old score; a new version of the model has them."""
    ws.put_feature("confusion", bounds={"lower": 0, "upper": 10})
    terms = [{"feature": "confusion", "weight": 10, "scale": "unit", "unknown": "span"}]
    version = made(ws, terms=terms).json()["version"]
    ws.promote(version)
    ws.push([item("1", features={"confusion": 5})])
    assert ws.queue()["entries"][0]["score"] == 5

    feature = ws.get("/features/confusion")
    body = {k: v for k, v in feature.json().items() if k not in ("name", "id", "revision")}
    ws.put(
        "/features/confusion",
        200,
        json={**body, "bounds": {"lower": 0, "upper": 100}},
        headers={"If-Match": feature.headers["ETag"]},
    )
    assert ws.queue()["entries"][0]["score"] == 5
    newer = made(ws, terms=terms).json()["version"]
    assert newer == version + 1, "the same text against other definitions is another version"
    ws.promote(newer)
    assert ws.queue()["entries"][0]["score"] == pytest.approx(0.5)


def test_concurrent_promotions(ws):
    made(ws)
    tag, statuses = ws.etag("/aliases/active"), []

    def promote():
        statuses.append(
            ws.at(ws.url).put("/aliases/active", (200, 412), json={"model": 2}, headers={"If-Match": tag}).status_code
        )

    threads = [threading.Thread(target=promote) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(statuses) == [200] + [412] * 7


def test_every_reader_sees_weights_and_formula(ws):
    for role in ("reader", "reviewer", "admin", "auditor"):
        model = ws.as_role(role).get("/models/1").json()
        assert [t["weight"] for t in model["terms"]] == [3, 2, 2, 1]


# ---- every kind ----

BANDS = [{"name": "next_sprint", "at_least": 2}, {"name": "icebox"}]
KINDS = {
    "weighted_sum": {
        "terms": [
            {"feature": "user_impact", "weight": 3, "scale": "value"},
            {"feature": "effort", "weight": 2, "unknown": "default", "default": 10},
        ],
        "max_influence": 0.9,
        "teams": [{"team": "search", "share": 0.1, "terms": [{"feature": "eval_regression", "weight": 1}]}],
    },
    "expression": {"expression": "user_impact / max(effort, 1)", "inputs": [{"feature": "effort"}]},
    "decision_table": {
        "inputs": [{"feature": "exploitation", "unknown": "exclude"}],
        "outcomes": ["now", {"name": "soon", "score": 1.5}, "never"],
        "rules": [
            {"when": {"exploitation": "active"}, "then": "now"},
            {"when": {"exploitation": "public poc"}, "then": "soon"},
            {"when": {"exploitation": ["none"]}, "then": "never"},
        ],
    },
    "pareto": {
        "objectives": [{"feature": "user_impact", "weight": 2}, {"feature": "effort", "goal": "minimise"}],
        "place": "chebyshev",
        "reference": {"effort": 10},
    },
    "pairwise": {"unknown": "average"},
    "blend": {"rule": "weighted", "components": [{"model": 1, "weight": 2}, {"model": 2, "weight": 1}]},
}
# exact, relative, timed; score and band of the best of the two items.
TRAITS = {
    "weighted_sum": (True, False, False),
    "expression": (True, False, False),
    "decision_table": (True, False, False),
    "pareto": (False, True, False),
    "pairwise": (True, False, False),
    "blend": (True, False, False),
}
BEST = {
    "weighted_sum": ("big", None),
    "expression": ("big", 1.5),
    "decision_table": ("big", 3),
    "pareto": ("big", None),
    "pairwise": ("big", 0.5),
    "blend": ("big", None),
}


def of_kind(ws, kind, expect=201, **changes):
    return ws.post("/models", expect, json={"name": kind, "kind": kind, "bands": BANDS, **KINDS[kind], **changes})


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_each_kind(ws, kind):
    made(ws)
    ws.push(item("big", features={"user_impact": 3, "effort": 2, "exploitation": "active"}))
    ws.push(item("small", features={"user_impact": 1, "effort": 20, "exploitation": "none"}))
    model = of_kind(ws, kind).json()
    assert (model["exact"], model["relative"], model["timed"]) == TRAITS[kind]
    assert (
        model["formula"]
        and ws.get(f"/models/{model['version']}").json() == model == ws.get("/models").json()["models"][0]
    )
    assert of_kind(ws, kind, 200).json() == model
    ws.promote(model["version"])
    queue = ws.queue()
    first, score = BEST[kind]
    assert queue["model"] == {"version": model["version"], "name": kind}
    assert [entry["external_id"] for entry in queue["entries"]] == [first, "small"]
    assert score is None or queue["entries"][0]["score"] == score
    assert ws.queue()["entries"] == queue["entries"]


def test_the_contracts_examples_can_be_posted(ws):
    for method, path, operation in the_contract().operations():
        if operation["operationId"] != "createModel":
            continue
        examples = operation["requestBody"]["content"]["application/json"]["examples"]
        kinds = {ws.post("/models", 201, json=example["value"]).json()["kind"] for example in examples.values()}
    assert kinds == set(KINDS)


def test_what_weighted_sums_grew_is_shown(ws):
    model = of_kind(ws, "weighted_sum").json()
    assert model["max_influence"] == 0.9
    assert [(team["team"], team["share"]) for team in model["teams"]] == [("search", 0.1)]
    assert model["teams"][0]["terms"][0]["feature"] == "eval_regression"
    assert (model["lowest"], model["highest"]) == (ws.get("/models/2").json()["lowest"], model["highest"])


def test_a_table_shows_rules_and_outcomes(ws):
    model = of_kind(ws, "decision_table", bands=None).json()
    assert model["outcomes"] == [
        {"name": "now", "score": 3},
        {"name": "soon", "score": 1.5},
        {"name": "never", "score": 1},
    ]
    assert model["rules"][1] == {"when": {"exploitation": ["public poc"]}, "then": "soon"}
    assert [band["name"] for band in model["bands"]] == ["now", "soon", "never"]


def test_a_table_of_csv(ws):
    text = "row,Reach,Automatable v2.0.0,Decision\n" + "".join(
        f"{n},{reach},{auto},{'act' if reach == 'open' else 'attend'}\n"
        for n, (reach, auto) in enumerate((r, a) for r in ("small", "controlled", "open") for a in ("no", "yes"))
    )
    body = {"name": "t", "kind": "decision_table", "outcomes": ["act", "attend"], "csv": text}
    model = ws.post("/models", 201, json={**body, "columns": {"Reach": "system_exposure"}}).json()
    assert [inputs["feature"] for inputs in model["inputs"]] == ["system_exposure", "automatable"]
    assert len(model["rules"]) == 6 and "csv" not in model
    holed = text.replace("0,small,no,attend\n", "")
    answer = ws.post("/models", 422, json={**body, "csv": holed, "columns": {"Reach": "system_exposure"}})
    assert problem_pointers(answer) == ["/csv"] and "small" in answer.json()["detail"]
    unknown = ws.post("/models", 422, json={**body, "csv": text.replace("Reach", "Extent")})
    assert problem_pointers(unknown) == ["/csv"] and "Extent" in unknown.json()["detail"]


def detail_at(answer, pointer):
    return " ".join(fault["detail"] for fault in answer.json()["errors"] if fault["pointer"][1:].startswith(pointer))


@pytest.mark.parametrize(
    "kind, changes, pointer, words",
    [
        ("weighted_sum", {"terms": [{"feature": "user_impact", "weight": 0}]}, "/terms", ["0"]),
        ("weighted_sum", {"max_influence": 0}, "/max_influence", []),
        ("weighted_sum", {"max_influence": 1.5}, "/max_influence", []),
        ("weighted_sum", {"teams": [{"team": "a", "share": 2, "terms": []}]}, "/teams/0/share", []),
        ("weighted_sum", {"expression": "1"}, "/expression", []),
        ("expression", {"expression": "user_impact +\n  * 2"}, "/expression", ["Line 2, column 3"]),
        ("expression", {"expression": "nonsense * 2", "inputs": []}, "/expression", ["nonsense", "column 1"]),
        ("expression", {"expression": ""}, "/expression", []),
        ("expression", {"expression": "(" * 5000, "inputs": []}, "/expression", []),
        ("expression", {"expression": 'user_impact == "x"', "inputs": []}, "/expression", ["Line 1, column 16"]),
        ("expression", {"expression": "user_impact"}, "/inputs/0", []),
        ("decision_table", {"rules": KINDS["decision_table"]["rules"][1:]}, "/rules", ["active"]),
        (
            "decision_table",
            {"rules": KINDS["decision_table"]["rules"] + [{"when": {"exploitation": "none"}, "then": "now"}]},
            "/rules",
            ["none"],
        ),
        ("decision_table", {"inputs": [{"feature": "user_impact"}], "rules": []}, "/inputs/0", []),
        ("decision_table", {"csv": "a,b\n"}, "/", []),
        ("pareto", {"objectives": [{"feature": "user_impact"}]}, "/objectives", []),
        (
            "pareto",
            {"objectives": [{"feature": "nonsense"}, {"feature": "effort"}]},
            "/objectives/0/feature",
            ["nonsense"],
        ),
        ("pareto", {"reference": {"severity": 1}}, "/reference", []),
        ("pairwise", {"unknown": "span"}, "/unknown", []),
        ("blend", {"components": [{"model": 1, "weight": 1}]}, "/components", []),
        (
            "blend",
            {"components": [{"model": 1, "weight": 1}, {"model": 99, "weight": 1}]},
            "/components/1/model",
            ["99"],
        ),
        ("blend", {"components": [{"model": 1, "weight": 0}, {"model": 2, "weight": 1}]}, "/components/0/weight", []),
    ],
)
def test_faults_of_each_kind(ws, kind, changes, pointer, words):
    made(ws)
    before = ws.revision()
    answer = of_kind(ws, kind, 422, **changes)
    pointers = problem_pointers(answer)
    assert any(found.startswith(pointer) for found in pointers), pointers
    assert all(word in detail_at(answer, pointer) for word in words), answer.json()["errors"]
    assert ws.revision() == before, "nothing is stored"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_json_has_no_such_number(ws, number):
    before = ws.revision()
    body = '{"name":"x","kind":"weighted_sum","terms":[{"feature":"user_impact","weight":%s}],"bands":[{"name":"a"}]}'
    ws.post("/models", 400, data=(body % number).encode(), headers={"Content-Type": "application/json"})
    assert ws.revision() == before


def test_a_blend_of_a_blend(ws):
    made(ws)
    of_kind(ws, "blend")
    answer = of_kind(ws, "blend", 422, components=[{"model": 1, "weight": 1}, {"model": 3, "weight": 1}])
    assert problem_pointers(answer) == ["/components/1/model"]


# ---- published tables ----

SSVC = [
    ("deployer_patch_application_priority_1_0_0.csv", 72, "immediate,out-of-cycle,scheduled,defer"),
    ("supplier_patch_development_priority_1_0_0.csv", 36, "immediate,out-of-cycle,scheduled,defer"),
]


@pytest.mark.parametrize("name, rows, outcomes", SSVC, ids=["deployer", "supplier"])
def test_ssvc_as_it_is_published(ws, name, rows, outcomes):
    """Each row of the table, as an item, gets the outcome that the row publishes."""
    folder = places.real_data()
    if not folder or not (folder / "ssvc" / name).is_file():
        pytest.skip("the tables of SSVC are not beside the checkout (WINNOW_SHARED_DATA)")
    text = (folder / "ssvc" / name).read_text()
    header, *lines = csv.reader(text.splitlines())
    columns = [re.sub(r" v[\d.]+$", "", title).lower().replace(" ", "_") for title in header[1:-1]]
    types = {feature["name"]: feature["type"] for feature in ws.get("/features").json()["features"]}

    def value(column, word):
        return word.lower() == "yes" if types[column] == "boolean" else word

    body = {"name": "ssvc", "kind": "decision_table", "outcomes": outcomes.split(","), "csv": text}
    ws.promote(ws.post("/models", 201, json=body).json()["version"])
    ws.push(
        [
            item(line[0], features={column: value(column, word) for column, word in zip(columns, line[1:])})
            for line in lines
        ]
    )
    bands = {entry["external_id"]: entry["band"] for entry in ws.whole_queue(limit=50)}
    assert len(lines) == rows and bands == {line[0]: line[-1] for line in lines}
