"""
No change of a status escapes its gate, and no limit is passed, whichever way items are written: random writes
by every way in, then the whole history is judged by a few lines that know nothing of how it was written.
"""

import concurrent.futures
import os
import random

import pytest

from support.workspace import item
from test_sources import alert, webhook

SEEDS = [int(os.environ["WINNOW_TEST_SEED"])] if "WINNOW_TEST_SEED" in os.environ else [random.randrange(1 << 32)]
STREAMS = ("feature_request", "engineering_bug", "incident")
STATUSES = {"open": "todo", "doing": "active", "trial": "active", "done": "done", "dropped": "dropped"}
LIMITS = {"feature_request": 3, "engineering_bug": 4, "incident": 2}
PER_TEAM = 2
CONTRACT = {
    "name": "everything is enforced",
    "mirrors": [],
    "limits": [{"id": "team", "at_most": PER_TEAM, "per": "team"}],
    "streams": [
        {
            "stream": stream,
            "limits": [{"id": stream, "at_most": most}],
            "ready": {
                "fields": ["estimate"],
                "gates": [{"id": "metric", "requires": {"feature": "success_metric", "present": True}, "reason": "r"}],
            },
            "done": {"fields": ["features.acceptance_criteria"]},
        }
        for stream, most in LIMITS.items()
    ],
}


def feature(one, name):
    return one["features"].get(name, {}).get("value") is not None


def class_of(one):
    return STATUSES[one["status"]] if one else None


def guarded(one):
    """What of the contract's gates an item is under: (stream, class)."""
    return (one["stream"], class_of(one)) if class_of(one) in ("active", "done") else None


def is_fit(one):
    if class_of(one) == "active":
        return "estimate" in one and feature(one, "success_metric")
    return feature(one, "acceptance_criteria")


class Writer:
    """Writes at random; what is refused is refused."""

    def __init__(self, ws, seed):
        self.ws, self.random = ws, random.Random(seed)
        self.ids, self.patched = {}, set()

    def an_item(self, source="jira"):
        pick = self.random
        one = item(f"P-{pick.randrange(12)}", source=source, stream=pick.choice(STREAMS))
        if pick.random() < 0.8:
            one["status"] = pick.choice(list(STATUSES))
        for key, value in (("estimate", pick.choice((1, 2, None))), ("team", pick.choice(("red", "blue", None)))):
            if pick.random() < 0.6:
                one[key] = value
        one["features"] = {
            name: pick.choice(("said", "said", None))
            for name in ("success_metric", "acceptance_criteria")
            if pick.random() < 0.6
        }
        return one

    def keep(self, answer):
        for result in answer.json().get("results", []):
            if "id" in result and result["outcome"] != "rejected":
                self.ids[result["external_id"], result["source"]] = result["id"]

    def post_one(self):
        self.keep(self.ws.post("/items", (200, 207), json=self.an_item()))

    def post_many(self):
        items = [self.an_item() for _ in range(self.random.randrange(2, 8))]
        mode = self.random.choice(("partial", "atomic"))
        answer = self.ws.post("/items", (200, 207, 422), json=items, params={"mode": mode})
        if answer.status_code != 422:
            self.keep(answer)

    def post_lines(self):
        lines = [self.an_item() for _ in range(self.random.randrange(2, 8))]
        self.ws.push_lines(lines, expect=(200, 207))

    def post_together(self):
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            items = [self.an_item() for _ in range(6)]
            for answer in pool.map(lambda one: self.ws.post("/items", (200, 207), json=one), items):
                self.keep(answer)

    def rehearse(self):
        before = self.ws.revision()
        items = [self.an_item() for _ in range(4)]
        self.ws.post("/items", (200, 207), json=items, params={"dry_run": "true"})
        assert self.ws.revision() == before

    def webhook(self):
        status = self.random.choice(("firing", "resolved"))
        payload = webhook(alert(f"A{self.random.randrange(3)}", status=status, endsAt="2026-01-02T00:00:00Z"))
        self.ws.post("/sources/alertmanager/items", (200, 207), json=payload)

    def features(self):
        if self.ids:
            item_id = self.random.choice(list(self.ids.values()))
            values = {"success_metric": self.random.choice(("said", None))}
            self.ws.post("/items:features", (200, 207), json={"items": [{"id": item_id, "features": values}]})

    def patch(self):
        if self.ids:
            item_id = self.random.choice(list(self.ids.values()))
            one = self.an_item()
            fields = {key: one[key] for key in ("status", "stream", "team", "features") if key in one}
            some = dict(self.random.sample(sorted(fields.items()), self.random.randrange(1, len(fields) + 1)))
            etag = self.ws.etag(f"/items/{item_id}")
            answer = self.ws.patch(f"/items/{item_id}", (200, 409), json=some, headers={"If-Match": etag})
            if answer.status_code == 200:
                self.patched.add(item_id)

    def withdraw(self):
        if self.patched:
            path = f"/items/{self.random.choice(sorted(self.patched))}"
            self.ws.delete(f"{path}/patch", (200, 409), headers={"If-Match": self.ws.etag(path)})

    def step(self):
        self.random.choice(
            [
                self.post_one,
                self.post_many,
                self.post_lines,
                self.post_together,
                self.rehearse,
                self.webhook,
                self.features,
                self.patch,
                self.patch,
                self.withdraw,
            ]
        )()


def history(ws):
    """All versions of all items, by revision: lists of (before or None, after)."""
    changes = {}
    for one in ws.pages("/items", "items", {}, limit=200):
        versions = list(ws.pages(f"/items/{one['id']}/versions", "versions", {}, limit=200))
        versions.sort(key=lambda version: version["revision"])
        for before, after in zip([None] + versions, versions):
            changes.setdefault(after["revision"], []).append((before, after))
    return [changes[revision] for revision in sorted(changes)]


def loads(flying):
    counts = {}
    for one in flying.values():
        for group in [("stream", one["stream"])] + ([("team", one["team"])] if "team" in one else []):
            counts[group] = counts.get(group, 0) + 1
    return counts


def most_of(group):
    return PER_TEAM if group[0] == "team" else LIMITS[group[1]]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_transition_escapes(ws, seed):
    print(f"WINNOW_TEST_SEED={seed}")
    ws.put_settings(statuses=[{"name": name, "class": value} for name, value in STATUSES.items()])
    ws.agree(CONTRACT)
    writer = Writer(ws, seed)
    for _ in range(150):
        writer.step()
    flying, entered, finished = {}, 0, 0
    for changes in history(ws):
        met = loads(flying)
        for before, after in changes:
            if guarded(after) and (not before or guarded(before) != guarded(after)):
                assert is_fit(after), (before, after)
                entered += class_of(after) == "active"
                finished += class_of(after) == "done"
            if class_of(after) == "active":
                flying[after["id"]] = after
            else:
                flying.pop(after["id"], None)
        for group, load in loads(flying).items():
            assert load <= max(most_of(group), met.get(group, 0)), (group, changes)
    assert entered >= 5 and finished >= 1, "the writes were too few to show anything"
    assert ws.verify()["ok"]
