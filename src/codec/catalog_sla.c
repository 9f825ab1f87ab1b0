/*
 * Rules of service levels: {"rules":[{"id","when":predicate,"target_hours","hours","starts_at":[statuses],
 * "pauses_at":[statuses],"restart_on_reopen","restart_on_change":[features],"due_soon_hours"}]}. The first
 * rule that an item fulfils is its own.
 *
 * Predicates are those of a policy, and kept as one, so that both are bound and applied by the same code.
 */
#include <math.h>

#include "codec/catalog_hours.h"
#include "codec/catalog_internal.h"
#include "codec/catalog_policy.h"
#include "codec/json.h"

enum { HOUR_S = 3600 };

#define MAX_HOURS 87600.0 /* ten years of them */

struct draft {
	struct predicate_reader predicates;
	struct sla_rules *out;
	struct sla_rule *rules;
	struct policy_rule *when;
	size_t count;
};

/* ---- statuses ---- */

static bool read_statuses(struct draft *draft, const json_t *json, const char *key,
	const char *pointer, const struct str **out, size_t *count)
{
	struct diag *diag = draft->predicates.diag;
	const char *place = diag_key(diag, pointer, key);
	bool ok = true;

	if (!json_read_texts(json, key, CATALOG_MAX_VOCABULARY, CATALOG_MAX_NAME, pointer, diag,
		    draft->predicates.arena, out, count))
		return false;
	for (size_t i = 0; i < *count && !draft->predicates.stored; i++) {
		const struct status_definition *status =
			catalog_status(draft->predicates.catalog, (*out)[i]);

		if (status && status->class != STATUS_DONE && status->class != STATUS_DROPPED)
			continue;
		diag_add(diag, diag_index(diag, place, i),
			status ? "An item of this status is finished: its clock is stopped."
			       : "This workspace has no such status.");
		ok = false;
	}
	return ok;
}

static bool has_status(const struct str *list, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(list[i], name))
			return true;
	}
	return false;
}

static bool check_apart(struct draft *draft, const struct sla_rule *rule, const char *pointer)
{
	struct diag *diag = draft->predicates.diag;

	for (size_t i = 0; i < rule->pause_count; i++) {
		if (!has_status(rule->starts_at, rule->start_count, rule->pauses_at[i]))
			continue;
		diag_add(diag, diag_index(diag, diag_key(diag, pointer, "pauses_at"), i),
			"The clock cannot both start and pause at this status.");
		return false;
	}
	return true;
}

/* ---- features whose change restarts a clock ---- */

/* Its bit; 0 with a fault. */
static uint32_t watch(struct draft *draft, struct str name, const char *pointer)
{
	const struct catalog *catalog = draft->predicates.catalog;
	bool stored = draft->predicates.stored;
	const struct feature_definition *feature =
		stored ? catalog_feature(catalog, name) : catalog_live_feature(catalog, name);
	struct sla_rules *out = draft->out;

	if (!feature || (feature->sensitive && !stored)) {
		diag_add(draft->predicates.diag, pointer,
			feature ? "A sensitive feature cannot be in a rule: what restarts a clock "
				  "is "
				  "shown to every reader."
				: "There is no such feature in this workspace's catalogue.");
		return 0;
	}
	for (size_t i = 0; i < out->watched_count; i++) {
		if (out->watched[i] == feature->id)
			return 1u << i;
	}
	if (out->watched_count == SLA_MAX_WATCHED) {
		diag_add(draft->predicates.diag, pointer,
			"At most %d different features may restart clocks.", (int)SLA_MAX_WATCHED);
		return 0;
	}
	out->watched[out->watched_count] = feature->id;
	return 1u << out->watched_count++;
}

static bool read_watched(
	struct draft *draft, const json_t *json, const char *pointer, uint32_t *out)
{
	struct diag *diag = draft->predicates.diag;
	const char *place = diag_key(diag, pointer, "restart_on_change");
	const struct str *names;
	size_t count;
	bool ok = true;

	if (!json_read_texts(json, "restart_on_change", SLA_MAX_WATCHED, CATALOG_MAX_NAME, pointer,
		    diag, draft->predicates.arena, &names, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t bit = watch(draft, names[i], diag_index(diag, place, i));

		ok &= bit != 0;
		*out |= bit;
	}
	return ok;
}

/* ---- rules ---- */

/* A rule is chosen by what only a revision changes; else a clock would come and go by itself. */
static bool check_timeless(
	struct draft *draft, const struct wn_test *tests, size_t count, const char *pointer)
{
	for (size_t i = 0; i < count; i++) {
		const struct wn_test *test = &tests[i];
		bool group = test->op == WN_ALL || test->op == WN_ANY || test->op == WN_NOT;
		bool timed = test->of == WN_OF_AGE_DAYS || test->of == WN_OF_DAYS_TO_DUE ||
			     test->of == WN_OF_DAYS_TO ||
			     (test->of == WN_OF_NUMBER && test->index == WN_SLA_LEFT);

		if (group || !timed)
			continue;
		diag_add(draft->predicates.diag, pointer,
			"Which rule an item has cannot depend on the time: age_days, days_to, "
			"days_to_due and sla_left_hours have no place here.");
		return false;
	}
	return true;
}

static bool read_when(
	struct draft *draft, const json_t *json, const char *pointer, struct policy_rule *out)
{
	struct diag *diag = draft->predicates.diag;
	const json_t *when = json_object_get(json, "when");
	const char *place = diag_key(diag, pointer, "when");

	if (!json_is_given(when)) {
		diag_add(diag, place,
			"This is needed: which items the rule is for. {\"all\": []} "
			"is every item.");
		return false;
	}
	out->rule = (struct wn_rule){.effect = WN_HOLD, .from_s = -INFINITY, .until_s = INFINITY};
	return predicate_read(
		       &draft->predicates, when, place, &out->rule.tests, &out->rule.test_count) &&
	       check_timeless(draft, out->rule.tests, out->rule.test_count, place);
}

static bool read_hours_of(struct draft *draft, const json_t *json, const char *key,
	const char *pointer, bool required, int64_t *out_s)
{
	struct diag *diag = draft->predicates.diag;
	double hours;

	if (!json_read_number(json, key, 0, MAX_HOURS, required, pointer, diag, &hours))
		return false;
	*out_s = isnan(hours) ? 0 : llround(hours * HOUR_S);
	if (!required || *out_s > 0)
		return true;
	diag_add(diag, diag_key(diag, pointer, key), "Must be more than nothing.");
	return false;
}

static bool read_calendar_name(
	struct draft *draft, const json_t *json, const char *pointer, struct sla_rule *out)
{
	struct diag *diag = draft->predicates.diag;

	if (!json_read_text(json, "hours", 1, CATALOG_MAX_NAME, false, pointer, diag,
		    draft->predicates.arena, &out->hours))
		return false;
	if (!out->hours.ptr || draft->predicates.stored ||
		catalog_business_hours(draft->predicates.catalog, out->hours))
		return true;
	diag_add(diag, diag_key(diag, pointer, "hours"),
		"This workspace has no business hours of that name.");
	return false;
}

static bool read_id(struct draft *draft, const json_t *json, const char *pointer, struct str *out)
{
	struct diag *diag = draft->predicates.diag;

	if (!json_read_text(json, "id", 1, CATALOG_MAX_NAME, true, pointer, diag,
		    draft->predicates.arena, out))
		return false;
	for (size_t i = 0; i < draft->count; i++) {
		if (!str_eq(draft->rules[i].id, *out))
			continue;
		diag_add(
			diag, diag_key(diag, pointer, "id"), "There is a rule of this id already.");
		return false;
	}
	return catalog_check_word(*out, diag_key(diag, pointer, "id"), diag);
}

static bool read_rule(struct draft *draft, const json_t *json, const char *pointer)
{
	static const char *const keys[] = {"id", "when", "target_hours", "hours", "starts_at",
		"pauses_at", "restart_on_reopen", "restart_on_change", "due_soon_hours", NULL};
	struct diag *diag = draft->predicates.diag;
	struct sla_rule *rule = &draft->rules[draft->count];
	bool ok;

	*rule = (struct sla_rule){.target_s = 0};
	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A rule is an object with id, when and target_hours.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= read_id(draft, json, pointer, &rule->id);
	ok &= read_when(draft, json, pointer, &draft->when[draft->count]);
	ok &= read_hours_of(draft, json, "target_hours", pointer, true, &rule->target_s);
	ok &= read_hours_of(draft, json, "due_soon_hours", pointer, false, &rule->due_soon_s);
	ok &= read_calendar_name(draft, json, pointer, rule);
	ok &= read_statuses(
		draft, json, "starts_at", pointer, &rule->starts_at, &rule->start_count);
	ok &= read_statuses(
		draft, json, "pauses_at", pointer, &rule->pauses_at, &rule->pause_count);
	ok &= json_read_bool(
		json, "restart_on_reopen", false, pointer, diag, &rule->restart_on_reopen);
	ok &= read_watched(draft, json, pointer, &rule->restart_on);
	draft->when[draft->count].id = draft->when[draft->count].reason = rule->id;
	return ok && check_apart(draft, rule, pointer);
}

static bool read_rules(struct draft *draft, const json_t *json)
{
	static const char *const keys[] = {"rules", NULL};
	struct diag *diag = draft->predicates.diag;
	const json_t *list = json_object_get(json, "rules");
	size_t count = json_array_size(list);
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "This is a JSON object with rules.");
		return false;
	}
	ok = json_only_keys(json, keys, "", diag);
	if (!json_is_array(list) || count > SLA_MAX_RULES) {
		diag_add(diag, "/rules", "This must be a list of at most %d rules.",
			(int)SLA_MAX_RULES);
		return false;
	}
	draft->rules = arena_array(draft->predicates.arena, count, sizeof *draft->rules);
	draft->when = arena_array(draft->predicates.arena, count, sizeof *draft->when);
	if (!draft->rules || !draft->when)
		return false;
	for (; draft->count < count; draft->count++)
		ok &= read_rule(draft, json_array_get(list, draft->count),
			diag_index(diag, "/rules", draft->count));
	return ok;
}

bool slas_read(const json_t *json, const struct catalog *catalog, bool stored, struct arena *arena,
	struct diag *diag, struct sla_rules *out)
{
	struct draft *draft = arena_alloc(diag->arena, sizeof *draft);
	bool ok;

	if (!draft)
		return false;
	*draft = (struct draft){.out = out};
	draft->predicates.catalog = catalog;
	draft->predicates.stored = stored;
	draft->predicates.open = true;
	draft->predicates.arena = arena;
	draft->predicates.diag = diag;
	ok = read_rules(draft, json);
	out->rules = draft->rules;
	out->rule_count = draft->count;
	out->when = (struct policy_version){
		.rules = draft->when,
		.rule_count = draft->count,
		.words = draft->predicates.words.list,
		.word_count = draft->predicates.words.count,
	};
	predicate_words_release(&draft->predicates.words);
	return ok;
}

/* What is null is left out. */
static json_t *without_nulls(const json_t *json)
{
	json_t *tree = json_deep_copy(json);
	json_t *rules = json_object_get(tree, "rules");

	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i), *value;
		const char *key;
		void *next;

		json_object_foreach_safe(rule, next, key, value)
		{
			if (json_is_null(value))
				json_object_del(rule, key);
		}
	}
	return tree;
}

enum error slas_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	struct sla_rules rules = {.revision = 0};
	bool ok = slas_read(json, catalog, false, arena, diag, &rules);
	enum error err = catalog_verdict(ok, diag);

	return err ? err : catalog_body(without_nulls(json), arena, body);
}

void slas_write(struct buf *out, const struct sla_rules *slas)
{
	buf_printf(out, "{\"revision\":%lld,", (long long)slas->revision);
	buf_str(out, (struct str){slas->body.ptr + 1, slas->body.len - 1});
}
