/*
 * How a client's body names an item: by its id, or by source and external id. Private to this
 * folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_ITEM_REF_H
#define WINNOW_HTTP_RESOURCES_ITEM_REF_H

#include <jansson.h>

#include "http/http.h"

/*
 * A UUID as text, or {"source", "external_id"}. NULL is "needed" and a fault too. False after adding
 * faults at or below `pointer` to request->diag, or when memory is out. Whether there is such an
 * item is not asked.
 */
bool item_ref_read(
	struct request *request, const json_t *value, const char *pointer, struct uuid *out);

#endif
