# Builds the unit tests: each tests/unit/test_NAME.c becomes build/MODE/tests/test_NAME, linked with everything but the
# command line's main(), and with what boots a guest.
# usage: make -f tests/unit/unit.mk MODE=release unit-tests
# The objects are linked as an archive, so that a test may bring its own version of a whole file of the program.
include Makefile

T_BIN := $(B)/tests
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(T_BIN)/%)

.PHONY: unit-tests
unit-tests: $(UNIT_BIN)

$(T_BIN)/libmayfly.a: $(LIB) $(filter-out $(LIB),$(BOOT))
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $^

$(UNIT_BIN): $(T_BIN)/%: tests/unit/%.c $(T_BIN)/libmayfly.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DLAYER=$(LAYER_cli) -MMD -MP $(LDFLAGS_$(MODE)) $< $(T_BIN)/libmayfly.a -lcmocka $(LDLIBS) -o $@
-include $(UNIT_BIN:%=%.d)
