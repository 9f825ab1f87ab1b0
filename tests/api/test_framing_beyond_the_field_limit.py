"""
Framing fields that stand behind more header fields than the daemon looks at: the request is refused and the
connection closed, whatever they say, and a client without a token holds neither a connection nor a processor by them.
"""

import os

import pytest

from support import daemon as daemons
from support.waiting import wait_until
from support.wire import Wire, exchange

SMUGGLED = b"GET /livez?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEFORE = b"POST /livez HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(70))
HIDDEN = {
    "two Content-Length": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED),
    "Content-Length and Transfer-Encoding": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "xchunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a length without its body": b"Content-Length: 100000\r\n\r\n",
    "a second Host": b"Host: other\r\n\r\n",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_one_answer_and_a_closed_connection(daemon, name):
    statuses, received, closed = exchange(daemon.url, BEFORE + HIDDEN[name] + SMUGGLED)
    assert statuses in ([400], [431]) and closed, received[:1000]


@pytest.fixture
def hurried(database, operator_token, tmp_path):
    """Its deadlines are short enough to be waited for."""
    own = daemons.Daemon(
        database,
        tmp_path,
        *("--header-timeout-ms", 500, "--body-timeout-ms", 1000),
        *("--idle-timeout-ms", 1000, "--grace-ms", 1000),
    )
    own.start()
    yield own
    own.stop()


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


HOLDING = {
    "length": b"Content-Length: 100000\r\n\r\n",
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n",
    "chunk extension": b"Transfer-Encoding: chunked\r\n\r\n2;" + b"a" * 40000,
}


@pytest.mark.parametrize("name", HOLDING)
def test_nothing_is_held(hurried, name):
    with Wire(hurried.url) as wire:
        wire.try_send(BEFORE + HOLDING[name])
        wait_until(lambda: hurried.connections() == 0, "the connection is closed by the daemon", 5)


def test_a_chunk_extension_without_an_end_does_not_spin(hurried, ws):
    """A valid token, and a chunk header that is larger than the connection's memory."""
    head = (
        f"POST {ws.prefix}/items HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {ws.secret}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;"
    ).encode()
    with Wire(hurried.url) as wire:
        wire.try_send(head + b"a" * 40000)
        before = processor_seconds(hurried.process)
        wire.read_all(0.8)  # within the body's deadline
        assert processor_seconds(hurried.process) - before < 0.25
    wait_until(lambda: hurried.connections() == 0, "the connection is closed by the daemon", 5)
