/*
 * Work that meets: what waits becomes one group, which is made ready beside the one that runs; of a
 * key one group runs at a time; each entry is given back once, and nothing is left behind.
 */
#include "base/gather.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "out_of_memory.h"

enum { KEYS = 3 };

struct entry {
	struct gather_entry link; /* the first, so that one is the other */
	int key, number;
	atomic_int prepared, run, finished;
	sem_t *entered, *open; /* when there are any, run tells and waits */
	sem_t *done;
};

/* What the steps saw; written by one group at a time, by key. */
static struct seen {
	atomic_int running[KEYS], overlaps, groups, finished;
	size_t sizes[4096];
	int last[KEYS]; /* the last entry's number */
	atomic_int disorder;
	sem_t prepared;
} seen;

static void wait_for(sem_t *semaphore)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 30;
	assert_int_equal(sem_timedwait(semaphore, &limit), 0);
}

static void prepare(struct gather_entry **entries, size_t count, unsigned worker)
{
	(void)worker;
	for (size_t i = 0; i < count; i++) {
		atomic_fetch_add(&((struct entry *)entries[i])->prepared, 1);
		sem_post(&seen.prepared);
	}
}

static void run(struct gather_entry **entries, size_t count)
{
	int key = ((struct entry *)entries[0])->key;

	if (atomic_fetch_add(&seen.running[key], 1) > 0)
		atomic_fetch_add(&seen.overlaps, 1);
	seen.sizes[atomic_fetch_add(&seen.groups, 1)] = count;
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = (struct entry *)entries[i];

		if (entry->key != key || atomic_load(&entry->prepared) != 1 ||
			(entry->number > 0 && entry->number <= seen.last[key]))
			atomic_fetch_add(&seen.disorder, 1);
		seen.last[key] = entry->number;
		atomic_fetch_add(&entry->run, 1);
		if (entry->open) {
			sem_post(entry->entered);
			while (sem_wait(entry->open) != 0)
				;
		}
	}
	atomic_fetch_sub(&seen.running[key], 1);
}

static void finish(struct gather_entry **entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct entry *entry = (struct entry *)entries[i];
		sem_t *done = entry->done;

		atomic_fetch_add(&entry->finished, 1);
		atomic_fetch_add(&seen.finished, 1);
		if (done)
			sem_post(done);
	}
}

static const struct gather_steps steps = {prepare, run, finish};

/* ---- a rig ---- */

static struct rig {
	struct workq *workers;
	struct gather *gather;
	sem_t entered, open, done;
} rig;

static void rig_begin(unsigned workers, size_t queued, size_t waiting)
{
	memset(&seen, 0, sizeof seen);
	sem_init(&seen.prepared, 0, 0);
	sem_init(&rig.entered, 0, 0);
	sem_init(&rig.open, 0, 0);
	sem_init(&rig.done, 0, 0);
	rig.workers = workq_new(workers, queued);
	rig.gather = gather_new(rig.workers, waiting, &steps);
	assert_non_null(rig.workers);
	assert_non_null(rig.gather);
}

static void rig_end(void)
{
	gather_free(rig.gather);
	workq_free(rig.workers);
	sem_destroy(&seen.prepared);
	sem_destroy(&rig.entered);
	sem_destroy(&rig.open);
	sem_destroy(&rig.done);
	assert_int_equal(atomic_load(&seen.overlaps), 0);
	assert_int_equal(atomic_load(&seen.disorder), 0);
}

static bool push(struct entry *entry)
{
	struct uuid key = {{(unsigned char)entry->key}};

	return gather_push(rig.gather, &key, &entry->link);
}

/* Pushes one that stays in its run until rig.open is posted. */
static void hold(struct entry *entry, int key)
{
	*entry = (struct entry){
		.key = key, .entered = &rig.entered, .open = &rig.open, .done = &rig.done};
	assert_true(push(entry));
	wait_for(&rig.entered);
}

static void wait_all(int count, sem_t *semaphore)
{
	for (int i = 0; i < count; i++)
		wait_for(semaphore);
}

static void check_once(const struct entry *entries, int count)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(atomic_load(&entries[i].prepared), 1);
		assert_int_equal(atomic_load(&entries[i].run), 1);
		assert_int_equal(atomic_load(&entries[i].finished), 1);
	}
}

/* ---- tests ---- */

static void test_alone(void **state)
{
	struct entry entry = {.key = 1, .done = NULL};

	(void)state;
	rig_begin(1, 1, 1);
	entry.done = &rig.done;
	assert_true(push(&entry));
	wait_for(&rig.done);
	rig_end();
	check_once(&entry, 1);
	assert_int_equal(seen.sizes[0], 1);
}

/* Those who come while a group runs are made ready meanwhile, and are the next. */
static void test_company(void **state)
{
	enum { COUNT = 150 };
	static struct entry entries[COUNT];
	struct entry first;

	(void)state;
	rig_begin(2, 8, 1000);
	hold(&first, 1);
	wait_for(&seen.prepared);
	for (int i = 0; i < COUNT; i++) {
		entries[i] = (struct entry){.key = 1, .number = i + 1, .done = &rig.done};
		assert_true(push(&entries[i]));
	}
	wait_all(GATHER_MAX, &seen.prepared);
	assert_int_equal(atomic_load(&seen.groups), 1);
	sem_post(&rig.open);
	wait_all(1 + COUNT, &rig.done);
	rig_end();
	check_once(entries, COUNT);
	check_once(&first, 1);
	assert_int_equal(atomic_load(&seen.groups), 4);
	assert_int_equal(seen.sizes[1], GATHER_MAX);
	assert_int_equal(seen.sizes[2], GATHER_MAX);
	assert_int_equal(seen.sizes[3], COUNT - 2 * GATHER_MAX);
}

/* What a key may have waiting is its own: another one is not refused. */
static void test_bound(void **state)
{
	struct entry first, waiting[3], refused = {.key = 1}, other = {.key = 2};

	(void)state;
	rig_begin(1, 8, 3);
	hold(&first, 1);
	for (int i = 0; i < 3; i++) {
		waiting[i] = (struct entry){.key = 1, .number = i + 1, .done = &rig.done};
		assert_true(push(&waiting[i]));
	}
	assert_false(push(&refused));
	other.done = &rig.done;
	assert_true(push(&other));
	sem_post(&rig.open);
	wait_all(5, &rig.done);
	rig_end();
	check_once(waiting, 3);
	check_once(&other, 1);
	assert_int_equal(atomic_load(&refused.prepared), 0);
}

static void nothing(void *arg, unsigned worker)
{
	(void)arg;
	(void)worker;
}

/* With no worker to be had, a key at which nobody works is refused; one whose group runs goes on. */
static void test_workers_queue_full(void **state)
{
	struct entry first, second = {.key = 1, .number = 1}, refused = {.key = 2};

	(void)state;
	rig_begin(1, 1, 10);
	hold(&first, 1);
	assert_true(workq_push(rig.workers, nothing, NULL));
	assert_false(push(&refused));
	second.done = &rig.done;
	assert_true(push(&second));
	sem_post(&rig.open);
	wait_all(2, &rig.done);
	/* It was not forgotten for good. */
	refused.done = &rig.done;
	while (!push(&refused))
		;
	wait_for(&rig.done);
	rig_end();
	check_once(&second, 1);
	check_once(&refused, 1);
}

/* A key that is held up holds no other one up, as long as there is a worker more than it takes. */
static void test_keys_are_apart(void **state)
{
	struct entry first, next = {.key = 1, .number = 1}, other = {.key = 2};

	(void)state;
	rig_begin(3, 8, 10);
	hold(&first, 1);
	wait_for(&seen.prepared);
	next.done = other.done = &rig.done;
	assert_true(push(&next));
	wait_for(&seen.prepared);
	assert_true(push(&other));
	wait_for(&rig.done);
	assert_int_equal(atomic_load(&other.finished), 1);
	assert_int_equal(atomic_load(&next.run), 0);
	sem_post(&rig.open);
	wait_all(2, &rig.done);
	rig_end();
}

static void *open_gate(void *arg)
{
	sem_post(arg);
	return NULL;
}

static void test_free_waits(void **state)
{
	struct entry first, second = {.key = 1, .number = 1};
	pthread_t thread;

	(void)state;
	rig_begin(2, 8, 10);
	hold(&first, 1);
	assert_true(push(&second));
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &rig.open), 0);
	gather_free(rig.gather);
	check_once(&first, 1);
	check_once(&second, 1);
	rig.gather = NULL;
	pthread_join(thread, NULL);
	rig_end();
	gather_free(NULL);
}

/* ---- many at once ---- */

enum { PUSHERS = 6, PUSHES = 400 };

struct pusher {
	pthread_t thread;
	int number;
	struct entry entries[PUSHES];
	int taken;
};

static void *push_many(void *arg)
{
	struct pusher *pusher = arg;

	for (int i = 0; i < PUSHES; i++) {
		struct entry *entry = &pusher->entries[i];

		*entry = (struct entry){.key = (pusher->number + i) % KEYS};
		pusher->taken += push(entry);
	}
	return NULL;
}

/* What was taken went through all steps once; what was refused, through none. */
static void many(unsigned workers, size_t queued, size_t waiting)
{
	static struct pusher pushers[PUSHERS];
	int taken = 0;

	rig_begin(workers, queued, waiting);
	for (int i = 0; i < PUSHERS; i++) {
		pushers[i].number = i;
		pushers[i].taken = 0;
		assert_int_equal(
			pthread_create(&pushers[i].thread, NULL, push_many, &pushers[i]), 0);
	}
	for (int i = 0; i < PUSHERS; i++) {
		pthread_join(pushers[i].thread, NULL);
		taken += pushers[i].taken;
	}
	rig_end();
	assert_int_equal(atomic_load(&seen.finished), taken);
	for (int i = 0; i < PUSHERS; i++) {
		for (int j = 0; j < PUSHES; j++) {
			const struct entry *entry = &pushers[i].entries[j];
			int times = atomic_load(&entry->finished);

			assert_in_range(times, 0, 1);
			assert_int_equal(atomic_load(&entry->prepared), times);
			assert_int_equal(atomic_load(&entry->run), times);
			taken -= times;
		}
	}
	assert_int_equal(taken, 0);
	assert_true(atomic_load(&seen.groups) > 0);
}

static void test_many(void **state)
{
	(void)state;
	many(4, 64, 10000);
	many(1, 64, 10000);
	many(2, 1, 10000);
	many(3, 2, 2);
}

static void test_out_of_memory(void **state)
{
	struct entry entry = {.key = 1};
	struct gather *gather;
	bool taken;

	(void)state;
	oom_begin(0);
	gather = gather_new(NULL, 1, &steps);
	if (oom_end())
		assert_null(gather);
	gather_free(gather);
	rig_begin(1, 1, 1);
	oom_begin(0);
	taken = push(&entry);
	if (oom_end())
		assert_false(taken);
	rig_end();
	assert_int_equal(atomic_load(&entry.finished), taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_company),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_workers_queue_full),
		cmocka_unit_test(test_keys_are_apart),
		cmocka_unit_test(test_free_waits),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
