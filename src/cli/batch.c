/*
 * The second half of a push: what the server said of each item, told at the place where the person
 * can mend it.
 */
#include "cli/batch.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "codec/json_writer.h"

enum { TOLD_MAX = 20 };

void batch_begin(struct batch *batch, struct cli *cli, const struct batch_options *options)
{
	*batch = (struct batch){.cli = cli, .options = *options, .sum.revision = -1};
	if (options->json)
		cli_write(STR("{\"results\":["));
}

/* "backlog.ndjson:12", or the file alone. */
static void put_place(struct buf *out, const struct origin *origin)
{
	buf_puts(out, origin->file);
	if (origin->line > 0)
		buf_printf(out, ":%zu", origin->line);
}

/*
 * A line that is no JSON is described with its number within the request, which is not that of the
 * file: what is told begins behind it.
 */
static struct str without_line(struct str detail, int64_t line)
{
	char begin[48];
	int len = snprintf(begin, sizeof begin, "Line %lld, ", (long long)line);

	if (line > 0 && detail.len > (size_t)len && memcmp(detail.ptr, begin, (size_t)len) == 0)
		return (struct str){detail.ptr + len, detail.len - (size_t)len};
	return detail;
}

/* "/title: It is required.", or what is wrong with the whole. */
static void put_fault(struct buf *out, struct str pointer, struct str detail, int64_t line)
{
	if (pointer.len > 0 && !str_is(pointer, "#")) {
		buf_str(out, pointer);
		buf_puts(out, ": ");
	}
	buf_str(out, without_line(detail, line));
}

static void put_faults(struct buf *out, const struct json_view *problem, int64_t line)
{
	const struct json_view *faults = json_view_get(problem, "errors");
	struct str detail = json_view_text(problem, "detail");

	if (json_view_count(faults) == 0) {
		put_fault(out, STR_NONE, detail.len ? detail : json_view_text(problem, "title"),
			line);
		return;
	}
	for (size_t i = 0; i < json_view_count(faults); i++) {
		const struct json_view *fault = json_view_at(faults, i);

		if (i > 0)
			buf_puts(out, "; ");
		put_fault(out, json_view_text(fault, "pointer"), json_view_text(fault, "detail"),
			line);
	}
}

static void tell_rejected(
	struct batch *batch, const struct json_view *result, const struct origin *origin)
{
	struct str external_id = json_view_text(result, "external_id");
	struct buf line = BUF_INIT;

	if (batch->told++ >= TOLD_MAX)
		return;
	put_place(&line, origin);
	buf_puts(&line, ": ");
	if (external_id.len > 0) {
		buf_str(&line, external_id);
		buf_puts(&line, ": ");
	}
	put_faults(&line, json_view_get(result, "problem"), json_view_int(result, "line", 0));
	if (!line.failed)
		cli_complain("%s", line.data);
	buf_release(&line);
}

/* The result as the server gave it, but counted over the whole push and with its place. */
static void print_result(
	struct batch *batch, const struct json_view *result, const struct origin *origin)
{
	struct buf out = BUF_INIT;
	struct json_writer json;
	const struct json_view *value;
	struct str key;
	void *cursor = NULL;

	if (batch->results > 0)
		buf_putc(&out, ',');
	json_writer_init(&json, &out);
	json_object_begin(&json);
	json_put(&json, "index", int, batch->earlier + (int64_t)batch->results);
	json_put(&json, "file", text, origin->file);
	if (origin->line > 0)
		json_put(&json, "line", int, (int64_t)origin->line);
	while (json_view_next(result, &cursor, &key, &value)) {
		struct buf text = BUF_INIT;

		if (str_is(key, "index") || str_is(key, "line"))
			continue;
		json_view_write(&text, value);
		json_key_str(&json, key);
		json_raw(&json, buf_view(&text));
		buf_release(&text);
	}
	json_object_end(&json);
	batch->results++;
	cli_write(buf_view(&out));
	buf_release(&out);
}

static void add_result(
	struct batch *batch, const struct json_view *result, const struct origin *origin)
{
	if (str_is(json_view_text(result, "outcome"), "rejected"))
		tell_rejected(batch, result, origin);
	if (batch->options.json)
		print_result(batch, result, origin);
}

/* The item that a result is about: by its line in what was sent, else by its index. */
static const struct origin *origin_of(
	const struct json_view *result, const struct origin *origins, size_t count)
{
	int64_t index = json_view_int(result, "line", 0) - 1;
	static const struct origin unknown = {"?", 0};

	if (index < 0)
		index = json_view_int(result, "index", -1);
	if (index < 0 || (uint64_t)index >= count)
		return &unknown;
	return &origins[index];
}

enum cli_exit batch_add(struct batch *batch, const struct http_response *response,
	const struct origin *origins, size_t count)
{
	struct json_view *answer = cli_parse(response);
	const struct json_view *results = json_view_get(answer, "results");
	struct str why = json_view_text(answer, "skipped_why");

	if (!answer)
		return CLI_REFUSED;
	batch->sum.created += json_view_int(answer, "created", 0);
	batch->sum.updated += json_view_int(answer, "updated", 0);
	batch->sum.unchanged += json_view_int(answer, "unchanged", 0);
	batch->sum.stale += json_view_int(answer, "stale", 0);
	batch->sum.rejected += json_view_int(answer, "rejected", 0);
	batch->skipped += json_view_int(answer, "skipped", 0);
	batch->sum.revision = json_view_int(answer, "revision", batch->sum.revision);
	if (response->head[0])
		memcpy(batch->sum.head, response->head, sizeof batch->sum.head);
	if (why.len > 0)
		snprintf(batch->skipped_why, sizeof batch->skipped_why, "%.*s", STR_ARG(why));
	for (size_t i = 0; i < json_view_count(results); i++) {
		const struct json_view *result = json_view_at(results, i);

		add_result(batch, result, count > 0 ? origin_of(result, origins, count) : origins);
	}
	json_view_free(answer);
	return CLI_OK;
}

void batch_resume(struct batch *batch, const struct batch_sum *earlier)
{
	batch->sum = *earlier;
	batch->earlier = batch_settled(batch);
}

void batch_reject(struct batch *batch, const struct origin *origin, const char *why)
{
	struct buf out = BUF_INIT;
	struct json_writer json;

	batch->sum.rejected++;
	if (batch->told++ < TOLD_MAX) {
		put_place(&out, origin);
		if (!out.failed)
			cli_complain("%s: %s", out.data, why);
		buf_reset(&out);
	}
	if (batch->options.json) {
		if (batch->results > 0)
			buf_putc(&out, ',');
		json_writer_init(&json, &out);
		json_object_begin(&json);
		json_put(&json, "index", int, batch->earlier + (int64_t)batch->results);
		json_put(&json, "file", text, origin->file);
		json_put(&json, "line", int, (int64_t)origin->line);
		json_put(&json, "outcome", text, "rejected");
		json_key(&json, "problem");
		json_object_begin(&json);
		json_put(&json, "detail", text, why);
		json_object_end(&json);
		json_object_end(&json);
		batch->results++;
		cli_write(buf_view(&out));
	}
	buf_release(&out);
}

size_t batch_pointer_index(struct str pointer)
{
	static const char items[] = "/items";
	struct str digits;
	uint64_t index;
	const char *end;

	if (pointer.len > 0 && pointer.ptr[0] == '#') {
		pointer.ptr++;
		pointer.len--;
	}
	if (pointer.len > sizeof items - 1 && memcmp(pointer.ptr, items, sizeof items - 1) == 0) {
		pointer.ptr += sizeof items - 1;
		pointer.len -= sizeof items - 1;
	}
	if (pointer.len < 2 || pointer.ptr[0] != '/')
		return SIZE_MAX;
	digits = (struct str){pointer.ptr + 1, pointer.len - 1};
	end = memchr(digits.ptr, '/', digits.len);
	if (end)
		digits.len = (size_t)(end - digits.ptr);
	return num_parse_u64(digits, &index) && index < SIZE_MAX ? (size_t)index : SIZE_MAX;
}

static void tell_fault(const struct json_view *fault, const struct origin *origins, size_t count)
{
	struct str pointer = json_view_text(fault, "pointer");
	size_t index = batch_pointer_index(pointer);
	struct buf line = BUF_INIT;

	put_place(&line, index < count ? &origins[index] : origins);
	buf_puts(&line, ": ");
	put_fault(&line, pointer, json_view_text(fault, "detail"), (int64_t)index + 1);
	if (!line.failed)
		cli_complain("%s", line.data);
	buf_release(&line);
}

void batch_tell_refused(struct batch *batch, const struct http_response *response,
	const struct origin *origins, size_t count)
{
	struct json_view *problem = json_view_parse(buf_view(&response->body), NULL);
	const struct json_view *faults = json_view_get(problem, "errors");
	int64_t more = json_view_int(problem, "errors_omitted", 0);
	size_t shown = json_view_count(faults);

	if (shown == 0 || count == 0) {
		cli_explain_failure(batch->cli, HTTP_ANSWERED, response);
	} else {
		if (shown > TOLD_MAX) {
			more += (int64_t)(shown - TOLD_MAX);
			shown = TOLD_MAX;
		}
		for (size_t i = 0; i < shown; i++)
			tell_fault(json_view_at(faults, i), origins, count);
		if (more > 0)
			cli_complain("and %lld more", (long long)more);
		cli_error("%.*s: %.*s", STR_ARG(json_view_text(problem, "title")),
			STR_ARG(json_view_text(problem, "detail")));
	}
	cli_error("nothing was stored");
	json_view_free(problem);
}

int64_t batch_settled(const struct batch *batch)
{
	return batch->sum.created + batch->sum.updated + batch->sum.unchanged + batch->sum.stale +
	       batch->sum.rejected;
}

static void print_json_end(const struct batch *batch, bool complete)
{
	struct buf out = BUF_INIT, members = BUF_INIT;
	struct json_writer json;

	json_writer_init(&json, &members);
	json_object_begin(&json);
	json_put(&json, "mode", text, batch->options.atomic ? "atomic" : "partial");
	json_put(&json, "dry_run", bool, batch->options.dry_run);
	json_put(&json, "complete", bool, complete);
	json_put(&json, "created", int, batch->sum.created);
	json_put(&json, "updated", int, batch->sum.updated);
	json_put(&json, "unchanged", int, batch->sum.unchanged);
	json_put(&json, "stale", int, batch->sum.stale);
	json_put(&json, "rejected", int, batch->sum.rejected);
	json_put(&json, "errors", bool, batch->sum.rejected > 0);
	if (batch->earlier > 0)
		json_put(&json, "earlier", int, batch->earlier);
	if (batch->skipped > 0) {
		json_put(&json, "skipped", int, batch->skipped);
		json_put(&json, "skipped_why", text, batch->skipped_why);
	}
	if (batch->sum.revision >= 0)
		json_put(&json, "revision", int, batch->sum.revision);
	if (batch->sum.head[0])
		json_put(&json, "head", text, batch->sum.head);
	json_object_end(&json);
	/* They go on in the object that batch_begin has opened. */
	buf_puts(&out, "],");
	if (members.len > 0)
		buf_append(&out, members.data + 1, members.len - 1);
	buf_putc(&out, '\n');
	cli_write(buf_view(&out));
	buf_release(&members);
	buf_release(&out);
}

static void print_summary(const struct batch *batch)
{
	cli_printf("%screated %lld, updated %lld, unchanged %lld, stale %lld, rejected %lld",
		batch->options.dry_run ? "dry run: " : "", (long long)batch->sum.created,
		(long long)batch->sum.updated, (long long)batch->sum.unchanged,
		(long long)batch->sum.stale, (long long)batch->sum.rejected);
	if (batch->skipped > 0)
		cli_printf(", skipped %lld%s%s%s", (long long)batch->skipped,
			batch->skipped_why[0] ? " (" : "", batch->skipped_why,
			batch->skipped_why[0] ? ")" : "");
	cli_printf("\n");
}

enum cli_exit batch_end(struct batch *batch, bool complete)
{
	if (batch->told > TOLD_MAX)
		cli_complain("and %zu more rejected items", batch->told - TOLD_MAX);
	if (batch->options.json)
		print_json_end(batch, complete);
	else if (!batch->cli->config.quiet && (complete || batch_settled(batch) > 0))
		print_summary(batch);
	return batch->sum.rejected > 0 ? CLI_REFUSED : CLI_OK;
}
