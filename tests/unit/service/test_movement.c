/*
 * Moves between rankings whose time, words and rows differ as no client can make them differ.
 */
#include "live/workspace.h"

#include "base/clock.h"
#include "service/movement.h"

#define DAY_US (INT64_C(86400) * US_PER_S)

static void write_documents(
	const struct uuid *workspace, const struct document *documents, size_t count)
{
	struct change change;
	struct tx *tx = fixture_change(workspace, &change);

	for (size_t i = 0; i < count; i++)
		assert_ok(documents_append(&change, &documents[i]));
	assert_ok(fixture_commit(tx, &change));
}

/* A version with one rule, in force. */
static void enforce(const struct uuid *workspace, const char *version, const char *rule)
{
	char policy[512], alias[64];

	snprintf(policy, sizeof policy, "{\"name\":\"p\",\"rules\":[%s]}", rule);
	snprintf(alias, sizeof alias, "{\"policy\":%s}", version);
	write_documents(workspace,
		(const struct document[]){
			{.kind = STR("policy"),
				.name = str_from(version),
				.body = str_from(policy)},
			{.kind = STR("policy_alias"),
				.name = STR("active"),
				.body = str_from(alias)},
		},
		2);
}

/* Loaded by itself, with rows and words of its own; as of a time, or of its revision's own. */
static struct ranking *load(const struct uuid *workspace, int64_t revision, int64_t as_of_us)
{
	const struct ranking_request request = {
		.now_us = 0, .as_of_us = as_of_us, .model = -1, .policy = -1};
	struct picture *picture = picture_new(workspace);
	struct ranking *ranking;

	assert_non_null(picture);
	assert_ok(read_begin(fixture.conn, workspace));
	assert_ok(picture_load_at(picture, fixture.conn, revision));
	read_end(fixture.conn);
	assert_ok(ranking_compute(picture, &request, &ranking));
	picture_free(picture);
	return ranking;
}

/* The parts, each beside what it is to add; they add up. */
static void expect_parts(const struct ranking *from, const struct ranking *to,
	const struct uuid *item, const int64_t *ranks)
{
	struct movement *movement = movement_new(from, to);
	struct item_movement move;
	int64_t rank;

	assert_non_null(movement);
	assert_ok(movement_of(movement, item, &move));
	assert_true(move.has_parts);
	rank = move.from.rank;
	for (int cause = 0; cause < MOVEMENT_CAUSES; cause++) {
		if (move.parts[cause].ranks != ranks[cause])
			fail_msg("%s: %lld ranks, not %lld (%s)",
				movement_cause_name((enum movement_cause)cause),
				(long long)move.parts[cause].ranks, (long long)ranks[cause],
				move.parts[cause].why);
		rank += move.parts[cause].ranks;
		assert_true(move.parts[cause].rank_after == (size_t)rank);
	}
	assert_int_equal(rank, move.to.rank);
	movement_free(movement);
}

static void time_alone_moves_an_item(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record items[] = {plain_item(&workspace, "A"), plain_item(&workspace, "B"),
		plain_item(&workspace, "C")};
	int64_t base_us = fixture.now_us - fixture.now_us % MINUTE_US, revision;
	struct ranking *early, *late;

	(void)state;
	write_items(&workspace, &items[0], 1);
	write_items(&workspace, &items[1], 1);
	items[2].item.due_us = base_us + 3 * DAY_US;
	write_items(&workspace, &items[2], 1);
	enforce(&workspace, "1",
		"{\"effect\":\"pin_top\",\"id\":\"due\",\"reason\":\"It is due.\","
		"\"when\":{\"fact\":\"days_to_due\",\"lt\":1}}");
	revision = write_items(&workspace, &items[0], 1);
	early = load(&workspace, revision, base_us);
	late = load(&workspace, revision, base_us + 3 * DAY_US);
	assert_int_equal(item_standing(early, &items[2].id).rank, 3);
	assert_int_equal(item_standing(late, &items[2].id).rank, 1);
	expect_parts(early, late, &items[2].id, (const int64_t[MOVEMENT_CAUSES]){-2});
	expect_parts(late, early, &items[2].id, (const int64_t[MOVEMENT_CAUSES]){2});
	expect_parts(early, late, &items[0].id, (const int64_t[MOVEMENT_CAUSES]){1});
	ranking_unref(early);
	ranking_unref(late);
}

/* The rule of the first ranking takes the item out for what it is in the second. */
static void out_on_the_way_is_behind_the_last(void **state)
{
	static const struct str labels[] = {STR("secret"), STR("x")};
	struct uuid workspace = new_workspace();
	struct item_record items[] = {plain_item(&workspace, "A"), plain_item(&workspace, "B"),
		plain_item(&workspace, "C")};
	struct movement *movement;
	struct item_movement move;
	struct ranking *from, *to;
	int64_t revision;

	(void)state;
	enforce(&workspace, "1",
		"{\"effect\":\"exclude\",\"id\":\"out\",\"reason\":\"Not here.\","
		"\"when\":{\"contains\":\"secret\",\"fact\":\"labels\"}}");
	for (size_t i = 0; i < 3; i++)
		revision = write_items(&workspace, &items[i], 1);
	from = load(&workspace, revision, 0);
	items[0].item.labels = labels;
	items[0].item.label_count = 2;
	write_items(&workspace, &items[0], 1);
	enforce(&workspace, "2",
		"{\"effect\":\"hold\",\"id\":\"later\",\"reason\":\"Look first.\","
		"\"when\":{\"contains\":\"secret\",\"fact\":\"labels\"}}");
	revision = write_items(&workspace, &items[1], 1);
	to = load(&workspace, revision, 0);
	expect_parts(from, to, &items[0].id,
		(const int64_t[MOVEMENT_CAUSES]){[MOVED_BY_EVIDENCE] = 2, [MOVED_BY_POLICY] = -2});
	movement = movement_new(from, to);
	assert_non_null(movement);
	assert_ok(movement_of(movement, &items[0].id, &move));
	assert_true(move.parts[MOVED_BY_EVIDENCE].out_after);
	assert_true(move.parts[MOVED_BY_MODEL].out_after);
	assert_false(move.parts[MOVED_BY_POLICY].out_after);
	assert_int_equal(move.parts[MOVED_BY_EVIDENCE].rank_after, 3);
	movement_free(movement);
	ranking_unref(from);
	ranking_unref(to);
}

/* Rows of the two rankings are numbered in other ways: one was followed, the other loaded. */
static void rows_may_have_other_numbers(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record items[40];
	struct picture *picture = follow(NULL, &workspace);
	struct ranking_difference difference;
	struct movement *movement;
	struct ranking *from, *to;
	char names[40][8];
	int64_t revision;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		snprintf(names[i], sizeof names[i], "I%zu", i);
		items[i] = plain_item(&workspace, names[i]);
		write_items(&workspace, &items[i], 1);
		picture = follow(picture, &workspace);
	}
	from = rank(picture);
	items[5].item.team = STR("a team that was not there");
	revision = write_items(&workspace, &items[5], 1);
	to = load(&workspace, revision, 0);
	for (size_t i = 0; i < 40; i++)
		expect_parts(from, to, &items[i].id, (const int64_t[MOVEMENT_CAUSES]){0});
	movement = movement_new(from, to);
	assert_non_null(movement);
	assert_ok(movement_difference(movement, 10, &difference));
	assert_int_equal(
		difference.moved_count + difference.entered_count + difference.left_count, 0);
	assert_int_equal(difference.orders.common, 40);
	assert_true(difference.orders.tau == 1.0);
	ranking_difference_release(&difference);
	movement_free(movement);
	picture_free(picture);
	ranking_unref(from);
	ranking_unref(to);
}

/* What time ends is an override's end, once: what had expired before has no part in anything. */
static void an_override_expires(void **state)
{
	struct uuid workspace = new_workspace();
	struct item_record items[] = {plain_item(&workspace, "A"), plain_item(&workspace, "B"),
		plain_item(&workspace, "C")};
	int64_t base_us = fixture.now_us - fixture.now_us % MINUTE_US, revision;
	struct ranking *early, *late, *after;
	struct override_row pin;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		write_items(&workspace, &items[i], 1);
	pin = plain_override(&items[2].id, "pin");
	pin.rank = 1;
	pin.expires_us = base_us + DAY_US;
	revision = write_override(&workspace, &pin);
	early = load(&workspace, revision, base_us);
	late = load(&workspace, revision, base_us + DAY_US);
	assert_int_equal(item_standing(early, &items[2].id).rank, 1);
	assert_int_equal(item_standing(late, &items[2].id).rank, 3);
	expect_parts(early, late, &items[2].id,
		(const int64_t[MOVEMENT_CAUSES]){[MOVED_BY_OVERRIDE] = 2});
	expect_parts(late, early, &items[2].id,
		(const int64_t[MOVEMENT_CAUSES]){[MOVED_BY_OVERRIDE] = -2});
	enforce(&workspace, "1",
		"{\"effect\":\"pin_top\",\"id\":\"web\",\"reason\":\"They come first.\","
		"\"when\":{\"fact\":\"team\",\"eq\":\"web\"}}");
	items[1].item.team = STR("web");
	revision = write_items(&workspace, &items[1], 1);
	after = load(&workspace, revision, base_us + DAY_US);
	expect_parts(late, after, &items[1].id,
		(const int64_t[MOVEMENT_CAUSES]){[MOVED_BY_POLICY] = -1});
	ranking_unref(early);
	ranking_unref(late);
	ranking_unref(after);
}

static void an_item_that_neither_knows(void **state)
{
	static const struct uuid nobody = {{0xee}};
	struct uuid workspace = new_workspace();
	struct ranking *only = load(&workspace, 1, 0);
	struct movement *movement = movement_new(only, only);
	struct item_movement move;

	(void)state;
	assert_non_null(movement);
	assert_int_equal(movement_of(movement, &nobody, &move), ERR_NOT_FOUND);
	movement_free(movement);
	ranking_unref(only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_alone_moves_an_item),
		cmocka_unit_test(out_on_the_way_is_behind_the_last),
		cmocka_unit_test(rows_may_have_other_numbers),
		cmocka_unit_test(an_override_expires),
		cmocka_unit_test(an_item_that_neither_knows),
	};

	if (!fixture_wanted())
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
