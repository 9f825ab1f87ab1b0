/*
 * Clocks of service levels as the API shows them. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_SLA_VIEW_H
#define WINNOW_HTTP_RESOURCES_SLA_VIEW_H

#include "codec/json_writer.h"
#include "live/sla.h"
#include "live/ranking.h"

/* The clock of a row as of an instant, as one value: null without a rule. */
void sla_write_clock(
	struct json_writer *json, const struct ranking *ranking, uint32_t row, int64_t as_of_us);

/* Lists of open items, those with the least time left first, cut to `limit`: "sla_breached" and
 * "sla_due_soon". The counts are whole. False when memory is out. */
struct sla_findings {
	size_t breached, due_soon;
};
bool sla_write_findings(struct json_writer *json, const struct ranking *ranking, size_t limit,
	int64_t as_of_us, struct sla_findings *out);

#endif
