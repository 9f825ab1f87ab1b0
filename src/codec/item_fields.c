/*
 * The table of the item's fields, and what can be done with any of them.
 */
#include "codec/item_fields.h"

#include <stddef.h>

#include <math.h>

#include "base/clock.h"

#define TEXT(member, min, max)                                                                     \
	.name = #member, .type = ITEM_TYPE_TEXT, .offset = offsetof(struct item, member),          \
	.min_bytes = (min), .max_bytes = (max)
#define TIME(member)                                                                               \
	.name = #member "_at", .type = ITEM_TYPE_TIME, .offset = offsetof(struct item, member##_us)

const struct item_field_spec item_field_specs[ITEM_FIELD_COUNT] = {
	{TEXT(title, 1, ITEM_MAX_TITLE), .required = true},
	{TEXT(body, 0, ITEM_MAX_BODY)},
	{TEXT(url, 1, ITEM_MAX_URL), .rule = ITEM_TEXT_URL},
	{TEXT(stream, 1, ITEM_MAX_NAME), .rule = ITEM_TEXT_STREAM, .required = true},
	{TEXT(kind, 1, ITEM_MAX_NAME), .rule = ITEM_TEXT_KIND, .defaulted = true},
	{TEXT(status, 1, ITEM_MAX_NAME), .rule = ITEM_TEXT_STATUS, .defaulted = true},
	{.name = "labels", .type = ITEM_TYPE_LABELS},
	{TEXT(team, 1, ITEM_MAX_NAME)},
	{TEXT(assignee, 1, ITEM_MAX_NAME)},
	{TEXT(reporter, 1, ITEM_MAX_NAME)},
	{TIME(created)},
	{TIME(updated)},
	{TIME(due)},
	{.name = "estimate", .type = ITEM_TYPE_ESTIMATE},
	{.name = "blocked_by", .type = ITEM_TYPE_LINKS},
	{.name = "parent", .type = ITEM_TYPE_LINK},
	{.name = "artifacts", .type = ITEM_TYPE_ARTIFACTS},
	{TEXT(source_version, 1, ITEM_MAX_NAME)},
};

const unsigned char item_fields_by_name[ITEM_FIELD_COUNT] = {
	16, /* artifacts */
	8,  /* assignee */
	14, /* blocked_by */
	1,  /* body */
	10, /* created_at */
	12, /* due_at */
	13, /* estimate */
	4,  /* kind */
	6,  /* labels */
	15, /* parent */
	9,  /* reporter */
	17, /* source_version */
	5,  /* status */
	3,  /* stream */
	7,  /* team */
	0,  /* title */
	11, /* updated_at */
	2,  /* url */
};

int item_field_index(struct str name)
{
	for (int i = 0; i < ITEM_FIELD_COUNT; i++)
		if (str_is(name, item_field_specs[i].name))
			return i;
	return -1;
}

const char *item_field_name(uint32_t field)
{
	for (int i = 0; i < ITEM_FIELD_COUNT; i++)
		if (field == UINT32_C(1) << i)
			return item_field_specs[i].name;
	return NULL;
}

bool item_has_field(const struct item *item, uint32_t field)
{
	for (unsigned i = 0; i < ITEM_FIELD_COUNT; i++) {
		if (field == UINT32_C(1) << i)
			return item_field_present(item, &item_field_specs[i]);
	}
	return false;
}

uint32_t item_field_from_name(struct str name)
{
	int index = item_field_index(name);

	return index < 0 ? 0 : UINT32_C(1) << index;
}

void item_clear(struct item *item)
{
	*item = (struct item){
		.created_us = TIME_NONE,
		.updated_us = TIME_NONE,
		.due_us = TIME_NONE,
		.estimate = NAN,
	};
}

void item_field_copy(struct item *to, const struct item *from, const struct item_field_spec *spec)
{
	switch (spec->type) {
	case ITEM_TYPE_TEXT: *item_text_at(to, spec) = *item_text_of(from, spec); break;
	case ITEM_TYPE_TIME: *item_time_at(to, spec) = item_time_of(from, spec); break;
	case ITEM_TYPE_ESTIMATE: to->estimate = from->estimate; break;
	case ITEM_TYPE_LABELS:
		to->labels = from->labels;
		to->label_count = from->label_count;
		break;
	case ITEM_TYPE_LINKS:
		to->blocked_by = from->blocked_by;
		to->blocked_by_count = from->blocked_by_count;
		break;
	case ITEM_TYPE_LINK: to->parent = from->parent; break;
	case ITEM_TYPE_ARTIFACTS:
		to->artifacts = from->artifacts;
		to->artifact_count = from->artifact_count;
		break;
	}
}

void item_field_clear(struct item *item, const struct item_field_spec *spec)
{
	struct item none;

	item_clear(&none);
	item_field_copy(item, &none, spec);
}

bool item_field_present(const struct item *item, const struct item_field_spec *spec)
{
	switch (spec->type) {
	case ITEM_TYPE_TEXT: return item_text_of(item, spec)->ptr != NULL;
	case ITEM_TYPE_TIME: return item_time_of(item, spec) != TIME_NONE;
	case ITEM_TYPE_ESTIMATE: return !isnan(item->estimate);
	case ITEM_TYPE_LABELS: return item->label_count > 0;
	case ITEM_TYPE_LINKS: return item->blocked_by_count > 0;
	case ITEM_TYPE_LINK: return item->parent.external_id.ptr != NULL;
	case ITEM_TYPE_ARTIFACTS: return item->artifact_count > 0;
	}
	return false;
}

/* "" is there, an absent text is not: they differ. */
static bool same_text(struct str a, struct str b)
{
	return !a.ptr == !b.ptr && str_eq(a, b);
}

static bool same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

bool item_link_equal(const struct item_link *a, const struct item_link *b)
{
	return same_text(a->external_id, b->external_id) && same_text(a->source, b->source);
}

static bool same_labels(const struct item *a, const struct item *b)
{
	if (a->label_count != b->label_count)
		return false;
	for (size_t i = 0; i < a->label_count; i++)
		if (!str_eq(a->labels[i], b->labels[i]))
			return false;
	return true;
}

static bool same_links(const struct item *a, const struct item *b)
{
	if (a->blocked_by_count != b->blocked_by_count)
		return false;
	for (size_t i = 0; i < a->blocked_by_count; i++)
		if (!item_link_equal(&a->blocked_by[i], &b->blocked_by[i]))
			return false;
	return true;
}

static bool same_artifacts(const struct item *a, const struct item *b)
{
	if (a->artifact_count != b->artifact_count)
		return false;
	for (size_t i = 0; i < a->artifact_count; i++)
		if (!same_text(a->artifacts[i].kind, b->artifacts[i].kind) ||
			!same_text(a->artifacts[i].name, b->artifacts[i].name) ||
			!same_text(a->artifacts[i].version, b->artifacts[i].version))
			return false;
	return true;
}

bool item_field_equal(
	const struct item *a, const struct item *b, const struct item_field_spec *spec)
{
	switch (spec->type) {
	case ITEM_TYPE_TEXT: return same_text(*item_text_of(a, spec), *item_text_of(b, spec));
	case ITEM_TYPE_TIME: return item_time_of(a, spec) == item_time_of(b, spec);
	case ITEM_TYPE_ESTIMATE: return same_number(a->estimate, b->estimate);
	case ITEM_TYPE_LABELS: return same_labels(a, b);
	case ITEM_TYPE_LINKS: return same_links(a, b);
	case ITEM_TYPE_LINK: return item_link_equal(&a->parent, &b->parent);
	case ITEM_TYPE_ARTIFACTS: return same_artifacts(a, b);
	}
	return false;
}

bool feature_value_equal(const struct feature_value *a, const struct feature_value *b)
{
	return a->cleared == b->cleared && same_number(a->number, b->number) &&
	       same_text(a->text, b->text) && a->evidence == b->evidence &&
	       a->observed_us == b->observed_us && same_text(a->justification, b->justification);
}

enum error item_out_of(const struct arena *arena, size_t bytes)
{
	size_t left = arena->budget_bytes - arena->used_bytes;

	/* The arena may have needed a few bytes more, to align them. */
	return bytes + sizeof(max_align_t) > left ? ERR_BUDGET : ERR_NO_MEMORY;
}
