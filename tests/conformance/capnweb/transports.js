// How sessions of Cap'n Web travel: HTTP batches, WebSockets, MessagePorts, transports of one's own; what ends them.
import {
  RpcSession, RpcTarget, WebSocketTransport, newHttpBatchRpcResponse, newHttpBatchRpcSession, newMessagePortRpcSession,
  newWebSocketRpcSession, newWorkersRpcResponse, newWorkersWebSocketRpcResponse, nodeHttpBatchRpcResponse,
} from "capnweb";
import { checks } from "../checks.js";
import { Api, settle } from "../sessions.js";

const post = (body, init) => new Request("http://a/", { method: "POST", body, ...init });
const shown = async (r) => [r.status, r.statusText, [...r.headers], await r.text()];
const batch = (...messages) => async () => shown(await newHttpBatchRpcResponse(post(messages.map((m) => (typeof m === "string" ? m : JSON.stringify(m))).join("\n")), new Api()));
const call = (name, ...args) => ["push", ["pipeline", 0, [name], args]];
const upgrade = (headers = { Upgrade: "websocket" }) => new Request("http://a/", { headers });
const caught = (f) => f().then((v) => v, (e) => `${e?.name}: ${e?.message}`);
// A WebSocket whose one end a session has; the script has the other.
const socket = (main = new Api()) => {
  const [mine, theirs] = Object.values(new WebSocketPair());
  mine.accept();
  const log = [];
  mine.addEventListener("message", ({ data }) => log.push(typeof data === "string" ? data : `bytes ${data.byteLength ?? data.size}`));
  mine.addEventListener("close", ({ code, reason, wasClean }) => log.push(`close ${code} ${reason} ${wasClean}`));
  theirs.accept();
  const api = newWebSocketRpcSession(theirs, main);
  return { mine, theirs, api, log };
};
const spoken = (...messages) => async () => {
  const { mine, log } = socket();
  for (const m of messages) mine.send(typeof m === "object" && !(m instanceof Uint8Array) ? JSON.stringify(m) : m);
  await settle();
  return log;
};
// A WebSocket of this script's own making.
class FakeSocket extends EventTarget {
  sent = [];
  closed = [];
  readyState = 1;
  send(m) { if (this.broken) throw new Error("cannot send"); this.sent.push(m); }
  close(...a) { this.closed.push(a); }
  say(data) { this.dispatchEvent(new MessageEvent("message", { data })); }
}
const ports = () => {
  const { port1, port2 } = new MessageChannel();
  newMessagePortRpcSession(port1, new Api());
  return { port2, api: newMessagePortRpcSession(port2) };
};

export default checks({
  "a batch": batch(call("add", 2), ["pull", 1]),
  "a batch of two": batch(call("add", 2), ["pull", 1], call("add", 3), ["pull", 2]),
  "a batch that pulls nothing": batch(call("add", 2)),
  "a batch of nothing": batch(),
  "a batch with an error": batch(call("fail", "x"), ["pull", 1]),
  "a batch with a wrong message": async () => caught(() => batch(call("add", 2), ["pull", 1], ["what"])()),
  "a batch with what is no JSON": async () => (await caught(batch("[1"))).replace(/:.*/, ""),
  "a batch that aborts": async () => caught(batch(["abort", ["error", "TypeError", "theirs"]])),
  "a batch with a stub": batch(call("child"), ["pull", 1]),
  "a batch that calls back": batch(call("call", ["export", -1], 5)),
  "a batch whose answer takes a while": batch(call("later", 5), ["pull", 1], call("add", 1), ["pull", 2]),
  "a batch with promises in a result": batch(["push", [[["pipeline", 0, ["later"], [1]], ["pipeline", 0, ["later"], [2]]]]], ["pull", 1]),
  "a batch with options": async () => shown(await newHttpBatchRpcResponse(post([call("fail", "x"), ["pull", 1]].map((m) => JSON.stringify(m)).join("\n")), new Api(), { onSendError: () => { const e = new TypeError("hidden"); delete e.stack; e.stack = undefined; return e; } })),
  "a batch by GET": async () => shown(await newHttpBatchRpcResponse(new Request("http://a/"), new Api())),
  "Workers: a batch": async () => shown(await newWorkersRpcResponse(post('["push",["pipeline",0,["add"],[1]]]\n["pull",1]'), new Api())),
  "Workers: GET": async () => shown(await newWorkersRpcResponse(new Request("http://a/"), new Api())),
  "Workers: PUT": async () => shown(await newWorkersRpcResponse(new Request("http://a/", { method: "PUT", body: "x" }), new Api())),
  "Workers: OPTIONS": async () => shown(await newWorkersRpcResponse(new Request("http://a/", { method: "OPTIONS" }), new Api())),
  "Workers: another upgrade": async () => shown(await newWorkersRpcResponse(upgrade({ Upgrade: "h2c" }), new Api())),
  "Workers: WebSocket": async () => { const r = await newWorkersRpcResponse(upgrade({ Upgrade: "WebSocket" }), new Api()); return [r.status, r.webSocket instanceof WebSocket, [...r.headers]]; },
  "Workers WebSocket: no upgrade": async () => shown(newWorkersWebSocketRpcResponse(new Request("http://a/"), new Api())),
  "Workers WebSocket: a session": async () => {
    const { webSocket } = newWorkersWebSocketRpcResponse(upgrade(), new Api());
    webSocket.accept();
    const api = newWebSocketRpcSession(webSocket);
    const child = await api.child();
    return [await api.add(1), await child.add(5), await api.call((x) => x + 1, 1)];
  },
  "Node: a batch": async () => {
    const handlers = {}, log = [];
    const request = { method: "POST", on(name, f) { handlers[name] = f; } };
    const response = { writeHead: (...a) => log.push(["head", ...a]), end: (t) => log.push(["end", t]) };
    const done = nodeHttpBatchRpcResponse(request, response, new Api(), { headers: { "x-a": "1" } });
    handlers.data(Buffer.from('["push",["pipeline",0,["add"],[1]]]\n'));
    handlers.data(Buffer.from('["pull",1]'));
    handlers.end();
    await done;
    return log;
  },
  "Node: GET": async () => { const log = []; await nodeHttpBatchRpcResponse({ method: "GET" }, { writeHead: (...a) => log.push(a), end: () => log.push("end") }, new Api()); return log; },
  "Node: an error": async () => { const handlers = {}; const done = nodeHttpBatchRpcResponse({ method: "POST", on(name, f) { handlers[name] = f; } }, {}, new Api()); handlers.error(new Error("broken")); return caught(() => done); },
  "a batch client, to an address that is none": async () => { try { return await newHttpBatchRpcSession("what").add(1); } catch (e) { return e.name; } },
  "a batch client": async ({ env }) => {
    const api = newHttpBatchRpcSession(`${env.UPSTREAM}/echo`);
    const r = caught(() => api.add(1));
    return r;
  },
  "a batch client whose answer is an error": async ({ env }) => caught(() => newHttpBatchRpcSession(`${env.UPSTREAM}/status/404`).add(1)),
  "a batch client that is late": async ({ env }) => { const api = newHttpBatchRpcSession(`${env.UPSTREAM}/echo`); await settle(); return caught(() => api.add(1)); },
  "a batch client whose main is disposed": async () => { const api = newHttpBatchRpcSession("http://127.0.0.1:1/"); const r = api.add(1); const q = caught(() => r); api[Symbol.dispose](); return q; },
  "a socket: a call": spoken(call("add", 1), ["pull", 1]),
  "a socket: bytes": async () => { const l = await spoken(new Uint8Array([1, 2]))(); return [l.length, l[0].slice(0, 9), l[1].slice(0, 10)]; },
  "a socket: a wrong message": spoken(["what"]),
  "a socket: what is no JSON": async () => { const l = await spoken("[1")(); return [l.length, l[0].slice(0, 23), l[1].slice(0, 10)]; },
  "a socket: abort": spoken(["abort", ["error", "TypeError", "I go"]]),
  "a socket: abort with a value": spoken(["abort", { a: 1 }]),
  "a socket: abort with a long reason": spoken(["abort", ["error", "TypeError", "x".repeat(200)]]),
  "a socket: abort with a long reason of wide letters": spoken(["abort", ["error", "TypeError", "é".repeat(100)]]),
  "a socket: abort with a long reason of emoji": spoken(["abort", ["error", "TypeError", "a😀".repeat(40)]]),
  "a socket: closed by the peer": async () => { const s = socket(); const r = caught(() => s.api.add(1)); s.mine.close(4001, "bye"); return [await r, await caught(() => s.api.add(2))]; },
  "a socket: closed without a code": async () => { const s = socket(); const r = caught(() => s.api.add(1)); s.mine.close(); return r; },
  "a socket: main disposed": async () => { const s = socket(); s.api[Symbol.dispose](); await settle(); return s.log; },
  "a socket: main disposed with calls in flight": async () => { const s = socket(); const r = caught(() => s.api.add(1)); s.api[Symbol.dispose](); await settle(); return [await r, s.log]; },
  "a socket: closed by this side": async () => { const s = socket(); const r = caught(() => s.api.add(1)); s.theirs.close(1000, "mine"); s.mine.close(1000, "yours"); await settle(); return [await Promise.race([r, settle(5).then(() => "(waits)")]), s.log]; },
  "a socket: its events still come": async () => { const s = socket(); const log = []; s.theirs.addEventListener("message", ({ data }) => log.push(data)); s.mine.send(JSON.stringify(call("add", 1))); await settle(); return log; },
  "a socket: send by this side": async () => { const s = socket(); s.theirs.send("extra"); await settle(); return s.log; },
  "a socket: its binaryType": async () => socket().theirs.binaryType,
  "a socket that was not accepted": async () => { const [a, b] = Object.values(new WebSocketPair()); a.accept(); const api = newWebSocketRpcSession(b, new Api()); return caught(() => api.add(1)); },
  "a socket that is closed": async () => { const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); b.close(); const api = newWebSocketRpcSession(b, new Api()); return caught(() => api.add(1)); },
  "two sessions on a pair": async () => { const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept(); newWebSocketRpcSession(a, new Api()); const api = newWebSocketRpcSession(b, new Api()); return [await api.add(1), await api.call((x) => x, 2)]; },
  "a socket of one's own": async () => {
    const s = new FakeSocket();
    const api = newWebSocketRpcSession(s, new Api());
    const r = api.add(1);
    const q = caught(() => r);
    await settle(1);
    s.say('["resolve",1,7]');
    return [await q, s.sent, s.binaryType];
  },
  "a socket of one's own that connects": async () => {
    const s = new FakeSocket();
    s.readyState = 0;
    const api = newWebSocketRpcSession(s, new Api());
    const q = caught(() => api.add(1));
    await settle(1);
    const before = s.sent.length;
    s.dispatchEvent(new Event("open"));
    return [before, s.sent];
  },
  "a socket of one's own that fails": async () => { const s = new FakeSocket(); const api = newWebSocketRpcSession(s); const q = caught(() => api.add(1)); s.dispatchEvent(new Event("error")); return [await q, s.closed]; },
  "a socket of one's own that closes": async () => { const s = new FakeSocket(); const api = newWebSocketRpcSession(s); const q = caught(() => api.add(1)); s.dispatchEvent(new CloseEvent("close", { code: 1001, reason: "r" })); return [await q, s.closed]; },
  "a socket of one's own that gives a Blob": async () => { const s = new FakeSocket(); const api = newWebSocketRpcSession(s); const q = caught(() => api.add(1)); s.say(new Blob(["x"])); return [await q, s.closed]; },
  "a socket of one's own that cannot send": async () => { const s = new FakeSocket(); s.broken = true; const api = newWebSocketRpcSession(s); return [await caught(() => api.add(1)), s.closed]; },
  "a WebSocketTransport": async () => { const s = new FakeSocket(); const t = new WebSocketTransport(s); t.send("a"); s.say("b"); s.say("c"); const got = [await t.receive(), await t.receive()]; t.abort(new Error("end")); return [s.sent, got, s.closed, await caught(() => t.receive())]; },
  "a WebSocketTransport in a session": async () => { const s = new FakeSocket(); const session = new RpcSession(new WebSocketTransport(s), new Api()); s.say('["push",["pipeline",0,["add"],[4]]]'); s.say('["pull",1]'); await settle(); return s.sent; },
  "ports: a call": async () => { const { api } = ports(); return [await api.add(2), await (await api.child()).add(3), await api.call((x) => x + 1, 1)]; },
  "ports: values": async () => { const { api } = ports(); const v = await api.echo({ d: new Date(5), b: 5n, u: undefined, n: NaN, y: new Uint8Array([1]), a: [[1]] }); return [v.d.getTime(), v.b, "u" in v, v.n, [...v.y], v.a]; },
  "ports: the peer closes": async () => { const { port2, api } = ports(); const q = caught(() => api.never()); await settle(); port2.dispatchEvent(new MessageEvent("message", { data: null })); return q; },
  "ports: main disposed": async () => { const { port1, port2 } = new MessageChannel(); const log = []; port2.onmessage = ({ data }) => log.push(data); const api = newMessagePortRpcSession(port1); api[Symbol.dispose](); await settle(5); return log; },
  "a transport that cannot send": async () => { const api = new RpcSession({ send() { throw new Error("no sending"); }, receive: () => new Promise(() => {}) }).getRemoteMain(); return caught(() => api.add(1)); },
  "a transport that cannot send, later": async () => { const api = new RpcSession({ send: () => Promise.reject(new Error("not sent")), receive: () => new Promise(() => {}) }).getRemoteMain(); return caught(() => api.add(1)); },
  "a transport that cannot receive": async () => { const api = new RpcSession({ send() {}, receive: () => Promise.reject(new Error("nothing comes")) }).getRemoteMain(); return caught(() => api.add(1)); },
  "a transport that throws instead": async () => { const api = new RpcSession({ send() {}, receive() { throw new Error("nothing comes"); } }).getRemoteMain(); return caught(() => api.add(1)); },
  "a transport whose abort throws": async () => { const api = new RpcSession({ send() {}, receive: () => Promise.reject(new Error("x")), abort() { throw new Error("y"); } }).getRemoteMain(); return caught(() => api.add(1)); },
  "a transport is told why": async () => { const log = []; const api = new RpcSession({ send() {}, receive: () => new Promise(() => {}), abort(e) { log.push(e.message); } }).getRemoteMain(); api[Symbol.dispose](); await settle(); return log; },
  "a transport without functions": async () => { try { return await new RpcSession({}).getRemoteMain().add(1); } catch (e) { return e.name; } },
  "its receive is asked one by one": async () => { let open = 0, most = 0; const log = []; const queue = ['["push",["pipeline",0,["add"],[1]]]', '["pull",1]', '["release",1,1]']; const api = new RpcSession({ send(m) { log.push(m); }, async receive() { most = Math.max(most, ++open); await 0; open--; return queue.length ? queue.shift() : new Promise(() => {}); } }, new Api()); await settle(); return [most, log]; },
});
