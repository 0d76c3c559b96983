// using and await using: order of disposal, errors in it, where it may stand; DisposableStack, AsyncDisposableStack.
import { checks } from "../checks.js";

const log = [];
const logged = async (f) => { log.length = 0; let result; try { result = await f(); } catch (e) { result = show(e); } return [result, [...log]]; };
const show = (e) => (e instanceof SuppressedError ? { error: show(e.error), suppressed: show(e.suppressed) } : (e?.constructor === Error ? e.message : e?.name ?? e));
const resource = (name, fail) => ({ name, [Symbol.dispose]() { log.push(`-${name}`); if (fail) throw new Error(`${name} failed`); } });
const later = (name, fail) => ({ name, async [Symbol.asyncDispose]() { await null; log.push(`-${name}`); if (fail) throw new Error(`${name} failed`); } });

export default checks([
  () => logged(() => { using a = resource("a"), b = resource("b"); log.push("body"); return a.name + b.name; }),
  () => logged(() => { { using a = resource("a"); } log.push("after the block"); }),
  () => logged(() => { using a = null, b = undefined; return [a, b]; }),
  () => logged(() => { using a = {}; }),
  () => logged(() => { using a = 5; }),
  () => logged(() => { using a = resource("a", true); throw new Error("body failed"); }),
  () => logged(() => { using a = resource("a", true); using b = resource("b", true); using c = resource("c"); throw new Error("body failed"); }),
  () => logged(() => { for (using r of [resource("a"), resource("b")]) { log.push(r.name); if (r.name === "b") break; } }),
  () => logged(() => { for (const n of [1, 2, 3]) { using r = resource(n); if (n === 2) continue; log.push(n); } }),
  () => logged(() => { const f = function* () { using a = resource("a"); yield 1; yield 2; }; for (const x of f()) { log.push(x); break; } }),
  () => logged(async () => { await using a = later("a"), b = later("b"); log.push("body"); return "done"; }),
  () => logged(async () => { await using a = resource("sync"); await using b = null; return 1; }),
  () => logged(async () => { await using a = later("a", true); throw new Error("body failed"); }),
  () => logged(async () => { for (await using r of [later("a"), later("b")]) log.push(r.name); }),
  () => logged(async () => { const f = async function* () { await using a = later("a"); yield 1; yield 2; }; for await (const x of f()) break; }),
  () => logged(() => { using a = resource("a"); a = 5; }),
  () => logged(() => { const using = 1, await_ = 2; return using + await_; }),
  () => logged(() => { try { using a = resource("a"); return "returned"; } finally { log.push("finally"); } }),
  () => logged(() => { let o = resource("first"); using a = o; o[Symbol.dispose] = () => log.push("replaced"); }),
  () => [typeof Symbol.dispose, typeof Symbol.asyncDispose, Symbol.dispose.toString()],
  () => { const e = new SuppressedError(1, 2, "m"); return [e.error, e.suppressed, e.message, e.name, e instanceof Error, SuppressedError.length]; },
  () => logged(() => { const s = new DisposableStack(); s.use(resource("a")); s.adopt("v", (v) => log.push(`adopted ${v}`)); s.defer(() => log.push("deferred")); log.push(s.disposed); s.dispose(); s.dispose(); return s.disposed; }),
  () => logged(() => { const s = new DisposableStack(); s.use(resource("a")); const t = s.move(); log.push(s.disposed, t.disposed); t[Symbol.dispose](); }),
  () => { const s = new DisposableStack(); s.dispose(); s.defer(() => 1); },
  () => new DisposableStack().use({}),
  () => new DisposableStack().adopt(1, 5),
  () => logged(() => { using s = new DisposableStack(); s.use(resource("a", true)); s.use(resource("b", true)); }),
  () => logged(async () => { const s = new AsyncDisposableStack(); s.use(later("a")); s.use(resource("b")); s.defer(async () => log.push("deferred")); await s.disposeAsync(); return s.disposed; }),
  () => logged(async () => { await using s = new AsyncDisposableStack(); s.adopt(1, async (v) => { log.push(v); throw new Error("adopted failed"); }); }),
  () => [DisposableStack.prototype[Symbol.toStringTag], DisposableStack.prototype[Symbol.dispose] === DisposableStack.prototype.dispose, AsyncDisposableStack.prototype[Symbol.asyncDispose] === AsyncDisposableStack.prototype.disposeAsync],
  () => logged(() => { const it = (function* () { try { yield 1; } finally { log.push("closed"); } })(); it.next(); it[Symbol.dispose](); return it.next(); }),
  () => typeof Object.getPrototypeOf(Object.getPrototypeOf((async function* () {}).prototype))[Symbol.asyncDispose],
], { messages: false });
