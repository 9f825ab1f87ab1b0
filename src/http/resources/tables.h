/*
 * The tables of all resources: one line here, one in routes.c, one file beside this one.
 */
#ifndef WINNOW_HTTP_RESOURCES_TABLES_H
#define WINNOW_HTTP_RESOURCES_TABLES_H

#include "http/http.h"

extern const struct route_table system_routes;
extern const struct route_table problem_routes;
extern const struct route_table schema_routes;
extern const struct route_table whoami_routes;
extern const struct route_table workspace_routes;
extern const struct route_table token_routes;
extern const struct route_table grant_routes;
extern const struct route_table settings_routes;
extern const struct route_table feature_routes;
extern const struct route_table model_routes;
extern const struct route_table alias_routes;
extern const struct route_table policy_routes;
extern const struct route_table policy_alias_routes;
extern const struct route_table calendar_routes;
extern const struct route_table sla_routes;
extern const struct route_table contract_routes;
extern const struct route_table contract_alias_routes;
extern const struct route_table launch_routes;
extern const struct route_table recurrence_routes;
extern const struct route_table stream_routes;
extern const struct route_table quadrant_routes;
extern const struct route_table view_routes;
extern const struct route_table preset_routes;
extern const struct route_table mapping_routes;
extern const struct route_table approval_rule_routes;
extern const struct route_table proposal_routes;
extern const struct route_table rollout_routes;
extern const struct route_table source_routes;
extern const struct route_table item_collection_routes;
extern const struct route_table item_set_routes;
extern const struct route_table item_routes;
extern const struct route_table erasure_routes;
extern const struct route_table queue_routes;
extern const struct route_table event_routes;
extern const struct route_table queue_excluded_routes;
extern const struct route_table queue_unknowns_routes;
extern const struct route_table explanation_routes;
extern const struct route_table movement_routes;
extern const struct route_table impact_routes;
extern const struct route_table finding_routes;
extern const struct route_table finding_history_routes;
extern const struct route_table finding_change_routes;
extern const struct route_table pack_routes;
extern const struct route_table sweep_routes;
extern const struct route_table ranking_routes;
extern const struct route_table ranking_proof_routes;
extern const struct route_table override_routes;
extern const struct route_table review_routes;
extern const struct route_table comparison_routes;
extern const struct route_table strength_routes;
extern const struct route_table criteria_routes;
extern const struct route_table simulation_routes;
extern const struct route_table policy_check_routes;
extern const struct route_table score_routes;
extern const struct route_table counterfactual_routes;
extern const struct route_table audit_routes;
extern const struct route_table audit_proof_routes;
extern const struct route_table access_log_routes;
extern const struct route_table evidence_routes;
extern const struct route_table card_routes;

#endif
