/*
 * Settings: flags before variables before defaults, and a token that only comes by safe ways.
 */
#include "cli/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct run {
	struct config config;
	size_t faults;
	char *errors;
};

static struct run finish(struct config config, char *const *env)
{
	struct run run = {.config = config};
	size_t len = 0;
	FILE *errors = open_memstream(&run.errors, &len);

	run.faults = config_finish(&run.config, env, errors);
	fclose(errors);
	return run;
}

static void run_release(struct run *run)
{
	config_release(&run->config);
	free(run->errors);
}

#define ENV(...) ((char *[]){__VA_ARGS__, NULL})

static void test_defaults(void **state)
{
	struct run run = finish((struct config){0}, ENV("HOME=/home/someone"));

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_string_equal(run.errors, "");
	assert_string_equal(run.config.url, "http://127.0.0.1:8080");
	assert_null(run.config.token);
	assert_null(run.config.workspace);
	assert_int_equal(run.config.timeout_s, 60);
	assert_false(run.config.timeout_given);
	assert_true(run.config.loopback);
	run_release(&run);
}

static void test_flags_beat_variables(void **state)
{
	char *env[] = {"WINNOW_URL=https://env.example/", "WINNOW_WORKSPACE=env",
		"WINNOW_TIMEOUT=5", "WINNOW_TOKEN=wnw_env", "NO_COLOR=1", NULL};
	struct run run = finish((struct config){0}, env);

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_string_equal(run.config.url, "https://env.example");
	assert_string_equal(run.config.workspace, "env");
	assert_string_equal(run.config.token, "wnw_env");
	assert_int_equal(run.config.timeout_s, 5);
	assert_true(run.config.no_color);
	assert_true(run.config.encrypted);
	run_release(&run);

	run = finish(
		(struct config){.url = "https://flag.example", .workspace = "flag", .timeout_s = 9},
		env);
	assert_string_equal(run.config.url, "https://flag.example");
	assert_string_equal(run.config.workspace, "flag");
	assert_int_equal(run.config.timeout_s, 9);
	run_release(&run);
}

static void test_an_empty_variable_is_unset(void **state)
{
	struct run run = finish(
		(struct config){0}, ENV("WINNOW_URL=", "WINNOW_TOKEN=", "WINNOW_WORKSPACE="));

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_null(run.config.token);
	assert_null(run.config.workspace);
	run_release(&run);
}

static void check_fault(struct config config, char *const *env, const char *part)
{
	struct run run = finish(config, env);

	assert_int_equal(run.faults, 1);
	if (!strstr(run.errors, part))
		fail_msg("'%s' is not in: %s", part, run.errors);
	run_release(&run);
}

static void test_faults(void **state)
{
	(void)state;
	check_fault((struct config){0}, ENV("WINNOW_TIMEOUT=0"), "WINNOW_TIMEOUT");
	check_fault((struct config){0}, ENV("WINNOW_TIMEOUT=soon"), "'soon'");
	check_fault((struct config){.json = true, .plain = true}, ENV("A=b"), "one of them");
	check_fault((struct config){0}, ENV("WINNOW_TOKEN=a", "WINNOW_TOKEN_FILE=b"), "both set");
	check_fault((struct config){.token_file = "/nonexistent/token"}, ENV("A=b"),
		"/nonexistent/token");
	check_fault((struct config){.url = "ftp://x"}, ENV("A=b"), "--url");
}

static void test_a_bad_token_is_not_repeated(void **state)
{
	struct run run = finish((struct config){0}, ENV("WINNOW_TOKEN=wnw_a\r\nHost: b"));

	(void)state;
	assert_int_equal(run.faults, 1);
	assert_null(strstr(run.errors, "wnw_a"));
	run_release(&run);
}

static void test_urls(void **state)
{
	static const char *const bad[] = {"127.0.0.1:8080", "ftp://x", "http://", "http:///x",
		"https://user:secret@host", "http://host?x=1", "http://host#x", "http://ho st",
		"http://host\n", "http://:80"};
	static const char *const good[] = {
		"http://host", "HTTPS://host:8443", "http://[::1]:8080", "https://host/winnow"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_non_null(config_url_fault(bad[i]));
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_null(config_url_fault(good[i]));
	assert_true(config_url_is_loopback("http://127.0.0.1:8080"));
	assert_true(config_url_is_loopback("http://LOCALHOST"));
	assert_true(config_url_is_loopback("https://[::1]:1"));
	assert_false(config_url_is_loopback("http://127.example.com"));
	assert_false(config_url_is_loopback("http://localhost.example.com"));
	assert_false(config_url_is_loopback("http://10.0.0.1"));
}

static void test_a_token_in_the_clear_is_told(void **state)
{
	char *env[] = {"WINNOW_TOKEN=wnw_a", "WINNOW_URL=http://far.example", NULL};
	struct run run = finish((struct config){0}, env);

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_non_null(strstr(run.errors, "without encryption"));
	run_release(&run);
	run = finish((struct config){.quiet = true}, env);
	assert_string_equal(run.errors, "");
	run_release(&run);
}

static void test_a_misspelt_variable_is_told(void **state)
{
	struct run run = finish((struct config){0},
		ENV("WINNOW_TOKN=x", "WINNOW_OWNER_DATABASE_URL=postgresql://"));

	(void)state;
	assert_int_equal(run.faults, 0);
	assert_non_null(strstr(run.errors, "did you mean WINNOW_TOKEN?"));
	assert_null(strstr(run.errors, "OWNER"));
	run_release(&run);
}

static void check_secret_file(const char *content, size_t len, const char *want)
{
	char path[] = "/tmp/winnow-test-token-XXXXXX";
	int descriptor = mkstemp(path);
	char *text = NULL;
	size_t text_len = 0;
	FILE *errors = open_memstream(&text, &text_len);
	char *secret;

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, content, len), len);
	close(descriptor);
	secret = config_read_secret(path, errors);
	fclose(errors);
	if (want)
		assert_string_equal(secret, want);
	else
		assert_null(secret);
	assert_int_equal(text_len > 0, want == NULL);
	free(secret);
	free(text);
	unlink(path);
}

static void test_the_first_line_is_the_token(void **state)
{
	char *longest = malloc(5000);

	(void)state;
	assert_non_null(longest);
	memset(longest, 'a', 5000);
	check_secret_file("wnw_a\n", 6, "wnw_a");
	check_secret_file("wnw_a", 5, "wnw_a");
	check_secret_file("wnw_a\r\nmore\n", 12, "wnw_a");
	check_secret_file("", 0, NULL);
	check_secret_file("\nwnw_a\n", 7, NULL);
	check_secret_file(longest, 5000, NULL);
	free(longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_flags_beat_variables),
		cmocka_unit_test(test_an_empty_variable_is_unset),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_a_bad_token_is_not_repeated),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_a_token_in_the_clear_is_told),
		cmocka_unit_test(test_a_misspelt_variable_is_told),
		cmocka_unit_test(test_the_first_line_is_the_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
