// node:stream and what lies beside it: reading, writing, piping, iterating, errors, web streams.
import stream, { Duplex, PassThrough, Readable, Transform, Writable, addAbortSignal, compose, duplexPair, finished, pipeline } from "node:stream";
import promises from "node:stream/promises";
import * as web from "node:stream/web";
import { arrayBuffer, blob, buffer, json, text } from "node:stream/consumers";
import { AsyncLocalStorage } from "node:async_hooks";
import { checks } from "../checks.js";

const all = async (source) => { const list = []; for await (const chunk of source) list.push(typeof chunk === "string" ? chunk : Buffer.isBuffer(chunk) ? `<${chunk}>` : chunk); return list; };
const sink = (list, options) => new Writable({ ...options, write(chunk, encoding, done) { list.push(`${chunk}/${encoding}`); done(); } });
const upper = () => new Transform({ transform(chunk, _, done) { done(null, String(chunk).toUpperCase()); } });

export default checks([
  () => Object.keys(stream).sort(),
  () => [stream === stream.Stream, stream.promises === promises, typeof stream.Readable, new Readable() instanceof stream],
  () => Object.keys(web).every((k) => k === "default" || web[k] === globalThis[k]),
  async () => all(Readable.from(["a", "b"])),
  async () => all(Readable.from("abc")),
  async () => all(Readable.from(Buffer.from("abc"))),
  async () => all(Readable.from((async function* () { yield 1; yield { a: 2 }; })())),
  async () => { let n = 0; return all(new Readable({ read() { this.push(n < 3 ? String(n++) : null); } })); },
  async () => { const r = new Readable({ read() {} }); r.setEncoding("utf8"); r.push(Buffer.from([0xe2])); r.push(Buffer.from([0x82, 0xac])); r.push(null); return all(r); },
  async () => { const r = new Readable({ objectMode: true, read() {} }); r.push({ a: 1 }); r.push(null); return all(r); },
  async () => { const list = []; const w = sink(list); w.write("a"); w.write(Buffer.from("b")); await new Promise((r) => w.end("c", r)); return list; },
  async () => { const list = []; const w = sink(list, { decodeStrings: false }); w.write("a", "latin1"); await new Promise((r) => w.end(r)); return list; },
  async () => { const list = []; const w = new Writable({ writev(chunks, done) { list.push(chunks.map((c) => String(c.chunk)).join()); done(); } }); w.cork(); w.write("a"); w.write("b"); w.uncork(); await new Promise((r) => w.end(r)); return list; },
  () => { const w = new Writable({ highWaterMark: 3, write() {} }); return [w.write("ab"), w.write("cd"), w.writableLength, w.writableNeedDrain]; },
  async () => { const list = []; await promises.pipeline(Readable.from(["a", "b"]), upper(), sink(list)); return list; },
  async () => { const list = []; await promises.pipeline(Readable.from(["a"]), async function* (source) { for await (const c of source) yield c + c; }, sink(list)); return list; },
  async () => promises.pipeline(Readable.from(["a"]), new Transform({ transform(c, e, done) { done(new RangeError("t")); } }), sink([])),
  async () => new Promise((resolve) => pipeline(Readable.from(["a"]), sink([]), (error) => resolve(String(error)))),
  async () => new Promise((resolve) => { const r = new Readable({ read() {} }); finished(r, (error) => resolve([error.code, error.message])); r.destroy(); }),
  async () => { const w = sink([]); setTimeout(() => w.end("x"), 1); await promises.finished(w); return [w.writableFinished, w.destroyed]; },
  async () => new Promise((resolve) => { const r = new Readable({ read() {} }); r.on("error", (e) => resolve(e.message)); r.destroy(new Error("d")); }),
  async () => new Promise((resolve) => { const w = new Writable({ write(c, e, done) { done(new Error("w")); } }); w.on("error", (e) => resolve(e.message)); w.write("x"); }),
  async () => new Promise((resolve) => { const w = sink([]); w.on("error", (e) => resolve([e.code, e.message])); w.end(); w.write("x"); }),
  async () => new Promise((resolve) => { const r = new Readable({ read() {} }); r.on("error", (e) => resolve([e.code, e.message])); r.push(null); r.push("x"); }),
  async () => new Promise((resolve) => { const r = new Readable({ read() {} }); r.on("error", (e) => resolve([e.code, e.message])); r.push(5); }),
  () => new Writable().write(null),
  async () => new Promise((resolve) => { const w = new Writable(); w.on("error", (e) => resolve([e.code, e.message])); w.write("a"); }),
  async () => new Promise((resolve) => { const r = new Readable(); r.on("error", (e) => resolve([e.code, e.message])); r.read(); }),
  async () => { const p = new PassThrough(); p.write("a"); p.end("b"); return all(p); },
  async () => { const list = []; Readable.from(["a", "b"]).pipe(upper()).on("data", (c) => list.push(String(c))); await new Promise((r) => setTimeout(r, 5)); return list; },
  async () => all(compose(upper(), new PassThrough()).end("abc")),
  async () => { const [a, b] = duplexPair(); a.end("hi"); return all(b); },
  async () => { const d = new Duplex({ read() { this.push("r"); this.push(null); }, write(c, e, done) { done(); } }); d.end("x"); return all(d); },
  async () => all(Readable.from([1, 2, 3, 4]).filter((x) => x % 2 === 0).map((x) => x * 10)),
  async () => Readable.from([1, 2, 3]).reduce((a, b) => a + b, 0),
  async () => Readable.from([1, 2, 3]).take(2).toArray(),
  async () => [await Readable.from([1, 2]).some((x) => x > 1), await Readable.from([1, 2]).every((x) => x > 1), await Readable.from([1, 2]).find((x) => x > 1)],
  async () => new Promise((resolve) => { const c = new AbortController(); const r = addAbortSignal(c.signal, new Readable({ read() {} })); r.on("error", (e) => resolve([e.name, e.code])); c.abort(); }),
  () => [stream.getDefaultHighWaterMark(false), stream.getDefaultHighWaterMark(true), new Readable().readableHighWaterMark, new Writable({ objectMode: true }).writableHighWaterMark],
  () => [stream.isReadable(new Readable()), stream.isErrored(new Readable()), stream.isDisturbed(new Readable()), stream.isDestroyed?.(new Readable())],
  async () => text(Readable.from(["a", "é"])),
  async () => json(Readable.from(['{"a"', ":1}"])),
  async () => buffer(Readable.from([Buffer.from("x")])),
  async () => arrayBuffer(Readable.from([Buffer.from("x")])),
  async () => (await blob(Readable.from([Buffer.from("xy")]))).size,
  async () => text(new Response("web").body),
  async () => { const list = []; for await (const c of Readable.toWeb(Readable.from(["a", "b"]))) list.push(c); return list; },
  async () => all(Readable.fromWeb(new Response("abc").body)),
  async () => { const list = []; const w = Writable.toWeb(sink(list)).getWriter(); await w.write("a"); await w.close(); return list; },
  async () => { const list = []; const w = Writable.fromWeb(new WritableStream({ write(c) { list.push(c); } })); await new Promise((r) => w.end("x", r)); return list.map(String); },
  async () => { const als = new AsyncLocalStorage(); return als.run(1, async () => { const list = []; for await (const _ of Readable.from(["a"])) list.push(als.getStore()); return list; }); },
  async () => { await using r = Readable.from(["a"]); return typeof r[Symbol.asyncDispose]; },
]);
