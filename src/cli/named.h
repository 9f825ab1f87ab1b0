/*
 * What is kept by a name and changed by PUT (aliases, calendars, features, launches): read first, so that a change
 * replaces what was there then and nothing newer; listed, shown, put and deleted in the same way.
 */
#ifndef WINNOW_CLI_NAMED_H
#define WINNOW_CLI_NAMED_H

#include <stdbool.h>

#include "cli/cli.h"
#include "cli/commands.h"

/* GET; CLI_OK with *there false when it does not exist. What else failed has been told. */
enum cli_exit named_read(
	struct cli *cli, const char *path, struct http_response *response, bool *there);
/* PUT in place of what named_read met, whose response is replaced by the answer. */
enum cli_exit named_put(
	struct cli *cli, const char *path, const struct buf *body, struct http_response *response);

/* Member by member; what is no text as JSON. */
enum cli_exit named_print(const struct json_view *one);

/* A kind of things that have names of their own. */
struct named {
	const char *noun; /* "launch": in notes */
	const char *path; /* "/launches"; one of them is below it */
	const char *list; /* the member of the answer that has them all: "launches" */
	const struct table_column *columns;
	size_t column_count;
	void (*put_cells)(struct table *table, const struct json_view *one);
};

/* The `run` of commands that have NAMED(kind), and no options: `list` takes no words, `show` and `delete` NAME,
 * `replace` NAME FILE. */
enum cli_exit named_list(struct cli *cli, const void *kind, const struct words *words);
enum cli_exit named_show(struct cli *cli, const void *kind, const struct words *words);
enum cli_exit named_replace(struct cli *cli, const void *kind, const struct words *words);
enum cli_exit named_delete(struct cli *cli, const void *kind, const struct words *words);

#define NAMED(kind) .values_bytes = sizeof(struct named), .defaults = &(kind)

/* What there is one of in a workspace (settings): printed as the JSON that `single_put` takes, from a file. */
enum cli_exit single_show(struct cli *cli, const char *rest);
enum cli_exit single_put(struct cli *cli, const char *rest, const char *file, const char *noun);

#endif
