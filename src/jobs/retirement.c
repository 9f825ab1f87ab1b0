/*
 * The export is whole, on the disk and proved before anything is removed: it is all that is left of it.
 */
#include "jobs/retirement.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/audit.h"
#include "service/retirement.h"
#include "store/aggregates.h"

enum { RECORDS_AT_ONCE = 500, EXPORT_ARENA = 512 << 20, ARENA_BYTES = 64 << 20 };
static const size_t line_bytes = (size_t)4 << 30;

struct retiring {
	const struct call *call;
	const struct retirement *range;
	const char *folder;
	char path[PATH_MAX], part[PATH_MAX];
	struct sha256 digest; /* of the file */
	FILE *faults;
};

static bool fault(struct retiring *retiring, const char *what, const char *why)
{
	fprintf(retiring->faults, "winnowd: %s: %s\n", what, why);
	return false;
}

/* ---- exporting ---- */

static bool write_lines(struct retiring *retiring, FILE *file)
{
	int64_t last = retiring->range->first_revision - 1, head;
	bool good = true;

	while (good && last < retiring->range->size) {
		int64_t left = retiring->range->size - last;
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
		else if (fwrite(lines.data, 1, lines.len, file) != lines.len)
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
	int fd = open(retiring->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good;

	if (!file) {
		fault(retiring, retiring->part, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	good = write_lines(retiring, file);
	if (good && (fflush(file) != 0 || fsync(fd) != 0))
		good = fault(retiring, retiring->part, strerror(errno));
	if (fclose(file) != 0 && good)
		good = fault(retiring, retiring->part, strerror(errno));
	return good;
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
	const struct retirement *range = retiring->range;
	struct audit_chain chain = {.revision = range->first_revision - 1, .hash = range->before};
	struct sha256_stream stream = {0};
	FILE *file = fopen(retiring->part, "re");
	const char *why;

	if (!file)
		return fault(retiring, retiring->part, strerror(errno));
	why = sha256_begin(&stream) ? check_lines(file, &chain, &stream) : strerror(ENOMEM);
	if (!why && (chain.revision != range->size || !sha256_same(&chain.hash, &range->last)))
		why = "It does not end where the checkpoint does.";
	if (!why && !sha256_end(&stream, &retiring->digest))
		why = strerror(ENOMEM);
	sha256_release(&stream);
	fclose(file);
	return !why || fault(retiring, retiring->part, why);
}

static bool export_range(struct retiring *retiring)
{
	char id[UUID_TEXT_SIZE];

	uuid_to_text(&retiring->call->workspace, id);
	if ((size_t)snprintf(retiring->path, sizeof retiring->path, "%s/%s-%lld-%lld.ndjson",
		    retiring->folder, id, (long long)retiring->range->first_revision,
		    (long long)retiring->range->size) >= sizeof retiring->path ||
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

static bool retire(
	struct call *call, const struct retirement_options *options, FILE *out, FILE *faults)
{
	struct retirement range;
	struct retiring retiring = {
		.call = call, .range = &range, .folder = options->folder, .faults = faults};
	struct written written;
	char hex[SHA256_HEX_SIZE], head[96];
	enum error error = find_workspace(call, options->workspace, &call->workspace);

	if (error)
		return refused(faults, options->workspace, call->diag, error);
	error = retirement_plan(call, options->size, &range);
	if (error)
		return refused(faults, "nothing was removed", call->diag, error);
	if (!export_range(&retiring))
		return false;
	error = retirement_carry_out(call, &range, &retiring.digest, &written);
	if (error)
		return refused(faults, retiring.path, call->diag, error);
	fprintf(out, "retired the revisions %lld to %lld\nexport: %s\nsha256: %s\n",
		(long long)range.first_revision, (long long)range.size, retiring.path,
		sha256_to_hex(&retiring.digest, hex));
	fprintf(out, "the log goes on after: %s\n",
		audit_head_format(range.size, &range.last, head));
	fprintf(out, "head: %s\n", audit_head_format(written.revision, &written.hash, head));
	return true;
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
	done = retire(&call, options, out, faults);
	arena_release(&arena);
	return done;
}
