// Which bodies of a request can be sent again when a redirect asks for that.
import { checks } from "../checks.js";

const text = (s) => new TextEncoder().encode(s);
const again = async (env, body, init = {}) => {
  const r = await fetch(`${env.UPSTREAM}/redirect/307/echo`, { method: "POST", body, ...init });
  const seen = await r.json();
  return [seen.method, seen.body.replace(/--[\da-f]{32}/g, "BOUNDARY").replaceAll("\r\n", "|"), seen.headers.map(([name]) => name)];
};
const form = () => {
  const f = new FormData();
  f.set("a", "b");
  f.set("file", new File(["c"], "n.txt", { type: "x/y" }));
  return f;
};
const taken = async (env, make) => {
  const request = make();
  const r = await fetch(request);
  return [(await r.json()).body, request.bodyUsed];
};
const url = (env) => `${env.UPSTREAM}/redirect/308/echo`;

export default checks({
  "text": ({ env }) => again(env, "text \u00e9"),
  "empty text": ({ env }) => again(env, ""),
  "null": ({ env }) => again(env, null),
  "a buffer": ({ env }) => again(env, text("buffer").buffer),
  "a view": ({ env }) => again(env, text("xviewx").subarray(1, 5)),
  "a DataView": ({ env }) => again(env, new DataView(text("data").buffer)),
  "a Blob": ({ env }) => again(env, new Blob(["blo", "b"], { type: "a/b" })),
  "an empty Blob": ({ env }) => again(env, new Blob([])),
  "a File": ({ env }) => again(env, new File(["file"], "n")),
  "a form": ({ env }) => again(env, form()),
  "parameters": ({ env }) => again(env, new URLSearchParams({ a: "b c" })),
  "a Blob's stream": ({ env }) => again(env, new Blob(["blob"]).stream()),
  "an empty Blob's stream": ({ env }) => again(env, new Blob([]).stream()),
  "a Response's body": ({ env }) => again(env, new Response("response").body),
  "a Response's body without any": ({ env }) => again(env, new Response(null).body),
  "a Request's body": ({ env }) => again(env, new Request("http://a/", { method: "POST", body: "request" }).body),
  "a stream that is closed": ({ env }) => again(env, new ReadableStream({ start(c) { c.close(); } })),
  "a stream of bytes": ({ env }) => again(env, new ReadableStream({ type: "bytes", start(c) { c.enqueue(text("b")); c.close(); } })),
  "an identity stream": ({ env }) => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    writer.write(text("i")).catch(() => {});
    writer.close().catch(() => {});
    return again(env, readable);
  },
  "an iterator": ({ env }) => again(env, (function* () { yield text("one"); yield text("two"); })()),
  "a Request": ({ env }) => taken(env, () => new Request(url(env), { method: "POST", body: "of a Request" })),
  "a Request of a Request": ({ env }) => taken(env, () => new Request(new Request(url(env), { method: "POST", body: "twice" }))),
  "a Request with another's body": ({ env }) =>
    taken(env, () => new Request(url(env), { method: "POST", body: new Request("http://a/", { method: "POST", body: "other" }).body })),
  "a clone": ({ env }) => taken(env, () => new Request(url(env), { method: "POST", body: "cloned" }).clone()),
  "what was cloned": async ({ env }) => {
    const request = new Request(url(env), { method: "POST", body: "cloned" }), clone = request.clone();
    return [await fetch(request).then((r) => r.json()).then((j) => j.body), await clone.text()];
  },
  "a body whose stream was looked at": ({ env }) => taken(env, () => {
    const request = new Request(url(env), { method: "POST", body: "looked at" });
    request.body;
    return request;
  }),
  "a buffer that changes meanwhile": ({ env }) => {
    const bytes = text("before");
    const promise = again(env, bytes);
    bytes.fill(120);
    return promise;
  },
});
