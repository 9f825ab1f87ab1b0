/*
 * Small readers that every kind of document needs: names, words of a vocabulary, choices.
 */
#include <string.h>

#include "codec/catalog_internal.h"
#include "codec/json.h"

enum error catalog_body(json_t *tree, struct arena *arena, struct str *body)
{
	struct buf text = BUF_INIT;
	char *copy = NULL;

	if (!tree)
		return ERR_NO_MEMORY;
	json_canonical(&text, tree);
	json_decref(tree);
	if (!text.failed)
		copy = arena_strdup(arena, buf_view(&text));
	if (copy)
		*body = (struct str){copy, text.len};
	buf_release(&text);
	return copy ? ERR_OK : ERR_NO_MEMORY;
}

enum error catalog_verdict(bool ok, const struct diag *diag)
{
	if (diag->count > 0)
		return ERR_INVALID;
	return ok ? ERR_OK : ERR_NO_MEMORY;
}

json_t *catalog_text(struct str text)
{
	return json_stringn(text.ptr ? text.ptr : "", text.len);
}

bool catalog_is_identifier(struct str name)
{
	if (name.len == 0 || name.len > CATALOG_MAX_NAME || name.ptr[0] < 'a' || name.ptr[0] > 'z')
		return false;
	for (size_t i = 1; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return true;
}

bool catalog_is_slug(struct str name)
{
	if (name.len == 0 || name.len > CATALOG_MAX_NAME || name.ptr[0] < 'a' || name.ptr[0] > 'z')
		return false;
	for (size_t i = 1; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return true;
}

bool catalog_check_word(struct str word, const char *pointer, struct diag *diag)
{
	if (word.len == 0 || word.len > CATALOG_MAX_NAME) {
		diag_add(diag, pointer, "A name has 1 to %d bytes.", CATALOG_MAX_NAME);
		return false;
	}
	for (size_t i = 0; i < word.len; i++) {
		unsigned char c = (unsigned char)word.ptr[i];

		if (c < 0x20 || c == 0x7f) {
			diag_add(diag, pointer, "A name has no control characters.");
			return false;
		}
	}
	if (word.ptr[0] == ' ' || word.ptr[word.len - 1] == ' ') {
		diag_add(diag, pointer, "A name neither begins nor ends with a blank.");
		return false;
	}
	return true;
}

bool catalog_read_word(const json_t *object, const char *key, const char *pointer,
	struct diag *diag, struct arena *arena, struct str *out)
{
	if (!json_read_text(object, key, 1, CATALOG_MAX_NAME, true, pointer, diag, arena, out))
		return false;
	return catalog_check_word(*out, diag_key(diag, pointer, key), diag);
}

bool catalog_read_choice(const json_t *object, const char *key, const char *const *words,
	int fallback, const char *pointer, struct diag *diag, int *out)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	struct buf list = BUF_INIT;

	*out = fallback < 0 ? 0 : fallback;
	if ((!value || json_is_null(value)) && fallback >= 0)
		return true;
	for (int i = 0; text && words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return true;
		}
	}
	for (int i = 0; words[i]; i++)
		buf_printf(&list, "%s\"%s\"", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	diag_add(diag, diag_key(diag, pointer, key), "This must be %s.",
		list.failed ? "one of the words that the documentation lists" : list.data);
	buf_release(&list);
	return false;
}
