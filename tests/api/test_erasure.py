"""Erasing personal text: gone from every answer at once, and every proof holds as before."""

import json

import pytest

from support.client import problem_pointers, problem_type
from support.workspace import Workspace, item, rubric
from test_audit import export, verify_offline
from test_idempotency import assert_same, fresh_key, next_week, post

MARK = "Vertraulich-7"
WHY = {"rationale": "Asked for by the person concerned."}


def marked(external_id, **more):
    fields = {
        "title": f"{MARK} title",
        "body": f"{MARK} body",
        "assignee": f"{MARK} assignee",
        "reporter": f"{MARK} reporter",
        "url": f"https://example.org/{MARK}",
        "features": {**rubric(3, 2, 1, 1), "owners": f"{MARK} owners"},
    }
    return item(external_id, **{**fields, **more})


@pytest.fixture
def told(ws):
    """An item with several versions and an override, all of them with words."""
    ws.push([item("other"), marked("1")])
    ws.id_of = {each["external_id"]: each["id"] for each in ws.pages("/items", "items")}
    ws.patch_item(ws.id_of["1"], {"body": f"{MARK} patched", "team": "payments"})
    ws.push([marked("1", title=f"{MARK} second title")])
    override = {"item": ws.id_of["1"], "kind": "boost", "delta": 1, "expires_at": next_week()}
    ws.post("/overrides", 201, json={**override, "justification": f"{MARK} says so"})
    return ws


def everywhere(ws, item_id):
    """Whatever a reader can see of an item."""
    revision = ws.revision()
    answers = [
        ws.get(f"/items/{item_id}").text,
        ws.get(f"/items/{item_id}/versions").text,
        ws.get("/items").text,
        ws.get("/overrides", params={"min_revision": revision}).text,
        ws.get("/queue", params={"min_revision": revision}).text,
        ws.get(f"/items/{item_id}/explanation", params={"min_revision": revision}).text,
        ws.get("/audit").text,
        ws.get("/erasures").text,
        ws.get("/audit/export").text,
    ]
    for before in range(1, revision):
        answers.append(ws.get(f"/items/{item_id}", (200, 404), params={"revision": before}).text)
    return "\n".join(answers)


def test_nothing_is_left(told, database):
    ws, item_id = told, told.id_of["1"]
    before = everywhere(ws, item_id)
    assert MARK in before
    first = ws.get("/queue", params={"min_revision": ws.revision()}).json()
    second_page = ws.get("/queue", params={"limit": 1}).json()["next"]
    facts = ws.item(item_id)
    answer = ws.post(f"/items/{item_id}:erase", 200, json=WHY).json()
    assert answer["item"] == item_id and answer["items"] == 1 and answer["texts"] >= 4
    assert MARK not in everywhere(ws, item_id)
    assert MARK not in json.dumps(
        database.rows("SELECT t::text FROM winnow.item_texts t WHERE workspace_id = %s", ws.id)
    )
    now = ws.item(item_id)
    assert now["erased"] is True and now["title"] == "" and "assignee" not in now
    for fact in ("external_id", "stream", "kind", "status", "team", "first_revision"):
        assert now[fact] == facts[fact], fact
    for name in set(facts["features"]) - {"owners"}:
        assert now["features"][name]["value"] == facts["features"][name]["value"], name
    second = ws.get("/queue", params={"min_revision": ws.revision()}).json()
    ranks = [[(e["id"], e.get("score")) for e in page["entries"]] for page in (first, second)]
    assert ranks[0] == ranks[1]
    # The walk through a ranking that has the words ends.
    assert problem_type(ws.get("/queue", 410, params={"limit": 1, "cursor": second_page})) == "ranking-gone"


def test_every_proof_holds(told, tmp_path):
    ws = told
    kept = export(ws)
    head = ws.get("/audit/verify").headers["Winnow-Head"]
    ws.post(f"/items/{ws.id_of['1']}:erase", 200, json=WHY)
    assert ws.verify(expect=head)["ok"]
    after = export(ws)
    assert [json.loads(line) for line in after[: len(kept)]] == [json.loads(line) for line in kept]
    assert verify_offline(after, tmp_path, "--expect", head).returncode == 0


def test_it_is_on_record(told):
    ws = told
    before = ws.revision()
    answer = ws.post(f"/items/{ws.id_of['1']}:erase", 200, json=WHY)
    (record,) = ws.records(after=before)
    assert (record["action"], record["subject"]) == ("item.erase", f"item:{ws.id_of['1']}")
    assert record["detail"]["texts"] == answer.json()["texts"] and WHY["rationale"] not in json.dumps(record)
    (erasure,) = ws.get("/erasures").json()["erasures"]
    assert erasure["id"] == record["detail"]["erasure"] and erasure["rationale"] == WHY["rationale"]
    assert (erasure["item"], erasure["texts"], erasure["revision"]) == (
        ws.id_of["1"],
        answer.json()["texts"],
        before + 1,
    )
    # Again there is nothing left, and nothing is written.
    again = ws.post(f"/items/{ws.id_of['1']}:erase", 200, json=WHY).json()
    assert again == {"item": ws.id_of["1"], "texts": 0, "items": 0} and ws.revision() == before + 1
    ws.push([item(str(i)) for i in range(2, 5)])
    for external_id in ("2", "3"):
        item_id = next(i["id"] for i in ws.pages("/items", "items") if i["external_id"] == external_id)
        ws.post(f"/items/{item_id}:erase", 200, json={**WHY, "shared": True})
    assert len(list(ws.pages("/erasures", "erasures", limit=1))) == len(ws.get("/erasures").json()["erasures"])


def test_overrides_may_be_left(told):
    ws = told
    ws.post(f"/items/{ws.id_of['1']}:erase", 200, json={**WHY, "overrides": False})
    (override,) = ws.get("/overrides").json()["overrides"]
    assert override["justification"] == f"{MARK} says so" and MARK not in ws.get(f"/items/{ws.id_of['1']}").text
    ws.post(f"/items/{ws.id_of['1']}:erase", 200, json=WHY)
    (override,) = ws.get("/overrides").json()["overrides"]
    assert override["justification"] is None
    assert ws.verify()["ok"]


def test_what_was_proposed_of_it(told):
    """Proposals of overrides, applied or not, by either name of the item, with what others said to them."""
    ws, item_id = told, told.id_of["1"]
    ann, bob = (ws.client(ws.token("reviewer", "admin", actor_kind="human", person=name)) for name in ("ann", "bob"))
    decided = {"kind": "boost", "delta": 1, "expires_at": next_week()}
    by_name = {"source": "test", "external_id": "1"}

    def propose(of, text):
        asked = {"change": "override", "body": {**decided, "item": of}, "rationale": f"{MARK} {text}"}
        return ann.post("/proposals", 201, json=asked, params={"min_revision": ws.revision()}).json()

    def say(proposal, verb, text, **more):
        return bob.post(f"/proposals/{proposal['id']}:{verb}", 200, json={"rationale": f"{MARK} {text}", **more}).json()

    applied, rejected, open_one = propose(item_id, "once"), propose(by_name, "again"), propose(item_id.upper(), "more")
    other = propose(ws.id_of["other"], "of another")
    assert say(applied, "approve", "agreed", digest=applied["digest"])["state"] == "applied"
    say(rejected, "reject", "refused")
    ws.post(f"/items/{item_id}:erase", 200, json={**WHY, "overrides": False})
    assert ws.get("/proposals").text.count(MARK) == 6
    ws.post(f"/items/{item_id}:erase", 200, json=WHY)
    texts = {each["id"]: json.dumps(each) for each in ws.get("/proposals").json()["proposals"]}
    assert [MARK in texts[each["id"]] for each in (applied, rejected, open_one, other)] == [False] * 3 + [True]
    assert ws.verify()["ok"]


@pytest.fixture
def decided(ws):
    """What people wrote who decided about no item: words in every kind of record that has some."""
    ann, bob = (ws.client(ws.token("reviewer", "admin", actor_kind="human", person=name)) for name in ("ann", "bob"))
    ws.push([item(str(n)) for n in range(3)])
    words = lambda text: {"rationale": f"{MARK} {text}"}

    def propose(weight, text):
        asked = {"change": "model", "body": {"weights": {"user_impact": weight}}, **words(text)}
        return ann.post("/proposals", 201, json=asked, params={"min_revision": ws.revision()}).json()

    applied, rejected = propose(5, "proposed"), propose(6, "proposed too")
    bob.post(f"/proposals/{rejected['id']}:reject", 200, json=words("rejected"))
    bob.post(f"/proposals/{applied['id']}:approve", 200, json={**words("approved"), "digest": applied["digest"]})
    kept = ws.post("/rankings", 201, json={"note": f"{MARK} kept"}, params={"min_revision": ws.revision()}).json()
    ann.post("/suspend", 200, json={**words("suspended"), "fallback": "rules"})
    ann.post("/resume", 200, json=words("resumed"))
    ann.post("/rollback", 200, json={**words("rolled back"), "model_version": 1})
    ws.said = {
        f"proposal:{applied['id']}": 2,
        f"proposal:{rejected['id']}": 2,
        f"ranking:{kept['id']}": 1,
    }
    ws.brakes = [r["revision"] for r in ws.records() if r["action"].startswith("model.")]
    return ws


def told_of_decisions(ws):
    """Whatever shows what people wrote who decided."""
    paths = ["/proposals", "/rollout", "/rankings", "/queue", "/audit", "/erasures", "/audit/export", "/overrides"]
    paths += [f"/proposals/{each['id']}" for each in ws.get("/proposals").json()["proposals"]]
    return "\n".join(ws.get(path).text for path in paths)


def test_what_people_wrote_about_no_item(decided, database, tmp_path):
    """By the record's subject or by its revision: gone, on record, and every proof holds."""
    ws = decided
    before, head = export(ws), ws.get("/audit/verify").headers["Winnow-Head"]
    assert told_of_decisions(ws).count(MARK) >= 8 and len(ws.brakes) == 3
    for subject, texts in ws.said.items():
        answer = ws.post("/erasures", 200, json={**WHY, "subject": subject}).json()
        assert answer == {"subject": subject, "texts": texts, "items": 0}
    for revision in ws.brakes:
        answer = ws.post("/erasures", 200, json={**WHY, "revision": revision}).json()
        assert answer == {"revision": revision, "texts": 1, "items": 0}
    assert MARK not in told_of_decisions(ws)
    assert MARK not in json.dumps(
        database.rows("SELECT t::text FROM winnow.item_texts t WHERE workspace_id = %s", ws.id)
    )
    assert [p["rationale"] for p in ws.get("/proposals").json()["proposals"]] == [None, None]
    assert ws.verify(expect=head)["ok"]
    after = export(ws)
    assert [json.loads(line) for line in after[: len(before)]] == [json.loads(line) for line in before]
    assert verify_offline(after, tmp_path, "--expect", head).returncode == 0


def test_that_it_was_erased_is_on_record(decided):
    ws, subject = decided, next(iter(decided.said))
    before = ws.revision()
    ws.post("/erasures", 200, json={**WHY, "subject": subject})
    (record,) = ws.records(after=before)
    assert (record["action"], record["subject"]) == ("rationale.erase", subject)
    assert record["detail"]["texts"] == 2 and WHY["rationale"] not in json.dumps(record)
    (erasure,) = ws.get("/erasures").json()["erasures"]
    assert (erasure["item"], erasure["subject"], erasure["texts"]) == (None, subject, 2)
    assert erasure["id"] == record["detail"]["erasure"] and erasure["rationale"] == WHY["rationale"]
    # Again there is nothing left; why it was done goes by its own revision.
    again = ws.post("/erasures", 200, json={**WHY, "subject": subject}).json()
    assert again["texts"] == 0 and ws.revision() == before + 1
    other = {"rationale": "Names a person itself."}
    assert ws.post("/erasures", 200, json={**other, "revision": before + 1}).json()["texts"] == 1
    newest, first = ws.get("/erasures").json()["erasures"]
    assert (newest["subject"], newest["rationale"], first["rationale"]) == (
        f"revision:{before + 1}",
        other["rationale"],
        None,
    )
    assert ws.verify()["ok"]


def test_one_decision_about_an_item(told):
    """Without the item: a justification goes alone, and the item's own words stay."""
    ws = told
    (override,) = ws.get("/overrides").json()["overrides"]
    subject = f"override:{override['id']}"
    assert ws.post("/erasures", 200, json={**WHY, "subject": subject}).json()["texts"] == 1
    (override,) = ws.get("/overrides").json()["overrides"]
    assert override["justification"] is None and MARK in ws.get(f"/items/{ws.id_of['1']}").text
    # A record that only wrote an item has nothing of the kind.
    pushed = ws.item(ws.id_of["1"])["first_revision"]
    assert ws.post("/erasures", 200, json={**WHY, "revision": pushed}).json()["texts"] == 0
    assert MARK in ws.get(f"/items/{ws.id_of['1']}").text and ws.verify()["ok"]


def test_an_override_is_found_where_it_was_decided(told):
    """Also where no record, or only that of its end, has it for a subject."""
    ws = told
    ann, bob = (ws.client(ws.token("reviewer", "admin", actor_kind="human", person=name)) for name in ("ann", "bob"))
    body = {"item": ws.id_of["other"], "kind": "boost", "delta": 1, "expires_at": next_week()}
    asked = {"change": "override", "body": body, "rationale": f"{MARK} proposed"}

    def applied():
        proposal = ann.post("/proposals", 201, json=asked, params={"min_revision": ws.revision()}).json()
        agreed = {"rationale": f"{MARK} agreed", "digest": proposal["digest"]}
        return bob.post(f"/proposals/{proposal['id']}:approve", 200, json=agreed).json()["end"]["result"]

    first = applied()
    assert ws.post("/erasures", 200, json={**WHY, "subject": first}).json()["texts"] >= 2
    asked["rationale"] = f"{MARK} proposed again"
    second = applied()
    ws.post(f"/overrides/{second.partition(':')[2]}:revoke", 200)
    assert ws.post("/erasures", 200, json={**WHY, "subject": second}).json()["texts"] >= 1
    shown = [ws.get(f"/overrides/{each.partition(':')[2]}").json() for each in (first, second)]
    assert [each["justification"] for each in shown] == [None, None]
    assert MARK not in ws.get("/proposals").text and ws.verify()["ok"]


def test_what_is_refused_of_records(decided):
    ws, subject = decided, next(iter(decided.said))
    before = ws.revision()
    for body, pointer in (
        ({"subject": subject}, "/rationale"),
        (WHY, ""),
        ({**WHY, "subject": subject, "revision": 2}, ""),
        ({**WHY, "subject": ""}, "/subject"),
        ({**WHY, "subject": "x" * 256}, "/subject"),
        ({**WHY, "revision": 0}, "/revision"),
        ({**WHY, "revision": "2"}, "/revision"),
        ({**WHY, "subject": subject, "shared": True}, "/shared"),
        ([], ""),
    ):
        assert problem_pointers(ws.post("/erasures", 422, json=body)) == [pointer], body
    for body in ({"subject": "proposal:none"}, {"subject": subject + "x"}, {"revision": before + 1}):
        assert problem_type(ws.post("/erasures", 404, json={**WHY, **body})) == "not-found"
    for role in ("reviewer", "contributor", "auditor", "reader"):
        ws.client(ws.token(role)).post("/erasures", 403, json={**WHY, "subject": subject})
    agent = ws.client(ws.token("admin", actor_kind="agent"))
    agent.post("/erasures", 403, json={**WHY, "subject": subject})
    assert told_of_decisions(ws).count(MARK) >= 8


def test_records_may_be_sent_again(decided):
    ws, key = decided, fresh_key()
    body = {**WHY, "subject": next(iter(decided.said))}
    first = post(ws, "/erasures", key, json=body)
    assert first.json()["texts"] == 2
    assert_same(first, post(ws, "/erasures", key, json=body))


def test_a_text_that_several_have(ws):
    ws.push([marked("a"), marked("b"), item("c")])
    ids = {each["external_id"]: each["id"] for each in ws.pages("/items", "items")}
    before = ws.revision()
    refused = ws.post(f"/items/{ids['a']}:erase", 409, json=WHY)
    assert problem_pointers(refused) == ["/shared"] and ws.revision() == before
    assert MARK in ws.get(f"/items/{ids['a']}").text
    answer = ws.post(f"/items/{ids['a']}:erase", 200, json={**WHY, "shared": True}).json()
    assert (answer["texts"], answer["items"]) == (1, 2)
    for name in "ab":
        assert MARK not in everywhere(ws, ids[name]) and ws.item(ids[name])["erased"]
        assert ws.item(ids[name])["revision"] == before + 1
    assert "erased" not in ws.item(ids["c"]) and ws.item(ids["c"])["revision"] == before
    assert ws.verify()["ok"]


def test_the_source_that_goes_on_posting(ws):
    """The very same text stays erased, whatever else changes; another one is another text."""
    line = marked("1")
    ws.push_lines([line])
    (item_id,) = [each["id"] for each in ws.pages("/items", "items")]
    ws.post(f"/items/{item_id}:erase", 200, json=WHY)
    before = ws.revision()
    for push in (ws.push_lines, ws.push):
        assert push([line])["unchanged"] == 1 and ws.revision() == before
    assert ws.push([line], dry_run="true")["unchanged"] == 1
    changed = {**line, "features": {**line["features"], "user_impact": 1}}
    assert ws.push([changed])["updated"] == 1
    assert MARK not in everywhere(ws, item_id) and ws.item(item_id)["erased"]
    assert ws.item(item_id)["features"]["user_impact"]["value"] == 1
    assert ws.push([changed])["unchanged"] == 1
    assert ws.push([{**line, "title": "Another title", "body": "harmless"}])["updated"] == 1
    assert ws.item(item_id)["title"] == "Another title"
    assert ws.verify()["ok"]


def test_a_patch_keeps_it_erased(told):
    ws, item_id = told, told.id_of["1"]
    ws.post(f"/items/{item_id}:erase", 200, json=WHY)
    ws.patch_item(item_id, {"team": "search"})
    shown = ws.item(item_id)
    assert shown["erased"] is True and shown["team"] == "search"
    assert MARK not in everywhere(ws, item_id)
    ws.patch_item(item_id, {"title": "A new title"})
    assert ws.item(item_id)["title"] == "A new title" and "erased" not in ws.item(item_id)
    assert ws.verify()["ok"]


def test_what_is_refused(told):
    ws, item_id = told, told.id_of["1"]
    for body, pointer in (
        ({}, "/rationale"),
        ({"rationale": ""}, "/rationale"),
        ({"rationale": 1}, "/rationale"),
        ({"rationale": "x" * 4097}, "/rationale"),
        ({**WHY, "shared": "yes"}, "/shared"),
        ({**WHY, "overrides": 1}, "/overrides"),
        ({**WHY, "text": "x"}, "/text"),
        ([], ""),
    ):
        assert problem_pointers(ws.post(f"/items/{item_id}:erase", 422, json=body)) == [pointer], body
    assert problem_type(ws.post("/items/00000000-0000-4000-8000-000000000000:erase", 404, json=WHY)) == "not-found"
    for role in ("reviewer", "contributor", "auditor", "reader"):
        ws.client(ws.token(role)).post(f"/items/{item_id}:erase", 403, json=WHY)
    assert MARK in ws.get(f"/items/{item_id}").text


def test_it_may_be_sent_again(told):
    ws, key = told, fresh_key()
    path = f"/items/{told.id_of['1']}:erase"
    first = post(ws, path, key, json=WHY)
    assert first.json()["texts"] >= 4
    assert_same(first, post(ws, path, key, json=WHY))


# ---- what the database lets the application's role do ----


def test_a_text_is_emptied_or_left(told, database):
    import psycopg2

    ref = database.value(
        "SELECT ref FROM winnow.item_texts WHERE workspace_id = %s AND title IS NOT NULL AND body IS NOT NULL LIMIT 1",
        told.id,
    )
    for change in ("title = 'x'", "title = NULL, body = 'x'", "title = NULL", "ref = sha256('x')"):
        connection = psycopg2.connect(database.app)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('winnow.workspace', %s, true)", (told.id,))
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"UPDATE winnow.item_texts SET {change} WHERE ref = %s", (ref,))
        connection.close()
