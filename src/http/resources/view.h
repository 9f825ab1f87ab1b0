/*
 * What the queue and the explanation share of showing a ranked row. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_VIEW_H
#define WINNOW_HTTP_RESOURCES_VIEW_H

#include "http/resources/resource.h"
#include "http/resources/veil.h"
#include "live/ranking.h"

/*
 * The ranking to answer from, with its veil (as those of view_past and view_item have theirs), at ?min_revision= or later: at once, or after a bounded wait
 * (ERR_PARK). On the event loop ERR_WOULD_BLOCK when the database must be asked whether the
 * revision exists. A reference; NULL with any error.
 */
enum error view_ranking(struct request *request, struct ranking **out);
/* The same, or NULL where the workspace has none and cannot be ranked: for what people decide, which has to be
 * there all the same. */
enum error view_ranking_if_any(struct request *request, struct ranking **out);
/* ERR_LOADING, with how far it is. */
enum error view_loading(struct request *request);

/* The ranking of ?<name>=, a revision: at its own time, by what was active then. ERR_WOULD_BLOCK on the
 * event loop; ERR_BEYOND_HEAD with a fault; as ranking_of_past. A reference; NULL with any error. */
enum error view_past(
	struct request *request, const char *name, int64_t revision, struct ranking **out);
/* ERR_FORBIDDEN with a fault at ?revision= where the caller may not ask what was. */
enum error view_may_ask_past(struct request *request);
/* The item {id} behind {ws} in the ranking of view_ranking. ERR_NOT_FOUND. */
enum error view_item(struct request *request, struct ranking **out, uint32_t *row);

/* Winnow-Revision, Age, ETag, Winnow-Suspended where the model is; true when the answer is a 304. A page walk has
 * one tag per URL, so the ranking's id, the engine's version and the veil tell all. */
bool view_headers(
	struct request *request, struct response *response, const struct ranking *ranking);

/* Winnow-Revision, and an ETag of what never changes for a ranking's id and this engine; true when the
 * answer is a 304. After everything that could be refused. */
bool view_fixed(
	struct request *request, struct response *response, struct str id, int64_t revision);

/* Winnow-Suspended, where the model is; of what does not call view_headers. */
void view_tell_suspension(
	struct request *request, struct response *response, const struct ranking *ranking);

/* Whether one cheap pass over all rows may be made here: on a worker, or when there are not too many
 * of them. Else it is ERR_WOULD_BLOCK. */
bool view_may_sweep(const struct request *request, const struct ranking *ranking);
/* The same for what costs more a row: sorting, comparing texts, looking up blockers. */
bool view_may_search(const struct request *request, const struct ranking *ranking);

/* A writer that knows what its reader may not see; as json_writer_init. */
void view_begin(struct json_writer *json, const struct request *request, struct buf *out);
/* "ranking", "revision", "as_of", "model", "policy" of the object being written; "suspended" where the model is, "masked"
 * where scores or rules are hidden. */
void view_write_ranking(struct json_writer *json, const struct ranking *ranking);
/* "suspended" alone, of what writes its own head. */
void view_write_suspension(struct json_writer *json, const struct ranking *ranking);
struct receipt; /* codec/receipt.h */
void view_write_receipt(struct json_writer *json, const char *key, const struct receipt *receipt);
/* "id", "source", "external_id", "title", "stream", "kind", "status", "team". */
void view_write_row(struct json_writer *json, const struct ranking *ranking, uint32_t row);
/* "score", "range", "band": null when there is no score; the first two also where they are hidden. */
void view_write_score(struct json_writer *json, const struct ranking *ranking, uint32_t row);
/* Members about order: "blocked_by" (those that are not done), "carries", "cycle"; without `all`
 * only where there is something to tell. What is carried is told by scores, and hidden with them. */
void view_write_order(
	struct json_writer *json, const struct ranking *ranking, uint32_t row, bool all);

/* One object: "rank" where it is ranked, and what view_write_row writes. */
void view_write_item(struct json_writer *json, const struct ranking *ranking, uint32_t row);
/* "open", "in_progress", "done", "dropped" by the class of its status, "excluded" or "deferred" when
 * it is out of the ranking, "missing" for WN_ROW_NONE. */
const char *view_blocker_state(const struct ranking *ranking, uint32_t blocker);

/* How many candidates are out of the ranking. */
size_t view_count_out(const struct ranking *ranking);

#endif
