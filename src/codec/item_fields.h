/*
 * The item's fields as one table: what reads, merges, stores and writes items walks it instead of
 * naming eighteen fields again and again. For the item_*.c files alone.
 */
#ifndef WINNOW_CODEC_ITEM_FIELDS_H
#define WINNOW_CODEC_ITEM_FIELDS_H

#include "codec/item.h"

enum item_field_type {
	ITEM_TYPE_TEXT,      /* struct str */
	ITEM_TYPE_TIME,      /* int64_t, µs */
	ITEM_TYPE_ESTIMATE,  /* double, days */
	ITEM_TYPE_LABELS,    /* the list `labels` */
	ITEM_TYPE_LINKS,     /* the list `blocked_by` */
	ITEM_TYPE_LINK,      /* `parent` */
	ITEM_TYPE_ARTIFACTS, /* the list `artifacts` */
};

/* What a text must be besides its length. */
enum item_text_rule {
	ITEM_TEXT_ANY,
	ITEM_TEXT_URL,
	ITEM_TEXT_STREAM, /* of the workspace's vocabulary */
	ITEM_TEXT_KIND,
	ITEM_TEXT_STATUS,
};

struct item_field_spec {
	const char *name;
	enum item_field_type type;
	size_t offset;               /* in struct item: texts, times, the estimate */
	size_t min_bytes, max_bytes; /* texts */
	enum item_text_rule rule;
	bool required;  /* every item has one: a source cannot clear it */
	bool defaulted; /* every item has one: cleared by its source, it is the default again */
};

enum { ITEM_FIELD_COUNT = 18 };

/* Field i has the bit 1 << i. */
extern const struct item_field_spec item_field_specs[ITEM_FIELD_COUNT];
/* Their indexes in byte order of the names: the order of canonical JSON. */
extern const unsigned char item_fields_by_name[ITEM_FIELD_COUNT];

static inline struct str *item_text_at(struct item *item, const struct item_field_spec *spec)
{
	return (struct str *)(void *)((char *)item + spec->offset);
}

static inline const struct str *item_text_of(
	const struct item *item, const struct item_field_spec *spec)
{
	return (const struct str *)(const void *)((const char *)item + spec->offset);
}

static inline int64_t *item_time_at(struct item *item, const struct item_field_spec *spec)
{
	return (int64_t *)(void *)((char *)item + spec->offset);
}

static inline int64_t item_time_of(const struct item *item, const struct item_field_spec *spec)
{
	return *(const int64_t *)(const void *)((const char *)item + spec->offset);
}

/* -1 when there is no field of this name. */
int item_field_index(struct str name);

/* No field has a value. */
void item_clear(struct item *item);
/* Shares what the value points to. */
void item_field_copy(struct item *to, const struct item *from, const struct item_field_spec *spec);
void item_field_clear(struct item *item, const struct item_field_spec *spec);
/* Empty lists are not there. */
bool item_field_present(const struct item *item, const struct item_field_spec *spec);
bool item_field_equal(
	const struct item *a, const struct item *b, const struct item_field_spec *spec);

bool item_link_equal(const struct item_link *a, const struct item_link *b);
/* The value and all that was said about it; not who set it, and when. */
bool feature_value_equal(const struct feature_value *a, const struct feature_value *b);

/* Why arena_alloc gave NULL for so many bytes: ERR_BUDGET or ERR_NO_MEMORY. */
enum error item_out_of(const struct arena *arena, size_t bytes);

#endif
