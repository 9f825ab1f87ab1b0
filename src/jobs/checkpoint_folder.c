/*
 * The folder is what a later look at the log is held against, so what is in it is believed only with
 * the key's signature, and a note is on the disk before the database hears of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "jobs/checkpointing.h"

enum { PATH_ROOM = 4096 };

static const char newest_suffix[] = ".checkpoint", list_suffix[] = ".checkpoints",
		  part_suffix[] = ".checkpoint.part";

static bool path_of(const struct checkpointing *checkpointing, const struct uuid *workspace,
	const char *suffix, char path[PATH_ROOM])
{
	char id[UUID_TEXT_SIZE];
	int length = snprintf(path, PATH_ROOM, "%s/%s%s", checkpointing->folder,
		uuid_to_text(workspace, id), suffix);

	return length > 0 && length < PATH_ROOM;
}

static enum error trouble(const char *path, const char *why)
{
	log_write(LOG_ERROR, "checkpoint_folder_failed",
		"Checkpoints cannot be kept outside of the database", LOG_S("path", path),
		LOG_S("why", why), NULL);
	return ERR_INTERNAL;
}

/* ERR_NOT_FOUND: there is no such file. */
static enum error read_whole(const char *path, struct arena *arena, struct str *out)
{
	char *text = arena_alloc(arena, NOTE_BYTES_MAX);
	FILE *file = text ? fopen(path, "re") : NULL;
	bool whole;

	if (!text)
		return ERR_NO_MEMORY;
	if (!file)
		return errno == ENOENT ? ERR_NOT_FOUND : trouble(path, strerror(errno));
	*out = (struct str){text, fread(text, 1, NOTE_BYTES_MAX, file)};
	whole = !ferror(file);
	fclose(file);
	return whole ? ERR_OK : trouble(path, "it cannot be read");
}

enum error checkpoint_folder_newest(const struct checkpointing *checkpointing,
	const struct uuid *workspace, struct arena *arena, struct checkpoint *out, bool *found)
{
	char path[PATH_ROOM];
	struct str note, text;
	enum note_state state;
	enum error error;

	*found = false;
	if (!checkpointing->folder)
		return ERR_OK;
	if (!path_of(checkpointing, workspace, newest_suffix, path))
		return trouble(checkpointing->folder, "the path is too long");
	error = read_whole(path, arena, &note);
	if (error)
		return error == ERR_NOT_FOUND ? ERR_OK : error;
	state = note_open(note, &checkpointing->signer.verifier, &text);
	if (state != NOTE_GOOD || !checkpoint_parse(text, out)) {
		trouble(path, state ? note_state_text(state) : "This is no checkpoint.");
		return ERR_CONFLICT;
	}
	*found = true;
	return ERR_OK;
}

/* ---- writing ---- */

static bool write_all(int fd, struct str text)
{
	return write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;
}

static enum error write_file(const char *path, int flags, struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	bool good = fd >= 0 && write_all(fd, text);
	enum error error = good ? ERR_OK : trouble(path, strerror(errno));

	if (fd >= 0)
		close(fd);
	return error;
}

/* With the folder locked, so that of two daemons the older note does not come last. */
static enum error put_locked(const struct checkpointing *checkpointing, int folder,
	const struct uuid *workspace, const struct checkpoint_row *checkpoint, struct arena *arena)
{
	char newest[PATH_ROOM], part[PATH_ROOM], list[PATH_ROOM];
	struct checkpoint there;
	struct buf entry = BUF_INIT;
	bool found;
	enum error error;

	if (!path_of(checkpointing, workspace, newest_suffix, newest) ||
		!path_of(checkpointing, workspace, part_suffix, part) ||
		!path_of(checkpointing, workspace, list_suffix, list))
		return trouble(checkpointing->folder, "the path is too long");
	error = checkpoint_folder_newest(checkpointing, workspace, arena, &there, &found);
	if (error)
		return error;
	buf_str(&entry, checkpoint->note);
	buf_putc(&entry, '\n');
	error = entry.failed ? ERR_NO_MEMORY : write_file(list, O_APPEND, buf_view(&entry));
	buf_release(&entry);
	if (error || (found && there.size >= checkpoint->size))
		return error;
	error = write_file(part, O_TRUNC, checkpoint->note);
	if (!error && (rename(part, newest) != 0 || fsync(folder) != 0))
		error = trouble(newest, strerror(errno));
	return error;
}

enum error checkpoint_folder_put(const struct checkpointing *checkpointing,
	const struct uuid *workspace, const struct checkpoint_row *checkpoint)
{
	struct arena arena;
	int folder;
	enum error error;

	if (!checkpointing->folder)
		return ERR_OK;
	folder = open(checkpointing->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || flock(folder, LOCK_EX) != 0) {
		error = trouble(checkpointing->folder, strerror(errno));
		if (folder >= 0)
			close(folder);
		return error;
	}
	arena_init(&arena, 2 * NOTE_BYTES_MAX);
	error = put_locked(checkpointing, folder, workspace, checkpoint, &arena);
	arena_release(&arena);
	close(folder);
	return error;
}
