/*
 * Catalogues change rarely and are read by every write: the last one of each workspace is kept.
 */
#include "service/catalogs.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/aggregates.h"

enum { CATALOG_SLOTS = 256 };

struct entry {
	struct uuid workspace;
	struct catalog *catalog;
};

/* One entry a slot: workspaces that meet there take turns, which costs a reload and no more. */
struct catalogs {
	pthread_mutex_t mutex;
	struct entry slots[CATALOG_SLOTS];
};

struct catalogs *catalogs_new(void)
{
	struct catalogs *catalogs = calloc(1, sizeof *catalogs);

	if (catalogs)
		pthread_mutex_init(&catalogs->mutex, NULL);
	return catalogs;
}

void catalogs_free(struct catalogs *catalogs)
{
	if (!catalogs)
		return;
	for (int i = 0; i < CATALOG_SLOTS; i++)
		catalog_unref(catalogs->slots[i].catalog);
	pthread_mutex_destroy(&catalogs->mutex);
	free(catalogs);
}

static struct entry *slot_of(struct catalogs *catalogs, const struct uuid *workspace)
{
	return &catalogs->slots[(workspace->bytes[0] ^ workspace->bytes[15]) % CATALOG_SLOTS];
}

struct catalog *catalogs_last(struct catalogs *catalogs, const struct uuid *workspace)
{
	struct entry *entry = slot_of(catalogs, workspace);
	struct catalog *catalog = NULL;

	pthread_mutex_lock(&catalogs->mutex);
	if (entry->catalog && uuid_cmp(&entry->workspace, workspace) == 0) {
		catalog = entry->catalog;
		catalog_ref(catalog);
	}
	pthread_mutex_unlock(&catalogs->mutex);
	return catalog;
}

static void keep(struct catalogs *catalogs, const struct uuid *workspace, struct catalog *catalog)
{
	struct entry *entry = slot_of(catalogs, workspace);
	struct catalog *before;

	catalog_ref(catalog);
	pthread_mutex_lock(&catalogs->mutex);
	before = entry->catalog;
	*entry = (struct entry){*workspace, catalog};
	pthread_mutex_unlock(&catalogs->mutex);
	catalog_unref(before);
}

enum error catalogs_at(struct catalogs *catalogs, struct conn *conn, const struct uuid *workspace,
	int64_t config_revision, struct catalog **out)
{
	struct catalog *catalog = catalogs_last(catalogs, workspace);
	struct document *documents;
	struct arena arena;
	size_t count;
	enum error error;

	if (catalog && catalog->revision == config_revision) {
		*out = catalog;
		return ERR_OK;
	}
	catalog_unref(catalog);
	arena_init(&arena, 256u << 20);
	error = documents_load(conn, workspace, config_revision, &arena, &documents, &count);
	if (!error)
		error = catalog_build(documents, count, &catalog);
	arena_release(&arena);
	if (error)
		return error;
	keep(catalogs, workspace, catalog);
	*out = catalog;
	return ERR_OK;
}

enum error catalog_as_of(const struct call *call, int64_t config_revision, struct catalog **out)
{
	struct conn *conn;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &call->workspace);
	if (!error) {
		error = catalogs_at(
			call->service->catalogs, conn, &call->workspace, config_revision, out);
		read_end(conn);
	}
	store_release(call->service->store, conn);
	return error;
}

enum error catalog_current(const struct call *call, struct catalog **out, int64_t *revision)
{
	struct conn *conn;
	struct head head;
	enum error error = store_acquire(call->service->store, &conn);

	if (error)
		return error;
	error = read_begin(conn, &call->workspace);
	if (error)
		goto out;
	error = head_read(conn, &call->workspace, &head);
	if (!error)
		error = catalogs_at(
			call->service->catalogs, conn, &call->workspace, head.config_revision, out);
	if (!error && revision)
		*revision = head.revision;
	read_end(conn);
out:
	store_release(call->service->store, conn);
	return error;
}
