"""Policies and overrides in force, in one call each."""

import datetime

WHY = "Promised to a customer for Friday."


def named(external_id, source="test"):
    return {"source": source, "external_id": external_id}


def labelled(rule_id, effect, label=None, **more):
    """A rule that hits what has the label, by default one of the rule's own name."""
    return {
        "id": rule_id,
        "when": {"fact": "labels", "contains": label or rule_id},
        "effect": effect,
        "reason": f"Because of {rule_id}.",
        **more,
    }


def enforce(ws, *rules):
    """A policy of these rules, in force."""
    version = ws.post("/policies", 201, json={"name": "rules of a test", "rules": list(rules)}).json()["version"]
    ws.enforce(version)
    return version


def override(ws, external_id, kind, **more):
    """Made against a ranking that has what was pushed before."""
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7)
    body = {"item": named(external_id), "kind": kind, "justification": WHY, "expires_at": expires.isoformat(), **more}
    return ws.post("/overrides", 201, json=body, params={"min_revision": ws.revision()}).json()


def item_id(ws, external_id):
    (found,) = ws.pages("/items", "items", {"external_id": external_id})
    return found["id"]


def fresh(ws, path, expect=200, **params):
    """GET of what is not older than the newest revision."""
    return ws.get(path, expect, params={"min_revision": ws.revision(), **params}).json()


def explanation(ws, external_id):
    return fresh(ws, f"/items/{item_id(ws, external_id)}/explanation")
