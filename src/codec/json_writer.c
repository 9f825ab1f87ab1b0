/*
 * JSON out: most answers are made here, so a string is copied in runs between the few bytes that
 * need an escape instead of byte by byte.
 */
#include "codec/json_writer.h"

#include <assert.h>

#include "base/clock.h"
#include "base/num.h"
#include "codec/json.h"

/* What a byte becomes inside a string: 0 itself, 'u' \u00XX, else backslash and this letter. */
static const unsigned char escapes[256] = {
	['\0'] = 'u',
	[1] = 'u',
	[2] = 'u',
	[3] = 'u',
	[4] = 'u',
	[5] = 'u',
	[6] = 'u',
	[7] = 'u',
	['\b'] = 'b',
	['\t'] = 't',
	['\n'] = 'n',
	[11] = 'u',
	['\f'] = 'f',
	['\r'] = 'r',
	[14] = 'u',
	[15] = 'u',
	[16] = 'u',
	[17] = 'u',
	[18] = 'u',
	[19] = 'u',
	[20] = 'u',
	[21] = 'u',
	[22] = 'u',
	[23] = 'u',
	[24] = 'u',
	[25] = 'u',
	[26] = 'u',
	[27] = 'u',
	[28] = 'u',
	[29] = 'u',
	[30] = 'u',
	[31] = 'u',
	['"'] = '"',
	['\\'] = '\\',
};

void json_writer_init(struct json_writer *json, struct buf *out)
{
	json->out = out;
	json->veil = NULL;
	json->depth = 0;
	json->after_key = false;
	json->first[0] = true;
	json->in_object[0] = false;
}

/* The comma before a value or a key, where one is due. */
static void separate(struct json_writer *json)
{
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (!json->first[json->depth])
		buf_putc(json->out, ',');
	json->first[json->depth] = false;
}

static void before_value(struct json_writer *json)
{
	assert(json->after_key || !json->in_object[json->depth]);
	separate(json);
}

static void open_level(struct json_writer *json, char bracket, bool object)
{
	before_value(json);
	buf_putc(json->out, bracket);
	assert(json->depth + 1 < JSON_WRITER_DEPTH);
	json->depth++;
	json->first[json->depth] = true;
	json->in_object[json->depth] = object;
}

static void close_level(struct json_writer *json, char bracket, bool object)
{
	assert(json->depth > 0 && json->in_object[json->depth] == object && !json->after_key);
	(void)object;
	json->depth--;
	buf_putc(json->out, bracket);
}

void json_object_begin(struct json_writer *json)
{
	open_level(json, '{', true);
}

void json_object_end(struct json_writer *json)
{
	close_level(json, '}', true);
}

void json_array_begin(struct json_writer *json)
{
	open_level(json, '[', false);
}

void json_array_end(struct json_writer *json)
{
	close_level(json, ']', false);
}

static char *put_escape(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char letter = escapes[c];

	*to++ = '\\';
	*to++ = (char)letter;
	if (letter != 'u')
		return to;
	*to++ = '0';
	*to++ = '0';
	*to++ = digits[c >> 4];
	*to++ = digits[c & 15];
	return to;
}

static void put_string(struct buf *out, struct str text)
{
	size_t start = 0;

	buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		char escape[6];

		if (!escapes[c])
			continue;
		buf_append(out, text.ptr + start, i - start);
		buf_append(out, escape, (size_t)(put_escape(escape, c) - escape));
		start = i + 1;
	}
	buf_append(out, text.ptr + start, text.len - start);
	buf_putc(out, '"');
}

void json_key_str(struct json_writer *json, struct str key)
{
	assert(json->in_object[json->depth] && !json->after_key);
	separate(json);
	put_string(json->out, key);
	buf_putc(json->out, ':');
	json->after_key = true;
}

void json_key(struct json_writer *json, const char *key)
{
	json_key_str(json, str_from(key));
}

void json_raw(struct json_writer *json, struct str value)
{
	before_value(json);
	buf_str(json->out, value);
}

void json_str(struct json_writer *json, struct str value)
{
	if (!value.ptr) {
		json_nil(json);
		return;
	}
	before_value(json);
	put_string(json->out, value);
}

void json_text(struct json_writer *json, const char *value)
{
	json_str(json, str_from(value));
}

void json_int(struct json_writer *json, int64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	/* INT64_MIN has no positive counterpart. */
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (value < 0)
		digits[--at] = '-';
	json_raw(json, (struct str){digits + at, sizeof digits - at});
}

void json_number(struct json_writer *json, double value)
{
	before_value(json);
	/* -0 stays what it is; whatever is written can be read back. */
	if (value == 0)
		num_format(json->out, value);
	else
		json_canonical_number(json->out, value);
}

void json_bool(struct json_writer *json, bool value)
{
	json_raw(json, value ? STR("true") : STR("false"));
}

void json_nil(struct json_writer *json)
{
	json_raw(json, STR("null"));
}

void json_uuid(struct json_writer *json, const struct uuid *value)
{
	char text[UUID_TEXT_SIZE + 1];

	text[0] = '"';
	uuid_to_text(value, text + 1);
	text[UUID_TEXT_SIZE] = '"';
	json_raw(json, (struct str){text, UUID_TEXT_SIZE + 1});
}

void json_time(struct json_writer *json, int64_t us)
{
	char text[32];

	if (us == TIME_NONE) {
		json_nil(json);
		return;
	}
	json_text(json, time_to_text(us, text));
}
