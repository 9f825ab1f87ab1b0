/*
 * How far a push got, and going on there: after each answer a small file remembers how much of the
 * input was acknowledged, so that the same push goes on behind it when this one does not end.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/push_parts.h"
#include "cli/retry.h"

bool push_can_reread(const struct words *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct stat status;

		if (strcmp(files->items[i], "-") == 0 || stat(files->items[i], &status) != 0 ||
			!S_ISREG(status.st_mode))
			return false;
	}
	return true;
}

/* The id of the workspace, and its newest revision. */
static enum cli_exit ask_workspace(struct push *push, char id[UUID_TEXT_SIZE], int64_t *revision)
{
	struct buf path = BUF_INIT;
	struct http_request request = {.method = "GET"};
	struct http_response response = {0};
	struct json_view *workspace = NULL;
	enum cli_exit code = cli_workspace_path(push->cli, &path, "");
	enum http_result result;
	struct str text;

	if (code != CLI_OK)
		goto out;
	request.path = path.data;
	result = retry_send(push->cli, &request, (unsigned)push->values->retries, &response);
	if (result != HTTP_ANSWERED || response.status != 200) {
		code = cli_explain_failure(push->cli, result, &response);
		goto out;
	}
	workspace = cli_parse(&response);
	text = json_view_text(workspace, "id");
	*revision = json_view_int(workspace, "revision", -1);
	id[0] = '\0';
	if (text.len == UUID_TEXT_SIZE - 1) {
		memcpy(id, text.ptr, text.len);
		id[text.len] = '\0';
	}
	if (!workspace)
		code = CLI_REFUSED;
out:
	json_view_free(workspace);
	http_response_release(&response);
	buf_release(&path);
	return code;
}

void push_remember(struct push *push)
{
	struct push_state *state = &push->state;
	int64_t revision;

	if (!push->keeping)
		return;
	if (!state->workspace_id[0])
		push->keeping = ask_workspace(push, state->workspace_id, &revision) == CLI_OK &&
				state->workspace_id[0];
	if (!push->keeping) {
		cli_note(push->cli, "the server does not tell which workspace this is; an "
				    "interrupted push will begin anew");
		return;
	}
	state->items = push->taken;
	state->sum = push->batch.sum;
	push->keeping = sha256_so_far(&push->digest, &state->digest) &&
			push_state_write(push->cli, push->state_path.data, state);
	if (!push->keeping)
		cli_note(push->cli, "cannot write %s: %s; an interrupted push will begin anew",
			push->state_path.data, strerror(errno));
}

/* Whether the workspace is the one that the state is about, and not an older copy of it. */
static enum cli_exit check_workspace(struct push *push)
{
	char id[UUID_TEXT_SIZE];
	int64_t revision;
	enum cli_exit code = ask_workspace(push, id, &revision);

	if (code != CLI_OK)
		return code;
	push->passing_over =
		strcmp(id, push->state.workspace_id) == 0 && revision >= push->state.sum.revision;
	if (!push->passing_over) {
		push->state = (struct push_state){0};
		cli_note(push->cli, "the workspace is not the one of the interrupted push; "
				    "beginning anew");
	}
	return CLI_OK;
}

static enum cli_exit find_state(struct push *push)
{
	const char *path = push->state_path.data;

	switch (push_state_read(push->cli, path, &push->state)) {
	case PUSH_STATE_NONE: return CLI_OK;
	case PUSH_STATE_READ: return check_workspace(push);
	case PUSH_STATE_OLD:
		cli_note(push->cli, "the interrupted push is more than a day old; beginning anew");
		return CLI_OK;
	case PUSH_STATE_FOREIGN:
		cli_error("%s is of a push to another server or workspace", path);
		return CLI_USAGE;
	case PUSH_STATE_UNREADABLE: break;
	}
	if (push->values->resume) {
		cli_error("%s is not what an interrupted push leaves behind", path);
		return CLI_USAGE;
	}
	cli_note(push->cli, "%s cannot be read; beginning anew", path);
	return CLI_OK;
}

/* What is sent now may undo what an interrupted push of the same files counts. */
static void forget_interrupted(struct push *push, const struct words *files)
{
	struct buf place = BUF_INIT;

	if (push_can_reread(files) && push_state_place(push->cli, files, &place))
		unlink(place.data);
	buf_release(&place);
}

enum cli_exit push_resume_begin(struct push *push, const struct words *files)
{
	const struct push_values *values = push->values;
	bool whole = values->format || values->atomic;

	if (values->dry_run)
		return CLI_OK;
	if (whole || values->resume || push->cli->config.json)
		forget_interrupted(push, files);
	if (whole || (push->cli->config.json && !values->resume))
		return CLI_OK;
	if (values->resume)
		buf_puts(&push->state_path, values->resume);
	else if (!push_can_reread(files) || !push_state_place(push->cli, files, &push->state_path))
		return CLI_OK;
	if (values->no_resume) {
		unlink(push->state_path.data);
		return CLI_OK;
	}
	if (push->state_path.failed || !sha256_begin(&push->digest))
		return cli_no_memory();
	push->keeping = true;
	return find_state(push);
}

void push_take(struct push *push, struct str item)
{
	push->taken++;
	if (!push->keeping)
		return;
	sha256_add(&push->digest, item.ptr, item.len);
	sha256_add(&push->digest, "\n", 1);
}

enum cli_exit push_pass_over(struct push *push, struct str item, const struct origin *origin)
{
	struct sha256 digest;

	push_take(push, item);
	if (push->taken < push->state.items)
		return CLI_OK;
	push->passing_over = false;
	push->changed = !sha256_so_far(&push->digest, &digest) ||
			!sha256_same(&digest, &push->state.digest);
	if (push->changed)
		return CLI_USAGE;
	batch_resume(&push->batch, &push->state.sum);
	cli_note(push->cli,
		"going on behind %s:%zu, where an earlier push was interrupted (%lld items, %lld "
		"of them rejected)",
		origin->file, origin->line, (long long)push->state.items,
		(long long)push->state.sum.rejected);
	return CLI_OK;
}

enum cli_exit push_begin_anew(struct push *push, const struct words *files)
{
	const char *path = push->state_path.data;

	push->changed = push->passing_over = false;
	push->taken = 0;
	push->bytes_before = 0;
	if (!sha256_begin(&push->digest))
		return cli_no_memory();
	/* What is sent now may undo what it counts. */
	if (unlink(path) != 0 && errno != ENOENT) {
		cli_error("cannot remove %s: %s", path, strerror(errno));
		return CLI_USAGE;
	}
	if (push_can_reread(files)) {
		cli_note(push->cli, "the input has changed since the push that was interrupted; "
				    "beginning anew");
		return CLI_OK;
	}
	cli_error("the input does not begin as it did when it was interrupted; nothing was sent, "
		  "and %s is removed: push it again from the beginning",
		path);
	return CLI_USAGE;
}
