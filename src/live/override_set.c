/*
 * Overrides as the picture keeps them: all that have not ended, whether or not they have expired.
 */
#include "live/override_set.h"

#include <stdlib.h>

#include "base/map.h"

enum { SET_BYTES_MAX = 1 << 30 };

void override_set_ref(struct override_set *set)
{
	__atomic_add_fetch(&set->references, 1, __ATOMIC_RELAXED);
}

void override_set_unref(struct override_set *set)
{
	if (!set || __atomic_sub_fetch(&set->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	arena_release(&set->arena);
	free(set);
}

size_t override_set_bytes(const struct override_set *set)
{
	return set ? sizeof *set + set->arena.used_bytes : 0;
}

static bool copy_text(struct arena *arena, struct str *text)
{
	if (!text->ptr)
		return true;
	text->ptr = arena_strdup(arena, *text);
	return text->ptr != NULL;
}

static bool copy_row(struct arena *arena, const struct override_row *from, struct override_row *to)
{
	*to = *from;
	/* People's words are read where they are shown, so that what was erased is gone. */
	to->justification = to->link = STR_NONE;
	return copy_text(arena, &to->kind) && copy_text(arena, &to->band) &&
	       copy_text(arena, &to->author) && copy_text(arena, &to->author_team) &&
	       copy_text(arena, &to->band_before) && copy_text(arena, &to->end_reason) &&
	       copy_text(arena, &to->ended_by);
}

static bool copy_rows(
	struct override_set *set, const struct override_row *rows, const bool *wanted, size_t count)
{
	struct override_row *to;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		kept += !wanted || wanted[i];
	to = arena_array(&set->arena, kept, sizeof *to);
	if (!to)
		return false;
	set->rows = to;
	for (size_t i = 0; i < count; i++) {
		if (wanted && !wanted[i])
			continue;
		if (!copy_row(&set->arena, &rows[i], &to[set->count]))
			return false;
		set->count++;
	}
	return true;
}

struct override_set *override_set_new(
	const struct override_row *rows, const bool *wanted, size_t count)
{
	struct override_set *set = calloc(1, sizeof *set);

	if (!set)
		return NULL;
	set->references = 1;
	arena_init(&set->arena, SET_BYTES_MAX);
	if (copy_rows(set, rows, wanted, count))
		return set;
	override_set_unref(set);
	return NULL;
}

static int by_age(const void *a, const void *b)
{
	return override_by_age(a, b);
}

struct override_set *override_set_follow(
	const struct override_set *set, const struct override_row *news, size_t count)
{
	size_t old = set ? set->count : 0, used = 0, kept = 0;
	struct override_row *rows = malloc((old + count + 1) * sizeof *rows);
	struct override_set *followed = NULL;
	struct uuid_map places = {0};
	bool good = rows != NULL;

	for (size_t i = 0; i < old + count && good; i++) {
		const struct override_row *row = i < old ? &set->rows[i] : &news[i - old];
		uint32_t at = uuid_map_get(&places, &row->id);

		if (at == MAP_NONE) {
			at = (uint32_t)used++;
			good = uuid_map_put(&places, &row->id, at);
		}
		rows[at] = *row;
	}
	for (size_t i = 0; i < used; i++) {
		if (rows[i].ended_revision == 0)
			rows[kept++] = rows[i];
	}
	if (good) {
		qsort(rows, kept, sizeof *rows, by_age);
		followed = override_set_new(rows, NULL, kept);
	}
	uuid_map_release(&places);
	free(rows);
	return followed;
}
