// connect() of cloudflare:sockets: addresses, options, the members of a Socket, reading and writing, closing, failing.
import { checks } from "../checks.js";
import { connect } from "cloudflare:sockets";

const host = (env) => new URL(env.UPSTREAM).host;
const encode = (text) => new TextEncoder().encode(text);
const ASK = "GET /status/204 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

// A connection on which that was written.
async function asked(env, text) {
  const socket = connect(host(env));
  const writer = socket.writable.getWriter();
  await writer.write(encode(text));
  return { socket, writer };
}

async function readAll(reader) {
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text;
    text += new TextDecoder().decode(value);
  }
}

// What is not awaited is not unhandled.
function quiet(socket) {
  socket.opened.catch(() => {});
  socket.closed.catch(() => {});
  return socket;
}

export default checks({
  "length and name": () => [connect.length, connect.name],
  "no address": () => connect(),
  "no port": () => connect("nonsense"),
  "nothing": () => connect(""),
  "only a port": () => connect(":80"),
  "a URL": () => connect("http://a/"),
  "a port that is too large": () => connect("localhost:70000"),
  "an object": ({ env }) => String(quiet(connect({ hostname: new URL(env.UPSTREAM).hostname, port: Number(new URL(env.UPSTREAM).port) }))),
  "an object without a port": () => connect({ hostname: "a" }),
  "an object whose port is none": () => connect({ hostname: "a", port: "x" }),
  "an unknown transport": () => connect("localhost:1", { secureTransport: "maybe" }),
  "the class is not a global": () => typeof Socket,
  "the members": ({ env }) => {
    const socket = quiet(connect(host(env)));
    const members = Object.getOwnPropertyNames(Object.getPrototypeOf(socket)).sort();
    return [Object.prototype.toString.call(socket), socket.constructor.name, members, Object.getOwnPropertyNames(socket)];
  },
  "their values": ({ env }) => {
    const socket = quiet(connect(host(env)));
    return [socket.secureTransport, socket.upgraded, String(socket.readable), String(socket.writable),
      socket.opened === socket.opened, socket.closed === socket.closed, socket.readable === socket.readable];
  },
  "opened": async ({ env }) => {
    const socket = connect(host(env));
    const info = await socket.opened;
    await socket.close();
    return [Object.keys(info), typeof info.remoteAddress, info.localAddress ?? null];
  },
  "what is written is answered": async ({ env }) => {
    const { socket } = await asked(env, ASK);
    return (await readAll(socket.readable.getReader())).split("\r\n")[0];
  },
  "a string may be written": async ({ env }) => {
    const socket = connect(host(env));
    await socket.writable.getWriter().write(ASK);
    return (await readAll(socket.readable.getReader())).split("\r\n")[0];
  },
  "into a buffer of the reader's": async ({ env }) => {
    const { socket } = await asked(env, ASK);
    const { value, done } = await socket.readable.getReader({ mode: "byob" }).read(new Uint8Array(8));
    return [new TextDecoder().decode(value), done];
  },
  "closed after the server's end": async ({ env }) => {
    const { socket, writer } = await asked(env, ASK);
    await readAll(socket.readable.getReader());
    return [await socket.closed, await writer.write(new Uint8Array(1)).then(() => "written", String)];
  },
  "closing twice": async ({ env }) => {
    const socket = connect(host(env));
    await socket.opened;
    return [await socket.close(), await socket.close(), await socket.closed];
  },
  "closing before it is open": async ({ env }) => {
    const socket = connect(host(env));
    return [await socket.close(), await socket.opened.then(() => "opened"), await socket.closed];
  },
  "writing after close()": async ({ env }) => {
    const socket = connect(host(env));
    await socket.close();
    await socket.writable.getWriter().write(new Uint8Array(1));
  },
  "reading after close()": async ({ env }) => {
    const socket = connect(host(env));
    await socket.opened;
    await socket.close();
    return socket.readable.getReader().read();
  },
  "nobody there: opened": () => quiet(connect("127.0.0.1:1")).opened,
  "nobody there: closed": () => quiet(connect("127.0.0.1:1")).closed,
  "startTls() without starttls": ({ env }) => quiet(connect(host(env))).startTls(),
  "startTls() of a TLS connection": ({ env }) => quiet(connect(host(env), { secureTransport: "on" })).startTls(),
  "by a Worker that has no handler": async ({ env }) => {
    const code = { compatibilityDate: "2026-01-01", mainModule: "m.js", modules: { "m.js": "export default {}" } };
    return quiet(env.LOADER.load(code).getEntrypoint().connect("a:1")).opened;
  },
});
