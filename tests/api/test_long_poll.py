"""Queue polls that wait for another ranking than the one that the client has."""

import threading

import pytest

from support import daemon as daemons
from support.client import Client, problem_pointers, problem_type
from support.waiting import wait_until
from support.wire import Wire, request_text
from support.workspace import item, scored


def gauge(operator, name):
    for line in operator.get("/metrics").text.splitlines():
        if line.startswith(f"winnow_{name} "):
            return float(line.split()[1])
    raise AssertionError(name)


class Poll(threading.Thread):
    """A poll on its way."""

    def __init__(self, client, **params):
        super().__init__()
        self.client, self.params, self.answer, self.seconds = client.at(client.url), params, None, None
        self.start()

    def run(self):
        watch = daemons.stopwatch()
        self.answer = self.client.get("/queue", None, params=self.params, timeout=70)
        self.seconds = watch()

    def result(self, limit=30):
        self.join(limit)
        assert self.answer is not None, "still waiting"
        return self.answer


def waits(operator, count=1):
    wait_until(lambda: gauge(operator, "polls_waiting") == count, f"{count} polls wait")


def test_another_ranking_is_answered_at_once(ws):
    ws.push([scored("a", 12)])
    page = ws.queue()
    answer = ws.get("/queue", params={"since": "1.1", "wait": "60s"})
    assert answer.json() == page
    assert answer.headers["ETag"] == ws.get("/queue").headers["ETag"]


def test_the_next_ranking_ends_the_wait(ws, operator):
    ws.push([scored("a", 12)])
    before = ws.queue()
    poll = Poll(ws, since=before["ranking"], wait="60s")
    waits(operator)
    ws.push([scored("b", 20)])
    answer = poll.result()
    assert answer.status_code == 200 and answer.json()["ranking"] != before["ranking"]
    assert [entry["external_id"] for entry in answer.json()["entries"]] == ["b", "a"]
    assert poll.seconds < 20
    waits(operator, 0)


def test_without_a_change_it_is_304_after_the_wait(ws):
    ws.push([scored("a", 12)])
    page = ws.queue()
    watch = daemons.stopwatch()
    answer = ws.get("/queue", 304, params={"since": page["ranking"], "wait": "400ms"})
    assert 0.39 <= watch() < 10
    assert answer.headers["ETag"] and answer.headers["Winnow-Revision"] == str(page["revision"])
    assert ws.get("/queue", 304, params={"since": page["ranking"]}).content == b""
    assert ws.get("/queue", 304, params={"since": page["ranking"], "wait": "0"}).content == b""


def test_who_loses_the_right_meanwhile_is_told_nothing(ws, operator):
    token = ws.token("reader", label="leaves")
    ws.push([scored("a", 12)])
    poll = Poll(ws.client(token), since=ws.queue()["ranking"], wait="60s")
    waits(operator)
    ws.delete(f"/tokens/{token['id']}", 204)
    wait_until(lambda: ws.client(token).get("/queue", None).status_code == 401, "the token is known to be revoked")
    ws.push([scored("b", 20)])
    assert poll.result().status_code == 401


def test_filters_and_pages(ws, operator):
    ws.push([scored("a", 20), scored("b", 19), scored("c", 12, stream="incident")])
    first = ws.queue()
    poll = Poll(ws, since=first["ranking"], wait="30s", stream="engineering_bug", limit=1)
    waits(operator)
    ws.push([scored("d", 18)])
    page = poll.result().json()
    assert [entry["external_id"] for entry in page["entries"]] == ["a"]
    rest = ws.get("/queue", params={"stream": "engineering_bug", "limit": 5, "cursor": page["next"]}).json()
    assert [entry["external_id"] for entry in rest["entries"]] == ["b", "d"] and rest["ranking"] == page["ranking"]


def test_if_none_match_beside_it(ws):
    ws.push([scored("a", 20)])
    ws.queue()
    tag = ws.get("/queue").headers["ETag"]
    ws.get("/queue", 304, params={"since": "1.1"}, headers={"If-None-Match": tag})


@pytest.mark.parametrize(
    "params, pointers",
    [
        ({"wait": "10s"}, ["/query/wait"]),
        ({"since": "", "wait": "10s"}, ["/query/since"]),
        ({"since": "x"}, ["/query/since"]),
        ({"since": "1."}, ["/query/since"]),
        ({"since": "1" * 60 + ".1"}, ["/query/since"]),
        ({"since": "1.1", "wait": "61s"}, ["/query/wait"]),
        ({"since": "1.1", "wait": "60001ms"}, ["/query/wait"]),
        ({"since": "1.1", "wait": "-1"}, ["/query/wait"]),
        ({"since": "1.1", "wait": "1m"}, ["/query/wait"]),
        ({"since": "1.1", "wait": ""}, ["/query/wait"]),
        ({"since": "1.1", "min_revision": 1}, ["/query/min_revision"]),
        ({"since": "1.1", "revision": 1}, ["/query/revision"]),
    ],
)
def test_what_makes_no_sense(ws, params, pointers):
    assert problem_pointers(ws.get("/queue", 422, params=params)) == pointers


def test_beside_a_cursor(ws):
    ws.push([scored("a", 20), scored("b", 19)])
    cursor = ws.queue(limit=1)["next"]
    answer = ws.get("/queue", 422, params={"since": "1.1", "cursor": cursor, "limit": 1})
    assert problem_pointers(answer) == ["/query/cursor"]


def test_who_hangs_up_leaves_the_seat(ws, operator):
    ws.push([item("a")])
    since = ws.queue()["ranking"]
    path = f"{ws.prefix}/queue?since={since}&wait=60s"
    with Wire(ws.url) as wire:
        wire.send(request_text("GET", path, [f"Authorization: Bearer {ws.secret}"]))
        waits(operator)
    waits(operator, 0)


def test_many_wait_at_once_and_none_holds_a_worker(ws, operator):
    """Far more than there are workers; meanwhile others are served, and all are woken by one ranking."""
    ws.push([item("a")])
    since = ws.queue()["ranking"]
    wires = [Wire(ws.url, timeout=30) for _ in range(200)]
    text = request_text("GET", f"{ws.prefix}/queue?since={since}&wait=60s", [f"Authorization: Bearer {ws.secret}"])
    try:
        for wire in wires:
            wire.send(text)
        waits(operator, 200)
        ws.push([item("b")])
        for wire in wires:
            status, headers, _ = wire.read_response()
            assert status == 200 and headers["winnow-revision"] != since.split(".")[0]
    finally:
        for wire in wires:
            wire.socket.close()


def test_limits(database, operator_token, ws, tmp_path):
    """429 for a token that has as many as one may have, 503 for all once the daemon has."""
    own = daemons.Daemon(database, tmp_path, "--streams", "3", "--streams-per-token", "2")
    own.start()
    ws.push([item("a")])
    here, reader = ws.at(own.url), ws.as_role("reader").at(own.url)
    since = here.get("/queue", params={"min_revision": ws.revision()}).json()["ranking"]
    metrics = Client(own.url, operator_token)
    polls = [Poll(here, since=since, wait="60s") for _ in range(2)]
    waits(metrics, 2)
    answer = here.get("/queue", 429, params={"since": since, "wait": "60s"})
    assert problem_type(answer) == "too-many-streams" and int(answer.headers["Retry-After"]) > 0
    polls.append(Poll(reader, since=since, wait="60s"))
    waits(metrics, 3)
    assert problem_type(reader.get("/queue", 503, params={"since": since, "wait": "60s"})) == "streams-full"
    assert here.get("/queue", 304, params={"since": since}).content == b""  # not to wait takes no seat
    assert own.stop() == 0
    assert [poll.result().status_code for poll in polls] == [304, 304, 304]  # the end of the daemon ends the wait
