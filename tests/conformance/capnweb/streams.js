// Streams over Cap'n Web: chunks of any kind, both ways, ends and errors of both sides, and how much is in flight.
import { RpcStub, RpcTarget } from "capnweb";
import { checks } from "../checks.js";
import { pair, played, settle } from "../sessions.js";

let log = [];
class Main extends RpcTarget {
  async read(stream) { const chunks = []; for await (const c of stream) chunks.push(c); return chunks; }
  async first(stream) { const r = stream.getReader(); const { value } = await r.read(); await r.cancel(new Error("enough")); return value; }
  async unread(stream) { return typeof stream; }
  async failing(stream) { try { for await (const c of stream) log.push(c); } catch (e) { return `${e?.name}: ${e?.message}`; } }
  give(chunks, error) { return new ReadableStream({ start(c) { for (const each of chunks) c.enqueue(each); if (error) c.error(new RangeError(error)); else c.close(); }, cancel(e) { log.push(`cancelled ${e?.message}`); } }); }
  open() { return new ReadableStream({ start(c) { c.enqueue("only"); }, cancel(e) { log.push(`cancelled ${e?.message}`); } }); }
  writable() { return sink(); }
  slow() { return new WritableStream({ async write(c) { await settle(1); log.push(c); }, close() { log.push("closed"); } }); }
  failWrite() { return new WritableStream({ write(c) { if (c === 2) throw new TypeError("not 2"); log.push(c); }, abort(e) { log.push(`aborted ${e?.message}`); } }); }
  failClose() { return new WritableStream({ close() { throw new TypeError("not closed"); } }); }
  async write(stream) { const w = stream.getWriter(); await w.write("a"); await w.write({ b: 1 }); await w.close(); return "written"; }
  async abort(stream) { const w = stream.getWriter(); await w.write("a"); await w.abort(new Error("theirs")); return "aborted"; }
  async drop(stream) { return "dropped"; }
  both() { return { readable: this.give(["x"]), writable: sink() }; }
  echo(v) { return v; }
  function() { return (x) => x + 1; }
}
const sink = () => new WritableStream({ write(c) { log.push(c); }, close() { log.push("closed"); }, abort(e) { log.push(`aborted ${e?.message ?? e}`); } });
const source = (...chunks) => new ReadableStream({ start(c) { for (const each of chunks) c.enqueue(each); c.close(); } });
const all = async (stream) => { const chunks = []; for await (const c of stream) chunks.push(c); return chunks; };
const scene = (act) => async () => {
  log = [];
  const p = pair(new Main());
  let result;
  try {
    result = await Promise.race([act(p.api, p), settle(30).then(() => "(waits)")]);
  } catch (e) {
    result = `threw ${e?.name}: ${e?.message ?? e}`;
  }
  await settle(8);
  const broke = p.client.aborted.length > 0;
  return [result, log, ...(await p.said()).sort(), ...(broke ? [] : [p.near.getStats(), p.far.getStats()])];
};

export default checks({
  "a readable as an argument": scene((api) => api.read(source(1, "two", { three: [3] }, null, undefined))),
  "an empty readable": scene((api) => api.read(new ReadableStream({ async start(c) { await settle(0); c.close(); } }))),
  "bytes": scene(async (api) => (await api.read(source(new Uint8Array([1, 2]), new Uint8Array(3)))).map((b) => [...b])),
  "dates, bigints, errors": scene((api) => api.read(source(new Date(5), 5n, new TypeError("x")))),
  "a readable of bytes": scene((api) => api.read(new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array([65])); c.close(); } })).then((l) => l.map((b) => [...b]))),
  "functions as chunks": scene(async (api) => { const l = await api.read(source((x) => x + 1)); return l.length; }),
  "a readable that fails": scene((api) => api.failing(new ReadableStream({ async start(c) { c.enqueue(1); await settle(1); c.error(new RangeError("mine")); } }))),
  "a readable that fails at once": scene((api) => api.failing(new ReadableStream({ async start(c) { await settle(0); c.error(new RangeError("mine")); } }))),
  "a readable that is not read": scene((api) => api.unread(new ReadableStream({ start(c) { c.enqueue(1); }, cancel(e) { log.push(`cancelled ${e?.message}`); } }))),
  "a readable that is read in part": async (a) => (await scene((api) => api.first(new ReadableStream({ pull(c) { c.enqueue("x"); }, cancel(e) { log.push(`cancelled ${e?.message}`); } })))(a)).slice(0, 2),
  "a locked readable": scene((api) => { const s = source(1); s.getReader(); return api.read(s); }),
  "a readable twice": async (a) => (await scene((api) => { const s = source(1); return api.echo([s, s]); })(a)).slice(0, 2),
  "a readable with what cannot be sent": scene((api) => api.failing(source(1, Symbol("x")))),
  "a readable as a result": scene(async (api) => all(await api.give([1, "two", { three: 3 }]))),
  "a readable as a result that fails": scene(async (api) => { const s = await api.give([1], "theirs"); const r = s.getReader(); try { while (!(await r.read()).done); } catch (e) { return `${e.name}: ${e.message}`; } }),
  "a readable as a result that is cancelled": async (a) => (await scene(async (api) => { const s = await api.open(); await s.cancel(new Error("no more")); return "ok"; })(a)).map((l) => (Array.isArray(l) ? l.length : /reject/.test(l) ? "rejected" : l)),
  "a readable as a result, disposed": async (a) => (await scene(async (api) => { const p = api.open(); const s = await p; p[Symbol.dispose](); return s.locked; })(a)).map((l) => (Array.isArray(l) ? l.length : /reject/.test(l) ? "rejected" : l)),
  "a readable in an object": scene(async (api) => { const o = await api.both(); const r = await all(o.readable); const w = o.writable.getWriter(); await w.write(5); await w.close(); return r; }),
  "a writable as an argument": scene((api) => api.write(sink())),
  "a writable as an argument that is aborted": scene((api) => api.abort(sink())),
  "a writable as an argument that is dropped": scene((api) => api.drop(sink())),
  "a locked writable": scene((api) => { const s = sink(); s.getWriter(); return api.write(s); }),
  "a writable as a result": scene(async (api) => { const w = (await api.writable()).getWriter(); await w.write(1); await w.write({ a: 2 }); await w.close(); return "ok"; }),
  "a writable as a result that is aborted": scene(async (api) => { const w = (await api.writable()).getWriter(); await w.write(1); await w.abort(new TypeError("mine")); return "ok"; }),
  "a writable as a result, disposed": scene(async (api) => { const p = api.writable(); await p; p[Symbol.dispose](); return "ok"; }),
  "a writable whose writes fail": scene(async (api) => { const w = (await api.failWrite()).getWriter(); w.closed.catch((e) => log.push(`closed: ${e.message}`)); await w.write(1); await w.write(2); await settle(); try { await w.write(3); return "no error"; } catch (e) { return e.message; } }),
  "a writable whose close fails": scene(async (api) => { const w = (await api.failClose()).getWriter(); try { await w.close(); return "no error"; } catch (e) { return e.message; } }),
  "writes are not waited for": scene(async (api) => { const w = (await api.slow()).getWriter(); for (let i = 0; i < 5; i++) await w.write(i); log.push("all written"); await w.close(); return "ok"; }),
  "a write of what cannot be sent": scene(async (api) => { const w = (await api.writable()).getWriter(); try { await w.write(Symbol("x")); return "no error"; } catch (e) { return e.message; } }),
  "functions written": scene(async (api) => { const w = (await api.writable()).getWriter(); await w.write({ f: (x) => x * 2 }); await w.close(); return typeof log[0].f; }),
  "a writable that breaks": scene(async (api, p) => { const w = (await api.slow()).getWriter(); w.closed.catch((e) => log.push(`closed: ${e.message}`)); await w.write(1); p.client.fail(new Error("gone")); await settle(); try { await w.write(2); return "no error"; } catch (e) { return e.message; } }),
  "a readable that breaks": scene(async (api, p) => { const s = await api.open(); const r = s.getReader(); await r.read(); const next = r.read().then(({ done }) => `done ${done}`, (e) => e.message); p.client.fail(new Error("gone")); await settle(); return next; }),
  "a readable of a session, back": scene(async (api) => all(await api.echo(source(1, 2)))),
  "a writable of a session, back": scene(async (api) => { const w = (await api.echo(sink())).getWriter(); await w.write("there and back"); await w.close(); return "ok"; }),
  "a transform's ends": scene(async (api) => { const t = new TransformStream(); const r = api.read(t.readable); const w = t.writable.getWriter(); await w.write("a"); await w.write("b"); await w.close(); return await r; }),
  "pipeTo a remote writable": scene(async (api) => { await source("x", "y").pipeTo(await api.writable()); return "ok"; }),
  "a large stream": async () => { const p = pair(new Main()); let i = 0; const l = await p.api.read(new ReadableStream({ pull(c) { if (i++ < 300) c.enqueue(new Uint8Array(10000).fill(i)); else c.close(); } })); return [l.length, l.reduce((n, b) => n + b.length, 0), l[299][0]]; },
  "how much is in flight at first": async () => {
    const p = played(new Main());
    p.api.read(new ReadableStream({ pull(c) { c.enqueue("x".repeat(10000 - 48)); } })).then(() => {}, () => {});
    await settle(20);
    return p.transport.sent.filter((m) => m.startsWith('["stream"')).map((m) => m.length).reduce((n, m) => n + m, 0) > 256 * 1024
      && p.transport.sent.filter((m) => m.startsWith('["stream"')).length;
  },
  "acknowledged, it goes on": async () => {
    const p = played(new Main());
    p.api.read(new ReadableStream({ pull(c) { c.enqueue("x".repeat(10000 - 48)); } })).then(() => {}, () => {});
    await settle(20);
    const before = p.transport.sent.length;
    p.transport.deliver('["resolve",3,["undefined"]]');
    await settle(10);
    const after = p.transport.sent.length;
    p.transport.deliver('["reject",4,["error","TypeError","stop"]]');
    await settle(10);
    const last = p.transport.sent.slice(after);
    return [after > before, last.length < 4, last.at(-1)];
  },
  "here: a readable": async () => await new RpcStub(new Main()).read(source(1, 2)),
  "here: a readable as a result": async () => all(await new RpcStub(new Main()).give([1, 2])),
  "here: a readable that is not read": async () => { log = []; await new RpcStub(new Main()).unread(new ReadableStream({ cancel(e) { log.push(`cancelled ${e?.message}`); } })); await settle(); return log; },
  "played: writes to a pipe": async () => { const p = played(new Main()); return p.ask(["pipe"], ["push", ["pipeline", 0, ["read"], [["readable", 1]]]], ["pull", 2], ["stream", ["pipeline", 1, ["write"], ["a"]]], ["stream", ["pipeline", 1, ["write"], [{ b: 1 }]]], ["stream", ["pipeline", 1, ["close"], []]]).then((l) => l.sort()); },
  "played: a pipe that ends without close": async () => { const p = played(new Main()); return [await p.ask(["pipe"], ["push", ["pipeline", 0, ["failing"], [["readable", 1]]]], ["pull", 2], ["stream", ["pipeline", 1, ["write"], ["a"]]]), await p.ask(["release", 1, 1])]; },
  "played: a pipe that is aborted": async () => { const p = played(new Main()); return p.ask(["pipe"], ["push", ["pipeline", 0, ["failing"], [["readable", 1]]]], ["pull", 2], ["stream", ["pipeline", 1, ["abort"], [["error", "TypeError", "theirs"]]]]).then((l) => l.sort()); },
});
