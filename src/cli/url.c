/*
 * Part of asking the server: what people type becomes exactly one segment or value.
 */
#include "cli/url.h"

#include <stdio.h>
#include <string.h>

void url_segment(struct buf *out, struct str text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";

	/* A server or a proxy may take dots alone for a way up. */
	if (str_is(text, ".") || str_is(text, "..")) {
		buf_puts(out, text.len == 1 ? "%2E" : "%2E%2E");
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (memchr(unreserved, text.ptr[i], sizeof unreserved - 1))
			buf_putc(out, text.ptr[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
	}
}

void url_query(struct buf *out, const char *key, struct str value)
{
	bool more = out->len > 0 && memchr(out->data, '?', out->len);

	buf_putc(out, more ? '&' : '?');
	buf_puts(out, key);
	buf_putc(out, '=');
	url_segment(out, value);
}

void url_query_int(struct buf *out, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	url_query(out, key, str_from(text));
}
