// fetch() and redirects: which are followed, what becomes of method, body and credentials, and where it ends.
import { checks } from "../checks.js";

const get = (env, path, init) => fetch(env.UPSTREAM + path, init);
const told = async (promise) => {
  const r = await promise;
  const { method, url, headers, body } = await r.json();
  return [r.status, r.redirected, method, url, headers, body];
};
const other = (env) => env.UPSTREAM.replace("127.0.0.1", "localhost");
const to = (url) => encodeURIComponent(url);
const post = { method: "POST", body: "body", headers: { "content-type": "x/y", "content-language": "en", "x-a": "1" } };
const secret = { headers: { authorization: "Bearer x", cookie: "a=1", "proxy-authorization": "y", "x-api-key": "k" } };
const streamed = () => ({ method: "POST", body: new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("s")); c.close(); } }) });

export default checks({
  "301 GET": ({ env }) => told(get(env, "/redirect/301/echo")),
  "302 POST": ({ env }) => told(get(env, "/redirect/302/echo", post)),
  "301 POST": ({ env }) => told(get(env, "/redirect/301/echo", post)),
  "303 POST": ({ env }) => told(get(env, "/redirect/303/echo", post)),
  "307 POST": ({ env }) => told(get(env, "/redirect/307/echo", post)),
  "308 POST": ({ env }) => told(get(env, "/redirect/308/echo", post)),
  "302 PUT": ({ env }) => told(get(env, "/redirect/302/echo", { method: "PUT", body: "b" })),
  "303 PUT": ({ env }) => told(get(env, "/redirect/303/echo", { method: "PUT", body: "b" })),
  "303 DELETE": ({ env }) => told(get(env, "/redirect/303/echo", { method: "DELETE" })),
  "303 HEAD": async ({ env }) => {
    const r = await get(env, "/redirect/303/echo", { method: "HEAD" });
    return [r.status, r.redirected, r.url];
  },
  "300 is not followed": async ({ env }) => {
    const r = await get(env, "/redirect/300/echo");
    return [r.status, r.redirected, await r.text()];
  },
  "304 is not followed": async ({ env }) => (await get(env, "/redirect/304/echo")).status,
  "305 is not followed": async ({ env }) => (await get(env, "/redirect/305/echo")).status,
  "307 with a stream": ({ env }) => told(get(env, "/redirect/307/echo", streamed())),
  "303 with a stream": ({ env }) => told(get(env, "/redirect/303/echo", streamed())),
  "302 with a stream": ({ env }) => told(get(env, "/redirect/302/echo", streamed())),
  "307 with bytes": ({ env }) => told(get(env, "/redirect/307/echo", { method: "PUT", body: new Uint8Array([65]) })),
  "url afterwards": async ({ env }) => {
    const r = await get(env, "/redirect/302/echo?q#f");
    return [r.url, r.redirected, r.type];
  },
  "fragment of the location": async ({ env }) => (await get(env, `/goto/302?${to("/echo#there")}`)).url,
  "fragment is kept": async ({ env }) => (await get(env, "/redirect/302/echo#here")).url,
  "manual": async ({ env }) => {
    const r = await get(env, "/redirect/302/echo", { redirect: "manual" });
    return [r.status, r.type, r.redirected, r.headers.get("location"), await r.text(), r.url];
  },
  "manual with a body": async ({ env }) => (await get(env, "/redirect/307/echo", { ...post, redirect: "manual" })).status,
  "error": ({ env }) => get(env, "/redirect/302/echo", { redirect: "error" }),
  "another word": ({ env }) => get(env, "/echo", { redirect: "never" }),
  "location absent": async ({ env }) => {
    const r = await get(env, "/status/302");
    return [r.status, r.redirected, await r.text()];
  },
  "location empty": async ({ env }) => (await get(env, "/goto/302?")).status,
  "location relative": ({ env }) => told(get(env, `/goto/302?${to("../echo/a?b")}`)).then((l) => l[3]),
  "location with dots": ({ env }) => told(get(env, `/goto/302?${to("/a/../echo")}`)).then((l) => l[3]),
  "location only a query": async ({ env }) => (await get(env, `/goto/302?${to("?x")}`)).status,
  "location with another scheme": ({ env }) => get(env, `/goto/302?${to("ftp://a/")}`),
  "location data:": ({ env }) => get(env, `/goto/302?${to("data:,x")}`).then((r) => r.text()),
  "location javascript:": ({ env }) => get(env, `/goto/302?${to("javascript:1")}`),
  "location that is no URL": ({ env }) => get(env, `/goto/302?${to("http://[")}`),
  "location with spaces": ({ env }) => told(get(env, `/goto/302?${to("/echo?a b")}`)).then((l) => l[3]),
  "20 redirects": async ({ env }) => (await get(env, "/loop/20")).text(),
  "21 redirects": async ({ env }) => (await get(env, "/loop/21")).text(),
  "for ever": async ({ env }) => (await get(env, "/loop/1000")).text(),
  "same origin keeps credentials": ({ env }) => told(get(env, "/redirect/302/echo", secret)),
  "another origin loses them": ({ env }) => told(get(env, `/goto/302?${to(`${other(env)}/echo`)}`, secret)),
  "back again": ({ env }) =>
    told(get(env, `/goto/302?${to(`${other(env)}/goto/302?${to(`${env.UPSTREAM}/echo`)}`)}`, secret)),
  "credentials in the location": async ({ env }) => {
    const r = await get(env, `/goto/302?${to(`${env.UPSTREAM.replace("//", "//u:p@")}/echo`)}`);
    return [new URL(r.url).username, (await r.json()).headers];
  },
  "a Request's redirect": async ({ env }) => {
    const request = new Request(`${env.UPSTREAM}/redirect/302/echo`, { redirect: "manual" });
    return [(await fetch(request)).status, (await fetch(request, { redirect: "follow" })).status];
  },
  "the Worker's own request": ({ request }) => request.redirect,
  "the Worker's own request sent on": async ({ env, request }) =>
    (await fetch(new Request(`${env.UPSTREAM}/redirect/302/echo`, request))).status,
  "a redirect to nothing": ({ env }) => get(env, `/goto/302?${to("http://127.0.0.1:1/")}`),
});
