/* brotli.c: brotli for bodies with that content-encoding, by Google's library.
 *
 * As zlib.c: one call gives at most one piece of output, the memory is the engine's, and input may be anything. */
#include <brotli/decode.h>
#include <brotli/encode.h>

#include "guest/guest.h"

enum { PIECE = 32 * 1024, QUALITY = 5, WINDOW_BITS = 18 };
enum outcome { WANTS_INPUT, HAS_MORE, ENDED };

/* One of the two, until it has ended. */
struct codec {
  BrotliEncoderState *encoder;
  BrotliDecoderState *decoder;
};

static JSClassID codec_class;

static void *brotli_alloc(void *runtime, size_t size) { return js_malloc_rt(runtime, size); }
static void brotli_free(void *runtime, void *p) { js_free_rt(runtime, p); }

static void codec_end(struct codec *c) {
  if (c->encoder) BrotliEncoderDestroyInstance(c->encoder);
  if (c->decoder) BrotliDecoderDestroyInstance(c->decoder);
  c->encoder = NULL;
  c->decoder = NULL;
}

static void codec_free(JSRuntime *rt, JSValueConst v) {
  struct codec *c = JS_GetOpaque(v, codec_class);
  if (!c) return;
  codec_end(c);
  js_free_rt(rt, c);
}

static bool codec_start(struct codec *c, bool encodes, JSRuntime *rt) {
  if (encodes) {
    c->encoder = BrotliEncoderCreateInstance(brotli_alloc, brotli_free, rt);
    return c->encoder && BrotliEncoderSetParameter(c->encoder, BROTLI_PARAM_QUALITY, QUALITY) &&
           BrotliEncoderSetParameter(c->encoder, BROTLI_PARAM_LGWIN, WINDOW_BITS);
  }
  c->decoder = BrotliDecoderCreateInstance(brotli_alloc, brotli_free, rt);
  return c->decoder != NULL;
}

/* brotliNew(encodes) */
static JSValue brotli_new(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue v = JS_NewObjectClass(ctx, codec_class);
  struct codec *c = JS_IsException(v) ? NULL : js_mallocz(ctx, sizeof *c);
  if (!c) {
    JS_FreeValue(ctx, v);
    return JS_EXCEPTION;
  }
  JS_SetOpaque(v, c);
  if (codec_start(c, JS_ToBool(ctx, argv[0]), JS_GetRuntime(ctx))) return v;
  JS_FreeValue(ctx, v);
  return JS_ThrowOutOfMemory(ctx);
}

struct step {
  const uint8_t *in;
  uint8_t *out;
  size_t in_left, out_left;
  enum outcome outcome;
};

/* One call of the library. False: the input is bad, or there is no memory. */
static bool encode(BrotliEncoderState *encoder, bool end, struct step *s) {
  BrotliEncoderOperation operation = end ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
  if (!BrotliEncoderCompressStream(encoder, operation, &s->in_left, &s->in, &s->out_left, &s->out, NULL)) return false;
  bool more = end || s->in_left || BrotliEncoderHasMoreOutput(encoder);
  s->outcome = BrotliEncoderIsFinished(encoder) ? ENDED : more ? HAS_MORE : WANTS_INPUT;
  return true;
}

static bool decode(BrotliDecoderState *decoder, struct step *s) {
  switch (BrotliDecoderDecompressStream(decoder, &s->in_left, &s->in, &s->out_left, &s->out, NULL)) {
    case BROTLI_DECODER_RESULT_SUCCESS:
      s->outcome = ENDED;
      return true;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
      s->outcome = WANTS_INPUT;
      return true;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
      s->outcome = HAS_MORE;
      return true;
    default:
      return false;
  }
}

/* brotliStep(codec, Uint8Array, offset, end) -> [output, offset after what was taken, outcome] */
static JSValue brotli_step(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  static uint8_t piece[PIECE];
  size_t n;
  uint32_t at;
  struct codec *c = JS_GetOpaque2(ctx, argv[0], codec_class);
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[1]);
  if (!c || (!p && JS_HasException(ctx)) || JS_ToUint32(ctx, &at, argv[2])) return JS_EXCEPTION;
  if ((!c->encoder && !c->decoder) || at > n) return JS_ThrowTypeError(ctx, "this codec has ended");
  struct step s = {.in = p ? p + at : piece, .out = piece, .in_left = n - at, .out_left = sizeof piece};
  bool good = c->encoder ? encode(c->encoder, JS_ToBool(ctx, argv[3]), &s) : decode(c->decoder, &s);
  if (!good) return JS_ThrowTypeError(ctx, "Decompression failed.");
  JSValue result[] = {JS_NewUint8ArrayCopy(ctx, piece, sizeof piece - s.out_left),
                      JS_NewUint32(ctx, (uint32_t)(n - s.in_left)), JS_NewInt32(ctx, (int)s.outcome)};
  return JS_NewArrayFrom(ctx, 3, result);
}

/* brotliEnd(codec): gives its memory back; it is not used any more */
static JSValue brotli_end(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct codec *c = JS_GetOpaque2(ctx, argv[0], codec_class);
  if (!c) return JS_EXCEPTION;
  codec_end(c);
  return JS_UNDEFINED;
}

void brotli_init(JSContext *ctx, JSValueConst native) {
  static const JSClassDef class = {"BrotliCodec", .finalizer = codec_free};
  JS_NewClassID(JS_GetRuntime(ctx), &codec_class);
  JS_NewClass(JS_GetRuntime(ctx), codec_class, &class);
  JS_SetPropertyStr(ctx, native, "brotliNew", JS_NewCFunction(ctx, brotli_new, "brotliNew", 1));
  JS_SetPropertyStr(ctx, native, "brotliStep", JS_NewCFunction(ctx, brotli_step, "brotliStep", 4));
  JS_SetPropertyStr(ctx, native, "brotliEnd", JS_NewCFunction(ctx, brotli_end, "brotliEnd", 1));
}
