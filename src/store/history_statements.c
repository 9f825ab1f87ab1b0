/*
 * "history_insert_items" and its like, looked up once.
 */
#include "store/history_statements.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static enum statement found[HISTORY_USES][HISTORY_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

const char *history_table_name(enum history_table table)
{
	static const char *const names[] = {
#define X(table) #table,
#include "store/history.def"
#undef X
	};

	return names[table];
}

static enum statement find(const char *name)
{
	for (int i = 0; i < STMT_COUNT; i++) {
		if (strcmp(statement_infos[i].name, name) == 0)
			return (enum statement)i;
	}
	return STMT_COUNT;
}

static void find_all(void)
{
	static const char *const uses[] = {"insert", "rows", "stray"};
	char name[128];

	for (int use = 0; use < HISTORY_USES; use++) {
		for (int table = 0; table < HISTORY_COUNT; table++) {
			snprintf(name, sizeof name, "history_%s_%s", uses[use],
				history_table_name((enum history_table)table));
			found[use][table] = find(name);
		}
	}
}

enum statement history_statement(enum history_use use, enum history_table table)
{
	pthread_once(&once, find_all);
	return found[use][table];
}
