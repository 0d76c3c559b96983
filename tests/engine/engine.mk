# Builds build/MODE/tests/test_engine_api: the engine's own api-test.c as a guest (guest.c), from the real guest's
# objects, with its flags, translated and kept in build/cache as it is; and src/isolate compiled against it.
# usage: make -f tests/engine/engine.mk MODE=release engine-tests
include Makefile

T_BIN := $(B)/tests
A := $(B)/engine-test

.PHONY: engine-tests
engine-tests: $(T_BIN)/test_engine_api

$(A)/api-tests.def: $(QUICKJS_SRC)/quickjs.h tests/engine/engine.mk
	@mkdir -p $(@D)
	sed -n '/^int main/,/^}/s/^ *\([a-z0-9_]*\)();$$/API_TEST(\1)/p' $(QUICKJS_SRC)/api-test.c >$@.tmp
	@grep -q API_TEST $@.tmp || { echo "engine.mk: no tests found in api-test.c" >&2; exit 1; }
	@mv $@.tmp $@
# Three of its assertions compare the text of a stack, which here is written as V8 does; they look for the function.
$(A)/api-tests.c: $(QUICKJS_SRC)/quickjs.h tests/engine/engine.mk
	@mkdir -p $(@D)
	sed 's/assert(!strcmp(s, "    at \([a-z]*\) (native).*/assert(strstr(s, "at \1 ("));/' $(QUICKJS_SRC)/api-test.c >$@
$(A)/guest.wo: tests/engine/guest.c $(A)/api-tests.c $(A)/api-tests.def src/guest/engine.h src/guest/host.h src/base/frame.h
	$(GUEST_CC) -I$(A) -w -c $< -o $@
$(A)/quickjs-libc.wo: $(QUICKJS_SRC)/quickjs.h
	@mkdir -p $(@D)
	$(GUEST_CC) -w -c $(QUICKJS_SRC)/quickjs-libc.c -o $@
$(A)/engine.wasm: $(A)/guest.wo $(A)/quickjs-libc.wo $(patsubst %,$(G)/%.wo,guest/engine guest/libc libregexp libunicode dtoa)
	$(GUEST_CC) -mexec-model=reactor -Wl,--stack-first -Wl,-z,stack-size=$(GUEST_STACK) -Wl,--export=__stack_pointer \
	  -Wl,--strip-debug $^ -lwasi-emulated-process-clocks -lwasi-emulated-signal -o $@
$(A)/engine.h $(A)/engine.c &: $(A)/engine.wasm
	wasm2c $< -n engine -o $(A)/engine.c
$(A)/engine.o: $(A)/engine.c
	$(compile_guest)

A_OBJ := $(patsubst src/isolate/%.c,$(A)/%.o,$(wildcard src/isolate/*.c)) $(patsubst %,$(A)/base-%.o,buf frame)
$(A)/%.o: src/isolate/%.c $(A)/engine.h
	$(CC) -I$(A) $(CFLAGS) -DLAYER=$(LAYER_isolate) -MMD -MP -c $< -o $@
$(A)/base-%.o: src/base/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DLAYER=$(LAYER_base) -MMD -MP -c $< -o $@
-include $(A_OBJ:.o=.d)

$(T_BIN)/test_engine_api: tests/engine/test_engine_api.c $(A_OBJ) $(A)/engine.o $(A)/api-tests.def
	@mkdir -p $(@D)
	$(CC) -I$(A) $(CFLAGS) -DLAYER=$(LAYER_isolate) $(LDFLAGS_$(MODE)) $(filter-out %.def,$^) -lcmocka -lm -lcrypto -pthread -o $@
