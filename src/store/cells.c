/*
 * Result columns as C values. The server is trusted to send what it declares, but a size is never
 * taken on trust before bytes are copied.
 */
#include "store/cells.h"

#include <math.h>

#include "store/wire.h"

static struct str next_copied(struct cells *cells)
{
	size_t left = (size_t)(cells->end - cells->at);
	uint32_t bytes = left < 4 ? 0 : wire_get32(cells->at);
	struct str value = {cells->at + 4, bytes};

	if (left < 4 || (bytes != UINT32_MAX && bytes > left - 4)) {
		cells->failed = true;
		cells->at = cells->end;
		return STR_NONE;
	}
	cells->at += 4;
	if (bytes == UINT32_MAX)
		return STR_NONE;
	cells->at += bytes;
	return value;
}

struct str cell_view(struct cells *cells)
{
	int column = cells->column++;

	if (!cells->result)
		return next_copied(cells);
	if (PQgetisnull(cells->result, cells->row, column))
		return STR_NONE;
	return (struct str){PQgetvalue(cells->result, cells->row, column),
		(size_t)PQgetlength(cells->result, cells->row, column)};
}

/* NULL when the value is; `failed` when it has another size. */
static const char *fixed(struct cells *cells, size_t bytes)
{
	struct str value = cell_view(cells);

	if (!value.ptr)
		return NULL;
	if (value.len == bytes)
		return value.ptr;
	cells->failed = true;
	return NULL;
}

enum error cells_error(const struct cells *cells)
{
	if (cells->failed)
		return ERR_DATABASE;
	return cells->no_memory ? ERR_NO_MEMORY : ERR_OK;
}

struct uuid cell_uuid(struct cells *cells)
{
	const char *bytes = fixed(cells, sizeof(struct uuid));
	struct uuid uuid = {0};

	if (bytes)
		memcpy(uuid.bytes, bytes, sizeof uuid.bytes);
	return uuid;
}

int64_t cell_int8(struct cells *cells)
{
	const char *bytes = fixed(cells, 8);

	return bytes ? (int64_t)wire_get64(bytes) : 0;
}

int32_t cell_int4(struct cells *cells)
{
	const char *bytes = fixed(cells, 4);

	return bytes ? (int32_t)wire_get32(bytes) : 0;
}

bool cell_bool(struct cells *cells)
{
	const char *bytes = fixed(cells, 1);

	return bytes && *bytes;
}

double cell_float8(struct cells *cells)
{
	const char *bytes = fixed(cells, 8);

	return bytes ? wire_get_float8(bytes) : NAN;
}

int64_t cell_time(struct cells *cells)
{
	const char *bytes = fixed(cells, 8);
	int64_t us;

	/* Infinities, which Winnow never writes, stay beyond all times. */
	if (!bytes)
		return TIME_NONE;
	if (__builtin_add_overflow((int64_t)wire_get64(bytes), WIRE_EPOCH_US, &us))
		return INT64_MAX;
	return us;
}

bool cell_sha256(struct cells *cells, struct sha256 *out)
{
	const char *bytes = fixed(cells, sizeof out->bytes);

	if (bytes)
		memcpy(out->bytes, bytes, sizeof out->bytes);
	return bytes != NULL;
}

static struct str keep(struct cells *cells, struct str text)
{
	if (cells->borrow || !text.ptr)
		return text;
	text.ptr = arena_strdup(cells->arena, text);
	if (text.ptr)
		return text;
	cells->no_memory = true;
	return STR_NONE;
}

struct str cell_text(struct cells *cells)
{
	return keep(cells, cell_view(cells));
}

/* An array that is not there reads as an empty one. */
static void *array_open(
	struct cells *cells, enum wire_type element, size_t size, struct wire_array *array)
{
	struct str bytes = cell_view(cells);
	void *values;

	*array = (struct wire_array){0};
	if (!bytes.ptr)
		return NULL;
	if (!wire_array_open(bytes, element, array)) {
		cells->failed = true;
		*array = (struct wire_array){0};
		return NULL;
	}
	if (array->count == 0)
		return NULL;
	values = arena_array(cells->arena, array->count, size);
	if (!values) {
		cells->no_memory = true;
		array->count = 0;
	}
	return values;
}

void cell_text_array(struct cells *cells, const struct str **out, size_t *count)
{
	struct wire_array array;
	struct str *values = array_open(cells, WIRE_TEXT, sizeof *values, &array);

	for (size_t i = 0; i < array.count; i++) {
		if (!wire_array_next(&array, &values[i])) {
			cells->failed = true;
			break;
		}
		values[i] = keep(cells, values[i]);
	}
	*out = values;
	*count = array.count;
}

void cell_uuid_array(struct cells *cells, const struct uuid **out, size_t *count)
{
	struct wire_array array;
	struct uuid *values = array_open(cells, WIRE_UUID, sizeof *values, &array);

	for (size_t i = 0; i < array.count; i++) {
		struct str element;

		if (!wire_array_next(&array, &element) || element.len != sizeof values->bytes) {
			cells->failed = true;
			break;
		}
		memcpy(values[i].bytes, element.ptr, sizeof values->bytes);
	}
	*out = values;
	*count = array.count;
}
