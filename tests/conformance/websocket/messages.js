// What the two ends of a WebSocketPair in one Worker tell each other: order, kinds of data, closing, listeners that throw.
import { checks } from "../checks.js";

const settle = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));

function watch(socket, name, log) {
  const data = (d) => (typeof d === "string" ? JSON.stringify(d) : Object.prototype.toString.call(d));
  socket.addEventListener("open", () => log.push(`${name} open`));
  socket.addEventListener("message", (e) => log.push(`${name} message ${data(e.data)} ${socket.readyState}`));
  socket.addEventListener("close", (e) => log.push(`${name} close ${e.code} ${JSON.stringify(e.reason)} ${e.wasClean} ${socket.readyState}`));
  socket.addEventListener("error", (e) => {
    // after a clean close workerd has one more: see docs/compatibility.md
    if (e.message !== "Uncaught Error: Network connection lost.") log.push(`${name} error ${e.message} ${e.error} ${socket.readyState}`);
  });
}

function pair(options) {
  const { 0: a, 1: b } = new WebSocketPair();
  const log = [];
  watch(a, "a", log);
  watch(b, "b", log);
  if (options?.accept !== false) a.accept(options), b.accept(options);
  return { a, b, log };
}

export default checks({
  "text, bytes and nothing": async () => { const { a, b, log } = pair(); a.send("x"); a.send(new Uint8Array([1, 2])); a.send(""); a.send(new ArrayBuffer(0)); log.push("sent"); await settle(); return log; },
  "binaryType arraybuffer": async () => { const { a, b, log } = pair(); b.binaryType = "arraybuffer"; a.send(new Uint8Array(2)); await settle(); return log; },
  "binaryType set after the send": async () => { const { a, b, log } = pair(); a.send(new Uint8Array(2)); b.binaryType = "arraybuffer"; await settle(); return log; },
  "what else is sent as text": async () => { const { a, log } = pair(); for (const v of [null, undefined, true, 1n, [1, 2], { toString: () => "own" }, new Blob(["x"])]) a.send(v); await settle(); return log; },
  "text outside of Unicode": async () => { const { a, log } = pair(); a.send("\ud800x"); a.send("x\udfff\ud83d\ude00"); a.send("a\0b"); await settle(); return log; },
  "bytes are copied": async () => { const { a, b, log } = pair(); b.binaryType = "arraybuffer"; b.addEventListener("message", (e) => log.push([...new Uint8Array(e.data)])); const u = new Uint8Array([1, 2, 3]); a.send(u.subarray(1)); u.fill(9); await settle(); return log; },
  "a blob": async () => { const { a, b, log } = pair(); b.addEventListener("message", async (e) => log.push([e.data.size, e.data.type, await e.data.text()])); a.send(new Uint8Array([65, 66])); await settle(); return log; },
  "a view": async () => { const { a, b, log } = pair(); b.binaryType = "arraybuffer"; b.addEventListener("message", (e) => log.push(e.data.byteLength)); a.send(new DataView(new ArrayBuffer(5), 1)); a.send(new Float64Array(2)); await settle(); return log; },
  "microtasks between messages": async () => { const { a, b, log } = pair(); b.addEventListener("message", () => { queueMicrotask(() => log.push("micro")); Promise.resolve().then(() => log.push("then")); }); a.send("1"); a.send("2"); queueMicrotask(() => log.push("outer")); await settle(); return log; },
  "both directions": async () => { const { a, b, log } = pair(); a.send("a1"); b.send("b1"); a.send("a2"); b.send("b2"); await settle(); return log; },
  "back and forth": async () => { const { a, b, log } = pair(); let n = 0; a.addEventListener("message", () => { if (n++ < 3) a.send(`${n}`); }); b.addEventListener("message", (e) => b.send(e.data)); a.send("0"); await settle(); return log; },
  "before a timer": async () => { const { a, log } = pair(); setTimeout(() => log.push("timer"), 0); a.send("x"); await settle(); return log; },
  "waits for accept": async () => { const { a, b, log } = pair({ accept: false }); a.accept(); a.send("early"); await settle(); log.push("accept"); b.accept(); log.push("accepted"); await settle(); return log; },
  "nobody listens": async () => { const { a, b, log } = pair(); a.send("x"); await settle(); b.addEventListener("message", (e) => log.push(e.data)); a.send("y"); await settle(); return log; },
  "a listener added after the send": async () => { const { a, b, log } = pair(); a.send("x"); b.addEventListener("message", (e) => log.push(`late ${e.data}`)); await settle(); return log; },
  "bufferedAmount": async () => { const { a, b } = pair({ accept: false }); a.accept(); a.send("12345"); const all = [a.bufferedAmount]; a.send(new Uint8Array(10)); all.push(a.bufferedAmount); b.accept(); await settle(); all.push(a.bufferedAmount); a.close(1000, "abc"); all.push(a.bufferedAmount); return all; },
  "close": async () => { const { a, b, log } = pair(); a.close(); log.push(a.readyState, b.readyState); await settle(); log.push(a.readyState, b.readyState); return log; },
  "close with code and reason": async () => { const { a, b, log } = pair(); a.close(3000, "bye"); await settle(); log.push(a.readyState, b.readyState); return log; },
  "close reason is text": async () => { const { a, log } = pair(); a.close(1000, null); await settle(); return log; },
  "messages before the close": async () => { const { a, log } = pair(); a.send("1"); a.send("2"); a.close(1000); await settle(); return log; },
  "both close": async () => { const { a, b, log } = pair(); a.close(3000, "a"); b.close(3001, "b"); await settle(); log.push(a.readyState, b.readyState); return log; },
  "half open": async () => { const { a, b, log } = pair({ allowHalfOpen: true }); a.close(3000, "bye"); await settle(); log.push(a.readyState, b.readyState); b.send("still"); await settle(); b.close(3001, "also"); await settle(); log.push(a.readyState, b.readyState); return log; },
  "half open, answered at once": async () => { const { a, b, log } = pair({ allowHalfOpen: true }); b.addEventListener("close", () => b.close(4000, "re")); a.close(3000, "bye"); await settle(); log.push(a.readyState, b.readyState); return log; },
  "close() in the close listener": async () => { const { a, b, log } = pair(); b.addEventListener("close", () => log.push(String(b.close(4000, "re")))); a.close(3000, "bye"); await settle(); return log; },
  "send() in the close listener": async () => { const { a, b, log } = pair(); b.addEventListener("close", () => { try { b.send("last"); } catch (e) { log.push(String(e)); } }); a.close(3000); await settle(); return log; },
  "send() after the other's close": async () => { const { a, b, log } = pair(); a.close(1000); await settle(); try { b.send("x"); } catch (e) { log.push(String(e)); } return log; },
  "close of one that waits": async () => { const { a, b, log } = pair({ accept: false }); a.accept(); a.close(1000, "z"); await settle(); log.push(a.readyState, b.readyState); b.accept(); await settle(); log.push(a.readyState, b.readyState); return log; },
  "accept() when it is over": async () => { const { a, b, log } = pair(); a.close(); await settle(); try { log.push(String(b.accept())); } catch (e) { log.push(String(e)); } return log; },
  "a listener throws": async () => { const { a, b, log } = pair(); b.addEventListener("message", () => { throw new Error("boom"); }); b.addEventListener("message", () => log.push("next")); a.send("1"); a.send("2"); await settle(); log.push(b.readyState, a.readyState); return log; },
  "a listener throws a string": async () => { const { a, b, log } = pair(); b.addEventListener("message", () => { throw "text"; }); a.send("1"); await settle(); return log; },
  "an error listener throws": async () => { const { a, b, log } = pair(); b.addEventListener("message", () => { throw new Error("boom"); }); b.addEventListener("error", () => { throw new Error("again"); }); a.send("1"); await settle(); return log; },
  "after a listener threw": async () => { const { a, b } = pair(); b.addEventListener("message", () => { throw new Error("boom"); }); a.send("x"); await settle(); const all = []; for (const s of [a, b]) for (const f of [() => s.send("y"), () => s.close(), () => s.accept()]) { try { all.push(f()); } catch (e) { all.push(String(e)); } } return all; },
  "onmessage": async () => { const { 0: a, 1: b } = new WebSocketPair(); const log = []; b.addEventListener("message", (e) => log.push(`listener ${e.data}`)); b.onmessage = function (e) { log.push(`on ${e.data}`, this === b, arguments.length); }; a.accept(); b.accept(); a.send("x"); await settle(); return log; },
  "onmessage that is no function": async () => { const { 0: a, 1: b } = new WebSocketPair(); const log = []; b.onmessage = { handleEvent: () => log.push("object") }; a.accept(); b.accept(); a.send("x"); await settle(); return [log, typeof b.onmessage, a.onmessage]; },
  "onmessage throws": async () => { const { a, b, log } = pair(); b.onmessage = () => { throw new Error("boom"); }; a.send("x"); await settle(); return log; },
  "onclose": async () => { const { 0: a, 1: b } = new WebSocketPair(); const log = []; b.onclose = (e) => log.push(e.code); a.onclose = (e) => log.push(e.reason); a.accept(); b.accept(); a.close(3456, "r"); await settle(); return log; },
  "on… of any target": () => { const log = []; class T extends EventTarget { onfoo(e) { log.push(e.type); } } new T().dispatchEvent(new Event("foo")); return log; },
  "on… stops the rest": () => { const log = []; const t = new EventTarget(); t.onfoo = (e) => { log.push(1); e.stopImmediatePropagation(); }; t.addEventListener("foo", () => log.push(2)); t.dispatchEvent(new Event("foo")); return log; },
  "on… returns false": () => { const t = new EventTarget(); t.onfoo = () => false; return t.dispatchEvent(new Event("foo", { cancelable: true })); },
  "on… getter throws": () => { class T extends EventTarget { get onfoo() { throw new Error("getter"); } } new T().dispatchEvent(new Event("foo")); },
  "onabort is called once": () => { const log = []; const c = new AbortController(); c.signal.onabort = () => log.push("on"); c.abort(); return log; },
  "dispatched by hand": () => { const { b, log } = pair(); b.dispatchEvent(new MessageEvent("message", { data: "hand" })); return log; },
  "the message event": async () => { const { a, b, log } = pair(); b.addEventListener("message", (e) => log.push([e.target === b, e.currentTarget === b, e.isTrusted, e.bubbles, e.cancelable, e.eventPhase, String(e)])); a.send("x"); await settle(); return log; },
  "the close event": async () => { const { a, b, log } = pair(); b.addEventListener("close", (e) => log.push([e.target === b, e.isTrusted, e.bubbles, String(e), e instanceof CloseEvent])); a.close(); await settle(); return log; },
  "1000 messages": async () => { const { a, b } = pair({ accept: false }); let n = 0; b.addEventListener("message", (e) => { if (e.data === String(n)) n++; }); a.accept(); b.accept(); for (let i = 0; i < 1000; i++) a.send(String(i)); await settle(300); return n; },
  "1 MB": async () => { const { a, b } = pair({ accept: false }); const got = []; b.addEventListener("message", (e) => got.push(e.data.size ?? e.data.length)); a.accept(); b.accept(); a.send("x".repeat(1 << 20)); a.send(new Uint8Array(1 << 20)); await settle(300); return got; },
});
