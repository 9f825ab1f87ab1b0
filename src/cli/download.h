/*
 * What is fetched whole into a file, or to standard output: bundles.
 */
#ifndef WINNOW_CLI_DOWNLOAD_H
#define WINNOW_CLI_DOWNLOAD_H

#include "cli/cli.h"

/* GET of lines, to `output` (NULL or "-": standard output). A file appears under its name when it is whole, not
 * before. What failed has been told. */
enum cli_exit download_lines(
	struct cli *cli, const struct http_request *request, const char *output);

#endif
