/*
 * Showing a review: what was asked, what the newest ranking tells of it, what was decided. Private to this
 * folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_REVIEW_VIEW_H
#define WINNOW_HTTP_RESOURCES_REVIEW_VIEW_H

#include "http/resources/evidence_view.h"
#include "http/resources/override_view.h"
#include "http/resources/resource.h"
#include "live/ranking.h"
#include "service/reviews.h"

/* "review" of the object being written, where there is one: {"state", "why", "id", "rank"}. */
void review_write_state(struct json_writer *json, const struct ranking *ranking, uint32_t row);
/* "review": {"pending", "committed"} of a ranking, where the settings ask for reviews. */
void review_write_counts(struct json_writer *json, const struct ranking *ranking);

struct review_shown {
	const struct review_row *review;
	int64_t now_us;                /* its age is the one at this time */
	const struct ranking *ranking; /* NULL: "evidence" and "suggestion" are null */
	const struct item_names
		*names; /* of items that the ranking does not know; NULL: ids alone */
	const struct evidence_room *room; /* with a ranking */
	const struct catalog *hides;      /* as of review_hides_opening */
	struct arena *arena;
};
/* Whether the policy that a review was opened under has a hold rule that this reader may not see: then it is told
 * of no review of that time whether such a rule opened it. hides: the newest definitions; NULL: all is seen. */
bool review_hides_opening(const struct catalog *hides, const struct review_row *review);
/* "reason": null where that is so. */
void review_write_reason(
	struct json_writer *json, const struct catalog *hides, const struct review_row *review);
/* One JSON object. */
void review_write(struct json_writer *json, const struct review_shown *shown);
/* "outcome" … "digest" of an ended review, in the object being written. */
void review_write_decision(struct json_writer *json, const struct review_row *review);

#endif
