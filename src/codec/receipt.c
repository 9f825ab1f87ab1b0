/*
 * Receipts, and the bytes of a ranking that they vouch for. Everybody who computes or checks one
 * comes through here, so that equal rankings have equal digests wherever they were made.
 */
#include "codec/receipt.h"

#include <endian.h>
#include <gnu/libc-version.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "codec/json.h"
#include "codec/json_writer.h"
#include "winnow/version.h"

enum { US_PER_MINUTE = 60 * US_PER_S };

void ranking_id_text(int64_t revision, int64_t as_of_us, char out[RANKING_ID_SIZE])
{
	snprintf(out, RANKING_ID_SIZE, "%lld.%lld", (long long)revision,
		(long long)(as_of_us / US_PER_MINUTE));
}

/* ---- the bytes of an item ---- */

static uint64_t score_bits(double score)
{
	uint64_t bits;

	/* NaN has many patterns, which mean the same here. */
	if (isnan(score))
		return UINT64_C(0x7ff8000000000000);
	memcpy(&bits, &score, sizeof bits);
	return bits;
}

void ranked_item_bytes(const struct ranked_item *item, unsigned char out[RANKED_ITEM_BYTES])
{
	uint64_t bits = htobe64(score_bits(item->score));

	memcpy(out, item->id.bytes, sizeof item->id.bytes);
	memcpy(out + 16, &bits, sizeof bits);
	out[24] = item->band;
	out[25] = item->flags;
}

void ranked_item_from_bytes(const unsigned char bytes[RANKED_ITEM_BYTES], struct ranked_item *out)
{
	uint64_t bits;

	memcpy(out->id.bytes, bytes, sizeof out->id.bytes);
	memcpy(&bits, bytes + 16, sizeof bits);
	bits = be64toh(bits);
	memcpy(&out->score, &bits, sizeof out->score);
	out->band = bytes[24];
	out->flags = bytes[25];
}

void ranked_item_of(const struct wn_decision *decision, const struct wn_population *population,
	size_t rank, struct ranked_item *out)
{
	uint32_t row = decision->order.order[rank - 1];
	const uint32_t *carries = decision->order.carries;
	unsigned flags = 0;

	memcpy(out->id.bytes, population->id[row], sizeof out->id.bytes);
	out->score = decision->score[row];
	out->band = decision->band[row];
	if (decision->held && decision->held[row])
		flags |= RANKED_HELD;
	if (decision->tier && decision->tier[row] == 0)
		flags |= RANKED_TOP;
	if (carries && carries[row] != row)
		flags |= RANKED_CARRIES;
	out->flags = (uint8_t)flags;
}

/* ---- the receipt ---- */

bool receipt_seal(struct receipt *receipt, const struct wn_decision *decision,
	const struct wn_population *population)
{
	enum { BATCH = 256 };
	unsigned char bytes[BATCH * RANKED_ITEM_BYTES];
	struct sha256_stream stream = {.context = NULL};
	size_t count = decision->order.count;
	bool sealed = sha256_begin(&stream);

	for (size_t first = 1; sealed && first <= count; first += BATCH) {
		size_t batch = count - first + 1 < BATCH ? count - first + 1 : BATCH;

		for (size_t i = 0; i < batch; i++) {
			struct ranked_item item;

			ranked_item_of(decision, population, first + i, &item);
			ranked_item_bytes(&item, bytes + i * RANKED_ITEM_BYTES);
		}
		sha256_add(&stream, bytes, batch * RANKED_ITEM_BYTES);
	}
	sealed = sealed && sha256_end(&stream, &receipt->order);
	sha256_release(&stream);
	receipt->item_count = (int64_t)count;
	return sealed;
}

void receipt_libm(char out[64])
{
	snprintf(out, 64, "glibc %s", gnu_get_libc_version());
}

void receipt_stamp(struct receipt *receipt, const struct wn_model *model)
{
	snprintf(receipt->engine, sizeof receipt->engine, "%s", WINNOW_VERSION);
	receipt->libm[0] = '\0';
	if (wn_model_traits(model) & WN_TRAIT_LIBM)
		receipt_libm(receipt->libm);
}

void receipt_write(struct buf *out, const struct receipt *receipt)
{
	char hex[SHA256_HEX_SIZE];
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "revision", int, receipt->revision);
	json_put(&json, "as_of", time, receipt->as_of_us);
	json_put(&json, "model", int, receipt->model);
	json_key(&json, "policy");
	if (receipt->policy > 0)
		json_int(&json, receipt->policy);
	else
		json_nil(&json);
	json_put(&json, "engine", text, receipt->engine);
	json_put(&json, "libm", text, receipt->libm[0] ? receipt->libm : NULL);
	json_put(&json, "item_count", int, receipt->item_count);
	json_put(&json, "order_sha256", text, sha256_to_hex(&receipt->order, hex));
	json_object_end(&json);
}

static bool read_int(const json_t *object, const char *key, int64_t min, int64_t *out)
{
	const json_t *value = json_object_get(object, key);

	*out = json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
	return *out >= min;
}

static bool read_name(
	const json_t *object, const char *key, size_t min_bytes, char *out, size_t size)
{
	const json_t *value = json_object_get(object, key);
	size_t len = json_string_length(value);

	if (!json_is_string(value) || len < min_bytes || len >= size)
		return false;
	memcpy(out, json_string_value(value), len + 1);
	return true;
}

static bool read_as_of(const json_t *object, int64_t *out)
{
	char text[64];

	return read_name(object, "as_of", 1, text, sizeof text) &&
	       time_parse_rfc3339(str_from(text), out) && *out % US_PER_MINUTE == 0;
}

bool receipt_read(const struct json_t *json, struct receipt *out)
{
	char hex[SHA256_HEX_SIZE];

	*out = (struct receipt){.revision = 0};
	if (!json_is_object(json) || !read_int(json, "revision", 0, &out->revision) ||
		!read_as_of(json, &out->as_of_us) || !read_int(json, "model", 1, &out->model) ||
		!read_name(json, "engine", 1, out->engine, sizeof out->engine) ||
		!read_int(json, "item_count", 0, &out->item_count) ||
		!read_name(json, "order_sha256", 64, hex, sizeof hex) ||
		!sha256_from_hex(hex, 64, &out->order))
		return false;
	if (!json_is_null(json_object_get(json, "policy")) &&
		!read_int(json, "policy", 1, &out->policy))
		return false;
	return json_is_null(json_object_get(json, "libm")) ||
	       read_name(json, "libm", 1, out->libm, sizeof out->libm);
}

/* ---- a listing ---- */

void ranked_item_line(
	struct buf *out, size_t rank, const struct ranked_item *item, const struct wn_model *model)
{
	bool banded = item->band < model->band_count;
	struct json_writer json;

	json_writer_init(&json, out);
	json_object_begin(&json);
	json_put(&json, "rank", int, (int64_t)rank);
	json_put(&json, "id", uuid, &item->id);
	json_put(&json, "score", number, item->score);
	json_put(&json, "band", text, banded ? model->bands[item->band].name : NULL);
	json_put(&json, "held", bool, item->flags &RANKED_HELD);
	json_put(&json, "top", bool, item->flags &RANKED_TOP);
	json_put(&json, "carries", bool, item->flags &RANKED_CARRIES);
	json_object_end(&json);
	buf_putc(out, '\n');
}
