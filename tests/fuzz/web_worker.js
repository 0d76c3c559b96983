// web_worker.js: the Worker that web_guest.c talks Cap'n Web to: something of every kind to call, with stubs, streams and
// callbacks both ways.
import { RpcPromise, RpcStub, RpcTarget, newWorkersRpcResponse } from "capnweb";

class Api extends RpcTarget {
  #n = 0;
  #kept = null;
  add(k) { return this.#n += k; }
  get n() { return this.#n; }
  get data() { return { a: [1, { b: 2 }], s: "text", f: () => 1 }; }
  child() { return new Api(); }
  children(k) { return Array.from({ length: k & 7 }, () => new Api()); }
  echo(...args) { return args.length > 1 ? args : args[0]; }
  fail(text) { throw new RangeError(text); }
  never() { return new Promise(() => {}); }
  async later(v) { await 0; return v; }
  call(f, ...args) { return f(...args); }
  async callTwice(f) { return [await f(1), await f(new Api())]; }
  keep(f) { this.#kept?.[Symbol.dispose]?.(); this.#kept = f.dup(); }
  useKept(...args) { return this.#kept(...args); }
  dropKept() { this.#kept[Symbol.dispose](); }
  broken(f) { f.onRpcBroken(() => { this.#n++; }); return f.x; }
  list() { return [1, 2, 3]; }
  mapped(list) { return list.map((x) => [x, x.y, this.constructor.name]); }
  mapOwn() { return new RpcStub(this).list().map((x) => x); }
  promise(v) { return new RpcPromise(Promise.resolve(v)); }
  async read(stream) { const chunks = []; for await (const c of stream) chunks.push(c); return chunks; }
  give(k) { let i = 0; return new ReadableStream({ pull(c) { if (i++ < (k & 15)) c.enqueue({ i, f: () => i }); else c.close(); } }); }
  writable() { return new WritableStream({ write(c) { c?.[Symbol.dispose]?.(); } }); }
  async write(stream, v) { const w = stream.getWriter(); await w.write(v); await w.close(); }
  request(r) { return [r.method, r.url, new Response("x")]; }
  throwing() { return { t: new (class extends RpcTarget { [Symbol.dispose]() { throw new Error("x"); } })() }; }
  error(e) { const copy = new Error(e?.message, { cause: e }); copy.stub = new Api(); throw copy; }
}
globalThis.gone = 0;

export default { fetch: (request) => newWorkersRpcResponse(request, new Api()) };
