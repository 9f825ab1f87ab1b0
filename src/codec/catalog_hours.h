/*
 * What the files about service levels share: business hours and rules as stored. The conventions are those
 * of catalog_internal.h.
 */
#ifndef WINNOW_CODEC_CATALOG_HOURS_H
#define WINNOW_CODEC_CATALOG_HOURS_H

#include <jansson.h>
#include <stdbool.h>

#include "codec/catalog.h"

/* All but name, revision and body. What is stored has the zone's offsets, and is ready to be computed
 * with; a client's is only checked. */
bool business_hours_read(const json_t *json, bool stored, struct arena *arena, struct diag *diag,
	struct business_hours *out);

/* All but revision and body. */
bool slas_read(const json_t *json, const struct catalog *catalog, bool stored, struct arena *arena,
	struct diag *diag, struct sla_rules *out);

#endif
