/*
 * The items of a picture: its rows, as picture.c has them moved. Private to the two files.
 */
#ifndef WINNOW_LIVE_PICTURE_ITEMS_H
#define WINNOW_LIVE_PICTURE_ITEMS_H

#include "live/picture.h"

/* Takes the versions behind the picture's own revision up to `upto`; all of them when it holds nothing
 * yet. In an open read. Errors of picture->room end it, too. */
enum error picture_follow_items(struct picture *picture, struct conn *conn, int64_t upto);
/* Which rows are candidates, by the catalogue: a new vocabulary can make other statuses rank. */
void picture_classify(struct picture *picture);
/* Makes an array have `count` members of `size` bytes; false when memory is out, and then it is as it
 * was. */
bool picture_grow(void **array, size_t count, size_t size);

#endif
