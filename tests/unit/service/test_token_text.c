/*
 * The text of a token: its form, its chance, its checksum.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/tokens.h"

static void a_made_token_is_well_formed(void **state)
{
	char text[TOKEN_TEXT_SIZE];

	(void)state;
	assert_true(token_text_make(text));
	assert_int_equal(strlen(text), 42);
	assert_memory_equal(text, "wnw_", 4);
	assert_int_equal(strspn(text + 4, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "abcdefghijklmnopqrstuvwxyz"),
		38);
	assert_true(token_text_check(str_from(text)));
}

static void two_tokens_differ(void **state)
{
	char a[TOKEN_TEXT_SIZE], b[TOKEN_TEXT_SIZE];

	(void)state;
	assert_true(token_text_make(a));
	assert_true(token_text_make(b));
	assert_string_not_equal(a, b);
}

/* CRC-32 finds every change of one character. */
static void every_typo_is_found(void **state)
{
	char text[TOKEN_TEXT_SIZE];

	(void)state;
	assert_true(token_text_make(text));
	for (size_t i = 0; i < 42; i++) {
		char was = text[i];

		text[i] = was == 'x' ? 'y' : 'x';
		assert_false(token_text_check(str_from(text)));
		text[i] = was;
	}
	assert_false(token_text_check((struct str){text, 41}));
	assert_false(token_text_check(STR("")));
	assert_false(token_text_check(STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_made_token_is_well_formed),
		cmocka_unit_test(two_tokens_differ),
		cmocka_unit_test(every_typo_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
