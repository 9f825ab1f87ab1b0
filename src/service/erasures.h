/*
 * Erasing personal text for good: an item's, or what people wrote who decided. Every hash holds as before; what
 * was erased is on record, without the text.
 */
#ifndef WINNOW_SERVICE_ERASURES_H
#define WINNOW_SERVICE_ERASURES_H

#include "service/write.h"
#include "store/aggregates.h"

enum { ERASURE_MAX_RATIONALE = 4096, ERASURE_MAX_ITEMS = 1000 };

struct erasure_input {
	/* One of three, the others zero or absent. */
	struct uuid item;
	struct str subject; /* of records, as the audit log names it: "proposal:<id>" */
	int64_t revision;   /* of one record */

	struct str rationale; /* 1 … ERASURE_MAX_RATIONALE bytes */
	bool decisions;       /* of an item: also what people wrote who decided about it */
	bool shared;          /* of an item: also where other items have the very same text */
};
struct erasure_done {
	struct uuid id;
	int64_t texts; /* erased; 0: there was nothing left, and nothing was written */
	int64_t items; /* that had one of them, the item itself included */
};
/*
 * Erases the texts of all versions of an item, or the rationales, justifications and notes of records. A text is
 * kept once for all who have it: where that is another item, too, ERR_CONFLICT unless `shared`; so it is where more
 * than ERASURE_MAX_ITEMS others have one of the texts. ERR_NOT_FOUND: no such item or record.
 */
enum error erase_texts(const struct call *call, const struct erasure_input *input,
	struct erasure_done *out, struct written *written);
/* Newest first, of a revision below `before`. */
enum error erasure_list(const struct call *call, int64_t before, size_t limit,
	struct erasure_row **out, size_t *count, int64_t *revision);

#endif
