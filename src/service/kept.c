/*
 * Bytes of kept answers. They come from the database, which may hold what another release wrote, so
 * every length is checked.
 */
#include "service/kept.h"

#include <string.h>

enum { NO_TEXT = -1 };

void kept_put_byte(struct buf *out, unsigned char value)
{
	buf_append(out, &value, 1);
}

void kept_put_int(struct buf *out, int64_t value)
{
	buf_be64(out, (uint64_t)value);
}

void kept_put_uuid(struct buf *out, const struct uuid *value)
{
	buf_append(out, value->bytes, sizeof value->bytes);
}

void kept_put_str(struct buf *out, struct str value)
{
	kept_put_int(out, value.ptr ? (int64_t)value.len : NO_TEXT);
	if (value.ptr)
		buf_str(out, value);
}

static struct str take(struct kept *kept, size_t bytes)
{
	struct str taken = {kept->left.ptr, bytes};

	if (kept->failed || bytes > kept->left.len) {
		kept->failed = true;
		return STR_NONE;
	}
	kept->left.ptr += bytes;
	kept->left.len -= bytes;
	return taken;
}

unsigned char kept_byte(struct kept *kept)
{
	struct str taken = take(kept, 1);

	return taken.ptr ? (unsigned char)taken.ptr[0] : 0;
}

int64_t kept_int(struct kept *kept)
{
	struct str taken = take(kept, 8);
	uint64_t value = 0;

	for (size_t i = 0; i < taken.len; i++)
		value = value << 8 | (unsigned char)taken.ptr[i];
	return (int64_t)value;
}

struct uuid kept_uuid(struct kept *kept)
{
	struct str taken = take(kept, sizeof(struct uuid));
	struct uuid value = {{0}};

	if (taken.ptr)
		memcpy(value.bytes, taken.ptr, sizeof value.bytes);
	return value;
}

struct str kept_str(struct kept *kept)
{
	int64_t len = kept_int(kept);

	if (len == NO_TEXT && !kept->failed)
		return STR_NONE;
	if (len < 0)
		kept->failed = true;
	return take(kept, len < 0 ? 0 : (size_t)len);
}

enum error kept_end(const struct kept *kept)
{
	return kept->failed || kept->left.len > 0 ? ERR_INTERNAL : ERR_OK;
}
