/*
 * Reference counts for encoded pages, so that a page outlives the ranking it was made from.
 */
#include "base/shared_body.h"

#include <stdlib.h>

#include "base/buf.h"

void shared_body_ref(struct shared_body *body)
{
	__atomic_add_fetch(&body->references, 1, __ATOMIC_RELAXED);
}

void shared_body_unref(struct shared_body *body)
{
	if (body && __atomic_sub_fetch(&body->references, 1, __ATOMIC_ACQ_REL) == 0)
		body->destroy(body);
}

struct owned_body {
	struct shared_body shared;
	char *bytes;
};

static void owned_body_destroy(struct shared_body *body)
{
	struct owned_body *owned = (struct owned_body *)body;

	free(owned->bytes);
	free(owned);
}

struct shared_body *shared_body_new(struct buf *bytes)
{
	struct owned_body *owned = malloc(sizeof *owned);
	size_t len = 0;

	if (!owned || bytes->failed) {
		free(owned);
		buf_release(bytes);
		return NULL;
	}
	owned->bytes = buf_steal(bytes, &len);
	owned->shared = (struct shared_body){
		.data = owned->bytes ? owned->bytes : "",
		.len = len,
		.references = 1,
		.destroy = owned_body_destroy,
	};
	return &owned->shared;
}
