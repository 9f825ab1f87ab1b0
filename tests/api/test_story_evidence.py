"""
A story: a machine proposes other weights for a backlog with a regulated pilot in it, people see what it would do, a second
person approves, the queue moves; reviews, an override, a stop and a bypass follow. Half a year later an auditor gets one
file, checks it without the server, and finds out at once when a byte of it is changed.
"""

import json

import pytest

from support import cli
from support.decisions import override
from support.evidence import Bundle
from support.signer import Signer
from support.workspace import Workspace, rubric, scored
from test_evidence import CARD
from test_proposals import agent, decide as decide_proposal, person, propose, rules
from test_reviews import decide as decide_review, opened

pytestmark = pytest.mark.faults

CASE = "The regulator asked for it until March, case 4711."


@pytest.fixture(scope="module")
def signer(cluster, tmp_path_factory):
    own = Signer(cluster, tmp_path_factory.mktemp("signer"))
    yield own
    own.end()


def names(ws):
    return [entry["external_id"] for entry in ws.whole_queue()]


def test_from_a_proposal_to_a_bundle_that_verifies(signer, tmp_path):
    ws = Workspace(signer.operator)
    pilot = {"labels": ["pilot"]}
    ws.push(
        [
            scored("broad", 17, **pilot),
            {**scored("urgent", 8, **pilot), "features": {**rubric(1, 1, 1, 3), "risk_category": "high"}},
            scored("other", 20),
        ]
    )
    before = names(ws)

    # A machine proposes, with what it would do. Nothing happens yet.
    rules(ws, "model", bypass=["lead"])
    machine, bob, lead = agent(ws), person(ws, "bob"), person(ws, "lead")
    proposal = propose(machine).json()
    assert proposal["effect"]["simulated"] and names(ws) == before
    foretold = [each["id"] for each in proposal["effect"]["top"]]

    # It cannot agree with itself; a second person can. One revision, and the queue is the one that was foretold.
    decide_proposal(machine, proposal, expect=403)
    head = ws.revision()
    applied = decide_proposal(bob, proposal).json()
    assert applied["state"] == "applied" and ws.revision() == head + 1
    assert [entry["id"] for entry in ws.whole_queue()] == foretold and names(ws) != before

    # The new version gets its card: what it is for, and where it ends.
    ws.put("/models/2/card", 201, json={**CARD, "risk_category": "high"}, headers={"If-None-Match": "*"})

    # People oversee it: what entered the top is approved as it was seen, one item is moved with a reason, a bypass is told.
    ws.put_settings(review={"top": 1, "above": 1})
    review = opened(ws, names(ws)[0])
    decide_review(ws, review, rationale=CASE)
    moved = override(ws, "urgent", "boost", delta=2, justification=CASE)
    hurried = propose(lead, body={"weights": {"user_impact": 2, "cost_of_delay": 5}}).json()
    assert decide_proposal(lead, hurried, "bypass").json()["state"] == "bypassed"

    # The model is stopped, and goes on; the auditor asks.
    why = {"rationale": "Scores looked odd after the last import."}
    ws.post("/suspend", 200, json={"fallback": "rules", **why})
    ws.post("/resume", 200, json=why)
    kept = cli.write(tmp_path / "kept", signer.wait(ws))
    env = {"url": signer.daemon.url, "token": ws.token("auditor")["secret"], "workspace": ws.name}
    size = str(signer.key.opens(kept.read_text())[1])
    path = tmp_path / "evidence.ndjson"
    cli.run("evidence", "--tag", "pilot", "--from", "2020-01-01", "--checkpoint", size, "--output", path, **env)

    # It holds, without the server, under the key and the checkpoint that were kept elsewhere.
    verify = ["evidence", "verify", path, "--key", signer.key.text, "--checkpoint", kept]
    assert cli.run(*verify).stdout.startswith("ok: ")
    found = Bundle(path.read_text()).check(signer.key)

    # What was decided, by whom, as what kind of actor.
    kinds = {line["actor"]: line["kind"] for line in found.parts["actors"]}
    proposals = {row["proposal_id"]: row for row in found.rows("proposals")}
    assert kinds[proposals[proposal["id"]]["author"]] == "agent"
    assert json.loads(proposals[proposal["id"]]["effect"])["simulated"]
    ends = {row["proposal_id"]: row for row in found.rows("proposal_ends")}
    assert ends[proposal["id"]]["state"] == "applied" and ends[hurried["id"]]["state"] == "bypassed"
    (approval,) = [row for row in found.rows("proposal_approvals") if row["proposal_id"] == proposal["id"]]
    assert approval["approver"] != proposals[proposal["id"]]["author"] and kinds[approval["approver"]] == "human"
    assert [row["action"] for row in found.rows("interventions")] == ["suspend", "resume"]
    (decided,) = [row for row in found.rows("review_ends") if row["outcome"] == "approved"]
    assert decided["review_id"] == review["id"] and decided["digest"] == review["evidence"]["digest"]
    assert [row["override_id"] for row in found.rows("overrides")] == [moved["id"]]

    # Why, by what, from what.
    texts = {line["ref"]: line.get("notes") for line in found.parts["texts"]}
    assert texts[decided["text_ref"]]["rationale"] == CASE
    (made,) = found.rows("overrides")
    assert texts[made["text_ref"]]["justification"] == CASE
    models = {line["version"]: line for line in found.parts["models"] if line["kind"] == "model"}
    assert models["2"]["card"]["risk_category"] == "high" and models["1"]["card"] is None
    assert [models[version]["active"] for version in "123"] and all(models[v]["active"] for v in "123")
    items = {line["item"]["external_id"]: line for line in found.parts["items"]}
    assert set(items) == {"broad", "urgent"} and items["urgent"]["overrides"] == [moved["id"]]
    assert items["urgent"]["item"]["features"]["risk_category"]["value"] == "high"
    assert {"12", "14", "26"} <= {line["article"] for line in found.parts["articles"]}
    during = next(line for line in found.parts["drift"] if line["what"] == "overrides" and line["when"] == "during")
    assert during["made"] == 1 and [each["model"] for each in during["by_model"]] == ["2"]

    # Somebody would rather have it approved by another hand: one byte, and it is named.
    lines = path.read_bytes().split(b"\n")
    at = next(i for i, line in enumerate(lines) if approval["approver"].encode() in line and b'"rows"' in line)
    token = approval["approver"].encode()
    lines[at] = lines[at].replace(token, token[:-1] + (b"0" if token[-1:] != b"0" else b"1"))
    path.write_bytes(b"\n".join(lines))
    told = cli.run(*verify, expect=cli.REFUSED).stdout
    assert f"fault in line {at + 1} (records)" in told and "(signature)" in told
