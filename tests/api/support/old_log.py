"""Logs of which a part is old enough to be retired: written by a daemon whose clock is set back."""

import datetime
import os
import pathlib
import re
import subprocess

from . import daemon as daemons, places
from .client import Client
from .signer import Signer
from .waiting import wait_until
from .workspace import Workspace, item, rubric

DAY = 86400


class Old(Signer):
    """A signer that can be started with its clock set back."""

    def __init__(self, cluster, folder):
        self.folder = folder
        self.shim = folder / "past_clock.so"
        source = pathlib.Path(__file__).with_name("past_clock.c")
        subprocess.run(
            [os.environ.get("CC", "cc").split()[-1], "-shared", "-fPIC", "-O1", "-o", self.shim, source], check=True
        )
        super().__init__(cluster, folder)

    def move(self, days):
        """The daemon anew, so many days behind."""
        assert self.daemon.stop() == 0
        more = {"port": self.daemon.port}
        if days:
            asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            more |= {"LD_PRELOAD": self.shim, "PAST_CLOCK_S": days * DAY, "ASAN_OPTIONS": asan}
        self.daemon = self.another(self.folder, **more)
        self.operator = Client(self.daemon.url, self.operator.secret)
        return self.operator

    def signer(self):
        """As a step names it."""
        return f"{self.key.name}+{self.key.id.hex()}"

    def counts(self):
        """Of all tables that nothing but a change is written to."""
        derived = ("audit_checkpoints", "audit_nodes", "access_records")
        return {table: count for table, count in self.database.counts().items() if table not in derived}

    def step(self, ws, size, folder):
        """The words of the command that retires."""
        return ("retire", "--workspace", ws.name, "--before-checkpoint", size, "--export-dir", folder)

    def retire(self, ws, size, folder, code=0, url=None, key=None):
        """`key`: the file that the checkpoint's signature is checked with; by default the signer's own, False: none."""
        done = daemons.command(
            *self.step(ws, size, folder),
            WINNOW_OWNER_DATABASE_URL=url or self.database.owner,
            WINNOW_CHECKPOINT_KEY_FILE=self.key_file if key is None else key or None,
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    def start_step(self, ws, size, folder):
        """The same as a process."""
        return subprocess.Popen(
            [places.winnowd(), *map(str, self.step(ws, size, folder))],
            env=daemons.clean_environment(
                WINNOW_OWNER_DATABASE_URL=self.database.owner, WINNOW_CHECKPOINT_KEY_FILE=self.key_file
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def then(days):
    """So many days ago."""
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Log:
    """A workspace of which the first part is 400 days old, the second 300, and the last of today."""

    def __init__(self, operator, keep=200):
        self.ws = ws = Workspace(operator)
        bodies = [item(str(i), features=rubric(2, 2), body=f"body {i}") for i in range(4)]
        self.ids = [row["id"] for row in ws.push(bodies)["results"]]
        for i in range(3):
            ws.push([item("0", title=f"Title {i}", features=rubric(2, 2))])
        ws.push([item("1", title="One", status="in_progress", features=rubric(2, 2))])
        ws.push([item("1", title="One", features=rubric(3, 1))])
        self.override = ws.post(
            "/overrides",
            201,
            json={
                "item": self.ids[3],
                "kind": "boost",
                "delta": 0.5,
                "justification": "Asked for.",
                "expires_at": then(340),
            },
        ).json()
        self.kept = ws.post(
            "/rankings", 201, json={"note": "As it was."}, params={"min_revision": ws.revision()}
        ).json()
        if keep:
            ws.put_settings(retention_days=keep)

    def first(self, old):
        old.wait(self.ws)
        self.size = self.ws.revision()
        self.note = old.newest(self.ws)

    def second(self, old):
        wait_until(lambda: self.ws.records(action="override.expire"), "the override's end is on record")
        self.ws.push([item("2", title=f"Then {i}", features=rubric(2, 2)) for i in range(1)])
        self.ws.push([item("2", title="Then", features=rubric(2, 2))])
        old.wait(self.ws)
        self.second_size = self.ws.revision()

    def today(self, old):
        self.ws.push([item("2", title="Today", features=rubric(1, 3))])
        old.wait(self.ws)


def told(text, name):
    return re.search(f"^{name}: (.*)$", text, re.M)[1]
