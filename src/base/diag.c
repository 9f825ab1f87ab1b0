/*
 * What is wrong with an input, collected while it is checked, so that a client learns of all its
 * faults in one answer.
 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

void diag_init(struct diag *diag, struct arena *arena)
{
	diag->arena = arena;
	diag->prefix = "";
	diag->count = 0;
	diag->omitted = 0;
}

/* RFC 3986 §3.5: fragment = *( pchar / "/" / "?" ). */
static bool fragment_may_hold(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("-._~!$&'()*+,;=:@/?", c) != NULL;
}

static size_t fragment_len(const char *text)
{
	size_t len = 0;

	for (; *text; text++)
		len += fragment_may_hold((unsigned char)*text) ? 1 : 3;
	return len;
}

static char *fragment_put(char *to, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (fragment_may_hold(c)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	return to;
}

/* RFC 6901 §6. */
static const char *as_fragment(struct arena *arena, const char *prefix, const char *pointer)
{
	size_t len = 1 + fragment_len(prefix) + fragment_len(pointer);
	char *text = arena_alloc(arena, len + 1);
	char *end;

	if (!text)
		return NULL;
	text[0] = '#';
	end = fragment_put(text + 1, prefix);
	end = fragment_put(end, pointer);
	*end = '\0';
	return text;
}

static const char *formatted(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static const char *formatted(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text = NULL;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0)
		text = arena_alloc(arena, (size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

void diag_add(struct diag *diag, const char *pointer, const char *format, ...)
{
	struct diag_entry *entry;
	va_list args;

	if (diag->count == DIAG_MAX) {
		diag->omitted++;
		return;
	}
	/* A fault stays a fault when there is no memory left to describe it. */
	entry = &diag->entries[diag->count++];
	entry->pointer = as_fragment(diag->arena, diag->prefix ? diag->prefix : "", pointer);
	if (!entry->pointer)
		entry->pointer = "#";
	va_start(args, format);
	entry->detail = formatted(diag->arena, format, args);
	va_end(args);
	if (!entry->detail)
		entry->detail = "The request's memory was used up before this fault was described.";
}

const char *diag_key(struct diag *diag, const char *pointer, const char *key)
{
	size_t pointer_len = strlen(pointer);
	size_t key_len = 0;
	char *text;
	char *end;

	for (const char *c = key; *c; c++)
		key_len += *c == '~' || *c == '/' ? 2 : 1;
	text = arena_alloc(diag->arena, pointer_len + 1 + key_len + 1);
	if (!text)
		return "";
	memcpy(text, pointer, pointer_len);
	end = text + pointer_len;
	*end++ = '/';
	for (const char *c = key; *c; c++) {
		if (*c != '~' && *c != '/') {
			*end++ = *c;
			continue;
		}
		*end++ = '~';
		*end++ = *c == '~' ? '0' : '1';
	}
	*end = '\0';
	return text;
}

const char *diag_index(struct diag *diag, const char *pointer, size_t index)
{
	const char *text = arena_printf(diag->arena, "%s/%zu", pointer, index);

	return text ? text : "";
}

void diag_copy(struct diag *diag, const struct diag_entry *entry)
{
	const char *pointer = arena_strdup(diag->arena, str_from(entry->pointer));
	const char *detail = arena_strdup(diag->arena, str_from(entry->detail));

	if (diag->count == DIAG_MAX)
		diag->omitted++;
	else
		diag->entries[diag->count++] =
			(struct diag_entry){pointer ? pointer : "#", detail ? detail : ""};
}
