/*
 * Queue polls that wait for news: ?since=<ranking id>&wait=30s. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_SINCE_H
#define WINNOW_HTTP_RESOURCES_SINCE_H

#include "http/resources/walk.h"

/* Whether ?since= or ?wait= is there. */
bool since_is_asked(const struct request *request);

/*
 * Instead of walk_begin: the newest ranking as soon as it is another one than ?since=, or with
 * *unchanged the same one once ?wait= is over. ERR_PARK; ERR_INVALID for values that are none, and
 * beside cursor, revision and min_revision; ERR_TOO_MANY_STREAMS, ERR_STREAMS_FULL.
 */
enum error since_begin(struct walk *walk, struct request *request, size_t most, bool *unchanged);

/* The 304 of a ranking that is still the newest. */
void since_unchanged(
	struct request *request, struct response *response, const struct ranking *ranking);

#endif
