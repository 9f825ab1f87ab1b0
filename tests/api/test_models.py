"""Models: immutable versions behind aliases; checked as a whole; promoted and rolled back in revisions."""

import threading

import pytest

from support.client import problem_pointers
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
    answer = ws.post(
        "/models",
        422,
        json={
            "name": "",
            "kind": "magic",
            "surprise": 1,
            "terms": [
                {"feature": "nonsense", "weight": 1},
                {"feature": "user_impact", "weight": -1, "scale": "log"},
                {"feature": "owners", "weight": 1},
                {"weight": 1},
            ],
            "bands": [{"name": "a", "at_least": 1}, {"name": "b", "at_least": 2}, {"name": "a"}],
        },
    )
    pointers = set(problem_pointers(answer))
    wanted = {
        "/name",
        "/kind",
        "/surprise",
        "/terms/0/feature",
        "/terms/1/weight",
        "/terms/1/scale",
        "/terms/2/feature",
        "/terms/3/feature",
    }
    assert wanted - pointers == set()
    assert any(pointer.startswith("/bands/") for pointer in pointers)


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


def test_sensitive_features_cannot_be_in_a_model(ws):
    ws.put_feature("salary_cost", sensitive=True)
    assert problem_pointers(made(ws, 422, terms=[{"feature": "salary_cost", "weight": 1}])) == ["/terms/0/feature"]


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
