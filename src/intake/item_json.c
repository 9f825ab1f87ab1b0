/*
 * The few steps that every format takes to build an item.
 */
#include "intake/item_json.h"

#include "base/buf.h"

static const char ellipsis[] = "\xe2\x80\xa6";

bool item_json_share(json_t *item, const char *key, const json_t *value)
{
	/* Only the count of references changes. */
	return !value || json_object_set(item, key, (json_t *)value) == 0;
}

static json_t *cut_text(struct str text, size_t max_bytes)
{
	size_t len = max_bytes - (sizeof ellipsis - 1);
	struct buf out = BUF_INIT;
	json_t *json = NULL;

	while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	buf_append(&out, text.ptr, len);
	buf_puts(&out, ellipsis);
	if (!out.failed)
		json = json_stringn(out.data, out.len);
	buf_release(&out);
	return json;
}

bool item_json_text(json_t *item, const char *key, struct str text, size_t max_bytes)
{
	json_t *json;

	if (!text.ptr)
		json = json_null();
	else if (text.len > max_bytes)
		json = cut_text(text, max_bytes);
	else
		json = json_stringn(text.ptr, text.len);
	return json_object_set_new(item, key, json) == 0;
}

struct str member_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_string_length(value) == 0)
		return STR_NONE;
	return (struct str){json_string_value(value), json_string_length(value)};
}

bool member_given(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}
