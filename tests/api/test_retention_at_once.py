"""
A step of retention among writers and readers, killed at any moment, beside another step, and as a standby replays it.
WINNOW_TEST_KILLS sets how often a step is killed (10).
"""

import contextlib
import hashlib
import os
import subprocess
import threading

import psycopg2
import pytest

from support import daemon as daemons, database as databases, pooler
from support.client import problem_type
from support.old_log import Log, Old, told
from support.standby import Standby
from support.waiting import wait_until
from support.workspace import Workspace, item, rubric
from test_audit import export
from test_crash import Pusher

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("WINNOW_TEST_KILLS", "10"))


class LongLog(Log):
    """With many checkpoints of the old time; `titles` is what item 0 was called at each revision."""

    ROUNDS = 12

    def __init__(self, operator):
        self.ws = ws = Workspace(operator)
        self.sizes, self.titles, self.title = [], {}, None
        ws.put_settings(retention_days=200)
        self.id = None

    def first(self, old):
        for n in range(self.ROUNDS):
            others = [item(f"{n}-{i}", body="x" * 200, features=rubric(2, 2)) for i in range(40)]
            pushed = self.ws.push([item("0", title=f"Title {n}", features=rubric(2, 2)), *others])
            self.id = self.id or pushed["results"][0]["id"]
            old.wait(self.ws)
            self.sizes.append(self.ws.revision())
            self.titles[self.sizes[-1]] = f"Title {n}"

    def today(self, old):
        self.ws.push([item("today", features=rubric(1, 3))])
        old.wait(self.ws)


def made(old, count):
    operator = old.move(400)
    logs = [LongLog(operator) for _ in range(count)]
    for log in logs:
        log.first(old)
    old.move(0)
    for log in logs:
        log.today(old)
    return logs


@pytest.fixture(scope="module")
def old(cluster, tmp_path_factory):
    own = Old(cluster, tmp_path_factory.mktemp("old"))
    yield own
    own.end()


@pytest.fixture(scope="module")
def logs(old):
    return made(old, 5)


@pytest.fixture
def log(logs):
    return logs.pop(0)


def step_of(old, ws):
    """Up to where steps have retired the log: as their rows say, and as their records do; and what is there of it."""
    asked = "workspace_id = %s"
    size = old.database.value(f"SELECT coalesce(max(size), 0) FROM winnow.retirements WHERE {asked}", ws.id)
    told_of = max([record["detail"]["size"] for record in ws.records(action="audit.retire")], default=0)
    left = old.database.value(f"SELECT count(*) FROM winnow.retired_records WHERE {asked}", ws.id)
    first = old.database.value(f"SELECT min(revision) FROM winnow.audit_records WHERE {asked}", ws.id)
    assert size == told_of == left == first - 1
    return size


def whole(done, process):
    """What a step said that was begun with start_step."""
    out, err = process.communicate(timeout=60)
    assert process.returncode in done, (process.returncode, out, err)
    return process.returncode, out, err


# ---- among others ----


class Reader(threading.Thread):
    """Asks for what was, again and again: what it gets is right, or is said to be retired."""

    def __init__(self, log, stop):
        super().__init__()
        self.log, self.stop = log, stop
        self.ws = log.ws.at(log.ws.url)
        self.gone = 0
        self.retired_up_to, self.fault = 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                for revision in self.log.sizes:
                    self.look(revision)
                self.listed()
                verdict = self.ws.get("/audit/verify").json()
                assert verdict["ok"], verdict
        except Exception as fault:  # told by the main thread
            self.fault = fault

    def look(self, revision):
        answer = self.ws.get(f"/items/{self.log.id}", (200, 410), params={"revision": revision})
        if answer.status_code == 410:
            assert problem_type(answer) == "retired"
            self.gone += 1
            self.retired_up_to = max(self.retired_up_to, revision)
            return
        assert answer.json()["title"] == self.log.titles[revision]
        assert revision > self.retired_up_to, "what was gone is not there again"

    def listed(self):
        page = self.ws.get("/audit", params={"limit": 200}).json()
        revisions = [record["revision"] for record in page["records"]]
        first = page.get("first_revision", 1)
        assert revisions == list(range(first, first + len(revisions))) and len(revisions) > 1


def test_nothing_is_lost_among_writers_and_readers(old, log, tmp_path):
    ws = log.ws
    before = export(ws)[: log.sizes[-1]]
    stop = threading.Event()
    pushers = [Pusher(ws, f"p{i}", stop, lines=i % 2 == 1) for i in range(2)]
    pushers += [Pusher(ws, f"single{i}", stop, size=1) for i in range(3)]
    reader = Reader(log, stop)
    threads = [*pushers, reader]
    [thread.start() for thread in threads]
    exported = []
    try:
        for size in log.sizes[1::2]:
            more = ws.revision() + 5
            wait_until(lambda: ws.revision() >= more or any(t.fault for t in threads), "batches are written", limit=30)
            exported += (
                open(told(old.retire(ws, size, tmp_path).stdout, "export"), encoding="utf-8").read().splitlines()
            )
        seen = reader.gone + 1
        wait_until(lambda: reader.gone >= seen or reader.fault, "the reader has met what is gone", limit=60)
    finally:
        stop.set()
        [thread.join() for thread in threads]
    assert not [t.fault for t in threads if t.fault]
    assert exported == before, "one behind the other, the files are the log"
    stored = {}
    for each in ws.pages("/items", "items", limit=1000):
        assert each["external_id"] not in stored
        stored[each["external_id"]] = each["title"]
    for pusher in pushers:
        assert pusher.acknowledged
        for name, title in pusher.acknowledged.items():
            assert stored[name] == title
    assert sum(name.split("-")[0].isdigit() for name in stored) == LongLog.ROUNDS * 40 + 1
    verdict = ws.verify()
    assert verdict["ok"] and verdict["records"] == ws.revision() - log.sizes[-1], verdict
    assert step_of(old, ws) == log.sizes[-1]
    for revision in log.sizes[:-1]:
        for path in (f"/items/{log.id}", "/queue", "/streams"):
            assert problem_type(ws.get(path, 410, params={"revision": revision})) == "retired"
    assert sorted(e["external_id"] for e in ws.whole_queue()) == sorted(stored)


# ---- killed ----


@contextlib.contextmanager
def held(old, sql, *args):
    """A lock of another session, and a function that waits until somebody waits for it."""
    connection = psycopg2.connect(old.database.admin)
    waits = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"

    def met():
        wait_until(lambda: old.database.value(waits, connection.info.backend_pid), "somebody waits", limit=30)

    with contextlib.closing(connection):
        with connection.cursor() as cursor:
            cursor.execute(sql, args)
        yield met
        connection.rollback()


def ended(old):
    """The sessions of killed steps are gone, and with them what they had not committed."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = %s"
    who = psycopg2.extensions.parse_dsn(old.database.owner)
    wait_until(lambda: old.database.value(sql, who["dbname"], who["user"]) == 0, "its sessions have ended", limit=30)


# Where a step waits: for its workspace's lock, and in the function that removes.
PLACES = {
    "the head": "SELECT FROM winnow.workspace_heads WHERE workspace_id = %s FOR UPDATE",
    "the range": "LOCK TABLE winnow.retired_ranges IN SHARE MODE",
    "the leaves": "LOCK TABLE winnow.retired_records IN SHARE MODE",
    "the texts": "LOCK TABLE winnow.item_texts IN SHARE MODE",
    "the records": "LOCK TABLE winnow.audit_records IN SHARE MODE",
}
# By then the whole rest is sent, the commit with it.
LAST_PLACE = "LOCK TABLE winnow.retirements IN SHARE MODE"


def kill_at(old, log, size, folder, sql):
    with held(old, sql, *[log.ws.id] * sql.count("%s")) as met:
        step = old.start_step(log.ws, size, folder)
        met()
        step.kill()
        step.communicate()
    ended(old)


def test_killed_where_it_waits_it_is_all_or_nothing(old, log, tmp_path):
    ws, size = log.ws, log.sizes[-1]
    before = export(ws)
    for place, sql in PLACES.items():
        counted = old.counts()
        kill_at(old, log, size, tmp_path, sql)
        assert old.counts() == counted, place
        assert ws.verify()["ok"] and export(ws) == before and step_of(old, ws) == 0, place
    kill_at(old, log, log.sizes[0], tmp_path, LAST_PLACE)
    reached = step_of(old, ws)
    assert reached in (0, log.sizes[0]) and ws.verify()["ok"]
    done = old.retire(ws, size, tmp_path)
    assert open(told(done.stdout, "export"), encoding="utf-8").read().splitlines() == before[reached:size]
    assert step_of(old, ws) == size and ws.verify()["ok"]


def test_killed_at_any_moment_it_is_all_or_nothing(old, log, tmp_path, rng):
    ws, sizes, nothing = log.ws, list(log.sizes), 0
    took = daemons.stopwatch()
    old.retire(ws, sizes.pop(0), tmp_path)
    span = took()
    for kill in range(KILLS):
        size = sizes[0]
        step = old.start_step(ws, size, tmp_path)
        with contextlib.suppress(subprocess.TimeoutExpired):
            step.wait(timeout=span * rng.uniform(0.2, 1.1))
        step.kill()
        step.communicate()
        ended(old)
        reached = step_of(old, ws)
        assert ws.verify()["ok"]
        ws.push([item("after", title=f"After {kill}", features=rubric(2, 2))])
        if reached == size:
            sizes.pop(0)
            done = old.retire(ws, size, tmp_path, code=1)
            assert "retired already" in done.stderr
        else:
            assert reached < size
            nothing += 1
        if len(sizes) == 1:
            break
    done = old.retire(ws, sizes[-1], tmp_path)
    assert step_of(old, ws) == log.sizes[-1] and ws.verify()["ok"]
    for record in ws.records(action="audit.retire"):
        detail = record["detail"]
        file = tmp_path / f"{ws.id}-{detail['first_revision']}-{detail['last_revision']}.ndjson"
        assert (
            hashlib.sha256(file.read_bytes()).hexdigest() == detail["export_sha256"]
        ), "what is removed is in the file"


# ---- two at once ----


def test_of_two_steps_one_is_refused(old, log, tmp_path):
    """Both have exported when the first removes."""
    ws, (small, large) = log.ws, log.sizes[-2:]
    folders = [tmp_path / name for name in "ab"]
    [folder.mkdir() for folder in folders]
    with held(old, PLACES["the head"], ws.id):
        steps = [old.start_step(ws, large, folder) for folder in folders]
        steps.append(old.start_step(ws, small, tmp_path))
        sql = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%workspace_heads%%'"
        )
        wait_until(lambda: old.database.value(sql) == 3, "all of them want to remove", limit=60)
    results = [whole((0, 1), step) for step in steps]
    assert sorted(code for code, _, _ in results) == [0, 1, 1], results
    for code, _, err in results:
        assert code == 0 or "Another step has meanwhile retired the log" in err
    assert step_of(old, ws) in (small, large) and ws.verify()["ok"]


def test_two_steps_never_write_to_one_file(old, log, tmp_path):
    ws, size = log.ws, log.sizes[-1]
    before = export(ws)[:size]
    with held(old, PLACES["the head"], ws.id) as met:
        step = old.start_step(ws, size, tmp_path)
        met()
        # It has its file by now, and has given it its name: whoever comes now makes another, and the same.
        other = old.start_step(ws, size, tmp_path)
        sql = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%workspace_heads%%'"
        )
        wait_until(lambda: old.database.value(sql) == 2, "both want to remove", limit=60)
    codes = sorted(whole((0, 1), each)[0] for each in (step, other))
    assert codes == [0, 1]
    (file,) = tmp_path.glob("*.ndjson*")
    assert file.read_text().splitlines() == before and ws.verify()["ok"]


# ---- as a standby replays it ----


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A log, its database's standby, and a daemon that asks that for what was."""
    if pooler.wanted():
        pytest.skip("a daemon with a standby of its own")
    folder = tmp_path_factory.mktemp("pair")
    cluster = databases.Cluster(folder / "primary")
    standby = None
    try:
        old = Old(cluster.database, folder)
        (log,) = made(old, 1)
        standby = Standby(cluster)
        standby.reload("max_standby_streaming_delay = 0")
        there = standby.renamed(psycopg2.extensions.parse_dsn(old.database.app)["dbname"])
        daemon = old.another(folder, WINNOW_REPLICA_DATABASE_URL=there.app)
        yield old, log, standby, there, daemon
        assert daemon.stop() == 0
        old.end()
    finally:
        if standby:
            standby.remove()
        cluster.remove()


def asked(ws, path):
    """The answer as what can be compared."""
    answer = ws.get(path, (200, 410))
    return problem_type(answer) if answer.status_code == 410 else answer.text


class Asking(threading.Thread):
    """What is answered to each of the paths, as a set."""

    def __init__(self, ws, paths):
        super().__init__()
        self.ws, self.stop, self.fault = ws, threading.Event(), None
        self.heard = {path: set() for path in paths}

    def run(self):
        try:
            while not self.stop.is_set():
                for path, heard in self.heard.items():
                    heard.add(asked(self.ws, path))
        except Exception as fault:  # told by the main thread
            self.fault = fault


def test_a_standby_shows_the_whole_of_what_was_or_says_that_it_is_gone(pair, tmp_path):
    old, log, standby, there, daemon = pair
    ws, mine = log.ws, log.ws.at(daemon.url)
    shows = "SELECT coalesce(max(revision), 0) FROM winnow.workspace_heads WHERE workspace_id = %s"
    for size in log.sizes[3::4]:
        wait_until(lambda: there.value(shows, ws.id) >= ws.revision(), "the standby has caught up", limit=60)
        gone = [revision for revision in log.sizes if revision < size][-3:]
        past = [f"/{what}?revision={r}" for r in gone for what in (f"items/{log.id}", "queue", "streams")]
        lists = [f"/items/{log.id}/versions", "/audit?limit=200", "/audit/export"]
        paths = past + lists
        before = {path: asked(mine, path) for path in paths}
        assert "retired" not in before.values()
        standby.pause()
        old.retire(ws, size, tmp_path)
        read = daemon.metric("history_reads_replica_total")
        for path in past:
            assert asked(mine, path) in (before[path], "retired")
        assert daemon.metric("history_reads_replica_total") > read, "it answers of what it has"
        after = {path: asked(ws, path) for path in paths}
        assert {after[path] for path in past} == {"retired"}
        threads = [Asking(mine, paths) for _ in range(3)]
        [thread.start() for thread in threads]
        try:
            standby.resume()
            for table in ("audit_records", "item_versions", "item_texts"):
                old.database.rows(f"VACUUM winnow.{table}")
            wait_until(lambda: there.value(shows, ws.id) >= ws.revision(), "the standby has caught up", limit=60)
            wait_until(
                lambda: all(thread.fault or thread.heard[path] for thread in threads for path in paths),
                "each was asked",
                limit=60,
            )
        finally:
            [thread.stop.set() for thread in threads]
            [thread.join() for thread in threads]
        assert not [thread.fault for thread in threads if thread.fault]
        for thread in threads:
            for path, heard in thread.heard.items():
                assert heard <= {before[path], after[path]}, path
        assert {path: asked(mine, path) for path in paths} == after
    assert ws.verify()["ok"]
