/*
 * Which changes take other people's approval, how many of them, and who may do without.
 */

#include "codec/catalog_internal.h"
#include "codec/json.h"
#include "codec/population.h"

enum {
	MAX_APPROVERS = 10,
	MAX_DAYS = 90,
	DEFAULT_DAYS = 14,
	MAX_ACTORS = 100,
	MAX_ACTOR = 64, /* a token's id has 36 bytes, a person's at most 64 */
};

static const char *const change_names[] = {
	[APPROVE_MODEL] = "model",
	[APPROVE_POLICY] = "policy",
	[APPROVE_FEATURE] = "feature",
	[APPROVE_SETTINGS] = "settings",
	[APPROVE_OVERRIDE] = "override",
	[APPROVE_CALENDAR] = "calendar",
	[APPROVE_BUSINESS_HOURS] = "business_hours",
	[APPROVE_SLAS] = "slas",
	[APPROVE_CONTRACT] = "contract",
	[APPROVE_LAUNCH] = "launch",
	[APPROVE_MAPPING] = "mapping",
	[APPROVE_RULES] = "approval_rules",
};

/* What a rule may be about: the rule of the rules follows from the others. */
static const char *const rule_names[] = {"model", "policy", "feature", "settings", "override",
	"calendar", "business_hours", "slas", "contract", "launch", "mapping", NULL};
static const char *const apply_names[] = {"at_once", "by_hand", NULL};

enum approval_change approval_change_named(struct str name)
{
	int change = 0;

	while (change < APPROVAL_CHANGES && !str_is(name, change_names[change]))
		change++;
	return (enum approval_change)change;
}

const char *approval_change_name(enum approval_change change)
{
	return change_names[change];
}

/* Of an override all kinds unless given; nothing else has any. */
static bool read_kinds(const json_t *json, const char *pointer, struct arena *arena,
	struct diag *diag, int change, struct approval_rule *out)
{
	const char *place = diag_key(diag, pointer, "kinds");
	const struct str *kinds;
	size_t count;
	bool ok = json_read_texts(
		json, "kinds", MAX_ACTORS, MAX_ACTOR, pointer, diag, arena, &kinds, &count);

	if (!ok)
		return false;
	if (count > 0 && change != APPROVE_OVERRIDE) {
		diag_add(diag, place, "Only overrides have kinds.");
		return false;
	}
	out->kinds = count == 0 ? UINT32_MAX : 0;
	for (size_t i = 0; i < count; i++) {
		int kind = override_kind_index(kinds[i]);

		if (kind >= 0) {
			out->kinds |= UINT32_C(1) << kind;
			continue;
		}
		diag_add(diag, diag_index(diag, place, i),
			"An override is a pin, boost, band, before, exclude or defer.");
		ok = false;
	}
	return ok;
}

static bool read_rule(const json_t *json, const char *pointer, struct arena *arena,
	struct diag *diag, struct approval_rules *out)
{
	static const char *const keys[] = {
		"change", "approvers", "expires_days", "apply", "from", "kinds", NULL};
	struct approval_rule rule = {.required = true};
	int64_t approvers, days;
	int change, apply;
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, pointer, "A rule is an object with change and approvers.");
		return false;
	}
	ok = json_only_keys(json, keys, pointer, diag);
	ok &= catalog_read_choice(json, "change", rule_names, -1, pointer, diag, &change);
	ok &= catalog_read_choice(json, "apply", apply_names, 0, pointer, diag, &apply);
	ok &= json_read_int(
		json, "approvers", 1, MAX_APPROVERS, false, 1, pointer, diag, &approvers);
	ok &= json_read_int(
		json, "expires_days", 1, MAX_DAYS, false, DEFAULT_DAYS, pointer, diag, &days);
	ok &= json_read_texts(json, "from", MAX_ACTORS, MAX_ACTOR, pointer, diag, arena, &rule.from,
		&rule.from_count);
	if (!ok || !read_kinds(json, pointer, arena, diag, change, &rule))
		return false;
	rule.approvers = (unsigned)approvers;
	rule.expires_days = (unsigned)days;
	rule.by_hand = apply == 1;
	if (out->of[change].required) {
		diag_add(diag, diag_key(diag, pointer, "change"),
			"There is another rule of this change before.");
		return false;
	}
	if (rule.from_count > 0 && rule.from_count < rule.approvers) {
		diag_add(diag, diag_key(diag, pointer, "from"),
			"%zu can never be the %u that are needed.", rule.from_count,
			rule.approvers);
		return false;
	}
	out->of[change] = rule;
	return true;
}

/* Whoever could change the rules alone would need none of them: as many as the strictest rule asks for. Whom
 * the rules name has to be among them (approval.h), for each rule by itself. */
static void rule_of_rules(struct approval_rules *rules)
{
	struct approval_rule *out = &rules->of[APPROVE_RULES];

	for (int change = 0; change < APPROVE_RULES; change++) {
		const struct approval_rule *rule = &rules->of[change];

		if (rule->required && (!out->required || rule->approvers > out->approvers))
			*out = *rule;
	}
	out->by_hand = false;
	out->kinds = 0;
	out->from = NULL;
	out->from_count = 0;
}

bool approval_rules_read(
	const json_t *json, struct arena *arena, struct diag *diag, struct approval_rules *out)
{
	static const char *const keys[] = {"rules", "bypass", NULL};
	const json_t *list = json_object_get(json, "rules");
	bool ok;

	if (!json_is_object(json)) {
		diag_add(diag, "", "An object with rules and bypass is expected.");
		return false;
	}
	ok = json_only_keys(json, keys, "", diag);
	ok &= json_read_texts(json, "bypass", MAX_ACTORS, MAX_ACTOR, "", diag, arena, &out->bypass,
		&out->bypass_count);
	if (!json_is_array(list) || json_array_size(list) > APPROVE_RULES) {
		diag_add(diag, "/rules", "This must be a list of at most %d rules; none: [].",
			(int)APPROVE_RULES);
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		ok &= read_rule(
			json_array_get(list, i), diag_index(diag, "/rules", i), arena, diag, out);
	rule_of_rules(out);
	return ok;
}

enum error approval_rules_parse(
	const json_t *json, struct arena *arena, struct diag *diag, struct str *body)
{
	struct approval_rules rules = {.body = STR_NONE};
	bool ok = approval_rules_read(json, arena, diag, &rules);
	enum error err = catalog_verdict(ok, diag);

	return err ? err : catalog_body(json_deep_copy(json), arena, body);
}
