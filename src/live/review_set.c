/*
 * Reviews as the picture keeps them: those that a ranking can meet.
 */
#include "live/review_set.h"

#include <stdlib.h>

enum { SET_BYTES_MAX = 1 << 30 };

void review_set_ref(struct review_set *set)
{
	__atomic_add_fetch(&set->references, 1, __ATOMIC_RELAXED);
}

void review_set_unref(struct review_set *set)
{
	if (!set || __atomic_sub_fetch(&set->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	uuid_map_release(&set->open);
	uuid_map_release(&set->approvals);
	arena_release(&set->arena);
	free(set);
}

size_t review_set_bytes(const struct review_set *set)
{
	/* A slot of a map is a key and a number, and half of them are empty. */
	size_t slot = 2 * (sizeof(struct uuid) + sizeof(uint32_t));

	return set ? sizeof *set + set->arena.used_bytes + set->count * slot : 0;
}

static bool copy_text(struct arena *arena, struct str *text)
{
	if (!text->ptr)
		return true;
	text->ptr = arena_strdup(arena, *text);
	return text->ptr != NULL;
}

static bool copy_row(struct arena *arena, const struct review_row *from, struct review_row *to)
{
	*to = *from;
	/* People's words are read where they are shown, so that what was erased is gone. */
	to->rationale = STR_NONE;
	return copy_text(arena, &to->reason) && copy_text(arena, &to->rule) &&
	       copy_text(arena, &to->stream) && copy_text(arena, &to->band) &&
	       copy_text(arena, &to->outcome) && copy_text(arena, &to->ended_by) &&
	       copy_text(arena, &to->escalated_to) && copy_text(arena, &to->lapsed_why);
}

struct review_set *review_set_new(const struct review_row *rows, size_t count)
{
	struct review_set *set = calloc(1, sizeof *set);
	struct review_row *to;
	bool good;

	if (!set)
		return NULL;
	set->references = 1;
	arena_init(&set->arena, SET_BYTES_MAX);
	to = arena_array(&set->arena, count, sizeof *to);
	good = to != NULL;
	for (size_t i = 0; i < count && good; i++) {
		struct uuid_map *map = rows[i].ended_revision == 0 ? &set->open : &set->approvals;

		good = copy_row(&set->arena, &rows[i], &to[i]) &&
		       uuid_map_put(map, &rows[i].item, (uint32_t)i);
	}
	set->rows = to;
	set->count = count;
	if (good)
		return set;
	review_set_unref(set);
	return NULL;
}

static const struct review_row *row_of(
	const struct review_set *set, const struct uuid_map *map, const struct uuid *item)
{
	uint32_t at = uuid_map_get(map, item);

	return at == MAP_NONE ? NULL : &set->rows[at];
}

const struct review_row *review_set_open(const struct review_set *set, const struct uuid *item)
{
	return row_of(set, &set->open, item);
}

const struct review_row *review_set_approval(const struct review_set *set, const struct uuid *item)
{
	return row_of(set, &set->approvals, item);
}

static int by_age(const void *a, const void *b)
{
	return review_by_age(a, b);
}

static bool counts(const struct review_row *row)
{
	return row->ended_revision == 0 || (review_approves(row) && row->lapsed_revision == 0);
}

struct review_set *review_set_follow(
	const struct review_set *set, const struct review_row *news, size_t count)
{
	size_t old = set ? set->count : 0, used = 0, kept = 0;
	struct review_row *rows = malloc((old + count + 1) * sizeof *rows);
	struct review_set *followed = NULL;
	struct uuid_map places = {0};
	bool good = rows != NULL;

	for (size_t i = 0; i < old + count && good; i++) {
		const struct review_row *row = i < old ? &set->rows[i] : &news[i - old];
		uint32_t at = uuid_map_get(&places, &row->id);

		if (at == MAP_NONE) {
			at = (uint32_t)used++;
			good = uuid_map_put(&places, &row->id, at);
		}
		rows[at] = *row;
	}
	for (size_t i = 0; i < used; i++) {
		if (counts(&rows[i]))
			rows[kept++] = rows[i];
	}
	if (good) {
		qsort(rows, kept, sizeof *rows, by_age);
		followed = review_set_new(rows, kept);
	}
	uuid_map_release(&places);
	free(rows);
	return followed;
}
