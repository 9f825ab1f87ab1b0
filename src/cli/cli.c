/*
 * Talking to the server and to the person, for all commands alike: that is how each of them gets
 * the same messages and the same exit codes.
 */
#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "cli/url.h"

enum { WIDTH_WITHOUT_TERMINAL = 120, WIDTH_UNKNOWN = 80, LABEL_WIDTH = 12 };

void cli_release(struct cli *cli)
{
	http_client_free(cli->http);
	cli->http = NULL;
	config_release(&cli->config);
}

/* ---- messages ---- */

static void tell(const char *prefix, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void tell(const char *prefix, const char *format, va_list args)
{
	struct buf raw = BUF_INIT, line = BUF_INIT;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len >= 0 && buf_reserve(&raw, (size_t)len + 1)) {
		vsnprintf(raw.data, (size_t)len + 1, format, args);
		raw.len = (size_t)len;
	}
	buf_puts(&line, prefix);
	text_clean(&line, buf_view(&raw));
	buf_putc(&line, '\n');
	progress_hide_all();
	/* In the order in which it was said, where both go to one place. */
	fflush(stdout);
	if (!line.failed)
		fwrite(line.data, 1, line.len, stderr);
	buf_release(&raw);
	buf_release(&line);
}

void cli_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell("winnow: ", format, args);
	va_end(args);
}

void cli_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell("", format, args);
	va_end(args);
}

void cli_note(const struct cli *cli, const char *format, ...)
{
	va_list args;

	if (cli->config.quiet)
		return;
	va_start(args, format);
	tell("winnow: ", format, args);
	va_end(args);
}

enum cli_exit cli_no_memory(void)
{
	cli_error("out of memory");
	return CLI_REFUSED;
}

/* ---- asking ---- */

enum cli_exit cli_need_workspace(const struct cli *cli)
{
	if (cli->config.workspace)
		return CLI_OK;
	cli_error("which workspace? Give --workspace NAME, or set WINNOW_WORKSPACE");
	return CLI_USAGE;
}

enum cli_exit cli_workspace_path(const struct cli *cli, struct buf *out, const char *rest)
{
	enum cli_exit code = cli_need_workspace(cli);

	if (code != CLI_OK)
		return code;
	buf_puts(out, "/v1/workspaces/");
	url_segment(out, str_from(cli->config.workspace));
	buf_puts(out, rest);
	return out->failed ? cli_no_memory() : CLI_OK;
}

enum http_result cli_send(
	struct cli *cli, const struct http_request *request, struct http_response *response)
{
	if (!cli->http) {
		const struct config *config = &cli->config;
		struct http_client_options options = {
			.url = config->url,
			.token = config->token,
			.ca_file = config->ca_file,
			.timeout_s = config->timeout_s,
			.no_proxy = config->loopback,
		};

		cli->http = http_client_new(&options);
	}
	if (!cli->http)
		return HTTP_NO_MEMORY;
	return http_client_send(cli->http, request, response);
}

static enum cli_exit exit_of_status(int status)
{
	switch (status) {
	case 401:
	case 403: return CLI_DENIED;
	case 429:
	case 502:
	case 503:
	case 504: return CLI_UNREACHABLE;
	default: return CLI_REFUSED;
	}
}

bool cli_may_retry(enum http_result result, const struct http_response *response)
{
	if (result != HTTP_ANSWERED)
		return result == HTTP_UNREACHABLE;
	return exit_of_status(response->status) == CLI_UNREACHABLE;
}

static void tell_faults(const struct json_view *problem)
{
	const struct json_view *faults = json_view_get(problem, "errors");
	int64_t omitted = json_view_int(problem, "errors_omitted", 0);

	for (size_t i = 0; i < json_view_count(faults); i++) {
		const struct json_view *fault = json_view_at(faults, i);

		cli_error("  %.*s: %.*s", STR_ARG(json_view_text(fault, "pointer")),
			STR_ARG(json_view_text(fault, "detail")));
	}
	if (omitted > 0)
		cli_error("  and %lld more", (long long)omitted);
}

/* Whether the only fault is what the detail says anyway. */
static bool says_the_same(const struct json_view *problem, struct str detail)
{
	const struct json_view *faults = json_view_get(problem, "errors");

	return json_view_count(faults) == 1 &&
	       str_eq(json_view_text(json_view_at(faults, 0), "detail"), detail);
}

static void tell_problem(const struct http_response *response, const struct json_view *problem)
{
	struct str title = json_view_text(problem, "title");
	struct str detail = json_view_text(problem, "detail");
	struct str instance = json_view_text(problem, "instance");

	if (detail.len > 0 && !says_the_same(problem, detail))
		cli_error("%.*s: %.*s", STR_ARG(title), STR_ARG(detail));
	else
		cli_error("%.*s", STR_ARG(title));
	tell_faults(problem);
	/* What to look for in the server's log. */
	if (response->status >= 500 && instance.len > 0)
		cli_error("  request %.*s", STR_ARG(instance));
}

static void tell_status(const struct cli *cli, const struct http_response *response)
{
	struct json_view *problem = NULL;

	if (response->is_problem)
		problem = json_view_parse(buf_view(&response->body), NULL);
	if (json_view_text(problem, "title").len > 0)
		tell_problem(response, problem);
	else if (response->status >= 300 && response->status < 400)
		cli_error("%s redirects (HTTP %d); give the URL that it means", cli->config.url,
			response->status);
	else
		cli_error("%s answered with HTTP %d and no reason", cli->config.url,
			response->status);
	json_view_free(problem);

	if (response->status == 401 && !cli->config.token)
		cli_error("  set WINNOW_TOKEN, or WINNOW_TOKEN_FILE, or give --token-file FILE");
}

enum cli_exit cli_explain_failure(
	const struct cli *cli, enum http_result result, const struct http_response *response)
{
	switch (result) {
	case HTTP_ANSWERED: tell_status(cli, response); return exit_of_status(response->status);
	case HTTP_UNREACHABLE:
	case HTTP_UNTRUSTED:
		cli_error("cannot reach %s: %s", cli->config.url, response->error);
		return CLI_UNREACHABLE;
	case HTTP_TOO_LARGE:
		cli_error("the answer of %s is too large", cli->config.url);
		return CLI_REFUSED;
	case HTTP_STOPPED: return CLI_REFUSED; /* whoever stopped it has told why */
	case HTTP_NO_MEMORY: break;
	}
	return cli_no_memory();
}

static bool is_success(enum http_result result, const struct http_response *response)
{
	return result == HTTP_ANSWERED && response->status >= 200 && response->status < 300;
}

enum cli_exit cli_call(
	struct cli *cli, const struct http_request *request, struct http_response *response)
{
	enum http_result result = cli_send(cli, request, response);

	return is_success(result, response) ? CLI_OK : cli_explain_failure(cli, result, response);
}

struct json_view *cli_parse(const struct http_response *response)
{
	struct buf why = BUF_INIT;
	struct json_view *document = json_view_parse(buf_view(&response->body), &why);

	if (!document)
		cli_error("the server's answer cannot be read: %s", why.failed ? "" : why.data);
	buf_release(&why);
	return document;
}

enum cli_exit cli_get(struct cli *cli, const char *path, struct json_view **out)
{
	struct http_request request = {.method = "GET", .path = path};
	struct http_response response = {0};
	enum cli_exit code = cli_call(cli, &request, &response);

	*out = NULL;
	if (code == CLI_OK && cli->config.json) {
		cli_print_body(&response.body);
	} else if (code == CLI_OK) {
		*out = cli_parse(&response);
		code = *out ? CLI_OK : CLI_REFUSED;
	}
	http_response_release(&response);
	return code;
}

enum cli_exit cli_send_json(struct cli *cli, const char *method, const char *path,
	const struct buf *body, struct json_view **out)
{
	struct http_request request = {.method = method, .path = path};
	struct http_response response = {0};
	enum cli_exit code;

	*out = NULL;
	if (body) {
		if (body->failed)
			return cli_no_memory();
		request.content_type = "application/json";
		request.body = buf_view(body);
	}
	code = cli_call(cli, &request, &response);
	if (code == CLI_OK && response.body.len > 0) {
		*out = cli_parse(&response);
		code = *out ? CLI_OK : CLI_REFUSED;
	}
	http_response_release(&response);
	return code;
}

/* ---- showing ---- */

void cli_write(struct str text)
{
	progress_hide_all();
	if (text.len > 0)
		fwrite(text.ptr, 1, text.len, stdout);
}

void cli_print_body(const struct buf *body)
{
	cli_write(buf_view(body));
	if (body->len > 0 && body->data[body->len - 1] != '\n')
		cli_write(STR("\n"));
}

void cli_print_json(const struct json_view *value)
{
	struct buf text = BUF_INIT;

	json_view_write(&text, value);
	cli_print_body(&text);
	buf_release(&text);
}

void cli_printf(const char *format, ...)
{
	va_list args;

	progress_hide_all();
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

void cli_print_pair(const char *label, struct str value)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%-*s ", LABEL_WIDTH, label);
	text_clean(&line, value.len > 0 ? value : STR("-"));
	buf_putc(&line, '\n');
	if (!line.failed)
		cli_write(buf_view(&line));
	buf_release(&line);
}

void cli_put_ratio(struct buf *out, double ratio)
{
	if (!isnan(ratio))
		buf_printf(out, "%.3f", ratio);
}

unsigned cli_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	uint64_t width;

	if (!isatty(STDOUT_FILENO))
		return WIDTH_WITHOUT_TERMINAL;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (columns && num_parse_u64(str_from(columns), &width) && width > 0 && width < 10000)
		return (unsigned)width;
	return WIDTH_UNKNOWN;
}

bool cli_color(const struct cli *cli)
{
	return !cli->config.no_color && isatty(STDOUT_FILENO);
}

enum cli_exit cli_print_table(const struct cli *cli, const struct table *table, bool whole)
{
	struct table_layout layout = {
		.style = cli->config.plain ? TABLE_PLAIN : TABLE_FITTED,
		.width = whole ? 0 : cli_width(),
		.bold_titles = cli_color(cli),
	};
	struct buf out = BUF_INIT;
	bool rendered = table_render(table, &layout, &out);

	if (rendered)
		cli_write(buf_view(&out));
	buf_release(&out);
	return rendered ? CLI_OK : cli_no_memory();
}

enum cli_exit cli_finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CLI_OK;
	cli_error("cannot write the result: %s", strerror(errno));
	return CLI_REFUSED;
}

/* ---- files ---- */

enum cli_exit cli_read_file(const char *path, size_t max_bytes, struct buf *out)
{
	bool from_stdin = strcmp(path, "-") == 0;
	FILE *file = from_stdin ? stdin : fopen(path, "re");
	enum cli_exit code = CLI_OK;
	char block[16384];
	size_t got;

	if (!file) {
		cli_error("cannot read %s: %s", path, strerror(errno));
		return CLI_USAGE;
	}
	while (out->len <= max_bytes && (got = fread(block, 1, sizeof block, file)) > 0)
		buf_append(out, block, got);
	if (ferror(file)) {
		cli_error("cannot read %s: %s", path, strerror(errno));
		code = CLI_USAGE;
	} else if (out->len > max_bytes) {
		cli_error("%s is larger than %zu bytes", path, max_bytes);
		code = CLI_USAGE;
	} else if (out->failed) {
		code = cli_no_memory();
	}
	if (!from_stdin)
		fclose(file);
	return code;
}

void cli_join(struct buf *out, const struct json_view *texts)
{
	for (size_t i = 0; i < json_view_count(texts); i++) {
		if (i > 0)
			buf_puts(out, ", ");
		buf_str(out, json_view_as_text(json_view_at(texts, i)));
	}
}
