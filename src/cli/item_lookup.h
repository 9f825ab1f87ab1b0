/*
 * Which item a word of the command line means.
 */
#ifndef WINNOW_CLI_ITEM_LOOKUP_H
#define WINNOW_CLI_ITEM_LOOKUP_H

#include "cli/cli.h"

/*
 * Appends the id that is meant by an id, "source/external_id", or an external id alone where no other
 * source has it. Both parts may hold slashes, so each slash is tried as the one between them; the
 * server is asked. CLI_REFUSED or CLI_USAGE after telling that there is none, or that there are several.
 */
enum cli_exit item_lookup(struct cli *cli, const char *word, struct buf *id);
/* Appends "…/items/<id><rest>" of the item that is meant, below the workspace at hand. */
enum cli_exit item_path(struct cli *cli, const char *word, const char *rest, struct buf *path);
/* Appends "item=<id>" to a query; NULL for `word`: nothing. */
enum cli_exit item_query(struct cli *cli, const char *word, struct buf *path);

#endif
