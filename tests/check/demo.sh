#!/usr/bin/env bash
# The demo backlog: one JSON object a line, each external id once, times that render.sh can place,
# at least 60 items over the four streams.
set -euo pipefail

deploy/demo/render.sh <deploy/demo/backlog.ndjson | /usr/bin/python3 -c '
import collections, datetime, json, sys

faults = []
streams = collections.Counter()
seen = set()
for number, line in enumerate(sys.stdin, 1):
    item = json.loads(line)
    name = item["external_id"]
    if name in seen:
        faults.append(f"line {number}: {name} comes twice")
    seen.add(name)
    streams[item["stream"]] += 1
    if item["source"] != "demo":
        faults.append(f"{name}: source is not demo")
    if "@" in line:
        faults.append(f"{name}: a placeholder is left")
    times = [datetime.datetime.fromisoformat(item[key].replace("Z", "+00:00"))
             for key in ("created_at", "updated_at") if key in item]
    if times != sorted(times):
        faults.append(f"{name}: updated before it was created")
    if times and times[-1] > datetime.datetime.now(datetime.timezone.utc):
        faults.append(f"{name}: updated in the future")
wanted = {"model_quality", "engineering_bug", "feature_request", "incident"}
if set(streams) != wanted:
    faults.append(f"streams: {sorted(streams)}")
if len(seen) < 60:
    faults.append(f"only {len(seen)} items")
print("\n".join(faults) or f"{len(seen)} items: {dict(streams)}")
sys.exit(bool(faults))
'
