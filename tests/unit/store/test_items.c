/*
 * Items: version, current state and text are written together and read back alike, by id, as of a
 * revision, through time, by filter and as a stream.
 */
#include "fixture.h"

#include <math.h>
#include <stdio.h>

#include "store/rows.h"

static const struct str labels[] = {{"p1", 2}, {"ops", 3}};

struct made {
	struct item_record record;
	struct item_storable storable;
	struct feature_value features[3];
};

static struct made make_item(
	const struct uuid *workspace, const char *external_id, const unsigned char salt[32])
{
	static const struct uuid blocker = {{7}};
	struct made made = {0};

	made.features[0] = (struct feature_value){.id = 0, .number = 3};
	made.features[1] = (struct feature_value){.id = 4, .number = NAN, .cleared = true};
	made.features[2] = (struct feature_value){.id = 9, .number = -0.5};
	made.record = (struct item_record){
		.source = STR("github"),
		.external_id = str_from(external_id),
		.item = {.status = STR("open"),
			.stream = STR("incident"),
			.kind = STR("bug"),
			.team = STR("core"),
			.labels = labels,
			.label_count = 2,
			.created_us = INT64_C(1600000000000001),
			.updated_us = TIME_NONE,
			.due_us = INT64_C(1800000000000000),
			.estimate = 2.5},
	};
	item_id_make(workspace, made.record.source, made.record.external_id, &made.record.id);
	made.storable = (struct item_storable){
		.text = {.title = STR("Title ☃"), .assignee = STR("somebody")},
		.has_text = true,
		.text_present = ITEM_TITLE | ITEM_ASSIGNEE,
		.extra = STR("{\"x\":1}"),
		.blocked_by = &blocker,
		.blocked_by_count = 1,
	};
	assert_true(item_text_ref(&made.storable.text, salt, &made.storable.text_ref));
	return made;
}

/* Adds with pointers into `made` itself. */
static void add(struct items_batch *batch, struct made *made, int64_t first_revision)
{
	made->record.item.features = made->features;
	made->record.item.feature_count = 3;
	made->record.first_revision = first_revision;
	assert_ok(items_batch_add(batch, &made->record, &made->storable, NULL));
}

/* One change of these items. */
static enum error put(
	const struct uuid *workspace, struct made *items, size_t count, int64_t first_revision)
{
	struct items_batch *batch;
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	assert_ok(items_batch_new(&change, &batch));
	for (size_t i = 0; i < count; i++)
		add(batch, &items[i], first_revision ? first_revision : change.revision);
	items_batch_free(batch);
	return fixture_commit(tx, &change);
}

static void check_row(const struct item_row *row, const struct made *made, int64_t revision)
{
	const struct item *got = &row->record.item, *put_in = &made->record.item;

	assert_memory_equal(&row->record.id, &made->record.id, sizeof row->record.id);
	assert_int_equal(row->record.revision, revision);
	assert_true(str_eq(row->record.source, made->record.source));
	assert_true(str_eq(row->record.external_id, made->record.external_id));
	assert_true(str_eq(got->status, put_in->status));
	assert_true(str_eq(got->stream, put_in->stream));
	assert_true(str_eq(got->kind, put_in->kind));
	assert_true(str_eq(got->team, put_in->team));
	assert_int_equal(got->label_count, 2);
	assert_true(str_eq(got->labels[1], labels[1]));
	assert_int_equal(got->created_us, put_in->created_us);
	assert_int_equal(got->updated_us, TIME_NONE);
	assert_int_equal(got->due_us, put_in->due_us);
	assert_true(got->estimate == put_in->estimate);
	/* The cleared one is told by extra alone. */
	assert_int_equal(got->feature_count, 2);
	assert_int_equal(got->features[0].id, 0);
	assert_true(got->features[0].number == 3);
	assert_int_equal(got->features[1].id, 9);
	assert_true(got->features[1].number == -0.5);
	assert_int_equal(row->blocked_by_count, 1);
	assert_int_equal(row->blocked_by[0].bytes[0], 7);
	assert_int_equal(row->text_present, made->storable.text_present);
	assert_true(row->has_text);
	assert_memory_equal(&row->text_ref, &made->storable.text_ref, sizeof row->text_ref);
	assert_true(str_eq(row->extra, made->storable.extra));
}

static void test_round_trip(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct made item = make_item(&workspace, "1", head.salt);
	struct uuid ids[2] = {item.record.id, {{1}}};
	struct item_row *rows;
	size_t count;

	(void)state;
	assert_ok(put(&workspace, &item, 1, 0));
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(items_by_id(fixture.conn, &workspace, ids, 2, &fixture.arena, &rows, &count));
	assert_int_equal(count, 1);
	check_row(&rows[0], &item, 1);
	assert_int_equal(rows[0].record.first_revision, 1);
	assert_int_equal(rows[0].record.recorded_us, fixture.now_us);
	assert_true(str_is(rows[0].text.title, "Title ☃"));
	assert_true(str_is(rows[0].text.assignee, "somebody"));
	assert_null(rows[0].text.body.ptr);
	assert_ok(items_by_id(fixture.conn, &workspace, ids, 0, &fixture.arena, &rows, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

static void test_through_time(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct made item = make_item(&workspace, "1", head.salt);
	struct made other = make_item(&workspace, "2", head.salt);
	struct item_row row, *rows;
	size_t count;

	(void)state;
	assert_ok(put(&workspace, &item, 1, 0));
	assert_ok(put(&workspace, &other, 1, 0));
	item.record.item.status = STR("done");
	item.record.item.team = STR("web");
	assert_ok(put(&workspace, &item, 1, 1));

	assert_ok(read_begin(fixture.conn, &workspace));
	assert_int_equal(
		item_as_of(fixture.conn, &workspace, &item.record.id, 0, &fixture.arena, &row),
		ERR_NOT_FOUND);
	assert_ok(item_as_of(fixture.conn, &workspace, &item.record.id, 2, &fixture.arena, &row));
	assert_int_equal(row.record.revision, 1);
	assert_true(str_is(row.record.item.status, "open"));
	assert_ok(item_as_of(
		fixture.conn, &workspace, &item.record.id, INT64_MAX, &fixture.arena, &row));
	check_row(&row, &item, 3);
	assert_int_equal(row.record.first_revision, 1);

	assert_ok(item_versions_list(fixture.conn, &workspace, &item.record.id, INT64_MAX, 10,
		&fixture.arena, &rows, &count));
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].record.revision, 3);
	assert_int_equal(rows[1].record.revision, 1);
	assert_ok(item_versions_list(
		fixture.conn, &workspace, &item.record.id, 3, 10, &fixture.arena, &rows, &count));
	assert_int_equal(count, 1);
	read_end(fixture.conn);
}

/* ---- lists ---- */

enum { LISTED = 25 };

static size_t list(
	const struct uuid *workspace, const struct item_filter *filter, struct item_row **rows)
{
	size_t count;

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(items_list(fixture.conn, workspace, filter, &fixture.arena, rows, &count));
	read_end(fixture.conn);
	return count;
}

static void test_lists(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct item_filter filter = {.limit = 10};
	struct made items[LISTED];
	char names[LISTED][8];
	struct item_row *rows;
	struct uuid after;
	size_t total = 0, count;

	(void)state;
	for (int i = 0; i < LISTED; i++) {
		snprintf(names[i], sizeof names[i], "%d", i);
		items[i] = make_item(&workspace, names[i], head.salt);
		if (i % 5 == 0)
			items[i].record.item.team = STR_NONE;
	}
	assert_ok(put(&workspace, items, LISTED, 0));

	while ((count = list(&workspace, &filter, &rows)) > 0) {
		for (size_t i = 0; i < count; i++) {
			assert_true(!filter.after || uuid_cmp(&rows[i].record.id, &after) > 0);
			after = rows[i].record.id;
			filter.after = &after;
		}
		total += count;
	}
	assert_int_equal(total, LISTED);

	filter = (struct item_filter){.team = STR("core"), .status = STR("open"), .limit = 100};
	assert_int_equal(list(&workspace, &filter, &rows), LISTED - 5);
	filter.stream = STR("engineering_bug");
	assert_int_equal(list(&workspace, &filter, &rows), 0);
	filter = (struct item_filter){.external_id = STR("3"), .limit = 100};
	assert_int_equal(list(&workspace, &filter, &rows), 1);
	filter.source = STR("github");
	assert_int_equal(list(&workspace, &filter, &rows), 1);
	assert_true(str_is(rows[0].record.external_id, "3"));
	filter.kind = STR("other");
	assert_int_equal(list(&workspace, &filter, &rows), 0);
	filter.kind = STR_NONE;
	filter.after = &rows[0].record.id;
	assert_int_equal(list(&workspace, &filter, &rows), 0);
}

/* ---- an id that belongs to another pair ---- */

static void test_identity_is_guarded(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct made item = make_item(&workspace, "1", head.salt);
	struct made other = make_item(&workspace, "2", head.salt);

	(void)state;
	assert_ok(put(&workspace, &item, 1, 0));
	other.record.id = item.record.id;
	/* As a change of what is there, and as something new. */
	assert_int_equal(put(&workspace, &other, 1, 1), ERR_CONFLICT);
	assert_int_equal(put(&workspace, &other, 1, 0), ERR_CONFLICT);
	assert_int_equal(fixture_head(&workspace).revision, 1);
}

/* ---- rows that are sent before all are made ---- */

enum { MANY = 1000 };

/* Begins a change of many new items behind one that is there; not committed. */
static struct tx *send_many(const struct uuid *workspace, struct made *known, struct change *change)
{
	struct tx *tx = fixture_change(workspace, change);
	struct items_batch *batch;
	size_t most = 0;

	assert_ok(items_batch_new(change, &batch));
	add(batch, known, 1);
	for (int i = 0; i < MANY; i++) {
		char name[16];
		struct made made;
		size_t bytes;

		snprintf(name, sizeof name, "many %d", i);
		made = make_item(workspace, name, change->salt);
		add(batch, &made, change->revision);
		assert_ok(items_batch_send(batch));
		bytes = rows_bytes(change->rows[HISTORY_item_versions]);
		most = bytes > most ? bytes : most;
	}
	items_batch_free(batch);
	assert_int_equal(rows_count(change->rows[HISTORY_item_versions]), MANY + 1);
	/* They were not kept until the end. */
	assert_true(most > 0 && most < (size_t)MANY * 250);
	return tx;
}

static void test_sent_on_the_way(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct made item = make_item(&workspace, "1", head.salt);
	struct item_filter filter = {.limit = 2 * MANY};
	struct item_row *rows;
	struct change change;
	struct tx *tx;

	(void)state;
	assert_ok(put(&workspace, &item, 1, 0));
	tx = send_many(&workspace, &item, &change);
	tx_rollback(tx);
	change_release(&change);
	assert_int_equal(list(&workspace, &filter, &rows), 1);
	assert_int_equal(rows[0].record.revision, 1);

	tx = send_many(&workspace, &item, &change);
	assert_ok(fixture_commit(tx, &change));
	assert_int_equal(list(&workspace, &filter, &rows), MANY + 1);
	for (size_t i = 0; i <= MANY; i++)
		assert_int_equal(rows[i].record.revision, 2);
}

/* ---- streams ---- */

struct seen {
	int64_t revisions[8];
	size_t count;
	size_t stop_after;
	struct str title;
	char first_title[32];
	struct sha256 ref; /* of the last one that was copied */
};

static bool see(void *self, const struct item_row *row)
{
	struct seen *seen = self;

	assert_true(seen->count < 8);
	assert_true(str_is(row->text.assignee, "somebody"));
	snprintf(seen->first_title, sizeof seen->first_title, "%.*s", STR_ARG(row->text.title));
	seen->revisions[seen->count++] = row->record.revision;
	return seen->count != seen->stop_after;
}

static bool see_copied(void *self, const struct item_row *row)
{
	struct seen *seen = self;

	assert_true(seen->count < 8);
	assert_null(row->text.title.ptr);
	assert_true(row->has_text);
	seen->ref = row->text_ref;
	seen->revisions[seen->count++] = row->record.revision;
	return seen->count != seen->stop_after;
}

static bool see_text(void *self, const struct sha256 *ref, const struct item_text *text)
{
	struct seen *seen = self;

	assert_true(str_is(text->assignee, "somebody"));
	if (sha256_same(ref, &seen->ref))
		snprintf(seen->first_title, sizeof seen->first_title, "%.*s", STR_ARG(text->title));
	return true;
}

static int64_t sum(const struct seen *seen)
{
	int64_t total = 0;

	for (size_t i = 0; i < seen->count; i++)
		total += seen->revisions[i];
	return total;
}

static void test_scan(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct made items[3] = {make_item(&workspace, "1", head.salt),
		make_item(&workspace, "2", head.salt), make_item(&workspace, "3", head.salt)};
	struct seen seen = {.count = 0};

	(void)state;
	assert_ok(put(&workspace, items, 3, 0));
	assert_ok(put(&workspace, &items[1], 1, 1));
	assert_ok(put(&workspace, items, 2, 1));

	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(item_versions_scan(fixture.conn, &workspace, 0, 3, see, &seen));
	assert_int_equal(seen.count, 3);
	assert_int_equal(sum(&seen), 3 + 3 + 1);
	assert_string_equal(seen.first_title, "Title ☃");
	seen = (struct seen){.count = 0};
	assert_ok(item_versions_scan(fixture.conn, &workspace, 1, 3, see, &seen));
	assert_int_equal(seen.count, 2);
	assert_int_equal(sum(&seen), 3 + 3);
	seen = (struct seen){.count = 0};
	assert_ok(item_versions_scan(fixture.conn, &workspace, 3, 3, see, &seen));
	assert_int_equal(seen.count, 0);
	seen = (struct seen){.stop_after = 1};
	assert_int_equal(
		item_versions_scan(fixture.conn, &workspace, 0, 3, see, &seen), ERR_NO_MEMORY);
	assert_int_equal(seen.count, 1);
	read_end(fixture.conn);
}

static void test_copy(void **state)
{
	struct uuid workspace = fixture_workspace(), other = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct head others = fixture_head(&other);
	struct made items[2] = {
		make_item(&workspace, "1", head.salt), make_item(&workspace, "2", head.salt)};
	struct made foreign = make_item(&other, "1", others.salt);
	struct seen seen = {.count = 0};

	(void)state;
	assert_ok(put(&workspace, items, 2, 0));
	assert_ok(put(&workspace, items, 1, 1));
	assert_ok(put(&other, &foreign, 1, 0));
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(item_versions_copy(fixture.conn, 2, see_copied, &seen));
	assert_int_equal(seen.count, 3);
	assert_int_equal(sum(&seen), 1 + 1 + 2);
	assert_ok(item_texts_copy(fixture.conn, see_text, &seen));
	assert_string_equal(seen.first_title, "Title ☃");
	seen = (struct seen){.count = 0};
	assert_ok(item_versions_copy(fixture.conn, 1, see_copied, &seen));
	assert_int_equal(sum(&seen), 1 + 1);
	seen = (struct seen){.count = 0};
	assert_ok(item_versions_copy(fixture.conn, 0, see_copied, &seen));
	assert_int_equal(seen.count, 0);
	/* The transaction goes on behind it. */
	assert_ok(item_versions_scan(fixture.conn, &workspace, 1, 2, see, &seen));
	assert_int_equal(seen.count, 1);
	seen = (struct seen){.stop_after = 1};
	assert_int_equal(item_versions_copy(fixture.conn, 2, see_copied, &seen), ERR_NO_MEMORY);
	assert_int_equal(seen.count, 1);
	read_end(fixture.conn);
	/* And the connection is good for another. */
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(head_read(fixture.conn, &workspace, &head));
	read_end(fixture.conn);
	assert_int_equal(head.revision, 2);
}

/* ---- what is derived ---- */

/* With the triggers off. */
static void tamper(const char *format, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE], sql[512];

	snprintf(sql, sizeof sql, format, uuid_to_text(id, text));
	fixture_do(fixture.admin, "SET session_replication_role = replica");
	fixture_do(fixture.admin, sql);
	fixture_do(fixture.admin, "SET session_replication_role = DEFAULT");
}

static int64_t compare(const struct uuid *workspace, struct uuid *example)
{
	int64_t different;

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(items_compare(fixture.conn, workspace, &different, example));
	read_end(fixture.conn);
	return different;
}

static void test_compare_items(void **state)
{
	struct uuid workspace = fixture_workspace(), example;
	struct head head = fixture_head(&workspace);
	struct made items[2] = {
		make_item(&workspace, "1", head.salt), make_item(&workspace, "2", head.salt)};

	(void)state;
	assert_ok(put(&workspace, items, 2, 0));
	items[0].record.item.status = STR("done");
	assert_ok(put(&workspace, items, 1, 1));
	assert_int_equal(compare(&workspace, &example), 0);
	tamper("UPDATE winnow.items SET team = NULL WHERE item_id = '%s'", &items[1].record.id);
	assert_int_equal(compare(&workspace, &example), 1);
	assert_memory_equal(&example, &items[1].record.id, sizeof example);
	tamper("DELETE FROM winnow.items WHERE item_id = '%s'", &items[0].record.id);
	assert_int_equal(compare(&workspace, &example), 2);
}

static int64_t compare_texts(const struct uuid *workspace, struct sha256 *example)
{
	int64_t different;

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(texts_compare(fixture.conn, workspace, &different, example));
	read_end(fixture.conn);
	return different;
}

static void test_compare_texts(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct head head = fixture_head(&workspace);
	struct made item = make_item(&workspace, "1", head.salt);
	struct sha256 example;

	(void)state;
	assert_ok(put(&workspace, &item, 1, 0));
	/* The same text again is stored once. */
	assert_ok(put(&workspace, &item, 1, 1));
	assert_int_equal(compare_texts(&workspace, &example), 0);
	tamper("UPDATE winnow.item_texts SET title = 'other' WHERE workspace_id = '%s'",
		&workspace);
	assert_int_equal(compare_texts(&workspace, &example), 1);
	assert_memory_equal(&example, &item.storable.text_ref, sizeof example);
	/* Empty is wrong, unless an erasure names it. */
	tamper("UPDATE winnow.item_texts SET title = NULL, assignee = NULL WHERE workspace_id = "
	       "'%s'",
		&workspace);
	assert_int_equal(compare_texts(&workspace, &example), 1);
	tamper("INSERT INTO winnow.erasure_texts SELECT workspace_id, gen_random_uuid(), ref, 1 "
	       "FROM winnow.item_texts WHERE workspace_id = '%s'",
		&workspace);
	assert_int_equal(compare_texts(&workspace, &example), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_through_time),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_identity_is_guarded),
		cmocka_unit_test(test_sent_on_the_way),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_compare_items),
		cmocka_unit_test(test_compare_texts),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
