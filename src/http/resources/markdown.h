/*
 * A JSON answer as Markdown for people: members as a list, lists of flat objects as tables, all else under
 * headings of its own. Texts are escaped, so that a title stays what it is. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_MARKDOWN_H
#define WINNOW_HTTP_RESOURCES_MARKDOWN_H

#include "base/buf.h"
#include "codec/json.h"

/* "# <title>", the members of `head`, and each of `sections` ("title", and members of its own) under a
 * heading. out->failed when memory is out. */
void markdown_write(struct buf *out, const char *title, const json_t *head, const json_t *sections);

#endif
