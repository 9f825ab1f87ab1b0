"""Waiting for a condition, with a limit. Nothing in this suite sleeps for a fixed time and hopes."""

import time


def wait_until(condition, what, limit=10.0, pause=0.01):
    """The first true value of condition(); fails after `limit` seconds."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"after {limit} s still not: {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
