"""
What a workspace is, without concurrency: items of one source under the default rubric, what people patched, boosts and
exclusions. Written from the documents alone and in the plainest way, so that answers of the service can be held against
it. A state is a value: `apply` gives the next one and what the answer should say.
"""

import dataclasses
import json
import uuid

from .workspace import RUBRIC

SOURCE = "test"
WEIGHTS = dict(zip(RUBRIC, (3, 2, 2, 1)))
PATCHABLE = ("team", "user_impact")  # of what this model knows
BANDS = (("next_sprint", 18), ("ready", 12), ("icebox", float("-inf")))


def number(value):
    """As a column of doubles has it: 3 and 3.0 are the same."""
    return None if value is None else float(value)


@dataclasses.dataclass(frozen=True)
class Item:
    first: int
    revision: int
    version: int  # its source_version
    title: str
    status: str
    features: tuple  # the source's, in the rubric's order
    patch: tuple = ()  # pairs of a name and a value

    def feature(self, name):
        return dict(self.patch).get(name, self.features[RUBRIC.index(name)])

    def shown(self):
        """What a reader is shown of it."""
        return {
            "revision": self.revision,
            "first_revision": self.first,
            "source_version": str(self.version),
            "title": self.title,
            "status": self.status,
            "team": dict(self.patch).get("team"),
            "features": {name: number(self.feature(name)) for name in RUBRIC},
            "patched": sorted(name for name, _ in self.patch),
        }


def shown_by_service(an_item):
    """The same of an answer's item."""
    features = an_item["features"]
    patched = set(an_item.get("patched", {})) - {"features"}
    return {
        **{name: an_item[name] for name in ("revision", "first_revision", "source_version", "title", "status")},
        "team": an_item.get("team"),
        "features": {name: number(features[name]["value"]) for name in RUBRIC},
        "patched": sorted(patched | {name for name in features if features[name].get("patched")}),
    }


@dataclasses.dataclass(frozen=True)
class Override:
    external_id: str
    kind: str
    delta: int
    made: int
    ended: int = 0


class State:
    """At one revision; never changed."""

    def __init__(self, workspace, items=None, overrides=None):
        self.workspace = uuid.UUID(str(workspace))
        self.items, self.overrides = items or {}, overrides or {}
        self._queue = None

    def id_of(self, external_id):
        return str(uuid.uuid5(self.workspace, f"{SOURCE}\0{external_id}"))

    # ---- writes: (the next state, what is answered); the same state where nothing has changed ----

    def apply(self, op, revision):
        return getattr(self, f"apply_{op['kind']}")(op["request"], revision)

    def apply_upsert(self, posted, revision):
        """Item by item the outcome and the revision that the item was at then."""
        items, outcomes = dict(self.items), []
        for one in posted:
            if "features" not in one:
                outcomes.append(("rejected", None))
                continue
            old, outcome = items.get(one["external_id"]), "updated"
            features = tuple(one["features"][name] for name in RUBRIC)
            said = (int(one["source_version"]), one["title"], one["status"], features)
            if old is None:
                new, outcome = Item(revision, revision, *said), "created"
            elif said[0] < old.version:
                new, outcome = old, "stale"
            elif said == (old.version, old.title, old.status, old.features):
                new, outcome = old, "unchanged"
            else:
                new = Item(old.first, revision, *said, old.patch)
            items[one["external_id"]] = new
            outcomes.append((outcome, new.revision))
        changed = any(outcome in ("created", "updated") for outcome, _ in outcomes)
        return (State(self.workspace, items, self.overrides) if changed else self), outcomes

    def apply_patch(self, request, revision):
        """The item as it is shown; None where the precondition fails."""
        old = self.items[request["external_id"]]
        if old.revision != request["if_match"]:
            return self, None
        patch = tuple(sorted({**dict(old.patch), **request["changes"]}.items()))
        if patch == old.patch:
            return self, old.shown()
        new = dataclasses.replace(old, revision=revision, patch=patch)
        return State(self.workspace, {**self.items, request["external_id"]: new}, self.overrides), new.shown()

    def apply_override(self, request, revision):
        """None where the item is finished. Its id is the service's own choice, and comes with the request."""
        if self.items[request["external_id"]].status == "done":
            return self, None
        made = Override(request["external_id"], request["override"], request.get("delta", 0), revision)
        return State(self.workspace, self.items, {**self.overrides, request.get("id"): made}), made

    def apply_revoke(self, request, revision):
        """None where it has ended already."""
        old = self.overrides.get(request["id"])
        if old is None or old.ended:
            return self, None
        ended = dataclasses.replace(old, ended=revision)
        return State(self.workspace, self.items, {**self.overrides, request["id"]: ended}), ended

    # ---- reads ----

    def queue(self):
        """(external id, score, band, title, team), from rank 1 on."""
        if self._queue is None:
            self._queue = self.make_queue()
        return self._queue

    def make_queue(self):
        excluded, boosts, rows = set(), {}, []
        for one in self.overrides.values():
            if one.ended:
                continue
            if one.kind == "exclude":
                excluded.add(one.external_id)
            else:
                boosts[one.external_id] = boosts.get(one.external_id, 0) + one.delta
        for name, one in self.items.items():
            if one.status == "done" or name in excluded:
                continue
            score = sum(WEIGHTS[f] * one.feature(f) for f in RUBRIC) + boosts.get(name, 0)
            band = next(i for i, (_, least) in enumerate(BANDS) if score >= least)
            team = dict(one.patch).get("team")
            rows.append(((band, -score, one.first, self.id_of(name)), (name, score, BANDS[band][0], one.title, team)))
        return [row for _, row in sorted(rows)]

    def excluded(self):
        out = {one.external_id for one in self.overrides.values() if one.kind == "exclude" and not one.ended}
        return sum(1 for name in out if self.items[name].status != "done")

    def standing(self, external_id):
        """Rank and band, or two times None."""
        for rank, row in enumerate(self.queue(), 1):
            if row[0] == external_id:
                return rank, row[2]
        return None, None


def queue_by_service(page):
    return [(e["external_id"], e["score"], e["band"], e["title"], e.get("team")) for e in page["entries"]]


def plain(value):
    """Through JSON, as a history that was kept in a file has been: tuples are lists."""
    return json.loads(json.dumps(value))
