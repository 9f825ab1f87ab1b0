/*
 * Finding rankings again. An id names a revision and a time; what was active then is in the rows of
 * that revision, and what was kept says it in its receipt.
 */
#include "service/recall.h"

#include "base/num.h"
#include "live/live.h"
#include "service/heavy.h"
#include "service/reading.h"
#include "winnow/version.h"

#define US_PER_MINUTE (60 * (int64_t)US_PER_S)

bool ranking_id_parse(struct str id, int64_t *revision, int64_t *as_of_us)
{
	const char *dot = id.ptr ? memchr(id.ptr, '.', id.len) : NULL;
	uint64_t number, minutes;

	if (!dot || id.len > 40)
		return false;
	if (!num_parse_u64((struct str){id.ptr, (size_t)(dot - id.ptr)}, &number) ||
		!num_parse_u64(
			(struct str){dot + 1, id.len - (size_t)(dot + 1 - id.ptr)}, &minutes))
		return false;
	/* One id, one spelling. */
	if (id.ptr[0] == '0' || dot[1] == '0')
		return false;
	if (number < 1 || number > INT64_MAX || minutes < 1 ||
		minutes > (uint64_t)(INT64_MAX / US_PER_MINUTE))
		return false;
	*revision = (int64_t)number;
	*as_of_us = (int64_t)minutes * US_PER_MINUTE;
	return true;
}

static enum error read_time(const struct reading *reading, int64_t revision, int64_t *at_us)
{
	const struct call *call = reading->call;
	enum error error;

	*at_us = reading->head.at_us;
	if (revision == reading->head.revision)
		return ERR_OK;
	if (revision > reading->head.revision)
		return ERR_BEYOND_HEAD;
	error = record_time(reading->conn, &call->workspace, revision, at_us);
	return error == ERR_NOT_FOUND ? ERR_INTERNAL : error;
}

enum error ranking_time_of(const struct call *call, int64_t revision, int64_t *as_of_us)
{
	struct reading reading;
	enum error error;

	if (revision < 1)
		return ERR_NOT_FOUND;
	reading_past(call, revision, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = read_time(&reading, revision, as_of_us);
	} while (reading_again(&reading, error));
	*as_of_us -= error ? 0 : *as_of_us % US_PER_MINUTE;
	return error;
}

enum error revision_before(const struct call *call, int64_t at_us, int64_t *revision)
{
	double at_s = (double)at_us / US_PER_S;
	struct reading reading;
	int64_t *found = NULL;
	enum error error;

	reading_past(call, 0, &reading);
	do {
		error = reading_past_begin(&reading);
		if (!error)
			error = revisions_at(
				reading.conn, &call->workspace, &at_s, 1, call->arena, &found);
	} while (reading_again(&reading, error));
	*revision = error ? 0 : *found;
	return error;
}

bool ranking_receipt(const struct ranking *ranking, struct receipt *out)
{
	*out = (struct receipt){
		.revision = ranking->revision,
		.as_of_us = ranking->as_of_us,
		.model = ranking->model->version,
		.policy = ranking->policy ? ranking->policy->version : 0,
	};
	receipt_stamp(out, ranking->input.model);
	return receipt_seal(out, &ranking->decision, &ranking->population);
}

/* ---- what was ---- */

static enum error may_ask(const struct call *call)
{
	if (call->roles & ROLES_ASK_PAST)
		return ERR_OK;
	diag_add(call->diag, "",
		"It would be ranked as of a past revision, which is for reviewers, admins and "
		"auditors. "
		"Others see what is published or kept.");
	return ERR_FORBIDDEN;
}

enum error ranking_of_past(const struct call *call, int64_t revision,
	const struct ranking_request *wanted, bool kept, struct ranking **out)
{
	struct live *live = call->service->live;
	enum error error;

	*out = wanted->anew ? NULL
			    : live_ranking_published(live, &call->workspace, revision, wanted);
	if (*out)
		return ERR_OK;
	error = kept ? ERR_OK : may_ask(call);
	if (error)
		return error;
	if (!call->heavy)
		return ERR_WOULD_BLOCK;
	error = heavy_begin(call, HEAVY_LIGHT);
	if (error)
		return error;
	error = live_ranking_at(live, &call->workspace, revision, wanted, out);
	*out = error ? NULL : *out;
	heavy_end(call, HEAVY_LIGHT);
	return error;
}

/* ---- recalling ---- */

static enum error recall_kept(const struct call *call, bool anew, struct recalled *out)
{
	const struct receipt *receipt = &out->row.receipt;
	const struct ranking_request request = {
		.now_us = clock_now_us(call->service->clock),
		.as_of_us = receipt->as_of_us,
		.model = receipt->model,
		.policy = receipt->policy,
		.anew = anew,
	};
	int64_t at_us;
	/* It may be in memory still, after its history was retired. */
	enum error error = ranking_time_of(call, receipt->revision, &at_us);

	if (error)
		return error;
	return ranking_of_past(call, receipt->revision, &request, true, &out->ranking);
}

/* Only what a daemon could have published: at the revision's own minute, or at a later one that changed
 * something, and never ahead of time. */
static enum error recall_published(
	const struct call *call, struct str id, bool anew, struct recalled *out)
{
	struct ranking_request request = {
		.now_us = clock_now_us(call->service->clock),
		.model = -1,
		.policy = -1,
		.anew = anew,
	};
	int64_t revision, own_us;
	enum error error;

	if (!ranking_id_parse(id, &revision, &request.as_of_us))
		return ERR_NOT_FOUND;
	error = ranking_time_of(call, revision, &own_us);
	if (error)
		return error == ERR_BEYOND_HEAD ? ERR_NOT_FOUND : error;
	if (request.as_of_us < own_us || request.as_of_us > request.now_us)
		return ERR_NOT_FOUND;
	error = ranking_of_past(call, revision, &request, false, &out->ranking);
	if (error || request.as_of_us == out->ranking->since_us)
		return error;
	ranking_unref(out->ranking);
	return ERR_NOT_FOUND;
}

enum error ranking_recall(const struct call *call, struct str id, bool anew, struct recalled *out)
{
	int64_t revision;
	enum error error = ranking_get(call, id, &out->row, &revision);

	out->kept = !error;
	if (!error)
		return recall_kept(call, anew, out);
	return error == ERR_NOT_FOUND ? recall_published(call, id, anew, out) : error;
}

/* ---- replaying ---- */

static bool same_item(const struct ranked_item *a, const struct ranked_item *b)
{
	unsigned char left[RANKED_ITEM_BYTES], right[RANKED_ITEM_BYTES];

	ranked_item_bytes(a, left);
	ranked_item_bytes(b, right);
	return memcmp(left, right, sizeof left) == 0;
}

static void note_rank(struct replay *replay, int64_t rank, const struct ranked_item *was)
{
	struct replay_rank *to = &replay->ranks[replay->rank_count];

	*to = (struct replay_rank){.rank = rank, .was_there = was != NULL};
	to->is_there = rank <= replay->is.item_count;
	if (was)
		to->was = *was;
	if (to->is_there)
		ranked_item_of(&replay->ranking->decision, &replay->ranking->population,
			(size_t)rank, &to->is);
	if (!was || !to->is_there || !same_item(&to->was, &to->is))
		replay->rank_count++;
}

static void note_additional(struct replay *replay)
{
	for (int64_t rank = replay->was.item_count + 1;
		rank <= replay->is.item_count && replay->rank_count < REPLAY_RANKS; rank++)
		note_rank(replay, rank, NULL);
}

static void compare_published(struct replay *replay, const struct ranking *published)
{
	for (int64_t rank = 1; rank <= replay->was.item_count && replay->rank_count < REPLAY_RANKS;
		rank++) {
		struct ranked_item was;

		ranked_item_of(&published->decision, &published->population, (size_t)rank, &was);
		note_rank(replay, rank, &was);
	}
	note_additional(replay);
}

static enum error compare_kept(const struct call *call, struct str id, struct replay *replay)
{
	struct ranking_range range = {.id = id, .from = 1, .count = RANKING_CHUNK_ITEMS};
	struct call own = *call;
	struct arena arena;
	enum error error = ERR_OK;

	arena_init(&arena, 64u << 20);
	own.arena = &arena;
	while (!error && range.from <= replay->was.item_count &&
		replay->rank_count < REPLAY_RANKS) {
		struct ranking_row header;
		struct ranked_item *items;
		size_t found = 0;
		int64_t revision;

		error = ranking_page(&own, &range, &header, &items, &found, &revision);
		for (size_t i = 0; i < found && replay->rank_count < REPLAY_RANKS; i++)
			note_rank(replay, range.from + (int64_t)i, &items[i]);
		range.from += RANKING_CHUNK_ITEMS;
		arena_release(&arena);
	}
	if (!error)
		note_additional(replay);
	return error;
}

/* With the kept one, else with what is still published under that id. */
static enum error compare(const struct call *call, struct str id, const struct recalled *recalled,
	struct replay *replay)
{
	struct ranking *published;
	const char *text = arena_strdup(call->arena, id);
	enum error error;

	if (!text || !ranking_receipt(recalled->ranking, &replay->is))
		return ERR_NO_MEMORY;
	if (recalled->kept) {
		replay->compared = true;
		replay->was = recalled->row.receipt;
		return replay_same(replay) ? ERR_OK : compare_kept(call, id, replay);
	}
	error = live_ranking_by_id(call->service->live, &call->workspace, text, &published);
	if (error)
		return ERR_OK;
	replay->compared = ranking_receipt(published, &replay->was);
	if (replay->compared && !replay_same(replay))
		compare_published(replay, published);
	ranking_unref(published);
	return replay->compared ? ERR_OK : ERR_NO_MEMORY;
}

enum error ranking_replay(const struct call *call, struct str id, struct replay *out)
{
	struct recalled recalled;
	enum error error = ranking_recall(call, id, true, &recalled);

	if (error)
		return error;
	*out = (struct replay){.ranking = recalled.ranking, .kept = recalled.kept};
	error = compare(call, id, &recalled, out);
	if (error)
		replay_release(out);
	return error;
}

bool replay_same(const struct replay *replay)
{
	return replay->was.item_count == replay->is.item_count &&
	       sha256_same(&replay->was.order, &replay->is.order);
}

void replay_release(struct replay *replay)
{
	ranking_unref(replay->ranking);
}
