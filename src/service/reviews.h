/*
 * Reviews: what stands high or is held waits for a person. The ranking tells what is pending
 * (live/review_states.h); a job opens a review of each and notes what time and change bring about; people
 * decide. Each is rows of the history, never changed in place.
 */
#ifndef WINNOW_SERVICE_REVIEWS_H
#define WINNOW_SERVICE_REVIEWS_H

#include "live/ranking.h"
#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

enum { REVIEW_BATCH_MAX = 100, REVIEW_FOLLOWED_MAX = 500 };

/* ---- reading ---- */

enum review_standing { REVIEW_OPEN, REVIEW_DECIDED, REVIEW_LAPSED };
/* As recorded: decided by a person; withdrawn, or an approval that lapsed. */
enum review_standing review_standing_of(const struct review_row *review);
const char *review_standing_name(enum review_standing standing); /* "open", "decided", "lapsed" */

/* Newest first, with texts. `revision`: the workspace's, that the list reflects. */
enum error review_list(const struct call *call, const struct review_filter *filter,
	struct review_row **out, size_t *count, int64_t *revision);
/* With its text. ERR_NOT_FOUND. */
enum error review_get(
	const struct call *call, const struct uuid *id, struct review_row *out, int64_t *revision);

/* What a label's features are read from: the version of the item that was decided on. ERR_NOT_FOUND: it is
 * not there any more. catalog: a reference; of all of them the newest. */
struct review_label {
	struct review_row review;
	struct item_record item;
};
enum error review_labels(const struct call *call, const struct review_filter *filter,
	struct review_label **out, size_t *count, struct catalog **catalog, int64_t *revision);

/* What of a ranking may be told to whoever asks. */
struct review_telling {
	const struct policy_rule
		*holds; /* the first rule that holds the row and may be named; NULL: none */
	bool scores;    /* also what is made of them */
};
/* What the ranking alone would say of a pending row: an approval, or another place. */
struct review_suggestion {
	const char *decision; /* "approve", "adjust"; NULL: only scores could tell */
	int64_t rank;         /* of an adjustment to a rank; 0: none */
	bool defer;           /* of an adjustment */
	const char *reason;   /* a sentence, in the arena */
};
/* False when memory is out. */
bool review_suggest(const struct ranking *ranking, const struct review_state *state,
	const struct review_telling *telling, struct arena *arena, struct review_suggestion *out);

/* ---- deciding ---- */

enum review_verb { REVIEW_APPROVE, REVIEW_ADJUST, REVIEW_REJECT };

/* Texts are borrowed. */
struct review_decision {
	struct str digest; /* hex, of what was seen */
	struct str rationale;
	/* Of an adjustment exactly one: */
	int64_t rank;       /* pin it there; 0: not given */
	struct str band;    /* absent: not given */
	bool defer;         /* until expires_us */
	int64_t expires_us; /* of an adjustment and a rejection; TIME_NONE: not given */
};

/*
 * One person's decision on an open review, judged under the lock, by what is there. `ranking`: the newest,
 * NULL: none; it tells the rank that an approval names, and against which item the decision was made. In this
 * order:
 * ERR_NOT_FOUND: no such review.
 * ERR_INVALID: every fault of the input at once, at "/digest", "/rationale", "/rank", "/band", "/defer",
 *     "/expires_at"; as override_create judges what an adjustment or a rejection makes.
 * ERR_CONFLICT: it has ended; or the item is not there, is finished, or is not what was seen: another
 *     version of it, of the model or of the policy (a fault at "/digest"); or, of an approval, the ranking
 *     has no rank for it.
 * An adjustment makes an override (pin, band or defer), a rejection one that excludes the item until
 * expires_us, by the same rules as any and in the same revision. A comparison with the item that it was
 * decided against is recorded with them. *out is the row as it is then. Records "review.approve", "review.adjust", "review.reject" on
 * "review:<id>".
 */
struct review_asked {
	enum review_verb verb;
	struct uuid id;
	struct review_decision decision;
	const struct ranking *ranking;
};
enum error review_decide(const struct call *call, const struct review_asked *asked,
	struct review_row *out, struct written *written);

/* Approves many for one reason, in one revision: each by itself, as review_decide would. */
struct review_approval {
	struct uuid id;
	struct str digest;
	/* results */
	enum error error; /* ERR_NOT_FOUND, ERR_INVALID, ERR_CONFLICT; ERR_OK: approved */
	const char *why;  /* in the call's arena; NULL: approved */
};
struct review_batch {
	struct review_approval *approvals; /* each review once */
	size_t count;
	struct str rationale;
	const struct ranking *ranking;
};
enum error reviews_approve(
	const struct call *call, const struct review_batch *batch, struct written *written);

/* ---- the job's ---- */

/* Opens what is pending and not open, withdraws what is open and not pending, notes which approvals have
 * lapsed and what has waited too long: by the ranking, checked again under the lock. At most
 * REVIEW_FOLLOWED_MAX of each: the rest waits for the next turn. Up to three revisions: "review.close",
 * "review.open", "review.escalate"; none when there is nothing to do. */
enum error reviews_follow(const struct call *call, const struct ranking *ranking);

#endif
