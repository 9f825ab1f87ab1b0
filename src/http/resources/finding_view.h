/*
 * Findings of history as the API shows them. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_FINDING_VIEW_H
#define WINNOW_HTTP_RESOURCES_FINDING_VIEW_H

#include "http/resources/resource.h"
#include "service/findings.h"

enum { FINDING_LIMIT_MAX = 500 };

/* What reads history passes the gate for heavy requests, on a large backlog. */
enum error history_gate_begin(struct request *request, const struct survey *survey);
void history_gate_end(struct request *request, const struct survey *survey);

/* Of this caller, as far as it may see; behind the gate. */
enum error findings_of(
	struct request *request, const struct survey *survey, size_t limit, struct findings *out);
/* {"kind", "subject", "since", "evidence", "advice"} */
void finding_write(
	struct json_writer *json, const struct ranking *ranking, const struct finding *finding);
/* Those of a kind, as elements of the array being written. */
void finding_write_kind(struct json_writer *json, const struct ranking *ranking,
	const struct findings *findings, enum finding_kind kind);
/* "shares": how the streams shared the capacity, by period. */
void finding_write_shares(struct json_writer *json, const struct findings *findings);

#endif
