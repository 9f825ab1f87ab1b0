/*
 * The arithmetic that makes history tamper-evident. The daemon writes by it, audit/verify and the
 * offline verifier check by it, and anyone can redo it with a SHA-256 and the layouts in the
 * header.
 */
#include "codec/audit_chain.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"

enum { HEAD_TEXT_SIZE = 96, RECORD_PARTS = 17 };

bool audit_row_hash(const char *table, struct str tuple, struct sha256 *out)
{
	const struct str parts[] = {{table, strlen(table) + 1}, tuple};

	return sha256_of_parts(parts, 2, out);
}

static int hash_cmp(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

_Static_assert(sizeof(struct sha256) == SHA256_BYTES, "hashes in a row are hashed as they lie");

bool audit_rows_digest(struct sha256 *hashes, size_t count, struct sha256 *out)
{
	if (count > 1)
		qsort(hashes, count, sizeof *hashes, hash_cmp);
	return sha256_of(hashes, count * sizeof *hashes, out);
}

static void put_be(unsigned char *out, size_t bytes, uint64_t value)
{
	for (size_t i = bytes; i-- > 0; value >>= 8)
		out[i] = (unsigned char)value;
}

/* Texts go in with their length before them. */
static void put_text(struct str *parts, unsigned char length[4], struct str text)
{
	put_be(length, 4, text.len);
	parts[0] = (struct str){(const char *)length, 4};
	parts[1] = text;
}

bool audit_record_hash(const struct audit_record *record, struct sha256 *out)
{
	static const char schema[] = "winnow-audit-1";
	unsigned char revision[8], at_us[8], row_count[8], lengths[4][4];
	struct str parts[RECORD_PARTS] = {
		{schema, sizeof schema},
		{(const char *)record->workspace.bytes, sizeof record->workspace.bytes},
		{(const char *)revision, sizeof revision},
		{(const char *)at_us, sizeof at_us},
		{(const char *)record->attempt.bytes, sizeof record->attempt.bytes},
		[13] = {(const char *)record->detail_sha256.bytes, SHA256_BYTES},
		{(const char *)row_count, sizeof row_count},
		{(const char *)record->rows_sha256.bytes, SHA256_BYTES},
		{(const char *)record->prev_hash.bytes, SHA256_BYTES},
	};

	put_be(revision, sizeof revision, (uint64_t)record->revision);
	put_be(at_us, sizeof at_us, (uint64_t)record->at_us);
	put_be(row_count, sizeof row_count, (uint64_t)record->row_count);
	put_text(&parts[5], lengths[0], record->actor);
	put_text(&parts[7], lengths[1], record->action);
	put_text(&parts[9], lengths[2], record->subject);
	put_text(&parts[11], lengths[3], record->request_id);
	return sha256_of_parts(parts, RECORD_PARTS, out);
}

static const struct {
	const char *slug, *text;
} faults[] = {
	[AUDIT_OK] = {"ok", "The record holds."},
	[AUDIT_GAP] = {"gap",
		"The revision is not the one after the last: a record was lost or slipped in."},
	[AUDIT_DETAIL] = {"detail", "The record's detail does not match its hash."},
	[AUDIT_PREV] = {"prev",
		"The record does not follow the one before: the hash that it names is another."},
	[AUDIT_HASH] = {"hash", "The record's own hash is wrong: one of its fields was changed."},
	[AUDIT_TIME] = {"time", "The record is earlier than the one before."},
	[AUDIT_ROWS] = {"rows", "The rows of the revision are not those that were written: "
				"one was edited, lost or slipped in."},
	[AUDIT_STRAY_ROWS] = {"stray-rows",
		"There are rows of a revision that the log does not have."},
	[AUDIT_HEAD] = {"head",
		"The head is not the last record: the tail was cut, or the head was moved."},
	[AUDIT_STATE] = {"state", "The current state differs from the newest versions."},
	[AUDIT_TEXT] = {"text", "A text does not match its salted hash."},
	[AUDIT_TREE] = {"tree", "A stored node of the Merkle tree is not what the records make."},
	[AUDIT_CHECKPOINT] = {"checkpoint",
		"The log up to this revision is not the one that the checkpoint has signed."},
	[AUDIT_SIGNATURE] = {"signature",
		"The database's checkpoint of this size is not signed by the key that signs here."},
	[AUDIT_BEHIND] = {"behind", "The log ends before a checkpoint: its tail was cut, or it was "
				    "rolled back to an older state."},
	[AUDIT_RETAINED] = {"retained",
		"What stayed of the retired part of the log is not what the step that retired it "
		"says: a row was edited, lost or slipped in."},
	[AUDIT_EXPECTED] = {"expected", "The remembered head is not in the chain."},
	[AUDIT_UNCHECKED] = {"unchecked", "There was no memory left to check the record."},
};

const char *audit_fault_text(enum audit_fault fault)
{
	return (unsigned)fault < sizeof faults / sizeof *faults ? faults[fault].text
								: "There is an unknown fault.";
}

const char *audit_fault_slug(enum audit_fault fault)
{
	return (unsigned)fault < sizeof faults / sizeof *faults ? faults[fault].slug : "unknown";
}

enum audit_fault audit_chain_next(struct audit_chain *chain, const struct audit_record *record,
	const struct sha256 *rows_sha256, int64_t row_count)
{
	struct sha256 detail, hash;

	if (record->revision != chain->revision + 1)
		return AUDIT_GAP;
	if (!sha256_of(record->detail.ptr, record->detail.len, &detail) ||
		!audit_record_hash(record, &hash))
		return AUDIT_UNCHECKED;
	if (!sha256_same(&detail, &record->detail_sha256))
		return AUDIT_DETAIL;
	if (!sha256_same(&chain->hash, &record->prev_hash))
		return AUDIT_PREV;
	if (!sha256_same(&hash, &record->hash))
		return AUDIT_HASH;
	if (chain->any && record->at_us < chain->at_us)
		return AUDIT_TIME;
	if (row_count != record->row_count || !sha256_same(rows_sha256, &record->rows_sha256))
		return AUDIT_ROWS;
	*chain = (struct audit_chain){record->revision, record->at_us, record->hash, true};
	return AUDIT_OK;
}

char *audit_head_format(int64_t revision, const struct sha256 *hash, char text[96])
{
	char hex[SHA256_HEX_SIZE];

	snprintf(text, HEAD_TEXT_SIZE, "%lld:%s", (long long)revision, sha256_to_hex(hash, hex));
	return text;
}

bool audit_head_parse(struct str text, int64_t *revision, struct sha256 *hash)
{
	const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
	size_t digits = colon ? (size_t)(colon - text.ptr) : 0;
	struct sha256 read;
	uint64_t number;

	/* One text per head: no leading zeros, lower case. */
	if (!num_parse_u64((struct str){text.ptr, digits}, &number) || number > INT64_MAX ||
		(digits > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = digits; i < text.len; i++)
		if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F')
			return false;
	if (!sha256_from_hex(colon + 1, text.len - digits - 1, &read))
		return false;
	*revision = (int64_t)number;
	*hash = read;
	return true;
}
