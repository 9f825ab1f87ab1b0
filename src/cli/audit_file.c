/*
 * The offline half of winnow audit verify. The arithmetic is codec/audit_chain's, the same that
 * the daemon writes by; docs/audit.md has the bytes for whoever wants to redo it.
 */
#include "cli/audit_file.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"

/* A record comes with the rows of its revision: a thousand items, some with long texts. */
static const size_t record_bytes = (size_t)4 << 30;

static void no_memory(struct audit_file_verdict *verdict)
{
	verdict->state = AUDIT_FILE_FAILED;
	errno = ENOMEM;
}

static void faulty(struct audit_file_verdict *verdict, enum audit_fault fault, int64_t revision)
{
	verdict->state = AUDIT_FILE_FAULTY;
	verdict->fault = fault;
	verdict->revision = revision;
}

static void unreadable(struct audit_file_verdict *verdict, const struct diag *diag)
{
	verdict->state = AUDIT_FILE_UNREADABLE;
	if (diag->count > 0)
		snprintf(verdict->detail, sizeof verdict->detail, "%s: %s",
			diag->entries[0].pointer, diag->entries[0].detail);
}

static bool is_expected(const struct audit_mark *expect, const struct audit_chain *chain)
{
	return !expect->given || expect->revision != chain->revision ||
	       sha256_same(&expect->hash, &chain->hash);
}

/* The checkpoints that end with this record. */
static void check_tree(const struct audit_record *record, const struct audit_file_options *options,
	struct audit_file_verdict *verdict)
{
	struct sha256 leaf, root;
	bool good = merkle_leaf(record->hash.bytes, SHA256_BYTES, &leaf) &&
		    merkle_append(&verdict->tree, &leaf, NULL, NULL);

	for (size_t i = 0; good && i < options->checkpoint_count; i++) {
		const struct checkpoint *checkpoint = &options->checkpoints[i];

		if (!checkpoint_is_of(checkpoint, &record->workspace)) {
			faulty(verdict, AUDIT_CHECKPOINT, checkpoint->size);
			return;
		}
		if (checkpoint->size != record->revision)
			continue;
		good = merkle_edge_root(&verdict->tree, &root);
		if (good && !sha256_same(&root, &checkpoint->root)) {
			faulty(verdict, AUDIT_CHECKPOINT, record->revision);
			return;
		}
	}
	if (!good)
		no_memory(verdict);
}

static void check_line(struct str line, const struct audit_file_options *options,
	struct arena *arena, struct audit_file_verdict *verdict)
{
	struct audit_record record;
	struct audit_export_row *rows;
	size_t row_count;
	struct sha256 digest;
	struct diag diag;
	enum audit_fault fault;
	enum error error;

	diag_init(&diag, arena);
	error = audit_export_parse(
		line, (size_t)verdict->line, arena, &diag, &record, &rows, &row_count);
	if (error == ERR_NO_MEMORY || error == ERR_BUDGET) {
		no_memory(verdict);
		return;
	}
	if (error != ERR_OK) {
		unreadable(verdict, &diag);
		return;
	}
	if (!audit_export_digest(arena, rows, row_count, &digest)) {
		no_memory(verdict);
		return;
	}
	fault = audit_chain_next(&verdict->chain, &record, &digest, (int64_t)row_count);
	if (fault == AUDIT_OK && !is_expected(&options->expect, &verdict->chain))
		fault = AUDIT_EXPECTED;
	/* Of a gap, what is missing is the first bad revision, not what stands in its place. */
	if (fault != AUDIT_OK) {
		faulty(verdict, fault,
			fault == AUDIT_GAP ? verdict->chain.revision + 1 : record.revision);
		return;
	}
	verdict->records++;
	if (options->checkpoint_count > 0)
		check_tree(&record, options, verdict);
}

/* What shows only when all of the file is known. */
static void check_end(const struct audit_file_options *options, struct audit_file_verdict *verdict)
{
	const struct audit_mark *expect = &options->expect;
	int64_t first = options->after.given ? options->after.revision : 1;

	if (verdict->records == 0)
		verdict->state = AUDIT_FILE_EMPTY;
	else if (expect->given &&
		 (expect->revision > verdict->chain.revision || expect->revision < first))
		faulty(verdict, AUDIT_EXPECTED, expect->revision);
	for (size_t i = 0; verdict->state == AUDIT_FILE_GOOD && i < options->checkpoint_count;
		i++) {
		if (options->checkpoints[i].size > verdict->chain.revision)
			faulty(verdict, AUDIT_BEHIND, verdict->chain.revision + 1);
	}
}

static void begin_chain(
	const struct audit_file_options *options, struct audit_file_verdict *verdict)
{
	*verdict = (struct audit_file_verdict){.state = AUDIT_FILE_GOOD};
	if (!options->after.given)
		return;
	verdict->chain.revision = options->after.revision;
	verdict->chain.hash = options->after.hash;
	/* The time before is not known, so the first record's is not held against it. */
	verdict->chain.any = false;
	if (!is_expected(&options->expect, &verdict->chain))
		faulty(verdict, AUDIT_EXPECTED, options->expect.revision);
}

void audit_file_verify(
	FILE *file, const struct audit_file_options *options, struct audit_file_verdict *verdict)
{
	char *text = NULL;
	size_t room = 0;
	uint64_t read_bytes = 0;
	ssize_t len;

	begin_chain(options, verdict);
	while (verdict->state == AUDIT_FILE_GOOD && (len = getline(&text, &room, file)) >= 0) {
		struct str line = {text, (size_t)len};
		struct arena arena;

		verdict->line++;
		read_bytes += line.len;
		if (line.len > 0 && line.ptr[line.len - 1] == '\n')
			line.len--;
		arena_init(&arena, record_bytes);
		check_line(line, options, &arena, verdict);
		arena_release(&arena);
		if (options->progress)
			progress_update(options->progress, read_bytes, (uint64_t)verdict->records,
				"records");
	}
	if (verdict->state == AUDIT_FILE_GOOD && !feof(file))
		verdict->state = AUDIT_FILE_FAILED;
	else if (verdict->state == AUDIT_FILE_GOOD)
		check_end(options, verdict);
	free(text);
}
