"""Why items moved: each cause alone, the parts that add up, who entered and who left, two rankings compared."""

import datetime
import json
import subprocess
import uuid

import pytest

from support import daemon as daemons, places
from support.client import problem_pointers, problem_type
from support.workspace import RUBRIC, item, rubric, scored

CAUSES = ["time", "evidence", "weights", "model", "policy", "override", "blockers", "others"]
SCORES = [24, 23, 22, 21, 20, 18, 16, 14, 12, 10]  # of the items 0 … 9
WEIGHTS = (3, 2, 2, 1)


def filled(ws, scores=SCORES):
    """Items 0 … in the order of their scores; their ids."""
    results = ws.push([scored(n, score) for n, score in enumerate(scores)])["results"]
    return [result["id"] for result in results]


def now(ws):
    """The id of the newest ranking."""
    return ws.queue()["ranking"]


def movement(ws, item_id, since, expect=200, **params):
    params.setdefault("min_revision", ws.revision())
    answer = ws.get(f"/items/{item_id}/movement", expect, params={"since": since, **params})
    return checked(answer.json()) if expect == 200 else answer


def checked(move):
    """Parts are in their order and add up."""
    if move["ranks"] is None:
        assert move["causes"] == [] and None in (move["from"]["rank"], move["to"]["rank"])
        return move
    assert [cause["cause"] for cause in move["causes"]] == CAUSES
    rank = move["from"]["rank"]
    for cause in move["causes"]:
        assert cause["rank_after"] == rank + cause["ranks"] and cause["text"]
        rank = cause["rank_after"]
    assert rank == move["to"]["rank"] == move["from"]["rank"] + move["ranks"]
    assert move["change"] == ("stayed" if move["ranks"] == 0 else "moved")
    return move


def parts(move):
    return {cause["cause"]: cause["ranks"] for cause in move["causes"] if cause["ranks"]}


def text_of(move, cause):
    return next(each["text"] for each in move["causes"] if each["cause"] == cause)


BANDS = ({"name": "next_sprint", "at_least": 18}, {"name": "ready", "at_least": 12}, {"name": "icebox"})
FEWER_BANDS = ({"name": "next_sprint", "at_least": 18}, {"name": "icebox"})


def model(ws, weights, name="reweighted", features=RUBRIC, bands=BANDS):
    terms = [
        {"feature": feature, "weight": weight, "scale": "value", "unknown": "span"}
        for feature, weight in zip(features, weights)
    ]
    body = {"name": name, "kind": "weighted_sum", "terms": terms, "bands": list(bands)}
    return ws.post("/models", (200, 201), json=body).json()["version"]


def rule(effect, when, **more):
    return {
        "id": f"a-{effect.replace('_', '-')}",
        "when": when,
        "effect": effect,
        "reason": "So it was agreed.",
        **more,
    }


def enforce(ws, *rules):
    ws.enforce(ws.post("/policies", (200, 201), json={"name": "house", "rules": list(rules)}).json()["version"])


def override(ws, item_id, kind, **more):
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7)
    body = {
        "item": item_id,
        "kind": kind,
        "justification": "Promised to a customer.",
        "expires_at": expires.isoformat(),
    }
    return ws.post("/overrides", 201, json={**body, **more}, params={"min_revision": ws.revision()}).json()


# ---- each cause alone -----------------------------------------------------------------------------


def test_nothing_has_happened(ws):
    ids = filled(ws)
    since = now(ws)
    move = movement(ws, ids[3], since)
    assert parts(move) == {} and move["change"] == "stayed" and move["from"]["rank"] == 4
    assert move["from"] == move["to"] and move["item"]["external_id"] == "3"


def test_its_own_evidence(ws):
    ids = filled(ws)
    since = now(ws)
    ws.push([item("3", features=rubric(1, 1, 1, 1))])
    move = movement(ws, ids[3], since)
    assert parts(move) == {"evidence": 6} and (move["from"]["rank"], move["to"]["rank"]) == (4, 10)
    assert "user_impact" in text_of(move, "evidence") and text_of(move, "evidence").startswith("4 → 10: ")
    assert move["text"] == "4 → 10, 6 places down: evidence +6."
    assert (move["from"]["score"], move["to"]["score"]) == (21, 8)
    assert (move["from"]["band"], move["to"]["band"]) == ("next_sprint", "icebox")
    passed = movement(ws, ids[4], since)
    assert parts(passed) == {"others": -1}


def test_facts_are_evidence_too_and_unseen_words_are_words(ws):
    """A rule on a word that no item had: what it makes of the item is the item's own doing."""
    ids = filled(ws)
    enforce(ws, rule("pin_top", {"all": [{"fact": "labels", "contains": "urgent"}, {"fact": "team", "eq": "core"}]}))
    since = now(ws)
    ws.push([{"source": "test", "external_id": "8", "labels": ["urgent", "x"], "team": "core"}])
    move = movement(ws, ids[8], since)
    assert parts(move) == {"evidence": -8}
    assert "team none → core" in text_of(move, "evidence")
    # The same, with rows that were loaded anew: other numbers for the same words.
    again = movement(ws, ids[8], since.split(".")[0], until=str(ws.revision()))
    assert parts(again) == {"evidence": -8}


def test_weights(ws):
    wanted = item("fixed", features=rubric(1, 3, 3, 3))  # 18
    ids = [ws.push([wanted])["results"][0]["id"]]
    ws.push([item(f"e{n}", features=rubric(3, 2, 2, 1)) for n in range(3)])  # 18, too, but later
    since = now(ws)
    ws.promote(model(ws, (9, 2, 2, 1)))
    move = movement(ws, ids[0], since)
    assert parts(move) == {"weights": 3}
    assert "user_impact 3 → 9" in text_of(move, "weights")
    assert (move["from"]["model"]["version"], move["to"]["model"]["version"]) == (1, 2)


def test_another_model(ws):
    ids = filled(ws)
    since = now(ws)
    ws.promote(model(ws, (1,), features=("cost_of_delay",)))
    move = movement(ws, ids[0], since)
    moves = [movement(ws, each, since) for each in ids]
    assert all(set(parts(each)) <= {"model"} for each in moves)
    assert any(parts(each) for each in moves)
    assert move["to"]["model"]["name"] == "reweighted"


def test_policy(ws):
    ids = filled(ws)
    since = now(ws)
    enforce(ws, rule("not_above", {"feature": "user_impact", "ge": 1}, rank=2), rule("hold", {"all": []}))
    assert all(parts(movement(ws, each, since)) == {} for each in ids[:2])
    enforce(ws, rule("at_most_band", {"fact": "source", "eq": "test"}, band="icebox"))
    other = ws.push([item("late", source="elsewhere", features=rubric(1, 1, 1, 1))])["results"][0]["id"]
    before = now(ws)
    enforce(ws, rule("pin_top", {"fact": "source", "eq": "elsewhere"}))
    move = movement(ws, other, before)
    assert parts(move) == {"policy": -10} and "house 2 → house 3" in text_of(move, "policy")


def test_override(ws):
    ids = filled(ws)
    since = now(ws)
    override(ws, ids[9], "boost", delta=20)
    move = movement(ws, ids[9], since)
    assert parts(move) == {"override": -9} and "boost was made" in text_of(move, "override")
    passed = movement(ws, ids[0], since)
    assert parts(passed) == {"override": 1} and "1 of other items made" in text_of(passed, "override")


def test_an_override_that_ended(ws):
    ids = filled(ws)
    made = override(ws, ids[9], "pin", rank=1)
    since = now(ws)
    ws.post(f"/overrides/{made['id']}:revoke", 200, json={})
    move = movement(ws, ids[9], since)
    assert parts(move) == {"override": 9} and "pin was ended" in text_of(move, "override")


def test_a_band_override_without_a_band_sleeps_and_wakes_with_the_model(ws):
    """Nobody ends it or makes it: the model does not have its band, and has it again."""
    ids = filled(ws)
    override(ws, ids[9], "band", band="next_sprint")
    awake = now(ws)
    ws.promote(model(ws, WEIGHTS, name="without", bands=BANDS[1:]))
    asleep = now(ws)
    move = movement(ws, ids[9], awake)
    assert parts(move) == {"model": 3} and (move["from"]["rank"], move["to"]["rank"]) == (7, 10)
    ws.promote(1)
    move = movement(ws, ids[9], asleep)
    assert parts(move) == {"model": -3} and "model without 2 → " in text_of(move, "model")
    assert parts(movement(ws, ids[8], asleep)) == {"model": 1}
    for each in (move, movement(ws, ids[8], asleep), movement(ws, ids[8], awake, until=asleep)):
        assert text_of(each, "override").endswith("the overrides are the same")


def test_a_band_override_that_wakes_and_ends(ws):
    ids = filled(ws)
    made = override(ws, ids[9], "band", band="next_sprint")
    ws.promote(model(ws, WEIGHTS, bands=BANDS[1:]))
    since = now(ws)
    ws.promote(1)
    awake = ws.revision()
    ws.post(f"/overrides/{made['id']}:revoke", 200, json={})
    override(ws, ids[0], "band", band="icebox")
    move = movement(ws, ids[9], since)
    # Up with its band, down again when that ends.
    assert parts(movement(ws, ids[9], since, until=str(awake))) == {"model": -3}
    assert parts(move) == {"model": -3, "override": 3} and move["ranks"] == 0
    assert "its band was ended; 1 of other items made, 0 ended" in text_of(move, "override")
    back = movement(ws, ids[9], str(awake), until=since)
    assert parts(back) == {"model": 3} and text_of(back, "override").endswith("the overrides are the same")


def test_models_alone_make_and_end_no_override(ws, rng):
    ids = filled(ws, [rng.randint(8, 24) for _ in range(15)])
    for n, chosen in enumerate(rng.sample(ids, 8)):
        if n % 4 == 0:
            override(ws, chosen, "boost", delta=rng.choice([-4, 4]))
        else:
            override(ws, chosen, "band", band=rng.choice(BANDS)["name"])
    marks = [now(ws)]
    for _ in range(4):
        weights = rng.choice([WEIGHTS, [rng.randint(1, 9) for _ in RUBRIC]])
        ws.promote(model(ws, weights, bands=rng.choice([BANDS, FEWER_BANDS, BANDS[1:], BANDS[2:]])))
        marks.append(now(ws))
    for _ in range(4):
        since, until = rng.choices(marks, k=2)
        for item_id in rng.sample(ids, 4):
            move = movement(ws, item_id, since, until=until)
            assert set(parts(move)) <= {"weights", "model"}, move
            assert text_of(move, "override").endswith("the overrides are the same")


def test_blockers(ws):
    ids = filled(ws)
    since = now(ws)
    ws.push([{"source": "test", "external_id": "0", "blocked_by": [{"source": "test", "external_id": "9"}]}])
    blocker, blocked = movement(ws, ids[9], since), movement(ws, ids[0], since)
    assert parts(blocker) == {"blockers": -9} and parts(blocked) == {"blockers": 1}
    assert "1 new, 0 gone" in text_of(blocker, "blockers")


def test_a_blocker_that_is_done_blocks_no_more(ws):
    filled(ws, [10, 24])
    waits = {"source": "test", "external_id": "1", "blocked_by": [{"source": "test", "external_id": "0"}]}
    waiting = ws.push([waits])["results"][0]["id"]
    after = ws.push([scored("late", 12)])["results"][0]["id"]
    since = now(ws)
    assert ws.item(waiting)["external_id"] == "1"
    ws.push([{"source": "test", "external_id": "0", "status": "done"}])
    move = movement(ws, waiting, since)
    assert parts(move) == {"blockers": -1} and "0 new, 1 gone" in text_of(move, "blockers")
    assert parts(movement(ws, after, since)) == {"blockers": -1}


def test_others(ws):
    ids = filled(ws)
    since = now(ws)
    ws.push([scored("new", 24), {"source": "test", "external_id": "2", "status": "done"}])
    move = movement(ws, ids[1], since)
    assert parts(move) == {"others": 1} and "1 came, 1 went" in text_of(move, "others")
    assert parts(movement(ws, ids[9], since)) == {}


def test_several_causes_in_their_order(ws):
    ids = filled(ws)
    since = now(ws)
    ws.push([scored("9", 19), scored("new", 24)])
    override(ws, ids[0], "boost", delta=-20)
    move = movement(ws, ids[9], since)
    # With 19 points behind the first five; item 0 falls behind it; a new one comes before it.
    assert parts(move) == {"evidence": -4, "override": -1, "others": 1}


# ---- what adds up ---------------------------------------------------------------------------------


def change_something(ws, rng, ids):
    chosen = rng.randrange(len(ids))
    names = {"source": "test", "external_id": str(chosen)}
    turn = rng.randrange(8)
    if turn <= 2:
        ws.push([{**names, "features": rubric(*(rng.choice([1, 2, 3, None]) for _ in RUBRIC))} for _ in (0,)])
    elif turn == 3:
        other = rng.choice([n for n in range(len(ids)) if n != chosen])
        blocker = {"source": "test", "external_id": str(other)}
        ws.push([{**names, "blocked_by": [blocker] if rng.random() < 0.7 else []}])
    elif turn == 4:
        ws.push([{**names, "status": "open"}])  # what is finished takes none
        override(ws, ids[chosen], "boost", delta=rng.randint(-9, 9) or 1)
    elif turn == 5:
        word = rng.choice(["red", "green", "blue"])
        effect = rng.choice(["pin_top", "hold", "exclude"])
        enforce(ws, rule(effect, {"fact": "labels", "contains": word}), rule("not_above", {"all": []}, rank=2))
    elif turn == 6:
        ws.promote(model(ws, [rng.randint(1, 9) for _ in RUBRIC], features=rng.sample(RUBRIC, rng.choice([3, 4]))))
    else:
        ws.push(
            [{**names, "status": rng.choice(["open", "in_progress", "done"]), "labels": [rng.choice(["red", "green"])]}]
        )


def test_parts_add_up_whatever_happened(ws, rng):
    ids = filled(ws, [rng.randint(8, 24) for _ in range(25)])
    marks = [ws.revision()]
    for _ in range(5):
        for _ in range(rng.randint(1, 4)):
            change_something(ws, rng, ids)
        marks.append(ws.revision())
    compared = 0
    for _ in range(6):
        since, until = (str(mark) for mark in rng.sample(marks, 2))  # also backwards
        before = ranks_of(ws, since)
        after = ranks_of(ws, until)
        for item_id in rng.sample(ids, 8):
            move = movement(ws, item_id, since, until=until)
            assert (move["from"]["rank"], move["to"]["rank"]) == (before.get(item_id), after.get(item_id))
            assert move == movement(ws, item_id, since, until=until)
            compared += move["ranks"] is not None
    assert compared > 0


def change_anything_but_rows(ws, rng, ids):
    chosen = rng.randrange(len(ids))
    turn = rng.randrange(4)
    if turn == 0:
        bands = rng.choice([BANDS, FEWER_BANDS, BANDS[1:]])
        features = rng.sample(RUBRIC, rng.choice([3, 4, 4]))
        ws.promote(model(ws, [rng.randint(1, 9) for _ in RUBRIC], features=features, bands=bands))
    elif turn == 1:
        feature = {"feature": rng.choice(RUBRIC), "ge": rng.choice([2, 2.5])}
        effect = rng.choice(["pin_top", "exclude", "hold"])
        limit = rule("limit", {"feature": rng.choice(RUBRIC), "lt": 2.5}, at_most=rng.randint(1, 3), top=8)
        enforce(ws, rule(effect, {"all": [feature, {"feature": rng.choice(RUBRIC), "lt": 2.5}]}), limit)
    elif turn == 2:
        kind, more = rng.choice(
            [
                ("boost", {"delta": rng.choice([-7, 5])}),
                ("pin", {"rank": rng.randint(1, 20)}),
                ("before", {"before": ids[0]}),
                ("band", {"band": "icebox"}),
                ("defer", {}),
                ("defer", {}),
            ]
        )
        if more.get("before") != ids[chosen]:
            override(ws, ids[chosen], kind, **more)
    else:
        blockers = rng.sample([n for n in range(len(ids)) if n != chosen], rng.randint(0, 2))
        named = [{"source": "test", "external_id": str(n)} for n in blockers]
        ws.push([{"source": "test", "external_id": str(chosen), "blocked_by": named}])


def test_nothing_is_left_for_others_when_their_rows_are_the_same(ws, rng):
    """Whatever else has changed: with all of it put in, the first ranking's rows give the second ranking."""
    ids = filled(ws, [rng.randint(8, 24) for _ in range(25)])
    for _ in range(4):
        since = rng.choice([now(ws), str(ws.revision())])
        own = rng.randrange(len(ids))
        for _ in range(rng.randint(1, 5)):
            change_anything_but_rows(ws, rng, ids)
        ws.push([{**item(own), "features": rubric(*(rng.choice([1, 2, 3]) for _ in RUBRIC)), "labels": ["moved"]}])
        for until in (now(ws), str(ws.revision())):
            move = movement(ws, ids[own], since, until=until)
            assert move["ranks"] is None or parts(move).get("others", 0) == 0, move


def ranks_of(ws, revision):
    entries = ws.get("/queue", params={"revision": revision, "limit": 500}).json()["entries"]
    return {entry["id"]: entry["rank"] for entry in entries}


# ---- entering and leaving -------------------------------------------------------------------------


def left(ws, item_id, since, standing):
    move = movement(ws, item_id, since)
    assert (move["change"], move["to"]["standing"], move["to"]["rank"], move["ranks"]) == ("left", standing, None, None)
    diff = compared(ws, since, now(ws))
    assert [each["reason"] for each in diff["left"]] == [standing] and diff["left_count"] == 1
    assert diff["left"][0]["rank"] == move["from"]["rank"] and diff["left"][0]["text"] == move["text"]
    return move


def entered(ws, item_id, since, reason):
    move = movement(ws, item_id, since)
    assert (move["change"], move["from"]["rank"], move["ranks"]) == ("entered", None, None)
    diff = compared(ws, since, now(ws))
    assert [each["reason"] for each in diff["entered"]] == [reason] and diff["entered_count"] == 1
    assert diff["entered"][0]["rank"] == move["to"]["rank"] and diff["entered"][0]["text"] == move["text"]
    return move


def compared(ws, a, b, expect=200, **params):
    answer = ws.get(f"/rankings/{a}/diff/{b}", expect, params=params).json()
    if expect == 200:
        for move in answer["moved"]:
            checked(move)
    return answer


@pytest.mark.parametrize("status", ["done", "dropped"])
def test_finished_and_opened_again(ws, status):
    ids = filled(ws)
    since = now(ws)
    ws.push([{"source": "test", "external_id": "4", "status": status}])
    move = left(ws, ids[4], since, status)
    assert move["text"] == f"It left from rank 5: it is {status}."
    middle = now(ws)
    ws.push([{"source": "test", "external_id": "4", "status": "open"}])
    entered(ws, ids[4], middle, "reopened")


def test_new(ws):
    filled(ws)
    since = now(ws)
    new = ws.push([scored("new", 24)])["results"][0]["id"]
    move = entered(ws, new, since, "new")
    assert move["from"]["standing"] == "not_stored" and move["from"]["score"] is None
    back = movement(ws, new, now(ws), until=since)
    assert (back["change"], back["to"]["standing"]) == ("left", "not_stored")


def test_excluded_by_a_rule(ws):
    ids = filled(ws)
    since = now(ws)
    enforce(ws, rule("exclude", {"feature": "user_impact", "lt": 1.5}))
    out = [each for each in ids if movement(ws, each, since)["change"] == "left"]
    assert len(out) > 0
    move = movement(ws, out[0], since)
    assert move["to"]["by"] == {"rule": {"id": "a-exclude", "reason": "So it was agreed."}}
    assert "a-exclude (So it was agreed.)" in move["text"]
    middle = now(ws)
    ws.enforce(None)
    back = movement(ws, out[0], middle)
    assert back["change"] == "entered" and back["from"]["standing"] == "excluded_by_rule"
    reasons = {each["reason"] for each in compared(ws, middle, now(ws))["entered"]}
    assert reasons == {"no_longer_excluded"}


@pytest.mark.parametrize(
    "kind, standing, back", [("exclude", "excluded_by_override", "excluded"), ("defer", "deferred", "deferred")]
)
def test_taken_out_by_a_person(ws, kind, standing, back):
    ids = filled(ws)
    since = now(ws)
    made = override(ws, ids[2], kind)
    move = left(ws, ids[2], since, standing)
    assert move["to"]["by"] == {"override": made["id"]}
    middle = now(ws)
    ws.post(f"/overrides/{made['id']}:revoke", 200, json={})
    entered(ws, ids[2], middle, f"no_longer_{back}")


def test_ranked_in_neither(ws):
    ids = filled(ws)
    ws.push([{"source": "test", "external_id": "4", "status": "done"}])
    since = now(ws)
    ws.push([scored("new", 9)])
    move = movement(ws, ids[4], since)
    assert move["change"] == "not_ranked" and move["ranks"] is None
    assert move["text"] == "Neither ranks it: it was done, and is done."


# ---- two rankings ---------------------------------------------------------------------------------


def test_the_same_ranking_twice(ws):
    filled(ws)
    a = now(ws)
    diff = compared(ws, a, a)
    assert (diff["tau"], diff["common"], diff["moved_count"], diff["moved"]) == (1, 10, 0, [])
    assert diff["churn"] == {"top": 10, "entered": 0, "left": 0} and diff["a"] == diff["b"]
    assert (diff["entered"], diff["left"], diff["entered_count"], diff["left_count"]) == ([], [], 0, 0)


def test_the_largest_moves_come_first(ws):
    ids = filled(ws)
    a = now(ws)
    ws.push([item("0", features=rubric(1, 1, 1, 1))])
    b = now(ws)
    diff = compared(ws, a, b, top=3)
    assert diff["moved_count"] == 10 and diff["common"] == 10
    assert diff["tau"] == pytest.approx((45 - 2 * 9) / 45)
    assert diff["churn"] == {"top": 3, "entered": 1, "left": 1}
    assert [each["item"]["id"] for each in diff["moved"]] == [ids[0]] + sorted(ids[1:])
    assert parts(diff["moved"][0]) == {"evidence": 9}
    assert all(parts(each) == {"others": -1} for each in diff["moved"][1:])
    assert compared(ws, a, b, top=3, limit=4)["moved"] == diff["moved"][:4]
    assert compared(ws, a, b, limit=0)["moved"] == []
    assert compared(ws, a, b, limit=1000, top=10**9)["churn"]["top"] == 10


def test_a_diff_says_of_each_item_what_its_movement_says(ws, rng):
    ids = filled(ws)
    a = now(ws)
    for _ in range(6):
        change_something(ws, rng, ids)
    b = now(ws)
    diff = compared(ws, a, b, limit=50)
    for each in diff["moved"]:
        alone = movement(ws, each["item"]["id"], a, until=b)
        assert (each["causes"], each["text"], each["item"]) == (alone["causes"], alone["text"], alone["item"])
        assert each["to"].items() <= alone["to"].items()
    back = compared(ws, b, a, limit=0)
    assert (back["entered_count"], back["left_count"]) == (diff["left_count"], diff["entered_count"])
    assert (back["moved_count"], back["tau"]) == (diff["moved_count"], pytest.approx(diff["tau"]))


def test_etags(ws):
    ids = filled(ws)
    a = now(ws)
    ws.push([item("0", features=rubric(1, 1, 1, 1))])
    b = now(ws)
    for path in (f"/rankings/{a}/diff/{b}", f"/items/{ids[0]}/movement?since={a}&until={b}"):
        answer = ws.get(path)
        assert a in answer.headers["ETag"] and b in answer.headers["ETag"]
        assert answer.headers["Winnow-Revision"] == b.split(".")[0]
        ws.get(path, 304, headers={"If-None-Match": answer.headers["ETag"]})


def test_what_no_ranking_reads_is_no_change(ws):
    ws.put_feature("income", sensitive=True)
    ws.put_feature("gone")
    ws.push([item("a", features={"income": 1, "gone": 1})])
    (known,) = ws.pages("/items", "items", {"external_id": "a"})
    since = now(ws)
    ws.push([item("a", features={"gone": 2})])
    assert "gone 1 → 2" in text_of(movement(ws, known["id"], since), "evidence")
    ws.push([item("a", features={"income": 2})])
    ws.delete_named("/features/gone")
    assert text_of(movement(ws, known["id"], since), "evidence").endswith("nothing of its own has changed")


def test_what_was_kept_with_another_order_is_marked(ws, database):
    ids = filled(ws)
    kept = ws.post("/rankings", 201, params={"min_revision": ws.revision()}).json()
    ws.push([item("0", features=rubric(1, 1, 1, 1))])
    b = now(ws)
    same = (compared(ws, kept["id"], b), movement(ws, ids[0], kept["id"], until=b))
    assert all("recomputed" not in side for side in (same[0]["a"], same[0]["b"], same[1]["from"], same[1]["to"]))
    tampered = "UPDATE winnow.rankings SET order_sha256 = decode(%s, 'hex') WHERE ranking_id = %s AND workspace_id = %s"
    assert database.tamper(tampered, "00" * 32, kept["id"], ws.id) == 1
    diff = compared(ws, kept["id"], b)
    assert diff["a"] == {**same[0]["a"], "recomputed": True} and diff["b"] == same[0]["b"]
    assert compared(ws, b, kept["id"])["b"]["recomputed"] is True
    move = movement(ws, ids[0], kept["id"], until=b)
    assert move["from"] == {**same[1]["from"], "recomputed": True} and move["to"] == same[1]["to"]
    database.tamper(tampered, kept["receipt"]["order_sha256"], kept["id"], ws.id)


# ---- what cannot be -------------------------------------------------------------------------------


def test_items_that_neither_knows(ws, other_ws):
    ids = filled(ws)
    since = now(ws)
    for unknown in (str(uuid.uuid4()), "no-uuid", other_ws.push([item("x")])["results"][0]["id"]):
        movement(ws, unknown, since, 404)
    # Known today, but to neither of the two.
    new = ws.push([scored("new", 9)])["results"][0]["id"]
    movement(ws, new, since, 404, until=since)
    movement(ws, ids[0], since, until=since)


@pytest.mark.parametrize("since", ["", "x", "0", "-1", "1.5e3", "12.", ".7", "1.2.3", "99999999999999999999", "1,2"])
def test_bad_since(ws, since):
    ids = filled(ws)
    answer = movement(ws, ids[0], since, 422)
    assert problem_pointers(answer) == ["/query/since"]
    answer = movement(ws, ids[0], "1", 422, until=since)
    assert problem_pointers(answer) == ["/query/until"]


def test_a_revision_beyond_the_head(ws):
    ids = filled(ws)
    head = ws.revision()
    answer = movement(ws, ids[0], str(head + 1), 422)
    assert problem_type(answer) == "revision-beyond-head" and problem_pointers(answer) == ["/query/since"]
    movement(ws, ids[0], str(head))
    minute = int(now(ws).split(".")[1])
    for never in (f"{head + 1}.{minute}", f"{head}.{minute + 100000}", f"{head}.1"):
        assert problem_pointers(movement(ws, ids[0], never, 422)) == ["/query/since"]
        compared(ws, never, now(ws), 404)
        compared(ws, now(ws), never, 404)


def test_unknown_and_missing_parameters(ws):
    ids = filled(ws)
    assert problem_pointers(ws.get(f"/items/{ids[0]}/movement", 422)) == ["/query/since"]
    assert problem_pointers(movement(ws, ids[0], "1", 422, limit=3)) == ["/query/limit"]
    a = now(ws)
    for params in ({"limit": -1}, {"top": 0}, {"limit": "x"}, {"since": a}):
        answer = ws.get(f"/rankings/{a}/diff/{a}", 422, params=params)
        assert problem_pointers(answer) == [f"/query/{next(iter(params))}"]


# ---- the client -----------------------------------------------------------------------------------


def winnow(ws, *args, expect=0):
    environment = daemons.clean_environment(WINNOW_URL=ws.url, WINNOW_TOKEN=ws.secret, WINNOW_WORKSPACE=ws.name)
    done = subprocess.run([places.winnow(), *args], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, f"{args}: {done.stdout}\n{done.stderr}"
    return done


def test_the_client_tells_why(ws):
    ids = filled(ws)
    a = now(ws)
    ws.push([item("3", features=rubric(1, 1, 1, 1)), scored("new", 24)])
    b = now(ws)
    told = winnow(ws, "why-moved", "test/3", "--since", a, "--wide").stdout
    assert "4 → 11, 7 places down: evidence +6, others +1." in told
    assert f"rank 4, score 21 (next_sprint), ranking {a}" in told and "user_impact" in told
    as_json = json.loads(winnow(ws, "why-moved", ids[3], "--since", a, "--until", b, "--json").stdout)
    assert as_json == movement(ws, ids[3], a, until=b)
    rows = [line.split("\t") for line in winnow(ws, "--plain", "diff", a, b, "--limit", "1").stdout.splitlines()]
    assert [row[:4] for row in rows] == [["11", "4", "+7", "3"], ["2", "-", "in", "new"]]
    assert "10 moved" not in winnow(ws, "diff", a, a).stderr
    winnow(ws, "why-moved", "test/3", expect=2)
    winnow(ws, "why-moved", "test/3", "--since", "x", expect=1)
    winnow(ws, "diff", a, "1.1", expect=1)
