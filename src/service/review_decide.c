/*
 * A person decides on what waits for a review: by the item, the model and the policy that are there under the
 * lock, which must be those that were seen. What a decision changes in the order is an override like any;
 * what it says about two items is a comparison that carries its origin.
 */
#include "service/reviews.h"

#include <math.h>

#include "codec/json_writer.h"
#include "codec/review_digest.h"
#include "service/approval.h"
#include "service/catalogs.h"
#include "service/items_common.h"
#include "service/kept.h"
#include "service/overrides.h"
#include "service/rationale.h"

/* How far down the item that a decision was made against is looked for. */
enum { RIVAL_RANKS = 5000 };

struct deciding {
	struct review_asked asked;
	struct review_row *out;
	struct catalog *catalog; /* that the attempt met; a reference */
	const struct item_row *item;
	struct override_input input; /* of an adjustment or a rejection */
	struct override_row override;
	bool overrides; /* the decision makes one */
};

/* ---- judging ---- */

static bool read_digest(struct str hex, struct sha256 *out)
{
	return hex.ptr && sha256_from_hex(hex.ptr, hex.len, out);
}

static void check_adjustment(const struct review_asked *asked, struct diag *diag)
{
	const struct review_decision *decision = &asked->decision;
	int said = (decision->rank != 0) + (decision->band.ptr != NULL) + decision->defer;

	if (asked->verb == REVIEW_ADJUST && said != 1)
		diag_add(diag, "", "An adjustment is one of rank, band and defer.");
	if (asked->verb != REVIEW_ADJUST && said > 0)
		diag_add(diag, "", "Only an adjustment has a rank, a band or defer.");
	if (asked->verb == REVIEW_APPROVE && decision->expires_us != TIME_NONE)
		diag_add(diag, "/expires_at",
			"An approval holds until what it saw changes: it has no time.");
}

static void check_input(const struct review_asked *asked, struct diag *diag)
{
	struct sha256 digest;

	check_adjustment(asked, diag);
	rationale_check(asked->decision.rationale, "/rationale", diag);
	if (!read_digest(asked->decision.digest, &digest))
		diag_add(diag, "/digest",
			"Name what was seen: the review's digest, 64 hexadecimal digits.");
}

static void see(const struct deciding *deciding, struct review_seen *out)
{
	const struct catalog *catalog = deciding->catalog;
	const struct alias *active = catalog_alias(catalog, STR("active"));
	const struct policy_version *policy = catalog_policy_named(catalog, STR("active"));

	out->item_revision = deciding->item->record.revision;
	out->model_version = active ? active->model : 0;
	out->policy_version = policy ? policy->version : 0;
}

static enum error meet_item(struct write *write, struct deciding *deciding)
{
	struct item_row *items;
	size_t found;
	enum error error = items_by_id(tx_conn(write->tx), &write->call->workspace,
		&deciding->out->item, 1, write->call->arena, &items, &found);

	if (error)
		return error;
	if (found == 0 || item_is_finished(&items[0], deciding->catalog)) {
		diag_add(write->call->diag, "",
			"The item is finished or gone: there is nothing to decide any more.");
		return ERR_CONFLICT;
	}
	deciding->item = &items[0];
	return ERR_OK;
}

/* It decides on what is there, and whoever decides has seen that. */
static enum error check_seen(struct write *write, struct deciding *deciding)
{
	struct review_row *out = deciding->out;
	struct sha256 named;
	char hex[SHA256_HEX_SIZE];

	see(deciding, &out->decided);
	if (!review_digest(&out->item, out->decided.item_revision, out->decided.model_version,
		    out->decided.policy_version, &out->digest))
		return ERR_NO_MEMORY;
	if (read_digest(deciding->asked.decision.digest, &named) &&
		sha256_same(&named, &out->digest))
		return ERR_OK;
	diag_add(write->call->diag, "/digest",
		"The item, the model or the policy is another one than was seen. Look again: it is "
		"%s now.",
		sha256_to_hex(&out->digest, hex));
	return ERR_CONFLICT;
}

/* An approval names the rank that it holds for. */
static enum error check_ranked(struct write *write, const struct deciding *deciding)
{
	const struct ranking *ranking = deciding->asked.ranking;
	uint32_t row = ranking ? ranking_find(ranking, &deciding->out->item) : WN_ROW_NONE;

	if (deciding->asked.verb != REVIEW_APPROVE ||
		(row != WN_ROW_NONE && ranking->decision.order.rank[row] > 0))
		return ERR_OK;
	diag_add(write->call->diag, "",
		"The newest ranking gives the item no rank, and an approval names one. Look at "
		"what "
		"takes it out first.");
	return ERR_CONFLICT;
}

static enum error check_open(struct write *write, const struct review_row *review)
{
	if (review->ended_revision == 0)
		return ERR_OK;
	diag_add(write->call->diag, "", "This review has ended already: it was %.*s.",
		STR_ARG(review->outcome));
	return ERR_CONFLICT;
}

/* ---- the override that a decision makes ---- */

static bool make_input(const struct call *call, struct deciding *deciding)
{
	const struct review_decision *decision = &deciding->asked.decision;
	struct override_input *input = &deciding->input;

	*input = (struct override_input){
		.item = deciding->out->item,
		.rank = decision->rank,
		.delta = NAN,
		.band = decision->band,
		.expires_us = decision->expires_us,
		.justification = decision->rationale,
		.candidates = OVERRIDE_ANY_RANK,
	};
	deciding->overrides = deciding->asked.verb != REVIEW_APPROVE;
	if (decision->rank != 0)
		input->kind = STR("pin");
	else if (decision->band.ptr)
		input->kind = STR("band");
	else
		input->kind = decision->defer ? STR("defer") : STR("exclude");
	return override_look_up(input, deciding->asked.ranking, call->arena);
}

static void settle(struct write *write, struct deciding *deciding)
{
	const struct review_decision *decision = &deciding->asked.decision;
	struct review_row *out = deciding->out;

	out->outcome = STR("approved");
	out->ended_rank = deciding->input.rank_before;
	if (deciding->asked.verb == REVIEW_ADJUST) {
		out->outcome = decision->defer ? STR("deferred") : STR("adjusted");
		out->ended_rank = decision->rank;
	}
	if (deciding->asked.verb == REVIEW_REJECT) {
		out->outcome = STR("rejected");
		out->ended_rank = 0;
	}
	out->ended_revision = write->change.revision;
	out->ended_us = write->change.at_us;
	out->ended_by = str_from(call_actor(write->call));
	out->rationale = decision->rationale;
	if (deciding->overrides)
		out->override = deciding->override.id;
}

/* ---- what it teaches ---- */

/* The first one behind the item, in its stream, that neither waits nor was approved. */
static uint32_t next_in_line(const struct ranking *ranking, uint32_t row)
{
	const struct wn_ranking *order = &ranking->decision.order;
	struct str stream = ranking_text(ranking, row, ROW_STREAM);
	size_t from = order->rank[row], to = from + RIVAL_RANKS;

	for (size_t i = from; i < order->count && i < to; i++) {
		if (!review_state_of(&ranking->review_states, order->order[i]) &&
			str_eq(ranking_text(ranking, order->order[i], ROW_STREAM), stream))
			return order->order[i];
	}
	return WN_ROW_NONE;
}

/* Against which item it was decided; *first: that one was put before. */
static uint32_t rival_of(const struct deciding *deciding, uint32_t row, bool *first)
{
	const struct ranking *ranking = deciding->asked.ranking;
	const struct wn_ranking *order = &ranking->decision.order;
	int64_t now = order->rank[row], rank = deciding->asked.decision.rank;

	*first = deciding->asked.verb != REVIEW_APPROVE;
	if (deciding->asked.decision.band.ptr)
		return WN_ROW_NONE;
	if (deciding->asked.verb != REVIEW_ADJUST || rank == 0)
		return next_in_line(ranking, row);
	*first = rank > now;
	return rank == now || rank > (int64_t)order->count ? WN_ROW_NONE : order->order[rank - 1];
}

static enum error teach(struct write *write, const struct deciding *deciding)
{
	const struct ranking *ranking = deciding->asked.ranking;
	uint32_t row = ranking ? ranking_find(ranking, &deciding->out->item) : WN_ROW_NONE;
	struct comparison_row comparison = {
		.ratio = NAN,
		.made_us = write->change.at_us,
		.author = deciding->out->ended_by,
		.review = deciding->out->id,
	};
	const struct uuid *other;
	uint32_t rival;
	bool first;

	if (row == WN_ROW_NONE || ranking->decision.order.rank[row] == 0)
		return ERR_OK;
	rival = rival_of(deciding, row, &first);
	if (rival == WN_ROW_NONE || rival == row)
		return ERR_OK;
	other = &ranking_facts(ranking, rival)->id;
	comparison.before = first ? *other : deciding->out->item;
	comparison.after = first ? deciding->out->item : *other;
	uuid_random(&comparison.id);
	return comparison_append(&write->change, &comparison);
}

/* ---- one decision ---- */

/* An older approval of the item gives way to what was decided now. */
static enum error supersede(struct write *write, const struct review_row *now)
{
	struct review_row *rows;
	size_t count;
	enum error error = reviews_of_items(tx_conn(write->tx), &write->call->workspace, &now->item,
		1, write->change.revision, write->call->arena, &rows, &count);

	for (size_t i = 0; !error && i < count; i++) {
		if (rows[i].ended_revision > 0 && uuid_cmp(&rows[i].id, &now->id) != 0)
			error = review_mark_append(
				&write->change, &rows[i].id, "lapsed", STR("superseded"));
	}
	return error;
}

static enum error judge(struct write *write, struct deciding *deciding)
{
	struct diag *diag = write->call->diag;
	size_t faults = diag->count;
	enum error error = check_open(write, deciding->out);

	if (error)
		return error;
	check_input(&deciding->asked, diag);
	if (diag->count > faults)
		return ERR_INVALID;
	error = meet_item(write, deciding);
	if (!error)
		error = check_seen(write, deciding);
	if (!error)
		error = check_ranked(write, deciding);
	if (!error && !make_input(write->call, deciding))
		error = ERR_BUDGET;
	return error;
}

/* Judged, and queued; `out` is the review as it was read. */
static enum error decide(struct write *write, struct deciding *deciding)
{
	enum error error = judge(write, deciding);

	/* A review is no way around an approval that the override itself would need. */
	if (!error && deciding->overrides)
		error = approval_guard(
			deciding->catalog, "override", deciding->input.kind, write->call->diag);
	if (!error && deciding->overrides)
		error = override_add(
			write, deciding->catalog, &deciding->input, &deciding->override);
	if (error)
		return error;
	settle(write, deciding);
	error = supersede(write, deciding->out);
	if (!error)
		error = teach(write, deciding);
	return error ? error : review_end_append(&write->change, deciding->out);
}

/* Canonical: keys in byte order. No personal text. */
static void write_decided(struct json_writer *json, const struct review_row *review, bool with_id)
{
	static const struct uuid none;
	char hex[SHA256_HEX_SIZE];

	json_object_begin(json);
	json_put(json, "digest", text, sha256_to_hex(&review->digest, hex));
	json_put(json, "item", uuid, &review->item);
	json_put(json, "outcome", str, review->outcome);
	if (uuid_cmp(&review->override, &none) != 0)
		json_put(json, "override", uuid, &review->override);
	if (review->ended_rank > 0)
		json_put(json, "rank", int, review->ended_rank);
	if (with_id)
		json_put(json, "review", uuid, &review->id);
	json_object_end(json);
}

static enum error finish(struct write *write, const struct deciding *deciding)
{
	static const char *const actions[] = {
		[REVIEW_APPROVE] = "review.approve",
		[REVIEW_ADJUST] = "review.adjust",
		[REVIEW_REJECT] = "review.reject",
	};
	struct buf detail = BUF_INIT;
	struct json_writer json;
	char id[UUID_TEXT_SIZE];
	const char *subject =
		arena_printf(write->call->arena, "review:%s", uuid_to_text(&deciding->out->id, id));
	enum error error;

	json_writer_init(&json, &detail);
	write_decided(&json, deciding->out, false);
	error = subject && !detail.failed ? write_finish(write, actions[deciding->asked.verb],
						    subject, buf_view(&detail))
					  : ERR_NO_MEMORY;
	buf_release(&detail);
	return error;
}

static enum error meet_catalog(struct write *write, struct catalog **out)
{
	return catalogs_at(write->call->service->catalogs, tx_conn(write->tx),
		&write->call->workspace, write->change.config_revision, out);
}

static enum error read_one(struct write *write, const struct uuid *id, struct review_row *out)
{
	struct review_row *rows;
	size_t count;
	enum error error = reviews_by_id(tx_conn(write->tx), &write->call->workspace, id, 1,
		write->call->arena, &rows, &count);

	if (error)
		return error;
	if (count == 0)
		return ERR_NOT_FOUND;
	*out = rows[0];
	return ERR_OK;
}

static enum error decide_body(struct write *write, void *arg)
{
	struct deciding *deciding = arg;
	enum error error = read_one(write, &deciding->asked.id, deciding->out);

	if (!error)
		error = meet_catalog(write, &deciding->catalog);
	if (error)
		return error;
	error = decide(write, deciding);
	catalog_unref(deciding->catalog);
	return error ? error : finish(write, deciding);
}

/* It ends once. Whether an approval has lapsed since is of no matter here. */
static enum error decide_recall(struct write *write, struct kept *kept, void *arg)
{
	const struct deciding *deciding = arg;
	enum error error = read_one(write, &deciding->asked.id, deciding->out);

	(void)kept;
	deciding->out->lapsed_revision = 0;
	deciding->out->lapsed_us = TIME_NONE;
	deciding->out->lapsed_why = STR_NONE;
	return error;
}

enum error review_decide(const struct call *call, const struct review_asked *asked,
	struct review_row *out, struct written *written)
{
	static const struct write_steps steps = {decide_body, decide_recall};
	struct deciding deciding = {.asked = *asked, .out = out};

	return write_once(call, &call->workspace, &steps, &deciding, written);
}

/* ---- many approvals ---- */

struct approving {
	const struct review_batch *batch;
	struct review_row *rows; /* of those that are there */
	size_t row_count;
	struct catalog *catalog; /* that the attempt met; a reference */
};

static struct review_row *row_of(const struct approving *approving, const struct uuid *id)
{
	for (size_t i = 0; i < approving->row_count; i++) {
		if (uuid_cmp(&approving->rows[i].id, id) == 0)
			return &approving->rows[i];
	}
	return NULL;
}

static bool is_refusal(enum error error)
{
	return error == ERR_NOT_FOUND || error == ERR_INVALID || error == ERR_CONFLICT;
}

/* Its faults become its own reason, so that the others' are not mixed with them. */
static enum error approve_one(
	struct write *write, const struct approving *approving, struct review_approval *approval)
{
	struct diag *diag = write->call->diag;
	size_t faults = diag->count;
	struct deciding deciding = {
		.asked = {.verb = REVIEW_APPROVE,
			.id = approval->id,
			.decision = {.digest = approval->digest,
				.rationale = approving->batch->rationale,
				.expires_us = TIME_NONE},
			.ranking = approving->batch->ranking},
		.out = row_of(approving, &approval->id),
		.catalog = approving->catalog,
	};

	approval->why = NULL;
	approval->error = deciding.out ? decide(write, &deciding) : ERR_NOT_FOUND;
	if (!is_refusal(approval->error))
		return approval->error;
	approval->why = diag->count > faults ? diag->entries[faults].detail
					     : "There is no such review in this workspace.";
	diag->count = faults;
	return ERR_OK;
}

static enum error finish_batch(struct write *write, const struct approving *approving)
{
	const struct review_batch *batch = approving->batch;
	struct buf detail = BUF_INIT;
	struct json_writer json;
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_key(&json, "approved");
	json_array_begin(&json);
	for (size_t i = 0; i < batch->count; i++) {
		if (!batch->approvals[i].why)
			write_decided(&json, row_of(approving, &batch->approvals[i].id), true);
	}
	json_array_end(&json);
	json_object_end(&json);
	error = detail.failed ? ERR_NO_MEMORY
			      : write_finish(write, "review.batch", "", buf_view(&detail));
	buf_release(&detail);
	return error;
}

static enum error read_batch(struct write *write, struct approving *approving)
{
	size_t count = approving->batch->count;
	struct uuid *ids = arena_array(write->call->arena, count, sizeof *ids);

	if (!ids)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		ids[i] = approving->batch->approvals[i].id;
	return reviews_by_id(tx_conn(write->tx), &write->call->workspace, ids, count,
		write->call->arena, &approving->rows, &approving->row_count);
}

static enum error approve_all(struct write *write, struct approving *approving)
{
	const struct review_batch *batch = approving->batch;
	size_t approved = 0;
	enum error error = ERR_OK;

	for (size_t i = 0; !error && i < batch->count; i++) {
		struct review_approval *approval = &batch->approvals[i];

		error = approve_one(write, approving, approval);
		approved += !approval->why;
		kept_put_int(&write->kept, approval->error);
		kept_put_str(&write->kept, approval->why ? str_from(approval->why) : STR_NONE);
	}
	if (error)
		return error;
	write->nothing = approved == 0;
	return write->nothing ? ERR_OK : finish_batch(write, approving);
}

static enum error approve_body(struct write *write, void *arg)
{
	struct approving *approving = arg;
	enum error error = read_batch(write, approving);

	if (!error)
		error = meet_catalog(write, &approving->catalog);
	if (error)
		return error;
	error = approve_all(write, approving);
	catalog_unref(approving->catalog);
	return error;
}

static enum error approve_recall(struct write *write, struct kept *kept, void *arg)
{
	const struct review_batch *batch = ((struct approving *)arg)->batch;

	for (size_t i = 0; i < batch->count; i++) {
		struct str why;

		batch->approvals[i].error = (enum error)kept_int(kept);
		why = kept_str(kept);
		batch->approvals[i].why = why.ptr ? arena_strdup(write->call->arena, why) : NULL;
		if (why.ptr && !batch->approvals[i].why)
			return ERR_BUDGET;
	}
	return ERR_OK;
}

enum error reviews_approve(
	const struct call *call, const struct review_batch *batch, struct written *written)
{
	static const struct write_steps steps = {approve_body, approve_recall};
	struct approving approving = {.batch = batch};

	rationale_check(batch->rationale, "/rationale", call->diag);
	if (call->diag->count)
		return ERR_INVALID;
	return write_once(call, &call->workspace, &steps, &approving, written);
}
