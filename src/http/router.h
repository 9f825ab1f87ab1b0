/*
 * From method and path to a route. Pure after router_new, safe for any number of threads.
 *
 * A path is cut at '/'. A segment of a pattern is literal ("items:features" too), a parameter
 * ("{id}"), or a parameter with a literal end ("{version}:promote"). Literal beats parameter with
 * an end, which beats parameter. Since the path arrives decoded, a "%2F" in it separates segments;
 * no name or id in a path holds a slash.
 */
#ifndef WINNOW_HTTP_ROUTER_H
#define WINNOW_HTTP_ROUTER_H

#include "base/error.h"
#include "base/str.h"
#include "http/http.h"

struct router;

/* The routes must outlive it. NULL when memory is out, or two routes have the same method and
 * pattern (logged). */
struct router *router_new(const struct route_table *const *tables, size_t count);
void router_free(struct router *router);

struct route_match {
	const struct route *route;
	size_t index; /* among all routes, 0 … router_count()-1 */
	struct str params[REQUEST_MAX_PARAMS];
	size_t param_count;
	char allow[64]; /* "GET, HEAD, POST": set with ERR_METHOD */
};
/* ERR_OK, ERR_NOT_FOUND, ERR_METHOD. HEAD finds what GET has. */
enum error router_find(
	const struct router *router, struct str method, struct str path, struct route_match *out);

size_t router_count(const struct router *router);
const struct route *router_route(const struct router *router, size_t index);
/* The place of {name} among the parameters of a pattern, or -1. */
int route_param(const struct route *route, const char *name);

#endif
