/*
 * SHA-256 and HMAC-SHA-256 by libcrypto, with the algorithm fetched once; base64 and CRC-32.
 */
#ifndef WINNOW_BASE_SHA256_H
#define WINNOW_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { SHA256_BYTES = 32, SHA256_HEX_SIZE = 65 };

struct sha256 {
	unsigned char bytes[SHA256_BYTES];
};

/* A running hash; owns a libcrypto context; all zero before the first sha256_begin. All return
 * false when memory is out (sticky until the next begin). */
struct sha256_stream {
	void *context;
	bool failed;
};

bool sha256_begin(struct sha256_stream *stream);
void sha256_add(struct sha256_stream *stream, const void *data, size_t bytes);
/* May be followed by another sha256_begin on the same stream, which reuses the context. */
bool sha256_end(struct sha256_stream *stream, struct sha256 *out);
/* The hash of what was added so far; more may be added behind it. */
bool sha256_so_far(const struct sha256_stream *stream, struct sha256 *out);
void sha256_release(struct sha256_stream *stream);

/* One shot, on a thread-local context. */
bool sha256_of(const void *data, size_t bytes, struct sha256 *out);
/* The same of texts one behind the other. */
bool sha256_of_parts(const struct str *parts, size_t count, struct sha256 *out);
bool hmac_sha256(
	const void *key, size_t key_bytes, const void *data, size_t bytes, struct sha256 *out);
char *sha256_to_hex(const struct sha256 *hash, char text[SHA256_HEX_SIZE]);
bool sha256_from_hex(const char *text, size_t len, struct sha256 *out);
/* In constant time. */
bool sha256_same(const struct sha256 *a, const struct sha256 *b);

bool random_bytes(void *out, size_t bytes);
uint32_t crc32_of(const void *data, size_t bytes); /* IEEE 802.3, as in zlib */

/* base64url without padding (RFC 4648 §5). Encoding needs 4*((bytes+2)/3)+1 bytes of room and
 * returns the length; decoding returns false on any other character or a bad length. */
size_t base64url_encode(const void *data, size_t bytes, char *out);
bool base64url_decode(const char *text, size_t len, void *out, size_t room, size_t *bytes);
/* base64 with padding (§4), which decoding insists on. */
size_t base64_encode(const void *data, size_t bytes, char *out);
bool base64_decode(const char *text, size_t len, void *out, size_t room, size_t *bytes);

#endif
