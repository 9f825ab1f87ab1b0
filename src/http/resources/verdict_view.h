/*
 * What policy and people did to a row of a ranking. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_VERDICT_VIEW_H
#define WINNOW_HTTP_RESOURCES_VERDICT_VIEW_H

#include "http/resources/resource.h"
#include "live/ranking.h"

/* The ranking's overrides by row: indices into ranking->overrides->rows, oldest first. */
struct row_overrides {
	const struct ranking *ranking;
	const uint32_t *sorted;
	size_t count;
};
/* In the arena. False when memory is out. */
bool row_overrides_init(
	struct row_overrides *out, struct arena *arena, const struct ranking *ranking);
const uint32_t *row_overrides_of(
	const struct row_overrides *overrides, uint32_t row, size_t *count);

/* What gave a row its band. */
enum band_giver { BAND_BY_NOBODY, BAND_BY_SCORE, BAND_BY_BOOST, BAND_BY_OVERRIDE, BAND_BY_RULE };
struct band_history {
	uint8_t before_rules; /* by the score and overrides */
	uint8_t raised;       /* after at_least_band */
	enum band_giver giver;
	uint32_t by; /* the rule or the override */
};
struct band_history verdict_band(const struct ranking *ranking, uint32_t row);

/* What of the decision the reader may be told: a rule that is hidden holds and pins nothing here. */
bool verdict_is_held(const struct json_writer *json, const struct ranking *ranking, uint32_t row);
bool verdict_is_pinned(const struct json_writer *json, const struct ranking *ranking, uint32_t row);
size_t verdict_count_held(const struct json_writer *json, const struct ranking *ranking);
/* What took a row out: the rule or the override by its index, as far as that may be told. */
struct verdict_out {
	enum wn_out out; /* WN_NOT_OUT: by a rule that is hidden */
	uint32_t by;
};
struct verdict_out verdict_out_of(
	const struct json_writer *json, const struct ranking *ranking, uint32_t row);

/* Whether an override took the row out, or a rule did: "by", "reason", "until" of the object being
 * written. Only for a row that is out. */
void verdict_write_out(struct json_writer *json, const struct ranking *ranking, uint32_t row);
/* {"id", "reason"} of a rule, by its index. */
void verdict_write_rule(struct json_writer *json, const struct ranking *ranking, uint32_t rule);
const char *verdict_effect_name(enum wn_effect effect);

/* "band_by", "rules", "overrides", "held", "pinned", "out" of the object being written. */
bool verdict_write(
	struct json_writer *json, struct arena *arena, const struct ranking *ranking, uint32_t row);
/* The same in sentences, each with a blank before it; `json` tells who reads them. */
void verdict_describe(const struct json_writer *json, struct buf *out,
	const struct ranking *ranking, uint32_t row);
/* "excluded by the rule x: …": why it is out. */
void verdict_describe_out(const struct json_writer *json, struct buf *out,
	const struct ranking *ranking, uint32_t row);

#endif
