/*
 * winnowd retire: exports the log of a workspace up to a checkpoint, proves what it has written, and removes
 * it from the database.
 */
#ifndef WINNOW_JOBS_RETIREMENT_H
#define WINNOW_JOBS_RETIREMENT_H

#include <stdint.h>
#include <stdio.h>

#include "service/service.h"

struct retirement_options {
	const char *workspace; /* its name or id */
	const char *folder;    /* of the export */
	const char *
		key_file; /* of the checkpoint's signer, or of its verifier; NULL: no signature is checked */
	int64_t size; /* of the checkpoint */
};
/* `service` has a clock and a store, which connects as the schema's owner. False after telling `faults` why
 * not: then nothing was removed, unless it says that the outcome is unknown. Of steps at once one is done. */
bool retire_log(
	struct service *service, const struct retirement_options *options, FILE *out, FILE *faults);

#endif
