/*
 * The table of tables: a resource is one file in resources/ and one line here.
 */
#include "http/resources/tables.h"

const struct route_table *const route_tables[] = {
	&system_routes,
	&problem_routes,
	&schema_routes,
	&whoami_routes,
	&workspace_routes,
	&token_routes,
	&grant_routes,
	&settings_routes,
	&feature_routes,
	&model_routes,
	&alias_routes,
	&policy_routes,
	&policy_alias_routes,
	&calendar_routes,
	&preset_routes,
	&mapping_routes,
	&source_routes,
	&item_collection_routes,
	&item_set_routes,
	&item_routes,
	&queue_routes,
	&explanation_routes,
	&override_routes,
	&audit_routes,
};
const size_t route_table_count = sizeof route_tables / sizeof *route_tables;
