"""A push that was interrupted goes on where the last answer left it; and what else is on its way."""

import gzip
import json
import os
import signal
import subprocess
import threading
import time

import pytest
import requests

from support import client, daemon as daemons, places, waiting, workspace as stored
from support.cli import HANG_UP, OK, REFUSED, UNREACHABLE, USAGE, problem, settled, write
from support.workspace import item

PIECE = 1000
BUSY = problem(503, "Busy")


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The folder for what is remembered, of this test alone."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


def remembered(state):
    """What is left of pushes, without half files."""
    files = sorted(state.rglob("*.*")) if state.exists() else []
    assert all(file.suffix == ".json" for file in files)
    return files


class Workspace:
    """A fake server's one: takes `room` requests, then `otherwise` becomes of the next ones."""

    def __init__(self, fake, room=None, otherwise=BUSY):
        self.room, self.otherwise = room, otherwise
        self.id, self.revision = "0b7e9d7c-7f0e-4d8c-8f4c-0d6a3a8f2b5e", 0
        self.bodies = []
        self.server = fake(self.answer)

    def answer(self, method, path, body):
        if method == "GET":
            return 200, {}, {"id": self.id, "name": "w", "title": "", "revision": self.revision}
        if self.room is not None and len(self.bodies) >= self.room:
            return self.otherwise() if callable(self.otherwise) else self.otherwise
        self.bodies.append(body)
        self.revision += 1
        status, headers, answer = settled(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
        return status, headers, {**answer, "revision": self.revision}

    def lines(self):
        return b"".join(self.bodies).decode().splitlines()

    def push(self, *args, room=None, **more):
        """One run that finds room for so many more requests, or for all."""
        self.room = None if room is None else len(self.bodies) + room
        return self.server.run(
            "push", "--retries", "0", *args, **{"expect": OK if room is None else UNREACHABLE, **more}
        )


@pytest.fixture
def there(fake, state):
    return Workspace(fake)


def numbered(count, start=0):
    return [json.dumps({"n": n}) for n in range(start, start + count)]


def summary(created):
    return f"created {created}, updated 0, unchanged 0, stale 0, rejected 0\n"


# ---- interruptions ----


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_after_a_signal(fake, state, tmp_path, by):
    """The third request is on its way when the client ends."""
    arrived, ended = threading.Event(), threading.Event()

    def hold():
        arrived.set()
        ended.wait(60)
        return HANG_UP

    there = Workspace(fake, room=2, otherwise=hold)
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(5500)))
    pushing = subprocess.Popen(
        [places.winnow(), "push", str(file)],
        env=daemons.clean_environment(WINNOW_URL=there.server.url, WINNOW_WORKSPACE="w", WINNOW_TOKEN="wnw_x"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert arrived.wait(60)
    pushing.send_signal(by)
    pushing.communicate(timeout=60)
    ended.set()
    assert pushing.returncode == -by and len(remembered(state)) == 1

    done = there.push(file)
    assert there.lines() == numbered(5500) and [body.count(b"\n") for body in there.bodies] == [PIECE] * 5 + [500]
    assert done.stdout == summary(5500)
    assert f"going on behind {file}:2000, where an earlier push was interrupted (2000 items, 0 of them" in done.stderr
    assert not remembered(state)
    there.push(file)
    assert len(there.lines()) == 11000


def test_again_and_again(there, state, tmp_path):
    """Each run does one piece and is told that there is no room for the next."""
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(4000)))
    for n in range(1, 4):
        done = there.push(file, room=1)
        assert done.stdout == summary(n * PIECE) and "the same push goes on from there" in done.stderr
        assert json.loads(remembered(state)[0].read_text())["items"] == n * PIECE
    assert there.push(file).stdout == summary(4000)
    assert there.lines() == numbered(4000) and not remembered(state)


def test_what_is_remembered_is_small_and_ones_own(there, state, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(3000)))
    there.push(file, room=2)
    (left,) = remembered(state)
    assert left.stat().st_mode & 0o777 == 0o600 and left.parent.stat().st_mode & 0o777 == 0o700
    assert "wnw_x" not in left.read_text() and left.stat().st_size < 1000


def test_short_ones_leave_no_trace(there, state, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(PIECE)))
    assert there.push(file).stdout == summary(PIECE)
    assert not state.exists() and [request[0] for request in there.server.requests] == ["POST"]


def test_a_lost_connection_is_tried_again_within_the_run(fake, state, tmp_path):
    lost = [False, True, False, True, True, False]
    seen = []

    def script(method, path, body):
        if method == "GET":
            return 200, {}, {"id": "0b7e9d7c-7f0e-4d8c-8f4c-0d6a3a8f2b5e", "revision": 1}
        seen.append(body)
        return HANG_UP if lost.pop(0) else settled(body)

    server = fake(script)
    done = server.run("push", "--retries", "2", write(tmp_path / "a.ndjson", "\n".join(numbered(2500))))
    # curl by itself does so once for a connection that was kept alive.
    assert done.stdout == summary(2500) and "trying again in" in done.stderr
    assert [body.count(b"\n") for body in seen] == [1000, 1000, 1000, 500, 500, 500]


# ---- the same input or another ----


def test_a_changed_beginning_begins_anew(there, state, tmp_path):
    lines = numbered(4000)
    file = write(tmp_path / "a.ndjson", "\n".join(lines))
    there.push(file, room=2)
    there.bodies.clear()
    write(file, "\n".join(["{}", *lines[1:]]))
    there.push(file, room=0)
    assert not remembered(state)
    write(file, "\n".join(lines))
    there.push(file, room=2)
    write(file, "\n".join(["{}", *lines[1:]]))
    there.bodies.clear()
    done = there.push(file)
    assert "the input has changed since the push that was interrupted; beginning anew" in done.stderr
    assert there.lines() == ["{}", *lines[1:]] and done.stdout == summary(4000)
    assert not remembered(state)


def test_a_changed_rest_does_not_matter(there, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(4000)))
    there.push(file, room=2)
    write(file, "\n".join(numbered(2000) + numbered(1500, 7000)))
    assert there.push(file).stdout == summary(3500)
    assert there.lines() == numbered(2000) + numbered(1500, 7000)


def test_one_that_ends_where_it_was_interrupted(there, state, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(4000)))
    there.push(file, room=2)
    write(file, "\n".join(numbered(2000)))
    assert there.push(file).stdout == summary(2000)
    assert len(there.bodies) == 2 and not remembered(state)


@pytest.mark.parametrize("rest", ["", "[", '\n[{"a":1},,'])
def test_a_shorter_or_broken_one_begins_anew(there, tmp_path, rest):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(4000)))
    there.push(file, room=2)
    there.bodies.clear()
    write(file, "\n".join(numbered(1999)) if not rest else rest)
    done = there.push(file, expect=USAGE if rest else OK)
    assert "beginning anew" in done.stderr
    assert there.lines() == ([] if rest == "[" else ['{"a":1}'] if rest else numbered(1999))


def test_arrays_and_several_files(there, tmp_path):
    files = [
        write(tmp_path / "a.json", json.dumps([{"n": n} for n in range(1300)], indent=1)),
        write(tmp_path / "b.ndjson", "\n\n".join(numbered(900, 1300))),
        write(tmp_path / "c.json", "[" + ",\n".join(numbered(1100, 2200)) + "]"),
    ]
    there.push(*files, room=2)
    done = there.push(*files)
    assert done.stdout == summary(3300) and f"going on behind {files[1]}:1399," in done.stderr
    assert [json.loads(line)["n"] for line in there.lines()] == list(range(3300))
    there.push(*files, room=2)
    there.bodies.clear()
    assert "earlier" not in there.push(*files[::-1]).stderr and len(there.lines()) == 3300


def test_items_that_are_never_sent_count_once(there, tmp_path):
    """They are rejected here, and told by the run that met them."""
    long = '{"x":"' + "x" * (8 << 20) + '"}'
    file = write(tmp_path / "a.ndjson", "\n".join([*numbered(5), long, *numbered(2500, 5)]))
    assert "longer than 8 MiB" in there.push(file, room=1).stderr
    done = there.push(file, expect=REFUSED)
    assert done.stdout == "created 2505, updated 0, unchanged 0, stale 0, rejected 1\n"
    assert "longer than" not in done.stderr and "(1001 items, 1 of them rejected)" in done.stderr
    assert there.lines() == numbered(2505)


# ---- the same server or another ----


@pytest.mark.parametrize("what", ["id", "revision"])
def test_another_workspace_of_the_name(there, tmp_path, what):
    """Made anew, or restored from a copy of before: what was acknowledged is not there."""
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(3000)))
    there.push(file, room=2)
    there.bodies.clear()
    if what == "id":
        there.id = there.id[::-1]
    else:
        there.revision -= 1
    done = there.push(file)
    assert "not the one of the interrupted push; beginning anew" in done.stderr
    assert there.lines() == numbered(3000) and done.stdout == summary(3000)


def test_a_day_later(there, state, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(3000)))
    there.push(file, room=2)
    (left,) = remembered(state)
    os.utime(left, (time.time() - 86500,) * 2)
    there.bodies.clear()
    assert "more than a day old; beginning anew" in there.push(file).stderr
    assert there.lines() == numbered(3000) and not remembered(state)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"items":5}', "x" * 70000])
def test_a_state_that_cannot_be_read(there, state, tmp_path, text):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(3000)))
    there.push(file, room=2)
    (left,) = remembered(state)
    left.write_text(text)
    there.bodies.clear()
    assert "cannot be read; beginning anew" in there.push(file).stderr
    assert there.lines() == numbered(3000) and not remembered(state)


def test_a_place_that_cannot_be_written(there, state, tmp_path):
    state.write_text("a file")
    done = there.push(write(tmp_path / "a.ndjson", "\n".join(numbered(3000))))
    assert done.stdout == summary(3000) and done.stderr.count("an interrupted push will begin anew") == 1


# ---- --resume, --no-resume ----


def test_standard_input_with_a_named_state(there, state, tmp_path):
    text, file = "\n".join(numbered(3000)), tmp_path / "named"
    there.push("-", "--resume", file, room=2, stdin=text)
    done = there.push("-", "--resume", file, stdin=text)
    assert done.stdout == summary(3000) and there.lines() == numbered(3000)
    assert "(standard input):2000" in done.stderr and not file.exists()

    there.push("-", "--resume", file, room=2, stdin=text)
    there.bodies.clear()
    other = "\n".join(numbered(3000, 1))
    assert "push it again" in there.push("-", "--resume", file, stdin=other, expect=USAGE).stderr
    assert not there.bodies and not file.exists()
    assert there.push("-", "--resume", file, stdin=other).stdout == summary(3000)

    there.push("-", room=2, stdin=text)
    assert not remembered(state)


def test_a_named_state_is_no_other_file(there, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(3000)))
    before = file.read_text()
    assert "is not what an interrupted push leaves" in there.push(file, "--resume", file, expect=USAGE).stderr
    assert file.read_text() == before and not there.bodies

    named = tmp_path / "named"
    there.push(file, "--resume", named, room=2)
    for other in ({"workspace": "other"}, {"url": "http://127.0.0.1:1"}):
        assert "another server or workspace" in there.push(file, "--resume", named, expect=USAGE, **other).stderr
    named.write_text("")  # as mktemp makes it
    there.bodies.clear()
    assert there.push(file, "--resume", named).stdout == summary(3000) and not named.exists()

    for flag in (["--atomic"], ["--dry-run"], ["--no-resume"], ["--format", "github"]):
        assert "--resume goes without" in there.push(file, "--resume", named, *flag, expect=USAGE).stderr


def test_nothing_is_remembered_unasked(there, state, tmp_path):
    """A list of results would not be whole, and a dry run does nothing that could be left."""
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(3000)))
    for flag in ("--no-resume", "--json", "--dry-run"):
        there.push(file, flag, room=2)
        assert not state.exists()
    there.push(file, room=2)
    there.bodies.clear()
    assert there.push(file, "--no-resume").stdout == summary(3000) and there.lines() == numbered(3000)
    assert not remembered(state)


def test_results_of_a_later_run_are_counted_on(there, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join(numbered(2500)))
    first = json.loads(there.push(file, "--json", "--resume", tmp_path / "named", room=2).stdout)
    second = json.loads(there.push(file, "--json", "--resume", tmp_path / "named").stdout)
    assert first["complete"] is False and "earlier" not in first
    assert second["complete"] is True and (second["created"], second["earlier"]) == (2500, 2000)
    assert [one["index"] for one in first["results"] + second["results"]] == list(range(2500))


# ---- on the way ----


def test_gzip(there, tmp_path):
    file = write(tmp_path / "a.ndjson", "\n".join([*numbered(1000), "{}"]))
    assert there.push(file, "--gzip").stdout.startswith("created")
    posts = [request for request in there.server.requests if request[0] == "POST"]
    assert posts[0][2]["Content-Encoding"] == "gzip" and len(posts[0][3]) < 5000
    assert gzip.decompress(posts[0][3]).decode().splitlines() == numbered(1000)
    assert "Content-Encoding" not in posts[1][2] and posts[1][3] == b"{}\n"  # gzip would be longer


def test_progress_where_there_is_no_terminal(fake, state, tmp_path):
    def script(method, path, body):
        status, headers, answer = settled(body)
        return status, headers, {**answer, "created": answer["created"] - 1, "rejected": 1}

    file = write(tmp_path / "a.ndjson", [{"x": "x" * 1100} for _ in range(2500)])
    done = fake(script).run("push", "--progress", "--quiet", file, expect=REFUSED)
    size = f"{file.stat().st_size / 2**20:.1f}"
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"pushing 100 %  2500 items, 3 rejected, {size} of {size} MiB")
    assert not any("pushing" in line for line in run_quietly(fake, file).splitlines())


def run_quietly(fake, file):
    return fake(lambda method, path, body: settled(body)).run("push", file).stderr


# ---- the daemon ----


class Proxy:
    """Passes so many posts on to the daemon; then loses the answer of one, and of the next ones the request."""

    def __init__(self, fake, ws):
        self.ws, self.room = ws, None
        self.session = requests.Session()
        self.session.trust_env = False
        self.server = fake(self.answer)

    def answer(self, method, path, body):
        if method == "GET":
            return self.passed_on(method, path, None, {})
        if self.room is not None:
            self.room -= 1
            if self.room < -1:
                return HANG_UP
        content = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        answer = self.passed_on(method, path, body, content)
        return HANG_UP if self.room == -1 else answer

    def passed_on(self, method, path, body, headers):
        headers = {"Authorization": f"Bearer {self.ws.secret}", **headers}
        answer = self.session.request(method, self.ws.url + path, data=body, headers=headers, timeout=60)
        head = {name: answer.headers[name] for name in ("Winnow-Head", "Content-Type") if name in answer.headers}
        return answer.status_code, head, answer.content

    def push(self, *args, **more):
        return self.server.run("push", "--gzip", "--retries", "1", *args, workspace=self.ws.name, **more)


def test_nothing_is_lost_or_doubled(fake, state, ws, tmp_path, rng):
    """Whatever the number of requests after which the server is gone, with one that it settled unheard."""
    lines = [item(str(n)) for n in range(3300)]
    bad = sorted(rng.sample(range(3300), 4))
    for n in bad:
        lines[n] = {"source": "test", "external_id": str(n)}
    file = write(tmp_path / "a.ndjson", lines)
    proxy, heard = Proxy(fake, ws), rng.randrange(1, 3)
    proxy.room = heard
    done = proxy.push(file, expect=UNREACHABLE)
    assert done.stderr.count("trying again in") == 1 and "the same push goes on from there" in done.stderr
    (left,) = remembered(state)
    known = json.loads(left.read_text())
    assert known["items"] == heard * PIECE and known["rejected"] == sum(n < heard * PIECE for n in bad)
    assert known["head"].startswith(f"{known['revision']}:")

    proxy.room = None
    done = proxy.push(file, expect=REFUSED)
    settled_unheard = PIECE - sum(heard * PIECE <= n < (heard + 1) * PIECE for n in bad)
    assert done.stdout == (
        f"created {3296 - settled_unheard}, updated 0, unchanged {settled_unheard}, stale 0, rejected 4\n"
    )
    assert f"going on behind {file}:{heard * PIECE}," in done.stderr
    assert len(list(ws.pages("/items", "items"))) == 3296 and not remembered(state)


def test_a_daemon_that_is_killed(database, operator_token, state, tmp_path):
    """In the middle of a push: it waits for the next one, and every item is stored once."""
    own = daemons.Daemon(database, tmp_path / "daemon").start()
    ws = stored.Workspace(client.Client(own.url, operator_token))
    file = write(tmp_path / "a.ndjson", [item(str(n)) for n in range(20000)])
    pushing = subprocess.Popen(
        [places.winnow(), "push", "--retries", "20", str(file)],
        env=daemons.clean_environment(WINNOW_URL=own.url, WINNOW_WORKSPACE=ws.name, WINNOW_TOKEN=ws.secret),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    waiting.wait_until(lambda: ws.revision() > 1, "the first piece is stored")
    own.kill()
    own.start()
    out, err = pushing.communicate(timeout=120)
    assert pushing.returncode == OK, err
    counts = dict(zip(*[iter(out.replace(",", "").split())] * 2))
    assert int(counts["created"]) + int(counts["unchanged"]) == 20000
    assert len(list(ws.pages("/items", "items"))) == 20000
