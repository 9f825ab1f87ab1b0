/*
 * jansson's memory during one parse. For json.c alone.
 */
#ifndef WINNOW_CODEC_JSON_MEMORY_H
#define WINNOW_CODEC_JSON_MEMORY_H

#include <jansson.h>

#include "base/error.h"
#include "base/str.h"

/* Gives jansson our allocator; see json_init. */
void json_memory_init(void);

/*
 * json_loadb, of at most `budget_bytes`. *memory says why there is no result: ERR_NO_MEMORY,
 * ERR_BUDGET, or ERR_OK when there was memory and `error` has the fault. What it returns may be
 * freed on any thread.
 */
json_t *json_memory_load(struct str text, size_t flags, size_t budget_bytes, json_error_t *error,
	enum error *memory);

#endif
