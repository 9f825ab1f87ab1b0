/*
 * Request ids need to be unique, not unguessable, and are made for every request: xoshiro256**
 * (Blackman and Vigna, 2018), seeded for each thread by the system's random source, takes a few
 * nanoseconds where libuuid takes more than a microsecond.
 */
#include "http/request_id.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/uuid.h"

static _Thread_local uint64_t state[4];

static uint64_t rotate(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

static uint64_t next_random(void)
{
	uint64_t result = rotate(state[1] * 5, 7) * 9;
	uint64_t t = state[1] << 17;

	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= t;
	state[3] = rotate(state[3], 45);
	return result;
}

static void new_id(char *id)
{
	uint64_t halves[2];
	struct uuid uuid;

	if (!(state[0] | state[1] | state[2] | state[3]) && !random_bytes(state, sizeof state)) {
		uuid_random(&uuid);
		uuid_to_text(&uuid, id);
		return;
	}
	halves[0] = next_random();
	halves[1] = next_random();
	memcpy(uuid.bytes, halves, sizeof uuid.bytes);
	uuid.bytes[6] = (unsigned char)((uuid.bytes[6] & 0x0f) | 0x40);
	uuid.bytes[8] = (unsigned char)((uuid.bytes[8] & 0x3f) | 0x80);
	uuid_to_text(&uuid, id);
}

static bool is_id_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

void request_id_choose(struct str offered, char id[REQUEST_ID_SIZE])
{
	bool fits = offered.len > 0 && offered.len < REQUEST_ID_SIZE;

	for (size_t i = 0; fits && i < offered.len; i++)
		fits = is_id_byte(offered.ptr[i]);
	if (!fits) {
		new_id(id);
		return;
	}
	memcpy(id, offered.ptr, offered.len);
	id[offered.len] = '\0';
}
