// unhandledrejection, rejectionhandled, reportError and the global error event
import { checks } from "../checks.js";
const t = (f) => { try { return f(); } catch (e) { return `${e.constructor.name} ${e.name}: ${e.message}`; } };
const wait = (ms = 1) => new Promise((r) => setTimeout(r, ms));
function listen(type) { const log = []; const f = (e) => { log.push(e); }; addEventListener(type, f); return [log, () => removeEventListener(type, f)]; }

export default checks({
  "handled later": async () => { const [log, off] = listen("unhandledrejection"); const [log2, off2] = listen("rejectionhandled"); const p = Promise.reject(1); await wait(); p.catch(() => {}); await wait(); off(); off2(); return [log.length, log2.map((e) => [e.type, e.promise === p, e.reason, e.cancelable])]; },
  "handled in microtask": async () => { const [log, off] = listen("unhandledrejection"); const p = Promise.reject(1); await null; await null; p.catch(() => {}); await wait(); off(); return log.length; },
  "handled sync": async () => { const [log, off] = listen("unhandledrejection"); Promise.reject(1).catch(() => {}); await wait(); off(); return log.length; },
  "async fn": async () => { const [log, off] = listen("unhandledrejection"); (async () => { throw 5; })(); await wait(); off(); return log.map((e) => e.reason); },
  "prevent": async () => { const log = []; const f = (e) => { e.preventDefault(); log.push(e.defaultPrevented); }; addEventListener("unhandledrejection", f); Promise.reject(1); await wait(); removeEventListener("unhandledrejection", f); return log; },
  "on attr": () => ["onunhandledrejection" in globalThis, "onerror" in globalThis, "onmessage" in globalThis],
  "reportError": () => { const log = []; const f = (e) => { log.push([e.constructor.name, e.type, e.message, e.filename, e.lineno, e.colno, String(e.error), e.cancelable, e.isTrusted]); e.preventDefault(); }; addEventListener("error", f); reportError(new TypeError("r")); reportError(5); reportError(undefined); removeEventListener("error", f); return log; },
  "timer throws": async () => { const [log, off] = listen("error"); setTimeout(() => { throw new Error("tt"); }, 0); await wait(2); off(); return log.map((e) => [e.message, String(e.error)]); },
  "microtask throws": async () => { const [log, off] = listen("error"); queueMicrotask(() => { throw new Error("mt"); }); await wait(2); off(); return log.map((e) => [e.message, String(e.error)]); },
  "the event": async () => {
    const [log, off] = listen("unhandledrejection");
    const p = Promise.reject(new Error("u"));
    await wait();
    off();
    p.catch(() => {});
    return log.map((e) => [e.constructor.name, e.type, e.promise === p, String(e.reason), e.cancelable, e.bubbles, e.isTrusted,
      e.target === globalThis]);
  },
  "several, in order": async () => {
    const [log, off] = listen("unhandledrejection");
    Promise.reject(1);
    Promise.reject(2);
    await wait();
    off();
    return log.map((e) => e.reason);
  },
  "this of a listener": () => {
    let self;
    const f = function () { self = this; };
    addEventListener("x", f);
    dispatchEvent(new Event("x"));
    removeEventListener("x", f);
    return self === globalThis;
  },
  "a listener may settle what is waited for": async () => {
    let resolve;
    const waited = new Promise((r) => { resolve = r; });
    const f = (e) => resolve(e.reason);
    addEventListener("unhandledrejection", f);
    Promise.reject("settled");
    const got = await waited;
    removeEventListener("unhandledrejection", f);
    return got;
  },
  "events need a type": () => [t(() => new Event()), t(() => new CustomEvent()), new Event(undefined).type, new Event(null).type],
});
