"""
Retention: the log before a signed checkpoint is exported, removed by the schema's owner, and what is left still proves
itself. The old part is written by a daemon whose clock is 400 days behind.
"""

import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess

import psycopg2
import pytest

from support import daemon as daemons
from support.client import Client, problem_pointers
from support.events import Stream
from support.signer import Signer
from support.waiting import wait_until
from support.workspace import Workspace, item, rubric
from test_audit import export, verify_offline

pytestmark = pytest.mark.faults

DAY = 86400


class Old(Signer):
    """A signer that can be started with its clock set back."""

    def __init__(self, cluster, folder):
        self.folder = folder
        self.shim = folder / "past_clock.so"
        source = pathlib.Path(__file__).parent / "support" / "past_clock.c"
        subprocess.run(
            [os.environ.get("CC", "cc").split()[-1], "-shared", "-fPIC", "-O1", "-o", self.shim, source], check=True
        )
        super().__init__(cluster, folder)

    def move(self, days):
        """The daemon anew, so many days behind."""
        assert self.daemon.stop() == 0
        more = {"port": self.daemon.port}
        if days:
            asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            more |= {"LD_PRELOAD": self.shim, "PAST_CLOCK_S": days * DAY, "ASAN_OPTIONS": asan}
        self.daemon = self.another(self.folder, **more)
        self.operator = Client(self.daemon.url, self.operator.secret)
        return self.operator

    def retire(self, ws, size, folder, code=0, url=None):
        done = daemons.command(
            "retire",
            "--workspace",
            ws.name,
            "--before-checkpoint",
            size,
            "--export-dir",
            folder,
            WINNOW_OWNER_DATABASE_URL=url or self.database.owner,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        return done


@pytest.fixture(scope="module")
def old(cluster, tmp_path_factory):
    own = Old(cluster, tmp_path_factory.mktemp("old"))
    yield own
    own.end()


def then(days):
    """So many days ago."""
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Log:
    """A workspace of which the first part is 400 days old, the second 300, and the last of today."""

    def __init__(self, operator, keep=200):
        self.ws = ws = Workspace(operator)
        bodies = [item(str(i), features=rubric(2, 2), body=f"body {i}") for i in range(4)]
        self.ids = [row["id"] for row in ws.push(bodies)["results"]]
        for i in range(3):
            ws.push([item("0", title=f"Title {i}", features=rubric(2, 2))])
        ws.push([item("1", title="One", status="in_progress", features=rubric(2, 2))])
        ws.push([item("1", title="One", features=rubric(3, 1))])
        self.override = ws.post(
            "/overrides",
            201,
            json={
                "item": self.ids[3],
                "kind": "boost",
                "delta": 0.5,
                "justification": "Asked for.",
                "expires_at": then(340),
            },
        ).json()
        self.kept = ws.post(
            "/rankings", 201, json={"note": "As it was."}, params={"min_revision": ws.revision()}
        ).json()
        if keep:
            ws.put_settings(retention_days=keep)

    def first(self, old):
        old.wait(self.ws)
        self.size = self.ws.revision()
        self.note = old.newest(self.ws)

    def second(self, old):
        wait_until(lambda: self.ws.records(action="override.expire"), "the override's end is on record")
        self.ws.push([item("2", title=f"Then {i}", features=rubric(2, 2)) for i in range(1)])
        self.ws.push([item("2", title="Then", features=rubric(2, 2))])
        old.wait(self.ws)
        self.second_size = self.ws.revision()

    def today(self, old):
        self.ws.push([item("2", title="Today", features=rubric(1, 3))])
        old.wait(self.ws)


@pytest.fixture(scope="module")
def logs(old):
    """Made together, since the daemon has to be started for each of the times."""
    operator = old.move(400)
    made = [Log(operator) for _ in range(8)] + [Log(operator, keep=None)]
    for log in made:
        log.first(old)
    for days, part in ((300, Log.second), (0, Log.today)):
        old.move(days)
        for log in made:
            part(log, old)
    return made


@pytest.fixture
def log(logs):
    return logs.pop(0)


@pytest.fixture
def retired(old, log, tmp_path):
    """Whose first part is retired."""
    log.told = old.retire(log.ws, log.size, tmp_path).stdout
    log.file = next(tmp_path.glob("*.ndjson"))
    return log


def told(text, name):
    return re.search(f"^{name}: (.*)$", text, re.M)[1]


def offline(lines, tmp_path, *args):
    done = verify_offline(lines, tmp_path, *args)
    return done.returncode, done.stdout + done.stderr


def entries(ws):
    page = ws.get("/queue", params={"min_revision": ws.revision()}).json()
    return [{k: v for k, v in entry.items() if k != "links"} for entry in page["entries"]]


# ---- the story ----


def test_what_is_old_goes_and_what_is_left_is_proved(old, log, tmp_path):
    ws = log.ws
    whole = export(ws)
    before = entries(ws)
    versions = ws.get(f"/items/{log.ids[0]}/versions").json()["versions"]
    assert [v["title"] for v in versions][:3] == ["Title 2", "Title 1", "Title 0"]
    counted = old.database.counts()

    done = old.retire(ws, log.size, tmp_path)

    assert f"retired the revisions 1 to {log.size}" in done.stdout
    file = pathlib.Path(told(done.stdout, "export"))
    assert file.parent == tmp_path and not list(tmp_path.glob("*.part"))
    assert file.read_text().splitlines() == whole[: log.size], "the export of the REST interface, up to the checkpoint"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert told(done.stdout, "sha256") == digest
    gone = {k: n - old.database.counts()[k] for k, n in counted.items()}
    assert gone["audit_records"] == log.size - 1, "one more tells of the step"
    assert gone["item_versions"] == 2, "Title 0 and Title 1; another status or feature value stays"
    assert gone["item_texts"] == 2, "their texts"
    assert gone["retired_records"] == -log.size
    assert not [k for k, n in gone.items() if n > 0 and k not in ("audit_records", "item_versions", "item_texts")]

    step = ws.records(action="audit.retire")[-1]
    assert (step["actor"], step["revision"]) == ("system", ws.revision())
    detail = step["detail"]
    assert (detail["first_revision"], detail["last_revision"], detail["export_sha256"]) == (1, log.size, digest)
    assert detail["root"] == old.key.opens(log.note)[2].hex()
    page = ws.get("/audit", params={"limit": 1}).json()
    assert page["first_revision"] == page["records"][0]["revision"] == log.size + 1

    verdict = ws.verify()
    assert verdict["ok"] and verdict["first_revision"] == log.size + 1, verdict
    assert ws.verify(expect=told(done.stdout, "the log goes on after"))["ok"]
    assert ws.verify(expect=told(done.stdout, "head"))["ok"]
    assert entries(ws) == before
    old.move(0)
    assert entries(ws) == before, "loaded from what is left"
    ws.push([item("3", title="On and on", features=rubric(3, 3))])
    old.wait(ws)
    assert ws.verify()["ok"]


def test_the_files_join(old, retired, tmp_path):
    ws, lines = retired.ws, retired.file.read_text().splitlines()
    old.wait(ws)
    (tmp_path / "note").write_text(retired.note)
    (tmp_path / "newest").write_text(old.newest(ws))
    key = ["--key", old.key.text]
    code, text = offline(lines, tmp_path, "--checkpoint", tmp_path / "note", *key)
    assert code == 0, text
    rest = export(ws)
    code, text = offline(rest, tmp_path)
    assert code == 1 and "gap" in text
    code, text = offline(rest, tmp_path, "--after", told(retired.told, "the log goes on after"))
    assert code == 0, text
    older = ["--older-checkpoint", tmp_path / "note"]
    code, text = offline(lines + rest, tmp_path, "--checkpoint", tmp_path / "newest", *key, *older)
    assert code == 0, text
    broken = lines[:2] + [lines[2].replace('"row_count":', '"row_count": 1')] + lines[3:]
    assert offline(broken + rest, tmp_path)[0] == 1


def test_proofs_go_on(old, retired):
    ws, size = retired.ws, retired.size
    old.wait(ws)
    newest = ws.revision()
    for revision in (1, size, size + 1, newest):
        proof = ws.get("/audit/proofs/inclusion", params={"revision": revision, "size": newest}).json()
        assert proof["revision"] == revision
    joined = ws.get("/audit/proofs/consistency", params={"from": size, "to": newest}).json()
    assert joined["from_root"] == old.key.opens(retired.note)[2].hex()


def test_reads_of_before_say_retired(old, retired):
    ws, size, (first, *_) = retired.ws, retired.size, retired.ids
    for path, method in (
        (f"/queue?revision={size - 1}", "GET"),
        (f"/streams?revision={size - 1}", "GET"),
        (f"/items/{first}?revision={size - 1}", "GET"),
        (f"/rankings/{retired.kept['id']}:replay", "POST"),
        (f"/rankings/{retired.kept['id']}/bundle", "GET"),
    ):
        answer = ws.request(method, path, 410).json()
        assert answer["type"] == "/problems/retired" and f"is {size}." in json.dumps(answer), path
    assert ws.get(f"/queue?revision={size}").json()["entries"]
    assert ws.item(first, revision=size)["title"] == "Title 2"
    assert len(ws.get(f"/rankings/{retired.kept['id']}/entries").json()["entries"]) == 4, "what was kept of it stays"
    page = ws.get(f"/items/{first}/versions").json()
    assert [v["title"] for v in page["versions"]] == ["Title 2"] and page["retired_before"] == size
    page = ws.get(f"/items/{retired.ids[1]}/versions").json()
    assert len(page["versions"]) == 1, "of the time before it some are there, but not all"
    with Stream(ws, after=1) as stream:
        event = stream.next()
        assert (event.name, event.data["reason"]) == ("reset", "older_than_the_log")


def test_a_second_step_goes_on_where_the_first_ended(old, retired, tmp_path):
    ws = retired.ws
    before = entries(ws)
    (tmp_path / "more").mkdir()
    done = old.retire(ws, retired.second_size, tmp_path / "more")
    assert f"retired the revisions {retired.size + 1} to {retired.second_size}" in done.stdout
    assert ws.verify()["ok"] and entries(ws) == before
    lines = retired.file.read_text().splitlines()
    lines += pathlib.Path(told(done.stdout, "export")).read_text().splitlines() + export(ws)
    code, text = offline(lines, tmp_path)
    assert code == 0 and str(ws.revision()) in text
    old.retire(ws, retired.size, tmp_path, code=1)


# ---- refusals ----


def test_what_may_not_be_retired(old, logs, log, tmp_path):
    ws, counted = log.ws, old.database.counts()
    for_ever = logs[-1]

    def refused(why, ws, size, folder=tmp_path, **more):
        done = old.retire(ws, size, folder, code=1, **more)
        assert why in done.stderr, done.stderr

    refused("younger than 200 days", ws, ws.revision())
    refused("no signed checkpoint", ws, 10**6)
    refused("for ever", for_ever.ws, for_ever.size)
    refused("No such file", ws, log.size, tmp_path / "absent")
    refused("", ws, log.size, url=old.database.app)
    assert daemons.command("retire", "--workspace", ws.name).returncode == 2
    now = old.database.counts()
    assert {k: n for k, n in now.items() if "audit_" not in k} == {
        k: n for k, n in counted.items() if "audit_" not in k
    }
    assert ws.verify()["ok"]


@pytest.mark.parametrize("days", [0, 182, 36501, "200"])
def test_less_than_half_a_year_is_no_retention(old, logs, days):
    body = {k: logs[-1].ws.get("/settings").json()[k] for k in ("streams", "kinds", "statuses")}
    answer = logs[-1].ws.put("/settings", 422, json={**body, "retention_days": days}, headers={"If-Match": "*"})
    assert problem_pointers(answer) == ["/retention_days"]


def run(url, ws, *statements):
    """In one transaction of the workspace; the error, or None."""
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT set_config('winnow.workspace', %s, true)", [ws.id])
            for sql in statements:
                cursor.execute(sql, {"ws": ws.id})
        return None
    except psycopg2.Error as error:
        return str(error)
    finally:
        connection.close()


def test_nothing_else_removes(old, log):
    """Neither the application's role, nor the owner by a statement of his own, nor the function without a step."""
    owner, app, ws = old.database.owner, old.database.app, log.ws
    setting = "SELECT set_config('winnow.retiring', pg_current_xact_id()::text, true)"
    call = f"SELECT winnow.retire(%(ws)s, {log.size})"
    for url in (owner, app):
        for table in ("audit_records", "item_versions", "documents", "retired_records", "retirements"):
            assert run(url, ws, setting, f"DELETE FROM winnow.{table} WHERE workspace_id = %(ws)s")
            assert run(url, ws, setting, f"UPDATE winnow.{table} SET revision = revision")
    assert "permission denied" in run(app, ws, call)
    assert "no step retires" in run(owner, ws, call), "the step is missing"
    assert "younger" in run(owner, ws, f"SELECT winnow.retire(%(ws)s, {ws.revision()})")
    assert "does not go beyond" in run(owner, ws, "SELECT winnow.retire(%(ws)s, 999999)")
    assert "append-only" in run(owner, ws, call, "DELETE FROM winnow.audit_records WHERE workspace_id = %(ws)s")
    assert ws.verify()["ok"]


# ---- tampering with what is left ----

LEFT = {
    "a version that stayed": (
        "UPDATE winnow.item_versions SET status = 'done' WHERE {old} AND item_id = '{item}'",
        None,
    ),
    "a version that is gone": (
        "DELETE FROM winnow.item_versions WHERE {old} AND item_id = '{item}'",
        None,
    ),
    "an override that stayed": ("UPDATE winnow.overrides SET delta = 9 WHERE {old}", None),
    "a document that stayed": ("DELETE FROM winnow.documents WHERE {old} AND kind = 'settings'", None),
    "a row that slipped in": (
        "INSERT INTO winnow.documents SELECT workspace_id, kind, 'other', revision, body FROM winnow.documents "
        "WHERE {old} AND kind = 'settings'",
        None,
    ),
    "a record that is back": (
        "INSERT INTO winnow.audit_records SELECT workspace_id, 2, at, attempt_id, actor, action, subject, request_id, "
        "detail, detail_sha256, row_count, rows_sha256, prev_hash, hash FROM winnow.audit_records "
        "WHERE {ws} AND revision = {size} + 1",
        None,
    ),
    "a time that stayed": (
        "UPDATE winnow.retired_records SET at = at + interval '1 day' WHERE {ws} AND revision = 2",
        None,
    ),
    "a leaf": ("UPDATE winnow.retired_records SET hash = sha256('x') WHERE {ws} AND revision = 2", None),
    "a leaf that is gone": ("DELETE FROM winnow.retired_records WHERE {ws} AND revision = 3", None),
    "the step": ("UPDATE winnow.retirements SET kept_sha256 = sha256('x') WHERE {ws}", None),
    "the step that is gone": ("DELETE FROM winnow.retirements WHERE {ws}", {"gap"}),
    "records without a step": (
        "DELETE FROM winnow.audit_records WHERE {ws} AND revision = {size} + 1",
        {"gap"},
    ),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_is_left_is_held_against_the_step(old, logs, tmp_path, what):
    shared = logs[0]
    if not hasattr(shared, "told"):
        shared.told = old.retire(shared.ws, shared.size, tmp_path).stdout
    sql, faults = LEFT[what]
    ws = f"workspace_id = '{shared.ws.id}'"
    sql = sql.format(ws=ws, old=f"{ws} AND revision <= {shared.size}", item=shared.ids[2], size=shared.size)
    table = re.search(r"winnow\.(\w+)", sql)[1]
    assert shared.ws.verify()["ok"]
    old.database.rows(f'CREATE TABLE public.saved AS SELECT * FROM winnow."{table}" WHERE {ws}')
    try:
        assert old.database.tamper(sql) >= 1
        verdict = shared.ws.verify()
        assert not verdict["ok"] and verdict["detail"], verdict
        assert verdict["fault"] in (faults or {"retained", "checkpoint", "tree", "rows"}), verdict
    finally:
        old.database.tamper(f"DELETE FROM winnow.{table} WHERE {ws}")
        old.database.tamper(f"INSERT INTO winnow.{table} SELECT * FROM public.saved")
        old.database.rows("DROP TABLE public.saved")
    assert shared.ws.verify()["ok"]
