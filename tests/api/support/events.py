"""A reader of server-sent events, on a socket of its own, that sees everything: comments and how the stream ends."""

import json
import socket
import time

from .wire import Wire, parse_head


class Event:
    def __init__(self, name, event_id, data):
        self.name, self.id, self.data = name, event_id, json.loads(data)

    def __repr__(self):
        return f"{self.name} {self.id} {self.data}"


class Stream(Wire):
    """GET …/events with the token of a client (support/client.py)."""

    def __init__(self, client, after=None, query="", receive_bytes=None, expect=200, timeout=20.0, headers=()):
        if receive_bytes:
            self.connect_narrow(client.url, receive_bytes, timeout)
        else:
            super().__init__(client.url, timeout)
        self.timeout, self.raw, self.ended, self.clean = timeout, b"", False, False
        self.body, self.comments, self.retry, self.last_id = b"", 0, None, None
        lines = [
            f"GET {client.prefix}/events{query} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {client.secret}",
            *headers,
        ]
        if after is not None:
            lines.append(f"Last-Event-ID: {after}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        while b"\r\n\r\n" not in self.raw:
            piece = self._receive()
            assert piece, "no answer"
            self.raw += piece
        head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        self.status, self.headers = parse_head(head)
        assert self.status == expect, f"{self.status}: {self.raw[:1000]}"
        if self.status == 200:
            assert self.headers["content-type"] == "text/event-stream"
            assert self.headers["transfer-encoding"] == "chunked"
            self.unchunk()

    def connect_narrow(self, url, receive_bytes, timeout):
        """With a small window, so that what it does not read stays with the server."""
        host, port = url.split("//")[1].split(":")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(timeout)
        self.socket.connect((host, int(port)))

    def unchunk(self):
        while b"\r\n" in self.raw:
            size, rest = self.raw.split(b"\r\n", 1)
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self.body += rest[:length]
            self.raw = rest[length + 2 :]
            if length == 0:
                self.ended = self.clean = True
                return

    def receive(self):
        """False when there is no more."""
        if self.ended:
            return False
        piece = self._receive()
        if not piece:
            self.ended = True
            return False
        self.raw += piece
        self.unchunk()
        return True

    def next(self, limit=None):
        """The next event; None at the end of the stream. Comments are counted."""
        deadline = time.monotonic() + (limit or self.timeout)
        while True:
            while b"\n\n" in self.body:
                block, self.body = self.body.split(b"\n\n", 1)
                event = self.parse(block.decode())
                if event:
                    return event
            assert time.monotonic() < deadline, "no event in time"
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            if not self.receive():
                return None

    def parse(self, block):
        fields = {}
        for line in block.split("\n"):
            if line.startswith(":"):
                self.comments += 1
                continue
            name, _, value = line.partition(": ")
            assert name in ("id", "event", "data", "retry") and name not in fields, block
            fields[name] = value
        if "retry" in fields:
            self.retry = int(fields["retry"])
        if "data" not in fields:
            return None
        if "id" in fields:
            self.last_id = fields["id"]
        return Event(fields["event"], fields.get("id"), fields["data"])

    def revisions(self, upto):
        """The `revision` events up to a revision, each the one after the last."""
        found = []
        while not found or found[-1].data["revision"] < upto:
            event = self.next()
            assert event is not None, f"the stream ended after {found[-1:]}"
            if event.name == "revision":
                assert event.id == str(event.data["revision"])
                assert not found or event.data["revision"] == found[-1].data["revision"] + 1
                found.append(event)
            else:
                assert event.name == "ranking" and event.id is None, event
        return found

    def first(self, name):
        """The next event of this name; others are skipped."""
        while True:
            event = self.next()
            assert event is not None, f"the stream ended before {name}"
            if event.name == name:
                return event

    def read_to_end(self, limit=10.0):
        """All events that are left; the stream must end."""
        events = []
        while (event := self.next(limit)) is not None:
            events.append(event)
        return events
