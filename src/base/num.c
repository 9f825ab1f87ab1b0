/*
 * Numbers as text, in JSON and in everything that is hashed. A queue page prints thousands of
 * them and a receipt must read back bit for bit, so this is exact and needs no printf.
 */
#include "base/num.h"

#include <math.h>
#include <string.h>

static const char pairs[] = "00010203040506070809"
			    "10111213141516171819"
			    "20212223242526272829"
			    "30313233343536373839"
			    "40414243444546474849"
			    "50515253545556575859"
			    "60616263646566676869"
			    "70717273747576777879"
			    "80818283848586878889"
			    "90919293949596979899";

enum { MAX_DIGITS = 20 };

/* Writes to the end of `room`; returns where the digits begin. */
static char *put_u64(uint64_t value, char room[MAX_DIGITS])
{
	char *to = room + MAX_DIGITS;

	while (value >= 100) {
		to -= 2;
		memcpy(to, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		to -= 2;
		memcpy(to, pairs + value * 2, 2);
	} else {
		*--to = (char)('0' + value);
	}
	return to;
}

/* value = digits * 10^exponent */
struct decimal {
	uint64_t digits;
	int exponent;
};

enum { POW10_FIRST = -292, POW10_LAST = 324 };

struct pow10 {
	uint64_t high, low;
};

static const struct pow10 pow10_table[POW10_LAST - POW10_FIRST + 1] = {
#define X(high, low) {high, low},
#include "base/num_pow10.def"
#undef X
};

/* floor(log10(2^e)), or of 3/4 * 2^e; floor(log2(10^e)). Exact for the exponents of doubles. */
static int floor_log10_pow2(int e, bool three_quarters)
{
	return (e * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

static int floor_log2_pow10(int e)
{
	return (e * 1741647) >> 19;
}

/*
 * The upper 64 bits of power * factor / 2^64, with the lowest bit set when anything was cut off:
 * enough to compare the result with any multiple of 2.
 */
static uint64_t multiply_to_odd(struct pow10 power, uint64_t factor)
{
	unsigned __int128 low = (unsigned __int128)power.low * factor;
	unsigned __int128 high = (unsigned __int128)power.high * factor + (uint64_t)(low >> 64);

	return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/*
 * The shortest decimal within the interval that rounds to the double fraction * 2^exponent, the
 * closest of them to it; after Raffaello Giulietti, "The Schubfach way to render doubles" (2020).
 * All is computed on a scale of 1/4 in units of 10^k, where 10^k is no wider than the interval:
 * then the answer is one of two multiples of 10^(k+1), or else of 10^k.
 */
static struct decimal shortest(uint64_t fraction, int exponent, bool lower_is_closer)
{
	/* An even fraction's interval holds its ends: reading rounds ties to even. */
	uint64_t open_ends = fraction & 1;
	int k = floor_log10_pow2(exponent, lower_is_closer);
	int shift = exponent + floor_log2_pow10(-k) + 1;
	struct pow10 power = pow10_table[-k - POW10_FIRST];
	uint64_t lower =
		multiply_to_odd(power, (4 * fraction - 2 + lower_is_closer) << shift) + open_ends;
	uint64_t value = multiply_to_odd(power, 4 * fraction << shift);
	uint64_t upper = multiply_to_odd(power, (4 * fraction + 2) << shift) - open_ends;
	uint64_t whole = value / 4;
	bool below_fits, above_fits, up;

	if (whole >= 10) {
		uint64_t tens = whole / 10;

		below_fits = lower <= 40 * tens;
		above_fits = 40 * tens + 40 <= upper;
		if (below_fits != above_fits)
			return (struct decimal){tens + above_fits, k + 1};
	}
	below_fits = lower <= 4 * whole;
	above_fits = 4 * whole + 4 <= upper;
	if (below_fits != above_fits)
		return (struct decimal){whole + above_fits, k};
	/* Both or none is in: the closer one, the even one at equal distance. */
	up = value > 4 * whole + 2 || (value == 4 * whole + 2 && (whole & 1));
	return (struct decimal){whole + up, k};
}

static struct decimal to_decimal(uint64_t bits)
{
	uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
	int exponent = (int)(bits >> 52 & 0x7ff);
	bool lower_is_closer = fraction == 0 && exponent > 1;

	if (exponent == 0)
		exponent = 1;
	else
		fraction |= UINT64_C(1) << 52;
	return shortest(fraction, exponent - 1075, lower_is_closer);
}

static char *put_zeros(char *to, int count)
{
	memset(to, '0', (size_t)count);
	return to + count;
}

static char *put_bytes(char *to, const char *from, int count)
{
	memcpy(to, from, (size_t)count);
	return to + count;
}

/* The layout of ECMAScript's Number::toString, which RFC 8785 §3.2.2.3 takes over. */
static char *put_decimal(char *to, struct decimal decimal)
{
	char room[MAX_DIGITS];
	const char *digits;
	int count, point;

	while (decimal.digits % 10 == 0) {
		decimal.digits /= 10;
		decimal.exponent++;
	}
	digits = put_u64(decimal.digits, room);
	count = (int)(room + MAX_DIGITS - digits);
	point = count + decimal.exponent; /* value = 0.digits * 10^point */

	if (point > 21 || point <= -6) {
		unsigned power = (unsigned)(point > 0 ? point - 1 : 1 - point);

		*to++ = digits[0];
		if (count > 1) {
			*to++ = '.';
			to = put_bytes(to, digits + 1, count - 1);
		}
		*to++ = 'e';
		*to++ = point > 0 ? '+' : '-';
		digits = put_u64(power, room);
		return put_bytes(to, digits, (int)(room + MAX_DIGITS - digits));
	}
	if (point <= 0) {
		*to++ = '0';
		*to++ = '.';
		to = put_zeros(to, -point);
		return put_bytes(to, digits, count);
	}
	if (point >= count) {
		to = put_bytes(to, digits, count);
		return put_zeros(to, point - count);
	}
	to = put_bytes(to, digits, point);
	*to++ = '.';
	return put_bytes(to, digits + point, count - point);
}

size_t num_to_text(double value, char text[NUM_TEXT_SIZE])
{
	double size = fabs(value);
	char *to = text;
	uint64_t bits;

	if (!isfinite(value)) {
		memcpy(text, "null", 5);
		return 4;
	}
	memcpy(&bits, &value, sizeof bits);
	if (bits >> 63) {
		if (size == 0) {
			memcpy(text, "-0.0", 5);
			return 4;
		}
		*to++ = '-';
		bits &= ~(UINT64_C(1) << 63);
	}
	if (size < 0x1p53 && size == (double)(int64_t)size) {
		char room[MAX_DIGITS];
		const char *digits = put_u64((uint64_t)size, room);

		to = put_bytes(to, digits, (int)(room + MAX_DIGITS - digits));
	} else {
		to = put_decimal(to, to_decimal(bits));
	}
	*to = '\0';
	return (size_t)(to - text);
}

void num_format(struct buf *buf, double value)
{
	if (!buf_reserve(buf, NUM_TEXT_SIZE))
		return;
	buf->len += num_to_text(value, buf->data + buf->len);
}

size_t num_u64_to_text(uint64_t value, char text[NUM_TEXT_SIZE])
{
	char digits[NUM_TEXT_SIZE];
	size_t at = sizeof digits, len;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	len = sizeof digits - at;
	memcpy(text, digits + at, len);
	text[len] = '\0';
	return len;
}

bool num_parse_u64(struct str text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)text.ptr[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
	}
	*out = value;
	return true;
}
