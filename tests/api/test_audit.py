"""The audit log: one record per change, a chain, verifiable here and offline."""

import hashlib
import json
import re
import subprocess

import pytest

from support import daemon as daemons, places
from support.client import problem_pointers
from support.workspace import Workspace, item, rubric

ZERO = "0" * 64


def changes(ws):
    """One of each kind of change: (what, call)."""
    token = ws.token("reader")
    me = ws.operator.get("/v1/whoami").json()["token_id"]
    item_id = ws.push(item("first"))["results"][0]["id"]
    model = {
        "name": "m",
        "kind": "weighted_sum",
        "terms": [{"feature": "user_impact", "weight": 1}],
        "bands": [{"name": "a"}],
    }
    mapping = {k: v for k, v in ws.get("/sources/github/mapping").json().items() if k not in ("format", "revision")}
    yield "token", lambda: ws.post("/tokens", 201, json={"label": "x", "roles": ["reader"]})
    yield "revocation", lambda: ws.delete(f"/tokens/{token['id']}", 204)
    yield "grant", lambda: ws.post(
        "/grants",
        200,
        json={"token_id": me, "roles": ["reader", "reviewer", "admin", "auditor", "contributor"], "sources": ["*"]},
    )
    yield "items", lambda: ws.post("/items", 200, json=[item("1"), item("2")])
    yield "lines", lambda: ws.post(
        "/items", 200, data=json.dumps(item("3")) + "\n", headers={"Content-Type": "application/x-ndjson"}
    )
    yield "features", lambda: ws.post(
        "/items:features", 200, json={"items": [{"id": item_id, "features": {"user_impact": 3}}]}
    )
    yield "patch", lambda: ws.patch(f"/items/{item_id}", 200, json={"team": "x"}, headers={"If-Match": "*"})
    yield "unpatch", lambda: ws.delete(f"/items/{item_id}/patch", 200, headers={"If-Match": "*"})
    yield "settings", lambda: ws.put_settings(
        streams=["engineering_bug", "incident", "model_quality", "feature_request", "more"]
    )
    yield "feature", lambda: ws.put_feature("confusion")
    yield "model", lambda: ws.post("/models", 201, json=model)
    yield "alias", lambda: ws.put("/aliases/active", 200, json={"model": 2}, headers={"If-Match": "*"})
    yield "mapping", lambda: ws.put(
        "/sources/github/mapping", 200, json={**mapping, "kind": "bug"}, headers={"If-Match": "*"}
    )


def test_every_change_is_one_record_and_one_revision(ws):
    for what, call in changes(ws):
        before = ws.revision()
        answer = call()
        records = ws.records(after=before)
        assert [r["revision"] for r in records] == [before + 1], what
        assert answer.headers["Winnow-Head"] == f"{before + 1}:{records[0]['hash']}", what
        assert answer.headers.get("Winnow-Revision", str(before + 1)) == str(before + 1)
        assert records[0]["request_id"] == answer.headers["X-Request-Id"]
        assert records[0]["actor"].startswith("token:") and records[0]["action"] and records[0]["row_count"] >= 1, what
    verdict = ws.verify()
    assert verdict["ok"] and verdict["records"] == ws.revision()


def test_what_changes_nothing_leaves_no_record(ws):
    ws.push([item("1")])
    before, head = ws.revision(), ws.get("/audit/verify").headers["Winnow-Head"]
    ws.push([item("1")])
    ws.push([item("1", stream="nonsense")], 207)
    ws.push([item("2")], dry_run="true")
    ws.post("/tokens", 422, json={})
    ws.put(
        "/settings",
        412,
        json={"streams": ["a"], "kinds": ["b"], "statuses": [{"name": "x", "class": "todo"}]},
        headers={"If-Match": '"r0"'},
    )
    for path in ("/items", "/queue", "/settings", "/audit", "/tokens"):
        ws.get(path)
    assert ws.revision() == before and ws.get("/audit/verify").headers["Winnow-Head"] == head


def test_the_chain(ws):
    for i in range(5):
        ws.push([item(str(i))])
    records = ws.records()
    assert [r["revision"] for r in records] == list(range(1, ws.revision() + 1)), "without gaps"
    assert records[0]["prev_hash"] == ZERO
    for before, after in zip(records, records[1:]):
        assert after["prev_hash"] == before["hash"] and after["at"] >= before["at"]
    assert len({r["hash"] for r in records}) == len({r["attempt_id"] for r in records}) == len(records)
    for record in records:
        detail = record["detail"] if isinstance(record["detail"], str) else canonical(record["detail"])
        assert hashlib.sha256(detail.encode()).hexdigest() == record["detail_sha256"]


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_no_personal_text_in_the_log(ws, database):
    """Version and audit rows hold only a salted hash of text that may be erased."""
    marks = {
        "title": "Mark-Title-7",
        "body": "Mark-Body-7",
        "assignee": "Mark-Assignee-7",
        "reporter": "Mark-Reporter-7",
        "url": "https://mark-url-7.example/",
    }
    item_id = ws.push(
        [
            item(
                "1",
                **marks,
                features={"owners": "Mark-Owners-7", "user_impact": {"value": 2, "justification": "Mark-Why-7"}},
            )
        ]
    )["results"][0]["id"]
    ws.patch_item(
        item_id,
        {"title": "Mark-Patched-7", "features": {"user_impact": {"value": 3, "justification": "Mark-Because-7"}}},
    )
    assert "Mark-" not in json.dumps(ws.records()) and "mark-url" not in json.dumps(ws.records())
    for table in ("audit_records", "item_versions", "items", "documents"):
        assert database.value(f"SELECT count(*) FROM winnow.{table} t WHERE t::text ILIKE %s", "%mark-%7%") == 0, table
    assert (
        database.value(
            "SELECT count(*) FROM winnow.item_texts t WHERE workspace_id = %s AND t::text ILIKE %s", ws.id, "%mark-%7%"
        )
        >= 2
    )


def test_the_same_text_is_kept_once(ws, database):
    ws.push([item(str(i), title="Same", body="Same body") for i in range(20)])
    assert database.value("SELECT count(*) FROM winnow.item_texts WHERE workspace_id = %s", ws.id) == 1


# ---- listing ----


def test_cursor_listing(ws):
    for i in range(12):
        ws.push([item(str(i))])
    everything = ws.get("/audit", params={"limit": 1000}).json()["records"]
    assert [r["revision"] for r in everything] == list(range(1, ws.revision() + 1))
    assert list(ws.pages("/audit", "records", limit=5)) == everything
    assert list(ws.pages("/audit", "records", {"after": 4}, limit=3)) == everything[4:]
    action = everything[-1]["action"]
    only = list(ws.pages("/audit", "records", {"action": action}, limit=4))
    assert only == [r for r in everything if r["action"] == action] and len(only) == 12
    assert ws.get("/audit", params={"after": ws.revision()}).json() == {"records": []}
    assert ws.get("/audit", params={"after": ws.revision() + 100}).json()["records"] == []
    assert ws.get("/audit", params={"action": "no.such"}).json()["records"] == []
    cursor = ws.get("/audit", params={"limit": 2, "action": action}).json()["next"]
    ws.get("/audit", 400, params={"limit": 2, "cursor": cursor})
    assert problem_pointers(ws.get("/audit", 422, params={"after": "-1", "limit": "5"})) == ["/query/after"]


def test_the_system_log(operator):
    name = Workspace(operator).name
    records = list(operator.pages("/v1/audit", "records", limit=1000))
    assert [r["revision"] for r in records] == list(range(1, len(records) + 1))
    assert any(name in json.dumps(r["detail"]) + r["subject"] or r["action"].startswith("workspace") for r in records)
    verdict = operator.get("/v1/audit/verify")
    assert verdict.json()["ok"] and verdict.headers["Winnow-Head"] == verdict.json()["head"]


# ---- verify ----


def test_verify(ws):
    ws.push([item(str(i), features=rubric(3, 2, 1, 1), body="x") for i in range(20)])
    answer = ws.get("/audit/verify")
    assert answer.json()["ok"] is True and answer.json()["records"] == ws.revision()
    assert answer.headers["Winnow-Head"] == answer.json()["head"] == f"{ws.revision()}:{ws.records()[-1]['hash']}"


def test_expect(ws):
    heads = [ws.post("/items", 200, json=[item(str(i))]).headers["Winnow-Head"] for i in range(3)]
    for head in heads:
        assert ws.verify(expect=head)["ok"]
    revision, digest = heads[1].split(":")
    wrong = f"{revision}:{'0' * 64}"
    verdict = ws.verify(expect=wrong)
    assert (verdict["ok"], verdict["fault"]) == (False, "expected")
    ahead = ws.verify(expect=f"{ws.revision() + 5}:{digest}")
    assert (ahead["ok"], ahead["fault"]) == (False, "expected")
    for bad in ("", "7", f"x:{digest}", f"{revision}:{digest[:-1]}", f"{revision}:{digest.upper()}x", f"-1:{digest}"):
        assert problem_pointers(ws.get("/audit/verify", 422, params={"expect": bad})) == ["/query/expect"], bad


# ---- export, and the client's own verification ----


def export(client, path="/audit/export", limit=None):
    """All lines, page by page."""
    lines, after = [], 0
    while True:
        answer = client.get(path, params={"after": after, **({"limit": limit} if limit else {})})
        lines += answer.text.splitlines()
        if "Winnow-Next" not in answer.headers:
            return lines
        after = int(answer.headers["Winnow-Next"])


def verify_offline(lines, tmp_path, *args):
    path = tmp_path / "export.ndjson"
    path.write_text("".join(line + "\n" for line in lines))
    return subprocess.run(
        [places.winnow(), "audit", "verify", "--file", str(path), *args],
        env=daemons.clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def exported(ws):
    for _, call in changes(ws):
        call()
    ws.push([item(str(i), body="text", features={"owners": "x"}) for i in range(10)])
    return export(ws)


def test_export_pages(ws, exported):
    assert [json.loads(line)["record"]["revision"] for line in exported] == list(range(1, ws.revision() + 1))
    assert export(ws, limit=4) == exported
    assert export(ws, limit=1) == exported


def test_offline(ws, exported, tmp_path):
    done = verify_offline(exported, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    head = ws.get("/audit/verify").headers["Winnow-Head"]
    assert head in done.stdout + done.stderr
    assert verify_offline(exported, tmp_path, "--expect", head).returncode == 0
    assert (
        verify_offline(exported, tmp_path, "--expect", f"3:{json.loads(exported[2])['record']['hash']}").returncode == 0
    )
    assert verify_offline(exported, tmp_path, "--expect", f"3:{'1' * 64}").returncode == 1


def edited(line, change):
    record = json.loads(line)
    change(record)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize(
    "tamper, revision",
    [
        (
            lambda x: x[:4]
            + [edited(x[4], lambda r: r["record"].update(actor="token:00000000-0000-4000-8000-000000000000"))]
            + x[5:],
            5,
        ),
        (lambda x: x[:4] + [edited(x[4], lambda r: r["record"].update(action="nothing.happened"))] + x[5:], 5),
        (lambda x: x[:4] + [re.sub(r'"at":"[^"]*"', '"at":"2020-01-01T00:00:00.000000Z"', x[4])] + x[5:], 5),
        (lambda x: x[:4] + x[5:], 5),
        (lambda x: x[:4] + [x[5], x[4]] + x[6:], 5),
        (lambda x: x[:5] + [x[4]] + x[5:], "[56]"),
        (lambda x: x[1:], "[12]"),
    ],
    ids=["actor", "action", "time", "cut out", "swapped", "doubled", "beginning cut"],
)
def test_offline_finds(exported, tmp_path, tamper, revision):
    done = verify_offline(tamper(exported), tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"\b{revision}\b", done.stdout + done.stderr), done.stdout + done.stderr


def test_offline_rows(exported, tmp_path):
    """Any byte of a row that is changed shows."""
    at = next(i for i, line in enumerate(exported) if '"item_versions"' in line)
    record = json.loads(exported[at])
    rows = record["rows"]
    done = verify_offline(
        [*exported[:at], edited(exported[at], lambda r: r["rows"].pop()), *exported[at + 1 :]], tmp_path
    )
    assert done.returncode == 1 and rows
    done = verify_offline(
        [*exported[:at], edited(exported[at], lambda r: r["rows"].append(r["rows"][0])), *exported[at + 1 :]], tmp_path
    )
    assert done.returncode == 1


def test_a_cut_tail_is_seen_only_against_a_remembered_head(ws, exported, tmp_path):
    head = ws.get("/audit/verify").headers["Winnow-Head"]
    cut = exported[:-3]
    assert verify_offline(cut, tmp_path).returncode == 0
    assert verify_offline(cut, tmp_path, "--expect", head).returncode == 1


def test_offline_garbage(exported, tmp_path):
    for lines in (["garbage"], ["{}"], exported[:2] + ["{"], [line[:100] for line in exported]):
        assert verify_offline(lines, tmp_path).returncode not in (0, -11, -6), lines[:1]
