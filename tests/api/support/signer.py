"""A daemon that signs checkpoints, and what it keeps outside of its database."""

import base64

from . import cli, daemon as daemons, database as databases, proof
from .client import Client
from .waiting import wait_until

NAME = "winnow.example.org"


def make_key(path, name=NAME):
    done = daemons.command("checkpoint-key", "--checkpoint-key-file", path, "--checkpoint-name", name)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def note_by(path, text):
    """A text as a note that the key in a file has signed."""
    name, number, coded = path.read_text().strip().removeprefix("PRIVATE+KEY+").split("+", 2)
    _, signature = proof.sign(base64.b64decode(coded)[1:], text.encode())
    line = base64.b64encode(bytes.fromhex(number) + signature).decode()
    return f"{text}\n\u2014 {name} {line}\n"


class Signer:
    """A daemon that makes checkpoints at once, with a database, a key and a folder of its own."""

    def __init__(self, cluster, folder):
        self.database = cluster.create(databases.fresh_name("winnow_proof"))
        daemons.migrate(self.database)
        secret = daemons.bootstrap(self.database, folder / "token")
        self.key_file, self.kept = folder / "key", folder / "kept"
        self.key = proof.Key(make_key(self.key_file))
        self.kept.mkdir()
        self.posted = []
        self.answer = 200
        self.receiver = cli.FakeServer(self.receive)
        (folder / "hook").write_text(self.receiver.url + "/hook?secret=1")
        self.daemon = self.another(folder)
        self.operator = Client(self.daemon.url, secret)

    def another(self, folder, **more):
        return daemons.Daemon(
            self.database,
            folder,
            "--jobs-every-ms",
            "50",
            "--checkpoint-records",
            "1",
            "--checkpoint-key-file",
            self.key_file,
            "--checkpoint-dir",
            self.kept,
            name="signer",
            WINNOW_CHECKPOINT_WEBHOOK_URL_FILE=folder / "hook",
            **more,
        ).start()

    def receive(self, method, path, body):
        self.posted.append((method, path, body.decode()))
        return self.answer, {}, ""

    def newest(self, ws, suffix=".checkpoint"):
        path = self.kept / f"{ws.id}{suffix}"
        return path.read_text() if path.exists() else None

    def outside(self, ws):
        note = self.newest(ws)
        return self.key.opens(note) if note else None

    def wait(self, ws, size=None):
        """The newest note outside, once it covers the whole log."""
        size = size or ws.revision()
        wait_until(lambda: (self.outside(ws) or (0, 0))[1] >= size, f"a checkpoint of {size}")
        wait_until(lambda: ws.get("/audit/checkpoint", (200, 404)).json().get("size", 0) >= size, "it is kept inside")
        return self.newest(ws)

    def end(self):
        assert self.daemon.stop() == 0
        self.receiver.close()
        self.database.drop()
