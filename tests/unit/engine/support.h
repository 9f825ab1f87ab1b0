/*
 * What the engine's tests share: a random source whose seed is printed (WINNOW_TEST_SEED sets
 * it), and the vector files, found from the top of the tree (WINNOW_TEST_VECTORS names another
 * folder).
 */
#ifndef WINNOW_TESTS_ENGINE_SUPPORT_H
#define WINNOW_TESTS_ENGINE_SUPPORT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "winnow/model.h"

static inline uint64_t test_seed(void)
{
	const char *given = getenv("WINNOW_TEST_SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = given ? strtoull(given, NULL, 0)
		     : (uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec;
	print_message("WINNOW_TEST_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* splitmix64 */
static inline uint64_t test_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 … bound-1 */
static inline size_t test_below(uint64_t *state, size_t bound)
{
	return (size_t)(test_random(state) % bound);
}

/* [0, 1) */
static inline double test_unit(uint64_t *state)
{
	return (double)(test_random(state) >> 11) * 0x1p-53;
}

static inline FILE *test_vectors(const char *name)
{
	const char *folder = getenv("WINNOW_TEST_VECTORS");
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "tests/vectors", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	return file;
}

static inline void *test_array(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	assert_non_null(memory);
	return memory;
}

/* Scores rows that are nothing but columns, as of the beginning of time. */
static inline void test_score(const struct wn_model *model, const double *const *columns,
	size_t column_count, size_t rows, struct wn_scores out)
{
	struct wn_rows view = {.rows = rows, .columns = columns, .column_count = column_count};

	wn_model_score_rows(model, &view, 0, out);
}

#endif
