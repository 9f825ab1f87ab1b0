"""
PgBouncer in front of a test's cluster: transaction mode, one server connection for each database.

WINNOW_TEST_POOLER=1 has every daemon of a session serve through it.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import pathlib

import psycopg2
import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from .waiting import wait_until

started = {}  # by the folder of the cluster's socket


def wanted():
    return os.environ.get("WINNOW_TEST_POOLER") == "1"


needs_two_sessions = pytest.mark.skipif(
    wanted(), reason="the daemon has one session, and this test lets one request wait for another in PostgreSQL"
)


def program():
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


def url(direct):
    """What leads to the same database as the same role, through a pooler that is started when there is none yet."""
    parts = parse_dsn(direct)
    if parts["host"] not in started:
        started[parts["host"]] = Pooler(parts)
    return started[parts["host"]].url(direct)


def end_all():
    for pooler in started.values():
        pooler.stop()
    started.clear()


class Pooler:
    def __init__(self, parts):
        assert program(), "there is no pgbouncer here"
        self.folder = tempfile.mkdtemp(prefix="winnow-pooler-", dir="/tmp")  # short: it is a socket's path
        folder = pathlib.Path(self.folder)
        settings = [
            "[databases]",
            f"* = host={parts['host']} port={parts['port']} user={parts['user']} password={parts['password']}",
            "[pgbouncer]",
            "listen_addr =",
            "listen_port = 6432",
            f"unix_socket_dir = {self.folder}",
            f"logfile = {self.folder}/log",
            "auth_type = any",
            "admin_users = pgbouncer",
            "pool_mode = transaction",
            "default_pool_size = 1",
            "max_client_conn = 1000",
            "server_login_retry = 1",
        ]
        self.command = [program(), "--quiet", str(folder / "ini")]
        (folder / "ini").touch(mode=0o600)
        if os.geteuid() == 0:  # which it refuses to run as; the cluster's socket is this user's, too
            postgres = pwd.getpwnam("postgres")
            for path in (folder, folder / "ini"):
                os.chown(path, postgres.pw_uid, postgres.pw_gid)
            self.command[:0] = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        (folder / "ini").write_text("\n".join(settings) + "\n")
        self.start_process()

    def url(self, direct):
        return make_dsn(**{**parse_dsn(direct), "host": self.folder, "port": "6432"})

    def start_process(self):
        self.process = subprocess.Popen(
            self.command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: pathlib.Path(self.folder, ".s.PGSQL.6432").is_socket(), "pgbouncer listens", limit=15)

    def stop_process(self):
        self.process.terminate()  # at once, whatever is connected
        self.process.wait(timeout=15)

    def stop(self):
        self.stop_process()
        shutil.rmtree(self.folder)

    def rows(self, command):
        """What its console answers, as dictionaries."""
        console = psycopg2.connect(make_dsn(host=self.folder, port="6432", dbname="pgbouncer", user="pgbouncer"))
        console.autocommit = True
        with contextlib.closing(console), console.cursor() as cursor:
            cursor.execute(command)
            if not cursor.description:
                return []
            return [dict(zip([column.name for column in cursor.description], row)) for row in cursor.fetchall()]
