/*
 * What the catalogue's files share: each reads one kind of document, for catalog_build (a stored
 * body) and for the parser of a client's document alike, so that what was accepted can be read.
 *
 * A reader adds every fault to diag. False without a fault means that memory is out.
 */
#ifndef WINNOW_CODEC_CATALOG_INTERNAL_H
#define WINNOW_CODEC_CATALOG_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "codec/catalog.h"

enum {
	CATALOG_MAX_NAME = 63,   /* of a feature, stream, kind, status, band, category */
	CATALOG_MAX_TITLE = 128, /* of a model, a unit */
	CATALOG_MAX_TEXT = 4096, /* of a description */
	CATALOG_MAX_CATEGORIES = 256,
	CATALOG_MAX_VOCABULARY = 128, /* streams, kinds, statuses */
};

/* The canonical text of `tree`, whose reference is taken (NULL: memory was out already). */
enum error catalog_body(json_t *tree, struct arena *arena, struct str *body);
/* What a parser returns after its checks. */
enum error catalog_verdict(bool ok, const struct diag *diag);
/* The string value for a tree; NULL when memory is out. */
json_t *catalog_text(struct str text);

/* [a-z][a-z0-9_]{0,62} */
bool catalog_is_identifier(struct str name);
/* A word of a vocabulary: no control characters, no blank at either end. */
bool catalog_check_word(struct str word, const char *pointer, struct diag *diag);
/* A required text member that is such a word, of at most CATALOG_MAX_NAME bytes. */
bool catalog_read_word(const json_t *object, const char *key, const char *pointer,
	struct diag *diag, struct arena *arena, struct str *out);
/* Index of a text member's value in the NULL-terminated `words`, `fallback` when absent (negative:
 * required). */
bool catalog_read_choice(const json_t *object, const char *key, const char *const *words,
	int fallback, const char *pointer, struct diag *diag, int *out);

/* All but name and revision; *id is -1 when the body has none. "deleted" is read too: a client's
 * document is refused when it has it (feature_definition_parse). */
bool feature_definition_read(const json_t *json, struct arena *arena, struct diag *diag,
	struct feature_definition *out, int64_t *id);

/* The column that a test looks at; false: it looks at none. */
bool test_column(const struct wn_test *test, uint32_t *column);
/* Combinations, with unknowns, that a decision table lays out; 0 for other kinds. */
size_t table_ends(const struct model_version *model);

struct recurrence; /* recurrence.h */
bool recurrence_read(
	const json_t *json, struct arena *arena, struct diag *diag, struct recurrence *out);

struct vocabulary {
	const struct str *streams, *kinds;
	size_t stream_count, kind_count;
	const struct status_definition *statuses;
	size_t status_count;
	unsigned override_max_days, sprint_days;
	int64_t sprint_start_s;
	uint32_t sensitive_fields;
	struct access_log_settings access_log;
	struct review_rules review;
	uint32_t finding_events;
};
enum { SETTINGS_OVERRIDE_DAYS = 90, SETTINGS_MAX_OVERRIDE_DAYS = 3650 };
enum {
	SETTINGS_SPRINT_DAYS = 14,
	SETTINGS_MAX_SPRINT_DAYS = 42,
	SETTINGS_SPRINT_START_S = 4 * 86400, /* Monday, 1970-01-05 */
};
/* The least that the log is kept where it is not kept for ever: half a year. */
enum { SETTINGS_MIN_RETENTION_DAYS = 183, SETTINGS_MAX_RETENTION_DAYS = 36500 };
enum { SETTINGS_ACCESS_LOG_DAYS = 365, SETTINGS_MAX_ACCESS_LOG_DAYS = 3650 };
/* catalog_review.c: settings.review; `streams` are those that it may name. */
bool review_rules_read(const json_t *settings, const struct vocabulary *words, struct arena *arena,
	struct diag *diag, struct review_rules *out);
/* catalog_users.c: whether the SLA rules, a recurrence or a contract version read a feature. */
bool catalog_rules_read(const struct catalog *catalog, uint32_t feature);
bool settings_read(
	const json_t *json, struct arena *arena, struct diag *diag, struct vocabulary *out);

/* What every rule says, and that of the rules themselves, which the strictest of them makes. */
bool approval_rules_read(
	const json_t *json, struct arena *arena, struct diag *diag, struct approval_rules *out);

/* Where a model's features are looked up: the newest definitions for a client's model; for a stored
 * one those that it pins. */
struct model_lookup {
	const struct catalog *catalog;
	const json_t *pins;                        /* NULL: newest */
	const struct feature_definition *versions; /* of all features, by name, then revision */
	size_t version_count;
};
/* version, revision and body are left alone. A blend's components are the catalogue's models. */
bool model_read(const json_t *json, const struct model_lookup *lookup, struct arena *arena,
	struct diag *diag, struct model_version *out);
/* {"preset":"rice"} with name, description or bands of the client's own: the preset's body with
 * these in it, a new reference. NULL: a fault was added, or memory is out. */
json_t *model_from_preset(const json_t *json, struct diag *diag);
/* The same with name or description. */
json_t *policy_from_preset(const json_t *json, struct diag *diag);
/* The same with all but the streams. */
json_t *contract_from_preset(const json_t *json, struct diag *diag);

#endif
