"""Who acts through a token: people, services and agents. An agent does what its roles allow, and decides nothing."""

import uuid

import pytest

from support.client import Client, problem_pointers, problem_type, the_contract
from support.workspace import ROLES, item

DECISIONS = sorted((m, path) for m, path, operation in the_contract().operations() if operation.get("x-winnow-decides"))
OF_OPERATORS = {(m, path) for m, path, each in the_contract().operations() if each["x-winnow-roles"] == ["operator"]}


def test_a_token_of_which_nobody_said_it_is_a_service(ws):
    made = ws.token("reader")
    assert made["actor_kind"] == "service" and "person" not in made
    assert Client(ws.url, made["secret"]).get("/v1/whoami").json()["actor_kind"] == "service"


@pytest.mark.parametrize("kind", ("human", "service", "agent"))
def test_the_kind_is_told_wherever_a_token_is(ws, kind):
    made = ws.token("contributor", "reader", actor_kind=kind, person="u-4711")
    assert (made["actor_kind"], made["person"]) == (kind, "u-4711")
    listed = {token["id"]: token for token in ws.get("/tokens").json()["tokens"]}[made["id"]]
    assert (listed["actor_kind"], listed["person"]) == (kind, "u-4711")
    me = Client(ws.url, made["secret"]).get("/v1/whoami").json()
    assert (me["actor_kind"], me["person"]) == (kind, "u-4711")
    ws.client(made).post("/items", json=item("1"))
    record = ws.records()[-1]
    assert (record["actor"], record["actor_kind"]) == (f"token:{made['id']}", kind)
    assert [r["detail"].get("actor_kind") for r in ws.records(action="token.create")] == [kind]
    assert "u-4711" not in ws.get("/audit").text
    assert ws.verify()["ok"]


def test_an_operator_of_another_workspace_has_a_kind_in_this_log(ws):
    """The grant that opens the log is by an operator's token, which is no token of this workspace."""
    assert {record["actor_kind"] for record in ws.records()} == {"service"}


@pytest.mark.parametrize(
    "fields, pointer",
    [
        ({"actor_kind": "robot"}, "/actor_kind"),
        ({"actor_kind": ""}, "/actor_kind"),
        ({"actor_kind": "human", "person": ""}, "/person"),
        ({"person": "Ann Smith"}, "/person"),
        ({"person": "ann@example.org"}, "/person"),
        ({"person": "x" * 65}, "/person"),
    ],
)
def test_faults(ws, fields, pointer):
    answer = ws.post("/tokens", 422, json={"label": "x", "roles": ["reader"], **fields})
    assert problem_pointers(answer) == [pointer]


def test_an_agent_works_as_its_roles_allow(ws):
    agent = ws.client(ws.token(*ROLES, actor_kind="agent"))
    assert agent.post("/items", 200, json=item("1")).json()["created"] == 1
    assert agent.get("/tokens").status_code == 200


@pytest.mark.parametrize("method, path", DECISIONS, ids=lambda value: value)
def test_no_decision_is_an_agents(ws, operator, method, path):
    """Whatever its roles, and before anything else about the request is looked at."""
    if (method, path) not in OF_OPERATORS:
        agent = Client(ws.url, ws.token(*ROLES, actor_kind="agent")["secret"])
    else:
        made = operator.post("/v1/tokens", 201, json={"label": "agent", "actor_kind": "agent"}).json()
        agent = Client(ws.url, made["secret"])
    before = ws.revision()
    values = {"ws": ws.name, "id": str(uuid.uuid4()), "name": "active", "version": "1", "format": "github"}
    for body in ({}, {"rationale": "An agent's own opinion of it"}, {"label": "x", "roles": ["admin"]}):
        refused = agent.request(method, path.format(**values), 403, json=body)
        assert problem_type(refused) == "agent-may-not-decide"
    assert ws.revision() == before


def test_what_decides_is_marked_as_a_decision():
    """By its name: whatever approves, bypasses, resumes and the like is in the list above, and so is refused."""
    verbs = (
        "approve",
        "reject",
        "apply",
        "bypass",
        "adjust",
        "suspend",
        "resume",
        "rollback",
        "grants",
        "erase",
        "overrides",
    )
    verbs += ("revoke", "sweeps/{id}:close")
    named = {(m, path) for m, path, _ in the_contract().operations() if m == "POST" and path.endswith(verbs)}
    named |= {(m, path) for m, path, _ in the_contract().operations() if m == "DELETE" and "/tokens/" in path}
    named.add(("DELETE", "/v1/workspaces/{ws}"))
    assert named and named <= set(DECISIONS)


def test_what_is_in_force_an_agent_proposes(ws):
    """It makes no feature open and no review unasked for; it says so to people, and makes what is not in force."""
    ws.put_feature("salary", sensitive=True)
    ws.put_settings(review={"top": 3}, sensitive_fields=["reporter"])
    agent = ws.client(ws.token(*ROLES, actor_kind="agent"))
    feature, settings, model = (ws.get(path) for path in ("/features/salary", "/settings", "/aliases/active"))
    definition = {k: v for k, v in feature.json().items() if k not in ("name", "id", "revision", "deleted")}
    opened, unasked = {**definition, "sensitive": False}, {**settings.json(), "review": {"top": 0}}
    for path, shown, body in (
        ("/features/salary", feature, opened),
        ("/settings", settings, unasked),
        ("/aliases/active", model, {"model": 1}),
    ):
        refused = agent.put(path, 403, json=body, headers={"If-Match": shown.headers["ETag"]})
        assert problem_type(refused) == "agent-may-not-decide", path
        assert ws.get(path).json() == shown.json()
    agent.delete("/features/salary", 403, headers={"If-Match": feature.headers["ETag"]})
    agent.post("/models", 201, json={"preset": "rice"})
    because = {"rationale": "a test s own reason"}
    asked = [
        agent.post("/proposals", 201, json={"change": "feature", "name": "salary", "body": opened, **because}),
        agent.post("/proposals", 201, json={"change": "settings", "body": unasked, **because}),
    ]
    people = ws.client(ws.token("admin", actor_kind="human"))
    people.post(
        f"/proposals/{asked[0].json()['id']}:approve", 200, json={"digest": asked[0].json()["digest"], **because}
    )
    assert "sensitive" not in ws.get("/features/salary").json() or not ws.get("/features/salary").json()["sensitive"]


def test_configuration_in_force_is_a_decision():
    """Whatever is put and can be proposed is in the list above."""
    direct = ("features/{name}", "settings", "aliases/{name}", "policy-aliases/{name}", "contract-aliases/{name}")
    direct += ("calendars/{name}", "business-hours/{name}", "slas", "sources/{format}/mapping", "approval-rules")
    direct += ("launches/{name}", "recurrences/{name}")
    writes = {(m, path) for m, path, _ in the_contract().operations() if m in ("PUT", "DELETE")}
    named = {(m, path) for m, path in writes if path.removeprefix("/v1/workspaces/{ws}/") in direct}
    assert len(named) >= len(direct) + 5 and named <= set(DECISIONS)


def test_an_agent_cannot_make_itself_a_person(ws):
    agent = ws.client(ws.token(*ROLES, actor_kind="agent"))
    body = {"label": "me, in person", "roles": ["admin"], "actor_kind": "human"}
    assert problem_type(agent.post("/tokens", 403, json=body)) == "agent-may-not-decide"
