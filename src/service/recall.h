/*
 * Rankings by their id, kept or not: taken from memory where they are, else computed again from the
 * rows of their revision; and proved, by computing them again in any case.
 */
#ifndef WINNOW_SERVICE_RECALL_H
#define WINNOW_SERVICE_RECALL_H

#include "live/ranking.h"
#include "service/rankings.h"
#include "service/service.h"

/* What a ranking's id says: "<revision>.<minutes since 1970>". False when it is none. */
bool ranking_id_parse(struct str id, int64_t *revision, int64_t *as_of_us);

/* When the revision was made, cut to the minute: the time of its own ranking. ERR_BEYOND_HEAD;
 * ERR_NOT_FOUND: before the first. */
enum error ranking_time_of(const struct call *call, int64_t revision, int64_t *as_of_us);

/* The last revision that was made before that time; 0: there was none yet. */
enum error revision_before(const struct call *call, int64_t at_us, int64_t *revision);

/* The receipt of what was computed. False when memory is out. */
bool ranking_receipt(const struct ranking *ranking, struct receipt *out);

/*
 * The one way to a ranking of the past, whatever shows it. What is published in memory is there for everybody. Any
 * other is loaded and ranked: that is an inference engine for who may choose the time, so it is for
 * ROLES_ASK_PAST (else ERR_FORBIDDEN with a sentence) unless somebody has `kept` it, and it passes the gate
 * (heavy_begin) on the threads for what takes long (ERR_WOULD_BLOCK elsewhere). And as live_ranking_at. A
 * reference; NULL with any error.
 */
enum error ranking_of_past(const struct call *call, int64_t revision,
	const struct ranking_request *wanted, bool kept, struct ranking **out);

struct recalled {
	struct ranking *ranking; /* a reference */
	bool kept;
	struct ranking_row row; /* of a kept one */
};
/*
 * A kept ranking by the versions of its receipt, another by those that were active at its revision.
 * `anew`: computed here and now, whatever is in memory. Only on a worker. ERR_NOT_FOUND: it is not
 * kept, and no such ranking was or could have been published; and as ranking_of_past.
 */
enum error ranking_recall(const struct call *call, struct str id, bool anew, struct recalled *out);

/* Where a replay and what it is compared with differ. */
struct replay_rank {
	int64_t rank;
	bool was_there, is_there; /* false: the order ends before */
	struct ranked_item was, is;
};
enum { REPLAY_RANKS = 10 };
struct replay {
	struct ranking *ranking; /* a reference: computed anew */
	bool kept;
	bool compared; /* with the kept one, or one that is still published; else there is nothing */
	struct receipt was, is;
	struct replay_rank ranks[REPLAY_RANKS]; /* the first that differ */
	size_t rank_count;
};
/* After an error there is nothing to release. */
enum error ranking_replay(const struct call *call, struct str id, struct replay *out);
bool replay_same(const struct replay *replay);
void replay_release(struct replay *replay);

#endif
