/*
 * What every command of the client has at hand: the settings, the server, and how to speak.
 * Results go to standard output, everything else to standard error.
 */
#ifndef WINNOW_CLI_CLI_H
#define WINNOW_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "cli/config.h"
#include "cli/http_client.h"
#include "cli/table.h"
#include "codec/json_view.h"

/* Exit codes; part of the interface, see docs/cli.md. */
enum cli_exit {
	CLI_OK = 0,
	CLI_REFUSED = 1,     /* the server refused, items were rejected, a fault was found, or the
	                        result could not be written */
	CLI_USAGE = 2,       /* the command line or the settings are wrong */
	CLI_UNREACHABLE = 3, /* no answer, or the server cannot serve now */
	CLI_DENIED = 4,      /* no token, not a valid one, or not the role */
};

struct cli {
	struct config config;
	struct http_client *http; /* made by the first call */
};

void cli_release(struct cli *cli);

/* "winnow: …" to standard error; the text is cleaned for a terminal. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same without "winnow: ", for lines that begin with a place in a file. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As cli_error, but nothing when --quiet. */
void cli_note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* CLI_USAGE, after saying so, when no workspace is named. */
enum cli_exit cli_need_workspace(const struct cli *cli);
/* A path for the workspace at hand: "/v1/workspaces/<name>" and `rest`; as cli_need_workspace. */
enum cli_exit cli_workspace_path(const struct cli *cli, struct buf *out, const char *rest);

/*
 * One request. CLI_OK for 2xx; else what went wrong has been told, and the code is to be the exit
 * code. The response is to be released in any case (begin with a zeroed one).
 */
enum cli_exit cli_call(
	struct cli *cli, const struct http_request *request, struct http_response *response);
/* The same without telling: for callers that retry, or read the problem themselves. */
enum http_result cli_send(
	struct cli *cli, const struct http_request *request, struct http_response *response);
/* Tells why there is no 2xx, and gives the exit code for it. */
enum cli_exit cli_explain_failure(
	const struct cli *cli, enum http_result result, const struct http_response *response);
/* May the same request succeed a little later? */
bool cli_may_retry(enum http_result result, const struct http_response *response);

/* The body as JSON, to be freed; NULL after telling. */
struct json_view *cli_parse(const struct http_response *response);
/* GET and parse. With --json the body is printed instead and *out is NULL. */
enum cli_exit cli_get(struct cli *cli, const char *path, struct json_view **out);
/* Sends a JSON body (NULL: none) and parses the answer (NULL *out when it is empty). */
enum cli_exit cli_send_json(struct cli *cli, const char *method, const char *path,
	const struct buf *body, struct json_view **out);

/* To standard output. */
void cli_write(struct str text);
void cli_print_body(const struct buf *body); /* with a line break at the end */
void cli_print_json(const struct json_view *value);
void cli_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Pads the label to a column: "revision   12". The value is cleaned; absent is "-". */
void cli_print_pair(const char *label, struct str value);
enum cli_exit cli_print_table(const struct cli *cli, const struct table *table, bool whole);
/* Columns of the terminal on standard output; 120 when it is none. */
unsigned cli_width(void);
bool cli_color(const struct cli *cli);
/* CLI_OK unless writing to standard output has failed. */
enum cli_exit cli_finish_output(void);

enum cli_exit cli_no_memory(void);
/* A whole file ("-": standard input) of at most max_bytes; CLI_USAGE after telling. */
enum cli_exit cli_read_file(const char *path, size_t max_bytes, struct buf *out);
/* A number from -1 to 1 for reading: three decimals; nothing when there is none. */
void cli_put_ratio(struct buf *out, double ratio);
/* Joins an array of texts with ", "; nothing for an empty one. */
void cli_join(struct buf *out, const struct json_view *texts);

#endif
