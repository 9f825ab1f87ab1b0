/*
 * What simulations and the check of a policy share: reading what is to be different, and showing
 * what came of it. Private to this folder.
 */
#ifndef WINNOW_HTTP_RESOURCES_WHATIF_H
#define WINNOW_HTTP_RESOURCES_WHATIF_H

#include "http/resources/resource.h"
#include "service/simulation.h"

/*
 * Members of `body` that are not in the NULL-terminated `keys` are faults, and so is all that
 * cannot be: an unknown item, feature, status or version, a faulty model or policy. What is absent
 * is as in the ranking. ERR_SENSITIVE_INPUT when it would be ranked by what the caller may not see. Everything is in the request's arena or the ranking's.
 */
enum error whatif_read(struct request *request, const json_t *body, const char *const *keys,
	const struct ranking *ranking, struct simulation_request *out);

/* The same, whoever asks: for what is kept for others, and masked where it is shown. */
enum error whatif_read_unseen(struct request *request, const json_t *body, const char *const *keys,
	const struct ranking *ranking, struct simulation_request *out);

/* simulation_run through the gate for heavy requests: ERR_BUSY when others compute, ERR_TOO_MANY_HEAVY
 * when they are the token's own. *out
 * is to be released in any case. */
enum error whatif_run(struct request *request, const struct ranking *ranking,
	const struct simulation_request *wanted, struct simulation *out);

/* The answer's members; the object that is being written stays open. */
enum error whatif_write(struct request *request, struct json_writer *json,
	const struct simulation_request *wanted, const struct simulation *simulation);

/* A rule for readers: {"id", "effect", "reason"}. */
void whatif_write_rule(struct json_writer *json, const struct policy_rule *rule);

#endif
