/*
 * What reading, ingesting, patching and judging items share. Private to src/service.
 */
#ifndef WINNOW_SERVICE_ITEMS_COMMON_H
#define WINNOW_SERVICE_ITEMS_COMMON_H

#include "service/items.h"

/* A stored row made whole: leftovers decoded against the catalogue. */
enum error item_from_row(const struct item_row *row, const struct catalog *catalog,
	struct arena *arena, struct item_record *out);

/* Whether it names a feature or a field that its caller may not see. Then what became of it does not tell
 * whether what is stored is the same. */
bool item_input_is_blind(
	const struct call *call, const struct catalog *catalog, const struct item_input *input);

/* Done or dropped. */
bool item_is_finished(const struct item_row *item, const struct catalog *catalog);

/* Items further ahead of the server's clock than this are a client's mistake. */
enum { ITEM_AHEAD_LIMIT_S = 300 };

/* A fault when updated_at is too far ahead. */
void item_check_clock(const struct call *call, const struct item_input *input, const char *pointer,
	struct diag *diag);

#endif
