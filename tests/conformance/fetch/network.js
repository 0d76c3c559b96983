// fetch() to the network: methods, URLs, headers as they are sent and as they come back, bodies that are null.
import { checks } from "../checks.js";

const get = (env, path, init) => fetch(env.UPSTREAM + path, init);
const echo = async (env, init, path = "/echo") => (await get(env, path, init)).json();
const told = async (env, init) => {
  const { method, headers, body } = await echo(env, init);
  return [method, headers, body];
};
const all = async (env, init) => (await get(env, "/all", init)).json();
const shape = async (env, path, init) => {
  const r = await get(env, path, init);
  return [r.status, r.statusText, r.ok, r.type, r.redirected, r.body === null, await r.text()];
};

export default checks({
  "a plain GET": ({ env }) => echo(env),
  "the promise is of a Response": async ({ env }) => (await get(env, "/echo")) instanceof Response,
  "fetch is a function of the global scope": () => [typeof fetch, fetch.name, typeof globalThis.fetch],
  "without arguments": () => fetch(),
  "undefined as URL": () => fetch(undefined),
  "query and fragment": async ({ env }) => (await echo(env, {}, "/echo?a=b%20c&d#frag")).url,
  "path as it is": async ({ env }) => (await echo(env, {}, "/echo/./a/../b/%2e%2e/%zz//")).url,
  "characters to be escaped": async ({ env }) => (await echo(env, {}, "/echo/ä b?ü=\"'<>")).url,
  "URL object": async ({ env }) => (await (await fetch(new URL("/echo?u", env.UPSTREAM))).json()).url,
  "object with toString": async ({ env }) => (await (await fetch({ toString: () => `${env.UPSTREAM}/echo?t` })).json()).url,
  "Request": async ({ env }) => (await (await fetch(new Request(`${env.UPSTREAM}/echo?r`))).json()).url,
  "Request and init": async ({ env }) => {
    const request = new Request(`${env.UPSTREAM}/echo`, { headers: { a: "1" }, method: "POST", body: "x" });
    const { method, headers, body } = await (await fetch(request, { method: "PUT", headers: { b: "2" } })).json();
    return [method, headers, body, request.bodyUsed];
  },
  "Request is used up": async ({ env }) => {
    const request = new Request(`${env.UPSTREAM}/echo`, { method: "POST", body: "x" });
    await fetch(request);
    return fetch(request);
  },
  "a used Request with another body": async ({ env }) => {
    const request = new Request(`${env.UPSTREAM}/echo`, { method: "POST", body: "x" });
    await request.text();
    return (await (await fetch(request, { body: "y" })).json()).body;
  },
  "a Request without a body twice": async ({ env }) => {
    const request = new Request(`${env.UPSTREAM}/echo`);
    return [(await fetch(request)).status, (await fetch(request)).status];
  },
  "relative": () => fetch("/x"),
  "empty": () => fetch(""),
  "no host": () => fetch("http://"),
  "unknown scheme": () => fetch("foo://bar"),
  "ftp": () => fetch("ftp://127.0.0.1/"),
  "file": () => fetch("file:///etc/passwd"),
  "blob": () => fetch("blob:https://a/b"),
  "about": () => fetch("about:blank"),
  "javascript": () => fetch("javascript:1"),
  "data: text": async () => (await fetch("data:text/plain,hello%20world")).text(),
  "data: type": async () => [...(await fetch("data:text/html;charset=utf-8,<p>")).headers],
  "data: nothing": async () => {
    const r = await fetch("data:,");
    return [r.status, r.statusText, r.url, [...r.headers], await r.text()];
  },
  "data: base64": async () => new Uint8Array(await (await fetch("data:application/octet-stream;base64,AAEC/w==")).arrayBuffer()),
  "data: base64 spaced": async () => (await fetch("data:;base64,aGVs%20bG8")).text(),
  "data: base64 wrong": async () => (await fetch("data:;base64,*")).text(),
  "data: without comma": () => fetch("data:text/plain"),
  "data: odd type": async () => [...(await fetch("data:nonsense,x")).headers],
  "data: with fragment": async () => (await fetch("data:text/plain,a#b")).text(),
  "data: POST": async () => (await fetch("data:,x", { method: "POST", body: "y" })).text(),
  "credentials are not sent": async ({ env }) => {
    const r = await fetch(env.UPSTREAM.replace("//", "//user:secret@") + "/echo");
    return [new URL(r.url).username, new URL(r.url).password, (await r.json()).headers];
  },
  "url of a response": async ({ env }) => (await get(env, "/echo?x#f")).url,
  "url of a made response": () => new Response("").url,
  "POST string": ({ env }) => told(env, { method: "POST", body: "text" }),
  "POST nothing": ({ env }) => told(env, { method: "POST" }),
  "POST empty string": ({ env }) => told(env, { method: "POST", body: "" }),
  "PUT nothing": ({ env }) => told(env, { method: "PUT" }),
  "PATCH nothing": ({ env }) => told(env, { method: "PATCH" }),
  "DELETE nothing": ({ env }) => told(env, { method: "DELETE" }),
  "DELETE with body": ({ env }) => told(env, { method: "DELETE", body: "d" }),
  "OPTIONS nothing": ({ env }) => told(env, { method: "OPTIONS" }),
  "PROPFIND nothing": ({ env }) => told(env, { method: "PROPFIND" }),
  "method in lower case": ({ env }) => told(env, { method: "patch", body: "p" }),
  "POST bytes": ({ env }) => told(env, { method: "POST", body: new Uint8Array([104, 105]) }),
  "POST params": ({ env }) => told(env, { method: "POST", body: new URLSearchParams({ a: "1 2" }) }),
  "POST blob": ({ env }) => told(env, { method: "POST", body: new Blob(["b"], { type: "x/y" }) }),
  "POST own content-type": ({ env }) => told(env, { method: "POST", body: "j", headers: { "Content-Type": "application/json" } }),
  "GET with a body": ({ env }) => told(env, { method: "GET", body: "x" }),
  "headers that the guest does not decide": ({ env }) =>
    told(env, {
      method: "POST",
      body: "abc",
      headers: { connection: "close, x-a", "x-a": "1", "content-length": "50", "transfer-encoding": "gzip", te: "trailers", upgrade: "h2c", "keep-alive": "1", trailer: "x" },
    }),
  "host is the URL's": async ({ env }) => {
    const r = await fetch(`${env.UPSTREAM}/raw-host`.replace("raw-host", "echo"), { headers: { host: "evil.example" } });
    return r.status;
  },
  "order, case and repetition of headers": ({ env }) =>
    told(env, { headers: [["X-B", "1"], ["x-a", "2"], ["X-B", "3"], ["cookie", "a=1"], ["cookie", "b=2"]] }),
  "empty header value": ({ env }) => told(env, { headers: { "x-empty": "" } }),
  "header value with bytes above 127": ({ env }) => told(env, { headers: { "x-l": "caf\u00e9" } }),
  "header with a line break": ({ env }) => told(env, { headers: { "x-a": "1\r\nx-b: 2" } }),
  "header with NUL": ({ env }) => told(env, { headers: { "x-a": "1\0" } }),
  "header that is no token": ({ env }) => told(env, { headers: { "x a": "1" } }),
  "authorization, referer, origin": ({ env }) =>
    told(env, { headers: { authorization: "Bearer x", referer: "http://r/", origin: "http://o" } }),
  "what is sent of itself": ({ env }) => all(env),
  "accept-encoding of one's own": ({ env }) => all(env, { headers: { "accept-encoding": "identity", accept: "text/html" } }),
  "status 200 without a body": ({ env }) => shape(env, "/status/200"),
  "status 204": ({ env }) => shape(env, "/status/204"),
  "status 205": ({ env }) => shape(env, "/status/205"),
  "status 304": ({ env }) => shape(env, "/status/304"),
  "status 404": ({ env }) => shape(env, "/status/404"),
  "status 500": ({ env }) => shape(env, "/status/500"),
  "status 599": ({ env }) => shape(env, "/status/599"),
  "status 999": ({ env }) => shape(env, "/status/999"),
  "HEAD": ({ env }) => shape(env, "/bytes/10", { method: "HEAD" }),
  "set-cookie stays apart": async ({ env }) => {
    const { headers } = await get(env, "/headers");
    return [headers.getSetCookie(), headers.get("set-cookie"), headers.get("x-twice")];
  },
  "a response's headers cannot be changed": async ({ env }) => (await get(env, "/headers")).headers.set("a", "b"),
  "a copy's can": async ({ env }) => {
    const r = new Response((await get(env, "/chunks")).body, await get(env, "/headers"));
    r.headers.set("x-twice", "3");
    return [r.headers.get("x-twice"), r.headers.getSetCookie(), r.url, await r.text()];
  },
  "early hints are passed over": async ({ env }) => {
    const r = await get(env, "/early");
    return [r.status, r.headers.has("link"), await r.text()];
  },
  "trailers are not headers": async ({ env }) => {
    const r = await get(env, "/trailer");
    return [await r.text(), r.headers.get("x-sum"), r.headers.get("trailer")];
  },
  "cf": async ({ env }) => [new Request("http://a/", { cf: { a: 1 } }).cf, (await get(env, "/echo", { cf: { a: 1 } })).cf],
  "cf that is no object": ({ env }) => get(env, "/echo", { cf: 1 }),
  "many at once": async ({ env }) => {
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => get(env, `/echo?${i}`).then((r) => r.json())));
    return all.filter(({ url }, i) => url === `/echo?${i}`).length;
  },
  "one after the other": async ({ env }) => {
    let ok = 0;
    for (let i = 0; i < 30; i++) ok += (await (await get(env, "/chunks")).text()) === "onetwothree";
    return ok;
  },
});
