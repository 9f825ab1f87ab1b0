/*
 * Signed notes (c2sp.org/signed-note) and the checkpoints of a log in them (c2sp.org/tlog-checkpoint),
 * with Ed25519 keys. The forms of keys are those of golang.org/x/mod/sumdb/note.
 */
#ifndef WINNOW_CODEC_NOTE_H
#define WINNOW_CODEC_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ed25519.h"
#include "base/sha256.h"
#include "base/uuid.h"

enum { NOTE_NAME_MAX = 200, NOTE_BYTES_MAX = 64 << 10 };

struct note_verifier {
	char name[NOTE_NAME_MAX + 1];
	uint32_t id; /* the first four bytes of SHA-256(name 0x0a 0x01 key) */
	unsigned char key[ED25519_KEY_BYTES];
};
struct note_signer {
	struct note_verifier verifier;
	unsigned char secret[ED25519_KEY_BYTES]; /* to be wiped with what held its text */
};

/* Printable ASCII without blank and plus, 1 … NOTE_NAME_MAX bytes. */
bool note_name_is_good(struct str name);
/* A new key; false when the name is not good, or there is no memory or randomness. */
bool note_signer_make(struct str name, struct note_signer *out);
/* "<name>+<id, 8 hex digits>+<base64 of 0x01 and the key>"; a signer's with "PRIVATE+KEY+" before it
 * and the secret instead of the key. False for anything else, also where the id is not the key's. */
bool note_verifier_parse(struct str text, struct note_verifier *out);
bool note_signer_parse(struct str text, struct note_signer *out);
void note_verifier_write(struct buf *out, const struct note_verifier *verifier);
void note_signer_write(struct buf *out, const struct note_signer *signer);

/* Appends the note: `text` (which ends in a newline and has no control characters besides), an empty
 * line, the signature. False when memory is out. */
bool note_sign(const struct note_signer *signer, struct str text, struct buf *out);

enum note_state {
	NOTE_GOOD,
	NOTE_MALFORMED, /* this is no signed note */
	NOTE_UNKNOWN,   /* not signed by this key */
	NOTE_FORGED,    /* a signature of this key that does not fit the text */
};
/* *text is the signed text, with its last newline; a view. Signatures of other keys are ignored. */
enum note_state note_open(struct str note, const struct note_verifier *verifier, struct str *text);
/* A sentence about a state that is not good. */
const char *note_state_text(enum note_state state);

/* ---- checkpoints ---- */
/*
 * A log's origin is "<name of the key>/<workspace id>": one key signs for all workspaces of an
 * installation, and no checkpoint of one can stand for another's.
 */
struct checkpoint {
	struct str origin; /* a view */
	int64_t size;      /* records: the revision of the last one */
	struct sha256 root;
};
void checkpoint_origin(struct buf *out, const char *name, const struct uuid *workspace);
/* Whether it is this workspace's, whatever the name before it. */
bool checkpoint_is_of(const struct checkpoint *checkpoint, const struct uuid *workspace);
/* The note's text. */
void checkpoint_write(struct buf *out, const struct checkpoint *checkpoint);
/* Extension lines are left alone. False when it is none. */
bool checkpoint_parse(struct str text, struct checkpoint *out);
/* Of a note whose signature is not looked at. */
bool checkpoint_of_note(struct str note, struct checkpoint *out);

#endif
