# Builds build/fuzz/rpc_guest, web_guest and rpc_lies: the guest's C compiled for this machine with the address and
# undefined-behaviour sanitizers, and the file of that name around it. Third-party code is compiled as it is.
# usage: make -f tests/fuzz/fuzz.mk fuzz-programs
include Makefile

F := build/fuzz
# The engine's own allocator hides small blocks from the sanitizer: it leaves that out where it sees this macro. There is
# no image here, so the engine's function that seals it gets out of the way of rpc_guest.c's.
FUZZ_CC := clang-19 -std=gnu11 -O1 -g -fno-omit-frame-pointer -D_GNU_SOURCE -include stdint.h -I$(G) -I$(QUICKJS_SRC) \
  -Ibuild/src/zlib -Ibuild/src/brotli/c/include -Isrc -DLAYER=1 -DNDEBUG -DZ_SOLO '-D__builtin_wasm_memory_size(x)=0' \
  -D__SANITIZE_ADDRESS__=1 -w
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize=alignment,function
FUZZ_CXX := g++ -std=c++20 -O2 -w -fno-exceptions -Ibuild/src/ada/include -Ibuild/src/ada/src -I$(QUICKJS_SRC) -Isrc

FUZZ_GUEST := $(filter-out src/guest/libc.c,$(wildcard src/guest/*.c src/guest/rpc/*.c)) src/base/buf.c src/base/table.c
FUZZ_O := $(FUZZ_GUEST:src/%.c=$(F)/%.o) $(patsubst %,$(F)/engine/%.o,libregexp libunicode dtoa) \
  $(ZLIB:%=$(F)/zlib/%.o) $(BROTLI:%=$(F)/brotli/%.o) $(patsubst %,$(F)/%.o,ada guest/url guest/url_pattern)

$(F)/guest/engine.o: FUZZ_CC += -Dengine_seal=engine_seal_of_wasm

.PHONY: fuzz-programs
fuzz-programs: $(F)/rpc_guest $(F)/web_guest $(F)/rpc_lies

$(F)/rpc_lies: tests/fuzz/rpc_lies.h
$(F)/rpc_guest $(F)/web_guest $(F)/rpc_lies: $(F)/%: tests/fuzz/%.c tests/fuzz/guest_host.h $(FUZZ_O)
	clang-19 -std=gnu11 -O1 -g -Wall -Wextra -Isrc -DLAYER=1 $(FUZZ_SANITIZE) $(filter-out %.h,$^) -lstdc++ -lm -o $@
$(F)/guest/%.o: src/guest/%.c $(wildcard src/guest/*.h src/guest/rpc/*.h src/base/*.h) $(G)/quickjs.c $(G)/encodings.h
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_SANITIZE) -c $< -o $@
$(F)/base/%.o: src/base/%.c $(wildcard src/base/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_SANITIZE) -c $< -o $@
$(F)/engine/%.o: $(QUICKJS_SRC)/quickjs.h
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_SANITIZE) -c $(QUICKJS_SRC)/$*.c -o $@
$(F)/zlib/%.o: build/src/zlib/zlib.h
	@mkdir -p $(@D)
	$(FUZZ_CC) -c build/src/zlib/$*.c -o $@
$(F)/brotli/%.o: $(BROTLI_H)
	@mkdir -p $(@D)
	$(FUZZ_CC) -c build/src/brotli/c/$*.c -o $@
$(F)/ada.o: build/src/ada/src/ada.cpp
	@mkdir -p $(@D)
	$(FUZZ_CXX) -c $< -o $@
$(F)/guest/%.o: src/guest/%.cc build/src/ada/src/ada.cpp
	@mkdir -p $(@D)
	$(FUZZ_CXX) -c $< -o $@
