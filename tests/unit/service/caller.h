/*
 * A service on the fixture's database, whoever calls it, and a workspace to call it about.
 */
#ifndef WINNOW_TESTS_SERVICE_CALLER_H
#define WINNOW_TESTS_SERVICE_CALLER_H

#include "store/fixture.h"

#include "service/workspaces.h"

static struct service service = {.clock = &fixture_clock};

/* A caller of its own memory and faults; ended by caller_end. */
struct caller {
	struct arena arena;
	struct diag diag;
	struct principal principal;
	struct call call;
};

static inline void caller_begin(struct caller *caller, const struct uuid *workspace)
{
	arena_init(&caller->arena, 256 << 20);
	diag_init(&caller->diag, &caller->arena);
	caller->principal = (struct principal){
		.token_id = {{7}},
		.workspace = *workspace,
		.roles = ROLE_ADMIN,
		.expires_us = INT64_MAX,
		.references = 1,
	};
	caller->call = (struct call){
		.service = &service,
		.arena = &caller->arena,
		.diag = &caller->diag,
		.principal = &caller->principal,
		.roles = ROLE_ADMIN,
		.workspace = *workspace,
		.request_id = "test",
	};
}

static inline void caller_end(struct caller *caller)
{
	arena_release(&caller->arena);
}

static inline struct uuid new_workspace(const char *name)
{
	struct workspace_row row;
	struct written written;
	struct caller caller;

	caller_begin(&caller, &system_workspace);
	assert_ok(workspace_create(&caller.call, str_from(name), STR_NONE, &row, &written));
	caller_end(&caller);
	return row.id;
}

#endif
