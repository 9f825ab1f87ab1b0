"""Evidence: what was decided about some items, with what proves it, checked by the client and by a verifier of its own."""

import datetime
import json
import random
import re

import pytest

from support import cli, decisions
from support.client import problem_pointers
from support.decisions import WHY, item_id, named
from support.evidence import Bundle
from support.signer import Signer, make_key
from support.workspace import Workspace, rubric, scored

pytestmark = pytest.mark.faults

CARD = {
    "risk_category": "limited",
    "intended_use": "Orders the backlog of one product.",
    "limits": "Not for decisions about people.",
    "data": "Scores of the team, first half of the year.",
    "owner": "Platform team",
}
# What all have: rules come from no data.
POLICY_CARD = {name: text for name, text in CARD.items() if name != "data"}
PARTS = "header checkpoint verification articles records texts items models drift actors manifest signature".split()


@pytest.fixture(scope="module")
def signer(cluster, tmp_path_factory):
    own = Signer(cluster, tmp_path_factory.mktemp("signer"))
    yield own
    own.end()


def ahead(**span):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).isoformat()


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


@pytest.fixture
def log(signer):
    """Two items of a pilot and one that is not, an override with a reason, a card, a kept ranking."""
    ws = Workspace(signer.operator)
    ws.push(
        [
            {**scored("a", 24, labels=["pilot", "x"]), "reporter": "Ada Example", "body": "Told by Ada"},
            scored("b", 20),
            {**scored("c", 12, labels=["pilot"]), "features": {**rubric(1, 1, 2, 3), "risk_category": "high"}},
        ]
    )
    return ws


def override(ws, name, kind="pin", **more):
    return decisions.override(ws, name, kind, **({"rank": 1} if kind == "pin" else {}), **more)


def write_card(ws, version=1, expect=201, headers=None, **more):
    return ws.put(
        f"/models/{version}/card", expect, json={**CARD, **more}, headers=headers or {"If-None-Match": "*"}
    ).json()


def bundle(signer, ws, **params):
    signer.wait(ws)
    got = ws.get("/evidence", params=params)
    assert got.headers["Content-Type"] == "application/x-ndjson"
    return Bundle(got.text)


def verify(signer, path, expect=cli.OK, *more):
    return cli.run("evidence", "verify", path, "--key", signer.key.text, *more, expect=expect).stdout


def checked(signer, found, tmp_path):
    """By both verifiers."""
    found.check(signer.key)
    path = cli.write(tmp_path / "evidence.ndjson", found.text)
    assert verify(signer, path).startswith("ok: ")
    return path


# ---- what is in it ----


def test_what_a_bundle_holds(signer, log, tmp_path):
    override(log, "c", link="https://example.org/case/7")
    write_card(log)
    log.post("/rankings", 201, json={"note": "before the freeze"})
    found = bundle(signer, log, tag="pilot")
    checked(signer, found, tmp_path)
    assert [part for part in found.parts] == PARTS
    assert {r["external_id"] for r in found.rows("item_versions")} == {"a", "c"}, "b has no such label"
    (made,) = found.rows("overrides")
    texts = {line["ref"]: line for line in found.parts["texts"]}
    assert texts[made["text_ref"]]["notes"] == {"justification": WHY, "link": "https://example.org/case/7"}
    (kept,) = found.rows("rankings")
    assert texts[kept["text_ref"]]["notes"] == {"note": "before the freeze"}
    by_name = {line["item"]["external_id"]: line for line in found.parts["items"]}
    assert by_name["c"]["overrides"] == [made["override_id"]]
    assert by_name["c"]["after"]["rank"] == 1 and by_name["c"]["before"] is None
    assert by_name["c"]["item"]["features"]["risk_category"]["value"] == "high"
    assert by_name["a"]["item"]["title"] == "Item a" and "reporter" not in by_name["a"]["item"]
    (model,) = [line for line in found.parts["models"] if line["kind"] == "model"]
    assert model["version"] == "1" and model["card"] == CARD and model["active"]
    assert found.parts["verification"][0]["ok"]
    assert [line["article"] for line in found.parts["articles"]] == "9 10 11 12 13 14 15 19 26".split()
    assert "Ada" not in found.text, "neither who reported it nor what they wrote"


def test_the_tables_are_those_of_the_database(signer, log):
    """A row's bytes are its columns in table order, so the bundle says what the catalogue says."""
    names = {"int2[]": "_int2", "float8[]": "_float8", "text[]": "_text", "uuid[]": "_uuid"}
    said = bundle(signer, log).header["tables"]
    for table, columns in said.items():
        there = signer.database.rows(
            "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
            f"WHERE a.attrelid = 'winnow.{table}'::regclass AND a.attnum > 0 ORDER BY a.attnum"
        )
        assert [(name, names.get(kind, kind)) for name, kind in columns] == [tuple(each) for each in there], table


def test_items_by_label_and_by_risk(signer, log, tmp_path):
    shown = lambda **params: {r["external_id"] for r in bundle(signer, log, **params).rows("item_versions")}
    assert shown() == {"a", "b", "c"}
    assert shown(tag="x") == {"a"}
    assert shown(risk_category="high") == {"c"}
    assert shown(risk_category="high", tag="x") == set()
    log.push([{**scored("a", 24, labels=[])}])
    assert shown(tag="x") == {"a"}, "it carried the label in the span"
    later = now()
    log.push([scored("b", 19)])
    assert shown(tag="x", **{"from": later}) == set()
    assert shown(tag="pilot", **{"from": later}) == {"c"}, "what was in force when the span began"


def test_a_span_has_its_records_and_what_was_in_force(signer, log, tmp_path):
    made = override(log, "a", "boost", delta=2)
    start = log.revision()
    begin = now()
    log.push([scored("c", 14, labels=["pilot"])])
    end = now()
    log.push([scored("a", 8, labels=["pilot"])])
    found = bundle(signer, log, tag="pilot", **{"from": begin, "to": end})
    checked(signer, found, tmp_path)
    assert (found.header["from"]["revision"], found.header["to"]["revision"]) == (start + 1, start + 1)
    assert [row["override_id"] for row in found.rows("overrides")] == [made["id"]]
    lines = {line["item"]["external_id"]: line for line in found.parts["items"]}
    assert lines["a"]["before"]["ranking"].startswith(f"{start}.") and lines["a"]["item"]["revision"] < start
    assert lines["c"]["item"]["revision"] == start + 1
    assert {line["when"] for line in found.parts["drift"]} == {"before", "after", "during"}


def test_of_what_was_before_only_what_is_needed(signer, log, tmp_path):
    """Many revisions before the span, near each other: shown are those whose rows were in force."""
    for i in range(24):
        log.push([scored(f"p{i}" if i % 3 == 0 else f"n{i}", 10, labels=["pilot"] if i % 3 == 0 else [])])
    start, begin = log.revision(), now()
    log.push([scored("p0", 12, labels=["pilot"])])
    found = bundle(signer, log, tag="pilot", **{"from": begin})
    checked(signer, found, tmp_path)
    records = [line["record"]["revision"] for line in found.parts["records"]]
    versions = [row["revision"] for row in found.rows("item_versions")]
    assert len([revision for revision in versions if revision <= start]) == 2 + 8
    documents = {row["revision"] for row in found.rows("documents")}
    assert set(records) == set(versions) | documents | {start + 1}


def test_the_same_request_gives_the_same_bytes(signer, log, tmp_path):
    override(log, "a", "boost", delta=1)
    signer.wait(log)
    first = log.get("/evidence", params={"tag": "pilot"}).text
    assert log.get("/evidence", params={"tag": "pilot"}).text == first
    size = Bundle(first).header["checkpoint"]
    to = now()
    log.push([scored("d", 10)])
    signer.wait(log)
    older = Bundle(log.get("/evidence", params={"tag": "pilot", "checkpoint": size}).text)
    assert older.header["checkpoint"] == size and older.parts["records"] == Bundle(first).parts["records"]
    newer = bundle(signer, log, tag="pilot", to=to)
    assert [r["record"] for r in newer.parts["records"]] == [r["record"] for r in older.parts["records"]]


def test_an_erased_text_is_told_as_such(signer, log, tmp_path):
    override(log, "a", "boost", delta=1)
    log.post(f"/items/{item_id(log, 'a')}:erase", 200, json={"rationale": "Asked for by the reporter."})
    found = bundle(signer, log, tag="pilot")
    checked(signer, found, tmp_path)
    texts = {line["ref"]: line for line in found.parts["texts"]}
    assert texts[next(found.rows("overrides"))["text_ref"]].get("erased")
    assert WHY not in found.text and "Item a" not in found.text
    assert "Asked for by the reporter." in found.text


def test_an_erased_rationale_is_told_as_such(signer, log, tmp_path):
    """One about no item, in a bundle about some: the bundle has the proposal, so it has the erasure."""
    asked = {"change": "model", "body": {"weights": {"user_impact": 5}}, "rationale": "Bea wants it so."}
    proposal = log.post("/proposals", 201, json=asked, params={"min_revision": log.revision()}).json()
    log.post("/erasures", 200, json={"subject": f"proposal:{proposal['id']}", "rationale": "Asked for by the person."})
    for params in ({}, {"tag": "pilot"}):
        found = bundle(signer, log, **params)
        checked(signer, found, tmp_path)
        texts = {line["ref"]: line for line in found.parts["texts"]}
        assert texts[next(found.rows("proposals"))["text_ref"]].get("erased")
        (erasure,) = found.rows("erasures")
        (emptied,) = found.rows("erasure_texts")
        assert emptied["erasure_id"] == erasure["erasure_id"]
        assert emptied["ref"] == next(found.rows("proposals"))["text_ref"]
        assert "Bea" not in found.text and "Asked for by the person." in found.text


def test_nothing_is_counted_by_person(signer, log):
    """Authors stand in rows as opaque ids; no line has a number for one."""
    people = [log.client(log.token("reviewer", "contributor", actor_kind="human")) for _ in range(3)]
    for person in people[:2] + people[:1]:
        body = {"item": named("a"), "kind": "boost", "delta": 1, "expires_at": ahead(days=1), "justification": WHY}
        person.post("/overrides", 201, json={**body, "team": "one-person-team"})
    found = bundle(signer, log)
    authors = {row["author"] for row in found.rows("overrides")}
    assert len(authors) == 2 and all(re.fullmatch(r"token:[0-9a-f-]{36}", author) for author in authors)
    for part, lines in found.parts.items():
        if part in ("records", "actors"):
            continue
        for line in lines:
            text = json.dumps({key: value for key, value in line.items() if key != "line_sha256"})
            assert not any(author in text for author in authors), part
            assert "one-person-team" not in text, part
    for line in found.parts["actors"]:
        assert set(line) == {"part", "actor", "kind"}
    assert {line["kind"] for line in found.parts["actors"] if line["actor"] in authors} == {"human"}


# ---- filters of the queue ----


def test_a_queue_of_a_label_or_a_risk(signer, log):
    shown = lambda **params: [e["external_id"] for e in log.queue(**params)["entries"]]
    assert shown() == ["a", "b", "c"]
    assert shown(label="pilot") == ["a", "c"] and shown(label="x") == ["a"]
    assert shown(risk_category="high") == ["c"] and shown(risk_category="high", label="x") == []
    assert shown(label="nobody has it") == shown(risk_category="minimal") == shown(risk_category="moderate") == []
    first = log.get("/queue", params={"label": "pilot", "limit": 1}).json()
    rest = log.get("/queue", params={"label": "pilot", "limit": 1, "cursor": first["next"]}).json()
    assert [e["external_id"] for e in rest["entries"]] == ["c"] and "next" not in rest
    assert [e["rank"] for e in log.queue(label="pilot")["entries"]] == [1, 3], "ranks are those of the whole queue"


# ---- who may, and what is refused ----


def test_for_auditors_and_admins(signer, log):
    signer.wait(log)
    for role in ("admin", "auditor"):
        log.as_role(role).get("/evidence", params={"tag": "pilot"})
    for role in ("reader", "contributor", "reviewer"):
        log.as_role(role).get("/evidence", 403)


def test_what_cannot_be_asked(signer, log):
    signer.wait(log)
    ask = lambda expect, **params: log.get("/evidence", expect, params=params)
    assert problem_pointers(ask(422, **{"from": "yesterday"})) == ["/query/from"]
    assert problem_pointers(ask(422, risk_category="moderate")) == ["/query/risk_category"]
    assert problem_pointers(ask(422, checkpoint=10**6)) == ["/query/checkpoint"]
    assert problem_pointers(ask(422, **{"from": ahead(days=1)})) == ["/query/from"]
    assert problem_pointers(ask(422, label="pilot")) == ["/query/label"]
    size = log.get("/audit/checkpoint").json()["size"]
    log.push([scored("d", 9)])
    ask(409, to=ahead(minutes=1), checkpoint=size)


def test_a_daemon_without_a_key_makes_none(ws):
    ws.get("/evidence", 409)


# ---- cards ----


def test_a_card_is_written_later_and_versioned(signer, log):
    log.get("/models/1/card", 404)
    assert write_card(log)["model"] == 1
    model = log.get("/models/1").json()
    before = log.get("/queue", params={"min_revision": log.revision()}).json()["model"]
    etag = log.etag("/models/1/card")
    log.put("/models/1/card", 412, json=CARD, headers={"If-Match": '"r1"'})
    changed = write_card(log, expect=200, headers={"If-Match": etag}, owner="Search team")
    assert changed["owner"] == "Search team" and log.get("/models/1/card").json() == changed
    assert log.get("/models/1").json() == model, "the version itself is as it was"
    assert log.queue()["model"] == before
    assert log.verify()["ok"]


def test_what_is_no_card(signer, log):
    log.put("/models/9/card", 404, json=CARD, headers={"If-None-Match": "*"})
    log.put("/models/01/card", 404, json=CARD, headers={"If-None-Match": "*"})
    for change, pointer in (
        ({"risk_category": "moderate"}, "/risk_category"),
        ({"owner": ""}, "/owner"),
        ({"limits": None}, "/limits"),
        ({"score": 1}, "/score"),
    ):
        answer = log.put("/models/1/card", 422, json={**CARD, **change}, headers={"If-None-Match": "*"})
        assert problem_pointers(answer) == [pointer]
    for role in ("reader", "reviewer", "auditor"):
        log.as_role(role).put("/models/1/card", 403, json=CARD, headers={"If-None-Match": "*"})


def policy_with_card(ws):
    """Version 1 is in force and has a card, version 2 has none."""
    ws.post("/policies", 201, json={"preset": "field_guards"})
    ws.post("/policies", 201, json={"preset": "field_guards", "name": "another"})
    ws.enforce(1)
    return ws.put("/policies/1/card", 201, json=POLICY_CARD, headers={"If-None-Match": "*"}).json()


def test_cards_of_policies(signer, log, tmp_path):
    shown = policy_with_card(log)
    assert {**POLICY_CARD, "policy": 1, "revision": log.revision()} == shown == log.get("/policies/1/card").json()
    policy = log.get("/policies/1").json()
    new = {"If-None-Match": "*"}
    log.put("/policies/1/card", 412, json=POLICY_CARD, headers=new)
    log.put("/policies/3/card", 404, json=POLICY_CARD, headers=new)
    log.get("/policies/2/card", 404)
    assert problem_pointers(log.put("/policies/2/card", 422, json=CARD, headers=new)) == ["/data"]
    answer = log.put("/policies/2/card", 422, json={**POLICY_CARD, "risk_category": "moderate"}, headers=new)
    assert problem_pointers(answer) == ["/risk_category"]
    log.as_role("reviewer").put("/policies/2/card", 403, json=POLICY_CARD, headers=new)
    etag = log.etag("/policies/1/card")
    log.put("/policies/1/card", 200, json={**POLICY_CARD, "owner": "Search team"}, headers={"If-Match": etag})
    assert log.get("/policies/1").json() == policy, "the version itself is as it was"
    log.get("/models/1/card", 404)

    found = bundle(signer, log)
    checked(signer, found, tmp_path)
    of = {line["version"]: line for line in found.parts["models"] if line["kind"] == "policy"}
    assert of["1"]["card"] == {**POLICY_CARD, "owner": "Search team"} and of["1"]["active"]
    assert of["1"]["card_revision"] == log.get("/policies/1/card").json()["revision"]
    assert of["2"]["card"] is None and not of["2"]["active"]

    env = {"url": signer.daemon.url, "token": signer.operator.secret, "workspace": log.name}
    card = cli.write(tmp_path / "card.json", json.dumps(POLICY_CARD))
    assert "wrote the card of policy 2" in cli.run("policy", "card", 2, card, **env).stderr
    told = cli.run("policy", "card", 1, **env).stdout
    assert "Search team" in told and "data" not in told


# ---- tampering ----


@pytest.fixture
def rich(signer, log):
    """A bundle with lines of every kind."""
    override(log, "c")
    write_card(log)
    policy_with_card(log)
    return bundle(signer, log, tag="pilot")


def faults(signer, tmp_path, lines, key=None):
    path = tmp_path / "changed.ndjson"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    args = ["evidence", "verify", path, "--key", key or signer.key.text, "--json"]
    verdict = json.loads(cli.run(*args, expect=cli.REFUSED).stdout)
    assert not verdict["ok"] and verdict["faults"]
    return verdict["faults"]


def test_one_byte_of_every_kind_of_line(signer, rich, tmp_path):
    """Whatever byte it is: the line is named; of the manifest and the signature it is they that are named."""
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    for part in PARTS:
        at = dice.choice([i for i, line in enumerate(rich.lines) if line["part"] == part])
        for _ in range(4):
            lines = list(rich.raw)
            place = dice.randrange(len(lines[at]))
            byte = lines[at][place]
            other = byte ^ 1 if byte ^ 1 not in (10, 13) else byte ^ 4
            lines[at] = lines[at][:place] + bytes([other]) + lines[at][place + 1 :]
            named = {fault["line"] for fault in faults(signer, tmp_path, lines)}
            assert at + 1 in named or (part == "manifest" and len(lines) in named), (seed, part, at, place, byte)


def test_a_forger_who_seals_it_anew_without_the_key(signer, rich, tmp_path):
    """A changed value under a manifest that fits: the record does not hold, and the seal is not the daemon's."""
    at = next(i for i, line in enumerate(rich.lines) if line["part"] == "records" and line["rows"])
    changes = {
        "item_versions": ("status", "done"),
        "overrides": ("rank", 7),
        "documents": ("body", "{}"),
    }
    for table, (column, value) in changes.items():
        lines = [json.loads(line) for line in rich.raw]
        at = next(
            i
            for i, line in enumerate(lines)
            if line["part"] == "records" and any(row["table"] == table for row in line["rows"])
        )
        row = next(row for row in lines[at]["rows"] if row["table"] == table)
        row["row"][column] = value
        found = faults(signer, tmp_path, [json.dumps(line, separators=(",", ":")).encode() for line in lines])
        assert any(fault["line"] == at + 1 and "row" in fault["detail"] for fault in found), table
        assert any(fault["part"] == "signature" for fault in found)


def test_a_card_that_is_not_the_recorded_one(signer, rich, tmp_path):
    """Of either kind: changed, an older one's place, or kept back."""
    places = {"model": None, "policy": None}
    for at, line in enumerate(rich.lines):
        if line["part"] == "models" and line.get("card"):
            places[line["kind"]] = at
    for kind, at in places.items():
        for change in ({"owner": "Nobody"}, None, "revision"):
            line = json.loads(rich.raw[at])
            if change == "revision":
                line["card_revision"] -= 1
            else:
                line["card"] = change and {**line["card"], **change}
            lines = list(rich.raw)
            lines[at] = json.dumps(line, separators=(",", ":")).encode()
            named = [fault for fault in faults(signer, tmp_path, lines) if fault["line"] == at + 1]
            assert any("card" in fault["detail"] for fault in named), (kind, change)


def test_what_is_left_out_or_put_in(signer, rich, tmp_path):
    for part in PARTS:
        lines = list(rich.raw)
        at = next(i for i, line in enumerate(rich.lines) if line["part"] == part)
        del lines[at]
        assert faults(signer, tmp_path, lines), part
    first = next(i for i, line in enumerate(rich.lines) if line["part"] == "records")
    lines = list(rich.raw)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    assert any(fault["part"] == "records" for fault in faults(signer, tmp_path, lines))
    assert faults(signer, tmp_path, rich.raw + [rich.raw[-1]])


def test_by_another_key(signer, rich, tmp_path):
    other = make_key(tmp_path / "other")
    assert {"checkpoint", "signature"} <= {fault["part"] for fault in faults(signer, tmp_path, rich.raw, other)}


def test_against_a_checkpoint_that_was_kept(signer, log, tmp_path):
    note = signer.wait(log)
    kept = cli.write(tmp_path / "kept", note)
    found = bundle(signer, log, checkpoint=signer.key.opens(note)[1])
    path = checked(signer, found, tmp_path)
    verify(signer, path, cli.OK, "--checkpoint", kept)
    log.push([scored("z", 9)])
    newer = cli.write(tmp_path / "newer", signer.wait(log))
    verify(signer, path, cli.REFUSED, "--checkpoint", newer)


# ---- the client ----


def test_the_client_writes_and_checks(signer, log, tmp_path):
    signer.wait(log)
    env = {"url": signer.daemon.url, "token": signer.operator.secret, "workspace": log.name}
    path = tmp_path / "evidence.ndjson"
    cli.run("evidence", "--tag", "pilot", "--from", "2020-01-01", "--output", path, **env)
    assert "ok: " in verify(signer, path)
    told = json.loads(verify(signer, path, cli.OK, "--json"))
    assert told["ok"] and told["items"] == 2 and told["fault_count"] == 0
    assert cli.run("evidence", "--risk-category", "high", **env).stdout.startswith('{"part":"header"')
    cli.run("evidence", "verify", path, expect=cli.USAGE)
    cli.run("evidence", "verify", path, "--key", "nonsense", expect=cli.USAGE)
    cli.run("evidence", "verify", tmp_path / "absent", "--key", signer.key.text, expect=cli.USAGE)
    cli.run("evidence", "--risk-category", "moderate", expect=cli.REFUSED, **env)


def test_the_client_and_cards(signer, log, tmp_path):
    env = {"url": signer.daemon.url, "token": signer.operator.secret, "workspace": log.name}
    card = cli.write(tmp_path / "card.json", json.dumps(CARD))
    cli.run("model", "card", 1, expect=cli.REFUSED, **env)
    assert "wrote the card of model 1" in cli.run("model", "card", 1, card, **env).stderr
    assert (
        "replaced" in cli.run("model", "card", 1, cli.write(card, json.dumps({**CARD, "data": "More."})), **env).stderr
    )
    shown = cli.run("model", "card", 1, **env).stdout
    assert "More." in shown and CARD["owner"] in shown
    assert json.loads(cli.run("model", "card", 1, "--json", **env).stdout)["data"] == "More."


def test_what_is_too_much(signer, log):
    """Beyond the limits nothing is made, and the answer says which."""
    lines = [scored(i, 12) for i in range(10001)]
    for at in range(0, len(lines), 2000):
        log.push_lines(lines[at : at + 2000])
    signer.wait(log)
    answer = log.get("/evidence", 413)
    assert "10000 items" in answer.json()["errors"][0]["detail"]
    assert len(bundle(signer, log, tag="pilot").parts["items"]) == 2
