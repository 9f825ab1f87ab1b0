/*
 * winnow push: files of items, or a tracker's own payload, to the server.
 *
 * Files are streamed: items are put together to requests of up to 1000 lines or 1 MiB, each of
 * which the server settles in one transaction. What was lost on the way is sent again; it can be,
 * since an item is known by its source and external id. How far it got is remembered by
 * push_resume.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deflate.h"
#include "base/uuid.h"
#include "cli/push_parts.h"
#include "cli/push_split.h"
#include "cli/retry.h"
#include "cli/url.h"

enum {
	CHUNK_LINES = 1000,
	CHUNK_BYTES = 1024 * 1024,
	WHOLE_BYTES = 8 * 1024 * 1024, /* what the server takes at once */
	WHOLE_LINES = 10000,
	DEFAULT_RETRIES = 5,
	MAX_RETRIES = 1000,
};

#define FIELD(name) offsetof(struct push_values, name)

static const struct arg_spec options[] = {
	{"format", 'f', ARG_TEXT, "FORMAT", 0, 0, FIELD(format),
		"each FILE is a tracker's payload: github, alertmanager"},
	{"source", 0, ARG_TEXT, "NAME", 0, 0, FIELD(source),
		"with --format: the items' source, instead of the format's own"},
	{"event", 0, ARG_TEXT, "NAME", 0, 0, FIELD(event),
		"with --format github: the webhook's event, such as issues"},
	{"atomic", 0, ARG_FLAG, NULL, 0, 0, FIELD(atomic),
		"all items or none; 8 MiB and 10000 items at most"},
	{"dry-run", 'n', ARG_FLAG, NULL, 0, 0, FIELD(dry_run),
		"check and tell the outcomes, store nothing"},
	{"retries", 0, ARG_INT, "N", 0, MAX_RETRIES, FIELD(retries),
		"tries after the first while the server is away (5)"},
	{"resume", 0, ARG_TEXT, "FILE", 0, 0, FIELD(resume),
		"remember here how far it got; standard input needs it, and --json"},
	{"no-resume", 0, ARG_FLAG, NULL, 0, 0, FIELD(no_resume),
		"begin at the beginning, remember nothing, forget what was"},
	{"gzip", 'z', ARG_FLAG, NULL, 0, 0, FIELD(gzip), "compress what is sent"},
	{"progress", 0, ARG_FLAG, NULL, 0, 0, FIELD(progress),
		"tell how far it is, even where standard error is no terminal"},
};

/* ---- requests ---- */

static enum cli_exit request_path(const struct push *push, struct buf *path)
{
	const struct push_values *values = push->values;
	enum cli_exit code = cli_workspace_path(push->cli, path, "");

	if (code != CLI_OK)
		return code;
	if (values->format) {
		buf_puts(path, "/sources/");
		url_segment(path, str_from(values->format));
	}
	buf_puts(path, "/items");
	url_query(path, "mode", values->atomic ? STR("atomic") : STR("partial"));
	if (values->dry_run)
		url_query(path, "dry_run", STR("true"));
	if (values->source)
		url_query(path, "source", str_from(values->source));
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* Sends the body; the origins' first is that of all when count is 0. `key` is the Idempotency-Key,
 * NULL for a stream. */
static enum cli_exit send_request(struct push *push, const char *content_type, const char *key)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {
		.method = "POST",
		.content_type = content_type,
		.body = buf_view(&push->body),
		.github_event = push->values->event,
		.idempotency_key = key,
	};
	enum cli_exit code = request_path(push, &path);
	struct shared_body *packed = NULL;
	enum http_result result;

	if (code != CLI_OK)
		goto out;
	request.path = path.data;
	if (push->values->gzip)
		packed = deflate_gzip(request.body);
	if (packed) {
		request.body = (struct str){packed->data, packed->len};
		request.content_encoding = "gzip";
	}
	result = retry_send(push->cli, &request, (unsigned)push->values->retries, &response);
	if (result == HTTP_ANSWERED && response.status >= 200 && response.status < 300) {
		code = batch_add(&push->batch, &response, push->origins, push->count);
	} else if (result == HTTP_ANSWERED && response.status == 422 && push->values->atomic) {
		batch_tell_refused(&push->batch, &response, push->origins, push->count);
		code = CLI_REFUSED;
	} else {
		code = cli_explain_failure(push->cli, result, &response);
		if (code == CLI_REFUSED && push->values->format)
			cli_error("%s was not taken", push->origins[0].file);
	}
out:
	shared_body_unref(packed);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

static enum cli_exit send_chunk(struct push *push)
{
	enum cli_exit code;

	if (push->count == 0)
		return CLI_OK;
	if (push->body.failed)
		return cli_no_memory();
	code = send_request(push, "application/x-ndjson", NULL);
	buf_reset(&push->body);
	push->count = 0;
	return code;
}

/* ---- files of items ---- */

static ssize_t read_descriptor(void *arg, void *into, size_t room)
{
	ssize_t got;

	do {
		got = read(*(const int *)arg, into, room);
	} while (got < 0 && errno == EINTR);
	return got;
}

static bool is_full(const struct push *push, size_t more_bytes)
{
	size_t lines = push->values->atomic ? WHOLE_LINES : CHUNK_LINES;
	size_t bytes = push->values->atomic ? WHOLE_BYTES : CHUNK_BYTES;

	return push->count == lines || (push->count > 0 && push->body.len + more_bytes > bytes);
}

static enum cli_exit add_item(struct push *push, struct str item, const struct origin *origin)
{
	enum cli_exit code = CLI_OK;

	if (push->passing_over)
		return push_pass_over(push, item, origin);
	if (is_full(push, item.len + 1)) {
		if (push->values->atomic) {
			cli_error("--atomic: more than %d items or %d MiB; nothing was sent",
				WHOLE_LINES, WHOLE_BYTES / 1024 / 1024);
			return CLI_USAGE;
		}
		code = send_chunk(push);
		if (code == CLI_OK)
			push_remember(push);
	}
	if (code != CLI_OK)
		return code;
	push_take(push, item);
	buf_str(&push->body, item);
	buf_putc(&push->body, '\n');
	push->origins[push->count++] = *origin;
	return CLI_OK;
}

static enum cli_exit too_long(struct push *push, const struct origin *origin)
{
	static const char why[] = "The item is longer than 8 MiB.";

	if (push->passing_over)
		return push_pass_over(push, STR(""), origin);
	push_take(push, STR(""));
	if (!push->values->atomic) {
		batch_reject(&push->batch, origin, why);
		return CLI_OK;
	}
	cli_complain("%s:%zu: %s", origin->file, origin->line, why);
	cli_error("nothing was sent");
	return CLI_REFUSED;
}

/* What was read before still goes out, unless it is all or nothing. */
static enum cli_exit cannot_read(
	struct push *push, const struct splitter *splitter, const char *file, int error)
{
	enum cli_exit code = CLI_OK;

	if (push->passing_over) {
		push->changed = true;
		return CLI_USAGE;
	}
	if (!push->values->atomic)
		code = send_chunk(push);
	if (splitter->fault)
		cli_complain("%s:%zu: %s", file, splitter->line, splitter->fault);
	else
		cli_error("cannot read %s: %s", file, strerror(error));
	return code == CLI_OK ? CLI_USAGE : code;
}

/* `bytes` of the file at hand. */
static void tell_progress(struct push *push, uint64_t bytes)
{
	push->progress.rejected = (uint64_t)push->batch.sum.rejected;
	progress_update(&push->progress, push->bytes_before + bytes,
		(uint64_t)batch_settled(&push->batch), "items");
}

static enum cli_exit push_descriptor(struct push *push, int descriptor, const char *file)
{
	struct splitter splitter;
	struct origin origin = {.file = file};
	enum cli_exit code = CLI_OK;
	enum split_result result = SPLIT_ITEM;
	struct str item;

	splitter_init(&splitter, read_descriptor, &descriptor, WHOLE_BYTES);
	while (code == CLI_OK && (result == SPLIT_ITEM || result == SPLIT_TOO_LONG)) {
		result = splitter_next(&splitter, &item);
		origin.line = splitter.line;
		switch (result) {
		case SPLIT_ITEM: code = add_item(push, item, &origin); break;
		case SPLIT_TOO_LONG: code = too_long(push, &origin); break;
		case SPLIT_END: break;
		case SPLIT_MALFORMED:
		case SPLIT_FAILED: code = cannot_read(push, &splitter, file, errno); break;
		case SPLIT_NO_MEMORY: code = cli_no_memory(); break;
		}
		tell_progress(push, splitter.read_bytes);
	}
	push->bytes_before += splitter.read_bytes;
	splitter_release(&splitter);
	return code;
}

static enum cli_exit push_items(struct push *push, const char *file)
{
	int descriptor;
	enum cli_exit code;

	if (strcmp(file, "-") == 0)
		return push_descriptor(push, STDIN_FILENO, "(standard input)");
	descriptor = open(file, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0) {
		cli_error("cannot read %s: %s", file, strerror(errno));
		return CLI_USAGE;
	}
	code = push_descriptor(push, descriptor, file);
	close(descriptor);
	return code;
}

/* ---- a tracker's payload ---- */

static enum cli_exit push_payload(struct push *push, const char *file)
{
	char key[UUID_TEXT_SIZE];
	struct uuid random;
	enum cli_exit code;

	uuid_random(&random);
	uuid_to_text(&random, key);
	push->origins[0] = (struct origin){.file = file};
	push->count = 0;
	code = cli_read_file(file, WHOLE_BYTES, &push->body);
	if (code == CLI_OK)
		code = send_request(push, "application/json", key);
	push->bytes_before += push->body.len;
	tell_progress(push, 0);
	buf_reset(&push->body);
	return code;
}

/* ---- the command ---- */

/* Bytes of all files together; 0 when that cannot be known. */
static uint64_t total_bytes(const struct words *files)
{
	uint64_t total = 0;

	if (!push_can_reread(files))
		return 0;
	for (size_t i = 0; i < files->count; i++) {
		struct stat status;

		if (stat(files->items[i], &status) == 0)
			total += (uint64_t)status.st_size;
	}
	return total;
}

/* It becomes a header's value. */
static bool is_event(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

static enum cli_exit check(const struct cli *cli, const struct push_values *values)
{
	if (values->event && !is_event(values->event)) {
		cli_error("--event: '%s' is not the name of an event", values->event);
		return CLI_USAGE;
	}
	if (!values->format && (values->source || values->event)) {
		cli_error("--%s goes with --format", values->source ? "source" : "event");
		return CLI_USAGE;
	}
	if (values->resume &&
		(values->format || values->atomic || values->dry_run || values->no_resume)) {
		cli_error("--resume goes without --format, --atomic, --dry-run and --no-resume");
		return CLI_USAGE;
	}
	return cli_need_workspace(cli);
}

/* One payload that is refused says nothing about the next: one may be of another event. */
static enum cli_exit push_payloads(struct push *push, const struct words *files)
{
	enum cli_exit worst = CLI_OK;

	for (size_t i = 0; i < files->count; i++) {
		enum cli_exit code = push_payload(push, files->items[i]);

		if (code == CLI_OK)
			continue;
		worst = code;
		if (code != CLI_REFUSED)
			break;
	}
	return worst;
}

static enum cli_exit push_files(struct push *push, const struct words *files)
{
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < files->count && code == CLI_OK; i++)
		code = push_items(push, files->items[i]);
	if (code == CLI_OK && push->passing_over) {
		push->changed = true;
		code = CLI_USAGE;
	}
	return code;
}

static enum cli_exit push_all(struct push *push, const struct words *files)
{
	enum cli_exit code;

	if (push->values->format)
		return push_payloads(push, files);
	code = push_resume_begin(push, files);
	if (code == CLI_OK)
		code = push_files(push, files);
	if (push->changed) {
		code = push_begin_anew(push, files);
		if (code == CLI_OK)
			code = push_files(push, files);
	}
	if (code == CLI_OK)
		code = send_chunk(push);
	tell_progress(push, 0);
	if (code == CLI_OK && push->keeping)
		unlink(push->state_path.data);
	return code;
}

/* What was done is not lost when something is left. */
static void tell_settled(const struct push *push)
{
	if (batch_settled(&push->batch) == 0 || push->values->dry_run)
		return;
	if (push->keeping && push->state.items > 0)
		cli_note(push->cli, "what is counted above is settled; the same push goes on "
				    "from there");
	else
		cli_note(push->cli,
			"what is counted above is settled; the same files can be pushed again");
}

static enum cli_exit run(struct cli *cli, const void *values, const struct words *words)
{
	struct push push = {.cli = cli, .values = values};
	struct batch_options batch_options = {
		.dry_run = push.values->dry_run,
		.atomic = push.values->atomic,
		.json = cli->config.json,
	};
	enum cli_exit code = check(cli, push.values);
	enum cli_exit outcome;

	if (code != CLI_OK)
		return code;
	push.origins =
		calloc(push.values->atomic ? WHOLE_LINES : CHUNK_LINES, sizeof *push.origins);
	if (!push.origins)
		return cli_no_memory();
	batch_begin(&push.batch, cli, &batch_options);
	progress_begin(&push.progress, push.values->dry_run ? "checking" : "pushing",
		total_bytes(words), cli->config.quiet);
	push.progress.in_bytes = true;
	if (push.values->progress)
		progress_as_log(&push.progress);
	code = push_all(&push, words);
	progress_end(&push.progress);
	outcome = batch_end(&push.batch, code == CLI_OK);
	if (code != CLI_OK)
		tell_settled(&push);
	sha256_release(&push.digest);
	buf_release(&push.state_path);
	buf_release(&push.body);
	free(push.origins);
	return code != CLI_OK ? code : outcome;
}

const struct command command_push = {
	.name = "push",
	.summary = "send items, or a tracker's payload",
	.arguments = "FILE…",
	.examples = "  winnow push backlog.ndjson\n"
		    "  jq -c '.issues[]' export.json | winnow push -\n"
		    "  winnow push --dry-run backlog.json\n"
		    "  winnow push --format github issues.json\n"
		    "  winnow push --atomic --json sprint.json > result.json\n"
		    "  zcat big.ndjson.gz | winnow push --gzip --resume big.state -\n",
	.details =
		"FILE is NDJSON (one item a line) or JSON (an array, an object, or several "
		"objects);\n"
		"its content shows which. - is standard input. Items go in requests of up to "
		"1000;\n"
		"each is stored or rejected by itself, and the rejected ones are told with file "
		"and\n"
		"line. Pushing the same file again changes nothing. Exit code 1: some were "
		"rejected.\n"
		"\n"
		"A push that was interrupted goes on behind what the server has acknowledged, when "
		"the\n"
		"same files are pushed to the same workspace within a day and begin as they did; "
		"else\n"
		"it begins anew. The summary is of both.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct push_values),
	.defaults = &(const struct push_values){.retries = DEFAULT_RETRIES},
	.min_words = 1,
	.max_words = WORDS_ANY,
	.run = run,
};
