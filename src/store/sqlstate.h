/*
 * What an error of PostgreSQL means to Winnow: the one place that knows SQLSTATEs.
 */
#ifndef WINNOW_STORE_SQLSTATE_H
#define WINNOW_STORE_SQLSTATE_H

#include <stdbool.h>

#include "base/error.h"

struct sqlstate_meaning {
	enum error error;
	bool may_retry; /* the transaction as a whole may be tried again */
	bool renew;     /* the connection is of no use any more */
};

/* Five characters; NULL or "" (no answer came from the server) counts as a lost connection. */
struct sqlstate_meaning sqlstate_meaning(const char *sqlstate);

#endif
