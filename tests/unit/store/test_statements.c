/*
 * Every statement of the registry is prepared as the application's role, and what the server says
 * of its types is what the file's first line declares.
 */
#include "fixture.h"
#include "store/history_statements.h"

/* The number of a type, as the declarations name it. */
static Oid type_number(const char *name)
{
	const char *values[] = {name};
	PGresult *result = PQexecParams(fixture.admin,
		"SELECT coalesce(to_regtype($1), to_regtype('winnow.' || $1))::oid::int8", 1, NULL,
		values, NULL, NULL, 0);
	Oid number;

	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQgetisnull(result, 0, 0))
		fail_msg("no type is named %s", name);
	number = (Oid)strtoul(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return number;
}

static void compare_types(const char *statement, const char *what, const char *declared,
	const PGresult *described, int count, Oid (*type)(const PGresult *, int))
{
	char list[1024];
	char *rest = list;
	char *name;
	int i = 0;

	snprintf(list, sizeof list, "%s", declared);
	while ((name = strtok_r(rest, ", ", &rest))) {
		if (i >= count || type(described, i) != type_number(name))
			fail_msg("%s: %s %d is not %s", statement, what, i + 1, name);
		i++;
	}
	if (i != count)
		fail_msg("%s: declares %d %ss, has %d", statement, i, what, count);
}

/* Of a COPY the server describes nothing: the query in it is looked at. */
static const char *described_sql(const char *sql, char copied[4096])
{
	const char *from = strstr(sql, "\nCOPY (");
	const char *end = strstr(sql, "\n) TO STDOUT (FORMAT binary)");

	if (strncmp(sql, "COPY (", 6) != 0 && !from)
		return sql;
	from = from ? from + 7 : sql + 6;
	assert_non_null(end);
	snprintf(copied, 4096, "%.*s", (int)(end - from), from);
	return copied;
}

static void test_types(void **state)
{
	PGconn *pg = fixture_connect(getenv("WINNOW_TEST_DATABASE_URL"));

	(void)state;
	for (int i = 0; i < STMT_COUNT; i++) {
		const struct statement_info *info = &statement_infos[i];
		char copied[4096];
		PGresult *result =
			PQprepare(pg, info->name, described_sql(info->sql, copied), 0, NULL);

		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			fail_msg("%s: %s", info->name, PQerrorMessage(pg));
		PQclear(result);
		result = PQdescribePrepared(pg, info->name);
		assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
		assert_int_equal(info->param_count, PQnparams(result));
		compare_types(info->name, "parameter", info->params, result, PQnparams(result),
			PQparamtype);
		compare_types(
			info->name, "result", info->results, result, PQnfields(result), PQftype);
		PQclear(result);
	}
	PQfinish(pg);
}

static void test_every_history_table_has_its_three(void **state)
{
	(void)state;
	for (int use = 0; use < HISTORY_USES; use++)
		for (int table = 0; table < HISTORY_COUNT; table++)
			if (history_statement((enum history_use)use, (enum history_table)table) ==
				STMT_COUNT)
				fail_msg("%s lacks one of its statements",
					history_table_name((enum history_table)table));
}

/* What is hashed again when the log is verified is the whole row, in table order. */
static void test_history_rows_read_whole_rows(void **state)
{
	(void)state;
	for (int table = 0; table < HISTORY_COUNT; table++) {
		const char *name = history_table_name((enum history_table)table);
		enum statement rows = history_statement(HISTORY_ROWS, (enum history_table)table);
		const char *sql = strstr(statement_infos[rows].sql, "SELECT revision, ");
		char query[256];
		const char *end;
		PGresult *result;

		assert_non_null(sql);
		sql += strlen("SELECT revision, ");
		end = strstr(sql, "\nFROM ");
		assert_non_null(end);
		snprintf(query, sizeof query,
			"SELECT attname FROM pg_attribute WHERE attrelid = 'winnow.%s'::regclass "
			"AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
			name);
		result = PQexec(fixture.admin, query);
		for (int i = 0; i < PQntuples(result); i++) {
			const char *column = PQgetvalue(result, i, 0);

			sql += strspn(sql, " ,\n\t");
			if (strncmp(sql, column, strlen(column)) != 0)
				fail_msg("%s: column %d is not %s", name, i + 1, column);
			sql += strlen(column);
		}
		if (sql != end)
			fail_msg("%s: more columns than the table", name);
		PQclear(result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_every_history_table_has_its_three),
		cmocka_unit_test(test_history_rows_read_whole_rows),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
