/*
 * Bytes shared by many responses: encoded once, freed with the last reference. Thread-safe.
 */
#ifndef WINNOW_BASE_SHARED_BODY_H
#define WINNOW_BASE_SHARED_BODY_H

#include <stddef.h>

struct buf;

struct shared_body {
	const char *data;
	size_t len;
	int references; /* atomic */
	void (*destroy)(struct shared_body *self);
};

void shared_body_ref(struct shared_body *body);
void shared_body_unref(struct shared_body *body); /* NULL is fine */
/* Takes the buffer's bytes; one reference. NULL when memory is out (the buffer is released). */
struct shared_body *shared_body_new(struct buf *bytes);

#endif
