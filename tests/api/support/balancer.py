"""HAProxy in front of two daemons, with the configuration that deploy/ has."""

import contextlib
import shutil
import socket
import subprocess
import tempfile

from . import places
from .daemon import clean_environment, free_port
from .waiting import wait_until

CONFIGURATION = places.ROOT / "deploy" / "haproxy" / "haproxy.cfg"


def program():
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")


class Balancer:
    def __init__(self, a, b):
        self.folder = tempfile.mkdtemp(prefix="winnow-balancer-", dir="/tmp")  # short: it is a socket's path
        self.console, more = f"{self.folder}/console", f"{self.folder}/more.cfg"
        with open(more, "w", encoding="ascii") as file:
            file.write(f"global\n\tstats socket {self.console}\n")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        places_of = {"WINNOW_BIND": self.port, "WINNOW_A": a.port, "WINNOW_B": b.port}
        self.log = open(f"{self.folder}/log", "wb")
        self.process = subprocess.Popen(
            [program(), "-db", "-f", str(CONFIGURATION), "-f", more],
            env=clean_environment(**{name: f"127.0.0.1:{port}" for name, port in places_of.items()}),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        for server in "ab":
            self.wait_for(server, "UP")

    def ask(self, command):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as console:
            console.settimeout(10)
            console.connect(self.console)
            console.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: console.recv(65536), b"")).decode()

    def servers(self):
        """What it has counted for each server, by name."""
        lines = self.ask("show stat").lstrip("# ").splitlines()
        names = lines[0].split(",")
        rows = [dict(zip(names, line.split(","))) for line in lines[1:] if line]
        return {row["svname"]: row for row in rows if row["pxname"] == "winnowd"}

    def state(self, server):
        """UP, DOWN, or on the way from one to the other."""
        assert self.process.poll() is None, f"haproxy ended: {open(self.log.name, encoding='utf8').read()[-2000:]}"
        try:
            return self.servers()[server]["status"]
        except (FileNotFoundError, ConnectionRefusedError):
            return "not asked yet"

    def wait_for(self, server, state, limit=30.0):
        wait_until(lambda: self.state(server) == state, f"haproxy takes {server} to be {state}", limit)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=15)
        self.log.close()
        shutil.rmtree(self.folder)
