/*
 * Random tests that can be repeated: the seed is printed, and WINNOW_TEST_SEED sets it.
 */
#ifndef TESTS_UNIT_BASE_RANDOM_H
#define TESTS_UNIT_BASE_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t random_state;

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static inline uint64_t random_u64(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 … below-1 */
static inline size_t random_below(size_t below)
{
	return (size_t)(random_u64() % below);
}

static inline void random_begin(const char *test)
{
	const char *given = getenv("WINNOW_TEST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	random_state = (uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid();
	if (given)
		random_state = strtoull(given, NULL, 0);
	printf("%s: WINNOW_TEST_SEED=%llu\n", test, (unsigned long long)random_state);
	fflush(stdout);
}

#endif
