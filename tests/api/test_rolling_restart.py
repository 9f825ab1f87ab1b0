"""
Two daemons behind HAProxy (deploy/haproxy/haproxy.cfg) are restarted in turn, under load, and no request fails.
WINNOW_TEST_RESTARTS sets how often each (2).
"""

import os
import signal

import uuid

import pytest

from support import balancer, daemon as daemons
from support.client import Client
from support.events import Stream
from support.load import Caller, Poller, Running, Worker, Writer, faults_of
from support.waiting import wait_until
from support.workspace import Workspace, item, ndjson

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not balancer.program(), reason="haproxy is not installed"),
]
RESTARTS = int(os.environ.get("WINNOW_TEST_RESTARTS", "2"))
DRAIN_MS = 3000  # longer than HAProxy needs to see it: two checks half a second apart


@pytest.fixture
def pair(database, operator_token, tmp_path):
    own = {name: daemons.Daemon(database, tmp_path, "--drain-ms", DRAIN_MS, name=name) for name in "ab"}
    for each in own.values():
        each.start()
    yield own
    running = [each for each in own.values() if each.running()]
    for each in running:
        each.signal(signal.SIGTERM)
    assert [each.wait() for each in running] == [0] * len(running)


@pytest.fixture
def front(pair):
    own = balancer.Balancer(pair["a"], pair["b"])
    yield own
    own.stop()


class Reader(Worker):
    """Writes an item, and reads the queue that has it, of whichever daemon."""

    def __init__(self, name, client):
        super().__init__(name, pause_s=0.01)
        self.caller, self.turns, self.written = Caller(client), 0, []

    def turn(self):
        self.turns += 1
        name = f"{self.name}-{self.turns}"
        answer = self.caller.request("POST", "/items", item(name), {"Idempotency-Key": str(uuid.uuid4())})
        assert answer.status == 200, answer
        revision = int(answer.headers["Winnow-Revision"])
        page = self.caller.request("GET", f"/queue?limit=1&min_revision={revision}")
        assert page.status == 200 and page.json()["revision"] >= revision, page
        self.written.append(name)


class Pusher(Worker):
    """Sends streams of items, which take no Idempotency-Key and are never repeated for it."""

    def __init__(self, name, client):
        super().__init__(name, pause_s=0.2)
        self.caller, self.turns, self.written = Caller(client), 0, []

    def turn(self):
        self.turns += 1
        names = [f"{self.name}-{self.turns}-{i}" for i in range(10)]
        answer = self.caller.send("POST", "/items", ndjson([item(name) for name in names]), "application/x-ndjson")
        assert answer.status == 200 and answer.json()["created"] == len(names), answer
        self.written += names


def the_load(ws, url, page="/queue?limit=50"):
    client = ws.at(url)
    writers = [Writer(f"one{i}", [client], "/items", lambda name, turn: item(f"{name}-{turn}")) for i in range(4)]
    readers = [Reader(f"both{i}", client) for i in range(2)] + [Pusher("lines", client)]
    pollers = [Poller(f"poll{i}", client, page) for i in range(4)]
    return writers, readers, pollers


def written(writers, readers):
    return [a.body["external_id"] for w in writers for a in w.acknowledged] + [n for r in readers for n in r.written]


def check_what_is_there(ws, names):
    stored = [i["external_id"] for i in ws.pages("/items", "items", limit=1000)]
    assert sorted(stored) == sorted(names)
    assert ws.verify()["ok"]


def go_on(workers, pollers, count=5):
    """Everybody is answered some more times."""
    assert not faults_of(workers + pollers)
    before = [len(p.answers) for p in pollers]
    wait_until(
        lambda: faults_of(workers + pollers) or all(len(p.answers) >= n + count for p, n in zip(pollers, before)),
        "polls are answered",
        limit=60,
    )
    assert not faults_of(workers + pollers)


def test_no_request_fails(ws, pair, front):
    ws.push([item("first")])
    writers, readers, pollers = the_load(ws, front.url)
    workers = writers + readers
    served = {name: 0 for name in pair}
    with Running(workers + pollers):
        for _ in range(RESTARTS):
            for name, own in pair.items():
                go_on(workers, pollers)
                served[name] = int(front.servers()[name]["stot"])
                own.signal(signal.SIGTERM)
                front.wait_for(name, "DOWN")
                assert own.running(), "it is still draining when HAProxy has believed it"
                assert own.wait() == 0
                go_on(workers, pollers)
                own.start()
                front.wait_for(name, "UP")
                wait_until(
                    lambda: int(front.servers()[name]["stot"]) > served[name] + 20 or faults_of(workers + pollers),
                    "it serves again",
                    limit=60,
                )
    assert [r for w in writers for r in w.refusals] == [], "the first answer was the one"
    check_what_is_there(ws, ["first"] + written(writers, readers))
    print(
        f"\n{2 * RESTARTS} restarts: {sum(len(w.acknowledged) for w in writers)} single writes, "
        f"{sum(r.turns for r in readers)} reads of own writes and streams, {sum(len(p.answers) for p in pollers)} polls, "
        f"none failed; slowest poll {max(p.slowest_s() for p in pollers):.3f} s"
    )


def test_a_killed_daemon_costs_what_is_repeated_nothing(ws, pair, front):
    """HAProxy repeats reads and writes with a key; a key may be in flight while PostgreSQL ends the lost session."""
    ws.push([item("first")])
    # Of so short a page a daemon has sent all or nothing.
    writers, _, pollers = the_load(ws, front.url, "/queue?limit=1")
    with Running(writers + pollers):
        for _ in range(RESTARTS):
            for name, own in pair.items():
                go_on(writers, pollers)
                own.kill()
                front.wait_for(name, "DOWN")
                go_on(writers, pollers)
                own.start()
                front.wait_for(name, "UP")
    assert {r for w in writers for r in w.refusals} <= {"idempotency-key-in-flight"}
    check_what_is_there(ws, ["first"] + written(writers, []))


def test_streams_and_long_polls_move_over(ws, pair, front):
    """Who follows events through HAProxy is told the end by the drained daemon, and goes on at the other."""
    ws.push([item("first")])
    client = ws.at(front.url)
    stream = Stream(client, after=0)
    stream.first("open")
    seen = [e.data["revision"] for e in stream.revisions(ws.revision())]
    at_a = int(front.servers()["a"]["scur"]) > 0
    own = pair["a" if at_a else "b"]
    own.signal(signal.SIGTERM)
    front.wait_for("a" if at_a else "b", "DOWN")
    ws.push([item("while it drains")])
    seen += [e.data["revision"] for e in stream.revisions(ws.revision())]
    assert stream.read_to_end(limit=30) is not None and stream.clean, "ended, not cut off"
    ws.push([item("after it")])
    again = Stream(client, after=stream.last_id)
    again.first("open")
    seen += [e.data["revision"] for e in again.revisions(ws.revision())]
    again.socket.close()
    assert seen == list(range(1, ws.revision() + 1))
    assert own.wait() == 0
    own.start()
