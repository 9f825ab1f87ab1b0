"""PostgreSQL goes away and comes back; daemons end and start; several of them serve one database."""

import signal
import threading

import pytest

from support import daemon as daemons, database as databases
from support.client import Client, problem_type
from support.waiting import wait_until
from support.workspace import Workspace, item, ndjson, scored

pytestmark = pytest.mark.faults
HASTY = {"WINNOW_CONNECT_TIMEOUT_S": 2}  # behind a pooler it is also how soon an outage shows


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """A cluster of its own, so that it can be stopped."""
    own = databases.Cluster(tmp_path_factory.mktemp("private"))
    yield own
    own.remove()


@pytest.fixture(scope="module")
def fault_database(private):
    own = private.database.create(databases.fresh_name())
    daemons.migrate(own)
    return own


@pytest.fixture(scope="module")
def secret(fault_database, tmp_path_factory):
    return daemons.bootstrap(fault_database, tmp_path_factory.mktemp("secret") / "token")


@pytest.fixture(scope="module")
def steady(fault_database, secret, tmp_path_factory):
    """One daemon that lives through all outages without a restart."""
    own = daemons.Daemon(fault_database, tmp_path_factory.mktemp("faults"), name="steady", **HASTY)
    own.start()
    yield own
    assert own.stop() == 0


@pytest.fixture
def shaky(private, steady, secret):
    """A workspace in a cluster that the test may stop; it runs again afterwards, and everything has healed."""
    ws = Workspace(Client(steady.url, secret))
    yield ws
    private.start()
    steady.wait_ready()
    assert ws.push([item("healed")])["errors"] is False
    assert ws.verify()["ok"]
    assert steady.running()


class Outage:
    def __init__(self, private):
        self.private = private

    def __enter__(self):
        self.private.stop()

    def __exit__(self, *_):
        self.private.start()


# ---- PostgreSQL away ----


def test_what_is_served_during_an_outage(private, steady, shaky):
    ws = shaky
    ws.push([scored("a", 20), scored("b", 12), scored("c", 9)])
    reader = ws.as_role("reader")
    known = ws.token("reader", expires_in_days=1)
    unknown = ws.token("reader")
    known_client, unknown_client = ws.client(known), ws.client(unknown)
    page, tag = reader.get("/queue", params={"min_revision": ws.revision()}).json(), None
    tag = known_client.get("/queue").headers["ETag"]
    with Outage(private):
        wait_until(lambda: steady.status("/readyz/writes") == 503, "writes are known to be off", limit=5)
        assert steady.status("/livez") == 200
        ready = Client(steady.url).get("/readyz", 200).json()
        assert (ready["ready"], ready["writes"], ready["database"]["up"]) == (True, False, False)
        for _ in range(5):
            assert reader.get("/queue").json() == page, "from memory, to tokens that were verified before"
        known_client.get("/queue", 304, headers={"If-None-Match": tag})
        assert [
            e["external_id"]
            for e in reader.get("/queue", params={"stream": "engineering_bug", "limit": 2}).json()["entries"]
        ] == ["a", "b"]
        item_id = page["entries"][0]["id"]
        assert reader.get(f"/items/{item_id}/explanation").json()["score"] == 20
        for path in ("/items", "/settings", "/audit"):
            clock = daemons.stopwatch()
            answer = ws.get(path, (200, 503))
            assert clock() < 5
            if answer.status_code == 503:
                assert problem_type(answer) in ("database-away", "busy") and int(answer.headers["Retry-After"]) >= 1
        clock = daemons.stopwatch()
        answer = ws.post("/items", 503, json=[item("lost")])
        assert problem_type(answer) == "database-away" and clock() < 5, "at once"
        unknown_client.get("/queue", 503)
        Client(ws.url, "wnw_" + "x" * 38, ws.prefix).get("/queue", (401, 503))
        assert steady.status("/livez") == 200
    wait_until(lambda: steady.status("/readyz/writes") == 200, "it heals without a restart", limit=15)
    # A pooler in between may refuse a session for another moment.
    wait_until(lambda: unknown_client.get("/queue", (200, 503)).status_code == 200, "others come in again", limit=15)
    ws.push([scored("d", 24)])
    assert [
        e["external_id"] for e in reader.get("/queue", params={"min_revision": ws.revision()}).json()["entries"]
    ] == ["d", "a", "b", "c"]
    assert not [i for i in ws.pages("/items", "items") if i["external_id"] == "lost"]


def test_expiry_is_enforced_during_an_outage(private, steady, shaky):
    import datetime

    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ"
    )
    client = shaky.client(shaky.token("reader", expires_at=soon))
    client.get("/queue", params={"min_revision": shaky.revision()})
    with Outage(private):
        wait_until(lambda: client.get("/queue", (200, 401)).status_code == 401, "the token has expired", limit=8)


def test_stopped_in_the_middle_of_a_batch(private, steady, shaky):
    """The answer says what was committed; sending the batch again settles it."""
    ws, total = shaky, 12000
    stopped, half = threading.Event(), threading.Event()

    def lines():
        for i in range(total):
            if i == total // 2:
                half.set()
                stopped.wait(20)
            yield ndjson([item(str(i))])

    def stop():
        half.wait(20)
        watcher = ws.at(ws.url)
        wait_until(
            lambda: len(watcher.get("/items", params={"limit": 1000}).json()["items"]) == 1000, "a chunk is stored"
        )
        private.stop()
        stopped.set()

    stopper = threading.Thread(target=stop)
    stopper.start()
    answer = ws.post(
        "/items", 503, data=joined(lines(), 100), headers={"Content-Type": "application/x-ndjson"}, timeout=60
    )
    stopper.join()
    private.start()
    steady.wait_ready()
    problem = answer.json()
    # Behind a pooler that keeps who asks until the database is back it is "busy".
    assert problem["type"] in ("/problems/database-away", "/problems/commit-unknown", "/problems/busy")
    stored = {i["external_id"] for i in ws.pages("/items", "items", limit=1000)}
    through = problem["committed_through_line"]
    assert problem["committed"]["created"] == through > 0 and through % 1000 == 0
    assert {str(i) for i in range(through)} <= stored and len(stored) in (through, through + 1000)
    assert problem["revision"] <= ws.revision()

    again = ws.push_lines(item(str(i)) for i in range(total))
    assert again["created"] + again["unchanged"] == total and again["unchanged"] == len(stored)
    assert len(list(ws.pages("/items", "items", limit=1000))) == total
    assert ws.verify()["ok"]


def joined(lines, count):
    piece = []
    for line in lines:
        piece.append(line)
        if len(piece) == count:
            yield b"".join(piece)
            piece = []
    yield b"".join(piece)


def test_connections_cut_under_load(private, steady, shaky, fault_database):
    """Backends are killed while batches are written: every answer of success is true, and the rest says so."""
    ws, stop = shaky, threading.Event()
    acknowledged, refused, faults = set(), [], []

    def write(writer):
        client, turn = ws.at(ws.url), 0
        while not stop.is_set():
            turn += 1
            names = [f"{writer}-{turn}-{i}" for i in range(20)]
            try:
                answer = client.post("/items", (200, 503), json=[item(name) for name in names])
                if answer.status_code == 200:
                    acknowledged.update(names)
                else:
                    refused.append(problem_type(answer))
            except AssertionError as fault:
                faults.append(fault)
                return

    writers = [threading.Thread(target=write, args=(w,)) for w in range(4)]
    [w.start() for w in writers]
    try:
        for _ in range(8):
            count = len(acknowledged)
            wait_until(lambda: len(acknowledged) > count or faults, "writes go on", limit=15)
            fault_database.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid() AND datname = current_database()",
                fault_database.app_role(),
            )
    finally:
        stop.set()
        [w.join() for w in writers]
    assert not faults
    steady.wait_ready()
    stored = [i["external_id"] for i in ws.pages("/items", "items", limit=1000)]
    assert len(stored) == len(set(stored)) and acknowledged <= set(stored)
    assert set(refused) <= {"database-away", "commit-unknown", "contention", "busy"}


def test_starts_while_the_database_is_away_and_heals(private, fault_database, secret, tmp_path):
    own = daemons.Daemon(fault_database, tmp_path, name="early", **HASTY)
    private.stop()
    try:
        own.start(ready=False)
        wait_until(lambda: own.status("/livez") == 200, "it lives")
        assert own.status("/readyz") == 503 and own.status("/readyz/writes") == 503
        assert Client(own.url, secret).get("/v1/whoami", 503).headers["Retry-After"]
        assert own.status("/openapi.yaml") == 200
    finally:
        private.start()
    own.wait_ready(limit=15)
    ws = Workspace(Client(own.url, secret))
    ws.push([item("1")])
    assert ws.queue()["count"] == 1
    assert own.stop() == 0


def test_the_outage_limit(private, fault_database, secret, tmp_path):
    own = daemons.Daemon(fault_database, tmp_path, "--outage-limit-s", 1, name="limited", **HASTY)
    own.start()
    ws = Workspace(Client(own.url, secret))
    ws.push([item("1")])
    ws.queue()
    try:
        with Outage(private):
            wait_until(lambda: own.status("/readyz/writes") == 503, "writes are off", limit=5)
            wait_until(lambda: own.status("/readyz") == 503, "after a second it is no longer ready", limit=6)
            assert own.status("/livez") == 200
            ws.get("/queue", 200)
        wait_until(lambda: own.status("/readyz") == 200, "ready again", limit=15)
    finally:
        assert own.stop() == 0


# ---- ending ----


def test_sigterm_finishes_running_requests(fault_database, private, secret, tmp_path):
    private.start()
    own = daemons.Daemon(fault_database, tmp_path, "--drain-ms", 3000, name="term")
    own.start()
    ws = Workspace(Client(own.url, secret))
    begun, go_on, answers = threading.Event(), threading.Event(), []

    def lines():
        for i in range(3000):
            if i == 1500:
                begun.set()
                go_on.wait(10)
            yield ndjson([item(str(i))])

    upload = threading.Thread(
        target=lambda: answers.append(
            ws.post("/items", 200, data=joined(lines(), 50), headers={"Content-Type": "application/x-ndjson"}).json()
        )
    )
    upload.start()
    begun.wait(10)
    own.signal(signal.SIGTERM)
    wait_until(lambda: own.status("/readyz") == 503, "not ready any more")
    assert Client(own.url).get("/readyz", 503).json()["draining"] is True
    assert own.status("/livez") == 200
    go_on.set()
    upload.join()
    assert own.wait() == 0
    assert answers and answers[0]["created"] == 3000
    assert own.status("/livez") is None


def test_sigterm_without_requests_is_quick(fault_database, private, secret, tmp_path):
    private.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        own = daemons.Daemon(fault_database, tmp_path, name="quick")
        own.start()
        idle = Client(own.url, secret)
        idle.get("/v1/whoami")
        clock = daemons.stopwatch()
        own.signal(number)
        assert own.wait(10) == 0 and clock() < 3, "an idle connection holds nothing up"


# ---- several daemons ----


def test_two_daemons_see_each_others_writes(steady, fault_database, private, secret, tmp_path):
    private.start()
    steady.wait_ready()
    other = daemons.Daemon(fault_database, tmp_path, name="other")
    other.start()
    try:
        here = Workspace(Client(steady.url, secret))
        there = here.at(other.url)
        for turn in range(5):
            made = here.push([scored(f"here-{turn}", 10 + turn)])
            assert f"here-{turn}" in {
                e["external_id"]
                for e in there.get("/queue", params={"min_revision": made["revision"], "limit": 500}).json()["entries"]
            }
            assert there.get(f"/items/{made['results'][0]['id']}").json()["external_id"] == f"here-{turn}"
            made = there.post("/items", 200, json=[scored(f"there-{turn}", 15 + turn)]).json()
            mine = here.get("/queue", params={"min_revision": made["revision"], "limit": 500}).json()
            assert f"there-{turn}" in {e["external_id"] for e in mine["entries"]}
        a, b = (
            client.get("/queue", params={"min_revision": made["revision"], "limit": 500}) for client in (here, there)
        )
        assert a.json() == b.json() and a.headers["ETag"] == b.headers["ETag"], "every daemon publishes the same"

        token = here.token("reader")
        reader = Client(other.url, token["secret"], here.prefix)
        reader.get("/items")
        here.delete(f"/tokens/{token['id']}", 204)
        wait_until(lambda: reader.get("/items", (200, 401)).status_code == 401, "revoked there too", limit=1.0)

        page = there.get("/items", params={"limit": 3}).json()
        assert here.get("/items", params={"limit": 3, "cursor": page["next"]}).json()[
            "items"
        ], "a cursor of one is good at the other"
        faults = []

        def write(client, name):
            for i in range(15):
                answer = client.post("/items", json=[item(f"{name}-{i}"), item("shared", title=f"{name}-{i}")]).json()
                if answer["created"] + answer["updated"] != 2:
                    faults.append(answer)

        threads = [
            threading.Thread(target=write, args=(client, name))
            for client, name in ((here.at(here.url), "x"), (there.at(other.url), "y"))
        ]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert not faults and here.verify()["ok"]
        assert [r["revision"] for r in here.records()] == list(range(1, here.revision() + 1))
        there.put(
            "/settings",
            200,
            json={
                **{k: v for k, v in here.get("/settings").json().items() if k in ("kinds", "statuses")},
                "streams": ["engineering_bug", "brand_new"],
            },
            headers={"If-Match": "*"},
        )
        assert here.push([item("new stream", stream="brand_new")])["created"] == 1, "configuration is seen at once"
    finally:
        assert other.stop() == 0


def test_a_walk_over_a_restart(fault_database, private, secret, tmp_path):
    """A cursor of a ranking that is no longer kept goes on where it can be recomputed, else 410 with where to begin."""
    private.start()
    own = daemons.Daemon(fault_database, tmp_path, name="walk")
    own.start()
    ws = Workspace(Client(own.url, secret))
    ws.push([scored(str(i), 8 + i % 17) for i in range(30)])
    first = ws.queue(limit=10)
    assert own.stop() == 0
    own.start()
    answer = ws.get("/queue", (200, 410), params={"limit": 10, "cursor": first["next"]})
    if answer.status_code == 200:
        assert [e["rank"] for e in answer.json()["entries"]] == list(range(11, 21)) and answer.json()[
            "ranking"
        ] == first["ranking"]
    else:
        assert answer.json()["first_page"] == f"{ws.prefix}/queue"
        assert problem_type(answer) == "ranking-gone"
    assert ws.queue(limit=10)["entries"] == first["entries"], "restarted or not, the same ranking"
    assert own.stop() == 0
