// Servers that break the rules of WebSockets (RFC 6455), in the handshake and after it; and what they may do.
import { checks } from "../checks.js";

const settle = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const at = (env, path) => `${env.UPSTREAM.replace("http", "ws")}/socket/${path}`;
const say = (data) => (typeof data === "string" ? JSON.stringify(data) : `${data.byteLength} bytes`);
const text = (bytes) => encodeURIComponent(String.fromCharCode(...bytes));

// What a new WebSocket tells until it closes, or for a while.
async function hear(env, path, { ms = 300 } = {}) {
  const log = [];
  const socket = new WebSocket(at(env, path));
  socket.binaryType = "arraybuffer";
  let clean = false;
  const over = new Promise((resolve) => {
    socket.addEventListener("close", (e) => {
      clean = e.wasClean;
      resolve(log.push(`close ${e.code} ${JSON.stringify(e.reason)} ${e.wasClean}`));
    });
  });
  socket.addEventListener("open", () => log.push("open"));
  socket.addEventListener("message", (e) => log.push(`message ${say(e.data)}`));
  socket.addEventListener("error", (e) => {
    // after a clean close workerd has one more: see docs/compatibility.md
    if (!clean) log.push(`error ${e.message}`);
  });
  await Promise.race([over, settle(ms)]);
  await settle(20);
  return log;
}
const frames = (...bytes) => ({ env }) => hear(env, `raw?${text(bytes)}`);
const framesCut = (...bytes) => ({ env }) => hear(env, `rawcut?${text(bytes)}`);
const answer = (head) => ({ env }) => hear(env, `answer?${encodeURIComponent(head)}`);
const asked = (path) => async ({ env }) => {
  const r = await fetch(at(env, path).replace("ws", "http"), { headers: { Upgrade: "websocket" } });
  const shown = (await r.text()).replace(/expected '.{28}'/, "expected 'KEY'");
  return [r.status, r.statusText, r.webSocket, shown, [...r.headers]];
};

const FIN = 0x80, CONTINUATION = 0, TEXT = 1, BYTES = 2, CLOSE = 8, PING = 9, PONG = 10;
const bytesOf = (string) => [...new TextEncoder().encode(string)];
const big = (n) => [0x7f, 0, 0, 0, 0, ...[24, 16, 8, 0].map((by) => (n >>> by) & 255)];

export default checks({
  "a wrong sec-websocket-accept": ({ env }) => hear(env, "badkey"),
  "no sec-websocket-accept": ({ env }) => hear(env, "nokey"),
  "no upgrade": ({ env }) => hear(env, "noupgrade"),
  "an extension that was not offered": ({ env }) => hear(env, "extended"),
  "fetch(): a wrong sec-websocket-accept": asked("badkey"),
  "fetch(): no sec-websocket-accept": asked("nokey"),
  "fetch(): no upgrade": asked("noupgrade"),
  "fetch(): another upgrade": asked("otherupgrade"),
  "fetch(): an extension that was not offered": asked("extended"),
  "nothing, and the end": answer(""),
  "half a head": answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso"),
  "a 200 that is cut": answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
  "fetch(): a 200 that is cut": asked(`answer?${encodeURIComponent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")}`),
  "fetch(): 200 until the end": asked(`answer?${encodeURIComponent("HTTP/1.0 200 OK\r\n\r\nabc")}`),
  "fetch(): 403 without a reason": asked(`answer?${encodeURIComponent("HTTP/1.1 403\r\nContent-Length: 2\r\n\r\nno")}`),
  "fetch(): 103 before 404": asked(`answer?${encodeURIComponent("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")}`),
  "the end without a close": framesCut(),
  "a message, and the end": framesCut(FIN | TEXT, 2, 104, 105),
  "half a message, and the end": framesCut(FIN | TEXT, 5, 104, 105),
  "half a head of a frame, and the end": framesCut(FIN | TEXT),
  "pieces": frames(TEXT, 2, 0x68, 0xc3, CONTINUATION, 1, 0xa9, PING | FIN, 0, FIN | CONTINUATION, 1, 33, FIN | CLOSE, 0),
  "pings and pongs": frames(FIN | PING, 3, 1, 2, 3, FIN | PONG, 0, FIN | PONG, 2, 1, 2, FIN | TEXT, 0, FIN | CLOSE, 2, 0x03, 0xe8),
  "lengths that could be shorter": frames(FIN | TEXT, 0x7e, 0, 1, 65, FIN | BYTES, 0x7f, 0, 0, 0, 0, 0, 0, 0, 1, 66, FIN | CLOSE, 2, 0x03, 0xe8),
  "a close with a reason": frames(FIN | CLOSE, 5, 0x0f, 0xa0, ...bytesOf("why")),
  "a masked frame": frames(FIN | TEXT, 0x82, 0, 0, 0, 0, 104, 105),
  "a reserved bit": frames(0xc0 | TEXT, 2, 104, 105),
  "another reserved bit": frames(0xa0 | TEXT, 2, 104, 105),
  "a reserved bit of a ping": frames(0xc0 | PING, 0),
  "an unknown opcode": frames(FIN | 3, 0),
  "an unknown control opcode": frames(FIN | 11, 0),
  "a continuation of nothing": frames(FIN | CONTINUATION, 1, 65),
  "a message within a message": frames(TEXT, 1, 65, FIN | TEXT, 1, 66),
  "a ping in pieces": frames(PING, 1, 65),
  "a ping that is too long": frames(FIN | PING, 0x7e, 0, 126, ...new Array(126).fill(65)),
  "text that is not UTF-8": frames(FIN | TEXT, 2, 0xff, 0xfe),
  "text that ends amid a character": frames(FIN | TEXT, 1, 0xc3),
  "a close amid a message": frames(TEXT, 1, 65, FIN | CLOSE, 0),
  "half a close code": frames(FIN | CLOSE, 1, 3),
  "close code 1005": frames(FIN | CLOSE, 2, 0x03, 0xed),
  "close code 1006": frames(FIN | CLOSE, 2, 0x03, 0xee),
  "close code 999": frames(FIN | CLOSE, 2, 0x03, 0xe7),
  "close code 5000": frames(FIN | CLOSE, 2, 0x13, 0x88),
  "a reason that is not UTF-8": frames(FIN | CLOSE, 3, 0x03, 0xe8, 0xff),
  "a message of 1 GiB": frames(FIN | BYTES, ...big(1 << 30), 1, 2, 3),
  "a message of 33 MiB, in pieces": frames(TEXT, 2, 104, 105, FIN | CONTINUATION, ...big(33 << 20), 65),
  "a message of 2^63 bytes": frames(FIN | BYTES, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0),
  "frames after a close": frames(FIN | CLOSE, 2, 0x03, 0xe8, FIN | TEXT, 1, 65, FIN | CLOSE, 2, 0x0f, 0xa0),
});
