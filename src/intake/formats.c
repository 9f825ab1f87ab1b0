/*
 * The table of source formats. A new one is a file of its own and one line here.
 */
#include "intake/format.h"

extern const struct source_format github_format;
extern const struct source_format alertmanager_format;

const struct source_format *const source_formats[] = {
	&github_format,
	&alertmanager_format,
	NULL,
};

const struct source_format *source_format_named(struct str name)
{
	for (size_t i = 0; source_formats[i]; i++) {
		if (str_is(name, source_formats[i]->name))
			return source_formats[i];
	}
	return NULL;
}
