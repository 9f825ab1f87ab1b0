"""News between daemons by NOTIFY: what one has committed another shows at once, and without it by polling."""

import psycopg2.extensions
import pytest

from support import daemon as daemons
from support.waiting import wait_until
from support.workspace import item

NEVER = ("--follow-ms", 60000)  # longer than any read waits: what is seen earlier was told
LISTENING = """SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'winnowd news' AND datname = current_database()"""


@pytest.fixture
def make(database, tmp_path):
    made = []

    def start(*args, **variables):
        made.append(daemons.Daemon(database, tmp_path, *args, **variables).start())
        return made[-1]

    yield start
    for own in made:
        assert own.stop() == 0


def listens(daemon):
    wait_until(lambda: any(e["event"] == "hints_listening" for e in daemon.log_lines()), "it listens")


def head_at(ws, daemon):
    """What another daemon shows, once it has the revision that the first one is at."""
    return ws.at(daemon.url).get("/queue", params={"min_revision": ws.revision()}).json()


def names(queue):
    return sorted(entry["external_id"] for entry in queue["entries"])


def test_another_daemon_shows_it_without_polling(ws, make):
    here, there = make(*NEVER, "--notify"), make(*NEVER, "--notify")
    listens(here), listens(there)
    mine = ws.at(here.url)
    head_at(ws, there)
    for n in range(5):
        mine.post("/items", 200, json=item(f"i{n}"))
        assert names(head_at(ws, there)) == [f"i{k}" for k in range(n + 1)]
    assert here.metric("hints_told_total") >= 1 and there.metric("hints_heard_total") >= 1


def test_a_lost_connection_is_made_again(ws, make, database):
    here, there = make(*NEVER, "--notify"), make(*NEVER, "--notify")
    listens(here), listens(there)
    mine = ws.at(here.url)
    head_at(ws, there)
    pids = "SELECT pid FROM pg_stat_activity WHERE application_name = 'winnowd news' AND datname = current_database()"
    before = {pid for pid, in database.rows(pids)}
    database.rows(f"SELECT pg_terminate_backend(pid, 5000) FROM ({pids}) AS own")
    wait_until(lambda: len({pid for pid, in database.rows(pids)} - before) == len(before), "all listen again", limit=20)
    # What was written while nobody listened is looked for when they do again.
    mine.post("/items", 200, json=item("a"))
    assert names(head_at(ws, there)) == ["a"]
    mine.post("/items", 200, json=item("b"))
    assert names(head_at(ws, there)) == ["a", "b"]
    assert "hints_away" in {e["event"] for e in there.log_lines()}


def test_without_notify_polling_does(ws, make, database):
    before = database.value(LISTENING)
    here, there = make("--no-notify"), make("--no-notify")
    mine = ws.at(here.url)
    for n in range(3):
        mine.post("/items", 200, json=item(f"i{n}"))
        assert names(head_at(ws, there)) == [f"i{k}" for k in range(n + 1)]
    assert database.value(LISTENING) == before
    assert here.metric("hints_told_total") == 0 and there.metric("hints_heard_total") == 0


def test_nothing_rests_on_the_direct_connection(ws, make, database):
    elsewhere = psycopg2.extensions.make_dsn(**{**psycopg2.extensions.parse_dsn(database.app), "host": "/nonexistent"})
    here = make("--notify", WINNOW_DIRECT_DATABASE_URL=elsewhere)
    mine = ws.at(here.url)
    mine.post("/items", 200, json=item("a"))
    assert names(head_at(ws, here)) == ["a"]
    wait_until(lambda: any(e["event"] == "hints_away" for e in here.log_lines()), "it says so")
    assert sum(e["event"] == "hints_away" for e in here.log_lines()) == 1, "once"
