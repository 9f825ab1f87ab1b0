/*
 * What the files about findings share. Private to src/service.
 */
#ifndef WINNOW_SERVICE_FINDINGS_PARTS_H
#define WINNOW_SERVICE_FINDINGS_PARTS_H

#include "service/findings.h"

struct inquest {
	const struct call *call;
	const struct finding_query *query;
	const struct survey *survey;
	const struct ranking *ranking;
	struct conn *conn; /* of the finders that read history */
	int64_t now_s;
	struct findings *out;
};

/* Room for one more in the list of its kind; NULL where the list is full. Counts it in any case. */
struct finding *finding_add(const struct inquest *inquest, enum finding_kind kind);
void finding_prove(struct finding *finding, const char *name, double value);

typedef enum error finder(const struct inquest *inquest);
finder find_shares, find_rescores, find_bursts, find_jumps, find_drift;

#endif
