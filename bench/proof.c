/*
 * Verification of a long audit log beside hashing the same bytes.
 *
 *   proof verify RECORDS     prints milliseconds: rows, chain and Merkle tree from memory; one SHA-256
 *                            over the same bytes
 *   proof export RECORDS     writes the same log as winnow audit export does
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/merkle.h"
#include "codec/audit_chain.h"

enum {
	AT_ONCE = 10000,
	ROW_BYTES = 420,
	DETAIL_BYTES = 96,
	REST_BYTES = 640,
	DIGEST_BYTES = SHA256_BYTES,
	TREE_BYTES = 1 + SHA256_BYTES + 1 + 2 * SHA256_BYTES,
};

/* Each record has a version of an item, and the detail that goes with it. */
struct entry {
	struct audit_record record;
	char detail[DETAIL_BYTES], row[ROW_BYTES];
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void fail(const char *what)
{
	fprintf(stderr, "proof: %s\n", what);
	exit(1);
}

static void make_entry(struct entry *entry, int64_t revision, const struct sha256 *before)
{
	struct audit_record *record = &entry->record;
	struct sha256 row;
	int length;

	memset(entry->row, (int)(revision % 251), sizeof entry->row);
	memcpy(entry->row, &revision, sizeof revision);
	length = snprintf(entry->detail, sizeof entry->detail,
		"{\"created\":1,\"rejected\":0,\"stale\":0,\"unchanged\":0,\"updated\":%lld}",
		(long long)revision);
	*record = (struct audit_record){
		.revision = revision,
		.at_us = 1790000000000000 + revision,
		.actor = STR("token:6f1c1c2e-6a4e-4f57-9b8e-2f8c5d0c7a11"),
		.action = STR("items.upsert"),
		.subject = STR("items"),
		.request_id = STR("8f5b2a7e-58e7-4d53-9f43-0c5f0f2f5d11"),
		.detail = {entry->detail, (size_t)length},
		.row_count = 1,
		.prev_hash = *before,
	};
	if (!audit_row_hash("item_versions", (struct str){entry->row, ROW_BYTES}, &row) ||
		!audit_rows_digest(&row, 1, &record->rows_sha256) ||
		!sha256_of(record->detail.ptr, record->detail.len, &record->detail_sha256) ||
		!audit_record_hash(record, &record->hash))
		fail("memory is out");
}

/* The next part of the log; its records follow those of the part before. */
static void make_part(struct entry *entries, size_t count, int64_t first, struct sha256 *before)
{
	for (size_t i = 0; i < count; i++) {
		make_entry(&entries[i], first + (int64_t)i, before);
		*before = entries[i].record.hash;
	}
}

struct verifier {
	struct audit_chain chain;
	struct merkle_edge tree;
};

static void verify_part(struct verifier *verifier, const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		struct sha256 row, digest, leaf;

		if (!audit_row_hash("item_versions", (struct str){entry->row, ROW_BYTES}, &row) ||
			!audit_rows_digest(&row, 1, &digest) ||
			audit_chain_next(&verifier->chain, &entry->record, &digest, 1) ||
			!merkle_leaf(entry->record.hash.bytes, SHA256_BYTES, &leaf) ||
			!merkle_append(&verifier->tree, &leaf, NULL, NULL))
			fail("the log does not hold");
	}
}

/* What a verifier hashes: rows with their table's name, the digest over one, details, the fields of the
 * records, a leaf and a node of the tree for each. */
static void hash_part(struct sha256_stream *stream, const struct entry *entries, size_t count)
{
	char rest[REST_BYTES] = {0};

	for (size_t i = 0; i < count; i++) {
		const struct audit_record *record = &entries[i].record;
		size_t bytes = sizeof "winnow-audit-1" + 16 + 8 + 8 + 16 + 4 * 4 +
			       record->actor.len + record->action.len + record->subject.len +
			       record->request_id.len + 3 * (size_t)SHA256_BYTES + 8 +
			       sizeof "item_versions" + DIGEST_BYTES + TREE_BYTES;

		sha256_add(stream, entries[i].row, ROW_BYTES);
		sha256_add(stream, record->detail.ptr, record->detail.len);
		sha256_add(stream, rest, bytes);
	}
}

static void verify(size_t records)
{
	struct entry *entries = calloc(AT_ONCE, sizeof *entries);
	struct verifier verifier = {.chain = {0}};
	struct sha256_stream stream = {0};
	struct sha256 before = {{0}}, out;
	double verify_ms = 0, hash_ms = 0;

	if (!entries || !sha256_begin(&stream))
		fail("memory is out");
	for (size_t done = 0; done < records; done += AT_ONCE) {
		size_t count = records - done < AT_ONCE ? records - done : AT_ONCE;
		double begin;

		make_part(entries, count, (int64_t)done + 1, &before);
		begin = now_ms();
		verify_part(&verifier, entries, count);
		verify_ms += now_ms() - begin;
		begin = now_ms();
		hash_part(&stream, entries, count);
		hash_ms += now_ms() - begin;
	}
	if (!sha256_end(&stream, &out) || !merkle_edge_root(&verifier.tree, &out))
		fail("memory is out");
	printf("%.3f %.3f\n", verify_ms, hash_ms);
	sha256_release(&stream);
	free(entries);
}

static void export_log(size_t records)
{
	struct entry *entry = calloc(1, sizeof *entry);
	struct sha256 before = {{0}};
	struct buf line = BUF_INIT;

	if (!entry)
		fail("memory is out");
	for (size_t i = 0; i < records; i++) {
		const struct audit_export_row row = {"item_versions", {entry->row, ROW_BYTES}};

		make_part(entry, 1, (int64_t)i + 1, &before);
		buf_reset(&line);
		audit_export_write(&line, &entry->record, &row, 1);
		if (line.failed || fwrite(line.data, 1, line.len, stdout) != line.len)
			fail("it cannot be written");
	}
	buf_release(&line);
	free(entry);
}

int main(int argc, char **argv)
{
	size_t records = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (records == 0)
		fail("proof verify|export RECORDS");
	if (strcmp(argv[1], "verify") == 0)
		verify(records);
	else
		export_log(records);
	return 0;
}
