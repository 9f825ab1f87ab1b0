"""
A daemon that has less memory than its workspaces need: who was read least recently goes and comes back, and one
that is too large by itself is refused while everything else goes on.
"""

import datetime

import pytest

from support import daemon as daemons
from support.client import Client, problem_type
from support.decisions import WHY, item_id, named
from support.waiting import wait_until
from support.workspace import Workspace, item, ndjson

MIB = 1 << 20
TITLE = 900  # bytes of each, so that few items come to something
ITEMS, MANY = 1000, 4000


def in_a_week():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7)).isoformat()


class Tight:
    """A daemon with a budget, and its own view of workspaces that the session's daemon made."""

    def __init__(self, database, folder, mib):
        self.daemon = daemons.Daemon(database, folder, "--memory-budget-mib", mib, name=f"tight-{mib}").start()

    def metric(self, name):
        lines = self.daemon.get("/metrics").text.splitlines()
        return int(dict(line.rsplit(" ", 1) for line in lines if line[0] != "#")[f"winnow_{name}"])

    def counts(self):
        names = ("pictures", "pictures_loaded_total", "pictures_dropped_total", "pictures_refused_total")
        return tuple(self.metric(name) for name in names)

    def await_counts(self, *counts):
        wait_until(lambda: self.counts() == counts, f"loaded, dropped, refused as in {counts}, not {self.counts()}")


@pytest.fixture
def tight(database, daemon, tmp_path):
    own = Tight(database, tmp_path, 3)
    yield own
    assert own.daemon.stop() == 0


def filled(operator, tight, count):
    """The workspace as the tight daemon serves it."""
    ws = Workspace(operator)
    lines = [item(f"i{n:04}", title="x" * TITLE) for n in range(count)]
    ws.post("/items", 200, data=ndjson(lines), headers={"Content-Type": "application/x-ndjson"})
    return Client(tight.daemon.url, ws.secret, ws.prefix)


def test_the_one_read_least_recently_goes_and_comes_back(operator, tight):
    a, b, c = (filled(operator, tight, ITEMS) for _ in range(3))
    assert tight.metric("memory_budget_bytes") == 3 * MIB
    a.get("/queue")
    wait_until(lambda: tight.metric("memory_counted_bytes") > 0, "the first one is weighed")
    assert ITEMS * TITLE < tight.metric("memory_counted_bytes") < 3 * MIB / 2, "two fit, three do not"
    first = b.get("/queue", params={"limit": 10}).json()
    a.get("/queue")
    tight.await_counts(2, 2, 0, 0)
    c.get("/queue")
    tight.await_counts(2, 3, 1, 0)
    assert tight.metric("memory_counted_bytes") <= 3 * MIB
    a.get("/queue")
    c.get("/queue")
    tight.await_counts(2, 3, 1, 0)

    # A walk through what was let go starts again; what is asked for is loaded while the request waits.
    gone = b.get("/queue", 410, params={"limit": 10, "cursor": first["next"]})
    assert problem_type(gone) == "ranking-gone" and gone.json()["first_page"] == f"{b.prefix}/queue"
    assert tight.counts() == (2, 3, 1, 0)
    again = b.get("/queue", params={"limit": 10}).json()
    assert (again["ranking"], again["entries"]) == (first["ranking"], first["entries"])
    tight.await_counts(2, 4, 2, 0)
    c.get("/queue")
    tight.await_counts(2, 4, 2, 0)
    a.get("/queue")
    tight.await_counts(2, 5, 3, 0)


def test_one_that_is_too_large_is_refused_and_the_rest_goes_on(operator, tight, database, tmp_path):
    small, large = filled(operator, tight, 10), filled(operator, tight, MANY)
    small.get("/queue")
    refused = large.get("/queue", 503)
    assert problem_type(refused) == "workspace-too-large" and int(refused.headers["Retry-After"]) == 60
    assert "--memory-budget-mib" in refused.json()["detail"]
    assert tight.daemon.get(refused.json()["type"]).status_code == 200
    wait_until(lambda: tight.metric("workspaces_too_large") == 1, "the gauge tells")
    assert tight.metric("pictures_refused_total") == 1

    # Everything that PostgreSQL answers is answered, and what is written is written.
    first = next(large.pages("/items", "items", {"external_id": "i0001"}))
    assert large.get(f"/items/{first['id']}").json()["title"] == "x" * TITLE
    assert len(large.get("/items", params={"limit": 500}).json()["items"]) == 500
    head = large.get("").json()["revision"]
    assert large.post("/items", 200, json=[item("new")]).json()["revision"] == head + 1
    body = {"item": named("new"), "kind": "boost", "delta": 1, "justification": WHY}
    large.post("/overrides", 201, json={**body, "expires_at": in_a_week()})
    assert [each["kind"] for each in large.get("/overrides").json()["overrides"]] == ["boost"]
    assert [each["revision"] for each in large.get("/audit", params={"after": head}).json()["records"]] == [
        head + 1,
        head + 2,
    ]
    assert large.get("/audit/verify").json()["ok"]

    # It is not loaded over and over; the others are served.
    for path in ("/queue", f"/items/{item_id(large, 'new')}/explanation", "/findings", "/queue/excluded"):
        assert problem_type(large.get(path, 503)) == "workspace-too-large", path
        assert small.get("/queue").json()["entries"]
    assert tight.metric("pictures_refused_total") == 1
    assert tight.daemon.status("/readyz") == 200

    # With a larger budget it is served, with all that was written meanwhile.
    roomy = Tight(database, tmp_path, 64)
    page = large.at(roomy.daemon.url).get("/queue", params={"min_revision": head + 2}).json()
    assert page["count"] == MANY + 1
    assert (roomy.metric("pictures_refused_total"), roomy.metric("workspaces_too_large")) == (0, 0)
    assert roomy.daemon.stop() == 0


def test_the_past_is_within_the_budget_too(operator, tight):
    """A ranking of the past is loaded beside the newest; where both do not fit, the newest stays."""
    ws = filled(operator, tight, 2 * ITEMS)
    then = ws.get("").json()["revision"]
    ws.post("/items", 200, json=[item("later")])
    ws.get("/queue", params={"min_revision": then + 1})
    refused = ws.get("/queue", 503, params={"revision": then})
    assert problem_type(refused) == "no-room" and int(refused.headers["Retry-After"]) >= 1
    ws.get("/queue")
    assert tight.counts() == (1, 1, 0, 0)
