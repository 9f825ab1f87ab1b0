/*
 * The file is small and written anew after each request. It need not survive the machine: when it is
 * gone or half, the push begins anew, which costs time and nothing else.
 */
#include "cli/push_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "codec/json_writer.h"

enum { STATE_MAX_BYTES = 64 * 1024, KEPT_S = 24 * 60 * 60, NAME_HEX = 32 };

/* ---- where ---- */

static bool put_folder(struct buf *path)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (state && state[0] == '/')
		buf_puts(path, state);
	else if (home && home[0] == '/')
		buf_printf(path, "%s/.local/state", home);
	else
		return false;
	buf_puts(path, "/winnow/");
	return true;
}

/* One name for each server, workspace and list of files. */
static bool put_name(const struct cli *cli, const struct words *files, struct buf *path)
{
	struct buf key = BUF_INIT;
	struct sha256 hash;
	char hex[SHA256_HEX_SIZE];
	bool good = true;

	buf_printf(&key, "%s\n%s", cli->config.url, cli->config.workspace);
	for (size_t i = 0; i < files->count && good; i++) {
		char *real = realpath(files->items[i], NULL);

		good = real != NULL;
		buf_putc(&key, '\n');
		buf_puts(&key, real ? real : "");
		free(real);
	}
	good = good && !key.failed && sha256_of(key.data, key.len, &hash);
	if (good)
		buf_printf(path, "push-%.*s.json", NAME_HEX, sha256_to_hex(&hash, hex));
	buf_release(&key);
	return good && !path->failed;
}

bool push_state_place(const struct cli *cli, const struct words *files, struct buf *path)
{
	return put_folder(path) && put_name(cli, files, path);
}

/* ---- reading ---- */

static bool parse(const struct json_view *file, struct push_state *state)
{
	struct str digest = json_view_text(file, "sha256");
	struct str id = json_view_text(file, "workspace_id");
	struct str head = json_view_text(file, "head");
	struct batch_sum *sum = &state->sum;
	int64_t items = json_view_int(file, "items", 0);

	sum->created = json_view_int(file, "created", -1);
	sum->updated = json_view_int(file, "updated", -1);
	sum->unchanged = json_view_int(file, "unchanged", -1);
	sum->stale = json_view_int(file, "stale", -1);
	sum->rejected = json_view_int(file, "rejected", -1);
	sum->revision = json_view_int(file, "revision", -1);
	if (items <= 0 || sum->created < 0 || sum->updated < 0 || sum->unchanged < 0 ||
		sum->stale < 0 || sum->rejected < 0 || sum->revision < 0)
		return false;
	if (!sha256_from_hex(digest.ptr, digest.len, &state->digest) ||
		id.len != sizeof state->workspace_id - 1 || head.len >= sizeof sum->head)
		return false;
	state->items = (uint64_t)items;
	memcpy(state->workspace_id, id.ptr, id.len);
	if (head.len > 0)
		memcpy(sum->head, head.ptr, head.len);
	return true;
}

static enum push_state_found read_text(const char *path, struct buf *text)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	enum push_state_found found = PUSH_STATE_UNREADABLE;
	struct stat status;
	ssize_t got;

	if (file < 0)
		return errno == ENOENT ? PUSH_STATE_NONE : PUSH_STATE_UNREADABLE;
	if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
		status.st_size > STATE_MAX_BYTES || !buf_reserve(text, STATE_MAX_BYTES))
		goto out;
	got = read(file, text->data, STATE_MAX_BYTES);
	if (got < 0)
		goto out;
	text->len = (size_t)got;
	found = got == 0 ? PUSH_STATE_NONE : PUSH_STATE_READ;
	if (found == PUSH_STATE_READ && time(NULL) - status.st_mtime > KEPT_S)
		found = PUSH_STATE_OLD;
out:
	close(file);
	return found;
}

enum push_state_found push_state_read(
	const struct cli *cli, const char *path, struct push_state *state)
{
	struct buf text = BUF_INIT;
	enum push_state_found found = read_text(path, &text);
	struct push_state read = {0};
	struct json_view *file = NULL;

	if (found != PUSH_STATE_READ && found != PUSH_STATE_OLD)
		goto out;
	file = json_view_parse(buf_view(&text), NULL);
	if (!parse(file, &read))
		found = PUSH_STATE_UNREADABLE;
	else if (!str_is(json_view_text(file, "url"), cli->config.url) ||
		 !str_is(json_view_text(file, "workspace"), cli->config.workspace))
		found = PUSH_STATE_FOREIGN;
	else if (found == PUSH_STATE_READ)
		*state = read;
	json_view_free(file);
out:
	buf_release(&text);
	return found;
}

/* ---- writing ---- */

static void put_state(struct buf *out, const struct cli *cli, const struct push_state *state)
{
	const struct batch_sum *sum = &state->sum;
	char hex[SHA256_HEX_SIZE];
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "url", text, cli->config.url);
	json_put(&json, "workspace", text, cli->config.workspace);
	json_put(&json, "workspace_id", text, state->workspace_id);
	json_put(&json, "items", int, (int64_t)state->items);
	json_put(&json, "sha256", text, sha256_to_hex(&state->digest, hex));
	json_put(&json, "created", int, sum->created);
	json_put(&json, "updated", int, sum->updated);
	json_put(&json, "unchanged", int, sum->unchanged);
	json_put(&json, "stale", int, sum->stale);
	json_put(&json, "rejected", int, sum->rejected);
	json_put(&json, "revision", int, sum->revision);
	json_put(&json, "head", text, sum->head);
	json_object_end(&json);
	buf_putc(out, '\n');
}

/* The folders that lead to a file, for this user alone. What cannot be made shows when the file is. */
static void make_folders(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
}

static bool write_new(const char *path, struct str text)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t put;
	int error;

	if (file < 0)
		return false;
	put = write(file, text.ptr, text.len);
	error = put < 0 ? errno : ENOSPC;
	close(file);
	errno = error;
	return put == (ssize_t)text.len;
}

bool push_state_write(const struct cli *cli, const char *path, const struct push_state *state)
{
	struct buf text = BUF_INIT, beside = BUF_INIT;
	bool written = false;

	put_state(&text, cli, state);
	buf_printf(&beside, "%s.new", path);
	if (text.failed || beside.failed) {
		errno = ENOMEM;
		goto out;
	}
	make_folders(beside.data);
	if (write_new(beside.data, buf_view(&text))) {
		written = rename(beside.data, path) == 0;
	} else {
		int error = errno;

		unlink(beside.data);
		errno = error;
	}
out:
	buf_release(&text);
	buf_release(&beside);
	return written;
}
