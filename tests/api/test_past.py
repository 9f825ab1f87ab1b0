"""Loading the past: a proof reads the rows anew, and who asks for much of it keeps nobody else waiting."""

import concurrent.futures
import time

from support import pooler
from support.client import Client, problem_type
from support.waiting import wait_until
from support.workspace import item, scored


def keep(ws):
    return ws.post("/rankings", 201, json={}, params={"min_revision": ws.revision()}).json()


def test_a_second_replay_reads_the_rows_again(ws, database):
    """What the first one has loaded proves nothing about the rows of now."""
    ws.push([scored("a", 20), scored("b", 10), scored("c", 15)])
    kept = keep(ws)
    ids = {entry["external_id"]: entry["id"] for entry in ws.queue()["entries"]}

    def replay():
        return ws.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()

    def put_status(status):
        rows = database.tamper("UPDATE winnow.item_versions SET status = %s WHERE item_id = %s", status, ids["b"])
        assert rows == 1

    assert (replay()["same"], replay()["differences"]) == (True, [])
    put_status("done")
    try:
        told = replay()
        assert told["same"] is False
        assert [(d["what"], d.get("rank")) for d in told["differences"]] == [("item_count", None), ("rank", 3)]
        assert told["differences"][1]["kept"]["id"] == ids["b"] and told["differences"][1]["replayed"] is None
    finally:
        put_status("open")
    assert (replay()["same"], replay()["differences"]) == (True, [])


@pooler.needs_two_sessions
def test_one_is_loaded_one_waits_and_the_others_are_told_at_once(ws, other_ws, database):
    """Each of them would wait on a worker, and the writes of all workspaces need those."""
    askers = [ws.as_role(role) for role in ("reviewer", "admin", "auditor")]  # a token may have two at a time
    for name in "abcdefgh":
        ws.push([item(name)])
    head = ws.revision()
    other_ws.push([item("a")])
    other_ws.queue()

    def ask(revision):
        asker = Client(ws.url, askers[revision % len(askers)].secret, ws.prefix)
        answer = asker.get("/queue", (200, 503), params={"revision": revision})
        return answer, time.monotonic()

    lock = database.connect()
    lock.autocommit = False
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        with lock.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("LOCK TABLE winnow.item_texts IN ACCESS EXCLUSIVE MODE")
        asked = [pool.submit(ask, revision) for revision in range(head - 6, head)]
        wait_until(lambda: sum(each.done() for each in asked) == 4, "four who are told that it is busy", 5)
        # The loader and the waiter hold a worker each; what the others need is free.
        other_ws.get("/queue")
        assert other_ws.revision() > 0
        released = time.monotonic()
        lock.rollback()
        lock.close()
        answers = [each.result() for each in asked]
    busy = [(answer, at) for answer, at in answers if answer.status_code == 503]
    assert len(busy) == 4 and all(at < released for _, at in busy)
    for answer, _ in busy:
        assert problem_type(answer) == "busy" and int(answer.headers["Retry-After"]) > 0
    shown = [answer.json() for answer, _ in answers if answer.status_code == 200]
    assert len(shown) == 2 and all(len(each["entries"]) == each["revision"] - (head - 8) for each in shown)
