/*
 * A download is written as it comes, under a name of its own until its last line is there.
 */
#include "cli/download.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct download {
	FILE *out;
	const char *name;
	bool ended; /* the last byte was the end of a line */
};

static bool take_bytes(void *arg, struct str bytes)
{
	struct download *download = arg;

	if (fwrite(bytes.ptr, 1, bytes.len, download->out) != bytes.len) {
		cli_error("cannot write %s: %s", download->name, strerror(errno));
		return false;
	}
	if (bytes.len > 0)
		download->ended = bytes.ptr[bytes.len - 1] == '\n';
	return true;
}

static enum cli_exit fetch(
	struct cli *cli, const struct http_request *wanted, struct download *download)
{
	struct http_response response = {0};
	struct http_request request = *wanted;
	enum cli_exit code;

	request.take = take_bytes;
	request.arg = download;
	code = cli_call(cli, &request, &response);

	http_response_release(&response);
	if (code != CLI_OK || download->ended)
		return code;
	cli_error("the server stopped in the middle; the bundle is not whole");
	return CLI_REFUSED;
}

/* The file appears under its name when it is whole, not before. */
static enum cli_exit fetch_to_file(
	struct cli *cli, const struct http_request *request, const char *output)
{
	struct buf part = BUF_INIT;
	struct download download = {.out = NULL};
	enum cli_exit code = CLI_REFUSED;

	buf_printf(&part, "%s.part", output);
	if (part.failed) {
		buf_release(&part);
		return cli_no_memory();
	}
	download.name = part.data;
	download.out = fopen(part.data, "we");
	if (!download.out) {
		cli_error("cannot write %s: %s", part.data, strerror(errno));
		buf_release(&part);
		return code;
	}
	code = fetch(cli, request, &download);
	if (fclose(download.out) != 0 || (code == CLI_OK && rename(part.data, output) != 0)) {
		cli_error("cannot write %s: %s", output, strerror(errno));
		code = CLI_REFUSED;
	}
	if (code != CLI_OK)
		unlink(part.data);
	buf_release(&part);
	return code;
}

enum cli_exit download_lines(
	struct cli *cli, const struct http_request *request, const char *output)
{
	struct download download = {.out = stdout, .name = "standard output"};

	if (output && strcmp(output, "-") != 0)
		return fetch_to_file(cli, request, output);
	return fetch(cli, request, &download);
}
