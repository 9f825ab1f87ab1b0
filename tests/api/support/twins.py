"""
Two workspaces that differ in nothing but the values of what is sensitive, and a walk over everything that can be read
of them. The walk goes by openapi.yaml, so a route that is added is walked, too.
"""

import datetime
import json
import re
import uuid

from .client import the_contract
from .waiting import wait_until

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
RANKING = re.compile(r"\b(\d+)\.\d{8}\b")
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
AGE = re.compile(r'("age_s": ?)\d+')
CURSOR = re.compile(r'("next":)"[^"]*"')
COMPARED_HEADERS = ("Content-Type", "ETag", "Winnow-Revision", "Retry-After", "Vary", "Cache-Control")

# What reads, though it is posted: path, body.
POSTED = (
    ("/items:batch-get", lambda ws, known: {"ids": known["items"]}),
    ("/scores", lambda ws, known: {"title": "x", "stream": "engineering_bug", "features": {"user_impact": 3}}),
    ("/simulations", lambda ws, known: {"weights": {"user_impact": 5}}),
    ("/simulations", lambda ws, known: {"model": 1, "policy": None}),
    ("/policies:check", lambda ws, known: {"policy": {"preset": "field_guards"}}),
    ("/policies:check", lambda ws, known: {"policy": 1}),
    ("/rankings/{ranking}:replay", lambda ws, known: {}),
)

# Forms of a path that its own parameters do not tell.
QUERIES = {
    "/queue": (
        "?held=true",
        "?held=false",
        "?review=pending",
        "?review=approved",
        "?band=high",
        "?limit=2",
        "?revision={revision}",
    ),
    "/findings/changes": ("?state=open",),
    "/reviews": ("?reason=held", "?reason=top", "?state=open"),
    "/queue/excluded": ("?rule=hidden-out", "?rule=open-out"),
    "/queue/unknowns": ("?feature=salary", "?feature=user_impact"),
    "/items/{id}": ("?revision={revision}",),
    "/items/{id}/counterfactual": ("?band=high", "?rank=1"),
    "/items/{id}/movement": ("?since={ranking}", "?since={revision}"),
    "/streams": ("?revision={revision}",),
    "/streams/{name}/health": ("?revision={revision}",),
    "/overrides": ("?state=in_force",),
    "/rankings/{ranking}/entries": ("?limit=1",),
    "/comparisons/next": ("?of=criteria",),
}

BY_ID = (
    (re.compile("/items"), ("items",)),
    (re.compile("/comparisons/next"), ("pairs",)),
    (re.compile("/reviews"), ("reviews",)),
    (re.compile("/findings/changes"), ("changes",)),
    (re.compile("/comparisons/strengths"), ("strengths",)),
    (re.compile("/rankings/.*/diff/.*"), ("moved",)),  # ties are
)


def normal(ws, known, text):
    """What two runs cannot have in common is replaced: names, ids, times, cursors."""
    text = text.replace(ws.name, "<workspace>")
    names = {each: f"<item {i}>" for i, each in enumerate(known["items"])}

    def name(found):
        return names.setdefault(found.group(), f"<id {len(names)}>")

    text = TIME.sub("<time>", UUID.sub(name, text))
    text = DIGEST.sub("<digest of ids>", text)
    text = AGE.sub(r"\1<age>", text)
    return CURSOR.sub(r"\1<cursor>", RANKING.sub(r"<ranking \1>", text))


def paths(ws, known):
    """Every GET below a workspace, with every item, version, ranking and name that there is."""
    for method, template, operation in the_contract().operations():
        if method != "GET" or "{ws}" not in template or template.endswith("/events"):
            continue
        path = template.split("{ws}", 1)[1]
        for values in fillings(ws, known, path):
            for query in ("", *QUERIES.get(path, ())):
                yield (path + query).format(**values)


def fillings(ws, known, path):
    """The values for a path's parameters; of what is not known there is an item's id, so at least it is asked for."""
    whole = {"ranking": known["rankings"][-1], "revision": known["revision"], "a": known["rankings"][0]}
    whole["b"] = known["rankings"][-1]
    several = {"id": known["items"], "version": known["versions"], "name": known["names"], "format": ("github",)}
    several["ranking"] = known["rankings"]
    for kind in ("overrides", "reviews"):
        if f"/{kind}/{{id}}" in path:
            several["id"] = known[kind]
    wanted = [name for name in re.findall(r"\{(\w+)\}", path)]
    many = next((name for name in wanted if name in several), None)
    for each in several.get(many, (None,)):
        yield {**{name: known["items"][0] for name in wanted}, **whole, **({many: each} if many else {})}


def walk(ws, client, known):
    """(what was asked, status, everything that was answered) of each read."""
    for path in paths(ws, known):
        yield answer_of(ws, known, f"GET {path}", client.get(path, expect=None))
    for path, body in POSTED:
        path = path.format(ranking=known["rankings"][-1])
        yield answer_of(ws, known, f"POST {path}", client.post(path, expect=None, json=body(ws, known)))


def external_id(element):
    named = element.get("item") or element.get("subject", {}).get("item") or element
    return named.get("external_id", ""), json.dumps(element)


def body_of(asked, answer):
    """What is in the order of items' ids, which are the workspace's own, is put into another."""
    path = asked.split(" ")[1].split("?")[0]
    lists = next((lists for pattern, lists in BY_ID if pattern.fullmatch(path)), None)
    if answer.status_code != 200 or not lists:
        return answer.text
    told = answer.json()
    for plural in lists:
        elements = told.get(plural, [])
        if plural == "pairs":  # of all that could be asked alike, those of the smallest ids
            elements = [{key: each[key] for key in each if key not in ("a", "b")} for each in elements]
        told[plural] = sorted(elements, key=external_id)
    return json.dumps(told)


def answer_of(ws, known, asked, answer):
    headers = {name: answer.headers[name] for name in COMPARED_HEADERS if name in answer.headers}
    text = "\n".join(f"{name}: {value}" for name, value in headers.items()) + "\n\n" + body_of(asked, answer)
    return normal(ws, known, asked), answer.status_code, normal(ws, known, text)


def review_all(ws, **settings):
    """
    Asks for reviews, waits until the job has opened all of them, and decides on the first: it stays in its band. That
    compares it with no other item, which of several alike would be for ids to say.
    """
    ws.put_settings(review={"top": 20, "above": 1}, **settings)
    pending = ws.queue()["review"]["pending"]

    def opened():
        found = ws.get("/reviews", params={"state": "open", "min_revision": ws.revision()}).json()["reviews"]
        return sorted(found, key=lambda each: each["rank"]) if len(found) == pending else None

    reviews = wait_until(opened, f"{pending} reviews are open") if pending else []
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7)
    for review in [review for review in reviews if review["evidence"]["band"]][:1]:
        seen = review["evidence"]
        body = {"digest": seen["digest"], "rationale": "Agreed in the weekly review.", "band": seen["band"]}
        body["expires_at"] = expires.isoformat()
        ws.post(f"/reviews/{review['id']}:adjust", 200, json=body, params={"min_revision": ws.revision()})
    return [review["id"] for review in reviews]


FINDINGS = (
    "cycles",
    "dangling_blockers",
    "contradictions",
    "breaches",
    "defeated_overrides",
    "item_overdue",
    "value_jump",
)


def watch_findings(ws, **settings):
    """Asks for findings as events, and waits until the job has told all that there is."""
    ws.put_settings(finding_events=list(FINDINGS), **settings)
    reader = ws.as_role("reader")
    ws.queue()

    def told():
        found = ws.get("/findings", params={"limit": 500, "min_revision": ws.revision()}).json()
        changes = reader.get("/findings/changes", params={"state": "open", "limit": 1000}).json()["changes"]
        late = [each for each in changes if each["kind"] == "item_overdue"]
        dangling = [each for each in changes if each["kind"] == "dangling_blockers"]
        return len(late) == 1 and len(dangling) == found["counts"]["dangling_blockers"]

    wait_until(told, "findings are told")


def known_of(ws, externals, overrides, rankings, names, reviews=()):
    ids = {each["external_id"]: each["id"] for each in ws.pages("/items", "items", limit=200)}
    models = len(ws.get("/models").json()["models"])
    return {
        "items": [ids[name] for name in externals],
        "overrides": overrides or [str(uuid.UUID(int=0))],
        "reviews": list(reviews) or [str(uuid.UUID(int=0))],
        "rankings": rankings,
        "revision": int(rankings[0].split(".")[0]),
        "versions": range(1, models + 1),
        "names": names,
    }
