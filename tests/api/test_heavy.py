"""Requests that hold a lot of memory: one at a time for a token, the others are told so at once."""

import concurrent.futures

import pytest

from support import pooler
from support.client import Client, problem_type
from support.decisions import item_id
from support.waiting import wait_until
from support.workspace import scored

WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE c.relname = 'comparisons' AND NOT l.granted
"""


@pytest.fixture
def heavy(ws):
    """Every path that is; what the others are compared with."""
    ws.push([scored("a", 20), scored("b", 10)])
    first = ws.queue()["ranking"]
    ws.push([scored("b", 24)])
    second = ws.queue()["ranking"]
    return [
        f"/rankings/{first}/bundle",
        f"/rankings/{first}/order",
        f"/rankings/{first}/diff/{second}",
        f"/items/{item_id(ws, 'a')}/movement?since={first}",
        "/comparisons/strengths",
        "/comparisons/next",
    ]


@pooler.needs_two_sessions
@pytest.mark.parametrize("running", ["/rankings/", "/comparisons/strengths"])
def test_one_at_a_time(ws, database, heavy, running):
    """The one that is running waits for a table that this test holds."""
    own = next(path for path in heavy if path.startswith(running))
    kept = ws.post("/rankings", 201).json()["id"]
    lock = database.connect()
    lock.autocommit = False
    client = Client(ws.url, ws.secret, ws.prefix)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        try:
            with lock.cursor() as cursor:
                cursor.execute("LOCK TABLE winnow.comparisons IN ACCESS EXCLUSIVE MODE")
            first = pool.submit(client.get, own, 200)
            wait_until(lambda: database.value(WAITING), "the first request has come to the table")
            for path in heavy:
                answer = ws.get(path, 429)
                assert problem_type(answer) == "too-many-heavy" and int(answer.headers["Retry-After"]) >= 1, path
                assert "one at a time" in answer.json()["detail"]
            for path in ("/queue", "/findings", f"/rankings/{kept}", f"/rankings/{kept}/order"):
                ws.get(path)
            assert not first.done()
        finally:
            lock.rollback()
            lock.close()
        assert first.result(timeout=20).status_code == 200
    for path in heavy:
        ws.get(path)


def test_what_is_refused_leaves_the_gate_open(ws, heavy):
    for path in heavy:
        ws.get(path.split("?")[0], 422, params={"what": 1})
    revision, minutes = ws.queue()["ranking"].split(".")
    for path in ("bundle", "order", f"diff/{revision}.{minutes}"):
        ws.get(f"/rankings/{int(revision) + 9}.{minutes}/{path}", 404)
    ws.get(f"/items/{item_id(ws, 'a')}/movement", 422, params={"since": int(revision) + 9})
    for path in heavy:
        ws.get(path)
