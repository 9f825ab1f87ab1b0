/*
 * Pages of one ranking. Slots are written once and never changed while the ranking lives, so
 * readers need no lock: a slot is published by a single atomic pointer.
 */
#include "live/page_cache.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SLOTS = 128, PAGE_PROBES = 4, PAGE_BYTES_MAX = 16 << 20 };

struct page {
	struct shared_body *body;
	unsigned long long hash;
	size_t key_bytes;
	char key[];
};

struct page_cache {
	struct page *slots[PAGE_SLOTS]; /* atomic */
	size_t bytes;                   /* atomic */
};

struct page_cache *page_cache_new(void)
{
	return calloc(1, sizeof(struct page_cache));
}

void page_cache_free(struct page_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < PAGE_SLOTS; i++) {
		if (!cache->slots[i])
			continue;
		shared_body_unref(cache->slots[i]->body);
		free(cache->slots[i]);
	}
	free(cache);
}

size_t page_cache_bytes(const struct page_cache *cache)
{
	return sizeof *cache + __atomic_load_n(&cache->bytes, __ATOMIC_RELAXED);
}

static bool page_is(const struct page *page, unsigned long long hash, struct str key)
{
	return page->hash == hash && page->key_bytes == key.len &&
	       memcmp(page->key, key.ptr, key.len) == 0;
}

struct shared_body *page_cache_get(struct page_cache *cache, struct str key)
{
	unsigned long long hash = str_hash(key);

	for (unsigned i = 0; i < PAGE_PROBES; i++) {
		struct page *page =
			__atomic_load_n(&cache->slots[(hash + i) % PAGE_SLOTS], __ATOMIC_ACQUIRE);

		if (!page)
			return NULL;
		if (!page_is(page, hash, key))
			continue;
		shared_body_ref(page->body);
		return page->body;
	}
	return NULL;
}

void page_cache_put(struct page_cache *cache, struct str key, struct shared_body *body)
{
	unsigned long long hash = str_hash(key);
	size_t bytes = sizeof(struct page) + key.len + body->len;
	struct page *page;

	if (__atomic_load_n(&cache->bytes, __ATOMIC_RELAXED) + bytes > PAGE_BYTES_MAX)
		return;
	page = malloc(sizeof *page + key.len);
	if (!page)
		return;
	*page = (struct page){.body = body, .hash = hash, .key_bytes = key.len};
	memcpy(page->key, key.ptr, key.len);
	shared_body_ref(body);
	for (unsigned i = 0; i < PAGE_PROBES; i++) {
		struct page *empty = NULL;

		if (__atomic_compare_exchange_n(&cache->slots[(hash + i) % PAGE_SLOTS], &empty,
			    page, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			__atomic_add_fetch(&cache->bytes, bytes, __ATOMIC_RELAXED);
			return;
		}
		if (page_is(empty, hash, key))
			break;
	}
	shared_body_unref(body);
	free(page);
}
