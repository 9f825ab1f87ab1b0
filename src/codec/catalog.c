/*
 * The catalogue: the values that every other part asks. It is built once per configuration revision
 * (catalog_build.c) and shared; nothing in it changes afterwards.
 */
#include <stdlib.h>

#include "codec/catalog_internal.h"

bool catalog_has_room(const struct catalog *catalog, struct str body, struct diag *diag)
{
	size_t most = DOCUMENTS_MAX_BYTES;

	if (body.len > DOCUMENT_MAX_BYTES) {
		diag_add(diag, "", "As it is stored this has %zu bytes; a document has at most %d.",
			body.len, DOCUMENT_MAX_BYTES);
		return false;
	}
	if (body.len <= DOCUMENT_SMALL_BYTES)
		most *= 2;
	if (catalog->document_bytes + DOCUMENT_ROW_BYTES + body.len <= most)
		return true;
	diag_add(diag, "",
		"This workspace has %zu bytes of configuration in all its versions, and this would "
		"add %zu; there is room for %d.",
		catalog->document_bytes, DOCUMENT_ROW_BYTES + body.len, DOCUMENTS_MAX_BYTES);
	return false;
}

int64_t catalog_reading_revision(const struct catalog *catalog)
{
	int64_t newest = catalog->settings_revision;

	for (size_t i = 0; i < catalog->feature_count; i++)
		if (catalog->features[i].revision > newest)
			newest = catalog->features[i].revision;
	return newest;
}

void catalog_ref(struct catalog *catalog)
{
	__atomic_add_fetch(&catalog->references, 1, __ATOMIC_RELAXED);
}

void catalog_unref(struct catalog *catalog)
{
	if (!catalog || __atomic_sub_fetch(&catalog->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	str_map_release(&catalog->feature_ids);
	arena_release(&catalog->arena);
	free(catalog);
}

const struct feature_definition *catalog_feature(const struct catalog *catalog, struct str name)
{
	uint32_t id = str_map_get(&catalog->feature_ids, name);

	return id == MAP_NONE ? NULL : &catalog->features[id];
}

const struct feature_definition *catalog_live_feature(
	const struct catalog *catalog, struct str name)
{
	const struct feature_definition *feature = catalog_feature(catalog, name);

	return feature && !feature->deleted ? feature : NULL;
}

const struct model_version *catalog_model(const struct catalog *catalog, int64_t version)
{
	if (version < 1 || (uint64_t)version > catalog->model_count)
		return NULL;
	return &catalog->models[version - 1];
}

bool model_has_band(const struct model_version *model, struct str name)
{
	for (size_t i = 0; model && i < model->model.band_count; i++) {
		if (str_is(name, model->model.bands[i].name))
			return true;
	}
	return false;
}

const struct alias *catalog_alias(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->alias_count; i++) {
		if (str_eq(catalog->aliases[i].name, name))
			return &catalog->aliases[i];
	}
	return NULL;
}

const struct mapping *catalog_mapping(const struct catalog *catalog, struct str format)
{
	for (size_t i = 0; i < catalog->mapping_count; i++) {
		if (str_eq(catalog->mappings[i].format, format))
			return &catalog->mappings[i];
	}
	return NULL;
}

const struct status_definition *catalog_status(const struct catalog *catalog, struct str name)
{
	for (size_t i = 0; i < catalog->status_count; i++) {
		if (str_eq(catalog->statuses[i].name, name))
			return &catalog->statuses[i];
	}
	return NULL;
}

static int index_of(const struct str *words, size_t count, struct str word)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(words[i], word))
			return (int)i;
	}
	return -1;
}

int catalog_stream(const struct catalog *catalog, struct str name)
{
	return index_of(catalog->streams, catalog->stream_count, name);
}

int catalog_kind(const struct catalog *catalog, struct str name)
{
	return index_of(catalog->kinds, catalog->kind_count, name);
}
