// api.mjs: what these tests call: in a Worker, on Node.js and in a browser, on top of whatever "capnweb" is there.
import { RpcTarget } from "capnweb";
import { describe } from "./describe.mjs";
import { streamed, values } from "./values.mjs";


const PERIOD = 1 << 19;
let pattern;
function bytesOfPattern() {
  if (pattern) return pattern;
  pattern = new Uint8Array(2 * PERIOD);
  for (let i = 0; i < PERIOD; i++) pattern[i] = i * 31 + (i >> 11);
  pattern.copyWithin(PERIOD, 0, PERIOD);
  return pattern;
}

/** A stream of bytes that follow a pattern; `produced` counts. */
export function source(total, chunk, produced = { bytes: 0 }) {
  return new ReadableStream({
    pull(controller) {
      const n = Math.min(chunk, total - produced.bytes);
      if (n === 0) return controller.close();
      const from = produced.bytes % PERIOD;
      produced.bytes += n;
      controller.enqueue(bytesOfPattern().slice(from, from + n));
    },
  }, { highWaterMark: 0 });
}

/** How many bytes a stream has; they must follow the pattern. */
export async function drain(stream) {
  const expected = bytesOfPattern();
  let at = 0;
  for (const reader = stream.getReader(); ;) {
    const { value, done } = await reader.read();
    if (done) return at;
    for (let i = 0; i < value.length; i += 997) {
      if (value[i] !== expected[(at + i) % PERIOD]) throw new Error(`byte ${at + i} is wrong`);
    }
    at += value.length;
  }
}

export class Counter extends RpcTarget {
  #n;
  #log;
  constructor(n, log) {
    super();
    this.#n = n;
    this.#log = log;
  }
  get value() { return this.#n; }
  get data() { return { n: this.#n, first: { name: "f" }, list: [{ name: "a" }, { name: "b" }] }; }
  add(k) { return (this.#n += k); }
  next() { return new Counter(this.#n + 1, this.#log); }
  [Symbol.dispose]() { this.#log.push(`counter ${this.#n}`); }
}

export class Api extends RpcTarget {
  #log; // outlives the session
  #kept = null;
  #waiting = [];
  #reader = null;
  #written = [];
  #produced = null;
  constructor(log) {
    super();
    this.#log = log;
  }

  add(a, b) { return a + b; }
  square(i) { return i * i; }
  echo(v) { return v; }
  none() {}
  spin() { for (;;); }
  describe(v) { return describe(v); }
  make(name) { return (values[name] ?? streamed[name])(); }
  takeLog() { return this.#log.splice(0); }

  fail(name) { throw values[name](); }
  async failLater(name) { throw values[name](); }
  failWith(v) { throw v; }

  counter(n) { return new Counter(n, this.#log); }
  counters(n) { return Array.from({ length: n }, (_, i) => new Counter(i, this.#log)); }
  later(n) { return new Promise((resolve) => setTimeout(() => resolve(new Counter(n, this.#log)))); }
  list(n) { return Array.from({ length: n }, (_, i) => i); }
  adder(k) { return (x) => x + k; }
  get version() { return "1"; }
  get nested() { return { deep: { f: (x) => x * 2, counter: new Counter(50, this.#log), text: "t" } }; }

  call(f, ...args) { return f(...args); }
  async callMany(f, n) {
    const results = await Promise.all(Array.from({ length: n }, (_, i) => f(i)));
    return results.reduce((a, b) => a + b, 0);
  }
  async use(target) {
    const next = target.next();
    const results = [await target.add(1), await target.add(2), await target.value, await next.value];
    next[Symbol.dispose]();
    return results;
  }
  keep(f) { this.#kept = f.dup(); }
  useKept(...args) { return this.#kept(...args); }
  dropKept() {
    this.#kept[Symbol.dispose]();
    this.#kept = null;
  }
  watch(stub) {
    this.#kept = stub.dup();
    this.#kept.onRpcBroken((e) => this.#log.push(`broken: ${e.message}`));
  }
  async callForever(f) {
    try {
      return await f();
    } catch (e) {
      this.#log.push(`call failed: ${e.message}`);
    }
  }

  wait() { return new Promise((resolve) => this.#waiting.push(resolve)); }
  waiting() { return this.#waiting.length; }
  go() { this.#waiting.splice(0).forEach((resolve, i) => resolve(i)); }

  source(total, chunk) { return source(total, chunk); }
  drain(stream) { return drain(stream); }
  hold(stream) { this.#reader = stream.getReader(); }
  async readHeld() { return (await this.#reader.read()).value.length; }
  async cancelHeld(why) { await this.#reader.cancel(why); }
  writable() {
    return new WritableStream({
      write: (chunk) => void this.#written.push(chunk),
      close: () => void this.#written.push("closed"),
      abort: (e) => void this.#written.push(`aborted: ${e?.message ?? e}`),
    });
  }
  written() { return this.#written.splice(0); }
  async writeTo(writable, chunks) {
    const writer = writable.getWriter();
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  }
  counted(total, chunk) { return source(total, chunk, (this.#produced = { bytes: 0 })); }
  produced() { return this.#produced.bytes; }
}
