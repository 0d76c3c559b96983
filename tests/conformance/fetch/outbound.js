// globalOutbound of a loaded Worker: what its fetch() reaches, which values are taken, and what comes back from there.
// services: OUT=self#Out
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

export class Out extends WorkerEntrypoint {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/throw") throw new RangeError("no way out");
    if (url.pathname === "/status") return new Response(null, { status: 404, statusText: "Gone Fishing", headers: { "x-a": "1" } });
    if (url.pathname === "/redirect") return Response.redirect("http://other.example/after?from=" + url.hostname, 302);
    if (url.pathname === "/socket") {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.addEventListener("message", (event) => server.send("out:" + event.data));
      return new Response(null, { status: 101, webSocket: client });
    }
    const body = await request.text();
    return Response.json([request.method, request.url, request.headers.get("x-h"), body, this.ctx.props]);
  }
}

const child = (body) => `
import { WorkerEntrypoint } from "cloudflare:workers";
export default { async fetch(request, env, ctx) {
  try { return new Response(String(await (async () => { ${body} })())); }
  catch (e) { return new Response("threw " + e.name + ": " + e.message); }
} };`;

const load = (outbound, body) => async ({ env, ctx }) => {
  const globalOutbound = outbound({ env, ctx });
  const code = { compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": child(body) } };
  return (await env.LOADER.load({ ...code, globalOutbound }).getEntrypoint().fetch("http://a/")).text();
};
const service = ({ env }) => env.OUT, own = ({ ctx }) => ctx.exports.Out, props = ({ ctx }) => ctx.exports.Out({ props: { p: [1] } });
const text = (url, init = "undefined") => `return (await fetch(${JSON.stringify(url)}, ${init})).text();`;
const value = (v) => load(() => v, text("http://b/"));

export default checks({
  "service": load(service, text("http://b.example/path?q=1#h")),
  "service with method, header and body": load(service, text("https://b.example:8443/", '{ method: "PUT", headers: { "x-h": "v" }, body: "sent" }')),
  "entrypoint of ctx.exports": load(own, text("http://b.example/")),
  "entrypoint with props": load(props, text("http://b.example/")),
  "address that is not public": load(service, text("http://127.0.0.1:1/")),
  "request object": load(service, 'return (await fetch(new Request("http://b/r", { method: "POST", body: new Blob(["blob"]) }))).text();'),
  "stream as body": load(service, 'return (await fetch("http://b/s", { method: "POST", body: new Blob(["str", "eam"]).stream() })).text();'),
  "status and headers": load(service, 'const r = await fetch("http://b/status"); return [r.status, r.statusText, r.ok, r.url, r.redirected, r.headers.get("x-a")].join();'),
  "redirect": load(service, 'const r = await fetch("http://b/redirect"); return [r.status, r.redirected, r.url, await r.text()].join();'),
  "redirect, manual": load(service, 'const r = await fetch("http://b/redirect", { redirect: "manual" }); return [r.status, r.headers.get("location")].join();'),
  "error": load(service, text("http://b/throw")),
  "many at once": load(service, 'return (await Promise.all([1, 2, 3].map(async (i) => (await fetch("http://b/" + i)).text()))).join();'),
  "WebSocket": load(service, `const { webSocket } = await fetch("http://b/socket", { headers: { upgrade: "websocket" } });
    webSocket.accept(); webSocket.send("hi"); return new Promise((r) => webSocket.addEventListener("message", (e) => r(e.data)));`),
  "null": load(() => null, text("http://b/")),
  "number": value(7),
  "string": value("http://x/"),
  "object": value({}),
  "object with fetch": value({ fetch() { return new Response("no"); } }),
  "function": value(() => {}),
  "false": value(false),
  "entrypoint of a loaded Worker": async ({ env }) => {
    const code = { compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": child("return 1") } };
    const globalOutbound = env.LOADER.load(code).getEntrypoint();
    return (await env.LOADER.load({ ...code, globalOutbound }).getEntrypoint().fetch("http://a/")).text();
  },
  "read once, after the modules": async ({ env }) => {
    const seen = [];
    const code = { compatibilityDate: "2026-11-01", mainModule: "m.js" };
    const modules = { "m.js": child("return 'ran'") };
    const watched = { ...code, get modules() { seen.push("modules"); return modules; }, get globalOutbound() { seen.push("outbound"); return null; } };
    return (await (await env.LOADER.load(watched).getEntrypoint().fetch("http://a/")).text()) + seen.filter((s) => s === "outbound");
  },
});
