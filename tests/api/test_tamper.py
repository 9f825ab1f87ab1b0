"""
Rows changed behind the log's back, by a superuser who switches the triggers off: audit/verify finds each and names the
first bad revision. Each drill has a workspace of its own, in a database that nothing else uses.
"""

import re
import subprocess

import pytest

from support import daemon as daemons, database as databases, places
from support.client import Client
from support.workspace import Workspace, item, rubric
from test_audit import export, verify_offline

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def drill_database(cluster):
    own = cluster.create(databases.fresh_name("winnow_drill"))
    daemons.migrate(own)
    yield own
    own.drop()


@pytest.fixture(scope="module")
def drill_operator(drill_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drill")
    secret = daemons.bootstrap(drill_database, folder / "token")
    own = daemons.Daemon(drill_database, folder, name="drill")
    own.start()
    yield Client(own.url, secret)
    assert own.stop() == 0


class Drill:
    """A workspace with a bit of everything, and the revisions at which it happened."""

    def __init__(self, operator, database):
        self.ws, self.database = Workspace(operator), database
        self.at = {"begin": self.ws.revision()}
        self.mark("token", self.ws.post("/tokens", 201, json={"label": "x", "roles": ["reader"]}))
        self.token_id = self.ws.get("/tokens").json()["tokens"][0]["id"]
        first = self.ws.post(
            "/items",
            200,
            json=[item(str(i), body=f"body {i}", features=rubric(2, 2), blocked_by=["9"]) for i in range(5)],
        )
        self.mark("items", first)
        self.item_id = first.json()["results"][0]["id"]
        self.mark("update", self.ws.post("/items", 200, json=[item("0", title="Second title", features=rubric(3))]))
        model = {
            "name": "m",
            "kind": "weighted_sum",
            "terms": [{"feature": "user_impact", "weight": 1}],
            "bands": [{"name": "a"}],
        }
        self.mark("model", self.ws.post("/models", 201, json=model))
        self.mark("alias", self.ws.put("/aliases/active", 200, json={"model": 2}, headers={"If-Match": "*"}))
        self.mark("settings", self.ws.put_settings(streams=["engineering_bug", "incident"]))
        self.mark("patch", self.ws.patch(f"/items/{self.item_id}", 200, json={"team": "x"}, headers={"If-Match": "*"}))
        revoked = self.ws.post("/tokens", 201, json={"label": "y", "roles": ["reader"]}).json()["id"]
        self.mark("revocation", self.ws.delete(f"/tokens/{revoked}", 204))
        self.mark("last", self.ws.post("/items", 200, json=[item("last")]))
        self.head = self.ws.get("/audit/verify").headers["Winnow-Head"]
        assert self.ws.verify()["ok"] and int(self.head.split(":")[0]) == self.at["last"]

    def mark(self, name, answer):
        self.at[name] = int(answer.headers["Winnow-Head"].split(":")[0])

    def tamper(self, sql, *args, rows=1):
        changed = self.database.tamper(sql, *args, self.ws.id)
        assert changed == rows if rows else changed > 0, f"{changed} rows: {sql}"

    def found(self, revision=None, faults=None, **params):
        verdict = self.ws.verify(**params)
        assert verdict["ok"] is False and verdict["detail"], verdict
        if faults:
            assert verdict["fault"] in faults, verdict
        if revision is not None:
            assert verdict["revision"] == revision, verdict
        return verdict


@pytest.fixture(scope="module")
def bystander(drill_operator):
    ws = Workspace(drill_operator)
    ws.push([item("1")])
    return ws


@pytest.fixture
def drill(drill_operator, drill_database, bystander):
    own = Drill(drill_operator, drill_database)
    yield own
    assert bystander.verify()["ok"], "the harm stays in its workspace"
    assert bystander.push([item("1")])["unchanged"] == 1


# ---- the log itself ----

RECORD_FIELDS = {
    "detail": ("detail = '{\"nothing\":1}'", ("detail",)),
    "actor": ("actor = 'token:00000000-0000-4000-8000-000000000000'", ("hash",)),
    "action": ("action = 'x'", ("hash",)),
    "subject": ("subject = 'x'", ("hash",)),
    "request id": ("request_id = 'x'", ("hash",)),
    "time": ("at = at - interval '1 day'", ("hash", "time")),
    "attempt": ("attempt_id = gen_random_uuid()", ("hash",)),
    "row count": ("row_count = row_count + 1", ("hash", "rows")),
    "rows digest": ("rows_sha256 = sha256('x')", ("hash", "rows")),
    "previous hash": ("prev_hash = sha256('x')", ("prev", "hash")),
    "own hash": ("hash = sha256('x')", ("hash",)),
    "detail and its hash": ("detail = '{}', detail_sha256 = sha256('{}')", ("hash",)),
}


@pytest.mark.parametrize("what", RECORD_FIELDS)
def test_edit_a_record(drill, what):
    change, faults = RECORD_FIELDS[what]
    drill.tamper(f"UPDATE winnow.audit_records SET {change} WHERE revision = {drill.at['model']} AND workspace_id = %s")
    drill.found(drill.at["model"], faults)


def test_delete_a_record(drill):
    drill.tamper(f"DELETE FROM winnow.audit_records WHERE revision = {drill.at['model']} AND workspace_id = %s")
    drill.found(drill.at["model"], ("gap",))


def test_delete_a_record_with_its_rows(drill):
    for table in ("audit_records", "documents"):
        drill.tamper(f"DELETE FROM winnow.{table} WHERE revision = {drill.at['model']} AND workspace_id = %s")
    drill.found(drill.at["model"], ("gap",))


def test_swap_two_records(drill):
    a, b = drill.at["model"], drill.at["alias"]
    drill.tamper(
        "UPDATE winnow.audit_records SET revision = revision + 100000 WHERE revision IN (%s, %s) AND workspace_id = %s",
        a,
        b,
        rows=2,
    )
    drill.tamper(
        f"UPDATE winnow.audit_records SET revision = CASE revision WHEN {a + 100000} THEN {b} ELSE {a} END WHERE revision > 100000 AND workspace_id = %s",
        rows=2,
    )
    drill.found(a)


def test_insert_a_record(drill):
    drill.tamper(
        """INSERT INTO winnow.audit_records SELECT workspace_id, revision + 1, at, gen_random_uuid(), actor, action, subject, request_id, detail, detail_sha256, 0, sha256(''),
        hash, sha256('x') FROM winnow.audit_records WHERE revision = %s AND workspace_id = %s""",
        drill.at["last"],
    )
    drill.found()


def test_cut_the_tail(drill):
    drill.tamper(f"DELETE FROM winnow.audit_records WHERE revision = {drill.at['last']} AND workspace_id = %s")
    drill.found(faults=("head", "stray-rows", "gap"))


def cut_clean(drill, last):
    """The tail and all that belongs to it, the head row set back: as if it had never been."""
    database, ws = drill.database, drill.ws
    for table in (
        "audit_records",
        "item_versions",
        "documents",
        "tokens",
        "token_revocations",
        "token_actors",
        "grants",
        *DECISIONS,
    ):
        database.tamper(f"DELETE FROM winnow.{table} WHERE revision > %s AND workspace_id = %s", last, ws.id)
    database.tamper(
        "DELETE FROM winnow.items i WHERE workspace_id = %s AND NOT EXISTS (SELECT 1 FROM winnow.item_versions v WHERE v.workspace_id = i.workspace_id AND v.item_id = i.item_id)",
        ws.id,
    )
    database.tamper(
        "UPDATE winnow.workspace_heads h SET revision = r.revision, hash = r.hash, at = r.at FROM winnow.audit_records r WHERE r.workspace_id = h.workspace_id AND r.revision = %s "
        "AND h.workspace_id = %s",
        last,
        ws.id,
    )


def test_cut_the_tail_with_the_head_set_back(drill):
    """Unseen by itself; found by whoever remembered the head."""
    cut_clean(drill, drill.at["last"] - 1)
    verdict = drill.ws.verify()
    assert verdict["ok"] is True and verdict["records"] == drill.at["last"] - 1
    drill.found(faults=("expected",), expect=drill.head)
    earlier = f"{drill.at['alias']}:{drill.database.value('SELECT encode(hash, %s) FROM winnow.audit_records WHERE workspace_id = %s AND revision = %s', 'hex', drill.ws.id, drill.at['alias'])}"
    assert drill.ws.verify(expect=earlier)["ok"]


def test_move_the_head(drill):
    for change, back in (
        ("revision = revision - 1", "revision = revision + 1"),
        ("revision = revision + 1", "revision = revision - 1"),
        ("hash = sha256('x')", None),
    ):
        drill.tamper(f"UPDATE winnow.workspace_heads SET {change} WHERE workspace_id = %s")
        drill.found()
        if back:
            drill.tamper(f"UPDATE winnow.workspace_heads SET {back} WHERE workspace_id = %s")
            assert drill.ws.verify()["ok"]


# ---- the rows that the log vouches for ----

ROWS = {
    "item version: status": ("item_versions", "status = 'done'", "items"),
    "item version: features": ("item_versions", "feature_values = array_replace(feature_values, 2, 3)", "items"),
    "item version: labels": ("item_versions", "labels = '{x}'", "items"),
    "item version: blocker": ("item_versions", "blocked_by = '{}'", "items"),
    "item version: text reference": ("item_versions", "text_ref = sha256('x')", "items"),
    "item version: source": ("item_versions", "external_id = external_id || 'x'", "update"),
    "item version: extra": ("item_versions", "extra = '{}'", "items"),
    "item version: first revision": ("item_versions", "first_revision = 1", "items"),
    "item version: estimate": ("item_versions", "estimate = 1", "update"),
    "item version: due": ("item_versions", "due_at = now()", "update"),
    "model document": ("documents", "body = replace(body, '\"weight\":1', '\"weight\":2')", "model"),
    "alias": ("documents", "body = '{\"model\":1}'", "alias"),
    "setting": ("documents", "body = replace(body, 'incident', 'incidental')", "settings"),
    "token: roles": ("tokens", "roles = '{admin}'", "token"),
    "token: expiry": ("tokens", "expires_at = expires_at + interval '1 year'", "token"),
    "token: secret": ("tokens", "secret_sha256 = sha256(gen_random_uuid()::text::bytea)", "token"),
    "token: sources": ("tokens", "sources = '{*}'", "token"),
    "revocation": ("token_revocations", "revoked_at = revoked_at - interval '1 day'", "revocation"),
}


@pytest.mark.parametrize("what", ROWS)
def test_edit_a_row(drill, what):
    table, change, when = ROWS[what]
    drill.tamper(f"UPDATE winnow.{table} SET {change} WHERE revision = {drill.at[when]} AND workspace_id = %s", rows=0)
    drill.found(drill.at[when], ("rows",))


@pytest.mark.parametrize(
    "table, when",
    [
        ("item_versions", "update"),
        ("documents", "alias"),
        ("documents", "settings"),
        ("tokens", "token"),
        ("token_revocations", "revocation"),
        ("item_versions", "last"),
    ],
)
def test_lose_a_row(drill, table, when):
    drill.tamper(f"DELETE FROM winnow.{table} WHERE revision = {drill.at[when]} AND workspace_id = %s")
    drill.found(drill.at[when], ("rows",))


def test_lose_a_grant(drill):
    drill.tamper("DELETE FROM winnow.grants WHERE workspace_id = %s", rows=0)
    drill.found(faults=("rows",))


def test_swap_rows_between_revisions(drill):
    drill.tamper(
        f"UPDATE winnow.documents SET revision = {drill.at['settings']} WHERE revision = {drill.at['alias']} AND workspace_id = %s"
    )
    drill.found(drill.at["alias"], ("rows",))


def test_slip_in_a_row(drill):
    drill.tamper(
        """INSERT INTO winnow.documents SELECT workspace_id, kind, name, %s, '{"model":1}' FROM winnow.documents WHERE kind = 'alias' AND revision = %s AND workspace_id = %s""",
        drill.at["patch"],
        drill.at["alias"],
    )
    drill.found(drill.at["patch"], ("rows",))


@pytest.mark.parametrize("revision", [0, 1_000_000])
def test_slip_in_a_row_of_no_revision(drill, revision):
    drill.tamper(
        """INSERT INTO winnow.documents SELECT workspace_id, kind, name, %s, '{"model":1}' FROM winnow.documents WHERE kind = 'alias' AND revision = %s AND workspace_id = %s""",
        revision,
        drill.at["alias"],
    )
    drill.found(faults=("stray-rows",))


# A row of each table of decisions that nobody has made: columns behind the workspace and before the end.
DECISIONS = {
    "overrides": "gen_random_uuid(), %s, gen_random_uuid(), 'pin', 1, NULL, NULL, NULL, now(), now() + interval '1 day', 'token:x', NULL, 1, 0, NULL, sha256('')",
    "override_ends": "gen_random_uuid(), %s, now(), 'revoked', 'token:x'",
    "comparisons": "gen_random_uuid(), %s, NULL, NULL, 'reach', 'effort', 2, now(), 'token:x'",
    "rankings": "'1.1', %s, 1, now(), 1, 0, '0', '', 0, sha256(''), now(), 'token:x', NULL",
    "ranking_chunks": "'1.1', 1, %s, ''",
    "reviews": "gen_random_uuid(), %s, gen_random_uuid(), 'top', NULL, NULL, 1, NULL, now(), 1, 1, 0",
    "review_ends": "gen_random_uuid(), %s, 'approved', now(), 'token:x', 1, 1, 1, 0, sha256(''), NULL, NULL",
    "review_marks": "gen_random_uuid(), 'lapsed', %s, now(), 'item'",
    "review_comparisons": "gen_random_uuid(), %s, gen_random_uuid()",
    "erasures": "gen_random_uuid(), %s, gen_random_uuid(), now(), 'token:x', sha256('')",
    "erasure_texts": "gen_random_uuid(), sha256(''), %s",
    "sweeps": "gen_random_uuid(), %s, now(), 'token:x', '1.1', 6, NULL, NULL, 0, '{}', '{}', '{}', '{}', '{}'",
    "sweep_closings": "gen_random_uuid(), %s, now(), 'token:x', 'wontfix', '{}', sha256('')",
    "findings": "gen_random_uuid(), %s, now(), 'item_overdue', NULL, NULL, NULL, NULL, NULL, 1",
    "finding_ends": "gen_random_uuid(), %s, now(), 'gone'",
}


@pytest.mark.parametrize("table", DECISIONS)
def test_slip_in_a_decision(drill, table):
    insert = f"INSERT INTO winnow.{table} SELECT workspace_id, {DECISIONS[table]} FROM winnow.workspace_heads WHERE workspace_id = %s"
    drill.tamper(insert, drill.at["patch"])
    drill.found(drill.at["patch"], ("rows",))


@pytest.mark.parametrize("table", DECISIONS)
def test_slip_in_a_decision_of_no_revision(drill, table):
    insert = f"INSERT INTO winnow.{table} SELECT workspace_id, {DECISIONS[table]} FROM winnow.workspace_heads WHERE workspace_id = %s"
    drill.tamper(insert, 1_000_000)
    drill.found(1_000_000, ("stray-rows",))


# ---- what is derived from them ----


@pytest.mark.parametrize(
    "change",
    [
        "status = 'done'",
        "team = 'other'",
        "stream = 'incident'",
        "kind = 'spike'",
        "revision = revision - 1",
        "first_revision = 1",
        "external_id = 'x'",
        "source = 'x'",
    ],
)
def test_edit_an_item(drill, change):
    drill.tamper(f"UPDATE winnow.items SET {change} WHERE external_id = '0' AND workspace_id = %s")
    drill.found(faults=("state",))


def test_lose_an_item(drill):
    drill.tamper("DELETE FROM winnow.items WHERE external_id = '3' AND workspace_id = %s")
    drill.found(faults=("state",))


def test_slip_in_an_item(drill):
    drill.tamper(
        "INSERT INTO winnow.items SELECT workspace_id, gen_random_uuid(), revision, first_revision, source, 'slipped in', status, stream, kind, team FROM winnow.items "
        "WHERE external_id = '3' AND workspace_id = %s"
    )
    drill.found(faults=("state",))


@pytest.mark.parametrize("column", ["title", "body"])
def test_edit_a_text(drill, column):
    drill.tamper(f"UPDATE winnow.item_texts SET {column} = 'edited' WHERE body = 'body 3' AND workspace_id = %s")
    drill.found(faults=("text",))


def test_lose_a_text(drill):
    drill.tamper("DELETE FROM winnow.item_texts WHERE body = 'body 3' AND workspace_id = %s")
    verdict = drill.ws.verify()
    assert verdict["ok"] is False and verdict["fault"] == "text", verdict


def empty_a_text(drill):
    drill.tamper(
        "UPDATE winnow.item_texts SET title = NULL, body = NULL, url = NULL, assignee = NULL, reporter = NULL, notes = NULL WHERE body = 'body 3' AND workspace_id = %s"
    )


def test_an_erased_text_is_no_fault(drill):
    item_id = next(i["id"] for i in drill.ws.pages("/items", "items") if i["external_id"] == "3")
    drill.ws.post(f"/items/{item_id}:erase", 200, json={"rationale": "asked for"})
    assert drill.ws.verify()["ok"]
    shown = drill.ws.item(item_id)
    assert shown["title"] == "" and shown["erased"] is True


def test_a_text_that_nobody_has_erased(drill):
    """It is empty, and no erasure names it."""
    empty_a_text(drill)
    drill.found(faults=("text",))


# ---- the system's own log, and the client ----


def test_the_system_log(drill_database, drill_operator):
    Workspace(drill_operator)
    system = "00000000-0000-0000-0000-000000000000"
    before = drill_database.value("SELECT title FROM winnow.workspaces ORDER BY revision DESC LIMIT 1")
    last = drill_database.value("SELECT max(revision) FROM winnow.workspaces")
    drill_database.tamper("UPDATE winnow.workspaces SET title = 'edited' WHERE revision = %s", last)
    verdict = drill_operator.get("/v1/audit/verify").json()
    assert (verdict["ok"], verdict["fault"], verdict["revision"]) == (False, "rows", last)
    drill_database.tamper("UPDATE winnow.workspaces SET title = %s WHERE revision = %s", before, last)
    assert drill_operator.get("/v1/audit/verify").json()["ok"]
    assert drill_database.value("SELECT count(*) FROM winnow.audit_records WHERE workspace_id = %s", system) >= last


def test_offline_finds_the_same(drill, tmp_path):
    good = export(drill.ws)
    assert verify_offline(good, tmp_path, "--expect", drill.head).returncode == 0
    drill.tamper(
        f"UPDATE winnow.documents SET body = '{{\"model\":1}}' WHERE revision = {drill.at['alias']} AND workspace_id = %s"
    )
    done = verify_offline(export(drill.ws), tmp_path)
    assert done.returncode == 1 and re.search(rf"\b{drill.at['alias']}\b", done.stdout + done.stderr), (
        done.stdout + done.stderr
    )


def test_offline_finds_a_cut_tail_by_the_remembered_head(drill, tmp_path):
    cut_clean(drill, drill.at["last"] - 1)
    lines = export(drill.ws)
    assert verify_offline(lines, tmp_path).returncode == 0
    assert verify_offline(lines, tmp_path, "--expect", drill.head).returncode == 1


def test_the_client_asks_the_daemon(drill):
    """`winnow audit verify` over HTTP: exit codes for scripts."""

    def verify(*args):
        return subprocess.run(
            [places.winnow(), "audit", "verify", *args],
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            env=daemons.clean_environment(
                WINNOW_URL=drill.ws.url, WINNOW_TOKEN=drill.ws.secret, WINNOW_WORKSPACE=drill.ws.name
            ),
        )

    good = verify("--expect", drill.head)
    assert good.returncode == 0, good.stdout + good.stderr
    drill.tamper(
        f"UPDATE winnow.audit_records SET actor = 'x' WHERE revision = {drill.at['model']} AND workspace_id = %s"
    )
    bad = verify()
    assert bad.returncode == 1 and re.search(rf"\b{drill.at['model']}\b", bad.stdout + bad.stderr)
