/*
 * The buffer that everything which produces bytes writes to: bodies, hashes, log lines. Errors
 * stick, so that a producer of a hundred appends has one place to fail.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 64 };

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

static bool grow(struct buf *buf, size_t more_bytes)
{
	size_t need;
	size_t cap = buf->cap ? buf->cap : FIRST_CAP;
	char *data;

	if (__builtin_add_overflow(buf->len, more_bytes, &need) || need >= SIZE_MAX / 2)
		goto fail;
	/* One more for the NUL. */
	need++;
	while (cap < need)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data)
		goto fail;
	if (!buf->data)
		data[0] = '\0';
	buf->data = data;
	buf->cap = cap;
	return true;
fail:
	buf->failed = true;
	return false;
}

bool buf_reserve(struct buf *buf, size_t more_bytes)
{
	if (buf->failed)
		return false;
	/* cap is 0 or greater than len: there is always room for the NUL. */
	if (more_bytes < buf->cap - buf->len)
		return true;
	return grow(buf, more_bytes);
}

void buf_append(struct buf *buf, const void *data, size_t bytes)
{
	if (!buf_reserve(buf, bytes))
		return;
	if (bytes > 0)
		memcpy(buf->data + buf->len, data, bytes);
	buf->len += bytes;
	buf->data[buf->len] = '\0';
}

void buf_str(struct buf *buf, struct str s)
{
	buf_append(buf, s.ptr, s.len);
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_str(buf, str_from(text));
}

void buf_putc(struct buf *buf, char c)
{
	if (!buf_reserve(buf, 1))
		return;
	buf->data[buf->len++] = c;
	buf->data[buf->len] = '\0';
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	/* Room for most texts, so that nearly all are formatted only once. */
	if (!buf_reserve(buf, FIRST_CAP - 1))
		return;
	va_start(args, format);
	len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, format, args);
	va_end(args);
	if (len < 0) {
		buf->failed = true;
		goto out;
	}
	if ((size_t)len >= buf->cap - buf->len) {
		if (!buf_reserve(buf, (size_t)len))
			goto out;
		va_start(args, format);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
		va_end(args);
	}
	buf->len += (size_t)len;
out:
	buf->data[buf->len] = '\0';
}

void buf_consume(struct buf *buf, size_t bytes)
{
	if (bytes == 0 || !buf->data)
		return;
	if (bytes > buf->len)
		bytes = buf->len;
	buf->len -= bytes;
	memmove(buf->data, buf->data + bytes, buf->len + 1);
}

void buf_be32(struct buf *buf, uint32_t value)
{
	unsigned char bytes[4];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(value >> (24 - 8 * i));
	buf_append(buf, bytes, sizeof bytes);
}

void buf_be64(struct buf *buf, uint64_t value)
{
	unsigned char bytes[8];

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(value >> (56 - 8 * i));
	buf_append(buf, bytes, sizeof bytes);
}

void buf_hex(struct buf *buf, const void *data, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	if (bytes > SIZE_MAX / 4) {
		buf->failed = true;
		return;
	}
	if (!buf_reserve(buf, bytes * 2))
		return;
	for (size_t i = 0; i < bytes; i++) {
		buf->data[buf->len++] = digits[p[i] >> 4];
		buf->data[buf->len++] = digits[p[i] & 15];
	}
	buf->data[buf->len] = '\0';
}

char *buf_steal(struct buf *buf, size_t *len)
{
	char *data;

	/* Also what is empty is the caller's to free. */
	buf_reserve(buf, 0);
	if (buf->failed) {
		buf_release(buf);
		return NULL;
	}
	data = buf->data;
	if (len)
		*len = buf->len;
	*buf = BUF_INIT;
	return data;
}
