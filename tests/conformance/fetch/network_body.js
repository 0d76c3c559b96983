// Bodies to and from the network: streams both ways, lengths, pieces, compression, and a body passed on.
import { checks } from "../checks.js";

const get = (env, path, init) => fetch(env.UPSTREAM + path, init);
const bytes = (text) => new TextEncoder().encode(text);
const stream = (...pieces) =>
  new ReadableStream({
    pull(controller) {
      if (pieces.length) controller.enqueue(bytes(pieces.shift()));
      else controller.close();
    },
  });
const told = async (promise) => {
  const { headers, body } = await (await promise).json();
  return [headers, body];
};
const sum = (array) => array.reduce((a, b) => (a + b) % 65521, 0);
const post = (env, body, headers) => told(get(env, "/echo", { method: "POST", body, headers }));
const coded = async (env, path, init) => {
  const r = await get(env, path, init);
  const text = await r.text();
  return [r.headers.get("content-encoding"), r.headers.get("content-length"), text.length, text.slice(0, 20)];
};

export default checks({
  "bytes": async ({ env }) => new Uint8Array(await (await get(env, "/bytes/5")).arrayBuffer()),
  "a large body": async ({ env }) => {
    const all = await (await get(env, "/bytes/3000000")).bytes();
    return [all.length, sum(all)];
  },
  "piece by piece": async ({ env }) => {
    let n = 0, s = 0;
    for await (const piece of (await get(env, "/bytes/1000003")).body) {
      n += piece.length;
      s = (s + sum(piece)) % 65521;
    }
    return [n, s];
  },
  "pieces as they come": async ({ env }) => {
    const pieces = [];
    for await (const piece of (await get(env, "/chunks")).body) pieces.push(new TextDecoder().decode(piece));
    return pieces;
  },
  "json": async ({ env }) => (await (await get(env, "/echo")).json()).method,
  "json of what is none": async ({ env }) => (await get(env, "/chunks")).json().catch((e) => e.name),
  "blob": async ({ env }) => {
    const blob = await (await get(env, "/coded/gzip/16")).blob();
    return [blob.size, blob.type];
  },
  "formData": async ({ env }) => {
    const form = new FormData();
    form.set("a", "1");
    form.set("f", new File(["x"], "n.txt", { type: "t/p" }));
    const r = await get(env, "/mirror", { method: "POST", body: form });
    return (await r.text()).replace(/-+[0-9a-zA-Z]+/g, "BOUNDARY").includes("BOUNDARY");
  },
  "used twice": async ({ env }) => {
    const r = await get(env, "/chunks");
    await r.text();
    return r.text();
  },
  "clone": async ({ env }) => {
    const r = await get(env, "/chunks");
    const copy = r.clone();
    return [await copy.text(), await r.text(), copy.url === r.url, copy.status];
  },
  "tee": async ({ env }) => {
    const [a, b] = (await get(env, "/chunks")).body.tee();
    return [await new Response(a).text(), await new Response(b).text()];
  },
  "through a TransformStream": async ({ env }) => {
    const { readable, writable } = new TransformStream();
    (await get(env, "/chunks")).body.pipeTo(writable);
    return new Response(readable).text();
  },
  "BYOB": async ({ env }) => {
    const reader = (await get(env, "/chunks")).body.getReader({ mode: "byob" });
    const { value } = await reader.readAtLeast(5, new Uint8Array(5));
    return new TextDecoder().decode(value);
  },
  "cancel at once": async ({ env }) => (await get(env, "/watch/a")).body.cancel("enough").then(() => get(env, "/closed/a")).then((r) => r.text()),
  "cancel after a part": async ({ env }) => {
    const r = await get(env, "/watch/b");
    const reader = r.body.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return [new TextDecoder().decode(value), await (await get(env, "/closed/b")).text()];
  },
  "read after cancel": async ({ env }) => {
    const reader = (await get(env, "/first")).body.getReader();
    await reader.cancel();
    return (await reader.read()).done;
  },
  "POST a stream": ({ env }) => post(env, stream("one", "two")),
  "POST a stream of nothing": ({ env }) => post(env, stream()),
  "POST a stream with a content-length": ({ env }) => post(env, stream("one"), { "content-length": "3" }),
  "POST a FixedLengthStream": ({ env }) => {
    const { readable, writable } = new FixedLengthStream(6);
    const writer = writable.getWriter();
    writer.write(bytes("fixed!"));
    writer.close();
    return post(env, readable);
  },
  "POST a TransformStream": ({ env }) => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    writer.write(bytes("a"));
    writer.write(bytes("b"));
    writer.close();
    return post(env, readable);
  },
  "POST an iterator": ({ env }) => post(env, (async function* () { yield bytes("i"); yield bytes("j"); })()),
  "POST a response's body": async ({ env }) => post(env, (await get(env, "/chunks")).body),
  "POST a response's body of known length": async ({ env }) => post(env, (await get(env, "/raw?" + encodeURIComponent("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour"))).body),
  "POST a long string": async ({ env }) => (await post(env, "x".repeat(300000)))[1].length,
  "POST long bytes": async ({ env }) => (await post(env, new Uint8Array(1 << 20).fill(65)))[1].length,
  "POST a long stream": async ({ env }) => {
    let left = 40;
    const source = new ReadableStream({ pull(c) { if (left--) c.enqueue(new Uint8Array(50000)); else c.close(); } });
    return (await (await get(env, "/mirror", { method: "POST", body: source })).bytes()).length;
  },
  "both ways at once": async ({ env }) => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const answer = get(env, "/mirror", { method: "POST", body: readable });
    await writer.write(bytes("ping"));
    const reader = (await answer).body.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    await writer.write(bytes("pong"));
    const second = new TextDecoder().decode((await reader.read()).value);
    await writer.close();
    return [first, second, (await reader.read()).done];
  },
  "a locked stream": ({ env }) => {
    const body = stream("x");
    body.getReader();
    return get(env, "/echo", { method: "POST", body });
  },
  "a stream of strings": ({ env }) =>
    get(env, "/echo", { method: "POST", body: new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } }) }).then((r) => r.status),
  "gzip": ({ env }) => coded(env, "/coded/gzip/160"),
  "gzip, large": ({ env }) => coded(env, "/coded/gzip/1600000"),
  "br": ({ env }) => coded(env, "/coded/br/160"),
  "br, large": ({ env }) => coded(env, "/coded/br/1600000"),
  "deflate is not decoded": async ({ env }) => (await (await get(env, "/coded/deflate/160")).bytes()).length < 100,
  "gzip, piece by piece": async ({ env }) => {
    let n = 0;
    for await (const piece of (await get(env, "/coded/gzip/100000")).body) n += piece.length;
    return n;
  },
  "gzip, whose body passes through a copy": async ({ env }) => {
    const r = await get(env, "/coded/gzip/160");
    return (await new Response(r.body, r).text()).length;
  },
  "gzip, as bytes": async ({ env }) => (await (await get(env, "/coded/gzip/32")).bytes()).length,
  "gzip, cloned": async ({ env }) => {
    const r = await get(env, "/coded/gzip/32");
    return [(await r.clone().text()).length, (await r.text()).length];
  },
  "gzip, HEAD": async ({ env }) => {
    const r = await get(env, "/coded/gzip/32", { method: "HEAD" });
    return [r.headers.get("content-encoding"), await r.text()];
  },
  "gzip that is none": async ({ env }) => (await get(env, "/coded-badly")).text().catch((e) => e.name),
  "gzip, sent on": async ({ env }) => (await post(env, (await get(env, "/coded/gzip/32")).body))[1].length,
  "gzip twice at once": async ({ env }) => {
    const [a, b] = await Promise.all([get(env, "/coded/gzip/64"), get(env, "/coded/gzip/80")]);
    return [(await b.text()).length, (await a.text()).length];
  },
});
