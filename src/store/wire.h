/*
 * PostgreSQL's binary format: type numbers, times and arrays, as parameters, rows and results share
 * them. Everything is big-endian.
 */
#ifndef WINNOW_STORE_WIRE_H
#define WINNOW_STORE_WIRE_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/uuid.h"

/* Built-in types have the same number in every database. */
enum wire_type {
	WIRE_BYTEA = 17,
	WIRE_INT8 = 20,
	WIRE_INT2 = 21,
	WIRE_INT4 = 23,
	WIRE_TEXT = 25,
	WIRE_OID = 26,
	WIRE_FLOAT8 = 701,
	WIRE_BYTEA_ARRAY = 1001,
	WIRE_INT2_ARRAY = 1005,
	WIRE_TEXT_ARRAY = 1009,
	WIRE_FLOAT8_ARRAY = 1022,
	WIRE_TIMESTAMPTZ = 1184,
	WIRE_UUID = 2950,
	WIRE_UUID_ARRAY = 2951,
};

/* 2000-01-01T00:00:00Z, where PostgreSQL's time begins. */
#define WIRE_EPOCH_US INT64_C(946684800000000)

static inline uint16_t wire_get16(const void *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof value);
	return be16toh(value);
}

static inline uint32_t wire_get32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof value);
	return be32toh(value);
}

static inline uint64_t wire_get64(const void *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof value);
	return be64toh(value);
}

static inline double wire_get_float8(const void *from)
{
	uint64_t bits = wire_get64(from);
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static inline void wire_put32(void *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof value);
}

static inline void wire_put64(void *to, uint64_t value)
{
	value = htobe64(value);
	memcpy(to, &value, sizeof value);
}

static inline uint64_t wire_float8_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

/* One-dimensional arrays without NULLs; appended to `out`. */
void wire_text_array(struct buf *out, const struct str *values, size_t count);
void wire_uuid_array(struct buf *out, const struct uuid *values, size_t count);
void wire_int2_array(struct buf *out, const uint16_t *values, size_t count);
void wire_float8_array(struct buf *out, const double *values, size_t count);
/* Elements of `size` bytes each. */
void wire_bytea_array(struct buf *out, const void *values, size_t size, size_t count);

/* Reads an array back. wire_array_open is false when it is not a one-dimensional (or empty) array
 * of that type; wire_array_next when it ends too early or has a NULL. */
struct wire_array {
	const char *at, *end;
	size_t count;
};
bool wire_array_open(struct str bytes, enum wire_type element, struct wire_array *out);
bool wire_array_next(struct wire_array *array, struct str *element);

#endif
