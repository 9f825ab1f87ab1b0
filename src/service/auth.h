/*
 * Tokens to principals, workspace names to ids, from caches that are kept fresh by the database.
 *
 * A token is looked up by the SHA-256 of its text, the found hash is compared in constant time.
 * A refresher verifies all cached tokens and names anew at least every 500 ms while PostgreSQL
 * answers, so a revocation is in force within a second; while it is away, what was verified before
 * stays valid until it expires. All functions are thread-safe.
 */
#ifndef WINNOW_SERVICE_AUTH_H
#define WINNOW_SERVICE_AUTH_H

#include "base/clock.h"
#include "base/error.h"
#include "base/sha256.h"
#include "service/principal.h"

struct auth;
struct store;

struct workspace_ref {
	struct uuid id;
	char name[64];
	unsigned char salt[32]; /* keys cursors; never leaves the daemon */
};

/*
 * may_block false: answers from the cache or with ERR_WOULD_BLOCK. true: asks PostgreSQL (only on
 * a worker; ERR_DATABASE_AWAY when it cannot). ERR_UNAUTHENTICATED: no such token, a bad checksum,
 * expired or revoked. *out is a reference that the caller gives back with principal_unref().
 */
enum error auth_token(struct auth *auth, struct str token, bool may_block, struct principal **out);
/* The same by the SHA-256 of the text, for one who was let in before. */
enum error auth_secret(
	struct auth *auth, const struct sha256 *hash, bool may_block, struct principal **out);
/* The same for a workspace's name (its slug) or id text. ERR_NOT_FOUND: none, or removed. */
enum error auth_workspace(
	struct auth *auth, struct str name, bool may_block, struct workspace_ref *out);
/*
 * Grows whenever something that was found before may no longer be so. Read before a look-up, it tells
 * later, without a lock, whether that would be found again; a token's own expiry it does not know.
 */
unsigned long auth_version(struct auth *auth);
/* Called after a commit that touched tokens, grants or workspaces: forgets all at once. */
void auth_forget(struct auth *auth);

struct auth *auth_new(struct store *store, const struct clock *clock);
void auth_free(struct auth *auth);

#endif
