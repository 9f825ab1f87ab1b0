/*
 * The signatures under checkpoints.
 */
#include "base/ed25519.h"

#include <openssl/evp.h>

bool ed25519_public(
	const unsigned char secret[ED25519_KEY_BYTES], unsigned char public_key[ED25519_KEY_BYTES])
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_KEY_BYTES);
	size_t bytes = ED25519_KEY_BYTES;
	bool good = key && EVP_PKEY_get_raw_public_key(key, public_key, &bytes) == 1 &&
		    bytes == ED25519_KEY_BYTES;

	EVP_PKEY_free(key);
	return good;
}

bool ed25519_sign(const unsigned char secret[ED25519_KEY_BYTES], struct str text,
	unsigned char signature[ED25519_SIGNATURE_BYTES])
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t bytes = ED25519_SIGNATURE_BYTES;
	bool good = key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestSign(context, signature, &bytes, (const unsigned char *)text.ptr,
			    text.len) == 1 &&
		    bytes == ED25519_SIGNATURE_BYTES;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

bool ed25519_verify(const unsigned char public_key[ED25519_KEY_BYTES], struct str text,
	const unsigned char signature[ED25519_SIGNATURE_BYTES])
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, ED25519_SIGNATURE_BYTES,
			    (const unsigned char *)text.ptr, text.len) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}
