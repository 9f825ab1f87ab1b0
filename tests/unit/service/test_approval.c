/*
 * Who counts as somebody else, without a database: lines of tokens that made each other, and persons.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/approval.h"

static struct uuid ids[4];

static struct actor_line line(const struct uuid *first, size_t count, const char *person)
{
	return (struct actor_line){first, count, .person = person ? str_from(person) : STR_NONE};
}

static void check(struct actor_line a, struct actor_line b, bool one)
{
	assert_int_equal(actors_may_be_one(&a, &b), one);
	assert_int_equal(actors_may_be_one(&b, &a), one);
}

static void test_tokens_of_each_other(void **state)
{
	/* 0 was made by 1, that by 2; 3 was made by 2 as well. */
	const struct uuid child[] = {ids[0], ids[1], ids[2]};
	const struct uuid parent[] = {ids[1], ids[2]};
	const struct uuid root[] = {ids[2]};
	const struct uuid sibling[] = {ids[3], ids[2]};

	(void)state;
	check(line(child, 3, NULL), line(child, 3, NULL), true);
	check(line(child, 3, NULL), line(parent, 2, NULL), true);
	check(line(child, 3, NULL), line(root, 1, NULL), true);
	check(line(parent, 2, NULL), line(sibling, 2, NULL), false);
	check(line(child, 3, NULL), line(sibling, 2, NULL), false);
}

static void test_persons(void **state)
{
	const struct uuid a[] = {ids[0], ids[2]}, b[] = {ids[1], ids[2]};

	(void)state;
	check(line(a, 2, "ann"), line(b, 2, "ann"), true);
	check(line(a, 2, "ann"), line(b, 2, "bob"), false);
	check(line(a, 2, "ann"), line(b, 2, NULL), false);
	/* A person that is said to be another does not make a made token somebody else. */
	check(line(a, 2, "ann"), line(&ids[2], 1, "bob"), true);
}

/* Two tokens that an admin has made for itself; but who set the workspace up has made everybody's. */
static void test_a_maker_in_common(void **state)
{
	const struct uuid a[] = {ids[0], ids[2]}, b[] = {ids[1], ids[2]};
	struct actor_line by_admin = line(a, 2, NULL), by_operator = line(a, 2, NULL);
	struct actor_line ann = line(a, 2, "ann");

	(void)state;
	by_admin.own = ann.own = 2;
	by_operator.own = 1;
	check(by_admin, line(b, 2, NULL), true);
	check(by_admin, line(b, 2, "bob"), false);
	check(ann, line(b, 2, "bob"), false);
	check(ann, line(b, 2, NULL), false);
	check(by_operator, line(b, 2, NULL), false);
}

static void test_of_whom_nothing_is_known(void **state)
{
	(void)state;
	check(line(NULL, 0, NULL), line(ids, 1, "ann"), true);
}

static void test_names(void **state)
{
	const struct actor_line ann = line(ids, 1, "ann"), nobody = line(NULL, 0, NULL);
	char id[UUID_TEXT_SIZE];
	const struct str by_person[] = {STR("bob"), STR("ann")};
	const struct str by_id[] = {str_from(uuid_to_text(&ids[0], id))};
	const struct str others[] = {STR("bob")};

	(void)state;
	assert_true(actor_is_named(&ann, by_person, 2));
	assert_true(actor_is_named(&ann, by_id, 1));
	assert_false(actor_is_named(&ann, others, 1));
	assert_false(actor_is_named(&ann, NULL, 0));
	assert_false(actor_is_named(&nobody, by_person, 2));
}

static int make_ids(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		uuid_random(&ids[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_of_each_other),
		cmocka_unit_test(test_persons),
		cmocka_unit_test(test_a_maker_in_common),
		cmocka_unit_test(test_of_whom_nothing_is_known),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, make_ids, NULL);
}
