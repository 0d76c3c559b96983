// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: objects of the platform as arguments and results: Headers, Request, Response, Blob, File, DOMException.
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

export class Main extends WorkerEntrypoint {
  echo(value) {
    return value;
  }
  kind(value) {
    return `${value?.constructor?.name} ${Object.prototype.toString.call(value)}`;
  }
  async readText(body) {
    return await body.text();
  }
  headersOf(value) {
    return [...value.headers];
  }
  setHeader(headers, name) {
    headers.append(name, "set");
    return headers;
  }
  async tell(request) {
    return [request.method, request.url, [...request.headers], await request.text()];
  }
  response(text, init) {
    return new Response(text, init);
  }
  request(url, init) {
    return new Request(url, init);
  }
  nested() {
    return { list: [new Response("one"), new Response("two")], blob: new Blob(["three"]) };
  }
  redirect() {
    return Response.redirect("http://a/b", 302);
  }
  used() {
    const response = new Response("x");
    response.text();
    return response;
  }
  failing() {
    return Response.error();
  }
  sharedStream() {
    const response = new Response("shared");
    return { a: response, b: response };
  }
}
const e = ({ env }, value) => env.SELF.echo(value);
const stream = (...parts) => new ReadableStream({
  start(controller) {
    for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
    controller.close();
  },
});

export default checks([
  async (t) => { const h = await e(t, new Headers({ "X-A": "1", b: "2" })); return [h instanceof Headers, [...h]]; },
  async (t) => { const h = new Headers(); h.append("set-cookie", "a=1"); h.append("set-cookie", "b=2"); h.append("x", "1"); h.append("x", "2"); const k = await e(t, h); return [k.getSetCookie(), k.get("x"), [...k]]; },
  async (t) => [...(await e(t, new Headers()))],
  async (t) => { const h = new Headers({ a: "1" }); const k = await t.env.SELF.setHeader(h, "a"); return [h.get("a"), k.get("a")]; },
  async (t) => { const k = await e(t, new Headers({ a: "1" })); k.set("a", "2"); return k.get("a"); },
  async (t) => { const k = await e(t, new Response("", { headers: { a: "1" } })); k.headers.set("a", "2"); return k.headers.get("a"); },
  async (t) => { const k = await e(t, new Request("http://a/", { headers: { a: "1" } })); k.headers.set("a", "2"); return k.headers.get("a"); },
  async (t) => { const r = await e(t, new Request("http://a/b?c#d", { method: "POST", body: "text", headers: { x: "y" } })); return [r instanceof Request, r.method, r.url, r.headers.get("x"), r.headers.get("content-type"), await r.text()]; },
  async (t) => { const r = await e(t, new Request("http://a/", { redirect: "manual", cf: { a: 1, b: [2] }, cache: "no-store" })); return [r.redirect, r.cf, r.cache, r.body]; },
  async (t) => { const r = await e(t, new Request("http://a/", { integrity: "", keepalive: true })); return [r.integrity, r.keepalive, r.signal.aborted, r.fetcher === null]; },
  async ({ env }) => await env.SELF.tell(new Request("http://a/", { method: "PUT", body: "héllo" })),
  async ({ env }) => await env.SELF.tell(new Request("http://a/", { method: "FOO" })),
  async ({ env }) => await env.SELF.tell(new Request("http://a/", { method: "POST", body: stream("a", "bc") })),
  async ({ env }) => await env.SELF.tell(new Request("http://a/", { method: "POST", body: new URLSearchParams("a=b c") })),
  async ({ env }) => (await env.SELF.tell(new Request("http://a/", { signal: new AbortController().signal })))[0],
  async ({ env }) => (await env.SELF.tell(new Request("http://a/", { signal: AbortSignal.abort() })))[0],
  async (t) => { const r = await e(t, new Response("x", { headers: { "content-encoding": "gzip" } })); return r.headers.get("content-encoding"); },
  async (t) => (await e(t, [new Response("a"), new Response("b")])).map((r) => r.status),
  async ({ request, env }) => { const [method, url, headers, text] = await env.SELF.tell(request); return [method, new URL(url).pathname, headers.length > 0, text]; },
  async ({ env }) => { const r = new Request("http://a/", { method: "POST", body: "x" }); const p = env.SELF.tell(r); return [r.bodyUsed, (await p)[3], r.bodyUsed]; },
  async ({ env }) => { const r = new Request("http://a/", { method: "POST", body: "x" }); await r.text(); return await env.SELF.tell(r); },
  async ({ env }) => { const r = new Request("http://a/", { method: "POST", body: "x" }); r.body.getReader(); return await env.SELF.tell(r); },
  async ({ env }) => { const r = new Request("http://a/", { method: "POST", body: "x" }); const k = r.clone(); return [(await env.SELF.tell(r))[3], (await env.SELF.tell(k))[3]]; },
  async ({ env }) => { const r = await env.SELF.request("http://a/", { method: "POST", body: "given" }); return [r.url, r.method, await r.text()]; },
  async (t) => { const r = await e(t, new Response("text", { status: 201, statusText: "Made", headers: { x: "y" } })); return [r instanceof Response, r.status, r.statusText, r.ok, r.headers.get("x"), r.headers.get("content-type"), await r.text()]; },
  async (t) => { const r = await e(t, new Response(null, { status: 204 })); return [r.status, r.body]; },
  async (t) => { const r = await e(t, new Response("")); return [r.body === null, await r.text()]; },
  async (t) => { const r = await e(t, new Response("x", { cf: { a: 1 }, encodeBody: "manual" })); return [r.cf, r.encodeBody, r.url, r.redirected, r.type]; },
  async (t) => { const r = await e(t, new Response(new Uint8Array([0, 255, 10]))); return new Uint8Array(await r.arrayBuffer()); },
  async (t) => { const r = await e(t, new Response(stream("a", "b", "c"))); return await r.text(); },
  async (t) => (await e(t, Response.json({ a: [1] }))).json(),
  async ({ env }) => { const r = await env.SELF.response("mine", { status: 404 }); return [r.status, await r.text()]; },
  async ({ env }) => { const r = await env.SELF.redirect(); return [r.status, r.headers.get("location")]; },
  async ({ env }) => (await env.SELF.failing()).type,
  async ({ env }) => (await env.SELF.used()).status,
  async ({ env }) => { const r = new Response("x"); await env.SELF.kind(r); return r.bodyUsed; },
  async ({ env }) => { const r = await env.SELF.response("x", {}); const k = r.clone(); return [await r.text(), await k.text()]; },
  async ({ env }) => { const o = await env.SELF.nested(); return [await o.list[1].text(), await o.list[0].text(), await o.blob.text()]; },
  async ({ env }) => { const o = await env.SELF.sharedStream(); return [o.a === o.b, await o.a.text()]; },
  async ({ env }) => await env.SELF.readText(new Response("read there")),
  async ({ env }) => await env.SELF.readText(new Blob(["blob ", "there"])),
  async ({ env }) => await env.SELF.headersOf(new Response("x", { headers: { b: "2", a: "1" } })),
  async ({ env }) => { const r = await env.SELF.response("x".repeat(300000), {}); return (await r.text()).length; },
  async ({ env }) => (await env.SELF.readText(new Response("y".repeat(300000)))).length,
  async (t) => { const b = await e(t, new Blob(["abc", new Uint8Array([33])], { type: "text/x" })); return [b instanceof Blob, b.size, b.type, await b.text()]; },
  async (t) => { const b = await e(t, new Blob(["abcdef"]).slice(1, 3, "t/u")); return [b.size, b.type, await b.text()]; },
  async (t) => (await e(t, new Blob([]))).size,
  async (t) => (await e(t, new Blob(["z".repeat(200000)]))).size,
  async (t) => await e(t, new File(["abc"], "n.txt")),
  async (t) => await e(t, AbortSignal.abort()),
  async (t) => { const b = new Blob(["a"]); const [x, y] = await e(t, [b, b]); return x === y; },
  async (t) => { const d = await e(t, new DOMException("m", "AbortError")); return [d instanceof DOMException, d.name, d.message, d.code]; },
  async (t) => { const d = await e(t, new DOMException("m", "MyOwn")); return [d.name, d.message, d.code]; },
  async (t) => { const d = await e(t, { d: new DOMException("m", "DataCloneError") }); return [d.d instanceof DOMException, d.d.code]; },
  async ({ env }) => [await env.SELF.kind(new Headers()), await env.SELF.kind(new Request("http://a/")), await env.SELF.kind(new Response("")), await env.SELF.kind(new Blob([]))],
  async ({ env }) => [await env.SELF.kind(new ReadableStream()), await env.SELF.kind(new WritableStream()), await env.SELF.kind(new DOMException("x"))],
  async ({ env }) => await env.SELF.kind(env.PEER),
  async (t) => { const h = new Headers({ a: "b" }); const [x, y] = await e(t, [h, h]); return [x === y, x.get("a")]; },
  async (t) => { const m = await e(t, new Map([[new Headers({ a: "b" }), new Headers({ c: "d" })]])); return [...m].map(([k, v]) => [k.get("a"), v.get("c")]); },
  async (t) => { class H extends Headers {} const h = await e(t, new H({ a: "b" })); return [h.constructor.name, h.get("a")]; },
  async (t) => { const h = await e(t, Object.assign(new Headers({ a: "b" }), { extra: 1 })); return h.extra; },
  async ({ env }) => await env.SELF.response("x", {}).status,
  async ({ env }) => await env.SELF.response("x", {}).text(),
]);
