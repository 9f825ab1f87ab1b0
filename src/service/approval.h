/*
 * Which direct writes other people have to agree to, and who counts as another person. Which changes it is
 * about is a document of the workspace (approval_rules); how they agree is proposals.h.
 */
#ifndef WINNOW_SERVICE_APPROVAL_H
#define WINNOW_SERVICE_APPROVAL_H

#include "codec/catalog.h"
#include "service/service.h"
#include "store/aggregates.h"

/* ERR_APPROVAL_REQUIRED, with a fault that names the way, when a direct write of this document may not be,
 * or of an override ("override", and its kind for a name).
 * Asked under the lock, after everything else was found good. */
enum error approval_guard(
	const struct catalog *catalog, const char *kind, struct str name, struct diag *diag);
/* The document that a change replaces: its kind, and its name where there is but one. */
struct approval_target {
	const char *kind;
	struct str name; /* absent: the change's own */
};
struct approval_target approval_target_of(enum approval_change change);

/* The roles that may write it directly, where no rule asks for approval: the routes' own. */
uint32_t approval_direct_roles(struct str change);

/*
 * The caller's token, the one that made it, and so on up to an operator's; and the person who is said to
 * hold it. In the call's arena. All of it never changes, so it is read before the write begins.
 */
enum error actor_line_of(const struct call *call, struct actor_line *out);
/*
 * Whether two tokens may be one person's: the same token, one made (directly or through others) by the
 * other, both said to be held by the same person, or both made by a third that is no operator's while
 * neither says whose it is. One of the two is the caller's.
 */
bool actors_may_be_one(const struct actor_line *a, const struct actor_line *b);
/* Whether the list names the token or its person. */
bool actor_is_named(const struct actor_line *actor, const struct str *names, size_t count);
/* Whether a rule's `from`, or `bypass`, names this person: no admin gives that name to a new token, since
 * whoever could would act in their place. */
bool approval_names_person(const struct approval_rules *rules, struct str person);

#endif
