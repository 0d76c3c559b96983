// The global scope: what its prototypes are, what is where, and what its methods take as this.
import { checks } from "../checks.js";

const P = Object.getPrototypeOf;
const own = (object) => Reflect.ownKeys(object).filter((key) => typeof key === "string").sort();
const UNTOLD = ["Cloudflare", "HTMLRewriter"];

export default checks([
  () => Object.prototype.toString.call(globalThis),
  () => { const names = []; for (let p = P(globalThis); p !== null; p = P(p)) names.push(p.constructor.name); return names; },
  () => [globalThis instanceof ServiceWorkerGlobalScope, globalThis instanceof WorkerGlobalScope, globalThis instanceof EventTarget],
  () => [P(globalThis) === ServiceWorkerGlobalScope.prototype, P(WorkerGlobalScope.prototype) === EventTarget.prototype],
  () => [globalThis.constructor === ServiceWorkerGlobalScope, P(P(globalThis)).constructor === WorkerGlobalScope],
  () => [globalThis.EventTarget === EventTarget, WorkerGlobalScope.prototype.EventTarget === EventTarget],
  () => [P(P(P(globalThis))) === EventTarget.prototype, addEventListener === EventTarget.prototype.addEventListener],
  () => new ServiceWorkerGlobalScope(),
  () => new WorkerGlobalScope(),
  () => WorkerGlobalScope(),
  () => new (P(P(P(globalThis))).constructor)(),
  () => own(P(globalThis)).filter((name) => !UNTOLD.includes(name)),
  () => own(P(P(globalThis))),
  () => own(P(P(P(globalThis)))),
  () => Object.keys(globalThis).filter((name) => !UNTOLD.includes(name)).sort(),
  () => { const names = []; for (const name in globalThis) names.push(name); return names.filter((name) => !UNTOLD.includes(name)).sort(); },
  () => [Object.hasOwn(globalThis, "fetch"), "fetch" in globalThis, Object.hasOwn(globalThis, "crypto")],
  () => { const d = Object.getOwnPropertyDescriptor(P(globalThis), "Response"); return [d.writable, d.enumerable, d.configurable]; },
  () => Object.getOwnPropertyDescriptor(globalThis, "origin"),
  () => { try { origin = 1; } catch (e) { return e.name; } },
  () => { globalThis.atob = 5; const seen = [atob, Object.hasOwn(globalThis, "atob")]; delete globalThis.atob; return [...seen, atob("YQ==")]; },
  () => { const was = P(globalThis).Headers; P(globalThis).Headers = 5; const seen = Headers; P(globalThis).Headers = was; return seen; },
  () => { nowhere = 5; },
  () => { Object.defineProperty(globalThis, "made", { get: () => "got", configurable: true }); const seen = made; delete globalThis.made; return [seen, typeof made]; },
  () => { const p = P(globalThis); Object.setPrototypeOf(globalThis, null); const seen = typeof fetch; Object.setPrototypeOf(globalThis, p); return [seen, typeof fetch]; },

  () => { const seen = []; addEventListener("a", function (e) { seen.push(this === globalThis, e.target === globalThis); }, { once: true }); dispatchEvent(new Event("a")); dispatchEvent(new Event("a")); return seen; },
  () => { const { addEventListener: add, dispatchEvent: send } = globalThis; let n = 0; add("b", () => n++); send(new Event("b")); self.dispatchEvent(new Event("b")); return n; },
  () => addEventListener.call(new EventTarget(), "x", () => {}),
  () => EventTarget.prototype.addEventListener.call(globalThis, "x", () => {}),
  () => EventTarget.prototype.addEventListener.call(undefined, "x", () => {}),
  () => dispatchEvent(5),

  () => [atob.call(null, "YQ=="), atob.call(undefined, "YQ=="), atob.call(globalThis, "YQ==")],
  () => atob.call({}, "YQ=="),
  () => btoa.call("", "a"),
  () => btoa.call(P(globalThis), "a"),
  () => btoa.call(Object.create(globalThis), "a"),
  () => structuredClone.call({}, 5),
  () => queueMicrotask.call({}, () => {}),
  () => reportError.call({}, 5),
  () => setImmediate.call({}, () => {}),
  () => clearImmediate.call({}, 5),
  () => fetch.call({}, "http://a/"),
  () => { const promise = fetch.call({}, "http://a/"); promise.catch(() => {}); return promise instanceof Promise; },
]);
