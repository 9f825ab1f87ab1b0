/*
 * What a new workspace begins with: vocabularies, features, a model and the source mappings, so
 * that the first batch can be ranked without configuring anything.
 *
 * Bodies are canonical JSON, byte for byte what the parsers would make of them (a test holds this):
 * keys in byte order, no blanks. They are laid out by C's string concatenation.
 *
 * All of them are written by the revision that creates the workspace, which is 1; so the model's
 * pins say 1.
 */
#include "codec/catalog.h"

#define TEXT_OF(literal)                                                                           \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}
#define DOCUMENT(kind, name, body)                                                                 \
	{                                                                                          \
		TEXT_OF(kind), TEXT_OF(name), TEXT_OF(body), 1                                     \
	}

/* clang-format off */

/* ---- features: one entry each in the table ---- */
#define FEATURE(name, body) DOCUMENT("feature", #name, "{" body "}"),
#define COMMON(id, family, description)                                                            \
	"\"description\":\"" description "\",\"family\":\"" #family "\",\"id\":" #id
#define DIRECTED(id, family, direction, description)                                               \
	"\"description\":\"" description "\",\"direction\":\"" #direction "\","                    \
	"\"family\":\"" #family "\",\"id\":" #id

#define NUMBER(id, name, unit, family, lower, upper, direction, outside, description)              \
	FEATURE(name, "\"bounds\":{\"lower\":" #lower ",\"upper\":" #upper "},"                     \
		DIRECTED(id, family, direction, description) ",\"out_of_bounds\":\"" #outside    \
		"\",\"sensitive\":false,\"type\":\"number\",\"unit\":\"" unit "\"")
#define BOOLEAN(id, name, family, direction, description)                                          \
	FEATURE(name, DIRECTED(id, family, direction, description)                                 \
		",\"sensitive\":false,\"type\":\"boolean\"")
#define CATEGORY(id, name, family, values, description)                                            \
	FEATURE(name, "\"categories\":[" values "]," COMMON(id, family, description)               \
		",\"sensitive\":false,\"type\":\"category\"")
#define DATE(id, name, family, direction, description)                                             \
	FEATURE(name, DIRECTED(id, family, direction, description)                                 \
		",\"sensitive\":false,\"type\":\"date\"")
#define TEXT(id, name, family, description)                                                        \
	FEATURE(name, COMMON(id, family, description) ",\"sensitive\":false,\"type\":\"text\"")

/* ---- vocabularies; the first kind and the first status of class todo go to new items ---- */
#define SETTINGS                                                                                   \
	"{\"kinds\":[\"task\",\"bug\",\"feature\",\"incident\",\"prompt\",\"agent\",\"tool\","     \
		"\"policy\",\"dataset\",\"retraining\",\"spike\",\"evaluation\",\"guardrail\","    \
		"\"finding\",\"documentation\"],"                                                  \
	"\"statuses\":["                                                                           \
		"{\"class\":\"todo\",\"name\":\"open\"},"                                          \
		"{\"class\":\"active\",\"name\":\"in_progress\"},"                                 \
		"{\"class\":\"done\",\"name\":\"done\"},"                                          \
		"{\"class\":\"dropped\",\"name\":\"dropped\"}],"                                   \
	"\"streams\":[\"model_quality\",\"engineering_bug\",\"feature_request\",\"incident\"]}"

/* ---- the rubric: 8 to 24 points ---- */
#define RUBRIC_TERM(feature, weight)                                                               \
	"{\"feature\":\"" feature "\",\"scale\":\"value\",\"unknown\":\"span\","                   \
	"\"weight\":" weight "}"
#define TRIAGE_RUBRIC                                                                              \
	"{\"bands\":["                                                                             \
		"{\"at_least\":18,\"name\":\"next_sprint\"},"                                      \
		"{\"at_least\":12,\"name\":\"ready\"},"                                            \
		"{\"name\":\"icebox\"}],"                                                          \
	"\"description\":\"Points from 1 to 3 for each question, weighed and added up: 8 at the "  \
		"least, 24 at the most. What is unknown counts as 1.\","                           \
	"\"kind\":\"weighted_sum\","                                                               \
	"\"name\":\"triage_rubric\","                                                              \
	"\"pins\":{\"cost_of_delay\":1,\"fix_confidence\":1,\"reversibility\":1,"                  \
		"\"user_impact\":1},"                                                              \
	"\"terms\":["                                                                              \
		RUBRIC_TERM("user_impact", "3") ","                                                \
		RUBRIC_TERM("fix_confidence", "2") ","                                             \
		RUBRIC_TERM("reversibility", "2") ","                                              \
		RUBRIC_TERM("cost_of_delay", "1") "]}"

/* ---- source mappings; the form is docs/sources.md ---- */
#define FEATURES(pairs) "\"set\":{\"features\":{" pairs "}}"
#define POINTS(feature, points) "\"" feature "\":" points
#define STEP(at_least, value) "{\"at_least\":" at_least ",\"value\":" value "}"
#define THRESHOLD(feature, signal, steps)                                                          \
	"{\"feature\":\"" feature "\",\"signal\":\"" signal "\",\"steps\":[" steps "]}"
#define THRESHOLD_ELSE(otherwise, feature, signal, steps)                                          \
	"{\"else\":" otherwise ",\"feature\":\"" feature "\",\"signal\":\"" signal "\","           \
	"\"steps\":[" steps "]}"

/*
 * Labels come first, since a person chose them; what no label says follows from how much an issue
 * is talked about. Every issue gets impact and cost of delay; nothing in an issue tells how sure or
 * how reversible a change is, but for a few labels, so these stay unknown.
 */
#define GITHUB_MAPPING                                                                             \
	"{\"kind\":\"task\",\"rules\":["                                                           \
	"{\"label\":[\"incident*\",\"outage*\",\"*: incident\",\"postmortem*\"],"                  \
		"\"set\":{\"kind\":\"incident\",\"stream\":\"incident\"}},"                        \
	"{\"label\":[\"model*quality\",\"*hallucination*\",\"eval\",\"evals\",\"evaluation*\","    \
		"\"*drift\",\"*model regression\"],\"set\":{\"stream\":\"model_quality\"}},"       \
	"{\"label\":[\"eval\",\"evals\",\"evaluation*\"],\"set\":{\"kind\":\"evaluation\"}},"      \
	"{\"label\":[\"prompt\",\"prompts\",\"*: prompt\"],\"set\":{\"kind\":\"prompt\"}},"        \
	"{\"label\":[\"guardrail*\",\"*safety\"],\"set\":{\"kind\":\"guardrail\"}},"               \
	"{\"label\":[\"dataset*\",\"*: data\"],\"set\":{\"kind\":\"dataset\"}},"                   \
	"{\"label\":[\"spike\",\"research\",\"investigation\"],\"set\":{\"kind\":\"spike\"}},"     \
	"{\"label\":[\"bug\",\"bug:*\",\"*: bug\",\"*/bug\",\"defect*\",\"*regression*\","         \
		"\"crash*\"],\"set\":{\"kind\":\"bug\",\"stream\":\"engineering_bug\"}},"          \
	"{\"label\":[\"feature\",\"feature*request*\",\"enhancement*\",\"*: feature\","            \
		"\"*/feature\",\"*: enhancement\",\"proposal*\"],"                                 \
		"\"set\":{\"kind\":\"feature\",\"stream\":\"feature_request\"}},"                  \
	"{\"label\":[\"documentation\",\"docs\",\"*: docs\",\"*/documentation\"],"                 \
		"\"set\":{\"features\":{\"reversibility\":3},\"kind\":\"documentation\"}},"        \
	"{\"label\":[\"sev1\",\"sev-1\",\"s1\",\"p0\",\"*critical*\",\"blocker\",\"*urgent\"],"    \
		FEATURES(POINTS("cost_of_delay", "3") "," POINTS("severity", "\"sev1\"") ","       \
			POINTS("user_impact", "3")) "},"                                           \
	"{\"label\":[\"sev2\",\"sev-2\",\"s2\",\"p1\",\"priority*high\",\"severity*high\","        \
		"\"high priority\"],"                                                              \
		FEATURES(POINTS("cost_of_delay", "3") "," POINTS("severity", "\"sev2\"") ","       \
			POINTS("user_impact", "2")) "},"                                           \
	"{\"label\":[\"sev3\",\"sev-3\",\"s3\",\"p2\",\"priority*medium\",\"severity*medium\"],"   \
		FEATURES(POINTS("cost_of_delay", "2") "," POINTS("severity", "\"sev3\"") ","       \
			POINTS("user_impact", "2")) "},"                                           \
	"{\"label\":[\"sev4\",\"sev-4\",\"s4\",\"p3\",\"p4\",\"priority*low\","                    \
		"\"severity*low\",\"low priority\"],"                                              \
		FEATURES(POINTS("cost_of_delay", "1") "," POINTS("severity", "\"sev4\"") ","       \
			POINTS("user_impact", "1")) "},"                                           \
	"{\"label\":[\"security*\",\"*vulnerability*\",\"cve-*\",\"*regression*\"],"               \
		FEATURES(POINTS("cost_of_delay", "3")) "},"                                        \
	"{\"label\":[\"bug\",\"bug:*\",\"*: bug\",\"*/bug\",\"defect*\",\"crash*\"],"              \
		FEATURES(POINTS("cost_of_delay", "2")) "},"                                        \
	"{\"label\":[\"good first issue\",\"good-first-issue\"],"                                  \
		FEATURES(POINTS("fix_confidence", "3")) "},"                                       \
	"{\"label\":[\"needs repro*\",\"needs-repro*\",\"cannot reproduce\","                      \
		"\"needs investigation\"],"                                                        \
		FEATURES(POINTS("fix_confidence", "1")) "},"                                       \
	"{\"label\":[\"breaking*\",\"*breaking change*\"],"                                        \
		FEATURES(POINTS("reversibility", "1")) "}],"                                       \
	"\"statuses\":{\"closed\":\"done\",\"deleted\":\"dropped\",\"duplicate\":\"dropped\","     \
		"\"not_planned\":\"dropped\",\"open\":\"open\",\"transferred\":\"dropped\"},"      \
	"\"stream\":\"engineering_bug\",\"thresholds\":["                                          \
	THRESHOLD("user_impact", "reactions", STEP("10", "3")) ","                                 \
	THRESHOLD("user_impact", "comments", STEP("30", "3") "," STEP("15", "2")) ","              \
	THRESHOLD_ELSE("1", "user_impact", "reactions", STEP("2", "2")) ","                        \
	THRESHOLD("cost_of_delay", "reactions", STEP("25", "3")) ","                               \
	THRESHOLD("cost_of_delay", "comments", STEP("40", "3") "," STEP("5", "2")) ","             \
	THRESHOLD_ELSE("1", "cost_of_delay", "reactions", STEP("5", "2")) ","                      \
	"{\"feature\":\"demand\",\"signal\":\"reactions_and_comments\"}]}"

/*
 * An alert's labels read "name=value". Severity is a word that each team chose; a word that is not
 * here, or none, counts like a warning.
 */
#define ALERT_RULE(labels, severity, impact, delay)                                                \
	"{\"label\":[" labels "],"                                                                 \
		FEATURES(POINTS("cost_of_delay", delay) "," POINTS("severity", severity) ","       \
			POINTS("user_impact", impact)) "},"
#define ALERTMANAGER_MAPPING                                                                       \
	"{\"kind\":\"incident\",\"rules\":["                                                       \
	ALERT_RULE("\"severity=critical\",\"severity=page\",\"severity=emergency\","               \
		"\"severity=fatal\",\"severity=disaster\",\"severity=sev1\",\"severity=p1\"",      \
		"\"sev1\"", "3", "3")                                                              \
	ALERT_RULE("\"severity=error\",\"severity=major\",\"severity=high\",\"severity=sev2\","    \
		"\"severity=p2\"", "\"sev2\"", "2", "3")                                           \
	ALERT_RULE("\"severity=warn*\",\"severity=minor\",\"severity=medium\","                    \
		"\"severity=average\",\"severity=ticket\",\"severity=sev3\",\"severity=p3\"",      \
		"\"sev3\"", "1", "2")                                                              \
	ALERT_RULE("\"severity=info*\",\"severity=low\",\"severity=notice\","                      \
		"\"severity=none\",\"severity=sev4\",\"severity=p4\"", "\"sev4\"", "1", "1")       \
	"{" FEATURES(POINTS("cost_of_delay", "2") "," POINTS("user_impact", "1")) "}],"            \
	"\"statuses\":{\"active\":\"open\",\"firing\":\"open\",\"resolved\":\"done\","             \
		"\"suppressed\":\"open\",\"unprocessed\":\"open\"},"                               \
	"\"stream\":\"incident\"}"

/* clang-format on */

const struct document default_documents[] = {
	DOCUMENT("settings", "workspace", SETTINGS),
#include "codec/default_features.def"
	DOCUMENT("model", "1", TRIAGE_RUBRIC),
	DOCUMENT("alias", "active", "{\"model\":1}"),
	DOCUMENT("mapping", "github", GITHUB_MAPPING),
	DOCUMENT("mapping", "alertmanager", ALERTMANAGER_MAPPING),
};

const size_t default_document_count = sizeof default_documents / sizeof default_documents[0];
