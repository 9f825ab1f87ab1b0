/*
 * Policies: a client's rules to what the engine applies, and back. What they become for one ranking is
 * the business of catalog_policy_bind.c.
 */
#include <math.h>

#include "base/clock.h"
#include "codec/catalog_internal.h"
#include "codec/catalog_policy.h"
#include "codec/json.h"
#include "codec/json_writer.h"

enum {
	MAX_REASON = 1024,
	MAX_PLACE = 1000000000, /* a rank, and the K of a top K */
};

/* ---- the form of a rule ---- */

enum member {
	MEMBER_BAND = 1,
	MEMBER_RANK = 2,
	MEMBER_AT_MOST = 4,
	MEMBER_AT_LEAST = 8,
	MEMBER_TOP = 16,
	MEMBER_PER = 32,
	MEMBER_COUNT = 64,
	MEMBER_MODE = 128,
	MEMBER_CALENDAR = 256,
};

static const struct {
	const char *key;
	enum member bit;
} members[] = {
	{"band", MEMBER_BAND},
	{"rank", MEMBER_RANK},
	{"at_most", MEMBER_AT_MOST},
	{"at_least", MEMBER_AT_LEAST},
	{"top", MEMBER_TOP},
	{"per", MEMBER_PER},
	{"count", MEMBER_COUNT},
	{"mode", MEMBER_MODE},
	{"calendar", MEMBER_CALENDAR},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

/* In the order of effect_names. */
static const struct {
	enum wn_effect effect;
	unsigned members; /* that it may have */
} effects[] = {
	{WN_EXCLUDE, 0},
	{WN_FREEZE, MEMBER_CALENDAR},
	{WN_HOLD, 0},
	{WN_PIN_TOP, 0},
	{WN_AT_LEAST_BAND, MEMBER_BAND},
	{WN_AT_MOST_BAND, MEMBER_BAND},
	{WN_NOT_ABOVE, MEMBER_RANK},
	{WN_LIMIT, MEMBER_AT_MOST | MEMBER_TOP | MEMBER_PER | MEMBER_COUNT | MEMBER_MODE},
	{WN_SHARE_LEAST, MEMBER_AT_MOST | MEMBER_AT_LEAST | MEMBER_TOP | MEMBER_MODE},
};
static const char *const effect_names[] = {"exclude", "freeze", "hold", "pin_top", "at_least_band",
	"at_most_band", "not_above", "limit", "share", NULL};
static const char *const group_names[] = {
	[WN_PER_WORKSPACE] = "workspace",
	[WN_PER_STREAM] = "stream",
	[WN_PER_TEAM] = "team",
	[WN_PER_ASSIGNEE] = "assignee",
	NULL,
};
static const char *const count_names[] = {"items", "estimate", NULL};
static const char *const mode_names[] = {"enforce", "warn", NULL};

/* A policy while it is read. */
struct draft {
	struct predicate_reader predicates;
	struct policy_rule *rules;
	size_t count; /* of rules before the one that is being read */
};

static bool read_id(
	struct draft *draft, const json_t *json, const char *pointer, struct policy_rule *out)
{
	struct diag *diag = draft->predicates.diag;
	const char *place = diag_key(diag, pointer, "id");

	if (!json_read_text(json, "id", 1, CATALOG_MAX_NAME, true, pointer, diag,
		    draft->predicates.arena, &out->id))
		return false;
	if (!catalog_is_slug(out->id)) {
		diag_add(diag, place,
			"An id begins with a letter a to z, followed by at most 62 letters a to z, "
			"digits, underscores or hyphens.");
		return false;
	}
	for (size_t i = 0; i < draft->count; i++) {
		if (!str_eq(draft->rules[i].id, out->id))
			continue;
		diag_add(diag, place, "There is a rule of this id already.");
		return false;
	}
	return true;
}

/* from and until; the whole of time when absent. */
static bool read_force(
	struct draft *draft, const json_t *json, const char *pointer, struct wn_rule *out)
{
	struct diag *diag = draft->predicates.diag;
	int64_t from_us, until_us;
	bool ok;

	ok = json_read_time(json, "from", false, pointer, diag, &from_us);
	ok &= json_read_time(json, "until", false, pointer, diag, &until_us);
	out->from_s = from_us == TIME_NONE ? -INFINITY : (double)from_us / US_PER_S;
	out->until_s = until_us == TIME_NONE ? INFINITY : (double)until_us / US_PER_S;
	if (!ok || out->from_s < out->until_s)
		return ok;
	diag_add(diag, diag_key(diag, pointer, "until"),
		"The rule would end before it begins: until must be later than from.");
	return false;
}

static bool read_band(
	struct draft *draft, const json_t *json, const char *pointer, struct policy_rule *out)
{
	const struct catalog *catalog = draft->predicates.catalog;
	struct diag *diag = draft->predicates.diag;
	const char *place = diag_key(diag, pointer, "band");
	const struct alias *active = catalog_alias(catalog, STR("active"));
	bool known = false;

	if (!catalog_read_word(json, "band", pointer, diag, draft->predicates.arena, &out->band))
		return false;
	if (draft->predicates.stored)
		return true;
	for (size_t i = 0; i < catalog->model_count && !known; i++)
		known = model_has_band(&catalog->models[i], out->band);
	if (!known) {
		diag_add(diag, place, "No model of this workspace has a band \"%.*s\".",
			STR_ARG(out->band));
		return false;
	}
	if (!active || model_has_band(catalog_model(catalog, active->model), out->band))
		return true;
	diag_add(diag, place,
		"The active model has no band \"%.*s\", so the rule would do nothing.",
		STR_ARG(out->band));
	return false;
}

/* A calendar, or times of its own: a freeze for ever is an exclusion. */
static bool read_freeze(
	struct draft *draft, const json_t *json, const char *pointer, struct policy_rule *out)
{
	struct diag *diag = draft->predicates.diag;
	bool timed = json_has(json, "from") || json_has(json, "until");

	if (json_has(json, "calendar") == timed) {
		diag_add(diag, pointer,
			"A freeze has either a calendar, or from or until; for good it is an "
			"exclude.");
		return false;
	}
	if (timed)
		return true;
	if (!json_read_text(json, "calendar", 1, CATALOG_MAX_NAME, true, pointer, diag,
		    draft->predicates.arena, &out->calendar))
		return false;
	if (draft->predicates.stored || catalog_calendar(draft->predicates.catalog, out->calendar))
		return true;
	diag_add(diag, diag_key(diag, pointer, "calendar"),
		"There is no calendar \"%.*s\" in this workspace.", STR_ARG(out->calendar));
	return false;
}

static bool read_place(struct draft *draft, const json_t *json, const char *key, int64_t least,
	const char *pointer, uint32_t *out)
{
	const char *place = diag_key(draft->predicates.diag, pointer, key);
	int64_t number;

	if (!json_read_int(json, key, least, MAX_PLACE, false, 0, pointer, draft->predicates.diag,
		    &number))
		return false;
	*out = (uint32_t)number;
	if (number > 0)
		return true;
	diag_add(draft->predicates.diag, place, "This field is required.");
	return false;
}

static bool read_mode(
	struct draft *draft, const json_t *json, const char *pointer, struct wn_rule *out)
{
	int mode;
	bool ok = catalog_read_choice(
		json, "mode", mode_names, 0, pointer, draft->predicates.diag, &mode);

	out->warn = mode == 1;
	return ok;
}

static bool read_limit(
	struct draft *draft, const json_t *json, const char *pointer, struct wn_rule *out)
{
	struct diag *diag = draft->predicates.diag;
	int per, count;
	bool ok;

	ok = json_read_number(json, "at_most", 0, MAX_PLACE, true, pointer, diag, &out->most);
	ok &= read_place(draft, json, "top", 1, pointer, &out->rank);
	ok &= catalog_read_choice(json, "per", group_names, 0, pointer, diag, &per);
	ok &= catalog_read_choice(json, "count", count_names, 0, pointer, diag, &count);
	ok &= read_mode(draft, json, pointer, out);
	out->per = (enum wn_group)per;
	out->by_estimate = count == 1;
	if (!ok || out->by_estimate || out->most == floor(out->most))
		return ok;
	diag_add(diag, diag_key(diag, pointer, "at_most"),
		"Items are counted in whole numbers; days are with \"count\": \"estimate\".");
	return false;
}

static bool read_share(
	struct draft *draft, const json_t *json, const char *pointer, struct wn_rule *out)
{
	struct diag *diag = draft->predicates.diag;
	bool most = json_has(json, "at_most");
	bool ok = most != json_has(json, "at_least");

	if (!ok)
		diag_add(diag, pointer, "A share has exactly one of at_least and at_most.");
	else
		ok = json_read_number(json, most ? "at_most" : "at_least", 0, 1, true, pointer,
			diag, &out->share);
	out->effect = most ? WN_SHARE_MOST : WN_SHARE_LEAST;
	ok &= read_place(draft, json, "top", 1, pointer, &out->rank);
	ok &= read_mode(draft, json, pointer, out);
	return ok;
}

/* A member that means nothing for the effect would be forgotten without a word. */
static bool only_members(
	struct draft *draft, const json_t *json, const char *pointer, size_t effect)
{
	bool ok = true;

	for (size_t i = 0; i < MEMBERS; i++) {
		if ((effects[effect].members & members[i].bit) || !json_has(json, members[i].key))
			continue;
		diag_add(draft->predicates.diag,
			diag_key(draft->predicates.diag, pointer, members[i].key),
			"The effect %s has no %s.", effect_names[effect], members[i].key);
		ok = false;
	}
	return ok;
}

static bool read_effect(
	struct draft *draft, const json_t *json, const char *pointer, struct policy_rule *out)
{
	int effect;
	bool ok;

	if (!catalog_read_choice(
		    json, "effect", effect_names, -1, pointer, draft->predicates.diag, &effect))
		return false;
	out->rule.effect = effects[effect].effect;
	ok = only_members(draft, json, pointer, (size_t)effect);
	switch (out->rule.effect) {
	case WN_FREEZE: ok &= read_freeze(draft, json, pointer, out); break;
	case WN_AT_LEAST_BAND:
	case WN_AT_MOST_BAND: ok &= read_band(draft, json, pointer, out); break;
	/* No rank is above the first. */
	case WN_NOT_ABOVE:
		ok &= read_place(draft, json, "rank", 2, pointer, &out->rule.rank);
		break;
	case WN_LIMIT: ok &= read_limit(draft, json, pointer, &out->rule); break;
	case WN_SHARE_LEAST: ok &= read_share(draft, json, pointer, &out->rule); break;
	default: break;
	}
	return ok;
}

static bool read_rule(
	struct draft *draft, const json_t *json, const char *pointer, struct policy_rule *out)
{
	static const char *const keys[] = {"id", "when", "effect", "reason", "from", "until",
		"band", "rank", "at_most", "at_least", "top", "per", "count", "mode", "calendar",
		NULL};
	struct predicate_reader *predicates = &draft->predicates;
	struct diag *diag = predicates->diag;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A rule is an object with id, when, effect and reason.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= read_id(draft, json, pointer, out);
	ok &= json_read_text(json, "reason", 1, MAX_REASON, true, pointer, diag, predicates->arena,
		&out->reason);
	ok &= read_force(draft, json, pointer, &out->rule);
	ok &= read_effect(draft, json, pointer, out);
	if (!json_object_get(json, "when")) {
		diag_add(diag, diag_key(diag, pointer, "when"),
			"This field is required; {\"all\": []} is every item.");
		return false;
	}
	ok &= predicate_read(predicates, json_object_get(json, "when"),
		diag_key(diag, pointer, "when"), &out->rule.tests, &out->rule.test_count);
	return ok;
}

/* Each of these is asked about each item that it hits, at each rank. A stored policy keeps its rules. */
static bool few_places(struct draft *draft)
{
	struct diag *diag = draft->predicates.diag;
	size_t found = 0;

	for (size_t i = 0; i < draft->count; i++) {
		enum wn_effect effect = draft->rules[i].rule.effect;

		found += effect == WN_LIMIT || effect == WN_SHARE_MOST || effect == WN_SHARE_LEAST;
		if (found <= WN_MAX_PLACE_RULES || draft->predicates.stored)
			continue;
		diag_add(diag, diag_index(diag, "/rules", i),
			"A policy has at most %d rules with limit or share.", WN_MAX_PLACE_RULES);
		return false;
	}
	return true;
}

static bool read_rules(struct draft *draft, const json_t *json)
{
	struct diag *diag = draft->predicates.diag;
	const json_t *list = json_object_get(json, "rules");
	size_t count = json_array_size(list);
	bool ok = true;

	if (count == 0 || count > WN_MAX_RULES) {
		diag_add(diag, "/rules", "This must be a list of 1 to %d rules.", WN_MAX_RULES);
		return false;
	}
	draft->rules = arena_array(draft->predicates.arena, count, sizeof *draft->rules);
	if (!draft->rules)
		return false;
	for (; draft->count < count; draft->count++)
		ok &= read_rule(draft, json_array_get(list, draft->count),
			diag_index(diag, "/rules", draft->count), &draft->rules[draft->count]);
	return ok && few_places(draft);
}

static bool read_policy(struct draft *draft, const json_t *json, enum policy_source source,
	struct policy_version *out)
{
	static const char *const all_keys[] = {"split", "name", "description", "rules", NULL};
	const char *const *keys = source == POLICY_POSTED ? all_keys + 1 : all_keys;
	struct diag *diag = draft->predicates.diag;
	struct arena *arena = draft->predicates.arena;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "A policy is a JSON object with name and rules.");
		return false;
	}
	ok = json_only_keys(json, keys, "", diag);
	ok &= json_read_text(json, "name", 1, CATALOG_MAX_TITLE, true, "", diag, arena, &out->name);
	ok &= json_read_text(json, "description", 1, CATALOG_MAX_TEXT, false, "", diag, arena,
		&out->description);
	if (source != POLICY_POSTED && json_has(json, "split"))
		ok &= policy_parts_read(json_object_get(json, "split"), draft->predicates.catalog,
			true, arena, diag, out);
	ok &= read_rules(draft, json);
	out->rules = draft->rules;
	out->rule_count = draft->count;
	out->words = draft->predicates.words.list;
	out->word_count = draft->predicates.words.count;
	return ok;
}

bool policy_read(const json_t *json, const struct catalog *catalog, enum policy_source source,
	struct arena *arena, struct diag *diag, struct policy_version *out)
{
	struct draft *draft = arena_alloc(diag->arena, sizeof *draft);
	bool ok;

	if (!draft)
		return false;
	draft->predicates.catalog = catalog;
	draft->predicates.stored = source == POLICY_STORED;
	draft->predicates.arena = arena;
	draft->predicates.diag = diag;
	ok = read_policy(draft, json, source, out);
	predicate_words_release(&draft->predicates.words);
	return ok;
}

/* ---- the written form ---- */

static int set_time(json_t *tree, const char *key, double seconds)
{
	char text[32];

	if (isinf(seconds))
		return 0;
	return json_object_set_new(
		tree, key, json_string(time_to_text(llround(seconds * US_PER_S), text)));
}

static int set_bounds(json_t *tree, const struct wn_rule *rule)
{
	const char *mode = mode_names[rule->warn ? 1 : 0];
	int failed = json_object_set_new(tree, "top", json_integer(rule->rank));

	failed |= json_object_set_new(tree, "mode", json_string(mode));
	if (rule->effect != WN_LIMIT)
		return failed | json_object_set_new(tree,
					rule->effect == WN_SHARE_MOST ? "at_most" : "at_least",
					json_real(rule->share));
	failed |= json_object_set_new(tree, "at_most", json_real(rule->most));
	failed |= json_object_set_new(tree, "per", json_string(group_names[rule->per]));
	failed |= json_object_set_new(
		tree, "count", json_string(count_names[rule->by_estimate ? 1 : 0]));
	return failed;
}

const char *policy_effect_name(enum wn_effect effect)
{
	size_t i = 0;

	if (effect == WN_SHARE_MOST)
		effect = WN_SHARE_LEAST;
	while (effects[i].effect != effect)
		i++;
	return effect_names[i];
}

static json_t *rule_tree(const struct policy_rule *rule, const struct catalog *catalog,
	const struct policy_version *policy)
{
	enum wn_effect effect = rule->rule.effect;
	json_t *tree = json_object();
	int failed = 0;

	if (!tree)
		return NULL;
	failed |= json_object_set_new(tree, "id", catalog_text(rule->id));
	failed |= json_object_set_new(
		tree, "when", predicate_tree(catalog, policy->words, rule->rule.tests));
	failed |= json_object_set_new(tree, "effect", json_string(policy_effect_name(effect)));
	failed |= json_object_set_new(tree, "reason", catalog_text(rule->reason));
	failed |= set_time(tree, "from", rule->rule.from_s);
	failed |= set_time(tree, "until", rule->rule.until_s);
	if (rule->band.ptr)
		failed |= json_object_set_new(tree, "band", catalog_text(rule->band));
	if (rule->calendar.ptr)
		failed |= json_object_set_new(tree, "calendar", catalog_text(rule->calendar));
	if (effect == WN_NOT_ABOVE)
		failed |= json_object_set_new(tree, "rank", json_integer(rule->rule.rank));
	if (effect == WN_LIMIT || effect == WN_SHARE_MOST || effect == WN_SHARE_LEAST)
		failed |= set_bounds(tree, &rule->rule);
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

static json_t *policy_tree(const struct policy_version *policy, const struct catalog *catalog)
{
	json_t *tree = json_object(), *rules = json_array();
	int failed = !tree || !rules;

	for (size_t i = 0; !failed && i < policy->rule_count; i++)
		failed |=
			json_array_append_new(rules, rule_tree(&policy->rules[i], catalog, policy));
	failed |= json_object_set(tree, "rules", rules);
	json_decref(rules);
	if (policy->part_count > 0)
		failed |= json_object_set_new(tree, "split", policy_parts_tree(policy));
	failed |= json_object_set_new(tree, "name", catalog_text(policy->name));
	if (policy->description.ptr)
		failed |=
			json_object_set_new(tree, "description", catalog_text(policy->description));
	if (!failed)
		return tree;
	json_decref(tree);
	return NULL;
}

/* What comes of a split may be too large or out of date: said of the split, since its rules are nobody's
 * text. */
static bool read_joined(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct policy_version *out)
{
	struct diag *faults = arena_alloc(diag->arena, sizeof *faults);
	bool ok;

	if (!faults)
		return false;
	diag_init(faults, diag->arena);
	ok = policy_read(json, catalog, POLICY_JOINED, arena, faults, out);
	for (size_t i = 0; i < faults->count; i++) {
		const struct diag_entry *fault = &faults->entries[i];

		if (strncmp(fault->pointer, "#/rules", 7) == 0)
			diag_add(diag, "/split", "The rules that come of it (%s): %s",
				fault->pointer, fault->detail);
		else
			diag_add(diag, fault->pointer + 1, "%s", fault->detail);
	}
	return ok;
}

static enum error read_posted(const json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct policy_version *out)
{
	bool split = json_has(json, "split"), ok;
	json_t *expanded = NULL;

	*out = (struct policy_version){0};
	if (split)
		expanded = policy_from_split(json, catalog, diag);
	else if (json_object_get(json, "preset"))
		expanded = policy_from_preset(json, diag);
	else
		expanded = json_incref((json_t *)(uintptr_t)json);
	if (!expanded)
		return catalog_verdict(false, diag);
	ok = split ? read_joined(expanded, catalog, arena, diag, out)
		   : policy_read(expanded, catalog, POLICY_POSTED, arena, diag, out);
	json_decref(expanded);
	return catalog_verdict(ok, diag);
}

enum error policy_parse(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body)
{
	struct policy_version policy;
	enum error err = read_posted(json, catalog, arena, diag, &policy);

	return err ? err : catalog_body(policy_tree(&policy, catalog), arena, body);
}

enum error policy_candidate(const json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct policy_version *out)
{
	return read_posted(json, catalog, arena, diag, out);
}

/* The body has name and rules already; it is opened to put the version before them. */
void policy_write(struct buf *out, const struct policy_version *policy)
{
	buf_printf(out, "{\"version\":%lld,\"revision\":%lld,", (long long)policy->version,
		(long long)policy->revision);
	buf_str(out, (struct str){policy->body.ptr + 1, policy->body.len - 1});
}

/* ---- in the catalogue ---- */

const struct policy_version *catalog_policy(const struct catalog *catalog, int64_t version)
{
	if (version < 1 || (uint64_t)version > catalog->policy_count)
		return NULL;
	return &catalog->policies[version - 1];
}

const struct policy_alias *catalog_policy_alias(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->policy_alias_count; i++) {
		if (str_eq(catalog->policy_aliases[i].name, name))
			return &catalog->policy_aliases[i];
	}
	return NULL;
}

const struct policy_version *catalog_policy_named(const struct catalog *catalog, struct str alias)
{
	const struct policy_alias *found = catalog_policy_alias(catalog, alias);

	return found ? catalog_policy(catalog, found->policy) : NULL;
}
