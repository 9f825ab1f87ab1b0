/*
 * Ed25519 (RFC 8032) by libcrypto: whole texts, signed and verified in one go. All return false when
 * memory is out; keys that are none make them false, too.
 */
#ifndef WINNOW_BASE_ED25519_H
#define WINNOW_BASE_ED25519_H

#include <stdbool.h>

#include "base/str.h"

enum { ED25519_KEY_BYTES = 32, ED25519_SIGNATURE_BYTES = 64 };

/* The public key of a private one (the 32 bytes that RFC 8032 calls the private key). */
bool ed25519_public(
	const unsigned char secret[ED25519_KEY_BYTES], unsigned char public_key[ED25519_KEY_BYTES]);
bool ed25519_sign(const unsigned char secret[ED25519_KEY_BYTES], struct str text,
	unsigned char signature[ED25519_SIGNATURE_BYTES]);
bool ed25519_verify(const unsigned char public_key[ED25519_KEY_BYTES], struct str text,
	const unsigned char signature[ED25519_SIGNATURE_BYTES]);

#endif
