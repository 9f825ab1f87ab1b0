/*
 * The one door for JSON: everything that a client, a tracker or our own tables hand in passes
 * here, so that what lies behind never meets a duplicate key, a bottomless nesting, a NUL or bytes
 * that are not UTF-8. And the canonical text that hashes are made of.
 */
#include "codec/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/num.h"
#include "codec/json_memory.h"

enum {
	/* Of a client's own words in a fault: enough to recognise them by. */
	BRIEF_BYTES = 64,
	/* A longer key is named by the pointer of its object. */
	POINTER_KEY_BYTES = 255,
	SORTED_ON_STACK = 48,
	/* What a parse may take: real documents stay below 24 bytes for each of theirs, while
	 * "[{},{},{}…" would take a hundred. */
	PARSE_BASE_BYTES = 1024 * 1024,
	PARSE_BYTES_PER_BYTE = 48,
	PARSE_MAX_BYTES = 1024 * 1024 * 1024,
};

void json_init(void)
{
	/* 0: from the system's random source. */
	json_object_seed(0);
	json_memory_init();
}

struct str json_brief(struct str text)
{
	if (text.len <= BRIEF_BYTES)
		return text;
	text.len = BRIEF_BYTES;
	while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xc0) == 0x80)
		text.len--;
	return text;
}

const char *json_type_word(const json_t *json)
{
	if (!json)
		return "nothing";
	switch (json_typeof(json)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "an array";
	case JSON_STRING: return "a string";
	case JSON_INTEGER:
	case JSON_REAL: return "a number";
	case JSON_TRUE:
	case JSON_FALSE: return "a boolean";
	case JSON_NULL: break;
	}
	return "null";
}

/* ---- parsing ---- */

/* Index of the quote that ends the string beginning at `at`; the length when there is none. */
static size_t string_end(struct str text, size_t at)
{
	size_t from = at + 1;

	while (from < text.len) {
		const char *quote = memchr(text.ptr + from, '"', text.len - from);
		size_t end, escapes = 0;

		if (!quote)
			break;
		end = (size_t)(quote - text.ptr);
		while (end - escapes > from && text.ptr[end - escapes - 1] == '\\')
			escapes++;
		if (escapes % 2 == 0)
			return end;
		from = end + 1;
	}
	return text.len;
}

/* Where nesting first goes too deep; the length when it never does. jansson recurses, to a depth
 * of its own choice, so this is settled before it sees the text. */
static size_t too_deep_at(struct str text)
{
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '"': i = string_end(text, i); break;
		case '[':
		case '{':
			if (++depth > JSON_MAX_DEPTH)
				return i;
			break;
		case ']':
		case '}':
			if (depth > 0)
				depth--;
			break;
		default: break;
		}
	}
	return text.len;
}

struct text_place {
	size_t line, column;
};

/* Counted from 1; columns in characters. */
static struct text_place place_of(struct str text, size_t at, size_t first_line)
{
	struct text_place place = {first_line, 1};

	for (size_t i = 0; i < at; i++) {
		if (text.ptr[i] == '\n') {
			place.line++;
			place.column = 1;
		} else if (((unsigned char)text.ptr[i] & 0xc0) != 0x80) {
			place.column++;
		}
	}
	return place;
}

/* The key token that ends right before `end`, as it was written, without its quotes. */
static struct str key_before(struct str text, size_t end)
{
	size_t start;

	if (end < 2 || end > text.len || text.ptr[end - 1] != '"')
		return STR_NONE;
	for (start = end - 1; start > 0; start--) {
		size_t escapes = 0;

		if (text.ptr[start - 1] != '"')
			continue;
		while (start - 1 > escapes && text.ptr[start - 2 - escapes] == '\\')
			escapes++;
		if (escapes % 2 == 0)
			return (struct str){text.ptr + start, end - 1 - start};
	}
	return STR_NONE;
}

static bool is_blank(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(" \t\r\n", text.ptr[i]))
			return false;
	return true;
}

static const char *end_fault(struct str text)
{
	return is_blank(text) ? "there is no JSON value"
			      : "the text ends before its JSON value does";
}

/* What the library's syntax errors mean; its own words where they name the unexpected. */
static const char *syntax_fault(struct str text, const json_error_t *error)
{
	if (is_blank(text))
		return "there is no JSON value";
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
		return "the text begins with a byte order mark; send UTF-8 without it";
	if (!str_is_utf8(str_from(error->text)))
		return "not well-formed";
	return error->text;
}

static const char *library_fault(struct str text, const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_stack_overflow: return "nesting is too deep";
	case json_error_invalid_utf8: return "not valid UTF-8";
	case json_error_premature_end_of_input: return end_fault(text);
	case json_error_end_of_input_expected: return "something follows after the JSON value";
	case json_error_null_character:
	case json_error_null_byte_in_key: return "text holds NUL (\\u0000), which cannot be stored";
	case json_error_numeric_overflow: return "a number is out of range";
	default: return syntax_fault(text, error);
	}
}

static enum error refuse(
	struct diag *diag, const char *pointer, struct text_place place, const char *what)
{
	diag_add(diag, pointer, "Line %zu, column %zu: %s.", place.line, place.column, what);
	return ERR_MALFORMED_JSON;
}

static enum error refuse_parsed(struct str text, size_t first_line, const char *pointer,
	const json_error_t *error, struct diag *diag)
{
	struct text_place place = {
		.line = first_line + (error->line > 0 ? (size_t)error->line - 1 : 0),
		.column = error->column > 0 ? (size_t)error->column : 1,
	};
	struct str key;

	/* Without our allocator a failed allocation mostly leaves nothing but the missing result. */
	if (error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory)
		return ERR_NO_MEMORY;
	if (json_error_code(error) != json_error_duplicate_key)
		return refuse(diag, pointer, place, library_fault(text, error));

	key = json_brief(key_before(text, (size_t)error->position));
	diag_add(diag, pointer, "Line %zu, column %zu: duplicate key \"%.*s\".", place.line,
		place.column, STR_ARG(key));
	return ERR_MALFORMED_JSON;
}

enum error json_parse(
	struct str text, size_t first_line, const char *pointer, struct diag *diag, json_t **out)
{
	const char *nul = text.len ? memchr(text.ptr, '\0', text.len) : NULL;
	size_t budget = PARSE_BASE_BYTES + text.len * PARSE_BYTES_PER_BYTE;
	size_t deep;
	json_error_t error;
	enum error memory;

	*out = NULL;
	if (text.len > PARSE_MAX_BYTES)
		return ERR_TOO_LARGE;
	if (nul)
		return refuse(diag, pointer, place_of(text, (size_t)(nul - text.ptr), first_line),
			"text holds NUL");
	deep = too_deep_at(text);
	if (deep < text.len) {
		struct text_place place = place_of(text, deep, first_line);

		diag_add(diag, pointer, "Line %zu, column %zu: nesting deeper than %d.", place.line,
			place.column, (int)JSON_MAX_DEPTH);
		return ERR_MALFORMED_JSON;
	}

	if (text.len == 0)
		text.ptr = "";
	*out = json_memory_load(
		text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, budget, &error, &memory);
	if (*out || memory)
		return *out ? ERR_OK : memory;
	return refuse_parsed(text, first_line, pointer, &error, diag);
}

/* ---- canonical text ---- */

/* RFC 8785 §3.2.2.2. */
void json_canonical_str(struct buf *out, struct str text)
{
	static const char digits[] = "0123456789abcdef";
	size_t done = 0;

	buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		char escape[6] = {'\\', 'u', '0', '0', 0, 0};
		size_t escape_len = 2;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		switch (c) {
		case '"':
		case '\\': escape[1] = (char)c; break;
		case '\b': escape[1] = 'b'; break;
		case '\t': escape[1] = 't'; break;
		case '\n': escape[1] = 'n'; break;
		case '\f': escape[1] = 'f'; break;
		case '\r': escape[1] = 'r'; break;
		default:
			escape[4] = digits[c >> 4];
			escape[5] = digits[c & 15];
			escape_len = 6;
		}
		buf_append(out, text.ptr + done, i - done);
		buf_append(out, escape, escape_len);
		done = i + 1;
	}
	if (text.len > done)
		buf_append(out, text.ptr + done, text.len - done);
	buf_putc(out, '"');
}

/* "123450…0" as "1.2345e+20": the digits are those of the shortest form. */
static void put_exponent(struct buf *out, const char *digits, size_t len)
{
	size_t used = len;

	while (used > 1 && digits[used - 1] == '0')
		used--;
	buf_append(out, digits, 1);
	if (used > 1) {
		buf_putc(out, '.');
		buf_append(out, digits + 1, used - 1);
	}
	buf_printf(out, "e+%zu", len - 1);
}

void json_canonical_number(struct buf *out, double value)
{
	char text[NUM_TEXT_SIZE];
	size_t len;

	/* Both zeros are equal, so they need the same text. */
	if (value == 0) {
		buf_putc(out, '0');
		return;
	}
	/* From 2^63 to 10^21 the short form would be an integer that jansson cannot read back. */
	if (!(fabs(value) >= 0x1p63 && fabs(value) < 1e21)) {
		num_format(out, value);
		return;
	}
	len = num_to_text(fabs(value), text);
	if (value < 0)
		buf_putc(out, '-');
	put_exponent(out, text, len);
}

/* jansson's iteration changes nothing, but is not declared so. */
static void *first_member(const json_t *object)
{
	return json_object_iter((json_t *)object);
}

static void *next_member(const json_t *object, void *at)
{
	return json_object_iter_next((json_t *)object, at);
}

struct member {
	struct str key;
	const json_t *value;
};

static int member_cmp(const void *a, const void *b)
{
	return str_cmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static void canonical_object(struct buf *out, const json_t *object)
{
	struct member on_stack[SORTED_ON_STACK];
	struct member *members = on_stack;
	size_t size = json_object_size(object);
	size_t count = 0;

	if (size > SORTED_ON_STACK)
		members = calloc(size, sizeof *members);
	if (!members) {
		out->failed = true;
		return;
	}
	for (void *at = first_member(object); at && count < size; at = next_member(object, at)) {
		members[count].key.ptr = json_object_iter_key(at);
		members[count].key.len = json_object_iter_key_len(at);
		members[count++].value = json_object_iter_value(at);
	}
	qsort(members, count, sizeof *members, member_cmp);

	buf_putc(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		json_canonical_str(out, members[i].key);
		buf_putc(out, ':');
		json_canonical(out, members[i].value);
	}
	buf_putc(out, '}');
	if (members != on_stack)
		free(members);
}

void json_canonical(struct buf *out, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT: canonical_object(out, json); break;
	case JSON_ARRAY:
		buf_putc(out, '[');
		for (size_t i = 0; i < json_array_size(json); i++) {
			if (i > 0)
				buf_putc(out, ',');
			json_canonical(out, json_array_get(json, i));
		}
		buf_putc(out, ']');
		break;
	case JSON_STRING:
		json_canonical_str(
			out, (struct str){json_string_value(json), json_string_length(json)});
		break;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		break;
	case JSON_REAL: json_canonical_number(out, json_real_value(json)); break;
	case JSON_TRUE: buf_puts(out, "true"); break;
	case JSON_FALSE: buf_puts(out, "false"); break;
	case JSON_NULL: buf_puts(out, "null"); break;
	}
}

/* ---- reading objects ---- */

void json_unknown_key(struct diag *diag, const char *pointer, const char *key)
{
	size_t len = strlen(key);
	struct str shown = json_brief((struct str){key, len});

	if (len <= POINTER_KEY_BYTES)
		pointer = diag_key(diag, pointer, key);
	diag_add(diag, pointer, "There is no such field: \"%.*s\"%s.", STR_ARG(shown),
		shown.len < len ? "…" : "");
}

bool json_only_keys(
	const json_t *object, const char *const *keys, const char *pointer, struct diag *diag)
{
	bool good = true;

	for (void *at = first_member(object); at; at = next_member(object, at)) {
		const char *key = json_object_iter_key(at);
		const char *const *known = keys;

		while (*known && strcmp(*known, key) != 0)
			known++;
		if (*known)
			continue;
		json_unknown_key(diag, pointer, key);
		good = false;
	}
	return good;
}

/* The member, NULL where it is absent or null; then *good says whether that is right. */
static const json_t *member_of(const json_t *object, const char *key, bool required,
	const char *pointer, struct diag *diag, bool *good)
{
	const json_t *value = json_object_get(object, key);

	*good = true;
	if (value && !json_is_null(value))
		return value;
	if (required) {
		diag_add(diag, diag_key(diag, pointer, key), "This field is required.");
		*good = false;
	}
	return NULL;
}

static bool wrong_type(const json_t *value, const char *key, const char *wanted,
	const char *pointer, struct diag *diag)
{
	diag_add(diag, diag_key(diag, pointer, key), "Must be %s, not %s.", wanted,
		json_type_word(value));
	return false;
}

/* `place` is the pointer of the text itself. */
static bool take_text(const json_t *value, size_t min_bytes, size_t max_bytes, const char *place,
	struct diag *diag, struct arena *arena, struct str *out)
{
	struct str text = {json_string_value(value), json_string_length(value)};
	char *copy;

	if (text.len < min_bytes && min_bytes == 1) {
		diag_add(diag, place, "Must not be empty.");
		return false;
	}
	if (text.len < min_bytes || text.len > max_bytes) {
		diag_add(diag, place, "Must have %zu to %zu bytes of UTF-8, not %zu.", min_bytes,
			max_bytes, text.len);
		return false;
	}
	if (text.len > 0 && memchr(text.ptr, '\0', text.len)) {
		diag_add(diag, place, "Text must not hold NUL.");
		return false;
	}
	copy = arena_strdup(arena, text);
	if (!copy)
		return false;
	*out = (struct str){copy, text.len};
	return true;
}

bool json_read_text(const json_t *object, const char *key, size_t min_bytes, size_t max_bytes,
	bool required, const char *pointer, struct diag *diag, struct arena *arena, struct str *out)
{
	bool good;
	const json_t *value = member_of(object, key, required, pointer, diag, &good);

	*out = STR_NONE;
	if (!value)
		return good;
	if (!json_is_string(value))
		return wrong_type(value, key, "a string", pointer, diag);
	return take_text(
		value, min_bytes, max_bytes, diag_key(diag, pointer, key), diag, arena, out);
}

bool json_read_number(const json_t *object, const char *key, double min, double max, bool required,
	const char *pointer, struct diag *diag, double *out)
{
	bool good;
	const json_t *value = member_of(object, key, required, pointer, diag, &good);
	char low[NUM_TEXT_SIZE], high[NUM_TEXT_SIZE];
	double number;

	*out = NAN;
	if (!value)
		return good;
	if (!json_is_number(value))
		return wrong_type(value, key, "a number", pointer, diag);
	number = json_number_value(value) + 0.0; /* -0 becomes 0 */
	if (number >= min && number <= max) {
		*out = number;
		return true;
	}
	num_to_text(min, low);
	num_to_text(max, high);
	if (isinf(max))
		diag_add(diag, diag_key(diag, pointer, key), "Must be at least %s.", low);
	else if (isinf(min))
		diag_add(diag, diag_key(diag, pointer, key), "Must be at most %s.", high);
	else
		diag_add(diag, diag_key(diag, pointer, key), "Must be from %s to %s.", low, high);
	return false;
}

bool json_read_int(const json_t *object, const char *key, int64_t min, int64_t max, bool required,
	int64_t fallback, const char *pointer, struct diag *diag, int64_t *out)
{
	bool good;
	const json_t *value = member_of(object, key, required, pointer, diag, &good);
	double real = json_real_value(value);
	int64_t number;

	*out = fallback;
	if (!value)
		return good;
	if (!json_is_number(value))
		return wrong_type(value, key, "a whole number", pointer, diag);
	if (json_is_real(value) && (fabs(real) > 0x1p53 || real != (double)(int64_t)real)) {
		diag_add(diag, diag_key(diag, pointer, key), "Must be a whole number.");
		return false;
	}
	number = json_is_real(value) ? (int64_t)real : (int64_t)json_integer_value(value);
	if (number < min || number > max) {
		diag_add(diag, diag_key(diag, pointer, key), "Must be from %lld to %lld.",
			(long long)min, (long long)max);
		return false;
	}
	*out = number;
	return true;
}

bool json_read_bool(const json_t *object, const char *key, bool fallback, const char *pointer,
	struct diag *diag, bool *out)
{
	bool good;
	const json_t *value = member_of(object, key, false, pointer, diag, &good);

	*out = fallback;
	if (!value)
		return good;
	if (!json_is_boolean(value))
		return wrong_type(value, key, "true or false", pointer, diag);
	*out = json_is_true(value);
	return true;
}

bool json_read_time(const json_t *object, const char *key, bool required, const char *pointer,
	struct diag *diag, int64_t *out_us)
{
	bool good;
	const json_t *value = member_of(object, key, required, pointer, diag, &good);
	struct str text;

	*out_us = TIME_NONE;
	if (!value)
		return good;
	if (!json_is_string(value))
		return wrong_type(value, key, "an RFC 3339 time", pointer, diag);
	text = (struct str){json_string_value(value), json_string_length(value)};
	if (time_parse_rfc3339(text, out_us))
		return true;
	*out_us = TIME_NONE;
	diag_add(diag, diag_key(diag, pointer, key),
		"Must be an RFC 3339 time with an offset, such as 2026-11-21T07:31:32Z.");
	return false;
}

static bool held_before(const struct str *texts, size_t count, struct str text)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(texts[i], text))
			return true;
	return false;
}

bool json_read_texts(const json_t *object, const char *key, size_t max_count, size_t max_bytes,
	const char *pointer, struct diag *diag, struct arena *arena, const struct str **out,
	size_t *count)
{
	bool good;
	const json_t *value = member_of(object, key, false, pointer, diag, &good);
	size_t size = json_array_size(value);
	const char *list;
	struct str *texts;

	*out = NULL;
	*count = 0;
	if (!value)
		return good;
	if (!json_is_array(value))
		return wrong_type(value, key, "an array of strings", pointer, diag);
	list = diag_key(diag, pointer, key);
	if (size > max_count) {
		diag_add(diag, list, "Must have at most %zu elements, not %zu.", max_count, size);
		return false;
	}
	texts = arena_array(arena, size, sizeof *texts);
	if (!texts)
		return false;
	for (size_t i = 0; i < size; i++) {
		const json_t *element = json_array_get(value, i);
		const char *place = diag_index(diag, list, i);

		if (!json_is_string(element)) {
			diag_add(diag, place, "Must be a string, not %s.", json_type_word(element));
			good = false;
		} else if (!take_text(element, 1, max_bytes, place, diag, arena, &texts[i])) {
			good = false;
		} else if (held_before(texts, i, texts[i])) {
			diag_add(diag, place, "Is in the list already.");
			good = false;
		}
	}
	if (!good)
		return false;
	*out = texts;
	*count = size;
	return true;
}
