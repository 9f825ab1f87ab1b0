/*
 * Item versions from result columns.
 */
#include "store/item_cells.h"

#include "store/wire.h"

/* Ids and values are two arrays of the same length. */
static void cells_features(struct cells *cells, struct item *out)
{
	struct wire_array ids, values;
	struct str id, value;
	struct feature_value *features;
	bool good = wire_array_open(cell_view(cells), WIRE_INT2, &ids);

	good = wire_array_open(cell_view(cells), WIRE_FLOAT8, &values) && good;
	if (!good || ids.count != values.count) {
		cells->failed = true;
		return;
	}
	features = arena_array(cells->arena, ids.count, sizeof *features);
	if (!features) {
		cells->no_memory = true;
		return;
	}
	for (size_t i = 0; i < ids.count; i++) {
		if (!wire_array_next(&ids, &id) || id.len != 2 ||
			!wire_array_next(&values, &value) || value.len != 8) {
			cells->failed = true;
			return;
		}
		features[i].id = wire_get16(id.ptr);
		features[i].number = wire_get_float8(value.ptr);
		features[i].observed_us = TIME_NONE;
	}
	out->features = features;
	out->feature_count = ids.count;
}

void cells_version(struct cells *cells, struct item_row *out)
{
	struct item_record *record = &out->record;
	struct item *item = &record->item;

	record->recorded_us = TIME_NONE;
	record->id = cell_uuid(cells);
	record->revision = cell_int8(cells);
	record->first_revision = cell_int8(cells);
	record->source = cell_text(cells);
	record->external_id = cell_text(cells);
	item->status = cell_text(cells);
	item->stream = cell_text(cells);
	item->kind = cell_text(cells);
	item->team = cell_text(cells);
	cell_text_array(cells, &item->labels, &item->label_count);
	item->estimate = cell_float8(cells);
	item->created_us = cell_time(cells);
	item->updated_us = cell_time(cells);
	item->due_us = cell_time(cells);
	cell_uuid_array(cells, &out->blocked_by, &out->blocked_by_count);
	cells_features(cells, item);
	out->text_present = (uint32_t)cell_int4(cells);
	out->has_text = cell_sha256(cells, &out->text_ref);
	out->extra = cell_text(cells);
}

void cells_recorded_and_text(struct cells *cells, struct item_row *out)
{
	out->record.recorded_us = cell_time(cells);
	out->text.title = cell_text(cells);
	out->text.body = cell_text(cells);
	out->text.url = cell_text(cells);
	out->text.assignee = cell_text(cells);
	out->text.reporter = cell_text(cells);
	out->text.notes = cell_text(cells);
}
