"""The client, run as a program, and a server that does what it is told."""

import http.server
import json
import subprocess
import threading

from . import daemon as daemons, places

OK, REFUSED, USAGE, UNREACHABLE, DENIED = range(5)


def run(*args, expect=OK, stdin=None, **variables):
    """Runs the client; variables without their WINNOW_ prefix, in lower case."""
    environment = daemons.clean_environment(**{f"WINNOW_{name.upper()}": value for name, value in variables.items()})
    feed = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(
        [places.winnow(), *map(str, args)], env=environment, capture_output=True, text=True, timeout=60, **feed
    )
    assert done.returncode == expect, f"{args}: exit {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}"
    return done


def write(path, text):
    path.write_text(text if isinstance(text, str) else "".join(json.dumps(one) + "\n" for one in text))
    return path


HANG_UP = object()


class FakeServer:
    """Answers with what `script` returns for (method, path, body): (status, headers, body), or HANG_UP."""

    def __init__(self, script, context=None):
        self.requests = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.requests.append((self.command, self.path, dict(self.headers), body))
                answer = script(self.command, self.path, body)
                if answer is HANG_UP:
                    self.close_connection = True
                    return
                status, headers, text = answer
                text = (
                    text if isinstance(text, bytes) else (text if isinstance(text, str) else json.dumps(text)).encode()
                )
                self.send_response(status)
                for name, value in {"Content-Length": len(text), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, *args, **more):
        return run(*args, **{"url": self.url, "token": "wnw_x", "workspace": "w", **more})

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def problem(status, title, **more):
    return (
        status,
        {"Content-Type": "application/problem+json"},
        {"type": "/problems/x", "title": title, "status": status, **more},
    )


def settled(body):
    lines = body.decode().splitlines()
    results = [{"index": i, "line": i + 1, "outcome": "created"} for i in range(len(lines))]
    counts = {"created": len(lines), "updated": 0, "unchanged": 0, "stale": 0, "rejected": 0}
    return 200, {}, {"mode": "partial", "dry_run": False, **counts, "errors": False, "revision": 1, "results": results}
