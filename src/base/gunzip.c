/*
 * One gzip member after the other, by zlib.
 */
#include "base/gunzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	WINDOW_BYTES = 16 * 1024,
	GZIP_ONLY = 16 + MAX_WBITS, /* zlib's way to say so */
};

struct gunzip {
	z_stream z;
	bool whole;
	size_t used, made;
	char window[WINDOW_BYTES];
};

struct gunzip *gunzip_new(void)
{
	struct gunzip *gunzip = malloc(sizeof *gunzip);

	if (!gunzip)
		return NULL;
	gunzip->z = (z_stream){.zalloc = Z_NULL};
	gunzip->whole = false;
	gunzip->used = gunzip->made = 0;
	if (inflateInit2(&gunzip->z, GZIP_ONLY) == Z_OK)
		return gunzip;
	free(gunzip);
	return NULL;
}

void gunzip_free(struct gunzip *gunzip)
{
	if (!gunzip)
		return;
	inflateEnd(&gunzip->z);
	free(gunzip);
}

void gunzip_give(struct gunzip *gunzip, const char *data, size_t bytes)
{
	/* It never writes to it; its signature predates const. */
	gunzip->z.next_in = (Bytef *)(uintptr_t)data;
	gunzip->z.avail_in = (uInt)bytes;
}

/* What was made counts even when the next byte is wrong: the caller comes again and learns it. */
enum gunzip_step gunzip_take(struct gunzip *gunzip, struct str *out)
{
	z_stream *z = &gunzip->z;
	size_t before = z->avail_in;
	int result = Z_OK;

	z->next_out = (Bytef *)gunzip->window;
	z->avail_out = WINDOW_BYTES;
	while (z->avail_out > 0) {
		if (gunzip->whole && z->avail_in > 0) {
			inflateReset(z); /* the next member */
			gunzip->whole = false;
		}
		result = gunzip->whole ? Z_BUF_ERROR : inflate(z, Z_NO_FLUSH);
		gunzip->whole |= result == Z_STREAM_END;
		if (result != Z_OK && result != Z_STREAM_END)
			break;
	}
	*out = (struct str){gunzip->window, WINDOW_BYTES - z->avail_out};
	gunzip->used += before - z->avail_in;
	gunzip->made += out->len;
	if (out->len > 0)
		return GUNZIP_BYTES;
	if (result == Z_BUF_ERROR)
		return GUNZIP_MORE;
	return result == Z_MEM_ERROR ? GUNZIP_NO_MEMORY : GUNZIP_MALFORMED;
}

size_t gunzip_left(const struct gunzip *gunzip)
{
	return gunzip->z.avail_in;
}

bool gunzip_whole(const struct gunzip *gunzip)
{
	return gunzip->whole;
}

size_t gunzip_used(const struct gunzip *gunzip)
{
	return gunzip->used;
}

size_t gunzip_made(const struct gunzip *gunzip)
{
	return gunzip->made;
}
