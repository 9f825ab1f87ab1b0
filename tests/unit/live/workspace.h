/*
 * A workspace with the shipped configuration in the test's database, and writers of items,
 * overrides and comparisons, one revision each.
 */
#ifndef WINNOW_TESTS_LIVE_WORKSPACE_H
#define WINNOW_TESTS_LIVE_WORKSPACE_H

#include <math.h>

#include "codec/item.h"
#include "live/picture.h"
#include "live/ranking.h"
#include "store/fixture.h"

enum { MINUTE_US = 60 * 1000000 };

/* Revision 1. */
static inline struct uuid new_workspace(void)
{
	struct uuid workspace = fixture_workspace();
	struct change change;
	struct tx *tx = fixture_change(&workspace, &change);

	for (size_t i = 0; i < default_document_count; i++)
		assert_ok(documents_append(&change, &default_documents[i]));
	assert_ok(fixture_commit(tx, &change));
	return workspace;
}

/* An item of the source "demo" with nothing else. */
static inline struct item_record plain_item(const struct uuid *workspace, const char *external_id)
{
	struct item_record record = {
		.source = STR("demo"),
		.external_id = str_from(external_id),
		.item = {.title = STR("title"),
			.stream = STR("incident"),
			.kind = STR("bug"),
			.status = STR("open"),
			.created_us = TIME_NONE,
			.updated_us = TIME_NONE,
			.due_us = TIME_NONE,
			.estimate = NAN},
	};

	item_id_make(workspace, record.source, record.external_id, &record.id);
	return record;
}

/* Of each record without one its first revision: that of the item that is there, else this. */
static inline void find_first_revisions(const struct uuid *workspace, struct conn *conn,
	struct item_record *records, size_t count, int64_t revision)
{
	struct uuid *ids = arena_array(&fixture.arena, count, sizeof *ids);
	struct item_row *rows;
	size_t found;

	for (size_t i = 0; i < count; i++)
		ids[i] = records[i].id;
	assert_ok(items_by_id(conn, workspace, ids, count, &fixture.arena, &rows, &found));
	for (size_t i = 0; i < count; i++) {
		for (size_t r = 0; r < found && records[i].first_revision == 0; r++) {
			if (uuid_cmp(&rows[r].record.id, &ids[i]) == 0)
				records[i].first_revision = rows[r].record.first_revision;
		}
		if (records[i].first_revision == 0)
			records[i].first_revision = revision;
	}
}

/* One revision, which is returned. first_revision 0: that of the item that is there, if any. */
static inline int64_t write_items(
	const struct uuid *workspace, struct item_record *records, size_t count)
{
	struct items_batch *batch;
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);
	int64_t revision = change.revision;

	find_first_revisions(workspace, tx_conn(tx), records, count, revision);
	assert_ok(items_batch_new(&change, &batch));
	for (size_t i = 0; i < count; i++) {
		struct item_storable storable;

		records[i].revision = revision;
		assert_ok(item_to_storable(
			&records[i], workspace, change.salt, &fixture.arena, &storable));
		assert_ok(items_batch_add(batch, &records[i], &storable, NULL));
	}
	items_batch_free(batch);
	assert_ok(fixture_commit(tx, &change));
	return revision;
}

/* An override of an item by its kind; the rest is the caller's. */
static inline struct override_row plain_override(const struct uuid *item, const char *kind)
{
	struct override_row override = {
		.item = *item,
		.kind = str_from(kind),
		.delta = NAN,
		.expires_us = fixture.now_us + 10 * INT64_C(86400000000),
		.made_us = fixture.now_us,
		.author = STR("token:00000000-0000-0000-0000-000000000001"),
		.model_version = 1,
		.justification = STR("because it is so"),
	};

	uuid_random(&override.id);
	return override;
}

static inline int64_t write_override(
	const struct uuid *workspace, const struct override_row *override)
{
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);
	int64_t revision = change.revision;

	assert_ok(override_append(&change, override));
	assert_ok(fixture_commit(tx, &change));
	return revision;
}

static inline int64_t end_override(const struct uuid *workspace, const struct uuid *id)
{
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);
	int64_t revision = change.revision;

	assert_ok(override_end_append(&change, id, "revoked", "token:x"));
	assert_ok(fixture_commit(tx, &change));
	return revision;
}

static inline int64_t compare_items(
	const struct uuid *workspace, const struct uuid *before, const struct uuid *after)
{
	struct comparison_row row = {
		.before = *before,
		.after = *after,
		.ratio = NAN,
		.made_us = fixture.now_us,
		.author = STR("token:00000000-0000-0000-0000-000000000001"),
	};
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);
	int64_t revision = change.revision;

	uuid_random(&row.id);
	assert_ok(comparison_append(&change, &row));
	assert_ok(fixture_commit(tx, &change));
	return revision;
}

static inline struct picture *follow(struct picture *picture, const struct uuid *workspace)
{
	bool moved;

	if (!picture)
		picture = picture_new(workspace);
	assert_non_null(picture);
	assert_ok(picture_follow(picture, fixture.conn, &moved));
	return picture;
}

/* As the follower asks, at the fixture's time. */
static inline struct ranking *rank(const struct picture *picture)
{
	const struct ranking_request request = {
		.now_us = fixture.now_us, .model = -1, .policy = -1};
	struct ranking *ranking;

	assert_ok(ranking_compute(picture, &request, &ranking));
	return ranking;
}

#endif
