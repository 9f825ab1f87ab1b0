/*
 * The gate for heavy requests: one large one of a kind for a token, two of a kind and three in all,
 * light ones beside them, and each `end` gives back a place of its own kind and token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/heavy.h"
#include "service/principal.h"

enum { CALLERS = 4 };

struct scene {
	struct service service;
	struct arena arena;
	struct diag diag;
	struct principal principals[CALLERS];
	struct call calls[CALLERS];
};

static void set_up(struct scene *scene)
{
	*scene = (struct scene){0};
	arena_init(&scene->arena, 1 << 20);
	diag_init(&scene->diag, &scene->arena);
	for (int i = 0; i < CALLERS; i++) {
		scene->principals[i].token_id.bytes[0] = (unsigned char)(i + 1);
		scene->calls[i] = (struct call){
			.service = &scene->service,
			.arena = &scene->arena,
			.diag = &scene->diag,
			.principal = &scene->principals[i],
		};
	}
}

static void memory_is_for_one_of_a_token_and_two_in_all(void **state)
{
	struct scene scene;
	const struct call *call = scene.calls;

	(void)state;
	set_up(&scene);
	assert_int_equal(heavy_begin(&call[0], HEAVY_MEMORY), ERR_OK);
	assert_int_equal(heavy_begin(&call[0], HEAVY_MEMORY), ERR_TOO_MANY_HEAVY);
	assert_int_equal(scene.diag.count, 1);
	assert_int_equal(heavy_begin(&call[1], HEAVY_MEMORY), ERR_OK);
	assert_int_equal(heavy_begin(&call[2], HEAVY_MEMORY), ERR_BUSY);
	heavy_end(&call[0], HEAVY_MEMORY);
	assert_int_equal(heavy_begin(&call[2], HEAVY_MEMORY), ERR_OK);
	/* Who holds nothing gives nothing back. */
	heavy_end(&call[0], HEAVY_MEMORY);
	assert_int_equal(heavy_begin(&call[3], HEAVY_MEMORY), ERR_BUSY);
	arena_release(&scene.arena);
}

static void work_is_for_one_of_a_token_and_two_in_all(void **state)
{
	struct scene scene;
	const struct call *call = scene.calls;

	(void)state;
	set_up(&scene);
	assert_int_equal(heavy_begin(&call[0], HEAVY_WORK), ERR_OK);
	assert_int_equal(heavy_begin(&call[0], HEAVY_WORK), ERR_TOO_MANY_HEAVY);
	assert_int_equal(heavy_begin(&call[1], HEAVY_WORK), ERR_OK);
	assert_int_equal(heavy_begin(&call[2], HEAVY_WORK), ERR_BUSY);
	heavy_end(&call[0], HEAVY_WORK);
	assert_int_equal(heavy_begin(&call[2], HEAVY_WORK), ERR_OK);
	arena_release(&scene.arena);
}

static void a_place_is_left_for_the_other_kind(void **state)
{
	struct scene scene;
	const struct call *call = scene.calls;

	(void)state;
	set_up(&scene);
	assert_int_equal(heavy_begin(&call[0], HEAVY_WORK), ERR_OK);
	assert_int_equal(heavy_begin(&call[1], HEAVY_WORK), ERR_OK);
	assert_int_equal(heavy_begin(&call[0], HEAVY_MEMORY), ERR_OK);
	assert_int_equal(heavy_begin(&call[1], HEAVY_MEMORY), ERR_BUSY); /* three in all */
	heavy_end(&call[0], HEAVY_WORK);
	assert_int_equal(heavy_begin(&call[1], HEAVY_MEMORY), ERR_OK);
	heavy_end(&call[0], HEAVY_MEMORY);
	assert_int_equal(heavy_begin(&call[0], HEAVY_WORK), ERR_OK);
	arena_release(&scene.arena);
}

static void light_ones_are_two_of_a_token_beside_all_large_ones(void **state)
{
	struct scene scene;
	const struct call *call = scene.calls;

	(void)state;
	set_up(&scene);
	assert_int_equal(heavy_begin(&call[0], HEAVY_WORK), ERR_OK);
	assert_int_equal(heavy_begin(&call[1], HEAVY_WORK), ERR_OK);
	assert_int_equal(heavy_begin(&call[2], HEAVY_MEMORY), ERR_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(heavy_begin(&call[0], HEAVY_LIGHT), ERR_OK);
		assert_int_equal(heavy_begin(&call[1], HEAVY_LIGHT), ERR_OK);
	}
	assert_int_equal(heavy_begin(&call[0], HEAVY_LIGHT), ERR_TOO_MANY_HEAVY);
	assert_int_equal(heavy_begin(&call[2], HEAVY_LIGHT), ERR_BUSY);
	heavy_end(&call[0], HEAVY_LIGHT);
	assert_int_equal(heavy_begin(&call[2], HEAVY_LIGHT), ERR_OK);
	arena_release(&scene.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_for_one_of_a_token_and_two_in_all),
		cmocka_unit_test(work_is_for_one_of_a_token_and_two_in_all),
		cmocka_unit_test(a_place_is_left_for_the_other_kind),
		cmocka_unit_test(light_ones_are_two_of_a_token_beside_all_large_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
