/*
 * Checking an evidence bundle, line by line, by nothing but itself and the key of who signed it.
 * docs/evidence.md tells what each check is.
 */
#ifndef WINNOW_CODEC_EVIDENCE_CHECK_H
#define WINNOW_CODEC_EVIDENCE_CHECK_H

#include "codec/evidence.h"

enum {
	EVIDENCE_FAULTS = 20, /* that are told; all are counted */
	EVIDENCE_LINE_BYTES = 256 << 20,
};

struct evidence_fault {
	uint64_t line; /* from 1; 0: of no single line */
	const char *part;
	char what[160]; /* a sentence */
};

struct evidence_verdict {
	struct evidence_fault faults[EVIDENCE_FAULTS]; /* in the order found */
	uint64_t fault_count;
	struct uuid workspace;
	int64_t first, last;           /* revisions of the span */
	int64_t checkpoint;            /* its size */
	struct sha256 root;            /* of its tree */
	int64_t records, rows, hidden; /* hidden: rows that only a hash stands for */
	int64_t texts, erased, items, models;
	int64_t retired;      /* the log was up to here when the bundle was made; 0: none of it */
	int64_t by_signature; /* versions and cards of that time: no record is left to prove them by */
};

struct evidence_check;
/* NULL when memory is out. The verifier outlives it. */
struct evidence_check *evidence_check_new(const struct note_verifier *verifier);
void evidence_check_free(struct evidence_check *check);
/* The next line, without its newline. ERR_NO_MEMORY, ERR_BUDGET: nothing is known any more. What is wrong with the
 * bundle is in the verdict. */
enum error evidence_check_line(struct evidence_check *check, struct str line);
/* After the last one. */
const struct evidence_verdict *evidence_check_end(struct evidence_check *check);

#endif
