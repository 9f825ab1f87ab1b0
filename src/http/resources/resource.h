/*
 * What the resources share: from a request to a call of the service, from JSON bodies to domain
 * values, and the headers that every answer about a workspace carries. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_RESOURCE_H
#define WINNOW_HTTP_RESOURCES_RESOURCE_H

#include "codec/json.h"
#include "codec/json_writer.h"
#include "http/http.h"
#include "service/service.h"
#include "service/write.h"

enum { LIST_LIMIT_DEFAULT = 50, LIST_LIMIT_MAX = 1000 };

/* The call for the route's workspace; for system routes that of the system workspace. */
struct call call_of(struct request *request);

/* The body as JSON, a new reference. */
enum error body_json(struct request *request, json_t **out);
/* The same where all members may be left out: no body is an empty object. */
enum error body_json_or_none(struct request *request, json_t **out);
/* There is nothing to say: an empty object, or no body. ERR_INVALID. */
enum error body_nothing(struct request *request);

/* {id} at a place among the path's parameters; a text that is no UUID names nothing. */
enum error param_uuid(const struct request *request, size_t index, struct uuid *out);

/* ?limit= : cut to the maximum, 422 below 1. */
enum error query_limit(struct request *request, int64_t most, size_t *out);

/* ?min_revision= of what is read from PostgreSQL: the call is refused where there is no such revision. */
enum error query_min_revision(struct request *request, struct call *call);

/* ?<name>= : a time of RFC 3339; `fallback` where there is none. */
enum error query_time(struct request *request, const char *name, int64_t fallback, int64_t *out);

/* ?cursor= bound to `query`: *payload is absent when none was given. */
enum error query_cursor(struct request *request, struct str query, struct str *payload);

/* The same of a list by revision and id, newest first: *revision is INT64_MAX and *id stays as it is without a
 * cursor (false in *given). */
enum error query_place(
	struct request *request, struct str query, int64_t *revision, struct uuid *id, bool *given);
/* ?cursor= of a list that goes down by one number: what is below it is next; without one INT64_MAX. */
enum error query_before(struct request *request, struct str query, int64_t *before);

/* Puts "next" into the object being written, when there is one. */
void write_next(
	struct json_writer *json, struct request *request, struct str query, struct str payload);

/* The same behind the last one shown of a list by revision and id. */
void write_next_place(struct json_writer *json, struct request *request, struct str query,
	int64_t revision, const struct uuid *id);

/* A list of items under `key`, as far as the caller may see them. */
struct item_list; /* service/items.h */
void write_items(struct json_writer *json, struct request *request, const char *key,
	const struct item_list *items);

/* Winnow-Revision and Winnow-Head of a write; Idempotent-Replayed when it is the first one's. */
void response_written(
	struct response *response, struct request *request, const struct written *written);
void response_head(struct response *response, struct request *request, int64_t revision,
	const struct sha256 *hash);

/* ETag of a thing by the revision that wrote it, quoted: "r<revision>". In the arena. */
const char *revision_tag(struct request *request, int64_t revision);

/* The precondition of this request, for the service to ask under its lock. */
struct precondition precondition_of(struct request *request);

/* Whether sensitive features and fields are shown to this caller (veil.c). */
bool sees_sensitive(const struct request *request);

/* ERR_NO_MEMORY when the body could not be built. */
enum error response_done(const struct response *response);

/* "warnings": of a change that was taken all the same; NULL: none, and nothing is written. */
void write_warnings(struct json_writer *json, const struct diag *warnings);

/* Array of names, for roles, sources, labels. */
void write_names(struct json_writer *json, const char *key, const struct str *names, size_t count);

#endif
