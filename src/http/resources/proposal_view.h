/*
 * Showing proposals, to each as much as the versions and definitions that they are about show. Private to this
 * folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_PROPOSAL_VIEW_H
#define WINNOW_HTTP_RESOURCES_PROPOSAL_VIEW_H

#include "http/resources/resource.h"
#include "service/proposals.h"

/* False: it is as hidden as the sensitive feature that it defines. `now` is the newest catalogue throughout. */
bool proposal_is_visible(
	const struct request *request, const struct catalog *now, const struct proposal_row *row);
/* Whether the caller may not see what is proposed: a model or a policy that reads what is sensitive. Of such a
 * proposal body, effect and texts are null; nobody decides on what they have not seen. */
bool proposal_is_masked(
	const struct request *request, const struct catalog *now, const struct proposal_row *row);
/* Whether it would show to the caller, or to others like them, what they may not see: it redefines a feature that
 * is sensitive, or makes settings by which a field is hidden no more. They neither propose nor decide it. */
bool proposal_unveils(
	struct request *request, const struct catalog *now, const struct proposal_row *row);

enum proposal_detail {
	PROPOSAL_LISTED, /* without body and effect */
	PROPOSAL_WHOLE,
};
/* The members of an open object. The effect is for those who may see a queue, and where it was computed by
 * sensitive inputs, for those who may see these, which is noted for the access log. `now` NULL: nothing of it is known to be open. */
void proposal_write(struct json_writer *json, struct request *request, const struct catalog *now,
	const struct proposal *proposal, enum proposal_detail detail);

#endif
