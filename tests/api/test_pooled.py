"""
Winnow behind PgBouncer in transaction mode with a pool of one, and without NOTIFY: a choice of the
other suites runs once more that way. All of them, by hand:

    make test-pooled
    make test-silent
"""

import contextlib
import os
import subprocess
import sys

import psycopg2
import pytest

from support import daemon as daemons, places, pooler
from support.client import Client, problem_type
from support.waiting import wait_until
from support.workspace import Workspace, item

pytestmark = pytest.mark.skipif(not pooler.program(), reason="pgbouncer is not installed")

AGAIN = [
    ("test_items", "pooled"),
    ("test_queue", "pooled"),
    ("test_audit", "pooled"),
    ("test_hints", "pooled"),
    ("test_workspaces", "pooled, silent"),
    ("test_long_poll", "pooled, silent"),
    ("test_idempotency", "pooled, silent"),
    ("test_faults", "pooled, silent"),
    ("test_events", "silent"),
]


@pytest.mark.skipif(
    pooler.wanted() or os.environ.get("WINNOW_TEST_NO_NOTIFY") == "1", reason="all suites are being run this way"
)
@pytest.mark.parametrize("suite, how", AGAIN)
def test_the_suite_holds(suite, how):
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    environment["WINNOW_TEST_POOLER"] = "1" if "pooled" in how else "0"
    environment["WINNOW_TEST_NO_NOTIFY"] = "1" if "silent" in how else "0"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "--tb=short", "-p", "no:cacheprovider", f"tests/api/{suite}.py"],
        cwd=places.ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout[-20000:]}{done.stderr[-2000:]}"
    assert " passed" in done.stdout


@contextlib.contextmanager
def serving(database, folder, secret, **variables):
    """A daemon behind a pooler of its own, the pooler, and a workspace."""
    own = pooler.Pooler(pooler.parse_dsn(database.app))
    daemon = daemons.Daemon(
        database,
        folder,
        name="behind",
        WINNOW_POOLER="true",
        WINNOW_DATABASE_URL=own.url(database.app),
        WINNOW_DIRECT_DATABASE_URL=database.app,
        **variables,
    ).start()
    yield daemon, own, Workspace(Client(daemon.url, secret))
    assert daemon.stop() == 0
    own.stop()


@pytest.fixture
def behind(database, operator_token, tmp_path):
    with serving(database, tmp_path, operator_token) as parts:
        yield parts


def test_all_of_a_daemon_shares_one_session(behind):
    _, own, ws = behind
    for n in range(20):
        ws.push([item(f"i{n}")])
        assert len(ws.get("/queue", params={"min_revision": ws.revision()}).json()["entries"]) == n + 1
    servers = own.rows("SHOW SERVERS")
    assert len(servers) == 1, servers
    assert len(own.rows("SHOW CLIENTS")) > 2, "the console, and more than one of the daemon's"
    assert [pool["pool_mode"] for pool in own.rows("SHOW POOLS") if pool["database"] != "pgbouncer"] == ["transaction"]


def test_sessions_come_and_go(behind, database):
    """The pooler's session is another one each time: nothing that an earlier one was told is needed."""
    daemon, own, ws = behind
    seen = set()
    for n in range(4):
        ws.push([item(f"i{n}")])
        seen.add(own.rows("SHOW SERVERS")[0]["remote_pid"])
        own.rows("RECONNECT")
    assert len(seen) > 1
    assert len(ws.get("/queue", params={"min_revision": ws.revision()}).json()["entries"]) == 4
    assert ws.verify()["ok"]


def test_the_pooler_restarts(behind):
    daemon, own, ws = behind
    ws.push([item("a")])
    own.stop_process()
    assert daemon.status("/livez") == 200
    wait_until(lambda: daemon.status("/readyz/writes") == 503, "writes are known to be off", limit=15)
    assert problem_type(ws.post("/items", 503, json=item("b"))) == "database-away"
    own.start_process()
    daemon.wait_ready()
    ws.push([item("b")])
    assert len(ws.get("/queue", params={"min_revision": ws.revision()}).json()["entries"]) == 2
    assert ws.verify()["ok"]


def test_no_session_within_the_time_is_busy(database, operator_token, tmp_path):
    with serving(database, tmp_path, operator_token, WINNOW_CONNECT_TIMEOUT_S=1) as (daemon, own, ws):
        ws.push([item("a")])
        page = ws.get("/queue", params={"min_revision": ws.revision()}).json()
        taken = psycopg2.connect(own.url(database.app))
        with contextlib.closing(taken), taken.cursor() as cursor:
            cursor.execute("SELECT 1")  # psycopg2 has begun a transaction, which has the only session
            answer = ws.post("/items", 503, json=item("b"))
            assert problem_type(answer) == "busy" and int(answer.headers["Retry-After"]) >= 1
            assert daemon.status("/livez") == 200 and ws.get("/queue").json() == page
        ws.push([item("b")])
        assert len(ws.get("/queue", params={"min_revision": ws.revision()}).json()["entries"]) == 2
