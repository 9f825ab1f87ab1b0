/*
 * The state of building a catalogue, which catalog_build.c and the builders of its parts share.
 */
#ifndef WINNOW_CODEC_CATALOG_BUILD_H
#define WINNOW_CODEC_CATALOG_BUILD_H

#include "codec/catalog_internal.h"

/* The state of one build. `scratch` holds what is needed for one document only. */
struct build {
	struct catalog *catalog;
	const struct document **documents; /* by kind, name, revision */
	struct arena scratch;
	struct diag diag;
	const struct feature_definition *versions; /* of all features, by name, then revision */
	size_t version_count;
	struct feature_definition *newest; /* by id: the catalogue's */
};

/* Of the documents [begin, end) of one kind: whether there is no newer version of this name; how many names
 * there are. */
bool build_is_newest(const struct build *build, size_t i, size_t end);
size_t build_newest_count(const struct build *build, size_t begin, size_t end);
/* What is kept under names: the newest document of each name is read. One that was deleted is as if it had
 * never been. */
struct newest {
	size_t size; /* of a member */
	enum error (*read)(
		struct build *build, const struct document *document, void *into, bool *deleted);
	void *list; /* of build_newest: in the catalogue's arena; NULL and 0 after an error */
	size_t count;
};
enum error build_newest(struct build *build, size_t begin, size_t end, struct newest *newest);
/* By version - 1; ERR_INTERNAL where versions have holes. */
enum error build_sort_versions(
	const struct build *build, size_t begin, size_t end, const struct document **by_version);
/* Numbered documents, read in the order of their numbers; each reader finds its place zeroed. */
struct numbered {
	size_t size; /* of a member */
	enum error (*read)(
		struct build *build, const struct document *document, int64_t version, void *into);
	void *list; /* of build_numbered: in the catalogue's arena; NULL after an error */
	size_t count;
};
enum error build_numbered(struct build *build, size_t begin, size_t end, struct numbered *numbered);
/* A copy in the catalogue. */
bool build_keep(struct build *build, struct str text, struct str *out);
/* The body as JSON, a new reference; ends the document before. */
enum error build_open(struct build *build, const struct document *document, json_t **json);
/* What a reader's outcome comes to: a stored document with a fault is damaged. */
enum error build_verdict(const struct build *build, bool ok);

/* Each reads the documents [begin, end) of its kind. ERR_INTERNAL: a document is damaged. */
/* ---- catalog_build_models.c ---- */
enum error build_models(struct build *build, size_t begin, size_t end);
enum error build_model_cards(struct build *build, size_t begin, size_t end);
enum error build_policy_cards(struct build *build, size_t begin, size_t end);
enum error build_aliases(struct build *build, size_t begin, size_t end);
enum error build_policies(struct build *build, size_t begin, size_t end);
enum error build_policy_aliases(struct build *build, size_t begin, size_t end);

/* ---- catalog_build_contracts.c ---- */
enum error build_contracts(struct build *build, size_t begin, size_t end);
enum error build_contract_aliases(struct build *build, size_t begin, size_t end);
enum error build_launches(struct build *build, size_t begin, size_t end);
enum error build_recurrences(struct build *build, size_t begin, size_t end);

/* ---- catalog_build_clocks.c ---- */
enum error build_business_hours(struct build *build, size_t begin, size_t end);
enum error build_slas(struct build *build, size_t begin, size_t end);

/* ---- catalog_build_decisions.c ---- */
enum error build_suspension(struct build *build, size_t begin, size_t end);
enum error build_approval(struct build *build, size_t begin, size_t end);

#endif
