/*
 * Findings of history as the API shows them.
 */
#include "http/resources/finding_view.h"

#include <math.h>

#include "base/clock.h"
#include "http/resources/stream_view.h"
#include "http/resources/view.h"
#include "service/heavy.h"

static bool is_large(const struct survey *survey)
{
	return survey->ranking->rows > WHATIF_LIGHT_ROWS;
}

enum error history_gate_begin(struct request *request, const struct survey *survey)
{
	struct call call = call_of(request);

	return is_large(survey) ? heavy_begin(&call, HEAVY_WORK) : ERR_OK;
}

void history_gate_end(struct request *request, const struct survey *survey)
{
	struct call call = call_of(request);

	if (is_large(survey))
		heavy_end(&call, HEAVY_WORK);
}

enum error findings_of(
	struct request *request, const struct survey *survey, size_t limit, struct findings *out)
{
	const struct finding_query query = {survey, sees_sensitive(request), limit};
	struct call call = call_of(request);

	return findings_make(&call, &query, out);
}

static void write_subject(
	struct json_writer *json, const struct ranking *ranking, const struct finding *finding)
{
	json_key(json, "subject");
	json_object_begin(json);
	if (finding->row != WN_ROW_NONE) {
		json_key(json, "item");
		view_write_item(json, ranking, finding->row);
	}
	if (finding->stream.ptr)
		json_put(json, "stream", str, finding->stream);
	if (finding->part)
		json_put(json, finding->part, str, finding->name);
	json_object_end(json);
}

void finding_write(
	struct json_writer *json, const struct ranking *ranking, const struct finding *finding)
{
	json_object_begin(json);
	json_put(json, "kind", text, finding_kind_name(finding->kind));
	write_subject(json, ranking, finding);
	json_put(json, "since", time, finding->since_us);
	json_key(json, "evidence");
	json_object_begin(json);
	for (size_t i = 0; i < finding->evidence_count; i++)
		json_put(json, finding->evidence[i].name, number, finding->evidence[i].value);
	json_object_end(json);
	json_put(json, "advice", text, finding_advice(finding->kind));
	json_object_end(json);
}

void finding_write_kind(struct json_writer *json, const struct ranking *ranking,
	const struct findings *findings, enum finding_kind kind)
{
	for (size_t i = 0; i < findings->shown[kind]; i++)
		finding_write(json, ranking, &findings->list[kind][i]);
}

static void write_line(struct json_writer *json, const struct share_line *line)
{
	json_object_begin(json);
	json_put(json, "stream", str, line->stream);
	json_put(json, "actual", number, line->plan.actual);
	stream_write_bounds(json, "planned", &line->plan);
	json_put(json, "item_days", number, round(line->seconds / 8640) / 10);
	json_put(json, "lane", bool, line->plan.lane);
	json_object_end(json);
}

void finding_write_shares(struct json_writer *json, const struct findings *findings)
{
	json_key(json, "shares");
	json_array_begin(json);
	for (size_t p = 0; p < SHARE_PERIODS; p++) {
		const struct share_period *period = &findings->shares[p];

		json_object_begin(json);
		json_put(json, "period", text, period->name);
		json_put(json, "from", time, period->span.from_s * US_PER_S);
		json_put(json, "until", time, period->span.until_s * US_PER_S);
		json_key(json, "streams");
		json_array_begin(json);
		for (size_t i = 0; i < period->count; i++)
			write_line(json, &period->lines[i]);
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}
