/*
 * Workspaces, tokens, revocations and grants: what is global is seen whole in the system scope
 * alone.
 */
#include "fixture.h"

static const unsigned char salt[32] = {5};

/* A workspace as the service makes one: named in the system workspace's log, with a head. */
static struct uuid create(const char *name, bool removed_later)
{
	struct workspace_row row = {.name = str_from(name), .title = STR("A title")};
	struct change change;
	struct tx *tx;

	uuid_random(&row.id);
	tx = fixture_change(&system_workspace, &change);
	assert_ok(workspace_append(&change, &row));
	assert_ok(change_finish(&change, &fixture_info, STR("{}")));
	change_release(&change);
	assert_ok(tx_workspace(tx, &row.id));
	assert_ok(workspace_head_create(tx, &row.id, salt));
	assert_ok(tx_commit(tx));
	if (!removed_later)
		return row.id;
	tx = fixture_change(&system_workspace, &change);
	row.removed = true;
	assert_ok(workspace_append(&change, &row));
	assert_ok(fixture_commit(tx, &change));
	return row.id;
}

static enum error find(struct str name, const struct uuid *scope, struct workspace_row *out)
{
	enum error err;

	assert_ok(read_begin(fixture.conn, scope));
	err = workspace_find(fixture.conn, name, &fixture.arena, out);
	read_end(fixture.conn);
	return err;
}

static void test_workspaces(void **state)
{
	struct uuid alpha = create("alpha", false), beta = create("beta", true);
	struct uuid gamma = create("Gamma", false);
	struct workspace_row row = {.name = STR("beta"), .title = STR("")}, *rows;
	char text[UUID_TEXT_SIZE];
	struct change change;
	struct tx *tx;
	size_t count;

	(void)state;
	assert_ok(find(STR("alpha"), &system_workspace, &row));
	assert_memory_equal(&row.id, &alpha, sizeof alpha);
	assert_true(str_is(row.title, "A title"));
	assert_int_equal(row.head_revision, 0);
	assert_memory_equal(row.salt, salt, sizeof salt);
	assert_false(row.removed);
	assert_ok(find(str_from(uuid_to_text(&beta, text)), &system_workspace, &row));
	assert_true(row.removed);
	assert_ok(find(STR("beta"), &system_workspace, &row));
	assert_true(row.removed);
	assert_int_equal(find(STR("delta"), &system_workspace, &row), ERR_NOT_FOUND);
	assert_int_equal(find(STR("alpha"), &beta, &row), ERR_NOT_FOUND);

	assert_ok(read_begin(fixture.conn, &system_workspace));
	assert_ok(workspaces_list(fixture.conn, STR_NONE, 2, &fixture.arena, &rows, &count));
	assert_int_equal(count, 2);
	/* In the order of bytes. */
	assert_memory_equal(&rows[0].id, &gamma, sizeof gamma);
	assert_true(str_is(rows[1].name, "alpha"));
	assert_ok(workspaces_list(fixture.conn, rows[1].name, 2, &fixture.arena, &rows, &count));
	assert_int_equal(count, 1);
	assert_true(rows[0].removed);
	read_end(fixture.conn);

	/* A name is given once, also after a removal. */
	row = (struct workspace_row){.name = STR("beta"), .title = STR("")};
	uuid_random(&row.id);
	tx = fixture_change(&system_workspace, &change);
	assert_ok(workspace_append(&change, &row));
	assert_int_equal(fixture_commit(tx, &change), ERR_CONFLICT);
}

static struct token_row make_token(unsigned char secret, const struct str *roles, size_t role_count)
{
	struct token_row token = {
		.secret_sha256 = {{secret, 1}},
		.label = STR("ci"),
		.created_by = STR("system"),
		.roles = roles,
		.role_count = role_count,
		.created_us = fixture.now_us,
		.expires_us = fixture.now_us + 1000000,
	};

	uuid_random(&token.id);
	return token;
}

static void append_token(const struct uuid *workspace, const struct token_row *token)
{
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	assert_ok(token_append(&change, token));
	assert_ok(fixture_commit(tx, &change));
}

static int64_t count_role(const struct uuid *workspace, const char *role, int64_t now_us)
{
	int64_t count;

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(tokens_count_with_role(fixture.conn, workspace, role, now_us, &count));
	read_end(fixture.conn);
	return count;
}

static void test_tokens(void **state)
{
	static const struct str roles[] = {{"admin", 5}, {"reader", 6}};
	struct uuid workspace = fixture_workspace(), other = fixture_workspace();
	struct token_row a = make_token(1, roles, 2), b = make_token(2, roles, 1);
	const struct sha256 secrets[] = {{{1, 1}}, {{2, 1}}, {{3, 1}}};
	struct token_row *rows, row;
	struct change change;
	struct tx *tx;
	size_t count;

	(void)state;
	append_token(&workspace, &a);
	append_token(&other, &b);
	assert_int_equal(count_role(&workspace, "admin", fixture.now_us), 1);
	assert_int_equal(count_role(&workspace, "admin", fixture.now_us + 1000000), 0);
	assert_int_equal(count_role(&workspace, "auditor", fixture.now_us), 0);

	assert_ok(read_begin(fixture.conn, &system_workspace));
	assert_ok(tokens_by_secret(fixture.conn, secrets, 3, &fixture.arena, &rows, &count));
	assert_int_equal(count, 2);
	assert_ok(token_find(fixture.conn, &b.id, &fixture.arena, &row));
	assert_memory_equal(&row.workspace, &other, sizeof other);
	read_end(fixture.conn);
	/* A workspace sees its own. */
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(tokens_by_secret(fixture.conn, secrets, 3, &fixture.arena, &rows, &count));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].role_count, 2);
	assert_true(str_is(rows[0].roles[1], "reader"));
	assert_int_equal(rows[0].source_count, 0);
	assert_int_equal(rows[0].expires_us, a.expires_us);
	assert_int_equal(rows[0].revoked_us, TIME_NONE);
	assert_int_equal(token_find(fixture.conn, &b.id, &fixture.arena, &row), ERR_NOT_FOUND);
	read_end(fixture.conn);

	tx = fixture_change(&workspace, &change);
	assert_ok(token_revoke_append(&change, &a.id));
	assert_ok(fixture_commit(tx, &change));
	assert_int_equal(count_role(&workspace, "admin", fixture.now_us), 0);
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(token_read(fixture.conn, &workspace, &a.id, &fixture.arena, &row));
	assert_int_equal(row.revoked_us, fixture.now_us);
	assert_int_equal(row.secret_sha256.bytes[0], 1);
	assert_int_equal(
		token_read(fixture.conn, &workspace, &b.id, &fixture.arena, &row), ERR_NOT_FOUND);
	assert_ok(tokens_list(fixture.conn, &workspace, NULL, 10, &fixture.arena, &rows, &count));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].secret_sha256.bytes[0], 0);
	assert_ok(tokens_list(fixture.conn, &workspace, &a.id, 10, &fixture.arena, &rows, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

static void test_grants(void **state)
{
	static const struct str roles[] = {{"auditor", 7}}, sources[] = {{"github", 6}, {"a", 1}};
	struct uuid workspace = fixture_workspace(), other = fixture_workspace();
	struct grant_row grant = {.roles = roles,
		.role_count = 1,
		.sources = sources,
		.source_count = 2,
		.expires_us = TIME_NONE};
	struct grant_row *rows;
	struct change change;
	struct tx *tx;
	size_t count;

	(void)state;
	uuid_random(&grant.token_id);
	tx = fixture_change(&workspace, &change);
	assert_ok(grant_append(&change, &grant));
	assert_ok(fixture_commit(tx, &change));
	tx = fixture_change(&other, &change);
	assert_ok(grant_append(&change, &grant));
	assert_ok(fixture_commit(tx, &change));
	/* Withdrawn in the second. */
	grant.role_count = 0;
	grant.expires_us = fixture.now_us;
	tx = fixture_change(&other, &change);
	assert_ok(grant_append(&change, &grant));
	assert_ok(fixture_commit(tx, &change));

	assert_ok(read_begin(fixture.conn, &system_workspace));
	assert_ok(
		grants_of_tokens(fixture.conn, &grant.token_id, 1, &fixture.arena, &rows, &count));
	read_end(fixture.conn);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		bool first = uuid_cmp(&rows[i].workspace, &workspace) == 0;

		assert_int_equal(rows[i].role_count, first ? 1 : 0);
		assert_int_equal(rows[i].revision, first ? 1 : 2);
		assert_int_equal(rows[i].source_count, 2);
		assert_true(str_is(rows[i].sources[0], "github"));
		assert_int_equal(rows[i].expires_us, first ? TIME_NONE : fixture.now_us);
	}
	assert_ok(read_begin(fixture.conn, &other));
	assert_ok(grants_list(fixture.conn, &other, &fixture.arena, &rows, &count));
	read_end(fixture.conn);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].revision, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workspaces),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_grants),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
