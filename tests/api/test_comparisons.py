"""Comparisons: recorded, listed, made into strengths of items and weights of criteria, and what to ask next."""

import itertools
import math

import pytest

from support import daemon as daemons
from support.client import problem_pointers, problem_type
from support.workspace import Workspace, item, rubric

PAIRWISE = {
    "name": "by comparison",
    "kind": "pairwise",
    "unknown": "average",
    "bands": [{"name": "strong", "at_least": 0.6}, {"name": "rest"}],
}


def ref(external_id):
    return {"source": "test", "external_id": str(external_id)}


def said(before, after):
    return {"before": ref(before), "after": ref(after)}


def judged(more, less, ratio):
    return {"criteria": {"more": more, "less": less, "ratio": ratio}}


def compare(ws, *comparisons, expect=201):
    body = comparisons[0] if len(comparisons) == 1 else {"comparisons": list(comparisons)}
    return ws.post("/comparisons", expect, json=body)


def strengths(ws):
    """By external id, strongest first."""
    params = {"min_revision": ws.revision()}
    return {s["external_id"]: s for s in ws.pages("/comparisons/strengths", "strengths", params)}


def proposed(ws, **params):
    answer = ws.get("/comparisons/next", params={"min_revision": ws.revision(), **params}).json()
    return [(p["a"]["external_id"], p["b"]["external_id"]) for p in answer["pairs"]]


@pytest.fixture
def backlog(ws):
    """Items a … e, with their ids."""
    made = ws.push([item(name, features=rubric(2, 2, 2, 2)) for name in "abcde"])
    ws.ids = {r["external_id"]: r["id"] for r in made["results"]}
    return ws


# ---- recording ----


def test_a_comparison_is_a_record_of_who_said_it(backlog):
    reviewer = backlog.token("reviewer")
    before = backlog.revision()
    answer = backlog.client(reviewer).post("/comparisons", 201, json={"before": backlog.ids["a"], "after": ref("b")})
    made = answer.json()
    assert made["before"] == {"id": backlog.ids["a"], **ref("a")}
    assert made["after"] == {"id": backlog.ids["b"], **ref("b")}
    assert made["author"] == f"token:{reviewer['id']}" and made["revision"] == before + 1
    assert answer.headers["Winnow-Revision"] == str(before + 1)
    assert answer.headers["Winnow-Head"].startswith(f"{before + 1}:")
    assert "criteria" not in made
    record = backlog.records(after=before)[0]
    assert (record["action"], record["subject"]) == ("comparison.create", f"comparison:{made['id']}")
    assert backlog.verify()["ok"]


def test_several_are_one_revision(backlog):
    before = backlog.revision()
    made = compare(
        backlog, said("a", "b"), said("b", "c"), judged("user_impact", "reversibility", 3), said("a", "b")
    ).json()["comparisons"]
    assert backlog.revision() == before + 1
    assert {c["revision"] for c in made} == {before + 1} and len({c["id"] for c in made}) == 4
    assert made[2]["criteria"] == {"more": "user_impact", "less": "reversibility", "ratio": 3}
    assert "before" not in made[2]
    (record,) = backlog.records(after=before)
    assert (record["action"], record["subject"]) == ("comparisons.create", "")
    assert [c["id"] for c in record["detail"]["comparisons"]] == [c["id"] for c in made]
    assert strengths(backlog)["a"]["comparisons"] == 2
    assert backlog.verify()["ok"]


def test_listed_newest_first_by_sort_and_page(backlog):
    compare(backlog, said("a", "b"))
    compare(backlog, *[said(*pair) for pair in itertools.permutations("abcd", 2)], judged("user_impact", "effort", 9))
    compare(backlog, said("e", "a"))
    everything = list(backlog.pages("/comparisons", "comparisons"))
    assert len(everything) == 15
    assert [c["revision"] for c in everything] == sorted((c["revision"] for c in everything), reverse=True)
    assert everything[0]["before"] == {"id": backlog.ids["e"], **ref("e")}
    for limit in (1, 4, 15):
        assert list(backlog.pages("/comparisons", "comparisons", limit=limit)) == everything
    of_items = list(backlog.pages("/comparisons", "comparisons", {"criteria": "false"}, limit=5))
    of_criteria = list(backlog.pages("/comparisons", "comparisons", {"criteria": "true"}, limit=5))
    assert of_items == [c for c in everything if "before" in c] and len(of_items) == 14
    assert of_criteria == [c for c in everything if "criteria" in c] and len(of_criteria) == 1

    cursor = backlog.get("/comparisons", params={"limit": 1}).json()["next"]
    backlog.get("/comparisons", 400, params={"cursor": cursor, "criteria": "true"})
    backlog.get("/comparisons", 400, params={"cursor": "x"})


@pytest.mark.parametrize(
    "body, pointers",
    [
        ({}, ["/after", "/before"]),
        ([], [""]),
        (said("a", "a"), ["/after"]),
        ({"before": "x", "after": 7}, ["/after", "/before"]),
        ({"before": {"source": "test"}, "after": ref("b")}, ["/before/external_id"]),
        ({**said("a", "b"), "ratio": 3}, ["/ratio"]),
        ({**said("a", "b"), **judged("user_impact", "effort", 3)}, ["/after", "/before"]),
        (judged("user_impact", "user_impact", 3), ["/criteria/less"]),
        (judged("user_impact", "no_such", 3), ["/criteria/less"]),
        (judged("success_metric", "effort", 3), ["/criteria/more"]),
        (judged("user_impact", "effort", 9.5), ["/criteria/ratio"]),
        (judged("user_impact", "effort", 0.5), ["/criteria/ratio"]),
        (judged("user_impact", "effort", "3"), ["/criteria/ratio"]),
        ({"criteria": {"more": "user_impact"}}, ["/criteria/less", "/criteria/ratio"]),
        ({"criteria": {"more": "user_impact", "less": "effort", "ratio": 3, "by": 1}}, ["/criteria/by"]),
        ({"criteria": 3}, ["/criteria"]),
        ({"comparisons": []}, ["/comparisons"]),
        ({"comparisons": {}}, ["/comparisons"]),
        ({"comparisons": [said("a", "b")] * 101}, ["/comparisons"]),
        ({"comparisons": [said("a", "b")], "before": ref("a")}, ["/before"]),
        (
            {"comparisons": [said("a", "b"), said("b", "b"), {"before": ref("a")}]},
            ["/comparisons/2/after"],
        ),
        (
            {"comparisons": [said("b", "b"), said("a", "b"), judged("x", "effort", 1)]},
            ["/comparisons/0/after", "/comparisons/2/criteria/more"],
        ),
    ],
)
def test_faults(backlog, body, pointers):
    before = backlog.revision()
    assert problem_pointers(backlog.post("/comparisons", 422, json=body)) == pointers
    assert backlog.revision() == before


def test_sensitive_and_unbounded_features_are_no_criteria(ws):
    ws.put_feature("salary", sensitive=True)
    ws.put(
        "/features/endless",
        201,
        json={"type": "number", "family": "effort", "description": "x"},
        headers={"If-None-Match": "*"},
    )
    answer = compare(ws, judged("salary", "endless", 2), expect=422)
    assert problem_pointers(answer) == ["/criteria/less", "/criteria/more"]


def test_missing_and_finished_items(backlog):
    before = backlog.revision()
    missing = compare(backlog, said("a", "nobody"), expect=404)
    assert problem_pointers(missing) == ["/after"] and problem_type(missing) == "not-found"
    compare(backlog, {"before": "00000000-0000-4000-8000-000000000000", "after": ref("a")}, expect=404)
    several = compare(backlog, said("a", "b"), said("nobody", "b"), said("a", "nobody"), expect=404)
    assert problem_pointers(several) == ["/comparisons/1/before", "/comparisons/2/after"]
    assert backlog.revision() == before

    compare(backlog, said("a", "b"))
    backlog.push([item("b", status="done")])
    before = backlog.revision()
    finished = compare(backlog, said("b", "a"), expect=409)
    assert problem_pointers(finished) == ["/before"] and problem_type(finished) == "conflict"
    compare(backlog, said("a", "b"), said("nobody", "a"), expect=404)
    assert backlog.revision() == before
    assert strengths(backlog)["b"]["status"] == "done", "what was said before still counts"


def test_an_item_of_another_workspace_is_not_there(backlog, operator):
    other = Workspace(operator)
    foreign = other.push([item("a")])["results"][0]["id"]
    compare(backlog, {"before": foreign, "after": ref("a")}, expect=404)


# ---- strengths ----


def test_strengths(backlog):
    empty = backlog.get("/comparisons/strengths").json()
    assert (empty["strengths"], empty["count"], empty["errors_exact"]) == ([], 0, True)
    compare(backlog, said("a", "b"))
    found = strengths(backlog)
    assert list(found) == ["a", "b"]
    assert found["a"]["strength"] == pytest.approx(-found["b"]["strength"], rel=1e-9)
    # The most probable strengths (s, -s) under the prior: s / 1.15² is what is left of the surprise.
    s = found["a"]["strength"]
    assert s / 1.15**2 == pytest.approx(1 / (1 + math.exp(2 * s)), rel=1e-9)
    assert 0 < found["a"]["standard_error"] < 1.15
    assert found["a"]["id"] == backlog.ids["a"] and found["a"]["title"] == "Item a"

    compare(backlog, said("b", "c"), said("a", "b"))
    found = strengths(backlog)
    assert list(found) == ["a", "b", "c"]
    assert [s["comparisons"] for s in found.values()] == [2, 3, 1]


def test_pages_of_strengths_stay_in_their_ranking(backlog):
    compare(backlog, said("a", "b"), said("b", "c"), said("c", "d"))
    whole = list(strengths(backlog).values())
    first = backlog.get("/comparisons/strengths", params={"limit": 3}).json()
    compare(backlog, *[said("d", "a")] * 20)
    assert list(strengths(backlog))[0] == "d"
    rest = backlog.get("/comparisons/strengths", params={"limit": 3, "cursor": first["next"]}).json()
    assert first["strengths"] + rest["strengths"] == whole and "next" not in rest
    assert rest["ranking"] == first["ranking"]
    answer = backlog.get("/comparisons/strengths")
    backlog.get("/comparisons/strengths", 304, headers={"If-None-Match": answer.headers["ETag"]})
    backlog.get("/comparisons/strengths", 400, params={"cursor": "x"})


def test_a_pairwise_model_ranks_by_comparisons(backlog):
    compare(backlog, said("c", "a"), said("c", "b"), said("a", "b"))
    version = backlog.post("/models", 201, json=PAIRWISE).json()["version"]
    backlog.promote(version)
    entries = backlog.whole_queue()
    ranked = [e["external_id"] for e in entries]
    assert ranked[0] == "c" and ranked[-1] == "b"
    found = strengths(backlog)
    for entry in entries:
        strength = found.get(entry["external_id"], {"strength": 0})["strength"]
        assert entry["score"] == pytest.approx(1 / (1 + math.exp(-strength)), rel=1e-12)
    assert entries[0]["band"] == "strong"

    excluding = backlog.post("/models", 201, json={**PAIRWISE, "unknown": "exclude"}).json()["version"]
    backlog.promote(excluding)
    assert [e["external_id"] for e in backlog.whole_queue() if e["score"] is not None] == ["c", "a", "b"]


def test_the_order_of_comparisons_changes_nothing(operator, rng):
    """Neither the order in which people spoke nor that in which items arrived, nor how they were told together."""
    names = [str(i) for i in range(12)]
    comparisons = [said(*rng.sample(names, 2)) for _ in range(60)]
    outcomes = []
    for _ in range(3):
        ws = Workspace(operator)
        rng.shuffle(names)
        rng.shuffle(comparisons)
        cut = rng.randrange(2, 50)
        ws.push([item(name) for name in names])
        compare(ws, *comparisons[:cut])
        compare(ws, *comparisons[cut:])
        found = strengths(ws)
        outcomes.append(found)
    for found in outcomes[1:]:
        for name, first in outcomes[0].items():
            # Ids differ between workspaces, and the last bits of a sum with them.
            assert found[name]["strength"] == pytest.approx(first["strength"], abs=1e-10)
            assert found[name]["comparisons"] == first["comparisons"]
        assert len(found) == len(outcomes[0])


def test_the_same_comparisons_give_the_same_bits(backlog, database, tmp_path):
    """Met one by one, and loaded at once by another daemon, which meets the items in another order."""
    for pair in (("a", "b"), ("c", "d"), ("b", "c"), ("e", "a"), ("a", "d"), ("b", "a")):
        compare(backlog, said(*pair))
        strengths(backlog)
    version = backlog.post("/models", 201, json=PAIRWISE).json()["version"]
    backlog.promote(version)
    queue, found = backlog.queue(), strengths(backlog)
    other = daemons.Daemon(database, tmp_path).start()
    elsewhere = backlog.at(other.url)
    fresh = {"min_revision": backlog.revision()}
    assert elsewhere.get("/queue", params=fresh).json()["entries"] == queue["entries"]
    assert elsewhere.get("/comparisons/strengths", params=fresh).json()["strengths"] == list(found.values())
    other.stop()


# ---- what to ask next ----


def test_next_proposes_what_nobody_compared(backlog):
    first = proposed(backlog)
    assert len(first) == 2 and len({name for pair in first for name in pair}) == 4
    by_id = sorted("abcde", key=lambda name: backlog.ids[name])
    assert first == [(by_id[0], by_id[1]), (by_id[2], by_id[3])], "ties by id"
    assert proposed(backlog) == first and proposed(backlog, limit=1) == first[:1]

    compare(backlog, said(*first[0]), said(*first[1]))
    second = proposed(backlog)
    assert by_id[4] in second[0], "never compared: the least certain one"
    assert not {frozenset(pair) for pair in second} & {frozenset(pair) for pair in first}
    for _ in range(12):
        pairs = proposed(backlog)
        compare(backlog, *[said(*pair) for pair in pairs])
    answer = backlog.get("/comparisons/next", params={"min_revision": backlog.revision()}).json()
    assert all(pair["comparisons"] > 0 for pair in answer["pairs"]), "all were compared by now"
    gains = [pair["gain"] for pair in answer["pairs"]]
    assert gains == sorted(gains, reverse=True) and 0 < gains[0] < 0.25
    assert all(0 < pair["chance"] < 1 for pair in answer["pairs"])
    assert list(backlog.pages("/comparisons", "comparisons", {"criteria": "false"}))


def test_next_asks_about_close_ones_first(ws):
    ws.push([item(name) for name in ("top", "bottom", "one", "two")])
    compare(ws, *[said("top", "bottom")] * 5, *[said("top", "one"), said("one", "bottom")] * 3)
    compare(ws, *[said("top", "two"), said("two", "bottom")] * 3)
    assert set(proposed(ws)[0]) == {"one", "two"}


def test_next_is_about_open_items(backlog):
    backlog.push([item(name, status="done") for name in "abc"])
    assert {name for pair in proposed(backlog) for name in pair} == {"d", "e"}
    backlog.push([item("d", status="done")])
    assert proposed(backlog) == []


def test_next_does_not_look_at_every_pair(ws):
    """More items than are looked at; still the same answer twice."""
    for start in range(0, 2000, 1000):
        ws.push([item(i) for i in range(start, start + 1000)])
    first = proposed(ws, limit=1000)
    assert len(first) == 100 and proposed(ws, limit=1000) == first


def test_next_criteria(ws):
    def asked(**params):
        return ws.get("/comparisons/next", params={"criteria": "true", "limit": 100, **params}).json()

    features = ["user_impact", "fix_confidence", "reversibility", "cost_of_delay"]
    answer = asked()
    assert answer["features"] == features and answer["revision"] == ws.revision()
    assert [(p["a"], p["b"]) for p in answer["pairs"]] == list(itertools.combinations(features, 2))
    assert {p["need"] for p in answer["pairs"]} == {"apart"} and answer["pairs"][0]["implied"] is None

    compare(ws, judged("user_impact", "fix_confidence", 2), judged("user_impact", "reversibility", 4))
    pairs = asked()["pairs"]
    assert [p["need"] for p in pairs] == ["apart"] * 3 + ["not_judged", "least_certain", "least_certain"]
    assert all("cost_of_delay" in (p["a"], p["b"]) for p in pairs[:3])
    assert (pairs[3]["a"], pairs[3]["b"]) == ("fix_confidence", "reversibility")

    # All that is said makes it 8 : 4 : 2 : 1, but for the last.
    compare(ws, judged("user_impact", "cost_of_delay", 8), judged("fix_confidence", "cost_of_delay", 4))
    assert [p["need"] for p in asked()["pairs"]] == ["not_judged"] * 2 + ["least_certain"] * 4
    compare(ws, judged("fix_confidence", "reversibility", 2), judged("cost_of_delay", "reversibility", 9))
    pairs = asked()["pairs"]
    assert [p["need"] for p in pairs] == ["least_certain"] * 6
    worst = pairs[0]
    assert (worst["a"], worst["b"]) == ("reversibility", "cost_of_delay")
    assert worst["judged"] == pytest.approx(1 / 9) and worst["implied"] > 1 / 9 and worst["judgements"] == 1
    misfits = [abs(math.log(p["judged"] / p["implied"])) for p in pairs]
    assert misfits == sorted(misfits, reverse=True)
    assert len(asked(limit=1)["pairs"]) == 1
    ws.get("/comparisons/next", 422, params={"criteria": "true", "min_revision": ws.revision() + 1})
    ws.get("/comparisons/next", 422, params={"limit": 0})
    ws.get("/comparisons/next", 422, params={"criteria": "yes"})


# ---- weights ----


def weigh(ws, expect=201, **body):
    return ws.post("/comparisons:weights", expect, json={"name": "by judgement", **body})


def test_weights_become_a_draft(ws):
    compare(ws, judged("user_impact", "reversibility", 2), judged("reversibility", "effort", 3))
    compare(ws, judged("user_impact", "effort", 6))
    before = ws.revision()
    dry = weigh(ws, 200, dry_run=True)
    assert dry.json()["model"] is None and ws.revision() == before
    assert dry.headers["Winnow-Head"].startswith(f"{before}:")

    answer = weigh(ws)
    made = answer.json()
    assert made["weights"] == pytest.approx({"user_impact": 0.6, "reversibility": 0.3, "effort": 0.1})
    assert sum(made["weights"].values()) == pytest.approx(1)
    assert made["lambda_max"] == pytest.approx(3) and made["consistency_ratio"] == pytest.approx(0, abs=1e-9)
    assert made["acceptable"] is True and made["judgements"] == 3
    assert {**dry.json(), "model": made["model"]} == made
    model = made["model"]
    assert model["version"] == 2 and model["name"] == "by judgement" and model["kind"] == "weighted_sum"
    assert {t["feature"]: t["weight"] for t in model["terms"]} == made["weights"]
    assert {(t["scale"], t["unknown"]) for t in model["terms"]} == {("unit", "span")}
    assert model["bands"] == [
        {"name": "next_sprint", "at_least": 0.625},
        {"name": "ready", "at_least": 0.25},
        {"name": "icebox"},
    ], "those of the active model, at the same shares of its range"
    assert answer.headers["Location"] == f"{ws.prefix}/models/2" and ws.get("/models/2").json() == model
    assert ws.get("/models").json()["aliases"] == {"active": 1}, "a draft"
    (record,) = ws.records(after=before)
    assert (record["action"], record["subject"]) == ("model.put", "model:2")

    again = weigh(ws, 200)
    assert again.json() == made and ws.revision() == before + 1
    ws.promote(2)
    ws.push([item("x", features={"user_impact": 3, "reversibility": 3, "effort": 0})])
    assert ws.queue()["entries"][0]["band"] == "next_sprint"


def test_weights_do_not_depend_on_the_order_of_judgements(operator):
    judgements = [
        judged("user_impact", "reversibility", 2),
        judged("reversibility", "effort", 4),
        judged("user_impact", "effort", 3),
        judged("effort", "cost_of_delay", 5),
        judged("user_impact", "reversibility", 7),
        judged("cost_of_delay", "user_impact", 1),
    ]
    answers = []
    for order in (judgements, judgements[::-1]):
        ws = Workspace(operator)
        compare(ws, *order)
        answers.append(weigh(ws, 200, dry_run=True).json())
    assert answers[0] == answers[1]
    assert answers[0]["acceptable"] is False and answers[0]["consistency_ratio"] > 0.1


def test_saaty_accepts_up_to_a_tenth(ws):
    """Saaty's three criteria a:b 2, b:c 2, a:c 4 are consistent; a:c 9 is not."""
    compare(ws, judged("user_impact", "effort", 2), judged("effort", "reversibility", 2))
    assert weigh(ws, 200, dry_run=True).json()["consistency_ratio"] == pytest.approx(0, abs=1e-9)
    compare(ws, judged("reversibility", "user_impact", 9))
    answer = weigh(ws, 200, dry_run=True).json()
    assert answer["acceptable"] is False and answer["lambda_max"] > 3


def test_weights_of_some_features_and_own_bands(ws):
    compare(ws, judged("user_impact", "effort", 4), judged("effort", "reversibility", 2))
    made = weigh(ws, features=["user_impact", "effort"], bands=[{"name": "a", "at_least": 0.5}, {"name": "b"}]).json()
    assert made["weights"] == pytest.approx({"effort": 0.2, "user_impact": 0.8}) and made["judgements"] == 1
    assert made["model"]["bands"] == [{"name": "a", "at_least": 0.5}, {"name": "b"}]


def test_features_that_nothing_connects(ws):
    compare(ws, judged("user_impact", "effort", 4), judged("reversibility", "cost_of_delay", 2))
    answer = weigh(ws, 422)
    assert problem_pointers(answer) == ["/features"]
    detail = answer.json()["errors"][0]["detail"]
    assert "cost_of_delay and reversibility; effort and user_impact" in detail
    assert problem_pointers(weigh(ws, 422, features=["user_impact", "fix_confidence"])) == ["/features"]
    weigh(ws, 200, features=["user_impact", "effort"], dry_run=True)


@pytest.mark.parametrize(
    "body, pointers",
    [
        ({}, ["/features"]),
        ({"name": None}, ["/name"]),
        ({"name": "x" * 129}, ["/name"]),
        ({"features": ["user_impact"]}, ["/features"]),
        ({"features": []}, ["/features"]),
        ({"features": "user_impact"}, ["/features"]),
        ({"features": ["user_impact", "nonsense"]}, ["/features/1"]),
        ({"features": ["user_impact", "success_metric"]}, ["/features/1"]),
        ({"dry_run": "yes"}, ["/dry_run"]),
        ({"alias": "active"}, ["/alias"]),
    ],
)
def test_faults_of_weights(ws, body, pointers):
    before = ws.revision()
    assert problem_pointers(weigh(ws, 422, **body)) == pointers
    assert ws.revision() == before


@pytest.mark.parametrize("dry_run", (False, True))
def test_the_draft_is_judged_like_any_model(ws, dry_run):
    compare(ws, judged("user_impact", "effort", 4))
    before = ws.revision()
    bands = [{"name": "a", "at_least": 0.5}, {"name": "a"}]
    assert problem_pointers(weigh(ws, 422, bands=bands, dry_run=dry_run)) == ["/bands/1/name"]
    assert problem_pointers(weigh(ws, 422, bands=[], dry_run=dry_run)) == ["/bands"]
    assert ws.revision() == before


# ---- how many ----


def test_no_more_than_a_million(ws, database):
    """All but one are put where the daemon keeps them."""
    ws.push([item("a"), item("b")])
    database.tamper(
        """
        INSERT INTO winnow.comparisons (workspace_id, comparison_id, revision, before_name, after_name, ratio,
            made_at, author)
        SELECT %s, ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 1, 'x', 'y', 1, now(), 'put here'
        FROM generate_series(1, 999999) i
        """,
        ws.id,
    )
    try:
        refused = compare(ws, said("a", "b"), said("a", "b"), expect=409)
        assert "1000000" in refused.json()["detail"]
        compare(ws, said("a", "b"))
        compare(ws, said("a", "b"), expect=409)
    finally:
        database.tamper("DELETE FROM winnow.comparisons WHERE author = 'put here'")


def test_an_agent_compares_criteria_and_no_items(ws):
    """Strengths move a pairwise queue at once, with nobody between: that takes a person, or whoever speaks for one."""
    ws.push([item("a"), item("b")])
    agent = ws.client(ws.token("reviewer", actor_kind="agent"))
    refused = agent.post("/comparisons", 403, json=said("b", "a"))
    assert problem_type(refused) == "agent-may-not-decide"
    both = {"comparisons": [judged("user_impact", "cost_of_delay", 2), said("b", "a")]}
    agent.post("/comparisons", 403, json=both)
    assert strengths(ws) == {}
    agent.post("/comparisons", 201, json=judged("user_impact", "cost_of_delay", 2))
    compare(ws, said("a", "b"))
    assert list(strengths(ws)) == ["a", "b"]
