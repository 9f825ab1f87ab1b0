/*
 * Groups by key. A key that is worked on has a line: those who wait stand in it, one group may be
 * running and one getting ready. A line goes with its last entry. There are as many as keys are
 * written to at the same moment, so a list does.
 *
 * A group that is ready holds its worker until the one before has run; that one has a worker too, so
 * it will. No group waits for one of another key.
 */
#include "base/gather.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct line {
	struct line *next;
	struct gather *gather;
	struct uuid key;
	struct gather_entry *first, **end;
	size_t waiting;
	bool running;
	bool preparing;      /* a worker gets the next group ready, or has been asked to */
	pthread_cond_t news; /* for it: another entry, or its turn */
};

struct gather {
	pthread_mutex_t lock;
	pthread_cond_t idle; /* no group is left */
	struct workq *workers;
	struct gather_steps steps;
	size_t max_waiting;
	size_t busy; /* workers in work(), and lines */
	struct line *lines;
};

struct group {
	struct gather_entry *entries[GATHER_MAX];
	size_t count;
};

struct gather *gather_new(
	struct workq *workers, size_t max_waiting, const struct gather_steps *steps)
{
	struct gather *gather = calloc(1, sizeof *gather);

	if (!gather)
		return NULL;
	pthread_mutex_init(&gather->lock, NULL);
	pthread_cond_init(&gather->idle, NULL);
	gather->workers = workers;
	gather->steps = *steps;
	gather->max_waiting = max_waiting;
	return gather;
}

void gather_free(struct gather *gather)
{
	if (!gather)
		return;
	/* A worker may have given its entries back, but not yet seen that no others came. */
	pthread_mutex_lock(&gather->lock);
	while (gather->busy > 0)
		pthread_cond_wait(&gather->idle, &gather->lock);
	pthread_mutex_unlock(&gather->lock);
	pthread_cond_destroy(&gather->idle);
	pthread_mutex_destroy(&gather->lock);
	free(gather);
}

/* ---- with the lock held ---- */

static void no_longer_busy(struct gather *gather)
{
	if (--gather->busy == 0)
		pthread_cond_broadcast(&gather->idle);
}

static struct line **find(struct gather *gather, const struct uuid *key)
{
	struct line **at = &gather->lines;

	while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

static struct line *add_line(struct gather *gather, const struct uuid *key)
{
	struct line *line = calloc(1, sizeof *line);

	if (!line)
		return NULL;
	pthread_cond_init(&line->news, NULL);
	line->gather = gather;
	line->key = *key;
	line->end = &line->first;
	line->next = gather->lines;
	gather->lines = line;
	gather->busy++;
	return line;
}

static void drop_line(struct line *line)
{
	struct gather *gather = line->gather;
	struct line **at = find(gather, &line->key);

	*at = line->next;
	pthread_cond_destroy(&line->news);
	free(line);
	no_longer_busy(gather);
}

static void append(struct line *line, struct gather_entry *entry)
{
	entry->next = NULL;
	*line->end = entry;
	line->end = &entry->next;
	line->waiting++;
	pthread_cond_signal(&line->news);
}

/* What fits of those who wait. */
static size_t take(struct line *line, struct group *group)
{
	size_t before = group->count;

	while (line->first && group->count < GATHER_MAX) {
		group->entries[group->count++] = line->first;
		line->first = line->first->next;
	}
	if (!line->first)
		line->end = &line->first;
	line->waiting -= group->count - before;
	return group->count - before;
}

static void work(void *arg, unsigned worker);

/* Has the next group made ready by a worker; false when their queue is full. */
static bool call_worker(struct line *line)
{
	line->preparing = workq_push(line->gather->workers, work, line);
	return line->preparing;
}

/* ---- on a worker ---- */

/* Takes and prepares what has come and comes, until it is this group's turn. Locked at both ends. */
static void get_ready(struct line *line, struct group *group, unsigned worker)
{
	struct gather *gather = line->gather;

	for (;;) {
		size_t more = take(line, group);

		if (more > 0) {
			pthread_mutex_unlock(&gather->lock);
			gather->steps.prepare(group->entries + group->count - more, more, worker);
			pthread_mutex_lock(&gather->lock);
		} else if (line->running) {
			pthread_cond_wait(&line->news, &gather->lock);
		} else {
			return;
		}
	}
}

/* One group; true when others wait for whom no other worker could be called. */
static bool work_group(struct line *line, unsigned worker)
{
	struct gather *gather = line->gather;
	struct group group = {.count = 0};
	bool more;

	pthread_mutex_lock(&gather->lock);
	gather->busy++;
	get_ready(line, &group, worker);
	line->running = true;
	line->preparing = false;
	if (line->first)
		call_worker(line);
	pthread_mutex_unlock(&gather->lock);
	gather->steps.run(group.entries, group.count);
	pthread_mutex_lock(&gather->lock);
	line->running = false;
	more = line->first && !line->preparing && !call_worker(line);
	if (more)
		line->preparing = true; /* by this one, after the answers */
	else if (line->preparing)
		pthread_cond_signal(&line->news);
	else
		drop_line(line);
	pthread_mutex_unlock(&gather->lock);
	gather->steps.finish(group.entries, group.count);
	pthread_mutex_lock(&gather->lock);
	no_longer_busy(gather);
	pthread_mutex_unlock(&gather->lock);
	return more;
}

static void work(void *arg, unsigned worker)
{
	while (work_group(arg, worker))
		;
}

bool gather_push(struct gather *gather, const struct uuid *key, struct gather_entry *entry)
{
	struct line *line;
	bool pushed = false;

	pthread_mutex_lock(&gather->lock);
	line = *find(gather, key);
	if (line && line->waiting >= gather->max_waiting)
		goto out;
	if (!line)
		line = add_line(gather, key);
	if (!line)
		goto out;
	/* Where no worker can be called, the group that runs will see to it. */
	pushed = line->preparing || call_worker(line) || line->running;
	if (pushed)
		append(line, entry);
	else
		drop_line(line);
out:
	pthread_mutex_unlock(&gather->lock);
	return pushed;
}
