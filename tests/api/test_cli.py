"""The client: against the daemon, and against a server that misbehaves on purpose."""

import datetime
import json
import os
import pty
import re
import shutil
import ssl
import subprocess

import pytest

from support import daemon as daemons, places
from support.cli import DENIED, OK, REFUSED, UNREACHABLE, USAGE, problem, run, settled, write
from support.workspace import item, rubric, scored
from support.decisions import enforce, labelled, override


@pytest.fixture
def cli(ws):
    """The client in a fresh workspace, with every role there."""

    def call(*args, **more):
        return run(*args, **{"url": ws.url, "token": ws.secret, "workspace": ws.name, **more})

    return call


# ---- the command line ----


def test_help_and_version():
    assert run("--version").stdout.startswith("winnow 0.")
    overview = run("--help").stdout
    commands = re.findall(r"^  (\w+)  +\w", overview.split("Commands")[1].split("Options")[0], re.M)
    assert {"push", "queue", "explain", "audit", "token", "workspace", "model"} <= set(commands)
    for command in commands:
        text = run(command, "--help").stdout
        assert text.startswith(f"winnow {command}: ") and run("help", command).stdout == text
        for member in re.findall(r"^  (\w+)  +\w", text.split("Commands:")[1], re.M) if "Commands:" in text else []:
            assert "Examples:\n  " in run(command, member, "--help").stdout
    assert "Usage:" in run(expect=USAGE).stderr


@pytest.mark.parametrize(
    "args, word",
    [
        (["pussh", "x"], "push"),
        (["token", "creat"], "token create"),
        (["queue", "--limmit", "3"], "--limit"),
        (["push"], "push needs FILE"),
        (["queue", "x"], "one word too many"),
        (["queue", "--limit", "0"], "at least 1"),
        (["audit", "verify", "--expect", "7"], "64 hexadecimal"),
        (["model", "promote", "x"], "not a model version"),
        (["token", "create", "--label", "x"], "--role"),
        (["push", "--source", "x", "y"], "--format"),
        (["queue", "--json", "--plain"], "one of them"),
        (["compare", "a"], "compare needs A B"),
        (["compare", "a", "b", "c"], "one word too many"),
        (["compare", "a", "b", "--criteria"], "--ratio"),
        (["compare", "a", "b", "--ratio", "3"], "--criteria"),
        (["compare", "a", "b", "--criteria", "--ratio", "10"], "at most 9"),
        (["compare", "weights"], "weights needs MODEL"),
    ],
)
def test_slips(args, word):
    done = run(*args, expect=USAGE, workspace="x")
    assert word in done.stderr and not done.stdout


def test_a_token_is_never_a_flag():
    for args in (["--token", "wnw_mine", "queue"], ["queue", "--token=wnw_mine"], ["queue", "--tokn=wnw_mine"]):
        done = run(*args, expect=USAGE, workspace="x")
        assert "wnw_mine" not in done.stderr
    assert "WINNOW_TOKEN" in run("queue", "--token", "x", expect=USAGE).stderr


def test_settings(tmp_path):
    assert "WINNOW_WORKSPACE" in run("queue", expect=USAGE).stderr
    assert "http://" in run("queue", "--url", "ftp://x", expect=USAGE, workspace="x").stderr
    assert "user or a password" in run("queue", expect=USAGE, url="https://a:b@x", workspace="x").stderr
    assert "both set" in run("queue", expect=USAGE, token="a", token_file=tmp_path, workspace="x").stderr
    assert "WINNOW_TOKEN?" in run("queue", expect=UNREACHABLE, tokn="a", url="http://127.0.0.1:1", workspace="x").stderr


# ---- a server that does what it is told ----


def test_push_goes_in_bounded_requests(fake, tmp_path):
    server = fake(lambda method, path, body: settled(body))
    lines = [json.dumps({"n": n}) for n in range(2500)]
    done = server.run("push", write(tmp_path / "a.ndjson", "\n".join(lines)))
    assert done.stdout == "created 2500, updated 0, unchanged 0, stale 0, rejected 0\n"
    posts = [request for request in server.requests if request[0] == "POST"]
    bodies = [body for _, _, _, body in posts]
    assert [body.count(b"\n") for body in bodies] == [1000, 1000, 500]
    assert b"".join(bodies).decode().splitlines() == lines
    assert {path for _, path, _, _ in posts} == {"/v1/workspaces/w/items?mode=partial"}

    server.requests.clear()
    server.run("push", write(tmp_path / "b.ndjson", [{"text": "x" * 300000} for _ in range(10)]))
    assert [body.count(b"\n") for method, _, _, body in server.requests if method == "POST"] == [3, 3, 3, 1]
    assert all(len(body) <= 2**20 for _, _, _, body in server.requests)


def test_what_goes_with_a_request(fake, tmp_path):
    server = fake(lambda method, path, body: settled(body))
    server.run("push", write(tmp_path / "a.ndjson", [{}]), "--dry-run", workspace="a/b c")
    method, path, headers, _ = server.requests[0]
    assert (method, path) == ("POST", "/v1/workspaces/a%2Fb%20c/items?mode=partial&dry_run=true")
    assert headers["Authorization"] == "Bearer wnw_x" and headers["User-Agent"].startswith("winnow/0.")
    assert headers["Content-Type"] == "application/x-ndjson" and "Idempotency-Key" not in headers


def test_push_tries_again(fake, tmp_path):
    answers = [(503, {"Retry-After": 1}, "{}"), problem(503, "Busy"), None]

    def script(method, path, body):
        return answers.pop(0) or settled(body)

    server = fake(script)
    done = server.run("push", write(tmp_path / "a.ndjson", [{}]), "--retries", "2")
    assert done.stdout.startswith("created 1,") and done.stderr.count("trying again") == 2
    assert len(server.requests) == 3 and len({body for _, _, _, body in server.requests}) == 1

    answers[:] = [problem(503, "The database cannot be reached") for _ in range(2)]
    done = server.run("push", tmp_path / "a.ndjson", "--retries", "1", "--json", expect=UNREACHABLE)
    assert "The database cannot be reached" in done.stderr
    assert json.loads(done.stdout)["complete"] is False


def test_a_payload_is_sent_again_under_its_key(fake, tmp_path):
    under_way = (409, {"Content-Type": "application/problem+json"}, {"type": "/problems/idempotency-key-in-flight"})
    answers = [problem(503, "Busy"), under_way, None, None]

    def script(method, path, body):
        return answers.pop(0) or settled(b"{}\n")

    server = fake(script)
    files = [write(tmp_path / name, "[]") for name in ("a.json", "b.json")]
    done = server.run("push", "--format", "github", *files)
    assert done.stdout.startswith("created 2,") and done.stderr.count("trying again") == 2
    keys = [headers["Idempotency-Key"] for _, _, headers, _ in server.requests]
    assert len(keys) == 4 and len(set(keys[:3])) == 1 and keys[3] != keys[0]

    conflict = (409, {"Content-Type": "application/problem+json"}, {"type": "/problems/conflict", "title": "Conflict"})
    server = fake(lambda method, path, body: conflict)
    server.run("push", "--format", "github", files[0], expect=REFUSED)
    assert len(server.requests) == 1


def test_push_does_not_try_again_what_is_refused(fake, tmp_path):
    server = fake(lambda method, path, body: problem(403, "The token's role does not allow this"))
    done = server.run("push", write(tmp_path / "a.ndjson", [{}] * 1500), expect=DENIED)
    assert "role" in done.stderr and len(server.requests) == 1


def test_no_server():
    for args in (["queue"], ["audit", "verify"], ["push", "--retries", "0", "/dev/null"]):
        expect = OK if args[0] == "push" else UNREACHABLE  # nothing to push, nobody to ask
        run(*args, expect=expect, url=f"http://127.0.0.1:{daemons.free_port()}", workspace="w")


def test_redirects_are_not_followed(fake):
    away = fake(lambda *_: (200, {}, {"ranking": "1.1", "entries": []}))
    server = fake(lambda *_: (302, {"Location": away.url}, b""))
    assert "redirects" in server.run("queue", expect=REFUSED).stderr
    assert not away.requests


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"entries":[', b'{"a":1,"a":2}', b"[" * 5000, b"\xff"])
def test_answers_that_are_no_json(fake, body):
    done = fake(lambda *_: (200, {}, body)).run("queue", expect=REFUSED)
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"null", b'{"entries":{"a":1}}', b'{"entries":[null,7,{"rank":"x","range":3}]}']
)
def test_answers_of_another_form_do_no_harm(fake, body):
    fake(lambda *_: (200, {}, body)).run("queue")


def test_answers_are_held_to_a_size(fake):
    assert "too large" in fake(lambda *_: (200, {}, b" " * (65 << 20))).run("queue", expect=REFUSED).stderr


def test_problems_are_told_whole(fake):
    server = fake(
        lambda *_: problem(
            422,
            "Not valid",
            detail="Two faults.",
            errors_omitted=3,
            errors=[
                {"pointer": "/query/limit", "detail": "Too \x1b[31msmall."},
                {"pointer": "/query/x", "detail": "Unknown."},
            ],
        )
    )
    done = server.run("queue", expect=REFUSED)
    assert done.stderr.splitlines() == [
        "winnow: Not valid: Two faults.",
        "winnow:   /query/limit: Too \ufffd[31msmall.",
        "winnow:   /query/x: Unknown.",
        "winnow:   and 3 more",
    ]
    assert (
        "HTTP 500"
        in fake(lambda *_: (500, {"Content-Type": "text/html"}, "<h1>no")).run("queue", expect=REFUSED).stderr
    )


def test_titles_do_not_drive_the_terminal(fake):
    entry = {
        "rank": 1,
        "score": 1.5,
        "external_id": "7\n8",
        "title": "a\x1b]0;owned\x07\u202eb\x9b31m",
        "reasons": ["x\ty"],
    }
    for flag in ("--wide", "--plain"):
        text = fake(lambda *_: (200, {}, {"entries": [entry]})).run("queue", flag).stdout
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text) and "owned" in text and "7 8" in text


def test_queue_pages(fake):
    def script(method, path, body):
        at = int((re.search(r"cursor=(\d+)", path) or [0, 0])[1])
        limit = int(re.search(r"limit=(\d+)", path)[1])
        page = {
            "ranking": "1.1",
            "revision": 1,
            "count": 1200,
            "entries": [{"rank": n + 1} for n in range(at, min(at + limit, 1200))],
        }
        return 200, {}, {**page, "next": str(at + limit)} if at + limit < 1200 else page

    server = fake(script)
    ranks = [entry["rank"] for entry in json.loads(server.run("queue", "--all", "--json").stdout)["entries"]]
    assert ranks == list(range(1, 1201)) and len(server.requests) == 3
    assert len(json.loads(server.run("queue", "--limit", "700", "--json").stdout)["entries"]) == 700
    assert len(server.run("queue", "--limit", "700", "--plain").stdout.splitlines()) == 700
    assert json.loads(server.run("queue", "--limit", "2", "--json").stdout)["next"] == "2"


@pytest.mark.parametrize("as_cursor", [False, True])
def test_export_pages(fake, tmp_path, as_cursor):
    def script(method, path, body):
        limit = int(re.search(r"limit=(\d+)", path)[1])
        after = int(re.search(r"(?:after=|cursor=c)(\d+)", path)[1])
        if limit > 100:
            return problem(413, "Too much at once")
        last = min(after + limit, 150)
        headers = {"Winnow-Next": f"c{last}" if as_cursor else last} if last < 150 else {}
        return 200, headers, "".join(f"{n}\n" for n in range(after + 1, last + 1))

    done = fake(script).run("audit", "export", "--after", "5", "--output", tmp_path / "log")
    assert (tmp_path / "log").read_text().split() == [str(n) for n in range(6, 151)] and "145 records" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_broken_export_leaves_the_old_file(fake, tmp_path):
    old = write(tmp_path / "log", "old\n")
    for script, code in (
        (lambda *_: (200, {}, "half a li"), REFUSED),
        (lambda *_: (200, {"Content-Length": 100}, "short\n"), UNREACHABLE),
        (lambda *_: problem(500, "No"), REFUSED),
    ):
        fake(script).run("audit", "export", "--output", old, "--timeout", "2", expect=code)
        assert old.read_text() == "old\n" and len(list(tmp_path.iterdir())) == 1


def test_certificates_are_verified(fake, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            cert,
            "-days",
            "2",
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = fake(lambda method, path, body: settled(body), context)
    file = write(tmp_path / "a.ndjson", [{}])
    done = server.run("push", file, expect=UNREACHABLE)
    assert "certificate" in done.stderr and "trying again" not in done.stderr and not server.requests
    assert server.run("push", file, "--ca-file", cert).stdout.startswith("created 1,")


def test_output_that_cannot_be_written(fake):
    server = fake(lambda *_: (200, {}, {"entries": [{"rank": 1}]}))
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [places.winnow(), "queue"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            env=daemons.clean_environment(WINNOW_URL=server.url, WINNOW_WORKSPACE="w"),
        )
    assert done.returncode == REFUSED and "cannot write" in done.stderr


# ---- on a terminal ----


def on_terminal(*args, answer=b"", **variables):
    """Everything that the client writes to a terminal of 80 columns, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        environment = daemons.clean_environment(
            TERM="xterm", **{f"WINNOW_{k.upper()}": v for k, v in variables.items()}
        )
        os.execve(places.winnow(), [places.winnow(), *map(str, args)], environment)
    os.write(terminal, answer)
    text = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        text += more
    os.close(terminal)
    return text.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_removing_asks_for_the_name(fake):
    server = fake(
        lambda method, *_: (204 if method == "DELETE" else 200, {"ETag": '"r3"'}, b"" if method == "DELETE" else b"{}")
    )
    settings = {"url": server.url, "token": "wnw_x"}
    text, code = on_terminal("workspace", "remove", "trial", answer=b"y\n", **settings)
    assert code == REFUSED and "nothing was removed" in text and [r[0] for r in server.requests] == ["GET"]
    text, code = on_terminal("workspace", "remove", "trial", answer=b"trial\n", **settings)
    assert code == OK and server.requests[-1][0] == "DELETE" and server.requests[-1][2]["If-Match"] == '"r3"'
    run("workspace", "remove", "trial", expect=USAGE, **settings)


def test_color_only_on_a_terminal(fake):
    server = fake(lambda *_: (200, {}, {"entries": [{"rank": 1, "title": "x" * 200}]}))
    settings = {"url": server.url, "workspace": "w"}
    text, _ = on_terminal("queue", **settings)
    assert "\x1b[1m" in text and max(len(line) for line in re.sub(r"\x1b\[\d*m", "", text).split("\r\n")[:2]) <= 80
    assert "\x1b" not in on_terminal("queue", "--no-color", **settings)[0]
    assert "\x1b" not in run("queue", **settings).stdout


# ---- the daemon ----


def test_push_and_push_again(cli, ws, tmp_path):
    items = [item(str(n), features=rubric(3, 2, 2, 1)) for n in range(60)]
    file = write(tmp_path / "a.ndjson", items)
    assert cli("push", file, "--dry-run").stdout == "dry run: created 60, updated 0, unchanged 0, stale 0, rejected 0\n"
    assert cli("push", file).stdout == "created 60, updated 0, unchanged 0, stale 0, rejected 0\n"
    revision = ws.revision()
    array = write(tmp_path / "a.json", json.dumps(items, indent=2))
    assert cli("push", array).stdout == "created 0, updated 0, unchanged 60, stale 0, rejected 0\n"
    assert cli("push", "-", stdin=json.dumps(items[0], indent=2)).stdout.startswith(
        "created 0, updated 0, unchanged 1,"
    )
    assert cli("push", file, "--quiet").stdout == ""
    assert ws.revision() == revision


def test_push_tells_what_was_rejected(cli, tmp_path):
    lines = [
        json.dumps(item("1")),
        "",
        "garbage",
        json.dumps({"source": "test", "external_id": "2"}),
        json.dumps(item("3")),
    ]
    file = write(tmp_path / "a.ndjson", "\n".join(lines))
    done = cli("push", file, expect=REFUSED)
    assert done.stdout == "created 2, updated 0, unchanged 0, stale 0, rejected 2\n"
    told = done.stderr.splitlines()
    assert (
        len(told) == 2
        and told[0].startswith(f"{file}:3: ")
        and told[1].startswith(f"{file}:4: 2: ")
        and "title" in told[1]
    )
    array = write(tmp_path / "a.json", json.dumps([item("1"), {"source": "test", "external_id": "2"}], indent=1))
    assert (
        f"{array}:{1 + len(json.dumps([item('1')], indent=1).splitlines()) - 1}: 2: "
        in cli("push", array, expect=REFUSED).stderr
    )


def test_push_tells_twenty_and_counts_the_rest(cli, tmp_path):
    done = cli("push", write(tmp_path / "a.ndjson", "x\n" * 1030), expect=REFUSED)
    assert len(done.stderr.splitlines()) == 21 and "and 1010 more" in done.stderr and "rejected 1030" in done.stdout


def test_push_as_json(cli, tmp_path):
    file = write(
        tmp_path / "a.ndjson", [item(str(n)) for n in range(1500)] + [{"source": "test", "external_id": "bad"}]
    )
    result = json.loads(cli("push", file, "--json", expect=REFUSED).stdout)
    assert (result["created"], result["rejected"], result["errors"], result["complete"]) == (1500, 1, True, True)
    assert (
        [one["index"] for one in result["results"]]
        == list(range(1501))
        == [one["line"] - 1 for one in result["results"]]
    )
    assert result["results"][-1]["outcome"] == "rejected" and result["results"][-1]["file"] == str(file)
    assert re.fullmatch(r"\d+:[0-9a-f]{64}", result["head"])


def test_push_all_or_nothing(cli, ws, tmp_path):
    file = write(tmp_path / "a.ndjson", [item("1"), {"source": "test", "external_id": "2"}])
    before = ws.revision()
    done = cli("push", "--atomic", file, expect=REFUSED)
    assert (
        f"{file}:2: " in done.stderr
        and "nothing was stored" in done.stderr
        and not done.stdout
        and ws.revision() == before
    )
    assert cli("push", "--atomic", write(file, [item("1"), item("2")])).stdout.startswith("created 2,")
    big = write(tmp_path / "big.ndjson", [item(str(n)) for n in range(10001)])
    assert "nothing was sent" in cli("push", "--atomic", big, expect=USAGE).stderr


def test_push_of_a_broken_file(cli, tmp_path):
    file = write(tmp_path / "a.json", "[\n" + json.dumps(item("1")) + ",\n" + json.dumps(item("2"))[:-1])
    done = cli("push", file, expect=USAGE)
    assert done.stdout.startswith("created 1,") and f"{file}:3: the item that begins here does not end" in done.stderr
    cli("push", tmp_path / "absent", expect=USAGE)


def test_push_of_a_trackers_payload(cli, ws, tmp_path):
    issues = [
        {
            "id": n,
            "number": n,
            "title": f"Issue {n}",
            "state": "open",
            "labels": [],
            "comments": 0,
            "html_url": f"https://github.com/o/r/issues/{n}",
            "repository_url": "https://api.github.com/repos/o/r",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-02T00:00:00Z",
            "user": {"login": "x"},
        }
        for n in (1, 2)
    ]
    issues.append({**issues[0], "number": 3, "id": 3, "pull_request": {"url": "x"}})
    done = cli("push", "--format", "github", write(tmp_path / "issues.json", json.dumps(issues)))
    assert done.stdout.startswith("created 2,") and "skipped 1" in done.stdout
    assert len(ws.queue()["entries"]) == 2
    assert "was not taken" in cli("push", "--format", "alertmanager", tmp_path / "issues.json", expect=REFUSED).stderr
    cli("push", "--format", "jira", tmp_path / "issues.json", expect=REFUSED)


def test_queue(cli, ws):
    ws.push([scored("a", 19, title="日本語 title"), scored("b", 12), scored("c", 8, stream="incident", team="ops")])
    revision = str(ws.revision())
    done = cli("queue", "--min-revision", revision)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["RANK", "SCORE", "RANGE", "BAND", "ITEM", "STREAM", "TITLE", "WHY"]
    assert [line.split()[:5] for line in lines[1:]] == [
        ["1", "19", "-", "next_sprint", "a"],
        ["2", "12", "-", "ready", "b"],
        ["3", "8", "-", "icebox", "c"],
    ]
    assert "3 of 3 ranked items" in done.stderr
    assert json.loads(cli("queue", "--json", "--limit", "2").stdout)["entries"] == ws.queue(limit=2)["entries"]
    assert cli("queue", "--plain", "--stream", "incident").stdout.split("\t")[:2] == ["3", "8"]
    assert cli("queue", "--plain", "--team", "ops", "--band", "icebox").stdout.count("\n") == 1
    assert cli("queue", "--band", "nothing").stdout == ""
    cli("queue", "--min-revision", int(revision) + 1000, expect=REFUSED)


def test_queue_says_whose_urgency_is_carried(cli, ws):
    ws.push([scored("freeze", 8), scored("urgent", 24, blocked_by=["freeze"])])
    lines = cli("queue", "--plain", "--min-revision", ws.revision()).stdout.splitlines()
    assert [line.split("\t")[4] for line in lines] == ["freeze", "urgent"]
    assert lines[0].endswith("\turgent waits for it") and lines[1].endswith(" = 9")


def test_explain(cli, ws):
    ws.push([item("7", features=rubric(3, 2)), item("7", source="other"), item("a/b"), item("8", blocked_by=["7"])])
    cli("queue", "--min-revision", ws.revision())
    text = cli("explain", "test/7").stdout
    assert re.search(r"^user_impact +3 +3 +9 ", text, re.M) and re.search(
        r"^reversibility +unknown +2 +2 +2…6 +assumed", text, re.M
    )
    assert re.search(r"^sum +- +- +16 +16…22", text, re.M) and re.search(r"^score +16$", text, re.M)
    one = json.loads(cli("explain", "test/7", "--json").stdout)
    assert (
        one["sum"] == one["score"] == 16 and json.loads(cli("explain", one["id"], "--json").stdout)["id"] == one["id"]
    )
    assert json.loads(cli("explain", "8", "--json").stdout)["external_id"] == "8"
    assert (
        json.loads(cli("explain", "a/b", "--json").stdout)["external_id"]
        == json.loads(cli("explain", "test/a/b", "--json").stdout)["external_id"]
        == "a/b"
    )
    assert "test/7" in (told := cli("explain", "7", expect=USAGE).stderr) and "other/7" in told
    assert "no item" in cli("explain", "nothing", expect=REFUSED).stderr


def test_tokens(cli, ws, tmp_path):
    done = cli("token", "create", "--label", "ci", "--role", "contributor,reader", "--source", "test", "--days", "3")
    secret = done.stdout.strip()
    assert re.fullmatch(r"wnw_\w+", secret) and done.stdout == secret + "\n" and secret not in done.stderr
    token = next(one for one in ws.get("/tokens").json()["tokens"] if one["label"] == "ci")
    assert (sorted(token["roles"]), token["sources"]) == (["contributor", "reader"], ["test"]) and token[
        "id"
    ] in done.stderr

    file = write(tmp_path / "token", secret + "\n")
    run("push", "-", url=ws.url, workspace=ws.name, token_file=file, stdin=json.dumps(item("1")))
    run("queue", "--token-file", file, url=ws.url, workspace=ws.name)
    run("audit", "verify", url=ws.url, workspace=ws.name, token_file=file, expect=DENIED)
    assert token["id"] in cli("token", "list").stdout and secret not in cli("token", "list", "--json").stdout
    cli("token", "revoke", token["id"])
    assert "revoked" in cli("token", "list", "--plain").stdout
    run("queue", url=ws.url, workspace=ws.name, expect=DENIED)
    run("queue", url=ws.url, workspace=ws.name, token="wnw_nonsense", expect=DENIED)


def test_operators_and_grants(cli, ws):
    secret = cli("token", "create", "--operator", "--label", "second", "--days", "1").stdout.strip()
    second = next(
        one["id"]
        for one in json.loads(cli("token", "list", "--operator", "--json").stdout)["tokens"]
        if one["label"] == "second" and "revoked_at" not in one
    )
    cli("queue", token=secret, expect=DENIED)
    assert "reader" in cli("token", "grant", second, "--role", "reader").stderr
    cli("queue", token=secret)
    cli("token", "grant", second, "--withdraw")
    cli("queue", token=secret, expect=DENIED)
    cli("token", "grant", second, expect=USAGE)
    cli("token", "revoke", second, "--operator")


def test_workspaces(cli, ws):
    name = ws.name + "-x"
    assert name in cli("workspace", "create", name, "--title", "A título").stdout
    assert "A título" in cli("workspace", "show", name).stdout
    assert json.loads(cli("workspace", "show", "--json").stdout)["name"] == ws.name
    assert {ws.name, name} <= {
        one["name"] for one in json.loads(cli("workspace", "list", "--json").stdout)["workspaces"]
    }
    cli("workspace", "create", name, expect=REFUSED)
    cli("workspace", "remove", name, "--yes")
    cli("workspace", "show", name, expect=REFUSED)
    assert re.search(rf"^{name} .* removed ", cli("workspace", "list").stdout, re.M)


def test_models(cli, tmp_path):
    model = {
        "name": "impact_only",
        "kind": "weighted_sum",
        "terms": [{"feature": "user_impact", "weight": 3, "scale": "value"}],
        "bands": [{"name": "ready", "at_least": 6}, {"name": "icebox"}],
    }
    file = write(tmp_path / "model.json", json.dumps(model))
    assert cli("model", "create", file).stdout == "2\n" and cli("model", "create", file).stdout == "2\n"
    cli("model", "promote", "2", "--alias", "candidate")
    done = cli("model", "promote", "2")
    assert "it was 1" in done.stderr and "impact_only" in cli("model", "show").stdout
    assert re.search(r"^ +2 +active,candidate +impact_only", cli("model", "list").stdout, re.M)
    cli("model", "promote", "1")
    assert json.loads(cli("model", "show", "--json").stdout)["version"] == 1
    cli("model", "promote", "99", expect=REFUSED)
    assert "/kind" in cli("model", "create", write(file, json.dumps({**model, "kind": "magic"})), expect=REFUSED).stderr


def test_compare(cli, ws):
    ws.push([item(name) for name in "abc"])
    assert len(cli("compare", "next", "--plain").stdout.splitlines()) == 1
    done = cli("compare", "test/a", "b")
    assert done.stdout == "" and "a before b" in done.stderr
    assert json.loads(cli("compare", "c", "a", "--json").stdout)["after"]["external_id"] == "a"
    cli("compare", "a", "nobody", expect=REFUSED)
    cli("compare", "a", "a", expect=REFUSED)
    ws.queue()
    lines = cli("compare", "strengths", "--plain").stdout.splitlines()
    assert [line.split("\t")[-1] for line in lines] == ["test/c Item c", "test/a Item a", "test/b Item b"]
    assert len(json.loads(cli("compare", "strengths", "--json").stdout)["strengths"]) == 3

    cli("compare", "user_impact", "effort", "--criteria", "--ratio", 4)
    cli("compare", "--criteria", "--ratio", 4, "user_impact", "effort")
    needs = {line.split("\t")[2] for line in cli("compare", "next", "--criteria", "--plain").stdout.splitlines()}
    assert needs == {"apart"}, "the active model reads user_impact, but not effort"
    done = cli("compare", "weights", "judged", "--dry-run", "--plain")
    assert done.stdout == "effort\t0.2\nuser_impact\t0.8\n" and "acceptable" in done.stderr
    assert json.loads(cli("compare", "weights", "judged", "--json").stdout)["model"]["version"] == 2
    assert "promote 2" in cli("compare", "weights", "judged", "-f", "user_impact", "-f", "effort").stderr
    cli("compare", "reversibility", "effort", "--criteria", "--ratio", 9)
    cli("compare", "reversibility", "user_impact", "--criteria", "--ratio", 9)
    assert "contradict" in cli("compare", "weights", "judged", "--dry-run").stderr


def test_audit(cli, ws, tmp_path):
    ws.push([item(str(n)) for n in range(5)])
    head = ws.get("/audit/verify").headers["Winnow-Head"]
    assert cli("audit", "verify").stdout == f"ok: {ws.revision()} records, head {head}\n"
    cli("audit", "verify", "--expect", head)
    assert (
        "fault at revision 1: expected:" in cli("audit", "verify", "--expect", f"1:{'0' * 64}", expect=REFUSED).stdout
    )

    log = tmp_path / "log.ndjson"
    cli("audit", "export", "--output", log)
    assert cli("audit", "export").stdout == log.read_text()
    offline = run("audit", "verify", "--file", log)
    assert offline.stdout == f"ok: {ws.revision()} records, head {head}\n" and "--expect" in offline.stderr
    assert (
        json.loads(run("audit", "verify", "--file", "-", "--expect", head, "--json", stdin=log.read_text()).stdout)[
            "head"
        ]
        == head
    )
    first = f"1:{json.loads(log.read_text().splitlines()[0])['record']['hash']}"
    tail = cli("audit", "export", "--after", "1").stdout
    run("audit", "verify", "--file", "-", "--after", first, "--expect", head, stdin=tail)
    assert "--after" in run("audit", "verify", "--file", "-", stdin=tail, expect=REFUSED).stderr
    assert "no record" in run("audit", "verify", "--file", "/dev/null", expect=REFUSED).stderr


def test_the_systems_own_log(cli, tmp_path):
    cli("audit", "export", "--system", "--output", tmp_path / "log")
    assert cli("audit", "verify", "--system").stdout.startswith("ok: ")
    run("audit", "verify", "--file", tmp_path / "log")


def test_models_of_other_kinds(cli, ws, tmp_path):
    assert cli("model", "create", "--preset", "wsjf").stdout == "2\n"
    assert cli("model", "create", "--preset", "wsjf").stdout == "2\n"
    assert cli("model", "create", "--preset", "ice", "--name", "ours").stdout == "3\n"
    assert "wsjf" in cli("model", "create", "--preset", "nothing", expect=REFUSED).stderr
    shown = cli("model", "show", "2").stdout
    assert re.search(r"^kind +expression$", shown, re.M) and re.search(r"^job_size +.* span ", shown, re.M)
    assert re.search(r"^formula +.*job_size", shown, re.M)

    table = write(tmp_path / "exposed.csv", "row,Reach,Decision\n1,small,attend\n2,controlled,attend\n3,open,act\n")
    options = ("--csv", table, "--outcomes", "act,attend")
    assert "reach" in cli("model", "create", *options, expect=REFUSED).stderr
    assert cli("model", "create", *options, "--column", "Reach=system_exposure").stdout == "4\n"
    shown = cli("model", "show", "4").stdout
    assert re.search(r"^name +exposed$", shown, re.M) and re.search(r"^open +act$", shown, re.M)
    assert ws.get("/models/4").json()["kind"] == "decision_table"
    holed = write(tmp_path / "holed.csv", "system_exposure,Decision\nsmall,attend\nopen,act\n")
    assert "controlled" in cli("model", "create", "--csv", holed, *options[2:], expect=REFUSED).stderr

    blend = {
        "name": "both",
        "kind": "blend",
        "components": [{"model": 1, "weight": 1}, {"model": 2, "weight": 2}],
        "bands": [{"name": "all"}],
    }
    assert cli("model", "create", "-", stdin=json.dumps(blend)).stdout == "5\n"
    assert re.search(r"^ +2 +wsjf +2 ", cli("model", "show", "5").stdout, re.M)
    assert len(cli("model", "list").stdout.splitlines()) == 6

    for args in ((), ("--preset", "ice", table), ("--csv", table), (*options, "--column", "Reach")):
        cli("model", "create", *args, expect=USAGE)


def test_policies(cli, ws, tmp_path):
    rule = {"id": "calm", "when": {"fact": "stream", "eq": "incident"}, "reason": "Two at a time."}
    policy = {"name": "lanes", "rules": [{**rule, "effect": "limit", "at_most": 2, "top": 20, "per": "team"}]}
    file = write(tmp_path / "policy.json", json.dumps(policy))
    assert cli("policy", "create", file).stdout == "1\n" and cli("policy", "create", file).stdout == "1\n"
    assert cli("policy", "create", "--preset", "field_guards").stdout == "2\n"
    cli("policy", "show", expect=REFUSED)
    assert "active is version 1" in cli("policy", "activate", "1").stderr
    shown = cli("policy", "show").stdout
    assert re.search(r"^calm +limit at_most 2 top 20 per team ", shown, re.M) and "Two at a time." in shown
    assert "back: winnow policy activate 1" in cli("policy", "activate", "2").stderr
    assert re.search(r"^ +2 +active +field_guards +7 ", cli("policy", "list").stdout, re.M)
    assert "it was 2" in cli("policy", "activate", "none").stderr
    assert "no policy is active" in cli("policy", "show", expect=REFUSED).stderr
    assert ws.get("/policies").json()["aliases"] == {"active": None}
    cli("policy", "activate", "1", "--alias", "candidate")
    cli("policy", "activate", "3", expect=REFUSED)
    assert "not a policy version" in cli("policy", "activate", "x", expect=USAGE).stderr
    assert json.loads(cli("policy", "show", "1", "--json").stdout)["name"] == "lanes"
    told = cli("policy", "create", write(file, json.dumps({**policy, "rules": [rule]})), expect=REFUSED).stderr
    assert "/rules/0/effect" in told
    cli("policy", "create", expect=USAGE)


def test_contracts_and_streams(cli, ws, tmp_path):
    cli("contract", "show", expect=REFUSED)
    limit = {"id": "few", "at_most": 1, "per": "team"}
    gate = {"id": "metric", "requires": {"feature": "success_metric", "present": True}, "reason": "Which number?"}
    part = {"stream": "feature_request", "share": {"at_least": 0.3, "at_most": 0.5}, "limits": [limit]}
    part |= {"ready": {"fields": ["estimate"], "gates": [gate]}, "timeboxes": [{"id": "look", "label": "x", "days": 3}]}
    body = {"name": "agreed", "streams": [part, {"stream": "incident", "lane": True}], "mirrors": ["test"]}
    file = write(tmp_path / "contract.json", json.dumps(body))
    assert cli("contract", "create", file).stdout == "1\n" and cli("contract", "create", file).stdout == "1\n"
    assert cli("contract", "create", "--preset", "field_contract").stdout == "2\n"
    assert "active is version 1" in cli("contract", "activate", "1").stderr
    shown = cli("contract", "show").stdout
    assert re.search(r"^feature_request +0.3 to 0.5 +few +estimate, metric +- +look$", shown, re.M)
    assert re.search(r"^incident +lane ", shown, re.M)
    assert re.search(r"^ +1 +active +agreed +2 ", cli("contract", "list").stdout, re.M)
    ws.push([item(n, stream="feature_request", status="in_progress", team="search") for n in range(2)])
    ws.push(item(9, stream="incident", status="in_progress"))
    ws.queue()
    listed = cli("streams", "list").stdout
    assert re.search(r"^feature_request +0 +2 +67 % +20 to 33 % +30 to 50 % +above +0$", listed, re.M)
    assert re.search(r"^incident +0 +1 +33 % +- +- +lane +0$", listed, re.M)
    told = cli("streams", "health", "feature_request", "--weeks", "2").stdout
    assert re.search(r"^limit +few +2 of 1, search: over$", told, re.M)
    assert re.search(r"^ready +metric +2 in flight do not fulfil it, 0 queued$", told, re.M)
    assert re.search(r"^timebox +look +0 of 0 over 3 days$", told, re.M)
    assert re.search(r"^\d{4}-W\d\d +2 +0$", told, re.M)
    assert json.loads(cli("streams", "health", "incident", "--json").stdout)["in_flight"] == 1
    cli("streams", "health", "nowhere", expect=REFUSED)
    assert cli("queue", "--view", "capability", expect=REFUSED).stderr
    cli("contract", "activate", "2")
    ws.queue()
    assert cli("queue", "--plain", "--view", "reliability").stdout.count("\n") == 1
    ws.put(
        "/launches/search",
        201,
        json={"at": ws.get("/streams").json()["at"], "share": 0.25},
        headers={"If-None-Match": "*"},
    )
    ws.queue()
    assert "25 % are reserved after the launch search until" in cli("streams", "list").stderr
    assert "it was 2" in cli("contract", "activate", "none").stderr
    told = cli("contract", "create", write(file, json.dumps({**body, "streams": 7})), expect=REFUSED).stderr
    assert "/streams" in told
    cli("contract", "create", expect=USAGE)


def test_calendars(cli, ws, tmp_path):
    weekly = [{"from": "fri 16:00", "until": "mon 08:00", "reason": "nobody is there"}]
    file = write(tmp_path / "freeze.json", json.dumps({"utc_offset": "+01:00", "weekly": weekly}))
    assert "created" in cli("calendar", "put", "freeze", file).stderr
    assert "replaced" in cli("calendar", "put", "freeze", file).stderr
    assert re.search(r"^fri 16:00 +mon 08:00 +nobody is there$", cli("calendar", "show", "freeze").stdout, re.M)
    assert re.search(r"^freeze +\+01:00 +0 +1 ", cli("calendar", "list").stdout, re.M)
    assert json.loads(cli("calendar", "show", "freeze", "--json").stdout) == ws.get("/calendars/freeze").json()
    cli("calendar", "show", "nothing", expect=REFUSED)
    assert "/weekly" in cli("calendar", "put", "freeze", "-", stdin=json.dumps({"weekly": 7}), expect=REFUSED).stderr

    assert "deleted the calendar freeze" in cli("calendar", "delete", "freeze").stderr
    cli("calendar", "delete", "freeze", expect=REFUSED)


NAMED = [
    (
        "recurrence",
        "recurrences",
        {"title": "Retrain", "stream": "model_quality", "period": "month", "start": "2026-01-01"},
        r"^thing +month +2026-01-01 +model_quality +Retrain$",
        r"^period +month$",
    ),
    (
        "launch",
        "launches",
        {"at": "2026-03-01T09:00:00Z", "share": 0.3, "days": 60},
        r"^thing +2026-03-01T09:00:00Z +2026-04-30T09:00:00Z +0\.3 +-$",
        r"^share +0\.3$",
    ),
    (
        "feature",
        "features",
        {"type": "number", "unit": "points", "family": "effort", "description": "x", "sensitive": True},
        r"^thing +number +points +effort +yes +\d+$",
        r"^sensitive +true$",
    ),
]


@pytest.mark.parametrize("command, path, body, listed, shown", NAMED, ids=[each[0] for each in NAMED])
def test_what_has_a_name(cli, ws, tmp_path, command, path, body, listed, shown):
    """Listed, shown, put and deleted in the same way; nothing that is newer is replaced or deleted."""
    file = write(tmp_path / "thing.json", json.dumps(body))
    assert f"created the {command} thing" in cli(command, "put", "thing", file).stderr
    assert f"replaced the {command} thing" in cli(command, "put", "thing", file).stderr
    assert re.search(listed, cli(command, "list").stdout, re.M)
    told = json.loads(cli(command, "list", "--json").stdout)[path]
    assert told == ws.get(f"/{path}").json()[path]
    assert re.search(shown, cli(command, "show", "thing").stdout, re.M)
    assert json.loads(cli(command, "show", "thing", "--json").stdout) == ws.get(f"/{path}/thing").json()
    assert "not valid" in cli(command, "put", "thing", "-", stdin="{}", expect=REFUSED).stderr
    assert f"deleted the {command} thing" in cli(command, "delete", "thing").stderr
    assert "thing" not in cli(command, "list").stdout
    for verb in ("show", "delete"):
        cli(command, verb, "thing", expect=REFUSED)
        cli(command, verb, expect=USAGE)
    cli(command, "put", "thing", expect=USAGE)


def test_an_item_by_hand(cli, ws):
    ws.push([item("7", title="Crash", team="search")])
    (item_id,) = [each["id"] for each in ws.pages("/items", "items")]
    before = ws.revision()
    body = {"team": "payments", "features": {"user_impact": 3}}
    assert "patched test/7" in cli("item", "patch", "test/7", "-", stdin=json.dumps(body)).stderr
    assert re.search(r"^team +payments$", cli("item", "show", "7").stdout, re.M)
    assert re.search(r"^team +search$", cli("item", "show", "7", "--revision", before).stdout, re.M)
    assert json.loads(cli("item", "show", "7", "--json").stdout) == ws.item(item_id)
    assert "as far as" in cli("item", "unpatch", "7", "team").stderr
    shown = ws.item(item_id)
    assert (shown["team"], shown["features"]["user_impact"]["value"]) == ("search", 3)
    assert "as its source says\n" in cli("item", "unpatch", "7").stderr
    assert ws.item(item_id)["features"].get("user_impact", {}).get("value") != 3
    told = json.loads(cli("item", "patch", "7", "-", "--json", stdin='{"team": "x"}').stdout)
    assert told["team"] == "x" and told["revision"] == ws.item(item_id)["revision"]
    cli("item", "patch", "7", "-", stdin='{"nothing": 1}', expect=REFUSED)
    cli("item", "show", "8", expect=REFUSED)
    cli("item", "patch", "7", expect=USAGE)


def test_settings_and_rules(cli, ws, tmp_path):
    settings = json.loads(cli("settings", "show").stdout)
    assert settings == ws.get("/settings").json()
    settings["kinds"].append("chore-of-a-test")
    file = write(tmp_path / "settings.json", json.dumps(settings))
    assert "replaced the settings" in cli("settings", "put", file).stderr
    assert "chore-of-a-test" in ws.get("/settings").json()["kinds"]
    cli("proposals", "rules", expect=REFUSED)  # nobody has made some
    rules = write(tmp_path / "rules.json", json.dumps({"rules": [{"change": "model", "approvers": 2}]}))
    assert "created the approval rules" in cli("proposals", "put-rules", rules).stderr
    assert json.loads(cli("proposals", "rules").stdout)["rules"][0]["approvers"] == 2
    refused = cli("proposals", "put-rules", rules, expect=OK)
    assert "replaced" in refused.stderr  # what changes nothing is let through
    other = write(tmp_path / "other.json", json.dumps({"rules": []}))
    assert "approval" in cli("proposals", "put-rules", other, expect=REFUSED).stderr


def test_erasing(cli, ws):
    ws.push([item("a", title="Secret of Ada"), item("b")])
    ws.client(ws.token("reviewer")).post(
        "/proposals",
        201,
        json={"change": "model", "body": {"weights": {"user_impact": 5}}, "rationale": "Bea wants it."},
        params={"min_revision": ws.revision()},
    )
    (proposal,) = ws.get("/proposals").json()["proposals"]
    because = ("--because", "case 4711")
    assert "erased 1 texts of a" in cli("erase", "item", "a", *because).stderr
    assert "erased 1 texts of proposal:" in cli("erase", "record", f"proposal:{proposal['id']}", *because).stderr
    newest = ws.get("/erasures").json()["erasures"][0]["revision"]
    assert json.loads(cli("erase", "record", newest, *because, "--json").stdout) == {
        "revision": newest,
        "texts": 1,
        "items": 0,
    }
    lines = cli("erase", "list", "--plain").stdout.splitlines()
    assert [line.split("\t")[2] for line in lines] == [
        f"revision:{newest}",
        f"proposal:{proposal['id']}",
        f"item:{next(each['id'] for each in ws.pages('/items', 'items') if each['external_id'] == 'a')}",
    ]
    assert json.loads(cli("erase", "list", "--json").stdout)["erasures"] == ws.get("/erasures").json()["erasures"]
    for args in (("item", "b"), ("record", "2")):
        assert "--because" in cli("erase", *args, expect=USAGE).stderr
    cli("erase", "record", "proposal:none", *because, expect=REFUSED)
    assert "Ada" not in ws.get("/items").text and "Bea" not in ws.get("/proposals").text
    ws.verify()


def test_the_access_log(cli, ws):
    ws.put_feature("salary", sensitive=True)
    ws.put_settings(access_log={"on": True, "keep_days": 30})
    ws.push([item(name, features={"salary": 5}) for name in "ab"])
    ids = [each["id"] for each in ws.pages("/items", "items")]
    other = ws.client(ws.token("auditor"))
    for each in ids:
        other.get(f"/items/{each}")
    records = ws.get("/access-log").json()["records"]
    told = cli("access-log", "--plain").stdout.splitlines()
    assert [line.split("\t")[4] for line in told] == [each["target"] for each in records]
    assert told[0].split("\t")[5] == "salary" and len(cli("access-log", "--plain", "-n", 1).stdout.splitlines()) == 1
    mine = json.loads(cli("access-log", "--actor", records[0]["actor"], "--json").stdout)["records"]
    assert mine == [each for each in records if each["actor"] == records[0]["actor"]] and len(mine) == 2


def test_service_levels(cli, ws, tmp_path):
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    hours = {"zone": "Asia/Kolkata", "weekly": [{"days": days, "from": "00:00", "until": "24:00"}]}
    rule = {"id": "sev1", "when": {"feature": "severity", "ge": "sev1"}, "target_hours": 8, "hours": "office"}
    created = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=10)).isoformat()
    ws.push([item("1", features={"severity": "sev1"}, created_at=created), item("2")])
    ws.queue()
    file = write(tmp_path / "hours.json", json.dumps(hours))
    assert "created" in cli("sla", "put-hours", "office", file).stderr
    assert "replaced" in cli("sla", "put-hours", "office", file).stderr
    assert re.search(r"^office +Asia/Kolkata +1 +0 ", cli("sla", "hours").stdout, re.M)
    file = write(tmp_path / "slas.json", json.dumps({"rules": [rule]}))
    cli("sla", "show", expect=REFUSED)
    told = cli("sla", "put", "--dry-run", file).stdout
    assert re.search(r"^clocks +0, then 1$", told, re.M) and re.search(r"^newly breached +1$", told, re.M)
    cli("sla", "show", expect=REFUSED)
    assert "created" in cli("sla", "put", file).stderr
    assert re.search(r"^sev1 +8 +office ", cli("sla", "show").stdout, re.M)
    told = cli("sla", "item", "test/1", "--min-revision", ws.revision()).stdout
    assert re.search(r"^rule +sev1$", told, re.M) and re.search(r"^state +breached$", told, re.M)
    assert "no rule is for test/2" in cli("sla", "item", "test/2").stderr
    assert re.search(r"^SLA breached +1 +-2(\.\d+)? hours left by rule sev1$", cli("findings").stdout, re.M)
    told = cli("sla", "put-hours", "office", "-", "--dry-run", stdin=json.dumps({"zone": "UTC", "weekly": []})).stdout
    assert re.search(r"^no longer breached +1$", told, re.M)
    assert re.search(r"^office +Asia/Kolkata +1 ", cli("sla", "hours").stdout, re.M)
    assert "in use" in cli("sla", "delete-hours", "office", expect=REFUSED).stderr
    cli("sla", "put", "-", stdin=json.dumps({"rules": []}))
    assert "deleted the business hours office" in cli("sla", "delete-hours", "office").stderr
    assert "/rules" in cli("sla", "put", "-", stdin="{}", expect=REFUSED).stderr


def test_checking_a_policy(cli, ws, tmp_path):
    ws.push(
        [item("wish", stream="feature_request", features=rubric(3, 3, 3, 3)), item("1", features=rubric(2, 2, 2, 2))]
    )
    cli("queue", "--min-revision", ws.revision())
    before = ws.revision()
    checked = cli("policy", "check", "--preset", "field_guards").stdout
    assert re.search(r"^feature-without-case +at_most_band +1 +0 +0 +0 +1 +\d+$", checked, re.M)
    assert re.search(r"^churn +0 in, 0 out of the first \d+$", checked, re.M)
    rules = [
        {"id": "out", "when": {"fact": "stream", "eq": "feature_request"}, "effect": "exclude", "reason": "x"},
        {"id": "first", "when": {"fact": "stream", "eq": "feature_request"}, "effect": "pin_top", "reason": "x"},
    ]
    file = write(tmp_path / "policy.json", json.dumps({"name": "p", "rules": rules}))
    assert re.search(r"^conflict +out holds, first yields: 1 item", cli("policy", "check", file).stdout, re.M)
    assert json.loads(cli("policy", "check", file, "--json", "--top", "5").stdout)["rules"][0]["out"] == 1
    cli("policy", "check", "7", expect=REFUSED)
    told = cli("policy", "check", write(file, json.dumps({"name": "p", "rules": []})), expect=REFUSED).stderr
    assert "/policy/rules" in told
    assert ws.revision() == before
    cli("policy", "check", expect=USAGE)


def test_queue_shows_marks_and_what_is_out(cli, ws):
    enforce(ws, labelled("look", "hold"), labelled("first", "pin_top"), labelled("no", "exclude"))
    ws.push([scored("a", 9, labels=["look", "first"]), scored("b", 20), scored("c", 20, labels=["no"])])
    made = override(ws, "b", "boost", delta=1.5)
    done = cli("queue", "--plain", "--min-revision", ws.revision())
    why = [line.split("\t")[-1] for line in done.stdout.splitlines()]
    assert why[0].startswith("pinned, held: user_impact") and why[1].startswith("boost: user_impact")
    assert "policy rules of a test 1; 1 held; 1 out of it (winnow excluded)" in done.stderr
    assert cli("queue", "--plain", "--held").stdout.split("\t")[4] == "a"
    text = cli("explain", "b").stdout
    assert re.search(r"^score +21\.5 \(20 \+ 1\.5 by overrides\)$", text, re.M)
    assert re.search(rf"^override +boost \(applied\) {made['id']}$", text, re.M)
    text = cli("explain", "a").stdout
    assert re.search(r"^rule +first \(pin_top, pinned\): Because of first\.$", text, re.M)
    assert re.search(r"^policy +rules of a test, version 1$", text, re.M)
    assert re.search(r"^rank +not ranked: .*the rule no: Because of no\.", cli("explain", "c").stdout, re.M)

    row = cli("excluded", "--plain").stdout.rstrip("\n").split("\t")
    assert (row[0], row[3], row[5]) == ("c", "rule no", "Because of no.")
    assert cli("excluded", "--rule", "other").stdout == ""
    assert "nothing is out" in cli("excluded", "--stream", "incident").stderr
    assert json.loads(cli("excluded", "--json").stdout)["reasons"][0]["items"] == 1


def test_explain_of_a_tree(cli, ws):
    body = {
        "name": "m",
        "kind": "expression",
        "expression": "user_impact * 2 + cost_of_delay",
        "bands": [{"name": "all"}],
    }
    ws.promote(ws.post("/models", 201, json=body).json()["version"])
    ws.push([item("1", features=rubric(3)), item("2", features=rubric(3, delay=2))])
    cli("queue", "--min-revision", ws.revision())
    text = cli("explain", "1").stdout
    assert re.search(r"^\+ +7 +7…9 ", text, re.M) and re.search(r"^    user_impact +3 ", text, re.M)
    assert re.search(r"^  cost_of_delay +1 +1…3 +assumed", text, re.M)
    assert re.search(r"^rank +2 \(1…2 by score alone\)$", text, re.M)


def test_unknowns(cli, ws):
    ws.push(
        [
            item("1", features=rubric(3, 3, 3)),
            item("2", features=rubric(3, 2, 1)),
            item("3", features=rubric(1, 1, 1, 1)),
        ]
    )
    done = cli("unknowns", "--plain", "--min-revision", ws.revision())
    assert done.stdout.splitlines()[0].split("\t") == ["cost_of_delay", "1", "33.3 %", "1"]
    assert "the bands of 1 of 3 ranked items are open" in cli("unknowns").stderr
    row = cli("unknowns", "--plain", "--feature", "cost_of_delay").stdout.rstrip("\n").split("\t")
    assert (row[1], row[4], row[5]) == ("2", "ready…next_sprint", "cost_of_delay")
    assert "nothing that is unknown" in cli("unknowns", "--feature", "user_impact").stderr
    cli("unknowns", "--feature", "no_such", expect=REFUSED)
    assert json.loads(cli("unknowns", "--json").stdout)["open"] == 1


def test_impact(cli, ws):
    ws.push([scored("base", 8), scored("a", 20, blocked_by=["base"], team="ops"), scored("b", 9, blocked_by=["a"])])
    cli("queue", "--min-revision", ws.revision())
    text = cli("impact", "test/base").stdout
    assert re.search(r"^waiting +1 directly, 2 in all$", text, re.M)
    assert re.search(r"^their score +29$", text, re.M) and re.search(r"^best rank +2 \(a\)$", text, re.M)
    assert re.search(r"^teams +\(none\) 1, ops 1$", text, re.M) and re.search(r" b +Item b +through 1$", text, re.M)
    assert json.loads(cli("impact", "b", "--json").stdout)["count"] == 0
    assert re.search(r"^best rank +-$", cli("impact", "b").stdout, re.M)
    cli("impact", "nothing", expect=REFUSED)
    cli("impact", expect=USAGE)


def test_findings(cli, ws):
    assert "nothing is found to be wrong" in cli("findings", "--min-revision", ws.revision()).stderr
    enforce(
        ws,
        labelled("down", "at_most_band", band="icebox"),
        labelled("up", "at_least_band", band="ready"),
        labelled("late", "not_above", rank=9),
        labelled("all", "share", at_least=1, top=1),
    )
    ws.push([scored("a", 20, blocked_by=["b"]), scored("b", 9, blocked_by=["a"]), scored("c", 9, blocked_by=["gone"])])
    ws.push([scored("d", 20, labels=["down", "up"]), scored("e", 8, labels=["late"])])
    ws.push([scored("f", 8, labels=["all"], blocked_by=["a"])])
    override(ws, "d", "band", band="next_sprint")
    override(ws, "a", "pin", rank=4)
    rows = [
        line.split("\t") for line in cli("findings", "--plain", "--min-revision", ws.revision()).stdout.splitlines()
    ]
    told = {(row[0], row[1]): row[2] for row in rows}
    assert told["cycle", "b, a"] == "2 items block each other in a circle", "a is pinned to the end"
    assert told["blocker", "c"] == "waits for test/gone, which is missing"
    assert told["contradiction", "up"] == "yields to down on 1 items"
    assert told["breach", "late"].startswith("broken at rank") and told["breach", "late"].endswith("by e")
    assert told["breach", "all"] == "not met in the top 1"
    assert told["override", "d"] == "its band is defeated by rule down"
    assert "of " in cli("findings", "--limit", "1").stderr
    assert json.loads(cli("findings", "--json").stdout)["counts"]["cycles"] == 1


# ---- events ----


def test_events_are_followed_and_resumed(database, ws, cli, tmp_path):
    """A line for each, over a restart of the daemon."""
    own = daemons.Daemon(database, tmp_path, name="followed")
    own.start()
    first = ws.push([item("a")])["revision"]
    environment = daemons.clean_environment(WINNOW_URL=own.url, WINNOW_TOKEN=ws.secret, WINNOW_WORKSPACE=ws.name)
    command = [places.winnow(), "events", "--after", str(first - 1), "--count", "3", "--quiet"]
    following = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    lines = [following.stdout.readline()]
    own.kill()
    ws.push([item("b")])
    own.start()
    ws.push([item("c")])
    rest, errors = following.communicate(timeout=60)
    assert following.returncode == OK, errors
    lines += rest.splitlines(keepends=True)
    records = ws.records(after=first - 1)
    told = [[str(r["revision"]), r["at"], r["action"], r["actor"], r["subject"]] for r in records[:3]]
    assert [line.rstrip("\n").split("\t") for line in lines] == [[word for word in row if word] for row in told]
    assert own.stop() == 0


def test_events_as_json_and_refused(ws, cli):
    ws.push([item("a")])
    ws.queue()
    lines = [json.loads(line) for line in cli("events", "--after", 0, "-n", 2, "--json").stdout.splitlines()]
    assert [(line["event"], line["data"]["revision"]) for line in lines] == [("revision", 1), ("revision", 2)]
    line = cli("events", "--rankings", "-n", 1).stdout.rstrip("\n").split("\t")
    assert line[2] == "ranking" and line[3] == ws.queue()["ranking"]
    assert cli("events", "--after", ws.revision() + 7, "-n", 1).stdout.split("\t")[2] == "reset"
    assert cli("events", token="wnw_nobody", expect=DENIED).stderr
    done = run("events", "--retries", 0, url="http://127.0.0.1:9", token="wnw_x", workspace="x", expect=UNREACHABLE)
    assert done.stderr
