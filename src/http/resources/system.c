/*
 * What whoever runs the daemon asks of it: is it alive, is it ready, what does it count, what is
 * its contract. Without a token and always from memory.
 */
#include "codec/json_writer.h"
#include "http/assets.h"
#include "http/metrics.h"
#include "http/resources/tables.h"
#include "live/live.h"
#include "service/service.h"

/* No dependency is asked: a restart would not bring PostgreSQL back. */
static enum error get_livez(struct request *request, struct response *response)
{
	struct json_writer json;

	(void)request;
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "status", text, "ok");
	json_object_end(&json);
	return ERR_OK;
}

struct readiness {
	bool draining;
	bool database_up;
	bool reads; /* something true can be served, from PostgreSQL or from memory */
	bool writes;
	int64_t outage_us;
};

static void look(const struct service *service, struct readiness *out)
{
	struct live_health health;

	live_health(service->live, &health);
	out->draining = __atomic_load_n(&service->draining, __ATOMIC_RELAXED) != 0;
	out->database_up = health.database_up;
	out->outage_us = health.outage_us;
	out->writes = health.database_up && !out->draining;
	out->reads = health.database_up ||
		     (health.any_ranking && health.outage_us < service->outage_limit_us);
}

static enum error report(struct response *response, const struct readiness *now, bool ready)
{
	struct json_writer json;

	response->status = ready ? 200 : 503;
	json_writer_init(&json, &response->body);
	json_object_begin(&json);
	json_put(&json, "ready", bool, ready);
	json_put(&json, "writes", bool, now->writes);
	json_put(&json, "draining", bool, now->draining);
	json_key(&json, "database");
	json_object_begin(&json);
	json_put(&json, "up", bool, now->database_up);
	json_put(&json, "outage_seconds", int, now->outage_us / US_PER_S);
	json_object_end(&json);
	json_object_end(&json);
	return ERR_OK;
}

/* Stays ready through an outage of PostgreSQL as long as queues are served from memory. */
static enum error get_readyz(struct request *request, struct response *response)
{
	struct readiness now;

	look(request->service, &now);
	return report(response, &now, now.reads && !now.draining);
}

static enum error get_readyz_writes(struct request *request, struct response *response)
{
	struct readiness now;

	look(request->service, &now);
	return report(response, &now, now.writes);
}

static enum error get_metrics(struct request *request, struct response *response)
{
	(void)request;
	response->content_type = "text/plain; version=0.0.4; charset=utf-8";
	http_metrics_write(&response->body);
	return ERR_OK;
}

static enum error get_openapi(struct request *request, struct response *response)
{
	(void)request;
	response->content_type = "application/yaml";
	buf_append(&response->body, asset_openapi_yaml, asset_openapi_yaml_size);
	return ERR_OK;
}

#define SYSTEM_ROUTE(at, handler)                                                                  \
	{                                                                                          \
		.method = "GET", .path = (at), .flags = ROUTE_PUBLIC | ROUTE_MEMORY,               \
		.handle = (handler)                                                                \
	}

static const struct route routes[] = {
	SYSTEM_ROUTE("/livez", get_livez),
	SYSTEM_ROUTE("/readyz", get_readyz),
	SYSTEM_ROUTE("/readyz/writes", get_readyz_writes),
	SYSTEM_ROUTE("/metrics", get_metrics),
	SYSTEM_ROUTE("/openapi.yaml", get_openapi),
};

const struct route_table system_routes = {routes, sizeof routes / sizeof *routes};
