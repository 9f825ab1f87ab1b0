/*
 * Entity tags and conditional requests (RFC 9110 §8.8.3 and §13).
 */
#include "http/coding.h"

static void skip_separators(struct str *text)
{
	while (text->len > 0 && (*text->ptr == ' ' || *text->ptr == '\t' || *text->ptr == ',')) {
		text->ptr++;
		text->len--;
	}
}

static bool is_star(struct str header)
{
	skip_separators(&header);
	while (header.len > 0 &&
		(header.ptr[header.len - 1] == ' ' || header.ptr[header.len - 1] == '\t'))
		header.len--;
	return str_is(header, "*");
}

/* The next tag with its quotes; false at the end, or where the list is malformed. */
static bool next_tag(struct str *list, struct str *tag, bool *is_weak)
{
	const char *end;

	skip_separators(list);
	*is_weak = list->len >= 2 && memcmp(list->ptr, "W/", 2) == 0;
	if (*is_weak) {
		list->ptr += 2;
		list->len -= 2;
	}
	if (list->len < 2 || list->ptr[0] != '"')
		return false;
	end = memchr(list->ptr + 1, '"', list->len - 1);
	if (!end)
		return false;
	tag->ptr = list->ptr;
	tag->len = (size_t)(end + 1 - list->ptr);
	list->ptr += tag->len;
	list->len -= tag->len;
	return true;
}

bool etag_matches(struct str header, const char *tag, bool weak)
{
	struct str wanted = str_from(tag);
	struct str candidate;
	bool is_weak;

	if (is_star(header))
		return true;
	while (next_tag(&header, &candidate, &is_weak)) {
		if (is_weak && !weak)
			continue;
		if (str_eq(candidate, wanted))
			return true;
	}
	return false;
}

const char *etag_of_gzip(struct request *request, const char *tag)
{
	struct str inside = str_from(tag);

	/* Without its closing quote. */
	inside.len -= inside.len > 0;
	return arena_printf(&request->arena, "%.*s" TAG_OF_GZIP "\"", STR_ARG(inside));
}

/* The tag that If-None-Match names: the one given, or that of the same answer in gzip. */
static const char *tag_named(struct request *request, struct str header, const char *tag)
{
	const char *coded;

	if (etag_matches(header, tag, true))
		return tag;
	if (!memmem(header.ptr, header.len, TAG_OF_GZIP, sizeof TAG_OF_GZIP - 1))
		return NULL;
	coded = etag_of_gzip(request, tag);
	return coded && etag_matches(header, coded, true) ? coded : NULL;
}

bool response_not_modified(struct response *response, struct request *request, const char *tag)
{
	struct str header = request_header(request, "If-None-Match");

	const char *named = header.ptr ? tag_named(request, header, tag) : NULL;

	response_header(response, request, "ETag", "%s", named ? named : tag);
	response_header(response, request, "Vary", "Accept-Encoding, Authorization");
	response_header(response, request, "Cache-Control", "private");
	if (!named)
		return false;
	if (response->shared)
		shared_body_unref(response->shared);
	response->shared = NULL;
	buf_release(&response->body);
	response->status = 304;
	return true;
}

enum error request_precondition(const struct request *request, const char *tag)
{
	struct str match = request_header(request, "If-Match");
	struct str none = request_header(request, "If-None-Match");

	if (match.ptr)
		return tag && etag_matches(match, tag, false) ? ERR_OK : ERR_STALE_ETAG;
	if (none.ptr && is_star(none))
		return tag ? ERR_STALE_ETAG : ERR_OK;
	return ERR_NEEDS_IF_MATCH;
}
