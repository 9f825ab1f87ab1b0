/*
 * The columns of an item version, as all statements that read versions give them.
 */
#ifndef WINNOW_STORE_ITEM_CELLS_H
#define WINNOW_STORE_ITEM_CELLS_H

#include "store/aggregates.h"
#include "store/cells.h"

/* The version's own columns, item_id to extra. */
void cells_version(struct cells *cells, struct item_row *out);
/* What may follow: the revision's time, and the whole text. */
void cells_recorded_and_text(struct cells *cells, struct item_row *out);

#endif
