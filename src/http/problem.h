/*
 * What the problem pages need beside http.h.
 */
#ifndef WINNOW_HTTP_PROBLEM_H
#define WINNOW_HTTP_PROBLEM_H

#include <stddef.h>

#include "base/error.h"

/* A sentence that helps a client which got this error; used as detail when there is none. */
const char *problem_advice(enum error code);
/* Seconds for Retry-After, 0: none. */
int problem_retry_after_s(enum error code);

#endif
