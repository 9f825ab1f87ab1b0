/*
 * UUIDs are made by libuuid; reading and writing their text is done here, because it happens for
 * every item of every page and batch.
 */
#include "base/uuid.h"

#include <uuid/uuid.h>

/* Where the two digits of each byte stand. */
static const unsigned char text_at[16] = {
	0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

void uuid_random(struct uuid *out)
{
	uuid_generate_random(out->bytes);
}

void uuid_derive(const struct uuid *space, const void *name, size_t name_bytes, struct uuid *out)
{
	uuid_t made;

	/* Not straight into *out: it may be the name space itself. */
	uuid_generate_sha1(made, space->bytes, name_bytes ? name : "", name_bytes);
	memcpy(out->bytes, made, sizeof out->bytes);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool uuid_from_text(struct str text, struct uuid *out)
{
	struct uuid read;

	if (text.len != UUID_TEXT_SIZE - 1)
		return false;
	if (text.ptr[8] != '-' || text.ptr[13] != '-' || text.ptr[18] != '-' || text.ptr[23] != '-')
		return false;
	for (size_t i = 0; i < sizeof read.bytes; i++) {
		int high = hex_value(text.ptr[text_at[i]]);
		int low = hex_value(text.ptr[text_at[i] + 1]);

		if (high < 0 || low < 0)
			return false;
		read.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*out = read;
	return true;
}

char *uuid_to_text(const struct uuid *uuid, char text[UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	memcpy(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", UUID_TEXT_SIZE);
	for (size_t i = 0; i < sizeof uuid->bytes; i++) {
		text[text_at[i]] = digits[uuid->bytes[i] >> 4];
		text[text_at[i] + 1] = digits[uuid->bytes[i] & 15];
	}
	return text;
}
