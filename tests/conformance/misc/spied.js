// What the platform calls of a Worker's own built-ins inside its web platform: nothing. After the result, each line has
// what was called.
import { checks } from "../checks.js";
import { call, get, spied } from "../spies.js";

const BYTES = new TextEncoder().encode("hello, hello");
const controllerOf = "ReadableStreamDefaultController";
const stream = (parts) => {
  let at = 0;
  return new ReadableStream({ pull(c) { at < parts.length ? call(c, controllerOf, "enqueue", parts[at++]) : call(c, controllerOf, "close"); } });
};
const bytes = (parts) => {
  let at = 0;
  const owner = "ReadableByteStreamController";
  return new ReadableStream({ type: "bytes", pull(c) { at < parts.length ? call(c, owner, "enqueue", parts[at++]) : call(c, owner, "close"); } });
};
const readAll = async (readable) => {
  const reader = call(readable, "ReadableStream", "getReader"), parts = [];
  for (;;) {
    const { done, value } = await call(reader, "ReadableStreamDefaultReader", "read");
    if (done) return parts;
    parts[parts.length] = value;
  }
};
const later = (start) => new Promise((resolve) => start(resolve));
const tried = async (run) => {
  try {
    return await run();
  } catch (e) {
    return e instanceof DOMException ? get(e, "DOMException", "name") : e.name;
  }
};

const RANDOM = new Uint8Array(4);
const parts = () => [BYTES.slice(0, 3), BYTES.slice(3)];
const form = new FormData();
form.append("a", "1");
form.append("f", new File(["x"], "x.txt"));

export default checks({
  "a stream of values": () => { const p = parts(); return spied(async () => (await readAll(stream(p))).length); },
  "a stream of bytes": () => { const p = parts(); return spied(async () => (await readAll(bytes(p))).length); },
  "read into a view": () => {
    const p = parts(), view = new Uint8Array(8);
    return spied(async () => {
      const reader = call(bytes(p), "ReadableStream", "getReader", { mode: "byob" });
      return (await call(reader, "ReadableStreamBYOBReader", "read", view)).done;
    });
  },
  "tee()": () => {
    const p = parts();
    return spied(async () => {
      const both = call(stream(p), "ReadableStream", "tee");
      const first = readAll(both[0]);
      return [(await readAll(both[1])).length, (await first).length];
    });
  },
  "pipeThrough()": () => {
    const p = parts();
    return spied(async () => {
      const owner = "TransformStreamDefaultController";
      const through = new TransformStream({ transform(chunk, c) { call(c, owner, "enqueue", chunk); } });
      return (await readAll(call(stream(p), "ReadableStream", "pipeThrough", through))).length;
    });
  },
  "pipeTo()": () => {
    const p = parts();
    return spied(async () => {
      let n = 0;
      await call(stream(p), "ReadableStream", "pipeTo", new WritableStream({ write() { n++; } }));
      return n;
    });
  },
  "a writer": () => spied(async () => {
    const seen = [];
    const writer = call(new WritableStream({ write(chunk) { seen[seen.length] = chunk; } }), "WritableStream", "getWriter");
    await call(writer, "WritableStreamDefaultWriter", "write", 1);
    await call(writer, "WritableStreamDefaultWriter", "close");
    return seen;
  }),
  "an IdentityTransformStream": () => spied(async () => {
    const pair = new IdentityTransformStream();
    const writer = call(get(pair, "TransformStream", "writable"), "WritableStream", "getWriter");
    const read = readAll(get(pair, "TransformStream", "readable"));
    await call(writer, "WritableStreamDefaultWriter", "write", BYTES);
    await call(writer, "WritableStreamDefaultWriter", "close");
    return (await read).length;
  }),
  "compression": () => {
    const p = parts();
    return spied(async () => {
      const packed = call(stream(p), "ReadableStream", "pipeThrough", new CompressionStream("gzip"));
      return (await readAll(call(packed, "ReadableStream", "pipeThrough", new DecompressionStream("gzip")))).length;
    });
  },
  "a stream that fails": () => spied(async () => await tried(async () => await readAll(new ReadableStream({ pull() { throw new RangeError("x"); } })))),
  "Response with text": () => spied(async () => await call(new Response("text", { status: 201, headers: { a: "b" } }), "Body", "text")),
  "Response with a stream": () => { const p = parts(); return spied(async () => await call(new Response(stream(p)), "Body", "text")); },
  "Response with JSON": () => spied(async () => (await call(new Response("[1]"), "Body", "json")).length),
  "Response with a form": () => spied(async () => { const back = await call(new Response(form), "Body", "formData"); return call(back, "FormData", "get", "a"); }),
  "Response with bytes": () => spied(async () => (await call(new Response(BYTES), "Body", "bytes"))[0]),
  "Request": () => spied(async () => { const r = new Request("http://a/b?c#d", { method: "POST", body: "x" }); return [get(r, "Request", "url"), await call(r, "Body", "text")]; }),
  "clone()": () => spied(async () => { const r = new Response("x"), c = call(r, "Response", "clone"); return [await call(r, "Body", "text"), await call(c, "Body", "text")]; }),
  "Headers": () => spied(() => { const h = new Headers({ "X-A": "1" }); call(h, "Headers", "append", "x-a", "2"); return call(h, "Headers", "get", "x-a"); }),
  "URL": () => spied(() => { const u = new URL("/x?y=1#z", "http://a:8/"); const p = get(u, "URL", "searchParams"); call(p, "URLSearchParams", "append", "b", "c d"); return get(u, "URL", "href"); }),
  "URLPattern": () => spied(() => call(new URLPattern({ pathname: "/:id" }), "URLPattern", "test", "http://a/b")),
  "TextEncoder and TextDecoder": () => spied(() => call(new TextDecoder(), "TextDecoder", "decode", call(new TextEncoder(), "TextEncoder", "encode", "é"))),
  "TextDecoder of another encoding": () => spied(() => call(new TextDecoder("euc-jp"), "TextDecoder", "decode", BYTES)),
  "structuredClone()": () => {
    const value = { a: [1, , 2], m: new Map([[1, new Set([2])]]), d: new Date(5), b: new Uint8Array([7]), r: /x/g, n: 12n, e: new AggregateError([1], "x"), o: Object(1n), x: new DOMException("a", "AbortError") };
    return spied(() => structuredClone(value).m instanceof Map);
  },
  "structuredClone() of what cannot be": () => spied(() => tried(async () => structuredClone(() => {}))),
  "Blob": () => spied(async () => await call(call(new Blob(), "Blob", "slice", 0, 1), "Blob", "text")),
  "events": () => spied(() => {
    const target = new EventTarget(), seen = [];
    call(target, "EventTarget", "addEventListener", "a", (e) => { seen[seen.length] = get(e, "Event", "type"); }, { once: true });
    call(target, "EventTarget", "dispatchEvent", new Event("a"));
    return seen;
  }),
  "an AbortController": () => spied(async () => {
    const controller = new AbortController(), signal = get(controller, "AbortController", "signal");
    let heard = 0;
    call(signal, "EventTarget", "addEventListener", "abort", () => heard++);
    call(controller, "AbortController", "abort");
    return [heard, get(signal, "AbortSignal", "aborted")];
  }),
  "timers": () => spied(async () => {
    await later((done) => setTimeout(done, 1, "x"));
    let n = 0;
    await later((done) => { const id = setInterval(() => { if (++n === 2) clearInterval(id), done(); }, 1); });
    await scheduler.wait(1);
    await later((done) => queueMicrotask(done));
    return n;
  }),
  "an unhandled rejection": () => spied(async () => { (async () => { throw new Error("left"); })(); await scheduler.wait(1); return 1; }),
  "a WebSocketPair": () => spied(async () => {
    const pair = new WebSocketPair(), heard = [];
    call(pair[0], "WebSocket", "accept");
    call(pair[1], "WebSocket", "accept");
    call(pair[1], "EventTarget", "addEventListener", "message", (e) => { heard[heard.length] = get(e, "MessageEvent", "data"); });
    call(pair[0], "WebSocket", "send", "text");
    await scheduler.wait(1);
    const closed = later((done) => call(pair[1], "EventTarget", "addEventListener", "close", (e) => done(get(e, "CloseEvent", "code"))));
    call(pair[0], "WebSocket", "close", 3001, "over");
    call(pair[1], "WebSocket", "close", 3001, "over");
    return [heard, await closed];
  }),
  "digest()": () => spied(async () => call(crypto.subtle, "SubtleCrypto", "digest", "SHA-256", BYTES)).then(async ([promise, ...seen]) => [(await promise).byteLength, ...seen]),
  "a key": () => spied(async () => {
    const owner = "SubtleCrypto", hmac = { name: "HMAC", hash: "SHA-256" };
    const key = await call(crypto.subtle, owner, "importKey", "raw", BYTES, hmac, true, ["sign", "verify"]);
    const signature = await call(crypto.subtle, owner, "sign", "HMAC", key, BYTES);
    return await call(crypto.subtle, owner, "verify", "HMAC", key, signature, BYTES);
  }),
  "random": () => spied(() => call(crypto, "Crypto", "getRandomValues", RANDOM).length),
  "atob() and btoa()": () => spied(() => btoa(atob("YQ=="))),
  "console": () => spied(() => { console.log("%s %d", "a", 1); console.error("x", 1n, null); return 1; }),
  "performance": () => spied(() => call(performance, "Performance", "mark", "a") && typeof call(performance, "Performance", "now")),
  "a MessageChannel": () => spied(async () => {
    const channel = new MessageChannel(), port1 = get(channel, "MessageChannel", "port1"), port2 = get(channel, "MessageChannel", "port2");
    const heard = later((done) => { port2.onmessage = (e) => done(get(e, "MessageEvent", "data")); });
    call(port1, "MessagePort", "postMessage", { a: [1] });
    return (await heard).a;
  }),
});
