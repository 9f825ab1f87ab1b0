/*
 * Reviews as JSON.
 */
#include "http/resources/review_view.h"

#include "codec/review_digest.h"
#include "http/resources/verdict_view.h"
#include "http/resources/view.h"

/* ---- beside a ranked item ---- */

/* What a hidden rule holds is not told to be held. */
static void write_why(
	struct json_writer *json, const struct ranking *ranking, const struct review_state *state)
{
	unsigned why = state->why;

	if (!verdict_is_held(json, ranking, state->row))
		why &= ~(unsigned)REVIEW_HELD;
	json_key(json, "why");
	json_array_begin(json);
	for (int i = 0; i < REVIEW_WHYS; i++) {
		if (why & 1U << i)
			json_text(json, review_why_names[i]);
	}
	json_array_end(json);
}

void review_write_state(struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	const struct review_state *state = review_state_of(&ranking->review_states, row);
	const struct review_row *review;

	if (!state)
		return;
	review = state->pending ? state->open : state->approval;
	json_key(json, "review");
	json_object_begin(json);
	json_put(json, "state", text, state->pending ? "pending" : "approved");
	write_why(json, ranking, state);
	if (review)
		json_put(json, "id", uuid, &review->id);
	if (state->approval && state->approval->ended_rank > 0)
		json_put(json, "approved_rank", int, state->approval->ended_rank);
	json_object_end(json);
}

void review_write_counts(struct json_writer *json, const struct ranking *ranking)
{
	if (!ranking->catalog->review.on)
		return;
	json_key(json, "review");
	json_object_begin(json);
	json_put(json, "pending", int, (int64_t)ranking->review_states.pending);
	json_put(json, "committed", int, (int64_t)ranking->review_states.committed);
	json_object_end(json);
}

/* ---- a review ---- */

bool review_hides_opening(const struct catalog *hides, const struct review_row *review)
{
	const struct policy_version *policy =
		hides ? catalog_policy(hides, review->seen.policy_version) : NULL;

	for (size_t i = 0; policy && i < policy->rule_count; i++) {
		if (policy->rules[i].rule.effect == WN_HOLD &&
			rule_is_sensitive(&policy->rules[i].rule, hides))
			return true;
	}
	return false;
}

void review_write_reason(
	struct json_writer *json, const struct catalog *hides, const struct review_row *review)
{
	json_key(json, "reason");
	if (review_hides_opening(hides, review))
		json_nil(json);
	else
		json_str(json, review->reason);
}

static void put_word(struct json_writer *json, const char *key, struct str word)
{
	if (word.ptr)
		json_put(json, key, str, word);
}

static void write_seen(struct json_writer *json, const struct review_seen *seen)
{
	json_put(json, "item_revision", int, seen->item_revision);
	json_put(json, "model", int, seen->model_version);
	json_key(json, "policy");
	if (seen->policy_version > 0)
		json_int(json, seen->policy_version);
	else
		json_nil(json);
}

static void write_digest(struct json_writer *json, const struct sha256 *digest)
{
	char hex[SHA256_HEX_SIZE];

	json_put(json, "digest", text, sha256_to_hex(digest, hex));
}

void review_write_decision(struct json_writer *json, const struct review_row *review)
{
	static const struct uuid none;

	json_put(json, "outcome", str, review->outcome);
	json_put(json, "at", time, review->ended_us);
	json_put(json, "by", str, review->ended_by);
	json_put(json, "revision", int, review->ended_revision);
	if (review->ended_rank > 0)
		json_put(json, "rank", int, review->ended_rank);
	if (uuid_cmp(&review->override, &none) != 0)
		json_put(json, "override", uuid, &review->override);
	write_seen(json, &review->decided);
	write_digest(json, &review->digest);
}

static void write_ended(struct json_writer *json, const struct review_row *review)
{
	json_key(json, "decision");
	if (review->ended_revision == 0) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	review_write_decision(json, review);
	json_key(json, "rationale");
	if (review->rationale.ptr)
		json_str(json, review->rationale);
	else
		json_nil(json);
	json_object_end(json);
}

static void write_marks(struct json_writer *json, const struct review_row *review)
{
	if (review->escalated_revision > 0) {
		json_key(json, "escalated");
		json_object_begin(json);
		json_put(json, "at", time, review->escalated_us);
		if (review->escalated_to.len > 0)
			json_put(json, "to", str, review->escalated_to);
		json_object_end(json);
	}
	if (review->lapsed_revision > 0) {
		json_key(json, "lapsed");
		json_object_begin(json);
		json_put(json, "at", time, review->lapsed_us);
		json_put(json, "why", str, review->lapsed_why);
		json_object_end(json);
	}
}

/* The first rule that holds the row and may be named. */
static const struct policy_rule *open_holder(
	const struct json_writer *json, const struct ranking *ranking, uint32_t row)
{
	const struct wn_policy *policy = ranking->input.policy;

	for (uint32_t r = 0; policy && r < policy->rule_count; r++) {
		if (policy->rules[r].effect == WN_HOLD && wn_hit(&ranking->decision.hits, r, row) &&
			!veil_hides_rule(json, ranking, r))
			return &ranking->policy->rules[r];
	}
	return NULL;
}

/* What counts for the decision, as the newest ranking has it. */
static void write_evidence(struct json_writer *json, const struct review_shown *shown,
	const struct review_state *state, uint32_t row)
{
	const struct ranking *ranking = shown->ranking;
	struct review_seen seen = review_seen_of(ranking, row);
	struct evidence_shown evidence = evidence_of_row(ranking, row);
	const struct policy_rule *rule = open_holder(json, ranking, row);
	struct sha256 digest;

	json_object_begin(json);
	json_put(json, "ranking", text, ranking->id);
	view_write_suspension(json, ranking);
	json_put(json, "rank", int, ranking->decision.order.rank[row]);
	view_write_score(json, ranking, row);
	evidence_write_reasons(json, shown->room, &evidence);
	json_put(json, "pending", bool, state && state->pending);
	if (state)
		write_why(json, ranking, state);
	if (rule) {
		json_key(json, "rule");
		verdict_write_rule(json, ranking, (uint32_t)(rule - ranking->policy->rules));
	}
	if (state && state->approval && state->approval->ended_rank > 0)
		json_put(json, "approved_rank", int, state->approval->ended_rank);
	write_seen(json, &seen);
	if (review_digest(&shown->review->item, seen.item_revision, seen.model_version,
		    seen.policy_version, &digest))
		write_digest(json, &digest);
	else
		json->out->failed = true;
	json_object_end(json);
}

static void write_suggestion(struct json_writer *json, const struct review_shown *shown,
	const struct review_state *state)
{
	const struct review_telling telling = {
		.holds = open_holder(json, shown->ranking, state->row),
		.scores = !veil_hides_scores(json, shown->ranking),
	};
	struct review_suggestion suggestion;

	if (!review_suggest(shown->ranking, state, &telling, shown->arena, &suggestion)) {
		json->out->failed = true;
		return;
	}
	if (!suggestion.decision) {
		json_nil(json);
		return;
	}
	json_object_begin(json);
	json_put(json, "decision", text, suggestion.decision);
	if (suggestion.rank > 0)
		json_put(json, "rank", int, suggestion.rank);
	if (suggestion.defer)
		json_put(json, "defer", bool, true);
	json_put(json, "reason", text, suggestion.reason);
	json_object_end(json);
}

static void write_present(struct json_writer *json, const struct review_shown *shown)
{
	const struct ranking *ranking = shown->ranking;
	const struct review_state *state = NULL;
	uint32_t row = ranking ? ranking_find(ranking, &shown->review->item) : WN_ROW_NONE;

	if (row != WN_ROW_NONE && ranking->decision.order.rank[row] == 0)
		row = WN_ROW_NONE;
	if (row != WN_ROW_NONE)
		state = review_state_of(&ranking->review_states, row);
	json_key(json, "evidence");
	if (row != WN_ROW_NONE)
		write_evidence(json, shown, state, row);
	else
		json_nil(json);
	json_key(json, "suggestion");
	if (shown->review->ended_revision == 0 && state && state->pending)
		write_suggestion(json, shown, state);
	else
		json_nil(json);
}

void review_write(struct json_writer *json, const struct review_shown *shown)
{
	const struct review_row *review = shown->review;
	int64_t until_us = review->ended_revision > 0 ? review->ended_us : shown->now_us;

	json_object_begin(json);
	json_put(json, "id", uuid, &review->id);
	json_key(json, "item");
	item_name_write(json, shown->ranking, shown->names, &review->item);
	json_put(json, "state", text, review_standing_name(review_standing_of(review)));
	review_write_reason(json, shown->hides, review);
	if (!review_hides_opening(shown->hides, review))
		put_word(json, "rule", review->rule);
	put_word(json, "stream", review->stream);
	json_put(json, "rank", int, review->rank);
	put_word(json, "band", review->band);
	json_put(json, "opened_at", time, review->opened_us);
	json_put(json, "opened_revision", int, review->revision);
	json_put(json, "age_s", int,
		until_us > review->opened_us ? (until_us - review->opened_us) / US_PER_S : 0);
	write_marks(json, review);
	write_present(json, shown);
	write_ended(json, review);
	json_object_end(json);
}
