/*
 * Catalogues by workspace, cached by the revision of their newest document. Thread-safe.
 */
#ifndef WINNOW_SERVICE_CATALOGS_H
#define WINNOW_SERVICE_CATALOGS_H

#include "codec/catalog.h"
#include "service/service.h"
#include "store/store.h"

struct catalogs;

struct catalogs *catalogs_new(void);
void catalogs_free(struct catalogs *catalogs);

/* The catalogue whose newest document is of `config_revision`, from the cache or read on `conn`
 * (inside a read or a transaction of that workspace). A reference: catalog_unref. */
enum error catalogs_at(struct catalogs *catalogs, struct conn *conn, const struct uuid *workspace,
	int64_t config_revision, struct catalog **out);
/* The last one seen, which may be out of date; NULL: none. A reference. */
struct catalog *catalogs_last(struct catalogs *catalogs, const struct uuid *workspace);

/* As a change of the call's workspace that wrote documents left it. A reference. */
enum error catalog_as_of(const struct call *call, int64_t config_revision, struct catalog **out);
/* The current one of the call's workspace, asking the database. `revision` may be NULL. */
enum error catalog_current(const struct call *call, struct catalog **out, int64_t *revision);

#endif
