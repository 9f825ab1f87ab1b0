/*
 * A workspace's configuration as domain values: feature definitions, vocabularies, models and
 * policies with their aliases, calendars, source mappings. Made of documents (kind, name, revision, canonical JSON body);
 * immutable once built, shared by reference. Everything hangs in one arena of its own.
 *
 * Documents: kind "feature" (name: the feature's), "model" (name: the version's number), "model_card"
 * (the same name), "alias" (name: "active", "candidate"; body {"model": N}), "policy" (name: the version's number),
 * "policy_card" (the same name), "policy_alias" (body {"policy": N}, or {"policy": null}: none), "calendar" (name: its own),
 * "settings" (name "workspace"), "mapping" (name: the source format's), "business_hours" (name: its own),
 * "slas" (name "workspace"), "suspension" (name "model"; body {"fallback","model","ranking"}, or {"model":null}:
 * none), "approval_rules" (name "workspace"); "contract", "contract_alias" and
 * "launch" are described in contract.h, "recurrence" in recurrence.h.
 */
#ifndef WINNOW_CODEC_CATALOG_H
#define WINNOW_CODEC_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "winnow/hours.h"
#include "winnow/model.h"
#include "winnow/policy.h"

struct json_t; /* jansson's, never held by a domain value */

enum feature_type {
	FEATURE_NUMBER,
	FEATURE_BOOLEAN,  /* 0 or 1 */
	FEATURE_CATEGORY, /* index into the closed list */
	FEATURE_DATE,     /* seconds since 1970-01-01T00:00:00Z */
	FEATURE_TEXT,     /* the engine sees 1: it is there */
};

struct feature_definition {
	uint16_t id;      /* 0 … ; the column; given once, never again */
	int64_t revision; /* of this version of the definition */
	struct str name;  /* [a-z][a-z0-9_]{0,62} */
	enum feature_type type;
	struct str unit;
	struct str family; /* business_value, effort, technical_debt, reliability, risk_compliance,
	                      dependency, demand */
	struct str description;
	double lower, upper; /* numbers only; ±INFINITY: unbounded (then not usable in a model) */
	bool lower_is_better;
	bool clamp;     /* a value outside the bounds is cut to them; else refused */
	bool sensitive; /* its values, and what gives them away, are for admins and auditors alone */
	bool in_rules; /* the SLA rules or a contract read it (said of the newest definitions only): must not
	                  become sensitive, because clocks and health would show it */
	bool fact; /* no feature at all: what stands for one where a model's term names a fact of items. The
	              id is its enum wn_number; bounds and direction are the term's */
	bool deleted; /* its column stays, its values are no longer taken or shown, and no new model,
	                   policy or mapping may name it */
	const struct str *categories; /* worst first; later versions may only append */
	size_t category_count;
};

enum status_class { STATUS_TODO, STATUS_ACTIVE, STATUS_DONE, STATUS_DROPPED };

struct status_definition {
	struct str name;
	enum status_class class;
};

/* One immutable model version, ready for the engine. Terms are against the definitions that the
 * version was validated with (pinned by revision), whatever the newest ones say. */
struct model_version {
	int64_t version;  /* 1, 2, 3 … in the workspace */
	int64_t revision; /* that wrote it */
	struct str name;
	struct str description; /* absent when it has none */
	struct str body;        /* canonical JSON as stored */
	/* Not bound: what is a symbol in a bound model is here 1 + an index into `words`. Bound by
	 * model_bind; range, traits, check and explanations' labels may be asked without. */
	struct wn_model model;
	const struct feature_definition **term_features; /* by term, as pinned */
	const struct str *words;                         /* that it compares with */
	size_t word_count;
	struct str expression;                         /* the text, of kind expression */
	const struct model_version *const *components; /* of a blend, by component */
};

/* From a word to the symbol that a population gave it; WN_UNSEEN_SYMBOL when no row has it. */
struct word_lookup {
	uint32_t (*symbol)(void *self, struct str word);
	void *self;
};

struct policy_rule {
	struct str id; /* [a-z][a-z0-9_-]{0,62}, each once in the policy; what explanations name */
	struct str reason;   /* for people */
	struct str band;     /* of at_least_band and at_most_band; else absent */
	struct str calendar; /* of freeze; else absent */
	/* Not bound: symbols of tests are 1 + index into the policy's words; band is 0; a freeze's times
	 * are its own from and until. */
	struct wn_rule rule;
};

/* A part of the backlog, and the policy version whose rules are for it (catalog_policy_split.c). */
struct policy_part {
	int64_t policy;
	const struct str *streams, *teams; /* none of both: the rest */
	size_t stream_count, team_count;
};

/* One immutable policy version. */
struct policy_version {
	int64_t version, revision;
	struct str name, description, body;
	const struct policy_rule *rules;
	size_t rule_count;
	const struct str *words;
	size_t word_count;
	const struct policy_part *parts; /* of one that was put together from others; else none */
	size_t part_count;
};

/* Windows in which a freeze holds: single ones, and ones that come back every week. */
struct calendar_window {
	double from_s, until_s; /* single: since 1970; weekly: since Monday 00:00 in the calendar's
	                           offset, until_s may lie in the next week */
	struct str reason;      /* absent: none */
};
struct calendar {
	struct str name;
	int64_t revision;
	struct str body;
	double offset_s; /* local time minus UTC, fixed */
	const struct calendar_window *single, *weekly;
	size_t single_count, weekly_count;
};

struct alias {
	struct str name;
	int64_t model;
	int64_t revision;
};

struct policy_alias {
	struct str name;
	int64_t policy; /* 0: none */
	int64_t revision;
};

/* When work is done, in a time zone (docs/sla.md). */
struct business_hours {
	struct str name;
	int64_t revision;
	struct str body;
	struct str zone;
	struct wn_hours hours; /* prepared */
};

enum { SLA_MAX_RULES = 64, SLA_MAX_WATCHED = 16 };

/* How long an item may take, and what its clock does. */
struct sla_rule {
	struct str id;
	int64_t target_s;
	int64_t due_soon_s;          /* 0: never said to be due soon */
	struct str hours;            /* name of business hours; absent: every hour counts */
	const struct str *starts_at; /* statuses; none: it starts with the item */
	size_t start_count;
	const struct str *pauses_at; /* statuses */
	size_t pause_count;
	bool restart_on_reopen;
	uint32_t restart_on; /* bit i: a change of the feature watched[i] */
};

/* The rules of a workspace; the first whose predicate an item fulfils is its own. */
struct sla_rules {
	int64_t revision;
	struct str body;
	const struct sla_rule *rules;
	size_t rule_count;
	struct policy_version when;        /* the predicates: rules[i] of each */
	uint16_t watched[SLA_MAX_WATCHED]; /* features whose changes restart clocks */
	size_t watched_count;
};
/* What a version of a model or a policy is for (catalog_card.c). */
enum card_kind { CARD_MODEL, CARD_POLICY, CARD_KINDS };
struct version_card {
	int64_t version, revision;
	struct str body; /* canonical JSON */
};
struct version_cards {
	const struct version_card *items; /* of the versions that have one */
	size_t count;
};
/* The feature whose categories are the words for risk, of items and of cards. */
#define RISK_CATEGORY_FEATURE "risk_category"

/* The active model was stopped: until it is resumed the alias "active" names a fixed order. */
struct suspension {
	int64_t model;       /* that is suspended; 0: none is */
	struct str fallback; /* "rules", "last_approved_ranking" */
	struct str ranking;  /* whose order it is; absent: none */
	int64_t revision;
};

/* Changes that take other people's approval (catalog_approval.c). */
enum approval_change {
	APPROVE_MODEL,   /* the alias "active" of models: another model, other weights */
	APPROVE_POLICY,  /* the alias "active" of policies */
	APPROVE_FEATURE, /* a definition, or its deletion */
	APPROVE_SETTINGS,
	APPROVE_OVERRIDE, /* making one, of chosen kinds, and ending it */
	/* What rules of policies and models' facts go by, and where items come from. */
	APPROVE_CALENDAR, /* as APPROVE_FEATURE */
	APPROVE_BUSINESS_HOURS,
	APPROVE_SLAS,
	APPROVE_CONTRACT, /* the alias "active" of contracts */
	APPROVE_LAUNCH,   /* as APPROVE_FEATURE: it reserves capacity */
	APPROVE_MAPPING,
	APPROVE_RULES, /* these rules themselves, as soon as there are any: each rule's `from` counts */
	APPROVAL_CHANGES
};
/* "model" …; APPROVAL_CHANGES when unknown. */
enum approval_change approval_change_named(struct str name);
const char *approval_change_name(enum approval_change change);
struct approval_rule {
	bool required;
	unsigned approvers;    /* distinct, and none of them the proposer */
	unsigned expires_days; /* of a proposal */
	bool by_hand;          /* it is applied when somebody says so, not by the last approval */
	uint32_t kinds; /* of overrides: bits by their place in override_kinds (population.h) */
	const struct str *from; /* who may approve: tokens' and persons' ids; none: each reviewer */
	size_t from_count;
};
struct approval_rules {
	struct approval_rule of[APPROVAL_CHANGES];
	const struct str *bypass; /* who may do without: tokens' and persons' ids */
	size_t bypass_count;
	struct str body; /* absent: there are no rules */
	int64_t revision;
};

struct mapping {
	struct str format;
	int64_t revision;
	struct str body; /* canonical JSON; intake reads it */
};

/* Whether reads of sensitive data are written down, and for how long that is kept. */
struct access_log_settings {
	bool on;
	unsigned keep_days;
};

/* What needs a person's approval (settings.review, docs/reviews.md). */
enum { REVIEW_TOP_MOST = 1000, REVIEW_ABOVE_DEFAULT = 5, REVIEW_TOP_DEFAULT = 20 };
struct review_rules {
	bool on;
	int64_t above; /* so many ranks above the approved one it is pending again */
	int64_t top;   /* the first so many of each stream that has no number of its own */
	const int64_t *stream_top;    /* by stream, as catalog->streams */
	int64_t escalate_after_hours; /* 0: never */
	struct str escalate_to;       /* absent: nobody in particular */
};

struct catalog {
	struct arena arena;
	int references;        /* atomic */
	int64_t revision;      /* of the newest document in it */
	size_t document_bytes; /* of all documents that it was built of, by catalog_has_room's count */
	size_t table_combinations; /* of all its decision tables, with unknowns */

	/* The newest version of each definition, by id (its column); ids have no holes. */
	const struct feature_definition *features;
	size_t feature_count;
	struct str_map feature_ids; /* name → id */
	bool has_sensitive;         /* one of them is */

	const struct str *streams;
	size_t stream_count;
	const struct str *kinds; /* the first is the default */
	size_t kind_count;
	const struct status_definition *statuses; /* the first of class todo is the default */
	size_t status_count;
	unsigned override_max_days; /* the longest that an override may last; 90 unless set */
	uint32_t sensitive_fields;  /* of items, bits of ITEM_PERSONAL: as sensitive features are */
	struct access_log_settings access_log;
	struct review_rules review;
	unsigned sprint_days;   /* 14 unless set */
	int64_t sprint_start_s; /* 00:00 UTC of a day on which one begins; a Monday unless set */
	uint32_t
		finding_events; /* kinds of findings that are told as events, bits of FINDING_BIT */
	struct str settings_body;
	int64_t settings_revision;

	const struct model_version *models; /* by version - 1 */
	size_t model_count;
	struct version_cards cards[CARD_KINDS];
	const struct alias *aliases;
	size_t alias_count;
	const struct policy_version *policies; /* by version - 1 */
	size_t policy_count;
	const struct policy_alias *policy_aliases;
	size_t policy_alias_count;
	const struct calendar *calendars; /* by name */
	size_t calendar_count;
	const struct contract_version *contracts; /* by version - 1; contract.h */
	size_t contract_count;
	const struct contract_alias *contract_aliases;
	size_t contract_alias_count;
	const struct launch *launches; /* by name */
	size_t launch_count;
	const struct mapping *mappings;
	size_t mapping_count;
	const struct business_hours *business_hours; /* by name */
	size_t business_hours_count;
	const struct sla_rules *slas; /* NULL: never set */
	struct suspension suspension;
	struct approval_rules approval;
	const struct recurrence *recurrences; /* by name; recurrence.h */
	size_t recurrence_count;
};

/* How much a workspace may have configured, every version of everything counted, so that what was
 * accepted can always be loaded. */
enum {
	DOCUMENT_MAX_BYTES = 4 << 20,      /* of one body */
	DOCUMENTS_MAX_BYTES = 64 << 20,    /* of all together */
	DOCUMENT_ROW_BYTES = 128,          /* that each counts besides its body */
	DOCUMENT_SMALL_BYTES = 64,         /* an alias is no longer */
	TABLES_MAX_COMBINATIONS = 4 << 20, /* of all decision tables, with unknowns */
};

/* One document row, as read from the store: all versions, ordered by kind, name, revision. */
struct document {
	struct str kind, name, body;
	int64_t revision;
};

/* Builds a catalogue from all document rows of a workspace (up to the revision wanted), in any
 * order. The rows' texts are copied. ERR_INTERNAL when a stored document cannot be read (logged by
 * the caller) or is of an unknown kind: to rank without it would be to guess. */
enum error catalog_build(const struct document *documents, size_t count, struct catalog **out);
/* Whether there is room for one more document; else a fault at "" says how much there is. Small ones
 * may take as much again, so that a full workspace can still go back to an earlier version. */
bool catalog_has_room(const struct catalog *catalog, struct str body, struct diag *diag);
/* The newest of the documents that decide how an item is read: definitions of features, vocabularies. */
int64_t catalog_reading_revision(const struct catalog *catalog);
void catalog_ref(struct catalog *catalog);
void catalog_unref(struct catalog *catalog);

const struct feature_definition *catalog_feature(const struct catalog *catalog, struct str name);
/* The same, but NULL for a deleted one: what new items, models, policies and mappings may name. */
const struct feature_definition *catalog_live_feature(
	const struct catalog *catalog, struct str name);
const struct model_version *catalog_model(const struct catalog *catalog, int64_t version);
bool model_has_band(const struct model_version *model, struct str name);
const struct alias *catalog_alias(const struct catalog *catalog, struct str name);
const struct policy_version *catalog_policy(const struct catalog *catalog, int64_t version);
const struct policy_alias *catalog_policy_alias(const struct catalog *catalog, struct str name);
/* What the alias names; NULL: no such alias, or it names none. */
const struct policy_version *catalog_policy_named(const struct catalog *catalog, struct str alias);
/* NULL: it has none. */
const struct version_card *catalog_card(
	const struct catalog *catalog, enum card_kind kind, int64_t version);
const struct calendar *catalog_calendar(const struct catalog *catalog, struct str name);
const struct mapping *catalog_mapping(const struct catalog *catalog, struct str format);
/* NULL when there are none of that name. */
const struct business_hours *catalog_business_hours(const struct catalog *catalog, struct str name);
const struct status_definition *catalog_status(const struct catalog *catalog, struct str name);
/* Index in streams / kinds, -1 when unknown. */
int catalog_stream(const struct catalog *catalog, struct str name);
int catalog_kind(const struct catalog *catalog, struct str name);

/*
 * The documents that a new workspace begins with: settings, the shipped feature definitions, the
 * model triage_rubric as version 1, alias active → 1, mappings github and alertmanager.
 * Static data; in the order in which they are written. All are written by revision 1, which creates
 * the workspace; the model's pins rest on that.
 */
extern const struct document default_documents[];
extern const size_t default_document_count;

/*
 * Reads a client's document, adds every fault to diag, and gives its canonical body (in the
 * arena). What the catalogue must know to judge it is passed in. ERR_INVALID on faults.
 * The text has been parsed by json_parse (json.h).
 */
/* {"type":"number|boolean|category|date|text", "unit", "family", "description",
 * "bounds":{"lower","upper"}, "direction":"higher_is_better|lower_is_better",
 * "out_of_bounds":"refuse|clamp", "sensitive",
 * "categories":[worst first]}. A new feature, or a new version of `previous`: the type stays,
 * categories may only grow; bounds and texts may change. `id` is put into the body. */
enum error feature_definition_parse(const struct json_t *json, struct str name, uint16_t id,
	const struct feature_definition *previous, struct arena *arena, struct diag *diag,
	struct str *body);
/* The body that deletes a feature: its definition with "deleted": true. A later definition of the
 * same type takes its column again. ERR_NO_MEMORY. */
enum error feature_deleted_body(
	const struct feature_definition *definition, struct arena *arena, struct str *body);
/* What keeps a feature from being deleted, for people: "model 3 (active)", "policy 2 (active)",
 * "mapping github". Models (with a blend's components), policies and contracts count when an alias names
 * them.
 * The texts are the arena's. ERR_NO_MEMORY. */
enum error catalog_feature_users(const struct catalog *catalog,
	const struct feature_definition *feature, struct arena *arena, const struct str **users,
	size_t *count);
/* The same of a calendar: policies that freeze by it. */
enum error catalog_calendar_users(const struct catalog *catalog, struct str name,
	struct arena *arena, const struct str **users, size_t *count);
/* Rules of service levels that go by these business hours. */
enum error catalog_hours_users(const struct catalog *catalog, struct str name, struct arena *arena,
	const struct str **users, size_t *count);
/* Calls visit for each column that it reads, some more than once, until that returns false; false when
 * it did. A blend reads what its components read. */
typedef bool column_visit(void *self, uint32_t column);
bool model_columns(const struct model_version *model, column_visit *visit, void *self);
bool policy_columns(const struct policy_version *policy, column_visit *visit, void *self);
/* Whether something that it reads is sensitive by the newest definitions: what became sensitive after
 * it was written counts, what no longer is does not. */
bool catalog_is_sensitive(const struct catalog *now); /* anything at all */
bool model_is_sensitive(const struct model_version *model, const struct catalog *now);
bool policy_is_sensitive(const struct policy_version *policy, const struct catalog *now);
/* Of a document of a policy: it is a split, and of such a version. */
bool policy_parts_are_sensitive(const struct json_t *json, const struct catalog *now);
bool rule_is_sensitive(const struct wn_rule *rule, const struct catalog *now);
/* Whether it reads this feature, by its id. */
bool model_reads(const struct model_version *model, uint32_t feature);
bool policy_reads(const struct policy_version *policy, uint32_t feature);
/* docs/models.md has the form of every kind; of a weighted sum it is
 * {"name", "kind":"weighted_sum", "description", "terms":[{"feature","weight","scale":"unit|value",
 * "unknown":"span|default|exclude","default"}], "bands":[{"name","at_least"}…, last without
 * at_least]}; checked by wn_model_check too; the pins ({"feature": revision}) are added. */
enum error model_parse(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body);
/* The body that a version would be stored with: its pins stay as they are. */
enum error model_body(const struct model_version *model, struct arena *arena, struct str *body);
/* {"name", "description", "rules":[{"id","when":predicate,"effect","reason","from","until", …}]}:
 * docs/policy.md; or {"preset": "field_guards"} with name or description; or {"name", "description", "split":
 * [{"policy","streams","teams"}…]}, other versions each on a part. */
enum error policy_parse(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct str *body);
/* The same documents as candidates that are not stored: checked as model_parse and policy_parse do, but
 * ready to be bound. version, revision and body are left empty. They point into the arena and the
 * catalogue, and not into the JSON. */
enum error model_candidate(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct model_version *out);
enum error policy_candidate(const struct json_t *json, const struct catalog *catalog,
	struct arena *arena, struct diag *diag, struct policy_version *out);
/* {"utc_offset":"+02:00","windows":[{"from","until","reason"}],"weekly":[{"from":"fri 16:00",
 * "until":"mon 08:00","reason"}]} */
/* {"risk_category", "intended_use", "limits", "data" (a model's alone), "owner"}: texts, all but the first required. */
enum error version_card_parse(const struct json_t *json, enum card_kind kind,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body);
enum error calendar_parse(
	const struct json_t *json, struct arena *arena, struct diag *diag, struct str *body);
/* {"zone":"Europe/Berlin","weekly":[{"days":["mon",…],"from":"09:00","until":"17:30"}],
 * "special_days":[{"date","open":[{"from","until"}],"reason"}]}; the zone's offsets are read from the host's
 * database and put into the body. */
enum error business_hours_parse(
	const struct json_t *json, struct arena *arena, struct diag *diag, struct str *body);
/* {"rules":[…]}: docs/sla.md */
enum error slas_parse(const struct json_t *json, const struct catalog *catalog, struct arena *arena,
	struct diag *diag, struct str *body);
/* {"streams":[…],"kinds":[…],"statuses":[{"name","class":"todo|active|done|dropped"}],
 * "override_max_days":90, "sensitive_fields":["reporter"], "access_log":{"on":true,"keep_days":365},
 * "review":{"top":20,"streams":{…},"above":5,"escalate_after_hours":48,"escalate_to":"…"}, "sprint_days":14,
 * "sprint_start":"2026-01-05", "finding_events":["sla_breached"]} */
enum error settings_parse(
	const struct json_t *json, struct arena *arena, struct diag *diag, struct str *body);
/* {"rules":[{"change":"model|policy|feature|settings|override","kinds":[of overrides],"approvers":1,"expires_days":14,
 * "apply":"at_once|by_hand","from":[ids]}],"bypass":[ids]}: docs/proposals.md. */
enum error approval_rules_parse(
	const struct json_t *json, struct arena *arena, struct diag *diag, struct str *body);
/* See docs/sources.md for its form. `terms` is what is particular to the format (intake/format.h):
 * NULL, or lists that end with NULL; a list that is NULL allows any word (of keys: none). */
struct mapping_terms {
	const char *const *keys;     /* members that a mapping may have besides the common ones */
	const char *const *signals;  /* what thresholds may look at */
	const char *const *statuses; /* the tracker's own */
};
enum error mapping_parse(const struct json_t *json, const struct mapping_terms *terms,
	const struct catalog *catalog, struct arena *arena, struct diag *diag, struct str *body);

/*
 * A model as it is on one population: words replaced by symbols, components bound too. What does not
 * change is shared with the version, the rest is in the arena; both must outlive *out. False when
 * memory is out.
 */
bool model_bind(const struct model_version *model, const struct word_lookup *words,
	struct arena *arena, struct wn_model *out);
/*
 * The same for a policy: words, bands by name (a rule whose band the model has not is never in
 * force), freezes by the window of their calendar that is open at now_s. A rule keeps its index.
 */
bool policy_bind(const struct policy_version *policy, const struct catalog *catalog,
	const struct wn_model *model, double now_s, const struct word_lookup *words,
	struct arena *arena, struct wn_policy *out);
/* The same for one predicate; symbols by index of its words. */
bool predicate_bind(const struct wn_test *tests, size_t count, const struct catalog *catalog,
	const uint32_t *symbols, struct arena *arena, const struct wn_test **out);
/* The window of a calendar that is open at now_s; false when none is. */
bool calendar_open(const struct calendar *calendar, double now_s, double *from_s, double *until_s,
	struct str *reason);

/* The time around now_s in which time alone changes nothing: from_s <= now_s < until_s, or both are
 * now_s where it may change something at any time. ±INFINITY: no end. */
struct lull {
	double now_s, from_s, until_s;
};
/* Something changes at that time. */
void lull_end(struct lull *lull, double at_s);
/* Ends it wherever a window opens or closes. */
void calendar_lull(const struct calendar *calendar, struct lull *lull);
/* Of the outcome of a ranking by these; policy may be NULL. */
struct lull ranking_lull(const struct model_version *model, const struct policy_version *policy,
	const struct catalog *catalog, double now_s);

/* Models and policies that ship as starting points: documents as a client would post them. */
struct preset {
	const char *kind; /* "model", "policy", "contract" */
	const char *name; /* "rice" … */
	const char *description;
	const char *body; /* JSON */
};
extern const struct preset presets[];
extern const size_t preset_count;
const struct preset *preset_named(const char *kind, struct str name);

/* "exclude", "at_least_band" …; both shares are "share". */
const char *policy_effect_name(enum wn_effect effect);

/* [a-z][a-z0-9_-]{0,62}: an id that a client gives to a rule, a calendar, a launch … */
bool catalog_is_slug(struct str name);

/* As the API shows them: one JSON object each. */
void feature_definition_write(struct buf *out, const struct feature_definition *definition);
void model_write(struct buf *out, const struct model_version *model);
void policy_write(struct buf *out, const struct policy_version *policy);
void version_card_write(struct buf *out, enum card_kind kind, const struct version_card *card);
void calendar_write(struct buf *out, const struct calendar *calendar);
void business_hours_write(struct buf *out, const struct business_hours *hours);
void slas_write(struct buf *out, const struct sla_rules *slas);
/* "3*user_impact + 2*fix_confidence + …": the model in one line for people. */
void model_formula(struct buf *out, const struct model_version *model);

#endif
