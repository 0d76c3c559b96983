// crypto, structuredClone, microtasks, globals. Expected lines are what workerd prints.
const tests = [
  () => crypto.getRandomValues(new Uint8Array(65537)),
  () => crypto.getRandomValues(new Float32Array(1)),
  () => crypto.getRandomValues([]),
  () => crypto.getRandomValues(new Uint8Array(0)).length,
  () => { const a = new Uint32Array(8); return crypto.getRandomValues(a) === a && a.some((x) => x !== 0); },
  () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()),
  () => crypto.randomUUID() !== crypto.randomUUID(),
  () => new Crypto(),
  () => structuredClone(),
  () => structuredClone(1, 5),
  () => structuredClone(() => 1),
  () => { const a = { d: new Date(5), m: new Map([[1, new Set([2])]]), r: /x/g, b: new Uint8Array([1]), n: null, u: undefined, g: 5n }; a.self = a; const c = structuredClone(a); return [c !== a, c.self === c, c.d.getTime(), c.m.get(1).has(2), String(c.r), c.b[0], c.n, "u" in c, String(c.g)]; },
  () => { const e = structuredClone(new RangeError("m")); return [e instanceof RangeError, e.name, e.message]; },
  () => { const b = new ArrayBuffer(5); const c = structuredClone(b, { transfer: [b] }); return [b.byteLength, c.byteLength]; },
  () => structuredClone(1, { transfer: [{}] }),
  () => queueMicrotask(5),
  () => new Promise((r) => queueMicrotask(() => r("ran"))),
  () => navigator.userAgent,
  () => typeof performance.now(),
  () => performance.timeOrigin,
  () => self === globalThis,
  () => origin,
  () => reportError(),
  () => ["Headers", "Request", "Response", "URL", "TextEncoder", "ReadableStream", "AbortSignal", "Blob"].map((n) => Object.keys(globalThis).includes(n)),
  () => ["Headers", "Request", "Response", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "Blob", "File", "FormData", "Event", "EventTarget", "AbortController", "AbortSignal", "Crypto"].map((n) => [n, globalThis[n].name === n, globalThis[n].prototype[Symbol.toStringTag] === n]),
  () => Object.keys(Response.prototype).sort(),
  () => Object.keys(Request.prototype).sort(),
  () => Object.keys(Object.getPrototypeOf(Response.prototype)).sort(),
  () => Object.keys(URL.prototype).sort(),
  () => Object.keys(AbortSignal),
  () => Object.getOwnPropertyDescriptor(Response.prototype, "ok").enumerable,
];

async function line(test) {
  const source = test.toString().replace(/^(async )?\(\) => /, "");
  try {
    const value = await test();
    return `${source} = ${typeof value === "string" ? JSON.stringify(value) : Array.isArray(value) ? JSON.stringify(value) : String(value)}`;
  } catch (e) {
    return `${source} throws ${e?.name}: ${e?.message}`;
  }
}

export default {
  async fetch(request) {
    globalThis.request = request;
    const lines = [];
    for (const test of tests) lines.push(await line(test));
    return new Response(lines.join("\n") + "\n");
  },
};

// expect: crypto.getRandomValues(new Uint8Array(65537)) throws QuotaExceededError: getRandomValues() only accepts buffers of size <= 64K but provided 65537 bytes.
// expect: crypto.getRandomValues(new Float32Array(1)) throws TypeMismatchError: ArrayBufferView argument to getRandomValues() must be an integer-typed view.
// expect: crypto.getRandomValues([]) throws TypeError: Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type 'ArrayBufferView'.
// expect: crypto.getRandomValues(new Uint8Array(0)).length = 0
// expect: { const a = new Uint32Array(8); return crypto.getRandomValues(a) === a && a.some((x) => x !== 0); } = true
// expect: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()) = true
// expect: crypto.randomUUID() !== crypto.randomUUID() = true
// expect: new Crypto() throws TypeError: Illegal constructor
// expect: structuredClone() throws TypeError: Failed to execute 'structuredClone' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'Value'.
// expect: structuredClone(1, 5) throws TypeError: Failed to execute 'structuredClone' on 'ServiceWorkerGlobalScope': parameter 2 is not of type 'StructuredCloneOptions'.
// expect: structuredClone(() => 1) throws DataCloneError: () => 1 could not be cloned.
// expect: { const a = { d: new Date(5), m: new Map([[1, new Set([2])]]), r: /x/g, b: new Uint8Array([1]), n: null, u: undefined, g: 5n }; a.self = a; const c = structuredClone(a); return [c !== a, c.self === c, c.d.getTime(), c.m.get(1).has(2), String(c.r), c.b[0], c.n, "u" in c, String(c.g)]; } = [true,true,5,true,"/x/g",1,null,true,"5"]
// expect: { const e = structuredClone(new RangeError("m")); return [e instanceof RangeError, e.name, e.message]; } = [true,"RangeError","m"]
// expect: { const b = new ArrayBuffer(5); const c = structuredClone(b, { transfer: [b] }); return [b.byteLength, c.byteLength]; } = [0,5]
// expect: structuredClone(1, { transfer: [{}] }) throws TypeError: Object is not transferable
// expect: queueMicrotask(5) throws TypeError: Failed to execute 'queueMicrotask' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'function'.
// expect: new Promise((r) => queueMicrotask(() => r("ran"))) = "ran"
// expect: navigator.userAgent = "Cloudflare-Workers"
// expect: typeof performance.now() = "number"
// expect: performance.timeOrigin = 0
// expect: self === globalThis = true
// expect: origin = "null"
// expect: reportError() throws TypeError: Failed to execute 'reportError' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'Value'.
// expect: ["Headers", "Request", "Response", "URL", "TextEncoder", "ReadableStream", "AbortSignal", "Blob"].map((n) => Object.keys(globalThis).includes(n)) = [false,false,false,false,false,false,false,false]
// expect: ["Headers", "Request", "Response", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "Blob", "File", "FormData", "Event", "EventTarget", "AbortController", "AbortSignal", "Crypto"].map((n) => [n, globalThis[n].name === n, globalThis[n].prototype[Symbol.toStringTag] === n]) = [["Headers",true,true],["Request",true,true],["Response",true,true],["URL",true,true],["URLSearchParams",true,true],["TextEncoder",true,true],["TextDecoder",true,true],["Blob",true,true],["File",true,true],["FormData",true,true],["Event",true,true],["EventTarget",true,true],["AbortController",true,true],["AbortSignal",true,true],["Crypto",true,true]]
// expect: Object.keys(Response.prototype).sort() = ["cf","clone","headers","ok","redirected","status","statusText","type","url","webSocket"]
// expect: Object.keys(Request.prototype).sort() = ["cache","cf","clone","fetcher","headers","integrity","keepalive","method","redirect","signal","url"]
// expect: Object.keys(Object.getPrototypeOf(Response.prototype)).sort() = ["arrayBuffer","blob","body","bodyUsed","bytes","formData","json","text"]
// expect: Object.keys(URL.prototype).sort() = ["hash","host","hostname","href","origin","password","pathname","port","protocol","search","searchParams","toJSON","toString","username"]
// expect: Object.keys(AbortSignal) = ["abort","timeout","any"]
// expect: Object.getOwnPropertyDescriptor(Response.prototype, "ok").enumerable = true
