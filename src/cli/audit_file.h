/*
 * Checking an audit log from an export alone: no server, no database, no trust in either.
 */
#ifndef WINNOW_CLI_AUDIT_FILE_H
#define WINNOW_CLI_AUDIT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/merkle.h"
#include "base/sha256.h"
#include "cli/progress.h"
#include "codec/audit_chain.h"
#include "codec/note.h"

/* A remembered "<revision>:<hash>". */
struct audit_mark {
	bool given;
	int64_t revision;
	struct sha256 hash;
};

enum { AUDIT_FILE_CHECKPOINTS = 2 };

struct audit_file_options {
	struct audit_mark
		after; /* the record before the file's first; not given: the log's begin */
	struct audit_mark expect; /* must be in the chain */
	/* What the tree of the file's records must have been, their signatures checked; the file has the log
	 * from its begin. */
	struct checkpoint checkpoints[AUDIT_FILE_CHECKPOINTS];
	size_t checkpoint_count;
	struct progress *progress; /* told the bytes that were read; NULL: none */
};

enum audit_file_state {
	AUDIT_FILE_GOOD,
	AUDIT_FILE_FAULTY,     /* `fault`, at `revision` */
	AUDIT_FILE_UNREADABLE, /* line `line` is no record; `detail` says why */
	AUDIT_FILE_EMPTY,
	AUDIT_FILE_FAILED, /* reading failed (errno), or memory is out (ENOMEM) */
};

struct audit_file_verdict {
	enum audit_file_state state;
	int64_t records;          /* that hold */
	struct audit_chain chain; /* after the last record that holds */
	struct merkle_edge tree;  /* of the records that hold, where there are checkpoints */
	enum audit_fault fault;
	int64_t revision; /* the first bad one */
	uint64_t line;
	char detail[256];
};

/* One record in memory at a time. */
void audit_file_verify(
	FILE *file, const struct audit_file_options *options, struct audit_file_verdict *verdict);

#endif
