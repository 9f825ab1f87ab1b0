/*
 * The order by preference: tier, band, score, first revision, id.
 *
 * Rows are dealt out by tier and band. Within those each preference is a list of four 64-bit numbers, less
 * is better, and rows are sorted by one number after the other: first by the leading bits in which
 * the rows at hand differ at all, at most 32 of them, so that these and the row fit one word and
 * three stable passes of an LSD radix sort do it; then each run that is still tied, by the bits
 * behind, by the next number and so on. The cost is bounded by a constant number of passes,
 * whatever the values are; mostly ties are few and short.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/order.h"

enum {
	PREFERENCE_KEYS = 4,
	INSERTION_MAX = 24,
	PACKED_BITS = 32,
	WIDE_DIGIT = 11, /* bits */
	NARROW_DIGIT = 8,
	ONE_DIGIT_BELOW = 256, /* rows */
	WIDE_FROM = 8192,      /* rows */
	DIGITS_MAX = 3,
	BANDS = 256,
	TIERS = 256,
};

struct sorter {
	const struct wn_rank_input *input;
	uint64_t *words; /* what is sorted by in the upper half, the row in the lower */
	uint64_t *spare;
	uint32_t (*histogram)[1 << WIDE_DIGIT]; /* by digit */
	uint8_t tier_place[TIERS];              /* by tier: how many smaller ones there are */
	size_t deals;                           /* tiers times bands */
	size_t *starts;                         /* by deal, and one more */
	size_t *next;
};

static inline uint32_t row_of(uint64_t word)
{
	return (uint32_t)word;
}

static inline uint64_t big_endian(const unsigned char *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

static inline uint64_t preference_key(const struct wn_rank_input *input, uint32_t row, unsigned key)
{
	switch (key) {
	case 0: return wn_score_key(input->score[row]);
	case 1: return (uint64_t)input->first_revision[row] ^ UINT64_C(1) << 63;
	case 2: return big_endian(input->id[row]);
	default: return big_endian(input->id[row] + 8);
	}
}

/* Whether row a is preferred to row b, which is its equal in all that comes before `key`. */
static bool precedes(const struct wn_rank_input *input, uint32_t a, uint32_t b, unsigned key)
{
	for (; key < PREFERENCE_KEYS; key++) {
		uint64_t of_a = preference_key(input, a, key);
		uint64_t of_b = preference_key(input, b, key);

		if (of_a != of_b)
			return of_a < of_b;
	}
	return false;
}

static void insertion_sort(const struct sorter *s, size_t start, size_t n, unsigned key)
{
	uint64_t *words = s->words + start;

	for (size_t i = 1; i < n; i++) {
		uint64_t word = words[i];
		size_t hole = i;

		while (hole > 0 && precedes(s->input, row_of(word), row_of(words[hole - 1]), key)) {
			words[hole] = words[hole - 1];
			hole--;
		}
		words[hole] = word;
	}
}

static void count_digits(uint64_t packed, unsigned digits, unsigned digit_bits,
	uint32_t (*histogram)[1 << WIDE_DIGIT])
{
	for (unsigned d = 0; d < digits; d++) {
		histogram[d][packed & ((UINT64_C(1) << digit_bits) - 1)]++;
		packed >>= digit_bits;
	}
}

static void radix_pass(const uint64_t *from, uint64_t *to, size_t n, unsigned shift,
	unsigned digit_bits, uint32_t *histogram)
{
	uint64_t mask = (UINT64_C(1) << digit_bits) - 1;
	uint32_t next = 0;

	for (size_t i = 0; i <= mask; i++) {
		uint32_t here = histogram[i];

		histogram[i] = next;
		next += here;
	}
	for (size_t i = 0; i < n; i++)
		to[histogram[(from[i] >> shift) & mask]++] = from[i];
}

/* Bits to sort by at once: enough that chance ties among n different keys are few, but no larger
 * histograms than n rows repay. */
static unsigned bits_worth(size_t n, unsigned width)
{
	unsigned enough = n < ONE_DIGIT_BELOW ? NARROW_DIGIT
			  : n < WIDE_FROM     ? 2 * NARROW_DIGIT
					      : PACKED_BITS;

	return width < enough ? width : enough;
}

/* Sorts rows by the leading `bits` of their (key - least), which has `width` bits. */
static void radix_sort(const struct sorter *s, size_t start, size_t n, unsigned key, uint64_t least,
	unsigned width)
{
	unsigned bits = bits_worth(n, width);
	unsigned digit_bits = n < WIDE_FROM ? NARROW_DIGIT : WIDE_DIGIT;
	unsigned digits = (bits + digit_bits - 1) / digit_bits;
	uint64_t *words = s->words + start, *spare = s->spare + start;
	/* An odd number of passes has to begin in the spare words to end in the others. */
	uint64_t *from = digits % 2 ? spare : words, *to = digits % 2 ? words : spare;

	for (unsigned d = 0; d < digits; d++)
		memset(s->histogram[d], 0, sizeof(s->histogram[d][0]) << digit_bits);
	for (size_t i = 0; i < n; i++) {
		uint32_t row = row_of(words[i]);
		uint64_t packed = (preference_key(s->input, row, key) - least) >> (width - bits);

		count_digits(packed, digits, digit_bits, s->histogram);
		from[i] = packed << 32 | row;
	}
	for (unsigned d = 0; d < digits; d++) {
		uint64_t *sorted = to;

		radix_pass(from, to, n, 32 + d * digit_bits, digit_bits, s->histogram[d]);
		to = from;
		from = sorted;
	}
}

/* The least key, and the number of bits that the differences to it take. */
static unsigned key_width(
	const struct sorter *s, size_t start, size_t n, unsigned key, uint64_t *least_out)
{
	uint64_t least = UINT64_MAX, greatest = 0;

	for (size_t i = start; i < start + n; i++) {
		uint64_t value = preference_key(s->input, row_of(s->words[i]), key);

		least = value < least ? value : least;
		greatest = value > greatest ? value : greatest;
	}
	*least_out = least;
	return least == greatest ? 0 : 64 - (unsigned)__builtin_clzll(greatest - least);
}

/* Sorts n rows that are equal in all keys before `key`. Recursion is at most some thirty deep: each
 * level settles at least 8 bits of a key, or the whole of it. */
static void sort_rows(const struct sorter *s, size_t start, size_t n, unsigned key)
{
	uint64_t least = 0;
	unsigned width = 0;

	if (n <= INSERTION_MAX) {
		insertion_sort(s, start, n, key);
		return;
	}
	for (; key < PREFERENCE_KEYS; key++) {
		width = key_width(s, start, n, key, &least);
		if (width > 0)
			break;
	}
	if (key == PREFERENCE_KEYS)
		return;
	radix_sort(s, start, n, key, least, width);

	bool settled = bits_worth(n, width) == width;
	size_t run = start;

	for (size_t i = start + 1; i <= start + n; i++) {
		if (i < start + n && s->words[i] >> 32 == s->words[run] >> 32)
			continue;
		if (i - run > 1)
			sort_rows(s, run, i - run, settled ? key + 1 : key);
		run = i;
	}
}

/* Numbers the tiers that there are. */
static void number_tiers(struct sorter *s)
{
	const struct wn_rank_input *input = s->input;
	bool there[TIERS] = {false};
	size_t tiers = 0;

	for (size_t row = 0; input->tier && row < input->rows; row++)
		there[input->tier[row]] = true;
	for (size_t t = 0; t < TIERS; t++) {
		s->tier_place[t] = (uint8_t)tiers;
		tiers += there[t];
	}
	s->deals = (tiers ? tiers : 1) * BANDS;
}

/* No band is the greatest number, and so comes last in its tier. */
static inline size_t deal_of(const struct sorter *s, size_t row)
{
	const struct wn_rank_input *input = s->input;

	return input->tier ? (size_t)s->tier_place[input->tier[row]] * BANDS + input->band[row]
			   : input->band[row];
}

/* Writes the candidates to s->words, deal by deal. */
static void deal_out(struct sorter *s)
{
	const struct wn_rank_input *input = s->input;

	for (size_t row = 0; row < input->rows; row++)
		s->starts[deal_of(s, row) + 1] += input->candidate[row] != 0;
	for (size_t d = 0; d < s->deals; d++) {
		s->next[d] = s->starts[d];
		s->starts[d + 1] += s->starts[d];
	}
	for (size_t row = 0; row < input->rows; row++) {
		if (input->candidate[row])
			s->words[s->next[deal_of(s, row)]++] = row;
	}
}

bool wn_preference_order(
	const struct wn_rank_input *input, size_t count, void *scratch, uint32_t *order)
{
	struct sorter s = {.input = input};
	bool ok = false;

	if (count == 0)
		return true;
	number_tiers(&s);
	s.words = scratch;
	s.spare = s.words + count;
	s.histogram = reallocarray(NULL, DIGITS_MAX, sizeof(*s.histogram));
	s.starts = calloc(s.deals + 1, sizeof(*s.starts));
	s.next = reallocarray(NULL, s.deals, sizeof(*s.next));
	if (!s.histogram || !s.starts || !s.next)
		goto out;
	deal_out(&s);
	for (size_t d = 0; d < s.deals; d++)
		sort_rows(&s, s.starts[d], s.starts[d + 1] - s.starts[d], 0);
	for (size_t i = 0; i < count; i++)
		order[i] = row_of(s.words[i]);
	ok = true;
out:
	free(s.histogram);
	free(s.starts);
	free(s.next);
	return ok;
}
