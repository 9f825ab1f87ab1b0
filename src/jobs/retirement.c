/*
 * The export is whole, on the disk and proved before anything is removed: it is all that is left of it.
 */
#include "jobs/retirement.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/checkpointing.h"
#include "service/audit.h"
#include "service/retirement.h"
#include "store/aggregates.h"

enum { RECORDS_AT_ONCE = 500, EXPORT_ARENA = 512 << 20, ARENA_BYTES = 64 << 20 };
static const size_t line_bytes = (size_t)4 << 30;

struct retiring {
	const struct call *call;
	struct retirement range;
	const char *folder;
	char path[PATH_MAX], part[PATH_MAX];
	FILE *file;           /* locked, to the end of the step */
	struct sha256 digest; /* of the file */
	FILE *faults;
};

static bool fault(struct retiring *retiring, const char *what, const char *why)
{
	fprintf(retiring->faults, "winnowd: %s: %s\n", what, why);
	return false;
}

/* ---- exporting ---- */

/* The file that has the name; another step may have renamed the one that is open. */
static bool has_name(int fd, const char *path)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_dev == named.st_dev &&
	       mine.st_ino == named.st_ino;
}

/*
 * Two steps at once must not write to one file: the second would empty what the first has proved, and what is then
 * removed would be nowhere. So it is emptied by who has its lock, which goes with the process.
 */
static bool open_part(struct retiring *retiring)
{
	int fd = open(retiring->part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool good = false;

	if (fd < 0)
		return fault(retiring, retiring->part, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		fault(retiring, retiring->part,
			errno == EWOULDBLOCK ? "another step is writing it" : strerror(errno));
	else if (!has_name(fd, retiring->part))
		fault(retiring, retiring->part, "another step has just written it");
	else if (ftruncate(fd, 0) != 0 || !(retiring->file = fdopen(fd, "w+")))
		fault(retiring, retiring->part, strerror(errno));
	else
		good = true;
	if (!good)
		close(fd);
	return good;
}

static bool write_lines(struct retiring *retiring)
{
	int64_t last = retiring->range.first_revision - 1, head;
	bool good = true;

	while (good && last < retiring->range.size) {
		int64_t left = retiring->range.size - last;
		struct buf lines = BUF_INIT;
		struct call call = *retiring->call;
		struct arena arena;
		enum error error;

		arena_init(&arena, EXPORT_ARENA);
		call.arena = &arena;
		error = audit_export(&call, last,
			left < RECORDS_AT_ONCE ? (size_t)left : RECORDS_AT_ONCE, &lines, &last,
			&head);
		if (error)
			good = fault(retiring, "the log cannot be read", error_info(error)->title);
		else if (lines.len == 0)
			good = fault(retiring, "the log cannot be read", "a record is missing");
		else if (fwrite(lines.data, 1, lines.len, retiring->file) != lines.len)
			good = fault(retiring, retiring->part, strerror(errno));
		buf_release(&lines);
		arena_release(&arena);
	}
	return good;
}

static bool sync_folder(struct retiring *retiring)
{
	int folder = open(retiring->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = folder >= 0 && fsync(folder) == 0;

	if (!good)
		fault(retiring, retiring->folder, strerror(errno));
	if (folder >= 0)
		close(folder);
	return good;
}

static bool write_export(struct retiring *retiring)
{
	if (!open_part(retiring) || !write_lines(retiring))
		return false;
	if (fflush(retiring->file) != 0 || fsync(fileno(retiring->file)) != 0)
		return fault(retiring, retiring->part, strerror(errno));
	return true;
}

/* ---- proving it ---- */

static const char *check_line(struct str line, size_t number, struct audit_chain *chain)
{
	struct audit_export_row *rows;
	struct audit_record record;
	struct sha256 digest;
	size_t row_count;
	struct arena arena;
	struct diag diag;
	enum audit_fault found = AUDIT_UNCHECKED;
	enum error error;

	arena_init(&arena, line_bytes);
	diag_init(&diag, &arena);
	error = audit_export_parse(line, number, &arena, &diag, &record, &rows, &row_count);
	if (!error && audit_export_digest(&arena, rows, row_count, &digest))
		found = audit_chain_next(chain, &record, &digest, (int64_t)row_count);
	arena_release(&arena);
	if (error)
		return error_info(error)->title;
	return found ? audit_fault_text(found) : NULL;
}

/* From the file alone, as whoever gets it will. */
static const char *check_lines(FILE *file, struct audit_chain *chain, struct sha256_stream *stream)
{
	const char *why = NULL;
	char *text = NULL;
	size_t room = 0, number = 0;
	ssize_t len;

	while (!why && (len = getline(&text, &room, file)) >= 0) {
		sha256_add(stream, text, (size_t)len);
		why = check_line(
			(struct str){text, (size_t)len - (text[len - 1] == '\n')}, ++number, chain);
	}
	if (!why && !feof(file))
		why = strerror(errno);
	free(text);
	return why;
}

static bool check_export(struct retiring *retiring)
{
	const struct retirement *range = &retiring->range;
	struct audit_chain chain = {.revision = range->first_revision - 1, .hash = range->before};
	struct sha256_stream stream = {0};
	const char *why;

	rewind(retiring->file);
	why = sha256_begin(&stream) ? check_lines(retiring->file, &chain, &stream)
				    : strerror(ENOMEM);
	if (!why && (chain.revision != range->size || !sha256_same(&chain.hash, &range->last)))
		why = "It does not end where the checkpoint does.";
	if (!why && !sha256_end(&stream, &retiring->digest))
		why = strerror(ENOMEM);
	sha256_release(&stream);
	return !why || fault(retiring, retiring->part, why);
}

static bool export_range(struct retiring *retiring)
{
	char id[UUID_TEXT_SIZE];

	uuid_to_text(&retiring->call->workspace, id);
	if ((size_t)snprintf(retiring->path, sizeof retiring->path, "%s/%s-%lld-%lld.ndjson",
		    retiring->folder, id, (long long)retiring->range.first_revision,
		    (long long)retiring->range.size) >= sizeof retiring->path ||
		(size_t)snprintf(retiring->part, sizeof retiring->part, "%.*s.part",
			(int)sizeof retiring->path, retiring->path) >= sizeof retiring->part)
		return fault(retiring, retiring->folder, "the path is too long");
	if (!write_export(retiring) || !check_export(retiring))
		return false;
	if (rename(retiring->part, retiring->path) != 0)
		return fault(retiring, retiring->path, strerror(errno));
	return sync_folder(retiring);
}

/* ---- the command ---- */

static enum error find_workspace(const struct call *call, const char *name, struct uuid *out)
{
	struct workspace_row row;
	struct conn *conn;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &system_workspace);
	if (!error) {
		error = workspace_find(conn, str_from(name), call->arena, &row);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	if (!error && row.removed)
		error = ERR_NOT_FOUND;
	if (!error)
		*out = row.id;
	return error;
}

static bool refused(FILE *faults, const char *what, const struct diag *diag, enum error error)
{
	fprintf(faults, "winnowd: %s: %s\n", what,
		diag->count > 0 ? diag->entries[0].detail : error_info(error)->title);
	return false;
}

static void report(const struct retiring *retiring, const struct written *written, FILE *out)
{
	const struct retirement *range = &retiring->range;
	char hex[SHA256_HEX_SIZE], head[96];

	fprintf(out, "retired the revisions %lld to %lld\nexport: %s\nsha256: %s\n",
		(long long)range->first_revision, (long long)range->size, retiring->path,
		sha256_to_hex(&retiring->digest, hex));
	fprintf(out, "the log goes on after: %s\n",
		audit_head_format(range->size, &range->last, head));
	fprintf(out, "head: %s\n", audit_head_format(written->revision, &written->hash, head));
	if (range->signer)
		fprintf(out, "signature: the checkpoint is signed by %s+%08x\n",
			range->signer->name, (unsigned)range->signer->id);
	else
		fprintf(out, "signature: not checked, no --checkpoint-key-file was given; the "
			     "checkpoint's root is that of the log\n");
}

static bool retire(struct call *call, struct retiring *retiring, int64_t size,
	const struct note_verifier *key, FILE *out)
{
	struct written written;
	enum error error = retirement_plan(call, size, key, &retiring->range);

	if (error)
		return refused(retiring->faults, "nothing was removed", call->diag, error);
	if (!export_range(retiring))
		return false;
	error = retirement_carry_out(call, &retiring->range, &retiring->digest, &written);
	if (error)
		return refused(retiring->faults, retiring->path, call->diag, error);
	report(retiring, &written, out);
	return true;
}

static bool retire_of(
	struct call *call, const struct retirement_options *options, FILE *out, FILE *faults)
{
	struct retiring retiring = {.call = call, .folder = options->folder, .faults = faults};
	struct note_verifier key;
	bool done;
	enum error error;

	if (options->key_file && !checkpoint_verifier_read(options->key_file, &key, faults))
		return false;
	error = find_workspace(call, options->workspace, &call->workspace);
	if (error)
		return refused(faults, options->workspace, call->diag, error);
	done = retire(call, &retiring, options->size, options->key_file ? &key : NULL, out);
	if (retiring.file)
		fclose(retiring.file);
	return done;
}

bool retire_log(
	struct service *service, const struct retirement_options *options, FILE *out, FILE *faults)
{
	struct arena arena;
	struct diag diag;
	struct call call = {
		.service = service,
		.arena = &arena,
		.diag = &diag,
		.request_id = "winnowd retire",
	};
	bool done;

	arena_init(&arena, ARENA_BYTES);
	diag_init(&diag, &arena);
	done = retire_of(&call, options, out, faults);
	arena_release(&arena);
	return done;
}
