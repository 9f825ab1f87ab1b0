"""Workspaces: made, listed, removed."""

import uuid

import pytest

from support.client import Client, problem_pointers
from support.waiting import wait_until
from support.workspace import Workspace, item

DEFAULT_STREAMS = ["model_quality", "engineering_bug", "feature_request", "incident"]


def name():
    return f"w-{uuid.uuid4().hex[:12]}"


def test_create_and_read(operator):
    mine = name()
    answer = operator.post("/v1/workspaces", 201, json={"name": mine, "title": "Zahlungen – ‘новый’ 🦉"})
    made = answer.json()
    assert answer.headers["Location"] in (f"/v1/workspaces/{mine}", f"/v1/workspaces/{made['id']}")
    assert made["title"] == "Zahlungen – ‘новый’ 🦉"
    by_name, by_id = (operator.get(f"/v1/workspaces/{key}").json() for key in (mine, made["id"]))
    assert {**by_name, "ranking": None} == {**by_id, "ranking": None} and by_name["name"] == mine
    assert made["revision"] == 1 == by_name["revision"], "the defaults are its first revision"
    assert operator.get(answer.headers["Location"]).json()["id"] == made["id"]


def test_a_name_is_given_once(operator):
    mine = name()
    operator.post("/v1/workspaces", 201, json={"name": mine})
    operator.post("/v1/workspaces", 409, json={"name": mine})


@pytest.mark.parametrize(
    "bad", ["", "A", "a b", "-a", "1a", "a_b", "a" * 64, "ä", "a/b", "a\n", "..", None, 7, ["a"], {"a": 1}]
)
def test_bad_names(operator, bad):
    assert problem_pointers(operator.post("/v1/workspaces", 422, json={"name": bad})) == ["/name"]


def test_other_faults(operator):
    operator.post("/v1/workspaces", 422, json={})
    assert problem_pointers(operator.post("/v1/workspaces", 422, json={"name": name(), "title": 7})) == ["/title"]
    assert problem_pointers(operator.post("/v1/workspaces", 422, json={"name": name(), "id": str(uuid.uuid4())})) == [
        "/id"
    ]
    assert problem_pointers(operator.post("/v1/workspaces", 422, json={"name": name(), "revision": 7})) == ["/revision"]


def test_longest_name(operator):
    longest = ("w-" + uuid.uuid4().hex * 2)[:63]
    operator.post("/v1/workspaces", 201, json={"name": longest})
    assert operator.get(f"/v1/workspaces/{longest}").json()["name"] == longest


def test_defaults(ws):
    settings = ws.get("/settings").json()
    assert settings["streams"] == DEFAULT_STREAMS
    assert {"prompt", "agent", "tool", "policy", "dataset", "retraining", "spike", "evaluation", "guardrail"} <= set(
        settings["kinds"]
    )
    assert {(s["name"], s["class"]) for s in settings["statuses"]} >= {
        ("open", "todo"),
        ("in_progress", "active"),
        ("done", "done"),
        ("dropped", "dropped"),
    }
    names = {feature["name"] for feature in ws.get("/features").json()["features"]}
    assert names >= {
        "user_impact",
        "fix_confidence",
        "reversibility",
        "cost_of_delay",
        "timebox_days",
        "capability_note",
        "success_metric",
        "risk_category",
        "severity",
        "regulatory_due",
        "acceptance_criteria",
        "evaluation_plan",
        "owners",
    }
    models = ws.get("/models").json()
    assert models["aliases"] == {"active": 1} and [m["name"] for m in models["models"]] == ["triage_rubric"]
    assert {source["format"] for source in ws.get("/sources").json()["sources"]} >= {"github", "alertmanager"}


def test_etag_moves_with_the_workspace(ws):
    first = ws.get("")
    ws.get("", 304, headers={"If-None-Match": first.headers["ETag"]})
    ws.push([item("1")])
    again = ws.get("", 200, headers={"If-None-Match": first.headers["ETag"]})
    assert again.headers["ETag"] != first.headers["ETag"]
    assert int(again.headers["Winnow-Revision"]) == again.json()["revision"] == first.json()["revision"] + 1


def test_list_pages(operator):
    made = sorted(operator.post("/v1/workspaces", 201, json={"name": name()}).json()["name"] for _ in range(4))
    pages = []
    walked = [w["name"] for w in operator.pages("/v1/workspaces", "workspaces", limit=3, check=pages.append)]
    assert walked == sorted(walked) and len(walked) == len(set(walked))
    assert set(made) <= set(walked)
    assert all(len(page["workspaces"]) <= 3 for page in pages)


def test_remove(operator):
    ws = Workspace(operator)
    reader = ws.as_role("reader")
    ws.push([item("1")])
    reader.get("/items")
    path = ws.prefix
    operator.delete(path, 428)
    operator.delete(path, 412, headers={"If-Match": '"r999"'})
    operator.delete(path, 412, headers={"If-Match": "W/" + ws.etag("")})
    operator.delete(path, 204, headers={"If-Match": ws.etag("")})

    wait_until(lambda: operator.get(path, (200, 404)).status_code == 404, "it is gone", limit=1)
    for client in (operator, reader):
        for below in ("", "/items", "/queue", "/settings", "/audit"):
            answer = Client(client.url, client.secret, path).get(below, (401, 404))
            assert answer.status_code == 404 or client is reader
    operator.get(f"/v1/workspaces/{ws.id}", 404)
    listed = {w["id"]: w for w in operator.pages("/v1/workspaces", "workspaces", limit=1000)}
    assert ws.id not in listed or listed[ws.id]["removed"] is True
    operator.post("/v1/workspaces", 409, json={"name": ws.name})
    assert operator.get("/v1/audit/verify").json()["ok"]
    record = [r for r in operator.pages("/v1/audit", "records", limit=1000) if ws.id in r["subject"] + str(r["detail"])]
    assert len(record) >= 2, "made and removed, both are in the system's log"


def test_removing_with_star(operator):
    ws = Workspace(operator)
    operator.delete(ws.prefix, 204, headers={"If-Match": "*"})


def test_the_system_workspace_is_no_workspace(operator):
    for key in ("00000000-0000-0000-0000-000000000000", "system"):
        answer = operator.get(f"/v1/workspaces/{key}", (404, 403))
        assert answer.status_code in (403, 404)


def test_rows_of_one_workspace_are_hidden_from_another_even_in_sql(ws, other_ws, database):
    """Row level security, as the application's role, without any predicate."""
    import psycopg2

    ws.push([item("1")])
    other_ws.push([item("1"), item("2")])
    connection = psycopg2.connect(database.app)
    try:
        with connection.cursor() as cursor:
            tables = [
                "items",
                "item_versions",
                "item_texts",
                "documents",
                "audit_records",
                "tokens",
                "grants",
                "workspace_heads",
                "overrides",
                "override_ends",
                "comparisons",
                "rankings",
                "ranking_chunks",
                "reviews",
                "review_ends",
                "review_marks",
                "review_comparisons",
                "sweeps",
                "sweep_closings",
                "findings",
                "finding_ends",
            ]
            for table in tables:
                cursor.execute(f"SELECT count(*) FROM winnow.{table}")
                assert cursor.fetchone()[0] == 0, f"{table}: without a workspace nothing is visible"
            cursor.execute("SELECT set_config('winnow.workspace', %s, true)", (ws.id,))
            for table in tables:
                cursor.execute(
                    f"SELECT count(DISTINCT workspace_id) FROM winnow.{table} WHERE workspace_id <> %s", (ws.id,)
                )
                assert cursor.fetchone()[0] == 0, table
            cursor.execute("SELECT count(*) FROM winnow.items")
            assert cursor.fetchone()[0] == 1
    finally:
        connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE winnow.audit_records SET detail = '{}'",
        "DELETE FROM winnow.audit_records",
        "TRUNCATE winnow.audit_records",
        "UPDATE winnow.item_versions SET status = 'done'",
        "DELETE FROM winnow.item_versions",
        "TRUNCATE winnow.documents",
        "DELETE FROM winnow.items",
        "TRUNCATE winnow.items",
        "DROP TABLE winnow.items",
        "ALTER TABLE winnow.items DISABLE ROW LEVEL SECURITY",
        "DELETE FROM winnow.tokens",
        "UPDATE winnow.tokens SET expires_at = now()",
        "UPDATE winnow.workspace_heads SET salt = '\\x00'",
        "CREATE TABLE winnow.own (x int)",
        "DELETE FROM winnow.workspace_heads",
    ],
)
def test_the_application_role_cannot(ws, database, statement):
    import psycopg2

    connection = psycopg2.connect(database.app)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('winnow.workspace', %s, true)", (ws.id,))
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    finally:
        connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE winnow.audit_records SET detail = '{}'",
        "DELETE FROM winnow.audit_records",
        "TRUNCATE winnow.audit_records",
        "DELETE FROM winnow.item_versions",
    ],
)
def test_not_even_the_owner_changes_history(ws, database, statement):
    import psycopg2

    connection = psycopg2.connect(database.owner)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('winnow.workspace', %s, true)", (ws.id,))
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    finally:
        connection.close()
