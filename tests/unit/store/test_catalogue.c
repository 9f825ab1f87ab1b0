/*
 * What must hold of every table, asked of the catalogue: row level security, grants, keys, and the
 * trigger that keeps history as it was written. A new table fails here until it is listed.
 */
#include "fixture.h"

/* Tables of the schema with what the application's role may do, column rights included. */
static const struct {
	const char *table, *rights;
	bool history; /* append-only, by trigger */
} tables[] = {
	{"access_records", "DELETE,INSERT,SELECT", false},
	{"audit_checkpoints", "INSERT,SELECT", true},
	{"audit_nodes", "INSERT,SELECT", false},
	{"audit_records", "INSERT,SELECT", true},
	{"comparisons", "INSERT,SELECT", true},
	{"documents", "INSERT,SELECT", true},
	{"erasure_texts", "INSERT,SELECT", true},
	{"erasures", "INSERT,SELECT", true},
	{"finding_ends", "INSERT,SELECT", true},
	{"findings", "INSERT,SELECT", true},
	{"grants", "INSERT,SELECT", true},
	{"idempotency_keys", "DELETE,INSERT,SELECT", false},
	{"interventions", "INSERT,SELECT", true},
	{"item_texts",
		"INSERT,SELECT,UPDATE(assignee),UPDATE(body),UPDATE(notes),UPDATE(reporter),"
		"UPDATE(title),UPDATE(url)",
		false},
	{"item_versions", "INSERT,SELECT", true},
	{"items", "INSERT,SELECT,UPDATE", false},
	{"override_ends", "INSERT,SELECT", true},
	{"overrides", "INSERT,SELECT", true},
	{"proposal_approvals", "INSERT,SELECT", true},
	{"proposal_ends", "INSERT,SELECT", true},
	{"proposals", "INSERT,SELECT", true},
	{"ranking_chunks", "INSERT,SELECT", true},
	{"rankings", "INSERT,SELECT", true},
	{"retired_ranges", "SELECT", true},
	{"retired_records", "SELECT", true},
	{"retirements", "SELECT", true},
	{"review_comparisons", "INSERT,SELECT", true},
	{"review_ends", "INSERT,SELECT", true},
	{"review_marks", "INSERT,SELECT", true},
	{"reviews", "INSERT,SELECT", true},
	{"sweep_closings", "INSERT,SELECT", true},
	{"sweeps", "INSERT,SELECT", true},
	{"token_actors", "INSERT,SELECT", true},
	{"token_revocations", "INSERT,SELECT", true},
	{"tokens", "INSERT,SELECT", true},
	{"workspace_heads",
		"INSERT,SELECT,UPDATE(at),UPDATE(config_revision),UPDATE(hash),UPDATE(removed),"
		"UPDATE(revision)",
		false},
	{"workspaces", "INSERT,SELECT", true},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

/* Unique indexes that do not begin with the workspace: names and secrets are unique everywhere. */
static const char *const global_keys[] = {"tokens_secret", "workspaces_name"};

static PGresult *ask(PGconn *pg, const char *sql, const char *a, const char *b)
{
	const char *values[] = {a, b};
	PGresult *result = PQexecParams(pg, sql, b ? 2 : a ? 1 : 0, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	return result;
}

static void app_role(char *role, size_t size)
{
	fixture_role(getenv("WINNOW_TEST_DATABASE_URL"), role, size);
}

static void test_tables_are_known(void **state)
{
	PGresult *result = ask(fixture.admin,
		"SELECT relname FROM pg_class WHERE relnamespace = 'winnow'::regnamespace AND "
		"relkind IN ('r', 'p', 'v', 'm', 'f') AND relname NOT IN ('migrations', "
		"'record_marks') ORDER BY relname COLLATE \"C\"",
		NULL, NULL);

	(void)state;
	/* The one view shows what its reader may see of the tables below. */
	assert_int_equal(
		1, fixture_number(fixture.admin, "SELECT count(*) FROM pg_class WHERE "
						 "oid = 'winnow.record_marks'::regclass AND "
						 "'security_invoker=true' = ANY (reloptions)"));
	for (int i = 0; i < PQntuples(result) && i < TABLES; i++)
		assert_string_equal(PQgetvalue(result, i, 0), tables[i].table);
	assert_int_equal(PQntuples(result), TABLES);
	PQclear(result);
}

static void test_row_level_security(void **state)
{
	(void)state;
	for (int i = 0; i < TABLES; i++) {
		PGresult *result = ask(fixture.admin,
			"SELECT relrowsecurity AND relforcerowsecurity, (SELECT count(*) FROM "
			"pg_policy "
			"WHERE polrelid = c.oid AND polcmd = '*' AND polpermissive AND "
			"polroles = '{0}' AND polqual IS NOT NULL AND polwithcheck IS NOT NULL), "
			"(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) "
			"FROM pg_class c WHERE oid = ('winnow.' || $1)::regclass",
			tables[i].table, NULL);

		if (strcmp(PQgetvalue(result, 0, 0), "t") != 0 ||
			strcmp(PQgetvalue(result, 0, 1), "1") != 0 ||
			strcmp(PQgetvalue(result, 0, 2), "1") != 0)
			fail_msg("%s: row level security is not on and forced with one policy",
				tables[i].table);
		PQclear(result);
	}
}

static void test_grants(void **state)
{
	char role[64];

	(void)state;
	app_role(role, sizeof role);
	for (int i = 0; i < TABLES; i++) {
		PGresult *result = ask(fixture.admin,
			"SELECT string_agg(t, ',' ORDER BY t COLLATE \"C\") FROM ("
			"SELECT privilege_type FROM pg_class c, aclexplode(c.relacl) a "
			"WHERE c.oid = ('winnow.' || $1)::regclass AND a.grantee = $2::regrole "
			"UNION SELECT privilege_type || '(' || attname || ')' FROM pg_attribute, "
			"aclexplode(attacl) a WHERE attrelid = ('winnow.' || $1)::regclass AND "
			"a.grantee = $2::regrole) AS rights (t)",
			tables[i].table, role);

		if (strcmp(PQgetvalue(result, 0, 0), tables[i].rights) != 0)
			fail_msg("%s: the application may %s", tables[i].table,
				PQgetvalue(result, 0, 0));
		PQclear(result);
		/* Nobody but the owner and the application has any. */
		result = ask(fixture.admin,
			"SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a "
			"WHERE c.oid = ('winnow.' || $1)::regclass AND "
			"a.grantee NOT IN (c.relowner, $2::regrole)",
			tables[i].table, role);
		assert_string_equal(PQgetvalue(result, 0, 0), "0");
		PQclear(result);
	}
}

static void test_schema_grants(void **state)
{
	char role[64];
	PGresult *result;

	(void)state;
	app_role(role, sizeof role);
	result = ask(fixture.admin,
		"SELECT has_schema_privilege($1, 'winnow', 'USAGE'), "
		"has_schema_privilege($1, 'winnow', 'CREATE'), "
		"has_table_privilege($1, 'winnow.migrations', 'SELECT'), "
		"has_table_privilege($1, 'winnow.migrations', 'INSERT, UPDATE, DELETE, TRUNCATE')",
		role, NULL);
	assert_string_equal(PQgetvalue(result, 0, 0), "t");
	assert_string_equal(PQgetvalue(result, 0, 1), "f");
	assert_string_equal(PQgetvalue(result, 0, 2), "t");
	assert_string_equal(PQgetvalue(result, 0, 3), "f");
	PQclear(result);
}

static bool is_global(const char *name)
{
	for (size_t i = 0; i < sizeof global_keys / sizeof global_keys[0]; i++)
		if (strcmp(global_keys[i], name) == 0)
			return true;
	return false;
}

static void test_keys_begin_with_the_workspace(void **state)
{
	PGresult *result = ask(fixture.admin,
		"SELECT i.indexrelid::regclass::text, relname, attname FROM pg_index i "
		"JOIN pg_class c ON c.oid = i.indexrelid "
		"LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
		"WHERE c.relnamespace = 'winnow'::regnamespace AND i.indisunique AND "
		"i.indrelid <> 'winnow.migrations'::regclass "
		"UNION ALL SELECT conrelid::regclass::text, conname, attname FROM pg_constraint "
		"JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] "
		"WHERE contype = 'f' AND connamespace = 'winnow'::regnamespace",
		NULL, NULL);
	size_t global = 0;

	(void)state;
	for (int i = 0; i < PQntuples(result); i++) {
		if (is_global(PQgetvalue(result, i, 1)))
			global++;
		else if (strcmp(PQgetvalue(result, i, 2), "workspace_id") != 0)
			fail_msg("%s begins with %s", PQgetvalue(result, i, 1),
				PQgetvalue(result, i, 2));
	}
	assert_int_equal(global, sizeof global_keys / sizeof global_keys[0]);
	assert_true(PQntuples(result) >= TABLES);
	PQclear(result);
}

/* ---- append-only ---- */

static void refuse_as(PGconn *pg, bool trigger, const char *table)
{
	static const char *const changes[] = {"UPDATE winnow.%s SET workspace_id = workspace_id",
		"DELETE FROM winnow.%s", "TRUNCATE winnow.%s"};
	char sql[256];

	for (size_t i = 0; i < 3; i++) {
		PGresult *result;

		snprintf(sql, sizeof sql, changes[i], table);
		result = PQexec(pg, sql);
		if (PQresultStatus(result) != PGRES_FATAL_ERROR)
			fail_msg("%s is possible", sql);
		assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "42501");
		assert_int_equal(trigger,
			strstr(PQresultErrorMessage(result), "history is append-only") != NULL);
		PQclear(result);
	}
}

static void test_history_is_append_only(void **state)
{
	PGconn *app = fixture_connect(getenv("WINNOW_TEST_DATABASE_URL"));
	PGconn *owner = fixture_connect(getenv("WINNOW_TEST_OWNER_DATABASE_URL"));

	(void)state;
	for (int i = 0; i < TABLES; i++) {
		if (!tables[i].history)
			continue;
		refuse_as(app, false, tables[i].table);
		refuse_as(owner, true, tables[i].table);
		refuse_as(fixture.admin, true, tables[i].table);
	}
	PQfinish(app);
	PQfinish(owner);
}

static void test_every_hashed_table_is_append_only(void **state)
{
	(void)state;
	for (int table = 0; table < HISTORY_COUNT; table++) {
		bool listed = false;

		for (int i = 0; i < TABLES; i++)
			listed |= tables[i].history &&
				  strcmp(tables[i].table,
					  history_table_name((enum history_table)table)) == 0;
		assert_true(listed);
	}
}

/* ---- what one workspace sees of another ---- */

static int64_t visible(PGconn *pg, const char *workspace, const char *table)
{
	char sql[256];

	snprintf(sql, sizeof sql, "SELECT set_config('winnow.workspace', '%s', false)", workspace);
	fixture_do(pg, sql);
	snprintf(sql, sizeof sql, "SELECT count(*) FROM winnow.%s", table);
	return fixture_number(pg, sql);
}

/* One row in each table, written as the superuser. */
static void fill(const char *workspace)
{
	char sql[8192];

	snprintf(sql, sizeof sql,
		"SET winnow.test = '%s';"
		"INSERT INTO winnow.workspace_heads VALUES (current_setting('winnow.test')::uuid, "
		"1, "
		"sha256(''), now(), 0, sha256(''));"
		"INSERT INTO winnow.audit_records VALUES (current_setting('winnow.test')::uuid, 1, "
		"now(), gen_random_uuid(), '', '', '', '', '', sha256(''), 0, sha256(''), "
		"sha256(''), "
		"sha256(''));"
		"INSERT INTO winnow.workspaces VALUES (current_setting('winnow.test')::uuid, 1, "
		"'x', "
		"'', 'created');"
		"INSERT INTO winnow.tokens VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, sha256('x'), '', '{}', '{}', '', now(), now());"
		"INSERT INTO winnow.token_revocations VALUES "
		"(current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, now());"
		"INSERT INTO winnow.grants VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, '{}', '{}', NULL);"
		"INSERT INTO winnow.documents VALUES (current_setting('winnow.test')::uuid, 'k', "
		"'n', 1, "
		"'');"
		"INSERT INTO winnow.item_versions VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, 1, '', '', '', '', '', NULL, '{}', NULL, NULL, NULL, NULL, "
		"'{}', "
		"'{}', '{}', 0, NULL, '');"
		"INSERT INTO winnow.item_texts VALUES (current_setting('winnow.test')::uuid, "
		"sha256(''));"
		"INSERT INTO winnow.items VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, 1, '', '', '', '', '', NULL);"
		"INSERT INTO winnow.overrides VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, gen_random_uuid(), 'exclude', NULL, NULL, NULL, NULL, "
		"now(), now(), '', NULL, 1, 0, NULL, sha256(''));"
		"INSERT INTO winnow.override_ends VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, now(), '', '');"
		"INSERT INTO winnow.comparisons VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, NULL, NULL, 'a', 'b', 1, now(), '');"
		"INSERT INTO winnow.rankings VALUES (current_setting('winnow.test')::uuid, '1.1', "
		"1, 1, now(), 1, 0, '', '', 0, sha256(''), now(), '', NULL);"
		"INSERT INTO winnow.token_actors VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, 'agent', NULL);"
		"INSERT INTO winnow.interventions VALUES (current_setting('winnow.test')::uuid, 1, "
		"'suspend', now(), '', 1, 0, 'rules', NULL, sha256(''));"
		"INSERT INTO winnow.proposals VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, 'model', '', '{}', 1, sha256(''), '{}', 1, now(), now(), "
		"'', "
		"'agent', NULL, '{}', sha256(''));"
		"INSERT INTO winnow.proposal_approvals VALUES "
		"(current_setting('winnow.test')::uuid, gen_random_uuid(), '', 1, now(), NULL, "
		"'{}', "
		"sha256(''), sha256(''));"
		"INSERT INTO winnow.proposal_ends VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, 'applied', now(), '', NULL, NULL);"
		"INSERT INTO winnow.ranking_chunks VALUES (current_setting('winnow.test')::uuid, "
		"'1.1', 1, 1, '');"
		"INSERT INTO winnow.reviews VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, gen_random_uuid(), 'top', NULL, NULL, 1, NULL, now(), 1, 1, "
		"0);"
		"INSERT INTO winnow.review_ends VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, 'approved', now(), '', 1, 1, 1, 0, sha256(''), NULL, NULL);"
		"INSERT INTO winnow.review_marks VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 'lapsed', 1, now(), '');"
		"INSERT INTO winnow.review_comparisons VALUES "
		"(current_setting('winnow.test')::uuid, gen_random_uuid(), 1, gen_random_uuid());"
		"INSERT INTO winnow.sweeps VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, now(), '', '', 6, NULL, NULL, 0, '{}', '{}', '{}', '{}', "
		"'{}');"
		"INSERT INTO winnow.sweep_closings VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, now(), '', '', '{}', sha256(''));"
		"INSERT INTO winnow.findings VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, now(), 'item_overdue', NULL, NULL, NULL, NULL, NULL, 1);"
		"INSERT INTO winnow.finding_ends VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, now(), 'gone');"
		"INSERT INTO winnow.idempotency_keys VALUES "
		"(current_setting('winnow.test')::uuid, sha256(''), sha256(''), 1, sha256(''), "
		"true, now(), now(), '');"
		"INSERT INTO winnow.audit_nodes VALUES (current_setting('winnow.test')::uuid, 8, "
		"0, "
		"sha256(''));"
		"INSERT INTO winnow.audit_checkpoints VALUES "
		"(current_setting('winnow.test')::uuid, 1, sha256(''), '', now());"
		"INSERT INTO winnow.erasures VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), 1, gen_random_uuid(), now(), '', sha256(''));"
		"INSERT INTO winnow.erasure_texts VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), sha256(''), 1);"
		"SET session_replication_role = replica;"
		"INSERT INTO winnow.retired_ranges VALUES (current_setting('winnow.test')::uuid, "
		"1, 1);"
		"SET session_replication_role = origin;"
		"INSERT INTO winnow.retired_records VALUES (current_setting('winnow.test')::uuid, "
		"1, now(), sha256(''));"
		"INSERT INTO winnow.retirements VALUES (current_setting('winnow.test')::uuid, 2, "
		"1, 1, sha256(''), sha256(''), sha256(''), 0, sha256(''), now());"
		"INSERT INTO winnow.access_records VALUES (current_setting('winnow.test')::uuid, "
		"gen_random_uuid(), now(), now() + interval '1 day', '', '{}', '', 'GET', '/', "
		"NULL, '{}', 0, '{}')",
		workspace);
	fixture_do(fixture.admin, sql);
}

static void test_visibility(void **state)
{
	static const char mine[] = "11111111-0000-4000-8000-000000000001";
	static const char other[] = "11111111-0000-4000-8000-000000000002";
	static const char system[] = "00000000-0000-0000-0000-000000000000";
	const char *urls[] = {
		getenv("WINNOW_TEST_DATABASE_URL"), getenv("WINNOW_TEST_OWNER_DATABASE_URL")};

	(void)state;
	fill(mine);
	for (int u = 0; u < 2; u++) {
		PGconn *pg = fixture_connect(urls[u]);

		for (int i = 0; i < TABLES; i++) {
			const char *table = tables[i].table;
			bool global = strcmp(table, "workspaces") == 0 ||
				      strcmp(table, "tokens") == 0 ||
				      strcmp(table, "grants") == 0 ||
				      strcmp(table, "token_actors") == 0 ||
				      strcmp(table, "token_revocations") == 0 ||
				      strcmp(table, "access_records") == 0 ||
				      strcmp(table, "idempotency_keys") == 0 ||
				      strcmp(table, "audit_checkpoints") == 0 ||
				      strcmp(table, "overrides") == 0 ||
				      strcmp(table, "proposals") == 0 ||
				      strcmp(table, "proposal_ends") == 0 ||
				      strcmp(table, "override_ends") == 0;
			bool heads = strcmp(table, "workspace_heads") == 0;

			assert_int_equal(visible(pg, mine, table), 1);
			assert_int_equal(visible(pg, other, table), 0);
			assert_int_equal(visible(pg, "", table), 0);
			/* The system workspace has a head of its own. */
			assert_int_equal(visible(pg, system, table), heads ? 2 : global ? 1 : 0);
		}
		PQfinish(pg);
		/* Never set at all. */
		pg = fixture_connect(urls[u]);
		for (int i = 0; i < TABLES; i++) {
			char sql[128];

			snprintf(
				sql, sizeof sql, "SELECT count(*) FROM winnow.%s", tables[i].table);
			assert_int_equal(fixture_number(pg, sql), 0);
		}
		PQfinish(pg);
	}
}

/* Nobody deletes what has not expired, or changes anything. */
static void test_the_access_log_is_kept(void **state)
{
	static const char mine[] = "11111111-0000-4000-8000-000000000003";
	const char *urls[] = {
		getenv("WINNOW_TEST_DATABASE_URL"), getenv("WINNOW_TEST_OWNER_DATABASE_URL")};
	char sql[512];

	(void)state;
	snprintf(sql, sizeof sql,
		"INSERT INTO winnow.access_records SELECT '%s', gen_random_uuid(), now(), "
		"now() + expiry, '', '{}', '', 'GET', '/', NULL, '{}', 0, '{}' FROM (VALUES "
		"(interval '1 day'), (interval '-1 day')) AS of (expiry)",
		mine);
	fixture_do(fixture.admin, sql);
	for (int u = 0; u < 2; u++) {
		PGconn *pg = fixture_connect(urls[u]);

		snprintf(sql, sizeof sql, "SET winnow.workspace = '%s'", mine);
		fixture_do(pg, sql);
		assert_string_equal(fixture_try(pg, "DELETE FROM winnow.access_records"), "42501");
		assert_string_equal(
			fixture_try(pg, "UPDATE winnow.access_records SET actor = 'x'"), "42501");
		assert_string_equal(fixture_try(pg, "TRUNCATE winnow.access_records"), "42501");
		PQfinish(pg);
	}
	assert_int_equal(2, fixture_number(fixture.admin,
				    "SELECT count(*) FROM winnow.access_records WHERE "
				    "workspace_id = '11111111-0000-4000-8000-000000000003'"));
	fixture_do(fixture.admin,
		"DELETE FROM winnow.access_records WHERE expires_at <= now() AND workspace_id = "
		"'11111111-0000-4000-8000-000000000003'");
	assert_int_equal(1, fixture_number(fixture.admin,
				    "SELECT count(*) FROM winnow.access_records WHERE "
				    "workspace_id = '11111111-0000-4000-8000-000000000003'"));
}

/* A workspace may not be written from within another, nor a head moved from the system scope. */
static void test_writing_elsewhere(void **state)
{
	PGconn *pg = fixture_connect(getenv("WINNOW_TEST_DATABASE_URL"));

	(void)state;
	fixture_do(pg, "SET winnow.workspace = '22222222-0000-4000-8000-000000000001'");
	assert_string_equal(fixture_try(pg, "INSERT INTO winnow.documents VALUES "
					    "('22222222-0000-4000-8000-000000000002', 'k', "
					    "'n', 1, '')"),
		"42501");
	assert_string_equal(
		fixture_try(pg,
			"INSERT INTO winnow.items VALUES ('22222222-0000-4000-8000-000000000002', "
			"gen_random_uuid(), 1, 1, '', '', '', '', '', NULL)"),
		"42501");
	assert_string_equal(
		fixture_try(pg,
			"INSERT INTO winnow.tokens VALUES ('22222222-0000-4000-8000-000000000002', "
			"gen_random_uuid(), 1, sha256('y'), '', '{}', '{}', '', now(), now())"),
		"42501");
	assert_string_equal(
		fixture_try(pg, "INSERT INTO winnow.comparisons VALUES "
				"('22222222-0000-4000-8000-000000000002', gen_random_uuid(), 1, "
				"NULL, NULL, 'a', 'b', 1, now(), '')"),
		"42501");
	fixture_do(pg, "SET winnow.workspace = '00000000-0000-0000-0000-000000000000'");
	/* What is seen whole from there is not written from there. */
	assert_string_equal(
		fixture_try(pg, "INSERT INTO winnow.override_ends VALUES "
				"('22222222-0000-4000-8000-000000000002', gen_random_uuid(), 1, "
				"now(), '', '')"),
		"42501");
	assert_string_equal(
		fixture_try(pg, "INSERT INTO winnow.idempotency_keys VALUES "
				"('22222222-0000-4000-8000-000000000002', sha256(''), sha256(''), "
				"1, sha256(''), true, now(), now(), '')"),
		"42501");
	assert_string_equal(fixture_try(pg, "INSERT INTO winnow.documents VALUES "
					    "('22222222-0000-4000-8000-000000000002', 'k', "
					    "'n', 1, '')"),
		"42501");
	assert_string_equal(fixture_try(pg, "INSERT INTO winnow.workspace_heads VALUES "
					    "('22222222-0000-4000-8000-000000000002', 0, "
					    "sha256(''), now(), 0, sha256(''))"),
		"42501");
	/* The salt and the workspace of a head never change. */
	assert_string_equal(
		fixture_try(pg, "UPDATE winnow.workspace_heads SET salt = sha256('')"), "42501");
	assert_string_equal(fixture_try(pg, "DELETE FROM winnow.workspace_heads"), "42501");
	assert_string_equal(fixture_try(pg, "DELETE FROM winnow.items"), "42501");
	assert_string_equal(fixture_try(pg, "TRUNCATE winnow.items"), "42501");
	assert_string_equal(fixture_try(pg, "UPDATE winnow.item_texts SET ref = ''"), "42501");
	PQfinish(pg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_are_known),
		cmocka_unit_test(test_row_level_security),
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_schema_grants),
		cmocka_unit_test(test_keys_begin_with_the_workspace),
		cmocka_unit_test(test_history_is_append_only),
		cmocka_unit_test(test_every_hashed_table_is_append_only),
		cmocka_unit_test(test_visibility),
		cmocka_unit_test(test_the_access_log_is_kept),
		cmocka_unit_test(test_writing_elsewhere),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
