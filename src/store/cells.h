/*
 * Reads the columns of a result row, one after the other, in the order of the statement's first
 * line. A value of another size than its type sets `failed`, which is asked once at the end.
 */
#ifndef WINNOW_STORE_CELLS_H
#define WINNOW_STORE_CELLS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/uuid.h"

struct cells {
	const PGresult *result; /* NULL: a row of COPY, of which `at` to `end` are left */
	const char *at, *end;
	int row;
	int column;          /* the next one */
	struct arena *arena; /* texts and arrays go there */
	bool borrow;         /* texts are views into the result instead of copies */
	bool failed;         /* not what the statement declares */
	bool no_memory;
};

/* At the first column of `row`. */
static inline struct cells cells_at(const PGresult *result, int row, struct arena *arena)
{
	return (struct cells){.result = result, .row = row, .arena = arena};
}

/* Of a row that COPY sent in binary, behind its number of columns. Texts are views into it. */
static inline struct cells cells_of_copy(struct str row, struct arena *arena)
{
	return (struct cells){
		.at = row.ptr, .end = row.ptr + row.len, .arena = arena, .borrow = true};
}

/* ERR_OK, ERR_NO_MEMORY (the arena is full), ERR_DATABASE. */
enum error cells_error(const struct cells *cells);

struct str cell_view(struct cells *cells); /* into the result; STR_NONE for NULL */
struct uuid cell_uuid(struct cells *cells);
int64_t cell_int8(struct cells *cells); /* NULL: 0 */
int32_t cell_int4(struct cells *cells);
bool cell_bool(struct cells *cells);
double cell_float8(struct cells *cells); /* NULL: NaN */
int64_t cell_time(struct cells *cells);  /* NULL: TIME_NONE */
struct str cell_text(struct cells *cells);
/* False for NULL. */
bool cell_sha256(struct cells *cells, struct sha256 *out);
void cell_text_array(struct cells *cells, const struct str **out, size_t *count);
void cell_uuid_array(struct cells *cells, const struct uuid **out, size_t *count);

#endif
