"""Streams of events: every revision once and in order, on any daemon, whatever comes between."""

import datetime
import socket
import threading

import pytest

from support import daemon as daemons, database as databases
from support.client import Client, problem_pointers, problem_type
from support.events import Stream
from support.waiting import wait_until
from support.wire import Wire, request_text
from support.workspace import Workspace, item

from test_long_poll import gauge


@pytest.fixture
def second(database, tmp_path):
    own = daemons.Daemon(database, tmp_path, name="second")
    own.start()
    yield own
    assert own.stop() == 0


@pytest.fixture
def quick(database, tmp_path):
    """A daemon with a short heartbeat, few events in memory and little patience."""
    own = daemons.Daemon(
        database, tmp_path, "--heartbeat-ms", 100, "--events-kept", 8, "--body-timeout-ms", 2000, name="quick"
    )
    own.start()
    yield own
    assert own.stop() == 0


def alone(operator, daemon):
    """Waits until the streams of other tests have gone; how many sockets the daemon has then."""
    wait_until(lambda: gauge(operator, "streams_open") == 0, "the others are gone")
    return daemon.tcp_sockets()


def change(ws, count=1):
    """So many revisions; the last one."""
    for i in range(count):
        revision = ws.push([item(f"c{i}", title=f"Changed at {ws.revision()}")])["revision"]
    return revision


# ---- what is told ----


def test_each_revision_is_told_as_the_audit_log_names_it(ws):
    with Stream(ws.as_role("auditor")) as stream:
        begin = stream.next()
        assert begin.name == "open" and begin.data == {"revision": ws.revision(), "head": ws.revision()}
        assert begin.id == str(ws.revision()) and 2000 <= stream.retry < 3000
        assert stream.headers["winnow-revision"] == begin.id
        assert stream.headers["cache-control"] == "no-store" and stream.headers["x-accel-buffering"] == "no"
        ws.push([item("a")])
        ws.put_settings(streams=["engineering_bug", "incident"])
        ws.token("reader")
        told = stream.revisions(ws.revision())
    records = ws.records(after=begin.data["revision"])
    names = ("revision", "at", "action", "actor", "subject", "request_id")
    assert [event.data for event in told] == [{name: record[name] for name in names} for record in records]
    assert len(told) == 3


@pytest.mark.parametrize("role", ["reader", "reviewer", "admin", "auditor"])
def test_who_may_not_read_the_log_is_told_less(ws, role):
    ws.push([item("a")])
    head = change(ws, 2)
    for after in (1, head - 1):  # from the log, and from what is kept
        with Stream(ws.as_role(role), after=after) as stream:
            assert stream.next().name == "open"
            told = stream.revisions(change(ws))
            log = role in ("admin", "auditor")
            assert all(("actor" in e.data, "subject" in e.data, "request_id" in e.data) == (log,) * 3 for e in told)
            assert all(e.data["action"] and e.data["at"] for e in told)


def test_roles_without_the_queue_have_no_events(ws):
    for headers in ([], ["Accept: text/event-stream"]):
        Stream(ws.as_role("contributor"), expect=403, headers=headers).socket.close()
    Stream(Client(ws.url, "wnw_nobody", ws.prefix), expect=401).socket.close()


def test_rankings_are_told_behind_their_revision(ws):
    ws.push([item("a")])
    ws.queue()
    with Stream(ws) as stream:
        assert stream.next().name == "open"
        for _ in range(5):
            revision = change(ws)
            seen = None
            while True:
                event = stream.next()
                if event.name == "revision":
                    seen = event.data["revision"]
                elif event.data["revision"] == revision:
                    break
            assert seen == revision and event.id is None
            assert event.data["ranking"] == ws.queue()["ranking"]


def test_the_ranking_of_now_is_told_first(ws):
    ws.push([item("a")])
    page = ws.queue()
    with Stream(ws) as stream:
        assert stream.first("ranking").data == {"ranking": page["ranking"], "revision": page["revision"]}


def test_head_and_malformed_ids(ws):
    answer = ws.head("/events")
    assert answer.headers["Content-Type"] == "text/event-stream"
    for value in ("x", "-1", "1.5", "99999999999999999999", "1 2"):
        answer = ws.get("/events", 422, headers={"Last-Event-ID": value})
        assert problem_pointers(answer) == ["/headers/Last-Event-ID"]
        assert problem_pointers(ws.get("/events", 422, params={"last_event_id": value})) == ["/query/last_event_id"]
    assert problem_pointers(ws.get("/events", 422, params={"after": 1})) == ["/query/after"]


def test_an_empty_id_is_none(ws):
    with Stream(ws, after="") as stream:
        assert stream.next().data["revision"] == ws.revision()


# ---- order and completeness ----


class Writer(threading.Thread):
    def __init__(self, ws, number, count):
        super().__init__()
        self.ws, self.number, self.count, self.revisions = ws.at(ws.url), number, count, []
        self.start()

    def run(self):
        for i in range(self.count):
            body = [item(f"w{self.number}", title=f"{self.number} {i}")]
            self.revisions.append(self.ws.post("/items", 200, json=body).json()["revision"])


class AuditTail(threading.Thread):
    """Follows the audit log by its cursor up to a revision."""

    def __init__(self, ws, after, upto):
        super().__init__()
        self.ws, self.last, self.upto, self.revisions = ws.at(ws.url), after, upto, []
        self.start()

    def run(self):
        deadline = daemons.stopwatch()
        while self.last < self.upto and deadline() < 60:
            records = self.ws.get("/audit", params={"after": self.last}).json()["records"]
            self.revisions += [record["revision"] for record in records]
            self.last = (self.revisions or [self.last])[-1]


def test_every_revision_once_and_in_order_under_many_writers(ws, second):
    """Two daemons, 32 writers on both, readers of events and of the log on each, one that comes and goes between them."""
    begin = ws.revision()
    streams = [Stream(ws), Stream(ws.at(second.url))]
    tails = [AuditTail(ws.at(url), begin, begin + 320) for url in (ws.url, second.url)]
    writers = [Writer(ws.at(second.url if i % 2 else ws.url), i, 10) for i in range(32)]
    hopping, at = [], begin
    for hop in range(12):
        with Stream(ws.at((second.url, ws.url)[hop % 2]), after=at) as stream:
            assert stream.next().id == str(at)
            hopping += stream.revisions(at + 25)
            at = int(stream.last_id)
    for thread in writers + tails:
        thread.join(60)
    wanted = sorted(revision for writer in writers for revision in writer.revisions)
    assert wanted == list(range(begin + 1, begin + 321))
    for stream in streams:
        assert stream.next().name == "open"
        assert [event.data["revision"] for event in stream.revisions(wanted[-1])] == wanted
        stream.socket.close()
    assert [event.data["revision"] for event in hopping] == wanted[: len(hopping)]
    assert [tail.revisions for tail in tails] == [wanted, wanted]


def test_the_whole_log_from_the_beginning(ws, quick):
    """More than one chunk, then live."""
    ws.post("/items", 200, json=[item("a")])
    head = change(ws, 300)
    with Stream(ws.at(quick.url), after=0) as stream:
        assert stream.next().data == {"revision": 0, "head": head}
        assert len(stream.revisions(head)) == head
        assert len(stream.revisions(change(ws, 3))) == 3


def test_a_resume_by_the_query(ws):
    head = change(ws, 3)
    with Stream(ws, query=f"?last_event_id={head - 2}") as stream:
        assert stream.next().id == str(head - 2)
        assert len(stream.revisions(head)) == 2
    with Stream(ws, after=head - 1, query="?last_event_id=1") as stream:  # the field goes before
        assert stream.next().id == str(head - 1)


def test_a_resume_after_a_restart(database, ws, tmp_path):
    own = daemons.Daemon(database, tmp_path, name="restarted")
    own.start()
    stream = Stream(ws.at(own.url))
    begin = stream.next().data["revision"]
    told = stream.revisions(change(ws, 3))
    own.kill()
    told += stream.read_to_end()
    assert not stream.clean
    missed = change(ws, 3)
    own.start()
    with Stream(ws.at(own.url), after=stream.last_id) as again:
        assert again.next().name == "open"
        told += again.revisions(missed)
    assert [e.data["revision"] for e in told if e.name == "revision"] == list(range(begin + 1, missed + 1))
    assert own.stop() == 0


# ---- reset ----


def test_beyond_the_head_is_a_reset(ws):
    head = ws.revision()
    with Stream(ws, after=head + 5) as stream:
        event = stream.next()
        assert (event.name, event.id) == ("reset", str(head))
        assert event.data == {"revision": head, "reason": "beyond_the_head"}
        assert [e.data["revision"] for e in stream.revisions(change(ws))] == [head + 1]


@pytest.fixture
def drill(cluster, tmp_path):
    """A daemon on a database of its own, whose log may be cut: (workspace, database, daemon)."""
    own_database = cluster.create(databases.fresh_name("winnow_cut"))
    daemons.migrate(own_database)
    secret = daemons.bootstrap(own_database, tmp_path / "token")
    own = daemons.Daemon(own_database, tmp_path, "--events-kept", 8, name="cut")
    own.start()
    yield Workspace(Client(own.url, secret)), own_database
    assert own.stop() == 0
    own_database.drop()


def test_older_than_the_log_begins_with_a_reset(drill):
    """As if retention had cut the log: it begins later than the resume point."""
    ws, database = drill
    head = change(ws, 20)
    assert database.tamper("DELETE FROM winnow.audit_records WHERE revision <= 10 AND workspace_id = %s", ws.id) == 10
    with Stream(ws, after=5) as stream:
        event = stream.next()
        assert (event.name, event.id, event.data) == ("reset", "10", {"revision": 10, "reason": "older_than_the_log"})
        assert [e.data["revision"] for e in stream.revisions(head)] == list(range(11, head + 1))
    with Stream(ws, after=10) as stream:
        assert stream.next().name == "open"
        assert len(stream.revisions(head)) == head - 10


def test_a_database_set_back_is_a_reset(drill):
    ws, database = drill
    head = change(ws, 6)
    with Stream(ws) as stream:
        assert stream.next().id == str(head)
        stream.revisions(change(ws))
        database.tamper(
            "UPDATE winnow.workspace_heads h SET revision = a.revision, hash = a.hash, at = a.at FROM "
            "winnow.audit_records a WHERE a.workspace_id = h.workspace_id AND a.revision = 4 AND h.workspace_id = %s",
            ws.id,
        )
        event = stream.first("reset")
        assert (event.id, event.data["reason"]) == ("4", "another_log")


# ---- heartbeats, slow readers, hanging up ----


def test_heartbeats(ws, quick):
    with Stream(ws.at(quick.url)) as stream:
        assert stream.next().name == "open"
        wait_until(lambda: stream.receive() and stream.body.count(b":\n\n") >= 5, "five heartbeats")


def test_a_slow_reader_is_cut_off_and_comes_back(ws, quick, operator_token):
    """What it does not read fills the sockets; the few events that are kept in memory go on without it."""
    metrics = Client(quick.url, operator_token)
    before = gauge(metrics, "streams_cut_off_total")
    writers = []
    with Stream(ws.as_role("auditor").at(quick.url), receive_bytes=2048) as stream:
        begin = stream.next().data["revision"]
        writers = [Writer(ws, i, 150) for i in range(8)]
        wait_until(lambda: gauge(metrics, "streams_cut_off_total") > before, "it is cut off", limit=60)
        for writer in writers:
            writer.join(60)
        told = [e for e in stream.read_to_end(30) if e.name == "revision"]
        last = int(stream.last_id)
    assert [e.data["revision"] for e in told] == list(range(begin + 1, last + 1))
    head = ws.revision()
    assert last < head
    with Stream(ws.as_role("auditor").at(quick.url), after=last) as stream:
        assert stream.next().name == "open"
        assert [e.data["revision"] for e in stream.revisions(head)] == list(range(last + 1, head + 1))


def test_who_hangs_up_is_noticed_without_an_event(ws, operator, daemon):
    sockets = alone(operator, daemon)
    streams = [Stream(ws) for _ in range(5)]
    assert gauge(operator, "streams_open") == 5
    for stream in streams:
        stream.socket.close()
    wait_until(lambda: gauge(operator, "streams_open") == 0, "they are gone")
    wait_until(lambda: daemon.tcp_sockets() <= sockets, "so are their sockets")


def test_a_reset_connection_is_noticed(ws, operator, daemon):
    sockets = alone(operator, daemon)
    stream = Stream(ws)
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.socket.close()
    wait_until(lambda: gauge(operator, "streams_open") == 0, "it is gone")
    wait_until(lambda: daemon.tcp_sockets() <= sockets, "so is its socket")


# ---- rights and limits ----


def test_a_revoked_token_ends_its_stream(ws):
    token = ws.token("reader")
    with Stream(ws.client(token)) as stream, Stream(ws.as_role("reader")) as other:
        assert stream.next().name == other.next().name == "open"
        ws.delete(f"/tokens/{token['id']}", 204)
        watch = daemons.stopwatch()
        stream.read_to_end(10)
        assert stream.clean and watch() < 3
        other.revisions(change(ws))  # others go on


def test_a_token_revoked_at_another_daemon(ws, second):
    token = ws.token("reader")
    with Stream(ws.client(token).at(second.url)) as stream:
        ws.delete(f"/tokens/{token['id']}", 204)
        stream.read_to_end(10)
        assert stream.clean


def test_an_expired_token_ends_its_stream(ws):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    token = ws.token("reader", expires_at=at.isoformat())
    with Stream(ws.client(token)) as stream:
        stream.read_to_end(10)
        assert stream.clean


def test_a_workspace_that_is_removed_ends_its_streams(operator):
    ws = Workspace(operator)
    with Stream(ws) as stream:
        operator.delete(f"/v1/workspaces/{ws.name}", headers={"If-Match": ws.etag("")})
        stream.read_to_end(10)
        assert stream.clean


def test_limits(database, ws, tmp_path):
    own = daemons.Daemon(database, tmp_path, "--streams", 3, "--streams-per-token", 2, name="limited")
    own.start()
    here, reader = ws.at(own.url), ws.as_role("reader").at(own.url)
    streams = [Stream(here), Stream(here)]
    answer = here.get("/events", 429)
    assert problem_type(answer) == "too-many-streams" and int(answer.headers["Retry-After"]) > 0
    streams.append(Stream(reader))
    assert problem_type(reader.get("/events", 503)) == "streams-full"
    streams[0].socket.close()
    wait_until(lambda: here.get("/events", (200, 429, 503)).status_code == 200, "a seat is free again")
    assert own.stop() == 0


def test_a_poll_that_does_not_wait_takes_no_seat_while_the_workspace_is_loaded(database, ws, tmp_path):
    ws.push([item("a")])
    since = ws.queue()["ranking"]
    own = daemons.Daemon(database, tmp_path, "--streams", 1, name="loading")
    own.start()
    here = ws.at(own.url)
    stream = Stream(here)
    here.get("/queue", (200, 304), params={"since": since})
    stream.socket.close()
    assert own.stop() == 0


# ---- the daemon's end ----


def test_the_end_of_the_daemon_ends_streams_at_once_and_cleanly(database, ws, tmp_path):
    """Also of one that has not read for long; neither holds the daemon for its grace of 20 s."""
    own = daemons.Daemon(database, tmp_path, name="ending")
    own.start()
    streams = [Stream(ws.at(own.url)) for _ in range(50)]
    slow = Stream(ws.as_role("auditor").at(own.url), receive_bytes=2048)
    change(ws, 50)
    watch = daemons.stopwatch()
    assert own.stop() == 0
    assert watch() < 10
    for stream in streams:
        stream.read_to_end()
        assert stream.clean
    slow.socket.close()


def test_after_postgresql_was_away_nothing_is_missing(cluster, tmp_path):
    """The daemon's connections are cut, again and again: the stream goes on."""
    own_database = cluster.create(databases.fresh_name("winnow_news"))
    daemons.migrate(own_database)
    secret = daemons.bootstrap(own_database, tmp_path / "token")
    own = daemons.Daemon(own_database, tmp_path, name="cut")
    own.start()
    ws = Workspace(Client(own.url, secret))
    with Stream(ws) as stream:
        begin = stream.next().data["revision"]
        for i in range(5):
            own_database.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"
            )
            wait_until(lambda: ws.post("/items", (200, 503), json=[item(f"x{i}")]).status_code == 200, "a write")
        told = stream.revisions(ws.revision())
        assert told[0].data["revision"] == begin + 1
    assert own.stop() == 0
    own_database.drop()


def test_streams_hold_neither_worker_nor_connection(ws, operator):
    """Many more than there are workers; meanwhile writes and reads of the database go on."""
    streams = [Stream(ws) for _ in range(100)]
    head = change(ws, 5)
    for stream in streams:
        assert stream.next().name == "open"
        assert [e.data["revision"] for e in stream.revisions(head)] == list(range(head - 4, head + 1))
        stream.socket.close()
    assert gauge(operator, "stream_events_sent_total") >= 500


@pytest.mark.parametrize("end", ["of the stream", "of the client"])
def test_a_client_of_http_1_0(ws, daemon, operator, end):
    """It knows no chunks: the stream ends with the connection, which is then forgotten."""
    token = ws.token("reader")
    sockets = alone(operator, daemon)
    with Wire(ws.url) as wire:
        text = request_text("GET", f"{ws.prefix}/events", [f"Authorization: Bearer {token['secret']}"])
        wire.send(text.replace(b"HTTP/1.1", b"HTTP/1.0"))
        data = b""
        while b"event: open" not in data:
            data += wire.socket.recv(65536)
        change(ws)
        while b"event: revision" not in data:
            data += wire.socket.recv(65536)
        assert b"chunked" not in data.lower()
        if end == "of the stream":
            ws.delete(f"/tokens/{token['id']}", 204)
            rest, closed = wire.read_all(10)
            assert closed and rest.endswith(b": the rights of the token have ended or changed\n\n")
    wait_until(lambda: gauge(operator, "streams_open") == 0, "it is gone")
    wait_until(lambda: daemon.tcp_sockets() <= sockets, "so is its socket")


def test_the_daemon_ends_while_clients_come_and_go(database, ws, tmp_path):
    """Of both versions of HTTP, some hanging up at that very moment: nobody is left that it would wait for."""
    own = daemons.Daemon(database, tmp_path, name="leaving")
    text = request_text("GET", f"{ws.prefix}/events", [f"Authorization: Bearer {ws.secret}"])
    for _ in range(8):
        own.start()
        wires = [Wire(own.url) for _ in range(20)]
        for i, wire in enumerate(wires):
            wire.send(text.replace(b"HTTP/1.1", b"HTTP/1.0") if i % 3 == 0 else text)
        for wire in wires[:15]:
            assert b"200" in wire.socket.recv(65536)
        for wire in wires[::2]:
            wire.socket.close()
        watch = daemons.stopwatch()
        assert own.stop() == 0
        assert watch() < 10, "waited for somebody"
        for wire in wires:
            wire.socket.close()
