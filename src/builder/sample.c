/* sample.c: see sample.h. */
#include "builder/sample.h"

#include "base/frame.h"

/* It touches what most Workers touch, so that the pages they write are found: classes, closures, promises, JSON,
 * strings, a request's headers and a response. */
static const char worker[] =
    "const seen = new Map();\n"
    "class Counter { #n = 0; next(by = 1) { return (this.#n += by); } }\n"
    "export default {\n"
    "  async fetch(request, env, ctx) {\n"
    "    const counter = new Counter(), url = new URL(request.url);\n"
    "    for (const word of ['one', 'two', 'three']) seen.set(word, counter.next(word.length));\n"
    "    const list = [...seen].map(([word, n]) => ({ word, n })).sort((a, b) => b.n - a.n);\n"
    "    await null;\n"
    "    return Response.json({ path: url.pathname, agent: request.headers.get('user-agent'), list });\n"
    "  },\n"
    "};\n";

static void put_worker_code(struct buf *out) {
  buf_put_u32(out, WORKER_CODE_MAGIC);
  buf_put_u32(out, 1024);
  buf_put_cstr(out, "2026-01-01");
  buf_put_u16(out, 0);
  buf_put_cstr(out, "index.js");
  buf_put_u32(out, 1);
  buf_put_u8(out, MODULE_JS);
  buf_put_cstr(out, "index.js");
  buf_put_cstr(out, worker);
  buf_put_u8(out, ENV_JSON);
  buf_put_cstr(out, "{}");
  buf_put_u16(out, 0);
  buf_put_u8(out, OUTBOUND_NONE);
}

static void put_event(struct buf *out) {
  buf_put_u8(out, EVENT_FETCH);
  buf_put_u32(out, 0);
  buf_put_u32(out, 0);
  buf_put_cstr(out, "");
  buf_put_cstr(out, "");
  buf_put_cstr(out, "GET");
  buf_put_cstr(out, "http://localhost/some/path?with=query");
  buf_put_u16(out, 2);
  buf_put_cstr(out, "host");
  buf_put_cstr(out, "localhost");
  buf_put_cstr(out, "user-agent");
  buf_put_cstr(out, "builder");
  buf_put_u64(out, 0);
}

void sample_frames(struct buf *out) {
  size_t mark = buf_frame_begin(out, FRAME_LOAD, 0, 1, 0);
  put_worker_code(out);
  buf_frame_end(out, mark);
  mark = buf_frame_begin(out, FRAME_EVENT, FRAME_END, 1, STREAM_EVENT | 1);
  put_event(out);
  buf_frame_end(out, mark);
}
