/*
 * Words as numbers: each distinct text gets the next symbol, 1, 2, 3 …, and keeps it. Shared by
 * reference; one writer adds while any number of readers look (a read-write lock inside).
 */
#ifndef WINNOW_BASE_SYMBOLS_H
#define WINNOW_BASE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { SYMBOL_NONE = 0, SYMBOL_UNSEEN = 0xffffffff };

struct symbols;

struct symbols *symbols_new(void); /* one reference; NULL when memory is out */
void symbols_ref(struct symbols *symbols);
void symbols_unref(struct symbols *symbols); /* NULL is fine */
/* The word's symbol, given now if it has none. SYMBOL_NONE for an absent word; SYMBOL_UNSEEN when
 * memory is out. */
uint32_t symbols_add(struct symbols *symbols, struct str word);
/* SYMBOL_UNSEEN when nobody added it; SYMBOL_NONE for an absent word. */
uint32_t symbols_find(struct symbols *symbols, struct str word);
/* The text, which lives as long as the symbols; absent for SYMBOL_NONE and unknown ones. */
struct str symbols_text(struct symbols *symbols, uint32_t symbol);
size_t symbols_bytes(struct symbols *symbols);

#endif
