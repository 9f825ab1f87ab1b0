/*
 * What stands behind an alias must be able to do what it says: a model and a policy that are in force
 * together fit each other, and neither reads what was deleted. Asked under the lock, before an alias
 * is moved.
 */
#ifndef WINNOW_SERVICE_PROMOTION_H
#define WINNOW_SERVICE_PROMOTION_H

#include "codec/catalog.h"

/*
 * ERR_CONFLICT with a fault for each reason why this version may not stand behind the alias:
 * a feature that it reads or a calendar that it freezes by is deleted; with "active" also a band that
 * the active policy names and the active model has not. Faults point at "/model" or "/policy".
 */
enum error promotion_check_model(const struct catalog *catalog, struct str alias,
	const struct model_version *model, struct diag *diag);
enum error promotion_check_policy(const struct catalog *catalog, struct str alias,
	const struct policy_version *policy, struct diag *diag);

#endif
