/*
 * Presets: models, policies and contracts as a client would post them, to begin with. {"preset": "rice"} is
 * replaced by the preset's body before anything else looks at it, so a model made of one is stored
 * whole and does not change when a later release ships another text.
 *
 * docs/models.md names the source of each formula.
 */
#include <string.h>

#include "codec/catalog_internal.h"
#include "codec/json.h"
#include "codec/presets_internal.h"

/* clang-format off */

#define BANDS(next_sprint, ready)                                                                  \
	"\"bands\":[{\"name\":\"next_sprint\",\"at_least\":" next_sprint "},"                      \
	"{\"name\":\"ready\",\"at_least\":" ready "},{\"name\":\"icebox\"}]"
#define EXPRESSION(name, text, description, bands)                                                 \
	"{\"name\":\"" name "\",\"kind\":\"expression\",\"description\":\"" description "\","      \
	"\"expression\":\"" text "\"," bands "}"

#define RICE                                                                                       \
	EXPRESSION("rice", "reach * impact * (confidence / 100) / (max(effort, 1) / 20)",          \
		"Reach (people a quarter) times impact times confidence, by effort in person-"     \
		"months of 20 days. Less than a day counts as a day.",                             \
		BANDS("1000", "100"))
#define ICE                                                                                        \
	EXPRESSION("ice", "impact * (confidence / 10) * ease",                                     \
		"Impact times confidence times ease, each 1 to 10; confidence is kept in percent, "\
		"so 80 counts as 8.",                                                              \
		BANDS("343", "125"))
#define WSJF                                                                                       \
	EXPRESSION("wsjf", "(business_value + time_criticality + risk_reduction) / job_size",      \
		"Weighted shortest job first: the cost of delay on a relative scale, by the size " \
		"of the job.",                                                                     \
		BANDS("5", "2"))
#define COST_OF_DELAY                                                                              \
	EXPRESSION("cost_of_delay", "delay_cost / (max(effort, 1) / 5)",                           \
		"Cost of delay divided by duration, both in weeks of 5 days: money a week, saved " \
		"by each week of work. Less than a day counts as a day.",                          \
		BANDS("10000", "1000"))
#define VALUE_EFFORT                                                                               \
	EXPRESSION("value_effort", "(user_impact + cost_of_delay) / max(effort, 1)",               \
		"Points of impact and of cost of delay, by days of effort. Less than a day counts "\
		"as a day.",                                                                       \
		BANDS("1", "0.2"))

/* Scores of a front lie in [1 - front, 2 - front). */
#define BALANCED_PARETO                                                                            \
	"{\"name\":\"balanced_pareto\",\"kind\":\"pareto\","                                       \
	"\"description\":\"Nothing is traded off between fronts: an item is in the first one "     \
		"when no other is at least as good in all three objectives and better in one. "    \
		"The bands are the first front, the next two, and the rest.\","                    \
	"\"objectives\":[{\"feature\":\"user_impact\",\"goal\":\"maximise\"},"                     \
		"{\"feature\":\"cost_of_delay\",\"goal\":\"maximise\"},"                           \
		"{\"feature\":\"effort\",\"goal\":\"minimise\"}],"                                 \
	"\"place\":\"topsis\"," BANDS("0", "-2") "}"

/* clang-format on */

const struct preset presets[] = {
	{"model", "rice", "RICE: reach, impact, confidence, effort.", RICE},
	{"model", "ice", "ICE: impact, confidence, ease.", ICE},
	{"model", "wsjf", "SAFe's weighted shortest job first.", WSJF},
	{"model", "cost_of_delay", "Cost of delay divided by duration (CD3).", COST_OF_DELAY},
	{"model", "value_effort", "Value by effort, from the rubric's own points.", VALUE_EFFORT},
	{"model", "balanced_pareto", "Impact, cost of delay and effort as equal objectives.",
		BALANCED_PARETO},
	{"policy", "field_guards", "Guards from the field, as rules that no score can beat.",
		preset_field_guards},
	{"contract", "field_contract",
		"Shares, limits and definitions of the four shipped streams.",
		preset_field_contract},
};
const size_t preset_count = sizeof presets / sizeof presets[0];

const struct preset *preset_named(const char *kind, struct str name)
{
	for (size_t i = 0; i < preset_count; i++) {
		if (strcmp(presets[i].kind, kind) == 0 && str_is(name, presets[i].name))
			return &presets[i];
	}
	return NULL;
}

static void fault_preset(const char *kind, struct diag *diag)
{
	struct buf list = BUF_INIT;

	for (size_t i = 0; i < preset_count; i++) {
		if (strcmp(presets[i].kind, kind) == 0)
			buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", presets[i].name);
	}
	diag_add(diag, "/preset", "There is no such preset of a %s. There are: %s.", kind,
		list.failed ? "" : list.data);
	buf_release(&list);
}

/* The client's own members in place of the preset's; null is nothing. */
static bool put_own(json_t *document, const json_t *json, const char *const *own)
{
	for (size_t i = 0; own[i]; i++) {
		json_t *value = json_object_get(json, own[i]);

		if (strcmp(own[i], "preset") == 0 || !value || json_is_null(value))
			continue;
		if (json_object_set(document, own[i], value) != 0)
			return false;
	}
	return true;
}

/* `keys` are what the client may say: preset, and what it may put in place of the preset's. */
static json_t *from_preset(
	const char *kind, const json_t *json, const char *const *keys, struct diag *diag)
{
	const json_t *name = json_object_get(json, "preset");
	const struct preset *preset;
	json_t *document = NULL;

	if (!json_only_keys(json, keys, "", diag))
		return NULL;
	preset =
		preset_named(kind, (struct str){json_string_value(name), json_string_length(name)});
	if (!preset) {
		fault_preset(kind, diag);
		return NULL;
	}
	if (json_parse(str_from(preset->body), 1, "", diag, &document) != ERR_OK)
		return NULL;
	if (put_own(document, json, keys))
		return document;
	json_decref(document);
	return NULL;
}

json_t *model_from_preset(const json_t *json, struct diag *diag)
{
	static const char *const keys[] = {"preset", "name", "description", "bands", NULL};

	return from_preset("model", json, keys, diag);
}

json_t *policy_from_preset(const json_t *json, struct diag *diag)
{
	static const char *const keys[] = {"preset", "name", "description", NULL};

	return from_preset("policy", json, keys, diag);
}

json_t *contract_from_preset(const json_t *json, struct diag *diag)
{
	static const char *const keys[] = {
		"preset", "name", "description", "mirrors", "limits", "quadrants", "views", NULL};

	return from_preset("contract", json, keys, diag);
}
