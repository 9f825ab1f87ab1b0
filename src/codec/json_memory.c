/*
 * jansson and memory that is out. Its lexer does not check whether it could keep what it has read:
 * a failed allocation at the wrong place ends the process by an assertion (lex_unget_unsave) or
 * makes it read past a string. And a hostile text of a few megabytes costs it a gigabyte.
 *
 * So the nodes of one parse come from chunks of its own, with a budget, and an allocation that
 * fails leaves the parser by longjmp; then the chunks are dropped as a whole. A tree that was
 * parsed is freed node by node as ever: a chunk counts what it has handed out and goes with the
 * last of it. It costs about what malloc does.
 *
 * What jansson allocates elsewhere (trees that are built, not parsed) comes from malloc.
 */
#include "codec/json_memory.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	/* The first chunk mostly is the only one, so it is made for its text: many small trees may
	 * be alive at once. */
	FIRST_CHUNK_LEAST = 1024,
	FIRST_CHUNK_BYTES_PER_BYTE = 12,
	LARGEST_CHUNK_BYTES = 1024 * 1024,
	ALIGNMENT = 8, /* jansson has nothing larger than pointers, long long and double */
};

/* What a chunk counts beyond its allocations while its parse goes on, so that it cannot go. */
#define HELD (SIZE_MAX / 2)

struct chunk {
	struct chunk *next;
	atomic_size_t live; /* allocations that are not freed; while held: HELD less those freed */
	size_t given;       /* allocations, while held */
	size_t used, cap;
	max_align_t data[];
};

/* Before each allocation. */
struct header {
	struct chunk *chunk; /* NULL: from malloc */
};

_Static_assert(sizeof(struct header) <= ALIGNMENT, "what follows a header is aligned");

struct parse {
	jmp_buf out;
	struct chunk *chunks; /* the newest first */
	size_t first_bytes;
	size_t used_bytes, budget_bytes;
	enum error error;
};

static _Thread_local struct parse *current;

static struct chunk *add_chunk(struct parse *parse, size_t bytes)
{
	struct chunk *last = parse->chunks;
	size_t cap = last ? last->cap * 2 : parse->first_bytes;
	size_t left = parse->budget_bytes - parse->used_bytes;
	struct chunk *chunk;

	if (cap > LARGEST_CHUNK_BYTES)
		cap = LARGEST_CHUNK_BYTES;
	if (cap > left)
		cap = left & ~(size_t)(ALIGNMENT - 1);
	if (cap < bytes)
		cap = bytes;
	if (cap > left) {
		parse->error = ERR_BUDGET;
		return NULL;
	}
	chunk = malloc(sizeof *chunk + cap);
	if (!chunk) {
		parse->error = ERR_NO_MEMORY;
		return NULL;
	}
	parse->used_bytes += cap;
	chunk->next = last;
	atomic_init(&chunk->live, HELD);
	chunk->given = 0;
	chunk->used = 0;
	chunk->cap = cap;
	parse->chunks = chunk;
	return chunk;
}

static void *take(struct parse *parse, size_t bytes)
{
	struct chunk *chunk = parse->chunks;
	struct header *header;

	bytes = ALIGNMENT + ((bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1));
	if (!chunk || bytes > chunk->cap - chunk->used)
		chunk = add_chunk(parse, bytes);
	if (!chunk)
		longjmp(parse->out, 1);
	header = (struct header *)(void *)((char *)chunk->data + chunk->used);
	header->chunk = chunk;
	chunk->used += bytes;
	chunk->given++;
	return (char *)header + ALIGNMENT;
}

static void *memory_alloc(size_t bytes)
{
	struct header *header;

	if (bytes > SIZE_MAX / 4)
		return NULL;
	if (current)
		return take(current, bytes);
	header = malloc(ALIGNMENT + bytes);
	if (!header)
		return NULL;
	header->chunk = NULL;
	return (char *)header + ALIGNMENT;
}

static void memory_free(void *memory)
{
	struct header *header;
	struct chunk *chunk;

	if (!memory)
		return;
	header = (struct header *)(void *)((char *)memory - ALIGNMENT);
	chunk = header->chunk;
	if (!chunk)
		free(header);
	else if (atomic_fetch_sub_explicit(&chunk->live, 1, memory_order_acq_rel) == 1)
		free(chunk);
}

void json_memory_init(void)
{
	json_set_alloc_funcs(memory_alloc, memory_free);
}

/* In a function of its own: what is alive across setjmp must not be a local variable. */
static json_t *load(struct parse *parse, struct str text, size_t flags, json_error_t *error)
{
	if (setjmp(parse->out))
		return NULL;
	return json_loadb(text.ptr, text.len, flags, error);
}

/* The tree is its owner's: from now on the last free takes the chunk along. */
static void let_go(struct chunk *chunk)
{
	size_t surplus = HELD - chunk->given;

	if (atomic_fetch_sub_explicit(&chunk->live, surplus, memory_order_acq_rel) == surplus)
		free(chunk);
}

json_t *json_memory_load(
	struct str text, size_t flags, size_t budget_bytes, json_error_t *error, enum error *memory)
{
	struct parse parse = {
		.first_bytes = FIRST_CHUNK_LEAST + text.len * FIRST_CHUNK_BYTES_PER_BYTE,
		.budget_bytes = budget_bytes,
	};
	struct chunk *next;
	json_t *json;

	current = &parse;
	json = load(&parse, text, flags, error);
	current = NULL;
	for (struct chunk *chunk = parse.chunks; chunk; chunk = next) {
		next = chunk->next;
		/* Without a result nothing of it is left to be freed. */
		if (json)
			let_go(chunk);
		else
			free(chunk);
	}
	*memory = parse.error;
	return json;
}
