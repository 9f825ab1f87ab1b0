"""Clients that keep a service busy: threads that write, poll and ask, and remember what they were answered."""

import http.client
import json
import threading
import time
import urllib.parse
import uuid

TRY_AGAIN = ("database-away", "commit-unknown", "busy", "contention", "idempotency-key-in-flight")


class Answer:
    def __init__(self, status, headers, body, took_s):
        self.status, self.headers, self.body, self.took_s = status, headers, body, took_s

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The slug of a problem; None when it is none."""
        if not self.headers.get("Content-Type", "").startswith("application/problem+json"):
            return None
        return self.json()["type"].rsplit("/", 1)[1]

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Caller:
    """One keep-alive connection to where a client (support/client.py) asks. It never tries anything again."""

    def __init__(self, client, timeout=30.0):
        parts = urllib.parse.urlsplit(client.url)
        self.prefix, self.secret = client.prefix, client.secret
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        """body: what is sent as JSON."""
        if body is None:
            return self.send(method, path, headers=headers)
        return self.send(method, path, json.dumps(body).encode(), "application/json", headers)

    def send(self, method, path, data=None, content_type=None, headers=None):
        headers = {"Authorization": f"Bearer {self.secret}", **(headers or {})}
        if content_type:
            headers["Content-Type"] = content_type
        begin = time.monotonic()
        try:
            self.connection.request(method, self.prefix + path, data, headers)
            answer = self.connection.getresponse()
            data = answer.read()
        except Exception:
            self.connection.close()
            raise
        return Answer(answer.status, answer.headers, data, time.monotonic() - begin)


class Worker(threading.Thread):
    """Does its turn again and again until it is stopped; what goes wrong ends it, and is told by faults_of."""

    def __init__(self, name, pause_s=0.0):
        super().__init__(name=name)
        self.ending, self.pause_s, self.fault = threading.Event(), pause_s, None

    def run(self):
        try:
            while not self.ending.is_set():
                self.turn()
                self.ending.wait(self.pause_s)
        except Exception as fault:
            self.fault = fault

    def turn(self):
        raise NotImplementedError


class Poller(Worker):
    """Asks for the same again and again; every answer must be 200."""

    def __init__(self, name, client, path, pause_s=0.02):
        super().__init__(name, pause_s)
        self.caller, self.path = Caller(client), path
        self.answers = []  # when each had come, and how long it took

    def turn(self):
        answer = self.caller.request("GET", self.path)
        assert answer.status == 200, answer
        self.answers.append((time.monotonic(), answer.took_s))

    def between(self, begin, end):
        """How many answers to questions asked and answered in this time."""
        return sum(begin <= at - took and at <= end for at, took in self.answers)

    def slowest_s(self):
        return max(took for _, took in self.answers)


class Acknowledged:
    """A write that was answered with success."""

    def __init__(self, body, answer, tries):
        self.body, self.answer, self.tries, self.at = body, answer.json(), tries, time.monotonic()
        self.revision = int(answer.headers["Winnow-Revision"])
        self.request_id = answer.headers["X-Request-Id"]
        self.replayed = answer.headers.get("Idempotent-Replayed") == "true"


class Writer(Worker):
    """
    POSTs one body after the other, each with an Idempotency-Key of its own. What is refused for the time being, it
    sends again at once, with the same key, to the next of several daemons (clients), until it is acknowledged.
    """

    def __init__(self, name, clients, path, body, pause_s=0.005, limit_s=60.0):
        super().__init__(name, pause_s)
        self.callers, self.path, self.body, self.limit_s = [Caller(c) for c in clients], path, body, limit_s
        self.acknowledged, self.refusals, self.turns = [], [], 0

    def turn(self):
        self.turns += 1
        body = self.body(self.name, self.turns)
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        deadline, tries = time.monotonic() + self.limit_s, 0
        while True:
            tries += 1
            caller = self.callers[(self.turns + tries) % len(self.callers)]
            answer = caller.request("POST", self.path, body, headers)
            if answer.status in (200, 201):
                self.acknowledged.append(Acknowledged(body, answer, tries))
                return
            assert answer.problem() in TRY_AGAIN, answer
            assert time.monotonic() < deadline, f"{self.name} is refused for {self.limit_s} s: {answer}"
            self.refusals.append(answer.problem())
            time.sleep(0.02)  # the pause of a client that is in a hurry


def faults_of(workers):
    return [f"{w.name}: {type(w.fault).__name__}: {w.fault}" for w in workers if w.fault]


class Running:
    """Workers for the time of a block; afterwards all have ended, each after the turn that it was in."""

    def __init__(self, workers):
        self.workers = workers

    def __enter__(self):
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, *failed):
        for worker in self.workers:
            worker.ending.set()
        for worker in self.workers:
            worker.join()
        if not failed[0]:
            assert not faults_of(self.workers)
        return False
