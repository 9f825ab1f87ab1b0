"""
Small writes that meet in one workspace share a transaction. Nobody must be able to tell from an answer: each has its
own revision, audit record and faults, as if it had come alone.
"""

import contextlib
import threading

from support.client import Client
from support.waiting import wait_until
from support.workspace import Workspace, item

FAR_AHEAD = "2999-01-01T00:00:00Z"


def counters(ws, *names):
    lines = dict(line.rsplit(" ", 1) for line in ws.operator.get("/metrics").text.splitlines() if line[0] != "#")
    return [float(lines[f"winnow_{name}_total"]) for name in names]


@contextlib.contextmanager
def held(database, *workspaces):
    """Nobody can write in them meanwhile, so whoever tries is there when it ends."""
    connection = database.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for ws in workspaces:
                cursor.execute("SELECT 1 FROM winnow.workspace_heads WHERE workspace_id = %s FOR UPDATE", [str(ws.id)])
            yield
    finally:
        connection.close()


class Poster(threading.Thread):
    """One POST by a client of its own."""

    def __init__(self, ws, body, secret=None, **params):
        super().__init__()
        self.client, self.body, self.params = Client(ws.url, secret or ws.secret, ws.prefix), body, params
        self.answer, self.fault = None, None

    def run(self):
        try:
            self.answer = self.client.post("/items", None, json=self.body, params=self.params, timeout=60)
        except Exception as fault:  # told by the main thread
            self.fault = fault


def meet(daemon, workspaces, posters, waiting=None):
    """All of them at the same time: they go on when as many wait for a worker or have one."""
    for ws in workspaces:
        ws.push([])  # its token is known, so that a post goes to a worker once
    arrived = counters(workspaces[0], "http_suspended")[0] + (len(posters) if waiting is None else waiting)
    with held(daemon.database, *workspaces):
        [poster.start() for poster in posters]
        wait_until(lambda: counters(workspaces[0], "http_suspended")[0] >= arrived, "all of them wait", limit=20)
    [poster.join(60) for poster in posters]
    assert not [poster.fault for poster in posters if poster.fault or poster.is_alive()]
    return [poster.answer for poster in posters]


def changed(answers):
    """Those that made a revision of their own."""
    return [a for a in answers if a.status_code in (200, 207) and a.json()["created"] + a.json()["updated"] > 0]


def check_history(ws, first, answers):
    """The revisions from `first` on are those of the answers, each with its record; the log holds."""
    by_revision = {a.json()["revision"]: a for a in answers}
    records = ws.records(after=first - 1)
    assert sorted(by_revision) == list(range(first, first + len(answers)))
    assert [r["revision"] for r in records] == sorted(by_revision)
    for record in records:
        answer = by_revision[record["revision"]]
        counts = answer.json()
        assert record["request_id"] == answer.headers["X-Request-Id"]
        assert answer.headers["Winnow-Revision"] == str(record["revision"])
        assert answer.headers["Winnow-Head"] == f"{record['revision']}:{record['hash']}"
        assert record["detail"] == {n: counts[n] for n in ("created", "rejected", "stale", "unchanged", "updated")}
        for result in counts["results"]:
            if result["outcome"] in ("created", "updated"):
                assert result["revision"] == record["revision"]
    assert ws.revision() == first + len(answers) - 1
    verdict = ws.verify()
    assert verdict["ok"] and verdict["records"] == ws.revision()


def test_each_has_its_own_revision(ws, daemon):
    first = ws.revision() + 1
    names = "joint_commits", "changes_committed", "writes_retried_alone"
    before = counters(ws, *names)
    answers = meet(daemon, [ws], [Poster(ws, item(i, title=f"Title {i}")) for i in range(40)])
    commits, changes, alone = (b - a for a, b in zip(before, counters(ws, *names)))
    assert [a.status_code for a in answers] == [200] * 40
    assert [a.json()["results"][0]["external_id"] for a in answers] == [str(i) for i in range(40)]
    check_history(ws, first, answers)
    assert changes == 40 and alone == 0
    assert commits <= 3, "one of those who came first, and one of all others"
    assert sorted(e["title"] for e in ws.whole_queue()) == sorted(f"Title {i}" for i in range(40))


def test_faults_stay_with_their_writers(ws, daemon):
    gone = ws.token("contributor")
    narrow = ws.token("contributor", sources=["elsewhere"])
    ws.delete(f"/tokens/{gone['id']}", 204)
    wait_until(lambda: ws.client(gone).get("/items", None).status_code == 401, "the token is refused", limit=5)
    ws.client(narrow).get("/whoami", None)
    ws.push(item("known", title="As it is"))
    first = ws.revision() + 1
    posters = [Poster(ws, item(i)) for i in range(10)]
    posters += [
        Poster(ws, "no item"),
        Poster(ws, item("ahead", updated_at=FAR_AHEAD)),
        Poster(ws, {"source": "test"}),
        Poster(ws, [item("one"), {"source": "test"}]),
        Poster(ws, [item("two"), {"source": "test"}], mode="atomic"),
        Poster(ws, [item("three"), item("four")], mode="atomic"),
        Poster(ws, item("known", title="As it is")),
        Poster(ws, item("other"), mode="sometimes"),
        Poster(ws, item("foreign"), secret=narrow["secret"]),
        Poster(ws, item("late"), secret=gone["secret"]),
    ]
    # The revoked one is refused at the door, and so is a query that means nothing later on.
    answers = meet(daemon, [ws], posters, waiting=len(posters) - 2)
    plain, (text, ahead, empty, partial, atomic, pair, known, mode, foreign, late) = answers[:10], answers[10:]
    assert [a.status_code for a in plain] == [200] * 10
    assert text.status_code == 422 and text.json()["errors"][0]["pointer"] in ("", "#")
    for answer in (ahead, empty, foreign):
        assert answer.status_code == 207 and answer.json()["rejected"] == 1
    pointers = [error["pointer"] for error in empty.json()["results"][0]["problem"]["errors"]]
    assert pointers and all(p.startswith("#/") and not p.startswith("#/0") for p in pointers)
    assert partial.status_code == 207 and partial.json()["created"] == partial.json()["rejected"] == 1
    assert atomic.status_code == 422
    assert all(e["pointer"].startswith("#/1") for e in atomic.json()["errors"])
    assert pair.status_code == 200 and pair.json()["created"] == 2
    assert known.json()["unchanged"] == 1 and known.json()["results"][0]["revision"] == first - 1
    assert mode.status_code == 422
    assert late.status_code == 401
    check_history(ws, first, changed(answers))
    stored = {each["external_id"] for each in ws.pages("/items", "items")}
    assert stored == {str(i) for i in range(10)} | {"known", "one", "three", "four"}


def test_the_same_item_by_several(ws, daemon):
    """They come one after the other: each sees what the one before left."""
    first = ws.revision() + 1
    posters = [Poster(ws, item("same", title=f"By {i}")) for i in range(8)]
    posters += [Poster(ws, item("twice", title="The same")) for _ in range(4)]
    posters += [Poster(ws, [item("same", team="ops"), item("own"), item("own", team="ops")])]
    answers = meet(daemon, [ws], posters)
    assert {a.status_code for a in answers} == {200}
    outcomes = [a.json()["results"][0]["outcome"] for a in answers]
    assert sorted(outcomes[8:12]) == ["created", "unchanged", "unchanged", "unchanged"]
    assert (outcomes[:8] + outcomes[12:]).count("created") == 1
    assert (outcomes[:8] + outcomes[12:]).count("updated") == 8
    check_history(ws, first, changed(answers))
    titles = {p.answer.json()["revision"]: p.body["title"] for p in posters[:8]}
    titles[answers[12].json()["revision"]] = "Item same"
    (same,) = ws.pages("/items", "items", {"external_id": "same"})
    assert same["title"] == titles[max(titles)]
    assert same["team"] == "ops"


def test_many_items_in_small_bodies(ws, daemon):
    """More items than one transaction takes of several: they go in turns."""
    first = ws.revision() + 1
    bodies = [[item(f"{n}-{i}", title="T") for i in range(300)] for n in range(6)]
    answers = meet(daemon, [ws], [Poster(ws, body) for body in bodies])
    assert {a.status_code for a in answers} == {200} and {a.json()["created"] for a in answers} == {300}
    check_history(ws, first, answers)
    assert ws.queue(limit=1)["count"] == 1800


def test_two_workspaces(ws, operator, daemon):
    other = Workspace(operator)
    first = {each: each.revision() + 1 for each in (ws, other)}
    posters = [Poster((ws, other)[i % 2], item(i)) for i in range(40)]
    answers = meet(daemon, [ws, other], posters)
    assert {a.status_code for a in answers} == {200}
    for n, each in enumerate((ws, other)):
        check_history(each, first[each], answers[n::2])


def test_other_writes_in_between(ws, daemon):
    """Settings change while they wait: they are read again by what holds now."""
    ws.put_settings(streams=ws.get("/settings").json()["streams"] + ["extra"])
    stop, faults = threading.Event(), []

    def flip():
        client = Workspace.__new__(Workspace)
        Client.__init__(client, ws.url, ws.secret, ws.prefix)
        try:
            while not stop.is_set():
                streams = client.get("/settings").json()["streams"]
                client.put_settings(
                    streams=[s for s in streams if s != "extra"] if "extra" in streams else streams + ["extra"]
                )
        except Exception as fault:
            faults.append(fault)

    flipper = threading.Thread(target=flip)
    flipper.start()
    answers = []
    for round_ in range(5):
        posters = [Poster(ws, item(f"{round_}-{i}", stream="extra")) for i in range(8)]
        [p.start() for p in posters]
        [p.join(60) for p in posters]
        assert not [p.fault for p in posters if p.fault]
        answers += [p.answer for p in posters]
    stop.set()
    flipper.join()
    assert not faults and {a.status_code for a in answers} <= {200, 207}
    assert all(a.json()["created"] + a.json()["rejected"] == 1 for a in answers)
    assert len({a.json()["revision"] for a in changed(answers)}) == len(changed(answers))
    assert ws.verify()["ok"]
    assert len(list(ws.pages("/items", "items"))) == len(changed(answers))
