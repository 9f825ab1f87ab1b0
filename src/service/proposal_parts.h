/*
 * What making, deciding and reading proposals share. Private to src/service.
 */
#ifndef WINNOW_SERVICE_PROPOSAL_PARTS_H
#define WINNOW_SERVICE_PROPOSAL_PARTS_H

#include "service/proposals.h"

/* Of a change, by its name. */
const struct approval_rule *proposal_rule(const struct catalog *catalog, struct str change);
/* The revision of what a change would replace; 0: there is nothing. */
int64_t proposal_base(const struct catalog *catalog, enum approval_change change, struct str name);
/* Over all that an approval is about, as it is by this catalogue. False when memory is out. */
bool proposal_digest(
	const struct proposal_row *row, const struct catalog *catalog, struct sha256 *out);
/* Whether enough have approved it whom the rules of now admit. */
bool proposal_is_agreed(const struct proposal *proposal, const struct catalog *catalog);
/* The proposal with its approvals; ERR_NOT_FOUND. Its state is not known yet. */
enum error proposal_read_whole(
	const struct call *call, struct conn *conn, const struct uuid *id, struct proposal *out);
/* Fills in needed and state, as they are by this catalogue at that time. */
void proposal_look_at(struct proposal *proposal, const struct catalog *catalog, int64_t now_us);

#endif
