#include "base/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "out_of_memory.h"

struct values {
	const char *listen;
	int64_t threads;
	int64_t offset;
	bool metrics;
	bool trace;
	const char *url;
	const char *none;
};

#define FIELD(name) offsetof(struct values, name)

static const struct option_spec specs[] = {
	{"listen", OPTION_TEXT, "ADDRESS", "127.0.0.1:8080", 0, 0, "where to listen",
		FIELD(listen)},
	{"http-threads", OPTION_INT, "N", "2", 1, 64, "event loops", FIELD(threads)},
	{"offset", OPTION_INT, "MS", NULL, -500, 500, "clock offset in ms", FIELD(offset)},
	{"metrics", OPTION_BOOL, NULL, "true", 0, 0, "serve /metrics", FIELD(metrics)},
	{"trace", OPTION_BOOL, NULL, NULL, 0, 0, "log each request", FIELD(trace)},
	{"url", OPTION_SECRET, NULL, NULL, 0, 0, "the database", FIELD(url)},
	{"none", OPTION_TEXT, NULL, NULL, 0, 0, "has no default", FIELD(none)},
};

enum { SPECS = sizeof specs / sizeof specs[0] };

struct run {
	struct values values;
	int faults, rest;
	char *errors;
};

enum { MAX_WORDS = 16 };

/* Words are parted by spaces; the program's name is put in front. */
static size_t split(char *text, char *words[MAX_WORDS])
{
	size_t count = 0;

	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		assert_true(count < MAX_WORDS - 1);
		words[count++] = word;
	}
	words[count] = NULL;
	return count;
}

static char arg_text[512], env_text[512];
static char *args[MAX_WORDS], *env[MAX_WORDS];

static struct run run(const char *arguments, const char *variables)
{
	static const char *const known[] = {"WINNOW_TEST_SEED", NULL};
	struct run run = {.rest = -1};
	size_t bytes, argc;
	FILE *errors = open_memstream(&run.errors, &bytes);

	memset(&run.values, 0xee, sizeof run.values);
	snprintf(arg_text, sizeof arg_text, "program %s", arguments);
	snprintf(env_text, sizeof env_text, "%s", variables);
	argc = split(arg_text, args);
	split(env_text, env);
	run.faults = options_read(
		specs, SPECS, &run.values, (int)argc, args, env, known, &run.rest, errors);
	fclose(errors);
	return run;
}

static void expect_faults(const char *arguments, const char *variables, const char *errors)
{
	struct run got = run(arguments, variables);
	int lines = 0;

	assert_string_equal(got.errors, errors);
	for (const char *c = errors; *c; c++)
		lines += *c == '\n';
	assert_int_equal(got.faults, lines);
	free(got.errors);
}

static struct run expect_good(const char *arguments, const char *variables)
{
	struct run got = run(arguments, variables);

	assert_string_equal(got.errors, "");
	assert_int_equal(got.faults, 0);
	free(got.errors);
	got.errors = NULL;
	return got;
}

static void test_defaults(void **state)
{
	struct run got = expect_good("", "HOME=/root PATH=x");

	(void)state;
	assert_string_equal(got.values.listen, "127.0.0.1:8080");
	assert_int_equal(got.values.threads, 2);
	assert_int_equal(got.values.offset, 0);
	assert_true(got.values.metrics);
	assert_false(got.values.trace);
	assert_null(got.values.url);
	assert_null(got.values.none);
	assert_int_equal(got.rest, 1);
}

static void test_flags(void **state)
{
	struct run got = expect_good(
		"--http-threads 8 --listen=:80 --trace --no-metrics --offset -5 --none=a=b", "");

	(void)state;
	assert_int_equal(got.values.threads, 8);
	assert_string_equal(got.values.listen, ":80");
	assert_true(got.values.trace);
	assert_false(got.values.metrics);
	assert_int_equal(got.values.offset, -5);
	assert_string_equal(got.values.none, "a=b");
	assert_int_equal(got.rest, 9);

	assert_true(expect_good("--trace=true", "").values.trace);
	assert_false(expect_good("--trace --trace=false", "").values.trace);
	assert_false(expect_good("--metrics=0", "").values.metrics);
	/* The last of several wins; an empty text is a text; range ends are in. */
	assert_int_equal(expect_good("--http-threads 3 --http-threads=64", "").values.threads, 64);
	assert_int_equal(expect_good("--http-threads 1", "").values.threads, 1);
	assert_string_equal(expect_good("--listen=", "").values.listen, "");
	assert_string_equal(expect_good("--listen - x", "").values.listen, "-");
}

static void test_rest(void **state)
{
	(void)state;
	assert_int_equal(expect_good("serve --trace", "").rest, 1);
	assert_int_equal(expect_good("--trace serve --metrics", "").rest, 2);
	assert_int_equal(expect_good("--trace -- --metrics", "").rest, 3);
	assert_int_equal(expect_good("--trace -", "").rest, 2);
	assert_int_equal(expect_good("--http-threads 5 x", "").rest, 3);
}

static void test_variables(void **state)
{
	struct run got = expect_good("--listen=flag",
		"WINNOW_LISTEN=variable WINNOW_HTTP_THREADS=5 WINNOW_METRICS=false WINNOW_TRACE=1 "
		"WINNOW_URL=postgres://x?y=z WINNOW_NONE= WINNOW_TEST_SEED=1 LISTEN=no "
		"WINNOWX=no");

	(void)state;
	assert_string_equal(got.values.listen, "flag");
	assert_int_equal(got.values.threads, 5);
	assert_false(got.values.metrics);
	assert_true(got.values.trace);
	assert_string_equal(got.values.url, "postgres://x?y=z");
	assert_string_equal(got.values.none, "");
}

static void test_no_environment(void **state)
{
	char *const arguments[] = {(char *)"program", NULL};
	struct values values;
	int rest;

	(void)state;
	assert_int_equal(
		options_read(specs, SPECS, &values, 1, arguments, NULL, NULL, &rest, stderr), 0);
	assert_int_equal(rest, 1);
	/* Not even a program's name. */
	assert_int_equal(
		options_read(specs, SPECS, &values, 0, arguments + 1, NULL, NULL, &rest, stderr),
		0);
}

static void test_bad_values(void **state)
{
	(void)state;
	expect_faults("--http-threads x", "", "--http-threads: 'x' is not a whole number\n");
	expect_faults("--http-threads=", "", "--http-threads: '' is not a whole number\n");
	expect_faults("--http-threads=+1", "", "--http-threads: '+1' is not a whole number\n");
	expect_faults("--http-threads=1.5", "", "--http-threads: '1.5' is not a whole number\n");
	expect_faults("--http-threads=0x2", "", "--http-threads: '0x2' is not a whole number\n");
	expect_faults("--http-threads=-", "", "--http-threads: '-' is not a whole number\n");
	expect_faults("--http-threads=99999999999999999999", "",
		"--http-threads: '99999999999999999999' is not a whole number\n");
	expect_faults("--http-threads 0", "", "--http-threads: 0 is not between 1 and 64\n");
	expect_faults("--http-threads 65", "", "--http-threads: 65 is not between 1 and 64\n");
	expect_faults("--offset -501", "", "--offset: -501 is not between -500 and 500\n");
	expect_faults("", "WINNOW_OFFSET=501", "WINNOW_OFFSET: 501 is not between -500 and 500\n");
	expect_faults("--trace=maybe", "", "--trace: 'maybe' is neither true nor false\n");
	expect_faults("", "WINNOW_TRACE=", "WINNOW_TRACE: '' is neither true nor false\n");
	expect_faults("--no-trace=true", "", "--no-trace takes no value\n");
	expect_faults("--listen", "", "--listen needs a value: --listen ADDRESS\n");
	expect_faults("--none", "", "--none needs a value: --none VALUE\n");
	expect_faults("--listen --trace", "",
		"--listen needs a value; one that begins with -- goes as --listen=...\n");
	/* A fault leaves the default in place. */
	{
		struct run got = run("--http-threads 99 --trace=maybe", "");

		assert_int_equal(got.faults, 2);
		assert_int_equal(got.values.threads, 2);
		assert_false(got.values.trace);
		free(got.errors);
	}
}

static void test_unknown_flags(void **state)
{
	(void)state;
	expect_faults("--http-thread 4", "",
		"unknown option --http-thread; did you mean --http-threads?\n");
	expect_faults("--lisetn=secret", "", "unknown option --lisetn; did you mean --listen?\n");
	expect_faults(
		"--no-metric", "", "unknown option --no-metric; did you mean --no-metrics?\n");
	expect_faults("--url-fil x", "", "unknown option --url-fil; did you mean --url-file?\n");
	expect_faults("--nothing-like-it", "", "unknown option --nothing-like-it\n");
	expect_faults("-v", "", "unknown option -v\n");
	expect_faults("--no-listen", "", "unknown option --no-listen\n");
	expect_faults("--listen-file x", "", "unknown option --listen-file\n");
	expect_faults("--=x", "", "unknown option --\n");
	/* All faults, in one go. */
	expect_faults("--tracee --http-threads 0", "WINNOW_TRACEE=1",
		"unknown option --tracee; did you mean --trace?\n"
		"--http-threads: 0 is not between 1 and 64\n"
		"unknown variable WINNOW_TRACEE; did you mean WINNOW_TRACE?\n");
}

static void test_unknown_variables(void **state)
{
	char name[300];

	(void)state;
	expect_faults("", "WINNOW_HTP_THREADS=4",
		"unknown variable WINNOW_HTP_THREADS; did you mean WINNOW_HTTP_THREADS?\n");
	expect_faults("", "WINNOW_URL_FLIE=/x",
		"unknown variable WINNOW_URL_FLIE; did you mean WINNOW_URL_FILE?\n");
	expect_faults(
		"", "WINNOW_SOMETHING_ELSE=hidden", "unknown variable WINNOW_SOMETHING_ELSE\n");
	expect_faults("", "WINNOW_=x", "unknown variable WINNOW_\n");
	expect_faults("", "WINNOW_NO_TRACE=1", "unknown variable WINNOW_NO_TRACE\n");
	/* Names are told apart by case, and a long one is cut in the message only. */
	expect_faults("", "WINNOW_listen=x", "unknown variable WINNOW_listen\n");
	memset(name, 'X', sizeof name);
	memcpy(name, "WINNOW_", 7);
	memcpy(name + sizeof name - 3, "=1", 3);
	{
		struct run got = run("", name);

		assert_int_equal(got.faults, 1);
		assert_memory_equal(got.errors, "unknown variable WINNOW_XXX", 27);
		free(got.errors);
	}
}

static void test_secrets_are_never_flags(void **state)
{
	static const char refusal[] =
		"--url: secrets are never flags; use WINNOW_URL or --url-file\n";
	struct run got;

	(void)state;
	expect_faults("--url=postgres://hidden", "", refusal);
	got = run("--url postgres://hidden x", "");
	assert_string_equal(got.errors, refusal);
	assert_null(got.values.url);
	/* What was meant as the value is not taken for the command. */
	assert_int_equal(got.rest, 3);
	free(got.errors);
	expect_faults("--url --trace", "", refusal);
}

/* A file with these bytes; its path is good until the next call. */
static const char *file_with(const void *bytes, size_t count)
{
	static char path[64];
	int fd;

	strcpy(path, "/tmp/winnow-test-options-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, count), count);
	close(fd);
	return path;
}

static void expect_secret(const char *bytes, const char *secret)
{
	const char *path = file_with(bytes, strlen(bytes));
	char text[128];
	struct run got;

	snprintf(text, sizeof text, "--url-file %s x", path);
	got = expect_good(text, "WINNOW_URL=beaten");
	assert_string_equal(got.values.url, secret);
	assert_int_equal(got.rest, 3);
	free((char *)got.values.url);
	snprintf(text, sizeof text, "WINNOW_URL_FILE=%s", path);
	got = expect_good("", text);
	assert_string_equal(got.values.url, secret);
	free((char *)got.values.url);
	unlink(path);
}

static void expect_bad_file(const void *bytes, size_t count, const char *complaint)
{
	const char *path = file_with(bytes, count);
	char text[128], errors[256];

	snprintf(text, sizeof text, "--url-file=%s", path);
	snprintf(errors, sizeof errors, "--url-file: the first line of %s %s\n", path, complaint);
	expect_faults(text, "", errors);
	snprintf(text, sizeof text, "WINNOW_URL_FILE=%s", path);
	snprintf(errors, sizeof errors, "WINNOW_URL_FILE: the first line of %s %s\n", path,
		complaint);
	expect_faults("", text, errors);
	unlink(path);
}

static void test_secret_files(void **state)
{
	char longest[4098];

	(void)state;
	expect_secret("postgres://secret\n", "postgres://secret");
	expect_secret("postgres://secret", "postgres://secret");
	expect_secret("first\r\nsecond\n", "first");
	expect_secret("  blanks count \n", "  blanks count ");
	memset(longest, 's', sizeof longest);
	longest[4096] = '\0';
	expect_secret(longest, longest);

	expect_bad_file("", 0, "is empty");
	expect_bad_file("\nsecond", 7, "is empty");
	expect_bad_file("a\0b\n", 4, "holds a NUL byte");
	longest[4096] = 's';
	expect_bad_file(longest, 4097, "is longer than 4096 bytes");
	expect_bad_file(longest, 4098, "is longer than 4096 bytes");

	expect_faults("--url-file /nonexistent/x", "",
		"--url-file: cannot read /nonexistent/x: No such file or directory\n");
	expect_faults("", "WINNOW_URL_FILE=/", "WINNOW_URL_FILE: cannot read /: Is a directory\n");
	expect_faults("--url-file", "", "--url-file needs a value: --url-file FILE\n");
	expect_faults("", "WINNOW_URL=a WINNOW_URL_FILE=/x",
		"WINNOW_URL and WINNOW_URL_FILE are both set; keep one of them\n");
}

static void test_help(void **state)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	options_help(specs, SPECS, out);
	fclose(out);
	assert_string_equal(text,
		"  OPTION            VARIABLE             DEFAULT         MEANING\n"
		"  --listen ADDRESS  WINNOW_LISTEN        127.0.0.1:8080  where to listen\n"
		"  --http-threads N  WINNOW_HTTP_THREADS  2               event loops (1 to 64)\n"
		"  --offset MS       WINNOW_OFFSET        0               clock offset in ms "
		"(-500 to 500)\n"
		"  --[no-]metrics    WINNOW_METRICS       true            serve /metrics\n"
		"  --[no-]trace      WINNOW_TRACE         false           log each request\n"
		"  --url-file FILE   WINNOW_URL           -               the database\n"
		"  --none VALUE      WINNOW_NONE          -               has no default\n");
	free(text);
}

static void test_print(void **state)
{
	struct run got = expect_good("--no-metrics --offset=-7", "WINNOW_URL=hidden");
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	options_print(specs, SPECS, &got.values, out);
	fclose(out);
	assert_string_equal(text, "WINNOW_LISTEN=127.0.0.1:8080\n"
				  "WINNOW_HTTP_THREADS=2\n"
				  "WINNOW_OFFSET=-7\n"
				  "WINNOW_METRICS=false\n"
				  "WINNOW_TRACE=false\n"
				  "WINNOW_URL=***\n"
				  "# WINNOW_NONE is not set\n");
	free(text);
}

static void test_closest_name(void **state)
{
	static const char *const names[] = {"rank", "explain", "expire", "import", "ls", NULL};
	static const char *const nothing[] = {NULL};
	char endless[300];

	(void)state;
	assert_string_equal(closest_name("rank", names), "rank");
	assert_string_equal(closest_name("rnak", names), "rank");
	assert_string_equal(closest_name("ran", names), "rank");
	assert_string_equal(closest_name("franks", names), "rank");
	assert_string_equal(closest_name("explian", names), "explain");
	assert_string_equal(closest_name("expir", names), "expire");
	assert_string_equal(closest_name("l", names), "ls");
	assert_null(closest_name("franked", names));
	assert_null(closest_name("", names));
	/* Two edits make any two letters of any other two. */
	assert_null(closest_name("xy", names));
	assert_null(closest_name("rank", nothing));
	memset(endless, 'x', sizeof endless - 1);
	endless[sizeof endless - 1] = '\0';
	assert_null(closest_name(endless, names));
}

static void test_out_of_memory(void **state)
{
	char *const arguments[] = {(char *)"program", (char *)"--tracee", NULL};
	char buffer[512];
	struct values values;
	int rest, faults = 0;
	FILE *errors = fmemopen(buffer, sizeof buffer, "w");
	bool failed = true;

	(void)state;
	assert_non_null(errors);
	setvbuf(errors, NULL, _IONBF, 0);
	for (long n = 0; failed; n++) {
		rewind(errors);
		memset(buffer, 0, sizeof buffer);
		oom_begin(n);
		faults = options_read(
			specs, SPECS, &values, 2, arguments, NULL, NULL, &rest, errors);
		failed = oom_end();
		/* Never taken for good, whatever is short; the defaults are there. */
		assert_int_equal(faults, 1);
		assert_int_equal(values.threads, 2);
	}
	assert_string_equal(buffer, "unknown option --tracee; did you mean --trace?\n");
	fclose(errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_no_environment),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_unknown_flags),
		cmocka_unit_test(test_unknown_variables),
		cmocka_unit_test(test_secrets_are_never_flags),
		cmocka_unit_test(test_secret_files),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_closest_name),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
