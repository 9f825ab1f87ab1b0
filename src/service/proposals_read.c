/*
 * What a proposal is at a moment, and reading proposals: its rows tell what was done, the catalogue and the
 * clock what that comes to now.
 */
#include "service/proposal_parts.h"

#include "service/approval.h"
#include "service/catalogs.h"
#include "service/documents.h"
#include "service/reading.h"

const char *proposal_state_name(enum proposal_state state)
{
	static const char *const names[] = {
		[PROPOSAL_OPEN] = "open",
		[PROPOSAL_APPROVED] = "approved",
		[PROPOSAL_APPLIED] = "applied",
		[PROPOSAL_BYPASSED] = "bypassed",
		[PROPOSAL_REJECTED] = "rejected",
		[PROPOSAL_WITHDRAWN] = "withdrawn",
		[PROPOSAL_EXPIRED] = "expired",
		[PROPOSAL_STALE] = "stale",
	};

	return names[state];
}

/* ---- what a proposal is at a moment ---- */

const struct approval_rule *proposal_rule(const struct catalog *catalog, struct str change)
{
	return &catalog->approval.of[approval_change_named(change)];
}

/* The revision of what a change would replace. */
int64_t proposal_base(const struct catalog *catalog, enum approval_change change, struct str name)
{
	struct approval_target target = approval_target_of(change);

	return document_revision(catalog, target.kind, target.name.ptr ? target.name : name);
}

/* Rules may have come to name others since. */
static int64_t count_admitted(const struct proposal *proposal, const struct approval_rule *rule)
{
	int64_t count = 0;

	if (rule->from_count == 0)
		return (int64_t)proposal->approval_count;
	for (size_t i = 0; i < proposal->approval_count; i++)
		count += actor_is_named(&proposal->approvals[i].line, rule->from, rule->from_count);
	return count;
}

bool proposal_is_agreed(const struct proposal *proposal, const struct catalog *catalog)
{
	if (count_admitted(proposal, proposal_rule(catalog, proposal->row.change)) <
		proposal->needed)
		return false;
	if (approval_change_named(proposal->row.change) != APPROVE_RULES)
		return true;
	/* Whoever is named by a rule is asked before that rule is changed. */
	for (int change = 0; change < APPROVE_RULES; change++) {
		const struct approval_rule *rule = &catalog->approval.of[change];

		if (rule->from_count > 0 && count_admitted(proposal, rule) < rule->approvers)
			return false;
	}
	return true;
}

static bool is_as_it_was(const struct proposal_row *row, const struct catalog *catalog)
{
	enum approval_change change = approval_change_named(row->change);
	struct sha256 digest;

	/* Whether an item has changed is found when its override is to be made. */
	if (change != APPROVE_OVERRIDE && proposal_base(catalog, change, row->name) != row->base)
		return false;
	return proposal_digest(row, catalog, &digest) && sha256_same(&digest, &row->digest);
}

static enum proposal_state state_of(
	const struct proposal *proposal, const struct catalog *catalog, int64_t now_us)
{
	const struct proposal_row *row = &proposal->row;

	if (row->ended_revision > 0) {
		for (int state = PROPOSAL_APPLIED; state <= PROPOSAL_EXPIRED; state++) {
			if (str_is(row->state, proposal_state_name((enum proposal_state)state)))
				return (enum proposal_state)state;
		}
	}
	if (row->expires_us <= now_us)
		return PROPOSAL_EXPIRED;
	if (!is_as_it_was(row, catalog))
		return PROPOSAL_STALE;
	return proposal_is_agreed(proposal, catalog) ? PROPOSAL_APPROVED : PROPOSAL_OPEN;
}

void proposal_look_at(struct proposal *proposal, const struct catalog *catalog, int64_t now_us)
{
	const struct approval_rule *rule = proposal_rule(catalog, proposal->row.change);

	proposal->needed = proposal->row.needed;
	if (rule->required && rule->approvers > proposal->needed)
		proposal->needed = rule->approvers;
	proposal->state = state_of(proposal, catalog, now_us);
}

enum error proposal_read_whole(
	const struct call *call, struct conn *conn, const struct uuid *id, struct proposal *out)
{
	enum error error;

	*out = (struct proposal){.approvals = NULL};
	error = proposal_read(conn, &call->workspace, id, call->arena, &out->row);
	if (error)
		return error;
	return proposal_approvals_of(
		conn, &call->workspace, id, 1, call->arena, &out->approvals, &out->approval_count);
}

/* ---- reading ---- */

static enum error catalog_in(const struct reading *reading, struct catalog **out)
{
	return catalogs_at(reading->call->service->catalogs, reading->conn,
		&reading->call->workspace, reading->head.config_revision, out);
}

enum error proposal_get(const struct call *call, const struct uuid *id, struct proposal *out,
	struct catalog **catalog, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	*catalog = NULL;
	if (error)
		return error;
	error = proposal_read_whole(call, reading.conn, id, out);
	if (!error)
		error = catalog_in(&reading, catalog);
	*revision = reading.head.revision;
	reading_end(&reading);
	if (!error)
		proposal_look_at(out, *catalog, clock_now_us(call->service->clock));
	return error;
}

/* Approvals come by revision, each proposal's in its order. */
static enum error take_approvals(
	const struct call *call, struct conn *conn, struct proposal *proposals, size_t count)
{
	struct uuid *ids = arena_array(call->arena, count, sizeof *ids);
	struct proposal_approval_row *rows;
	size_t found;
	enum error error;

	if (!ids)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		ids[i] = proposals[i].row.id;
	error = proposal_approvals_of(
		conn, &call->workspace, ids, count, call->arena, &rows, &found);
	for (size_t i = 0; !error && i < count; i++) {
		struct proposal *proposal = &proposals[i];

		proposal->approvals = arena_array(
			call->arena, PROPOSAL_MAX_APPROVALS, sizeof *proposal->approvals);
		if (!proposal->approvals)
			return ERR_NO_MEMORY;
		for (size_t k = 0; k < found; k++) {
			if (uuid_cmp(&rows[k].proposal, &proposal->row.id) == 0 &&
				proposal->approval_count < PROPOSAL_MAX_APPROVALS)
				proposal->approvals[proposal->approval_count++] = rows[k];
		}
	}
	return error;
}

static enum error read_list(const struct call *call, struct conn *conn, struct str state,
	int64_t before, size_t limit, struct proposal **out, size_t *count)
{
	struct proposal_row *rows;
	enum error error = proposals_list(
		conn, &call->workspace, state, before, limit, call->arena, &rows, count);

	if (error)
		return error;
	*out = arena_array(call->arena, *count, sizeof **out);
	if (!*out)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < *count; i++)
		(*out)[i].row = rows[i];
	return take_approvals(call, conn, *out, *count);
}

enum error proposal_list(const struct call *call, struct str state, int64_t before, size_t limit,
	struct proposal **out, size_t *count, struct catalog **catalog, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	*catalog = NULL;
	*count = 0;
	if (error)
		return error;
	error = read_list(call, reading.conn, state, before, limit, out, count);
	if (!error)
		error = catalog_in(&reading, catalog);
	*revision = reading.head.revision;
	reading_end(&reading);
	for (size_t i = 0; !error && i < *count; i++)
		proposal_look_at(&(*out)[i], *catalog, clock_now_us(call->service->clock));
	return error;
}
