/*
 * The key that signs checkpoints: a file that only the daemon reads, never the database. Whoever has
 * both could make a history up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/checkpointing.h"

enum { KEY_TEXT_MAX = 512 };

static struct str first_line(const char *text)
{
	return (struct str){text, strcspn(text, "\r\n")};
}

static bool read_line(const char *path, char line[KEY_TEXT_MAX], FILE *faults)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (!file) {
		fprintf(faults, "winnowd: %s: %s\n", path, strerror(errno));
		return false;
	}
	/* An empty file holds no key, as any other that is none. */
	if (!fgets(line, KEY_TEXT_MAX, file))
		line[0] = '\0';
	fclose(file);
	return true;
}

static bool no_key(const char *path, FILE *faults)
{
	fprintf(faults, "winnowd: %s holds no key of winnowd checkpoint-key\n", path);
	return false;
}

bool checkpoint_key_read(const char *path, struct note_signer *out, FILE *faults)
{
	char line[KEY_TEXT_MAX];
	bool read = read_line(path, line, faults);
	bool good = read && note_signer_parse(first_line(line), out);

	explicit_bzero(line, sizeof line);
	return good || (read && no_key(path, faults));
}

bool checkpoint_verifier_read(const char *path, struct note_verifier *out, FILE *faults)
{
	char line[KEY_TEXT_MAX];
	struct note_signer signer = {0};
	bool read = read_line(path, line, faults);
	bool good = read && note_verifier_parse(first_line(line), out);

	if (read && !good && note_signer_parse(first_line(line), &signer)) {
		*out = signer.verifier;
		good = true;
	}
	explicit_bzero(&signer, sizeof signer);
	explicit_bzero(line, sizeof line);
	return good || (read && no_key(path, faults));
}

static bool write_key(int fd, const struct note_signer *signer)
{
	struct buf text = BUF_INIT;
	bool good;

	note_signer_write(&text, signer);
	buf_putc(&text, '\n');
	good = !text.failed && write(fd, text.data, text.len) == (ssize_t)text.len &&
	       fsync(fd) == 0;
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_release(&text);
	return good;
}

/* The key is in the file or nowhere. */
static bool make_key(
	int fd, const char *path, const char *name, struct note_signer *out, FILE *faults)
{
	bool good = false;

	if (!name || !note_name_is_good(str_from(name)))
		fprintf(faults,
			"winnowd: --checkpoint-name is needed for a new key: up to %d "
			"printable ASCII characters without blank and plus, such as "
			"winnow.example.org\n",
			NOTE_NAME_MAX);
	else if (!note_signer_make(str_from(name), out))
		fprintf(faults, "winnowd: memory or randomness is out\n");
	else if (!write_key(fd, out))
		fprintf(faults, "winnowd: %s: %s\n", path, strerror(errno));
	else
		good = true;
	if (!good)
		unlink(path);
	return good;
}

bool checkpoint_key_make(const char *path, const char *name, FILE *out, FILE *faults)
{
	struct note_signer signer = {0};
	struct buf line = BUF_INIT;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good;

	if (fd >= 0) {
		good = make_key(fd, path, name, &signer, faults);
		close(fd);
	} else if (errno == EEXIST) {
		good = checkpoint_key_read(path, &signer, faults);
	} else {
		fprintf(faults, "winnowd: %s: %s\n", path, strerror(errno));
		good = false;
	}
	if (good)
		note_verifier_write(&line, &signer.verifier);
	good = good && !line.failed && fprintf(out, "%s\n", line.data) > 0;
	buf_release(&line);
	explicit_bzero(&signer, sizeof signer);
	return good;
}

bool checkpointing_new(
	const struct checkpoint_options *options, FILE *faults, struct checkpointing **out)
{
	struct checkpointing *checkpointing;
	struct stat status;

	*out = NULL;
	if (!options->key_file) {
		if (options->folder || options->webhook_url)
			fprintf(faults,
				"winnowd: checkpoints are made with --checkpoint-key-file\n");
		return !options->folder && !options->webhook_url;
	}
	if (options->folder && (stat(options->folder, &status) != 0 || !S_ISDIR(status.st_mode))) {
		fprintf(faults, "winnowd: --checkpoint-dir: %s is no folder\n", options->folder);
		return false;
	}
	checkpointing = calloc(1, sizeof *checkpointing);
	if (!checkpointing)
		return false;
	checkpointing->folder = options->folder;
	checkpointing->every_us = options->every_s * (int64_t)US_PER_S;
	checkpointing->records = options->records;
	*out = checkpointing;
	if (!checkpoint_key_read(options->key_file, &checkpointing->signer, faults))
		return false;
	if (!options->webhook_url)
		return true;
	checkpointing->webhook = webhook_new(options->webhook_url);
	return checkpointing->webhook != NULL;
}

void checkpointing_free(struct checkpointing *checkpointing)
{
	if (!checkpointing)
		return;
	webhook_free(checkpointing->webhook);
	explicit_bzero(&checkpointing->signer, sizeof checkpointing->signer);
	free(checkpointing);
}
