"""What people set on top of what the source says."""

import threading

import pytest

from support.client import problem_pointers
from support.workspace import item, value_of


@pytest.fixture
def item_id(ws):
    return ws.push(
        item("1", team="source team", labels=["a"], body="text", features={"user_impact": 1, "fix_confidence": 1})
    )["results"][0]["id"]


def from_source(ws, **fields):
    return ws.push({"source": "test", "external_id": "1", **fields})["results"][0]["outcome"]


def test_a_patch_stays_whatever_the_source_says(ws, item_id):
    ws.patch_item(item_id, {"team": "our team", "features": {"user_impact": 3}})
    assert (
        from_source(ws, team="new source team", labels=["b"], features={"user_impact": 2, "fix_confidence": 2})
        == "updated"
    )
    now = ws.item(item_id)
    assert now["team"] == "our team" and now["labels"] == ["b"]
    assert now["patched"]["team"] == {"value": "our team", "source_value": "new source team"}
    impact = now["features"]["user_impact"]
    assert (impact["value"], impact["patched"], impact["source_value"]) == (3, True, 2)
    assert value_of(now, "fix_confidence") == 2 and "patched" not in now["features"]["fix_confidence"]


def test_the_answer_is_the_item(ws, item_id):
    answer = ws.patch(f"/items/{item_id}", json={"team": "x"}, headers={"If-Match": ws.etag(f"/items/{item_id}")})
    now = ws.get(f"/items/{item_id}")
    assert (
        answer.json() == {key: value for key, value in now.json().items() if key in answer.json()}
        and answer.headers["ETag"] == now.headers["ETag"]
    )
    assert answer.headers["Winnow-Revision"] == str(now.json()["revision"])


def test_withdrawal_brings_the_source_back(ws, item_id):
    ws.patch_item(
        item_id, {"team": "ours", "labels": ["x"], "body": None, "features": {"user_impact": 3, "fix_confidence": None}}
    )
    patched = ws.item(item_id)
    assert "body" not in patched and patched["patched"]["body"]["source_value"] == "text"
    assert value_of(patched, "fix_confidence") is None
    assert patched["features"]["fix_confidence"]["source_value"] == 1

    part = ws.delete(
        f"/items/{item_id}/patch",
        200,
        params={"fields": "team,features.user_impact"},
        headers={"If-Match": ws.etag(f"/items/{item_id}")},
    ).json()
    assert part["team"] == "source team" and value_of(part, "user_impact") == 1
    assert set(part["patched"]) == {"labels", "body"} and value_of(part, "fix_confidence") is None

    rest = ws.delete(f"/items/{item_id}/patch", 200, headers={"If-Match": ws.etag(f"/items/{item_id}")}).json()
    assert "patched" not in rest
    assert (rest["labels"], rest["body"], value_of(rest, "fix_confidence")) == (["a"], "text", 1)
    assert not any("patched" in feature for feature in rest["features"].values())


def test_withdrawing_nothing_takes_no_revision(ws, item_id):
    before = ws.revision()
    ws.delete(f"/items/{item_id}/patch", 200, headers={"If-Match": ws.etag(f"/items/{item_id}")})
    assert ws.revision() == before


@pytest.mark.parametrize(
    "fields", ["nonsense", "features.nonsense", "team,,labels", "", "created_at", "features", "id", "features."]
)
def test_withdrawing_faults(ws, item_id, fields):
    answer = ws.delete(f"/items/{item_id}/patch", 422, params={"fields": fields}, headers={"If-Match": "*"})
    assert problem_pointers(answer)[0].startswith("/query/fields"), fields


def test_patching_the_same_again_is_no_change(ws, item_id):
    first = ws.patch_item(item_id, {"team": "ours"})
    again = ws.patch_item(item_id, {"team": "ours"})
    assert again["revision"] == first["revision"] == ws.revision()
    assert ws.patch_item(item_id, {})["revision"] == first["revision"]


def test_a_patch_equal_to_the_source_is_kept(ws, item_id):
    """Then the source may move on, and the person's word stays."""
    ws.patch_item(item_id, {"team": "source team"})
    from_source(ws, team="another")
    assert ws.item(item_id)["team"] == "source team"


def test_the_source_posting_the_patched_value_is_seen_beneath(ws, item_id):
    ws.patch_item(item_id, {"team": "ours"})
    assert from_source(ws, team="ours") == "updated"
    now = ws.item(item_id)
    assert now["patched"]["team"] == {"value": "ours", "source_value": "ours"}


@pytest.mark.parametrize(
    "changes, pointer",
    [
        ({"title": None}, "/title"),
        ({"stream": None}, "/stream"),
        ({"status": None}, "/status"),
        ({"kind": None}, "/kind"),
        ({"source": "x"}, "/source"),
        ({"external_id": "x"}, "/external_id"),
        ({"id": "x"}, "/id"),
        ({"revision": 1}, "/revision"),
        ({"created_at": "2026-01-01T00:00:00Z"}, "/created_at"),
        ({"updated_at": None}, "/updated_at"),
        ({"source_version": "1"}, "/source_version"),
        ({"status": "closed"}, "/status"),
        ({"features": {"nonsense": 1}}, "/features/nonsense"),
        ({"features": {"user_impact": 4}}, "/features/user_impact"),
        ({"features": None}, "/features"),
        ({"nonsense": 1}, "/nonsense"),
        ({"patched": {}}, "/patched"),
        ({"workspace_id": 1}, "/workspace_id"),
    ],
)
def test_faults(ws, item_id, changes, pointer):
    answer = ws.patch(f"/items/{item_id}", 422, json=changes, headers={"If-Match": ws.etag(f"/items/{item_id}")})
    assert problem_pointers(answer) == [pointer]


def test_all_faults_at_once(ws, item_id):
    answer = ws.patch(f"/items/{item_id}", 422, json={"title": 7, "team": [], "nonsense": 1}, headers={"If-Match": "*"})
    assert problem_pointers(answer) == ["/nonsense", "/team", "/title"]


def test_preconditions(ws, item_id):
    path, tag = f"/items/{item_id}", ws.etag(f"/items/{item_id}")
    for verb, target, body in (("PATCH", path, {"team": "x"}), ("DELETE", path + "/patch", None)):
        headers = {"Content-Type": "application/merge-patch+json"} if body else {}
        ws.request(verb, target, 428, json=body, headers=headers)
        for stale in ('"r0"', "W/" + tag, tag.strip('"'), ""):
            ws.request(
                verb, target, (412, 428) if stale == "" else 412, json=body, headers={**headers, "If-Match": stale}
            )
        ws.request(verb, target, 200, json=body, headers={**headers, "If-Match": f'"other", {tag}'})
        tag = ws.etag(path)
    ws.patch(path, json={"team": "y"}, headers={"If-Match": "*"})
    # A fault in the body comes before a failed precondition; an absent item before both.
    ws.patch(path, 422, json={"nonsense": 1}, headers={"If-Match": '"r0"'})
    ws.patch("/items/00000000-0000-4000-8000-000000000000", 404, json={"team": "x"}, headers={"If-Match": '"r0"'})


def test_media_types(ws, item_id):
    for media_type, status in (
        ("application/merge-patch+json", 200),
        ("application/json", 200),
        ("application/json-patch+json", 415),
        ("text/plain", 415),
    ):
        answer = ws.patch(
            f"/items/{item_id}",
            status,
            json={"team": media_type},
            headers={"If-Match": "*", "Content-Type": media_type},
        )
        if status == 415:
            assert "application/merge-patch+json" in answer.headers["Accept-Patch"]


def test_many_writers_with_one_etag(ws, item_id):
    """Exactly one of them wins; one revision, one record."""
    before, tag, statuses = ws.revision(), ws.etag(f"/items/{item_id}"), []
    barrier = threading.Barrier(20)

    def write(i):
        client = ws.at(ws.url)
        barrier.wait()
        answer = client.patch(f"/items/{item_id}", (200, 412), json={"team": f"writer {i}"}, headers={"If-Match": tag})
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(statuses) == [200] + [412] * 19
    assert ws.revision() == before + 1 and len(ws.records(after=before)) == 1


def test_a_reviewer_may_and_a_contributor_may_not(ws, item_id):
    ws.as_role("reviewer").patch(f"/items/{item_id}", 200, json={"team": "r"}, headers={"If-Match": "*"})
    ws.as_role("contributor").patch(f"/items/{item_id}", 403, json={"team": "c"}, headers={"If-Match": "*"})


def test_a_patch_is_audited_with_who_did_it(ws, item_id):
    token = ws.token("reviewer")
    ws.client(token).patch(
        f"/items/{item_id}", 200, json={"team": "r"}, headers={"If-Match": "*", "X-Request-Id": "patch-7"}
    )
    record = ws.records()[-1]
    assert record["actor"] == f"token:{token['id']}"
    assert record["request_id"] == "patch-7" and item_id in record["subject"] and "patch" in record["action"]


def test_history_shows_both_layers(ws, item_id):
    first = ws.revision()
    ws.patch_item(item_id, {"team": "ours"})
    ws.delete(f"/items/{item_id}/patch", 200, headers={"If-Match": "*"})
    assert "patched" not in ws.item(item_id, revision=first)
    assert ws.item(item_id, revision=first + 1)["patched"]["team"]["source_value"] == "source team"
    assert "patched" not in ws.item(item_id, revision=first + 2)


def test_a_patched_status_takes_an_item_out_of_the_queue(ws, item_id):
    assert [e["id"] for e in ws.queue()["entries"]] == [item_id]
    ws.patch_item(item_id, {"status": "dropped"})
    assert ws.queue()["entries"] == []
    from_source(ws, status="in_progress")
    assert ws.queue()["entries"] == []
    ws.delete(f"/items/{item_id}/patch", 200, headers={"If-Match": "*"})
    assert [e["status"] for e in ws.queue()["entries"]] == ["in_progress"]
