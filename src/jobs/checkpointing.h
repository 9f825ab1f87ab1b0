/*
 * How signed checkpoints of the audit logs leave the database's reach: the key, the folder, the
 * webhook. The job itself is checkpoints.c.
 */
#ifndef WINNOW_JOBS_CHECKPOINTING_H
#define WINNOW_JOBS_CHECKPOINTING_H

#include <stdio.h>

#include "base/arena.h"
#include "service/checkpoints.h"

struct checkpoint_options {
	const char *key_file;             /* NULL: no checkpoints are made */
	const char *folder, *webhook_url; /* NULL: none */
	int64_t every_s, records;
};
/* Reads the key and starts the webhook's thread; *out is NULL without a key file. False after telling
 * `faults` why not. */
bool checkpointing_new(
	const struct checkpoint_options *options, FILE *faults, struct checkpointing **out);
/* The jobs have ended. NULL is fine. */
void checkpointing_free(struct checkpointing *checkpointing);

/* ---- checkpoint_key.c ---- */
/* The signer in a file of one line; false after telling `faults` why not. */
bool checkpoint_key_read(const char *path, struct note_signer *out, FILE *faults);
/* For who only checks: the verifier of such a file, or of one that has the verifier's key alone. */
bool checkpoint_verifier_read(const char *path, struct note_verifier *out, FILE *faults);
/* Makes a key of this name in a new file (mode 0600), or reads the one that is there; prints the
 * verifier's key to `out`. */
bool checkpoint_key_make(const char *path, const char *name, FILE *out, FILE *faults);

/* ---- checkpoint_folder.c ---- */
/*
 * <folder>/<workspace id>.checkpoint is the newest note, replaced as a whole; <workspace id>.checkpoints
 * has all of them, each with an empty line behind it, and is only ever added to.
 */
/* The newest, if there is one (*found). Its texts are in the arena. ERR_CONFLICT: what is there is no
 * checkpoint signed by this key; ERR_INTERNAL: it cannot be read. Both are logged. */
enum error checkpoint_folder_newest(const struct checkpointing *checkpointing,
	const struct uuid *workspace, struct arena *arena, struct checkpoint *out, bool *found);
/* On the disk when it returns. One that is not newer than what is there is only added to the list. ERR_INTERNAL
 * (logged). */
enum error checkpoint_folder_put(const struct checkpointing *checkpointing,
	const struct uuid *workspace, const struct checkpoint_row *checkpoint);

/* ---- webhook.c ---- */
/* Posts notes to one URL, by a thread of its own: each until it is accepted (2xx), a bounded number of
 * times, with growing pauses. Of a workspace the newest one alone waits. NULL: no memory, no thread. */
struct webhook *webhook_new(const char *url);
void webhook_send(struct webhook *webhook, const struct uuid *workspace, struct str note);
/* Gives up what has not been accepted. NULL is fine. */
void webhook_free(struct webhook *webhook);

#endif
