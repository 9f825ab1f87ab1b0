/*
 * The parameters of one statement, in PostgreSQL's binary format. Bytes, texts and arrays are
 * borrowed until the statement is sent; numbers are kept in here.
 */
#ifndef WINNOW_STORE_PARAMS_H
#define WINNOW_STORE_PARAMS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

enum { PARAMS_MAX = 16 };

struct params {
	int count;
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX];
	unsigned char numbers[PARAMS_MAX][8];
};

#define PARAMS_INIT ((struct params){.count = 0})

void params_uuid(struct params *params, const struct uuid *value); /* NULL: NULL */
void params_int8(struct params *params, int64_t value);
void params_int4(struct params *params, int32_t value);
void params_time(struct params *params, int64_t us);       /* TIME_NONE: NULL */
void params_text(struct params *params, struct str value); /* STR_NONE: NULL */
void params_bytes(struct params *params, const void *data, size_t bytes);

#endif
