/*
 * One look, and what it has to tell. Several daemons look at the same time: the first at the lock tells, the others
 * find it told. A look is not behind what it is compared with: its ranking knows of the last revision
 * that told of findings, and its time is not before the head's.
 */
#include "service/finding_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "codec/json_writer.h"
#include "live/sla.h"
#include "service/reading.h"
#include "service/write.h"

/* ---- what is seen ---- */

struct look {
	const struct call *call;
	const struct ranking *ranking;
	int64_t now_us;
	uint32_t wanted; /* kinds that are looked for */
	uint32_t cut;    /* kinds of which there was more than is taken in */
	struct finding_key *keys;
	int64_t *since_us; /* by key */
	size_t count, room;
	size_t of_kind[FINDING_KINDS];
	struct finding_row *open; /* what was told and has not ended */
	struct finding_key *open_keys;
	size_t open_count;
};

static bool wants(const struct look *look, enum finding_kind kind)
{
	return look->wanted & FINDING_BIT(kind);
}

static enum error grow(struct look *look)
{
	size_t room = look->room > 0 ? 2 * look->room : 64;
	struct finding_key *keys = arena_array(look->call->arena, room, sizeof *keys);
	int64_t *since_us = arena_array(look->call->arena, room, sizeof *since_us);

	if (!keys || !since_us)
		return ERR_BUDGET;
	if (look->count > 0) {
		memcpy(keys, look->keys, look->count * sizeof *keys);
		memcpy(since_us, look->since_us, look->count * sizeof *since_us);
	}
	look->keys = keys;
	look->since_us = since_us;
	look->room = room;
	return ERR_OK;
}

static int compare_keys(const void *a, const void *b)
{
	return finding_key_cmp(a, b);
}

/* However many there are, one that is open is seen as long as it is there. */
static enum error see(struct look *look, const struct finding_key *key, int64_t since_us)
{
	enum error error = ERR_OK;

	if (look->of_kind[key->kind] >= FINDINGS_SEEN_MOST &&
		!bsearch(key, look->open_keys, look->open_count, sizeof *key, compare_keys))
		return ERR_OK;
	if (look->count == look->room)
		error = grow(look);
	if (error)
		return error;
	look->of_kind[key->kind]++;
	look->keys[look->count] = *key;
	look->since_us[look->count++] = since_us;
	return ERR_OK;
}

static struct uuid id_of(const struct look *look, uint32_t row)
{
	return ranking_facts(look->ranking, row)->id;
}

static struct str id_text(const struct look *look, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	return str_from(arena_printf(look->call->arena, "%s", uuid_to_text(id, text)));
}

/* ---- of the ranking ---- */

/* A cycle is known again by its member of the smallest id. */
static enum error see_cycles(struct look *look)
{
	const struct wn_ranking *order = &look->ranking->decision.order;
	struct uuid *least = arena_array(look->call->arena, order->cycle_count + 1, sizeof *least);
	bool *any = arena_array(look->call->arena, order->cycle_count + 1, sizeof *any);
	enum error error = ERR_OK;

	if (!least || !any)
		return ERR_BUDGET;
	memset(any, 0, (order->cycle_count + 1) * sizeof *any);
	for (size_t i = 0; order->cycle_count > 0 && i < order->count; i++) {
		uint32_t cycle = order->cycle[order->order[i]];
		struct uuid id = id_of(look, order->order[i]);

		if (cycle == 0 || (any[cycle] && uuid_cmp(&least[cycle], &id) < 0))
			continue;
		any[cycle] = true;
		least[cycle] = id;
	}
	for (size_t n = 1; n <= order->cycle_count && !error; n++) {
		const struct finding_key key = {.kind = FOUND_CYCLE, .item = least[n]};

		if (any[n])
			error = see(look, &key, TIME_NONE);
	}
	return error;
}

bool finding_dangles(const struct ranking *ranking, uint32_t blocker)
{
	const uint8_t *out = ranking->decision.out;

	if (blocker == WN_ROW_NONE || (out && out[blocker] != WN_NOT_OUT))
		return true;
	return ranking_status_class(ranking, blocker) == STATUS_DROPPED;
}

static enum error see_dangling_of(struct look *look, uint32_t row)
{
	const struct ranking *ranking = look->ranking;
	size_t count;
	const struct row_link *links =
		block_links(ranking_block(ranking, row), row % BLOCK_ROWS, &count);
	enum error error = ERR_OK;

	for (size_t i = 0; i < count && !error; i++) {
		struct finding_key key = {.kind = FOUND_DANGLING, .item = id_of(look, row)};

		if (!finding_dangles(ranking, ranking_find(ranking, &links[i].id)))
			continue;
		key.name = id_text(look, &links[i].id);
		error = key.name.ptr ? see(look, &key, TIME_NONE) : ERR_BUDGET;
	}
	return error;
}

static enum error see_dangling(struct look *look)
{
	const struct wn_ranking *order = &look->ranking->decision.order;
	enum error error = ERR_OK;

	for (size_t i = 0; i < order->count && !error; i++)
		error = see_dangling_of(look, order->order[i]);
	return error;
}

/* A rule that reads what is sensitive is named to nobody. */
static bool is_hidden(const struct look *look, uint32_t rule)
{
	const struct ranking *ranking = look->ranking;

	return rule_is_sensitive(&ranking->policy->rules[rule].rule, ranking->catalog);
}

static enum error see_contradictions(struct look *look)
{
	const struct wn_decision *decision = &look->ranking->decision;
	enum error error = ERR_OK;

	for (size_t i = 0; i < decision->conflict_count && !error; i++) {
		const struct wn_conflict *conflict = &decision->conflicts[i];
		const struct policy_rule *rules = look->ranking->policy->rules;
		const struct finding_key key = {
			.kind = FOUND_CONTRADICTION,
			.name = rules[conflict->holds].id,
			.other = rules[conflict->yields].id,
		};

		if (!is_hidden(look, conflict->holds) && !is_hidden(look, conflict->yields))
			error = see(look, &key, TIME_NONE);
	}
	return error;
}

/* Of a rule, wherever it is broken: items and ranks change all the time. */
static enum error see_breaches(struct look *look)
{
	const struct wn_ranking *order = &look->ranking->decision.order;
	bool told[WN_MAX_RULES] = {false};
	enum error error = ERR_OK;

	for (size_t i = 0; i < order->breach_count && !error; i++) {
		uint32_t rule = order->breaches[i].rule;
		const struct finding_key key = {
			.kind = FOUND_BREACH,
			.name = look->ranking->policy->rules[rule].id,
		};

		if (!told[rule] && !is_hidden(look, rule))
			error = see(look, &key, TIME_NONE);
		told[rule] = true;
	}
	return error;
}

bool finding_defeats(enum wn_fate fate)
{
	return fate == WN_DEFEATED_BY_RULE || fate == WN_DEFEATED_BY_BLOCKER ||
	       fate == WN_DEFEATED_BY_OVERRIDE;
}

/* What defeats an override depends on scores and rules: nothing is told where one of them is hidden. */
static enum error see_defeated(struct look *look)
{
	const struct ranking *ranking = look->ranking;
	enum error error = ERR_OK;

	if (model_is_sensitive(ranking->model, ranking->catalog) ||
		(ranking->policy && policy_is_sensitive(ranking->policy, ranking->catalog)))
		return ERR_OK;
	for (size_t i = 0; i < ranking->input.override_count && !error; i++) {
		const struct override_row *override = &ranking->overrides->rows[i];
		struct finding_key key = {.kind = FOUND_DEFEATED, .item = override->item};

		if (!finding_defeats(ranking->decision.fates[i].fate))
			continue;
		key.name = id_text(look, &override->id);
		error = key.name.ptr ? see(look, &key, TIME_NONE) : ERR_BUDGET;
	}
	return error;
}

static enum error see_clock(struct look *look, uint32_t row)
{
	const struct sla_book *book = look->ranking->slas;
	struct wn_clock_reading reading;
	struct finding_key key;
	int64_t since_us = TIME_NONE;

	if (!sla_read(book, row, look->now_us / US_PER_S, &reading))
		return ERR_OK;
	key = (struct finding_key){
		.kind = reading.state == WN_CLOCK_BREACHED ? FOUND_SLA_BREACHED
							   : FOUND_SLA_DUE_SOON,
		.item = id_of(look, row),
		.name = sla_rule_of(book, row)->id,
	};
	if (key.kind == FOUND_SLA_DUE_SOON && !sla_is_due_soon(sla_rule_of(book, row), &reading))
		return ERR_OK;
	if (key.kind == FOUND_SLA_BREACHED && reading.due_s != WN_NEVER)
		since_us = reading.due_s * US_PER_S;
	return wants(look, key.kind) ? see(look, &key, since_us) : ERR_OK;
}

static enum error see_clocks(struct look *look)
{
	const struct ranking *ranking = look->ranking;
	enum error error = ERR_OK;

	for (uint32_t row = 0; ranking->slas && row < ranking->rows && !error; row++) {
		if (ranking->candidates[row])
			error = see_clock(look, row);
	}
	return error;
}

static enum error see_overdue(struct look *look)
{
	struct dated_row *rows;
	size_t count;
	enum error error = findings_overdue(
		look->ranking, (double)look->now_us / US_PER_S, look->call->arena, &rows, &count);

	for (size_t i = 0; i < count && !error; i++) {
		const struct finding_key key = {
			.kind = FOUND_OVERDUE, .item = id_of(look, rows[i].row)};

		error = see(look, &key, (int64_t)(rows[i].at_s * US_PER_S));
	}
	return error;
}

static enum error see_in_memory(struct look *look)
{
	enum error error = ERR_OK;

	if (wants(look, FOUND_OVERDUE))
		error = see_overdue(look);
	if (!error && wants(look, FOUND_CYCLE))
		error = see_cycles(look);
	if (!error && wants(look, FOUND_DANGLING))
		error = see_dangling(look);
	if (!error && wants(look, FOUND_CONTRADICTION))
		error = see_contradictions(look);
	if (!error && wants(look, FOUND_BREACH))
		error = see_breaches(look);
	if (!error && wants(look, FOUND_DEFEATED))
		error = see_defeated(look);
	if (!error && (wants(look, FOUND_SLA_BREACHED) || wants(look, FOUND_SLA_DUE_SOON)))
		error = see_clocks(look);
	return error;
}

/* ---- of history ---- */

/* The log names nobody, so all bursts of reporters together are one finding. */
static bool key_of(const struct look *look, const struct finding *finding, struct finding_key *out)
{
	*out = (struct finding_key){.kind = finding->kind};
	switch (finding->kind) {
	case FOUND_REPORTER_BURST: return true;
	case FOUND_LANE_OVER:
	case FOUND_SHARE_OFF:
	case FOUND_OVERRIDE_DRIFT: out->stream = finding->stream; break;
	default:
		if (finding->row == WN_ROW_NONE)
			return false;
		out->item = id_of(look, finding->row);
	}
	if (finding->part)
		out->name = finding->name;
	return true;
}

static enum error see_in_history(struct look *look)
{
	const struct ranking *ranking = look->ranking;
	struct findings *found = arena_alloc(look->call->arena, sizeof *found);
	struct survey survey;
	const struct finding_query query = {&survey, false, FINDINGS_SEEN_MOST};
	enum error error = found ? survey_make(ranking, (double)look->now_us / US_PER_S,
					   look->call->arena, &survey)
				 : ERR_BUDGET;

	if (!error)
		error = findings_make(look->call, &query, found);
	for (int kind = 0; kind < FINDING_HISTORY_KINDS && !error; kind++) {
		if (!wants(look, (enum finding_kind)kind))
			continue;
		if (found->count[kind] >= FINDINGS_SEEN_MOST)
			look->cut |= FINDING_BIT(kind);
		for (size_t i = 0; i < found->shown[kind] && !error; i++) {
			struct finding_key key;

			if (key_of(look, &found->list[kind][i], &key))
				error = see(look, &key, found->list[kind][i].since_us);
		}
	}
	return error;
}

/* ---- what is told ---- */

struct telling {
	struct look *look;
	uint32_t asked;
	struct finding_difference difference;
};

static int compare_rows(const void *a, const void *b)
{
	const struct finding_row *x = a, *y = b;

	return finding_key_cmp(&x->key, &y->key);
}

/* By key. */
static enum error read_open(struct look *look, struct conn *conn)
{
	const struct call *call = look->call;
	enum error error =
		findings_open(conn, &call->workspace, call->arena, &look->open, &look->open_count);

	if (error)
		return error;
	look->open_keys = arena_array(call->arena, look->open_count, sizeof *look->open_keys);
	if (!look->open_keys)
		return ERR_BUDGET;
	if (look->open_count > 1)
		qsort(look->open, look->open_count, sizeof *look->open, compare_rows);
	for (size_t i = 0; i < look->open_count; i++)
		look->open_keys[i] = look->open[i].key;
	return ERR_OK;
}

static enum error compare(struct telling *telling)
{
	const struct look *look = telling->look;
	const struct finding_look against = {
		.seen = look->keys,
		.seen_count = look->count,
		.open = look->open_keys,
		.open_count = look->open_count,
		.looked = look->wanted,
		.cut = look->cut,
		.asked = telling->asked,
	};

	return finding_differ(&against, look->call->arena, &telling->difference) ? ERR_OK
										 : ERR_BUDGET;
}

static bool has_something(const struct telling *telling)
{
	return telling->difference.opened_count + telling->difference.closed_count > 0;
}

/* Another look may have told since, of what this one's ranking does not know, or the settings ask otherwise. */
static enum error is_behind(const struct telling *telling, const struct write *write, bool *behind)
{
	int64_t seen = telling->look->ranking->revision, newest = 0;
	enum error error = findings_newest(tx_conn(write->tx), &write->call->workspace, &newest);

	*behind = newest > seen || write->change.config_revision > seen;
	return error;
}

static const char *why_ended(const struct telling *telling, enum finding_kind kind)
{
	return telling->asked & FINDING_BIT(kind) ? "gone" : "unwatched";
}

static enum error append(struct write *write, const struct telling *telling)
{
	const struct finding_difference *difference = &telling->difference;
	const struct look *look = telling->look;
	enum error error = ERR_OK;

	for (size_t i = 0; i < difference->closed_count && !error; i++) {
		const struct finding_row *row = &look->open[difference->closed[i]];

		error = finding_end_append(
			&write->change, &row->id, why_ended(telling, row->key.kind));
	}
	for (size_t i = 0; i < difference->opened_count && !error; i++) {
		size_t at = difference->opened[i];
		struct finding_row row = {
			.key = look->keys[at],
			.since_us = look->since_us[at],
			.seen_revision = look->ranking->revision,
		};

		uuid_random(&row.id);
		error = finding_append(&write->change, &row);
	}
	return error;
}

/* Readers are told the action alone, so it says what they can expect. */
static const char *action_of(const struct finding_difference *difference)
{
	if (difference->opened_count == 0)
		return "finding.close";
	return difference->closed_count == 0 ? "finding.open" : "finding.change";
}

/* Canonical: keys in byte order. */
static enum error finish(struct write *write, const struct telling *telling)
{
	const struct finding_difference *difference = &telling->difference;
	struct buf detail = BUF_INIT;
	struct json_writer json;
	enum error error;

	json_writer_init(&json, &detail);
	json_object_begin(&json);
	json_put(&json, "closed", int, (int64_t)difference->closed_count);
	json_put(&json, "opened", int, (int64_t)difference->opened_count);
	json_put(&json, "ranking", text, telling->look->ranking->id);
	json_object_end(&json);
	error = detail.failed ? ERR_NO_MEMORY
			      : write_finish(write, action_of(difference), "", buf_view(&detail));
	buf_release(&detail);
	return error;
}

static enum error tell_body(struct write *write, void *arg)
{
	struct telling *telling = arg;
	bool behind;
	enum error error = is_behind(telling, write, &behind);

	write->nothing = true;
	if (!error && !behind)
		error = read_open(telling->look, tx_conn(write->tx));
	if (!error && !behind)
		error = compare(telling);
	if (error || behind || !has_something(telling))
		return error;
	write->nothing = false;
	error = append(write, telling);
	return error ? error : finish(write, telling);
}

static enum error tell(const struct call *call, struct telling *telling)
{
	struct written written;
	enum error error = write_run(call, &call->workspace, tell_body, telling, &written);

	if (error || !written.changed)
		return error;
	metric_add(METRIC_findings_opened, (int64_t)telling->difference.opened_count);
	metric_add(METRIC_findings_closed, (int64_t)telling->difference.closed_count);
	return ERR_OK;
}

/* ---- a turn ---- */

static enum error look_now(struct look *look)
{
	enum error error = ERR_OK;

	if (look->wanted & FINDINGS_IN_MEMORY)
		error = see_in_memory(look);
	if (!error && (look->wanted & FINDINGS_IN_HISTORY))
		error = see_in_history(look);
	return error;
}

/* What is open, read before the look; the lock is taken only where something is to be told. */
static enum error prepare(struct look *look)
{
	const struct call *call = look->call;
	int64_t now_us = clock_now_us(call->service->clock);
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	look->now_us = now_us > reading.head.at_us ? now_us : reading.head.at_us;
	error = read_open(look, reading.conn);
	reading_end(&reading);
	return error;
}

enum error findings_follow(
	const struct call *call, const struct ranking *ranking, uint32_t kinds, size_t *open)
{
	uint32_t asked = ranking->catalog->finding_events;
	struct look look = {.call = call, .ranking = ranking, .wanted = kinds & asked};
	struct telling telling = {.look = &look, .asked = asked};
	enum error error = prepare(&look);

	*open = 0;
	if (error || (asked == 0 && look.open_count == 0))
		return error;
	error = look_now(&look);
	if (!error)
		error = compare(&telling);
	if (!error && has_something(&telling))
		error = tell(call, &telling);
	*open = look.open_count + telling.difference.opened_count - telling.difference.closed_count;
	return error;
}

enum error findings_told(const struct call *call, const struct finding_place *place,
	struct finding_row **out, size_t *count, int64_t *revision)
{
	struct reading reading;
	enum error error = reading_begin(call, &reading);

	if (error)
		return error;
	*revision = reading.head.revision;
	error = finding_changes(reading.conn, &call->workspace, place, call->arena, out, count);
	reading_end(&reading);
	return error;
}
