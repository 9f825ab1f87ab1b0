/*
 * POST …/items as NDJSON: a part of some lines at a time, each a revision. While one part is stored
 * the next is parsed, on another worker; never more than two are held, so a long stream needs no
 * more memory than a short one.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/workq.h"
#include "http/resources/ingest.h"

enum {
	PART_LINES = 1000,
	PART_BYTES = 1 << 20,
	LINE_BYTES = 1 << 20,
	PART_ARENA = 256 << 20,
};

struct line {
	struct str text;
	size_t number;
};

enum part_state { PART_WAITING, PART_STORING, PART_STORED };

/*
 * Some lines on their way, with all that they need. Storing it falls to whichever worker comes
 * first: one from the queue, or the one that needs the outcome and finds it not begun, so that no
 * worker waits for a queue that waits for workers. The request may be gone by then; the last to
 * let go frees.
 */
struct part {
	int references; /* atomic */
	pthread_mutex_t lock;
	pthread_cond_t stored;
	enum part_state state;
	enum error error; /* of storing it */

	struct arena arena;
	struct diag diag;
	struct call call;
	struct principal *principal; /* a reference */
	struct item_source source;
	struct ingest ingest;
	const struct line *lines;
	const size_t *numbers;
	size_t last_line;
	struct batch *batch;
};

struct stream {
	struct ingest_answer answer;
	struct buf whole;    /* atomic: everything, for one transaction at the end */
	struct part *before; /* given to be stored, not settled yet */
	size_t lines_done;
	bool familiar; /* some lines of the part before changed nothing */
};

/* ---- a part's life ---- */

static void part_unref(struct part *part)
{
	if (!part || __atomic_sub_fetch(&part->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	batch_release(part->batch);
	arena_release(&part->arena);
	principal_unref(part->principal);
	pthread_cond_destroy(&part->stored);
	pthread_mutex_destroy(&part->lock);
	free(part);
}

static struct part *part_new(struct request *request, const struct ingest_options *options)
{
	struct part *part = calloc(1, sizeof *part);

	if (!part)
		return NULL;
	part->references = 1;
	pthread_mutex_init(&part->lock, NULL);
	pthread_cond_init(&part->stored, NULL);
	arena_init(&part->arena, PART_ARENA);
	diag_init(&part->diag, &part->arena);
	part->principal = request->principal;
	principal_ref(part->principal);
	part->call = call_of(request);
	part->call.arena = &part->arena;
	part->call.diag = &part->diag;
	part->call.request_id = arena_strdup(&part->arena, str_from(request->id));
	part->ingest = (struct ingest){
		.atomic = options->atomic,
		.dry_run = options->dry_run,
		.pointer_prefix = "",
		/* A result names its line; pointers then start at that line's object. */
		.single = !options->atomic,
		.action = "items.upsert",
	};
	return part;
}

/* Stores the part, unless somebody else does. */
static void part_store(struct part *part)
{
	bool mine;

	pthread_mutex_lock(&part->lock);
	mine = part->state == PART_WAITING;
	if (mine)
		part->state = PART_STORING;
	pthread_mutex_unlock(&part->lock);
	if (!mine)
		return;
	part->error = batch_store(part->batch);
	pthread_mutex_lock(&part->lock);
	part->state = PART_STORED;
	pthread_cond_signal(&part->stored);
	pthread_mutex_unlock(&part->lock);
}

static void part_work(void *arg, unsigned worker)
{
	(void)worker;
	part_store(arg);
	part_unref(arg);
}

static void part_start(struct part *part, struct workq *workers)
{
	__atomic_add_fetch(&part->references, 1, __ATOMIC_RELAXED);
	if (!workq_push(workers, part_work, part))
		part_unref(part);
}

static enum error part_wait(struct part *part)
{
	part_store(part);
	pthread_mutex_lock(&part->lock);
	while (part->state != PART_STORED)
		pthread_cond_wait(&part->stored, &part->lock);
	pthread_mutex_unlock(&part->lock);
	return part->error;
}

/* ---- its lines ---- */

static bool is_blank(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != ' ' && text.ptr[i] != '\t' && text.ptr[i] != '\r')
			return false;
	}
	return true;
}

static size_t count_lines(struct str text)
{
	size_t lines = 0;

	for (const char *at = text.ptr, *end = text.ptr + text.len; at < end; lines++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline ? newline + 1 : end;
	}
	return lines;
}

/* The lines that hold something, with their numbers. */
static enum error cut_lines(struct part *part, struct str text, size_t first_line)
{
	size_t room = count_lines(text), used = 0, number = first_line;
	struct line *lines = arena_array(&part->arena, room, sizeof *lines);
	size_t *numbers = arena_array(&part->arena, room, sizeof *numbers);

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
	part->lines = lines;
	part->numbers = numbers;
	part->source.count = used;
	part->last_line = number - 1;
	return ERR_OK;
}

static enum error parse_line(void *self, size_t index, const struct catalog *catalog,
	const char *pointer, struct arena *arena, struct diag *diag, struct item_input *out)
{
	const struct line *line = &((const struct part *)self)->lines[index];
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

static bool sketch_line(
	void *self, size_t index, struct str *source, struct str *external_id, struct str *text)
{
	*text = ((const struct part *)self)->lines[index].text;
	return text->len <= LINE_BYTES && item_sketch(*text, source, external_id);
}

/* The text is copied: it may have to be parsed once more when the request has gone on. */
static enum error part_parse(struct part *part, struct str text, size_t first_line)
{
	char *copy = arena_strdup(&part->arena, text);
	enum error error;

	if (!copy || !part->call.request_id)
		return ERR_BUDGET;
	part->source.parse = parse_line;
	part->source.sketch = sketch_line;
	part->source.self = part;
	error = cut_lines(part, (struct str){copy, text.len}, first_line);
	if (error)
		return error;
	if (part->ingest.atomic && part->source.count > INGEST_MAX_ITEMS) {
		diag_add(&part->diag, "", "At most %d items in one atomic body.", INGEST_MAX_ITEMS);
		return ERR_TOO_LARGE;
	}
	return batch_parse(&part->call, &part->source, &part->ingest, &part->batch);
}

/* ---- the stream ---- */

static enum error stream_begin(struct request *request)
{
	static const char *const known[] = {"mode", "dry_run", NULL};
	struct stream *stream = arena_alloc(&request->arena, sizeof *stream);
	enum error error = request_query_only(request, known);

	if (!stream)
		return ERR_NO_MEMORY;
	stream->answer.skipped = -1;
	stream->answer.stream = true;
	request->state = stream;
	return error ? error : ingest_options_read(request, &stream->answer.options);
}

/* What was committed before the stream failed, for the problem's extension members. */
static void tell_committed(struct request *request, const struct stream *stream)
{
	/* Lines that are being stored while this is told: their outcome is not known here. */
	const char *unsettled =
		stream->before ? arena_printf(&request->arena, ",\"unsettled_through_line\":%zu",
					 stream->before->last_line)
			       : NULL;
	struct buf text = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &text);
	json_object_begin(&json);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		json_put(&json, item_outcome_name((enum item_outcome)i), int,
			(int64_t)stream->answer.counts[i]);
	json_object_end(&json);
	request->problem_members = arena_printf(&request->arena,
		"\"committed\":%.*s,\"committed_through_line\":%zu,\"revision\":%lld%s",
		STR_ARG(buf_view(&text)), stream->lines_done,
		(long long)stream->answer.written.revision, unsettled ? unsettled : "");
	buf_release(&text);
}

/* Takes over what a part came to, and lets go of it. */
static enum error settle(
	struct request *request, struct stream *stream, struct part *part, enum error error)
{
	if (!error) {
		ingest_answer_add(
			&stream->answer, &part->ingest, part->source.count, part->numbers);
		stream->lines_done = part->last_line;
		stream->familiar = part->ingest.counts[OUTCOME_UNCHANGED] > 0;
	} else {
		for (size_t i = 0; i < part->diag.count; i++)
			diag_add(&request->diag, part->diag.entries[i].pointer + 1, "%s",
				part->diag.entries[i].detail);
		request->diag.omitted += part->diag.omitted;
		tell_committed(request, stream);
	}
	part_unref(part);
	return error;
}

static enum error settle_before(struct request *request, struct stream *stream)
{
	struct part *part = stream->before;

	stream->before = NULL;
	return part ? settle(request, stream, part, part_wait(part)) : ERR_OK;
}

/* Parses these lines while the ones before are stored, then lets these be stored in turn. */
static enum error take_lines(
	struct request *request, struct stream *stream, struct str lines, size_t first_line)
{
	struct part *part = part_new(request, &stream->answer.options);
	enum error error, before;

	if (!part)
		return ERR_NO_MEMORY;
	part->ingest.familiar = stream->familiar;
	error = part_parse(part, lines, first_line);
	before = settle_before(request, stream);
	if (before) {
		part_unref(part);
		return before;
	}
	if (error)
		return settle(request, stream, part, error);
	stream->before = part;
	part_start(part, request->service->workers);
	return ERR_OK;
}

static enum error stream_chunk(struct request *request, struct str lines, size_t first_line)
{
	struct stream *stream = request->state;

	if (!stream->answer.options.atomic)
		return take_lines(request, stream, lines, first_line);
	if (stream->whole.len + lines.len > INGEST_MAX_BODY) {
		diag_add(&request->diag, "", "An atomic body has at most %d bytes.",
			INGEST_MAX_BODY);
		return ERR_TOO_LARGE;
	}
	buf_str(&stream->whole, lines);
	return stream->whole.failed ? ERR_NO_MEMORY : ERR_OK;
}

static enum error stream_end(struct request *request, struct response *response)
{
	struct stream *stream = request->state;
	enum error error = ERR_OK;

	if (stream->answer.options.atomic)
		error = take_lines(request, stream, buf_view(&stream->whole), 1);
	if (!error)
		error = settle_before(request, stream);
	return error ? error : ingest_answer_finish(&stream->answer, request, response);
}

static void stream_fail(struct request *request)
{
	struct stream *stream = request->state;

	if (request->on_worker)
		(void)settle_before(request, stream);
	if (!request->problem_members)
		tell_committed(request, stream);
}

static void stream_release(struct request *request)
{
	struct stream *stream = request->state;

	part_unref(stream->before);
	ingest_answer_release(&stream->answer);
	buf_release(&stream->whole);
}

const struct stream_handler item_stream = {
	.begin = stream_begin,
	.chunk = stream_chunk,
	.end = stream_end,
	.fail = stream_fail,
	.release = stream_release,
	.chunk_lines = PART_LINES,
	.chunk_bytes = PART_BYTES,
	.line_bytes = LINE_BYTES,
};
