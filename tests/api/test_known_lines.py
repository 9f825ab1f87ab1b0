"""
Lines of a stream that are known to change nothing are not parsed. Whatever happened in between, they come to what they
would if they were: the same items posted as JSON are always parsed, and are asked first what they would come to.
"""

import json

import pytest

from support.workspace import item, ndjson, rubric

TRIES = 40


@pytest.fixture
def known(daemon, operator):
    """How many lines were not parsed since it was last asked."""
    seen = [0]

    def count():
        text = operator.get("/metrics").text
        name = "winnow_items_known_total "
        total = next(int(float(line.split()[1])) for line in text.splitlines() if line.startswith(name))
        seen[0], before = total, seen[0]
        return total - before

    count()
    return count


def outcomes(answer):
    """Without the pointers: those into an array have an index."""
    return [
        (r["external_id"], r["outcome"], [fault["detail"] for fault in r.get("problem", {}).get("errors", [])])
        for r in answer["results"]
    ]


def test_unchanged_lines_are_not_parsed(ws, known):
    lines = [item(str(n), features=rubric(n % 3 + 1, 1, 2, 3)) for n in range(2500)]
    assert ws.push_lines(lines)["created"] == 2500 and known() == 0
    again = ws.push_lines(lines)
    assert again["unchanged"] == 2500 and known() == 2500
    assert again["revision"] == ws.revision()
    shown = {i["external_id"]: (i["id"], i["revision"]) for i in ws.pages("/items", "items", limit=500)}
    assert {r["external_id"]: (r["id"], r["revision"]) for r in again["results"]} == shown
    assert ws.push_lines(lines, dry_run="true")["unchanged"] == 2500


def test_other_bytes_are_parsed(ws, known):
    """The same item in another order or another spelling is unchanged too, but not by its digest."""
    ws.push_lines([item("1")])
    ws.push_lines([dict(reversed(list(item("1").items())))])
    assert known() == 0
    ws.push_lines([item("1")])
    assert known() == 1


def test_one_changed_line_among_many(ws, known):
    lines = [item(str(n)) for n in range(1500)]
    ws.push_lines(lines)
    lines[700]["title"] = "Another"
    answer = ws.push_lines(lines)
    assert (answer["unchanged"], answer["updated"], known()) == (1499, 1, 1499)
    assert ws.push_lines(lines)["unchanged"] == 1500 and known() == 1500


def test_the_same_item_twice_in_a_stream(ws, known):
    """What the second line meets is what the first left, in one part and across parts, also while that is stored."""
    one, two = item("x", title="One"), item("x", title="Two")
    ws.push_lines([one])
    answer = ws.push_lines([two, one])
    assert [r["outcome"] for r in answer["results"]] == ["updated", "updated"] and known() == 0
    assert ws.push_lines([one])["unchanged"] == 1
    between = [item(str(n)) for n in range(999)]
    ws.push_lines([one, *between])
    answer = ws.push_lines([two, *between, one])
    first, last = answer["results"][0], answer["results"][-1]
    assert first["outcome"] == "updated" and last["outcome"] == "updated" and last["revision"] > first["revision"]
    assert ws.item(first["id"])["title"] == "One"


def test_who_may_not_write_is_told_so(ws, known):
    ws.push_lines([item("1")])
    other = ws.client(ws.token("contributor", sources=["elsewhere"]))
    body = ndjson([item("1")])
    answer = other.post("/items", 207, data=body, headers={"Content-Type": "application/x-ndjson"}).json()
    assert answer["results"][0]["problem"]["status"] == 403 and known() == 0
    mine = ws.client(ws.token("contributor"))
    mine.post("/items", 200, data=body, headers={"Content-Type": "application/x-ndjson"})
    assert known() == 1


def test_lines_that_are_no_items(ws, known):
    good = json.dumps(item("1"))
    ws.post("/items", 200, data=good, headers={"Content-Type": "application/x-ndjson"})
    hostile = [
        good + " ",
        good + "}",
        good[:-1],
        " " + good,
        good.replace('"1"', '"\\u0031"'),
        good + good,
        "[]",
        '"',
        "{",
    ]
    answer = ws.post("/items", 207, data="\n".join(hostile), headers={"Content-Type": "application/x-ndjson"}).json()
    assert [r["outcome"] for r in answer["results"]] == [
        "unchanged", "rejected", "rejected", "unchanged", "unchanged", "rejected", "rejected", "rejected", "rejected",
    ]  # fmt: skip
    assert known() == 0


def change(ws, path, **values):
    """A configured document with some of its members changed."""
    read = ws.get(path)
    body = {name: value for name, value in read.json().items() if name not in ("name", "id", "revision", "in_model")}
    ws.put(path, 200, json={**body, **values}, headers={"If-Match": read.headers["ETag"]})


def random_step(ws, rng, lines):
    """Something that may decide what a line comes to."""
    step = rng.choice(
        ("patch", "withdraw", "definition", "vocabulary", "json", "features", "nothing", "model", "nothing")
    )
    stored = list(ws.pages("/items", "items", limit=500))
    if step in ("patch", "withdraw") and stored:
        chosen = rng.choice(stored)
        path = f"/items/{chosen['id']}"
        if step == "patch":
            changes = {"title": f"Patched {rng.randrange(3)}", "features": {"user_impact": rng.randrange(1, 4)}}
            ws.patch_item(chosen["id"], changes)
        else:
            ws.delete(path + "/patch", (200, 204), headers={"If-Match": ws.etag(path)})
    elif step == "definition":
        bounds = {"lower": 0, "upper": rng.choice((5, 10, 1000))}
        change(ws, "/features/demand", bounds=bounds, out_of_bounds=rng.choice(("refuse", "clamp")))
    elif step == "vocabulary":
        words = ws.get("/settings").json()["kinds"]
        change(ws, "/settings", kinds=[*rng.sample(words, len(words))])
    elif step == "json":
        ws.push(rng.choice(lines), (200, 207))
    elif step == "features" and stored:
        ids = [{"id": rng.choice(stored)["id"], "features": {"demand": rng.randrange(5)}}]
        ws.post("/items:features", (200, 207), json={"items": ids})
    elif step == "model":
        ws.post(
            "/comparisons", (200, 201, 409, 422), json={"criteria": {"more": "effort", "less": "demand", "ratio": 2}}
        )
    return step


def test_it_comes_to_what_parsing_comes_to(ws, rng, known):
    """Random lines, random changes in between: the outcome is always that of the slow way."""
    lines = []
    for n in range(12):
        for version in range(3):
            more = {"updated_at": f"2026-01-0{version + 1}T00:00:00Z"} if n % 3 == 0 else {}
            features = {"demand": rng.choice((1, 4, 8, 300)), "user_impact": rng.randrange(1, 4)}
            if n % 4 == 0:
                features["effort"] = {"value": version + 1, "evidence": "asserted", "justification": "Seen."}
            lines.append(item(str(n), title=f"{n} {version}", features=features, **more))
    total = 0
    for _ in range(TRIES):
        trace = random_step(ws, rng, lines)
        batch = rng.choices(lines, k=rng.randrange(1, 10))
        slow = ws.push(batch, (200, 207), dry_run="true")
        fast = ws.push_lines(batch, (200, 207), dry_run="true")
        assert outcomes(fast) == outcomes(slow), trace
        before = ws.revision()
        stored = ws.push_lines(batch, (200, 207))
        assert outcomes(stored) == outcomes(slow), trace
        assert (ws.revision() > before) == (stored["created"] + stored["updated"] > 0)
        total += known()
    assert total > 0
