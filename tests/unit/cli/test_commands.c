/*
 * What every command owes a person: a summary, examples, help that shows them first, options
 * without clashes, and a suggestion for a slip.
 */
#include "cli/commands.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void each_command(void (*check)(const struct command *, const struct command *group))
{
	for (size_t i = 0; commands[i]; i++) {
		check(commands[i], NULL);
		for (size_t j = 0; commands[i]->members && commands[i]->members[j]; j++)
			check(commands[i]->members[j], commands[i]);
	}
}

static void check_described(const struct command *command, const struct command *group)
{
	size_t len = strlen(command->summary);

	assert_true(len > 0 && command->summary[len - 1] != '.');
	assert_false(isupper((unsigned char)command->summary[0]));
	assert_true(command->run || command->members);
	if (!command->run)
		return;
	assert_non_null(command->examples);
	assert_non_null(strstr(command->examples, "winnow "));
	assert_non_null(strstr(command->examples, command->name));
	if (group)
		assert_non_null(strstr(command->examples, group->name));
	assert_int_equal(command->arguments != NULL, command->max_words > 0);
	assert_true(command->min_words <= command->max_words);
}

static void test_commands_are_described(void **state)
{
	(void)state;
	each_command(check_described);
}

/* Not inlined: the compiler then takes the text for a dangling pointer. */
static __attribute__((noinline)) char *help_of(
	const struct command *command, const struct command *group)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (command)
		command_help(command, group, out);
	else
		commands_help(out);
	fclose(out);
	return text;
}

static void check_help(const struct command *command, const struct command *group)
{
	char *text = help_of(command, group);
	const char *usage = strstr(text, "Usage: winnow ");
	const char *examples = strstr(text, "Examples:");

	assert_non_null(usage);
	if (!command->members)
		assert_true(examples && examples < usage);
	for (size_t i = 0; i < command->option_count; i++)
		assert_non_null(strstr(text, command->options[i].name));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 110);
	free(text);
}

static void test_help_begins_with_examples(void **state)
{
	char *text = help_of(NULL, NULL);

	(void)state;
	assert_true(strstr(text, "Examples:") < strstr(text, "Usage:"));
	assert_non_null(strstr(text, "Exit codes:"));
	assert_null(strstr(text, "--token "));
	for (size_t i = 0; commands[i]; i++)
		assert_non_null(strstr(text, commands[i]->summary));
	free(text);
	each_command(check_help);
}

static char *reference; /* docs/cli.md */

static void check_in_reference(const struct command *command, const struct command *group)
{
	char *text = help_of(command, group);

	if (!strstr(reference, text))
		fail_msg("docs/cli.md does not have this help of %s as it is now", command->name);
	free(text);
}

/* Tests run in the root of the repository. */
static void test_the_reference_is_up_to_date(void **state)
{
	FILE *file = fopen("docs/cli.md", "r");
	char *text = help_of(NULL, NULL);
	size_t room = 0;

	(void)state;
	assert_non_null(file);
	assert_true(getdelim(&reference, &room, '\0', file) > 0);
	fclose(file);
	assert_non_null(strstr(reference, text));
	each_command(check_in_reference);
	free(text);
	free(reference);
}

static void check_no_clash(const struct arg_spec *one, const struct arg_spec *other)
{
	assert_string_not_equal(one->name, other->name);
	if (one->letter)
		assert_int_not_equal(one->letter, other->letter);
}

static void check_options(const struct command *command, const struct command *group)
{
	(void)group;
	for (size_t i = 0; i < command->option_count; i++) {
		for (size_t j = 0; j < i; j++)
			check_no_clash(&command->options[i], &command->options[j]);
		for (size_t j = 0; j < config_option_count; j++)
			check_no_clash(&command->options[i], &config_options[j]);
		assert_true(command->options[i].offset < command->values_bytes);
	}
}

static void test_options_do_not_clash(void **state)
{
	(void)state;
	each_command(check_options);
}

static void test_finding(void **state)
{
	(void)state;
	assert_ptr_equal(command_find(commands, NULL, "queue"), &command_queue);
	assert_null(command_find(commands, NULL, "queu"));
	assert_null(command_find(commands, NULL, ""));
	assert_string_equal(
		command_find(command_token.members, &command_token, "revoke")->name, "revoke");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands_are_described),
		cmocka_unit_test(test_help_begins_with_examples),
		cmocka_unit_test(test_the_reference_is_up_to_date),
		cmocka_unit_test(test_options_do_not_clash),
		cmocka_unit_test(test_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
