/*
 * Source formats: each turns a tracker's own payload into items of our schema. Pure: no I/O, no
 * clock. A new format is one file that fills a struct source_format, and one line in formats.c.
 *
 * A format emits plain JSON objects of the item schema (see codec/item.h); they then go the same
 * way as items that a client posts in that schema, so a format cannot weaken a check.
 */
#ifndef WINNOW_INTAKE_FORMAT_H
#define WINNOW_INTAKE_FORMAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/error.h"
#include "base/str.h"
#include "codec/catalog.h"

struct intake_request {
	const json_t *payload;
	const json_t *mapping; /* the workspace's mapping for this format; never NULL */
	struct str event;      /* of a webhook: X-GitHub-Event; absent when none was sent */
	struct str source;     /* overrides the format's default source name; absent: default */
};

struct intake_result {
	json_t *items;           /* array of item objects; a new reference */
	size_t skipped;          /* elements that are no items (pull requests) */
	const char *skipped_why; /* static text; NULL when none */
};

struct source_format {
	const char *name;           /* in the path: "github" */
	const char *default_source; /* the items' source unless the request names another */
	const char *title;          /* for people */
	/* What a mapping of this format may name; for mapping_parse. */
	struct mapping_terms terms;
	/* ERR_NOT_AN_ITEM_EVENT names the event in diag; ERR_INVALID for a payload of another
	 * tracker (says what was expected); ERR_NO_MEMORY. */
	enum error (*parse)(
		const struct intake_request *request, struct diag *diag, struct intake_result *out);
};

const struct source_format *source_format_named(struct str name); /* NULL: none */
extern const struct source_format *const source_formats[]; /* NULL-terminated, for listings */

/*
 * Shared by the formats (mapping.c): applies the mapping's rules to one item being built.
 * Mapping form (docs/sources.md has the whole):
 * {
 *   "stream": "engineering_bug", "kind": "bug",            defaults
 *   "rules": [ { "label": "sev*1" | ["p0", "sev*1"] | "label_prefix": "area/" | neither: always,
 *                "set": { "stream": …, "kind": …, "team": …, "features": { "user_impact": 3, … } }
 *              }, … ]                                          first match per field wins
 *   "thresholds": [ { "signal": "reactions" | "comments" | …, "feature": "user_impact",
 *                "steps": [ {"at_least": 10, "value": 3}, … ] , "else": 1 } ],
 *                                                without steps and else: the signal itself
 *   "statuses": { "open": "open", "closed": "done", … }
 * }
 */
struct intake_signal {
	const char *name;
	double value;
};
/* Adds stream, kind, team and features to `item` (an object of our schema) from labels (an array;
 * what is no string in it is passed over) and signals. False when memory is out. */
bool mapping_apply(const json_t *mapping, const json_t *labels, const struct intake_signal *signals,
	size_t signal_count, json_t *item);
/* To be called after mapping_apply when the tracker says that a label was taken off: what rules
 * would have set because of it, and nothing sets now, is cleared in `item`. */
bool mapping_withdraw(const json_t *mapping, const char *label, json_t *item);
/* The workspace's word for a tracker's status; NULL when the mapping has none. */
const char *mapping_status(const json_t *mapping, const char *status);

#endif
