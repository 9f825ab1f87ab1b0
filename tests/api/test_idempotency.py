"""Idempotency-Key: the same request sent again gets the first answer and has no second effect."""

import contextlib
import datetime
import socket
import threading
import uuid

import pytest
import requests

from support import daemon as daemons, database as databases, pooler
from support.client import Client, problem_pointers, problem_type
from support.waiting import wait_until
from support.workspace import Workspace, item, ndjson, rubric

WHY = "Promised to a customer for Friday."
OF_INTEREST = ("Winnow-Revision", "Winnow-Head", "Location", "ETag", "Content-Type")


def fresh_key():
    return uuid.uuid4().hex


def post(client, path, key, expect=(200, 201, 207), **more):
    headers = {"Idempotency-Key": key, **more.pop("headers", {})}
    return client.post(path, expect, headers=headers, **more)


def is_replay(answer):
    return answer.headers.get("Idempotent-Replayed") == "true"


def assert_same(first, again):
    assert not is_replay(first) and is_replay(again)
    assert again.status_code == first.status_code
    assert {n: again.headers.get(n) for n in OF_INTEREST} == {n: first.headers.get(n) for n in OF_INTEREST}
    assert again.json() == first.json()


def next_week():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7)).isoformat()


def system_revision(operator):
    return operator.get("/v1/audit/verify").json()["records"]


# ---- every operation ----


@pytest.fixture
def backlog(ws):
    ws.push([item("a", features=rubric(2, 2, 2, 2)), item("b", features=rubric(3, 2, 2, 2))])
    for more, less in (("user_impact", "reversibility"), ("reversibility", "effort")):
        ws.post("/comparisons", 201, json={"criteria": {"more": more, "less": less, "ratio": 2}})
    return ws


def ref(external_id):
    return {"source": "test", "external_id": external_id}


def overriding(ws):
    return {"item": ref("a"), "kind": "boost", "delta": 1, "justification": WHY, "expires_at": next_week()}


def grant(ws):
    made = ws.operator.post("/v1/tokens", 201, json={"label": "granted"}).json()
    return {"token_id": made["id"], "roles": ["reader", "auditor"]}


def revocation(ws):
    made = ws.post("/overrides", 201, json=overriding(ws), params={"min_revision": ws.revision()}).json()
    return f"/overrides/{made['id']}:revoke", {}


# Name, what is posted in a workspace with items and comparisons (a body, or a path and a body), and what happens there
# between the first and the second time: a replay must not show it.
CASES = {
    "items": ("/items", lambda ws: [item("a", title="New"), item("c"), item("b")], None),
    "one item": ("/items", lambda ws: item("c"), lambda ws: ws.push(item("c", title="Later"))),
    "rejected items": ("/items", lambda ws: [item("c"), item("d", stream="no such stream"), item("e", title="")], None),
    "features": (
        "/items:features",
        lambda ws: {"items": [{**ref("a"), "features": rubric(1)}, {**ref("zz"), "features": rubric(1)}]},
        lambda ws: ws.push(item("a", features=rubric(3))),
    ),
    "source": (
        "/sources/github/items",
        lambda ws: [
            {"number": 1, "title": "One", "state": "open", "html_url": "https://github.com/acme/app/issues/1"},
            {"number": 2, "title": "Two", "state": "open", "html_url": "x", "pull_request": {"url": "https://x"}},
        ],
        None,
    ),
    "override": (
        "/overrides",
        overriding,
        lambda ws: [
            ws.post(f"/overrides/{one['id']}:revoke", 200, json={}) for one in ws.get("/overrides").json()["overrides"]
        ],
    ),
    "revocation": (None, revocation, None),
    "comparison": ("/comparisons", lambda ws: {"before": ref("a"), "after": ref("b")}, None),
    "comparisons": (
        "/comparisons",
        lambda ws: {
            "comparisons": [
                {"before": ref("a"), "after": ref("b")},
                {"criteria": {"more": "user_impact", "less": "effort", "ratio": 3}},
            ]
        },
        None,
    ),
    "weights": (
        "/comparisons:weights",
        lambda ws: {"name": "by judgement"},
        lambda ws: ws.post(
            "/comparisons", 201, json={"criteria": {"more": "effort", "less": "user_impact", "ratio": 9}}
        ),
    ),
    "model": ("/models", lambda ws: {"preset": "rice"}, lambda ws: ws.post("/models", 201, json={"preset": "ice"})),
    "policy": ("/policies", lambda ws: {"preset": "field_guards"}, None),
    "ranking": ("/rankings", lambda ws: {"note": "Before the planning"}, lambda ws: ws.push(item("later"))),
    "grant": ("/grants", grant, None),
}


def prepare(ws, name):
    path, body, between = CASES[name]
    made = body(ws)
    return (*made, between) if path is None else (path, made, between)


def params_of(ws, name):
    return {"min_revision": ws.revision()} if name in ("override", "ranking") else {}


@pytest.mark.parametrize("name", CASES)
def test_the_same_again(backlog, name):
    ws, key = backlog, fresh_key()
    path, body, between = prepare(ws, name)
    params = params_of(ws, name)
    first = post(ws, path, key, json=body, params=params)
    if between:
        between(ws)
    before = ws.revision()
    assert_same(first, post(ws, path, key, json=body, params=params))
    assert ws.revision() == before, "nothing was written"
    assert ws.verify()["ok"]


@pytest.mark.parametrize("name", CASES)
def test_without_a_key_it_is_done_again_or_refused(backlog, name):
    ws = backlog
    path, body, _ = prepare(ws, name)
    params = params_of(ws, name)
    for _ in range(2):
        assert not is_replay(ws.post(path, (200, 201, 207, 409), json=body, params=params))


def test_a_token_without_its_secret(ws):
    key, body = fresh_key(), {"label": "ci", "roles": ["reader"], "expires_in_days": 3}
    first = post(ws, "/tokens", key, 201, json=body)
    before = ws.revision()
    again = post(ws, "/tokens", key, 201, json=body)
    assert is_replay(again) and ws.revision() == before
    made, told = first.json(), again.json()
    secret, notice = made.pop("secret"), told.pop("notice")
    assert told == made and "shown once" in notice
    assert secret not in again.text
    assert ws.client({"secret": secret}).get("/items").status_code == 200
    ws.delete(f"/tokens/{made['id']}")
    told = post(ws, "/tokens", key, 201, json=body).json()
    assert told.pop("notice") and told == made, "as it was made"


def test_no_secret_is_kept(ws, daemon):
    key = fresh_key()
    secret = post(ws, "/tokens", key, 201, json={"label": "ci", "roles": ["reader"]}).json()["secret"]
    post(ws, "/overrides", key, 404, json={**overriding(ws), "item": str(uuid.uuid4())})
    ws.push(item("a"))
    params = {"min_revision": ws.revision()}
    post(ws, "/overrides", key, 201, json=overriding(ws), params=params)
    kept = daemon.database.rows(
        "SELECT answer, k::text FROM winnow.idempotency_keys k WHERE workspace_id = %s", str(ws.id)
    )
    assert len(kept) == 2
    for answer, text in kept:
        for word in (secret, WHY, key):
            assert word.encode() not in bytes(answer) and word.encode().hex() not in text


def test_operators_operations(operator):
    name, key = f"t-{uuid.uuid4().hex[:16]}", fresh_key()
    body = {"name": name, "title": "Once"}
    first = post(operator, "/v1/workspaces", key, 201, json=body)
    before = system_revision(operator)
    assert_same(first, post(operator, "/v1/workspaces", key, 201, json=body))
    operator.post("/v1/workspaces", 409, json=body)
    token = {"label": "second operator"}
    first = post(operator, "/v1/tokens", key, 201, json=token).json()
    again = post(operator, "/v1/tokens", key, 201, json=token)
    assert is_replay(again) and again.json()["id"] == first["id"] and "secret" not in again.json()
    assert system_revision(operator) == before + 1


# ---- what a key is scoped to ----


def test_another_body_or_query(ws):
    key = fresh_key()
    post(ws, "/items", key, json=item("a"))
    before = ws.revision()
    for more in ({"json": item("b")}, {"json": item("a"), "params": {"mode": "atomic"}}):
        answer = post(ws, "/items", key, 422, **more)
        assert problem_type(answer) == "idempotency-key-reused"
    assert ws.revision() == before
    assert is_replay(post(ws, "/items", key, json=item("a")))


def test_another_token_path_or_workspace(ws, other_ws):
    key = fresh_key()
    answers = [
        post(ws, "/items", key, json=item("a")),
        post(ws.client(ws.token("contributor")), "/items", key, json=item("b")),
        post(ws, "/items:features", key, json={"items": [{**ref("a"), "features": rubric(1)}]}),
        post(other_ws, "/items", key, json=item("c")),
    ]
    assert not any(map(is_replay, answers))
    assert [a.json()["created"] for a in answers] == [1, 1, 0, 1]


def test_a_workspace_by_name_and_by_id_is_one(ws):
    key = fresh_key()
    first = post(ws, "/items", key, json=item("a"))
    assert_same(first, post(ws.operator, f"/v1/workspaces/{ws.id}/items", key, json=item("a")))


def test_a_replay_needs_the_right_to_ask(ws):
    key, token_id = fresh_key(), ws.operator.get("/v1/whoami").json()["token_id"]
    post(ws, "/items", key, json=item("a"))
    ws.post("/grants", 200, json={"token_id": token_id, "roles": []})
    post(ws, "/items", key, (403, 404), json=item("a"))
    made = ws.post("/tokens", 201, json={"label": "short", "roles": ["contributor"], "sources": ["*"]}).json()
    post(ws.client(made), "/items", key, json=item("b"))
    ws.delete(f"/tokens/{made['id']}")
    wait_until(lambda: post(ws.client(made), "/items", key, (200, 401), json=item("b")).status_code == 401, "revoked")


def test_quoted_and_bare_are_one_key(ws):
    first = post(ws, "/items", r'"a-\"b\\c"', json=item("a"))
    assert_same(first, post(ws, "/items", r'a-"b\c', json=item("a")))


# ---- what is a key ----


@pytest.mark.parametrize(
    "key",
    ("", '""', "x" * 256, "two words", '"two words"', "tab\tbed", '"open', '"in"side"', '"end\\"', '"\\n"', '"k";a=1'),
)
def test_no_key(ws, key):
    before = ws.revision()
    answer = post(ws, "/items", key, 400, json=item("a"))
    assert problem_type(answer) == "bad-request" and problem_pointers(answer) == ["/headers/Idempotency-Key"]
    assert ws.revision() == before


def test_longest_key_and_beyond_ascii(ws):
    assert is_replay([post(ws, "/items", "~" * 255, json=item("a")) for _ in range(2)][1])
    post(ws, "/items", "schlüssel".encode(), 400, json=item("a"))


def test_two_keys(ws):
    lines = "".join(f"Idempotency-Key: {key}\r\n" for key in ("a", "b"))
    with raw(ws, "/items", b"{}", lines) as answer:
        assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_stream_takes_none(ws):
    before = ws.revision()
    headers = {"Content-Type": "application/x-ndjson"}
    for lines in ([], [item("a")]):
        answer = post(ws, "/items", fresh_key(), 422, data=ndjson(lines), headers=headers)
        assert problem_pointers(answer) == ["/headers/Idempotency-Key"] and "stream" in answer.json()["detail"]
    assert ws.revision() == before


def test_where_nothing_is_written_it_is_ignored(backlog, daemon):
    ws, key = backlog, fresh_key()
    ranking = ws.post("/rankings", 201, json={}, params={"min_revision": ws.revision()}).json()["id"]
    before = daemon.database.counts()["idempotency_keys"]
    for _ in range(2):
        for path, body, params in (
            ("/items", item("new"), {"dry_run": "true"}),
            ("/items:batch-get", {"items": [ref("a")]}, {}),
            ("/comparisons:weights", {"name": "draft", "dry_run": True}, {}),
            ("/policies:check", {"policy": {"preset": "field_guards"}}, {}),
            ("/simulations", {"weights": {"user_impact": 5}}, {}),
            ("/scores", {"title": "Crash on start", "stream": "engineering_bug"}, {}),
            (f"/rankings/{ranking}:replay", {}, {}),
        ):
            assert not is_replay(post(ws, path, key, json=body, params=params))
    post(ws, "/items:batch-get", key, json={"items": [ref("b")]})
    post(ws, "/items:batch-get", "no key", 400, json={"items": [ref("b")]})
    assert daemon.database.counts()["idempotency_keys"] == before
    settings = ws.get("/settings")
    for _ in range(2):
        headers = {"If-Match": settings.headers["ETag"], "Idempotency-Key": "of no use"}
        assert not is_replay(ws.put("/settings", 200, json=settings.json(), headers=headers))


# ---- errors, and answers without an effect ----


def test_an_error_is_not_kept(ws):
    key = fresh_key()
    body = {"items": [{**ref("a"), "features": rubric(1)}]}
    post(ws, "/items:features", key, 422, json=body, params={"mode": "atomic"})
    ws.push(item("a"))
    answer = post(ws, "/items:features", key, 200, json=body, params={"mode": "atomic"})
    assert not is_replay(answer) and answer.json()["updated"] == 1


def test_an_answer_that_changed_nothing_is_kept(ws):
    """Or the item would be set back to what it was when the answer was lost."""
    ws.push(item("a", title="Old"))
    key, before = fresh_key(), ws.revision()
    first = post(ws, "/items", key, json=item("a", title="Old"))
    assert first.json()["unchanged"] == 1 and ws.revision() == before
    changed = ws.push(item("a", title="New"))
    assert_same(first, post(ws, "/items", key, json=item("a", title="Old")))
    assert ws.item(changed["results"][0]["id"])["title"] == "New"
    assert ws.verify()["ok"]


# ---- at the same time ----


@contextlib.contextmanager
def held(database, ws):
    """Nobody else can write in the workspace meanwhile."""
    connection = database.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM winnow.workspace_heads WHERE workspace_id = %s FOR UPDATE", [str(ws.id)])
            yield
    finally:
        connection.close()


def wait_in_flight(database):
    """Until some request holds a key and waits for the workspace."""
    sql = """SELECT count(*) FROM pg_locks a JOIN pg_locks w USING (pid)
        WHERE a.locktype = 'advisory' AND a.granted AND NOT w.granted AND a.database =
        (SELECT oid FROM pg_database WHERE datname = current_database())"""
    wait_until(lambda: database.value(sql) > 0, "a request with a key waits for the workspace")


class Sender(threading.Thread):
    def __init__(self, ws, *args, **more):
        super().__init__()
        self.client, self.args, self.more, self.answer = Client(ws.url, ws.secret, ws.prefix), args, more, None
        self.start()

    def run(self):
        with contextlib.suppress(requests.exceptions.RequestException):
            self.answer = post(self.client, *self.args, **self.more)


@pooler.needs_two_sessions
def test_in_flight(ws, daemon):
    key = fresh_key()
    with held(daemon.database, ws):
        first = Sender(ws, "/items", key, json=item("a"))
        wait_in_flight(daemon.database)
        for body in (item("a"), item("b")):
            answer = post(ws, "/items", key, 409, json=body)
            assert problem_type(answer) == "idempotency-key-in-flight" and int(answer.headers["Retry-After"]) >= 1
    first.join()
    assert_same(first.answer, post(ws, "/items", key, json=item("a")))
    assert [r["action"] for r in ws.records()].count("items.upsert") == 1


def test_many_at_once_are_one(ws):
    key, before = fresh_key(), ws.revision()
    body = {"label": "one", "roles": ["reader"]}
    senders = [Sender(ws, "/tokens", key, (201, 409), json=body) for _ in range(16)]
    [sender.join() for sender in senders]
    made = [s.answer for s in senders if s.answer.status_code == 201]
    assert len([a for a in made if not is_replay(a)]) == 1
    assert len({a.json()["id"] for a in made}) == 1
    assert ws.revision() == before + 1


@contextlib.contextmanager
def raw(ws, path, body, lines, answer=True):
    host, port = ws.url.rsplit("/", 1)[1].split(":")
    head = (
        f"POST {ws.prefix}{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {ws.secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{lines}\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        yield connection.recv(65536) if answer else connection


def test_the_answer_was_lost(ws, daemon):
    key, body = fresh_key(), b'{"label": "lost", "roles": ["reader"]}'
    before = ws.revision()
    with held(daemon.database, ws):
        with raw(ws, "/tokens", body, f"Idempotency-Key: {key}\r\n", answer=False):
            wait_in_flight(daemon.database)
    wait_until(lambda: ws.revision() == before + 1, "what was begun is done, with nobody to tell")
    again = post(ws, "/tokens", key, 201, data=body, headers={"Content-Type": "application/json"})
    assert is_replay(again) and again.json()["label"] == "lost" and ws.revision() == before + 1


# ---- daemons of its own ----


@pytest.fixture
def own_database(cluster):
    own = cluster.create(databases.fresh_name("winnow_keys"))
    daemons.migrate(own)
    yield own
    own.drop()


@pytest.fixture
def own_secret(own_database, tmp_path):
    return daemons.bootstrap(own_database, tmp_path / "token")


@pytest.mark.faults
def test_killed_while_it_worked(own_database, own_secret, tmp_path):
    own = daemons.Daemon(own_database, tmp_path, name="killed").start()
    other = daemons.Daemon(own_database, tmp_path, name="other").start()
    ws = Workspace(Client(own.url, own_secret))
    key, before = fresh_key(), ws.revision()
    with held(own_database, ws):
        lost = Sender(ws, "/items", key, json=item("a"))
        wait_in_flight(own_database)
        own.kill()
        lost.join()
        assert lost.answer is None
    elsewhere = ws.at(other.url)
    # The server's process may take a moment to notice that its client is gone.
    first = wait_until(
        lambda: (a := post(elsewhere, "/items", key, (200, 409), json=item("a"))).status_code == 200 and a,
        "the key is free again",
    )
    assert not is_replay(first) and first.json()["created"] == 1, "nothing of it was committed"
    own.start()
    assert_same(first, post(ws, "/items", key, json=item("a")))
    own.kill()
    own.start()
    assert_same(first, post(ws, "/items", key, json=item("a")))
    assert ws.revision() == before + 1 and ws.verify()["ok"]
    assert own.stop() == 0 and other.stop() == 0


def test_the_lifetime_ends(own_database, own_secret, tmp_path):
    """Two daemons sweep; what is not due stays. The first answers for two seconds, the second for a day."""
    brief = daemons.Daemon(
        own_database, tmp_path, "--idempotency-keep-s", 2, "--jobs-every-ms", 50, name="brief"
    ).start()
    long = daemons.Daemon(own_database, tmp_path, "--jobs-every-ms", 50, name="long").start()
    ws = Workspace(Client(brief.url, own_secret))
    elsewhere = ws.at(long.url)
    keys = [fresh_key() for _ in range(5)]
    lasting = post(elsewhere, "/items", keys[0], json=item("lasting"))
    for key in keys[1:]:
        post(ws, "/items", key, json=item(f"brief {key}"))
    count = "SELECT count(*) FROM winnow.idempotency_keys"
    wait_until(lambda: own_database.value(count) == 1, "what has expired is swept")
    assert_same(lasting, post(ws, "/items", keys[0], json=item("lasting")))
    again = post(ws, "/items", keys[1], json=item("another body"))
    assert not is_replay(again) and again.json()["created"] == 1, "the key is new again"
    swept = [
        int(line.split()[1])
        for each in (brief, long)
        for line in each.get("/metrics", headers={"Authorization": f"Bearer {own_secret}"}).text.splitlines()
        if line.startswith("winnow_idempotency_keys_swept_total ")
    ]
    assert len(swept) == 2 and 4 <= sum(swept) <= 5
    assert brief.stop() == 0 and long.stop() == 0
