"""What is wrong with backlog, policy and overrides, as the ranking met it."""

import pytest

from support.client import problem_pointers
from support.decisions import enforce, fresh, item_id, labelled, named, override
from support.workspace import item, scored

SORTS = (
    "cycles",
    "dangling_blockers",
    "contradictions",
    "breaches",
    "defeated_overrides",
    "sla_breached",
    "sla_due_soon",
)


def findings(ws, **params):
    return fresh(ws, "/findings", **params)


def names(items):
    return [each["external_id"] for each in items]


def test_nothing_is_wrong(ws):
    ws.push([scored("a", 20, blocked_by=["b"]), scored("b", 9), scored("old", 9, status="done")])
    found = findings(ws)
    assert found["counts"] == {sort: 0 for sort in SORTS} and all(found[sort] == [] for sort in SORTS)
    assert found["policy"] is None and found["revision"] == ws.revision()


def test_cycles_with_their_members(ws):
    ws.push(
        [
            scored("a", 10, blocked_by=["b"]),
            scored("b", 12, blocked_by=["a"]),
            scored("c", 20, blocked_by=["e"]),
            scored("d", 15, blocked_by=["c"]),
            scored("e", 18, blocked_by=["d"]),
            scored("tail", 24, blocked_by=["a"]),
        ]
    )
    found = findings(ws)
    assert found["counts"]["cycles"] == 2
    rank = {entry["external_id"]: entry["rank"] for entry in ws.whole_queue()}
    told = [names(cycle["members"]) for cycle in found["cycles"]]
    expected = [sorted(each, key=rank.get) for each in (["a", "b"], ["c", "d", "e"])]
    assert told == sorted(expected, key=lambda cycle: rank[cycle[0]])
    assert [cycle["items"] for cycle in found["cycles"]] == [len(cycle) for cycle in told]
    cut = findings(ws, limit=1)
    assert len(cut["cycles"]) == 1 and len(cut["cycles"][0]["members"]) == 1
    assert cut["cycles"][0]["items"] == len(told[0]) and cut["counts"] == found["counts"]


def test_dangling_blockers(ws):
    enforce(ws, labelled("no", "exclude"))
    ws.push(
        [
            scored("dropped", 9, status="dropped"),
            scored("done", 9, status="done"),
            scored("open", 9),
            scored("out", 9, labels=["no"]),
            scored("later", 9),
            scored("a", 20, blocked_by=["dropped", "done", "open", "out"]),
            scored("b", 15, blocked_by=["later", {"source": "other", "external_id": "x"}]),
            scored("c", 24, blocked_by=["missing"], status="done"),
        ]
    )
    override(ws, "later", "defer")
    found = findings(ws)
    told = [(e["item"]["external_id"], e["blocker"]["external_id"], e["state"]) for e in found["dangling_blockers"]]
    assert sorted(told) == [
        ("a", "dropped", "dropped"),
        ("a", "out", "excluded"),
        ("b", "later", "deferred"),
        ("b", "x", "missing"),
    ]
    assert [each[0] for each in told] == ["a", "a", "b", "b"], "by rank"
    assert found["counts"]["dangling_blockers"] == 4
    cut = findings(ws, limit=3)
    assert cut["dangling_blockers"] == found["dangling_blockers"][:3] and cut["counts"] == found["counts"]


def test_contradictions_and_breaches(ws):
    enforce(
        ws,
        labelled("down", "at_most_band", band="icebox"),
        labelled("up", "at_least_band", band="next_sprint"),
        labelled("late", "not_above", rank=4),
        labelled("few", "limit", at_most=1, top=3, mode="warn"),
    )
    ws.push([scored(str(i), 20, labels=["down", "up"]) for i in range(2)] + [scored("only", 22, labels=["late"])])
    found = findings(ws)
    (conflict,) = found["contradictions"]
    assert (conflict["holds"]["id"], conflict["yields"]["id"], conflict["items"]) == ("down", "up", 2)
    assert sorted(names(conflict["examples"])) == ["0", "1"] and conflict["yields"]["reason"] == "Because of up."
    (breach,) = found["breaches"]
    assert (breach["rule"]["id"], breach["effect"], breach["rank"], breach["warned"]) == ("late", "not_above", 3, False)
    assert breach["item"]["external_id"] == "only" and breach["item"]["rank"] == 3
    ws.push([scored(str(i), 20, labels=["few"]) for i in range(2)])
    (warning,) = [each for each in findings(ws)["breaches"] if each["rule"]["id"] == "few"]
    assert warning["warned"] is True and warning["rank"] == 2


def test_a_share_that_is_not_met_has_no_item(ws):
    enforce(ws, labelled("least", "share", "x", at_least=1, top=1))
    ws.push([scored("first", 8), scored("a", 20, labels=["x"], blocked_by=["first"])])
    (breach,) = findings(ws)["breaches"]
    assert (breach["rule"]["id"], breach["effect"], breach["rank"], breach["item"]) == ("least", "share", 1, None)


def test_a_bound_from_above_holds_against_one_from_below(ws):
    enforce(ws, labelled("most", "limit", "x", at_most=1, top=2), labelled("least", "share", "x", at_least=1, top=2))
    ws.push([scored("a", 20, labels=["x"]), scored("b", 19, labels=["x"]), scored("c", 9), scored("d", 8)])
    (conflict,) = findings(ws)["contradictions"]
    assert (conflict["holds"]["id"], conflict["yields"]["id"], conflict["items"]) == ("most", "least", 2)
    assert sorted(names(conflict["examples"])) == ["a", "b"]


def test_defeated_overrides(ws):
    enforce(ws, labelled("down", "at_most_band", band="icebox"))
    ws.push([scored("a", 9, labels=["down"]), scored("b", 9, blocked_by=["c"]), scored("c", 10), scored("d", 8)])
    by_rule = override(ws, "a", "band", band="next_sprint")
    by_blocker = override(ws, "b", "pin", rank=1)
    older = override(ws, "d", "before", before=named("c"))
    newer = override(ws, "d", "pin", rank=1)
    found = findings(ws)
    fates = {each["id"]: each["effect"]["by"] for each in found["defeated_overrides"]}
    assert set(fates) == {by_rule["id"], by_blocker["id"], older["id"]} and newer["id"] not in fates
    assert fates[by_rule["id"]]["rule"]["id"] == "down" and fates[by_blocker["id"]]["item"]["external_id"] == "c"
    assert fates[older["id"]]["override"] == newer["id"]
    assert found["counts"]["defeated_overrides"] == 3 == len(found["defeated_overrides"])
    assert len(findings(ws, limit=2)["defeated_overrides"]) == 2


def counters(ws, *names):
    lines = dict(line.rsplit(" ", 1) for line in ws.operator.get("/metrics").text.splitlines() if line[0] != "#")
    return [float(lines[f"winnow_{name}_total"]) for name in names]


@pytest.mark.parametrize("rows, workers", [(1900, 0), (2100, 1)])
def test_long_work_is_not_for_the_event_loop(ws, rows, workers):
    enforce(ws, labelled("out", "exclude"))
    ws.push_lines([item(n, labels=["out"] if n % 3 == 0 else None) for n in range(rows)])
    one = item_id(ws, 1)
    paths = ["/findings", "/queue/excluded", "/queue/excluded?limit=3", "/queue?team=x", f"/items/{one}/impact"]
    paths += ["/queue/unknowns"]
    fresh(ws, "/queue")
    for path in paths:
        before = counters(ws, "http_suspended")[0]
        first = ws.get(path)
        assert counters(ws, "http_suspended")[0] - before == workers, path
        if path == paths[-2]:
            continue  # an item's own is not kept
        before, hits = counters(ws, "http_suspended", "page_cache_hits")
        again = ws.get(path)
        assert again.content == first.content
        assert counters(ws, "http_suspended", "page_cache_hits") == [before, hits + 1], f"{path} is kept"
    before = counters(ws, "http_suspended")
    ws.get("/queue")
    assert counters(ws, "http_suspended") == before, "a page without a filter is found at once"


def test_conditional_reads_and_faults(ws):
    ws.push([item("1")])
    first = ws.get("/findings", params={"min_revision": ws.revision()})
    assert first.json()["ranking"] in first.headers["ETag"]
    ws.get("/findings", 304, headers={"If-None-Match": first.headers["ETag"]})
    assert problem_pointers(ws.get("/findings", 422, params={"limit": 0})) == ["/query/limit"]
    assert problem_pointers(ws.get("/findings", 422, params={"cursor": "x"})) == ["/query/cursor"]
