/*
 * What handlers ask of a request: its fields and its query, with faults named by pointer.
 */
#include "http/http.h"

#include <inttypes.h>
#include <strings.h>

#include "base/num.h"
#include "http/framing.h"

struct str request_header(const struct request *request, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < request->header_count; i++) {
		const struct field *field = &request->headers[i];

		if (field->name.len == len && strncasecmp(field->name.ptr, name, len) == 0)
			return field->value;
	}
	return STR_NONE;
}

static const struct field *find_query(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->query_count; i++) {
		if (str_is(request->query[i].name, name))
			return &request->query[i];
	}
	return NULL;
}

struct str request_query(const struct request *request, const char *name)
{
	const struct field *field = find_query(request, name);

	return field ? field->value : STR_NONE;
}

static const char *query_pointer(struct request *request, const char *name)
{
	return diag_key(&request->diag, "/query", name);
}

static bool parse_int(struct str text, int64_t *out)
{
	bool minus = text.len > 0 && text.ptr[0] == '-';
	uint64_t magnitude;

	if (minus) {
		text.ptr++;
		text.len--;
	}
	if (!num_parse_u64(text, &magnitude) || magnitude > (uint64_t)INT64_MAX)
		return false;
	*out = minus ? -(int64_t)magnitude : (int64_t)magnitude;
	return true;
}

enum error request_query_int(struct request *request, const char *name, int64_t min, int64_t max,
	int64_t fallback, int64_t *out)
{
	const struct field *field = find_query(request, name);

	*out = fallback;
	if (!field)
		return ERR_OK;
	if (parse_int(field->value, out) && *out >= min && *out <= max)
		return ERR_OK;
	*out = fallback;
	diag_add(&request->diag, query_pointer(request, name),
		"%s must be a whole number from %" PRId64 " to %" PRId64 ".", name, min, max);
	return ERR_INVALID;
}

enum error request_query_bool(struct request *request, const char *name, bool fallback, bool *out)
{
	const struct field *field = find_query(request, name);

	*out = fallback;
	if (!field)
		return ERR_OK;
	if (str_is(field->value, "true") || str_is(field->value, "false")) {
		*out = str_is(field->value, "true");
		return ERR_OK;
	}
	diag_add(&request->diag, query_pointer(request, name), "%s must be true or false.", name);
	return ERR_INVALID;
}

static bool is_listed(struct str name, const char *const *names)
{
	for (; *names; names++) {
		if (str_is(name, *names))
			return true;
	}
	return false;
}

static const char *name_text(struct request *request, struct str name)
{
	const char *text = arena_strdup(&request->arena, name);

	return text ? text : "";
}

enum error request_query_only(struct request *request, const char *const *names)
{
	enum error error = ERR_OK;

	for (size_t i = 0; i < request->query_count; i++) {
		struct str name = request->query[i].name;
		const char *text;

		if (!is_listed(name, names)) {
			text = name_text(request, name);
			diag_add(&request->diag, query_pointer(request, text),
				"There is no query parameter of this name here.");
			error = ERR_INVALID;
			continue;
		}
		/* Given twice, it would be a guess which one was meant. */
		text = name_text(request, name);
		if (find_query(request, text) == &request->query[i])
			continue;
		diag_add(&request->diag, query_pointer(request, text), "%s is given twice.", text);
		error = ERR_INVALID;
	}
	return error;
}
