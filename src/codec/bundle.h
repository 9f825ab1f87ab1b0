/*
 * A bundle: everything that one ranking read, as lines of JSON, so that it can be computed again
 * without the daemon and its database (docs/receipts.md has the form). Personal text is no part of
 * it, of the features only those that the model or the policy reads, and of a sensitive definition
 * only that it has its column.
 *
 * In this order: the header, documents, items by id, overrides and comparisons as they were made.
 */
#ifndef WINNOW_CODEC_BUNDLE_H
#define WINNOW_CODEC_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "codec/catalog.h"
#include "codec/population.h"
#include "codec/receipt.h"

#define BUNDLE_SCHEMA "winnow.bundle/1"

enum { BUNDLE_LINE_BYTES = 16 << 20 /* the longest that is read */ };

struct bundle_header {
	struct uuid workspace;
	char ranking[48]; /* id */
	struct receipt receipt;
	int64_t documents, items, overrides, comparisons; /* how many lines of each follow */
};

/* ---- writing; each appends one line ---- */
void bundle_write_header(struct buf *out, const struct bundle_header *header);
/* `now` has the newest definitions, since a feature may have become sensitive after the ranking. */
void bundle_write_document(
	struct buf *out, const struct document *document, const struct catalog *now);
/* Values of columns that read[column] is false of are left out. The assignee is whatever the caller
 * puts there: a number that means nothing. */
void bundle_write_item(struct buf *out, const struct population_item *item, struct str external_id,
	const struct catalog *catalog, const bool *read);
void bundle_write_override(struct buf *out, const struct population_override *override);
void bundle_write_comparison(struct buf *out, const struct uuid *before, const struct uuid *after,
	bool derived); /* of a review's decision */

/* Whether a ranking reads documents of this kind; mappings it does not. */
bool bundle_has_document(struct str kind);
/* read[column] = true for what the model and the policy (NULL: none) read; it has room for all of
 * the catalogue's features and begins false. */
void bundle_columns(
	const struct model_version *model, const struct policy_version *policy, bool *read);

/* ---- reading ---- */
struct bundle;

struct bundle *bundle_new(void); /* NULL when memory is out */
void bundle_free(struct bundle *bundle);
/* The next line; `number` counts from 1. ERR_INVALID and ERR_MALFORMED_JSON with faults, ERR_BUDGET,
 * ERR_NO_MEMORY. After an error nothing but bundle_free. */
enum error bundle_take(struct bundle *bundle, struct str line, size_t number, struct diag *diag);
/* After the last line: ERR_INVALID when some are missing; else ranks. */
enum error bundle_rank(struct bundle *bundle, struct diag *diag);

/* After bundle_rank; lives as long as the bundle. */
struct bundle_result {
	const struct bundle_header *header;
	const struct wn_population *population;
	const struct wn_model *model;
	const struct wn_decision *decision;
	struct receipt receipt; /* of what was computed here and now */
};
const struct bundle_result *bundle_result(const struct bundle *bundle);

#endif
