"""winnowd as a process."""

import json
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

import requests

from . import places, pooler
from .waiting import wait_until

logs = []  # of all daemons that this session started
started = []  # the daemons themselves


def end_all():
    """Ends what a failed test has left running; only what this session started."""
    for daemon in started:
        daemon.kill()


def clean_environment(**variables):
    """The environment without Winnow's own variables (unknown ones are errors), plus `variables`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("WINNOW", "PG"))}
    environment.update({k: str(v) for k, v in variables.items() if v is not None})
    return environment


def reaches(database):
    """The variables by which a daemon reaches a database: as the session wants it, through a pooler or not."""
    told = {"WINNOW_NOTIFY": "false"} if os.environ.get("WINNOW_TEST_NO_NOTIFY") == "1" else {}
    if not pooler.wanted():
        return {"WINNOW_DATABASE_URL": database.app, **told}
    return {
        "WINNOW_DATABASE_URL": pooler.url(database.app),
        "WINNOW_DIRECT_DATABASE_URL": database.app,
        "WINNOW_POOLER": "true",
        **told,
    }


def command(*args, timeout=30, binary=None, **variables):
    """Runs one of winnowd's commands to its end."""
    return subprocess.run(
        [binary or places.winnowd(), *map(str, args)],
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


def migrate(database):
    done = command("migrate", "--app-role", database.app_role(), WINNOW_OWNER_DATABASE_URL=database.owner)
    assert done.returncode == 0, f"migrate: {done.stderr}"
    return done


def bootstrap(database, token_file):
    done = command("bootstrap", "--token-file", token_file, **reaches(database))
    assert done.returncode == 0, f"bootstrap: {done.stderr}"
    return token_file.read_text().strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    def __init__(self, database, folder, *args, port=None, name="winnowd", scheme="http", **variables):
        self.database, self.args, self.variables = database, args, variables
        self.port = port or free_port()
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{name}-{self.port}.log"
        if self.log not in logs:
            logs.append(self.log)
        self.process = None
        started.append(self)

    def start(self, ready=True, limit=15.0):
        assert not self.running()
        # Line by line into one file, also over restarts: what a crash left there is worth reading.
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [places.winnowd(), "--listen-address", "127.0.0.1", "--port", str(self.port), *map(str, self.args)],
                env=clean_environment(**{**reaches(self.database), **self.variables}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if ready:
            self.wait_ready(limit)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def get(self, path, **kwargs):
        """A bare request, outside of any session; None when there is no connection."""
        kwargs.setdefault("timeout", 5)
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(self.url + path, **kwargs)
        except requests.exceptions.ConnectionError:
            return None

    def status(self, path):
        answer = self.get(path)
        return answer.status_code if answer is not None else None

    def metric(self, name):
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(f"winnow_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")

    def wait_ready(self, limit=15.0, path="/readyz/writes"):
        def ready():
            assert self.running(), f"winnowd ended with {self.process.returncode}: {self.tail()}"
            return self.status(path) == 200

        wait_until(ready, f"{path} is 200: {self.tail() if self.log.exists() else ''}", limit)

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def log_lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines() if line]

    def signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """
        SIGSTOP, and all its threads stand. The signal is taken by one of them, and the others go on until that one
        has had its turn.
        """
        self.signal(signal.SIGSTOP)
        wait_until(lambda: set(self.thread_states()) == {"T"}, "all its threads stand", limit=60)

    def thread_states(self):
        """R, S, T and so on, as proc(5) has them."""
        for stat in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            yield stat.read_text().rpartition(")")[2].split()[0]

    def thaw(self):
        self.signal(signal.SIGCONT)

    def wait(self, limit=20.0):
        return self.process.wait(timeout=limit)

    def stop(self, limit=20.0):
        """SIGTERM; the exit code."""
        if not self.running():
            return self.process.returncode if self.process else None
        self.signal(signal.SIGTERM)
        try:
            return self.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"winnowd did not end within {limit} s after SIGTERM: {self.tail()}")

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait(timeout=10)

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def connections(self):
        """TCP connections of clients that the daemon still has open: not its listener, nor what the kernel winds up."""
        mine = set()
        for fd in os.listdir(f"/proc/{self.process.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                mine.add(os.readlink(f"/proc/{self.process.pid}/fd/{fd}"))
        with open(f"/proc/{self.process.pid}/net/tcp") as table:
            rows = [line.split() for line in table][1:]
        return sum(f"socket:[{row[9]}]" in mine and row[3] != "0A" for row in rows)

    def tcp_sockets(self):
        """All that it has not closed, its listener among them, also where the kernel is done with them."""
        with open(f"/proc/{self.process.pid}/net/unix", encoding="ascii") as table:
            local = {f"socket:[{line.split()[6]}]" for line in list(table)[1:]}
        count = 0
        for fd in os.listdir(f"/proc/{self.process.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                target = os.readlink(f"/proc/{self.process.pid}/fd/{fd}")
                count += target.startswith("socket:") and target not in local
        return count

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def stopwatch():
    begin = time.monotonic()
    return lambda: time.monotonic() - begin
