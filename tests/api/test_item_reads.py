"""Reading items: one, as of a revision, its history, conditional reads, lists and their cursors, reading one's writes."""

import uuid

import pytest

from support.client import Client, problem_pointers, problem_type
from support.workspace import item, value_of


def one(ws, **fields):
    return ws.push(item("1", **fields))["results"][0]["id"]


# ---- one item ----


def test_absent_and_malformed_ids(ws, other_ws):
    elsewhere = other_ws.push(item("1"))["results"][0]["id"]
    for item_id in (str(uuid.uuid4()), elsewhere):
        ws.get(f"/items/{item_id}", 404)
        ws.get(f"/items/{item_id}/versions", 404)
        ws.get(f"/items/{item_id}/explanation", 404)
    for item_id in ("1", "x" * 36, "%20", "null"):
        ws.get(f"/items/{item_id}", (404, 422))


def test_an_id_in_capitals_is_the_same(ws):
    item_id = one(ws)
    assert ws.get(f"/items/{item_id.upper()}").json()["id"] == item_id


def test_etag(ws):
    item_id = one(ws)
    first = ws.get(f"/items/{item_id}")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private"
    assert {part.strip() for part in first.headers["Vary"].split(",")} >= {"Accept-Encoding", "Authorization"}
    for header in (tag, f'"x", {tag}', "W/" + tag, "*"):
        same = ws.get(f"/items/{item_id}", 304, headers={"If-None-Match": header})
        assert same.headers["ETag"] == tag and same.headers["Cache-Control"] == "private" and "Vary" in same.headers
    for header in ('"x"', tag.strip('"'), '"r"'):
        ws.get(f"/items/{item_id}", 200, headers={"If-None-Match": header})
    ws.push([item("2")])
    ws.get(f"/items/{item_id}", 304, headers={"If-None-Match": tag})
    ws.push([item("1", title="New")])
    assert ws.get(f"/items/{item_id}", 200, headers={"If-None-Match": tag}).headers["ETag"] != tag


def test_head_is_get_without_a_body(ws):
    item_id = one(ws)
    for path in (f"/items/{item_id}", "/items", "/queue", "/settings", ""):
        full, head = ws.get(path), ws.head(path)
        for name in ("ETag", "Content-Type", "Winnow-Revision"):
            assert head.headers.get(name) == full.headers.get(name), (path, name)
    ws.head(f"/items/{uuid.uuid4()}", 404)


def test_as_of(ws):
    """Facts as much as features, as they were."""
    item_id = one(ws, status="open", labels=["a"], features={"user_impact": 1})
    seen = [ws.item(item_id)]
    for change in (
        {"status": "in_progress"},
        {"labels": ["b"], "team": "x"},
        {"features": {"user_impact": 3, "severity": "sev1"}},
        {"status": "done"},
    ):
        ws.push({"source": "test", "external_id": "1", **change})
        seen.append(ws.item(item_id))
        ws.push([item("noise-" + str(len(seen)))])
    head = ws.revision()
    for version, following in zip(seen, seen[1:] + [{"revision": head + 1}]):
        for revision in range(version["revision"], following["revision"]):
            assert strip(ws.item(item_id, revision=revision)) == strip(version), revision
    ws.item(item_id, 404, revision=seen[0]["revision"] - 1)
    assert problem_type(ws.get(f"/items/{item_id}", 422, params={"revision": head + 1})) == "revision-beyond-head"
    for bad in ("0", "-1", "x", "1.0", "9223372036854775808", ""):
        assert problem_pointers(ws.get(f"/items/{item_id}", 422, params={"revision": bad})) == ["/query/revision"]


def strip(shown):
    return {key: value for key, value in shown.items() if key != "recorded_at"}


def test_versions(ws):
    item_id = one(ws)
    for i in range(6):
        ws.push([item("1", title=f"Title {i}"), item("2", title=f"Title {i}")])
    versions = ws.get(f"/items/{item_id}/versions").json()["versions"]
    revisions = [v["revision"] for v in versions]
    assert revisions == sorted(revisions, reverse=True) and len(versions) == 7
    assert [v["title"] for v in versions] == [f"Title {i}" for i in reversed(range(6))] + ["Item 1"]
    assert [v["recorded_at"] for v in versions] == sorted((v["recorded_at"] for v in versions), reverse=True)
    at = {r["revision"]: r["at"] for r in ws.records()}
    assert all(at[v["revision"]] == v["recorded_at"] for v in versions)
    assert list(ws.pages(f"/items/{item_id}/versions", "versions", limit=2)) == versions
    for version in versions:
        assert strip(ws.item(item_id, revision=version["revision"])) == strip(version)


def test_min_revision_on_an_item(ws):
    answer = ws.push(item("1"))
    item_id = answer["results"][0]["id"]
    ws.item(item_id, min_revision=answer["revision"])
    assert (
        problem_type(ws.get(f"/items/{item_id}", 422, params={"min_revision": ws.revision() + 1}))
        == "revision-beyond-head"
    )


# ---- sensitive features ----


def test_sensitive_features_are_for_admin_and_auditor(ws):
    ws.put_feature("salary_cost", sensitive=True, bounds={"lower": 0, "upper": 1000})
    item_id = one(ws, features={"salary_cost": 731.2517, "user_impact": 2})
    for role, sees in (("reader", False), ("reviewer", False), ("admin", True), ("auditor", True)):
        client = ws.as_role(role)
        for path in (
            f"/items/{item_id}",
            "/items",
            f"/items/{item_id}/versions",
            f"/items/{item_id}/explanation",
            "/queue",
            "/features",
        ):
            answer = client.get(
                path, params={"min_revision": ws.revision()} if path.endswith(("queue", "explanation")) else None
            )
            if not sees:
                assert "salary_cost" not in answer.text and "731.2517" not in answer.text, (role, path)
        shown = client.get(f"/items/{item_id}").json()
        assert (value_of(shown, "salary_cost") == 731.2517) == sees and value_of(shown, "user_impact") == 2
        listed = client.post("/items:batch-get", json={"ids": [item_id]}).json()["items"][0]
        assert strip(listed) == strip(shown)
        client.get("/features/salary_cost", 200 if sees else 404)
    tags = {role: ws.as_role(role).get(f"/items/{item_id}").headers["ETag"] for role in ("reader", "admin")}
    assert tags["reader"] != tags["admin"], "one tag must not stand for two contents"
    ws.as_role("contributor").get("/features/salary_cost", 404)


# ---- lists ----


@pytest.fixture
def backlog(ws):
    statuses, streams, teams = ("open", "in_progress", "done"), ("incident", "engineering_bug"), (None, "a", "b")
    items = [
        item(
            str(i),
            source=("s1", "s2")[i % 2],
            status=statuses[i % 3],
            stream=streams[i // 2 % 2],
            kind=("bug", "spike")[i // 4 % 2],
            **({"team": teams[i % 3]} if teams[i % 3] else {}),
        )
        for i in range(60)
    ]
    ws.push(items)
    return items


def keys(items):
    return sorted((i["source"], i["external_id"]) for i in items)


def test_a_walk_of_all_pages_is_the_set(ws, backlog):
    for limit in (1, 7, 60, 61):
        pages = []
        walked = list(ws.pages("/items", "items", limit=limit, check=pages.append))
        assert keys(walked) == keys(backlog) and len(walked) == 60
        assert all(len(page["items"]) <= limit for page in pages)
        assert [i["id"] for i in walked] == sorted(i["id"] for i in walked)


@pytest.mark.parametrize(
    "filters",
    [
        {"source": "s1"},
        {"status": "done"},
        {"stream": "incident"},
        {"kind": "spike"},
        {"team": "a"},
        {"external_id": "7"},
        {"source": "s2", "external_id": "7"},
        {"source": "s1", "external_id": "7"},
        {"status": "open", "stream": "incident", "kind": "bug"},
        {"team": "nobody"},
        {"source": "S1"},
        {"status": "open' OR '1'='1"},
        {"team": "%"},
        {"team": ""},
    ],
)
def test_filters(ws, backlog, filters):
    expected = [i for i in backlog if all(i.get(name) == value for name, value in filters.items())]
    assert keys(ws.pages("/items", "items", filters, limit=4)) == keys(expected)


def test_unicode_in_a_filter(ws):
    ws.push([item("é …/?&=#+% 1", team="Größe & Maß+")])
    assert len(ws.get("/items", params={"external_id": "é …/?&=#+% 1"}).json()["items"]) == 1
    assert len(ws.get("/items", params={"team": "Größe & Maß+"}).json()["items"]) == 1


def test_a_cursor_belongs_to_its_query(ws, other_ws, backlog):
    other_ws.push(backlog)
    cursor = ws.get("/items", params={"limit": 5, "status": "open"}).json()["next"]
    ws.get("/items", 200, params={"limit": 9, "status": "open", "cursor": cursor})
    for params in ({}, {"status": "done"}, {"status": "open", "team": "a"}, {"source": "open"}):
        assert problem_type(ws.get("/items", 400, params={"limit": 5, "cursor": cursor, **params})) == "bad-cursor"
    other_ws.get("/items", 400, params={"status": "open", "cursor": cursor})
    ws.get("/audit", 400, params={"cursor": cursor})
    ws.get("/queue", 400, params={"cursor": cursor})
    for bad in ("x", "AAAA", cursor[:-1], cursor + "A", cursor[::-1], "é", "=" * 20, "A" * 5000):
        ws.get("/items", 400, params={"status": "open", "cursor": bad})
    flipped = cursor[:30] + ("A" if cursor[30] != "A" else "B") + cursor[31:]
    ws.get("/items", 400, params={"status": "open", "cursor": flipped})


def test_a_cursor_is_no_permission(ws, backlog):
    cursor = ws.get("/items", params={"limit": 5}).json()["next"]
    ws.as_role("contributor").get("/items", 403, params={"cursor": cursor})
    Client(ws.url, None, ws.prefix).get("/items", 401, params={"cursor": cursor})


def test_limits_of_lists(ws, backlog):
    for limit in ("0", "-1", "x", "", "1e3", "99999999999999999999"):
        assert problem_pointers(ws.get("/items", 422, params={"limit": limit})) == ["/query/limit"], limit
    assert len(ws.get("/items", params={"limit": 100000}).json()["items"]) == 60
    assert len(ws.get("/items").json()["items"]) == 50
    assert problem_pointers(ws.get("/items", 422, params=[("limit", "5"), ("limit", "6")])) == ["/query/limit"]
    assert problem_pointers(ws.get("/items", 422, params={"statsu": "open", "offset": 1})) == [
        "/query/offset",
        "/query/statsu",
    ]


def test_a_thousand_is_the_most(ws):
    ws.push([item(str(i)) for i in range(1001)])
    first = ws.get("/items", params={"limit": 5000}).json()
    assert len(first["items"]) == 1000
    assert len(ws.get("/items", params={"limit": 5000, "cursor": first["next"]}).json()["items"]) == 1


def test_a_walk_while_others_write(ws):
    """Items that were there before and stay are seen exactly once."""
    ws.push([item(str(i)) for i in range(100)])
    seen, params, turn = [], {"limit": 7}, 0
    while True:
        page = ws.get("/items", params=params).json()
        seen += [i["external_id"] for i in page["items"]]
        if "next" not in page:
            break
        params["cursor"] = page["next"]
        ws.push([item(f"new-{turn}"), item(str(turn), title="changed")])
        turn += 1
    assert len(seen) == len(set(seen))
    assert {str(i) for i in range(100)} <= set(seen)
