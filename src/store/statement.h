/*
 * The registry of SQL statements, made by the build of the files of src/store/sql: one statement a
 * file, its types declared on the first line. Nothing else is ever sent to PostgreSQL but
 * migrations.
 */
#ifndef WINNOW_STORE_STATEMENT_H
#define WINNOW_STORE_STATEMENT_H

#include "gen/statements.h"

struct statement_info {
	const char *name; /* the file's, without .sql; also that of the prepared statement */
	const char *sql;
	const char *params;  /* types as declared: "uuid, int8[]" */
	const char *results; /* "" for none */
	int param_count;
};

/* By enum statement; STMT_COUNT of them. */
extern const struct statement_info statement_infos[];

#endif
