"""
kill -9 in a loop while clients push batches, streams and single items that share transactions, and try again: every
acknowledged item is there once, the chain holds.
WINNOW_TEST_KILLS sets how often (10).
"""

import os
import threading

import pytest
import requests

from support import daemon as daemons, database as databases
from support.client import Client
from support.waiting import wait_until
from support.workspace import Workspace, item, ndjson

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("WINNOW_TEST_KILLS", "10"))


@pytest.fixture
def crash_database(cluster):
    own = cluster.create(databases.fresh_name("winnow_crash"))
    daemons.migrate(own)
    yield own
    own.drop()


class Pusher(threading.Thread):
    """Sends batch after batch; each until it is acknowledged. Every item has a content of its own."""

    def __init__(self, ws, name, stop, lines=False, size=25):
        super().__init__()
        self.ws, self.label, self.stop, self.lines, self.size = ws.at(ws.url), name, stop, lines, size
        self.acknowledged, self.retries, self.fault = {}, 0, None

    def run(self):
        batch = 0
        try:
            while not self.stop.is_set():
                batch += 1
                items = [
                    item(f"{self.label}-{batch % 7}-{i}", title=f"{self.label} {batch} {i}", source_version=str(batch))
                    for i in range(self.size)
                ]
                self.push(items)
                self.stop.wait(0.02)  # or the log grows faster than a long run can verify it
                self.acknowledged.update({each["external_id"]: each["title"] for each in items})
        except Exception as fault:  # told by the main thread
            self.fault = fault

    def push(self, items):
        deadline = daemons.stopwatch()
        while True:
            try:
                if self.lines:
                    answer = self.ws.post(
                        "/items", (200, 503), data=ndjson(items), headers={"Content-Type": "application/x-ndjson"}
                    )
                else:
                    answer = self.ws.post("/items", (200, 503), json=items)
                if answer.status_code == 200:
                    counts = answer.json()
                    assert counts["created"] + counts["updated"] + counts["unchanged"] == len(items), counts
                    return
            except requests.exceptions.RequestException:
                pass
            self.retries += 1
            assert deadline() < 60, "the daemon did not come back"
            self.stop.wait(0.02)


def test_kill_and_restart(crash_database, tmp_path, rng):
    secret = daemons.bootstrap(crash_database, tmp_path / "token")
    own = daemons.Daemon(crash_database, tmp_path, name="crash")
    own.start()
    ws = Workspace(Client(own.url, secret))
    stop = threading.Event()
    pushers = [Pusher(ws, f"p{i}", stop, lines=i % 2 == 1) for i in range(3)]
    pushers += [Pusher(ws, f"single{i}", stop, size=1) for i in range(6)]
    [p.start() for p in pushers]
    try:
        for kill in range(KILLS):
            more = ws.revision() + rng.randint(1, 25)
            wait_until(lambda: ws.revision() >= more or any(p.fault for p in pushers), "batches are written", limit=20)
            own.kill()
            own.start()
            if kill % (KILLS // 10 or 1) == 0:
                assert ws.verify()["ok"]
    finally:
        stop.set()
        [p.join() for p in pushers]
    assert not [p.fault for p in pushers if p.fault]
    assert sum(p.retries for p in pushers) > 0, "the daemon was killed under load"

    stored = {}
    for each in ws.pages("/items", "items", limit=1000):
        assert each["external_id"] not in stored
        stored[each["external_id"]] = each["title"]
    for pusher in pushers:
        for name, title in pusher.acknowledged.items():
            assert stored[name] == title
    verdict = ws.verify()
    assert verdict["ok"] and verdict["records"] == ws.revision()
    assert (
        crash_database.value(
            "SELECT count(*) FROM (SELECT item_id, revision FROM winnow.item_versions GROUP BY 1, 2 HAVING count(*) > 1) doubled"
        )
        == 0
    )
    queue = ws.whole_queue()
    assert sorted(e["external_id"] for e in queue) == sorted(stored)
    assert own.stop() == 0
