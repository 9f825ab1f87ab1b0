"""The verifier of docs/evidence.md, written from that page alone: rows made into their bytes again, digests, proofs, the seal."""

import base64
import hashlib
import json
import re
import struct
import uuid

from . import proof

PG_EPOCH = 946684800 * 10**6
ELEMENTS = {"text[]": 25, "uuid[]": 2950, "int2[]": 21, "float8[]": 701}


def number(value, size):
    return value.to_bytes(size, "big", signed=True)


def scalar(kind, value):
    if kind == "uuid":
        return uuid.UUID(value).bytes
    if kind in ("int2", "int4", "int8"):
        return number(value, int(kind[3:]))
    if kind == "float8":
        return bytes.fromhex(value) if isinstance(value, str) else struct.pack(">d", value)
    if kind == "timestamptz":
        return number(value if isinstance(value, int) else proof.microseconds(value) - PG_EPOCH, 8)
    return bytes.fromhex(value) if kind == "bytea" else value.encode()


def cell(kind, value):
    if value is None:
        return b"\xff\xff\xff\xff"
    if not kind.endswith("[]"):
        return proof.sized(scalar(kind, value))
    head = number(1 if value else 0, 4) + number(0, 4) + number(ELEMENTS[kind], 4)
    if value:
        head += number(len(value), 4) + number(1, 4)
    return proof.sized(head + b"".join(proof.sized(scalar(kind[:-2], one)) for one in value))


def row_hash(table, row, columns):
    assert list(row) == [name for name, _ in columns]
    data = b"".join(cell(kind, row[name]) for name, kind in columns)
    return hashlib.sha256(table.encode() + b"\0" + data).digest()


class Bundle:
    """A bundle that was parsed; check() asserts what docs/evidence.md says of it."""

    def __init__(self, text):
        self.text = text
        self.raw = text.encode().split(b"\n")[:-1]
        self.lines = [json.loads(line) for line in self.raw]
        self.parts = {}
        for line in self.lines:
            self.parts.setdefault(line["part"], []).append(line)
        self.header = self.parts["header"][0]

    def rows(self, table=None):
        for line in self.parts["records"]:
            for shown in line["rows"]:
                if table in (None, shown["table"]):
                    yield shown["row"] if table else shown

    def check(self, key):
        self.check_records(key)
        self.check_seal(key)
        return self

    def check_records(self, key):
        header = self.header
        origin, size, root = key.opens(self.parts["checkpoint"][0]["note"])
        assert origin == f"{key.name}/{header['workspace']}" and size == header["checkpoint"]
        before = None
        for line in self.parts["records"]:
            record = line["record"]
            hashes = [row_hash(one["table"], one["row"], header["tables"][one["table"]]) for one in line["rows"]]
            hashes = sorted(hashes + [bytes.fromhex(one) for one in line["others"]])
            assert record["row_count"] == len(hashes)
            assert record["rows_sha256"] == hashlib.sha256(b"".join(hashes)).hexdigest()
            assert record["detail_sha256"] == hashlib.sha256(record["detail"].encode()).hexdigest()
            assert record["hash"] == proof.record_hash(record) and record["workspace"] == header["workspace"]
            path = [bytes.fromhex(one) for one in line["proof"]]
            leaf = proof.leaf(bytes.fromhex(record["hash"]))
            assert proof.root_of_inclusion(record["revision"] - 1, size, leaf, path) == root
            if before and record["revision"] == before["revision"] + 1:
                assert record["prev_hash"] == before["hash"]
            before = record
        within = [r["record"]["revision"] for r in self.parts["records"]]
        first, last = header["from"]["revision"], header["to"]["revision"]
        assert [r for r in within if r >= first] == list(range(first, last + 1)) and within == sorted(within)

    def check_seal(self, key):
        manifest, signature = self.lines[-2:]
        at = 0
        for part in manifest["parts"]:
            lines = [line + b"\n" for line in self.raw[at : at + part["lines"]]]
            assert {json.loads(line)["part"] for line in lines} == {part["name"]}
            assert part["line_sha256"] == [hashlib.sha256(line).hexdigest() for line in lines]
            assert part["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()
            assert part["bytes"] == sum(map(len, lines))
            at += part["lines"]
        assert at == len(self.raw) - 2
        signed = hashlib.sha256(b"".join(line + b"\n" for line in self.raw[:-1])).hexdigest()
        text, _, signatures = signature["note"].rpartition("\n\n")
        assert text == f"winnow.evidence/1 {key.name}/{self.header['workspace']}\n{signed}"
        assert re.match("^\u2014 ", signatures) and signed_by(key, signature["note"])


def signed_by(key, note):
    """As of a checkpoint; only the text is another."""
    text, _, signatures = note.rpartition("\n\n")
    blob = base64.b64decode(signatures.split()[2], validate=True)
    return blob[:4] == key.id and proof.is_signed(key.key, (text + "\n").encode(), blob[4:])
