"""Vocabularies, feature definitions, mappings: versions, checks, who sees what."""

import pytest

from support.client import problem_pointers
from support.workspace import item, value_of


# ---- settings ----


def test_replacing_the_vocabularies(ws):
    before = ws.get("/settings")
    body = {
        "streams": ["alpha", "beta"],
        "kinds": ["thing", "other"],
        "statuses": [
            {"name": "new", "class": "todo"},
            {"name": "doing", "class": "active"},
            {"name": "gone", "class": "dropped"},
        ],
    }
    after = ws.put("/settings", 200, json=body, headers={"If-Match": before.headers["ETag"]})
    assert {key: after.json()[key] for key in body} == body
    assert (
        ws.get("/settings").json() == after.json()
        and ws.etag("/settings") == after.headers["ETag"] != before.headers["ETag"]
    )
    stored = ws.item(ws.push(item("1", stream="beta"))["results"][0]["id"])
    assert (stored["kind"], stored["status"]) == ("thing", "new")
    for field, word in (("stream", "incident"), ("kind", "bug"), ("status", "open")):
        assert problem_pointers(ws.push(item("2", stream="beta") | {field: word}, 207)["results"][0]["problem"]) == [
            f"/{field}"
        ]


def test_classes_are_what_ranking_sees(ws):
    ws.put_settings(
        statuses=[
            {"name": "triage", "class": "todo"},
            {"name": "doing", "class": "active"},
            {"name": "shipped", "class": "done"},
            {"name": "wontfix", "class": "dropped"},
        ]
    )
    ws.push([item(name, status=name) for name in ("triage", "doing", "shipped", "wontfix")])
    assert {e["external_id"] for e in ws.queue()["entries"]} == {"triage", "doing"}


def test_a_class_can_change_afterwards(ws):
    ws.put_settings(statuses=[{"name": "open", "class": "todo"}, {"name": "parked", "class": "todo"}])
    ws.push([item("1", status="parked"), item("2", status="open")])
    assert len(ws.queue()["entries"]) == 2
    ws.put_settings(statuses=[{"name": "open", "class": "todo"}, {"name": "parked", "class": "dropped"}])
    assert [e["external_id"] for e in ws.queue()["entries"]] == ["2"]


def test_the_same_settings_again_take_no_revision(ws):
    before = ws.revision()
    ws.put_settings()
    assert ws.revision() == before


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"streams": []}, "/streams"),
        ({"streams": None}, "/streams"),
        ({"streams": "x"}, "/streams"),
        ({"streams": ["a", "a"]}, "/streams/1"),
        ({"streams": [""]}, "/streams/0"),
        ({"streams": ["x" * 256]}, "/streams/0"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": [7]}, "/kinds/0"),
        ({"statuses": []}, "/statuses"),
        ({"statuses": [{"name": "x"}]}, "/statuses/0/class"),
        ({"statuses": [{"class": "todo"}]}, "/statuses/0/name"),
        ({"statuses": [{"name": "x", "class": "open"}]}, "/statuses/0/class"),
        ({"statuses": [{"name": "x", "class": "done"}]}, "/statuses"),
        ({"statuses": [{"name": "x", "class": "todo"}, {"name": "x", "class": "done"}]}, "/statuses/1"),
        ({"teams": []}, "/teams"),
        ({"statuses": [{"name": "x", "class": "todo", "color": "red"}]}, "/statuses/0/color"),
    ],
)
def test_settings_faults(ws, change, pointer):
    answer = ws.get("/settings")
    body = {**{key: answer.json()[key] for key in ("streams", "kinds", "statuses")}, **change}
    pointers = problem_pointers(ws.put("/settings", 422, json=body, headers={"If-Match": answer.headers["ETag"]}))
    assert any(found.startswith(pointer) for found in pointers), pointers


@pytest.mark.parametrize(
    "path, body",
    [
        ("/settings", None),
        ("/features/user_impact", None),
        ("/sources/github/mapping", None),
        ("/aliases/active", {"model": 1}),
    ],
)
def test_preconditions_of_every_document(ws, path, body):
    answer = ws.get(path)
    body = body or answer.json()
    if path == "/settings":
        body = {key: body[key] for key in ("streams", "kinds", "statuses")}
    if path == "/sources/github/mapping":
        body = {key: value for key, value in body.items() if key not in ("format", "revision")}
    ws.put(path, 428, json=body)
    ws.put(path, 412, json=body, headers={"If-Match": '"r0"'})
    ws.put(path, 412, json=body, headers={"If-Match": "W/" + answer.headers["ETag"]})
    ws.put(path, 412, json=body, headers={"If-None-Match": "*"})
    ws.put(path, 422, json={"nonsense": 1}, headers={"If-Match": '"r0"'})
    ws.put(path, 200, json=body, headers={"If-Match": answer.headers["ETag"]})
    ws.get(path, 304, headers={"If-None-Match": ws.etag(path)})


# ---- features ----


def test_a_new_feature(ws):
    before = len(ws.get("/features").json()["features"])
    made = ws.put_feature("confusion", unit="reports", family="demand", bounds={"lower": 0, "upper": 50}).json()
    assert made["id"] == before and made["name"] == "confusion"
    assert ws.get("/features/confusion").json() == made == ws.get("/features").json()["features"][-1]
    assert value_of(ws.item(ws.push(item("1", features={"confusion": 7}))["results"][0]["id"]), "confusion") == 7
    ws.get("/features/nonsense", 404)
    ws.put_feature("confusion", 412)


def test_a_new_version_of_a_feature(ws):
    first = ws.put_feature("confusion", bounds={"lower": 0, "upper": 10})
    body = {**definition(first.json()), "bounds": {"lower": 0, "upper": 20}}
    second = ws.put("/features/confusion", 200, json=body, headers={"If-Match": first.headers["ETag"]})
    assert second.json()["revision"] > first.json()["revision"] and second.json()["id"] == first.json()["id"]
    assert second.json()["bounds"] == {"lower": 0, "upper": 20}
    before = ws.revision()
    ws.put("/features/confusion", 200, json=body, headers={"If-Match": second.headers["ETag"]})
    assert ws.revision() == before, "the same again is no version"
    ws.push(item("1", features={"confusion": 15}))


def definition(feature):
    return {key: value for key, value in feature.items() if key not in ("name", "id", "revision")}


def test_the_type_of_a_feature_stays(ws):
    first = ws.put_feature("confusion")
    body = {"type": "boolean", "family": "effort", "description": "x"}
    assert problem_pointers(
        ws.put("/features/confusion", 422, json=body, headers={"If-Match": first.headers["ETag"]})
    ) == ["/type"]


def test_categories_may_only_grow(ws):
    first = ws.put(
        "/features/size",
        201,
        json={"type": "category", "family": "effort", "description": "x", "categories": ["xl", "m"]},
        headers={"If-None-Match": "*"},
    )
    for bad in (["m", "xl"], ["xl"], ["xl", "s", "m"]):
        ws.put("/features/size", 422, json={**definition(first.json()), "categories": bad}, headers={"If-Match": "*"})
    grown = ws.put(
        "/features/size",
        200,
        json={**definition(first.json()), "categories": ["xl", "m", "s"]},
        headers={"If-Match": "*"},
    ).json()
    assert grown["categories"] == ["xl", "m", "s"]


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"type": "integer"}, "/type"),
        ({"type": None}, "/type"),
        ({"family": "other"}, "/family"),
        ({"bounds": {"lower": 1, "upper": 1}}, "/bounds"),
        ({"bounds": {"lower": 2, "upper": 1}}, "/bounds"),
        ({"bounds": {"lower": 0}}, "/bounds"),
        ({"bounds": [0, 1]}, "/bounds"),
        ({"direction": "up"}, "/direction"),
        ({"out_of_bounds": "ignore"}, "/out_of_bounds"),
        ({"sensitive": "no"}, "/sensitive"),
        ({"categories": ["a"]}, "/categories"),
        ({"id": 7}, "/id"),
        ({"nonsense": 1}, "/nonsense"),
        ({"description": 7}, "/description"),
    ],
)
def test_feature_faults(ws, change, pointer):
    pointers = problem_pointers(ws.put_feature("confusion", 422, **change))
    assert any(found.startswith(pointer) for found in pointers), pointers


@pytest.mark.parametrize("name", ["A", "1a", "a-b", "a" * 64, "a b", "ä", "a.b"])
def test_feature_names(ws, name):
    ws.put_feature(name, (404, 422))


def test_features_of_every_type(ws):
    ws.put(
        "/features/day",
        201,
        json={"type": "date", "family": "risk_compliance", "description": "x", "direction": "lower_is_better"},
        headers={"If-None-Match": "*"},
    )
    ws.put(
        "/features/note",
        201,
        json={"type": "text", "family": "risk_compliance", "description": "x"},
        headers={"If-None-Match": "*"},
    )
    ws.put(
        "/features/flag",
        201,
        json={"type": "boolean", "family": "risk_compliance", "description": "x"},
        headers={"If-None-Match": "*"},
    )
    ws.put(
        "/features/size",
        201,
        json={"type": "category", "family": "effort", "description": "x", "categories": ["l", "s"]},
        headers={"If-None-Match": "*"},
    )
    stored = ws.item(
        ws.push(item("1", features={"day": "2027-01-01", "note": "n", "flag": False, "size": "s"}))["results"][0]["id"]
    )
    assert {name: value_of(stored, name) for name in ("day", "note", "flag", "size")} == {
        "day": "2027-01-01",
        "note": "n",
        "flag": False,
        "size": "s",
    }


def test_definitions_are_readable_by_those_who_post(ws):
    for role in ("reader", "contributor", "reviewer", "admin", "auditor"):
        assert ws.as_role(role).get("/features").json()["features"]
        ws.as_role(role).get("/settings")


# ---- mappings ----


def mapping(ws, **changes):
    body = {
        key: value
        for key, value in ws.get("/sources/github/mapping").json().items()
        if key not in ("format", "revision")
    }
    return {**body, **changes}


def test_mapping_is_data(ws):
    issue = {
        "number": 1,
        "title": "Crash",
        "state": "open",
        "labels": [{"name": "area/pay"}],
        "comments": 0,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "html_url": "https://github.com/acme/app/issues/1",
    }
    rules = [
        {"label_prefix": "area/", "set": {"stream": "incident", "team": "payments", "features": {"user_impact": 3}}}
    ]
    changed = ws.put(
        "/sources/github/mapping",
        200,
        json=mapping(ws, rules=rules),
        headers={"If-Match": ws.etag("/sources/github/mapping")},
    )
    assert changed.json()["rules"] == rules
    stored = ws.item(ws.post("/sources/github/items", json=[issue]).json()["results"][0]["id"])
    assert (stored["stream"], stored["team"], value_of(stored, "user_impact")) == ("incident", "payments", 3)
    ws.get("/sources/nonsense/mapping", 404)


@pytest.mark.parametrize(
    "change",
    [
        {"stream": "nonsense"},
        {"kind": "nonsense"},
        {"rules": [{"set": {}}]},
        {"rules": [{"label": "x", "set": {"stream": "nonsense"}}]},
        {"rules": [{"label": "x", "set": {"features": {"nonsense": 1}}}]},
        {"rules": [{"label": "x", "set": {"features": {"user_impact": 9}}}]},
        {"thresholds": [{"signal": "comments", "feature": "nonsense", "steps": []}]},
        {"statuses": {"open": "nonsense"}},
        {"nonsense": 1},
        {"rules": {}},
    ],
)
def test_mapping_faults(ws, change):
    before = ws.revision()
    answer = ws.put("/sources/github/mapping", 422, json=mapping(ws, **change), headers={"If-Match": "*"})
    assert all(pointer.startswith("/" + next(iter(change))) for pointer in problem_pointers(answer)), answer.text
    assert ws.revision() == before
