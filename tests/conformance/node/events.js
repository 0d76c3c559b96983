// node:events: EventEmitter and the functions beside it.
import EventEmitter, * as events from "node:events";
import { inspect } from "node:util";
import { checks } from "../checks.js";

const code = (run) => { try { return run(); } catch (e) { return `${e.name} ${e.code}: ${e.message}`; } };
const later = (run) => setTimeout(run, 1);

export default checks([
  () => Object.keys(events).sort(),
  () => [EventEmitter === events.EventEmitter, EventEmitter.EventEmitter === EventEmitter, EventEmitter.usingDomains, EventEmitter.defaultMaxListeners, EventEmitter.captureRejections],
  () => Object.getOwnPropertyNames(EventEmitter.prototype).sort(),
  () => inspect(new EventEmitter()),
  () => { const e = new EventEmitter(), seen = []; e.on("x", (...a) => seen.push(a)); return [e.emit("x", 1, 2), e.emit("y"), seen]; },
  () => { const e = new EventEmitter(), seen = []; e.once("x", () => seen.push(1)); e.emit("x"); e.emit("x"); return seen; },
  () => { const e = new EventEmitter(), seen = []; e.on("x", () => seen.push("b")); e.prependListener("x", () => seen.push("a")); e.prependOnceListener("x", () => seen.push("0")); e.emit("x"); e.emit("x"); return seen; },
  () => { const e = new EventEmitter(), f = () => {}; e.on("x", f); e.on("x", f); e.off("x", f); return [e.listenerCount("x"), e.listeners("x").length, e.rawListeners("x")[0] === f]; },
  () => { const e = new EventEmitter(), seen = []; e.on("newListener", (n) => seen.push(`+${String(n)}`)); e.on("removeListener", (n) => seen.push(`-${String(n)}`)); const f = () => {}; e.on("a", f); e.removeListener("a", f); return seen; },
  () => { const e = new EventEmitter(); e.on("a", () => {}); e.on(Symbol.for("s"), () => {}); return e.eventNames().map(String); },
  () => { const e = new EventEmitter(); e.on("a", () => {}); e.on("b", () => {}); return [e.removeAllListeners("a") === e, e.eventNames(), e.removeAllListeners().eventNames()]; },
  () => { const e = new EventEmitter(); let self; e.on("x", function () { self = this; }); e.emit("x"); return self === e; },
  () => { const e = new EventEmitter(), seen = []; e.on("x", () => { seen.push(1); e.on("x", () => seen.push(2)); }); e.emit("x"); return seen; },
  () => code(() => new EventEmitter().emit("error", new RangeError("q"))),
  () => code(() => new EventEmitter().emit("error", 5)),
  () => code(() => new EventEmitter().emit("error")),
  () => { const e = new EventEmitter(), seen = []; e.on(events.errorMonitor, (x) => seen.push(x.message)); e.on("error", () => seen.push("error")); e.emit("error", new Error("m")); return seen; },
  () => code(() => new EventEmitter().on("x", 5)),
  () => code(() => new EventEmitter().setMaxListeners(-1)),
  () => code(() => new EventEmitter().setMaxListeners("x")),
  () => new EventEmitter().setMaxListeners(3).getMaxListeners(),
  () => { class E extends EventEmitter { constructor() { super(); this.own = 1; } } const e = new E(); return [e instanceof EventEmitter, e.on("a", () => {}) === e, e.own]; },
  () => { const o = {}; EventEmitter.call(o); return Object.keys(o); },
  async () => { const e = new EventEmitter(); later(() => e.emit("x", 1, 2)); return events.once(e, "x"); },
  async () => { const e = new EventEmitter(); later(() => e.emit("error", new RangeError("q"))); return events.once(e, "x"); },
  async () => { const e = new EventEmitter(); later(() => e.emit("error", 5)); return events.once(e, "error"); },
  async () => events.once(new EventEmitter(), "x", { signal: AbortSignal.abort() }),
  async () => { const t = new EventTarget(); later(() => t.dispatchEvent(new Event("x"))); return (await events.once(t, "x")).map((e) => e.type); },
  async () => { const e = new EventEmitter(); later(() => { e.emit("x", 1); e.emit("x", 2); }); const seen = []; for await (const [v] of events.on(e, "x")) { seen.push(v); if (v === 2) break; } return [seen, e.listenerCount("x")]; },
  async () => { const e = new EventEmitter(); later(() => e.emit("error", new RangeError("q"))); for await (const _ of events.on(e, "x")); },
  async () => { const c = new AbortController(); later(() => c.abort()); for await (const _ of events.on(new EventEmitter(), "x", { signal: c.signal })); },
  async () => { const e = new EventEmitter({ captureRejections: true }); const p = new Promise((resolve) => e.on("error", (x) => resolve(x.message))); e.on("x", async () => { throw new Error("late"); }); e.emit("x"); return p; },
  async () => { const e = new EventEmitter({ captureRejections: true }); const p = new Promise((resolve) => { e[Symbol.for("nodejs.rejection")] = (x, n, ...a) => resolve([x.message, n, a]); }); e.on("x", async () => { throw new Error("late"); }); e.emit("x", 1); return p; },
  () => code(() => new EventEmitter({ captureRejections: 5 })),
  () => { const e = new EventEmitter(), f = () => {}; e.once("x", f); return [events.getEventListeners(e, "x").length, events.listenerCount(e, "x"), e.listenerCount("x", f)]; },
  () => { const e = new EventEmitter(); events.setMaxListeners(5, e); return [events.getMaxListeners(e), e.getMaxListeners()]; },
  () => { const c = new AbortController(), seen = []; events.addAbortListener(c.signal, () => seen.push("abort")); c.abort(); return seen; },
  () => { const c = new AbortController(), seen = []; events.addAbortListener(c.signal, () => seen.push("abort"))[Symbol.dispose](); c.abort(); return seen; },
  () => code(() => events.addAbortListener(5, () => {})),
  () => { const e = new events.EventEmitterAsyncResource({ name: "q" }); let seen; e.on("x", (v) => { seen = v; }); e.emit("x", 4); return seen; },
]);
