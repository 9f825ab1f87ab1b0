/*
 * What the tests of the catalogue and of intake share: the default catalogue, JSON from text or
 * from a file, and a look at the faults.
 */
#ifndef WINNOW_TESTS_CODEC_CATALOG_SUPPORT_H
#define WINNOW_TESTS_CODEC_CATALOG_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/catalog.h"
#include "codec/json.h"

/* One arena and its faults; scratch_end frees both. */
struct scratch {
	struct arena arena;
	struct diag diag;
};

static inline struct diag *scratch_begin(struct scratch *scratch)
{
	arena_init(&scratch->arena, 64 << 20);
	diag_init(&scratch->diag, &scratch->arena);
	return &scratch->diag;
}

static inline void scratch_end(struct scratch *scratch)
{
	arena_release(&scratch->arena);
}

static inline void show_faults(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++)
		print_message("%s: %s\n", diag->entries[i].pointer, diag->entries[i].detail);
}

/* Exactly this fault must be among those found. */
static inline void assert_fault(const struct diag *diag, const char *pointer, const char *part)
{
	for (size_t i = 0; i < diag->count; i++) {
		if (strcmp(diag->entries[i].pointer, pointer) == 0 &&
			strstr(diag->entries[i].detail, part))
			return;
	}
	show_faults(diag);
	fail_msg("no fault at %s with \"%s\"", pointer, part);
}

static inline struct catalog *default_catalog(void)
{
	struct catalog *catalog = NULL;

	assert_int_equal(
		catalog_build(default_documents, default_document_count, &catalog), ERR_OK);
	return catalog;
}

/* JSON with ' for ", to be readable in C. The caller frees it by json_decref. */
static inline json_t *json_of(const char *text)
{
	size_t len = strlen(text);
	char *copy = strdup(text);
	struct scratch scratch;
	json_t *json = NULL;

	assert_non_null(copy);
	for (size_t i = 0; i < len; i++)
		copy[i] = copy[i] == '\'' ? '"' : copy[i];
	scratch_begin(&scratch);
	if (json_parse((struct str){copy, len}, 1, "", &scratch.diag, &json) != ERR_OK) {
		show_faults(&scratch.diag);
		fail_msg("not JSON: %s", copy);
	}
	scratch_end(&scratch);
	free(copy);
	return json;
}

/* A whole file; NULL when it cannot be read. */
static inline json_t *json_of_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf text = BUF_INIT;
	struct scratch scratch;
	json_t *json = NULL;
	char bytes[4096];
	size_t got;

	if (!file)
		return NULL;
	while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
		buf_append(&text, bytes, got);
	fclose(file);
	scratch_begin(&scratch);
	if (json_parse(buf_view(&text), 1, "", &scratch.diag, &json) != ERR_OK) {
		show_faults(&scratch.diag);
		fail_msg("%s is not JSON", path);
	}
	scratch_end(&scratch);
	buf_release(&text);
	return json;
}

/* The project's own payloads; tests run from the top of the tree. */
static inline json_t *fixture(const char *name)
{
	char path[512];
	json_t *json;

	snprintf(path, sizeof path, "tests/fixtures/%s", name);
	json = json_of_file(path);
	if (!json)
		fail_msg("%s cannot be read; run the tests from the top of the tree", path);
	return json;
}

/* Real data beside the checkout, which is not part of the project; NULL: not there, and said. */
static inline const char *shared_data(void)
{
	const char *folder = getenv("WINNOW_SHARED_DATA");

	if (!folder)
		folder = "../shared/data";
	if (access(folder, R_OK) == 0)
		return folder;
	print_message("skipped: no real data at %s (WINNOW_SHARED_DATA)\n", folder);
	return NULL;
}

#endif
