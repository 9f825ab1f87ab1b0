/*
 * What commands about people's decisions share. Private to this folder.
 */
#ifndef WINNOW_CLI_DECISIONS_H
#define WINNOW_CLI_DECISIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "codec/json_view.h"

/* "source/external_id", or the id where nothing else is known. */
void decision_put_item(struct buf *out, const struct json_view *item);
/* To the second: fractions are noise here. */
void decision_put_time(struct buf *out, struct str time);

/* A line "label   text", the text as `put` makes it of the value. */
void decision_print(const char *label, const struct json_view *value,
	void (*put)(struct buf *out, const struct json_view *value));

/* "2027-01-31" (midnight UTC) or a time of RFC 3339. */
bool decision_parse_until(const char *text, int64_t *until_us);
/* When a decision ends: exactly one of a span from now on ("14d") and a time. `what` is called so in the
 * complaint ("an override"). CLI_USAGE. */
enum cli_exit decision_end(
	const char *what, const char *for_span, const char *until, int64_t *until_us);

#endif
