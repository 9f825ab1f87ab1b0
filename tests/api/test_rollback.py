"""
A superuser who knows the whole format: history is changed, the chain made up anew from there, the head set, what is derived
thrown away. The log by itself is in order then; a checkpoint that was kept outside says otherwise, and the daemon
signs no other.
"""

import subprocess

import pytest

from support import daemon as daemons, database as databases, places, proof
from support.signer import Signer
from support.waiting import wait_until
from support.workspace import Workspace, item, rubric
from test_audit import export

pytestmark = pytest.mark.faults

TABLES = ("documents", "item_versions", "tokens", "grants")


@pytest.fixture(scope="module")
def signer(cluster, tmp_path_factory):
    own = Signer(cluster, tmp_path_factory.mktemp("signer"))
    yield own
    own.end()


class Forger:
    """A workspace with some history, a checkpoint of it outside, and more history behind."""

    def __init__(self, signer, folder):
        self.signer, self.database, self.folder = signer, signer.database, folder
        self.ws = Workspace(signer.operator)
        for i in range(6):
            self.ws.push([item(str(i), features=rubric(2, 2))])
        self.middle = self.ws.revision() - 3
        self.checkpoint = folder / "kept.checkpoint"
        self.checkpoint.write_text(signer.wait(self.ws))
        self.size = self.ws.revision()
        assert self.ws.verify()["ok"]

    def tamper(self, sql, *args):
        return self.database.tamper(sql, *args)

    def everywhere(self, sql, *args):
        """`sql` with {table} for each that has rows by revision."""
        for table in ("audit_records", *TABLES):
            self.tamper(sql.format(table=table), *args, self.ws.id)

    def make_up(self):
        """Whatever the rows are now, the log says it was so."""
        record = None
        for record in proof.made_up(export(self.ws)):
            hashes = [bytes.fromhex(record[name]) for name in ("detail_sha256", "rows_sha256", "prev_hash", "hash")]
            changed = self.tamper(
                "UPDATE winnow.audit_records SET row_count = %s, detail_sha256 = %s, rows_sha256 = %s, prev_hash = %s, "
                "hash = %s WHERE revision = %s AND workspace_id = %s",
                record["row_count"],
                *hashes,
                record["revision"],
                self.ws.id,
            )
            assert changed == 1
        self.tamper(
            "UPDATE winnow.workspace_heads h SET revision = r.revision, hash = r.hash, at = r.at FROM winnow.audit_records r "
            "WHERE r.workspace_id = h.workspace_id AND r.revision = %s AND h.workspace_id = %s",
            record["revision"],
            self.ws.id,
        )
        self.tamper("DELETE FROM winnow.items WHERE workspace_id = %s", self.ws.id)
        self.tamper(
            "INSERT INTO winnow.items SELECT DISTINCT ON (item_id) workspace_id, item_id, revision, first_revision, source, "
            "external_id, status, stream, kind, team FROM winnow.item_versions WHERE workspace_id = %s ORDER BY item_id, "
            "revision DESC",
            self.ws.id,
        )
        # The last: while they are there the daemon does not sign what is being changed.
        for table in ("audit_nodes", "audit_checkpoints"):
            self.tamper(f"DELETE FROM winnow.{table} WHERE workspace_id = %s", self.ws.id)

    def is_found(self, *faults):
        verdict = self.ws.verify()
        assert verdict["ok"] is True, f"by itself the log is in order: {verdict}"
        done = self.verify()
        assert done.returncode == 1 and done.stdout.startswith("fault"), done.stdout + done.stderr
        assert any(f": {fault}: " in done.stdout for fault in faults), done.stdout
        file = self.folder / "log.ndjson"
        file.write_text("".join(line + "\n" for line in export(self.ws)))
        assert self.verify("--file", file, checkpoint=False).returncode == 0
        done = self.verify("--file", file)
        assert done.returncode == 1 and any(f": {fault}: " in done.stdout for fault in faults), done.stdout

    def verify(self, *args, checkpoint=True):
        kept = ["--checkpoint", self.checkpoint, "--key", self.signer.key.text] if checkpoint else []
        return subprocess.run(
            [places.winnow(), "audit", "verify", *map(str, [*args, *kept])],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env=daemons.clean_environment(
                WINNOW_URL=self.ws.url, WINNOW_TOKEN=self.ws.secret, WINNOW_WORKSPACE=self.ws.name
            ),
        )

    def is_refused(self):
        """The log goes on, but nothing of it is signed any more."""
        before = self.signer.newest(self.ws)
        self.ws.push([item("later")])

        def told():
            return any(
                line.get("event") == "checkpoint_refused" and line.get("workspace") == self.ws.id
                for line in self.signer.daemon.log_lines()
            )

        wait_until(told, "the daemon says so")
        assert self.signer.newest(self.ws) == before
        newest = self.database.rows("SELECT size FROM winnow.audit_checkpoints WHERE workspace_id = %s", self.ws.id)
        assert not newest or max(size for size, in newest) <= self.size


@pytest.fixture
def forger(signer, tmp_path):
    return Forger(signer, tmp_path)


def test_edit(forger):
    forger.tamper(
        "UPDATE winnow.audit_records SET actor = 'token:00000000-0000-4000-8000-000000000000' WHERE revision = %s AND "
        "workspace_id = %s",
        forger.middle,
        forger.ws.id,
    )
    forger.make_up()
    forger.is_found("checkpoint")
    forger.is_refused()


def test_edit_a_row(forger):
    changed = forger.tamper(
        "UPDATE winnow.item_versions SET status = 'done' WHERE revision = %s AND workspace_id = %s",
        forger.middle,
        forger.ws.id,
    )
    assert changed == 1
    forger.make_up()
    forger.is_found("checkpoint")


def renumber(forger, what):
    """Revisions and first revisions of all that `what` says, without meeting each other on the way."""
    far = 1_000_000
    for by in (far, -far):
        shift = what.format(revision="revision" if by > 0 else f"(revision - {far})")
        where = "revision > 0" if by > 0 else f"revision > {far // 2}"
        for table in ("audit_records", *TABLES):
            value = shift if by > 0 else "revision"
            forger.tamper(
                f"UPDATE winnow.{table} SET revision = {value} + {by} WHERE {where} AND workspace_id = %s", forger.ws.id
            )
    first = what.format(revision="first_revision")
    forger.tamper(f"UPDATE winnow.item_versions SET first_revision = {first} WHERE workspace_id = %s", forger.ws.id)


def test_delete(forger):
    forger.everywhere(f"DELETE FROM winnow.{{table}} WHERE revision = {forger.middle} AND workspace_id = %s")
    renumber(forger, f"{{revision}} - CASE WHEN {{revision}} > {forger.middle} THEN 1 ELSE 0 END")
    forger.make_up()
    forger.is_found("behind", "checkpoint")
    forger.ws.push([item("one more")])
    forger.is_found("checkpoint")


def test_cut_the_tail(forger):
    """With all that belongs to it, the head set back and the tree's nodes gone."""
    forger.everywhere(f"DELETE FROM winnow.{{table}} WHERE revision > {forger.middle} AND workspace_id = %s")
    forger.make_up()
    assert forger.ws.verify()["records"] == forger.middle
    forger.is_found("behind")
    forger.is_refused()


def test_cut_the_tail_and_write_on(forger):
    forger.everywhere(f"DELETE FROM winnow.{{table}} WHERE revision > {forger.middle} AND workspace_id = %s")
    forger.make_up()
    for i in range(6):
        forger.ws.push([item(f"instead {i}")])
    forger.is_found("checkpoint")
    forger.is_refused()


def test_swap(forger):
    a, b = forger.middle, forger.middle + 1
    renumber(forger, f"CASE {{revision}} WHEN {a} THEN {b} WHEN {b} THEN {a} ELSE {{revision}} END")
    # Time does not go back, not even here.
    forger.tamper(
        "UPDATE winnow.audit_records SET at = (SELECT min(at) FROM winnow.audit_records WHERE revision IN (%s, %s) AND "
        "workspace_id = %s) WHERE revision IN (%s, %s) AND workspace_id = %s",
        *(a, b, forger.ws.id) * 2,
    )
    forger.make_up()
    forger.is_found("checkpoint")


def test_insert(forger):
    at = forger.middle
    renumber(forger, f"{{revision}} + CASE WHEN {{revision}} > {at} THEN 1 ELSE 0 END")
    forger.tamper(
        "INSERT INTO winnow.audit_records SELECT workspace_id, revision + 1, at, gen_random_uuid(), actor, 'override.revoke', "
        "'', '', '{}', detail_sha256, 0, rows_sha256, prev_hash, hash FROM winnow.audit_records WHERE revision = %s AND "
        "workspace_id = %s",
        at,
        forger.ws.id,
    )
    forger.make_up()
    forger.is_found("checkpoint")
    forger.is_refused()


def test_what_is_in_the_database_is_compared_too(forger):
    """Whoever forgets the checkpoints that the database holds is found without any help."""
    kept = forger.database.rows(
        "SELECT size, root, note, made_at FROM winnow.audit_checkpoints WHERE workspace_id = %s", forger.ws.id
    )
    forger.tamper(
        "UPDATE winnow.audit_records SET actor = 'x' WHERE revision = %s AND workspace_id = %s",
        forger.middle,
        forger.ws.id,
    )
    forger.make_up()
    for row in kept:
        forger.tamper("INSERT INTO winnow.audit_checkpoints VALUES (%s, %s, %s, %s, %s)", forger.ws.id, *row)
    verdict = forger.ws.verify()
    first = min(size for size, *_ in kept if size >= forger.middle)
    assert (verdict["ok"], verdict["fault"], verdict["revision"]) == (False, "checkpoint", first)


def test_an_edited_checkpoint(forger):
    """Its columns must be what its text says."""
    forger.tamper(
        "UPDATE winnow.audit_checkpoints SET note = replace(note, 'winnow', 'x/winnow') || 'x' WHERE size = %s AND "
        "workspace_id = %s",
        forger.size,
        forger.ws.id,
    )
    verdict = forger.ws.verify()
    assert (verdict["ok"], verdict["fault"], verdict["revision"]) == (False, "checkpoint", forger.size)


def test_roll_back_to_an_old_backup(cluster, tmp_path):
    """The whole database as it was before the checkpoint, by PostgreSQL's own means."""
    (tmp_path / "signer").mkdir()
    signer = Signer(cluster, tmp_path / "signer")
    try:
        ws = Workspace(signer.operator)
        ws.push([item("1")])
        signer.wait(ws)
        assert signer.daemon.stop() == 0
        backup = databases.fresh_name("winnow_backup")
        name = signer.database.value("SELECT current_database()")
        # A pooler keeps sessions of a daemon that has ended, and what is in use is no template.
        sessions = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        databases.run(cluster.admin, sessions)
        databases.run(cluster.admin, f'CREATE DATABASE "{backup}" TEMPLATE "{name}"')
        signer.daemon.start()
        ws.push([item("2")])
        kept = tmp_path / "kept"
        kept.write_text(signer.wait(ws))
        assert signer.daemon.stop() == 0
        databases.run(cluster.admin, f'DROP DATABASE "{name}" WITH (FORCE)')
        databases.run(cluster.admin, f'ALTER DATABASE "{backup}" RENAME TO "{name}"')
        signer.daemon.start()
        found = Forger.__new__(Forger)
        found.ws, found.signer, found.database, found.folder = ws, signer, signer.database, tmp_path
        found.checkpoint, found.size = kept, ws.revision()
        found.is_found("behind")
        found.is_refused()
        ws.push([item("3")])
        found.is_found("checkpoint")
    finally:
        signer.end()
