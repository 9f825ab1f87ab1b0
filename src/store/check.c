/*
 * Whether it is right to serve with this role and this schema. Row level security does not bind a
 * superuser, a role with BYPASSRLS or (but for FORCE, which an owner can take off) an owner.
 */
#include "store/store.h"

#include <stdio.h>

#include "base/log.h"
#include "store/aggregates.h"
#include "store/cells.h"
#include "store/conn.h"
#include "store/migrate.h"

struct role_facts {
	struct str role, encoding, owner;
	bool superuser, bypasses, has_schema, may_read_version;
};

static enum error judge(const struct role_facts *facts, char *why, size_t why_size)
{
	if (facts->superuser || facts->bypasses) {
		snprintf(why, why_size,
			"the role \"%.*s\" is %s, so row level security does not bind it; serve as "
			"a plain role",
			STR_ARG(facts->role),
			facts->superuser ? "a superuser" : "a BYPASSRLS role");
		return ERR_FORBIDDEN;
	}
	if (facts->owner.ptr) {
		snprintf(why, why_size,
			"the role \"%.*s\" has the rights of \"%.*s\", who owns the tables; serve "
			"as a plain role",
			STR_ARG(facts->role), STR_ARG(facts->owner));
		return ERR_FORBIDDEN;
	}
	if (!str_is(facts->encoding, "UTF8")) {
		snprintf(why, why_size, "the database's encoding is %.*s; it must be UTF8",
			STR_ARG(facts->encoding));
		return ERR_CONFLICT;
	}
	if (!facts->has_schema) {
		snprintf(why, why_size, "the database has no schema yet: run winnowd migrate");
		return ERR_CONFLICT;
	}
	if (!facts->may_read_version) {
		snprintf(why, why_size,
			"the role \"%.*s\" may not use the schema: run winnowd migrate with it as "
			"the "
			"application role",
			STR_ARG(facts->role));
		return ERR_CONFLICT;
	}
	return ERR_OK;
}

static enum error check_version(struct conn *conn, char *why, size_t why_size)
{
	PGresult *result;
	enum error err = conn_run(conn, STMT_CHECK_SCHEMA, NULL, &result);
	int32_t wanted = (int32_t)embedded_migration_count;
	struct cells cells;
	int32_t version;

	if (err)
		return err;
	cells = cells_at(result, 0, NULL);
	version = cell_int4(&cells);
	PQclear(result);
	if (version == wanted)
		return ERR_OK;
	snprintf(why, why_size, "the schema is at version %d, this binary needs %d: %s",
		(int)version, (int)wanted,
		version < wanted ? "run winnowd migrate" : "the binary is too old");
	return ERR_CONFLICT;
}

static enum error check(struct conn *conn, char *why, size_t why_size)
{
	struct role_facts facts;
	struct cells cells;
	PGresult *result;
	enum error err;

	err = conn_run(conn, STMT_CHECK_ROLE, NULL, &result);
	if (!err && PQntuples(result) != 1)
		err = ERR_DATABASE;
	if (err)
		goto out;
	cells = cells_at(result, 0, NULL);
	facts.role = cell_view(&cells);
	facts.encoding = cell_view(&cells);
	facts.superuser = cell_bool(&cells);
	facts.bypasses = cell_bool(&cells);
	facts.owner = cell_view(&cells);
	facts.has_schema = cell_bool(&cells);
	facts.may_read_version = cell_bool(&cells);
	err = judge(&facts, why, why_size);
	if (!err)
		err = check_version(conn, why, why_size);
out:
	PQclear(result);
	return err;
}

enum error conn_check(struct conn *conn, char *why, size_t why_size)
{
	enum error err = read_begin(conn, &system_workspace);

	snprintf(why, why_size, "%s", "");
	if (!err)
		err = check(conn, why, why_size);
	read_end(conn);
	return err;
}

enum error store_check(struct conn *conn, char *why, size_t why_size)
{
	enum error err = conn_check(conn, why, why_size);

	if (err && *why)
		log_write(LOG_ERROR, "database_unfit", "The database cannot be served from",
			LOG_S("reason", why), NULL);
	else if (err)
		snprintf(why, why_size, "%s", error_info(err)->title);
	return err;
}
