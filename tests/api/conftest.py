"""
One database and one daemon for the session, a fresh workspace for each test.

    WINNOWD, WINNOW_CLI                 the binaries (build/winnowd, build/winnow)
    WINNOW_TEST_DATABASE_URL            application role, in a cluster that may be thrown away
    WINNOW_TEST_OWNER_DATABASE_URL      owner
    WINNOW_TEST_ADMIN_DATABASE_URL      superuser
    WINNOW_TEST_SEED                    seed of the random tests; each prints the one that it used
    WINNOW_TEST_KILLS                   how often the crash test kills the daemon
    WINNOW_TEST_HISTORIES               how many random histories are checked (test_history.py)
    WINNOW_TEST_HISTORY_STEPS           how many steps each of its clients takes
    WINNOW_TEST_TAIL_WRITERS            how many writers the tailing readers follow (test_tailing.py)
    WINNOW_TEST_TAIL_POSTS              how many items each of them posts
    WINNOW_TEST_STREAM_MIB              how long the long stream is (test_long_streams.py)
    WINNOW_TEST_POOLER                  1: daemons reach PostgreSQL through PgBouncer, a pool of one
    WINNOW_TEST_NO_NOTIFY               1: daemons neither tell nor hear news by NOTIFY
    WINNOW_SHARED_DATA                  real trackers' samples; tests that need them are skipped without

Without the database URLs the suite makes a cluster of its own.
"""

import os
import random
import secrets

import pytest

from support import cli as clients, client, daemon as daemons, database as databases, places, pooler, standby
from support.workspace import Workspace


def pytest_report_header(config):
    return f"winnowd: {places.winnowd()}; logs below {config.getoption('basetemp') or 'the base temp folder'}"


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running():
    yield
    daemons.end_all()
    pooler.end_all()
    standby.end_all()


@pytest.fixture(scope="session", autouse=True)
def nothing_in_the_home(tmp_path_factory):
    """What clients remember between runs goes with the tests."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Connection strings of the cluster in which databases are made."""
    given = databases.given()
    if given:
        yield given
        return
    own = databases.Cluster(tmp_path_factory.mktemp("cluster"))
    yield own.database
    own.remove()


@pytest.fixture(scope="session")
def database(cluster):
    own = cluster.create(databases.fresh_name())
    daemons.migrate(own)
    yield own
    own.drop()


@pytest.fixture(scope="session")
def operator_token(database, tmp_path_factory):
    token = daemons.bootstrap(database, tmp_path_factory.mktemp("bootstrap") / "token")
    client.minted.add(token)
    return token


@pytest.fixture(scope="session")
def daemon(database, operator_token, tmp_path_factory):
    own = daemons.Daemon(database, tmp_path_factory.mktemp("daemon"))
    own.start()
    yield own
    if own.running():
        everything_still_verifies(own, operator_token)
        assert own.stop() == 0, f"exit code after SIGTERM; log: {own.log}"
    no_secret_in(daemons.logs)


def everything_still_verifies(own, token):
    """Whatever the tests did, the audit log of every workspace holds."""
    operator = client.Client(own.url, token)
    assert operator.get("/v1/audit/verify").json()["ok"]
    for workspace in operator.pages("/v1/workspaces", "workspaces", limit=1000):
        if workspace.get("removed"):
            continue
        answer = operator.get(f"/v1/workspaces/{workspace['name']}/audit/verify", expect=(200, 403))
        assert answer.status_code == 403 or answer.json()["ok"], f"{workspace['name']}: {answer.text}"


def no_secret_in(logs):
    for log in logs:
        text = log.read_text(errors="replace")
        found = [secret[:8] + "…" for secret in client.minted if secret in text]
        assert not found, f"{log} holds {len(found)} tokens: {found[:3]}"


@pytest.fixture(scope="session")
def operator(daemon, operator_token):
    return client.Client(daemon.url, operator_token)


@pytest.fixture
def ws(operator):
    """A fresh workspace; its client is the operator with every role there."""
    return Workspace(operator)


@pytest.fixture
def other_ws(operator):
    return Workspace(operator)


@pytest.fixture
def rng(request):
    """A random source whose seed is printed when the test fails."""
    seed = int(os.environ.get("WINNOW_TEST_SEED") or secrets.randbelow(2**32))
    print(f"\nWINNOW_TEST_SEED={seed} {request.node.nodeid}")
    return random.Random(seed)


@pytest.fixture(scope="session")
def contract():
    return client.the_contract()


@pytest.fixture(scope="session")
def real_data():
    folder = places.real_data()
    if folder is None:
        pytest.skip("no samples of real trackers beside the checkout (WINNOW_SHARED_DATA)")
    return folder


@pytest.fixture
def fake():
    """Makes servers that do what they are told."""
    made = []

    def make(script, context=None):
        made.append(clients.FakeServer(script, context))
        return made[-1]

    yield make
    for server in made:
        server.close()
