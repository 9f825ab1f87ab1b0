/*
 * Writes JSON text straight into a buffer: no tree, shortest numbers, RFC 8259 escapes.
 * (jansson prints doubles with 17 digits; see docs/adr.) Commas are put by the writer.
 * Nesting up to JSON_WRITER_DEPTH; a value without a key inside an object is an assertion.
 */
#ifndef WINNOW_CODEC_JSON_WRITER_H
#define WINNOW_CODEC_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

enum { JSON_WRITER_DEPTH = 32 };

struct veil; /* http/resources/veil.h */

struct json_writer {
	struct buf *out;
	/* What whoever reads it may not see. NULL: nobody said who reads, so nothing sensitive is
	 * written. */
	const struct veil *veil;
	unsigned depth;
	bool first[JSON_WRITER_DEPTH];
	bool in_object[JSON_WRITER_DEPTH];
	bool after_key;
};

void json_writer_init(struct json_writer *json, struct buf *out);
void json_object_begin(struct json_writer *json);
void json_object_end(struct json_writer *json);
void json_array_begin(struct json_writer *json);
void json_array_end(struct json_writer *json);
void json_key(struct json_writer *json, const char *key);
void json_key_str(struct json_writer *json, struct str key);
/* STR_NONE is written as null. The text must be UTF-8. */
void json_str(struct json_writer *json, struct str value);
void json_text(struct json_writer *json, const char *value); /* NULL: null */
void json_int(struct json_writer *json, int64_t value);
void json_number(struct json_writer *json, double value); /* NaN, infinities: null */
void json_bool(struct json_writer *json, bool value);
void json_nil(struct json_writer *json);
void json_uuid(struct json_writer *json, const struct uuid *value);
void json_time(struct json_writer *json, int64_t us); /* TIME_NONE: null */
/* Text that is JSON already. */
void json_raw(struct json_writer *json, struct str value);

/* Key and value in one call. */
#define json_put(json, key, kind, value) (json_key((json), (key)), json_##kind((json), (value)))

#endif
