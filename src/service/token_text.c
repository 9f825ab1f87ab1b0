/*
 * The text of a token: chance in base62, and a checksum that catches typos.
 */
#include "service/tokens.h"

#include <string.h>

#include "base/sha256.h"

enum { PREFIX_BYTES = 4, CHANCE_BYTES = 32, CHECK_BYTES = 6, TEXT_BYTES = 42 };

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void write_check(const char *text, char check[CHECK_BYTES])
{
	uint32_t crc = crc32_of(text, PREFIX_BYTES + CHANCE_BYTES);

	for (int i = CHECK_BYTES - 1; i >= 0; i--) {
		check[i] = alphabet[crc % 62];
		crc /= 62;
	}
}

/* 62 does not divide 256: bytes beyond the last whole multiple are thrown away, not folded. */
static bool write_chance(char *out)
{
	size_t have = 0;

	while (have < CHANCE_BYTES) {
		unsigned char bytes[64];

		if (!random_bytes(bytes, sizeof bytes))
			return false;
		for (size_t i = 0; i < sizeof bytes && have < CHANCE_BYTES; i++) {
			if (bytes[i] < 248)
				out[have++] = alphabet[bytes[i] % 62];
		}
		explicit_bzero(bytes, sizeof bytes);
	}
	return true;
}

bool token_text_make(char text[TOKEN_TEXT_SIZE])
{
	memcpy(text, "wnw_", PREFIX_BYTES);
	if (!write_chance(text + PREFIX_BYTES))
		return false;
	write_check(text, text + PREFIX_BYTES + CHANCE_BYTES);
	text[TEXT_BYTES] = '\0';
	return true;
}

bool token_text_check(struct str text)
{
	char check[CHECK_BYTES];

	if (text.len != TEXT_BYTES || memcmp(text.ptr, "wnw_", PREFIX_BYTES) != 0)
		return false;
	write_check(text.ptr, check);
	return memcmp(check, text.ptr + PREFIX_BYTES + CHANCE_BYTES, CHECK_BYTES) == 0;
}
