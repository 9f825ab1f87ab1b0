/*
 * The judge of framing, without a socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <cmocka.h>

#include "http/framing.h"

#define F(name, value)                                                                             \
	{                                                                                          \
		STR(name), STR(value)                                                              \
	}
#define END                                                                                        \
	{                                                                                          \
		{NULL, 0},                                                                         \
		{                                                                                  \
			NULL, 0                                                                    \
		}                                                                                  \
	}

static const char *judge(const struct field *fields, const char *version, struct framing *out)
{
	size_t count = 0;

	while (fields[count].name.ptr)
		count++;
	return framing_judge(fields, count, version, 0, out);
}

static void test_clear(void **state)
{
	static const struct field none[] = {F("Host", "h"), F("X-Any", "thing"), END};
	static const struct field length[] = {F("hOsT", "h"), F("CONTENT-LENGTH", "17"), END};
	static const struct field zero[] = {F("Host", ""), F("Content-Length", "0"), END};
	static const struct field chunked[] = {
		F("Transfer-Encoding", "chunked"), F("Host", "h"), END};
	static const struct field nothing[] = {END};
	struct framing framing;

	(void)state;
	assert_null(judge(none, "HTTP/1.1", &framing));
	assert_int_equal(FRAMING_NO_BODY, framing.body);
	assert_null(judge(length, "HTTP/1.1", &framing));
	assert_int_equal(FRAMING_LENGTH, framing.body);
	assert_int_equal(17, framing.body_bytes);
	assert_null(judge(zero, "HTTP/1.1", &framing));
	assert_int_equal(FRAMING_NO_BODY, framing.body);
	assert_null(judge(chunked, "HTTP/1.1", &framing));
	assert_int_equal(FRAMING_CHUNKED, framing.body);
	assert_null(judge(nothing, "HTTP/1.0", &framing));
}

static void test_ambiguous(void **state)
{
	static const struct {
		struct field fields[4];
		const char *version;
	} cases[] = {
		{{END}, "HTTP/1.1"},
		{{END}, ""},
		{{F("Host", "a"), F("host", "a"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("host", "a"), END}, "HTTP/1.0"},
		{{F("Host", "a"), F("Content-Length", "1"), F("Content-Length", "1"), END},
			"HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length", "1"), F("Transfer-Encoding", "chunked"), END},
			"HTTP/1.1"},
		{{F("Host", "a"), F("Transfer-Encoding", "chunked"),
			 F("Transfer-Encoding", "chunked"), END},
			"HTTP/1.1"},
		{{F("Host", "a"), F("Transfer-Encoding", "identity"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Transfer-Encoding", "chunked "), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Transfer-Encoding", ""), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Transfer-Encoding", "chunked"), END}, "HTTP/1.0"},
		{{F("Host", "a"), F("Content-Length", ""), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length", "+1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length", "-1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length", "1 "), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length", "1,1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length", "0x1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length", "18446744073709551616"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("Content-Length ", "1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("X\tY", "1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("X\x80", "1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("X\"Y", "1"), END}, "HTTP/1.1"},
		{{F("Host", "a"), F("", "1"), END}, "HTTP/1.1"},
	};
	struct framing framing;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_non_null(judge(cases[i].fields, cases[i].version, &framing));
	assert_non_null(framing_judge(NULL, 0, "HTTP/1.0", TARGET_NUL, &framing));
	assert_non_null(framing_judge(NULL, 0, "HTTP/1.0", TARGET_BAD_BYTE, &framing));
	assert_null(framing_judge(NULL, 0, "HTTP/1.0", TARGET_TOO_LONG, &framing));
}

static void test_targets(void **state)
{
	char text[TARGET_MAX_BYTES + 2];
	size_t query;

	(void)state;
	assert_int_equal(0, target_judge("/a/b?c=d&e", &query));
	assert_int_equal(5, query);
	assert_int_equal(0, target_judge("", &query));
	assert_int_equal(0, query);
	assert_int_equal(TARGET_NUL, target_judge("/a%00b", &query));
	assert_int_equal(TARGET_NUL, target_judge("/a%00", &query));
	assert_int_equal(0, target_judge("/a%0", &query));
	assert_int_equal(0, target_judge("/a%", &query));
	assert_int_equal(0, target_judge("/a?b=%00", &query)); /* seen as a value */
	assert_int_equal(TARGET_BAD_BYTE, target_judge("/a b", &query));
	assert_int_equal(TARGET_BAD_BYTE, target_judge("/a\x7f", &query));
	memset(text, 'a', sizeof text);
	text[TARGET_MAX_BYTES] = '\0';
	assert_int_equal(0, target_judge(text, &query));
	text[TARGET_MAX_BYTES] = 'a';
	text[TARGET_MAX_BYTES + 1] = '\0';
	assert_int_equal(TARGET_TOO_LONG, target_judge(text, &query));
	strcpy(text, "/?a");
	for (int i = 1; i < REQUEST_MAX_FIELDS; i++)
		strcat(text, "&a");
	assert_int_equal(0, target_judge(text, &query));
	strcat(text, "&");
	assert_int_equal(TARGET_TOO_MANY, target_judge(text, &query));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
