/*
 * Moves of items between two rankings as JSON and in words.
 */
#include "http/resources/movement_view.h"

#include "base/buf.h"
#include "http/resources/verdict_view.h"
#include "http/resources/view.h"

void movement_write_item(struct json_writer *json, const struct movement_shown *shown)
{
	const struct item_standing *to = &shown->move->to;

	json_key(json, "item");
	json_object_begin(json);
	if (to->row != WN_ROW_NONE)
		view_write_row(json, shown->to, to->row);
	else
		view_write_row(json, shown->from, shown->move->from.row);
	json_object_end(json);
}

/* ---- how it stands ---- */

/* As far as it may be told: what a hidden rule took out is out by what else would have taken it out. */
static struct item_standing told(const struct json_writer *json, const struct ranking *ranking,
	const struct item_standing *standing)
{
	struct item_standing out = *standing;
	struct verdict_out by;

	if (standing->standing != STANDS_EXCLUDED_BY_RULE ||
		!veil_hides_rule(json, ranking, standing->by))
		return out;
	by = verdict_out_of(json, ranking, standing->row);
	out.by = by.by;
	if (by.out == WN_OUT_BY_EXCLUDE)
		out.standing = STANDS_EXCLUDED;
	else if (by.out == WN_OUT_BY_DEFER)
		out.standing = STANDS_DEFERRED;
	return out;
}

static void write_by(struct json_writer *json, const struct ranking *ranking,
	const struct item_standing *standing)
{
	json_key(json, "by");
	if (standing->by == WN_ROW_NONE) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	if (standing->standing == STANDS_EXCLUDED_BY_RULE) {
		const struct policy_rule *rule = &ranking->policy->rules[standing->by];

		json_key(json, "rule");
		json_object_begin(json);
		json_put(json, "id", str, rule->id);
		json_put(json, "reason", str, rule->reason);
		json_object_end(json);
	} else {
		json_put(json, "override", uuid, &ranking->overrides->rows[standing->by].id);
	}
	json_object_end(json);
}

void movement_write_standing(
	struct json_writer *json, const struct ranking *ranking, const struct item_standing *whole)
{
	const struct item_standing shown = told(json, ranking, whole), *standing = &shown;
	bool ranked = standing->rank > 0;

	json_key(json, "rank");
	if (ranked)
		json_int(json, standing->rank);
	else
		json_nil(json);
	json_key(json, "score");
	if (ranked && !veil_hides_scores(json, ranking))
		json_number(json, ranking->decision.score[standing->row]);
	else
		json_nil(json);
	json_put(json, "band", text, ranked ? ranking_band_name(ranking, standing->row) : NULL);
	json_put(json, "standing", text, standing_name(standing->standing));
	write_by(json, ranking, standing);
}

/* "excluded by rule incident-lane (too many incidents)". */
static void describe_standing(const struct json_writer *json, struct buf *out,
	const struct ranking *ranking, const struct item_standing *whole)
{
	const struct item_standing shown = told(json, ranking, whole), *standing = &shown;
	static const char *const words[] = {
		[STANDS_RANKED] = "ranked",
		[STANDS_NOT_STORED] = "not stored",
		[STANDS_DONE] = "done",
		[STANDS_DROPPED] = "dropped",
		[STANDS_EXCLUDED_BY_RULE] = "excluded by rule ",
		[STANDS_EXCLUDED] = "excluded by an override",
		[STANDS_DEFERRED] = "deferred by an override",
	};

	if (standing->standing == STANDS_EXCLUDED_BY_RULE && standing->by == WN_ROW_NONE) {
		buf_puts(out, "excluded by a rule");
		return;
	}
	buf_puts(out, words[standing->standing]);
	if (standing->standing == STANDS_EXCLUDED_BY_RULE) {
		const struct policy_rule *rule = &ranking->policy->rules[standing->by];

		buf_printf(out, "%.*s (%.*s)", STR_ARG(rule->id), STR_ARG(rule->reason));
	}
}

/* ---- entered and left ---- */

static const char *reason_to_enter(enum standing was)
{
	switch (was) {
	case STANDS_NOT_STORED: return "new";
	case STANDS_DONE:
	case STANDS_DROPPED: return "reopened";
	case STANDS_DEFERRED: return "no_longer_deferred";
	default: return "no_longer_excluded";
	}
}

static void describe_passage(
	const struct json_writer *json, struct buf *out, const struct movement_shown *shown)
{
	const struct item_standing *from = &shown->move->from, *to = &shown->move->to;

	if (to->rank > 0) {
		buf_printf(out, "It came in at rank %u: before, it was ", to->rank);
		describe_standing(json, out, shown->from, from);
	} else if (from->rank > 0) {
		buf_printf(out, "It left from rank %u: it is ", from->rank);
		describe_standing(json, out, shown->to, to);
	} else {
		buf_puts(out, "Neither ranks it: it was ");
		describe_standing(json, out, shown->from, from);
		buf_puts(out, ", and is ");
		describe_standing(json, out, shown->to, to);
	}
	buf_putc(out, '.');
}

static void put_text(struct json_writer *json, struct buf *text)
{
	json_put(json, "text", str, buf_view(text));
	json->out->failed = json->out->failed || text->failed;
	buf_release(text);
}

void movement_write_reason(struct json_writer *json, const struct movement_shown *shown)
{
	struct item_standing from = told(json, shown->from, &shown->move->from);
	struct item_standing to = told(json, shown->to, &shown->move->to);
	struct buf text = BUF_INIT;

	json_put(json, "reason", text,
		to.rank > 0 ? reason_to_enter(from.standing) : standing_name(to.standing));
	describe_passage(json, &text, shown);
	put_text(json, &text);
}

/* ---- moved ---- */

static const char *change_word(const struct item_movement *move)
{
	if (move->has_parts)
		return move->from.rank == move->to.rank ? "stayed" : "moved";
	if (move->to.rank > 0)
		return "entered";
	return move->from.rank > 0 ? "left" : "not_ranked";
}

/* More than 0 is further down. */
static void put_signed(struct buf *out, int64_t ranks)
{
	buf_printf(out, "%s%lld", ranks < 0 ? "−" : "+", (long long)(ranks < 0 ? -ranks : ranks));
}

static void describe_move(struct buf *out, const struct item_movement *move)
{
	int64_t ranks = (int64_t)move->to.rank - (int64_t)move->from.rank;
	long long places = ranks < 0 ? -ranks : ranks;
	const char *before = ": ";

	if (ranks == 0)
		buf_printf(out, "It stays at rank %u", move->from.rank);
	else
		buf_printf(out, "%u → %u, %lld place%s %s", move->from.rank, move->to.rank, places,
			places == 1 ? "" : "s", ranks < 0 ? "up" : "down");
	for (int cause = 0; cause < MOVEMENT_CAUSES; cause++) {
		if (move->parts[cause].ranks == 0)
			continue;
		buf_puts(out, before);
		buf_puts(out, movement_cause_name((enum movement_cause)cause));
		buf_putc(out, ' ');
		put_signed(out, move->parts[cause].ranks);
		before = ", ";
	}
	buf_putc(out, '.');
}

/* "4 → 10: its own values have changed: …". */
static void describe_part(struct buf *out, const struct movement_part *part)
{
	int64_t before = (int64_t)part->rank_after - part->ranks;

	if (part->ranks == 0)
		buf_printf(out, "stays at %zu: %s", part->rank_after, part->why);
	else
		buf_printf(out, "%lld → %zu%s: %s", (long long)before, part->rank_after,
			part->out_after ? " (out, behind the last)" : "", part->why);
}

static void write_cause(
	struct json_writer *json, enum movement_cause cause, const struct movement_part *part)
{
	struct buf text = BUF_INIT;

	json_object_begin(json);
	json_put(json, "cause", text, movement_cause_name(cause));
	json_put(json, "ranks", int, part->ranks);
	json_put(json, "rank_after", int, (int64_t)part->rank_after);
	if (part->out_after)
		json_put(json, "out", bool, true);
	describe_part(&text, part);
	put_text(json, &text);
	json_object_end(json);
}

void movement_write_causes(struct json_writer *json, const struct movement_shown *shown)
{
	const struct item_movement *move = shown->move;
	/* Causes tell what of the item has changed, and by how much each counts. */
	bool causes =
		move->has_parts && !veil_hides(json, shown->from) && !veil_hides(json, shown->to);
	struct buf text = BUF_INIT;

	json_put(json, "change", text, change_word(move));
	json_key(json, "ranks");
	if (move->has_parts)
		json_int(json, (int64_t)move->to.rank - (int64_t)move->from.rank);
	else
		json_nil(json);
	if (causes)
		describe_move(&text, move);
	else if (move->has_parts)
		buf_printf(&text, "From rank %u to rank %u; why is not shown.", move->from.rank,
			move->to.rank);
	else
		describe_passage(json, &text, shown);
	put_text(json, &text);
	json_key(json, "causes");
	json_array_begin(json);
	for (int cause = 0; causes && cause < MOVEMENT_CAUSES; cause++)
		write_cause(json, (enum movement_cause)cause, &move->parts[cause]);
	json_array_end(json);
}
