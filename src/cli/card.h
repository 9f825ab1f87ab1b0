/*
 * winnow model card. Private to model.c and model_card.c.
 */
#ifndef WINNOW_CLI_MODEL_CARD_H
#define WINNOW_CLI_MODEL_CARD_H

#include "cli/commands.h"

extern const struct command model_card_command;

#endif
