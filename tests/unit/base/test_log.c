#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"

static int saved_stderr;
static FILE *file;
static char caught[1 << 20];

static void catch_begin(void)
{
	file = tmpfile();
	assert_non_null(file);
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	/* Lines of several threads share one offset in a file only when they are appended. */
	fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
}

static const char *catch_end(void)
{
	size_t len;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	rewind(file);
	len = fread(caught, 1, sizeof caught - 1, file);
	caught[len] = '\0';
	fclose(file);
	return caught;
}

/* Checks the time stamp and gives what follows it. */
static const char *after_time(const char *line)
{
	static const char start[] = "{\"ts\":\"";
	int64_t us, now_us = clock_now_us(&clock_system);

	assert_memory_equal(line, start, sizeof start - 1);
	line += sizeof start - 1;
	/* Always with milliseconds: 2026-11-21T07:31:32.000Z */
	assert_int_equal(strcspn(line, "\""), 24);
	assert_int_equal(line[19], '.');
	assert_true(time_parse_rfc3339((struct str){line, 24}, &us));
	assert_true(us <= now_us && us > now_us - 60 * (int64_t)US_PER_S);
	return line + 25;
}

static void test_line(void **state)
{
	(void)state;
	catch_begin();
	log_write(LOG_INFO, "listening", "Ready for requests", LOG_S("address", "::1"),
		LOG_I("port", 8080), LOG_R("load", 0.5), NULL);
	assert_string_equal(after_time(catch_end()),
		",\"level\":\"info\",\"event\":\"listening\",\"message\":\"Ready for requests\","
		"\"address\":\"::1\",\"port\":8080,\"load\":0.5}\n");
}

static void test_values(void **state)
{
	(void)state;
	catch_begin();
	log_write(LOG_ERROR, "e", "m", LOG_S("none", NULL), LOG_I("least", INT64_MIN),
		LOG_R("nan", NAN), LOG_R("big", 1e300), LOG_I("narrow", (char)7), LOG_S("", ""),
		NULL);
	assert_string_equal(after_time(catch_end()),
		",\"level\":\"error\",\"event\":\"e\",\"message\":\"m\",\"none\":null,"
		"\"least\":-9223372036854775808,\"nan\":null,\"big\":1e+300,\"narrow\":7,"
		"\"\":\"\"}\n");
}

static void test_escapes(void **state)
{
	(void)state;
	catch_begin();
	log_write(LOG_WARN, "e", "a\"b\\c\nd\te\rf\bg\fh\x01i\x1fj\x7fk",
		LOG_S("utf8", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
		LOG_S("bad", "a\xff\xc3(\xed\xa0\x80z\xe2\x82"), NULL);
	assert_string_equal(after_time(catch_end()),
		",\"level\":\"warn\",\"event\":\"e\","
		"\"message\":\"a\\\"b\\\\c\\nd\\te\\rf\\bg\\fh\\u0001i\\u001fj\\u007fk\","
		"\"utf8\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\","
		"\"bad\":\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"
		"\xef\xbf\xbd\xef\xbf\xbd\"}\n");
}

static void test_levels(void **state)
{
	const char *line;

	(void)state;
	assert_int_equal(log_level(), LOG_INFO);
	catch_begin();
	log_write(LOG_DEBUG, "unseen", "", NULL);
	log_set_level(LOG_DEBUG);
	assert_int_equal(log_level(), LOG_DEBUG);
	log_write(LOG_DEBUG, "seen", "", NULL);
	log_set_level(LOG_ERROR);
	log_write(LOG_WARN, "unseen", "", NULL);
	log_set_level(LOG_INFO);
	line = catch_end();
	assert_string_equal(
		after_time(line), ",\"level\":\"debug\",\"event\":\"seen\",\"message\":\"\"}\n");
}

/* However long the values are, a line is whole, valid and no longer than PIPE_BUF. */
static void test_long_lines(void **state)
{
	static const char ending[] = ",\"truncated\":true}\n";
	char text[5001];

	(void)state;
	for (size_t len = 3800; len <= 5000; len++) {
		const char *line;
		size_t line_len;

		memset(text, 'x', len);
		text[len] = '\0';
		catch_begin();
		log_write(LOG_INFO, "long", text, LOG_I("after", 1), NULL);
		line = catch_end();
		line_len = strlen(line);
		assert_true(line_len <= PIPE_BUF);
		assert_int_equal(line[line_len - 1], '\n');
		if (strstr(line, "\"after\":1}\n"))
			continue;
		assert_true(len > 3900);
		assert_string_equal(line + line_len - sizeof ending + 1, ending);
		if (strstr(line, "\"after\":1,"))
			continue;
		/* Quotation marks come in pairs: 4 members, their values, and the last key. */
		for (line_len = 0; *line; line++)
			line_len += *line == '"';
		assert_int_equal(line_len, 18);
	}
}

static void test_many_long_pairs(void **state)
{
	char text[1500];
	const char *line;

	(void)state;
	/* Escapes and characters of several bytes are cut between, never within. */
	for (size_t i = 0; i + 3 < sizeof text; i += 3)
		memcpy(text + i, i % 2 ? "\xe2\x82\xac" : "\n\n\n", 3);
	text[sizeof text - 3] = '\0';
	catch_begin();
	log_write(LOG_INFO, "e", "m", LOG_S("a", text), LOG_S("b", text), LOG_S("c", text),
		LOG_S("d", text), LOG_I("e", 5), NULL);
	line = catch_end();
	assert_true(strlen(line) <= PIPE_BUF);
	assert_true(str_is_utf8(str_from(line)));
	assert_non_null(strstr(line, "\xe2\x80\xa6\""));
	assert_non_null(strstr(line, ",\"truncated\":true}\n"));
	catch_begin();
	log_write(LOG_INFO, "e", "m", LOG_S(text, "v"), LOG_S(text, "v"), LOG_S(text, "v"),
		LOG_I("n", 1), NULL);
	line = catch_end();
	assert_true(strlen(line) <= PIPE_BUF);
	assert_non_null(strstr(line, ",\"truncated\":true}\n"));
}

static void test_errno_survives(void **state)
{
	(void)state;
	catch_begin();
	errno = ENOENT;
	log_write(LOG_INFO, "e", "m", LOG_R("x", 0.1), NULL);
	assert_int_equal(errno, ENOENT);
	catch_end();
}

enum { THREADS = 4, LINES = 200 };

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_write(LOG_INFO, "thread", arg, LOG_I("line", i), NULL);
	return NULL;
}

static void test_threads(void **state)
{
	static char names[THREADS][2] = {"a", "b", "c", "d"};
	pthread_t threads[THREADS];
	int next[THREADS] = {0};
	const char *line;
	int lines = 0;

	(void)state;
	catch_begin();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (line = catch_end(); *line; line = strchr(line, '\n') + 1) {
		const char *rest = after_time(line);
		char name;
		int number, end = 0;

		assert_int_equal(sscanf(rest,
					 ",\"level\":\"info\",\"event\":\"thread\",\"message\":\"%c"
					 "\",\"line\":%d}%n",
					 &name, &number, &end),
			2);
		assert_int_equal(rest[end], '\n');
		assert_in_range(name, 'a', 'd');
		assert_int_equal(number, next[name - 'a']++);
		lines++;
	}
	assert_int_equal(lines, THREADS * LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_many_long_pairs),
		cmocka_unit_test(test_errno_survives),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
