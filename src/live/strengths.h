/*
 * Strengths of items by what people compared. Private to this folder.
 */
#ifndef WINNOW_LIVE_STRENGTHS_H
#define WINNOW_LIVE_STRENGTHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "This row before that one." */
struct row_pair {
	uint32_t before, after;
	bool derived; /* of a review's decision */
};

/* In blocks like the rows'; NULL where no item of a block was ever compared. Immutable, shared by
 * reference. */
struct strengths {
	int references; /* atomic */
	size_t block_count;
	double **strength, **error; /* BLOCK_ROWS each */
};

/* Of `rows` items with these ids, from all pairs in any order. NULL when memory is out. */
struct strengths *strengths_new(
	const struct row_pair *pairs, size_t count, const unsigned char (*ids)[16], size_t rows);
void strengths_ref(struct strengths *strengths);
void strengths_unref(struct strengths *strengths);         /* NULL is fine */
size_t strengths_bytes(const struct strengths *strengths); /* of NULL: 0 */

#endif
