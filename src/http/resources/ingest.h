/*
 * From a body of items to the service, and from its results to the answer; shared by the ways in
 * which items arrive. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_INGEST_H
#define WINNOW_HTTP_RESOURCES_INGEST_H

#include "http/resources/resource.h"
#include "service/items.h"

/* ?mode= and ?dry_run=. */
struct ingest_options {
	bool atomic;
	bool dry_run;
};
enum error ingest_options_read(struct request *request, struct ingest_options *out);

/* What has been answered so far: the counts, and one object an item. */
struct ingest_answer {
	struct ingest_options options;
	size_t counts[OUTCOME_COUNT];
	struct written written;
	bool any_written;       /* `written` is set */
	bool stream;            /* of any length */
	int64_t first_revision; /* that it wrote; 0: none */
	struct buf results;     /* bounded: of a long stream, later ones are counted only */
	size_t result_count;
	size_t listed, omitted;
	int64_t skipped; /* -1: not said */
	const char *skipped_why;
};
/* lines: the line of each result in an NDJSON body, or NULL. */
void ingest_answer_add(struct ingest_answer *answer, const struct ingest *ingest, size_t count,
	const size_t *lines);
/* 200, or 207 when something was rejected; releases the answer. */
enum error ingest_answer_finish(
	struct ingest_answer *answer, struct request *request, struct response *response);
void ingest_answer_release(struct ingest_answer *answer);

/* A body of one object or an array of objects, all at once. `items` is borrowed. features_only and
 * action as in struct ingest. */
struct ingest_body {
	const json_t *items; /* an object or an array */
	const char *pointer_prefix;
	const char *action;
	bool features_only;
	int64_t skipped;
	const char *skipped_why;
};
enum { INGEST_MAX_ITEMS = 10000, INGEST_MAX_BODY = 8 << 20 };
enum error ingest_json(
	struct request *request, struct response *response, const struct ingest_body *body);

/* The same in steps, so that several requests can store together. end follows in any case. */
struct ingest_post {
	struct ingest_body body;
	struct item_source source;
	struct ingest ingest;
	struct ingest_answer answer;
	struct call call;
	struct batch *batch;
};
enum error ingest_post_begin(
	struct ingest_post *post, struct request *request, const struct ingest_body *body);
/* error: what storing it came to; ERR_OK: writes the answer, else `response` is not looked at. */
enum error ingest_post_end(struct ingest_post *post, struct request *request,
	struct response *response, enum error error);

/* A body of NDJSON, in pieces (item_stream.c). */
extern const struct stream_handler item_stream;

#endif
