/*
 * Overrides with their ends, comparisons and kept rankings: what is written comes back, as of any
 * revision and since any, with its text as long as that is there, and in its own workspace alone.
 */
#include "fixture.h"

#include <math.h>

static const struct str reason = {"The customer waits for it.", 26};

static struct uuid id_of(unsigned char first, unsigned char last)
{
	return (struct uuid){{first, [15] = last}};
}

static struct override_row override_of(unsigned char number, const char *kind)
{
	return (struct override_row){
		.id = id_of(number, 1),
		.item = id_of(number, 2),
		.kind = str_from(kind),
		.delta = NAN,
		.made_us = fixture.now_us,
		.expires_us = fixture.now_us + 1000,
		.author = STR("token:x"),
		.model_version = 1,
		.justification = reason,
	};
}

/* Writes one override, in a revision of its own. */
static void write_override(const struct uuid *workspace, const struct override_row *override)
{
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	assert_ok(override_append(&change, override));
	assert_ok(fixture_commit(tx, &change));
}

static enum error end_override(const struct uuid *workspace, const struct uuid *id)
{
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	assert_ok(override_end_append(&change, id, "revoked", "token:y"));
	return fixture_commit(tx, &change);
}

static size_t load(
	const struct uuid *workspace, int64_t since, int64_t upto, struct override_row **out)
{
	size_t count;

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(
		overrides_load(fixture.conn, workspace, since, upto, &fixture.arena, out, &count));
	read_end(fixture.conn);
	return count;
}

static size_t list(
	const struct uuid *workspace, struct override_filter filter, struct override_row **out)
{
	size_t count;

	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(overrides_list(fixture.conn, workspace, &filter, &fixture.arena, out, &count));
	read_end(fixture.conn);
	return count;
}

static const struct override_filter any = {
	.active = -1, .before_revision = INT64_MAX, .limit = 100};

/* ---- overrides ---- */

static void an_override_comes_back_whole(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct override_row full = override_of(1, "pin"), bare = override_of(2, "exclude");
	struct override_row *got, read;

	(void)state;
	full.rank = 7;
	full.delta = -2.5;
	full.band = STR("ready");
	full.target = id_of(9, 9);
	full.author_team = STR("payments");
	full.model_version = 3;
	full.rank_before = 41;
	full.band_before = STR("icebox");
	full.justification = STR("naïve \"☃\" \\ reason\n");
	full.link = STR("https://example.com/a?b=c");
	write_override(&workspace, &full);
	write_override(&workspace, &bare);

	assert_int_equal(list(&workspace, any, &got), 2);
	assert_true(str_is(got[0].kind, "exclude")); /* the newest first */
	assert_null(got[0].link.ptr);
	assert_null(got[0].author_team.ptr);
	assert_null(got[0].band.ptr);
	assert_true(isnan(got[0].delta));
	assert_int_equal(got[0].rank, 0);
	read = got[1];
	assert_int_equal(read.revision, 1);
	assert_memory_equal(&read.id, &full.id, sizeof read.id);
	assert_memory_equal(&read.item, &full.item, sizeof read.item);
	assert_memory_equal(&read.target, &full.target, sizeof read.target);
	assert_int_equal(read.rank, 7);
	assert_true(read.delta == -2.5);
	assert_true(str_is(read.band, "ready"));
	assert_true(str_is(read.band_before, "icebox"));
	assert_true(str_is(read.author_team, "payments"));
	assert_true(str_is(read.author, "token:x"));
	assert_int_equal(read.model_version, 3);
	assert_int_equal(read.rank_before, 41);
	assert_int_equal(read.made_us, fixture.now_us);
	assert_int_equal(read.expires_us, fixture.now_us + 1000);
	assert_true(str_eq(read.justification, full.justification));
	assert_true(str_eq(read.link, full.link));
	assert_int_equal(read.ended_revision, 0);
	assert_int_equal(read.ended_us, TIME_NONE);
	assert_null(read.end_reason.ptr);
}

static void an_end_is_seen_from_its_revision_on(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct override_row first = override_of(1, "exclude"), second = override_of(2, "defer");
	struct override_row *got;

	(void)state;
	write_override(&workspace, &first);
	write_override(&workspace, &second);
	assert_ok(end_override(&workspace, &first.id));
	/* Once is enough. */
	assert_int_equal(end_override(&workspace, &first.id), ERR_CONFLICT);

	assert_int_equal(load(&workspace, 0, 1, &got), 1);
	assert_int_equal(load(&workspace, 0, 2, &got), 2);
	assert_int_equal(got[0].revision, 1);
	assert_int_equal(got[0].ended_revision, 0);
	assert_null(got[0].justification.ptr); /* the picture has no use for it */
	/* What has ended is not loaded: there is ever more of that. */
	assert_int_equal(load(&workspace, 0, 3, &got), 1);
	assert_true(str_is(got[0].kind, "defer"));
	assert_int_equal(got[0].ended_revision, 0);

	/* Behind a revision: what was made there, and what ended there. */
	assert_int_equal(load(&workspace, 1, 2, &got), 1);
	assert_true(str_is(got[0].kind, "defer"));
	assert_int_equal(load(&workspace, 2, 3, &got), 1);
	assert_true(str_is(got[0].kind, "exclude"));
	assert_int_equal(got[0].ended_revision, 3);
	assert_int_equal(got[0].ended_us, fixture.now_us);
	assert_true(str_is(got[0].end_reason, "revoked"));
	assert_true(str_is(got[0].ended_by, "token:y"));
	assert_int_equal(load(&workspace, 1, INT64_MAX, &got), 2);
	assert_int_equal(load(&workspace, 3, INT64_MAX, &got), 0);
}

static void a_list_is_filtered_and_paged(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct override_filter filter = any;
	struct override_row *got, overrides[4];
	struct change change;
	struct tx *tx;

	(void)state;
	tx = fixture_change(&workspace, &change);
	for (unsigned char i = 0; i < 4; i++) {
		overrides[i] = override_of((unsigned char)(i + 1), i % 2 ? "exclude" : "defer");
		overrides[i].expires_us = fixture.now_us + i; /* 0: expired already */
		assert_ok(override_append(&change, &overrides[i]));
	}
	assert_ok(fixture_commit(tx, &change));
	assert_ok(end_override(&workspace, &overrides[3].id));

	filter.item = &overrides[2].item;
	assert_int_equal(list(&workspace, filter, &got), 1);
	assert_memory_equal(&got[0].id, &overrides[2].id, sizeof got[0].id);
	filter = any;
	filter.kind = STR("exclude");
	assert_int_equal(list(&workspace, filter, &got), 2);
	filter = any;
	filter.now_us = fixture.now_us;
	filter.active = 1; /* neither expired nor ended */
	assert_int_equal(list(&workspace, filter, &got), 2);
	assert_memory_equal(&got[0].id, &overrides[2].id, sizeof got[0].id);
	assert_memory_equal(&got[1].id, &overrides[1].id, sizeof got[1].id);
	filter.active = 0;
	assert_int_equal(list(&workspace, filter, &got), 2);
	assert_memory_equal(&got[0].id, &overrides[3].id, sizeof got[0].id);
	assert_memory_equal(&got[1].id, &overrides[0].id, sizeof got[1].id);

	/* Two pages of one revision; what comes after the last is nothing. */
	filter = any;
	filter.limit = 3;
	assert_int_equal(list(&workspace, filter, &got), 3);
	filter.before_revision = got[2].revision;
	filter.before_id = &got[2].id;
	assert_int_equal(list(&workspace, filter, &got), 1);
	assert_memory_equal(&got[0].id, &overrides[0].id, sizeof got[0].id);
	filter.before_id = &got[0].id;
	assert_int_equal(list(&workspace, filter, &got), 0);
}

static bool named(const struct expired_workspace *found, size_t count, const struct uuid *id)
{
	for (size_t i = 0; i < count; i++)
		if (uuid_cmp(&found[i].id, id) == 0)
			return true;
	return false;
}

static void remove_workspace(const struct uuid *workspace)
{
	struct tx *tx;

	assert_ok(tx_begin(fixture.conn, workspace, &tx));
	assert_ok(workspace_head_remove(tx, workspace));
	assert_ok(tx_commit(tx));
}

static void expired(const struct expiry_span *span, const struct uuid *after, size_t limit,
	struct expired_workspace **out, size_t *count)
{
	assert_ok(read_begin(fixture.conn, &system_workspace));
	assert_ok(overrides_expired(fixture.conn, span, after, limit, &fixture.arena, out, count));
	read_end(fixture.conn);
}

static void the_expired_are_found_in_all_workspaces(void **state)
{
	static const struct uuid first;
	struct uuid due = fixture_workspace(), ended = fixture_workspace();
	struct uuid later = fixture_workspace(), removed = fixture_workspace();
	struct override_row override = override_of(1, "exclude");
	struct expiry_span span = {override.expires_us - 1, override.expires_us};
	struct expired_workspace *found;
	struct uuid *ids;
	size_t count;

	(void)state;
	write_override(&due, &override);
	write_override(&ended, &override);
	write_override(&removed, &override);
	assert_ok(end_override(&ended, &override.id));
	remove_workspace(&removed);
	override.expires_us++;
	write_override(&later, &override);

	expired(&span, &first, 1000, &found, &count);
	assert_true(named(found, count, &due));
	assert_false(named(found, count, &ended));
	assert_false(named(found, count, &later));
	assert_false(named(found, count, &removed));

	/* One after the other, by id. */
	for (size_t i = 0; i < count; i++) {
		struct expired_workspace *next;
		size_t one;

		expired(&span, i ? &found[i - 1].id : &first, 1, &next, &one);
		assert_int_equal(one, 1);
		assert_memory_equal(&next->id, &found[i].id, sizeof next->id);
		assert_int_equal(next->first_us, found[i].first_us);
	}
	expired(&span, &found[count - 1].id, 1000, &found, &count);
	assert_int_equal(count, 0);

	assert_ok(read_begin(fixture.conn, &due));
	assert_ok(overrides_due(fixture.conn, &due, &span, &fixture.arena, &ids, &count));
	assert_int_equal(count, 1);
	assert_memory_equal(&ids[0], &override.id, sizeof ids[0]);
	span.until_us--;
	span.since_us--;
	assert_ok(overrides_due(fixture.conn, &due, &span, &fixture.arena, &ids, &count));
	assert_int_equal(count, 0);
	/* What the span begins with is not in it. */
	span = (struct expiry_span){span.until_us + 1, span.until_us + 100};
	assert_ok(overrides_due(fixture.conn, &due, &span, &fixture.arena, &ids, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
	expired(&span, &first, 1000, &found, &count);
	assert_false(named(found, count, &due));
	assert_true(named(found, count, &later));
}

static void those_in_force_are_counted(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct override_row override = override_of(1, "exclude");
	int64_t count;

	(void)state;
	write_override(&workspace, &override);
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(overrides_in_force(fixture.conn, &workspace, override.expires_us - 1, &count));
	assert_int_equal(count, 1);
	assert_ok(overrides_in_force(fixture.conn, &workspace, override.expires_us, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
	assert_ok(end_override(&workspace, &override.id));
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(overrides_in_force(fixture.conn, &workspace, override.expires_us - 1, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

static void an_erased_text_is_absent(void **state)
{
	struct uuid workspace = fixture_workspace();
	struct override_row override = override_of(1, "exclude"), got;

	(void)state;
	override.justification = STR("erase me, please");
	write_override(&workspace, &override);
	fixture_do(fixture.admin,
		"UPDATE winnow.item_texts SET notes = NULL WHERE notes LIKE '%erase me%'");
	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(override_read(fixture.conn, &workspace, &override.id, &fixture.arena, &got));
	read_end(fixture.conn);
	assert_null(got.justification.ptr);
	assert_null(got.link.ptr);
}

static void another_workspace_sees_nothing(void **state)
{
	struct uuid workspace = fixture_workspace(), other = fixture_workspace();
	struct override_row override = override_of(1, "exclude"), got, *rows;
	size_t count;

	(void)state;
	write_override(&workspace, &override);
	assert_int_equal(list(&other, any, &rows), 0);
	assert_int_equal(load(&other, 0, INT64_MAX, &rows), 0);
	assert_ok(read_begin(fixture.conn, &other));
	assert_int_equal(override_read(fixture.conn, &other, &override.id, &fixture.arena, &got),
		ERR_NOT_FOUND);
	/* Not even by asking for it under the wrong scope. */
	assert_int_equal(
		override_read(fixture.conn, &workspace, &override.id, &fixture.arena, &got),
		ERR_NOT_FOUND);
	assert_ok(overrides_load(
		fixture.conn, &workspace, 0, INT64_MAX, &fixture.arena, &rows, &count));
	assert_int_equal(count, 0);
	read_end(fixture.conn);
}

/* ---- comparisons ---- */

static void comparisons_come_back_by_sort(void **state)
{
	struct uuid workspace = fixture_workspace();
	const struct comparison_row items = {.id = id_of(1, 1),
		.before = id_of(1, 2),
		.after = id_of(1, 3),
		.ratio = NAN,
		.made_us = fixture.now_us,
		.author = STR("token:x")};
	const struct comparison_row criteria = {.id = id_of(2, 1),
		.before_name = STR("reach"),
		.after_name = STR("effort"),
		.ratio = 4.5,
		.made_us = fixture.now_us,
		.author = STR("token:y")};
	const struct uuid greater = id_of(3, 1);
	struct comparison_filter filter = {
		.criteria = -1, .before_revision = INT64_MAX, .limit = 10};
	struct comparison_row *got;
	struct change change;
	struct tx *tx;
	size_t count;

	(void)state;
	tx = fixture_change(&workspace, &change);
	assert_ok(comparison_append(&change, &items));
	assert_ok(fixture_commit(tx, &change));
	tx = fixture_change(&workspace, &change);
	assert_ok(comparison_append(&change, &criteria));
	assert_ok(fixture_commit(tx, &change));

	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(comparisons_load(
		fixture.conn, &workspace, false, 0, INT64_MAX, &fixture.arena, &got, &count));
	assert_int_equal(count, 1);
	assert_memory_equal(&got[0].before, &items.before, sizeof got[0].before);
	assert_memory_equal(&got[0].after, &items.after, sizeof got[0].after);
	assert_null(got[0].before_name.ptr);
	assert_true(isnan(got[0].ratio));
	assert_int_equal(got[0].revision, 1);
	assert_ok(comparisons_load(
		fixture.conn, &workspace, true, 0, INT64_MAX, &fixture.arena, &got, &count));
	assert_int_equal(count, 1);
	assert_true(str_is(got[0].before_name, "reach"));
	assert_true(str_is(got[0].after_name, "effort"));
	assert_true(got[0].ratio == 4.5);
	assert_true(str_is(got[0].author, "token:y"));
	assert_int_equal(got[0].made_us, fixture.now_us);
	assert_ok(comparisons_load(
		fixture.conn, &workspace, true, 0, 1, &fixture.arena, &got, &count));
	assert_int_equal(count, 0);
	assert_ok(comparisons_load(
		fixture.conn, &workspace, true, 2, 5, &fixture.arena, &got, &count));
	assert_int_equal(count, 0);
	assert_ok(
		comparisons_list(fixture.conn, &workspace, &filter, &fixture.arena, &got, &count));
	assert_int_equal(count, 2);
	assert_int_equal(got[0].revision, 2);
	filter.criteria = 0;
	assert_ok(
		comparisons_list(fixture.conn, &workspace, &filter, &fixture.arena, &got, &count));
	assert_int_equal(count, 1);
	assert_null(got[0].before_name.ptr);
	filter.criteria = 1;
	assert_ok(
		comparisons_list(fixture.conn, &workspace, &filter, &fixture.arena, &got, &count));
	assert_int_equal(count, 1);
	assert_true(str_is(got[0].before_name, "reach"));
	/* Behind a place within a revision. */
	filter = (struct comparison_filter){
		.criteria = -1, .before_revision = 2, .before_id = &criteria.id, .limit = 10};
	assert_ok(
		comparisons_list(fixture.conn, &workspace, &filter, &fixture.arena, &got, &count));
	assert_int_equal(count, 1);
	assert_int_equal(got[0].revision, 1);
	filter.before_id = &greater;
	assert_ok(
		comparisons_list(fixture.conn, &workspace, &filter, &fixture.arena, &got, &count));
	assert_int_equal(count, 2);
	read_end(fixture.conn);
}

/* ---- kept rankings ---- */

static struct ranked_item entry_at(int64_t rank)
{
	struct ranked_item item = {.score = rank % 7 ? (double)rank / 3 : (double)NAN,
		.band = (uint8_t)(rank % 3),
		.flags = (uint8_t)(rank % 8)};

	memcpy(item.id.bytes, &rank, sizeof rank);
	return item;
}

static void append_entries(struct change *change, struct str id, int64_t total)
{
	static unsigned char bytes[RANKING_CHUNK_ITEMS * RANKED_ITEM_BYTES];

	for (int64_t first = 1; first <= total; first += RANKING_CHUNK_ITEMS) {
		size_t count = 0;

		for (int64_t rank = first; rank <= total && rank < first + RANKING_CHUNK_ITEMS;
			rank++) {
			struct ranked_item item = entry_at(rank);

			ranked_item_bytes(&item, bytes + count++ * RANKED_ITEM_BYTES);
		}
		assert_ok(ranking_chunk_append(change, id, first,
			(struct str){(const char *)bytes, count * RANKED_ITEM_BYTES}));
	}
}

static void check_page(
	const struct uuid *workspace, struct str id, int64_t from, size_t asked, size_t expected)
{
	struct ranked_item *got;
	size_t found;

	assert_ok(ranking_entries(
		fixture.conn, workspace, id, from, asked, &fixture.arena, &got, &found));
	assert_int_equal(found, expected);
	for (size_t i = 0; i < found; i++) {
		struct ranked_item item = entry_at(from + (int64_t)i);

		assert_memory_equal(&got[i].id, &item.id, sizeof item.id);
		assert_int_equal(isnan(got[i].score), isnan(item.score));
		if (!isnan(item.score))
			assert_true(got[i].score == item.score);
		assert_int_equal(got[i].band, item.band);
		assert_int_equal(got[i].flags, item.flags);
	}
}

/* As many as must be sent in several parts. */
static void a_ranking_comes_back_by_pages(void **state)
{
	enum { TOTAL = 200500 };
	struct ranking_row ranking = {.id = STR("12.345"),
		.receipt = {.revision = 12,
			.as_of_us = INT64_C(345) * 60 * US_PER_S,
			.model = 2,
			.policy = 5,
			.engine = "1.2.3",
			.libm = "glibc 2.36",
			.item_count = TOTAL,
			.order = {{1, 2, 3}}},
		.note = STR("before the move"),
		.kept_by = STR("token:x"),
		.kept_us = fixture.now_us};
	struct uuid workspace = fixture_workspace();
	struct ranking_row got, *rows;
	struct change change;
	struct tx *tx;
	size_t count;

	(void)state;
	tx = fixture_change(&workspace, &change);
	assert_ok(ranking_append(&change, &ranking));
	append_entries(&change, ranking.id, TOTAL);
	assert_ok(fixture_commit(tx, &change));
	ranking.id = STR("13.345");
	ranking.note = STR_NONE;
	ranking.receipt.libm[0] = '\0';
	tx = fixture_change(&workspace, &change);
	assert_ok(ranking_append(&change, &ranking));
	assert_ok(fixture_commit(tx, &change));

	assert_ok(read_begin(fixture.conn, &workspace));
	assert_ok(ranking_read(fixture.conn, &workspace, STR("12.345"), &fixture.arena, &got));
	assert_true(str_is(got.note, "before the move"));
	assert_true(str_is(got.kept_by, "token:x"));
	assert_int_equal(got.kept_us, fixture.now_us);
	assert_int_equal(got.revision, 1);
	assert_int_equal(got.receipt.revision, 12);
	assert_int_equal(got.receipt.as_of_us, ranking.receipt.as_of_us);
	assert_int_equal(got.receipt.model, 2);
	assert_int_equal(got.receipt.policy, 5);
	assert_string_equal(got.receipt.engine, "1.2.3");
	assert_string_equal(got.receipt.libm, "glibc 2.36");
	assert_int_equal(got.receipt.item_count, TOTAL);
	assert_memory_equal(&got.receipt.order, &ranking.receipt.order, SHA256_BYTES);
	assert_int_equal(
		ranking_read(fixture.conn, &workspace, STR("12.346"), &fixture.arena, &got),
		ERR_NOT_FOUND);

	assert_ok(rankings_list(
		fixture.conn, &workspace, INT64_MAX, 10, &fixture.arena, &rows, &count));
	assert_int_equal(count, 2);
	assert_true(str_is(rows[0].id, "13.345"));
	assert_null(rows[0].note.ptr);
	assert_string_equal(rows[0].receipt.libm, "");
	assert_ok(rankings_list(fixture.conn, &workspace, 2, 10, &fixture.arena, &rows, &count));
	assert_int_equal(count, 1);

	check_page(&workspace, STR("12.345"), 1, 1, 1);
	check_page(&workspace, STR("12.345"), 1000, 2, 2);
	check_page(&workspace, STR("12.345"), 999, 2003, 2003);
	check_page(&workspace, STR("12.345"), TOTAL, 10, 1);
	check_page(&workspace, STR("12.345"), TOTAL + 1, 10, 0);
	check_page(&workspace, STR("12.345"), 1, TOTAL + 10, TOTAL);
	check_page(&workspace, STR("13.345"), 1, 10, 0);
	read_end(fixture.conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_override_comes_back_whole),
		cmocka_unit_test(an_end_is_seen_from_its_revision_on),
		cmocka_unit_test(a_list_is_filtered_and_paged),
		cmocka_unit_test(the_expired_are_found_in_all_workspaces),
		cmocka_unit_test(those_in_force_are_counted),
		cmocka_unit_test(an_erased_text_is_absent),
		cmocka_unit_test(another_workspace_sees_nothing),
		cmocka_unit_test(comparisons_come_back_by_sort),
		cmocka_unit_test(a_ranking_comes_back_by_pages),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests_name(
		"store/decisions", tests, fixture_setup, fixture_teardown);
}
