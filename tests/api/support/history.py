"""
Whether a history (support/workload.py) is one that the sequential model (support/model.py) could have had: the audit
log is the serial order, every answer is what the model gives at its revision, and whoever was answered before another
began has the smaller revision. Gives the violations; each has a name that says what kind it is:

    broken-log       revisions are not one after the other, or a record does not follow the one before
    stranger         a record that nobody asked for
    lost-write       an acknowledged change that the log does not have, or has not at the revision that was told
    doubled-write    a request with two records
    doubled-key      an Idempotency-Key whose request was executed twice
    replay           sent again, it was answered otherwise than the first time
    swapped-order    a write is before one that was acknowledged before it began
    wrong-answer     a write was answered otherwise than the model does
    stale-read       a read shows less than it had to
    early-read       a read shows what nobody had asked for yet
    wrong-read       a read differs from the model at its revision
"""

import bisect
import collections

from .model import State, plain

WRITES = ("upsert", "patch", "override", "revoke")
ACTIONS = {
    "upsert": "items.upsert",
    "patch": "item.patch",
    "override": "override.create",
    "revoke": "override.revoke",
}
COUNTS = ("created", "updated", "unchanged", "stale", "rejected")
IN_FLIGHT = "idempotency-key-in-flight"

Violation = collections.namedtuple("Violation", "name text")


def is_done(op):
    return op["status"] is not None and op["status"] < 300


def is_unknown(op):
    """It may have been done or not: no answer, or none that says so."""
    return op["status"] is None or op["status"] >= 500


class Timeline:
    """The greatest revision of those whose time is before a moment."""

    def __init__(self, points, least):
        self.times, self.greatest = [], [least]
        for time, revision in sorted(points):
            self.times.append(time)
            self.greatest.append(max(self.greatest[-1], revision))

    def before(self, moment):
        return self.greatest[bisect.bisect_left(self.times, moment)]


class Checker:
    def __init__(self, history):
        self.history, self.found = history, []
        self.ops, self.records = history["ops"], history["records"]
        self.first = history["first_revision"]
        self.by_request = {op["request_id"]: op for op in self.ops}
        self.states = {self.first: State(history["workspace"])}
        self.record_of, self.begins = {}, {}

    def violation(self, name, op, text):
        who = f"{op['kind']} {op['n']} of {op['client']} at revision {op['revision']}: " if op else ""
        self.found.append(Violation(name, who + text))

    def check(self):
        self.check_log()
        self.adopt_replays()
        self.check_keys()
        self.replay_writes()
        done = [(op["end"], self.record_of[op["request_id"]]["revision"]) for op in self.ops if self.is_executed(op)]
        self.acknowledged = Timeline(done, self.first)
        self.begun = Timeline([(begin, revision) for revision, begin in self.begins.items()], self.first)
        for op in self.ops:
            if op["kind"] in WRITES:
                self.check_order(op)
                self.check_unchanged(op)
            else:
                self.check_read(op)
        self.check_each_daemon_goes_on()
        self.check_versions()
        return self.found

    def is_executed(self, op):
        return is_done(op) and not op["replayed"] and op["request_id"] in self.record_of

    # ---- the log ----

    def check_log(self):
        if not self.history["verified"]:
            self.violation("broken-log", None, "the service itself says so")
        before = None
        for offset, record in enumerate(self.records, 1):
            if record["revision"] != self.first + offset:
                self.violation("broken-log", None, f"revision {record['revision']} stands at place {offset}")
                return
            if before and record["prev_hash"] != before["hash"]:
                self.violation("broken-log", None, f"revision {record['revision']} does not follow the one before")
            before = record
            op = self.by_request.get(record["request_id"])
            if not op or ACTIONS.get(op["kind"]) != record["action"]:
                self.violation("stranger", None, f"revision {record['revision']}: {record['action']}")
            elif record["request_id"] in self.record_of:
                self.violation("doubled-write", op, f"has another record at revision {record['revision']}")
            else:
                self.record_of[record["request_id"]] = record
                self.begins[record["revision"]] = op["begin"]

    # ---- keys ----

    def adopt_replays(self):
        """Of a request whose answer was lost the first replay tells what it was."""
        self.by_key = collections.defaultdict(list)
        for op in self.ops:
            if op["key"]:
                self.by_key[op["key"]].append(op)
        self.answer_of = {op["request_id"]: op for op in self.ops if is_done(op) and not op["replayed"]}
        for ops in self.by_key.values():
            told = [op for op in ops if is_done(op) and op["replayed"]]
            for op in ops:
                if told and op["request_id"] in self.record_of and is_unknown(op):
                    self.answer_of[op["request_id"]] = told[0]

    def check_keys(self):
        for ops in self.by_key.values():
            executed = [op for op in ops if is_done(op) and not op["replayed"]]
            recorded = [op for op in ops if op["request_id"] in self.record_of]
            if len(executed) > 1 or len(recorded) > 1:
                self.violation("doubled-key", ops[0], f"{len(executed)} answers, {len(recorded)} records")
            first = [self.answer_of[op["request_id"]] for op in ops if op["request_id"] in self.answer_of]
            for op in ops:
                if op["answer"] == IN_FLIGHT:
                    self.check_in_flight(op, ops)
                if is_done(op) and op["replayed"]:
                    self.check_replay(op, ops, first)

    def check_in_flight(self, op, ops):
        others = [o for o in ops if o is not op and o["begin"] < op["end"]]
        if not any(o["end"] > op["begin"] or o["status"] is None for o in others):
            self.violation("wrong-answer", op, "no other request with its key was under way")

    def check_replay(self, op, ops, first):
        if not first:
            if not any(is_unknown(other) for other in ops):
                self.violation("replay", op, "of nothing")
            return
        for name in ("status", "revision", "head", "answer"):
            if op[name] != first[0][name]:
                self.violation("replay", op, f"{name} is {op[name]}, first it was {first[0][name]}")

    # ---- writes ----

    def replay_writes(self):
        """The model goes through the log; each change is answered as it says."""
        state = self.states[self.first]
        for record in self.records:
            op = self.by_request.get(record["request_id"])
            if op and self.record_of.get(record["request_id"]) is record:
                request = op
                if op["kind"] == "override":
                    made = {**op["request"], "id": record["subject"].removeprefix("override:")}
                    request = {**op, "request": made}
                after, told = state.apply(request, record["revision"])
                if after is state:
                    self.violation("wrong-answer", op, f"took revision {record['revision']} for no change")
                answered = self.answer_of.get(op["request_id"])
                if answered:
                    self.check_change(answered, record, state, after, told)
                elif not is_unknown(op):
                    self.violation("wrong-answer", op, f"{op['status']}, though revision {record['revision']} is its")
                state = after
            self.states[record["revision"]] = state

    def check_change(self, op, record, before, after, told):
        revision = record["revision"]
        if op["revision"] != revision or op["head"] != f"{revision}:{record['hash']}":
            self.violation("lost-write", op, f"it is revision {revision} in the log")
            return
        self.check_told(op, self.foretold(op, before, after, told, revision))
        if op["kind"] == "upsert" and record["detail"] != {name: op["answer"][name] for name in COUNTS}:
            self.violation("wrong-answer", op, f"the record says {record['detail']}")
        if op["kind"] == "override":
            self.check_standing(op, revision)

    def foretold(self, op, before, after, told, revision):
        """The answer that the model gives, in the form in which it was kept."""
        if told is None:
            return None
        if op["kind"] == "upsert":
            return self.foretold_upsert(op, after, told, revision)
        if op["kind"] == "patch":
            return told
        kind = "create" if op["kind"] == "override" else "revoke"
        return {
            "external_id": told.external_id,
            "kind": told.kind,
            "delta": told.delta or None,
            "made_revision": told.made,
            "state": "in_force" if kind == "create" else "revoked",
            "ended_revision": told.ended or None,
        }

    def foretold_upsert(self, op, after, outcomes, revision):
        results = []
        for one, (outcome, at) in zip(op["request"], outcomes):
            results.append([outcome, after.id_of(one["external_id"]) if at else None, at])
        said = [outcome for outcome, _ in outcomes]
        return {**{n: said.count(n) for n in COUNTS}, "revision": revision, "results": results}

    def check_told(self, op, foretold):
        said = op["answer"]
        if isinstance(said, dict) and foretold is not None:
            said = {name: said.get(name) for name in foretold}
        if said != plain(foretold):
            self.violation("wrong-answer", op, f"{said}, the model says {foretold}")

    def check_standing(self, op, revision):
        """Where its item stood, by some ranking that was new enough."""
        stood = (op["answer"]["rank_before"], op["answer"]["band_before"])
        span = range(max(op["request"]["min_revision"], self.first), revision)
        if not any(self.states[r].standing(op["request"]["external_id"]) == stood for r in span):
            self.violation("wrong-answer", op, f"stood at {stood} in none of {span}")

    def check_order(self, op):
        if not is_done(op) or op["replayed"]:
            return
        least = self.acknowledged.before(op["begin"])
        own = self.record_of.get(op["request_id"])
        if own and own["revision"] <= least:
            self.violation("swapped-order", op, f"revision {least} was acknowledged before it began")
        elif not own and op["revision"] < least:
            self.violation("stale-read", op, f"changed nothing, but {least} was acknowledged before it began")

    def check_unchanged(self, op):
        """Without a record: the model must have found nothing to change, or refuse it."""
        if op["replayed"] or is_unknown(op) or op["request_id"] in self.record_of or op["answer"] == IN_FLIGHT:
            return
        if is_done(op):
            state = self.states.get(op["revision"])
            after, told = state.apply(op, op["revision"]) if state else (None, None)
            if not state or after is not state or told is None:
                self.violation("lost-write", op, "is in no record")
            else:
                self.check_told(op, self.foretold(op, state, after, told, op["revision"]))
            return
        span = range(self.acknowledged.before(op["begin"]), self.begun.before(op["end"]) + 1)
        if not any(self.refuses(self.states[r], op, r) for r in span if r in self.states):
            self.violation("wrong-answer", op, f"{op['status']} {op['answer']}, which no revision of {span} gives")

    @staticmethod
    def refuses(state, op, revision):
        wanted = {"patch": 412, "override": 409, "revoke": 409}.get(op["kind"])
        return op["status"] == wanted and state.apply(op, revision)[1] is None

    # ---- reads ----

    def check_read(self, op):
        if is_unknown(op):
            return
        if not is_done(op):
            self.violation("wrong-read", op, f"{op['status']} {op['answer']}")
            return
        asked, revision = op["request"], op["request"].get("at", op["revision"])
        # Items are read from the database, where all that was acknowledged is. The queue may lag.
        least = self.first if op["kind"] == "queue" else self.acknowledged.before(op["begin"])
        if op["revision"] < max(asked.get("min_revision", 0), asked.get("at", 0), 0 if "at" in asked else least):
            self.violation("stale-read", op, f"asked for {asked}, and {least} was acknowledged")
        if self.begins.get(revision, 0) > op["end"]:
            self.violation("early-read", op, "nobody had begun to write that")
        state = self.states.get(revision)
        if not state:
            self.violation("wrong-read", op, "there is no such revision")
            return
        foretold = plain(self.foretold_read(op["kind"], asked, state, revision))
        if plain(op["answer"]) != foretold:
            self.violation("wrong-read", op, f"{op['answer']}, the model says {foretold}")

    @staticmethod
    def foretold_read(kind, asked, state, revision):
        if kind == "item":
            return state.items[asked["external_id"]].shown()
        if kind == "list":
            return {name: one.shown() for name, one in state.items.items()}
        return {"entries": state.queue(), "excluded": state.excluded(), "revision": revision}

    def check_each_daemon_goes_on(self):
        """The queue of a daemon never goes back."""
        polls = [op for op in self.ops if op["kind"] == "queue" and is_done(op) and "at" not in op["request"]]
        for daemon in {op["daemon"] for op in polls}:
            mine = [op for op in polls if op["daemon"] == daemon]
            seen = Timeline([(op["end"], op["revision"]) for op in mine], self.first)
            for op in mine:
                if op["revision"] < seen.before(op["begin"]):
                    self.violation("stale-read", op, f"the same daemon had shown {seen.before(op['begin'])}")

    def check_versions(self):
        versions = {name: set() for name in self.history["versions"]}
        for state in self.states.values():
            for name, one in state.items.items():
                versions.setdefault(name, set()).add(one.revision)
        for name, revisions in self.history["versions"].items():
            if sorted(revisions) != sorted(versions[name]):
                self.violation("wrong-read", None, f"{name} has the versions {sorted(revisions)}")
        if set(versions) != set(self.history["versions"]):
            self.violation("wrong-read", None, "there are other items")


def check(history):
    return Checker(history).check()
