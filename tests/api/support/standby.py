"""A physical standby of a private cluster (database.py), by streaming replication over its socket."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from psycopg2 import Error as DatabaseError
from psycopg2.errors import SerializationFailure
from psycopg2.extensions import make_dsn, parse_dsn

from .database import Database
from .waiting import wait_until

started = []


def end_all():
    """Ends what a failed test has left running."""
    for standby in started:
        standby.remove()


class Standby(Database):
    """The cluster's databases, as the standby has them."""

    def __init__(self, cluster):
        primary = cluster.database
        self.home = tempfile.mkdtemp(prefix="winnow-standby-", dir="/tmp")  # short: it is a socket's path
        self.data = f"{self.home}/data"
        self.as_server = []
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            os.chown(self.home, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
            self.as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        super().__init__(*(self.here(url) for url in (primary.app, primary.owner, primary.admin)))
        version = primary.value("SELECT current_setting('server_version_num')::int / 10000")
        folder = pathlib.Path(f"/usr/lib/postgresql/{version}/bin")
        self.programs = folder if folder.is_dir() else pathlib.Path(shutil.which("initdb")).parent
        started.append(self)
        self.run(
            "pg_basebackup",
            f"--pgdata={self.data}",
            "--checkpoint=fast",
            "--write-recovery-conf",
            "--no-sync",
            f"--dbname={make_dsn(primary.admin, dbname='')}",
        )
        # The last setting of a name counts.
        self.configure(f"unix_socket_directories = '{self.home}'", "wal_retrieve_retry_interval = '100ms'")
        self.start()

    def here(self, url):
        return make_dsn(**{**parse_dsn(url), "host": self.home})

    def run(self, program, *args):
        done = subprocess.run(
            [*self.as_server, str(self.programs / program), *args],
            cwd="/",
            env={k: v for k, v in os.environ.items() if not k.startswith(("WINNOW", "PG"))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}{done.stdout}"

    def configure(self, *lines):
        with open(f"{self.data}/postgresql.conf", "a", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")

    # ---- its process ----

    def start(self):
        self.run("pg_ctl", "start", "-D", self.data, "-w", "-t", "60", "-s", "-l", f"{self.home}/log")
        wait_until(self.answers, "the standby takes questions", limit=30)

    def stop(self, mode="fast"):
        self.run("pg_ctl", "stop", "-D", self.data, "-w", "-t", "60", "-s", "-m", mode)

    def reload(self, *settings):
        self.configure(*settings)
        self.run("pg_ctl", "reload", "-D", self.data, "-s")
        for setting in settings:
            name, value = setting.split(" = ")
            wait_until(lambda: self.value("SELECT current_setting(%s)", name) == value.strip("'"), setting)

    def promote(self):
        self.run("pg_ctl", "promote", "-D", self.data, "-w", "-t", "60", "-s")

    def demote(self):
        """A promoted one becomes a standby of nobody, with the history that it has."""
        self.stop()
        self.configure("primary_conninfo = ''")
        pathlib.Path(self.data, "postgresql.auto.conf").write_text("")
        pathlib.Path(self.data, "standby.signal").touch()
        self.start()

    def remove(self):
        if pathlib.Path(self.data, "postmaster.pid").exists():
            with contextlib.suppress(AssertionError):  # it has just ended by itself
                self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)

    def answers(self):
        with contextlib.suppress(DatabaseError):
            return self.value("SELECT 1") == 1
        return False

    def rows(self, sql, *args):
        """Asked again when the replay cancels it, which it may do to anybody."""
        for _ in range(20):
            with contextlib.suppress(SerializationFailure):
                return super().rows(sql, *args)
        return super().rows(sql, *args)

    # ---- its replay ----

    def pause(self):
        """It receives, and shows nothing of that any more."""
        self.rows("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.value("SELECT pg_get_wal_replay_pause_state()") == "paused", "the replay is paused")

    def resume(self):
        self.rows("SELECT pg_wal_replay_resume()")

    def wait_for(self, ws, revision):
        """Until it shows a workspace at a revision."""
        sql = "SELECT coalesce(max(revision), 0) FROM winnow.workspace_heads WHERE workspace_id = %s"
        wait_until(lambda: self.value(sql, ws.id) >= revision, f"the standby is at {revision}", limit=60)

    def readers(self):
        """The sessions of daemons: what each waits for."""
        return dict(
            self.rows("SELECT pid, wait_event_type FROM pg_stat_activity WHERE application_name = 'winnowd history'")
        )

    @contextlib.contextmanager
    def frozen(self, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
