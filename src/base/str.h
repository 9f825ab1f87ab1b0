/*
 * A view of bytes that somebody else owns. Not NUL-terminated unless said.
 */
#ifndef WINNOW_BASE_STR_H
#define WINNOW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr; /* NULL means "absent", which differs from "" */
	size_t len;      /* bytes */
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str str_from(const char *text)
{
	return text ? (struct str){text, strlen(text)} : STR_NONE;
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_from(text));
}

/* Byte order, the shorter first on a tie: the order of COLLATE "C". */
int str_cmp(struct str a, struct str b);

/* Strict: no overlong forms, surrogates or code points beyond U+10FFFF. */
bool str_is_utf8(struct str s);

/* Bytes of the well-formed character (as above) that s begins with; 0 when there is none. */
size_t str_utf8_char(struct str s);
/* The code point of one such character. */
uint32_t str_code_point(struct str character);

/* 64-bit hash (SipHash-2-4 keyed once per process, so that a client cannot aim for collisions). */
unsigned long long str_hash(struct str s);
/* The same under a key of the caller's: equal everywhere for equal keys. */
enum { STR_HASH_KEY_BYTES = 16 };
unsigned long long str_hash_keyed(const unsigned char key[STR_HASH_KEY_BYTES], struct str s);

#endif
