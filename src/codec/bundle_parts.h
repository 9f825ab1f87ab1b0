/*
 * The names that the writer and the reader of bundles agree on. Private to the two files.
 */
#ifndef WINNOW_CODEC_BUNDLE_PARTS_H
#define WINNOW_CODEC_BUNDLE_PARTS_H

#include "winnow/model.h"

enum { BUNDLE_LINE_ARENA_BYTES = 256 << 20 };

/* Members of an item's line. Times are seconds since 1970, as the engine takes them. */
extern const char *const bundle_words[WN_WORDS];
extern const char *const bundle_numbers[WN_STRENGTH];

#endif
