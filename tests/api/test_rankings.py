"""Kept rankings, their receipts, the replay, the bundle, ranking offline, and the queue of an earlier revision."""

import datetime
import hashlib
import json
import os
import random
import secrets
import struct
import subprocess
import uuid

import pytest

from support import daemon as daemons, places
from support.client import problem_pointers, problem_type
from support.workspace import Workspace, item, ndjson, rubric, scored

NEW = {"If-None-Match": "*"}
SECRETS = (
    "Ada Lovelace",
    "a secret title",
    "a secret body",
    "https://secret.example",
    "Grace Hopper",
    "for a secret reason",
)


def ahead(**span):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).isoformat()


def ago(**span):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)).isoformat()


def keep(ws, expect=201, **body):
    return ws.post("/rankings", expect, json=body, params={"min_revision": ws.revision()}).json()


def offline(path, expect=0, *more):
    done = subprocess.run(
        [places.winnow(), "rank", "--offline", str(path), *more],
        env=daemons.clean_environment(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == expect, f"exit {done.returncode}: {done.stderr.decode()}"
    return done


def lines_of(answer):
    return [json.loads(line) for line in answer.text.splitlines()]


# ---- keeping ----


def test_keep_and_read(ws):
    ws.push([scored("a", 20), scored("b", 10), item("c"), scored("d", 24, status="done")])
    before = ws.revision()
    answer = ws.post("/rankings", 201, json={"note": "sprint 14"}, params={"min_revision": before})
    kept = answer.json()
    assert answer.headers["Location"] == f"{ws.prefix}/rankings/{kept['id']}"
    assert int(answer.headers["Winnow-Revision"]) == before + 1 == ws.revision()
    assert kept["revision"] == before and kept["id"].startswith(f"{before}.") and kept["kept_revision"] == before + 1
    assert (kept["note"], kept["count"], kept["policy"]) == ("sprint 14", 3, None)
    assert kept["model"] == {"version": 1, "name": "triage_rubric"}
    assert kept["receipt"]["libm"] is None and kept["receipt"]["item_count"] == 3
    assert ws.records(after=before)[0]["action"] == "ranking.keep"
    assert ws.get(f"/rankings/{kept['id']}").json() == kept
    assert ws.get("/rankings").json() == {"rankings": [kept]}
    ws.get(f"/rankings/{kept['id']}", 304, headers={"If-None-Match": ws.etag(f"/rankings/{kept['id']}")})

    entries = ws.get(f"/rankings/{kept['id']}/entries").json()
    queue = ws.get("/queue", params={"revision": before}).json()
    assert [(e["rank"], e["id"], e["score"], e["band"]) for e in entries["entries"]] == [
        (e["rank"], e["id"], e["score"], e["band"]) for e in queue["entries"]
    ]
    assert entries["ranking"] == kept["id"] and entries["count"] == 3 and "next" not in entries
    assert lines_of(ws.get(f"/rankings/{kept['id']}/order")) == entries["entries"]


def test_the_digest_is_over_the_documented_bytes(ws):
    """docs/receipts.md: id, score as a big-endian double, band, flags."""
    ws.push([scored("a", 20), scored("b", 10), item("c", features=rubric(1))])
    ws.post(
        "/models",
        201,
        json={
            "name": "strict",
            "kind": "weighted_sum",
            "terms": [{"feature": "cost_of_delay", "weight": 1, "scale": "value", "unknown": "exclude"}],
            "bands": [{"name": "now", "at_least": 2}, {"name": "later"}],
        },
    )
    ws.promote(2)
    kept = keep(ws)
    bands = {"now": 0, "later": 1, None: 255}
    digest = hashlib.sha256()
    for entry in lines_of(ws.get(f"/rankings/{kept['id']}/order")):
        score = bytes.fromhex("7ff8000000000000") if entry["score"] is None else struct.pack(">d", entry["score"])
        flags = entry["held"] + 2 * entry["top"] + 4 * entry["carries"]
        digest.update(uuid.UUID(entry["id"]).bytes + score + bytes([bands[entry["band"]], flags]))
    assert digest.hexdigest() == kept["receipt"]["order_sha256"]


def test_keeping_moves_on_to_another_ranking_with_the_same_order(ws):
    ws.push([scored("a", 20)])
    first = keep(ws, note="first")
    # Keeping it was a revision, so what is seen now is another ranking.
    second = keep(ws, note="second")
    assert second["id"] != first["id"] and second["receipt"]["order_sha256"] == first["receipt"]["order_sha256"]
    assert [each["id"] for each in ws.get("/rankings").json()["rankings"]] == [second["id"], first["id"]]


def test_kept_already_is_200_and_writes_nothing(ws, daemon, database, operator_token, tmp_path):
    """A second daemon that has not seen the keeping yet meets the same ranking."""
    ws.push([scored("a", 20)])
    slow = daemons.Daemon(database, tmp_path, "--follow-ms", "60000", "--no-notify")
    slow.start()
    try:
        late = ws.at(slow.url)
        late.get("/queue", params={"min_revision": ws.revision()})
        first = keep(ws, note="first")
        before = ws.revision()
        again = late.post("/rankings", 200, json={"note": "again"})
        assert again.json() == first and ws.revision() == before
        assert int(again.headers["Winnow-Revision"]) == before
    finally:
        assert slow.stop() == 0


def test_what_was_kept_stays(ws):
    ws.push([scored(f"i{n}", 8 + n % 17) for n in range(60)])
    kept = keep(ws)
    order = ws.get(f"/rankings/{kept['id']}/order").content
    ws.push([scored(f"i{n}", 24 - n % 17) for n in range(60)])
    ws.push([scored("new", 24)])
    assert ws.get(f"/rankings/{kept['id']}").json() == kept
    assert ws.get(f"/rankings/{kept['id']}/order").content == order
    assert ws.get(f"/rankings/{kept['id']}/bundle").content.splitlines()[0].decode().count(kept["id"]) == 1
    assert ws.verify()["ok"]


def test_entries_by_page(ws):
    ws.push([scored(f"i{n:04}", 8 + n % 17) for n in range(2345)])
    kept = keep(ws)
    whole = lines_of(ws.get(f"/rankings/{kept['id']}/order"))
    assert [e["rank"] for e in whole] == list(range(1, 2346))
    path = f"/rankings/{kept['id']}/entries"
    assert list(ws.pages(path, "entries", limit=1000)) == whole
    for first, limit in ((1, 1), (999, 3), (2345, 50), (2000, 1000)):
        page = ws.get(path, params={"from": first, "limit": limit}).json()
        assert page["entries"] == whole[first - 1 : first - 1 + limit]
    assert ws.get(path, params={"from": 2346}).json()["entries"] == []
    ws.get(path, 400, params={"cursor": ws.get("/rankings", params={"limit": 1}).json().get("next", "AAAA")})
    for query, pointer in (({"from": 0}, "/query/from"), ({"limit": 0}, "/query/limit"), ({"x": 1}, "/query/x")):
        assert problem_pointers(ws.get(path, 422, params=query)) == [pointer]


def test_list_by_page(ws):
    ids = []
    for n in range(5):
        ws.push([scored(f"i{n}", 10)])
        ids.append(keep(ws)["id"])
    assert [each["id"] for each in ws.pages("/rankings", "rankings", limit=2)] == ids[::-1]
    ws.get("/rankings", 400, params={"cursor": "AAAA"})


def test_faults(ws):
    ws.push([scored("a", 20)])
    before = ws.revision()
    for body, pointers in (
        ({"note": 1}, ["/note"]),
        ({"note": ""}, ["/note"]),
        ({"note": "x" * 4097}, ["/note"]),
        ({"x": 1}, ["/x"]),
        ([], [""]),
    ):
        assert problem_pointers(ws.post("/rankings", 422, json=body)) == pointers
    assert problem_type(ws.post("/rankings", 422, json={}, params={"min_revision": before + 1})).endswith("beyond-head")
    assert problem_pointers(ws.post("/rankings", 422, json={}, params={"x": 1})) == ["/query/x"]
    assert ws.revision() == before
    kept = keep(ws)
    for path in ("order", "bundle"):
        assert problem_pointers(ws.get(f"/rankings/{kept['id']}/{path}", 422, params={"x": 1})) == ["/query/x"]
    assert problem_pointers(ws.post(f"/rankings/{kept['id']}:replay", 422, json={"x": 1})) == ["/x"]
    assert problem_pointers(ws.post(f"/rankings/{kept['id']}:replay", 422, json=[])) == [""]


def test_nothing_to_say_needs_no_body(ws):
    ws.push([scored("a", 20)])
    kept = ws.post("/rankings", 201, params={"min_revision": ws.revision()}).json()
    assert kept["note"] is None
    assert ws.post(f"/rankings/{kept['id']}:replay", 200).json()["same"] is True
    nothing = {"data": b"", "headers": {"Content-Type": "application/json"}}
    assert ws.post(f"/rankings/{kept['id']}:replay", 200, **nothing).json()["same"] is True
    again = ws.post("/rankings", 201, params={"min_revision": ws.revision()}, **nothing).json()
    assert again["revision"] == ws.revision() - 1
    ws.queue()  # both meet the newest ranking
    assert ws.post("/simulations", 200).json() == ws.post("/simulations", 200, json={}).json()
    ws.post("/policies:check", 400)  # this one has to say which


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("path", ["entries", "order", "bundle"])
def test_what_cannot_change_has_a_tag(ws, kept, path):
    ws.push([scored("a", 20), scored("b", 10)])
    name = keep(ws)["id"] if kept else ws.queue()["ranking"]
    url = f"/rankings/{name}/{path}"
    first = ws.get(url)
    assert first.headers["ETag"].startswith(f'"{name}-') and first.headers["Cache-Control"] == "private"
    tag = {"If-None-Match": first.headers["ETag"]}
    ws.push([scored("c", 24)])
    assert ws.get(url, 304, headers=tag).content == b""
    again = ws.get(url)
    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
    # Whatever is wrong is told, tag or not.
    assert problem_pointers(ws.get(url, 422, headers=tag, params={"x": 1})) == ["/query/x"]
    revision, minutes = name.split(".")
    ws.get(f"/rankings/{int(revision) + 100}.{minutes}/{path}", 404, headers=tag)
    if path == "entries":
        assert problem_pointers(ws.get(url, 422, headers=tag, params={"from": 0})) == ["/query/from"]
        ws.get(url, 400, headers=tag, params={"cursor": "x"})


def test_a_bundle_s_tag_tells_what_is_hidden_now(ws):
    ws.put_feature("income")
    ws.push([scored("a", 20)])
    url = f"/rankings/{keep(ws)['id']}/bundle"
    first = ws.get(url)
    tag = {"If-None-Match": first.headers["ETag"]}
    definition = ws.get("/features/income")
    body = {key: value for key, value in definition.json().items() if key not in ("name", "id", "revision", "deleted")}
    ws.put("/features/income", 200, json={**body, "sensitive": True}, headers={"If-Match": definition.headers["ETag"]})
    second = ws.get(url, 200, headers=tag)
    assert second.headers["ETag"] != first.headers["ETag"] and b'"income"' in first.content
    assert b'"income"' not in second.content


@pytest.mark.parametrize(
    "name", ["x", "1", "0.0", "1.", ".1", "1.0", "1.99999999999", "-1.5", "1.1.1", "99999999999999999999.1", "1.5e3"]
)
def test_ids_that_no_ranking_ever_had(ws, name):
    ws.push([scored("a", 20)])
    for path in ("", "/entries", "/order", "/bundle"):
        ws.get(f"/rankings/{name}{path}", 404)
    ws.post(f"/rankings/{name}:replay", 404, json={})


def test_a_ranking_that_was_not_kept(ws):
    ws.push([scored("a", 20), scored("b", 10)])
    seen = ws.queue()
    name = seen["ranking"]
    ws.get(f"/rankings/{name}", 404)
    replay = ws.post(f"/rankings/{name}:replay", 200, json={}).json()
    assert (replay["kept"], replay["same"], replay["differences"]) == (False, True, [])
    ws.push([scored("b", 24)])
    entries = ws.get(f"/rankings/{name}/entries").json()["entries"]
    assert [e["id"] for e in entries] == [e["id"] for e in seen["entries"]]
    assert lines_of(ws.get(f"/rankings/{name}/order")) == entries
    # Nothing in it depends on the time, so a minute later is no ranking of this revision; nor is one before it.
    revision, minutes = name.split(".")
    for other in (int(minutes) - 1, int(minutes) + 1, int(minutes) + 10**7):
        ws.get(f"/rankings/{revision}.{other}/order", 404)
    ws.get(f"/rankings/{int(revision) + 100}.{minutes}/order", 404)


# ---- a workspace with everything ----


def named(external_id):
    return {"source": "test", "external_id": external_id}


def override(ws, external_id, kind, **more):
    body = {
        "item": named(external_id),
        "kind": kind,
        "justification": "It is for a secret reason.",
        "expires_at": ahead(days=7),
        **more,
    }
    return ws.post("/overrides", 201, json=body, params={"min_revision": ws.revision()}).json()


POLICY = {
    "name": "everything",
    "rules": [
        {"id": "top", "when": {"fact": "labels", "contains": "security"}, "effect": "pin_top", "reason": "First."},
        {"id": "review", "when": {"feature": "reversibility", "eq": 1}, "effect": "hold", "reason": "Look twice."},
        {
            "id": "lane",
            "when": {"fact": "team", "present": True},
            "effect": "limit",
            "per": "assignee",
            "at_most": 1,
            "top": 10,
            "reason": "One each.",
        },
        {
            "id": "days",
            "when": {"fact": "title", "present": True},
            "effect": "limit",
            "per": "team",
            "count": "estimate",
            "at_most": 9,
            "top": 12,
            "reason": "No more than nine days.",
        },
        {
            "id": "out",
            "when": {"all": [{"fact": "body", "missing": True}, {"fact": "labels", "contains": "draft"}]},
            "effect": "exclude",
            "reason": "Nobody can read it.",
        },
        {
            "id": "old",
            "when": {"fact": "age_days", "gt": 300},
            "effect": "not_above",
            "rank": 5,
            "reason": "It can wait.",
        },
        {
            "id": "quality",
            "when": {"fact": "stream", "eq": "incident"},
            "effect": "share",
            "at_least": 0.2,
            "top": 10,
            "reason": "Some of them.",
        },
    ],
}
MODELS = {
    "expression": {
        "kind": "expression",
        "expression": 'if(stream == "incident", 2, 1) * user_impact ^ 1.3 + log(1 + age_days) + coalesce(estimate, 3) / 7',
        "inputs": [{"feature": "user_impact", "unknown": "default", "default": 2}],
        "bands": [{"name": "next_sprint", "at_least": 6}, {"name": "ready", "at_least": 4}, {"name": "icebox"}],
    },
    "influence": {
        "kind": "weighted_sum",
        "terms": [
            {"feature": name, "weight": weight, "scale": "value"}
            for name, weight in (("user_impact", 3), ("fix_confidence", 2), ("reversibility", 2), ("cost_of_delay", 1))
        ],
        "max_influence": 0.4,
        "bands": [{"name": "next_sprint", "at_least": 16}, {"name": "ready", "at_least": 10}, {"name": "icebox"}],
    },
    "pareto": {
        "kind": "pareto",
        "objectives": [
            {"feature": "user_impact"},
            {"feature": "fix_confidence"},
            {"feature": "cost_of_delay", "weight": 2},
        ],
        "bands": [{"name": "next_sprint", "at_least": 0}, {"name": "ready", "at_least": -2}, {"name": "icebox"}],
    },
    "pairwise": {
        "kind": "pairwise",
        "unknown": "average",
        "bands": [{"name": "next_sprint", "at_least": 0.7}, {"name": "ready", "at_least": 0.4}, {"name": "icebox"}],
    },
}


def fill(ws, rng, count=40):
    """Items of all sorts; every fact that a rule or a model may read differs between them."""
    items = []
    for n in range(count):
        more = {}
        if rng.random() < 0.5:
            more["assignee"] = rng.choice(SECRETS[:1] + ("Bob", "Carol"))
        if rng.random() < 0.7:
            more["team"] = rng.choice(("search", "pay"))
        if rng.random() < 0.6:
            more["estimate"] = rng.choice((0.5, 1, 2.25, 8))
        if rng.random() < 0.8:
            more["created_at"] = ago(days=rng.randrange(0, 500), seconds=rng.random() * 1000)
        if rng.random() < 0.5:
            more["body"] = SECRETS[2]
        if n and rng.random() < 0.4:
            more["blocked_by"] = [named(f"i{rng.randrange(count + 3)}") for _ in range(2)]
            more["blocked_by"] = [b for b in more["blocked_by"] if b["external_id"] != f"i{n}"]
            more["blocked_by"] = more["blocked_by"][:1]
        features = rubric(*(rng.choice((1, 2, 3, None)) for _ in range(4)))
        features = {
            name: {"value": value, **({"evidence": rng.choice(("asserted", "measured"))} if rng.random() < 0.6 else {})}
            for name, value in features.items()
        }
        items.append(
            {
                **item(
                    f"i{n}",
                    stream=rng.choice(("incident", "engineering_bug")),
                    features=features,
                    status=rng.choice(("open", "open", "open", "in_progress", "done")),
                    labels=rng.sample(("security", "draft", "web", "api"), rng.choice((0, 1, 2))),
                    **more,
                ),
                "title": SECRETS[1],
                "url": SECRETS[3],
                "reporter": SECRETS[4],
            }
        )
    ws.push(items)


def the_open(ws):
    return [entry["external_id"] for entry in ws.whole_queue()]


@pytest.fixture(scope="module")
def everything(operator):
    """A workspace with all that a ranking can read, and in `kept` a kept ranking of each kind of model."""
    ws = Workspace(operator)
    seed = int(os.environ.get("WINNOW_TEST_SEED") or secrets.randbelow(2**32))
    print(f"\nWINNOW_TEST_SEED={seed}")
    rng = random.Random(seed)
    ws.put_feature("private", sensitive=True)
    fill(ws, rng)
    ws.push([item("private", features={"private": 7})])
    names = the_open(ws)
    for first, second in (rng.sample(names, 2) for _ in range(30)):
        ws.post("/comparisons", 201, json={"before": named(first), "after": named(second)})
    version = ws.post("/policies", 201, json=POLICY).json()["version"]
    ws.put("/policy-aliases/active", 201, json={"policy": version}, headers=NEW)
    names = the_open(ws)
    override(ws, names[7], "pin", rank=3)
    override(ws, names[-1], "boost", delta=2.5)
    override(ws, names[-1], "boost", delta=-0.1)
    override(ws, names[9], "band", band="next_sprint")
    override(ws, names[12], "before", before=named(names[2]))
    override(ws, names[4], "exclude")
    override(ws, names[5], "defer")
    gone = override(ws, names[6], "exclude")
    ws.post(f"/overrides/{gone['id']}:revoke", 200, json={})
    kept = {}
    versions = {}
    for name, body in MODELS.items():
        versions[name] = ws.post("/models", 201, json={"name": name, **body}).json()["version"]
        ws.promote(versions[name])
        kept[name] = keep(ws, note=name)
    blend = {
        "name": "blend",
        "kind": "blend",
        "rule": "lexicographic",
        "bands": MODELS["expression"]["bands"],
        "components": [{"model": versions["influence"], "step": 4}, {"model": versions["pairwise"]}],
    }
    ws.promote(ws.post("/models", 201, json=blend).json()["version"])
    kept["blend"] = keep(ws, note="blend")
    ws.kept = kept
    return ws


KINDS = (*MODELS, "blend")


def test_the_workspace_has_what_it_should(everything):
    """Otherwise the tests below would prove little."""
    header, *lines = lines_of(everything.get(f"/rankings/{everything.kept['expression']['id']}/bundle"))
    kinds = [next(iter(line)) for line in lines]
    assert header["schema"] == "winnow.bundle/1" and header["receipt"] == everything.kept["expression"]["receipt"]
    assert [header[key] for key in ("documents", "items", "overrides", "comparisons")] == [
        kinds.count(kind) for kind in ("document", "item", "override", "comparison")
    ]
    assert header["items"] == 41 and header["overrides"] == 7 and header["comparisons"] > 10
    assert {line["override"]["kind"] for line in lines if "override" in line} == {
        "pin",
        "boost",
        "band",
        "before",
        "exclude",
        "defer",
    }
    # What had ended is left out: nothing of it is in the ranking.
    assert not any("ended_revision" in line["override"] for line in lines if "override" in line)
    assert sum(bool(line["item"]["blocked_by"]) for line in lines if "item" in line) > 5
    order = lines_of(everything.get(f"/rankings/{everything.kept['expression']['id']}/order"))
    assert any(e["held"] for e in order) and any(e["top"] for e in order)
    assert everything.kept["expression"]["receipt"]["libm"].startswith("glibc ")


@pytest.mark.parametrize("kind", KINDS)
def test_offline_gives_the_same_bytes(everything, tmp_path, kind):
    kept = everything.kept[kind]
    path = tmp_path / "bundle.ndjson"
    path.write_bytes(everything.get(f"/rankings/{kept['id']}/bundle").content)
    done = offline(path)
    assert done.stdout == everything.get(f"/rankings/{kept['id']}/order").content
    assert done.stdout.count(b"\n") == kept["count"] > 10
    assert kept["id"] in done.stderr.decode()
    assert (
        subprocess.run(
            [places.winnow(), "rank", "--offline", "-", "--quiet"],
            input=path.read_bytes(),
            env=daemons.clean_environment(),
            capture_output=True,
            timeout=60,
        ).stdout
        == done.stdout
    )


@pytest.mark.parametrize("kind", KINDS)
def test_replay_is_the_same(everything, kind):
    kept = everything.kept[kind]
    replay = everything.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()
    assert replay == {
        "ranking": kept["id"],
        "kept": True,
        "same": True,
        "receipt": kept["receipt"],
        "replayed": kept["receipt"],
        "differences": [],
    }


def test_an_id_has_one_spelling(everything):
    revision, minutes = everything.kept["expression"]["id"].split(".")
    for other in (f"0{revision}.{minutes}", f"{revision}.0{minutes}"):
        everything.get(f"/rankings/{other}", 404)
        everything.post(f"/rankings/{other}:replay", 404)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_after_the_workspace_has_moved_on(everything, tmp_path, kind):
    ws, kept = everything, everything.kept[kind]
    before = ws.get(f"/rankings/{kept['id']}/bundle").content
    ws.push([scored(f"later-{kind}-{n}", 9 + n) for n in range(10)])
    ws.push([scored("private", 24)])
    ws.push([item(f"later-{kind}", features=rubric(3, 3, 3, 3))])
    ws.put_feature(f"later_{kind}")
    override(ws, f"later-{kind}", "pin", rank=1)
    ws.post("/comparisons", (200, 201), json={"before": named(f"later-{kind}"), "after": named("private")})
    assert ws.get(f"/rankings/{kept['id']}/bundle").content == before, "a bundle is the same whenever it is asked for"
    path = tmp_path / "bundle.ndjson"
    path.write_bytes(before)
    assert offline(path).stdout == ws.get(f"/rankings/{kept['id']}/order").content
    assert ws.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()["same"] is True


@pytest.mark.parametrize("kind", ["influence", "pairwise"])
def test_another_daemon_replays_the_same(everything, database, tmp_path, kind):
    other = daemons.Daemon(database, tmp_path)
    other.start()
    try:
        there = everything.at(other.url)
        kept = everything.kept[kind]
        assert there.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()["same"] is True
        here = everything.get(f"/rankings/{kept['id']}/bundle").content
        assert there.get(f"/rankings/{kept['id']}/bundle").content == here
    finally:
        assert other.stop() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_personal_text_and_nothing_that_was_not_read(everything, kind):
    text = everything.get(f"/rankings/{everything.kept[kind]['id']}/bundle").text
    for secret in SECRETS + ("Bob", "Carol"):
        assert secret not in text
    read = set()
    for line in map(json.loads, text.splitlines()):
        assert line.get("document", {}).get("kind") != "mapping"
        read |= set(line.get("item", {}).get("features", {}))
        if "item" in line:
            assert not {"title", "body", "url", "reporter"} & set(line["item"])
            assert line["item"].get("assignee", "1").isdigit()
    expected = {
        "expression": {"user_impact"},
        "pareto": {"user_impact", "fix_confidence", "cost_of_delay"},
        "pairwise": set(),
    }
    assert read == expected.get(kind, {"user_impact", "fix_confidence", "reversibility", "cost_of_delay"}) | {
        "reversibility"
    }


def test_a_bundle_tells_nobody_of_sensitive_features(ws, tmp_path):
    """Any reader may fetch it: a placeholder keeps the column, and the order is the same."""
    code = {"type": "text", "family": "effort", "description": "not for all", "sensitive": False}
    salary = {
        "type": "category",
        "family": "effort",
        "description": "What they earn",
        "categories": ["junior pay", "senior pay"],
        "sensitive": True,
    }
    ws.put("/features/plain_code", 201, json=code, headers=NEW)
    ws.put("/features/salary_band", 201, json=salary, headers=NEW)
    ws.push([scored("a", 20), item("b", features=rubric(2) | {"salary_band": "senior pay", "plain_code": "x"})])
    kept = keep(ws)
    ws.push([scored("a", 12)])
    reader = ws.as_role("reader")
    reader.get("/features/salary_band", 404)
    order = reader.get(f"/rankings/{kept['id']}/order").content

    def check(*hidden):
        bundle = reader.get(f"/rankings/{kept['id']}/bundle")
        assert not [text for text in hidden if text in bundle.text]
        documents = [line["document"] for line in lines_of(bundle) if "document" in line]
        features = [d for d in documents if d["kind"] == "feature"]
        columns = {d["body"]["id"] for d in features}
        assert columns == set(range(len(columns))), "columns have no holes"
        hidden_ones = [d for d in features if d["body"]["sensitive"]]
        path = tmp_path / "bundle.ndjson"
        path.write_bytes(bundle.content)
        assert offline(path).stdout == order
        assert ws.get(f"/rankings/{kept['id']}/bundle").content == bundle.content, "nor does it tell an admin more"
        return [d["name"] for d in hidden_ones]

    words = ("salary_band", "What they earn", "junior pay", "senior pay")
    assert len(check(*words)) == 1
    # What becomes sensitive later was no secret then, but is one now.
    tag = ws.etag("/features/plain_code")
    ws.put("/features/plain_code", 200, json={**code, "sensitive": True}, headers={"If-Match": tag})
    assert len(set(check(*words, "plain_code", "not for all"))) == 2


def tampered(bundle, tmp_path, change):
    lines = [json.loads(line) for line in bundle.splitlines()]
    change(lines)
    path = tmp_path / "tampered.ndjson"
    path.write_bytes(ndjson(lines))
    return path


def first_ranked(everything, kept, lines):
    best = lines_of(everything.get(f"/rankings/{kept['id']}/order"))[0]["id"]
    return next(line["item"] for line in lines if line.get("item", {}).get("id") == best)


def change_feature(everything, kept, lines):
    """Of a ranked item, a value that nobody claims: it counts in full."""
    ranked = {entry["id"] for entry in lines_of(everything.get(f"/rankings/{kept['id']}/order"))}
    for entry in (line["item"] for line in lines if "item" in line):
        value = entry["features"].get("user_impact")
        if entry["id"] in ranked and value in (1, 3) and entry["evidence"].get("user_impact", 0) < 3:
            entry["features"]["user_impact"] = 4 - value
            return
    raise AssertionError("no item to tamper with")


def change_status(everything, kept, lines):
    first_ranked(everything, kept, lines)["status"] = "done"


def change_weight(everything, kept, lines):
    for line in lines:
        body = line.get("document", {}).get("body", {})
        if line.get("document", {}).get("kind") == "model" and body.get("name") == "influence":
            body["terms"][0]["weight"] = 2


def change_digest(everything, kept, lines):
    digest = lines[0]["receipt"]["order_sha256"]
    lines[0]["receipt"]["order_sha256"] = ("0" if digest[0] != "0" else "1") + digest[1:]


@pytest.mark.parametrize("change", [change_feature, change_status, change_weight, change_digest])
def test_a_tampered_bundle_shows(everything, tmp_path, change):
    kept = everything.kept["influence"]
    bundle = everything.get(f"/rankings/{kept['id']}/bundle").content
    path = tampered(bundle, tmp_path, lambda lines: change(everything, kept, lines))
    done = offline(path, 1)
    assert b"not the ranking of the receipt" in done.stderr


def test_another_engine_or_libm_is_said_first(everything, tmp_path):
    kept = everything.kept["expression"]
    bundle = everything.get(f"/rankings/{kept['id']}/bundle").content

    def older(lines):
        lines[0]["receipt"]["engine"] = "0.0.1"
        lines[0]["receipt"]["libm"] = "glibc 1.0"

    done = offline(tampered(bundle, tmp_path, older))
    assert b"engine 0.0.1" in done.stderr and b"glibc 1.0" in done.stderr

    def and_wrong(lines):
        older(lines)
        change_digest(everything, kept, lines)

    said = offline(tampered(bundle, tmp_path, and_wrong), 1).stderr
    assert said.index(b"engine 0.0.1") < said.index(b"glibc 1.0") < said.index(b"not the ranking")


def test_what_is_no_bundle(everything, tmp_path):
    bundle = everything.get(f"/rankings/{everything.kept['influence']['id']}/bundle").content
    lines = bundle.splitlines(keepends=True)
    path = tmp_path / "bad.ndjson"
    for text, part in (
        (b"", b"no header"),
        (b"".join(lines[:-1]), b"more or fewer lines"),
        (b"".join(lines[:1]), b"more or fewer lines"),
        (b"".join(lines[1:]), b"order"),
        (bundle[:-30], b""),
        (b"{}\n", b"no line of a bundle"),
        (b"nonsense\n", b""),
        (bundle.replace(b"winnow.bundle/1", b"winnow.bundle/2"), b"schema"),
        (lines[0] + lines[-1] + b"".join(lines[1:-1]), b""),
        (bundle.replace(b'"first_revision":', b'"first_revision":-', 1), b"first_revision"),
    ):
        path.write_bytes(text)
        done = offline(path, 2)
        assert done.stdout == b"" and part in done.stderr, (part, done.stderr)
    offline(tmp_path / "absent", 2)


# ---- a replay that is not the same ----


def test_a_replay_after_tampering_says_what_differs(ws, database):
    """Rows changed behind everybody's back: the receipt shows it, and names the ranks."""
    ws.push([scored("a", 20), scored("b", 10), scored("c", 15)])
    kept = keep(ws)
    ids = {e["external_id"]: e["id"] for e in ws.queue()["entries"]}
    changed = database.tamper("UPDATE winnow.item_versions SET status = 'done' WHERE item_id = %s", ids["b"])
    assert changed == 1
    replay = ws.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()
    assert replay["same"] is False and replay["receipt"] == kept["receipt"]
    whats = [(d["what"], d.get("rank")) for d in replay["differences"]]
    assert whats == [("item_count", None), ("rank", 3)]
    assert replay["differences"][1]["kept"]["id"] == ids["b"] and replay["differences"][1]["replayed"] is None
    database.tamper("UPDATE winnow.item_versions SET status = 'open' WHERE item_id = %s", ids["b"])


def test_a_kept_receipt_of_another_engine(ws, database):
    ws.push([scored("a", 20)])
    kept = keep(ws)
    assert (
        database.tamper(
            "UPDATE winnow.rankings SET engine = '0.0.1' WHERE ranking_id = %s AND workspace_id = %s", kept["id"], ws.id
        )
        == 1
    )
    replay = ws.post(f"/rankings/{kept['id']}:replay", 200, json={}).json()
    assert replay["same"] is True
    assert replay["differences"] == [{"what": "engine", "kept": "0.0.1", "replayed": kept["receipt"]["engine"]}]
    database.tamper(
        "UPDATE winnow.rankings SET engine = %s WHERE ranking_id = %s AND workspace_id = %s",
        kept["receipt"]["engine"],
        kept["id"],
        ws.id,
    )


# ---- the queue of an earlier revision ----


def test_the_queue_of_an_earlier_revision(ws):
    seen = {}
    for n in range(4):
        ws.push([scored(f"i{k}", 8 + (3 * k + 5 * n) % 17) for k in range(7)])
        seen[ws.revision()] = ws.queue()
    ws.post(
        "/models",
        201,
        json={
            "name": "impact",
            "kind": "weighted_sum",
            "terms": [{"feature": "user_impact", "weight": 1}],
            "bands": [{"name": "all"}],
        },
    )
    ws.promote(2)
    for revision, queue in seen.items():
        assert ws.get("/queue", params={"revision": revision}).json() == queue
    first = ws.get("/queue", params={"revision": 1}).json()
    assert first["count"] == 0 and first["revision"] == 1
    head = ws.revision()
    assert ws.get("/queue", params={"revision": head}).json() == ws.queue()


def test_the_past_by_page(ws):
    ws.push([scored(f"i{n:03}", 8 + n % 17) for n in range(120)])
    revision = ws.revision()
    whole = ws.queue(limit=500)["entries"]
    page = ws.get("/queue", params={"revision": revision, "limit": 50}).json()
    ws.push([scored(f"i{n:03}", 24 - n % 17) for n in range(120)])
    entries = page["entries"]
    while "next" in page:
        page = ws.get("/queue", params={"revision": revision, "limit": 50, "cursor": page["next"]}).json()
        entries += page["entries"]
    assert entries == whole
    first = ws.get("/queue", params={"revision": revision, "limit": 50}).json()
    ws.get("/queue", 400, params={"limit": 50, "cursor": first["next"]})
    ws.get("/queue", 400, params={"revision": revision - 1, "limit": 50, "cursor": first["next"]})
    narrow = ws.get("/queue", params={"revision": revision, "band": "next_sprint"}).json()
    assert narrow["entries"] and all(e["band"] == "next_sprint" for e in narrow["entries"])


def test_revisions_that_are_not_there(ws):
    head = ws.revision()
    for revision in (0, -1, "x", "1.5"):
        assert problem_pointers(ws.get("/queue", 422, params={"revision": revision})) == ["/query/revision"]
    answer = ws.get("/queue", 422, params={"revision": head + 1})
    assert problem_type(answer).endswith("beyond-head") and problem_pointers(answer) == ["/query/revision"]
    both = ws.get("/queue", 422, params={"revision": head, "min_revision": head})
    assert problem_pointers(both) == ["/query/min_revision"]


# ---- the client ----


def test_the_client(ws, tmp_path):
    def call(*args, expect=0):
        done = subprocess.run(
            [places.winnow(), *map(str, args)],
            env=daemons.clean_environment(WINNOW_URL=ws.url, WINNOW_TOKEN=ws.secret, WINNOW_WORKSPACE=ws.name),
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == expect, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    ws.push([scored("a", 20), scored("b", 10)])
    kept = call("ranking", "keep", "--note", "sprint 14", "--min-revision", ws.revision()).stdout.strip()
    assert ws.get(f"/rankings/{kept}").json()["note"] == "sprint 14"
    listed = call("ranking", "list").stdout
    assert kept in listed and "triage_rubric 1" in listed and "sprint 14" in listed
    assert json.loads(call("ranking", "list", "--json").stdout)["rankings"][0]["id"] == kept
    shown = call("ranking", "show", kept).stdout
    receipt = ws.get(f"/rankings/{kept}").json()["receipt"]
    assert receipt["order_sha256"] in shown and "next_sprint" in shown
    assert call("ranking", "replay", kept).stdout == f"same: {receipt['order_sha256']}\n"
    assert json.loads(call("ranking", "replay", kept, "--json").stdout)["same"] is True
    bundle = tmp_path / "bundle.ndjson"
    call("ranking", "bundle", kept, "--output", bundle)
    assert bundle.read_text() == call("ranking", "bundle", kept).stdout == ws.get(f"/rankings/{kept}/bundle").text
    assert call("rank", "--offline", bundle).stdout == ws.get(f"/rankings/{kept}/order").text
    call("ranking", "show", "1.1", expect=1)
    call("ranking", "bundle", "1.1", "--output", tmp_path / "none", expect=1)
    assert not list(tmp_path.glob("none*"))
    call("rank", expect=2)
    unkept = ws.queue()["ranking"]
    ws.push([scored("c", 12)])
    assert (
        "replayed: " in call("ranking", "replay", unkept).stdout or "same: " in call("ranking", "replay", unkept).stdout
    )
