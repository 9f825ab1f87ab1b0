"""How much a workspace may have configured: what might not load any more is refused before it is stored."""

import pytest

from support.client import problem_pointers, problem_type
from support.waiting import wait_until
from support.workspace import scored

MANY = 64 << 20  # bytes of all documents
MOST = 4 << 20  # bytes of one
EACH = 128  # that a document counts besides its body
NEW = {"If-None-Match": "*"}


@pytest.fixture
def fill(ws, database):
    """Until there is room for so many bytes: nothing reads these documents, but each counts. They go again, since the
    audit log does not know them."""

    def until(left):
        wanted = MANY - left
        wanted -= database.value(
            "SELECT sum(octet_length(body) + %s)::int FROM winnow.documents WHERE workspace_id = %s", EACH, ws.id
        )
        for n in range(1 + wanted // MOST):
            size = min(wanted - n * MOST, MOST) - EACH - len('{"a":""}')
            assert size > 0
            database.tamper(
                "INSERT INTO winnow.documents (workspace_id, kind, name, revision, body)"
                " VALUES (%s, 'mapping', %s, 1, '{\"a\":\"' || repeat('x', %s) || '\"}')",
                ws.id,
                f"filler{n}",
                size,
            )

    yield until
    database.tamper("DELETE FROM winnow.documents WHERE workspace_id = %s AND name LIKE 'filler%%'", ws.id)


def test_a_full_workspace_says_so_and_goes_on(ws, fill):
    feature = {"type": "text", "family": "effort", "description": "d", "sensitive": False}
    fill(1000)
    # The first that is written lets the daemon meet what is there.
    ws.put("/features/first", 201, json=feature, headers=NEW)
    ws.push([scored("a", 20)])
    before = ws.revision()
    long = "x" * 1000
    refused = (
        ws.put("/features/beyond", 422, json={**feature, "description": long}, headers=NEW),
        ws.post("/models", 422, json={"preset": "rice", "description": long}),
    )
    for answer in refused:
        assert problem_type(answer) == "validation" and problem_pointers(answer) == [""]
        assert "bytes of configuration" in answer.text and str(MANY) in answer.text
    assert ws.revision() == before
    # What is small still fits, until that too is full; deletions and other versions do for as long again.
    stored = 0
    while ws.put(f"/features/more_{stored}", (201, 422), json=feature, headers=NEW).status_code == 201:
        stored += 1
    assert 1 <= stored <= 4
    ws.put("/aliases/candidate", 201, json={"model": 1}, headers=NEW)
    ws.delete("/features/first", 204, headers={"If-Match": ws.etag("/features/first")})
    # So much takes its time to be loaded, and until then the answer says "try again".
    params = {"min_revision": ws.revision()}

    def page():
        answer = ws.get("/queue", (200, 503), params=params)
        assert answer.status_code == 200 or problem_type(answer) == "loading"
        return answer.status_code == 200 and answer.json()

    assert wait_until(page, "the full workspace is loaded", limit=60)["entries"][0]["score"] == 20
