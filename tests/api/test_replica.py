"""
Reads of history from a standby: which go there, what they show while it is behind, and that the primary answers when it
is not there, fails in the middle, or is not what it should be.
"""

import concurrent.futures
import contextlib
import copy

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from support import daemon as daemons, database as databases, pooler
from support.client import Client, problem_type
from support.standby import Standby
from support.waiting import wait_until
from support.workspace import Workspace, item

pytestmark = pytest.mark.skipif(pooler.wanted(), reason="this suite has a pooler of its own")

AWAY = "replica_away"


class Site:
    """A primary, a standby, and a daemon that has both."""

    def __init__(self, folder):
        self.folder = folder
        self.cluster = databases.Cluster(folder / "primary")
        self.primary, self.daemons, self.standby = self.cluster.database, [], None
        try:
            daemons.migrate(self.primary)
            self.secret = daemons.bootstrap(self.primary, folder / "token")
            self.standby = Standby(self.cluster)
        except BaseException:
            self.cluster.remove()
            raise

    def daemon(self, **variables):
        variables.setdefault("WINNOW_REPLICA_DATABASE_URL", self.standby.app)
        made = daemons.Daemon(self.primary, self.folder, name="replica", **variables).start()
        self.daemons.append(made)
        return made

    def workspace(self, daemon):
        return Workspace(Client(daemon.url, self.secret))

    def end(self):
        try:
            assert [daemon.stop() for daemon in self.daemons] == [0] * len(self.daemons)
        finally:
            self.standby.remove()
            self.cluster.remove()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    own = Site(tmp_path_factory.mktemp("site"))
    yield own
    own.end()


@pytest.fixture
def other_site(tmp_path):
    """For what a standby does not recover from."""
    own = Site(tmp_path)
    yield own
    own.end()


@pytest.fixture(scope="module")
def daemon(site):
    return site.daemon()


@pytest.fixture
def ws(site, daemon):
    return site.workspace(daemon)


def at(ws, daemon):
    """The same workspace at another daemon."""
    mine = copy.copy(ws)
    Client.__init__(mine, daemon.url, ws.secret, ws.prefix)
    return mine


def metrics(daemon):
    found = {}
    for line in daemon.get("/metrics").text.splitlines():
        name, _, value = line.partition(" ")
        if not line.startswith("#") and "{" not in name:
            found[name.removeprefix("winnow_").removesuffix("_total")] = float(value)
    return found


@contextlib.contextmanager
def counting(daemon):
    """What the counters grow by."""
    before, grown = metrics(daemon), {}
    yield grown
    after = metrics(daemon)
    grown.update({name: after[name] - before[name] for name in after})


def caught_up(site, ws, daemon):
    """Until the standby has all of the workspace, and is in use."""
    site.standby.wait_for(ws, ws.revision())

    def used():
        with counting(daemon) as grown:
            ws.get("/audit")
        return grown["history_reads_replica"] == 1

    wait_until(used, "the replica is used", limit=40)


def events(daemon):
    return [line["event"] for line in daemon.log_lines()]


def reasons(daemon):
    return [line["reason"] for line in daemon.log_lines() if line["event"] == AWAY]


def backlog(ws):
    """A few revisions with something in each kind of history; names of it."""
    ws.push([item("a"), item("b"), item("c")])
    ws.push([item("a", title="Another title")])
    found = {entry["external_id"]: entry["id"] for entry in ws.queue()["entries"]}
    kept = [ws.post("/rankings", 201, params={"min_revision": ws.revision()}).json()["id"]]
    ref = {name: {"source": "test", "external_id": name} for name in "ab"}
    ws.post("/comparisons", 201, json={"before": ref["a"], "after": ref["b"]})
    kept.append(ws.post("/rankings", 201, params={"min_revision": ws.revision()}).json()["id"])
    return found, kept


def reads(found, kept):
    """Each read of history: method and path."""
    first, second = kept
    return [
        ("GET", f"/items/{found['a']}/versions"),
        ("GET", f"/items/{found['a']}?revision={first.split('.')[0]}"),
        ("GET", "/audit"),
        ("GET", "/audit/export"),
        ("GET", "/rankings"),
        ("GET", f"/rankings/{first}"),
        ("GET", f"/rankings/{first}/entries"),
        ("GET", f"/rankings/{second}/order"),
        ("GET", f"/rankings/{first}/bundle"),
        ("POST", f"/rankings/{second}:replay"),
        ("GET", f"/rankings/{first}/diff/{second}"),
        ("GET", f"/queue?revision={first.split('.')[0]}"),
        ("GET", "/comparisons"),
        ("GET", "/overrides/report"),
    ]


def shown(ws, method, path):
    answer = ws.request(method, path, 200)
    return answer.headers["Winnow-Revision"], answer.text


def test_history_is_read_from_the_replica(site, daemon, ws):
    found, kept = backlog(ws)
    plain = site.daemon(WINNOW_REPLICA_DATABASE_URL=None)
    caught_up(site, ws, daemon)
    for method, path in reads(found, kept):
        with counting(daemon) as grown:
            answer = shown(ws, method, path)
        assert grown["history_reads_replica"] >= 1 and grown["history_reads_primary"] == 0, (path, grown)
        assert answer == shown(at(ws, plain), method, path), path
    assert site.standby.readers(), "its sessions are seen there"
    assert metrics(daemon)["replica_used"] == 1
    assert metrics(plain)["history_reads_primary"] == 0, "without a replica nothing is counted"


def test_what_is_now_is_read_from_the_primary(site, daemon, ws):
    found, _ = backlog(ws)
    caught_up(site, ws, daemon)
    with counting(daemon) as grown:
        for path in (f"/items/{found['a']}", "/items", "/queue", "/overrides", "/models", "/audit/verify", ""):
            ws.get(path)
    assert grown["history_reads_replica"] == 0


def test_one_that_is_behind_never_shows_less(site, daemon, ws):
    found, kept = backlog(ws)
    caught_up(site, ws, daemon)
    old = ws.revision()
    versions = f"/items/{found['a']}/versions"
    site.standby.pause()
    try:
        for n in range(3):
            ws.push([item("a", title=f"Title {n}")])
            with counting(daemon) as grown:
                assert ws.get(versions).json()["versions"][0]["title"] == f"Title {n}"
                assert ws.records()[-1]["revision"] == ws.revision()
            assert grown["history_reads_replica"] == 0 and grown["replica_behind"] >= 2
        # What it has got to is asked of it all the same.
        with counting(daemon) as grown:
            answer = ws.get(versions, params={"min_revision": old})
            assert answer.headers["Winnow-Revision"] == str(old)
            assert answer.json()["versions"][0]["title"] == "Another title"
            ws.get("/queue", params={"revision": old})
            assert ws.get(f"/items/{found['a']}", params={"revision": old}).json()["title"] == "Another title"
        assert grown["replica_behind"] == 0 and grown["history_reads_replica"] >= 3
        assert problem_type(ws.get(versions, 422, params={"min_revision": 10**6})) == "revision-beyond-head"
        assert metrics(daemon)["replica_used"] == 1, "to be behind is no failure"
    finally:
        site.standby.resume()
    caught_up(site, ws, daemon)


def test_what_another_daemon_wrote(site, daemon, ws):
    """This daemon does not know of it; the client does, by revision or by name."""
    backlog(ws)
    elsewhere = at(ws, site.daemon(WINNOW_REPLICA_DATABASE_URL=None))
    caught_up(site, ws, daemon)
    site.standby.pause()
    try:
        elsewhere.push([item("new")])
        new = next(elsewhere.pages("/items", "items", {"external_id": "new"}))["id"]
        made = elsewhere.revision()
        assert ws.get(f"/items/{new}/versions").json()["versions"][0]["external_id"] == "new"
        assert ws.get("/audit", params={"min_revision": made}).json()["records"][-1]["revision"] == made
        assert ws.get("/audit").json()["records"][-1]["revision"] == made, "it has been shown"
        kept = elsewhere.post("/rankings", 201, params={"min_revision": made}).json()["id"]
        assert ws.get(f"/rankings/{kept}").json()["id"] == kept
    finally:
        site.standby.resume()


def test_after_a_restart_the_primary_is_asked_first(site, ws, daemon):
    """A daemon that knows nothing yet of a workspace must not show less than it has shown before."""
    backlog(ws)
    caught_up(site, ws, daemon)
    own = site.daemon()
    mine = at(ws, own)
    site.standby.pause()
    try:
        mine.push([item("late")])
        assert mine.get("/audit").headers["Winnow-Revision"] == str(mine.revision())
        newest = mine.revision()
        assert own.stop() == 0
        own.start()
        assert mine.get("/audit").headers["Winnow-Revision"] == str(newest)
    finally:
        site.standby.resume()


@contextlib.contextmanager
def exporting_behind_a_lock(site, daemon, ws):
    """An export that has begun on the standby and waits for a lock there; the primary's session that holds it."""
    caught_up(site, ws, daemon)
    expected = shown(ws, "GET", "/audit/export")
    holder = psycopg2.connect(site.primary.admin)
    with contextlib.closing(holder), concurrent.futures.ThreadPoolExecutor(1) as pool:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE winnow.item_versions IN ACCESS EXCLUSIVE MODE")
        locks = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'winnow.item_versions'::regclass"
        # Its record is written out with the next commit that waits for that, else within half a minute or so.
        site.primary.value("SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'test', '')")
        wait_until(lambda: site.standby.value(locks) == 1, "the lock is replayed", limit=60)
        with counting(daemon) as grown:
            answer = pool.submit(shown, ws, "GET", "/audit/export")
            (pid,) = wait_until(
                lambda: [pid for pid, waits in site.standby.readers().items() if waits == "Lock"], "it waits"
            )
            try:
                yield holder, pid
            finally:
                holder.rollback()
            assert answer.result(timeout=30) == expected
        assert grown["replica_failures"] >= 1 and grown["history_reads_primary"] >= 1


def test_a_standby_killed_in_the_middle_of_an_export(site, daemon, ws):
    """Nothing has been sent by then: the export begins anew, on the primary, and is whole."""
    backlog(ws)
    with exporting_behind_a_lock(site, daemon, ws):
        site.standby.stop("immediate")
        assert daemon.status("/readyz") == daemon.status("/readyz/writes") == 200
    assert ws.get("/audit").status_code == 200
    assert metrics(daemon)["replica_used"] == 0
    site.standby.start()
    caught_up(site, ws, daemon)
    assert metrics(daemon)["replica_used"] == 1
    assert "replica_back" in events(daemon)


def test_a_read_cancelled_by_the_replay(site, daemon, ws):
    """SQLSTATE 40001: what the read has locked is in the way of the replay, which waits for nobody here."""
    backlog(ws)
    site.standby.reload("max_standby_streaming_delay = 0")
    with exporting_behind_a_lock(site, daemon, ws) as (holder, pid):
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE winnow.audit_records IN ACCESS EXCLUSIVE MODE")
            holder.cursor().execute("SELECT pg_switch_wal()")
        wait_until(lambda: site.standby.readers().get(pid) != "Lock", "it is cancelled", limit=20)
    site.standby.reload("max_standby_streaming_delay = '30s'")
    caught_up(site, ws, daemon)


def test_one_that_says_nothing_is_given_up(site, ws):
    backlog(ws)
    own = site.daemon(WINNOW_REPLICA_WAIT_MS=200)
    mine = at(ws, own)
    caught_up(site, mine, own)
    before = set(site.standby.readers())
    assert before
    with contextlib.ExitStack() as frozen:
        for pid in before:
            frozen.enter_context(site.standby.frozen(pid))
        with counting(own) as grown:
            mine.get("/audit")
        # Either on a new session, or by the primary: it is answered while the one that it had is frozen.
        assert grown["history_reads_replica"] + grown["history_reads_primary"] == 1
    assert own.stop() == 0


def test_one_that_hangs_altogether_is_given_up(site, ws):
    """Postmaster and sessions: even connecting is not answered."""
    backlog(ws)
    own = site.daemon(WINNOW_REPLICA_WAIT_MS=200)
    mine = at(ws, own)
    caught_up(site, mine, own)
    pids = [int(open(f"{site.standby.data}/postmaster.pid", encoding="ascii").readline()), *site.standby.readers()]
    with contextlib.ExitStack() as frozen:
        for pid in pids:
            frozen.enter_context(site.standby.frozen(pid))
        with counting(own) as grown:
            assert mine.get("/audit").status_code == 200
        assert grown["history_reads_primary"] == 1 and grown["replica_failures"] == 1
        assert own.status("/readyz") == 200
        with counting(own) as grown:
            mine.get("/audit")
        assert grown["history_reads_primary"] == 1
    caught_up(site, mine, own)
    assert own.stop() == 0


def test_a_schema_of_another_version(site, daemon, ws):
    backlog(ws)
    caught_up(site, ws, daemon)
    copy = """INSERT INTO winnow.migrations SELECT (jsonb_populate_record(m,
        jsonb_build_object('version', m.version + 1))).* FROM winnow.migrations m ORDER BY version DESC LIMIT 1"""
    site.primary.rows(copy)
    newest = site.primary.value("SELECT max(version) FROM winnow.migrations")
    seen = lambda version: lambda: site.standby.value("SELECT max(version) FROM winnow.migrations") == version
    wait_until(seen(newest), "the standby has it", limit=20)
    with counting(daemon) as grown:
        ws.get("/audit")
    assert grown["history_reads_replica"] == 0 and grown["history_reads_primary"] == 1
    assert "schema" in reasons(daemon)[-1]
    site.primary.rows("DELETE FROM winnow.migrations WHERE version = %s", newest)
    wait_until(seen(newest - 1), "the standby has it", limit=20)
    caught_up(site, ws, daemon)


def test_a_role_that_row_level_security_does_not_bind(site, ws):
    backlog(ws)
    own = site.daemon(WINNOW_REPLICA_DATABASE_URL=make_dsn(site.standby.admin, dbname="winnow"))
    mine = at(ws, own)
    site.standby.wait_for(mine, mine.revision())
    mine.get("/audit")
    mine.get("/audit")
    counted = metrics(own)
    assert counted["history_reads_replica"] == 0 and counted["replica_failures"] >= 1
    assert "replica_unfit" in events(own)
    assert own.stop() == 0


def test_it_is_not_there_at_the_start(site, ws):
    backlog(ws)
    site.standby.stop()
    own = site.daemon()
    mine = at(ws, own)
    mine.revision()
    with counting(own) as grown:
        mine.get("/audit")
    assert grown["history_reads_primary"] == 1
    assert own.get("/readyz").json()["writes"] is True
    site.standby.start()
    caught_up(site, mine, own)
    assert own.stop() == 0


def test_all_of_it_through_poolers(site, ws):
    if not pooler.program():
        pytest.skip("pgbouncer is not installed")
    found, kept = backlog(ws)
    there = pooler.Pooler(pooler.parse_dsn(site.standby.app))
    here = pooler.Pooler(pooler.parse_dsn(site.primary.app))
    own = site.daemon(
        WINNOW_POOLER="true",
        WINNOW_DATABASE_URL=here.url(site.primary.app),
        WINNOW_REPLICA_DATABASE_URL=there.url(site.standby.app),
    )
    mine = at(ws, own)
    caught_up(site, mine, own)
    for method, path in reads(found, kept):
        with counting(own) as grown:
            answer = shown(mine, method, path)
        assert grown["history_reads_replica"] >= 1 and grown["history_reads_primary"] == 0, (path, grown)
        assert answer == shown(ws, method, path), path
    there.stop_process()
    with counting(own) as grown:
        mine.get("/audit")
    assert grown["history_reads_primary"] == 1
    there.start_process()
    caught_up(site, mine, own)
    assert own.stop() == 0
    there.stop()
    here.stop()


def test_reads_go_on_while_it_comes_and_goes(site, daemon, ws, rng):
    """A writer that reads what it has written, always, whatever the standby does meanwhile."""
    backlog(ws)
    caught_up(site, ws, daemon)
    changes = {
        "pause": lambda: site.standby.pause(),
        "resume": lambda: site.standby.resume(),
        "cut": lambda: site.standby.rows(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'winnowd history'"
        ),
    }
    paused = False
    for n in range(60):
        if n % 5 == 0:
            change = rng.choice(["cut", "resume" if paused else "pause"])
            changes[change]()
            paused = change == "pause" or (paused and change == "cut")
        made = ws.post("/items", 200, json=item(f"w{n}"))
        answer = ws.get("/audit", params={"after": int(made.headers["Winnow-Revision"]) - 1})
        assert answer.json()["records"][0]["revision"] == int(made.headers["Winnow-Revision"])
    if paused:
        site.standby.resume()
    caught_up(site, ws, daemon)
    assert ws.verify()["ok"]


def test_a_promoted_one_is_left_alone(other_site):
    """It takes writes now, so it is no copy any more; and none of ours reaches it."""
    site = other_site
    daemon = site.daemon()
    ws = site.workspace(daemon)
    backlog(ws)
    caught_up(site, ws, daemon)
    site.standby.promote()
    before = site.standby.renamed("winnow").counts()
    ws.push([item("later")])
    with counting(daemon) as grown:
        assert ws.records()[-1]["revision"] == ws.revision()
    assert grown["history_reads_replica"] == 0 and grown["history_reads_primary"] >= 1
    assert any("standby" in reason for reason in reasons(daemon))
    assert site.standby.renamed("winnow").counts() == before
    # One that is a standby again, with a history of its own, is none of this primary.
    there = site.standby.renamed("winnow")
    own_way = there.value("SELECT max(revision) FROM winnow.audit_records WHERE workspace_id = %s", ws.id)
    there.tamper(
        """INSERT INTO winnow.audit_records SELECT (jsonb_populate_record(r, jsonb_build_object(
            'revision', r.revision + n, 'attempt_id', gen_random_uuid()))).*
            FROM winnow.audit_records r, generate_series(1, 9) n WHERE r.workspace_id = %s AND r.revision = %s""",
        ws.id,
        own_way,
    )
    there.tamper("UPDATE winnow.workspace_heads SET revision = revision + 9 WHERE workspace_id = %s", ws.id)
    site.standby.demote()
    assert site.standby.value("SELECT pg_is_in_recovery()")
    ws.revision()

    def refused():
        with counting(daemon) as grown:
            assert ws.records()[-1]["revision"] == ws.revision()
        assert grown["history_reads_replica"] == 0
        return any("history" in reason for reason in reasons(daemon))

    wait_until(refused, "its history is not the primary's", limit=40)
