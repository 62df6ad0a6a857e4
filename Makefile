# SPDX-License-Identifier: MIT
# Makefile - builds both programs, the test tools and the unit tests, out of tree, into build/VARIANT.
#
#   make help      what can be made
#   VARIANT        release (default), asan (ASan + UBSan + LSan); CC picks gcc or clang.
#                  The object directory carries both, so variants never mix.
#
# Each folder of engine/ is a static library. A library may use only what stands right of it in the
# lists below; unit tests link just that, so the linker keeps the walls (`make check-walls` reads the
# includes as well).

CC       ?= gcc
ifeq ($(CC),cc)
CC       := gcc
endif
VARIANT  ?= release
WERROR   ?=
PREFIX   ?= /usr/local
BUILD    := build
OUT      := $(BUILD)/$(VARIANT)-$(notdir $(CC))
BIN      := $(OUT)/bin
PKG_CONFIG ?= pkg-config

PKGS     := libdeflate hiredis libuv libwebsockets libcurl libcjson libpq libmicrohttpd sqlite3 libcrypto zlib gumbo libpcre2-8 libidn2 libutf8proc libjwt libcrypt
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

WARN     := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
            -Wwrite-strings -Wvla -Wundef $(if $(WERROR),-Werror)
HARDEN   := -fstack-protector-strong -fPIE -fno-strict-aliasing -fno-common
HARDEN_LD := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
CPPFLAGS_ALL := -D_GNU_SOURCE -Iengine -I. -I$(BUILD) -Itests -MMD -MP $(PKG_CFLAGS) $(CPPFLAGS)

ifeq ($(VARIANT),asan)
OPT      := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
OPT_LD   := -fsanitize=address,undefined
else ifeq ($(VARIANT),fuzz)
OPT      := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
OPT_LD   := -fsanitize=fuzzer,address,undefined
else
OPT      := -O2 -g -D_FORTIFY_SOURCE=2
OPT_LD   :=
endif
CFLAGS_ALL  := -std=gnu11 $(OPT) $(WARN) $(HARDEN) $(CFLAGS)
LDFLAGS_ALL := $(OPT_LD) $(HARDEN_LD) -Wl,--as-needed $(LDFLAGS)
LDLIBS_ALL  := $(PKG_LIBS) -lpthread -lm

# ---- what each library may use, nearest first --------------------------------------------------
LIBS        := base cdp chrome db crawl notify debug admin api boards
USES_base   :=
USES_cdp    := base
USES_chrome := cdp base
USES_db     := base
USES_crawl  := chrome cdp db base
USES_notify := db base
USES_debug  := notify crawl chrome cdp db base
USES_admin  := debug notify crawl chrome cdp db base
USES_api    := db base
USES_boards := base
# not a folder: tests/unit/test_drifts_*.c read pages of the boards by the rules of crawl
USES_drifts := crawl chrome cdp db base boards
DIR_boards  := tests/boards
DIR_api     := api
folder       = $(or $(DIR_$(1)),engine/$(1))

lib_srcs     = $(filter-out %/main.c,$(wildcard $(call folder,$(1))/*.c))
objs         = $(patsubst %.c,$(OUT)/obj/%.o,$(1))
lib_file     = $(OUT)/lib/lib$(1).a
# libraries that a program or test of folder $(1) links, in link order; absent folders drop out
link_libs    = $(foreach l,$(1) $(USES_$(1)),$(if $(call lib_srcs,$(l)),$(call lib_file,$(l))))

PROGRAMS := $(BIN)/catchdeal-engine $(BIN)/catchdeal-api
TOOLS    := $(BIN)/catchdeal-boards $(BIN)/fakechrome $(BIN)/bench-api_load

.PHONY: all
all: $(PROGRAMS) ## build catchdeal-engine and catchdeal-api

# ---- data embedded into the programs -----------------------------------------------------------
# build/gen/extract_js.h defines `extract_js`, the bytes of engine/crawl/extract.js and a NUL.
EMBED_SRCS := $(wildcard engine/*/*.js engine/*/*.html engine/*/*.conf) $(wildcard api/web/*.html api/web/*.json api/web/*.js api/web/*.css api/web/*.svg) \
              $(wildcard scripts/schema/*/*.sql)
gen_name    = $(subst .,_,$(subst -,_,$(if $(findstring schema/,$(1)),$(notdir $(patsubst %/,%,$(dir $(1))))_$(notdir $(1)),$(notdir $(1)))))
GEN_HDRS   := $(foreach f,$(EMBED_SRCS),$(BUILD)/gen/$(call gen_name,$(f)).h)

define embed_rule
$(BUILD)/gen/$(call gen_name,$(1)).h: $(1) Makefile
	@mkdir -p $$(@D)
	@{ echo '/* generated from $(1) */'; echo 'static const char $(patsubst 0%,m0%,$(call gen_name,$(1)))[] = {'; \
	   od -An -v -tx1 $$< | sed 's/ \(..\)/0x\1,/g'; echo '0x00 };'; } >$$@.tmp && mv $$@.tmp $$@
endef
$(foreach f,$(EMBED_SRCS),$(eval $(call embed_rule,$(f))))

# Looked at by every make, written only when it differs: a new commit compiles the few files that include it.
GEN_HDRS += $(BUILD)/gen/version.h

$(BUILD)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@printf '/* generated from git describe */\n#define CATCHDEAL_VERSION "%s"\n' '$(VERSION)' >$@.$$$$ && \
	 if cmp -s $@.$$$$ $@; then rm -f $@.$$$$; else mv $@.$$$$ $@; fi

.PHONY: FORCE
FORCE:

# ---- libraries, programs -----------------------------------------------------------------------
define lib_rule
$(call lib_file,$(1)): $(call objs,$(call lib_srcs,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach l,$(LIBS),$(eval $(call lib_rule,$(l))))

ENGINE_TOP := $(wildcard engine/*.c)
ENGINE_LIBS := $(foreach l,admin debug notify crawl chrome cdp db base,$(if $(call lib_srcs,$(l)),$(call lib_file,$(l))))

$(OUT)/obj/%.o: %.c | $(GEN_HDRS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

$(BIN)/catchdeal-engine: $(call objs,$(ENGINE_TOP)) $(ENGINE_LIBS)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(BIN)/catchdeal-api: $(call objs,api/main.c) $(call link_libs,api)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(BIN)/catchdeal-boards: $(call objs,tests/boards/main.c) $(call link_libs,boards)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

FAKECHROME_SRCS := $(filter-out %/main.c,$(wildcard tests/fakechrome/*.c))

$(BIN)/fakechrome: $(call objs,tests/fakechrome/main.c $(FAKECHROME_SRCS)) $(call link_libs,base)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

.PHONY: tools
tools: $(TOOLS) ## build the demo board server and the scripted Chrome

# ---- unit tests: tests/unit/test_FOLDER_NAME.c links lib FOLDER and what it may use -------------
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(UNIT_SRCS))
test_folder = $(word 2,$(subst _, ,$(notdir $(1))))

define unit_rule
$(OUT)/unit/$(notdir $(basename $(1))): $(call objs,$(1)) $(call objs,$(wildcard tests/support/*.c) $(FAKECHROME_SRCS)) \
    $(call link_libs,$(call test_folder,$(basename $(1))))
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$(CC) $(LDFLAGS_ALL) -o $$@ $$^ -lcmocka $(LDLIBS_ALL)
endef
$(foreach t,$(UNIT_SRCS),$(eval $(call unit_rule,$(t))))

# It is started by these.
$(OUT)/unit/test_chrome_leases: | $(BIN)/fakechrome

.PHONY: unit-binaries
unit-binaries: $(UNIT_BINS)

.PHONY: check
check: ## unit tests under sanitizers (T=base_buf runs one)
	@$(MAKE) --no-print-directory VARIANT=asan WERROR=1 \
	    $(if $(T),$(BUILD)/asan-$(notdir $(CC))/unit/test_$(T),unit-binaries)
	@scripts/lib/run-unit $(BUILD)/asan-$(notdir $(CC))/unit $(if $(T),test_$(T))

# ---- fuzzing: tests/fuzz/fuzz_FOLDER_NAME.c, linked like a unit test; without libFuzzer replay.c drives it --
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(FUZZ_SRCS))
FUZZ_SECONDS ?= 30
FUZZ_CC   ?= clang

define fuzz_rule
$(OUT)/fuzz/$(notdir $(basename $(1))): $(call objs,$(1) tests/fuzz/fuzz.c $(if $(filter fuzz,$(VARIANT)),,tests/fuzz/replay.c)) \
    $(call link_libs,$(call test_folder,$(basename $(1))))
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$(CC) $(LDFLAGS_ALL) -o $$@ $$^ $(LDLIBS_ALL)
endef
$(foreach t,$(FUZZ_SRCS),$(eval $(call fuzz_rule,$(t))))

.PHONY: fuzz-binaries
fuzz-binaries: $(if $(T),$(OUT)/fuzz/fuzz_$(T),$(FUZZ_BINS))

.PHONY: fuzz
fuzz: ## libFuzzer on every parser, FUZZ_SECONDS (30) each (T=base_jdoc runs one)
	@tests/fuzz/run need-runtime $(FUZZ_CC)
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=$(FUZZ_CC) WERROR=1 fuzz-binaries
	@tests/fuzz/run fuzz $(BUILD)/fuzz-$(notdir $(FUZZ_CC))/fuzz $(FUZZ_SECONDS) $(T)

.PHONY: check-fuzz
check-fuzz: ## replay the committed corpora once, under sanitizers (T=base_jdoc replays one)
	@$(MAKE) --no-print-directory VARIANT=asan WERROR=1 fuzz-binaries
	@tests/fuzz/run replay $(BUILD)/asan-$(notdir $(CC))/fuzz $(T)

# ---- benchmarks: tests/bench/NAME.c becomes bench-NAME; see tests/bench/README.md ----------------
BENCH_ARGS ?=

$(BIN)/bench-%: $(OUT)/obj/tests/bench/%.o $(call link_libs,crawl)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)
.PRECIOUS: $(OUT)/obj/tests/bench/%.o

.PHONY: bench-soak
bench-soak: $(BIN)/bench-soak $(BIN)/catchdeal-boards ## 1,000 pages through the pool, and what grows (BENCH_ARGS="--pages 5000")
	@tests/bench/run-soak --bin $(BIN) $(BENCH_ARGS)

.PHONY: bench-fetch
bench-fetch: $(BIN)/bench-soak $(BIN)/catchdeal-boards ## CPU-seconds of a list page, fetched and in Chrome, side by side (BENCH_ARGS="--pages 400")
	@tests/bench/run-fetch --bin $(BIN) $(BENCH_ARGS)

$(BIN)/bench-search: $(call objs,tests/bench/search.c tests/bench/deals.c tests/support/pg.c) $(call link_libs,db)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

.PHONY: bench-search
bench-search: $(BIN)/bench-search ## first page of a search at 100,000 and a million deals, beside the original's query (BENCH_ARGS="100000")
	@$(BIN)/bench-search $(BENCH_ARGS)

$(BIN)/bench-alarm: $(call objs,tests/bench/alarm.c tests/bench/deals.c tests/support/pg.c) $(call link_libs,notify)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

.PHONY: bench-alarm
bench-alarm: $(BIN)/bench-alarm ## whose keywords stand in 1,000 new titles, beside the original's query (BENCH_ARGS="100000 1000")
	@$(BIN)/bench-alarm $(BENCH_ARGS)

$(BIN)/bench-purge: $(call objs,tests/bench/purge.c tests/bench/deals.c tests/support/pg.c) $(call link_libs,crawl)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

.PHONY: bench-purge
bench-purge: $(BIN)/bench-purge ## how long a purge of 100,000 rows locks any of them (BENCH_ARGS="200000 20000")
	@$(BIN)/bench-purge $(BENCH_ARGS)

API_BENCH := $(PROGRAMS) $(BIN)/bench-api_load $(BIN)/bench-api_floor

.PHONY: bench-api
bench-api: $(API_BENCH) ## catchdeal-api beside Fastify, nginx and a bare epoll loop, about 4 minutes
	@tests/bench/api --bin $(BIN) $(BENCH_ARGS)

.PHONY: bench-api-soak
bench-api-soak: $(API_BENCH) ## an hour of mixed load on catchdeal-api, and what grows (BENCH_ARGS="--minutes 5")
	@tests/bench/api_soak --bin $(BIN) $(BENCH_ARGS)

.PHONY: bench
bench: bench-soak bench-fetch bench-api bench-search bench-alarm bench-purge ## all benchmarks

.PHONY: check-walls
check-walls: ## every #include obeys the folder order
	@scripts/lib/check-walls

.PHONY: check-integration
check-integration: ## real Chrome, PostgreSQL, HTTP (T=NAME runs one)
	@$(MAKE) --no-print-directory VARIANT=asan WERROR=1 all tools
	@tests/integration/run --bin $(BUILD)/asan-$(notdir $(CC))/bin $(if $(T),--only $(T))

.PHONY: check-api
check-api: ## the app's contract, request by request, on SQLite, PostgreSQL and with Redis
	@$(MAKE) --no-print-directory VARIANT=asan WERROR=1 all tools
	@tests/integration/run --bin $(BUILD)/asan-$(notdir $(CC))/bin --only contract

.PHONY: check-faults
check-faults: ## every failure that the pool must survive (T=row04 runs one row, FULL=1 more rounds)
	@$(MAKE) --no-print-directory VARIANT=asan WERROR=1 all tools
	@tests/faults/run --bin $(BUILD)/asan-$(notdir $(CC))/bin $(if $(T),--only $(T)) $(if $(FULL),--full)

.PHONY: tidy
tidy: compile_commands.json $(GEN_HDRS) ## clang-tidy and cppcheck
	@clang-tidy --quiet -p . $(wildcard engine/*.c engine/*/*.c api/*.c)
	@cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE -Iengine -I$(BUILD) engine api tests/boards

.PHONY: format
format: ## clang-format over all C files
	@clang-format -i $(shell git ls-files '*.c' '*.h')

.PHONY: check-format
check-format: ## fail where clang-format would change a C file
	@clang-format --dry-run -Werror $(shell git ls-files '*.c' '*.h')

compile_commands.json: Makefile
	@scripts/lib/compile-commands "$(CC)" "$(CPPFLAGS_ALL) $(CFLAGS_ALL)" >$@

.PHONY: install
install: all ## install programs, sites and configuration under PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/catchdeal
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	cp -R sites $(DESTDIR)$(PREFIX)/share/catchdeal/
	cp -R scripts/systemd $(DESTDIR)$(PREFIX)/share/catchdeal/
	install -m 644 chrome-flags.conf scripts/catchdeal.conf $(DESTDIR)$(PREFIX)/share/catchdeal/

.PHONY: clean
clean: ## remove build/
	rm -rf $(BUILD) compile_commands.json

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null || \
	 sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1  \2/p' $(MAKEFILE_LIST)
	@echo
	@echo '  VARIANT=asan  sanitizers;  CC=clang  other compiler;  WERROR=1  warnings are errors'

.DEFAULT_GOAL := all
-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)
