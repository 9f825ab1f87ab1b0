/*
 * What is kept by a name and changed by PUT (aliases, calendars): read first, so that a change replaces
 * what was there then and nothing newer.
 */
#ifndef WINNOW_CLI_NAMED_H
#define WINNOW_CLI_NAMED_H

#include <stdbool.h>

#include "cli/cli.h"

/* GET; CLI_OK with *there false when it does not exist. What else failed has been told. */
enum cli_exit named_read(
	struct cli *cli, const char *path, struct http_response *response, bool *there);
/* PUT in place of what named_read met, whose response is replaced by the answer. */
enum cli_exit named_put(
	struct cli *cli, const char *path, const struct buf *body, struct http_response *response);

#endif
