/*
 * Running migrations, over a plain connection of its own: they are scripts of many statements, and
 * nothing else is at work on this connection.
 */
#include "store/migrate.h"

#include <libpq-fe.h>
#include <stdarg.h>

#include <string.h>

#include "base/sha256.h"
#include "store/cells.h"
#include "store/params.h"
#include "store/statement.h"

struct migrator {
	PGconn *pg;
	const char *app_role;
	const struct embedded_migration *migrations;
	size_t count;
	FILE *out;
	size_t applied; /* as the database says */
};

__attribute__((format(printf, 2, 3))) static void say(struct migrator *m, const char *format, ...)
{
	va_list args;

	if (!m->out)
		return;
	va_start(args, format);
	vfprintf(m->out, format, args);
	va_end(args);
	fputc('\n', m->out);
	fflush(m->out);
}

static enum error refused(struct migrator *m, const char *what, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);

	say(m, "%s: %s%s%s (SQLSTATE %s)", what, message ? message : PQerrorMessage(m->pg),
		detail ? ". " : "", detail ? detail : "", sqlstate ? sqlstate : "none");
	return PQstatus(m->pg) == CONNECTION_OK ? ERR_DATABASE : ERR_DATABASE_AWAY;
}

/* One statement of the registry; `out` may be NULL. */
static enum error run(
	struct migrator *m, enum statement statement, const struct params *params, PGresult **out)
{
	static const struct params none;
	static const int binary[PARAMS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	const struct params *p = params ? params : &none;
	PGresult *result = PQexecParams(m->pg, statement_infos[statement].sql, p->count, NULL,
		p->values, p->lengths, binary, 1);
	ExecStatusType status = PQresultStatus(result);
	enum error err = ERR_OK;

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		err = refused(m, statement_infos[statement].name, result);
	if (out && !err) {
		*out = result;
		return ERR_OK;
	}
	PQclear(result);
	return err;
}

static enum error connect_as_owner(struct migrator *m, const char *owner_url)
{
	const char *const names[] = {
		"connect_timeout", "dbname", "application_name", "client_encoding", NULL};
	const char *const values[] = {"10", owner_url, "winnowd migrate", "UTF8", NULL};

	m->pg = PQconnectdbParams(names, values, 1);
	if (!m->pg)
		return ERR_NO_MEMORY;
	if (PQstatus(m->pg) == CONNECTION_OK)
		return ERR_OK;
	say(m, "cannot connect as the owner: %s", PQerrorMessage(m->pg));
	return ERR_DATABASE_AWAY;
}

static enum error check_role(struct migrator *m)
{
	struct params params = PARAMS_INIT;
	struct cells cells;
	struct str owner;
	PGresult *result;
	enum error err;

	params_text(&params, str_from(m->app_role));
	err = run(m, STMT_MIGRATE_ROLE, &params, &result);
	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	owner = cell_view(&cells);
	if (!cell_bool(&cells)) {
		say(m,
			"the application role \"%s\" does not exist; create it with CREATE ROLE "
			"\"%s\" LOGIN",
			m->app_role, m->app_role);
		err = ERR_NOT_FOUND;
	} else if (cell_bool(&cells)) {
		say(m,
			"the application role \"%s\" is a superuser or BYPASSRLS role; use a plain "
			"one",
			m->app_role);
		err = ERR_FORBIDDEN;
	} else if (cell_bool(&cells)) {
		say(m,
			"the application role \"%s\" has the rights of the owner \"%.*s\"; use "
			"another",
			m->app_role, STR_ARG(owner));
		err = ERR_FORBIDDEN;
	}
	PQclear(result);
	return err;
}

/* Waits its turn. The lock goes with the connection. */
static enum error lock(struct migrator *m)
{
	struct cells cells;
	PGresult *result;
	enum error err = run(m, STMT_MIGRATE_TRY_LOCK, NULL, &result);
	bool locked;

	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	locked = cell_bool(&cells);
	PQclear(result);
	if (locked)
		return ERR_OK;
	say(m, "another migration is running; waiting for it");
	return run(m, STMT_MIGRATE_LOCK, NULL, NULL);
}

static enum error make_table(struct migrator *m)
{
	struct cells cells;
	PGresult *result;
	enum error err = run(m, STMT_MIGRATE_EXISTS, NULL, &result);
	bool exists;

	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	exists = cell_bool(&cells);
	PQclear(result);
	/* IF NOT EXISTS would say so in a notice each time. */
	if (exists)
		return ERR_OK;
	err = run(m, STMT_MIGRATE_SCHEMA, NULL, NULL);
	return err ? err : run(m, STMT_MIGRATE_TABLE, NULL, NULL);
}

static bool checksum(const struct embedded_migration *migration, struct sha256 *out)
{
	return sha256_of(migration->sql, strlen(migration->sql), out);
}

static enum error check_one(struct migrator *m, const PGresult *result, int row)
{
	struct cells cells = cells_at(result, row, NULL);
	int version = cell_int4(&cells);
	struct str name = cell_view(&cells);
	struct sha256 stored = {0}, wanted;

	cell_sha256(&cells, &stored);
	if (version > (int)m->count) {
		say(m, "the database has migration %d (%.*s), this binary knows %zu: it is too old",
			version, STR_ARG(name), m->count);
		return ERR_CONFLICT;
	}
	if (version != row + 1) {
		say(m, "migration %d is missing, though %d was applied", row + 1, version);
		return ERR_CONFLICT;
	}
	if (!checksum(&m->migrations[row], &wanted))
		return ERR_NO_MEMORY;
	if (sha256_same(&stored, &wanted))
		return ERR_OK;
	say(m, "migration %d was applied as %.*s with another text than this binary's %s", version,
		STR_ARG(name), m->migrations[row].name);
	return ERR_CONFLICT;
}

/* What was applied must be the beginning of what this binary has. */
static enum error check_applied(struct migrator *m)
{
	PGresult *result;
	enum error err = run(m, STMT_MIGRATE_APPLIED, NULL, &result);

	if (err)
		return err;
	m->applied = (size_t)PQntuples(result);
	for (int i = 0; i < PQntuples(result) && !err; i++)
		err = check_one(m, result, i);
	PQclear(result);
	return err;
}

static enum error run_script(struct migrator *m, const struct embedded_migration *migration)
{
	PGresult *result = PQexec(m->pg, migration->sql);
	ExecStatusType status = PQresultStatus(result);
	enum error err = ERR_OK;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		err = refused(m, migration->name, result);
	PQclear(result);
	return err;
}

static enum error settings(struct migrator *m)
{
	struct params params = PARAMS_INIT;

	params_text(&params, str_from(m->app_role));
	return run(m, STMT_MIGRATE_SETTINGS, &params, NULL);
}

static enum error apply(struct migrator *m, const struct embedded_migration *migration)
{
	struct params params = PARAMS_INIT;
	struct sha256 sum;
	enum error err;

	if (!checksum(migration, &sum))
		return ERR_NO_MEMORY;
	err = run(m, STMT_BEGIN_WRITE, NULL, NULL);
	if (!err)
		err = settings(m);
	if (!err)
		err = run_script(m, migration);
	params_int4(&params, migration->version);
	params_text(&params, str_from(migration->name));
	params_bytes(&params, sum.bytes, sizeof sum.bytes);
	if (!err)
		err = run(m, STMT_MIGRATE_RECORD, &params, NULL);
	if (!err)
		err = run(m, STMT_COMMIT, NULL, NULL);
	if (!err)
		say(m, "applied %s", migration->name);
	else if (PQstatus(m->pg) == CONNECTION_OK)
		run(m, STMT_ROLLBACK, NULL, NULL);
	return err;
}

/* Each time, so that a role named anew can at least ask for the version. */
static enum error grant(struct migrator *m)
{
	enum error err = run(m, STMT_BEGIN_WRITE, NULL, NULL);

	if (!err)
		err = settings(m);
	if (!err)
		err = run(m, STMT_MIGRATE_GRANT, NULL, NULL);
	if (!err)
		return run(m, STMT_COMMIT, NULL, NULL);
	run(m, STMT_ROLLBACK, NULL, NULL);
	return err;
}

static void ignore_notice(void *self, const char *message)
{
	(void)self;
	(void)message;
}

enum error migrate_list(const char *owner_url, const char *app_role,
	const struct embedded_migration *migrations, size_t count, FILE *out)
{
	struct migrator m = {
		.app_role = app_role,
		.migrations = migrations,
		.count = count,
		.out = out,
	};
	enum error err = connect_as_owner(&m, owner_url);

	if (err)
		goto out;
	PQsetNoticeProcessor(m.pg, ignore_notice, NULL);
	err = check_role(&m);
	if (!err)
		err = lock(&m);
	if (!err)
		err = make_table(&m);
	if (!err)
		err = check_applied(&m);
	for (size_t i = m.applied; i < count && !err; i++)
		err = apply(&m, &migrations[i]);
	if (!err)
		err = grant(&m);
	if (!err)
		say(&m, "the schema is at version %zu%s", count,
			m.applied == count ? ", as it was" : "");
out:
	PQfinish(m.pg);
	return err;
}

enum error migrate_run(const char *owner_url, const char *app_role, FILE *out)
{
	return migrate_list(
		owner_url, app_role, embedded_migrations, embedded_migration_count, out);
}
