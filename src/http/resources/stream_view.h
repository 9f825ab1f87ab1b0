/*
 * Streams against their contract, as the API shows them. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_STREAM_VIEW_H
#define WINNOW_HTTP_RESOURCES_STREAM_VIEW_H

#include "http/resources/resource.h"
#include "service/streams.h"

/* By the newest ranking as of now (?min_revision=, as view_ranking), or by that of ?revision= as of its own time.
 * The ranking is a reference, NULL with any error. */
enum error stream_survey(struct request *request, struct ranking **ranking, struct survey *out);

/* By this ranking at its own time, so that it is the same whenever it is asked for. ERR_WOULD_BLOCK where
 * it is too large to be searched here. */
enum error stream_survey_of(
	struct request *request, const struct ranking *ranking, struct survey *out);

/* "ranking", "revision", "at", "contract", "reserve", and "suspended" where the model is, of the object being written. */
void stream_write_head(struct json_writer *json, const struct survey *survey);
/* "stream", "queued", "in_flight", "in_flight_days", "oldest", "capacity". */
void stream_write_state(
	struct json_writer *json, const struct survey *survey, const struct stream_state *state);
/* "limits", "gates", "timeboxes", "stuck_in_discovery", "stale_count", "stale", "weeks". */
void stream_write_health(
	struct json_writer *json, const struct survey *survey, const struct stream_health *health);
/* "limits": of all streams together. */
enum error stream_write_limits(
	struct json_writer *json, struct request *request, const struct survey *survey);
/* A limit's groups name people: noted for the access log where assignees are sensitive. */
enum error stream_note_people(
	struct request *request, const struct limit_health *limits, size_t count);
/* "drawn", "quadrants", with at most `limit` items each (quadrants.c). */
enum error stream_write_quadrants(
	struct json_writer *json, const struct survey *survey, struct arena *arena, size_t limit);
/* "views" with their measures (views.c). */
enum error stream_write_views(
	struct json_writer *json, struct request *request, const struct survey *survey);
/* "below", "within" or "above" what is planned; NULL: nothing is in flight. */
const char *stream_standing(const struct survey *survey, const struct stream_state *state);
/* {"at_least", "at_most"} under `key`. */
void stream_write_bounds(struct json_writer *json, const char *key, const struct wn_share *share);

#endif
