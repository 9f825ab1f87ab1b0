/*
 * winnow model card, winnow policy card. Private to model.c, policy.c and card.c.
 */
#ifndef WINNOW_CLI_CARD_H
#define WINNOW_CLI_CARD_H

#include "cli/commands.h"

extern const struct command model_card_command, policy_card_command;

#endif
