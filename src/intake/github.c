/*
 * GitHub: a page of GET /repos/{owner}/{repo}/issues, a single issue, or an `issues` webhook. All
 * hold the same issue object. GitHub lists pull requests among issues; those are skipped.
 *
 * Shapes: docs.github.com/rest/issues/issues and docs.github.com/webhooks (event payloads).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/item.h"
#include "intake/format.h"
#include "intake/item_json.h"

static const char expected[] =
	"This is not a GitHub issue, a list of issues or an `issues` event: expected the answer of "
	"GitHub's REST API to GET /repos/{owner}/{repo}/issues, one element of it, or the payload "
	"of an `issues` webhook.";

/* What an event other than `issues` has in its payload, the more telling first: deliveries that
 * were stored and sent on have lost the header that names the event. */
static const struct event_shape {
	const char *key;   /* is there … */
	const char *inner; /* … with this member, where that is needed to tell */
	const char *with;  /* … beside this one */
	const char *event;
} event_shapes[] = {
	{"alert", "secret_type", NULL, "secret_scanning_alert"},
	{"alert", "security_advisory", NULL, "dependabot_alert"},
	{"alert", "rule", NULL, "code_scanning_alert"},
	{"alert", "affected_range", NULL, "repository_vulnerability_alert"},
	{"alert", NULL, NULL, "alert"},
	{"comment", NULL, "issue", "issue_comment"},
	{"comment", NULL, "pull_request", "pull_request_review_comment"},
	{"comment", NULL, NULL, "commit_comment"},
	{"review", NULL, "pull_request", "pull_request_review"},
	{"pull_request", NULL, NULL, "pull_request"},
	{"sub_issue", NULL, NULL, "sub_issues"},
	{"discussion", NULL, NULL, "discussion"},
	{"commits", NULL, "ref", "push"},
	{"check_run", NULL, NULL, "check_run"},
	{"check_suite", NULL, NULL, "check_suite"},
	{"workflow_run", NULL, NULL, "workflow_run"},
	{"workflow_job", NULL, NULL, "workflow_job"},
	{"deployment", NULL, NULL, "deployment"},
	{"release", NULL, NULL, "release"},
	{"issue", NULL, NULL, NULL}, /* what follows are parts of an `issues` event too */
	{"label", NULL, NULL, "label"},
	{"milestone", NULL, NULL, "milestone"},
};

/* What is known about one issue while it becomes an item. */
struct issue {
	const struct intake_request *request;
	const json_t *json;
	const json_t *event; /* the webhook around it; NULL: none */
	const char *pointer;
	struct diag *diag;
};

static const char *event_by_shape(const json_t *payload)
{
	if (json_object_get(payload, "zen") && json_object_get(payload, "hook_id"))
		return "ping";
	/* Who did it: every webhook of GitHub says so, and hardly another tracker's. */
	if (!member_given(payload, "sender") && !json_is_object(json_object_get(payload, "alert")))
		return NULL;
	for (size_t i = 0; i < sizeof event_shapes / sizeof event_shapes[0]; i++) {
		const struct event_shape *shape = &event_shapes[i];
		const json_t *value = json_object_get(payload, shape->key);

		if (value && (!shape->inner || json_object_get(value, shape->inner)) &&
			(!shape->with || json_object_get(payload, shape->with)))
			return shape->event;
	}
	return "";
}

static enum error refuse_event(struct diag *diag, struct str event)
{
	if (event.len > 64)
		event.len = 64;
	if (event.len == 0)
		diag_add(diag, "",
			"The payload is of an event of GitHub's without an issue; only `issues` "
			"events become items.");
	else
		diag_add(diag, "",
			"The payload is of GitHub's event \"%.*s\", which describes no issue; only "
			"`issues` events become items.",
			STR_ARG(event));
	return ERR_NOT_AN_ITEM_EVENT;
}

static enum error refuse_payload(struct diag *diag, const char *pointer)
{
	diag_add(diag, pointer, "%s", expected);
	return ERR_INVALID;
}

static bool looks_like_issue(const json_t *json)
{
	return json_is_integer(json_object_get(json, "number")) && json_object_get(json, "title") &&
	       (json_object_get(json, "html_url") || json_object_get(json, "url"));
}

/* The second form is that of GET …/pulls. */
static bool is_pull_request(const json_t *json)
{
	return member_given(json, "pull_request") ||
	       (json_is_object(json_object_get(json, "head")) &&
		       json_is_object(json_object_get(json, "base")));
}

/* "owner/repo" at the end of an address, where it really has that form. */
static struct str last_two_segments(struct str text)
{
	size_t slashes = 0;

	for (size_t i = text.len; i > 0; i--) {
		if (text.ptr[i - 1] != '/')
			continue;
		if (i == text.len || (slashes > 0 && text.ptr[i] == '/'))
			return STR_NONE;
		if (++slashes == 2)
			return (struct str){text.ptr + i, text.len - i};
	}
	return STR_NONE;
}

/* Without "/issues/412"; absent when it does not end so. */
static struct str without_issue(struct str url, int64_t number)
{
	char end[48];
	struct str tail = {end, 0};

	tail.len = (size_t)snprintf(end, sizeof end, "/issues/%" PRId64, number);
	if (url.len <= tail.len || memcmp(url.ptr + url.len - tail.len, end, tail.len) != 0)
		return STR_NONE;
	return (struct str){url.ptr, url.len - tail.len};
}

static struct str repository_of(const struct issue *issue, int64_t number)
{
	static const char *const addresses[] = {"html_url", "url"};
	struct str name = member_text(json_object_get(issue->event, "repository"), "full_name");

	if (name.ptr)
		return name;
	name = last_two_segments(member_text(issue->json, "repository_url"));
	for (size_t i = 0; !name.ptr && i < 2; i++)
		name = last_two_segments(
			without_issue(member_text(issue->json, addresses[i]), number));
	return name;
}

static enum error put_identity(const struct issue *issue, json_t *item)
{
	int64_t number = json_integer_value(json_object_get(issue->json, "number"));
	struct str repository = repository_of(issue, number);
	struct str source = issue->request->source;
	int failed;

	if (!repository.ptr) {
		diag_add(issue->diag, issue->pointer,
			"The issue does not say which repository it belongs to: none of "
			"repository.full_name (of an event), repository_url and html_url does.");
		return ERR_INVALID;
	}
	failed = json_object_set_new(item, "source",
		source.ptr ? json_stringn(source.ptr, source.len) : json_string("github"));
	failed |= json_object_set_new(
		item, "external_id", json_sprintf("%.*s#%" PRId64, STR_ARG(repository), number));
	return failed ? ERR_NO_MEMORY : ERR_OK;
}

/* What the tracker calls the issue's state; the more precise word first. */
static const char *status_of(const struct issue *issue)
{
	const char *action = json_string_value(json_object_get(issue->event, "action"));
	const char *state = json_string_value(json_object_get(issue->json, "state"));
	const char *reason = json_string_value(json_object_get(issue->json, "state_reason"));

	if (action && (strcmp(action, "deleted") == 0 || strcmp(action, "transferred") == 0))
		return action;
	if (state && reason && strcmp(state, "closed") == 0 &&
		mapping_status(issue->request->mapping, reason))
		return reason;
	return state;
}

/* A word that the mapping does not know is passed on, to be refused by name. */
static bool put_status(const struct issue *issue, json_t *item)
{
	const char *theirs = status_of(issue), *ours;

	if (!theirs)
		return true;
	ours = mapping_status(issue->request->mapping, theirs);
	return json_object_set_new(item, "status", json_string(ours ? ours : theirs)) == 0;
}

/* Labels are objects, or plain names in payloads that were built by hand. */
static bool put_labels(const struct issue *issue, json_t *item)
{
	const json_t *labels = json_object_get(issue->json, "labels");
	json_t *names;

	if (!json_is_array(labels))
		return item_json_share(item, "labels", labels);
	names = json_array();
	if (json_object_set_new(item, "labels", names) != 0)
		return false;
	for (size_t i = 0; i < json_array_size(labels); i++) {
		json_t *label = json_array_get(labels, i);
		json_t *name = json_object_get(label, "name");

		if (json_array_append(names, name ? name : label) != 0)
			return false;
	}
	return true;
}

/* A person's login; null where GitHub says that there is nobody. */
static bool put_login(const struct issue *issue, json_t *item, const char *key, const char *theirs)
{
	const json_t *person = json_object_get(issue->json, theirs);

	if (!person)
		return true;
	if (json_is_null(person))
		return item_json_share(item, key, person);
	return item_json_share(item, key, json_object_get(person, "login"));
}

/* The milestone's day; an issue taken out of it has none any more. */
static bool put_due(const struct issue *issue, json_t *item)
{
	const json_t *milestone = json_object_get(issue->json, "milestone");

	if (!milestone)
		return true;
	if (member_given(milestone, "due_on"))
		return item_json_share(item, "due_at", json_object_get(milestone, "due_on"));
	return json_object_set_new(item, "due_at", json_null()) == 0;
}

static bool put_mapped(const struct issue *issue, json_t *item)
{
	const json_t *reactions =
		json_object_get(json_object_get(issue->json, "reactions"), "total_count");
	const json_t *comments = json_object_get(issue->json, "comments");
	const char *action = json_string_value(json_object_get(issue->event, "action"));
	const char *label =
		json_string_value(json_object_get(json_object_get(issue->event, "label"), "name"));
	struct intake_signal signals[3];
	size_t count = 0;

	if (json_is_number(reactions))
		signals[count++] =
			(struct intake_signal){"reactions", json_number_value(reactions)};
	if (json_is_number(comments))
		signals[count++] = (struct intake_signal){"comments", json_number_value(comments)};
	if (count > 0)
		signals[count++] = (struct intake_signal){"reactions_and_comments",
			json_number_value(reactions) + json_number_value(comments)};
	if (!mapping_apply(
		    issue->request->mapping, json_object_get(item, "labels"), signals, count, item))
		return false;
	if (action && label && strcmp(action, "unlabeled") == 0)
		return mapping_withdraw(issue->request->mapping, label, item);
	return true;
}

static enum error fill_item(const struct issue *issue, json_t *item)
{
	const json_t *json = issue->json;
	const json_t *updated_at = json_object_get(json, "updated_at");
	enum error err = put_identity(issue, item);

	if (err)
		return err;
	if (!item_json_share(item, "source_version", updated_at) ||
		!item_json_share(item, "updated_at", updated_at) ||
		!item_json_share(item, "created_at", json_object_get(json, "created_at")) ||
		!item_json_share(item, "title", json_object_get(json, "title")) ||
		!item_json_share(item, "body", json_object_get(json, "body")) ||
		!item_json_share(item, "url", json_object_get(json, "html_url")) ||
		!put_status(issue, item) || !put_labels(issue, item) ||
		!put_login(issue, item, "assignee", "assignee") ||
		!put_login(issue, item, "reporter", "user") || !put_due(issue, item) ||
		!put_mapped(issue, item))
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum error add_issue(const struct issue *issue, struct intake_result *out)
{
	json_t *item;
	enum error err;

	if (is_pull_request(issue->json)) {
		out->skipped++;
		out->skipped_why = "pull requests are not items";
		return ERR_OK;
	}
	item = json_object();
	if (!item)
		return ERR_NO_MEMORY;
	err = fill_item(issue, item);
	if (err) {
		json_decref(item);
		return err;
	}
	return json_array_append_new(out->items, item) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

/* All faults are told: one element of another kind does not hide the next. */
static enum error parse_list(
	const struct intake_request *request, struct diag *diag, struct intake_result *out)
{
	enum error worst = ERR_OK;

	for (size_t i = 0; i < json_array_size(request->payload); i++) {
		const json_t *element = json_array_get(request->payload, i);
		struct issue issue = {request, element, NULL, diag_index(diag, "", i), diag};
		enum error err;

		if (looks_like_issue(element))
			err = add_issue(&issue, out);
		else
			err = refuse_payload(diag, i == 0 ? "" : issue.pointer);
		if (err == ERR_NO_MEMORY || (err && i == 0))
			return err;
		if (err)
			worst = err;
	}
	return worst;
}

static enum error parse_object(
	const struct intake_request *request, struct diag *diag, struct intake_result *out)
{
	const json_t *inner = json_object_get(request->payload, "issue");
	struct issue issue = {request, request->payload, NULL, "", diag};
	const char *event = event_by_shape(request->payload);

	if (event)
		return refuse_event(diag, str_from(event));
	if (inner) {
		issue.json = inner;
		issue.event = request->payload;
		issue.pointer = "/issue";
	}
	if (!looks_like_issue(issue.json))
		return refuse_payload(diag, "");
	return add_issue(&issue, out);
}

static enum error parse(
	const struct intake_request *request, struct diag *diag, struct intake_result *out)
{
	enum error err;

	*out = (struct intake_result){0};
	if (request->event.ptr && !str_is(request->event, "issues"))
		return refuse_event(diag, request->event);
	out->items = json_array();
	if (!out->items)
		return ERR_NO_MEMORY;
	if (json_is_array(request->payload))
		err = parse_list(request, diag, out);
	else
		err = parse_object(request, diag, out);
	if (err) {
		json_decref(out->items);
		*out = (struct intake_result){0};
	}
	return err;
}

static const char *const signals[] = {"reactions", "comments", "reactions_and_comments", NULL};
static const char *const statuses[] = {
	"open", "closed", "completed", "not_planned", "duplicate", "deleted", "transferred", NULL};

extern const struct source_format github_format;
const struct source_format github_format = {
	.name = "github",
	.default_source = "github",
	.title = "GitHub issues",
	.terms = {.signals = signals, .statuses = statuses},
	.parse = parse,
};
