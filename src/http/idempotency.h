/*
 * The Idempotency-Key of a POST (draft-ietf-httpapi-idempotency-key-header): its form, what it is
 * scoped to, and what must be the same for a request to be the same. What a key then does is the
 * service's (service/write.h); an operation that writes nothing has no use for it.
 */
#ifndef WINNOW_HTTP_IDEMPOTENCY_H
#define WINNOW_HTTP_IDEMPOTENCY_H

#include "http/http.h"

enum { IDEMPOTENCY_KEY_MAX_BYTES = 255 };

/* Before the body: ERR_BAD_REQUEST when the field is there twice or is no key; ERR_INVALID for a
 * stream, which is settled item by item and takes none. Of other methods the field is ignored. */
enum error idempotency_check(struct request *request);
/* The same, and with the whole body and who calls known: sets request->key when there is a key. */
enum error idempotency_read(struct request *request);

#endif
