# reox: build, tests, checks and the demonstration. `make demo` and `make check` are all that a newcomer needs.
#
#   make all  [MODE=release|asan|cov]    the program, in build/MODE/reox
#   make demo                            installs what is missing, builds, runs the main job on the sample cohort
#   make check [MODE=asan]               installs what is missing, builds, runs every test
#   make check-long                      hundreds of seeds; hours, not minutes
#   make lint bench docs deps install clean

MODE   ?= release
PREFIX ?= /usr/local
BUILD  := build/$(MODE)
REOX   := $(BUILD)/reox

CC     ?= gcc
CSTD   := -std=c11 -D_GNU_SOURCE
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wno-psabi -Werror
# Sums must not depend on how the compiler contracts or reorders them.
NUM    := -ffp-contract=off -fno-math-errno
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
LHARD  := -pie -Wl,-z,relro,-z,now

OPT_release := -O2 -ftree-vectorize -g -D_FORTIFY_SOURCE=2
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_cov     := -O0 -g --coverage
LINK_asan   := -fsanitize=address,undefined
LINK_cov    := --coverage

# Asked lazily: pkg-config is there only after `make deps`.
PKGS      := sqlite3 libcjson pangocairo cairo zlib libdeflate
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))
CPPFLAGS   = -I. -isystem /usr/include/nifti $(PKG_CFLAGS)
CFLAGS     = $(CSTD) $(WARN) $(NUM) $(HARDEN) $(OPT_$(MODE))
LDLIBS     = -lnifti2 -lnifticdf -lznz $(PKG_LIBS) -llapacke -lopenblas -lsleef -lpthread -lm

ROOMS := core ingest features stats db reports study sample_cohort cli
SRC   := $(sort $(foreach r,$(ROOMS),$(wildcard $(r)/*.c)))
LIBSRC := $(filter-out cli/main.c,$(SRC))
GEN   := $(addprefix $(BUILD)/gen/,db_schema.c db_query.c literature.c sample_cohort.c)
OBJ   := $(LIBSRC:%.c=$(BUILD)/%.o) $(GEN:%.c=%.o)
LIB   := $(BUILD)/libreox.a
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
BENCH := $(patsubst bench/%.c,$(BUILD)/bench/%,$(sort $(wildcard bench/*.c)))

# db/query is a folder beside db/query.c: make must not think of linking it.
MAKEFLAGS += --no-builtin-rules

# A line a file; V=1 shows whole commands.
say = @$(if $(V),:,echo "  $(1)")
Q  := $(if $(V),,@)

.PHONY: all deps docs demo demo-run check check-run check-long check-long-run lint bench bench-run tests marginal install clean
.DELETE_ON_ERROR:

all: $(REOX)

$(REOX): $(BUILD)/cli/main.o $(LIB)
	$(call say,LD  $@)
	$(Q)$(CC) $(LHARD) $(LINK_$(MODE)) -o $@ $(BUILD)/cli/main.o $(LIB) $(LDLIBS)

$(LIB): $(OBJ)
	$(call say,AR  $@)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC  $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(call say,CC  $<)
	$(Q)$(CC) -I. $(CSTD) -fPIE -c -o $@ $<

# What is embedded: the table's name, then its files.
embed = @mkdir -p $(@D); tools/embed.sh $(1) $(2) > $@.tmp && mv $@.tmp $@
SCHEMA  := $(sort $(wildcard db/schema/*.sql))
QUERY   := $(sort $(wildcard db/query/*.sql))
LITERAT := $(sort $(wildcard literature/*.json))
SAMPLE  := $(sort $(wildcard sample_cohort/*.json sample_cohort/*.md))
$(BUILD)/gen/db_schema.c: $(SCHEMA) tools/embed.sh $(wildcard db/schema)
	$(call embed,db_schema,$(SCHEMA))
$(BUILD)/gen/db_query.c: $(QUERY) tools/embed.sh $(wildcard db/query)
	$(call embed,db_query,$(QUERY))
$(BUILD)/gen/literature.c: $(LITERAT) tools/embed.sh $(wildcard literature)
	$(call embed,literature,$(LITERAT))
$(BUILD)/gen/sample_cohort.c: $(SAMPLE) tools/embed.sh $(wildcard sample_cohort)
	$(call embed,sample_cohort,$(SAMPLE))

# ---- tests: every tests/unit/test_X.c is a program; tests/run.sh runs them, the shell tests and the reference checks, and counts.
$(BUILD)/tests/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC  $<)
	$(Q)$(CC) $(CPPFLAGS) $(shell pkg-config --cflags check) $(CFLAGS) -MMD -MP -MF $@.d $(LHARD) $(LINK_$(MODE)) \
	    -o $@ $< $(LIB) $(shell pkg-config --libs check) $(LDLIBS)

$(BUILD)/bench/%: bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC  $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(LHARD) $(LINK_$(MODE)) -o $@ $< $(LIB) $(LDLIBS)

# Programs that make what is committed, each by its own target.
$(BUILD)/tools/%: tools/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC  $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(LHARD) $(LINK_$(MODE)) -o $@ $< $(LIB) $(LDLIBS)
marginal: $(BUILD)/tools/marginal_coefficients
	$< > $(BUILD)/marginal.h && mv $(BUILD)/marginal.h sample_cohort/marginal.h

tests: $(TESTS)

deps:
	@tools/deps.sh

check: deps
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=$(MODE) all tests
	@$(MAKE) --no-print-directory MODE=$(MODE) check-run
check-run:
	@MODE=$(MODE) tests/run.sh

check-long: deps
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=$(MODE) all tests
	@REOX_LONG=1 MODE=$(MODE) tests/run.sh

demo: deps
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=$(MODE) all
	@$(MAKE) --no-print-directory MODE=$(MODE) demo-run
demo-run:
	@tools/demo.sh $(REOX) build/demo

bench: deps
	@$(MAKE) --no-print-directory -j$$(nproc) MODE=release all bench-run
bench-run: $(REOX) $(BENCH)
	@bench/run.sh $(BUILD)

lint:
	@tools/lint.sh

# Features, tracers and methods as Markdown, from the program's registries.
docs: $(REOX)
	@tools/docs.sh $(REOX) $(BUILD)/docs

install: all
	install -D -m 755 $(REOX) $(DESTDIR)$(PREFIX)/bin/reox

clean:
	rm -rf build

-include $(SRC:%.c=$(BUILD)/%.d) $(TESTS:%=%.d) $(BENCH:%=%.d)
