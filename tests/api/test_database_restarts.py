"""
PostgreSQL is restarted, fast and immediate in turn, under load on two daemons: what was acknowledged is there, once;
queues and /livez are answered throughout; writes go on as soon as connections are accepted again.
WINNOW_TEST_RESTARTS sets how often (2).
"""

import itertools
import os
import threading
import time

import psycopg2
import pytest

from support import daemon as daemons, database as databases
from support.client import Client
from support.load import Poller, Running, Writer, faults_of
from support.waiting import wait_until
from support.workspace import Workspace, item

pytestmark = pytest.mark.faults
RESTARTS = int(os.environ.get("WINNOW_TEST_RESTARTS", "2"))
HASTY = {"WINNOW_CONNECT_TIMEOUT_S": 2}  # behind a pooler it is also how soon an outage shows
GENEROUS_S = 15.0  # for what takes well under a second where nothing else runs


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    own = databases.Cluster(tmp_path_factory.mktemp("private"), durable=True)
    yield own
    own.remove()


@pytest.fixture
def served(private, tmp_path):
    """Two daemons on one database of a cluster that can be restarted; the operator's secret."""
    database = private.database.create(databases.fresh_name())
    daemons.migrate(database)
    secret = daemons.bootstrap(database, tmp_path / "token")
    pair = [daemons.Daemon(database, tmp_path, name=name, **HASTY).start() for name in "ab"]
    yield pair, secret, database
    for own in pair:
        assert own.running() and own.stop() == 0


def one(name, turn):
    return item(f"{name}-{turn}", title=f"{name} wrote {turn}")


def three(name, turn):
    return [item(f"{name}-{turn}-{i}", title=f"{name} wrote {turn} {i}") for i in range(3)]


def judgement(name, turn):
    return {"criteria": {"more": "user_impact", "less": "reversibility", "ratio": 2}}


class Restarts:
    """Ends and starts the cluster while clients are at work; how long it took to go on."""

    def __init__(self, private, database, writers, pollers):
        self.private, self.database, self.writers, self.pollers = private, database, writers, pollers
        self.recovered_s = []

    def acknowledged(self, after=0.0):
        return [a for w in self.writers for a in list(w.acknowledged) if a.at > after]

    def settled(self):
        assert not faults_of(self.writers + self.pollers)
        return True

    def until_accepted(self, accepted):
        """When PostgreSQL lets somebody in."""
        while not accepted:
            try:
                psycopg2.connect(self.database.admin).close()
                accepted.append(time.monotonic())
            except psycopg2.OperationalError:
                time.sleep(0.002)

    def restart(self, mode):
        count = len(self.acknowledged())
        wait_until(lambda: self.settled() and len(self.acknowledged()) >= count + 20, "writes are answered", limit=60)
        refused = [len(w.refusals) for w in self.writers]
        self.private.stop(mode)
        stopped = time.monotonic()
        wait_until(
            lambda: self.settled() and all(len(w.refusals) > n for w, n in zip(self.writers, refused)),
            "each writer is refused",
            limit=30,
        )
        wait_until(
            lambda: self.settled() and all(p.between(stopped, time.monotonic()) >= 5 for p in self.pollers),
            "polls are answered meanwhile",
            limit=30,
        )
        accepted = []
        watcher = threading.Thread(target=self.until_accepted, args=(accepted,))
        watcher.start()
        try:
            self.private.start()
        finally:
            watcher.join(60)
        wait_until(lambda: self.settled() and self.acknowledged(after=stopped), "a write is answered", limit=30)
        self.recovered_s.append(max(0.0, min(a.at for a in self.acknowledged(after=stopped)) - accepted[0]))


def check_all_is_there_once(ws, writers):
    """Every effect in the database was acknowledged, every acknowledged write has one effect."""
    everything = [a for w in writers for a in w.acknowledged]
    posts = [a for a in everything if "results" in a.answer]
    titles = {}
    for a in posts:
        for each in a.body if isinstance(a.body, list) else [a.body]:
            titles[each["external_id"]] = each["title"]
    stored = [(i["external_id"], i["title"]) for i in ws.pages("/items", "items", limit=1000)]
    assert len(stored) == len(set(stored)) and dict(stored) == titles
    assert all(result["outcome"] == "created" for a in posts for result in a.answer["results"])

    said = [c["id"] for c in ws.pages("/comparisons", "comparisons", limit=200)]
    assert sorted(said) == sorted(a.answer["id"] for a in everything if "id" in a.answer)

    records = {r["revision"]: r for r in ws.records()}
    effects = {r: record for r, record in records.items() if record["action"] in ("items.upsert", "comparison.create")}
    assert sorted(effects) == sorted(a.revision for a in everything), "one audit record for each, none twice"
    for a in everything:
        # What was recalled tells the id of the try that wrote it in the log, another one in the answer.
        assert a.replayed or effects[a.revision]["request_id"] == a.request_id
    verdict = ws.verify()
    assert verdict["ok"] and verdict["records"] == ws.revision() == len(records)
    assert sorted(e["external_id"] for e in ws.whole_queue()) == sorted(titles)


def test_nothing_acknowledged_is_lost_or_doubled(private, served):
    pair, secret, database = served
    ws = Workspace(Client(pair[0].url, secret))
    reader, author = ws.token("reader"), ws.token("contributor", "reviewer")
    for own in pair:
        client = ws.client(reader).at(own.url)
        wait_until(lambda: client.get("/queue", (200, 503)).status_code == 200, "it serves the queue")
    clients = [ws.client(author).at(own.url) for own in pair]
    writers = [Writer(f"one{i}", clients[i % 2 :] + clients[: i % 2], "/items", one) for i in range(6)]
    writers += [Writer(f"three{i}", clients, "/items", three) for i in range(2)]
    writers += [Writer(f"said{i}", clients, "/comparisons", judgement) for i in range(2)]
    pollers = [Poller(f"queue{i}", ws.client(reader).at(pair[i % 2].url), "/queue?limit=50") for i in range(4)]
    pollers += [Poller(f"live{i}", Client(own.url), "/livez") for i, own in enumerate(pair)]
    restarts = Restarts(private, database, writers, pollers)
    with Running(writers + pollers):
        for mode in itertools.islice(itertools.cycle(("fast", "immediate")), RESTARTS):
            restarts.restart(mode)
    for own in pair:
        own.wait_ready()
    check_all_is_there_once(ws, writers)
    refusals = [r for w in writers for r in w.refusals]
    assert "database-away" in refusals
    polls = sum(len(p.answers) for p in pollers)
    print(
        f"\n{RESTARTS} restarts: {len(restarts.acknowledged())} writes acknowledged, {len(refusals)} refused, "
        f"{sum(a.replayed for a in restarts.acknowledged())} recalled by their key, {polls} polls answered; "
        f"slowest poll {max(p.slowest_s() for p in pollers):.3f} s; first write after the first connection: "
        + ", ".join(f"{s:.3f}" for s in restarts.recovered_s)
        + " s"
    )
    assert max(restarts.recovered_s) < GENEROUS_S
    assert max(p.slowest_s() for p in pollers) < GENEROUS_S
