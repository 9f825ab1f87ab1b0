/*
 * The three statements that each table of the history has, found by name, so that a new table is
 * one line in history.def and three files.
 */
#ifndef WINNOW_STORE_HISTORY_STATEMENTS_H
#define WINNOW_STORE_HISTORY_STATEMENTS_H

#include "store/history.h"
#include "store/statement.h"

enum history_use { HISTORY_INSERT, HISTORY_ROWS, HISTORY_STRAY, HISTORY_USES };

/* STMT_COUNT when the file is missing (a test holds that none is). Thread-safe. */
enum statement history_statement(enum history_use use, enum history_table table);

#endif
