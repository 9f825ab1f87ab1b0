"""
How PostgreSQL finds the time of a version in a log that is long: by its revision, each by itself. What it knows of a
workspace's share of a table is a guess, so a join may well read the whole log, once for each item.
"""

import json
import pathlib
import uuid

import psycopg2
import pytest

from support import daemon as daemons, database as databases
from support.client import Client
from support.workspace import Workspace, item

SQL = pathlib.Path(__file__).parents[2] / "src" / "store" / "sql"
RECORDS = 60000
VERSIONS = 3000
ANY_ID = str(uuid.UUID(int=0))

# Of each statement that names the view: its parameters behind the workspace.
ASKED = {
    "items_by_id": lambda ids: [ids[:32]],
    "items_list": lambda ids: [ANY_ID, 500] + [None] * 6,
    "item_as_of": lambda ids: [ids[0], RECORDS],
    "item_versions_list": lambda ids: [ids[0], RECORDS, 100],
    "item_spells": lambda ids: [ids[:32], RECORDS, "open", None],
    "overrides_outcomes": lambda ids: ["2020-01-01", "2100-01-01", ["done"]],
    "status_changes_scan": lambda ids: [0, RECORDS, "1"],
    "record_time": lambda ids: [RECORDS // 2],
    "audit_hashes": lambda ids: [1000, 1256],
    "replica_head": lambda ids: None,
    "stream_flow": lambda ids: None,
}


@pytest.fixture(scope="module")
def long_log(cluster, tmp_path_factory):
    """As if each item had been posted by itself, and much besides."""
    folder = tmp_path_factory.mktemp("plans")
    own = cluster.create(databases.fresh_name("winnow_plans"))
    daemons.migrate(own)
    daemon = daemons.Daemon(own, folder, name="plans")
    secret = daemons.bootstrap(own, folder / "token")
    daemon.start()
    ws = Workspace(Client(daemon.url, secret))
    ws.push_lines([item(str(i)) for i in range(VERSIONS)])
    assert daemon.stop() == 0
    own.tamper(
        """INSERT INTO winnow.audit_records SELECT workspace_id, revision + g, at, gen_random_uuid(), actor, action,
            subject, request_id, detail, detail_sha256, row_count, rows_sha256, prev_hash, hash
        FROM winnow.audit_records, generate_series(1, %s) g WHERE workspace_id = %s
            AND revision = (SELECT max(revision) FROM winnow.audit_records WHERE workspace_id = %s)""",
        RECORDS,
        ws.id,
        ws.id,
    )
    own.tamper(
        "UPDATE winnow.item_versions SET revision = 100 + (hashtext(item_id::text) & 32767) WHERE workspace_id = %s",
        ws.id,
    )
    own.rows("VACUUM ANALYZE")
    ids = [row[0] for row in own.rows("SELECT item_id::text FROM winnow.item_versions WHERE workspace_id = %s", ws.id)]
    yield own, ws.id, ids
    own.drop()


def plan_of(database, ws, name, values):
    """As the application's role, which row level security binds; made for these values."""
    first, _, statement = (SQL / f"{name}.sql").read_text().partition("\n")
    types = first.partition("(")[2].partition(")")[0]
    connection = psycopg2.connect(database.app)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('winnow.workspace', %s, true)", [ws])
            cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            cursor.execute(f"PREPARE asked({types}) AS {statement}")
            places = ", ".join(f"%s::{kind.strip()}" for kind in types.split(","))
            cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked({places})", [ws, *values])
            found = cursor.fetchone()[0]
            return (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
    finally:
        connection.close()


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def test_every_statement_of_the_view_is_looked_at():
    assert {path.stem for path in SQL.glob("*.sql") if "record_marks" in path.read_text()} == set(ASKED)


@pytest.mark.parametrize("name", [name for name in ASKED if ASKED[name]([ANY_ID])])
def test_times_are_looked_up_by_revision(long_log, name):
    database, ws, ids = long_log
    plan = plan_of(database, ws, name, ASKED[name](ids))
    scans = [
        node
        for node in nodes(plan)
        if node.get("Relation Name") == "audit_records" or str(node.get("Index Name")).startswith("audit_records")
    ]
    assert scans
    for scan in scans:
        assert "revision" in (scan.get("Index Cond") or scan.get("Recheck Cond") or ""), scan
