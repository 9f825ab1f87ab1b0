/*
 * Read-only access to parsed JSON for layers that do not know jansson: the client reads the
 * server's answers through it.
 *
 * A view is a value inside a document and lives as long as the document. A member that is absent,
 * null or of another type than asked for reads as "absent", and so does every member of an absent
 * view, so that a chain of look-ups needs no checks in between.
 */
#ifndef WINNOW_CODEC_JSON_VIEW_H
#define WINNOW_CODEC_JSON_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct json_view; /* never defined: a disguise */

/* The whole document, by the rules of json_parse; to be freed. NULL when it is not JSON or memory
 * is out; then a sentence that says why is appended to `why` (NULL: not wanted). */
struct json_view *json_view_parse(struct str text, struct buf *why);
void json_view_free(struct json_view *document);

/* A member of an object; NULL: absent or null. */
const struct json_view *json_view_get(const struct json_view *object, const char *key);
/* STR_NONE: absent. The text is the document's. */
struct str json_view_text(const struct json_view *object, const char *key);
/* NaN: absent. */
double json_view_number(const struct json_view *object, const char *key);
/* A number that is not whole is absent. */
int64_t json_view_int(const struct json_view *object, const char *key, int64_t fallback);
bool json_view_bool(const struct json_view *object, const char *key, bool fallback);

/* Of an array's elements; 0 for anything else. */
size_t json_view_count(const struct json_view *array);
/* NULL beyond the end; a null element is NULL too. */
const struct json_view *json_view_at(const struct json_view *array, size_t index);
/* The value itself as text; STR_NONE when it is no string. */
struct str json_view_as_text(const struct json_view *value);
double json_view_as_number(const struct json_view *value);

/*
 * Walks an object's members in the document's order. Begin with a NULL cursor; false at the end.
 * A member that is null gives a NULL *value.
 */
bool json_view_next(const struct json_view *object, void **cursor, struct str *key,
	const struct json_view **value);

/* Compact text with the members in the document's order; NULL is written as null. */
void json_view_write(struct buf *out, const struct json_view *value);

#endif
