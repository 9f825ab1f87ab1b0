/*
 * What the formats build items with: members of a JSON object of the item schema. All return false
 * when memory is out. What the tracker sent is passed on as it is, whatever its type, so that the
 * item's own checks judge it and name the field.
 */
#ifndef WINNOW_INTAKE_ITEM_JSON_H
#define WINNOW_INTAKE_ITEM_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Shares the value; nothing when it is NULL. */
bool item_json_share(json_t *item, const char *key, const json_t *value);
/* Cut between characters where it has more than max_bytes, and then ended by "…". STR_NONE: null,
 * which clears the field. */
bool item_json_text(json_t *item, const char *key, struct str text, size_t max_bytes);

/* A string member; STR_NONE when there is none, or another type, or an empty one. */
struct str member_text(const json_t *object, const char *key);
/* Is there, and not null. */
bool member_given(const json_t *object, const char *key);

#endif
