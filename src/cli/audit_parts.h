/*
 * What the commands of winnow audit share. Private to audit.c and audit_verify.c.
 */
#ifndef WINNOW_CLI_AUDIT_PARTS_H
#define WINNOW_CLI_AUDIT_PARTS_H

#include "cli/commands.h"

extern const struct command audit_verify_command;

/* "/audit/verify" of the workspace at hand, or of the system workspace. */
enum cli_exit audit_path(const struct cli *cli, bool system, const char *rest, struct buf *path);

#endif
