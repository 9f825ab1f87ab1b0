/*
 * Walks through a ranking: cursors that stay in it, and its cache of encoded pages.
 */
#include "http/resources/walk.h"

#include <stdio.h>
#include <string.h>

#include "base/metrics.h"
#include "base/num.h"
#include "http/coding.h"
#include "http/resources/view.h"
#include "live/live.h"

enum { FILTER_MAX_BYTES = 255 };

/* Text in a given room; what does not fit is left out. Every page passes here: printf would be among the
 * dearest parts of an answer. */
struct text {
	char *at;
	size_t len, room;
};

static void text_add(struct text *text, struct str more)
{
	if (more.len > text->room - text->len)
		return;
	memcpy(text->at + text->len, more.ptr, more.len);
	text->len += more.len;
}

static void text_number(struct text *text, uint64_t value, char end)
{
	char digits[NUM_TEXT_SIZE];
	size_t len = num_u64_to_text(value, digits);

	digits[len] = end;
	text_add(text, (struct str){digits, len + 1});
}

/* An absent filter and an empty one ask for different pages, so they must read differently. */
static void bind_filter(struct walk *walk, struct str value)
{
	struct text text = {walk->filters, walk->filter_bytes, sizeof walk->filters};

	if (value.ptr) {
		text_number(&text, value.len, ':');
		text_add(&text, value);
	} else {
		text_add(&text, STR("-"));
	}
	text_add(&text, STR(";"));
	walk->filter_bytes = text.len;
}

enum error walk_filter(
	struct walk *walk, struct request *request, const char *name, struct str *value)
{
	char pointer[32];

	*value = request_query(request, name);
	if (value->len <= FILTER_MAX_BYTES) {
		bind_filter(walk, *value);
		return ERR_OK;
	}
	snprintf(pointer, sizeof pointer, "/query/%s", name);
	diag_add(&request->diag, pointer, "At most 255 bytes.");
	return ERR_INVALID;
}

static struct str filters_of(const struct walk *walk)
{
	return (struct str){walk->filters, walk->filter_bytes};
}

enum error walk_revision(struct walk *walk, struct request *request)
{
	char digits[NUM_TEXT_SIZE];
	enum error error = request_query_int(request, "revision", 1, INT64_MAX, 0, &walk->revision);

	if (error)
		return error;
	if (walk->revision > 0)
		error = view_may_ask_past(request);
	if (error)
		return error;
	if (walk->revision > 0 && request_query(request, "min_revision").ptr) {
		diag_add(&request->diag, "/query/min_revision",
			"Has no meaning beside revision, which is exact.");
		return ERR_INVALID;
	}
	if (walk->revision > 0)
		bind_filter(walk,
			(struct str){digits, num_u64_to_text((uint64_t)walk->revision, digits)});
	else
		bind_filter(walk, STR_NONE);
	return ERR_OK;
}

/* "<ranking id>:<position>": the walk stays in the ranking that it began in. */
static enum error ranking_of_cursor(struct walk *walk, struct request *request)
{
	struct str cursor = request_query(request, "cursor");
	char id[sizeof((struct ranking *)NULL)->id];
	const char *colon;
	struct str payload;
	uint64_t begin;
	enum error error = cursor_open(request, filters_of(walk), cursor, &payload);

	if (error)
		return error;
	colon = memchr(payload.ptr, ':', payload.len);
	if (!colon || (size_t)(colon - payload.ptr) >= sizeof id)
		return ERR_BAD_CURSOR;
	snprintf(id, sizeof id, "%.*s", (int)(colon - payload.ptr), payload.ptr);
	if (!num_parse_u64((struct str){colon + 1, payload.len - (size_t)(colon + 1 - payload.ptr)},
		    &begin))
		return ERR_BAD_CURSOR;
	walk->begin = (size_t)begin;
	if (walk->revision > 0) /* found again by it, so a walk through the past can always go on */
		return view_past(request, "revision", walk->revision, &walk->ranking);
	error = live_ranking_by_id(
		request->service->live, &request->workspace.id, id, &walk->ranking);
	if (error)
		return error;
	error = veil_ask(request, walk->ranking, false);
	if (!error)
		return ERR_OK;
	ranking_unref(walk->ranking);
	walk->ranking = NULL;
	return error;
}

/* Where to start again: this list without its cursor. */
static void link_first_page(struct request *request)
{
	const char *rest = strstr(request->route->path, "{ws}");

	request->problem_members =
		arena_printf(&request->arena, "\"first_page\":\"/v1/workspaces/%s%s\"",
			request->workspace.name, rest ? rest + strlen("{ws}") : "");
}

enum error walk_begin(struct walk *walk, struct request *request, size_t most)
{
	enum error error = query_limit(request, (int64_t)most, &walk->limit);

	if (error)
		return error;
	if (!request_query(request, "cursor").ptr && walk->revision > 0)
		return view_past(request, "revision", walk->revision, &walk->ranking);
	if (!request_query(request, "cursor").ptr)
		return view_ranking(request, &walk->ranking);
	error = ranking_of_cursor(walk, request);
	if (error == ERR_GONE)
		link_first_page(request);
	return error;
}

void walk_next(struct walk *walk, struct request *request, struct json_writer *json, size_t next)
{
	char payload[80];

	snprintf(payload, sizeof payload, "%s:%zu", walk->ranking->id, next);
	write_next(json, request, filters_of(walk), str_from(payload));
}

static struct str page_key(
	const struct walk *walk, const struct request *request, char *room, size_t room_bytes)
{
	struct text text = {room, 0, room_bytes};

	text_add(&text, str_from(request->route->path));
	text_add(&text, STR(":"));
	text_number(&text, walk->begin, ':');
	text_number(&text, walk->limit, ':');
	text_add(&text, filters_of(walk));
	text_add(&text, str_from(veil_class(request)));
	return (struct str){room, text.len};
}

/* What the cache has, in the coding that is welcome; where it has nothing, the response stays. */
static enum error answer_kept(
	const struct walk *walk, struct request *request, struct response *response, struct str key)
{
	bool gzip = coding_takes_gzip(request);
	struct shared_body *kept = ranking_page_get_coded(walk->ranking, key, &gzip);

	if (!kept)
		return ERR_OK;
	shared_body_unref(response->shared);
	response->shared = kept;
	return !gzip || response_is_gzip(response, request) ? ERR_OK : ERR_NO_MEMORY;
}

enum error walk_answer(struct walk *walk, struct request *request, struct response *response,
	enum error (*encode)(
		struct walk *walk, struct request *request, void *arg, struct buf *out),
	void *arg)
{
	char key[sizeof walk->filters + 160];
	struct buf out = BUF_INIT;
	struct str page;
	enum error error;

	if (view_headers(request, response, walk->ranking))
		return ERR_OK;
	page = page_key(walk, request, key, sizeof key);
	error = answer_kept(walk, request, response, page);
	if (error || response->shared) {
		metric_add(METRIC_page_cache_hits, 1);
		return error;
	}
	error = encode(walk, request, arg, &out);
	if (error) {
		buf_release(&out);
		return error;
	}
	metric_add(METRIC_page_cache_misses, 1);
	response->shared = shared_body_new(&out);
	if (!response->shared)
		return ERR_NO_MEMORY;
	ranking_page_put(walk->ranking, page, response->shared);
	return answer_kept(walk, request, response, page);
}
