/*
 * Filling in parameters. More than there is room for is a mistake in this folder, so it asserts.
 */
#include "store/params.h"

#include <assert.h>
#include <limits.h>

#include "store/wire.h"

static void add(struct params *params, const void *value, size_t bytes)
{
	assert(params->count < PARAMS_MAX && bytes <= INT_MAX);
	params->values[params->count] = value;
	params->lengths[params->count] = (int)bytes;
	params->count++;
}

void params_uuid(struct params *params, const struct uuid *value)
{
	add(params, value ? value->bytes : NULL, value ? sizeof value->bytes : 0);
}

void params_int8(struct params *params, int64_t value)
{
	unsigned char *number = params->numbers[params->count];

	wire_put64(number, (uint64_t)value);
	add(params, number, 8);
}

void params_int4(struct params *params, int32_t value)
{
	unsigned char *number = params->numbers[params->count];

	wire_put32(number, (uint32_t)value);
	add(params, number, 4);
}

void params_time(struct params *params, int64_t us)
{
	if (us == TIME_NONE)
		add(params, NULL, 0);
	else
		params_int8(params, us - WIRE_EPOCH_US);
}

void params_text(struct params *params, struct str value)
{
	add(params, value.ptr, value.len);
}

void params_bytes(struct params *params, const void *data, size_t bytes)
{
	add(params, data, bytes);
}
