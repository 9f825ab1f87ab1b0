/*
 * A workspace's configuration as domain values: feature definitions, vocabularies, models with
 * their aliases, source mappings. Made of documents (kind, name, revision, canonical JSON body);
 * immutable once built, shared by reference. Everything hangs in one arena of its own.
 *
 * Documents: kind "feature" (name: the feature's), "model" (name: the version's number), "alias"
 * (name: "active", "candidate"; body {"model": N}), "settings" (name "workspace"), "mapping"
 * (name: the source format's).
 */
#ifndef WINNOW_CODEC_CATALOG_H
#define WINNOW_CODEC_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "winnow/model.h"

struct json_t; /* jansson's, never held by a domain value */

enum feature_type {
	FEATURE_NUMBER,
	FEATURE_BOOLEAN,  /* 0 or 1 */
	FEATURE_CATEGORY, /* index into the closed list */
	FEATURE_DATE,     /* seconds since 1970-01-01T00:00:00Z */
	FEATURE_TEXT,     /* the engine sees 1: it is there */
};

struct feature_definition {
	uint16_t id;      /* 0 … ; the column; given once, never again */
	int64_t revision; /* of this version of the definition */
	struct str name;  /* [a-z][a-z0-9_]{0,62} */
	enum feature_type type;
	struct str unit;
	struct str family; /* business_value, effort, technical_debt, reliability, risk_compliance,
	                      dependency, demand */
	struct str description;
	double lower, upper; /* numbers only; ±INFINITY: unbounded (then not usable in a model) */
	bool lower_is_better;
	bool clamp;     /* a value outside the bounds is cut to them; else refused */
	bool sensitive; /* served to admin and auditor only; never in a model */
	bool in_model;  /* a model version reads it (said of the newest definitions only): must not
	                   become sensitive, because scores would show it */
	const struct str *categories; /* worst first; later versions may only append */
	size_t category_count;
};

enum status_class { STATUS_TODO, STATUS_ACTIVE, STATUS_DONE, STATUS_DROPPED };

struct status_definition {
	struct str name;
	enum status_class class;
};

/* One immutable model version, ready for the engine. Terms are against the definitions that the
 * version was validated with (pinned by revision), whatever the newest ones say. */
struct model_version {
	int64_t version;  /* 1, 2, 3 … in the workspace */
	int64_t revision; /* that wrote it */
	struct str name;
	struct str description; /* absent when it has none */
	struct str body;        /* canonical JSON as stored */
	struct wn_model model;
	const struct feature_definition **term_features; /* by term, as pinned */
};

struct alias {
	struct str name;
	int64_t model;
	int64_t revision;
};

struct mapping {
	struct str format;
	int64_t revision;
	struct str body; /* canonical JSON; intake reads it */
};

struct catalog {
	struct arena arena;
	int references;   /* atomic */
	int64_t revision; /* of the newest document in it */

	/* The newest version of each definition, by id (its column); ids have no holes. */
	const struct feature_definition *features;
	size_t feature_count;
	struct str_map feature_ids; /* name → id */

	const struct str *streams;
	size_t stream_count;
	const struct str *kinds; /* the first is the default */
	size_t kind_count;
	const struct status_definition *statuses; /* the first of class todo is the default */
	size_t status_count;
	struct str settings_body;
	int64_t settings_revision;

	const struct model_version *models; /* by version - 1 */
	size_t model_count;
	const struct alias *aliases;
	size_t alias_count;
	const struct mapping *mappings;
	size_t mapping_count;
};

/* One document row, as read from the store: all versions, ordered by kind, name, revision. */
struct document {
	struct str kind, name, body;
	int64_t revision;
};

/* Builds a catalogue from all document rows of a workspace (up to the revision wanted), in any
 * order. The rows' texts are copied. ERR_INTERNAL when a stored document cannot be read (logged by
 * the caller) or is of an unknown kind: to rank without it would be to guess. */
enum error catalog_build(const struct document *documents, size_t count, struct catalog **out);
void catalog_ref(struct catalog *catalog);
void catalog_unref(struct catalog *catalog);

const struct feature_definition *catalog_feature(const struct catalog *catalog, struct str name);
const struct model_version *catalog_model(const struct catalog *catalog, int64_t version);
const struct alias *catalog_alias(const struct catalog *catalog, struct str name);
const struct mapping *catalog_mapping(const struct catalog *catalog, struct str format);
const struct status_definition *catalog_status(const struct catalog *catalog, struct str name);
/* Index in streams / kinds, -1 when unknown. */
int catalog_stream(const struct catalog *catalog, struct str name);
int catalog_kind(const struct catalog *catalog, struct str name);

/*
 * The documents that a new workspace begins with: settings, the shipped feature definitions, the
 * model triage_rubric as version 1, alias active → 1, mappings github and alertmanager.
 * Static data; in the order in which they are written. All are written by revision 1, which creates
 * the workspace; the model's pins rest on that.
 */
extern const struct document default_documents[];
extern const size_t default_document_count;

/*
 * Reads a client's document, adds every fault to diag, and gives its canonical body (in the
 * arena). What the catalogue must know to judge it is passed in. ERR_INVALID on faults.
 * The text has been parsed by json_parse (json.h).
 */
/* {"type":"number|boolean|category|date|text", "unit", "family", "description",
 * "bounds":{"lower","upper"}, "direction":"higher_is_better|lower_is_better",
 * "out_of_bounds":"refuse|clamp", "sensitive",
 * "categories":[worst first]}. A new feature, or a new version of `previous`: the type stays,
 * categories may only grow; bounds and texts may change. `id` is put into the body. */
enum error feature_definition_parse(const struct json_t *json, struct str name, uint16_t id,
	const struct feature_definition *previous, struct arena *arena, struct diag *diag,
	struct str *body);
/* {"name", "kind":"weighted_sum", "description", "terms":[{"feature","weight","scale":"unit|value",
 * "unknown":"span|default|exclude","default"}], "bands":[{"name","at_least"}…, last without
 * at_least]}; checked by wn_model_check too; the pins ({"feature": revision}) are added. */
enum error model_parse(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body);
/* {"streams":[…],"kinds":[…],"statuses":[{"name","class":"todo|active|done|dropped"}]} */
enum error settings_parse(
	const struct json_t *json, struct arena *arena, struct diag *diag, struct str *body);
/* See docs/sources.md for its form. `terms` is what is particular to the format (intake/format.h):
 * NULL, or lists that end with NULL; a list that is NULL allows any word (of keys: none). */
struct mapping_terms {
	const char *const *keys;     /* members that a mapping may have besides the common ones */
	const char *const *signals;  /* what thresholds may look at */
	const char *const *statuses; /* the tracker's own */
};
enum error mapping_parse(const struct json_t *json, const struct mapping_terms *terms,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body);

/* As the API shows them: one JSON object each. */
void feature_definition_write(struct buf *out, const struct feature_definition *definition);
void model_write(struct buf *out, const struct model_version *model);
/* "3*user_impact + 2*fix_confidence + …": the model in one line for people. */
void model_formula(struct buf *out, const struct model_version *model);

#endif
