/*
 * The newest revision of each workspace that this daemon has met on the primary, and the hash of one of
 * its records: what a replica must have got to, and be a copy of. Thread-safe. Private to this folder.
 */
#ifndef WINNOW_STORE_KNOWN_H
#define WINNOW_STORE_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/uuid.h"

struct known;

struct known_revision {
	int64_t revision;       /* 0: nothing is known */
	int64_t proof_revision; /* the newest one whose hash is known; 0: none */
	struct sha256 proof;
};

struct known *known_new(void); /* NULL when memory is out */
void known_free(struct known *known);

/* NULL for `hash`: not known, or not yet committed. */
void known_note(struct known *known, const struct uuid *workspace, int64_t revision,
	const struct sha256 *hash);
struct known_revision known_of(struct known *known, const struct uuid *workspace);

#endif
