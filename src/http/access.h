/*
 * Who calls, and may they? Decided before the body is looked at.
 */
#ifndef WINNOW_HTTP_ACCESS_H
#define WINNOW_HTTP_ACCESS_H

#include <stdbool.h>

#include "http/http.h"

/*
 * Fills principal, roles and workspace of a request whose route is known.
 *
 * ERR_UNAUTHENTICATED: no token, or none that is valid. ERR_NOT_FOUND: the workspace is absent or
 * removed, or the token has no role in it; the two cannot be told apart. ERR_FORBIDDEN: the token
 * has a role there, but none that the route asks for; also an operator without a grant, who may
 * know which workspaces exist. ERR_AGENT: it has the role, but is an agent, and the route a decision. ERR_BAD_REQUEST: a token in the query, where logs would keep it.
 * ERR_WOULD_BLOCK unless may_block: call again on a worker.
 */
enum error access_check(struct request *request, bool may_block);

/*
 * What the last requests of a connection came to: its client sends the same token again and asks about
 * the same workspace, and while the caches have not changed (auth_version) there is nothing to look up,
 * hash or lock. For the event loop alone. Zeroed: nothing is known.
 */
struct access_known {
	unsigned long version;
	char token[48];
	size_t token_bytes;
	struct principal *principal; /* a reference, or NULL */
	struct workspace_ref workspace;
	char workspace_text[64]; /* as in the path: name or id */
	size_t workspace_bytes;  /* 0: none */
};
void access_forget(struct access_known *known);

/* Who was let in, for an answer that outlasts the moment. Holds no secret. */
struct access_memo {
	struct sha256 token; /* of the token's text */
	struct workspace_ref workspace;
	uint32_t wanted; /* the route's roles */
	uint32_t roles;  /* that were in force */
	int64_t expires_us;
};
/* False when memory is out. Of a request that access_check has let in. */
bool access_remember(const struct request *request, struct access_memo *out);
/*
 * Whether they still may, with the same rights; waits for PostgreSQL where the caches do not know.
 * While it is away, what was verified stays so until it expires.
 */
bool access_still(
	struct service *service, const struct clock *clock, const struct access_memo *memo);

#endif
