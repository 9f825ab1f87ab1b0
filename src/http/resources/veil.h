/*
 * What a caller may not see: the one place that decides it, for answers, explanations and the tags and
 * caches of both. docs/access.md tells it to people.
 *
 * Sensitive features and fields are for admins and auditors. What is computed from them gives them away
 * as well: where a model reads one, others get neither its scores nor anything made of them, and a rule
 * that reads one is not named to them. They are told rank, band and families of reasons.
 *
 * A resource that shows rows of a ranking gets it by view_ranking, view_past or walk_begin, which ask
 * for the veil, and begins its object by view_begin: then the functions of view.h, evidence_view.h,
 * verdict_view.h and override_view.h leave out what is to be left out. Without view_begin they leave it
 * out for everybody. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_VEIL_H
#define WINNOW_HTTP_RESOURCES_VEIL_H

#include "http/resources/resource.h"
#include "live/ranking.h"

struct veil {
	uint32_t fields;      /* of items: bits of ITEM_PERSONAL */
	bool model;           /* the model reads what is sensitive */
	bool policy;          /* a rule does */
	int64_t version;      /* the policy that `rules` is of */
	const uint8_t *rules; /* by its rules: 1 reads what is sensitive; NULL: none of them does */
};

/*
 * Asks for request->veil, of an answer from this ranking; of several, all that is hidden in any of them
 * is hidden. `newest`: it is the one that is served now, so that its own definitions decide; else the
 * newest do. ERR_WOULD_BLOCK on the event loop when they are not in memory.
 */
enum error veil_ask(struct request *request, const struct ranking *ranking, bool newest);
/* The same of versions without a ranking, by a catalogue that is the newest; either may be NULL. */
enum error veil_ask_versions(struct request *request, const struct catalog *now,
	const struct model_version *model, const struct policy_version *policy);

/* ---- for the access log, where the workspace keeps one ---- */
/* That the answer shows an item, and what of it is sensitive, to who may see that. */
struct item_record; /* codec/item.h */
void veil_note_item(
	struct request *request, const struct catalog *now, const struct item_record *item);

/* The same of a field (its item_field bit) that an answer tells of many items together. */
void veil_note_field(struct request *request, const struct catalog *now, uint32_t field);

/* A feature by which something was computed that the answer tells, where it is sensitive; and all that versions
 * read, either of which may be NULL, as veil_ask_versions notes it of what is asked for. */
void veil_note_feature(struct request *request, const struct catalog *now,
	const struct feature_definition *feature);
void veil_note_versions(struct request *request, const struct catalog *now,
	const struct model_version *model, const struct policy_version *policy);

/* ERR_SENSITIVE_INPUT where a policy's document is a split of a version that the caller may not see: what does not
 * fit in it would tell of its rules. */
enum error veil_ask_parts(
	const struct request *request, const struct catalog *now, const json_t *policy);

/* ERR_SENSITIVE_INPUT where scores or rules are hidden in what was asked for. */
enum error veil_refuse(const struct request *request);
/* Whether anything is: what the answer says of itself as "masked". */
bool veil_is_on(const struct request *request);
/* What a tag or a key of a cache says of it: "" or "-m". */
const char *veil_class(const struct request *request);

/* ---- for what is being written ---- */
bool veil_hides_scores(const struct json_writer *json, const struct ranking *ranking);
bool veil_hides_rule(const struct json_writer *json, const struct ranking *ranking, uint32_t rule);
bool veil_hides_some_rule(const struct json_writer *json, const struct ranking *ranking);
/* Either. */
bool veil_hides(const struct json_writer *json, const struct ranking *ranking);
/* Of the item_field bit. */
bool veil_hides_field(
	const struct json_writer *json, const struct ranking *ranking, uint32_t field);

#endif
