/*
 * The workers behind the event loop: what needs PostgreSQL waits here, in a ring of fixed size,
 * so that overload shows as a refusal at the door and not as growing memory and delay.
 */
#include "base/workq.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
	void (*work)(void *arg, unsigned worker);
	void *arg;
};

struct worker {
	struct workq *queue;
	unsigned index;
	pthread_t thread;
};

struct workq {
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool stopping;
	size_t first;
	size_t depth; /* written under the lock, read without it by workq_depth */
	size_t cap;
	struct job *ring;
	unsigned worker_count; /* started */
	struct worker workers[];
};

static bool next_job(struct workq *queue, struct job *job)
{
	bool found = false;

	pthread_mutex_lock(&queue->lock);
	while (queue->depth == 0 && !queue->stopping)
		pthread_cond_wait(&queue->news, &queue->lock);
	if (queue->depth > 0) {
		*job = queue->ring[queue->first];
		queue->first = queue->first + 1 == queue->cap ? 0 : queue->first + 1;
		__atomic_store_n(&queue->depth, queue->depth - 1, __ATOMIC_RELAXED);
		found = true;
	}
	pthread_mutex_unlock(&queue->lock);
	return found;
}

static void *run_worker(void *arg)
{
	struct worker *worker = arg;
	struct job job;
	char name[16];

	snprintf(name, sizeof name, "worker-%u", worker->index);
	pthread_setname_np(pthread_self(), name);
	while (next_job(worker->queue, &job))
		job.work(job.arg, worker->index);
	return NULL;
}

/*
 * Signals are the main thread's business. The ones that a fault raises in its own thread stay
 * open: blocked, they would kill the process past the handler that reports the crash.
 */
static void block_signals(sigset_t *before)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
	sigset_t blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static bool start_workers(struct workq *queue, unsigned workers)
{
	sigset_t before;
	bool good = true;

	/* A thread inherits the mask: so there is no moment in which it has another. */
	block_signals(&before);
	for (unsigned i = 0; i < workers && good; i++) {
		struct worker *worker = &queue->workers[i];

		worker->queue = queue;
		worker->index = i;
		good = pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
		if (good)
			queue->worker_count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return good;
}

struct workq *workq_new(unsigned workers, size_t max_queued)
{
	struct workq *queue;

	if (workers == 0 || max_queued == 0)
		return NULL;
	queue = calloc(1, sizeof *queue + workers * sizeof queue->workers[0]);
	if (!queue)
		return NULL;
	queue->ring = calloc(max_queued, sizeof *queue->ring);
	if (!queue->ring) {
		free(queue);
		return NULL;
	}
	queue->cap = max_queued;
	/* With default attributes neither can fail. */
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->news, NULL);
	if (!start_workers(queue, workers)) {
		workq_free(queue);
		return NULL;
	}
	return queue;
}

bool workq_push(struct workq *queue, void (*work)(void *arg, unsigned worker), void *arg)
{
	bool taken = false;

	pthread_mutex_lock(&queue->lock);
	if (!queue->stopping && queue->depth < queue->cap) {
		size_t at = queue->first + queue->depth;

		queue->ring[at < queue->cap ? at : at - queue->cap] = (struct job){work, arg};
		__atomic_store_n(&queue->depth, queue->depth + 1, __ATOMIC_RELAXED);
		taken = true;
		pthread_cond_signal(&queue->news);
	}
	pthread_mutex_unlock(&queue->lock);
	return taken;
}

size_t workq_depth(const struct workq *queue)
{
	return __atomic_load_n(&queue->depth, __ATOMIC_RELAXED);
}

void workq_free(struct workq *queue)
{
	if (!queue)
		return;
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->news);
	pthread_mutex_unlock(&queue->lock);
	for (unsigned i = 0; i < queue->worker_count; i++)
		pthread_join(queue->workers[i].thread, NULL);
	pthread_cond_destroy(&queue->news);
	pthread_mutex_destroy(&queue->lock);
	free(queue->ring);
	free(queue);
}
