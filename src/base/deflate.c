/*
 * The fastest level: a page of JSON comes to a sixth or less even so, and it is made on an event loop.
 */
#include "base/deflate.h"

#include <limits.h>
#include <zlib.h>

#include "base/buf.h"

/* 15 bits of window, and 16 for gzip's frame, which has no name and no time here. */
enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

/* False when it does not fit into what is reserved. */
static bool pack(struct str plain, struct buf *out)
{
	z_stream stream = {0};
	int result;

	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	stream.next_in = (z_const Bytef *)(uintptr_t)plain.ptr;
	stream.avail_in = (uInt)plain.len;
	stream.next_out = (Bytef *)out->data;
	stream.avail_out = (uInt)plain.len;
	result = deflate(&stream, Z_FINISH);
	out->len = (size_t)stream.total_out;
	deflateEnd(&stream);
	return result == Z_STREAM_END && out->len < plain.len;
}

struct shared_body *deflate_gzip(struct str plain)
{
	struct buf all = BUF_INIT, fitting = BUF_INIT;
	bool good = plain.len > 0 && plain.len < UINT_MAX && buf_reserve(&all, plain.len) &&
		    pack(plain, &all);

	/* It is kept, and the buffer is as large as what went in. */
	if (good)
		buf_str(&fitting, buf_view(&all));
	buf_release(&all);
	return good ? shared_body_new(&fitting) : NULL;
}
