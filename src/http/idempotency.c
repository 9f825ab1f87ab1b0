/*
 * The key itself is hashed with its scope and never stored or logged: clients make keys of what they
 * have at hand, which may be somebody's name.
 */
#include "http/idempotency.h"

#include <strings.h>

#include "base/sha256.h"
#include "http/router.h"
#include "service/principal.h"
#include "service/service.h"

static const char field_name[] = "Idempotency-Key";

static size_t count_fields(const struct request *request)
{
	size_t count = 0;

	for (size_t i = 0; i < request->header_count; i++)
		count += request->headers[i].name.len == sizeof field_name - 1 &&
			 strncasecmp(request->headers[i].name.ptr, field_name,
				 sizeof field_name - 1) == 0;
	return count;
}

/* A structured field's String (RFC 8941 §3.3.3) means what stands between its quotes. */
static bool unquote(struct arena *arena, struct str text, struct str *out)
{
	size_t len = 0;
	char *to;

	*out = text;
	if (text.len == 0 || text.ptr[0] != '"')
		return true;
	if (text.len < 2 || text.ptr[text.len - 1] != '"')
		return false;
	to = arena_alloc(arena, text.len);
	if (!to)
		return false;
	for (size_t i = 1; i + 1 < text.len; i++) {
		if (text.ptr[i] == '"')
			return false;
		if (text.ptr[i] == '\\') {
			i++;
			if (i + 1 >= text.len || (text.ptr[i] != '"' && text.ptr[i] != '\\'))
				return false;
		}
		to[len++] = text.ptr[i];
	}
	*out = (struct str){to, len};
	return true;
}

static bool is_visible(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;
	}
	return true;
}

static enum error refuse(struct request *request, const char *why)
{
	diag_add(&request->diag, "/headers/Idempotency-Key", "%s", why);
	return ERR_BAD_REQUEST;
}

/* *key is absent when there is none. */
static enum error read_field(struct request *request, struct str *key)
{
	struct str value = request_header(request, field_name);

	*key = STR_NONE;
	if (!value.ptr || strcmp(request->method, "POST") != 0)
		return ERR_OK;
	if (count_fields(request) > 1)
		return refuse(request, "A request has one Idempotency-Key.");
	if (!unquote(&request->arena, value, key))
		return refuse(request, "The key is not a well-formed quoted string.");
	if (key->len < 1 || key->len > IDEMPOTENCY_KEY_MAX_BYTES || !is_visible(*key))
		return refuse(request, "A key has 1 to 255 visible ASCII characters.");
	if (request->body_kind != BODY_NDJSON)
		return ERR_OK;
	diag_add(&request->diag, "/headers/Idempotency-Key",
		"A stream takes no key: each of its items is settled by source and external id, so "
		"it "
		"can be sent again as it is.");
	return ERR_INVALID;
}

enum error idempotency_check(struct request *request)
{
	struct str key;

	return read_field(request, &key);
}

/* With its length, so that what follows cannot be taken for a part of it. */
static void add(struct sha256_stream *stream, struct str text)
{
	const unsigned char len[4] = {(unsigned char)(text.len >> 24),
		(unsigned char)(text.len >> 16), (unsigned char)(text.len >> 8),
		(unsigned char)text.len};

	sha256_add(stream, len, sizeof len);
	if (text.len > 0)
		sha256_add(stream, text.ptr, text.len);
}

static void add_uuid(struct sha256_stream *stream, const struct uuid *id)
{
	sha256_add(stream, id->bytes, sizeof id->bytes);
}

/* The path as its pattern and its parameters. The workspace is named by id, whether the path does so
 * or says its name. */
static void add_path(struct sha256_stream *stream, const struct request *request)
{
	const struct route *route = request->route;
	int workspace = route_param(route, "ws"), place = 0;

	add(stream, str_from(route->path));
	for (const char *at = route->path; (at = strchr(at, '{')); at++, place++) {
		if (place != workspace)
			add(stream, request->params[place]);
	}
}

static bool hash_scope(struct sha256_stream *stream, const struct request *request, struct str key,
	struct sha256 *out)
{
	sha256_begin(stream);
	add_uuid(stream, &request->workspace.id);
	add_uuid(stream, &request->principal->token_id);
	add(stream, str_from(request->method));
	add_path(stream, request);
	add(stream, key);
	return sha256_end(stream, out);
}

static bool hash_request(
	struct sha256_stream *stream, const struct request *request, struct sha256 *out)
{
	sha256_begin(stream);
	for (size_t i = 0; i < request->query_count; i++) {
		add(stream, request->query[i].name);
		add(stream, request->query[i].value);
	}
	add(stream, request->body);
	return sha256_end(stream, out);
}

enum error idempotency_read(struct request *request)
{
	struct sha256_stream stream = {0};
	struct request_key *made;
	struct str key;
	bool hashed;
	enum error error = read_field(request, &key);

	if (error || !key.ptr || request->key || !request->principal)
		return error;
	made = arena_alloc(&request->arena, sizeof *made);
	if (!made)
		return ERR_BUDGET;
	*made = (struct request_key){.extra = STR_NONE};
	hashed = hash_scope(&stream, request, key, &made->key) &&
		 hash_request(&stream, request, &made->request);
	sha256_release(&stream);
	if (!hashed)
		return ERR_NO_MEMORY;
	request->key = made;
	return ERR_OK;
}
