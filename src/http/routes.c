/*
 * The table of tables: a resource is one file in resources/ and one line here.
 */
#include <stdio.h>
#include <string.h>

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
	&sla_routes,
	&contract_routes,
	&contract_alias_routes,
	&launch_routes,
	&recurrence_routes,
	&stream_routes,
	&quadrant_routes,
	&view_routes,
	&preset_routes,
	&mapping_routes,
	&approval_rule_routes,
	&proposal_routes,
	&rollout_routes,
	&source_routes,
	&item_collection_routes,
	&item_set_routes,
	&item_routes,
	&erasure_routes,
	&queue_routes,
	&event_routes,
	&queue_excluded_routes,
	&queue_unknowns_routes,
	&explanation_routes,
	&movement_routes,
	&impact_routes,
	&finding_routes,
	&finding_history_routes,
	&finding_change_routes,
	&pack_routes,
	&sweep_routes,
	&ranking_routes,
	&ranking_proof_routes,
	&override_routes,
	&review_routes,
	&comparison_routes,
	&strength_routes,
	&criteria_routes,
	&simulation_routes,
	&policy_check_routes,
	&score_routes,
	&counterfactual_routes,
	&audit_routes,
	&audit_proof_routes,
	&access_log_routes,
	&evidence_routes,
	&card_routes,
};
const size_t route_table_count = sizeof route_tables / sizeof *route_tables;

static void print_roles(const struct route *route, FILE *out)
{
	const char *comma = "";

	if (route->flags & ROUTE_PUBLIC) {
		fprintf(out, "public");
		return;
	}
	if (route->roles == (ROLES_ANY_MEMBER | ROLE_OPERATOR) && !strstr(route->path, "{ws}")) {
		fprintf(out, "any");
		return;
	}
	for (uint32_t bit = 1; bit <= ROLE_OPERATOR; bit <<= 1) {
		if (!(route->roles & bit))
			continue;
		fprintf(out, "%s%s", comma, role_name(bit));
		comma = ",";
	}
}

void routes_print(FILE *out)
{
	for (size_t i = 0; i < route_table_count; i++) {
		for (size_t j = 0; j < route_tables[i]->count; j++) {
			const struct route *route = &route_tables[i]->routes[j];

			fprintf(out, "%s\t%s\t", route->method, route->path);
			print_roles(route, out);
			fprintf(out, "\t%s%s%s\n", route->flags & ROUTE_MEMORY ? "memory " : "",
				route->flags & ROUTE_IF_MATCH ? "if-match " : "",
				route->flags & ROUTE_DECIDES ? "decides" : "");
		}
	}
}
