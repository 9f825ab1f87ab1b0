/*
 * The thread behind the jobs. Time is monotonic; a job that was late is not made up for.
 */
#include "jobs/jobs.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/metrics.h"

const struct job job_table[] = {
	{"override_expiry", 10000, job_override_expiry},
	{"review", 10000, job_review},
	{"proposal_expiry", 60000, job_proposal_expiry},
	{"idempotency_sweep", 60000, job_idempotency_sweep},
	{"checkpoints", 5000, job_checkpoints},
	{"access_write", 1000, job_access_write},
	{"access_sweep", 60000, job_access_sweep},
	{"recurrences", 60000, job_recurrences},
	{"findings", 30000, job_findings},
};
const size_t job_table_count = sizeof job_table / sizeof *job_table;

const struct job slow_job_table[] = {
	{"findings_history", 600000, job_findings_history},
	{"shadow", 60000, job_shadow},
};
const size_t slow_job_table_count = sizeof slow_job_table / sizeof *slow_job_table;

struct jobs {
	struct service *service;
	const struct job *table;
	size_t count;
	unsigned every_ms; /* 0: each at its own pace */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wanted_down;
	bool stop;
	int64_t due_ms[]; /* by job */
};

bool jobs_may_go_on(const struct service *service)
{
	return !__atomic_load_n(&service->draining, __ATOMIC_ACQUIRE);
}

static int64_t now_ms(void)
{
	return clock_monotonic_us(&clock_system) / US_PER_MS;
}

static void run_one(struct jobs *jobs, const struct job *job)
{
	enum error error = job->run(jobs->service);

	metric_add(METRIC_jobs_run, 1);
	if (!error)
		return;
	metric_add(METRIC_job_failures, 1);
	/* That the database is away is told once, by the store. */
	if (error != ERR_DATABASE_AWAY)
		log_write(LOG_WARN, "job_failed", "A background job failed; it is tried again",
			LOG_S("job", job->name), LOG_S("why", error_info(error)->title), NULL);
}

/* Runs what is due; when the next one will be. */
static int64_t take_turns(struct jobs *jobs)
{
	int64_t next_ms = INT64_MAX;

	for (size_t i = 0; i < jobs->count; i++) {
		const struct job *job = &jobs->table[i];

		if (jobs->due_ms[i] <= now_ms() && jobs_may_go_on(jobs->service)) {
			run_one(jobs, job);
			jobs->due_ms[i] =
				now_ms() + (jobs->every_ms ? jobs->every_ms : job->every_ms);
		}
		if (jobs->due_ms[i] < next_ms)
			next_ms = jobs->due_ms[i];
	}
	return next_ms;
}

/* True: to be stopped. */
static bool wait_until(struct jobs *jobs, int64_t at_ms)
{
	int64_t left_ms = at_ms - now_ms();
	const struct timespec at = cond_deadline(left_ms > 0 ? left_ms * US_PER_MS : 0);
	int waited = 0;
	bool stop;

	pthread_mutex_lock(&jobs->mutex);
	while (!jobs->stop && waited == 0)
		waited = pthread_cond_timedwait(&jobs->wanted_down, &jobs->mutex, &at);
	stop = jobs->stop;
	pthread_mutex_unlock(&jobs->mutex);
	return stop;
}

static void *run_jobs(void *self)
{
	struct jobs *jobs = self;
	int64_t next_ms;

	do {
		next_ms = take_turns(jobs);
		/* While the daemon drains nothing is run, and what was due stays so. */
		if (next_ms <= now_ms())
			next_ms = now_ms() + 1000;
	} while (!wait_until(jobs, next_ms));
	return NULL;
}

static void free_jobs(struct jobs *jobs)
{
	pthread_cond_destroy(&jobs->wanted_down);
	pthread_mutex_destroy(&jobs->mutex);
	free(jobs);
}

struct jobs *jobs_start(
	struct service *service, const struct job *table, size_t count, unsigned every_ms)
{
	struct jobs *jobs = calloc(1, sizeof *jobs + count * sizeof jobs->due_ms[0]);

	if (!jobs)
		return NULL;
	jobs->service = service;
	jobs->table = table;
	jobs->count = count;
	jobs->every_ms = every_ms;
	pthread_mutex_init(&jobs->mutex, NULL);
	cond_init(&jobs->wanted_down);
	if (pthread_create(&jobs->thread, NULL, run_jobs, jobs) != 0) {
		free_jobs(jobs);
		return NULL;
	}
	return jobs;
}

void jobs_stop(struct jobs *jobs)
{
	if (!jobs)
		return;
	pthread_mutex_lock(&jobs->mutex);
	jobs->stop = true;
	pthread_cond_signal(&jobs->wanted_down);
	pthread_mutex_unlock(&jobs->mutex);
	pthread_join(jobs->thread, NULL);
	free_jobs(jobs);
}
