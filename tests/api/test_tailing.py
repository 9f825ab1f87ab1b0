"""
Two daemons, many writers, and a tailing reader over each of: the events of one daemon, those of the other, and the
audit log by its cursor. One daemon is stopped and started again meanwhile. Each reader sees every revision once and in
order; the readers of events come back by `Last-Event-ID`, each time at the other daemon.

WINNOW_TEST_TAIL_WRITERS sets how many writers (8), WINNOW_TEST_TAIL_POSTS how many items each of them posts (12).
"""

import contextlib
import os
import threading

import pytest
import requests

from support import daemon as daemons
from support.events import Stream
from support.waiting import wait_until
from support.workspace import item

WRITERS = int(os.environ.get("WINNOW_TEST_TAIL_WRITERS", "8"))
POSTS = int(os.environ.get("WINNOW_TEST_TAIL_POSTS", "12"))
LIMIT_S = 240
AWAY = (ConnectionError, TimeoutError, OSError, requests.exceptions.RequestException)


@pytest.fixture
def pair(database, tmp_path):
    both = [daemons.Daemon(database, tmp_path, name=f"tail{n}").start() for n in range(2)]
    yield both
    for own in both:
        assert own.stop() == 0


class Told(threading.Thread):
    """What a thread could not do is told by the main thread."""

    def __init__(self):
        super().__init__()
        self.fault = None

    def run(self):
        try:
            self.work()
        except BaseException as fault:
            self.fault = fault


class Writer(Told):
    """Posts single items, now to one daemon, now to the other; each until it is acknowledged."""

    def __init__(self, clients, number):
        super().__init__()
        self.clients, self.number, self.revisions = [one.at(one.url) for one in clients], number, []

    def work(self):
        for n in range(POSTS):
            since, at = daemons.stopwatch(), self.number + n
            while not (answer := self.post(at, n)):
                assert since() < LIMIT_S, "no daemon takes it"
                at += 1
            # Where the first answer was lost, the second says when the item was stored.
            self.revisions.append(answer["results"][0]["revision"])

    def post(self, at, n):
        try:
            answer = self.clients[at % 2].post("/items", (200, 503), json=item(f"{self.number}-{n}"))
        except AWAY:
            return None
        return answer.json() if answer.status_code == 200 else None


class Reader(Told):
    """`seen` are the revisions, as they came. Ends when `last` is known and seen."""

    def __init__(self, clients, first):
        super().__init__()
        self.clients, self.seen, self.last, self.parts = clients, [first], None, 0

    def is_done(self):
        return self.last is not None and self.seen[-1] >= self.last

    def work(self):
        since, at = daemons.stopwatch(), 0
        while not self.is_done():
            assert since() < LIMIT_S, f"the last one seen is {self.seen[-1]}"
            with contextlib.suppress(*AWAY):
                self.follow(self.clients[at % 2])
            self.parts += 1
            at += 1


class EventReader(Reader):
    def __init__(self, clients, first, at_most):
        super().__init__(clients, first)
        self.at_most = at_most  # events of one stream; then it goes to the other daemon

    def follow(self, client):
        with Stream(client, after=self.seen[-1]) as stream:
            begin = stream.next()
            assert begin.name == "open" and begin.data["revision"] == self.seen[-1], begin
            upto = self.seen[-1] + self.at_most
            while self.seen[-1] < upto and not self.is_done() and (event := stream.next()):
                if event.name == "ranking":
                    continue
                assert event.name == "revision" and event.id == str(event.data["revision"]), event
                self.seen.append(event.data["revision"])


class CursorReader(Reader):
    """Walks the pages; at the end of the log it asks again for what is after the last one."""

    def follow(self, client):
        client = client.at(client.url)
        for record in client.pages("/audit", "records", {"after": self.seen[-1]}, limit=7):
            self.seen.append(record["revision"])


def test_each_sees_every_revision_once_and_in_order(ws, pair):
    clients = [ws.at(own.url) for own in pair]
    for client in clients:  # a grant is known to the others within a second
        wait_until(lambda client=client: client.get("/items", None).status_code == 200, "its rights are known")
    first = ws.revision()
    whole = WRITERS * POSTS
    writers = [Writer(clients, n) for n in range(WRITERS)]
    readers = [
        EventReader(clients, first, at_most=max(5, whole // 5)),
        EventReader(clients[::-1], first, at_most=max(7, whole // 3)),
        CursorReader(clients, first),
        CursorReader(clients[::-1], first),
    ]
    [thread.start() for thread in writers + readers]
    wait_until(lambda: max(reader.seen[-1] for reader in readers) > first + whole // 3, "they are at it", limit=LIMIT_S)
    pair[1].stop()
    pair[1].start()
    [writer.join(LIMIT_S) for writer in writers]
    last = ws.revision()
    for reader in readers:
        reader.last = last
    ws.push(item("the end"))  # who waits for an event learns by it that there is nothing more
    [reader.join(LIMIT_S) for reader in readers]
    assert not [t.fault for t in writers + readers if t.fault or t.is_alive()]
    for reader in readers:
        assert reader.seen[: last - first + 1] == list(range(first, last + 1)), type(reader).__name__
        assert reader.seen[last - first + 1 :] in ([], [last + 1])
    assert min(reader.parts for reader in readers[:2]) >= 2, "they came back"
    acknowledged = sorted(revision for writer in writers for revision in writer.revisions)
    assert len(set(acknowledged)) == len(acknowledged) == whole, "each has a revision of its own"
    print(f"{last - first} revisions by {WRITERS} writers, read in {[reader.parts for reader in readers]} parts")
