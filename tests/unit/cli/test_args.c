/*
 * Command lines: options anywhere among the words, all faults at once, suggestions for slips.
 */
#include "cli/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct values {
	bool dry, quiet;
	const char *name;
	int64_t limit;
	struct arg_list roles;
};

#define FIELD(name) offsetof(struct values, name)

static const struct arg_spec specs[] = {
	{"dry-run", 'n', ARG_FLAG, NULL, 0, 0, FIELD(dry), "store nothing"},
	{"quiet", 'q', ARG_FLAG, NULL, 0, 0, FIELD(quiet), "say less"},
	{"name", 'w', ARG_TEXT, "NAME", 0, 0, FIELD(name), "a name"},
	{"limit", 0, ARG_INT, "N", 1, 100, FIELD(limit), "how many"},
	{"role", 'r', ARG_LIST, "ROLE", 0, 0, FIELD(roles), "a role"},
	{"token", 0, ARG_REFUSED, "", 0, 0, 0, "not on the command line"},
};

enum { SPECS = sizeof specs / sizeof specs[0], MAX_WORDS = 16 };

struct run {
	struct values values;
	const char *words[MAX_WORDS];
	size_t word_count, faults;
	int at;
	char *errors;
};

static struct run read_args(char *const *argv, bool stop)
{
	struct run run = {.values = {.limit = 50}};
	struct arg_table table = {specs, SPECS, &run.values};
	size_t errors_len = 0;
	struct args args = {.tables = &table,
		.table_count = 1,
		.stop_at_word = stop,
		.words = run.words,
		.errors = open_memstream(&run.errors, &errors_len)};
	int argc = 0;

	while (argv[argc])
		argc++;
	run.at = args_read(&args, argc, argv, 0);
	fclose(args.errors);
	run.word_count = args.word_count;
	run.faults = args.faults;
	return run;
}

#define READ(...) read_args((char *[]){__VA_ARGS__, NULL}, false)

static void test_options_stand_anywhere(void **state)
{
	struct run run = READ("a", "--dry-run", "b", "--limit", "7", "-", "-w", "x");

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_int_equal(run.word_count, 3);
	assert_string_equal(run.words[2], "-");
	assert_true(run.values.dry);
	assert_int_equal(run.values.limit, 7);
	assert_string_equal(run.values.name, "x");
	free(run.errors);
}

static void test_ways_to_give_a_value(void **state)
{
	struct run run = READ("--name=a=b", "-nq", "-rreader", "--role", "admin");

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_string_equal(run.values.name, "a=b");
	assert_true(run.values.dry && run.values.quiet);
	assert_int_equal(run.values.roles.count, 2);
	assert_string_equal(run.values.roles.items[0], "reader");
	assert_int_equal(run.values.limit, 50);
	free(run.errors);
}

static void test_two_hyphens_end_the_options(void **state)
{
	struct run run = READ("--", "--dry-run", "-x");

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_int_equal(run.word_count, 2);
	assert_string_equal(run.words[0], "--dry-run");
	free(run.errors);
}

static void test_it_stops_at_the_first_word(void **state)
{
	struct run run = read_args((char *[]){"-q", "push", "--unknown", NULL}, true);

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_int_equal(run.at, 1);
	assert_true(run.values.quiet);
	free(run.errors);
}

static void check_fault(struct run run, size_t faults, const char *part)
{
	assert_int_equal(run.faults, faults);
	if (!strstr(run.errors, part))
		fail_msg("'%s' is not in: %s", part, run.errors);
	free(run.errors);
}

static void test_faults(void **state)
{
	(void)state;
	check_fault(READ("--dry-rum"), 1, "did you mean --dry-run?");
	check_fault(READ("--zzzzzz"), 1, "there is no option --zzzzzz");
	check_fault(READ("-z"), 1, "there is no option -z");
	check_fault(READ("--limit", "0"), 1, "at least 1");
	check_fault(READ("--limit=101"), 1, "at most 100");
	check_fault(READ("--limit", "1x"), 1, "not a whole number");
	check_fault(READ("--limit", "99999999999999999999"), 1, "not a whole number");
	check_fault(READ("--limit"), 1, "needs a value: --limit N");
	check_fault(READ("--name", "--quiet"), 1, "--name needs a value");
	check_fault(READ("--quiet=yes"), 1, "takes no value");
	check_fault(READ("--bad1", "--bad2", "-z"), 3, "--bad2");
}

static void test_a_secret_is_refused_and_not_repeated(void **state)
{
	static const char *const ways[][2] = {{"--token=wnw_secret", NULL},
		{"--token", "wnw_secret"}, {"--tokem=wnw_secret", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct run run =
			read_args((char *[]){(char *)ways[i][0], (char *)ways[i][1], NULL}, false);

		assert_int_equal(run.faults, 1);
		assert_int_equal(run.word_count, 0);
		assert_null(strstr(run.errors, "wnw_secret"));
		free(run.errors);
	}
}

static void test_too_many_of_a_list(void **state)
{
	char *argv[ARG_LIST_MAX + 2] = {NULL};

	(void)state;
	for (size_t i = 0; i <= ARG_LIST_MAX; i++)
		argv[i] = (char *)"--role=x";
	check_fault(read_args(argv, false), 1, "more than");
}

static void test_help_leaves_out_what_is_refused(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	args_help(specs, SPECS, out);
	fclose(out);
	assert_non_null(strstr(text, "  -w, --name NAME"));
	assert_null(strstr(text, "--token"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_stand_anywhere),
		cmocka_unit_test(test_ways_to_give_a_value),
		cmocka_unit_test(test_two_hyphens_end_the_options),
		cmocka_unit_test(test_it_stops_at_the_first_word),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_a_secret_is_refused_and_not_repeated),
		cmocka_unit_test(test_too_many_of_a_list),
		cmocka_unit_test(test_help_leaves_out_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
