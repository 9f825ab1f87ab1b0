/*
 * From token rows to a principal: one allocation that holds all it points to.
 */
#ifndef WINNOW_SERVICE_PRINCIPAL_BUILD_H
#define WINNOW_SERVICE_PRINCIPAL_BUILD_H

#include "service/principal.h"
#include "store/aggregates.h"

/* With one reference; NULL when memory is out. Grants of other tokens are passed over. */
struct principal *principal_build(
	const struct token_row *token, const struct grant_row *grants, size_t grant_count);

#endif
