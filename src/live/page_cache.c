/*
 * Pages of one ranking. Slots are written once and never changed while the ranking lives, so
 * readers need no lock: a slot is published by a single atomic pointer, and so is its page in gzip,
 * which the first who wants it makes.
 */
#include "live/page_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/deflate.h"

enum { PAGE_SLOTS = 128, PAGE_PROBES = 4, PAGE_BYTES_MAX = 16 << 20, GZIP_BYTES_MIN = 1024 };

struct page {
	struct shared_body *body;
	struct shared_body *gzip; /* atomic; NULL: not made */
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
		shared_body_unref(cache->slots[i]->gzip);
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

static bool has_room(const struct page_cache *cache, size_t bytes)
{
	return __atomic_load_n(&cache->bytes, __ATOMIC_RELAXED) + bytes <= PAGE_BYTES_MAX;
}

/* NULL when it is not worth it, or cannot be kept: then it would be made for every answer. */
static struct shared_body *gzip_of(struct page_cache *cache, struct page *page)
{
	struct shared_body *known = __atomic_load_n(&page->gzip, __ATOMIC_ACQUIRE), *made;

	if (known || page->body->len < GZIP_BYTES_MIN || !has_room(cache, page->body->len))
		return known;
	made = deflate_gzip((struct str){page->body->data, page->body->len});
	if (!made)
		return NULL;
	if (!__atomic_compare_exchange_n(
		    &page->gzip, &known, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		shared_body_unref(made);
		return known;
	}
	__atomic_add_fetch(&cache->bytes, made->len, __ATOMIC_RELAXED);
	return made;
}

static struct shared_body *body_of(struct page_cache *cache, struct page *page, bool *gzip)
{
	struct shared_body *coded = *gzip ? gzip_of(cache, page) : NULL;
	struct shared_body *body = coded ? coded : page->body;

	*gzip = coded != NULL;
	shared_body_ref(body);
	return body;
}

struct shared_body *page_cache_get_coded(struct page_cache *cache, struct str key, bool *gzip)
{
	unsigned long long hash = str_hash(key);

	for (unsigned i = 0; i < PAGE_PROBES; i++) {
		struct page *page =
			__atomic_load_n(&cache->slots[(hash + i) % PAGE_SLOTS], __ATOMIC_ACQUIRE);

		if (!page)
			return NULL;
		if (!page_is(page, hash, key))
			continue;
		return body_of(cache, page, gzip);
	}
	return NULL;
}

struct shared_body *page_cache_get(struct page_cache *cache, struct str key)
{
	bool gzip = false;

	return page_cache_get_coded(cache, key, &gzip);
}

void page_cache_put(struct page_cache *cache, struct str key, struct shared_body *body)
{
	unsigned long long hash = str_hash(key);
	size_t bytes = sizeof(struct page) + key.len + body->len;
	struct page *page;

	if (!has_room(cache, bytes))
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
