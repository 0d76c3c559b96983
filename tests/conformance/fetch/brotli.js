// Bodies with content-encoding br: decoded when they are read, and encoded when they are a Worker's answer.
import { checks } from "../checks.js";

const get = (env, path, init) => fetch(env.UPSTREAM + path, init);
const raw = (env, bytes, more = "") => {
  const body = encodeURIComponent(String.fromCharCode(...bytes));
  return get(env, `/raw?HTTP/1.1%20200%20OK%0d%0acontent-encoding:%20br%0d%0aconnection:%20close%0d%0a${more}%0d%0a${body}`);
};
// "hello, hello, hello"
const HELLO = [0x0b, 0x09, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x03];
const EMPTY = [0x3b]; // a stream of nothing
const failure = (e) => `${e.name}: ${e.message}`;
const read = (promise) => promise.then((r) => r.text()).catch(failure);

const WORKER = `export default { async fetch(request, env) {
  const url = new URL(request.url), headers = { "content-encoding": url.searchParams.get("coding") ?? "br" };
  if (url.pathname === "/text") return new Response("hello ".repeat(100), { headers });
  if (url.pathname === "/empty") return new Response("", { headers });
  if (url.pathname === "/null") return new Response(null, { headers });
  if (url.pathname === "/manual") return new Response(new Uint8Array(${JSON.stringify(HELLO)}), { headers, encodeBody: "manual" });
  if (url.pathname === "/manual-badly") return new Response("this is not brotli", { headers, encodeBody: "manual" });
  const parts = new ReadableStream({ type: "bytes", async start(c) {
    for (let i = 0; i < 50; i++) c.enqueue(new Uint8Array(1000).fill(i % 7 + 65));
    c.close();
  } });
  return new Response(parts, { headers });
} };`;
const ask = (env, path) => env.LOADER.get("brotli", () => ({
  compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": WORKER },
})).getEntrypoint().fetch(`http://a${path}`);
const told = async (env, path) => {
  const r = await ask(env, path);
  const text = await r.text().catch(failure);
  return [r.headers.get("content-encoding"), text.length, text.slice(0, 40)];
};

export default checks({
  "read as text": async ({ env }) => (await (await get(env, "/coded/br/32")).text()),
  "its header stays": async ({ env }) => (await get(env, "/coded/br/32")).headers.get("content-encoding"),
  "large": async ({ env }) => (await (await get(env, "/coded/br/3200000")).text()).length,
  "piece by piece": async ({ env }) => {
    let n = 0;
    for await (const piece of (await get(env, "/coded/br/100000")).body) n += piece.length;
    return n;
  },
  "cloned": async ({ env }) => {
    const r = await get(env, "/coded/br/32"), copy = r.clone();
    return [await r.text(), await copy.text()];
  },
  "HEAD": async ({ env }) => {
    const r = await get(env, "/coded/br/32", { method: "HEAD" });
    return [r.headers.get("content-encoding"), await r.text()];
  },
  "sent on": async ({ env }) => {
    const { body } = await get(env, "/coded/br/32");
    return JSON.parse(await (await get(env, "/echo", { method: "POST", body })).text()).body;
  },
  "cancelled": async ({ env }) => {
    const reader = (await get(env, "/coded/br/100000")).body.getReader();
    await reader.read();
    return reader.cancel("enough");
  },

  "hello": ({ env }) => read(raw(env, HELLO)),
  "an empty stream": ({ env }) => read(raw(env, EMPTY)),
  "no bytes": ({ env }) => read(raw(env, [])),
  "no bytes, announced": ({ env }) => read(raw(env, [], "content-length:%200%0d%0a")),
  "cut": ({ env }) => read(raw(env, HELLO.slice(0, 12))),
  "cut after one byte": ({ env }) => read(raw(env, HELLO.slice(0, 1))),
  "not brotli": ({ env }) => read(raw(env, [...new TextEncoder().encode("this is not brotli")])),
  "zeroes": ({ env }) => read(raw(env, Array(40).fill(0))),
  "two streams": ({ env }) => read(raw(env, [...HELLO, ...HELLO])),
  "bytes after the end": ({ env }) => read(raw(env, [...HELLO, 0xff, 0xff, 0xff])),
  "BR in capitals": ({ env }) => read(get(env, `/raw?HTTP/1.1%20200%20OK%0d%0acontent-encoding:%20BR%0d%0aconnection:%20close%0d%0a%0d%0aplain`)),
  "br and something else": ({ env }) => read(get(env, `/raw?HTTP/1.1%20200%20OK%0d%0acontent-encoding:%20br,%20gzip%0d%0aconnection:%20close%0d%0a%0d%0aplain`)),

  "a Worker's text": ({ env }) => told(env, "/text"),
  "a Worker's stream": ({ env }) => told(env, "/stream"),
  "a Worker's empty text": ({ env }) => told(env, "/empty"),
  "no body": ({ env }) => told(env, "/null"),
  "encoded by the Worker": ({ env }) => told(env, "/manual"),
  "encoded badly by the Worker": ({ env }) => told(env, "/manual-badly"),
  "BR, from a Worker": ({ env }) => told(env, "/text?coding=BR"),
});
