/*
 * The name of a request in answers, logs and the audit log.
 */
#ifndef WINNOW_HTTP_REQUEST_ID_H
#define WINNOW_HTTP_REQUEST_ID_H

#include "base/str.h"

enum { REQUEST_ID_SIZE = 65 };

/* The client's, when it matches [A-Za-z0-9_-]{1,64}, else a new UUID (version 4). */
void request_id_choose(struct str offered, char id[REQUEST_ID_SIZE]);

#endif
