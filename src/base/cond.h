/*
 * Conditions that are waited for with a limit. They keep to the monotonic clock: a wait must not depend on
 * somebody setting the wall clock.
 */
#ifndef WINNOW_BASE_COND_H
#define WINNOW_BASE_COND_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

void cond_init(pthread_cond_t *cond);
/* `us` microseconds from now, for pthread_cond_timedwait. */
struct timespec cond_deadline(int64_t us);

#endif
