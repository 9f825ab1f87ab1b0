/*
 * Memory running out is an answer, not an end: each allocation of a ranking is made to fail once,
 * and every time the ranking says so and leaves nothing behind.
 */
#include "backlog.h"

static size_t allocations_left;

static bool may_allocate(void)
{
	if (allocations_left == 0)
		return false;
	allocations_left--;
	return true;
}

static void *failing_calloc(size_t count, size_t size)
{
	return may_allocate() ? calloc(count, size) : NULL;
}

static void *failing_reallocarray(void *memory, size_t count, size_t size)
{
	return may_allocate() ? reallocarray(memory, count, size) : NULL;
}

/* The sources themselves, under other names so that they do not meet the library's. */
#define wn_rank failing_rank
#define wn_ranking_release failing_release
#define wn_preference_order failing_preference_order
#define wn_precedence_apply failing_precedence_apply
#define calloc failing_calloc
#define reallocarray failing_reallocarray
/* Declared here, since the header was read before the names changed. */
bool failing_rank(const struct wn_rank_input *input, struct wn_ranking *out);
void failing_release(struct wn_ranking *ranking);
#include "engine/precedence.c"
#include "engine/rank.c"
#include "engine/sort.c"
#undef calloc
#undef reallocarray

/* How many allocations a ranking makes, having failed at each of them. */
static size_t fail_at_each(const struct backlog *b)
{
	struct wn_rank_input input = backlog_input(b);

	for (size_t allowed = 0;; allowed++) {
		struct wn_ranking ranking;

		allocations_left = allowed;
		if (failing_rank(&input, &ranking)) {
			assert_int_equal(allocations_left, 0);
			failing_release(&ranking);
			return allowed;
		}
		assert_null(ranking.order);
		assert_null(ranking.rank);
		assert_null(ranking.carries);
		assert_null(ranking.cycle);
		assert_int_equal(ranking.count, 0);
	}
}

static void test_out_of_memory(void **state)
{
	struct backlog b = backlog_new(5, 4);

	(void)state;
	for (size_t row = 0; row < b.rows; row++)
		backlog_set_id(&b, row, row);
	for (uint32_t i = 0; i < 4; i++)
		b.score[i] = -(double)i;
	b.edges[0] = (struct wn_edge){.blocked = 0, .blocker = 3};
	b.edges[1] = (struct wn_edge){.blocked = 1, .blocker = 2};
	b.edges[2] = (struct wn_edge){.blocked = 2, .blocker = 1};
	b.edges[3] = (struct wn_edge){.blocked = 4, .blocker = 4};
	assert_true(fail_at_each(&b) > 15);
	b.edge_count = 0;
	assert_true(fail_at_each(&b) >= 5);
	backlog_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("engine/memory", tests, NULL, NULL);
}
