/*
 * Policies that ship as starting points, as a client would post them. A test holds that they pass
 * against the features and vocabularies that a new workspace begins with.
 */
#include "codec/presets_internal.h"

/* The preprocessor puts the quotes: no apostrophes within. */
#define JSON(...) #__VA_ARGS__

/* clang-format off */

const char preset_field_guards[] = JSON({
	"name": "field_guards",
	"description": "Guards that teams ended up with: no promise without a case for it, no estimate without understanding, no hurry where there is no way back.",
	"rules": [
		{
			"id": "feature-without-case",
			"when": {"all": [
				{"fact": "stream", "eq": "feature_request"},
				{"any": [
					{"feature": "capability_note", "missing": true},
					{"feature": "success_metric", "missing": true}]}]},
			"effect": "at_most_band",
			"band": "ready",
			"reason": "A feature request needs a capability note and a success metric before it can be in next_sprint."
		},
		{
			"id": "timebox-instead-of-estimate",
			"when": {"all": [
				{"feature": "fix_confidence", "eq": 1},
				{"feature": "timebox_days", "missing": true}]},
			"effect": "at_most_band",
			"band": "ready",
			"reason": "The cause is unknown, so an estimate means nothing: give it a timebox (timebox_days)."
		},
		{
			"id": "cautious-lane",
			"when": {"feature": "reversibility", "eq": 1},
			"effect": "at_most_band",
			"band": "ready",
			"reason": "The change is hard to take back: it goes through the cautious lane."
		},
		{
			"id": "cautious-lane-review",
			"when": {"feature": "reversibility", "eq": 1},
			"effect": "hold",
			"reason": "The change is hard to take back: it needs a review before it counts as committed."
		},
		{
			"id": "incident-lane",
			"when": {"fact": "stream", "eq": "incident"},
			"effect": "limit",
			"at_most": 2,
			"top": 20,
			"per": "workspace",
			"mode": "enforce",
			"reason": "Two incidents at a time; more of them only wait for the same people."
		},
		{
			"id": "unknown-risk",
			"when": {"all": [
				{"feature": "risk_category", "missing": true},
				{"feature": "user_impact", "ge": 3}]},
			"effect": "hold",
			"reason": "The impact is high and the risk category unknown: classify it first."
		},
		{
			"id": "regulatory-due",
			"when": {"days_to": "regulatory_due", "le": 30},
			"effect": "pin_top",
			"reason": "A regulatory date is at most 30 days away, or past."
		}
	]
});
