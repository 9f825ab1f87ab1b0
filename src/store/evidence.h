/*
 * Reads for evidence bundles (service/evidence.h). Inside read_begin; results live in the arena.
 */
#ifndef WINNOW_STORE_EVIDENCE_H
#define WINNOW_STORE_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/sha256.h"
#include "base/str.h"
#include "store/store.h"

struct evidence_filter {
	int64_t first, last; /* revisions, both included */
	struct str label;    /* absent: any */
	int feature;         /* its column; -1: any */
	int value;           /* the category's place in its definition */
	size_t limit;
};
struct evidence_item {
	struct uuid id;
	int64_t base; /* the version in force before `first`; 0: it was not there */
};
/* By id: those that some version in force between first and last fits. */
enum error evidence_items(struct conn *conn, const struct uuid *workspace,
	const struct evidence_filter *filter, struct arena *arena, struct evidence_item **out,
	size_t *count);

struct evidence_text {
	struct sha256 ref;
	struct str title; /* absent: none, or erased */
	struct str notes; /* canonical JSON; absent: none, or erased */
};
/* By ref; those that are not there give no row. */
enum error evidence_texts(struct conn *conn, const struct uuid *workspace,
	const struct sha256 *refs, size_t ref_count, struct arena *arena,
	struct evidence_text **out, size_t *count);

/* The revisions made at from_us or later and before to_us (TIME_NONE: no end); 0 where there is none. */
enum error audit_span(struct conn *conn, const struct uuid *workspace, int64_t from_us,
	int64_t to_us, int64_t *first, int64_t *last);

#endif
