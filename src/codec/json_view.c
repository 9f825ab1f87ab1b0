/*
 * The disguise of jansson's values for the client: the pointers are jansson's, under another name.
 */
#include "codec/json_view.h"

#include <jansson.h>
#include <math.h>

#include "base/arena.h"
#include "base/diag.h"
#include "codec/json.h"

enum { FAULT_BYTES = 64 * 1024 };

static const json_t *bare(const struct json_view *view)
{
	return (const json_t *)(const void *)view;
}

static const struct json_view *dressed(const json_t *json)
{
	return json_is_null(json) ? NULL : (const struct json_view *)(const void *)json;
}

struct json_view *json_view_parse(struct str text, struct buf *why)
{
	struct arena arena;
	struct diag diag;
	json_t *json = NULL;

	arena_init(&arena, FAULT_BYTES);
	diag_init(&diag, &arena);
	if (json_parse(text, 1, "", &diag, &json) != ERR_OK) {
		json = NULL;
		if (why && diag.count > 0)
			buf_puts(why, diag.entries[0].detail);
		else if (why)
			buf_puts(why, "There is no memory left to read it.");
	}
	arena_release(&arena);
	return (struct json_view *)(void *)json;
}

void json_view_free(struct json_view *document)
{
	json_decref((json_t *)(void *)document);
}

const struct json_view *json_view_get(const struct json_view *object, const char *key)
{
	return dressed(json_object_get(bare(object), key));
}

struct str json_view_text(const struct json_view *object, const char *key)
{
	return json_view_as_text(json_view_get(object, key));
}

double json_view_number(const struct json_view *object, const char *key)
{
	return json_view_as_number(json_view_get(object, key));
}

int64_t json_view_int(const struct json_view *object, const char *key, int64_t fallback)
{
	const json_t *value = bare(json_view_get(object, key));
	double real;

	if (json_is_integer(value))
		return (int64_t)json_integer_value(value);
	if (!json_is_real(value))
		return fallback;
	real = json_real_value(value);
	return fabs(real) <= 0x1p53 && real == trunc(real) ? (int64_t)real : fallback;
}

bool json_view_bool(const struct json_view *object, const char *key, bool fallback)
{
	const json_t *value = bare(json_view_get(object, key));

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

size_t json_view_count(const struct json_view *array)
{
	return json_array_size(bare(array));
}

const struct json_view *json_view_at(const struct json_view *array, size_t index)
{
	return dressed(json_array_get(bare(array), index));
}

struct str json_view_as_text(const struct json_view *value)
{
	const json_t *text = bare(value);

	if (!json_is_string(text))
		return STR_NONE;
	return (struct str){json_string_value(text), json_string_length(text)};
}

double json_view_as_number(const struct json_view *value)
{
	return json_is_number(bare(value)) ? json_number_value(bare(value)) : NAN;
}

bool json_view_next(const struct json_view *object, void **cursor, struct str *key,
	const struct json_view **value)
{
	/* jansson's iteration changes nothing, but is not declared so. */
	json_t *json = (json_t *)bare(object);

	*cursor = *cursor ? json_object_iter_next(json, *cursor) : json_object_iter(json);
	if (!*cursor)
		return false;
	*key = (struct str){json_object_iter_key(*cursor), json_object_iter_key_len(*cursor)};
	*value = dressed(json_object_iter_value(*cursor));
	return true;
}

static void write_object(struct buf *out, const struct json_view *object)
{
	const struct json_view *value;
	struct str key;
	void *cursor = NULL;
	bool first = true;

	buf_putc(out, '{');
	while (json_view_next(object, &cursor, &key, &value)) {
		if (!first)
			buf_putc(out, ',');
		first = false;
		json_canonical_str(out, key);
		buf_putc(out, ':');
		json_view_write(out, value);
	}
	buf_putc(out, '}');
}

/* Recursion is bounded by the parser's JSON_MAX_DEPTH. */
void json_view_write(struct buf *out, const struct json_view *value)
{
	const json_t *json = bare(value);

	if (!json) {
		buf_puts(out, "null");
		return;
	}
	if (json_is_object(json)) {
		write_object(out, value);
		return;
	}
	if (!json_is_array(json)) {
		json_canonical(out, json);
		return;
	}
	buf_putc(out, '[');
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (i > 0)
			buf_putc(out, ',');
		json_view_write(out, json_view_at(value, i));
	}
	buf_putc(out, ']');
}
