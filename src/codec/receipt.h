/*
 * A ranking's receipt: what it was computed from and what came out, enough to compute it again and
 * to compare. The daemon, a replay and the offline client make it by the same functions.
 */
#ifndef WINNOW_CODEC_RECEIPT_H
#define WINNOW_CODEC_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "winnow/decide.h"

struct json_t;

struct receipt {
	int64_t revision; /* that the ranking saw */
	int64_t as_of_us; /* whole minutes */
	int64_t model;    /* version */
	int64_t policy;   /* version; 0: none */
	char engine[32];  /* WINNOW_VERSION */
	char libm[64];    /* "glibc 2.36" where the model uses it (WN_TRAIT_LIBM); else "" */
	int64_t item_count;
	struct sha256 order; /* over the ranked items' bytes, see ranked_item_bytes */
};

/* A ranking's id, "<revision>.<minutes since 1970>". */
enum { RANKING_ID_SIZE = 48 };
void ranking_id_text(int64_t revision, int64_t as_of_us, char out[RANKING_ID_SIZE]);

/* One ranked item as a kept ranking has it. */
struct ranked_item {
	struct uuid id;
	double score;  /* with boosts; NaN: none */
	uint8_t band;  /* index of the model's bands; WN_BAND_NONE */
	uint8_t flags; /* RANKED_… */
};
/* It needs review; a rule pins it to the top; it has its place for the sake of one that it blocks. */
enum { RANKED_HELD = 1, RANKED_TOP = 2, RANKED_CARRIES = 4 };
enum { RANKED_ITEM_BYTES = 16 + 8 + 1 + 1 };

/* Id, score (big-endian IEEE 754; unknown is 7ff8 0000 0000 0000), band, flags. */
void ranked_item_bytes(const struct ranked_item *item, unsigned char out[RANKED_ITEM_BYTES]);
void ranked_item_from_bytes(const unsigned char bytes[RANKED_ITEM_BYTES], struct ranked_item *out);
/* The item at `rank` (from 1) of a decision. */
void ranked_item_of(const struct wn_decision *decision, const struct wn_population *population,
	size_t rank, struct ranked_item *out);

/* Fills item_count and order; the rest is the caller's. False when memory is out. */
bool receipt_seal(struct receipt *receipt, const struct wn_decision *decision,
	const struct wn_population *population);
/* Names this engine, and the C library where the model uses its mathematics. */
void receipt_stamp(struct receipt *receipt, const struct wn_model *model);
/* Name and version of the C library whose mathematics are used. */
void receipt_libm(char out[64]);
/* {"revision","as_of","model","policy","engine","libm","item_count","order_sha256"}; policy and libm
 * are null where there is none. */
void receipt_write(struct buf *out, const struct receipt *receipt);
/* False when it is not such an object, or a member is missing or out of its range. Other members are
 * passed over. */
bool receipt_read(const struct json_t *json, struct receipt *out);

/* One line of a ranking's listing, newline included: {"rank":1,"id":"…","score":18,
 * "band":"next_sprint","held":false,"top":false,"carries":false}; score and band are null where there
 * is none. What `GET …/rankings/{id}/order` and `winnow rank --offline` print. */
void ranked_item_line(
	struct buf *out, size_t rank, const struct ranked_item *item, const struct wn_model *model);

#endif
