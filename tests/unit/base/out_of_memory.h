/*
 * Lets the n-th allocation of this thread fail, so that a test can walk through every place where
 * memory may run out. Include it in one file of a test program: it takes malloc's place. Sanitizers
 * do that themselves, so nothing fails there; valgrind does too. Shape of a test:
 *
 *	for (long n = 0;; n++) {
 *		oom_begin(n);
 *		good = thing();
 *		if (!oom_end())
 *			break;		it was never short of memory: the result must be right
 *		…			it was: the result must be an orderly failure
 *	}
 */
#ifndef TESTS_UNIT_BASE_OUT_OF_MEMORY_H
#define TESTS_UNIT_BASE_OUT_OF_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define OOM_OFF
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define OOM_OFF
#endif

static _Thread_local long oom_countdown = -1;
static _Thread_local bool oom_happened;

static inline void oom_begin(long nth)
{
	oom_happened = false;
	oom_countdown = nth;
}

/* True when an allocation has failed since oom_begin. */
static inline bool oom_end(void)
{
	oom_countdown = -1;
	return oom_happened;
}

#ifdef OOM_OFF

/* There, an allocation of an impossible size would end the test; it must be refused instead. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

#else

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t bytes);

static bool oom_now(void)
{
	if (oom_countdown < 0 || oom_countdown-- > 0)
		return false;
	/* Once out, memory stays out. */
	oom_countdown = 0;
	oom_happened = true;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t bytes)
{
	return oom_now() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t size)
{
	return oom_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t bytes)
{
	return oom_now() ? NULL : __libc_realloc(old, bytes);
}

#endif
#endif
