/*
 * Migrations: forward only, embedded in the binary, each in a transaction of its own. Run as the
 * owner of the schema, by a connection of their own.
 */
#ifndef WINNOW_STORE_MIGRATE_H
#define WINNOW_STORE_MIGRATE_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct embedded_migration {
	int version; /* 1, 2, 3 … without gaps */
	const char *name;
	const char *sql;
};

/* Made of migrations/ by the build, in the order of their versions. */
extern const struct embedded_migration embedded_migrations[];
extern const size_t embedded_migration_count;

/*
 * Brings the schema up to this binary's version; nothing to do is fine. Several at once wait for
 * each other (advisory lock). What was done, or what is wrong, is told on `out`, for people.
 * `app_role` is the role that the daemon serves as; it must exist.
 *
 * ERR_DATABASE_AWAY: no connection, or it was lost. ERR_NOT_FOUND: no such role. ERR_FORBIDDEN: the
 * role has the owner's or a superuser's rights, so it would not be bound by row level security.
 * ERR_CONFLICT: an applied migration is not the one that this binary has, or the schema is newer.
 * ERR_DATABASE: a migration failed; it is undone, the ones before it stay.
 */
enum error migrate_run(const char *owner_url, const char *app_role, FILE *out);

/* The same for a given list of migrations. */
enum error migrate_list(const char *owner_url, const char *app_role,
	const struct embedded_migration *migrations, size_t count, FILE *out);

#endif
