# Winnow. Needs GNU make 4.3; everything else is installed by the targets that need it.
# Nothing is asked of a compiler or of pkg-config while this file is read.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- what can be chosen ------------------------------------------------------------------------
PORT ?= 8080
DATA ?= var
DEMO ?= 1
ONLY ?=
SANITIZE ?=
FUZZ_SECONDS ?= 60
BUILD ?= build$(if $(SANITIZE),/sanitize)
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
AR ?= ar
PKG_CONFIG ?= pkg-config
V ?=

# ---- flags -------------------------------------------------------------------------------------
# Expanded at first use, then kept.
once = $(eval $(1) := $(2))$($(1))
machine = $(call once,machine,$(shell $(CC) -dumpmachine))
packages := libmicrohttpd jansson libpq uuid libcrypto libcurl zlib
package_cflags = $(call once,package_cflags,$(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(packages))))

warnings := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
hardening = -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(filter x86_64-% i686-%,$(machine)),-fcf-protection)
# The plain build judges warnings; of instrumented code the compiler gives false ones.
optimisation = $(if $(SANITIZE),-O1 -w -fno-omit-frame-pointer -U_FORTIFY_SOURCE \
	-fsanitize=$(SANITIZE) -fno-sanitize-recover=all,-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
cflags = -std=gnu11 -D_GNU_SOURCE -Isrc -Iinclude -I$(BUILD) $(package_cflags) $(warnings) -g \
	$(optimisation) -ffp-contract=off $(hardening) -pthread $(CFLAGS)
ldflags = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed -pthread \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
libraries := -lmicrohttpd -ljansson -lpq -luuid -lcrypto -lcurl -lz -lm

say = $(if $(V),,@printf '  %-5s %s\n' $(1) '$(2)';)

# ---- layers ------------------------------------------------------------------------------------
# What each may use, in the order in which it is linked. tests/check/layers.sh holds the sources to
# it; a unit test of a layer is linked with that layer and what lies below.
layers := base engine codec intake store live service http jobs cli
below_base :=
below_engine := base
below_codec := engine base
below_intake := codec $(below_codec)
below_store := codec $(below_codec)
below_live := store intake $(below_intake)
below_service := live $(below_live)
below_http := service $(below_service)
below_jobs := service $(below_service)
below_cli := intake $(below_intake)
below_winnowd := http jobs service $(below_service)
below_winnow := cli $(below_cli)

# Sources that are made of data, and the layer that they belong to.
sql := $(wildcard src/store/sql/*.sql)
migrations := $(wildcard migrations/*.sql)
ui := $(filter-out %/,$(wildcard src/ui/*.* src/ui/*/*.*))
assets := $(strip $(wildcard openapi.yaml) $(ui))
generated_store := $(if $(migrations),migrations) $(if $(sql),statements)
generated_http := $(if $(assets),assets)
generated_headers := $(if $(sql),$(BUILD)/gen/statements.h) $(if $(assets),$(BUILD)/gen/assets.h)

archives = $(patsubst %,$(BUILD)/lib/%.a,$(1))

define layer_rules
objects_$(1) := $$(patsubst src/%.c,$(BUILD)/obj/%.o,$$(wildcard src/$(1)/*.c src/$(1)/*/*.c)) \
	$$(patsubst %,$(BUILD)/obj/gen/%.o,$$(generated_$(1)))
$(BUILD)/lib/$(1).a: $$(objects_$(1)) $(BUILD)/sources
programs_$(1) := $$(patsubst tests/%.c,$(BUILD)/tests/%,$$(wildcard tests/unit/$(1)/test_*.c \
	tests/unit/$(1)/*/test_*.c))
$$(programs_$(1)): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $$(call archives,support $(1) $$(below_$(1)))
	$$(call say,LD,$$@)mkdir -p $$(@D); $$(CC) $$(ldflags) -o $$@ $$^ $$(libraries) -lcmocka
endef

# Helpers that several unit tests share.
objects_support := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/unit/support/*.c))
$(BUILD)/lib/support.a: $(objects_support) $(BUILD)/sources

$(foreach layer,$(layers),$(eval $(call layer_rules,$(layer))))
objects := $(foreach layer,$(layers) support,$(objects_$(layer)))
programs := $(foreach layer,$(layers),$(programs_$(layer)))
bench_programs := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))
fuzz_programs := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))

# ---- targets for people ------------------------------------------------------------------------
.PHONY: help
help: ## this list
	@printf 'Winnow: make TARGET [NAME=value …]\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile
	@echo; printf '  %-12s %s\n' \
	  'PORT=8080' 'run, up: where the daemon listens on 127.0.0.1' \
	  'DATA=var' 'run, up, down, clean-data: the data folder' \
	  'DEMO=1' 'run, up: 0 for an empty workspace "main" instead of the demo' \
	  'ONLY=' 'test, sanitize: suites by the beginning of their name: "unit/base api/test_items"' \
	  'SANITIZE=' 'build with these sanitizers, into build/sanitize' \
	  'FUZZ_SECONDS=60' 'fuzz: how long each fuzzer runs; ONLY="fuzz_model" chooses some' \
	  'BUILD=build' 'where everything is built' \
	  'V=' '1 shows the commands'
	@printf '\n%s\n' 'WINNOW_DATABASE_URL and WINNOW_OWNER_DATABASE_URL make run and up use a PostgreSQL of your own.'

.PHONY: run up down clean-data
run up down clean-data: export PORT := $(PORT)
run up down clean-data: export DATA := $(DATA)
run up down clean-data: export DEMO := $(DEMO)
run up down clean-data: export BUILD := $(BUILD)

run: ## build and run Winnow with a demo backlog in the foreground; Ctrl-C ends it
	@deploy/local/deps.sh build $(if $(WINNOW_DATABASE_URL),client,run)
	@$(MAKE) $(parallel) all
	@exec deploy/local/instance.sh run

up: ## the same in the background; writes winnow.env into the data folder
	@deploy/local/deps.sh build $(if $(WINNOW_DATABASE_URL),client,run)
	@$(MAKE) $(parallel) all
	@exec deploy/local/instance.sh up

down: ## stop what make up has started
	@exec deploy/local/instance.sh down

clean-data: ## forget the data of make run and make up
	@exec deploy/local/instance.sh clean-data

.PHONY: deps
deps: ## install what building, running and testing need and is missing (apt-get)
	@deploy/local/deps.sh build run test

.PHONY: all
all: $(BUILD)/winnowd $(BUILD)/winnow $(BUILD)/libwinnow.a ## build the daemon, the client and libwinnow

.PHONY: test
test: ## run every suite against a throw-away PostgreSQL
	@deploy/local/deps.sh build run test
	@$(MAKE) $(parallel) test-parts
	@exec tests/run.sh $(ONLY)

.PHONY: test-pooled
test-pooled: ## the API suite through PgBouncer in transaction mode, with a pool of one
	@WINNOW_TEST_POOLER=1 $(MAKE) test ONLY='$(or $(ONLY),api)'

.PHONY: test-silent
test-silent: ## the API suite with NOTIFY turned off
	@WINNOW_TEST_NO_NOTIFY=1 $(MAKE) test ONLY='$(or $(ONLY),api)'

.PHONY: check
check: ## run the checks on the sources alone (layers, headers, format, SQL, migrations, words)
	@deploy/local/deps.sh build lint
	@$(MAKE) $(parallel) check-parts
	@REQUIRE_TOOLS=1 exec tests/run.sh check

.PHONY: docs
docs: ## write the reference pages that are made of the program's tables
	@$(MAKE) $(parallel) $(BUILD)/winnowd
	@tools/reference.sh $(BUILD)

.PHONY: lint
lint: ## cppcheck, a build with clang, shellcheck, the systemd unit
	@deploy/local/deps.sh build run test lint
	@REQUIRE_TOOLS=1 exec tests/run.sh lint

.PHONY: sanitize
sanitize: ## unit tests and API suite built with ASan and UBSan
	@$(MAKE) test SANITIZE=address,undefined BUILD='$(BUILD)/sanitize' ONLY='$(or $(ONLY),unit api)'

.PHONY: fuzz
fuzz: ## run the fuzzers of tests/fuzz (clang with libFuzzer, ASan and UBSan)
	@deploy/local/deps.sh build lint
	@$(MAKE) $(parallel) fuzz-programs CC=clang SANITIZE=fuzzer-no-link,address,undefined \
	  BUILD='$(BUILD)/fuzz'
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' exec tests/fuzz/run.sh '$(BUILD)/fuzz' $(ONLY)

.PHONY: bench
bench: ## measure, each figure beside its ceiling
	@deploy/local/deps.sh build run bench
	@$(MAKE) $(parallel) all bench-parts
	@if [ -x bench/run.sh ]; then exec bench/run.sh; else echo 'bench/run.sh is not there'; fi

.PHONY: clean
clean: ## remove what was built (the data stay)
	rm -rf build

.PHONY: install uninstall
install: all ## install into $(DESTDIR)$(PREFIX)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/systemd/system' \
	  '$(DESTDIR)$(PREFIX)/include/winnow' '$(DESTDIR)$(PREFIX)/share/doc/winnow'
	install -m 755 $(BUILD)/winnowd $(BUILD)/winnow '$(DESTDIR)$(PREFIX)/bin'
	install -m 644 $(BUILD)/libwinnow.a '$(DESTDIR)$(PREFIX)/lib'
	install -m 644 include/winnow/*.h '$(DESTDIR)$(PREFIX)/include/winnow'
	install -m 644 LICENSE CHANGELOG.md '$(DESTDIR)$(PREFIX)/share/doc/winnow'
	sed 's|/usr/bin/winnowd|$(PREFIX)/bin/winnowd|' deploy/winnowd.service \
	  > '$(DESTDIR)$(PREFIX)/lib/systemd/system/winnowd.service'

uninstall: ## remove what install has put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/winnowd' '$(DESTDIR)$(PREFIX)/bin/winnow' \
	  '$(DESTDIR)$(PREFIX)/lib/libwinnow.a' '$(DESTDIR)$(PREFIX)/lib/systemd/system/winnowd.service'
	rm -rf '$(DESTDIR)$(PREFIX)/include/winnow' '$(DESTDIR)$(PREFIX)/share/doc/winnow'

# ---- parts of them -----------------------------------------------------------------------------
parallel = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
export BUILD SANITIZE
export MAKE

# What the suites named in ONLY need; all of it when none is named.
.PHONY: test-parts check-parts bench-parts fuzz-programs unit-programs generated
test-parts: $(if $(ONLY),$(foreach prefix,$(ONLY),$(filter $(BUILD)/tests/$(prefix)%,$(programs)) \
	$(if $(filter api%,$(prefix)),all) $(if $(filter check%,$(prefix)),check-parts)),\
	all unit-programs check-parts)
check-parts: generated $(call archives,base engine) $(BUILD)/winnowd
bench-parts: $(bench_programs)
fuzz-programs: $(fuzz_programs)
unit-programs: $(programs)
generated: $(generated_headers)

# ---- binaries ----------------------------------------------------------------------------------
$(BUILD)/winnowd: $(BUILD)/obj/winnowd.o $(call archives,$(below_winnowd))
$(BUILD)/winnow: $(BUILD)/obj/winnow.o $(call archives,$(below_winnow))
$(BUILD)/winnowd $(BUILD)/winnow:
	$(call say,LD,$@)$(CC) $(ldflags) -o $@ $^ $(libraries)

$(BUILD)/libwinnow.a: $(objects_engine) $(objects_base) $(BUILD)/sources
$(call archives,$(layers) support) $(BUILD)/libwinnow.a:
	$(call say,AR,$@)mkdir -p $(@D); rm -f $@; $(AR) rcsD $@ $(filter %.o,$^)

$(bench_programs): $(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(call archives,$(below_winnowd))
	$(call say,LD,$@)mkdir -p $(@D); $(CC) $(ldflags) -o $@ $^ $(libraries)

$(fuzz_programs): $(BUILD)/%: $(BUILD)/obj/%.o $(call archives,codec $(below_codec))
	$(call say,LD,$@)mkdir -p $(@D); $(CC) $(ldflags) -fsanitize=fuzzer -o $@ $^ $(libraries)

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(cflags) -MMD -MP -c -o $@ $<
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(cflags) -MMD -MP -c -o $@ $<
$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(cflags) -Itests/unit -MMD -MP -c -o $@ $<
$(BUILD)/obj/bench/%.o: bench/%.c $(BUILD)/flags
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(cflags) -MMD -MP -c -o $@ $<

# Everything from the store up may see a generated header; the compiler finds out who does.
$(foreach layer,store live service http jobs,$(objects_$(layer)) $(programs_$(layer):$(BUILD)/%=$(BUILD)/obj/%.o)) \
$(objects_support) $(BUILD)/obj/winnowd.o $(bench_programs:$(BUILD)/%=$(BUILD)/obj/%.o): | $(generated_headers)

# ---- generated sources -------------------------------------------------------------------------
$(BUILD)/gen/migrations.c: $(migrations) tools/embed-migrations.sh $(BUILD)/sources
	$(call say,GEN,$@)mkdir -p $(@D); tools/embed-migrations.sh $(migrations) > $@
$(BUILD)/gen/statements.h: $(sql) tools/embed-statements.sh $(BUILD)/sources
	$(call say,GEN,$@)mkdir -p $(@D); tools/embed-statements.sh header $(sql) > $@
$(BUILD)/gen/statements.c: $(sql) tools/embed-statements.sh $(BUILD)/sources
	$(call say,GEN,$@)mkdir -p $(@D); tools/embed-statements.sh source $(sql) > $@
$(BUILD)/gen/assets.h: $(assets) tools/embed-assets.sh $(BUILD)/sources
	$(call say,GEN,$@)mkdir -p $(@D); tools/embed-assets.sh header $(assets) > $@
$(BUILD)/gen/assets.c: $(assets) tools/embed-assets.sh $(BUILD)/sources
	$(call say,GEN,$@)mkdir -p $(@D); tools/embed-assets.sh source $(assets) > $@

# Touched only when they change: how things are compiled, and which files there are.
remember = @mkdir -p $(@D); text='$(1)'; \
	[ "$$(cat $@ 2>/dev/null || :)" = "$$text" ] || printf '%s\n' "$$text" > $@
.PHONY: FORCE
$(BUILD)/flags: FORCE
	$(call remember,$(CC) $(cflags) $(ldflags))
$(BUILD)/sources: FORCE
	$(call remember,$(objects) $(sql) $(migrations) $(assets))

-include $(patsubst %.o,%.d,$(objects) $(BUILD)/obj/winnowd.o $(BUILD)/obj/winnow.o \
	$(programs:$(BUILD)/%=$(BUILD)/obj/%.o) $(bench_programs:$(BUILD)/%=$(BUILD)/obj/%.o) \
	$(fuzz_programs:$(BUILD)/%=$(BUILD)/obj/%.o))
