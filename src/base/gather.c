/*
 * Groups by key. A key that is worked on has a line, and those who wait stand in it; a line goes
 * with its last entry. There are as many as keys are written to at the same moment, so a list does.
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
};

struct gather {
	pthread_mutex_t lock;
	pthread_cond_t idle; /* no line is left */
	struct workq *workers;
	void (*run)(struct gather_entry **entries, size_t count, unsigned worker);
	size_t max_waiting, waiting;
	struct line *lines;
};

struct gather *gather_new(struct workq *workers, size_t max_waiting,
	void (*run)(struct gather_entry **entries, size_t count, unsigned worker))
{
	struct gather *gather = calloc(1, sizeof *gather);

	if (!gather)
		return NULL;
	pthread_mutex_init(&gather->lock, NULL);
	pthread_cond_init(&gather->idle, NULL);
	gather->workers = workers;
	gather->run = run;
	gather->max_waiting = max_waiting;
	return gather;
}

void gather_free(struct gather *gather)
{
	if (!gather)
		return;
	/* A worker may have given its entries back, but not yet seen that no others came. */
	pthread_mutex_lock(&gather->lock);
	while (gather->lines)
		pthread_cond_wait(&gather->idle, &gather->lock);
	pthread_mutex_unlock(&gather->lock);
	pthread_cond_destroy(&gather->idle);
	pthread_mutex_destroy(&gather->lock);
	free(gather);
}

/* ---- with the lock held ---- */

static struct line **find(struct gather *gather, const struct uuid *key)
{
	struct line **at = &gather->lines;

	while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

static void append(struct line *line, struct gather_entry *entry)
{
	entry->next = NULL;
	*line->end = entry;
	line->end = &entry->next;
	line->gather->waiting++;
}

static struct line *add_line(struct gather *gather, const struct uuid *key)
{
	struct line *line = calloc(1, sizeof *line);

	if (!line)
		return NULL;
	line->gather = gather;
	line->key = *key;
	line->end = &line->first;
	line->next = gather->lines;
	gather->lines = line;
	return line;
}

static void drop_line(struct line *line)
{
	struct gather *gather = line->gather;
	struct line **at = find(gather, &line->key);

	*at = line->next;
	free(line);
	if (!gather->lines)
		pthread_cond_broadcast(&gather->idle);
}

static size_t take(struct line *line, struct gather_entry **entries)
{
	size_t count = 0;

	while (line->first && count < GATHER_MAX) {
		entries[count++] = line->first;
		line->first = line->first->next;
	}
	if (!line->first)
		line->end = &line->first;
	line->gather->waiting -= count;
	return count;
}

/* ---- on a worker ---- */

static void work(void *arg, unsigned worker)
{
	struct line *line = arg;
	struct gather *gather = line->gather;
	struct gather_entry *entries[GATHER_MAX];
	bool more = true;

	while (more) {
		size_t count;

		pthread_mutex_lock(&gather->lock);
		count = take(line, entries);
		pthread_mutex_unlock(&gather->lock);
		gather->run(entries, count, worker);
		pthread_mutex_lock(&gather->lock);
		more = line->first != NULL;
		if (!more)
			drop_line(line);
		pthread_mutex_unlock(&gather->lock);
		/* Other work has its turn between two groups, where there is room to wait for it. */
		if (more && workq_push(gather->workers, work, line))
			return;
	}
}

bool gather_push(struct gather *gather, const struct uuid *key, struct gather_entry *entry)
{
	struct line *line;
	bool pushed = false;

	pthread_mutex_lock(&gather->lock);
	line = *find(gather, key);
	if (line && gather->waiting < gather->max_waiting) {
		append(line, entry);
		pushed = true;
	}
	if (line)
		goto out;
	line = add_line(gather, key);
	if (!line)
		goto out;
	append(line, entry);
	pushed = workq_push(gather->workers, work, line);
	if (!pushed) {
		gather->waiting--;
		drop_line(line);
	}
out:
	pthread_mutex_unlock(&gather->lock);
	return pushed;
}
