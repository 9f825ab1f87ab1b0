/*
 * Numbers as text: the shortest decimal that reads back to the same double.
 */
#ifndef WINNOW_BASE_NUM_H
#define WINNOW_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* JSON's grammar, laid out as RFC 8785 and ECMAScript do (whole numbers below 10^21 without
 * fraction or exponent), but -0 is "-0.0", so that every finite value reads back as it was. NaN
 * and infinities are written as null. Independent of the locale. */
void num_format(struct buf *buf, double value);
/* The same into the caller's bytes, NUL-terminated; returns the length. */
enum { NUM_TEXT_SIZE = 32 };
size_t num_to_text(double value, char text[NUM_TEXT_SIZE]);
/* The digits of a whole number, NUL-terminated; returns the length. */
size_t num_u64_to_text(uint64_t value, char text[NUM_TEXT_SIZE]);
/* Decimal digits only, no sign, no blanks; false on overflow or anything else. */
bool num_parse_u64(struct str text, uint64_t *out);

#endif
