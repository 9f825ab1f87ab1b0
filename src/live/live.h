/*
 * The live pictures: each active workspace's items as columns in memory, moved from revision to
 * revision, and the immutable ranking computed from them. PostgreSQL is the only truth; a picture
 * can be thrown away at any time.
 *
 * One follower thread asks for new revisions (at once after a hint, else every follow_ms), moves
 * the pictures and ranks; it takes at most rank_share of one processor for ranking. What time alone
 * has changed comes a few workspaces at a time, those first that were read last. Readers get
 * references to immutable rankings and never wait for it.
 *
 * All workspaces together stay within a memory budget: beyond it the one that was read least recently is
 * let go, and loaded again when somebody asks.
 */
#ifndef WINNOW_LIVE_LIVE_H
#define WINNOW_LIVE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/uuid.h"
#include "live/news.h"

struct live;
struct store;
struct ranking; /* live/ranking.h */

struct live_config {
	unsigned follow_ms;         /* polling floor */
	double rank_share;          /* 0 … 1 of one processor */
	unsigned ranking_keep_ms;   /* an old ranking stays this long after its last page */
	unsigned rankings_kept_max; /* a workspace */
	size_t memory_budget_bytes; /* for all workspaces together; 0: no limit */
	struct news_config news;    /* its look_ms is follow_ms */
	const char *notify_url; /* for hints between daemons, see hints.h; NULL: polling alone */
	unsigned connect_timeout_s; /* of that connection */
};

struct live *live_new(
	struct store *store, const struct clock *clock, const struct live_config *config);
void live_free(struct live *live);
/* What happens, for those who follow it; lives as long as the live part. */
struct news *live_news(struct live *live);

/* After a commit that brought a workspace to a revision: look now, and let the other daemons. Only a
 * hint. */
void live_hint(struct live *live, const struct uuid *workspace, int64_t revision);

/*
 * The newest published ranking of a workspace, as a reference (ranking_unref). ERR_LOADING when
 * there is none yet: loading has been asked for, wait with live_wait (revision 0). It is what
 * somebody gets, too, whose workspace was let go for others. ERR_WORKSPACE_TOO_LARGE: it is more than
 * the memory budget by itself; to wait is vain, though it is tried again when it has changed.
 */
enum error live_ranking(struct live *live, const struct uuid *workspace, struct ranking **out);
/* The newest published ranking of every workspace that is in memory, as references; nobody's time is renewed
 * by it. The list is the caller's to free. ERR_NO_MEMORY. */
enum error live_rankings(struct live *live, struct ranking ***out, size_t *count);
/* How far the loading of a workspace is, of which live_ranking says ERR_LOADING. It may wait for others to be
 * loaded before. */
struct live_loading {
	bool begun;
	size_t items;     /* so far */
	int64_t since_us; /* how long it has taken */
};
void live_loading(struct live *live, const struct uuid *workspace, struct live_loading *out);
/* Whether the workspace has none because it cannot be loaded or ranked: to wait for one is vain, though
 * it is tried again now and then. */
bool live_is_failing(struct live *live, const struct uuid *workspace);
/* One that is still kept, by its id; ERR_GONE when it is not. Serving it renews its time. */
enum error live_ranking_by_id(
	struct live *live, const struct uuid *workspace, const char *id, struct ranking **out);

struct ranking_request; /* live/ranking.h */
/* One that is still kept, by what it answers: of `revision`, as the request has it. A reference, or NULL. */
struct ranking *live_ranking_published(struct live *live, const struct uuid *workspace,
	int64_t revision, const struct ranking_request *request);

/*
 * A ranking of the past, or by other versions: loads the workspace as of `revision` from PostgreSQL
 * and ranks it. Only on a worker: it may take as long as loading a workspace does. The last few are
 * kept, so that pages of one ranking and its comparison with another one load it once; request->anew
 * loads it in any case. ERR_BUSY: one is being loaded, and another one waits already; ERR_NO_ROOM: the
 * memory budget is taken by what others have just read; ERR_WORKSPACE_TOO_LARGE; ERR_BEYOND_HEAD, ERR_NOT_FOUND (a version that did not exist then), ERR_DATABASE_AWAY.
 */
enum error live_ranking_at(struct live *live, const struct uuid *workspace, int64_t revision,
	const struct ranking_request *request, struct ranking **out);

/*
 * Calls wake once, on the follower thread, when a ranking of the workspace at `revision` or later
 * is published (or one with another id, where one is named), or when `until_us` (monotonic) has
 * passed, or at once where the workspace is too large to be loaded, or at live_free. May call it before returning when that is so already. The waiter belongs
 * to the live part until wake is called.
 */
struct live_waiter {
	struct uuid workspace;
	int64_t revision;
	const char *other_than; /* NULL: any ranking at the revision will do */
	int64_t until_us;
	void (*wake)(struct live_waiter *waiter);
	struct live_waiter *next; /* the live part's */
};
void live_wait(struct live *live, struct live_waiter *waiter);
/* Wakes it if it waits. */
void live_nudge(struct live *live, struct live_waiter *waiter);
/* Wakes all waiters at once (shutdown). */
void live_wake_all(struct live *live);

/* The workspace is gone: its rankings and its picture are let go, until somebody asks for it again.
 * NULL for `live` is fine. */
void live_forget(struct live *live, const struct uuid *workspace);

/* What readiness is made of. */
struct live_health {
	bool database_up;
	int64_t outage_us; /* how long it has been away; 0 when up */
	bool any_ranking;  /* something can be served from memory */
};
void live_health(struct live *live, struct live_health *out);

#endif
