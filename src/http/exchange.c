/*
 * From header to outcome. The order is the contract's: framing, route, access, body, condition,
 * handler; the first that objects decides the answer.
 */
#include "http/exchange.h"

#include "base/log.h"
#include "base/metrics.h"
#include "http/access.h"
#include "http/body.h"
#include "http/feed.h"
#include "http/idempotency.h"
#include "http/request_id.h"
#include "http/sensitive_read.h"
#include "live/live.h"
#include "service/service.h"

/* A refused body of this size is read and dropped, so that the connection can be kept. */
enum { DROP_MAX_BYTES = 256 * 1024 };

/* Field by field: the tables inside are large, and what their counts do not cover is never read. */
void exchange_reset(struct exchange *exchange, struct service *service, const struct clock *clock,
	size_t arena_bytes)
{
	struct request *request = &exchange->request;

	request->service = service;
	request->route = NULL;
	request->clock = clock;
	arena_init(&request->arena, arena_bytes);
	diag_init(&request->diag, &request->arena);
	request->method = "";
	request->path = "";
	request->id[0] = '\0';
	request->query_count = 0;
	request->header_count = 0;
	request->body = STR("");
	request->body_kind = BODY_NONE;
	request->gzip = false;
	request->principal = NULL;
	request->known = &exchange->known;
	request->roles = 0;
	memset(&request->workspace, 0, sizeof request->workspace);
	request->key = NULL;
	request->on_worker = false;
	request->worker = 0;
	request->parked_once = false;
	request->allow = NULL;
	request->header_text_used = 0;
	request->state = NULL;
	request->joint = NULL;
	request->park_revision = 0;
	request->park_until_us = 0;
	request->park_other_than = NULL;
	request->seated = false;
	request->problem_members = NULL;
	request->veil = NULL;
	request->read = NULL;

	exchange->response.status = 200;
	exchange->response.content_type = "application/json";
	exchange->response.body = BUF_INIT;
	exchange->response.shared = NULL;
	exchange->response.feed = NULL;
	exchange->response.header_count = 0;

	exchange->head.framing = (struct framing){FRAMING_NO_BODY, 0};
	exchange->head.target_faults = 0;
	exchange->head.header_bytes = 0;
	exchange->head.fields_omitted = false;
	exchange->step = STEP_HEAD;
	exchange->outcome = ERR_OK;
	exchange->admitted = false;
	exchange->stream = false;
	exchange->close = false;
	exchange->started_us = 0;
	exchange->body = BUF_INIT;
	exchange->lines.chunk = BUF_INIT;
	exchange->coded = false;
	exchange->gunzip = NULL;
	exchange->inflated = STR("");
	exchange->owed = 0;
}

static void leave_seat(struct request *request)
{
	if (!request->seated)
		return;
	request->seated = false;
	metric_add(METRIC_polls_waiting, -1);
	news_leave(live_news(request->service->live), &request->principal->token_id);
}

void exchange_finish(struct exchange *exchange)
{
	struct response *response = &exchange->response;
	const struct route *route = exchange->request.route;

	if (exchange->request.state && route->stream && route->stream->release)
		route->stream->release(&exchange->request);
	exchange->request.state = NULL;
	leave_seat(&exchange->request);
	if (exchange->request.principal)
		principal_unref(exchange->request.principal);
	exchange->request.principal = NULL;
	if (response->shared)
		shared_body_unref(response->shared);
	response->shared = NULL;
	if (response->feed)
		response->feed->free(response->feed);
	response->feed = NULL;
	buf_release(&response->body);
	buf_release(&exchange->body);
	lines_release(&exchange->lines);
	gunzip_free(exchange->gunzip);
	exchange->gunzip = NULL;
	arena_release(&exchange->request.arena);
}

void exchange_release(struct exchange *exchange)
{
	access_forget(&exchange->known);
}

void exchange_fail(struct exchange *exchange, enum error error)
{
	exchange->outcome = error;
	exchange->step = STEP_ANSWER;
}

static bool has_body(const struct exchange *exchange)
{
	return exchange->head.framing.body != FRAMING_NO_BODY;
}

/*
 * The library closes a connection whose request is answered before its body was read. A short one
 * is therefore read first, unless the client asked whether to send it.
 */
static enum action refuse(struct exchange *exchange, enum error error)
{
	const struct framing *framing = &exchange->head.framing;

	exchange_fail(exchange, error);
	if (!has_body(exchange))
		return ACTION_READ;
	if (error == ERR_TOO_LARGE || framing->body == FRAMING_CHUNKED ||
		framing->body_bytes > DROP_MAX_BYTES ||
		request_header(&exchange->request, "Expect").ptr)
		return ACTION_ANSWER_NOW;
	exchange->step = STEP_DISCARD;
	return ACTION_READ;
}

static enum error begin_body(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct stream_handler *stream = request->route->stream;

	exchange->stream = stream && request->body_kind == BODY_NDJSON;
	exchange->coded = request->gzip && !exchange->stream;
	if (!exchange->stream) {
		/* Announced and within the limit, so no growing step by step. */
		if (exchange->head.framing.body_bytes > 0)
			buf_reserve(&exchange->body, (size_t)exchange->head.framing.body_bytes);
		return ERR_OK;
	}
	if (request->gzip) {
		exchange->gunzip = gunzip_new();
		if (!exchange->gunzip)
			return ERR_NO_MEMORY;
	}
	lines_init(&exchange->lines, stream->chunk_lines, stream->chunk_bytes, stream->line_bytes);
	return stream->begin(request);
}

static enum action admit(struct exchange *exchange, enum error error)
{
	if (!error)
		error = head_body(&exchange->request, &exchange->head.framing);
	if (!error)
		error = idempotency_check(&exchange->request);
	if (error)
		return refuse(exchange, error);
	exchange->admitted = true;
	if (!has_body(exchange)) {
		exchange->step = STEP_RUN;
		return ACTION_READ;
	}
	error = begin_body(exchange);
	if (error)
		return refuse(exchange, error);
	exchange->step = STEP_BODY;
	return ACTION_READ;
}

enum action exchange_head(
	struct exchange *exchange, const struct router *router, const char *version)
{
	struct request *request = &exchange->request;
	const char *fault;
	enum error error;

	exchange->route_index = router_count(router);
	request_id_choose(request_header(request, "X-Request-Id"), request->id);
	if (exchange->head.fields_omitted) {
		/* What was not kept cannot be judged: it may be the framing. */
		exchange->close = true;
		exchange_fail(exchange, ERR_HEADERS_TOO_LARGE);
		return ACTION_ANSWER_NOW;
	}
	fault = framing_judge(request->headers, request->header_count, version,
		exchange->head.target_faults, &exchange->head.framing);
	if (fault) {
		diag_add(&request->diag, "", "%s", fault);
		metric_add(METRIC_http_framing_refused, 1);
		exchange->close = true;
		exchange_fail(exchange, ERR_FRAMING);
		return ACTION_ANSWER_NOW;
	}
	error = head_route(request, router, &exchange->head, &exchange->route_index);
	if (error)
		return refuse(exchange, error);
	error = access_check(request, false);
	if (error != ERR_WOULD_BLOCK)
		return admit(exchange, error);
	/* Without a body the same trip to a worker will do for the handler too. */
	exchange->step = has_body(exchange) ? STEP_ADMIT : STEP_RUN;
	return has_body(exchange) ? ACTION_WORK : ACTION_READ;
}

/* What the stream had done by then belongs into the answer. */
static void tell_stream(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	if (exchange->stream && request->state && !request->problem_members &&
		request->route->stream->fail)
		request->route->stream->fail(request);
}

void exchange_give_up(struct exchange *exchange, enum error error)
{
	tell_stream(exchange);
	exchange->outcome = error;
	exchange->step = STEP_DISCARD;
	buf_release(&exchange->body);
	lines_release(&exchange->lines);
}

size_t exchange_take(struct exchange *exchange, const char *data, size_t bytes, enum action *action)
{
	*action = ACTION_READ;
	exchange->request.on_worker = false;
	return exchange->step == STEP_BODY ? body_take(exchange, data, bytes, action) : bytes;
}

static void clear_response(struct response *response)
{
	if (response->shared)
		shared_body_unref(response->shared);
	response->shared = NULL;
	buf_reset(&response->body);
	response->status = 200;
	response->content_type = "application/json";
	response->header_count = 0;
}

static enum error run(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	enum error error = head_condition(request);

	if (!error)
		error = idempotency_read(request);
	if (error)
		return error;
	/* Of a run before, which may have been of another ranking. */
	request->veil = NULL;
	request->read = NULL;
	error = request->route->handle(request, &exchange->response);
	if (!error)
		error = sensitive_read_log(request, exchange->response.status);
	/* It will run again: what it has written so far must not show twice. */
	if (error == ERR_WOULD_BLOCK || error == ERR_PARK)
		clear_response(&exchange->response);
	return error;
}

static enum action park(struct exchange *exchange)
{
	if (exchange->request.parked_once) {
		exchange_fail(exchange, ERR_NOT_CAUGHT_UP);
		return ACTION_ANSWER;
	}
	exchange->step = STEP_PARKED;
	return ACTION_PARK;
}

static enum action run_on_loop(struct exchange *exchange)
{
	enum error error;

	if (!exchange->admitted || exchange->coded ||
		!(exchange->request.route->flags & ROUTE_MEMORY))
		return ACTION_WORK;
	error = run(exchange);
	if (error == ERR_WOULD_BLOCK)
		return ACTION_WORK;
	if (error == ERR_PARK)
		return park(exchange);
	exchange_fail(exchange, error);
	return ACTION_ANSWER;
}

/* A stream, or who waits, can outlast its token, its role or its workspace. */
static enum error admit_again(struct request *request, bool may_block)
{
	principal_unref(request->principal);
	request->principal = NULL;
	return access_check(request, may_block);
}

static enum action run_again(struct exchange *exchange)
{
	enum error error = admit_again(&exchange->request, false);

	if (error == ERR_WOULD_BLOCK) {
		exchange->admitted = false;
		return ACTION_WORK;
	}
	if (!error)
		return run_on_loop(exchange);
	exchange_fail(exchange, error);
	return ACTION_ANSWER;
}

/* The coding does not end where the body does. What the stream has given is still stored: only a
 * worker can wait for that, and tell. */
static void cut_off(struct exchange *exchange)
{
	diag_add(&exchange->request.diag, "", "%s", body_cut_off);
	exchange->outcome = ERR_BAD_REQUEST;
}

enum action exchange_continue(struct exchange *exchange)
{
	exchange->request.on_worker = false;
	switch (exchange->step) {
	case STEP_ADMITTED: return admit(exchange, exchange->outcome);
	case STEP_BODY:
		if (exchange->stream) {
			if (exchange->gunzip && !gunzip_whole(exchange->gunzip))
				cut_off(exchange);
			else
				lines_finish(&exchange->lines);
			exchange->step = STEP_FINISH;
			return ACTION_WORK;
		}
		exchange->request.body = buf_view(&exchange->body);
		exchange->step = STEP_RUN;
		return run_on_loop(exchange);
	case STEP_PARKED:
		leave_seat(&exchange->request);
		exchange->request.parked_once = true;
		exchange->step = STEP_RUN;
		return run_again(exchange);
	case STEP_RUN: return run_on_loop(exchange);
	default: return ACTION_ANSWER;
	}
}

/* On a worker there is nobody left to wait for, but for the threads for what takes long (work_run). */
static enum error final(struct exchange *exchange, enum error error)
{
	if (error != ERR_WOULD_BLOCK)
		return error;
	log_write(LOG_ERROR, "handler_would_block", "A handler asked for a worker on a worker",
		LOG_S("route", exchange->request.route->path), NULL);
	return ERR_INTERNAL;
}

static enum error work_chunk(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct lines *lines = &exchange->lines;
	enum error error;

	if (lines->count == 0)
		return ERR_OK;
	error = admit_again(request, true);
	if (error) {
		tell_stream(exchange);
		return final(exchange, error);
	}
	error = request->route->stream->chunk(request, lines_chunk(lines), lines->first_line);
	lines_next(lines);
	return final(exchange, error);
}

static enum action work_run(struct exchange *exchange)
{
	enum error error = ERR_OK;

	if (!exchange->admitted)
		error = access_check(&exchange->request, true);
	if (!error) {
		exchange->admitted = true;
		error = body_inflate(exchange);
	}
	if (!error)
		error = run(exchange);
	if (error == ERR_WOULD_BLOCK && !exchange->request.heavy) {
		exchange->request.heavy = true;
		return ACTION_READ;
	}
	if (error == ERR_PARK && !exchange->request.parked_once) {
		exchange->step = STEP_PARKED;
		return ACTION_PARK;
	}
	exchange_fail(exchange, error == ERR_PARK ? ERR_NOT_CAUGHT_UP : final(exchange, error));
	return ACTION_READ;
}

enum action exchange_work(struct exchange *exchange, unsigned worker)
{
	struct request *request = &exchange->request;
	enum error error;

	request->on_worker = true;
	request->heavy = exchange_is_heavy(exchange);
	request->worker = worker;
	switch (exchange->step) {
	case STEP_ADMIT:
		exchange->outcome = final(exchange, access_check(request, true));
		exchange->step = STEP_ADMITTED;
		return ACTION_READ;
	case STEP_BODY:
		error = work_chunk(exchange);
		if (error)
			exchange_give_up(exchange, error);
		return ACTION_READ;
	case STEP_FINISH:
		if (exchange->outcome) {
			tell_stream(exchange);
			exchange_fail(exchange, exchange->outcome);
			return ACTION_READ;
		}
		error = work_chunk(exchange);
		if (!error)
			error = final(exchange,
				request->route->stream->end(request, &exchange->response));
		exchange_fail(exchange, error);
		return ACTION_READ;
	default: return work_run(exchange);
	}
}

bool exchange_is_heavy(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;

	if (exchange->step != STEP_RUN || !request->route)
		return false;
	if (request->heavy)
		return true;
	if (request->route->flags & ROUTE_REFRESH)
		return request_query(request, "refresh").ptr != NULL;
	return request->route->flags & ROUTE_HEAVY;
}

bool exchange_joins(const struct exchange *exchange)
{
	const struct route *route = exchange->request.route;

	return exchange->step == STEP_RUN && exchange->admitted && !exchange->coded &&
	       route->joint && route->joint->joins(&exchange->request);
}

void exchange_prepare_joint(struct exchange *exchange, unsigned worker)
{
	struct request *request = &exchange->request;
	enum error error;

	request->on_worker = true;
	request->worker = worker;
	error = head_condition(request);
	if (!error)
		error = request->route->joint->prepare(request);
	if (error)
		exchange_fail(exchange, final(exchange, error));
}

void exchange_store_joint(struct exchange **exchanges, size_t count)
{
	struct request *requests[JOINT_MAX];
	size_t taken;

	for (size_t i = 0; i < count; i += taken) {
		const struct joint_handler *joint = exchanges[i]->request.route->joint;
		size_t n = 0;

		/* As far as they are of one kind. */
		for (taken = 0; i + taken < count; taken++) {
			struct exchange *exchange = exchanges[i + taken];

			if (exchange->request.route->joint != joint)
				break;
			if (exchange->step == STEP_RUN)
				requests[n++] = &exchange->request;
		}
		if (n > 0)
			joint->store(requests, n);
	}
}

void exchange_finish_joint(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	if (exchange->step == STEP_RUN)
		exchange_fail(exchange, final(exchange, request->route->joint->finish(
								request, &exchange->response)));
}
