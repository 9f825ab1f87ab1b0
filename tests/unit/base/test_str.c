#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void test_equality(void **state)
{
	(void)state;
	assert_true(str_eq(STR("abc"), STR("abc")));
	assert_false(str_eq(STR("abc"), STR("abd")));
	assert_false(str_eq(STR("abc"), STR("ab")));
	assert_true(str_eq(STR_NONE, STR("")));
	assert_true(str_is(STR("x"), "x"));
	assert_null(str_from(NULL).ptr);
	assert_non_null(str_from("").ptr);
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_order(void **state)
{
	(void)state;
	assert_int_equal(sign(str_cmp(STR("a"), STR("b"))), -1);
	assert_int_equal(sign(str_cmp(STR("b"), STR("a"))), 1);
	assert_int_equal(str_cmp(STR("same"), STR("same")), 0);
	assert_int_equal(sign(str_cmp(STR("a"), STR("aa"))), -1);
	assert_int_equal(sign(str_cmp(STR("aa"), STR("a"))), 1);
	assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
	assert_int_equal(sign(str_cmp(STR_NONE, STR("a"))), -1);
	/* Bytes, not signed characters: "é" comes after "z". */
	assert_int_equal(sign(str_cmp(STR("\xc3\xa9"), STR("z"))), 1);
	assert_int_equal(sign(str_cmp(STR("a\0b"), STR("a\0c"))), -1);
}

struct utf8_case {
	struct str text;
	bool good;
};

/* The Unicode Standard, table 3-7, with both ends of each row and one step beyond. */
static const struct utf8_case utf8_cases[] = {
	{{"", 0}, true},
	{{NULL, 0}, true},
	{{"\0", 1}, true},
	{{"\x7f", 1}, true},
	{{"\x80", 1}, false},
	{{"\xbf", 1}, false},
	{{"\xc0\x80", 2}, false},
	{{"\xc1\xbf", 2}, false},
	{{"\xc2\x80", 2}, true},
	{{"\xdf\xbf", 2}, true},
	{{"\xc2\x7f", 2}, false},
	{{"\xc2\xc0", 2}, false},
	{{"\xc2", 1}, false},
	{{"\xe0\x9f\xbf", 3}, false},
	{{"\xe0\xa0\x80", 3}, true},
	{{"\xe1\x80\x80", 3}, true},
	{{"\xec\xbf\xbf", 3}, true},
	{{"\xed\x9f\xbf", 3}, true},
	{{"\xed\xa0\x80", 3}, false},
	{{"\xed\xbf\xbf", 3}, false},
	{{"\xee\x80\x80", 3}, true},
	{{"\xef\xbf\xbf", 3}, true},
	{{"\xe1\x80", 2}, false},
	{{"\xe1\x80\x7f", 3}, false},
	{{"\xf0\x8f\xbf\xbf", 4}, false},
	{{"\xf0\x90\x80\x80", 4}, true},
	{{"\xf1\x80\x80\x80", 4}, true},
	{{"\xf3\xbf\xbf\xbf", 4}, true},
	{{"\xf4\x8f\xbf\xbf", 4}, true},
	{{"\xf4\x90\x80\x80", 4}, false},
	{{"\xf5\x80\x80\x80", 4}, false},
	{{"\xff", 1}, false},
	{{"\xf1\x80\x80", 3}, false},
	{{"\xf1\x80\xc0\x80", 4}, false},
	{{"\xf1\x80\x80\x41", 4}, false},
};

static void test_utf8_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof utf8_cases / sizeof utf8_cases[0]; i++) {
		const struct utf8_case *c = &utf8_cases[i];

		if (str_is_utf8(c->text) != c->good)
			fail_msg("case %zu should be %s", i, c->good ? "accepted" : "refused");
		if (c->text.len > 0)
			assert_int_equal(str_utf8_char(c->text), c->good ? c->text.len : 0);
	}
	assert_int_equal(str_utf8_char(STR_NONE), 0);
	assert_int_equal(str_utf8_char(STR("\xc3\xa9tude")), 2);
	assert_int_equal(str_code_point(STR("e")), 'e');
	assert_int_equal(str_code_point(STR("\xc3\xa9")), 0xe9);
	assert_int_equal(str_code_point(STR("\xe2\x80\xa8")), 0x2028);
	assert_int_equal(str_code_point(STR("\xf0\x9f\x98\x80")), 0x1f600);
}

/* The fast path must not hide a bad byte, wherever it stands. */
static void test_utf8_every_position(void **state)
{
	char text[80];

	(void)state;
	for (size_t len = 1; len <= sizeof text; len++) {
		for (size_t bad = 0; bad < len; bad++) {
			memset(text, 'a', sizeof text);
			assert_true(str_is_utf8((struct str){text, len}));
			text[bad] = (char)0xff;
			assert_false(str_is_utf8((struct str){text, len}));
			text[bad] = (char)0xc3;
			assert_false(str_is_utf8((struct str){text, len}));
			if (bad + 1 == len)
				continue;
			text[bad + 1] = (char)0xa9;
			assert_true(str_is_utf8((struct str){text, len}));
		}
	}
}

/* All code points, encoded by hand here. */
static void test_utf8_all_code_points(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x110fff; c++) {
		bool good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
		unsigned char text[4];
		size_t len;

		if (c < 0x80) {
			text[0] = (unsigned char)c;
			len = 1;
		} else if (c < 0x800) {
			text[0] = (unsigned char)(0xc0 | c >> 6);
			len = 2;
		} else if (c < 0x10000) {
			text[0] = (unsigned char)(0xe0 | c >> 12);
			len = 3;
		} else {
			text[0] = (unsigned char)(0xf0 | c >> 18);
			len = 4;
		}
		for (size_t i = 1; i < len; i++)
			text[i] = (unsigned char)(0x80 | (c >> 6 * (len - 1 - i) & 0x3f));
		if (str_is_utf8((struct str){(const char *)text, len}) != good)
			fail_msg("U+%04X", c);
	}
}

/* The authors' test vectors: key 00 … 0f, input 00 … len-1. The one of 15 bytes is in the paper. */
static void test_siphash_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} vectors[] = {
		{0, 0x726fdb47dd0e0e31},
		{1, 0x74f839c593dc67fd},
		{2, 0x0d6c8009d9a94f5a},
		{3, 0x85676696d7fb7e2d},
		{7, 0xab0200f58b01d137},
		{8, 0x93f5f5799a932462},
		{15, 0xa129ca6149be45e5},
	};
	unsigned char key[STR_HASH_KEY_BYTES];
	unsigned char input[16];

	(void)state;
	for (unsigned char i = 0; i < 16; i++)
		key[i] = input[i] = i;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		assert_int_equal(
			str_hash_keyed(key, (struct str){(const char *)input, vectors[i].len}),
			vectors[i].hash);
}

static void test_hash(void **state)
{
	static const unsigned char zero[STR_HASH_KEY_BYTES];
	char copy[] = "a name";

	(void)state;
	assert_int_equal(str_hash(STR("a name")), str_hash(str_from(copy)));
	assert_int_not_equal(str_hash(STR("a name")), str_hash(STR("another")));
	assert_int_not_equal(str_hash(STR("")), str_hash(STR("\0")));
	assert_int_equal(str_hash(STR_NONE), str_hash(STR("")));
	/* There is a key, and it is none of the obvious. */
	assert_int_not_equal(str_hash(STR("a name")), str_hash_keyed(zero, STR("a name")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_utf8_table),
		cmocka_unit_test(test_utf8_every_position),
		cmocka_unit_test(test_utf8_all_code_points),
		cmocka_unit_test(test_siphash_vectors),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
