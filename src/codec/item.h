/*
 * The item: Winnow's own schema of a backlog entry, to and from JSON.
 *
 * An input says of each field whether it was given (a value or null) or not; an upsert merges:
 * absent stays, null clears, arrays are replaced whole, features merge one by one. Two layers:
 * what the source says, and what people patched on top of it; the effective value is the patch's
 * where there is one.
 */
#ifndef WINNOW_CODEC_ITEM_H
#define WINNOW_CODEC_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/uuid.h"
#include "codec/catalog.h"

enum { ITEM_SCHEMA_VERSION = 1 };

/* Bits of a field mask. The order is that of the API's documentation. */
enum item_field {
	ITEM_TITLE = 1 << 0,
	ITEM_BODY = 1 << 1,
	ITEM_URL = 1 << 2,
	ITEM_STREAM = 1 << 3,
	ITEM_KIND = 1 << 4,
	ITEM_STATUS = 1 << 5,
	ITEM_LABELS = 1 << 6,
	ITEM_TEAM = 1 << 7,
	ITEM_ASSIGNEE = 1 << 8,
	ITEM_REPORTER = 1 << 9,
	ITEM_CREATED_AT = 1 << 10,
	ITEM_UPDATED_AT = 1 << 11,
	ITEM_DUE_AT = 1 << 12,
	ITEM_ESTIMATE = 1 << 13,
	ITEM_BLOCKED_BY = 1 << 14,
	ITEM_PARENT = 1 << 15,
	ITEM_ARTIFACTS = 1 << 16,
	ITEM_SOURCE_VERSION = 1 << 17,
};
enum {
	ITEM_ALL_FIELDS = (1 << 18) - 1,
	/* Kept in the side table, by salted hash. */
	ITEM_PERSONAL = ITEM_TITLE | ITEM_BODY | ITEM_URL | ITEM_ASSIGNEE | ITEM_REPORTER,
	/* A person may patch these; the rest is the source's alone. */
	ITEM_PATCHABLE =
		ITEM_ALL_FIELDS & ~(ITEM_CREATED_AT | ITEM_UPDATED_AT | ITEM_SOURCE_VERSION),
};

/* Limits, in bytes of UTF-8 or in elements; beyond is a 422. */
enum {
	ITEM_MAX_TITLE = 1024,
	ITEM_MAX_BODY = 262144,
	ITEM_MAX_URL = 2048,
	ITEM_MAX_NAME = 255, /* source, external id, team, people, label, artifact parts … */
	ITEM_MAX_LABELS = 100,
	ITEM_MAX_LINKS = 1000,
	ITEM_MAX_ARTIFACTS = 100,
	ITEM_MAX_FEATURES = 256,
	ITEM_MAX_TEXT_FEATURE = 16384,
	ITEM_MAX_JUSTIFICATION = 4096,
};

struct item_link {
	struct str source, external_id;
};

struct item_artifact {
	struct str kind, name, version; /* version may be absent */
};

enum evidence { EVIDENCE_NONE, EVIDENCE_MEASURED, EVIDENCE_ESTIMATED, EVIDENCE_ASSERTED };

struct feature_value {
	uint16_t id;     /* of the definition */
	bool cleared;    /* input: null was given; stored: patched to nothing */
	double number;   /* as the engine sees it, see enum feature_type */
	struct str text; /* FEATURE_TEXT only */
	enum evidence evidence;
	int64_t observed_us; /* TIME_NONE: not said */
	struct str justification;
	int64_t revision; /* that set this value; who did is in that revision's audit record */
	struct uuid by;   /* the token that asserted it; all zero: nobody did, or it is not known */
	bool patched;     /* set by a person, on top of `beneath` */
	const struct feature_value *beneath; /* the source's value; NULL: it has none */
};

struct item {
	struct str title, body, url, stream, kind, status, team, assignee, reporter;
	struct str source_version;
	const struct str *labels;
	size_t label_count;
	int64_t created_us, updated_us, due_us; /* TIME_NONE: none */
	double estimate;                        /* days; NaN: none */
	const struct item_link *blocked_by;
	size_t blocked_by_count;
	struct item_link parent; /* external_id absent: none */
	const struct item_artifact *artifacts;
	size_t artifact_count;
	const struct feature_value *features; /* by ascending id, each once */
	size_t feature_count;
};

/* What a client gave. */
struct item_input {
	struct str source, external_id; /* identity; absent where the endpoint knows it already */
	struct item item;
	uint32_t given;   /* fields with a value */
	uint32_t cleared; /* fields with null */
	struct uuid by;   /* the token that gives it, kept with what it asserts; the service's */
};

/* An item as stored: identity, effective values, and what lies beneath the patched ones. */
struct item_record {
	struct uuid id;
	int64_t revision, first_revision;
	struct str source, external_id;
	struct item item; /* effective */
	uint32_t patched; /* fields set by PATCH */
	struct item
		beneath; /* the source's values of those fields; features hold theirs themselves */
	int64_t recorded_us; /* the revision's audit time; TIME_NONE when not loaded */
	/* Its text was erased: what named it, and the bits of what there was. As long as it gets no other
	 * text it is stored so again. */
	bool erased;
	struct sha256 erased_ref;
	uint32_t erased_present;
};

/*
 * The storable form of a record: the parts that are columns of their own are taken from the
 * record; these are what is left over. Personal text lives in `text`, named by its salted hash.
 */
struct item_text {
	struct str title, body, url, assignee, reporter;
	struct str notes; /* canonical JSON of the rest that can be personal: text features,
	                     justifications, patched-over personal values; absent when empty */
};
struct item_storable {
	struct item_text text;
	struct sha256 text_ref;
	bool has_text;
	uint32_t text_present;         /* ITEM_PERSONAL bits of what there is */
	struct str extra;              /* canonical JSON; "{}" when empty */
	const struct uuid *blocked_by; /* item ids, in the order given, each once */
	size_t blocked_by_count;
};

/* UUID v5 of (workspace, source NUL external id). Names beyond ITEM_MAX_NAME are no item's: all
 * zero. */
void item_id_make(
	const struct uuid *workspace, struct str source, struct str external_id, struct uuid *out);

/*
 * Reads one item (a JSON object). Faults of all fields are added to diag with pointers below
 * `pointer` ("" or "/items/3"). UPSERT needs source and external_id; PATCH is a merge patch (only
 * patchable fields, no identity). Unknown fields, unknown features, unknown vocabulary are faults;
 * a value out of bounds is a fault or is cut, as its definition says. Pointers of the result are
 * into the arena. What a new item needs besides (title, stream) is item_upsert's business. A link
 * without a source is the item's own source's; item_upsert and item_patch fill it in.
 */
enum item_parse_mode { ITEM_PARSE_UPSERT, ITEM_PARSE_PATCH };
enum error item_input_parse(const struct json_t *json, enum item_parse_mode mode,
	const struct catalog *catalog, const char *pointer, struct arena *arena, struct diag *diag,
	struct item_input *out);
/* The source and external id of a JSON object, by a glance. False: there is none, or they are not plain
 * strings. What is not well-formed is not noticed, so it may be wrong. Views into the text. */
bool item_sketch(struct str json, struct str *source, struct str *external_id);
/* A map of features alone: {"effort": 3, "owners": null, …}. */
enum error item_features_parse(const struct json_t *json, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag,
	const struct feature_value **features, size_t *count);

/*
 * Merges. `record` may be NULL (a new item: defaults are filled in from the catalogue). The result
 * is a new record in the arena that shares texts with both; revision fields of changed features
 * are set to `revision`. *changed is false when nothing differs from `record`.
 * Upsert: goes to the source's layer; patched fields keep their effective value.
 * ERR_INVALID: a new item lacks title or stream, or an item blocks or contains itself.
 * ERR_CONFLICT: the input's identity is not the record's.
 */
enum error item_upsert(const struct item_record *record, const struct item_input *input,
	const struct uuid *workspace, const struct catalog *catalog, int64_t revision,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_record *out,
	bool *changed);
/* PATCH: goes on top. Required fields cannot be cleared. */
enum error item_patch(const struct item_record *record, const struct item_input *input,
	int64_t revision, struct arena *arena, struct diag *diag, struct item_record *out,
	bool *changed);
/* The words that an erased record has lost, from one that has them again: personal fields, texts and
 * justifications of the same features. `features` is room for the record's; it keeps them. */
void item_take_words(
	struct item_record *record, const struct item_record *from, struct feature_value *features);
/* Takes patches back: the fields in `fields` and the features in `feature_ids` (all of both when
 * `all`). A source's feature value comes back with the revision that set it. */
enum error item_unpatch(const struct item_record *record, bool all, uint32_t fields,
	const uint16_t *feature_ids, size_t feature_count, int64_t revision, struct arena *arena,
	struct item_record *out, bool *changed);

/* Negative: the input is older than the record (stale); 0: cannot be told or the same; positive:
 * newer. By source_version (numbers by value when both are decimal integers, RFC 3339 times as
 * times, else not comparable unless equal) where both have one, else by updated_at. */
int item_input_age(const struct item_record *record, const struct item_input *input);

/* To and from the storable form. */
enum error item_to_storable(const struct item_record *record, const struct uuid *workspace,
	const unsigned char salt[32], struct arena *arena, struct item_storable *out);
/* `record` comes with identity, revisions and the plain columns filled in (features with id and
 * number alone); text and extra are added. An erased text leaves absent texts. */
enum error item_from_storable(struct item_record *record, const struct item_text *text,
	struct str extra, const struct catalog *catalog, struct arena *arena);
/* As it is when it was erased. */
bool item_text_is_empty(const struct item_text *text);
/* SHA-256 over salt and the length-prefixed columns (be32 length, 0xffffffff for none). */
bool item_text_ref(const struct item_text *text, const unsigned char salt[32], struct sha256 *out);

/* As the API shows it. see_sensitive: features whose definition is sensitive are shown. */
void item_write(struct buf *out, const struct item_record *record, const struct catalog *catalog,
	bool see_sensitive);
/* Absolute, http or https, with a host, without blanks or control characters. */
bool item_url_is_web(struct str url);
/* Name of one field bit ("created_at"); the bit of a name, 0 when unknown. */
const char *item_field_name(uint32_t field);
uint32_t item_field_from_name(struct str name);

/* "measured" …; NULL for EVIDENCE_NONE. */
const char *item_evidence_word(enum evidence evidence);

/* The item's JSON Schema (2020-12) with the data dictionary: the generic part of the schema
 * version. Static text. NULL for an unknown version. */
const char *item_schema_text(unsigned version);

#endif
