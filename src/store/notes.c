/*
 * Notes: a few named texts as one JSON object in the side table.
 */
#include "store/notes.h"

#include "codec/item.h"
#include "codec/json_view.h"
#include "codec/json_writer.h"
#include "store/conn.h"
#include "store/rows.h"

static void write_members(struct buf *out, const struct note *members, size_t count)
{
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	for (size_t i = 0; i < count; i++) {
		if (members[i].text.ptr)
			json_put(&json, members[i].key, str, members[i].text);
	}
	json_object_end(&json);
}

static enum error add_text(struct change *change, struct str notes, const struct sha256 *ref)
{
	struct rows *rows = change_rows(change, ROWS_ITEM_TEXTS);

	if (!rows)
		return ERR_NO_MEMORY;
	row_begin(rows);
	row_uuid(rows, &change->workspace);
	row_hash(rows, ref);
	/* Title, body, URL, assignee and reporter are an item's. */
	for (int i = 0; i < 5; i++)
		row_null(rows);
	row_text(rows, notes);
	row_end(rows);
	return ERR_OK;
}

enum error notes_append(
	struct change *change, const struct note *members, size_t count, struct sha256 *ref)
{
	struct item_text text = {.notes = STR_NONE};
	struct buf notes = BUF_INIT;
	enum error err = ERR_NO_MEMORY;

	write_members(&notes, members, count);
	text.notes = buf_view(&notes);
	if (!notes.failed && item_text_ref(&text, change->salt, ref))
		err = add_text(change, text.notes, ref);
	buf_release(&notes);
	return err;
}

enum error notes_read(struct str stored, struct arena *arena, struct note *members, size_t count)
{
	struct json_view *json;

	if (!stored.ptr)
		return ERR_OK;
	json = json_view_parse(stored, NULL);
	if (!json)
		return ERR_DATABASE;
	for (size_t i = 0; i < count; i++) {
		struct str text = json_view_text(json, members[i].key);
		char *copy = text.ptr ? arena_strdup(arena, text) : NULL;

		if (text.ptr && !copy) {
			json_view_free(json);
			return ERR_NO_MEMORY;
		}
		members[i].text = (struct str){copy, copy ? text.len : 0};
	}
	json_view_free(json);
	return ERR_OK;
}
