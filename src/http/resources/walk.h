/*
 * Lists that belong to one ranking, page by page: the first page is of the newest ranking, all
 * others of the one that the walk began in. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_WALK_H
#define WINNOW_HTTP_RESOURCES_WALK_H

#include "http/resources/resource.h"
#include "live/ranking.h"

struct walk {
	char filters[2400]; /* canonical: what the cursor is bound to */
	size_t filter_bytes;
	size_t limit;
	size_t begin;     /* position of the first entry to look at */
	int64_t revision; /* that is asked for; 0: the newest */
	struct ranking *ranking;
};

/* Reads ?name= and binds the walk to it; absent stays absent. ERR_INVALID beyond 255 bytes. */
enum error walk_filter(
	struct walk *walk, struct request *request, const char *name, struct str *value);

/* ?revision=: the walk is through the ranking of that revision, as it was at its own time, for those who
 * may ask what was (ERR_FORBIDDEN). */
enum error walk_revision(struct walk *walk, struct request *request);

/*
 * ?limit=, and the ranking of ?cursor=, or without one that of ?min_revision= (view_ranking, with its
 * ERR_PARK and ERR_WOULD_BLOCK). After all filters. walk->ranking is a reference, to be given back.
 * ERR_GONE with a link to the first page.
 */
enum error walk_begin(struct walk *walk, struct request *request, size_t most);

/* "next", when there is more from this position on. */
void walk_next(struct walk *walk, struct request *request, struct json_writer *json, size_t next);

/* The page from the ranking's cache, or as `encode` writes it, which is then kept. `encode` fills the
 * buffer with the whole body. Sets the headers too; also a 304. */
enum error walk_answer(struct walk *walk, struct request *request, struct response *response,
	enum error (*encode)(
		struct walk *walk, struct request *request, void *arg, struct buf *out),
	void *arg);

#endif
