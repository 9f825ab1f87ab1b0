#include "base/sha256.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "out_of_memory.h"
#include "random.h"

static const char *hex_of(const struct sha256 *hash)
{
	static char text[SHA256_HEX_SIZE];

	return sha256_to_hex(hash, text);
}

/* FIPS 180-2, appendix B, and the hash of nothing. */
static const struct {
	const char *text, *hash;
} vectors[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void test_one_shot(void **state)
{
	struct sha256 hash;

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		assert_true(sha256_of(vectors[i].text, strlen(vectors[i].text), &hash));
		assert_string_equal(hex_of(&hash), vectors[i].hash);
	}
	assert_true(sha256_of(NULL, 0, &hash));
	assert_string_equal(hex_of(&hash), vectors[0].hash);
}

static void test_stream(void **state)
{
	struct sha256_stream stream = {0};
	struct sha256 hash;

	(void)state;
	/* One context for all, and every way to cut the text in two. */
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		size_t len = strlen(vectors[i].text);

		for (size_t cut = 0; cut <= len; cut++) {
			struct sha256 before;

			assert_true(sha256_begin(&stream));
			sha256_add(&stream, vectors[i].text, cut);
			assert_true(sha256_so_far(&stream, &hash));
			assert_true(sha256_of(vectors[i].text, cut, &before));
			assert_true(sha256_same(&hash, &before));
			sha256_add(&stream, vectors[i].text + cut, len - cut);
			assert_true(sha256_end(&stream, &hash));
			assert_string_equal(hex_of(&hash), vectors[i].hash);
		}
	}
	/* FIPS 180-2, appendix B.3: a million letters a. */
	assert_true(sha256_begin(&stream));
	for (int i = 0; i < 1000; i++) {
		char block[1000];

		memset(block, 'a', sizeof block);
		sha256_add(&stream, block, sizeof block);
	}
	assert_true(sha256_end(&stream, &hash));
	assert_string_equal(
		hex_of(&hash), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");

	/* Ended is ended, and a begin given up is no harm. */
	sha256_add(&stream, "x", 1);
	assert_false(sha256_end(&stream, &hash));
	assert_true(sha256_begin(&stream));
	sha256_add(&stream, "given up", 8);
	assert_true(sha256_begin(&stream));
	assert_true(sha256_end(&stream, &hash));
	assert_string_equal(hex_of(&hash), vectors[0].hash);
	sha256_release(&stream);
	sha256_release(&stream);
}

static void test_stream_without_begin(void **state)
{
	struct sha256_stream stream = {0};
	struct sha256 hash;

	(void)state;
	sha256_add(&stream, "x", 1);
	assert_false(sha256_end(&stream, &hash));
	sha256_release(&stream);
}

/* RFC 4231, test cases 1, 2, 3, 6 and 7. */
static void test_hmac(void **state)
{
	struct sha256 hash;
	char key[131];
	char data[50];
	const char *text;

	(void)state;
	memset(key, 0x0b, 20);
	assert_true(hmac_sha256(key, 20, "Hi There", 8, &hash));
	assert_string_equal(
		hex_of(&hash), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_true(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, &hash));
	assert_string_equal(
		hex_of(&hash), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	assert_true(hmac_sha256(key, 20, data, sizeof data, &hash));
	assert_string_equal(
		hex_of(&hash), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	text = "Test Using Larger Than Block-Size Key - Hash Key First";
	assert_true(hmac_sha256(key, 131, text, strlen(text), &hash));
	assert_string_equal(
		hex_of(&hash), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	text = "This is a test using a larger than block-size key and a larger than block-size "
	       "data. The key needs to be hashed before being used by the HMAC algorithm.";
	assert_true(hmac_sha256(key, 131, text, strlen(text), &hash));
	assert_string_equal(
		hex_of(&hash), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
	/* Empty key and message: a widely published value. */
	assert_true(hmac_sha256(NULL, 0, NULL, 0, &hash));
	assert_string_equal(
		hex_of(&hash), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_hex(void **state)
{
	struct sha256 hash, read;
	char text[SHA256_HEX_SIZE];

	(void)state;
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		hash.bytes[i] = (unsigned char)(i * 9);
	sha256_to_hex(&hash, text);
	assert_int_equal(strlen(text), 64);
	assert_true(sha256_from_hex(text, 64, &read));
	assert_true(sha256_same(&hash, &read));
	for (size_t i = 0; i < 64; i++)
		if (text[i] >= 'a')
			text[i] = (char)(text[i] - 'a' + 'A');
	assert_true(sha256_from_hex(text, 64, &read));
	assert_true(sha256_same(&hash, &read));
	assert_false(sha256_from_hex(text, 63, &read));
	assert_false(sha256_from_hex(text, 65, &read));
	assert_false(sha256_from_hex(NULL, 0, &read));
	for (size_t at = 0; at < 64; at++) {
		char kept = text[at];

		text[at] = 'g';
		assert_false(sha256_from_hex(text, 64, &read));
		text[at] = kept;
	}
}

static void test_same(void **state)
{
	struct sha256 a = {{0}}, b = {{0}};

	(void)state;
	assert_true(sha256_same(&a, &b));
	for (size_t at = 0; at < SHA256_BYTES; at++) {
		b.bytes[at] = 0x80;
		assert_false(sha256_same(&a, &b));
		b.bytes[at] = 0;
	}
}

static void test_random_bytes(void **state)
{
	static unsigned char seen[1 << 16];
	unsigned counts[256] = {0};

	(void)state;
	assert_true(random_bytes(NULL, 0));
	assert_true(random_bytes(seen, sizeof seen));
	for (size_t i = 0; i < sizeof seen; i++)
		counts[seen[i]]++;
	/* 256 are expected of each; 10 standard deviations off would be a broken source. */
	for (size_t i = 0; i < 256; i++)
		assert_in_range(counts[i], 96, 416);
}

/* The check value of CRC-32/ISO-HDLC. */
static void test_crc32(void **state)
{
	(void)state;
	assert_int_equal(crc32_of("123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_of(NULL, 0), 0);
	assert_int_equal(crc32_of("", 0), 0);
}

static void test_base64url(void **state)
{
	/* RFC 4648 §10, without padding; the last for the two characters that base64 lacks. */
	static const struct {
		const char *bytes, *text;
	} examples[] = {
		{"", ""},
		{"f", "Zg"},
		{"fo", "Zm8"},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg"},
		{"fooba", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "-_-_"},
	};
	char text[16];
	unsigned char bytes[16];
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		size_t len = strlen(examples[i].bytes);

		assert_int_equal(
			base64url_encode(examples[i].bytes, len, text), strlen(examples[i].text));
		assert_string_equal(text, examples[i].text);
		/* Exactly as much room as it takes, and one byte less. */
		assert_true(base64url_decode(text, strlen(text), bytes, len, &count));
		assert_int_equal(count, len);
		assert_memory_equal(bytes, examples[i].bytes, len);
		if (len > 0)
			assert_false(base64url_decode(text, strlen(text), bytes, len - 1, &count));
	}
	assert_int_equal(base64url_encode(NULL, 0, text), 0);
	assert_true(base64url_decode(NULL, 0, NULL, 0, &count));
	assert_int_equal(count, 0);
}

static void test_base64url_refuses(void **state)
{
	static const char *const bad[] = {"Z", "Zm9vY", "Zg==", "Zg=", "Zm9v\n", "Zm+v", "Zm/v",
		"Zm 9v", "Z\xc3\xa9v",
		/* Bits left over that are not 0: another spelling of "Zg" and "Zm8". */
		"Zh", "Zm9"};
	unsigned char bytes[16];
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (base64url_decode(bad[i], strlen(bad[i]), bytes, sizeof bytes, &count))
			fail_msg("'%s' was accepted", bad[i]);
	assert_false(base64url_decode("Zm\0v", 4, bytes, sizeof bytes, &count));
}

static void test_base64url_round_trip(void **state)
{
	(void)state;
	random_begin("base64url");
	for (int i = 0; i < 2000; i++) {
		unsigned char bytes[100], again[100];
		char text[4 * ((sizeof bytes + 2) / 3) + 1];
		size_t len = random_below(sizeof bytes + 1), text_len, count;

		for (size_t at = 0; at < len; at++)
			bytes[at] = (unsigned char)random_u64();
		text_len = base64url_encode(bytes, len, text);
		assert_int_equal(text_len, (len * 4 + 2) / 3);
		assert_true(base64url_decode(text, text_len, again, len, &count));
		assert_int_equal(count, len);
		assert_memory_equal(again, bytes, len);
	}
}

static void *hash_many(void *arg)
{
	struct sha256 hash;

	for (int i = 0; i < 1000; i++)
		if (!sha256_of("abc", 3, &hash) ||
			strcmp(sha256_to_hex(&hash, arg), vectors[1].hash))
			return NULL;
	return arg;
}

/* Each thread has a context of its own, which ends with it. */
static void test_threads(void **state)
{
	char texts[8][SHA256_HEX_SIZE];
	pthread_t threads[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_many, texts[i]), 0);
	for (int i = 0; i < 8; i++) {
		void *result;

		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, texts[i]);
	}
}

static void *hash_short_of_memory(void *arg)
{
	const char *verdict = arg;

	/* A new thread, so that its context has yet to be made. */
	for (long n = 0;; n++) {
		struct sha256_stream stream = {0};
		struct sha256 one, two, mac;
		bool good_one, good_two, good_mac, failed;

		oom_begin(n);
		good_one = sha256_of("abc", 3, &one);
		good_mac = hmac_sha256("Jefe", 4, "abc", 3, &mac);
		good_two = sha256_begin(&stream);
		sha256_add(&stream, "abc", 3);
		good_two = sha256_end(&stream, &two) && good_two;
		failed = oom_end();
		sha256_release(&stream);
		/* Either right or refused, never a wrong hash. */
		if ((good_one && strcmp(hex_of(&one), vectors[1].hash) != 0) ||
			(good_two && strcmp(hex_of(&two), vectors[1].hash) != 0))
			return NULL;
		if (!failed)
			return good_one && good_two && good_mac ? (void *)verdict : NULL;
		if (good_one && good_two && good_mac)
			return NULL;
	}
}

static void test_out_of_memory(void **state)
{
	char verdict[] = "good";
	struct sha256 hash;
	pthread_t thread;
	void *result;

	(void)state;
	/* libcrypto's own start, which it does not repeat, is not what is tested. */
	assert_true(sha256_of("", 0, &hash));
	assert_true(hmac_sha256("", 0, "", 0, &hash));
	assert_int_equal(pthread_create(&thread, NULL, hash_short_of_memory, verdict), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, verdict);
}

/* RFC 4648 §10. */
static void test_base64(void **state)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="}};
	static const char *const bad[] = {
		"Zg", "Zg=", "Zh==", "Zg===", "=", "Z===", "Zm9-", "Zm9_", "Zm9v\n", "Zg==Zg=="};
	char text[16], back[16];
	size_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		size_t len = strlen(pairs[i][0]);

		assert_int_equal(base64_encode(pairs[i][0], len, text), strlen(pairs[i][1]));
		assert_string_equal(text, pairs[i][1]);
		assert_true(base64_decode(text, strlen(text), back, len, &bytes));
		assert_int_equal(bytes, len);
		assert_memory_equal(back, pairs[i][0], len);
		assert_false(len > 0 && base64_decode(text, strlen(text), back, len - 1, &bytes));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(base64_decode(bad[i], strlen(bad[i]), back, sizeof back, &bytes));
}

static void test_parts(void **state)
{
	const struct str parts[] = {STR("ab"), STR_NONE, STR(""), STR("c")};
	struct sha256 whole, pieces;

	(void)state;
	assert_true(sha256_of("abc", 3, &whole));
	assert_true(sha256_of_parts(parts, sizeof parts / sizeof *parts, &pieces));
	assert_true(sha256_same(&whole, &pieces));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_one_shot),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_without_begin),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_crc32),
		cmocka_unit_test(test_base64url),
		cmocka_unit_test(test_base64url_refuses),
		cmocka_unit_test(test_base64url_round_trip),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
