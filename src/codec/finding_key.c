/*
 * Findings from one look to the next.
 */
#include "codec/finding_key.h"

#include <stdlib.h>

static const struct {
	const char *name, *name_part, *other_part;
} kinds[FINDING_KINDS] = {
	[FOUND_LANE_OVER] = {"lane_over_capacity", NULL, NULL},
	[FOUND_SHARE_OFF] = {"share_off_plan", "period", NULL},
	[FOUND_OVERDUE] = {"item_overdue", NULL, NULL},
	[FOUND_STALE] = {"item_stale", NULL, NULL},
	[FOUND_TIMEBOX_OVER] = {"timebox_over", "timebox", NULL},
	[FOUND_RESCORE_DUE] = {"rescore_due", NULL, NULL},
	[FOUND_REPORTER_BURST] = {"reporter_burst", NULL, NULL},
	[FOUND_VALUE_JUMP] = {"value_jump", "feature", NULL},
	[FOUND_OVERRIDE_DRIFT] = {"override_drift", "override_kind", NULL},
	[FOUND_CYCLE] = {"cycles", NULL, NULL},
	[FOUND_DANGLING] = {"dangling_blockers", "blocker", NULL},
	[FOUND_CONTRADICTION] = {"contradictions", "holds", "yields"},
	[FOUND_BREACH] = {"breaches", "rule", NULL},
	[FOUND_DEFEATED] = {"defeated_overrides", "override", NULL},
	[FOUND_SLA_BREACHED] = {"sla_breached", "rule", NULL},
	[FOUND_SLA_DUE_SOON] = {"sla_due_soon", "rule", NULL},
};

const char *finding_kind_name(enum finding_kind kind)
{
	return kinds[kind].name;
}

bool finding_kind_from_name(struct str name, enum finding_kind *out)
{
	for (int kind = 0; kind < FINDING_KINDS; kind++) {
		if (!str_is(name, kinds[kind].name))
			continue;
		*out = (enum finding_kind)kind;
		return true;
	}
	return false;
}

const char *finding_name_part(enum finding_kind kind)
{
	return kinds[kind].name_part;
}

const char *finding_other_part(enum finding_kind kind)
{
	return kinds[kind].other_part;
}

/* Absent and empty are alike. */
static int compare_texts(struct str a, struct str b)
{
	if (a.len == 0 || b.len == 0)
		return (a.len > 0) - (b.len > 0);
	return str_cmp(a, b);
}

int finding_key_cmp(const struct finding_key *a, const struct finding_key *b)
{
	int side;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	side = uuid_cmp(&a->item, &b->item);
	if (side == 0)
		side = compare_texts(a->stream, b->stream);
	if (side == 0)
		side = compare_texts(a->name, b->name);
	return side != 0 ? side : compare_texts(a->other, b->other);
}

/* ---- the difference ---- */

/* A key, and its place in the list that it is from. */
struct placed {
	const struct finding_key *key;
	size_t place;
};

/* By key, of equal ones the first of the list. */
static int compare_placed(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int side = finding_key_cmp(x->key, y->key);

	return side != 0 ? side : (x->place > y->place) - (x->place < y->place);
}

static struct placed *sorted(const struct finding_key *keys, size_t count, struct arena *arena)
{
	struct placed *list = arena_array(arena, count, sizeof *list);

	for (size_t i = 0; list && i < count; i++)
		list[i] = (struct placed){&keys[i], i};
	if (list && count > 1)
		qsort(list, count, sizeof *list, compare_placed);
	return list;
}

static bool is_among(const struct placed *list, size_t count, const struct finding_key *key)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int side = finding_key_cmp(list[middle].key, key);

		if (side == 0)
			return true;
		if (side < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_over(
	const struct finding_look *look, const struct placed *seen, const struct finding_key *open)
{
	uint32_t bit = FINDING_BIT(open->kind);

	if (!(look->asked & bit))
		return true;
	return (look->looked & ~look->cut & bit) && !is_among(seen, look->seen_count, open);
}

/* `new_one` by place in `seen`: not open, and the first of its key. */
static void mark_new(const struct finding_look *look, const struct placed *seen,
	const struct placed *open, bool *new_one)
{
	for (size_t i = 0; i < look->seen_count; i++) {
		const struct finding_key *key = seen[i].key;
		bool again = i > 0 && finding_key_cmp(seen[i - 1].key, key) == 0;

		new_one[seen[i].place] = !again && (look->asked & FINDING_BIT(key->kind)) &&
					 !is_among(open, look->open_count, key);
	}
}

bool finding_differ(
	const struct finding_look *look, struct arena *arena, struct finding_difference *out)
{
	struct placed *seen = sorted(look->seen, look->seen_count, arena);
	struct placed *open = sorted(look->open, look->open_count, arena);
	bool *new_one = arena_array(arena, look->seen_count, sizeof *new_one);
	size_t of_kind[FINDING_KINDS] = {0};

	*out = (struct finding_difference){
		.opened = arena_array(arena, look->seen_count, sizeof *out->opened),
		.closed = arena_array(arena, look->open_count, sizeof *out->closed),
	};
	if (!seen || !open || !new_one || !out->opened || !out->closed)
		return false;
	for (size_t i = 0; i < look->open_count; i++) {
		if (out->closed_count < FINDINGS_TURN_MOST && is_over(look, seen, &look->open[i]))
			out->closed[out->closed_count++] = i;
		else
			of_kind[look->open[i].kind]++;
	}
	mark_new(look, seen, open, new_one);
	for (size_t i = 0; i < look->seen_count; i++) {
		enum finding_kind kind = look->seen[i].kind;

		if (!new_one[i] || of_kind[kind] >= FINDINGS_OPEN_MOST ||
			out->closed_count + out->opened_count >= FINDINGS_TURN_MOST)
			continue;
		of_kind[kind]++;
		out->opened[out->opened_count++] = i;
	}
	return true;
}
