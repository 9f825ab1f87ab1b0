/*
 * The gate before a direct write, and the question whether two tokens are two people.
 */
#include "service/approval.h"

#include <string.h>

#include "codec/population.h"
#include "service/principal.h"

enum { LINE_MAX = 32 }; /* tokens made by tokens; longer lines are cut */

struct approval_target approval_target_of(enum approval_change change)
{
	static const struct approval_target targets[APPROVAL_CHANGES] = {
		[APPROVE_MODEL] = {"alias", {"active", 6}},
		[APPROVE_POLICY] = {"policy_alias", {"active", 6}},
		[APPROVE_FEATURE] = {"feature", {NULL, 0}},
		[APPROVE_SETTINGS] = {"settings", {"workspace", 9}},
		[APPROVE_OVERRIDE] = {"override", {NULL, 0}},
		[APPROVE_CALENDAR] = {"calendar", {NULL, 0}},
		[APPROVE_BUSINESS_HOURS] = {"business_hours", {NULL, 0}},
		[APPROVE_SLAS] = {"slas", {"workspace", 9}},
		[APPROVE_CONTRACT] = {"contract_alias", {"active", 6}},
		[APPROVE_LAUNCH] = {"launch", {NULL, 0}},
		[APPROVE_MAPPING] = {"mapping", {NULL, 0}},
		[APPROVE_RULES] = {"approval_rules", {"workspace", 9}},
	};

	return targets[change];
}

uint32_t approval_direct_roles(struct str change)
{
	enum approval_change which = approval_change_named(change);

	return which == APPROVE_OVERRIDE || which == APPROVE_LAUNCH ? ROLE_REVIEWER | ROLE_ADMIN
								    : ROLE_ADMIN;
}

enum error approval_guard(
	const struct catalog *catalog, const char *kind, struct str name, struct diag *diag)
{
	for (int change = 0; change < APPROVAL_CHANGES; change++) {
		const struct approval_rule *rule = &catalog->approval.of[change];
		struct approval_target target = approval_target_of((enum approval_change)change);
		const char *word = approval_change_name((enum approval_change)change);

		if (!rule->required || strcmp(target.kind, kind) != 0 ||
			(target.name.ptr && !str_eq(target.name, name)))
			continue;
		if (change == APPROVE_OVERRIDE && !(rule->kinds >> override_kind_index(name) & 1))
			continue;
		diag_add(diag, "",
			"In this workspace %u other%s must approve this: propose it, by POST "
			"…/proposals with \"change\": \"%s\".",
			rule->approvers, rule->approvers == 1 ? "" : "s", word);
		return ERR_APPROVAL_REQUIRED;
	}
	return ERR_OK;
}

/* ---- who is who ---- */

/* The token that made it; false: no token did, or it is not there. */
static bool maker_of(const struct token_row *token, struct uuid *out)
{
	const size_t prefix = sizeof "token:" - 1;
	struct str by = token->created_by;

	return by.len > prefix && memcmp(by.ptr, "token:", prefix) == 0 &&
	       uuid_from_text((struct str){by.ptr + prefix, by.len - prefix}, out);
}

/* *own counts the first of them that are no operator's: those behind are who set the workspace up. */
static enum error read_line(
	const struct call *call, struct conn *conn, struct uuid *ids, size_t *count, size_t *own)
{
	struct token_row token;
	struct uuid next = call->principal->token_id;
	bool more = true;

	*count = 0;
	*own = 0;
	while (more && *count < LINE_MAX) {
		enum error error = token_find(conn, &next, call->arena, &token);

		if (error && error != ERR_NOT_FOUND)
			return error;
		ids[(*count)++] = next;
		if (error || uuid_cmp(&token.workspace, &system_workspace) != 0)
			*own = *count;
		more = !error && maker_of(&token, &next);
	}
	return ERR_OK;
}

enum error actor_line_of(const struct call *call, struct actor_line *out)
{
	struct uuid *ids = arena_array(call->arena, LINE_MAX, sizeof *ids);
	const char *person = NULL;
	struct conn *conn;
	enum error error;

	*out = (struct actor_line){.person = STR_NONE};
	if (!call->principal)
		return ERR_FORBIDDEN;
	if (call->principal->person.ptr)
		person = arena_strdup(call->arena, call->principal->person);
	if (!ids || (call->principal->person.ptr && !person))
		return ERR_NO_MEMORY;
	error = store_acquire(call->service->store, &conn);
	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = read_line(call, conn, ids, &out->count, &out->own);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	out->ids = ids;
	out->person = person ? str_from(person) : STR_NONE;
	return error;
}

static bool line_has(const struct actor_line *line, const struct uuid *id)
{
	for (size_t i = 0; i < line->count; i++) {
		if (uuid_cmp(&line->ids[i], id) == 0)
			return true;
	}
	return false;
}

/* Of the line of which that is known. */
static bool share_a_maker(const struct actor_line *known, const struct actor_line *other)
{
	for (size_t i = 1; i < known->own; i++) {
		if (line_has(other, &known->ids[i]))
			return true;
	}
	return false;
}

bool actors_may_be_one(const struct actor_line *a, const struct actor_line *b)
{
	if (a->count == 0 || b->count == 0)
		return true; /* nothing is known */
	if (line_has(a, &b->ids[0]) || line_has(b, &a->ids[0]))
		return true;
	if (!a->person.ptr && !b->person.ptr)
		return share_a_maker(a, b) || share_a_maker(b, a);
	return a->person.ptr && b->person.ptr && str_eq(a->person, b->person);
}

bool actor_is_named(const struct actor_line *actor, const struct str *names, size_t count)
{
	char id[UUID_TEXT_SIZE];

	if (actor->count == 0)
		return false;
	uuid_to_text(&actor->ids[0], id);
	for (size_t i = 0; i < count; i++) {
		if (str_is(names[i], id) || (actor->person.ptr && str_eq(names[i], actor->person)))
			return true;
	}
	return false;
}

static bool names_have(const struct str *names, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(names[i], name))
			return true;
	}
	return false;
}

bool approval_names_person(const struct approval_rules *rules, struct str person)
{
	for (int change = 0; change < APPROVAL_CHANGES; change++) {
		const struct approval_rule *rule = &rules->of[change];

		if (names_have(rule->from, rule->from_count, person))
			return true;
	}
	return names_have(rules->bypass, rules->bypass_count, person);
}
