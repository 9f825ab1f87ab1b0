/*
 * winnow audit: take the log out of the server's hands, and check it, here or there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/audit_file.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/url.h"
#include "codec/json_writer.h"

enum { PAGE_RECORDS = 1000, VERIFY_TIMEOUT_S = 3600 };

/* "/audit/verify" of the workspace at hand, or of the system workspace. */
static enum cli_exit audit_path(
	const struct cli *cli, bool system, const char *rest, struct buf *path)
{
	if (!system)
		return cli_workspace_path(cli, path, rest);
	buf_printf(path, "/v1%s", rest);
	return path->failed ? cli_no_memory() : CLI_OK;
}

/* ---- export ---- */

struct export_values {
	const char *output;
	int64_t after;
	bool system;
};

static const struct arg_spec export_options[] = {
	{"output", 'o', ARG_TEXT, "FILE", 0, 0, offsetof(struct export_values, output),
		"where to; standard output unless given"},
	{"after", 0, ARG_INT, "N", 0, INT64_MAX, offsetof(struct export_values, after),
		"only records after this revision"},
	{"system", 0, ARG_FLAG, NULL, 0, 0, offsetof(struct export_values, system),
		"the system workspace's log (operators)"},
};

struct log_export {
	struct cli *cli;
	FILE *out;
	const char *name;          /* of the output, for messages */
	struct buf base;           /* the path without its query */
	int64_t after;             /* the revision to begin after */
	char next[HTTP_NEXT_SIZE]; /* what the server said to go on with; "" at first */
	int64_t limit;             /* records to ask for at once */
	char head[HTTP_HEAD_SIZE];
	uint64_t records;
	bool mid_line;
	struct progress progress;
};

static bool take_bytes(void *arg, struct str bytes)
{
	struct log_export *log = arg;

	progress_hide_all();
	if (fwrite(bytes.ptr, 1, bytes.len, log->out) != bytes.len) {
		cli_error("cannot write %s: %s", log->name, strerror(errno));
		return false;
	}
	for (size_t i = 0; i < bytes.len; i++)
		log->records += bytes.ptr[i] == '\n';
	if (bytes.len > 0)
		log->mid_line = bytes.ptr[bytes.len - 1] != '\n';
	progress_update(&log->progress, log->records, log->records, "records");
	return true;
}

/* The revision of a head; -1 when it is none. */
static int64_t revision_of(const char *head)
{
	struct sha256 hash;
	int64_t revision;

	return audit_head_parse(str_from(head), &revision, &hash) ? revision : -1;
}

/* The next page: after a revision, or where the server's cursor points. */
static void page_path(const struct log_export *log, struct buf *path)
{
	uint64_t revision;

	buf_str(path, buf_view(&log->base));
	if (log->next[0] && !num_parse_u64(str_from(log->next), &revision))
		url_query(path, "cursor", str_from(log->next));
	else
		url_query(path, "after", str_from(log->next));
	url_query_int(path, "limit", log->limit);
}

static void note_page(struct log_export *log, const struct http_response *response)
{
	int64_t head;

	memcpy(log->next, response->next, sizeof log->next);
	memcpy(log->head, response->head, sizeof log->head);
	head = revision_of(response->head);
	if (head > log->after)
		log->progress.total = (uint64_t)(head - log->after);
}

static enum cli_exit export_page(struct log_export *log, bool *more)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "GET", .take = take_bytes, .arg = log};
	enum http_result result = HTTP_NO_MEMORY;
	enum cli_exit code = CLI_OK;
	uint64_t before = log->records;

	page_path(log, &path);
	request.path = path.data;
	if (!path.failed)
		result = cli_send(log->cli, &request, &response);
	*more = true;
	if (result == HTTP_ANSWERED && response.status == 413 && log->limit > 1) {
		/* Records of large changes do not fit into one answer; fewer will. */
		log->limit = log->limit > 4 ? log->limit / 4 : 1;
	} else if (result == HTTP_ANSWERED && response.status == 200) {
		note_page(log, &response);
		/* A server that goes on without giving anything would keep us for ever. */
		*more = log->next[0] && log->records > before;
	} else {
		code = cli_explain_failure(log->cli, result, &response);
	}
	http_response_release(&response);
	buf_release(&path);
	return code;
}

static enum cli_exit export_pages(struct log_export *log, const struct export_values *values)
{
	enum cli_exit code = audit_path(log->cli, values->system, "/audit/export", &log->base);
	bool more = true;

	snprintf(log->next, sizeof log->next, "%lld", (long long)values->after);
	progress_begin(&log->progress, "exporting", 0, log->cli->config.quiet);
	while (code == CLI_OK && more)
		code = export_page(log, &more);
	progress_end(&log->progress);
	buf_release(&log->base);
	if (code == CLI_OK && (log->mid_line || log->next[0])) {
		cli_error("the server stopped in the middle; the export is not whole");
		code = CLI_REFUSED;
	}
	return code;
}

static bool is_regular_or_new(const char *path)
{
	struct stat status;

	return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

static enum cli_exit cannot_write(const char *path)
{
	cli_error("cannot write %s: %s", path, strerror(errno));
	return CLI_REFUSED;
}

/* The file appears under its name when it is whole, not before. */
static enum cli_exit export_to_file(struct log_export *log, const struct export_values *values)
{
	struct buf part = BUF_INIT;
	enum cli_exit code;
	bool written;

	buf_printf(&part, "%s%s", values->output, is_regular_or_new(values->output) ? ".part" : "");
	if (part.failed) {
		buf_release(&part);
		return cli_no_memory();
	}
	log->name = part.data;
	log->out = fopen(part.data, "we");
	if (!log->out) {
		code = cannot_write(part.data);
		buf_release(&part);
		return code;
	}
	code = export_pages(log, values);
	written = fflush(log->out) == 0;
	if (written && is_regular_or_new(part.data))
		written = fsync(fileno(log->out)) == 0;
	if (fclose(log->out) != 0)
		written = false;
	if (code == CLI_OK && !written)
		code = cannot_write(part.data);
	if (code == CLI_OK && strcmp(part.data, values->output) != 0 &&
		rename(part.data, values->output) != 0)
		code = cannot_write(values->output);
	if (code != CLI_OK && is_regular_or_new(part.data))
		unlink(part.data);
	buf_release(&part);
	return code;
}

static enum cli_exit run_export(struct cli *cli, const void *given, const struct words *words)
{
	const struct export_values *values = given;
	bool to_file = values->output && strcmp(values->output, "-") != 0;
	struct log_export log = {
		.cli = cli,
		.out = stdout,
		.name = "standard output",
		.after = values->after,
		.limit = PAGE_RECORDS,
	};
	enum cli_exit code = to_file ? export_to_file(&log, values) : export_pages(&log, values);

	(void)words;
	if (code == CLI_OK && log.head[0])
		cli_note(cli, "%llu records, head %s", (unsigned long long)log.records, log.head);
	else if (code == CLI_OK)
		cli_note(cli, "%llu records", (unsigned long long)log.records);
	return code;
}

static const struct command export_command = {
	.name = "export",
	.summary = "write the audit log with the rows that it covers, one record a line",
	.examples = "  winnow audit export --output log.ndjson\n"
		    "  winnow audit export --after 812 >> log.ndjson\n"
		    "  winnow audit export --system --output system.ndjson\n",
	.details =
		"The head that is told at the end proves later, by winnow audit verify --expect,\n"
		"that nothing was cut off. Keep it elsewhere.\n",
	COMMAND_OPTIONS(export_options),
	.values_bytes = sizeof(struct export_values),
	.run = run_export,
};

/* ---- verify ---- */

struct verify_values {
	const char *file, *expect, *after;
	bool system;
};

#define FIELD(name) offsetof(struct verify_values, name)

static const struct arg_spec verify_options[] = {
	{"file", 'f', ARG_TEXT, "FILE", 0, 0, FIELD(file),
		"check this export, without the server; - is standard input"},
	{"expect", 'e', ARG_TEXT, "REV:HASH", 0, 0, FIELD(expect),
		"a remembered head, which must be in the chain"},
	{"after", 0, ARG_TEXT, "REV:HASH", 0, 0, FIELD(after),
		"with --file: the head before its first record"},
	{"system", 0, ARG_FLAG, NULL, 0, 0, FIELD(system),
		"the system workspace's log (operators)"},
};

static enum cli_exit parse_mark(const char *option, const char *text, struct audit_mark *mark)
{
	mark->given = text != NULL;
	if (!text || audit_head_parse(str_from(text), &mark->revision, &mark->hash))
		return CLI_OK;
	cli_error("--%s: '%s' is not a head: a revision, a colon and 64 hexadecimal digits", option,
		text);
	return CLI_USAGE;
}

static void tell_good(const struct cli *cli, int64_t records, const char *head, bool expected)
{
	cli_printf(
		"ok: %lld record%s, head %s\n", (long long)records, records == 1 ? "" : "s", head);
	if (!expected)
		cli_note(cli, "a tail that was cut off stays unseen without --expect; keep this "
			      "head elsewhere");
}

static void tell_fault(int64_t revision, struct str fault, struct str detail)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "fault at revision %lld: %.*s: %.*s\n", (long long)revision,
		STR_ARG(fault), STR_ARG(detail));
	cli_write(buf_view(&line));
	buf_release(&line);
}

static enum cli_exit verify_online(struct cli *cli, const struct verify_values *values)
{
	struct buf path = BUF_INIT;
	struct http_response response = {0};
	struct http_request request = {.method = "GET"};
	struct json_view *verdict = NULL;
	enum cli_exit code = audit_path(cli, values->system, "/audit/verify", &path);
	char head[HTTP_HEAD_SIZE];
	bool good;

	if (code == CLI_OK && values->expect)
		url_query(&path, "expect", str_from(values->expect));
	if (code == CLI_OK) {
		request.path = path.data;
		/* All of the history is read; that takes its time. */
		request.timeout_s = cli->config.timeout_given ? 0 : VERIFY_TIMEOUT_S;
		code = path.failed ? cli_no_memory() : cli_call(cli, &request, &response);
	}
	if (code == CLI_OK)
		verdict = cli_parse(&response);
	good = json_view_bool(verdict, "ok", false);
	if (verdict && cli->config.json) {
		cli_print_body(&response.body);
	} else if (verdict && good) {
		snprintf(head, sizeof head, "%.*s", STR_ARG(json_view_text(verdict, "head")));
		tell_good(cli, json_view_int(verdict, "records", 0), head, values->expect != NULL);
	} else if (verdict) {
		tell_fault(json_view_int(verdict, "revision", 0), json_view_text(verdict, "fault"),
			json_view_text(verdict, "detail"));
	}
	json_view_free(verdict);
	http_response_release(&response);
	buf_release(&path);
	if (code == CLI_OK && !good)
		code = CLI_REFUSED;
	return code;
}

/* As the server tells its verdict, with the line of a fault, and with what an export alone can
 * show. */
static void print_verdict_json(const struct audit_file_verdict *verdict)
{
	bool good = verdict->state == AUDIT_FILE_GOOD;
	bool faulty = verdict->state == AUDIT_FILE_FAULTY;
	struct buf out = BUF_INIT;
	struct json_writer json;
	char head[96];

	json_writer_init(&json, &out);
	json_object_begin(&json);
	json_put(&json, "ok", bool, good);
	json_put(&json, "records", int, verdict->records);
	if (good) {
		json_put(&json, "head", text,
			audit_head_format(verdict->chain.revision, &verdict->chain.hash, head));
		json_key(&json, "checked");
		json_array_begin(&json);
		json_text(&json, "chain");
		json_text(&json, "rows");
		json_array_end(&json);
	} else {
		json_put(&json, "revision", int,
			faulty ? verdict->revision : verdict->chain.revision + 1);
		json_put(&json, "line", int, (int64_t)verdict->line);
		json_put(&json, "fault", text,
			faulty ? audit_fault_slug(verdict->fault) : "unreadable");
		json_put(&json, "detail", text,
			faulty ? audit_fault_text(verdict->fault) : verdict->detail);
	}
	json_object_end(&json);
	cli_print_body(&out);
	buf_release(&out);
}

static void tell_verdict(const struct cli *cli, const struct verify_values *values,
	const struct audit_file_verdict *verdict)
{
	char head[96];

	switch (verdict->state) {
	case AUDIT_FILE_GOOD:
		audit_head_format(verdict->chain.revision, &verdict->chain.hash, head);
		tell_good(cli, verdict->records, head, values->expect != NULL);
		return;
	case AUDIT_FILE_FAULTY:
		tell_fault(verdict->revision, str_from(audit_fault_slug(verdict->fault)),
			str_from(audit_fault_text(verdict->fault)));
		if (verdict->fault == AUDIT_GAP && verdict->records == 0 && !values->after)
			cli_note(cli, "does the file begin later on purpose? Give --after with the "
				      "head before it");
		return;
	default:
		cli_printf("fault in line %llu: %s\n", (unsigned long long)verdict->line,
			verdict->detail);
	}
}

static enum cli_exit verify_stream(struct cli *cli, const struct verify_values *values, FILE *file,
	const struct audit_file_options *options)
{
	struct audit_file_verdict verdict;

	audit_file_verify(file, options, &verdict);
	if (verdict.state == AUDIT_FILE_FAILED) {
		cli_error("cannot read %s: %s", values->file, strerror(errno));
		return CLI_REFUSED;
	}
	if (verdict.state == AUDIT_FILE_EMPTY) {
		cli_error("there is no record in %s", values->file);
		return CLI_REFUSED;
	}
	if (cli->config.json)
		print_verdict_json(&verdict);
	else
		tell_verdict(cli, values, &verdict);
	return verdict.state == AUDIT_FILE_GOOD ? CLI_OK : CLI_REFUSED;
}

static enum cli_exit verify_offline(
	struct cli *cli, const struct verify_values *values, const struct audit_file_options *given)
{
	bool from_stdin = strcmp(values->file, "-") == 0;
	FILE *file = from_stdin ? stdin : fopen(values->file, "re");
	struct audit_file_options options = *given;
	struct progress progress;
	struct stat status;
	uint64_t total = 0;
	enum cli_exit code;

	if (!file) {
		cli_error("cannot read %s: %s", values->file, strerror(errno));
		return CLI_USAGE;
	}
	if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode))
		total = (uint64_t)status.st_size;
	progress_begin(&progress, "checking", total, cli->config.quiet);
	options.progress = &progress;
	code = verify_stream(cli, values, file, &options);
	progress_end(&progress);
	if (!from_stdin)
		fclose(file);
	return code;
}

static enum cli_exit run_verify(struct cli *cli, const void *given, const struct words *words)
{
	const struct verify_values *values = given;
	struct audit_file_options options = {0};
	enum cli_exit code = parse_mark("expect", values->expect, &options.expect);

	(void)words;
	if (code == CLI_OK)
		code = parse_mark("after", values->after, &options.after);
	if (code == CLI_OK && values->after && !values->file) {
		cli_error("--after goes with --file");
		code = CLI_USAGE;
	}
	if (code != CLI_OK)
		return code;
	return values->file ? verify_offline(cli, values, &options) : verify_online(cli, values);
}

static const struct command verify = {
	.name = "verify",
	.summary = "check the audit log, on the server or from an export",
	.examples = "  winnow audit verify\n"
		    "  winnow audit verify --expect 812:9f3c…\n"
		    "  winnow audit verify --file log.ndjson --expect 812:9f3c…\n",
	.details = "Recomputes the hash of every record, the chain, and the digest over the rows "
		   "of each\n"
		   "revision, and names the first bad revision. The server also compares the rows "
		   "with\n"
		   "the current state. Exit code 1: a fault was found.\n"
		   "\n"
		   "A log whose tail was cut off cleanly is a shorter, consistent log. Only a "
		   "remembered\n"
		   "head shows it: every write and every verify tells one (Winnow-Head).\n",
	COMMAND_OPTIONS(verify_options),
	.values_bytes = sizeof(struct verify_values),
	.run = run_verify,
};

const struct command command_audit = {
	.name = "audit",
	.summary = "export and verify the audit log",
	.members = (const struct command *const[]){&export_command, &verify, NULL},
};
