"""Tokens: shown once, kept as a hash, expire, are revoked at once; what an operator may and may not."""

import datetime
import hashlib
import json
import uuid
import zlib

import pytest

from support.client import Client, problem_pointers, problem_type
from support.waiting import wait_until
from support.wire import Wire, request_text
from support.workspace import ROLES, Workspace, item


def in_days(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def days_until(text):
    then = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (then - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400


def refused(client, token):
    """The same 401 as for no token at all."""
    answer = Client(client.url, token).get("/v1/whoami", 401)
    problem = answer.json()
    problem.pop("instance")
    return problem


# ---- the secret ----


def test_the_secret_is_shown_once_and_kept_as_a_hash(ws, database):
    made = ws.token("reader")
    secret = made["secret"]
    assert len(secret) >= len("wnw_") + 27 + 6, "160 bits in base 62 and a check sum"
    assert ws.client(made).get("/items").status_code == 200

    for path in ("/tokens", "/audit", "/grants"):
        assert secret not in ws.get(path).text
    assert secret not in ws.get("/audit/export").text
    listed = {token["id"]: token for token in ws.get("/tokens").json()["tokens"]}[made["id"]]
    assert "secret" not in listed
    assert {key: made[key] for key in made if key != "secret"} == listed

    row = database.rows(
        "SELECT t::text, encode(secret_sha256, 'hex') FROM winnow.tokens t WHERE token_id = %s", made["id"]
    )[0]
    assert row[1] == hashlib.sha256(secret.encode()).hexdigest()
    for table in ("tokens", "audit_records", "workspaces", "grants", "documents"):
        assert database.value(f"SELECT count(*) FROM winnow.{table} t WHERE t::text LIKE %s", f"%{secret[4:]}%") == 0


def test_secrets_differ_and_are_evenly_made(ws):
    secrets = [ws.token("reader")["secret"] for _ in range(40)]
    assert len(set(secrets)) == len(secrets)
    letters = "".join(secret[4:-6] for secret in secrets)
    assert len(set(letters)) >= 55, "62 different letters and digits are possible"


def test_malformed_tokens_are_all_refused_alike(ws, operator):
    good = ws.token("reader")["secret"]
    flipped = good[:10] + ("a" if good[10] != "a" else "b") + good[11:]
    other_sum = good[:-1] + ("a" if good[-1] != "a" else "b")
    expected = refused(operator, None)
    for bad in (
        flipped,
        other_sum,
        good[:-1],
        good + "a",
        good.upper(),
        good[4:],
        "wnw_",
        "wnw",
        "x",
        "wnw_" + "a" * 5000,
        "Bearer " + good,
        good[:20] + " " + good[20:],
        "wnw_" + "0" * 36,
    ):
        assert refused(operator, bad) == expected, bad[:12]


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "wnw_abc", "Digest x=y", "bearer: x", ""])
def test_malformed_authorization(operator, value):
    answer = Client(operator.url).get("/v1/whoami", 401, headers={"Authorization": value})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_the_address_is_refused(ws):
    """Even a good one: addresses are logged on the way."""
    secret = ws.token("reader")["secret"]
    for name in ("access_token", "token"):
        for client in (ws, Client(ws.url, None, ws.prefix)):
            client.get("/items", (400, 401), params={name: secret})
    assert ws.get("/items", 400, params={"access_token": secret}).status_code == 400


def test_the_scheme_is_case_insensitive(ws):
    secret = ws.token("reader")["secret"]
    for scheme in ("bearer", "BEARER", "Bearer"):
        Client(ws.url).get("/v1/whoami", headers={"Authorization": f"{scheme} {secret}"})


# ---- making them ----


def test_lifetime(ws):
    assert 89.9 < days_until(ws.token("reader")["expires_at"]) <= 90.01
    assert 729.9 < days_until(ws.token("reader", expires_in_days=730)["expires_at"]) <= 730.01
    at = in_days(3)
    assert ws.token("reader", expires_at=at)["expires_at"].startswith(at[:-1])


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"expires_in_days": 731}, "/expires_in_days"),
        ({"expires_in_days": 0}, "/expires_in_days"),
        ({"expires_in_days": -1}, "/expires_in_days"),
        ({"expires_in_days": "30"}, "/expires_in_days"),
        ({"expires_in_days": 1.5}, "/expires_in_days"),
        ({"expires_at": in_days(-1)}, "/expires_at"),
        ({"expires_at": in_days(800)}, "/expires_at"),
        ({"expires_at": "soon"}, "/expires_at"),
        ({"roles": []}, "/roles"),
        ({"roles": ["operator"]}, "/roles/0"),
        ({"roles": ["reader", "root"]}, "/roles/1"),
        ({"roles": "reader"}, "/roles"),
        ({"roles": ["contributor"]}, "/sources"),
        ({"roles": ["contributor"], "sources": []}, "/sources"),
        ({"label": ""}, "/label"),
        ({"label": None}, "/label"),
        ({"label": "x" * 256}, "/label"),
        ({"label": 7}, "/label"),
        ({"workspace_id": "0"}, "/workspace_id"),
        ({"id": "x"}, "/id"),
        ({"created_by": "me"}, "/created_by"),
    ],
)
def test_faults_have_pointers(ws, change, pointer):
    before = ws.revision()
    answer = ws.post("/tokens", 422, json={"label": "x", "roles": ["reader"], **change})
    assert problem_type(answer) == "validation"
    assert any(
        found == pointer or found.startswith(pointer + "/") or pointer.startswith(found + "/")
        for found in problem_pointers(answer)
    ), answer.text
    assert ws.revision() == before


def test_all_faults_at_once(ws):
    answer = ws.post("/tokens", 422, json={"label": "", "roles": ["root"], "expires_in_days": 0, "nonsense": 1})
    pointers = problem_pointers(answer)
    assert {"/label", "/expires_in_days", "/nonsense"} <= set(pointers) and len(pointers) == 4


@pytest.mark.parametrize("role", ROLES)
def test_an_admin_makes_tokens_of_each_role(ws, role):
    body = {"label": role, "roles": [role], **({"sources": ["github"]} if role == "contributor" else {})}
    made = ws.as_role("admin").post("/tokens", 201, json=body).json()
    assert ws.client(made).get("").json()["name"] == ws.name
    assert made["created_by"].startswith("token:")


# ---- the end of them ----


def test_expired(ws):
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1.2)).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ"
    )
    made = ws.token("reader", expires_at=soon)
    client = ws.client(made)
    client.get("/items")
    wait_until(lambda: client.get("/items", (200, 401)).status_code == 401, "the token has expired", limit=4)
    wait_until(lambda: days_until(soon) < 0, "its time is over", limit=2)
    expected = refused(ws.operator, None)
    assert refused(ws.operator, made["secret"]) == expected


def test_revoked_within_a_second(ws):
    made = ws.token("reader")
    client = ws.client(made)
    client.get("/items")
    ws.delete(f"/tokens/{made['id']}", 204)
    wait_until(lambda: client.get("/items", (200, 401)).status_code == 401, "the token is refused", limit=1.0)
    assert refused(ws.operator, made["secret"]) == refused(ws.operator, None)
    listed = {token["id"]: token for token in ws.get("/tokens").json()["tokens"]}[made["id"]]
    assert listed["revoked_at"]


def test_revoking_takes_one_revision_once(ws):
    made = ws.token("reader")
    before = ws.revision()
    ws.delete(f"/tokens/{made['id']}", 204)
    assert ws.revision() == before + 1
    ws.delete(f"/tokens/{made['id']}", (204, 404))
    assert ws.revision() == before + 1
    ws.delete(f"/tokens/{uuid.uuid4()}", 404)
    ws.delete("/tokens/not-a-uuid", (404, 422))


def test_a_token_of_another_workspace_cannot_be_revoked(ws, other_ws):
    made = other_ws.token("reader")
    ws.delete(f"/tokens/{made['id']}", 404)
    other_ws.client(made).get("/items")


def test_pages_of_tokens(ws):
    made = {ws.token("reader")["id"] for _ in range(7)}
    listed = [token["id"] for token in ws.pages("/tokens", "tokens", limit=2)]
    assert len(listed) == len(set(listed)) and made <= set(listed)


# ---- contributors ----


def test_a_contributor_writes_for_its_sources_alone(ws):
    ci = ws.client(ws.token("contributor", sources=["github", "ci"]))
    assert ci.post("/items", json=[item("1", "github"), item("1", "ci")]).json()["created"] == 2
    answer = ci.post("/items", 207, json=[item("2", "github"), item("2", "jira")]).json()
    assert [result["outcome"] for result in answer["results"]] == ["created", "rejected"]
    assert answer["results"][1]["problem"]["status"] == 403
    assert problem_type(answer["results"][1]["problem"]) == "source-forbidden"
    before = ws.revision()
    ci.post("/items", (403, 422), json=[item("3", "github"), item("3", "jira")], params={"mode": "atomic"})
    assert ws.revision() == before
    target = ws.push(item("9", "jira"))["results"][0]["id"]
    by_id = ci.post("/items:features", 207, json={"items": [{"id": target, "features": {"user_impact": 3}}]}).json()
    assert by_id["results"][0]["problem"]["status"] in (403, 404)
    ci.get("/items", 403)


def test_a_contributor_of_any_source(ws):
    anyone = ws.client(ws.token("contributor", sources=["*"]))
    assert anyone.post("/items", json=[item("1", "a"), item("1", "b")]).json()["created"] == 2


def test_a_contributors_source_by_payload(ws):
    issue = {
        "number": 1,
        "title": "Crash",
        "state": "open",
        "labels": [],
        "comments": 0,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "html_url": "https://github.com/acme/app/issues/1",
    }
    ci = ws.client(ws.token("contributor", sources=["github"]))
    assert ci.post("/sources/github/items", json=[issue]).json()["created"] == 1
    other = ci.post("/sources/github/items", (207, 403), json=[issue], params={"source": "elsewhere"})
    assert other.status_code == 403 or other.json()["results"][0]["problem"]["status"] == 403


# ---- operators ----


def test_an_operator_reads_no_backlog_unless_granted(operator):
    bare = Client(operator.url, operator.post("/v1/tokens", 201, json={"label": "bare"}).json()["secret"])
    me = bare.get("/v1/whoami").json()
    ws = Workspace(operator)
    ws.push(item("1"))
    below = Client(bare.url, bare.secret, ws.prefix)
    for path in ("/items", "/queue", "/settings", "/features", "/models", "/audit"):
        below.get(path, 403)
    below.post("/items", 403, json=item("2"))

    below.post("/grants", 200, json={"token_id": me["token_id"], "roles": ["reader"]})
    assert below.get("/items").json()["items"]
    below.post("/items", 403, json=item("2"))
    assert bare.get("/v1/whoami").json()["grants"] == [
        {**grant, "workspace": ws.id, "roles": ["reader"]} for grant in bare.get("/v1/whoami").json()["grants"]
    ]
    record = ws.records()[-1]
    assert record["actor"] == f"token:{me['token_id']}" and me["token_id"] in record["subject"] + str(record["detail"])
    assert "grant" in record["action"] and "reader" in str(record["detail"])

    below.post("/grants", 200, json={"token_id": me["token_id"], "roles": []})
    wait_until(lambda: below.get("/items", (200, 403)).status_code == 403, "the grant is withdrawn", limit=1)
    assert me["token_id"] not in [grant["token_id"] for grant in ws.get("/grants").json()["grants"]]
    assert "grant" in ws.records()[-1]["action"]


def test_a_grant_expires(operator):
    bare = Client(operator.url, operator.post("/v1/tokens", 201, json={"label": "bare"}).json()["secret"])
    ws = Workspace(operator)
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ"
    )
    grant = {"token_id": bare.get("/v1/whoami").json()["token_id"], "roles": ["reader"], "expires_at": soon}
    ws.post("/grants", 200, json=grant)
    below = Client(bare.url, bare.secret, ws.prefix)
    below.get("/items")
    wait_until(lambda: below.get("/items", (200, 403)).status_code == 403, "the grant has expired", limit=4)


def test_grants_are_for_operators_tokens(ws, other_ws):
    for token_id in (other_ws.token("reader")["id"], str(uuid.uuid4())):
        answer = ws.post("/grants", (404, 422), json={"token_id": token_id, "roles": ["reader"]})
        assert problem_type(answer) in ("validation", "not-found")
    me = ws.operator.get("/v1/whoami").json()["token_id"]
    assert problem_pointers(ws.post("/grants", 422, json={"token_id": me, "roles": ["operator"]})) == ["/roles/0"]
    assert problem_pointers(ws.post("/grants", 422, json={"token_id": "x", "roles": [], "more": 1})) == [
        "/more",
        "/token_id",
    ]


def test_operator_tokens(operator, daemon):
    made = operator.post("/v1/tokens", 201, json={"label": "second", "expires_in_days": 1}).json()
    assert made["roles"] == ["operator"]
    second = Client(operator.url, made["secret"])
    assert made["id"] in [token["id"] for token in operator.pages("/v1/tokens", "tokens", limit=1000)]
    second.get("/v1/workspaces")
    operator.delete(f"/v1/tokens/{made['id']}", 204)
    wait_until(lambda: second.get("/v1/workspaces", (200, 401)).status_code == 401, "revoked", limit=1)
    operator.delete(f"/v1/tokens/{made['id']}", (204, 404))
    operator.post("/v1/tokens", 422, json={"label": "x", "roles": ["admin"]})
    operator.post("/v1/tokens", 422, json={})


def test_tokens_bring_nothing_into_the_system_log_but_a_record(operator):
    made = operator.post("/v1/tokens", 201, json={"label": "audited"}).json()
    records = list(operator.pages("/v1/audit", "records", limit=1000))
    mine = [record for record in records if made["id"] in record["subject"] + str(record["detail"])]
    assert len(mine) == 1
    assert made["secret"] not in str(records)


def test_check_sum_is_over_the_random_part(ws):
    """Documented form: six letters of base 62 at the end, a CRC-32, so that a scanner can tell a real one."""
    secret = ws.token("reader")["secret"]
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = zlib.crc32(secret[4:-6].encode())
    alphabets = (letters, letters[:10] + letters[36:] + letters[10:36])
    texts = []
    for crc in (value, zlib.crc32(secret[:-6].encode())):
        for alphabet in alphabets:
            text, rest = "", crc
            for _ in range(6):
                text, rest = alphabet[rest % 62] + text, rest // 62
            texts.append(text)
    assert secret[-6:] in texts


# ---- a stream outlasts its token ----


def test_a_token_revoked_during_a_stream(ws):
    """What was stored before stays and is told; nothing is stored for the token afterwards."""
    token = ws.token("contributor")
    head = [
        f"Authorization: Bearer {token['secret']}",
        "Content-Type: application/x-ndjson",
        "Transfer-Encoding: chunked",
    ]

    def lines(first, last):
        body = b"".join(json.dumps(item(f"s{n}")).encode() + b"\n" for n in range(first, last + 1))
        return b"%x\r\n%b\r\n" % (len(body), body)

    before = ws.revision()
    with Wire(ws.url) as wire:
        wire.send(request_text("POST", ws.prefix + "/items", head, lines(1, 2500)))
        wait_until(lambda: ws.revision() >= before + 2, "two parts are stored")
        ws.delete(f"/tokens/{token['id']}", 204)
        wire.try_send(lines(2501, 5000) + b"0\r\n\r\n")
        status, _, body = wire.read_response()
    problem = json.loads(body)
    assert status == 401 and problem["type"] == "/problems/unauthenticated"
    assert problem["committed_through_line"] == 2000 and problem["committed"]["created"] == 2000
    assert problem["revision"] == before + 2
    assert len(list(ws.pages("/items", "items", limit=1000))) == 2000
