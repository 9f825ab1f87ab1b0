"""A fresh workspace for a test, and items to put into it."""

import json
import uuid

from .client import Client

ROLES = ("reader", "contributor", "reviewer", "admin", "auditor")
RUBRIC = ("user_impact", "fix_confidence", "reversibility", "cost_of_delay")


class Workspace(Client):
    """
    The operator's client in a workspace of its own, where it has been granted every role. Paths are below the
    workspace: ws.get("/items").
    """

    def __init__(self, operator, name=None, title="A test's own"):
        name = name or f"t-{uuid.uuid4().hex[:16]}"
        made = operator.post("/v1/workspaces", 201, json={"name": name, "title": title}).json()
        super().__init__(operator.url, operator.secret, f"/v1/workspaces/{name}")
        self.operator, self.name, self.id = operator, name, made["id"]
        self.clients = {}
        token_id = operator.get("/v1/whoami").json()["token_id"]
        self.post("/grants", 200, json={"token_id": token_id, "roles": list(ROLES), "sources": ["*"]})

    def token(self, *roles, sources=None, **more):
        """A new token: its JSON, with the secret."""
        body = {"label": "+".join(roles), "roles": list(roles), **more}
        if sources or "contributor" in roles:
            body["sources"] = sources or ["*"]
        return self.post("/tokens", 201, json=body).json()

    def as_role(self, role):
        """A client with a token of one role, made at first use."""
        if role not in self.clients:
            self.clients[role] = Client(self.url, self.token(role)["secret"], self.prefix)
        return self.clients[role]

    def client(self, token):
        return Client(self.url, token["secret"], self.prefix)

    # ---- shorthands ----

    def revision(self):
        return self.get("").json()["revision"]

    def push(self, items, expect=200, **params):
        return self.post("/items", expect, json=items, params=params).json()

    def push_lines(self, lines, expect=200, **params):
        return self.post(
            "/items", expect, data=ndjson(lines), params=params, headers={"Content-Type": "application/x-ndjson"}
        ).json()

    def item(self, item_id, expect=200, **params):
        answer = self.get(f"/items/{item_id}", expect, params=params)
        return answer.json()

    def etag(self, path):
        return self.get(path).headers["ETag"]

    def patch_item(self, item_id, changes, expect=200, etag=None):
        etag = etag or self.etag(f"/items/{item_id}")
        return self.patch(f"/items/{item_id}", expect, json=changes, headers={"If-Match": etag}).json()

    def queue(self, fresh=True, **params):
        """One page of the queue, by default not older than the workspace's newest revision."""
        if fresh:
            params.setdefault("min_revision", self.revision())
        return self.get("/queue", params=params).json()

    def whole_queue(self, limit=500, **params):
        first = self.queue(limit=limit, **params)
        entries, page = list(first["entries"]), first
        while "next" in page:
            page = self.get("/queue", params={**params, "limit": limit, "cursor": page["next"]}).json()
            assert page["ranking"] == first["ranking"]
            entries += page["entries"]
        return entries

    def put_settings(self, **changes):
        answer = self.get("/settings")
        body = {key: answer.json()[key] for key in ("streams", "kinds", "statuses")}
        return self.put("/settings", 200, json={**body, **changes}, headers={"If-Match": answer.headers["ETag"]})

    def put_feature(self, name, expect=201, **definition):
        body = {
            "type": "number",
            "unit": "points",
            "family": "effort",
            "description": "A test's own",
            "direction": "higher_is_better",
            "out_of_bounds": "refuse",
            "sensitive": False,
        }
        if definition.get("type", "number") == "number":
            body["bounds"] = {"lower": 0, "upper": 10}
        return self.put(f"/features/{name}", expect, json={**body, **definition}, headers={"If-None-Match": "*"})

    def promote(self, version, name="active"):
        etag = self.etag(f"/aliases/{name}")
        return self.put(f"/aliases/{name}", 200, json={"model": version}, headers={"If-Match": etag}).json()

    def enforce(self, policy, expect=(200, 201), name="active"):
        """Puts a policy version behind an alias, or none."""
        before = self.get(f"/policy-aliases/{name}", (200, 404))
        headers = {"If-Match": before.headers["ETag"]} if before.status_code == 200 else {"If-None-Match": "*"}
        return self.put(f"/policy-aliases/{name}", expect, json={"policy": policy}, headers=headers)

    def agree(self, contract=None, expect=(200, 201)):
        """Posts a contract and puts it in force; None takes it out of force."""
        version = contract and self.post("/contracts", (200, 201), json=contract).json()["version"]
        before = self.get("/contract-aliases/active", (200, 404))
        headers = {"If-Match": before.headers["ETag"]} if before.status_code == 200 else {"If-None-Match": "*"}
        return self.put("/contract-aliases/active", expect, json={"contract": version}, headers=headers)

    def delete_named(self, path, expect=204):
        """DELETE of a resource as it is now."""
        return self.delete(path, expect, headers={"If-Match": self.etag(path)})

    def verify(self, **params):
        return self.get("/audit/verify", params=params).json()

    def records(self, **params):
        return list(self.pages("/audit", "records", params, limit=200))


def ndjson(values):
    return b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


def item(external_id, source="test", **fields):
    """An item with what is needed, and `fields`."""
    return {
        "source": source,
        "external_id": str(external_id),
        "title": f"Item {external_id}",
        "stream": "engineering_bug",
        **fields,
    }


def rubric(impact=None, confidence=None, reversibility=None, delay=None):
    """Features of the default model; None is left out."""
    values = zip(RUBRIC, (impact, confidence, reversibility, delay))
    return {name: value for name, value in values if value is not None}


def scored(external_id, score, **fields):
    """An item whose total under the default rubric is `score` (8 … 24)."""
    for impact in (3, 2, 1):
        for confidence in (3, 2, 1):
            for reversibility in (3, 2, 1):
                for delay in (3, 2, 1):
                    if 3 * impact + 2 * confidence + 2 * reversibility + delay == score:
                        return item(external_id, features=rubric(impact, confidence, reversibility, delay), **fields)
    raise AssertionError(f"no rubric adds up to {score}")


def value_of(an_item, feature):
    """A feature's value; None when it has none."""
    return an_item["features"].get(feature, {}).get("value")
