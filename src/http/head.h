/*
 * What is decided from a request's head alone, in the order in which a client learns of it:
 * target and fields, route, access, then size and kind of the body.
 */
#ifndef WINNOW_HTTP_HEAD_H
#define WINNOW_HTTP_HEAD_H

#include "http/framing.h"
#include "http/http.h"
#include "http/router.h"

struct head {
	struct framing framing;
	unsigned target_faults;
	size_t header_bytes; /* all names and values */
	bool fields_omitted; /* there were more than REQUEST_MAX_FIELDS headers or parameters */
	char allow[64];
};

/*
 * Size and form of target and fields, then the route: fills route and params. *route_index is
 * that of the router, or router_count() without a route.
 */
enum error head_route(struct request *request, const struct router *router, struct head *head,
	size_t *route_index);
/* The body's size as announced, its media type and coding; fills body_kind. */
enum error head_body(struct request *request, const struct framing *framing);
/* 428 for routes that ask for a condition. Just before the handler. */
enum error head_condition(const struct request *request);

#endif
