/*
 * The side table for personal text: whether each text that a version names is there, and is still
 * the one that its salted hash names.
 */
#include "store/aggregates.h"

#include "store/cells.h"
#include "store/conn.h"
#include "store/head_row.h"

struct text_reader {
	struct head head;
	int64_t different;
	struct sha256 example;
	enum error err;
};

static bool read_text(void *self, const PGresult *result)
{
	struct text_reader *reader = self;
	struct cells cells = cells_at(result, 0, NULL);
	struct sha256 ref = {0}, actual;
	struct item_text text;
	bool lost, may_be_erased;

	cell_sha256(&cells, &ref);
	lost = !cell_view(&cells).ptr;
	may_be_erased = cell_bool(&cells);
	text.title = cell_view(&cells);
	text.body = cell_view(&cells);
	text.url = cell_view(&cells);
	text.assignee = cell_view(&cells);
	text.reporter = cell_view(&cells);
	text.notes = cell_view(&cells);
	reader->err = cells_error(&cells);
	if (reader->err)
		return false;
	if (!lost && may_be_erased && item_text_is_empty(&text))
		return true;
	if (!item_text_ref(&text, reader->head.salt, &actual)) {
		reader->err = ERR_NO_MEMORY;
		return false;
	}
	if ((lost || memcmp(actual.bytes, ref.bytes, sizeof ref.bytes) != 0) &&
		reader->different++ == 0)
		reader->example = ref;
	return true;
}

enum error texts_compare(
	struct conn *conn, const struct uuid *workspace, int64_t *different, struct sha256 *example)
{
	struct text_reader reader = {.different = 0};
	struct params params = PARAMS_INIT;
	enum error err = head_read(conn, workspace, &reader.head);

	if (err)
		return err;
	params_uuid(&params, workspace);
	err = conn_stream(conn, STMT_ITEM_TEXTS_SCAN, &params, read_text, &reader);
	*different = reader.different;
	*example = reader.example;
	return err ? err : reader.err;
}
