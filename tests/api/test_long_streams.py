"""A stream of any length needs no more memory than a short one, and its answer is of bounded length."""

import json
import os

import pytest

from support.workspace import item

MIB = 1 << 20
LONG_MIB = int(os.environ.get("WINNOW_TEST_STREAM_MIB") or 96)
NDJSON = {"Content-Type": "application/x-ndjson"}


def memory(daemon, name):
    with open(f"/proc/{daemon.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def long_lines(mebibytes, items=2000):
    """So many bytes of lines about a few items, so that what is long is the stream, not the backlog."""
    lines = [json.dumps(item(str(n), body="x" * 900 + str(n))).encode() + b"\n" for n in range(items)]
    block = b"".join(lines)
    for _ in range(mebibytes * MIB // len(block) + 1):
        yield block


@pytest.mark.skipif(bool(os.environ.get("SANITIZE")), reason="a sanitizer keeps what was freed for a while")
def test_memory_does_not_grow_with_the_stream(daemon, ws):
    """WINNOW_TEST_STREAM_MIB=1024 sends a gigabyte."""
    ws.post("/items", 200, data=long_lines(8), headers=NDJSON, timeout=120)
    before = memory(daemon, "VmHWM")
    answer = ws.post("/items", 200, data=long_lines(LONG_MIB), headers=NDJSON, timeout=60 + 3 * LONG_MIB)
    after = memory(daemon, "VmHWM")
    told = answer.json()
    assert told["unchanged"] > LONG_MIB * MIB // 1100 and told["created"] == 0
    print(f"{LONG_MIB} MiB: at most {before // MIB} MiB before, {after // MIB} MiB after")
    assert after - before < 48 * MIB
    assert len(answer.content) < 5 * MIB
    assert told["results_omitted"] == told["unchanged"] - len(told["results"]) > 0


def test_the_rejected_are_listed_where_the_others_are_not(ws):
    """The first ones of all, then those that were rejected; the counts and the revisions are of all."""
    before = ws.revision()
    lines = [json.dumps(item(str(n % 3000), title="t" * 200)).encode() for n in range(40000)]
    lines[39000] = b"{"
    answer = ws.post("/items", 207, data=b"\n".join(lines), headers=NDJSON, timeout=120).json()
    assert answer["created"] == 3000 and answer["unchanged"] == 36999 and answer["rejected"] == 1
    assert answer["results"][-1]["line"] == 39001 and answer["results"][-1]["outcome"] == "rejected"
    assert len(answer["results"]) + answer["results_omitted"] == 40000
    assert (answer["first_revision"], answer["revision"]) == (before + 1, before + 3)
    assert ws.revision() == before + 3
