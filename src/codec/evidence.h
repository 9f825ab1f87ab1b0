/*
 * Evidence: what was decided about some items in a span of the log, with what proves it, as lines of JSON
 * that can be checked without the daemon and its database (docs/evidence.md has the form).
 *
 * In this order, by the member "part" of each line: header, checkpoint, verification, articles, records,
 * texts, items, models, drift, actors, manifest, signature.
 */
#ifndef WINNOW_CODEC_EVIDENCE_H
#define WINNOW_CODEC_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/merkle.h"
#include "codec/audit_chain.h"
#include "codec/evidence_row.h"
#include "codec/json_writer.h"
#include "codec/note.h"

#define EVIDENCE_SCHEMA "winnow.evidence/1"

enum evidence_part {
	EVIDENCE_HEADER,
	EVIDENCE_CHECKPOINT,
	EVIDENCE_VERIFICATION,
	EVIDENCE_ARTICLES,
	EVIDENCE_RECORDS,
	EVIDENCE_TEXTS,
	EVIDENCE_ITEMS,
	EVIDENCE_MODELS,
	EVIDENCE_DRIFT,
	EVIDENCE_ACTORS,
	EVIDENCE_MANIFEST,
	EVIDENCE_SIGNATURE,
	EVIDENCE_PARTS,
};
/* "header" …; EVIDENCE_PARTS for no part's name. */
const char *evidence_part_name(enum evidence_part part);
enum evidence_part evidence_part_named(struct str name);
/* Of a line, newline or not; EVIDENCE_PARTS when it begins as none does. */
enum evidence_part evidence_part_of(struct str line);

/* ---- writing ---- */

/* Begins a line's object with its part; the caller goes on with members and ends with the other. */
void evidence_line_begin(struct json_writer *json, struct buf *out, enum evidence_part part);
void evidence_line_end(struct json_writer *json);

/* A row of a record that is shown in full. */
struct evidence_row {
	const struct evidence_table *table;
	struct str tuple;
};
struct evidence_record {
	struct audit_record record;
	const struct evidence_row *rows;
	size_t row_count;
	const struct sha256 *others; /* hashes of the rows that are not shown */
	size_t other_count;
	const struct merkle_proof *proof; /* that it is in the checkpoint's tree */
};
/* False: a row's bytes are not its table's. */
bool evidence_write_record(struct buf *out, const struct evidence_record *record);

/* One line for each article of the regulation that the bundle has something for. */
void evidence_write_articles(struct buf *out);

/*
 * The last two lines: the manifest over the lines of `out` from `begin` on, and the signature over all of them and
 * the manifest. False when memory is out.
 */
bool evidence_seal(struct buf *out, size_t begin, const struct note_signer *signer,
	const struct uuid *workspace);
/* What is signed: "winnow.evidence/1 <key's name>/<workspace>", the hash of all lines before, each with a newline. */
void evidence_statement(struct buf *out, const char *name, const struct uuid *workspace,
	const struct sha256 *lines);

/* The version that the body of an alias names; 0: none. */
int64_t evidence_alias_version(struct str body);

/* ---- reading ---- */

/* As read; in the arena. */
struct evidence_read {
	struct audit_record record;
	struct sha256 *hashes; /* of all rows, shown or not */
	size_t hash_count;
	struct merkle_proof proof;
};
struct json_t;
/* A line of the records; `row` is called with each row that is shown, its bytes made again, and with its JSON.
 * ERR_INVALID with faults; ERR_NO_MEMORY. */
struct evidence_taker {
	bool (*row)(void *self, const struct evidence_table *table,
		struct str tuple); /* false: memory is out */
	void *self;
};
enum error evidence_read_record(const struct json_t *line, struct arena *arena, struct diag *diag,
	const struct evidence_taker *taker, struct evidence_read *out);

#endif
