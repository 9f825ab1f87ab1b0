/*
 * A bounded pool of worker threads. A full queue refuses at once instead of growing.
 */
#ifndef WINNOW_BASE_WORKQ_H
#define WINNOW_BASE_WORKQ_H

#include <stdbool.h>
#include <stddef.h>

struct workq;

/* work is called on a worker; `worker` is 0 … workers-1, so a caller can keep one thing per
 * worker (a connection) without a lock. NULL when threads or memory are out, or when either number
 * is 0. */
struct workq *workq_new(unsigned workers, size_t max_queued);
/* False when the queue is full or stopping; then work will not be called. Thread-safe. */
bool workq_push(struct workq *queue, void (*work)(void *arg, unsigned worker), void *arg);
size_t workq_depth(const struct workq *queue);
/* Lets queued work finish, joins the threads, frees. */
void workq_free(struct workq *queue);

#endif
