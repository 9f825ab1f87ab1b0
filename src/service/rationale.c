/*
 * Why somebody decided something: a text that says something.
 */
#include "service/rationale.h"

/* The white space of Unicode, and what shows nothing. */
static bool is_blank(uint32_t c)
{
	return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || c == 0x1680 || c == 0x180e ||
	       (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
	       (c >= 0x205f && c <= 0x206f) || c == 0x2800 || c == 0x3000 || c == 0x3164 ||
	       c == 0xfeff;
}

/* The characters that can be seen, and the blanks between them; the text is valid UTF-8. */
size_t rationale_characters(struct str text)
{
	size_t count = 0, seen = 0;

	for (size_t i = 0; i < text.len;) {
		size_t bytes = str_utf8_char((struct str){text.ptr + i, text.len - i});

		if (bytes == 0)
			break;
		if (!is_blank(str_code_point((struct str){text.ptr + i, bytes})))
			seen = count + 1;
		count += seen > 0;
		i += bytes;
	}
	return seen;
}

void rationale_check(struct str text, const char *pointer, struct diag *diag)
{
	if (rationale_characters(text) < RATIONALE_MIN_CHARACTERS)
		diag_add(diag, pointer,
			"A decision says why: at least %d characters, blanks at the ends not "
			"counted.",
			RATIONALE_MIN_CHARACTERS);
	else if (text.len > RATIONALE_MAX_BYTES)
		diag_add(
			diag, pointer, "At most %d bytes, not %zu.", RATIONALE_MAX_BYTES, text.len);
}
