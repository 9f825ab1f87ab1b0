/*
 * Memory running out while rows are placed: each allocation is made to fail once, and every time
 * the ranking says so and leaves nothing behind.
 */
#include "backlog.h"
#include "failing.h"

#include "base/bulk.h"

/* The sources themselves, under other names so that they do not meet the library's. */
#define wn_place failing_place
#define wn_place_nothing failing_place_nothing
#define wn_placement_moves failing_placement_moves
#define wn_find_breaches failing_find_breaches
#define wn_rule_places failing_rule_places
#define wn_bans_init failing_bans_init
#define wn_bans_release failing_bans_release
#define wn_bans_advance failing_bans_advance
#define wn_ban_forbids failing_ban_forbids
#define wn_bans_count failing_bans_count
#define wn_ban_full failing_ban_full
#define wn_ban_try failing_ban_try
#define wn_bans_undo failing_bans_undo
#define wn_groups_make failing_groups_make
#define wn_groups_add failing_groups_add
#define wn_groups_release failing_groups_release
#define wn_accept_befores failing_accept_befores
#define wn_place_init failing_place_init
#define wn_place_release failing_place_release
#define wn_set_eligible failing_set_eligible
#define wn_stop_waiting failing_stop_waiting
#define wn_make_run failing_make_run
#define wn_first_rule failing_first_rule
#define wn_top_rule failing_top_rule
#define wn_first_blocker failing_first_blocker
#define wn_set_fate failing_set_fate
#define wn_settle_pins failing_settle_pins
#define wn_rank failing_rank
#define wn_ranking_release failing_release
#define calloc failing_calloc
#define reallocarray failing_reallocarray
#define bulk_alloc failing_bulk
#define bulk_zero failing_calloc
/* Declared here, since their header was read before the names changed. */
bool failing_rank(const struct wn_rank_input *input, struct wn_ranking *out);
void failing_release(struct wn_ranking *ranking);
#include "engine/groups.c"
#include "engine/bans.c"
#include "engine/breaches.c"
#include "engine/place_befores.c"
#include "engine/place_fates.c"
#include "engine/place_run.c"
#include "engine/place_setup.c"
#include "engine/placement.c"
#include "engine/rank.c"
#undef calloc
#undef reallocarray
#undef bulk_alloc
#undef bulk_zero

enum { ITEMS = 6 };

/* A row that waits for its blocker, one that a limit per team forbids, a pin and a before. */
static void test_out_of_memory(void **state)
{
	uint64_t bits = 0x3f, *hit = &bits;
	const struct wn_rule rule = {
		.effect = WN_LIMIT, .rank = ITEMS, .most = 1, .per = WN_PER_TEAM};
	const struct wn_policy policy = {&rule, 1};
	const struct wn_hits hits = {&hit, 1, 1};
	const uint32_t team[ITEMS] = {1, 1, 2, 3, 4, 5};
	struct wn_rows block = {.rows = ITEMS};
	const struct wn_population population = {
		.rows = ITEMS, .blocks = &block, .block_count = 1, .block_rows = 64};
	const struct wn_pin pin = {.row = 4, .rank = 1};
	const struct wn_before before = {.row = 5, .target = 2};
	const struct wn_placement placement = {.policy = &policy,
		.hits = &hits,
		.population = &population,
		.pins = &pin,
		.pin_count = 1,
		.befores = &before,
		.before_count = 1};
	struct backlog b = backlog_new(ITEMS, 1);
	struct wn_rank_input input = backlog_input(&b);
	size_t allowed = 0;

	(void)state;
	block.words[WN_TEAM] = team;
	for (size_t row = 0; row < ITEMS; row++) {
		backlog_set_id(&b, row, row);
		b.score[row] = -(double)row;
	}
	b.edges[0] = (struct wn_edge){.blocked = 0, .blocker = 3};
	input.placement = &placement;
	for (;; allowed++) {
		static const uint32_t expected[] = {4, 3, 0, 5, 2, 1};
		struct wn_ranking ranking;

		allocations_left = allowed;
		if (!failing_rank(&input, &ranking)) {
			assert_null(ranking.order);
			assert_null(ranking.pins);
			assert_null(ranking.breaches);
			continue;
		}
		assert_int_equal(allocations_left, 0);
		assert_memory_equal(ranking.order, expected, sizeof(expected));
		assert_int_equal(ranking.breach_count, 1);
		failing_release(&ranking);
		break;
	}
	assert_true(allowed > 25);
	backlog_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("engine/placement_memory", tests, NULL, NULL);
}
