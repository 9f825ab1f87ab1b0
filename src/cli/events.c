/*
 * winnow events: follows what happens in a workspace, a line for each event, and goes on where it
 * was when the connection is lost.
 */
#include <errno.h>
#include <time.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/retry.h"
#include "cli/text.h"
#include "cli/url.h"

enum { LINE_MAX_BYTES = 1 << 20 };

struct events_values {
	int64_t after, count, retries;
	bool rankings;
};

#define FIELD(name) offsetof(struct events_values, name)

static const struct arg_spec options[] = {
	{"after", 0, ARG_INT, "N", 0, INT64_MAX, FIELD(after),
		"begin behind this revision (from now on)"},
	{"count", 'n', ARG_INT, "N", 1, INT64_MAX, FIELD(count), "end after so many events"},
	{"rankings", 0, ARG_FLAG, NULL, 0, 0, FIELD(rankings),
		"tell new rankings of the queue, too"},
	{"retries", 0, ARG_INT, "N", 0, 1000000, FIELD(retries),
		"connections that may fail in a row (unlimited)"},
};

struct follower {
	struct cli *cli;
	const struct events_values *values;
	int64_t left;    /* events that may still be told */
	int64_t last;    /* id of the last event; -1: none */
	bool heard;      /* something came by this connection */
	struct buf line; /* that has not ended yet */
	struct buf name; /* of the event that is being read */
	struct buf data;
	struct buf id;
};

static bool is_name(const struct follower *follower, const char *name)
{
	return str_is(buf_view(&follower->name), name);
}

/* A column, where there is something for it. */
static void put_column(struct buf *line, struct str text)
{
	if (text.len == 0)
		return;
	buf_putc(line, '\t');
	text_clean(line, text);
}

static void print_event(const struct json_view *data, const char *name)
{
	static const char *const members[] = {"action", "ranking", "reason", "actor", "subject"};
	struct str at = json_view_text(data, "at");
	struct buf line = BUF_INIT;

	buf_printf(&line, "%lld", (long long)json_view_int(data, "revision", 0));
	put_column(&line, at.len > 0 ? at : STR("-"));
	if (strcmp(name, "revision") != 0)
		put_column(&line, str_from(name));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		put_column(&line, json_view_text(data, members[i]));
	buf_putc(&line, '\n');
	if (!line.failed)
		cli_write(buf_view(&line));
	buf_release(&line);
}

/* An event that nobody wants is none. */
static bool is_wanted(const struct follower *follower)
{
	if (is_name(follower, "ranking"))
		return follower->values->rankings;
	return is_name(follower, "revision") || is_name(follower, "reset");
}

static void tell(struct follower *follower)
{
	struct http_response parsed = {.body = follower->data};
	struct json_view *data;

	follower->left--;
	if (follower->cli->config.json) {
		cli_printf("{\"event\":\"%s\",\"data\":", follower->name.data);
		cli_write(buf_view(&follower->data));
		cli_write(STR("}\n"));
		return;
	}
	data = cli_parse(&parsed);
	if (data)
		print_event(data, follower->name.data);
	json_view_free(data);
}

/* A blank line ends an event. */
static void end_event(struct follower *follower)
{
	uint64_t id;

	if (follower->data.len > 0 && is_wanted(follower))
		tell(follower);
	/* Only now: what was not told is asked for again. */
	if (follower->id.len > 0 && num_parse_u64(buf_view(&follower->id), &id))
		follower->last = (int64_t)id;
	buf_reset(&follower->name);
	buf_reset(&follower->data);
	buf_reset(&follower->id);
}

static void take_line(struct follower *follower, struct str line)
{
	static const char *const names[] = {"event: ", "data: ", "id: "};
	struct buf *values[] = {&follower->name, &follower->data, &follower->id};

	if (line.len == 0) {
		end_event(follower);
		return;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t len = strlen(names[i]);

		if (line.len > len && memcmp(line.ptr, names[i], len) == 0) {
			buf_reset(values[i]);
			buf_append(values[i], line.ptr + len, line.len - len);
		}
	}
}

/* False ends the transfer: enough was told, or the result can no longer be written. */
static bool take(void *arg, struct str bytes)
{
	struct follower *follower = arg;

	follower->heard = true;
	while (bytes.len > 0 && follower->left > 0) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		size_t len = end ? (size_t)(end - bytes.ptr) : bytes.len;

		buf_append(&follower->line, bytes.ptr, len);
		if (follower->line.failed || follower->line.len > LINE_MAX_BYTES)
			return false;
		if (!end)
			break;
		take_line(follower, buf_view(&follower->line));
		buf_reset(&follower->line);
		bytes.ptr += len + 1;
		bytes.len -= len + 1;
	}
	return fflush(stdout) == 0 && follower->left > 0;
}

static enum http_result follow_once(struct follower *follower, struct http_response *response)
{
	struct buf path = BUF_INIT;
	struct http_request request = {
		.method = "GET", .take = take, .arg = follower, .endless = true};
	enum http_result result = HTTP_NO_MEMORY;

	buf_reset(&follower->line);
	buf_reset(&follower->name);
	buf_reset(&follower->data);
	buf_reset(&follower->id);
	follower->heard = false;
	if (cli_workspace_path(follower->cli, &path, "/events") == CLI_OK && follower->last >= 0)
		url_query_int(&path, "last_event_id", follower->last);
	request.path = path.data;
	if (!path.failed)
		result = cli_send(follower->cli, &request, response);
	buf_release(&path);
	return result;
}

static void pause_ms(int64_t ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static void tell_break(const struct follower *follower, enum http_result result,
	const struct http_response *response)
{
	const struct cli *cli = follower->cli;

	if (follower->heard)
		cli_note(cli, "the stream has ended; going on behind revision %lld",
			(long long)follower->last);
	else if (result == HTTP_ANSWERED)
		cli_note(cli, "the server has no stream now (HTTP %d); trying again",
			response->status);
	else
		cli_note(
			cli, "cannot reach %s: %s; trying again", cli->config.url, response->error);
}

/* An end of the stream is none of the following: the daemon stops, another takes over. */
static enum cli_exit follow(struct follower *follower)
{
	struct http_response response = {0};
	enum cli_exit code = CLI_OK;
	unsigned failed = 0;

	for (;;) {
		enum http_result result = follow_once(follower, &response);
		bool broke = result == HTTP_UNREACHABLE || response.status == 429 ||
			     (result == HTTP_ANSWERED && response.status == 200) ||
			     cli_may_retry(result, &response);

		if (result == HTTP_STOPPED) {
			code = follower->left > 0 ? cli_no_memory() : CLI_OK;
			break;
		}
		failed = follower->heard ? 1 : failed + 1;
		if (!broke || failed > (uint64_t)follower->values->retries) {
			code = cli_explain_failure(follower->cli, result, &response);
			break;
		}
		tell_break(follower, result, &response);
		pause_ms(retry_delay_ms(failed - 1, response.retry_after_s, 0));
	}
	http_response_release(&response);
	return code;
}

static enum cli_exit run(struct cli *cli, const void *given, const struct words *words)
{
	const struct events_values *values = given;
	struct follower follower = {
		.cli = cli,
		.values = values,
		.left = values->count,
		.last = values->after,
	};
	enum cli_exit code = cli_need_workspace(cli);

	(void)words;
	if (code == CLI_OK)
		code = follow(&follower);
	buf_release(&follower.line);
	buf_release(&follower.name);
	buf_release(&follower.data);
	buf_release(&follower.id);
	return code;
}

const struct command command_events = {
	.name = "events",
	.summary = "follow what happens, a line for each event",
	.examples = "  winnow events\n"
		    "  winnow events --after 0 --count 20\n"
		    "  winnow events --rankings --json | jq -r .data.revision\n",
	.details =
		"REVISION, time, action, and for those who may read the audit log the actor and\n"
		"the subject, with tabs between. It never ends by itself: when the connection is\n"
		"lost it connects again and goes on behind the last revision. A line `reset`\n"
		"says that the log does not reach back that far, or is another one.\n",
	COMMAND_OPTIONS(options),
	.values_bytes = sizeof(struct events_values),
	.defaults = &(
		const struct events_values){.after = -1, .count = INT64_MAX, .retries = INT64_MAX},
	.run = run,
};
