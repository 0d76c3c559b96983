# The guest: QuickJS-ng and src/guest compiled to WebAssembly, translated to C by wasm2c, compiled to one object.
# The last step takes a minute, so the object is kept under the hash of what it was made from and is made again only
# when the translated guest changes. QUICKJS_SRC=dir (Makefile) uses another copy of the engine's sources.
ENGINE_CC := gcc
ENGINE_O ?= -O2
ENGINE_CFLAGS := $(ENGINE_O) -w -fno-stack-protector -fstack-clash-protection -fcf-protection=none
GUEST_CC := clang-19 --target=wasm32-wasi -std=gnu11 -O2 -fwrapv -fno-strict-aliasing -D_GNU_SOURCE \
  -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_SIGNAL -mbulk-memory -msign-ext -mnontrapping-fptoint \
  -I$(G) -I$(QUICKJS_SRC) -Isrc -DLAYER=1
GUEST_SRC := $(wildcard src/guest/*.c src/guest/rpc/*.c) src/base/buf.c src/base/table.c
GUEST_WO := $(patsubst src/%.c,$(G)/%.wo,$(GUEST_SRC)) $(G)/libregexp.wo $(G)/libunicode.wo $(G)/dtoa.wo
GUEST_STACK := 4194304

# ---- URLs: Ada, in C++ without exceptions. It includes <iostream> for <ostream> only: its guard is set, since
# its streams would be in every image.
GUEST_CXX := clang++-19 --target=wasm32-wasi -std=c++20 -O2 -fno-exceptions -fno-rtti -fwrapv -fno-strict-aliasing \
  -D_WASI_EMULATED_PROCESS_CLOCKS -mbulk-memory -msign-ext -mnontrapping-fptoint \
  -D_LIBCPP_IOSTREAM -include ostream -Ibuild/src/ada/include -Ibuild/src/ada/src -I$(QUICKJS_SRC)
GUEST_WO += $(G)/guest/url.wo $(G)/guest/url_pattern.wo $(G)/ada.wo
GUEST_CXX_LIBS := -lc++ -lc++abi
$(G)/guest/url.wo $(G)/guest/url_pattern.wo: $(G)/guest/%.wo: src/guest/%.cc src/guest/url_strings.h \
  build/src/ada/src/ada.cpp $(QUICKJS_SRC)/quickjs.h
	@mkdir -p $(@D)
	$(GUEST_CXX) -Wall -Wextra -c $< -o $@
$(G)/ada.wo: build/src/ada/src/ada.cpp src/guest/guest.mk
	@mkdir -p $(@D)
	$(GUEST_CXX) -w -c $< -o $@

# ---- compression: zlib without its file functions
ZLIB := adler32 crc32 deflate inffast inflate inftrees trees zutil
GUEST_WO += $(ZLIB:%=$(G)/zlib/%.wo)
$(G)/guest/zlib.wo: GUEST_CC += -Ibuild/src/zlib -DZ_SOLO
$(G)/guest/zlib.wo: build/src/zlib/zlib.h
$(G)/zlib/%.wo: build/src/zlib/zlib.h
	@mkdir -p $(@D)
	$(GUEST_CC) -DZ_SOLO -w -c build/src/zlib/$*.c -o $@

# ---- brotli
BROTLI := $(addprefix common/,constants context dictionary platform shared_dictionary transform) \
  $(addprefix dec/,bit_reader decode huffman prefix state static_init) \
  $(addprefix enc/,backward_references backward_references_hq bit_cost block_splitter brotli_bit_stream cluster command \
    compound_dictionary compress_fragment compress_fragment_two_pass dictionary_hash encode encoder_dict entropy_encode \
    fast_log histogram literal_cost memory metablock static_dict static_dict_lut static_init utf8_util)
BROTLI_H := build/src/brotli/c/include/brotli/decode.h
GUEST_WO += $(BROTLI:%=$(G)/brotli/%.wo)
$(G)/guest/brotli.wo: GUEST_CC += -Ibuild/src/brotli/c/include
$(G)/guest/brotli.wo: $(BROTLI_H)
$(G)/brotli/%.wo: $(BROTLI_H)
	@mkdir -p $(@D)
	$(GUEST_CC) -Ibuild/src/brotli/c/include -w -c build/src/brotli/c/$*.c -o $@

# ---- encodings: tables from npm
node_modules/@exodus/bytes/package.json node_modules/acorn/package.json node_modules/esbuild/package.json &: package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch node_modules/@exodus/bytes/package.json node_modules/acorn/package.json node_modules/esbuild/package.json
$(G)/encodings.h: scripts/encodings.mjs node_modules/@exodus/bytes/package.json
	@mkdir -p $(@D)
	@node scripts/encodings.mjs $@.tmp && mv $@.tmp $@
$(G)/guest/encodings.wo: $(G)/encodings.h
# ----

guest: $(G)/engine.o

build/src/quickjs/quickjs.h build/src/llhttp/include/llhttp.h build/src/ada/src/ada.cpp build/src/zlib/zlib.h $(BROTLI_H) build/src/node/lib/util.js &:
	@scripts/fetch-sources.sh build/src
	@touch $@

# The engine's source with a few places replaced: src/guest/engine.c says why.
$(G)/quickjs.c: $(QUICKJS_SRC)/quickjs.h scripts/patch-engine.mjs
	@mkdir -p $(@D)
	@node scripts/patch-engine.mjs $(QUICKJS_SRC)/quickjs.c $@.tmp
	@mv $@.tmp $@
$(G)/guest/engine.wo: $(G)/quickjs.c
# its assertions want counts of 1 where an immortal object has none
$(G)/guest/engine.wo: GUEST_CC += -DNDEBUG -w

$(G)/guest/%.wo: src/guest/%.c $(wildcard src/guest/*.h src/guest/rpc/*.h) src/base/frame.h src/base/buf.h src/base/table.h $(QUICKJS_SRC)/quickjs.h
	@mkdir -p $(@D)
	$(call SAY,guest,$<)
	$(GUEST_CC) -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -c $< -o $@
$(G)/base/%.wo: src/base/%.c src/base/frame.h src/base/buf.h src/base/table.h
	@mkdir -p $(@D)
	$(GUEST_CC) -Wall -Wextra -c $< -o $@
$(G)/%.wo: $(QUICKJS_SRC)/quickjs.h
	@mkdir -p $(@D)
	$(GUEST_CC) -w -c $(QUICKJS_SRC)/$*.c -o $@

# --stack-first: an overflow of the guest's stack runs below address 0 and traps instead of writing over data
$(G)/engine.wasm: $(GUEST_WO)
	$(GUEST_CC) -mexec-model=reactor -Wl,--stack-first -Wl,-z,stack-size=$(GUEST_STACK) -Wl,--export=__stack_pointer \
	  -Wl,--strip-debug $^ -lwasi-emulated-process-clocks -lwasi-emulated-signal $(GUEST_CXX_LIBS) -o $@.tmp
	@cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@

$(G)/engine.h $(G)/engine.c &: $(G)/engine.wasm
	$(call SAY,wasm2c,$<)
	wasm2c $< -n engine -o $(G)/engine.c

# What of a translated guest (the first prerequisite) becomes an object
define compile_guest
	@key=$$( (cat $<; echo '$(ENGINE_CFLAGS)'; $(ENGINE_CC) --version) | sha256sum | cut -c1-16); \
	kept=build/cache/engine-$$key.o; mkdir -p build/cache; \
	if [ ! -f $$kept ]; then echo "  cc $< (a minute)"; \
	  $(ENGINE_CC) $(ENGINE_CFLAGS) -c $< -o $$kept.tmp && mv $$kept.tmp $$kept; fi; cp $$kept $@
endef
$(G)/engine.o: $(G)/engine.c
	$(compile_guest)

# The platform: the JavaScript that the guest evaluates before the image is taken, as bytes in the program.
# In this order: each file may use what those before it define at once. worker/worker.js comes last.
PLATFORM_JS := $(patsubst %,src/guest/web/%.js,primordials events streams_base readable readable_bytes writable transform \
  sources sinks compression pipe url url_pattern headers blob form body cf request websocket response \
  encoding console misc performance clone messages refused \
  locale locale_numbers locale_dates intl \
  crypto_arguments crypto_encoding crypto_keys crypto_secret crypto_curves crypto_rsa crypto) \
  $(patsubst %,src/guest/worker/%.js,context errors bodies codings subrequests sockets fetch flags worker_code loader rpc_streams rpc timers eventsource caches testing scheduled) \
  $(patsubst %,src/guest/node/%.js,async modules buffer binding process inspect library crypto timers console os) \
  $(patsubst %,src/guest/worker/%.js,commonjs cloudflare outbound tcp connect capnweb capnweb_streams tail worker)
$(G)/platform.js: $(PLATFORM_JS) $(G)/node.js scripts/platform.mjs scripts/guard.mjs node_modules/acorn/package.json
	@mkdir -p $(@D)
	node scripts/platform.mjs $@ $(PLATFORM_JS)

# Node.js's own library as one function, with src/guest/node/lib in place of what it has natively
$(G)/node.js: scripts/bundle-node.mjs build/src/node/lib/util.js node_modules/esbuild/package.json \
  $(shell find src/guest/node/lib -name '*.js')
	@mkdir -p $(@D)
	$(call SAY,bundle,$@)
	node scripts/bundle-node.mjs build/src/node/lib src/guest/node/lib $@
$(B)/platform.o: $(G)/platform.js
	@mkdir -p $(@D)
	cd $(G) && ld -r -b binary -z noexecstack platform.js -o $(CURDIR)/$@
