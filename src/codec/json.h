/*
 * Parsing JSON strictly (jansson): duplicate keys refused, depth bounded, UTF-8 checked, NUL
 * refused, numbers in range; and canonical text for hashing.
 */
#ifndef WINNOW_CODEC_JSON_H
#define WINNOW_CODEC_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/str.h"

enum { JSON_MAX_DEPTH = 64 };

/*
 * Once, before anything uses jansson: seeds its hash, and gives it an allocator of ours. What it
 * allocates by itself (json_dumps) must not be given to free().
 */
void json_init(void);

/*
 * *out is a new reference (json_decref). ERR_MALFORMED_JSON with line and column in diag (line
 * counted from `first_line`, 1 for a whole body; NDJSON passes the line's number); a duplicate key
 * or too deep nesting is ERR_MALFORMED_JSON too, and says so. ERR_BUDGET when the tree would take
 * more than 1 MiB and 48 bytes for each of the text; ERR_TOO_LARGE beyond 1 GiB of text.
 */
enum error json_parse(
	struct str text, size_t first_line, const char *pointer, struct diag *diag, json_t **out);

/*
 * Canonical form: no blanks, keys in byte order of their UTF-8, shortest numbers (integers as
 * such), the minimal escapes of RFC 8785. So equal values give equal bytes everywhere.
 */
void json_canonical(struct buf *out, const json_t *json);
/* One text and one number of it; NaN and infinities are written as null. -0 is 0, and whole
 * numbers from 2^63 on have an exponent, so that json_parse reads every number back. */
void json_canonical_str(struct buf *out, struct str text);
void json_canonical_number(struct buf *out, double value);

/* ---- reading objects, with faults ---- */
/* A member that is null is not given. */
static inline bool json_is_given(const json_t *value)
{
	return value && !json_is_null(value);
}
static inline bool json_has(const json_t *object, const char *key)
{
	return json_is_given(json_object_get(object, key));
}
/* For a fault's text: "a string", "an object" …; NULL is "nothing". */
const char *json_type_word(const json_t *json);
/* The first 64 bytes of a client's own words, cut between characters. */
struct str json_brief(struct str text);
/* Adds the fault that `pointer` has no field of this name. */
void json_unknown_key(struct diag *diag, const char *pointer, const char *key);
/* A fault for each key of `object` that is not in the NULL-terminated list. */
bool json_only_keys(
	const json_t *object, const char *const *keys, const char *pointer, struct diag *diag);
/* Of all below: false without a fault added means that the arena's memory is out.
 * A string member of [min, max] bytes. Absent or null gives STR_NONE and true unless required. */
bool json_read_text(const json_t *object, const char *key, size_t min_bytes, size_t max_bytes,
	bool required, const char *pointer, struct diag *diag, struct arena *arena,
	struct str *out);
bool json_read_number(const json_t *object, const char *key, double min, double max, bool required,
	const char *pointer, struct diag *diag, double *out); /* absent: NaN */
bool json_read_int(const json_t *object, const char *key, int64_t min, int64_t max, bool required,
	int64_t fallback, const char *pointer, struct diag *diag, int64_t *out);
bool json_read_bool(const json_t *object, const char *key, bool fallback, const char *pointer,
	struct diag *diag, bool *out);
bool json_read_time(const json_t *object, const char *key, bool required, const char *pointer,
	struct diag *diag, int64_t *out_us);
/* An array of strings, each of [1, max_bytes], at most max_count, no doubles. */
bool json_read_texts(const json_t *object, const char *key, size_t max_count, size_t max_bytes,
	const char *pointer, struct diag *diag, struct arena *arena, const struct str **out,
	size_t *count);

#endif
