// A program asks an API with a token that it does not have.
import { WorkerEntrypoint } from "cloudflare:workers";
import { outbound } from "mayfly:outbound";
import { api } from "./api.js";
import program from "./program.txt";

// Gets all that a sandbox asks of the network.
export class Egress extends WorkerEntrypoint {
  async fetch(request) {
    if (!request.url.startsWith(`${this.ctx.props.api}/`)) return new Response("Not for you.\n", { status: 403 });
    const { TOKEN } = this.env;
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${TOKEN}`);
    const response = await fetch(new Request(request, { headers }));
    return new Response((await response.text()).replaceAll(TOKEN, "*".repeat(TOKEN.length)), response);
  }
}

const ways = {
  "/by-service": (env, ctx, url) => ctx.exports.Egress({ props: { api: `${url.origin}/api` } }),
  "/by-rules": (env, ctx, { hostname, port }) =>
    outbound({
      allow: [{ host: hostname, port: Number(port), path: "/api/*", headers: { authorization: `Bearer ${env.TOKEN}` } }],
      redact: true,
    }),
};

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/api/")) return api(request, env.TOKEN);
    const way = ways[url.pathname];
    if (!way) return new Response("/by-service or /by-rules\n", { status: 404 });
    const sandbox = env.LOADER.load({
      compatibilityDate: "2026-11-01",
      mainModule: "program.js",
      modules: { "program.js": (await request.text()) || program },
      env: { API: `${url.origin}/api` },
      globalOutbound: way(env, ctx, url),
      limits: { cpuMs: 200, memoryMb: 32 },
    });
    return sandbox.getEntrypoint().fetch("http://sandbox/");
  },
};
