/*
 * The backlog as a collection: batches in, lists out.
 */
#include <string.h>

#include "http/resources/ingest.h"
#include "http/resources/tables.h"
#include "store/aggregates.h"

/* ---- POST: an object or an array ---- */

static enum error post(struct request *request, struct response *response)
{
	static const char *const known[] = {"mode", "dry_run", NULL};
	struct ingest_body body = {.pointer_prefix = "", .action = "items.upsert", .skipped = -1};
	json_t *items;
	enum error error = request_query_only(request, known);

	if (!error)
		error = body_json(request, &items);
	if (error)
		return error;
	body.items = items;
	if (json_is_array(items) || json_is_object(items)) {
		error = ingest_json(request, response, &body);
	} else {
		diag_add(&request->diag, "", "An item object or an array of them is expected.");
		error = ERR_INVALID;
	}
	json_decref(items);
	return error;
}

/* ---- POST: NDJSON, a chunk at a time ---- */

enum {
	CHUNK_LINES = 1000,
	CHUNK_BYTES = 1 << 20,
	LINE_BYTES = 1 << 20,
	CHUNK_ARENA = 256 << 20,
	ATOMIC_LINES = INGEST_MAX_ITEMS,
};

struct line {
	struct str text;
	size_t number;
};

struct stream {
	struct ingest_answer answer;
	struct buf whole; /* atomic: everything, for one transaction at the end */
	size_t lines_done;
};

static enum error stream_begin(struct request *request)
{
	static const char *const known[] = {"mode", "dry_run", NULL};
	struct stream *stream = arena_alloc(&request->arena, sizeof *stream);
	enum error error = request_query_only(request, known);

	if (!stream)
		return ERR_NO_MEMORY;
	stream->answer.skipped = -1;
	request->state = stream;
	return error ? error : ingest_options_read(request, &stream->answer.options);
}

struct chunk {
	const struct line *lines;
};

static enum error parse_line(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	const struct line *line = &((const struct chunk *)self)->lines[index];
	json_t *json;
	enum error error;

	if (line->text.len > LINE_BYTES) {
		diag_add(diag, pointer, "Line %zu is longer than %d bytes.", line->number,
			LINE_BYTES);
		return ERR_TOO_LARGE;
	}
	error = json_parse(line->text, line->number, pointer, diag, &json);
	if (error)
		return error;
	error = item_input_parse(json, ITEM_PARSE_UPSERT, catalog, pointer, arena, diag, out);
	json_decref(json);
	return error;
}

static bool is_blank(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!strchr(" \t\r", text.ptr[i]) || text.ptr[i] == '\0')
			return false;
	}
	return true;
}

/* The lines that hold something, with their numbers. */
static enum error cut_lines(struct str text, size_t first, struct arena *arena, struct line **out,
	size_t *numbers_of[], size_t *count)
{
	size_t room = 1, used = 0, number = first;
	struct line *lines;
	size_t *numbers;

	for (size_t i = 0; i < text.len; i++)
		room += text.ptr[i] == '\n';
	lines = arena_array(arena, room, sizeof *lines);
	numbers = arena_array(arena, room, sizeof *numbers);
	if (!lines || !numbers)
		return ERR_BUDGET;
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		struct str line = {text.ptr, len};

		if (!is_blank(line)) {
			numbers[used] = number;
			lines[used++] = (struct line){line, number};
		}
		number++;
		len += end != NULL;
		text.ptr += len;
		text.len -= len;
	}
	*out = lines;
	*numbers_of = numbers;
	*count = used;
	return ERR_OK;
}

static enum error ingest_lines(
	struct request *request, struct stream *stream, struct str text, size_t first_line)
{
	struct call call = call_of(request);
	struct item_source source = {.parse = parse_line};
	struct ingest ingest = {
		.atomic = stream->answer.options.atomic,
		.dry_run = stream->answer.options.dry_run,
		.pointer_prefix = "",
		/* A result names its line; pointers then start at that line's object. */
		.single = !stream->answer.options.atomic,
		.action = "items.upsert",
	};
	struct arena arena;
	struct chunk chunk;
	struct line *lines;
	size_t *numbers;
	enum error error;

	/* A chunk's values go with the chunk, so that a long stream needs no more than a short one. */
	arena_init(&arena, CHUNK_ARENA);
	call.arena = &arena;
	error = cut_lines(text, first_line, &arena, &lines, &numbers, &source.count);
	if (error)
		goto out;
	chunk.lines = lines;
	source.self = &chunk;
	error = items_ingest(&call, &source, &ingest);
	if (!error)
		ingest_answer_add(&stream->answer, &ingest, source.count, numbers);
out:
	arena_release(&arena);
	return error;
}

/* What was committed before the stream failed, for the problem's extension members. */
static void tell_committed(struct request *request, const struct stream *stream)
{
	struct buf text = BUF_INIT;
	struct json_writer json;

	if (stream->answer.options.dry_run)
		return;
	json_writer_init(&json, &text);
	json_object_begin(&json);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		json_put(&json, item_outcome_name((enum item_outcome)i), int,
			(int64_t)stream->answer.counts[i]);
	json_object_end(&json);
	if (!text.failed)
		request->problem_members = arena_printf(&request->arena,
			"\"committed\":%.*s,\"committed_through_line\":%zu,\"revision\":%lld",
			STR_ARG(buf_view(&text)), stream->lines_done,
			(long long)stream->answer.written.revision);
	buf_release(&text);
}

static size_t count_lines(struct str text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	return lines + (text.len > 0 && text.ptr[text.len - 1] != '\n');
}

static enum error stream_chunk(struct request *request, struct str lines, size_t first_line)
{
	struct stream *stream = request->state;
	enum error error = ERR_OK;

	if (!stream->answer.options.atomic) {
		error = ingest_lines(request, stream, lines, first_line);
	} else if (stream->whole.len + lines.len > INGEST_MAX_BODY) {
		diag_add(&request->diag, "", "An atomic body has at most %d bytes.",
			INGEST_MAX_BODY);
		error = ERR_TOO_LARGE;
	} else {
		buf_str(&stream->whole, lines);
		error = stream->whole.failed ? ERR_NO_MEMORY : ERR_OK;
	}
	if (error) {
		tell_committed(request, stream);
		return error;
	}
	if (!stream->answer.options.atomic)
		stream->lines_done = first_line - 1 + count_lines(lines);
	return ERR_OK;
}

static enum error stream_end(struct request *request, struct response *response)
{
	struct stream *stream = request->state;
	enum error error = ERR_OK;

	if (stream->answer.options.atomic && count_lines(buf_view(&stream->whole)) > ATOMIC_LINES) {
		diag_add(&request->diag, "", "At most %d items in one atomic body.", ATOMIC_LINES);
		error = ERR_TOO_LARGE;
	} else if (stream->answer.options.atomic) {
		error = ingest_lines(request, stream, buf_view(&stream->whole), 1);
	}
	return error ? error : ingest_answer_finish(&stream->answer, request, response);
}

static void stream_release(struct request *request)
{
	struct stream *stream = request->state;

	if (!stream)
		return;
	ingest_answer_release(&stream->answer);
	buf_release(&stream->whole);
}

static const struct stream_handler stream_handler = {
	.begin = stream_begin,
	.chunk = stream_chunk,
	.end = stream_end,
	.release = stream_release,
	.chunk_lines = CHUNK_LINES,
	.chunk_bytes = CHUNK_BYTES,
	.line_bytes = LINE_BYTES,
};

/* ---- GET ---- */

/* All filters in one text, for binding the cursor. */
static char *filter_text(struct request *request, const struct item_filter *filter)
{
	return arena_printf(&request->arena,
		"%zu:%.*s\n%zu:%.*s\n%zu:%.*s\n%zu:%.*s\n%zu:%.*s\n%zu:%.*s", filter->source.len,
		STR_ARG(filter->source), filter->external_id.len, STR_ARG(filter->external_id),
		filter->status.len, STR_ARG(filter->status), filter->stream.len,
		STR_ARG(filter->stream), filter->kind.len, STR_ARG(filter->kind), filter->team.len,
		STR_ARG(filter->team));
}

static enum error list(struct request *request, struct response *response)
{
	static const char *const known[] = {"source", "external_id", "status", "stream", "kind",
		"team", "limit", "cursor", NULL};
	struct item_filter filter = {
		.source = request_query(request, "source"),
		.external_id = request_query(request, "external_id"),
		.status = request_query(request, "status"),
		.stream = request_query(request, "stream"),
		.kind = request_query(request, "kind"),
		.team = request_query(request, "team"),
	};
	struct call call = call_of(request);
	struct json_writer json;
	struct uuid after_id;
	struct item_list items;
	char last[UUID_TEXT_SIZE];
	struct str after, query;
	enum error error = request_query_only(request, known);

	if (error)
		return error;
	query = str_from(filter_text(request, &filter));
	if (!query.ptr)
		return ERR_BUDGET;
	error = query_limit(request, LIST_LIMIT_MAX, &filter.limit);
	if (!error)
		error = query_cursor(request, query, &after);
	if (!error && after.ptr && !uuid_from_text(after, &after_id))
		error = ERR_BAD_CURSOR;
	if (error)
		return error;
	filter.after = after.ptr ? &after_id : NULL;
	error = item_list(&call, &filter, &items);
	if (error)
		return error;
	response_revision(response, request, items.head);
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	write_items(&json, request, "items", &items);
	catalog_unref(items.catalog);
	if (items.count == filter.limit)
		write_next(&json, request, query,
			str_from(uuid_to_text(&items.records[items.count - 1].id, last)));
	json_object_end(&json);
	return response_done(response);
}

static const struct route routes[] = {
	{
		.method = "GET",
		.path = "/v1/workspaces/{ws}/items",
		.roles = ROLES_READ,
		.handle = list,
	},
	{
		.method = "POST",
		.path = "/v1/workspaces/{ws}/items",
		.roles = ROLE_CONTRIBUTOR | ROLE_ADMIN,
		.body = BODY_JSON | BODY_NDJSON,
		.body_bytes = INGEST_MAX_BODY,
		.handle = post,
		.stream = &stream_handler,
	},
};
const struct route_table item_collection_routes = {routes, sizeof routes / sizeof *routes};
