/*
 * Filling a response's header fields.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"
#include "http/http.h"

/* A copy that lives as long as the request; most values are short and take no allocation. */
static const char *keep(struct request *request, struct str value)
{
	char *to = request->header_text + request->header_text_used;

	if (value.len >= sizeof request->header_text - request->header_text_used)
		return arena_strdup(&request->arena, value);
	memcpy(to, value.ptr, value.len);
	to[value.len] = '\0';
	request->header_text_used += value.len + 1;
	return to;
}

static const char *keep_formatted(struct request *request, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static const char *keep_formatted(struct request *request, const char *format, va_list args)
{
	char brief[256];
	char *text;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(brief, sizeof brief, format, args);
	if (len < 0) {
		va_end(again);
		return NULL;
	}
	if ((size_t)len < sizeof brief) {
		va_end(again);
		return keep(request, (struct str){brief, (size_t)len});
	}
	text = arena_alloc(&request->arena, (size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

void response_header(struct response *response, struct request *request, const char *name,
	const char *format, ...)
{
	const char *value;
	va_list args;

	assert(response->header_count < RESPONSE_MAX_HEADERS);
	if (response->header_count == RESPONSE_MAX_HEADERS)
		return;
	va_start(args, format);
	/* On the way of every cached page; printf costs more than all the rest here. */
	if (strcmp(format, "%s") == 0)
		value = keep(request, str_from(va_arg(args, const char *)));
	else if (!strchr(format, '%'))
		value = keep(request, str_from(format));
	else
		value = keep_formatted(request, format, args);
	va_end(args);
	if (!value)
		return;
	response->headers[response->header_count].name = name;
	response->headers[response->header_count].value = value;
	response->header_count++;
}

void response_revision(struct response *response, struct request *request, int64_t revision)
{
	char text[NUM_TEXT_SIZE];

	num_u64_to_text((uint64_t)revision, text);
	response_header(response, request, "Winnow-Revision", "%s", text);
}
