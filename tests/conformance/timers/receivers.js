// What `this` is in functions that the platform calls later.
import { checks } from "../checks.js";
const kind = (t) => (t === undefined ? "undefined" : t === globalThis ? "global" : Object.getPrototypeOf(t)?.constructor?.name);
const called = (start) => Promise.race([new Promise((resolve) => start(function () { resolve(kind(this)); })), scheduler.wait(100).then(() => "not called")]);

export default checks({
  "setTimeout()": () => called((f) => setTimeout(f, 1)),
  "setInterval()": () => called((f) => { const id = setInterval(function () { clearInterval(id); f.call(this); }, 1); }),
  "setImmediate()": () => called((f) => setImmediate(f)),
  "queueMicrotask()": () => called((f) => queueMicrotask(f)),
  "then()": () => called((f) => Promise.resolve().then(f)),
  "an event's listener": () => called((f) => { const t = new EventTarget(); t.addEventListener("a", f); t.dispatchEvent(new Event("a")); }),
  "an event's handler": () => called((f) => { const c = new AbortController(); c.signal.onabort = f; c.abort(); }),
  "forEach() of Headers": () => called((f) => new Headers({ a: "b" }).forEach(f)),
  "forEach() of URLSearchParams": () => called((f) => new URLSearchParams("a=b").forEach(f)),
  "a source's pull()": () => called((f) => new ReadableStream({ pull: f })),
  "a sink's write()": () => called((f) => { new WritableStream({ write: f }).getWriter().write(1); }),
  "a transformer's transform()": () => called((f) => { new TransformStream({ transform: f }).writable.getWriter().write(1); }),
  "a strategy's size()": () => called((f) => { new WritableStream({}, { size() { f.call(this); return 1; } }).getWriter().write(1); }),
  "load()'s callback": ({ env }) => called((f) => env.LOADER.get("a", function () { f.call(this); return {}; }).getEntrypoint().fetch("http://a/").catch(() => {})),
  "a WebSocket's listener": () => called((f) => { const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); a.addEventListener("message", f); b.send("x"); }),
  "a MessagePort's handler": () => called((f) => { const { port1, port2 } = new MessageChannel(); port2.onmessage = f; port1.postMessage(1); }),
});
