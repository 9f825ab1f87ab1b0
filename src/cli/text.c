/*
 * Between the server's answers and a person's terminal: see text.h for what is kept out.
 */
#include "cli/text.h"

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

void text_init(void)
{
	/* Only the kind of characters: numbers keep their point whatever the user's language. */
	setlocale(LC_CTYPE, "C.UTF-8");
}

static bool breaks_line(uint32_t point)
{
	return point == '\n' || point == '\r' || point == '\t' || point == 0x2028 ||
	       point == 0x2029;
}

/* UAX #9's embeddings, overrides, isolates and marks. */
static bool turns_text(uint32_t point)
{
	return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
	       point == 0x200e || point == 0x200f || point == 0x061c;
}

static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

void text_clean(struct buf *out, struct str text)
{
	struct str rest = text;

	while (rest.len > 0) {
		size_t bytes = str_utf8_char(rest);
		uint32_t point = bytes ? str_code_point((struct str){rest.ptr, bytes}) : 0;

		if (bytes == 0)
			bytes = 1;
		if (breaks_line(point))
			buf_putc(out, ' ');
		else if (is_control(point))
			buf_puts(out, replacement);
		else if (!turns_text(point))
			buf_append(out, rest.ptr, bytes);
		rest.ptr += bytes;
		rest.len -= bytes;
	}
}

static size_t width_of(uint32_t point)
{
	int width = point < 0x80 ? 1 : wcwidth((wchar_t)point);

	return width < 0 ? 1 : (size_t)width;
}

/* Walks until the columns are used up; returns bytes, and the columns taken in *taken. */
static size_t walk(struct str text, size_t columns, size_t *taken)
{
	size_t at = 0;

	*taken = 0;
	while (at < text.len) {
		struct str rest = {text.ptr + at, text.len - at};
		size_t bytes = str_utf8_char(rest);
		size_t width = bytes ? width_of(str_code_point((struct str){rest.ptr, bytes})) : 1;

		if (*taken + width > columns)
			break;
		*taken += width;
		at += bytes ? bytes : 1;
	}
	return at;
}

size_t text_width(struct str text)
{
	size_t taken;

	walk(text, SIZE_MAX / 2, &taken);
	return taken;
}

struct str text_head(struct str text, size_t columns)
{
	size_t taken;

	return (struct str){text.ptr, walk(text, columns, &taken)};
}
