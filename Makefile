# Mayfly. `make` builds, `make demo` shows it working, `make test` tests it; README.md says more.
MODE ?= release
B := build/$(MODE)
G := build/guest
CC := gcc
PREFIX ?= /usr/local
VERSION := 0.1.0
QUICKJS_SRC ?= build/src/quickjs
ENGINE_VERSION = $(shell sed -n 's/^\#define QJS_VERSION_[MP].* \([0-9]*\)$$/\1/p' $(QUICKJS_SRC)/quickjs.h 2>/dev/null | paste -sd.)

WARN := -Wall -Wextra -Wshadow -Wconversion -Werror=implicit-function-declaration
CFLAGS_release := -O2 -g1
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DMAYFLY_ASAN=1
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS = -std=c11 -D_GNU_SOURCE -Isrc -I$(G) -Ibuild/src/llhttp/include -pthread -fstack-protector-strong $(WARN) $(CFLAGS_$(MODE)) \
  -DMAYFLY_VERSION='"$(VERSION)"' -DENGINE_VERSION='"$(ENGINE_VERSION)"'
LDLIBS := -lm -ljansson -lcrypto -lwslay -pthread

# One folder is one layer (src/base/layer.h); LAYER makes a wrong include fail to compile.
LAYER_base := 0
LAYER_isolate := 2
LAYER_builder := 2
LAYER_cell := 3
LAYER_gateway := 4
LAYER_cli := 5
LAYERS := base isolate cell gateway cli
SRC := $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c))
OBJ := $(SRC:src/%.c=$(B)/%.o)
LLHTTP := $(patsubst %,$(B)/llhttp/%.o,llhttp api http)
LIB := $(filter-out $(B)/cli/main.o,$(OBJ)) $(LLHTTP) $(G)/engine.o $(B)/image.o $(B)/edge.o
BUILDER := $(patsubst src/%.c,$(B)/%.o,$(wildcard src/builder/*.c))
BOOT := $(filter $(B)/base/% $(B)/isolate/%,$(OBJ)) $(filter-out $(B)/builder/builder.o,$(BUILDER)) $(G)/engine.o $(B)/platform.o

# What is run is shown in short; `make V=1` shows it whole.
ifndef V
.SILENT:
SAY = @echo "  $(1) $(2)"
else
SAY = @:
endif

.PHONY: all demo test test-run test-npm conformance fuzz asan bench bench-density fmt install clean deps-build deps-test guest
all: deps-build
	@$(MAKE) --no-print-directory $(B)/mayfly
	@ln -sf $(MODE)/mayfly build/mayfly

deps-build:
	@scripts/install-deps.sh build
deps-test:
	@scripts/install-deps.sh test
	@[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error

$(B)/mayfly: $(B)/cli/main.o $(LIB)
	$(call SAY,link,$@)
	$(CC) $(LDFLAGS_$(MODE)) $^ $(LDLIBS) -o $@

define layer_rule
$(B)/$(1)/%.o: src/$(1)/%.c $(G)/engine.h
	@mkdir -p $$(@D)
	$$(call SAY,cc,$$<)
	$$(CC) $$(CFLAGS) -DLAYER=$(LAYER_$(1)) -MMD -MP -c $$< -o $$@
endef
$(foreach l,$(LAYERS) builder,$(eval $(call layer_rule,$(l))))
-include $(OBJ:.o=.d) $(BUILDER:.o=.d)

# The guest's image: booted once, here, and linked into the program (src/isolate/image.h).
$(B)/build-image: $(B)/builder/builder.o $(BOOT)
	$(CC) $(LDFLAGS_$(MODE)) $^ $(LDLIBS) -o $@
$(B)/image: $(B)/build-image
	$(call SAY,boot,$@)
	$< $@.tmp
	@mv $@.tmp $@
$(B)/image.o: src/builder/stored.S $(B)/image
	$(CC) -Wa,-I$(B) -c $< -o $@

# The edge Worker (gateway/edge.h) as bytes in the program
$(B)/edge.o: src/edge/edge.js
	@mkdir -p $(@D)
	cd $(<D) && ld -r -b binary -z noexecstack edge.js -o $(CURDIR)/$@

# llhttp, Node.js's HTTP parser, from its own sources
$(B)/llhttp/%.o: build/src/llhttp/include/llhttp.h
	@mkdir -p $(@D)
	$(CC) -O2 $(CFLAGS_$(MODE)) -w -Ibuild/src/llhttp/include -c build/src/llhttp/src/$*.c -o $@

include src/guest/guest.mk

demo: all
	@scripts/demo.sh

test: deps-test all
	@scripts/install-programs.sh
	@$(MAKE) --no-print-directory test-run

test-run:
	@MODE=$(MODE) T='$(T)' tests/run.sh

# Every conformance script here and on workerd in the same run; what differs, and whether it may.
conformance: deps-test all
	@scripts/install-workerd.sh
	@MAYFLY_BIN=$(B)/mayfly node tests/conformance/run.mjs --workerd $(T)

# Programs from npm inside isolates.
test-npm: deps-test all
	@scripts/install-programs.sh
	@MAYFLY_BIN=$(CURDIR)/$(B)/mayfly node tests/npm/run.mjs $(T)

fuzz: deps-test all
	@FUZZ_ROUNDS=100 MODE=$(MODE) T=fuzz tests/run.sh

asan: deps-test
	@scripts/install-programs.sh
	@$(MAKE) --no-print-directory MODE=asan all
	@$(MAKE) --no-print-directory MODE=asan test-run

bench: deps-test all
	@$(MAKE) --no-print-directory $(B)/bench/isolate
	@bench/run.sh

bench-density: deps-test all
	@scripts/install-workerd.sh
	@node bench/density.mjs $(N)

$(B)/bench/isolate: bench/isolate.c $(BOOT) $(B)/cell/stored.o $(B)/image.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DLAYER=$(LAYER_cell) $(LDFLAGS_$(MODE)) $^ $(LDLIBS) -o $@

fmt:
	@scripts/install-deps.sh fmt
	clang-format -i $(wildcard src/*/*.[ch] src/guest/*.cc src/guest/rpc/*.[ch] tests/unit/*.[ch] tests/redteam/*.[ch] bench/*.c)

install: all
	install -D -m 755 $(B)/mayfly $(DESTDIR)$(PREFIX)/bin/mayfly

clean:
	rm -rf build
