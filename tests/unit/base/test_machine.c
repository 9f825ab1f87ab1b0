/*
 * The memory that there is: limits of control groups, from files made here.
 */
#include "base/machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char root[] = "/tmp/winnow-machine-XXXXXX";

static void put(const char *group, const char *limit)
{
	char name[256];
	FILE *file;

	snprintf(name, sizeof name, "%s%s", root, group);
	assert_true(mkdir(name, 0700) == 0 || errno == EEXIST);
	snprintf(name, sizeof name, "%s%s/memory.max", root, group);
	file = fopen(name, "w");
	assert_non_null(file);
	fputs(limit, file);
	fclose(file);
}

static void take_away(const char *group)
{
	char name[256];

	snprintf(name, sizeof name, "%s%s/memory.max", root, group);
	unlink(name);
	snprintf(name, sizeof name, "%s%s", root, group);
	assert_int_equal(rmdir(name), 0);
}

static void the_lowest_of_all_above_counts(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	assert_true(memory_limit_bytes(root, "/a/b") == INT64_MAX);
	put("/a", "max\n");
	put("/a/b", "2000000\n");
	assert_int_equal(memory_limit_bytes(root, "/a/b"), 2000000);
	assert_true(memory_limit_bytes(root, "/a") == INT64_MAX);
	put("/a", "1000000\n");
	assert_int_equal(memory_limit_bytes(root, "/a/b"), 1000000);
	assert_int_equal(memory_limit_bytes(root, "/a"), 1000000);
	/* Inside a container the group is the mount's own. */
	assert_true(memory_limit_bytes(root, "/") == INT64_MAX);
	put("", "500000\n");
	assert_int_equal(memory_limit_bytes(root, "/"), 500000);
	assert_int_equal(memory_limit_bytes(root, "/a/b"), 500000);
	put("", "\n");
	assert_true(memory_limit_bytes(root, "/") == INT64_MAX);
	take_away("/a/b");
	take_away("/a");
	take_away("");
}

static void the_machine_has_some(void **state)
{
	(void)state;
	assert_true(machine_memory_bytes() > 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_of_all_above_counts),
		cmocka_unit_test(the_machine_has_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
