/*
 * The reaper. A descriptor is only touched under the lock that also guards its removal, so it
 * cannot be another connection's by then.
 */
#include "http/deadlines.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cond.h"
#include "base/metrics.h"

enum {
	MAX_LINGERING = 256,
	LINGER_US = 2 * US_PER_S,
	LINGER_TICK_US = 20 * US_PER_MS,
	DROP_BYTES = 256 * 1024,
	DROPS_A_TICK = 16,
	GONE_US = US_PER_S / 2, /* how often to ask whether clients are still there */
};

struct lingering {
	int fd;
	int64_t until_us;
};

struct deadlines {
	struct deadlines_config config;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool stopping;
	struct watch *watches;
	int64_t gone_checked_us;
	struct lingering lingering[MAX_LINGERING];
	size_t lingering_count;
};

void watch_set(struct watch *watch, enum phase phase, int64_t deadline_us)
{
	/* First no deadline, so that the old one is never taken for the new phase's. */
	__atomic_store_n(&watch->deadline_us, DEADLINE_NONE, __ATOMIC_RELAXED);
	__atomic_store_n(&watch->phase, (int)phase, __ATOMIC_RELEASE);
	__atomic_store_n(&watch->deadline_us, deadline_us, __ATOMIC_RELEASE);
}

bool watch_claim(struct watch *watch, enum phase phase, int64_t deadline_us)
{
	int old = __atomic_load_n(&watch->phase, __ATOMIC_RELAXED);

	do {
		if (old == PHASE_EXPIRED)
			return false;
	} while (!__atomic_compare_exchange_n(
		&watch->phase, &old, (int)phase, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	__atomic_store_n(&watch->deadline_us, deadline_us, __ATOMIC_RELEASE);
	return true;
}

void watch_received(struct watch *watch, size_t bytes)
{
	__atomic_fetch_add(&watch->window_bytes, (int64_t)bytes, __ATOMIC_RELAXED);
}

void watch_add(struct deadlines *deadlines, struct watch *watch, int fd, int64_t deadline_us)
{
	watch->fd = fd;
	watch->window_bytes = 0;
	watch->prev = NULL;
	watch_set(watch, PHASE_NEW, deadline_us);
	pthread_mutex_lock(&deadlines->lock);
	watch->next = deadlines->watches;
	if (watch->next)
		watch->next->prev = watch;
	deadlines->watches = watch;
	pthread_mutex_unlock(&deadlines->lock);
}

void watch_remove(struct deadlines *deadlines, struct watch *watch)
{
	pthread_mutex_lock(&deadlines->lock);
	if (watch->next)
		watch->next->prev = watch->prev;
	if (watch->prev)
		watch->prev->next = watch->next;
	else
		deadlines->watches = watch->next;
	pthread_mutex_unlock(&deadlines->lock);
}

static bool give_up(struct watch *watch, int phase)
{
	return __atomic_compare_exchange_n(
		&watch->phase, &phase, PHASE_EXPIRED, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Nothing has been sent for this request and, the phase being ours, nothing will be. */
static void answer_late(const struct deadlines *deadlines, const struct watch *watch)
{
	struct str answer = deadlines->config.late_answer;

	if (answer.len > 0)
		(void)!send(watch->fd, answer.ptr, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool keeps_the_rate(const struct deadlines *deadlines, struct watch *watch, int64_t now_us)
{
	int64_t bytes = __atomic_exchange_n(&watch->window_bytes, 0, __ATOMIC_RELAXED);
	int64_t due_us = __atomic_load_n(&watch->deadline_us, __ATOMIC_ACQUIRE);

	if (bytes < deadlines->config.stream_bytes)
		return false;
	/* Unless the stream has just been handed to a worker. */
	__atomic_compare_exchange_n(&watch->deadline_us, &due_us,
		now_us + deadlines->config.stream_window_us, false, __ATOMIC_ACQ_REL,
		__ATOMIC_RELAXED);
	return true;
}

static void look_at(struct deadlines *deadlines, struct watch *watch, int64_t now_us)
{
	int phase;

	if (__atomic_load_n(&watch->deadline_us, __ATOMIC_ACQUIRE) > now_us)
		return;
	phase = __atomic_load_n(&watch->phase, __ATOMIC_ACQUIRE);
	switch (phase) {
	case PHASE_STREAM:
		if (keeps_the_rate(deadlines, watch, now_us))
			return;
		/* fall through */
	case PHASE_BODY:
		if (!give_up(watch, phase))
			return;
		answer_late(deadlines, watch);
		metric_add(METRIC_http_deadline_closed, 1);
		break;
	case PHASE_NEW:
	case PHASE_HEADER:
	case PHASE_SENDING: metric_add(METRIC_http_deadline_closed, 1); break;
	case PHASE_FEEDING: metric_add(METRIC_streams_cut_off, 1); break;
	case PHASE_IDLE: break;
	default: return;
	}
	__atomic_store_n(&watch->deadline_us, DEADLINE_NONE, __ATOMIC_RELEASE);
	shutdown(watch->fd, SHUT_RDWR);
}

/*
 * A client that sends its last bytes and closes in the same breath can go unnoticed: the library
 * reads the bytes, waits for more, and the one event that told of the end is spent. So whoever is
 * waited for is looked at now and then; shutting the socket down makes a new event.
 */
static void look_for_end(struct watch *watch)
{
	int phase = __atomic_load_n(&watch->phase, __ATOMIC_ACQUIRE);
	char byte;
	ssize_t got;

	if (phase == PHASE_HELD)
		return;
	got = recv(watch->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)))
		return;
	/* One that has ended only its sending may still be reading an answer. */
	if (got == 0 && (phase == PHASE_SENDING || phase == PHASE_FEEDING))
		return;
	if (phase == PHASE_WAITING) {
		/* The library does not look at a suspended connection. */
		watch->gone(watch);
		return;
	}
	shutdown(watch->fd, SHUT_RDWR);
}

static void look_for_ends(struct deadlines *deadlines, int64_t now_us)
{
	if (now_us - deadlines->gone_checked_us < GONE_US)
		return;
	deadlines->gone_checked_us = now_us;
	for (struct watch *watch = deadlines->watches; watch; watch = watch->next)
		look_for_end(watch);
}

/* True when the client has closed its side, or too much has come. */
static bool drop_input(int fd)
{
	static char bytes[DROP_BYTES]; /* only the reaper's thread is here */

	for (int i = 0; i < DROPS_A_TICK; i++) {
		ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (got == 0)
			return true;
		if (got < 0)
			return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
	}
	return false;
}

static void linger_on(struct deadlines *deadlines, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < deadlines->lingering_count; i++) {
		struct lingering *one = &deadlines->lingering[i];

		if (one->until_us > now_us && !deadlines->stopping && !drop_input(one->fd))
			deadlines->lingering[kept++] = *one;
		else
			close(one->fd);
	}
	deadlines->lingering_count = kept;
}

/* The lock is held. */
static void wait_a_tick(struct deadlines *deadlines)
{
	int64_t tick_us = deadlines->config.tick_us;
	struct timespec until;

	if (deadlines->lingering_count > 0 && tick_us > LINGER_TICK_US)
		tick_us = LINGER_TICK_US;
	until = cond_deadline(tick_us);
	pthread_cond_timedwait(&deadlines->wake, &deadlines->lock, &until);
}

static void *reap(void *arg)
{
	struct deadlines *deadlines = arg;

	pthread_mutex_lock(&deadlines->lock);
	while (!deadlines->stopping) {
		int64_t now_us = clock_monotonic_us(deadlines->config.clock);

		for (struct watch *watch = deadlines->watches; watch; watch = watch->next)
			look_at(deadlines, watch, now_us);
		look_for_ends(deadlines, now_us);
		linger_on(deadlines, now_us);
		wait_a_tick(deadlines);
	}
	linger_on(deadlines, INT64_MAX);
	pthread_mutex_unlock(&deadlines->lock);
	return NULL;
}

struct deadlines *deadlines_new(const struct deadlines_config *config)
{
	struct deadlines *deadlines = calloc(1, sizeof *deadlines);

	if (!deadlines)
		return NULL;
	deadlines->config = *config;
	pthread_mutex_init(&deadlines->lock, NULL);
	cond_init(&deadlines->wake);
	if (pthread_create(&deadlines->thread, NULL, reap, deadlines) == 0)
		return deadlines;
	pthread_cond_destroy(&deadlines->wake);
	pthread_mutex_destroy(&deadlines->lock);
	free(deadlines);
	return NULL;
}

void deadlines_free(struct deadlines *deadlines)
{
	if (!deadlines)
		return;
	pthread_mutex_lock(&deadlines->lock);
	deadlines->stopping = true;
	pthread_cond_signal(&deadlines->wake);
	pthread_mutex_unlock(&deadlines->lock);
	pthread_join(deadlines->thread, NULL);
	pthread_cond_destroy(&deadlines->wake);
	pthread_mutex_destroy(&deadlines->lock);
	free(deadlines);
}

static bool has_request(const struct watch *watch)
{
	int phase = __atomic_load_n(&watch->phase, __ATOMIC_ACQUIRE);

	return phase == PHASE_BODY || phase == PHASE_STREAM || phase == PHASE_HELD ||
	       phase == PHASE_SENDING || phase == PHASE_FEEDING || phase == PHASE_WAITING;
}

unsigned deadlines_open(struct deadlines *deadlines)
{
	unsigned count = 0;

	pthread_mutex_lock(&deadlines->lock);
	for (struct watch *watch = deadlines->watches; watch; watch = watch->next)
		count++;
	pthread_mutex_unlock(&deadlines->lock);
	return count;
}

static void end_input(struct deadlines *deadlines, bool busy_too)
{
	pthread_mutex_lock(&deadlines->lock);
	for (struct watch *watch = deadlines->watches; watch; watch = watch->next) {
		if (busy_too || !has_request(watch))
			shutdown(watch->fd, SHUT_RD);
	}
	pthread_mutex_unlock(&deadlines->lock);
}

void deadlines_close_idle(struct deadlines *deadlines)
{
	end_input(deadlines, false);
}

void deadlines_hurry_feeds(struct deadlines *deadlines)
{
	int64_t soon_us = clock_monotonic_us(deadlines->config.clock) + US_PER_S;

	pthread_mutex_lock(&deadlines->lock);
	for (struct watch *watch = deadlines->watches; watch; watch = watch->next) {
		int64_t due_us = __atomic_load_n(&watch->deadline_us, __ATOMIC_ACQUIRE);

		/* Unless it has just gone on. */
		if (__atomic_load_n(&watch->phase, __ATOMIC_ACQUIRE) == PHASE_FEEDING &&
			due_us > soon_us)
			__atomic_compare_exchange_n(&watch->deadline_us, &due_us, soon_us, false,
				__ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&deadlines->lock);
}

void deadlines_close_all(struct deadlines *deadlines)
{
	end_input(deadlines, true);
}

void deadlines_linger(struct deadlines *deadlines, int fd)
{
	struct lingering *one;
	int copy;

	pthread_mutex_lock(&deadlines->lock);
	if (deadlines->lingering_count == MAX_LINGERING || deadlines->stopping)
		goto out;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		goto out;
	one = &deadlines->lingering[deadlines->lingering_count++];
	one->fd = copy;
	one->until_us = clock_monotonic_us(deadlines->config.clock) + LINGER_US;
	pthread_cond_signal(&deadlines->wake);
out:
	pthread_mutex_unlock(&deadlines->lock);
}
