/*
 * Contracts that ship as starting points, as a client would post them. A test holds that they pass
 * against the features and vocabularies that a new workspace begins with.
 */
#include "codec/presets_internal.h"

/* The preprocessor puts the quotes: no apostrophes within. */
#define JSON(...) #__VA_ARGS__

/* clang-format off */

const char preset_field_contract[] = JSON({
	"name": "field_contract",
	"description": "Shares, limits and definitions that teams ended up with, for the four shipped streams.",
	"streams": [
		{
			"stream": "model_quality",
			"share": {"at_least": 0.3, "at_most": 0.5},
			"ready": {
				"gates": [{
					"id": "evaluation-plan",
					"requires": {"feature": "evaluation_plan", "present": true},
					"reason": "Model quality is measured: say how it will be evaluated before it is begun."
				}]
			},
			"done": {"fields": ["features.acceptance_criteria"]},
			"timeboxes": [
				{"id": "three-days", "label": "timebox-3d", "days": 3},
				{"id": "one-week", "label": "timebox-1w", "days": 7}
			],
			"stale": {"todo_days": 60, "active_days": 14}
		},
		{
			"stream": "engineering_bug",
			"share": {"at_least": 0.2, "at_most": 0.3},
			"limits": [
				{"id": "bugs-per-engineer", "at_most": 7, "per": "assignee"},
				{"id": "bugs-per-engineer-soon", "at_most": 5, "per": "assignee", "mode": "warn"}
			],
			"stale": {"todo_days": 60, "active_days": 14}
		},
		{
			"stream": "feature_request",
			"share": {"at_least": 0.3, "at_most": 0.5},
			"ready": {
				"gates": [
					{
						"id": "capability-note",
						"requires": {"feature": "capability_note", "present": true},
						"reason": "Say what users can do afterwards that they cannot do now."
					},
					{
						"id": "success-metric",
						"requires": {"feature": "success_metric", "present": true},
						"reason": "Say which number will show whether it worked."
					}
				]
			},
			"timeboxes": [
				{"id": "discovery", "label": "discovery", "days": 10, "discovery": true}
			],
			"stale": {"todo_days": 60, "active_days": 14}
		},
		{
			"stream": "incident",
			"lane": true,
			"limits": [{"id": "incident-lane", "at_most": 2}]
		}
	],
	"quadrants": {
		"user_visibility": {"feature": "user_impact", "ge": 2},
		"system_risk": {"feature": "reversibility", "le": 2}
	},
	"views": [
		{
			"id": "capability",
			"when": {"fact": "stream", "eq": "feature_request"},
			"measures": ["user_impact", "demand", "affected_users"]
		},
		{
			"id": "reliability",
			"when": {"fact": "stream", "in": ["model_quality", "engineering_bug", "incident"]},
			"measures": ["incident_count_30d", "eval_regression", "error_rate_delta", "debt_interest"]
		}
	]
});
