# Builds the red team's programs: tests/redteam/test_NAME.c becomes build/MODE/tests/test_NAME.
# usage: make -f tests/redteam/redteam.mk MODE=release redteam-tests
#
# test_guest_owned has a guest of its own, guests/owned.wat, translated and compiled as the real one is, and src/isolate
# compiled against it. The others (the jail's) are linked with everything but the command line's main().
include Makefile

T_BIN := $(B)/tests
OWNED := $(B)/redteam/owned
RED_SRC := $(filter-out %/test_guest_owned.c,$(wildcard tests/redteam/test_*.c))
RED_BIN := $(RED_SRC:tests/redteam/%.c=$(T_BIN)/%)
RED_HELP := $(filter-out tests/redteam/test_%,$(wildcard tests/redteam/*.c))

.PHONY: redteam-tests guest-owned
redteam-tests: guest-owned $(RED_BIN)
guest-owned: $(T_BIN)/test_guest_owned

$(OWNED)/engine.wasm: tests/redteam/guests/huge.awk tests/redteam/guests/owned.wat
	@mkdir -p $(@D)
	awk -f tests/redteam/guests/huge.awk tests/redteam/guests/owned.wat > $(OWNED)/owned.wat
	wat2wasm $(OWNED)/owned.wat -o $@
$(OWNED)/engine.h $(OWNED)/engine.c &: $(OWNED)/engine.wasm
	wasm2c $< -n engine -o $(OWNED)/engine.c
$(OWNED)/engine.o: $(OWNED)/engine.c
	$(ENGINE_CC) $(ENGINE_CFLAGS) -c $< -o $@

OWNED_OBJ := $(patsubst src/isolate/%.c,$(OWNED)/%.o,$(wildcard src/isolate/*.c))
$(OWNED)/%.o: src/isolate/%.c $(OWNED)/engine.h
	$(CC) -I$(OWNED) $(CFLAGS) -DLAYER=$(LAYER_isolate) -MMD -MP -c $< -o $@
OWNED_BASE := $(patsubst %,$(OWNED)/base-%.o,buf frame)
$(OWNED)/base-%.o: src/base/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DLAYER=$(LAYER_base) -MMD -MP -c $< -o $@
-include $(OWNED_OBJ:.o=.d) $(OWNED_BASE:.o=.d)

$(T_BIN)/test_guest_owned: tests/redteam/test_guest_owned.c $(OWNED_OBJ) $(OWNED_BASE) $(OWNED)/engine.o
	@mkdir -p $(@D)
	$(CC) -I$(OWNED) $(CFLAGS) -DLAYER=$(LAYER_isolate) $(LDFLAGS_$(MODE)) $^ -lcmocka -lm -lcrypto -pthread -o $@

$(T_BIN)/libredteam.a: $(LIB)
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $^
$(RED_BIN): $(T_BIN)/%: tests/redteam/%.c $(RED_HELP) $(T_BIN)/libredteam.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DLAYER=$(LAYER_cli) $(LDFLAGS_$(MODE)) $< $(RED_HELP) $(T_BIN)/libredteam.a -lcmocka $(LDLIBS) -o $@
