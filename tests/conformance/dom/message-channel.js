// MessageChannel and MessagePort.
import { checks } from "../checks.js";

// The data of the next messages of a port, as many as wanted.
const messages = (port, count = 1) => new Promise((resolve) => {
  const got = [];
  port.onmessage = (event) => { got.push(event.data); if (got.length === count) resolve(got); };
});

export default checks([
  () => { const c = new MessageChannel(); return [c.port1 === c.port1, c.port1 !== c.port2, c.port1 instanceof MessagePort, c.port1 instanceof EventTarget, Object.prototype.toString.call(c)]; },
  () => new MessagePort(),
  () => MessageChannel(),
  async () => { const { port1, port2 } = new MessageChannel(); const m = messages(port2); port1.postMessage({ a: [1, new Date(5)] }); return m; },
  async () => { const { port1, port2 } = new MessageChannel(); port1.postMessage(1); port1.postMessage(2); return messages(port2, 2); },
  async () => { const { port1, port2 } = new MessageChannel(); const a = { x: 1 }; const m = messages(port2); port1.postMessage(a); a.x = 2; return m; },
  async () => {
    const { port1, port2 } = new MessageChannel(), order = [];
    const done = new Promise((resolve) => { port2.onmessage = (e) => { order.push(`message ${e.data}`); Promise.resolve().then(() => order.push("micro in message")); if (e.data === 2) setTimeout(resolve, 5); }; });
    setTimeout(() => order.push("timer"), 0);
    port1.postMessage(1);
    port1.postMessage(2);
    Promise.resolve().then(() => order.push("micro"));
    order.push("sync");
    await done;
    return order;
  },
  async () => { const { port1, port2 } = new MessageChannel(); const got = []; port2.addEventListener("message", (e) => got.push(e.data)); port1.postMessage(1); await new Promise((r) => setTimeout(r, 5)); const before = got.length; port2.start(); await new Promise((r) => setTimeout(r, 5)); return [before, got]; },
  async () => {
    const { port1, port2 } = new MessageChannel();
    const event = new Promise((resolve) => { port2.onmessage = resolve; });
    port1.postMessage("x");
    const e = await event;
    return [e.constructor.name, e.type, e.data, e.lastEventId, e.ports, e.target === port2, e.bubbles, e.cancelable];
  },
  async () => { const { port1, port2 } = new MessageChannel(); const m = messages(port2, 1); port1.close(); port1.postMessage(1); const late = new Promise((r) => setTimeout(() => r("nothing"), 5)); return Promise.race([m, late]); },
  async () => { const { port1, port2 } = new MessageChannel(); port1.postMessage(1); port2.close(); const late = new Promise((r) => setTimeout(() => r("nothing"), 5)); return Promise.race([messages(port2), late]); },
  () => new MessageChannel().port1.postMessage(),
  () => new MessageChannel().port1.postMessage(() => 1),
  () => { const b = new ArrayBuffer(4); new MessageChannel().port1.postMessage(b, [b]); return b.byteLength; },
  () => { const b = new ArrayBuffer(4); new MessageChannel().port1.postMessage(b, { transfer: [b] }); return b.byteLength; },
  () => { const { port1, port2 } = new MessageChannel(); port1.postMessage(port2, [port2]); return "sent"; },
  () => { const { port1 } = new MessageChannel(); port1.onmessage = 5; return port1.onmessage; },
  () => { const { port1 } = new MessageChannel(); const f = () => 1; port1.onmessage = f; return port1.onmessage === f; },
  () => new MessageChannel().port1.onmessage,
  () => { const { port1 } = new MessageChannel(); return [port1.start(), port1.close(), port1.close()]; },
  async () => { const { port1, port2 } = new MessageChannel(); port2.onmessage = (e) => port2.postMessage(e.data + 1); const m = messages(port1); port1.postMessage(1); return m; },
  async () => { const { port1, port2 } = new MessageChannel(); const seen = []; port2.onmessage = (e) => { seen.push(e.data); if (e.data === 1) throw new Error("handler"); }; port1.postMessage(1); port1.postMessage(2); await new Promise((r) => setTimeout(r, 5)); return seen; },
  async () => { const { port1, port2 } = new MessageChannel(); const errors = []; port2.onmessageerror = (e) => errors.push(e.type); port2.onmessage = () => 1; port1.postMessage(1); await new Promise((r) => setTimeout(r, 5)); return [errors, "onmessageerror" in MessagePort.prototype]; },
  async () => { const { port1, port2 } = new MessageChannel(); const closed = new Promise((r) => { port2.addEventListener("close", () => r("close")); setTimeout(() => r("no event"), 5); }); port1.close(); return closed; },
  () => structuredClone(new MessageChannel().port1),
]);
