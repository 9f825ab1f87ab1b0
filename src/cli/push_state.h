/*
 * What an interrupted push has to remember: how many of its items were acknowledged, their digest,
 * and what the server said of them. A file of its own holds it while a push is under way.
 */
#ifndef WINNOW_CLI_PUSH_STATE_H
#define WINNOW_CLI_PUSH_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/uuid.h"
#include "cli/batch.h"
#include "cli/cli.h"
#include "cli/commands.h"

struct push_state {
	uint64_t items;       /* of the input, from its beginning; 0: nothing is known */
	struct sha256 digest; /* of them, each with a line's end */
	struct batch_sum sum;
	char workspace_id[UUID_TEXT_SIZE]; /* another of the same name has none of the items */
};

/*
 * Where a push of these files to this workspace is remembered, below $XDG_STATE_HOME or
 * ~/.local/state. False: nowhere, since there is no such folder or a file that is none.
 */
bool push_state_place(const struct cli *cli, const struct words *files, struct buf *path);

enum push_state_found {
	PUSH_STATE_NONE,
	PUSH_STATE_READ,
	PUSH_STATE_OLD,     /* not touched for a day: who knows what has happened since */
	PUSH_STATE_FOREIGN, /* of another server or workspace */
	PUSH_STATE_UNREADABLE,
};

enum push_state_found push_state_read(
	const struct cli *cli, const char *path, struct push_state *state);
/* All or nothing: a reader finds the one before or this one. False with errno. */
bool push_state_write(const struct cli *cli, const char *path, const struct push_state *state);

#endif
