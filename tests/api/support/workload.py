"""
A random workload by many clients on several daemons, and what they saw of it: a history. It is plain JSON, so that it
can be kept, looked at, and changed to see whether the checker (support/history.py) notices.
"""

import datetime
import http.client
import json
import random
import threading
import time
import urllib.parse

from .model import RUBRIC, SOURCE, queue_by_service, shown_by_service
from .workspace import item

NAMES = [f"i{n}" for n in range(12)]
LATER = NAMES + [f"later{n}" for n in range(12)]  # those are made on the way
KINDS = {"upsert": 8, "batch": 4, "patch": 6, "override": 3, "revoke": 3, "item": 8, "list": 2, "queue": 8, "past": 2}
SENT_AGAIN = ("upsert", "batch", "override", "revoke")
ANSWER_S = 30


class History:
    """What all clients have seen; also what they tell each other."""

    def __init__(self, ws, first_revision):
        self.workspace, self.prefix, self.secret = ws.id, ws.prefix, ws.secret
        self.lock, self.ops, self.acknowledged = threading.Lock(), [], first_revision
        self.etags, self.overrides = {}, []  # what can be patched and revoked
        self.first_revision = first_revision

    def number(self):
        with self.lock:
            self.ops.append(None)
            return len(self.ops) - 1

    def put(self, op):
        with self.lock:
            self.ops[op["n"]] = op
            if op["kind"] in ("upsert", "patch", "override", "revoke") and op["revision"]:
                self.acknowledged = max(self.acknowledged, op["revision"])

    def told(self, ws):
        """Everything as JSON, with what the log and the items' versions say in the end."""
        ids = {one["external_id"]: one["id"] for one in ws.pages("/items", "items", limit=100)}
        return {
            "workspace": self.workspace,
            "first_revision": self.first_revision,
            "ops": [op for op in self.ops if op],
            "records": ws.records(after=self.first_revision),
            "verified": ws.verify()["ok"],
            "versions": {
                name: [one["revision"] for one in ws.pages(f"/items/{at}/versions", "versions", limit=100)]
                for name, at in ids.items()
            },
        }


class Caller:
    """One connection to each daemon; records what goes over it."""

    def __init__(self, history, daemons, name):
        self.history, self.daemons, self.name, self.connections = history, daemons, name, {}

    def send(self, daemon, method, path, body, headers):
        """(status, headers, JSON) or (None, {}, None) where no answer came."""
        connection = self.connections.get(daemon)
        if not connection:
            connection = http.client.HTTPConnection("127.0.0.1", self.daemons[daemon].port, timeout=ANSWER_S)
            connection.connect()  # refused: nothing was sent, the caller takes another daemon
            self.connections[daemon] = connection
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, self.history.prefix + path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None
        except (OSError, http.client.HTTPException):
            connection.close()
            del self.connections[daemon]
            return None, {}, None

    def call(self, daemon, kind, request, method, path, body=None, headers=None, key=None):
        """One operation; False when the daemon cannot be reached."""
        op = {"n": self.history.number(), "client": self.name, "daemon": daemon, "kind": kind, "request": request}
        op.update(key=key, request_id=f"op-{op['n']}", begin=time.monotonic_ns())
        headers = {
            "Authorization": f"Bearer {self.history.secret}",
            "Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json",
            "X-Request-Id": op["request_id"],
            **(headers or {}),
            **({"Idempotency-Key": key} if key else {}),
        }
        try:
            status, told, answer = self.send(daemon, method, path, body, headers)
        except OSError:
            return None
        revision = told.get("Winnow-Revision")
        op.update(end=time.monotonic_ns(), status=status, revision=int(revision) if revision else None)
        op.update(head=told.get("Winnow-Head"), replayed=told.get("Idempotent-Replayed") == "true")
        op["answer"] = self.normal(kind, status, answer)
        self.learn(op, answer)
        self.history.put(op)
        return op

    @staticmethod
    def normal(kind, status, answer):
        """What the model can foretell of an answer."""
        if status is None or status >= 400:
            return answer and answer["type"].rsplit("/", 1)[1]
        if kind == "upsert":
            counts = {n: answer[n] for n in ("created", "updated", "unchanged", "stale", "rejected", "revision")}
            results = [[one["outcome"], one.get("id"), one.get("revision")] for one in answer["results"]]
            return {**counts, "results": results}
        if kind in ("patch", "item"):
            return shown_by_service(answer)
        if kind == "list":
            return {one["external_id"]: shown_by_service(one) for one in answer["items"]}
        if kind == "queue":
            return {"entries": queue_by_service(answer), "excluded": answer["excluded"], "revision": answer["revision"]}
        kept = "id", "kind", "delta", "made_revision", "rank_before", "band_before", "state", "ended_revision"
        return {"external_id": answer["item"]["external_id"], **{name: answer.get(name) for name in kept}}

    def learn(self, op, answer):
        if op["status"] is None or op["status"] >= 300:
            return
        with self.history.lock:
            if op["kind"] in ("item", "patch") and "at" not in op["request"]:
                name = op["request"]["external_id"]
                self.history.etags[name] = (answer["id"], answer["revision"])
            if op["kind"] == "override":
                self.history.overrides.append(answer["id"])


class Client(threading.Thread):
    def __init__(self, history, daemons, name, count, seed):
        super().__init__()
        self.history, self.daemons, self.label, self.count = history, daemons, name, count
        self.rng, self.caller, self.fault = random.Random(f"{seed} {name}"), Caller(history, daemons, name), None
        self.twin = Caller(history, daemons, f"{name} again")

    def run(self):
        try:
            for _ in range(self.count):
                (kind,) = self.rng.choices(list(KINDS), list(KINDS.values()))
                arguments = getattr(self, f"make_{kind}")()
                if arguments:
                    self.do(kind in SENT_AGAIN and self.rng.random() < 0.4, arguments)
        except Exception as fault:  # told by the main thread
            self.fault = fault

    def somewhere(self):
        return self.rng.randrange(len(self.daemons))

    def reach(self, caller, arguments, **more):
        """By one daemon or another; while none is there it tries again."""
        at, deadline = self.somewhere(), time.monotonic() + ANSWER_S
        while (op := caller.call(at, *arguments, **more)) is None:
            assert time.monotonic() < deadline, "no daemon"
            at = (at + 1) % len(self.daemons)
        return op

    def do(self, again, arguments):
        if not again:
            self.reach(self.caller, arguments)
            return
        key, twin = f"{self.label}-{self.rng.getrandbits(64):x}", None
        if self.rng.random() < 0.5:  # at the same time, perhaps by the other daemon
            twin = threading.Thread(target=self.reach, args=(self.twin, arguments), kwargs={"key": key})
            twin.start()
        for _ in range(self.rng.randrange(1, 4)):
            self.reach(self.caller, arguments, key=key)
        if twin:
            twin.join()

    # ---- operations: what is recorded, and the request ----

    def one_item(self):
        names = NAMES if self.rng.random() < 0.8 else LATER
        posted = item(
            self.rng.choice(names),
            source=SOURCE,
            title=f"Title {self.rng.randrange(3)}",
            status="done" if self.rng.random() < 0.1 else "open",
            source_version=str(self.history.acknowledged // 8 + self.rng.randrange(3)),
            features={name: self.rng.randrange(1, 4) for name in RUBRIC},
        )
        return posted

    def make_upsert(self):
        posted = self.one_item()
        return "upsert", [posted], "POST", "/items", posted

    def make_batch(self):
        posted = [self.one_item() for _ in range(self.rng.randrange(2, 7))]
        if self.rng.random() < 0.2:
            bad = {name: value for name, value in self.one_item().items() if name != "features"}
            posted.insert(self.rng.randrange(len(posted)), {**bad, "stream": "no such stream"})
        return "upsert", posted, "POST", "/items", posted

    def make_patch(self):
        with self.history.lock:
            known = sorted(self.history.etags.items())
        if not known:
            return None
        name, (item_id, revision) = self.rng.choice(known)
        if self.rng.random() < 0.5:
            changes = {"team": f"team {self.rng.randrange(2)}"}
        else:
            changes = {"user_impact": self.rng.randrange(1, 4)}
        body = {"features": changes} if "user_impact" in changes else changes
        request = {"external_id": name, "if_match": revision, "changes": changes}
        return "patch", request, "PATCH", f"/items/{item_id}", body, {"If-Match": f'"r{revision}-s"'}

    def make_override(self):
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7)
        name, kind = self.rng.choice(NAMES), self.rng.choice(("boost", "boost", "exclude"))
        body = {"item": {"source": SOURCE, "external_id": name}, "kind": kind, "expires_at": expires.isoformat()}
        request = {"external_id": name, "override": kind, "min_revision": self.history.acknowledged}
        if kind == "boost":
            request["delta"] = body["delta"] = self.rng.choice((-6, -3, 2, 5))
        body["justification"] = "Promised to a customer for Friday."
        return "override", request, "POST", f"/overrides?min_revision={request['min_revision']}", body

    def make_revoke(self):
        with self.history.lock:
            known = list(self.history.overrides)
        if not known:
            return None
        override = self.rng.choice(known[-4:])
        return "revoke", {"id": override}, "POST", f"/overrides/{override}:revoke", {}

    def asked(self):
        """Some reads want what has been acknowledged, to whomever."""
        return {"min_revision": self.history.acknowledged} if self.rng.random() < 0.5 else {}

    def make_item(self):
        with self.history.lock:
            known = sorted(self.history.etags.items())
        if not known:
            return self.make_list()
        name, (item_id, _) = self.rng.choice(known)
        asked = self.asked()
        query = f"?{urllib.parse.urlencode(asked)}" if asked else ""
        return "item", {"external_id": name, **asked}, "GET", f"/items/{item_id}{query}"

    def make_list(self):
        return "list", {}, "GET", "/items?limit=100"

    def make_queue(self):
        asked = self.asked()
        return "queue", asked, "GET", f"/queue?{urllib.parse.urlencode({'limit': 100, **asked})}"

    def make_past(self):
        """Of the queue, or of an item, as it was at a revision."""
        first = self.history.first_revision + 1  # the items that every history begins with
        at = self.rng.randrange(first, max(first, self.history.acknowledged) + 1)
        with self.history.lock:
            known = sorted((n, i) for n, (i, _) in self.history.etags.items() if n in NAMES)
        if known and self.rng.random() < 0.7:
            name, item_id = self.rng.choice(known)
            return "item", {"external_id": name, "at": at}, "GET", f"/items/{item_id}?revision={at}"
        return "queue", {"at": at}, "GET", f"/queue?limit=100&revision={at}"


def run(ws, daemons, clients, count, seed, halfway=None):
    """The history of `clients` that do `count` operations each; halfway(): called by the main thread meanwhile."""
    history = History(ws, ws.revision())
    first = Client(history, daemons, "first", 0, seed)
    posted = [{**first.one_item(), "external_id": name} for name in NAMES]
    assert first.caller.call(0, "upsert", posted, "POST", "/items", posted)["status"] == 200
    first.caller.call(0, "list", {}, "GET", "/items?limit=100")
    for one in ws.get("/items", params={"limit": 100}).json()["items"]:
        history.etags[one["external_id"]] = (one["id"], one["revision"])
    threads = [Client(history, daemons, f"c{n}", count, seed) for n in range(clients)]
    [thread.start() for thread in threads]
    if halfway:
        while len(history.ops) < clients * count // 2 and any(thread.is_alive() for thread in threads):
            threads[0].join(0.01)
        halfway()
    [thread.join() for thread in threads]
    faults = [thread.fault for thread in threads if thread.fault]
    if faults:
        raise faults[0]
    return history.told(ws)
