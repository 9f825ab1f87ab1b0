/*
 * A policy put together from versions of the workspace's policies, each for chosen streams or teams, the last
 * for the rest: how one is tried on a part of the backlog. What comes of it is a list of rules like any other,
 * stored whole, so the engine knows nothing of parts.
 *
 * A rule that all the versions have, word for word, stays one rule for the whole backlog. Any other belongs to
 * its version's part: a condition on streams and teams is put before its own, and the version behind its id. One
 * that looks at streams or teams itself may be of the part already (it stays as it is) or of none of the part's
 * items (it is left out). A limit or a share counts places of the whole queue: one of a part alone would let
 * each part have as many as was meant for all, so it is refused unless it is of the part's items already, or
 * counts for each stream or team by itself and the parts are made of those.
 */
#include <stdio.h>
#include <string.h>

#include "codec/catalog_internal.h"
#include "codec/catalog_policy.h"
#include "codec/item.h"
#include "codec/json.h"

enum { MAX_PARTS = 8, MAX_WORDS = 64 /* streams, and as many teams, of a part */ };

/* ---- the parts ---- */

static bool has_word(const struct str *words, size_t count, struct str word)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(words[i], word))
			return true;
	}
	return false;
}

/* Each once, in one part. */
static bool check_words(const struct policy_part *parts, size_t i, const char *key,
	const char *pointer, const struct catalog *catalog, struct diag *diag)
{
	bool streams = strcmp(key, "streams") == 0, ok = true;
	const struct str *words = streams ? parts[i].streams : parts[i].teams;
	size_t count = streams ? parts[i].stream_count : parts[i].team_count;

	for (size_t w = 0; w < count; w++) {
		const char *place = diag_index(diag, diag_key(diag, pointer, key), w);
		bool twice = has_word(words, w, words[w]);

		for (size_t k = 0; k < i && !twice; k++)
			twice = streams ? has_word(
						  parts[k].streams, parts[k].stream_count, words[w])
					: has_word(parts[k].teams, parts[k].team_count, words[w]);
		if (twice)
			diag_add(diag, place,
				"It is named already, by this part or an earlier one.");
		else if (streams && catalog_stream(catalog, words[w]) < 0)
			diag_add(diag, place, "The workspace has no stream of this name.");
		else
			continue;
		ok = false;
	}
	return ok;
}

static bool check_version(const struct policy_part *parts, size_t i, const char *pointer,
	const struct catalog *catalog, struct diag *diag)
{
	const struct policy_version *policy = catalog_policy(catalog, parts[i].policy);
	const char *place = diag_key(diag, pointer, "policy");

	for (size_t k = 0; k < i; k++) {
		if (parts[k].policy != parts[i].policy)
			continue;
		diag_add(diag, place, "This policy version is in the list already.");
		return false;
	}
	if (policy && policy->part_count == 0)
		return true;
	if (policy)
		diag_add(diag, place, "Policy version %lld is a split itself.",
			(long long)parts[i].policy);
	else
		diag_add(diag, place, "There is no policy version %lld in this workspace.",
			(long long)parts[i].policy);
	return false;
}

static bool check_part(const struct policy_part *parts, size_t i, bool last, const char *pointer,
	const struct catalog *catalog, struct diag *diag)
{
	bool named = parts[i].stream_count + parts[i].team_count > 0;
	bool ok = check_version(parts, i, pointer, catalog, diag);

	ok &= check_words(parts, i, "streams", pointer, catalog, diag);
	ok &= check_words(parts, i, "teams", pointer, catalog, diag);
	if (named != last)
		return ok;
	diag_add(diag, pointer, "%s",
		last ? "The last part is the rest: it names no streams and no teams."
		     : "Each part but the last names streams or teams.");
	return false;
}

static bool read_part(const json_t *json, const char *pointer, struct arena *arena,
	struct diag *diag, struct policy_part *out)
{
	static const char *const keys[] = {"policy", "streams", "teams", NULL};
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A part is an object with policy, and streams or teams.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= json_read_int(json, "policy", 1, INT64_MAX, true, 0, pointer, diag, &out->policy);
	ok &= json_read_texts(json, "streams", MAX_WORDS, ITEM_MAX_NAME, pointer, diag, arena,
		&out->streams, &out->stream_count);
	ok &= json_read_texts(json, "teams", MAX_WORDS, ITEM_MAX_NAME, pointer, diag, arena,
		&out->teams, &out->team_count);
	return ok;
}

bool policy_parts_read(const json_t *json, const struct catalog *catalog, bool checked,
	struct arena *arena, struct diag *diag, struct policy_version *out)
{
	size_t count = json_array_size(json);
	struct policy_part *parts;
	bool ok = true;

	if (count < 2 || count > MAX_PARTS) {
		diag_add(diag, "/split", "This must be a list of 2 to %d parts.", MAX_PARTS);
		return false;
	}
	parts = arena_array(arena, count, sizeof *parts);
	if (!parts)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *pointer = diag_index(diag, "/split", i);
		bool good = read_part(json_array_get(json, i), pointer, arena, diag, &parts[i]);

		if (good && !checked)
			good = check_part(parts, i, i + 1 == count, pointer, catalog, diag);
		ok &= good;
	}
	out->parts = parts;
	out->part_count = count;
	return ok;
}

/* ---- as JSON ---- */

static json_t *wrapped(const char *key, json_t *value)
{
	json_t *object = json_object();

	if (json_object_set_new(object, key, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *words_list(const struct str *words, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, catalog_text(words[i])) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static int add_words(json_t *tree, const char *key, const struct str *words, size_t count)
{
	return count > 0 ? json_object_set_new(tree, key, words_list(words, count)) : 0;
}

json_t *policy_parts_tree(const struct policy_version *policy)
{
	json_t *list = json_array();
	int failed = !list;

	for (size_t i = 0; !failed && i < policy->part_count; i++) {
		const struct policy_part *part = &policy->parts[i];
		json_t *tree = wrapped("policy", json_integer(part->policy));

		failed |= add_words(tree, "streams", part->streams, part->stream_count);
		failed |= add_words(tree, "teams", part->teams, part->team_count);
		failed |= json_array_append_new(list, tree);
	}
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

/* ---- whose items a rule is about ---- */

struct splitting {
	const struct policy_version *parts; /* part_count of them, and nothing else */
	struct diag *diag;
	bool by_stream, by_team;
	json_t *bodies[MAX_PARTS];
	json_t *rules; /* that come of it */
};

static size_t part_count(const struct splitting *s)
{
	return s->parts->part_count;
}

/* The part that items of this stream (or team) belong to, whatever their team (or stream); the number of
 * parts: that depends. */
static size_t owner_of(const struct splitting *s, bool stream, struct str word)
{
	size_t last = part_count(s) - 1;

	for (size_t i = 0; i < last; i++) {
		const struct policy_part *part = &s->parts->parts[i];

		if (stream ? has_word(part->streams, part->stream_count, word)
			   : has_word(part->teams, part->team_count, word))
			return i;
		if (stream ? part->team_count : part->stream_count)
			return part_count(s);
	}
	return last;
}

enum relation { RULE_ACROSS, RULE_INSIDE, RULE_OUTSIDE };

/* Of the items that fulfil one test: they are all of this part, none is, or some may be. */
static enum relation relation_of_test(const struct splitting *s, const json_t *test, size_t part)
{
	const char *fact = json_string_value(json_object_get(test, "fact"));
	const json_t *list = json_object_get(test, "in"), *one = json_object_get(test, "eq");
	bool stream = fact && strcmp(fact, "stream") == 0;
	size_t count = list ? json_array_size(list) : 1, inside = 0;

	if (!fact || (!stream && strcmp(fact, "team") != 0) || (!list && !one))
		return RULE_ACROSS;
	for (size_t i = 0; i < count; i++) {
		const json_t *value = list ? json_array_get(list, i) : one;
		struct str word = {json_string_value(value), json_string_length(value)};
		size_t owner = owner_of(s, stream, word);

		if (owner == part_count(s))
			return RULE_ACROSS;
		inside += owner == part;
	}
	if (inside > 0 && inside < count)
		return RULE_ACROSS;
	return inside > 0 ? RULE_INSIDE : RULE_OUTSIDE;
}

/* By the predicate, or by one of those that all have to be fulfilled. */
static enum relation relation_of(const struct splitting *s, const json_t *when, size_t part)
{
	const json_t *all = json_object_get(when, "all");
	enum relation relation = relation_of_test(s, when, part);

	for (size_t i = 0; relation == RULE_ACROSS && i < json_array_size(all); i++)
		relation = relation_of_test(s, json_array_get(all, i), part);
	return relation;
}

/* ---- binding ---- */

static int add_test(json_t *list, const char *fact, const struct str *words, size_t count)
{
	json_t *test;

	if (count == 0)
		return 0;
	test = wrapped("in", words_list(words, count));
	if (json_object_set_new(test, "fact", json_string(fact)) == 0)
		return json_array_append_new(list, test);
	json_decref(test);
	return -1;
}

/* Items that one of the parts [begin, end) names. */
static json_t *named_by(const struct splitting *s, size_t begin, size_t end)
{
	json_t *any = json_array(), *only;
	int failed = !any;

	for (size_t i = begin; i < end; i++) {
		const struct policy_part *part = &s->parts->parts[i];

		failed |= add_test(any, "stream", part->streams, part->stream_count);
		failed |= add_test(any, "team", part->teams, part->team_count);
	}
	if (!failed && json_array_size(any) > 1)
		return wrapped("any", any);
	only = failed ? NULL : json_incref(json_array_get(any, 0));
	json_decref(any);
	return only;
}

/* The rule's own predicate, and before it what makes an item one of the part. An item is of the first part
 * that names it; where all name streams, or all teams, no item is named twice. */
static json_t *bound_when(const struct splitting *s, json_t *when, size_t part)
{
	json_t *all = json_array(), *own = json_object_get(when, "all");
	bool last = part + 1 == part_count(s);
	int failed = !all;

	if (!last)
		failed |= json_array_append_new(all, named_by(s, part, part + 1));
	if (part > 0 && (last || (s->by_stream && s->by_team)))
		failed |= json_array_append_new(all, wrapped("not", named_by(s, 0, part)));
	if (own)
		failed |= json_array_extend(all, own);
	else
		failed |= json_array_append(all, when);
	if (!failed)
		return wrapped("all", all);
	json_decref(all);
	return NULL;
}

static bool counts_places(const json_t *rule)
{
	const char *effect = json_string_value(json_object_get(rule, "effect"));

	return effect && (strcmp(effect, "limit") == 0 || strcmp(effect, "share") == 0);
}

/* Each of its groups is of one part. */
static bool groups_fit(const struct splitting *s, const json_t *rule)
{
	const char *per = json_string_value(json_object_get(rule, "per"));

	return per && ((strcmp(per, "stream") == 0 && !s->by_team) ||
			      (strcmp(per, "team") == 0 && !s->by_stream));
}

/* "<id>-v<version>", so that whatever names the rule names the version. False without a fault: memory. */
static bool add_bound(struct splitting *s, size_t part, json_t *rule, enum relation relation)
{
	const char *id = json_string_value(json_object_get(rule, "id"));
	char name[CATALOG_MAX_NAME + 1];
	json_t *copy;
	int failed = 0;

	if (snprintf(name, sizeof name, "%s-v%lld", id, (long long)s->parts->parts[part].policy) >=
		(int)sizeof name) {
		diag_add(s->diag, diag_index(s->diag, "/split", part),
			"The rule \"%s\" would have the version behind its id, which is too long "
			"for that.",
			id);
		return false;
	}
	copy = json_copy(rule);
	failed |= json_object_set_new(copy, "id", json_string(name));
	if (relation == RULE_ACROSS)
		failed |= json_object_set_new(
			copy, "when", bound_when(s, json_object_get(rule, "when"), part));
	if (!failed)
		return json_array_append_new(s->rules, copy) == 0;
	json_decref(copy);
	return false;
}

static bool add_of_part(struct splitting *s, size_t part, json_t *rule)
{
	enum relation relation = relation_of(s, json_object_get(rule, "when"), part);

	if (relation == RULE_OUTSIDE)
		return true;
	if (relation == RULE_INSIDE || !counts_places(rule) || groups_fit(s, rule))
		return add_bound(s, part, rule, relation);
	diag_add(s->diag, diag_index(s->diag, "/split", part),
		"The rule \"%s\" of version %lld counts places of the whole queue, and means "
		"nothing on a part. Have the same rule in all versions, or let it look at the "
		"part's streams alone.",
		json_string_value(json_object_get(rule, "id")),
		(long long)s->parts->parts[part].policy);
	return false;
}

static json_t *rules_of(const struct splitting *s, size_t part)
{
	return json_object_get(s->bodies[part], "rules");
}

static bool has_rule(const struct splitting *s, size_t part, const json_t *rule)
{
	for (size_t i = 0; i < json_array_size(rules_of(s, part)); i++) {
		if (json_equal(json_array_get(rules_of(s, part), i), rule))
			return true;
	}
	return false;
}

static bool in_all(const struct splitting *s, const json_t *rule)
{
	for (size_t i = 0; i < part_count(s); i++) {
		if (!has_rule(s, i, rule))
			return false;
	}
	return true;
}

static bool add_rules(struct splitting *s, size_t part)
{
	bool ok = true;

	for (size_t i = 0; i < json_array_size(rules_of(s, part)); i++) {
		json_t *rule = json_array_get(rules_of(s, part), i);

		if (!in_all(s, rule))
			ok &= add_of_part(s, part, rule);
		else if (part == 0)
			ok &= json_array_append(s->rules, rule) == 0;
	}
	return ok;
}

static bool open_bodies(struct splitting *s, const struct catalog *catalog)
{
	for (size_t i = 0; i < part_count(s); i++) {
		const struct policy_part *part = &s->parts->parts[i];
		const struct policy_version *policy = catalog_policy(catalog, part->policy);

		s->by_stream |= part->stream_count > 0;
		s->by_team |= part->team_count > 0;
		if (json_parse(policy->body, 1, "", s->diag, &s->bodies[i]) != ERR_OK)
			return false;
	}
	return true;
}

/* The client's document with the rules that come of it. */
static json_t *put_together(struct splitting *s, const json_t *json, const struct catalog *catalog)
{
	json_t *document = json_copy((json_t *)(uintptr_t)json);
	bool ok;

	s->rules = json_array();
	ok = s->rules && document && open_bodies(s, catalog);
	for (size_t i = 0; s->bodies[part_count(s) - 1] && i < part_count(s); i++)
		ok &= add_rules(s, i);
	ok = ok && json_object_set(document, "rules", s->rules) == 0;
	json_decref(s->rules);
	for (size_t i = 0; i < part_count(s); i++)
		json_decref(s->bodies[i]);
	if (ok)
		return document;
	json_decref(document);
	return NULL;
}

bool policy_parts_are_sensitive(const json_t *json, const struct catalog *now)
{
	const json_t *list = json_object_get(json, "split");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *version = json_object_get(json_array_get(list, i), "policy");
		const struct policy_version *policy =
			catalog_policy(now, json_integer_value(version));

		if (policy && policy_is_sensitive(policy, now))
			return true;
	}
	return false;
}

json_t *policy_from_split(const json_t *json, const struct catalog *catalog, struct diag *diag)
{
	static const char *const keys[] = {"name", "description", "split", NULL};
	struct policy_version parts = {0};
	struct splitting splitting = {.parts = &parts, .diag = diag};
	bool ok = json_only_keys(json, keys, "", diag);

	ok &= policy_parts_read(
		json_object_get(json, "split"), catalog, false, diag->arena, diag, &parts);
	return ok ? put_together(&splitting, json, catalog) : NULL;
}
