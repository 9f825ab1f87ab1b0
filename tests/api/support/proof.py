"""The verifier of docs/proof.md, written from that page alone: trees, proofs, signed notes."""

import base64
import datetime
import hashlib
import json
import re
import uuid

# ---- Ed25519 as RFC 8032 §5.1 describes it; slow, and nobody else's ----

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    """Of points (x, y), by the curve's own law."""
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P,
    )


def times(n, point):
    total = (0, 1)
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def point_of(encoded):
    """None for what is no point."""
    number = int.from_bytes(encoded, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x, y)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key, text, signature):
    point, first, scalar = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if point is None or first is None or scalar >= L or len(signature) != 64:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    return times(scalar, BASE) == add(first, times(k, point))


def sign(secret, text):
    """The key of a secret, and its signature over a text."""

    def encoded(point):
        return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")

    def number(*parts):
        return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")

    digest = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    key = encoded(times(scalar, BASE))
    nonce = number(digest[32:], text) % L
    first = encoded(times(nonce, BASE))
    return key, first + ((nonce + number(first, key, text) * scalar) % L).to_bytes(32, "little")


# ---- trees ----


def leaf(record_hash):
    return hashlib.sha256(b"\0" + record_hash).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves):
    """RFC 9162 §2.1.1, as it is written there."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root(leaves[:split]), root(leaves[split:]))


def log_root(records, size):
    return root([leaf(bytes.fromhex(record["hash"])) for record in records[:size]])


def root_of_inclusion(index, size, at, hashes):
    """RFC 9162 §2.1.3.2: the root that the path leads to; None when it has the wrong length."""
    last = size - 1
    for other in hashes:
        if last == 0:
            return None
        if index % 2 or index == last:
            at = node(other, at)
            while not index % 2 and index:
                index, last = index >> 1, last >> 1
        else:
            at = node(at, other)
        index, last = index >> 1, last >> 1
    return at if last == 0 else None


def roots_of_consistency(first, second, first_root, hashes):
    """RFC 9162 §2.1.4.2: both roots that the proof leads to."""
    if first == second:
        return first_root, first_root
    hashes = list(hashes)
    if first & (first - 1) == 0:
        hashes.insert(0, first_root)
    at, last = first - 1, second - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    older = newer = hashes.pop(0)
    for other in hashes:
        if last == 0:
            return None, None
        if at % 2 or at == last:
            older, newer = node(other, older), node(other, newer)
            while not at % 2 and at:
                at, last = at >> 1, last >> 1
        else:
            newer = node(newer, other)
        at, last = at >> 1, last >> 1
    return (older, newer) if last == 0 else (None, None)


# ---- notes ----


class Key:
    def __init__(self, text):
        self.text = text
        self.name, number, encoded = text.split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        assert key[0] == 1 and len(key) == 33
        self.id = hashlib.sha256(self.name.encode() + b"\n" + key).digest()[:4]
        assert self.id.hex() == number
        self.key = key[1:]

    def opens(self, note):
        """The signed text's lines: origin, size, root. None when the signature is not this key's."""
        text, _, signatures = note.rpartition("\n\n")
        text += "\n"
        for name, encoded in re.findall("^\u2014 (\\S+) (\\S+)$", signatures, re.M):
            blob = base64.b64decode(encoded, validate=True)
            if name != self.name or blob[:4] != self.id:
                continue
            if not is_signed(self.key, text.encode(), blob[4:]):
                return None
            origin, size, encoded_root = text.split("\n")[:3]
            return origin, int(size), base64.b64decode(encoded_root, validate=True)
        return None


def records_of(export):
    return [json.loads(line)["record"] for line in export if line.strip()]


# ---- the chain, for whoever makes one up ----


def sized(data):
    return len(data).to_bytes(4, "big") + data


def microseconds(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ" if "." in text else "%Y-%m-%dT%H:%M:%SZ")
    return (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)


def record_hash(record):
    """docs/audit.md, "Record"."""
    number = lambda value: value.to_bytes(8, "big")
    texts = b"".join(sized(record[name].encode()) for name in ("actor", "action", "subject", "request_id"))
    return hashlib.sha256(
        b"winnow-audit-1\0"
        + uuid.UUID(record["workspace"]).bytes
        + number(record["revision"])
        + number(microseconds(record["at"]))
        + uuid.UUID(record["attempt_id"]).bytes
        + texts
        + bytes.fromhex(record["detail_sha256"])
        + number(record["row_count"])
        + bytes.fromhex(record["rows_sha256"])
        + bytes.fromhex(record["prev_hash"])
    ).hexdigest()


def made_up(export):
    """The records of an export as they must be for its rows and details: a chain that holds by itself."""
    before = "0" * 64
    for line in export:
        entry = json.loads(line)
        record = entry["record"]
        rows = sorted(
            hashlib.sha256(row["table"].encode() + b"\0" + bytes.fromhex(row["data"])).digest() for row in entry["rows"]
        )
        record["row_count"], record["rows_sha256"] = len(rows), hashlib.sha256(b"".join(rows)).hexdigest()
        record["detail_sha256"] = hashlib.sha256(record["detail"].encode()).hexdigest()
        record["prev_hash"] = before
        before = record["hash"] = record_hash(record)
        yield record
