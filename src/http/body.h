/*
 * The bytes of a body as they arrive: lines of a stream, or a whole that the handler gets in one piece. A stream
 * with a content coding is inflated bit by bit as it comes. A whole one is kept as it came, which may be a small part
 * of what it inflates to, until a worker is about to handle it.
 */
#ifndef WINNOW_HTTP_BODY_H
#define WINNOW_HTTP_BODY_H

#include "http/exchange.h"

/* On the event loop; as exchange_take. */
size_t body_take(struct exchange *exchange, const char *data, size_t bytes, enum action *action);

/* On a worker: request.body is what the handler is to see. ERR_BAD_REQUEST, ERR_TOO_LARGE, ERR_NO_MEMORY. */
enum error body_inflate(struct exchange *exchange);

/* What is said of one whose coding does not end where it does. */
extern const char body_cut_off[];

#endif
