/*
 * Items on their way in, and the answer about each.
 */
#include "http/resources/ingest.h"
#include "http/resources/tables.h"

#include <string.h>

#include "service/kept.h"

/* Of a stream: of all items, and of those that were rejected. */
enum { RESULTS_BYTES = 4 << 20, REJECTED_BYTES = 8 << 20 };

enum error ingest_options_read(struct request *request, struct ingest_options *out)
{
	struct str mode = request_query(request, "mode");

	if (mode.ptr && !str_is(mode, "partial") && !str_is(mode, "atomic")) {
		diag_add(&request->diag, "/query/mode", "Not a mode: partial or atomic.");
		return ERR_INVALID;
	}
	out->atomic = str_is(mode, "atomic");
	return request_query_bool(request, "dry_run", false, &out->dry_run);
}

static void write_result(
	struct buf *out, const struct item_result *result, size_t index, size_t line)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "index", int, (int64_t)index);
	if (line > 0)
		json_put(&json, "line", int, (int64_t)line);
	if (result->has_id)
		json_put(&json, "id", uuid, &result->id);
	if (result->source.ptr)
		json_put(&json, "source", str, result->source);
	if (result->external_id.ptr)
		json_put(&json, "external_id", str, result->external_id);
	json_put(&json, "outcome", text, item_outcome_name(result->outcome));
	if (result->revision > 0)
		json_put(&json, "revision", int, result->revision);
	write_warnings(&json, result->warnings);
	if (result->outcome == OUTCOME_REJECTED) {
		struct buf problem = BUF_INIT;

		problem_object(&problem, result->error, result->diag, NULL);
		json_key(&json, "problem");
		json_raw(&json, buf_view(&problem));
		out->failed = out->failed || problem.failed;
		buf_release(&problem);
	}
	json_object_end(&json);
}

/* All results up to a bound, then those that were rejected up to a larger one: a stream of any length
 * has an answer of bounded length. A whole body has all of them. */
static bool is_listed(const struct ingest_answer *answer, const struct item_result *result)
{
	size_t bound = result->outcome == OUTCOME_REJECTED ? REJECTED_BYTES : RESULTS_BYTES;

	return !answer->stream || answer->results.len < bound;
}

void ingest_answer_add(struct ingest_answer *answer, const struct ingest *ingest, size_t count,
	const size_t *lines)
{
	for (size_t i = 0; i < count; i++) {
		size_t index = answer->result_count++;

		if (!is_listed(answer, &ingest->results[i])) {
			answer->omitted++;
			continue;
		}
		if (answer->listed++ > 0)
			buf_putc(&answer->results, ',');
		write_result(&answer->results, &ingest->results[i], index, lines ? lines[i] : 0);
	}
	for (int i = 0; i < OUTCOME_COUNT; i++)
		answer->counts[i] += ingest->counts[i];
	if (ingest->written.changed && answer->first_revision == 0)
		answer->first_revision = ingest->written.revision;
	answer->written = ingest->written;
	answer->any_written = true;
}

void ingest_answer_release(struct ingest_answer *answer)
{
	buf_release(&answer->results);
}

enum error ingest_answer_finish(
	struct ingest_answer *answer, struct request *request, struct response *response)
{
	bool errors = answer->counts[OUTCOME_REJECTED] > 0;
	struct json_writer json;

	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "mode", text, answer->options.atomic ? "atomic" : "partial");
	json_put(&json, "dry_run", bool, answer->options.dry_run);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		json_put(&json, item_outcome_name((enum item_outcome)i), int,
			(int64_t)answer->counts[i]);
	json_put(&json, "errors", bool, errors);
	if (answer->skipped >= 0) {
		json_put(&json, "skipped", int, answer->skipped);
		if (answer->skipped_why)
			json_put(&json, "skipped_why", text, answer->skipped_why);
	}
	if (answer->any_written)
		json_put(&json, "revision", int, answer->written.revision);
	if (answer->stream && answer->first_revision > 0)
		json_put(&json, "first_revision", int, answer->first_revision);
	if (answer->omitted > 0)
		json_put(&json, "results_omitted", int, (int64_t)answer->omitted);
	json_key(&json, "results");
	json_array_begin(&json);
	if (answer->listed > 0)
		json_raw(&json, buf_view(&answer->results));
	json_array_end(&json);
	json_object_end(&json);
	response->body.failed = response->body.failed || answer->results.failed;
	ingest_answer_release(answer);
	response->status = errors ? 207 : 200;
	if (answer->any_written)
		response_written(response, request, &answer->written);
	return response_done(response);
}

/* ---- a whole body ---- */

static const json_t *element(const struct ingest_body *body, size_t index)
{
	return json_is_array(body->items) ? json_array_get(body->items, index) : body->items;
}

static enum error parse_element(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	const struct ingest_body *body = self;

	return item_input_parse(
		element(body, index), ITEM_PARSE_UPSERT, catalog, pointer, arena, diag, out);
}

/* What the translation left out is part of the answer, and is not the service's to know. */
static enum error keep_skipped(struct call *call, const struct ingest_body *body)
{
	struct buf bytes = BUF_INIT;
	char *copy;

	if (!call->key)
		return ERR_OK;
	kept_put_int(&bytes, body->skipped);
	kept_put_str(&bytes, str_from(body->skipped_why));
	copy = bytes.failed ? NULL : arena_alloc(call->arena, bytes.len);
	if (copy) {
		memcpy(copy, bytes.data, bytes.len);
		call->key->extra = (struct str){copy, bytes.len};
	}
	buf_release(&bytes);
	return copy ? ERR_OK : ERR_NO_MEMORY;
}

static enum error recall_skipped(const struct call *call, struct ingest_answer *answer)
{
	struct kept kept = {.left = call->key->extra};
	struct str why;

	answer->skipped = kept_int(&kept);
	why = kept_str(&kept);
	answer->skipped_why = why.ptr ? arena_strdup(call->arena, why) : NULL;
	if (why.ptr && !answer->skipped_why)
		return ERR_BUDGET;
	return kept_end(&kept);
}

enum error ingest_post_begin(
	struct ingest_post *post, struct request *request, const struct ingest_body *body)
{
	bool single = !json_is_array(body->items);
	enum error error;

	*post = (struct ingest_post){
		.body = *body,
		.source = {.count = single ? 1 : json_array_size(body->items),
			.parse = parse_element,
			.self = &post->body,
			.features_only = body->features_only},
		.ingest = {.pointer_prefix = body->pointer_prefix,
			.single = single,
			.action = body->action},
		.answer = {.skipped = body->skipped, .skipped_why = body->skipped_why},
		.call = call_of(request),
	};
	error = ingest_options_read(request, &post->answer.options);
	if (error)
		return error;
	if (post->source.count > INGEST_MAX_ITEMS) {
		diag_add(&request->diag, body->pointer_prefix,
			"At most %d items in one body; send more as application/x-ndjson.",
			INGEST_MAX_ITEMS);
		return ERR_TOO_LARGE;
	}
	post->ingest.atomic = post->answer.options.atomic;
	post->ingest.dry_run = post->answer.options.dry_run;
	error = keep_skipped(&post->call, body);
	if (error)
		return error;
	return batch_parse(&post->call, &post->source, &post->ingest, &post->batch);
}

enum error ingest_post_end(struct ingest_post *post, struct request *request,
	struct response *response, enum error error)
{
	batch_release(post->batch);
	post->batch = NULL;
	if (!error && post->ingest.written.replayed)
		error = recall_skipped(&post->call, &post->answer);
	if (error)
		return error;
	ingest_answer_add(&post->answer, &post->ingest, post->ingest.result_count, NULL);
	return ingest_answer_finish(&post->answer, request, response);
}

enum error ingest_json(
	struct request *request, struct response *response, const struct ingest_body *body)
{
	struct ingest_post post;
	enum error error = ingest_post_begin(&post, request, body);

	if (!error)
		error = batch_store(post.batch);
	return ingest_post_end(&post, request, response, error);
}
