/* zlib.c: gzip, deflate and raw deflate for CompressionStream and DecompressionStream, by zlib.
 *
 * One call gives at most one piece of output, so that the platform decides how much waits for its reader however much
 * a few bytes of input may become. zlib's memory comes from the engine's allocator, so that it counts and is collected
 * with the object that holds it. Input may be anything: zlib checks it, and its tables are constant. */
#include "zlib.h"
#include "guest/guest.h"

enum { PIECE = 32 * 1024, WINDOW_BITS = 15, GZIP = 16, MEMORY_LEVEL = 8 };
enum format { FORMAT_GZIP, FORMAT_DEFLATE, FORMAT_RAW };
enum outcome { WANTS_INPUT, HAS_MORE, ENDED };

struct codec {
  z_stream z;
  bool compresses, live;
};

static JSClassID codec_class;

static void *zlib_alloc(void *runtime, unsigned items, unsigned size) { return js_calloc_rt(runtime, items, size); }
static void zlib_free(void *runtime, void *p) { js_free_rt(runtime, p); }

static void codec_end(struct codec *c) {
  if (!c->live) return;
  if (c->compresses)
    deflateEnd(&c->z);
  else
    inflateEnd(&c->z);
  c->live = false;
}

static void codec_free(JSRuntime *rt, JSValueConst v) {
  struct codec *c = JS_GetOpaque(v, codec_class);
  if (!c) return;
  codec_end(c);
  js_free_rt(rt, c);
}

static int codec_start(struct codec *c, int format) {
  int bits = format == FORMAT_RAW ? -WINDOW_BITS : format == FORMAT_GZIP ? WINDOW_BITS + GZIP : WINDOW_BITS;
  if (!c->compresses) return inflateInit2(&c->z, bits);
  return deflateInit2(&c->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
}

/* zlibNew(format, compresses) */
static JSValue zlib_new(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  int32_t format;
  if (JS_ToInt32(ctx, &format, argv[0])) return JS_EXCEPTION;
  JSValue v = JS_NewObjectClass(ctx, codec_class);
  struct codec *c = JS_IsException(v) ? NULL : js_mallocz(ctx, sizeof *c);
  if (!c) {
    JS_FreeValue(ctx, v);
    return JS_EXCEPTION;
  }
  JS_SetOpaque(v, c);
  c->compresses = JS_ToBool(ctx, argv[1]);
  c->z.zalloc = zlib_alloc;
  c->z.zfree = zlib_free;
  c->z.opaque = JS_GetRuntime(ctx);
  if (codec_start(c, format) == Z_OK) {
    c->live = true;
    return v;
  }
  JS_FreeValue(ctx, v);
  return JS_ThrowOutOfMemory(ctx);
}

/* One call of zlib. False: the input is bad. */
static bool step(struct codec *c, bool end, enum outcome *outcome) {
  int r = c->compresses ? deflate(&c->z, end ? Z_FINISH : Z_NO_FLUSH) : inflate(&c->z, Z_NO_FLUSH);
  if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR) return false;
  *outcome = r == Z_STREAM_END ? ENDED : c->z.avail_out ? WANTS_INPUT : HAS_MORE;
  return true;
}

/* zlibStep(codec, Uint8Array, offset, end) -> [output, offset after what was taken, outcome] */
static JSValue zlib_step(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  static uint8_t piece[PIECE];
  size_t n;
  uint32_t at;
  enum outcome outcome;
  struct codec *c = JS_GetOpaque2(ctx, argv[0], codec_class);
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[1]);
  if (!c || (!p && JS_HasException(ctx)) || JS_ToUint32(ctx, &at, argv[2])) return JS_EXCEPTION;
  if (!c->live || at > n) return JS_ThrowTypeError(ctx, "this codec has ended");
  c->z.next_in = p ? (uint8_t *)(uintptr_t)(p + at) : piece; /* it only reads */
  c->z.avail_in = (uInt)(n - at);
  c->z.next_out = piece;
  c->z.avail_out = sizeof piece;
  if (!step(c, JS_ToBool(ctx, argv[3]), &outcome)) return JS_ThrowTypeError(ctx, "Decompression failed.");
  JSValue result[] = {JS_NewUint8ArrayCopy(ctx, piece, sizeof piece - c->z.avail_out),
                      JS_NewUint32(ctx, (uint32_t)n - c->z.avail_in), JS_NewInt32(ctx, (int)outcome)};
  c->z.next_in = NULL;
  return JS_NewArrayFrom(ctx, 3, result);
}

/* zlibEnd(codec): gives its memory back; it is not used any more */
static JSValue zlib_end(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct codec *c = JS_GetOpaque2(ctx, argv[0], codec_class);
  if (!c) return JS_EXCEPTION;
  codec_end(c);
  return JS_UNDEFINED;
}

void zlib_init(JSContext *ctx, JSValueConst native) {
  static const JSClassDef class = {"Codec", .finalizer = codec_free};
  JS_NewClassID(JS_GetRuntime(ctx), &codec_class);
  JS_NewClass(JS_GetRuntime(ctx), codec_class, &class);
  JS_SetPropertyStr(ctx, native, "zlibNew", JS_NewCFunction(ctx, zlib_new, "zlibNew", 2));
  JS_SetPropertyStr(ctx, native, "zlibStep", JS_NewCFunction(ctx, zlib_step, "zlibStep", 4));
  JS_SetPropertyStr(ctx, native, "zlibEnd", JS_NewCFunction(ctx, zlib_end, "zlibEnd", 1));
}
