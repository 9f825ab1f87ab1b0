/*
 * What the two files that read items from JSON share: where they are in the document, and how a
 * fault of that place is told. For item_parse.c and item_feature.c alone.
 */
#ifndef WINNOW_CODEC_ITEM_READER_H
#define WINNOW_CODEC_ITEM_READER_H

#include <jansson.h>

#include "codec/item_fields.h"

/* A place in the document. It is spelled out as a JSON pointer only when there is a fault to tell,
 * which nearly never happens. */
struct place {
	const struct place *above; /* NULL: `key` is the pointer that the caller gave */
	const char *key;           /* NULL: the element `index` */
	size_t index;
};

struct item_reader {
	const struct catalog *catalog;
	struct arena *arena;
	struct diag *diag;
	enum item_parse_mode mode;
	enum error error; /* memory is out; faults are in diag */
};

const char *place_pointer(struct diag *diag, const struct place *place);
/* Adds a fault; is false, so that a reader can return it. */
bool item_fault(struct item_reader *reader, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "Must be a string, not an array." */
bool item_wrong_type(struct item_reader *reader, const struct place *place, const char *wanted,
	const json_t *json);

/* Zeroed memory; NULL sets the reader's error. */
void *item_take(struct item_reader *reader, size_t count, size_t size);
bool item_read_text(struct item_reader *reader, const struct place *place, const json_t *json,
	size_t min_bytes, size_t max_bytes, struct str *out);
bool item_read_time(
	struct item_reader *reader, const struct place *place, const json_t *json, int64_t *out_us);
/* Adds the fault that `given` is not one of the names, which begin `stride` bytes after each
 * other, and lists them. */
bool item_not_one_of(struct item_reader *reader, const struct place *place, struct str given,
	const struct str *names, size_t stride, size_t count);

/* The object at `place`; *features is sorted by id. */
bool item_read_features(struct item_reader *reader, const struct place *place, const json_t *json,
	const struct feature_value **features, size_t *count);

/* jansson's iteration changes nothing, but is not declared so. */
static inline void *first_member(const json_t *object)
{
	return json_object_iter((json_t *)object);
}

static inline void *next_member(const json_t *object, void *at)
{
	return json_object_iter_next((json_t *)object, at);
}

#endif
