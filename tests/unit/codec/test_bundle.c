/*
 * Bundles: what is written is read back as it was, ranks to the receipt, and is refused when it is
 * not whole.
 */
#include "codec/catalog_support.h"

#include <math.h>

#include "base/clock.h"
#include "base/out_of_memory.h"
#include "codec/bundle.h"

enum { ITEMS = 5 };

static struct uuid id_of(unsigned n)
{
	struct uuid id = {{0}};

	id.bytes[15] = (unsigned char)n;
	return id;
}

static uint16_t column_of(const struct catalog *catalog, const char *name)
{
	return catalog_feature(catalog, str_from(name))->id;
}

static size_t documents_written(void)
{
	size_t count = 0;

	for (size_t i = 0; i < default_document_count; i++)
		count += bundle_has_document(default_documents[i].kind);
	return count;
}

static void write_item(struct buf *out, const struct catalog *catalog, unsigned n)
{
	static const char *const names[] = {"user_impact", "effort", "cost_of_delay"};
	static const struct str labels[] = {{"a \"b\"", 5}, {"\xc3\xa9", 2}};
	struct uuid blocker = id_of(n + 1);
	struct population_value values[3];
	struct population_item item = {
		.id = id_of(n),
		.first_revision = 100 - n,
		.texts = (uint8_t)n,
		.words = {[WN_STREAM] = STR("incident"),
			[WN_STATUS] = n == 3 ? STR("done") : STR("open"),
			[WN_SOURCE] = STR("test"),
			[WN_ASSIGNEE] = STR("1")},
		.numbers = {[WN_CREATED] = 1.5e9 + 1e-6 * n,
			[WN_UPDATED] = NAN,
			[WN_DUE] = NAN,
			[WN_ESTIMATE] = 0.1 * n},
		.labels = labels,
		.label_count = n % 3,
		.values = values,
		.value_count = 3,
		.blocked_by = &blocker,
		.blocked_by_count = n == 1,
	};
	bool *read = calloc(catalog->feature_count + 1, sizeof *read);

	assert_non_null(read);
	for (size_t i = 0; i < 3; i++)
		values[i] = (struct population_value){column_of(catalog, names[i]),
			i == 0 ? WN_ASSERTED + 2 : WN_UNSAID, n == 0 ? -0.0 : 1 + n / 3.0};
	bundle_columns(catalog_model(catalog, 1), NULL, read);
	bundle_write_item(out, &item, STR("x/1"), catalog, read);
	free(read);
}

static const struct population_override an_override = {
	.revision = 7,
	.kind = {"boost", 5},
	.delta = 0.1,
	.expires_us = INT64_C(1800000000000000),
};

/* With this receipt; everything else is always the same. */
static void write_bundle(struct buf *out, const struct receipt *receipt)
{
	struct catalog *catalog = default_catalog();
	struct population_override override = an_override;
	struct bundle_header header = {
		.workspace = id_of(200),
		.ranking = "12.28333333",
		.receipt = *receipt,
		.documents = (int64_t)documents_written(),
		.items = ITEMS,
		.overrides = 2,
		.comparisons = 1,
	};
	struct uuid before = id_of(1), after = id_of(2);

	bundle_write_header(out, &header);
	for (size_t i = 0; i < default_document_count; i++) {
		struct document document = default_documents[i];

		document.revision = 1;
		if (bundle_has_document(document.kind))
			bundle_write_document(out, &document, catalog);
	}
	for (unsigned n = 0; n < ITEMS; n++)
		write_item(out, catalog, n);
	override.id = id_of(50);
	override.item = id_of(2);
	bundle_write_override(out, &override);
	override.ended_revision = 9;
	override.delta = 1e9;
	bundle_write_override(out, &override);
	bundle_write_comparison(out, &before, &after, false);
	assert_false(out->failed);
	catalog_unref(catalog);
}

static const struct receipt some_receipt = {
	.revision = 12,
	.as_of_us = INT64_C(28333333) * 60 * US_PER_S,
	.model = 1,
	.engine = "0.0.1",
};

static enum error take_all(struct bundle *bundle, struct str text, struct diag *diag)
{
	enum error error = ERR_OK;
	size_t number = 0;

	while (text.len > 0 && !error) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t bytes = end ? (size_t)(end - text.ptr) : text.len;

		error = bundle_take(bundle, (struct str){text.ptr, bytes}, ++number, diag);
		bytes += end != NULL;
		text = (struct str){text.ptr + bytes, text.len - bytes};
	}
	return error ? error : bundle_rank(bundle, diag);
}

static void a_bundle_ranks(void **state)
{
	const struct bundle_result *result;
	struct bundle *bundle = bundle_new();
	struct buf text = BUF_INIT;
	struct receipt again;
	struct scratch scratch;
	size_t at;

	(void)state;
	write_bundle(&text, &some_receipt);
	assert_int_equal(take_all(bundle, buf_view(&text), scratch_begin(&scratch)), ERR_OK);
	result = bundle_result(bundle);
	assert_string_equal(result->header->ranking, "12.28333333");
	assert_string_equal(result->header->receipt.engine, "0.0.1");
	assert_string_not_equal(result->receipt.engine, "0.0.1");
	assert_int_equal(result->receipt.item_count, ITEMS - 1);
	assert_int_equal(result->population->rows, ITEMS);
	assert_int_equal(result->population->edge_count, 1);

	const struct wn_rows *rows = wn_block_of(result->population, 0, &at);
	assert_true(wn_number_of(rows, 3, WN_CREATED) == 1.5e9 + 1e-6 * 3);
	assert_true(wn_number_of(rows, 3, WN_ESTIMATE) == 0.1 * 3);
	assert_true(isnan(wn_number_of(rows, 3, WN_DUE)));
	assert_int_equal(rows->texts[4], 4);
	assert_int_equal(rows->label_start[3] - rows->label_start[2], 2);
	assert_true(!isnan(wn_number_of(rows, 1, WN_STRENGTH)));
	assert_true(isnan(wn_number_of(rows, 3, WN_STRENGTH)));
	struct catalog *catalog = default_catalog();
	uint16_t impact = column_of(catalog, "user_impact");
	assert_true(wn_value(rows, 1, impact) == 1 + 1 / 3.0);
	assert_true(signbit(wn_value(rows, 0, impact)));
	assert_int_equal(wn_value_evidence(rows, 1, impact), WN_ASSERTED + 2);
	assert_true(isnan(wn_value(rows, 1, column_of(catalog, "effort"))) && "no model reads it");
	catalog_unref(catalog);
	/* The boost in force counts, the one that has ended does not. */
	assert_true(result->decision->score[2] - result->decision->evidence.score[2] < 0.11);
	assert_true(result->decision->score[2] > result->decision->evidence.score[2]);

	again = result->receipt;
	assert_true(receipt_seal(&again, result->decision, result->population));
	assert_true(sha256_same(&again.order, &result->receipt.order));
	bundle_free(bundle);
	scratch_end(&scratch);
	buf_release(&text);
}

static void the_header_is_for_people_too(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	write_bundle(&text, &some_receipt);
	assert_non_null(strstr(text.data, "{\"schema\":\"winnow.bundle/1\",\"workspace\":"));
	assert_non_null(strstr(text.data, "\"revision\":12,\"as_of\":\"2023-11-14T22:13:00Z\""));
	assert_null(strstr(text.data, "\"kind\":\"mapping\""));
	buf_release(&text);
}

/* The default documents, and a sensitive category of which there are two versions. */
static struct catalog *with_secret(struct document *documents, bool first, bool second)
{
	static const char *const bodies[2] = {
		"{\"categories\":[\"band A\"],\"description\":\"Pay.\",\"family\":\"effort\","
		"\"id\":%u,\"sensitive\":%s,\"type\":\"category\"}",
		"{\"categories\":[\"band A\",\"band B\"],\"description\":\"Wages.\",\"family\":"
		"\"effort\",\"id\":%u,\"sensitive\":%s,\"type\":\"category\"}",
	};
	static char text[2][256];
	const bool sensitive[2] = {first, second};
	struct catalog *catalog = default_catalog();
	unsigned column = (unsigned)catalog->feature_count;

	catalog_unref(catalog);
	memcpy(documents, default_documents, default_document_count * sizeof *documents);
	for (size_t i = 0; i < 2; i++) {
		snprintf(text[i], sizeof text[i], bodies[i], column,
			sensitive[i] ? "true" : "false");
		documents[default_document_count + i] = (struct document){
			STR("feature"), STR("salary"), str_from(text[i]), (int64_t)i + 2};
	}
	assert_int_equal(catalog_build(documents, default_document_count + 2, &catalog), ERR_OK);
	return catalog;
}

/* Everybody who may read a ranking may fetch its bundle. */
static void a_sensitive_definition_is_hidden(void **state)
{
	static const struct {
		bool sensitive[2], name, first, second; /* which of it are shown */
	} cases[] = {
		{{false, false}, true, true, true},
		{{true, false}, true, false, true},
		{{false, true}, false, false, false},
		{{true, true}, false, false, false},
	};
	enum { MOST = 64 };

	(void)state;
	assert_true(default_document_count + 2 < MOST);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct document documents[MOST];
		struct catalog *catalog =
			with_secret(documents, cases[i].sensitive[0], cases[i].sensitive[1]);
		size_t count = default_document_count + 2;
		struct buf text = BUF_INIT;

		for (size_t k = default_document_count; k < count; k++)
			bundle_write_document(&text, &documents[k], catalog);
		assert_false(text.failed);
		assert_true(cases[i].name == (strstr(text.data, "salary") != NULL));
		assert_true(cases[i].first == (strstr(text.data, "Pay.") != NULL));
		assert_true(cases[i].second == (strstr(text.data, "Wages.") != NULL));
		assert_true(cases[i].second == (strstr(text.data, "band B") != NULL));
		assert_true((cases[i].first || cases[i].second) ==
			    (strstr(text.data, "band A") != NULL));
		buf_release(&text);
		catalog_unref(catalog);
	}
}

/* What a reader of the bundle builds of the placeholders has all columns. */
static void a_hidden_definition_keeps_its_column(void **state)
{
	struct bundle *bundle = bundle_new();
	struct document documents[64];
	struct catalog *catalog = with_secret(documents, false, true);
	struct bundle_header header = {
		.workspace = id_of(200), .ranking = "12.28333333", .receipt = some_receipt};
	struct buf text = BUF_INIT;
	struct scratch scratch;

	(void)state;
	for (size_t i = 0; i < default_document_count + 2; i++)
		header.documents += bundle_has_document(documents[i].kind);
	header.items = 1;
	bundle_write_header(&text, &header);
	for (size_t i = 0; i < default_document_count + 2; i++) {
		documents[i].revision += documents[i].revision == 0;
		if (bundle_has_document(documents[i].kind))
			bundle_write_document(&text, &documents[i], catalog);
	}
	write_item(&text, catalog, 0);
	assert_null(strstr(text.data, "salary"));
	assert_int_equal(take_all(bundle, buf_view(&text), scratch_begin(&scratch)), ERR_OK);
	assert_int_equal(bundle_result(bundle)->receipt.item_count, 1);
	bundle_free(bundle);
	scratch_end(&scratch);
	buf_release(&text);
	catalog_unref(catalog);
}

/* `text` with the first `from` replaced; the caller frees it. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	struct buf out = BUF_INIT;
	size_t len;

	assert_non_null(at);
	buf_append(&out, text, (size_t)(at - text));
	buf_puts(&out, to);
	buf_puts(&out, at + strlen(from));
	return buf_steal(&out, &len);
}

static void what_is_not_whole_is_refused(void **state)
{
	static const struct {
		const char *from, *to, *detail;
	} changes[] = {
		{"winnow.bundle/1", "winnow.bundle/7", "winnow.bundle/1"},
		{"\"items\":5", "\"items\":6", "more or fewer lines"},
		{"\"comparisons\":1", "\"comparisons\":0", "more or fewer lines"},
		{"\"documents\":", "\"documents\":-", "/documents"},
		{"\"revision\":12,\"as_of\"", "\"revision\":13,\"as_of\"", "another revision"},
		{"\"ranking\":\"12.28333333\"", "\"ranking\":\"12.28333334\"",
			"this revision and time"},
		{"\"order_sha256\":\"", "\"order_sha256\":\"x", "receipt"},
		{"\"model\":1", "\"model\":2", "is not there"},
		{"{\"item\":", "{\"thing\":", "no line of a bundle"},
		{"{\"comparison\":", "{\"item\":", "order"},
		{"\"kind\":\"feature\"", "\"kind\":\"nonsense\"", "not a configuration"},
		{"00000000-0000-0000-0000-000000000004", "00000000-0000-0000-0000-000000000003",
			"there already"},
		{"00000000-0000-0000-0000-000000000004", "4", "UUID"},
		{"\"features\":{\"user_impact\":", "\"features\":{\"nobody\":", "known features"},
		{"\"user_impact\":5", "\"user_impact\":500", "255"},
		{"\"texts\":1", "\"texts\":1000", "255"},
		{"\"kind\":\"boost\",\"delta\":", "\"kind\":\"pin\",\"delta\":", "rank"},
	};
	struct buf text = BUF_INIT;

	(void)state;
	write_bundle(&text, &some_receipt);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		char *changed = replaced(text.data, changes[i].from, changes[i].to);
		struct bundle *bundle = bundle_new();
		struct scratch scratch;
		struct diag *diag = scratch_begin(&scratch);
		bool found = false;

		assert_int_equal(take_all(bundle, str_from(changed), diag), ERR_INVALID);
		for (size_t f = 0; f < diag->count; f++)
			found = found || strstr(diag->entries[f].detail, changes[i].detail) ||
				strstr(diag->entries[f].pointer, changes[i].detail);
		if (!found) {
			show_faults(diag);
			fail_msg("%s: no fault with \"%s\"", changes[i].to, changes[i].detail);
		}
		bundle_free(bundle);
		scratch_end(&scratch);
		free(changed);
	}
	buf_release(&text);
}

static void no_end_of_it_is_taken_for_the_whole(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	write_bundle(&text, &some_receipt);
	for (size_t len = 0; len + 1 < text.len; len += 97) {
		struct bundle *bundle = bundle_new();
		struct scratch scratch;
		enum error error =
			take_all(bundle, (struct str){text.data, len}, scratch_begin(&scratch));

		assert_true(error == ERR_INVALID || error == ERR_MALFORMED_JSON);
		assert_true(scratch.diag.count > 0);
		bundle_free(bundle);
		scratch_end(&scratch);
	}
	buf_release(&text);
}

static void out_of_memory_is_an_error(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	write_bundle(&text, &some_receipt);
	for (long n = 0;; n += 1 + n / 40) {
		struct bundle *bundle;
		struct scratch scratch;
		enum error error = ERR_NO_MEMORY;

		scratch_begin(&scratch);
		oom_begin(n);
		bundle = bundle_new();
		if (bundle)
			error = take_all(bundle, buf_view(&text), &scratch.diag);
		if (!oom_end()) {
			assert_int_equal(error, ERR_OK);
			bundle_free(bundle);
			scratch_end(&scratch);
			break;
		}
		assert_true(error == ERR_NO_MEMORY || error == ERR_BUDGET);
		bundle_free(bundle);
		scratch_end(&scratch);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bundle_ranks),
		cmocka_unit_test(the_header_is_for_people_too),
		cmocka_unit_test(a_sensitive_definition_is_hidden),
		cmocka_unit_test(a_hidden_definition_keeps_its_column),
		cmocka_unit_test(what_is_not_whole_is_refused),
		cmocka_unit_test(no_end_of_it_is_taken_for_the_whole),
		cmocka_unit_test(out_of_memory_is_an_error),
	};

	json_init();
	return cmocka_run_group_tests_name("codec/bundle", tests, NULL, NULL);
}
