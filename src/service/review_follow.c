/*
 * What the job writes of reviews. The ranking says what is pending; what it asks for is checked again under
 * the workspace's lock, where another daemon may have been first, or a person.
 */
#include "service/reviews.h"

#include "base/map.h"
#include "codec/json_writer.h"
#include "codec/review_digest.h"

struct following {
	const struct ranking *ranking;
	/* By what the ranking knows; in the call's arena. */
	const struct review_state **to_open;
	size_t open_count;
	struct uuid *to_close; /* open ones that nothing asks for, and approvals that lapsed */
	size_t close_count;
	struct uuid *to_escalate;
	size_t escalate_count;
};

/* ---- what there is to do ---- */

static const struct review_state *state_of(const struct ranking *ranking, const struct uuid *item)
{
	uint32_t row = ranking_find(ranking, item);

	return row == WN_ROW_NONE ? NULL : review_state_of(&ranking->review_states, row);
}

/* An approval whose item, model or policy has moved on. */
static bool has_lapsed(const struct ranking *ranking, const struct review_row *review)
{
	uint32_t row = ranking_find(ranking, &review->item);
	struct review_seen seen;

	if (row == WN_ROW_NONE)
		return false;
	seen = review_seen_of(ranking, row);
	return !review_seen_same(&review->decided, &seen);
}

static bool has_waited(
	const struct ranking *ranking, const struct review_row *review, int64_t now_us)
{
	int64_t hours = ranking->catalog->review.escalate_after_hours;

	return hours > 0 && review->escalated_revision == 0 &&
	       now_us - review->opened_us >= hours * 3600 * US_PER_S;
}

static void plan_recorded(
	struct following *following, const struct review_row *review, int64_t now_us)
{
	const struct ranking *ranking = following->ranking;
	const struct review_state *state;
	bool closes;

	if (review->ended_revision > 0) {
		closes = has_lapsed(ranking, review);
	} else {
		state = state_of(ranking, &review->item);
		closes = !state || !state->pending;
	}
	if (closes)
		following->to_close[following->close_count++] = review->id;
	else if (review->ended_revision == 0 && has_waited(ranking, review, now_us))
		following->to_escalate[following->escalate_count++] = review->id;
}

static bool plan(const struct call *call, struct following *following)
{
	const struct review_states *states = &following->ranking->review_states;
	const struct review_set *reviews = following->ranking->reviews;
	int64_t now_us = clock_now_us(call->service->clock);

	following->to_open = arena_array(call->arena, states->count, sizeof *following->to_open);
	following->to_close = arena_array(call->arena, reviews->count, sizeof *following->to_close);
	following->to_escalate =
		arena_array(call->arena, reviews->count, sizeof *following->to_escalate);
	if (!following->to_open || !following->to_close || !following->to_escalate)
		return false;
	for (size_t i = 0; i < states->count; i++) {
		if (states->states[i].pending && !states->states[i].open)
			following->to_open[following->open_count++] = &states->states[i];
	}
	for (size_t i = 0; i < reviews->count; i++)
		plan_recorded(following, &reviews->rows[i], now_us);
	return true;
}

/* ---- opening ---- */

static void fill(const struct write *write, const struct review_state *state,
	const struct ranking *ranking, struct review_row *out)
{
	const struct policy_rule *rule = review_holding_rule(ranking, state->row);
	const char *band = ranking_band_name(ranking, state->row);

	*out = (struct review_row){
		.item = ranking_facts(ranking, state->row)->id,
		.reason = str_from(review_reason(state)),
		.rule = state->why & REVIEW_HELD && rule ? rule->id : STR_NONE,
		.stream = ranking_text(ranking, state->row, ROW_STREAM),
		.band = band ? str_from(band) : STR_NONE,
		.rank = ranking->decision.order.rank[state->row],
		.opened_us = write->change.at_us,
		.seen = review_seen_of(ranking, state->row),
	};
	uuid_random(&out->id);
}

/* Those that are open already, or about which was decided after the ranking. */
static enum error met_since(struct write *write, const struct following *following,
	const struct uuid *items, size_t count, struct uuid_map *out)
{
	int64_t since = following->ranking->revision;
	struct review_row *rows;
	size_t found;
	enum error error = reviews_of_items(tx_conn(write->tx), &write->call->workspace, items,
		count, since, write->call->arena, &rows, &found);

	for (size_t i = 0; !error && i < found; i++) {
		if (rows[i].ended_revision > 0 && rows[i].ended_revision <= since)
			continue;
		if (!uuid_map_put(out, &rows[i].item, 1))
			error = ERR_NO_MEMORY;
	}
	return error;
}

static enum error open_those(struct write *write, const struct following *following,
	const struct uuid_map *met, size_t count, struct json_writer *json)
{
	enum error error = ERR_OK;
	size_t opened = 0;

	for (size_t i = 0; !error && i < count; i++) {
		struct review_row row;

		fill(write, following->to_open[i], following->ranking, &row);
		if (uuid_map_get(met, &row.item) != MAP_NONE)
			continue;
		opened++;
		error = review_append(&write->change, &row);
		json_object_begin(json);
		json_put(json, "item", uuid, &row.item);
		json_put(json, "reason", str, row.reason);
		json_put(json, "review", uuid, &row.id);
		json_object_end(json);
	}
	write->nothing = !error && opened == 0;
	return error;
}

static enum error finish(struct write *write, const char *action, struct buf *detail)
{
	if (write->nothing)
		return ERR_OK;
	return detail->failed ? ERR_NO_MEMORY : write_finish(write, action, "", buf_view(detail));
}

static size_t at_most(size_t count)
{
	return count < REVIEW_FOLLOWED_MAX ? count : REVIEW_FOLLOWED_MAX;
}

static enum error open_body(struct write *write, void *arg)
{
	const struct following *following = arg;
	size_t count = at_most(following->open_count);
	struct uuid *items = arena_array(write->call->arena, count, sizeof *items);
	struct buf detail = BUF_INIT;
	struct uuid_map met = {0};
	struct json_writer json;
	enum error error;

	if (!items)
		return ERR_BUDGET;
	for (size_t i = 0; i < count; i++)
		items[i] = ranking_facts(following->ranking, following->to_open[i]->row)->id;
	error = met_since(write, following, items, count, &met);
	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_key(&json, "opened");
	json_array_begin(&json);
	if (!error)
		error = open_those(write, following, &met, count, &json);
	json_array_end(&json);
	json_object_end(&json);
	if (!error)
		error = finish(write, "review.open", &detail);
	uuid_map_release(&met);
	buf_release(&detail);
	return error;
}

/* ---- closing ---- */

static enum error withdraw(struct write *write, struct review_row *row)
{
	row->outcome = STR("withdrawn");
	row->ended_by = str_from(call_actor(write->call));
	row->decided = row->seen;
	row->rationale = STR_NONE;
	if (!review_digest(&row->item, row->seen.item_revision, row->seen.model_version,
		    row->seen.policy_version, &row->digest))
		return ERR_NO_MEMORY;
	return review_end_append(&write->change, row);
}

/* What an approval saw that is another one now. */
static struct str lapse_word(const struct ranking *ranking, const struct review_row *row)
{
	struct review_seen seen = review_seen_of(ranking, ranking_find(ranking, &row->item));

	if (seen.item_revision != row->decided.item_revision)
		return STR("item");
	return seen.model_version != row->decided.model_version ? STR("model") : STR("policy");
}

static void write_ids(
	struct json_writer *json, const char *key, const struct uuid *ids, size_t count)
{
	json_key(json, key);
	json_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_uuid(json, &ids[i]);
	json_array_end(json);
}

static enum error close_those(struct write *write, const struct following *following,
	struct review_row *rows, size_t count, struct buf *detail)
{
	struct uuid *lapsed = arena_array(write->call->arena, count, sizeof *lapsed);
	struct uuid *withdrawn = arena_array(write->call->arena, count, sizeof *withdrawn);
	size_t lapsed_count = 0, withdrawn_count = 0;
	struct json_writer json;
	enum error error = lapsed && withdrawn ? ERR_OK : ERR_BUDGET;

	for (size_t i = 0; !error && i < count; i++) {
		if (rows[i].ended_revision == 0) {
			withdrawn[withdrawn_count++] = rows[i].id;
			error = withdraw(write, &rows[i]);
		} else if (review_approves(&rows[i]) && rows[i].lapsed_revision == 0 &&
			   has_lapsed(following->ranking, &rows[i])) {
			lapsed[lapsed_count++] = rows[i].id;
			error = review_mark_append(&write->change, &rows[i].id, "lapsed",
				lapse_word(following->ranking, &rows[i]));
		}
	}
	if (error)
		return error;
	write->nothing = lapsed_count + withdrawn_count == 0;
	json_writer_init(&json, detail);
	json_object_begin(&json);
	write_ids(&json, "lapsed", lapsed, lapsed_count);
	write_ids(&json, "withdrawn", withdrawn, withdrawn_count);
	json_object_end(&json);
	return ERR_OK;
}

static enum error close_body(struct write *write, void *arg)
{
	const struct following *following = arg;
	struct buf detail = BUF_INIT;
	struct review_row *rows;
	size_t count;
	enum error error =
		reviews_by_id(tx_conn(write->tx), &write->call->workspace, following->to_close,
			at_most(following->close_count), write->call->arena, &rows, &count);

	if (!error)
		error = close_those(write, following, rows, count, &detail);
	if (!error)
		error = finish(write, "review.close", &detail);
	buf_release(&detail);
	return error;
}

/* ---- escalating ---- */

static enum error escalate_those(struct write *write, const struct following *following,
	const struct review_row *rows, size_t count, struct buf *detail)
{
	struct str to = following->ranking->catalog->review.escalate_to;
	struct uuid *ids = arena_array(write->call->arena, count, sizeof *ids);
	struct json_writer json;
	size_t escalated = 0;
	enum error error = ids ? ERR_OK : ERR_BUDGET;

	for (size_t i = 0; !error && i < count; i++) {
		if (rows[i].ended_revision > 0 || rows[i].escalated_revision > 0)
			continue;
		ids[escalated++] = rows[i].id;
		error = review_mark_append(
			&write->change, &rows[i].id, "escalated", to.ptr ? to : STR(""));
	}
	write->nothing = escalated == 0;
	json_writer_init(&json, detail);
	json_object_begin(&json);
	write_ids(&json, "reviews", ids, escalated);
	json_key(&json, "to");
	if (to.ptr)
		json_str(&json, to);
	else
		json_nil(&json);
	json_object_end(&json);
	return error;
}

static enum error escalate_body(struct write *write, void *arg)
{
	const struct following *following = arg;
	struct buf detail = BUF_INIT;
	struct review_row *rows;
	size_t count;
	enum error error =
		reviews_by_id(tx_conn(write->tx), &write->call->workspace, following->to_escalate,
			at_most(following->escalate_count), write->call->arena, &rows, &count);

	if (!error)
		error = escalate_those(write, following, rows, count, &detail);
	if (!error)
		error = finish(write, "review.escalate", &detail);
	buf_release(&detail);
	return error;
}

/* ---- a turn ---- */

enum error reviews_follow(const struct call *call, const struct ranking *ranking)
{
	struct following following = {.ranking = ranking};
	struct written written;
	enum error error = plan(call, &following) ? ERR_OK : ERR_BUDGET;

	if (!error && following.close_count > 0)
		error = write_run(call, &call->workspace, close_body, &following, &written);
	if (!error && following.open_count > 0)
		error = write_run(call, &call->workspace, open_body, &following, &written);
	if (!error && following.escalate_count > 0)
		error = write_run(call, &call->workspace, escalate_body, &following, &written);
	return error;
}
