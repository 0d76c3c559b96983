// Event, EventTarget, AbortController and AbortSignal. Expected lines are what workerd prints.
const tests = [
  () => new Event(),
  () => new Event("a", 5),
  () => { const e = new Event("a", { bubbles: true, cancelable: true, composed: true }); return [e.type, e.bubbles, e.cancelable, e.composed, e.timeStamp, e.isTrusted, e.eventPhase]; },
  () => new CustomEvent("a", { detail: 5 }).detail,
  () => new EventTarget().dispatchEvent(),
  () => new EventTarget().dispatchEvent({}),
  () => new EventTarget().addEventListener("a"),
  () => new EventTarget().addEventListener("a", 5),
  () => new EventTarget().addEventListener("a", () => {}, true),
  () => new EventTarget().addEventListener("a", () => {}, { capture: true }),
  () => { const t = new EventTarget(); t.addEventListener("a", (e) => e.preventDefault()); return t.dispatchEvent(new Event("a", { cancelable: true })); },
  () => { const t = new EventTarget(); const r = []; t.addEventListener("a", function (e) { r.push(this === t, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length); }, { once: true }); t.dispatchEvent(new Event("a")); t.dispatchEvent(new Event("a")); return r; },
  () => { const t = new EventTarget(); let n = 0; t.addEventListener("a", { handleEvent() { n++; } }); t.dispatchEvent(new Event("a")); return n; },
  () => { const t = new EventTarget(); const r = []; const f = () => r.push(1); t.addEventListener("a", f); t.addEventListener("a", f); t.addEventListener("a", (e) => { r.push(2); e.stopImmediatePropagation(); }); t.addEventListener("a", () => r.push(3)); t.dispatchEvent(new Event("a")); t.removeEventListener("a", f); t.dispatchEvent(new Event("a")); return r; },
  () => { const t = new EventTarget(); const c = new AbortController(); let n = 0; t.addEventListener("a", () => n++, { signal: c.signal }); t.dispatchEvent(new Event("a")); c.abort(); t.dispatchEvent(new Event("a")); return n; },
  () => { const e = new ErrorEvent("error", { message: "m", error: 5, lineno: 3 }); return [e.message, e.error, e.lineno, e.filename, e.colno]; },
  () => [new MessageEvent("m", { data: 5 }).data, new MessageEvent("m").data],
  () => { const e = new CloseEvent("c", { code: 5, reason: "x", wasClean: true }); return [e.code, e.reason, e.wasClean]; },
  () => { const c = new AbortController(); c.abort(); return [c.signal.aborted, c.signal.reason.name, c.signal.reason.code, c.signal.reason.message, c.signal.reason instanceof DOMException]; },
  () => { const c = new AbortController(); const r = []; c.signal.onabort = (e) => r.push(e.type, e.isTrusted); c.signal.addEventListener("abort", () => r.push("l")); c.abort(1); c.abort(2); return [...r, c.signal.reason]; },
  () => AbortSignal.abort(5).reason,
  () => AbortSignal.abort().throwIfAborted(),
  () => new AbortSignal(),
  () => AbortSignal.timeout(),
  () => new Promise((r) => { const s = AbortSignal.timeout(1); s.onabort = () => r([s.reason.name, s.reason.message]); }),
  () => AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason,
  () => { const c = new AbortController(); const s = AbortSignal.any([c.signal]); let n = 0; s.addEventListener("abort", () => n++); c.abort(3); return [s.reason, n]; },
  () => AbortSignal.any(5),
  () => AbortSignal.any([5]),
  () => new DOMException("a", "AbortError").code,
  () => Object.prototype.toString.call(new AbortController().signal),
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

// expect: new Event() throws TypeError: Failed to construct 'Event': constructor parameter 1 is not of type 'string'.
// expect: new Event("a", 5) throws TypeError: Failed to construct 'Event': constructor parameter 2 is not of type 'Init'.
// expect: { const e = new Event("a", { bubbles: true, cancelable: true, composed: true }); return [e.type, e.bubbles, e.cancelable, e.composed, e.timeStamp, e.isTrusted, e.eventPhase]; } = ["a",true,true,true,0,false,0]
// expect: new CustomEvent("a", { detail: 5 }).detail = 5
// expect: new EventTarget().dispatchEvent() throws TypeError: Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of type 'Event'.
// expect: new EventTarget().dispatchEvent({}) throws TypeError: Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of type 'Event'.
// expect: new EventTarget().addEventListener("a") throws TypeError: Failed to execute 'addEventListener' on 'EventTarget': parameter 2 is not of type 'function or HandlerObject'.
// expect: new EventTarget().addEventListener("a", 5) throws TypeError: Failed to execute 'addEventListener' on 'EventTarget': parameter 2 is not of type 'function or HandlerObject'.
// expect: new EventTarget().addEventListener("a", () => {}, true) throws TypeError: addEventListener(): useCapture must be false.
// expect: new EventTarget().addEventListener("a", () => {}, { capture: true }) throws TypeError: addEventListener(): options.capture must be false.
// expect: { const t = new EventTarget(); t.addEventListener("a", (e) => e.preventDefault()); return t.dispatchEvent(new Event("a", { cancelable: true })); } = false
// expect: { const t = new EventTarget(); const r = []; t.addEventListener("a", function (e) { r.push(this === t, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length); }, { once: true }); t.dispatchEvent(new Event("a")); t.dispatchEvent(new Event("a")); return r; } = [true,true,true,2,1]
// expect: { const t = new EventTarget(); let n = 0; t.addEventListener("a", { handleEvent() { n++; } }); t.dispatchEvent(new Event("a")); return n; } = 1
// expect: { const t = new EventTarget(); const r = []; const f = () => r.push(1); t.addEventListener("a", f); t.addEventListener("a", f); t.addEventListener("a", (e) => { r.push(2); e.stopImmediatePropagation(); }); t.addEventListener("a", () => r.push(3)); t.dispatchEvent(new Event("a")); t.removeEventListener("a", f); t.dispatchEvent(new Event("a")); return r; } = [1,2,2]
// expect: { const t = new EventTarget(); const c = new AbortController(); let n = 0; t.addEventListener("a", () => n++, { signal: c.signal }); t.dispatchEvent(new Event("a")); c.abort(); t.dispatchEvent(new Event("a")); return n; } = 1
// expect: { const e = new ErrorEvent("error", { message: "m", error: 5, lineno: 3 }); return [e.message, e.error, e.lineno, e.filename, e.colno]; } = ["m",5,3,"",0]
// expect: [new MessageEvent("m", { data: 5 }).data, new MessageEvent("m").data] = [5,null]
// expect: { const e = new CloseEvent("c", { code: 5, reason: "x", wasClean: true }); return [e.code, e.reason, e.wasClean]; } = [5,"x",true]
// expect: { const c = new AbortController(); c.abort(); return [c.signal.aborted, c.signal.reason.name, c.signal.reason.code, c.signal.reason.message, c.signal.reason instanceof DOMException]; } = [true,"AbortError",20,"The operation was aborted",true]
// expect: { const c = new AbortController(); const r = []; c.signal.onabort = (e) => r.push(e.type, e.isTrusted); c.signal.addEventListener("abort", () => r.push("l")); c.abort(1); c.abort(2); return [...r, c.signal.reason]; } = ["abort",true,"l",1]
// expect: AbortSignal.abort(5).reason = 5
// expect: AbortSignal.abort().throwIfAborted() throws AbortError: The operation was aborted
// expect: new AbortSignal() throws TypeError: Illegal constructor
// expect: AbortSignal.timeout() throws TypeError: Failed to execute 'timeout' on 'AbortSignal': parameter 1 is not of type 'number'.
// expect: new Promise((r) => { const s = AbortSignal.timeout(1); s.onabort = () => r([s.reason.name, s.reason.message]); }) = ["TimeoutError","The operation was aborted due to timeout"]
// expect: AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason = 1
// expect: { const c = new AbortController(); const s = AbortSignal.any([c.signal]); let n = 0; s.addEventListener("abort", () => n++); c.abort(3); return [s.reason, n]; } = [3,1]
// expect: AbortSignal.any(5) throws TypeError: Failed to execute 'any' on 'AbortSignal': parameter 1 is not of type 'Array'.
// expect: AbortSignal.any([5]) throws TypeError: Incorrect type for array element 0: the provided value is not of type 'AbortSignal'.
// expect: new DOMException("a", "AbortError").code = 20
// expect: Object.prototype.toString.call(new AbortController().signal) = "[object AbortSignal]"
