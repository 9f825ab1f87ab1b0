/*
 * What every wait with a limit is made of: conditions and their deadlines by one clock.
 */
#include "base/cond.h"

#include "base/clock.h"

/* None of these calls can fail on Linux with these arguments. */
void cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct timespec cond_deadline(int64_t us)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += us / US_PER_S;
	at.tv_nsec += us % US_PER_S * 1000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}
