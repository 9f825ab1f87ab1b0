/*
 * The tree of all patterns, a level a segment, built once. A look-up walks at most one path of it
 * for each way in which a segment may be read, in practice one.
 */
#include "http/router.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum { MAX_METHODS = 6, MAX_SEGMENTS = 16 };

enum segment_kind { SEGMENT_LITERAL, SEGMENT_PARAM_END, SEGMENT_PARAM };

struct node {
	enum segment_kind kind;
	struct str text;       /* the literal, or a parameter's literal end */
	struct node *children; /* in order of precedence: literals, parameters with an end, plain */
	struct node *next;
	size_t routes[MAX_METHODS];
	size_t route_count;
};

struct router {
	struct node root;
	const struct route **routes;
	size_t count;
};

/* The segment at *at, which must be on a '/'; moves *at behind it. */
static struct str next_segment(struct str path, size_t *at)
{
	size_t start = *at + 1;
	const char *end = memchr(path.ptr + start, '/', path.len - start);
	size_t len = end ? (size_t)(end - path.ptr) - start : path.len - start;

	*at = start + len;
	return (struct str){path.ptr + start, len};
}

static enum segment_kind segment_kind(struct str segment, struct str *text)
{
	const char *close;

	*text = segment;
	if (segment.len == 0 || segment.ptr[0] != '{')
		return SEGMENT_LITERAL;
	close = memchr(segment.ptr, '}', segment.len);
	if (!close)
		return SEGMENT_LITERAL;
	text->ptr = close + 1;
	text->len = segment.len - (size_t)(close + 1 - segment.ptr);
	return text->len ? SEGMENT_PARAM_END : SEGMENT_PARAM;
}

static struct node *child(struct node *parent, struct str segment)
{
	struct str text;
	enum segment_kind kind = segment_kind(segment, &text);
	struct node **link = &parent->children;
	struct node *node;

	for (; *link && (*link)->kind <= kind; link = &(*link)->next) {
		if ((*link)->kind == kind && str_eq((*link)->text, text))
			return *link;
	}
	node = calloc(1, sizeof *node);
	if (!node)
		return NULL;
	node->kind = kind;
	node->text = text;
	node->next = *link;
	*link = node;
	return node;
}

static bool add_route(struct router *router, const struct route *route)
{
	struct str path = str_from(route->path);
	struct node *node = &router->root;
	size_t at = 0;

	while (at < path.len) {
		node = child(node, next_segment(path, &at));
		if (!node)
			return false;
	}
	for (size_t i = 0; i < node->route_count; i++) {
		if (strcmp(router->routes[node->routes[i]]->method, route->method) != 0)
			continue;
		log_write(LOG_ERROR, "duplicate_route", "Two routes have the same method and path",
			LOG_S("method", route->method), LOG_S("path", route->path), NULL);
		return false;
	}
	if (node->route_count == MAX_METHODS)
		return false;
	node->routes[node->route_count++] = router->count;
	router->routes[router->count++] = route;
	return true;
}

struct router *router_new(const struct route_table *const *tables, size_t count)
{
	struct router *router = calloc(1, sizeof *router);
	size_t total = 0;

	if (!router)
		return NULL;
	for (size_t i = 0; i < count; i++)
		total += tables[i]->count;
	router->routes = calloc(total ? total : 1, sizeof(const struct route *));
	if (!router->routes)
		goto fail;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < tables[i]->count; k++) {
			if (!add_route(router, &tables[i]->routes[k]))
				goto fail;
		}
	}
	return router;
fail:
	router_free(router);
	return NULL;
}

static void free_children(struct node *node)
{
	while (node->children) {
		struct node *first = node->children;

		node->children = first->next;
		free_children(first);
		free(first);
	}
}

void router_free(struct router *router)
{
	if (!router)
		return;
	free_children(&router->root);
	free(router->routes);
	free(router);
}

static bool segment_matches(const struct node *node, struct str segment, struct route_match *match)
{
	struct str value = segment;

	if (node->kind == SEGMENT_LITERAL)
		return str_eq(node->text, segment);
	if (segment.len <= node->text.len)
		return false; /* a parameter is never empty */
	value.len -= node->text.len;
	if (memcmp(segment.ptr + value.len, node->text.ptr, node->text.len) != 0)
		return false;
	if (match->param_count == REQUEST_MAX_PARAMS)
		return false;
	match->params[match->param_count++] = value;
	return true;
}

static const struct node *walk(const struct node *node, struct str path, size_t at, unsigned level,
	struct route_match *match)
{
	size_t params = match->param_count;
	struct str segment;

	if (at >= path.len)
		return node->route_count ? node : NULL;
	if (level == MAX_SEGMENTS)
		return NULL;
	segment = next_segment(path, &at);
	for (const struct node *next = node->children; next; next = next->next) {
		const struct node *found;

		match->param_count = params;
		if (!segment_matches(next, segment, match))
			continue;
		found = walk(next, path, at, level + 1, match);
		if (found)
			return found;
	}
	return NULL;
}

static void list_methods(
	const struct router *router, const struct node *node, char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < node->route_count && len < size; i++) {
		const char *method = router->routes[node->routes[i]]->method;
		const char *head = strcmp(method, "GET") == 0 ? ", HEAD" : "";

		len += (size_t)snprintf(
			text + len, size - len, "%s%s%s", i ? ", " : "", method, head);
	}
}

enum error router_find(
	const struct router *router, struct str method, struct str path, struct route_match *out)
{
	const struct node *node;

	out->route = NULL;
	out->param_count = 0;
	out->allow[0] = '\0';
	if (path.len == 0 || path.ptr[0] != '/')
		return ERR_NOT_FOUND;
	node = walk(&router->root, path, 0, 0, out);
	if (!node)
		return ERR_NOT_FOUND;
	if (str_is(method, "HEAD"))
		method = STR("GET");
	for (size_t i = 0; i < node->route_count; i++) {
		const struct route *route = router->routes[node->routes[i]];

		if (!str_is(method, route->method))
			continue;
		out->route = route;
		out->index = node->routes[i];
		return ERR_OK;
	}
	list_methods(router, node, out->allow, sizeof out->allow);
	return ERR_METHOD;
}

size_t router_count(const struct router *router)
{
	return router->count;
}

const struct route *router_route(const struct router *router, size_t index)
{
	return router->routes[index];
}

int route_param(const struct route *route, const char *name)
{
	size_t len = strlen(name);
	int place = 0;

	for (const char *at = route->path; (at = strchr(at, '{')); at++, place++) {
		if (strncmp(at + 1, name, len) == 0 && at[1 + len] == '}')
			return place;
	}
	return -1;
}
