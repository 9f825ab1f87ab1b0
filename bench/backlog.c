/*
 * Writes a made-up backlog as NDJSON: believable titles, bodies of about 300 bytes, labels, twenty
 * features each. The same arguments give the same bytes.
 *
 *   backlog COUNT [SEED] > items.ndjson
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES = 300, BODY_ROOM = 512 };

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const char *const subjects[] = {"Webhook retries", "Signing in with a second provider",
	"The invoice parser", "Search over archived tickets", "Nightly export", "The answer model",
	"Bulk import of contracts", "Session refresh", "The ranking page", "Audit download",
	"Prompt template for summaries", "Token rotation", "The usage dashboard", "PDF rendering",
	"The on-call alert", "Retention job", "The evaluation suite", "Tenant switch",
	"Classifier for refunds", "Rate limiter"};
static const char *const faults[] = {"delivers the same result twice", "drops the tenant",
	"takes the locale from the page", "times out beyond 10,000 rows", "fails without a message",
	"invents a source now and then", "loses the last line", "logs people out at midnight",
	"shows yesterday's order", "needs a filter by team", "ignores the chosen language",
	"keeps the old secret for an hour", "counts retries twice", "cuts tables at the page end",
	"fires while nobody is affected", "misses deleted users",
	"scores 3 points less since the last release", "forgets unsaved text",
	"confuses credit notes with refunds", "should answer with Retry-After"};
static const char *const places[] = {"on mobile", "for large customers", "after the upgrade",
	"in the EU region", "behind a proxy", "when two people edit", "under load", "for guests",
	"with an empty profile", "in quarter-end week"};
static const char *const words[] = {"customer", "reported", "again", "since", "release", "the",
	"request", "returns", "without", "expected", "result", "support", "has", "seen", "this",
	"workaround", "exists", "for", "small", "accounts", "but", "not", "when", "several",
	"users", "share", "one", "project", "logs", "show", "timeouts", "and", "retries", "between",
	"services", "which", "suggests", "that", "queue", "grows", "faster", "than", "workers",
	"drain", "it"};
static const char *const labels[] = {"api", "billing", "extraction", "search", "auth", "export",
	"ui", "latency", "evaluation", "security", "customer-report", "regression"};
static const char *const teams[] = {"platform", "extraction", "search", "billing", "models"};
static const char *const people[] = {"tomasz", "adaeze", "priya", "jonas", "mei", "sofia"};
static const char *const streams[] = {
	"model_quality", "engineering_bug", "feature_request", "incident"};
static const char *const kinds[] = {"task", "bug", "feature", "incident", "spike", "evaluation"};
static const char *const severities[] = {"sev1", "sev2", "sev3", "sev4"};
static const char *const risks[] = {"minimal", "limited", "high"};

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, size_t limit)
{
	return (unsigned)(next_random(state) % limit);
}

#define PICK(state, array) (array)[below(state, COUNT_OF(array))]

static void put_body(uint64_t *state)
{
	char text[BODY_ROOM] = "";
	size_t len = 0;

	while (len < BODY_BYTES)
		len += (size_t)snprintf(
			text + len, sizeof text - len, "%s ", words[below(state, COUNT_OF(words))]);
	text[len - 1] = '.';
	printf("\"body\":\"%s\",", text);
}

static void put_times(uint64_t *state)
{
	unsigned month = 1 + below(state, 6), day = 1 + below(state, 28);

	printf("\"created_at\":\"2024-%02u-%02uT08:%02u:00Z\",", month, day, below(state, 60));
	printf("\"updated_at\":\"2024-%02u-%02uT16:%02u:00Z\",", month + 6, day, below(state, 60));
}

static void put_features(uint64_t *state)
{
	printf("\"features\":{\"user_impact\":%u,", 1 + below(state, 3));
	printf("\"fix_confidence\":%u,", 1 + below(state, 3));
	printf("\"reversibility\":%u,", 1 + below(state, 3));
	printf("\"cost_of_delay\":%u,", 1 + below(state, 3));
	printf("\"effort\":%u.%u,", below(state, 40), below(state, 10));
	printf("\"timebox_days\":%u,", below(state, 30));
	printf("\"demand\":%u,", below(state, 900));
	printf("\"affected_users\":%u,", below(state, 100000));
	printf("\"revenue_at_risk\":%u,", below(state, 1000000));
	printf("\"severity\":\"%s\",", PICK(state, severities));
	printf("\"error_rate_delta\":%u.%u,", below(state, 20), below(state, 10));
	printf("\"eval_regression\":%u.%02u,", below(state, 10), below(state, 100));
	printf("\"incident_count_30d\":%u,", below(state, 20));
	printf("\"debt_interest\":%u.5,", below(state, 20));
	printf("\"evaluation_gap\":%u,", below(state, 101));
	printf("\"risk_category\":\"%s\",", PICK(state, risks));
	printf("\"compliance_risk\":%u,", below(state, 6));
	printf("\"handles_personal_data\":%s,", below(state, 2) ? "true" : "false");
	printf("\"blocked_teams\":%u,", below(state, 8));
	printf("\"external_dependencies\":%u}", below(state, 8));
}

static void put_item(uint64_t *state, unsigned number)
{
	printf("{\"source\":\"tracker\",\"external_id\":\"WIN-%u\",", number);
	printf("\"title\":\"%s ", PICK(state, subjects));
	printf("%s ", PICK(state, faults));
	printf("%s\",", PICK(state, places));
	put_body(state);
	printf("\"url\":\"https://tracker.example/browse/WIN-%u\",", number);
	printf("\"stream\":\"%s\",", PICK(state, streams));
	printf("\"kind\":\"%s\",", PICK(state, kinds));
	printf("\"labels\":[\"%s\",", PICK(state, labels));
	printf("\"q%u\"],", 1 + below(state, 4));
	printf("\"team\":\"%s\",", PICK(state, teams));
	printf("\"assignee\":\"%s\",", PICK(state, people));
	printf("\"reporter\":\"%s\",", PICK(state, people));
	put_times(state);
	if (number > 1 && below(state, 10) == 0)
		printf("\"blocked_by\":[\"WIN-%u\"],", 1 + below(state, number - 1));
	put_features(state);
	puts("}");
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	if (count == 0) {
		fputs("backlog COUNT [SEED]\n", stderr);
		return 2;
	}
	for (unsigned i = 1; i <= count; i++)
		put_item(&state, i);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
