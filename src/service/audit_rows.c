/*
 * Reading the rows of several revisions at once, table by table, and putting them in order.
 */
#include "service/audit_rows.h"

#include <stdlib.h>

enum {
	ROWS_AT_ONCE = 65536,     /* one revision may have more */
	BYTES_AT_ONCE = 32 << 20, /* likewise */
};

size_t audit_rows_at_once(const struct audit_record *records, size_t count)
{
	int64_t rows = 0;
	size_t take = 0;

	while (take < count && (take == 0 || rows + records[take].row_count <= ROWS_AT_ONCE)) {
		/* A tampered count must not steer this: it is bounded by the page either way. */
		if (records[take].row_count > 0)
			rows += records[take].row_count;
		take++;
	}
	return take;
}

static bool take_row(void *self, enum history_table table, int64_t revision, struct str tuple)
{
	struct audit_rows *rows = self;
	char *copy = arena_strdup(&rows->arena, tuple);

	if (rows->count == rows->room) {
		size_t room = rows->room ? rows->room * 2 : 1024;
		struct audit_row *grown = realloc(rows->rows, room * sizeof *grown);

		if (grown) {
			rows->rows = grown;
			rows->room = room;
		}
	}
	rows->failed = !copy || rows->count == rows->room;
	if (rows->failed)
		return false;
	rows->rows[rows->count++] =
		(struct audit_row){revision, table, (struct str){copy, tuple.len}};
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct audit_row *x = a, *y = b;

	if (x->revision != y->revision)
		return x->revision < y->revision ? -1 : 1;
	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return str_cmp(x->tuple, y->tuple);
}

enum error audit_rows_read(const struct call *call, struct conn *conn,
	const struct audit_record *records, size_t *count, struct audit_rows *rows)
{
	enum error error = ERR_OK;

	for (;; *count /= 2) {
		rows->count = 0;
		rows->failed = false;
		arena_release(&rows->arena);
		arena_init(&rows->arena, *count > 1 ? BYTES_AT_ONCE : call->arena->budget_bytes);
		for (int table = 0; table < HISTORY_COUNT && !error && !rows->failed; table++)
			error = history_rows(conn, &call->workspace, (enum history_table)table,
				records[0].revision, records[*count - 1].revision, take_row, rows);
		if (error || !rows->failed)
			break;
		if (*count == 1)
			return ERR_BUDGET;
	}
	if (!error && rows->count > 1)
		qsort(rows->rows, rows->count, sizeof *rows->rows, by_place);
	return error;
}

size_t audit_rows_of(const struct audit_rows *rows, int64_t revision, size_t *at)
{
	size_t end;

	while (*at < rows->count && rows->rows[*at].revision < revision)
		(*at)++;
	for (end = *at; end < rows->count && rows->rows[end].revision == revision;)
		end++;
	return end - *at;
}

void audit_rows_release(struct audit_rows *rows)
{
	free(rows->rows);
	arena_release(&rows->arena);
	*rows = (struct audit_rows){.count = 0};
}
