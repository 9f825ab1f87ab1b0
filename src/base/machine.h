/*
 * What the machine, or the container, gives this process.
 */
#ifndef WINNOW_BASE_MACHINE_H
#define WINNOW_BASE_MACHINE_H

#include <stdint.h>

/* Bytes of memory: the machine's, or the control group's limit where that is lower. 0: unknown. */
int64_t machine_memory_bytes(void);

/* The lowest limit of a control group (version 2) and those above it. `root`: where they are mounted;
 * `path`: the group's, beginning with a slash. INT64_MAX: none. */
int64_t memory_limit_bytes(const char *root, const char *path);

#endif
