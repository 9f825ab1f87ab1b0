/*
 * Items as bodies name them.
 */
#include "http/resources/item_ref.h"

#include "codec/item.h"
#include "codec/json.h"

static bool read_id(
	struct request *request, const json_t *text, const char *pointer, struct uuid *out)
{
	struct str id = {json_string_value(text), json_string_length(text)};

	if (uuid_from_text(id, out))
		return true;
	diag_add(&request->diag, pointer,
		"This is no item's id: give a UUID, or source and external_id.");
	return false;
}

static bool read_name(
	struct request *request, const json_t *name, const char *pointer, struct uuid *out)
{
	static const char *const keys[] = {"source", "external_id", NULL};
	struct str source = STR_NONE, external_id = STR_NONE;
	struct diag *diag = &request->diag;
	struct arena *arena = &request->arena;
	bool good = json_only_keys(name, keys, pointer, diag);

	good &= json_read_text(
		name, "source", 1, ITEM_MAX_NAME, true, pointer, diag, arena, &source);
	good &= json_read_text(
		name, "external_id", 1, ITEM_MAX_NAME, true, pointer, diag, arena, &external_id);
	if (good)
		item_id_make(&request->workspace.id, source, external_id, out);
	return good;
}

bool item_ref_read(
	struct request *request, const json_t *value, const char *pointer, struct uuid *out)
{
	if (json_is_string(value))
		return read_id(request, value, pointer, out);
	if (json_is_object(value))
		return read_name(request, value, pointer, out);
	diag_add(&request->diag, pointer,
		"An item is named by its id, or by source and external_id; this is %s.",
		json_type_word(value));
	return false;
}
