#include "base/workq.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "out_of_memory.h"

/* Waits, but not for ever: a hang is a failure. */
static void wait_for(sem_t *semaphore)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 30;
	assert_int_equal(sem_timedwait(semaphore, &limit), 0);
}

/* A job that tells when it runs and ends when it may. */
struct gate {
	sem_t entered, open;
};

static void gate_init(struct gate *gate)
{
	sem_init(&gate->entered, 0, 0);
	sem_init(&gate->open, 0, 0);
}

static void gate_release(struct gate *gate)
{
	sem_destroy(&gate->entered);
	sem_destroy(&gate->open);
}

static void pass_gate(void *arg, unsigned worker)
{
	struct gate *gate = arg;

	(void)worker;
	sem_post(&gate->entered);
	while (sem_wait(&gate->open) != 0)
		;
}

struct order {
	int seen[100];
	int count;
};

struct entry {
	struct order *order;
	int number;
};

static void note(void *arg, unsigned worker)
{
	struct entry *entry = arg;

	(void)worker;
	/* One worker only: no lock. */
	entry->order->seen[entry->order->count++] = entry->number;
}

static void test_order_and_bound(void **state)
{
	enum { CAP = 7 };
	struct workq *queue = workq_new(1, CAP);
	struct order order = {.count = 0};
	struct entry entries[100];
	struct gate gate;
	int number = 0;

	(void)state;
	assert_non_null(queue);
	gate_init(&gate);
	assert_int_equal(workq_depth(queue), 0);
	/* Several rounds, so that the ring wraps at each place. */
	for (int round = 0; round < 10; round++) {
		assert_true(workq_push(queue, pass_gate, &gate));
		wait_for(&gate.entered);
		assert_int_equal(workq_depth(queue), 0);
		for (int i = 0; i < CAP; i++, number++) {
			entries[number] = (struct entry){&order, number};
			assert_true(workq_push(queue, note, &entries[number]));
			assert_int_equal(workq_depth(queue), i + 1);
		}
		assert_false(workq_push(queue, note, &entries[0]));
		assert_int_equal(workq_depth(queue), CAP);
		sem_post(&gate.open);
		/* The way back in shows that all before has been taken. */
		while (!workq_push(queue, pass_gate, &gate))
			;
		wait_for(&gate.entered);
		sem_post(&gate.open);
	}
	workq_free(queue);
	assert_int_equal(order.count, number);
	for (int i = 0; i < number; i++)
		assert_int_equal(order.seen[i], i);
	gate_release(&gate);
}

static void count_one(void *arg, unsigned worker)
{
	(void)worker;
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void test_free_lets_queued_work_finish(void **state)
{
	struct workq *queue = workq_new(2, 1000);
	atomic_int count = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		while (!workq_push(queue, count_one, &count))
			;
	workq_free(queue);
	assert_int_equal(atomic_load(&count), 1000);
	workq_free(NULL);
}

struct census {
	pthread_barrier_t all_here;
	atomic_int seen[4];
	char names[4][16];
	sigset_t masks[4];
};

static void count_worker(void *arg, unsigned worker)
{
	struct census *census = arg;

	pthread_getname_np(pthread_self(), census->names[worker], 16);
	pthread_sigmask(SIG_SETMASK, NULL, &census->masks[worker]);
	atomic_fetch_add(&census->seen[worker], 1);
	/* Holds each worker until all four are in a job at once. */
	pthread_barrier_wait(&census->all_here);
}

static void test_workers(void **state)
{
	static const int blocked[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGCHLD, SIGALRM};
	struct workq *queue;
	struct census census;
	sigset_t before, after;

	(void)state;
	memset(&census, 0, sizeof census);
	pthread_barrier_init(&census.all_here, NULL, 4);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	queue = workq_new(4, 4);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 0; i < 4; i++)
		assert_true(workq_push(queue, count_worker, &census));
	workq_free(queue);
	for (int i = 0; i < 4; i++) {
		char name[16];

		assert_int_equal(atomic_load(&census.seen[i]), 1);
		snprintf(name, sizeof name, "worker-%d", i);
		assert_string_equal(census.names[i], name);
		for (size_t s = 0; s < sizeof blocked / sizeof blocked[0]; s++)
			assert_int_equal(sigismember(&census.masks[i], blocked[s]), 1);
		assert_int_equal(sigismember(&census.masks[i], SIGSEGV), 0);
	}
	/* The caller's own mask is as it was. */
	for (size_t s = 0; s < sizeof blocked / sizeof blocked[0]; s++)
		assert_int_equal(sigismember(&before, blocked[s]), sigismember(&after, blocked[s]));
	pthread_barrier_destroy(&census.all_here);
}

struct late {
	struct workq *queue;
	struct gate gate;
	atomic_int count;
};

/* Pushes until it is refused: as the queue never fills, that is when it stops. */
static void push_until_stopping(void *arg, unsigned worker)
{
	struct late *late = arg;

	(void)worker;
	sem_post(&late->gate.entered);
	while (workq_push(late->queue, count_one, &late->count))
		while (workq_depth(late->queue) > 50)
			;
}

static void test_refuses_when_stopping(void **state)
{
	struct late late = {.count = 0};

	(void)state;
	gate_init(&late.gate);
	late.queue = workq_new(2, 100);
	assert_true(workq_push(late.queue, push_until_stopping, &late));
	wait_for(&late.gate.entered);
	workq_free(late.queue);
	gate_release(&late.gate);
}

struct pusher {
	struct workq *queue;
	atomic_int *count;
	int taken;
};

static void *push_many(void *arg)
{
	struct pusher *pusher = arg;

	for (int i = 0; i < 5000; i++)
		pusher->taken += workq_push(pusher->queue, count_one, pusher->count);
	return NULL;
}

/* From several threads into a queue that is often full: what was taken ran, once. */
static void test_concurrent_pushes(void **state)
{
	struct workq *queue = workq_new(3, 16);
	struct pusher pushers[4];
	pthread_t threads[4];
	atomic_int count = 0;
	int taken = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		pushers[i] = (struct pusher){queue, &count, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, push_many, &pushers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		taken += pushers[i].taken;
	}
	workq_free(queue);
	assert_true(taken > 0);
	assert_int_equal(atomic_load(&count), taken);
}

static void test_refused_sizes(void **state)
{
	(void)state;
	assert_null(workq_new(0, 10));
	assert_null(workq_new(1, 0));
	assert_null(workq_new(1, SIZE_MAX));
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct workq *queue;

		oom_begin(n);
		queue = workq_new(3, 10);
		if (!oom_end()) {
			assert_non_null(queue);
			workq_free(queue);
			return;
		}
		assert_null(queue);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_bound),
		cmocka_unit_test(test_free_lets_queued_work_finish),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_refuses_when_stopping),
		cmocka_unit_test(test_concurrent_pushes),
		cmocka_unit_test(test_refused_sizes),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
