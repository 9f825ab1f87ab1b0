/*
 * Arrays in PostgreSQL's binary format. Each part is reserved at once and filled by hand: a batch
 * of items has tens of thousands of feature values.
 */
#include "store/wire.h"

enum { ARRAY_HEAD_BYTES = 20, ARRAY_EMPTY_BYTES = 12 };

/* `body` is what follows the head; NULL when there is nothing to fill in. */
static unsigned char *array_begin(
	struct buf *out, enum wire_type element, size_t count, size_t body_bytes)
{
	unsigned char *head;

	if (count > INT32_MAX) {
		out->failed = true;
		return NULL;
	}
	if (count == 0) {
		buf_be32(out, 0);
		buf_be32(out, 0);
		buf_be32(out, element);
		return NULL;
	}
	if (!buf_reserve(out, ARRAY_HEAD_BYTES + body_bytes))
		return NULL;
	head = (unsigned char *)out->data + out->len;
	wire_put32(head, 1);
	wire_put32(head + 4, 0);
	wire_put32(head + 8, element);
	wire_put32(head + 12, (uint32_t)count);
	wire_put32(head + 16, 1);
	out->len += ARRAY_HEAD_BYTES + body_bytes;
	out->data[out->len] = '\0';
	return head + ARRAY_HEAD_BYTES;
}

void wire_text_array(struct buf *out, const struct str *values, size_t count)
{
	if (!array_begin(out, WIRE_TEXT, count, 0))
		return;
	for (size_t i = 0; i < count; i++) {
		buf_be32(out, (uint32_t)values[i].len);
		buf_str(out, values[i]);
	}
}

static void fixed_array(
	struct buf *out, enum wire_type element, const void *values, size_t size, size_t count)
{
	unsigned char *to = array_begin(out, element, count, count * (4 + size));
	const unsigned char *from = values;

	if (!to)
		return;
	for (size_t i = 0; i < count; i++, to += 4 + size, from += size) {
		wire_put32(to, (uint32_t)size);
		memcpy(to + 4, from, size);
	}
}

void wire_uuid_array(struct buf *out, const struct uuid *values, size_t count)
{
	fixed_array(out, WIRE_UUID, values, sizeof *values, count);
}

void wire_bytea_array(struct buf *out, const void *values, size_t size, size_t count)
{
	fixed_array(out, WIRE_BYTEA, values, size, count);
}

void wire_int2_array(struct buf *out, const uint16_t *values, size_t count)
{
	unsigned char *to = array_begin(out, WIRE_INT2, count, count * 6);

	if (!to)
		return;
	for (size_t i = 0; i < count; i++, to += 6) {
		wire_put32(to, 2);
		to[4] = (unsigned char)(values[i] >> 8);
		to[5] = (unsigned char)values[i];
	}
}

void wire_float8_array(struct buf *out, const double *values, size_t count)
{
	unsigned char *to = array_begin(out, WIRE_FLOAT8, count, count * 12);

	if (!to)
		return;
	for (size_t i = 0; i < count; i++, to += 12) {
		wire_put32(to, 8);
		wire_put64(to + 4, wire_float8_bits(values[i]));
	}
}

bool wire_array_open(struct str bytes, enum wire_type element, struct wire_array *out)
{
	uint32_t dimensions;

	*out = (struct wire_array){0};
	if (bytes.len < ARRAY_EMPTY_BYTES || wire_get32(bytes.ptr + 8) != element)
		return false;
	dimensions = wire_get32(bytes.ptr);
	if (dimensions == 0)
		return true;
	if (dimensions != 1 || bytes.len < ARRAY_HEAD_BYTES)
		return false;
	out->count = wire_get32(bytes.ptr + 12);
	out->at = bytes.ptr + ARRAY_HEAD_BYTES;
	out->end = bytes.ptr + bytes.len;
	/* Each element has a length: a count beyond that is not believed. */
	return out->count <= (bytes.len - ARRAY_HEAD_BYTES) / 4;
}

bool wire_array_next(struct wire_array *array, struct str *element)
{
	uint32_t len;

	if (array->end - array->at < 4)
		return false;
	len = wire_get32(array->at);
	if (len > (size_t)(array->end - array->at) - 4)
		return false;
	*element = (struct str){array->at + 4, len};
	array->at += 4 + (size_t)len;
	return true;
}
