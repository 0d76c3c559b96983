// structuredClone() of proxies: refused without a trap being called, in words that depend on the target.
import { checks } from "../checks.js";

const c = structuredClone;
const traps = new Proxy({}, { get(t, trap) { throw new RangeError(`trap ${trap}`); } });
const p = (target, handler = traps) => c(new Proxy(target, handler));
const revoked = (target) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
class Named { a = 1; }

export default checks([
  () => p({}),
  () => p({ a: 1 }, {}),
  () => p(Object.create(null)),
  () => p([]),
  () => p([1, 2], {}),
  () => p(() => 1),
  () => p(() => 1, {}),
  () => p(function named(a, b) { return a; }),
  () => p(class Of { x = 1; }),
  () => p(async () => 2),
  () => p(Math.max),
  () => p(new Named()),
  () => p(new Map([[1, 2]])),
  () => p(new Set()),
  () => p(new Date(0)),
  () => p(/a/g),
  () => p(new RangeError("e")),
  () => p(Promise.resolve()),
  () => p(new Uint8Array(2)),
  () => p(new ArrayBuffer(2)),
  () => p(new Number(5)),
  () => p(Object(Symbol("s"))),
  () => p(new URL("http://a/")),
  () => p(new Headers()),
  () => p(new DOMException("m")),
  () => p(globalThis),
  () => p({ toString() { return "mine"; } }),
  () => p({ constructor: Named }),
  () => p({ constructor: 5 }),
  () => p({ get constructor() { throw new RangeError("getter"); } }),
  () => p({ [Symbol.toStringTag]: "Tag", constructor: 5 }),
  () => p(new Proxy({}, traps)),
  () => p(new Proxy([], traps)),
  () => p(new Proxy(() => 5, traps)),
  () => c(revoked({})),
  () => c(revoked(() => 1)),
  () => p(revoked({}), {}),
  () => c({ a: new Proxy({}, traps) }),
  () => c([new Proxy([], traps)]),
  () => c(new Map([[1, new Proxy({}, traps)]])),
  () => c({ get a() { return new Proxy(() => 1, {}); } }),
  () => c(Object.create(new Proxy({}, {}), { a: { value: 1, enumerable: true } })),
  () => c(1, { transfer: [new Proxy(new ArrayBuffer(1), {})] }),
  () => c(1, { transfer: new Proxy([], {}) }),
  () => new MessageChannel().port1.postMessage(new Proxy({}, traps)),
]);
