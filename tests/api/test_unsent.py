"""Large answers whose clients do not read them: they fill a memory that has a limit, and no more."""

import socket

import pytest

from support import daemon as daemons
from support.client import Client, problem_type
from support.waiting import wait_until
from support.workspace import Workspace, item

BODY = "large " * 10000
COUNT = 150


@pytest.fixture
def narrow(database, operator_token, tmp_path_factory):
    own = daemons.Daemon(database, tmp_path_factory.mktemp("narrow"), "--unsent-mib", 2, name="narrow")
    own.start()
    yield own
    assert own.stop() == 0


def test_answers_that_nobody_reads(narrow, operator_token):
    ws = Workspace(Client(narrow.url, operator_token))
    for start in range(0, COUNT, 50):
        ws.push([{**item(f"i{n}"), "body": BODY + str(n)} for n in range(start, start + 50)])
    path = f"{ws.prefix}/items?limit={COUNT}"
    small = f"{ws.prefix}/items?limit=1"
    secret = ws.secret
    with socket.socket() as wire:
        # Too little for the answer, whatever the other side holds.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.connect(("127.0.0.1", narrow.port))
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n".encode())
        assert wire.recv(12) == b"HTTP/1.1 200"
        headers = {"Authorization": f"Bearer {secret}"}
        refused = narrow.get(path, headers=headers)
        assert refused.status_code == 503 and problem_type(refused) == "busy"
        assert int(refused.headers["Retry-After"]) >= 1
        assert narrow.get(small, headers=headers).status_code == 200, "small answers need no room"
        told = ws.push([item(f"{n}-{'x' * 200}") for n in range(500)])
        assert len(told["results"]) == 500, "what was written is told in any case"
    wait_until(lambda: narrow.get(path, headers=headers).status_code == 200, "its room is free again")
