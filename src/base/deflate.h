/*
 * Compressing bodies for the way (gzip, RFC 1952).
 */
#ifndef WINNOW_BASE_DEFLATE_H
#define WINNOW_BASE_DEFLATE_H

#include "base/shared_body.h"
#include "base/str.h"

/*
 * A reference to the same bytes in gzip's format; the same input gives the same output. NULL when it
 * would not be smaller, or memory is out. Takes a second for some 100 MB.
 */
struct shared_body *deflate_gzip(struct str plain);

#endif
