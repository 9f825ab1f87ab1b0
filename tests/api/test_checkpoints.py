"""
Signed checkpoints and proofs, judged by a verifier that was written from docs/proof.md alone (support/proof.py): made by the
job, kept outside of the database, refused where the log is not the one that was signed.
"""

import base64
import stat
import subprocess

import pytest

from support import daemon as daemons, places, proof
from support.client import problem_pointers
from support.signer import NAME, Signer, make_key, note_by
from support.waiting import wait_until
from support.workspace import Workspace, item
from test_audit import export

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def signer(cluster, tmp_path_factory):
    own = Signer(cluster, tmp_path_factory.mktemp("signer"))
    yield own
    own.end()


@pytest.fixture
def log(signer):
    ws = Workspace(signer.operator)
    for i in range(5):
        ws.push([item(str(i))])
    return ws


# ---- keys ----


def test_a_key_is_made_once(tmp_path):
    path = tmp_path / "key"
    verifier = make_key(path)
    assert proof.Key(verifier).name == NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith(f"PRIVATE+KEY+{NAME}+")
    assert make_key(path, "another.name") == verifier, "it is there already"
    assert make_key(tmp_path / "other") != verifier


def test_what_is_no_key(tmp_path):
    (tmp_path / "junk").write_text("junk\n")
    for args in (
        ["--checkpoint-key-file", tmp_path / "junk"],
        ["--checkpoint-key-file", tmp_path / "new"],
        ["--checkpoint-key-file", tmp_path / "new", "--checkpoint-name", "a name"],
        ["--checkpoint-key-file", tmp_path / "absent/new", "--checkpoint-name", NAME],
        [],
    ):
        done = daemons.command("checkpoint-key", *args)
        assert done.returncode in (1, 2) and done.stderr.startswith("winnowd: "), args
    assert not (tmp_path / "new").exists()


def test_a_daemon_with_half_of_it_does_not_start(database, tmp_path):
    make_key(tmp_path / "key")
    for args in (
        ["--checkpoint-dir", tmp_path],
        ["--checkpoint-key-file", tmp_path / "absent"],
        ["--checkpoint-key-file", tmp_path / "key", "--checkpoint-dir", tmp_path / "absent"],
    ):
        done = daemons.command(*args, "--port", "0", **daemons.reaches(database))
        assert done.returncode == 1 and "winnowd: " in done.stderr, (args, done.stderr)


# ---- checkpoints ----


def test_a_checkpoint_is_the_tree_of_the_log(signer, log):
    note = signer.wait(log)
    origin, size, root = signer.key.opens(note)
    assert origin == f"{NAME}/{log.id}" and size == log.revision()
    assert root == proof.log_root(log.records(), size)
    shown = log.get("/audit/checkpoint").json()
    assert (shown["size"], shown["root"], shown["note"]) == (size, root.hex(), note)
    text = log.get("/audit/checkpoint", params={"format": "note"})
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8" and text.content.decode() == note
    assert problem_pointers(log.get("/audit/checkpoint", 422, params={"format": "xml"})) == ["/query/format"]


def test_a_checkpoint_is_no_change(signer, log):
    signer.wait(log)
    before, turns = log.revision(), signer.daemon.metric("jobs_run_total")
    wait_until(lambda: signer.daemon.metric("jobs_run_total") > turns + 6, "more turns of the jobs")
    assert log.revision() == before
    sizes = [each["size"] for each in log.pages("/audit/checkpoints", "checkpoints", limit=2)]
    assert sizes[0] == before and sizes == sorted(set(sizes), reverse=True)


def test_every_checkpoint_is_kept_outside(signer, log):
    signer.wait(log)
    log.push([item("more")])
    signer.wait(log)
    inside = [each["note"] for each in log.pages("/audit/checkpoints", "checkpoints")]
    listed = ["\n".join(lines) for lines in chunks(signer.newest(log, ".checkpoints"))]
    assert set(inside) <= set(listed)
    records = log.records()
    for note in listed:
        _, size, root = signer.key.opens(note)
        assert root == proof.log_root(records, size)


def chunks(text):
    """Notes, each with an empty line behind it: three lines, an empty one, the signature."""
    lines = text.split("\n")
    return [lines[at : at + 5] + [""] for at in range(0, len(lines) - 1, 6)]


def test_the_webhook_gets_it(signer, log):
    note = signer.wait(log)
    wait_until(lambda: ("POST", "/hook?secret=1", note) in signer.posted, "the note is posted")


def test_a_webhook_that_refuses_holds_nobody_up(signer):
    signer.answer = 503
    try:
        ws = Workspace(signer.operator)
        before = signer.daemon.metric("checkpoint_deliveries_failed_total")
        first = signer.wait(ws)
        wait_until(lambda: signer.daemon.metric("checkpoint_deliveries_failed_total") > before, "it was refused")
        ws.push([item("1")])
        second = signer.wait(ws)
        assert first != second
    finally:
        signer.answer = 200
    wait_until(lambda: any(body == second for _, _, body in signer.posted), "it is sent again", limit=30)
    assert "secret=1" not in signer.daemon.log.read_text()


def test_the_systems_own_log(signer, log):
    operator = signer.operator
    wait_until(lambda: operator.get("/v1/audit/checkpoint", (200, 404)).status_code == 200, "a checkpoint")
    shown = operator.get("/v1/audit/checkpoint").json()
    records = list(operator.pages("/v1/audit", "records", limit=1000))
    assert signer.key.opens(shown["note"])[2] == proof.log_root(records, shown["size"])
    assert operator.get("/v1/audit/proofs/inclusion", params={"revision": 1}).json()["size"] >= shown["size"]
    operator.get("/v1/audit/proofs/consistency", params={"from": 1})
    assert operator.get("/v1/audit/checkpoints").json()["checkpoints"]


def test_two_daemons_agree(signer, log, tmp_path):
    (tmp_path / "hook").write_text(signer.receiver.url)
    other = signer.another(tmp_path)
    try:
        for i in range(10):
            log.push([item(f"two {i}")])
        signer.wait(log)
    finally:
        assert other.stop() == 0
    records = log.records()
    for lines in chunks(signer.newest(log, ".checkpoints")):
        _, size, root = signer.key.opens("\n".join(lines))
        assert root == proof.log_root(records, size)
    assert log.verify()["ok"]


# ---- proofs ----


def hashes(answer):
    return [bytes.fromhex(each) for each in answer["hashes"]]


def test_inclusion(signer, log):
    signer.wait(log)
    records = log.records()
    for size in range(1, len(records) + 1):
        root = proof.log_root(records, size)
        for revision in range(1, size + 1):
            shown = log.get("/audit/proofs/inclusion", params={"revision": revision, "size": size}).json()
            assert (shown["revision"], shown["size"], shown["root"]) == (revision, size, root.hex())
            assert shown["record"] == records[revision - 1]["hash"]
            start = proof.leaf(bytes.fromhex(shown["record"]))
            assert proof.root_of_inclusion(revision - 1, size, start, hashes(shown)) == root


def test_consistency(signer, log):
    signer.wait(log)
    records = log.records()
    for to in range(1, len(records) + 1):
        for first in range(1, to + 1):
            shown = log.get("/audit/proofs/consistency", params={"from": first, "to": to}).json()
            roots = proof.log_root(records, first), proof.log_root(records, to)
            assert (shown["from_root"], shown["to_root"]) == (roots[0].hex(), roots[1].hex())
            assert proof.roots_of_consistency(first, to, roots[0], hashes(shown)) == roots


def test_a_long_log(signer):
    """Beyond 256 records nodes are stored, and proofs come from them."""
    ws = Workspace(signer.operator)
    # One revision a line: each of these is a transaction's own.
    for chunk in range(3):
        for i in range(200):
            ws.push([item(f"{chunk} {i}")])
        signer.wait(ws)
    stored = signer.database.value("SELECT count(*) FROM winnow.audit_nodes WHERE workspace_id = %s", ws.id)
    assert stored == ws.revision() // 256
    records = ws.records()
    size = len(records)
    root = proof.log_root(records, size)
    for revision in (1, 2, 255, 256, 257, 300, 511, 512, 513, size - 1, size):
        shown = ws.get("/audit/proofs/inclusion", params={"revision": revision, "size": size}).json()
        start = proof.leaf(bytes.fromhex(records[revision - 1]["hash"]))
        assert proof.root_of_inclusion(revision - 1, size, start, hashes(shown)) == root
    for first in (1, 255, 256, 257, 512, 600):
        shown = ws.get("/audit/proofs/consistency", params={"from": first, "to": size}).json()
        older = proof.log_root(records, first)
        assert proof.roots_of_consistency(first, size, older, hashes(shown)) == (older, root)
    assert ws.verify()["ok"]
    # A node that was changed behind the log's back is found, and so is one of records that are not there.
    where = "workspace_id = %s AND place = 1"
    signer.database.tamper(f"UPDATE winnow.audit_nodes SET hash = sha256('x') WHERE {where}", ws.id)
    verdict = ws.verify()
    assert (verdict["ok"], verdict["fault"], verdict["revision"]) == (False, "tree", 257)
    signer.database.tamper(f"DELETE FROM winnow.audit_nodes WHERE {where}", ws.id)
    assert ws.verify()["ok"], "what is not stored is computed"
    shown = ws.get("/audit/proofs/inclusion", params={"revision": 300, "size": size}).json()
    assert shown["root"] == root.hex()


def test_who_has_signed_what_the_database_keeps(signer, log, ws, tmp_path):
    """The key was changed, as far as one can tell, or somebody has put his own checkpoint there."""
    for more in range(3):
        log.push([item(f"more {more}")])
        signer.wait(log)
    notes = {each["size"]: each["note"] for each in log.pages("/audit/checkpoints", "checkpoints")}
    assert log.verify()["signatures"] == "ok" and "signed_from" not in log.verify()
    oldest, second, *_, newest = sorted(notes)
    stranger = tmp_path / "stranger"
    its_key = proof.Key(make_key(stranger))

    def store(size, note):
        sql = "UPDATE winnow.audit_checkpoints SET note = %s WHERE workspace_id = %s AND size = %s"
        assert signer.database.tamper(sql, note, log.id, size) == 1

    def found():
        verdict = log.verify()
        keys = ("fault", "revision") if not verdict["ok"] else ("signatures", "signed_from")
        return tuple(verdict.get(key) for key in keys)

    others = {size: note_by(stranger, note.rpartition("\n\n")[0] + "\n") for size, note in notes.items()}
    assert its_key.opens(others[newest])[1:] == signer.key.opens(notes[newest])[1:], "the same tree"
    store(newest, others[newest])
    assert found() == ("signature", newest)
    done = verify(log)
    assert done.returncode == 1 and f"fault at revision {newest}: signature" in done.stdout, done.stdout
    end = notes[newest].rindex("=\n") - 12
    store(newest, notes[newest][:end] + ("B" if notes[newest][end] == "A" else "A") + notes[newest][end + 1 :])
    assert found() == ("signature", newest), "by this key's name, and not by it"
    store(newest, notes[newest])
    assert found() == ("ok", None)
    store(oldest, others[oldest])
    assert found() == ("partly", second)
    for size, note in others.items():
        store(size, note)
    assert found() == ("partly", None)
    assert "not signed by the daemon's key" in verify(log).stderr
    assert ws.verify()["signatures"] == "unchecked", "a daemon without a key"


def test_what_cannot_be_proved(log, ws):
    size = log.revision()
    for params, pointer in (
        ({}, "/query/revision"),
        ({"revision": 0}, "/query/revision"),
        ({"revision": size + 1, "size": size}, "/query/revision"),
        ({"revision": 1, "size": size + 1}, "/query/size"),
        ({"revision": 1, "size": 0}, "/query/size"),
    ):
        assert problem_pointers(log.get("/audit/proofs/inclusion", 422, params=params)) == [pointer], params
    for params, pointer in (
        ({}, "/query/from"),
        ({"from": 2, "to": 1}, "/query/from"),
        ({"from": 1, "to": size + 1}, "/query/to"),
    ):
        assert problem_pointers(log.get("/audit/proofs/consistency", 422, params=params)) == [pointer], params
    # Without a key there are no checkpoints, but a short log is proved all the same.
    ws.get("/audit/checkpoint", 404)
    assert ws.get("/audit/checkpoints").json() == {"checkpoints": []}
    shown = ws.get("/audit/proofs/inclusion", params={"revision": 1}).json()
    assert shown["size"] == ws.revision()


# ---- the client ----


def verify(ws, *args):
    return subprocess.run(
        [places.winnow(), "audit", "verify", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env=daemons.clean_environment(WINNOW_URL=ws.url, WINNOW_TOKEN=ws.secret, WINNOW_WORKSPACE=ws.name),
    )


class Kept:
    """What somebody keeps outside: two checkpoints and an export from between."""

    def __init__(self, signer, ws, folder):
        self.ws, self.folder, self.key = ws, folder, signer.key.text
        self.older, self.newer, self.file = folder / "older", folder / "newer", folder / "log.ndjson"
        self.older.write_text(signer.wait(ws))
        self.file.write_text("".join(line + "\n" for line in export(ws)))
        self.short = folder / "short.ndjson"
        self.short.write_bytes(self.file.read_bytes())
        ws.push([item("after")])
        self.newer.write_text(signer.wait(ws))
        self.file.write_text("".join(line + "\n" for line in export(ws)))

    def offline(self, *args, file=None):
        return verify(self.ws, "--file", file or self.file, "--key", self.key, *args)

    def online(self, *args):
        return verify(self.ws, "--key", self.key, *args)


@pytest.fixture
def kept(signer, log, tmp_path):
    return Kept(signer, log, tmp_path)


def test_the_client_checks_a_checkpoint(kept):
    for ask in (kept.offline, kept.online):
        for args in (
            ["--checkpoint", kept.newer],
            ["--checkpoint", kept.older],
            ["--checkpoint", kept.newer, "--older-checkpoint", kept.older],
        ):
            done = ask(*args)
            assert done.returncode == 0 and done.stdout.startswith("ok: "), (args, done.stdout + done.stderr)
    done = kept.offline("--checkpoint", kept.newer, file=kept.short)
    assert done.returncode == 1 and "behind" in done.stdout or "before a checkpoint" in done.stdout, done.stdout


def test_the_client_believes_nobody_else(kept, signer, tmp_path):
    other = make_key(tmp_path / "other")
    good = kept.newer.read_text()
    forged = tmp_path / "forged"
    lines = good.split("\n")
    lines[2] = base64.b64encode(b"x" * 32).decode()
    forged.write_text("\n".join(lines))
    done = kept.offline("--checkpoint", forged)
    assert done.returncode == 1 and "signature" in done.stderr, done.stderr
    done = verify(kept.ws, "--file", kept.file, "--key", other, "--checkpoint", kept.newer)
    assert done.returncode == 1 and "not signed by this key" in done.stderr, done.stderr
    (tmp_path / "junk").write_text("junk")
    assert kept.offline("--checkpoint", tmp_path / "junk").returncode == 1
    foreign = Workspace(signer.operator)
    (tmp_path / "foreign").write_text(signer.wait(foreign))
    done = kept.offline("--checkpoint", tmp_path / "foreign")
    assert done.returncode == 1 and done.stdout.startswith("fault"), done.stdout + done.stderr
    done = kept.offline("--checkpoint", kept.newer, "--older-checkpoint", tmp_path / "foreign")
    assert done.returncode == 1 and "different logs" in done.stderr


def test_what_the_client_refuses(kept):
    for args in (
        ["--file", kept.file, "--checkpoint", kept.newer],
        ["--file", kept.file, "--key", kept.key],
        ["--file", kept.file, "--key", "x", "--checkpoint", kept.newer],
        ["--file", kept.file, "--key", kept.key, "--older-checkpoint", kept.older],
        ["--file", kept.file, "--key", kept.key, "--checkpoint", kept.newer, "--after", f"1:{'0' * 64}"],
        ["--file", kept.file, "--key", kept.key, "--checkpoint", "absent"],
    ):
        assert verify(kept.ws, *args).returncode == 2, args
