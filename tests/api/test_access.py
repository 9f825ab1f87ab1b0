"""
Sensitive features and fields by role: what drives the order and is not shown, who sees it, and the log that names the
read. The properties behind it are in test_access_twins.py.
"""

import concurrent.futures

import pytest

from support import pooler
from support.client import Client, problem_type
from support.daemon import Daemon
from support.decisions import enforce, item_id, override
from support.waiting import wait_until
from support.workspace import item, scored

BANDS = [{"name": "now", "at_least": 0.6}, {"name": "soon", "at_least": 0.3}, {"name": "later"}]
PAID = {"name": "by pay", "kind": "weighted_sum", "bands": BANDS}


def pay_decides(ws, **more):
    """A model in force whose order is that of what people earn."""
    ws.put_feature("salary", sensitive=True, family="business_value", description="What they earn")
    terms = [{"feature": "salary", "weight": 1, "unknown": "span"}]
    ws.promote(ws.post("/models", 201, json={**PAID, "terms": terms, **more}).json()["version"])


def settings(ws, **changes):
    tag = ws.get("/settings").headers["ETag"]
    body = {key: value for key, value in ws.get("/settings").json().items()}
    ws.put("/settings", 200, json={**body, **changes}, headers={"If-Match": tag})


def newest(ws, client, path="/queue"):
    """A page that is not older than the newest revision."""
    return client.get(path, params={"min_revision": ws.revision()}).json()


def ranks(page):
    return [(entry["external_id"], entry["rank"], entry["band"]) for entry in page["entries"]]


def test_pay_drives_the_order_and_is_not_told(ws):
    """The story: a reader sees rank, band and family, an admin the value, and the log names who looked."""
    pay_decides(ws)
    settings(ws, access_log={"on": True, "keep_days": 30})
    ws.push([item(name, features={"salary": pay}) for name, pay in (("ann", 9), ("bob", 5), ("cid", 1))])
    before = ws.revision()
    reader, admin = ws.as_role("reader"), ws.as_role("admin")

    seen, whole = newest(ws, reader), newest(ws, admin)
    assert ranks(seen) == ranks(whole) == [("ann", 1, "now"), ("bob", 2, "soon"), ("cid", 3, "later")]
    assert seen["masked"] and "masked" not in whole
    assert [entry["score"] for entry in seen["entries"]] == [None] * 3
    assert [entry["reasons"] for entry in seen["entries"]] == [["business_value"]] * 3
    assert [entry["score"] for entry in whole["entries"]] == [0.9, 0.5, 0.1]
    assert whole["entries"][0]["reasons"] == ["salary 9 → 0.9 × 1 = 0.9"]

    ann = item_id(ws, "ann")
    told = reader.get(f"/items/{ann}/explanation").json()
    assert (told["rank"], told["band"], told["reasons"], told["score"], told["formula"]) == (
        1,
        "now",
        ["business_value"],
        None,
        None,
    )
    assert "contributions" not in told and "salary" not in str(told)
    assert admin.get(f"/items/{ann}/explanation").json()["contributions"][0]["value"] == 9
    assert admin.get(f"/items/{ann}").json()["features"]["salary"]["value"] == 9
    assert reader.get(f"/items/{ann}").json()["features"] == {}

    for path in (f"/items/{ann}/counterfactual?rank=1", "/queue/unknowns"):
        assert problem_type(reader.get(path, 403)) == "sensitive-input"
    reviewer = ws.as_role("reviewer")
    assert problem_type(reviewer.post("/simulations", 403, json={"weights": {"salary": 2}})) == "sensitive-input"
    assert problem_type(reviewer.post("/scores", 403, json={"title": "x", "stream": "engineering_bug"})) == (
        "sensitive-input"
    )
    admin.post("/simulations", 200, json={"weights": {"salary": 2}})

    records = list(admin.pages("/access-log", "records", limit=2))
    me = f"token:{Client(ws.url, admin.secret).get('/v1/whoami').json()['token_id']}"
    mine = [record for record in records if record["actor"] == me]
    (read,) = [record for record in mine if record["target"].endswith(f"/items/{ann}")]
    assert (read["method"], read["features"], read["items"], read["roles"]) == ("GET", ["salary"], [ann], ["admin"])
    assert [record["ranking"] for record in mine if record["target"].endswith("/explanation")] == [whole["ranking"]]
    assert {record["target"].split("?")[0].rsplit("/", 1)[1] for record in mine} >= {"queue", "simulations"}
    people = {record["actor"] for record in records}
    assert len(people) == 2, "the operator of this test, and the admin: nobody below saw anything"
    assert ws.revision() - before <= 4, "three tokens were made, and a read takes no revision"
    assert ws.get("/audit/verify").json()["ok"]


def test_reads_are_logged_only_where_that_is_asked_for(ws):
    pay_decides(ws)
    ws.push([item("a", features={"salary": 5})])
    ws.get("/items"), ws.queue()
    assert ws.get("/access-log").json() == {"records": []}
    settings(ws, access_log={"on": True})
    plain = ws.get("/items", params={"external_id": "none"})
    assert plain.json()["items"] == [] and ws.get("/access-log").json() == {"records": []}
    answer = ws.get("/items", headers={"X-Request-Id": "look-1"})
    (record,) = ws.get("/access-log").json()["records"]
    assert (record["request_id"], record["item_count"], record["ranking"]) == ("look-1", 1, None)
    assert record["expires_at"][:4] >= str(int(record["at"][:4]) + 1) and answer.status_code == 200
    # What a client holds already is not read again, and who only writes reads nothing.
    tag = ws.get(f"/items/{item_id(ws, 'a')}").headers["ETag"]
    before = len(ws.get("/access-log").json()["records"])
    ws.get(f"/items/{item_id(ws, 'a')}", 304, headers={"If-None-Match": tag})
    ws.push([item("b")])
    after = ws.get("/access-log").json()["records"]
    assert [each["target"].split("?")[1][:12] for each in after[: len(after) - before]] == ["external_id="]
    ws.as_role("auditor").get("/access-log")
    for role in ("reader", "contributor", "reviewer"):
        ws.as_role(role).get("/access-log", 403)
    assert ws.get("/access-log", params={"actor": "token:nobody"}).json() == {"records": []}
    ws.get("/access-log", 400, params={"cursor": "x"})


def test_pages_of_the_log(ws):
    settings(ws, access_log={"on": True}, sensitive_fields=["reporter"])
    ws.push([item("a", reporter="Ann")])
    for n in range(7):
        ws.get("/items", headers={"X-Request-Id": f"read-{n}"})
    told = list(ws.pages("/access-log", "records", limit=3))
    assert [record["request_id"] for record in told] == [f"read-{n}" for n in range(6, -1, -1)]
    assert {tuple(record["features"]) for record in told} == {("reporter",)}


def test_a_stopped_daemon_has_written_its_log(database, operator_token, tmp_path, ws):
    """Though its jobs had no turn between the answer and the end."""
    settings(ws, access_log={"on": True}, sensitive_fields=["title"])
    ws.push([item("a")])
    other = Daemon(database, tmp_path, "--jobs-every-ms", 600000)
    other.start()
    Client(other.url, ws.secret, ws.prefix).get("/items", headers={"X-Request-Id": "the-last"})
    assert other.stop() == 0
    assert [record["request_id"] for record in ws.get("/access-log").json()["records"]] == ["the-last"]


def test_fields_are_masked_too(ws):
    settings(ws, sensitive_fields=["title", "reporter", "body"])
    ws.push([item("a", title="Ann's raise", reporter="Ann", body="Pay", assignee="Bob")])
    reader = ws.as_role("reader")
    a = item_id(ws, "a")
    shown, whole = reader.get(f"/items/{a}").json(), ws.item(a)
    assert (shown["title"], shown["masked"], shown["assignee"]) == ("", True, "Bob")
    assert "reporter" not in shown and "body" not in shown and "erased" not in shown
    assert (whole["title"], whole["reporter"], whole["body"]) == ("Ann's raise", "Ann", "Pay")
    assert newest(ws, reader)["entries"][0]["title"] is None
    override(ws, "a", "boost", delta=1)
    (listed,) = reader.get("/overrides").json()["overrides"]
    assert "title" not in listed["item"] and ws.get("/overrides").json()["overrides"][0]["item"]["title"]
    tag = ws.get("/settings").headers["ETag"]
    body = {**ws.get("/settings").json(), "sensitive_fields": ["stream"]}
    ws.put("/settings", 422, json=body, headers={"If-Match": tag})
    settings(ws, sensitive_fields=None)
    assert reader.get(f"/items/{a}").json()["title"] == "Ann's raise"


def test_what_becomes_sensitive_is_masked_from_then_on(ws):
    """Also what was: pages of old rankings, kept ones, and the tags that a client holds."""
    ws.push([scored("a", 20), scored("b", 10)])
    reader = ws.as_role("reader")
    kept = ws.post("/rankings", 201, json={}, params={"min_revision": ws.revision()}).json()
    url = f"/rankings/{kept['id']}"
    open_tags = {path: reader.get(path).headers["ETag"] for path in (url, f"{url}/entries", "/models/1")}
    assert reader.get(url).json()["receipt"]["order_sha256"]
    definition = ws.get("/features/user_impact")
    body = {key: value for key, value in definition.json().items() if key not in ("name", "id", "revision")}
    tag = {"If-Match": definition.headers["ETag"]}
    ws.put("/features/user_impact", 200, json={**body, "sensitive": True}, headers=tag)
    for path, etag in open_tags.items():
        answer = reader.get(path, 200, headers={"If-None-Match": etag})
        assert answer.json()["masked"] and answer.headers["ETag"] != etag
    assert reader.get(url).json()["receipt"] is None
    assert {entry["score"] for entry in reader.get(f"{url}/entries").json()["entries"]} == {None}
    for path in ("/order", "/bundle"):
        assert problem_type(reader.get(url + path, 403)) == "sensitive-input"
        ws.get(url + path)
    assert problem_type(reader.post(f"{url}:replay", 403, json={})) == "sensitive-input"
    past = ws.as_role("reviewer").get("/queue", params={"revision": kept["revision"]}).json()
    assert past["masked"] and past["entries"][0]["score"] is None
    tag = {"If-Match": ws.etag("/features/user_impact")}
    ws.put("/features/user_impact", 200, json={**body, "sensitive": False}, headers=tag)
    assert reader.get(url).json()["receipt"] == kept["receipt"]


def test_a_hidden_rule_is_felt_and_not_named(ws):
    ws.put_feature("salary", sensitive=True)
    enforce(
        ws,
        {"id": "paid", "when": {"feature": "salary", "ge": 5}, "effect": "hold", "reason": "Earns much."},
        {"id": "poor", "when": {"feature": "salary", "lt": 2}, "effect": "exclude", "reason": "Earns little."},
        {"id": "open", "when": {"fact": "labels", "contains": "x"}, "effect": "hold", "reason": "By label."},
    )
    pays = (("a", 9, []), ("b", 1, []), ("c", 4, ["x"]))
    ws.push([item(name, features={"salary": pay}, labels=labels) for name, pay, labels in pays])
    reader = ws.as_role("reader")
    page, whole = newest(ws, reader), newest(ws, ws)
    assert (page["held"], whole["held"], page["excluded"]) == (1, 2, 1)
    assert [e["external_id"] for e in reader.get("/queue?held=true").json()["entries"]] == ["c"]
    (out,) = reader.get("/queue/excluded").json()["items"]
    assert (out["external_id"], out["by"], out["reason"]) == ("b", None, None)
    assert ws.get("/queue/excluded").json()["items"][0]["by"]["rule"] == "poor"
    assert "rules" not in reader.get("/policies/1").json() and ws.get("/policies/1").json()["rules"]
    # The model reads nothing that is hidden, and what the reader sees of it is masked all the same: a page says so.
    assert page["masked"] and page["entries"][0]["score"] == whole["entries"][0]["score"]


def test_queues_of_the_past_are_for_reviewers(ws):
    ws.push([scored("a", 20)])
    revision = ws.revision()
    ws.queue()
    for role, status in (("reader", 403), ("reviewer", 200), ("admin", 200), ("auditor", 200)):
        ws.as_role(role).get("/queue", status, params={"revision": revision})
    for role, status in (("reader", 403), ("auditor", 403), ("contributor", 403), ("reviewer", 200), ("admin", 200)):
        client = ws.as_role(role)
        client.post("/simulations", status, json={})
        client.post("/policies:check", status, json={"policy": {"preset": "field_guards"}})
        client.post("/scores", status, json={"title": "x", "stream": "engineering_bug"})


LOCKED = """
    SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE c.relname = 'item_versions' AND NOT l.granted
"""


def past_paths(item, since):
    """Every answer that ranks what was, when `since` is neither published nor kept."""
    yield f"/items/{item}/movement?since={since}"
    if "." in since:
        yield from (f"/rankings/{since}/{part}" for part in ("entries", "order", "bundle", f"diff/{since}"))


def test_the_past_is_ranked_for_those_who_may_ask(ws, database, tmp_path):
    """One rule: what is published or kept everybody may name, what has to be ranked a reader may not."""
    ws.push([scored("a", 20)])
    revision = ws.revision()
    ws.push([scored("b", 24)])
    kept = ws.post("/rankings", 201, json={}, params={"min_revision": ws.revision()}).json()["id"]
    ws.push([scored("a", 22)])
    passed = ws.get("/queue", params={"min_revision": ws.revision()}).json()["ranking"]
    ws.push([scored("b", 10)])
    newest = ws.get("/queue", params={"min_revision": ws.revision()}).json()["ranking"]
    item = item_id(ws, "a")
    roles = ("reader", "reviewer", "admin", "auditor")
    readable = {role: 200 for role in roles}
    asked = {**readable, "reader": 403}
    for role in roles:
        client = ws.as_role(role)
        for path in (*past_paths(item, newest), *past_paths(item, passed), *past_paths(item, kept)):
            client.get(path, 200)
        client.get(f"/items/{item}/movement?since={revision}", asked[role])
    # This one has seen none of it, and ranks whatever it is asked for again.
    other = Daemon(database, tmp_path).start()
    there = {role: Client(other.url, ws.as_role(role).secret, ws.prefix) for role in roles}
    wait_until(lambda: there["admin"].get("/queue", (200, 503)).status_code == 200, "the workspace is loaded")
    for role, client in there.items():
        refused = [client.get(path, asked[role]) for path in past_paths(item, passed)]
        refused.append(client.post(f"/rankings/{passed}:replay", asked[role], json={}))
        refused.append(client.get(f"/rankings/{kept}/diff/{passed}", asked[role]))
        refused.append(client.get(f"/items/{item}/movement?since={kept}&until={revision}", asked[role]))
        if role == "reader":
            assert {problem_type(each) for each in refused} == {"forbidden"}
            assert all("past revision" in each.text for each in refused)
        for path in past_paths(item, kept):
            client.get(path, 200)
        client.post(f"/rankings/{kept}:replay", 200, json={})
    other.stop()


@pooler.needs_two_sessions
@pytest.mark.parametrize("path", ["/queue?revision={}", "/streams?revision={}", "/items/{item}/movement?since={}"])
def test_costly_requests_leave_workers_to_others(database, operator_token, tmp_path, ws, path):
    """Two of a token at a time (of what holds memory one), and none of them holds a thread that others wait for."""
    ws.push([scored("a", 20)])
    revision, item, most = ws.revision(), item_id(ws, "a"), 2 if "movement" in path else 3
    ws.push([scored("b", 20)])
    other = Daemon(database, tmp_path, "--workers", 1)
    other.start()
    client = lambda: Client(other.url, ws.secret, ws.prefix)
    wait_until(lambda: client().get("/queue", (200, 503)).status_code == 200, "the workspace is loaded")
    lock = database.connect()
    lock.autocommit = False
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        try:
            with lock.cursor() as cursor:
                cursor.execute("LOCK TABLE winnow.item_versions IN ACCESS EXCLUSIVE MODE")
            paths = [path.format(each, item=item) for each in (revision, revision - 1, revision - 2)[:most]]
            asked = [pool.submit(client().get, each, (200, 429)) for each in paths]
            wait_until(lambda: database.value(LOCKED) >= 1 and any(each.done() for each in asked), "one is refused")
            (refused,) = [each.result() for each in asked if each.done()]
            assert problem_type(refused) == "too-many-heavy" and int(refused.headers["Retry-After"]) >= 1
            assert client().get("/models").json()["models"], "the only worker is free"
            assert sum(each.done() for each in asked) == 1
        finally:
            lock.rollback()
            lock.close()
        assert sorted(each.result(timeout=30).status_code for each in asked) == [200] * (most - 1) + [429]
    other.stop()
