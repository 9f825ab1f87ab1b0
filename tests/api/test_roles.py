"""
Every operation × every role × own and foreign workspace. What is expected comes from x-winnow-roles, so an operation
without its row cannot be added.
"""

import datetime
import uuid

import pytest

from support.client import Client, the_contract
from support.waiting import wait_until
from support.workspace import ROLES, Workspace, item

OPERATIONS = sorted(
    (method, path, tuple(operation["x-winnow-roles"])) for method, path, operation in the_contract().operations()
)
IN_WORKSPACE = [each for each in OPERATIONS if "{ws}" in each[1]]
OF_THE_SYSTEM = [each for each in OPERATIONS if "{ws}" not in each[1] and each[2] not in (("public",), ("any",))]


# Nothing is there for anybody: the session's daemon has no key to sign checkpoints with.
NOTHING_THERE = "/audit/checkpoint"


def denials(template):
    return (401, 403, 405) if template.endswith(NOTHING_THERE) else (401, 403, 404, 405)


def label(operation):
    return f"{operation[0]} {operation[1]}"


class Place:
    """A workspace with something behind every path, and a token of each role."""

    def __init__(self, operator):
        self.ws = Workspace(operator)
        self.proposals, self.proposer = 0, None
        self.operator = Client(
            operator.url, operator.post("/v1/tokens", 201, json={"label": "without grants"}).json()["secret"]
        )
        made = self.ws.push([item("1")])
        self.values = {
            "ws": self.ws.name,
            "id": made["results"][0]["id"],
            "name": "active",
            "version": "1",
            "format": "github",
            "kind": "model",
        }
        self.make_policy()
        self.values["ranking"] = self.ws.post("/rankings", 201, json={}).json()["id"]
        self.values["sweep"] = self.ws.post("/sweeps", 201, json={}).json()["id"]
        self.values["a"] = self.values["b"] = self.values["ranking"]
        feature = self.ws.get("/features").json()["features"][0]["name"]
        self.names = {
            "/features/": feature,
            "/business-hours/": "office",
            "/calendars/": "freeze",
            "/business-hours/": "office",
            "/launches/": "search",
            "/packs/": "sweep",
            "/recurrences/": "retrain",
            "/presets/": "rice",
            "/streams/": "incident",
        }
        self.tokens = {role: self.ws.token(role)["secret"] for role in ROLES}
        self.tokens["operator"] = self.operator.secret
        self.clients = {role: Client(operator.url, token) for role, token in self.tokens.items()}

    def make_policy(self):
        """A policy and a contract behind their aliases, a calendar, rules of service levels, a launch and cards."""
        new = {"If-None-Match": "*"}
        self.ws.post("/policies", 201, json={"preset": "field_guards"})
        self.ws.put("/policy-aliases/active", 201, json={"policy": 1}, headers=new)
        self.ws.put("/calendars/freeze", 201, json={}, headers=new)
        self.ws.put("/business-hours/office", 201, json={"zone": "UTC", "weekly": []}, headers=new)
        self.ws.put("/slas", 201, json={"rules": []}, headers=new)
        card = {name: "A test's own" for name in ("intended_use", "limits", "data", "owner")}
        self.ws.put("/models/1/card", 201, json=card, headers=new)
        del card["data"]
        self.ws.put("/policies/1/card", 201, json=card, headers=new)
        self.ws.put("/approval-rules", 201, json={"rules": []}, headers=new)
        self.ws.agree({"name": "n", "streams": []})
        weekly = {"title": "Retrain", "stream": "model_quality", "period": "week", "start": "2026-01-01"}
        self.ws.put("/recurrences/retrain", 201, json=weekly, headers=new)
        self.ws.put("/launches/search", 201, json={"at": "2026-01-01T00:00:00Z"}, headers=new)

    def path(self, template, **other):
        values = dict(self.values)
        for part, name in self.names.items():
            if part in template:
                values["name"] = name
        if template == "/v1/workspaces/{ws}/tokens/{id}":
            values = {**values, "id": self.ws.token("reader")["id"]}
        if template == "/v1/tokens/{id}":
            values = {**values, "id": self.ws.operator.post("/v1/tokens", 201, json={"label": "victim"}).json()["id"]}
        if "/proposals/{id}" in template:
            values = {**values, "id": self.proposal()}
        if "/sweeps/{id}" in template:
            values = {**values, "id": self.values["sweep"]}
        if "/overrides/{id}" in template:
            values = {**values, "id": self.override()}
        if "/reviews/{id}" in template:
            values = {**values, "id": self.review()}
        return template.format(**{**values, **other})

    def proposal(self):
        """The id of a new proposal; a token may only have so many."""
        body = {"change": "model", "body": {"weights": {"user_impact": 7}}, "rationale": "a test's own"}
        if self.proposals % 40 == 0:
            self.proposer = self.ws.client(self.ws.token("reviewer", "admin"))
        self.proposals += 1
        return self.proposer.post("/proposals", 201, json=body).json()["id"]

    def override(self):
        """The id of a new override: another cell may have revoked the last one."""
        expires = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).isoformat()
        body = {"item": self.values["id"], "kind": "boost", "delta": 1, "justification": "a test's own"}
        body["expires_at"] = expires
        return self.ws.post("/overrides", 201, json=body).json()["id"]

    def review(self):
        """The id of one, which the job opens at its next turn once the settings ask for reviews."""
        if "review" not in self.ws.queue():
            self.ws.put_settings(review={})
        found = wait_until(lambda: self.ws.get("/reviews").json()["reviews"], "a review is there", 40)
        return found[0]["id"]


@pytest.fixture(scope="module")
def place(operator):
    return Place(operator)


@pytest.fixture(scope="module")
def stranger(operator):
    """Tokens of another workspace, of every role but the operator's."""
    elsewhere = Workspace(operator)
    return {role: Client(operator.url, elsewhere.token(role)["secret"]) for role in ROLES}


def ask(client, method, path):
    """A request that gets past access control, but changes nothing that another cell needs."""
    body = {} if method in ("POST", "PUT", "PATCH") else None
    headers = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else None
    return client.request(method, path, json=body, headers=headers)


@pytest.mark.parametrize("operation", IN_WORKSPACE, ids=label)
def test_own_workspace(place, operation):
    method, template, allowed = operation
    for role, client in place.clients.items():
        answer = ask(client, method, place.path(template))
        if role in allowed:
            assert answer.status_code not in denials(template), f"{role}: {answer.status_code} {answer.text}"
        else:
            assert answer.status_code == 403, f"{role}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("operation", IN_WORKSPACE, ids=label)
def test_foreign_workspace_is_as_absent(place, stranger, operation):
    """Name or id, any role: the answer is the one for a workspace that is not there."""
    method, template, _ = operation
    for role, client in stranger.items():
        for name in (place.ws.name, place.ws.id):
            foreign = ask(client, method, place.path(template, ws=name))
            absent = ask(client, method, place.path(template, ws=f"absent-{uuid.uuid4().hex[:8]}"))
            assert (foreign.status_code, absent.status_code) == (404, 404), f"{role}: {foreign.text}"
            assert without_instance(foreign) == without_instance(absent), role
            assert set(foreign.headers) == set(absent.headers)


@pytest.mark.parametrize("operation", OF_THE_SYSTEM, ids=label)
def test_system_operations_are_the_operators(place, operation):
    method, template, allowed = operation
    assert allowed == ("operator",)
    for role, client in place.clients.items():
        answer = ask(client, method, place.path(template))
        if role == "operator":
            assert answer.status_code not in denials(template), answer.text
        else:
            assert answer.status_code == 403, f"{role}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=label)
def test_without_a_token(place, operation):
    """401 everywhere but on public paths, before anything else is looked at; the same for an absent workspace."""
    method, template, allowed = operation
    nobody = Client(place.ws.url)
    path = place.path(template, slug="validation") if "slug" in template else place.path(template)
    answer = ask(nobody, method, path)
    if allowed == ("public",):
        assert answer.status_code == 200
        return
    assert answer.status_code == 401, answer.text
    if "{ws}" in template:
        absent = ask(nobody, method, place.path(template, ws="absent"))
        assert absent.status_code == 401
        assert without_instance(absent) == without_instance(answer)


def test_any_token_may_ask_who_it_is(place):
    for role, client in place.clients.items():
        me = client.get("/v1/whoami").json()
        assert me["roles"] == [role]
        assert (me["home"] == place.ws.id) == (role != "operator")
        assert "secret" not in me and client.secret not in str(me)


def test_unknown_paths(place):
    for path in (
        "/",
        "/v1",
        "/v1/",
        "/v2/workspaces",
        "/v1/workspaces/",
        "/index.html",
        f"/v1/workspaces/{place.ws.name}/nothing",
        f"/v1/workspaces/{place.ws.name}/items/",
        "/livez/",
        "//livez",
        "/V1/whoami",
    ):
        for client in (Client(place.ws.url), place.clients["admin"]):
            client.get(path, 404)


def test_a_token_of_several_roles_may_do_all_of_theirs(place):
    both = place.ws.client(place.ws.token("contributor", "auditor"))
    assert both.get("/audit").json()["records"]
    assert both.post("/items", json=item("2")).json()["created"] == 1
    both.get("/tokens", 403)


def without_instance(answer):
    problem = answer.json()
    problem.pop("instance")
    return problem
