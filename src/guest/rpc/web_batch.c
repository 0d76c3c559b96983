/* web_batch.c: Cap'n Web over one HTTP request: what the peer says is the request's body, a message a line; what is
 * said to it is the answer's. See web.h.
 */
#include <string.h>

#include "guest/rpc/web_session.h"

enum { ANSWER_MAX = 1 << 30 }; /* the isolate's memory ends before */

void batch_send(struct web_session *s, const uint8_t *p, size_t n) {
  if (s->batch->len) buf_put_u8(s->batch, '\n');
  buf_put(s->batch, p, n);
}

void batch_free(struct web_session *s) {
  if (!s->batch) return;
  buf_free(s->batch);
  js_free(guest.ctx, s->batch);
  s->batch = NULL;
}

/* The text has a NUL after it, and is written to. */
static void receive_lines(struct web_session *s, char *text, size_t n) {
  for (char *end = text + n; text <= end;) {
    char *line = memchr(text, '\n', (size_t)(end - text));
    if (!line) line = end;
    *line = 0; /* the parser wants that */
    web_receive_text(s, text, (size_t)(line - text));
    text = line + 1;
  }
}

/* webBatch(box, text): from now on what is sent is kept; all that the peer says */
static JSValue native_batch(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  size_t n;
  const char *text = JS_ToCStringLen(ctx, &n, argv[1]);
  char *copy = text ? js_malloc(ctx, n + 1) : NULL;
  if (copy) memcpy(copy, text, n + 1);
  JS_FreeCString(ctx, text);
  if (!copy || !(s->batch = js_malloc(ctx, sizeof *s->batch))) {
    js_free(ctx, copy);
    return JS_EXCEPTION;
  }
  buf_init(s->batch, ANSWER_MAX);
  if (n) receive_lines(s, copy, n);
  js_free(ctx, copy);
  return JS_UNDEFINED;
}

/* webBatchAnswer(box) -> what was sent, a message a line */
static JSValue native_answer(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  const struct buf *answer = web_session_of(argv[0])->batch;
  if (answer->bad) return JS_ThrowOutOfMemory(ctx);
  return JS_NewStringLen(ctx, (const char *)answer->data, answer->len);
}

void web_batch_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "webBatch", JS_NewCFunction(ctx, native_batch, "webBatch", 2));
  JS_SetPropertyStr(ctx, native, "webBatchAnswer", JS_NewCFunction(ctx, native_answer, "webBatchAnswer", 1));
}
