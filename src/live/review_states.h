/*
 * Which items of a ranking wait for a person's approval. Computed from the ranking, the settings and the
 * reviews of its revision alone, and stored nowhere: so a ranking of the past tells what was so then.
 *
 * An item is pending when it is among the first of its stream (settings.review) or held by policy, and no
 * approval of it is in force; or when it stands more than `above` ranks before the rank that its approval
 * names. An approval is in force while the item's version, the model and the policy are those that it
 * saw. What has an approval in force and is not pending is committed.
 */
#ifndef WINNOW_LIVE_REVIEW_STATES_H
#define WINNOW_LIVE_REVIEW_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/review_set.h"

struct ranking;

/* What asks for it, or has asked; bits. */
enum review_why { REVIEW_HELD = 1, REVIEW_TOP = 2, REVIEW_ABOVE = 4, REVIEW_WHYS = 3 };
/* By bit number: "held", "top", "above". */
extern const char *const review_why_names[REVIEW_WHYS];

struct review_state {
	uint32_t row;
	uint8_t why; /* REVIEW_ABOVE only where it is pending */
	bool pending;
	const struct review_row *approval; /* in force; NULL: none */
	const struct review_row *open;     /* NULL: none yet */
};

struct review_states {
	struct review_state *states; /* by row */
	size_t count, pending, committed;
};

/* Of a ranking that is decided; none where the settings ask for no review. False when memory is out.
 * Release in any case. */
bool review_states_find(const struct ranking *ranking, struct review_states *out);
void review_states_release(struct review_states *states);
/* NULL: nothing asks for a review of it, and nobody has approved it. */
const struct review_state *review_state_of(const struct review_states *states, uint32_t row);

/* The reason that a review is opened for: the first of its bits. */
const char *review_reason(const struct review_state *state);
/* The first rule that holds the row; NULL: none does. */
const struct policy_rule *review_holding_rule(const struct ranking *ranking, uint32_t row);

/* What an approval of a row would have seen. */
struct review_seen review_seen_of(const struct ranking *ranking, uint32_t row);
bool review_seen_same(const struct review_seen *a, const struct review_seen *b);

#endif
