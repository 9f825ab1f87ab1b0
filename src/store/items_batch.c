/*
 * Writing items: of each the version row, which is history, the current state, and the text.
 */
#include "store/aggregates.h"

#include <math.h>
#include <stdlib.h>

#include "store/conn.h"
#include "store/rows.h"

/* Sent on the way: enough that a statement's own cost does not count, and a few of them for a part of
 * a stream. */
enum { SEND_BYTES = 128 * 1024 };

struct items_batch {
	struct change *change;
	struct rows *versions, *items, *texts; /* the change's */
	/* Columns of features, filled anew for each item. */
	uint16_t ids[ITEM_MAX_FEATURES];
	double values[ITEM_MAX_FEATURES];
};

enum error items_batch_new(struct change *change, struct items_batch **out)
{
	struct items_batch *batch = calloc(1, sizeof *batch);

	*out = batch;
	if (!batch)
		return ERR_NO_MEMORY;
	batch->change = change;
	batch->versions = change_rows(change, HISTORY_item_versions);
	batch->items = change_rows(change, ROWS_ITEMS);
	batch->texts = change_rows(change, ROWS_ITEM_TEXTS);
	if (batch->versions && batch->items && batch->texts)
		return ERR_OK;
	items_batch_free(batch);
	*out = NULL;
	return ERR_NO_MEMORY;
}

void items_batch_free(struct items_batch *batch)
{
	free(batch);
}

static void add_features(struct items_batch *batch, const struct item *item)
{
	size_t count = 0;

	for (size_t i = 0; i < item->feature_count; i++) {
		const struct feature_value *feature = &item->features[i];

		/* Patched to nothing is told by extra; here, what is unknown is absent. */
		if (feature->cleared || isnan(feature->number))
			continue;
		batch->ids[count] = feature->id;
		batch->values[count] = feature->number;
		count++;
	}
	row_int2_array(batch->versions, batch->ids, count);
	row_float8_array(batch->versions, batch->values, count);
}

static void add_version(struct items_batch *batch, const struct item_record *record,
	const struct item_storable *storable)
{
	const struct item *item = &record->item;
	struct rows *rows = batch->versions;

	row_begin(rows);
	row_uuid(rows, &batch->change->workspace);
	row_uuid(rows, &record->id);
	row_int8(rows, batch->change->revision);
	row_int8(rows, record->first_revision);
	row_text(rows, record->source);
	row_text(rows, record->external_id);
	row_text(rows, item->status);
	row_text(rows, item->stream);
	row_text(rows, item->kind);
	row_text(rows, item->team);
	row_text_array(rows, item->labels, item->label_count);
	row_float8(rows, item->estimate);
	row_time(rows, item->created_us);
	row_time(rows, item->updated_us);
	row_time(rows, item->due_us);
	row_uuid_array(rows, storable->blocked_by, storable->blocked_by_count);
	add_features(batch, item);
	row_int4(rows, (int32_t)storable->text_present);
	row_hash(rows, storable->has_text ? &storable->text_ref : NULL);
	row_text(rows, storable->extra);
	row_end(rows);
}

static void add_item(
	struct items_batch *batch, const struct item_record *record, const struct uuid *digest)
{
	const struct item *item = &record->item;
	struct rows *rows = batch->items;

	batch->change->items_met |= record->first_revision != batch->change->revision;
	row_begin(rows);
	row_uuid(rows, &batch->change->workspace);
	row_uuid(rows, &record->id);
	row_int8(rows, batch->change->revision);
	row_int8(rows, record->first_revision);
	row_text(rows, record->source);
	row_text(rows, record->external_id);
	row_text(rows, item->status);
	row_text(rows, item->stream);
	row_text(rows, item->kind);
	row_text(rows, item->team);
	row_uuid(rows, digest);
	row_end(rows);
}

static void add_text(struct items_batch *batch, const struct item_storable *storable)
{
	const struct item_text *text = &storable->text;
	struct rows *rows = batch->texts;

	row_begin(rows);
	row_uuid(rows, &batch->change->workspace);
	row_hash(rows, &storable->text_ref);
	row_text(rows, text->title);
	row_text(rows, text->body);
	row_text(rows, text->url);
	row_text(rows, text->assignee);
	row_text(rows, text->reporter);
	row_text(rows, text->notes);
	row_end(rows);
}

enum error items_batch_add(struct items_batch *batch, const struct item_record *record,
	const struct item_storable *storable, const struct uuid *digest)
{
	if (record->item.feature_count > ITEM_MAX_FEATURES)
		return ERR_TOO_LARGE;
	add_version(batch, record, storable);
	add_item(batch, record, digest);
	if (storable->has_text)
		add_text(batch, storable);
	return ERR_OK;
}

enum error items_batch_send(struct items_batch *batch)
{
	return rows_bytes(batch->versions) < SEND_BYTES ? ERR_OK : change_send_rows(batch->change);
}
