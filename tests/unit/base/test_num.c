#include "base/num.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "random.h"

static double from_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static uint64_t to_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

/* RFC 8785, appendix B (but for -0, which reads back as -0 here). */
static const struct {
	uint64_t bits;
	const char *text;
} rfc8785[] = {
	{0x0000000000000000, "0"},
	{0x8000000000000000, "-0.0"},
	{0x0000000000000001, "5e-324"},
	{0x8000000000000001, "-5e-324"},
	{0x7fefffffffffffff, "1.7976931348623157e+308"},
	{0xffefffffffffffff, "-1.7976931348623157e+308"},
	{0x4340000000000000, "9007199254740992"},
	{0xc340000000000000, "-9007199254740992"},
	{0x4430000000000000, "295147905179352830000"},
	{0x7fffffffffffffff, "null"},
	{0x7ff0000000000000, "null"},
	{0x44b52d02c7e14af5, "9.999999999999997e+22"},
	{0x44b52d02c7e14af6, "1e+23"},
	{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
	{0x444b1ae4d6e2ef4e, "999999999999999700000"},
	{0x444b1ae4d6e2ef4f, "999999999999999900000"},
	{0x444b1ae4d6e2ef50, "1e+21"},
	{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
	{0x3eb0c6f7a0b5ed8d, "0.000001"},
	{0x41b3de4355555553, "333333333.3333332"},
	{0x41b3de4355555554, "333333333.33333325"},
	{0x41b3de4355555555, "333333333.3333333"},
	{0x41b3de4355555556, "333333333.3333334"},
	{0x41b3de4355555557, "333333333.33333343"},
	{0xbecbf647612f3696, "-0.0000033333333333333333"},
	{0x43143ff3c1cb0959, "1424953923781206.2"},
};

static void test_rfc8785(void **state)
{
	char text[NUM_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof rfc8785 / sizeof rfc8785[0]; i++) {
		size_t len = num_to_text(from_bits(rfc8785[i].bits), text);

		assert_string_equal(text, rfc8785[i].text);
		assert_int_equal(len, strlen(text));
	}
}

static void test_everyday_values(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{1, "1"},
		{-1, "-1"},
		{9, "9"},
		{10, "10"},
		{99, "99"},
		{100, "100"},
		{101, "101"},
		{1234567, "1234567"},
		{9007199254740991, "9007199254740991"},
		{-9007199254740991, "-9007199254740991"},
		{9007199254740994, "9007199254740994"},
		{1e20, "100000000000000000000"},
		{0.5, "0.5"},
		{12.25, "12.25"},
		{-12.25, "-12.25"},
		{0.1, "0.1"},
		{0.3, "0.3"},
		{0.1 + 0.2, "0.30000000000000004"},
		{1.0 / 3, "0.3333333333333333"},
		{2.0 / 3, "0.6666666666666666"},
		{100.01, "100.01"},
		{1.5e-5, "0.000015"},
		{1.5e-7, "1.5e-7"},
		{1e-300, "1e-300"},
		{3.141592653589793, "3.141592653589793"},
		{DBL_MIN, "2.2250738585072014e-308"},
		{DBL_EPSILON, "2.220446049250313e-16"},
		/* The lower neighbour of a power of two is nearer: 17 digits would be too many. */
		{0x1p-44, "5.684341886080802e-14"},
		{0x1p+89, "6.189700196426902e+26"},
	};
	struct buf buf = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&buf);
		num_format(&buf, cases[i].value);
		assert_string_equal(buf.data, cases[i].text);
		assert_int_equal(buf.len, strlen(buf.data));
	}
	buf_reset(&buf);
	buf_puts(&buf, "[");
	num_format(&buf, NAN);
	num_format(&buf, -INFINITY);
	num_format(&buf, 7);
	assert_string_equal(buf.data, "[nullnull7");
	buf_release(&buf);
}

/* RFC 8259 §6, and none of the spellings that it allows but nobody needs. */
static bool is_json_number(const char *c)
{
	const char *start;

	c += *c == '-';
	if (*c == '0' && c[1] >= '0' && c[1] <= '9')
		return false;
	for (start = c; *c >= '0' && *c <= '9'; c++)
		;
	if (c == start)
		return false;
	if (*c == '.') {
		for (start = ++c; *c >= '0' && *c <= '9'; c++)
			;
		if (c == start)
			return false;
	}
	if (*c == 'e') {
		c++;
		c += *c == '-' || *c == '+';
		for (start = c; *c >= '0' && *c <= '9'; c++)
			;
		if (c == start)
			return false;
	}
	return *c == '\0';
}

static int significant_digits(const char *c)
{
	int count = 0, zeros = 0;

	for (; *c && *c != 'e'; c++) {
		if (*c < '0' || *c > '9' || (*c == '0' && count == 0))
			continue;
		count++;
		zeros = *c == '0' ? zeros + 1 : 0;
	}
	return count - zeros > 0 ? count - zeros : 1;
}

static void check_reads_back(double value)
{
	char text[NUM_TEXT_SIZE];

	num_to_text(value, text);
	if (!is_json_number(text))
		fail_msg("%a gives %s", value, text);
	if (to_bits(strtod(text, NULL)) != to_bits(value))
		fail_msg("%a gives %s", value, text);
}

/* The C library is the witness that no fewer digits would do. */
static void check_is_shortest(double value)
{
	char text[NUM_TEXT_SIZE], other[64];
	int digits = 0;

	num_to_text(value, text);
	do
		snprintf(other, sizeof other, "%.*e", digits++, value);
	while (to_bits(strtod(other, NULL)) != to_bits(value));
	if (significant_digits(text) > digits)
		fail_msg("%a gives %s, but %s is enough", value, text, other);
}

/* Every exponent, at the ends and the middle of its fractions. */
static void test_every_exponent(void **state)
{
	(void)state;
	for (uint64_t exponent = 0; exponent < 0x7ff; exponent++) {
		static const uint64_t fractions[] = {
			0, 1, 2, 0x8000000000000, 0xffffffffffffe, 0xfffffffffffff};

		for (size_t i = 0; i < sizeof fractions / sizeof fractions[0]; i++) {
			double value = from_bits(exponent << 52 | fractions[i]);

			if (value == 0)
				continue;
			check_reads_back(value);
			check_reads_back(-value);
			check_is_shortest(value);
		}
	}
}

static double random_finite(void)
{
	double value;

	do
		value = from_bits(random_u64());
	while (!isfinite(value));
	return value;
}

static void test_random_bits(void **state)
{
	(void)state;
	random_begin("num bits");
	for (int i = 0; i < 100000; i++)
		check_reads_back(random_finite());
	for (int i = 0; i < 5000; i++) {
		check_is_shortest(random_finite());
		/* Subnormals, in all lengths. */
		check_is_shortest(from_bits((random_u64() >> 12 >> random_below(52)) | 1));
	}
}

static void test_random_decimals(void **state)
{
	(void)state;
	random_begin("num decimals");
	for (int i = 0; i < 50000; i++) {
		char expected[40], text[NUM_TEXT_SIZE];
		unsigned places = 1 + (unsigned)random_below(6);
		uint64_t scale = 1, digits = random_u64() % 100000000;
		int len;

		for (unsigned p = 0; p < places; p++)
			scale *= 10;
		/* With a last digit other than 0, this is the text that must come back. */
		digits += digits % 10 == 0;
		len = snprintf(expected, sizeof expected, "%llu.%0*llu",
			(unsigned long long)(digits / scale), (int)places,
			(unsigned long long)(digits % scale));
		assert_true(len > 0);
		num_to_text(strtod(expected, NULL), text);
		if (strtod(expected, NULL) >= 1e-6)
			assert_string_equal(text, expected);
	}
	for (int i = 0; i < 50000; i++) {
		int64_t whole = (int64_t)(random_u64() >> (11 + random_below(52)));
		char expected[32], text[NUM_TEXT_SIZE];

		snprintf(expected, sizeof expected, "%lld", (long long)whole);
		num_to_text((double)whole, text);
		assert_string_equal(text, expected);
	}
}

static void test_locale_does_not_matter(void **state)
{
	static const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C"};
	char text[NUM_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		if (setlocale(LC_ALL, with_comma[i]))
			break;
	num_to_text(0.5, text);
	setlocale(LC_ALL, "C");
	assert_string_equal(text, "0.5");
}

/* Unsigned numbers of 1216 bits, enough for 10^324 and 2^1100: least significant word first. */
enum { WORDS = 38 };

struct big {
	uint32_t words[WORDS];
};

static void big_multiply(struct big *big, uint32_t factor)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < WORDS; i++) {
		carry += (uint64_t)big->words[i] * factor;
		big->words[i] = (uint32_t)carry;
		carry >>= 32;
	}
	assert_int_equal(carry, 0);
}

static struct big big_shifted(uint64_t high, uint64_t low, int bits)
{
	struct big big = {
		{(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)}};

	for (; bits >= 31; bits -= 31)
		big_multiply(&big, UINT32_C(1) << 31);
	big_multiply(&big, UINT32_C(1) << bits);
	return big;
}

static int big_cmp(const struct big *a, const struct big *b)
{
	for (size_t i = WORDS; i-- > 0;)
		if (a->words[i] != b->words[i])
			return a->words[i] < b->words[i] ? -1 : 1;
	return 0;
}

/* Both sides of ceil(10^k / 2^e) = g, that is g - 1 < 10^k / 2^e <= g, in whole numbers. */
static void check_power(int k, uint64_t high, uint64_t low)
{
	int e = (int)floor(k * 3.321928094887362348) - 127;
	uint64_t lower_high = high - (low == 0), lower_low = low - 1;
	int up = e > 0 ? e : 0, down = e < 0 ? -e : 0;
	struct big left = big_shifted(lower_high, lower_low, up);
	struct big middle = big_shifted(0, 1, down);
	struct big right = big_shifted(high, low, up);

	assert_true(high >> 63);
	for (int i = 0; i < k; i++)
		big_multiply(&middle, 10);
	for (int i = 0; i < -k; i++) {
		big_multiply(&left, 10);
		big_multiply(&right, 10);
	}
	assert_true(big_cmp(&left, &middle) < 0);
	assert_true(big_cmp(&middle, &right) <= 0);
}

static void test_table_of_powers(void **state)
{
	static const uint64_t table[][2] = {
#define X(high, low) {high, low},
#include "base/num_pow10.def"
#undef X
	};

	(void)state;
	assert_int_equal(sizeof table / sizeof table[0], 324 + 292 + 1);
	for (int k = -292; k <= 324; k++)
		check_power(k, table[k + 292][0], table[k + 292][1]);
}

static void test_parse_u64(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "/", ":",
		"18446744073709551616", "18446744073709551620", "99999999999999999999",
		"184467440737095516150", "\xd9\xa1"};
	uint64_t value = 5;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (num_parse_u64(str_from(bad[i]), &value))
			fail_msg("'%s' was accepted", bad[i]);
	assert_false(num_parse_u64(STR_NONE, &value));
	assert_false(num_parse_u64(STR("1\0"), &value));
	assert_int_equal(value, 5);
	assert_true(num_parse_u64(STR("0"), &value));
	assert_int_equal(value, 0);
	assert_true(num_parse_u64((struct str){"1234", 2}, &value));
	assert_int_equal(value, 12);
	assert_true(num_parse_u64(STR("000000000000000000000000007"), &value));
	assert_int_equal(value, 7);
	assert_true(num_parse_u64(STR("18446744073709551615"), &value));
	assert_true(value == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc8785),
		cmocka_unit_test(test_everyday_values),
		cmocka_unit_test(test_every_exponent),
		cmocka_unit_test(test_random_bits),
		cmocka_unit_test(test_random_decimals),
		cmocka_unit_test(test_locale_does_not_matter),
		cmocka_unit_test(test_table_of_powers),
		cmocka_unit_test(test_parse_u64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
