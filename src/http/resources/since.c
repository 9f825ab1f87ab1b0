/*
 * Waiting for another ranking than the one that the client has. The request is parked without a
 * worker or a connection to PostgreSQL and run again when one is published.
 */
#include "http/resources/since.h"

#include "base/metrics.h"
#include "base/num.h"
#include "http/resources/view.h"
#include "live/live.h"

enum { WAIT_MAX_MS = 60000, LOADING_MS = 5000 };

bool since_is_asked(const struct request *request)
{
	return request_query(request, "since").ptr || request_query(request, "wait").ptr;
}

static enum error refuse(struct request *request, const char *pointer, const char *why)
{
	diag_add(&request->diag, pointer, "%s", why);
	return ERR_INVALID;
}

/* "<revision>.<minutes>" */
static bool is_ranking_id(struct str text)
{
	const char *dot = text.ptr ? memchr(text.ptr, '.', text.len) : NULL;
	uint64_t number;
	size_t before;

	if (!dot || text.len >= sizeof((struct ranking *)NULL)->id)
		return false;
	before = (size_t)(dot - text.ptr);
	return num_parse_u64((struct str){text.ptr, before}, &number) &&
	       num_parse_u64((struct str){dot + 1, text.len - before - 1}, &number);
}

/* "30s", "500ms", or seconds without a unit. */
static bool parse_wait(struct str text, int64_t *out_ms)
{
	uint64_t number, unit_ms = 1000;

	if (text.len > 2 && memcmp(text.ptr + text.len - 2, "ms", 2) == 0) {
		unit_ms = 1;
		text.len -= 2;
	} else if (text.len > 1 && text.ptr[text.len - 1] == 's') {
		text.len--;
	}
	if (!num_parse_u64(text, &number) || number > WAIT_MAX_MS / unit_ms)
		return false;
	*out_ms = (int64_t)(number * unit_ms);
	return true;
}

static enum error read_query(struct request *request, struct str *since, int64_t *wait_ms)
{
	static const char *const others[][2] = {{"cursor", "/query/cursor"},
		{"revision", "/query/revision"}, {"min_revision", "/query/min_revision"}};
	struct str wait = request_query(request, "wait");

	*since = request_query(request, "since");
	*wait_ms = 0;
	if (!since->ptr)
		return refuse(request, "/query/wait", "Has a meaning only beside since.");
	if (!is_ranking_id(*since))
		return refuse(request, "/query/since",
			"Must be the id of a ranking, as `ranking` of a page gave it.");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (request_query(request, others[i][0]).ptr)
			return refuse(request, others[i][1],
				"Has no meaning beside since, which asks for the newest ranking.");
	}
	if (wait.ptr && !parse_wait(wait, wait_ms))
		return refuse(
			request, "/query/wait", "Must be a time of at most 60s, as 30s or 500ms.");
	return ERR_OK;
}

static enum error park(struct request *request, struct str since, int64_t wait_ms)
{
	enum error error;

	request->park_other_than = arena_strdup(&request->arena, since);
	if (!request->park_other_than)
		return ERR_BUDGET;
	error = news_enter(live_news(request->service->live), &request->principal->token_id);
	if (error)
		return error;
	metric_add(METRIC_polls_waiting, 1);
	request->seated = true;
	request->park_revision = 0;
	request->park_until_us = clock_monotonic_us(request->clock) + wait_ms * US_PER_MS;
	return ERR_PARK;
}

/* Any ranking will do: the answer is made of the one that comes. */
static enum error park_for_loading(struct request *request)
{
	request->park_revision = 0;
	request->park_until_us = clock_monotonic_us(request->clock) + LOADING_MS * US_PER_MS;
	return ERR_PARK;
}

static enum error other_ranking(struct request *request, struct str since, int64_t wait_ms,
	struct ranking **out, bool *unchanged)
{
	enum error error = live_ranking(request->service->live, &request->workspace.id, out);
	bool over = request->parked_once ||
		    __atomic_load_n(&request->service->draining, __ATOMIC_RELAXED);

	if (error == ERR_LOADING && !over)
		return wait_ms > LOADING_MS ? park(request, since, wait_ms)
					    : park_for_loading(request);
	if (error)
		return error == ERR_LOADING ? view_loading(request) : error;
	*unchanged = str_is(since, (*out)->id);
	if (!*unchanged || over || wait_ms == 0)
		error = veil_ask(request, *out, true);
	else
		error = park(request, since, wait_ms);
	if (!error)
		return ERR_OK;
	ranking_unref(*out);
	*out = NULL;
	return error;
}

enum error since_begin(struct walk *walk, struct request *request, size_t most, bool *unchanged)
{
	struct str since;
	int64_t wait_ms;
	enum error error = read_query(request, &since, &wait_ms);

	if (!error)
		error = query_limit(request, (int64_t)most, &walk->limit);
	if (error)
		return error;
	return other_ranking(request, since, wait_ms, &walk->ranking, unchanged);
}

void since_unchanged(
	struct request *request, struct response *response, const struct ranking *ranking)
{
	view_headers(request, response, ranking);
	response->status = 304;
}
