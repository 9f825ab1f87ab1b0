"""
Retention: the log before a signed checkpoint is exported, removed by the schema's owner, and what is left still proves
itself. The old part is written by a daemon whose clock is 400 days behind.
"""

import hashlib
import json
import pathlib
import re

import psycopg2
import pytest

from support import cli, daemon as daemons, evidence
from support.client import problem_pointers, problem_type
from support.events import Stream
from support.old_log import Log, Old, then, told
from support.signer import make_key
from support.workspace import item, rubric
from test_audit import export, verify_offline

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def old(cluster, tmp_path_factory):
    own = Old(cluster, tmp_path_factory.mktemp("old"))
    yield own
    own.end()


@pytest.fixture(scope="module")
def logs(old):
    """Made together, since the daemon has to be started for each of the times."""
    operator = old.move(400)
    made = [Log(operator) for _ in range(12)] + [Log(operator, keep=None)]
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
    assert detail["signed_by"] == old.signer() and told(done.stdout, "signature").endswith(
        f"is signed by {old.signer()}"
    )
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


def test_an_export_does_not_go_on_over_a_gap(old, log, tmp_path):
    """Whose next page would begin behind what was retired meanwhile: it says so, and makes no file with a hole."""
    ws = log.ws
    page = ws.get("/audit/export", params={"limit": 2})
    assert page.headers["Winnow-Next"] == "2"
    old.retire(ws, log.size, tmp_path)
    for after in (1, 2, log.size - 1):
        answer = ws.get("/audit/export", 410, params={"after": after}).json()
        assert answer["type"] == "/problems/retired" and f"is {log.size}." in json.dumps(answer)
    for after in (0, log.size):
        first = ws.get("/audit/export", params={"after": after}).text.splitlines()[0]
        assert json.loads(first)["record"]["revision"] == log.size + 1, "from the beginning, or where the file ends"


def test_what_people_wrote_then_can_still_be_erased(old, retired):
    """By the subject of its record, though that is gone; nothing else of the revision's."""
    ws, override, why = retired.ws, retired.override, {"rationale": "Asked for by the person."}
    ws.post("/erasures", 404, json={**why, "subject": f"override:{retired.kept['id']}"})
    for subject, texts in ((f"override:{override['id']}", 1), (f"ranking:{retired.kept['id']}", 1)):
        assert ws.post("/erasures", 200, json={**why, "subject": subject}).json()["texts"] == texts
        assert ws.post("/erasures", 200, json={**why, "subject": subject}).json()["texts"] == 0
    assert ws.get(f"/overrides/{override['id']}").json()["justification"] is None
    assert ws.get(f"/rankings/{retired.kept['id']}").json()["note"] is None
    assert ws.verify()["ok"]


def test_evidence_of_what_is_left(old, retired, tmp_path):
    """What was in force before is shown, and said to be proved by the signature alone."""
    ws, path = retired.ws, tmp_path / "evidence.ndjson"
    new = {"If-None-Match": "*"}
    card = {name: "A test's own" for name in ("intended_use", "limits", "data", "owner")}
    ws.put("/models/1/card", 201, json=card, headers=new)
    old.wait(ws)
    assert problem_type(ws.get("/evidence", 410, params={"from": then(401)})) == "retired"
    for span in ({}, {"from": then(1)}):
        found = evidence.Bundle(ws.get("/evidence", params=span).text)
        found.check(old.key)
        assert found.header["first_revision"] == retired.size + 1 <= found.header["from"]["revision"]
        (model,) = [line for line in found.parts["models"] if line["kind"] == "model"]
        assert model["revision"] <= retired.size and model["card"] == card
        verify = ["evidence", "verify", path, "--key", old.key.text, "--json"]
        verdict = json.loads(cli.run(*verify[:2], cli.write(path, found.text), *verify[3:]).stdout)
        assert verdict["ok"] and (verdict["retired"], verdict["by_signature"]) == (retired.size, 1)
        said = f'"first_revision":{retired.size + 1},"items"'
        assert said in found.text
        cli.run(*verify[:2], cli.write(path, found.text.replace(said, '"items"')), *verify[3:], expect=cli.REFUSED)


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
    ws, counted = log.ws, old.counts()
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
    assert old.counts() == counted
    assert ws.verify()["ok"]


def forged(note):
    """With another signature of the same key's."""
    end = note.rindex("=\n")
    return note[: end - 12] + ("A" if note[end - 12] != "A" else "B") + note[end - 11 :]


def test_a_checkpoint_must_be_signed(old, logs, log, tmp_path):
    """By the key that is given: who can write to the table can write there what he likes."""
    ws, size, other = log.ws, log.size, logs[-1]
    stored = "UPDATE winnow.audit_checkpoints SET note = %s WHERE workspace_id = %s AND size = %s"
    counted = old.counts()
    notes = {
        "The signature does not fit the text": forged(log.note),
        "no signed note": log.note.rpartition("\n\n")[0] + "\n",
        "What is signed is another one": old.newest(other.ws),
    }
    for why, note in notes.items():
        assert old.database.tamper(stored, note, ws.id, size) == 1
        assert why in old.retire(ws, size, tmp_path, code=1).stderr
    assert old.database.tamper(stored, log.note, ws.id, size) == 1
    stranger, verifier = tmp_path / "stranger", tmp_path / "verifier"
    make_key(stranger)
    assert "not signed by this key" in old.retire(ws, size, tmp_path, code=1, key=stranger).stderr
    (tmp_path / "empty").touch()
    assert "holds no key" in old.retire(ws, size, tmp_path, code=1, key=tmp_path / "empty").stderr
    assert "No such file" in old.retire(ws, size, tmp_path, code=1, key=tmp_path / "absent").stderr
    assert old.counts() == counted and not list(tmp_path.glob("*.ndjson*")), "it has not even begun"

    verifier.write_text(old.key.text + "\n")
    done = old.retire(ws, size, tmp_path, key=verifier)
    assert told(done.stdout, "signature").endswith("is signed by " + old.signer())
    done = old.retire(ws, log.second_size, tmp_path, key=False)
    assert "not checked" in told(done.stdout, "signature")
    steps = [record["detail"]["signed_by"] for record in ws.records(action="audit.retire")]
    assert steps == [old.signer(), None]
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
