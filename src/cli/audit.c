/*
 * winnow audit: take the log out of the server's hands. Checking it is audit_verify.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/audit_parts.h"
#include "cli/progress.h"
#include "cli/url.h"
#include "codec/audit_chain.h"

enum { PAGE_RECORDS = 1000 };

enum cli_exit audit_path(const struct cli *cli, bool system, const char *rest, struct buf *path)
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

const struct command command_audit = {
	.name = "audit",
	.summary = "export and verify the audit log",
	.members = (const struct command *const[]){&export_command, &audit_verify_command, NULL},
};
