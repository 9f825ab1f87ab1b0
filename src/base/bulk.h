/*
 * Memory for arrays with an entry for each of very many rows. From a few megabytes on the system is
 * asked for huge pages, where it has them for whoever asks: to get a page is a trap into the kernel,
 * and of small pages a ranking of a million items needs some twenty thousand, which takes as long as
 * to sort them. Nothing but speed depends on it.
 */
#ifndef WINNOW_BASE_BULK_H
#define WINNOW_BASE_BULK_H

#include <stddef.h>

/* As reallocarray(NULL, count, size); to be freed by free(). NULL when memory is out. Thread-safe. */
void *bulk_alloc(size_t count, size_t size) __attribute__((malloc, warn_unused_result));

/* The same, all zero. */
void *bulk_zero(size_t count, size_t size) __attribute__((malloc, warn_unused_result));

#endif
