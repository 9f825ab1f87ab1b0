"""Metrics and the log: what an operator sees."""

import re

import pytest

from support import daemon as daemons
from support.workspace import item

SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>[-+0-9.eE]+|[+-]Inf|NaN)$")
LABEL = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"')


def scrape(client):
    """{(name, labels): value}, {family: type}; fails on what Prometheus would not parse."""
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.text.endswith("\n")
    samples, types, helps = {}, {}, set()
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
        elif line.startswith("# HELP "):
            helps.add(line.split(" ")[2])
        elif line and not line.startswith("#"):
            found = SAMPLE.match(line)
            assert found, line
            labels = tuple(sorted(LABEL.findall(found["labels"] or "")))
            family = re.sub(r"_(bucket|sum|count)$", "", found["name"]) if found["name"] not in types else found["name"]
            assert family in types and family in helps, line
            assert (found["name"], labels) not in samples, line
            samples[found["name"], labels] = float(found["value"])
    return samples, types


def test_exposition_and_names(operator):
    samples, types = scrape(operator)
    assert samples
    for name, kind in types.items():
        assert name.startswith("winnow_") or name.startswith("process_"), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert not name.endswith(("_ms", "_milliseconds", "_microseconds", "_kb")), f"{name}: base units"
    assert ("winnow_database_up", ()) in samples and samples["winnow_database_up", ()] == 1


def test_histograms_are_cumulative(operator):
    samples, types = scrape(operator)
    for name, kind in types.items():
        if kind != "histogram":
            continue
        series = {}
        for (sample, labels), value in samples.items():
            if sample == name + "_bucket":
                rest = tuple(pair for pair in labels if pair[0] != "le")
                series.setdefault(rest, []).append((float(dict(labels)["le"].replace("+Inf", "inf")), value))
        assert series
        for rest, buckets in series.items():
            values = [value for _, value in sorted(buckets)]
            assert values == sorted(values) and sorted(buckets)[-1][0] == float("inf")
            assert values[-1] == samples[name + "_count", rest]


def test_counters_count(ws):
    before, _ = scrape(ws.operator)
    ws.push([item("1"), item("2")])
    ws.push([item("1")])
    ws.push([item("3", stream="x")], 207)
    after, _ = scrape(ws.operator)
    moved = {name: after[name, ()] - before[name, ()] for name, labels in after if not labels and (name, ()) in before}
    assert (
        moved["winnow_items_created_total"] >= 2
        and moved["winnow_items_unchanged_total"] >= 1
        and moved["winnow_items_rejected_total"] >= 1
    )
    assert all(value >= 0 for name, value in moved.items() if name.endswith("_total"))


def test_series_do_not_grow_with_what_is_asked(ws, rng):
    """Routes are templates: neither paths, names, methods nor ids make a series."""
    for path in ("/items", "/queue", ""):
        ws.get(path)
    ws.get("/nothing-like-this", 404)
    ws.request("BREW", "/items", 405)
    before = set(scrape(ws.operator)[0])
    for turn in range(300):
        path = "/" + "".join(rng.choices("abcdefghij/%-_", k=rng.randint(1, 30)))
        ws.request("GET", path.replace("%", ""), (400, 404))
    for turn in range(30):
        ws.get(f"/items/{turn:08d}-0000-4000-8000-000000000000", 404)
        ws.request("METHOD" + chr(65 + turn % 26), "/items", (400, 405, 501))
    after = set(scrape(ws.operator)[0])
    assert len(after - before) <= 2, sorted(after - before)
    text = ws.operator.get("/metrics").text
    for secret in (ws.name, ws.id, "00000000-0000-4000"):
        assert secret not in text


def test_log_lines_are_json(ws, daemon):
    ws.get("/items/" + "%0a%22injected%22%7d%0a", (400, 404))
    lines = daemon.log_lines()
    assert lines
    for line in lines:
        assert isinstance(line, dict) and {"ts", "level", "event", "message"} <= set(line), line
        assert line["level"] in ("debug", "info", "warn", "error") and line["ts"].endswith("Z")


@pytest.fixture(scope="module")
def talkative(database, operator_token, tmp_path_factory):
    """A daemon that logs all that it can."""
    own = daemons.Daemon(database, tmp_path_factory.mktemp("talkative"), "--log-level", "debug", name="talkative")
    own.start()
    yield own
    assert own.stop() == 0


def test_tokens_are_never_logged(ws, talkative):
    """Wherever a client puts them. (All logs of the session are searched for all tokens at its end, too.)"""
    secret = ws.token("reader")["secret"]
    there = ws.client({"secret": secret}).at(talkative.url)
    there.get("/items")
    there.get("/items", 400, params={"access_token": secret})
    there.get(f"/items/{secret}", 404)
    there.post(
        "/items",
        (400, 403),
        data="{" + secret,
        headers={"Content-Type": "application/json", "X-Request-Id": secret[:40]},
    )
    there.get("/items", 401, headers={"Authorization": "Basic " + secret})
    assert secret not in talkative.log.read_text()
    talkative.log_lines()


def test_health(operator):
    assert operator.get("/livez").json()["status"] == "ok"
    ready = operator.get("/readyz").json()
    assert (ready["ready"], ready["writes"], ready["draining"]) == (True, True, False)
    assert ready["database"]["up"] is True and ready["database"]["outage_seconds"] == 0
    assert operator.get("/readyz/writes").json()["writes"] is True
    for path in ("/livez", "/readyz", "/readyz/writes"):
        operator.head(path)


def test_hygiene_headers(ws):
    for path in ("/items", "/queue", "/settings"):
        answer = ws.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers.get("Cache-Control") in ("private", "no-store", "private, no-cache")
        assert "Server" not in answer.headers or "libmicrohttpd" not in answer.headers["Server"]
