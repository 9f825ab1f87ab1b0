/*
 * The hashes that make history tamper-evident, the MAC of cursors and webhooks, and the two
 * encodings that go with them. libcrypto looks an algorithm up by name on each use unless it is
 * fetched before, which costs several times the hash of a short text.
 */
#include "base/sha256.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/random.h>
#include <zlib.h>

enum { GATHERED_BYTES = 1024 };

/* Fetched by the first who needs them, kept for the life of the process. */
static _Atomic(EVP_MD *) fetched_sha256;
static _Atomic(EVP_MAC *) fetched_hmac;

/* Not pthread_once: a fetch that failed for lack of memory is tried again by the next caller. */
static EVP_MD *sha256_algorithm(void)
{
	EVP_MD *known = atomic_load_explicit(&fetched_sha256, memory_order_acquire);
	EVP_MD *mine;

	if (known)
		return known;
	mine = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!mine)
		return NULL;
	if (atomic_compare_exchange_strong(&fetched_sha256, &known, mine))
		return mine;
	EVP_MD_free(mine);
	return known;
}

static EVP_MAC *hmac_algorithm(void)
{
	EVP_MAC *known = atomic_load_explicit(&fetched_hmac, memory_order_acquire);
	EVP_MAC *mine;

	if (known)
		return known;
	mine = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!mine)
		return NULL;
	if (atomic_compare_exchange_strong(&fetched_hmac, &known, mine))
		return mine;
	EVP_MAC_free(mine);
	return known;
}

bool sha256_begin(struct sha256_stream *stream)
{
	EVP_MD *algorithm = sha256_algorithm();

	if (!stream->context)
		stream->context = EVP_MD_CTX_new();
	stream->failed = !algorithm || !stream->context ||
			 EVP_DigestInit_ex2(stream->context, algorithm, NULL) != 1;
	return !stream->failed;
}

void sha256_add(struct sha256_stream *stream, const void *data, size_t bytes)
{
	if (stream->failed || !stream->context || bytes == 0)
		return;
	if (EVP_DigestUpdate(stream->context, data, bytes) != 1)
		stream->failed = true;
}

bool sha256_end(struct sha256_stream *stream, struct sha256 *out)
{
	bool good = !stream->failed && stream->context &&
		    EVP_DigestFinal_ex(stream->context, out->bytes, NULL) == 1;

	/* Until the next begin nothing more comes out of this stream. */
	stream->failed = true;
	return good;
}

bool sha256_so_far(const struct sha256_stream *stream, struct sha256 *out)
{
	EVP_MD_CTX *copy;
	bool good;

	if (stream->failed || !stream->context)
		return false;
	copy = EVP_MD_CTX_new();
	good = copy && EVP_MD_CTX_copy_ex(copy, stream->context) == 1 &&
	       EVP_DigestFinal_ex(copy, out->bytes, NULL) == 1;
	EVP_MD_CTX_free(copy);
	return good;
}

void sha256_release(struct sha256_stream *stream)
{
	EVP_MD_CTX_free(stream->context);
	*stream = (struct sha256_stream){0};
}

static pthread_key_t context_key;
static bool context_key_made;
static pthread_once_t context_key_once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *thread_context;

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
	thread_context = NULL;
}

static void make_context_key(void)
{
	context_key_made = pthread_key_create(&context_key, free_context) == 0;
}

/* The key only frees the context when its thread ends; the thread-local pointer is what is fast. */
static EVP_MD_CTX *context_of_thread(void)
{
	EVP_MD_CTX *context;

	if (thread_context)
		return thread_context;
	pthread_once(&context_key_once, make_context_key);
	if (!context_key_made)
		return NULL;
	context = EVP_MD_CTX_new();
	if (!context)
		return NULL;
	if (pthread_setspecific(context_key, context) != 0) {
		EVP_MD_CTX_free(context);
		return NULL;
	}
	thread_context = context;
	return context;
}

/* The thread's context, begun; NULL when memory is out. */
static EVP_MD_CTX *begun_context(void)
{
	EVP_MD *algorithm = sha256_algorithm();
	EVP_MD_CTX *context = algorithm ? context_of_thread() : NULL;

	return context && EVP_DigestInit_ex2(context, algorithm, NULL) == 1 ? context : NULL;
}

bool sha256_of(const void *data, size_t bytes, struct sha256 *out)
{
	EVP_MD_CTX *context = begun_context();

	return context && (bytes == 0 || EVP_DigestUpdate(context, data, bytes) == 1) &&
	       EVP_DigestFinal_ex(context, out->bytes, NULL) == 1;
}

static bool add_each(const struct str *parts, size_t count, struct sha256 *out)
{
	EVP_MD_CTX *context = begun_context();

	if (!context)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0 && EVP_DigestUpdate(context, parts[i].ptr, parts[i].len) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(context, out->bytes, NULL) == 1;
}

/* To copy what is short costs less than to tell libcrypto of each part. */
bool sha256_of_parts(const struct str *parts, size_t count, struct sha256 *out)
{
	unsigned char whole[GATHERED_BYTES];
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > sizeof whole - bytes)
			return add_each(parts, count, out);
		if (parts[i].len > 0)
			memcpy(whole + bytes, parts[i].ptr, parts[i].len);
		bytes += parts[i].len;
	}
	return sha256_of(whole, bytes, out);
}

bool hmac_sha256(
	const void *key, size_t key_bytes, const void *data, size_t bytes, struct sha256 *out)
{
	EVP_MAC *algorithm = hmac_algorithm();
	EVP_MAC_CTX *context = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", digest, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t written = 0;
	bool good = false;

	/* A NULL key would mean "as before", which an empty one does not. */
	if (!context || EVP_MAC_init(context, key_bytes ? key : digest, key_bytes, params) != 1)
		goto out;
	if (bytes > 0 && EVP_MAC_update(context, data, bytes) != 1)
		goto out;
	good = EVP_MAC_final(context, out->bytes, &written, sizeof out->bytes) == 1 &&
	       written == sizeof out->bytes;
out:
	EVP_MAC_CTX_free(context);
	return good;
}

char *sha256_to_hex(const struct sha256 *hash, char text[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_BYTES; i++) {
		text[2 * i] = digits[hash->bytes[i] >> 4];
		text[2 * i + 1] = digits[hash->bytes[i] & 15];
	}
	text[SHA256_HEX_SIZE - 1] = '\0';
	return text;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool sha256_from_hex(const char *text, size_t len, struct sha256 *out)
{
	struct sha256 read;

	if (len != SHA256_HEX_SIZE - 1)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		read.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*out = read;
	return true;
}

bool sha256_same(const struct sha256 *a, const struct sha256 *b)
{
	return CRYPTO_memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

bool random_bytes(void *out, size_t bytes)
{
	unsigned char *to = out;

	while (bytes > 0) {
		ssize_t got = getrandom(to, bytes, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		bytes -= (size_t)got;
	}
	return true;
}

uint32_t crc32_of(const void *data, size_t bytes)
{
	/* zlib answers a NULL with the initial value, which is also the CRC of nothing. */
	return (uint32_t)crc32_z(0, bytes ? data : NULL, bytes);
}

/* ---- base64 ---- */

/* Without padding. */
static size_t encode(const void *data, size_t bytes, const char *digits, char *out)
{
	const unsigned char *from = data;
	char *to = out;

	for (; bytes >= 3; bytes -= 3, from += 3) {
		*to++ = digits[from[0] >> 2];
		*to++ = digits[(from[0] & 3) << 4 | from[1] >> 4];
		*to++ = digits[(from[1] & 15) << 2 | from[2] >> 6];
		*to++ = digits[from[2] & 63];
	}
	if (bytes > 0) {
		*to++ = digits[from[0] >> 2];
		*to++ = digits[(from[0] & 3) << 4 | (bytes == 2 ? from[1] >> 4 : 0)];
		if (bytes == 2)
			*to++ = digits[(from[1] & 15) << 2];
	}
	*to = '\0';
	return (size_t)(to - out);
}

size_t base64url_encode(const void *data, size_t bytes, char *out)
{
	return encode(data, bytes,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", out);
}

size_t base64_encode(const void *data, size_t bytes, char *out)
{
	size_t len = encode(data, bytes,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", out);

	while (len % 4)
		out[len++] = '=';
	out[len] = '\0';
	return len;
}

static int base64_value(char c, const char last[2])
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == last[0])
		return 62;
	return c == last[1] ? 63 : -1;
}

/* `last` are the digits 62 and 63. */
static bool decode(
	const char *text, size_t len, const char last[2], void *out, size_t room, size_t *bytes)
{
	unsigned char *to = out;
	unsigned held = 0;
	unsigned held_bits = 0;
	size_t written = 0;

	if (len % 4 == 1 || len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0) > room)
		return false;
	for (size_t i = 0; i < len; i++) {
		int value = base64_value(text[i], last);

		if (value < 0)
			return false;
		held = (held << 6 | (unsigned)value) & 0xffff;
		held_bits += 6;
		if (held_bits >= 8) {
			held_bits -= 8;
			to[written++] = (unsigned char)(held >> held_bits);
		}
	}
	/* Left-over bits must be 0 (RFC 4648 §3.5), so that no two texts mean the same bytes. */
	if (held & ((1U << held_bits) - 1))
		return false;
	*bytes = written;
	return true;
}

bool base64url_decode(const char *text, size_t len, void *out, size_t room, size_t *bytes)
{
	return decode(text, len, "-_", out, room, bytes);
}

bool base64_decode(const char *text, size_t len, void *out, size_t room, size_t *bytes)
{
	if (len % 4)
		return false;
	for (int i = 0; i < 2 && len > 0 && text[len - 1] == '='; i++)
		len--;
	return decode(text, len, "+/", out, room, bytes);
}
