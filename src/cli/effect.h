/*
 * What a change does to a ranking, for reading: of a proposal, or of the candidate that runs in shadow.
 * Private to this folder.
 */
#ifndef WINNOW_CLI_EFFECT_H
#define WINNOW_CLI_EFFECT_H

#include "cli/cli.h"
#include "codec/json_view.h"

/* `effect` as the contract's Effect has it; counts as pairs, the shares of streams as a table. CLI_REFUSED
 * when memory is out. */
enum cli_exit effect_show(const struct cli *cli, const struct json_view *effect);

#endif
