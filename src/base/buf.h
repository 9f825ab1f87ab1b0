/*
 * A growing byte buffer with a sticky error: append freely, ask once at the end.
 * After a failed allocation all appends do nothing and `failed` stays set.
 * The bytes are always NUL-terminated (the NUL is not counted). Not thread-safe.
 */
#ifndef WINNOW_BASE_BUF_H
#define WINNOW_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct buf {
	char *data; /* NULL until the first append */
	size_t len;
	size_t cap;
	bool failed;
};

#define BUF_INIT ((struct buf){0})

void buf_release(struct buf *buf); /* frees and re-initialises */
void buf_reset(struct buf *buf);   /* keeps the memory, clears content and error */
bool buf_reserve(struct buf *buf, size_t more_bytes);
void buf_append(struct buf *buf, const void *data, size_t bytes);
void buf_str(struct buf *buf, struct str s);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Removes the first bytes, keeps the rest. */
void buf_consume(struct buf *buf, size_t bytes);
/* Big-endian integers, for hashes and the wire. */
void buf_be32(struct buf *buf, uint32_t value);
void buf_be64(struct buf *buf, uint64_t value);
void buf_hex(struct buf *buf, const void *data, size_t bytes);
/* The caller owns the bytes (free()); the buffer is empty afterwards. NULL when failed. */
char *buf_steal(struct buf *buf, size_t *len);

static inline struct str buf_view(const struct buf *buf)
{
	return (struct str){buf->data ? buf->data : "", buf->len};
}

#endif
