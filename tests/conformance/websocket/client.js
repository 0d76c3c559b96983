// new WebSocket() and fetch() with an upgrade, to a server: the handshake, messages, closing, servers that refuse.
import { checks } from "../checks.js";

const settle = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));
const at = (env, path) => `${env.UPSTREAM.replace("http", "ws")}/socket/${path}`;
const say = (data) => (typeof data === "string" ? JSON.stringify(data) : Object.prototype.toString.call(data));

function watch(socket, log) {
  let clean = false, ended, failed;
  socket.over = new Promise((resolve) => (ended = resolve));
  socket.failed = new Promise((resolve) => (failed = resolve));
  socket.addEventListener("open", () => log.push(`open ${socket.readyState}`));
  socket.addEventListener("message", (e) => log.push(`message ${say(e.data)}`));
  socket.addEventListener("error", (e) => {
    // after a clean close workerd has one more: see docs/compatibility.md
    if (!clean) log.push(`error ${e.message} ${e.error} ${socket.readyState}`);
    failed();
  });
  socket.addEventListener("close", (e) => {
    log.push(`close ${e.code} ${JSON.stringify(e.reason)} ${e.wasClean} ${socket.readyState}`);
    clean = e.wasClean;
    ended();
  });
  return socket;
}

const messages = (socket, count) => new Promise((resolve) => {
  const all = [];
  socket.addEventListener("message", (e) => {
    if (all.push(e.data) === count) resolve(all);
  });
});
const opened = (socket) => new Promise((resolve) => socket.addEventListener("open", resolve));

// A new WebSocket, what it told, and after that what `then` does with it.
async function connect(env, path, then = () => {}, protocols = undefined) {
  const log = [];
  const socket = watch(new WebSocket(at(env, path), protocols), log);
  await then(socket, log);
  await socket.over;
  await settle();
  return log;
}

const dial = (env, path, init = {}) =>
  fetch(at(env, path).replace("ws", "http"), { ...init, headers: { Upgrade: "websocket", ...init.headers } });
async function dialed(env, path, log = [], init = {}) {
  const { webSocket } = await dial(env, path, init);
  watch(webSocket, log).accept();
  return webSocket;
}
async function saw(env, key) {
  return (await fetch(`${env.UPSTREAM}/saw/${key}`)).json();
}
const failure = async (promise) => {
  try {
    const response = await promise;
    return [response.status, response.webSocket, await response.text()];
  } catch (e) {
    return String(e);
  }
};

// A check that hangs says so.
const timely = (list) => Object.fromEntries(Object.entries(list).map(([name, check]) =>
  [name, (given) => Promise.race([check(given), settle(3000).then(() => "(nothing)")])]));

export default checks(timely({
  "an echo": async ({ env }) => connect(env, "echo", async (s) => { await opened(s); const got = messages(s, 1); s.send("héllo"); await got; s.close(); }),
  "states": async ({ env }) => { const s = new WebSocket(at(env, "echo")); const all = [s.readyState, s.url === at(env, "echo"), s.protocol, s.extensions, s.bufferedAmount]; await opened(s); all.push(s.readyState, s.protocol, s.extensions); s.close(); all.push(s.readyState); await new Promise((r) => s.addEventListener("close", r)); all.push(s.readyState); return all; },
  "send before it is open": ({ env }) => { const s = new WebSocket(at(env, "echo")); s.send("x"); },
  "the open event": async ({ env }) => { const s = new WebSocket(at(env, "echo")); const e = await opened(s); s.close(); return [String(e), e.type, e.isTrusted, e.bubbles, e.cancelable, e.target === s]; },
  "onopen, onmessage, onclose": async ({ env }) => { const log = []; const s = new WebSocket(at(env, "greet")); s.onopen = () => log.push("open"); s.onmessage = (e) => log.push(say(e.data)); await new Promise((resolve) => { s.onclose = (e) => resolve(log.push(e.code)); s.addEventListener("open", () => setTimeout(() => s.close(1000), 50)); }); return log; },
  "bytes, as a Blob": async ({ env }) => { const s = new WebSocket(at(env, "echo")); await opened(s); const got = messages(s, 1); s.send(new Uint8Array([0, 255, 128])); const [data] = await got; s.close(); return [say(data), data.type, new Uint8Array(await data.arrayBuffer())]; },
  "bytes, as an ArrayBuffer": async ({ env }) => { const s = new WebSocket(at(env, "echo")); s.binaryType = "arraybuffer"; await opened(s); const got = messages(s, 2); s.send(new DataView(new ArrayBuffer(3), 1)); s.send(new ArrayBuffer(0)); const all = await got; s.close(); return all; },
  "empty text": async ({ env }) => { const s = new WebSocket(at(env, "echo")); await opened(s); const got = messages(s, 2); s.send(""); s.send("\0"); const all = await got; s.close(); return all; },
  "a server that greets": async ({ env }) => connect(env, "greet", async (s) => { await messages(s, 3); s.close(1000, "enough"); }),
  "the server closes": async ({ env }) => connect(env, "close/4001/because", async (s, log) => { await opened(s); s.send("x"); await s.over; log.push(s.readyState); }),
  "the server closes without a code": async ({ env }) => connect(env, "close/1005", async (s) => { await opened(s); s.send("x"); }),
  "the server closes with 1000": async ({ env }) => connect(env, "close/1000", async (s) => { await opened(s); s.send("x"); }),
  "the server closes with 1011": async ({ env }) => connect(env, "close/1011/oops", async (s) => { await opened(s); s.send("x"); }),
  "what the server hears of close()": async ({ env }) => { await connect(env, "echo?a1", async (s) => { await opened(s); s.close(); }); return saw(env, "a1"); },
  "what the server hears of close(code, reason)": async ({ env }) => { await connect(env, "echo?a2", async (s) => { await opened(s); s.close(4321, "ü".repeat(60)); }); return saw(env, "a2"); },
  "what the server hears of its own close": async ({ env }) => { await connect(env, "close/4001/because?a3", async (s) => { await opened(s); s.send("x"); }); return saw(env, "a3"); },
  "what the server hears of a listener that throws": async ({ env }) => { const log = []; const s = watch(new WebSocket(at(env, "greet?a4")), log); s.addEventListener("message", () => { throw new Error("boom"); }); await s.failed; return [log, await saw(env, "a4")]; },
  "messages before close()": async ({ env }) => connect(env, "echo", async (s) => { await opened(s); s.send("1"); s.send("2"); s.close(3000, "done"); }),
  "send() after close()": async ({ env }) => connect(env, "echo", async (s, log) => { await opened(s); s.close(); try { s.send("x"); } catch (e) { log.push(String(e)); } s.close(); }),
  "close() twice": async ({ env }) => { await connect(env, "echo?a5", async (s) => { await opened(s); s.close(3000, "a"); s.close(3001, "b"); }); return saw(env, "a5"); },
  "close() in onopen": async ({ env }) => connect(env, "echo", async (s) => { s.onopen = () => s.close(3003, "at once"); }),
  "close() before it is open": async ({ env }) => connect(env, "echo", async (s, log) => { s.close(); log.push(s.readyState); }),
  "close() with a bad code": async ({ env }) => { const s = new WebSocket(at(env, "echo")); await opened(s); try { s.close(999); } finally { s.close(); } },
  "accept()": async ({ env }) => { const s = new WebSocket(at(env, "echo")); await opened(s); try { s.accept(); } finally { s.close(); } },
  "the server cuts": async ({ env }) => connect(env, "cut", async (s) => { await opened(s); s.send("x"); }),
  "the server is not there": async () => { const log = []; const s = watch(new WebSocket("ws://127.0.0.1:1/"), log); await s.over; return log; },
  "the server refuses with 403": async ({ env }) => { const log = []; const s = watch(new WebSocket(`${env.UPSTREAM.replace("http", "ws")}/status/403`), log); await s.over; return log; },
  "the server answers 200": async ({ env }) => { const log = []; const s = watch(new WebSocket(`${env.UPSTREAM.replace("http", "ws")}/chunks`), log); await s.over; return log; },
  "the server redirects": async ({ env }) => { const log = []; const s = watch(new WebSocket(`${env.UPSTREAM.replace("http", "ws")}/redirect/302/socket/echo`), log); await s.over; return log; },
  "the error event": async ({ env }) => { const s = new WebSocket(`${env.UPSTREAM.replace("http", "ws")}/status/403`); const e = await new Promise((r) => s.addEventListener("error", r)); return [String(e), e.isTrusted, e.bubbles, e.message, e.filename, e.lineno, e.error instanceof TypeError, s.readyState]; },
  "send() after it failed": async ({ env }) => { const s = new WebSocket(`${env.UPSTREAM.replace("http", "ws")}/status/403`); await new Promise((r) => s.addEventListener("close", r)); const all = []; for (const f of [() => s.send("x"), () => s.close(), () => s.accept()]) { try { all.push(f()); } catch (e) { all.push(String(e)); } } return all; },
  "one subprotocol": async ({ env }) => { const s = new WebSocket(at(env, "protocol/chat"), "chat"); await opened(s); const p = s.protocol; s.close(); return p; },
  "a subprotocol that was not asked for": async ({ env }) => { const s = new WebSocket(at(env, "protocol/other"), ["chat", "superchat"]); await opened(s); const p = s.protocol; s.close(); return p; },
  "subprotocols that the server ignores": async ({ env }) => { const s = new WebSocket(at(env, "told"), ["chat", "superchat"]); const [told] = await messages(s, 1); s.close(); return [JSON.parse(told), s.protocol]; },
  "what new WebSocket() sends": async ({ env }) => { const s = new WebSocket(at(env, "told")); const [told] = await messages(s, 1); s.close(); return JSON.parse(told); },
  "what fetch() sends": async ({ env }) => { const s = await dialed(env, "told", [], { headers: { "x-a": "1", Cookie: "a=b", Authorization: "Basic eDp5", "x-empty": "", "Sec-WebSocket-Protocol": "p, q", Origin: "http://o/" } }); const [told] = await messages(s, 1); s.close(); return JSON.parse(told); },
  "headers of the handshake are not the Worker's": async ({ env }) => { const s = await dialed(env, "told", [], { headers: { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "8", Connection: "close" } }); const [told] = await messages(s, 1); s.close(); return JSON.parse(told).filter(([name]) => name !== "connection"); },
  "credentials in the URL": async ({ env }) => { const s = new WebSocket(at(env, "told").replace("://", "://u:p@")); const [told] = await messages(s, 1); s.close(); return JSON.parse(told); },
  "a query": async ({ env }) => { await connect(env, "echo?q=1&r=%C3%A9", async (s) => { await opened(s); s.close(3001); }); return saw(env, encodeURIComponent("q=1&r=é")); },
  "fetch(): the answer": async ({ env }) => { const r = await dial(env, "protocol/chat"); const all = [r.status, r.statusText, r.body, r.redirected, r.headers.get("sec-websocket-protocol"), r.headers.get("upgrade"), r.webSocket.readyState, r.webSocket.url, r.webSocket.protocol, r.webSocket.extensions]; r.webSocket.accept(); r.webSocket.close(); return all; },
  "fetch(): the answer's headers": async ({ env }) => { const r = await dial(env, "echo"); r.webSocket.accept(); r.webSocket.close(); return [...r.headers].filter(([name]) => name !== "sec-websocket-accept"); },
  "fetch(): an echo": async ({ env }) => { const log = []; const s = await dialed(env, "echo?b1", log); const got = messages(s, 1); s.send("x"); await got; s.close(4000, "bye"); await s.over; return [log, await saw(env, "b1")]; },
  "fetch(): before accept()": async ({ env }) => { const { webSocket: s } = await dial(env, "greet"); try { s.send("x"); } finally { s.accept(); s.close(); } },
  "fetch(): what came before accept()": async ({ env }) => { const { webSocket: s } = await dial(env, "greet"); await settle(); const got = messages(s, 3); s.accept(); const all = (await got).map(say); s.close(); return all; },
  "fetch(): the server closes": async ({ env }) => { const log = []; const s = await dialed(env, "close/4001/because", log); s.send("x"); await s.over; await settle(); return log; },
  "fetch(): the server cuts": async ({ env }) => { const log = []; const s = await dialed(env, "cut", log); s.send("x"); await s.over; await settle(); return log; },
  "fetch(): half open": async ({ env }) => { const log = []; const { webSocket: s } = await dial(env, "close/4001/because?b2"); watch(s, log).accept({ allowHalfOpen: true }); s.send("x"); await s.over; log.push(s.readyState); s.close(4002, "mine"); log.push(s.readyState); return [log, await saw(env, "b2")]; },
  "fetch(): passed on": async ({ env }) => { const r = await dial(env, "echo"); const next = new Response(null, { status: 101, webSocket: r.webSocket }); return [next.webSocket === r.webSocket, next.status]; },
  "fetch(): in small letters and capitals": async ({ env }) => { const r = await fetch(at(env, "echo").replace("ws", "http"), { headers: { upgrade: "WebSocket" } }); return [r.status, r.webSocket]; },
  "fetch(): ws:": async ({ env }) => (await failure(fetch(at(env, "echo"), { headers: { Upgrade: "websocket" } }))).replace(/\d+(?=\/socket)/, "PORT"),
  "fetch(): 403": ({ env }) => failure(fetch(`${env.UPSTREAM}/status/403`, { headers: { Upgrade: "websocket" } })),
  "fetch(): 200 in chunks": ({ env }) => failure(fetch(`${env.UPSTREAM}/chunks`, { headers: { Upgrade: "websocket" } })),
  "fetch(): 200, gzipped": ({ env }) => failure(fetch(`${env.UPSTREAM}/gzip`, { headers: { Upgrade: "websocket" } })),
  "fetch(): 1 MB": async ({ env }) => { const r = await fetch(`${env.UPSTREAM}/bytes/1048576`, { headers: { Upgrade: "websocket" } }); const b = new Uint8Array(await r.arrayBuffer()); return [r.status, b.length, b.every((x, i) => x === (i & 255))]; },
  "fetch(): 204": ({ env }) => failure(fetch(`${env.UPSTREAM}/status/204`, { headers: { Upgrade: "websocket" } })),
  "fetch(): redirected": async ({ env }) => { const r = await fetch(`${env.UPSTREAM}/redirect/302/socket/echo`, { headers: { Upgrade: "websocket" } }); const all = [r.status, r.redirected, r.url.replace(env.UPSTREAM, "")]; r.webSocket.accept(); r.webSocket.close(); return all; },
  "fetch(): POST": ({ env }) => failure(dial(env, "echo", { method: "POST", body: "x" })),
  "fetch(): aborted": async ({ env }) => { const c = new AbortController(); const p = failure(fetch(`${env.UPSTREAM}/never`, { headers: { Upgrade: "websocket" }, signal: c.signal })); await settle(); c.abort(); return p; },
  "1 MB of text": async ({ env }) => { const s = new WebSocket(at(env, "echo")); await opened(s); const got = messages(s, 1); s.send("é".repeat(1 << 19)); const [text] = await got; s.close(); return [text.length, text === "é".repeat(1 << 19)]; },
  "1 MB of bytes": async ({ env }) => { const s = new WebSocket(at(env, "echo")); s.binaryType = "arraybuffer"; await opened(s); const got = messages(s, 1); s.send(Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 7)); const b = new Uint8Array((await got)[0]); s.close(); return [b.length, b.every((x, i) => x === ((i * 7) & 255))]; },
  "2000 messages": async ({ env }) => { const s = new WebSocket(at(env, "echo")); await opened(s); const got = messages(s, 2000); for (let i = 0; i < 2000; i++) s.send(`${i}`.repeat(i % 50)); const all = await got; s.close(); return all.every((text, i) => text === `${i}`.repeat(i % 50)); },
  "many at once": async ({ env }) => { const all = await Promise.all(Array.from({ length: 20 }, async (_, i) => { const s = new WebSocket(at(env, "echo")); await opened(s); const got = messages(s, 1); s.send(`${i}`); const [text] = await got; s.close(); return text; })); return all.join(); },
  "bufferedAmount": async ({ env }) => { const s = new WebSocket(at(env, "echo")); await opened(s); const all = [s.bufferedAmount]; const got = messages(s, 1); s.send("12345"); await got; all.push(s.bufferedAmount); s.close(); return all; },
}));
