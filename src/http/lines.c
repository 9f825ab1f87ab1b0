/*
 * Bytes to lines, for NDJSON: a chunk must be complete before its transaction begins.
 */
#include "http/lines.h"

void lines_init(struct lines *lines, size_t chunk_lines, size_t chunk_bytes, size_t line_bytes)
{
	*lines = (struct lines){
		.chunk_lines = chunk_lines,
		.chunk_bytes = chunk_bytes,
		.line_bytes = line_bytes,
		.chunk = BUF_INIT,
		.first_line = 1,
	};
}

void lines_release(struct lines *lines)
{
	buf_release(&lines->chunk);
}

bool lines_full(const struct lines *lines)
{
	if (lines->open_bytes > 0)
		return false;
	return lines->count >= lines->chunk_lines ||
	       (lines->count > 0 && lines->chunk.len >= lines->chunk_bytes);
}

static void keep(struct lines *lines, const char *data, size_t bytes)
{
	size_t room = lines->line_bytes + 1 - lines->open_bytes;

	if (bytes > room)
		bytes = room;
	buf_append(&lines->chunk, data, bytes);
	lines->open_bytes += bytes;
}

size_t lines_push(struct lines *lines, const char *data, size_t bytes)
{
	size_t taken = 0;

	while (taken < bytes && !lines_full(lines)) {
		const char *from = data + taken;
		const char *newline = memchr(from, '\n', bytes - taken);

		if (!newline) {
			keep(lines, from, bytes - taken);
			return bytes;
		}
		keep(lines, from, (size_t)(newline - from));
		buf_putc(&lines->chunk, '\n');
		lines->open_bytes = 0;
		lines->count++;
		taken += (size_t)(newline - from) + 1;
	}
	return taken;
}

bool lines_finish(struct lines *lines)
{
	if (lines->open_bytes > 0)
		lines->count++;
	lines->open_bytes = 0;
	return lines->count > 0;
}

void lines_next(struct lines *lines)
{
	lines->first_line += lines->count;
	lines->count = 0;
	buf_reset(&lines->chunk);
}
