/*
 * String views: order, well-formedness, and the keyed hash behind every table whose keys come
 * from outside.
 */
#include "base/str.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

int str_cmp(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/*
 * The Unicode Standard, table 3-7 (well-formed UTF-8 byte sequences). All that is special lies in
 * the second byte: its range excludes overlong forms, surrogates and what is beyond U+10FFFF.
 */
static size_t multibyte_len(const unsigned char *p, size_t room)
{
	unsigned char lead = p[0];
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t len;

	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	if (lead < 0xe0)
		len = 2;
	else if (lead < 0xf0)
		len = 3;
	else
		len = 4;
	if (room < len)
		return 0;

	switch (lead) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	default: break;
	}
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (!is_continuation(p[i]))
			return 0;
	return len;
}

size_t str_utf8_char(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;

	if (s.len == 0)
		return 0;
	return p[0] < 0x80 ? 1 : multibyte_len(p, s.len);
}

uint32_t str_code_point(struct str character)
{
	const unsigned char *c = (const unsigned char *)character.ptr;

	switch (character.len) {
	case 1: return c[0];
	case 2: return (uint32_t)(c[0] & 0x1f) << 6 | (c[1] & 0x3f);
	case 3: return (uint32_t)(c[0] & 0x0f) << 12 | (uint32_t)(c[1] & 0x3f) << 6 | (c[2] & 0x3f);
	default:
		return (uint32_t)(c[0] & 0x07) << 18 | (uint32_t)(c[1] & 0x3f) << 12 |
		       (uint32_t)(c[2] & 0x3f) << 6 | (c[3] & 0x3f);
	}
}

bool str_is_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t left = s.len;

	while (left > 0) {
		/* Nearly all text is ASCII, and 16 bytes at once make it cheaper than its copy. */
		while (left >= 16) {
			uint64_t words[2];

			memcpy(words, p, sizeof words);
			if ((words[0] | words[1]) & UINT64_C(0x8080808080808080))
				break;
			p += 16;
			left -= 16;
		}
		/* What follows one character is most likely of the same script. */
		for (unsigned step = 0; step < 16 && left > 0; step++) {
			size_t len = p[0] < 0x80 ? 1 : multibyte_len(p, left);

			if (len == 0)
				return false;
			p += len;
			left -= len;
		}
	}
	return true;
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t load_le64(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 = rotate_left(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with c = 2 and d = 4. */
unsigned long long str_hash_keyed(const unsigned char key[STR_HASH_KEY_BYTES], struct str s)
{
	uint64_t k0 = load_le64(key);
	uint64_t k1 = load_le64(key + 8);
	struct sip state = {
		k0 ^ UINT64_C(0x736f6d6570736575),
		k1 ^ UINT64_C(0x646f72616e646f6d),
		k0 ^ UINT64_C(0x6c7967656e657261),
		k1 ^ UINT64_C(0x7465646279746573),
	};
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t left = s.len;
	unsigned char tail[8] = {0};

	for (; left >= 8; left -= 8, p += 8)
		sip_word(&state, load_le64(p));
	if (left > 0)
		memcpy(tail, p, left);
	tail[7] = (unsigned char)s.len;
	sip_word(&state, load_le64(tail));

	state.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&state);
	return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

static unsigned char process_key[STR_HASH_KEY_BYTES];
static atomic_bool process_key_ready;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void make_process_key(void)
{
	size_t got = 0;

	while (got < sizeof process_key) {
		ssize_t n = getrandom(process_key + got, sizeof process_key - got, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (got < sizeof process_key) {
		/* A kernel without getrandom: a poor key still beats a constant one. */
		struct timespec now;
		uint64_t words[2];

		clock_gettime(CLOCK_REALTIME, &now);
		words[0] = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32;
		words[1] = (uint64_t)(uintptr_t)&now ^ (uint64_t)getpid() << 40;
		memcpy(process_key, words, sizeof process_key);
	}
	atomic_store_explicit(&process_key_ready, true, memory_order_release);
}

unsigned long long str_hash(struct str s)
{
	if (!atomic_load_explicit(&process_key_ready, memory_order_acquire))
		pthread_once(&process_key_once, make_process_key);
	return str_hash_keyed(process_key, s);
}
