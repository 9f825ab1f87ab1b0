"""
Findings of history, sweeps, recurring items and meeting packs, over months: the daemon's clock is moved by the test.
"""

import datetime

import pytest

from support import client, daemon as daemons, database as databases
from support.client import Client, problem_pointers
from support.timeshift import Timeshift
from support.workspace import ROLES, RUBRIC, Workspace, item

LONG_DAYS = 730


@pytest.fixture(scope="module")
def place(cluster, tmp_path_factory):
    """A daemon of its own on a database of its own: its time is ahead of all others'."""
    database = cluster.create(databases.fresh_name())
    daemons.migrate(database)
    folder = tmp_path_factory.mktemp("meetings")
    token = daemons.bootstrap(database, folder / "token")
    client.minted.add(token)
    shift = Timeshift(folder / "clock")
    own = daemons.Daemon(database, folder, **shift.variables)
    own.start()
    operator = Client(own.url, token)
    made = []
    for n in range(6):
        ws = Workspace(operator, f"meetings-{n}")
        made.append(Client(own.url, ws.token(*ROLES, expires_in_days=LONG_DAYS)["secret"], ws.prefix))
    # From here on it is a January that begins on some day; months and weeks are the calendar's.
    year = shift.now().year + 1
    first = datetime.datetime(year, 1, 1, 9, tzinfo=datetime.timezone.utc)
    shift.go_to(first + datetime.timedelta(days=-first.weekday() % 7))
    yield made, shift, own
    assert own.stop() == 0
    database.drop()


def revision(ws):
    return ws.get("").json()["revision"]


def push(ws, items):
    return ws.post("/items", 200, json=items).json()


def history(ws, **params):
    return ws.get("/findings/history", params={"min_revision": revision(ws), **params}).json()


def kinds(found):
    return sorted({each["kind"] for each in found["findings"]})


def of_kind(found, kind):
    return [each for each in found["findings"] if each["kind"] == kind]


def test_look(place):
    (ws, *_), shift, _ = place
    push(ws, [item(f"I-{n}", stream="incident", status="in_progress") for n in range(2)])
    push(ws, [item(f"B-{n}", stream="engineering_bug", status="in_progress") for n in range(3)])
    shift.on(days=21)
    import json
    print(json.dumps(history(ws), indent=1))
    for name in ("stream-review", "triage-clinic", "allocation", "prioritization"):
        print(ws.get(f"/packs/{name}?format=markdown").text)
    assert 0
