/*
 * A small, bounded cache of encoded pages, keyed by the canonical text of a query.
 */
#ifndef WINNOW_LIVE_PAGE_CACHE_H
#define WINNOW_LIVE_PAGE_CACHE_H

#include "base/shared_body.h"
#include "base/str.h"

struct page_cache;

struct page_cache *page_cache_new(void);
void page_cache_free(struct page_cache *cache);
struct shared_body *page_cache_get(struct page_cache *cache, struct str key);
size_t page_cache_bytes(const struct page_cache *cache);
void page_cache_put(struct page_cache *cache, struct str key, struct shared_body *page);

#endif
