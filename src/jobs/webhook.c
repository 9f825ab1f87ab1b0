/*
 * The daemon's only way out by HTTP: notes are posted to the one URL that the operator configured,
 * by a thread of its own, so that no job and no worker waits for a receiver.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/checkpointing.h"

enum {
	WAITING_MAX = 10000, /* workspaces whose note waits */
	TRIES_MAX = 12,
	FIRST_PAUSE_MS = 1000,
	LONGEST_PAUSE_MS = 300000,
	CONNECT_TIMEOUT_MS = 5000,
	TIMEOUT_MS = 10000,
};

struct letter {
	struct letter *next;
	struct uuid workspace;
	char *note;
	size_t bytes;
	int tries;
	int64_t due_ms;
};

struct webhook {
	char *url;
	CURL *curl;
	struct curl_slist *headers;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct letter *letters;
	size_t count;
	int stop; /* atomic: the transfer asks for it, too */
};

static int64_t now_ms(void)
{
	return clock_monotonic_us(&clock_system) / US_PER_MS;
}

static bool stopping(const struct webhook *webhook)
{
	return __atomic_load_n(&webhook->stop, __ATOMIC_ACQUIRE);
}

static void letter_free(struct letter *letter)
{
	if (letter)
		free(letter->note);
	free(letter);
}

/* ---- one transfer ---- */

static size_t drop_body(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

static int may_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return stopping(arg);
}

/* True: it was accepted. */
static bool post(struct webhook *webhook, const struct letter *letter, char error[CURL_ERROR_SIZE])
{
	long status = 0;
	CURLcode code;

	error[0] = '\0';
	curl_easy_setopt(webhook->curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(webhook->curl, CURLOPT_POSTFIELDS, letter->note);
	curl_easy_setopt(webhook->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)letter->bytes);
	code = curl_easy_perform(webhook->curl);
	curl_easy_setopt(webhook->curl, CURLOPT_ERRORBUFFER, NULL);
	if (code != CURLE_OK) {
		if (!error[0])
			snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(code));
		return false;
	}
	curl_easy_getinfo(webhook->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return true;
	snprintf(error, CURL_ERROR_SIZE, "it answered %ld", status);
	return false;
}

/* No redirect is followed: the URL is the operator's, where it leads would be the receiver's. */
static bool set_up(struct webhook *webhook)
{
	CURL *curl = curl_easy_init();

	webhook->curl = curl;
	webhook->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
	if (!curl || !webhook->headers)
		return false;
	return curl_easy_setopt(curl, CURLOPT_URL, webhook->url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, webhook->headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "winnowd") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
		       CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, may_stop) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFODATA, webhook) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

/* ---- the letters that wait; with the mutex held ---- */

static struct letter **find(struct webhook *webhook, const struct uuid *workspace)
{
	struct letter **at = &webhook->letters;

	while (*at && uuid_cmp(&(*at)->workspace, workspace) != 0)
		at = &(*at)->next;
	return at;
}

/* Takes out what is due first; NULL with *due_ms when it is not due yet. */
static struct letter *take_due(struct webhook *webhook, int64_t *due_ms)
{
	struct letter **first = NULL, *letter;

	for (struct letter **at = &webhook->letters; *at; at = &(*at)->next) {
		if (!first || (*at)->due_ms < (*first)->due_ms)
			first = at;
	}
	*due_ms = first ? (*first)->due_ms : INT64_MAX;
	if (!first || *due_ms > now_ms())
		return NULL;
	letter = *first;
	*first = letter->next;
	webhook->count--;
	return letter;
}

/* A newer one of the workspace takes its place. */
static void add(struct webhook *webhook, struct letter *letter)
{
	letter->next = webhook->letters;
	webhook->letters = letter;
	webhook->count++;
}

/* ---- the thread ---- */

static void tell_failure(const struct letter *letter, const char *why, bool last)
{
	char id[UUID_TEXT_SIZE];

	metric_add(METRIC_checkpoint_deliveries_failed, 1);
	log_write(LOG_WARN, "checkpoint_webhook_failed",
		last ? "A checkpoint was not accepted by the webhook, and is given up"
		     : "A checkpoint was not accepted by the webhook; it is sent again",
		LOG_S("workspace", uuid_to_text(&letter->workspace, id)), LOG_S("why", why), NULL);
}

static void put_back(struct webhook *webhook, struct letter *letter)
{
	int64_t pause_ms = (int64_t)FIRST_PAUSE_MS << (letter->tries - 1);

	letter->due_ms =
		now_ms() + (pause_ms < LONGEST_PAUSE_MS ? pause_ms : (int64_t)LONGEST_PAUSE_MS);
	pthread_mutex_lock(&webhook->mutex);
	if (*find(webhook, &letter->workspace))
		letter_free(letter);
	else
		add(webhook, letter);
	pthread_mutex_unlock(&webhook->mutex);
}

static void deliver(struct webhook *webhook, struct letter *letter)
{
	char why[CURL_ERROR_SIZE];
	bool last;

	if (post(webhook, letter, why)) {
		metric_add(METRIC_checkpoints_delivered, 1);
		letter_free(letter);
		return;
	}
	last = ++letter->tries >= TRIES_MAX;
	if (!stopping(webhook))
		tell_failure(letter, why, last);
	if (last)
		letter_free(letter);
	else
		put_back(webhook, letter);
}

/* NULL: to be ended. */
static struct letter *await_letter(struct webhook *webhook)
{
	struct letter *letter = NULL;

	pthread_mutex_lock(&webhook->mutex);
	while (!stopping(webhook)) {
		int64_t due_ms;

		letter = take_due(webhook, &due_ms);
		if (letter)
			break;
		if (due_ms == INT64_MAX) {
			pthread_cond_wait(&webhook->changed, &webhook->mutex);
		} else {
			int64_t left_ms = due_ms - now_ms();
			const struct timespec at =
				cond_deadline(left_ms > 0 ? left_ms * US_PER_MS : 0);

			pthread_cond_timedwait(&webhook->changed, &webhook->mutex, &at);
		}
	}
	pthread_mutex_unlock(&webhook->mutex);
	return letter;
}

static void *run(void *self)
{
	struct letter *letter;

	while ((letter = await_letter(self)))
		deliver(self, letter);
	return NULL;
}

/* ---- from outside ---- */

static void release(struct webhook *webhook)
{
	while (webhook->letters) {
		struct letter *letter = webhook->letters;

		webhook->letters = letter->next;
		letter_free(letter);
	}
	curl_slist_free_all(webhook->headers);
	curl_easy_cleanup(webhook->curl);
	pthread_cond_destroy(&webhook->changed);
	pthread_mutex_destroy(&webhook->mutex);
	free(webhook->url);
	free(webhook);
	curl_global_cleanup();
}

struct webhook *webhook_new(const char *url)
{
	struct webhook *webhook = calloc(1, sizeof *webhook);

	if (!webhook)
		return NULL;
	pthread_mutex_init(&webhook->mutex, NULL);
	cond_init(&webhook->changed);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	webhook->url = strdup(url);
	if (!webhook->url || !set_up(webhook) ||
		pthread_create(&webhook->thread, NULL, run, webhook) != 0) {
		release(webhook);
		return NULL;
	}
	return webhook;
}

void webhook_send(struct webhook *webhook, const struct uuid *workspace, struct str note)
{
	struct letter *letter = calloc(1, sizeof *letter), **older, *replaced;

	if (letter)
		letter->note = malloc(note.len + 1);
	if (!letter || !letter->note) {
		letter_free(letter);
		return;
	}
	memcpy(letter->note, note.ptr, note.len);
	letter->bytes = note.len;
	letter->workspace = *workspace;
	letter->due_ms = now_ms();
	pthread_mutex_lock(&webhook->mutex);
	older = find(webhook, workspace);
	replaced = *older;
	if (replaced) {
		*older = replaced->next;
		webhook->count--;
	}
	if (webhook->count < WAITING_MAX) {
		add(webhook, letter);
		letter = NULL;
		pthread_cond_signal(&webhook->changed);
	}
	pthread_mutex_unlock(&webhook->mutex);
	letter_free(replaced);
	/* There is no room: the workspace's next one comes. */
	letter_free(letter);
}

void webhook_free(struct webhook *webhook)
{
	if (!webhook)
		return;
	pthread_mutex_lock(&webhook->mutex);
	__atomic_store_n(&webhook->stop, 1, __ATOMIC_RELEASE);
	pthread_cond_signal(&webhook->changed);
	pthread_mutex_unlock(&webhook->mutex);
	pthread_join(webhook->thread, NULL);
	release(webhook);
}
