/*
 * Workspaces: created and removed by operators, logged in the system workspace.
 */
#ifndef WINNOW_SERVICE_WORKSPACES_H
#define WINNOW_SERVICE_WORKSPACES_H

#include "service/service.h"
#include "service/write.h"
#include "store/aggregates.h"

/* Creates the workspace with its own first revision: default settings, definitions, model, alias
 * and mappings. ERR_CONFLICT: the name is or was taken. ERR_INVALID: name or title. */
enum error workspace_create(const struct call *call, struct str name, struct str title,
	struct workspace_row *out, struct written *written);
enum error workspace_get(const struct call *call, struct workspace_row *out);
enum error workspace_list(const struct call *call, struct str after_name, size_t limit,
	struct workspace_row **out, size_t *count);
/* The tag is "r<head revision>". */
enum error workspace_remove(
	const struct call *call, const struct precondition *precondition, struct written *written);

#endif
