/*
 * Proposals: made, decided and applied under the workspace's lock. An approval counts when it is of what is
 * there now, by somebody who is neither the proposer nor counted already.
 */
#include "service/proposal_parts.h"

#include <string.h>

#include "codec/json_writer.h"
#include "service/approval.h"
#include "service/catalogs.h"
#include "service/documents.h"
#include "service/kept.h"
#include "service/overrides.h"
#include "service/rationale.h"

/* ---- the frame of every write ---- */

struct deciding {
	const struct proposal_request *request; /* of a new one */
	const struct proposal_decision *decision;
	const struct proposal_judge *judge;
	struct actor_line line; /* the caller's */
	struct proposal *out;
	struct catalog *catalog; /* that the attempt met; a reference */
};

static enum error meet_catalog(struct write *write, struct deciding *deciding)
{
	catalog_unref(deciding->catalog);
	deciding->catalog = NULL;
	return catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, &deciding->catalog);
}

/* The proposal as it is under the lock. */
static enum error meet(struct write *write, struct deciding *deciding)
{
	enum error error = meet_catalog(write, deciding);

	if (!error)
		error = proposal_read_whole(
			write->call, tx_conn(write->tx), &deciding->decision->id, deciding->out);
	if (!error)
		proposal_look_at(deciding->out, deciding->catalog, write->change.at_us);
	return error;
}

/* The same answer as then: the rows tell all but what the state was. */
static enum error recall(struct write *write, struct kept *kept, void *arg)
{
	struct deciding *deciding = arg;
	struct uuid id = kept_uuid(kept);
	int64_t state = kept_int(kept), needed = kept_int(kept), approvals = kept_int(kept);
	enum error error = proposal_read_whole(write->call, tx_conn(write->tx), &id, deciding->out);

	deciding->out->state = (enum proposal_state)state;
	deciding->out->needed = needed;
	if (deciding->out->approval_count > (size_t)approvals)
		deciding->out->approval_count = (size_t)approvals;
	return error;
}

static enum error run(const struct call *call, struct deciding *deciding,
	enum error (*body)(struct write *write, void *arg), struct written *written)
{
	const struct write_steps steps = {body, recall};
	enum error error;

	if (deciding->decision)
		rationale_check(deciding->decision->rationale, "/rationale", call->diag);
	if (call->diag->count)
		return ERR_INVALID;
	error = actor_line_of(call, &deciding->line);
	if (error)
		return error;
	error = write_once(call, &call->workspace, &steps, deciding, written);
	catalog_unref(deciding->catalog);
	return error;
}

static void write_actors(struct json_writer *json, const struct proposal *proposal)
{
	json_key(json, "approvers");
	json_array_begin(json);
	for (size_t i = 0; i < proposal->approval_count; i++)
		json_str(json, proposal->approvals[i].approver);
	json_array_end(json);
}

/* Canonical: keys in byte order. No rationale: that is personal text. */
static void write_detail(struct buf *out, const struct proposal *proposal)
{
	char hex[SHA256_HEX_SIZE];
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	write_actors(&json, proposal);
	json_put(&json, "change", str, proposal->row.change);
	json_put(&json, "digest", text, sha256_to_hex(&proposal->row.digest, hex));
	json_put(&json, "name", str, proposal->row.name);
	json_put(&json, "needed", int, proposal->needed);
	json_put(&json, "proposer", str, proposal->row.author);
	if (proposal->row.result.ptr)
		json_put(&json, "result", str, proposal->row.result);
	json_object_end(&json);
}

static enum error finish(struct write *write, const char *action, const struct proposal *proposal)
{
	struct buf detail = BUF_INIT;
	char id[UUID_TEXT_SIZE];
	const char *subject = arena_printf(
		write->call->arena, "proposal:%s", uuid_to_text(&proposal->row.id, id));
	enum error error;

	kept_put_uuid(&write->kept, &proposal->row.id);
	kept_put_int(&write->kept, proposal->state);
	kept_put_int(&write->kept, proposal->needed);
	kept_put_int(&write->kept, (int64_t)proposal->approval_count);
	write_detail(&detail, proposal);
	error = subject && !detail.failed ? write_finish(write, action, subject, buf_view(&detail))
					  : ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

/* ---- making ---- */

static void fill_row(struct write *write, const struct deciding *deciding)
{
	const struct proposal_change *change = &deciding->request->change;
	const struct approval_rule *rule = &deciding->catalog->approval.of[change->change];
	const struct principal *principal = write->call->principal;
	int64_t days = rule->required ? rule->expires_days : PROPOSAL_DEFAULT_DAYS;

	*deciding->out = (struct proposal){
		.needed = rule->required ? rule->approvers : 1,
		.state = PROPOSAL_OPEN,
	};
	deciding->out->row = (struct proposal_row){
		.revision = write->change.revision,
		.change = str_from(approval_change_name(change->change)),
		.name = change->name,
		.body = change->body,
		.base = proposal_base(deciding->catalog, change->change, change->name),
		.effect = deciding->request->effect,
		.needed = deciding->out->needed,
		.made_us = write->change.at_us,
		.expires_us = write->change.at_us + days * 86400 * US_PER_S,
		.author = str_from(call_actor(write->call)),
		.author_kind = str_from(actor_kind_name(principal->actor_kind)),
		.line = deciding->line,
		.rationale = deciding->request->rationale,
		.ended_us = TIME_NONE,
	};
	uuid_random(&deciding->out->row.id);
}

/* Each open one is shown, judged and watched: a few of one token, and no more of all than can be held. */
static enum error check_room(struct write *write, const struct proposal_row *row)
{
	struct proposals_open open;
	enum error error = proposals_count_open(tx_conn(write->tx), &write->call->workspace,
		row->author, write->change.at_us, &open);

	if (error)
		return error;
	if (open.of_author >= PROPOSAL_MAX_OPEN) {
		diag_add(write->call->diag, "",
			"This token has %d open proposals, as many as one may: withdraw some.",
			PROPOSAL_MAX_OPEN);
		return ERR_CONFLICT;
	}
	if (open.bytes + (int64_t)(row->body.len + row->effect.len) <= PROPOSAL_MAX_OPEN_BYTES)
		return ERR_OK;
	diag_add(write->call->diag, "",
		"The workspace's open proposals have %d MiB at most: some have to be decided "
		"first.",
		PROPOSAL_MAX_OPEN_BYTES >> 20);
	return ERR_CONFLICT;
}

/* What a new override's proposal is against: the item as it was. */
static enum error item_base(
	struct write *write, const struct override_input *input, int64_t *revision)
{
	struct item_row *items;
	size_t found;
	enum error error = items_by_id(tx_conn(write->tx), &write->call->workspace, &input->item, 1,
		write->call->arena, &items, &found);

	*revision = !error && found > 0 ? items[0].record.revision : 0;
	return error;
}

static enum error create_body(struct write *write, void *arg)
{
	struct deciding *deciding = arg;
	struct proposal_change change = deciding->request->change;
	struct proposal_documents documents;
	enum error error = meet_catalog(write, deciding);

	if (error)
		return error;
	change.rationale = deciding->request->rationale;
	error = deciding->judge->judge(
		deciding->judge->self, write, &change, deciding->catalog, &documents);
	/* Behind the judge, which takes what it finds in the list for its own. */
	rationale_check(deciding->request->rationale, "/rationale", write->call->diag);
	if (error || write->call->diag->count)
		return error ? error : ERR_INVALID;
	fill_row(write, deciding);
	if (documents.override)
		error = item_base(write, documents.override, &deciding->out->row.base);
	if (error)
		return error;
	if (documents.revoked)
		deciding->out->row.base = documents.revoked->revision;
	if (!proposal_digest(&deciding->out->row, deciding->catalog, &deciding->out->row.digest))
		return ERR_NO_MEMORY;
	error = check_room(write, &deciding->out->row);
	if (!error)
		error = proposal_append(&write->change, &deciding->out->row);
	return error ? error : finish(write, "proposal.create", deciding->out);
}

enum error proposal_create(const struct call *call, const struct proposal_request *request,
	const struct proposal_judge *judge, struct proposal *out, struct written *written)
{
	struct deciding deciding = {.request = request, .judge = judge, .out = out};

	return run(call, &deciding, create_body, written);
}

/* ---- applying ---- */

static enum error refuse(const struct write *write, enum error error, const char *detail)
{
	diag_add(write->call->diag, "", "%s", detail);
	return error;
}

static enum error add_override(
	struct write *write, const struct deciding *deciding, struct proposal_documents *documents)
{
	struct override_row row;
	char id[UUID_TEXT_SIZE];
	int64_t base;
	enum error error = item_base(write, documents->override, &base);

	if (!error && base != deciding->out->row.base)
		return refuse(
			write, ERR_STALE_PROPOSAL, "The item has changed since: propose it anew.");
	if (!error)
		error = override_add(write, deciding->catalog, documents->override, &row);
	if (!error)
		documents->result =
			arena_printf(write->call->arena, "override:%s", uuid_to_text(&row.id, id));
	return error ? error : documents->result ? ERR_OK : ERR_NO_MEMORY;
}

/* It is the proposer's word, as one that is made is. */
static enum error end_override(
	struct write *write, const struct proposal *proposal, struct override_row *override)
{
	const char *by = arena_strdup(write->call->arena, proposal->row.author);

	return by ? override_end(write, override, by) : ERR_NO_MEMORY;
}

static enum error apply(struct write *write, struct deciding *deciding, enum proposal_state state)
{
	struct proposal *proposal = deciding->out;
	const struct proposal_change change = {approval_change_named(proposal->row.change),
		proposal->row.name, proposal->row.body, proposal->row.rationale,
		proposal->row.author};
	struct proposal_documents documents = {.count = 0};
	enum error error = deciding->judge->judge(
		deciding->judge->self, write, &change, deciding->catalog, &documents);

	for (size_t i = 0; !error && i < documents.count; i++) {
		const struct document *document = &documents.documents[i];
		const char *kind = arena_strdup(write->call->arena, document->kind);

		error = kind ? document_add(write, deciding->catalog, kind, document->name,
				       document->body)
			     : ERR_NO_MEMORY;
	}
	if (error)
		return error;
	if (documents.override)
		error = add_override(write, deciding, &documents);
	if (!error && documents.revoked)
		error = end_override(write, proposal, documents.revoked);
	if (error)
		return error;
	proposal->state = state;
	proposal->row.ended_revision = write->change.revision;
	proposal->row.state = str_from(proposal_state_name(state));
	proposal->row.ended_us = write->change.at_us;
	proposal->row.ended_by = str_from(call_actor(write->call));
	proposal->row.result = str_from(documents.result);
	return proposal_end_append(&write->change, &proposal->row);
}

/* ---- deciding ---- */

/* Whether there is still something to decide, and it is what was seen. */
static enum error check_open(struct write *write, const struct deciding *deciding)
{
	const struct proposal *proposal = deciding->out;

	if (!principal_may_decide(write->call->principal))
		return ERR_AGENT;
	if (proposal->row.ended_revision > 0 || proposal->state == PROPOSAL_EXPIRED) {
		diag_add(write->call->diag, "", "The proposal is %s.",
			proposal_state_name(proposal->state));
		return ERR_CONFLICT;
	}
	if (proposal->state == PROPOSAL_STALE)
		return refuse(write, ERR_STALE_PROPOSAL,
			"What it would replace, or what it would do, is another since: propose it "
			"anew.");
	if (!sha256_same(&proposal->row.digest, &deciding->decision->digest))
		return refuse(write, ERR_STALE_PROPOSAL,
			"The digest is not this proposal's: read what it says before you decide.");
	return ERR_OK;
}

/* Whether the caller is somebody else than the proposer and all who have approved, and is asked. */
static enum error check_person(struct write *write, const struct deciding *deciding)
{
	const struct proposal *proposal = deciding->out;
	const struct approval_rule *rule = proposal_rule(deciding->catalog, proposal->row.change);

	if (actors_may_be_one(&deciding->line, &proposal->row.line))
		return refuse(write, ERR_SAME_PERSON,
			"This token, or one that made it or that it made, has proposed it; or both "
			"are the same person's.");
	if (!rule->required && !(write->call->roles & approval_direct_roles(proposal->row.change)))
		return refuse(write, ERR_FORBIDDEN,
			"No rule says who approves this change: it takes who could make it without "
			"a proposal.");
	if (rule->from_count > 0 && !actor_is_named(&deciding->line, rule->from, rule->from_count))
		return refuse(write, ERR_SAME_PERSON,
			"The rules name who may approve this, and not this token.");
	for (size_t i = 0; i < proposal->approval_count; i++) {
		if (actors_may_be_one(&deciding->line, &proposal->approvals[i].line))
			return refuse(write, ERR_SAME_PERSON,
				"This person's approval is counted already.");
	}
	return ERR_OK;
}

/* Puts the caller's behind the others. */
static enum error add_approval(struct write *write, struct deciding *deciding)
{
	struct proposal *proposal = deciding->out;
	struct proposal_approval_row *all =
		arena_array(write->call->arena, proposal->approval_count + 1, sizeof *all);

	if (!all)
		return ERR_NO_MEMORY;
	if (proposal->approval_count > 0)
		memcpy(all, proposal->approvals, proposal->approval_count * sizeof *all);
	all[proposal->approval_count] = (struct proposal_approval_row){
		.proposal = proposal->row.id,
		.approver = str_from(call_actor(write->call)),
		.revision = write->change.revision,
		.approved_us = write->change.at_us,
		.line = deciding->line,
		.rationale = deciding->decision->rationale,
	};
	proposal->approvals = all;
	return proposal_approval_append(
		&write->change, &all[proposal->approval_count++], &proposal->row.digest);
}

static enum error approve_body(struct write *write, void *arg)
{
	struct deciding *deciding = arg;
	struct proposal *proposal = deciding->out;
	bool last;
	enum error error = meet(write, deciding);

	if (!error)
		error = check_open(write, deciding);
	if (!error)
		error = check_person(write, deciding);
	if (!error)
		error = add_approval(write, deciding);
	if (error)
		return error;
	last = proposal_is_agreed(proposal, deciding->catalog);
	if (!last)
		return finish(write, "proposal.approve", proposal);
	if (proposal_rule(deciding->catalog, proposal->row.change)->by_hand) {
		proposal->state = PROPOSAL_APPROVED;
		return finish(write, "proposal.approve", proposal);
	}
	error = apply(write, deciding, PROPOSAL_APPLIED);
	return error ? error : finish(write, "proposal.apply", proposal);
}

enum error proposal_approve(const struct call *call, const struct proposal_decision *decision,
	const struct proposal_judge *judge, struct proposal *out, struct written *written)
{
	struct deciding deciding = {.decision = decision, .judge = judge, .out = out};

	return run(call, &deciding, approve_body, written);
}

static enum error apply_body(struct write *write, void *arg)
{
	struct deciding *deciding = arg;
	enum error error = meet(write, deciding);

	if (!error)
		error = check_open(write, deciding);
	if (!error && deciding->out->state != PROPOSAL_APPROVED)
		error = refuse(
			write, ERR_APPROVAL_REQUIRED, "Not enough others have approved it yet.");
	if (error)
		return error;
	deciding->out->row.end_rationale = deciding->decision->rationale;
	error = apply(write, deciding, PROPOSAL_APPLIED);
	return error ? error : finish(write, "proposal.apply", deciding->out);
}

enum error proposal_apply(const struct call *call, const struct proposal_decision *decision,
	const struct proposal_judge *judge, struct proposal *out, struct written *written)
{
	struct deciding deciding = {.decision = decision, .judge = judge, .out = out};

	return run(call, &deciding, apply_body, written);
}

/* Which is how a permission is borrowed from a token that one has made. */
static bool is_proposer_by_another_token(const struct deciding *deciding)
{
	const struct actor_line *proposer = &deciding->out->row.line;

	return (proposer->count == 0 || uuid_cmp(&proposer->ids[0], &deciding->line.ids[0]) != 0) &&
	       actors_may_be_one(&deciding->line, proposer);
}

static enum error bypass_body(struct write *write, void *arg)
{
	struct deciding *deciding = arg;
	const struct approval_rules *rules;
	enum error error = meet(write, deciding);

	if (!error)
		error = check_open(write, deciding);
	if (error)
		return error;
	rules = &deciding->catalog->approval;
	if (!actor_is_named(&deciding->line, rules->bypass, rules->bypass_count))
		return refuse(write, ERR_FORBIDDEN,
			"The workspace's approval rules do not name this token for a bypass.");
	if (is_proposer_by_another_token(deciding))
		return refuse(write, ERR_SAME_PERSON,
			"Who bypasses either proposed it with this token, or is somebody else.");
	deciding->out->row.end_rationale = deciding->decision->rationale;
	error = apply(write, deciding, PROPOSAL_BYPASSED);
	return error ? error : finish(write, "proposal.bypass", deciding->out);
}

enum error proposal_bypass(const struct call *call, const struct proposal_decision *decision,
	const struct proposal_judge *judge, struct proposal *out, struct written *written)
{
	struct deciding deciding = {.decision = decision, .judge = judge, .out = out};

	return run(call, &deciding, bypass_body, written);
}

/* ---- without a change ---- */

static enum error end_without(struct write *write, struct deciding *deciding,
	enum proposal_state state, const char *action)
{
	struct proposal *proposal = deciding->out;
	enum error error;

	if (proposal->row.ended_revision > 0) {
		diag_add(write->call->diag, "", "The proposal is %s.",
			proposal_state_name(proposal->state));
		return ERR_CONFLICT;
	}
	proposal->state = state;
	proposal->row.ended_revision = write->change.revision;
	proposal->row.state = str_from(proposal_state_name(state));
	proposal->row.ended_us = write->change.at_us;
	proposal->row.ended_by = str_from(call_actor(write->call));
	proposal->row.end_rationale = deciding->decision->rationale;
	error = proposal_end_append(&write->change, &proposal->row);
	return error ? error : finish(write, action, proposal);
}

static enum error reject_body(struct write *write, void *arg)
{
	struct deciding *deciding = arg;
	enum error error = meet(write, deciding);

	if (!error && !principal_may_decide(write->call->principal))
		error = ERR_AGENT;
	return error ? error : end_without(write, deciding, PROPOSAL_REJECTED, "proposal.reject");
}

enum error proposal_reject(const struct call *call, const struct proposal_decision *decision,
	struct proposal *out, struct written *written)
{
	struct deciding deciding = {.decision = decision, .out = out};

	return run(call, &deciding, reject_body, written);
}

static enum error withdraw_body(struct write *write, void *arg)
{
	struct deciding *deciding = arg;
	enum error error = meet(write, deciding);

	if (error)
		return error;
	if (!str_is(deciding->out->row.author, call_actor(write->call)))
		return refuse(write, ERR_FORBIDDEN, "Who proposed it withdraws it; others reject.");
	return end_without(write, deciding, PROPOSAL_WITHDRAWN, "proposal.withdraw");
}

enum error proposal_withdraw(const struct call *call, const struct proposal_decision *decision,
	struct proposal *out, struct written *written)
{
	struct deciding deciding = {.decision = decision, .out = out};

	return run(call, &deciding, withdraw_body, written);
}

/* ---- by time ---- */

static enum error expire_body(struct write *write, void *arg)
{
	size_t *count = arg;
	struct buf detail = BUF_INIT;
	struct uuid *ids;
	enum error error = proposals_due(tx_conn(write->tx), &write->call->workspace,
		write->change.at_us, write->call->arena, &ids, count);

	write->nothing = !error && *count == 0;
	for (size_t i = 0; !error && i < *count; i++) {
		const struct proposal_row row = {.id = ids[i],
			.state = str_from(proposal_state_name(PROPOSAL_EXPIRED)),
			.ended_by = STR("system"),
			.end_rationale = STR_NONE};

		error = proposal_end_append(&write->change, &row);
	}
	if (error || write->nothing)
		return error;
	buf_printf(&detail, "{\"count\":%zu}", *count);
	error = detail.failed ? ERR_NO_MEMORY
			      : write_finish(write, "proposal.expire", "", buf_view(&detail));
	buf_release(&detail);
	return error;
}

enum error proposals_expire(const struct call *call, size_t *count, struct written *written)
{
	return write_run(call, &call->workspace, expire_body, count, written);
}
