/*
 * Principals: which roles are in force where, and for which sources somebody may write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "service/principal_build.h"

static const struct uuid home = {{1}}, other = {{2}}, token = {{3}}, stranger = {{4}};
static const struct str reader[] = {{"reader", 6}};
static const struct str contributor[] = {{"contributor", 11}};
static const struct str operator_role[] = {{"operator", 8}};
static const struct str github[] = {{"github", 6}};
static const struct str any[] = {{"*", 1}};

static struct principal *made_of(struct token_row row, const struct grant_row *grants, size_t count)
{
	struct principal *principal;

	row.id = token;
	row.label = STR("test");
	row.expires_us = 1000;
	principal = principal_build(&row, grants, count);
	assert_non_null(principal);
	return principal;
}

static void roles_are_those_of_the_home(void **state)
{
	struct principal *principal = made_of(
		(struct token_row){.workspace = home, .roles = reader, .role_count = 1}, NULL, 0);

	(void)state;
	assert_int_equal(principal_roles(principal, &home, 0), ROLE_READER);
	assert_int_equal(principal_roles(principal, &other, 0), 0);
	principal_unref(principal);
}

static void an_operator_is_one_everywhere_and_reads_nowhere(void **state)
{
	struct principal *principal = made_of(
		(struct token_row){.workspace = home, .roles = operator_role, .role_count = 1},
		NULL, 0);

	(void)state;
	assert_int_equal(principal_roles(principal, &other, 0), ROLE_OPERATOR);
	assert_int_equal(principal_roles(principal, &other, 0) & ROLES_READ, 0);
	principal_unref(principal);
}

static void a_grant_adds_until_it_expires(void **state)
{
	struct grant_row grants[] = {
		{.workspace = other,
			.token_id = token,
			.roles = contributor,
			.role_count = 1,
			.sources = github,
			.source_count = 1,
			.expires_us = 500},
		{.workspace = home, .token_id = stranger, .roles = reader, .role_count = 1},
	};
	struct principal *principal = made_of(
		(struct token_row){.workspace = home, .roles = operator_role, .role_count = 1},
		grants, 2);

	(void)state;
	assert_int_equal(principal->grant_count, 1);
	assert_int_equal(principal_roles(principal, &other, 499), ROLE_OPERATOR | ROLE_CONTRIBUTOR);
	assert_true(principal_may_write_source(principal, &other, 499, STR("github")));
	assert_false(principal_may_write_source(principal, &other, 499, STR("jira")));
	assert_false(principal_may_write_source(principal, &home, 499, STR("github")));
	assert_int_equal(principal_roles(principal, &other, 500), ROLE_OPERATOR);
	assert_false(principal_may_write_source(principal, &other, 500, STR("github")));
	principal_unref(principal);
}

static void sources_count_only_where_they_were_given(void **state)
{
	struct principal *principal = made_of((struct token_row){.workspace = home,
						      .roles = contributor,
						      .role_count = 1,
						      .sources = any,
						      .source_count = 1},
		NULL, 0);

	(void)state;
	assert_true(principal_may_write_source(principal, &home, 0, STR("whatever")));
	assert_false(principal_may_write_source(principal, &other, 0, STR("whatever")));
	principal_unref(principal);
}

static void role_names_go_both_ways(void **state)
{
	(void)state;
	for (uint32_t bit = 1; bit <= ROLE_OPERATOR; bit <<= 1)
		assert_int_equal(role_from_name(str_from(role_name(bit))), bit);
	assert_int_equal(role_from_name(STR("root")), 0);
	assert_int_equal(role_from_name(STR("")), 0);
	assert_null(role_name(ROLE_READER | ROLE_ADMIN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_are_those_of_the_home),
		cmocka_unit_test(an_operator_is_one_everywhere_and_reads_nowhere),
		cmocka_unit_test(a_grant_adds_until_it_expires),
		cmocka_unit_test(sources_count_only_where_they_were_given),
		cmocka_unit_test(role_names_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
