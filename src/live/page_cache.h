/*
 * A small, bounded cache of encoded pages, keyed by the canonical text of a query.
 */
#ifndef WINNOW_LIVE_PAGE_CACHE_H
#define WINNOW_LIVE_PAGE_CACHE_H

#include <stdbool.h>

#include "base/shared_body.h"
#include "base/str.h"

struct page_cache;

struct page_cache *page_cache_new(void);
void page_cache_free(struct page_cache *cache);
/* A reference, or NULL. */
struct shared_body *page_cache_get(struct page_cache *cache, struct str key);
/* The same, in gzip's format if *gzip is true and the page is kept so, or can be made so and kept, which
 * takes a moment in proportion to its size. *gzip becomes false where it is as it was put: small pages
 * stay as they are. */
struct shared_body *page_cache_get_coded(struct page_cache *cache, struct str key, bool *gzip);
size_t page_cache_bytes(const struct page_cache *cache);
void page_cache_put(struct page_cache *cache, struct str key, struct shared_body *page);

#endif
