/*
 * Decimal numbers in expressions. strtod depends on the locale, and a model must mean the same
 * everywhere; so this is done here, exactly.
 */
#include <string.h>

#include "engine/expression_nodes.h"

struct decimal {
	unsigned char digits[WN_DECIMAL_DIGITS]; /* without zeros before and behind */
	size_t count;
	int exponent; /* of ten, behind the last digit */
};

enum { EXPONENT_LIMIT = 100000 };

/* False: too many digits. */
static bool read_decimal(const char *text, size_t length, struct decimal *out)
{
	size_t zeros = 0; /* after the last digit that was kept */
	bool fraction = false;
	size_t i = 0;
	int exponent = 0;

	*out = (struct decimal){.count = 0};
	for (; i < length && text[i] != 'e' && text[i] != 'E'; i++) {
		if (text[i] == '.') {
			fraction = true;
			continue;
		}
		out->exponent -= fraction;
		if (text[i] == '0') {
			zeros += out->count > 0;
			continue;
		}
		if (out->count + zeros >= WN_DECIMAL_DIGITS)
			return false;
		memset(out->digits + out->count, 0, zeros);
		out->count += zeros;
		zeros = 0;
		out->digits[out->count++] = (unsigned char)(text[i] - '0');
	}
	out->exponent += (int)zeros;
	if (i < length) {
		bool negative = text[i + 1] == '-';

		for (i += negative || text[i + 1] == '+' ? 2 : 1; i < length; i++)
			if (exponent < EXPONENT_LIMIT)
				exponent = exponent * 10 + (text[i] - '0');
		out->exponent += negative ? -exponent : exponent;
	}
	return true;
}

/* Whole numbers of up to 3072 bits: 64 digits, times 10^400, times 2^1100. */
enum { WORDS = 96 };
struct big {
	uint32_t words[WORDS]; /* the lowest first */
	size_t count;
};

static void big_multiply_add(struct big *big, uint32_t factor, uint32_t summand)
{
	uint64_t carry = summand;

	for (size_t i = 0; i < big->count; i++) {
		carry += (uint64_t)big->words[i] * factor;
		big->words[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		big->words[big->count++] = (uint32_t)carry;
}

static void big_times_power_of_10(struct big *big, int power)
{
	for (; power > 0; power--)
		big_multiply_add(big, 10, 0);
}

static void big_shift(struct big *big, size_t bits)
{
	size_t words = bits / 32;

	if (big->count == 0)
		return;
	memmove(big->words + words, big->words, big->count * sizeof(big->words[0]));
	memset(big->words, 0, words * sizeof(big->words[0]));
	big->count += words;
	big_multiply_add(big, UINT32_C(1) << bits % 32, 0);
}

static int big_compare(const struct big *a, const struct big *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (size_t i = a->count; i-- > 0;)
		if (a->words[i] != b->words[i])
			return a->words[i] < b->words[i] ? -1 : 1;
	return 0;
}

/* decimal = numerator / denominator */
struct ratio {
	struct big numerator, denominator;
};

/* The sign of ratio - mantissa * 2^exponent; the mantissa has up to 54 bits. */
static int compare_binary(const struct ratio *ratio, uint64_t mantissa, int exponent)
{
	struct big left = ratio->numerator, right = {.count = 0};
	struct big high = ratio->denominator, low = ratio->denominator;
	uint64_t carry = 0;

	big_multiply_add(&low, (uint32_t)(mantissa & 0x7ffffff), 0);
	big_multiply_add(&high, (uint32_t)(mantissa >> 27), 0);
	big_shift(&high, 27);
	for (; right.count < high.count || right.count < low.count || carry; right.count++) {
		carry += right.count < high.count ? high.words[right.count] : 0;
		carry += right.count < low.count ? low.words[right.count] : 0;
		right.words[right.count] = (uint32_t)carry;
		carry >>= 32;
	}
	while (right.count > 0 && right.words[right.count - 1] == 0)
		right.count--;
	big_shift(exponent < 0 ? &left : &right, (size_t)(exponent < 0 ? -exponent : exponent));
	return big_compare(&left, &right);
}

/* Positive doubles, as integers, are in the order of their values. */
static void take_apart(uint64_t bits, uint64_t *mantissa, int *exponent)
{
	int biased = (int)(bits >> 52);

	*mantissa = bits & UINT64_C(0xfffffffffffff);
	if (biased > 0)
		*mantissa |= UINT64_C(1) << 52;
	*exponent = (biased > 0 ? biased : 1) - 1075;
}

static double nearest(const struct ratio *ratio)
{
	uint64_t below = 0, above = UINT64_C(0x7ff) << 52; /* infinity, as 2^1024 */
	uint64_t mantissa;
	int exponent, side;
	double value;

	while (above - below > 1) {
		uint64_t middle = below + (above - below) / 2;

		take_apart(middle, &mantissa, &exponent);
		if (compare_binary(ratio, mantissa, exponent) < 0)
			above = middle;
		else
			below = middle;
	}
	take_apart(below, &mantissa, &exponent);
	side = compare_binary(ratio, 2 * mantissa + 1, exponent - 1);
	if (side > 0 || (side == 0 && below % 2 == 1))
		below++;
	memcpy(&value, &below, sizeof(value));
	return value;
}

/* Whole numbers of 15 digits and powers of ten up to 10^22 are doubles, so that one operation
 * rounds once. */
static bool small(const struct decimal *decimal, double *out)
{
	double value = 0, power = 1;
	int exponent = decimal->exponent < 0 ? -decimal->exponent : decimal->exponent;

	if (decimal->count > 15 || exponent > 22)
		return false;
	for (size_t i = 0; i < decimal->count; i++)
		value = value * 10 + decimal->digits[i];
	for (int i = 0; i < exponent; i++)
		power *= 10;
	*out = decimal->exponent < 0 ? value / power : value * power;
	return true;
}

double wn_decimal(const char *text, size_t length)
{
	struct decimal decimal;
	struct ratio ratio = {.denominator = {.words = {1}, .count = 1}};
	double value;
	int magnitude;

	if (!read_decimal(text, length, &decimal))
		return NAN;
	if (decimal.count == 0)
		return 0;
	if (small(&decimal, &value))
		return value;
	magnitude = decimal.exponent + (int)decimal.count; /* < 10^magnitude */
	if (magnitude > 309)
		return INFINITY;
	if (magnitude < -323)
		return 0;
	for (size_t i = 0; i < decimal.count; i++)
		big_multiply_add(&ratio.numerator, 10, decimal.digits[i]);
	big_times_power_of_10(&ratio.numerator, decimal.exponent);
	big_times_power_of_10(&ratio.denominator, -decimal.exponent);
	return nearest(&ratio);
}
