"""
Two daemons on one database: what one has written the other shows to who asks for its revision, and background jobs are
done once, also when a daemon is stopped in the middle of one and comes back, or is killed there.
"""

import contextlib
import datetime
import uuid

import pytest

from support import daemon as daemons, database as databases, pooler
from support.client import Client, problem_type
from support.decisions import override
from support.load import Caller, Running, Worker
from support.waiting import wait_until
from support.workspace import Workspace, item

pytestmark = pytest.mark.faults
OFTEN = ("--jobs-every-ms", 50)


@pytest.fixture
def own_database(cluster):
    own = cluster.create(databases.fresh_name())
    daemons.migrate(own)
    yield own
    own.drop()


@pytest.fixture
def own_secret(own_database, tmp_path):
    return daemons.bootstrap(own_database, tmp_path / "token")


@pytest.fixture
def make(own_database, tmp_path):
    made = []

    def start(*args, **variables):
        made.append(daemons.Daemon(own_database, tmp_path, *args, **variables).start())
        return made[-1]

    yield start
    for own in made:
        if own.running():
            assert own.stop() == 0


# ---- min_revision ----


class Across(Worker):
    """Writes at one daemon and reads at the other, at once."""

    def __init__(self, name, here, there):
        super().__init__(name)
        self.here, self.there, self.turns = Caller(here), Caller(there), 0

    def turn(self):
        self.turns += 1
        title = f"{self.name} {self.turns}"
        written = self.here.request("POST", "/items", item(self.name, title=title))
        assert written.status == 200, written
        revision, item_id = int(written.headers["Winnow-Revision"]), written.json()["results"][0]["id"]
        page = self.there.request("GET", f"/queue?limit=100&min_revision={revision}")
        assert page.status == 200 and page.json()["revision"] >= revision, page
        assert title in [entry["title"] for entry in page.json()["entries"]]
        for path in (f"/items/{item_id}", f"/items/{item_id}/explanation", "/queue/excluded"):
            answer = self.there.request("GET", f"{path}?min_revision={revision}")
            assert answer.status == 200 and int(answer.headers["Winnow-Revision"]) >= revision, answer


@pytest.mark.parametrize("told", ["--notify", "--no-notify"])
def test_min_revision_holds_across(make, own_secret, told):
    pair = [make(told), make(told)]
    ws = Workspace(Client(pair[0].url, own_secret))
    ws.push([item("first")])
    clients = [ws.at(own.url) for own in pair]
    for client in clients:
        client.get("/queue", params={"min_revision": ws.revision()})
    workers = [Across(f"w{i}", clients[i % 2], clients[1 - i % 2]) for i in range(4)]
    with Running(workers):
        wait_until(
            lambda: any(w.fault for w in workers) or all(w.turns > 25 for w in workers), "they take turns", limit=300
        )
    a, b = (client.get("/queue", params={"min_revision": ws.revision()}) for client in clients)
    assert a.json() == b.json() and a.headers["ETag"] == b.headers["ETag"]


@pytest.mark.parametrize("told", ["--notify", "--no-notify"])
def test_a_revision_that_nobody_has_written(make, own_secret, told):
    pair = [make(told), make(told)]
    here = Workspace(Client(pair[0].url, own_secret))
    there = here.at(pair[1].url)
    item_id = here.push([item("first")])["results"][0]["id"]
    for turn in range(5):
        head = here.revision()
        there.get("/queue", params={"min_revision": head})
        for beyond in (head + 1, head + 1000, 2**62):
            for path in ("/queue", f"/items/{item_id}/explanation", f"/items/{item_id}"):
                clock = daemons.stopwatch()
                answer = there.get(path, 422, params={"min_revision": beyond})
                assert problem_type(answer) == "revision-beyond-head"
                assert answer.json()["errors"][0]["pointer"] == "#/query/min_revision"
                assert answer.json()["errors"][0]["detail"] == f"The workspace is at revision {head}."
                assert clock() < 4.5, "told, not waited for"
        made = here.push([item("first", title=f"Title {turn}")])
        assert made["revision"] == head + 1
        there.get("/queue", params={"min_revision": head + 1})


# ---- jobs ----


def ahead(**span):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).isoformat()


def expiries(client):
    return [r for r in client.pages("/audit", "records", limit=200) if r["action"] == "override.expire"]


def test_two_daemons_record_each_expiry_once(make, own_secret):
    pair = [make(*OFTEN), make(*OFTEN)]
    operator = Client(pair[0].url, own_secret)
    clock = daemons.stopwatch()
    workspaces = [Workspace(operator) for _ in range(3)]
    for ws in workspaces:
        ws.push([item("x"), item("y")])
    until = ahead(seconds=3 + 3 * clock())  # a slow machine gets the time that it needs
    for ws in workspaces:
        for name in "xy":
            override(ws, name, "boost", delta=1, expires_at=until)
    for ws in workspaces:
        wait_until(lambda: sum(r["detail"]["count"] for r in expiries(ws)) == 2, "all are on record", limit=120)
    before = [own.metric("jobs_run_total") for own in pair]
    wait_until(lambda: all(o.metric("jobs_run_total") > n + 5 for o, n in zip(pair, before)), "they look again", 40)
    assert [[r["detail"]["count"] for r in expiries(ws)] for ws in workspaces] == [[2]] * 3
    assert sum(own.metric("overrides_expired_total") for own in pair) == 6
    assert all(ws.verify()["ok"] for ws in workspaces)


class Expiry:
    """An override that expires; its workspace's head is what the job has to lock."""

    lock = "SELECT 1 FROM winnow.workspace_heads WHERE workspace_id = %s FOR UPDATE"
    counted = "overrides_expired_total"

    def __init__(self, ws, database):
        self.client, self.rows, self.arguments = ws, 1, [str(ws.id)]
        ws.push([item("x"), item("y")])
        self.made = override(ws, "x", "exclude", expires_at=ahead(seconds=4))

    def is_due(self):
        return self.client.get(f"/overrides/{self.made['id']}").json()["state"] == "expired"

    def is_done(self):
        return bool(expiries(self.client))

    def check(self):
        assert [r["detail"]["count"] for r in expiries(self.client)] == [1]
        assert self.client.get(f"/overrides/{self.made['id']}").json()["ended_by"] == "system"


class Sweep:
    """An answer kept for five seconds; the job has to lock its row."""

    lock = "SELECT 1 FROM winnow.idempotency_keys FOR UPDATE"
    counted = "idempotency_keys_swept_total"

    def __init__(self, ws, database):
        self.database, self.arguments, self.rows = database, [], 1
        ws.push([item("x")])
        ws.post("/items", 200, json=item("y"), headers={"Idempotency-Key": str(uuid.uuid4())})

    def is_due(self):
        return self.database.value("SELECT bool_and(expires_at < now()) FROM winnow.idempotency_keys")

    def is_done(self):
        return self.database.value("SELECT count(*) FROM winnow.idempotency_keys") == 0

    def check(self):
        assert self.is_done()


@contextlib.contextmanager
def caught(database, job):
    """Yields when the job's session waits for a lock, in the middle of its transaction; then it gets it. Its pid."""
    waiting = """SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND usename = %s AND wait_event_type = 'Lock'"""
    connection = database.connect()
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(job.lock, job.arguments)
        wait_until(job.is_due, "it is due", limit=30)
        pids = wait_until(lambda: database.rows(waiting, database.app_role()), "the job waits for the lock", limit=30)
        assert len(pids) == 1
        yield pids[0][0]


def state_of(database, pid):
    rows = database.rows("SELECT state FROM pg_stat_activity WHERE pid = %s", pid)
    return rows[0][0] if rows else None


def begin_job(kind, make, own_database, own_secret):
    """A daemon that gets into the job, and the job."""
    own = make("--jobs-every-ms", 50, "--idempotency-keep-s", 5, "--no-notify")
    return own, kind(Workspace(Client(own.url, own_secret)), own_database)


@pooler.needs_two_sessions
@pytest.mark.parametrize("kind", [Expiry, Sweep])
def test_a_stopped_daemon_comes_back_too_late(make, own_database, own_secret, kind):
    """It holds the lock for 15 s at the most. Then PostgreSQL ends its session, and what it says later is refused."""
    first, job = begin_job(kind, make, own_database, own_secret)
    with caught(own_database, job) as pid:
        other = make(*OFTEN, "--no-notify")
        first.freeze()
    try:
        # On a machine that stood still for long, it has had it.
        had = ("idle in transaction", None)
        wait_until(lambda: state_of(own_database, pid) in had, "it has the lock", limit=60)
        if kind is Expiry:
            job.client = job.client.at(other.url)
        wait_until(lambda: state_of(own_database, pid) is None, "its session is ended", limit=60)
        wait_until(job.is_done, "the other does the job", limit=30)
    finally:
        first.thaw()
    before = first.metric("jobs_run_total")
    wait_until(lambda: first.metric("jobs_run_total") > before + 3, "it works again", limit=30)
    job.check()
    assert (first.metric(job.counted), other.metric(job.counted)) == (0, job.rows)
    check_both(own_secret, first, other)


@pooler.needs_two_sessions
@pytest.mark.parametrize("kind", [Expiry, Sweep])
def test_a_killed_daemons_job_is_taken_over(make, own_database, own_secret, kind):
    first, job = begin_job(kind, make, own_database, own_secret)
    with caught(own_database, job):
        other = make(*OFTEN, "--no-notify")
        first.kill()
    if kind is Expiry:
        job.client = job.client.at(other.url)
    wait_until(job.is_done, "the other does the job", limit=30)
    job.check()
    assert other.metric(job.counted) == job.rows
    first.start()
    check_both(own_secret, first, other)


def check_both(secret, *pair):
    """Both serve and write, and the log holds."""
    ws = Workspace(Client(pair[0].url, secret))
    client = ws.client(ws.token("contributor", "reader"))  # neither has seen it, so what it may do is read anew
    for own in pair:
        client.at(own.url).post("/items", 200, json=item(own.port))
    pages = [client.at(own.url).get("/queue", params={"min_revision": ws.revision()}).json() for own in pair]
    assert pages[0] == pages[1] and pages[0]["count"] == 2
    assert ws.verify()["ok"]
