"""HTTP by hand: for what a proper client library would never send."""

import socket
import time


class Wire:
    def __init__(self, url, timeout=10.0):
        host, port = url.split("//")[1].split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.timeout = timeout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def try_send(self, data):
        """False when the other side has hung up."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def read_all(self, limit=None):
        """Everything until the other side closes; (data, closed)."""
        data = b""
        deadline = time.monotonic() + (limit or self.timeout)
        while True:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                piece = self.socket.recv(65536)
            except (TimeoutError, socket.timeout):
                return data, False
            except ConnectionResetError:
                return data, True
            if not piece:
                return data, True
            data += piece

    def read_response(self):
        """One response with a Content-Length: (status, headers, body). None when the connection ends before it."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self._receive()
            if not piece:
                return None
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        status, headers = parse_head(head)
        if status in (204, 304):
            return status, headers, body
        if headers.get("transfer-encoding") == "chunked":
            while not body.endswith(b"0\r\n\r\n"):
                body += self._receive() or b"0\r\n\r\n"
            return status, headers, unchunk(body)
        while len(body) < int(headers.get("content-length", 0)):
            piece = self._receive()
            if not piece:
                break
            body += piece
        return status, headers, body

    def _receive(self):
        try:
            return self.socket.recv(65536)
        except ConnectionResetError:
            return b""


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split()[1])
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return status, headers


def unchunk(body):
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            break
        out, body = out + body[:length], body[length + 2 :]
    return out


def responses(data):
    """How many responses, and their statuses, are in what was read."""
    statuses = []
    at = 0
    while True:
        at = data.find(b"HTTP/1.1 ", at)
        if at < 0:
            return statuses
        statuses.append(int(data[at + 9 : at + 12]))
        at += 9


def exchange(url, data, limit=5.0):
    """Sends raw bytes, reads until the end: (statuses, all bytes, closed)."""
    with Wire(url) as wire:
        wire.try_send(data)
        received, closed = wire.read_all(limit)
    return responses(received), received, closed


def request_text(method, path, headers=(), body=b"", host=True):
    lines = [f"{method} {path} HTTP/1.1"] + (["Host: localhost"] if host else []) + list(headers)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
