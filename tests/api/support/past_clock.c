/*
 * Set before a process by LD_PRELOAD: its clock of the day is PAST_CLOCK_S seconds behind. So a test gets a log that is
 * old, written by the daemon as any other.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *at)
{
	const char *behind = getenv("PAST_CLOCK_S");
	int result = (int)syscall(SYS_clock_gettime, clock, at);

	if (result == 0 && clock == CLOCK_REALTIME && behind)
		at->tv_sec -= atol(behind);
	return result;
}
