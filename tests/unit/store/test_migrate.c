/*
 * Migrations: in order, once, whole or not at all; anything unexpected is refused in words.
 */
#include "fixture.h"

#include <pthread.h>

static const struct embedded_migration good[] = {
	{1, "0001_first", "CREATE SCHEMA IF NOT EXISTS winnow; CREATE TABLE winnow.one (a int);"},
	{2, "0002_second", "CREATE TABLE winnow.two (a int); INSERT INTO winnow.two VALUES (2);"},
	{3, "0003_role",
		"CREATE TABLE winnow.three AS SELECT current_setting('winnow.app_role') AS role;"},
};
static const struct embedded_migration other[] = {
	{1, "0001_first", "CREATE SCHEMA IF NOT EXISTS winnow; CREATE TABLE winnow.uno (a int);"},
};
static const struct embedded_migration bad[] = {
	{1, "0001_first", "CREATE SCHEMA IF NOT EXISTS winnow; CREATE TABLE winnow.one (a int);"},
	{2, "0002_bad", "CREATE TABLE winnow.two (a int); SELECT 1 / 0;"},
};

static char role[64];
static char said[4096];

static enum error migrate(
	const struct embedded_migration *migrations, size_t count, const char *app_role)
{
	FILE *out = tmpfile();
	enum error err;
	size_t len;

	assert_non_null(out);
	err = migrate_list(
		getenv("WINNOW_TEST_OWNER_DATABASE_URL"), app_role, migrations, count, out);
	rewind(out);
	len = fread(said, 1, sizeof said - 1, out);
	said[len] = '\0';
	fclose(out);
	return err;
}

static void check_said(const char *text)
{
	if (!strstr(said, text))
		fail_msg("\"%s\" was not said, but: %s", text, said);
}

static int open_admin(void **state)
{
	char database[64] = "";

	(void)state;
	fixture_database(getenv("WINNOW_TEST_DATABASE_URL"), database, sizeof database);
	fixture_url(getenv("WINNOW_TEST_ADMIN_DATABASE_URL"), database, fixture.admin_url,
		sizeof fixture.admin_url);
	fixture.admin = fixture_connect(fixture.admin_url);
	fixture_do(fixture.admin, "SET client_min_messages = warning");
	fixture_role(getenv("WINNOW_TEST_DATABASE_URL"), role, sizeof role);
	return 0;
}

static int close_admin(void **state)
{
	(void)state;
	PQfinish(fixture.admin);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	fixture_do(fixture.admin, "DROP SCHEMA IF EXISTS winnow CASCADE");
	return 0;
}

static void test_in_order_and_once(void **state)
{
	(void)state;
	assert_ok(migrate(good, 2, role));
	check_said("applied 0001_first");
	check_said("applied 0002_second");
	check_said("version 2");
	assert_ok(migrate(good, 2, role));
	check_said("as it was");
	assert_ok(migrate(good, 3, role));
	assert_null(strstr(said, "0002_second"));
	check_said("applied 0003_role");
	assert_int_equal(fixture_number(fixture.admin, "SELECT count(*) FROM winnow.two"), 1);
	assert_int_equal(
		fixture_number(fixture.admin,
			"SELECT count(*) FROM winnow.migrations WHERE version BETWEEN 1 AND 3"),
		3);
	char sql[256];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM winnow.three WHERE role = '%s'", role);
	assert_int_equal(fixture_number(fixture.admin, sql), 1);
	snprintf(sql, sizeof sql,
		"SELECT has_table_privilege('%s', 'winnow.migrations', 'SELECT')::int", role);
	assert_int_equal(fixture_number(fixture.admin, sql), 1);
}

static void test_changed_text(void **state)
{
	(void)state;
	assert_ok(migrate(good, 1, role));
	assert_int_equal(migrate(other, 1, role), ERR_CONFLICT);
	check_said("another text");
	assert_int_equal(
		fixture_number(fixture.admin, "SELECT (to_regclass('winnow.uno') IS NULL)::int"),
		1);
}

static void test_newer_database(void **state)
{
	(void)state;
	assert_ok(migrate(good, 3, role));
	assert_int_equal(migrate(good, 2, role), ERR_CONFLICT);
	check_said("too old");
}

static void test_hole(void **state)
{
	(void)state;
	assert_ok(migrate(good, 2, role));
	fixture_do(fixture.admin, "DELETE FROM winnow.migrations WHERE version = 1");
	assert_int_equal(migrate(good, 2, role), ERR_CONFLICT);
	check_said("migration 1 is missing");
}

static void test_failure_is_undone(void **state)
{
	(void)state;
	assert_int_equal(migrate(bad, 2, role), ERR_DATABASE);
	check_said("applied 0001_first");
	check_said("0002_bad: division by zero (SQLSTATE 22012)");
	assert_int_equal(
		fixture_number(fixture.admin, "SELECT (to_regclass('winnow.two') IS NULL)::int"),
		1);
	assert_int_equal(
		fixture_number(fixture.admin, "SELECT count(*) FROM winnow.migrations"), 1);
	/* Mended, it goes on from there. */
	assert_ok(migrate(good, 2, role));
}

static void test_roles(void **state)
{
	char owner[64];

	(void)state;
	assert_int_equal(migrate(good, 1, "winnow_nobody_here"), ERR_NOT_FOUND);
	check_said("\"winnow_nobody_here\" does not exist");
	fixture_role(getenv("WINNOW_TEST_OWNER_DATABASE_URL"), owner, sizeof owner);
	assert_int_equal(migrate(good, 1, owner), ERR_FORBIDDEN);
	check_said("rights of the owner");
	fixture_role(getenv("WINNOW_TEST_ADMIN_DATABASE_URL"), owner, sizeof owner);
	assert_int_equal(migrate(good, 1, owner), ERR_FORBIDDEN);
	check_said("superuser");
	/* Nothing was done. */
	assert_int_equal(
		fixture_number(fixture.admin, "SELECT (to_regnamespace('winnow') IS NULL)::int"),
		1);
}

static void test_no_server(void **state)
{
	(void)state;
	assert_int_equal(migrate_list("host=/nonexistent", role, good, 1, NULL), ERR_DATABASE_AWAY);
}

static void *migrate_quietly(void *arg)
{
	enum error *err = arg;

	*err = migrate_list(getenv("WINNOW_TEST_OWNER_DATABASE_URL"), role, good, 3, NULL);
	return NULL;
}

static void test_several_at_once(void **state)
{
	pthread_t threads[4];
	enum error errs[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, migrate_quietly, &errs[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_ok(errs[i]);
	}
	assert_int_equal(fixture_number(fixture.admin, "SELECT count(*) FROM winnow.two"), 1);
}

/* The real ones. */
static void test_embedded(void **state)
{
	(void)state;
	assert_true(embedded_migration_count >= 2);
	for (size_t i = 0; i < embedded_migration_count; i++)
		assert_int_equal(embedded_migrations[i].version, i + 1);
	assert_ok(migrate_run(getenv("WINNOW_TEST_OWNER_DATABASE_URL"), role, NULL));
	assert_ok(migrate_run(getenv("WINNOW_TEST_OWNER_DATABASE_URL"), role, NULL));
	assert_int_equal(fixture_number(fixture.admin,
				 "SELECT count(*) FROM winnow.workspace_heads WHERE revision = 0"),
		1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_order_and_once, forget),
		cmocka_unit_test_setup(test_changed_text, forget),
		cmocka_unit_test_setup(test_newer_database, forget),
		cmocka_unit_test_setup(test_hole, forget),
		cmocka_unit_test_setup(test_failure_is_undone, forget),
		cmocka_unit_test_setup(test_roles, forget),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test_setup(test_several_at_once, forget),
		cmocka_unit_test_setup(test_embedded, forget),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, open_admin, close_admin);
}
