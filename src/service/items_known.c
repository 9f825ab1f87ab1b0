/*
 * Lines that are known. With an item stands a digest of the line that its newest version was made of.
 * The same line changes nothing, by the way upserts merge: what was written last is there still. So it
 * need not be read, only found: by the id that a glance at it gives, which may be wrong, but then no
 * digest matches.
 *
 * The digest covers all that decides what a line comes to: its bytes, how this program reads lines,
 * and the newest of the definitions and vocabularies that it is read by. Not who sends it: that
 * decides whether it may be written, which is asked each time.
 */
#include <string.h>

#include "service/items_batch.h"
#include "store/aggregates.h"

enum {
	/* To be raised when the same line may come to something else than it did. */
	READING = 1,
	/* Of a part of which nothing is known, so many are looked up before all are. */
	PROBES = 16,
};

struct sketch {
	struct uuid id;
	struct uuid digest;
	struct str source, external_id;
	int64_t revision; /* of the item, when the line is known; else 0 */
	bool made;        /* else the glance saw no identity */
	bool repeated;    /* another line of the batch has the same */
};

/* ---- digests ---- */

static void put64(unsigned char *to, int64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
}

static bool make_digest(
	struct sha256_stream *stream, int64_t definitions, struct str text, struct uuid *out)
{
	unsigned char head[16];
	struct sha256 hash;

	put64(head, READING);
	put64(head + 8, definitions);
	sha256_begin(stream);
	sha256_add(stream, head, sizeof head);
	sha256_add(stream, text.ptr, text.len);
	if (!sha256_end(stream, &hash))
		return false;
	memcpy(out->bytes, hash.bytes, sizeof out->bytes);
	return true;
}

bool batch_sketches_alloc(struct batch *batch)
{
	batch->sketches =
		arena_array(batch->call->arena, batch->source->count, sizeof *batch->sketches);
	return batch->sketches;
}

enum error batch_sketch(struct batch *batch)
{
	const struct item_source *source = batch->source;
	int64_t definitions = catalog_reading_revision(batch->catalog);
	struct sha256_stream stream = {0};
	bool good = true;

	if (!batch->sketches)
		return ERR_OK;
	/* To be compared value by value, some of which it may not see (items_ingest.c). */
	if (batch->ingest->dry_run && catalog_is_sensitive(batch->catalog)) {
		batch->sketches = NULL;
		return ERR_OK;
	}
	for (size_t i = 0; i < source->count && good; i++) {
		struct sketch *sketch = &batch->sketches[i];
		struct str text;

		*sketch = (struct sketch){0};
		sketch->made = source->sketch(
			source->self, i, &sketch->source, &sketch->external_id, &text);
		if (!sketch->made)
			continue;
		item_id_make(
			&batch->call->workspace, sketch->source, sketch->external_id, &sketch->id);
		good = make_digest(&stream, definitions, text, &sketch->digest);
	}
	sha256_release(&stream);
	return good ? ERR_OK : ERR_NO_MEMORY;
}

const struct uuid *batch_digest(const struct batch *batch, size_t index)
{
	return batch->sketches && batch->sketches[index].made ? &batch->sketches[index].digest
							      : NULL;
}

/* ---- looking them up ---- */

/* Index by id. Of lines with the same id none is known: what the later ones meet is not what is
 * stored. */
static enum error index_sketches(struct batch *batch, struct uuid_map *indices)
{
	for (size_t i = 0; i < batch->source->count; i++) {
		struct sketch *sketch = &batch->sketches[i];
		uint32_t other;

		if (!sketch->made)
			continue;
		other = uuid_map_get(indices, &sketch->id);
		if (other != MAP_NONE) {
			sketch->repeated = batch->sketches[other].repeated = true;
			continue;
		}
		if (!uuid_map_put(indices, &sketch->id, (uint32_t)i))
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

struct look_up {
	struct batch *batch;
	struct conn *conn;
	struct uuid_map indices;
	struct uuid *ids;
	size_t count;
};

static enum error look_up_now(struct look_up *look_up, size_t *found)
{
	struct batch *batch = look_up->batch;
	struct item_input_row *rows;
	size_t count = 0;
	enum error error;

	*found = 0;
	if (look_up->count == 0)
		return ERR_OK;
	error = items_inputs(look_up->conn, &batch->call->workspace, look_up->ids, look_up->count,
		batch->call->arena, &rows, &count);
	for (size_t i = 0; i < count && !error; i++) {
		struct sketch *sketch =
			&batch->sketches[uuid_map_get(&look_up->indices, &rows[i].id)];

		if (uuid_cmp(&rows[i].digest, &sketch->digest) != 0)
			continue;
		sketch->revision = rows[i].revision;
		++*found;
	}
	return error;
}

static bool may_be_known(const struct batch *batch, const struct sketch *sketch)
{
	const struct call *call = batch->call;

	return sketch->made && !sketch->repeated &&
	       principal_may_write_source(call->principal, &call->workspace,
		       clock_now_us(call->service->clock), sketch->source);
}

static void want(struct look_up *look_up, size_t step)
{
	const struct batch *batch = look_up->batch;

	look_up->count = 0;
	for (size_t i = 0; i < batch->source->count; i += step) {
		if (may_be_known(batch, &batch->sketches[i]))
			look_up->ids[look_up->count++] = batch->sketches[i].id;
	}
}

static enum error begin(struct look_up *look_up, struct batch *batch, struct conn *conn)
{
	*look_up = (struct look_up){.batch = batch, .conn = conn};
	look_up->ids = arena_array(batch->call->arena, batch->source->count, sizeof *look_up->ids);
	if (!look_up->ids)
		return ERR_BUDGET;
	return index_sketches(batch, &look_up->indices);
}

static enum error look_all_up(struct look_up *look_up)
{
	struct batch *batch = look_up->batch;
	size_t step = batch->source->count / PROBES, found = 0;
	enum error error = ERR_OK;

	if (!batch->ingest->familiar && step > 1) {
		want(look_up, step);
		error = look_up_now(look_up, &found);
		if (error || found == 0)
			return error;
	}
	want(look_up, 1);
	return look_up_now(look_up, &found);
}

/* On a connection of its own, before the lock. */
enum error batch_recognise(struct batch *batch)
{
	const struct call *call = batch->call;
	struct look_up look_up;
	struct conn *conn;
	struct head head = {0};
	enum error error;

	if (!batch->sketches)
		return ERR_OK;
	error = store_acquire(call->service->store, &conn);
	if (error)
		return error;
	error = begin(&look_up, batch, conn);
	if (!error)
		error = read_begin(conn, &call->workspace);
	if (error)
		goto out;
	/* First the head: what is read after it may be newer, which the head under the lock then shows. */
	error = head_read(conn, &call->workspace, &head);
	if (!error)
		error = look_all_up(&look_up);
	batch->seen_revision = head.revision;
	read_end(conn);
out:
	uuid_map_release(&look_up.indices);
	store_release(call->service->store, conn);
	return error;
}

bool batch_knows(const struct batch *batch, size_t index)
{
	return batch->sketches && batch->sketches[index].revision > 0;
}

size_t batch_known_count(const struct batch *batch)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->source->count; i++)
		count += batch_knows(batch, i);
	return count;
}

void batch_forget(struct batch *batch, size_t index)
{
	batch->sketches[index].revision = 0;
}

void batch_take_known(struct batch *batch, size_t index)
{
	const struct sketch *sketch = &batch->sketches[index];

	batch->ingest->results[index] = (struct item_result){
		.id = sketch->id,
		.has_id = true,
		.source = sketch->source,
		.external_id = sketch->external_id,
		.outcome = OUTCOME_UNCHANGED,
		.revision = sketch->revision,
	};
}

/* Under the lock, where the head has moved since: all that was known is asked for again. */
enum error batch_know_again(struct batch *batch, struct conn *conn, int64_t head, bool *forgotten)
{
	struct look_up look_up = {.batch = batch};
	size_t found = 0;
	enum error error;

	*forgotten = false;
	if (!batch->sketches || head == batch->seen_revision)
		return ERR_OK;
	error = begin(&look_up, batch, conn);
	for (size_t i = 0; i < batch->source->count && !error; i++) {
		struct sketch *sketch = &batch->sketches[i];

		if (sketch->revision > 0)
			look_up.ids[look_up.count++] = sketch->id;
		sketch->revision = 0;
	}
	if (!error)
		error = look_up_now(&look_up, &found);
	*forgotten = found < look_up.count;
	batch->seen_revision = head;
	uuid_map_release(&look_up.indices);
	return error;
}
