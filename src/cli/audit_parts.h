/*
 * What winnow audit and winnow evidence share. Private to audit.c, audit_verify.c and evidence.c.
 */
#ifndef WINNOW_CLI_AUDIT_PARTS_H
#define WINNOW_CLI_AUDIT_PARTS_H

#include "cli/commands.h"
#include "codec/note.h"

extern const struct command audit_verify_command;

/* "/audit/verify" of the workspace at hand, or of the system workspace. */
enum cli_exit audit_path(const struct cli *cli, bool system, const char *rest, struct buf *path);

/* The value of --key; CLI_USAGE after telling. */
enum cli_exit audit_read_key(const char *text, struct note_verifier *out);
/* A signed checkpoint of a file; views into the note. CLI_USAGE or CLI_REFUSED after telling. */
enum cli_exit audit_read_checkpoint(const char *path, const struct note_verifier *verifier,
	struct buf *note, struct checkpoint *out);

#endif
