/*
 * A fuzzer's corpus for the unit tests that go through it; by name, so that a seed means the same on every
 * machine. Set `corpus_folder` and hand corpus_read to cmocka as the group's set-up.
 */
#ifndef WINNOW_TESTS_UNIT_CODEC_CORPUS_H
#define WINNOW_TESTS_UNIT_CODEC_CORPUS_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CORPUS_FILES = 64, CORPUS_BYTES = 16384 };

static struct {
	char name[64];
	uint8_t bytes[CORPUS_BYTES];
	size_t size;
} corpus[CORPUS_FILES];
static size_t corpus_count;
static const char *corpus_folder;

static int corpus_by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int corpus_read(void **state)
{
	DIR *entries = opendir(corpus_folder);
	struct dirent *entry;

	(void)state;
	assert_non_null(entries);
	while ((entry = readdir(entries))) {
		char path[512];
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		assert_true(corpus_count < CORPUS_FILES);
		snprintf(path, sizeof path, "%s/%s", corpus_folder, entry->d_name);
		snprintf(corpus[corpus_count].name, sizeof corpus->name, "%.60s", entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		corpus[corpus_count].size =
			fread(corpus[corpus_count].bytes, 1, CORPUS_BYTES, file);
		fclose(file);
		corpus_count++;
	}
	closedir(entries);
	qsort(corpus, corpus_count, sizeof *corpus, corpus_by_name);
	return 0;
}

#endif
