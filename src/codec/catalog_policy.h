/*
 * What the files about policies share: predicates as JSON, policies and calendars as stored. The
 * conventions are those of catalog_internal.h.
 */
#ifndef WINNOW_CODEC_CATALOG_POLICY_H
#define WINNOW_CODEC_CATALOG_POLICY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "codec/catalog.h"

/* The words that predicates compare with: each once, in the order in which they were met. */
struct predicate_words {
	struct str *list;
	size_t count, room;
	struct str_map places;
};
void predicate_words_release(struct predicate_words *words);

/* Reads predicates of one policy, contract or set of service levels. */
struct predicate_reader {
	const struct catalog *catalog;
	bool stored; /* was checked when it was written: vocabularies and features may have moved on */
	bool open; /* what it says of an item is shown to all: it may read nothing sensitive */
	struct arena *arena;
	struct diag *diag;
	struct predicate_words words;
	struct wn_test tests[WN_PREDICATE_MAX_TESTS]; /* of the predicate that is being read */
	size_t count;
	bool full; /* said already */
};

/* The tests are in the arena, in the form that wn_predicate_check finds sound; symbols are 1 + the
 * index into the words. */
bool predicate_read(struct predicate_reader *reader, const json_t *json, const char *pointer,
	const struct wn_test **tests, size_t *count);
/* The one form of a predicate; NULL when memory is out. */
json_t *predicate_tree(
	const struct catalog *catalog, const struct str *words, const struct wn_test *tests);

/* Where a policy's text is from. */
enum policy_source {
	POLICY_POSTED, /* rules, and no parts */
	POLICY_JOINED, /* by policy_from_split */
	POLICY_STORED, /* was checked when it was written */
};
/* All but version, revision and body. */
bool policy_read(const json_t *json, const struct catalog *catalog, enum policy_source source,
	struct arena *arena, struct diag *diag, struct policy_version *out);

/* catalog_policy_split.c. The list "split"; `checked` before: versions and streams may have moved on. */
bool policy_parts_read(const json_t *json, const struct catalog *catalog, bool checked,
	struct arena *arena, struct diag *diag, struct policy_version *out);
json_t *policy_parts_tree(const struct policy_version *policy); /* NULL: out of memory */
/* A client's split with the rules that come of it, a new reference. NULL: a fault was added, or memory is
 * out. */
json_t *policy_from_split(const json_t *json, const struct catalog *catalog, struct diag *diag);

/* All but name, revision and body. */
bool calendar_read(
	const json_t *json, struct arena *arena, struct diag *diag, struct calendar *out);
/* A calendar's newest body that says that there is none any more. */
bool calendar_is_deleted(const json_t *json);

#endif
