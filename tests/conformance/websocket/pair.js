// WebSocketPair with both ends in one Worker: arguments and errors of every method, states, what an end may be used for.
import { checks } from "../checks.js";

function pair(options) {
  const { 0: a, 1: b } = new WebSocketPair();
  a.accept(options);
  b.accept(options);
  return { a, b };
}
const caught = (f) => {
  try {
    return f();
  } catch (e) {
    return `${e.name}: ${e.message}`;
  }
};

export default checks([
  () => typeof WebSocketPair + typeof WebSocket + typeof CloseEvent + typeof MessageEvent,
  () => Object.getOwnPropertyNames(WebSocket.prototype).sort().filter((n) => n !== "constructor"),
  () => Object.prototype.toString.call(new WebSocketPair()[0]) + String(new WebSocketPair()),
  () => Object.keys(new WebSocketPair()[0]),
  () => new WebSocketPair()[0] instanceof EventTarget,
  () => new WebSocketPair()[0].binaryType,
  () => new WebSocketPair()[0].url,
  () => new WebSocketPair()[0].protocol,
  () => new WebSocketPair()[0].extensions,
  () => new WebSocketPair()[0].readyState,
  () => new WebSocketPair()[0].bufferedAmount,
  () => WebSocketPair.name + WebSocketPair.length,
  () => [...new WebSocketPair()].length,
  () => String(new WebSocketPair()[Symbol.iterator]()),
  () => { const i = new WebSocketPair()[Symbol.iterator](); return [i[Symbol.iterator]() === i, i.next().done, i.next().done, i.next()]; },
  () => Object.keys(new WebSocketPair()),
  () => { const { 0: a, 1: b } = new WebSocketPair(); return [a === b, Object.values(new WebSocketPair()).length]; },
  () => { const p = new WebSocketPair(); const [x, y] = p; return [p[0] === x, p[1] === y, p[2]]; },
  () => { const p = new WebSocketPair(); return [delete p[0], p[0]]; },
  () => { class P extends WebSocketPair {} return new P()[0].readyState; },
  () => [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED],
  () => [WebSocket.READY_STATE_CONNECTING, WebSocket.READY_STATE_OPEN, WebSocket.READY_STATE_CLOSING, WebSocket.READY_STATE_CLOSED],
  () => { const { a } = pair(); return [a.OPEN, a.READY_STATE_CLOSED, "CLOSING" in WebSocket.prototype]; },
  // before accept()
  () => new WebSocketPair()[0].send("x"),
  () => new WebSocketPair()[0].send(),
  () => new WebSocketPair()[0].close(),
  () => new WebSocketPair()[0].close(1),
  () => new WebSocketPair()[0].close(undefined, "x"),
  () => new WebSocketPair()[0].close(1000, "a".repeat(124)),
  // accept()
  () => { const { a } = pair(); a.accept(); return a.readyState; },
  () => new WebSocketPair()[0].accept(5),
  () => new WebSocketPair()[0].accept("x"),
  () => new WebSocketPair()[0].accept(null),
  () => new WebSocketPair()[0].accept({}),
  () => { const log = []; new WebSocketPair()[0].accept({ get allowHalfOpen() { log.push("read"); } }); return log; },
  // send()
  () => pair().a.send(),
  () => pair().a.send(Symbol()),
  () => pair().a.send({ toString() { throw new Error("from toString"); } }),
  () => pair().a.send(5),
  () => pair().a.send(new Uint16Array(2)),
  () => pair().a.send(new DataView(new ArrayBuffer(4), 1)),
  () => { const { a } = pair(); a.close(); a.send("y"); },
  () => { const { a } = pair(); a.send("12345"); a.send(new Uint8Array(10)); a.send("é"); return a.bufferedAmount; },
  // close()
  () => [999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 1016, 2000, 2999, 3000, 4999, 5000].map((c) => caught(() => pair().a.close(c))),
  () => pair().a.close(-1),
  () => pair().a.close("1000", 5),
  () => pair().a.close("x"),
  () => pair().a.close(NaN),
  () => pair().a.close(null),
  () => pair().a.close(1e12),
  () => pair().a.close(70536),
  () => pair().a.close(1000.9),
  () => pair().a.close(undefined, "reason"),
  () => pair().a.close(undefined, undefined),
  () => pair().a.close(1000, "a".repeat(123)),
  () => pair().a.close(1000, "a".repeat(124)),
  () => pair().a.close(1000, "é".repeat(62)),
  () => pair().a.close(1, "a".repeat(200)),
  () => { const { a } = pair(); a.close(1000); a.close(1); },
  () => { const { a } = pair(); a.close(1000); a.close(1000); return a.readyState; },
  () => { const log = []; pair().a.close({ valueOf() { log.push("code"); return 1000; } }, { toString() { log.push("reason"); return ""; } }); return log; },
  // binaryType
  () => { const { a } = pair(); a.binaryType = "arraybuffer"; return a.binaryType; },
  () => { const { a } = pair(); a.binaryType = "other"; return a.binaryType; },
  () => { const { a } = pair(); a.binaryType = { toString: () => "arraybuffer" }; return a.binaryType; },
  () => { pair().a.binaryType = Symbol(); },
  // attachments
  () => new WebSocketPair()[0].deserializeAttachment(),
  () => { const { a } = pair(); a.serializeAttachment({ a: [1, null] }); return a.deserializeAttachment(); },
  () => { const { a } = pair(); a.serializeAttachment(new Map([[1, new Date(0)]])); return a.deserializeAttachment().get(1).getTime(); },
  () => { const { a } = pair(); a.serializeAttachment({}); return a.deserializeAttachment() === a.deserializeAttachment(); },
  () => { const { a } = pair(); a.serializeAttachment(undefined); return a.deserializeAttachment(); },
  () => { const { a } = pair(); a.serializeAttachment(null); return a.deserializeAttachment(); },
  () => pair().a.serializeAttachment(),
  () => pair().a.serializeAttachment("a".repeat(16000)),
  () => caught(() => pair().a.serializeAttachment("a".repeat(20000))).slice(0, 65),
  // responses
  () => new Response(null, { status: 101 }),
  () => new Response(null, { status: 101, webSocket: null }),
  () => new Response(null, { webSocket: new WebSocketPair()[0] }),
  () => new Response("x", { status: 101, webSocket: new WebSocketPair()[0] }),
  () => new Response(null, { status: 101, webSocket: {} }),
  () => new Response(null, { status: 101, webSocket: new WebSocketPair() }),
  () => new Response(null, { webSocket: null }).webSocket,
  () => { const p = new WebSocketPair(); const r = new Response(null, { status: 101, webSocket: p[0] }); return [r.status, r.webSocket === p[0], r.body, r.statusText, r.ok]; },
  () => { const p = new WebSocketPair(); const r = new Response(null, { status: 101, webSocket: p[0] }); return new Response(r.body, r).webSocket === p[0]; },
  () => { const p = new WebSocketPair(); const r = new Response(null, { status: 101, webSocket: p[0] }); p[0].accept(); return r.webSocket.readyState; },
  () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }).clone(),
  // the constructor
  () => new WebSocket(),
  () => new WebSocket("x"),
  () => new WebSocket("ftp://x"),
  () => new WebSocket("http://x"),
  () => new WebSocket("ws://x#a"),
  () => new WebSocket("ws://x", ""),
  () => new WebSocket("ws://x", "a b"),
  () => new WebSocket("ws://x", "a,b"),
  () => new WebSocket("ws://x", ["a", "a"]),
  () => new WebSocket("ws://x", ["a", "b,"]),
]);
