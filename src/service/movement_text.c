/*
 * What is different between two rankings, cause by cause, in words. What a reader may not see (sensitive
 * values, people's names) is in none of them.
 */
#include <math.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "service/movement_parts.h"

enum { NAMED = 4 /* changes that a sentence names; the rest is counted */ };

/* A list in words: "a, b and 3 more". */
struct listing {
	struct buf *out;
	size_t count;
};

/* Whether there is room for another one; its separator is written then. */
static bool list_next(struct listing *list)
{
	if (list->count++ >= NAMED)
		return false;
	if (list->count > 1)
		buf_puts(list->out, ", ");
	return true;
}

static void list_end(const struct listing *list)
{
	if (list->count > NAMED)
		buf_printf(list->out, " and %zu more", list->count - NAMED);
}

static void put_change(struct listing *list, const char *name, struct str was, struct str is)
{
	if (!str_eq(was, is) && list_next(list))
		buf_printf(list->out, "%s %.*s → %.*s", name, STR_ARG(was.ptr ? was : STR("none")),
			STR_ARG(is.ptr ? is : STR("none")));
}

/* ---- the item's own row ---- */

static void put_value(struct buf *out, const struct feature_definition *feature, double value)
{
	if (isnan(value))
		buf_puts(out, "unknown");
	else if (feature->type == FEATURE_CATEGORY && value >= 0 &&
		 value < (double)feature->category_count)
		buf_str(out, feature->categories[(size_t)value]);
	else if (feature->type == FEATURE_BOOLEAN)
		buf_puts(out, value != 0 ? "true" : "false");
	else
		num_format(out, value);
}

static bool same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void put_feature(struct listing *list, const struct movement *movement,
	const struct feature_definition *feature, uint32_t from, uint32_t to)
{
	double was = ranking_value(movement->from, from, feature->id);
	double is = ranking_value(movement->to, to, feature->id);
	bool plain = feature->type != FEATURE_DATE && feature->type != FEATURE_TEXT;

	if (feature->sensitive || feature->deleted)
		return;
	if (same_number(was, is)) {
		if (ranking_evidence(movement->from, from, feature->id) !=
				ranking_evidence(movement->to, to, feature->id) &&
			list_next(list))
			buf_printf(list->out, "evidence of %.*s", STR_ARG(feature->name));
		return;
	}
	if (!list_next(list))
		return;
	buf_str(list->out, feature->name);
	if (!plain)
		return;
	buf_putc(list->out, ' ');
	put_value(list->out, feature, was);
	buf_puts(list->out, " → ");
	put_value(list->out, feature, is);
}

static void put_numbers(
	struct listing *list, const struct movement *movement, uint32_t from, uint32_t to)
{
	static const char *const names[WN_NUMBERS] = {
		[WN_CREATED] = "created at",
		[WN_UPDATED] = "updated at",
		[WN_DUE] = "due at",
		[WN_ESTIMATE] = "estimate",
		[WN_SLA_LEFT] = "time left by its SLA",
		[WN_STRENGTH] = "comparisons",
	};
	const struct wn_rows *a = &movement->runs[from / BLOCK_ROWS];
	const struct wn_rows *b = &movement->to->runs[to / BLOCK_ROWS];

	for (enum wn_number i = 0; i < WN_NUMBERS; i++) {
		double was = wn_number_of(a, from % BLOCK_ROWS, i);
		double is = wn_number_of(b, to % BLOCK_ROWS, i);

		if (names[i] && !same_number(was, is) && list_next(list))
			buf_puts(list->out, names[i]);
	}
}

static void why_evidence(
	struct buf *out, const struct movement *movement, uint32_t from, uint32_t to)
{
	static const struct {
		enum row_text which;
		const char *name;
	} words[] = {{ROW_STATUS, "status"}, {ROW_STREAM, "stream"}, {ROW_KIND, "kind"},
		{ROW_TEAM, "team"}};
	const struct catalog *catalog = movement->to->catalog;
	struct listing list = {.out = out};

	if (!movement_row_differs(movement, from, to)) {
		buf_puts(out, "nothing of its own has changed");
		return;
	}
	buf_puts(out, "its own values have changed: ");
	for (size_t i = 0; i < catalog->feature_count; i++)
		put_feature(&list, movement, &catalog->features[i], from, to);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		put_change(&list, words[i].name, ranking_text(movement->from, from, words[i].which),
			ranking_text(movement->to, to, words[i].which));
	put_numbers(&list, movement, from, to);
	if (list.count == 0)
		buf_puts(out, "labels, people or texts");
	list_end(&list);
}

/* ---- configuration ---- */

static void put_time(struct buf *out, int64_t us)
{
	char text[32];

	buf_puts(out, time_to_text(us, text));
}

static void why_time(struct buf *out, const struct movement *movement)
{
	if (movement->from->as_of_us == movement->to->as_of_us) {
		buf_puts(out, "both are of the same time");
		return;
	}
	buf_puts(out, movement->settings[MOVED_BY_TIME].differs
			      ? "ages, dates and windows as of "
			      : "nothing that was in force depends on the time; as of ");
	put_time(out, movement->from->as_of_us);
	buf_puts(out, " → ");
	put_time(out, movement->to->as_of_us);
}

static void put_weight(struct listing *list, struct str name, double was, double is)
{
	if (was == is || !list_next(list))
		return;
	buf_str(list->out, name);
	buf_putc(list->out, ' ');
	num_format(list->out, was);
	buf_puts(list->out, " → ");
	num_format(list->out, is);
}

/* A blend's own weights and those of its components, which are version for version the same. */
static void put_weights(
	struct listing *list, const struct model_version *from, const struct model_version *to)
{
	const struct wn_model *a = &from->model, *b = &to->model;

	for (size_t i = 0; i < a->term_count; i++)
		put_weight(
			list, from->term_features[i]->name, a->terms[i].weight, b->terms[i].weight);
	if (str_is(str_from(wn_model_kind_name(a->kind)), "blend")) {
		for (size_t i = 0; i < a->spec.blend->component_count; i++) {
			put_weight(list, from->components[i]->name,
				a->spec.blend->components[i].weight,
				b->spec.blend->components[i].weight);
			put_weights(list, from->components[i], to->components[i]);
		}
	}
}

static void why_weights(struct buf *out, const struct movement *movement)
{
	struct listing list = {.out = out};

	if (!movement->has_reweighted) {
		buf_puts(out, movement->settings[MOVED_BY_MODEL].differs
				      ? "no weights that could be put in by themselves"
				      : "the weights are the same");
		return;
	}
	buf_puts(out, "weights have changed: ");
	put_weights(&list, movement->from->model, movement->to->model);
	list_end(&list);
}

static void put_version(struct buf *out, struct str name, int64_t version)
{
	buf_printf(out, "%.*s %lld", STR_ARG(name), (long long)version);
}

static void why_model(struct buf *out, const struct movement *movement)
{
	const struct model_version *was = movement->from->model, *is = movement->to->model;

	if (!movement->settings[MOVED_BY_MODEL].differs) {
		buf_puts(out, "the model is the same");
		return;
	}
	buf_puts(out, movement->has_reweighted ? "what else differs in the model: " : "model ");
	put_version(out, was->name, was->version);
	buf_puts(out, " → ");
	put_version(out, is->name, is->version);
}

static void put_policy(struct buf *out, const struct policy_version *policy)
{
	if (policy)
		put_version(out, policy->name, policy->version);
	else
		buf_puts(out, "none");
}

static void why_policy(struct buf *out, const struct movement *movement)
{
	const struct policy_version *was = movement->from->policy, *is = movement->to->policy;

	if (!movement->settings[MOVED_BY_POLICY].differs) {
		buf_puts(out, "the policy is the same");
		return;
	}
	if (was && is && was->version == is->version) {
		buf_puts(out, "a calendar of the policy has changed");
		return;
	}
	buf_puts(out, "policy ");
	put_policy(out, was);
	buf_puts(out, " → ");
	put_policy(out, is);
}

/* ---- overrides ---- */

struct override_changes {
	struct listing own;
	const struct uuid *item;
	size_t others_made, others_ended;
};

static void note_override(
	struct override_changes *changes, const struct override_row *override, bool made)
{
	if (uuid_cmp(&override->item, changes->item) == 0) {
		if (list_next(&changes->own))
			buf_printf(changes->own.out, "its %.*s was %s", STR_ARG(override->kind),
				made ? "made" : "ended");
		return;
	}
	changes->others_made += made;
	changes->others_ended += !made;
}

/* Both are oldest first. */
static void compare_overrides(
	struct override_changes *changes, const struct setting *was, const struct setting *is)
{
	size_t old = 0, new = 0;

	while (old < was->override_count || new < is->override_count) {
		int order = old == was->override_count  ? 1
			    : new == is->override_count ? -1
							: override_by_age(was->override_rows[old],
								  is->override_rows[new]);

		if (order < 0)
			note_override(changes, was->override_rows[old], false);
		if (order > 0)
			note_override(changes, is->override_rows[new], true);
		old += order <= 0;
		new += order >= 0;
	}
}

static void why_override(struct buf *out, const struct movement *movement, uint32_t from)
{
	struct override_changes changes = {
		.own = {.out = out},
		.item = &ranking_facts(movement->from, from)->id,
	};

	compare_overrides(&changes, &movement->settings[MOVED_BY_OVERRIDE - 1],
		&movement->settings[MOVED_BY_OVERRIDE]);
	list_end(&changes.own);
	if (changes.others_made + changes.others_ended > 0)
		buf_printf(out, "%s%zu of other items made, %zu ended",
			changes.own.count > 0 ? "; " : "overrides: ", changes.others_made,
			changes.others_ended);
	else if (changes.own.count == 0)
		buf_puts(out, "the overrides are the same");
}

/* ---- the rest ---- */

static void why_blockers(struct buf *out, const struct movement *movement)
{
	if (movement->links_new + movement->links_gone == 0)
		buf_puts(out, "the same items wait for each other");
	else
		buf_printf(out, "who waits for whom: %zu new, %zu gone", movement->links_new,
			movement->links_gone);
}

static void why_others(struct buf *out, const struct movement *movement)
{
	if (movement->arrived + movement->departed == 0)
		buf_puts(out, "other items' own changes");
	else
		buf_printf(out, "other items: %zu came, %zu went, and their own changes",
			movement->arrived, movement->departed);
}

static void why(struct buf *out, const struct movement *movement, enum movement_cause cause,
	uint32_t from, uint32_t to)
{
	switch (cause) {
	case MOVED_BY_TIME: why_time(out, movement); return;
	case MOVED_BY_EVIDENCE: why_evidence(out, movement, from, to); return;
	case MOVED_BY_WEIGHTS: why_weights(out, movement); return;
	case MOVED_BY_MODEL: why_model(out, movement); return;
	case MOVED_BY_POLICY: why_policy(out, movement); return;
	case MOVED_BY_OVERRIDE: why_override(out, movement, from); return;
	case MOVED_BY_BLOCKERS: why_blockers(out, movement); return;
	default: why_others(out, movement); return;
	}
}

const char *movement_why(
	struct movement *movement, enum movement_cause cause, uint32_t from, uint32_t to)
{
	struct buf text = BUF_INIT;
	char *copy = NULL;

	why(&text, movement, cause, from, to);
	if (!text.failed)
		copy = arena_strdup(&movement->arena, buf_view(&text));
	buf_release(&text);
	return copy;
}
