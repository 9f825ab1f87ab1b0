/*
 * What the queue and the explanation share of showing a ranked row. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_VIEW_H
#define WINNOW_HTTP_RESOURCES_VIEW_H

#include "http/resources/resource.h"
#include "live/ranking.h"

/*
 * The ranking to answer from, at ?min_revision= or later: at once, or after a bounded wait
 * (ERR_PARK). On the event loop ERR_WOULD_BLOCK when the database must be asked whether the
 * revision exists. A reference.
 */
enum error view_ranking(struct request *request, struct ranking **out);

/* Winnow-Revision, Age, ETag; true when the answer is a 304. A page walk has one tag per URL, so
 * the ranking's id and the engine's version tell all. */
bool view_headers(
	struct request *request, struct response *response, const struct ranking *ranking);

/* "ranking", "revision", "as_of", "model" of the object being written. */
void view_write_ranking(struct json_writer *json, const struct ranking *ranking);
/* "id", "source", "external_id", "title", "stream", "kind", "status", "team". */
void view_write_row(struct json_writer *json, const struct ranking *ranking, uint32_t row);
/* "score", "range", "band": null when there is no score. */
void view_write_score(struct json_writer *json, const struct ranking *ranking, uint32_t row);
/* Members about order: "blocked_by" (those that are not done), "carries", "cycle"; without `all`
 * only where there is something to tell. */
void view_write_order(
	struct json_writer *json, const struct ranking *ranking, uint32_t row, bool all);

/* The row's contributions, one per term of the model; in the arena. NULL when memory is out. */
struct wn_contribution *view_contributions(
	struct arena *arena, const struct ranking *ranking, uint32_t row);
/* "user_impact 3 × 3 = 9". */
void view_contribution_text(
	struct buf *out, const struct ranking *ranking, const struct wn_contribution *contribution);

#endif
